//! A relation that is filled row by row and looked up meanwhile.

use crate::storage::pattern::bound;
use crate::storage::{Code, Rows};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Distinct rows, numbered in the order in which they came.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Box<[Code]>>,
    ids: FxHashMap<Box<[Code]>, u32>,
    /// Made for the columns that are asked by, and brought up to date when asked again.
    indexes: RefCell<Vec<Index>>,
}

struct Index {
    columns: Vec<usize>,
    rows: FxHashMap<Box<[Code]>, Vec<u32>>,
    upto: usize,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[Code]> {
        self.rows.iter().map(|row| &**row)
    }

    pub(super) fn find(&self, row: &[Code]) -> Option<u32> {
        self.ids.get(row).copied()
    }

    /// False: it was there before.
    pub(super) fn insert(&mut self, row: &[Code]) -> bool {
        let new = !self.ids.contains_key(row);
        if new {
            self.ids.insert(row.into(), self.rows.len() as u32);
            self.rows.push(row.into());
        }
        new
    }

    /// The rows that agree with a pattern where it is `Some`.
    pub(super) fn matching(&self, pattern: &[Option<Code>]) -> Rows {
        let mut rows = Rows::new(pattern.len());
        self.each_match(pattern, |id| rows.push(&self.rows[id as usize]));
        rows
    }

    /// The same, one after the other behind what `codes` holds.
    pub(super) fn gather(&self, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        self.each_match(pattern, |id| {
            codes.extend_from_slice(&self.rows[id as usize])
        });
    }

    pub(super) fn each_match(&self, pattern: &[Option<Code>], f: impl FnMut(u32)) {
        let (columns, key) = bound(pattern);
        if columns.len() == pattern.len() {
            self.find(&key).into_iter().for_each(f);
            return;
        }
        if columns.is_empty() {
            (0..self.rows.len() as u32).for_each(f);
            return;
        }
        let mut indexes = self.indexes.borrow_mut();
        let same = |index: &Index| index.columns[..] == columns[..];
        let at = match indexes.iter().position(same) {
            Some(at) => at,
            None => {
                indexes.push(Index {
                    columns: columns.to_vec(),
                    rows: FxHashMap::default(),
                    upto: 0,
                });
                indexes.len() - 1
            }
        };
        let index = &mut indexes[at];
        for (id, row) in self.rows.iter().enumerate().skip(index.upto) {
            let key = index.columns.iter().map(|&column| row[column]).collect();
            index.rows.entry(key).or_default().push(id as u32);
        }
        index.upto = self.rows.len();
        index
            .rows
            .get(&key[..])
            .into_iter()
            .flatten()
            .copied()
            .for_each(f);
    }
}
