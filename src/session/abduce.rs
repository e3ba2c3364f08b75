//! What would have to be so for a fact to hold.

use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use super::what_if::outputs;
use crate::analysis::check_pattern;
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::engine::budget::{Budget, StopReason};
use crate::explain::{Fact, fact_text, pattern_text};
use crate::hypothesis::Overlay;
use crate::hypothesis::abduce::{
    self, Abduced, Breach, Explanation, Goal, Outcome, Question, Worlds, explain, leans_on,
};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::fmt;

/// Facts assumed at once when nothing else is asked for.
const MOST: usize = 2;
/// More than this is no question any more.
const MOST_EVER: usize = 8;
/// Rows looked at at most: each may leave a body of some 600 bytes open.
const MOST_ROWS: u64 = 2_000_000;
/// Explanations looked for when nothing else is asked for.
const LIMIT: usize = 100;

/// What is to be explained, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AbductionQuestion {
    /// An atom; `_` for any value.
    pub fact: String,
    /// Relations whose facts may be assumed. None: those declared `.abducible`.
    pub using: Vec<String>,
    /// Facts in one explanation. Default: 2.
    pub most: Option<usize>,
    /// Explanations to look for. Default: 100.
    pub limit: Option<usize>,
    /// A fact, or the name of a hypothesis: explanations that help it too come later.
    pub rival: Option<String>,
    /// Also assume facts about somebody or something nobody has named.
    pub new_constants: bool,
    /// Explanations, the first ones, of which what is there already is told. Default: all.
    pub described: Option<usize>,
}

impl AbductionQuestion {
    pub fn of(fact: impl Into<String>) -> AbductionQuestion {
        AbductionQuestion {
            fact: fact.into(),
            ..AbductionQuestion::default()
        }
    }
}

/// What would explain a fact.
#[derive(Clone, Debug, Serialize)]
pub struct Abduction {
    pub goal: String,
    /// It holds as it is: nothing has to be assumed.
    pub holds: bool,
    /// Whether any rule leads from what may be assumed to the goal.
    pub within_reach: bool,
    /// Relations whose facts may be assumed.
    pub using: Vec<String>,
    /// Facts in one explanation.
    pub bound: usize,
    /// All explanations up to the bound are there.
    pub complete: bool,
    /// All explanations of up to so many facts are there.
    pub complete_to: usize,
    /// What ended the search before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Bound>,
    /// By size; then those that do not help the rival, those that nothing speaks against, those that presume least;
    /// then by their text.
    pub explanations: Vec<Explained>,
    /// Minimal sets that bring the goal about and violate a constraint.
    pub refused: Vec<Refusal>,
    /// Constants that stand for something nobody has named.
    pub unknown: Vec<String>,
    pub notes: Vec<String>,
    /// Explanations looked for.
    #[serde(skip)]
    limit: usize,
    #[serde(skip)]
    rival: Option<String>,
}

/// What a search for explanations can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// There are more explanations than were looked for.
    Limit,
    /// It has looked at as many rows as it may.
    Rows,
    Time,
    Memory,
    /// Somebody wanted no more.
    Cancelled,
}

impl From<StopReason> for Bound {
    fn from(reason: StopReason) -> Bound {
        match reason {
            StopReason::Time => Bound::Time,
            StopReason::Rows | StopReason::Rounds => Bound::Rows,
            StopReason::Memory => Bound::Memory,
            StopReason::Cancelled => Bound::Cancelled,
        }
    }
}

/// Facts that together bring the goal about.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    pub assume: Vec<String>,
    /// What would follow besides and is not there yet: outputs first.
    pub also: Vec<String>,
    /// What would follow and is there already.
    pub there: Vec<String>,
    /// What holds now and would not.
    pub falls: Vec<String>,
    /// What is assumed or would follow, and some claim denies.
    pub disputed: Vec<Denied>,
    pub helps_rival: bool,
    /// More leans on it than was looked at: `there`, and whether it helps the rival, may not be whole.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Denied {
    pub fact: String,
    pub by: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    pub assume: Vec<String>,
    /// The constraint as written, and where.
    pub by: String,
}

/// A rival, and where it is at home.
struct Rival {
    name: String,
    goals: Vec<Goal>,
    overlay: Option<Overlay>,
}

impl Session {
    /// All minimal sets of assumable facts that would bring a fact about.
    pub fn abduce(&mut self, question: &AbductionQuestion) -> Result<Abduction, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(&question.fact)?;
        if !pattern.is_plain() {
            let wrong = Diagnostic::error("D089", "a goal names constants, and `_` for any value");
            return Err(self.rejected(vec![
                wrong.help("one variable in two places cannot be asked for here"),
            ]));
        }
        let using = self.assumable(&question.using)?;
        let rival = match &question.rival {
            Some(rival) => Some(self.rival(rival)?),
            None => None,
        };
        self.abduce_for(&pattern, using, question, rival)
    }

    fn abduce_for(
        &self,
        pattern: &Pattern,
        using: Vec<RelationId>,
        question: &AbductionQuestion,
        rival: Option<Rival>,
    ) -> Result<Abduction, Error> {
        let most = question.most.unwrap_or(MOST).clamp(1, MOST_EVER);
        let limit = question.limit.unwrap_or(LIMIT).max(1);
        let stopped = |found: &Abduced| match found.more {
            true => Some(Bound::Limit),
            false => found.stopped.map(Bound::from),
        };
        let asked = Question {
            goal: Goal {
                relation: pattern.relation,
                pattern: pattern.codes.clone(),
            },
            using: using.clone(),
            most,
            limit,
            described: question.described.unwrap_or(usize::MAX),
            new_constants: question.new_constants,
            violations: &self.report.violations,
        };
        let rerun = |facts: &[Fact]| {
            let overlay = facts.iter().fold(Overlay::default(), |overlay, fact| {
                overlay.assume(fact.clone())
            });
            let world = self.world(&[&overlay])?;
            Ok::<_, Error>((world.database, world.report))
        };
        let opposed = rival.as_ref().and_then(|rival| rival.overlay.as_ref());
        let opposed = opposed.filter(|overlay| !overlay.is_empty());
        let leads = |facts: &[Fact]| match (opposed, &rival) {
            (Some(overlay), Some(rival)) => self.leads_to(rival, overlay, facts),
            _ => Ok(false),
        };
        let competing = |rival: &Rival| abduce::Rival {
            goals: rival.goals.clone(),
            world: opposed.map(|_| &leads as &dyn Fn(&[Fact]) -> Result<bool, Error>),
        };
        let worlds = Worlds {
            database: self.can_change().then_some(&self.database),
            rerun: &rerun,
            rival: rival.as_ref().map(competing),
            threads: self.options.threads,
        };
        let (case, budget) = (self.case(), self.explanation_budget());
        let budget = Budget {
            rows: budget.rows.map(|rows| rows.min(MOST_ROWS)),
            ..budget
        };
        let (claims, sources) = (self.claims(), self.source_register());
        let found = explain(&case, claims, sources, &asked, &worlds, &budget)?;
        let outputs = outputs(&case);
        let explained = |one| self.explained(one, &outputs);
        let explanations = self.pool.each(&found.explanations, explained);
        let names = |relation: &RelationId| self.program()[*relation].name.to_string();
        let (program, dictionary) = (self.program(), self.dictionary());
        let mut notes: Vec<String> = found
            .blind
            .iter()
            .map(|reason| format!("some explanations may be missed: {reason}"))
            .collect();
        if question.most.is_some_and(|asked| asked > MOST_EVER) {
            notes.push(format!(
                "no more than {MOST_EVER} facts are assumed at once"
            ));
        }
        if found.outcome == Outcome::Searched {
            notes.extend(match found.explanations.is_empty() {
                true => self.notes_on_pattern(pattern),
                false => self.notes_on_misspelt(pattern),
            });
        }
        let complete = found.outcome != Outcome::Searched
            || found.complete_to == most && found.blind.is_empty();
        Ok(Abduction {
            goal: pattern_text(program, dictionary, pattern.relation, &pattern.codes),
            holds: found.outcome == Outcome::Holds,
            within_reach: found.outcome != Outcome::OutOfReach,
            using: using.iter().map(names).collect(),
            bound: most,
            complete,
            complete_to: match found.outcome {
                Outcome::Searched => found.complete_to,
                Outcome::Holds | Outcome::OutOfReach => most,
            },
            explanations,
            refused: self.refusals(&found),
            unknown: found
                .fresh
                .iter()
                .map(|&code| dictionary.text(code).to_owned())
                .collect(),
            notes,
            stopped: stopped(&found).filter(|_| found.complete_to < most),
            limit,
            rival: rival.map(|rival| rival.name),
        })
    }

    /// The relations that facts may be assumed of.
    pub(super) fn assumable(&self, using: &[String]) -> Result<Vec<RelationId>, Error> {
        let mut relations = Vec::new();
        for name in using
            .iter()
            .flat_map(|names| names.split(','))
            .map(str::trim)
        {
            let relation = self.relation(name)?;
            if !relations.contains(&relation) {
                relations.push(relation);
            }
        }
        if relations.is_empty() {
            relations.extend(self.program().abducibles());
        }
        match relations.is_empty() {
            false => Ok(relations),
            true => {
                let wrong = Diagnostic::error("D090", "nothing is declared that may be assumed");
                Err(self.rejected(vec![wrong.help(
                    "name relations with `--using contract,subcontract`, or declare them: `.abducible contract, subcontract`",
                )]))
            }
        }
    }

    /// What a hypothesis is to show, as a program has it.
    pub(super) fn goals_of(
        &self,
        overlay: &Overlay,
        program: &CheckedProgram,
    ) -> Result<Vec<Pattern>, Error> {
        let mut goals = Vec::new();
        let mut wrong = Vec::new();
        for goal in &overlay.goals {
            let checked = check_pattern(program, goal)
                .and_then(|(relation, terms)| Ok((relation, self.values(goal, &terms)?)));
            match checked {
                Ok((relation, codes)) => goals.push(Pattern::of(relation, &codes)),
                Err(found) => wrong.extend(found),
            }
        }
        match wrong.is_empty() {
            true => Ok(goals),
            false => Err(self.rejected(wrong)),
        }
    }

    fn rival(&mut self, text: &str) -> Result<Rival, Error> {
        let pattern = match self.is_hypothesis(text) {
            true => None,
            false => Some(self.parse_pattern(text)?),
        };
        if let Some(pattern) = pattern {
            return Ok(Rival {
                name: pattern_text(
                    self.program(),
                    self.dictionary(),
                    pattern.relation,
                    &pattern.codes,
                ),
                goals: vec![Goal {
                    relation: pattern.relation,
                    pattern: pattern.codes,
                }],
                overlay: None,
            });
        }
        let overlay = self.hypothesis(text)?;
        let goals = self.goals_of(&overlay, self.program())?;
        if goals.is_empty() {
            let wrong = format!(
                "hypothesis `{}` has no `.goal`: nothing can help it",
                text.trim()
            );
            return Err(self.rejected(vec![
                Diagnostic::error("D089", wrong).help("name the fact that it stands for instead"),
            ]));
        }
        Ok(Rival {
            name: text.trim().to_owned(),
            goals: goals
                .into_iter()
                .map(|goal| Goal {
                    relation: goal.relation,
                    pattern: goal.codes,
                })
                .collect(),
            overlay: Some(overlay),
        })
    }

    /// Whether assuming facts where the rival's own assumptions hold gives it a derivation by them.
    fn leads_to(&self, rival: &Rival, overlay: &Overlay, facts: &[Fact]) -> Result<bool, Error> {
        let absent = |fact: &&Fact| !self.database.contains(fact.relation, &fact.row);
        let facts: Vec<Fact> = facts.iter().filter(absent).cloned().collect();
        let assumed = facts.iter().fold(Overlay::default(), |overlay, fact| {
            overlay.assume(fact.clone())
        });
        let world = self.world(&[overlay, &assumed])?;
        Ok(leans_on(&world.case(), &facts, |fact| {
            rival.goals.iter().any(|goal| goal.agrees(fact))
        }))
    }

    fn explained(&self, one: &Explanation, outputs: &FxHashSet<RelationId>) -> Explained {
        let mut assume = self.fact_texts(&one.assume);
        assume.sort();
        Explained {
            assume,
            also: self.outputs_first(&one.also, outputs),
            there: self.outputs_first(one.there.as_deref().unwrap_or_default(), outputs),
            falls: self.outputs_first(&one.fell, outputs),
            disputed: one
                .disputed
                .iter()
                .map(|(fact, by)| Denied {
                    fact: self.fact_text(fact),
                    by: by.iter().map(|&claim| self.claim_text(claim)).collect(),
                })
                .collect(),
            helps_rival: one.helps_rival,
            cut: one.cut,
        }
    }

    fn refusals(&self, found: &Abduced) -> Vec<Refusal> {
        found
            .refused
            .iter()
            .map(|one| {
                let mut assume = self.fact_texts(&one.assume);
                assume.sort();
                Refusal {
                    assume,
                    by: self.breach_text(&one.by),
                }
            })
            .collect()
    }

    /// The constraint as written, on one line, with its place.
    pub(super) fn breach_text(&self, breach: &Breach) -> String {
        let span = self.program()[breach.constraint].span;
        let words: Vec<&str> = self.sources.slice(span).split_whitespace().collect();
        let at = self.sources.locate(span);
        format!("{} ({}:{})", words.join(" "), at.file, at.line)
    }

    fn fact_texts(&self, facts: &[Fact]) -> Vec<String> {
        let (program, dictionary) = (self.program(), self.dictionary());
        facts
            .iter()
            .map(|fact| fact_text(program, dictionary, fact))
            .collect()
    }

    /// Facts of output relations before the others, each in the order of their texts.
    fn outputs_first(&self, facts: &[Fact], outputs: &FxHashSet<RelationId>) -> Vec<String> {
        let is_output = |fact: &&Fact| outputs.contains(&fact.relation);
        let (first, rest): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(is_output);
        let (program, dictionary) = (self.program(), self.dictionary());
        let mut texts = Vec::with_capacity(facts.len());
        for facts in [first, rest] {
            let before = texts.len();
            texts.extend(
                facts
                    .iter()
                    .map(|fact| fact_text(program, dictionary, fact)),
            );
            texts[before..].sort_unstable();
        }
        texts
    }
}

impl fmt::Display for Abduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let using = self.using.join(", ");
        if self.holds {
            return writeln!(f, "{} holds as it is: `why` proves it", self.goal);
        }
        if !self.within_reach {
            return writeln!(
                f,
                "no rule leads from facts of {using} to {}: nothing of the kind can bring it about",
                self.goal
            );
        }
        let count = self.explanations.len();
        match (count, self.refused.is_empty()) {
            (0, true) => writeln!(f, "{} does not hold.", self.goal)?,
            (0, false) => writeln!(
                f,
                "{} does not hold. It would if, by the rules, against a constraint:",
                self.goal
            )?,
            _ => writeln!(f, "{} does not hold. It would if, by the rules:", self.goal)?,
        }
        let width = count.min(Self::SHOWN).to_string().len();
        for (at, one) in self.explanations.iter().take(Self::SHOWN).enumerate() {
            writeln!(f, "{:>width$}  {}", at + 1, one.assume.join("  and  "))?;
            let indent = " ".repeat(width + 4);
            for (word, facts) in [
                ("then also", &one.also),
                ("already there", &one.there),
                ("no longer", &one.falls),
            ] {
                self.line(f, &indent, word, facts)?;
            }
            if one.cut {
                let rival = match &self.rival {
                    Some(rival) if !one.helps_rival => format!(", nor whether it helps {rival}"),
                    _ => String::new(),
                };
                writeln!(
                    f,
                    "{indent}NOT ALL that is already there is told{rival}: too much leans on it"
                )?;
            }
            for denied in &one.disputed {
                writeln!(
                    f,
                    "{indent}{} is denied by {}",
                    denied.fact,
                    denied.by.join(", ")
                )?;
            }
            if let Some(rival) = self.rival.as_ref().filter(|_| one.helps_rival) {
                writeln!(f, "{indent}helps {rival} too")?;
            }
        }
        if count > Self::SHOWN {
            writeln!(f, "  … and {} more; --json lists them", count - Self::SHOWN)?;
        }
        if !self.refused.is_empty() {
            writeln!(f, "refused:")?;
        }
        const REFUSED_SHOWN: usize = 8;
        for one in self.refused.iter().take(REFUSED_SHOWN) {
            writeln!(f, "   {}", one.assume.join("  and  "))?;
            writeln!(f, "       by {}", one.by)?;
        }
        if self.refused.len() > REFUSED_SHOWN {
            let more = self.refused.len() - REFUSED_SHOWN;
            writeln!(f, "  … and {more} more; --json lists them")?;
        }
        let names: Vec<String> = self
            .unknown
            .iter()
            .filter(|name| self.names(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !names.is_empty() {
            writeln!(f, "{} stands for one that no claim names", names.join(", "))?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        self.ending(f)
    }
}

impl Abduction {
    /// Explanations that the text shows.
    pub const SHOWN: usize = 20;

    /// How far the answer goes, and where it does not go to the end: what ended it, and how to go on.
    fn ending(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let using = self.using.join(", ");
        let count = match self.explanations.len() {
            1 => "1 explanation".to_owned(),
            count => format!("{count} explanations"),
        };
        let facts = |count: usize| match count {
            1 => "1 fact".to_owned(),
            count => format!("{count} facts"),
        };
        let up_to = |most: usize| match most {
            1 => "1 fact".to_owned(),
            most => format!("up to {most} facts"),
        };
        let constants = match self.unknown.is_empty() {
            true => "known constants",
            false => "known and new constants",
        };
        let Some(bound) = self.stopped else {
            let bound = up_to(self.bound);
            match self.complete {
                true => writeln!(
                    f,
                    "{count}: all there are with {bound} of {using} over {constants}"
                )?,
                false => writeln!(
                    f,
                    "NOT SURELY ALL: {count} with {bound} of {using} over {constants}; for what may be missed see above"
                )?,
            }
            return match self.explanations.is_empty() {
                true => self.wider(f),
                false => Ok(()),
            };
        };
        let (size, limit) = (facts(self.complete_to + 1), self.limit);
        match bound {
            Bound::Limit => write!(
                f,
                "TOO MANY: the first {count}; --limit {limit} was reached among sets of {size} of {using}"
            )?,
            _ => write!(
                f,
                "NOT ALL: {count}; {} while sets of {size} of {using} were looked for",
                match bound {
                    Bound::Rows | Bound::Limit => "as many rows were looked at as may be",
                    Bound::Time => "the time was up",
                    Bound::Memory => "the memory was used up",
                    Bound::Cancelled => "it was interrupted",
                }
            )?,
        }
        match self.complete_to {
            0 => writeln!(f)?,
            all => writeln!(f, ", all with {} are there", up_to(all))?,
        }
        let mut ways = vec!["name more constants".to_owned()];
        if self.using.len() > 1 {
            ways.push("fewer relations with --using".to_owned());
        }
        if self.complete_to > 0 {
            ways.push(format!("be content with --max {}", self.complete_to));
        }
        match bound {
            Bound::Limit => ways.push(format!(
                "take more with --limit {}",
                limit.saturating_mul(10)
            )),
            Bound::Time => ways.push("give it more time with --timeout".to_owned()),
            Bound::Memory => ways.push("give it more with --memory".to_owned()),
            Bound::Rows | Bound::Cancelled => {}
        }
        go_on(f, ways)
    }

    /// What else there is to try where nothing was found.
    fn wider(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ways = vec!["other relations with --using".to_owned()];
        if self.bound < MOST_EVER {
            ways.insert(0, format!("larger sets with --max {}", self.bound + 1));
        }
        if self.unknown.is_empty() {
            ways.push("somebody nobody has named with --new-constants".to_owned());
        }
        go_on(f, ways)
    }

    /// Whether what is assumed anywhere here says this.
    fn names(&self, constant: &str) -> bool {
        let explained = self.explanations.iter().flat_map(|one| &one.assume);
        let refused = self.refused.iter().flat_map(|one| &one.assume);
        explained.chain(refused).any(|fact| fact.contains(constant))
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        indent: &str,
        word: &str,
        facts: &[String],
    ) -> fmt::Result {
        const SHOWN: usize = 3;
        if facts.is_empty() {
            return Ok(());
        }
        let more = match facts.len() > SHOWN {
            true => format!(" and {} more", facts.len() - SHOWN),
            false => String::new(),
        };
        let shown: Vec<&str> = facts.iter().take(SHOWN).map(String::as_str).collect();
        writeln!(f, "{indent}{word:<13}  {}{more}", shown.join(", "))
    }
}

fn go_on(f: &mut fmt::Formatter<'_>, mut ways: Vec<String>) -> fmt::Result {
    let Some(last) = ways.pop() else {
        return Ok(());
    };
    match ways.is_empty() {
        true => writeln!(f, "to go on: {last}"),
        false => writeln!(f, "to go on: {}, or {last}", ways.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Abduction, Bound, Explained};
    use expect_test::expect;

    #[test]
    fn what_is_there_already_and_was_not_looked_for_to_the_end_is_said() {
        let explained = |fact: &str, helps_rival, cut| Explained {
            assume: vec![fact.to_owned()],
            also: Vec::new(),
            there: vec!["near(1)".to_owned()],
            falls: Vec::new(),
            disputed: Vec::new(),
            helps_rival,
            cut,
        };
        let found = |rival: Option<&str>| Abduction {
            goal: "far(1)".to_owned(),
            holds: false,
            within_reach: true,
            using: vec!["step".to_owned()],
            bound: 1,
            complete: true,
            complete_to: 1,
            stopped: None,
            explanations: vec![
                explained("step(1)", false, false),
                explained("step(2)", false, true),
                explained("step(3)", true, true),
            ],
            refused: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            limit: 100,
            rival: rival.map(str::to_owned),
        };
        expect![[r#"
            far(1) does not hold. It would if, by the rules:
            1  step(1)
                 already there  near(1)
            2  step(2)
                 already there  near(1)
                 NOT ALL that is already there is told: too much leans on it
            3  step(3)
                 already there  near(1)
                 NOT ALL that is already there is told: too much leans on it
            3 explanations: all there are with 1 fact of step over known constants
        "#]]
        .assert_eq(&found(None).to_string());
        let against = found(Some("other")).to_string();
        let said: Vec<&str> = against
            .lines()
            .map(str::trim_start)
            .filter(|line| line.contains("other"))
            .collect();
        expect![[r#"
            NOT ALL that is already there is told, nor whether it helps other: too much leans on it
            helps other too"#]]
        .assert_eq(&said.join("\n"));
    }

    fn ended(complete_to: usize, stopped: Option<Bound>) -> Abduction {
        Abduction {
            goal: "far(1)".to_owned(),
            holds: false,
            within_reach: true,
            using: vec!["step".to_owned(), "leap".to_owned()],
            bound: 3,
            complete: stopped.is_none(),
            complete_to,
            stopped,
            explanations: Vec::new(),
            refused: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            limit: 5,
            rival: None,
        }
    }

    #[test]
    fn every_end_says_what_it_was_how_far_it_got_and_how_to_go_on() {
        let mut ends = String::new();
        for found in [
            ended(3, None),
            ended(0, Some(Bound::Limit)),
            ended(2, Some(Bound::Limit)),
            ended(0, Some(Bound::Rows)),
            ended(1, Some(Bound::Time)),
            ended(1, Some(Bound::Memory)),
            ended(2, Some(Bound::Cancelled)),
            Abduction {
                complete: false,
                notes: vec!["some explanations may be missed: it is so".to_owned()],
                ..ended(3, None)
            },
            Abduction {
                using: vec!["step".to_owned()],
                bound: 8,
                unknown: vec!["some unknown thing".to_owned()],
                ..ended(8, None)
            },
        ] {
            ends += &found.to_string();
        }
        expect![[r#"
            far(1) does not hold.
            0 explanations: all there are with up to 3 facts of step, leap over known constants
            to go on: larger sets with --max 4, other relations with --using, or somebody nobody has named with --new-constants
            far(1) does not hold.
            TOO MANY: the first 0 explanations; --limit 5 was reached among sets of 1 fact of step, leap
            to go on: name more constants, fewer relations with --using, or take more with --limit 50
            far(1) does not hold.
            TOO MANY: the first 0 explanations; --limit 5 was reached among sets of 3 facts of step, leap, all with up to 2 facts are there
            to go on: name more constants, fewer relations with --using, be content with --max 2, or take more with --limit 50
            far(1) does not hold.
            NOT ALL: 0 explanations; as many rows were looked at as may be while sets of 1 fact of step, leap were looked for
            to go on: name more constants, or fewer relations with --using
            far(1) does not hold.
            NOT ALL: 0 explanations; the time was up while sets of 2 facts of step, leap were looked for, all with 1 fact are there
            to go on: name more constants, fewer relations with --using, be content with --max 1, or give it more time with --timeout
            far(1) does not hold.
            NOT ALL: 0 explanations; the memory was used up while sets of 2 facts of step, leap were looked for, all with 1 fact are there
            to go on: name more constants, fewer relations with --using, be content with --max 1, or give it more with --memory
            far(1) does not hold.
            NOT ALL: 0 explanations; it was interrupted while sets of 3 facts of step, leap were looked for, all with up to 2 facts are there
            to go on: name more constants, fewer relations with --using, or be content with --max 2
            far(1) does not hold.
            some explanations may be missed: it is so
            NOT SURELY ALL: 0 explanations with up to 3 facts of step, leap over known constants; for what may be missed see above
            to go on: larger sets with --max 4, other relations with --using, or somebody nobody has named with --new-constants
            far(1) does not hold.
            0 explanations: all there are with up to 8 facts of step over known and new constants
            to go on: other relations with --using
        "#]].assert_eq(&ends);
    }
}
