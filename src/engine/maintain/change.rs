//! What is to change, and what came of it.

use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::engine::budget::Violation;
use crate::storage::Rows;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Rows to withdraw, then rows to state, under another program if there is one. Withdrawing what is not stated and
/// stating what is does nothing.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub state: Vec<(RelationId, Rows)>,
    pub withdraw: Vec<(RelationId, Rows)>,
    /// Its relations are those of the present program, under the same ids, and perhaps more after them.
    pub program: Option<Arc<CheckedProgram>>,
    /// By relation: whether to follow what the change does to it. What is left out stays as it was, and constraints are
    /// not looked at: for a change that is soon undone. It has to take in all that the relations followed depend on.
    pub within: Option<Arc<[bool]>>,
    /// Constraints are looked at all the same: all that they depend on is followed.
    pub judged: bool,
}

/// What is otherwise than before. Relations ascend by id and rows by code; no relation is listed without rows.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    pub appeared: Vec<(RelationId, Rows)>,
    pub fell: Vec<(RelationId, Rows)>,
    /// Bindings for which a constraint is violated now, and was not.
    pub violated: Vec<Violation>,
    /// Bindings for which one was violated, and is no longer.
    pub mended: Vec<Violation>,
    /// The same of constraints that only the program before had, under its ids.
    pub lapsed: Vec<Violation>,
    /// The constraints that both programs have, each by its id before and since; `None`: there is one program.
    pub renamed: Option<FxHashMap<RuleId, RuleId>>,
    /// Some functor had no value for something that was looked at.
    pub faulted: bool,
    pub effort: Effort,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty()
            && self.fell.is_empty()
            && self.violated.is_empty()
            && self.mended.is_empty()
            && self.lapsed.is_empty()
    }

    /// What undoing brings. Between programs the names of constraints are not turned round.
    pub(super) fn reversed(&self) -> Difference {
        let mended = self.mended.iter().chain(&self.lapsed);
        Difference {
            appeared: self.fell.clone(),
            fell: self.appeared.clone(),
            violated: mended.cloned().collect(),
            mended: self.violated.clone(),
            ..Difference::default()
        }
    }
}

/// What a change cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Rows looked at.
    pub work: u64,
    /// Strata followed row by row.
    pub followed: u32,
    /// Strata derived anew.
    pub rerun: u32,
}
