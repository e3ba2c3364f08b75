//! Two histories of one program that are worked out at the same time, each on a thread: what comes out alike in both is
//! worked out by one of them.
//!
//! They differ in what is negated and counted only, so a stratum that neither wants anything absent nor counts, and reads no
//! other that does, is common. Each history takes the strata that it can work out by now in an order of its own, so that
//! both are busy to the end: the one that has less to do alone begins with common ones.

use super::case::Case;
use super::dayset::DaySet;
use super::facts::Fact;
use super::history::{History, Kept, Part};
use super::meter::Meter;
use super::settled::each_read;
use crate::analysis::checked::{LiteralKind, RelationId};
use crate::engine::StopReason;
use crate::evidence::ClaimId;
use parking_lot::{Condvar, Mutex};
use rustc_hash::{FxHashMap, FxHashSet};

/// What two histories share.
#[derive(Default)]
pub struct Beside {
    /// By the first relation of a common stratum.
    strata: Mutex<FxHashMap<RelationId, Progress>>,
    changed: Condvar,
}

enum Progress {
    Begun,
    Done(Vec<Kept>),
}

enum Turn<'b> {
    Mine(Duty<'b>),
    Others,
    Known(Vec<Kept>),
}

/// To work a stratum out for both. Dropped before that is done, the other one may.
struct Duty<'b> {
    beside: &'b Beside,
    stratum: RelationId,
}

impl Beside {
    fn turn(&self, stratum: RelationId) -> Turn<'_> {
        let mut strata = self.strata.lock();
        match strata.get(&stratum) {
            Some(Progress::Begun) => Turn::Others,
            Some(Progress::Done(kept)) => Turn::Known(kept.clone()),
            None => {
                strata.insert(stratum, Progress::Begun);
                Turn::Mine(Duty {
                    beside: self,
                    stratum,
                })
            }
        }
    }

    /// Until the other history is no longer at a stratum.
    fn wait(&self, stratum: RelationId) {
        let mut strata = self.strata.lock();
        while matches!(strata.get(&stratum), Some(Progress::Begun)) {
            self.changed.wait(&mut strata);
        }
    }
}

impl Duty<'_> {
    fn done(&self, kept: Vec<Kept>) {
        let mut strata = self.beside.strata.lock();
        strata.insert(self.stratum, Progress::Done(kept));
    }
}

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        let mut strata = self.beside.strata.lock();
        if matches!(strata.get(&self.stratum), Some(Progress::Begun)) {
            strata.remove(&self.stratum);
        }
        drop(strata);
        self.beside.changed.notify_all();
    }
}

impl<'a> History<'a> {
    /// The same as [`filled`](History::filled), beside another history of the same facts on the same days.
    pub(super) fn filled_beside(
        mut self,
        beside: &Beside,
        wanted: &[RelationId],
        given: &FxHashSet<Fact>,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        meter: &Meter,
    ) -> Result<Option<History<'a>>, StopReason> {
        let Some((changing, told)) = self.begin(None, wanted, days_of) else {
            return Ok(None);
        };
        let mut apart: FxHashSet<RelationId> = FxHashSet::default();
        let mut open: Vec<(Part, bool)> = Vec::new();
        for part in self.strata(&changing) {
            let is_common = self.case.only_adds(&part, &changing) && part.reads.is_disjoint(&apart);
            if !is_common {
                apart.extend(&part.relations);
            }
            open.push((part, is_common));
        }
        let mut missing = changing;
        while !open.is_empty() {
            let own = |part: &Part, read: &RelationId| part.relations.contains(read);
            let can = |(part, _): &&(Part, bool)| {
                let mut reads = part.reads.iter();
                reads.all(|read| !missing.contains(read) || own(part, read))
            };
            let can: Vec<usize> = (0..open.len()).filter(|&at| can(&&open[at])).collect();
            let (common, alone): (Vec<usize>, Vec<usize>) =
                can.into_iter().partition(|&at| open[at].1);
            let in_turn = match self.as_now {
                true => [common, alone],
                false => [alone, common],
            };
            let mut others = None;
            let mut next = None;
            for at in in_turn.into_iter().flatten() {
                let (part, is_common) = &open[at];
                let turn = is_common.then(|| beside.turn(part.relations[0]));
                match turn {
                    Some(Turn::Others) => others = others.or(Some(part.relations[0])),
                    turn => {
                        next = Some((at, turn));
                        break;
                    }
                }
            }
            let Some((at, turn)) = next else {
                // The first that is open reads nothing that is.
                let Some(stratum) = others else { break };
                beside.wait(stratum);
                continue;
            };
            let (part, _) = open.remove(at);
            match turn {
                Some(Turn::Known(kept)) => {
                    for (&relation, kept) in part.relations.iter().zip(&kept) {
                        self.take_over(relation, kept);
                    }
                }
                turn => {
                    self.work_out(&part, &told, given, days_of, meter);
                    meter.finish(())?;
                    if let Some(Turn::Mine(duty)) = turn {
                        let kept = part.relations.iter().map(|id| self.tables[id].kept());
                        duty.done(kept.collect());
                    }
                }
            }
            part.relations.iter().for_each(|id| {
                missing.remove(id);
            });
        }
        Ok(Some(self))
    }
}

impl Case<'_> {
    /// Whether rules want nothing absent, and count nothing, of what is not the same every day.
    fn only_adds(&self, part: &Part, changing: &FxHashSet<RelationId>) -> bool {
        let bodies = part.rules.iter().map(|&rule| &self.program[rule].body);
        bodies.flatten().all(|literal| match &literal.kind {
            LiteralKind::Negated(atom) => !changing.contains(&atom.relation),
            LiteralKind::Aggregate(aggregate) => {
                let mut counts = false;
                each_read(&aggregate.body, &mut |read| {
                    counts |= changing.contains(&read)
                });
                !counts
            }
            _ => true,
        })
    }
}
