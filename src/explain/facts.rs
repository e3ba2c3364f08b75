//! What explanations ask of a case: which rows hold.

use super::solve::MANY;
use crate::analysis::checked::RelationId;
use crate::engine::Database;
use crate::storage::{Code, Rows};

/// A row of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    pub relation: RelationId,
    pub row: Box<[Code]>,
}

impl Fact {
    pub fn new(relation: RelationId, row: &[Code]) -> Fact {
        Fact {
            relation,
            row: row.into(),
        }
    }
}

/// The rows that hold, stated and derived: a model of the program. A [`Database`] after its run is one.
pub trait Facts {
    /// The rows that agree with the pattern where it is `Some`, each once, in a fixed order.
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows;

    /// The same rows, one after the other behind what `codes` holds.
    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        self.matching(relation, pattern).gather(codes);
    }

    /// Whether any row agrees with the pattern.
    fn has(&self, relation: RelationId, pattern: &[Option<Code>]) -> bool {
        !self.matching(relation, pattern).is_empty()
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool;

    fn len(&self, relation: RelationId) -> usize;

    /// Rows to be looked at when these columns are bound, where that is known better than from the length.
    fn reach(&self, _relation: RelationId, _bound: &[usize]) -> Option<u64> {
        None
    }

    /// The rows that are stated from outside, and not only by rule text; `None`: not known.
    fn told(&self, _relation: RelationId) -> Option<Rows> {
        None
    }

    /// See [`Database::birth`].
    fn birth(&self, relation: RelationId, row: &[Code]) -> Option<u32>;

    /// See [`Database::is_stated`].
    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool>;
}

impl Facts for Database {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        Database::matching(self, relation, pattern)
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        Database::gather(self, relation, pattern, codes);
    }

    fn has(&self, relation: RelationId, pattern: &[Option<Code>]) -> bool {
        Database::has(self, relation, pattern)
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        Database::contains(self, relation, row)
    }

    fn len(&self, relation: RelationId) -> usize {
        Database::len(self, relation)
    }

    fn reach(&self, relation: RelationId, bound: &[usize]) -> Option<u64> {
        (Database::len(self, relation) >= MANY).then(|| Database::reach(self, relation, bound))
    }

    fn told(&self, relation: RelationId) -> Option<Rows> {
        Some(Database::told(self, relation))
    }

    fn birth(&self, relation: RelationId, row: &[Code]) -> Option<u32> {
        Database::birth(self, relation, row)
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        Database::is_stated(self, relation, row)
    }
}
