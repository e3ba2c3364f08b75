//! What a few assumed facts bring about, by what they touch alone.
//!
//! Semi-naive, stratum by stratum: every row that is new is joined with what there is. A conclusion that was drawn from
//! what is no more is looked for again. Where that might go round in a circle, in a recursive stratum, or where the order
//! of derivation matters, the answer is that a run has to tell.

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

/// The rules with a body of one stratum.
struct Rules {
    rules: Vec<RuleId>,
    recursive: bool,
}

/// The rules of a program by what they read; made once for all sets that are tried.
pub(super) struct Readers<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
    patterns: Patterns,
    strata: Vec<Rules>,
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
                Rules {
                    rules: rules
                        .filter(|&rule| !program[rule].body.is_empty())
                        .collect(),
                    recursive: stratum.recursive,
                }
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
        for stratum in &self.strata {
            self.stratum(stratum, &mut overlay, meter)?;
        }
        if overlay
            .added()
            .iter()
            .chain(overlay.gone())
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
        stratum: &Rules,
        overlay: &mut Overlay,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        let mut suspects: FxHashSet<Fact> = FxHashSet::default();
        for &id in &stratum.rules {
            self.disturbed(&self.program[id], overlay, &mut suspects, meter)?;
        }
        let mut next = 0;
        while let Some(fact) = overlay.added().get(next).cloned() {
            next += 1;
            for &id in &stratum.rules {
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
                    self.add(heads, overlay)?;
                }
            }
            if meter.stopped().is_some() {
                return Err(Unclear);
            }
        }
        for fact in suspects {
            self.reconsider(stratum, fact, overlay, meter)?;
        }
        Ok(())
    }

    /// What changes in lower strata do to a rule, but for joins with new rows: conclusions that are new are added, those
    /// that lose a derivation are suspects.
    fn disturbed(
        &self,
        rule: &Rule,
        overlay: &mut Overlay,
        suspects: &mut FxHashSet<Fact>,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        let mut found = Vec::new();
        for literal in &rule.body {
            let before = found.len();
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    for bound in self.all_bound(atom, overlay.gone()) {
                        suspects.extend(self.heads(rule, &bound, overlay.below(), meter));
                        found.push(Vec::new());
                    }
                }
                LiteralKind::Negated(atom) => {
                    for bound in self.all_bound(atom, overlay.added()) {
                        suspects.extend(self.heads(rule, &bound, overlay.below(), meter));
                        found.push(Vec::new());
                    }
                    for bound in self.all_bound(atom, overlay.gone()) {
                        found.push(self.heads(rule, &bound, overlay, meter));
                    }
                }
                LiteralKind::Aggregate(aggregate) => {
                    for bound in self.groups(aggregate, overlay) {
                        suspects.extend(self.heads(rule, &bound, overlay.below(), meter));
                        found.push(self.heads(rule, &bound, overlay, meter));
                    }
                }
                _ => {}
            }
            if found.len() > before && is_opaque(rule) {
                return Err(Unclear);
            }
        }
        found
            .into_iter()
            .try_for_each(|heads| self.add(heads, overlay))
    }

    fn add(&self, heads: Vec<Fact>, overlay: &mut Overlay) -> Result<(), Unclear> {
        let from = overlay.added().len();
        for head in heads {
            overlay.add(head);
        }
        self.equate(overlay, from)
    }

    /// Whether a fact that lost a derivation has another one.
    fn reconsider(
        &self,
        stratum: &Rules,
        fact: Fact,
        overlay: &mut Overlay,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        match overlay.below().is_stated(fact.relation, &fact.row) {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => return Err(Unclear),
        }
        // Round about a circle a fact would find itself.
        if stratum.recursive || self.program[fact.relation].kind != RelationKind::Plain {
            return Err(Unclear);
        }
        let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        let again = stratum.rules.iter().any(|&id| {
            let rule = &self.program[id];
            rule.head.as_ref().is_some_and(|head| {
                head.relation == fact.relation
                    && Solver::new(self.context(overlay, meter), &rule.body, &rule.variables)
                        .with_head(&head.args, &row)
                        .next()
                        .is_some()
            })
        });
        let opaque = |id: &RuleId| is_opaque(&self.program[*id]);
        match again {
            true => Ok(()),
            false if stratum.rules.iter().any(opaque) => Err(Unclear),
            false => {
                overlay.remove(fact);
                Ok(())
            }
        }
    }

    fn all_bound(&self, atom: &Atom, facts: &[Fact]) -> Vec<Vec<(VarId, Code)>> {
        facts
            .iter()
            .filter_map(|fact| self.bound(atom, fact))
            .collect()
    }

    /// The groups that changed rows may join or leave, by the values of the variables shared with the rest of the body.
    fn groups(&self, aggregate: &Aggregate, overlay: &Overlay) -> Vec<Vec<(VarId, Code)>> {
        let mut found: Vec<Vec<(VarId, Code)>> = Vec::new();
        for fact in overlay.added().iter().chain(overlay.gone()) {
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
                LiteralKind::Atom(atom) => starts.extend(self.all_bound(atom, overlay.added())),
                LiteralKind::Negated(atom) => starts.extend(self.all_bound(atom, overlay.gone())),
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
