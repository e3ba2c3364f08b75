//! A set as another one is, but for some rows: what a fork makes of its rows while they differ in little.

use super::differ::Only;
use super::{Groups, RowSet, RowSource, Shape};
use crate::storage::{Code, Rows};
use parking_lot::RwLock;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A set keeps to its base while this part of its rows, or fewer, are other ones.
const PART: usize = if cfg!(test) { 2 } else { 8 };
/// Added rows that are gone through rather than looked up.
const FEW: usize = if cfg!(test) { 2 } else { 64 };

/// `base` without `taken`, which are in it, and with `added`, which are not.
#[derive(Clone)]
pub(in crate::storage) struct Amended {
    base: Arc<RowSet>,
    added: RowSet,
    taken: RowSet,
}

impl Amended {
    pub fn contains(&self, row: &[Code]) -> bool {
        match self.base.contains(row) {
            true => !self.taken.contains(row),
            false => self.added.contains(row),
        }
    }

    pub fn add(&mut self, row: &[Code]) {
        if !self.taken.take(row) {
            self.added.add(row);
        }
    }

    pub fn take(&mut self, row: &[Code]) {
        if !self.added.take(row) {
            self.taken.add(row);
        }
    }

    pub fn units(&self) -> usize {
        self.base.units() + self.added.units()
    }

    pub fn visit_units(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize)) {
        let base = self.base.units();
        let kept = units.start.min(base)..units.end.min(base);
        let added = units.start.max(base) - base..units.end.max(base) - base;
        match (kept.is_empty(), self.taken.is_empty()) {
            (true, _) => {}
            (false, true) => self.base.visit_units(kept, act),
            (false, false) => self.base.visit_units(kept, &mut |columns, len| {
                self.visit_kept(columns, len, act);
            }),
        }
        if !added.is_empty() {
            self.added.visit_units(added, act);
        }
    }

    /// Passes on, in as many pieces as it takes, the rows of a piece that were not taken out.
    fn visit_kept(&self, columns: &[&[Code]], len: usize, act: &mut dyn FnMut(&[&[Code]], usize)) {
        let mut row = vec![Code::default(); columns.len()];
        let mut from = 0;
        let mut pass_on = |rows: Range<usize>| {
            if !rows.is_empty() {
                let columns: Vec<&[Code]> =
                    columns.iter().map(|column| &column[rows.clone()]).collect();
                act(&columns, rows.len());
            }
        };
        for at in 0..len {
            for (code, column) in row.iter_mut().zip(columns) {
                *code = column[at];
            }
            if self.taken.contains(&row) {
                pass_on(from..at);
                from = at + 1;
            }
        }
        pass_on(from..len);
    }

    /// See [`RowSet::differences`].
    pub fn differences(&self, other: &RowSet, here: Only, there: Only) {
        let (added, taken) = (&self.added, &self.taken);
        let mut in_base = |row: &[Code]| match taken.contains(row) {
            true => {}
            false => here(row),
        };
        let mut in_other = |row: &[Code]| match added.contains(row) {
            true => {}
            false => there(row),
        };
        self.base.differences(other, &mut in_base, &mut in_other);
        for row in added.to_rows().iter().filter(|row| !other.contains(row)) {
            here(&row);
        }
        for row in taken.to_rows().iter().filter(|row| other.contains(row)) {
            there(&row);
        }
    }

    /// See [`RowSet::seconds`].
    pub fn seconds(&self, first: Code, into: &mut Vec<Code>) -> bool {
        let before = into.len();
        if !self.base.seconds(first, into) {
            return false;
        }
        let mut gone = Vec::new();
        self.taken.seconds(first, &mut gone);
        if !gone.is_empty() {
            gone.sort_unstable();
            let all = into.split_off(before);
            let kept = all.into_iter();
            into.extend(kept.filter(|second| gone.binary_search(second).is_err()));
        }
        self.added.seconds(first, into)
    }

    /// See [`RowSet::firsts`].
    pub fn firsts(&self, second: Code, into: &mut Vec<Code>) -> bool {
        let before = into.len();
        if self.added.len() > FEW || !self.base.firsts(second, into) {
            return false;
        }
        if !self.taken.is_empty() {
            let kept: Vec<Code> = into
                .drain(before..)
                .filter(|&first| !self.taken.contains(&[first, second]))
                .collect();
            into.extend(kept);
        }
        self.added.visit(&mut |columns, _| {
            let pairs = columns[0].iter().zip(columns[1]);
            into.extend(
                pairs
                    .filter(|(_, other)| **other == second)
                    .map(|(first, _)| first),
            );
        });
        true
    }

    /// See [`RowSet::count_seconds`].
    pub fn count_seconds(&self, first: Code) -> Option<usize> {
        let (base, taken) = (
            self.base.count_seconds(first)?,
            self.taken.count_seconds(first)?,
        );
        Some(base - taken + self.added.count_seconds(first)?)
    }

    /// See [`RowSet::leading`].
    pub fn leading(&self, key: &[Code], rest: &[usize], into: &mut Vec<Code>) -> bool {
        let Some(rows) = self.base.as_sorted().filter(|_| self.added.len() <= FEW) else {
            return false;
        };
        let mut row = vec![Code::default(); self.added.arity()];
        for at in rows.range(key) {
            for (column, code) in row.iter_mut().enumerate() {
                *code = rows.rows().column(column)[at];
            }
            if self.taken.is_empty() || !self.taken.contains(&row) {
                into.extend(rest.iter().map(|&column| row[column]));
            }
        }
        self.added.visit(&mut |columns, len| {
            for at in 0..len {
                if key
                    .iter()
                    .zip(columns)
                    .all(|(code, column)| column[at] == *code)
                {
                    into.extend(rest.iter().map(|&column| columns[column][at]));
                }
            }
        });
        true
    }
}

impl RowSet {
    /// A set of few rows, of which two columns are told by the first.
    fn few(arity: usize) -> RowSet {
        let mut set = RowSet::new(arity, 1, 0);
        if arity == 2 {
            set.shape = Shape::Groups(vec![RwLock::new(Groups::default())]);
        }
        set
    }

    /// The same rows, to be changed while others keep them as they are: what is changed is kept beside what is shared.
    pub fn amending(set: &Arc<RowSet>) -> RowSet {
        if set.amended().is_some() {
            return RowSet::clone(set);
        }
        RowSet {
            arity: set.arity,
            len: set.len,
            shards: set.shards,
            salt: set.salt,
            examined: set.examined,
            offered: AtomicU64::new(0),
            span: set.span,
            latest: Vec::new(),
            whole: false,
            shape: Shape::Amended(Box::new(Amended {
                base: set.clone(),
                added: RowSet::few(set.arity),
                taken: RowSet::few(set.arity),
            })),
            core: None,
            spared: 0,
            folded: None,
            ways: Box::default(),
        }
    }

    fn amended(&self) -> Option<&Amended> {
        match &self.shape {
            Shape::Amended(amended) => Some(amended),
            _ => None,
        }
    }

    /// The set that this one shares its rows with, but for [`RowSet::added`] and [`RowSet::taken`].
    pub fn base(&self) -> Option<&Arc<RowSet>> {
        self.amended().map(|amended| &amended.base)
    }

    /// Rows that the base has not.
    pub fn added(&self) -> Rows {
        let added = self.amended().map(|amended| amended.added.to_rows());
        added.unwrap_or_else(|| Rows::new(self.arity))
    }

    /// Rows that the base alone has.
    pub fn taken(&self) -> Rows {
        let taken = self.amended().map(|amended| amended.taken.to_rows());
        taken.unwrap_or_else(|| Rows::new(self.arity))
    }

    /// Whether so much is otherwise than in the base that rows are better kept apart from it.
    pub fn differs_much(&self) -> bool {
        self.amended().is_some_and(|amended| {
            (amended.added.len() + amended.taken.len()) * PART > amended.base.len()
        })
    }

    /// The same rows, shared with nobody. O(all rows).
    pub fn apart(&self) -> RowSet {
        let Some(amended) = self.amended() else {
            return self.clone();
        };
        let mut set = RowSet::clone(&amended.base);
        for row in amended.taken.to_rows().iter() {
            set.take(&row);
        }
        for row in amended.added.to_rows().iter() {
            set.add(&row);
        }
        set
    }

    /// Rows that one set has and another has not, where both share the rest, in time in proportion to what they do not
    /// share. `None`: they may share nothing.
    pub fn only_in(set: &Arc<RowSet>, other: &Arc<RowSet>) -> Option<Rows> {
        let base = |set: &Arc<RowSet>| set.base().unwrap_or(set).clone();
        if !Arc::ptr_eq(&base(set), &base(other)) {
            return None;
        }
        let mut only = Rows::new(set.arity);
        for row in set.added().iter().chain(other.taken().iter()) {
            if set.contains(&row) && !other.contains(&row) {
                only.push(&row);
            }
        }
        Some(only)
    }
}
