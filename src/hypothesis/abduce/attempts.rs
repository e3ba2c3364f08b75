//! Sets tried for themselves, several at a time, each in a fork of the case.

use super::super::side_by_side::each;
use super::super::trial::{Outcome, Trial, Untried};
use super::search::Goal;
use crate::engine::Database;
use crate::explain::{Fact, Meter};
use parking_lot::Mutex;
use std::sync::Arc;

/// Forks of the case, one a thread; none where it cannot be changed.
pub(super) struct Forks(Vec<Mutex<Trial>>);

/// What assuming a set comes to.
pub(super) struct Attempt<T> {
    /// Rows looked at.
    pub work: u64,
    /// `None`: time was up. `Err`: only a run can tell.
    pub found: Option<Result<T, Faulted>>,
}

/// A functor had no value for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faulted;

/// What a whole try tells.
pub(super) struct Seen {
    pub outcome: Outcome,
    /// Whether the goal holds.
    pub achieved: bool,
}

impl Forks {
    pub fn of(database: Option<&Database>, threads: usize) -> Forks {
        let forks = |database| {
            let fork = |_| Mutex::new(Trial::without_births(database));
            (0..threads.max(1)).map(fork).collect()
        };
        Forks(database.map_or_else(Vec::new, forks))
    }

    /// One to work in beside whoever asks, where there are several threads.
    pub fn aside(&self) -> Option<&Mutex<Trial>> {
        self.0.get(1)
    }

    /// Tries every set and takes a look at the case as it would be. In the order of the sets; nothing where there are no
    /// forks.
    pub fn each<T: Send>(
        &self,
        sets: &[Vec<Fact>],
        meter: &Meter,
        look: impl Fn(&[Fact], &Database, Outcome) -> T + Sync,
    ) -> Vec<Attempt<T>> {
        each(&self.0, sets, meter, |fork, set, meter| {
            let look = |database: &Database, outcome| look(set, database, outcome);
            attempt(&mut fork.lock(), set, None, meter, look)
        })
    }

    /// The whole try of every set.
    pub fn see_each(&self, sets: &[Vec<Fact>], goal: &Goal, meter: &Meter) -> Vec<Attempt<Seen>> {
        self.each(sets, meter, |_, database, outcome| {
            seen(database, outcome, goal)
        })
    }
}

pub(super) fn seen(database: &Database, outcome: Outcome, goal: &Goal) -> Seen {
    Seen {
        achieved: database.has(goal.relation, &goal.pattern),
        outcome,
    }
}

/// With `within` only these relations are followed.
pub(super) fn attempt<T>(
    trial: &mut Trial,
    set: &[Fact],
    within: Option<&Arc<[bool]>>,
    meter: &Meter,
    look: impl FnOnce(&Database, Outcome) -> T,
) -> Attempt<T> {
    let before = meter.rows();
    let found = match trial.make(set, &[], within, meter) {
        Ok(outcome) => {
            let found = look(trial.database(), outcome);
            trial.take_back();
            Some(Ok(found))
        }
        Err(Untried::Stopped) => None,
        Err(Untried::Faulted) => Some(Err(Faulted)),
    };
    Attempt {
        work: meter.rows() - before,
        found,
    }
}
