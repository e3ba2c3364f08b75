//! What a conclusion rests on, asked again and again with some claims left out.

use super::case::Case;
use super::enumerate::MinimalSets;
use super::facts::Fact;
use super::lineage::{Condition, Lineage, Statement};
use super::meter::Meter;
use crate::analysis::checked::RelationId;
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, GradeTables};
use crate::storage::Code;
use crate::storage::pattern::agrees;
use rustc_hash::{FxHashMap, FxHashSet};

/// All derivations of a conclusion. Negations and totals are taken as they are: who withdraws something that also makes
/// other rows appear has to look at those himself.
pub struct Rests {
    lineage: Lineage,
    /// The vertices of facts that have a part in a derivation, and maybe of more.
    facts: FxHashMap<Fact, u32>,
    /// By element and statement: the claim, `None` for what is no claim, and its strength.
    statements: Vec<Vec<(Option<ClaimId>, f64)>>,
    /// Strengths, strongest first, none twice.
    levels: Vec<f64>,
    /// Minimal supports as elements, ascending. `None`: there are too many.
    supports: Option<Vec<Box<[u32]>>>,
    /// Claims that have a part in some minimal support.
    needed: FxHashSet<ClaimId>,
    /// By relation: patterns of rows that some derivation wants absent, or that would join the first atom of a total.
    upsetting: FxHashMap<RelationId, FxHashSet<Pattern>>,
    /// Relations of the first atoms of totals that some derivation has.
    counted: FxHashSet<RelationId>,
    stopped: Option<StopReason>,
}

type Pattern = Vec<Option<Code>>;

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
        let (lineage, facts) = self.lineage_and_facts(fact, &meter);
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
        let supports = minimal_supports(&lineage, &meter);
        let needed = stated_by(&lineage, supports.as_deref(), &|_| false);
        let mut upsetting: FxHashMap<RelationId, FxHashSet<Pattern>> = FxHashMap::default();
        let mut counted: FxHashSet<RelationId> = FxHashSet::default();
        for condition in lineage.edges.iter().flat_map(|edge| &edge.conditions) {
            let (relation, pattern) = match condition {
                Condition::Absent { relation, pattern } => (relation, pattern),
                Condition::Total { over, .. } => {
                    let Some((relation, pattern)) = over else {
                        continue;
                    };
                    counted.insert(*relation);
                    (relation, pattern)
                }
                Condition::Chosen(_) | Condition::Undominated(_) => continue,
            };
            let patterns = upsetting.entry(*relation).or_default();
            if !patterns.contains(pattern) {
                patterns.insert(pattern.clone());
            }
        }
        Some(Rests {
            upsetting,
            counted,
            stopped: meter.stopped(),
            lineage,
            facts,
            statements,
            levels,
            supports,
            needed,
        })
    }
}

/// `None`: there are too many.
fn minimal_supports(lineage: &Lineage, meter: &Meter) -> Option<Vec<Box<[u32]>>> {
    let part = meter.part(ROWS_FOR_SUPPORTS);
    let mut sets = MinimalSets::new(lineage, &part);
    let first: Vec<Box<[u32]>> = sets
        .by_ref()
        .take(SUPPORTS)
        .map(|set| set.as_ref().into())
        .collect();
    let are_all = sets.next().is_none() && sets.is_complete();
    are_all.then_some(first)
}

/// The claims that have a part in some of these supports; in any, where it is not known which there are.
fn stated_by(
    lineage: &Lineage,
    supports: Option<&[Box<[u32]>]>,
    gone: &dyn Fn(ClaimId) -> bool,
) -> FxHashSet<ClaimId> {
    let mut used = vec![supports.is_none(); lineage.elements.len()];
    for element in supports.iter().flat_map(|all| all.iter().flatten()) {
        used[*element as usize] = true;
    }
    let elements = lineage.elements.iter().zip(used);
    let used = elements.filter(|(_, used)| *used);
    used.flat_map(|(element, _)| element.statements.iter().filter_map(Statement::claim))
        .filter(|claim| !gone(*claim))
        .collect()
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

    /// Whether a fact may have a part in a derivation.
    pub fn leans_on(&self, fact: &Fact) -> bool {
        self.facts.contains_key(fact)
    }

    /// Whether some derivation may be none any more where a fact appears that is negated, or in a total, somewhere.
    pub fn is_upset_by(&self, fact: &Fact) -> bool {
        let patterns = self.upsetting.get(&fact.relation);
        let mut patterns = patterns.into_iter().flatten();
        // A total may be over more atoms than the first.
        patterns.any(|pattern| agrees(pattern, &fact.row))
            || self.counts() && !self.counted.contains(&fact.relation)
    }

    /// Whether some derivation has a total.
    pub fn counts(&self) -> bool {
        !self.counted.is_empty()
    }

    /// The facts that may have a part in a derivation, each with its number.
    pub fn facts(&self) -> impl Iterator<Item = (&Fact, u32)> {
        self.facts.iter().map(|(fact, &number)| (fact, number))
    }

    /// By number of a fact: whether it follows without some claims, when they hold.
    pub fn follows_without(&self, gone: &dyn Fn(ClaimId) -> bool) -> Vec<bool> {
        let mut follows = vec![false; self.lineage.alternatives.len()];
        let kept = |element: u32| {
            let mut statements = self.statements[element as usize].iter();
            statements.any(|(claim, _)| claim.is_none_or(|claim| !gone(claim)))
        };
        for (vertex, _) in self.lineage.closure(kept) {
            follows[vertex as usize] = true;
        }
        follows
    }

    /// Claims with a part in some minimal support without those that are gone; false where not all of it was seen.
    pub fn claims_without(
        &self,
        gone: &dyn Fn(ClaimId) -> bool,
        budget: &Budget,
    ) -> (FxHashSet<ClaimId>, bool) {
        let complete = self.stopped.is_none();
        let known = |(claim, _): &(Option<ClaimId>, f64)| claim.is_none_or(|claim| !gone(claim));
        if !self.statements.iter().flatten().any(|one| !known(one)) {
            return (self.needed.clone(), complete);
        }
        if let Some(supports) = &self.supports {
            let stands = |element: &u32| self.statements[*element as usize].iter().any(known);
            let left: Vec<Box<[u32]>> = supports
                .iter()
                .filter(|set| set.iter().all(stands))
                .cloned()
                .collect();
            return (stated_by(&self.lineage, Some(&left), gone), complete);
        }
        let is_gone = |statement: &Statement| statement.claim().is_some_and(gone);
        let Some(lineage) = self.lineage.less(is_gone) else {
            return (FxHashSet::default(), complete);
        };
        let meter = Meter::new(budget);
        let supports = minimal_supports(&lineage, &meter);
        let complete = complete && meter.stopped().is_none();
        (stated_by(&lineage, supports.as_deref(), gone), complete)
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
