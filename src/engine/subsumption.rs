//! Subsumption: rows that another row of their relation dominates are taken out again, round by round.
//!
//! A row goes when there is any other row that dominates it, whether or not that one goes too. Rows that dominate each
//! other hence both go, as in Soufflé.

use super::pipeline::Arg;
use super::sink::Sink;
use super::worker::{Batch, with_columns};
use crate::storage::{Rows, SortedRows};

/// Rows gathered before repetitions among them are looked for.
const MANY: usize = if cfg!(test) { 4 } else { 1 << 16 };

/// Gathers the dominated rows among pairs of a dominated and a dominating row.
pub struct Dominated<'a> {
    answer: &'a [Arg],
    /// In order up to the last time they had doubled.
    rows: Rows,
    limit: usize,
}

impl<'a> Dominated<'a> {
    pub fn new(answer: &'a [Arg]) -> Dominated<'a> {
        Dominated {
            answer,
            rows: Rows::new(answer.len() / 2),
            limit: MANY,
        }
    }

    /// What several threads found, together.
    pub fn into_rows(found: Vec<Dominated>, arity: usize) -> SortedRows {
        let mut rows = Rows::new(arity);
        for dominated in found {
            rows.append(&dominated.rows);
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
                let mut both = dominated.iter().zip(dominating);
                // A row does not dominate itself.
                if both.all(|(a, b)| a[at] == b[at]) {
                    continue;
                }
                // What dominates a row mostly comes together.
                let mut known = row.iter().zip(dominated);
                if !row.is_empty() && known.all(|(&code, column)| column[at] == code) {
                    continue;
                }
                row.clear();
                row.extend(dominated.iter().map(|column| column[at]));
                rows.push(&row);
            }
        });
        if rows.len() >= self.limit {
            let sorted = SortedRows::from_unsorted(std::mem::take(rows));
            *rows = sorted.into_rows();
            self.limit = MANY.max(rows.len() * 2);
        }
    }
}
