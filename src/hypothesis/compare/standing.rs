//! How a contender stands when something is withdrawn or found.

use super::super::trial::Untried;
use super::basis::{Basis, Rested};
use super::contender::{Contender, Stand, Tried};
use crate::engine::{Budget, Database};
use crate::evidence::{ClaimId, Stance};
use crate::explain::{Fact, Facts, Meter};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// How a contender stands with a change, as far as somebody asked.
#[derive(Clone)]
pub(super) struct Known {
    pub holds: bool,
    pub violated: usize,
    /// `None`: nobody asked.
    pub ground: Option<Ground>,
    /// Facts of [rejected claims](Contender::rejected) that do not hold, by number. `None`: the same as without a change.
    pub absent: Option<Arc<[usize]>>,
}

/// In short.
#[derive(Clone, Copy)]
pub(super) struct Outlook {
    pub holds: bool,
    /// The known world, when the goals rest on what is left of what they rest on there.
    pub basis: Option<usize>,
}

impl Known {
    pub fn outlook(&self) -> Outlook {
        Outlook {
            holds: self.holds,
            basis: match self.ground {
                Some(Ground::Basis(at)) => Some(at),
                Some(Ground::Alone(_)) | None => None,
            },
        }
    }
}

/// Where to see what the goals rest on with a change.
#[derive(Clone)]
pub(super) enum Ground {
    /// In one of the known worlds, when the claims of the change are left out.
    Basis(usize),
    Alone(Arc<Rested>),
}

/// How much to find out of a contender under a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Whether it holds, and what it violates.
    Outcome,
    /// What it rests on too, if it holds.
    Support,
    /// If it does not, also what keeps it from that: what a table is made of.
    Table,
}

/// Rejected claims of one contender that are looked at.
const MOST_REJECTED: usize = 256;

impl<E> Contender<'_, E> {
    /// As it is.
    pub fn stand(&self, budget: &Budget) -> Stand {
        let (stand, _) = self.standing(
            &self.as_it_is(),
            &Ground::Basis(0),
            &Tried::default(),
            budget,
        );
        stand
    }

    pub fn holds(&self) -> bool {
        self.goals.iter().all(|goal| goal.is_met(self.facts))
    }

    /// A change without what makes no difference: claims that do not stand, facts that are there whatever is withdrawn,
    /// or that it says are not so.
    pub(super) fn told(&self, withdrawn: &[ClaimId], found: &[Fact]) -> Tried {
        let stands = |claim: &ClaimId| self.claims.stands(*claim);
        let mut ids: Vec<ClaimId> = withdrawn.iter().copied().filter(stands).collect();
        ids.sort_unstable();
        ids.dedup();
        let is_there = |fact: &Fact| {
            self.given.contains(fact)
                || ids.is_empty() && self.facts.contains(fact.relation, &fact.row)
        };
        let told = found.iter().filter(|fact| !self.denies(fact));
        let mut found: Vec<Fact> = told.filter(|fact| !is_there(fact)).cloned().collect();
        found.sort();
        found.dedup();
        (ids, found)
    }

    /// What one asks about it besides, to know which of these would count against it with a change.
    pub(super) fn returns(&self, withdrawn: &[ClaimId], found: &[Fact]) -> Vec<Tried> {
        let change = self.told(withdrawn, found);
        let left = self.rejected().into_iter();
        let left = left.filter(|(id, _)| withdrawn.binary_search(id).is_err());
        left.map(|(_, fact)| with_fact(&change, fact)).collect()
    }

    /// Claims that it takes to be false and what they would state, in a fixed order.
    pub(super) fn rejected(&self) -> Vec<(ClaimId, Fact)> {
        let rejected = self.rejects.iter().take(MOST_REJECTED);
        rejected
            .filter_map(|&id| {
                let claim = self.claims.get(id);
                let fact = Fact::new(claim.relation, claim.row);
                (claim.stance != Stance::Disputes).then_some((id, fact))
            })
            .collect()
    }

    /// How it stands with a change, where that was found out before.
    pub(super) fn known(&self, change: &Tried, depth: Depth) -> Option<Known> {
        if change.0.is_empty() && change.1.is_empty() {
            return Some(self.as_it_is());
        }
        let known = self.stands.lock().get(change).cloned();
        known.filter(|known| depth == Depth::Outcome || !known.holds || known.ground.is_some())
    }

    /// How it stands with a change. Exact.
    pub(super) fn outcome(
        &self,
        change: &Tried,
        depth: Depth,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Known, E> {
        if let Some(known) = self.known(change, depth) {
            return Ok(known);
        }
        match self.tried(change, depth >= Depth::Support, meter, budget)? {
            // The answer is not complete, and says so.
            None => Ok(self.as_it_is()),
            Some(known) => {
                self.stands.lock().insert(change.clone(), known.clone());
                Ok(known)
            }
        }
    }

    /// The same with all it rests on.
    pub(super) fn rested(
        &self,
        change: &Tried,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<(Stand, Arc<Rested>), E> {
        let known = self.outcome(change, Depth::Support, meter, budget)?;
        let known = match known.ground {
            Some(_) => known,
            None => {
                let known = self.tried(change, true, meter, budget)?;
                known
                    .inspect(|known| {
                        self.stands.lock().insert(change.clone(), known.clone());
                    })
                    .unwrap_or_else(|| self.as_it_is())
            }
        };
        let ground = known.ground.clone().unwrap_or(Ground::Basis(0));
        Ok(self.standing(&known, &ground, change, budget))
    }

    /// That of its weakest goal with a change; 0 when one does not hold.
    pub(super) fn strength(&self, known: &Known, change: &Tried) -> f64 {
        let strength = match &known.ground {
            _ if !known.holds => None,
            None => None,
            Some(Ground::Alone(rested)) => rested.strength,
            Some(Ground::Basis(at)) => self
                .basis(*at)
                .strength_without(&|claim| change.0.binary_search(&claim).is_ok()),
        };
        strength.unwrap_or(0.0)
    }

    fn standing(
        &self,
        known: &Known,
        ground: &Ground,
        change: &Tried,
        budget: &Budget,
    ) -> (Stand, Arc<Rested>) {
        let rested = match ground {
            Ground::Alone(rested) => rested.clone(),
            Ground::Basis(at) => {
                let gone = |claim: ClaimId| change.0.binary_search(&claim).is_ok();
                Arc::new(self.basis(*at).without(&gone, budget))
            }
        };
        let stand = Stand {
            holds: known.holds,
            strength: rested.strength.filter(|_| known.holds).unwrap_or(0.0),
            violated: known.violated,
        };
        (stand, rested)
    }

    pub(super) fn basis(&self, at: usize) -> Arc<Basis> {
        self.bases.lock()[at].clone()
    }

    pub(super) fn as_it_is(&self) -> Known {
        Known {
            holds: self.holds(),
            violated: self.broken.len(),
            ground: Some(Ground::Basis(0)),
            absent: None,
        }
    }

    /// Makes a change by itself; `None`: the meter stopped.
    fn tried(
        &self,
        change: &Tried,
        deep: bool,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Option<Known>, E> {
        let (ids, found) = change;
        let in_world = |database: &Database, violated: usize, is_as_said: bool| Known {
            holds: self.goals.iter().all(|goal| goal.is_met(database)),
            violated,
            ground: match is_as_said {
                true => Some(Ground::Basis(0)),
                false => deep.then(|| {
                    let basis = self.basis_in(database, change, budget);
                    Ground::Alone(Arc::new(basis.without(&|_| false, budget)))
                }),
            },
            absent: self.absent_in(database),
        };
        if let Some(trial) = &self.trial {
            let (comes, gone) = self.stated_otherwise(change);
            let mut trial = trial.lock();
            match trial.make_judged(&comes, &gone, &self.followed, meter) {
                Ok(outcome) => {
                    let is_behind = |fact: &Fact| self.behind_goals[fact.relation.index()];
                    let is_raised = self.states_twice(ids)
                        || found.iter().chain(&outcome.appeared).any(is_behind)
                        || outcome
                            .fell
                            .iter()
                            .any(|fact| self.sways[fact.relation.index()])
                        || !self.basis(0).is_within(change);
                    let violated = self.broken_after(&self.broken, &outcome).len();
                    let known = in_world(trial.database(), violated, !is_raised);
                    trial.take_back();
                    return Ok(Some(known));
                }
                Err(Untried::Stopped) => return Ok(None),
                Err(Untried::Faulted) => {}
            }
        }
        let (database, report) = (self.rerun)(ids, found)?;
        let violated = report.violations.iter().map(|one| one.rows.len()).sum();
        Ok(Some(in_world(&database, violated, false)))
    }

    /// Asks something of the facts of its world after a change; `None`: the meter stopped.
    pub(super) fn in_world<R>(
        &self,
        change: &Tried,
        meter: &Meter,
        ask: impl FnOnce(&dyn Facts) -> R,
    ) -> Result<Option<R>, E> {
        if change.0.is_empty() && change.1.is_empty() {
            return Ok(Some(ask(self.facts)));
        }
        if let Some(trial) = &self.trial {
            let (comes, gone) = self.stated_otherwise(change);
            let mut trial = trial.lock();
            match trial.make(&comes, &gone, Some(&self.followed), meter) {
                Ok(_) => {
                    let answer = ask(trial.database());
                    trial.take_back();
                    return Ok(Some(answer));
                }
                Err(Untried::Stopped) => return Ok(None),
                Err(Untried::Faulted) => {}
            }
        }
        let (database, _) = (self.rerun)(&change.0, &change.1)?;
        Ok(Some(ask(&database)))
    }

    /// Facts that are stated then and not now, and the other way round.
    fn stated_otherwise(&self, change: &Tried) -> (Vec<Fact>, Vec<Fact>) {
        let is_stated = |fact: &Fact| {
            self.given.contains(fact) || self.claims.holds(fact.relation, &fact.row, |_| true)
        };
        let comes = change.1.iter().filter(|fact| !is_stated(fact));
        (comes.cloned().collect(), self.no_longer_stated(change))
    }

    pub(super) fn no_longer_stated(&self, (ids, found): &Tried) -> Vec<Fact> {
        let mut gone = self.falling(ids);
        gone.retain(|fact| found.binary_search(fact).is_err());
        gone
    }

    pub(super) fn basis_in(&self, facts: &dyn Facts, change: &Tried, budget: &Budget) -> Basis {
        let (claims, assumed) = self.without(change);
        let case = self.case_of(facts, &claims, &assumed);
        Basis::of(&case, facts, &self.goals, change.clone(), budget)
    }

    pub(super) fn without(
        &self,
        (ids, found): &Tried,
    ) -> (crate::evidence::Claims, FxHashSet<Fact>) {
        let claims = self.claims.without(ids.iter().copied());
        let assumed = self.assumed.iter().chain(found).cloned();
        (claims, assumed.collect())
    }

    fn absent_in(&self, facts: &dyn Facts) -> Option<Arc<[usize]>> {
        let rejected = self.rejected();
        if rejected.is_empty() {
            return None;
        }
        let rejected = rejected.iter().enumerate();
        let absent = rejected.filter(|(_, (_, fact))| !facts.contains(fact.relation, &fact.row));
        Some(absent.map(|(at, _)| at).collect())
    }
}

/// A change with one more fact found.
pub(super) fn with_fact((ids, found): &Tried, fact: Fact) -> Tried {
    let mut found = found.clone();
    if let Err(place) = found.binary_search(&fact) {
        found.insert(place, fact);
    }
    (ids.clone(), found)
}
