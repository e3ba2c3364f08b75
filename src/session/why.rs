//! The proof of one fact.

use super::error::{Error, Findings};
use super::loaded::Session;
use super::typed::parse_body;
use crate::analysis::check_fact;
use crate::analysis::checked::{Constant, RelationId, Term};
use crate::engine::functor;
use crate::evidence::GradeTables;
use crate::explain::json::ProofView;
use crate::explain::{Case, Fact, ProofOptions, Tree, TreeOptions, fact_text};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::{Atom, FormulaKind};
use crate::syntax::diagnostic::Diagnostic;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// A fact, whether it holds, and one proof when it does.
pub struct Proof {
    fact: String,
    found: Option<(Tree, ProofView, bool)>,
}

impl Proof {
    /// As one can type it back.
    pub fn fact(&self) -> &str {
        &self.fact
    }

    pub fn holds(&self) -> bool {
        self.found.is_some()
    }

    /// The proof as lines; `None` when the fact does not hold.
    pub fn tree(&self) -> Option<&Tree> {
        self.found.as_ref().map(|(tree, ..)| tree)
    }

    /// The proof as data; `None` when the fact does not hold.
    pub fn view(&self) -> Option<&ProofView> {
        self.found.as_ref().map(|(_, view, _)| view)
    }

    /// Whether every leaf of the proof is stated: no budget cut it short.
    pub fn is_complete(&self) -> bool {
        self.found.as_ref().is_some_and(|(.., complete)| *complete)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tree() {
            Some(tree) => write!(f, "{tree}"),
            None => writeln!(f, "{} does not hold", self.fact),
        }
    }
}

/// `{"fact": "p(\"a\")", "holds": true, "complete": true, "proof": {…}}`
impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Proof", 4)?;
        object.serialize_field("fact", &self.fact)?;
        object.serialize_field("holds", &self.holds())?;
        object.serialize_field("complete", &self.is_complete())?;
        object.serialize_field("proof", &self.view())?;
        object.end()
    }
}

impl Session {
    /// Proves a fact, given as an atom with constants only.
    pub fn why(&mut self, fact: &str) -> Result<Proof, Error> {
        self.refresh()?;
        let fact = self.parse_fact(fact)?;
        let case = Case::new(
            &self.database,
            &self.program.checked,
            self.database.dictionary(),
            &self.data.claims,
            &self.data.sources,
        );
        let proof = case.prove(&fact, &ProofOptions::default(), &self.options.budget);
        let tables = GradeTables::default();
        Ok(Proof {
            fact: fact_text(&self.program.checked, self.dictionary(), &fact),
            found: proof.map(|proof| {
                (
                    case.tree(&proof, &self.sources, &tables, &TreeOptions::default()),
                    case.proof_view(&proof, &self.sources, &tables),
                    proof.is_complete(),
                )
            }),
        })
    }

    fn parse_fact(&mut self, text: &str) -> Result<Fact, Error> {
        let name = self.name_text();
        let body = parse_body(&name, text, &mut self.sources)?;
        let reject = |diagnostics| Error::Rejected(Findings::new(diagnostics, &self.sources));
        let FormulaKind::Atom(atom) = &body.kind else {
            return Err(reject(vec![
                Diagnostic::error("D061", "not a fact")
                    .at(body.span, "one atom with constants only is a fact")
                    .help("as in `contract(\"a\", \"b\")`"),
            ]));
        };
        let (relation, row) = self.check_fact(atom).map_err(reject)?;
        Ok(Fact::new(relation, &row))
    }

    fn check_fact(&self, atom: &Atom) -> Result<(RelationId, Vec<Code>), Vec<Diagnostic>> {
        let (relation, terms) = check_fact(&self.program.checked, atom)?;
        let row: Result<Vec<Code>, String> = terms
            .iter()
            .map(|term| ground_value(term, self.dictionary()))
            .collect();
        row.map(|row| (relation, row)).map_err(|reason| {
            vec![
                Diagnostic::error("D062", "an argument of the fact has no value")
                    .at(atom.span, reason),
            ]
        })
    }
}

/// The value of a term without variables.
fn ground_value(term: &Term, dictionary: &Dictionary) -> Result<Code, String> {
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
