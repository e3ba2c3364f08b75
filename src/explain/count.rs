//! How many minimal sets of elements derive the root, without listing them.
//!
//! The root is a monotone function of the elements. From its decision diagram follows one of its minimal solutions, a
//! family of sets in which common parts are shared (Rauzy, "New algorithms for fault trees analysis", 1993; Minato,
//! "Zero-suppressed BDDs for set manipulation in combinatorial problems", 1993), and those are counted node by node.

use super::enumerate::MinimalSets;
use super::meter::Meter;
use super::modules::Condensed;
use super::weight::{Work, root_function};
use biodivine_lib_bdd::BddVariableSet;
use rustc_hash::FxHashMap;

/// Elements, edges and nodes beyond which nothing is counted.
const MOST_ELEMENTS: usize = 1_000;
const MOST_EDGES: usize = 20_000;
const MOST_NODES: usize = 200_000;
/// Rows that listing the sets instead may cost.
const ROWS_FOR_SETS: u64 = 500_000;

/// Each element as often as statements make it; `None`: that goes too far.
pub(super) fn count_minimal(condensed: &Condensed, meter: &Meter) -> Option<u128> {
    let lineage = &condensed.lineage;
    if lineage.stopped.is_some() {
        return None;
    }
    // Often there are few sets, each of which stands for many.
    let part = meter.part(ROWS_FOR_SETS);
    let mut sets = MinimalSets::new(lineage, &part);
    let sum = sets
        .by_ref()
        .try_fold(0u128, |sum, set| sum.checked_add(condensed.count(&set)?));
    if sets.is_exhausted() {
        return sum;
    }
    count_on_diagram(condensed, &Meter::new(&meter.rest()))
}

pub(super) fn count_on_diagram(condensed: &Condensed, meter: &Meter) -> Option<u128> {
    let lineage = &condensed.lineage;
    let count = lineage.elements.len();
    let too_large = count > MOST_ELEMENTS || lineage.edges.len() > MOST_EDGES;
    if too_large {
        return None;
    }
    let set = BddVariableSet::new_anonymous(count as u16);
    let variables = set.variables();
    let elements: Vec<_> = variables.iter().map(|&one| set.mk_var(one)).collect();
    let mut work = Work::new(meter);
    let root = root_function(lineage, &elements, &|_| true, &set, &mut work)?;
    let mut families = Families::new(meter);
    // The terminals come first, and every node after those it leads to.
    let mut minimal: Vec<u32> = Vec::with_capacity(root.size());
    for pointer in root.pointers() {
        minimal.push(match (pointer.is_zero(), pointer.is_one()) {
            (true, _) => NO_SET,
            (_, true) => EMPTY_SET,
            _ => {
                let low = minimal[root.low_link_of(pointer).to_index()];
                let high = minimal[root.high_link_of(pointer).to_index()];
                let with = families.without(high, low)?;
                families.node(root.var_of(pointer).to_index() as u32, low, with)?
            }
        });
    }
    families.count(*minimal.last()?, |element| condensed.count(&[element]))
}

/// The family without any set, and the one of the empty set only.
const NO_SET: u32 = 0;
const EMPTY_SET: u32 = 1;

/// Families of sets as a diagram: the sets of a node are those of its low end, and those of its high end with its
/// element.
struct Families<'m> {
    meter: &'m Meter,
    /// Element, low, high; every node after those it leads to.
    nodes: Vec<(u32, u32, u32)>,
    ids: FxHashMap<(u32, u32, u32), u32>,
    differences: FxHashMap<(u32, u32), u32>,
}

impl<'m> Families<'m> {
    fn new(meter: &'m Meter) -> Families<'m> {
        Families {
            meter,
            nodes: vec![(u32::MAX, 0, 0); 2],
            ids: FxHashMap::default(),
            differences: FxHashMap::default(),
        }
    }

    fn node(&mut self, element: u32, low: u32, high: u32) -> Option<u32> {
        if high == NO_SET {
            return Some(low);
        }
        if let Some(&known) = self.ids.get(&(element, low, high)) {
            return Some(known);
        }
        if self.nodes.len() > MOST_NODES || !self.meter.spend() {
            return None;
        }
        let id = self.nodes.len() as u32;
        self.nodes.push((element, low, high));
        self.ids.insert((element, low, high), id);
        Some(id)
    }

    /// The sets of one family that contain none of another. Recurses once an element at most.
    fn without(&mut self, family: u32, other: u32) -> Option<u32> {
        match (family, other) {
            (NO_SET, _) | (_, EMPTY_SET) => return Some(NO_SET),
            (_, NO_SET) => return Some(family),
            _ if family == other => return Some(NO_SET),
            _ => {}
        }
        if let Some(&known) = self.differences.get(&(family, other)) {
            return Some(known);
        }
        let (element, low, high) = self.nodes[family as usize];
        let (its, its_low, its_high) = self.nodes[other as usize];
        let found = if its < element {
            // No set here has that element.
            self.without(family, its_low)?
        } else {
            let same = its == element;
            let (of_low, of_high) = match same {
                true => (its_low, self.without(high, its_high)?),
                false => (other, high),
            };
            let low = self.without(low, of_low)?;
            let high = self.without(of_high, of_low)?;
            self.node(element, low, high)?
        };
        self.differences.insert((family, other), found);
        Some(found)
    }

    /// `None`: more than can be told.
    fn count(&self, family: u32, weight: impl Fn(u32) -> Option<u128>) -> Option<u128> {
        let mut counts: Vec<u128> = vec![0, 1];
        for &(element, low, high) in &self.nodes[2..] {
            let with = counts[high as usize].checked_mul(weight(element)?);
            counts.push(with?.checked_add(counts[low as usize])?);
        }
        counts.get(family as usize).copied()
    }
}
