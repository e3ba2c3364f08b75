//! Whether the pieces of a conclusion were ever true at one time.

use super::case::Case;
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, Day};

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
