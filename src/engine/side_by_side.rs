//! Rules of one round that run side by side.
//!
//! They read what was settled before the round and add to sets that are not read before it ends, so their order tells
//! nothing. Each thread goes through a range of its own of what each long rule scans: where a delta is sorted by what the
//! head repeats, threads then seldom write to the same place, and repetitions meet on one thread. Short rules are for one
//! thread each. Whoever is done takes what is left of others' ranges.

use super::drive::{BINDING, MORSEL, WORTH, on_all};
use super::evaluate::Context;
use super::pipeline::{Pipeline, Resolver};
use super::relation::RelationState;
use super::sink::Insert;
use super::worker::Worker;
use crate::plan::{RulePlan, fan_out};
use crate::storage::{Company, Inserter, RowSet, RowSource};
use rayon::ThreadPool;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A rule that scans a delta and does nothing but add rows to a set.
pub struct Strand<'r> {
    pub plan: &'r RulePlan,
    pub context: Context<'r>,
    head: &'r RowSet,
    scanned: &'r RelationState,
    /// Seconds that it takes, as far as one can tell.
    work: f64,
    begun: AtomicBool,
    scan: OnceLock<Scan<'r>>,
    candidates: AtomicU64,
    nanoseconds: AtomicU64,
}

/// A rule that is ready to run.
struct Scan<'r> {
    pipeline: Pipeline<'r>,
    /// One for each thread, or a single one.
    shares: Vec<Share>,
    /// Units that a thread takes at a time.
    morsel: usize,
}

/// Some of the units of a scan.
struct Share {
    /// The first that no thread has taken.
    next: AtomicUsize,
    end: usize,
}

impl Share {
    /// As many as there are threads.
    fn several(units: usize, threads: usize) -> Vec<Share> {
        let share = |at: usize| Share {
            next: AtomicUsize::new(units * at / threads),
            end: units * (at + 1) / threads,
        };
        (0..threads).map(share).collect()
    }

    fn is_left(&self) -> bool {
        self.next.load(Relaxed) < self.end
    }

    fn take(&self, units: usize) -> Option<Range<usize>> {
        let start = self.next.fetch_add(units, Relaxed);
        (start < self.end).then(|| start..(start + units).min(self.end))
    }
}

impl<'r> Strand<'r> {
    /// `pace`: seconds that the rule took for each row it scanned before.
    pub fn new(
        plan: &'r RulePlan,
        context: Context<'r>,
        head: &'r RowSet,
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

    fn begin(&self, resolver: &Resolver<'r>, threads: usize) -> &Scan<'r> {
        self.scan.get_or_init(|| {
            let mut pipeline = resolver.resolve(self.plan);
            pipeline.ask(self.plan.asked());
            if let Some(column) = self.plan.clustered {
                pipeline.cluster(column, || self.scanned.delta_by(column));
            }
            let units = pipeline.units();
            let shares = match self.work > WORTH * MORSEL {
                true => threads,
                false => 1,
            };
            Scan {
                pipeline,
                shares: Share::several(units, shares),
                morsel: ((MORSEL / self.work * units as f64) as usize).max(1),
            }
        })
    }
}

/// What one thread has pushed so far.
#[derive(Default)]
struct Hand<'s> {
    inserters: Vec<(&'s RowSet, Inserter<'s>)>,
    /// For which rules, and how much.
    pushed: Vec<(&'s AtomicU64, u64)>,
}

impl<'s> Hand<'s> {
    /// Takes the share of this thread. A single one is for who begins.
    fn take_own(&mut self, strand: &'s Strand, scan: &'s Scan, own: usize, begins: bool) {
        match &scan.shares[..] {
            [only] if begins => self.take_part(strand, scan, only),
            [_] => {}
            several => self.take_part(strand, scan, &several[own]),
        }
    }

    /// Takes pieces of a share until none is left.
    fn take_part(&mut self, strand: &'s Strand, scan: &'s Scan, share: &Share) {
        if !share.is_left() {
            return;
        }
        let started = Instant::now();
        let known = self
            .inserters
            .iter()
            .position(|(set, _)| std::ptr::eq(*set, strand.head));
        let inserter = match known {
            Some(at) => self.inserters.swap_remove(at).1,
            None => Inserter::new(strand.head, Company::Shared),
        };
        let before = inserter.pushed();
        let context = &strand.context;
        let sink = Insert::through(inserter, strand.head, &scan.pipeline.answer, None, context);
        let mut worker = Worker::new(&scan.pipeline, context, sink);
        while let Some(units) = share.take(scan.morsel) {
            worker.run_scan(units);
        }
        let inserter = worker.sink.inserter;
        let pushed = inserter.pushed() - before;
        self.inserters.push((strand.head, inserter));
        self.pushed.push((&strand.nanoseconds, pushed));
        strand.candidates.fetch_add(pushed, Relaxed);
        let nanoseconds = started.elapsed().as_nanos() as u64;
        strand.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    /// To be called once, at the end. The time is that of the rules by what they pushed.
    fn flush(&mut self) {
        let started = Instant::now();
        for (_, inserter) in &mut self.inserters {
            inserter.flush();
        }
        let nanoseconds = started.elapsed().as_nanos() as f64;
        let all: u64 = self.pushed.iter().map(|(_, pushed)| pushed).sum();
        for (busy, pushed) in &self.pushed {
            let part = *pushed as f64 / all.max(1) as f64;
            busy.fetch_add((nanoseconds * part) as u64, Relaxed);
        }
    }
}

/// Whether it is worth while to run rules side by side.
pub fn is_worth_it(strands: &[Strand]) -> bool {
    let work: f64 = strands.iter().map(|strand| strand.work).sum();
    strands.len() > 1 && work > WORTH * MORSEL
}

/// Runs rules whose indexes are built.
pub fn run<'r>(strands: &[Strand<'r>], resolver: &Resolver<'r>, pool: &ThreadPool) {
    let threads = pool.current_num_threads();
    let mut longest_first: Vec<&Strand> = strands.iter().collect();
    longest_first.sort_by(|a, b| b.work.total_cmp(&a.work));
    on_all(pool, |own| {
        let mut hand = Hand::default();
        let mut rest = longest_first.clone();
        rest.rotate_left(own % strands.len());
        // What another thread is making ready comes last.
        rest.retain(|strand| {
            let first = !strand.begun.swap(true, Relaxed);
            let scan = match first {
                true => Some(strand.begin(resolver, threads)),
                false => strand.scan.get(),
            };
            if let Some(scan) = scan {
                hand.take_own(strand, scan, own, first);
            }
            scan.is_none()
        });
        for strand in rest {
            hand.take_own(strand, strand.begin(resolver, threads), own, false);
        }
        for strand in &longest_first {
            if let Some(scan) = strand.scan.get() {
                for share in &scan.shares {
                    hand.take_part(strand, scan, share);
                }
            }
        }
        hand.flush();
    });
}
