//! Rows in ascending order, none twice.

use super::packing::Packing;
use super::table::pack;
use super::unless::Halts;
use super::{Code, Rows};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Rows that are looked through without stopping.
const PIECE: usize = if cfg!(test) { 2 } else { 1 << 12 };
/// Pieces from which on several threads look through them.
const MANY_PIECES: usize = if cfg!(test) { 2 } else { 64 };

/// Rows ascending by code, column by column, all distinct. `from_unsorted` is the only door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SortedRows {
    /// Shared with the indexes that group by its first columns.
    rows: Arc<Rows>,
}

impl SortedRows {
    pub fn from_unsorted(rows: Rows) -> SortedRows {
        // Nobody halts it.
        SortedRows::from_unsorted_unless(rows, &|| false).unwrap_or_default()
    }

    /// The same, or `None` as soon as `halts` holds, which is asked every few thousand rows where they fit a word each.
    pub fn from_unsorted_unless(rows: Rows, halts: &Halts) -> Option<SortedRows> {
        let rows = match ascends(&rows, halts) {
            true => rows,
            false => match Packing::of(&rows) {
                Some(packing) => packing.sort(rows, halts)?,
                None if rows.arity() == 0 => Rows::nullary(!rows.is_empty()),
                None => sort_wide(&rows),
            },
        };
        Some(SortedRows {
            rows: Arc::new(rows),
        })
    }

    /// Whether [`SortedRows::from_unsorted`] takes no longer than to note each row in a table.
    pub fn are_quick_to_sort(rows: &Rows) -> bool {
        Packing::of(rows).is_some()
    }

    pub fn rows(&self) -> &Arc<Rows> {
        &self.rows
    }

    pub fn into_rows(self) -> Rows {
        Arc::unwrap_or_clone(self.rows)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the rows that agree with a pattern where it is `Some`. O(log n) for each column that is bound without a free
    /// one before it, and linear in the rows that agree on those.
    pub fn matching(&self, pattern: &[Option<Code>], found: &mut Rows) {
        let mut range = 0..self.rows.len();
        let leading = pattern.iter().map_while(|code| *code).enumerate();
        for (at, code) in leading {
            let column = &self.rows.column(at)[range.clone()];
            let start = column.partition_point(|&known| known < code);
            let len = column[start..].partition_point(|&known| known == code);
            range = range.start + start..range.start + start + len;
        }
        let agrees = |row: usize| {
            let mut columns = pattern.iter().enumerate();
            columns.all(|(at, code)| code.is_none_or(|code| self.rows.column(at)[row] == code))
        };
        for row in range.filter(|&row| agrees(row)) {
            found.push(&self.rows.row(row));
        }
    }

    /// O(log n) for each column.
    pub fn contains(&self, row: &[Code]) -> bool {
        !self.range(row).is_empty()
    }

    /// Where the rows are that begin with these codes. O(log n) for each.
    pub fn range(&self, first: &[Code]) -> Range<usize> {
        let mut range = 0..self.rows.len();
        for (at, &code) in first.iter().enumerate() {
            let column = &self.rows.column(at)[range.clone()];
            let start = column.partition_point(|&known| known < code);
            let len = column[start..].partition_point(|&known| known == code);
            range = range.start + start..range.start + start + len;
        }
        range
    }
}

/// False also when it was halted.
fn ascends(rows: &Rows, halts: &Halts) -> bool {
    let columns: Vec<&[Code]> = (0..rows.arity()).map(|at| rows.column(at)).collect();
    match columns[..] {
        [] => rows.len() <= 1,
        [column] => column.is_sorted_by(|a, b| a < b),
        _ => {
            let pieces = rows.len().div_ceil(PIECE);
            let ascends = |piece: usize| {
                let piece = piece * PIECE..rows.len().min((piece + 1) * PIECE + 1);
                !halts()
                    && match columns[..] {
                        [first, second] => pairs_ascend(&first[piece.clone()], &second[piece]),
                        _ => rows_ascend(&columns, piece),
                    }
            };
            // On the threads of the pool that this one belongs to, if it does.
            match rayon::current_thread_index() {
                Some(_) if pieces > MANY_PIECES => (0..pieces).into_par_iter().all(ascends),
                _ => (0..pieces).all(ascends),
            }
        }
    }
}

fn rows_ascend(columns: &[&[Code]], mut range: Range<usize>) -> bool {
    range.next();
    range.into_iter().all(|at| {
        let order = columns
            .iter()
            .map(|column| column[at - 1].cmp(&column[at]))
            .find(|order| order.is_ne());
        order == Some(std::cmp::Ordering::Less)
    })
}

/// Without a branch for each pair: most often all ascend.
fn pairs_ascend(firsts: &[Code], seconds: &[Code]) -> bool {
    let mut last = None;
    let mut ascend = true;
    for (&first, &second) in firsts.iter().zip(seconds) {
        let pair = pack(first, second);
        ascend &= last.is_none_or(|last| last < pair);
        last = Some(pair);
    }
    ascend
}

fn sort_wide(rows: &Rows) -> Rows {
    let columns: Vec<&[Code]> = (0..rows.arity()).map(|at| rows.column(at)).collect();
    let compare = |a: &u32, b: &u32| {
        columns
            .iter()
            .map(|column| column[*a as usize].cmp(&column[*b as usize]))
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_unstable_by(compare);
    order.dedup_by(|a, b| compare(a, b).is_eq());
    Rows::from_columns(
        columns
            .iter()
            .map(|column| order.iter().map(|&at| column[at as usize]).collect())
            .collect(),
    )
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
        fn holds_what_a_btree_set_holds(arity in 0usize..6, seed in prop::collection::vec(any::<u32>(), 0..120), mask in prop::sample::select(vec![3u32, 0xFFFF, u32::MAX])) {
            let mut rows = Rows::new(arity);
            let mut model = BTreeSet::new();
            for chunk in seed.chunks(arity.max(1)) {
                let mut row: Vec<Code> = chunk.iter().map(|code| Code(code & mask)).collect();
                row.resize(arity, Code(7));
                rows.push(&row);
                model.insert(row);
            }
            let sorted = SortedRows::from_unsorted(rows);
            prop_assert_eq!(sorted.rows().iter().collect::<Vec<_>>(), model.iter().cloned().collect::<Vec<_>>());
            for row in &model {
                prop_assert!(sorted.contains(row));
                let mut other = row.clone();
                if let Some(last) = other.last_mut() {
                    last.0 ^= 1;
                    prop_assert_eq!(sorted.contains(&other), model.contains(&other));
                }
            }
        }
    }
}
