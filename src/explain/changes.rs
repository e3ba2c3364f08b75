//! Several changes of a case worked out together: each is a case of one history.
//!
//! A few changes are followed from what they touch. Where nearly everything is touched by one of them, as where each
//! claim is withdrawn for itself, it is quicker to work out all there is, once.

use super::amend::Otherwise;
use super::beside::Beside;
use super::case::Case;
use super::dayset::DaySet;
use super::facts::Fact;
use super::history::{CaseDays, History, Past, Reading};
use super::meter::Meter;
use super::presence::Presence;
use crate::analysis::checked::RelationId;
use crate::engine::StopReason;
use crate::evidence::ClaimId;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// When claims count, where conclusions have to hold at one time.
pub struct Dates<'a> {
    pub days: CaseDays,
    pub within: Box<dyn Fn(ClaimId) -> DaySet + Send + Sync + 'a>,
    /// On which days everything holds as it is, where that was worked out.
    pub past: Option<&'a Past>,
}

/// What becomes of all that is negated and counted when something is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It stays: what is negated is absent, whatever is withdrawn, and a total needs all it was made of.
    AsNow,
    Follows,
}

/// Claims that are withdrawn, and facts that are stated besides.
pub type Change<'a> = (&'a [ClaimId], &'a [Fact]);

/// Days of all cases together, in one history; and those of all facts, if none held as before: 256 MiB.
const MOST_DAYS: usize = 1 << 18;
const MOST_BITS: usize = 1 << 31;
const MOST_CASES: usize = 1 << 12;

/// How many changes are worked out together at the most, where they may reach so many rows.
pub fn most_changes(rows: usize, dates: Option<&Dates>) -> usize {
    let days = dates.map_or(1, |dates| dates.days.count());
    let of_bits = MOST_BITS / rows.max(1) / days;
    let cases = MOST_CASES.min(MOST_DAYS / days).min(of_bits);
    cases.max(2) - 1
}

impl Case<'_> {
    /// What some relations, and all they are made from, hold after each of several changes: a case for each, in their
    /// order, and behind them some in which everything is as it is.
    ///
    /// `dates`: with the days on which everything holds as it is. `Ok(None)`: only a run can tell.
    pub fn after_each(
        &self,
        changes: &[Change],
        wanted: &[RelationId],
        dates: Option<(&Dates, &Past)>,
        meter: &Meter,
    ) -> Result<Option<Presence<'_>>, StopReason> {
        let (dates, past) = dates.unzip();
        let cases = (changes.len() + 1).next_multiple_of(64);
        let (case_days, reading, days) = match dates {
            None => (1, Reading::Apart, cases),
            Some(dates) => {
                let of_one = dates.days.count();
                let reading = Reading::Cases(dates.days);
                (of_one, reading, (changes.len() + 1) * of_one)
            }
        };
        let of_case = |case: usize| case * case_days..(case + 1) * case_days;
        let always = |claim: ClaimId| match dates {
            None => DaySet::all(64),
            Some(dates) => (dates.within)(claim),
        };
        let mut without: FxHashMap<ClaimId, DaySet> = FxHashMap::default();
        let mut stated: FxHashMap<&Fact, DaySet> = FxHashMap::default();
        for (case, (ids, facts)) in changes.iter().enumerate() {
            for &id in *ids {
                let left = without.entry(id);
                let left = left.or_insert_with(|| always(id).spread(days));
                left.clear(of_case(case));
            }
            for fact in *facts {
                let with = stated.entry(fact);
                with.or_insert_with(|| DaySet::none(days))
                    .fill(of_case(case));
            }
        }
        let more: Vec<(Fact, DaySet)> = stated
            .into_iter()
            .map(|(fact, days)| (fact.clone(), days))
            .collect();
        let claimed: FxHashSet<Fact> = without
            .keys()
            .map(|&id| {
                let claim = self.claims.get(id);
                Fact::new(claim.relation, claim.row)
            })
            .collect();
        let claimed: Vec<Fact> = claimed.into_iter().collect();
        let otherwise = Otherwise {
            past,
            facts: &claimed,
            more: &more,
            days_of: &|claim| match without.get(&claim) {
                Some(days) => days.clone(),
                None => always(claim),
            },
        };
        let history = self.history_amended(&otherwise, wanted, reading, days, &meter.rest())?;
        Ok(history.map(|history| history.presence(cases)))
    }

    /// By fact, the withdrawals, of very many, after each of which it does not hold; ascending. `given`: facts that stand
    /// whoever else states them. `beside`: shared with the same question of the other [`Absence`].
    ///
    /// `Ok(None)`: only a run can tell.
    pub fn ended_by_each(
        &self,
        facts: &[Fact],
        withdrawals: &[&[ClaimId]],
        given: &FxHashSet<Fact>,
        dates: Option<&Dates>,
        (absence, beside): (Absence, Option<&Beside>),
        meter: &Meter,
    ) -> Result<Option<Vec<Vec<u32>>>, StopReason> {
        let cases = (withdrawals.len() + 1).next_multiple_of(64);
        let (case_days, reading, days) = match dates {
            None => (1, Reading::Apart, cases),
            Some(dates) => {
                let of_one = dates.days.count();
                let days = (withdrawals.len() + 1) * of_one;
                (of_one, Reading::Cases(dates.days), days)
            }
        };
        let mut gone: FxHashMap<ClaimId, SmallVec<[u32; 2]>> = FxHashMap::default();
        for (case, ids) in withdrawals.iter().enumerate() {
            for &id in *ids {
                let gone = gone.entry(id).or_default();
                if gone.last() != Some(&(case as u32)) {
                    gone.push(case as u32);
                }
            }
        }
        let days_of = |claim: ClaimId| {
            let always = match dates {
                None => DaySet::every(64),
                Some(dates) => (dates.within)(claim),
            };
            match gone.get(&claim) {
                Some(gone) => DaySet::in_all_but(gone, &always, case_days, days / case_days),
                None => always,
            }
        };
        let history = History {
            as_now: absence == Absence::AsNow,
            ..History::of(self, reading, days)
        };
        let wanted: FxHashSet<RelationId> = facts.iter().map(|fact| fact.relation).collect();
        let wanted: Vec<RelationId> = wanted.into_iter().collect();
        let history = match beside {
            Some(beside) => history.filled_beside(beside, &wanted, given, &days_of, meter)?,
            None => history.filled(None, &wanted, given, &days_of, meter)?,
        };
        let count = withdrawals.len();
        let ended = |history: &History, fact: &Fact| match history.tables.get(&fact.relation) {
            None if self.holds(fact) => Vec::new(),
            None => (0..count as u32).collect(),
            Some(dated) => match dated.days_of(&fact.row) {
                Some(days) => days.empty_cases(case_days, count),
                None => (0..count as u32).collect(),
            },
        };
        let ended = history.map(|history| facts.iter().map(|fact| ended(&history, fact)).collect());
        Ok(ended)
    }
}
