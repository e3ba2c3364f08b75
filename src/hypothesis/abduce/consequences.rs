//! What else an explanation brings, whether it helps a rival too, and which explanation comes first.

use super::attempts::{Attempt, Forks};
use super::outlook::{Outlook, Stage};
use super::proposals::Terrain;
use super::search::{Goal, Question};
use crate::engine::{Budget, Database};
use crate::evidence::{ClaimId, Claims, Sources};
use crate::explain::{Case, Fact, Facts, Meter, fact_text};

/// A set of facts that brings the goal about, and what it brings besides.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub assume: Vec<Fact>,
    /// Rows that follow and are not there yet; what is assumed is not among them.
    pub also: Vec<Fact>,
    /// Rows that follow from it and are there already; `None`: not asked for.
    pub there: Option<Vec<Fact>>,
    /// Rows that hold now and would not.
    pub fell: Vec<Fact>,
    /// Claims that deny what is assumed or follows.
    pub disputed: Vec<(Fact, Vec<ClaimId>)>,
    /// It also makes the rival hold, or gives it one more derivation.
    pub helps_rival: bool,
    /// Not all of what leans on it was looked at.
    pub cut: bool,
}

/// Tries what follows from assumed facts.
type Tried<'a, E> = dyn Fn(&[Fact]) -> Result<bool, E> + 'a;

/// What the explanations compete with.
pub struct Rival<'a, E> {
    pub goals: Vec<Goal>,
    /// Where the rival assumes something itself: whether some facts lead to it in its own world.
    pub world: Option<&'a Tried<'a, E>>,
}

/// Rows that telling what leans on one explanation may cost.
const MOST_FOR_WHAT_FOLLOWS: u64 = 1_000_000;

/// Whether some fact that passes has a derivation which uses one of the facts, or is one of them.
pub fn leans_on(case: &Case, facts: &[Fact], passes: impl Fn(&Fact) -> bool) -> bool {
    let budget = Budget {
        rows: Some(MOST_FOR_WHAT_FOLLOWS),
        ..Budget::default()
    };
    let (leaning, _) = leaning(case, facts, &budget);
    leaning.iter().chain(facts).any(passes)
}

/// What some derivation builds on some facts, and whether that was too much to look at all of it.
fn leaning(case: &Case, facts: &[Fact], budget: &Budget) -> (Vec<Fact>, bool) {
    let leaning = case.leaning_on(facts, &[], budget);
    (leaning.facts, leaning.stopped.is_some())
}

impl<E> Rival<'_, E> {
    /// Whether some of these facts is what it wants, in the world of the explanation.
    fn gains(&self, facts: &[Fact]) -> bool {
        let wanted = |fact: &Fact| self.goals.iter().any(|goal| goal.agrees(fact));
        self.world.is_none() && facts.iter().any(wanted)
    }
}

impl Explanation {
    /// Before what is there already is told.
    pub(super) fn of<E>(
        assume: Vec<Fact>,
        outlook: Outlook,
        question: &Question,
        rival: Option<&Rival<E>>,
        claims: &Claims,
    ) -> Explanation {
        let mut disputed: Vec<(Fact, Vec<ClaimId>)> = Vec::new();
        for fact in assume.iter().chain(&outlook.appeared) {
            let by = claims.disputing(fact.relation, &fact.row);
            if !by.is_empty() && !disputed.iter().any(|(known, _)| known == fact) {
                disputed.push((fact.clone(), by));
            }
        }
        let helps_rival = rival.is_some_and(|rival| rival.gains(&outlook.appeared));
        let mut also = outlook.appeared;
        also.retain(|fact| !assume.contains(fact) && !question.goal.agrees(fact));
        Explanation {
            assume,
            also,
            there: None,
            fell: outlook.fell,
            disputed,
            helps_rival,
            cut: false,
        }
    }
}

/// The case, and what its explanations are told and ranked by.
pub(super) struct Ranking<'a, E> {
    pub question: &'a Question<'a>,
    pub case: &'a Case<'a>,
    pub claims: &'a Claims,
    pub sources: &'a Sources,
    pub terrain: &'a Terrain<'a>,
    pub rival: Option<&'a Rival<'a, E>>,
    pub forks: &'a Forks,
}

impl<E> Ranking<'_, E> {
    /// Puts explanations in order, and tells what is there already of what the first ones bring.
    pub fn rank(
        &self,
        explanations: &mut Vec<Explanation>,
        stage: &mut Stage<E>,
        meter: &Meter,
    ) -> Result<(), E> {
        match self.rival.map(|rival| rival.world) {
            None => {}
            Some(Some(leads)) => {
                for explanation in &mut *explanations {
                    explanation.helps_rival = leads(&explanation.assume)?;
                }
            }
            Some(None) => {
                let open = explanations.iter_mut().filter(|one| !one.helps_rival);
                self.describe(open.collect(), stage, meter)?;
            }
        }
        let (program, dictionary) = (self.terrain.program, self.terrain.dictionary);
        explanations.sort_by_cached_key(|one| {
            let facts = one.assume.iter();
            let mut texts: Vec<String> = facts
                .map(|fact| fact_text(program, dictionary, fact))
                .collect();
            texts.sort();
            (
                one.assume.len(),
                one.helps_rival,
                one.disputed.len(),
                one.fell.len(),
                one.also.len(),
                texts,
            )
        });
        let first = explanations.iter_mut().take(self.question.described);
        self.describe(first.collect(), stage, meter)
    }

    /// Tells what is there already of what these bring, and whether that helps the rival.
    fn describe(
        &self,
        mut explanations: Vec<&mut Explanation>,
        stage: &mut Stage<E>,
        meter: &Meter,
    ) -> Result<(), E> {
        explanations.retain(|one| one.there.is_none());
        if meter.stopped().is_some() {
            explanations.iter_mut().for_each(|one| one.cut = true);
            return Ok(());
        }
        let sets: Vec<Vec<Fact>> = explanations.iter().map(|one| one.assume.clone()).collect();
        let (program, dictionary) = (self.terrain.program, self.terrain.dictionary);
        let (claims, sources) = (self.claims, self.sources);
        let budget = Budget {
            rows: Some(MOST_FOR_WHAT_FOLLOWS),
            ..meter.rest()
        };
        let leaning = |facts: &dyn Facts, set: &[Fact]| {
            let case = Case::new(facts, program, dictionary, claims, sources);
            leaning(&case, set, &budget)
        };
        let look = |set: &[Fact], database: &Database, _| leaning(database, set);
        let mut attempts = self.forks.each(&sets, meter, look).into_iter();
        for explanation in explanations {
            let found = match attempts.next() {
                Some(Attempt { work, found: None }) => {
                    meter.spend_all(work);
                    None
                }
                Some(Attempt {
                    work,
                    found: Some(Ok(leaning)),
                }) => meter.spend_all(work).then_some(leaning),
                None
                | Some(Attempt {
                    found: Some(Err(_)),
                    ..
                }) => {
                    let assumed = stage.assume(&explanation.assume, meter)?;
                    assumed.map(|_| {
                        let leaning = leaning(stage.facts(), &explanation.assume);
                        stage.take_back();
                        leaning
                    })
                }
            };
            let Some((mut leaning, cut)) = found else {
                explanation.cut = true;
                continue;
            };
            explanation.helps_rival |= self.rival.is_some_and(|rival| rival.gains(&leaning));
            leaning.retain(|fact| self.case.holds(fact) && !self.question.goal.agrees(fact));
            leaning.sort();
            explanation.there = Some(leaning);
            explanation.cut = cut;
        }
        Ok(())
    }
}
