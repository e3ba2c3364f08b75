//! Changes tried on a case: each is made in the engine, looked at, and taken back.

use crate::analysis::checked::RelationId;
use crate::engine::{Change, Database, Violation};
use crate::explain::{Fact, Meter};
use crate::storage::Rows;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A copy of a case to try changes on. It shares its rows with the case until a change reaches them.
pub struct Trial {
    database: Database,
}

/// What a change made of a case.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is assumed among them. By relation, then by code; so is what fell.
    pub appeared: Vec<Fact>,
    pub fell: Vec<Fact>,
    /// Newly.
    pub violated: Vec<Violation>,
    pub mended: Vec<Violation>,
}

/// Why nothing came of a try. Everything is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untried {
    /// The meter says why.
    Stopped,
    /// A functor had no value for something: what is to be said of it is known from a run.
    Faulted,
}

impl Trial {
    /// The database must have run, and not hold what was derived elsewhere.
    pub fn on(database: &Database) -> Trial {
        Trial {
            database: database.fork(),
        }
    }

    /// The same without births, for what asks only what there is.
    pub fn without_births(database: &Database) -> Trial {
        Trial {
            database: database.fork_without_births(),
        }
    }

    /// The case as the changes left it that were made and not taken back.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// States some facts and takes others out that were stated. With `within` only these relations are followed, by
    /// number, and constraints are not looked at. Costs what the change reaches.
    pub fn make(
        &mut self,
        assumed: &[Fact],
        withdrawn: &[Fact],
        within: Option<&Arc<[bool]>>,
        meter: &Meter,
    ) -> Result<Outcome, Untried> {
        let judged = false;
        self.carry_out(assumed, withdrawn, within.cloned(), judged, meter)
    }

    /// The same, with these relations followed and all constraints looked at: they have to take in all that constraints
    /// depend on.
    pub fn make_judged(
        &mut self,
        assumed: &[Fact],
        withdrawn: &[Fact],
        within: &Arc<[bool]>,
        meter: &Meter,
    ) -> Result<Outcome, Untried> {
        let judged = true;
        self.carry_out(assumed, withdrawn, Some(within.clone()), judged, meter)
    }

    fn carry_out(
        &mut self,
        assumed: &[Fact],
        withdrawn: &[Fact],
        within: Option<Arc<[bool]>>,
        judged: bool,
        meter: &Meter,
    ) -> Result<Outcome, Untried> {
        let change = Change {
            state: rows(assumed),
            withdraw: rows(withdrawn),
            within,
            judged,
            ..Change::default()
        };
        let difference = match self.database.change(&change, &meter.rest()) {
            Ok(difference) => difference,
            Err(stop) => {
                meter.stop(stop.reason);
                return Err(Untried::Stopped);
            }
        };
        if !meter.spend_all(difference.effort.work) {
            self.take_back();
            return Err(Untried::Stopped);
        }
        if difference.faulted {
            self.take_back();
            return Err(Untried::Faulted);
        }
        Ok(Outcome {
            appeared: facts(&difference.appeared),
            fell: facts(&difference.fell),
            violated: difference.violated,
            mended: difference.mended,
        })
    }

    /// Takes the last change back that was made.
    pub fn take_back(&mut self) {
        self.database.undo();
        self.database.forget_undone();
    }
}

fn rows(facts: &[Fact]) -> Vec<(RelationId, Rows)> {
    let mut rows: FxHashMap<RelationId, Rows> = FxHashMap::default();
    for fact in facts {
        let of = rows.entry(fact.relation);
        of.or_insert_with(|| Rows::new(fact.row.len()))
            .push(&fact.row);
    }
    rows.into_iter().collect()
}

fn facts(rows: &[(RelationId, Rows)]) -> Vec<Fact> {
    let all = rows.iter().flat_map(|(relation, rows)| {
        let rows = rows.iter();
        rows.map(|row| Fact::new(*relation, &row))
    });
    all.collect()
}
