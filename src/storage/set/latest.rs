//! The rows that the last settling added: in columns, a part for each shard, or as bits of the set's own matrix.

use super::{DenseCore, Folded, Matrix, RowSet, RowSource, Shape, give_back};
use crate::storage::fold::Fold;
use crate::storage::{Code, Rows};
use parking_lot::RwLock;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a part that a scan takes at a time.
const UNIT: usize = if cfg!(test) { 2 } else { 64 };
/// Fresh rows below which one thread settles as fast as several.
const MANY_FRESH: usize = if cfg!(test) { 4 } else { 1 << 14 };

/// A part of a set that one thread fills at a time.
pub(super) trait Shard: Send + Sync {
    /// Rows added since the last settling.
    fn unsettled(&self) -> usize;

    /// Makes them part of the set, and appends them to columns.
    fn settle(&mut self, columns: &mut [Vec<Code>]);
}

/// Has each shard move its fresh rows into columns of its own, which reuse the room of the last ones.
pub(super) fn settle_shards<S: Shard>(
    shards: &mut [RwLock<S>],
    parts: &mut Vec<Rows>,
    arity: usize,
    pool: Option<&ThreadPool>,
) {
    let fresh: Vec<usize> = shards
        .iter_mut()
        .map(|shard| shard.get_mut().unsettled())
        .collect();
    parts.resize_with(shards.len(), Rows::default);
    let settle = |((shard, part), &fresh): ((&mut RwLock<S>, &mut Rows), &usize)| {
        let mut columns = std::mem::take(part).into_columns();
        columns.resize(arity, Vec::new());
        for column in &mut columns {
            column.truncate(fresh);
            give_back(column);
            column.clear();
            // Exactly, because fresh memory is dear and growing by doubling touches twice as much of it.
            column.reserve_exact(fresh);
        }
        shard.get_mut().settle(&mut columns);
        *part = Rows::from_columns(columns);
    };
    match pool {
        Some(pool) if fresh.iter().sum::<usize>() >= MANY_FRESH => pool.install(|| {
            let shards = shards.par_iter_mut().zip(parts).zip(&fresh);
            shards.for_each(settle);
        }),
        _ => shards.iter_mut().zip(parts).zip(&fresh).for_each(settle),
    }
}

/// The rows that the last [`RowSet::settle`] added.
#[derive(Clone, Copy)]
pub struct Latest<'a> {
    pub(super) set: &'a RowSet,
}

impl<'a> Latest<'a> {
    fn matrix(&self) -> Option<&Matrix> {
        match &self.set.shape {
            Shape::Matrix(matrix) if matrix.latest_len() > 0 => Some(matrix),
            _ => None,
        }
    }

    fn folded(&self) -> Option<&Folded> {
        let folded = self.set.folded.as_deref();
        folded.filter(|folded| !folded.pairs.latest().is_empty())
    }

    fn core(&self) -> Option<&DenseCore> {
        let core = self.set.core.as_deref();
        core.filter(|core| core.latest_len() > 0)
    }

    pub fn is_empty(&self) -> bool {
        self.row_count() == 0
    }

    /// The matrix that has all of them as its latest bits, and what pairs of codes these are of.
    pub fn as_bits(&self) -> Option<(&Matrix, Fold)> {
        let (matrix, fold) = self.set.as_bits()?;
        let len = matrix.latest_len();
        (len > 0 && len == self.row_count()).then_some((matrix, fold))
    }

    /// All of them as pairs, and what these are of.
    pub fn as_pairs(&self) -> Option<(Latest<'a>, Fold)> {
        match (self.set.arity, self.set.folded.as_deref()) {
            (2, _) => Some((*self, Fold::plain())),
            (_, Some(folded)) => {
                let pairs = folded.pairs.latest();
                (pairs.row_count() == self.row_count()).then(|| (pairs, folded.fold.clone()))
            }
            _ => None,
        }
    }

    /// Whether rows with one first code are all in one unit.
    pub fn keeps_firsts(&self) -> bool {
        self.set.arity == 2
            && self.set.latest.is_empty()
            && !self.set.whole
            && self.set.core.is_none()
    }

    /// Distinct codes of each column, where they are quick to count.
    pub fn distinct(&self) -> Option<Vec<f64>> {
        let matrix = self.matrix().filter(|_| self.set.latest.is_empty())?;
        let count = |codes: &[u64]| codes.iter().map(|word| word.count_ones() as f64).sum();
        let [firsts, seconds] = matrix.latest_codes();
        let codes = [count(firsts), count(seconds)];
        Some(codes[2 - self.set.arity..].to_vec())
    }

    pub fn to_rows(&self) -> Rows {
        match &self.set.latest[..] {
            _ if self.set.whole => return self.set.to_rows(),
            [only] if only.len() == self.row_count() => return only.clone(),
            _ => {}
        }
        let rows = self.row_count();
        let mut columns: Vec<Vec<Code>> = (0..self.set.arity)
            .map(|_| Vec::with_capacity(rows))
            .collect();
        self.visit(&mut |pieces, _| {
            for (column, piece) in columns.iter_mut().zip(pieces) {
                column.extend_from_slice(piece);
            }
        });
        Rows::from_columns(columns)
    }
}

impl RowSource for Latest<'_> {
    fn row_count(&self) -> usize {
        if self.set.whole {
            return self.set.len;
        }
        let parts = self.set.latest.iter().map(Rows::len);
        let bits = self.matrix().map_or(0, Matrix::latest_len);
        let folded = self.folded();
        let folded = folded.map_or(0, |folded| folded.pairs.latest().row_count());
        parts.sum::<usize>() + bits + folded + self.core().map_or(0, DenseCore::latest_len)
    }

    fn units(&self) -> usize {
        if self.set.whole {
            return self.set.units();
        }
        let parts = self.set.latest.iter().map(|part| part.len().div_ceil(UNIT));
        let bits = self.matrix().map_or(0, Matrix::units);
        let folded = self.folded();
        let folded = folded.map_or(0, |folded| folded.pairs.latest().units());
        parts.sum::<usize>() + bits + folded + self.core().map_or(0, DenseCore::units)
    }

    fn visit_units(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize)) {
        if self.set.whole {
            return self.set.visit_units(units, act);
        }
        let mut start = 0;
        for part in &self.set.latest {
            let end = start + part.len().div_ceil(UNIT);
            let (from, to) = (units.start.max(start), units.end.min(end));
            if from < to {
                let rows = (from - start) * UNIT..((to - start) * UNIT).min(part.len());
                let columns: Vec<&[Code]> = (0..part.arity())
                    .map(|at| &part.column(at)[rows.clone()])
                    .collect();
                act(&columns, rows.len());
            }
            start = end;
        }
        if units.end <= start {
            return;
        }
        let units = units.start.max(start) - start..units.end - start;
        if let Some(folded) = self.folded() {
            return folded.visit(&folded.pairs.latest(), units, act);
        }
        let mut act = |firsts: &[Code], seconds: &[Code]| {
            act(&[firsts, seconds][2 - self.set.arity..], firsts.len())
        };
        // A set has a matrix or a core.
        if let Some(matrix) = self.matrix() {
            matrix.visit_latest(units, &mut act);
        } else if let Some(core) = self.core() {
            core.visit_latest(units, &mut act);
        }
    }
}
