//! Many hypotheses over one case that is loaded once: what each comes to.

use super::case_diff::Clause;
use super::clauses::Clauses;
use super::error::{Error, Findings};
use super::loaded::Session;
use super::why::WhyQuestion;
use super::within::{AT_A_TIME, Prepared};
use crate::hypothesis::{Broken, Difference, Overlay};
use crate::syntax::ast::Atom;
use serde::{Serialize, Serializer};
use std::time::{Duration, Instant};

/// Facts that agree with one goal, of which the strongest is looked for.
const MOST_FACTS: usize = 20;

/// What hypotheses come to, each for itself.
#[derive(Clone, Debug, Serialize)]
pub struct HypothesisTable {
    /// In the order in which they were asked for; all of a case by name.
    pub hypotheses: Vec<HypothesisRow>,
    /// What is wrong with files of hypotheses: those in them are missing here.
    #[serde(serialize_with = "as_json")]
    pub broken: Findings,
    #[serde(skip)]
    pub elapsed: Duration,
}

#[derive(Clone, Debug, Serialize)]
pub struct HypothesisRow {
    pub name: String,
    pub title: Option<String>,
    /// Whether constants are still to be given for its parameters: it was not looked at then.
    pub open: bool,
    pub goals: Vec<GoalRow>,
    /// Whether all goals hold; `null` where there are none.
    pub holds: Option<bool>,
    /// Facts it assumes, and things it withdraws.
    pub assumed: usize,
    pub withdrawn: usize,
    /// Facts that follow under it and not in the case, and the other way round.
    pub appeared: usize,
    pub fell: usize,
    /// Constraints that it violates and the case does not, or in other ways.
    pub violated: Vec<Clause>,
    /// Constraints that the case violates, with ways in which it does not.
    pub mended: Vec<Clause>,
    /// What is odd about it: an assumption that holds anyway, say.
    pub notes: Vec<String>,
    /// Why it could not be looked at. Nothing else of the row means anything then.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_json"
    )]
    pub error: Option<Findings>,
}

/// A goal in the case, and under the hypothesis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoalRow {
    pub goal: String,
    pub before: GoalState,
    pub after: GoalState,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GoalState {
    pub holds: bool,
    /// Of the strongest fact that agrees; `null` where none does.
    pub strength: Option<f64>,
}

impl HypothesisTable {
    /// Whether every hypothesis could be looked at.
    pub fn is_whole(&self) -> bool {
        !self.broken.has_errors() && self.hypotheses.iter().all(|row| row.error.is_none())
    }
}

impl HypothesisRow {
    fn of(name: &str) -> HypothesisRow {
        HypothesisRow {
            name: name.to_owned(),
            title: None,
            open: false,
            goals: Vec::new(),
            holds: None,
            assumed: 0,
            withdrawn: 0,
            appeared: 0,
            fell: 0,
            violated: Vec::new(),
            mended: Vec::new(),
            notes: Vec::new(),
            error: None,
        }
    }
}

impl Session {
    /// What each of some hypotheses comes to, named with constants for their parameters, as in `contractor("x-firm")`;
    /// without names all of the case. Each is a run of its own over what is loaded; one that is wrong does not spoil
    /// the others.
    pub fn hypothesis_table(&mut self, names: &[String]) -> Result<HypothesisTable, Error> {
        self.refresh()?;
        let started = Instant::now();
        let all = match names.is_empty() {
            true => self.hypotheses(),
            false => Vec::new(),
        };
        let wanted = all
            .iter()
            .map(|line| (&line.name, line.name.contains('('), line.title.clone()))
            .chain(names.iter().map(|name| (name, false, None)));
        let wanted: Vec<_> = wanted.collect();
        let mut hypotheses = Vec::new();
        for some in wanted.chunks(AT_A_TIME) {
            let mut overlays = Vec::new();
            for (name, open, _) in some {
                overlays.push((!open).then(|| self.hypothesis(name)));
            }
            // Each world is for itself.
            let worlds = self.pool.each(&overlays, |overlay| match overlay {
                Some(Ok(overlay)) => Some(self.prepared(&[overlay])),
                Some(Err(_)) | None => None,
            });
            for (((name, open, title), overlay), world) in some.iter().zip(overlays).zip(worlds) {
                let row = match (overlay, world) {
                    (Some(overlay), world) => overlay.and_then(|overlay| match world {
                        Some(world) => self.hypothesis_row(name, &overlay, world?),
                        None => Ok(HypothesisRow::of(name)),
                    }),
                    (None, _) => Ok(HypothesisRow {
                        title: title.clone(),
                        open: *open,
                        ..HypothesisRow::of(name)
                    }),
                };
                hypotheses.push(match row {
                    Err(Error::Rejected(findings)) => HypothesisRow {
                        error: Some(findings),
                        ..HypothesisRow::of(name)
                    },
                    row => row?,
                });
            }
        }
        Ok(HypothesisTable {
            hypotheses,
            broken: self.hypothesis_findings(),
            elapsed: started.elapsed(),
        })
    }

    fn hypothesis_row(
        &mut self,
        name: &str,
        overlay: &Overlay,
        world: Prepared,
    ) -> Result<HypothesisRow, Error> {
        let Prepared { state, notes } = world;
        let difference = Difference::between(
            (&self.database, &self.report),
            (&state.database, &state.report),
        );
        let before = self.goal_states(&overlay.goals)?;
        let (after, (violated, mended)) = self.look_from(state, |session| {
            let after = session.goal_states(&overlay.goals)?;
            Ok((after, session.broken_clauses(&difference)))
        })?;
        let notes = Findings::new(notes, &self.sources);
        Ok(HypothesisRow {
            name: overlay.name.as_deref().unwrap_or(name).to_owned(),
            title: overlay.title.as_deref().map(str::to_owned),
            open: false,
            holds: match after.is_empty() {
                true => None,
                false => Some(after.iter().all(|goal| goal.holds)),
            },
            goals: overlay
                .goals
                .iter()
                .zip(before.into_iter().zip(after))
                .map(|(goal, (before, after))| GoalRow {
                    goal: goal.to_string(),
                    before,
                    after,
                })
                .collect(),
            assumed: overlay.assumed.len() + overlay.rules.len() + overlay.rule_files.len(),
            withdrawn: overlay.withdrawn.len(),
            appeared: difference.appeared.len(),
            fell: difference.fell.len(),
            violated,
            mended,
            notes: notes
                .diagnostics()
                .iter()
                .map(|note| note.message.clone())
                .collect(),
            error: None,
        })
    }

    /// How goals stand in the world the session is in. One about a relation that only an overlay has does not hold.
    fn goal_states(&mut self, goals: &[Atom]) -> Result<Vec<GoalState>, Error> {
        let mut states = Vec::new();
        for goal in goals {
            let Ok(pattern) = self.pattern_of(goal.clone()) else {
                states.push(GoalState::default());
                continue;
            };
            let facts = self.facts_matching(&pattern);
            let mut strength: Option<f64> = None;
            for fact in facts.iter().take(MOST_FACTS) {
                let proof = self.explain(&WhyQuestion::of(self.fact_text(fact)))?;
                let strongest = proof.supports().iter().map(|support| support.strength);
                strength = strongest.chain(strength).reduce(f64::max);
            }
            states.push(GoalState {
                holds: !facts.is_empty(),
                strength,
            });
        }
        Ok(states)
    }

    fn broken_clauses(&self, difference: &Difference) -> (Vec<Clause>, Vec<Clause>) {
        let clauses = Clauses::of(self);
        let listed = |broken: &[Broken]| {
            let mut listed: Vec<Clause> = broken
                .iter()
                .map(|broken| clauses.clause_at(broken.constraint))
                .map(|clause| Clause {
                    at: clause.at,
                    rule: clause.rule,
                })
                .collect();
            listed.dedup();
            listed
        };
        (listed(&difference.violated), listed(&difference.mended))
    }
}

fn as_json<S: Serializer>(findings: &Findings, serializer: S) -> Result<S::Ok, S::Error> {
    findings.to_json().serialize(serializer)
}

fn as_optional_json<S: Serializer>(
    findings: &Option<Findings>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json = findings.as_ref().map(Findings::to_json);
    json.serialize(serializer)
}
