//! Who carries a conclusion, copies counted once.

use super::error::Error;
use super::loaded::Session;
use crate::engine::budget::Budget;
use crate::evidence::SourceId;
use crate::explain::Fact;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Instant;

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

/// Who carries what was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Corroboration {
    /// A fact, that holds or not.
    Fact(Box<Corroborated>),
    /// All conclusions that agree with an atom.
    Facts(Ranking),
}

/// Conclusions, those with the fewest independent roots first; as JSON an array.
#[derive(Clone, Debug)]
pub struct Ranking {
    pub conclusions: Vec<Corroborated>,
    /// Conclusions for which no time was left.
    pub left: usize,
}

impl Serialize for Ranking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.conclusions.serialize(serializer)
    }
}

impl Session {
    /// The sources of a fact, folded to their independent roots through `derived_from`.
    pub fn corroboration(&mut self, fact: &str) -> Result<Corroborated, Error> {
        self.refresh()?;
        let fact = self.parse_fact(fact)?;
        Ok(self.corroborated(&fact, &self.explanation_budget()))
    }

    /// The same of all facts that agree with an atom, `_` for any value.
    pub fn corroborations(&mut self, atom: &str) -> Result<Corroboration, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(atom)?;
        let budget = self.explanation_budget();
        if let Some(row) = pattern.codes.iter().copied().collect::<Option<Vec<_>>>() {
            let fact = Fact::new(pattern.relation, &row);
            return Ok(Corroboration::Fact(Box::new(
                self.corroborated(&fact, &budget),
            )));
        }
        let facts = self.facts_matching(&pattern);
        // The time is for all of them together, the rows are for each.
        let began = Instant::now();
        let found = self.pool.each(&facts, |fact| {
            let left = match budget.time {
                Some(time) => Some(time.checked_sub(began.elapsed())?),
                None => None,
            };
            let budget = Budget {
                time: left,
                ..budget.clone()
            };
            Some(self.corroborated(fact, &budget))
        });
        let left = found.iter().filter(|one| one.is_none()).count();
        let mut conclusions: Vec<Corroborated> = found.into_iter().flatten().collect();
        conclusions.sort_by(|a, b| {
            let key = |one: &Corroborated| (one.independent, one.root_sets.len());
            key(a).cmp(&key(b)).then_with(|| a.fact.cmp(&b.fact))
        });
        Ok(Corroboration::Facts(Ranking { conclusions, left }))
    }

    fn corroborated(&self, fact: &Fact, budget: &Budget) -> Corroborated {
        let case = self.case();
        let found = case.corroboration(fact, budget);
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
        Corroborated {
            fact: self.fact_text(fact),
            sources: self.source_texts(&found.sources),
            root_sets: found
                .root_sets
                .iter()
                .map(|set| self.source_texts(set))
                .collect(),
            complete: found.complete,
            notes: match case.holds(fact) {
                true => Vec::new(),
                false => self.notes_on_fact(fact),
            },
            holds: case.holds(fact),
            independent: found.independent,
            copies,
        }
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

impl Corroborated {
    /// Roots that are in every set of them.
    fn needed(&self) -> Vec<&str> {
        let Some((first, others)) = self.root_sets.split_first() else {
            return Vec::new();
        };
        let everywhere = |root: &&String| others.iter().all(|set| set.contains(root));
        first
            .iter()
            .filter(everywhere)
            .map(|root| &**root)
            .collect()
    }
}

impl fmt::Display for Corroboration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corroboration::Fact(one) => one.fmt(f),
            Corroboration::Facts(ranking) => ranking.fmt(f),
        }
    }
}

impl fmt::Display for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ranking { conclusions, left } = self;
        if conclusions.is_empty() && *left == 0 {
            return writeln!(f, "no conclusion: nothing of this follows");
        }
        let width = conclusions.iter().map(|one| one.fact.chars().count()).max();
        let width = width.unwrap_or(0);
        writeln!(
            f,
            "roots  sources  conclusion, the least corroborated first"
        )?;
        for one in conclusions {
            let least = if one.complete { ' ' } else { '≥' };
            let (roots, sources) = (one.independent, one.sources.len());
            let on = match (one.root_sets.is_empty(), one.needed()) {
                (true, _) => "nobody's claim".to_owned(),
                (false, needed) if needed.is_empty() || !one.complete => String::new(),
                (false, needed) => format!("every support needs {}", needed.join(" and ")),
            };
            let line = format!(
                "{least}{roots:>4}  {least}{sources:>6}  {:width$}   {on}",
                one.fact
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        if conclusions.iter().any(|one| !one.complete) {
            writeln!(f, "≥: THE SEARCH WAS CUT SHORT, there may be more")?;
        }
        match left {
            0 => Ok(()),
            left => writeln!(
                f,
                "NOT ALL: no time was left for {left} more; --timeout gives more"
            ),
        }
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
