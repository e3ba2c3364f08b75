//! Rules with `autoinc()`: bindings get their numbers in a fixed order.
//!
//! All bindings of the steps before the counter are made on one thread, and counted in ascending order of their values: rows where
//! they come from one relation alone, variables otherwise. Codes will not do, for those of computed symbols depend on which
//! thread meets them first. The numbers are hence the same at any number of threads.

use super::evaluate::Context;
use super::gathering::Collect;
use super::pipeline::{Op, Pipeline, Source};
use super::sink::Sink;
use super::value_order::compare;
use super::worker::{BATCH, Batch, Worker};
use crate::analysis::checked::{RelationId, ValueType, VarId};
use crate::plan::RulePlan;
use crate::storage::{Code, Rows};
use std::cmp::Ordering;
use std::sync::Arc;

/// The head rows of a plan whose step `counter` is the first to count.
pub fn numbered(plan: &RulePlan, counter: usize, pipeline: &Pipeline, context: &Context) -> Rows {
    let variables = plan.live_before(counter);
    let (before, after) = pipeline.stages.split_at(counter);
    let bindings = Bindings {
        columns: vec![Vec::new(); variables.len()],
        variables: &variables,
        len: 0,
    };
    let mut worker = Worker::over(before, pipeline.variables, context, bindings);
    let alone = plan.lone_scan_before(counter);
    match (before.first().map(|stage| &stage.op), alone) {
        (Some(Op::Scan { source, .. }), Some(relation)) => {
            let source = Source::Sorted(Arc::new(in_order(source.to_rows(), relation, context)));
            worker.run_scan_of(&source, 0..source.units());
        }
        (Some(Op::Scan { source, .. }), None) => worker.run_scan(0..source.units()),
        _ => worker.run(&mut Batch::unit(pipeline.variables)),
    }
    let Bindings { columns, len, .. } = worker.sink;
    let mut order: Vec<usize> = (0..len).collect();
    if alone.is_none() {
        let types: Vec<Option<ValueType>> = variables
            .iter()
            .map(|var| context.variables.get(var.index()).map(|known| known.ty))
            .collect();
        order.sort_by(|&a, &b| {
            let columns = types.iter().zip(&columns);
            columns.fold(Ordering::Equal, |order, (&ty, column)| {
                order.then_with(|| compare_codes(ty, column[a], column[b], context))
            })
        });
    }
    let sink = Collect::new(&pipeline.answer);
    let mut worker = Worker::over(after, pipeline.variables, context, sink);
    for chunk in order.chunks(BATCH) {
        let mut batch = Batch::new(pipeline.variables);
        batch.len = chunk.len();
        for (&var, column) in variables.iter().zip(&columns) {
            batch.columns[var.index()].extend(chunk.iter().map(|&at| column[at]));
        }
        worker.run(&mut batch);
    }
    worker.sink.rows
}

/// The rows of a relation, ascending by value.
fn in_order(rows: Rows, relation: RelationId, context: &Context) -> Rows {
    let attributes = &context.program[relation].attributes;
    let mut all: Vec<Vec<Code>> = rows.iter().collect();
    all.sort_by(|a, b| {
        let columns = attributes.iter().zip(a.iter().zip(b));
        columns.fold(Ordering::Equal, |order, (attribute, (&a, &b))| {
            order.then_with(|| compare_codes(Some(attribute.ty), a, b, context))
        })
    });
    let mut sorted = Rows::new(rows.arity());
    all.iter().for_each(|row| sorted.push(row));
    sorted
}

/// By value; what the plan made up for itself has no type, and goes by code.
fn compare_codes(ty: Option<ValueType>, a: Code, b: Code, context: &Context) -> Ordering {
    match ty {
        _ if a == b => Ordering::Equal,
        Some(ty) => compare(context.program, context.dictionary, ty, a, b),
        None => a.cmp(&b),
    }
}

/// Bindings as they come, equal ones too.
struct Bindings<'a> {
    variables: &'a [VarId],
    columns: Vec<Vec<Code>>,
    len: usize,
}

impl Sink for Bindings<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        for (&var, column) in self.variables.iter().zip(&mut self.columns) {
            column.extend_from_slice(batch.column(var));
        }
        self.len += batch.len;
    }
}
