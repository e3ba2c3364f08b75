//! Threads for reading, sorting and writing.

use rayon::ThreadPool;
use rayon::prelude::*;

/// As many threads as a session may use; none of its own at one.
pub(super) struct Pool(Option<ThreadPool>);

impl Pool {
    /// Where the system refuses more threads, the calling one does the work.
    pub fn new(threads: usize) -> Pool {
        let pool = (threads > 1).then(|| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .ok()
        });
        Pool(pool.flatten())
    }

    /// What `f` makes of each item, in their order.
    pub fn each<'i, T: Sync, R: Send>(
        &self,
        items: &'i [T],
        f: impl Fn(&'i T) -> R + Sync,
    ) -> Vec<R> {
        match &self.0 {
            Some(pool) => pool.install(|| items.par_iter().map(&f).collect()),
            None => items.iter().map(f).collect(),
        }
    }

    pub fn has_threads(&self) -> bool {
        self.0.is_some()
    }

    /// Both, at the same time where there are threads.
    pub fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match &self.0 {
            Some(pool) => pool.join(a, b),
            None => (a(), b()),
        }
    }

    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
