//! Single rows in and out of a set at rest.

use super::{PairShard, RowSet, Shape, TupleShard, shard_of, shard_of_first};
use crate::storage::groups::Groups;
use crate::storage::table::{PairTable, RowTable, hash, hash_row, pack};
use crate::storage::{Code, SortedRows};
use parking_lot::RwLock;

impl RowSet {
    /// Adds a row; whether it is new. O(1) amortised, but for the first call on rows that only were stated, which takes
    /// them out of their columns. None may be unsettled.
    pub fn add(&mut self, row: &[Code]) -> bool {
        self.thaw();
        if self.contains(row) {
            return false;
        }
        match (&mut self.shape, row) {
            (Shape::Nullary { present }, _) => *present.get_mut() = true,
            (Shape::Matrix(_), _) => {
                let (first, second) = pair(row);
                return self.add_to_matrix(first, second);
            }
            (Shape::Groups(shards), &[first, second]) => {
                let at = shard_of_first(first, shards.len());
                let shard = shards[at].get_mut();
                shard.push_new(first, second);
                shard.settle_in_place();
            }
            (Shape::Pairs(shards), _) => {
                let (first, second) = pair(row);
                let key = pack(first, second);
                let at = shard_of(hash(key), shards.len());
                shards[at]
                    .get_mut()
                    .table
                    .insert_all(&[key], &mut Vec::new());
            }
            (Shape::Tuples(shards), _) => {
                let at = shard_of(hash_row(row), shards.len());
                let shard = shards[at].get_mut();
                shard.table.insert(row);
                shard.settled = shard.table.len() as u32;
            }
            _ => return false,
        }
        self.len += 1;
        true
    }

    fn add_to_matrix(&mut self, first: Code, second: Code) -> bool {
        let Shape::Matrix(matrix) = &mut self.shape else {
            return false;
        };
        if !matrix.put(first, second) {
            self.settle_strays(&[pack(first, second)], &mut Vec::new(), &mut Vec::new());
        }
        self.len += 1;
        true
    }

    /// Takes a row out; whether it was there. O(1), in lists O(length of the list).
    pub fn take(&mut self, row: &[Code]) -> bool {
        self.thaw();
        let (first, second) = pair(row);
        let taken = match &mut self.shape {
            Shape::Nullary { present } => std::mem::take(present.get_mut()),
            Shape::Matrix(matrix) => matrix.take(first, second),
            Shape::Groups(shards) => {
                let at = shard_of_first(first, shards.len());
                shards[at].get_mut().take(first, second)
            }
            Shape::Pairs(shards) => {
                let key = pack(first, second);
                let at = shard_of(hash(key), shards.len());
                shards[at].get_mut().table.take(key)
            }
            Shape::Tuples(shards) => {
                let at = shard_of(hash_row(row), shards.len());
                let shard = shards[at].get_mut();
                let taken = shard.table.take(row);
                shard.settled = shard.table.len() as u32;
                taken
            }
            Shape::Sorted(_) | Shape::Classes(_) => false,
        };
        self.len -= usize::from(taken);
        taken
    }

    /// Sorted columns and classes cannot be added to: their rows move to a table.
    fn thaw(&mut self) {
        if let Shape::Classes(_) = &self.shape {
            self.shape = Shape::Sorted(SortedRows::from_unsorted(self.to_rows()));
        }
        let Shape::Sorted(rows) = &self.shape else {
            return;
        };
        self.shape = match self.arity {
            0 => Shape::Nullary {
                present: (!rows.is_empty()).into(),
            },
            1 | 2 => Shape::Pairs(vec![RwLock::new(PairShard {
                table: pairs(rows),
                fresh: Vec::new(),
            })]),
            arity => {
                let mut table = RowTable::new(arity);
                for row in rows.rows().iter() {
                    table.insert(&row);
                }
                let settled = table.len() as u32;
                Shape::Tuples(vec![RwLock::new(TupleShard { table, settled })])
            }
        };
        self.shards = 1;
    }

    /// Appends the second codes beside a first one, where the set has them together; false where it does not.
    pub fn seconds(&self, first: Code, into: &mut Vec<Code>) -> bool {
        match &self.shape {
            Shape::Groups(shards) if self.arity == 2 => {
                let shard = shards[shard_of_first(first, shards.len())].read();
                into.extend_from_slice(shard.list(first));
                true
            }
            Shape::Matrix(matrix) if self.arity == 2 => {
                matrix.seconds(first, into);
                true
            }
            Shape::Classes(classes) => {
                into.extend_from_slice(classes.class_of(first));
                true
            }
            _ => false,
        }
    }

    /// How many second codes stand beside a first one, where that is known at once.
    pub fn count_seconds(&self, first: Code) -> Option<usize> {
        match &self.shape {
            Shape::Groups(shards) if self.arity == 2 => {
                let shard = shards[shard_of_first(first, shards.len())].read();
                Some(Groups::list(&shard, first).len())
            }
            Shape::Matrix(matrix) if self.arity == 2 => Some(matrix.count_seconds(first)),
            Shape::Classes(classes) => Some(classes.class_of(first).len()),
            _ => None,
        }
    }
}

fn pair(row: &[Code]) -> (Code, Code) {
    match *row {
        [first, second] => (first, second),
        [only] => (Code(0), only),
        _ => (Code(0), Code(0)),
    }
}

fn pairs(rows: &SortedRows) -> PairTable {
    let mut table = PairTable::default();
    let keys: Vec<u64> = rows
        .rows()
        .iter()
        .map(|row| {
            let (first, second) = pair(&row);
            pack(first, second)
        })
        .collect();
    table.insert_all(&keys, &mut Vec::new());
    table
}
