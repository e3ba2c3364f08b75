//! Pairs as the second codes of each first one: for relations whose rows come in long groups.
//!
//! The codes of a group are a list in no order, four bytes each, or a bit for each code in the group's range where that
//! takes less. Whether a code is in a list is decided by looking through the list while that is cheap, and by marking
//! the whole list in a bitmap once many candidates for it come together (the sparse accumulator of Gilbert, Moler and
//! Schreiber, 1992).

use super::marks::Marks;
use super::table::{KeyTable, PairTable, pack, unpack};
use super::{Code, radix};
use rustc_hash::{FxHashMap, FxHashSet};

/// A list longer than this gets a hash table before a single code is looked up in it.
const LONG: usize = if cfg!(test) { 6 } else { 2048 };
/// Looking at this many list entries costs about as much as marking and unmarking one.
const SCANNED_PER_MARK: usize = 16;
/// Fewer codes are a list whatever their range.
const FEW: usize = if cfg!(test) { 4 } else { 64 };
/// Codes of range for each code of a group, from which on bits take as much as a list.
const SPREAD: usize = 32;

#[derive(Clone, Default)]
pub struct Groups {
    keys: KeyTable,
    firsts: Vec<Code>,
    groups: Vec<Group>,
    /// Tables of long lists, by group number.
    tables: FxHashMap<u32, PairTable>,
    /// Lists with unsettled codes, each once.
    dirty: Vec<u32>,
    /// Unsettled pairs of groups of bits.
    fresh: Vec<u64>,
    /// The greatest second code so far.
    highest: u32,
}

#[derive(Clone, Default)]
struct Group {
    /// None beside `bits`.
    codes: Vec<Code>,
    settled: u32,
    bits: Option<Box<Bits>>,
}

/// The bits of codes from `base` on.
#[derive(Clone)]
struct Bits {
    base: u32,
    words: Vec<u64>,
}

impl Bits {
    fn spanning(low: u32, high: u32) -> Bits {
        let base = low / 64 * 64;
        Bits {
            base,
            words: vec![0; ((high - base) / 64 + 1) as usize],
        }
    }

    /// The first and the last code there is room for.
    fn room(&self) -> (u32, u32) {
        (self.base, self.base + (self.words.len() * 64 - 1) as u32)
    }

    /// The same codes with room for others, of which the range includes these.
    fn widened(&self, low: u32, high: u32) -> Bits {
        let mut wide = Bits::spanning(low, high);
        let from = ((self.base - wide.base) / 64) as usize;
        wide.words[from..from + self.words.len()].copy_from_slice(&self.words);
        wide
    }

    fn place(&self, code: Code) -> Option<(usize, u64)> {
        let offset = code.0.checked_sub(self.base)?;
        let word = offset as usize / 64;
        (word < self.words.len()).then_some((word, 1 << (offset % 64)))
    }

    fn contains(&self, code: Code) -> bool {
        self.place(code)
            .is_some_and(|(word, bit)| self.words[word] & bit != 0)
    }

    /// Whether the code, which is within range, was not there.
    fn insert(&mut self, code: Code) -> bool {
        let Some((word, bit)) = self.place(code) else {
            return false;
        };
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    fn remove(&mut self, code: Code) {
        if let Some((word, bit)) = self.place(code) {
            self.words[word] &= !bit;
        }
    }

    fn count(&self) -> usize {
        let counts = self.words.iter().map(|word| word.count_ones() as usize);
        counts.sum()
    }

    /// The codes that others have not.
    fn read_only(&self, others: &Bits, into: &mut Vec<Code>) {
        for (at, &word) in self.words.iter().enumerate() {
            let base = self.base + at as u32 * 64;
            let other = base.checked_sub(others.base);
            let other = other.and_then(|offset| others.words.get(offset as usize / 64));
            read_word(base, word & !other.copied().unwrap_or(0), into);
        }
    }

    fn read(&self, into: &mut Vec<Code>) {
        for (at, &word) in self.words.iter().enumerate() {
            read_word(self.base + at as u32 * 64, word, into);
        }
    }
}

fn read_word(base: u32, mut word: u64, into: &mut Vec<Code>) {
    while word != 0 {
        into.push(Code(base + word.trailing_zeros()));
        word &= word - 1;
    }
}

impl Group {
    fn contains(&self, code: Code) -> bool {
        match &self.bits {
            Some(bits) => bits.contains(code),
            None => holds(&self.codes, code),
        }
    }

    fn len(&self) -> usize {
        match &self.bits {
            Some(bits) => bits.count(),
            None => self.codes.len(),
        }
    }

    fn read(&self, into: &mut Vec<Code>) {
        match &self.bits {
            Some(bits) => bits.read(into),
            None => into.extend_from_slice(&self.codes),
        }
    }

    /// The list becomes bits where these are leaner. Unsettled codes that leave the list are handed to `fresh`.
    fn suit(&mut self, mut fresh: impl FnMut(&[Code])) {
        if self.codes.len() <= FEW {
            return;
        }
        let codes = self.codes.iter();
        let (low, high) = codes.fold((u32::MAX, 0), |(low, high), code| {
            (low.min(code.0), high.max(code.0))
        });
        if !is_dense(self.codes.len(), low, high) {
            return;
        }
        let mut bits = Bits::spanning(low, high);
        for &code in &self.codes {
            bits.insert(code);
        }
        fresh(&self.codes[self.settled as usize..]);
        (self.codes, self.settled) = (Vec::new(), 0);
        self.bits = Some(Box::new(bits));
    }

    /// Bits get room for codes of this range, or become a list where that is leaner then.
    fn widen(&mut self, low: u32, high: u32) {
        let Some(bits) = &self.bits else { return };
        let (least, most) = bits.room();
        if least <= low && high <= most {
            return;
        }
        let (from, to) = (least.min(low), most.max(high));
        if is_dense(bits.count(), from, to) {
            // For ranges that grow by one code after the other.
            let more = (to - from) / 4;
            let below = if low < least { more } else { 0 };
            let above = if high > most { more } else { 0 };
            let (from, to) = (from.saturating_sub(below), to.saturating_add(above));
            self.bits = Some(Box::new(bits.widened(from, to)));
        } else {
            bits.read(&mut self.codes);
            self.settled = self.codes.len() as u32;
            self.bits = None;
        }
    }
}

/// Whether bits for a range take less than a list of so many codes in it.
fn is_dense(codes: usize, low: u32, high: u32) -> bool {
    ((high - low) as usize) < codes * SPREAD
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
                None => self.groups[number as usize].contains(second),
            })
    }

    /// [`Groups::settle`] that hands out nothing.
    pub fn settle_in_place(&mut self) {
        for number in std::mem::take(&mut self.dirty) {
            let group = &mut self.groups[number as usize];
            group.settled = group.codes.len() as u32;
        }
        self.fresh = Vec::new();
    }

    /// Pairs added since the last settling.
    pub fn unsettled(&self) -> usize {
        let lists = self.dirty.iter();
        let fresh = lists
            .map(|&number| &self.groups[number as usize])
            .map(|group| group.codes.len() - group.settled as usize);
        self.fresh.len() + fresh.sum::<usize>()
    }

    /// Adds packed pairs. Those with one first code must stand together.
    pub fn insert_grouped(&mut self, pairs: &[u64], marks: &mut Marks) {
        for pairs in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            let number = self.number(unpack(pairs[0]).0);
            let seconds = pairs.iter().map(|&pair| pair as u32);
            let (low, high) = seconds.fold((u32::MAX, 0), |(low, high), code| {
                (low.min(code), high.max(code))
            });
            self.highest = self.highest.max(high);
            let group = &mut self.groups[number as usize];
            group.widen(low, high);
            if let Some(bits) = &mut group.bits {
                let new = |pair: &&u64| bits.insert(unpack(**pair).1);
                self.fresh.extend(pairs.iter().filter(new));
                continue;
            }
            let known = group.codes.len();
            // Without marks each candidate is looked for among what is known and, on average, half of what comes now.
            let scanning = pairs.len().saturating_mul(known + pairs.len() / 2);
            let markable = Marks::hold(Code(self.highest));
            if markable && scanning > (known + pairs.len()) * SCANNED_PER_MARK {
                self.insert_marked(number, pairs, marks);
            } else {
                self.insert_scanned(number, pairs);
            }
            // Asked again only when the list has doubled.
            let len = self.groups[number as usize].codes.len();
            if known.checked_ilog2() != len.checked_ilog2() {
                self.suit(number);
            }
        }
    }

    fn suit(&mut self, number: u32) {
        let first = self.firsts[number as usize];
        let group = &mut self.groups[number as usize];
        group.suit(|codes| {
            let codes = codes.iter().map(|&code| pack(first, code));
            self.fresh.extend(codes);
        });
        if group.bits.is_some() {
            self.tables.remove(&number);
        }
    }

    /// Adds a settled pair that is known to be new.
    pub fn put(&mut self, first: Code, second: Code) {
        let number = self.number(first);
        self.highest = self.highest.max(second.0);
        let group = &mut self.groups[number as usize];
        group.widen(second.0, second.0);
        match &mut group.bits {
            Some(bits) => {
                bits.insert(second);
            }
            None => {
                group.codes.push(second);
                group.settled += 1;
                match self.tables.get_mut(&number) {
                    Some(table) => table.insert_all(&[u64::from(second.0)], &mut Vec::new()),
                    None => self.look_up_long(number),
                }
            }
        }
    }

    /// Groups of packed pairs, all distinct and settled.
    pub fn of(mut pairs: Vec<u64>) -> Groups {
        radix::sort_by_first(&mut pairs, &mut Vec::new());
        let mut groups = Groups::default();
        for pairs in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            let number = groups.number(unpack(pairs[0]).0);
            let group = &mut groups.groups[number as usize];
            group.codes = pairs.iter().map(|&pair| unpack(pair).1).collect();
            group.settled = pairs.len() as u32;
        }
        let seconds = pairs.iter().map(|&pair| pair as u32);
        groups.highest = seconds.max().unwrap_or(0);
        (0..groups.groups.len() as u32).for_each(|number| groups.suit(number));
        groups
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

    /// A list that is too long to look through gets a table beside it.
    fn look_up_long(&mut self, number: u32) {
        let codes = &self.groups[number as usize].codes;
        if codes.len() > LONG && !self.tables.contains_key(&number) {
            let known: Vec<u64> = codes.iter().map(|code| u64::from(code.0)).collect();
            let mut table = PairTable::default();
            table.insert_all(&known, &mut Vec::new());
            self.tables.insert(number, table);
        }
    }

    fn insert_scanned(&mut self, number: u32, pairs: &[u64]) {
        let before = self.groups[number as usize].codes.len();
        self.look_up_long(number);
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
        for pair in self.fresh.drain(..) {
            let (first, second) = unpack(pair);
            firsts.push(first);
            seconds.push(second);
        }
    }

    /// Takes a settled pair out; whether it was there. O(length of its list).
    pub fn take(&mut self, first: Code, second: Code) -> bool {
        let Some(number) = self.keys.find(u64::from(first.0)) else {
            return false;
        };
        let group = &mut self.groups[number as usize];
        if let Some(bits) = &mut group.bits {
            let there = bits.contains(second);
            bits.remove(second);
            return there;
        }
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

    /// Appends the second codes beside a first one.
    pub fn seconds(&self, first: Code, into: &mut Vec<Code>) {
        if let Some(number) = self.keys.find(u64::from(first.0)) {
            self.groups[number as usize].read(into);
        }
    }

    /// Calls back with the pairs that others have not. Quick where both were filled alike.
    pub fn only(&self, others: &Groups, act: &mut dyn FnMut(Code, Code)) {
        let mut codes = Vec::new();
        for (group, &first) in self.groups.iter().zip(&self.firsts) {
            let other = others.keys.find(u64::from(first.0));
            let Some(number) = other else {
                codes.clear();
                group.read(&mut codes);
                codes.iter().for_each(|&second| act(first, second));
                continue;
            };
            let other = &others.groups[number as usize];
            let only = match (&group.bits, &other.bits) {
                (Some(one), Some(two)) => {
                    codes.clear();
                    one.read_only(two, &mut codes);
                    &codes
                }
                (None, None) if group.codes == other.codes => continue,
                (None, None) => {
                    let known: FxHashSet<Code> = other.codes.iter().copied().collect();
                    codes.clear();
                    codes.extend(group.codes.iter().filter(|code| !known.contains(code)));
                    &codes
                }
                _ => {
                    codes.clear();
                    group.read(&mut codes);
                    codes.retain(|&second| !others.contains(first, second));
                    &codes
                }
            };
            only.iter().for_each(|&second| act(first, second));
        }
    }

    /// How many second codes stand beside a first one.
    pub fn count_seconds(&self, first: Code) -> usize {
        let number = self.keys.find(u64::from(first.0));
        number.map_or(0, |number| self.groups[number as usize].len())
    }

    /// The first code of one group; its second codes are appended.
    pub fn read(&self, number: usize, into: &mut Vec<Code>) -> Code {
        self.groups[number].read(into);
        self.firsts[number]
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
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn holds_what_a_btree_set_holds(
            batches in prop::collection::vec(prop::collection::vec((0u32..4, 0u32..40), 0..60), 1..8),
            (scale, base, apart) in prop::sample::select(vec![(1u32, 0u32, 0u32), (1, 0, 1 << 28), (3, 200, 0), (1 << 25, 0, 0)]),
            dropped in prop::collection::btree_set((0u32..4, 0u32..40), 0..20),
        ) {
            let code = |a: u32, b: u32| Code((base + b * scale + a * apart).wrapping_sub(if b.is_multiple_of(7) { base } else { 0 }));
            let pair = |&(a, b): &(u32, u32)| pack(Code(a * scale), code(a, b));
            let (mut groups, mut marks, mut model) = (Groups::default(), Marks::default(), BTreeSet::new());
            for batch in batches {
                let mut pairs: Vec<u64> = batch.iter().map(pair).collect();
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
                    let (a, b) = (Code(first * scale), code(first, second));
                    prop_assert_eq!(groups.contains(a, b), model.contains(&pack(a, b)));
                }
            }
            let dropped: BTreeSet<u64> = dropped.iter().map(pair).collect();
            let others = Groups::of(model.difference(&dropped).copied().collect());
            let mut only = BTreeSet::new();
            groups.only(&others, &mut |a, b| assert!(only.insert(pack(a, b)), "each once"));
            prop_assert_eq!(only, model.intersection(&dropped).copied().collect());
        }
    }
}
