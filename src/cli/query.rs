//! `cutout query`: one question, one answer.

use super::args::QueryArgs;
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::{open, report, suppose, table, terminal, units};
use crate::session::{Error, Session, Table};
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::path::Path;

pub fn query(directory: Option<&Path>, arguments: &QueryArgs) -> Status {
    let table = match answer(directory, arguments) {
        Ok(table) => table,
        Err(error) => return report::failure(&error, arguments.json),
    };
    if arguments.json {
        return report::print_json(&table);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match arguments.csv {
        true => write_csv(&table, &mut out),
        false => write_table(&table, &mut out),
    };
    let status = report::printed(written.and_then(|()| out.flush()));
    let mut said: Vec<String> = table.notes().to_vec();
    if !arguments.csv {
        said.insert(0, footer(&table, true));
    }
    for line in said {
        let _ = writeln!(io::stderr(), "{line}");
    }
    status
}

fn answer(directory: Option<&Path>, arguments: &QueryArgs) -> Result<Table, Error> {
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.births = false;
    options.keep_stated = !arguments.under.hypotheses.is_empty();
    options.lens = arguments.lens.lens();
    // The process ends with the answer: its memory goes back to the system as a whole, not piece by piece.
    if arguments.under.hypotheses.is_empty() {
        let session = Session::open_for(spec, options, &arguments.body)?;
        return ManuallyDrop::new(session).answer_for(&arguments.body);
    }
    let mut session = ManuallyDrop::new(Session::open(spec, options)?);
    suppose::under(&mut session, &arguments.under)?;
    session.query(&arguments.body)
}

/// `2 rows in 0.4 ms`
pub fn footer(table: &Table, timed: bool) -> String {
    let rows = match table.len() {
        _ if table.is_yes_or_no() => "answered".to_owned(),
        0 => "no rows".to_owned(),
        rows => units::plural(rows as u64, "row"),
    };
    match timed {
        true => format!("{rows} in {}", units::show_duration(table.elapsed())),
        false => rows,
    }
}

fn write_table(answer: &Table, out: &mut dyn Write) -> io::Result<()> {
    if answer.is_yes_or_no() {
        return writeln!(out, "{}", yes_or_no(answer));
    }
    if answer.is_empty() {
        return Ok(());
    }
    let stdout = io::stdout();
    let width = terminal::width();
    table::print(answer, width, Palette::of(&stdout), out)
}

pub fn yes_or_no(answer: &Table) -> &'static str {
    match answer.is_empty() {
        true => "no",
        false => "yes",
    }
}

/// A header of column names, then the rows. A yes-or-no question has the column `holds`.
fn write_csv(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    csv_records(table, &mut csv::Writer::from_writer(out)).map_err(|error| {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        }
    })
}

fn csv_records(table: &Table, writer: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
    if table.is_yes_or_no() {
        writer.write_record(["holds"])?;
        writer.write_record([if table.is_empty() { "false" } else { "true" }])?;
    } else {
        writer.write_record(table.columns().iter().map(|name| name.as_bytes()))?;
        for row in 0..table.len() {
            writer
                .write_record((0..table.columns().len()).map(|column| table.text(row, column)))?;
        }
    }
    Ok(writer.flush()?)
}
