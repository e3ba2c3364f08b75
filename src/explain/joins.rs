//! Solutions of a body over facts that hold on some days, each with the days on which it holds.

use super::dayset::DaySet;
use super::group::{Fold, MemberKey, named};
use super::history::{History, Reading};
use super::meter::Meter;
use super::solve::{Context, Satisfied, Solver, bind_answer};
use super::terms::{Bindings, asked, mentioned, value};
use super::why_not::can_be_asked;
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, Literal, LiteralKind, VarId, Variable,
};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// A body in the order in which it is asked: what is negated comes last.
pub(super) struct Plan<'a> {
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
    pub(super) fn of(body: &'a [Literal], given: &[VarId]) -> Plan<'a> {
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
pub(super) type Totals = FxHashMap<(usize, Vec<Option<Code>>), Rc<Vec<(Vec<Code>, DaySet)>>>;

/// What one evaluation of a rule shares.
pub(super) struct Joins<'h> {
    pub(super) history: &'h History<'h>,
    pub(super) variables: &'h [Variable],
    pub(super) totals: &'h RefCell<Totals>,
    pub(super) meter: &'h Meter,
}

/// Takes the values of one solution and the days on which it holds.
pub(super) type Found<'f> = dyn FnMut(&[Option<Code>], &DaySet) + 'f;

impl Joins<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            facts: self.history,
            ..self.history.case.context(self.meter)
        }
    }

    /// Every solution of the phases from one on.
    pub(super) fn each(
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
        while solver.step() {
            let mut days = days.clone();
            for (at, literal) in this.literals.iter().enumerate() {
                if let (LiteralKind::Atom(atom), Some(row)) = (&literal.kind, solver.row(at))
                    && let Some(dated) = self.history.tables.get(&atom.relation)
                    && let Some(known) = dated.days_of(row)
                {
                    days.keep(known);
                }
            }
            if !days.is_empty() {
                self.with_totals(plan, phase, 0, solver.values(), days, found);
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
            let asked = asked(atom, known, self.history.case.dictionary);
            self.history
                .each_days(atom.relation, &asked, |present| match present {
                    None => days = DaySet::none(self.history.days),
                    Some(present) => match self.history.reading {
                        Reading::Apart => days.remove(present),
                        Reading::Cases(case) => days.remove_cases(present, case.count()),
                    },
                });
            if days.is_empty() {
                return;
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
            Reading::Cases(case) => self.case_by_case(aggregate, &members, case.count()),
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

    /// The total of the members that each case has, and the days of the case on which what decides it holds. Cases in a row
    /// that have the same members on the same days come to the same.
    fn case_by_case(
        &self,
        aggregate: &Aggregate,
        members: &[DatedMember],
        case: usize,
    ) -> Vec<(Vec<Code>, DaySet)> {
        let count = self.history.days;
        let mut found: Vec<(Vec<Code>, DaySet)> = Vec::new();
        let mut last: Vec<(Vec<Code>, DaySet)> = Vec::new();
        for from in (0..count).step_by(case) {
            let as_before =
                from > 0 && members.iter().all(|member| member.days.repeats(from, case));
            if !as_before {
                let there: Vec<&DatedMember> = members
                    .iter()
                    .filter(|member| member.days.meets(from, case))
                    .collect();
                last = self.of_case(aggregate, &there, from, case);
            }
            for (tuple, days) in &last {
                let at = match found.iter().position(|(known, _)| known == tuple) {
                    Some(at) => at,
                    None => {
                        found.push((tuple.clone(), DaySet::none(count)));
                        found.len() - 1
                    }
                };
                found[at].1.add_at(from, days);
            }
        }
        found
    }

    /// The days as of the beginning of the case.
    fn of_case(
        &self,
        aggregate: &Aggregate,
        members: &[&DatedMember],
        from: usize,
        case: usize,
    ) -> Vec<(Vec<Code>, DaySet)> {
        let mut fold = Fold::new(self.context(), aggregate);
        for member in members {
            fold.add(member.value, &member.values);
        }
        let decides = |member: &DatedMember, tuple: &[Code]| {
            member.value == tuple.first().copied()
                && aggregate
                    .witnesses
                    .iter()
                    .zip(&tuple[1..])
                    .all(|(var, code)| member.values[var.index()] == Some(*code))
        };
        let days = |tuple: &[Code]| match aggregate.op {
            AggregateOp::Min | AggregateOp::Max => {
                let mut days = DaySet::none(case);
                for member in members.iter().filter(|member| decides(member, tuple)) {
                    days.add(&member.days.part(from, case));
                }
                days
            }
            AggregateOp::Count | AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User => {
                let mut days = DaySet::all(case);
                for member in members {
                    days.keep(&member.days.part(from, case));
                }
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
