//! What explanations of one session share: the case they look at, their budget, and how a fact is read.

use super::error::{Error, Findings};
use super::loaded::Session;
use super::standing::Side;
use super::typed::parse_body;
use crate::analysis::checked::{Constant, RelationId, Term};
use crate::analysis::{check_fact, check_pattern};
use crate::engine::Database;
use crate::engine::budget::Budget;
use crate::engine::functor;
use crate::evidence::ClaimId;
use crate::explain::{Case, Fact, fact_text};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::{Atom, ExprKind, FormulaKind};
use crate::syntax::diagnostic::Diagnostic;
use std::sync::Arc;
use std::time::Duration;

/// Rows one explanation may look at when the session sets no limit of its own.
const MOST_ROWS: u64 = 4_000_000;
/// Rows looked at when not all supports are asked for.
const FIRST_ROWS: u64 = 400_000;
const MOST_TIME: Duration = Duration::from_secs(20);

/// An atom with constants, and `_` or variables for any value.
pub(super) struct Pattern {
    pub relation: RelationId,
    pub codes: Vec<Option<Code>>,
    /// Columns that one variable makes equal.
    equal: Vec<(usize, usize)>,
}

impl Pattern {
    /// Whether a row that matches the codes has the same values wherever one variable stands.
    pub fn agrees(&self, row: &[Code]) -> bool {
        self.equal.iter().all(|&(a, b)| row[a] == row[b])
    }

    pub fn of(relation: RelationId, codes: &[Option<Code>]) -> Pattern {
        Pattern {
            relation,
            codes: codes.to_vec(),
            equal: Vec::new(),
        }
    }

    /// Whether no variable stands in two places.
    pub fn is_plain(&self) -> bool {
        self.equal.is_empty()
    }

    /// The fact, where nothing is left open.
    pub fn fact(&self) -> Option<Fact> {
        let row: Option<Vec<Code>> = self.codes.iter().copied().collect();
        Some(Fact::new(self.relation, &row?))
    }
}

impl Session {
    /// The rows as they stand, with the claims that count.
    pub(super) fn case(&self) -> Case<'_> {
        self.here().case()
    }

    /// The same over the rows of another run.
    pub(super) fn case_over<'a>(&'a self, database: &'a Database) -> Case<'a> {
        let run = Side {
            database,
            program: database.program(),
            ..self.here()
        };
        run.case()
    }

    /// Of one search: a search without an end says so instead of taking all day.
    pub(super) fn explanation_budget(&self) -> Budget {
        let set = &self.options.budget;
        Budget {
            time: Some(set.time.unwrap_or(MOST_TIME)),
            rows: Some(set.rows.map_or(MOST_ROWS, |rows| rows.min(MOST_ROWS))),
            ..set.clone()
        }
    }

    /// Of the first supports: a conclusion with very many derivations says so soon.
    pub(super) fn first_budget(&self) -> Budget {
        Budget {
            rows: self
                .explanation_budget()
                .rows
                .map(|rows| rows.min(FIRST_ROWS)),
            ..self.explanation_budget()
        }
    }

    /// Of a side question.
    pub(super) fn small_budget(&self) -> Budget {
        Budget {
            rows: Some(200_000),
            ..self.explanation_budget()
        }
    }

    pub(super) fn fact_text(&self, fact: &Fact) -> String {
        fact_text(&self.program.checked, self.dictionary(), fact)
    }

    pub(super) fn claim_text(&self, claim: ClaimId) -> String {
        self.claims().get(claim).id.to_string()
    }

    /// An atom with constants only.
    pub(super) fn parse_fact(&mut self, text: &str) -> Result<Fact, Error> {
        let atom = self.parse_atom(text, "one atom with constants only is a fact")?;
        let checked = check_fact(&self.program.checked, &atom);
        let (relation, row) = checked
            .and_then(|(relation, terms)| Ok((relation, self.values(&atom, &terms)?)))
            .map_err(|wrong| self.rejected(wrong))?;
        let row: Vec<Code> = row.into_iter().flatten().collect();
        Ok(Fact::new(relation, &row))
    }

    /// An atom in which `_` and variables stand for any value, or the name of a relation for all of its rows.
    pub(super) fn parse_pattern(&mut self, text: &str) -> Result<Pattern, Error> {
        if !text.contains('(') && !text.trim().is_empty() {
            let relation = self.relation(text)?;
            let codes = vec![None; self.program()[relation].arity()];
            return Ok(Pattern {
                relation,
                codes,
                equal: Vec::new(),
            });
        }
        let atom = self.parse_atom(text, "one atom is asked for")?;
        self.pattern_of(atom).map_err(|wrong| self.rejected(wrong))
    }

    /// What an atom asks for.
    pub(super) fn pattern_of(&self, mut atom: Atom) -> Result<Pattern, Vec<Diagnostic>> {
        let unquoted = self.unquoted(&atom);
        if !unquoted.is_empty() {
            return Err(unquoted);
        }
        let equal = open_variables(&mut atom);
        let (relation, terms) = check_pattern(&self.program.checked, &atom)?;
        let codes = self.values(&atom, &terms)?;
        Ok(Pattern {
            relation,
            codes,
            equal,
        })
    }

    /// The facts that agree with a pattern, in the order in which queries answer.
    pub(super) fn facts_matching(&self, pattern: &Pattern) -> Vec<Fact> {
        let rows = self.database.matching(pattern.relation, &pattern.codes);
        let attributes = &self.program()[pattern.relation].attributes;
        let types: Vec<_> = attributes.iter().map(|attribute| attribute.ty).collect();
        self.sorted(rows, &types)
            .iter()
            .filter(|row| pattern.agrees(row))
            .map(|row| Fact::new(pattern.relation, &row))
            .collect()
    }

    pub(super) fn rejected(&self, wrong: Vec<Diagnostic>) -> Error {
        Error::Rejected(Findings::new(wrong, &self.sources))
    }

    pub(super) fn parse_atom(&mut self, text: &str, wanted: &str) -> Result<Atom, Error> {
        let name = self.name_text();
        let body = parse_body(&name, text, &mut self.sources)?;
        match body.kind {
            FormulaKind::Atom(atom) => Ok(atom),
            _ => Err(self.rejected(vec![
                Diagnostic::error("D061", "not a fact")
                    .at(body.span, wanted)
                    .help("as in `contract(\"a\", \"b\")`"),
            ])),
        }
    }

    /// `None` for a wildcard.
    pub(super) fn values(
        &self,
        atom: &Atom,
        terms: &[Term],
    ) -> Result<Vec<Option<Code>>, Vec<Diagnostic>> {
        let row: Result<Vec<Option<Code>>, String> = terms
            .iter()
            .map(|term| match term {
                Term::Wildcard => Ok(None),
                term => ground_value(term, self.dictionary()).map(Some),
            })
            .collect();
        row.map_err(|reason| {
            vec![
                Diagnostic::error("D062", "an argument of the fact has no value")
                    .at(atom.span, reason),
            ]
        })
    }
}

/// Puts `_` in the place of variables; gives the columns that share one.
pub(super) fn open_variables(atom: &mut Atom) -> Vec<(usize, usize)> {
    let mut first: Vec<(Arc<str>, usize)> = Vec::new();
    let mut equal = Vec::new();
    for (column, arg) in atom.args.iter_mut().enumerate() {
        let ExprKind::Variable(name) = &arg.kind else {
            continue;
        };
        match first.iter().find(|(known, _)| known == name) {
            Some(&(_, before)) => equal.push((before, column)),
            None => first.push((name.clone(), column)),
        }
        arg.kind = ExprKind::Wildcard;
    }
    equal
}

/// The value of a term without variables.
pub(super) fn ground_value(term: &Term, dictionary: &Dictionary) -> Result<Code, String> {
    match term {
        Term::Const(constant) => Ok(match constant {
            Constant::Number(value) => dictionary.number(*value),
            Constant::Unsigned(value) => dictionary.unsigned(*value),
            Constant::Float(value) => dictionary.float(*value),
            Constant::Symbol(text) => dictionary.symbol(text),
            Constant::Nil => Code::NIL,
            Constant::Ordinal(ordinal) => Code(*ordinal),
        }),
        Term::Record(fields) => {
            let fields: Result<Vec<Code>, String> = fields
                .iter()
                .map(|field| ground_value(field, dictionary))
                .collect();
            Ok(dictionary.record(&fields?))
        }
        Term::Call { functor, args } => {
            let args: Result<Vec<Code>, String> = args
                .iter()
                .map(|arg| ground_value(arg, dictionary))
                .collect();
            functor::apply(functor, &args?, dictionary).map_err(|fault| fault.to_string())
        }
        Term::Var(_) | Term::Wildcard => Err("a fact has constants only".to_owned()),
    }
}
