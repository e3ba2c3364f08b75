//! How long work is followed from outside.

use crate::engine::budget::Observer;
use std::path::Path;

/// Told what a session is doing; drives progress displays.
pub trait Watch: Observer + Send {
    /// `done` of `total` bytes of this file are read. `total` is 0 where nobody knows.
    fn reading(&self, file: &Path, done: u64, total: u64);
    /// The work that was reported is over.
    fn finished(&self);
}

/// For callers who do not look.
pub struct Unwatched;

impl Observer for Unwatched {
    fn round(&self, _: usize, _: usize, _: u32, _: u64) {}
    fn answering(&self, _: u64) {}
}

impl Watch for Unwatched {
    fn reading(&self, _: &Path, _: u64, _: u64) {}
    fn finished(&self) {}
}
