//! Whether a withdrawal ends a conclusion, or something it also takes away kept the conclusion from following otherwise.
//!
//! Cuts are found among the derivations there are. Where a rule wants something absent, or counts, what is withdrawn may
//! bring about other derivations: only following the withdrawal tells.

use super::critical::Origin;
use super::error::Error;
use super::loaded::Session;
use super::standing::{Standing, State};
use crate::analysis::checked::{RelationId, RuleId};
use crate::analysis::reviving;
use crate::engine::Budget;
use crate::evidence::{ClaimId, GradeTables, SourceId};
use crate::explain::{Change, Cuts, DaySet, Fact, Meter, Statement, most_changes};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Withdrawals are followed for so long.
const MOST_TIME: Duration = Duration::from_secs(20);
/// Parts of larger cuts are, after these.
const TIME_FOR_PARTS: Duration = Duration::from_secs(5);
/// Of one conclusion, the first cuts of each kind.
const TRIED: usize = 20;
/// Withdrawals that are worth a thread for each half of them.
const MANY: usize = 16;

/// Following one withdrawal takes about as long as going through so many rows once.
const ROWS_OF_A_RUN: usize = 256;

/// What is taken away together.
#[derive(Clone, Debug, Default)]
struct Withdrawal {
    /// Each with all rows of its id.
    claims: Vec<ClaimId>,
    /// Of rule text.
    rules: Vec<RuleId>,
    /// Of plain data.
    facts: Vec<Fact>,
}

/// What came of following the cuts of one conclusion.
#[derive(Default)]
pub(super) struct Ends {
    pub origins: Vec<Origin>,
    /// Without these it follows otherwise.
    pub not_enough: NotEnough,
    /// Cuts that may be no more than that.
    pub untried: usize,
    /// It may end without others too: what that would bring about was not looked at.
    pub unseen: bool,
    /// The same of several claims, or sources, together: not all of these were looked at.
    pub unseen_together: bool,
}

/// Sets on which a conclusion rests, and without which it follows otherwise.
#[derive(Default)]
pub(super) struct NotEnough {
    pub statements: Vec<Vec<String>>,
    pub sources: Vec<Vec<String>>,
    pub origins: Vec<Vec<String>>,
}

impl NotEnough {
    pub fn add(&mut self, more: NotEnough) {
        self.statements.extend(more.statements);
        self.sources.extend(more.sources);
        self.origins.extend(more.origins);
    }

    pub fn all(self) -> Vec<Vec<String>> {
        [self.statements, self.sources, self.origins].concat()
    }
}

/// The cuts of a conclusion, and what came of following them.
pub(super) type Followed = (Cuts, Ends);

/// A cut of a conclusion, by its place.
#[derive(Clone, Copy)]
enum Place {
    Statements(usize),
    Sources(usize),
    Origin(usize),
}

/// Of a cut.
#[derive(Clone)]
enum Part {
    Statement(Statement),
    Source(SourceId),
}

/// A withdrawal that is to be followed.
struct Task<P> {
    withdrawal: usize,
    /// By fact, for what it is asked.
    places: Vec<(usize, P)>,
}

struct Tasks<P> {
    all: Vec<Task<P>>,
    /// By withdrawal.
    at: FxHashMap<usize, usize>,
}

impl<P> Default for Tasks<P> {
    fn default() -> Self {
        Tasks {
            all: Vec::new(),
            at: FxHashMap::default(),
        }
    }
}

impl<P> Tasks<P> {
    fn ask(&mut self, withdrawal: usize, fact: usize, place: P) {
        let task = *self.at.entry(withdrawal).or_insert_with(|| {
            self.all.push(Task {
                withdrawal,
                places: Vec::new(),
            });
            self.all.len() - 1
        });
        self.all[task].places.push((fact, place));
    }
}

/// Those of a task whose fact still holds; `None`: the time was up.
type Outcome<P> = Option<Vec<(usize, P)>>;

impl Session {
    /// The origins that each fact hangs on and of which no single source tells by itself.
    pub(super) fn origins(
        &self,
        facts: &[Fact],
        found: &[Cuts],
        budget: &Budget,
    ) -> Vec<Vec<SourceId>> {
        let sources = &self.data.sources;
        let repeats = sources
            .iter()
            .any(|(id, _)| !sources.parents(id).is_empty());
        if !repeats {
            return vec![Vec::new(); facts.len()];
        }
        let known: Option<Vec<Vec<SourceId>>> =
            found.iter().map(|cuts| cuts.origins.clone()).collect();
        let mut origins = match known {
            Some(origins) => origins,
            None => self.case().single_origins(facts, budget),
        };
        for (of, cuts) in origins.iter_mut().zip(found) {
            let told: FxHashSet<&[SourceId]> = cuts
                .sources
                .iter()
                .filter(|cut| cut.len() == 1)
                .map(|cut| sources.roots(cut[0]))
                .collect();
            of.retain(|origin| !told.contains(&[*origin][..]));
        }
        origins
    }

    /// Follows the withdrawal of each cut that might bring its conclusion about otherwise, and takes out those that do.
    pub(super) fn followed(
        &self,
        facts: &[Fact],
        found: &mut [Cuts],
        origins: Vec<Vec<SourceId>>,
    ) -> Result<Vec<Ends>, Error> {
        let (tasks, withdrawals, mut ends) = self.to_follow(facts, found, &origins, TRIED);
        let until = Instant::now() + MOST_TIME;
        let follow =
            |tasks: &[Task<Place>]| self.standing_without(facts, &withdrawals, tasks, until);
        let outcomes = match self.pool.has_threads() && tasks.len() >= MANY {
            true => {
                let (one, other) = tasks.split_at(tasks.len() / 2);
                let (first, rest) = self.pool.both(|| follow(one), || follow(other));
                let mut first = first?;
                first.extend(rest?);
                first
            }
            false => follow(&tasks)?,
        };
        self.take_out(found, &origins, &tasks, outcomes, &mut ends);
        let mut hidden: FxHashMap<RelationId, bool> = FxHashMap::default();
        for (fact, ends) in facts.iter().zip(&mut ends) {
            let hides = hidden.entry(fact.relation);
            ends.unseen = *hides.or_insert_with(|| self.may_revive(fact.relation));
        }
        Ok(ends)
    }

    /// The same of cuts of several claims, or sources, together with every single one. `None`: that cannot be done.
    pub(super) fn followed_with_singles(
        &self,
        facts: &[Fact],
        larger: &mut [Cuts],
        budget: &Budget,
    ) -> Option<(Vec<Followed>, Vec<Ends>)> {
        let origins = vec![Vec::new(); facts.len()];
        let (tasks, withdrawals, mut ends) = self.to_follow(facts, larger, &origins, usize::MAX);
        let of_tasks = tasks
            .iter()
            .map(|task| &withdrawals[task.withdrawal].claims[..]);
        let gone: Vec<&[ClaimId]> = of_tasks.collect();
        let (singles, ended) = self.hanging(facts, &gone, budget)?;
        let outcomes = tasks.iter().enumerate().map(|(at, task)| {
            let stands = |(index, _): &(usize, Place)| ended[*index].binary_search(&at).is_err();
            Some(task.places.iter().copied().filter(stands).collect())
        });
        let outcomes = outcomes.collect();
        self.take_out(larger, &origins, &tasks, outcomes, &mut ends);
        Some((singles, ends))
    }

    /// By withdrawal of claims, the facts that still hold, by their places. `None`: the time was up.
    pub(super) fn holding_without(
        &self,
        facts: &[Fact],
        withdrawals: impl Iterator<Item = Vec<ClaimId>>,
    ) -> Result<Vec<Option<FxHashSet<usize>>>, Error> {
        let withdrawals = withdrawals.map(|claims| Withdrawal {
            claims,
            ..Withdrawal::default()
        });
        let withdrawals: Vec<Withdrawal> = withdrawals.collect();
        let of_all = |withdrawal| Task {
            withdrawal,
            places: (0..facts.len()).map(|fact| (fact, ())).collect(),
        };
        let tasks: Vec<Task<()>> = (0..withdrawals.len()).map(of_all).collect();
        let until = Instant::now() + MOST_TIME;
        let outcomes = self.standing_without(facts, &withdrawals, &tasks, until)?;
        let places =
            |holding: Vec<(usize, ())>| holding.into_iter().map(|(fact, ())| fact).collect();
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.map(places))
            .collect())
    }

    /// Where one part of a larger cut ends the conclusion alone, by bringing something about, that is the cut.
    pub(super) fn make_minimal(&self, facts: &[Fact], all: &mut [Followed]) -> Result<(), Error> {
        let mut gone = Withdrawals::of(self);
        let mut tasks: Tasks<Part> = Tasks::default();
        for (index, (fact, (cuts, _))) in facts.iter().zip(&*all).enumerate() {
            let claims = parts_of(&cuts.statements).into_iter();
            let claims = claims.map(|one| {
                let withdrawal = gone.of_statements(std::slice::from_ref(&one));
                (withdrawal, Part::Statement(one))
            });
            let mut parts: Vec<(usize, Part)> = claims.collect();
            // With echoes it ends more than alone.
            let is_alone = |one: &SourceId| self.data.sources.with_echoes(*one) == [*one];
            let sources = parts_of(&cuts.sources).into_iter().filter(is_alone);
            parts.extend(sources.map(|one| (gone.of_sources(&[one]), Part::Source(one))));
            for (withdrawal, part) in parts {
                if !gone.may_revive(withdrawal, fact.relation) {
                    continue;
                }
                tasks.ask(withdrawal, index, part);
            }
        }
        let until = Instant::now() + TIME_FOR_PARTS;
        let outcomes = self.standing_without(facts, &gone.all, &tasks.all, until)?;
        for (task, holding) in tasks.all.into_iter().zip(outcomes) {
            let Some(holding) = holding else { continue };
            for (index, part) in task.places {
                if holding.iter().any(|(holds, _)| *holds == index) {
                    continue;
                }
                let (cuts, _) = &mut all[index];
                match part {
                    Part::Statement(one) => alone(&mut cuts.statements, one),
                    Part::Source(one) => alone(&mut cuts.sources, one),
                }
            }
        }
        Ok(())
    }

    /// What is to be withdrawn to see whether cuts are enough, so many of each kind; with the number of the others.
    fn to_follow(
        &self,
        facts: &[Fact],
        found: &[Cuts],
        origins: &[Vec<SourceId>],
        most: usize,
    ) -> (Vec<Task<Place>>, Vec<Withdrawal>, Vec<Ends>) {
        let mut ends: Vec<Ends> = facts.iter().map(|_| Ends::default()).collect();
        let mut gone = Withdrawals::of(self);
        let mut tasks: Tasks<Place> = Tasks::default();
        for (index, (fact, cuts)) in facts.iter().zip(found).enumerate() {
            let mut cut: Vec<(Place, usize, usize)> = Vec::new();
            for (at, statements) in cuts.statements.iter().enumerate() {
                cut.push((Place::Statements(at), at, gone.of_statements(statements)));
            }
            for (at, sources) in cuts.sources.iter().enumerate() {
                cut.push((Place::Sources(at), at, gone.of_sources(sources)));
            }
            for (at, &origin) in origins[index].iter().enumerate() {
                cut.push((Place::Origin(at), at, gone.of_sources(&[origin])));
            }
            for (place, among, withdrawal) in cut {
                if !gone.may_revive(withdrawal, fact.relation) {
                    continue;
                }
                if among >= most {
                    ends[index].untried += 1;
                    continue;
                }
                tasks.ask(withdrawal, index, place);
            }
        }
        (tasks.all, gone.all, ends)
    }

    /// Takes the cuts out without which a conclusion follows otherwise.
    fn take_out(
        &self,
        found: &mut [Cuts],
        origins: &[Vec<SourceId>],
        tasks: &[Task<Place>],
        outcomes: Vec<Outcome<Place>>,
        ends: &mut [Ends],
    ) {
        let mut gone: Vec<Vec<Place>> = vec![Vec::new(); found.len()];
        for (Task { places, .. }, outcome) in tasks.iter().zip(outcomes) {
            match outcome {
                Some(holding) => holding
                    .into_iter()
                    .for_each(|(index, place)| gone[index].push(place)),
                None => places
                    .iter()
                    .for_each(|(index, _)| ends[*index].untried += 1),
            }
        }
        let case = self.case();
        for (index, places) in gone.into_iter().enumerate() {
            if places.is_empty() && origins[index].is_empty() {
                continue;
            }
            let (cuts, end) = (&mut found[index], &mut ends[index]);
            let (mut statements, mut sources, mut whole) = (
                FxHashSet::default(),
                FxHashSet::default(),
                FxHashSet::default(),
            );
            for place in places {
                match place {
                    Place::Statements(at) => statements.insert(at),
                    Place::Sources(at) => sources.insert(at),
                    Place::Origin(at) => whole.insert(at),
                };
            }
            for cut in split(&mut cuts.statements, &statements) {
                let texts = cut.iter().map(|one| case.statement_text(one)).collect();
                end.not_enough.statements.push(texts);
            }
            for cut in split(&mut cuts.sources, &sources) {
                end.not_enough.sources.push(self.source_texts(&cut));
            }
            for (at, &origin) in origins[index].iter().enumerate() {
                match whole.contains(&at) {
                    true => end.not_enough.origins.push(vec![self.source_text(origin)]),
                    false => end.origins.push(self.origin(origin)),
                }
            }
        }
    }

    /// Withdrawals of claims together where that is worth it, the others one by one.
    fn standing_without<P: Clone>(
        &self,
        facts: &[Fact],
        withdrawals: &[Withdrawal],
        tasks: &[Task<P>],
        until: Instant,
    ) -> Result<Vec<Outcome<P>>, Error> {
        let mut outcomes = self.foreseen(facts, withdrawals, tasks, until);
        for (task, outcome) in tasks.iter().zip(&mut outcomes) {
            if outcome.is_none() && Instant::now() < until {
                let without = self.without(&withdrawals[task.withdrawal])?.database;
                let holds = |index: usize| {
                    let fact = &facts[index];
                    without.contains(fact.relation, &fact.row)
                };
                let places = task.places.iter().cloned();
                *outcome = Some(places.filter(|(index, _)| holds(*index)).collect());
            }
        }
        Ok(outcomes)
    }

    /// Each withdrawal as a case of one history; `None` where only following it tells.
    fn foreseen<P: Clone>(
        &self,
        facts: &[Fact],
        withdrawals: &[Withdrawal],
        tasks: &[Task<P>],
        until: Instant,
    ) -> Vec<Outcome<P>> {
        let mut outcomes: Vec<Outcome<P>> = tasks.iter().map(|_| None).collect();
        if tasks.is_empty() || !self.foresees() {
            return outcomes;
        }
        let asked = tasks.iter().flat_map(|task| &task.places);
        let wanted: FxHashSet<RelationId> =
            asked.map(|(index, _)| facts[*index].relation).collect();
        let wanted: Vec<RelationId> = wanted.into_iter().collect();
        let case = self.case();
        let rows = case.cone(&wanted).into_iter();
        let rows: usize = rows.map(|id| self.database.len(id)).sum();
        let known = self.changeable().and_then(|_| self.known_days());
        let dates = self.dates_of(&self.claims, known);
        let dates = match &dates {
            None if rows > tasks.len() * ROWS_OF_A_RUN => return outcomes,
            None => None,
            Some(dates) => match dates.past {
                Some(past) => Some((dates, past)),
                None => return outcomes,
            },
        };
        let given = self.given(self.program(), &self.assumed);
        let is_given = |&id: &ClaimId| {
            let claim = self.claims.get(id);
            given.contains(&Fact::new(claim.relation, claim.row))
        };
        let mut of_claims: Vec<(usize, Vec<ClaimId>)> = Vec::new();
        for (at, task) in tasks.iter().enumerate() {
            let gone = &withdrawals[task.withdrawal];
            if gone.rules.is_empty() && gone.facts.is_empty() && !gone.claims.iter().any(is_given) {
                let claims = gone.claims.iter().copied();
                of_claims.push((at, claims.filter(|&id| self.claims.stands(id)).collect()));
            }
        }
        let meter = Meter::new(&Budget {
            time: Some(until.saturating_duration_since(Instant::now())),
            rows: None,
            ..self.explanation_budget()
        });
        let most = most_changes(rows, dates.map(|(dates, _)| dates));
        for batch in of_claims.chunks(most) {
            let changes: Vec<Change> = batch.iter().map(|(_, ids)| (&ids[..], &[][..])).collect();
            let found = case.after_each(&changes, &wanted, dates, &meter);
            let Ok(Some(presence)) = found else {
                return outcomes;
            };
            let mut with: FxHashMap<usize, DaySet> = FxHashMap::default();
            for (nth, (at, _)) in batch.iter().enumerate() {
                let mut holds = |index: usize| {
                    let cases = with
                        .entry(index)
                        .or_insert_with(|| presence.with(&facts[index]));
                    cases.contains(nth)
                };
                let places = tasks[*at].places.iter().cloned();
                outcomes[*at] = Some(places.filter(|(index, _)| holds(*index)).collect());
            }
        }
        outcomes
    }

    pub(super) fn origin(&self, source: SourceId) -> Origin {
        let silenced = self.data.sources.with_echoes(source);
        let mut saying = silenced;
        saying.retain(|&one| self.claims.by_source(one).next().is_some());
        Origin {
            source: self.source_text(source),
            told_by: self.source_texts(&saying),
        }
    }

    /// What a conclusion that no statement carries needs to be absent, or unchanged.
    pub(super) fn conditions_of(&self, fact: &Fact) -> Vec<String> {
        let case = self.case();
        let budget = self.explanation_budget();
        let found = case.supports(fact, &GradeTables::default(), 1, &budget);
        let conditions = found.supports.iter().flat_map(|one| &one.conditions);
        conditions
            .map(|condition| case.condition_text(condition))
            .collect()
    }

    /// What follows without it.
    fn without(&self, gone: &Withdrawal) -> Result<State, Error> {
        let mut standing = self.standing();
        if !gone.rules.is_empty() {
            let rules: FxHashSet<RuleId> = gone.rules.iter().copied().collect();
            standing.program = standing
                .program
                .without_facts(|rule| !rules.contains(&rule));
        }
        let withdrawn = self.withdrawn.iter().chain(&gone.facts).cloned();
        self.derive(Standing {
            claims: self.claims.without(gone.claims.iter().copied()),
            withdrawn: Arc::new(withdrawn.collect()),
            ..standing
        })
    }
}

/// Withdrawals by what they are of: many conclusions hang on one claim.
struct Withdrawals<'a> {
    session: &'a Session,
    all: Vec<Withdrawal>,
    by_statements: FxHashMap<Vec<Statement>, usize>,
    by_sources: FxHashMap<Vec<SourceId>, usize>,
    /// By relation, what can bring rows of it about by being withdrawn.
    reviving: FxHashMap<RelationId, FxHashSet<RelationId>>,
    /// By withdrawal, the relations it takes rows from.
    from: Vec<FxHashSet<RelationId>>,
}

impl<'a> Withdrawals<'a> {
    fn of(session: &'a Session) -> Withdrawals<'a> {
        Withdrawals {
            session,
            all: Vec::new(),
            by_statements: FxHashMap::default(),
            by_sources: FxHashMap::default(),
            reviving: FxHashMap::default(),
            from: Vec::new(),
        }
    }

    fn of_statements(&mut self, statements: &[Statement]) -> usize {
        if let Some(&known) = self.by_statements.get(statements) {
            return known;
        }
        let claims = &self.session.claims;
        let mut gone = Withdrawal::default();
        for statement in statements {
            match statement {
                Statement::Claim(claim) => {
                    gone.claims.extend(claims.with_id(claims.get(*claim).id))
                }
                Statement::Text(rule) => gone.rules.push(*rule),
                Statement::Data(fact) => gone.facts.push(fact.clone()),
            }
        }
        let at = self.add(gone);
        self.by_statements.insert(statements.to_vec(), at);
        at
    }

    /// With the reports that only repeat them.
    fn of_sources(&mut self, sources: &[SourceId]) -> usize {
        if let Some(&known) = self.by_sources.get(sources) {
            return known;
        }
        let claims = &self.session.claims;
        let silenced = sources
            .iter()
            .flat_map(|&source| self.session.data.sources.with_echoes(source));
        let said = silenced
            .flat_map(|source| claims.by_source(source))
            .flat_map(|claim| claims.with_id(claims.get(claim).id))
            .collect();
        let at = self.add(Withdrawal {
            claims: said,
            ..Withdrawal::default()
        });
        self.by_sources.insert(sources.to_vec(), at);
        at
    }

    fn add(&mut self, gone: Withdrawal) -> usize {
        let claims = &self.session.claims;
        let claimed = gone.claims.iter().map(|&id| claims.get(id).relation);
        let stated = gone.rules.iter().filter_map(|&rule| {
            let head = self.session.program()[rule].head.as_ref();
            head.map(|head| head.relation)
        });
        let plain = gone.facts.iter().map(|fact| fact.relation);
        self.from.push(claimed.chain(stated).chain(plain).collect());
        self.all.push(gone);
        self.all.len() - 1
    }

    /// Whether it may bring a row of a relation about.
    fn may_revive(&mut self, withdrawal: usize, conclusion: RelationId) -> bool {
        let session = self.session;
        let reviving = self
            .reviving
            .entry(conclusion)
            .or_insert_with(|| reviving(session.program(), conclusion));
        !self.from[withdrawal].is_disjoint(reviving)
    }
}

/// Takes out what stands at some places.
fn split<T>(all: &mut Vec<T>, gone: &FxHashSet<usize>) -> Vec<T> {
    let (out, kept): (Vec<_>, Vec<_>) = std::mem::take(all)
        .into_iter()
        .enumerate()
        .partition(|(at, _)| gone.contains(at));
    all.extend(kept.into_iter().map(|(_, one)| one));
    out.into_iter().map(|(_, one)| one).collect()
}

/// The parts of the first larger cuts, each once.
fn parts_of<T: Clone + PartialEq>(cuts: &[Vec<T>]) -> Vec<T> {
    let mut parts: Vec<T> = Vec::new();
    for one in cuts
        .iter()
        .filter(|cut| cut.len() > 1)
        .take(TRIED)
        .flatten()
    {
        if !parts.contains(one) {
            parts.push(one.clone());
        }
    }
    parts
}

/// Puts one in the place of the cuts that it is a part of.
fn alone<T: PartialEq>(cuts: &mut Vec<Vec<T>>, one: T) {
    cuts.retain(|cut| !cut.contains(&one));
    let after = cuts.iter().position(|cut| cut.len() > 1);
    cuts.insert(after.unwrap_or(cuts.len()), vec![one]);
}
