//! Changes tried on several contenders at a time, before one asks how they come out.

use super::contender::Contender;
use crate::explain::Meter;
use std::thread;

/// Below so many changes it is not worth a thread.
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
    let threads = threads.min(contenders.len());
    if threads < 2 || changes < FEW {
        contenders.iter().for_each(|one| foresee(one, meter));
        return;
    }
    let budget = meter.rest();
    let work = |first: usize| {
        let meter = Meter::new(&budget);
        for contender in contenders.iter().skip(first).step_by(threads) {
            foresee(contender, &meter);
            for at in 0..changes {
                if meter.stopped().is_some() {
                    break;
                }
                try_one(contender, at, &meter);
            }
        }
        meter.stopped()
    };
    let work = &work;
    let stopped = thread::scope(|scope| {
        // Where the system refuses a thread, nothing is tried ahead.
        let spawn = |first| thread::Builder::new().spawn_scoped(scope, move || work(first));
        let others: Vec<_> = (1..threads).filter_map(|first| spawn(first).ok()).collect();
        let own = work(0);
        let others = others.into_iter().filter_map(|other| other.join().ok());
        others.chain([own]).flatten().next()
    });
    if let Some(reason) = stopped {
        meter.stop(reason);
    }
}
