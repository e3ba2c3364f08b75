//! Competing hypotheses side by side.

use super::at_once::{KnownDays, ValidDays};
use super::error::{Error, Findings};
use super::explained::Pattern;
use super::loaded::Session;
use super::matrix::Given as Judgements;
use crate::analysis::check_pattern;
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::analysis::findings::closest;
use crate::engine::Database;
use crate::engine::budget::{RunReport, Violation};
use crate::evidence::{ClaimId, Claims, GradeTables};
use crate::explain::{Dates, Fact, Meter, fact_text, pattern_text, stated_by};
use crate::hypothesis::compare::{
    Cell, Change, Contender, Evidence, FlipBound, Given, Goal, Inquiry, Rerun, Score, Setting,
    Stage, Subject, Table, View, diagnosticity, flips, leader, order,
};
use crate::hypothesis::{Overlay, Withdrawal, World, reserved};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

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

/// Hypotheses and the evidence that tells them apart.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Least contradicted first; those that cannot be compared last.
    pub hypotheses: Vec<Row>,
    /// What tells most apart first, weighed; then by id.
    pub evidence: Vec<Column>,
    /// For each two hypotheses the evidence on which they differ, most telling first.
    pub pairs: Vec<Pair>,
    /// Smallest sets of changes that put another hypothesis first: ids to withdraw, `+fact` to find.
    pub flip_sets: Vec<Vec<String>>,
    /// The same sets, each with who is first then.
    pub flips: Vec<Flip>,
    /// Sets of changes up to this size were all tried: withdrawals of evidence, and findings.
    pub flip_bound: usize,
    /// Facts whose finding was tried: those that hypotheses assume, and those that would make one hold.
    pub flip_findings: usize,
    /// The hypothesis that is ahead of all others; `null` when several are level.
    pub leader: Option<String>,
    pub warnings: Vec<String>,
    pub planted: Vec<String>,
    /// Whether all evidence that has a part in a support is there.
    pub complete: bool,
    #[serde(skip)]
    pub(super) staged: Vec<Needs>,
}

/// One hypothesis.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub title: Option<String>,
    pub goals: Vec<String>,
    pub holds: bool,
    /// From 1; equals share one. `null`: it cannot be compared.
    pub rank: Option<usize>,
    /// Weights of the evidence against it, copies counted once.
    pub inconsistency: f64,
    /// That of its weakest goal.
    pub strength: f64,
    /// Facts that would have to be found.
    pub assumes: Vec<String>,
    /// Claims that it takes to be false.
    pub rejects: Vec<String>,
    /// Constraints that its world violates and the case does not.
    pub violates: usize,
    /// Why it cannot be compared.
    pub error: Option<String>,
    pub notes: Vec<String>,
}

/// One piece of evidence.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its id, when it is a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Its id, when it is a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What it is called in the matrix, when it is neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it says; of a source, how much.
    pub says: String,
    pub grade: Option<String>,
    pub weight: f64,
    /// By hypothesis: `falls`, `weakens`, `stands` or `helped` without it; or as judged, `CC` to `II`.
    pub cells: serde_json::Map<String, serde_json::Value>,
    /// Hypotheses whose cell a person judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<String>,
    /// 0: it treats all alike; 2 at most.
    pub diagnosticity: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub between: [String; 2],
    pub evidence: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    pub change: Vec<String>,
    pub leader: Option<String>,
}

/// What a hypothesis needs that is not known, for what to collect.
#[derive(Clone, Debug)]
pub(super) struct Needs {
    pub name: String,
    pub assumes: Vec<Fact>,
    /// Sets of facts that would make it hold.
    pub would_hold_with: Vec<Vec<Fact>>,
}

/// A hypothesis laid on the case.
struct Laid {
    world: World,
    /// On which days everything holds, where that was worked out.
    days: Option<KnownDays>,
    given: Given,
    /// What the case violates, by the ids of the world's program.
    known: Vec<Violation>,
    /// What the world violates besides.
    violated: usize,
    notes: Vec<String>,
}

/// A hypothesis that can be compared.
struct Entry {
    name: String,
    overlay: Overlay,
    title: Option<String>,
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
        let (claims, sources) = (self.claims(), self.source_register());
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
        let staged = self.needs(&contenders)?;
        // What somebody says already need not be found.
        let assumed = staged.iter().flat_map(|needs| &needs.assumes);
        let assumed = assumed.filter(|fact| !self.holds_here(fact));
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
        let flips: Vec<Flip> = found
            .iter()
            .flat_map(|found| &found.sets)
            .map(|(changes, leader)| Flip {
                change: changes.iter().map(change).collect(),
                leader: leader.map(name),
            })
            .collect();
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
            leader: leader(&scores).map(name),
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

    /// The case under overlays.
    fn laid(&self, overlays: &[&Overlay]) -> Result<Laid, Error> {
        let (world, days) = self.world_and_days(overlays)?;
        if !world.shares_ids() {
            return Err(self.rejected(vec![
                Diagnostic::error(
                    "D085",
                    "a hypothesis that reads other data cannot be compared",
                )
                .help("leave `.input` to the rules of the case"),
            ]));
        }
        let violated = self.difference(&world).violated;
        Ok(Laid {
            given: self.given(world.program(), world.assumed()),
            known: self.violations_in(world.program()),
            violated: violated
                .iter()
                .map(|broken| broken.violation.rows.len())
                .sum(),
            notes: world
                .notes()
                .iter()
                .map(|note| note.message.clone())
                .collect(),
            world,
            days,
        })
    }

    /// What the case violates, by the ids of another program.
    fn violations_in(&self, program: &Arc<CheckedProgram>) -> Vec<Violation> {
        if Arc::ptr_eq(program, &self.program.checked) {
            return self.report.violations.clone();
        }
        // One clause with `;` is several constraints, in the same order in every program.
        let of = |program: &CheckedProgram, span: Span| -> Vec<RuleId> {
            let all = program.constraints().iter().copied();
            all.filter(|&rule| program[rule].span == span).collect()
        };
        let moved = self.report.violations.iter().filter_map(|violation| {
            let span = self.program()[violation.constraint].span;
            let here = of(self.program(), span);
            let at = here.iter().position(|&rule| rule == violation.constraint)?;
            Some(Violation {
                constraint: *of(program, span).get(at)?,
                ..violation.clone()
            })
        });
        moved.collect()
    }

    /// Whether the case itself has a fact, which may be of a relation that it has not.
    fn holds_here(&self, fact: &Fact) -> bool {
        fact.relation.index() < self.program().relations().count()
            && self.database.contains(fact.relation, &fact.row)
    }

    /// What an overlay withdraws, fact by fact or by pattern.
    fn denied_by(&self, overlay: &Overlay, program: &CheckedProgram) -> Vec<Goal> {
        let patterns = overlay.withdrawn.iter().filter_map(|one| match one {
            Withdrawal::Atom(atom) if reserved(atom, program).is_none() => {
                let (relation, terms) = check_pattern(program, atom).ok()?;
                let pattern = self.values(atom, &terms).ok()?;
                Some(Goal { relation, pattern })
            }
            _ => None,
        });
        patterns.collect()
    }

    fn newly_withdrawn(&self, claims: &Claims) -> Vec<ClaimId> {
        let mut withdrawn = claims.withdrawn();
        withdrawn.retain(|&claim| self.claims().stands(claim));
        withdrawn
    }

    /// Whether what changes of a world come to can be told without a run.
    pub(super) fn foresees(&self) -> bool {
        // Births tell what is stated and what is derived.
        self.options.births && !self.options.faults_are_errors && !self.spec.strict
    }

    /// When claims count, where that matters; `known`: on which days everything holds, where that was worked out.
    pub(super) fn dates_of<'a>(
        &self,
        claims: &'a Claims,
        known: Option<&'a KnownDays>,
    ) -> Option<Dates<'a>> {
        self.options.lens.at_once.then(|| {
            let intervals = claims.iter().map(|(_, claim)| claim.interval);
            let valid = match known {
                Some(known) => known.valid.clone(),
                None => ValidDays::of(intervals),
            };
            Dates {
                days: valid.count(),
                within: Box::new(move |claim| valid.within(claims.get(claim).interval)),
                past: known.map(|known| &known.past),
            }
        })
    }

    /// Facts of relations with claims that something else states too.
    pub(super) fn given(&self, program: &CheckedProgram, assumed: &FxHashSet<Fact>) -> Given {
        let claimed: FxHashSet<RelationId> = self
            .claims()
            .iter()
            .map(|(_, claim)| claim.relation)
            .collect();
        let mut given = self.stated_otherwise(program, &|id| claimed.contains(&id));
        given.extend(assumed.iter().cloned());
        given
    }

    /// Facts of some relations that rule text, plain data or what was typed states.
    fn stated_otherwise(
        &self,
        program: &CheckedProgram,
        of: &dyn Fn(RelationId) -> bool,
    ) -> Given {
        let mut given = Given::default();
        for (_, rule) in program.rules().filter(|(_, rule)| rule.body.is_empty()) {
            let fact = stated_by(rule, self.dictionary());
            given.extend(fact.filter(|fact| of(fact.relation)));
        }
        let data = self.data.rows.iter().flatten();
        for stated in data.filter(|one| !one.claimed && of(one.relation)) {
            let rows = stated.rows.iter();
            let rows = rows.map(|row| Fact::new(stated.relation, &row));
            given.extend(rows.filter(|fact| !self.withdrawn.contains(fact)));
        }
        for (relation, rows) in self.inserted.iter().filter(|(id, _)| of(*id)) {
            given.extend(rows.iter().map(|row| Fact::new(*relation, &row)));
        }
        given
    }

    /// Facts among some that the case states, each with the claims without which it does not; none: it does whatever falls.
    fn said(
        &self,
        assumed: &FxHashSet<Fact>,
        planted: &[ClaimId],
    ) -> FxHashMap<Fact, Vec<ClaimId>> {
        let mut said = FxHashMap::default();
        if assumed.is_empty() {
            return said;
        }
        let of = |id: RelationId| assumed.iter().any(|fact| fact.relation == id);
        let otherwise = self.stated_otherwise(self.program(), &of);
        for fact in assumed.iter().filter(|fact| self.holds_here(fact)) {
            let mut claims = self.claims().supporting(fact.relation, &fact.row);
            claims.retain(|claim| !planted.contains(claim));
            if otherwise.contains(fact) {
                said.insert(fact.clone(), Vec::new());
            } else if !claims.is_empty() {
                said.insert(fact.clone(), claims);
            }
        }
        said
    }

    fn run_world(
        &self,
        planted: &Overlay,
        overlay: &Overlay,
        withdrawn: &[ClaimId],
        found: &[Fact],
    ) -> Result<(Database, RunReport), Error> {
        let mut more = Overlay::default();
        for &claim in withdrawn {
            more = more.withdraw(Withdrawal::Claim(claim));
        }
        for fact in found {
            more = more.assume(fact.clone());
        }
        let world = self.world(&[planted, overlay, &more])?;
        let mut report = world.report.clone();
        // Only what the case does not violate counts.
        report.violations = self
            .difference(&world)
            .violated
            .into_iter()
            .map(|broken| broken.violation)
            .collect();
        Ok((world.database, report))
    }

    /// Sets of facts that would make each hypothesis hold which does not.
    fn needs(&self, contenders: &[Contender<Error>]) -> Result<Vec<Needs>, Error> {
        let using = self.program().abducibles().to_vec();
        let mut needs = Vec::new();
        for contender in contenders {
            let mut assumes: Vec<Fact> = contender.assumed.iter().cloned().collect();
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
                // Laid on top of each other they may contradict: then they do exclude each other.
                let both = match self.laid(&[planted, &first.overlay, &second.overlay]) {
                    Ok(both) => both,
                    Err(Error::Stopped(stopped)) => return Err(Error::Stopped(stopped)),
                    Err(_) => continue,
                };
                let database = both.world.database();
                let hold =
                    |goal: &Pattern| !database.matching(goal.relation, &goal.codes).is_empty();
                if first_goals.iter().chain(second_goals).all(hold)
                    && both.violated <= a.violated.max(b.violated)
                {
                    warnings.push(format!("{} and {} hold together", first.name, second.name));
                }
            }
        }
        Ok(warnings)
    }

    fn row(
        &self,
        entry: &Entry,
        laid: &Laid,
        goals: &[Pattern],
        contender: &Contender<Error>,
        score: &Score,
        rank: Option<usize>,
    ) -> Row {
        let program = laid.world.program();
        let text = |fact: &Fact| fact_text(program, self.dictionary(), fact);
        let mut assumes: Vec<String> = contender.assumed.iter().map(text).collect();
        assumes.sort();
        let mut rejects: Vec<String> = contender
            .rejects
            .iter()
            .map(|&claim| self.claim_text(claim))
            .collect();
        rejects.sort();
        rejects.dedup();
        Row {
            name: entry.name.clone(),
            title: entry.title.clone(),
            goals: goals
                .iter()
                .map(|goal| pattern_text(program, self.dictionary(), goal.relation, &goal.codes))
                .collect(),
            holds: score.stand.holds,
            rank,
            inconsistency: rounded(score.inconsistency),
            strength: rounded(score.stand.strength),
            assumes,
            rejects,
            violates: score.stand.violated,
            error: None,
            notes: laid.notes.clone(),
        }
    }

    fn subject_text(&self, evidence: &Evidence) -> String {
        match &evidence.subject {
            Subject::Claim(claim) => self.claim_text(*claim),
            Subject::Root(source) => self.source_register()[*source].id.to_string(),
            Subject::Label(label) => label.clone(),
        }
    }

    fn columns(&self, names: &[&str], table: &Table) -> Vec<Column> {
        let mut ranked: Vec<(f64, String, &Evidence)> = table
            .evidence
            .iter()
            .map(|one| (diagnosticity(one) * one.weight, self.subject_text(one), one))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let columns = ranked.into_iter();
        columns
            .map(|(_, id, one)| self.column_of(id, names, one))
            .collect()
    }

    fn column_of(&self, id: String, names: &[&str], evidence: &Evidence) -> Column {
        let (mut claim, mut source, mut label) = (None, None, None);
        let (says, grade) = match &evidence.subject {
            Subject::Claim(of) => {
                claim = Some(id);
                let of = &self.claims().get(*of);
                let fact = self.fact_text(&Fact::new(of.relation, of.row));
                let says = match of.stance {
                    crate::evidence::Stance::Supports => fact,
                    crate::evidence::Stance::Disputes => format!("not {fact}"),
                };
                (says, Some(of.grade(self.source_register()).to_string()))
            }
            Subject::Root(of) => {
                source = Some(id);
                let ids: FxHashSet<&str> = evidence
                    .claims
                    .iter()
                    .map(|&claim| self.claims().get(claim).id)
                    .collect();
                let says = crate::analysis::findings::counted(ids.len(), "claim");
                (
                    says,
                    Some(self.source_register()[*of].reliability.to_string()),
                )
            }
            Subject::Label(_) => {
                label = Some(id);
                (String::new(), None)
            }
        };
        let cells = names.iter().zip(&evidence.cells);
        Column {
            claim,
            source,
            label,
            says,
            grade,
            weight: rounded(evidence.weight),
            judged: cells
                .clone()
                .filter(|(_, cell)| matches!(cell, Cell::Judged(_)))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            cells: cells
                .map(|(name, cell)| ((*name).to_owned(), cell.word().into()))
                .collect(),
            diagnosticity: rounded(diagnosticity(evidence)),
        }
    }

    fn pairs(&self, names: &[&str], table: &Table) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for one in 0..names.len() {
            for other in one + 1..names.len() {
                let mut telling: Vec<(f64, String)> = table
                    .evidence
                    .iter()
                    .map(|evidence| {
                        let apart =
                            (evidence.cells[one].value() - evidence.cells[other].value()).abs();
                        (apart * evidence.weight, self.subject_text(evidence))
                    })
                    .filter(|(apart, _)| *apart > 0.0)
                    .collect();
                telling.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
                pairs.push(Pair {
                    between: [names[one].to_owned(), names[other].to_owned()],
                    evidence: telling.into_iter().map(|(_, id)| id).collect(),
                });
            }
        }
        pairs
    }

    /// Strength of the grade of a claim.
    pub(super) fn weight_of(&self, claim: ClaimId) -> f64 {
        let grade = self.claims().get(claim).grade(self.source_register());
        GradeTables::default().strength(grade)
    }
}

impl Row {
    fn failed(name: &str, title: Option<String>, reason: &str) -> Row {
        Row {
            name: name.to_owned(),
            title,
            goals: Vec::new(),
            holds: false,
            rank: None,
            inconsistency: 0.0,
            strength: 0.0,
            assumes: Vec::new(),
            rejects: Vec::new(),
            violates: 0,
            error: Some(reason.trim_end().to_owned()),
            notes: Vec::new(),
        }
    }
}

impl Column {
    pub fn id(&self) -> &str {
        let names = [&self.claim, &self.source, &self.label];
        names
            .into_iter()
            .flatten()
            .next()
            .map_or("", String::as_str)
    }
}

/// To three digits behind the point, so that sums do not show how they were made.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What is wrong in a file that is no program.
pub(super) fn in_file(session: &Session, wrong: Vec<Diagnostic>) -> Error {
    Findings::new(wrong, &session.sources).into()
}
