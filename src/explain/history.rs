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
use super::joins::{Joins, Plan, Totals};
use super::meter::Meter;
use super::settled::is_beyond;
use super::table::Table;
use super::terms::value;
use crate::analysis::checked::{Atom, LiteralKind, RelationId, RelationKind, RuleId, VarId};
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;

/// How days stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Each day is a case of its own: what does not hold on a day is absent that day.
    Apart,
    /// So many days in a row belong to one case each: what holds on some day of it is present, and a fact whose premises
    /// never meet on one day is not there at all. A total needs all of its rows on that day, a minimum one of its winners.
    Cases(CaseDays),
}

/// How many days a case has: a multiple of 64, so that each has words of its own in a [`DaySet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseDays(usize);

impl CaseDays {
    /// At least so many.
    pub fn of(days: usize) -> CaseDays {
        CaseDays(days.next_multiple_of(64).max(64))
    }

    pub fn count(self) -> usize {
        self.0
    }
}

/// The facts of some relations, each with the days on which it holds: at least one.
pub struct History<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) reading: Reading,
    pub(super) days: usize,
    /// Relations that are not the same every day. All others are read from the case.
    pub(super) tables: FxHashMap<RelationId, Dated>,
}

/// A relation, and by row the days on which it holds.
#[derive(Default)]
pub(super) struct Dated {
    table: Table,
    days: Vec<DaySet>,
}

impl Dated {
    pub(super) fn days_of(&self, row: &[Code]) -> Option<&DaySet> {
        Some(&self.days[self.table.find(row)? as usize])
    }
}

impl Case<'_> {
    /// The facts of a relation and of all it is made from. `days_of`: on which days a claim counts.
    ///
    /// `Ok(None)`: several cases cannot be worked out together, because a choice, a subsumption, a bound on sizes or a
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
        let of_one_case = reading == Reading::Cases(CaseDays(days));
        if !of_one_case && changing.iter().any(|&id| self.is_settled_by_the_run(id)) {
            return Ok(None);
        }
        let mut history = History {
            case: self,
            reading,
            days,
            tables: FxHashMap::default(),
        };
        for &relation in &changing {
            history.tables.insert(relation, Dated::default());
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
}

impl<'a> History<'a> {
    /// On which days a fact holds; `None` when on no day.
    pub fn days_of(&self, fact: &Fact) -> Option<DaySet> {
        match self.tables.get(&fact.relation) {
            None => self.case.holds(fact).then(|| DaySet::all(self.days)),
            Some(dated) => dated.days_of(&fact.row).cloned(),
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
            self.insert(&fact, days);
        }
    }

    /// Whether the fact is new or holds on more days now.
    fn insert(&mut self, fact: &Fact, days: DaySet) -> bool {
        if days.is_empty() {
            return false;
        }
        let Some(dated) = self.tables.get_mut(&fact.relation) else {
            return false;
        };
        match dated.table.find(&fact.row) {
            Some(id) => dated.days[id as usize].add(&days),
            None => {
                dated.table.insert(&fact.row);
                dated.days.push(days);
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
                    self.insert(&Fact::new(relation, &row), every.clone());
                }
            }
            if declared.kind == RelationKind::Eqrel
                && let Some(dated) = self.tables.get(&relation)
            {
                grown.extend(dated.table.rows().map(|row| Fact::new(relation, row)));
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
                if chosen && self.insert(&fact, days) {
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

    /// Calls `f` on the days of each fact that agrees with a pattern; on `None` where there are some that hold every day.
    pub(super) fn each_days(
        &self,
        relation: RelationId,
        pattern: &[Option<Code>],
        mut f: impl FnMut(Option<&DaySet>),
    ) {
        match self.tables.get(&relation) {
            Some(dated) => dated
                .table
                .each_match(pattern, |id| f(Some(&dated.days[id as usize]))),
            None if super::solve::is_absent(self.case.facts, relation, pattern) => {}
            None => f(None),
        }
    }
}

impl Facts for History<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        match self.tables.get(&relation) {
            None => self.case.facts.matching(relation, pattern),
            Some(dated) => dated.table.matching(pattern),
        }
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        match self.tables.get(&relation) {
            None => self.case.facts.gather(relation, pattern, codes),
            Some(dated) => dated.table.gather(pattern, codes),
        }
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        match self.tables.get(&relation) {
            None => self.case.facts.contains(relation, row),
            Some(dated) => dated.table.find(row).is_some(),
        }
    }

    fn len(&self, relation: RelationId) -> usize {
        match self.tables.get(&relation) {
            None => self.case.facts.len(relation),
            Some(dated) => dated.table.len(),
        }
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.case.facts.is_stated(relation, row)
    }
}
