//! Pipelines on one thread or several.

use super::evaluate::Context;
use super::pipeline::{Op, Pipeline, Precondition};
use super::sink::{Bindings, Exists, Sink};
use super::worker::{Batch, Worker};
use crate::storage::Company;
use parking_lot::Mutex;
use rayon::ThreadPool;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Seconds of work that a thread takes at a time, as far as one can tell.
pub const MORSEL: f64 = if cfg!(test) { 1e-9 } else { 40e-6 };
/// So many times as much is shared.
pub const WORTH: f64 = 4.0;
/// Seconds that a binding takes, for rules that have not run yet.
pub const BINDING: f64 = 8e-9;
/// So many bindings are enough to be shared.
const ENOUGH: usize = if cfg!(test) { 2 } else { 256 };
/// What is scanned is in so many morsels at least.
const PARTS: usize = 64;
/// So many are not gathered to be shared.
const MOST: usize = if cfg!(test) { 50 } else { 1 << 18 };

/// How long it is waited for others without sleeping.
const PATIENCE: Duration = Duration::from_micros(200);

/// Runs a pipeline on as many threads as it is worth, each with a sink of its own, and returns the sinks; none where a
/// precondition does not hold. `pace`: seconds that it took for each row it scanned before.
pub fn drive<S: Sink + Send>(
    pipeline: &Pipeline,
    context: &Context,
    pool: Option<&ThreadPool>,
    pace: Option<f64>,
    sink: impl Fn(Company) -> S + Sync,
) -> Vec<S> {
    let mut asked = pipeline.preconditions.iter();
    match asked.all(|precondition| holds(precondition, context, pool)) {
        true => drive_stages(pipeline, context, pool, pace, sink),
        false => Vec::new(),
    }
}

fn holds(precondition: &Precondition, context: &Context, pool: Option<&ThreadPool>) -> bool {
    let found = &precondition.holds;
    precondition.asked.store(true, Relaxed);
    drive_stages(&precondition.pipeline, context, pool, None, |_| Exists {
        found,
    });
    found.load(Relaxed)
}

fn drive_stages<S: Sink + Send>(
    pipeline: &Pipeline,
    context: &Context,
    pool: Option<&ThreadPool>,
    pace: Option<f64>,
    sink: impl Fn(Company) -> S + Sync,
) -> Vec<S> {
    let Some(pool) = pool else {
        return alone(pipeline, context, sink);
    };
    if let Some(Op::Scan { source, .. }) = pipeline.stages.first().map(|stage| &stage.op)
        && source.units() > 1
    {
        let units = source.units();
        let work = work_of(pipeline, pace);
        // An estimate of the planner has to promise more than a rule that was seen to take its time.
        let worth = if pace.is_some() { WORTH } else { WORTH * 2.0 };
        if work <= worth * MORSEL {
            return alone(pipeline, context, sink);
        }
        let company = match pipeline.keeps_apart() {
            true => Company::Apart,
            false => Company::Shared,
        };
        // A pace may mislead by an order of magnitude, and to begin with a morsel costs as much as a few bindings.
        let scanned = pipeline.scanned() as usize;
        let rows = ENOUGH.min(scanned / PARTS);
        let least = (rows * units).checked_div(scanned);
        let morsel = ((MORSEL / work * units as f64) as usize)
            .max(least.unwrap_or(0))
            .max(1);
        return share(pool, units, morsel, |morsels| {
            let mut worker = Worker::new(pipeline, context, sink(company));
            morsels.for_each(|units| {
                worker.sink.begin(units.start);
                worker.run_scan(units);
            });
            worker.finish()
        });
    }
    let (stages, lead) = lead_in(pipeline, context);
    if lead.len < ENOUGH {
        return alone(pipeline, context, sink);
    }
    let morsel = (lead.len / ENOUGH).clamp(1, ENOUGH);
    share(pool, lead.len, morsel, |morsels| {
        let stages = &pipeline.stages[stages..];
        let mut worker = Worker::over(stages, pipeline.variables, context, sink(Company::Shared));
        morsels.for_each(|rows| {
            worker.sink.begin(rows.start);
            worker.run(&mut lead.part(rows));
        });
        worker.finish()
    })
}

/// Seconds that a pipeline takes that begins with a scan, as far as one can tell. `pace`: for each row, as it was before.
pub fn work_of(pipeline: &Pipeline, pace: Option<f64>) -> f64 {
    pipeline.scanned() as f64 * pace.unwrap_or(pipeline.fan_out * BINDING)
}

fn alone<S: Sink>(pipeline: &Pipeline, context: &Context, sink: impl Fn(Company) -> S) -> Vec<S> {
    let mut worker = Worker::new(pipeline, context, sink(Company::Alone));
    match pipeline.stages.first().map(|stage| &stage.op) {
        Some(Op::Scan { source, .. }) => worker.run_scan(0..source.units()),
        _ => worker.run(&mut Batch::unit(pipeline.variables)),
    }
    vec![worker.finish()]
}

/// Calls `work` on the threads of the pool with pieces of `0..len` that no other thread gets. Who calls begins at once, and
/// the others as soon as they are awake, unless nothing is left by then.
pub fn share<S: Send>(
    pool: &ThreadPool,
    len: usize,
    morsel: usize,
    work: impl Fn(&mut dyn Iterator<Item = Range<usize>>) -> S + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    on_all(pool, |_| {
        if next.load(Relaxed) < len {
            let outcome = work(&mut std::iter::from_fn(|| {
                let start = next.fetch_add(morsel, Relaxed);
                (start < len).then(|| start..(start + morsel).min(len))
            }));
            done.lock().push(outcome);
        }
    });
    done.into_inner()
}

/// Calls `take_part` on all threads of the pool, on the others once they are awake, each with another number below that
/// of the threads; who calls has 0.
pub fn on_all(pool: &ThreadPool, take_part: impl Fn(usize) + Sync) {
    let busy = AtomicUsize::new(0);
    let (busy, take_part) = (&busy, &take_part);
    pool.in_place_scope(|scope| {
        for number in 1..pool.current_num_threads() {
            scope.spawn(move |_| {
                busy.fetch_add(1, Relaxed);
                take_part(number);
                busy.fetch_sub(1, Relaxed);
            });
        }
        take_part(0);
        // Others are about to finish: to sleep until then would take longer.
        let since = Instant::now();
        while busy.load(Relaxed) > 0 && since.elapsed() < PATIENCE {
            rayon::yield_now();
        }
    });
}

/// The bindings after the first stages, as soon as they are enough to be shared, and the number of these stages. None
/// where that cannot be had cheaply: then all stages are run again, so those that may report faults are not run here.
fn lead_in(pipeline: &Pipeline, context: &Context) -> (usize, Batch) {
    let mut lead = Batch::unit(pipeline.variables);
    for (at, stage) in pipeline.stages.iter().enumerate() {
        if lead.len >= ENOUGH {
            return (at, lead);
        }
        let mut worker = Worker::over(
            &pipeline.stages[at..=at],
            pipeline.variables,
            context,
            Bindings::new(pipeline.variables),
        );
        match stage.op.widens(&lead) {
            Some(len) if len <= MOST => {
                worker.run(&mut lead);
                lead = worker.sink.batch;
            }
            _ => break,
        }
    }
    (0, Batch::default())
}
