//! `cutout run`: batch inference.

use super::args::RunArgs;
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::{memory, open, report, suppose, table, terminal, units, yes_or_no};
use crate::io::codes::UNWRITABLE;
use crate::session::{Answered, Derive, Error, Findings, Session, Table, Violated, Written};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

pub fn run(directory: Option<&Path>, arguments: &RunArgs) -> Status {
    let started = Instant::now();
    let to_stdout = arguments.output_dir == Path::new("-");
    if to_stdout && arguments.json {
        report::say("`-D -` and `--json` both want standard output: choose one");
        return Status::Usage;
    }
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let output_dir = (!to_stdout).then_some(arguments.output_dir.as_path());
    // Better now than after an hour of work.
    if let Some(missing) = output_dir
        .map(|dir| spec.resolve(dir))
        .filter(|dir| !dir.is_dir())
    {
        let wrong = format!("there is no directory `{}` to write to", missing.display());
        let wrong = Diagnostic::error(UNWRITABLE, wrong)
            .help("create the directory first; `-D DIR` names another");
        let findings = Findings::new(vec![wrong], &SourceMap::new());
        return report::failure(&findings.into(), arguments.json);
    }
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.births = false;
    options.measure = arguments.profile.is_some();
    options.keep_stated = !arguments.under.hypotheses.is_empty();
    options.lens = arguments.lens.lens();
    if arguments.under.hypotheses.is_empty() {
        options.derive = Derive::Wanted;
    }
    options.bad_rows = arguments.skip_bad_rows.clone();

    let outcome = Session::open(spec, options).and_then(|mut session| {
        suppose::under(&mut session, &arguments.under)?;
        let written = write(&mut session, output_dir, arguments.json)?;
        let answered = session.answers()?;
        let costs = match arguments.profile {
            Some(_) => Some(session.profile()?),
            None => None,
        };
        Ok((session, written, answered, costs))
    });
    let (session, written, answered, costs) = match outcome {
        Ok(done) => done,
        Err(error) => return report::failure(&error, arguments.json),
    };
    if let (Some(path), Some(costs)) = (&arguments.profile, &costs) {
        let text = format!("{}\n", report::with_stop(costs, None));
        if let Err(error) = std::fs::write(open::resolve(directory, path), text) {
            report::say(&format!("cannot write `{}`: {error}", path.display()));
            return Status::Failed;
        }
    }
    report::show(&session.warnings_with(&written.warnings));
    let violated = session.violations();
    let summary = Summary {
        session: &session,
        written: &written,
        violated: &violated,
        answered: &answered,
        seconds: started.elapsed().as_secs_f64(),
        memory: memory::peak(),
    };
    let printed = match arguments.json {
        true => report::print_json(&summary.to_json()),
        false => {
            let printed = print_answers(&answered);
            show_violations(&violated);
            let _ = writeln!(io::stderr(), "{}", summary.line());
            printed
        }
    };
    match violated.is_empty() {
        _ if printed != Status::Done => printed,
        true => Status::Done,
        false => Status::Violated,
    }
}

/// With `--json` standard output belongs to the summary: what programs print there is part of it.
fn write(session: &mut Session, output_dir: Option<&Path>, json: bool) -> Result<Written, Error> {
    match json {
        true => session.write_outputs(output_dir, &mut io::sink()),
        false => {
            let mut out = Quiet(BufWriter::new(io::stdout()));
            let written = session.write_outputs(output_dir, &mut out)?;
            report::printed(out.flush());
            Ok(written)
        }
    }
}

/// Takes everything and says nothing once the reader is gone.
struct Quiet<W>(W);

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

/// Each question of the program above its answer, on standard output.
fn print_answers(answered: &[Answered]) -> Status {
    let stdout = io::stdout();
    let palette = Palette::of(&stdout);
    let width = terminal::width();
    let mut out = BufWriter::new(stdout.lock());
    let mut print = |answer: &Answered| {
        writeln!(out, "?- {}.", answer.question)?;
        match (answer.rows.is_yes_or_no(), answer.rows.is_empty()) {
            (true, _) => writeln!(out, "{}", yes_or_no(&answer.rows))?,
            (false, true) => writeln!(out, "no rows")?,
            (false, false) => table::print(&answer.rows, width, palette, &mut out)?,
        }
        for note in answer.rows.notes() {
            writeln!(out, "{}", palette.quiet(note))?;
        }
        out.flush()
    };
    report::printed(answered.iter().try_for_each(&mut print))
}

fn show_violations(violated: &[Violated]) {
    let mut text = Vec::new();
    let palette = Palette::of(&io::stderr());
    for violation in violated {
        let count = units::plural(violation.rows.len() as u64, "row");
        let _ = writeln!(
            text,
            "{} constraint violated by {count}: {}\n  --> {}",
            palette.failure("error:"),
            violation.text,
            violation.at
        );
        if !violation.rows.is_yes_or_no() {
            let _ = table::print(&violation.rows, None, palette, &mut text);
        }
    }
    let _ = io::stderr().write_all(&text);
}

struct Summary<'a> {
    session: &'a Session,
    written: &'a Written,
    violated: &'a [Violated],
    answered: &'a [Answered],
    seconds: f64,
    /// Bytes.
    memory: Option<u64>,
}

impl Summary<'_> {
    /// `1,702 facts read, 3,411 rows derived in 12 rounds, 31 ms, 18.2 MiB`
    fn line(&self) -> String {
        let report = self.session.report();
        let mut parts = vec![
            format!(
                "{} read",
                units::plural(self.session.inventory().facts, "fact")
            ),
            format!(
                "{} derived in {}",
                units::plural(report.derived, "row"),
                units::plural(u64::from(report.rounds), "round")
            ),
            units::show_duration(std::time::Duration::from_secs_f64(self.seconds)),
        ];
        if let Some(memory) = self.memory {
            parts.push(format!("{} peak", units::show_bytes(memory)));
        }
        if self.session.bad_rows() > 0 {
            let bad = units::plural(self.session.bad_rows() as u64, "bad row");
            parts.push(format!("{bad} set aside"));
        }
        parts.join(", ")
    }

    fn to_json(&self) -> Value {
        let report = self.session.report();
        let sizes = |pairs: &[(std::sync::Arc<str>, u64)]| -> Value {
            pairs
                .iter()
                .map(|(name, rows)| (name.to_string(), json!(rows)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let violations: Vec<Value> = self
            .violated
            .iter()
            .map(|violation| {
                json!({
                    "constraint": violation.text,
                    "at": violation.at,
                    "columns": columns(&violation.rows),
                    "rows": rows(&violation.rows),
                })
            })
            .collect();
        let queries: Vec<Value> = self
            .answered
            .iter()
            .map(|answer| {
                json!({
                    "query": answer.question,
                    "at": answer.at,
                    "columns": columns(&answer.rows),
                    "rows": rows(&answer.rows),
                })
            })
            .collect();
        json!({
            "facts": self.session.inventory().facts,
            "derived": report.derived,
            "rounds": report.rounds,
            "seconds": self.seconds,
            "peak_memory": self.memory,
            "bad_rows": self.session.bad_rows(),
            "outputs": sizes(&self.written.outputs),
            "sizes": sizes(&self.written.sizes),
            "violations": violations,
            "queries": queries,
            "warnings": self.session.warnings_with(&self.written.warnings).to_json(),
        })
    }
}

fn columns(table: &Table) -> Vec<&str> {
    table.columns().iter().map(|name| &**name).collect()
}

fn rows(table: &Table) -> Value {
    serde_json::to_value(table).map_or(Value::Null, |mut table| table["rows"].take())
}
