//! The case as it would be if some facts were assumed: by following them where that is exact, else by a run.

use super::super::trial::{Outcome, Trial, Untried};
use crate::analysis::checked::{CheckedProgram, RuleId};
use crate::engine::{Database, RunReport, Violation};
use crate::explain::{Fact, Facts, Meter};
use crate::storage::{Code, Rows};
use rustc_hash::FxHashSet;

/// Runs the case with some facts more.
pub type Rerun<'r, E> = &'r dyn Fn(&[Fact]) -> Result<(Database, RunReport), E>;

/// One way in which a constraint is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub constraint: RuleId,
    /// By variable; `None` where the constraint does not say.
    pub values: Box<[Option<Code>]>,
}

/// What assuming some facts comes to.
pub(super) struct Outlook {
    /// Rows that are there and were not, what is assumed among them.
    pub appeared: Vec<Fact>,
    /// Rows that were there.
    pub fell: Vec<Fact>,
    /// Constraints newly violated.
    pub breaches: Vec<Breach>,
}

/// The case, and what is known of it before anything is assumed.
pub(super) struct Stage<'a, E> {
    facts: &'a dyn Facts,
    program: &'a CheckedProgram,
    violations: &'a [Violation],
    rerun: Rerun<'a, E>,
    /// The case to try changes on, if it can be changed.
    trial: Option<Trial>,
    /// The case with what is assumed, where only a run could tell.
    run: Option<Database>,
}

impl<'a, E> Stage<'a, E> {
    pub(super) fn new(
        facts: &'a dyn Facts,
        program: &'a CheckedProgram,
        violations: &'a [Violation],
        rerun: Rerun<'a, E>,
        database: Option<&Database>,
    ) -> Stage<'a, E> {
        Stage {
            facts,
            program,
            violations,
            rerun,
            trial: database.map(Trial::on),
            run: None,
        }
    }

    /// Assumes some facts, until [`Stage::take_back`]. `None`: the budget ran out, and nothing is assumed.
    pub(super) fn assume(&mut self, facts: &[Fact], meter: &Meter) -> Result<Option<Outlook>, E> {
        if let Some(trial) = &mut self.trial {
            match trial.make(facts, &[], None, meter) {
                Ok(outcome) => return Ok(Some(self.outlook(outcome))),
                Err(Untried::Stopped) => return Ok(None),
                Err(Untried::Faulted) => {}
            }
        }
        let (database, report) = (self.rerun)(facts)?;
        let only_in = |one: &dyn Facts, other: &dyn Facts| -> Vec<Fact> {
            let mut found = Vec::new();
            for (id, relation) in self.program.relations() {
                let rows = one.matching(id, &vec![None; relation.arity()]);
                let only = rows.iter().filter(|row| !other.contains(id, row));
                found.extend(only.map(|row| Fact::new(id, &row)));
            }
            found
        };
        let known: FxHashSet<(RuleId, Vec<Code>)> = ways(self.violations).collect();
        let mut violated = report.violations;
        for violation in &mut violated {
            let mut new = Rows::new(violation.rows.arity());
            let rows = violation.rows.iter();
            rows.filter(|row| !known.contains(&(violation.constraint, row.clone())))
                .for_each(|row| new.push(&row));
            violation.rows = new;
        }
        let outlook = Outlook {
            appeared: only_in(&database, self.facts),
            fell: only_in(self.facts, &database),
            breaches: self.breaches(&violated),
        };
        self.run = Some(database);
        Ok(Some(outlook))
    }

    /// What a try tells.
    pub(super) fn outlook(&self, outcome: Outcome) -> Outlook {
        Outlook {
            breaches: self.breaches(&outcome.violated),
            appeared: outcome.appeared,
            fell: outcome.fell,
        }
    }

    /// The case with what is assumed.
    pub(super) fn facts(&self) -> &dyn Facts {
        match (&self.run, &self.trial) {
            (Some(database), _) => database,
            (None, Some(trial)) => trial.database(),
            (None, None) => self.facts,
        }
    }

    /// The same to try further changes on.
    pub(super) fn trial(&self) -> Option<Trial> {
        match (&self.run, &self.trial) {
            (None, Some(trial)) => Some(Trial::without_births(trial.database())),
            _ => None,
        }
    }

    pub(super) fn take_back(&mut self) {
        if let (None, Some(trial)) = (self.run.take(), &mut self.trial) {
            trial.take_back();
        }
    }

    fn breaches(&self, violated: &[Violation]) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for violation in violated {
            let variables = &self.program[violation.constraint].variables;
            let columns: Vec<Option<usize>> = variables
                .iter()
                .map(|variable| {
                    let mut columns = violation.columns.iter();
                    columns.position(|column| *column == variable.name)
                })
                .collect();
            breaches.extend(violation.rows.iter().map(|row| Breach {
                constraint: violation.constraint,
                values: columns.iter().map(|at| at.map(|at| row[at])).collect(),
            }));
        }
        breaches
    }
}

fn ways(violations: &[Violation]) -> impl Iterator<Item = (RuleId, Vec<Code>)> + '_ {
    violations.iter().flat_map(|violation| {
        let rows = violation.rows.iter();
        rows.map(|row| (violation.constraint, row))
    })
}
