//! A solver for the body of one rule, goal by goal.
//!
//! It is a second opinion on the engine and shares only single-value semantics with it: top-down, one solution at a
//! time, at each step the cheapest goal that can be taken, as in Prolog with dynamic reordering. It does not
//! recurse on data: relations are read as they stand after the run.

use super::facts::Facts;
use super::group;
use super::meter::Meter;
use super::range::Steps;
use super::terms::{Bindings, Missing, is_bound, is_pattern, pattern, unify, value};
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, Literal, LiteralKind, RelationId, Term, ValueType, VarId,
    Variable,
};
use crate::engine::functor::{self, Patterns};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::ast::CompareOp;

/// What every solver of one explanation shares.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub facts: &'a dyn Facts,
    pub dictionary: &'a Dictionary,
    pub patterns: &'a Patterns,
    pub meter: &'a Meter,
}

/// One way to satisfy a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// By [`VarId`]. `None`: local to an aggregate.
    pub values: Box<[Option<Code>]>,
    /// By literal: the row a positive atom matched, wildcards included.
    pub rows: Box<[Option<Box<[Code]>>]>,
}

/// Enumerates the solutions of a body. Ends early when the meter stops: ask it before believing that there are no more.
///
/// Two solutions may differ only in the row that a wildcard matched.
pub struct Solver<'a> {
    context: Context<'a>,
    variables: &'a [Variable],
    goals: Vec<Goal<'a>>,
    /// How many goals at the front are the literals of the body, in order.
    literals: usize,
    admit: Option<&'a Admit<'a>>,
    /// Where positive atoms outside aggregates find their rows.
    over: &'a dyn Facts,
    bindings: Bindings,
    taken: Vec<bool>,
    rows: Vec<Option<Box<[Code]>>>,
    frames: Vec<Frame>,
    stage: Stage,
}

/// What it takes to go on with a goal, by estimate; of an atom, beside the rows that agree with it.
const FILTER: u64 = 0;
const BINDING: u64 = 1;
const LOOKUP: u64 = 2;
const AGGREGATE: u64 = 1 << 24;

/// Rows from which on a relation is asked how it is to be looked up.
pub(super) const MANY: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// Rows from which on another atom may be the better one to go through.
const WIDE: usize = if cfg!(test) { 2 } else { 256 };

/// `rows` to the power of `free` / `all`.
fn share(rows: f64, free: usize, all: usize) -> f64 {
    match (free, all) {
        _ if free == all => rows,
        (1, 2) => rows.sqrt(),
        (1, 3) => rows.cbrt(),
        (2, 3) => rows.cbrt() * rows.cbrt(),
        _ => rows.powf(free as f64 / all as f64),
    }
}

/// Whether a row may be used.
pub type Admit<'a> = dyn Fn(RelationId, &[Code]) -> bool + 'a;

#[derive(Clone, Copy)]
enum Goal<'a> {
    Literal(&'a Literal),
    /// A head argument and the value it must have.
    Equal(&'a Term, Code),
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Take the next goal.
    Forward,
    /// Look for another way to satisfy the last one.
    Back,
}

/// A goal that was taken, and the ways to satisfy it that are left.
struct Frame {
    goal: usize,
    mark: usize,
    choices: Choices,
    /// Whether the row it has was found to pass.
    admitted: bool,
}

enum Choices {
    /// At most one way; false once it was tried.
    Once(bool),
    /// Of an atom without anything open, untried.
    Row(Option<Box<[Code]>>),
    Rows {
        rows: Rows,
        at: usize,
    },
    Steps(Steps),
    /// Result of an aggregate, then its witnesses.
    Tuples {
        tuples: Vec<Vec<Code>>,
        at: usize,
    },
}

impl Choices {
    fn rows(&self) -> usize {
        match self {
            Choices::Rows { rows, .. } => rows.len(),
            _ => 0,
        }
    }
}

impl<'a> Solver<'a> {
    pub fn new(context: Context<'a>, body: &'a [Literal], variables: &'a [Variable]) -> Self {
        Solver {
            context,
            variables,
            goals: body.iter().map(Goal::Literal).collect(),
            literals: body.len(),
            admit: None,
            over: context.facts,
            bindings: Bindings::new(variables.len()),
            taken: vec![false; body.len()],
            rows: vec![None; body.len()],
            frames: Vec::new(),
            stage: Stage::Forward,
        }
    }

    /// Only solutions that derive this row from these head arguments. `None` leaves an argument free.
    pub fn with_head(mut self, args: &'a [Term], row: &[Option<Code>]) -> Self {
        self.goals.reserve(args.len());
        self.taken.reserve(args.len());
        for (arg, code) in args.iter().zip(row) {
            if let Some(code) = code {
                self.goals.push(Goal::Equal(arg, *code));
                self.taken.push(false);
            }
        }
        self
    }

    /// Only solutions in which a variable has this value. It must be free or have it already.
    pub fn with(mut self, var: VarId, code: Code) -> Self {
        self.bindings.bind(var, code);
        self
    }

    /// Only solutions whose positive atoms match rows that pass.
    pub fn admitting(mut self, admit: &'a Admit<'a>) -> Self {
        self.admit = Some(admit);
        self
    }

    /// Only solutions whose positive atoms match rows from here, while what is negated or counted is looked for where it
    /// always is.
    pub fn over(mut self, facts: &'a dyn Facts) -> Self {
        self.over = facts;
        self
    }

    /// The untaken goal that leaves the fewest ways open, by estimate, after that estimate.
    fn cheapest(&self) -> Option<(u64, usize)> {
        let mut best = None;
        for goal in (0..self.goals.len()).filter(|&goal| !self.taken[goal]) {
            let Some(cost) = self.cost(&self.goals[goal]) else {
                continue;
            };
            if best.is_none_or(|best| (cost, goal) < best) {
                best = Some((cost, goal));
            }
            if cost == FILTER {
                break;
            }
        }
        best
    }

    /// Whether all rows taken pass. Asked late, because it costs more than to see whether the other goals hold.
    fn admits(&mut self) -> bool {
        let Some(admit) = self.admit else { return true };
        for frame in self.frames.iter_mut().filter(|frame| !frame.admitted) {
            frame.admitted = match (&self.goals[frame.goal], self.rows.get(frame.goal)) {
                (Goal::Literal(literal), Some(Some(row))) => match &literal.kind {
                    LiteralKind::Atom(atom) => admit(atom.relation, row),
                    _ => true,
                },
                _ => true,
            };
            if !frame.admitted {
                return false;
            }
        }
        true
    }

    /// `None`: not yet, variables are missing.
    fn cost(&self, goal: &Goal) -> Option<u64> {
        let bound = |term: &Term| is_bound(term, &self.bindings);
        let when = |ready: bool, cost: u64| ready.then_some(cost);
        let literal = match goal {
            Goal::Equal(term, _) if bound(term) => return Some(FILTER),
            Goal::Equal(term, _) => return when(is_pattern(term, &self.bindings), BINDING),
            Goal::Literal(literal) => literal,
        };
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let known = || (0..atom.args.len()).filter(|&at| bound(&atom.args[at]));
                let count = known().count();
                if count == atom.args.len() {
                    return Some(LOOKUP + 1);
                }
                let rows = self.over.len(atom.relation);
                if rows >= MANY
                    && let Some(rows) = self.over.reach(atom.relation, &known().collect::<Vec<_>>())
                {
                    return Some(LOOKUP + rows);
                }
                Some(LOOKUP + share(rows as f64, atom.args.len() - count, atom.args.len()) as u64)
            }
            LiteralKind::Negated(atom) => when(
                atom.args
                    .iter()
                    .all(|arg| *arg == Term::Wildcard || bound(arg)),
                FILTER,
            ),
            LiteralKind::Compare {
                op, left, right, ..
            } => match (bound(left), bound(right)) {
                (true, true) => Some(FILTER),
                (true, false) => when(
                    *op == CompareOp::Eq && is_pattern(right, &self.bindings),
                    BINDING,
                ),
                (false, true) => when(
                    *op == CompareOp::Eq && is_pattern(left, &self.bindings),
                    BINDING,
                ),
                (false, false) => None,
            },
            LiteralKind::Match { pattern, text, .. } => when(bound(pattern) && bound(text), FILTER),
            LiteralKind::Contains { part, text, .. } => when(bound(part) && bound(text), FILTER),
            LiteralKind::Range {
                var,
                from,
                to,
                step,
                ..
            } => {
                let known = self.bindings.get(*var).is_some();
                when(
                    bound(from) && bound(to) && step.as_ref().is_none_or(bound),
                    if known { LOOKUP } else { LOOKUP + 64 },
                )
            }
            LiteralKind::Aggregate(aggregate) => when(
                aggregate
                    .injected
                    .iter()
                    .all(|&var| self.bindings.get(var).is_some()),
                AGGREGATE,
            ),
        }
    }

    fn open(&self, goal: usize) -> Choices {
        let Goal::Literal(literal) = self.goals[goal] else {
            return Choices::Once(true);
        };
        match &literal.kind {
            LiteralKind::Atom(atom) => self.open_atom(atom),
            LiteralKind::Range {
                operand,
                from,
                to,
                step,
                ..
            } => {
                let number =
                    |term: &Term| value(term, self.bindings.values(), self.context.dictionary).ok();
                let steps = number(from).zip(number(to)).and_then(|(from, to)| {
                    let step = match step {
                        Some(step) => Some(number(step)?),
                        None => None,
                    };
                    Some(Steps::new(
                        *operand,
                        from,
                        to,
                        step,
                        self.context.dictionary,
                    ))
                });
                steps.map_or(Choices::Once(false), Choices::Steps)
            }
            LiteralKind::Aggregate(aggregate) => Choices::Tuples {
                tuples: group::answers(
                    self.context,
                    aggregate,
                    self.variables,
                    self.bindings.values(),
                ),
                at: 0,
            },
            _ => Choices::Once(true),
        }
    }

    /// Opens a goal, or an atom that has fewer rows where the goal has many more than there were to be expected.
    fn open_narrowest(&self, goal: usize) -> (usize, Choices) {
        let mut best = (goal, self.open(goal));
        let mut rows = best.1.rows();
        if rows <= WIDE {
            return best;
        }
        for other in (0..self.literals).filter(|&other| other != goal && !self.taken[other]) {
            let Goal::Literal(literal) = self.goals[other] else {
                continue;
            };
            if !matches!(literal.kind, LiteralKind::Atom(_)) {
                continue;
            }
            let expected = self.cost(&self.goals[other]);
            if expected.is_some_and(|cost| cost < LOOKUP + rows as u64) {
                let choices = self.open(other);
                if choices.rows() < rows {
                    rows = choices.rows();
                    best = (other, choices);
                }
            }
        }
        best
    }

    fn open_atom(&self, atom: &Atom) -> Choices {
        let asked = pattern(atom, self.bindings.values(), self.context.dictionary);
        match asked.iter().copied().collect::<Option<Box<[Code]>>>() {
            Some(row) => Choices::Row(self.over.contains(atom.relation, &row).then_some(row)),
            None => Choices::Rows {
                rows: self.over.matching(atom.relation, &asked),
                at: 0,
            },
        }
    }

    /// Tries the next way to satisfy the last goal taken. False: there is none.
    fn advance(&mut self) -> bool {
        let Some(frame) = self.frames.last_mut() else {
            return false;
        };
        let dictionary = self.context.dictionary;
        loop {
            self.bindings.undo(frame.mark);
            if !self.context.meter.spend() {
                return false;
            }
            match (&mut frame.choices, self.goals[frame.goal]) {
                (Choices::Once(untried), goal) => {
                    return std::mem::take(untried)
                        && match goal {
                            Goal::Equal(term, code) => {
                                unify(term, code, &mut self.bindings, dictionary)
                            }
                            Goal::Literal(literal) => {
                                holds(literal, self.context, &mut self.bindings)
                            }
                        };
                }
                (Choices::Row(row), _) => {
                    let Some(row) = row.take() else {
                        return false;
                    };
                    self.rows[frame.goal] = Some(row);
                    frame.admitted = self.admit.is_none();
                    return true;
                }
                (Choices::Rows { rows, at }, Goal::Literal(literal)) => {
                    let LiteralKind::Atom(atom) = &literal.kind else {
                        return false;
                    };
                    if *at == rows.len() {
                        return false;
                    }
                    let row = rows.row(*at);
                    *at += 1;
                    let fits = atom
                        .args
                        .iter()
                        .zip(&row)
                        .all(|(arg, &code)| unify(arg, code, &mut self.bindings, dictionary));
                    if fits {
                        self.rows[frame.goal] = Some(row.into());
                        frame.admitted = self.admit.is_none();
                        return true;
                    }
                }
                (Choices::Steps(steps), Goal::Literal(literal)) => {
                    let LiteralKind::Range { var, .. } = &literal.kind else {
                        return false;
                    };
                    let next = match self.bindings.get(*var) {
                        Some(known) => steps.take(known, dictionary),
                        None => steps.next(dictionary),
                    };
                    match next {
                        Some(code) if self.bindings.bind(*var, code) => return true,
                        Some(_) => {}
                        None => return false,
                    }
                }
                (Choices::Tuples { tuples, at }, Goal::Literal(literal)) => {
                    let LiteralKind::Aggregate(aggregate) = &literal.kind else {
                        return false;
                    };
                    let Some(tuple) = tuples.get(*at) else {
                        return false;
                    };
                    *at += 1;
                    if bind_answer(aggregate, tuple, &mut self.bindings, dictionary) {
                        return true;
                    }
                }
                (_, Goal::Equal(..)) => return false,
            }
        }
    }

    fn solution(&self) -> Solution {
        Solution {
            values: self.bindings.values().into(),
            rows: self.rows[..self.literals].into(),
        }
    }
}

impl Iterator for Solver<'_> {
    type Item = Solution;

    fn next(&mut self) -> Option<Solution> {
        loop {
            match self.stage {
                Stage::Forward => {
                    self.stage = Stage::Back;
                    if self.taken.iter().all(|&taken| taken) {
                        if self.admits() {
                            return Some(self.solution());
                        }
                        continue;
                    }
                    // Without a goal that can be taken the body is not grounded; the checker lets no such rule pass.
                    if let Some((cost, goal)) = self.cheapest() {
                        if cost > LOOKUP + 1 && !self.admits() {
                            continue;
                        }
                        let (goal, choices) = self.open_narrowest(goal);
                        let frame = Frame {
                            goal,
                            mark: self.bindings.mark(),
                            choices,
                            admitted: true,
                        };
                        self.taken[goal] = true;
                        self.frames.push(frame);
                    }
                }
                Stage::Back if self.frames.is_empty() => return None,
                Stage::Back => {
                    if self.advance() {
                        self.stage = Stage::Forward;
                    } else if let Some(frame) = self.frames.pop() {
                        self.bindings.undo(frame.mark);
                        self.taken[frame.goal] = false;
                        if let Some(row) = self.rows.get_mut(frame.goal) {
                            *row = None;
                        }
                    }
                }
            }
        }
    }
}

/// Whether a literal that is no atom, range or aggregate holds; `=` binds what is unbound on one side. A functor
/// without a value makes it fail.
pub(crate) fn holds(literal: &Literal, context: Context, bindings: &mut Bindings) -> bool {
    let dictionary = context.dictionary;
    match &literal.kind {
        LiteralKind::Negated(atom) => {
            let asked = pattern(atom, bindings.values(), dictionary);
            is_absent(context.facts, atom.relation, &asked)
        }
        LiteralKind::Compare {
            op,
            operand,
            left,
            right,
        } => {
            match (
                value(left, bindings.values(), dictionary),
                value(right, bindings.values(), dictionary),
            ) {
                (Ok(left), Ok(right)) => functor::compare(*op, *operand, left, right, dictionary),
                (Ok(left), Err(Missing::Unbound)) => unify(right, left, bindings, dictionary),
                (Err(Missing::Unbound), Ok(right)) => unify(left, right, bindings, dictionary),
                (Err(Missing::Fault(fault)), Ok(_)) | (Ok(_), Err(Missing::Fault(fault))) => {
                    matches!(fault, functor::Fault::UnknownFunctor(_)) && *op == CompareOp::Eq
                }
                _ => false,
            }
        }
        LiteralKind::Match {
            pattern,
            text,
            negated,
        } => operands(pattern, text, bindings, dictionary).is_some_and(|(pattern, text)| {
            context.patterns.matches(pattern, text, dictionary) == Ok(!negated)
        }),
        LiteralKind::Contains {
            part,
            text,
            negated,
        } => operands(part, text, bindings, dictionary)
            .is_some_and(|(part, text)| functor::contains(part, text, dictionary) != *negated),
        LiteralKind::Atom(_) | LiteralKind::Range { .. } | LiteralKind::Aggregate(_) => false,
    }
}

fn operands(
    left: &Term,
    right: &Term,
    bindings: &Bindings,
    dictionary: &Dictionary,
) -> Option<(Code, Code)> {
    let left = value(left, bindings.values(), dictionary).ok()?;
    let right = value(right, bindings.values(), dictionary).ok()?;
    Some((left, right))
}

/// Whether no row of a relation agrees with the pattern.
pub(super) fn is_absent(facts: &dyn Facts, relation: RelationId, pattern: &[Option<Code>]) -> bool {
    match pattern.iter().copied().collect::<Option<Vec<Code>>>() {
        Some(row) => !facts.contains(relation, &row),
        None if pattern.iter().all(Option::is_none) => facts.len(relation) == 0,
        None => facts.matching(relation, pattern).is_empty(),
    }
}

pub(super) fn bind_answer(
    aggregate: &Aggregate,
    tuple: &[Code],
    bindings: &mut Bindings,
    dictionary: &Dictionary,
) -> bool {
    let Some((&result, witnesses)) = tuple.split_first() else {
        return false;
    };
    let same = match bindings.get(aggregate.result) {
        Some(known) => same_total(aggregate, known, result, dictionary),
        None => bindings.bind(aggregate.result, result),
    };
    same && aggregate
        .witnesses
        .iter()
        .zip(witnesses)
        .all(|(&var, &code)| bindings.bind(var, code))
}

/// Whether two totals are the same. Sums of floats depend on the order of the rows, which is the engine's own.
pub(super) fn same_total(
    aggregate: &Aggregate,
    left: Code,
    right: Code,
    dictionary: &Dictionary,
) -> bool {
    let summed = match aggregate.op {
        AggregateOp::Sum => aggregate.operand == ValueType::Float,
        AggregateOp::Mean => true,
        _ => false,
    };
    if left == right || !summed {
        return left == right;
    }
    let (left, right) = (dictionary.to_float(left), dictionary.to_float(right));
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
}
