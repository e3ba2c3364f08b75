//! Pairs as one list of second codes for each first code: four bytes a row, for relations whose rows come in long groups.
//!
//! A list is unordered. Whether a code is in it is decided by looking through the list while that is cheap, and by marking
//! the whole list in a bitmap once many candidates for it come together (the sparse accumulator of Gilbert, Moler and
//! Schreiber, 1992).

use super::Code;
use super::table::{KeyTable, PairTable, unpack};
use rustc_hash::FxHashMap;

/// A list longer than this gets a hash table before a single code is looked up in it.
const LONG: usize = if cfg!(test) { 6 } else { 2048 };
/// Codes above this are never marked: the bitmap would not fit any cache.
const MARKABLE: u32 = 1 << 26;
/// Looking at this many list entries costs about as much as marking and unmarking one.
const SCANNED_PER_MARK: usize = 16;

#[derive(Clone, Default)]
pub struct Groups {
    keys: KeyTable,
    firsts: Vec<Code>,
    groups: Vec<Group>,
    /// Tables of long groups, by group number.
    tables: FxHashMap<u32, PairTable>,
    /// Groups with unsettled codes, each once.
    dirty: Vec<u32>,
    /// Of all second codes.
    largest: u32,
}

#[derive(Clone, Default)]
struct Group {
    codes: Vec<Code>,
    settled: u32,
}

/// Bits of the codes of one list, while candidates for it are tested. All zero between lists.
#[derive(Default)]
pub struct Marks {
    words: Vec<u64>,
}

impl Marks {
    /// Sets the bit; whether it was clear.
    fn set(&mut self, code: Code) -> bool {
        let (word, bit) = (code.index() / 64, 1 << (code.0 % 64));
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        let clear = self.words[word] & bit == 0;
        self.words[word] |= bit;
        clear
    }

    fn clear(&mut self, codes: &[Code]) {
        for code in codes {
            if let Some(word) = self.words.get_mut(code.index() / 64) {
                *word = 0;
            }
        }
    }
}

impl Groups {
    /// Distinct first codes.
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    pub fn contains(&self, first: Code, second: Code) -> bool {
        self.keys
            .find(u64::from(first.0))
            .is_some_and(|number| match self.tables.get(&number) {
                Some(table) => table.contains(u64::from(second.0)),
                None => holds(&self.groups[number as usize].codes, second),
            })
    }

    /// [`Groups::settle`] that hands out nothing.
    pub fn settle_in_place(&mut self) {
        for number in std::mem::take(&mut self.dirty) {
            let group = &mut self.groups[number as usize];
            group.settled = group.codes.len() as u32;
        }
    }

    /// Pairs added since the last settling.
    pub fn unsettled(&self) -> usize {
        self.dirty
            .iter()
            .map(|&number| &self.groups[number as usize])
            .map(|group| group.codes.len() - group.settled as usize)
            .sum()
    }

    /// Adds packed pairs. Those with one first code must stand together.
    pub fn insert_grouped(&mut self, pairs: &[u64], marks: &mut Marks) {
        for pairs in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            let number = self.number(unpack(pairs[0]).0);
            let known = self.groups[number as usize].codes.len();
            self.largest = pairs
                .iter()
                .fold(self.largest, |largest, &pair| largest.max(pair as u32));
            // Without marks each candidate is looked for among what is known and, on average, half of what comes now.
            let scanning = pairs.len().saturating_mul(known + pairs.len() / 2);
            if self.largest <= MARKABLE && scanning > (known + pairs.len()) * SCANNED_PER_MARK {
                self.insert_marked(number, pairs, marks);
            } else {
                self.insert_scanned(number, pairs);
            }
        }
    }

    /// Adds a pair that is known to be new.
    pub fn push_new(&mut self, first: Code, second: Code) {
        let number = self.number(first);
        let group = &mut self.groups[number as usize];
        let before = group.codes.len();
        group.codes.push(second);
        self.largest = self.largest.max(second.0);
        self.note(number, before);
    }

    fn insert_marked(&mut self, number: u32, pairs: &[u64], marks: &mut Marks) {
        let codes = &mut self.groups[number as usize].codes;
        let before = codes.len();
        for &code in codes.iter() {
            marks.set(code);
        }
        codes.extend(
            pairs
                .iter()
                .map(|&pair| unpack(pair).1)
                .filter(|&code| marks.set(code)),
        );
        marks.clear(codes);
        self.note(number, before);
    }

    fn insert_scanned(&mut self, number: u32, pairs: &[u64]) {
        let before = self.groups[number as usize].codes.len();
        if before > LONG && !self.tables.contains_key(&number) {
            let known: Vec<u64> = self.groups[number as usize]
                .codes
                .iter()
                .map(|code| u64::from(code.0))
                .collect();
            let mut table = PairTable::default();
            table.insert_all(&known, &mut Vec::new());
            self.tables.insert(number, table);
        }
        let codes = &mut self.groups[number as usize].codes;
        match self.tables.get_mut(&number) {
            Some(table) => {
                let seconds: Vec<u64> = pairs
                    .iter()
                    .map(|&pair| u64::from(unpack(pair).1.0))
                    .collect();
                let mut fresh = Vec::new();
                table.insert_all(&seconds, &mut fresh);
                codes.extend(fresh.iter().map(|&second| Code(second as u32)));
                return self.note_dirty(number, before);
            }
            None => {
                for &pair in pairs {
                    let (_, code) = unpack(pair);
                    if !holds(codes, code) {
                        codes.push(code);
                    }
                }
            }
        }
        self.note(number, before);
    }

    /// After codes were appended to a list: its table follows, and the group is dirty.
    fn note(&mut self, number: u32, before: usize) {
        let group = &self.groups[number as usize];
        if let (Some(table), true) = (self.tables.get_mut(&number), group.codes.len() > before) {
            let fresh: Vec<u64> = group.codes[before..]
                .iter()
                .map(|code| u64::from(code.0))
                .collect();
            table.insert_all(&fresh, &mut Vec::new());
        }
        self.note_dirty(number, before);
    }

    fn note_dirty(&mut self, number: u32, before: usize) {
        let group = &self.groups[number as usize];
        if before == group.settled as usize && group.codes.len() > before {
            self.dirty.push(number);
        }
    }

    fn number(&mut self, first: Code) -> u32 {
        let number = self.keys.insert(u64::from(first.0));
        if number as usize == self.groups.len() {
            self.groups.push(Group::default());
            self.firsts.push(first);
        }
        number
    }

    /// Moves the rows added since the last call to the end of `firsts` and `seconds`.
    pub fn settle(&mut self, firsts: &mut Vec<Code>, seconds: &mut Vec<Code>) {
        for number in std::mem::take(&mut self.dirty) {
            let group = &mut self.groups[number as usize];
            let fresh = &group.codes[group.settled as usize..];
            firsts.resize(firsts.len() + fresh.len(), self.firsts[number as usize]);
            seconds.extend_from_slice(fresh);
            group.settled = group.codes.len() as u32;
        }
    }

    /// Takes a settled pair out; whether it was there. O(length of its list).
    pub fn take(&mut self, first: Code, second: Code) -> bool {
        let Some(number) = self.keys.find(u64::from(first.0)) else {
            return false;
        };
        let group = &mut self.groups[number as usize];
        let Some(at) = group.codes.iter().position(|&code| code == second) else {
            return false;
        };
        group.codes.swap_remove(at);
        group.settled = group.codes.len() as u32;
        if let Some(table) = self.tables.get_mut(&number) {
            table.take(u64::from(second.0));
        }
        true
    }

    /// The second codes beside a first one.
    pub fn list(&self, first: Code) -> &[Code] {
        match self.keys.find(u64::from(first.0)) {
            Some(number) => &self.groups[number as usize].codes,
            None => &[],
        }
    }

    /// The first code and the list of one group.
    pub fn group(&self, number: usize) -> (Code, &[Code]) {
        (self.firsts[number], &self.groups[number].codes)
    }
}

/// Looks at sixteen codes at a time, which the compiler turns into a few wide comparisons.
fn holds(codes: &[Code], wanted: Code) -> bool {
    let chunks = codes.chunks_exact(16);
    let rest = chunks.remainder();
    chunks.into_iter().any(|chunk| {
        chunk
            .iter()
            .fold(false, |found, &code| found | (code == wanted))
    }) || rest.contains(&wanted)
}

#[cfg(test)]
mod tests {
    use super::super::table::pack;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn holds_what_a_btree_set_holds(
            batches in prop::collection::vec(prop::collection::vec((0u32..4, 0u32..40), 0..60), 1..8),
            scale in prop::sample::select(vec![1u32, 1 << 25]),
        ) {
            let (mut groups, mut marks, mut model) = (Groups::default(), Marks::default(), BTreeSet::new());
            for batch in batches {
                let mut pairs: Vec<u64> = batch.iter().map(|&(a, b)| pack(Code(a * scale), Code(b * scale))).collect();
                pairs.sort_unstable();
                groups.insert_grouped(&pairs, &mut marks);
                let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
                groups.settle(&mut firsts, &mut seconds);
                let fresh: BTreeSet<u64> = firsts.iter().zip(&seconds).map(|(&a, &b)| pack(a, b)).collect();
                prop_assert_eq!(fresh.len(), firsts.len());
                let expected: BTreeSet<u64> = pairs.iter().copied().filter(|pair| !model.contains(pair)).collect();
                prop_assert_eq!(&fresh, &expected);
                model.extend(fresh);
            }
            for first in 0..5 {
                for second in 0..41 {
                    let (a, b) = (Code(first * scale), Code(second * scale));
                    prop_assert_eq!(groups.contains(a, b), model.contains(&pack(a, b)));
                }
            }
        }
    }
}
