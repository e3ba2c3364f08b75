//! Which values a column has, and nothing else: a bit for each code.

use super::{Arena, Index, Locate, Slot};
use crate::storage::{Code, RowSource};

/// Codes from the lowest to the highest for each row, at most: a hash table takes more then still.
const RANGE: usize = 64;

/// A bit for each code from `base` on.
#[derive(Clone)]
pub(super) struct Marks {
    base: u32,
    words: Box<[u64]>,
}

impl Marks {
    pub(super) fn has(&self, code: Code) -> bool {
        let offset = code.0.wrapping_sub(self.base) as usize;
        let word = self.words.get(offset / 64);
        word.is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }
}

impl Index {
    /// An index on one column without payload, for rows at rest: all values are found under the same number, as one row
    /// each. `None` where codes are too far apart.
    pub fn marking(rows: &dyn RowSource, column: usize) -> Option<Index> {
        let (mut low, mut high) = (u32::MAX, 0);
        rows.visit(&mut |columns, _| {
            for code in columns[column] {
                (low, high) = (low.min(code.0), high.max(code.0));
            }
        });
        let range = high.checked_sub(low)? as usize + 1;
        if range > rows.row_count().saturating_mul(RANGE) {
            return None;
        }
        let mut words = vec![0_u64; range.div_ceil(64)];
        rows.visit(&mut |columns, _| {
            for code in columns[column] {
                let offset = (code.0 - low) as usize;
                words[offset / 64] |= 1 << (offset % 64);
            }
        });
        let values = words.iter().map(|word| word.count_ones() as usize).sum();
        let one = Slot {
            start: 0,
            len: 1,
            room: 1,
        };
        Some(Index {
            key: vec![column],
            payload: Vec::new(),
            locate: Locate::Marked(Marks {
                base: low,
                words: words.into(),
            }),
            slots: vec![one],
            arena: Arena::Own(Vec::new()),
            vacant: Vec::new(),
            rows: values,
            ordered: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Rows;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn says_which_values_there_are(
            codes in proptest::collection::vec(0u32..300, 0..40),
            base in prop_oneof![Just(0u32), Just(1 << 31), Just(u32::MAX - 300)],
            asked in proptest::collection::vec(0u32..300, 1..40),
        ) {
            let column = codes.iter().map(|&code| Code(base + code)).collect();
            let rows = Rows::from_columns(vec![vec![Code(7); codes.len()], column]);
            let Some(index) = Index::marking(&rows, 1) else {
                let range = codes.iter().max().map_or(0, |high| high + 1);
                prop_assert!(codes.is_empty() || range as usize > codes.len() * RANGE);
                return Ok(());
            };
            let asked: Vec<Code> = asked.iter().map(|&code| Code(base + code)).collect();
            let mut numbers = Vec::new();
            index.locate_all(&[&asked], asked.len(), &mut numbers);
            for (code, number) in asked.iter().zip(numbers) {
                prop_assert_eq!(number, index.locate(&[*code]));
                let there = codes.contains(&(code.0 - base));
                prop_assert_eq!(index.count(number), usize::from(there));
            }
        }
    }
}
