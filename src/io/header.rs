//! Files whose columns go by name: the header line, and rows that are read by it.

use super::bytes::Input;
use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::layout::not_utf8;
use super::quoted::{placed, quoting_problem};
use super::records::{Record, Records};
use crate::analysis::findings::closest;
use crate::evidence::respelt;
use std::str::from_utf8;
use std::sync::Arc;

/// Reads a small file whose columns go by name: `check` says what is wrong with its header, `take` takes each row. False when
/// the header will not do; `columns` are the names it may have.
pub(crate) fn read_named(
    input: Input,
    columns: &[&str],
    findings: &mut Findings,
    check: impl Fn(&Record, &Header) -> Vec<Problem>,
    mut take: impl FnMut(&Record, &Header, &Arc<str>) -> Result<(), Vec<Problem>>,
) -> bool {
    let mut records = Records::new(input, b",");
    let mut record = Record::default();
    let mut header: Option<Header> = None;
    loop {
        match records.next(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                findings.io_error(&error);
                break;
            }
        }
        let Some(header) = &header else {
            let checked = Header::read(&record).and_then(|found| {
                let wrong = check(&record, &found);
                match wrong.is_empty() {
                    true => Ok(found),
                    false => Err(wrong),
                }
            });
            match checked {
                Ok(found) => header = Some(found),
                Err(problems) => {
                    let problems = problems.into_iter();
                    problems.for_each(|problem| findings.problem(problem));
                    return false;
                }
            }
            continue;
        };
        if record.is_blank() && header.names.len() > 1 {
            continue;
        }
        if let Err(problems) = take(&record, header, findings.file()) {
            let text = record.raw();
            findings.bad_row(BadRow { problems, text });
        }
    }
    if header.is_none() {
        findings.problem(
            Problem::new(codes::NO_HEADER, "the file has no header line")
                .help(format!("the first line is {}", columns.join(","))),
        );
    }
    true
}

/// The header line of a file whose columns go by name.
pub(crate) struct Header {
    pub names: Vec<String>,
}

impl Header {
    pub fn read(record: &Record) -> Result<Header, Vec<Problem>> {
        let mut problems: Vec<Problem> = quoting_problem(record).into_iter().collect();
        let mut names: Vec<String> = Vec::new();
        for at in 0..record.len() {
            let field = record.field(at).unwrap_or(b"");
            let name = match from_utf8(field) {
                Ok(name) => name.trim().to_owned(),
                Err(_) => {
                    problems.push(placed(record, at, not_utf8()));
                    String::new()
                }
            };
            if !name.is_empty() && names.contains(&name) {
                let message = format!("column `{name}` is named twice");
                problems.push(placed(
                    record,
                    at,
                    Problem::new(codes::DUPLICATE_HEADER, message).help("rename one of them"),
                ));
            }
            names.push(name);
        }
        if problems.is_empty() {
            Ok(Header { names })
        } else {
            Err(problems)
        }
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// No column has this name. A near one may be meant, if it is `free`.
    pub fn missing(
        &self,
        record: &Record,
        name: &str,
        purpose: &str,
        free: impl Fn(&str) -> bool,
    ) -> Problem {
        let problem = Problem::new(
            codes::NO_COLUMN,
            format!("no column is named `{name}`, for {purpose}"),
        );
        let (line, column) = record.place(0);
        let problem = problem.of(line, column, record.raw());
        let names = self.names.iter().map(String::as_str);
        match closest(name, names.filter(|name| !name.is_empty() && free(name))) {
            Some(near) => problem.help(format!("is column `{near}` meant? rename one of the two")),
            None if self.names.iter().all(String::is_empty) => {
                problem.help("the first line names the columns")
            }
            None => match self.other_delimiter() {
                Some(other) => problem.help(format!(
                    "the fields of this line seem to end at `{other}`: save the file with commas"
                )),
                None => problem.help(format!("the columns are {}", self.names.join(", "))),
            },
        }
    }

    /// What the fields of a line seem to end at that is all one column.
    pub fn other_delimiter(&self) -> Option<&'static str> {
        let [line] = &self.names[..] else {
            return None;
        };
        [(';', ";"), ('\t', "\\t"), ('|', "|"), (',', ",")]
            .into_iter()
            .find(|&(delimiter, _)| line.contains(delimiter))
            .map(|(_, written)| written)
    }
}

/// The fields of one row, and what is wrong with them so far.
pub(crate) struct NamedFields<'r> {
    record: &'r Record,
    problems: Vec<Problem>,
}

impl<'r> NamedFields<'r> {
    /// Only a row with as many fields as the header has is looked at any further.
    pub fn new(record: &'r Record, width: usize) -> Result<NamedFields<'r>, Vec<Problem>> {
        if let Some(problem) = quoting_problem(record) {
            return Err(vec![problem]);
        }
        if record.len() != width {
            let (line, column) = record.place(record.len().min(width));
            let problem = Problem::new(
                codes::FIELD_COUNT,
                format!("{} fields, but the header has {width}", record.len()),
            )
            .of(line, column, record.raw())
            .help("quote fields that hold the delimiter");
            return Err(vec![problem]);
        }
        Ok(NamedFields {
            record,
            problems: Vec::new(),
        })
    }

    pub fn problem(&mut self, column: usize, problem: Problem) {
        self.problems.push(placed(self.record, column, problem));
    }

    /// The trimmed text of a column; `None` when there is no such column or it is blank.
    pub fn text(&mut self, column: Option<usize>) -> Option<(usize, &'r str)> {
        let column = column?;
        match from_utf8(self.record.field(column)?) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some((column, text.trim())),
            Err(_) => {
                self.problem(column, not_utf8());
                None
            }
        }
    }

    pub fn parse<T>(&mut self, column: Option<usize>, code: &'static str) -> Option<T>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let (column, text) = self.text(column)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = Problem::new(code, format!("`{text}`: {error}"));
                self.problem(
                    column,
                    match respelt(text).filter(|_| code == codes::DATE) {
                        Some(date) => problem.help(format!("write `{date}`, if that is meant")),
                        None => problem,
                    },
                );
                None
            }
        }
    }

    /// What is wrong, from left to right.
    pub fn finish(mut self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            self.problems
                .sort_by_key(|problem| (problem.line, problem.column));
            Err(self.problems)
        }
    }
}
