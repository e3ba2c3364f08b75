//! All rule instances of a case by what they conclude. Of a rule that reads almost the same in two worlds, what is the same
//! is gone through once: the instances that lean on what is otherwise are taken out and put in.

use super::pool::Pool;
use super::standing::Side;
use crate::analysis::checked::{
    CheckedQuery, Literal, LiteralKind, RelationId, RelationKind, Rule, RuleId, Term, VarId,
    Variable,
};
use crate::engine::Database;
use crate::engine::budget::{Stop, Unobserved};
use crate::explain::{Absent, Case, Fact, Meter, Solver, bound, flipped, in_term};
use crate::storage::pattern::agrees;
use crate::storage::{Code, Rows};
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::Arc;

/// The rule instances of one world, which others that are a little otherwise share.
pub(super) struct KnownUses {
    facts: Numbers<'static>,
    rules: FxHashMap<(Span, usize), Arc<RuleUses>>,
    /// Where they were found.
    there: Database,
}

/// Facts by number, the first of them by the numbers that they have elsewhere.
#[derive(Clone, Default)]
struct Numbers<'k> {
    known: Option<&'k Numbers<'static>>,
    of: FxHashMap<RelationId, FxHashMap<Box<[Code]>, u32>>,
    facts: Vec<Fact>,
}

impl<'k> Numbers<'k> {
    fn after(known: &'k Numbers<'static>) -> Numbers<'k> {
        Numbers {
            known: Some(known),
            ..Numbers::default()
        }
    }

    fn number(&mut self, relation: RelationId, row: &[Code]) -> u32 {
        if let Some(number) = self.known.and_then(|known| known.find(relation, row)) {
            return number;
        }
        let next = self.len() as u32;
        let of = self.of.entry(relation).or_default();
        if let Some(&known) = of.get(row) {
            return known;
        }
        of.insert(row.into(), next);
        self.facts.push(Fact::new(relation, row));
        next
    }

    fn find(&self, relation: RelationId, row: &[Code]) -> Option<u32> {
        let known = self.known.and_then(|known| known.find(relation, row));
        known.or_else(|| self.of.get(&relation)?.get(row).copied())
    }

    fn len(&self) -> usize {
        self.known.map_or(0, Numbers::len) + self.facts.len()
    }

    fn fact(&self, number: u32) -> &Fact {
        let at = number as usize;
        match self.known {
            Some(known) if at < known.facts.len() => &known.facts[at],
            Some(known) => &self.facts[at - known.facts.len()],
            None => &self.facts[at],
        }
    }
}

/// An instance: what it concludes, and what it leans on.
#[derive(Clone)]
struct Use {
    head: u32,
    premises: Box<[u32]>,
    absent: Vec<Absent>,
}

/// The instances of one rule.
#[derive(Default)]
struct RuleUses {
    steps: Vec<Use>,
    /// Instances that one negation keeps from firing.
    forbidden: Vec<Use>,
    /// Different conclusions.
    rows: usize,
}

/// The rule instances of one world.
pub(super) struct Uses<'k> {
    facts: Numbers<'k>,
    rules: Vec<(RuleId, Arc<RuleUses>)>,
    /// By conclusion: rule and step, by their places.
    of: Vec<Vec<(u32, u32)>>,
    forbidden: FxHashMap<RelationId, Vec<(u32, u32)>>,
}

/// From where to look back.
#[derive(Default)]
pub(super) struct Roots {
    pub facts: Vec<Fact>,
    pub absent: Vec<Absent>,
}

/// Everything behind some roots.
pub(super) struct Behind {
    facts: Vec<bool>,
    rules: FxHashSet<RuleId>,
}

impl Behind {
    pub fn has_rule(&self, rule: RuleId) -> bool {
        self.rules.contains(&rule)
    }
}

impl KnownUses {
    /// Goes through all rules of a world; gives its instances too.
    pub fn of(side: Side, case: &Case, pool: &Pool, meter: &Meter) -> (KnownUses, Uses<'static>) {
        let mut facts = Numbers::default();
        let mut rules = FxHashMap::default();
        let mut all = Vec::new();
        let keyed: Vec<_> = keyed(side).collect();
        let budget = meter.rest();
        let answered = pool.each(&keyed, |(_, _, rule)| {
            let questions = questions(side, rule);
            let answers = questions
                .iter()
                .map(|query| side.database.query(query, &budget, &Unobserved));
            let answers: Vec<Answered> = answers.collect();
            (questions, answers)
        });
        for ((id, key, rule), (questions, answers)) in keyed.into_iter().zip(answered) {
            let uses = facts.of_answers(case, rule, &questions, answers, meter);
            let uses = Arc::new(uses);
            rules.insert(key, uses.clone());
            all.push((id, uses));
        }
        let known = KnownUses {
            facts: facts.clone(),
            rules,
            there: side.database.fork(),
        };
        (known, Uses::new(facts, all))
    }

    /// The rule instances of another world.
    pub fn elsewhere(&self, side: Side, case: &Case, meter: &Meter) -> Uses<'_> {
        let mut facts = Numbers::after(&self.facts);
        let mut moved: FxHashMap<RelationId, Moved> = FxHashMap::default();
        let mut rules = Vec::new();
        for (id, key, rule) in keyed(side) {
            let mut read: Vec<RelationId> = rule.head.iter().map(|head| head.relation).collect();
            read_by(&rule.body, &mut read);
            for &relation in &read {
                let known = moved.entry(relation);
                known.or_insert_with(|| {
                    Moved::of(relation, &self.there, side.database, &self.facts)
                });
            }
            let stays = |relation: &RelationId| moved[relation].is_empty();
            let uses = match self.rules.get(&key) {
                Some(known) if read.iter().all(stays) => known.clone(),
                Some(known) if is_followed(rule, &moved, known) => {
                    Arc::new(facts.followed(side, case, rule, (known, &moved), meter))
                }
                _ => Arc::new(facts.uses(side, case, rule, meter)),
            };
            rules.push((id, uses));
        }
        Uses::new(facts, rules)
    }
}

/// How the rows of a relation differ in another world.
struct Moved {
    appeared: Rows,
    fell: Rows,
    /// The numbers of those that fell, if they have some.
    numbers: FxHashSet<u32>,
    /// It cannot be told.
    unknown: bool,
}

impl Moved {
    fn of(relation: RelationId, there: &Database, here: &Database, facts: &Numbers) -> Moved {
        let name = |database: &Database| {
            let program = database.program();
            let mut relations = program.relations();
            let of = relations.find(|(id, _)| *id == relation);
            of.map(|(_, declared)| (declared.name.clone(), declared.arity()))
        };
        let unknown = name(there) != name(here) || name(here).is_none();
        let (appeared, fell) = match unknown {
            true => (Rows::new(0), Rows::new(0)),
            false => (
                only_in(here, there, relation),
                only_in(there, here, relation),
            ),
        };
        let mut numbers = FxHashSet::default();
        fell.each(|row| numbers.extend(facts.find(relation, row)));
        Moved {
            appeared,
            fell,
            numbers,
            unknown,
        }
    }

    fn len(&self) -> usize {
        self.appeared.len() + self.fell.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0 && !self.unknown
    }
}

/// The rows of a relation that one database has and another has not.
fn only_in(one: &Database, other: &Database, relation: RelationId) -> Rows {
    let known = one.only_here(other, relation);
    known.unwrap_or_else(|| {
        let absent = |row: &[Code]| !other.contains(relation, row);
        one.rows(relation).filtered(absent)
    })
}

/// Whether what moved is so little that it is sooner followed through a rule than all of it gone through.
fn is_followed(rule: &Rule, moved: &FxHashMap<RelationId, Moved>, known: &RuleUses) -> bool {
    const FEW: usize = 16;
    let (mut rows, mut can_be) = (0, true);
    let mut look_at = |relation: &RelationId| {
        rows += moved[relation].len();
        can_be &= !moved[relation].unknown;
    };
    rule.head.iter().for_each(|head| look_at(&head.relation));
    for literal in &rule.body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => look_at(&atom.relation),
            LiteralKind::Aggregate(aggregate) => {
                let mut read = Vec::new();
                read_by(&aggregate.body, &mut read);
                if read.iter().any(|relation| !moved[relation].is_empty()) {
                    return false;
                }
            }
            _ => {}
        }
    }
    can_be && rows <= FEW + (known.steps.len() + known.forbidden.len()) / 16
}

/// The rules that derive something, each with what it is known by in other worlds.
fn keyed<'a>(side: Side<'a>) -> impl Iterator<Item = (RuleId, (Span, usize), &'a Rule)> {
    let mut numbered: FxHashMap<Span, usize> = FxHashMap::default();
    let rules = side.program.rules();
    let rules = rules.filter(|(_, rule)| rule.head.is_some() && !rule.body.is_empty());
    rules.map(move |(id, rule)| {
        // One clause may be several rules.
        let number = numbered.entry(rule.span).or_default();
        let key = (rule.span, *number);
        *number += 1;
        (id, key, rule)
    })
}

impl Numbers<'_> {
    fn uses(&mut self, side: Side, case: &Case, rule: &Rule, meter: &Meter) -> RuleUses {
        let questions = questions(side, rule);
        let answers = questions
            .iter()
            .map(|query| side.database.query(query, &meter.rest(), &Unobserved));
        let answers: Vec<Answered> = answers.collect();
        self.of_answers(case, rule, &questions, answers, meter)
    }

    /// What the answers to the [`questions`] of a rule tell of it.
    fn of_answers(
        &mut self,
        case: &Case,
        rule: &Rule,
        questions: &[CheckedQuery],
        answers: Vec<Answered>,
        meter: &Meter,
    ) -> RuleUses {
        let mut uses = RuleUses::default();
        let Some(head) = &rule.head else {
            return uses;
        };
        let mut heads: FxHashSet<u32> = FxHashSet::default();
        for (at, (query, answer)) in questions.iter().zip(answers).enumerate() {
            each_answer(query, answer, meter, |one| {
                let Some(fact) = case.conclusion(head, one) else {
                    return;
                };
                if at == 0 {
                    let step = self.step(case, &fact, query, one, meter);
                    heads.insert(step.head);
                    uses.steps.push(step);
                } else if !case.holds(&fact) {
                    uses.forbidden
                        .push(self.step(case, &fact, query, one, meter));
                }
            });
        }
        uses.rows = heads.len();
        uses
    }

    /// The instances of a rule from those of another world, and from what moved since.
    fn followed(
        &mut self,
        side: Side,
        case: &Case,
        rule: &Rule,
        (known, moved): (&RuleUses, &FxHashMap<RelationId, Moved>),
        meter: &Meter,
    ) -> RuleUses {
        let mut uses = RuleUses::default();
        let Some(head) = &rule.head else {
            return uses;
        };
        let read = |literal: &Literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => Some(atom.relation),
            _ => None,
        };
        let of: Vec<&Moved> = rule
            .body
            .iter()
            .filter_map(read)
            .map(|id| &moved[&id])
            .collect();
        let holds_still = |step: &Use| {
            let stands = |premise: &u32| !of.iter().any(|moved| moved.numbers.contains(premise));
            let is_absent = |(relation, pattern): &Absent| {
                let mut appeared = moved[relation].appeared.iter();
                !appeared.any(|row| agrees(pattern, &row))
            };
            step.premises.iter().all(stands) && step.absent.iter().all(is_absent)
        };
        let steps = known.steps.iter().filter(|step| holds_still(step));
        uses.steps = steps.cloned().collect();
        each_moved(
            side,
            case,
            &rule.body,
            rule,
            (None, moved),
            meter,
            |query, one| {
                if let Some(fact) = case.conclusion(head, one) {
                    uses.steps.push(self.step(case, &fact, query, one, meter));
                }
            },
        );
        let heads: FxHashSet<u32> = uses.steps.iter().map(|step| step.head).collect();
        uses.rows = heads.len();
        let forbidden = known.forbidden.iter().filter(|step| holds_still(step));
        let forbidden = forbidden.filter(|step| !case.holds(self.fact(step.head)));
        uses.forbidden = forbidden.cloned().collect();
        for flipped in flipped(&rule.body) {
            let fell = &moved[&head.relation].fell;
            each_moved(
                side,
                case,
                &flipped,
                rule,
                (Some(fell), moved),
                meter,
                |query, one| {
                    if let Some(fact) = case.conclusion(head, one)
                        && !case.holds(&fact)
                    {
                        uses.forbidden
                            .push(self.step(case, &fact, query, one, meter));
                    }
                },
            );
        }
        uses
    }

    fn step(
        &mut self,
        case: &Case,
        conclusion: &Fact,
        query: &CheckedQuery,
        values: &[Option<Code>],
        meter: &Meter,
    ) -> Use {
        let head = self.number(conclusion.relation, &conclusion.row);
        let mut premises: SmallVec<[u32; 16]> = SmallVec::new();
        let mut absent = Vec::new();
        case.each_premise(
            &query.body,
            &query.variables,
            values,
            meter,
            &mut |relation, row| premises.push(self.number(relation, row)),
            &mut |one| absent.push(one),
        );
        Use {
            head,
            premises: premises.as_slice().into(),
            absent,
        }
    }
}

/// Calls `f` on the values of every instance of a body that holds and did not before something moved, with the body as it
/// was asked; and of every one that concludes one of the `heads`.
fn each_moved(
    side: Side,
    case: &Case,
    body: &[Literal],
    rule: &Rule,
    (heads, moved): (Option<&Rows>, &FxHashMap<RelationId, Moved>),
    meter: &Meter,
    mut f: impl FnMut(&CheckedQuery, &[Option<Code>]),
) {
    let query = asked(side, body, &rule.variables);
    let solver = || Solver::new(case.context(meter), &query.body, &query.variables);
    let mut seen: FxHashSet<Box<[Option<Code>]>> = FxHashSet::default();
    let mut take = |solver: Solver| {
        for solution in solver {
            if !seen.contains(&solution.values) {
                f(&query, &solution.values);
                seen.insert(solution.values);
            }
        }
    };
    for literal in &query.body {
        let (atom, rows) = match &literal.kind {
            LiteralKind::Atom(atom) => (atom, &moved[&atom.relation].appeared),
            LiteralKind::Negated(atom) => (atom, &moved[&atom.relation].fell),
            _ => continue,
        };
        for row in rows.iter() {
            if let Some(bound) = bound(atom, &Fact::new(atom.relation, &row), case) {
                take(
                    bound
                        .into_iter()
                        .fold(solver(), |solver, (var, code)| solver.with(var, code)),
                );
            }
        }
    }
    if let (Some(heads), Some(head)) = (heads, &rule.head) {
        for row in heads.iter() {
            let wanted: Vec<_> = row.iter().map(|&code| Some(code)).collect();
            take(solver().with_head(&head.args, &wanted));
        }
    }
}

type Answered = Result<Rows, Stop>;

/// The body of a rule, then its body with what one of its negations wants to be absent present, for each of them. The
/// engine finds all instances at once.
fn questions(side: Side, rule: &Rule) -> Vec<CheckedQuery> {
    let bodies = std::iter::once(rule.body.clone()).chain(flipped(&rule.body));
    bodies
        .map(|body| asked(side, &body, &rule.variables))
        .collect()
}

/// Calls `f` on the values of every instance that an answer has.
fn each_answer(
    query: &CheckedQuery,
    answer: Answered,
    meter: &Meter,
    mut f: impl FnMut(&[Option<Code>]),
) {
    let rows = match answer {
        Ok(rows) => rows,
        Err(stop) => return meter.stop(stop.reason),
    };
    let mut values: Vec<Option<Code>> = vec![None; query.variables.len()];
    for at in 0..rows.len() {
        if !meter.spend() {
            return;
        }
        for (column, var) in query.columns.iter().enumerate() {
            values[var.index()] = Some(rows.column(column)[at]);
        }
        f(&values);
    }
}

/// A body that asks for all that tells its instances apart: rows that differ where it does not look are different ones.
fn asked(side: Side, body: &[Literal], variables: &[Variable]) -> CheckedQuery {
    let mut body = body.to_vec();
    let mut variables = variables.to_vec();
    let mut columns: Vec<VarId> = Vec::new();
    for literal in &mut body {
        if let LiteralKind::Atom(atom) = &mut literal.kind {
            let types = &side.program[atom.relation].attributes;
            for (arg, attribute) in atom.args.iter_mut().zip(types) {
                if *arg == Term::Wildcard {
                    *arg = Term::Var(VarId(variables.len() as u32));
                    variables.push(Variable {
                        name: Arc::from("_"),
                        ty: attribute.ty,
                        synthetic: true,
                    });
                }
            }
        }
        bound_by(literal, &mut columns);
    }
    columns.sort_unstable();
    columns.dedup();
    CheckedQuery {
        body,
        variables,
        columns,
        alternatives: Vec::new(),
    }
}

/// Variables that a literal binds or needs bound, those inside aggregates not among them.
fn bound_by(literal: &Literal, found: &mut Vec<VarId>) {
    let add = |term: &Term| in_term(term, &mut |var| found.push(var));
    match &literal.kind {
        LiteralKind::Atom(atom) => atom.args.iter().for_each(add),
        LiteralKind::Compare { left, right, .. } => [left, right].into_iter().for_each(add),
        LiteralKind::Range { var, .. } => found.push(*var),
        LiteralKind::Aggregate(aggregate) => {
            found.push(aggregate.result);
            found.extend(&aggregate.witnesses);
        }
        LiteralKind::Negated(_) | LiteralKind::Match { .. } | LiteralKind::Contains { .. } => {}
    }
}

fn read_by(body: &[Literal], read: &mut Vec<RelationId>) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => read.push(atom.relation),
            LiteralKind::Aggregate(aggregate) => read_by(&aggregate.body, read),
            _ => {}
        }
    }
}

impl<'k> Uses<'k> {
    fn new(facts: Numbers<'k>, rules: Vec<(RuleId, Arc<RuleUses>)>) -> Uses<'k> {
        let mut of = vec![Vec::new(); facts.len()];
        let mut forbidden: FxHashMap<RelationId, Vec<(u32, u32)>> = FxHashMap::default();
        for (at, (_, uses)) in rules.iter().enumerate() {
            for (step, one) in uses.steps.iter().enumerate() {
                of[one.head as usize].push((at as u32, step as u32));
            }
            for (step, one) in uses.forbidden.iter().enumerate() {
                let relation = facts.fact(one.head).relation;
                let of = forbidden.entry(relation).or_default();
                of.push((at as u32, step as u32));
            }
        }
        Uses {
            facts,
            rules,
            of,
            forbidden,
        }
    }

    /// Rows that a rule derives.
    pub fn rows(&self, rule: RuleId) -> usize {
        let mut rules = self.rules.iter();
        let found = rules.find(|(id, _)| *id == rule);
        found.map_or(0, |(_, uses)| uses.rows)
    }

    pub fn is_behind(&self, behind: &Behind, fact: &Fact) -> bool {
        let number = self.facts.find(fact.relation, &fact.row);
        number.is_some_and(|at| behind.facts.get(at as usize) == Some(&true))
    }

    pub fn behind(&mut self, side: Side, roots: Roots) -> Behind {
        let mut behind = Behind {
            facts: vec![false; self.facts.len()],
            rules: FxHashSet::default(),
        };
        let mut denied: FxHashSet<&Absent> = FxHashSet::default();
        let facts = roots.facts.into_iter();
        let place = |facts: &mut Numbers<'k>, fact: Fact| facts.number(fact.relation, &fact.row);
        let mut open: Vec<u32> = facts.map(|fact| place(&mut self.facts, fact)).collect();
        let mut open_absent: Vec<&Absent> = roots.absent.iter().collect();
        loop {
            if let Some(number) = open.pop() {
                let at = number as usize;
                if behind.facts.len() <= at {
                    behind.facts.resize(at + 1, false);
                }
                if std::mem::replace(&mut behind.facts[at], true) {
                    continue;
                }
                for &(rule, step) in self.of.get(at).into_iter().flatten() {
                    let (id, uses) = &self.rules[rule as usize];
                    let step = &uses.steps[step as usize];
                    behind.rules.insert(*id);
                    open.extend(&step.premises);
                    open_absent.extend(&step.absent);
                }
                for fact in equivalent(side, self.facts.fact(number)) {
                    open.push(place(&mut self.facts, fact));
                }
            } else if let Some(absent) = open_absent.pop() {
                if !denied.insert(absent) {
                    continue;
                }
                for &(rule, step) in self.forbidden.get(&absent.0).into_iter().flatten() {
                    let (id, uses) = &self.rules[rule as usize];
                    let step = &uses.forbidden[step as usize];
                    if agrees(&absent.1, &self.facts.fact(step.head).row) {
                        behind.rules.insert(*id);
                        open.extend(&step.premises);
                    }
                }
            } else {
                return behind;
            }
        }
    }
}

/// The pairs of an equivalence that a pair may have come from.
fn equivalent(side: Side, fact: &Fact) -> Vec<Fact> {
    if side.program[fact.relation].kind != RelationKind::Eqrel {
        return Vec::new();
    }
    let with = |pattern: [Option<_>; 2]| {
        let rows = side.database.matching(fact.relation, &pattern);
        let facts: Vec<Fact> = rows
            .iter()
            .map(|row| Fact::new(fact.relation, &row))
            .collect();
        facts
    };
    let mut pairs = with([Some(fact.row[0]), None]);
    pairs.extend(with([None, Some(fact.row[0])]));
    pairs
}
