//! The table: evidence, and what its withdrawal does to each contender.

use super::super::side_by_side::each;
use super::basis::Rested;
use super::contender::{Contender, Goal, Stand, Tried};
use super::foresight::Foreseen;
use super::judged::Judgement;
use super::obstacle::{Asked, Noted};
use super::standing::{Depth, Known, Outlook, with_fact};
use crate::engine::Budget;
use crate::evidence::{ClaimId, Claims, GradeTables, SourceId, Sources};
use crate::explain::{Case, Fact, Facts, Meter, Miss, Reason, WhyNotOptions};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the withdrawal of a piece of evidence does to the goals of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// They do not hold without it.
    Falls,
    /// They lose a support that rests on it, or hold less firmly.
    Weakens,
    Stands,
    /// It speaks against them: without it they hold, or hold more firmly, or are no longer denied.
    Helped,
    /// Said by a person.
    Judged(Judgement),
}

impl Cell {
    pub fn word(self) -> &'static str {
        match self {
            Cell::Falls => "falls",
            Cell::Weakens => "weakens",
            Cell::Stands => "stands",
            Cell::Helped => "helped",
            Cell::Judged(judgement) => judgement.word(),
        }
    }

    /// From 1 (it needs it) to -1 (it speaks against it).
    pub fn value(self) -> f64 {
        match self {
            Cell::Falls => 1.0,
            Cell::Weakens => 0.5,
            Cell::Stands => 0.0,
            Cell::Helped => -1.0,
            Cell::Judged(judgement) => judgement.value(),
        }
    }

    /// How far it counts against a hypothesis, before it is weighed.
    pub fn against(self) -> f64 {
        match self {
            Cell::Helped => 1.0,
            Cell::Judged(judgement) => judgement.against(),
            Cell::Falls | Cell::Weakens | Cell::Stands => 0.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One row of a claim file: the first claim of its id.
    Claim(ClaimId),
    /// A source that repeats no other, with all that goes back to it.
    Root(SourceId),
    /// Known from a matrix only.
    Label(String),
}

#[derive(Clone, Debug)]
pub struct Evidence {
    pub subject: Subject,
    /// What is withdrawn with it, all rows of each id, ascending.
    pub claims: Arc<[ClaimId]>,
    /// Strength of its grade, between 0 and 1.
    pub weight: f64,
    /// What a judgement of it weighs in a table that has no column of it.
    pub weight_alone: f64,
    /// By contender.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub evidence: Vec<Evidence>,
    /// Claims on which goals turn without resting on them: see [`Inquiry::turning`].
    pub(super) turning: Vec<ClaimId>,
    /// Every claim that has a part in a support is there, and every one on which a goal turns.
    pub complete: bool,
}

/// Facts that keep a goal from holding are looked for so deep.
const DEPTH: usize = 3;
/// Instances of a rule that fail alike and of which each is looked at.
const INSTANCES: usize = 64;

/// How evidence is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Folded to root sources.
    pub fold: bool,
    /// Whether the withdrawal of each two pieces of evidence will be asked about next: what can be worked out with the cells
    /// is.
    pub pairs: bool,
    pub threads: usize,
}

/// Who is compared, over which evidence.
pub struct Inquiry<'s, 'a, E> {
    pub contenders: &'s [Contender<'a, E>],
    /// Those of the case, but for what is taken to be planted.
    pub claims: &'s Claims,
    pub sources: &'s Sources,
    pub view: View,
    pub meter: &'s Meter,
    pub budget: &'s Budget,
}

/// Evidence that is withdrawn, ascending, and facts that are found, before a table is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Altered {
    pub withdrawn: Vec<ClaimId>,
    pub found: Vec<Fact>,
}

/// What a table is made of.
pub(super) struct Gathered {
    /// Claims that have a column, or whose roots have one: the first of each row, ascending.
    pub ids: Vec<ClaimId>,
    /// By claim that denies something: what.
    pub denials: FxHashMap<ClaimId, Vec<Fact>>,
    /// By contender.
    pub states: Vec<State>,
}

/// A contender with what was altered.
pub(super) struct State {
    pub change: Tried,
    pub known: Known,
    pub stand: Stand,
    pub rested: Arc<Rested>,
}

impl State {
    fn uses(&self, claim: ClaimId) -> bool {
        self.rested.uses.contains(&claim)
    }
}

impl<E> Inquiry<'_, '_, E> {
    /// The evidence that matters to any of the contenders, in the order of the claims.
    pub fn tabulate(&self) -> Result<Table, E> {
        let as_it_is = Altered::default();
        self.foresee_likely()?;
        let mut gathered = self.gather(&as_it_is, &[])?;
        let (turning, all_turning) = self.turning(&gathered)?;
        if !turning.is_empty() {
            gathered = self.gather(&as_it_is, &turning)?;
        }
        let mut columns = self.columns(&gathered, &as_it_is);
        let (asked, pairs) = (self.asked(&columns), self.view.pairs);
        self.ahead(|contender| told(contender, &asked, pairs));
        for column in &mut columns {
            for at in 0..self.contenders.len() {
                let cell = self.cell(at, &column.claims, &as_it_is, &gathered)?;
                column.cells.push(cell);
            }
        }
        let mut states = gathered.states.iter();
        Ok(Table {
            evidence: columns,
            complete: all_turning && states.all(|state| state.rested.complete),
            turning,
        })
    }

    /// What is rejected may become a column: with few of them all is worked out together.
    fn foresee_likely(&self) -> Result<(), E> {
        let as_it_is = Altered::default();
        let mut ids: Vec<ClaimId> = Vec::new();
        let mut doubtful: Vec<ClaimId> = Vec::new();
        for at in 0..self.contenders.len() {
            let state = self.state(at, &as_it_is)?;
            ids.extend(state.rested.uses.iter().copied());
            let contender = &self.contenders[at];
            ids.extend(
                contender
                    .blocking(&state.change, self.meter, self.budget)?
                    .iter(),
            );
            ids.extend(self.denying(at, &state).into_iter().map(|(id, _)| id));
            doubtful.extend(self.returning(at, &state, &as_it_is).map(|(id, _)| id));
        }
        let asked: Vec<(Altered, bool)> = match doubtful.len() > FEW_REJECTED {
            true => Vec::new(),
            false => {
                ids.extend(doubtful);
                let ids = self.first_of(ids);
                self.asked(&self.columns_of(&ids, &|_| true, &|_| true))
            }
        };
        let pairs = self.view.pairs;
        self.ahead(|contender| {
            let holds = |fact: &Fact| contender.facts.contains(fact.relation, &fact.row);
            let back = contender.rejected().into_iter();
            let back = back
                .filter(|(_, fact)| !holds(fact))
                .map(|(_, fact)| Foreseen {
                    change: (Vec::new(), vec![fact]),
                    depth: Depth::Outcome,
                });
            back.chain(told(contender, &asked, pairs)).collect()
        });
        Ok(())
    }

    /// Asks something of every contender, several at a time.
    pub(super) fn each<T: Send>(&self, ask: impl Fn(&Contender<E>, &Meter) -> T + Sync) -> Vec<T> {
        let places = vec![(); self.view.threads.max(1)];
        each(&places, self.contenders, self.meter, |(), one, meter| {
            ask(one, meter)
        })
    }

    /// Has all contenders work out some changes, several at a time.
    pub(super) fn ahead(&self, asked: impl Fn(&Contender<E>) -> Vec<Foreseen> + Sync) {
        let (threads, budget) = (self.view.threads, self.budget);
        let tries = threads > 1 && self.contenders.len() > 1;
        self.each(|contender, meter| {
            let asked = asked(contender);
            contender.foresee(&asked, meter, budget);
            for Foreseen { change, depth } in asked.iter().filter(|_| tries) {
                if meter.stopped().is_some() {
                    break;
                }
                // What goes wrong is found by who asks again.
                let _ = contender.outcome(change, *depth, meter, budget);
            }
        });
    }

    /// The withdrawal of each column, and of each two of them; with whether it is that of one.
    fn asked(&self, columns: &[Evidence]) -> Vec<(Altered, bool)> {
        let withdrawal = |withdrawn: Vec<ClaimId>| Altered {
            withdrawn,
            found: Vec::new(),
        };
        let single = columns
            .iter()
            .map(|one| (withdrawal(one.claims.to_vec()), true));
        let of_two = columns.iter().enumerate().flat_map(|(at, one)| {
            let others = columns[at + 1..].iter();
            others.map(|other| (withdrawal(merged(&one.claims, &other.claims)), false))
        });
        let pairs = match self.view.pairs {
            true => MOST_PAIRS,
            false => 0,
        };
        single.chain(of_two.take(pairs)).collect()
    }

    fn state(&self, at: usize, altered: &Altered) -> Result<State, E> {
        let contender = &self.contenders[at];
        let change = contender.told(&altered.withdrawn, &altered.found);
        let (stand, rested) = contender.rested(&change, self.meter, self.budget)?;
        let known = contender.outcome(&change, Depth::Outcome, self.meter, self.budget)?;
        Ok(State {
            change,
            known,
            stand,
            rested,
        })
    }

    /// What a table is made of when something is altered.
    /// `turning`: what goals turn on as it is.
    pub(super) fn gather(&self, altered: &Altered, turning: &[ClaimId]) -> Result<Gathered, E> {
        let is_left = |id: &ClaimId| altered.withdrawn.binary_search(id).is_err();
        let mut ids: Vec<ClaimId> = turning.iter().copied().filter(is_left).collect();
        let mut denials: FxHashMap<ClaimId, Vec<Fact>> = FxHashMap::default();
        let mut states = Vec::new();
        for at in 0..self.contenders.len() {
            let state = self.state(at, altered)?;
            ids.extend(state.rested.uses.iter().copied());
            let contender = &self.contenders[at];
            let blocking = contender.blocking(&state.change, self.meter, self.budget)?;
            ids.extend(blocking.iter());
            for (claim, fact) in self.denying(at, &state) {
                ids.push(claim);
                denials.entry(claim).or_default().push(fact);
            }
            ids.extend(self.overcome(at, &state, altered)?);
            states.push(state);
        }
        Ok(Gathered {
            ids: self.first_of(ids),
            denials,
            states,
        })
    }

    /// The first claims of the same rows, ascending, none twice.
    pub(super) fn first_of(&self, ids: Vec<ClaimId>) -> Vec<ClaimId> {
        let first = |claim: ClaimId| {
            let id = self.claims.get(claim).id;
            self.claims.with_id(id).next().unwrap_or(claim)
        };
        let mut ids: Vec<ClaimId> = ids.into_iter().map(first).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(super) fn columns(&self, gathered: &Gathered, altered: &Altered) -> Vec<Evidence> {
        let states = &gathered.states;
        let uses = |claim| states.iter().any(|one| one.uses(claim));
        let is_left = |claim| altered.withdrawn.binary_search(&claim).is_err();
        self.columns_of(&gathered.ids, &uses, &is_left)
    }

    /// A column for each of these rows, or for each root source of them: it weighs what the best of its claims does that
    /// are used, or that are left.
    pub(super) fn columns_of(
        &self,
        ids: &[ClaimId],
        uses: &dyn Fn(ClaimId) -> bool,
        is_left: &dyn Fn(ClaimId) -> bool,
    ) -> Vec<Evidence> {
        let (claims, sources) = (self.claims, self.sources);
        let weight =
            |claim: ClaimId| GradeTables::default().strength(claims.get(claim).grade(sources));
        let mut columns: Vec<Evidence> = Vec::new();
        let mut roots: Vec<SourceId> = Vec::new();
        for &id in ids {
            match claims.get(id).source.filter(|_| self.view.fold) {
                Some(source) => roots.extend(sources.roots(source)),
                None => {
                    let mut rows: Vec<ClaimId> = claims.with_id(claims.get(id).id).collect();
                    rows.sort_unstable();
                    columns.push(Evidence {
                        subject: Subject::Claim(id),
                        claims: rows.into(),
                        weight: weight(id),
                        weight_alone: weight(id),
                        cells: Vec::new(),
                    });
                }
            }
        }
        roots.sort_unstable();
        roots.dedup();
        if roots.is_empty() {
            return columns;
        }
        let mut claims_of: Vec<Vec<ClaimId>> = vec![Vec::new(); roots.len()];
        for (id, source) in claims
            .iter()
            .filter_map(|(id, claim)| Some((id, claim.source?)))
        {
            for root in sources.roots(source) {
                if let Ok(at) = roots.binary_search(root) {
                    claims_of[at].push(id);
                }
            }
        }
        for (root, all) in roots.into_iter().zip(claims_of) {
            let best = |of: &dyn Fn(ClaimId) -> bool| {
                let of = all.iter().filter(|claim| of(**claim));
                of.map(|&claim| weight(claim)).max_by(f64::total_cmp)
            };
            let weight = best(uses).or_else(|| best(is_left)).unwrap_or(0.0);
            columns.push(Evidence {
                subject: Subject::Root(root),
                weight,
                weight_alone: weight,
                claims: all.into(),
                cells: Vec::new(),
            });
        }
        columns
    }

    fn cell(
        &self,
        at: usize,
        withdrawn: &[ClaimId],
        altered: &Altered,
        gathered: &Gathered,
    ) -> Result<Cell, E> {
        if self.speaks_against(at, withdrawn, altered, gathered, None)? {
            return Ok(Cell::Helped);
        }
        let (contender, state) = (&self.contenders[at], &gathered.states[at]);
        if !state.stand.holds {
            return Ok(Cell::Stands);
        }
        let (change, known) = self.further(at, withdrawn, altered)?;
        let strength = contender.strength(&known, &change);
        Ok(match known.holds {
            false => Cell::Falls,
            true if strength < state.stand.strength - SAME => Cell::Weakens,
            true if withdrawn.iter().any(|&claim| state.uses(claim)) => Cell::Weakens,
            true => Cell::Stands,
        })
    }

    /// How a contender stands when evidence is withdrawn besides.
    pub(super) fn further(
        &self,
        at: usize,
        withdrawn: &[ClaimId],
        altered: &Altered,
    ) -> Result<(Tried, Known), E> {
        let contender = &self.contenders[at];
        let change = contender.told(&merged(&altered.withdrawn, withdrawn), &altered.found);
        let known = contender.outcome(&change, Depth::Support, self.meter, self.budget)?;
        Ok((change, known))
    }

    /// Whether evidence speaks against a contender: it takes it to be false, or stands better without it. `outlook`: how it
    /// stands without it, if that is at hand.
    pub(super) fn speaks_against(
        &self,
        at: usize,
        withdrawn: &[ClaimId],
        altered: &Altered,
        gathered: &Gathered,
        outlook: Option<Outlook>,
    ) -> Result<bool, E> {
        let (contender, state) = (&self.contenders[at], &gathered.states[at]);
        let is_left = |claim: &ClaimId| altered.withdrawn.binary_search(claim).is_err();
        let mut rejected = withdrawn.iter().filter(|claim| is_left(claim));
        if rejected.any(|claim| contender.rejects.contains(claim)) {
            return Ok(true);
        }
        let outlook = match outlook {
            Some(outlook) => outlook,
            None => self.further(at, withdrawn, altered)?.1.outlook(),
        };
        match (state.known.holds, outlook.holds) {
            (true, false) => return Ok(false),
            (false, true) => return Ok(true),
            (false, false) => {}
            (true, true) => {
                // Of what the goals rest on there is less then, and nothing else.
                let basis = state.known.outlook().basis;
                if basis.is_none() || basis != outlook.basis {
                    let (change, known) = self.further(at, withdrawn, altered)?;
                    let strength = contender.strength(&known, &change);
                    if strength > state.stand.strength + SAME {
                        return Ok(true);
                    }
                    if strength < state.stand.strength - SAME {
                        return Ok(false);
                    }
                }
                if withdrawn.iter().any(|&claim| state.uses(claim)) {
                    return Ok(false);
                }
            }
        }
        let denied = withdrawn.iter().filter(|claim| is_left(claim));
        let denied = denied.filter_map(|claim| gathered.denials.get(claim));
        Ok(denied.flatten().any(|fact| {
            let mut about = contender.claims.about(fact.relation, &fact.row).into_iter();
            about.any(|claim| withdrawn.contains(&claim) && is_left(&claim))
                && self.leans(at, state, fact)
        }))
    }

    /// Whether a contender leans on a fact that may be denied: it is a goal, assumed, or stated by what it rests on.
    fn leans(&self, at: usize, state: &State, fact: &Fact) -> bool {
        let contender = &self.contenders[at];
        let first = |claim: ClaimId| {
            let id = contender.claims.get(claim).id;
            contender.claims.with_id(id).next().unwrap_or(claim)
        };
        let is_left = |claim: &ClaimId| state.change.0.binary_search(claim).is_err();
        let supporting = || {
            let all = contender.claims.supporting(fact.relation, &fact.row);
            all.into_iter().filter(is_left)
        };
        contender.goals.iter().any(|goal| goal.agrees(fact))
            || contender.assumed.contains(fact)
            || supporting().any(|claim| state.uses(first(claim)))
    }

    /// Claims that deny a goal, what is assumed, or what a contender rests on; with the fact.
    fn denying(&self, at: usize, state: &State) -> Vec<(ClaimId, Fact)> {
        let contender = &self.contenders[at];
        let denials = contender.denials.iter();
        let left = denials.filter(|claim| state.change.0.binary_search(claim).is_err());
        left.filter_map(|&id| {
            let claim = contender.claims.get(id);
            let fact = Fact::new(claim.relation, claim.row);
            self.leans(at, state, &fact).then_some((id, fact))
        })
        .collect()
    }

    /// Claims that a contender takes to be false, and what they state that does not hold with it.
    fn returning(
        &self,
        at: usize,
        state: &State,
        altered: &Altered,
    ) -> impl Iterator<Item = (ClaimId, Fact)> {
        let contender = &self.contenders[at];
        let absent = state.known.absent.clone();
        let rejected = contender.rejected().into_iter().enumerate();
        rejected
            .filter(move |(number, (id, fact))| {
                let is_absent = match &absent {
                    Some(absent) => absent.contains(number),
                    None => !contender.facts.contains(fact.relation, &fact.row),
                };
                is_absent && altered.withdrawn.binary_search(id).is_err()
            })
            .map(|(_, one)| one)
    }

    /// Those of them that would count against its goals if they were not false.
    fn overcome(&self, at: usize, state: &State, altered: &Altered) -> Result<Vec<ClaimId>, E> {
        let contender = &self.contenders[at];
        let mut found = Vec::new();
        for (id, fact) in self.returning(at, state, altered) {
            let change = with_fact(&state.change, fact);
            let after = contender.outcome(&change, Depth::Outcome, self.meter, self.budget)?;
            if state.known.holds && !after.holds || after.violated > state.known.violated {
                found.push(id);
            }
        }
        Ok(found)
    }
}

impl<E> Contender<'_, E> {
    /// Claims without which something would be absent that keeps a goal from holding, with a change.
    pub(super) fn blocking(
        &self,
        change: &Tried,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Arc<[ClaimId]>, E> {
        if self.outcome(change, Depth::Outcome, meter, budget)?.holds {
            return Ok(Arc::default());
        }
        if let Some(known) = self.blocking.lock().get(change) {
            return Ok(known.clone());
        }
        let found = self.in_world(change, meter, |facts| {
            self.blocking_in(facts, change, budget).0
        })?;
        let found: Arc<[ClaimId]> = found.unwrap_or_default().into();
        let mut known = self.blocking.lock();
        known.insert(change.clone(), found.clone());
        Ok(found)
    }

    /// The same where the facts of its world are at hand, with what was asked of them.
    pub(super) fn blocking_in(
        &self,
        facts: &dyn Facts,
        change: &Tried,
        budget: &Budget,
    ) -> (Vec<ClaimId>, Asked) {
        let noted = Noted::new(facts, self.facts);
        let (claims, assumed) = self.without(change);
        let case = self.case_of(&noted, &claims, &assumed);
        let found = blocking(&case, &noted, &self.goals, budget);
        (found, noted.asked())
    }
}

/// What is asked of a contender to see how it stands with each of some withdrawals; `tables`: and to make tables with those
/// of single columns, which come first.
pub(super) fn told<E>(
    contender: &Contender<E>,
    asked: &[(Altered, bool)],
    tables: bool,
) -> Vec<Foreseen> {
    let of = asked.iter().map(|(one, _)| Foreseen {
        change: contender.told(&one.withdrawn, &one.found),
        depth: Depth::Support,
    });
    let singles = asked
        .iter()
        .filter(move |(_, is_single)| tables && *is_single);
    let returns = singles.flat_map(|(one, _)| contender.returns(&one.withdrawn, &one.found));
    of.chain(returns.map(|change| Foreseen {
        change,
        depth: Depth::Outcome,
    }))
    .collect()
}

/// Both ascending, and so is what they are together.
pub(super) fn merged(one: &[ClaimId], other: &[ClaimId]) -> Vec<ClaimId> {
    let mut all = [one, other].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// Strengths that are as good as equal.
pub(super) const SAME: f64 = 1e-9;
/// Up to so many rejected claims of all contenders are taken for likely columns.
const FEW_REJECTED: usize = 16;
/// Pairs of columns that are worked out with the cells.
const MOST_PAIRS: usize = 1_500;

/// Claims without which something would be absent that keeps a goal from holding.
fn blocking(case: &Case, facts: &dyn Facts, goals: &[Goal], budget: &Budget) -> Vec<ClaimId> {
    let mut found = Vec::new();
    let options = WhyNotOptions {
        depth: DEPTH,
        nearest: 0,
        ..WhyNotOptions::default()
    };
    let small = Budget {
        rows: Some(200_000),
        ..budget.clone()
    };
    for goal in goals {
        if goal.is_met(facts) {
            continue;
        }
        let missing = case.why_not(goal.relation, &goal.pattern, &options, &small);
        let misses = missing.misses.iter();
        let mut open: Vec<(&[Option<Code>], &Miss)> =
            misses.map(|miss| (&goal.pattern[..], miss)).collect();
        let mut in_the_way: Vec<Fact> = Vec::new();
        while let Some((wanted, miss)) = open.pop() {
            for failing in &miss.failing {
                match &failing.reason {
                    Reason::Present(fact) => in_the_way.push(fact.clone()),
                    Reason::Absent { pattern, below, .. } => {
                        open.extend(below.iter().map(|miss| (&pattern[..], miss)));
                    }
                    Reason::Total(_) | Reason::False => {}
                }
            }
            if miss.others > 0 {
                let meter = Meter::new(&small);
                in_the_way.extend(case.in_the_way(miss, wanted, INSTANCES, &meter));
            }
        }
        in_the_way.sort();
        in_the_way.dedup();
        for fact in &in_the_way {
            let rests = case.rests(fact, &GradeTables::default(), &small);
            found.extend(rests.iter().flat_map(|rests| rests.claims()));
        }
    }
    found
}
