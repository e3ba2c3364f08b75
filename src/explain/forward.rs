//! The forward question: what leans on a fact, directly or through others.

use super::case::Case;
use super::facts::Fact;
use super::meter::Meter;
use super::solve::{Satisfied, Solver, Totals};
use super::table::Table;
use super::terms::value;
use crate::analysis::checked::{
    Atom, Literal, LiteralKind, RelationId, RelationKind, RuleId, Term, VarId,
};
use crate::engine::{Budget, StopReason};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Facts that have some derivation in which the seeds take a part, in the order in which they were met.
#[derive(Clone, Debug)]
pub struct Leaning {
    pub facts: Vec<Fact>,
    pub stopped: Option<StopReason>,
}

impl Case<'_> {
    /// Whether each row of a relation that is not stated is what a rule concludes from rows as they are: a row that a
    /// later one dominates, and the like, may have led to others before.
    fn is_closed(&self, relation: RelationId) -> bool {
        let mut strata = self.program.strata().iter();
        let stratum = strata.find(|stratum| stratum.relations.contains(&relation));
        self.program[relation].kind == RelationKind::Plain
            && stratum.is_some_and(|stratum| {
                let mut beside = stratum.relations.iter();
                !beside.any(|&one| self.is_settled_by_the_run(one))
            })
    }

    /// Everything that some derivation builds on the given facts or by the given rules: conclusions that could be
    /// affected, though they may stand without them. Negations are not followed.
    pub fn leaning_on(&self, seeds: &[Fact], rules: &[RuleId], budget: &Budget) -> Leaning {
        self.leaning_on_and_against(seeds, rules, &[], budget)
    }

    /// The same, and everything that some derivation builds on the absence of `against`, which do not hold here, or on a
    /// total that they would alter.
    pub fn leaning_on_and_against(
        &self,
        seeds: &[Fact],
        rules: &[RuleId],
        against: &[Fact],
        budget: &Budget,
    ) -> Leaning {
        let meter = Meter::new(budget);
        let seen: FxHashSet<Fact> = seeds.iter().cloned().collect();
        let mut walk = Walk {
            case: self,
            meter: &meter,
            unmet: self.unseen(&seen),
            seen,
            met: Vec::new(),
            ranks: self.ranks(),
            open: BTreeMap::new(),
            finished: FxHashSet::default(),
            put_off: FxHashMap::default(),
            done: FxHashMap::default(),
            totals: &Totals::default(),
        };
        seeds.iter().for_each(|seed| walk.put_off(seed.clone()));
        for &rule in rules {
            walk.all_conclusions(rule);
        }
        let (uses, conditions) = self.uses();
        for fact in against.iter().chain(seeds) {
            for condition in conditions.get(&fact.relation).into_iter().flatten() {
                if let Some(mut bound) = bound(condition.atom, fact, self) {
                    if let Some(group) = condition.group {
                        bound.retain(|(var, _)| group.contains(var));
                    }
                    walk.conclusions(condition.rule, &bound);
                }
            }
        }
        while let Some(((_, relation), facts)) = walk.open.pop_first() {
            walk.conclude(relation);
            let uses = uses.get(&relation).map_or(&[][..], Vec::as_slice);
            if walk.unmet.get(&relation) == Some(&0) {
                // Whatever a rule builds on this relation, it builds on one of the facts that were met.
                for used in uses.iter().filter(|used| !used.counted) {
                    walk.all_conclusions(used.rule);
                }
            }
            for fact in facts {
                if meter.stopped().is_some() {
                    break;
                }
                walk.equivalent(&fact);
                for used in uses {
                    if let Some(bound) = bound(used.atom, &fact, self) {
                        walk.conclusions(used.rule, &bound);
                    }
                }
                let done = walk.done.entry(relation).or_default();
                done.insert(&fact.row);
            }
        }
        Leaning {
            facts: walk.met,
            stopped: meter.stopped(),
        }
    }

    /// By relation: how many of its rows are not among these. Nothing is said of equivalences, which are not told row by
    /// row.
    fn unseen(&self, seen: &FxHashSet<Fact>) -> FxHashMap<RelationId, usize> {
        let relations = self.program.relations();
        let mut unseen: FxHashMap<RelationId, usize> = relations
            .filter(|(_, relation)| relation.kind != RelationKind::Eqrel)
            .map(|(id, _)| (id, self.facts.len(id)))
            .collect();
        for fact in seen.iter().filter(|fact| self.holds(fact)) {
            if let Some(rows) = unseen.get_mut(&fact.relation) {
                *rows -= 1;
            }
        }
        unseen
    }

    /// By relation: the stratum that makes it, from 1; what no rule makes is not there.
    fn ranks(&self) -> FxHashMap<RelationId, usize> {
        let strata = self.program.strata().iter().zip(1..);
        let heads = strata.flat_map(|(stratum, rank)| {
            let rules = stratum.rules.iter();
            rules.filter_map(move |&rule| Some((self.program[rule].head.as_ref()?.relation, rank)))
        });
        heads.collect()
    }

    /// By relation: the atoms that read it, inside aggregates too; and those through which a row that comes may undo a
    /// derivation.
    fn uses(&self) -> (ByRelation<Use<'_>>, ByRelation<Condition<'_>>) {
        let mut uses: ByRelation<_> = FxHashMap::default();
        let mut conditions: ByRelation<_> = FxHashMap::default();
        for (rule, body) in self.program.rules().map(|(id, rule)| (id, &rule.body)) {
            let mut open: Vec<(&Literal, Option<&[VarId]>)> =
                body.iter().map(|literal| (literal, None)).collect();
            while let Some((literal, group)) = open.pop() {
                let (atom, negated) = match &literal.kind {
                    LiteralKind::Atom(atom) => (atom, false),
                    LiteralKind::Negated(atom) => (atom, true),
                    LiteralKind::Aggregate(aggregate) => {
                        let group = group.unwrap_or(&aggregate.injected);
                        let inner = aggregate.body.iter();
                        open.extend(inner.map(|literal| (literal, Some(group))));
                        continue;
                    }
                    _ => continue,
                };
                if !negated {
                    let counted = group.is_some();
                    let used = Use {
                        rule,
                        atom,
                        counted,
                    };
                    uses.entry(atom.relation).or_default().push(used);
                }
                if negated || group.is_some() {
                    let condition = Condition { rule, atom, group };
                    conditions.entry(atom.relation).or_default().push(condition);
                }
            }
        }
        (uses, conditions)
    }
}

type ByRelation<T> = FxHashMap<RelationId, Vec<T>>;

/// An atom that reads a relation.
struct Use<'a> {
    rule: RuleId,
    atom: &'a Atom,
    /// Inside an aggregate.
    counted: bool,
}

/// An atom whose rows a rule wants to be absent, or to be those of a total.
struct Condition<'a> {
    rule: RuleId,
    atom: &'a Atom,
    /// In an aggregate: the variables that its group has from outside.
    group: Option<&'a [VarId]>,
}

struct Walk<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    seen: FxHashSet<Fact>,
    /// By relation: rows that were not seen. A rule for one that has none left is not gone through any more.
    unmet: FxHashMap<RelationId, usize>,
    met: Vec<Fact>,
    /// By relation: in which order rules make them.
    ranks: FxHashMap<RelationId, usize>,
    /// Facts whose conclusions are to be met, by relation; those first on which others are built, so that many of them are
    /// met before one goes on.
    open: BTreeMap<(usize, RelationId), Vec<Fact>>,
    /// Rules whose conclusions were all met, or are put off.
    finished: FxHashSet<RuleId>,
    /// By relation: the rules whose conclusions are to be met when its turn comes.
    put_off: FxHashMap<RelationId, Vec<PutOff>>,
    /// Facts whose conclusions were all met, by relation: an instance that has one of them among its premises was seen.
    done: FxHashMap<RelationId, Table>,
    totals: &'a Totals,
}

/// A rule whose conclusions are to be met later, and how many facts of each relation were done before: what it builds
/// on others was not met one by one any more.
struct PutOff {
    rule: RuleId,
    done: FxHashMap<RelationId, usize>,
}

impl Walk<'_> {
    fn meet(&mut self, fact: Fact) {
        if !self.seen.contains(&fact) && self.case.holds(&fact) {
            if let Some(rows) = self.unmet.get_mut(&fact.relation) {
                *rows -= 1;
            }
            self.seen.insert(fact.clone());
            self.met.push(fact.clone());
            self.put_off(fact);
        }
    }

    fn put_off(&mut self, fact: Fact) {
        let rank = self.ranks.get(&fact.relation).copied().unwrap_or(0);
        let open = self.open.entry((rank, fact.relation)).or_default();
        open.push(fact);
    }

    /// What a rule concludes at all, when the turn of its relation comes: by then all its other rules may be among these.
    fn all_conclusions(&mut self, id: RuleId) {
        let head = self.case.program[id].head.as_ref();
        if let Some(relation) = head.map(|head| head.relation)
            && self.finished.insert(id)
        {
            let rank = self.ranks.get(&relation).copied().unwrap_or(0);
            let done = self.done.iter().map(|(&id, done)| (id, done.len()));
            let put_off = PutOff {
                rule: id,
                done: done.collect(),
            };
            self.put_off.entry(relation).or_default().push(put_off);
            self.open.entry((rank, relation)).or_default();
        }
    }

    /// Meets what the rules of a relation conclude that were put off.
    fn conclude(&mut self, relation: RelationId) {
        let Some(rules) = self.put_off.remove(&relation) else {
            return;
        };
        if self.unmet.get(&relation) == Some(&0) {
            return;
        }
        let of = self.case.rules_of(relation);
        if of.iter().all(|id| self.finished.contains(id)) && self.case.is_closed(relation) {
            return self.all_derived(relation, &rules);
        }
        for one in rules {
            self.instances(one.rule, &[], Some(&one.done));
        }
    }

    /// Meets all that is derived of a relation by some rule: what is not stated, and of the rest what one of these rules
    /// concludes.
    fn all_derived(&mut self, relation: RelationId, rules: &[PutOff]) {
        let case = self.case;
        let open = vec![None; case.program[relation].arity()];
        let mut rest = Vec::new();
        for row in case.facts.matching(relation, &open).iter() {
            let fact = Fact::new(relation, &row);
            if !self.meter.spend() {
                return;
            }
            match case.facts.is_stated(relation, &fact.row) {
                Some(false) => self.meet(fact),
                _ if !self.seen.contains(&fact) => rest.push(fact),
                _ => {}
            }
        }
        for fact in rest {
            let wanted: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
            let concludes = |one: &PutOff| {
                let rule = &case.program[one.rule];
                rule.head.as_ref().is_some_and(|head| {
                    let context = case.context(self.meter);
                    let solver = Solver::new(context, &rule.body, &rule.variables);
                    solver.by_any_row().with_head(&head.args, &wanted).step()
                })
            };
            if rules.iter().any(concludes) {
                self.meet(fact);
            }
        }
    }

    /// What a rule concludes when some variables have these values.
    fn conclusions(&mut self, id: RuleId, bound: &[(VarId, Code)]) {
        let head = self.case.program[id].head.as_ref();
        let is_met = head.is_none_or(|head| self.unmet.get(&head.relation) == Some(&0));
        if !is_met && !self.finished.contains(&id) {
            self.instances(id, bound, None);
        }
    }

    /// The same of a rule that was put off when so many facts were done.
    fn instances(
        &mut self,
        id: RuleId,
        bound: &[(VarId, Code)],
        since: Option<&FxHashMap<RelationId, usize>>,
    ) {
        let rule = &self.case.program[id];
        let Some(head) = &rule.head else { return };
        let done = &self.done;
        let is_open = |relation: RelationId, row: &[Code]| {
            let place = done.get(&relation).and_then(|done| done.find(row));
            place.is_none_or(|place| {
                let known = since.map(|since| since.get(&relation).copied().unwrap_or(0));
                known.is_some_and(|known| place as usize >= known)
            })
        };
        let mut solver = Solver::new(self.case.context(self.meter), &rule.body, &rule.variables)
            .remembering(self.totals)
            .by_any_row()
            .admitting(&is_open);
        for &(var, code) in bound {
            solver = solver.with(var, code);
        }
        let mut found = Vec::new();
        while solver.step() {
            let row: Result<Box<[Code]>, _> = head
                .args
                .iter()
                .map(|arg| value(arg, solver.values(), self.case.dictionary))
                .collect();
            if let Ok(row) = row {
                found.push(row);
            }
        }
        drop(solver);
        for row in found {
            self.meet(Fact {
                relation: head.relation,
                row,
            });
        }
    }

    /// The pairs of an equivalence that a pair helps to make.
    fn equivalent(&mut self, fact: &Fact) {
        if self.case.program[fact.relation].kind != RelationKind::Eqrel {
            return;
        }
        for &element in &*fact.row {
            for pattern in [[Some(element), None], [None, Some(element)]] {
                for row in self.case.facts.matching(fact.relation, &pattern).iter() {
                    if self.meter.spend() {
                        self.meet(Fact::new(fact.relation, &row));
                    }
                }
            }
        }
    }
}

/// The variables that an atom which matches a row binds; `None` when it does not match.
pub(crate) fn bound(atom: &Atom, fact: &Fact, case: &Case) -> Option<Vec<(VarId, Code)>> {
    bound_by(&atom.args, fact, case)
}

/// The same of terms, one for each column of the row.
pub(super) fn bound_by(args: &[Term], fact: &Fact, case: &Case) -> Option<Vec<(VarId, Code)>> {
    let mut bound: Vec<(VarId, Code)> = Vec::new();
    for (arg, &code) in args.iter().zip(&fact.row) {
        match arg {
            Term::Var(var) => match bound.iter().find(|(known, _)| known == var) {
                Some((_, other)) if *other != code => return None,
                Some(_) => {}
                None => bound.push((*var, code)),
            },
            Term::Const(known) if super::terms::constant(known, case.dictionary) != code => {
                return None;
            }
            _ => {}
        }
    }
    Some(bound)
}
