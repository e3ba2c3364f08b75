//! Sets of claims, or of sources, of which one only brings about what another way to the conclusion wants absent.
//!
//! Such a set is in no derivation there is. Which conclusions it may end is told by bounds on all that may hold; of these the
//! larger cuts are looked for among everything that decides them.

use super::ends::Followed;
use super::loaded::Session;
use super::singles::Source;
use crate::analysis::checked::RelationId;
use crate::engine::Budget;
use crate::explain::{CutOptions, Ending, Fact, Meter, Statement, Withdrawable};
use rustc_hash::FxHashSet;

/// Rows that may be looked at for all that may hold, as often for what decides it, and for each conclusion.
const MOST_ROWS: u64 = 4 << 20;
const ROWS_OF_EACH: u64 = 1 << 18;

impl Session {
    /// Finds all larger cuts of conclusions that fewer claims may bring about, or says that there may be more. Of others they
    /// are there.
    pub(super) fn tell_together(
        &self,
        facts: &[Fact],
        found: &mut [Followed],
        options: &CutOptions,
        budget: &Budget,
    ) {
        let case = self.case();
        let may_revive = |at: &usize| {
            let fact = &facts[*at];
            case.holds(fact) && self.may_revive(fact.relation)
        };
        let asked: Vec<usize> = (0..facts.len()).filter(may_revive).collect();
        let wanted: FxHashSet<RelationId> = asked.iter().map(|&at| facts[at].relation).collect();
        let wanted: Vec<RelationId> = wanted.into_iter().collect();
        let singles = self.singles(&case.cone(&wanted));
        let speaking: Vec<(&Source, usize)> = singles
            .sources
            .iter()
            .filter_map(|source| Some((source, source.alone?)))
            .collect();
        let gone = |case: usize| &singles.gone[case][..];
        let of_claims = || {
            let claims = (0..singles.ids.len()).map(gone).collect();
            Withdrawable::new(&[claims])
        };
        let of_sources = || {
            let echoed = speaking.iter().map(|(source, _)| gone(source.echoed));
            let alone = speaking.iter().map(|(_, alone)| gone(*alone));
            Withdrawable::new(&[echoed.collect(), alone.collect()])
        };
        let ending = |of: Withdrawable| self.ending(facts, &asked, &wanted, &of, options, budget);
        let (by_claim, by_source) = self
            .pool
            .both(|| ending(of_claims()), || ending(of_sources()));
        for (&at, (of_claims, of_sources)) in asked.iter().zip(by_claim.into_iter().zip(by_source))
        {
            let (cuts, ends) = &mut found[at];
            let (Told::Sets(of_claims), Told::Sets(of_sources)) = (&of_claims, &of_sources) else {
                ends.unseen_together |= of_claims.is_open() || of_sources.is_open();
                continue;
            };
            let claim = |&one: &u32| Statement::Claim(singles.ids[one as usize]);
            let source = |&one: &u32| speaking[one as usize].0.id;
            replace(
                &mut cuts.statements,
                sets(of_claims, claim),
                of_claims.upto,
                options.most,
            );
            replace(
                &mut cuts.sources,
                sets(of_sources, source),
                of_sources.upto,
                options.most,
            );
            let is_all = |of: &Ending| {
                let all = of.upto.is_none_or(|upto| upto >= options.largest);
                all && of.sets.len() <= options.most
            };
            cuts.complete = is_all(of_claims) && is_all(of_sources);
            ends.unseen_together |= of_claims.stopped || of_sources.stopped;
        }
    }

    /// Of each of some facts, what ends it.
    fn ending(
        &self,
        facts: &[Fact],
        asked: &[usize],
        wanted: &[RelationId],
        of: &Withdrawable,
        options: &CutOptions,
        budget: &Budget,
    ) -> Vec<Told> {
        let case = self.case();
        let given = self.given(self.program(), &self.assumed);
        let meter = Meter::new(&Budget {
            rows: None,
            ..budget.clone()
        });
        let Ok(Some(bounds)) = case.bounds(wanted, &given, &meter.part(MOST_ROWS)) else {
            return asked.iter().map(|_| Told::Open).collect();
        };
        let open = asked.iter().map(|&at| &facts[at]);
        let open: Vec<&Fact> = open.filter(|fact| !bounds.is_settled(fact)).collect();
        // On other days other things matter for each.
        let at_a_time = match self.options.lens.at_once {
            true => 1,
            false => open.len().max(1),
        };
        let how = (options.most, options.largest);
        let mut endings = open.chunks(at_a_time).flat_map(|some| {
            let part = meter.part(MOST_ROWS);
            bounds.ending(some, of, how, (&part, ROWS_OF_EACH))
        });
        let told = |&at: &usize| match bounds.is_settled(&facts[at]) {
            true => Told::Settled,
            false => endings.next().flatten().map_or(Told::Open, Told::Sets),
        };
        asked.iter().map(told).collect()
    }
}

/// What ends a conclusion.
enum Told {
    /// Nothing but what its derivations lean on.
    Settled,
    Sets(Ending),
    /// It was not looked for.
    Open,
}

impl Told {
    fn is_open(&self) -> bool {
        matches!(self, Told::Open)
    }
}

fn sets<T>(ending: &Ending, named: impl Fn(&u32) -> T) -> Vec<Vec<T>> {
    let sets = ending.sets.iter().filter(|set| set.len() > 1);
    sets.map(|set| set.iter().map(&named).collect()).collect()
}

/// Puts all larger sets up to a size in the place of those that are known; no more of them than so many with the single ones.
fn replace<T: PartialEq>(
    known: &mut Vec<Vec<T>>,
    sets: Vec<Vec<T>>,
    upto: Option<usize>,
    most: usize,
) {
    let within = |all: &[Vec<T>], set: &[T]| {
        let has = |one: &Vec<T>| one.iter().all(|it| set.contains(it));
        all.iter().any(has)
    };
    let (mut all, mut larger): (Vec<_>, Vec<_>) = std::mem::take(known)
        .into_iter()
        .partition(|set| set.len() == 1);
    let most = most.max(all.len());
    let sets = sets.into_iter().filter(|set| !within(&all, set));
    let sets: Vec<Vec<T>> = sets.collect();
    all.extend(sets);
    larger.retain(|set| upto.is_some_and(|upto| set.len() > upto) && !within(&all, set));
    all.extend(larger);
    all.truncate(most);
    *known = all;
}
