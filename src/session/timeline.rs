//! Since when each conclusion could be known.

use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use crate::analysis::checked::{LiteralKind, RelationId, Rule};
use crate::engine::Database;
use crate::evidence::{Claim, Day, PartialDate};
use crate::explain::{Case, DaySet, Emergence, Fact, Facts, History, Reading};
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
    /// All dates are worked out together, and before them a day on which nothing was published. Where a choice, a subsumption or a counter has a say, the program is run for
    /// every date of publication instead.
    pub fn timeline(&mut self, atom: &str) -> Result<Timeline, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(atom)?;
        let dates = self.publications(&self.cone(pattern.relation));
        let mut timeline = Timeline {
            entries: Vec::new(),
            complete: true,
        };
        let case = self.case();
        let from = |claim: &Claim| {
            let last = self.published(claim)?.last_day();
            Some(dates.partition_point(|date| date.last_day() < last))
        };
        let days_of = |claim| {
            let from = from(&self.claims()[claim]);
            DaySet::of(dates.len() + 1, |day| from.is_some_and(|from| from < day))
        };
        let budget = self.explanation_budget();
        let relation = [pattern.relation];
        match case.history(&relation, Reading::Apart, dates.len() + 1, &days_of, &budget) {
            Ok(Some(history)) => self.by_history(&pattern, &dates, &history, &mut timeline),
            Ok(None) => self.by_running(&pattern, &dates, &mut timeline)?,
            Err(_) => timeline.complete = false,
        }
        timeline.entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.day.is_none(), entry.day);
            key(a).cmp(&key(b)).then_with(|| a.fact.cmp(&b.fact))
        });
        Ok(timeline)
    }

    fn published(&self, claim: &Claim) -> Option<PartialDate> {
        self.data.sources[claim.source?].published
    }

    /// The dates of publication of what is said about some relations, ascending.
    fn publications(&self, relations: &FxHashSet<RelationId>) -> Vec<PartialDate> {
        let mut dates: Vec<PartialDate> = self
            .claims()
            .iter()
            .filter(|(_, claim)| relations.contains(&claim.relation))
            .filter_map(|(_, claim)| self.published(claim))
            .collect();
        dates.sort_by_key(|date| (date.last_day(), date.first_day()));
        dates.dedup_by_key(|date| date.last_day());
        dates
    }

    fn by_history(
        &self,
        pattern: &Pattern,
        dates: &[PartialDate],
        history: &History,
        timeline: &mut Timeline,
    ) {
        let now: FxHashSet<Fact> = self.facts_matching(pattern).into_iter().collect();
        let mut spans: FxHashMap<Fact, (usize, usize)> = FxHashMap::default();
        if history.changes(pattern.relation) {
            for row in history.matching(pattern.relation, &pattern.codes).iter() {
                let fact = Fact::new(pattern.relation, &row);
                let days = history.days_of(&fact);
                let span = days.and_then(|days| Some((days.first()?, days.last()?)));
                if let Some(span) = span.filter(|_| pattern.agrees(&row)) {
                    spans.insert(fact, span);
                }
            }
        }
        let on = |day: usize, facts: &mut dyn FnMut(&Case)| facts(&self.case_of(&history.on(day)));
        self.enter(dates, &now, spans, &on, timeline);
    }

    fn by_running(
        &self,
        pattern: &Pattern,
        dates: &[PartialDate],
        timeline: &mut Timeline,
    ) -> Result<(), Error> {
        let by = |day: usize| {
            let date = day.checked_sub(1).map(|at| dates[at].last_day());
            self.run_with(|claim| {
                let published = self.published(claim).map(PartialDate::last_day);
                published.is_some() && published <= date
            })
        };
        let started = Instant::now();
        let time = self.explanation_budget().time;
        let in_time = || time.is_none_or(|time| started.elapsed() < time);
        // Every date on its own, so that all threads can help.
        let rows: Vec<Option<Result<FxHashSet<Fact>, Error>>> = self.pool.install(|| {
            (0..=dates.len())
                .into_par_iter()
                .map(|day| {
                    in_time().then(|| {
                        let database = by(day)?;
                        let rows = database.matching(pattern.relation, &pattern.codes);
                        let rows = rows.iter().filter(|row| pattern.agrees(row));
                        Ok(rows.map(|row| Fact::new(pattern.relation, &row)).collect())
                    })
                })
                .collect()
        });
        let now: FxHashSet<Fact> = self.facts_matching(pattern).into_iter().collect();
        let mut spans: FxHashMap<Fact, (usize, usize)> = FxHashMap::default();
        for (at, rows) in rows.into_iter().enumerate() {
            match rows {
                None => timeline.complete = false,
                Some(rows) => {
                    for fact in rows? {
                        spans.entry(fact).or_insert((at, at)).1 = at;
                    }
                }
            }
        }
        let mut firsts: Vec<usize> = spans.values().map(|span| span.0).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let databases: FxHashMap<usize, Database> = firsts
            .into_iter()
            .map(|day| Ok((day, by(day)?)))
            .collect::<Result<_, Error>>()?;
        let on = |day: usize, facts: &mut dyn FnMut(&Case)| {
            if let Some(database) = databases.get(&day) {
                facts(&self.case_over(database));
            }
        };
        self.enter(dates, &now, spans, &on, timeline);
        Ok(())
    }

    /// `spans`: by fact the first day with it, and the last; day 0 comes before all dates. `on` shows the case of a day.
    fn enter(
        &self,
        dates: &[PartialDate],
        now: &FxHashSet<Fact>,
        spans: FxHashMap<Fact, (usize, usize)>,
        on: &dyn Fn(usize, &mut dyn FnMut(&Case)),
        timeline: &mut Timeline,
    ) {
        for fact in now.iter().filter(|fact| !spans.contains_key(fact)) {
            let undated = Emergence {
                date: None,
                through: Vec::new(),
            };
            timeline.entries.push(self.entry(fact, undated, None));
        }
        let mut by_date: Vec<(Fact, (usize, usize))> = spans.into_iter().collect();
        by_date.sort_by(|a, b| (a.1.0, &a.0).cmp(&(b.1.0, &b.0)));
        for group in by_date.chunk_by(|a, b| a.1.0 == b.1.0) {
            let first = group[0].1.0;
            let date = first.checked_sub(1).map(|at| dates[at]);
            on(first, &mut |case| {
                for (fact, (_, last)) in group {
                    let last_day = |date: Option<PartialDate>| date.map(PartialDate::last_day);
                    let on_the_day = |found: &Emergence| last_day(found.date) == last_day(date);
                    // Otherwise what was published that day took an obstacle away.
                    let through = case
                        .emergence(fact, &self.explanation_budget())
                        .filter(on_the_day)
                        .map_or_else(Vec::new, |found| found.through);
                    let until = match now.contains(fact) {
                        true => None,
                        false => dates.get(*last).map(PartialDate::to_string),
                    };
                    let emergence = Emergence { date, through };
                    timeline.entries.push(self.entry(fact, emergence, until));
                }
            });
        }
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

    /// The relations that one is made from, itself included.
    fn cone(&self, relation: RelationId) -> FxHashSet<RelationId> {
        let program = self.program();
        let mut cone = FxHashSet::from_iter([relation]);
        let mut open = vec![relation];
        while let Some(relation) = open.pop() {
            for (_, rule) in program.rules_of(relation) {
                each_read(rule, |read| {
                    if cone.insert(read) {
                        open.push(read);
                    }
                });
            }
        }
        cone
    }
}

fn each_read(rule: &Rule, mut f: impl FnMut(RelationId)) {
    let mut open: Vec<_> = rule.body.iter().collect();
    while let Some(literal) = open.pop() {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom.relation),
            LiteralKind::Aggregate(aggregate) => open.extend(&aggregate.body),
            _ => {}
        }
    }
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
