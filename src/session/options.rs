//! How a session works.

use super::watch::{Unwatched, Watch};
use crate::engine::Functors;
use crate::engine::budget::{Budget, RunOptions};
use crate::evidence::Lens;
use std::path::PathBuf;
use std::sync::Arc;

/// How a session works.
#[derive(Clone)]
pub struct Options {
    /// At least one.
    pub threads: usize,
    /// Limits of every run and query.
    pub budget: Budget,
    /// Remember when each row appeared, which [`Command::Why`](super::Command::Why) needs.
    pub births: bool,
    /// Measure every run, as [`Session::profile`](super::Session::profile) needs; it does so itself when asked first.
    pub measure: bool,
    /// Keep what was read, so that clauses can be added without reading the files again.
    pub keep_stated: bool,
    /// Where rows that cannot be read are set aside; without it they are errors.
    pub bad_rows: Option<PathBuf>,
    /// What the program's `.functor` declarations stand for.
    pub functors: Functors,
    /// A rule instance without a value (a division by zero, say) is an error instead of a warning.
    pub faults_are_errors: bool,
    /// Which claims count.
    pub lens: Lens,
    /// What is derived at all.
    pub derive: Derive,
    pub watch: Arc<dyn Watch>,
}

/// What a session derives when it is opened. Whatever else is asked of it later has everything derived first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Derive {
    #[default]
    Everything,
    /// What outputs, constraints and questions of the program need, where the program asks for magic sets or asks a
    /// question with constants; else everything.
    Wanted,
    /// What this question needs.
    For(String),
    /// What the relation of this atom is made from, whole.
    Beneath(String),
}

impl Options {
    pub(super) fn run_options(&self) -> RunOptions {
        RunOptions {
            threads: self.threads.max(1),
            births: self.births,
            measure: self.measure,
            budget: self.budget.clone(),
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            budget: Budget::default(),
            births: true,
            measure: false,
            keep_stated: true,
            bad_rows: None,
            functors: Functors::default(),
            faults_are_errors: false,
            lens: Lens::default(),
            derive: Derive::Everything,
            watch: Arc::new(Unwatched),
        }
    }
}
