//! A relation that is filled row by row and looked up meanwhile.

use crate::storage::pattern::bound;
use crate::storage::{Code, Rows};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Distinct rows, numbered in the order in which they came.
#[derive(Default)]
pub(super) struct Table {
    stored: Arc<Stored>,
    /// Made for the columns that are asked by, and brought up to date when asked again.
    indexes: RefCell<Vec<Index>>,
}

/// The rows without the indexes.
#[derive(Clone, Default)]
pub(super) struct Stored {
    arity: usize,
    len: u32,
    /// Row by row.
    codes: Vec<Code>,
    ids: HashTable<u32>,
}

struct Index {
    columns: Vec<usize>,
    /// Groups by the values of their rows in the columns.
    groups: HashTable<u32>,
    rows: Vec<SmallVec<[u32; 4]>>,
    upto: u32,
}

fn hash(codes: impl Iterator<Item = Code>) -> u64 {
    let mut hasher = FxHasher::default();
    codes.for_each(|code| code.hash(&mut hasher));
    hasher.finish()
}

impl Stored {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    fn row(&self, id: u32) -> &[Code] {
        let at = id as usize * self.arity;
        &self.codes[at..at + self.arity]
    }

    pub(super) fn find(&self, row: &[Code]) -> Option<u32> {
        let same = |&id: &u32| self.row(id) == row;
        self.ids.find(hash(row.iter().copied()), same).copied()
    }

    fn insert(&mut self, row: &[Code]) {
        self.arity = row.len();
        self.codes.extend_from_slice(row);
        let (codes, arity) = (&self.codes, self.arity);
        let of = |&id: &u32| {
            let at = id as usize * arity;
            hash(codes[at..at + arity].iter().copied())
        };
        let hash = hash(row.iter().copied());
        self.ids.insert_unique(hash, self.len, of);
        self.len += 1;
    }
}

impl Table {
    /// The rows that another table has.
    pub(super) fn of(stored: Arc<Stored>) -> Table {
        Table {
            stored,
            indexes: RefCell::default(),
        }
    }

    pub(super) fn stored(&self) -> &Arc<Stored> {
        &self.stored
    }

    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[Code]> {
        (0..self.stored.len).map(|id| self.row(id))
    }

    pub(super) fn row(&self, id: u32) -> &[Code] {
        self.stored.row(id)
    }

    pub(super) fn find(&self, row: &[Code]) -> Option<u32> {
        self.stored.find(row)
    }

    /// False: it was there before.
    pub(super) fn insert(&mut self, row: &[Code]) -> bool {
        let new = self.find(row).is_none();
        if new {
            Arc::make_mut(&mut self.stored).insert(row);
        }
        new
    }

    /// The rows that agree with a pattern where it is `Some`.
    pub(super) fn matching(&self, pattern: &[Option<Code>]) -> Rows {
        let mut rows = Rows::new(pattern.len());
        self.each_match(pattern, |id| rows.push(self.row(id)));
        rows
    }

    /// The same, one after the other behind what `codes` holds.
    pub(super) fn gather(&self, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        self.each_match(pattern, |id| codes.extend_from_slice(self.row(id)));
    }

    pub(super) fn each_match(&self, pattern: &[Option<Code>], f: impl FnMut(u32)) {
        let (columns, key) = bound(pattern);
        let mut ids = Vec::new();
        self.find_all(&columns, &key, &mut ids);
        ids.into_iter().for_each(f);
    }

    /// Appends the numbers of the rows that have these values in these columns, which ascend.
    pub(super) fn find_all(&self, columns: &[usize], key: &[Code], ids: &mut Vec<u32>) {
        if columns.is_empty() {
            ids.extend(0..self.stored.len);
            return;
        }
        if columns.len() == self.stored.arity {
            ids.extend(self.find(key));
            return;
        }
        let mut indexes = self.indexes.borrow_mut();
        let at = match indexes.iter().position(|index| index.columns == columns) {
            Some(at) => at,
            None => {
                indexes.push(Index {
                    columns: columns.to_vec(),
                    groups: HashTable::new(),
                    rows: Vec::new(),
                    upto: 0,
                });
                indexes.len() - 1
            }
        };
        let index = &mut indexes[at];
        index.catch_up(self);
        if let Some(group) = index.group(self, key.iter().copied()) {
            ids.extend_from_slice(&index.rows[group as usize]);
        }
    }
}

impl Index {
    fn group(&self, table: &Table, key: impl Iterator<Item = Code> + Clone) -> Option<u32> {
        let same = |&group: &u32| {
            let row = table.row(self.rows[group as usize][0]);
            self.columns.iter().map(|&at| row[at]).eq(key.clone())
        };
        self.groups.find(hash(key.clone()), same).copied()
    }

    fn catch_up(&mut self, table: &Table) {
        for id in self.upto..table.stored.len {
            let row = table.row(id);
            let key = self.columns.iter().map(|&at| row[at]);
            match self.group(table, key.clone()) {
                Some(group) => self.rows[group as usize].push(id),
                None => {
                    let group = self.rows.len() as u32;
                    self.rows.push(smallvec::smallvec![id]);
                    let (columns, rows) = (&self.columns, &self.rows);
                    let of = |&group: &u32| {
                        let row = table.row(rows[group as usize][0]);
                        hash(columns.iter().map(|&at| row[at]))
                    };
                    self.groups.insert_unique(hash(key), group, of);
                }
            }
        }
        self.upto = table.stored.len;
    }
}
