//! Rows in ascending order, none twice, each in as many bits as it takes.

use super::pattern::agrees;
use super::set::RowSource;
use super::{Code, Rows, radix};
use std::ops::Range;

/// Rows that are kept to be looked up only. A row is a key of as many bits as its columns need for what is between their
/// least and their largest code; of a block of keys, each takes the bits that it needs above the least of them (frame of
/// reference: Goldstein, Ramakrishnan and Shaft, 1998). Rows of two columns mostly take a byte or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedRows {
    /// The first column in the highest bits.
    fields: Box<[Field]>,
    keys: Blocks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    least: u32,
    bits: u32,
}

/// Keys of a block: with `n` bits each, it takes `n` words.
const BLOCK: usize = u64::BITS as usize;
/// Fewer rows are sorted in one piece.
const MANY: usize = if cfg!(test) { 100 } else { 1 << 15 };
/// More are dealt out first, by so many of their highest bits at most: parts that fit the cache of a core.
const MOST_PART_BITS: u32 = 11;
/// The bits below, which sorting goes through twice.
const SORTED_BITS: u32 = 22;
/// Rows packed at a time.
const CHUNK: usize = 1024;

/// Keys in ascending order, none twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Blocks {
    len: usize,
    /// The first key of each block. These are searched first: they fit caches that all keys do not.
    firsts: Vec<u64>,
    /// Where the words of each block begin, and where those of the last one end.
    starts: Vec<u32>,
    words: Vec<u64>,
}

impl Blocks {
    fn get(&self, at: usize) -> u64 {
        let (block, at) = (at / BLOCK, at % BLOCK);
        let start = self.starts[block] as usize;
        let words = &self.words[start..self.starts[block + 1] as usize];
        let bit = at * words.len();
        let Some(&low) = words.get(bit / BLOCK) else {
            return self.firsts[block];
        };
        let shift = bit % BLOCK;
        let mut above = low >> shift;
        if shift + words.len() > BLOCK {
            above |= words[bit / BLOCK + 1] << (BLOCK - shift);
        }
        let mask = u64::MAX >> (BLOCK - words.len());
        self.firsts[block] + (above & mask)
    }

    /// Where the keys end that come before something.
    fn partition_point(&self, before: impl Fn(u64) -> bool) -> usize {
        let blocks = self.firsts.partition_point(|&key| before(key));
        let Some(block) = blocks.checked_sub(1) else {
            return 0;
        };
        let (mut start, mut end) = (block * BLOCK + 1, (blocks * BLOCK).min(self.len));
        while start < end {
            let middle = (start + end) / 2;
            match before(self.get(middle)) {
                true => start = middle + 1,
                false => end = middle,
            }
        }
        start
    }
}

/// Makes blocks of keys that ascend.
#[derive(Default)]
struct Builder {
    made: Blocks,
    /// The keys of the next block.
    waiting: Vec<u64>,
    /// There are more words than can be told apart.
    is_full: bool,
}

impl Builder {
    fn push(&mut self, key: u64) {
        if self.waiting.len() == BLOCK {
            self.flush();
        }
        self.waiting.push(key);
    }

    fn flush(&mut self) {
        let (Some(&first), Some(&last)) = (self.waiting.first(), self.waiting.last()) else {
            return;
        };
        let made = &mut self.made;
        let Ok(start) = u32::try_from(made.words.len()) else {
            self.is_full = true;
            return self.waiting.clear();
        };
        made.len += self.waiting.len();
        made.firsts.push(first);
        made.starts.push(start);
        let bits = (u64::BITS - (last - first).leading_zeros()) as usize;
        let start = made.words.len();
        made.words.resize(start + bits, 0);
        let words = &mut made.words[start..];
        for (at, key) in self.waiting.drain(..).enumerate() {
            let (above, bit) = (key - first, at * bits);
            let shift = bit % BLOCK;
            if let Some(word) = words.get_mut(bit / BLOCK) {
                *word |= above << shift;
            }
            if shift + bits > BLOCK {
                words[bit / BLOCK + 1] |= above >> (BLOCK - shift);
            }
        }
    }

    /// `None`: too many.
    fn finish(mut self) -> Option<Blocks> {
        self.flush();
        let end = u32::try_from(self.made.words.len()).ok()?;
        self.made.starts.push(end);
        self.made.firsts.shrink_to_fit();
        self.made.starts.shrink_to_fit();
        self.made.words.shrink_to_fit();
        (!self.is_full).then_some(self.made)
    }
}

/// Rows to be packed.
struct Packing<'s> {
    source: &'s dyn RowSource,
    fields: Box<[Field]>,
    /// The rows ascend, and none is there twice.
    ascends: bool,
}

impl<'s> Packing<'s> {
    /// `None`: a row takes more than 64 bits, or there are no columns.
    fn of(source: &'s dyn RowSource, arity: usize) -> Option<Packing<'s>> {
        let mut bounds = vec![(u32::MAX, 0); arity];
        let mut last = None;
        let mut ascends = true;
        source.visit(&mut |columns, len| {
            for ((least, most), column) in bounds.iter_mut().zip(columns) {
                for code in *column {
                    *least = code.0.min(*least);
                    *most = code.0.max(*most);
                }
            }
            for at in 0..if ascends { len } else { 0 } {
                let row = columns.iter().map(|column| column[at]);
                let is_later = last
                    .as_ref()
                    .is_none_or(|last: &Vec<Code>| row.clone().gt(last.iter().copied()));
                ascends &= is_later;
                let last = last.get_or_insert_default();
                last.clear();
                last.extend(row);
                if !ascends {
                    break;
                }
            }
        });
        let field = |(least, most): (u32, u32)| Field {
            least: least.min(most),
            bits: u32::BITS - most.saturating_sub(least).leading_zeros(),
        };
        let fields: Box<[Field]> = bounds.into_iter().map(field).collect();
        let packing = Packing {
            source,
            fields,
            ascends,
        };
        (arity > 0 && packing.bits() <= u64::BITS).then_some(packing)
    }

    fn bits(&self) -> u32 {
        self.fields.iter().map(|field| field.bits).sum()
    }

    /// Hands out the keys in the order of the rows.
    fn each(&self, act: &mut dyn FnMut(&[u64])) {
        let mut keys = [0; CHUNK];
        self.source.visit(&mut |columns, len| {
            for start in (0..len).step_by(CHUNK) {
                let end = (start + CHUNK).min(len);
                let keys = &mut keys[..end - start];
                keys.fill(0);
                for (field, column) in self.fields.iter().zip(columns) {
                    for (key, code) in keys.iter_mut().zip(&column[start..end]) {
                        *key = shifted(*key, field.bits) | u64::from(code.0 - field.least);
                    }
                }
                act(keys);
            }
        });
    }

    fn pack(&self) -> Option<Blocks> {
        let mut made = Builder::default();
        if self.ascends {
            self.each(&mut |keys| keys.iter().for_each(|&key| made.push(key)));
        } else if self.bits() <= u32::BITS {
            self.sort_into(&mut made, |key| key as u32);
        } else {
            self.sort_into(&mut made, |key| key);
        }
        made.finish()
    }

    /// Deals the keys out by their highest bits and sorts them part by part, so that there is a word for each and little
    /// more. `narrow` loses nothing of a key.
    fn sort_into<K>(&self, made: &mut Builder, narrow: impl Fn(u64) -> K)
    where
        K: Copy + Ord + Default + Into<u64>,
    {
        let count = self.source.row_count();
        let part_bits = match count < MANY {
            true => 0,
            false => self.bits().saturating_sub(SORTED_BITS).min(MOST_PART_BITS),
        };
        let low = self.bits() - part_bits;
        let part = |key: u64| key.checked_shr(low).unwrap_or(0) as usize;
        let mut ends = vec![0usize; 1 << part_bits];
        match part_bits {
            0 => ends[0] = count,
            _ => self.each(&mut |keys| keys.iter().for_each(|&key| ends[part(key)] += 1)),
        }
        // From here on: where the next key of a part goes.
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        let mut dealt = vec![K::default(); total];
        self.each(&mut |keys| {
            for &key in keys {
                let next = &mut ends[part(key)];
                dealt[*next] = narrow(key);
                *next += 1;
            }
        });
        let (mut scratch, mut start, mut last) = (Vec::new(), 0, None);
        for end in ends {
            let keys = &mut dealt[start..end];
            radix::sort_with(keys, &mut scratch);
            for &key in &*keys {
                if last != Some(key) {
                    made.push(key.into());
                }
                last = Some(key);
            }
            start = end;
        }
    }
}

impl PackedRows {
    /// `None`: a row takes more than 64 bits, or there are no columns. O(rows), duplicates count once.
    pub fn of(source: &dyn RowSource, arity: usize) -> Option<PackedRows> {
        let packing = Packing::of(source, arity)?;
        Some(PackedRows {
            keys: packing.pack()?,
            fields: packing.fields,
        })
    }

    pub fn arity(&self) -> usize {
        self.fields.len()
    }

    pub fn len(&self) -> usize {
        self.keys.len
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// O(log n).
    pub fn contains(&self, row: &[Code]) -> bool {
        let Some(wanted) = self.prefix(row) else {
            return false;
        };
        let at = self.keys.partition_point(|key| key < wanted);
        at < self.len() && self.keys.get(at) == wanted
    }

    /// What the keys of rows that begin with these codes begin with. `None`: there are none.
    fn prefix(&self, first: &[Code]) -> Option<u64> {
        let mut prefix = 0u64;
        for (field, code) in self.fields.iter().zip(first) {
            let above = code.0.checked_sub(field.least)?;
            if above.checked_shr(field.bits).unwrap_or(0) != 0 {
                return None;
            }
            prefix = shifted(prefix, field.bits) | u64::from(above);
        }
        Some(prefix)
    }

    /// Where the rows are that begin with these codes. O(log n).
    pub fn range(&self, first: &[Code]) -> Range<usize> {
        let Some(prefix) = self.prefix(first) else {
            return 0..0;
        };
        let rest: u32 = self.fields[first.len()..]
            .iter()
            .map(|field| field.bits)
            .sum();
        let of = |key: u64| key.checked_shr(rest).unwrap_or(0);
        let start = self.keys.partition_point(|key| of(key) < prefix);
        start..self.keys.partition_point(|key| of(key) <= prefix)
    }

    /// Adds the rows that agree with a pattern where it is `Some`. O(log n), and linear in the rows that agree on the
    /// columns bound before the first free one.
    pub fn matching(&self, pattern: &[Option<Code>], found: &mut Rows) {
        let leading: Vec<Code> = pattern.iter().map_while(|code| *code).collect();
        let mut row = vec![Code(0); self.fields.len()];
        for at in self.range(&leading) {
            self.unpack(at, &mut row);
            if agrees(pattern, &row) {
                found.push(&row);
            }
        }
    }

    /// Writes a row to where it is wanted.
    pub fn unpack(&self, at: usize, row: &mut [Code]) {
        let mut key = self.keys.get(at);
        for (field, code) in self.fields.iter().zip(row).rev() {
            let mask = shifted(1, field.bits).wrapping_sub(1);
            *code = Code((key & mask) as u32 + field.least);
            key = key.checked_shr(field.bits).unwrap_or(0);
        }
    }

    /// Ascending.
    pub fn to_rows(&self) -> Rows {
        let mut rows = Rows::new(self.fields.len());
        let mut row = vec![Code(0); self.fields.len()];
        for at in 0..self.len() {
            self.unpack(at, &mut row);
            rows.push(&row);
        }
        rows
    }
}

fn shifted(key: u64, bits: u32) -> u64 {
    key.checked_shl(bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::SortedRows;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn finds_what_sorted_columns_find(arity in 1usize..5, seed in prop::collection::vec(any::<u32>(), 0..800), mask in prop::sample::select(vec![0u32, 3, 0xFF, 0xFFFF, u32::MAX]), least in any::<u32>()) {
            let mut rows = Rows::new(arity);
            for chunk in seed.chunks_exact(arity) {
                let row: Vec<Code> = chunk.iter().map(|code| Code((code & mask).saturating_add(least))).collect();
                rows.push(&row);
            }
            let sorted = SortedRows::from_unsorted(rows.clone());
            let Some(packed) = PackedRows::of(&rows, arity) else {
                prop_assert!(arity > 2);
                return Ok(());
            };
            prop_assert_eq!(&packed.to_rows(), &**sorted.rows());
            prop_assert_eq!(packed.len(), sorted.len());
            for row in rows.iter() {
                for bound in 0..1usize << arity {
                    for other in [0, 1, 7] {
                        let pattern: Vec<Option<Code>> = row.iter().enumerate()
                            .map(|(at, code)| (bound >> at & 1 == 1).then_some(Code(code.0 ^ other)))
                            .collect();
                        let (mut one, mut two) = (Rows::new(arity), Rows::new(arity));
                        packed.matching(&pattern, &mut one);
                        sorted.matching(&pattern, &mut two);
                        prop_assert_eq!(one, two);
                    }
                }
                let mut other = row.clone();
                other[arity - 1].0 = other[arity - 1].0.wrapping_add(1);
                prop_assert_eq!(packed.contains(&other), sorted.contains(&other));
                prop_assert!(packed.contains(&row));
            }
        }
    }
}
