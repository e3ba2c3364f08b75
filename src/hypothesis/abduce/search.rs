//! From proposals to explanations: each set is tried, and what fails is extended.

use super::consequences::{Explanation, Ranking, Rival};
use super::domain::Domains;
use super::equivalences::equivalence_rules;
use super::labels::{Considered, Label, each_part, is_within, union};
use super::outlook::{Breach, Outlook, Rerun, Stage};
use super::proposals::{Aim, Bounds, Ground, Readers, Terrain, propose};
use super::reach::Reach;
use crate::analysis::checked::RelationId;
use crate::engine::{Budget, Database, StopReason, Violation};
use crate::evidence::{Claims, Sources};
use crate::explain::{Case, Fact, Meter};
use crate::storage::Code;
use crate::storage::pattern::agrees;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// Some row that agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    pub relation: RelationId,
    /// `None`: any value would do.
    pub pattern: Vec<Option<Code>>,
}

impl Goal {
    pub fn agrees(&self, fact: &Fact) -> bool {
        fact.relation == self.relation && agrees(&self.pattern, &fact.row)
    }
}

pub struct Question<'a> {
    pub goal: Goal,
    /// Relations whose facts may be assumed.
    pub using: Vec<RelationId>,
    /// Facts in one set.
    pub most: usize,
    /// Explanations looked for; the smallest come first.
    pub limit: usize,
    /// Explanations, the first ones, of which what is there already is told.
    pub described: usize,
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
    /// By size; then those that do not help the rival, those that less speaks against, those that overturn and presume
    /// least; then by their text.
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
pub struct Refused {
    pub assume: Vec<Fact>,
    pub by: Breach,
}

/// What else a question is answered with.
pub struct Worlds<'a, E> {
    /// The case's, if changes can be tried on it.
    pub database: Option<&'a Database>,
    /// Asked where only a run can tell what follows.
    pub rerun: Rerun<'a, E>,
    pub rival: Option<Rival<'a, E>>,
}

/// All minimal explanations of a goal.
pub fn explain<E>(
    case: &Case,
    claims: &Claims,
    sources: &Sources,
    question: &Question,
    worlds: &Worlds<E>,
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
    let goal = &question.goal;
    if !facts.matching(goal.relation, &goal.pattern).is_empty() {
        found.outcome = Outcome::Holds;
        return Ok(found);
    }
    if !reach.gains(goal.relation) {
        found.outcome = Outcome::OutOfReach;
        return Ok(found);
    }
    let columns: Vec<(RelationId, usize)> = question
        .using
        .iter()
        .flat_map(|&relation| (0..program[relation].arity()).map(move |at| (relation, at)))
        .collect();
    let asked: Vec<((RelationId, usize), Code)> = goal
        .pattern
        .iter()
        .enumerate()
        .filter_map(|(at, code)| Some(((goal.relation, at), (*code)?)))
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
    let readers = Readers::of(program, &equivalences);
    let reaches = Reach::by_relation(&question.using, program);
    let terrain = Terrain {
        program,
        dictionary,
        reach: &reach,
        reaches: &reaches,
        domains: &domains,
        assumable: &assumable,
        equivalences: &equivalences,
        readers: &readers,
    };
    let (violations, rerun) = (question.violations, worlds.rerun);
    let mut search = Search {
        question,
        case,
        claims,
        sources,
        terrain: &terrain,
        stage: Stage::new(facts, program, violations, rerun, worlds.database),
        meter: &meter,
        considered: Considered::default(),
    };
    // Small sets first, each size with what is left of the budget: what is complete is known exactly.
    found.complete_to = 0;
    let mut kept = Round::default();
    for size in 1..=question.most {
        let smaller = std::mem::take(&mut kept.refused);
        search.round(size, &mut kept)?;
        if kept.more || meter.stopped().is_some() {
            kept.refuse_too(smaller);
            break;
        }
        found.complete_to = size;
    }
    found.more = kept.more;
    for (label, outlook) in kept.accepted {
        let assume = search.considered.facts(&label);
        let rival = worlds.rival.as_ref();
        let explanation = Explanation::of(assume, outlook, question, rival, claims);
        found.explanations.push(explanation);
    }
    let ranking = Ranking {
        question,
        case,
        claims,
        sources,
        terrain: &terrain,
        rival: worlds.rival.as_ref(),
    };
    ranking.rank(&mut found.explanations, &mut search.stage, &meter)?;
    found.stopped = meter.stopped();
    for (label, breach) in kept.refused {
        found.refused.push(Refused {
            assume: search.considered.facts(&label),
            by: breach,
        });
    }
    let size_first = |a: &[Fact], b: &[Fact]| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    let refused = &mut found.refused;
    refused.sort_by(|a, b| size_first(&a.assume, &b.assume));
    Ok(found)
}

/// Proposals looked for at first, if no more explanations are wanted: some are refused, some are not enough.
const FEW_PROPOSALS: usize = 100;
/// So many times more are looked for when those did not do.
const MORE_PROPOSALS: usize = 8;

struct Search<'a, E> {
    question: &'a Question<'a>,
    case: &'a Case<'a>,
    claims: &'a Claims,
    sources: &'a Sources,
    terrain: &'a Terrain<'a>,
    stage: Stage<'a, E>,
    meter: &'a Meter,
    considered: Considered,
}

/// What the sets up to one size came to.
#[derive(Default)]
struct Round {
    accepted: Vec<(Label, Outlook)>,
    /// Their labels.
    known: FxHashSet<Label>,
    refused: Vec<(Label, Breach)>,
    more: bool,
}

impl Round {
    fn accept(&mut self, label: Label, outlook: Outlook) {
        self.known.insert(label.clone());
        self.accepted.push((label, outlook));
    }

    fn has_part_of(&self, label: &[u32]) -> bool {
        each_part(label, &mut |part| self.known.contains(part))
    }

    /// Takes over what smaller sets came to, where not all was looked at again.
    fn refuse_too(&mut self, smaller: Vec<(Label, Breach)>) {
        for (label, breach) in smaller {
            if !self.refused.iter().any(|(known, _)| *known == label) {
                self.refused.push((label, breach));
            }
        }
    }
}

impl<'a, E> Search<'a, E> {
    /// Adds the minimal explanations of up to `most` facts to the smaller ones, which are all there.
    fn round(&mut self, most: usize, round: &mut Round) -> Result<(), E> {
        // One more than wanted tells that there are more.
        let limit = self.question.limit;
        let mut enough = limit.saturating_add(1).max(FEW_PROPOSALS);
        let mut settled: FxHashSet<Label> = FxHashSet::default();
        while self.pass(most, enough, &mut settled, round)? {
            enough = match round.accepted.len() < limit {
                true => enough.saturating_mul(MORE_PROPOSALS),
                false => {
                    let others = settled.iter().filter(|set| !round.known.contains(*set));
                    others.count() + 1
                }
            };
        }
        Ok(())
    }

    /// Whether more proposals would do more. `settled`: sets that need not be looked at again.
    fn pass(
        &mut self,
        most: usize,
        enough: usize,
        settled: &mut FxHashSet<Label>,
        round: &mut Round,
    ) -> Result<bool, E> {
        // By size, then by number: a set is looked at after all of its parts.
        let mut open: BTreeSet<(usize, Label)> = BTreeSet::new();
        let (proposed, mut ended) = propose(
            self.terrain,
            Ground {
                case: self.case,
                trial: self.stage.trial(),
            },
            &Aim::Row(&self.question.goal),
            Bounds {
                most,
                enough,
                known: &round.known,
            },
            &mut self.considered,
            self.meter,
        );
        open.extend(proposed.into_iter().map(|label| (label.len(), label)));
        while let Some((_, label)) = open.pop_first() {
            if self.meter.stopped().is_some() {
                return Ok(false);
            }
            if settled.contains(&label) || round.has_part_of(&label) {
                continue;
            }
            if round.accepted.len() >= self.question.limit {
                round.more = true;
                return Ok(false);
            }
            let assumed = self.considered.facts(&label);
            let Some(outlook) = self.stage.assume(&assumed, self.meter)? else {
                return Ok(false);
            };
            let (more, all) = self.judge(&label, outlook, most, enough, round);
            self.stage.take_back();
            match all {
                true => drop(settled.insert(label.clone())),
                false => ended = false,
            }
            for further in more {
                if let Some(label) = union(&label, &further, most) {
                    open.insert((label.len(), label));
                }
            }
        }
        Ok(!ended && self.meter.stopped().is_none())
    }

    /// Takes a set into the round, with what is assumed as it is: accepted, refused, or not enough. Gives what could be
    /// added to make it one that is accepted, and whether that is all.
    fn judge(
        &mut self,
        label: &Label,
        outlook: Outlook,
        most: usize,
        enough: usize,
        round: &mut Round,
    ) -> (Vec<Label>, bool) {
        let facts = self.stage.facts();
        let goal = &self.question.goal;
        let fails = facts.matching(goal.relation, &goal.pattern).is_empty();
        let aim = match (fails, outlook.breaches.first().cloned()) {
            (true, _) => Aim::Row(goal),
            (false, None) => {
                round.accept(label.clone(), outlook);
                return (Vec::new(), true);
            }
            (false, Some(breach)) => {
                let mut achieving = round.refused.iter().map(|(known, _)| known);
                if !achieving.any(|known| is_within(known, label)) {
                    round.refused.push((label.clone(), breach.clone()));
                }
                Aim::Mend(breach.constraint, breach.values)
            }
        };
        if label.len() == most {
            return (Vec::new(), true);
        }
        let there = Case::new(
            facts,
            self.terrain.program,
            self.terrain.dictionary,
            self.claims,
            self.sources,
        );
        propose(
            self.terrain,
            Ground {
                case: &there,
                trial: self.stage.trial(),
            },
            &aim,
            Bounds {
                most: most - label.len(),
                enough,
                known: &FxHashSet::default(),
            },
            &mut self.considered,
            self.meter,
        )
    }
}
