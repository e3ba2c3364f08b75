//! Where finished bindings go.

use super::pipeline::Arg;
use super::worker::{Batch, with_columns};
use crate::analysis::checked::VarId;
use crate::storage::index::ABSENT;
use crate::storage::{Code, Index, Inserter, Rows};

pub trait Sink {
    fn accept(&mut self, batch: &mut Batch);

    /// Takes the last join and the head together: for each binding the entry that `numbers` names, whose codes bind
    /// `bind`. False when the sink has no quicker way than joining first.
    fn accept_entries(
        &mut self,
        _batch: &Batch,
        _index: &Index,
        _numbers: &[u32],
        _bind: &[(usize, VarId)],
    ) -> bool {
        false
    }

    /// Called on the worker's own thread when it has no more bindings to give.
    fn finish(&mut self) {}
}

/// Adds head rows to a relation.
pub struct Insert<'a> {
    pub inserter: Inserter<'a>,
    pub head: &'a [Arg],
}

impl Sink for Insert<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        with_columns(self.head, batch, |columns| {
            self.inserter.push_columns(columns, batch.len)
        });
    }

    fn accept_entries(
        &mut self,
        batch: &Batch,
        index: &Index,
        numbers: &[u32],
        bind: &[(usize, VarId)],
    ) -> bool {
        let (&[(_, bound)], 1) = (bind, index.payload().len()) else {
            return false;
        };
        let entries = || {
            numbers
                .iter()
                .enumerate()
                .filter(|&(_, &number)| number != ABSENT)
        };
        match *self.head {
            [Arg::Var(only)] if only == bound => {
                for (_, &number) in entries() {
                    self.inserter.push_row(Code::default(), index.entry(number));
                }
            }
            [Arg::Var(first), Arg::Var(second)] if second == bound && first != bound => {
                let firsts = batch.column(first);
                for (row, &number) in entries() {
                    self.inserter.push_row(firsts[row], index.entry(number));
                }
            }
            [Arg::Var(first), Arg::Var(second)] if first == bound && second != bound => {
                let seconds = batch.column(second);
                for (row, &number) in entries() {
                    self.inserter.push_column(index.entry(number), seconds[row]);
                }
            }
            _ => return false,
        }
        true
    }

    fn finish(&mut self) {
        self.inserter.flush();
    }
}

/// Gathers answers as rows, duplicates and all.
pub struct Collect<'a> {
    pub answer: &'a [Arg],
    pub rows: Rows,
}

impl<'a> Collect<'a> {
    pub fn new(answer: &'a [Arg]) -> Collect<'a> {
        Collect {
            answer,
            rows: Rows::new(answer.len()),
        }
    }
}

impl Sink for Collect<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        with_columns(self.answer, batch, |columns| {
            let more = if columns.is_empty() {
                Rows::nullary(true)
            } else {
                Rows::from_columns(columns.iter().map(|column| column.to_vec()).collect())
            };
            self.rows.append(&more);
        });
    }
}
