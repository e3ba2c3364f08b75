//! Threads of a pool that stand by for a while before they sleep.
//!
//! To wake a thread that sleeps takes longer than many rules of a round do. So while rounds have work to share, the other
//! threads keep looking for it, and sleep only when there was none for some time.

use rayon::{ThreadPool, Yield};
use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long a thread looks in vain before it sleeps.
const PATIENCE: Duration = Duration::from_micros(if cfg!(test) { 5 } else { 150 });
/// Pauses between two looks.
const PAUSES: usize = 16;

/// Called by one thread of the pool; the others stand by.
pub struct Standby<'p> {
    pool: &'p ThreadPool,
    post: Arc<Post>,
}

struct Post {
    /// The thread that calls: it has better things to do.
    caller: Option<usize>,
    /// Threads that were called and do not sleep again.
    awake: AtomicUsize,
    over: AtomicBool,
}

thread_local! {
    static STANDS_BY: Cell<bool> = const { Cell::new(false) };
}

impl<'p> Standby<'p> {
    /// To be called by the thread that will call the others.
    pub fn new(pool: &'p ThreadPool) -> Standby<'p> {
        Standby {
            pool,
            post: Arc::new(Post {
                caller: pool.current_thread_index(),
                awake: AtomicUsize::new(0),
                over: AtomicBool::new(false),
            }),
        }
    }

    /// Whether others are awake, so that to share work with them costs next to nothing.
    pub fn is_manned(&self) -> bool {
        self.post.awake.load(Relaxed) > 0
    }

    /// There will be work. Those that sleep are woken.
    pub fn call(&self) {
        if self.post.caller.is_none() {
            return;
        }
        let missing =
            (self.pool.current_num_threads() - 1).saturating_sub(self.post.awake.load(Relaxed));
        for _ in 0..missing {
            let post = self.post.clone();
            post.awake.fetch_add(1, Relaxed);
            self.pool.spawn(move || {
                if self_stands_by(&post) {
                    stand_by(&post);
                    STANDS_BY.set(false);
                }
                post.awake.fetch_sub(1, Relaxed);
            });
        }
    }
}

impl Drop for Standby<'_> {
    fn drop(&mut self) {
        self.post.over.store(true, Relaxed);
    }
}

/// Whether this thread is one to stand by, and does not yet.
fn self_stands_by(post: &Post) -> bool {
    rayon::current_thread_index() != post.caller && !STANDS_BY.replace(true)
}

fn stand_by(post: &Post) {
    let mut since = Instant::now();
    while !post.over.load(Relaxed) {
        if rayon::yield_now() == Some(Yield::Executed) {
            since = Instant::now();
        } else if since.elapsed() > PATIENCE {
            break;
        }
        (0..PAUSES).for_each(|_| spin_loop());
    }
}
