//! What must be absent, or must add up, for elements to derive the root.

use super::lineage::{Condition, Lineage};
use rustc_hash::FxHashSet;

/// Asked of one set of elements after the other: each touches only what it derives.
pub(super) struct Conditions<'a> {
    lineage: &'a Lineage,
    /// Edges without premises; `None`: no edge has a condition.
    axioms: Option<Vec<u32>>,
    /// By edge: premises that are not derived.
    missing: Vec<u32>,
    /// By vertex: how it was derived.
    by: Vec<By>,
    /// Vertices and edges that are not as they were.
    touched: (Vec<u32>, Vec<u32>),
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    Nothing,
    Element,
    Edge(u32),
}

impl<'a> Conditions<'a> {
    pub(super) fn of(lineage: &'a Lineage) -> Conditions<'a> {
        let edges = || lineage.edges.iter().enumerate();
        let any = edges().any(|(_, edge)| !edge.conditions.is_empty());
        let axioms = edges().filter(|(_, edge)| edge.premises.is_empty());
        let missing = edges().map(|(_, edge)| edge.premises.len() as u32);
        Conditions {
            lineage,
            axioms: any.then(|| axioms.map(|(at, _)| at as u32).collect()),
            missing: match any {
                true => missing.collect(),
                false => Vec::new(),
            },
            by: vec![By::Nothing; if any { lineage.alternatives.len() } else { 0 }],
            touched: (Vec::new(), Vec::new()),
        }
    }

    /// Those of one derivation of the root, which has to follow.
    pub(super) fn from(&mut self, elements: &[u32]) -> Vec<Condition> {
        let Some(axioms) = self.axioms.take() else {
            return Vec::new();
        };
        self.derive(elements, &axioms);
        self.axioms = Some(axioms);
        let mut conditions = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![Lineage::ROOT];
        let mut visited = FxHashSet::default();
        while let Some(vertex) = open.pop() {
            let By::Edge(edge) = self.by[vertex as usize] else {
                continue;
            };
            if !visited.insert(vertex) {
                continue;
            }
            let edge = &self.lineage.edges[edge as usize];
            open.extend(edge.premises.iter().rev());
            for condition in &edge.conditions {
                if seen.insert(condition) {
                    conditions.push(condition.clone());
                }
            }
        }
        conditions
    }

    /// First what takes the fewest steps.
    fn derive(&mut self, elements: &[u32], axioms: &[u32]) {
        let lineage = self.lineage;
        for vertex in self.touched.0.drain(..) {
            self.by[vertex as usize] = By::Nothing;
        }
        for edge in self.touched.1.drain(..) {
            self.missing[edge as usize] = lineage.edges[edge as usize].premises.len() as u32;
        }
        for &element in elements {
            self.add(lineage.vertex_of[element as usize], By::Element);
        }
        for &at in axioms {
            self.add(lineage.edges[at as usize].head, By::Edge(at));
        }
        let mut next = 0;
        while let Some(&vertex) = self.touched.0.get(next) {
            next += 1;
            for &at in &lineage.used_by[vertex as usize] {
                self.touched.1.push(at);
                self.missing[at as usize] -= 1;
                if self.missing[at as usize] == 0 {
                    self.add(lineage.edges[at as usize].head, By::Edge(at));
                }
            }
        }
    }

    fn add(&mut self, vertex: u32, by: By) {
        if self.by[vertex as usize] == By::Nothing {
            self.by[vertex as usize] = by;
            self.touched.0.push(vertex);
        }
    }
}
