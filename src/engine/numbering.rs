//! Rules with `autoinc()`: bindings get their numbers in a fixed order.
//!
//! All bindings of the steps before the counter are made on one thread and sorted; only then are they counted. The
//! numbers are hence the same at any number of threads.

use super::evaluate::Context;
use super::pipeline::{Op, Pipeline};
use super::sink::{Collect, Sink};
use super::worker::{BATCH, Batch, Worker};
use crate::analysis::checked::VarId;
use crate::plan::RulePlan;
use crate::storage::{Code, Rows};

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
    match before.first().map(|stage| &stage.op) {
        Some(Op::Scan { source, .. }) => worker.run_scan(0..source.units()),
        _ => worker.run(&mut Batch::unit(pipeline.variables)),
    }
    let Bindings { columns, len, .. } = worker.sink;
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|&a, &b| {
        let ordering = columns.iter().map(|column| column[a].cmp(&column[b]));
        ordering.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
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
