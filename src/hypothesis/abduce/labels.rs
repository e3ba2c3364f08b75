//! Sets of assumed facts, by number.

use crate::explain::Fact;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Numbers of assumed facts, ascending.
pub(super) type Label = Rc<[u32]>;

/// Facts that were considered, by number.
#[derive(Default)]
pub(super) struct Considered {
    facts: Vec<Fact>,
    numbers: FxHashMap<Fact, u32>,
}

impl Considered {
    pub(super) fn number(&mut self, fact: Fact) -> u32 {
        let next = self.facts.len() as u32;
        *self.numbers.entry(fact).or_insert_with_key(|fact| {
            self.facts.push(fact.clone());
            next
        })
    }

    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// Forgets all but the first ones.
    pub(super) fn forget_since(&mut self, count: usize) {
        for fact in self.facts.drain(count..) {
            self.numbers.remove(&fact);
        }
    }

    /// Ascending.
    pub(super) fn facts(&self, label: &[u32]) -> Vec<Fact> {
        let facts = label.iter().map(|&at| self.facts[at as usize].clone());
        let mut facts: Vec<Fact> = facts.collect();
        facts.sort();
        facts
    }
}

/// Both ascending.
pub(super) fn is_within(small: &[u32], large: &[u32]) -> bool {
    let mut rest = large.iter();
    small.len() <= large.len() && small.iter().all(|wanted| rest.any(|other| other == wanted))
}

/// `None`: more than `most`.
pub(super) fn union(left: &[u32], right: &[u32], most: usize) -> Option<Label> {
    let mut all: Vec<u32> = left.iter().chain(right).copied().collect();
    all.sort_unstable();
    all.dedup();
    (all.len() <= most).then(|| all.into())
}

/// Whether some part of a label passes, itself included.
pub(super) fn each_part(label: &[u32], f: &mut dyn FnMut(&[u32]) -> bool) -> bool {
    let count = label.len().min(20);
    (1..1usize << count).any(|mask| {
        let part: Vec<u32> = (0..count)
            .filter(|at| mask >> at & 1 == 1)
            .map(|at| label[at])
            .collect();
        f(&part)
    })
}
