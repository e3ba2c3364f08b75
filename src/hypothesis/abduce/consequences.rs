//! What a few assumed facts bring about, by what they touch alone.
//!
//! Semi-naive: every row that is new is joined with what there is, stratum by stratum. That is exact as long as nothing
//! falls. Where a new row breaks a negation or changes a total some conclusion was drawn from, or where an order of
//! derivation matters, the answer is that a run has to tell.

use super::overlay::Overlay;
use super::reach::is_opaque;
use crate::analysis::checked::{
    Aggregate, Atom, CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, Rule, RuleId,
    Term, VarId,
};
use crate::engine::functor::Patterns;
use crate::explain::{Context, Fact, Facts, Meter, Solution, Solver, constant, value};
use crate::storage::{Code, Dictionary};
use rustc_hash::FxHashSet;

/// One way in which a constraint is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub constraint: RuleId,
    /// By variable; `None` where the constraint does not say.
    pub values: Box<[Option<Code>]>,
}

/// Only a run can tell.
pub(super) struct Unclear;

/// The rules of a program by what they read; made once for all sets that are tried.
pub(super) struct Readers<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
    patterns: Patterns,
    /// By stratum: rules with a body.
    strata: Vec<Vec<RuleId>>,
    /// By relation: a new row needs more than joins.
    peculiar: Vec<bool>,
}

impl<'a> Readers<'a> {
    pub(super) fn of(program: &'a CheckedProgram, dictionary: &'a Dictionary) -> Readers<'a> {
        let strata = program
            .strata()
            .iter()
            .map(|stratum| {
                let rules = stratum.rules.iter().copied();
                rules
                    .filter(|&rule| !program[rule].body.is_empty())
                    .collect()
            })
            .collect();
        let mut peculiar: Vec<bool> = program
            .relations()
            .map(|(_, relation)| {
                !relation.choice_domains.is_empty()
                    || matches!(relation.kind, RelationKind::Delta(_))
            })
            .collect();
        for known in program.subsumptions() {
            peculiar[known.relation.index()] = true;
            each_relation(&known.body, &mut |relation| {
                peculiar[relation.index()] = true
            });
        }
        for (_, relation) in program.relations() {
            if let RelationKind::Delta(of) = relation.kind {
                peculiar[of.index()] = true;
            }
        }
        Readers {
            program,
            dictionary,
            patterns: Patterns::new(),
            strata,
            peculiar,
        }
    }

    /// Every row that is there when the facts are assumed and was not, and the constraints newly violated.
    pub(super) fn consequences<'f>(
        &self,
        below: &'f dyn Facts,
        assumed: &[Fact],
        meter: &Meter,
    ) -> Result<(Overlay<'f>, Vec<Breach>), Unclear> {
        let mut overlay = Overlay::over(below);
        for fact in assumed {
            overlay.assume(fact.clone());
        }
        self.equate(&mut overlay, 0)?;
        for rules in &self.strata {
            self.stratum(rules, &mut overlay, meter)?;
        }
        if overlay
            .added()
            .iter()
            .any(|fact| self.peculiar[fact.relation.index()])
        {
            return Err(Unclear);
        }
        let mut breaches = Vec::new();
        for &constraint in self.program.constraints() {
            self.breaches(constraint, &overlay, meter, &mut breaches)?;
        }
        match meter.stopped() {
            None => Ok((overlay, breaches)),
            Some(_) => Err(Unclear),
        }
    }

    fn context<'m>(&'m self, facts: &'m dyn Facts, meter: &'m Meter) -> Context<'m> {
        Context {
            facts,
            dictionary: self.dictionary,
            patterns: &self.patterns,
            meter,
        }
    }

    fn stratum(
        &self,
        rules: &[RuleId],
        overlay: &mut Overlay,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        for &id in rules {
            self.without_joins(id, overlay, meter)?;
        }
        let mut next = 0;
        while let Some(fact) = overlay.added().get(next).cloned() {
            next += 1;
            for &id in rules {
                let rule = &self.program[id];
                for literal in &rule.body {
                    let LiteralKind::Atom(atom) = &literal.kind else {
                        continue;
                    };
                    let Some(bound) = self.bound(atom, &fact) else {
                        continue;
                    };
                    if is_opaque(rule) {
                        return Err(Unclear);
                    }
                    let heads = self.heads(rule, &bound, overlay, meter);
                    let from = overlay.added().len();
                    for head in heads {
                        overlay.add(head);
                    }
                    self.equate(overlay, from)?;
                }
            }
            if meter.stopped().is_some() {
                return Err(Unclear);
            }
        }
        Ok(())
    }

    /// What new rows of lower strata do to a rule through its negations and aggregates.
    fn without_joins(
        &self,
        id: RuleId,
        overlay: &mut Overlay,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        let rule = &self.program[id];
        for literal in &rule.body {
            match &literal.kind {
                LiteralKind::Negated(atom) => {
                    for fact in overlay.added() {
                        let Some(bound) = self.bound(atom, fact) else {
                            continue;
                        };
                        let below = self.context(overlay.below(), meter);
                        if is_opaque(rule) || self.solve(rule, &bound, below).next().is_some() {
                            return Err(Unclear);
                        }
                    }
                }
                LiteralKind::Aggregate(aggregate) => {
                    let mut heads = Vec::new();
                    for bound in self.groups(aggregate, overlay) {
                        if is_opaque(rule) {
                            return Err(Unclear);
                        }
                        let now = self.heads(rule, &bound, overlay, meter);
                        let before = self.heads(rule, &bound, overlay.below(), meter);
                        if before.iter().any(|head| !now.contains(head)) {
                            return Err(Unclear);
                        }
                        heads.extend(now);
                    }
                    let from = overlay.added().len();
                    for head in heads {
                        overlay.add(head);
                    }
                    self.equate(overlay, from)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The groups that new rows may join or leave, by the values of the variables shared with the rest of the body.
    fn groups(&self, aggregate: &Aggregate, overlay: &Overlay) -> Vec<Vec<(VarId, Code)>> {
        let mut found: Vec<Vec<(VarId, Code)>> = Vec::new();
        for fact in overlay.added() {
            each_atom(&aggregate.body, &mut |atom| {
                if let Some(mut bound) = self.bound(atom, fact) {
                    bound.retain(|(var, _)| aggregate.injected.contains(var));
                    if !found.contains(&bound) {
                        found.push(bound);
                    }
                }
            });
        }
        found
    }

    fn solve<'m>(
        &self,
        rule: &'m Rule,
        bound: &[(VarId, Code)],
        context: Context<'m>,
    ) -> Solver<'m> {
        let mut solver = Solver::new(context, &rule.body, &rule.variables);
        for &(var, code) in bound {
            solver = solver.with(var, code);
        }
        solver
    }

    fn heads(
        &self,
        rule: &Rule,
        bound: &[(VarId, Code)],
        facts: &dyn Facts,
        meter: &Meter,
    ) -> Vec<Fact> {
        let Some(head) = &rule.head else {
            return Vec::new();
        };
        let mut seen = FxHashSet::default();
        let row = |solution: Solution| -> Option<Fact> {
            let row: Result<Box<[Code]>, _> = head
                .args
                .iter()
                .map(|arg| value(arg, &solution.values, self.dictionary))
                .collect();
            Some(Fact {
                relation: head.relation,
                row: row.ok()?,
            })
        };
        self.solve(rule, bound, self.context(facts, meter))
            .filter_map(row)
            .filter(|fact| seen.insert(fact.clone()))
            .collect()
    }

    /// Closes equivalences over the pairs added from here on.
    fn equate(&self, overlay: &mut Overlay, from: usize) -> Result<(), Unclear> {
        let mut next = from;
        while let Some(fact) = overlay.added().get(next).cloned() {
            next += 1;
            if self.program[fact.relation].kind != RelationKind::Eqrel {
                continue;
            }
            let &[a, b] = &*fact.row else { continue };
            let class = |element: Code| -> Vec<Code> {
                let mut members = vec![element];
                for (pattern, other) in [([Some(element), None], 1), ([None, Some(element)], 0)] {
                    let rows = overlay.matching(fact.relation, &pattern);
                    members.extend_from_slice(rows.column(other));
                }
                members.sort_unstable();
                members.dedup();
                members
            };
            let mut all = class(a);
            all.extend(class(b));
            all.sort_unstable();
            all.dedup();
            if all.len() > MOST_EQUAL {
                return Err(Unclear);
            }
            for &x in &all {
                for &y in &all {
                    overlay.add(Fact::new(fact.relation, &[x, y]));
                }
            }
        }
        Ok(())
    }

    fn breaches(
        &self,
        constraint: RuleId,
        overlay: &Overlay,
        meter: &Meter,
        breaches: &mut Vec<Breach>,
    ) -> Result<(), Unclear> {
        let rule = &self.program[constraint];
        let mut starts: Vec<Vec<(VarId, Code)>> = Vec::new();
        for literal in &rule.body {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    starts.extend(
                        overlay
                            .added()
                            .iter()
                            .filter_map(|fact| self.bound(atom, fact)),
                    );
                }
                LiteralKind::Aggregate(aggregate) => starts.extend(self.groups(aggregate, overlay)),
                _ => {}
            }
        }
        if !starts.is_empty() && is_opaque(rule) {
            return Err(Unclear);
        }
        for bound in starts {
            for solution in self.solve(rule, &bound, self.context(overlay, meter)) {
                let named: Vec<(VarId, Code)> = rule
                    .variables
                    .iter()
                    .zip(&solution.values)
                    .enumerate()
                    .filter(|(_, (variable, _))| !variable.synthetic)
                    .filter_map(|(at, (_, code))| Some((VarId(at as u32), (*code)?)))
                    .collect();
                let below = self.context(overlay.below(), meter);
                let breach = Breach {
                    constraint,
                    values: solution.values,
                };
                if self.solve(rule, &named, below).next().is_none() && !breaches.contains(&breach) {
                    breaches.push(breach);
                }
                if breaches.len() >= MOST_BREACHES {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The variables that an atom which matches a row binds; `None` when it does not match.
    fn bound(&self, atom: &Atom, fact: &Fact) -> Option<Vec<(VarId, Code)>> {
        if atom.relation != fact.relation {
            return None;
        }
        let mut bound: Vec<(VarId, Code)> = Vec::new();
        for (arg, &code) in atom.args.iter().zip(&fact.row) {
            match arg {
                Term::Var(var) => match bound.iter().find(|(known, _)| known == var) {
                    Some((_, other)) if *other != code => return None,
                    Some(_) => {}
                    None => bound.push((*var, code)),
                },
                Term::Const(known) if constant(known, self.dictionary) != code => return None,
                _ => {}
            }
        }
        Some(bound)
    }
}

/// Elements of one class that are related pair by pair here; a run does larger ones better.
const MOST_EQUAL: usize = 64;
/// Ways of violation that are looked for.
const MOST_BREACHES: usize = 16;

fn each_atom<'a>(body: &'a [Literal], f: &mut dyn FnMut(&'a Atom)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom),
            LiteralKind::Aggregate(aggregate) => each_atom(&aggregate.body, f),
            _ => {}
        }
    }
}

fn each_relation(body: &[Literal], f: &mut dyn FnMut(RelationId)) {
    each_atom(body, &mut |atom| f(atom.relation));
}
