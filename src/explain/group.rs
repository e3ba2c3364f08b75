//! The rows an aggregate is made of, and what comes out.

use super::solve::{Context, Satisfied, Solution, Solver};
use super::terms::{mentioned, value};
use crate::analysis::checked::{Aggregate, AggregateOp, VarId, Variable};
use crate::engine::Accumulator;
use crate::engine::functor;
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashSet;

/// One row of a group: a solution of the aggregate's body, and the value it adds.
#[derive(Clone, Debug)]
pub struct Member {
    pub solution: Solution,
    /// `None` for `count`.
    pub value: Option<Code>,
}

/// Calls `f` on every member of the group that the outer values select, each once. False: the budget ran out.
///
/// What counts as one member: over a body of a single atom, one row of its relation; over any other body, one
/// assignment of its named variables, so that `_` there does not multiply.
pub(crate) fn each_member<'a>(
    context: Context<'a>,
    aggregate: &'a Aggregate,
    variables: &'a [Variable],
    outer: &[Option<Code>],
    mut f: impl FnMut(Member),
) -> bool {
    let mut seen = FxHashSet::default();
    each_row(context, aggregate, variables, outer, |key, member| {
        if key.is_none_or(|key| seen.insert(key)) {
            f(member);
        }
    })
}

/// What tells the members of a group apart; `None` when every solution is a member of its own.
pub(super) type MemberKey = Option<Vec<Option<Code>>>;

/// As [`each_member`], with every way to come to a member: all solutions of one key are the same one.
pub(super) fn each_row<'a>(
    context: Context<'a>,
    aggregate: &'a Aggregate,
    variables: &'a [Variable],
    outer: &[Option<Code>],
    mut f: impl FnMut(MemberKey, Member),
) -> bool {
    each_found(
        context,
        aggregate,
        variables,
        outer,
        |key, value, solver| {
            let solution = solver.solution();
            f(key, Member { solution, value });
        },
    )
}

/// The same before it is a row of its own: the solver stands at it.
fn each_found<'a>(
    context: Context<'a>,
    aggregate: &'a Aggregate,
    variables: &'a [Variable],
    outer: &[Option<Code>],
    mut f: impl FnMut(MemberKey, Option<Code>, &Solver),
) -> bool {
    let mut solver = Solver::new(context, &aggregate.body, variables);
    for &var in &aggregate.injected {
        if let Some(code) = outer[var.index()] {
            solver = solver.with(var, code);
        }
    }
    let named = aggregate
        .counts_rows_of()
        .is_none()
        .then(|| named(aggregate, variables));
    while solver.step() {
        let value = match &aggregate.target {
            None => None,
            Some(target) => match value(target, solver.values(), context.dictionary) {
                Ok(code) => Some(code),
                Err(_) => continue,
            },
        };
        let key = named.as_ref().map(|named| {
            named
                .iter()
                .map(|var| solver.values()[var.index()])
                .chain([value])
                .collect()
        });
        f(key, value, &solver);
    }
    context.meter.stopped().is_none()
}

pub(super) fn named(aggregate: &Aggregate, variables: &[Variable]) -> Vec<VarId> {
    let mut vars = Vec::new();
    mentioned(&aggregate.body, &mut |var| {
        if !variables[var.index()].synthetic && !vars.contains(&var) {
            vars.push(var);
        }
    });
    vars
}

/// What an aggregate can bind: its result followed by its witnesses, one tuple for each tie. Empty when it has no value
/// or the budget ran out.
pub(crate) fn answers(
    context: Context,
    aggregate: &Aggregate,
    variables: &[Variable],
    outer: &[Option<Code>],
) -> Vec<Vec<Code>> {
    let mut fold = Fold::new(context, aggregate);
    let mut seen = FxHashSet::default();
    match each_found(
        context,
        aggregate,
        variables,
        outer,
        |key, value, solver| {
            if key.is_none_or(|key| seen.insert(key)) {
                fold.add(value, solver.values());
            }
        },
    ) {
        true => fold.answers(),
        false => Vec::new(),
    }
}

/// An aggregate over the members it is given.
pub(super) struct Fold<'a> {
    context: Context<'a>,
    aggregate: &'a Aggregate,
    total: Accumulator,
    /// The best value so far, with the witnesses of every member that has it.
    winners: Vec<(Code, Vec<Code>)>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(context: Context<'a>, aggregate: &'a Aggregate) -> Fold<'a> {
        Fold {
            context,
            aggregate,
            total: Accumulator::new(aggregate.op, aggregate.operand),
            winners: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, value: Option<Code>, values: &[Option<Code>]) {
        let Fold {
            context, aggregate, ..
        } = *self;
        let value = value.unwrap_or_default();
        self.total.add(value, context.dictionary);
        if aggregate.witnesses.is_empty() {
            return;
        }
        let best = self.winners.first().map(|(best, _)| *best);
        if best.is_some_and(|best| beats(aggregate, best, value, context)) {
            return;
        }
        if best.is_some_and(|best| beats(aggregate, value, best, context)) {
            self.winners.clear();
        }
        let witnesses = aggregate
            .witnesses
            .iter()
            .filter_map(|var| values[var.index()])
            .collect();
        self.winners.push((value, witnesses));
    }

    /// As [`answers`] gives them.
    pub(super) fn answers(self) -> Vec<Vec<Code>> {
        let Some(result) = self.total.finish(self.context.dictionary) else {
            return Vec::new();
        };
        if self.aggregate.witnesses.is_empty() {
            return vec![vec![result]];
        }
        let mut seen = FxHashSet::default();
        self.winners
            .into_iter()
            .filter(|(_, witnesses)| witnesses.len() == self.aggregate.witnesses.len())
            .map(|(_, witnesses)| [&[result][..], &witnesses].concat())
            .filter(|tuple| seen.insert(tuple.clone()))
            .collect()
    }
}

/// Whether one value of a `min` or `max` drives out another one.
fn beats(aggregate: &Aggregate, left: Code, right: Code, context: Context) -> bool {
    let op = match aggregate.op {
        AggregateOp::Min => CompareOp::Lt,
        AggregateOp::Max => CompareOp::Gt,
        _ => return false,
    };
    functor::compare(op, aggregate.operand, left, right, context.dictionary)
}

/// Whether a member decides a `min` or `max`: it has the result, and the witnesses that were chosen.
pub(super) fn wins(
    aggregate: &Aggregate,
    member: &Member,
    result: Code,
    outer: &[Option<Code>],
    context: Context,
) -> bool {
    matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max)
        && member.value.is_some_and(|value| {
            !beats(aggregate, value, result, context) && !beats(aggregate, result, value, context)
        })
        && aggregate
            .witnesses
            .iter()
            .all(|var| member.solution.values[var.index()] == outer[var.index()])
}
