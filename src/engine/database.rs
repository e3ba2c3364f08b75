//! A program together with all rows that are stated and all that follow.

use super::budget::{Budget, Observer, RunOptions, RunReport, Stop};
use crate::analysis::checked::{CheckedProgram, CheckedQuery, RelationId};
use crate::storage::{Code, Dictionary, Rows};
use std::sync::Arc;

pub struct Database {
    program: Arc<CheckedProgram>,
    dictionary: Arc<Dictionary>,
}

impl Database {
    pub fn new(program: Arc<CheckedProgram>, dictionary: Arc<Dictionary>) -> Database {
        Database {
            program,
            dictionary,
        }
    }

    pub fn program(&self) -> &Arc<CheckedProgram> {
        &self.program
    }

    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }

    /// States rows, before [`Database::run`]. Duplicates count once.
    pub fn state(&mut self, _relation: RelationId, _rows: Rows) {
        todo!()
    }

    /// Derives everything that follows. On a [`Stop`] the rows derived so far stay readable.
    pub fn run(
        &mut self,
        _options: &RunOptions,
        _observer: &dyn Observer,
    ) -> Result<RunReport, Stop> {
        todo!()
    }

    pub fn len(&self, _relation: RelationId) -> usize {
        todo!()
    }

    pub fn contains(&self, _relation: RelationId, _row: &[Code]) -> bool {
        todo!()
    }

    /// All rows of a relation, ascending by code.
    pub fn rows(&self, _relation: RelationId) -> Rows {
        todo!()
    }

    /// The rows that agree with the pattern where it is `Some`. Builds and keeps an index on first use of a set of
    /// bound columns; afterwards O(1 + answers).
    pub fn matching(&self, _relation: RelationId, _pattern: &[Option<Code>]) -> Rows {
        todo!()
    }

    /// The answers to a query, distinct, ascending by code; one column for each of [`CheckedQuery::columns`]. A
    /// yes-or-no question answers with zero or one row of no columns.
    pub fn query(&self, _query: &CheckedQuery, _budget: &Budget) -> Result<Rows, Stop> {
        todo!()
    }

    /// The tick at which a row appeared: 0 when stated, later ticks are later rounds, over all strata. A derived row
    /// has a derivation from rows of strictly earlier ticks. `None` when the row is absent or births were not recorded.
    pub fn birth(&self, _relation: RelationId, _row: &[Code]) -> Option<u32> {
        todo!()
    }
}
