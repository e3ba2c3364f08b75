//! A least derivation of every vertex, kept so while elements are taken out and put back.
//!
//! Derivations are as good as the elements they use are few, each counted as often as it is used (Knuth, "A
//! generalization of Dijkstra's algorithm", 1977). What leaned on an element that is taken out is derived anew from what
//! did not, cheapest first: a removal touches only what it changes.

use super::lineage::Lineage;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

pub(super) struct Least<'a> {
    lineage: &'a Lineage,
    /// By vertex: elements used, or [`NEVER`].
    costs: Vec<u64>,
    /// By vertex: the last edge of a least derivation, or [`NONE`].
    by: Vec<u32>,
    /// By edge: premises without a derivation, as [`Least::derive`] leaves them.
    missing: Vec<u32>,
    /// Edges without premises.
    axioms: Rc<[u32]>,
    /// By vertex: the element it is, or [`NONE`].
    element_at: Rc<[u32]>,
    in_doubt: Vec<bool>,
    /// By vertex: in which call of [`Least::derive`] an edge last derived it.
    derived_in: Vec<u32>,
    calls: u32,
    /// Whether in the last one several edges derived a vertex.
    has_choice: bool,
    /// What removals changed: vertex, cost and edge before.
    changes: Vec<(u32, u64, u32)>,
    /// Vertices and edges that [`Least::derive`] touched.
    touched: (Vec<u32>, Vec<u32>),
    /// Edges looked at.
    work: u64,
}

/// There is no derivation.
const NEVER: u64 = u64::MAX;
const NONE: u32 = u32::MAX;

/// Elements used, the edge, what it derives.
type Queue = BinaryHeap<Reverse<(u64, u32, u32)>>;

impl<'a> Least<'a> {
    /// Without any derivation yet. Linear in the graph.
    pub(super) fn new(lineage: &'a Lineage) -> Least<'a> {
        let vertices = lineage.alternatives.len();
        let edges = lineage.edges.iter().enumerate();
        let axioms = edges.filter(|(_, edge)| edge.premises.is_empty());
        let mut element_at = vec![NONE; vertices];
        for (element, &vertex) in lineage.vertex_of.iter().enumerate() {
            element_at[vertex as usize] = element as u32;
        }
        Least {
            lineage,
            costs: vec![NEVER; vertices],
            by: vec![NONE; vertices],
            missing: premises(lineage),
            axioms: axioms.map(|(at, _)| at as u32).collect(),
            element_at: element_at.into(),
            in_doubt: vec![false; vertices],
            derived_in: vec![0; vertices],
            calls: 0,
            has_choice: false,
            changes: Vec::new(),
            touched: (Vec::new(), Vec::new()),
            work: 0,
        }
    }

    /// What some elements derive, and nothing else. Linear in that but for a logarithm.
    pub(super) fn derive(&mut self, elements: impl IntoIterator<Item = u32>) {
        for vertex in self.touched.0.drain(..) {
            self.costs[vertex as usize] = NEVER;
            self.by[vertex as usize] = NONE;
        }
        for edge in self.touched.1.drain(..) {
            self.missing[edge as usize] = self.lineage.edges[edge as usize].premises.len() as u32;
        }
        self.changes.clear();
        self.calls += 1;
        self.has_choice = false;
        let lineage = self.lineage;
        let mut queue = Queue::new();
        for element in elements {
            let size = lineage.elements[element as usize].size;
            queue.push(Reverse((size, NONE, lineage.vertex_of[element as usize])));
        }
        for &at in &*self.axioms.clone() {
            let head = lineage.edges[at as usize].head;
            self.note_derived(head);
            queue.push(Reverse((0, at, head)));
        }
        while let Some(Reverse((cost, by, vertex))) = queue.pop() {
            if self.costs[vertex as usize] != NEVER {
                continue;
            }
            self.costs[vertex as usize] = cost;
            self.by[vertex as usize] = by;
            self.touched.0.push(vertex);
            for &at in &lineage.used_by[vertex as usize] {
                self.work += 1;
                let edge = &lineage.edges[at as usize];
                let missing = &mut self.missing[at as usize];
                if *missing as usize == edge.premises.len() {
                    self.touched.1.push(at);
                }
                *missing -= 1;
                if *missing > 0 {
                    continue;
                }
                self.note_derived(edge.head);
                if self.costs[edge.head as usize] == NEVER
                    && let Some(cost) = self.cost_of(at)
                {
                    queue.push(Reverse((cost, at, edge.head)));
                }
            }
        }
    }

    fn note_derived(&mut self, vertex: u32) {
        let last = std::mem::replace(&mut self.derived_in[vertex as usize], self.calls);
        self.has_choice |= last == self.calls;
    }

    /// A minimal set of elements within some that derive the root, ascending: the last ones are left out first. Takes
    /// the place of what was derived before.
    pub(super) fn minimal_within(&mut self, elements: &[u32]) -> Vec<u32> {
        self.derive(elements.iter().copied());
        let mut kept = self.elements();
        // Of a single derivation nothing can be spared.
        if !self.has_choice {
            return kept;
        }
        for &element in elements {
            if kept.binary_search(&element).is_err() {
                self.remove(element);
            }
        }
        for at in (0..kept.len()).rev() {
            let mark = self.mark();
            self.remove(kept[at]);
            match self.cost() {
                Some(_) => {
                    kept.remove(at);
                }
                None => self.restore(mark),
            }
        }
        kept
    }

    /// Edges looked at since it was asked last.
    pub(super) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// `None`: a premise cannot be derived.
    fn cost_of(&self, edge: u32) -> Option<u64> {
        let mut sum = 0u64;
        for &premise in &self.lineage.edges[edge as usize].premises {
            match self.costs[premise as usize] {
                NEVER => return None,
                cost => sum = sum.saturating_add(cost),
            }
        }
        Some(sum.min(NEVER - 1))
    }

    /// Elements that a least derivation of the root uses, each as often as it does; `None`: there is none.
    pub(super) fn cost(&self) -> Option<u64> {
        let cost = self.costs[Lineage::ROOT as usize];
        (cost != NEVER).then_some(cost)
    }

    /// The elements of a least derivation of the root, ascending.
    pub(super) fn elements(&self) -> Vec<u32> {
        let mut elements = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![Lineage::ROOT];
        while let Some(vertex) = open.pop() {
            if !seen.insert(vertex) || self.costs[vertex as usize] == NEVER {
                continue;
            }
            match self.by[vertex as usize] {
                NONE => elements.push(self.element_at[vertex as usize]),
                by => open.extend(&self.lineage.edges[by as usize].premises),
            }
        }
        elements.sort_unstable();
        elements
    }

    /// Where removals are now, for [`Least::restore`].
    pub(super) fn mark(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn restore(&mut self, mark: usize) {
        for (vertex, cost, by) in self.changes.drain(mark..).rev() {
            self.costs[vertex as usize] = cost;
            self.by[vertex as usize] = by;
        }
    }

    /// Takes an element out.
    pub(super) fn remove(&mut self, element: u32) {
        let lineage = self.lineage;
        let first = lineage.vertex_of[element as usize];
        if self.costs[first as usize] == NEVER {
            return;
        }
        let from = self.changes.len();
        let mut open = vec![first];
        self.in_doubt[first as usize] = true;
        while let Some(vertex) = open.pop() {
            let change = (
                vertex,
                self.costs[vertex as usize],
                self.by[vertex as usize],
            );
            self.changes.push(change);
            self.costs[vertex as usize] = NEVER;
            self.by[vertex as usize] = NONE;
            for &at in &lineage.used_by[vertex as usize] {
                self.work += 1;
                let head = lineage.edges[at as usize].head;
                if self.by[head as usize] == at
                    && !std::mem::replace(&mut self.in_doubt[head as usize], true)
                {
                    open.push(head);
                }
            }
        }
        let mut queue = Queue::new();
        for at in from + 1..self.changes.len() {
            let vertex = self.changes[at].0;
            for &edge in &lineage.alternatives[vertex as usize] {
                self.work += 1;
                if let Some(cost) = self.cost_of(edge) {
                    queue.push(Reverse((cost, edge, vertex)));
                }
            }
        }
        while let Some(Reverse((cost, by, vertex))) = queue.pop() {
            if self.costs[vertex as usize] != NEVER {
                continue;
            }
            self.costs[vertex as usize] = cost;
            self.by[vertex as usize] = by;
            for &at in &lineage.used_by[vertex as usize] {
                self.work += 1;
                let head = lineage.edges[at as usize].head;
                if self.in_doubt[head as usize]
                    && self.costs[head as usize] == NEVER
                    && let Some(cost) = self.cost_of(at)
                {
                    queue.push(Reverse((cost, at, head)));
                }
            }
        }
        for &(vertex, ..) in &self.changes[from..] {
            self.in_doubt[vertex as usize] = false;
        }
    }
}

fn premises(lineage: &Lineage) -> Vec<u32> {
    let edges = lineage.edges.iter();
    edges.map(|edge| edge.premises.len() as u32).collect()
}
