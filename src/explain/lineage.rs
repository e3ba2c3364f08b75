//! Where a fact can come from: all its derivations at once, as a directed hypergraph.
//!
//! Vertices are facts, totals of aggregates, members of their groups, and *elements*, which are what can be withdrawn.
//! An edge derives its head from all of its premises. Negations and totals are taken as the run has them and noted on
//! the edges as conditions, so that over the elements the graph is monotone: more of them never derives less.

use super::case::{Case, Ground};
use super::expand::{Step, each_step};
use super::facts::Fact;
use super::group::{each_row, wins};
use super::meter::Meter;
use super::solve::Solution;
use super::terms::pattern;
use crate::analysis::checked::{
    Aggregate, AggregateOp, Literal, LiteralKind, RelationId, RuleId, ValueType, Variable,
};
use crate::engine::StopReason;
use crate::evidence::ClaimId;
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};

/// Someone or something that states facts, and can be withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// By vertex.
    pub(super) element_of: Vec<Option<u32>>,
    /// By element: its vertex.
    pub(super) vertex_of: Vec<u32>,
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

    pub(super) fn derives(&self, kept: impl Fn(u32) -> bool) -> bool {
        self.closure(kept)
            .iter()
            .any(|&(vertex, _)| vertex == Lineage::ROOT)
    }

    /// The conditions of one derivation of the root from the elements kept.
    pub(super) fn conditions(&self, kept: impl Fn(u32) -> bool) -> Vec<Condition> {
        let mut by: FxHashMap<u32, u32> = FxHashMap::default();
        for (vertex, edge) in self.closure(kept) {
            if let Some(edge) = edge {
                by.insert(vertex, edge);
            }
        }
        let mut conditions = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![Lineage::ROOT];
        let mut visited = FxHashSet::default();
        while let Some(vertex) = open.pop() {
            let Some(&edge) = by.get(&vertex).filter(|_| visited.insert(vertex)) else {
                continue;
            };
            let edge = &self.edges[edge as usize];
            open.extend(edge.premises.iter().rev());
            for condition in &edge.conditions {
                if seen.insert(condition) {
                    conditions.push(condition.clone());
                }
            }
        }
        conditions
    }
}

impl Case<'_> {
    /// All derivations of a fact, as far as the meter lets one see; those near the fact come first.
    pub(super) fn lineage(&self, fact: &Fact, meter: &Meter) -> Lineage {
        let mut explorer = Explorer {
            case: self,
            meter,
            facts: Vec::new(),
            ids: FxHashMap::default(),
            totals: FxHashMap::default(),
            vertices: 0,
            edges: Vec::new(),
            known: FxHashSet::default(),
        };
        explorer.fact(fact.clone());
        let mut next = 0;
        while let Some((_, fact)) = explorer.facts.get(next).cloned() {
            explorer.expand(&fact);
            next += 1;
        }
        explorer.finish()
    }
}

struct Explorer<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    /// Fact vertices, in the order they were met.
    facts: Vec<(u32, Fact)>,
    ids: FxHashMap<Fact, u32>,
    totals: FxHashMap<TotalKey, u32>,
    vertices: u32,
    edges: Vec<Edge>,
    known: FxHashSet<(u32, Box<[u32]>)>,
}

/// The literal (by address within the program) and the outer values its total depends on.
type TotalKey = (usize, Vec<Option<Code>>);

impl<'a> Explorer<'a> {
    fn vertex(&mut self) -> u32 {
        self.vertices += 1;
        self.vertices - 1
    }

    fn fact(&mut self, fact: Fact) -> u32 {
        if let Some(&known) = self.ids.get(&fact) {
            return known;
        }
        let id = self.vertex();
        self.ids.insert(fact.clone(), id);
        self.facts.push((id, fact));
        id
    }

    fn edge(&mut self, head: u32, mut premises: Vec<u32>, conditions: Vec<Condition>) {
        premises.sort_unstable();
        premises.dedup();
        let premises: Box<[u32]> = premises.into();
        if self.known.insert((head, premises.clone())) {
            self.edges.push(Edge {
                head,
                premises,
                conditions: conditions.into(),
            });
        }
    }

    fn expand(&mut self, fact: &Fact) {
        let case = self.case;
        let head = self.ids[fact];
        let meter = self.meter;
        each_step(case, fact, meter, |step| {
            match step {
                Step::Equivalence(pairs) => {
                    let premises = pairs.into_iter().map(|pair| self.fact(pair)).collect();
                    self.edge(head, premises, Vec::new());
                }
                Step::Rule { rule, solution } => {
                    let rule = &case.program[rule];
                    self.instance(head, &rule.body, &rule.variables, &solution);
                }
            }
            true
        });
    }

    fn instance(
        &mut self,
        head: u32,
        body: &'a [Literal],
        variables: &'a [Variable],
        solution: &Solution,
    ) {
        let mut premises = Vec::new();
        let mut conditions = Vec::new();
        for (literal, row) in body.iter().zip(&solution.rows) {
            match (&literal.kind, row) {
                (LiteralKind::Atom(atom), Some(row)) => {
                    premises.push(self.fact(Fact::new(atom.relation, row)));
                }
                (LiteralKind::Negated(atom), _) => conditions.push(Condition::Absent {
                    relation: atom.relation,
                    pattern: pattern(atom, &solution.values, self.case.dictionary),
                }),
                (LiteralKind::Aggregate(aggregate), _) => {
                    premises.push(self.total(aggregate, variables, &solution.values));
                    conditions.push(self.total_condition(aggregate, variables, &solution.values));
                }
                _ => {}
            }
        }
        self.edge(head, premises, conditions);
    }

    /// The vertex of an aggregate's value: of `min` and `max` any winner will do, of the others all members are needed.
    fn total(
        &mut self,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        outer: &[Option<Code>],
    ) -> u32 {
        let depends = aggregate
            .injected
            .iter()
            .chain(&aggregate.witnesses)
            .map(|var| outer[var.index()])
            .collect();
        let key = (std::ptr::from_ref(aggregate) as usize, depends);
        if let Some(&known) = self.totals.get(&key) {
            return known;
        }
        let total = self.vertex();
        self.totals.insert(key, total);
        let context = self.case.context(self.meter);
        let result = outer[aggregate.result.index()].unwrap_or_default();
        let any = matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max);
        let mut members = FxHashMap::default();
        let mut all = Vec::new();
        each_row(context, aggregate, variables, outer, |key, member| {
            if any && !wins(aggregate, &member, result, outer, context) {
                return;
            }
            let vertex = match key {
                None => self.vertex(),
                Some(key) => *members.entry(key).or_insert_with(|| {
                    self.vertices += 1;
                    self.vertices - 1
                }),
            };
            if all.last() != Some(&vertex) {
                all.push(vertex);
            }
            self.instance(vertex, &aggregate.body, variables, &member.solution);
        });
        if any {
            for member in all {
                self.edge(total, vec![member], Vec::new());
            }
        } else {
            self.edge(total, all, Vec::new());
        }
        total
    }

    fn total_condition(
        &self,
        aggregate: &Aggregate,
        variables: &[Variable],
        outer: &[Option<Code>],
    ) -> Condition {
        let mut inner = vec![None; outer.len()];
        for var in &aggregate.injected {
            inner[var.index()] = outer[var.index()];
        }
        let over = aggregate
            .body
            .iter()
            .find_map(|literal| match &literal.kind {
                LiteralKind::Atom(atom) => {
                    Some((atom.relation, pattern(atom, &inner, self.case.dictionary)))
                }
                _ => None,
            });
        Condition::Total {
            op: aggregate.op,
            ty: variables[aggregate.result.index()].ty,
            result: outer[aggregate.result.index()].unwrap_or_default(),
            over,
        }
    }

    /// Adds the elements, and drops what cannot be derived or does not lead to the root.
    fn finish(mut self) -> Lineage {
        let elements = self.elements();
        let mut vertex_of = Vec::new();
        let mut kept = Vec::new();
        for (facts, statements) in elements {
            let vertex = self.vertex();
            for fact in facts {
                self.edge(fact, vec![vertex], Vec::new());
            }
            vertex_of.push(vertex);
            kept.push(Element { statements });
        }
        let whole = Lineage::assemble(self.vertices, self.edges, kept, vertex_of);
        Lineage {
            stopped: self.meter.stopped(),
            ..whole.trimmed()
        }
    }

    /// Groups all statements by the facts they state here.
    fn elements(&self) -> Vec<(Vec<u32>, Vec<Statement>)> {
        let claims = self.case.claims;
        let mut states: FxHashMap<Statement, Vec<u32>> = FxHashMap::default();
        let mut order = Vec::new();
        for (vertex, fact) in &self.facts {
            let statements: Vec<Statement> = match self.case.ground(fact) {
                None => continue,
                Some(Ground::Text(rule)) => vec![Statement::Text(rule)],
                Some(Ground::Data) => vec![Statement::Data(fact.clone())],
                Some(Ground::Claims(of)) => of
                    .into_iter()
                    .map(|claim| claims.with_id(&claims[claim].id).next().unwrap_or(claim))
                    .map(Statement::Claim)
                    .chain(self.case.text_of(fact).map(Statement::Text))
                    .collect(),
            };
            for statement in statements {
                let facts = states.entry(statement.clone()).or_insert_with(|| {
                    order.push(statement);
                    Vec::new()
                });
                if facts.last() != Some(vertex) {
                    facts.push(*vertex);
                }
            }
        }
        let mut elements: Vec<(Vec<u32>, Vec<Statement>)> = Vec::new();
        let mut by_facts: FxHashMap<Vec<u32>, usize> = FxHashMap::default();
        for statement in order {
            let facts = states.remove(&statement).unwrap_or_default();
            let at = *by_facts.entry(facts.clone()).or_insert_with(|| {
                elements.push((facts, Vec::new()));
                elements.len() - 1
            });
            elements[at].1.push(statement);
        }
        elements
    }
}

impl Lineage {
    fn assemble(
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
        let mut element_of = vec![None; vertices as usize];
        for (element, &vertex) in vertex_of.iter().enumerate() {
            element_of[vertex as usize] = Some(element as u32);
        }
        Lineage {
            alternatives,
            used_by,
            edges,
            elements,
            element_of,
            vertex_of,
            stopped: None,
        }
    }

    fn trimmed(self) -> Lineage {
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
        let mut order = vec![Lineage::ROOT];
        number[Lineage::ROOT as usize] = 0;
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
        Lineage::assemble(order.len() as u32, edges, elements, vertex_of)
    }
}
