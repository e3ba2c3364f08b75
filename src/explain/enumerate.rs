//! All minimal sets of elements that derive the root of a lineage, one at a time.
//!
//! Sets are built from the elements up: an item is a vertex and a set that derives it, and items of the premises of an
//! edge join to one of its head. Items are taken best first, by the size of their set plus what a least derivation of
//! the root needs beside them (A* over a hypergraph: Felzenszwalb and McAllester, "The generalized A* architecture",
//! 2007). A vertex keeps only sets that contain none of the others, and nothing that contains a set found for the root
//! goes on: so different derivations from the same elements meet at every vertex, and cycles end by themselves.
//!
//! What reaches the root is shrunk until no element can be spared, so every set is minimal; all are found
//! once the items run out. They come cheapest first, up to elements that a derivation uses twice, which the
//! estimate counts twice.

use super::antichain::{Antichain, Set};
use super::least::Least;
use super::lineage::Lineage;
use super::meter::Meter;
use crate::engine::StopReason;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

pub(super) struct MinimalSets<'a> {
    lineage: &'a Lineage,
    meter: &'a Meter,
    /// Of one set.
    within: Least<'a>,
    graph: Binary,
    queue: BinaryHeap<Reverse<Queued>>,
    /// By vertex: the sets that derive it, none within another.
    derived: Vec<Antichain>,
    seen: FxHashSet<(u32, Rc<[u32]>)>,
    found: Antichain,
    /// Elements of all sets held.
    held: usize,
    /// Rows that the first set may take.
    patience: u64,
    exhausted: bool,
}

/// Elements held, in all sets together, before a search gives up: 256 MiB.
const MOST_HELD: usize = 1 << 26;

/// Elements of sets that are put together in the time that a row takes.
const ELEMENTS_A_ROW: u64 = 64;
/// Edges that are looked at in the time that a row takes.
const EDGES_A_ROW: u64 = 64;
/// Sets that are told apart in the time that a row takes.
const SETS_A_ROW: u64 = 64;

/// Estimate, then what is still to come, then age.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    estimate: u64,
    ahead: u64,
    age: usize,
    vertex: u32,
    elements: Rc<[u32]>,
}

impl<'a> MinimalSets<'a> {
    pub(super) fn new(lineage: &'a Lineage, meter: &'a Meter) -> MinimalSets<'a> {
        let graph = Binary::of(lineage);
        let mut sets = MinimalSets {
            lineage,
            meter,
            within: Least::new(lineage),
            queue: BinaryHeap::new(),
            derived: vec![Antichain::default(); graph.ahead.len()],
            graph,
            seen: FxHashSet::default(),
            found: Antichain::default(),
            held: 0,
            patience: u64::MAX,
            exhausted: false,
        };
        for edge in &lineage.edges {
            if edge.premises.is_empty() {
                sets.push(edge.head, [].into());
            }
        }
        for (element, &vertex) in lineage.vertex_of.iter().enumerate() {
            sets.push(vertex, [element as u32].into());
        }
        sets
    }

    /// Ends where so many rows lead to no set at all.
    pub(super) fn patient(mut self, rows: u64) -> MinimalSets<'a> {
        self.patience = rows;
        self
    }

    /// Whether every minimal set was given.
    pub(super) fn is_complete(&self) -> bool {
        self.exhausted && self.lineage.stopped.is_none()
    }

    /// The same among the derivations that were looked at.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    fn push(&mut self, vertex: u32, elements: Rc<[u32]>) {
        let Some(ahead) = self.graph.ahead[vertex as usize] else {
            return;
        };
        self.held += elements.len();
        if self.held > MOST_HELD {
            self.meter.stop(StopReason::Memory);
        }
        self.meter.spend_all(elements.len() as u64 / ELEMENTS_A_ROW);
        if !self.meter.spend() || !self.seen.insert((vertex, elements.clone())) {
            return;
        }
        let sizes = elements
            .iter()
            .map(|&element| self.lineage.elements[element as usize].size);
        let size: u64 = sizes.sum();
        self.queue.push(Reverse(Queued {
            estimate: size.saturating_add(ahead),
            ahead,
            age: self.seen.len(),
            vertex,
            elements,
        }));
    }

    /// Joins a new set of a vertex with those of the other premises, wherever it is one.
    fn join(&mut self, vertex: u32, set: &Set) {
        for at in 0..self.graph.used_by[vertex as usize].len() {
            let (head, other) = self.graph.used_by[vertex as usize][at];
            match other {
                None => self.push(head, set.elements.clone()),
                Some(other) => {
                    for with in 0..self.derived[other as usize].len() {
                        let partner = self.derived[other as usize].get(with);
                        let joined = union(&set.elements, &partner.elements);
                        self.push(head, joined);
                    }
                }
            }
            if self.meter.stopped().is_some() {
                return;
            }
        }
    }
}

impl Iterator for MinimalSets<'_> {
    type Item = Rc<[u32]>;

    fn next(&mut self) -> Option<Rc<[u32]>> {
        while self.meter.spend() {
            if self.found.is_empty() && self.meter.rows() > self.patience {
                return None;
            }
            let Some(Reverse(item)) = self.queue.pop() else {
                self.exhausted = true;
                return None;
            };
            let set = Set::new(item.elements);
            let known = &self.derived[item.vertex as usize];
            let mut compared = 0;
            let is_known =
                known.has_within(&set, &mut compared) || self.found.has_within(&set, &mut compared);
            self.meter.spend_all(compared / SETS_A_ROW);
            if is_known {
                continue;
            }
            compared = 0;
            if item.vertex == Lineage::ROOT {
                let minimal = Set::new(self.within.minimal_within(&set.elements).into());
                self.meter.spend_all(self.within.take_work() / EDGES_A_ROW);
                self.found.insert(minimal.clone(), &mut compared);
                self.meter.spend_all(compared / SETS_A_ROW);
                // Other facts may lean on the root, but nothing that leads back to it is minimal.
                return Some(minimal.elements);
            }
            self.derived[item.vertex as usize].insert(set.clone(), &mut compared);
            self.meter.spend_all(compared / SETS_A_ROW);
            self.join(item.vertex, &set);
        }
        None
    }
}

/// Both ascending, and so is the union.
fn union(left: &[u32], right: &[u32]) -> Rc<[u32]> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(&&l), Some(&&r)) = (left.peek(), right.peek()) {
        all.push(l.min(r));
        if l <= r {
            left.next();
        }
        if r <= l {
            right.next();
        }
    }
    all.extend(left);
    all.extend(right);
    all.into()
}

/// The lineage with at most two premises on an edge: what has more is derived in steps, and edges that begin alike
/// share them.
struct Binary {
    /// By vertex, those of the lineage first: heads of edges it is a premise of, each with the other premise.
    used_by: Vec<Vec<(u32, Option<u32>)>>,
    /// By vertex: elements that a least derivation of the root uses beside it. `None`: it leads nowhere.
    ahead: Vec<Option<u64>>,
}

impl Binary {
    fn of(lineage: &Lineage) -> Binary {
        let mut used_by: Vec<Vec<(u32, Option<u32>)>> = vec![Vec::new(); lineage.used_by.len()];
        let mut steps: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for edge in &lineage.edges {
            let Some((&last, front)) = edge.premises.split_last() else {
                continue;
            };
            let Some((&first, middle)) = front.split_first() else {
                used_by[last as usize].push((edge.head, None));
                continue;
            };
            let mut so_far = first;
            for &premise in middle {
                so_far = *steps.entry((so_far, premise)).or_insert_with(|| {
                    let step = used_by.len() as u32;
                    used_by.push(Vec::new());
                    used_by[so_far as usize].push((step, Some(premise)));
                    used_by[premise as usize].push((step, Some(so_far)));
                    step
                });
            }
            used_by[so_far as usize].push((edge.head, Some(last)));
            used_by[last as usize].push((edge.head, Some(so_far)));
        }
        let ahead = ahead(&used_by, &least(lineage, &used_by));
        Binary { used_by, ahead }
    }
}

/// Elements a least derivation of each vertex uses (Knuth, "A generalization of Dijkstra's algorithm", 1977).
fn least(lineage: &Lineage, used_by: &[Vec<(u32, Option<u32>)>]) -> Vec<Option<u64>> {
    let mut least = vec![None; used_by.len()];
    let mut queue = BinaryHeap::new();
    let axioms = lineage.edges.iter().filter(|edge| edge.premises.is_empty());
    queue.extend(axioms.map(|edge| Reverse((0u64, edge.head))));
    let elements = lineage.elements.iter().zip(&lineage.vertex_of);
    queue.extend(elements.map(|(element, &vertex)| Reverse((element.size, vertex))));
    while let Some(Reverse((cost, vertex))) = queue.pop() {
        if least[vertex as usize].is_some() {
            continue;
        }
        least[vertex as usize] = Some(cost);
        for &(head, other) in &used_by[vertex as usize] {
            let beside = match other {
                None => Some(0),
                Some(other) => least[other as usize],
            };
            if let Some(beside) = beside {
                queue.push(Reverse((cost.saturating_add(beside), head)));
            }
        }
    }
    least
}

/// What a least derivation of the root uses beside each vertex: Dijkstra from the root down.
fn ahead(used_by: &[Vec<(u32, Option<u32>)>], least: &[Option<u64>]) -> Vec<Option<u64>> {
    let mut below: Vec<Vec<(u32, u64)>> = vec![Vec::new(); used_by.len()];
    for (vertex, users) in used_by.iter().enumerate() {
        for &(head, other) in users {
            let beside = match other {
                None => Some(0),
                Some(other) => least[other as usize],
            };
            if let Some(beside) = beside {
                below[head as usize].push((vertex as u32, beside));
            }
        }
    }
    let mut ahead = vec![None; used_by.len()];
    let mut queue = BinaryHeap::from([Reverse((0u64, Lineage::ROOT))]);
    while let Some(Reverse((cost, vertex))) = queue.pop() {
        if ahead[vertex as usize].is_some() {
            continue;
        }
        ahead[vertex as usize] = Some(cost);
        for &(premise, beside) in &below[vertex as usize] {
            queue.push(Reverse((cost.saturating_add(beside), premise)));
        }
    }
    ahead
}

#[cfg(test)]
mod tests {
    use super::union;

    #[test]
    fn unions() {
        assert_eq!(*union(&[1, 3, 5], &[0, 3, 9]), [0, 1, 3, 5, 9]);
        assert_eq!(*union(&[], &[2]), [2]);
    }
}
