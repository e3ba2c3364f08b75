//! Rules of one round that run side by side.
//!
//! They read what was settled before the round and add to sets that are not read before it ends, so their order tells
//! nothing. Each thread begins with rules that nobody has begun, the longest first, and then helps with what is left of
//! the others'.

use super::drive::{BINDING, MORSEL, on_all};
use super::evaluate::Context;
use super::pipeline::{Pipeline, Resolver};
use super::relation::RelationState;
use super::sink::Insert;
use super::worker::Worker;
use crate::plan::{RulePlan, fan_out};
use crate::storage::{Company, RowSource};
use rayon::ThreadPool;
use std::hint::spin_loop;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Pieces of work from which on it is worth while to share them.
const WORTH: f64 = 4.0;
/// Pieces that have to be left of a rule for another thread to join in.
const HELPED: f64 = 1.0;

/// A rule that scans a delta and does nothing but add rows to a set.
pub struct Strand<'r> {
    pub plan: &'r RulePlan,
    pub context: Context<'r>,
    head: &'r RelationState,
    scanned: &'r RelationState,
    /// Seconds that it takes, as far as one can tell.
    work: f64,
    begun: AtomicBool,
    scan: OnceLock<Scan<'r>>,
    /// The first unit that no thread has taken.
    next: AtomicUsize,
    candidates: AtomicU64,
    nanoseconds: AtomicU64,
}

/// A rule that is ready to run.
struct Scan<'r> {
    pipeline: Pipeline<'r>,
    units: usize,
    /// Units that a thread takes at a time.
    morsel: usize,
}

impl<'r> Strand<'r> {
    /// `pace`: seconds that the rule took for each row it scanned before.
    pub fn new(
        plan: &'r RulePlan,
        context: Context<'r>,
        head: &'r RelationState,
        scanned: &'r RelationState,
        pace: Option<f64>,
    ) -> Strand<'r> {
        let rows = scanned.delta().row_count() as f64;
        Strand {
            plan,
            context,
            head,
            scanned,
            work: rows * pace.unwrap_or_else(|| fan_out(&plan.steps) * BINDING),
            begun: AtomicBool::new(false),
            scan: OnceLock::new(),
            next: AtomicUsize::new(0),
            candidates: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// Head rows proposed.
    pub fn candidates(&self) -> u64 {
        self.candidates.load(Relaxed)
    }

    /// Rows gone through.
    pub fn scanned(&self) -> u64 {
        self.scan.get().map_or(0, |scan| scan.pipeline.scanned())
    }

    /// The time that all threads together spent on it.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Relaxed))
    }

    fn begin(&self, resolver: &Resolver<'r>) -> &Scan<'r> {
        self.scan.get_or_init(|| {
            let mut pipeline = resolver.resolve(self.plan);
            if let Some(column) = self.plan.clustered {
                pipeline.cluster(column, || self.scanned.delta_by(column));
            }
            let units = pipeline.units();
            Scan {
                pipeline,
                units,
                morsel: ((MORSEL / self.work * units as f64) as usize).max(1),
            }
        })
    }

    /// Takes pieces until none is left.
    fn take_part(&self, scan: &Scan<'r>) {
        let pieces = std::iter::from_fn(|| {
            let start = self.next.fetch_add(scan.morsel, Relaxed);
            (start < scan.units).then(|| start..(start + scan.morsel).min(scan.units))
        });
        let answer = &scan.pipeline.answer;
        let sink = Insert::new(&self.head.set, Company::Shared, answer, None, &self.context);
        let mut worker = Worker::new(&scan.pipeline, &self.context, sink);
        pieces.for_each(|units| worker.run_scan(units));
        let pushed = worker.finish().inserter.pushed();
        self.candidates.fetch_add(pushed, Relaxed);
    }

    /// Seconds of work that nobody has taken.
    fn left(&self, scan: &Scan) -> f64 {
        let units = scan.units.saturating_sub(self.next.load(Relaxed));
        self.work * units as f64 / scan.units.max(1) as f64
    }

    fn timed(&self, work: impl FnOnce()) {
        let started = Instant::now();
        work();
        let nanoseconds = started.elapsed().as_nanos() as u64;
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }
}

/// Whether it is worth while to run rules side by side.
pub fn is_worth_it(strands: &[Strand]) -> bool {
    let work: f64 = strands.iter().map(|strand| strand.work).sum();
    strands.len() > 1 && work > WORTH * MORSEL
}

/// Runs rules whose indexes are built.
pub fn run<'r>(strands: &[Strand<'r>], resolver: &Resolver<'r>, pool: &ThreadPool) {
    let mut longest_first: Vec<&Strand> = strands.iter().collect();
    longest_first.sort_by(|a, b| b.work.total_cmp(&a.work));
    on_all(pool, || {
        for strand in &longest_first {
            if !strand.begun.swap(true, Relaxed) {
                strand.timed(|| strand.take_part(strand.begin(resolver)));
            }
        }
        // All have begun, though some may not be ready.
        let mut rest = longest_first.clone();
        while !rest.is_empty() {
            rest.retain(|strand| match strand.scan.get() {
                Some(scan) => {
                    if strand.left(scan) > HELPED * MORSEL {
                        strand.timed(|| strand.take_part(scan));
                    }
                    false
                }
                None => true,
            });
            spin_loop();
        }
    });
}
