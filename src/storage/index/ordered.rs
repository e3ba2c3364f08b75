//! Entries in the order of the values of one column.

use super::Index;
use crate::storage::Code;
use std::ops::Range;

impl Index {
    /// Brings the rows of each entry into the order of a column, the one at `place` of the payload. O(n log n) in the rows of
    /// the longest entry.
    pub fn order_entries<K: Ord>(&mut self, place: usize, value: impl Fn(Code) -> K) {
        let stride = self.payload.len();
        let codes = self.arena.own(&mut self.slots, stride);
        for slot in &self.slots {
            let start = slot.start as usize * stride;
            let entry = &mut codes[start..start + slot.len as usize * stride];
            let rows = entry.chunks_exact(stride).enumerate();
            let mut order: Vec<(K, usize)> = rows
                .map(|(row, codes)| (value(codes[place]), row))
                .collect();
            order.sort_unstable();
            let sorted: Vec<Code> = order
                .into_iter()
                .flat_map(|(_, row)| entry[row * stride..(row + 1) * stride].iter().copied())
                .collect();
            entry.copy_from_slice(&sorted);
        }
        self.ordered = false;
    }

    /// Which rows of an entry that is in the order of a column have values from `low` to `high` there.
    pub fn between<K: Ord>(
        &self,
        number: u32,
        place: usize,
        value: impl Fn(Code) -> K,
        low: Option<K>,
        high: Option<K>,
    ) -> Range<usize> {
        let (entry, stride) = (self.entry(number), self.payload.len());
        let first = |wanted: &dyn Fn(K) -> bool| {
            let (mut from, mut to) = (0, self.count(number));
            while from < to {
                let middle = from + (to - from) / 2;
                match wanted(value(entry[middle * stride + place])) {
                    true => to = middle,
                    false => from = middle + 1,
                }
            }
            from
        };
        let start = low.map_or(0, |low| first(&|known| known >= low));
        let end = high.map_or(self.count(number), |high| first(&|known| known > high));
        start..end.max(start)
    }
}
