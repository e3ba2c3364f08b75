//! When a conclusion stood, and since when it could be known.

use super::case::Case;
use super::dualize::{Monotone, dualize};
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, Day, PartialDate, SourceId};

/// The publication that made a conclusion derivable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergence {
    /// As the source writes it; it counts from its last day on. `None`: no dated source makes it derivable, it needs
    /// none or one without a date.
    pub date: Option<PartialDate>,
    /// The sources of that date that some derivation then leaned on, ascending.
    pub through: Vec<SourceId>,
}

impl Case<'_> {
    /// Whether some support of a fact has claims that all held on one day.
    ///
    /// Intervals on a line have a day in common when any two have (Helly), and then the latest first day is one: trying
    /// every first day is exact, in one pass over the derivations each.
    pub fn stands_at_once(&self, fact: &Fact, budget: &Budget) -> Result<bool, StopReason> {
        let meter = Meter::new(budget);
        if !self.holds(fact) {
            return Ok(false);
        }
        let lineage = self.lineage(fact, &meter);
        meter.finish(())?;
        let mut days: Vec<Option<Day>> = claims_of(&lineage)
            .map(|claim| self.claims[claim].interval.first_day())
            .collect();
        days.push(None);
        days.sort_unstable();
        days.dedup();
        for day in days {
            let on = |claim: ClaimId| {
                let interval = self.claims[claim].interval;
                let begun = interval.first_day().is_none_or(|first| Some(first) <= day);
                begun
                    && interval
                        .last_day()
                        .is_none_or(|last| day.is_none_or(|day| day <= last))
            };
            if lineage.derives(|element| stands(&lineage, element, on)) {
                return Ok(true);
            }
            if !meter.spend() {
                meter.finish(())?;
            }
        }
        Ok(false)
    }

    /// Since when a fact can be derived from what was published by then, negations and totals taken as they are in this
    /// case. `None` when the budget ran out or the fact does not hold.
    pub fn emergence(&self, fact: &Fact, budget: &Budget) -> Option<Emergence> {
        let meter = Meter::new(budget);
        let lineage = self.holds(fact).then(|| self.lineage(fact, &meter))?;
        meter.finish(()).ok()?;
        let published = |claim: ClaimId| {
            let source = self.claims[claim].source?;
            self.sources[source].published
        };
        let mut dates: Vec<PartialDate> = claims_of(&lineage).filter_map(published).collect();
        dates.sort_by_key(|date| (date.last_day(), date.first_day()));
        dates.dedup_by_key(|date| date.last_day());
        let known = |day: Option<Day>| {
            let lineage = &lineage;
            move |element| {
                stands(lineage, element, |claim| {
                    published(claim).is_some_and(|date| Some(date.last_day()) <= day)
                })
            }
        };
        let undated = Emergence {
            date: None,
            through: Vec::new(),
        };
        if lineage.derives(known(None)) {
            return Some(undated);
        }
        // More publications never derive less.
        let first = dates.partition_point(|date| !lineage.derives(known(Some(date.last_day()))));
        let Some(&date) = dates.get(first) else {
            return Some(undated);
        };
        let mut names: Vec<SourceId> = claims_of(&lineage)
            .filter_map(|claim| self.claims[claim].source)
            .filter(|&source| {
                let published = self.sources[source].published;
                published.is_some_and(|published| published.last_day() == date.last_day())
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        let question = Published {
            case: self,
            lineage: &lineage,
            before: date,
            names: &names,
        };
        let found = dualize(&question, Vec::new(), usize::MAX, usize::MAX, &meter);
        let mut through: Vec<SourceId> = found
            .carriers
            .iter()
            .flatten()
            .map(|&at| names[at as usize])
            .collect();
        through.sort_unstable();
        through.dedup();
        Some(Emergence {
            date: Some(date),
            through,
        })
    }
}

fn claims_of(lineage: &Lineage) -> impl Iterator<Item = ClaimId> + '_ {
    lineage
        .elements
        .iter()
        .flat_map(|element| &element.statements)
        .filter_map(Statement::claim)
}

/// Whether a claim that passes states what an element does; what is nobody's claim always stands.
fn stands(lineage: &Lineage, element: u32, passes: impl Fn(ClaimId) -> bool) -> bool {
    lineage.elements[element as usize]
        .statements
        .iter()
        .any(|statement| statement.claim().is_none_or(&passes))
}

/// Does the conclusion stand on what was published earlier and on these sources of the day?
struct Published<'a> {
    case: &'a Case<'a>,
    lineage: &'a Lineage,
    before: PartialDate,
    names: &'a [SourceId],
}

impl Monotone for Published<'_> {
    fn elements(&self) -> usize {
        self.names.len()
    }

    fn stands(&self, kept: &dyn Fn(u32) -> bool) -> bool {
        let on = |claim: ClaimId| {
            self.case.claims[claim].source.is_some_and(|source| {
                let published = self.case.sources[source].published;
                published.is_some_and(|date| date.last_day() < self.before.last_day())
                    || (self.names.binary_search(&source)).is_ok_and(|at| kept(at as u32))
            })
        };
        self.lineage
            .derives(|element| stands(self.lineage, element, on))
    }
}
