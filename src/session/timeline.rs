//! Since when each conclusion could be known.

use super::at_once::ValidDays;
use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use crate::analysis::checked::{LiteralKind, RelationId, Rule};
use crate::engine::StopReason;
use crate::evidence::{self, Claim, PartialDate, SourceId};
use crate::explain::{DaySet, Fact, Facts, Reading};
use crate::storage::Rows;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Range;
use std::time::Instant;

/// Days of a calendar that are worked out in two parts.
const MANY_DAYS: usize = if cfg!(test) { 4 } else { 16 };

/// In the order of their dates, then of the facts; those without a date come last.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub entries: Vec<Entry>,
    /// Whether every publication date was looked at.
    pub complete: bool,
    /// Why there may be nothing to tell, a sentence each.
    pub notes: Vec<String>,
}

/// `{"date": "2019-05-02", "fact": "…", "through": ["a2"]}`
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// As the sources write it. `None`: no dated source makes it derivable.
    pub date: Option<String>,
    pub fact: String,
    /// Sources published then that brought it about, alone or with others.
    pub through: Vec<String>,
    /// The publication date from which it did not follow any more, where it does not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Where it does not follow now, though it does from all that was published at a date: claims without one end it.
    #[serde(rename = "ended", skip_serializing_if = "std::ops::Not::not")]
    pub ended_at_no_date: bool,
    #[serde(skip)]
    day: Option<evidence::Day>,
}

/// The days that a timeline looks at: every date, then what each source of a date has to do with it, and last a day
/// before all dates.
#[derive(Default)]
struct Calendar {
    /// Dates of publication, ascending, each with the sources of that date.
    dates: Vec<(PartialDate, Vec<SourceId>)>,
    days: Vec<Day>,
}

/// What was published before a date, and by some sources on it.
struct Day {
    date: evidence::Day,
    which: Which,
}

enum Which {
    None,
    All,
    Only(SourceId),
    AllBut(SourceId),
}

impl Day {
    fn has(&self, published: evidence::Day, source: SourceId) -> bool {
        published < self.date
            || published == self.date
                && match self.which {
                    Which::None => false,
                    Which::All => true,
                    Which::Only(only) => source == only,
                    Which::AllBut(other) => source != other,
                }
    }
}

impl Calendar {
    /// Those of some days that have what a source published, counted from the first of them.
    fn days_of(&self, some: &Range<usize>, published: PartialDate, source: SourceId) -> DaySet {
        let (days, published) = (&self.days[some.clone()], published.last_day());
        DaySet::of(days.len(), |day| days[day].has(published, source))
    }

    /// Whether these days are some on which everything was published that was until then.
    fn has_whole(&self, days: &DaySet) -> bool {
        days.first().is_some_and(|day| day < self.dates.len()) || self.has_first(days)
    }

    /// Whether the day before all dates is among them.
    fn has_first(&self, days: &DaySet) -> bool {
        !self.days.is_empty() && days.contains(self.days.len() - 1)
    }

    /// The sources of a date that matter for a fact: each alone brings it about, or it does not follow without. Where
    /// none of them does, all.
    fn through(&self, date: usize, days: &DaySet) -> Vec<SourceId> {
        let (on, sources) = &self.dates[date];
        if sources.len() == 1 {
            return sources.clone();
        }
        let mut matter: Vec<SourceId> = Vec::new();
        for (at, day) in self.days.iter().enumerate() {
            let source = match day.which {
                Which::Only(source) if days.contains(at) => source,
                Which::AllBut(source) if !days.contains(at) => source,
                _ => continue,
            };
            if day.date == on.last_day() && !matter.contains(&source) {
                matter.push(source);
            }
        }
        match matter.is_empty() {
            true => sources.clone(),
            false => matter,
        }
    }
}

impl Session {
    /// On which publication date each fact that agrees with an atom first became derivable, and through which sources.
    ///
    /// All dates are worked out together, each with all days on which claims may hold where a conclusion needs its pieces at
    /// one time. Where a choice, a subsumption or a counter has a say, the program is run for every date instead.
    pub fn timeline(&mut self, atom: &str) -> Result<Timeline, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(atom)?;
        let calendar = self.calendar(&self.cone(pattern.relation));
        let never = DaySet::none(calendar.days.len());
        let mut spans: FxHashMap<Fact, DaySet> = FxHashMap::default();
        let complete = match self.by_history(&pattern, &calendar, &mut spans) {
            Ok(true) => true,
            Ok(false) => self.by_running(&pattern, &calendar, &mut spans)?,
            Err(_) => false,
        };
        let now: FxHashSet<Fact> = self.facts_matching(&pattern).into_iter().collect();
        // What leans on claims without a date only is known since no date.
        for fact in &now {
            let entry = spans.entry(fact.clone());
            entry.or_insert_with(|| never.clone());
        }
        // From one source of a date alone more may follow than from all of them.
        let mut entries: Vec<Entry> = spans
            .iter()
            .filter(|(fact, days)| now.contains(*fact) || calendar.has_whole(days))
            .map(|(fact, days)| self.entry(fact, days, now.contains(fact), &calendar))
            .collect();
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.day.is_none(), entry.day);
            key(a).cmp(&key(b)).then_with(|| a.fact.cmp(&b.fact))
        });
        let notes = match entries.is_empty() {
            // A name that was meant may stand anywhere.
            true => {
                self.widen();
                self.refresh()?;
                self.notes_on_pattern(&pattern)
            }
            false => Vec::new(),
        };
        Ok(Timeline {
            entries,
            complete,
            notes,
        })
    }

    /// When a claim was published, and by whom.
    fn published(&self, claim: &Claim) -> Option<(PartialDate, SourceId)> {
        let source = claim.source?;
        Some((self.data.sources[source].published?, source))
    }

    fn calendar(&self, relations: &FxHashSet<RelationId>) -> Calendar {
        let mut published: Vec<(PartialDate, SourceId)> = self
            .claims()
            .iter()
            .filter(|(_, claim)| relations.contains(&claim.relation))
            .filter_map(|(_, claim)| self.published(&claim))
            .collect();
        published.sort_by_key(|(date, source)| (date.last_day(), *source));
        published.dedup();
        let mut calendar = Calendar::default();
        for group in published.chunk_by(|a, b| a.0.last_day() == b.0.last_day()) {
            let date = group[0].0;
            let mut sources: Vec<SourceId> = group.iter().map(|(_, source)| *source).collect();
            sources.dedup();
            calendar.dates.push((date, sources));
        }
        let day = |date: &PartialDate, which| Day {
            date: date.last_day(),
            which,
        };
        let dates = calendar.dates.iter();
        calendar.days = dates.map(|(date, _)| day(date, Which::All)).collect();
        for (date, sources) in calendar.dates.iter().filter(|(_, among)| among.len() > 1) {
            for &source in sources {
                calendar.days.push(day(date, Which::Only(source)));
                calendar.days.push(day(date, Which::AllBut(source)));
            }
        }
        let first = calendar.dates.first();
        calendar
            .days
            .extend(first.map(|(date, _)| day(date, Which::None)));
        calendar
    }

    /// False: that cannot be done.
    fn by_history(
        &self,
        pattern: &Pattern,
        calendar: &Calendar,
        spans: &mut FxHashMap<Fact, DaySet>,
    ) -> Result<bool, StopReason> {
        let count = calendar.days.len();
        // No day has to do with another one, and sets of half as many days take half the time.
        let middle = match count >= MANY_DAYS && self.pool.has_threads() {
            true => count / 2,
            false => count,
        };
        let mut parts = vec![0..middle, middle..count];
        parts.retain(|part| part.start == 0 || !part.is_empty());
        let found = self.pool.each(&parts, |days| {
            self.days_in_history(pattern, calendar, days.clone())
        });
        for (part, found) in parts.iter().zip(found) {
            let Some(found) = found? else {
                return Ok(false);
            };
            for (fact, days) in found {
                let none = || DaySet::none(count);
                let all = spans.entry(fact).or_insert_with(none);
                days.iter().for_each(|day| all.insert(part.start + day));
            }
        }
        Ok(true)
    }

    /// The facts that agree with a pattern on some of the days of a calendar, each with these days, counted from the first
    /// of them.
    fn days_in_history(
        &self,
        pattern: &Pattern,
        calendar: &Calendar,
        part: Range<usize>,
    ) -> Result<Option<Vec<(Fact, DaySet)>>, StopReason> {
        let cone = self.cone(pattern.relation);
        let behind = self.claims().iter();
        let behind = behind.filter(|(_, claim)| cone.contains(&claim.relation));
        let valid = self
            .lens()
            .at_once
            .then(|| ValidDays::of(behind.map(|(_, claim)| claim.interval)));
        // With every day of publication lie the days of one case.
        let case_days = valid.as_ref().map_or(1, |valid| valid.count().count());
        let count = part.len() * case_days;
        let of_source: FxHashMap<SourceId, DaySet> = self
            .data
            .sources
            .iter()
            .filter_map(|(id, source)| Some((id, calendar.days_of(&part, source.published?, id))))
            .collect();
        let add = |days: &mut DaySet, some: Range<usize>, within: &DaySet| {
            days.add_at(some.start * case_days..some.end * case_days, within);
        };
        let days_of = |claim| {
            let claim = &self.claims().get(claim);
            let published = claim.source.and_then(|source| of_source.get(&source));
            let mut days = DaySet::none(count);
            match (published, &valid) {
                (None, _) => {}
                (Some(published), None) => days = published.clone(),
                (Some(published), Some(valid)) => {
                    let within = valid.within(claim.interval);
                    let mut last: Option<Range<usize>> = None;
                    for day in published.iter() {
                        match &mut last {
                            Some(known) if known.end == day => known.end += 1,
                            _ => {
                                let before = last.replace(day..day + 1);
                                before
                                    .into_iter()
                                    .for_each(|some| add(&mut days, some, &within));
                            }
                        }
                    }
                    last.into_iter()
                        .for_each(|some| add(&mut days, some, &within));
                }
            }
            days
        };
        let reading = match &valid {
            None => Reading::Apart,
            Some(valid) => Reading::Cases(valid.count()),
        };
        let case = self.case();
        let asked = [pattern.relation];
        let budget = self.explanation_budget();
        let Some(history) = case.history(&asked, reading, count, &days_of, &budget)? else {
            return Ok(None);
        };
        let mut found = Vec::new();
        for row in history.matching(pattern.relation, &pattern.codes).iter() {
            let fact = Fact::new(pattern.relation, &row);
            if let Some(days) = history.days_of(&fact).filter(|_| pattern.agrees(&row)) {
                let days = match &valid {
                    None => days,
                    Some(_) => DaySet::of(part.len(), |day| days.meets(day * case_days, case_days)),
                };
                found.push((fact, days));
            }
        }
        Ok(Some(found))
    }

    /// False: the time was up before every date was looked at.
    fn by_running(
        &self,
        pattern: &Pattern,
        calendar: &Calendar,
        spans: &mut FxHashMap<Fact, DaySet>,
    ) -> Result<bool, Error> {
        let started = Instant::now();
        let time = self.explanation_budget().time;
        let in_time = || time.is_none_or(|time| started.elapsed() < time);
        // Every day on its own, so that all threads can help.
        let rows: Vec<Option<Result<Rows, Error>>> = self.pool.install(|| {
            calendar
                .days
                .par_iter()
                .map(|day| {
                    in_time().then(|| {
                        let database = self.run_with(pattern.relation, |claim| {
                            let published = self.published(claim);
                            published.is_some_and(|(date, source)| day.has(date.last_day(), source))
                        })?;
                        Ok(database.matching(pattern.relation, &pattern.codes))
                    })
                })
                .collect()
        });
        let mut complete = true;
        for (day, rows) in rows.into_iter().enumerate() {
            let Some(rows) = rows else {
                complete = false;
                continue;
            };
            for row in rows?.iter().filter(|row| pattern.agrees(row)) {
                let none = || DaySet::none(calendar.days.len());
                let fact = Fact::new(pattern.relation, &row);
                spans.entry(fact).or_insert_with(none).insert(day);
            }
        }
        Ok(complete)
    }

    fn entry(&self, fact: &Fact, days: &DaySet, now: bool, calendar: &Calendar) -> Entry {
        let dates = calendar.dates.len();
        let always = calendar.has_first(days);
        let first = days.first().filter(|&day| day < dates && !always);
        let date = first.map(|day| calendar.dates[day].0);
        let last = days.iter().take_while(|&day| day < dates).last();
        let after = last.map_or(0, |last| last + 1);
        let until = match now {
            true => None,
            false => calendar.dates.get(after),
        };
        Entry {
            date: date.map(|date| date.to_string()),
            fact: self.fact_text(fact),
            through: first.map_or_else(Vec::new, |first| {
                self.source_texts(&calendar.through(first, days))
            }),
            until: until.map(|(date, _)| date.to_string()),
            ended_at_no_date: !now && until.is_none(),
            day: date.map(PartialDate::last_day),
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
            self.notes
                .iter()
                .try_for_each(|note| writeln!(f, "{note}"))?;
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
            if entry.ended_at_no_date {
                write!(f, "   not now: claims without a date end it")?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::opened_at;
    use crate::tries::tries;
    use proptest::prelude::*;

    const RULES: &str = r#".decl e(x: number, y: number)
.input e(IO=claims, filename="e.csv")
.decl path(x: number, y: number)
.decl free(x: number)
.decl apart(x: number)
path(x, y) :- e(x, y).
path(x, z) :- path(x, y), e(y, z).
.decl many(x: number, n: number)
free(x) :- path(x, _), !e(_, x).
apart(x) :- e(x, _), !free(x).
many(x, n) :- e(x, _), n = count : { e(x, _) }.
"#;
    const ASKED: [&str; 4] = ["path(_, _)", "free(_)", "apart(_)", "many(_, _)"];

    /// Values, source, first and last year.
    type Row = (u8, u8, usize, Option<u16>, Option<u16>);

    fn opened(
        rows: &[Row],
        published: &[Option<u16>],
        at_once: bool,
    ) -> (tempfile::TempDir, Session) {
        let year = |year: &Option<u16>| year.map_or(String::new(), |year| year.to_string());
        let claim = |(at, (x, y, source, from, to)): (usize, &Row)| {
            let (from, to) = (year(from), year(&to.map(|to| to.max(from.unwrap_or(0)))));
            format!("e{at},{x},{y},x-s{source},{from},{to}\n")
        };
        let claims: String = rows.iter().enumerate().map(claim).collect();
        let source = |(at, on): (usize, &Option<u16>)| format!("x-s{at},{},B\n", year(on));
        let sources: String = published.iter().enumerate().map(source).collect();
        let files = [
            ("rules/x.dl", RULES.to_owned()),
            (
                "facts/e.csv",
                format!("claim_id,x,y,source_id,from,to\n{claims}"),
            ),
            (
                "facts/sources.csv",
                format!("source_id,published,reliability\n{sources}"),
            ),
        ];
        opened_at(&files, 2, at_once)
    }

    fn row() -> impl Strategy<Value = Row> {
        let year = || prop::option::of(2001..2006u16);
        (0..4u8, 0..4u8, 0..5usize, year(), year())
    }

    proptest! {
        #![proptest_config(tries(60))]

        #[test]
        fn days_worked_out_together_are_those_of_runs(
            rows in prop::collection::vec(row(), 1..8),
            published in prop::collection::vec((2010..2014u16).prop_map(Some), 5),
            at_once in any::<bool>(),
        ) {
            let (_directory, mut session) = opened(&rows, &published, at_once);
            for atom in ASKED {
                let pattern = session.parse_pattern(atom).expect("declared");
                let calendar = session.calendar(&session.cone(pattern.relation));
                let (mut together, mut apart) = (FxHashMap::default(), FxHashMap::default());
                prop_assert_eq!(session.by_history(&pattern, &calendar, &mut together), Ok(true));
                prop_assert!(session.by_running(&pattern, &calendar, &mut apart).expect("no budget"));
                prop_assert_eq!(together, apart, "{}", atom);
            }
        }

        #[test]
        fn a_timeline_tells_what_follows_date_by_date_and_now(
            rows in prop::collection::vec(row(), 1..8),
            published in prop::collection::vec(prop::option::weighted(0.7, 2010..2013u16), 5),
            at_once in any::<bool>(),
        ) {
            let (_directory, mut session) = opened(&rows, &published, at_once);
            for atom in ASKED {
                let found = session.timeline(atom).expect("declared");
                let pattern = session.parse_pattern(atom).expect("declared");
                let days: Vec<_> = session.calendar(&session.cone(pattern.relation)).dates;
                let follow = |stands: &dyn Fn(Option<PartialDate>) -> bool| -> Vec<Fact> {
                    let database = session.run_with(pattern.relation, |claim| {
                        stands(session.published(claim).map(|(date, _)| date))
                    });
                    let rows = database.expect("no budget").matching(pattern.relation, &pattern.codes);
                    rows.iter().map(|row| Fact::new(pattern.relation, &row)).collect()
                };
                let before = follow(&|_| false);
                let now = follow(&|_| true);
                let by_date: Vec<Vec<Fact>> = days.iter().map(|(date, _)| {
                    let last = date.last_day();
                    follow(&|on| on.is_some_and(|on| on.last_day() <= last))
                }).collect();
                let mut all = [&before[..], &now, &by_date.concat()].concat();
                all.sort();
                all.dedup();
                let date = |at: usize| days[at].0.to_string();
                let mut expected: Vec<_> = all.iter().map(|fact| {
                    let first = by_date.iter().position(|facts| facts.contains(fact));
                    let first = first.filter(|_| !before.contains(fact)).map(date);
                    let last = by_date.iter().rposition(|facts| facts.contains(fact));
                    let after = last.map_or(0, |last| last + 1);
                    let gone = !now.contains(fact);
                    let until = (gone && after < days.len()).then(|| date(after));
                    let ended = gone && until.is_none();
                    (session.fact_text(fact), first, until, ended)
                }).collect();
                expected.sort();
                let entries = found.entries.into_iter();
                let mut told: Vec<_> = entries
                    .map(|one| (one.fact, one.date, one.until, one.ended_at_no_date))
                    .collect();
                told.sort();
                prop_assert_eq!(told, expected, "{}", atom);
            }
        }
    }
}
