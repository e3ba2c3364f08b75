//! Exploring a lineage backwards from its root, with a solver for each rule.

use super::case::{Case, Ground};
use super::expand::{Step, each_equivalence, each_instance, may_conclude};
use super::factors::Factors;
use super::facts::Fact;
use super::group::{each_row, wins};
use super::lineage::{Condition, Edge, Element, Lineage, Statement};
use super::meter::Meter;
use super::solve::{Satisfied, Solver};
use super::terms::pattern;
use crate::analysis::checked::{
    Aggregate, AggregateOp, Literal, LiteralKind, RelationId, Rule, RuleId, Variable,
};
use crate::evidence::Interval;
use crate::storage::Code;
use hashbrown::HashTable;
use rustc_hash::FxHashMap;
use std::hash::BuildHasher;
use std::rc::Rc;

impl Case<'_> {
    /// All derivations of a fact, as far as the meter lets one see; those near the fact come first.
    pub(super) fn lineage(&self, fact: &Fact, meter: &Meter) -> Lineage {
        self.lineage_of_all(std::slice::from_ref(fact), meter).0
    }

    /// The same of several facts in one graph, with the vertex of each; the root is the first of them.
    pub(super) fn lineage_of_all(&self, facts: &[Fact], meter: &Meter) -> (Lineage, Vec<u32>) {
        let mut explorer = Explorer::new(self, meter);
        let roots: Vec<u32> = facts
            .iter()
            .map(|fact| explorer.fact(fact.clone()))
            .collect();
        let mut next = 0;
        while let Some((_, fact)) = explorer.facts.get(next).cloned() {
            explorer.expand(&fact);
            next += 1;
        }
        explorer.finish(&roots)
    }
}

/// A lineage in the making.
pub(super) struct Explorer<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    /// Fact vertices, in the order they were met.
    facts: Vec<(u32, Fact)>,
    /// By fact: their places.
    places: HashTable<u32>,
    totals: FxHashMap<TotalKey, u32>,
    /// Rules that were looked at: `None` for those whose bodies hang together.
    factors: FxHashMap<RuleId, Option<Rc<Factors>>>,
    parts: FxHashMap<PartKey, u32>,
    vertices: u32,
    edges: Vec<Edge>,
    /// By head and premises: the edges.
    known: HashTable<u32>,
}

/// The literal (by address within the program) and the outer values its total depends on.
type TotalKey = (usize, Vec<Option<Code>>);

/// The part of a rule, and the values that the head gives it.
type PartKey = (RuleId, usize, Vec<Option<Code>>);

impl<'a> Explorer<'a> {
    pub(super) fn new(case: &'a Case<'a>, meter: &'a Meter) -> Explorer<'a> {
        Explorer {
            case,
            meter,
            facts: Vec::new(),
            places: HashTable::new(),
            totals: FxHashMap::default(),
            factors: FxHashMap::default(),
            parts: FxHashMap::default(),
            vertices: 0,
            edges: Vec::new(),
            known: HashTable::new(),
        }
    }

    /// The facts in the order in which they were met, each with its vertex.
    pub(super) fn met(&self, at: usize) -> Option<(u32, &Fact)> {
        self.facts.get(at).map(|(vertex, fact)| (*vertex, fact))
    }

    /// Vertices so far.
    pub(super) fn count(&self) -> usize {
        self.vertices as usize
    }

    pub(super) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    fn vertex(&mut self) -> u32 {
        self.vertices += 1;
        self.vertices - 1
    }

    /// The vertex of a fact.
    pub(super) fn fact(&mut self, fact: Fact) -> u32 {
        self.fact_of(fact.relation, &fact.row)
    }

    fn fact_of(&mut self, relation: RelationId, row: &[Code]) -> u32 {
        let hasher = rustc_hash::FxBuildHasher;
        let hash = hasher.hash_one((relation, row));
        let facts = &self.facts;
        let of = |at: &u32| &facts[*at as usize].1;
        let same = |at: &u32| of(at).relation == relation && *of(at).row == *row;
        if let Some(&at) = self.places.find(hash, same) {
            return self.facts[at as usize].0;
        }
        let place = facts.len() as u32;
        self.places.insert_unique(hash, place, |at| {
            hasher.hash_one((of(at).relation, &*of(at).row))
        });
        let id = self.vertex();
        self.facts.push((id, Fact::new(relation, row)));
        id
    }

    pub(super) fn edge(&mut self, head: u32, mut premises: Vec<u32>, conditions: Vec<Condition>) {
        premises.sort_unstable();
        premises.dedup();
        let hasher = rustc_hash::FxBuildHasher;
        let hash = hasher.hash_one((head, &premises[..]));
        let edges = &self.edges;
        let of = |at: &u32| &edges[*at as usize];
        let same = |at: &u32| of(at).head == head && *of(at).premises == *premises;
        if self.known.find(hash, same).is_some() {
            return;
        }
        self.known.insert_unique(hash, edges.len() as u32, |at| {
            hasher.hash_one((of(at).head, &of(at).premises[..]))
        });
        self.edges.push(Edge {
            head,
            premises: premises.into(),
            conditions: conditions.into(),
        });
    }

    /// Adds every edge to a fact that was met.
    pub(super) fn expand(&mut self, fact: &Fact) {
        let (case, meter) = (self.case, self.meter);
        let head = self.fact_of(fact.relation, &fact.row);
        let rivals = case.rival_conditions(fact);
        for &id in case.rules_of(fact.relation) {
            let rule = &case.program[id];
            let factors = self.factors.entry(id);
            let factors = factors.or_insert_with(|| Factors::of(rule).map(Rc::new));
            match factors.clone() {
                Some(factors) => self.expand_parts(fact, id, &factors, &rivals),
                None => each_instance(case, fact, id, None, meter, |found| {
                    let conditions = rivals.clone();
                    self.instance(head, &rule.body, &rule.variables, found, conditions);
                    true
                }),
            }
        }
        each_equivalence(case, fact, meter, |step| {
            self.step(head, &step);
            true
        });
    }

    /// Adds the edge of one step, without what must be absent for it.
    pub(super) fn step(&mut self, head: u32, step: &Step) {
        match step {
            Step::Equivalence(pairs) => {
                let pairs = pairs.iter().cloned();
                let premises = pairs.map(|pair| self.fact(pair)).collect();
                self.edge(head, premises, Vec::new());
            }
            Step::Rule { rule, solution } => {
                let rule = &self.case.program[*rule];
                self.instance(head, &rule.body, &rule.variables, solution, Vec::new());
            }
        }
    }

    /// The one edge of a rule whose body falls apart, with a vertex for each part.
    fn expand_parts(&mut self, fact: &Fact, id: RuleId, factors: &Factors, rivals: &[Condition]) {
        let case = self.case;
        let rule: &Rule = &case.program[id];
        let Some(head) = &rule.head else { return };
        if !may_conclude(case, head, fact) {
            return;
        }
        let wanted: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
        let context = case.context(self.meter);
        let mut closed =
            Solver::new(context, &factors.closed, &rule.variables).with_head(&head.args, &wanted);
        if !closed.step() {
            return;
        }
        let mut conditions = rivals.to_vec();
        let mut premises =
            self.premises(&factors.closed, &rule.variables, &closed, &mut conditions);
        for (at, part) in factors.open.iter().enumerate() {
            let shared = part.shared.iter();
            let shared: Vec<_> = shared.map(|var| closed.values()[var.index()]).collect();
            let key = (id, at, shared);
            if let Some(&known) = self.parts.get(&key) {
                premises.push(known);
                continue;
            }
            let vertex = self.vertex();
            premises.push(vertex);
            let mut solver = Solver::new(context, &part.literals, &rule.variables);
            for (&var, code) in part.shared.iter().zip(&key.2) {
                if let Some(code) = code {
                    solver = solver.with(var, *code);
                }
            }
            self.parts.insert(key, vertex);
            while solver.step() {
                self.instance(vertex, &part.literals, &rule.variables, &solver, Vec::new());
            }
        }
        let head = self.fact_of(fact.relation, &fact.row);
        self.edge(head, premises, conditions);
    }

    /// The edge of a body that holds under these values.
    pub(super) fn instance(
        &mut self,
        head: u32,
        body: &[Literal],
        variables: &[Variable],
        solution: &impl Satisfied,
        mut conditions: Vec<Condition>,
    ) {
        let premises = self.premises(body, variables, solution, &mut conditions);
        self.edge(head, premises, conditions);
    }

    fn premises(
        &mut self,
        body: &[Literal],
        variables: &[Variable],
        solution: &impl Satisfied,
        conditions: &mut Vec<Condition>,
    ) -> Vec<u32> {
        let mut premises = Vec::with_capacity(body.len());
        for (at, literal) in body.iter().enumerate() {
            match (&literal.kind, solution.row(at)) {
                (LiteralKind::Atom(atom), Some(row)) => {
                    premises.push(self.fact_of(atom.relation, row));
                }
                (LiteralKind::Negated(atom), _) => conditions.push(Condition::Absent {
                    relation: atom.relation,
                    pattern: pattern(atom, solution.values(), self.case.dictionary),
                }),
                (LiteralKind::Aggregate(aggregate), _) => {
                    premises.push(self.total(aggregate, variables, solution.values()));
                    conditions.push(self.total_condition(aggregate, variables, solution.values()));
                }
                _ => {}
            }
        }
        premises
    }

    /// The vertex of an aggregate's value: of `min` and `max` any winner will do, of the others all members are needed.
    fn total(
        &mut self,
        aggregate: &Aggregate,
        variables: &[Variable],
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
            let body = &aggregate.body;
            self.instance(vertex, body, variables, &member.solution, Vec::new());
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
    pub(super) fn finish(mut self, roots: &[u32]) -> (Lineage, Vec<u32>) {
        let elements = self.elements();
        for (vertex, fact) in std::mem::take(&mut self.facts) {
            if self.case.is_given(&fact) {
                self.edge(vertex, Vec::new(), Vec::new());
            }
        }
        let mut vertex_of = Vec::new();
        let mut kept = Vec::new();
        for (facts, interval, statements) in elements {
            let vertex = self.vertex();
            for fact in facts {
                self.edge(fact, vec![vertex], Vec::new());
            }
            vertex_of.push(vertex);
            kept.push(Element {
                statements,
                interval,
                size: 1,
            });
        }
        let whole = Lineage::assemble(self.vertices, self.edges, kept, vertex_of);
        let (whole, roots) = whole.trimmed(roots);
        let lineage = Lineage {
            days: self.case.at_once.then(|| whole.first_days()),
            stopped: self.meter.stopped(),
            ..whole
        };
        (lineage, roots)
    }

    /// Groups all statements by the facts they state here, and by the time in which they hold where that matters.
    fn elements(&self) -> Vec<(Vec<u32>, Interval, Vec<Statement>)> {
        let claims = self.case.claims;
        let mut states: FxHashMap<Statement, Vec<u32>> = FxHashMap::default();
        // What only one row of data states is no one else's statement: nothing to be looked up.
        let mut order: Vec<(Statement, Option<u32>)> = Vec::new();
        for (vertex, fact) in &self.facts {
            if self.case.is_given(fact) {
                continue;
            }
            let statements: Vec<Statement> = match self.case.ground(fact) {
                None => continue,
                Some(Ground::Text(rule)) => vec![Statement::Text(rule)],
                Some(Ground::Data | Ground::Assumed) => {
                    order.push((Statement::Data(fact.clone()), Some(*vertex)));
                    continue;
                }
                Some(Ground::Claims(of)) => of
                    .into_iter()
                    .map(|claim| claims.with_id(claims.get(claim).id).next().unwrap_or(claim))
                    .map(Statement::Claim)
                    .chain(self.case.text_of(fact).map(Statement::Text))
                    .collect(),
            };
            for statement in statements {
                let facts = states.entry(statement.clone()).or_insert_with(|| {
                    order.push((statement, None));
                    Vec::new()
                });
                if facts.last() != Some(vertex) {
                    facts.push(*vertex);
                }
            }
        }
        let mut elements: Vec<(Vec<u32>, Interval, Vec<Statement>)> = Vec::new();
        let mut by_facts: FxHashMap<(Vec<u32>, Interval), usize> = FxHashMap::default();
        for (statement, vertex) in order {
            if let Some(vertex) = vertex {
                elements.push((vec![vertex], Interval::ALWAYS, vec![statement]));
                continue;
            }
            let facts = states.remove(&statement).unwrap_or_default();
            let interval = match statement.claim() {
                Some(claim) if self.case.at_once => claims.get(claim).interval,
                _ => Interval::ALWAYS,
            };
            let at = *by_facts
                .entry((facts.clone(), interval))
                .or_insert_with(|| {
                    elements.push((facts, interval, Vec::new()));
                    elements.len() - 1
                });
            elements[at].2.push(statement);
        }
        elements
    }
}
