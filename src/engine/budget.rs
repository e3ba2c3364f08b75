//! What a run may cost, what it reports, and how it is stopped.

use crate::analysis::checked::{RelationId, RuleId};
use crate::storage::Rows;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

/// Memory is looked at so often. What a core can fill meanwhile is a few megabytes.
const LOOK: Duration = Duration::from_millis(2);

/// Limits of one run or query. `None` is no limit.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    pub time: Option<Duration>,
    /// Derived rows.
    pub rows: Option<u64>,
    /// Rounds of one stratum.
    pub rounds: Option<u32>,
    /// Bytes held by the process. Only where the system tells ([`memory_in_use`]).
    pub memory: Option<u64>,
    /// Set from another thread (Ctrl-C) to stop at the next batch.
    pub cancel: Arc<AtomicBool>,
}

impl Budget {
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Debug)]
pub struct RunOptions {
    /// At least one.
    pub threads: usize,
    /// Remember the tick at which each row appeared, for explanations.
    pub births: bool,
    /// Keep what every round brought and which plans it used, for a profile. Costs time where sets are counted.
    pub measure: bool,
    pub budget: Budget,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            threads: 1,
            births: false,
            measure: false,
            budget: Budget::default(),
        }
    }
}

/// Told how a run goes on; drives progress displays.
pub trait Observer: Sync {
    /// A round has ended; `rows` is the number of rows derived so far in the whole run.
    fn round(&self, stratum: usize, strata: usize, round: u32, rows: u64);
    /// A query goes on; `rows` is the number of answers gathered so far, duplicates and all.
    fn answering(&self, rows: u64);
}

/// For callers who do not look.
pub struct Unobserved;

impl Observer for Unobserved {
    fn round(&self, _: usize, _: usize, _: u32, _: u64) {}
    fn answering(&self, _: u64) {}
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// Distinct rows that were stated, as data or in rule text.
    pub stated: u64,
    /// Rows that follow and were not stated.
    pub derived: u64,
    /// Rounds of all strata together.
    pub rounds: u32,
    pub elapsed: Duration,
    pub violations: Vec<Violation>,
    pub faults: Vec<super::functor::FaultReport>,
    /// How long each stratum took, in their order; after a change nothing is said of it.
    pub strata: Vec<Duration>,
    pub profile: super::profile::Profile,
}

/// A headless rule that derived something: one row of variable bindings for each way it did.
#[derive(Clone, Debug)]
pub struct Violation {
    pub constraint: RuleId,
    /// Names of the bound variables, in order of first mention.
    pub columns: Vec<Arc<str>>,
    pub types: Vec<crate::analysis::checked::ValueType>,
    pub rows: Rows,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    Time,
    Rows,
    Rounds,
    Memory,
    Cancelled,
}

/// A run that ended before its fixpoint: rows derived so far are sound, `relation` and what depends on it is incomplete.
/// Rows that were still being gathered when it ended count, but are not kept.
#[derive(Clone, Debug)]
pub struct Stop {
    pub reason: StopReason,
    /// The rule that was running, or brought most in the round that ended.
    pub rule: Option<RuleId>,
    pub relation: Option<RelationId>,
    /// Rows of that relation when the run stopped, those of the round that was not finished included.
    pub rows: u64,
    /// What was done by then; empty for queries.
    pub report: Box<RunReport>,
}

/// A budget that was found spent in the middle of something. The first reason counts.
#[derive(Debug, Default)]
pub struct Spent(AtomicU8);

impl Spent {
    /// The reasons that are found out inside a round.
    const REASONS: [StopReason; 2] = [StopReason::Memory, StopReason::Rows];

    pub fn note(&self, reason: StopReason) {
        if let Some(at) = Spent::REASONS.iter().position(|&known| known == reason) {
            let _ = self
                .0
                .compare_exchange(0, at as u8 + 1, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    pub fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    pub fn reason(&self) -> Option<StopReason> {
        let at = usize::from(self.0.load(Ordering::Relaxed)).checked_sub(1)?;
        Spent::REASONS.get(at).copied()
    }
}

/// Works while a thread beside it compares the memory of the process with the budget, if there is a limit. Where no
/// thread can be had nobody looks.
pub fn watching_memory<T>(budget: &Budget, spent: &Spent, work: impl FnOnce() -> T) -> T {
    let Some(most) = budget.memory else {
        return work();
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = thread::Builder::new().spawn_scoped(scope, || {
            while !over.load(Ordering::Relaxed) {
                if memory_in_use().is_some_and(|used| used > most) {
                    spent.note(StopReason::Memory);
                    break;
                }
                thread::park_timeout(LOOK);
            }
        });
        // Also when the work panics: the scope waits for the watcher.
        let _end = End {
            over: &over,
            watcher: watcher.ok().map(|handle| handle.thread().clone()),
        };
        work()
    })
}

struct End<'a> {
    over: &'a AtomicBool,
    watcher: Option<thread::Thread>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = &self.watcher {
            watcher.unpark();
        }
    }
}

/// Bytes of memory the process holds, where the system tells.
pub fn memory_in_use() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
