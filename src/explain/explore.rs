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
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::BuildHasher;
use std::rc::Rc;

impl Case<'_> {
    /// All derivations of a fact, as far as the meter lets one see; those near the fact come first.
    pub(super) fn lineage(&self, fact: &Fact, meter: &Meter) -> Lineage {
        self.lineage_of_all(std::slice::from_ref(fact), meter).0
    }

    /// The same of several facts in one graph, with the vertex of each; the root is the first of them.
    pub(super) fn lineage_of_all(&self, facts: &[Fact], meter: &Meter) -> (Lineage, Vec<u32>) {
        let (explorer, roots) = self.explored(facts, meter);
        explorer.finish(&roots)
    }

    /// All derivations of a fact, with the vertices of the facts that have a part in one, and maybe of more.
    pub(super) fn lineage_and_facts(
        &self,
        fact: &Fact,
        meter: &Meter,
    ) -> (Lineage, FxHashMap<Fact, u32>) {
        let (explorer, _) = self.explored(std::slice::from_ref(fact), meter);
        let (vertices, facts): (Vec<u32>, Vec<Fact>) = explorer.facts.iter().cloned().unzip();
        let (lineage, vertices) = explorer.finish(&vertices);
        (lineage, facts.into_iter().zip(vertices).collect())
    }

    fn explored<'a>(&'a self, facts: &[Fact], meter: &'a Meter) -> (Explorer<'a>, Vec<u32>) {
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
        (explorer, roots)
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
    record: Option<Record>,
}

/// What was added for each vertex whose derivations are looked for as a whole: facts, parts of bodies and totals.
#[derive(Default)]
struct Record {
    /// By vertex: where its log is; `NONE`: nothing was looked for yet.
    log_of: Vec<u32>,
    logs: Vec<Log>,
    /// What is looked for now, each within the one before.
    open: Vec<Open>,
    /// By edge: its premises in the order in which they were met.
    met: Vec<Box<[u32]>>,
    /// What was begun since the last fact was.
    begun: Vec<Begun>,
}

/// How the derivations of a vertex were found.
pub(super) struct Log {
    /// Those with the vertex as their head, and with one that stands for a member of its group, in their order.
    pub(super) edges: Vec<u32>,
    /// Rows looked at, but for those of other vertices.
    pub(super) rows: u64,
}

struct Open {
    vertex: u32,
    edges: Vec<u32>,
    /// On the meter when it began.
    since: u64,
    /// Of other vertices meanwhile.
    others: u64,
}

enum Begun {
    Total(TotalKey),
    Part(PartKey),
}

const NONE: u32 = u32::MAX;

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
            record: None,
        }
    }

    /// The same for lineages that are to be [taken out](Explorer::log) one by one. What must be absent is left out.
    pub(super) fn recording(case: &'a Case<'a>, meter: &'a Meter) -> Explorer<'a> {
        Explorer {
            record: Some(Record::default()),
            ..Explorer::new(case, meter)
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
        let met: Option<Box<[u32]>> = self.record.as_ref().map(|_| premises.as_slice().into());
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
        if let (Some(record), Some(met)) = (&mut self.record, met) {
            record.met.push(met);
            if let Some(open) = record.open.last_mut() {
                open.edges.push(self.edges.len() as u32);
            }
        }
        self.edges.push(Edge {
            head,
            premises: premises.into(),
            conditions: conditions.into(),
        });
    }

    /// The log of a vertex, if it has one: its derivations were looked for.
    pub(super) fn log(&self, vertex: u32) -> Option<(u32, &Log)> {
        let record = self.record.as_ref()?;
        let log = *record.log_of.get(vertex as usize)?;
        Some((log, record.logs.get(log as usize)?))
    }

    /// The edges of a recording, each with its premises in the order in which they were met.
    pub(super) fn recorded(&self, edge: u32) -> Option<(u32, &[u32])> {
        let met = self.record.as_ref()?.met.get(edge as usize)?;
        Some((self.edges[edge as usize].head, met))
    }

    /// How many logs there are.
    pub(super) fn logs(&self) -> u32 {
        self.record
            .as_ref()
            .map_or(0, |record| record.logs.len() as u32)
    }

    /// [Expands](Explorer::expand) a fact on the record. False: the meter cut it short, and it is as if it had not begun.
    pub(super) fn expand_on_record(&mut self, vertex: u32, fact: &Fact) -> bool {
        let edges = self.edges.len();
        let logs = self.logs();
        self.begin(vertex, None);
        self.expand(fact);
        self.end();
        if self.meter.stopped().is_none() {
            return true;
        }
        self.forget(edges, logs);
        false
    }

    fn begin(&mut self, vertex: u32, key: Option<Begun>) {
        let since = self.meter.rows();
        if let Some(record) = &mut self.record {
            record.begun.extend(key);
            record.open.push(Open {
                vertex,
                edges: Vec::new(),
                since,
                others: 0,
            });
        }
    }

    fn end(&mut self) {
        let now = self.meter.rows();
        let Some(record) = &mut self.record else {
            return;
        };
        let Some(done) = record.open.pop() else {
            return;
        };
        let rows = now - done.since;
        if let Some(around) = record.open.last_mut() {
            around.others += rows;
        }
        let at = done.vertex as usize;
        if record.log_of.len() <= at {
            record.log_of.resize(at + 1, NONE);
        }
        record.log_of[at] = record.logs.len() as u32;
        record.logs.push(Log {
            edges: done.edges,
            rows: rows.saturating_sub(done.others),
        });
        if record.open.is_empty() && self.meter.stopped().is_none() {
            record.begun.clear();
        }
    }

    /// Takes back what was added since there were so many edges and logs.
    fn forget(&mut self, edges: usize, logs: u32) {
        let hasher = rustc_hash::FxBuildHasher;
        for (at, edge) in self.edges.iter().enumerate().skip(edges) {
            let hash = hasher.hash_one((edge.head, &edge.premises[..]));
            if let Ok(known) = self.known.find_entry(hash, |known| *known == at as u32) {
                known.remove();
            }
        }
        self.edges.truncate(edges);
        let Some(record) = &mut self.record else {
            return;
        };
        record.met.truncate(edges);
        record.logs.truncate(logs as usize);
        for log in record.log_of.iter_mut().filter(|log| **log >= logs) {
            *log = NONE;
        }
        for begun in record.begun.drain(..) {
            match begun {
                Begun::Total(key) => self.totals.remove(&key),
                Begun::Part(key) => self.parts.remove(&key),
            };
        }
    }

    /// Adds every edge to a fact that was met.
    pub(super) fn expand(&mut self, fact: &Fact) {
        let (case, meter) = (self.case, self.meter);
        let head = self.fact_of(fact.relation, &fact.row);
        let rivals = match self.record {
            None => case.rival_conditions(fact),
            Some(_) => Vec::new(),
        };
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
            let begun = self.record.as_ref().map(|_| Begun::Part(key.clone()));
            self.parts.insert(key, vertex);
            self.begin(vertex, begun);
            while solver.step() {
                self.instance(vertex, &part.literals, &rule.variables, &solver, Vec::new());
            }
            self.end();
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
                (LiteralKind::Negated(atom), _) if self.record.is_none() => {
                    conditions.push(Condition::Absent {
                        relation: atom.relation,
                        pattern: pattern(atom, solution.values(), self.case.dictionary),
                    });
                }
                (LiteralKind::Aggregate(aggregate), _) => {
                    let outer = solution.values();
                    premises.push(self.total(aggregate, variables, outer));
                    if self.record.is_none() {
                        conditions.push(self.total_condition(aggregate, variables, outer));
                    }
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
        let begun = self.record.as_ref().map(|_| Begun::Total(key.clone()));
        self.totals.insert(key, total);
        self.begin(total, begun);
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
        self.end();
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
    pub(super) fn finish(self, roots: &[u32]) -> (Lineage, Vec<u32>) {
        let stated: Vec<Stated> = self
            .facts
            .iter()
            .map(|(_, fact)| Stated::of(self.case, fact))
            .collect();
        let stated = self.facts.iter().zip(&stated);
        let stated: Vec<(u32, &Stated)> = stated.map(|((vertex, _), by)| (*vertex, by)).collect();
        let whole = whole(self.case, self.vertices, self.edges, &stated, roots);
        let stopped = self.meter.stopped();
        (Lineage { stopped, ..whole.0 }, whole.1)
    }
}

/// Who states a fact, as far as it can be withdrawn.
pub(super) enum Stated {
    /// No one: it can only be derived.
    Not,
    /// It stands whatever is withdrawn.
    Given,
    /// One row of data, which is no one else's statement.
    Alone(Statement),
    By(Vec<Statement>),
}

impl Stated {
    pub(super) fn of(case: &Case, fact: &Fact) -> Stated {
        if case.is_given(fact) {
            return Stated::Given;
        }
        let claims = case.claims;
        match case.ground(fact) {
            None => Stated::Not,
            Some(Ground::Text(rule)) => Stated::By(vec![Statement::Text(rule)]),
            Some(Ground::Data | Ground::Assumed) => Stated::Alone(Statement::Data(fact.clone())),
            Some(Ground::Claims(of)) => {
                let first = |claim| claims.with_id(claims.get(claim).id).next().unwrap_or(claim);
                let claims = of.into_iter().map(first).map(Statement::Claim);
                let text = case.text_of(fact).map(Statement::Text);
                Stated::By(claims.chain(text).collect())
            }
        }
    }
}

/// A lineage of facts whose derivations were all looked for: with elements for what states them, and without what cannot be
/// derived or does not lead to the roots.
pub(super) fn whole(
    case: &Case,
    mut vertices: u32,
    mut edges: Vec<Edge>,
    stated: &[(u32, &Stated)],
    roots: &[u32],
) -> (Lineage, Vec<u32>) {
    let of = |head, premises: Vec<u32>| Edge {
        head,
        premises: premises.into(),
        conditions: Box::default(),
    };
    let given = stated.iter().filter(|(_, by)| matches!(by, Stated::Given));
    let mut given: FxHashSet<u32> = given.map(|(vertex, _)| *vertex).collect();
    for edge in edges.iter().filter(|edge| edge.premises.is_empty()) {
        given.remove(&edge.head);
    }
    let given = stated.iter().filter(|(vertex, _)| given.contains(vertex));
    edges.extend(given.map(|(vertex, _)| of(*vertex, Vec::new())));
    let mut vertex_of = Vec::new();
    let mut kept = Vec::new();
    for (facts, interval, statements) in elements(case, stated) {
        let vertex = vertices;
        vertices += 1;
        edges.extend(facts.into_iter().map(|fact| of(fact, vec![vertex])));
        vertex_of.push(vertex);
        kept.push(Element {
            statements,
            interval,
            size: 1,
        });
    }
    let whole = Lineage::assemble(vertices, edges, kept, vertex_of);
    let (whole, roots) = whole.trimmed(roots);
    let lineage = Lineage {
        days: case.at_once.then(|| whole.first_days()),
        ..whole
    };
    (lineage, roots)
}

/// Groups all statements by the facts they state here, and by the time in which they hold where that matters.
fn elements(case: &Case, stated: &[(u32, &Stated)]) -> Vec<(Vec<u32>, Interval, Vec<Statement>)> {
    let claims = case.claims;
    let mut states: FxHashMap<&Statement, Vec<u32>> = FxHashMap::default();
    // What only one row of data states is no one else's statement: nothing to be looked up.
    let mut order: Vec<(&Statement, Option<u32>)> = Vec::new();
    for (vertex, by) in stated {
        let statements = match by {
            Stated::Not | Stated::Given => continue,
            Stated::Alone(statement) => {
                order.push((statement, Some(*vertex)));
                continue;
            }
            Stated::By(statements) => statements,
        };
        for statement in statements {
            let facts = states.entry(statement).or_insert_with(|| {
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
            elements.push((vec![vertex], Interval::ALWAYS, vec![statement.clone()]));
            continue;
        }
        let facts = states.remove(statement).unwrap_or_default();
        let interval = match statement.claim() {
            Some(claim) if case.at_once => claims.get(claim).interval,
            _ => Interval::ALWAYS,
        };
        let at = *by_facts
            .entry((facts.clone(), interval))
            .or_insert_with(|| {
                elements.push((facts, interval, Vec::new()));
                elements.len() - 1
            });
        elements[at].2.push(statement.clone());
    }
    elements
}
