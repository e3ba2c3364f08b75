//! What is wrong with a file: every mistake, in the order of the file, printed up to a limit; or bad rows set aside.

use super::{codes, excerpt};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Location;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// One mistake in one row. Line and column count from one, columns in characters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub code: &'static str,
    pub line: u32,
    pub column: u32,
    /// The field as it stands in the file.
    pub value: String,
    pub message: String,
    pub help: Option<String>,
    /// Another place to look at, and what is there.
    pub other: Option<(Location, String)>,
}

impl Problem {
    pub fn new(code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            code,
            line: 1,
            column: 1,
            value: String::new(),
            message: message.into(),
            help: None,
            other: None,
        }
    }

    pub fn help(mut self, text: impl Into<String>) -> Problem {
        self.help = Some(text.into());
        self
    }

    pub fn other(mut self, place: Location, text: impl Into<String>) -> Problem {
        self.other = Some((place, text.into()));
        self
    }

    pub fn of(mut self, line: u32, column: u32, value: impl Into<String>) -> Problem {
        self.line = line;
        self.column = column;
        self.value = value.into();
        self
    }

    fn into_diagnostic(self, file: &Arc<str>, lines: &Lines) -> Diagnostic {
        let place = Location {
            file: file.clone(),
            line: self.line,
            column: self.column,
        };
        let diagnostic = Diagnostic::error(self.code, self.message);
        let mut diagnostic = match lines.get(&place) {
            Some(line) => diagnostic.at_data_line(place, line, width(&self.value), ""),
            None => diagnostic.at_data(place, shorten(&self.value), ""),
        };
        if let Some((place, text)) = self.other {
            diagnostic = match lines.get(&place) {
                Some(line) => {
                    let width = line.chars().count();
                    diagnostic.at_data_line(place, line, width, text)
                }
                None => diagnostic.at_data(place, "", text),
            };
        }
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// Characters of a field on the line it begins on; at least one, to have something to point at.
fn width(value: &str) -> usize {
    value.lines().next().unwrap_or("").chars().count().max(1)
}

/// The lines of files that problems point at.
struct Lines(FxHashMap<Arc<str>, BTreeMap<u32, String>>);

impl Lines {
    fn of(file: &Arc<str>, problems: &[Problem]) -> Lines {
        let mut wanted: FxHashMap<Arc<str>, BTreeSet<u32>> = FxHashMap::default();
        for problem in problems {
            let here = wanted.entry(file.clone()).or_default();
            here.insert(problem.line);
            if let Some((place, _)) = &problem.other {
                let there = wanted.entry(place.file.clone()).or_default();
                there.insert(place.line);
            }
        }
        let found = wanted.into_iter().map(|(file, wanted)| {
            let lines = excerpt::lines(Path::new(&*file), &wanted);
            (file, lines)
        });
        Lines(found.collect())
    }

    /// The line of a place, if the place lies within what is known of it.
    fn get(&self, place: &Location) -> Option<&str> {
        let line = self.0.get(&place.file)?.get(&place.line)?;
        (place.column as usize <= line.chars().count() + 1).then_some(line)
    }
}

/// All mistakes of one row, and the row as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BadRow {
    pub problems: Vec<Problem>,
    pub text: String,
}

/// The findings of one file.
pub(crate) struct Findings<'a> {
    file: Arc<str>,
    set_aside: Option<&'a SetAside>,
    listed: Vec<Problem>,
    /// Concerns the file as a whole.
    failures: Vec<Diagnostic>,
    /// Found, but beyond the limit.
    unlisted: usize,
    rows_set_aside: usize,
}

impl<'a> Findings<'a> {
    /// How many mistakes of one file are listed.
    pub const LIMIT: usize = 50;

    pub fn new(file: Arc<str>, set_aside: Option<&'a SetAside>) -> Findings<'a> {
        Findings {
            file,
            set_aside,
            listed: Vec::new(),
            failures: Vec::new(),
            unlisted: 0,
            rows_set_aside: 0,
        }
    }

    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Whether bad rows are kept, so that none may be dropped unread.
    pub fn sets_aside(&self) -> bool {
        self.set_aside.is_some()
    }

    /// A row that cannot be read.
    pub fn bad_row(&mut self, row: BadRow) {
        match self.set_aside {
            Some(set_aside) => {
                set_aside.add(&self.file, &row);
                self.rows_set_aside += 1;
            }
            None => row
                .problems
                .into_iter()
                .for_each(|problem| self.problem(problem)),
        }
    }

    /// Rows like those before, of which only the number of mistakes is known.
    pub fn more(&mut self, problems: usize) {
        self.unlisted += problems;
    }

    /// A mistake that concerns the file as a whole, so that no row can be set aside for it.
    pub fn problem(&mut self, problem: Problem) {
        if self.listed.len() < Self::LIMIT {
            self.listed.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    pub fn io_error(&mut self, error: &io::Error) {
        let message = format!("cannot read `{}`: {error}", self.file);
        self.failures
            .push(Diagnostic::error(codes::UNREADABLE, message));
    }

    /// The number of rows set aside, or what is wrong.
    pub fn finish(mut self) -> Result<usize, Vec<Diagnostic>> {
        if self.listed.is_empty() && self.failures.is_empty() && self.unlisted == 0 {
            return Ok(self.rows_set_aside);
        }
        self.listed
            .sort_by_key(|problem| (problem.line, problem.column));
        let lines = Lines::of(&self.file, &self.listed);
        let mut found: Vec<Diagnostic> = self
            .listed
            .into_iter()
            .map(|problem| problem.into_diagnostic(&self.file, &lines))
            .collect();
        found.extend(self.failures);
        if self.unlisted > 0 {
            let message = format!("{} more mistakes in `{}`", self.unlisted, self.file);
            found.push(
                Diagnostic::error(codes::MORE, message)
                    .help("`--skip-bad-rows FILE` writes every bad row to FILE and goes on"),
            );
        }
        Err(found)
    }
}

/// Enough of a text to recognise it by.
pub(crate) fn shorten(text: &str) -> String {
    const KEPT: usize = 80;
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A CSV file of rows that were set aside: `file,line,column,value,reason,row`, a line per mistake. It appears under
/// its name once [`finish`](SetAside::finish) has written it whole.
pub struct SetAside {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    writer: csv::Writer<NamedTempFile>,
    rows: usize,
    /// The first failure to write; reported at the end.
    failure: Option<csv::Error>,
}

impl SetAside {
    pub fn create(path: impl Into<PathBuf>) -> io::Result<SetAside> {
        let path = path.into();
        let mut writer = csv::Writer::from_writer(super::write::temporary_beside(&path)?);
        writer
            .write_record(["file", "line", "column", "value", "reason", "row"])
            .map_err(io::Error::other)?;
        Ok(SetAside {
            path,
            state: Mutex::new(State {
                writer,
                rows: 0,
                failure: None,
            }),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rows so far, over all files.
    pub fn rows(&self) -> usize {
        self.state.lock().rows
    }

    fn add(&self, file: &str, row: &BadRow) {
        let mut state = self.state.lock();
        state.rows += 1;
        for problem in &row.problems {
            let (line, column) = (problem.line.to_string(), problem.column.to_string());
            let record = [
                file,
                &line,
                &column,
                &problem.value,
                &problem.message,
                &row.text,
            ];
            if let Err(error) = state.writer.write_record(record) {
                state.failure.get_or_insert(error);
            }
        }
    }

    /// Puts the file in place and returns how many rows it holds.
    pub fn finish(self) -> io::Result<usize> {
        let State {
            writer,
            rows,
            failure,
        } = self.state.into_inner();
        if let Some(failure) = failure {
            return Err(io::Error::other(failure));
        }
        let file = writer.into_inner().map_err(|error| error.into_error())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(rows)
    }
}
