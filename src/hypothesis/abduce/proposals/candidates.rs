//! What a search proposes: sets, of which those that nothing can be added to are tried while it goes on.
//!
//! They are tried on another thread where there is one. What comes of it is the same: by the time it is known that there
//! is enough the search has gone on for a while in the dark, and what it proposed meanwhile is forgotten.

use super::super::attempts::{Attempt, Seen, attempt, seen};
use super::super::labels::Label;
use super::super::search::Goal;
use crate::engine::{Budget, Database, StopReason};
use crate::explain::{Fact, Meter};
use crate::hypothesis::Trial;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

/// What a try said of a set, and the rows it looked at.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    pub achieves: bool,
    pub work: u64,
}

impl Verdict {
    /// Nothing speaks against it.
    pub(super) const UNTRIED: Verdict = Verdict {
        achieves: true,
        work: 0,
    };
}

enum Candidate {
    Judged(Label, Verdict),
    /// The next one that is tried beside the search.
    Sent(Label),
}

/// A moment at which it was asked whether there is enough.
struct Mark {
    candidates: usize,
    /// Candidates sent off by then, and others that achieve the aim.
    sent: usize,
    achieving: usize,
    rows: u64,
    considered: usize,
}

/// In the order in which they were come to.
#[derive(Default)]
pub(super) struct Candidates {
    all: Vec<Candidate>,
    /// Of these, sent off; judged and achieving the aim.
    sent: usize,
    achieving: usize,
    /// By number of candidates, the first of each.
    marks: Vec<Mark>,
}

/// What is known so far of the sets that are tried.
#[derive(Default)]
pub(super) struct Tally {
    /// Of those that were sent off: tried, and achieving the aim.
    tried: AtomicUsize,
    achieving: AtomicUsize,
    work: AtomicU64,
}

impl Tally {
    /// Of a set that was sent off.
    fn count(&self, verdict: Verdict) {
        self.spend(verdict.work);
        self.tried.fetch_add(1, Ordering::Release);
        let achieves = usize::from(verdict.achieves);
        self.achieving.fetch_add(achieves, Ordering::Release);
    }

    pub(super) fn spend(&self, work: u64) {
        self.work.fetch_add(work, Ordering::Relaxed);
    }

    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }
}

/// What all candidates came to.
pub(super) struct Settled {
    /// Those that do, or may with more.
    pub labels: Vec<Label>,
    /// Rows that the search and the tries looked at.
    pub rows: u64,
    /// How many facts had been considered when there was enough; `None`: there never was.
    pub considered: Option<usize>,
}

impl Candidates {
    pub(super) fn judged(&mut self, label: Label, verdict: Verdict) {
        self.achieving += usize::from(verdict.achieves);
        self.all.push(Candidate::Judged(label, verdict));
    }

    pub(super) fn sent(&mut self, label: Label) {
        self.sent += 1;
        self.all.push(Candidate::Sent(label));
    }

    /// Notes that the search, with so many rows and facts behind it, asks whether there is enough.
    pub(super) fn mark(&mut self, rows: u64, considered: usize) {
        let candidates = self.all.len();
        let is_known = |mark: &Mark| mark.candidates == candidates;
        if !self.marks.last().is_some_and(is_known) {
            self.marks.push(Mark {
                candidates,
                sent: self.sent,
                achieving: self.achieving,
                rows,
                considered,
            });
        }
    }

    /// Whether there was enough when it was last asked, as far as is known by now.
    pub(super) fn had_enough(&self, tally: &Tally, enough: usize) -> bool {
        let Some(mark) = self.marks.last() else {
            return false;
        };
        // In this order: what is counted as achieving has been counted as tried.
        let achieving = mark.achieving + tally.achieving.load(Ordering::Acquire);
        achieving >= enough && tally.tried.load(Ordering::Acquire) <= mark.sent
    }

    /// `sent`: what came of those that were tried beside, in their order. `judge`: of one that was not; `None`: that was
    /// stopped.
    pub(super) fn settle(
        self,
        sent: &[Verdict],
        mut judge: impl FnMut(&Label) -> Option<Verdict>,
        enough: usize,
        rows: u64,
    ) -> Settled {
        let mut sent = sent.iter().copied();
        let mut marks = self.marks.into_iter().peekable();
        let mut settled = Settled {
            labels: Vec::new(),
            rows,
            considered: None,
        };
        let mut work = 0;
        let mut candidates = self.all.into_iter();
        for before in 0.. {
            if let Some(mark) = marks.next_if(|mark| mark.candidates == before)
                && settled.labels.len() >= enough
            {
                settled.considered = Some(mark.considered);
                settled.rows = mark.rows;
                break;
            }
            let judged = match candidates.next() {
                Some(Candidate::Judged(label, verdict)) => Some((label, verdict)),
                Some(Candidate::Sent(label)) => {
                    let verdict = sent.next().or_else(|| judge(&label));
                    verdict.map(|verdict| (label, verdict))
                }
                None => None,
            };
            let Some((label, verdict)) = judged else {
                break;
            };
            work += verdict.work;
            if verdict.achieves {
                settled.labels.push(label);
            }
        }
        settled.rows += work;
        settled
    }
}

/// Sets that a search may be ahead of who tries them.
pub(super) const AHEAD: usize = 64;

/// What is tried beside a search.
pub(super) struct Beside<'a> {
    pub goal: &'a Goal,
    /// By relation: the goal depends on it.
    pub behind: &'a Arc<[bool]>,
    /// Sets that may be tried whole when there is nothing else to do.
    pub whole: usize,
    /// So many that achieve the goal are enough.
    pub enough: usize,
    /// For finding out which of them achieve the goal.
    pub budget: Budget,
    pub tally: &'a Tally,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Tried {
    pub verdicts: Vec<Verdict>,
    pub seen: Vec<(Vec<Fact>, Attempt<Seen>)>,
    pub stopped: Option<StopReason>,
}

impl Beside<'_> {
    /// Tries sets until there are enough or no more come.
    pub(super) fn run(self, fork: &Mutex<Trial>, sets: &Receiver<Vec<Fact>>) -> Tried {
        let mut trial = fork.lock();
        let meter = Meter::new(&self.budget);
        let spare = Meter::new(&Budget {
            rows: None,
            ..self.budget.clone()
        });
        let mut tried = Tried::default();
        let mut open: VecDeque<Vec<Fact>> = VecDeque::new();
        let mut whole = self.whole;
        let holds = |database: &Database| database.has(self.goal.relation, &self.goal.pattern);
        while meter.stopped().is_none()
            && self.tally.achieving.load(Ordering::Relaxed) < self.enough
        {
            let next = match open.is_empty() {
                true => sets.recv().map_err(|_| TryRecvError::Disconnected),
                false => sets.try_recv(),
            };
            match next {
                Ok(set) => {
                    let verdict = verdict(&mut trial, &set, self.behind, &meter, holds);
                    self.tally.count(verdict);
                    tried.verdicts.push(verdict);
                    if verdict.achieves && whole > 0 {
                        whole -= 1;
                        open.push_back(set);
                    }
                }
                Err(TryRecvError::Empty) => {
                    if let Some(set) = open.pop_front() {
                        let look = |database: &_, outcome| seen(database, outcome, self.goal);
                        let attempt = attempt(&mut trial, &set, None, &spare, look);
                        tried.seen.push((set, attempt));
                    }
                }
                Err(TryRecvError::Disconnected) => break,
            }
        }
        tried.stopped = meter.stopped();
        tried
    }
}

/// Whether assuming some facts is enough. Where only a run has to tell: let it be tried.
pub(super) fn verdict(
    trial: &mut Trial,
    set: &[Fact],
    behind: &Arc<[bool]>,
    meter: &Meter,
    achieves: impl FnOnce(&Database) -> bool,
) -> Verdict {
    let look = |database: &Database, _| achieves(database);
    let attempt = attempt(trial, set, Some(behind), meter, look);
    Verdict {
        achieves: !matches!(attempt.found, Some(Ok(false))),
        work: attempt.work,
    }
}

/// Where sets are tried.
pub(super) enum Jury {
    /// Here and now, if the case can be changed.
    Here(Option<Box<Trial>>),
    Beside(SyncSender<Vec<Fact>>),
}
