//! What a conclusion rests on, asked again and again with some claims left out.

use super::case::Case;
use super::enumerate::MinimalSets;
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, GradeTables};
use rustc_hash::FxHashSet;

/// All derivations of a conclusion. Negations and totals are taken as they are: who withdraws something that also makes
/// other rows appear has to look at those himself.
pub struct Rests {
    lineage: Lineage,
    /// By element and statement: the claim, `None` for what is no claim, and its strength.
    statements: Vec<Vec<(Option<ClaimId>, f64)>>,
    /// Strengths, strongest first, none twice.
    levels: Vec<f64>,
    /// Claims that have a part in some minimal support.
    needed: FxHashSet<ClaimId>,
    stopped: Option<StopReason>,
}

/// Minimal supports looked at to see which claims have a part in one.
const SUPPORTS: usize = 256;
const ROWS_FOR_SUPPORTS: u64 = 100_000;

impl Case<'_> {
    /// `None`: it does not hold.
    pub fn rests(&self, fact: &Fact, tables: &GradeTables, budget: &Budget) -> Option<Rests> {
        if !self.holds(fact) {
            return None;
        }
        let meter = Meter::new(budget);
        let lineage = self.lineage(fact, &meter);
        let statements: Vec<Vec<(Option<ClaimId>, f64)>> = lineage
            .elements
            .iter()
            .map(|element| {
                let statements = element.statements.iter();
                let weighed = statements.map(|statement| match statement {
                    Statement::Claim(claim) => (Some(*claim), self.claim_strength(*claim, tables)),
                    Statement::Text(_) | Statement::Data(_) => (None, 1.0),
                });
                weighed.collect()
            })
            .collect();
        let mut levels: Vec<f64> = statements
            .iter()
            .flatten()
            .map(|(_, level)| *level)
            .collect();
        levels.push(1.0);
        levels.sort_by(|a, b| b.total_cmp(a));
        levels.dedup();
        let part = meter.part(ROWS_FOR_SUPPORTS);
        let mut used = vec![false; statements.len()];
        let mut sets = MinimalSets::new(&lineage, &part);
        for set in sets.by_ref().take(SUPPORTS) {
            set.iter()
                .for_each(|&element| used[element as usize] = true);
        }
        // What was not looked at may have a part.
        if sets.next().is_some() || !sets.is_complete() {
            used.fill(true);
        }
        let needed = statements
            .iter()
            .zip(used)
            .filter(|(_, used)| *used)
            .flat_map(|(statements, _)| statements.iter().filter_map(|(claim, _)| *claim))
            .collect();
        Some(Rests {
            stopped: meter.stopped(),
            lineage,
            statements,
            levels,
            needed,
        })
    }
}

impl Rests {
    /// Claims with a part in some minimal support, ascending. A row read into several relations is its first claim.
    pub fn claims(&self) -> Vec<ClaimId> {
        let mut claims: Vec<ClaimId> = self.needed.iter().copied().collect();
        claims.sort_unstable();
        claims
    }

    pub fn uses(&self, claim: ClaimId) -> bool {
        self.needed.contains(&claim)
    }

    /// That of the strongest support without some claims; `None`: it does not stand.
    pub fn strength_without(&self, gone: impl Fn(ClaimId) -> bool) -> Option<f64> {
        let stands = |level: f64| {
            self.lineage.derives(|element| {
                self.statements[element as usize]
                    .iter()
                    .any(|(claim, strength)| {
                        *strength >= level && claim.is_none_or(|claim| !gone(claim))
                    })
            })
        };
        // Stronger is harder: the strongest level at which it stands.
        let at = self.levels.partition_point(|&level| !stands(level));
        self.levels.get(at).copied()
    }

    pub fn stopped(&self) -> Option<StopReason> {
        self.stopped
    }
}
