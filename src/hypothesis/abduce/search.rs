//! From proposals to explanations: each set is tried, and what fails is extended.

use super::domain::Domains;
use super::equivalences::equivalence_rules;
use super::labels::{Considered, Label, is_within, union};
use super::outlook::{Breach, Outlook, Rerun, Stage};
use super::proposals::{Aim, Ground, Terrain, propose};
use super::reach::Reach;
use crate::analysis::checked::RelationId;
use crate::engine::{Budget, Database, StopReason, Violation};
use crate::evidence::{ClaimId, Claims, Sources};
use crate::explain::{Case, Fact, Meter};
use crate::storage::Code;
use std::collections::BTreeSet;

pub struct Question<'a> {
    pub goal: RelationId,
    /// `None`: any value would do.
    pub pattern: Vec<Option<Code>>,
    /// Relations whose facts may be assumed.
    pub using: Vec<RelationId>,
    /// Facts in one set.
    pub most: usize,
    /// Explanations looked for; the smallest come first.
    pub limit: usize,
    /// Also assume facts about one thing of each kind that nobody has named.
    pub new_constants: bool,
    /// What is violated already does not count.
    pub violations: &'a [Violation],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The goal holds as it is.
    Holds,
    /// No rule leads from what may be assumed to the goal.
    OutOfReach,
    Searched,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Abduced {
    pub outcome: Outcome,
    /// By size, then by the assumed facts.
    pub explanations: Vec<Explanation>,
    /// Minimal sets that bring the goal about and violate a constraint.
    pub refused: Vec<Refused>,
    /// All explanations of up to so many facts are there.
    pub complete_to: usize,
    /// The limit was reached: more explanations exist.
    pub more: bool,
    pub stopped: Option<StopReason>,
    /// Why sets may be missed all the same.
    pub blind: Vec<String>,
    /// Constants that stand for something nobody has named.
    pub fresh: Vec<Code>,
}

#[derive(Clone, Debug)]
pub struct Explanation {
    pub assume: Vec<Fact>,
    /// Rows that follow and are not there yet; what is assumed is not among them.
    pub also: Vec<Fact>,
    /// Rows that follow from it and are there already.
    pub there: Vec<Fact>,
    /// Rows that hold now and would not.
    pub fell: Vec<Fact>,
    /// Claims that deny what is assumed or follows.
    pub disputed: Vec<(Fact, Vec<ClaimId>)>,
}

#[derive(Clone, Debug)]
pub struct Refused {
    pub assume: Vec<Fact>,
    pub by: Breach,
}

/// All minimal explanations of a goal. `database` is the case's, if changes can be tried on it; `rerun` is asked where only
/// a run can tell what follows.
pub fn explain<E>(
    case: &Case,
    database: Option<&Database>,
    claims: &Claims,
    sources: &Sources,
    question: &Question,
    rerun: Rerun<E>,
    budget: &Budget,
) -> Result<Abduced, E> {
    let (program, dictionary, facts) = (case.program(), case.dictionary(), case.facts());
    let meter = Meter::new(budget);
    let mut assumable = vec![false; program.relations().count()];
    for relation in &question.using {
        assumable[relation.index()] = true;
    }
    let reach = Reach::from(&assumable, program);
    let mut found = Abduced {
        outcome: Outcome::Searched,
        explanations: Vec::new(),
        refused: Vec::new(),
        complete_to: question.most,
        more: false,
        stopped: None,
        blind: Vec::new(),
        fresh: Vec::new(),
    };
    if !facts.matching(question.goal, &question.pattern).is_empty() {
        found.outcome = Outcome::Holds;
        return Ok(found);
    }
    if !reach.gains(question.goal) {
        found.outcome = Outcome::OutOfReach;
        return Ok(found);
    }
    let columns: Vec<(RelationId, usize)> = question
        .using
        .iter()
        .flat_map(|&relation| (0..program[relation].arity()).map(move |at| (relation, at)))
        .collect();
    let asked: Vec<((RelationId, usize), Code)> = question
        .pattern
        .iter()
        .enumerate()
        .filter_map(|(at, code)| Some(((question.goal, at), (*code)?)))
        .collect();
    let domains = Domains::of(
        facts,
        program,
        dictionary,
        &columns,
        &asked,
        question.new_constants,
        &meter,
    );
    found.fresh = domains.fresh().collect();
    found.blind = reach.blind.clone();
    let equivalences = equivalence_rules(program);
    let mut search = Search {
        question,
        case,
        claims,
        sources,
        terrain: Terrain {
            program,
            dictionary,
            reach: &reach,
            domains: &domains,
            assumable: &assumable,
            equivalences: &equivalences,
        },
        stage: Stage::new(facts, program, question.violations, rerun, database),
        meter: &meter,
        considered: Considered::default(),
    };
    // Small sets first, each size with what is left of the budget: what is complete is known exactly.
    found.complete_to = 0;
    let mut kept = Round::default();
    for size in 1..=question.most {
        let round = search.round(size)?;
        let stopped = round.more || meter.stopped().is_some();
        if stopped {
            kept.add(round);
            break;
        }
        kept = round;
        found.complete_to = size;
    }
    found.more = kept.more;
    for label in &kept.accepted {
        match search.explanation(label)? {
            Some(explanation) => found.explanations.push(explanation),
            // What follows from it is not known, and neither can it be left out in silence.
            None => found.complete_to = found.complete_to.min(label.len() - 1),
        }
    }
    found.stopped = meter.stopped();
    for (label, breach) in kept.refused {
        found.refused.push(Refused {
            assume: search.considered.facts(&label),
            by: breach,
        });
    }
    let facts_order = |a: &[Fact], b: &[Fact]| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    found
        .explanations
        .sort_by(|a, b| facts_order(&a.assume, &b.assume));
    found
        .refused
        .sort_by(|a, b| facts_order(&a.assume, &b.assume));
    Ok(found)
}

/// Whether some fact that passes has a derivation which uses one of the facts, or is one of them.
pub fn leans_on(case: &Case, facts: &[Fact], passes: impl Fn(&Fact) -> bool) -> bool {
    let budget = Budget {
        rows: Some(MOST_FOR_WHAT_FOLLOWS),
        ..Budget::default()
    };
    let leaning = case.leaning_on(facts, &[], &budget);
    leaning.facts.iter().chain(facts).any(passes)
}

/// Proposals looked for, for each explanation wanted: some are refused, some are not enough.
const PROPOSALS_FOR_ONE: usize = 4;
const FEW_PROPOSALS: usize = 400;

/// Rows that telling what follows from one explanation may cost.
const MOST_FOR_WHAT_FOLLOWS: u64 = 20_000;

struct Search<'a, E> {
    question: &'a Question<'a>,
    case: &'a Case<'a>,
    claims: &'a Claims,
    sources: &'a Sources,
    terrain: Terrain<'a>,
    stage: Stage<'a, E>,
    meter: &'a Meter,
    considered: Considered,
}

/// What the sets up to one size came to.
#[derive(Default)]
struct Round {
    accepted: Vec<Label>,
    refused: Vec<(Label, Breach)>,
    more: bool,
}

impl Round {
    /// Takes over what another round found besides, which did not end.
    fn add(&mut self, other: Round) {
        for label in other.accepted {
            if !self.accepted.contains(&label) {
                self.accepted.push(label);
            }
        }
        for (label, breach) in other.refused {
            if !self.refused.iter().any(|(known, _)| *known == label) {
                self.refused.push((label, breach));
            }
        }
        self.more |= other.more;
    }
}

impl<'a, E> Search<'a, E> {
    /// All minimal explanations of up to `most` facts.
    fn round(&mut self, most: usize) -> Result<Round, E> {
        let mut round = Round::default();
        // By size, then by number: a set is looked at after all of its parts.
        let mut open: BTreeSet<(usize, Label)> = BTreeSet::new();
        let aim = Aim::Row(self.question.goal, self.question.pattern.clone());
        let enough = self
            .question
            .limit
            .saturating_mul(PROPOSALS_FOR_ONE)
            .max(FEW_PROPOSALS);
        let (proposed, ended) = propose(
            &self.terrain,
            Ground {
                case: self.case,
                trial: self.stage.trial(),
            },
            &aim,
            most,
            enough,
            &mut self.considered,
            self.meter,
        );
        round.more |= !ended;
        open.extend(proposed.into_iter().map(|label| (label.len(), label)));
        while let Some((_, label)) = open.pop_first() {
            if self.meter.stopped().is_some() {
                break;
            }
            if round.accepted.iter().any(|known| is_within(known, &label)) {
                continue;
            }
            if round.accepted.len() >= self.question.limit {
                round.more = true;
                break;
            }
            let assumed = self.considered.facts(&label);
            let Some(outlook) = self.stage.assume(&assumed, self.meter)? else {
                break;
            };
            let more = self.judge(&label, &outlook, most, enough, &mut round);
            self.stage.take_back();
            for further in more {
                if let Some(label) = union(&label, &further, most) {
                    open.insert((label.len(), label));
                }
            }
        }
        Ok(round)
    }

    /// Takes a set into the round, with what is assumed as it is: accepted, refused, or not enough. Gives what could be
    /// added to make it one that is accepted.
    fn judge(
        &mut self,
        label: &Label,
        outlook: &Outlook,
        most: usize,
        enough: usize,
        round: &mut Round,
    ) -> Vec<Label> {
        let facts = self.stage.facts();
        let goal = facts.matching(self.question.goal, &self.question.pattern);
        let aim = match (goal.is_empty(), outlook.breaches.first()) {
            (true, _) => Aim::Row(self.question.goal, self.question.pattern.clone()),
            (false, None) => {
                round.accepted.push(label.clone());
                return Vec::new();
            }
            (false, Some(breach)) => {
                let mut achieving = round.refused.iter().map(|(known, _)| known);
                if !achieving.any(|known| is_within(known, label)) {
                    round.refused.push((label.clone(), breach.clone()));
                }
                Aim::Mend(breach.constraint, breach.values.clone())
            }
        };
        if label.len() == most {
            return Vec::new();
        }
        let there = Case::new(
            facts,
            self.terrain.program,
            self.terrain.dictionary,
            self.claims,
            self.sources,
        );
        let (more, ended) = propose(
            &self.terrain,
            Ground {
                case: &there,
                trial: self.stage.trial(),
            },
            &aim,
            most - label.len(),
            enough,
            &mut self.considered,
            self.meter,
        );
        round.more |= !ended;
        more
    }

    /// `None`: the budget ran out.
    fn explanation(&mut self, label: &Label) -> Result<Option<Explanation>, E> {
        let assume = self.considered.facts(label);
        let Some(outlook) = self.stage.assume(&assume, self.meter)? else {
            return Ok(None);
        };
        let explanation = self.explained(assume, outlook);
        self.stage.take_back();
        Ok(Some(explanation))
    }

    fn explained(&self, assume: Vec<Fact>, outlook: Outlook) -> Explanation {
        let goal = |fact: &Fact| {
            let agrees = |(asked, code): (&Option<Code>, &Code)| asked.is_none_or(|it| it == *code);
            fact.relation == self.question.goal
                && self.question.pattern.iter().zip(&fact.row).all(agrees)
        };
        let wanted = |fact: &&Fact| !assume.contains(fact) && !goal(fact);
        let also: Vec<Fact> = outlook.appeared.iter().filter(wanted).cloned().collect();
        let case = Case::new(
            self.stage.facts(),
            self.terrain.program,
            self.terrain.dictionary,
            self.claims,
            self.sources,
        );
        let budget = Budget {
            rows: Some(MOST_FOR_WHAT_FOLLOWS),
            ..Budget::default()
        };
        let leaning = case.leaning_on(&assume, &[], &budget);
        let mut there: Vec<Fact> = leaning
            .facts
            .into_iter()
            .filter(|fact| self.case.holds(fact) && !goal(fact))
            .collect();
        there.sort();
        let disputed = assume
            .iter()
            .chain(&outlook.appeared)
            .filter_map(|fact| {
                let by = self.claims.disputing(fact.relation, &fact.row);
                (!by.is_empty()).then(|| (fact.clone(), by))
            })
            .fold(Vec::new(), |mut all: Vec<(Fact, Vec<ClaimId>)>, one| {
                if !all.contains(&one) {
                    all.push(one);
                }
                all
            });
        Explanation {
            assume,
            also,
            there,
            fell: outlook.fell,
            disputed,
        }
    }
}
