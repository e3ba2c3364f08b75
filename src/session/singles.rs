//! What every single claim, and every single source, ends by being withdrawn: each is followed, all of them together.
//!
//! Cuts that are found among the derivations there are leave two things out. A conclusion may follow otherwise without
//! what it rests on, and it may end without what it does not rest on, where that kept something absent. Of single claims
//! and sources both can be told, since there are no more of them than a history has room for.

use super::ends::Ends;
use super::loaded::Session;
use crate::analysis::checked::RelationId;
use crate::engine::Budget;
use crate::evidence::{ClaimId, SourceId, Stance};
use crate::explain::{Case, Cuts, Fact, Meter, Presence, Statement};
use rustc_hash::FxHashSet;

/// Rows of what conclusions are made from up to which all of it is worked out once more.
const MOST_ROWS: usize = 1 << 16;
/// Claims and sources that are followed together.
const MOST_SINGLES: usize = 1 << 14;

/// Everything that is withdrawn by itself.
struct Singles {
    /// By case: the claims that go.
    gone: Vec<Vec<ClaimId>>,
    /// By case, first those of one id, ascending: the first claim of the id.
    ids: Vec<ClaimId>,
    /// The others, ascending by source.
    sources: Vec<Source>,
}

/// One source, and the cases in which it does not speak.
struct Source {
    id: SourceId,
    /// It alone; `None`: it says nothing here.
    alone: Option<usize>,
    /// It, and those that only repeat it.
    echoed: usize,
    /// All that goes back to it and to nobody else.
    origin: Option<usize>,
}

impl Session {
    /// The cuts of one claim, and of one source, of each fact, and the origins it hangs on; with sets without which it
    /// follows otherwise. `None`: there is too much to follow, or only a run can tell.
    pub(super) fn hanging(&self, facts: &[Fact], budget: &Budget) -> Option<Vec<(Cuts, Ends)>> {
        // Text that was withdrawn may still follow: then it is not stated.
        if !self.foresees() || !self.withdrawn.is_empty() {
            return None;
        }
        let wanted: FxHashSet<RelationId> = facts.iter().map(|fact| fact.relation).collect();
        let wanted: Vec<RelationId> = wanted.into_iter().collect();
        let case = self.case();
        let cone = case.cone(&wanted);
        let rows: usize = cone.iter().map(|&id| self.database.len(id)).sum();
        if rows > MOST_ROWS || !case.rests_on_claims_only() {
            return None;
        }
        let singles = self.singles(&cone);
        if singles.gone.len() > MOST_SINGLES {
            return None;
        }
        let gone: Vec<&[ClaimId]> = singles.gone.iter().map(|ids| &ids[..]).collect();
        let given = self.given(self.program(), &self.assumed);
        let known = self.changeable().and_then(|_| self.known_days());
        let dates = self.dates_of(&self.claims, known);
        let budget = Budget {
            rows: None,
            ..budget.clone()
        };
        let (mut now, mut after) = (None, None);
        let followed = |as_now: bool, hangs: &mut Option<Vec<Vec<u32>>>| {
            let case = self.case();
            let meter = Meter::new(&budget);
            let found = case.without_each(&gone, &wanted, &given, dates.as_ref(), as_now, &meter);
            if let Ok(Some(presence)) = found {
                let ended = |fact| ended(&presence, fact, gone.len());
                *hangs = Some(facts.iter().map(ended).collect());
            }
        };
        self.pool
            .both(|| followed(true, &mut now), || followed(false, &mut after));
        let (now, after) = (now?, after?);
        let each = facts.iter().zip(now.iter().zip(&after));
        let hangs = each.map(|(fact, (now, after))| match case.holds(fact) {
            true => self.hangs(&case, &singles, now, after),
            false => (Cuts::none(), Ends::default()),
        });
        Some(hangs.collect())
    }

    /// Of a conclusion, from the cases in which it has no derivation of those it has now, and in which it has none at all.
    fn hangs(&self, case: &Case, singles: &Singles, now: &[u32], after: &[u32]) -> (Cuts, Ends) {
        let (mut cuts, mut ends) = (Cuts::none(), Ends::default());
        cuts.complete = false;
        let of_ids = |cases: &[u32]| cases.partition_point(|&case| (case as usize) < singles.ids.len());
        let statement = |case: u32| Statement::Claim(singles.ids[case as usize]);
        for &case in &after[..of_ids(after)] {
            cuts.statements.push(vec![statement(case)]);
        }
        for at in now[..of_ids(now)].iter().filter(|at| after.binary_search(at).is_err()) {
            let text = case.statement_text(&statement(*at));
            ends.not_enough.statements.push(vec![text]);
        }
        if of_ids(now) == now.len() && of_ids(after) == after.len() {
            return (cuts, ends);
        }
        let within = |cases: &[u32], case: usize| cases.binary_search(&(case as u32)).is_ok();
        let register = &self.data.sources;
        let mut told: FxHashSet<&[SourceId]> = FxHashSet::default();
        for source in &singles.sources {
            let Some(alone) = source.alone else { continue };
            let rests = within(now, alone);
            let falls = within(after, source.echoed);
            if rests || falls && within(after, alone) {
                told.insert(register.roots(source.id));
                match falls {
                    true => cuts.sources.push(vec![source.id]),
                    false => ends.not_enough.sources.push(self.source_texts(&[source.id])),
                }
            }
        }
        for source in &singles.sources {
            let rests = source.origin.is_some_and(|origin| within(now, origin));
            let falls = within(after, source.echoed);
            if !(rests || falls) || told.contains(&[source.id][..]) {
                continue;
            }
            match falls {
                true if register.roots(source.id) != [source.id] => {}
                true => ends.origins.push(self.origin(source.id)),
                false => ends.not_enough.origins.push(self.source_texts(&[source.id])),
            }
        }
        (cuts, ends)
    }

    /// What states some relations.
    fn singles(&self, cone: &FxHashSet<RelationId>) -> Singles {
        let (claims, register) = (&self.claims, &self.data.sources);
        let mut singles = Singles {
            gone: Vec::new(),
            ids: Vec::new(),
            sources: Vec::new(),
        };
        let mut speaking: FxHashSet<SourceId> = FxHashSet::default();
        let mut known: FxHashSet<ClaimId> = FxHashSet::default();
        for (id, claim) in claims.iter() {
            if claim.stance != Stance::Supports || !cone.contains(&claim.relation) {
                continue;
            }
            speaking.extend(claim.source);
            if known.contains(&id) {
                continue;
            }
            let gone: Vec<ClaimId> = claims.with_id(claim.id).collect();
            known.extend(gone.iter().skip(1));
            singles.ids.push(gone[0]);
            singles.gone.push(gone);
        }
        let repeated: FxHashSet<SourceId> = register
            .iter()
            .flat_map(|(id, _)| register.parents(id))
            .copied()
            .collect();
        let said = |sources: &[SourceId]| -> Vec<ClaimId> {
            let said = sources.iter().flat_map(|&source| claims.by_source(source));
            let mut said: Vec<ClaimId> = said
                .flat_map(|claim| claims.with_id(claims.get(claim).id))
                .collect();
            said.sort_unstable();
            said.dedup();
            said
        };
        let mut silenced = |sources: Vec<SourceId>| {
            singles.gone.push(said(&sources));
            singles.gone.len() - 1
        };
        for (id, _) in register.iter() {
            let alone = speaking.contains(&id).then(|| silenced(vec![id]));
            let echoes = match repeated.contains(&id) {
                true => register.with_echoes(id),
                false => vec![id],
            };
            let echoed = match alone {
                Some(alone) if echoes.len() == 1 => alone,
                _ if echoes.iter().any(|one| speaking.contains(one)) => silenced(echoes.clone()),
                _ => continue,
            };
            let is_root = register.roots(id) == [id];
            let origin = (is_root && echoes.len() > 1).then(|| {
                let goes_back = |one: &SourceId| register.roots(*one) == [id];
                let all = speaking.iter().copied().filter(goes_back);
                let mut all: Vec<SourceId> = all.collect();
                all.sort_unstable();
                silenced(all)
            });
            singles.sources.push(Source {
                id,
                alone,
                echoed,
                origin,
            });
        }
        singles
    }
}

/// The cases in which a fact does not hold, of so many.
fn ended(presence: &Presence, fact: &Fact, cases: usize) -> Vec<u32> {
    let without = presence.without(fact);
    let within = without.iter().take_while(|&case| case < cases);
    within.map(|case| case as u32).collect()
}
