//! How a contender stands with many changes, worked out together: each is a case of one history.

use super::basis::{Basis, Dated};
use super::contender::{Contender, Tried};
use super::obstacle::{MOST_OBSTACLES, Obstacle};
use super::standing::{Depth, Ground, Known};
use crate::analysis::checked::RelationId;
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;
use crate::explain::{
    Case, Change, Concluded, Dates, DaySet, Fact, Meter, Past, Presence, Reading, most_changes,
};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A change to be worked out.
#[derive(Clone)]
pub(super) struct Foreseen {
    pub change: Tried,
    pub depth: Depth,
}

/// Below so many changes each of them is tried by itself, where it can be.
const FEW: usize = 8;
/// Trying one change takes about as long as going through so many rows once, and through so many for each claim.
const ROWS_OF_A_TRIAL: usize = 256;
const ROWS_OF_A_CLAIM: usize = 64;
/// Known worlds that others are set against.
const MOST_BASES: usize = 256;

impl<E> Contender<'_, E> {
    /// Works out how it stands with these changes, and remembers it. What cannot be told like this is left to be tried.
    pub(super) fn foresee(&self, changes: &[Foreseen], meter: &Meter, budget: &Budget) {
        if !self.foresees {
            return;
        }
        let mut seen: FxHashMap<&Tried, Depth> = FxHashMap::default();
        for Foreseen { change, depth } in changes {
            if self.is_foreseen(change, *depth) || self.states_twice(&change.0) {
                continue;
            }
            let known = seen.entry(change).or_insert(*depth);
            *known = (*known).max(*depth);
        }
        let mut open: Vec<(&Tried, Depth)> = seen.into_iter().collect();
        // A world comes after those it differs less from.
        open.sort_by(|&((a, b), _), &((c, d), _)| {
            let size = (a.len() + b.len()).cmp(&(c.len() + d.len()));
            size.then_with(|| (a, b).cmp(&(c, d)))
        });
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
        let most = most.saturating_sub(MOST_BASES).max(most / 2).max(1);
        for batch in open.chunks(most) {
            if let Err(reason) = self.foresee_cases(batch, meter, budget) {
                meter.stop(reason);
                return;
            }
        }
    }

    /// Whether each of some withdrawals may have its goals stand otherwise than by leaving out what they rest on: cheaper than
    /// to know how they stand.
    pub(super) fn swayed_by(&self, withdrawals: &[Tried], meter: &Meter) -> Vec<bool> {
        let mut swayed = vec![true; withdrawals.len()];
        if !self.foresees {
            return swayed;
        }
        let goals: Vec<RelationId> = self.goals.iter().map(|goal| goal.relation).collect();
        let rows = self.case().cone(&goals).into_iter();
        let rows: usize = rows.map(|id| self.facts.len(id)).sum();
        let is_told = |one: &usize| !self.states_twice(&withdrawals[*one].0);
        let told: Vec<usize> = (0..withdrawals.len()).filter(is_told).collect();
        for batch in told.chunks(most_changes(rows, self.dates.as_ref())) {
            let changes: Vec<&Tried> = batch.iter().map(|&at| &withdrawals[at]).collect();
            match self.swayed_cases(&changes, &goals, meter) {
                Ok(Some(cases)) => {
                    let batch = batch.iter().enumerate();
                    batch.for_each(|(case, &at)| swayed[at] = cases.contains(case));
                }
                Ok(None) => break,
                Err(reason) => {
                    meter.stop(reason);
                    break;
                }
            }
        }
        swayed
    }

    fn swayed_cases(
        &self,
        changes: &[&Tried],
        goals: &[RelationId],
        meter: &Meter,
    ) -> Result<Option<DaySet>, StopReason> {
        let case = self.case();
        let Some(presence) = self.present(&case, changes, goals, meter)? else {
            return Ok(None);
        };
        let met = self.met_in(&presence, changes.len());
        let worlds = Worlds::of(self, &presence, changes, meter);
        meter.finish(())?;
        let as_it_is = worlds.known(0, self.basis(0), changes.len());
        let holds = self.holds();
        Ok(Some(DaySet::of(changes.len(), |case| {
            met.contains(case) != holds || holds && !as_it_is.tells(changes[case], case)
        })))
    }

    fn is_foreseen(&self, change: &Tried, depth: Depth) -> bool {
        let is_enough = |known: Known| {
            known.holds || depth < Depth::Table || self.blocking.lock().contains_key(change)
        };
        self.known(change, depth).is_some_and(is_enough)
    }

    fn foresee_cases(
        &self,
        changes: &[(&Tried, Depth)],
        meter: &Meter,
        budget: &Budget,
    ) -> Result<(), StopReason> {
        let case = self.case();
        // The known worlds come first, but for the one without a change, which comes last.
        let bases: Vec<(usize, Arc<Basis>)> = {
            let bases = self.bases.lock();
            let bases = bases.iter().cloned().enumerate().skip(1);
            bases.take(MOST_BASES.min(changes.len())).collect()
        };
        let of_bases = bases.iter().map(|(_, basis)| &basis.change);
        let all: Vec<&Tried> = of_bases
            .chain(changes.iter().map(|(change, _)| *change))
            .collect();
        let Some(presence) = self.present(&case, &all, &self.asked, meter)? else {
            return Ok(());
        };
        let violated = self.violated_in(&presence, all.len(), meter)?;
        let met = self.met_in(&presence, all.len());
        let worlds = Worlds::of(self, &presence, &all, meter);
        meter.finish(())?;
        let mut known_worlds = vec![worlds.known(0, self.basis(0), all.len())];
        for (case, (number, basis)) in bases.iter().enumerate() {
            known_worlds.push(worlds.known(*number, basis.clone(), case));
        }
        let rejected = self.rejected();
        let rejected = rejected.iter().map(|(_, fact)| presence.with(fact));
        let rejected: Vec<DaySet> = rejected.collect();
        let absent_in = |case: usize| -> Arc<[usize]> {
            let numbered = rejected.iter().enumerate();
            let absent = numbered.filter(|(_, cases)| !cases.contains(case));
            absent.map(|(at, _)| at).collect()
        };
        let as_it_is = absent_in(all.len());
        let mut stands = Vec::new();
        for (at, (change, depth)) in changes.iter().enumerate() {
            let case = bases.len() + at;
            let holds = met.contains(case);
            let mut found = known_worlds.iter().find(|world| world.tells(change, case));
            if found.is_none() && holds && *depth >= Depth::Support {
                if meter.stopped().is_some() {
                    break;
                }
                let basis = self.basis_foreseen(&presence, case, change, budget);
                let number = {
                    let mut bases = self.bases.lock();
                    bases.push(basis.clone());
                    bases.len() - 1
                };
                known_worlds.push(worlds.known(number, basis, case));
                found = known_worlds.last();
            }
            let absent = absent_in(case);
            let known = Known {
                holds,
                violated: violated[case],
                ground: found.map(|world| Ground::Basis(world.number)),
                absent: (absent != as_it_is).then_some(absent),
            };
            stands.push(((*change).clone(), known));
        }
        let fails = |(_, (_, known)): &(usize, &(Tried, Known))| !known.holds;
        let failing = stands.iter().enumerate().filter(fails);
        let failing = failing.filter(|(at, _)| changes[*at].1 == Depth::Table);
        let failing: Vec<(&Tried, usize)> = failing
            .map(|(at, (change, _))| (change, bases.len() + at))
            .collect();
        self.foresee_blocking(&failing, &presence, all.len(), meter, budget);
        self.stands.lock().extend(stands);
        Ok(())
    }

    /// What some relations hold after each of these changes; `None`: that cannot be told like this.
    fn present<'c>(
        &'c self,
        case: &'c Case<'c>,
        changes: &[&Tried],
        wanted: &[RelationId],
        meter: &Meter,
    ) -> Result<Option<Presence<'c>>, StopReason> {
        let dates = match &self.dates {
            None => None,
            Some(dates) => match self.days_as_it_is(case, dates, meter)? {
                Some(past) => Some((dates, past)),
                None => return Ok(None),
            },
        };
        let changes = changes.iter().map(|(ids, facts)| (&ids[..], &facts[..]));
        let changes: Vec<Change> = changes.collect();
        case.after_each(&changes, wanted, dates, meter)
    }

    /// The cases, of so many, in which all goals hold.
    fn met_in(&self, presence: &Presence, cases: usize) -> DaySet {
        let mut met = DaySet::all((cases + 1).next_multiple_of(64));
        for goal in &self.goals {
            met.keep(&presence.met(goal.relation, &goal.pattern));
        }
        met
    }

    /// Finds what keeps the goals from holding after these changes, each with its case; in `as_it_is` nothing is changed.
    fn foresee_blocking(
        &self,
        failing: &[(&Tried, usize)],
        presence: &Presence,
        as_it_is: usize,
        meter: &Meter,
        budget: &Budget,
    ) {
        if failing.is_empty() {
            return;
        }
        let program = self.program;
        let mut known: Vec<(Arc<Obstacle>, DaySet)> = {
            let obstacles = self.obstacles.lock();
            let with_cases = |one: &Arc<Obstacle>| {
                let same = one.same_in(presence, as_it_is, program);
                (one.clone(), same)
            };
            obstacles.iter().map(with_cases).collect()
        };
        for &(change, case) in failing {
            if meter.stopped().is_some() {
                return;
            }
            let mut alike = known.iter();
            let alike = alike.find(|(obstacle, same)| {
                same.contains(case) && obstacle.is_told_alike(change, self)
            });
            let claims = match alike {
                Some((obstacle, _)) => obstacle.claims.clone(),
                None => {
                    let gone = self.no_longer_stated(change);
                    let facts = presence.in_case(case, &gone);
                    let found = self.blocking_in(&facts, change, budget);
                    let found = Obstacle::found((change, case), found, presence, as_it_is, program);
                    let (obstacle, same) = (Arc::new(found.0), found.1);
                    let claims = obstacle.claims.clone();
                    let mut obstacles = self.obstacles.lock();
                    if obstacles.len() < MOST_OBSTACLES {
                        obstacles.push(obstacle.clone());
                        known.push((obstacle, same));
                    }
                    claims
                }
            };
            debug_assert!(self.is_found_alone(change, &claims, budget));
            self.blocking.lock().insert(change.clone(), claims);
        }
    }

    /// Whether the same keeps the goals from holding when a change is tried by itself, as far as that can be told.
    fn is_found_alone(&self, change: &Tried, claims: &[ClaimId], budget: &Budget) -> bool {
        let alone = self.in_world(change, &Meter::new(budget), |facts| {
            self.blocking_in(facts, change, budget).0
        });
        !matches!(alone, Ok(Some(found)) if found != claims)
    }

    fn basis_foreseen(
        &self,
        presence: &Presence,
        case: usize,
        change: &Tried,
        budget: &Budget,
    ) -> Arc<Basis> {
        let gone = self.no_longer_stated(change);
        let facts = presence.in_case(case, &gone);
        Arc::new(self.basis_in(&facts, change, budget))
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

/// Several worlds that were worked out together: how each comes from a change, in their order.
struct Worlds<'w, 'a, E> {
    contender: &'w Contender<'a, E>,
    presence: &'w Presence<'w>,
    all: &'w [&'w Tried],
    /// What rules that the goals depend on conclude from what is not the same in all of them.
    concluded: Vec<Concluded>,
}

/// A world of which is known what the goals rest on.
struct KnownWorld {
    number: usize,
    basis: Arc<Basis>,
    /// Worlds in which they may rest on something else, or not on something of it though all premises are there.
    otherwise: DaySet,
    /// Where conclusions have to hold at one time: what may fail to.
    dated: Option<Dated>,
}

impl KnownWorld {
    /// Whether what the goals rest on after a change, which leads to this case, is what is left of what they rest on here.
    fn tells(&self, change: &Tried, case: usize) -> bool {
        let gone = |claim: ClaimId| change.0.binary_search(&claim).is_ok();
        let is_as_dated = |dated: &Dated| self.basis.is_as_dated(&gone, dated, case);
        !self.otherwise.contains(case)
            && self.basis.is_within(change)
            && self.dated.as_ref().is_none_or(is_as_dated)
    }
}

impl<'w, 'a, E> Worlds<'w, 'a, E> {
    fn of(
        contender: &'w Contender<'a, E>,
        presence: &'w Presence<'w>,
        all: &'w [&'w Tried],
        meter: &Meter,
    ) -> Self {
        Worlds {
            contender,
            presence,
            all,
            concluded: presence.concluded(&|id| contender.behind_goals[id.index()], meter),
        }
    }

    fn known(&self, number: usize, basis: Arc<Basis>, case: usize) -> KnownWorld {
        let is_behind = |id: RelationId| self.contender.behind_goals[id.index()];
        let leans_on = |fact: &Fact| basis.leans_on(fact);
        let presence = self.presence;
        let mut otherwise = presence.otherwise_than(case, &self.concluded, &leans_on, &is_behind);
        let sways = |fact: &&Fact| self.contender.sways[fact.relation.index()];
        for fact in presence.moved().filter(sways) {
            let cases = presence.with(fact);
            match cases.contains(case) {
                false if basis.is_upset_by(fact) => otherwise.add(&cases),
                true if self.contender.keeps_out[fact.relation.index()] && basis.counts() => {
                    let mut without = DaySet::all((self.all.len() + 1).next_multiple_of(64));
                    without.remove(&cases);
                    otherwise.add(&without)
                }
                _ => false,
            };
        }
        otherwise = otherwise.spread((self.all.len() + 1).next_multiple_of(64));
        for (at, (_, found)) in self.all.iter().enumerate() {
            let is_new = |fact: &&Fact| basis.change.1.binary_search(fact).is_err();
            if found.iter().filter(is_new).any(leans_on) {
                otherwise.insert(at);
            }
        }
        let dates = self.contender.dates.as_ref();
        KnownWorld {
            number,
            dated: dates.map(|_| basis.dated(presence)),
            basis,
            otherwise,
        }
    }
}
