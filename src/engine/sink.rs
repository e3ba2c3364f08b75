//! Where finished bindings go.

use super::budget::StopReason;
use super::dominance::Dominance;
use super::evaluate::Context;
use super::pipeline::Arg;
use super::worker::{Batch, with_columns};
use crate::analysis::checked::VarId;
use crate::storage::index::ABSENT;
use crate::storage::{Code, Company, Index, Inserter, RowSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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

    /// Whether more bindings would change nothing.
    fn is_content(&self) -> bool {
        false
    }

    /// Whether one binding of each number is enough: see [`asking`](super::asking).
    fn wants_one(&self) -> bool {
        false
    }

    /// Whether nothing more that comes of a row of this batch would change anything.
    fn is_answered(&self, _batch: &Batch, _row: usize) -> bool {
        false
    }

    /// Drops such rows. `rows` is scratch.
    fn sift(&self, _batch: &mut Batch, _rows: &mut Vec<u32>) {}

    /// What comes next is of the scan's pieces from this one on.
    fn begin(&mut self, _piece: usize) {}

    /// Called on the worker's own thread when it has no more bindings to give.
    fn finish(&mut self) {}
}

/// Candidates between two looks at the budget.
const LOOK: u64 = if cfg!(test) { 4 } else { 1 << 18 };

/// Adds head rows to a relation, as long as the budget lasts.
pub struct Insert<'a> {
    pub inserter: Inserter<'a>,
    head: &'a [Arg],
    context: &'a Context<'a>,
    set: &'a RowSet,
    /// Rows the set may have unsettled.
    room: Option<u64>,
    /// Candidates after which to look at the budget again.
    look: u64,
    /// What keeps dominated candidates out, and how many it did.
    dominance: Option<&'a Dominance<'a>>,
    dominated: u64,
    kept: Vec<u32>,
}

impl<'a> Insert<'a> {
    pub fn new(
        set: &'a RowSet,
        company: Company,
        head: &'a [Arg],
        room: Option<u64>,
        context: &'a Context<'a>,
    ) -> Insert<'a> {
        Insert::through(Inserter::new(set, company), set, head, room, context)
    }

    /// The same by an inserter to the set that may have been used before.
    pub fn through(
        inserter: Inserter<'a>,
        set: &'a RowSet,
        head: &'a [Arg],
        room: Option<u64>,
        context: &'a Context<'a>,
    ) -> Insert<'a> {
        Insert {
            look: inserter.pushed() + LOOK,
            inserter,
            head,
            context,
            set,
            room,
            dominance: None,
            dominated: 0,
            kept: Vec::new(),
        }
    }

    /// The same without candidates that are dominated.
    pub fn sifting(self, dominance: Option<&'a Dominance<'a>>) -> Insert<'a> {
        Insert { dominance, ..self }
    }

    /// Candidates so far.
    pub fn candidates(&self) -> u64 {
        self.inserter.pushed() + self.dominated
    }

    /// One join may give more candidates than memory holds, so budgets are looked at between the candidates too.
    fn is_stopped(&mut self) -> bool {
        let pushed = self.inserter.pushed();
        if pushed < self.look {
            return false;
        }
        self.look = pushed + LOOK;
        if let Some(room) = self.room {
            let added = self.set.unsettled() as u64;
            match room.checked_sub(added) {
                // It takes as many candidates at least to use up what is left.
                Some(left) => self.look = pushed + LOOK.max(left / self.context.threads),
                None => self.context.spent.note(StopReason::Rows),
            }
        }
        self.context.stopped()
    }
}

impl Sink for Insert<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        let (inserter, kept) = (&mut self.inserter, &mut self.kept);
        with_columns(self.head, batch, |columns| {
            let Some(dominance) = self.dominance else {
                return inserter.push_columns(columns, batch.len);
            };
            dominance.sift(columns, batch.len, kept);
            self.dominated += (batch.len - kept.len()) as u64;
            let part = |column: &&[Code]| kept.iter().map(|&row| column[row as usize]).collect();
            let columns: Vec<Vec<Code>> = columns.iter().map(part).collect();
            let columns: Vec<&[Code]> = columns.iter().map(Vec::as_slice).collect();
            inserter.push_columns(&columns, kept.len());
        });
        self.is_stopped();
    }

    fn accept_entries(
        &mut self,
        batch: &Batch,
        index: &Index,
        numbers: &[u32],
        bind: &[(usize, VarId)],
    ) -> bool {
        let (&[(_, bound)], 1, None) = (bind, index.payload().len(), self.dominance) else {
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
                    if self.is_stopped() {
                        break;
                    }
                }
            }
            [Arg::Var(first), Arg::Var(second)] if second == bound && first != bound => {
                let firsts = batch.column(first);
                for (row, &number) in entries() {
                    self.inserter.push_row(firsts[row], index.entry(number));
                    if self.is_stopped() {
                        break;
                    }
                }
            }
            [Arg::Var(first), Arg::Var(second)] if first == bound && second != bound => {
                let seconds = batch.column(second);
                for (row, &number) in entries() {
                    self.inserter.push_column(index.entry(number), seconds[row]);
                    if self.is_stopped() {
                        break;
                    }
                }
            }
            _ if self.inserter.takes_lines() => {
                let is_bound = |arg: &Arg| matches!(*arg, Arg::Var(var) if var == bound);
                let mut places = (0..self.head.len()).filter(|&at| is_bound(&self.head[at]));
                let (Some(place), None) = (places.next(), places.next()) else {
                    return false;
                };
                let mut line = vec![Code::default(); self.head.len()];
                for (row, &number) in entries() {
                    for (code, arg) in line.iter_mut().zip(self.head) {
                        match *arg {
                            Arg::Var(var) if var == bound => {}
                            Arg::Var(var) => *code = batch.column(var)[row],
                            Arg::Const(constant) => *code = constant,
                        }
                    }
                    self.inserter
                        .push_line(&mut line, place, index.entry(number));
                    if self.is_stopped() {
                        break;
                    }
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

/// Gathers bindings as they are.
pub struct Bindings {
    pub batch: Batch,
}

impl Bindings {
    pub fn new(variables: usize) -> Bindings {
        Bindings {
            batch: Batch::new(variables),
        }
    }
}

impl Sink for Bindings {
    fn accept(&mut self, batch: &mut Batch) {
        for (all, more) in self.batch.columns.iter_mut().zip(&batch.columns) {
            // What is no longer needed is shorter.
            if more.len() == batch.len {
                all.extend_from_slice(more);
            }
        }
        self.batch.len += batch.len;
    }
}

/// Notes that there is a binding at all, for all threads.
pub struct Exists<'a> {
    pub found: &'a AtomicBool,
}

impl Sink for Exists<'_> {
    fn accept(&mut self, _: &mut Batch) {
        self.found.store(true, Relaxed);
    }

    fn is_content(&self) -> bool {
        self.found.load(Relaxed)
    }
}
