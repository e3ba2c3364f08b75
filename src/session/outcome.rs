//! What a run found besides rows: violated constraints, and rule instances that had no value.

use super::error::Findings;
use super::loaded::Session;
use super::table::Table;
use crate::engine::budget::RunReport;
use crate::engine::functor::{Fault, FaultReport};
use crate::io::quote_value;
use crate::syntax::diagnostic::Diagnostic;
use std::time::Duration;

/// A constraint that does not hold.
pub struct Violated {
    /// As written, on one line.
    pub text: String,
    /// `file:line:column`
    pub at: String,
    /// One row for each way in which it is violated.
    pub rows: Table,
}

impl Session {
    /// The constraints that the last run found violated.
    pub fn violations(&self) -> Vec<Violated> {
        let program = &self.program.checked;
        self.report
            .violations
            .iter()
            .map(|violation| {
                let span = program[violation.constraint].span;
                let rows = self.sorted(violation.rows.clone(), &violation.types);
                let columns = violation
                    .columns
                    .iter()
                    .cloned()
                    .zip(violation.types.iter().copied())
                    .collect();
                let text = self.sources.slice(span);
                Violated {
                    text: text.split_whitespace().collect::<Vec<_>>().join(" "),
                    at: self.sources.locate(span).to_string(),
                    rows: Table::new(
                        program.clone(),
                        self.database.dictionary().clone(),
                        columns,
                        rows,
                        Duration::ZERO,
                    ),
                }
            })
            .collect()
    }

    /// The session's warnings and these.
    pub fn warnings_with(&self, more: &[Diagnostic]) -> Findings {
        let wanted = more.iter().filter(|warning| !self.spec.silences(warning));
        let all = self.warnings.iter().chain(wanted).cloned().collect();
        Findings::new(all, &self.sources)
    }

    /// Warnings about rule instances that yielded nothing.
    pub(super) fn fault_warnings(&self, report: &RunReport) -> Vec<Diagnostic> {
        let text = |fault: &FaultReport| fault.fault.to_string();
        let faults = report.faults.iter();
        faults
            .map(|fault| self.described(Diagnostic::warning("W501", text(fault)), fault))
            .collect()
    }

    /// The same as errors.
    pub(super) fn fault_errors(&self, report: &RunReport) -> Vec<Diagnostic> {
        let text = |fault: &FaultReport| fault.fault.to_string();
        let faults = report.faults.iter();
        faults
            .map(|fault| self.described(Diagnostic::error("D501", text(fault)), fault))
            .collect()
    }

    fn described(&self, mut diagnostic: Diagnostic, report: &FaultReport) -> Diagnostic {
        let way_out = match &report.fault {
            Fault::DivisionByZero => "exclude it, for example with `D != 0`",
            Fault::NotANumber(_) => "keep only numbers, for example with `match(\"-?[0-9]+\", S)`",
            Fault::BadPattern(_) => "correct the pattern",
            Fault::UnknownFunctor(_) => {
                "user-defined functors are closures that an embedding program registers"
            }
            Fault::Closure(..) => "the closure decides which arguments it takes",
        };
        let times = match report.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        if let Some(place) = report.place {
            diagnostic = diagnostic.at(place, format!("{times} in this rule"));
        }
        diagnostic = diagnostic.note("a rule instance without a value yields nothing");
        if !report.example.is_empty() {
            let values: Vec<String> = report
                .row
                .iter()
                .map(|(name, ty, code)| {
                    let program = &self.program.checked;
                    let value = quote_value(self.dictionary(), program, *ty, *code);
                    format!("{name} = {value}")
                })
                .collect();
            let row = match values.is_empty() {
                true => String::new(),
                false => format!(", for {}", values.join(", ")),
            };
            diagnostic = diagnostic.note(format!("first with {}{row}", report.example));
        }
        diagnostic.help(way_out)
    }
}
