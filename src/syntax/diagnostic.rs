//! What every stage says when something is wrong: one shape, printed one way.

use super::source::{Location, SourceMap, Span};
use std::ops::Range;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// Where a label points: into a rule text, or into a data file that is not kept in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Source(Span),
    /// `text` is the offending line, or what is known of it; the place covers these of its characters, from `at` on.
    Data {
        at: Location,
        text: Arc<str>,
        covers: Range<usize>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub place: Place,
    pub text: String,
}

/// One finding: a stable code, the message, where it is (first label) and what else to look at (other labels),
/// why (`notes`) and the way out (`help`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable and searchable: `D1xx` names, `D2xx` rules, `D3xx` types, `D4xx` data and evidence, `D0xx` syntax, `W…` warnings.
    pub code: &'static str,
    pub message: String,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub help: Vec<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, message.into())
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Diagnostic {
        Diagnostic {
            severity,
            code,
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds a label; the first one is where the finding is.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            place: Place::Source(span),
            text: text.into(),
        });
        self
    }

    /// Adds a label in a data file. Of the line, `known` begins at `at`, and all of it is meant.
    pub fn at_data(
        self,
        at: Location,
        known: impl Into<Arc<str>>,
        text: impl Into<String>,
    ) -> Diagnostic {
        let known = known.into();
        let covers = 0..known.chars().count();
        self.label_data(at, known, covers, text.into())
    }

    /// Adds a label in a data file: `width` characters from `at` on, in this line.
    pub fn at_data_line(
        self,
        at: Location,
        line: impl Into<Arc<str>>,
        width: usize,
        text: impl Into<String>,
    ) -> Diagnostic {
        let start = (at.column as usize).saturating_sub(1);
        self.label_data(at, line.into(), start..start + width, text.into())
    }

    fn label_data(
        mut self,
        at: Location,
        line: Arc<str>,
        covers: Range<usize>,
        text: String,
    ) -> Diagnostic {
        self.labels.push(Label {
            place: Place::Data {
                at,
                text: line,
                covers,
            },
            text,
        });
        self
    }

    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where the finding is, when it has a place at all.
    pub fn location(&self, sources: &SourceMap) -> Option<Location> {
        self.labels.first().map(|label| match &label.place {
            Place::Source(span) => sources.locate(*span),
            Place::Data { at, .. } => at.clone(),
        })
    }
}
