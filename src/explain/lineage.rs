//! Where a fact can come from: all its derivations at once, as a directed hypergraph.
//!
//! Vertices are facts, totals of aggregates, members of their groups, and *elements*, which are what can be withdrawn.
//! An edge derives its head from all of its premises. Negations and totals are taken as the run has them and noted on
//! the edges as conditions, so that over the elements the graph is monotone: more of them never derives less.

use super::facts::Fact;
use crate::analysis::checked::{AggregateOp, RelationId, RuleId, ValueType};
use crate::engine::StopReason;
use crate::evidence::{ClaimId, Day, Interval};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};

/// Someone or something that states facts, and can be withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statement {
    /// The first claim of its id: one row of a file may state several facts.
    Claim(ClaimId),
    /// A fact in rule text.
    Text(RuleId),
    /// A row of a plain fact file.
    Data(Fact),
}

impl Statement {
    pub fn claim(&self) -> Option<ClaimId> {
        match self {
            Statement::Claim(claim) => Some(*claim),
            Statement::Text(_) | Statement::Data(_) => None,
        }
    }
}

/// What a derivation needs besides facts that are stated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// No row agrees with the pattern.
    Absent {
        relation: RelationId,
        pattern: Vec<Option<Code>>,
    },
    /// The row is the one that is chosen.
    Chosen(Fact),
    /// No row dominates this one.
    Undominated(Fact),
    /// An aggregate has this value: no row joins the group that changes it.
    Total {
        op: AggregateOp,
        ty: ValueType,
        result: Code,
        /// The first atom of its body.
        over: Option<(RelationId, Vec<Option<Code>>)>,
    },
}

/// Statements that state exactly the same facts of a lineage: any one of them does.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) statements: Vec<Statement>,
    /// When they hold, where that matters; always for what is nobody's claim.
    pub(super) interval: Interval,
    /// Elements it stands for at least; 1 but for modules.
    pub(super) size: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) head: u32,
    /// Ascending, none twice.
    pub(super) premises: Box<[u32]>,
    pub(super) conditions: Box<[Condition]>,
}

/// Everything a root fact can be derived from. Every vertex can be derived and every edge used; the root is vertex 0.
#[derive(Debug)]
pub(super) struct Lineage {
    /// By vertex: the edges that derive it.
    pub(super) alternatives: Vec<Vec<u32>>,
    /// By vertex: the edges it is a premise of.
    pub(super) used_by: Vec<Vec<u32>>,
    pub(super) edges: Vec<Edge>,
    pub(super) elements: Vec<Element>,
    /// By element: its vertex.
    pub(super) vertex_of: Vec<u32>,
    /// Where a derivation counts only when all that it rests on holds on one day: the days to look at.
    pub(super) days: Option<Vec<Option<Day>>>,
    /// Why derivations may be missing.
    pub(super) stopped: Option<StopReason>,
}

impl Lineage {
    pub(super) const ROOT: u32 = 0;

    /// The vertices that follow from some of the elements, in an order in which every one comes after the premises of
    /// the edge given with it (none for elements). Linear in the graph (Dowling and Gallier, 1984).
    pub(super) fn closure(&self, kept: impl Fn(u32) -> bool) -> Vec<(u32, Option<u32>)> {
        let mut missing: Vec<u32> = self
            .edges
            .iter()
            .map(|edge| edge.premises.len() as u32)
            .collect();
        let mut derived = vec![false; self.alternatives.len()];
        let mut order: Vec<(u32, Option<u32>)> = Vec::new();
        for (element, &vertex) in self.vertex_of.iter().enumerate() {
            if kept(element as u32) {
                derived[vertex as usize] = true;
                order.push((vertex, None));
            }
        }
        for (at, edge) in self.edges.iter().enumerate() {
            if edge.premises.is_empty() && !derived[edge.head as usize] {
                derived[edge.head as usize] = true;
                order.push((edge.head, Some(at as u32)));
            }
        }
        let mut next = 0;
        while let Some(&(vertex, _)) = order.get(next) {
            next += 1;
            for &at in &self.used_by[vertex as usize] {
                missing[at as usize] -= 1;
                let head = self.edges[at as usize].head;
                if missing[at as usize] == 0 && !derived[head as usize] {
                    derived[head as usize] = true;
                    order.push((head, Some(at)));
                }
            }
        }
        order
    }

    /// Whether the root stands on the elements kept.
    pub(super) fn stands(&self, kept: impl Fn(u32) -> bool) -> bool {
        let Some(days) = &self.days else {
            return self.derives(kept);
        };
        days.iter().any(|&day| {
            self.derives(|element| {
                kept(element) && self.elements[element as usize].interval.covers(day)
            })
        })
    }

    /// The days to look at: intervals that have a day in common have the latest of their first days in common.
    pub(super) fn first_days(&self) -> Vec<Option<Day>> {
        let mut days: Vec<Option<Day>> = self
            .elements
            .iter()
            .map(|element| element.interval.first_day())
            .collect();
        days.push(None);
        days.sort_unstable();
        days.dedup();
        days
    }

    pub(super) fn derives(&self, kept: impl Fn(u32) -> bool) -> bool {
        self.closure(kept)
            .iter()
            .any(|&(vertex, _)| vertex == Lineage::ROOT)
    }
}

impl Lineage {
    pub(super) fn assemble(
        vertices: u32,
        edges: Vec<Edge>,
        elements: Vec<Element>,
        vertex_of: Vec<u32>,
    ) -> Lineage {
        let mut alternatives = vec![Vec::new(); vertices as usize];
        let mut used_by = vec![Vec::new(); vertices as usize];
        for (at, edge) in edges.iter().enumerate() {
            alternatives[edge.head as usize].push(at as u32);
            for &premise in &edge.premises {
                used_by[premise as usize].push(at as u32);
            }
        }
        Lineage {
            alternatives,
            used_by,
            edges,
            elements,
            vertex_of,
            days: None,
            stopped: None,
        }
    }

    /// The same for who asks for sets of elements only.
    pub(super) fn without_conditions(&self) -> Lineage {
        let edges = self.edges.iter().map(|edge| Edge {
            head: edge.head,
            premises: edge.premises.clone(),
            conditions: Box::default(),
        });
        let elements = self.elements.iter().map(|element| Element {
            statements: Vec::new(),
            ..element.clone()
        });
        let vertices = self.alternatives.len() as u32;
        let (edges, elements) = (edges.collect(), elements.collect());
        Lineage {
            stopped: self.stopped,
            ..Lineage::assemble(vertices, edges, elements, self.vertex_of.clone())
        }
    }

    /// Without the statements that are gone, and what follows from nothing else; what must be absent is left out.
    /// `None`: nor does the root follow.
    pub(super) fn less(&self, gone: impl Fn(&Statement) -> bool) -> Option<Lineage> {
        let edges = self.edges.iter().map(|edge| Edge {
            head: edge.head,
            premises: edge.premises.clone(),
            conditions: Box::default(),
        });
        let (mut elements, mut vertex_of) = (Vec::new(), Vec::new());
        for (element, &vertex) in self.elements.iter().zip(&self.vertex_of) {
            let left = element.statements.iter().filter(|one| !gone(one));
            let statements: Vec<Statement> = left.cloned().collect();
            if !statements.is_empty() {
                elements.push(Element {
                    statements,
                    ..element.clone()
                });
                vertex_of.push(vertex);
            }
        }
        let vertices = self.alternatives.len() as u32;
        let less = Lineage::assemble(vertices, edges.collect(), elements, vertex_of);
        let less = less
            .derives(|_| true)
            .then(|| less.trimmed(&[Lineage::ROOT]).0)?;
        Some(Lineage {
            stopped: self.stopped,
            ..less
        })
    }

    /// By vertex: the element it is.
    pub(super) fn element_at(&self) -> Vec<Option<u32>> {
        let mut element_at = vec![None; self.alternatives.len()];
        for (element, &vertex) in (0..).zip(&self.vertex_of) {
            element_at[vertex as usize] = Some(element);
        }
        element_at
    }

    /// What one vertex can be derived from, with the vertex as its root. Linear in that. Every vertex must have a
    /// derivation, and none be missing.
    pub(super) fn below(&self, root: u32, element_at: &[Option<u32>]) -> Lineage {
        let mut number: FxHashMap<u32, u32> = FxHashMap::default();
        number.insert(root, 0);
        let mut order = vec![root];
        let mut next = 0;
        while let Some(&vertex) = order.get(next) {
            next += 1;
            for &at in &self.alternatives[vertex as usize] {
                for &premise in &self.edges[at as usize].premises {
                    number.entry(premise).or_insert_with(|| {
                        order.push(premise);
                        order.len() as u32 - 1
                    });
                }
            }
        }
        let (mut elements, mut vertex_of) = (Vec::<Element>::new(), Vec::new());
        // What states the same facts here is one.
        let mut same: FxHashMap<(Vec<u32>, Interval), usize> = FxHashMap::default();
        let mut dropped = FxHashSet::default();
        let of = order.iter().copied();
        let of = of.filter_map(|vertex| Some((element_at[vertex as usize]?, vertex)));
        let mut of: Vec<(u32, u32)> = of.collect();
        of.sort_unstable();
        for (element, vertex) in of {
            let element = &self.elements[element as usize];
            let heads = self.used_by[vertex as usize].iter();
            let mut heads: Vec<u32> = heads
                .map(|&at| self.edges[at as usize].head)
                .filter_map(|head| number.get(&head).copied())
                .collect();
            heads.sort_unstable();
            let known = *same.entry((heads, element.interval)).or_insert_with(|| {
                vertex_of.push(number[&vertex]);
                elements.push(Element {
                    statements: Vec::new(),
                    ..element.clone()
                });
                elements.len() - 1
            });
            elements[known]
                .statements
                .extend_from_slice(&element.statements);
            if vertex_of[known] != number[&vertex] {
                dropped.insert(vertex);
            }
        }
        let mut edges = Vec::new();
        for (head, vertex) in (0..).zip(&order) {
            for &at in &self.alternatives[*vertex as usize] {
                let edge = &self.edges[at as usize];
                if edge
                    .premises
                    .iter()
                    .any(|premise| dropped.contains(premise))
                {
                    continue;
                }
                let mut premises: Vec<u32> = edge
                    .premises
                    .iter()
                    .map(|premise| number[premise])
                    .collect();
                premises.sort_unstable();
                edges.push(Edge {
                    head,
                    premises: premises.into(),
                    conditions: edge.conditions.clone(),
                });
            }
        }
        let whole = Lineage::assemble(order.len() as u32, edges, elements, vertex_of);
        Lineage {
            days: self.days.is_some().then(|| whole.first_days()),
            ..whole
        }
    }

    /// Without what cannot be derived or does not lead to one of the roots, and the new numbers of these. The first root
    /// stays the root.
    pub(super) fn trimmed(self, roots: &[u32]) -> (Lineage, Vec<u32>) {
        let mut derivable = vec![false; self.alternatives.len()];
        for (vertex, _) in self.closure(|_| true) {
            derivable[vertex as usize] = true;
        }
        let usable = |edge: &Edge| {
            edge.premises
                .iter()
                .all(|&premise| derivable[premise as usize])
        };
        // New numbers, in the order in which the root reaches the vertices.
        let mut number = vec![u32::MAX; self.alternatives.len()];
        let mut order: Vec<u32> = Vec::new();
        for &root in roots {
            if number[root as usize] == u32::MAX {
                number[root as usize] = order.len() as u32;
                order.push(root);
            }
        }
        let mut edges = Vec::new();
        let mut next = 0;
        while let Some(&vertex) = order.get(next) {
            next += 1;
            for &at in &self.alternatives[vertex as usize] {
                let edge = &self.edges[at as usize];
                if !usable(edge) {
                    continue;
                }
                for &premise in &edge.premises {
                    if number[premise as usize] == u32::MAX {
                        number[premise as usize] = order.len() as u32;
                        order.push(premise);
                    }
                }
                edges.push(at);
            }
        }
        let edges = edges
            .into_iter()
            .map(|at| {
                let edge = &self.edges[at as usize];
                let mut premises: Vec<u32> = edge
                    .premises
                    .iter()
                    .map(|&premise| number[premise as usize])
                    .collect();
                premises.sort_unstable();
                Edge {
                    head: number[edge.head as usize],
                    premises: premises.into(),
                    conditions: edge.conditions.clone(),
                }
            })
            .collect();
        let mut elements = Vec::new();
        let mut vertex_of = Vec::new();
        for (element, vertex) in self.elements.into_iter().zip(self.vertex_of) {
            if number[vertex as usize] != u32::MAX {
                elements.push(element);
                vertex_of.push(number[vertex as usize]);
            }
        }
        let roots = roots.iter().map(|&root| number[root as usize]).collect();
        let whole = Lineage::assemble(order.len() as u32, edges, elements, vertex_of);
        (whole, roots)
    }
}
