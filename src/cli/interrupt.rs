//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell expects of a program that Ctrl-C ended: 128 + SIGINT.
pub const INTERRUPTED: u8 = 130;

/// The flag that Ctrl-C sets. With `twice_ends`, a second Ctrl-C while it is set ends the process, for work that does
/// not look at the flag.
pub fn cancel_on_interrupt(twice_ends: bool) -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = cancel.clone();
    // Fails only when a handler is installed already; then that one decides.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) && twice_ends {
            std::process::exit(INTERRUPTED.into());
        }
    });
    cancel
}
