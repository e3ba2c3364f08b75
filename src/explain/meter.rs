//! How much an explanation may look at before it says that it has not finished.

use crate::engine::{Budget, StopReason};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Counts the rows one explanation looks at, against a [`Budget`]. Once it has stopped it stays so.
#[derive(Debug)]
pub struct Meter {
    rows: Cell<u64>,
    most: u64,
    deadline: Cell<Option<Instant>>,
    cancel: Arc<AtomicBool>,
    stopped: Cell<Option<StopReason>>,
}

/// A clock is read and a flag looked at once in so many rows.
const INTERVAL: u64 = 256;

impl Meter {
    pub fn new(budget: &Budget) -> Meter {
        Meter {
            rows: Cell::new(0),
            most: budget.rows.unwrap_or(u64::MAX),
            deadline: Cell::new(deadline(budget)),
            cancel: budget.cancel.clone(),
            stopped: Cell::new(None),
        }
    }

    /// Begins again with the rows and the time of the budget it was made for.
    pub(super) fn restart(&self, budget: &Budget) {
        self.rows.set(0);
        self.stopped.set(None);
        self.deadline.set(deadline(budget));
    }

    /// Counts one row. False: stop.
    pub fn spend(&self) -> bool {
        if self.stopped.get().is_some() {
            return false;
        }
        let rows = self.rows.get() + 1;
        self.rows.set(rows);
        if rows > self.most {
            self.stopped.set(Some(StopReason::Rows));
        } else if rows % INTERVAL == 1 {
            if self.cancel.load(Ordering::Relaxed) {
                self.stopped.set(Some(StopReason::Cancelled));
            } else if self
                .deadline
                .get()
                .is_some_and(|deadline| Instant::now() >= deadline)
            {
                self.stopped.set(Some(StopReason::Time));
            }
        }
        self.stopped.get().is_none()
    }

    /// A meter for a side question: it may look at so many rows, and stops when this one would.
    pub fn part(&self, rows: u64) -> Meter {
        Meter {
            rows: Cell::new(0),
            most: rows.min(self.most.saturating_sub(self.rows.get())),
            deadline: self.deadline.clone(),
            cancel: self.cancel.clone(),
            stopped: Cell::new(self.stopped.get()),
        }
    }

    /// Rows it may still look at.
    pub fn left(&self) -> u64 {
        self.most.saturating_sub(self.rows.get())
    }

    /// Charges what a part has used.
    pub fn charge(&self, part: &Meter) {
        self.rows
            .set(self.rows.get().saturating_add(part.rows.get()));
    }

    /// Counts rows that something else has looked at. False: stop.
    pub fn spend_all(&self, rows: u64) -> bool {
        self.rows.set(self.rows.get().saturating_add(rows));
        if self.rows.get() > self.most {
            self.stop(StopReason::Rows);
        }
        self.stopped.get().is_none()
    }

    /// What is left of the time, for something that counts its rows otherwise.
    pub fn rest(&self) -> Budget {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        Budget {
            time: self.deadline.get().map(left),
            cancel: self.cancel.clone(),
            ..Budget::default()
        }
    }

    /// Stops for a reason of the caller's own.
    pub fn stop(&self, reason: StopReason) {
        if self.stopped.get().is_none() {
            self.stopped.set(Some(reason));
        }
    }

    pub fn rows(&self) -> u64 {
        self.rows.get()
    }

    pub fn stopped(&self) -> Option<StopReason> {
        self.stopped.get()
    }

    /// `value`, unless the budget ran out on the way to it.
    pub fn finish<T>(&self, value: T) -> Result<T, StopReason> {
        match self.stopped.get() {
            Some(reason) => Err(reason),
            None => Ok(value),
        }
    }
}

fn deadline(budget: &Budget) -> Option<Instant> {
    budget
        .time
        .and_then(|time| Instant::now().checked_add(time))
}
