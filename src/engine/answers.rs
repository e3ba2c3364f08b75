//! Answers to queries and constraints.

use super::budget::{Budget, Stop, watching_memory};
use super::closures::Functors;
use super::drive::drive;
use super::evaluate::{Context, Holdings};
use super::pipeline::Resolver;
use super::relation::RelationState;
use super::run::interruption;
use super::sink::Collect;
use crate::analysis::checked::CheckedProgram;
use crate::plan::RulePlan;
use crate::storage::{Dictionary, Rows, SortedRows};

/// Answers one query over relations at rest: distinct rows, ascending.
pub fn query(
    plan: &RulePlan,
    relations: &[RelationState],
    program: &CheckedProgram,
    dictionary: &Dictionary,
    functors: &Functors,
    budget: &Budget,
    pool: Option<&rayon::ThreadPool>,
) -> Result<Rows, Stop> {
    let holdings = Holdings::new();
    let context = holdings.context(program, dictionary, functors, budget);
    let rows = watching_memory(budget, &holdings.spent, || {
        answers(plan, relations, dictionary, &context, pool, true)
    });
    match interruption(&context) {
        Some(reason) => Err(Stop {
            reason,
            rule: None,
            relation: None,
            rows: rows.len() as u64,
            report: Box::default(),
        }),
        None => Ok(rows),
    }
}

/// The answers of a plan without a head: distinct rows, ascending; as they come where it was stopped.
pub(super) fn answers(
    plan: &RulePlan,
    relations: &[RelationState],
    dictionary: &Dictionary,
    context: &Context,
    pool: Option<&rayon::ThreadPool>,
    once: bool,
) -> Rows {
    let pipeline = Resolver {
        relations,
        dictionary,
        once,
        pool,
    }
    .resolve(plan);
    let gathered = drive(&pipeline, context, pool, None, |_| {
        Collect::new(&pipeline.answer)
    });
    let rows = Collect::into_rows(gathered, plan.answer.len(), pool);
    // To sort what nobody will see may take longer than it took to find.
    if context.stopped() {
        return rows;
    }
    SortedRows::from_unsorted(rows).into_rows()
}
