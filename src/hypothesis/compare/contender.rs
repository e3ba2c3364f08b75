//! A hypothesis in a world of its own, and how it stands when something is withdrawn or found.

use super::super::abduce::behind;
use super::super::trial::{Outcome, Trial, Untried};
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::engine::{Budget, Database, RunReport, Violation};
use crate::evidence::{ClaimId, Claims, GradeTables, Sources, Stance};
use crate::explain::{Case, Fact, Facts, Meter, Rests};
use crate::storage::{Code, Dictionary};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;

/// Facts that stand whatever claims are withdrawn: rule text, plain data, what is assumed.
pub type Given = FxHashSet<Fact>;

/// An atom that a hypothesis is to show; `None` for any value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goal {
    pub relation: RelationId,
    pub pattern: Vec<Option<Code>>,
}

/// Runs the world of a contender without some claims and with some facts more, where only a run can tell.
pub type Rerun<'a, E> = Box<dyn Fn(&[ClaimId], &[Fact]) -> Result<(Database, RunReport), E> + 'a>;

pub struct Contender<'a, E> {
    pub name: String,
    pub facts: &'a dyn Facts,
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
    trial: Option<RefCell<Trial>>,
    /// What its world violates and the case does not, and what the case violates.
    broken: FxHashSet<Way>,
    known: FxHashSet<Way>,
    /// By relation: the goals depend on it.
    behind_goals: Vec<bool>,
    /// How it stands with changes that were tried: claims withdrawn, and facts found.
    stands: RefCell<FxHashMap<Tried, Stand>>,
    pub(super) rests: Vec<Vec<Rests>>,
}

/// Claims withdrawn, and facts found, ascending.
type Tried = (Vec<ClaimId>, Vec<Fact>);

/// One way in which a constraint is violated.
type Way = (RuleId, Vec<Code>);

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

/// What a contender is made of.
pub struct Setting<'a> {
    pub facts: &'a dyn Facts,
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub claims: &'a Claims,
    pub sources: &'a Sources,
    pub assumed: &'a FxHashSet<Fact>,
    pub given: &'a Given,
    /// Of its world, if changes can be tried on it.
    pub database: Option<&'a Database>,
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
            trial: setting.database.map(|it| RefCell::new(Trial::on(it))),
            broken: ways(setting.violations)
                .filter(|way| !known.contains(way))
                .collect(),
            known,
            behind_goals: Vec::new(),
            stands: RefCell::default(),
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
        contender.behind_goals = behind(contender.program, goals);
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
        let agrees = |(asked, code): (&Option<Code>, &Code)| asked.is_none_or(|it| it == *code);
        self.denies.iter().any(|one| {
            one.relation == fact.relation && one.pattern.iter().zip(&fact.row).all(agrees)
        })
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
        // What does not stand, or holds anyway, makes no difference.
        let withdrawn: FxHashSet<ClaimId> = withdrawn
            .iter()
            .copied()
            .filter(|&claim| self.claims.stands(claim))
            .collect();
        let absent = |fact: &&Fact| !self.facts.contains(fact.relation, &fact.row);
        let mut found: Vec<Fact> = found.iter().filter(absent).cloned().collect();
        found.sort();
        let mut ids: Vec<ClaimId> = withdrawn.iter().copied().collect();
        ids.sort_unstable();
        let key = (ids, found);
        if let Some(stand) = self.stands.borrow().get(&key) {
            return Ok(*stand);
        }
        let stand = self.tried(&withdrawn, &key.1, meter, budget)?;
        if meter.stopped().is_none() {
            self.stands.borrow_mut().insert(key, stand);
        }
        Ok(stand)
    }

    fn tried(
        &self,
        withdrawn: &FxHashSet<ClaimId>,
        found: &[Fact],
        meter: &Meter,
        budget: &Budget,
    ) -> Result<Stand, E> {
        let gone = self.falling(withdrawn);
        // What else states a fact that a claim states is not in the lineage.
        let stated_twice = withdrawn.iter().any(|&id| {
            let claim = self.claims.get(id);
            self.given.contains(&Fact::new(claim.relation, claim.row))
        });
        let by_lineage = |violated: usize| {
            let strength = self.strength_without(|claim| withdrawn.contains(&claim));
            Stand {
                holds: strength.is_some(),
                strength: strength.unwrap_or(0.0),
                violated,
            }
        };
        if gone.is_empty() && found.is_empty() && !stated_twice && self.trial.is_some() {
            return Ok(by_lineage(self.broken.len()));
        }
        if let Some(trial) = &self.trial {
            let mut trial = trial.borrow_mut();
            match trial.make(found, &gone, None, meter) {
                Ok(outcome) => {
                    let violated = self.violated_after(&outcome);
                    let raised = |fact: &Fact| self.behind_goals[fact.relation.index()];
                    let stand = match outcome.appeared.iter().any(raised) || stated_twice {
                        false => by_lineage(violated),
                        true => self.stand_in(trial.database(), withdrawn, found, violated, budget),
                    };
                    trial.take_back();
                    return Ok(stand);
                }
                // The answer is not complete, and says so.
                Err(Untried::Stopped) => return Ok(self.stand()),
                Err(Untried::Faulted) => {}
            }
        }
        let ids: Vec<ClaimId> = withdrawn.iter().copied().collect();
        let (database, report) = (self.rerun)(&ids, found)?;
        let violated = report.violations.iter().map(|one| one.rows.len()).sum();
        Ok(self.stand_in(&database, withdrawn, found, violated, budget))
    }

    fn violated_after(&self, outcome: &Outcome) -> usize {
        if outcome.violated.is_empty() && outcome.mended.is_empty() {
            return self.broken.len();
        }
        let mut broken = self.broken.clone();
        for way in ways(&outcome.mended) {
            broken.remove(&way);
        }
        broken.extend(ways(&outcome.violated).filter(|way| !self.known.contains(way)));
        broken.len()
    }

    fn stand_in(
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
    fn falling(&self, withdrawn: &FxHashSet<ClaimId>) -> Vec<Fact> {
        let mut gone: Vec<Fact> = Vec::new();
        for &id in withdrawn {
            let claim = self.claims.get(id);
            let fact = Fact::new(claim.relation, claim.row);
            let stays = claim.stance == Stance::Disputes
                || !self.claims.stands(id)
                || self.given.contains(&fact)
                || self.claims.holds(claim.relation, claim.row, |other| {
                    !withdrawn.contains(&other)
                });
            if !stays && !gone.contains(&fact) {
                gone.push(fact);
            }
        }
        gone.sort();
        gone
    }
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
