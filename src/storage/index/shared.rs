//! Indexes over dense keys, built by several threads at once.

use super::{Arena, Index, Locate, Slot, dense};
use crate::storage::{Code, RowSource};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Rows below which one thread builds an index as fast as several.
const MANY: usize = if cfg!(test) { 8 } else { 1 << 15 };

impl Index {
    /// [`Index::build`] on all threads of the pool; the same index. Hash tables of keys are built on one.
    pub fn build_on(
        pool: Option<&ThreadPool>,
        rows: &dyn RowSource,
        key: &[usize],
        payload: &[usize],
    ) -> Index {
        if let (Some(pool), &[only], true) = (pool, key, rows.row_count() >= MANY) {
            let shares = shares(rows.units(), pool.current_num_threads());
            let dense = pool.install(|| dense_range(rows, only, &shares));
            // Every thread counts all keys, which must not take more than the index.
            if let Some((base, len)) = dense.filter(|&(_, len)| len <= rows.row_count()) {
                return pool.install(|| build_dense(rows, only, payload, base, len, &shares));
            }
        }
        Index::build(rows, key, payload)
    }
}

/// Consecutive units for each thread: as the threads take them, so the entries of a key lie.
fn shares(units: usize, threads: usize) -> Vec<Range<usize>> {
    (0..threads)
        .map(|at| units * at / threads..units * (at + 1) / threads)
        .collect()
}

/// The range of codes of a column, when an offset table over it is lean.
fn dense_range(
    rows: &dyn RowSource,
    column: usize,
    shares: &[Range<usize>],
) -> Option<(u32, usize)> {
    let ranges = shares.par_iter().map(|units| {
        let (mut low, mut high) = (u32::MAX, 0);
        rows.visit_units(units.clone(), &mut |columns, _| {
            for code in columns[column] {
                low = low.min(code.0);
                high = high.max(code.0);
            }
        });
        (low, high)
    });
    let (low, high) = ranges.reduce(|| (u32::MAX, 0), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    dense(low, high, rows.row_count())
}

/// A counting sort: each thread counts the keys of its share, and so knows where its rows of each key go.
fn build_dense(
    rows: &dyn RowSource,
    key: usize,
    payload: &[usize],
    base: u32,
    len: usize,
    shares: &[Range<usize>],
) -> Index {
    let stride = payload.len();
    let mut places: Vec<Vec<u32>> = shares
        .par_iter()
        .map(|units| {
            let mut counts = vec![0; len];
            rows.visit_units(units.clone(), &mut |columns, _| {
                for code in columns[key] {
                    counts[(code.0 - base) as usize] += 1;
                }
            });
            counts
        })
        .collect();
    let mut slots = vec![Slot::default(); len];
    let mut start = 0;
    for (number, slot) in slots.iter_mut().enumerate() {
        slot.start = start;
        for places in &mut places {
            start += std::mem::replace(&mut places[number], start);
        }
        (slot.len, slot.room) = (start - slot.start, start - slot.start);
    }
    let arena: Vec<AtomicU32> = (0..rows.row_count() * stride)
        .into_par_iter()
        .map(|_| AtomicU32::new(0))
        .collect();
    shares
        .par_iter()
        .zip(&mut places)
        .for_each(|(units, places)| {
            rows.visit_units(units.clone(), &mut |columns, _| {
                for (row, code) in columns[key].iter().enumerate() {
                    let place = &mut places[(code.0 - base) as usize];
                    let at = *place as usize * stride;
                    *place += 1;
                    for (offset, &column) in payload.iter().enumerate() {
                        // Nobody else writes here: atomic only because threads share the arena.
                        arena[at + offset].store(columns[column][row].0, Relaxed);
                    }
                }
            });
        });
    Index {
        key: vec![key],
        payload: payload.to_vec(),
        locate: Locate::Dense { base },
        slots,
        // Done in place: codes take the room of the atomics.
        arena: Arena::Own(
            arena
                .into_iter()
                .map(|code| Code(code.into_inner()))
                .collect(),
        ),
        vacant: Vec::new(),
        rows: rows.row_count(),
        ordered: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Rows, SortedRows};
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        /// Where the order is looked at, and runs are noted, side by side.
        #[test]
        fn over_sorted_rows_it_has_what_one_thread_finds(
            rows in prop::collection::vec([0u32..40, 0u32..9], 0..200),
            (apart, sorts) in (prop::sample::select(vec![1u32, 3, 1 << 20]), any::<bool>()),
        ) {
            let mut rows: Vec<[Code; 2]> = rows.iter().map(|&[a, b]| [Code(a * apart), Code(b)]).collect();
            if sorts {
                rows.sort_unstable();
                rows.dedup();
            }
            let mut all = Rows::new(2);
            rows.iter().for_each(|row| all.push(row));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
            let sorted = SortedRows::from_unsorted(all.clone());
            prop_assert_eq!(&pool.install(|| SortedRows::from_unsorted(all)), &sorted);
            let index = Index::over_sorted(Some(&pool), &sorted, &[0], &[1]);
            rows.sort_unstable();
            rows.dedup();
            for value in 0..41 {
                let key = Code(value * apart);
                let wanted = rows.iter().filter(|row| row[0] == key).map(|row| row[1]);
                prop_assert_eq!(index.entry(index.locate(&[key])), wanted.collect::<Vec<Code>>());
            }
        }

        #[test]
        fn is_what_one_thread_builds(
            rows in prop::collection::vec([0u32..30, 0u32..9, 0u32..5], 0..200),
            (key, apart) in (0usize..3, prop::sample::select(vec![1u32, 3, 1 << 20])),
            payload in prop::sample::subsequence(vec![0usize, 1, 2], 0..3),
        ) {
            let mut all = Rows::new(3);
            rows.iter().for_each(|row| all.push(&row.map(|value| Code(value * apart))));
            let all = SortedRows::from_unsorted(all);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
            let alone = Index::build(&**all.rows(), &[key], &payload);
            let shared = Index::build_on(Some(&pool), &**all.rows(), &[key], &payload);
            for value in 0..31 {
                let key = [Code(value * apart)];
                let (a, b) = (alone.locate(&key), shared.locate(&key));
                prop_assert_eq!(alone.count(a), shared.count(b));
                prop_assert_eq!(alone.entry(a), shared.entry(b));
            }
        }
    }
}
