//! Everything that decides whether a fact follows, whatever is withdrawn: its derivations in all worlds, and of what they
//! want absent, or count, the same.
//!
//! A gate is a fact, the rows of a pattern, or a member of a group; it is open while one of its ways is. A way takes other gates open,
//! others shut, and totals as they were when it was found. It is made from [bounds](super::bounds): what is certain is not
//! a gate, and of what never holds there is none.

use super::amend::heading;
use super::bounds::{Bounds, is_certain};
use super::facts::Fact;
use super::forward::bound;
use super::group::named;
use super::joins::{Joins, Plan, Planner, Totals};
use super::meter::Meter;
use super::terms::{asked, pattern, value};
use crate::analysis::checked::{
    Aggregate, Literal, LiteralKind, RelationId, RelationKind, Rule, VarId, Variable,
};
use crate::analysis::tarjan;
use crate::evidence::{ClaimId, Day, Interval};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) struct Circuit<'b> {
    pub(super) bounds: &'b Bounds<'b>,
    pub(super) gates: Vec<Gate>,
    pub(super) totals: Vec<Total<'b>>,
    pub(super) leaves: Vec<Leaf>,
    /// The gate of each fact asked about; `None`: not all that decides it is here.
    pub(super) roots: Vec<Option<u32>>,
    /// By gate: its group. Groups are numbered so that each takes gates of earlier ones and of itself; shut gates and totals of
    /// earlier ones.
    pub(super) group_of: Vec<u32>,
    pub(super) groups: Vec<Group>,
    /// By leaf: the gates it opens.
    pub(super) opened_by: Vec<Vec<u32>>,
    /// By gate: the totals of which it is a member.
    pub(super) member_of: Vec<Vec<u32>>,
    /// As many days as matter, one bit each.
    pub(super) days: u64,
}

/// Gates that lean on each other, or a single one.
#[derive(Default)]
pub(super) struct Group {
    pub(super) gates: Vec<u32>,
    /// Groups with a gate that takes one of these, or wants it shut, or counts it; and groups that this one takes.
    pub(super) taken_by: Vec<u32>,
    pub(super) takes: Vec<u32>,
}

#[derive(Default)]
pub(super) struct Gate {
    /// Claims that open it, by their place.
    pub(super) leaves: Vec<u32>,
    pub(super) ways: Vec<Way>,
}

/// Open, where all of it is as it says.
#[derive(Default)]
pub(super) struct Way {
    pub(super) open: Vec<u32>,
    pub(super) shut: Vec<u32>,
    /// Each with what it comes to.
    pub(super) totals: Vec<(u32, Vec<Code>)>,
}

pub(super) struct Total<'b> {
    pub(super) aggregate: &'b Aggregate,
    pub(super) members: Vec<Member>,
}

/// Values by variable.
type Assigned = Box<[Option<Code>]>;

pub(super) struct Member {
    pub(super) gate: u32,
    pub(super) value: Option<Code>,
    pub(super) values: Assigned,
}

pub(super) struct Leaf {
    pub(super) claim: ClaimId,
    /// The days on which it holds.
    pub(super) days: u64,
}

const MOST_DAYS: usize = u64::BITS as usize;

impl<'b> Circuit<'b> {
    /// Of facts that are not certain. `None`: the meter stopped, or more days matter than are looked at.
    pub(super) fn of(bounds: &'b Bounds<'b>, facts: &[&Fact], meter: &'b Meter) -> Option<Self> {
        let mut builder = Builder {
            bounds,
            meter,
            gates: Vec::new(),
            totals: Vec::new(),
            leaves: Vec::new(),
            unknown: Vec::new(),
            place: FxHashMap::default(),
            known: FxHashMap::default(),
            known_totals: FxHashMap::default(),
            found: Vec::new(),
            plans: FxHashMap::default(),
            sums: RefCell::default(),
        };
        let facts = facts.iter();
        let roots: Vec<u32> = facts
            .map(|fact| builder.fact(fact.relation, &fact.row))
            .collect();
        while let Some((gate, fact)) = builder.found.pop() {
            if meter.stopped().is_some() {
                return None;
            }
            match bounds.may_have_more(fact.relation) {
                true => builder.unknown.push(gate),
                false => builder.expand(gate, &fact),
            }
        }
        let days = builder.date()?;
        meter.finish(()).ok()?;
        let Builder {
            gates,
            totals,
            leaves,
            unknown,
            ..
        } = builder;
        let mut opened_by: Vec<Vec<u32>> = vec![Vec::new(); leaves.len()];
        let mut member_of: Vec<Vec<u32>> = vec![Vec::new(); gates.len()];
        let mut takes: Vec<Vec<usize>> = Vec::with_capacity(gates.len());
        for (at, gate) in (0..).zip(&gates) {
            for &leaf in &gate.leaves {
                opened_by[leaf as usize].push(at);
            }
            let mut taken: Vec<usize> = Vec::new();
            for way in &gate.ways {
                taken.extend(way.open.iter().chain(&way.shut).map(|&gate| gate as usize));
                for (total, _) in &way.totals {
                    let members = &totals[*total as usize].members;
                    taken.extend(members.iter().map(|member| member.gate as usize));
                }
            }
            taken.sort_unstable();
            taken.dedup();
            takes.push(taken);
        }
        for (total, at) in totals.iter().zip(0..) {
            for member in &total.members {
                member_of[member.gate as usize].push(at);
            }
        }
        let group_of = tarjan(&takes);
        let count = group_of.iter().max().map_or(0, |&last| last as usize + 1);
        let mut groups: Vec<Group> = Vec::new();
        groups.resize_with(count, Group::default);
        let mut unknown_groups = vec![false; count];
        for &gate in &unknown {
            unknown_groups[group_of[gate as usize] as usize] = true;
        }
        for (gate, taken) in takes.iter().enumerate() {
            let group = group_of[gate];
            groups[group as usize].gates.push(gate as u32);
            let others = taken.iter().map(|&other| group_of[other]);
            groups[group as usize]
                .takes
                .extend(others.filter(|&other| other != group));
        }
        for at in 0..count {
            groups[at].takes.sort_unstable();
            groups[at].takes.dedup();
            for other in groups[at].takes.clone() {
                groups[other as usize].taken_by.push(at as u32);
                unknown_groups[at] |= unknown_groups[other as usize];
            }
        }
        let is_known = |gate: &u32| !unknown_groups[group_of[*gate as usize] as usize];
        Some(Circuit {
            bounds,
            roots: roots
                .into_iter()
                .map(|gate| Some(gate).filter(is_known))
                .collect(),
            gates,
            totals,
            leaves,
            group_of,
            groups,
            opened_by,
            member_of,
            days,
        })
    }
}

struct Builder<'b> {
    bounds: &'b Bounds<'b>,
    meter: &'b Meter,
    gates: Vec<Gate>,
    totals: Vec<Total<'b>>,
    leaves: Vec<Leaf>,
    /// Gates of which there may be other ways.
    unknown: Vec<u32>,
    place: FxHashMap<ClaimId, u32>,
    known: FxHashMap<(RelationId, Vec<Option<Code>>), u32>,
    /// By aggregate (by address within the program) and the values of its group.
    known_totals: FxHashMap<(usize, Vec<Option<Code>>), u32>,
    /// Facts that are not expanded yet.
    found: Vec<(u32, Fact)>,
    /// By body (by address within the program) and the variables that have a value before.
    plans: FxHashMap<(usize, Vec<VarId>), Rc<Plan<'b>>>,
    /// What totals may come to.
    sums: RefCell<Totals>,
}

/// Whether something is needed of a premise.
enum Needs {
    Nothing,
    Gate(u32),
}

impl<'b> Builder<'b> {
    fn gate(&mut self) -> u32 {
        self.gates.push(Gate::default());
        self.gates.len() as u32 - 1
    }

    fn fact(&mut self, relation: RelationId, row: &[Code]) -> u32 {
        let key = (relation, row.iter().map(|&code| Some(code)).collect());
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let gate = self.gate();
        self.known.insert(key, gate);
        self.found.push((gate, Fact::new(relation, row)));
        gate
    }

    /// That some row agrees with a pattern, which one may.
    fn some_row(&mut self, relation: RelationId, pattern: &[Option<Code>]) -> Needs {
        let Some(dated) = self.bounds.history.tables.get(&relation) else {
            return Needs::Nothing;
        };
        let mut rows: Vec<u32> = Vec::new();
        dated.table.each_match(pattern, |id| rows.push(id));
        if rows.iter().any(|&id| is_certain(&dated.days[id as usize])) {
            return Needs::Nothing;
        }
        if let [row] = rows[..] {
            return Needs::Gate(self.fact(relation, dated.table.row(row)));
        }
        let key = (relation, pattern.to_vec());
        if let Some(&known) = self.known.get(&key) {
            return Needs::Gate(known);
        }
        let gate = self.gate();
        self.known.insert(key, gate);
        for row in rows {
            self.meter.spend();
            let open = vec![self.fact(relation, dated.table.row(row))];
            let ways = &mut self.gates[gate as usize].ways;
            ways.push(Way {
                open,
                ..Way::default()
            });
        }
        Needs::Gate(gate)
    }

    /// What must be shut for no row to agree with a pattern; none of them is certain.
    fn no_row(&mut self, relation: RelationId, pattern: &[Option<Code>]) -> Option<u32> {
        let dated = self.bounds.history.tables.get(&relation)?;
        let mut is_possible = false;
        dated.table.each_match(pattern, |_| is_possible = true);
        match is_possible.then(|| self.some_row(relation, pattern))? {
            Needs::Gate(gate) => Some(gate),
            Needs::Nothing => None,
        }
    }

    fn expand(&mut self, gate: u32, fact: &Fact) {
        let case = self.bounds.history.case;
        for claim in case.claims.supporting(fact.relation, &fact.row) {
            let leaf = *self.place.entry(claim).or_insert_with(|| {
                self.leaves.push(Leaf { claim, days: 1 });
                self.leaves.len() as u32 - 1
            });
            self.gates[gate as usize].leaves.push(leaf);
        }
        for &id in case.rules_of(fact.relation) {
            let rule: &'b Rule = &case.program[id];
            let Some(head) = &rule.head else { continue };
            let Some(values) = heading(rule, fact, case) else {
                continue;
            };
            let concludes = |values: &[Option<Code>]| {
                let mut args = head.args.iter().zip(&fact.row);
                args.all(|(arg, &code)| value(arg, values, case.dictionary) == Ok(code))
            };
            let mut known = vec![None; rule.variables.len()];
            for &(var, code) in &values {
                known[var.index()] = Some(code);
            }
            let given: Vec<VarId> = values.iter().map(|(var, _)| *var).collect();
            let plan = self.plan(&rule.body, given, rule.variables.len());
            let mut ways = self.solutions(&plan, &rule.variables, &known);
            ways.retain(|values| concludes(values));
            for values in ways {
                let way = self.way(&rule.body, &rule.variables, &values);
                self.gates[gate as usize].ways.push(way);
            }
        }
        if case.program[fact.relation].kind == RelationKind::Eqrel {
            self.equivalent(gate, fact);
        }
    }

    fn plan(&mut self, body: &'b [Literal], given: Vec<VarId>, variables: usize) -> Rc<Plan<'b>> {
        let history = &self.bounds.history;
        let sizes = |relation| super::Facts::len(history, relation);
        let planner = Planner {
            dictionary: history.case.dictionary,
            sizes: &sizes,
        };
        let key = (body.as_ptr() as usize, given);
        if let Some(known) = self.plans.get(&key) {
            return known.clone();
        }
        let plan = Rc::new(planner.plan(body, &key.1, variables));
        self.plans.insert(key, plan.clone());
        plan
    }

    fn solutions(
        &self,
        plan: &Plan,
        variables: &[Variable],
        known: &[Option<Code>],
    ) -> Vec<Assigned> {
        let joins = Joins {
            history: &self.bounds.history,
            variables,
            totals: &self.sums,
            meter: self.meter,
        };
        let mut found: Vec<Assigned> = Vec::new();
        joins.each(plan, known, &mut |values, _| found.push(values.into()));
        found
    }

    /// What a body needs under these values.
    fn way(
        &mut self,
        body: &'b [Literal],
        variables: &'b [Variable],
        values: &[Option<Code>],
    ) -> Way {
        let dictionary = self.bounds.history.case.dictionary;
        let mut way = Way::default();
        for literal in body {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let asked = asked(atom, values, dictionary);
                    if let Needs::Gate(gate) = self.some_row(atom.relation, &asked) {
                        way.open.push(gate);
                    }
                }
                LiteralKind::Negated(atom) => {
                    way.shut
                        .extend(self.no_row(atom.relation, &asked(atom, values, dictionary)));
                }
                LiteralKind::Aggregate(aggregate) => {
                    let total = self.total(aggregate, variables, values);
                    let bound = [&aggregate.result].into_iter().chain(&aggregate.witnesses);
                    let tuple = bound.filter_map(|var| values[var.index()]).collect();
                    way.totals.push((total, tuple));
                }
                _ => {}
            }
        }
        way
    }

    fn total(
        &mut self,
        aggregate: &'b Aggregate,
        variables: &'b [Variable],
        outer: &[Option<Code>],
    ) -> u32 {
        let group = aggregate.injected.iter().map(|var| outer[var.index()]);
        let key = (std::ptr::from_ref(aggregate) as usize, group.collect());
        if let Some(&known) = self.known_totals.get(&key) {
            return known;
        }
        let mut inner = vec![None; outer.len()];
        for var in &aggregate.injected {
            inner[var.index()] = outer[var.index()];
        }
        let members = match aggregate.counts_rows_of() {
            Some(at) => self.rows(aggregate, variables, at, &inner),
            None => self.members(aggregate, variables, &inner),
        };
        let total = self.totals.len() as u32;
        self.totals.push(Total { aggregate, members });
        self.known_totals.insert(key, total);
        total
    }

    /// The members of a group that is the rows of an atom.
    fn rows(
        &mut self,
        aggregate: &'b Aggregate,
        variables: &'b [Variable],
        at: usize,
        inner: &[Option<Code>],
    ) -> Vec<Member> {
        let case = self.bounds.history.case;
        let mut members = Vec::new();
        let LiteralKind::Atom(atom) = &aggregate.body[at].kind else {
            return members;
        };
        let facts: &dyn super::Facts = &self.bounds.history;
        let rows = facts.matching(atom.relation, &pattern(atom, inner, case.dictionary));
        for row in rows.iter() {
            let Some(bound) = bound(atom, &Fact::new(atom.relation, &row), case) else {
                continue;
            };
            let mut known = inner.to_vec();
            let mut given = aggregate.injected.clone();
            for (var, code) in bound {
                known[var.index()] = Some(code);
                given.push(var);
            }
            given.sort_unstable();
            given.dedup();
            let plan = self.plan(&aggregate.body, given, variables.len());
            let row: Vec<Option<Code>> = row.iter().map(|&code| Some(code)).collect();
            for values in self.solutions(&plan, variables, &known) {
                let mut way = self.way(&aggregate.body, variables, &values);
                // That row, and not just any.
                if let Needs::Gate(gate) = self.some_row(atom.relation, &row) {
                    way.open.push(gate);
                }
                members.extend(self.member(aggregate, values, vec![way]));
            }
        }
        members
    }

    fn members(
        &mut self,
        aggregate: &'b Aggregate,
        variables: &'b [Variable],
        inner: &[Option<Code>],
    ) -> Vec<Member> {
        let dictionary = self.bounds.history.case.dictionary;
        let plan = self.plan(&aggregate.body, aggregate.injected.clone(), variables.len());
        let named = named(aggregate, variables);
        let mut found: Vec<(Assigned, Vec<Way>)> = Vec::new();
        let mut by_key: FxHashMap<Vec<Option<Code>>, usize> = FxHashMap::default();
        for values in self.solutions(&plan, variables, inner) {
            let amount = aggregate.target.as_ref();
            let amount = amount.and_then(|target| value(target, &values, dictionary).ok());
            let key = named.iter().map(|var| values[var.index()]).chain([amount]);
            let way = self.way(&aggregate.body, variables, &values);
            let at = *by_key.entry(key.collect()).or_insert_with(|| {
                found.push((values, Vec::new()));
                found.len() - 1
            });
            found[at].1.push(way);
        }
        let found = found.into_iter();
        found
            .filter_map(|(values, ways)| self.member(aggregate, values, ways))
            .collect()
    }

    /// `None`: it adds nothing.
    fn member(
        &mut self,
        aggregate: &Aggregate,
        values: Assigned,
        ways: Vec<Way>,
    ) -> Option<Member> {
        let dictionary = self.bounds.history.case.dictionary;
        let amount = match &aggregate.target {
            None => None,
            Some(target) => Some(value(target, &values, dictionary).ok()?),
        };
        let gate = self.gate();
        self.gates[gate as usize].ways = ways;
        Some(Member {
            gate,
            value: amount,
            values,
        })
    }

    /// The laws of equivalence: `(b, a)` gives `(a, b)`, so do `(a, x)` and `(x, b)`; any pair with `a` gives `(a, a)`.
    fn equivalent(&mut self, gate: u32, fact: &Fact) {
        let &[a, b] = &*fact.row else { return };
        let facts: &dyn super::Facts = &self.bounds.history;
        let near = facts.matching(fact.relation, &[Some(a), None]);
        let pair = |one: Code, other: Code| [Some(one), Some(other)];
        let mut ways: Vec<Vec<[Option<Code>; 2]>> = vec![vec![pair(b, a)]];
        for row in near.iter().filter(|row| row[1] != a && row[1] != b) {
            self.meter.spend();
            let x = row[1];
            match a == b {
                true => ways.push(vec![pair(a, x)]),
                false if facts.contains(fact.relation, &[x, b]) => {
                    ways.push(vec![pair(a, x), pair(x, b)]);
                }
                false => {}
            }
        }
        for pairs in ways {
            let mut way = Way::default();
            for pair in pairs {
                if let Needs::Gate(gate) = self.some_row(fact.relation, &pair) {
                    way.open.push(gate);
                }
            }
            self.gates[gate as usize].ways.push(way);
        }
    }

    /// Gives leaves their days, where conclusions have to hold at one time. `None`: too many matter.
    fn date(&mut self) -> Option<u64> {
        let case = self.bounds.history.case;
        if !case.at_once {
            return Some(1);
        }
        let of = |leaf: &Leaf| case.claims.get(leaf.claim).interval;
        let intervals: FxHashSet<Interval> = self.leaves.iter().map(of).collect();
        let intervals: Vec<Interval> = intervals.into_iter().collect();
        let days = decisive(&intervals)?;
        for leaf in &mut self.leaves {
            let interval = of(leaf);
            let holds = |at: &usize| interval.covers(days[*at]);
            leaf.days = (0..days.len())
                .filter(holds)
                .fold(0, |days, at| days | 1 << at);
        }
        Some(u64::MAX >> (MOST_DAYS - days.len()))
    }
}

/// The days on one of which everything holds that holds on any: no other has all claims of theirs. `None`: too many.
fn decisive(intervals: &[Interval]) -> Option<Vec<Option<Day>>> {
    let mut days: Vec<Option<Day>> = intervals.iter().map(|one| one.first_day()).collect();
    days.push(None);
    days.sort_unstable();
    days.dedup();
    let covered =
        |day: &Option<Day>| -> Vec<bool> { intervals.iter().map(|one| one.covers(*day)).collect() };
    let covered: Vec<Vec<bool>> = days.iter().map(covered).collect();
    let within = |one: usize, other: usize| {
        covered[one]
            .iter()
            .zip(&covered[other])
            .all(|(one, other)| !one || *other)
    };
    let decides = |&at: &usize| {
        let beaten =
            |other: usize| other != at && within(at, other) && (other < at || !within(other, at));
        !(0..days.len()).any(beaten)
    };
    let decisive: Vec<Option<Day>> = (0..days.len()).filter(decides).map(|at| days[at]).collect();
    (decisive.len() <= MOST_DAYS).then_some(decisive)
}
