//! Threads for reading, sorting and writing.

use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::OnceLock;

/// As many threads as a session may use, from the first use on; none of its own at one.
pub(super) struct Pool {
    threads: usize,
    pool: OnceLock<Option<ThreadPool>>,
}

impl Pool {
    pub fn new(threads: usize) -> Pool {
        Pool {
            threads,
            pool: OnceLock::new(),
        }
    }

    /// Where the system refuses more threads, the calling one does the work.
    fn get(&self) -> Option<&ThreadPool> {
        let pool = || {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.threads);
            builder.build().ok()
        };
        match self.threads > 1 {
            true => self.pool.get_or_init(pool).as_ref(),
            false => None,
        }
    }

    /// What `f` makes of each item, in their order.
    pub fn each<'i, T: Sync, R: Send>(
        &self,
        items: &'i [T],
        f: impl Fn(&'i T) -> R + Sync,
    ) -> Vec<R> {
        match self.get() {
            Some(pool) => pool.install(|| items.par_iter().map(&f).collect()),
            None => items.iter().map(f).collect(),
        }
    }

    pub fn has_threads(&self) -> bool {
        self.get().is_some()
    }

    /// Both, at the same time where there are threads.
    pub fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self.get() {
            Some(pool) => pool.join(a, b),
            None => (a(), b()),
        }
    }

    /// What `f` makes of items, in their order, half of them each time where they are worth two threads.
    pub fn halves<T: Send, R: Send>(
        &self,
        mut items: Vec<T>,
        f: impl Fn(Vec<T>) -> Vec<R> + Sync,
    ) -> Vec<R> {
        const MANY: usize = 64;
        if items.len() < MANY || !self.has_threads() {
            return f(items);
        }
        let rest = items.split_off(items.len() / 2);
        let (mut made, more) = self.both(|| f(items), || f(rest));
        made.extend(more);
        made
    }

    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.get() {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
