//! Names and constants a person may want to type next.

use super::loaded::Session;
use crate::analysis::checked::{RelationId, ValueType};
use crate::io::quote_value;
use crate::storage::Code;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A relation as one types it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    pub name: Arc<str>,
    pub attributes: Vec<Arc<str>>,
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.attributes.join(", "))
    }
}

/// Rows or symbols looked through at most while a person waits for a key.
const MOST_LOOKED_AT: usize = 2_000_000;

impl Session {
    /// Relations whose names begin so, ascending.
    pub fn signatures(&self, prefix: &str) -> Vec<Signature> {
        let mut found: Vec<Signature> = self
            .program()
            .relations()
            .filter(|(_, relation)| relation.name.starts_with(prefix))
            .filter_map(|(_, relation)| self.signature(&relation.name))
            .collect();
        found.sort();
        found
    }

    /// The relation of this name.
    pub fn signature(&self, name: &str) -> Option<Signature> {
        let relation = &self.program()[self.program().relation_named(name)?];
        Some(Signature {
            name: relation.name.clone(),
            attributes: relation.attributes.iter().map(|a| a.name.clone()).collect(),
        })
    }

    /// Symbols that stand at this place of a relation and begin so, as string literals, ascending, `most` at most.
    /// Of a very large relation: any symbols of the case.
    pub fn constants(
        &self,
        relation: &str,
        position: usize,
        prefix: &str,
        most: usize,
    ) -> Vec<String> {
        let Some(id) = self.program().relation_named(relation) else {
            return Vec::new();
        };
        match self.program()[id].attributes.get(position) {
            Some(attribute) if attribute.ty == ValueType::Symbol => {}
            _ => return Vec::new(),
        }
        match self.database().len(id) <= MOST_LOOKED_AT {
            true => self.literals(self.column(id, position).into_iter(), prefix, most),
            false => self.symbols(prefix, most),
        }
    }

    /// Ids of sources and claims that begin so, ascending, `most` at most.
    pub fn claim_or_source_ids(&self, prefix: &str, most: usize) -> Vec<String> {
        let sources = self.source_register().iter().map(|(_, source)| &*source.id);
        let claims = self.claims().iter().map(|(_, claim)| claim.id);
        let found: std::collections::BTreeSet<&str> = sources
            .chain(claims)
            .filter(|id| id.starts_with(prefix))
            .collect();
        found.into_iter().take(most).map(str::to_owned).collect()
    }

    /// Files that clauses were read from whose name, with or without its directories, begins so.
    pub fn rule_file_names(&self, prefix: &str) -> Vec<String> {
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let names: std::collections::BTreeSet<String> = self
            .texts()
            .files()
            .map(|(_, file)| short(file.name()))
            .filter(|name| name.ends_with(".dl") && name.starts_with(prefix))
            .collect();
        names.into_iter().collect()
    }

    /// Symbols of the case that begin so, as string literals, ascending, `most` at most.
    pub fn symbols(&self, prefix: &str, most: usize) -> Vec<String> {
        let known = self.dictionary().symbol_count().min(MOST_LOOKED_AT) as u32;
        self.literals((0..known).map(Code), prefix, most)
    }

    /// The values of a column, ascending by code.
    pub(super) fn column(&self, id: RelationId, position: usize) -> Vec<Code> {
        let mut codes = self.database().rows(id).column(position).to_vec();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    fn literals(
        &self,
        codes: impl Iterator<Item = Code>,
        prefix: &str,
        most: usize,
    ) -> Vec<String> {
        let dictionary = self.dictionary();
        let found: BTreeMap<&str, Code> = codes
            .map(|code| (dictionary.text(code), code))
            .filter(|(text, _)| text.starts_with(prefix))
            .collect();
        found
            .into_values()
            .take(most)
            .map(|code| quote_value(dictionary, self.program(), ValueType::Symbol, code))
            .collect()
    }
}
