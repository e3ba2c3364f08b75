//! Rows in ascending order, none twice, each in one word.

use super::pattern::agrees;
use super::{Code, Rows, radix};
use std::ops::Range;

/// Rows that are kept to be looked up only. A column takes the bits that its largest code needs above its least one, so
/// that rows of two columns mostly take four bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedRows {
    /// The first column in the highest bits.
    fields: Box<[Field]>,
    keys: Keys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    least: u32,
    bits: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Keys {
    Short(Sampled<u32>),
    Long(Sampled<u64>),
}

/// So many keys for each in the sample.
const STRIDE: usize = if cfg!(test) { 3 } else { 64 };

/// Keys in ascending order, and some of them at equal distances, which are searched first: they fit caches that all keys
/// do not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sampled<K> {
    keys: Box<[K]>,
    sample: Box<[K]>,
}

impl<K: Copy + Ord> Sampled<K> {
    fn new(keys: Box<[K]>) -> Sampled<K> {
        let sample = keys.iter().step_by(STRIDE).copied().collect();
        Sampled { keys, sample }
    }

    /// Where the keys end that come before something.
    fn partition_point(&self, before: impl Fn(K) -> bool) -> usize {
        let sampled = self.sample.partition_point(|&key| before(key));
        let start = sampled.saturating_sub(1) * STRIDE;
        let end = (start + STRIDE).min(self.keys.len());
        start + self.keys[start..end].partition_point(|&key| before(key))
    }
}

/// The rows as words: `join` puts a code below so many bits.
fn packed<K: Copy + Ord + Default + Into<u64>>(
    rows: &Rows,
    fields: &[Field],
    join: impl Fn(K, u32, u32) -> K,
) -> Box<[K]> {
    let mut keys = vec![K::default(); rows.len()];
    for (at, field) in fields.iter().enumerate() {
        for (key, code) in keys.iter_mut().zip(rows.column(at)) {
            *key = join(*key, field.bits, code.0 - field.least);
        }
    }
    radix::sort(&mut keys);
    keys.dedup();
    keys.into()
}

impl PackedRows {
    /// `None`: a row takes more than 64 bits, or there are no columns. O(rows), duplicates count once.
    pub fn of(rows: &Rows) -> Option<PackedRows> {
        if rows.arity() == 0 {
            return None;
        }
        let field = |at| {
            let codes = rows.column(at).iter().map(|code| code.0);
            let least = codes.clone().min().unwrap_or_default();
            let most = codes.max().unwrap_or_default();
            let bits = u32::BITS - (most - least).leading_zeros();
            Field { least, bits }
        };
        let fields: Box<[Field]> = (0..rows.arity()).map(field).collect();
        let bits: u32 = fields.iter().map(|field| field.bits).sum();
        if bits > u64::BITS {
            return None;
        }
        let keys = match bits <= u32::BITS {
            true => Keys::Short(Sampled::new(packed(
                rows,
                &fields,
                |key: u32, bits, code| key.checked_shl(bits).unwrap_or(0) | code,
            ))),
            false => Keys::Long(Sampled::new(packed(rows, &fields, |key, bits, code| {
                shifted(key, bits) | u64::from(code)
            }))),
        };
        Some(PackedRows { fields, keys })
    }

    pub fn arity(&self) -> usize {
        self.fields.len()
    }

    pub fn len(&self) -> usize {
        match &self.keys {
            Keys::Short(all) => all.keys.len(),
            Keys::Long(all) => all.keys.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// O(log n).
    pub fn contains(&self, row: &[Code]) -> bool {
        let Some(wanted) = self.prefix(row) else {
            return false;
        };
        match &self.keys {
            Keys::Short(all) => {
                let at = all.partition_point(|key| u64::from(key) < wanted);
                all.keys
                    .get(at)
                    .is_some_and(|&key| u64::from(key) == wanted)
            }
            Keys::Long(all) => {
                all.keys.get(all.partition_point(|key| key < wanted)) == Some(&wanted)
            }
        }
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
        match &self.keys {
            Keys::Short(all) => {
                let start = all.partition_point(|key| of(u64::from(key)) < prefix);
                start..all.partition_point(|key| of(u64::from(key)) <= prefix)
            }
            Keys::Long(all) => {
                let start = all.partition_point(|key| of(key) < prefix);
                start..all.partition_point(|key| of(key) <= prefix)
            }
        }
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
        let mut key = match &self.keys {
            Keys::Short(all) => u64::from(all.keys[at]),
            Keys::Long(all) => all.keys[at],
        };
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_sorted_columns_find(arity in 1usize..5, seed in prop::collection::vec(any::<u32>(), 0..60), mask in prop::sample::select(vec![0u32, 3, 0xFF, 0xFFFF, u32::MAX]), least in any::<u32>()) {
            let mut rows = Rows::new(arity);
            for chunk in seed.chunks_exact(arity) {
                let row: Vec<Code> = chunk.iter().map(|code| Code((code & mask).saturating_add(least))).collect();
                rows.push(&row);
            }
            let sorted = SortedRows::from_unsorted(rows.clone());
            let Some(packed) = PackedRows::of(&rows) else {
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
