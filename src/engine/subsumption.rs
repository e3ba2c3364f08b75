//! Subsumption: rows that another row of their relation dominates are taken out again, round by round.
//!
//! A row goes when there is any other row that dominates it, whether or not that one goes too. Rows that dominate each
//! other hence both go, as in Soufflé.

use super::pipeline::Arg;
use super::sink::Sink;
use super::worker::{Batch, with_columns};
use crate::storage::{Code, Rows, SortedRows};
use rustc_hash::FxHashSet;

/// Gathers the dominated rows among pairs of a dominated and a dominating row.
pub struct Dominated<'a> {
    answer: &'a [Arg],
    rows: FxHashSet<Box<[Code]>>,
}

impl<'a> Dominated<'a> {
    pub fn new(answer: &'a [Arg]) -> Dominated<'a> {
        Dominated {
            answer,
            rows: FxHashSet::default(),
        }
    }

    /// What several threads found, together.
    pub fn into_rows(found: Vec<Dominated>, arity: usize) -> SortedRows {
        let mut rows = Rows::new(arity);
        for row in found.into_iter().flat_map(|dominated| dominated.rows) {
            rows.push(&row);
        }
        SortedRows::from_unsorted(rows)
    }
}

impl Sink for Dominated<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        let rows = &mut self.rows;
        with_columns(self.answer, batch, |columns| {
            let (dominated, dominating) = columns.split_at(columns.len() / 2);
            let len = dominated.first().map_or(0, |column| column.len());
            let mut row = Vec::with_capacity(dominated.len());
            for at in 0..len {
                // A row does not dominate itself.
                if dominated
                    .iter()
                    .zip(dominating)
                    .all(|(a, b)| a[at] == b[at])
                {
                    continue;
                }
                row.clear();
                row.extend(dominated.iter().map(|column| column[at]));
                if !rows.contains(&*row) {
                    rows.insert(row.as_slice().into());
                }
            }
        });
    }
}
