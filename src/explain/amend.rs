//! A history of several cases that are much like the case at hand: only what may be otherwise is worked out.
//!
//! Forward from what is stated otherwise, through every instance of a rule that a fact which is not as before has a
//! part in, go the facts that may not be as before; these are derived anew from all others, which are (delete and
//! rederive: Gupta, Mumick and Subrahmanian, 1993, with day sets for what is lost and found again). An instance that uses a
//! fact is one whether the fact is a premise, is negated, or is of a group.

use super::case::{Case, Ground};
use super::dayset::DaySet;
use super::facts::{Fact, Facts};
use super::forward::{bound, bound_by};
use super::history::{Dated, History, Past, Reading};
use super::joins::{Plan, Planner};
use super::meter::Meter;
use super::settled::is_beyond;
use crate::analysis::checked::{
    Atom, Literal, LiteralKind, RelationId, RelationKind, Rule, RuleId, Term, VarId,
};
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::sync::Arc;

/// In what several cases differ from the case at hand, which is one of them.
pub struct Otherwise<'o> {
    /// On which days all holds in each case, where they do not hold every day.
    pub past: Option<&'o Past>,
    /// Facts of claims that do not count on the same days in all cases.
    pub facts: &'o [Fact],
    /// Facts that are stated besides, on these days.
    pub more: &'o [(Fact, DaySet)],
    pub days_of: &'o dyn Fn(ClaimId) -> DaySet,
}

impl Otherwise<'_> {
    /// Facts that are not stated alike in all cases.
    fn stated(&self) -> impl Iterator<Item = &Fact> {
        let more = self.more.iter().map(|(fact, _)| fact);
        self.facts.iter().chain(more)
    }
}

/// A stratum is derived anew where so many times what is otherwise in it, and in what it reads, is all there is: to find
/// what leans on a fact, and to derive that again, goes through its instances three times.
const FEW_TIMES: usize = if cfg!(test) { 1 } else { 4 };

/// An atom of a body.
struct Reader<'a> {
    atom: &'a Atom,
    /// Of an aggregate: the variables that its group has from outside.
    group: Option<&'a [VarId]>,
}

/// What some variables are, each named once.
type Values = Vec<(VarId, Code)>;

impl Case<'_> {
    /// The facts of some relations and of all they are made from, on so many days: those of several cases one after the
    /// other, a multiple of 64. In time in proportion to what differs, but for a look at each rule and at the rows of relations
    /// in which something may.
    ///
    /// `Ok(None)`: a choice, a subsumption, a bound on sizes or a counter has a say.
    pub fn history_amended(
        &self,
        otherwise: &Otherwise,
        wanted: &[RelationId],
        reading: Reading,
        days: usize,
        budget: &Budget,
    ) -> Result<Option<History<'_>>, StopReason> {
        let meter = Meter::new(budget);
        let cone = self.cone(wanted);
        let mut stated: FxHashMap<RelationId, usize> = FxHashMap::default();
        for fact in otherwise.stated() {
            *stated.entry(fact.relation).or_default() += 1;
        }
        let seeds = stated.keys().copied().filter(|id| cone.contains(id));
        let affected = self.made_from(seeds.collect(), &cone);
        if affected.iter().any(|&id| self.is_settled_by_the_run(id)) {
            return Ok(None);
        }
        let mut history = History::of(self, reading, days);
        let past = otherwise.past.iter().flat_map(|past| &past.0);
        for (&id, kept) in past.filter(|(id, _)| cone.contains(id)) {
            history.take_over(id, kept);
        }
        for part in history.strata(&affected) {
            let (relations, mut read) = (&part.relations, part.reads);
            let moved = read.iter().filter_map(|id| history.moved.get(id));
            let moved: usize = moved.map(Vec::len).sum();
            let stated: usize = relations.iter().filter_map(|id| stated.get(id)).sum();
            if moved + stated == 0 {
                continue;
            }
            read.extend(relations);
            let rows: usize = read.iter().map(|&id| Facts::len(&history, id)).sum();
            let is_law = |id: &RelationId| self.program[*id].kind == RelationKind::Eqrel;
            let anew = relations.iter().any(is_law) || (moved + stated) * FEW_TIMES >= rows;
            history.amend(relations, &part.rules, otherwise, anew, &meter);
            meter.finish(())?;
        }
        Ok(Some(history))
    }
}

impl<'a> History<'a> {
    fn amend(
        &mut self,
        relations: &[RelationId],
        rules: &[RuleId],
        otherwise: &Otherwise,
        anew: bool,
        meter: &Meter,
    ) {
        let case = self.case;
        for &id in relations {
            if !self.tables.contains_key(&id) {
                let before = self.as_in_the_case(id);
                self.tables.insert(id, before);
            }
        }
        let touched = match anew {
            true => self.derive_anew(relations, rules, otherwise, meter),
            false => self.derive_what_may_differ(relations, rules, otherwise, meter),
        };
        for fact in touched {
            let before = match otherwise.past.and_then(|past| past.0.get(&fact.relation)) {
                Some((rows, days)) => rows.find(&fact.row).map(|id| days[id as usize].clone()),
                None => case.holds(&fact).then(|| DaySet::every(self.days)),
            };
            let before = before.unwrap_or_else(DaySet::never);
            let stays = match self.tables[&fact.relation].days_of(&fact.row) {
                Some(now) => now.is_same(&before),
                None => before.is_empty(),
            };
            if !stays {
                self.moved.entry(fact.relation).or_default().push(fact);
            }
        }
    }

    fn as_in_the_case(&self, relation: RelationId) -> Dated {
        let mut before = Dated::default();
        let open = vec![None; self.case.program[relation].arity()];
        for row in self.case.facts.matching(relation, &open).iter() {
            before.table.insert(&row);
        }
        before.days = Arc::new(vec![DaySet::every(self.days); before.table.len()]);
        before
    }

    /// All rows of a stratum; returns those there are and those there were.
    fn derive_anew(
        &mut self,
        relations: &[RelationId],
        rules: &[RuleId],
        otherwise: &Otherwise,
        meter: &Meter,
    ) -> FxHashSet<Fact> {
        let told = self.case.all_told(&relations.iter().copied().collect());
        let mut touched: FxHashSet<Fact> = FxHashSet::default();
        let rows_of = |dated: &Dated, id: RelationId, touched: &mut FxHashSet<Fact>| {
            touched.extend(dated.table.rows().map(|row| Fact::new(id, row)));
        };
        for &id in relations {
            if let Some(before) = self.tables.insert(id, Dated::default()) {
                rows_of(&before, id, &mut touched);
            }
            self.state(id, &told, otherwise.days_of);
            let more = otherwise.more.iter();
            for (fact, days) in more.filter(|(fact, _)| fact.relation == id) {
                self.insert(fact, days.clone());
            }
        }
        self.stratum(relations, rules, meter);
        for &id in relations {
            rows_of(&self.tables[&id], id, &mut touched);
        }
        touched
    }

    /// What may not be as before; returns it.
    fn derive_what_may_differ(
        &mut self,
        relations: &[RelationId],
        rules: &[RuleId],
        otherwise: &Otherwise,
        meter: &Meter,
    ) -> FxHashSet<Fact> {
        let case = self.case;
        let totals = RefCell::default();
        let in_stratum = |fact: &&Fact| relations.contains(&fact.relation);
        let stated = otherwise.stated().filter(in_stratum);
        let mut open: Vec<Fact> = stated.cloned().collect();
        let mut found = Vec::new();
        for &rule in rules
            .iter()
            .filter(|&&rule| !is_beyond(&case.program[rule]))
        {
            self.each_touched(&case.program[rule].body, &mut |given, all| {
                let plan = self.plan(rule, given);
                for values in all {
                    self.instances(rule, &plan, values, &totals, meter, &mut found);
                }
            });
        }
        open.extend(found.drain(..).map(|(fact, _)| fact));
        // By relation of the stratum: the atoms that read it, and how to go on from them.
        let mut readers: FxHashMap<RelationId, Vec<(RuleId, Plan, &Atom)>> = FxHashMap::default();
        for &rule in rules {
            for literal in &case.program[rule].body {
                if let LiteralKind::Atom(atom) = &literal.kind
                    && relations.contains(&atom.relation)
                {
                    let plan = self.plan(rule, &variables(atom));
                    let from = (rule, plan, atom);
                    readers.entry(atom.relation).or_default().push(from);
                }
            }
        }
        // While everything of the stratum is as before, all that leans on what may not be.
        let mut touched: FxHashSet<Fact> = FxHashSet::default();
        while let Some(fact) = open.pop() {
            if meter.stopped().is_some() {
                return touched;
            }
            if touched.contains(&fact) {
                continue;
            }
            if self.tables[&fact.relation].table.find(&fact.row).is_some() {
                for (rule, plan, atom) in readers.get(&fact.relation).into_iter().flatten() {
                    if let Some(values) = bound(atom, &fact, case) {
                        self.instances(*rule, plan, &values, &totals, meter, &mut found);
                    }
                }
                open.extend(found.drain(..).map(|(fact, _)| fact));
            }
            touched.insert(fact);
        }
        let mut grown: Vec<Fact> = Vec::new();
        for fact in &touched {
            if let Some(dated) = self.tables.get_mut(&fact.relation)
                && let Some(id) = dated.table.find(&fact.row)
            {
                Arc::make_mut(&mut dated.days)[id as usize] = DaySet::never();
            }
        }
        for fact in &touched {
            found.push((fact.clone(), self.stated_days(fact, otherwise)));
        }
        let mut plans: FxHashMap<RuleId, Plan> = FxHashMap::default();
        for fact in &touched {
            for &rule in rules {
                if let Some(values) = heading(&case.program[rule], fact, case) {
                    let plan = plans.entry(rule).or_insert_with(|| {
                        let given: Vec<VarId> = values.iter().map(|(var, _)| *var).collect();
                        self.plan(rule, &given)
                    });
                    self.instances(rule, plan, &values, &totals, meter, &mut found);
                }
            }
        }
        loop {
            for (fact, days) in found.drain(..) {
                if self.insert(&fact, days) {
                    grown.push(fact);
                }
            }
            let Some(fact) = grown.pop() else {
                return touched;
            };
            if meter.stopped().is_some() {
                return touched;
            }
            for (rule, plan, atom) in readers.get(&fact.relation).into_iter().flatten() {
                if let Some(values) = bound(atom, &fact, case) {
                    self.instances(*rule, plan, &values, &totals, meter, &mut found);
                }
            }
            touched.insert(fact);
        }
    }

    /// On which days a fact is stated.
    fn stated_days(&self, fact: &Fact, otherwise: &Otherwise) -> DaySet {
        let case = self.case;
        let mut days = DaySet::never();
        for (_, more) in otherwise.more.iter().filter(|(one, _)| one == fact) {
            days.add(more);
        }
        if !case.holds(fact) {
            return days;
        }
        match case.ground(fact) {
            None => {}
            Some(Ground::Claims(_)) if case.text_of(fact).is_some() => {
                days.add(&DaySet::every(self.days));
            }
            Some(Ground::Claims(claims)) => {
                for claim in claims {
                    days.add(&(otherwise.days_of)(claim));
                }
            }
            Some(Ground::Text(_) | Ground::Assumed | Ground::Data) => {
                days.add(&DaySet::every(self.days));
            }
        }
        days
    }

    fn plan(&self, rule: RuleId, given: &[VarId]) -> Plan<'a> {
        let case = self.case;
        let rule = &case.program[rule];
        let sizes = |relation| super::Facts::len(self, relation);
        let planner = Planner {
            dictionary: case.dictionary,
            sizes: &sizes,
        };
        planner.plan(&rule.body, given, rule.variables.len())
    }

    /// Tells for each atom of a body with which values of which variables an instance may use a fact that is not as before
    /// through it.
    pub(super) fn each_touched(
        &self,
        body: &[Literal],
        f: &mut dyn FnMut(&[VarId], &FxHashSet<Values>),
    ) {
        for reader in readers(body) {
            let Some(moved) = self.moved.get(&reader.atom.relation) else {
                continue;
            };
            let mut all: FxHashSet<Values> = FxHashSet::default();
            for fact in moved {
                if let Some(mut values) = bound(reader.atom, fact, self.case) {
                    if let Some(outer) = reader.group {
                        values.retain(|(var, _)| outer.contains(var));
                    }
                    all.insert(values);
                }
            }
            let mut given = variables(reader.atom);
            if let Some(outer) = reader.group {
                given.retain(|var| outer.contains(var));
            }
            if !all.is_empty() {
                f(&given, &all);
            }
        }
    }
}

/// The values of variables with which the head of a rule may conclude a fact; the same variables for each.
pub(super) fn heading(rule: &Rule, fact: &Fact, case: &Case) -> Option<Values> {
    let head = rule.head.as_ref()?;
    if head.relation != fact.relation || is_beyond(rule) {
        return None;
    }
    bound_by(&head.args, fact, case)
}

/// The variables that a row gives a value when it matches an atom, each once.
fn variables(atom: &Atom) -> Vec<VarId> {
    let mut variables: Vec<VarId> = Vec::new();
    for arg in &atom.args {
        if let Term::Var(var) = arg
            && !variables.contains(var)
        {
            variables.push(*var);
        }
    }
    variables
}

/// The atoms of a body, inside aggregates too.
fn readers(body: &[Literal]) -> Vec<Reader<'_>> {
    let mut readers = Vec::new();
    let mut open: Vec<(&Literal, Option<&[VarId]>)> =
        body.iter().map(|literal| (literal, None)).collect();
    while let Some((literal, group)) = open.pop() {
        match &literal.kind {
            LiteralKind::Aggregate(aggregate) => {
                let group = group.unwrap_or(&aggregate.injected);
                let inner = aggregate.body.iter();
                open.extend(inner.map(|literal| (literal, Some(group))));
            }
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                readers.push(Reader { atom, group });
            }
            _ => {}
        }
    }
    readers
}
