//! Rows of three columns and more that a set keeps as pairs.

use super::{RowSet, RowSource, Shape, TupleShard};
use crate::storage::fold::Fold;
use crate::storage::matrix::{Axis, Matrix};
use crate::storage::{Code, Company, Inserter, Rows};
use rayon::ThreadPool;
use std::ops::Range;

/// Rows from which on it is worth while to look what codes they have.
const MANY: usize = if cfg!(test) { 6 } else { 1 << 10 };
/// Rows are folded anew where this part of them, or more, are off the axes.
const PART: usize = if cfg!(test) { 2 } else { 8 };

/// Rows on the axes of a fold. Pairs take whatever shape suits them: a word in a table, a code in a list, a bit.
#[derive(Clone)]
pub(in crate::storage) struct Folded {
    pub fold: Fold,
    pub pairs: RowSet,
}

impl Folded {
    fn new(fold: Fold, of: &RowSet) -> Folded {
        // Rows of the last fold come in the order of its table.
        let salt = of.folded.as_ref().map_or(of.salt, |old| old.pairs.salt);
        let mut pairs = RowSet::new(2, 1, salt.wrapping_add(1 << 32));
        pairs.shards = of.shards;
        if of.len >= super::MANY_FOR_ONE {
            pairs.spread();
        }
        pairs.reserve(of.len);
        Folded { fold, pairs }
    }

    /// `None`: the row is off the axes.
    pub fn contains(&self, row: &[Code]) -> Option<bool> {
        let pair = self.fold.pair(row)?;
        Some(self.pairs.contains(&pair))
    }

    /// Adds a settled row that is not there; false when it is off the axes.
    pub fn put(&mut self, row: &[Code]) -> bool {
        let pair = self.fold.pair(row);
        pair.is_some_and(|pair| self.pairs.add(&pair))
    }

    /// Takes a settled row out; whether it was there. `None`: it is off the axes.
    pub fn take(&mut self, row: &[Code]) -> Option<bool> {
        let pair = self.fold.pair(row)?;
        Some(self.pairs.take(&pair))
    }

    pub fn forget_latest(&mut self) {
        self.pairs.take_for_latest(Rows::new(2));
    }

    /// Calls back with the rows of some units of pairs.
    pub fn visit(
        &self,
        pairs: &dyn RowSource,
        units: Range<usize>,
        act: &mut dyn FnMut(&[&[Code]], usize),
    ) {
        let mut columns = vec![Vec::new(); self.fold.axes().len()];
        pairs.visit_units(units, &mut |pairs, len| {
            if let &[firsts, seconds] = pairs {
                self.fold.rows([firsts, seconds], &mut columns);
                let columns: Vec<&[Code]> = columns.iter().map(Vec::as_slice).collect();
                act(&columns, len);
            }
        });
    }
}

impl RowSet {
    /// Where rows are kept as pairs, one of these sets of columns should be told by the first code: what rules go on from by
    /// itself.
    pub fn divide(&mut self, ways: &[Box<[usize]>]) {
        self.ways = ways.into();
    }

    /// What [`RowSet::divide`] was told.
    pub fn ways(&self) -> &[Box<[usize]>] {
        &self.ways
    }

    /// The rows as bits, and what pairs of codes these are of.
    pub fn as_bits(&self) -> Option<(&Matrix, Fold)> {
        match (&self.shape, &self.folded) {
            (Shape::Matrix(matrix), _) if self.arity == 2 => Some((matrix, Fold::plain())),
            (Shape::Tuples(_), Some(folded)) => {
                Some((folded.pairs.as_matrix()?, folded.fold.clone()))
            }
            _ => None,
        }
    }

    /// Who takes rows as pairs in a table or in lists, and what pairs these are of.
    pub fn as_pairs(&self) -> Option<(&RowSet, Fold)> {
        match (&self.shape, &self.folded) {
            (Shape::Pairs(_) | Shape::Groups(_), _) if self.arity == 2 => {
                Some((self, Fold::plain()))
            }
            (Shape::Tuples(_), Some(folded)) => {
                let (pairs, _) = folded.pairs.as_pairs()?;
                Some((pairs, folded.fold.clone()))
            }
            _ => None,
        }
    }

    /// Rows that are kept as pairs.
    pub(super) fn folded_len(&self) -> usize {
        self.folded.as_ref().map_or(0, |folded| folded.pairs.len)
    }

    /// Keeps the rows of the table as pairs from now on, where their codes lie on axes short enough for that. None may be
    /// unsettled.
    pub(super) fn fold(&mut self, pool: Option<&ThreadPool>) {
        let others = self.len - self.folded_len();
        if others < MANY || others * PART < self.len {
            return;
        }
        let Some(fold) = self.fold_of_all() else {
            return;
        };
        let mut made = Folded::new(fold, self);
        let Shape::Tuples(shards) = &mut self.shape else {
            return;
        };
        let mut inserter = Inserter::new(&made.pairs, Company::Alone);
        let mut pairs = [Vec::new(), Vec::new()];
        let mut insert = |columns: &[&[Code]], len: usize| {
            // The axes were made for all rows.
            if made.fold.pairs(columns, 0..len, &mut pairs) {
                inserter.push_columns(&[&pairs[0], &pairs[1]], len);
            }
        };
        for shard in shards.iter_mut() {
            // One table at a time is let go, so that the two shapes are never held in full together.
            let shard = std::mem::replace(shard.get_mut(), TupleShard::new(self.arity));
            shard.visit(0..shard.units(), self.arity, &mut insert);
        }
        if let Some(old) = self.folded.take() {
            let latest = old.pairs.latest();
            let mut columns: Vec<Vec<Code>> = vec![Vec::new(); self.arity];
            old.visit(&latest, 0..latest.units(), &mut |pieces, _| {
                for (column, piece) in columns.iter_mut().zip(pieces) {
                    column.extend_from_slice(piece);
                }
            });
            self.latest.push(Rows::from_columns(columns));
            old.visit(&old.pairs, 0..old.pairs.units(), &mut insert);
        }
        inserter.flush();
        drop(inserter);
        made.pairs.settle_in_place();
        made.pairs.examined = made.pairs.len;
        made.pairs.reshape(pool);
        self.folded = Some(Box::new(made));
    }

    fn fold_of_all(&self) -> Option<Fold> {
        let Shape::Tuples(shards) = &self.shape else {
            return None;
        };
        let mut spans = vec![(u32::MAX, 0); self.arity];
        for shard in shards {
            let shard = shard.read();
            shard.visit(0..shard.units(), self.arity, &mut |columns, _| {
                for ((least, most), column) in spans.iter_mut().zip(columns) {
                    for code in *column {
                        (*least, *most) = ((*least).min(code.0), (*most).max(code.0));
                    }
                }
            });
        }
        // The last of all codes is on no axis.
        if spans.iter().any(|&(_, most)| most == u32::MAX) {
            return None;
        }
        let axes: Vec<Axis> = match &self.folded {
            None => spans
                .iter()
                .map(|&(least, most)| Axis::spanning(least.min(most), most))
                .collect(),
            Some(old) => old
                .fold
                .axes()
                .into_iter()
                .zip(&spans)
                .map(|(axis, &(least, most))| axis.widened([least, most].map(Code).into_iter()))
                .collect(),
        };
        Fold::over(&axes, &self.ways)
    }
}
