//! What a session holds: its relations, schemas, rules and sources.

use super::answer::{Answer, AttributeType, RelationSize, RuleText, Schema, SourceLine};
use super::data::file_name;
use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::{RelationId, Rule};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::source::Span;
use std::collections::HashSet;
use std::time::Instant;

impl Session {
    pub(super) fn relation_sizes(&self) -> Vec<RelationSize> {
        let mut sizes: Vec<RelationSize> = self
            .program()
            .relations()
            .map(|(id, relation)| RelationSize {
                name: relation.name.clone(),
                attributes: relation.attributes.iter().map(|a| a.name.clone()).collect(),
                rows: self.database().len(id) as u64,
                rules: self.clauses_of(id).len(),
            })
            .collect();
        sizes.sort_by(|a, b| a.name.cmp(&b.name));
        sizes
    }

    pub(super) fn schema(&self, name: &str) -> Result<Schema, Error> {
        let id = self.relation(name)?;
        let relation = &self.program()[id];
        let inputs = self
            .program()
            .directives()
            .iter()
            .filter(|directive| directive.kind == DirectiveKind::Input && directive.relation == id)
            .map(|directive| file_name(self.program(), directive))
            .collect();
        Ok(Schema {
            name: relation.name.clone(),
            doc: relation.doc.clone(),
            attributes: relation
                .attributes
                .iter()
                .map(|attribute| AttributeType {
                    name: attribute.name.clone(),
                    r#type: attribute.type_name.clone(),
                })
                .collect(),
            declared: self.texts().locate(relation.span).to_string(),
            inputs,
            rules: self.clauses_of(id).len(),
            rows: self.database().len(id) as u64,
        })
    }

    pub(super) fn rule_texts(&self, name: Option<&str>) -> Result<Vec<RuleText>, Error> {
        let spans = match name {
            Some(name) => {
                let id = self.relation(name)?;
                self.clauses_of(id)
            }
            None => distinct(self.program().rules().map(|(_, rule)| rule)),
        };
        Ok(spans
            .into_iter()
            .map(|span| RuleText {
                at: self.texts().locate(span),
                text: self.texts().slice(span).to_owned(),
            })
            .collect())
    }

    /// Sources that state facts of a relation, or all, those that say most first.
    pub(super) fn source_lines(&self, name: Option<&str>) -> Result<Vec<SourceLine>, Error> {
        let relation = name.map(|name| self.relation(name)).transpose()?;
        let register = self.source_register();
        let mut counts = vec![0usize; register.len()];
        for (id, claim) in self.claims().iter() {
            let counts_here = match relation {
                Some(relation) => claim.relation == relation,
                None => !self.claims().is_repeat(id),
            };
            if let Some(source) = claim.source
                && counts_here
            {
                counts[source.index()] += 1;
            }
        }
        let mut lines: Vec<SourceLine> = register
            .iter()
            .filter(|(id, _)| relation.is_none() || counts[id.index()] > 0)
            .map(|(id, source)| SourceLine {
                id: source.id.clone(),
                reliability: source.reliability.to_string(),
                published: source.published.map(|date| date.to_string()),
                publisher: source.publisher.clone(),
                title: source.title.clone(),
                claims: counts[id.index()],
            })
            .collect();
        lines.sort_by(|a, b| b.claims.cmp(&a.claims).then_with(|| a.id.cmp(&b.id)));
        Ok(lines)
    }

    /// Rows of a relation, answers of a query, or rows of every relation.
    pub(super) fn count(&mut self, what: Option<&str>) -> Result<Answer, Error> {
        let started = Instant::now();
        let counts = match what {
            None => self
                .relation_sizes()
                .into_iter()
                .map(|size| (size.name, size.rows))
                .collect(),
            Some(what) => match self.program().relation_named(what.trim()) {
                Some(id) => vec![(
                    self.program()[id].name.clone(),
                    self.database().len(id) as u64,
                )],
                None if what.contains(['(', '=', '<', '>']) => {
                    vec![(what.trim().into(), self.query(what)?.len() as u64)]
                }
                None => {
                    self.relation(what)?;
                    Vec::new()
                }
            },
        };
        Ok(Answer::Count {
            counts,
            elapsed: started.elapsed(),
        })
    }

    /// The clauses with a body that derive a relation, as written.
    fn clauses_of(&self, id: RelationId) -> Vec<Span> {
        distinct(self.program().rules_of(id).map(|(_, rule)| rule))
    }
}

/// One clause with `;` or many heads is several rules.
fn distinct<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<Span> {
    let mut seen = HashSet::new();
    rules
        .filter(|rule| !rule.body.is_empty())
        .map(|rule| rule.span)
        .filter(|span| seen.insert(*span))
        .collect()
}
