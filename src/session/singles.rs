//! What every single claim, and every single source, ends by being withdrawn: each is followed, all of them together.
//!
//! Cuts that are found among the derivations there are leave two things out. A conclusion may follow otherwise without
//! what it rests on, and it may end without what it does not rest on, where that kept something absent. Of single claims
//! and sources both can be told, since there are no more of them than a history has room for.

use super::ends::{Ends, Followed};
use super::loaded::Session;
use crate::analysis::checked::RelationId;
use crate::analysis::reviving;
use crate::engine::Budget;
use crate::evidence::{ClaimId, SourceId, Stance};
use crate::explain::{Absence, Beside, Case, Cuts, Fact, Meter, Statement};
use rustc_hash::FxHashSet;

/// Rows of what conclusions are made from up to which all of it is worked out once more.
const MOST_ROWS: usize = 1 << 16;
/// Claims and sources that are followed together.
const MOST_SINGLES: usize = 1 << 14;

/// Everything that is withdrawn by itself.
pub(super) struct Singles {
    /// By case: the claims that go.
    pub gone: Vec<Vec<ClaimId>>,
    /// By case, first those of one id, ascending: the first claim of the id.
    pub ids: Vec<ClaimId>,
    /// Ascending.
    pub sources: Vec<Source>,
    /// By case, from those of sources on: the place of the source.
    source_of: Vec<usize>,
}

impl Singles {
    /// A case in which these claims of the source that comes next go.
    fn silence(&mut self, gone: Vec<ClaimId>) -> usize {
        self.source_of.push(self.sources.len());
        self.gone.push(gone);
        self.gone.len() - 1
    }
}

/// One source, and the cases in which it does not speak.
pub(super) struct Source {
    pub id: SourceId,
    /// It alone; `None`: it says nothing here.
    pub alone: Option<usize>,
    /// It, and those that only repeat it.
    pub echoed: usize,
    /// All that goes back to it and to nobody else.
    origin: Option<usize>,
}

impl Session {
    /// The cuts of one claim, and of one source, of each fact, and the origins it hangs on; with sets without which it
    /// follows otherwise. `None`: there is too much to follow, or only a run can tell.
    ///
    /// `more`: what else is withdrawn; by fact, those of them that end it.
    pub(super) fn hanging(
        &self,
        facts: &[Fact],
        more: &[&[ClaimId]],
        budget: &Budget,
    ) -> Option<(Vec<Followed>, Vec<Vec<usize>>)> {
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
        let known = self.changeable().and_then(|_| self.known_days());
        let (singles, (given, dates)) = self.pool.both(
            || self.singles(&cone),
            || {
                let given = self.given(self.program(), &self.assumed);
                (given, self.dates_of(&self.claims, known))
            },
        );
        if singles.gone.len() + more.len() > MOST_SINGLES {
            return None;
        }
        let gone: Vec<&[ClaimId]> = singles.gone.iter().map(|ids| &ids[..]).collect();
        let budget = Budget {
            rows: None,
            ..budget.clone()
        };
        let all = [&gone[..], more].concat();
        let beside = Beside::default();
        let beside = more.is_empty().then_some(&beside);
        let followed = |gone: &[&[ClaimId]], absence: Absence| {
            let (case, meter) = (self.case(), Meter::new(&budget));
            let how = (absence, beside);
            let found = case.ended_by_each(facts, gone, &given, dates.as_ref(), how, &meter);
            found.ok().flatten()
        };
        // Where nothing is negated or counted they are the same.
        let revives = wanted.iter().any(|&id| self.may_revive(id));
        let (now, after) = self.pool.both(
            || revives.then(|| followed(&gone, Absence::AsNow)),
            || followed(&all, Absence::Follows),
        );
        let mut after = after?;
        let ended = after.iter_mut().map(|after| {
            let of_singles = after.partition_point(|&case| (case as usize) < gone.len());
            let of_more = after.drain(of_singles..);
            of_more.map(|case| case as usize - gone.len()).collect()
        });
        let ended: Vec<Vec<usize>> = ended.collect();
        let now = match now {
            Some(now) => now?,
            None => after.clone(),
        };
        let hangs = |places: Vec<usize>| -> Vec<Followed> {
            let case = self.case();
            let each = places.into_iter().map(|at| match case.holds(&facts[at]) {
                true => self.hangs(&case, &singles, &now[at], &after[at]),
                false => (Cuts::none(), Ends::default()),
            });
            each.collect()
        };
        let places = (0..facts.len()).collect();
        Some((self.pool.halves(places, hangs), ended))
    }

    /// Whether a withdrawal may bring a row of a relation about.
    pub(super) fn may_revive(&self, relation: RelationId) -> bool {
        !reviving(self.program(), relation).is_empty()
    }

    /// Of a conclusion, from the cases in which it has no derivation of those it has now, and in which it has none at all.
    fn hangs(&self, case: &Case, singles: &Singles, now: &[u32], after: &[u32]) -> Followed {
        let (mut cuts, mut ends) = (Cuts::none(), Ends::default());
        cuts.complete = false;
        let of_ids =
            |cases: &[u32]| cases.partition_point(|&case| (case as usize) < singles.ids.len());
        let statement = |case: u32| Statement::Claim(singles.ids[case as usize]);
        for &case in &after[..of_ids(after)] {
            cuts.statements.push(vec![statement(case)]);
        }
        for at in now[..of_ids(now)]
            .iter()
            .filter(|at| after.binary_search(at).is_err())
        {
            let text = case.statement_text(&statement(*at));
            ends.not_enough.statements.push(vec![text]);
        }
        if of_ids(now) == now.len() && of_ids(after) == after.len() {
            return (cuts, ends);
        }
        let silenced = now[of_ids(now)..].iter().chain(&after[of_ids(after)..]);
        let place = |case: &u32| singles.source_of[*case as usize - singles.ids.len()];
        let mut places: Vec<usize> = silenced.map(place).collect();
        places.sort_unstable();
        places.dedup();
        let within = |cases: &[u32], case: usize| cases.binary_search(&(case as u32)).is_ok();
        let register = &self.data.sources;
        // The roots of sources that are told of, and of those among them that end it.
        let mut told: FxHashSet<&[SourceId]> = FxHashSet::default();
        let mut ending: FxHashSet<&[SourceId]> = FxHashSet::default();
        for &at in &places {
            let source = &singles.sources[at];
            let Some(alone) = source.alone else { continue };
            let rests = within(now, alone);
            let falls = within(after, source.echoed);
            if rests || falls && within(after, alone) {
                told.insert(register.roots(source.id));
                match falls {
                    true => {
                        ending.insert(register.roots(source.id));
                        cuts.sources.push(vec![source.id]);
                    }
                    false => ends
                        .not_enough
                        .sources
                        .push(self.source_texts(&[source.id])),
                }
            }
        }
        for &at in &places {
            let source = &singles.sources[at];
            let rests = source.origin.is_some_and(|origin| within(now, origin));
            let falls = within(after, source.echoed);
            // That a report does not end it says nothing of its origin, which ends more.
            let known = if falls { &ending } else { &told };
            if !(rests || falls) || known.contains(&[source.id][..]) {
                continue;
            }
            match falls {
                true if register.roots(source.id) != [source.id] => {}
                true => ends.origins.push(self.origin(source.id)),
                false => ends
                    .not_enough
                    .origins
                    .push(self.source_texts(&[source.id])),
            }
        }
        (cuts, ends)
    }

    /// What states some relations.
    pub(super) fn singles(&self, cone: &FxHashSet<RelationId>) -> Singles {
        let (claims, register) = (&self.claims, &self.data.sources);
        let mut singles = Singles {
            gone: Vec::new(),
            ids: Vec::new(),
            sources: Vec::new(),
            source_of: Vec::new(),
        };
        let mut speaking: FxHashSet<SourceId> = FxHashSet::default();
        let mut known: FxHashSet<ClaimId> = FxHashSet::default();
        // Of which no other has the id.
        let mut alone: FxHashSet<ClaimId> = FxHashSet::default();
        for (id, claim) in claims.iter() {
            if claim.stance != Stance::Supports || !cone.contains(&claim.relation) {
                continue;
            }
            speaking.extend(claim.source);
            if known.contains(&id) {
                continue;
            }
            let gone: Vec<ClaimId> = claims.with_id(claim.id).collect();
            match gone[..] {
                [one] => drop(alone.insert(one)),
                _ => known.extend(gone.iter().skip(1)),
            }
            singles.ids.push(gone[0]);
            singles.gone.push(gone);
        }
        let repeated: FxHashSet<SourceId> = register
            .iter()
            .flat_map(|(id, _)| register.parents(id))
            .copied()
            .collect();
        let said = |sources: &[SourceId]| -> Vec<ClaimId> {
            let mut said: Vec<ClaimId> = Vec::new();
            for claim in sources.iter().flat_map(|&source| claims.by_source(source)) {
                match alone.contains(&claim) {
                    true => said.push(claim),
                    false => said.extend(claims.with_id(claims.get(claim).id)),
                }
            }
            said.sort_unstable();
            said.dedup();
            said
        };
        for (id, _) in register.iter() {
            let alone = speaking.contains(&id).then(|| singles.silence(said(&[id])));
            let echoes = match repeated.contains(&id) {
                true => register.with_echoes(id),
                false => vec![id],
            };
            let echoed = match alone {
                Some(alone) if echoes.len() == 1 => alone,
                _ if echoes.iter().any(|one| speaking.contains(one)) => {
                    singles.silence(said(&echoes))
                }
                _ => continue,
            };
            let is_root = register.roots(id) == [id];
            let origin = (is_root && echoes.len() > 1).then(|| {
                let goes_back = |one: &SourceId| register.roots(*one) == [id];
                let all = speaking.iter().copied().filter(goes_back);
                let mut all: Vec<SourceId> = all.collect();
                all.sort_unstable();
                singles.silence(said(&all))
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

#[cfg(test)]
pub(super) mod tests {
    use crate::explain::Fact;
    use crate::session::standing::Standing;
    use crate::session::tests::opened_at;
    use crate::session::{CriticalQuestion, Session};
    use crate::tries::tries;
    use proptest::prelude::*;

    const RULES: &str = r#".decl e(x: number, y: number)
.input e(IO=claims, filename="e.csv")
.decl n(x: number)
.input n(IO=claims, filename="n.csv")
.decl path(x: number, y: number)
.decl free(x: number)
.decl apart(x: number)
.decl much(x: number, c: number)
.decl far(x: number, y: number)
.decl alike(x: number, y: number) eqrel
.decl lone(x: number)
e(0, 1).
path(x, y) :- e(x, y).
path(x, z) :- path(x, y), e(y, z).
free(x) :- path(x, _), !n(x).
apart(x) :- e(x, _), !free(x).
much(x, c) :- n(x), c = count : { path(x, _) }.
far(x, y) :- e(x, _), y = max z : { path(x, z), !n(z) }.
alike(x, y) :- e(x, y), n(x).
lone(x) :- n(x), !alike(x, _).
lone(x) :- much(x, c), c > 1, !free(_).
"#;
    const ASKED: [&str; 7] = ["path", "free", "apart", "much", "far", "alike", "lone"];

    /// Source, first and last year.
    pub(in crate::session) type Said = (usize, Option<u16>, Option<u16>);

    pub(in crate::session) fn said() -> impl Strategy<Value = Said> {
        let year = || prop::option::weighted(0.3, 2001..2005u16);
        (0..4usize, year(), year())
    }

    /// A case of these rules over claims `e` and `n`, of sources of which some repeat others.
    pub(in crate::session) fn opened(
        rules: &str,
        e: &[(u8, u8, Said)],
        n: &[(u8, Said)],
        repeats: &[Option<usize>],
        at_once: bool,
    ) -> (tempfile::TempDir, Session) {
        let year = |year: Option<u16>| year.map_or(String::new(), |year| year.to_string());
        let tail = |(source, from, to): &Said| {
            let to = to.map(|to| to.max(from.unwrap_or(0)));
            format!("x-s{source},{},{}\n", year(*from), year(to))
        };
        let of_e =
            |(at, (x, y, said)): (usize, &(u8, u8, Said))| format!("e{at},{x},{y},{}", tail(said));
        let of_n = |(at, (x, said)): (usize, &(u8, Said))| format!("n{at},{x},{}", tail(said));
        let of_source = |(at, from): (usize, &Option<usize>)| {
            let from = from.map_or(String::new(), |from| format!("x-s{from}"));
            format!("x-s{at},2010,B,{from}\n")
        };
        let e: String = e.iter().enumerate().map(of_e).collect();
        let n: String = n.iter().enumerate().map(of_n).collect();
        let sources: String = repeats.iter().enumerate().map(of_source).collect();
        let files = [
            ("rules/x.dl", rules.to_owned()),
            (
                "facts/e.csv",
                format!("claim_id,x,y,source_id,from,to\n{e}"),
            ),
            ("facts/n.csv", format!("claim_id,x,source_id,from,to\n{n}")),
            (
                "facts/sources.csv",
                format!("source_id,published,reliability,derived_from\n{sources}"),
            ),
        ];
        opened_at(&files, 1, at_once)
    }

    proptest! {
        #![proptest_config(tries(80))]

        #[test]
        fn single_cuts_are_what_runs_without_them_end(
            e in prop::collection::vec((0..4u8, 0..4u8, said()), 1..7),
            n in prop::collection::vec((0..4u8, said()), 1..5),
            repeats in prop::collection::vec(prop::option::weighted(0.4, 0..4usize), 4),
            at_once in any::<bool>(),
            size in prop::option::of(Just(1usize)),
        ) {
            let (_directory, mut session) = opened(RULES, &e, &n, &repeats, at_once);
            let question = CriticalQuestion {
                relations: ASKED.map(str::to_owned).to_vec(),
                size: size.or(Some(2)),
                ..CriticalQuestion::default()
            };
            let found = session.critical(&question).expect("relations of the case");
            let facts: Vec<Fact> = found
                .conclusions
                .iter()
                .map(|one| session.parse_fact(&one.fact).expect("a fact"))
                .collect();
            let falls = |gone: Vec<crate::evidence::ClaimId>| -> Vec<bool> {
                let standing = Standing {
                    claims: session.claims.without(gone),
                    ..session.standing()
                };
                let without = session.derive_from_scratch(standing).expect("no budget").database;
                facts.iter().map(|fact| !without.contains(fact.relation, &fact.row)).collect()
            };
            let sources = &session.data.sources;
            for (_, claim) in session.claims.iter() {
                let falls = falls(session.claims.with_id(claim.id).collect());
                for (one, falls) in found.conclusions.iter().zip(falls) {
                    let told = one.claim_cuts.contains(&vec![claim.id.to_owned()]);
                    prop_assert_eq!(told, falls, "{} without {}", one.fact, claim.id);
                }
            }
            for (id, source) in sources.iter() {
                let said = |sources: &[crate::evidence::SourceId]| {
                    sources.iter().flat_map(|&one| session.claims.by_source(one)).collect()
                };
                let echoed = falls(said(&sources.with_echoes(id)));
                let alone = falls(said(&[id]));
                for ((one, echoed), alone) in found.conclusions.iter().zip(echoed).zip(alone) {
                    let name = vec![source.id.to_string()];
                    let told = one.source_cuts.contains(&name);
                    let speaks = session.claims.by_source(id).next().is_some();
                    prop_assert!(echoed || !told, "{} stands without {}", one.fact, source.id);
                    prop_assert!(
                        told || !(echoed && alone && speaks),
                        "{} falls without {}", one.fact, source.id
                    );
                    let origin = one.origins.iter().any(|origin| *origin.source == *source.id);
                    prop_assert!(echoed || !origin, "{} stands without all of {}", one.fact, source.id);
                    if echoed && sources.roots(id) == [id] {
                        let said_by = |set: &Vec<String>| {
                            let of = sources.find(&set[0]);
                            of.is_some_and(|of| sources.roots(of) == [id])
                        };
                        let mut named = one.source_cuts.iter().chain(&one.not_enough);
                        prop_assert!(
                            origin || named.any(said_by),
                            "{} hangs on the origin {}", one.fact, source.id
                        );
                    }
                }
            }
            for one in &found.conclusions {
                let larger = one.claim_cuts.iter().filter(|cut| cut.len() > 1);
                for cut in larger {
                    let has_single = cut.iter().any(|id| one.claim_cuts.contains(&vec![id.clone()]));
                    prop_assert!(!has_single, "{} is not minimal", cut.join(" "));
                }
            }
        }
    }
}
