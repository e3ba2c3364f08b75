//! Solutions of a body over facts that hold on some days, each with the days on which it holds.

use super::bounds;
use super::dayset::DaySet;
use super::group::{Fold, MemberKey, named};
use super::history::{History, Reading};
use super::meter::Meter;
use super::range::Steps;
use super::solve::{Context, bind_answer, holds};
use super::terms::{Bindings, constant, is_bound, is_pattern, mentioned, unify, value};
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, Literal, LiteralKind, RelationId, Term, VarId, Variable,
};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// A body in the order in which it is asked: each time what leaves the fewest ways open, by estimate, totals once nothing
/// else can be asked, and what is negated last.
pub(super) struct Plan<'a> {
    steps: Vec<Step<'a>>,
    negated: Vec<Lookup<'a>>,
}

enum Step<'a> {
    /// The rows of a relation that agree with what is known.
    Rows(Lookup<'a>),
    /// A condition, which may give a variable its value.
    Test(&'a Literal),
    Range(&'a Literal),
    Total(&'a Aggregate, Rc<Plan<'a>>),
}

/// How the rows of an atom are found.
struct Lookup<'a> {
    relation: RelationId,
    /// Those that are asked by, ascending, and what they are to be.
    columns: Vec<usize>,
    key: Vec<Key<'a>>,
    /// The other columns that are looked at.
    open: Vec<(usize, &'a Term)>,
    /// Which of several rows it is makes no difference but for the days.
    any: bool,
}

enum Key<'a> {
    Known(Code),
    Var(VarId),
    Term(&'a Term),
}

/// What plans are made with.
pub(super) struct Planner<'p> {
    pub(super) dictionary: &'p Dictionary,
    pub(super) sizes: &'p dyn Fn(RelationId) -> usize,
}

impl Planner<'_> {
    /// The plan of a body in which some variables have a value before.
    pub(super) fn plan<'a>(
        &self,
        body: &'a [Literal],
        given: &[VarId],
        variables: usize,
    ) -> Plan<'a> {
        self.plan_for(body, given, variables, true)
    }

    /// `merges`: solutions that differ only in the row which a wildcard matched are one.
    fn plan_for<'a>(
        &self,
        body: &'a [Literal],
        given: &[VarId],
        variables: usize,
        merges: bool,
    ) -> Plan<'a> {
        // To what they are bound is not known yet.
        let bind = |var: VarId, known: &mut Bindings| {
            known.bind(var, Code::NIL);
        };
        let mut known = Bindings::new(variables);
        given.iter().for_each(|&var| bind(var, &mut known));
        let mut left: Vec<&Literal> = Vec::new();
        let mut totals: Vec<&Aggregate> = Vec::new();
        let mut negated: Vec<&Atom> = Vec::new();
        for literal in body {
            match &literal.kind {
                LiteralKind::Negated(atom) => negated.push(atom),
                LiteralKind::Aggregate(aggregate) => totals.push(aggregate),
                _ => left.push(literal),
            }
        }
        let mut steps = Vec::new();
        loop {
            let costs = left.iter().enumerate();
            let begun = !steps.is_empty();
            let costs =
                costs.filter_map(|(at, literal)| Some((self.cost(literal, &known, begun)?, at)));
            if let Some((_, at)) = costs.min() {
                let literal = left.remove(at);
                steps.push(match &literal.kind {
                    LiteralKind::Atom(atom) => Step::Rows(self.lookup(atom, &known, merges)),
                    LiteralKind::Range { .. } => Step::Range(literal),
                    _ => Step::Test(literal),
                });
                mentioned(std::slice::from_ref(literal), &mut |var| {
                    bind(var, &mut known);
                });
                continue;
            }
            let can = |aggregate: &&Aggregate| {
                let mut injected = aggregate.injected.iter();
                injected.all(|&var| known.get(var).is_some())
            };
            // Without one the body is not grounded: the checker lets no such body pass.
            let Some(at) = totals.iter().position(can) else {
                break;
            };
            let aggregate = totals.remove(at);
            let inner = self.plan_of_members(aggregate, variables);
            steps.push(Step::Total(aggregate, Rc::new(inner)));
            bind(aggregate.result, &mut known);
            for &witness in &aggregate.witnesses {
                bind(witness, &mut known);
            }
        }
        let negated = negated.into_iter();
        Plan {
            steps,
            negated: negated
                .map(|atom| self.lookup(atom, &known, true))
                .collect(),
        }
    }

    /// The plan of the body of an aggregate.
    pub(super) fn plan_of_members<'a>(
        &self,
        aggregate: &'a Aggregate,
        variables: usize,
    ) -> Plan<'a> {
        let merges = aggregate.counts_rows_of().is_none();
        self.plan_for(&aggregate.body, &aggregate.injected, variables, merges)
    }

    /// `None`: not yet, variables are missing. `begun`: rows were taken before.
    fn cost(&self, literal: &Literal, known: &Bindings, begun: bool) -> Option<u64> {
        const LOOKUP: u64 = 2;
        // Rows of which any goes with any found so far: what hangs together with these usually leaves fewer.
        const APART: f64 = 16.0;
        let bound = |term: &Term| is_bound(term, known);
        let when = |ready: bool, cost: u64| ready.then_some(cost);
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let (open, all) = (
                    atom.args.iter().filter(|arg| !bound(arg)).count(),
                    atom.args.len(),
                );
                let rows = (self.sizes)(atom.relation) as f64;
                let rows = match open {
                    0 => 1.0,
                    open if open == all && begun => rows * APART,
                    open => rows.powf(open as f64 / all as f64),
                };
                when(
                    atom.args.iter().all(|arg| is_pattern(arg, known)),
                    LOOKUP + rows as u64,
                )
            }
            LiteralKind::Compare {
                op, left, right, ..
            } => match (bound(left), bound(right)) {
                (true, true) => Some(0),
                (true, false) => when(*op == CompareOp::Eq && is_pattern(right, known), 1),
                (false, true) => when(*op == CompareOp::Eq && is_pattern(left, known), 1),
                (false, false) => None,
            },
            LiteralKind::Match { pattern, text, .. } => when(bound(pattern) && bound(text), 0),
            LiteralKind::Contains { part, text, .. } => when(bound(part) && bound(text), 0),
            LiteralKind::Range {
                var,
                from,
                to,
                step,
                ..
            } => when(
                bound(from) && bound(to) && step.as_ref().is_none_or(bound),
                match known.get(*var) {
                    Some(_) => LOOKUP,
                    None => LOOKUP + 64,
                },
            ),
            LiteralKind::Negated(_) | LiteralKind::Aggregate(_) => None,
        }
    }

    fn lookup<'a>(&self, atom: &'a Atom, known: &Bindings, merges: bool) -> Lookup<'a> {
        let mut lookup = Lookup {
            relation: atom.relation,
            columns: Vec::new(),
            key: Vec::new(),
            open: Vec::new(),
            any: merges,
        };
        for (column, arg) in atom.args.iter().enumerate() {
            let key = match arg {
                Term::Wildcard => continue,
                Term::Const(known) => Key::Known(constant(known, self.dictionary)),
                Term::Var(var) if known.get(*var).is_some() => Key::Var(*var),
                arg if is_bound(arg, known) => Key::Term(arg),
                arg => {
                    lookup.open.push((column, arg));
                    continue;
                }
            };
            lookup.columns.push(column);
            lookup.key.push(key);
        }
        lookup.any &= lookup.open.is_empty();
        lookup
    }
}

/// Members by which a day may differ from the first one for what they come to to be kept for days like it.
const FEW_OTHERS: usize = 64;
/// Members that may go of which all sums are listed.
const MOST_IN_A_SUM: usize = 8;

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

    /// Every solution of a plan.
    pub(super) fn each(&self, plan: &Plan, known: &[Option<Code>], found: &mut Found) {
        let mut walk = Walk {
            joins: self,
            plan,
            context: self.context(),
            bindings: Bindings::of(known),
            days: vec![DaySet::every(self.history.days)],
            rows: Vec::new(),
        };
        walk.go(0, 0, found);
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
            _ if self.history.as_now => self.of_all(aggregate, &members),
            Reading::Apart => self.day_by_day(aggregate, &members),
            Reading::Cases(case) => self.case_by_case(aggregate, &members, case.count()),
            Reading::Bounds => self.possible_totals(aggregate, &members),
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
        self.each(plan, inner, &mut |values, days| {
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
                self.history.reading.either(&mut members[known].days, days);
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
        // Ascending: on which day which member comes or goes.
        let mut changes: Vec<(usize, usize)> = Vec::new();
        for (at, member) in members.iter().enumerate() {
            member
                .days
                .each_change(count, |day| changes.push((day, at)));
        }
        changes.sort_unstable();
        let mut there: Vec<bool> = members.iter().map(|one| one.days.contains(0)).collect();
        let mut found: Vec<(Vec<Code>, Vec<Range<usize>>)> = Vec::new();
        // Members that are there and were not on the first day, or the other way round; ascending.
        let mut others: Vec<usize> = Vec::new();
        // By the others, where they are few: the places of what it comes to. Most stretches are like one before.
        let mut known: FxHashMap<Vec<usize>, Vec<usize>> = FxHashMap::default();
        let mut from = 0;
        let mut left = &changes[..];
        while from < count {
            let to = left.first().map_or(count, |&(day, _)| day);
            let mut places = || {
                let mut fold = Fold::new(self.context(), aggregate);
                for (member, _) in members.iter().zip(&there).filter(|(_, there)| **there) {
                    fold.add(member.value, &member.values);
                }
                let mut place = |tuple| match found.iter().position(|(known, _)| *known == tuple) {
                    Some(known) => known,
                    None => {
                        found.push((tuple, Vec::new()));
                        found.len() - 1
                    }
                };
                fold.answers().into_iter().map(&mut place).collect()
            };
            let places: Vec<usize> = match known.get(&others) {
                Some(places) => places.clone(),
                None if others.len() > FEW_OTHERS => places(),
                None => known.entry(others.clone()).or_insert_with(places).clone(),
            };
            for place in places {
                found[place].1.push(from..to);
            }
            while let [(day, at), rest @ ..] = left
                && *day == to
            {
                there[*at] ^= true;
                match others.binary_search(at) {
                    Ok(known) => drop(others.remove(known)),
                    Err(place) => others.insert(place, *at),
                }
                left = rest;
            }
            from = to;
        }
        let dated = found.into_iter().map(|(tuple, ranges)| {
            let days = match &ranges[..] {
                [all] if all.len() == count => DaySet::every(count),
                ranges => DaySet::of_ranges(count, ranges),
            };
            (tuple, days)
        });
        dated.collect()
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
        if members.iter().all(|one| one.days.is_of_one_case(case)) {
            let all: Vec<&DatedMember> = members.iter().collect();
            let mut found = self.of_case(aggregate, &all, 0, case);
            found.retain(|(_, days)| !days.is_empty());
            return found;
        }
        let mut found: Vec<(Vec<Code>, DaySet)> = Vec::new();
        let mut firsts: Vec<usize> = vec![0];
        for member in members {
            member.days.new_cases(case, count, &mut firsts);
        }
        firsts.push(count);
        firsts.sort_unstable();
        firsts.dedup();
        for stretch in firsts.windows(2) {
            let (from, to) = (stretch[0], stretch[1]);
            let there: Vec<&DatedMember> = members
                .iter()
                .filter(|member| member.days.meets(from, case))
                .collect();
            for (tuple, days) in self.of_case(aggregate, &there, from, case) {
                if days.is_empty() {
                    continue;
                }
                let at = match found.iter().position(|(known, _)| *known == tuple) {
                    Some(at) => at,
                    None => {
                        found.push((tuple, DaySet::none(count)));
                        found.len() - 1
                    }
                };
                found[at].1.add_at(from..to, &days);
            }
        }
        found
    }

    /// What a total may come to, with the [bounds](super::bounds) of each. Members may go in any way: what a sum of very many
    /// may come to is not listed.
    fn possible_totals(
        &self,
        aggregate: &Aggregate,
        members: &[DatedMember],
    ) -> Vec<(Vec<Code>, DaySet)> {
        let is_certain = |member: &&DatedMember| bounds::is_certain(&member.days);
        let (certain, open): (Vec<_>, Vec<_>) = members.iter().partition(is_certain);
        let answers = |open: &[&DatedMember]| {
            let mut fold = Fold::new(self.context(), aggregate);
            for member in certain.iter().chain(open) {
                fold.add(member.value, &member.values);
            }
            self.meter.spend_all((certain.len() + open.len()) as u64);
            fold.answers()
        };
        let mut found: Vec<Vec<Code>> = answers(&[]);
        if open.is_empty() {
            let every = DaySet::every(self.history.days);
            return found
                .into_iter()
                .map(|tuple| (tuple, every.clone()))
                .collect();
        }
        match aggregate.op {
            // Where several are left, it is that of one of them.
            AggregateOp::Min | AggregateOp::Max => {
                open.iter().for_each(|one| found.extend(answers(&[*one])));
            }
            AggregateOp::Count => {
                (1..=open.len()).for_each(|count| found.extend(answers(&open[..count])));
            }
            AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User => {
                if open.len() > MOST_IN_A_SUM {
                    let address = std::ptr::from_ref(aggregate) as usize;
                    self.history.unlisted.borrow_mut().insert(address);
                    return Vec::new();
                }
                for chosen in 1..1u32 << open.len() {
                    let chosen = (0..open.len()).filter(|at| chosen >> at & 1 == 1);
                    let chosen: Vec<&DatedMember> = chosen.map(|at| open[at]).collect();
                    found.extend(answers(&chosen));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let may_be = found.into_iter().map(|tuple| (tuple, bounds::in_doubt()));
        may_be.collect()
    }

    /// The total of all members, and the days on which what decides it holds.
    fn of_all(&self, aggregate: &Aggregate, members: &[DatedMember]) -> Vec<(Vec<Code>, DaySet)> {
        let mut fold = Fold::new(self.context(), aggregate);
        for member in members {
            fold.add(member.value, &member.values);
        }
        let days = |tuple: &[Code]| match aggregate.op {
            AggregateOp::Min | AggregateOp::Max => {
                let mut days = DaySet::never();
                for member in members
                    .iter()
                    .filter(|one| decides(aggregate, one.value, &one.values, tuple))
                {
                    days.add(&member.days);
                }
                days
            }
            AggregateOp::Count | AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User => {
                let mut days = DaySet::every(self.history.days);
                members.iter().for_each(|member| days.keep(&member.days));
                days
            }
        };
        let answers = fold.answers().into_iter();
        let dated = answers.map(|tuple| {
            let days = days(&tuple);
            (tuple, days)
        });
        dated.filter(|(_, days)| !days.is_empty()).collect()
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
        let days = |tuple: &[Code]| match aggregate.op {
            AggregateOp::Min | AggregateOp::Max => {
                let mut days = DaySet::none_of_case(case);
                for member in members
                    .iter()
                    .filter(|one| decides(aggregate, one.value, &one.values, tuple))
                {
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

/// Whether a minimum or a maximum, with its witnesses, is of this member.
pub(super) fn decides(
    aggregate: &Aggregate,
    value: Option<Code>,
    values: &[Option<Code>],
    tuple: &[Code],
) -> bool {
    value == tuple.first().copied()
        && aggregate
            .witnesses
            .iter()
            .zip(&tuple[1..])
            .all(|(var, code)| values[var.index()] == Some(*code))
}

/// A plan that is carried out, depth first.
struct Walk<'w> {
    joins: &'w Joins<'w>,
    plan: &'w Plan<'w>,
    context: Context<'w>,
    bindings: Bindings,
    /// By level: days on which all of what was taken so far holds. Only what is not the same every day makes a new level.
    days: Vec<DaySet>,
    /// Room that numbers of rows were in.
    rows: Vec<Vec<u32>>,
}

impl Walk<'_> {
    fn go(&mut self, step: usize, level: usize, found: &mut Found) {
        let Some(this) = self.plan.steps.get(step) else {
            return self.without_negated(level, found);
        };
        let dictionary = self.context.dictionary;
        let mark = self.bindings.mark();
        match this {
            Step::Rows(lookup) => self.each_row(lookup, step, level, found),
            Step::Test(literal) => {
                if self.joins.meter.spend() && holds(literal, self.context, &mut self.bindings) {
                    self.go(step + 1, level, found);
                }
                self.bindings.undo(mark);
            }
            Step::Range(literal) => {
                let LiteralKind::Range {
                    var,
                    operand,
                    from,
                    to,
                    step: by,
                    ..
                } = &literal.kind
                else {
                    return;
                };
                let number = |term: &Term| value(term, self.bindings.values(), dictionary).ok();
                let (Some(from), Some(to)) = (number(from), number(to)) else {
                    return;
                };
                let by = match by.as_ref().map(number) {
                    Some(None) => return,
                    Some(by) => by,
                    None => None,
                };
                let mut steps = Steps::new(*operand, from, to, by, dictionary);
                let known = self.bindings.get(*var);
                while let Some(code) = match known {
                    Some(known) => steps.take(known, dictionary),
                    None => steps.next(dictionary),
                } {
                    if !self.joins.meter.spend() {
                        return;
                    }
                    if self.bindings.bind(*var, code) {
                        self.go(step + 1, level, found);
                    }
                    self.bindings.undo(mark);
                    if known.is_some() {
                        return;
                    }
                }
            }
            Step::Total(aggregate, inner) => {
                let totals = self
                    .joins
                    .totals_of(aggregate, inner, self.bindings.values());
                for (tuple, when) in totals.iter() {
                    if self.narrow(level, when)
                        && bind_answer(aggregate, tuple, &mut self.bindings, dictionary)
                    {
                        self.go(step + 1, level + 1, found);
                    }
                    self.bindings.undo(mark);
                }
            }
        }
    }

    /// Makes the next level of days: those of a level that are among others. False: there are none.
    fn narrow(&mut self, level: usize, days: &DaySet) -> bool {
        if self.days.len() == level + 1 {
            self.days.push(days.clone());
        }
        let (before, after) = self.days.split_at_mut(level + 1);
        after[0].be_both(&before[level], days)
    }

    fn each_row(&mut self, lookup: &Lookup, step: usize, level: usize, found: &mut Found) {
        let history = self.joins.history;
        let mut key: SmallVec<[Code; 8]> = SmallVec::with_capacity(lookup.key.len());
        if !self.key(lookup, &mut key) {
            return;
        }
        let mut ids = self.rows.pop().unwrap_or_default();
        ids.clear();
        let dated = history.tables.get(&lookup.relation);
        let same;
        let table = match dated {
            Some(dated) => {
                dated.table.find_all(&lookup.columns, &key, &mut ids);
                &dated.table
            }
            None => {
                same = history.find_unchanged(lookup.relation, &lookup.columns, &key, &mut ids);
                &*same
            }
        };
        let dictionary = self.context.dictionary;
        let mark = self.bindings.mark();
        match dated {
            // On the days of any of them.
            Some(dated) if lookup.any && ids.len() > 1 => {
                let mut days = dated.days[ids[0] as usize].clone();
                for &id in &ids {
                    self.joins.meter.spend();
                    history.reading.either(&mut days, &dated.days[id as usize]);
                }
                if self.narrow(level, &days) {
                    self.go(step + 1, level + 1, found);
                }
            }
            None if lookup.any => {
                if self.joins.meter.spend() && !ids.is_empty() {
                    self.go(step + 1, level, found);
                }
            }
            _ => {
                for &id in &ids {
                    if !self.joins.meter.spend() {
                        break;
                    }
                    let next = match dated {
                        Some(dated) if self.narrow(level, &dated.days[id as usize]) => level + 1,
                        Some(_) => continue,
                        None => level,
                    };
                    let row = table.row(id);
                    let mut open = lookup.open.iter();
                    if open.all(|(column, term)| {
                        unify(term, row[*column], &mut self.bindings, dictionary)
                    }) {
                        self.go(step + 1, next, found);
                    }
                    self.bindings.undo(mark);
                }
            }
        }
        self.rows.push(ids);
    }

    /// False: a term has no value.
    fn key(&self, lookup: &Lookup, key: &mut SmallVec<[Code; 8]>) -> bool {
        let values = self.bindings.values();
        for one in &lookup.key {
            let code = match one {
                Key::Known(code) => Some(*code),
                Key::Var(var) => values[var.index()],
                Key::Term(term) => value(term, values, self.context.dictionary).ok(),
            };
            match code {
                Some(code) => key.push(code),
                None => return false,
            }
        }
        true
    }

    fn without_negated(&mut self, level: usize, found: &mut Found) {
        let history = self.joins.history;
        let mut left: Option<DaySet> = None;
        for lookup in &self.plan.negated {
            let mut key = SmallVec::new();
            if !self.key(lookup, &mut key) {
                return;
            }
            let mut ids = self.rows.pop().unwrap_or_default();
            ids.clear();
            match history.tables.get(&lookup.relation) {
                Some(dated) => {
                    dated.table.find_all(&lookup.columns, &key, &mut ids);
                    if history.as_now && !ids.is_empty() {
                        left = Some(DaySet::never());
                        ids.clear();
                    }
                    for &id in &ids {
                        let days = left.get_or_insert_with(|| self.days[level].clone());
                        let present = &dated.days[id as usize];
                        match history.reading {
                            Reading::Apart => days.remove(present),
                            Reading::Cases(case) => days.remove_cases(present, case.count()),
                            Reading::Bounds => bounds::without(days, present),
                        }
                    }
                }
                None => {
                    history.find_unchanged(lookup.relation, &lookup.columns, &key, &mut ids);
                    if !ids.is_empty() {
                        left = Some(DaySet::never());
                    }
                }
            }
            self.rows.push(ids);
            if left.as_ref().is_some_and(DaySet::is_empty) {
                return;
            }
        }
        let days = left.as_ref().unwrap_or(&self.days[level]);
        if !days.is_empty() {
            found(self.bindings.values(), days);
        }
    }
}

/// A row of a group, and the days on which it is one.
struct DatedMember {
    value: Option<Code>,
    values: Box<[Option<Code>]>,
    days: DaySet,
}
