//! Which facts hold on which of many days, worked out once instead of a run for each day.
//!
//! Every fact carries the set of days on which it holds: a rule instance holds on the days that all of its premises
//! share, a fact on those of any of its instances (annotated relations: Green, Karvounarakis and Tannen, "Provenance
//! semirings", 2007, over the Boolean algebra of day sets, which has a complement for negation). Strata are evaluated in
//! their order and recursion by a worklist: a fact whose days grow is joined again. A second opinion on the engine, which
//! it agrees with on each day.

use super::case::{Case, Ground};
use super::dayset::DaySet;
use super::facts::{Fact, Facts};
use super::forward::bound;
use super::group::{Fold, MemberKey, named};
use super::meter::Meter;
use super::solve::{Context, Solver, bind_answer};
use super::terms::{Bindings, mentioned, pattern, value};
use super::why_not::can_be_asked;
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, FunctorOp, Literal, LiteralKind, RelationId, RelationKind, Rule,
    RuleId, Term, VarId, Variable,
};
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;
use crate::storage::{Code, Rows};
use crate::syntax::ast::DirectiveKind;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How days stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Each day is a case of its own: what does not hold on a day is absent that day.
    Apart,
    /// All days belong to one case: what holds on some day is present, and a fact whose premises never meet on one day
    /// is not there at all. A total needs all of its rows on that day, a minimum one of its winners.
    Together,
}

/// The facts of some relations, each with the days on which it holds: at least one.
pub struct History<'a> {
    case: &'a Case<'a>,
    reading: Reading,
    days: usize,
    /// Relations that are not the same every day. All others are read from the case.
    tables: FxHashMap<RelationId, Table>,
}

/// A relation that is filled row by row.
#[derive(Default)]
struct Table {
    rows: Vec<Box<[Code]>>,
    days: Vec<DaySet>,
    ids: FxHashMap<Box<[Code]>, u32>,
    /// Made for the columns that are asked by, and brought up to date when asked again.
    indexes: RefCell<Vec<Index>>,
}

struct Index {
    columns: Vec<usize>,
    rows: FxHashMap<Box<[Code]>, Vec<u32>>,
    upto: usize,
}

impl Table {
    fn each_match(&self, pattern: &[Option<Code>], mut f: impl FnMut(u32)) {
        let columns: Vec<usize> = (0..pattern.len())
            .filter(|&at| pattern[at].is_some())
            .collect();
        let key: Box<[Code]> = pattern.iter().flatten().copied().collect();
        if columns.len() == pattern.len() {
            self.ids.get(&key).into_iter().for_each(|&id| f(id));
            return;
        }
        if columns.is_empty() {
            (0..self.rows.len() as u32).for_each(f);
            return;
        }
        let mut indexes = self.indexes.borrow_mut();
        let at = match indexes.iter().position(|index| index.columns == columns) {
            Some(at) => at,
            None => {
                indexes.push(Index {
                    columns,
                    rows: FxHashMap::default(),
                    upto: 0,
                });
                indexes.len() - 1
            }
        };
        let index = &mut indexes[at];
        for (id, row) in self.rows.iter().enumerate().skip(index.upto) {
            let key = index.columns.iter().map(|&column| row[column]).collect();
            index.rows.entry(key).or_default().push(id as u32);
        }
        index.upto = self.rows.len();
        index
            .rows
            .get(&key)
            .into_iter()
            .flatten()
            .copied()
            .for_each(f);
    }
}

impl Case<'_> {
    /// The facts of a relation and of all it is made from. `days_of`: on which days a claim counts.
    ///
    /// `Ok(None)`: days apart cannot be worked out together, because a choice, a subsumption, a bound on sizes or a
    /// counter has a say. Days of one case can: there those are taken as the run had them.
    pub fn history(
        &self,
        wanted: &[RelationId],
        reading: Reading,
        days: usize,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        budget: &Budget,
    ) -> Result<Option<History<'_>>, StopReason> {
        let meter = Meter::new(budget);
        let cone = self.cone(wanted);
        let changing = self.changing(&cone, days, days_of);
        if reading == Reading::Apart && changing.iter().any(|&id| self.is_settled_by_the_run(id)) {
            return Ok(None);
        }
        let mut history = History {
            case: self,
            reading,
            days,
            tables: FxHashMap::default(),
        };
        for &relation in &changing {
            history.tables.insert(relation, Table::default());
            history.state(relation, days_of);
        }
        for stratum in self.program.strata() {
            let rules: Vec<RuleId> = stratum
                .rules
                .iter()
                .copied()
                .filter(|&rule| {
                    let rule = &self.program[rule];
                    let head = rule.head.as_ref().map(|head| head.relation);
                    !rule.body.is_empty() && head.is_some_and(|head| changing.contains(&head))
                })
                .collect();
            if changing.iter().any(|id| stratum.relations.contains(id)) {
                history.stratum(&stratum.relations, &rules, &meter);
                meter.finish(())?;
            }
        }
        Ok(Some(history))
    }

    /// Relations and all they are made from.
    fn cone(&self, wanted: &[RelationId]) -> FxHashSet<RelationId> {
        let mut cone: FxHashSet<RelationId> = wanted.iter().copied().collect();
        let mut open = wanted.to_vec();
        while let Some(relation) = open.pop() {
            let dominating = self
                .program
                .subsumptions()
                .iter()
                .filter(|rule| rule.relation == relation)
                .map(|rule| &rule.body);
            let bodies = self
                .rules_of(relation)
                .iter()
                .map(|&id| &self.program[id].body);
            for body in bodies.chain(dominating) {
                each_read(body, &mut |read| {
                    if cone.insert(read) {
                        open.push(read);
                    }
                });
            }
            if let RelationKind::Delta(of) = self.program[relation].kind
                && cone.insert(of)
            {
                open.push(of);
            }
        }
        cone
    }

    /// Those of some relations that are not the same every day.
    fn changing(
        &self,
        cone: &FxHashSet<RelationId>,
        days: usize,
        days_of: &dyn Fn(ClaimId) -> DaySet,
    ) -> FxHashSet<RelationId> {
        let every = DaySet::all(days);
        let mut changing: FxHashSet<RelationId> = FxHashSet::default();
        for (id, claim) in self.claims.iter() {
            if cone.contains(&claim.relation)
                && !changing.contains(&claim.relation)
                && days_of(id) != every
            {
                changing.insert(claim.relation);
            }
        }
        loop {
            let before = changing.len();
            for &relation in cone {
                let mut reads = false;
                for &rule in self.rules_of(relation) {
                    each_read(&self.program[rule].body, &mut |read| {
                        reads |= changing.contains(&read);
                    });
                }
                if let RelationKind::Delta(of) = self.program[relation].kind {
                    reads |= changing.contains(&of);
                }
                if reads {
                    changing.insert(relation);
                }
            }
            if changing.len() == before {
                return changing;
            }
        }
    }

    /// Whether more than the rules decides which rows a relation has.
    fn is_settled_by_the_run(&self, relation: RelationId) -> bool {
        let declared = &self.program[relation];
        matches!(declared.kind, RelationKind::Delta(_))
            || !declared.choice_domains.is_empty()
            || declared.lattice.is_some()
            || self
                .program
                .subsumptions()
                .iter()
                .any(|rule| rule.relation == relation)
            || self.program.directives().iter().any(|directive| {
                directive.kind == DirectiveKind::Limitsize && directive.relation == relation
            })
            || self
                .rules_of(relation)
                .iter()
                .any(|&rule| is_beyond(&self.program[rule]))
    }
}

/// Whether a rule uses what cannot be computed again: a counter, or a closure of the embedding program.
fn is_beyond(rule: &Rule) -> bool {
    fn in_term(term: &Term) -> bool {
        match term {
            Term::Call { functor, args } => {
                matches!(
                    functor.op,
                    FunctorOp::Autoinc | FunctorOp::IterationCount | FunctorOp::User(_)
                ) || args.iter().any(in_term)
            }
            Term::Record(fields) => fields.iter().any(in_term),
            Term::Var(_) | Term::Const(_) | Term::Wildcard => false,
        }
    }
    fn in_body(body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => atom.args.iter().any(in_term),
            LiteralKind::Compare { left, right, .. } => in_term(left) || in_term(right),
            LiteralKind::Match { pattern, text, .. } => in_term(pattern) || in_term(text),
            LiteralKind::Contains { part, text, .. } => in_term(part) || in_term(text),
            LiteralKind::Range { from, to, step, .. } => {
                in_term(from) || in_term(to) || step.as_ref().is_some_and(in_term)
            }
            LiteralKind::Aggregate(aggregate) => {
                aggregate.op == AggregateOp::User
                    || aggregate.target.as_ref().is_some_and(in_term)
                    || in_body(&aggregate.body)
            }
        })
    }
    rule.head
        .as_ref()
        .is_some_and(|head| head.args.iter().any(in_term))
        || in_body(&rule.body)
}

fn each_read(body: &[Literal], f: &mut dyn FnMut(RelationId)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom.relation),
            LiteralKind::Aggregate(aggregate) => each_read(&aggregate.body, f),
            _ => {}
        }
    }
}

impl<'a> History<'a> {
    /// On which days a fact holds; `None` when on no day.
    pub fn days_of(&self, fact: &Fact) -> Option<DaySet> {
        match self.tables.get(&fact.relation) {
            None => self.case.holds(fact).then(|| DaySet::all(self.days)),
            Some(table) => {
                let id = *table.ids.get(&fact.row)?;
                Some(table.days[id as usize].clone())
            }
        }
    }

    /// Whether a relation is not the same every day.
    pub fn changes(&self, relation: RelationId) -> bool {
        self.tables.contains_key(&relation)
    }

    fn state(&mut self, relation: RelationId, days_of: &dyn Fn(ClaimId) -> DaySet) {
        let case = self.case;
        let every = DaySet::all(self.days);
        for row in case
            .facts
            .matching(relation, &vec![None; case.program[relation].arity()])
            .iter()
        {
            let fact = Fact::new(relation, &row);
            let days = match case.ground(&fact) {
                None => continue,
                Some(Ground::Claims(_)) if case.text_of(&fact).is_some() => every.clone(),
                Some(Ground::Claims(claims)) => {
                    let mut days = DaySet::none(self.days);
                    for claim in claims {
                        days.add(&days_of(claim));
                    }
                    days
                }
                Some(Ground::Text(_) | Ground::Data | Ground::Assumed) => every.clone(),
            };
            self.insert(&fact, &days);
        }
    }

    /// Whether the fact is new or holds on more days now.
    fn insert(&mut self, fact: &Fact, days: &DaySet) -> bool {
        if days.is_empty() {
            return false;
        }
        let Some(table) = self.tables.get_mut(&fact.relation) else {
            return false;
        };
        match table.ids.get(&fact.row) {
            Some(&id) => table.days[id as usize].add(days),
            None => {
                table.ids.insert(fact.row.clone(), table.rows.len() as u32);
                table.rows.push(fact.row.clone());
                table.days.push(days.clone());
                true
            }
        }
    }

    fn stratum(&mut self, relations: &[RelationId], rules: &[RuleId], meter: &Meter) {
        let case = self.case;
        let mut grown: VecDeque<Fact> = VecDeque::new();
        for &relation in relations {
            let declared = &case.program[relation];
            if matches!(declared.kind, RelationKind::Delta(_))
                || rules.iter().any(|&id| {
                    let rule = &case.program[id];
                    is_beyond(rule)
                        && rule
                            .head
                            .as_ref()
                            .is_some_and(|head| head.relation == relation)
                })
            {
                // Taken as the run had it.
                let every = DaySet::all(self.days);
                for row in case
                    .facts
                    .matching(relation, &vec![None; declared.arity()])
                    .iter()
                {
                    self.insert(&Fact::new(relation, &row), &every);
                }
            }
            if declared.kind == RelationKind::Eqrel
                && let Some(table) = self.tables.get(&relation)
            {
                grown.extend(table.rows.iter().map(|row| Fact::new(relation, row)));
            }
        }
        let settled: FxHashSet<RelationId> = relations
            .iter()
            .copied()
            .filter(|&relation| case.is_settled_by_the_run(relation))
            .collect();
        let plans: Vec<(RuleId, Plan)> = rules
            .iter()
            .filter(|&&rule| !is_beyond(&case.program[rule]))
            .map(|&rule| (rule, Plan::of(&case.program[rule].body, &[])))
            .collect();
        // By relation of the stratum: the atoms that read it.
        let mut readers: FxHashMap<RelationId, Vec<(usize, &Atom)>> = FxHashMap::default();
        for (at, &(rule, _)) in plans.iter().enumerate() {
            for literal in &case.program[rule].body {
                if let LiteralKind::Atom(atom) = &literal.kind
                    && relations.contains(&atom.relation)
                {
                    readers.entry(atom.relation).or_default().push((at, atom));
                }
            }
        }
        let totals = RefCell::default();
        let mut found = Vec::new();
        let mut first = 0;
        loop {
            match plans.get(first) {
                Some((rule, plan)) => {
                    self.instances(*rule, plan, &[], &totals, meter, &mut found);
                    first += 1;
                }
                None => {
                    let Some(fact) = grown.pop_front() else {
                        return;
                    };
                    self.equivalences(&fact, &mut found, meter);
                    for &(at, atom) in readers.get(&fact.relation).into_iter().flatten() {
                        if let Some(values) = bound(atom, &fact, case) {
                            let (rule, plan) = &plans[at];
                            self.instances(*rule, plan, &values, &totals, meter, &mut found);
                        }
                    }
                }
            }
            if meter.stopped().is_some() {
                return;
            }
            for (fact, days) in found.drain(..) {
                let chosen = !settled.contains(&fact.relation) || case.holds(&fact);
                if chosen && self.insert(&fact, &days) {
                    let is_read = readers.contains_key(&fact.relation)
                        || case.program[fact.relation].kind == RelationKind::Eqrel;
                    if is_read {
                        grown.push_back(fact);
                    }
                }
            }
        }
    }

    /// What a rule concludes when some variables have these values.
    fn instances(
        &self,
        rule: RuleId,
        plan: &Plan,
        values: &[(VarId, Code)],
        totals: &RefCell<Totals>,
        meter: &Meter,
        found: &mut Vec<(Fact, DaySet)>,
    ) {
        let rule = &self.case.program[rule];
        let Some(head) = &rule.head else { return };
        let mut known = vec![None; rule.variables.len()];
        for (var, code) in values {
            known[var.index()] = Some(*code);
        }
        let joins = Joins {
            history: self,
            variables: &rule.variables,
            totals,
            meter,
        };
        joins.each(
            plan,
            0,
            &known,
            DaySet::all(self.days),
            &mut |values, days| {
                let row: Result<Box<[Code]>, _> = head
                    .args
                    .iter()
                    .map(|arg| value(arg, values, self.case.dictionary))
                    .collect();
                if let Ok(row) = row {
                    let relation = head.relation;
                    found.push((Fact { relation, row }, days.clone()));
                }
            },
        );
    }

    /// The pairs that the laws of equivalence make with a pair.
    fn equivalences(&self, fact: &Fact, found: &mut Vec<(Fact, DaySet)>, meter: &Meter) {
        if self.case.program[fact.relation].kind != RelationKind::Eqrel {
            return;
        }
        let (&[a, b], Some(days)) = (&*fact.row, self.days_of(fact)) else {
            return;
        };
        let pair = |left, right| Fact::new(fact.relation, &[left, right]);
        for pair in [pair(b, a), pair(a, a), pair(b, b)] {
            found.push((pair, days.clone()));
        }
        for row in self.matching(fact.relation, &[Some(b), None]).iter() {
            if !meter.spend() {
                return;
            }
            let mut shared = days.clone();
            if let Some(other) = self.days_of(&pair(b, row[1])) {
                shared.keep(&other);
                found.push((pair(a, row[1]), shared));
            }
        }
    }

    /// The days of any fact that agrees with a pattern.
    fn days_of_any(&self, relation: RelationId, pattern: &[Option<Code>]) -> DaySet {
        let mut days = DaySet::none(self.days);
        match self.tables.get(&relation) {
            Some(table) => table.each_match(pattern, |id| {
                days.add(&table.days[id as usize]);
            }),
            None if super::solve::is_absent(self.case.facts, relation, pattern) => {}
            None => days = DaySet::all(self.days),
        }
        days
    }
}

impl Facts for History<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        match self.tables.get(&relation) {
            None => self.case.facts.matching(relation, pattern),
            Some(table) => {
                let mut rows = Rows::new(pattern.len());
                table.each_match(pattern, |id| rows.push(&table.rows[id as usize]));
                rows
            }
        }
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        match self.tables.get(&relation) {
            None => self.case.facts.contains(relation, row),
            Some(table) => table.ids.contains_key(row),
        }
    }

    fn len(&self, relation: RelationId) -> usize {
        match self.tables.get(&relation) {
            None => self.case.facts.len(relation),
            Some(table) => table.rows.len(),
        }
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.case.facts.is_stated(relation, row)
    }
}

/// A body in the order in which it is asked: what is negated comes last.
struct Plan<'a> {
    phases: Vec<Phase<'a>>,
    negated: Vec<&'a Atom>,
}

/// Literals that can be asked, then the totals they make room for.
struct Phase<'a> {
    literals: Vec<Literal>,
    totals: Vec<(&'a Aggregate, Rc<Plan<'a>>)>,
}

impl<'a> Plan<'a> {
    /// `given`: variables that have a value before.
    fn of(body: &'a [Literal], given: &[VarId]) -> Plan<'a> {
        let mut known: FxHashSet<VarId> = given.iter().copied().collect();
        let mut left: Vec<&Literal> = Vec::new();
        let mut totals: Vec<&Aggregate> = Vec::new();
        let mut plan = Plan {
            phases: Vec::new(),
            negated: Vec::new(),
        };
        for literal in body {
            match &literal.kind {
                LiteralKind::Negated(atom) => plan.negated.push(atom),
                LiteralKind::Aggregate(aggregate) => totals.push(aggregate),
                _ => left.push(literal),
            }
        }
        while !left.is_empty() || !totals.is_empty() {
            let mut phase = Phase {
                literals: Vec::new(),
                totals: Vec::new(),
            };
            loop {
                let before = left.len();
                left.retain(|literal| {
                    let can = can_be_asked(literal, &known);
                    if can {
                        mentioned(std::slice::from_ref(*literal), &mut |var| {
                            known.insert(var);
                        });
                        phase.literals.push((*literal).clone());
                    }
                    !can
                });
                if left.len() == before {
                    break;
                }
            }
            totals.retain(|aggregate| {
                let can = aggregate.injected.iter().all(|var| known.contains(var));
                if can {
                    let inner = Plan::of(&aggregate.body, &aggregate.injected);
                    phase.totals.push((aggregate, Rc::new(inner)));
                }
                !can
            });
            for (aggregate, _) in &phase.totals {
                known.insert(aggregate.result);
                known.extend(&aggregate.witnesses);
            }
            if phase.literals.is_empty() && phase.totals.is_empty() {
                // Not grounded: the checker lets no such body pass.
                break;
            }
            plan.phases.push(phase);
        }
        plan
    }
}

/// Totals by the aggregate (by address within the program) and the values of its group: what each comes to, and when.
type Totals = FxHashMap<(usize, Vec<Option<Code>>), Rc<Vec<(Vec<Code>, DaySet)>>>;

/// What one evaluation of a rule shares.
struct Joins<'h> {
    history: &'h History<'h>,
    variables: &'h [Variable],
    totals: &'h RefCell<Totals>,
    meter: &'h Meter,
}

/// Takes the values of one solution and the days on which it holds.
type Found<'f> = dyn FnMut(&[Option<Code>], &DaySet) + 'f;

impl Joins<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            facts: self.history,
            ..self.history.case.context(self.meter)
        }
    }

    /// Every solution of the phases from one on.
    fn each(
        &self,
        plan: &Plan,
        phase: usize,
        known: &[Option<Code>],
        days: DaySet,
        found: &mut Found,
    ) {
        let Some(this) = plan.phases.get(phase) else {
            return self.without_negated(plan, known, days, found);
        };
        let mut solver = Solver::new(self.context(), &this.literals, self.variables);
        for (at, code) in known.iter().enumerate() {
            if let Some(code) = code {
                solver = solver.with(VarId(at as u32), *code);
            }
        }
        for solution in solver {
            let mut days = days.clone();
            for (literal, row) in this.literals.iter().zip(&solution.rows) {
                if let (LiteralKind::Atom(atom), Some(row)) = (&literal.kind, row)
                    && let Some(table) = self.history.tables.get(&atom.relation)
                    && let Some(&id) = table.ids.get(row)
                {
                    days.keep(&table.days[id as usize]);
                }
            }
            if !days.is_empty() {
                self.with_totals(plan, phase, 0, &solution.values, days, found);
            }
        }
    }

    /// The totals of a phase from one on, then the phases that follow.
    fn with_totals(
        &self,
        plan: &Plan,
        phase: usize,
        total: usize,
        known: &[Option<Code>],
        days: DaySet,
        found: &mut Found,
    ) {
        let Some((aggregate, inner)) = plan.phases[phase].totals.get(total) else {
            return self.each(plan, phase + 1, known, days, found);
        };
        for (tuple, when) in self.totals_of(aggregate, inner, known).iter() {
            let mut days = days.clone();
            days.keep(when);
            let mut bindings = Bindings::of(known);
            let dictionary = self.history.case.dictionary;
            if !days.is_empty() && bind_answer(aggregate, tuple, &mut bindings, dictionary) {
                self.with_totals(plan, phase, total + 1, bindings.values(), days, found);
            }
        }
    }

    fn without_negated(
        &self,
        plan: &Plan,
        known: &[Option<Code>],
        mut days: DaySet,
        found: &mut Found,
    ) {
        for atom in &plan.negated {
            let asked = pattern(atom, known, self.history.case.dictionary);
            let present = self.history.days_of_any(atom.relation, &asked);
            match self.history.reading {
                Reading::Apart => days.remove(&present),
                Reading::Together if present.is_empty() => {}
                Reading::Together => return,
            }
        }
        if !days.is_empty() {
            found(known, &days);
        }
    }

    /// What an aggregate can bind, and on which days.
    fn totals_of(
        &self,
        aggregate: &Aggregate,
        plan: &Plan,
        outer: &[Option<Code>],
    ) -> Rc<Vec<(Vec<Code>, DaySet)>> {
        let group = aggregate.injected.iter().map(|var| outer[var.index()]);
        let key = (std::ptr::from_ref(aggregate) as usize, group.collect());
        if let Some(known) = self.totals.borrow().get(&key) {
            return known.clone();
        }
        let mut inner = vec![None; outer.len()];
        for var in &aggregate.injected {
            inner[var.index()] = outer[var.index()];
        }
        let members = self.members(aggregate, plan, &inner);
        let found = Rc::new(match self.history.reading {
            Reading::Apart => self.day_by_day(aggregate, &members),
            Reading::Together => self.of_all_days(aggregate, &members),
        });
        self.totals.borrow_mut().insert(key, found.clone());
        found
    }

    fn members(
        &self,
        aggregate: &Aggregate,
        plan: &Plan,
        inner: &[Option<Code>],
    ) -> Vec<DatedMember> {
        let dictionary = self.history.case.dictionary;
        let distinct = aggregate
            .counts_rows_of()
            .is_none()
            .then(|| named(aggregate, self.variables));
        let mut members: Vec<DatedMember> = Vec::new();
        let mut by_key: FxHashMap<Vec<Option<Code>>, usize> = FxHashMap::default();
        let every = DaySet::all(self.history.days);
        self.each(plan, 0, inner, every, &mut |values, days| {
            let amount = match &aggregate.target {
                None => None,
                Some(target) => match value(target, values, dictionary) {
                    Ok(code) => Some(code),
                    Err(_) => return,
                },
            };
            let key: MemberKey = distinct.as_ref().map(|named| {
                let values = named.iter().map(|var| values[var.index()]);
                values.chain([amount]).collect()
            });
            let known = key.as_ref().and_then(|key| by_key.get(key));
            if let Some(&known) = known {
                members[known].days.add(days);
                return;
            }
            if let Some(key) = key {
                by_key.insert(key, members.len());
            }
            members.push(DatedMember {
                value: amount,
                values: values.into(),
                days: days.clone(),
            });
        });
        members
    }

    /// One total for each stretch of days in which the members are the same.
    fn day_by_day(
        &self,
        aggregate: &Aggregate,
        members: &[DatedMember],
    ) -> Vec<(Vec<Code>, DaySet)> {
        let count = self.history.days;
        let mut found: Vec<(Vec<Code>, DaySet)> = Vec::new();
        let mut changes = DaySet::none(count);
        for member in members {
            member.days.changes_to(&mut changes);
        }
        let mut stretches: Vec<usize> = changes.iter().filter(|&day| day < count).collect();
        stretches.insert(0, 0);
        stretches.push(count);
        for stretch in stretches.windows(2) {
            let (from, to) = (stretch[0], stretch[1]);
            let mut fold = Fold::new(self.context(), aggregate);
            for member in members.iter().filter(|member| member.days.contains(from)) {
                fold.add(member.value, &member.values);
            }
            for tuple in fold.answers() {
                let at = match found.iter().position(|(known, _)| *known == tuple) {
                    Some(at) => at,
                    None => {
                        found.push((tuple, DaySet::none(count)));
                        found.len() - 1
                    }
                };
                (from..to).for_each(|day| found[at].1.insert(day));
            }
        }
        found
    }

    /// The total of all members, and the days on which what decides it holds.
    fn of_all_days(
        &self,
        aggregate: &Aggregate,
        members: &[DatedMember],
    ) -> Vec<(Vec<Code>, DaySet)> {
        let mut fold = Fold::new(self.context(), aggregate);
        for member in members {
            fold.add(member.value, &member.values);
        }
        let decides = |member: &&DatedMember, tuple: &[Code]| {
            member.value == tuple.first().copied()
                && aggregate
                    .witnesses
                    .iter()
                    .zip(&tuple[1..])
                    .all(|(var, code)| member.values[var.index()] == Some(*code))
        };
        let days = |tuple: &[Code]| match aggregate.op {
            AggregateOp::Min | AggregateOp::Max => {
                let mut days = DaySet::none(self.history.days);
                for member in members.iter().filter(|member| decides(member, tuple)) {
                    days.add(&member.days);
                }
                days
            }
            AggregateOp::Count | AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User => {
                let mut days = DaySet::all(self.history.days);
                members.iter().for_each(|member| days.keep(&member.days));
                days
            }
        };
        fold.answers()
            .into_iter()
            .map(|tuple| {
                let days = days(&tuple);
                (tuple, days)
            })
            .collect()
    }
}

/// A row of a group, and the days on which it is one.
struct DatedMember {
    value: Option<Code>,
    values: Box<[Option<Code>]>,
    days: DaySet,
}
