//! The case as it would be if some facts were assumed: by what they touch where that is exact, else by a run.

use super::consequences::{Breach, Readers};
use super::overlay::Overlay;
use crate::analysis::checked::CheckedProgram;
use crate::engine::{Database, RunReport, Violation};
use crate::explain::{Fact, Facts, Meter};
use rustc_hash::FxHashMap;

/// Runs the case with some facts more.
pub type Rerun<'r, E> = &'r dyn Fn(&[Fact]) -> Result<(Database, RunReport), E>;

pub(super) struct Outlook<'f> {
    rows: Seen<'f>,
    /// Rows that are there and were not, what is assumed among them.
    pub appeared: Vec<Fact>,
    /// Rows that were there.
    pub fell: Vec<Fact>,
    /// Constraints newly violated.
    pub breaches: Vec<Breach>,
}

enum Seen<'f> {
    Touched(Overlay<'f>),
    Run(Box<Database>),
}

impl Outlook<'_> {
    pub(super) fn facts(&self) -> &dyn Facts {
        match &self.rows {
            Seen::Touched(overlay) => overlay,
            Seen::Run(database) => &**database,
        }
    }
}

/// The case and what is known of it before anything is assumed.
pub(super) struct Before<'a, E> {
    pub facts: &'a dyn Facts,
    pub program: &'a CheckedProgram,
    pub readers: &'a Readers<'a>,
    pub violations: &'a [Violation],
    pub rerun: Rerun<'a, E>,
}

impl<'a, E> Before<'a, E> {
    pub(super) fn assuming(&self, assumed: &[Fact], meter: &Meter) -> Result<Outlook<'a>, E> {
        const MOST: u64 = 100_000;
        let part = meter.part(MOST);
        let touched = self.readers.consequences(self.facts, assumed, &[], &part);
        meter.charge(&part);
        if let Ok((overlay, breaches)) = touched {
            return Ok(Outlook {
                appeared: overlay.added().to_vec(),
                fell: overlay.gone(),
                breaches,
                rows: Seen::Touched(overlay),
            });
        }
        let (database, report) = (self.rerun)(assumed)?;
        let only_in = |one: &dyn Facts, other: &dyn Facts| -> Vec<Fact> {
            let mut found = Vec::new();
            for (id, relation) in self.program.relations() {
                let rows = one.matching(id, &vec![None; relation.arity()]);
                let only = rows.iter().filter(|row| !other.contains(id, row));
                found.extend(only.map(|row| Fact::new(id, &row)));
            }
            found
        };
        Ok(Outlook {
            appeared: only_in(&database, self.facts),
            fell: only_in(self.facts, &database),
            breaches: self.new_breaches(&report),
            rows: Seen::Run(Box::new(database)),
        })
    }

    fn new_breaches(&self, report: &RunReport) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for violation in &report.violations {
            let known: FxHashMap<Vec<_>, ()> = self
                .violations
                .iter()
                .filter(|before| before.constraint == violation.constraint)
                .flat_map(|before| before.rows.iter().map(|row| (row, ())))
                .collect();
            let variables = &self.program[violation.constraint].variables;
            for row in violation.rows.iter().filter(|row| !known.contains_key(row)) {
                let value = |name: &str| {
                    let at = violation
                        .columns
                        .iter()
                        .position(|column| **column == *name)?;
                    Some(row[at])
                };
                breaches.push(Breach {
                    constraint: violation.constraint,
                    values: variables
                        .iter()
                        .map(|variable| value(&variable.name))
                        .collect(),
                });
            }
        }
        breaches
    }
}
