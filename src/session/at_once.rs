//! Runs in which a conclusion whose pieces were never true at one time does not hold.

use super::data::Data;
use super::loaded::{Session, run};
use super::options::Options;
use super::standing::Standing;
use crate::analysis::checked::RelationId;
use crate::engine::Database;
use crate::engine::budget::{Budget, RunReport, Stop, StopReason};
use crate::evidence::{Claims, Day, Interval, Sources};
use crate::explain::{Case, CaseDays, DaySet, Fact, Facts, History, Past, Reading, Since};
use crate::storage::Rows;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Runs a program over these claims and what else is stated, as the lens asks for.
pub(super) fn run_through_lens(
    database: &mut Database,
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<RunReport, Stop> {
    run_and_keep(database, options, claims, sources).map(|(report, _)| report)
}

/// The same, and what follows whether or not it was ever true at one time, where that is something else.
pub(super) fn run_and_keep(
    database: &mut Database,
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<(RunReport, Option<Undated>), Stop> {
    let report = run(database, options)?;
    if !options.lens.at_once || !are_dated(claims) {
        return Ok((report, None));
    }
    let (held, days, report) =
        hold_at_once(database, Part::default(), report, options, claims, sources)?;
    let database = std::mem::replace(database, held);
    Ok((report, Some((database, days))))
}

/// Whether any claim does not hold always.
pub(super) fn are_dated(claims: &Claims) -> bool {
    let mut all = claims.iter();
    all.any(|(_, claim)| claim.interval != Interval::ALWAYS)
}

/// What is to be worked out of what holds at one time.
#[derive(Clone, Copy, Default)]
pub(super) struct Part<'a> {
    /// Relations, with all they are made from; others are left empty. `None`: all.
    pub only: Option<&'a FxHashSet<RelationId>>,
    /// On which days all held in a case of which these relations are otherwise.
    pub since: Option<(&'a KnownDays, &'a FxHashSet<RelationId>)>,
}

/// What holds at one time of what follows, and what a run would report of it.
pub(super) fn hold_at_once(
    ever: &Database,
    part: Part,
    report: RunReport,
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<(Database, Option<KnownDays>, RunReport), Stop> {
    match only_at_once(ever, part, options, claims, sources) {
        Ok((mut held, days)) => {
            let found = held.hold_stated(&options.run_options(), &*options.watch)?;
            let report = RunReport {
                stated: found.stated,
                derived: found.derived,
                violations: found.violations,
                ..report
            };
            Ok((held, days, report))
        }
        Err(reason) => Err(Stop {
            reason,
            rule: None,
            relation: None,
            rows: 0,
            report: Box::new(report),
        }),
    }
}

/// On which days all that follows holds.
pub(super) struct KnownDays {
    pub(super) valid: ValidDays,
    pub(super) past: Past,
}

/// What follows whether or not it was ever true at one time, and on which days.
pub(super) type Undated = (Database, Option<KnownDays>);

/// What follows whether or not it was ever true at one time, on which days, and from what. Changes are followed from
/// there.
pub(super) struct Ever {
    database: Database,
    days: Option<KnownDays>,
    data: Arc<Data>,
    claims: Claims,
    assumed: Arc<FxHashSet<Fact>>,
    withdrawn: Arc<FxHashSet<Fact>>,
}

/// Rows up to which it is kept beside what holds at one time.
const KEPT: u64 = 1 << 20;

impl Ever {
    /// `None`: it is not kept.
    pub fn of((database, days): Undated, standing: Standing, report: &RunReport) -> Option<Ever> {
        (report.stated + report.derived <= KEPT).then_some(Ever {
            database,
            days,
            data: standing.data,
            claims: standing.claims,
            assumed: standing.assumed,
            withdrawn: standing.withdrawn,
        })
    }
}

impl Session {
    /// On which days all holds that follows in the database that is [changeable](Session::changeable).
    pub(super) fn known_days(&self) -> Option<&KnownDays> {
        self.ever.as_ref()?.days.as_ref()
    }

    /// The database whose rules lead to all that follows here: what changes can be followed in. `None`: there is none.
    pub(super) fn changeable(&self) -> Option<&Database> {
        if !self.options.lens.at_once || !are_dated(&self.claims) {
            return (!self.options.lens.at_once).then_some(&self.database);
        }
        let ever = self.ever.as_ref()?;
        let same = Arc::ptr_eq(ever.database.program(), &self.program.checked)
            && Arc::ptr_eq(&ever.data, &self.data)
            && Arc::ptr_eq(&ever.assumed, &self.assumed)
            && Arc::ptr_eq(&ever.withdrawn, &self.withdrawn)
            && ever.claims.standing_but_in(&self.claims).is_empty()
            && self.claims.standing_but_in(&ever.claims).is_empty();
        same.then_some(&ever.database)
    }
}

/// The days to look at to see whether claims hold at one time.
///
/// Intervals on a line have a day in common when any two have (Helly), and then the latest of their first days is one:
/// it is enough to look at the first days of all claims, and at a day before them for claims without one.
#[derive(Clone)]
pub(super) struct ValidDays {
    /// Ascending.
    days: Vec<Option<Day>>,
    /// As many of them as a case has.
    count: CaseDays,
}

impl ValidDays {
    pub fn of(intervals: impl Iterator<Item = Interval>) -> ValidDays {
        let mut days: Vec<_> = intervals.map(Interval::first_day).collect();
        days.push(None);
        days.sort_unstable();
        days.dedup();
        let count = CaseDays::of(days.len());
        ValidDays { days, count }
    }

    /// Whether they are enough for these too.
    fn are_enough_for(&self, mut intervals: impl Iterator<Item = Interval>) -> bool {
        intervals.all(|interval| self.days.binary_search(&interval.first_day()).is_ok())
    }

    pub fn count(&self) -> CaseDays {
        self.count
    }

    pub fn within(&self, interval: Interval) -> DaySet {
        let (days, first, last) = (&self.days, interval.first_day(), interval.last_day());
        let from = days.partition_point(|&day| day < first);
        let to = match last {
            Some(last) => days.partition_point(|&day| day <= Some(last)),
            None => days.len(),
        };
        let mut within = DaySet::none_of_case(self.count.count());
        within.fill(from..to);
        // What a case has beyond them is the day before them all, over and over.
        if first.is_none() {
            within.fill(days.len()..self.count.count());
        }
        within
    }
}

/// The rows of a database that hold on some day, as what is stated in another one.
fn only_at_once(
    database: &Database,
    Part { only, since }: Part,
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<(Database, Option<KnownDays>), StopReason> {
    let program = database.program();
    let case = Case::new(database, program, database.dictionary(), claims, sources);
    let intervals = || claims.iter().map(|(_, claim)| claim.interval);
    let since = since.filter(|(known, _)| known.valid.are_enough_for(intervals()));
    let valid = match since {
        Some((known, _)) => known.valid.clone(),
        None => ValidDays::of(intervals()),
    };
    let days_of = |claim| valid.within(claims.get(claim).interval);
    let all = program.relations().map(|(id, _)| id);
    let all: Vec<_> = all
        .filter(|id| only.is_none_or(|only| only.contains(id)))
        .collect();
    let budget = Budget {
        rows: None,
        ..options.budget.clone()
    };
    let history = case.history_since(
        since.map(|(known, touched)| Since {
            past: &known.past,
            touched,
        }),
        &all,
        Reading::Cases(valid.count()),
        valid.count().count(),
        &days_of,
        &budget,
    )?;
    let mut held = Database::new(program.clone(), database.dictionary().clone());
    for id in all {
        let arity = program[id].arity();
        let rows = match &history {
            Some(history) => history.matching(id, &vec![None; arity]),
            None => database.rows(id),
        };
        let (mut stated, mut derived) = (Rows::new(arity), Rows::new(arity));
        for row in rows.iter() {
            match database.is_stated(id, &row) {
                Some(false) => derived.push(&row),
                Some(true) | None => stated.push(&row),
            }
        }
        held.state(id, stated);
        held.state_derived(id, derived);
    }
    let past = history.as_ref().map(History::past);
    Ok((held, past.map(|past| KnownDays { valid, past })))
}

#[cfg(test)]
mod tests {
    use crate::session::follow_tests::{Choices, rows, told};
    use crate::session::{CaseSpec, Lens, Options, Session, Supposition};
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::fs;

    const RULES: &str = r#".decl e(x: number, y: number)
.input e(IO=claims, filename="e.csv")
.decl n(x: number)
.input n(IO=claims, filename="n.csv")
.decl m(x: number)
.input m
.decl path(x: number, y: number)
.decl free(x: number)
.decl much(x: number, c: number)
.decl alike(x: number, y: number) eqrel
.decl best(x: number, y: number)
.decl both(x: number)
e(0, 1).
m(x) :- n(x), x > 3.
path(x, y) :- e(x, y).
path(x, z) :- path(x, y), e(y, z).
free(x) :- path(x, _), !n(x).
much(x, c) :- n(x), c = count : { path(x, _) }.
alike(x, y) :- e(x, y), n(x).
both(x) :- e(x, y), n(y), !m(y).
best(x, y) :- path(x, y).
best(x, y) <= best(x, z) :- z > y.
:- free(x), both(x).
"#;

    /// Where rules begin that may be withdrawn.
    const PLACES: std::ops::Range<usize> = 14..22;

    const MORE: [&str; 3] = [
        "free(x) :- n(x), !e(x, _).",
        "e(x, y) :- alike(x, y), x < y.",
        ".decl new(x: number) new(x) :- free(x), !n(x). :- new(x), m(x).",
    ];

    /// From and to which year, if there is one.
    type Years = (Option<u16>, Option<u16>);

    fn years() -> impl Strategy<Value = Years> {
        let year = || prop::option::of(2001..2006u16);
        (year(), year()).prop_map(|(from, to)| match (from, to) {
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            open => open,
        })
    }

    fn opened(e: &[(u8, u8, Years)], n: &[(u8, Years)]) -> (tempfile::TempDir, Session) {
        let directory = tempfile::tempdir().unwrap();
        let year = |year: &Option<u16>| year.map_or(String::new(), |year| year.to_string());
        let when = |(from, to): &Years| format!("{},{}", year(from), year(to));
        let write = |name: &str, text: String| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let row = |(at, (x, y, years)): (usize, &(u8, u8, Years))| {
            format!("e{at},{x},{y},{}\n", when(years))
        };
        let text: String = e.iter().enumerate().map(row).collect();
        write("facts/e.csv", format!("claim_id,x,y,from,to\n{text}"));
        let row = |(at, (x, years)): (usize, &(u8, Years))| format!("n{at},{x},{}\n", when(years));
        let text: String = n.iter().enumerate().map(row).collect();
        write("facts/n.csv", format!("claim_id,x,from,to\n{text}"));
        write("facts/m.facts", "1\n".to_owned());
        write("rules/rules.dl", RULES.to_owned());
        let options = Options {
            threads: 1,
            lens: Lens {
                at_once: true,
                ..Lens::default()
            },
            ..Options::default()
        };
        let session = Session::open(CaseSpec::at(directory.path()), options).expect("a case");
        (directory, session)
    }

    fn supposition() -> impl Strategy<Value = Supposition> {
        let edges = (0..7).map(|at| format!("e{at}"));
        let choices = Choices {
            numbers: 5,
            rules: &MORE,
            places: PLACES
                .map(|line| format!("rules/rules.dl:{line}"))
                .collect(),
            claims: edges.chain((0..4).map(|at| format!("n{at}"))).collect(),
            hypotheses: Vec::new(),
        };
        choices.supposition()
    }

    proptest! {
        #![proptest_config(tries(150))]

        #[test]
        fn worlds_of_one_time_are_those_of_a_run(
            e in prop::collection::vec((0..5u8, 0..5u8, years()), 1..7),
            n in prop::collection::vec((0..5u8, years()), 1..4),
            steps in prop::collection::vec(supposition(), 1..6),
        ) {
            let (_directory, mut session) = opened(&e, &n);
            for (at, supposed) in steps.iter().enumerate() {
                let Ok(overlays) = session.overlays(supposed) else { continue };
                let Ok(laid) = session.lay(&overlays.iter().collect::<Vec<_>>()) else { continue };
                let scratch = session.derive_from_scratch(laid.standing.clone()).expect("no budget");
                let state = session.derive(laid.standing).expect("no budget");
                prop_assert_eq!(rows(&state.database), rows(&scratch.database), "{:?}", supposed);
                prop_assert_eq!(
                    told(&state.database, &state.report),
                    told(&scratch.database, &scratch.report),
                    "{:?}",
                    supposed
                );
                // From a supposition on nothing is kept beside, until it is left.
                if at % 3 == 2 && session.enter(supposed).is_ok() {
                    session.undo().expect("one to undo");
                }
            }
        }
    }

    #[test]
    fn worlds_of_one_time_are_followed() {
        let (_directory, mut session) = opened(
            &[(1, 2, (Some(2001), Some(2002))), (2, 3, (Some(2003), None))],
            &[(3, (None, Some(2004)))],
        );
        let supposed = Supposition {
            without_claims: vec!["n0".to_owned()],
            ..Supposition::default()
        };
        let overlays = session.overlays(&supposed).expect("known");
        let laid = session
            .lay(&overlays.iter().collect::<Vec<_>>())
            .expect("laid");
        assert!(session.follow(&laid.standing).expect("no budget").is_some());
    }
}
