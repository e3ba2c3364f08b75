//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell expects of a program that Ctrl-C ended: 128 + SIGINT.
pub const INTERRUPTED: u8 = 130;

/// Ctrl-C asks the work at hand to stop. A second one ends the process, for work that does not look; a prompt, which
/// must not be lost to an impatient finger, [withstands](Interrupt::withstand) it.
#[derive(Clone)]
pub struct Interrupt {
    cancel: Arc<AtomicBool>,
    withstands: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes over Ctrl-C for this process.
    pub fn install() -> Interrupt {
        let interrupt = Interrupt {
            cancel: Arc::default(),
            withstands: Arc::default(),
        };
        let seen = interrupt.clone();
        // Fails only when a handler is installed already; then that one decides.
        let _ = ctrlc::set_handler(move || {
            let again = seen.cancel.swap(true, Ordering::SeqCst);
            if again && !seen.withstands.load(Ordering::SeqCst) {
                std::process::exit(INTERRUPTED.into());
            }
        });
        interrupt
    }

    /// Set by Ctrl-C; budgets look at it.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.cancel.clone()
    }

    /// New work begins.
    pub fn reset(&self) {
        self.cancel.store(false, Ordering::SeqCst);
    }

    /// From now on no number of Ctrl-C ends the process.
    pub fn withstand(&self) {
        self.withstands.store(true, Ordering::SeqCst);
    }
}
