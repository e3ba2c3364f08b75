//! What keeps goals from holding in one world, and in which others it is the same.
//!
//! The answer is a function of what was asked of the facts and claims of the world: where everything that was looked at is
//! as it is there, so is the answer.

use super::contender::{Contender, Tried};
use crate::analysis::checked::{CheckedProgram, RelationId, RelationKind};
use crate::evidence::ClaimId;
use crate::explain::{DaySet, Fact, Facts, Presence};
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::sync::Arc;

/// What was asked of the facts of a world.
#[derive(Default)]
pub(super) struct Asked(FxHashMap<RelationId, Patterns>);

#[derive(Default)]
struct Patterns {
    /// Which arguments are known in some of them.
    shapes: Vec<Vec<bool>>,
    patterns: FxHashSet<Box<[Option<Code>]>>,
}

/// The facts of a world, with a note of what is asked of them. Their numbers are told as in another world, and nothing of
/// how they came to be: so that one is looked through in the same order as the other.
pub(super) struct Noted<'f> {
    facts: &'f dyn Facts,
    sizes: &'f dyn Facts,
    asked: RefCell<Asked>,
}

/// What keeps the goals from holding in a world.
pub(super) struct Obstacle {
    change: Tried,
    asked: Asked,
    /// Of all that was asked after: what is not as it is without a change.
    apart: FxHashSet<Fact>,
    pub claims: Arc<[ClaimId]>,
}

/// Obstacles of one contender that are remembered.
pub(super) const MOST_OBSTACLES: usize = 256;

impl Asked {
    fn note(&mut self, relation: RelationId, pattern: &[Option<Code>]) {
        let of = self.0.entry(relation).or_default();
        if of.patterns.contains(pattern) {
            return;
        }
        let shape = pattern.iter().map(Option::is_some);
        if !of
            .shapes
            .iter()
            .any(|known| shape.clone().eq(known.iter().copied()))
        {
            of.shapes.push(shape.collect());
        }
        of.patterns.insert(pattern.into());
    }

    /// Whether a fact would have been an answer. One pair of an equivalence tells of others.
    fn covers(&self, fact: &Fact, program: &CheckedProgram) -> bool {
        let Some(Patterns { shapes, patterns }) = self.0.get(&fact.relation) else {
            return false;
        };
        program[fact.relation].kind == RelationKind::Eqrel
            || shapes.iter().any(|shape| {
                let known = shape.iter().zip(&fact.row);
                let pattern = known.map(|(known, &code)| known.then_some(code));
                patterns.contains(&*pattern.collect::<Vec<_>>())
            })
    }
}

impl<'f> Noted<'f> {
    pub fn new(facts: &'f dyn Facts, sizes: &'f dyn Facts) -> Noted<'f> {
        Noted {
            facts,
            sizes,
            asked: RefCell::default(),
        }
    }

    pub fn asked(self) -> Asked {
        self.asked.into_inner()
    }

    fn note(&self, relation: RelationId, pattern: &[Option<Code>]) {
        self.asked.borrow_mut().note(relation, pattern);
    }

    fn note_row(&self, relation: RelationId, row: &[Code]) {
        let row: Vec<Option<Code>> = row.iter().map(|&code| Some(code)).collect();
        self.note(relation, &row);
    }
}

impl Facts for Noted<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        self.note(relation, pattern);
        self.facts.matching(relation, pattern)
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        self.note(relation, pattern);
        self.facts.gather(relation, pattern, codes);
    }

    fn has(&self, relation: RelationId, pattern: &[Option<Code>]) -> bool {
        self.note(relation, pattern);
        self.facts.has(relation, pattern)
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        self.note_row(relation, row);
        self.facts.contains(relation, row)
    }

    fn len(&self, relation: RelationId) -> usize {
        self.sizes.len(relation)
    }

    fn reach(&self, relation: RelationId, bound: &[usize]) -> Option<u64> {
        self.sizes.reach(relation, bound)
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.note_row(relation, row);
        self.facts.is_stated(relation, row)
    }
}

impl Obstacle {
    /// What was found in a case of some that were worked out together; in `as_it_is` nothing is changed. Also the cases in
    /// which all facts that were asked after are as in this one.
    pub fn found(
        (change, case): (&Tried, usize),
        (claims, asked): (Vec<ClaimId>, Asked),
        presence: &Presence,
        as_it_is: usize,
        program: &CheckedProgram,
    ) -> (Obstacle, DaySet) {
        let mut apart = FxHashSet::default();
        let mut same = every_case(as_it_is);
        for fact in presence.moved().filter(|fact| asked.covers(fact, program)) {
            let cases = presence.with(fact);
            if cases.contains(case) != cases.contains(as_it_is) {
                apart.insert(fact.clone());
            }
            match cases.contains(case) {
                true => same.keep(&cases),
                false => same.remove(&cases),
            }
        }
        let obstacle = Obstacle {
            change: change.clone(),
            asked,
            apart,
            claims: claims.into(),
        };
        (obstacle, same)
    }

    /// The cases, of some that were worked out together, in which all facts that were asked after are as in its world.
    pub fn same_in(
        &self,
        presence: &Presence,
        as_it_is: usize,
        program: &CheckedProgram,
    ) -> DaySet {
        let mut same = every_case(as_it_is);
        let mut met = 0;
        let moved = presence.moved();
        for fact in moved.filter(|fact| self.asked.covers(fact, program)) {
            let cases = presence.with(fact);
            let is_apart = self.apart.contains(fact);
            met += usize::from(is_apart);
            match cases.contains(as_it_is) != is_apart {
                true => same.keep(&cases),
                false => same.remove(&cases),
            }
        }
        // What is not as it is without a change in its world alone is so in none of these.
        match met == self.apart.len() {
            true => same,
            false => DaySet::none((as_it_is + 1).next_multiple_of(64)),
        }
    }

    /// Whether what a change withdraws and finds was not looked at, but for what is so in its world too.
    pub fn is_told_alike<E>(&self, change: &Tried, contender: &Contender<E>) -> bool {
        let (claims, program) = (contender.claims, contender.program);
        let (ours, theirs) = (&self.change.0, &change.0);
        let apart = |one: &'_ [ClaimId], other: &'_ [ClaimId]| {
            let only = one.iter().filter(|id| other.binary_search(id).is_err());
            let mut rows = only.flat_map(|&id| claims.ever_with_id(claims.get(id).id));
            rows.any(|id| {
                let claim = claims.get(id);
                let fact = Fact::new(claim.relation, claim.row);
                self.asked.covers(&fact, program)
            })
        };
        self.change.1 == change.1 && !apart(ours, theirs) && !apart(theirs, ours)
    }
}

fn every_case(as_it_is: usize) -> DaySet {
    DaySet::all((as_it_is + 1).next_multiple_of(64))
}
