//! Several contenders asked at a time.

use super::contender::Contender;
use crate::explain::Meter;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Asks something of every contender, several at a time; the answers in their order.
pub(super) fn each<E, T: Send>(
    contenders: &[Contender<E>],
    threads: usize,
    meter: &Meter,
    ask: impl Fn(&Contender<E>, &Meter) -> T + Sync,
) -> Vec<T> {
    let threads = threads.min(contenders.len());
    if threads < 2 {
        return contenders.iter().map(|one| ask(one, meter)).collect();
    }
    let budget = meter.rest();
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, T)>> = Mutex::default();
    let work = || {
        let meter = Meter::new(&budget);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(contender) = contenders.get(at) else {
                return meter.stopped();
            };
            let answer = ask(contender, &meter);
            answers.lock().push((at, answer));
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
    let mut answers = answers.into_inner();
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
