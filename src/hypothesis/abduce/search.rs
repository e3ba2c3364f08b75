//! From proposals to explanations: each set is tried, and what fails is extended.

use super::attempts::{Attempt, Forks, Seen};
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
use rustc_hash::{FxHashMap, FxHashSet};
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
    /// How many sets may be tried at a time.
    pub threads: usize,
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
    let forks = Forks::of(worlds.database, worlds.threads);
    let mut search = Search {
        question,
        case,
        claims,
        sources,
        terrain: &terrain,
        stage: Stage::new(facts, program, violations, rerun, worlds.database),
        forks: &forks,
        seen: FxHashMap::default(),
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
        forks: &forks,
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
    forks: &'a Forks,
    /// What came of sets that were tried ahead.
    seen: FxHashMap<Vec<Fact>, Attempt<Seen>>,
    meter: &'a Meter,
    considered: Considered,
}

/// Sets that are tried before it is seen how many of them are explanations.
const MOST_AT_ONCE: usize = 256;

/// What a set came to.
enum Taken {
    Accepted,
    /// The goal does not hold.
    Fails,
    /// The goal holds, and a constraint does not.
    Refused(Breach),
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
    /// Takes in what a set comes to: what it brings, and whether the goal is among that.
    fn take(&mut self, label: &Label, (outlook, achieved): (Outlook, bool)) -> Taken {
        if !achieved {
            return Taken::Fails;
        }
        let Some(breach) = outlook.breaches.first().cloned() else {
            self.known.insert(label.clone());
            self.accepted.push((label.clone(), outlook));
            return Taken::Accepted;
        };
        let mut achieving = self.refused.iter().map(|(known, _)| known);
        if !achieving.any(|known| is_within(known, label)) {
            self.refused.push((label.clone(), breach.clone()));
        }
        Taken::Refused(breach)
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
        let wanted = self.question.limit.saturating_sub(round.accepted.len());
        let proposed = propose(
            self.terrain,
            Ground {
                case: self.case,
                trial: self.stage.trial(),
                aside: self.forks.aside().map(|fork| (fork, wanted)),
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
        let mut ended = proposed.ended;
        self.seen.extend(proposed.seen);
        let labels = proposed.labels.into_iter();
        open.extend(labels.map(|label| (label.len(), label)));
        while let Some((size, label)) = open.pop_first() {
            if self.meter.stopped().is_some() {
                return Ok(false);
            }
            if settled.contains(&label) || round.has_part_of(&label) {
                continue;
            }
            if size == most {
                // Nothing can be added to what is left: none of these has to do with another.
                let rest = open.into_iter().map(|(_, label)| label);
                let rest =
                    rest.filter(|label| !settled.contains(label) && !round.has_part_of(label));
                let full: Vec<Label> = std::iter::once(label).chain(rest).collect();
                return Ok(self.full_sets(&full, settled, round)? && !ended);
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

    /// Takes sets of as many facts as there may be into the round. False: no more need be looked for.
    fn full_sets(
        &mut self,
        labels: &[Label],
        settled: &mut FxHashSet<Label>,
        round: &mut Round,
    ) -> Result<bool, E> {
        let mut rest = labels;
        while !rest.is_empty() {
            let wanted = self.question.limit.saturating_sub(round.accepted.len());
            if wanted == 0 {
                round.more = true;
                return Ok(false);
            }
            // All of them may be explanations.
            let (labels, later) = rest.split_at(rest.len().min(wanted).min(MOST_AT_ONCE));
            rest = later;
            for (label, attempt) in labels.iter().zip(self.attempts(labels)) {
                let outlook = match attempt {
                    Some(Attempt { work, found: None }) => {
                        self.meter.spend_all(work);
                        return Ok(false);
                    }
                    Some(Attempt {
                        work,
                        found: Some(Ok(Seen { outcome, achieved })),
                    }) => {
                        if !self.meter.spend_all(work) {
                            return Ok(false);
                        }
                        (self.stage.outlook(outcome), achieved)
                    }
                    None
                    | Some(Attempt {
                        found: Some(Err(_)),
                        ..
                    }) => {
                        let assumed = self.considered.facts(label);
                        let Some(outlook) = self.stage.assume(&assumed, self.meter)? else {
                            return Ok(false);
                        };
                        let achieved = self.achieved();
                        self.stage.take_back();
                        (outlook, achieved)
                    }
                };
                round.take(label, outlook);
                settled.insert(label.clone());
            }
        }
        Ok(self.meter.stopped().is_none())
    }

    /// What comes of each of these; `None`: it has to be assumed for itself.
    fn attempts(&mut self, labels: &[Label]) -> Vec<Option<Attempt<Seen>>> {
        let sets: Vec<Vec<Fact>> = labels
            .iter()
            .map(|one| self.considered.facts(one))
            .collect();
        let known: Vec<Option<Attempt<Seen>>> =
            sets.iter().map(|set| self.seen.remove(set)).collect();
        let open = sets
            .into_iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none());
        let open: Vec<Vec<Fact>> = open.map(|(set, _)| set).collect();
        let goal = &self.question.goal;
        let mut attempts = self.forks.see_each(&open, goal, self.meter).into_iter();
        let known = known.into_iter();
        known
            .map(|known| known.or_else(|| attempts.next()))
            .collect()
    }

    /// Whether the goal holds with what is assumed.
    fn achieved(&self) -> bool {
        let goal = &self.question.goal;
        self.stage.facts().has(goal.relation, &goal.pattern)
    }

    /// Takes a set to which more can be added into the round, with what is assumed as it is: accepted, refused, or not
    /// enough. Gives what could be added to make it one that is accepted, and whether that is all.
    fn judge(
        &mut self,
        label: &Label,
        outlook: Outlook,
        most: usize,
        enough: usize,
        round: &mut Round,
    ) -> (Vec<Label>, bool) {
        let achieved = self.achieved();
        let breach = match round.take(label, (outlook, achieved)) {
            Taken::Accepted => return (Vec::new(), true),
            Taken::Fails => None,
            Taken::Refused(breach) => Some(breach),
        };
        let aim = match breach {
            None => Aim::Row(&self.question.goal),
            Some(breach) => Aim::Mend(breach.constraint, breach.values),
        };
        let there = Case::new(
            self.stage.facts(),
            self.terrain.program,
            self.terrain.dictionary,
            self.claims,
            self.sources,
        );
        let proposed = propose(
            self.terrain,
            Ground {
                case: &there,
                trial: self.stage.trial(),
                aside: None,
            },
            &aim,
            Bounds {
                most: most - label.len(),
                enough,
                known: &FxHashSet::default(),
            },
            &mut self.considered,
            self.meter,
        );
        (proposed.labels, proposed.ended)
    }
}
