//! Single rows in and out of a set at rest.

use super::{PairShard, RowSet, Shape, TupleShard, shard_of, shard_of_first, shard_of_pair};
use crate::storage::table::{PairTable, RowTable, hash_row, pack};
use crate::storage::{Code, SortedRows};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

impl Clone for RowSet {
    fn clone(&self) -> RowSet {
        fn copy<S: Clone>(shards: &[RwLock<S>]) -> Vec<RwLock<S>> {
            let shards = shards.iter().map(|shard| shard.read().clone());
            shards.map(RwLock::new).collect()
        }
        let shape = match &self.shape {
            Shape::Nullary { present } => Shape::Nullary {
                present: present.load(Relaxed).into(),
            },
            Shape::Sorted(rows) => Shape::Sorted(rows.clone()),
            Shape::Classes(classes) => Shape::Classes(classes.clone()),
            Shape::Matrix(matrix) => Shape::Matrix(matrix.clone()),
            Shape::Groups(shards) => Shape::Groups(copy(shards)),
            Shape::Pairs(shards) => Shape::Pairs(copy(shards)),
            Shape::Tuples(shards) => Shape::Tuples(copy(shards)),
            Shape::Amended(amended) => Shape::Amended(amended.clone()),
        };
        RowSet {
            shape,
            latest: self.latest.clone(),
            core: self.core.clone(),
            folded: self.folded.clone(),
            ways: self.ways.clone(),
            offered: AtomicU64::new(self.offered.load(Relaxed)),
            ..*self
        }
    }
}

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
            (Shape::Amended(amended), _) => amended.add(row),
            (Shape::Matrix(_), _) => {
                let (first, second) = pair(row);
                return self.add_to_matrix(first, second);
            }
            (Shape::Groups(shards), &[first, second]) => {
                let at = shard_of_first(first, shards.len());
                shards[at].get_mut().put(first, second);
            }
            (Shape::Pairs(shards), _) => {
                let (first, second) = pair(row);
                let core = self.core.as_mut();
                if !core.is_some_and(|core| core.put(first, second)) {
                    let key = pack(first, second);
                    let at = shard_of_pair(key, shards.len());
                    let shard = shards[at].get_mut();
                    shard.table.insert_all(&[key], &mut Vec::new());
                }
            }
            (Shape::Tuples(shards), _) => {
                let folded = self.folded.as_mut();
                if folded.is_some_and(|folded| folded.put(row)) {
                    self.len += 1;
                    return true;
                }
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
            self.settle_strays(&[pack(first, second)]);
            self.rest();
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
                let core = self.core.as_mut();
                let taken = core.and_then(|core| core.take(first, second));
                taken.unwrap_or_else(|| {
                    let key = pack(first, second);
                    let at = shard_of_pair(key, shards.len());
                    shards[at].get_mut().table.take(key)
                })
            }
            Shape::Tuples(shards) => {
                let folded = self.folded.as_mut();
                let taken = folded.and_then(|folded| folded.take(row));
                taken.unwrap_or_else(|| {
                    let at = shard_of(hash_row(row), shards.len());
                    let shard = shards[at].get_mut();
                    let taken = shard.table.take(row);
                    shard.settled = shard.table.len() as u32;
                    taken
                })
            }
            Shape::Amended(amended) => {
                let there = amended.contains(row);
                if there {
                    amended.take(row);
                }
                there
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
                shard.seconds(first, into);
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
            Shape::Amended(amended) if self.arity == 2 => amended.seconds(first, into),
            _ => false,
        }
    }

    /// Appends what stands in `rest`, ascending, in each row that begins with `key`, row after row, where rows come in order; false
    /// where they do not.
    pub fn leading(&self, key: &[Code], rest: &[usize], into: &mut Vec<Code>) -> bool {
        match &self.shape {
            Shape::Amended(amended) => amended.leading(key, rest, into),
            _ => false,
        }
    }

    /// Appends the first codes beside a second one, where they are quick to tell; false where they are not.
    pub fn firsts(&self, second: Code, into: &mut Vec<Code>) -> bool {
        match &self.shape {
            Shape::Matrix(matrix) if self.arity == 2 => {
                matrix.firsts(second, into);
                true
            }
            Shape::Classes(classes) => {
                into.extend_from_slice(classes.class_of(second));
                true
            }
            Shape::Amended(amended) if self.arity == 2 => amended.firsts(second, into),
            _ => false,
        }
    }

    /// How many second codes stand beside a first one, where that is known at once.
    pub fn count_seconds(&self, first: Code) -> Option<usize> {
        match &self.shape {
            Shape::Groups(shards) if self.arity == 2 => {
                let shard = shards[shard_of_first(first, shards.len())].read();
                Some(shard.count_seconds(first))
            }
            Shape::Matrix(matrix) if self.arity == 2 => Some(matrix.count_seconds(first)),
            Shape::Classes(classes) => Some(classes.class_of(first).len()),
            Shape::Amended(amended) if self.arity == 2 => amended.count_seconds(first),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Company, Index, Inserter, Rows};
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn shaped(arity: usize, rows: &BTreeSet<Vec<Code>>, fixed: bool, writers: usize) -> RowSet {
        let mut all = Rows::new(arity);
        rows.iter().for_each(|row| all.push(row));
        if fixed {
            return RowSet::fixed(SortedRows::from_unsorted(all));
        }
        let mut set = RowSet::new(arity, writers, 0);
        // In two goes, so that the second finds another shape.
        for half in 0..2 {
            let mut inserter = Inserter::new(&set, Company::Alone);
            for row in rows.iter().skip(half).step_by(2) {
                let columns: Vec<&[Code]> = row.iter().map(std::slice::from_ref).collect();
                inserter.push_columns(&columns, 1);
            }
            inserter.flush();
            set.settle(true, None);
        }
        set
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn rows_go_in_and_out(
            arity in 0usize..4,
            (fixed, writers, shared) in (any::<bool>(), 1usize..3, any::<bool>()),
            spread in prop::sample::select(vec![[1u32, 1], [1, 1000], [7_000_000, 1], [90_000, 400_000]]),
            rows in prop::collection::vec([0u32..6, 0u32..20, 0u32..3], 0..60),
            deeds in prop::collection::vec((any::<bool>(), [0u32..6, 0u32..20, 0u32..3]), 0..80),
        ) {
            let row = |values: &[u32; 3]| -> Vec<Code> {
                let scaled = [values[0] * spread[0], values[1] * spread[1], values[2]];
                scaled[..arity].iter().map(|&value| Code(value)).collect()
            };
            let mut model: BTreeSet<Vec<Code>> = rows.iter().map(row).collect();
            let mut set = shaped(arity, &model, fixed, writers);
            let keys: Vec<Vec<usize>> = (0..1usize << arity)
                .map(|bits| (0..arity).filter(|at| bits >> at & 1 == 1).collect())
                .collect();
            let rest = |key: &[usize]| -> Vec<usize> { (0..arity).filter(|at| !key.contains(at)).collect() };
            let mut indexes: Vec<Index> = keys
                .iter()
                .map(|key| match set.as_sorted() {
                    Some(rows) => Index::over_sorted(None, rows, key, &rest(key)),
                    None => Index::build(&set, key, &rest(key)),
                })
                .collect();
            // What others keep must stay as it is.
            let (kept, before) = (Arc::new(set.clone()), model.clone());
            let kept_indexes: Vec<Arc<Index>> = indexes.iter().cloned().map(Arc::new).collect();
            if shared {
                set = RowSet::amending(&kept);
                indexes = kept_indexes.iter().map(Index::amending).collect();
            }
            for (add, values) in &deeds {
                let row = row(values);
                let changed = match add {
                    true => model.insert(row.clone()),
                    false => model.remove(&row),
                };
                prop_assert_eq!(match add { true => set.add(&row), false => set.take(&row) }, changed);
                for index in &mut indexes {
                    match (add, changed) {
                        (true, true) => index.add(&row),
                        (false, _) => prop_assert_eq!(index.take(&row), changed),
                        _ => {}
                    }
                }
                prop_assert_eq!(set.len(), model.len());
                prop_assert_eq!(set.contains(&row), *add);
            }
            let listed = |rows: &Rows| -> BTreeSet<Vec<Code>> { rows.iter().collect() };
            prop_assert_eq!(&listed(&set.to_rows()), &model);
            prop_assert_eq!(set.to_rows().len(), model.len());
            prop_assert_eq!(&listed(&kept.to_rows()), &before);
            for (key, index) in keys.iter().zip(&kept_indexes) {
                for row in &before {
                    let values: Vec<Code> = key.iter().map(|&at| row[at]).collect();
                    let same = before.iter().filter(|other| key.iter().all(|&at| other[at] == row[at]));
                    prop_assert_eq!(index.count(index.locate(&values)), same.count());
                }
            }
            for other in [&*kept, &shaped(arity, &before, false, writers)] {
                let (mut here, mut there) = (BTreeSet::new(), BTreeSet::new());
                set.differences(
                    other,
                    &mut |row| assert!(here.insert(row.to_vec())),
                    &mut |row| assert!(there.insert(row.to_vec())),
                );
                prop_assert_eq!(&here, &model.difference(&before).cloned().collect());
                prop_assert_eq!(&there, &before.difference(&model).cloned().collect());
            }
            if shared {
                let set = Arc::new(set.clone());
                prop_assert_eq!(&listed(&set.apart().to_rows()), &model);
                let only = |one, other| listed(&RowSet::only_in(one, other).unwrap());
                prop_assert_eq!(only(&set, &kept), model.difference(&before).cloned().collect());
                prop_assert_eq!(only(&kept, &set), before.difference(&model).cloned().collect());
                for row in &model {
                    for bound in 0..arity {
                        let rest: Vec<usize> = (bound..arity).collect();
                        let mut codes = Vec::new();
                        if set.leading(&row[..bound], &rest, &mut codes) {
                            let found: BTreeSet<&[Code]> = codes.chunks(rest.len()).collect();
                            let wanted = model.iter().filter(|other| other[..bound] == row[..bound]);
                            prop_assert_eq!(found, wanted.map(|other| &other[bound..]).collect());
                        }
                    }
                }
            }
            for (key, index) in keys.iter().zip(&indexes) {
                for row in model.iter().chain(&[row(&[5, 19, 2])]) {
                    let wanted: BTreeSet<&Vec<Code>> =
                        model.iter().filter(|other| key.iter().all(|&at| other[at] == row[at])).collect();
                    let values: Vec<Code> = key.iter().map(|&at| row[at]).collect();
                    let number = index.locate(&values);
                    prop_assert_eq!(index.count(number), wanted.len());
                    let found: BTreeSet<Vec<Code>> =
                        index.entry(number).chunks(rest(key).len().max(1)).map(<[Code]>::to_vec).collect();
                    let wanted: BTreeSet<Vec<Code>> = wanted
                        .iter()
                        .map(|other| rest(key).iter().map(|&at| other[at]).collect())
                        .filter(|row: &Vec<Code>| !row.is_empty())
                        .collect();
                    prop_assert_eq!(found, wanted);
                }
                if arity == 2 && *key == [0] {
                    for row in &model {
                        let mut seconds = Vec::new();
                        if set.seconds(row[0], &mut seconds) {
                            let count = model.iter().filter(|other| other[0] == row[0]).count();
                            prop_assert_eq!(seconds.len(), count);
                            prop_assert_eq!(set.count_seconds(row[0]), Some(count));
                            prop_assert!(seconds.contains(&row[1]));
                        }
                        let mut firsts = Vec::new();
                        if set.firsts(row[1], &mut firsts) {
                            let firsts: BTreeSet<Code> = firsts.into_iter().collect();
                            let wanted = model.iter().filter(|other| other[1] == row[1]);
                            prop_assert_eq!(firsts, wanted.map(|other| other[0]).collect());
                        }
                    }
                }
            }
        }
    }
}
