//! Fact files with RFC 4180 quoting, where a field may hold anything.

use super::bytes::Input;
use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::layout::Layout;
use super::records::{Fault, Record, Records};
use crate::storage::{Dictionary, Rows};

/// Reads all rows of a stream. What is wrong goes to `findings`.
pub(crate) fn read_quoted(
    input: Input,
    layout: &Layout,
    delimiter: &[u8],
    dictionary: &Dictionary,
    findings: &mut Findings,
) -> Rows {
    let mut rows = Rows::new(layout.arity());
    let mut records = Records::new(input, delimiter);
    let mut record = Record::default();
    let mut row = Vec::new();
    let mut skip = layout.headers();
    loop {
        match records.next(&mut record) {
            Ok(true) if skip => skip = false,
            Ok(true) if layout.arity() == 0 => {
                rows.push(&[]);
                return rows;
            }
            Ok(true) => match read_row(&record, layout, dictionary, &mut row) {
                Ok(()) => rows.push(&row),
                Err(problems) => findings.bad_row(BadRow {
                    problems,
                    text: record.raw(),
                }),
            },
            Ok(false) => return rows,
            Err(error) => {
                findings.io_error(&error);
                return rows;
            }
        }
    }
}

fn read_row(
    record: &Record,
    layout: &Layout,
    dictionary: &Dictionary,
    row: &mut Vec<crate::storage::Code>,
) -> Result<(), Vec<Problem>> {
    if let Some(problem) = quoting_problem(record) {
        return Err(vec![problem]);
    }
    let mut problems = Vec::new();
    row.clear();
    row.resize(layout.arity(), Default::default());
    for (file_column, &feed) in layout.feeds().iter().enumerate() {
        let Some(field) = record.field(file_column) else {
            problems.push(placed(
                record,
                file_column,
                layout.values_missing(file_column),
            ));
            break;
        };
        let Some(attribute) = feed else { continue };
        match layout.value(attribute, field, dictionary) {
            Ok(code) => row[attribute] = code,
            Err(problem) => problems.push(placed(record, file_column, *problem)),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Puts a problem at a field of a record.
pub(crate) fn placed(record: &Record, field: usize, problem: Problem) -> Problem {
    let (line, column) = record.place(field);
    let value = record.field(field).unwrap_or(b"");
    problem.of(line, column, String::from_utf8_lossy(value))
}

/// What is wrong with the quotes of a record.
pub(crate) fn quoting_problem(record: &Record) -> Option<Problem> {
    Some(match record.fault? {
        Fault::NeverClosed(field) => placed(
            record,
            field,
            Problem::new(
                codes::QUOTES,
                "this quote is never closed: it takes in the rest of the file",
            )
            .help("close it, or double it if it is part of the text"),
        ),
        Fault::TextAfterQuote(field) => placed(
            record,
            field,
            Problem::new(codes::QUOTES, "the field goes on after its closing quote")
                .help("a quotation mark within a quoted field is written twice"),
        ),
    })
}
