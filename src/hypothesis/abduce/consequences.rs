//! What a few assumed facts bring about, by what they touch alone.
//!
//! Semi-naive, stratum by stratum: every row that is new is joined with what there is. A conclusion that was drawn from
//! what is no more is looked for again. Where the order of derivation matters, or only the engine can compute a value, the
//! answer is that a run has to tell.

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
pub(in crate::hypothesis) struct Unclear;

/// Values of some variables of a rule.
type Bound = Vec<(VarId, Code)>;

/// Rows that came and went.
struct Changes {
    added: Vec<Fact>,
    gone: Vec<Fact>,
}

/// The rules with a body of one stratum.
struct Rules {
    relations: Vec<RelationId>,
    rules: Vec<RuleId>,
    recursive: bool,
}

/// The rules of a program by what they read; made once for all sets that are tried.
pub(in crate::hypothesis) struct Readers<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
    patterns: Patterns,
    strata: Vec<Rules>,
    /// By relation: a new row needs more than joins.
    peculiar: Vec<bool>,
}

impl<'a> Readers<'a> {
    pub(in crate::hypothesis) fn of(
        program: &'a CheckedProgram,
        dictionary: &'a Dictionary,
    ) -> Readers<'a> {
        let strata = program
            .strata()
            .iter()
            .map(|stratum| {
                let rules = stratum.rules.iter().copied();
                Rules {
                    relations: stratum.relations.clone(),
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

    /// Every row that is there when some facts are assumed and others withdrawn and was not, every one that was there
    /// and is not, and the constraints newly violated. What is withdrawn is stated.
    pub(in crate::hypothesis) fn consequences<'f>(
        &self,
        below: &'f dyn Facts,
        assumed: &[Fact],
        withdrawn: &[Fact],
        meter: &Meter,
    ) -> Result<(Overlay<'f>, Vec<Breach>), Unclear> {
        let overlay = self.changed(below, assumed, withdrawn, None, meter)?;
        let changes = Changes {
            added: overlay.added().to_vec(),
            gone: overlay.gone(),
        };
        let mut changed = changes.added.iter().chain(&changes.gone);
        if changed.any(|fact| self.peculiar[fact.relation.index()]) {
            return Err(Unclear);
        }
        let mut breaches = Vec::new();
        for &constraint in self.program.constraints() {
            self.breaches(constraint, &changes, &overlay, meter, &mut breaches)?;
        }
        match meter.stopped() {
            None => Ok((overlay, breaches)),
            Some(_) => Err(Unclear),
        }
    }

    /// The changes to some relations, those that they depend on among them; constraints are not looked at.
    pub(super) fn changes_to<'f>(
        &self,
        wanted: &[bool],
        below: &'f dyn Facts,
        assumed: &[Fact],
        meter: &Meter,
    ) -> Result<Overlay<'f>, Unclear> {
        let overlay = self.changed(below, assumed, &[], Some(wanted), meter)?;
        let peculiar = |fact: &Fact| {
            let at = fact.relation.index();
            wanted[at] && self.peculiar[at]
        };
        match overlay.added().iter().chain(&overlay.gone()).any(peculiar)
            || meter.stopped().is_some()
        {
            true => Err(Unclear),
            false => Ok(overlay),
        }
    }

    /// By relation: whether some of these relations depend on it.
    pub(super) fn behind(&self, relations: impl IntoIterator<Item = RelationId>) -> Vec<bool> {
        let mut behind = vec![false; self.peculiar.len()];
        let mut open: Vec<RelationId> = relations.into_iter().collect();
        while let Some(relation) = open.pop() {
            if std::mem::replace(&mut behind[relation.index()], true) {
                continue;
            }
            for (_, rule) in self.program.rules_of(relation) {
                each_relation(&rule.body, &mut |read| open.push(read));
            }
            for known in self.program.subsumptions() {
                if known.relation == relation {
                    each_relation(&known.body, &mut |read| open.push(read));
                }
            }
            if let RelationKind::Delta(of) = self.program[relation].kind {
                open.push(of);
            }
        }
        behind
    }

    fn changed<'f>(
        &self,
        below: &'f dyn Facts,
        assumed: &[Fact],
        withdrawn: &[Fact],
        wanted: Option<&[bool]>,
        meter: &Meter,
    ) -> Result<Overlay<'f>, Unclear> {
        let mut overlay = Overlay::over(below);
        for fact in assumed {
            overlay.assume(fact.clone());
        }
        self.equate(&mut overlay, 0)?;
        let withdrawn: FxHashSet<&Fact> = withdrawn
            .iter()
            .filter(|fact| below.contains(fact.relation, &fact.row))
            .collect();
        let is_wanted = |stratum: &&Rules| {
            wanted.is_none_or(|wanted| stratum.relations.iter().any(|at| wanted[at.index()]))
        };
        for stratum in self.strata.iter().filter(is_wanted) {
            self.stratum(stratum, &withdrawn, &mut overlay, meter)?;
        }
        Ok(overlay)
    }

    fn context<'m>(&'m self, facts: &'m dyn Facts, meter: &'m Meter) -> Context<'m> {
        Context {
            facts,
            dictionary: self.dictionary,
            patterns: &self.patterns,
            meter,
        }
    }

    /// As in DRed (Gupta, Mumick and Subrahmanian, "Maintaining views incrementally", 1993): what might fall is taken
    /// away, what still follows is given back, and what is new is joined with all there is.
    fn stratum(
        &self,
        stratum: &Rules,
        withdrawn: &FxHashSet<&Fact>,
        overlay: &mut Overlay,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        let below = Changes {
            added: overlay.added().to_vec(),
            gone: overlay.gone(),
        };
        let own = withdrawn
            .iter()
            .filter(|fact| stratum.relations.contains(&fact.relation));
        let mut suspects: Vec<Fact> = own.map(|&fact| fact.clone()).collect();
        let mut starts: Vec<(RuleId, Bound)> = Vec::new();
        for &id in &stratum.rules {
            self.disturbed(id, &below, overlay, &mut suspects, &mut starts, meter)?;
        }
        let mut taken = Vec::new();
        while let Some(fact) = suspects.pop() {
            if self.stays(&fact, withdrawn, overlay)? || !overlay.remove(&fact) {
                continue;
            }
            if self.program[fact.relation].kind != RelationKind::Plain {
                return Err(Unclear);
            }
            if stratum.recursive {
                let gone = std::slice::from_ref(&fact);
                for &id in &stratum.rules {
                    for bound in self.joins(id, gone)? {
                        suspects.extend(self.heads(id, &bound, overlay.below(), meter));
                    }
                }
            }
            taken.push(fact);
        }
        let mut fresh: Vec<Fact> = below.added;
        for fact in taken {
            if self.follows(stratum, &fact, overlay, meter)? && overlay.restore(&fact) {
                fresh.push(fact);
            }
        }
        for (id, bound) in starts {
            let heads = self.heads(id, &bound, overlay, meter);
            self.take(heads, overlay, &mut fresh)?;
        }
        let mut next = 0;
        while let Some(fact) = fresh.get(next).cloned() {
            next += 1;
            for &id in &stratum.rules {
                for bound in self.joins(id, std::slice::from_ref(&fact))? {
                    let heads = self.heads(id, &bound, overlay, meter);
                    self.take(heads, overlay, &mut fresh)?;
                }
            }
            if meter.stopped().is_some() {
                return Err(Unclear);
            }
        }
        Ok(())
    }

    /// What changes in lower strata do to a rule, but for joins with new rows: conclusions that lose a derivation are
    /// suspects, and there are bindings to start from for those that may be new.
    fn disturbed(
        &self,
        id: RuleId,
        below: &Changes,
        overlay: &Overlay,
        suspects: &mut Vec<Fact>,
        starts: &mut Vec<(RuleId, Bound)>,
        meter: &Meter,
    ) -> Result<(), Unclear> {
        let rule = &self.program[id];
        for literal in &rule.body {
            let (losing, gaining) = match &literal.kind {
                LiteralKind::Atom(atom) => (self.all_bound(atom, &below.gone), Vec::new()),
                LiteralKind::Negated(atom) => (
                    self.all_bound(atom, &below.added),
                    self.all_bound(atom, &below.gone),
                ),
                LiteralKind::Aggregate(aggregate) => {
                    let groups = self.groups(aggregate, below);
                    (groups.clone(), groups)
                }
                _ => continue,
            };
            if is_opaque(rule) && !(losing.is_empty() && gaining.is_empty()) {
                return Err(Unclear);
            }
            for bound in losing {
                suspects.extend(self.heads(id, &bound, overlay.below(), meter));
            }
            starts.extend(gaining.into_iter().map(|bound| (id, bound)));
        }
        Ok(())
    }

    /// The bindings by which facts take part in a rule.
    fn joins(&self, id: RuleId, facts: &[Fact]) -> Result<Vec<Bound>, Unclear> {
        let rule = &self.program[id];
        let mut found = Vec::new();
        for literal in &rule.body {
            if let LiteralKind::Atom(atom) = &literal.kind {
                found.extend(self.all_bound(atom, facts));
            }
        }
        match is_opaque(rule) && !found.is_empty() {
            true => Err(Unclear),
            false => Ok(found),
        }
    }

    /// Takes conclusions in that are new, or were taken away.
    fn take(
        &self,
        heads: Vec<Fact>,
        overlay: &mut Overlay,
        fresh: &mut Vec<Fact>,
    ) -> Result<(), Unclear> {
        let from = overlay.added().len();
        for head in heads {
            if overlay.restore(&head) {
                fresh.push(head);
            } else {
                overlay.add(head);
            }
        }
        self.equate(overlay, from)?;
        fresh.extend_from_slice(&overlay.added()[from..]);
        Ok(())
    }

    /// Whether a fact holds whatever its derivations come to.
    fn stays(
        &self,
        fact: &Fact,
        withdrawn: &FxHashSet<&Fact>,
        overlay: &Overlay,
    ) -> Result<bool, Unclear> {
        match overlay.below().is_stated(fact.relation, &fact.row) {
            Some(true) => Ok(!withdrawn.contains(fact)),
            Some(false) => Ok(false),
            None => Err(Unclear),
        }
    }

    /// Whether some rule concludes it from what is there now.
    fn follows(
        &self,
        stratum: &Rules,
        fact: &Fact,
        overlay: &Overlay,
        meter: &Meter,
    ) -> Result<bool, Unclear> {
        let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        for &id in &stratum.rules {
            let rule = &self.program[id];
            let Some(head) = rule
                .head
                .as_ref()
                .filter(|head| head.relation == fact.relation)
            else {
                continue;
            };
            if is_opaque(rule) {
                return Err(Unclear);
            }
            let context = self.context(overlay, meter);
            let mut solver =
                Solver::new(context, &rule.body, &rule.variables).with_head(&head.args, &row);
            if solver.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn all_bound(&self, atom: &Atom, facts: &[Fact]) -> Vec<Bound> {
        facts
            .iter()
            .filter_map(|fact| self.bound(atom, fact))
            .collect()
    }

    /// The groups that changed rows may join or leave, by the values of the variables shared with the rest of the body.
    fn groups(&self, aggregate: &Aggregate, changes: &Changes) -> Vec<Bound> {
        let mut found: Vec<Bound> = Vec::new();
        for fact in changes.added.iter().chain(&changes.gone) {
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
        id: RuleId,
        bound: &[(VarId, Code)],
        facts: &dyn Facts,
        meter: &Meter,
    ) -> Vec<Fact> {
        let rule = &self.program[id];
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
        changes: &Changes,
        overlay: &Overlay,
        meter: &Meter,
        breaches: &mut Vec<Breach>,
    ) -> Result<(), Unclear> {
        let rule = &self.program[constraint];
        let mut starts: Vec<Bound> = Vec::new();
        for literal in &rule.body {
            match &literal.kind {
                LiteralKind::Atom(atom) => starts.extend(self.all_bound(atom, &changes.added)),
                LiteralKind::Negated(atom) => starts.extend(self.all_bound(atom, &changes.gone)),
                LiteralKind::Aggregate(aggregate) => starts.extend(self.groups(aggregate, changes)),
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
