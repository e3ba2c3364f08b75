//! What would follow if: the difference that a supposition makes.

use super::error::Error;
use super::loaded::Session;
use super::overlays::Supposition;
use super::pool::Pool;
use super::standing::{Side, State};
use super::table::Table;
use super::why::{Proof, WhyQuestion};
use super::world::FEW_ROWS;
use crate::analysis::check_pattern;
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::engine::budget::Budget;
use crate::evidence::{Claim, ClaimId};
use crate::explain::{Case, Fact, Leaning, Statement, fact_text};
use crate::hypothesis::{
    Broken, Cause, Difference, FactList, Fall, Leans, Overlay, Seeds, Sides, WeighOptions, Weighed,
    Weighing, Weight, weigh, weights, why_fell,
};
use crate::storage::SortedRows;
use crate::syntax::ast::{Atom, DirectiveKind};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Facts weighed when nothing else is asked for.
const WEIGHED: usize = 40;
/// Facts whose fall is explained in a line, and proved where that is asked for.
const EXPLAINED: usize = 20;
/// Rows that weighing or explaining one fact may look at at one time. Facts that need more have so many supports that
/// one more or less tells little, and a person waits for all of them.
const ROWS_WEIGHED: u64 = 4_000;
/// Rows that finding what leans on a change may look at.
const ROWS_REACHED: u64 = 400_000;
/// The same in a large case, where each of them takes longer to come by.
const ROWS_WEIGHED_OF_MANY: u64 = 1_500;
const ROWS_REACHED_OF_MANY: u64 = 150_000;

/// Texts that are made by several threads.
const MANY_TEXTS: usize = 256;
/// Facts listed of those that appear and of those that fall, unless all are asked for.
const LISTED: usize = 100_000;
/// A change of more facts than this is too wide for a look at what leans on it.
const MOST_SEEDS: usize = 400_000;

/// A supposition, and how much to tell about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIfQuestion {
    pub supposed: Supposition,
    /// Prove what appears, and what fell as it held before.
    pub why: bool,
    /// How many of the facts that hold either way to weigh. Default: 40.
    pub weigh: Option<usize>,
    /// List all that appears and falls, be it millions.
    pub all: bool,
}

/// The difference that a supposition makes. Facts of output relations come first, then by relation, then by value.
#[derive(Serialize)]
pub struct WhatIf {
    /// What was supposed, a line each.
    pub supposed: Vec<String>,
    /// What the hypotheses ask.
    pub goals: Vec<GoalLine>,
    pub appeared: Vec<String>,
    pub fell: Vec<String>,
    /// How many more appear and fall than are listed.
    #[serde(skip_serializing_if = "Differing::is_none")]
    pub not_listed: Differing,
    pub weakened: Vec<WeighedLine>,
    pub strengthened: Vec<WeighedLine>,
    pub violated: Vec<BrokenLine>,
    /// Ways to violate a constraint that are no more.
    pub mended: Vec<BrokenLine>,
    /// Why the first of `fell` fell.
    pub because: Vec<FallLine>,
    pub weighed: WeighedPart,
    pub notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Reasons>,
    /// Of `appeared` what was itself assumed, of `fell` what was itself withdrawn.
    #[serde(skip)]
    pub stated: FxHashSet<String>,
    /// How many appear and fall without being assumed or withdrawn themselves.
    #[serde(skip)]
    pub conclusions: Differing,
    /// How many suppositions the session is in; 0: this one left it as it was.
    #[serde(skip)]
    pub depth: usize,
    #[serde(skip)]
    pub elapsed: Duration,
}

/// How many facts differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Differing {
    pub appeared: usize,
    pub fell: usize,
}

impl Differing {
    fn is_none(&self) -> bool {
        *self == Differing::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoalLine {
    pub goal: String,
    /// Whether anything agrees with it, without and with what is supposed.
    pub before: bool,
    pub after: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct WeighedLine {
    pub fact: String,
    pub supports_before: usize,
    pub supports_after: usize,
    pub strength_before: f64,
    pub strength_after: f64,
    /// Whether the numbers of supports are exact.
    pub complete_before: bool,
    pub complete_after: bool,
}

#[derive(Serialize)]
pub struct BrokenLine {
    /// As written, on one line.
    pub constraint: String,
    /// `file:line:column`
    pub at: String,
    #[serde(flatten)]
    pub rows: Table,
}

#[derive(Clone, Debug, Serialize)]
pub struct FallLine {
    pub fact: String,
    pub reason: String,
}

/// How much of what leans on the change was weighed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WeighedPart {
    /// Facts that hold either way and lean on the change.
    pub reached: usize,
    /// How many of them were weighed.
    pub weighed: usize,
    /// Of those, how many have too many supports to tell.
    pub unclear: usize,
    /// What leans on the change was not looked for to the end: there may be more than was reached.
    pub cut_short: bool,
    /// Whether nothing was left out.
    pub complete: bool,
}

/// Proofs: of what appeared as it would hold, of what fell as it held.
#[derive(Serialize)]
pub struct Reasons {
    pub appeared: Vec<Proof>,
    pub fell: Vec<Proof>,
}

impl Session {
    /// What would appear, fall, weaken or be violated if. The session stays as it is.
    pub fn what_if(&mut self, question: &WhatIfQuestion) -> Result<WhatIf, Error> {
        self.refresh()?;
        let started = Instant::now();
        let overlays = self.overlays_of(&question.supposed)?;
        let overlays: Vec<&Overlay> = overlays.iter().collect();
        let laid = self.lay(&overlays)?;
        let supposed = overlays
            .iter()
            .flat_map(|overlay| self.overlay_lines(overlay))
            .collect();
        let notes = laid.notes;
        let state = self.derive(laid.standing)?;
        let listed = if question.all { usize::MAX } else { LISTED };
        let mut told = self.told(self.here(), state.side(), question.weigh, listed);
        told.supposed = supposed;
        told.goals = self.goal_lines(&overlays, self.here(), state.side());
        told.notes = notes.iter().map(|note| self.note_line(note)).collect();
        if question.why {
            let difference = between(self.here(), state.side());
            told.why = Some(self.reasons(&difference, state));
        }
        told.elapsed = started.elapsed();
        Ok(told)
    }

    /// The difference of two states.
    pub(super) fn tell(&self, earlier: Side, later: Side) -> WhatIf {
        self.told(earlier, later, None, LISTED)
    }

    /// The same with so many facts weighed, and listed, at most.
    fn told(&self, earlier: Side, later: Side, most: Option<usize>, listed: usize) -> WhatIf {
        let difference = self.difference_of(earlier, later);
        let (before, after) = (earlier.case(), later.case());
        let change = seeds((earlier, &before), (later, &after), &difference);
        let withdrawn: FxHashSet<&Fact> = change.withdrawn.iter().collect();
        let budget = Budget {
            rows: Some(self.rows_weighed_and_reached().0),
            ..self.explanation_budget()
        };
        // What is listed, and what is weighed, do not wait for each other.
        let ((appeared, (fell, texts), falls), weighing) = self.pool.both(
            || {
                let (before, after) = (earlier.case(), later.case());
                let appeared = self.ranked(&after, &difference.appeared, listed).1;
                let fell = self.ranked(&before, &difference.fell, listed);
                let derived: Vec<&Fact> = explained(&fell.0, &withdrawn).collect();
                let falls = why_fell(&before, &after, &derived, &budget);
                (appeared, fell, falls)
            },
            || {
                let seeds = change.seeds.as_ref();
                seeds.map(|seeds| self.weighing(earlier, later, seeds, most))
            },
        );
        let mut told = WhatIf {
            supposed: Vec::new(),
            goals: Vec::new(),
            not_listed: Differing {
                appeared: difference.appeared.len() - appeared.len(),
                fell: difference.fell.len() - fell.len(),
            },
            appeared,
            fell: Vec::new(),
            weakened: Vec::new(),
            strengthened: Vec::new(),
            violated: self.broken(&difference.violated, later.program),
            mended: self.broken(&difference.mended, earlier.program),
            because: Vec::new(),
            weighed: WeighedPart::default(),
            notes: Vec::new(),
            why: None,
            stated: FxHashSet::default(),
            conclusions: Differing {
                appeared: derived(&difference.appeared, &change.assumed),
                fell: derived(&difference.fell, &change.withdrawn),
            },
            depth: 0,
            elapsed: Duration::ZERO,
        };
        for (fact, text) in fell.iter().zip(&texts) {
            if withdrawn.contains(fact) {
                told.stated.insert(text.clone());
            }
        }
        let derived = explained(&fell, &withdrawn);
        let because = derived.zip(&falls).map(|(fact, fall)| FallLine {
            fact: self.text_in(&before, fact),
            reason: self.fall_text(&before, fall),
        });
        told.because = because.collect();
        told.fell = texts;
        for fact in &change.assumed {
            told.stated.insert(self.text_in(&after, fact));
        }
        match weighing {
            Some(found) => self.tell_weighed(&mut told, &after, &found),
            None => told.weighed.cut_short = true,
        }
        told
    }

    fn difference_of(&self, earlier: Side, later: Side) -> Difference {
        let (before, after) = (earlier.database, later.database);
        let (appeared, fell) = self.pool.both(
            || FactList::only_in(after, before),
            || FactList::only_in(before, after),
        );
        let runs = ((before, earlier.report), (after, later.report));
        Difference::of(appeared, fell, runs.0, runs.1)
    }

    /// Whether what overlays ask holds.
    pub(super) fn goal_lines(
        &self,
        overlays: &[&Overlay],
        earlier: Side,
        later: Side,
    ) -> Vec<GoalLine> {
        let holds = |side: Side, goal: &Atom| {
            let pattern = check_pattern(side.program, goal)
                .and_then(|(relation, terms)| Ok((relation, self.values(goal, &terms)?)));
            pattern
                .is_ok_and(|(relation, codes)| !side.database.matching(relation, &codes).is_empty())
        };
        let goals = overlays.iter().flat_map(|overlay| &overlay.goals);
        goals
            .map(|goal| GoalLine {
                goal: goal.to_string(),
                before: holds(earlier, goal),
                after: holds(later, goal),
            })
            .collect()
    }

    fn rows_weighed_and_reached(&self) -> (u64, u64) {
        match self.report.stated + self.report.derived > FEW_ROWS {
            true => (ROWS_WEIGHED_OF_MANY, ROWS_REACHED_OF_MANY),
            false => (ROWS_WEIGHED, ROWS_REACHED),
        }
    }

    fn weighing(&self, earlier: Side, later: Side, seeds: &Seeds, most: Option<usize>) -> Weighing {
        let (before, after) = (earlier.case(), later.case());
        let outputs = outputs(&after);
        let budget = |rows| Budget {
            rows: Some(rows),
            ..self.explanation_budget()
        };
        let (weighed, reached) = self.rows_weighed_and_reached();
        let options = WeighOptions {
            most: most.unwrap_or(WEIGHED),
            budget: budget(weighed),
            reach: budget(reached),
        };
        let preferred = |fact: &Fact| outputs.contains(&fact.relation);
        let sides = BothSides {
            earlier,
            later,
            pool: &self.pool,
        };
        weigh((&before, &after), seeds, preferred, &options, &sides)
    }

    fn tell_weighed(&self, told: &mut WhatIf, after: &Case, found: &Weighing) {
        let line = |one: &Weighed| WeighedLine {
            fact: self.text_in(after, &one.fact),
            supports_before: one.before.supports,
            supports_after: one.after.supports,
            strength_before: one.before.strength,
            strength_after: one.after.strength,
            complete_before: one.before.complete,
            complete_after: one.after.complete,
        };
        told.weakened = found.weakened.iter().map(line).collect();
        told.strengthened = found.strengthened.iter().map(line).collect();
        told.weighed = WeighedPart {
            reached: found.reached,
            weighed: found.weighed,
            unclear: found.unclear,
            cut_short: found.stopped.is_some(),
            complete: found.stopped.is_none()
                && found.weighed == found.reached
                && found.unclear == 0,
        };
    }

    fn reasons(&mut self, difference: &Difference, state: State) -> Reasons {
        let question = WhyQuestion::default();
        let first = |case: &Case, session: &Session, facts: &FactList| -> Vec<Fact> {
            let (mut facts, _) = session.ranked(case, facts, LISTED);
            facts.truncate(EXPLAINED);
            facts
        };
        let fell = first(&self.case(), self, &difference.fell);
        let fell = fell
            .iter()
            .map(|fact| self.explain_fact(fact, &question))
            .collect();
        let before = self.swap(state);
        let appeared = first(&self.case(), self, &difference.appeared);
        let appeared = appeared
            .iter()
            .map(|fact| self.explain_fact(fact, &question))
            .collect();
        self.swap(before);
        Reasons { appeared, fell }
    }

    /// Facts of output relations first, then by relation, then as they read; with their texts. Where there are more than
    /// `most`, the last relation has its first by code.
    pub(super) fn ranked(
        &self,
        case: &Case,
        facts: &FactList,
        most: usize,
    ) -> (Vec<Fact>, Vec<String>) {
        let outputs = outputs(case);
        let mut relations: Vec<_> = facts.relations().collect();
        relations.sort_by_key(|(relation, _)| (!outputs.contains(relation), *relation));
        let mut ranked: Vec<(String, Fact)> = Vec::new();
        for (relation, rows) in relations {
            let before = ranked.len();
            let facts = rows.rows().iter().map(|row| Fact::new(relation, &row));
            let facts: Vec<Fact> = facts.take(most.saturating_sub(before)).collect();
            let program = case.program();
            let text = |fact: &Fact| fact_text(program, self.dictionary(), fact);
            let texts = match facts.len() >= MANY_TEXTS {
                true => self.pool.each(&facts, text),
                false => facts.iter().map(text).collect(),
            };
            ranked.extend(texts.into_iter().zip(facts));
            ranked[before..].sort_by(|a, b| a.0.cmp(&b.0));
        }
        let (texts, facts) = ranked.into_iter().unzip();
        (facts, texts)
    }

    pub(super) fn text_in(&self, case: &Case, fact: &Fact) -> String {
        fact_text(case.program(), self.dictionary(), fact)
    }

    fn broken(&self, broken: &[Broken], program: &Arc<CheckedProgram>) -> Vec<BrokenLine> {
        broken
            .iter()
            .map(|one| {
                let violation = &one.violation;
                let columns = violation
                    .columns
                    .iter()
                    .cloned()
                    .zip(violation.types.iter().copied())
                    .collect();
                let text = self.sources.slice(one.constraint);
                BrokenLine {
                    constraint: text.split_whitespace().collect::<Vec<_>>().join(" "),
                    at: self.sources.locate(one.constraint).to_string(),
                    rows: Table::new(
                        program.clone(),
                        self.database.dictionary().clone(),
                        columns,
                        self.sorted(violation.rows.clone(), &violation.types),
                        Duration::ZERO,
                    ),
                }
            })
            .collect()
    }

    /// `its 3 supports all used c31`.
    fn fall_text(&self, before: &Case, fall: &Fall) -> String {
        let names = |statements: &[Statement]| -> Vec<String> {
            let texts = statements.iter().map(|one| before.statement_text(one));
            texts.collect()
        };
        let whose = match (fall.supports, fall.complete) {
            (1, true) => "its only support".to_owned(),
            (count, true) => format!("its {count} supports"),
            (count, false) => format!("its first {count} supports"),
        };
        if !fall.all_used.is_empty() {
            let all = if fall.supports == 1 { "" } else { " all" };
            return format!(
                "{whose}{all} used {}",
                listed(&names(&fall.all_used), "and")
            );
        }
        if !fall.some_used.is_empty() {
            let used = listed(&names(&fall.some_used), "or");
            return format!("each of {whose} used {used}");
        }
        match fall.causes.first() {
            Some(cause) => self.cause_text(before, cause),
            None => "too much to look through: see `--why`".to_owned(),
        }
    }

    fn cause_text(&self, before: &Case, cause: &Cause) -> String {
        match cause {
            Cause::NotStated(fact) => {
                format!("{} is not stated any more", self.text_in(before, fact))
            }
            Cause::NoRule(rule) => {
                let at = self.sources.locate(before.program()[*rule].span);
                format!("the rule at {}:{} is gone", at.file, at.line)
            }
            Cause::Present { fact } => {
                format!(
                    "there is {} now, which rules it out",
                    self.text_in(before, fact)
                )
            }
            Cause::Changed(fact) => format!(
                "a total that {} needs is another now",
                self.text_in(before, fact)
            ),
        }
    }

    /// A warning on one line, with its place.
    pub(super) fn note_line(&self, note: &Diagnostic) -> String {
        use crate::syntax::diagnostic::Place;
        let at = note.labels.first().and_then(|label| match label.place {
            Place::Source(span) => Some(self.sources.locate(span)),
            Place::Data { .. } => None,
        });
        match at {
            Some(at) => format!("{} ({at})", note.message),
            None => note.message.clone(),
        }
    }
}

/// Two states, looked at at the same time.
pub(super) struct BothSides<'a> {
    pub earlier: Side<'a>,
    pub later: Side<'a>,
    pub pool: &'a Pool,
}

impl Sides for BothSides<'_> {
    fn leaning(&self, earlier: Leans, later: Leans, budget: &Budget) -> (Leaning, Leaning) {
        self.pool.both(
            || earlier.in_case(&self.earlier.case(), budget),
            || later.in_case(&self.later.case(), budget),
        )
    }

    fn weights(
        &self,
        earlier: &[Fact],
        later: &[Fact],
        budget: &Budget,
    ) -> (Vec<Weight>, Vec<Weight>) {
        self.pool.both(
            || weights(&self.earlier.case(), earlier, budget),
            || weights(&self.later.case(), later, budget),
        )
    }
}

/// Where a difference comes from.
#[derive(Default)]
pub(super) struct Change {
    /// What was stated and is withdrawn, though it may stand by other statements.
    withdrawn: Vec<Fact>,
    assumed: Vec<Fact>,
    /// `None`: too many to look at.
    pub seeds: Option<Seeds>,
}

pub(super) fn between(earlier: Side, later: Side) -> Difference {
    Difference::between(
        (earlier.database, earlier.report),
        (later.database, later.report),
    )
}

pub(super) fn seeds(
    (earlier, before): (Side, &Case),
    (later, after): (Side, &Case),
    difference: &Difference,
) -> Change {
    let mut change = Change::default();
    let claims = earlier.claims;
    let gone: Vec<ClaimId> = match Arc::ptr_eq(earlier.data, later.data) {
        true => claims.standing_but_in(later.claims),
        false => {
            let is_gone = |claim: &Claim| later.claims.with_id(claim.id).next().is_none();
            let gone = claims.iter().filter(|(_, claim)| is_gone(claim));
            gone.map(|(id, _)| id).collect()
        }
    };
    let facts = gone.iter().map(|&id| claims.get(id));
    change
        .withdrawn
        .extend(facts.map(|claim| Fact::new(claim.relation, claim.row)));
    let new = |facts: &FxHashSet<Fact>, old: &FxHashSet<Fact>| -> Vec<Fact> {
        let mut new: Vec<Fact> = facts.difference(old).cloned().collect();
        new.sort();
        new
    };
    change
        .withdrawn
        .extend(new(later.withdrawn, earlier.withdrawn));
    change.withdrawn.extend(new(earlier.assumed, later.assumed));
    change.assumed = new(later.assumed, earlier.assumed);
    let spans = |case: &Case| -> FxHashSet<Span> {
        case.program().rules().map(|(_, rule)| rule.span).collect()
    };
    let only = |case: &Case, others: &FxHashSet<Span>| -> Vec<RuleId> {
        let rules = case.program().rules();
        let only = rules.filter(|(_, rule)| {
            rule.head.is_some() && !rule.body.is_empty() && !others.contains(&rule.span)
        });
        only.map(|(id, _)| id).collect()
    };
    let mut seeds = Seeds {
        gone: change.withdrawn.clone(),
        new: change.assumed.clone(),
        ..Seeds::default()
    };
    if !Arc::ptr_eq(earlier.program, later.program) {
        seeds.gone_rules = only(before, &spans(after));
        seeds.new_rules = only(after, &spans(before));
    }
    if difference.fell.len() + difference.appeared.len() <= MOST_SEEDS {
        seeds.gone.extend(difference.fell.iter());
        seeds.new.extend(difference.appeared.iter());
        change.seeds = Some(seeds);
    }
    change
}

/// The facts of which it is told why they fell.
fn explained<'f>(fell: &'f [Fact], withdrawn: &FxHashSet<&Fact>) -> impl Iterator<Item = &'f Fact> {
    let derived = fell.iter().filter(|fact| !withdrawn.contains(fact));
    derived.take(EXPLAINED)
}

/// How many of these facts are not themselves stated or withdrawn.
fn derived(facts: &FactList, stated: &[Fact]) -> usize {
    let relations: FxHashSet<RelationId> = stated.iter().map(|fact| fact.relation).collect();
    let stated: FxHashSet<&Fact> = stated.iter().collect();
    let among = |(relation, rows): (RelationId, &SortedRows)| {
        let rows = rows.rows().iter();
        let facts = rows.map(move |row| Fact::new(relation, &row));
        facts.filter(|fact| stated.contains(fact)).count()
    };
    let concerned = facts
        .relations()
        .filter(|(relation, _)| relations.contains(relation));
    facts.len() - concerned.map(among).sum::<usize>()
}

pub(super) fn outputs(case: &Case) -> FxHashSet<RelationId> {
    let directives = case.program().directives().iter();
    directives
        .filter(|directive| directive.kind == DirectiveKind::Output)
        .map(|directive| directive.relation)
        .collect()
}

/// `c1, c2 and c3`, at most four of them.
fn listed(names: &[String], last: &str) -> String {
    const SHOWN: usize = 4;
    match names {
        [] => String::new(),
        [only] => only.clone(),
        _ if names.len() > SHOWN => format!(
            "{} {last} {} more",
            names[..SHOWN].join(", "),
            names.len() - SHOWN
        ),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
