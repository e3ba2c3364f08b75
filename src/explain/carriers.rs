//! Which of some claims carry a conclusion, everything else being kept.

use super::case::Case;
use super::dualize::{Known, Monotone, dualize};
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::{Budget, StopReason};
use crate::evidence::ClaimId;

/// Of the claims that can be switched off.
#[derive(Clone, Debug)]
pub struct Carriers {
    /// Minimal sets that make the conclusion hold together with all that cannot be switched off; one empty set when it
    /// holds without any.
    pub sets: Vec<Vec<ClaimId>>,
    /// Minimal sets without which it falls.
    pub cuts: Vec<Vec<ClaimId>>,
    pub complete: bool,
    pub stopped: Option<StopReason>,
}

impl Case<'_> {
    /// Negations and totals are taken as they are now.
    pub fn carriers(
        &self,
        fact: &Fact,
        can_be_off: &dyn Fn(ClaimId) -> bool,
        most: usize,
        budget: &Budget,
    ) -> Carriers {
        let meter = Meter::new(budget);
        let mut carriers = Carriers {
            sets: Vec::new(),
            cuts: Vec::new(),
            complete: true,
            stopped: None,
        };
        if !self.holds(fact) {
            return carriers;
        }
        let lineage = self.lineage(fact, &meter);
        let mut names: Vec<ClaimId> = lineage
            .elements
            .iter()
            .flat_map(|element| &element.statements)
            .filter_map(Statement::claim)
            .filter(|&claim| can_be_off(claim))
            .collect();
        names.sort_unstable();
        names.dedup();
        let question = Chosen {
            lineage: &lineage,
            names: &names,
        };
        let found = dualize(&question, Known::default(), most, usize::MAX, &meter);
        let named = |sets: &[Box<[u32]>]| -> Vec<Vec<ClaimId>> {
            let mut sets: Vec<Vec<ClaimId>> = sets
                .iter()
                .map(|set| set.iter().map(|&at| names[at as usize]).collect())
                .collect();
            sets.sort_by(|a: &Vec<ClaimId>, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            sets
        };
        carriers.sets = named(&found.carriers);
        carriers.cuts = named(&found.cuts);
        carriers.complete = found.complete && meter.stopped().is_none();
        carriers.stopped = meter.stopped();
        carriers
    }
}

struct Chosen<'a> {
    lineage: &'a Lineage,
    names: &'a [ClaimId],
}

impl Monotone for Chosen<'_> {
    fn elements(&self) -> usize {
        self.names.len()
    }

    fn stands(&self, kept: &dyn Fn(u32) -> bool) -> bool {
        self.lineage.stands(|element| {
            self.lineage.elements[element as usize]
                .statements
                .iter()
                .any(|statement| {
                    let at = statement
                        .claim()
                        .and_then(|claim| self.names.binary_search(&claim).ok());
                    at.is_none_or(|at| kept(at as u32))
                })
        })
    }
}
