//! Why a session could not do what it was asked.

use super::decode::RowError;
use crate::analysis::checked::CheckedProgram;
use crate::engine::budget::{Stop, StopReason};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;
use crate::syntax::{render_json, render_text};
use serde_json::Value;
use std::fmt;

/// Nothing was changed by a command that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in a program, in data or in what was typed is wrong: everything that was found.
    #[error("{0}")]
    Rejected(Findings),
    /// A budget ran out, or the work was cancelled.
    #[error("{0}")]
    Stopped(Stopped),
    /// A Rust value and a row do not fit together.
    #[error(transparent)]
    Row(#[from] RowError),
}

impl Error {
    /// These findings after others about the same texts.
    pub(super) fn after(self, others: &[Diagnostic]) -> Error {
        match self {
            Error::Rejected(findings) => Error::Rejected(findings.after(others)),
            other => other,
        }
    }

    /// Both, where both are findings about the same texts; else the first.
    pub(super) fn and(self, other: Error) -> Error {
        match (&self, other) {
            (Error::Rejected(findings), Error::Rejected(more)) => {
                Error::Rejected(more.after(findings.diagnostics()))
            }
            _ => self,
        }
    }
}

impl From<Findings> for Error {
    fn from(findings: Findings) -> Error {
        Error::Rejected(findings)
    }
}

/// Diagnostics together with the texts they point into.
#[derive(Clone, Debug)]
pub struct Findings {
    diagnostics: Vec<Diagnostic>,
    sources: SourceMap,
}

impl Findings {
    pub fn new(diagnostics: Vec<Diagnostic>, sources: &SourceMap) -> Findings {
        Findings {
            diagnostics,
            sources: sources.clone(),
        }
    }

    /// These after others about the same texts: what a program deserves to hear is not lost when its data is wrong.
    pub(super) fn after(mut self, others: &[Diagnostic]) -> Findings {
        self.diagnostics.splice(0..0, others.iter().cloned());
        self
    }

    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// For people: each finding with its line of text.
    pub fn to_text(&self, colour: bool) -> String {
        render_text(&self.diagnostics, &self.sources, colour)
    }

    /// For programs: an array with one object for each finding.
    pub fn to_json(&self) -> Value {
        self.diagnostics
            .iter()
            .map(|diagnostic| render_json(diagnostic, &self.sources))
            .collect()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text(false).trim_end())
    }
}

/// Work that ended before it was done. What was derived by then was thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    pub reason: StopReason,
    /// The rule that was running, as `file:line:column`.
    pub rule: Option<String>,
    /// The relation that is incomplete, and with it all that depends on it.
    pub relation: Option<String>,
    /// Rows of that relation, or of the answer, duplicates and all, by then; none while a file was read.
    pub rows: u64,
    /// The file that was being read.
    pub file: Option<ReadFile>,
    /// The query that was being answered, in short.
    pub query: Option<Box<str>>,
}

/// A file of which a part was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    pub name: String,
    /// In bytes.
    pub done: u64,
    /// As far as it is known.
    pub size: u64,
}

impl Stopped {
    pub(super) fn new(stop: &Stop, program: &CheckedProgram, sources: &SourceMap) -> Stopped {
        Stopped {
            reason: stop.reason,
            rule: stop
                .rule
                .map(|rule| sources.locate(program[rule].span).to_string()),
            relation: stop
                .relation
                .map(|relation| program[relation].name.to_string()),
            rows: stop.rows,
            file: None,
            query: None,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            StopReason::Time => "stopped: the time is up",
            StopReason::Rows => "stopped: too many rows",
            StopReason::Rounds => "stopped: too many rounds",
            StopReason::Memory => "stopped: too much memory",
            StopReason::Cancelled => "stopped",
        })?;
        if let (Some(relation), Some(file)) = (&self.relation, &self.file) {
            let percent = file.done.saturating_mul(100) / file.size.max(1);
            return write!(
                f,
                " while `{relation}` was read from `{}`, at {percent}% of the file",
                file.name
            );
        }
        if let (None, Some(file)) = (&self.relation, &self.file) {
            return write!(f, " while `{}` was read", file.name);
        }
        if let Some(query) = &self.query {
            return write!(
                f,
                " while `{query}` was answered, at {} rows; constants and conditions that leave less to \
                 join make it shorter",
                self.rows
            );
        }
        if let Some(relation) = &self.relation {
            write!(f, "; `{relation}` is incomplete at {} rows", self.rows)?;
        }
        if let Some(rule) = &self.rule {
            write!(f, ", in the rule at {rule}")?;
        }
        Ok(())
    }
}
