//! One question asked of several things, several at a time.

use crate::explain::Meter;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Asks something of every item, as many at a time as there are places to work at; the answers in the order of the
/// items. Each place has a meter of its own, which says when time is up and counts from nothing.
pub(super) fn each<P: Sync, I: Sync, T: Send>(
    places: &[P],
    items: &[I],
    meter: &Meter,
    ask: impl Fn(&P, &I, &Meter) -> T + Sync,
) -> Vec<T> {
    let places = &places[..places.len().min(items.len())];
    let Some((own, others)) = places.split_first() else {
        return Vec::new();
    };
    let budget = meter.rest();
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, T)>> = Mutex::default();
    let work = |place: &P| {
        let meter = Meter::new(&budget);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return meter.stopped();
            };
            let answer = ask(place, item, &meter);
            answers.lock().push((at, answer));
        }
    };
    let work = &work;
    let stopped = thread::scope(|scope| {
        // Where the system refuses a thread, there are fewer.
        let spawn = |place| {
            let spawned = thread::Builder::new().spawn_scoped(scope, move || work(place));
            spawned.ok()
        };
        let others: Vec<_> = others.iter().filter_map(spawn).collect();
        let own = work(own);
        let others = others.into_iter().filter_map(|other| other.join().ok());
        others.chain([own]).flatten().next()
    });
    if let Some(reason) = stopped {
        meter.stop(reason);
    }
    let mut answers = answers.into_inner();
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
