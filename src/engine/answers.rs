//! Answers to queries and constraints.

use super::budget::{Budget, Stop, StopReason, watching_memory};
use super::drive::drive;
use super::evaluate::Context;
use super::gathering::Collect;
use super::pipeline::Resolver;
use super::relation::RelationState;
use super::run::interruption;
use crate::plan::RulePlan;
use crate::storage::{Dictionary, Rows, SortedRows};

/// Answers one query over relations at rest: distinct rows, ascending.
pub fn query(
    plan: &RulePlan,
    relations: &[RelationState],
    context: &Context,
    budget: &Budget,
    pool: Option<&rayon::ThreadPool>,
) -> Result<Rows, Stop> {
    let found = watching_memory(budget, context.spent, || {
        answers(plan, relations, context.dictionary, context, pool, true)
    });
    let rows = match (interruption(context), found) {
        (None, Ok(rows)) => return Ok(rows),
        (_, Ok(rows)) => rows.len() as u64,
        (_, Err(gathered)) => gathered,
    };
    Err(Stop {
        reason: interruption(context).unwrap_or(StopReason::Cancelled),
        rule: None,
        relation: None,
        rows,
        report: Box::default(),
    })
}

/// The answers of a plan without a head: distinct rows, ascending; how many there were, duplicates and all, where it
/// was stopped.
pub(super) fn answers(
    plan: &RulePlan,
    relations: &[RelationState],
    dictionary: &Dictionary,
    context: &Context,
    pool: Option<&rayon::ThreadPool>,
    once: bool,
) -> Result<Rows, u64> {
    let pipeline = Resolver {
        relations,
        dictionary,
        once,
        pool,
    }
    .resolve(plan);
    let gathered = drive(&pipeline, context, pool, None, |_| {
        Collect::new(&pipeline.answer).counted(context.answering.as_ref())
    });
    let count = gathered.iter().map(|of| of.rows.len() as u64).sum();
    // To sort what nobody will see may take longer than it took to find.
    let halts = || context.stopped();
    Collect::into_rows(gathered, plan.answer.len(), pool, &halts)
        .filter(|_| !halts())
        .and_then(|rows| SortedRows::from_unsorted_unless(rows, &halts))
        .map(SortedRows::into_rows)
        .ok_or(count)
}
