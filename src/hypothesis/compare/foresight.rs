//! How a contender stands with many changes, worked out together: each is a case of one history.

use super::contender::{Contender, Depth, Known, Tried};
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;
use crate::explain::{
    Case, Change, Dates, DaySet, Fact, Meter, Past, Presence, Reading, most_changes,
};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};

/// A change to be worked out.
#[derive(Clone)]
pub(super) struct Foreseen {
    pub withdrawn: FxHashSet<ClaimId>,
    pub found: Vec<Fact>,
    pub depth: Depth,
}

/// Below so many changes each of them is tried by itself, where it can be.
const FEW: usize = 8;
/// Trying one change takes about as long as going through so many rows once, and through so many for each claim.
const ROWS_OF_A_TRIAL: usize = 256;
const ROWS_OF_A_CLAIM: usize = 64;
impl<E> Contender<'_, E> {
    /// Works out how it stands with these changes, and remembers it. What cannot be told like this is left to be tried.
    pub(super) fn foresee(&self, changes: &[Foreseen], meter: &Meter, budget: &Budget) {
        if !self.foresees {
            return;
        }
        let mut seen: FxHashSet<Tried> = FxHashSet::default();
        let mut open: Vec<(Tried, Depth)> = Vec::new();
        for change in changes {
            let told = self.told((&change.withdrawn, &change.found));
            let is_tried = self.trial.is_some();
            let falls = |&id: &ClaimId| self.falls(id, &change.withdrawn);
            let is_clear = told.0.is_empty() && told.1.is_empty()
                || is_tried && told.1.is_empty() && !told.0.iter().any(falls);
            let is_open = !is_clear
                && self.known(&told, change.depth).is_none()
                && !self.states_twice(&told.0);
            if is_open && seen.insert(told.clone()) {
                open.push((told, change.depth));
            }
        }
        let rows = || -> usize {
            let relations = self.program.relations().map(|(id, _)| id);
            let followed = relations.filter(|id| self.followed[id.index()]);
            followed.map(|id| self.facts.len(id)).sum()
        };
        let trials = || -> usize {
            let claims = open.iter().map(|((ids, _), _)| ids.len());
            claims
                .map(|ids| ROWS_OF_A_TRIAL + ids * ROWS_OF_A_CLAIM)
                .sum()
        };
        let is_worth_it = match self.trial {
            Some(_) => open.len() >= FEW && rows() <= trials(),
            None => !open.is_empty(),
        };
        if !is_worth_it {
            return;
        }
        let most = most_changes(rows(), self.dates.as_ref());
        for batch in open.chunks(most) {
            if let Err(reason) = self.foresee_cases(batch, meter, budget) {
                meter.stop(reason);
                return;
            }
        }
    }

    fn foresee_cases(
        &self,
        changes: &[(Tried, Depth)],
        meter: &Meter,
        budget: &Budget,
    ) -> Result<(), StopReason> {
        let case = self.case();
        let dates = match &self.dates {
            None => None,
            Some(dates) => match self.days_as_it_is(&case, dates, meter)? {
                Some(past) => Some((dates, past)),
                None => return Ok(()),
            },
        };
        let claims_and_facts: Vec<Change> = changes
            .iter()
            .map(|((ids, facts), _)| (&ids[..], &facts[..]))
            .collect();
        let Some(presence) = case.after_each(&claims_and_facts, &self.asked, dates, meter)? else {
            return Ok(());
        };
        let violated = self.violated_in(&presence, changes.len(), meter)?;
        let mut met = DaySet::all((changes.len() + 1).next_multiple_of(64));
        for goal in &self.goals {
            met.keep(&presence.met(goal.relation, &goal.pattern));
        }
        let (more, fewer) = presence.otherwise(&|id| self.behind_goals[id.index()]);
        let mut stands = Vec::new();
        for (case, ((change, depth), violated)) in changes.iter().zip(violated).enumerate() {
            // Where something falls because it never holds at one time, its lineage does not tell.
            let is_as_said =
                !more.contains(case) && (self.dates.is_none() || !fewer.contains(case));
            let (ids, found) = change;
            let withdrawn: FxHashSet<ClaimId> = ids.iter().copied().collect();
            let known = match depth {
                _ if is_as_said => self.by_lineage(&withdrawn, violated),
                Depth::Outcome => Known {
                    holds: met.contains(case),
                    strength: None,
                    violated,
                },
                Depth::Strength if meter.stopped().is_none() => {
                    let gone = self.falling(&withdrawn);
                    let facts = presence.in_case(case, &gone);
                    self.stand_in(&facts, &withdrawn, found, violated, budget)
                        .into()
                }
                Depth::Strength => break,
            };
            stands.push((change.clone(), known));
        }
        self.stands.lock().extend(stands);
        Ok(())
    }

    /// On which days everything holds in its world; `None`: that is not known.
    fn days_as_it_is<'a>(
        &'a self,
        case: &Case,
        dates: &'a Dates,
        meter: &Meter,
    ) -> Result<Option<&'a Past>, StopReason> {
        if dates.past.is_some() {
            return Ok(dates.past);
        }
        if self.past.get().is_none() {
            let days = dates.days.count();
            let reading = Reading::Cases(dates.days);
            let history =
                case.history(&self.asked, reading, days, &*dates.within, &meter.rest())?;
            let _ = self.past.set(history.map(|history| history.past()));
        }
        Ok(self.past.get().and_then(Option::as_ref))
    }

    /// By case, of so many: how many ways there are to violate a constraint that the case at hand does not have.
    fn violated_in(
        &self,
        presence: &Presence,
        cases: usize,
        meter: &Meter,
    ) -> Result<Vec<usize>, StopReason> {
        let mut violated = vec![0; cases];
        for &rule in self.program.constraints() {
            if !presence.reaches(rule) {
                let always = self.broken.iter().filter(|way| way.0 == rule).count();
                violated.iter_mut().for_each(|count| *count += always);
                continue;
            }
            let columns = self.known_columns.get(&rule);
            let mut ways: FxHashMap<Vec<Option<Code>>, DaySet> = FxHashMap::default();
            let is_broken = self.broken.iter().any(|way| way.0 == rule);
            presence.solutions(rule, is_broken, meter, &mut |values, days| {
                let row = columns.and_then(|columns| {
                    let codes = columns.iter().map(|var| values[var.index()]);
                    codes.collect::<Option<Vec<Code>>>()
                });
                if row.is_some_and(|row| self.known.contains(&(rule, row))) {
                    return;
                }
                match ways.get_mut(values) {
                    Some(known) => {
                        known.add(days);
                    }
                    None => {
                        ways.insert(values.to_vec(), days.clone());
                    }
                }
            });
            meter.finish(())?;
            for days in ways.values() {
                for (case, count) in violated.iter_mut().enumerate() {
                    *count += usize::from(days.contains(case));
                }
            }
        }
        Ok(violated)
    }
}
