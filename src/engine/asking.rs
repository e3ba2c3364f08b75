//! Steps that only ask whether there is anything: nothing after them reads what they bind, so one way to satisfy them is
//! as good as all.
//!
//! The bindings of a batch are numbered, and the number goes through the steps with them. A binding of which one has come
//! through is answered: whatever else is made of it is dropped wherever it is. Bindings asked about lately are not asked
//! about again, since what follows from them has been handed on.

use super::evaluate::Context;
use super::pipeline::Stage;
use super::sink::Sink;
use super::worker::{Batch, Worker};
use crate::analysis::checked::VarId;
use crate::storage::{Code, Index};

/// Bindings remembered at first: their table fits a first-level cache beside a batch.
const FEW: usize = if cfg!(test) { 2 } else { 1 << 11 };
/// Bindings remembered where many are asked about.
const MANY: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// What such steps need between two batches.
#[derive(Default)]
pub struct Asking {
    recent: Recent,
    row: Vec<Code>,
}

impl Asking {
    /// Leaves in `rows` the bindings of a batch, ascending, that the stages lead on from; of equal ones the first
    /// suffices. `about`: the variables that the stages and all after them read; `tag`: one that carries the number of
    /// each binding.
    pub fn ask(
        &mut self,
        about: &[VarId],
        body: &[Stage],
        tag: VarId,
        batch: &Batch,
        context: &Context,
        rows: &mut Vec<u32>,
    ) {
        let mut inner = Batch::new(batch.columns.len());
        rows.clear();
        for row in 0..batch.len {
            self.row.clear();
            self.row
                .extend(about.iter().map(|&var| batch.column(var)[row]));
            if !self.recent.has(&self.row) {
                rows.push(row as u32);
            }
        }
        for &var in about {
            let column = batch.column(var);
            inner.columns[var.index()].extend(rows.iter().map(|&row| column[row as usize]));
        }
        inner.len = rows.len();
        inner.columns[tag.index()].extend((0..rows.len()).map(|number| Code(number as u32)));
        let found = Found {
            tag,
            found: vec![false; rows.len()],
            left: rows.len(),
        };
        let variables = inner.columns.len();
        let mut worker = Worker::over(body, variables, context, found);
        worker.run(&mut inner);
        let mut found = worker.sink.found.into_iter();
        rows.retain(|_| found.next() == Some(true));
    }
}

/// Bindings by a hash of theirs, the latest of each hash.
#[derive(Default)]
struct Recent {
    rows: Vec<Code>,
    known: Vec<bool>,
    /// Bindings put in since the table has had this size.
    put: usize,
}

impl Recent {
    /// Whether a binding is there. It is afterwards.
    fn has(&mut self, row: &[Code]) -> bool {
        if self.put >= self.known.len() && self.known.len() < MANY {
            let places = (self.known.len() * 4).clamp(FEW, MANY);
            self.known = vec![false; places];
            self.rows = vec![Code::default(); places * row.len()];
            self.put = 0;
        }
        let hash = row.iter().fold(0_u64, |hash, code| {
            (hash.rotate_left(26) ^ u64::from(code.0)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        let place = (hash >> (u64::BITS - self.known.len().trailing_zeros())) as usize;
        let known = &mut self.rows[place * row.len()..][..row.len()];
        let same = self.known[place] && known == row;
        self.put += usize::from(!same);
        known.copy_from_slice(row);
        self.known[place] = true;
        same
    }
}

/// Notes which bindings have come through.
struct Found {
    tag: VarId,
    found: Vec<bool>,
    left: usize,
}

impl Found {
    fn note(&mut self, number: Code) {
        let found = &mut self.found[number.0 as usize];
        self.left -= usize::from(!*found);
        *found = true;
    }
}

impl Sink for Found {
    fn accept(&mut self, batch: &mut Batch) {
        for &number in batch.column(self.tag) {
            self.note(number);
        }
    }

    fn accept_entries(
        &mut self,
        batch: &Batch,
        index: &Index,
        numbers: &[u32],
        _: &[(usize, VarId)],
    ) -> bool {
        for (&number, &entry) in batch.column(self.tag).iter().zip(numbers) {
            if index.count(entry) > 0 {
                self.note(number);
            }
        }
        true
    }

    fn is_content(&self) -> bool {
        self.left == 0
    }

    fn wants_one(&self) -> bool {
        true
    }

    fn is_answered(&self, batch: &Batch, row: usize) -> bool {
        self.found[batch.column(self.tag)[row].0 as usize]
    }

    fn sift(&self, batch: &mut Batch, rows: &mut Vec<u32>) {
        let open = |&row: &u32| !self.is_answered(batch, row as usize);
        rows.clear();
        rows.extend((0..batch.len as u32).filter(open));
        batch.retain(rows);
    }
}
