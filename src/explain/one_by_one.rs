//! Minimal sets that derive the root, one soon after the other however many there are.
//!
//! A least derivation is shrunk to a minimal set. Any other minimal set lacks one of its elements: so each of them is taken
//! out in turn, and the same is done with what is left (the tree of Reiter, "A theory of diagnosis from first
//! principles", 1987, used for justifications by Kalyanpur, Parsia, Horridge and Sirin, 2007). The next set is the one
//! with the least derivation, so that sets come nearly in the order of their size. When the tree ends all were found.

use super::least::Least;
use super::lineage::Lineage;
use super::meter::Meter;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

pub(super) struct OneByOne<'a> {
    meter: &'a Meter,
    /// Of what is left without the elements of a node.
    least: Least<'a>,
    /// Of one set.
    within: Least<'a>,
    queue: BinaryHeap<Reverse<Node>>,
    /// What was taken out in some node.
    seen: FxHashSet<Rc<[u32]>>,
    found: FxHashSet<Rc<[u32]>>,
    exhausted: bool,
}

/// Edges that are looked at in the time that a row takes.
const EDGES_A_ROW: u64 = 8;

/// The cost of a least derivation without some elements, ascending.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    cost: u64,
    age: usize,
    without: Rc<[u32]>,
}

impl<'a> OneByOne<'a> {
    /// Those among `known` are passed over.
    pub(super) fn new(
        lineage: &'a Lineage,
        known: impl IntoIterator<Item = Rc<[u32]>>,
        meter: &'a Meter,
    ) -> OneByOne<'a> {
        let mut least = Least::new(lineage);
        least.derive(0..lineage.elements.len() as u32);
        let first = least.cost().map(|cost| Node {
            cost,
            age: 0,
            without: [].into(),
        });
        OneByOne {
            meter,
            least,
            within: Least::new(lineage),
            queue: first.into_iter().map(Reverse).collect(),
            seen: FxHashSet::default(),
            found: known.into_iter().collect(),
            exhausted: false,
        }
    }

    /// Whether every minimal set among the derivations that were looked at was given, or known before.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Asks what is left without one more element, for each of a set.
    fn branch(&mut self, without: &[u32], set: &[u32]) {
        for &element in set {
            let mark = self.least.mark();
            self.least.remove(element);
            if let Some(cost) = self.least.cost() {
                let at = without.partition_point(|&other| other < element);
                let further = [&without[..at], &[element], &without[at..]].concat();
                let further: Rc<[u32]> = further.into();
                if self.seen.insert(further.clone()) {
                    self.queue.push(Reverse(Node {
                        cost,
                        age: self.seen.len(),
                        without: further,
                    }));
                }
            }
            self.least.restore(mark);
            let work = self.least.take_work() + without.len() as u64;
            if !self.meter.spend_all(1 + work / EDGES_A_ROW) {
                return;
            }
        }
    }
}

impl Iterator for OneByOne<'_> {
    type Item = Rc<[u32]>;

    fn next(&mut self) -> Option<Rc<[u32]>> {
        // The first set is given in any case.
        while self.seen.is_empty() || self.meter.spend() {
            let Some(Reverse(node)) = self.queue.pop() else {
                self.exhausted = true;
                return None;
            };
            let mark = self.least.mark();
            for &element in &*node.without {
                self.least.remove(element);
            }
            let elements = self.least.elements();
            let set: Rc<[u32]> = self.within.minimal_within(&elements).into();
            let work = self.least.take_work() + self.within.take_work();
            self.meter.spend_all(1 + work / EDGES_A_ROW);
            self.branch(&node.without, &set);
            self.seen.insert(node.without);
            self.least.restore(mark);
            if self.found.insert(set.clone()) {
                return Some(set);
            }
        }
        None
    }
}
