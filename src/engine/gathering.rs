//! Rows that are gathered before anybody tells them apart.

use super::budget::{StopReason, memory_in_use};
use super::evaluate::{Answering, Context};
use super::pipeline::Arg;
use super::sink::Sink;
use super::worker::{Batch, with_columns};
use crate::storage::{Code, Halts, Rows};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Rows from which on several threads bring columns together.
const MANY: usize = if cfg!(test) { 4 } else { 1 << 14 };

/// Codes that a thread gathers between two looks at the memory: four megabytes of them.
const LOOK: usize = 1 << 20;

/// How many rows all threads together may gather, and how much memory the process may hold meanwhile, where that is limited.
/// Whoever gathers may fill memory faster than a thread that waits for its turn can tell. Time is looked at by those who
/// make the rows.
pub struct Allowance<'a> {
    left: Option<AtomicU64>,
    memory: Option<u64>,
    context: &'a Context<'a>,
}

impl<'a> Allowance<'a> {
    pub fn of(rows: Option<u64>, memory: Option<u64>, context: &'a Context<'a>) -> Allowance<'a> {
        Allowance {
            left: rows.map(AtomicU64::new),
            memory,
            context,
        }
    }

    fn take(&self, rows: usize) {
        let rows = rows as u64;
        if let Some(left) = &self.left
            && left
                .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(rows))
                .is_err()
        {
            self.context.spent.note(StopReason::Rows);
        }
    }

    fn look(&self) {
        let over = |most| memory_in_use().is_some_and(|used| used > most);
        if self.memory.is_some_and(over) {
            self.context.spent.note(StopReason::Memory);
        }
    }
}

/// Gathers answers as rows, duplicates and all.
pub struct Collect<'a> {
    answer: &'a [Arg],
    pub rows: Rows,
    /// The pieces of the scan that rows came from, and the first row of each.
    pieces: Vec<(usize, usize)>,
    allowance: Option<&'a Allowance<'a>>,
    answering: Option<&'a Answering<'a>>,
    /// Rows after which to look at the memory again.
    look: usize,
}

impl<'a> Collect<'a> {
    pub fn new(answer: &'a [Arg]) -> Collect<'a> {
        Collect {
            answer,
            rows: Rows::new(answer.len()),
            pieces: Vec::new(),
            allowance: None,
            answering: None,
            look: LOOK / answer.len().max(1),
        }
    }

    /// The same, up to as many rows as all may gather together.
    pub fn within(self, allowance: &'a Allowance<'a>) -> Collect<'a> {
        Collect {
            allowance: Some(allowance),
            ..self
        }
    }

    /// The same, for an answer that is followed from outside.
    pub fn counted(self, answering: Option<&'a Answering<'a>>) -> Collect<'a> {
        Collect { answering, ..self }
    }

    /// What several threads gathered, in the order in which one would have. `None` as soon as `halts` holds.
    pub fn into_rows(
        mut gathered: Vec<Collect>,
        arity: usize,
        pool: Option<&ThreadPool>,
        halts: &Halts,
    ) -> Option<Rows> {
        if gathered.len() <= 1 {
            let only = gathered.pop();
            return Some(only.map_or_else(|| Rows::new(arity), |only| only.rows));
        }
        let mut pieces = Vec::new();
        for (
            whose,
            Collect {
                rows, pieces: its, ..
            },
        ) in gathered.iter().enumerate()
        {
            let starts = its.iter().copied();
            let ends = its.iter().skip(1).map(|&(_, row)| row);
            let ends = ends.chain([rows.len()]);
            let of_it = starts.zip(ends);
            pieces.extend(of_it.map(|((piece, row), end)| (piece, whose, row..end)));
        }
        pieces.sort_unstable_by_key(|&(piece, ..)| piece);
        let len: usize = pieces.iter().map(|(.., rows)| rows.len()).sum();
        if arity == 0 {
            return Some(Rows::nullary(len > 0));
        }
        let mut parts: Vec<Vec<Vec<Code>>> = vec![Vec::new(); arity];
        for Collect { rows, .. } in gathered {
            for (parts, column) in parts.iter_mut().zip(rows.into_columns()) {
                parts.push(column);
            }
        }
        // What was gathered of a column goes as soon as it is brought together.
        let together = |parts: Vec<Vec<Code>>| column(&parts, &pieces, len, halts);
        let columns: Option<Vec<Vec<Code>>> = match pool {
            Some(pool) if len >= MANY => {
                pool.install(|| parts.into_par_iter().map(together).collect())
            }
            _ => parts.into_iter().map(together).collect(),
        };
        columns.map(Rows::from_columns)
    }
}

/// The pieces of one column, each with the number of the part it is in and where, one after the other.
fn column(
    parts: &[Vec<Code>],
    pieces: &[(usize, usize, Range<usize>)],
    len: usize,
    halts: &Halts,
) -> Option<Vec<Code>> {
    let mut codes = Vec::with_capacity(len);
    for (_, whose, range) in pieces {
        if halts() {
            return None;
        }
        codes.extend_from_slice(&parts[*whose][range.clone()]);
    }
    Some(codes)
}

impl Sink for Collect<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        let rows = &mut self.rows;
        with_columns(self.answer, batch, |columns| match columns.is_empty() {
            true => rows.append(&Rows::nullary(true)),
            false => rows.append_columns(columns.iter().copied(), batch.len),
        });
        if let Some(answering) = self.answering {
            answering.rows.fetch_add(batch.len as u64, Relaxed);
        }
        if let Some(allowance) = self.allowance {
            allowance.take(batch.len);
            if self.rows.len() >= self.look {
                self.look = self.rows.len() + LOOK / self.answer.len().max(1);
                allowance.look();
            }
        }
    }

    fn begin(&mut self, piece: usize) {
        self.pieces.push((piece, self.rows.len()));
    }
}
