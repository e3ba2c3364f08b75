//! A hypothesis in a world of its own, and how it stands when something is withdrawn or found.

use super::super::abduce::behind;
use super::super::trial::{Outcome, Trial, Untried};
use crate::analysis::checked::{CheckedProgram, Literal, LiteralKind, RelationId, RuleId, VarId};
use crate::engine::{Budget, Database, RunReport, Violation};
use crate::evidence::{ClaimId, Claims, GradeTables, Sources, Stance};
use crate::explain::{Case, Dates, Fact, Facts, Meter, Past, Rests};
use crate::storage::pattern::agrees;
use crate::storage::{Code, Dictionary};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// Facts that stand whatever claims are withdrawn: rule text, plain data, what is assumed.
pub type Given = FxHashSet<Fact>;

/// An atom that a hypothesis is to show; `None` for any value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goal {
    pub relation: RelationId,
    pub pattern: Vec<Option<Code>>,
}

impl Goal {
    fn is_met(&self, facts: &dyn Facts) -> bool {
        facts.has(self.relation, &self.pattern)
    }
}

/// Runs the world of a contender without some claims and with some facts more, where only a run can tell.
pub type Rerun<'a, E> =
    Box<dyn Fn(&[ClaimId], &[Fact]) -> Result<(Database, RunReport), E> + Send + Sync + 'a>;

pub struct Contender<'a, E> {
    pub name: String,
    pub facts: &'a (dyn Facts + Sync),
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    /// Those that stand in its world.
    pub claims: &'a Claims,
    pub sources: &'a Sources,
    pub assumed: &'a FxHashSet<Fact>,
    pub given: &'a Given,
    pub goals: Vec<Goal>,
    /// Claims that it takes to be false.
    pub rejects: Vec<ClaimId>,
    /// What it says is not so, whoever says it.
    pub denies: Vec<Goal>,
    pub rerun: Rerun<'a, E>,
    pub database: Option<&'a Database>,
    pub(super) foresees: bool,
    pub(super) dates: Option<Dates<'a>>,
    /// On which days everything holds, once somebody asked and if it is known.
    pub(super) past: OnceLock<Option<Past>>,
    pub(super) trial: Option<Mutex<Trying>>,
    /// What its world violates and the case does not, and what the case violates.
    pub(super) broken: FxHashSet<Way>,
    pub(super) known: FxHashSet<Way>,
    /// By constraint that the case violates: the variables that a way to do so names.
    pub(super) known_columns: FxHashMap<RuleId, Vec<VarId>>,
    /// The relations of the goals and those that constraints read.
    pub(super) asked: Vec<RelationId>,
    /// By relation: the goals depend on it.
    pub(super) behind_goals: Vec<bool>,
    /// By relation: the goals or some constraint depend on it. What else a change does makes no difference here.
    pub(super) followed: Arc<[bool]>,
    /// How it stands with changes that were tried: claims withdrawn, and facts found.
    pub(super) stands: Mutex<FxHashMap<Tried, Known>>,
    pub(super) rests: Vec<Vec<Rests>>,
}

/// Claims withdrawn, and facts found, ascending.
pub(super) type Tried = (Vec<ClaimId>, Vec<Fact>);

/// One way in which a constraint is violated.
type Way = (RuleId, Vec<Code>);

/// Where changes are tried: on the world, or on a change of it that several others begin with.
pub(super) struct Trying {
    trial: Trial,
    ground: Option<Ground>,
}

/// A change that was made and not taken back.
struct Ground {
    change: Tried,
    /// What nothing states any more.
    gone: Vec<Fact>,
    broken: FxHashSet<Way>,
    /// Whether something came about that the goals depend on.
    raised: bool,
}

impl Trying {
    fn on(database: &Database) -> Trying {
        Trying {
            trial: Trial::on(database),
            ground: None,
        }
    }

    fn leave_ground(&mut self) {
        if self.ground.take().is_some() {
            self.trial.take_back();
        }
    }
}

/// How the goals of a contender stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stand {
    /// All of them.
    pub holds: bool,
    /// That of the weakest goal; 0 when one does not hold.
    pub strength: f64,
    /// Constraints newly violated.
    pub violated: usize,
}

/// How a contender stands with a change, as far as somebody asked.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub holds: bool,
    pub violated: usize,
    /// `None`: nobody asked.
    pub strength: Option<f64>,
}

impl Known {
    fn stand(&self) -> Option<Stand> {
        Some(Stand {
            holds: self.holds,
            strength: self.strength?,
            violated: self.violated,
        })
    }
}

impl From<Stand> for Known {
    fn from(stand: Stand) -> Known {
        Known {
            holds: stand.holds,
            violated: stand.violated,
            strength: Some(stand.strength),
        }
    }
}

/// How much to find out of a contender under a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Whether it holds, and what it violates.
    Outcome,
    /// Its strength too.
    Strength,
}

/// What a contender is made of.
pub struct Setting<'a> {
    pub facts: &'a (dyn Facts + Sync),
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub claims: &'a Claims,
    pub sources: &'a Sources,
    pub assumed: &'a FxHashSet<Fact>,
    pub given: &'a Given,
    /// Of its world, if changes can be tried on it.
    pub database: Option<&'a Database>,
    /// Where changes can be worked out together as well: its database has recorded births, and no functor without a value
    /// is an error.
    pub foresees: bool,
    /// Of its claims, where conclusions have to hold at one time.
    pub dates: Option<Dates<'a>>,
    /// What its world violates, and what the case does, by the ids that its program has.
    pub violations: &'a [Violation],
    pub known: &'a [Violation],
}

fn ways(violations: &[Violation]) -> impl Iterator<Item = Way> + '_ {
    violations.iter().flat_map(|violation| {
        let rows = violation.rows.iter();
        rows.map(|row| (violation.constraint, row))
    })
}

impl<'a, E> Contender<'a, E> {
    pub fn new(
        name: String,
        setting: Setting<'a>,
        goals: Vec<Goal>,
        rerun: Rerun<'a, E>,
        budget: &Budget,
    ) -> Contender<'a, E> {
        let known: FxHashSet<Way> = ways(setting.known).collect();
        let mut contender = Contender {
            name,
            facts: setting.facts,
            program: setting.program,
            dictionary: setting.dictionary,
            claims: setting.claims,
            sources: setting.sources,
            assumed: setting.assumed,
            given: setting.given,
            goals,
            rejects: Vec::new(),
            denies: Vec::new(),
            rerun,
            database: setting.database,
            foresees: setting.foresees,
            dates: setting.dates,
            past: OnceLock::new(),
            trial: setting.database.map(|it| Mutex::new(Trying::on(it))),
            broken: ways(setting.violations)
                .filter(|way| !known.contains(way))
                .collect(),
            known,
            known_columns: (setting.known.iter())
                .map(|violation| (violation.constraint, named(violation, setting.program)))
                .collect(),
            asked: Vec::new(),
            behind_goals: Vec::new(),
            followed: Arc::default(),
            stands: Mutex::default(),
            rests: Vec::new(),
        };
        let case = contender.case();
        let rests = contender
            .goals
            .iter()
            .map(|goal| rests_of(&case, contender.facts, goal, budget))
            .collect();
        drop(case);
        contender.rests = rests;
        let goals = contender.goals.iter().map(|goal| goal.relation);
        contender.behind_goals = behind(contender.program, goals.clone());
        contender.asked = goals
            .chain(read_by_constraints(contender.program))
            .collect();
        let asked = contender.asked.iter().copied();
        contender.followed = behind(contender.program, asked).into();
        contender
    }

    /// Its world, with claims only to be withdrawn where there are any.
    pub fn case(&self) -> Case<'a> {
        let case = Case::new(
            self.facts,
            self.program,
            self.dictionary,
            self.claims,
            self.sources,
        )
        .assuming(self.assumed);
        match self.claims.is_empty() {
            true => case,
            false => case.only_claims(),
        }
    }

    /// Whether it says that a fact is not so: finding it changes nothing for it.
    pub fn denies(&self, fact: &Fact) -> bool {
        let mut denied = self.denies.iter();
        denied.any(|one| one.relation == fact.relation && agrees(&one.pattern, &fact.row))
    }

    pub fn stand(&self) -> Stand {
        let strength = self.strength_without(|_| false);
        Stand {
            holds: strength.is_some(),
            strength: strength.unwrap_or(0.0),
            violated: self.broken.len(),
        }
    }

    /// Claims that have a part in some support of a goal, ascending.
    pub fn rests_on(&self) -> Vec<ClaimId> {
        let mut claims: Vec<ClaimId> = self
            .rests
            .iter()
            .flatten()
            .flat_map(Rests::claims)
            .collect();
        claims.sort_unstable();
        claims.dedup();
        claims
    }

    pub fn uses(&self, claim: ClaimId) -> bool {
        self.rests.iter().flatten().any(|rests| rests.uses(claim))
    }

    /// Whether all that its goals can follow from was seen.
    pub fn is_complete(&self) -> bool {
        self.rests
            .iter()
            .flatten()
            .all(|rests| rests.stopped().is_none())
    }

    /// Negations and totals as they are.
    fn strength_without(&self, gone: impl Fn(ClaimId) -> bool) -> Option<f64> {
        let goal = |rests: &Vec<Rests>| {
            let facts = rests
                .iter()
                .filter_map(|rests| rests.strength_without(&gone));
            facts.max_by(f64::total_cmp)
        };
        let goals: Option<Vec<f64>> = self.rests.iter().map(goal).collect();
        goals?.into_iter().min_by(f64::total_cmp)
    }

    /// How it stands without some claims, given with all rows of their ids, and with some facts more. Exact.
    pub fn stand_if(
        &self,
        withdrawn: &FxHashSet<ClaimId>,
        found: &[Fact],
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Stand, E> {
        let none = (&FxHashSet::default(), &[][..]);
        self.stand_beyond(none, (withdrawn, found), meter, budget)
    }

    /// The same; `first` is a part of the change with which others begin that are asked about next.
    pub fn stand_beyond(
        &self,
        first: (&FxHashSet<ClaimId>, &[Fact]),
        change: (&FxHashSet<ClaimId>, &[Fact]),
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Stand, E> {
        let known = self.known_beyond(first, change, Depth::Strength, meter, budget)?;
        Ok(known.stand().unwrap_or_else(|| self.stand()))
    }

    /// The same without its strength, where that takes time.
    pub(super) fn outcome_beyond(
        &self,
        first: (&FxHashSet<ClaimId>, &[Fact]),
        change: (&FxHashSet<ClaimId>, &[Fact]),
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Known, E> {
        self.known_beyond(first, change, Depth::Outcome, meter, budget)
    }

    pub(super) fn known_beyond(
        &self,
        first: (&FxHashSet<ClaimId>, &[Fact]),
        change: (&FxHashSet<ClaimId>, &[Fact]),
        depth: Depth,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Known, E> {
        let change = self.told(change);
        if change.0.is_empty() && change.1.is_empty() {
            return Ok(self.stand().into());
        }
        if let Some(known) = self.known(&change, depth) {
            return Ok(known);
        }
        let known = self.tried(self.told(first), &change, depth, meter, budget)?;
        if meter.stopped().is_none() {
            self.stands.lock().insert(change, known);
        }
        Ok(known)
    }

    /// How it stands with a change, where that was found out before.
    pub(super) fn known(&self, change: &Tried, depth: Depth) -> Option<Known> {
        let known = self.stands.lock().get(change).copied();
        known.filter(|known| depth == Depth::Outcome || known.strength.is_some())
    }

    /// A change without what makes no difference: what does not stand, or holds anyway.
    pub(super) fn told(&self, (withdrawn, found): (&FxHashSet<ClaimId>, &[Fact])) -> Tried {
        let stands = |claim: &ClaimId| self.claims.stands(*claim);
        let mut ids: Vec<ClaimId> = withdrawn.iter().copied().filter(stands).collect();
        ids.sort_unstable();
        let absent = |fact: &&Fact| !self.facts.contains(fact.relation, &fact.row);
        let mut found: Vec<Fact> = found.iter().filter(absent).cloned().collect();
        found.sort();
        (ids, found)
    }

    fn tried(
        &self,
        first: Tried,
        change: &Tried,
        depth: Depth,
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Known, E> {
        let (ids, found) = change;
        let withdrawn: FxHashSet<ClaimId> = ids.iter().copied().collect();
        let gone = self.falling(&withdrawn);
        let stated_twice = self.states_twice(ids);
        let in_world = |database: &Database, violated: usize| match depth {
            Depth::Outcome => Known {
                holds: self.goals.iter().all(|goal| goal.is_met(database)),
                strength: None,
                violated,
            },
            Depth::Strength => self
                .stand_in(database, &withdrawn, found, violated, budget)
                .into(),
        };
        if gone.is_empty() && found.is_empty() && !stated_twice && self.trial.is_some() {
            return Ok(self.by_lineage(&withdrawn, self.broken.len()));
        }
        if let Some(trying) = &self.trial {
            let mut trying = trying.lock();
            self.go_to(&mut trying, first, meter);
            let Trying { trial, ground } = &mut *trying;
            let ground = ground.as_ref();
            let new = |fact: &&Fact, known: fn(&Ground) -> &Vec<Fact>| {
                ground.is_none_or(|ground| !known(ground).contains(fact))
            };
            let falls = gone.iter().filter(|fact| new(fact, |ground| &ground.gone));
            let falls: Vec<Fact> = falls.cloned().collect();
            let comes = found
                .iter()
                .filter(|fact| new(fact, |ground| &ground.change.1));
            let comes: Vec<Fact> = comes.cloned().collect();
            match trial.make_judged(&comes, &falls, &self.followed, meter) {
                Ok(outcome) => {
                    let before = ground.map_or(&self.broken, |ground| &ground.broken);
                    let violated = self.broken_after(before, &outcome).len();
                    let raised = ground.is_some_and(|ground| ground.raised);
                    let stand = match raised || self.raises(&outcome) || stated_twice {
                        false => self.by_lineage(&withdrawn, violated),
                        true => in_world(trial.database(), violated),
                    };
                    trial.take_back();
                    return Ok(stand);
                }
                // The answer is not complete, and says so.
                Err(Untried::Stopped) => return Ok(self.stand().into()),
                Err(Untried::Faulted) => {}
            }
        }
        let (database, report) = (self.rerun)(ids, found)?;
        let violated = report.violations.iter().map(|one| one.rows.len()).sum();
        Ok(in_world(&database, violated))
    }

    /// Whether one of these claims states what something else states too, which is not in the lineage.
    pub(super) fn states_twice(&self, ids: &[ClaimId]) -> bool {
        ids.iter().any(|&id| {
            let claim = self.claims.get(id);
            self.given.contains(&Fact::new(claim.relation, claim.row))
        })
    }

    /// How it stands without some claims where nothing comes about that its goals depend on.
    pub(super) fn by_lineage(&self, withdrawn: &FxHashSet<ClaimId>, violated: usize) -> Known {
        let strength = self.strength_without(|claim| withdrawn.contains(&claim));
        Known {
            holds: strength.is_some(),
            strength: Some(strength.unwrap_or(0.0)),
            violated,
        }
    }

    /// Makes a change that others begin with, unless it is made already. Where it cannot be, they begin with nothing.
    fn go_to(&self, trying: &mut Trying, change: Tried, meter: &Meter) {
        if trying
            .ground
            .as_ref()
            .is_some_and(|ground| ground.change == change)
        {
            return;
        }
        trying.leave_ground();
        let withdrawn = change.0.iter().copied().collect();
        let gone = self.falling(&withdrawn);
        if gone.is_empty() && change.1.is_empty() {
            return;
        }
        let made = trying
            .trial
            .make_judged(&change.1, &gone, &self.followed, meter);
        if let Ok(outcome) = made {
            trying.ground = Some(Ground {
                broken: self.broken_after(&self.broken, &outcome),
                raised: self.raises(&outcome),
                change,
                gone,
            });
        }
    }

    /// Whether something came about that the goals depend on.
    fn raises(&self, outcome: &Outcome) -> bool {
        let mut appeared = outcome.appeared.iter();
        appeared.any(|fact| self.behind_goals[fact.relation.index()])
    }

    fn broken_after(&self, before: &FxHashSet<Way>, outcome: &Outcome) -> FxHashSet<Way> {
        let mut broken = before.clone();
        for way in ways(&outcome.mended) {
            broken.remove(&way);
        }
        broken.extend(ways(&outcome.violated).filter(|way| !self.known.contains(way)));
        broken
    }

    pub(super) fn stand_in(
        &self,
        facts: &dyn Facts,
        withdrawn: &FxHashSet<ClaimId>,
        found: &[Fact],
        violated: usize,
        budget: &Budget,
    ) -> Stand {
        let claims = self.claims.without(withdrawn.iter().copied());
        let assumed: FxHashSet<Fact> = self.assumed.iter().chain(found).cloned().collect();
        let case = Case::new(facts, self.program, self.dictionary, &claims, self.sources)
            .assuming(&assumed);
        let case = match self.claims.is_empty() {
            true => case,
            false => case.only_claims(),
        };
        let strength = |goal: &Goal| {
            let rests = rests_of(&case, facts, goal, budget);
            rests
                .iter()
                .filter_map(|rests| rests.strength_without(|_| false))
                .max_by(f64::total_cmp)
        };
        let strengths: Option<Vec<f64>> = self.goals.iter().map(strength).collect();
        let strength = strengths.and_then(|all| all.into_iter().min_by(f64::total_cmp));
        Stand {
            holds: strength.is_some(),
            strength: strength.unwrap_or(0.0),
            violated,
        }
    }

    /// Facts that nothing states any more without some claims.
    pub(super) fn falling(&self, withdrawn: &FxHashSet<ClaimId>) -> Vec<Fact> {
        let falling = withdrawn.iter().filter(|&&id| self.falls(id, withdrawn));
        let facts: FxHashSet<Fact> = falling
            .map(|&id| {
                let claim = self.claims.get(id);
                Fact::new(claim.relation, claim.row)
            })
            .collect();
        let mut gone: Vec<Fact> = facts.into_iter().collect();
        gone.sort();
        gone
    }

    /// Whether nothing states any more what a claim does without some claims, of which it is one.
    pub(super) fn falls(&self, id: ClaimId, withdrawn: &FxHashSet<ClaimId>) -> bool {
        let claim = self.claims.get(id);
        let others = |other: ClaimId| !withdrawn.contains(&other);
        claim.stance != Stance::Disputes
            && self.claims.stands(id)
            && !self.claims.holds(claim.relation, claim.row, others)
            && !self.given.contains(&Fact::new(claim.relation, claim.row))
    }
}

/// The variables that the columns of a violation stand for.
fn named(violation: &Violation, program: &CheckedProgram) -> Vec<VarId> {
    let variables = &program[violation.constraint].variables;
    let columns = violation.columns.iter();
    let places = columns.filter_map(|name| {
        let at = variables
            .iter()
            .position(|variable| variable.name == *name)?;
        Some(VarId(at as u32))
    });
    places.collect()
}

/// The relations that constraints read, inside aggregates too.
fn read_by_constraints(program: &CheckedProgram) -> Vec<RelationId> {
    let bodies = program.constraints().iter();
    let mut open: Vec<&Literal> = bodies.flat_map(|&rule| &program[rule].body).collect();
    let mut read = Vec::new();
    while let Some(literal) = open.pop() {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => read.push(atom.relation),
            LiteralKind::Aggregate(aggregate) => open.extend(&aggregate.body),
            _ => {}
        }
    }
    read
}

/// What each fact that agrees with a goal rests on.
fn rests_of(case: &Case, facts: &dyn Facts, goal: &Goal, budget: &Budget) -> Vec<Rests> {
    facts
        .matching(goal.relation, &goal.pattern)
        .iter()
        .take(MOST_ROWS)
        .filter_map(|row| {
            let fact = Fact::new(goal.relation, &row);
            case.rests(&fact, &GradeTables::default(), budget)
        })
        .collect()
}

/// Rows of one goal that are looked at.
const MOST_ROWS: usize = 64;
