//! A solver for the body of one rule, goal by goal.
//!
//! It is a second opinion on the engine and shares only single-value semantics with it: top-down, one solution at a
//! time, at each step the cheapest goal that can be taken, as in Prolog with dynamic reordering. It does not
//! recurse on data: relations are read as they stand after the run.

use super::facts::Facts;
use super::group;
use super::meter::Meter;
use super::range::Steps;
use super::terms::{Bindings, Missing, asked, is_bound, is_pattern, unify, value, whole};
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, Literal, LiteralKind, RelationId, Term, ValueType, VarId,
    Variable,
};
use crate::engine::functor::{self, Patterns};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

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

/// A way to satisfy a body, kept or only come to.
pub(super) trait Satisfied {
    /// By [`VarId`].
    fn values(&self) -> &[Option<Code>];

    /// The row that a literal of the body matched, if it is a positive atom.
    fn row(&self, literal: usize) -> Option<&[Code]>;
}

impl Satisfied for Solution {
    fn values(&self) -> &[Option<Code>] {
        &self.values
    }

    fn row(&self, literal: usize) -> Option<&[Code]> {
        self.rows[literal].as_deref()
    }
}

/// The one that [`Solver::step`] came to.
impl Satisfied for Solver<'_> {
    fn values(&self) -> &[Option<Code>] {
        self.bindings.values()
    }

    fn row(&self, literal: usize) -> Option<&[Code]> {
        self.frames[self.taken[literal]? as usize].choices.row()
    }
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
    /// What aggregates came to before, where that is remembered.
    totals: Option<&'a Totals>,
    /// One row is as good as another where a wildcard takes any.
    any_row: bool,
    bindings: Bindings,
    /// By goal: its frame, if it was taken.
    taken: SmallVec<[Option<u32>; 16]>,
    frames: Vec<Frame>,
    /// By frame: what was chosen there. Which variables have a value, and so what comes next, depends on the goals taken
    /// before and not on their values.
    order: Vec<Chosen>,
    /// Room that rows were in.
    spare: Vec<Vec<Code>>,
    stage: Stage,
}

/// The untaken goal that is the cheapest after some goals, with its cost, and the one that was opened last.
struct Chosen {
    cheapest: Option<(u64, usize)>,
    opened: usize,
}

/// What an aggregate can bind, by its address within the program and the values of its group.
pub(super) type Totals = RefCell<FxHashMap<(usize, Box<[Option<Code>]>), Tuples>>;

type Tuples = Rc<Vec<Vec<Code>>>;

/// What it takes to go on with a goal, by estimate; of an atom, beside the rows that agree with it.
const FILTER: u64 = 0;
const BINDING: u64 = 1;
const LOOKUP: u64 = 2;
const AGGREGATE: u64 = 1 << 24;

/// Rows from which on a relation is asked how it is to be looked up.
pub(super) const MANY: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// Rows from which on another atom may be the better one to go through.
const WIDE: usize = if cfg!(test) { 2 } else { 256 };
/// Rows beyond those that are fetched while one is tried.
const FETCHED: usize = 64;

/// `rows` to the power of `free` / `all`.
fn share(rows: f64, free: usize, all: usize) -> f64 {
    match (free, all) {
        _ if free == all => rows,
        (1, 2) | (2, 4) | (3, 6) => rows.sqrt(),
        (1, 4) => rows.sqrt().sqrt(),
        (3, 4) => rows.sqrt() * rows.sqrt().sqrt(),
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
    /// Of an atom that only wildcards leave open: whether some row matches it, until that was tried.
    Any(bool),
    /// Of an atom without anything open; untried if it is there.
    Row {
        row: SmallVec<[Code; 8]>,
        untried: bool,
    },
    /// Rows of so many codes, of which `at` were tried.
    Rows {
        codes: Vec<Code>,
        width: usize,
        at: usize,
    },
    Steps(Steps),
    /// Result of an aggregate, then its witnesses.
    Tuples {
        tuples: Tuples,
        at: usize,
    },
}

impl Choices {
    fn rows(&self) -> usize {
        match self {
            Choices::Rows { codes, width, .. } => codes.len() / width,
            _ => 0,
        }
    }

    /// The row of an atom that was tried last.
    fn row(&self) -> Option<&[Code]> {
        match self {
            Choices::Row { row, .. } => Some(row),
            Choices::Rows { codes, width, at } => codes[..at * width].chunks_exact(*width).last(),
            _ => None,
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
            totals: None,
            any_row: false,
            bindings: Bindings::new(variables.len()),
            taken: SmallVec::from_elem(None, body.len()),
            frames: Vec::with_capacity(body.len()),
            order: Vec::with_capacity(body.len() + 1),
            spare: Vec::new(),
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
                self.taken.push(None);
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

    /// Remembers what the aggregates of the body come to. It must be one of the program, and the facts must be those that
    /// the totals were made of.
    pub(super) fn remembering(mut self, totals: &'a Totals) -> Self {
        self.totals = Some(totals);
        self
    }

    /// Leaves out solutions that differ from another in the row only that a wildcard matched, and does not tell that row;
    /// it need not [pass](Solver::admitting).
    pub(super) fn by_any_row(mut self) -> Self {
        self.any_row = true;
        self
    }

    /// The untaken goal that leaves the fewest ways open, by estimate, after that estimate.
    fn cheapest(&self) -> Option<(u64, usize)> {
        let mut best = None;
        for goal in (0..self.goals.len()).filter(|&goal| self.taken[goal].is_none()) {
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
            frame.admitted = match (&self.goals[frame.goal], frame.choices.row()) {
                (Goal::Literal(literal), Some(row)) => match &literal.kind {
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

    fn open(&mut self, goal: usize) -> Choices {
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
                tuples: self.tuples(aggregate),
                at: 0,
            },
            _ => Choices::Once(true),
        }
    }

    /// Opens a goal, or an atom that has fewer rows where the goal has many more than there were to be expected.
    fn open_narrowest(&mut self, goal: usize) -> (usize, Choices) {
        let mut best = (goal, self.open(goal));
        let mut rows = best.1.rows();
        if rows <= WIDE {
            return best;
        }
        for other in (0..self.literals).filter(|&other| other != goal) {
            if self.taken[other].is_some() {
                continue;
            }
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

    fn open_atom(&mut self, atom: &Atom) -> Choices {
        let asked = asked(atom, self.bindings.values(), self.context.dictionary);
        if let Some(row) = whole(&asked) {
            let untried = self.over.contains(atom.relation, &row);
            return Choices::Row { row, untried };
        }
        let mut args = asked.iter().zip(&atom.args);
        if self.any_row && args.all(|(code, arg)| code.is_some() || *arg == Term::Wildcard) {
            return Choices::Any(!is_absent(self.over, atom.relation, &asked));
        }
        let mut codes = self.spare.pop().unwrap_or_default();
        codes.clear();
        self.over.gather(atom.relation, &asked, &mut codes);
        let choices = Choices::Rows {
            codes,
            width: asked.len(),
            at: 0,
        };
        // Rows are paid for one by one as they are tried; but to fetch very many takes time by itself.
        let many = choices.rows().saturating_sub(WIDE) / FETCHED;
        self.context.meter.spend_all(many as u64);
        choices
    }

    fn tuples(&self, aggregate: &Aggregate) -> Tuples {
        let values = self.bindings.values();
        let fresh = || group::answers(self.context, aggregate, self.variables, values).into();
        let Some(totals) = self.totals else {
            return fresh();
        };
        let group = aggregate.injected.iter().map(|var| values[var.index()]);
        let key = (std::ptr::from_ref(aggregate) as usize, group.collect());
        if let Some(known) = totals.borrow().get(&key) {
            return known.clone();
        }
        let found: Tuples = fresh();
        if self.context.meter.stopped().is_none() {
            totals.borrow_mut().insert(key, found.clone());
        }
        found
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
                (Choices::Any(untried), _) => {
                    frame.admitted = true;
                    return std::mem::take(untried);
                }
                (Choices::Row { untried, .. }, _) => {
                    if !std::mem::take(untried) {
                        return false;
                    }
                    frame.admitted = self.admit.is_none();
                    return true;
                }
                (Choices::Rows { codes, width, at }, Goal::Literal(literal)) => {
                    let LiteralKind::Atom(atom) = &literal.kind else {
                        return false;
                    };
                    let Some(row) = codes[*at * *width..].get(..*width) else {
                        return false;
                    };
                    *at += 1;
                    let fits = atom
                        .args
                        .iter()
                        .zip(row)
                        .all(|(arg, &code)| unify(arg, code, &mut self.bindings, dictionary));
                    if fits {
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

    /// The solution that [`Solver::step`] came to.
    pub(super) fn solution(&self) -> Solution {
        Solution {
            values: self.values().into(),
            rows: (0..self.literals)
                .map(|literal| self.row(literal).map(Into::into))
                .collect(),
        }
    }

    /// Goes on to the next solution. False: there is none.
    pub(super) fn step(&mut self) -> bool {
        loop {
            match self.stage {
                Stage::Forward => {
                    self.stage = Stage::Back;
                    let depth = self.frames.len();
                    if depth == self.goals.len() {
                        if self.admits() {
                            return true;
                        }
                        continue;
                    }
                    if self.order.len() == depth {
                        self.order.push(Chosen {
                            cheapest: self.cheapest(),
                            opened: usize::MAX,
                        });
                    }
                    // Without a goal that can be taken the body is not grounded; the checker lets no such rule pass.
                    if let Some((cost, goal)) = self.order[depth].cheapest {
                        if cost > LOOKUP + 1 && !self.admits() {
                            continue;
                        }
                        let (goal, choices) = self.open_narrowest(goal);
                        if self.order[depth].opened != goal {
                            self.order[depth].opened = goal;
                            self.order.truncate(depth + 1);
                        }
                        let frame = Frame {
                            goal,
                            mark: self.bindings.mark(),
                            choices,
                            admitted: true,
                        };
                        self.taken[goal] = Some(depth as u32);
                        self.frames.push(frame);
                    }
                }
                Stage::Back if self.frames.is_empty() => return false,
                Stage::Back => {
                    if self.advance() {
                        self.stage = Stage::Forward;
                    } else if let Some(frame) = self.frames.pop() {
                        self.bindings.undo(frame.mark);
                        self.taken[frame.goal] = None;
                        if let Choices::Rows { codes, .. } = frame.choices {
                            self.spare.push(codes);
                        }
                    }
                }
            }
        }
    }
}

impl Iterator for Solver<'_> {
    type Item = Solution;

    fn next(&mut self) -> Option<Solution> {
        self.step().then(|| self.solution())
    }
}

/// Whether a literal that is no atom, range or aggregate holds; `=` binds what is unbound on one side. A functor
/// without a value makes it fail.
pub(crate) fn holds(literal: &Literal, context: Context, bindings: &mut Bindings) -> bool {
    let dictionary = context.dictionary;
    match &literal.kind {
        LiteralKind::Negated(atom) => {
            let asked = asked(atom, bindings.values(), dictionary);
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
    match whole(pattern) {
        Some(row) => !facts.contains(relation, &row),
        None if pattern.iter().all(Option::is_none) => facts.len(relation) == 0,
        None => !facts.has(relation, pattern),
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
