//! What is to change, and what came of it.

use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::engine::budget::Violation;
use crate::storage::Rows;
use std::sync::Arc;

/// Rows to withdraw, then rows to state, under another program if there is one. Withdrawing what is not stated and
/// stating what is does nothing.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub state: Vec<(RelationId, Rows)>,
    pub withdraw: Vec<(RelationId, Rows)>,
    /// Its relations are those of the present program, under the same ids, and perhaps more after them.
    pub program: Option<Arc<CheckedProgram>>,
}

/// What is otherwise than before. Relations ascend by id and rows by code; no relation is listed without rows.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    pub appeared: Vec<(RelationId, Rows)>,
    pub fell: Vec<(RelationId, Rows)>,
    /// Bindings for which a constraint is violated now, and was not.
    pub violated: Vec<Violation>,
    /// Bindings for which one was violated, and is no longer. Of a constraint that the new program has not, the id is
    /// that of the old one.
    pub mended: Vec<Violation>,
    pub effort: Effort,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty()
            && self.fell.is_empty()
            && self.violated.is_empty()
            && self.mended.is_empty()
    }

    /// What undoing brings.
    pub(super) fn reversed(&self) -> Difference {
        Difference {
            appeared: self.fell.clone(),
            fell: self.appeared.clone(),
            violated: self.mended.clone(),
            mended: self.violated.clone(),
            effort: Effort::default(),
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
