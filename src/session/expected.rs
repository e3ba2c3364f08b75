//! One expectation against what came.

use super::error::{Error, Findings};
use super::explained::Pattern;
use super::loaded::Session;
use super::table::Table;
use super::why::{WhyQuestion, number};
use crate::analysis;
use crate::explain::Fact;
use crate::syntax::ast::{Atom, Body, CompareOp, Expr, ExprKind, FormulaKind, StringLiteral};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::expectations::{Expectation, ExpectationKind, Measure, WantedRow};
use crate::syntax::source::SourceMap;
use std::collections::BTreeSet;
use std::time::Instant;

/// Facts and rows named before the rest is only counted.
const NAMED: usize = 5;
/// Lines of a reason.
const LINES: usize = 8;

pub(super) enum Outcome {
    Met {
        /// Why it may be met for the wrong reason.
        note: Option<String>,
    },
    Unmet(Finding),
    /// It cannot be asked.
    Broken(Findings),
}

pub(super) struct Finding {
    pub expected: String,
    pub came: String,
    pub why: Vec<String>,
}

/// What keeps an expectation from being looked at: it is wrong, or the whole work ends.
enum Obstacle {
    Broken(Findings),
    Stopped(Error),
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Obstacle {
        match error {
            Error::Rejected(findings) => Obstacle::Broken(findings),
            stopped => Obstacle::Stopped(stopped),
        }
    }
}

type Looked = Result<Outcome, Obstacle>;

impl Session {
    /// Looks at one expectation. `texts` holds its file.
    pub(super) fn examine(
        &mut self,
        expectation: &Expectation,
        texts: &SourceMap,
    ) -> Result<Outcome, Error> {
        let looked = match &expectation.kind {
            ExpectationKind::Answered(body) => self.answered(body, texts),
            ExpectationKind::Exactly { body, rows } => self.exactly(body, rows, texts),
            ExpectationKind::Measured {
                body,
                measure,
                op,
                value,
            } => self.measured(body, *measure, (*op, *value), texts),
            ExpectationKind::NoViolations => Ok(self.unviolated()),
            ExpectationKind::Violated(part) => Ok(self.violated(part)),
        };
        match looked {
            Ok(outcome) => Ok(outcome),
            Err(Obstacle::Broken(findings)) => Ok(Outcome::Broken(findings)),
            Err(Obstacle::Stopped(error)) => Err(error),
        }
    }

    fn ask(&self, body: &Body, texts: &SourceMap) -> Result<Table, Obstacle> {
        let query = analysis::check_query(self.program(), body)
            .map_err(|wrong| Obstacle::Broken(Findings::new(wrong, texts)))?;
        Ok(self.answer(&query, Instant::now())?)
    }

    fn pattern(&self, atom: &Atom, texts: &SourceMap) -> Result<Pattern, Obstacle> {
        self.pattern_of(atom.clone())
            .map_err(|wrong| Obstacle::Broken(Findings::new(wrong, texts)))
    }

    fn answered(&mut self, body: &Body, texts: &SourceMap) -> Looked {
        let table = self.ask(body, texts)?;
        let denied = match &body.kind {
            FormulaKind::Not(inner) => match &inner.kind {
                FormulaKind::Atom(atom) => Some(atom),
                _ => None,
            },
            _ => None,
        };
        if !table.is_empty() {
            let note = match denied {
                Some(atom) => {
                    let pattern = self.pattern(atom, texts)?;
                    self.notes_on_pattern(&pattern).into_iter().next()
                }
                None => None,
            };
            return Ok(Outcome::Met { note });
        }
        if let Some(atom) = denied {
            return self.denied(atom, texts);
        }
        let (came, why) = match &body.kind {
            FormulaKind::Atom(atom) => (
                match has_blanks(atom) {
                    true => "nothing agrees with it",
                    false => "it does not hold",
                }
                .to_owned(),
                self.short_why_not(texts.slice(atom.span))?,
            ),
            FormulaKind::And(parts) => (
                "no answer".to_owned(),
                self.how_far(parts, texts)?.into_iter().collect(),
            ),
            _ => ("no answer".to_owned(), table.notes().to_vec()),
        };
        Ok(Outcome::Unmet(Finding {
            expected: match &body.kind {
                FormulaKind::Atom(atom) if !has_blanks(atom) => "it holds".to_owned(),
                FormulaKind::Atom(_) => "some fact agrees with it".to_owned(),
                _ => "it has an answer".to_owned(),
            },
            came,
            why,
        }))
    }

    /// An atom that was to have no fact, and has.
    fn denied(&mut self, atom: &Atom, texts: &SourceMap) -> Looked {
        let pattern = self.pattern(atom, texts)?;
        let facts: Vec<String> = match pattern.fact() {
            Some(fact) => vec![self.fact_text(&fact)],
            None => {
                let facts: Vec<Fact> = self.facts_matching(&pattern);
                facts.iter().map(|fact| self.fact_text(fact)).collect()
            }
        };
        let why = match facts.first() {
            Some(first) => self.short_why(first)?,
            None => Vec::new(),
        };
        Ok(Outcome::Unmet(Finding {
            expected: match has_blanks(atom) {
                true => "nothing agrees with it".to_owned(),
                false => "it does not hold".to_owned(),
            },
            came: match &facts[..] {
                [_] if !has_blanks(atom) => "it holds".to_owned(),
                _ => format!("{}: {}", counted(facts.len(), "fact"), listed(&facts)),
            },
            why,
        }))
    }

    fn exactly(&mut self, body: &Body, wanted: &[WantedRow], texts: &SourceMap) -> Looked {
        let table = self.ask(body, texts)?;
        let width = table.columns().len();
        if let Some(row) = wanted.iter().find(|row| row.values.len() != width) {
            let names: Vec<&str> = table.columns().iter().map(|name| &**name).collect();
            let wrong = Diagnostic::error(
                "D603",
                format!(
                    "an answer has {}, and this has {}",
                    counted(width, "value"),
                    row.values.len()
                ),
            )
            .at(row.span, "one expected answer")
            .note(match names.is_empty() {
                true => "the question has no variables: it is answered by yes or no".to_owned(),
                false => format!("an answer is ({})", names.join(", ")),
            });
            return Err(Obstacle::Broken(Findings::new(vec![wrong], texts)));
        }
        let wanted: BTreeSet<Vec<String>> = wanted
            .iter()
            .map(|row| row.values.iter().map(|value| value.to_string()).collect())
            .collect();
        let came: BTreeSet<Vec<String>> = (0..table.len())
            .map(|row| (0..width).map(|column| table.text(row, column)).collect())
            .collect();
        let shown = |row: &Vec<String>| answer_text(&table, row);
        let missing: Vec<String> = wanted.difference(&came).map(shown).collect();
        let surplus: Vec<String> = came.difference(&wanted).map(shown).collect();
        if missing.is_empty() && surplus.is_empty() {
            return Ok(Outcome::Met { note: None });
        }
        let mut parts = Vec::new();
        if !missing.is_empty() {
            parts.push(format!("missing {}", listed(&missing)));
        }
        if !surplus.is_empty() {
            parts.push(format!("not expected {}", listed(&surplus)));
        }
        let mut why = Vec::new();
        if let FormulaKind::Atom(atom) = &body.kind {
            if let Some(row) = wanted.difference(&came).next() {
                why.extend(self.short_why_not(&filled(atom, &table, row, texts))?);
            }
            if let Some(row) = came.difference(&wanted).next() {
                why.extend(self.short_why(&filled(atom, &table, row, texts))?);
            }
        }
        Ok(Outcome::Unmet(Finding {
            expected: format!("exactly {}", counted(wanted.len(), "answer")),
            came: format!("{}: {}", counted(came.len(), "answer"), parts.join("; ")),
            why,
        }))
    }

    fn measured(
        &mut self,
        body: &Body,
        measure: Measure,
        (op, value): (CompareOp, f64),
        texts: &SourceMap,
    ) -> Looked {
        let atom = match &body.kind {
            FormulaKind::Atom(atom) => Some(atom),
            _ => None,
        };
        let Measured { found, whole, why } = match (measure, atom) {
            (Measure::Count, Some(atom)) if !names_variables(atom) => {
                let pattern = self.pattern(atom, texts)?;
                let facts = self.facts_matching(&pattern);
                let some = facts.iter().take(NAMED).map(|fact| self.fact_text(fact));
                Measured::count(facts.len(), some.collect())
            }
            (Measure::Count, _) => {
                let table = self.ask(body, texts)?;
                Measured::count(table.len(), sample(&table))
            }
            (_, Some(atom)) if !has_blanks(atom) => {
                let fact = texts.slice(atom.span);
                self.weighed(fact, measure)?
            }
            _ => {
                let wrong =
                    Diagnostic::error("D604", format!("only one fact has {}", measure.word()))
                        .at(body.span, "not an atom with constants only")
                        .help("answers are counted: `… -> count = 8.`");
                return Err(Obstacle::Broken(Findings::new(vec![wrong], texts)));
            }
        };
        // A search that was cut short has found the least there is.
        let met = holds(found, op, value) && (whole || matches!(op, CompareOp::Ge | CompareOp::Gt));
        if met {
            return Ok(Outcome::Met { note: None });
        }
        Ok(Outcome::Unmet(Finding {
            expected: format!("{} {} {}", measure.word(), symbol(op), number(value)),
            came: match whole {
                true => number(found),
                false => format!("at least {}: the search was cut short", number(found)),
            },
            why,
        }))
    }

    /// The strength, supports or roots of a fact.
    fn weighed(&mut self, fact: &str, measure: Measure) -> Result<Measured, Obstacle> {
        if measure == Measure::Roots {
            let found = self.corroboration(fact)?;
            let lines = found.to_string();
            return Ok(Measured {
                found: found.independent as f64,
                whole: found.complete,
                why: match found.holds {
                    true => shortened(lines.lines().skip(1), "corroboration", &found.fact),
                    false => self.short_why_not(fact)?,
                },
            });
        }
        let proof = self.explain(&WhyQuestion {
            all: true,
            ..WhyQuestion::of(fact)
        })?;
        let supports = proof.supports();
        let found = match measure {
            Measure::Supports => supports.len() as f64,
            _ => supports
                .iter()
                .map(|support| support.strength)
                .fold(0.0, f64::max),
        };
        Ok(Measured {
            found,
            whole: proof.is_complete(),
            why: match proof.holds() {
                true => {
                    let remarks = proof.remarks();
                    shortened(
                        remarks.iter().map(String::as_str),
                        "why --all",
                        proof.fact(),
                    )
                }
                false => self.short_why_not(fact)?,
            },
        })
    }

    fn unviolated(&self) -> Outcome {
        let violations = self.violations();
        match violations.is_empty() {
            true => Outcome::Met { note: None },
            false => Outcome::Unmet(Finding {
                expected: "no constraint is violated".to_owned(),
                came: format!("{} violated", counted(violations.len(), "constraint")),
                why: violations
                    .iter()
                    .take(NAMED)
                    .map(|violated| {
                        format!(
                            "{}  {}  ({})",
                            violated.at,
                            violated.text,
                            counted(violated.rows.len(), "way")
                        )
                    })
                    .collect(),
            }),
        }
    }

    fn violated(&self, part: &StringLiteral) -> Outcome {
        let violations = self.violations();
        let has = violations.iter().any(|violated| {
            violated.text.contains(&*part.value) || violated.at.contains(&*part.value)
        });
        match has {
            true => Outcome::Met { note: None },
            false => Outcome::Unmet(Finding {
                expected: "a constraint with this in its text or place is violated".to_owned(),
                came: match violations.len() {
                    0 => "no constraint is violated".to_owned(),
                    count => format!("{count} others are"),
                },
                why: violations
                    .iter()
                    .take(NAMED)
                    .map(|violated| format!("{}  {}", violated.at, violated.text))
                    .collect(),
            }),
        }
    }

    /// Up to which of its parts a conjunction has answers.
    fn how_far(&self, parts: &[Body], texts: &SourceMap) -> Result<Option<String>, Obstacle> {
        for end in 1..=parts.len() {
            let span = parts[0].span.to(parts[end - 1].span);
            let prefix = Body {
                kind: FormulaKind::And(parts[..end].to_vec()),
                span,
            };
            // What is bound only later cannot be asked alone.
            let Ok(query) = analysis::check_query(self.program(), &prefix) else {
                continue;
            };
            let table = self.answer(&query, Instant::now())?;
            if !table.is_empty() {
                continue;
            }
            let failing = super::expectations::one_line(texts.slice(parts[end - 1].span));
            let mut text = match end {
                1 => format!("nothing agrees with {failing}"),
                _ => format!("nothing is left with {failing}"),
            };
            if let Some(note) = table.notes().first() {
                text += &format!(": {note}");
            }
            return Ok(Some(text));
        }
        Ok(None)
    }

    /// The beginning of a proof.
    pub(super) fn short_why(&mut self, fact: &str) -> Result<Vec<String>, Error> {
        let proof = self.explain(&WhyQuestion {
            limit: Some(1),
            ..WhyQuestion::of(fact)
        })?;
        let text = match proof.tree() {
            Some(tree) => tree.to_string(),
            None => proof.to_string(),
        };
        Ok(shortened(text.lines(), "why", proof.fact()))
    }

    /// The beginning of what is nearest.
    pub(super) fn short_why_not(&mut self, fact: &str) -> Result<Vec<String>, Error> {
        let missing = self.why_not(fact)?;
        let text = missing.to_string();
        // The first line says again that it does not hold.
        let says = format!("{} does not hold", missing.fact);
        let rest = text.strip_prefix(&says).unwrap_or(&text);
        Ok(shortened(rest.lines(), "why-not", &missing.fact))
    }
}

/// What a measure came to, and what there is to say about it.
struct Measured {
    found: f64,
    /// Nothing was left out for want of budget.
    whole: bool,
    why: Vec<String>,
}

impl Measured {
    /// So many, of which some are named.
    fn count(all: usize, some: Vec<String>) -> Measured {
        Measured {
            found: all as f64,
            whole: true,
            why: match some.is_empty() {
                true => Vec::new(),
                false => vec![format!("there is {}", named_of(all, &some))],
            },
        }
    }
}

/// The first answers.
fn sample(table: &Table) -> Vec<String> {
    let rows = match table.is_yes_or_no() {
        true => 0,
        false => table.len(),
    };
    (0..rows.min(NAMED))
        .map(|row| {
            let values: Vec<String> = (0..table.columns().len())
                .map(|column| table.text(row, column))
                .collect();
            answer_text(table, &values)
        })
        .collect()
}

fn shortened<'t>(text: impl Iterator<Item = &'t str>, verb: &str, fact: &str) -> Vec<String> {
    let lines: Vec<&str> = text.filter(|line| !line.trim().is_empty()).collect();
    let mut shown: Vec<String> = lines
        .iter()
        .take(LINES)
        .map(|line| line.trim_end().to_owned())
        .collect();
    if lines.len() > LINES {
        shown.push(format!(
            "… {} more: `{verb} {fact}`",
            counted(lines.len() - LINES, "line")
        ));
    }
    shown
}

fn has_blanks(atom: &Atom) -> bool {
    let open = |arg: &Expr| matches!(arg.kind, ExprKind::Wildcard | ExprKind::Variable(_));
    atom.args.iter().any(open)
}

fn names_variables(atom: &Atom) -> bool {
    let variable = |arg: &Expr| matches!(arg.kind, ExprKind::Variable(_));
    atom.args.iter().any(variable)
}

/// The atom with the values of one answer in place of its variables.
fn filled(atom: &Atom, table: &Table, row: &[String], texts: &SourceMap) -> String {
    let args: Vec<String> = atom
        .args
        .iter()
        .map(|arg| {
            let ExprKind::Variable(name) = &arg.kind else {
                return texts.slice(arg.span).to_owned();
            };
            let column = table.columns().iter().position(|column| column == name);
            match column {
                Some(column) => literal(table, column, &row[column]),
                None => "_".to_owned(),
            }
        })
        .collect();
    let parts: Vec<&str> = atom.relation.parts.iter().map(|part| &*part.text).collect();
    format!("{}({})", parts.join("."), args.join(", "))
}

fn literal(table: &Table, column: usize, text: &str) -> String {
    match table.is_number(column) || text.starts_with(['[', '$']) {
        true => text.to_owned(),
        false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// `"a"` or `("a", 3)`
fn answer_text(table: &Table, row: &[String]) -> String {
    let values: Vec<String> = row
        .iter()
        .enumerate()
        .map(|(column, value)| literal(table, column, value))
        .collect();
    match &values[..] {
        [only] => only.clone(),
        many => format!("({})", many.join(", ")),
    }
}

fn listed(texts: &[String]) -> String {
    named_of(texts.len(), &texts[..texts.len().min(NAMED)])
}

/// `a, b and 3 more`
fn named_of(all: usize, some: &[String]) -> String {
    let named = some.join(", ");
    match all.saturating_sub(some.len()) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

fn holds(found: f64, op: CompareOp, value: f64) -> bool {
    // Strengths are products of table entries: they are compared as they are printed.
    let near = (found - value).abs() < 5e-4;
    match op {
        CompareOp::Eq => near,
        CompareOp::Ne => !near,
        CompareOp::Lt => found < value && !near,
        CompareOp::Le => found <= value || near,
        CompareOp::Gt => found > value && !near,
        CompareOp::Ge => found >= value || near,
    }
}

fn symbol(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}
