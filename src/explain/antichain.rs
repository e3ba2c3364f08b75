//! Sets of which none is within another.

use rustc_hash::FxHashMap;
use std::rc::Rc;

#[derive(Clone)]
pub(super) struct Set {
    /// Ascending.
    pub(super) elements: Rc<[u32]>,
    /// A bit for each element, modulo 64: tells most sets apart at a glance.
    sketch: u64,
}

/// To be asked whether a set contains one of them.
#[derive(Clone, Default)]
pub(super) struct Antichain {
    sets: Vec<Set>,
    /// By element: sets that have it. Every set is listed under one of its elements, that with the shortest list. Empty while
    /// there are few.
    watched: FxHashMap<u32, Vec<u32>>,
    /// Elements of the largest set that ever was there.
    largest: usize,
}

/// Sets that are looked at one by one.
const FEW: usize = if cfg!(test) { 2 } else { 512 };

impl Set {
    pub(super) fn new(elements: Rc<[u32]>) -> Set {
        let sketch = elements
            .iter()
            .fold(0, |sketch, element| sketch | 1 << (element % 64));
        Set { elements, sketch }
    }

    /// Adds to `compared` what it takes, in sets told apart at a glance.
    fn is_within(&self, other: &Set, compared: &mut u64) -> bool {
        *compared += 1;
        if self.sketch & !other.sketch != 0 || self.elements.len() > other.elements.len() {
            return false;
        }
        *compared += self.elements.len() as u64;
        is_subset(&self.elements, &other.elements)
    }
}

impl Antichain {
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    pub(super) fn get(&self, at: usize) -> &Set {
        &self.sets[at]
    }

    /// Whether one of them is within this one. Adds to `compared` what it takes.
    pub(super) fn has_within(&self, set: &Set, compared: &mut u64) -> bool {
        if self.watched.is_empty() {
            let mut known = self.sets.iter();
            return known.any(|known| known.is_within(set, compared));
        }
        set.elements.iter().any(|element| {
            let listed = self.watched.get(element).map_or(&[][..], |listed| listed);
            let mut known = listed.iter().map(|&at| &self.sets[at as usize]);
            known.any(|known| known.is_within(set, compared))
        })
    }

    /// Adds a set that none is within, and drops those it is within. Adds to `compared` what it takes.
    pub(super) fn insert(&mut self, set: Set, compared: &mut u64) {
        if set.elements.len() < self.largest {
            let before = self.sets.len();
            self.sets.retain(|known| !set.is_within(known, compared));
            if self.sets.len() < before {
                self.watched.clear();
            }
        }
        self.largest = self.largest.max(set.elements.len());
        // Nothing else can be beside the empty set.
        self.sets.push(set);
        if self.sets.len() > FEW {
            let from = match self.watched.is_empty() {
                true => 0,
                false => self.sets.len() - 1,
            };
            for at in from..self.sets.len() {
                self.watch(at);
            }
        }
    }

    fn watch(&mut self, at: usize) {
        let listed = |element: &u32| self.watched.get(element).map_or(0, Vec::len);
        let elements = self.sets[at].elements.iter().copied();
        if let Some(element) = elements.min_by_key(listed) {
            self.watched.entry(element).or_default().push(at as u32);
        }
    }
}

/// Both ascending.
pub(super) fn is_subset(small: &[u32], large: &[u32]) -> bool {
    let mut rest = large;
    small.iter().all(|wanted| {
        let at = rest.partition_point(|other| other < wanted);
        rest = &rest[at..];
        rest.first() == Some(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn subsets() {
        assert!(is_subset(&[], &[]));
        assert!(is_subset(&[1, 5], &[0, 1, 3, 5]));
        assert!(!is_subset(&[1, 4], &[0, 1, 3, 5]));
        assert!(!is_subset(&[1], &[]));
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn what_is_left_is_what_nothing_is_within(sets in prop::collection::vec(prop::collection::btree_set(0..9u32, 0..6), 0..40)) {
            let mut chain = Antichain::default();
            let mut known: Vec<BTreeSet<u32>> = Vec::new();
            for elements in sets {
                let set = Set::new(elements.iter().copied().collect());
                let within = known.iter().any(|known| known.is_subset(&elements));
                prop_assert_eq!(chain.has_within(&set, &mut 0), within);
                if !within {
                    chain.insert(set, &mut 0);
                    known.retain(|known| !elements.is_subset(known));
                    known.push(elements);
                }
                let left: Vec<BTreeSet<u32>> = (0..chain.len()).map(|at| chain.get(at).elements.iter().copied().collect()).collect();
                prop_assert_eq!(&left, &known);
            }
        }
    }
}
