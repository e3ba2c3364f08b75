//! Changing what is stated, and the rules, and what follows with it.
//!
//! In: a database that has run, and a [`Change`]: rows to state and to withdraw, another program. Out: the
//! [`Difference`], row by row, and a database as a run from scratch would have left it; every change can be taken back.
//! Must not know: files, evidence, terminals.
//!
//! Strata are gone through in order. In one that something reached, rows that may have lost their support are doomed,
//! those sure to have another are kept, the others are taken out; then what follows anew is added, as far as it goes
//! (delete and rederive: Gupta, Mumick and Subrahmanian, 1993). Births, where they are recorded, are what makes a
//! support sure: it uses earlier rows only. Where they are not, a proof is looked for backward, not very far (compare
//! Motik, Nenov, Piro and Horrocks, 2019); of pairs whose sides go their own ways, for very many at once.
//! What cannot be followed row by row, or would cost more so, is derived anew, a stratum at a time, and compared.
//!
//! Rows are changed in place, and each deed is written down: whatever ends a change early, or undoes it later, goes
//! back the same way.

mod change;
mod constraints;
mod flat;
mod groups;
mod journal;
mod product;
mod programs;
mod prove;
mod rerun;
mod route;
mod routes;
mod stratum;
#[cfg(test)]
mod tests;
mod transaction;
mod walk;

pub use change::{Change, Difference, Effort};
pub(super) use journal::History;
pub(super) use routes::Routes;
pub(super) use transaction::Setting;

use crate::storage::Code;
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

type Row = Arc<[Code]>;

/// What a change has done to a relation, net.
#[derive(Default)]
struct Overlay {
    plus: FxHashSet<Row>,
    minus: FxHashSet<Row>,
    /// Rows that hold as before, but whose earliest derivation is gone, with their later births.
    reborn: Vec<(Row, u32)>,
    /// `minus` by the values in some columns.
    by_key: Mutex<FxHashMap<Vec<usize>, ByKey>>,
}

/// Rows by the values in some columns.
type ByKey = FxHashMap<Row, Vec<Row>>;

impl Overlay {
    /// Whether the rows are what they were.
    fn is_empty(&self) -> bool {
        self.plus.is_empty() && self.minus.is_empty()
    }

    fn is_untouched(&self) -> bool {
        self.is_empty() && self.reborn.is_empty()
    }
}
