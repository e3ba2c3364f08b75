//! Since when each conclusion could be known.

use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::{LiteralKind, RelationId, Rule};
use crate::evidence::{Claim, Day, PartialDate};
use crate::explain::{Emergence, Fact};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Instant;

/// In the order of their dates, then of the facts; those without a date come last.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub entries: Vec<Entry>,
    /// Whether every publication date was looked at.
    pub complete: bool,
}

/// `{"date": "2019-05-02", "fact": "…", "through": ["a2"]}`
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// As the sources write it. `None`: no dated source makes it derivable.
    pub date: Option<String>,
    pub fact: String,
    /// Sources published then that its first derivations lean on.
    pub through: Vec<String>,
    /// The publication date from which it did not follow any more, where it does not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip)]
    day: Option<Day>,
}

impl Session {
    /// On which publication date each fact that agrees with an atom first became derivable, and through which sources.
    ///
    /// Where no negation, total, choice or subsumption is in the way, more publications never derive less, and the graph
    /// of derivations tells. Elsewhere the program is run for every date of publication.
    pub fn timeline(&mut self, atom: &str) -> Result<Timeline, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(atom)?;
        let (cone, monotone) = self.cone(pattern.relation);
        let mut timeline = Timeline {
            entries: Vec::new(),
            complete: true,
        };
        if monotone {
            let case = self.case();
            for fact in self.facts_matching(&pattern) {
                match case.emergence(&fact, &self.explanation_budget()) {
                    Some(found) => timeline.entries.push(self.entry(&fact, found, None)),
                    None => timeline.complete = false,
                }
            }
        } else {
            self.by_running(&pattern, &cone, &mut timeline)?;
        }
        timeline.entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.day.is_none(), entry.day);
            key(a).cmp(&key(b)).then_with(|| a.fact.cmp(&b.fact))
        });
        Ok(timeline)
    }

    fn by_running(
        &self,
        pattern: &super::explained::Pattern,
        cone: &FxHashSet<RelationId>,
        timeline: &mut Timeline,
    ) -> Result<(), Error> {
        let published = |claim: &Claim| self.data.sources[claim.source?].published;
        let mut dates: Vec<PartialDate> = self
            .claims()
            .iter()
            .filter(|(_, claim)| cone.contains(&claim.relation))
            .filter_map(|(_, claim)| published(claim))
            .collect();
        dates.sort_by_key(|date| (date.last_day(), date.first_day()));
        dates.dedup_by_key(|date| date.last_day());
        let started = Instant::now();
        let time = self.explanation_budget().time;
        let in_time = || time.is_none_or(|time| started.elapsed() < time);
        // Every date on its own, so that all threads can help.
        let rows: Vec<Option<Result<FxHashSet<Fact>, Error>>> = self.pool.install(|| {
            dates
                .par_iter()
                .map(|date| {
                    in_time().then(|| {
                        let database = self.run_with(|claim| {
                            published(claim).is_some_and(|one| one.last_day() <= date.last_day())
                        })?;
                        let rows = database.matching(pattern.relation, &pattern.codes);
                        let facts = rows.iter().map(|row| Fact::new(pattern.relation, &row));
                        Ok(facts.collect())
                    })
                })
                .collect()
        });
        let now: FxHashSet<Fact> = self.facts_matching(pattern).into_iter().collect();
        // By fact: the first date with it, and the last.
        let mut found: FxHashMap<Fact, (usize, usize)> = FxHashMap::default();
        for (at, rows) in rows.into_iter().enumerate() {
            match rows {
                None => timeline.complete = false,
                Some(rows) => {
                    for fact in rows? {
                        found.entry(fact).or_insert((at, at)).1 = at;
                    }
                }
            }
        }
        let mut by_date: Vec<(Fact, (usize, usize))> = found.clone().into_iter().collect();
        by_date.sort_by(|a, b| (a.1.0, &a.0).cmp(&(b.1.0, &b.0)));
        for group in by_date.chunk_by(|a, b| a.1.0 == b.1.0) {
            let date = dates[group[0].1.0];
            let database = self.run_with(|claim| {
                published(claim).is_some_and(|one| one.last_day() <= date.last_day())
            })?;
            let case = self.case_over(&database);
            for (fact, (_, last)) in group {
                let on_the_day = |found: &Emergence| {
                    found
                        .date
                        .is_some_and(|found| found.last_day() == date.last_day())
                };
                // Otherwise what was published that day took an obstacle away.
                let through = case
                    .emergence(fact, &self.explanation_budget())
                    .filter(on_the_day)
                    .map_or_else(Vec::new, |found| found.through);
                let until = match now.contains(fact) {
                    true => None,
                    false => dates.get(last + 1).map(PartialDate::to_string),
                };
                let emergence = Emergence {
                    date: Some(date),
                    through,
                };
                timeline.entries.push(self.entry(fact, emergence, until));
            }
        }
        for fact in now.iter().filter(|fact| !found.contains_key(fact)) {
            let undated = Emergence {
                date: None,
                through: Vec::new(),
            };
            timeline.entries.push(self.entry(fact, undated, None));
        }
        Ok(())
    }

    fn entry(&self, fact: &Fact, found: Emergence, until: Option<String>) -> Entry {
        Entry {
            date: found.date.map(|date| date.to_string()),
            fact: self.fact_text(fact),
            through: self.source_texts(&found.through),
            until,
            day: found.date.map(PartialDate::last_day),
        }
    }

    /// The relations that one is made from, itself included, and whether more of them never makes less of it.
    fn cone(&self, relation: RelationId) -> (FxHashSet<RelationId>, bool) {
        let program = self.program();
        let mut monotone = true;
        let mut cone = FxHashSet::from_iter([relation]);
        let mut open = vec![relation];
        while let Some(relation) = open.pop() {
            monotone &= program[relation].choice_domains.is_empty();
            monotone &= program[relation].lattice.is_none();
            monotone &= !program
                .subsumptions()
                .iter()
                .any(|rule| rule.relation == relation);
            for (_, rule) in program.rules_of(relation) {
                monotone &= reads(rule, |read| {
                    if cone.insert(read) {
                        open.push(read);
                    }
                });
            }
        }
        (cone, monotone)
    }
}

/// Calls `f` on every relation a rule reads; false when it reads one as absent or in a total.
fn reads(rule: &Rule, mut f: impl FnMut(RelationId)) -> bool {
    let mut monotone = true;
    let mut open: Vec<_> = rule.body.iter().collect();
    while let Some(literal) = open.pop() {
        match &literal.kind {
            LiteralKind::Atom(atom) => f(atom.relation),
            LiteralKind::Negated(atom) => {
                monotone = false;
                f(atom.relation);
            }
            LiteralKind::Aggregate(aggregate) => {
                monotone = false;
                open.extend(&aggregate.body);
            }
            _ => {}
        }
    }
    monotone
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            writeln!(
                f,
                "nothing of this follows, now or from what was published earlier"
            )?;
        }
        for entry in &self.entries {
            let date = entry.date.as_deref().unwrap_or("no date");
            write!(f, "{date:<10}  {}", entry.fact)?;
            if !entry.through.is_empty() {
                write!(f, "   through {}", entry.through.join(", "))?;
            }
            if let Some(until) = &entry.until {
                write!(f, "   until {until}")?;
            }
            writeln!(f)?;
        }
        match self.complete {
            true => Ok(()),
            false => writeln!(
                f,
                "NOT FINISHED: some dates were not looked at, the time is up"
            ),
        }
    }
}
