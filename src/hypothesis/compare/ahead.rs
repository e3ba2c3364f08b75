//! Changes tried on several contenders at a time, before one asks how they come out.

use super::contender::Contender;
use crate::explain::Meter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Below so many changes it is not worth to try them ahead.
const FEW: usize = 8;

/// Has every contender foresee what it can of some changes, and tries what is left of them, by number: each contender
/// remembers how it stands then. What goes wrong is for the caller to find, who asks again.
pub(super) fn ahead<E>(
    contenders: &[Contender<E>],
    changes: usize,
    threads: usize,
    meter: &Meter,
    foresee: impl Fn(&Contender<E>, &Meter) + Sync,
    try_one: impl Fn(&Contender<E>, usize, &Meter) + Sync,
) {
    let tries = threads > 1 && contenders.len() > 1 && changes >= FEW;
    each(contenders, threads, meter, |_, contender, meter| {
        foresee(contender, meter);
        for at in 0..if tries { changes } else { 0 } {
            if meter.stopped().is_some() {
                break;
            }
            try_one(contender, at, meter);
        }
    });
}

/// Asks something of every contender, by number, several at a time.
pub(super) fn each<E>(
    contenders: &[Contender<E>],
    threads: usize,
    meter: &Meter,
    ask: impl Fn(usize, &Contender<E>, &Meter) + Sync,
) {
    let threads = threads.min(contenders.len());
    if threads < 2 {
        let numbered = contenders.iter().enumerate();
        numbered.for_each(|(at, contender)| ask(at, contender, meter));
        return;
    }
    let budget = meter.rest();
    let next = AtomicUsize::new(0);
    let work = || {
        let meter = Meter::new(&budget);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(contender) = contenders.get(at) else {
                return meter.stopped();
            };
            ask(at, contender, &meter);
        }
    };
    let stopped = thread::scope(|scope| {
        // Where the system refuses a thread, there are fewer.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let own = work();
        let others = others.into_iter().filter_map(|other| other.join().ok());
        others.chain([own]).flatten().next()
    });
    if let Some(reason) = stopped {
        meter.stop(reason);
    }
}
