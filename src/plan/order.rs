//! In which order the literals of a body are joined.
//!
//! Greedy by expected size, trying every atom as the first (the delta is always first). Literals that bind nothing are
//! placed as soon as their variables are bound.

use super::bounds::{BETWEEN, bounds, plain};
use super::liveness::{liveness, variables_of};
use super::rule_plan::Placed;
use super::step::{Access, AggregateStep, Operand, Step, Version, Within};
use crate::analysis::checked::{
    Aggregate, Atom, FunctorOp, Literal, LiteralKind, RelationId, Term, ValueType, VarId,
};
use crate::syntax::ast::CompareOp;
use std::collections::BTreeSet;

/// What the planner asks about relations. Estimates may be wrong: they cost time, never answers.
pub trait Statistics {
    fn rows(&self, relation: RelationId, version: Version) -> f64;
    /// Distinct values of a column; at least 1.
    fn distinct(&self, relation: RelationId, column: usize) -> f64;
    /// Whether rows of this relation are being derived together with the rule's head.
    fn recursive(&self, relation: RelationId) -> bool;
}

/// Atoms that are tried as the first of a body.
const MOST_FIRSTS: usize = 24;
/// Below this fan-out a plain look-up followed by a check beats intersecting.
const WORTH_INTERSECTING: f64 = 1.5;
/// What a comparison or check is taken to let through.
const SELECTIVITY: f64 = 0.5;

pub(super) struct Fresh {
    pub(super) next: u32,
}

impl Fresh {
    pub(super) fn var(&mut self) -> VarId {
        let var = VarId(self.next);
        self.next += 1;
        var
    }
}

pub(super) fn kinds(body: &[Literal]) -> Vec<LiteralKind> {
    body.iter().map(|literal| literal.kind.clone()).collect()
}

/// A term as an operand; a compound one gets a variable and a literal that binds it.
pub(super) fn operand(term: Term, literals: &mut Vec<LiteralKind>, fresh: &mut Fresh) -> Operand {
    match term {
        Term::Var(var) => Operand::Var(var),
        Term::Const(constant) => Operand::Const(constant),
        compound => {
            let var = fresh.var();
            literals.push(LiteralKind::Compare {
                op: CompareOp::Eq,
                operand: ValueType::Number,
                left: Term::Var(var),
                right: compound,
            });
            Operand::Var(var)
        }
    }
}

/// A literal taken apart for ordering.
struct Candidate<'a> {
    position: usize,
    kind: &'a LiteralKind,
}

/// The steps for a conjunction, given what is bound before and needed after; `among`: for these of its literals only.
/// `grouped`: inside an aggregate, where bindings must come out distinct, so the first atom is probed through a distinct
/// index instead of scanned.
#[expect(
    clippy::too_many_arguments,
    reason = "what a conjunction is planned for: two callers, no state between them"
)]
pub(super) fn order(
    literals: &[LiteralKind],
    among: &dyn Fn(usize) -> bool,
    delta: Option<usize>,
    bound: &BTreeSet<VarId>,
    needed: &BTreeSet<VarId>,
    statistics: &dyn Statistics,
    fresh: &mut Fresh,
    grouped: bool,
) -> Vec<Placed> {
    let atoms: Vec<usize> = literals
        .iter()
        .enumerate()
        .filter(|&(at, kind)| matches!(kind, LiteralKind::Atom(_)) && among(at))
        .map(|(at, _)| at)
        .collect();
    let firsts: Vec<Option<usize>> = match delta {
        Some(at) if among(at) => vec![Some(at)],
        // Whatever is bound outside makes the cheapest atom the best start; otherwise try all.
        _ if atoms.len() > 1 && bound.is_empty() => likely_firsts(literals, atoms, statistics),
        _ => vec![None],
    };
    let mut best: Option<(f64, Ordering)> = None;
    for first in firsts {
        let mut attempt = Ordering {
            literals,
            among,
            delta,
            statistics,
            bound: bound.clone(),
            steps: Vec::new(),
            size: 1.0,
            cost: 0.0,
            fresh: fresh.next,
            grouped,
            owed: Vec::new(),
        };
        attempt.run(first);
        if best.as_ref().is_none_or(|(cost, _)| attempt.cost < *cost) {
            best = Some((attempt.cost, attempt));
        }
    }
    let Some((_, ordering)) = best else {
        return Vec::new();
    };
    fresh.next = ordering.fresh;
    liveness(ordering.steps, bound, needed)
}

/// Of very many atoms, those of the smallest relations: each takes a look at every two atoms.
fn likely_firsts(
    literals: &[LiteralKind],
    mut atoms: Vec<usize>,
    statistics: &dyn Statistics,
) -> Vec<Option<usize>> {
    if atoms.len() > MOST_FIRSTS {
        let rows = |at: &usize| match &literals[*at] {
            LiteralKind::Atom(atom) => statistics.rows(atom.relation, Version::Full),
            _ => f64::INFINITY,
        };
        atoms.sort_by(|a, b| rows(a).total_cmp(&rows(b)));
        atoms.truncate(MOST_FIRSTS);
    }
    atoms.into_iter().map(Some).collect()
}

struct Ordering<'a> {
    literals: &'a [LiteralKind],
    among: &'a dyn Fn(usize) -> bool,
    delta: Option<usize>,
    statistics: &'a dyn Statistics,
    bound: BTreeSet<VarId>,
    steps: Vec<(Step, f64)>,
    /// Bindings expected so far.
    size: f64,
    /// Bindings made in all steps so far.
    cost: f64,
    fresh: u32,
    grouped: bool,
    /// What parts of records taken apart have to be equal to, once the variables of that are bound.
    owed: Vec<(ValueType, Term, VarId)>,
}

impl Ordering<'_> {
    fn run(&mut self, first: Option<usize>) {
        let mut left: Vec<Candidate> = self
            .literals
            .iter()
            .enumerate()
            .filter(|&(position, _)| (self.among)(position))
            .map(|(position, kind)| Candidate { position, kind })
            .collect();
        if let Some(first) = first {
            let at = left
                .iter()
                .position(|candidate| candidate.position == first);
            if let Some(at) = at {
                // Comparisons with constants can bind before the first atom, except before a delta.
                if self.delta != Some(first) {
                    self.place_ready(&mut left, false);
                }
                let at = left
                    .iter()
                    .position(|candidate| candidate.position == first)
                    .unwrap_or(at);
                let candidate = left.remove(at);
                self.place_atom(&candidate, &mut left);
            }
        }
        while !left.is_empty() {
            self.settle();
            if self.place_ready(&mut left, false) {
                continue;
            }
            let next = left
                .iter()
                .enumerate()
                .filter_map(|(at, candidate)| match candidate.kind {
                    LiteralKind::Atom(atom) => Some((
                        at,
                        (
                            self.is_product(atom),
                            self.fan_out(candidate.position, atom),
                        ),
                    )),
                    _ => None,
                })
                .min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            match next {
                Some((at, (_, fan_out))) if fan_out <= 1.0 || !self.generator_ready(&left) => {
                    let candidate = left.remove(at);
                    self.place_atom(&candidate, &mut left);
                }
                Some((at, _)) => {
                    if !self.place_ready(&mut left, true) {
                        let candidate = left.remove(at);
                        self.place_atom(&candidate, &mut left);
                    }
                }
                None => {
                    if !self.place_ready(&mut left, true) && !self.place_counter(&mut left) {
                        // The checker guarantees that every literal becomes ready.
                        debug_assert!(left.is_empty(), "a literal is not grounded");
                        break;
                    }
                }
            }
        }
        self.settle();
        debug_assert!(self.owed.is_empty(), "a part of a record is not grounded");
    }

    fn var(&mut self) -> VarId {
        let var = VarId(self.fresh);
        self.fresh += 1;
        var
    }

    fn push(&mut self, step: Step, factor: f64) {
        self.size *= factor;
        self.cost += self.size;
        self.steps.push((step, self.size));
    }

    fn version(&self, position: usize, relation: RelationId) -> Version {
        match self.delta {
            Some(delta) if position == delta => Version::Delta,
            Some(delta) if position < delta && self.statistics.recursive(relation) => Version::Old,
            _ => Version::Full,
        }
    }

    fn access(&self, position: usize, atom: &Atom) -> Access {
        let mut access = Access {
            relation: atom.relation,
            version: self.version(position, atom.relation),
            key: Vec::new(),
            bind: Vec::new(),
            same: Vec::new(),
            within: None,
        };
        for (column, arg) in atom.args.iter().enumerate() {
            match arg {
                Term::Const(constant) => {
                    access.key.push((column, Operand::Const(constant.clone())))
                }
                Term::Var(var) if self.bound.contains(var) => {
                    access.key.push((column, Operand::Var(*var)))
                }
                Term::Var(var) if access.bind.iter().any(|(_, bound)| bound == var) => {
                    access.same.push((column, *var))
                }
                Term::Var(var) => access.bind.push((column, *var)),
                Term::Wildcard | Term::Record(_) | Term::Call { .. } => {}
            }
        }
        access
    }

    fn fan_out(&self, position: usize, atom: &Atom) -> f64 {
        let access = self.access(position, atom);
        let rows = self
            .statistics
            .rows(access.relation, access.version)
            .max(1.0);
        let keys: f64 = access
            .key
            .iter()
            .map(|&(column, _)| self.statistics.distinct(access.relation, column))
            .product();
        let expected = rows / keys.min(rows).max(1.0);
        if access.bind.is_empty() {
            expected.min(SELECTIVITY)
        } else {
            expected
        }
    }

    /// Whether placing an atom now would pair every binding with every row. An estimate that makes such a product look
    /// cheap is more often wrong than right, so connected atoms go first.
    fn is_product(&self, atom: &Atom) -> bool {
        let joined = |arg: &Term| {
            !matches!(arg, Term::Var(var) if !self.bound.contains(var)) && *arg != Term::Wildcard
        };
        !self.steps.is_empty() && !atom.args.iter().any(joined)
    }

    fn place_atom(&mut self, candidate: &Candidate, left: &mut Vec<Candidate>) {
        let LiteralKind::Atom(atom) = candidate.kind else {
            return;
        };
        let fan_out = self.fan_out(candidate.position, atom);
        let access = self.access(candidate.position, atom);
        let delta = access.version == Version::Delta;
        if access.bind.is_empty() && !delta {
            self.push(
                Step::Check {
                    access,
                    negated: false,
                },
                SELECTIVITY,
            );
            return;
        }
        if let ([(_, var)], true, false) = (&access.bind[..], access.same.is_empty(), delta) {
            let var = *var;
            let mut proposers = vec![access.clone()];
            let mut least = fan_out;
            if !self.steps.is_empty() && fan_out > WORTH_INTERSECTING {
                left.retain(|other| {
                    let LiteralKind::Atom(atom) = other.kind else {
                        return true;
                    };
                    let access = self.access(other.position, atom);
                    let joins = matches!(access.bind[..], [(_, bound)] if bound == var)
                        && access.same.is_empty()
                        && !access.key.is_empty()
                        && self.fan_out(other.position, atom) > WORTH_INTERSECTING;
                    if joins {
                        least = least.min(self.fan_out(other.position, atom));
                        proposers.push(access);
                    }
                    !joins
                });
            }
            if proposers.len() > 1 {
                self.bound.insert(var);
                self.push(Step::Intersect { var, proposers }, least * SELECTIVITY);
                return;
            }
        }
        self.bound.extend(access.bind.iter().map(|&(_, var)| var));
        let constant_key = access
            .key
            .iter()
            .all(|(_, operand)| matches!(operand, Operand::Const(_)));
        // A scan can filter on constants, but an index finds them; a delta has no index. What is being added to is not
        // gone through at the same time.
        let scannable =
            !self.grouped && access.key.is_empty() && !self.statistics.recursive(access.relation);
        if self.steps.is_empty() && (delta || scannable) && constant_key {
            self.push(Step::Scan(access), fan_out);
            return;
        }
        let mut access = access;
        let mut expected = fan_out;
        if let Some(within) = self.within(&access, left, fan_out) {
            if within.low.is_some() && within.high.is_some() {
                expected *= BETWEEN;
            }
            access.within = Some(within);
        }
        self.push(Step::Probe(access), expected);
    }

    /// Bounds of a column that an access is about to bind, where there are enough rows of a key to bring them into order.
    /// What grows while it is read is not kept in order.
    fn within(&mut self, access: &Access, left: &[Candidate], fan_out: f64) -> Option<Within> {
        let relation_of = |kind: &LiteralKind| match kind {
            LiteralKind::Atom(atom) => Some(atom.relation),
            _ => None,
        };
        let delta = self.delta.and_then(|at| relation_of(&self.literals[at]));
        let grows = self.statistics.recursive(access.relation) || delta == Some(access.relation);
        if grows || access.version != Version::Full {
            return None;
        }
        let literals: Vec<&LiteralKind> = left.iter().map(|candidate| candidate.kind).collect();
        let binds = |var: &VarId| access.bind.iter().any(|(_, bound)| bound == var);
        let known = |term: &Term| {
            let mut vars = BTreeSet::new();
            variables_of(term, &mut vars);
            is_bound(term, &self.bound) && !vars.iter().any(binds)
        };
        let found = bounds(access, &literals, &known, fan_out)?;
        let mut operand = |term: &Term| {
            plain(term).unwrap_or_else(|| {
                let var = self.var();
                self.bound.insert(var);
                let term = term.clone();
                self.push(Step::Bind { var, term }, 1.0);
                Operand::Var(var)
            })
        };
        Some(Within {
            column: found.column,
            operand: found.operand,
            low: found.low.map(&mut operand),
            high: found.high.map(&mut operand),
        })
    }

    /// Whether a range or an aggregate could be placed now.
    fn generator_ready(&self, left: &[Candidate]) -> bool {
        left.iter()
            .any(|candidate| self.is_generator(candidate.kind) && self.is_ready(candidate.kind))
    }

    fn is_generator(&self, kind: &LiteralKind) -> bool {
        matches!(kind, LiteralKind::Range { .. } | LiteralKind::Aggregate(_))
    }

    fn is_ready(&self, kind: &LiteralKind) -> bool {
        let known = |term: &Term| is_bound(term, &self.bound);
        match kind {
            LiteralKind::Atom(_) => false,
            LiteralKind::Negated(atom) => atom
                .args
                .iter()
                .all(|arg| matches!(arg, Term::Wildcard) || known(arg)),
            // Floats may be equal without being the same: what an atom binds is compared, not looked up.
            LiteralKind::Compare {
                op: CompareOp::Eq,
                operand: ValueType::Float,
                left,
                right,
            } if self.in_an_atom(left) || self.in_an_atom(right) => known(left) && known(right),
            LiteralKind::Compare {
                op: CompareOp::Eq,
                left,
                right,
                ..
            } => {
                known(left) && (known(right) || is_pattern(right))
                    || known(right) && is_pattern(left)
            }
            LiteralKind::Compare { left, right, .. } => known(left) && known(right),
            LiteralKind::Match { pattern, text, .. } => known(pattern) && known(text),
            LiteralKind::Contains { part, text, .. } => known(part) && known(text),
            LiteralKind::Range { from, to, step, .. } => {
                known(from) && known(to) && step.as_ref().is_none_or(known)
            }
            LiteralKind::Aggregate(aggregate) => aggregate
                .injected
                .iter()
                .all(|var| self.bound.contains(var)),
        }
    }

    fn in_an_atom(&self, term: &Term) -> bool {
        let Term::Var(_) = term else { return false };
        self.literals.iter().any(|kind| match kind {
            LiteralKind::Atom(atom) => atom.args.contains(term),
            _ => false,
        })
    }

    /// Places every literal that is not an atom and whose variables are bound; whether there was one.
    fn place_ready(&mut self, left: &mut Vec<Candidate>, generators: bool) -> bool {
        let mut placed = false;
        while let Some(at) = left.iter().position(|c| {
            self.is_ready(c.kind) && (generators || !self.is_generator(c.kind)) && !counts(c.kind)
        }) {
            let candidate = left.remove(at);
            self.place(candidate.position, candidate.kind);
            placed = true;
            if generators {
                break;
            }
        }
        placed
    }

    /// Places a literal with `autoinc()`, which counts the bindings of all others.
    fn place_counter(&mut self, left: &mut Vec<Candidate>) -> bool {
        let ready = left.iter().position(|c| self.is_ready(c.kind));
        if let Some(at) = ready {
            let candidate = left.remove(at);
            self.place(candidate.position, candidate.kind);
        }
        ready.is_some()
    }

    fn place(&mut self, position: usize, kind: &LiteralKind) {
        match kind {
            LiteralKind::Atom(_) => {}
            LiteralKind::Negated(atom) => {
                let mut access = self.access(position, atom);
                access.version = Version::Full;
                self.push(
                    Step::Check {
                        access,
                        negated: true,
                    },
                    SELECTIVITY,
                );
            }
            LiteralKind::Compare {
                op: CompareOp::Eq,
                operand,
                left,
                right,
            } => self.place_equal(*operand, left, right),
            LiteralKind::Compare {
                op,
                operand,
                left,
                right,
            } => {
                let (left, right) = (left.clone(), right.clone());
                self.push(
                    Step::Compare {
                        op: *op,
                        operand: *operand,
                        left,
                        right,
                    },
                    SELECTIVITY,
                );
            }
            LiteralKind::Match {
                pattern,
                text,
                negated,
            } => {
                let step = Step::Match {
                    pattern: pattern.clone(),
                    text: text.clone(),
                    negated: *negated,
                };
                self.push(step, SELECTIVITY);
            }
            LiteralKind::Contains {
                part,
                text,
                negated,
            } => {
                let step = Step::Contains {
                    part: part.clone(),
                    text: text.clone(),
                    negated: *negated,
                };
                self.push(step, SELECTIVITY);
            }
            LiteralKind::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let target = self.target(*var);
                let (from, to, step) = (from.clone(), to.clone(), step.clone());
                self.push(
                    Step::Range {
                        var: target,
                        operand: *operand,
                        from,
                        to,
                        step,
                    },
                    10.0,
                );
                self.confirm(*var, target, *operand);
            }
            LiteralKind::Aggregate(aggregate) => self.place_aggregate(aggregate),
        }
    }

    /// The variable itself when it is free, a fresh one to compare with it when it is bound already.
    fn target(&mut self, var: VarId) -> VarId {
        if self.bound.insert(var) {
            var
        } else {
            self.var()
        }
    }

    fn confirm(&mut self, var: VarId, target: VarId, operand: ValueType) {
        if var != target {
            self.bound.insert(target);
            let (left, right) = (Term::Var(var), Term::Var(target));
            self.push(
                Step::Compare {
                    op: CompareOp::Eq,
                    operand,
                    left,
                    right,
                },
                SELECTIVITY,
            );
        }
    }

    fn place_equal(&mut self, operand: ValueType, left: &Term, right: &Term) {
        let (pattern, value) = if is_bound(right, &self.bound) {
            (left, right)
        } else {
            (right, left)
        };
        if is_bound(pattern, &self.bound) {
            let (left, right) = (left.clone(), right.clone());
            self.push(
                Step::Compare {
                    op: CompareOp::Eq,
                    operand,
                    left,
                    right,
                },
                SELECTIVITY,
            );
            return;
        }
        match pattern {
            Term::Var(var) => {
                self.bound.insert(*var);
                self.push(
                    Step::Bind {
                        var: *var,
                        term: value.clone(),
                    },
                    1.0,
                );
            }
            Term::Record(fields) => {
                let mut nested = Vec::new();
                let slots = fields
                    .iter()
                    .map(|field| match field {
                        Term::Wildcard => None,
                        Term::Var(var) if self.bound.insert(*var) => Some(*var),
                        other => {
                            let var = self.var();
                            nested.push((var, other.clone()));
                            Some(var)
                        }
                    })
                    .collect();
                self.push(
                    Step::Unpack {
                        record: value.clone(),
                        fields: slots,
                    },
                    1.0,
                );
                for (var, field) in nested {
                    self.bound.insert(var);
                    match is_bound(&field, &self.bound) || is_pattern(&field) {
                        true => self.place_equal(operand, &field, &Term::Var(var)),
                        false => self.owed.push((operand, field, var)),
                    }
                }
            }
            Term::Const(_) | Term::Wildcard | Term::Call { .. } => {}
        }
    }

    /// Places what is owed and can be told by now.
    fn settle(&mut self) {
        let owed = std::mem::take(&mut self.owed);
        for (operand, term, var) in owed {
            match is_bound(&term, &self.bound) {
                true => self.place_equal(operand, &term, &Term::Var(var)),
                false => self.owed.push((operand, term, var)),
            }
        }
    }

    fn place_aggregate(&mut self, aggregate: &Aggregate) {
        let mut body = kinds(&aggregate.body);
        let mut fresh = Fresh { next: self.fresh };
        // Where every row counts, wildcards must be told apart.
        let single = aggregate.counts_rows_of().and_then(|at| body.get_mut(at));
        if let Some(LiteralKind::Atom(atom)) = single {
            for arg in &mut atom.args {
                if matches!(arg, Term::Wildcard) {
                    *arg = Term::Var(fresh.var());
                }
            }
        }
        let target = aggregate
            .target
            .clone()
            .map(|term| operand(term, &mut body, &mut fresh));
        let mut group: Vec<VarId> = aggregate.injected.clone();
        group.sort();
        group.dedup();
        let bound: BTreeSet<VarId> = group.iter().copied().collect();
        // Distinct bindings are folded, so every variable of the body is needed.
        let needed: BTreeSet<VarId> = (0..fresh.next).map(VarId).collect();
        let steps = order(
            &body,
            &|_| true,
            None,
            &bound,
            &needed,
            self.statistics,
            &mut fresh,
            true,
        );
        self.fresh = fresh.next;
        let result = self.target(aggregate.result);
        self.bound.extend(&aggregate.witnesses);
        self.push(
            Step::Aggregate(AggregateStep {
                op: aggregate.op,
                user: aggregate.user.clone(),
                operand: aggregate.operand,
                group,
                body: steps,
                target,
                witnesses: aggregate.witnesses.clone(),
                result,
            }),
            1.0,
        );
        self.confirm(aggregate.result, result, aggregate.operand);
    }
}

fn is_bound(term: &Term, bound: &BTreeSet<VarId>) -> bool {
    match term {
        Term::Var(var) => bound.contains(var),
        Term::Const(_) => true,
        Term::Wildcard => false,
        Term::Record(fields) => fields.iter().all(|field| is_bound(field, bound)),
        Term::Call { args, .. } => args.iter().all(|arg| is_bound(arg, bound)),
    }
}

/// Whether a literal that looks nothing up is another one each time it is evaluated.
fn counts(kind: &LiteralKind) -> bool {
    match kind {
        LiteralKind::Atom(_) | LiteralKind::Negated(_) | LiteralKind::Aggregate(_) => false,
        _ => kind.calls(&|op| *op == FunctorOp::Autoinc),
    }
}

/// Whether equality with a known value can bind this term.
fn is_pattern(term: &Term) -> bool {
    matches!(term, Term::Var(_) | Term::Record(_))
}
