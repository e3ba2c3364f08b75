//! What a run may cost, what it reports, and how it is stopped.

use crate::analysis::checked::{RelationId, RuleId};
use crate::storage::Rows;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Limits of one run or query. `None` is no limit.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    pub time: Option<Duration>,
    /// Derived rows.
    pub rows: Option<u64>,
    /// Rounds of one stratum.
    pub rounds: Option<u32>,
    /// Bytes held by the process.
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
    pub budget: Budget,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            threads: 1,
            births: false,
            budget: Budget::default(),
        }
    }
}

/// Told how a run goes on; drives progress displays.
pub trait Observer: Sync {
    /// A round has ended; `rows` is the number of rows derived so far in the whole run.
    fn round(&self, stratum: usize, strata: usize, round: u32, rows: u64);
}

/// For callers who do not look.
pub struct Unobserved;

impl Observer for Unobserved {
    fn round(&self, _: usize, _: usize, _: u32, _: u64) {}
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
#[derive(Clone, Debug)]
pub struct Stop {
    pub reason: StopReason,
    pub rule: Option<RuleId>,
    pub relation: Option<RelationId>,
    /// Rows of that relation when the run stopped.
    pub rows: u64,
}

/// Bytes of memory the process holds, where the system tells.
pub fn memory_in_use() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
