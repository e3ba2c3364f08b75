//! Who carries a conclusion, copies counted once.

use super::error::Error;
use super::loaded::Session;
use crate::evidence::SourceId;
use serde::Serialize;
use std::fmt;

/// `{"fact": "…", "sources": ["a1", "a2"], "root_sets": [["a1"]]}`
#[derive(Clone, Debug, Serialize)]
pub struct Corroborated {
    pub fact: String,
    /// Every source that has a part in some minimal support, in the order of the register.
    pub sources: Vec<String>,
    /// Minimal sets of independent roots that carry the fact together, fewest first.
    pub root_sets: Vec<Vec<String>>,
    /// Whether all of them are there: no budget cut the search short.
    pub complete: bool,
    /// Why it may be that it does not hold, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    #[serde(skip)]
    pub holds: bool,
    /// The most root sets that have no root in common.
    #[serde(skip)]
    pub independent: usize,
    /// Sources that repeat others, each with its roots.
    #[serde(skip)]
    pub copies: Vec<(String, Vec<String>)>,
}

impl Session {
    /// The sources of a fact, folded to their independent roots through `derived_from`.
    pub fn corroboration(&mut self, fact: &str) -> Result<Corroborated, Error> {
        self.refresh()?;
        let fact = self.parse_fact(fact)?;
        let case = self.case();
        let found = case.corroboration(&fact, &self.explanation_budget());
        let copies = found
            .sources
            .iter()
            .filter(|&&source| self.data.sources.roots(source) != [source])
            .map(|&source| {
                (
                    self.source_text(source),
                    self.source_texts(self.data.sources.roots(source)),
                )
            })
            .collect();
        Ok(Corroborated {
            fact: self.fact_text(&fact),
            sources: self.source_texts(&found.sources),
            root_sets: found
                .root_sets
                .iter()
                .map(|set| self.source_texts(set))
                .collect(),
            complete: found.complete,
            notes: match case.holds(&fact) {
                true => Vec::new(),
                false => self.notes_on_fact(&fact),
            },
            holds: case.holds(&fact),
            independent: found.independent,
            copies,
        })
    }

    pub(super) fn source_text(&self, source: SourceId) -> String {
        self.data.sources[source].id.to_string()
    }

    pub(super) fn source_texts(&self, sources: &[SourceId]) -> Vec<String> {
        sources
            .iter()
            .map(|&source| self.source_text(source))
            .collect()
    }
}

impl fmt::Display for Corroborated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.holds {
            writeln!(f, "{} does not hold", self.fact)?;
            return self.notes.iter().try_for_each(|note| writeln!(f, "{note}"));
        }
        if self.root_sets.is_empty() {
            return writeln!(
                f,
                "{} needs no source: what it rests on is nobody's claim",
                self.fact
            );
        }
        let least = if self.complete { "" } else { "at least " };
        let plural = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            count => format!("{count} {noun}s"),
        };
        writeln!(
            f,
            "{}\n{least}{} through {}, {least}{} with no root in common",
            self.fact,
            plural(self.root_sets.len(), "root set"),
            plural(self.sources.len(), "source"),
            self.independent
        )?;
        for set in &self.root_sets {
            writeln!(f, "  {}", set.join(" and "))?;
        }
        for (source, roots) in &self.copies {
            writeln!(f, "  {source} repeats {}", roots.join(" and "))?;
        }
        match self.complete {
            true => Ok(()),
            false => writeln!(
                f,
                "THE SEARCH WAS CUT SHORT: there may be more root sets, and smaller ones"
            ),
        }
    }
}
