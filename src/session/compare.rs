//! Competing hypotheses side by side.

use super::comparison::{Comparison, Flip, Needs, Row};
use super::contenders::{Entry, Laid};
use super::error::{Error, Findings};
use super::explained::Pattern;
use super::loaded::Session;
use super::matrix::Given as Judgements;
use crate::analysis::checked::RelationId;
use crate::analysis::findings::closest;
use crate::engine::Database;
use crate::evidence::{ClaimId, GradeTables};
use crate::explain::{Fact, Meter};
use crate::hypothesis::compare::{
    Ahead, Change, Contender, FlipBound, Goal, Inquiry, Rerun, Score, Setting, Stage, View, flips,
    order,
};
use crate::hypothesis::{Overlay, Withdrawal};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;
use std::path::PathBuf;

/// Changes at once, when looking for what would alter the order.
const FLIP_SIZE: usize = 2;
/// Worlds that are looked into for that: for one change at a time, and before more at once are no longer begun.
const FLIP_WORLDS_OF_ONE: usize = 50_000;
const FLIP_WORLDS: usize = 1_500;

/// Which hypotheses, and how to look at them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparisonQuestion {
    /// By name, as in `contractor("x-firm")`.
    pub hypotheses: Vec<String>,
    /// Root sources in place of claims.
    pub fold_sources: bool,
    /// A matrix of cells that a person judged, in CSV.
    pub judged: Option<PathBuf>,
    /// Categories of evidence that are taken to be planted: relations, kinds of source, or words that claims name.
    pub planted: Vec<String>,
    /// Withdrawals and findings at once, when looking for what would alter the order. Default: 2.
    pub flips: Option<usize>,
}

impl Session {
    /// Compares hypotheses over the evidence that matters to any of them. What is wrong with one of them is said in its
    /// row; that there is none by any of these names is an error.
    pub fn compare(&mut self, question: &ComparisonQuestion) -> Result<Comparison, Error> {
        self.refresh()?;
        self.check_names(&question.hypotheses)?;
        let judgements = match &question.judged {
            Some(path) => Some(Judgements::read(self, path, &question.hypotheses)?),
            None => None,
        };
        let planted = self.planted(&question.planted)?;
        let mut entries = Vec::new();
        let mut wrong: Vec<(&str, Error)> = Vec::new();
        for name in &question.hypotheses {
            match self.hypothesis(name) {
                Ok(overlay) => entries.push(Entry {
                    name: name.trim().to_owned(),
                    title: overlay.title.as_ref().map(|title| title.to_string()),
                    overlay,
                }),
                Err(Error::Stopped(stopped)) => return Err(Error::Stopped(stopped)),
                Err(error) => wrong.push((name.trim(), error)),
            }
        }
        let failed = wrong.iter();
        let failed = failed.map(|(name, error)| Row::failed(name, None, &error.to_string()));
        let failed = failed.collect();
        if entries.is_empty() {
            let errors = wrong.into_iter().map(|(_, error)| error);
            if let Some(all) = errors.reduce(Error::and) {
                return Err(all);
            }
        }
        let planted_overlay = planted.iter().fold(Overlay::default(), |overlay, &claim| {
            overlay.withdraw(Withdrawal::Claim(claim))
        });
        self.compare_entries(
            question,
            entries,
            failed,
            &planted_overlay,
            &planted,
            judgements,
        )
    }

    fn compare_entries(
        &self,
        question: &ComparisonQuestion,
        entries: Vec<Entry>,
        mut failed: Vec<Row>,
        planted_overlay: &Overlay,
        planted: &[ClaimId],
        judgements: Option<Judgements>,
    ) -> Result<Comparison, Error> {
        let budget = self.explanation_budget();
        let meter = Meter::new(&crate::engine::Budget {
            rows: None,
            ..budget.clone()
        });
        let mut compared: Vec<(Entry, Laid, Vec<Pattern>)> = Vec::new();
        let laid = self.pool.each(&entries, |entry| {
            let laid = self.laid(&[planted_overlay, &entry.overlay])?;
            let goals = self.goals_of(&entry.overlay, laid.world.program())?;
            Ok((laid, goals))
        });
        for (entry, laid) in entries.into_iter().zip(laid) {
            match laid {
                Err(Error::Stopped(stopped)) => return Err(Error::Stopped(stopped)),
                Err(error) => {
                    failed.push(Row::failed(&entry.name, entry.title, &error.to_string()));
                }
                Ok((_, goals)) if goals.is_empty() => {
                    let reason = "it has no `.goal`: there is nothing to compare";
                    failed.push(Row::failed(&entry.name, entry.title, reason));
                }
                Ok((laid, goals)) => compared.push((entry, laid, goals)),
            }
        }
        let contenders: Vec<Contender<Error>> =
            self.pool.each(&compared, |(entry, laid, goals)| {
                let rerun: Rerun<Error> = Box::new(|withdrawn, found| {
                    self.run_world(planted_overlay, &entry.overlay, withdrawn, found)
                });
                let goals = goals
                    .iter()
                    .map(|goal| Goal {
                        relation: goal.relation,
                        pattern: goal.codes.clone(),
                    })
                    .collect();
                let world = &laid.world;
                let setting = Setting {
                    facts: world.database(),
                    program: world.program(),
                    dictionary: self.dictionary(),
                    claims: world.claims(),
                    sources: self.source_register(),
                    assumed: world.assumed(),
                    said: self.said(world.assumed(), planted),
                    given: &laid.given,
                    database: self.can_change().then(|| world.database()),
                    foresees: self.foresees(),
                    dates: self.dates_of(laid.world.claims(), laid.days.as_ref()),
                    violations: &world.report().violations,
                    known: &laid.known,
                };
                let name = entry.name.clone();
                let mut contender = Contender::new(name, setting, goals, rerun, &budget);
                contender.denies = self.denied_by(&entry.overlay, world.program());
                contender.rejects = self
                    .newly_withdrawn(world.claims())
                    .into_iter()
                    .filter(|claim| !planted.contains(claim))
                    .collect();
                contender
            });
        let claims = &self.claims().without(planted.iter().copied());
        let sources = self.source_register();
        let size = question.flips.unwrap_or(FLIP_SIZE);
        let inquiry = Inquiry {
            contenders: &contenders,
            claims,
            sources,
            view: View {
                fold: question.fold_sources,
                pairs: contenders.len() > 1 && size > 0,
                threads: self.options.threads,
            },
            meter: &meter,
            budget: &budget,
        };
        let mut table = inquiry.tabulate()?;
        if let Some(judgements) = &judgements {
            let names: Vec<&str> = contenders.iter().map(|one| one.name.as_str()).collect();
            judgements.enter(self, &names, &mut table);
        }
        let stage = Stage::new(&inquiry, &table);
        let scores = stage.scores();
        let without_planted = match planted.is_empty() {
            true => None,
            false => Some(self.laid(&[planted_overlay])?),
        };
        let case = without_planted.as_ref();
        let case = case.map_or(self.database(), |laid| laid.world.database());
        let staged = self.needs(&contenders, case)?;
        let assumed = staged.iter().flat_map(|needs| &needs.assumes);
        let findings: Vec<Vec<Fact>> = staged
            .iter()
            .flat_map(|needs| needs.would_hold_with.clone())
            .chain(assumed.map(|fact| vec![fact.clone()]))
            .collect();
        let bound = FlipBound {
            size,
            single: match question.flips {
                Some(_) => usize::MAX,
                None => FLIP_WORLDS_OF_ONE,
            },
            more: match question.flips {
                Some(_) => usize::MAX,
                None => FLIP_WORLDS,
            },
        };
        let found = match contenders.len() {
            0 | 1 => None,
            _ => Some(flips(&stage, &findings, bound)?),
        };
        let mut warnings = self.standing_together(&compared, &scores, planted_overlay)?;
        if meter.stopped().is_some() {
            warnings.push("the budget ran out: cells and flip sets may be missing".to_owned());
        }
        let name = |at: usize| contenders[at].name.clone();
        let change = |change: &Change| match change {
            Change::Withdraw(at) => self.subject_text(&table.evidence[*at]),
            Change::Find(fact) => format!("+{}", self.fact_text(fact)),
        };
        let mut flips: Vec<Flip> = found
            .iter()
            .flat_map(|found| &found.sets)
            .map(|(changes, ahead)| Flip {
                change: changes.iter().map(change).collect(),
                leader: ahead.leader().map(name),
                none_holds: *ahead == Ahead::Nobody,
            })
            .collect();
        // What puts another one first tells more than what leaves none.
        flips.sort_by_key(|flip| (flip.change.len(), flip.none_holds));
        let ranked = order(&scores);
        let mut hypotheses: Vec<Row> = Vec::new();
        for (place, &at) in ranked.iter().enumerate() {
            let (entry, laid, goals) = &compared[at];
            let level = place > 0
                && scores[ranked[place - 1]].compare(&scores[at]) == std::cmp::Ordering::Equal;
            let rank = match hypotheses.last() {
                Some(last) if level => last.rank,
                _ => Some(place + 1),
            };
            hypotheses.push(self.row(entry, laid, goals, &contenders[at], &scores[at], rank));
        }
        hypotheses.extend(failed);
        let names: Vec<&str> = contenders.iter().map(|one| one.name.as_str()).collect();
        Ok(Comparison {
            hypotheses,
            pairs: self.pairs(&names, &table),
            evidence: self.columns(&names, &table),
            flip_sets: flips.iter().map(|flip| flip.change.clone()).collect(),
            flips,
            flip_bound: found.as_ref().map_or(0, |found| found.complete_to),
            flip_findings: found.as_ref().map_or(0, |found| found.findings),
            leader: Ahead::of(&scores).leader().map(name),
            warnings,
            planted: question.planted.clone(),
            complete: table.complete && meter.stopped().is_none(),
            staged,
        })
    }

    fn check_names(&mut self, names: &[String]) -> Result<(), Error> {
        if names.is_empty() {
            let known: Vec<String> = self.hypotheses().into_iter().map(|one| one.name).collect();
            let wrong = Diagnostic::error("D082", "no hypothesis to compare");
            return Err(self.rejected(vec![match known.is_empty() {
                true => wrong
                    .help("hypotheses are read from `rules/hypotheses/*.dl`, and from rule files"),
                false => wrong.help(format!("name two or more of {}", known.join(", "))),
            }]));
        }
        let twice = names.iter().enumerate().find(|(at, name)| {
            names[..*at]
                .iter()
                .any(|before| before.trim() == name.trim())
        });
        match twice {
            None => Ok(()),
            Some((_, name)) => Err(self.rejected(vec![Diagnostic::error(
                "D083",
                format!("hypothesis `{}` is named twice", name.trim()),
            )])),
        }
    }

    /// The claims of some categories, and of all that is read from the same rows.
    fn planted(&self, categories: &[String]) -> Result<Vec<ClaimId>, Error> {
        let mut planted: FxHashSet<ClaimId> = FxHashSet::default();
        for category in categories {
            let name = category.trim().trim_matches('"');
            let relation = self.program().relation_named(name);
            let word = self.dictionary().find_symbol(name);
            let sources = self.source_register();
            let of_relation =
                |claim: &&(ClaimId, crate::evidence::Claim)| Some(claim.1.relation) == relation;
            let of_kind = |claim: &&(ClaimId, crate::evidence::Claim)| {
                claim
                    .1
                    .source
                    .is_some_and(|source| *sources[source].kind == *name)
            };
            let naming = |claim: &&(ClaimId, crate::evidence::Claim)| {
                word.is_some_and(|word| claim.1.row.contains(&word))
            };
            let all: Vec<_> = self.claims().iter().collect();
            let mut found: Vec<ClaimId> = all.iter().filter(of_relation).map(|it| it.0).collect();
            if found.is_empty() {
                found = all.iter().filter(of_kind).map(|it| it.0).collect();
            }
            if found.is_empty() {
                found = all.iter().filter(naming).map(|it| it.0).collect();
            }
            if found.is_empty() {
                let kinds = sources.iter().map(|(_, source)| &*source.kind);
                let claimed = all.iter().map(|(_, claim)| claim.relation);
                let claimed: FxHashSet<RelationId> = claimed.collect();
                let relations = claimed.iter().map(|&id| &*self.program()[id].name);
                let wrong = Diagnostic::error(
                    "D084",
                    format!("no evidence is of the category `{name}`"),
                )
                .note("a category is a relation, a kind of source, or a word that claims name");
                let mut kinds: Vec<&str> = kinds
                    .chain(relations)
                    .filter(|kind| !kind.is_empty())
                    .collect();
                kinds.sort_unstable();
                kinds.dedup();
                return Err(
                    self.rejected(vec![match closest(name, kinds.iter().copied()) {
                        Some(near) => wrong.help(format!("did you mean `{near}`?")),
                        None => wrong.help(format!("for example {}", kinds.join(", "))),
                    }]),
                );
            }
            for claim in found {
                planted.extend(self.claims().ever_with_id(self.claims().get(claim).id));
            }
        }
        let mut planted: Vec<ClaimId> = planted.into_iter().collect();
        planted.sort_unstable();
        Ok(planted)
    }

    /// Facts that each hypothesis assumes and that do not hold in the case, and sets of facts that would make it hold where it
    /// does not.
    fn needs(&self, contenders: &[Contender<Error>], case: &Database) -> Result<Vec<Needs>, Error> {
        let using = self.program().abducibles().to_vec();
        let mut needs = Vec::new();
        for contender in contenders {
            let assumed = contender.assumed.iter();
            let assumed = assumed.filter(|fact| !case.contains(fact.relation, &fact.row));
            let mut assumes: Vec<Fact> = assumed.cloned().collect();
            assumes.sort();
            let mut would_hold_with = Vec::new();
            if !using.is_empty() && !contender.holds() {
                would_hold_with = self.would_hold(contender, &using)?;
            }
            needs.push(Needs {
                name: contender.name.clone(),
                assumes,
                would_hold_with,
            });
        }
        Ok(needs)
    }

    /// Warnings about hypotheses that do not exclude each other.
    fn standing_together(
        &self,
        compared: &[(Entry, Laid, Vec<Pattern>)],
        scores: &[Score],
        planted: &Overlay,
    ) -> Result<Vec<String>, Error> {
        let mut warnings = Vec::new();
        for one in 0..compared.len() {
            for other in one + 1..compared.len() {
                if !scores[one].stand.holds || !scores[other].stand.holds {
                    continue;
                }
                let ((first, a, first_goals), (second, b, second_goals)) =
                    (&compared[one], &compared[other]);
                let in_world = |laid: &Laid, goals: &[Pattern], of: &Laid| {
                    let (database, there) = (laid.world.database(), laid.world.program());
                    goals.iter().all(|goal| {
                        let declared = &of.world.program()[goal.relation];
                        // A relation that only a hypothesis declares is not there without it.
                        let same = there.relation_named(&declared.name);
                        let same = same.filter(|&id| there[id].arity() == declared.arity());
                        same.is_some_and(|id| !database.matching(id, &goal.codes).is_empty())
                    })
                };
                // Laid on top of each other they may contradict.
                let both = match self.laid(&[planted, &first.overlay, &second.overlay]) {
                    Ok(both) => Some(both),
                    Err(Error::Stopped(stopped)) => return Err(Error::Stopped(stopped)),
                    Err(_) => None,
                };
                let together = both.is_some_and(|both| {
                    in_world(&both, first_goals, a)
                        && in_world(&both, second_goals, b)
                        && both.violated <= a.violated.max(b.violated)
                });
                if together {
                    warnings.push(format!("{} and {} hold together", first.name, second.name));
                } else if in_world(a, second_goals, b) {
                    warnings.push(also_holds(&second.name, &first.name));
                } else if in_world(b, first_goals, a) {
                    warnings.push(also_holds(&first.name, &second.name));
                }
            }
        }
        Ok(warnings)
    }

    /// Strength of the grade of a claim.
    pub(super) fn weight_of(&self, claim: ClaimId) -> f64 {
        let grade = self.claims().get(claim).grade(self.source_register());
        GradeTables::default().strength(grade)
    }
}

/// What is wrong in a file that is no program.
pub(super) fn in_file(session: &Session, wrong: Vec<Diagnostic>) -> Error {
    Findings::new(wrong, &session.sources).into()
}

/// Of goals that hold where those of a competing hypothesis do.
fn also_holds(goals_of: &str, world_of: &str) -> String {
    format!(
        "the goals of {goals_of} hold in the world of {world_of} as well: they do not exclude each other"
    )
}
