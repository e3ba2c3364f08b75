//! Which rows could follow from facts that a sketch stands for: an abstract run over rows with open columns.
//!
//! What is looked for but cannot follow from a set to which nothing can be added need not be looked for among all its
//! rules. The run takes too many rows to be possible, never too few: what is not known of a row stays open, what holds now
//! goes on holding, and where a negation or a total may come out otherwise, any row of the head may (abstract
//! interpretation: Cousot and Cousot, 1977).

use super::super::reach::Reach;
use super::Search;
use super::sketch::{Assumed, Cell, Sketch, is_told};
use super::work::{Short, Work};
use crate::analysis::checked::{
    Atom, CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, Rule, Term,
};
use crate::explain::{Bindings, constant, holds, value};
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashMap;
use smallvec::smallvec;
use std::rc::Rc;

/// A row; `None`: any value.
type Pattern = Box<[Option<Code>]>;

/// By relation: what its new rows agree with.
#[derive(Default)]
pub(super) struct Footprint {
    gains: FxHashMap<RelationId, Vec<Pattern>>,
}

/// By relation: the rules that read it, and where in their bodies.
pub(in crate::hypothesis::abduce) struct Readers<'a>(Vec<Vec<(&'a Rule, usize)>>);

/// Patterns of one relation beyond which any row of it counts as possible.
const MOST_PATTERNS: usize = 32;
/// Rows of one atom that are told apart.
const MOST_ROWS: usize = 8;
/// Questions about facts that are told after which it pays to follow them.
const OFTEN: u32 = if cfg!(test) { 3 } else { 64 };
/// Ways to go through one rule that are told apart.
const MOST_WAYS: u32 = 64;

impl<'a> Readers<'a> {
    pub(in crate::hypothesis::abduce) fn of(
        program: &'a CheckedProgram,
        equivalences: &'a [Rule],
    ) -> Readers<'a> {
        let mut readers = vec![Vec::new(); program.relations().count()];
        let rules = program.rules().map(|(_, rule)| rule).chain(equivalences);
        for rule in rules.filter(|rule| rule.head.is_some()) {
            for (at, literal) in rule.body.iter().enumerate() {
                if let LiteralKind::Atom(atom) = &literal.kind {
                    readers[atom.relation.index()].push((rule, at));
                }
            }
        }
        Readers(readers)
    }
}

impl Footprint {
    /// Whether it was news.
    fn add(&mut self, relation: RelationId, pattern: Pattern) -> Option<Pattern> {
        let known = self.gains.entry(relation).or_default();
        let within = |wide: &Pattern| {
            let mut columns = wide.iter().zip(pattern.iter());
            columns.all(|(wide, narrow)| wide.is_none() || wide == narrow)
        };
        if known.iter().any(within) {
            return None;
        }
        let pattern = match known.len() < MOST_PATTERNS {
            true => pattern,
            false => vec![None; pattern.len()].into(),
        };
        known.push(pattern.clone());
        Some(pattern)
    }

    fn agreeing<'p>(
        &'p self,
        relation: RelationId,
        pattern: &'p [Option<Code>],
    ) -> impl Iterator<Item = &'p Pattern> {
        let agrees = move |one: &&Pattern| {
            let mut columns = one.iter().zip(pattern);
            columns.all(|(one, other)| one.is_none() || other.is_none() || one == other)
        };
        let known = self.gains.get(&relation).into_iter().flatten();
        known.filter(agrees)
    }
}

/// The same but for what stands last in facts that are told: there are too many of these to follow each.
fn widened(scope: &Sketch) -> Sketch {
    if !is_told(scope) {
        return scope.clone();
    }
    let open = |(at, one): (u32, &Assumed)| {
        let mut cells = one.cells.to_vec();
        if let Some(last) = cells.last_mut() {
            *last = Cell::Blank(at);
        }
        Assumed {
            relation: one.relation,
            cells: cells.into(),
        }
    };
    (0..).zip(scope.iter()).map(open).collect()
}

/// A rule on its way through the abstract run.
struct Way<'a> {
    rule: &'a Rule,
    values: Short<Option<Code>>,
    left: Short<usize>,
}

impl<'a> Way<'a> {
    fn take(&mut self, atom: &Atom, row: &[Option<Code>], search: &Search) -> bool {
        atom.args
            .iter()
            .zip(row)
            .all(|(arg, code)| match (arg, code) {
                (Term::Const(known), Some(code)) => {
                    constant(known, search.terrain.dictionary) == *code
                }
                (Term::Var(var), Some(code)) => {
                    *self.values[var.index()].get_or_insert(*code) == *code
                }
                _ => true,
            })
    }

    fn value(&self, term: &Term, search: &Search) -> Option<Code> {
        value(term, &self.values, search.terrain.dictionary).ok()
    }
}

impl<'a> Search<'a, '_> {
    /// Whether rows that agree may follow from what may be assumed in addition to a sketch.
    pub(super) fn may_follow(
        &mut self,
        work: &Work<'a>,
        relation: RelationId,
        pattern: &[Option<Code>],
    ) -> bool {
        let scope = self.scope_of(work);
        self.may_follow_from(scope.as_ref(), relation, pattern)
    }

    /// The same of what a scope stands for.
    fn may_follow_from(
        &mut self,
        scope: Option<&Sketch>,
        relation: RelationId,
        pattern: &[Option<Code>],
    ) -> bool {
        let Some(scope) = scope else { return true };
        let wide = widened(scope);
        if is_told(scope) && !self.footprints.contains_key(&wide) {
            // What is told is soon decided, unless there is much of it.
            let asked = self.asked.entry(wide.clone()).or_default();
            *asked += 1;
            if *asked < OFTEN {
                return true;
            }
        }
        let footprint = self.footprint(wide);
        footprint.agreeing(relation, pattern).next().is_some()
    }

    /// Whether a body on whose way nothing was assumed yet can still need that.
    pub(super) fn may_assume(&mut self, work: &Work<'a>) -> bool {
        if !work.sketch.is_empty() {
            return true;
        }
        let scope = self.tables[work.table].call.scope.clone();
        let literals = work.left.iter().chain(&work.put_off);
        literals.into_iter().any(|&at| match &work.body[at].kind {
            LiteralKind::Atom(atom) => {
                self.reaches(work.table, |it| it.gains(atom.relation)) && {
                    let pattern = self.pattern(atom, &work.values);
                    self.may_follow_from(scope.as_ref(), atom.relation, &pattern)
                }
            }
            LiteralKind::Negated(atom) => self.reaches(work.table, |it| it.loses(atom.relation)),
            LiteralKind::Aggregate(aggregate) => {
                self.reaches(work.table, |it| it.touches(&aggregate.body))
            }
            _ => false,
        })
    }

    fn footprint(&mut self, scope: Sketch) -> Rc<Footprint> {
        if let Some(known) = self.footprints.get(&scope) {
            return known.clone();
        }
        let footprint = Rc::new(self.follow(&scope));
        self.footprints.insert(scope, footprint.clone());
        footprint
    }

    fn follow(&mut self, scope: &Sketch) -> Footprint {
        let terrain = self.terrain;
        let program = terrain.program;
        let mut found = Footprint::default();
        let mut open: Vec<(RelationId, Pattern)> = Vec::new();
        for one in scope.iter() {
            let known = |cell: &Cell| match cell {
                Cell::Known(code) => Some(*code),
                Cell::Blank(_) | Cell::Vague => None,
            };
            open.push((one.relation, one.cells.iter().map(known).collect()));
        }
        for (id, relation) in program.relations() {
            let ordered = || {
                let mut known = program.subsumptions().iter();
                known.any(|known| known.relation == id)
            };
            // More than its rules decides what it has.
            let is_settled_otherwise =
                matches!(relation.kind, RelationKind::Eqrel | RelationKind::Delta(_))
                    || !relation.choice_domains.is_empty()
                    || relation.lattice.is_some()
                    || ordered();
            if is_settled_otherwise && terrain.reaches(Some(scope), |it| it.gains(id)) {
                open.push((id, vec![None; relation.arity()].into()));
            }
        }
        for (_, rule) in program.rules() {
            let turns = |it: &Reach| {
                rule.body.iter().any(|literal| match &literal.kind {
                    LiteralKind::Negated(atom) => it.loses(atom.relation),
                    LiteralKind::Aggregate(aggregate) => it.touches(&aggregate.body),
                    _ => false,
                })
            };
            if let Some(head) = &rule.head
                && terrain.reaches(Some(scope), turns)
            {
                open.push((head.relation, vec![None; head.args.len()].into()));
            }
        }
        while let Some((relation, pattern)) = open.pop() {
            let Some(pattern) = found.add(relation, pattern) else {
                continue;
            };
            for &(rule, at) in &terrain.readers.0[relation.index()] {
                let LiteralKind::Atom(atom) = &rule.body[at].kind else {
                    continue;
                };
                let mut way = Way {
                    rule,
                    values: smallvec![None; rule.variables.len()],
                    left: (0..rule.body.len()).filter(|&other| other != at).collect(),
                };
                if way.take(atom, &pattern, self) {
                    let mut ways = MOST_WAYS;
                    self.go(way, scope, &found, &mut ways, &mut open);
                }
            }
        }
        found
    }

    /// Adds what the head may be to `open`.
    fn go(
        &mut self,
        mut way: Way<'a>,
        scope: &Sketch,
        found: &Footprint,
        ways: &mut u32,
        open: &mut Vec<(RelationId, Pattern)>,
    ) {
        let Some(head) = &way.rule.head else { return };
        let mut at = 0;
        let body = &way.rule.body;
        while let Some(&literal) = way.left.get(at) {
            match self.passes(&mut way, &body[literal], scope) {
                Some(true) => drop(way.left.remove(at)),
                Some(false) => return,
                None => at += 1,
            }
        }
        *ways = ways.saturating_sub(1);
        let mut narrowest: Option<(usize, usize)> = None;
        for at in 0..if *ways > 0 { way.left.len() } else { 0 } {
            let LiteralKind::Atom(atom) = &way.rule.body[way.left[at]].kind else {
                continue;
            };
            let pattern = self.pattern(atom, &way.values);
            if pattern.iter().all(Option::is_none) {
                continue;
            }
            let there = self.matching(atom.relation, &pattern).len();
            let count = there + found.agreeing(atom.relation, &pattern).count();
            if count == 0 {
                return;
            }
            if count <= MOST_ROWS && narrowest.is_none_or(|(least, _)| count < least) {
                narrowest = Some((count, at));
            }
        }
        let Some((_, at)) = narrowest else {
            let row = head.args.iter().map(|arg| way.value(arg, self));
            open.push((head.relation, row.collect()));
            return;
        };
        let literal = way.left.remove(at);
        let LiteralKind::Atom(atom) = &way.rule.body[literal].kind else {
            return;
        };
        let pattern = self.pattern(atom, &way.values);
        let there = self.matching(atom.relation, &pattern);
        let there = there.iter().map(|row| row.into_iter().map(Some).collect());
        let gained = found.agreeing(atom.relation, &pattern).cloned();
        let rows: Vec<Pattern> = there.chain(gained).collect();
        for row in rows {
            let mut next = Way {
                rule: way.rule,
                values: way.values.clone(),
                left: way.left.clone(),
            };
            if next.take(atom, &row, self) {
                self.go(next, scope, found, ways, open);
            }
        }
    }

    /// Whether what is known tells of a literal that it holds, or that it does not; `None`: not yet.
    fn passes(&self, way: &mut Way<'a>, literal: &Literal, scope: &Sketch) -> Option<bool> {
        let terms = match &literal.kind {
            LiteralKind::Negated(atom) => {
                let known = |arg: &Term| *arg == Term::Wildcard || way.value(arg, self).is_some();
                if !atom.args.iter().all(known)
                    || self
                        .terrain
                        .reaches(Some(scope), |it| it.loses(atom.relation))
                {
                    return None;
                }
                let pattern = self.pattern(atom, &way.values);
                return Some(self.first(atom.relation, &pattern).is_none());
            }
            LiteralKind::Compare { left, right, .. } => [left, right],
            LiteralKind::Match { pattern, text, .. } => [pattern, text],
            LiteralKind::Contains { part, text, .. } => [part, text],
            _ => return None,
        };
        let is_equality = matches!(
            literal.kind,
            LiteralKind::Compare {
                op: CompareOp::Eq,
                ..
            }
        );
        match terms.map(|term| way.value(term, self)) {
            [Some(_), Some(_)] => {
                let mut bindings = Bindings::of(&way.values);
                Some(holds(literal, self.case.context(self.meter), &mut bindings))
            }
            [Some(code), None] | [None, Some(code)] if is_equality => {
                let free = terms
                    .into_iter()
                    .find(|term| way.value(term, self).is_none());
                let Some(Term::Var(var)) = free else {
                    return None;
                };
                way.values[var.index()] = Some(code);
                Some(true)
            }
            _ => None,
        }
    }
}
