//! What each rule cost.

use crate::analysis::checked::RuleId;
use std::time::Duration;

/// The cost of one rule, read from one delta, over a whole run.
#[derive(Clone, Debug)]
pub struct RuleCost {
    pub rule: RuleId,
    /// Place among the rule's literals of the atom read from the delta.
    pub delta: Option<usize>,
    /// Rounds in which it ran.
    pub runs: u32,
    /// Building the indexes it looks things up in, where it was the first to want them.
    pub indexing: Duration,
    pub joining: Duration,
    /// Head rows it proposed, duplicates included.
    pub candidates: u64,
}

/// Costs by rule and delta, in order of first run.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    costs: Vec<RuleCost>,
}

impl Profile {
    pub fn costs(&self) -> &[RuleCost] {
        &self.costs
    }

    /// Head rows that one rule has proposed so far from one delta.
    pub(super) fn candidates(&self, rule: RuleId, delta: usize) -> u64 {
        let mut costs = self.costs.iter();
        costs
            .find(|cost| cost.rule == rule && cost.delta == Some(delta))
            .map_or(0, |cost| cost.candidates)
    }

    pub(super) fn note(
        &mut self,
        rule: RuleId,
        delta: Option<usize>,
        indexing: Duration,
        joining: Duration,
        candidates: u64,
    ) {
        let at = match self
            .costs
            .iter()
            .position(|cost| cost.rule == rule && cost.delta == delta)
        {
            Some(at) => at,
            None => {
                let new = RuleCost {
                    rule,
                    delta,
                    runs: 0,
                    indexing: Duration::ZERO,
                    joining: Duration::ZERO,
                    candidates: 0,
                };
                self.costs.push(new);
                self.costs.len() - 1
            }
        };
        let cost = &mut self.costs[at];
        cost.runs += 1;
        cost.indexing += indexing;
        cost.joining += joining;
        cost.candidates += candidates;
    }
}
