//! A line on the terminal that says how far long work is.

use super::units::{show_bytes, show_count};
use crate::session::{Observer, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use std::path::Path;
use std::time::{Duration, Instant};

/// Short work shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);
/// Nobody reads faster.
const INTERVAL: Duration = Duration::from_millis(100);

/// Draws on standard error. Callers make one only where that is a terminal.
pub struct Progress {
    bar: ProgressBar,
    /// When the current work began and when something was shown last; `None` between works.
    times: Mutex<Option<(Instant, Instant)>>,
}

impl Progress {
    pub fn on_stderr() -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Progress {
            bar,
            times: Mutex::new(None),
        }
    }

    fn say(&self, message: impl FnOnce() -> String) {
        let now = Instant::now();
        let mut times = self.times.lock();
        let (since, shown) = times.get_or_insert((now, now));
        if now.duration_since(*since) < PATIENCE || now.duration_since(*shown) < INTERVAL {
            return;
        }
        *shown = now;
        if self.bar.is_hidden() {
            self.bar.reset();
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(message());
    }
}

impl Observer for Progress {
    fn round(&self, stratum: usize, strata: usize, round: u32, rows: u64) {
        self.say(|| {
            format!(
                "deriving: stratum {} of {strata}, round {round}, {} rows",
                stratum + 1,
                show_count(rows)
            )
        });
    }

    fn answering(&self, rows: u64) {
        self.say(|| format!("answering: {} rows", show_count(rows)));
    }
}

impl Watch for Progress {
    fn reading(&self, file: &Path, done: u64, total: u64) {
        self.say(|| {
            let file = file.display();
            match total {
                0 => format!("reading {file}: {}", show_bytes(done)),
                _ => format!(
                    "reading {file}: {} of {} ({}%)",
                    show_bytes(done),
                    show_bytes(total),
                    done * 100 / total
                ),
            }
        });
    }

    fn finished(&self) {
        *self.times.lock() = None;
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}
