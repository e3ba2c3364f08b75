//! Rows that fit a word each, sorted as words.

use super::unless::{Halted, Halts};
use super::{Code, Rows, radix};
use rayon::prelude::*;
use std::ops::Range;

/// How many bits of a `u64` each column takes, when a row fits one at all.
pub(super) struct Packing {
    bits: Vec<u32>,
}

impl Packing {
    /// Fewer rows are sorted in one piece, by one thread.
    #[cfg(not(test))]
    const MANY: usize = 1 << 15;
    #[cfg(test)]
    const MANY: usize = 64;
    /// More rows are first dealt out by their highest bits, into as many parts at most as this has values: parts that fit
    /// the cache of a core, and that threads can sort side by side.
    const PART_BITS: u32 = 11;
    /// Rows packed at a time.
    const CHUNK: usize = 1024;

    pub fn of(rows: &Rows) -> Option<Packing> {
        let bits: Vec<u32> = (0..rows.arity())
            .map(|at| {
                32 - rows
                    .column(at)
                    .iter()
                    .fold(0, |all, code| all | code.0)
                    .leading_zeros()
            })
            .collect();
        (!bits.is_empty() && bits.iter().sum::<u32>() <= 64).then_some(Packing { bits })
    }

    /// The rows in ascending order, none twice. On all threads of the pool that it is called in, if any; they take the room
    /// they had and a word each. `None`: it was halted.
    pub fn sort(&self, rows: Rows, halts: &Halts) -> Option<Rows> {
        if rows.len() < Self::MANY {
            let mut keys = vec![0; rows.len()];
            let mut columns = rows.into_columns();
            self.pack(&columns, 0..keys.len(), &mut keys);
            radix::sort(&mut keys);
            keys.dedup();
            for column in &mut columns {
                column.truncate(keys.len());
            }
            let mut parts: Vec<&mut [Code]> = columns.iter_mut().map(|of| &mut **of).collect();
            self.unpack(&keys, &mut parts);
            return Some(Rows::from_columns(columns));
        }
        let threads = match rayon::current_thread_index() {
            Some(_) => rayon::current_num_threads(),
            None => 1,
        };
        self.sort_in_parts(rows.into_columns(), threads, &Halted::by(halts))
    }

    fn sort_in_parts(
        &self,
        mut columns: Vec<Vec<Code>>,
        threads: usize,
        halted: &Halted,
    ) -> Option<Rows> {
        let (mut keys, ends) = self.deal(&columns, threads, halted)?;
        let mut parts = cut(&mut keys, &ends);
        // How many of each part are distinct: those come first in it then.
        let sort = |scratch: &mut Vec<u64>, part: &mut &mut [u64]| match halted.now() {
            true => 0,
            false => sort_part(part, scratch),
        };
        let kept: Vec<usize> = match threads {
            1 => {
                let mut scratch = Vec::new();
                let parts = parts.iter_mut();
                parts.map(|part| sort(&mut scratch, part)).collect()
            }
            _ => {
                let parts = parts.par_iter_mut().with_max_len(8);
                parts.map_init(Vec::new, sort).collect()
            }
        };
        if halted.so_far() {
            return None;
        }
        let kept_ends: Vec<usize> = kept
            .iter()
            .scan(0, |end, kept| {
                *end += kept;
                Some(*end)
            })
            .collect();
        let count = kept_ends.last().copied().unwrap_or(0);
        let mut places: Vec<Vec<&mut [Code]>> = ends.iter().map(|_| Vec::new()).collect();
        for column in &mut columns {
            column.truncate(count);
            let pieces = cut(column, &kept_ends).into_iter();
            pieces
                .zip(&mut places)
                .for_each(|(piece, place)| place.push(piece));
        }
        let unpack = |((part, kept), place): ((&&mut [u64], &usize), &mut Vec<&mut [Code]>)| {
            if !halted.now() {
                self.unpack(&part[..*kept], place);
            }
        };
        match threads {
            1 => parts.iter().zip(&kept).zip(&mut places).for_each(unpack),
            _ => {
                let parts = parts.par_iter().zip(&kept).zip(&mut places);
                parts.with_max_len(8).for_each(unpack);
            }
        }
        drop(places);
        (!halted.so_far()).then(|| Rows::from_columns(columns))
    }

    /// The keys of rows, part by part, and where parts end. `None`: it was halted.
    fn deal(
        &self,
        columns: &[Vec<Code>],
        threads: usize,
        halted: &Halted,
    ) -> Option<(Vec<u64>, Vec<usize>)> {
        let len = columns.first().map_or(0, Vec::len);
        let bits: u32 = self.bits.iter().sum();
        let part_bits = bits.min(Self::PART_BITS);
        let part = |key: u64| key.checked_shr(bits - part_bits).unwrap_or(0) as usize;
        let share = len.div_ceil(threads);
        let shares: Vec<Range<usize>> = (0..threads)
            .map(|at| (at * share).min(len)..((at + 1) * share).min(len))
            .collect();
        let count = |rows: &Range<usize>| {
            let mut counts = vec![0usize; 1 << part_bits];
            self.each_chunk(columns, rows, halted, |keys| {
                keys.iter().for_each(|&key| counts[part(key)] += 1);
            });
            counts
        };
        let mut counts: Vec<Vec<usize>> = match threads {
            1 => shares.iter().map(count).collect(),
            _ => shares.par_iter().map(count).collect(),
        };
        if halted.so_far() {
            // Not all rows were counted.
            return None;
        }
        // From here on: where the next row goes that a share has of a part.
        let mut end = 0;
        let mut ends = Vec::with_capacity(1 << part_bits);
        for part in 0..1 << part_bits {
            for counts in &mut counts {
                end += std::mem::replace(&mut counts[part], end);
            }
            ends.push(end);
        }
        let mut keys = vec![0u64; len];
        let room = Room(keys.as_mut_ptr());
        let deal = |(rows, next): (&Range<usize>, &mut Vec<usize>)| {
            let room = &room;
            self.each_chunk(columns, rows, halted, |keys| {
                for &key in keys {
                    let next = &mut next[part(key)];
                    // SAFETY: all shares together have as many rows as there is room for, and each row, counted above by
                    // the same shares and parts, has a place of its own in it.
                    unsafe { room.0.add(*next).write(key) };
                    *next += 1;
                }
            });
        };
        match threads {
            1 => shares.iter().zip(&mut counts).for_each(deal),
            _ => shares.par_iter().zip(&mut counts).for_each(deal),
        }
        (!halted.so_far()).then_some((keys, ends))
    }

    /// Hands out the keys of some rows, in their order, until it is halted.
    fn each_chunk(
        &self,
        columns: &[Vec<Code>],
        rows: &Range<usize>,
        halted: &Halted,
        mut take: impl FnMut(&[u64]),
    ) {
        let mut keys = [0; Self::CHUNK];
        for start in rows.clone().step_by(Self::CHUNK) {
            if halted.now() {
                break;
            }
            let end = (start + Self::CHUNK).min(rows.end);
            let keys = &mut keys[..end - start];
            self.pack(columns, start..end, keys);
            take(keys);
        }
    }

    fn pack(&self, columns: &[Vec<Code>], rows: Range<usize>, keys: &mut [u64]) {
        keys.fill(0);
        for (column, &bits) in columns.iter().zip(&self.bits) {
            for (key, code) in keys.iter_mut().zip(&column[rows.clone()]) {
                *key = *key << bits | u64::from(code.0);
            }
        }
    }

    fn unpack(&self, keys: &[u64], columns: &mut [&mut [Code]]) {
        let mut shift = 0;
        for (column, &bits) in columns.iter_mut().zip(&self.bits).rev() {
            let mask = (1u64 << bits) - 1;
            for (code, key) in column.iter_mut().zip(keys) {
                *code = Code((key.checked_shr(shift).unwrap_or(0) & mask) as u32);
            }
            shift += bits;
        }
    }
}

/// Where several threads write, each at places of its own.
struct Room(*mut u64);

// SAFETY: whoever writes through it sees to it that no place is another thread's.
unsafe impl Sync for Room {}

/// Sorts and brings what is distinct to the front; how many that is.
fn sort_part(keys: &mut [u64], scratch: &mut Vec<u64>) -> usize {
    radix::sort_with(keys, scratch);
    let mut kept = 0;
    for at in 0..keys.len() {
        let key = keys[at];
        keys[kept] = key;
        kept += usize::from(keys.get(at + 1) != Some(&key));
    }
    kept
}

/// Pieces that end where told.
fn cut<'a, T>(mut all: &'a mut [T], ends: &[usize]) -> Vec<&'a mut [T]> {
    let mut start = 0;
    ends.iter()
        .map(|&end| {
            let (piece, rest) = std::mem::take(&mut all).split_at_mut(end - start);
            (all, start) = (rest, end);
            piece
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    proptest! {
        #![proptest_config(tries(256))]

        /// In one piece and in parts, by one thread and by several: what a `BTreeSet` holds.
        #[test]
        fn sorts_like_a_btree_set(
            arity in 1usize..4,
            seed in prop::collection::vec(any::<u32>(), 0..40),
            copies in 1usize..12,
            mask in prop::sample::select(vec![3u32, 0xFF, 0xF_FFFF, 0x1F_FFFF]),
            threads in 1usize..4,
            halted_after in 0usize..100,
        ) {
            let codes = (0..copies as u32).flat_map(|copy| seed.iter().map(move |code| code ^ (copy / 2)));
            let codes: Vec<u32> = codes.map(|code| code & mask).collect();
            let mut rows = Rows::new(arity);
            let mut model = BTreeSet::new();
            for row in codes.chunks_exact(arity) {
                let row: Vec<Code> = row.iter().map(|&code| Code(code)).collect();
                rows.push(&row);
                model.insert(row);
            }
            let packing = Packing::of(&rows).unwrap();
            let in_pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let expected: Vec<Vec<Code>> = model.into_iter().collect();
            for sorted in [packing.sort(rows.clone(), &|| false), in_pool.install(|| packing.sort(rows.clone(), &|| false))] {
                prop_assert_eq!(sorted.unwrap().iter().collect::<Vec<_>>(), expected.clone());
            }
            let halted = in_pool.install(|| packing.sort(rows.clone(), &|| true));
            prop_assert_eq!(halted.is_none(), rows.len() >= Packing::MANY);
            // Wherever it is halted, all is there or nothing.
            let left = AtomicUsize::new(halted_after);
            let halts = || left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err();
            if let Some(sorted) = in_pool.install(|| packing.sort(rows.clone(), &halts)) {
                prop_assert_eq!(sorted.iter().collect::<Vec<_>>(), expected);
            }
        }
    }
}
