//! The door for embedding programs: Rust values in, Rust values out.

use super::decode::RowError;
use super::encode::{Encoding, encode_row};
use super::error::{Error, Findings};
use super::loaded::Session;
use crate::analysis::checked::RelationId;
use crate::analysis::findings::closest;
use crate::storage::Rows;
use crate::syntax::diagnostic::Diagnostic;
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Session {
    /// States one row. It takes effect with the next run, query or command.
    ///
    /// Fields of structs and tuples are matched to the relation's attributes in order, keys of maps by name. Integers
    /// fit `number` and `unsigned` (and `float`, where they are exact), texts and unit variants fit `symbol`, nested
    /// structs and tuples fit records, enums fit algebraic types.
    pub fn insert<T: Serialize + ?Sized>(&mut self, relation: &str, row: &T) -> Result<(), Error> {
        self.insert_all(relation, std::iter::once(row))
    }

    /// States many rows, or none when one of them does not fit.
    pub fn insert_all<T, I>(&mut self, relation: &str, rows: I) -> Result<(), Error>
    where
        T: Serialize,
        I: IntoIterator<Item = T>,
    {
        self.widen();
        let id = self.relation(relation)?;
        let program = self.program.checked.clone();
        let encoding = Encoding {
            program: &program,
            dictionary: self.dictionary(),
        };
        let attributes = &program[id].attributes;
        let mut encoded = Rows::new(attributes.len());
        for row in rows {
            let codes = encode_row(encoding, attributes, &row)
                .map_err(|error| error.in_relation(relation))?;
            encoded.push(&codes);
        }
        if !encoded.is_empty() {
            self.inserted.push((id, encoded));
            self.stale = true;
        }
        Ok(())
    }

    /// Answers a query with Rust values: structs and tuples take the columns in order, maps by name, scalars the only
    /// column.
    pub fn query_as<T: DeserializeOwned>(&mut self, body: &str) -> Result<Vec<T>, Error> {
        Ok(self.query(body)?.decode()?)
    }

    /// The relation of this name, or what is near it.
    pub(super) fn relation(&self, name: &str) -> Result<RelationId, Error> {
        let name = name.trim();
        self.program.checked.relation_named(name).ok_or_else(|| {
            Error::Rejected(Findings::new(vec![self.no_relation(name)], &self.sources))
        })
    }

    fn no_relation(&self, name: &str) -> Diagnostic {
        let names = self
            .program
            .checked
            .relations()
            .map(|(_, relation)| &*relation.name);
        let wrong = Diagnostic::error("D101", format!("no relation `{name}`"));
        match closest(name, names) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong,
        }
    }
}

impl RowError {
    fn in_relation(self, relation: &str) -> RowError {
        RowError::new(format!("a row for `{relation}`: {self}"))
    }
}
