//! Runs in which a conclusion whose pieces were never true at one time does not hold.

use super::loaded::run;
use super::options::Options;
use crate::engine::Database;
use crate::engine::budget::{Budget, RunReport, Stop, StopReason};
use crate::evidence::{Claims, Day, Interval, Sources};
use crate::explain::{Case, CaseDays, DaySet, Facts, Reading};
use crate::storage::Rows;

/// Runs a program over these claims and what else is stated, as the lens asks for.
pub(super) fn run_through_lens(
    database: &mut Database,
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<RunReport, Stop> {
    let report = run(database, options)?;
    let dated = |interval: Interval| interval != Interval::ALWAYS;
    if !options.lens.at_once || !claims.iter().any(|(_, claim)| dated(claim.interval)) {
        return Ok(report);
    }
    match only_at_once(database, options, claims, sources) {
        Ok(mut held) => {
            let found = held.hold_stated(&options.run_options(), &*options.watch)?;
            *database = held;
            Ok(RunReport {
                stated: found.stated,
                derived: found.derived,
                violations: found.violations,
                ..report
            })
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

/// The days to look at to see whether claims hold at one time.
///
/// Intervals on a line have a day in common when any two have (Helly), and then the latest of their first days is one:
/// it is enough to look at the first days of all claims, and at a day before them for claims without one.
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
        let mut within = DaySet::none(self.count.count());
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
    options: &Options,
    claims: &Claims,
    sources: &Sources,
) -> Result<Database, StopReason> {
    let program = database.program();
    let case = Case::new(database, program, database.dictionary(), claims, sources);
    let valid = ValidDays::of(claims.iter().map(|(_, claim)| claim.interval));
    let days_of = |claim| valid.within(claims.get(claim).interval);
    let all: Vec<_> = program.relations().map(|(id, _)| id).collect();
    let budget = Budget {
        rows: None,
        ..options.budget.clone()
    };
    let history = case.history(
        &all,
        Reading::Cases(valid.count()),
        valid.count().count(),
        &days_of,
        &budget,
    )?;
    let mut held = Database::new(program.clone(), database.dictionary().clone());
    for (id, relation) in program.relations() {
        let rows = match &history {
            Some(history) => history.matching(id, &vec![None; relation.arity()]),
            None => database.rows(id),
        };
        let (mut stated, mut derived) = (Rows::new(relation.arity()), Rows::new(relation.arity()));
        for row in rows.iter() {
            match database.is_stated(id, &row) {
                Some(false) => derived.push(&row),
                Some(true) | None => stated.push(&row),
            }
        }
        held.state(id, stated);
        held.state_derived(id, derived);
    }
    Ok(held)
}
