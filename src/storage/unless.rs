//! Long work that may be given up.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether what is under way is to be given up. Asked from time to time, by any thread.
pub type Halts<'a> = dyn Fn() -> bool + Sync + 'a;

/// Remembers that work was given up: whoever goes on from it must know, whatever is answered the next time.
pub(super) struct Halted<'a> {
    halts: &'a Halts<'a>,
    halted: AtomicBool,
}

impl<'a> Halted<'a> {
    pub fn by(halts: &'a Halts<'a>) -> Halted<'a> {
        Halted {
            halts,
            halted: AtomicBool::new(false),
        }
    }

    /// Asks anew.
    pub fn now(&self) -> bool {
        if (self.halts)() {
            self.halted.store(true, Relaxed);
        }
        self.so_far()
    }

    /// Whether some thread gave up.
    pub fn so_far(&self) -> bool {
        self.halted.load(Relaxed)
    }
}
