//! A hypothesis in a world of its own, and how it stands when something is withdrawn or found.

use super::super::abduce::behind;
use super::super::trial::{Outcome, Trial};
use super::basis::Basis;
use super::obstacle::Obstacle;
use super::standing::Known;
use crate::analysis::checked::{
    CheckedProgram, Literal, LiteralKind, RelationId, Rule, RuleId, VarId,
};
use crate::engine::{Budget, Database, RunReport, Violation};
use crate::evidence::{ClaimId, Claims, Sources, Stance};
use crate::explain::{Case, Dates, Fact, Facts, Past};
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
    /// Whether a fact is what the goal asks for.
    pub fn agrees(&self, fact: &Fact) -> bool {
        self.relation == fact.relation && agrees(&self.pattern, &fact.row)
    }

    pub(super) fn is_met(&self, facts: &dyn Facts) -> bool {
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
    pub(super) said: FxHashMap<Fact, Vec<ClaimId>>,
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
    pub(super) trial: Option<Mutex<Trial>>,
    /// What its world violates and the case does not, and what the case violates.
    pub(super) broken: FxHashSet<Way>,
    pub(super) known: FxHashSet<Way>,
    /// By constraint that the case violates: the variables that a way to do so names.
    pub(super) known_columns: FxHashMap<RuleId, Vec<VarId>>,
    /// The relations of the goals and those that constraints read.
    pub(super) asked: Vec<RelationId>,
    /// By relation: the goals depend on it.
    pub(super) behind_goals: Vec<bool>,
    /// By relation: a rule that the goals depend on negates it, or takes a total of it.
    pub(super) sways: Vec<bool>,
    /// By relation: such a total is of what a row of it does not keep out.
    pub(super) keeps_out: Vec<bool>,
    /// By relation: the goals or some constraint depend on it. What else a change does makes no difference here.
    pub(super) followed: Arc<[bool]>,
    /// Claims that deny something.
    pub(super) denials: Vec<ClaimId>,
    /// What is known of it with changes.
    pub(super) stands: Mutex<FxHashMap<Tried, Known>>,
    /// By change: claims that keep a goal from holding then.
    pub(super) blocking: Mutex<FxHashMap<Tried, Arc<[ClaimId]>>>,
    /// What was found so in worlds that were worked out together.
    pub(super) obstacles: Mutex<Vec<Arc<Obstacle>>>,
    /// Worlds of which is known what the goals rest on; first the one without a change.
    pub(super) bases: Mutex<Vec<Arc<Basis>>>,
}

/// Claims withdrawn, and facts found, ascending.
pub(super) type Tried = (Vec<ClaimId>, Vec<Fact>);

/// One way in which a constraint is violated.
pub(super) type Way = (RuleId, Vec<Code>);

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
    pub facts: &'a (dyn Facts + Sync),
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub claims: &'a Claims,
    pub sources: &'a Sources,
    pub assumed: &'a FxHashSet<Fact>,
    /// Facts among these that the case states, and the claims without which it does not; none: it does whatever falls.
    pub said: FxHashMap<Fact, Vec<ClaimId>>,
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
            said: setting.said,
            given: setting.given,
            goals,
            rejects: Vec::new(),
            denies: Vec::new(),
            rerun,
            database: setting.database,
            foresees: setting.foresees,
            dates: setting.dates,
            past: OnceLock::new(),
            trial: setting.database.map(|it| Mutex::new(Trial::on(it))),
            broken: ways(setting.violations)
                .filter(|way| !known.contains(way))
                .collect(),
            known,
            known_columns: (setting.known.iter())
                .map(|violation| (violation.constraint, named(violation, setting.program)))
                .collect(),
            asked: Vec::new(),
            behind_goals: Vec::new(),
            sways: Vec::new(),
            keeps_out: Vec::new(),
            followed: Arc::default(),
            denials: Vec::new(),
            stands: Mutex::default(),
            blocking: Mutex::default(),
            obstacles: Mutex::default(),
            bases: Mutex::default(),
        };
        let as_it_is = contender.basis_in(contender.facts, &Tried::default(), budget);
        contender.bases = Mutex::new(vec![Arc::new(as_it_is)]);
        let denials = contender.claims.iter();
        let denials = denials.filter(|(_, claim)| claim.stance == Stance::Disputes);
        contender.denials = denials.map(|(id, _)| id).collect();
        let goals = contender.goals.iter().map(|goal| goal.relation);
        contender.behind_goals = behind(contender.program, goals.clone());
        contender.asked = goals
            .chain(read_by_constraints(contender.program))
            .collect();
        let asked = contender.asked.iter().copied();
        contender.followed = behind(contender.program, asked).into();
        (contender.sways, contender.keeps_out) =
            swaying(contender.program, &contender.behind_goals);
        contender
    }

    /// Its world, with claims only to be withdrawn where there are any.
    pub fn case(&self) -> Case<'_> {
        self.case_of(self.facts, self.claims, self.assumed)
    }

    pub(super) fn case_of<'c>(
        &'c self,
        facts: &'c dyn Facts,
        claims: &'c Claims,
        assumed: &'c FxHashSet<Fact>,
    ) -> Case<'c> {
        let (program, dictionary) = (self.program, self.dictionary);
        let case = Case::new(facts, program, dictionary, claims, self.sources).assuming(assumed);
        match self.claims.is_empty() {
            true => case,
            false => case.only_claims(),
        }
    }

    /// Whether it says that a fact is not so: finding it changes nothing for it.
    pub fn denies(&self, fact: &Fact) -> bool {
        let mut denied = self.denies.iter();
        denied.any(|one| one.agrees(fact))
    }

    /// Facts it has to assume without some claims, which are ascending, and with some facts found.
    pub(super) fn assumed_without(&self, withdrawn: &[ClaimId], found: &[Fact]) -> usize {
        let is_gone = |claim: &ClaimId| withdrawn.binary_search(claim).is_ok();
        let is_said = |fact: &Fact| {
            let said = self.said.get(fact);
            said.is_some_and(|by| by.is_empty() || !by.iter().all(is_gone))
                || found.contains(fact) && !self.denies(fact)
        };
        self.assumed.iter().filter(|fact| !is_said(fact)).count()
    }

    /// Whether one of these claims states what something else states too, which is not in the lineage.
    pub(super) fn states_twice(&self, ids: &[ClaimId]) -> bool {
        ids.iter().any(|&id| {
            let claim = self.claims.get(id);
            self.given.contains(&Fact::new(claim.relation, claim.row))
        })
    }

    pub(super) fn broken_after(
        &self,
        before: &FxHashSet<Way>,
        outcome: &Outcome,
    ) -> FxHashSet<Way> {
        let mut broken = before.clone();
        for way in ways(&outcome.mended) {
            broken.remove(&way);
        }
        broken.extend(ways(&outcome.violated).filter(|way| !self.known.contains(way)));
        broken
    }

    /// Facts that nothing states any more without some claims, which are ascending.
    pub(super) fn falling(&self, withdrawn: &[ClaimId]) -> Vec<Fact> {
        let falling = withdrawn.iter().filter(|&&id| self.falls(id, withdrawn));
        let mut gone: Vec<Fact> = falling
            .map(|&id| {
                let claim = self.claims.get(id);
                Fact::new(claim.relation, claim.row)
            })
            .collect();
        gone.sort();
        gone.dedup();
        gone
    }

    /// Whether nothing states any more what a claim does without some claims, of which it is one.
    pub(super) fn falls(&self, id: ClaimId, withdrawn: &[ClaimId]) -> bool {
        let claim = self.claims.get(id);
        let others = |other: ClaimId| withdrawn.binary_search(&other).is_err();
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
    read_in(bodies.flat_map(|&rule| &program[rule].body).collect())
}

/// The relations that literals read, inside aggregates too.
fn read_in(mut open: Vec<&Literal>) -> Vec<RelationId> {
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

/// The relations that are negated, or of which totals are taken, by rules that conclude some relations.
fn swaying(program: &CheckedProgram, concluded: &[bool]) -> (Vec<bool>, Vec<bool>) {
    let mut sways = vec![false; concluded.len()];
    let mut keeps_out = sways.clone();
    let heads = |rule: &&Rule| {
        let head = rule.head.as_ref();
        head.is_some_and(|head| concluded[head.relation.index()])
    };
    let rules = program.rules().map(|(_, rule)| rule).filter(heads);
    let mut open: Vec<(&Literal, bool)> = rules
        .flat_map(|rule| &rule.body)
        .map(|literal| (literal, false))
        .collect();
    while let Some((literal, in_total)) = open.pop() {
        match &literal.kind {
            LiteralKind::Negated(atom) => {
                sways[atom.relation.index()] = true;
                keeps_out[atom.relation.index()] |= in_total;
            }
            LiteralKind::Atom(atom) => sways[atom.relation.index()] |= in_total,
            LiteralKind::Aggregate(aggregate) => {
                open.extend(aggregate.body.iter().map(|literal| (literal, true)));
            }
            _ => {}
        }
    }
    (sways, keeps_out)
}
