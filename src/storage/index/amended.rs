//! An index as another one is, but for some keys: what goes with rows that amend others.

use super::{ABSENT, Index, Locate};
use crate::storage::Code;
use crate::storage::table::RowTable;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Keys keep the numbers that the base has for them.
#[derive(Clone)]
pub(super) struct Amended {
    base: Arc<Index>,
    /// Keys that the base has no number for; theirs come after all of the base.
    more: RowTable,
    /// The entries that are not those of the base any more, by number.
    own: FxHashMap<u32, Arc<Entry>>,
}

#[derive(Clone, Default)]
struct Entry {
    rows: usize,
    codes: Vec<Code>,
}

impl Index {
    /// The same index, to be changed while others keep it as it is: entries that change are kept beside what is shared.
    pub fn amending(base: &Arc<Index>) -> Index {
        if let Locate::Amended(_) = &base.locate {
            return Index::clone(base);
        }
        let amended = Amended {
            base: base.clone(),
            more: RowTable::new(base.key.len()),
            own: FxHashMap::default(),
        };
        let rows = base.rows;
        Index {
            locate: Locate::Amended(Box::new(amended)),
            rows,
            ..Index::over(None, &base.key, &base.payload)
        }
    }
}

impl Amended {
    pub fn locate_all(&self, keys: &[&[Code]], len: usize, numbers: &mut Vec<u32>) {
        self.base.locate_all(keys, len, numbers);
        if self.more.is_empty() {
            return;
        }
        let mut key = vec![Code::default(); keys.len()];
        for (at, number) in numbers
            .iter_mut()
            .enumerate()
            .filter(|(_, n)| **n == ABSENT)
        {
            for (code, column) in key.iter_mut().zip(keys) {
                *code = column[at];
            }
            let found = self.more.find(&key);
            *number = found.map_or(ABSENT, |place| self.base.slots.len() as u32 + place);
        }
    }

    pub fn entry(&self, number: u32) -> &[Code] {
        match self.own.get(&number) {
            Some(entry) => &entry.codes,
            None => self.base.entry(number),
        }
    }

    pub fn count(&self, number: u32) -> usize {
        match self.own.get(&number) {
            Some(entry) => entry.rows,
            None => self.base.count(number),
        }
    }

    fn own(&mut self, number: u32) -> &mut Entry {
        let base = &self.base;
        let entry = self.own.entry(number).or_insert_with(|| {
            Arc::new(Entry {
                rows: base.count(number),
                codes: base.entry(number).to_vec(),
            })
        });
        Arc::make_mut(entry)
    }

    /// Adds the payload of a row beside its key, which has this number if it has one.
    pub fn add(&mut self, key: &[Code], number: u32, payload: impl Iterator<Item = Code>) {
        let number = match number {
            ABSENT => self.base.slots.len() as u32 + self.more.insert(key).0,
            number => number,
        };
        let entry = self.own(number);
        entry.rows += 1;
        entry.codes.extend(payload);
    }

    /// Takes out what is at a place in the entry of a key.
    pub fn take(&mut self, number: u32, at: usize, stride: usize) {
        let entry = self.own(number);
        entry.rows -= 1;
        let last = entry.rows * stride;
        entry.codes.copy_within(last..last + stride, at * stride);
        entry.codes.truncate(last);
    }
}
