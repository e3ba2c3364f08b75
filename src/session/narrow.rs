//! Sessions that derive only what is looked at.

use super::case::CaseSpec;
use super::error::Error;
use super::loaded::Session;
use super::options::{Derive, Options};
use super::program::Program;
use super::table::Table;
use super::texts::Texts;
use super::typed;
use crate::analysis::checked::{
    CheckedProgram, CheckedQuery, Constant, LiteralKind, RelationId, Term, ValueType,
};
use crate::analysis::demand::{
    Declined, Extent, Fate, Wanted, binds_constants, demanded, is_asked_for,
};
use crate::syntax::source::{SourceMap, TYPED};
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// What became of each derived relation in a session that derives only what is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Narrowed {
    /// Why everything is derived all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<&'static str>,
    /// In the order of declaration.
    pub relations: Vec<RelationFate>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelationFate {
    pub relation: String,
    /// The relations that hold its wanted rows, `reach^bf` those of which the first value is wanted. Empty: it is
    /// derived whole, or not at all.
    pub restricted: Vec<String>,
    /// Why it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<&'static str>,
}

/// A session's program before it was narrowed.
pub(super) struct Wide {
    pub program: Program,
    wanted: Wanted,
    extent: Extent,
    /// The question that the session is for.
    pub question: Option<CheckedQuery>,
}

/// Rows that may be derived by demand whatever is stated: they take a blink.
const CHEAP: u64 = if cfg!(test) { 16 } else { 1 << 20 };

impl Session {
    /// Opens a case for the answer to one question: derives what the question needs, and of that only a corner where its
    /// constants lead to one. Constraints are not looked at.
    pub fn ask_once(spec: CaseSpec, options: Options, body: &str) -> Result<Table, Error> {
        Session::open_for(spec, options, body)?.answer_for(body)
    }

    /// The first half of [`Session::ask_once`].
    pub fn open_for(spec: CaseSpec, options: Options, body: &str) -> Result<Session, Error> {
        let derive = Derive::For(body.to_owned());
        Session::open(spec, Options { derive, ..options })
    }

    /// Answers the question that the session was opened for.
    pub fn answer_for(&mut self, body: &str) -> Result<Table, Error> {
        let started = Instant::now();
        let narrow = self.program.checked.queries().first().cloned();
        let (Some(wide), Some(narrow)) = (&self.wide, narrow) else {
            return self.query(body);
        };
        let answer = self.answer(&narrow, started)?;
        // A name that stands nowhere may be misspelt: what it is near to is among the rows that were left out.
        let strange = answer.is_empty()
            && wide
                .question
                .as_ref()
                .is_some_and(|question| self.names_nothing_known(question));
        match strange {
            true => self.query(body),
            false => Ok(answer),
        }
    }

    fn names_nothing_known(&self, question: &CheckedQuery) -> bool {
        let bodies = std::iter::once(&question.body).chain(&question.alternatives);
        bodies.flatten().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => {
                let attributes = &self.program()[atom.relation].attributes;
                let mut args = atom.args.iter().zip(attributes);
                args.any(|(arg, attribute)| match arg {
                    Term::Const(Constant::Symbol(text)) => {
                        !self.stands_somewhere(text, &attribute.type_name)
                    }
                    _ => false,
                })
            }
            _ => false,
        })
    }

    /// Whether a name stands where others of its type do.
    fn stands_somewhere(&self, text: &str, type_name: &str) -> bool {
        let code = self.dictionary().symbol(text);
        // What a question asks for stands in the demands made for it.
        let made = self.program().demand().map(|demand| &demand.made);
        let told = self.program().relations();
        let mut told = told.filter(|(id, _)| made.is_none_or(|made| !made.contains_key(id)));
        told.any(|(id, relation)| {
            let mut columns = relation.attributes.iter().enumerate();
            columns.any(|(column, attribute)| {
                let mut pattern = vec![None; relation.arity()];
                pattern[column] = Some(code);
                attribute.ty == ValueType::Symbol
                    && *attribute.type_name == *type_name
                    && !self.database.matching(id, &pattern).is_empty()
            })
        })
    }

    /// Goes over to a program that derives only what the options ask for. Before the first run.
    pub(super) fn narrow(&mut self) -> Result<(), Error> {
        let program = self.program.checked.clone();
        let (wanted, extent, question) = match &self.options.derive {
            Derive::Everything => return Ok(()),
            Derive::Wanted => {
                let queries = program.queries().to_vec();
                let extent = match is_asked_for(&program) {
                    true => Extent::Asked,
                    false if queries.iter().any(binds_constants) => Extent::ByConstants,
                    false => return Ok(()),
                };
                let wanted = Wanted {
                    outputs: true,
                    constraints: true,
                    queries,
                };
                (wanted, extent, None)
            }
            Derive::For(body) => {
                let body = body.clone();
                let name = self.name_text();
                let query = typed::check_query(&program, &name, &body, &mut self.sources)?;
                let extent = match is_asked_for(&program) && !binds_constants(&query) {
                    true => Extent::Asked,
                    false => Extent::ByConstants,
                };
                let wanted = Wanted {
                    queries: vec![query.clone()],
                    ..Wanted::default()
                };
                (wanted, extent, Some(query))
            }
            Derive::Beneath(atom) => {
                let atom = atom.clone();
                let Some(wanted) = self.all_of_its_relation(&atom) else {
                    return Ok(());
                };
                (wanted, Extent::Whole, None)
            }
        };
        let beneath = matches!(self.options.derive, Derive::Beneath(_));
        // What was never true at one time is found by looking at all of a relation.
        let extent = match self.options.lens.at_once {
            true if question.is_none() && !beneath => return Ok(()),
            true => Extent::Whole,
            false => extent,
        };
        match demanded(&program, &wanted, extent) {
            // Whoever runs a program without a word on this sees all of it, but for what a question cuts out.
            Ok(narrow)
                if question.is_some()
                    || beneath
                    || extent == Extent::Asked
                    || restricts(&narrow) =>
            {
                let narrow = Program {
                    checked: Arc::new(narrow),
                    texts: Texts::default(),
                    ..self.program.clone()
                };
                let program = std::mem::replace(&mut self.program, narrow);
                self.wide = Some(Wide {
                    program,
                    wanted,
                    extent,
                    question,
                });
            }
            Ok(_) => {}
            Err(declined) => self.declined = Some(declined),
        }
        Ok(())
    }

    /// The whole relation of an atom. `None`: it is not one of the program, as whoever asks will be told.
    fn all_of_its_relation(&mut self, atom: &str) -> Option<Wanted> {
        let name = match atom.split_once('(') {
            Some((name, _)) => name.trim(),
            None => atom.trim(),
        };
        let program = self.program.checked.clone();
        let relation = program.relation_named(name)?;
        let open = vec!["_"; program[relation].arity()].join(", ");
        let mut texts = SourceMap::new();
        let body = format!("{name}({open})");
        let query = typed::check_query(&program, TYPED, &body, &mut texts).ok()?;
        Some(Wanted {
            queries: vec![query],
            ..Wanted::default()
        })
    }

    /// Rows that may be derived before it is taken that demands lead everywhere. `stated`: rows that are read. Sizes
    /// tell beforehand where joins lead, but not where recursion does; a start in vain costs no more than what was read.
    pub(super) fn most_by_demand(&self, stated: u64) -> Option<u64> {
        let wide = self.wide.as_ref()?;
        let by_itself = wide.extent == Extent::ByConstants && restricts(self.program());
        by_itself.then(|| (2 * stated).max(CHEAP))
    }

    /// Goes over to deriving all that is needed at all whole, as demands led everywhere.
    pub(super) fn give_up_demand(&mut self) {
        self.declined = Some(Declined::TooMuch);
        let Some(wide) = self.wide.take() else { return };
        self.program = wide.program.clone();
        // The program's own outputs and constraints were to be derived anyway.
        if wide.question.is_some()
            && let Ok(narrow) = demanded(&self.program.checked, &wide.wanted, Extent::Whole)
        {
            self.program.checked = Arc::new(narrow);
            self.wide = Some(Wide {
                extent: Extent::Whole,
                ..wide
            });
        }
    }

    /// Goes back to the program that derives everything, if it was narrowed: something else is looked at now.
    pub(super) fn widen(&mut self) {
        self.declined = None;
        self.options.derive = Derive::Everything;
        if let Some(wide) = self.wide.take() {
            self.program = wide.program;
            self.stale = true;
        }
    }

    /// What became of the program's relations; `None` in a session that derives everything unasked.
    pub(super) fn narrowed(&self) -> Option<Narrowed> {
        let declined = self.declined.map(|declined| declined.reason());
        let program = self.program();
        let Some(demand) = program.demand() else {
            return declined.map(|declined| Narrowed {
                declined: Some(declined),
                relations: Vec::new(),
            });
        };
        let name = |id: RelationId| program[id].name.to_string();
        let relations = demand.fates.iter().map(|(id, fate)| {
            let (restricted, whole) = match fate {
                Fate::Restricted(copies) => (copies.iter().copied().map(name).collect(), None),
                Fate::Whole(why) => (Vec::new(), Some(why.reason())),
                Fate::Unneeded => (Vec::new(), None),
            };
            RelationFate {
                relation: name(*id),
                restricted,
                whole,
            }
        });
        Some(Narrowed {
            declined,
            relations: relations.collect(),
        })
    }
}

fn restricts(program: &CheckedProgram) -> bool {
    program.demand().is_some_and(|demand| {
        let mut fates = demand.fates.iter();
        fates.any(|(_, fate)| matches!(fate, Fate::Restricted(_)))
    })
}
