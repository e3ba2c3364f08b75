//! Rules with `autoinc()`: bindings get their numbers in a fixed order.
//!
//! All bindings of the steps before the counter are made on one thread: in the order of the rows, where they come from one
//! relation alone, sorted otherwise. Only then are they counted. The numbers are hence the same at any number of threads.

use super::evaluate::Context;
use super::pipeline::{Op, Pipeline, Source};
use super::sink::{Collect, Sink};
use super::value_order::compare;
use super::worker::{BATCH, Batch, Worker};
use crate::analysis::checked::{RelationId, ValueType, VarId};
use crate::plan::RulePlan;
use crate::storage::{Code, Rows};
use std::cmp::Ordering;

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
            let source = Source::Sorted(in_order(source.to_rows(), relation, context));
            worker.run_scan_of(&source, 0..source.units());
        }
        (Some(Op::Scan { source, .. }), None) => worker.run_scan(0..source.units()),
        _ => worker.run(&mut Batch::unit(pipeline.variables)),
    }
    let Bindings { columns, len, .. } = worker.sink;
    let mut order: Vec<usize> = (0..len).collect();
    if alone.is_none() {
        order.sort_by(|&a, &b| {
            let ordering = columns.iter().map(|column| column[a].cmp(&column[b]));
            ordering.fold(Ordering::Equal, Ordering::then)
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

/// The rows of a relation, numbers by value, texts and what else is interned as they first came up.
fn in_order(rows: Rows, relation: RelationId, context: &Context) -> Rows {
    let attributes = &context.program[relation].attributes;
    let mut all: Vec<Vec<Code>> = rows.iter().collect();
    all.sort_by(|a, b| {
        let columns = attributes.iter().zip(a.iter().zip(b));
        let ordering = columns.map(|(attribute, (&a, &b))| match attribute.ty {
            ValueType::Number | ValueType::Unsigned | ValueType::Float => {
                compare(context.program, context.dictionary, attribute.ty, a, b)
            }
            _ => a.cmp(&b),
        });
        ordering.fold(Ordering::Equal, Ordering::then)
    });
    let mut sorted = Rows::new(rows.arity());
    all.iter().for_each(|row| sorted.push(row));
    sorted
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
