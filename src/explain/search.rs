//! Shortest proofs without recorded births.
//!
//! Facts and rule instances form a graph of alternatives (a directed hypergraph). It is explored backwards from the
//! goal, layer by layer, while heights are propagated forwards from what is stated (Knuth, "A generalization of Dijkstra's
//! algorithm", 1977, for the superior function 1 + max). After `d` layers every proof of height `d` has been
//! seen, so the first height of the goal that is not above the number of layers is the least one.

use super::case::Case;
use super::expand::{Step, each_step};
use super::facts::{Fact, Facts};
use super::meter::Meter;
use crate::engine::StopReason;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// The last step of a shortest proof.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) step: Step,
    height: u32,
}

/// The least proofs found so far, closed under premises: a fact with a choice has premises that are leaves or have one.
pub(super) type Choices = FxHashMap<Fact, Choice>;

#[derive(Default)]
struct Graph {
    ids: FxHashMap<Fact, u32>,
    vertices: Vec<Vertex>,
    edges: Vec<Edge>,
    improved: VecDeque<u32>,
}

struct Vertex {
    fact: Fact,
    height: Option<u32>,
    best: Option<u32>,
    /// Edges that have this vertex among their premises.
    used_by: Vec<u32>,
}

struct Edge {
    head: u32,
    step: Step,
    premises: Vec<u32>,
    /// Premises without a height.
    missing: usize,
}

/// Adds a least proof of the goal, the goal itself never being a leaf. Where only some facts count, `within` has them.
/// `Ok(false)`: there is none.
pub(super) fn search(
    case: &Case,
    goal: &Fact,
    is_leaf: &dyn Fn(&Fact) -> bool,
    within: Option<&dyn Facts>,
    known: &mut Choices,
    meter: &Meter,
) -> Result<bool, StopReason> {
    let mut graph = Graph::default();
    let mut layer = vec![graph.vertex(goal, None)];
    let mut layers = 0;
    while !layer.is_empty() {
        let mut next = Vec::new();
        for at in layer {
            let fact = graph.vertices[at as usize].fact.clone();
            each_step(case, &fact, within, meter, |step| {
                let premises = step
                    .premises(case)
                    .iter()
                    .map(|premise| match graph.ids.get(premise) {
                        Some(&seen) => seen,
                        None => {
                            let height = match known.get(premise) {
                                Some(choice) => Some(choice.height),
                                None => is_leaf(premise).then_some(0),
                            };
                            let new = graph.vertex(premise, height);
                            if height.is_none() {
                                next.push(new);
                            }
                            new
                        }
                    })
                    .collect();
                graph.edge(at, step, premises);
                true
            });
            meter.finish(())?;
        }
        graph.propagate();
        layers += 1;
        if graph.vertices[0]
            .height
            .is_some_and(|height| height <= layers)
        {
            break;
        }
        layer = next;
    }
    let found = graph.vertices[0].height.is_some();
    if found {
        graph.record(known);
    }
    Ok(found)
}

impl Graph {
    fn vertex(&mut self, fact: &Fact, height: Option<u32>) -> u32 {
        let at = self.vertices.len() as u32;
        self.ids.insert(fact.clone(), at);
        self.vertices.push(Vertex {
            fact: fact.clone(),
            height,
            best: None,
            used_by: Vec::new(),
        });
        at
    }

    fn edge(&mut self, head: u32, step: Step, mut premises: Vec<u32>) {
        premises.sort_unstable();
        premises.dedup();
        let at = self.edges.len() as u32;
        let missing = premises
            .iter()
            .filter(|&&premise| self.vertices[premise as usize].height.is_none())
            .count();
        for &premise in &premises {
            self.vertices[premise as usize].used_by.push(at);
        }
        self.edges.push(Edge {
            head,
            step,
            premises,
            missing,
        });
        if missing == 0 {
            self.improve(at);
        }
    }

    /// Lowers the height of an edge's head if the edge allows it.
    fn improve(&mut self, edge: u32) {
        let Edge { head, premises, .. } = &self.edges[edge as usize];
        let highest = premises
            .iter()
            .filter_map(|&premise| self.vertices[premise as usize].height)
            .max();
        let height = highest.map_or(1, |height| height.saturating_add(1));
        let head = *head;
        let vertex = &mut self.vertices[head as usize];
        if vertex.height.is_none_or(|known| height < known) {
            let first = vertex.height.is_none();
            vertex.height = Some(height);
            vertex.best = Some(edge);
            if first {
                for &user in &vertex.used_by {
                    self.edges[user as usize].missing -= 1;
                }
            }
            self.improved.push_back(head);
        }
    }

    fn propagate(&mut self) {
        while let Some(at) = self.improved.pop_front() {
            let users = std::mem::take(&mut self.vertices[at as usize].used_by);
            for &edge in &users {
                if self.edges[edge as usize].missing == 0 {
                    self.improve(edge);
                }
            }
            self.vertices[at as usize].used_by = users;
        }
    }

    /// Keeps the choices below the goal.
    fn record(self, known: &mut Choices) {
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let vertex = &self.vertices[at as usize];
            let (Some(best), Some(height)) = (vertex.best, vertex.height) else {
                continue;
            };
            if known.contains_key(&vertex.fact) {
                continue;
            }
            let edge = &self.edges[best as usize];
            open.extend(&edge.premises);
            known.insert(
                vertex.fact.clone(),
                Choice {
                    step: edge.step.clone(),
                    height,
                },
            );
        }
    }
}
