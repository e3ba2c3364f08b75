//! What would have to be so for a fact to hold.

use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use crate::analysis::check_pattern;
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::engine::budget::Budget;
use crate::explain::{Fact, fact_text, pattern_text};
use crate::hypothesis::Overlay;
use crate::hypothesis::abduce::{
    self, Abduced, Breach, Explanation, Goal, Outcome, Question, Worlds, explain, leans_on,
};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::Diagnostic;
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
    /// By size; then those that do not help the rival, those that nothing speaks against, those that presume least;
    /// then by their text.
    pub explanations: Vec<Explained>,
    /// Minimal sets that bring the goal about and violate a constraint.
    pub refused: Vec<Refusal>,
    /// Constants that stand for something nobody has named.
    pub unknown: Vec<String>,
    pub notes: Vec<String>,
    /// More were found than looked for.
    #[serde(skip)]
    more: bool,
    #[serde(skip)]
    rival: Option<String>,
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
            let wrong = Diagnostic::error("D080", "a goal names constants, and `_` for any value");
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
        let explanations = found.explanations.iter().map(|one| self.explained(one));
        let explanations: Vec<Explained> = explanations.collect();
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
        if found.explanations.is_empty() && found.outcome == Outcome::Searched {
            notes.extend(self.notes_on_pattern(pattern));
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
            more: found.more,
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
                let wrong = Diagnostic::error("D081", "nothing is declared that may be assumed");
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

    fn explained(&self, one: &Explanation) -> Explained {
        let mut assume = self.fact_texts(&one.assume);
        assume.sort();
        Explained {
            assume,
            also: self.outputs_first(&one.also),
            there: self.outputs_first(one.there.as_deref().unwrap_or_default()),
            falls: self.outputs_first(&one.fell),
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
    fn outputs_first(&self, facts: &[Fact]) -> Vec<String> {
        let is_output = |fact: &Fact| {
            self.program().directives().iter().any(|directive| {
                directive.kind == DirectiveKind::Output && directive.relation == fact.relation
            })
        };
        let (mut outputs, mut others): (Vec<_>, Vec<_>) =
            facts.iter().cloned().partition(|fact| is_output(fact));
        outputs.sort();
        others.sort();
        let mut texts = self.fact_texts(&outputs);
        texts.sort();
        let mut rest = self.fact_texts(&others);
        rest.sort();
        texts.extend(rest);
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
        let bound = match self.bound {
            1 => "1 fact".to_owned(),
            most => format!("up to {most} facts"),
        };
        writeln!(f, "{} does not hold. It would if, by the rules:", self.goal)?;
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
        let noun = match count {
            1 => "explanation",
            _ => "explanations",
        };
        let constants = match self.unknown.is_empty() {
            true => "known constants",
            false => "known and new constants",
        };
        match (self.complete, self.more) {
            (true, _) => writeln!(
                f,
                "{count} {noun}: all there are with {bound} of {using} over {constants}"
            ),
            (false, true) => writeln!(
                f,
                "TOO MANY: the first {count} {noun} with {bound} of {using}; name more constants, or --limit N"
            ),
            (false, false) if self.complete_to > 0 => writeln!(
                f,
                "NOT ALL: {count} {noun}; all with up to {} of {using}, larger ones may be missing",
                match self.complete_to {
                    1 => "1 fact".to_owned(),
                    most => format!("{most} facts"),
                }
            ),
            (false, false) => writeln!(
                f,
                "NOT ALL: {count} {noun} before the budget ran out; others may exist"
            ),
        }
    }
}

impl Abduction {
    /// Explanations that the text shows.
    pub const SHOWN: usize = 20;

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

#[cfg(test)]
mod tests {
    use super::{Abduction, Explained};
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
            explanations: vec![
                explained("step(1)", false, false),
                explained("step(2)", false, true),
                explained("step(3)", true, true),
            ],
            refused: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            more: false,
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
}
