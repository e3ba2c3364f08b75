//! The rows of a case, with a few more and a few less.

use crate::analysis::checked::RelationId;
use crate::explain::{Fact, Facts};
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};

/// Rows of later ticks than any run has.
const FIRST_TICK: u32 = 1 << 31;

/// A few rows more and a few less than a run has. Looking up costs what the run costs, and a look at each changed row of
/// the relation.
pub(in crate::hypothesis) struct Overlay<'a> {
    below: &'a dyn Facts,
    /// In the order in which they came.
    added: Vec<Fact>,
    at: FxHashMap<Fact, usize>,
    of: FxHashMap<RelationId, Vec<usize>>,
    assumed: FxHashSet<Fact>,
    gone: FxHashMap<RelationId, FxHashSet<Box<[Code]>>>,
}

impl<'a> Overlay<'a> {
    pub(super) fn over(below: &'a dyn Facts) -> Overlay<'a> {
        Overlay {
            below,
            added: Vec::new(),
            at: FxHashMap::default(),
            of: FxHashMap::default(),
            assumed: FxHashSet::default(),
            gone: FxHashMap::default(),
        }
    }

    pub(super) fn below(&self) -> &'a dyn Facts {
        self.below
    }

    /// False: it was there.
    pub(super) fn add(&mut self, fact: Fact) -> bool {
        if self.contains(fact.relation, &fact.row) {
            return false;
        }
        let at = self.added.len();
        self.of.entry(fact.relation).or_default().push(at);
        self.at.insert(fact.clone(), at);
        self.added.push(fact);
        true
    }

    pub(super) fn assume(&mut self, fact: Fact) -> bool {
        self.assumed.insert(fact.clone());
        self.add(fact)
    }

    /// Takes a row away that the run has. False: it was away.
    pub(super) fn remove(&mut self, fact: &Fact) -> bool {
        self.gone
            .entry(fact.relation)
            .or_default()
            .insert(fact.row.clone())
    }

    /// Gives a row back that was taken away. False: it was not.
    pub(super) fn restore(&mut self, fact: &Fact) -> bool {
        self.gone
            .get_mut(&fact.relation)
            .is_some_and(|gone| gone.remove(&fact.row))
    }

    /// Rows that were taken away, ascending.
    pub(super) fn gone(&self) -> Vec<Fact> {
        let rows = |(&relation, rows): (&RelationId, &FxHashSet<Box<[Code]>>)| -> Vec<Fact> {
            rows.iter().map(|row| Fact::new(relation, row)).collect()
        };
        let mut gone: Vec<Fact> = self.gone.iter().flat_map(rows).collect();
        gone.sort();
        gone
    }

    fn is_gone(&self, relation: RelationId, row: &[Code]) -> bool {
        self.gone
            .get(&relation)
            .is_some_and(|gone| gone.contains(row))
    }

    pub(in crate::hypothesis) fn added(&self) -> &[Fact] {
        &self.added
    }
}

impl Facts for Overlay<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        let mut rows = self.below.matching(relation, pattern);
        if self
            .gone
            .get(&relation)
            .is_some_and(|gone| !gone.is_empty())
        {
            let mut kept = Rows::new(pattern.len());
            rows.iter()
                .filter(|row| !self.is_gone(relation, row))
                .for_each(|row| kept.push(&row));
            rows = kept;
        }
        for &at in self.of.get(&relation).into_iter().flatten() {
            let row = &self.added[at].row;
            let agrees = |(asked, code): (&Option<Code>, &Code)| asked.is_none_or(|it| it == *code);
            if pattern.iter().zip(row).all(agrees) {
                rows.push(row);
            }
        }
        rows
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        self.below.contains(relation, row) && !self.is_gone(relation, row)
            || self.of.contains_key(&relation) && self.at.contains_key(&Fact::new(relation, row))
    }

    fn len(&self, relation: RelationId) -> usize {
        let gone = self.gone.get(&relation).map_or(0, FxHashSet::len);
        self.below.len(relation) + self.of.get(&relation).map_or(0, Vec::len) - gone
    }

    fn birth(&self, relation: RelationId, row: &[Code]) -> Option<u32> {
        let fact = Fact::new(relation, row);
        match self.at.get(&fact) {
            Some(_) if self.assumed.contains(&fact) => Some(0),
            Some(&at) => Some(FIRST_TICK + at as u32),
            None => self.below.birth(relation, row),
        }
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        let fact = Fact::new(relation, row);
        match self.at.contains_key(&fact) {
            true => Some(self.assumed.contains(&fact)),
            false => self.below.is_stated(relation, row),
        }
    }
}
