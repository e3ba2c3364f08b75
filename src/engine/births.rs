//! When each row of a relation appeared.

use crate::storage::{Code, Rows, SortedRows};
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The rows of a relation by the tick that brought them: stated ones first, then a run for each round.
pub struct Births {
    runs: Vec<(u32, SortedRows)>,
    /// Made when first needed: a long recursion leaves thousands of short runs.
    lookup: OnceLock<Lookup>,
}

struct Lookup {
    /// Positions of the runs that are searched one by one.
    long: Vec<usize>,
    /// Rows of all others.
    short: FxHashMap<Box<[Code]>, u32>,
}

/// So many runs are searched one by one. A run of less than this part of all rows is short.
const FEW: usize = 32;

impl Births {
    pub fn new(stated: SortedRows) -> Births {
        Births {
            runs: vec![(0, stated)],
            lookup: OnceLock::new(),
        }
    }

    /// Ticks ascend.
    pub fn push(&mut self, tick: u32, rows: SortedRows) {
        self.runs.push((tick, rows));
        self.lookup.take();
    }

    pub fn rewrite(&mut self, f: impl Fn(&SortedRows) -> SortedRows) {
        for (_, rows) in &mut self.runs {
            *rows = f(rows);
        }
        self.lookup.take();
    }

    /// The rows that agree with a pattern, by binary search where its first column is bound; `None` where that would take
    /// long.
    pub fn matching(&self, pattern: &[Option<Code>]) -> Option<Rows> {
        if pattern.first()?.is_none() || self.runs.len() > FEW {
            return None;
        }
        let mut found = Rows::new(pattern.len());
        for (_, run) in &self.runs {
            run.matching(pattern, &mut found);
        }
        Some(found)
    }

    pub fn is_stated(&self, row: &[Code]) -> bool {
        self.runs[0].1.contains(row)
    }

    /// The first tick that has the row. O(log rows); the first call may take time linear in all rows.
    pub fn of(&self, row: &[Code]) -> Option<u32> {
        let has = |run: &&(u32, SortedRows)| run.1.contains(row);
        if self.runs.len() <= FEW {
            return self.runs.iter().find(has).map(|run| run.0);
        }
        let lookup = self.lookup.get_or_init(|| self.lookup());
        let long = lookup.long.iter().map(|&at| &self.runs[at]).find(has);
        let short = lookup.short.get(row).copied();
        long.map(|run| run.0).into_iter().chain(short).min()
    }

    fn lookup(&self) -> Lookup {
        let rows: usize = self.runs.iter().map(|(_, rows)| rows.len()).sum();
        let mut lookup = Lookup {
            long: Vec::new(),
            short: FxHashMap::default(),
        };
        for (at, (tick, run)) in self.runs.iter().enumerate() {
            if run.len() * FEW > rows {
                lookup.long.push(at);
                continue;
            }
            for row in run.rows().iter() {
                lookup.short.entry(row.into()).or_insert(*tick);
            }
        }
        lookup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(numbers: std::ops::Range<u32>) -> SortedRows {
        let mut rows = Rows::new(1);
        numbers.for_each(|number| rows.push(&[Code(number)]));
        SortedRows::from_unsorted(rows)
    }

    #[test]
    fn a_row_is_as_old_as_the_first_run_that_has_it() {
        // A few long runs, then many short ones, each a number on its own.
        let mut births = Births::new(run(0..1000));
        births.push(1, run(1000..2000));
        for tick in 2..500 {
            births.push(tick, run(2000 + tick..2001 + tick));
            let of = |number| births.of(&[Code(number)]);
            assert_eq!(
                (of(7), of(1007), of(2000 + tick)),
                (Some(0), Some(1), Some(tick))
            );
            assert_eq!((of(2002), of(9999)), (Some(2), None));
        }
        assert!(births.is_stated(&[Code(7)]) && !births.is_stated(&[Code(1007)]));
        births.rewrite(|rows| match rows.len() {
            1 => run(0..0),
            _ => rows.clone(),
        });
        assert_eq!(births.of(&[Code(2400)]), None);
    }
}
