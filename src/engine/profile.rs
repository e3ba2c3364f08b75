//! What each rule and each round cost.

use crate::analysis::checked::{RelationId, RuleId};
use crate::plan::RulePlan;
use rustc_hash::FxHashMap;
use std::time::Duration;

/// Rounds kept one by one, of each rule and each relation. Longer recursions go on in the totals only.
pub const ROUNDS_KEPT: usize = 1000;

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
    /// Rows its first step went through.
    pub scanned: u64,
    /// Head rows it proposed, duplicates included.
    pub candidates: u64,
    /// Of these, the new ones. Counted only when measuring.
    pub added: u64,
    /// The latest plan. Kept only when measuring.
    pub plan: Option<RulePlan>,
    /// The first [`ROUNDS_KEPT`] runs. Kept only when measuring.
    pub rounds: Vec<RoundCost>,
}

impl RuleCost {
    pub fn time(&self) -> Duration {
        self.indexing + self.joining
    }
}

/// One run of a rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundCost {
    pub round: u32,
    pub indexing: Duration,
    pub joining: Duration,
    pub scanned: u64,
    pub candidates: u64,
    pub added: u64,
}

/// The rows that one relation got, round by round.
#[derive(Clone, Debug)]
pub struct Growth {
    pub relation: RelationId,
    /// Rounds that added rows.
    pub rounds: u32,
    pub rows: u64,
    /// Number of a round and the rows it added: the first [`ROUNDS_KEPT`] that added any.
    pub added: Vec<(u32, u64)>,
}

/// Costs by rule and delta, in order of first run.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    costs: Vec<RuleCost>,
    places: FxHashMap<(RuleId, Option<usize>), usize>,
    growth: Vec<Growth>,
    /// The rule that stands for all facts of a relation in the text: there may be a million.
    facts: FxHashMap<RelationId, RuleId>,
    /// By stratum: making the rows of each round count, and bringing indexes up to them.
    settling: Vec<Duration>,
    /// The rule that proposed most rows in this round.
    busiest: Option<(RuleId, RelationId, u64)>,
}

impl Profile {
    pub fn costs(&self) -> &[RuleCost] {
        &self.costs
    }

    /// Head rows that one rule has proposed so far from one delta.
    pub(super) fn candidates(&self, rule: RuleId, delta: usize) -> u64 {
        let place = self.places.get(&(rule, Some(delta)));
        place.map_or(0, |&place| self.costs[place].candidates)
    }

    /// How long a rule took so far for each row it scanned.
    pub(super) fn pace(&self, rule: RuleId, delta: Option<usize>) -> Option<f64> {
        let cost = &self.costs[*self.places.get(&(rule, delta))?];
        (cost.scanned > 0).then(|| cost.joining.as_secs_f64() / cost.scanned as f64)
    }

    /// How many candidates a rule gave so far for each row it scanned.
    pub(super) fn fan(&self, rule: RuleId, delta: Option<usize>) -> Option<f64> {
        let cost = &self.costs[*self.places.get(&(rule, delta))?];
        (cost.scanned > 0).then(|| cost.candidates as f64 / cost.scanned as f64)
    }

    /// Empty unless the run measured.
    pub fn growth(&self) -> &[Growth] {
        &self.growth
    }

    /// Time that belongs to no rule: making the rows of each round count, and bringing indexes up to them.
    pub fn settling(&self, stratum: usize) -> Duration {
        self.settling.get(stratum).copied().unwrap_or_default()
    }

    /// Indexes were built for a rule before it runs.
    pub(super) fn indexed(&mut self, rule: RuleId, delta: Option<usize>, indexing: Duration) {
        self.cost(rule, delta).indexing += indexing;
    }

    pub(super) fn ran(
        &mut self,
        rule: RuleId,
        delta: Option<usize>,
        head: Option<RelationId>,
        run: RoundCost,
    ) {
        let cost = self.cost(rule, delta);
        cost.runs += 1;
        cost.indexing += run.indexing;
        cost.joining += run.joining;
        cost.scanned += run.scanned;
        cost.candidates += run.candidates;
        let most = self.busiest.map_or(0, |(.., most)| most);
        if let Some(head) = head
            && run.candidates > most
        {
            self.busiest = Some((rule, head, run.candidates));
        }
    }

    /// A fact of the text was added.
    pub(super) fn stated(&mut self, rule: RuleId, head: RelationId, run: RoundCost) {
        let first = *self.facts.entry(head).or_insert(rule);
        self.ran(first, None, Some(head), run);
    }

    /// What only profiles want, after [`Profile::ran`].
    pub(super) fn measured(&mut self, plan: &RulePlan, run: RoundCost) {
        let cost = self.cost(plan.rule, plan.delta);
        cost.added += run.added;
        cost.plan = Some(plan.clone());
        if cost.rounds.len() < ROUNDS_KEPT {
            cost.rounds.push(run);
        }
    }

    pub(super) fn grew(&mut self, relation: RelationId, round: u32, rows: u64) {
        // Relations of a stratum grow in turn, so the one meant is among the last.
        let known = self.growth.iter().rposition(|of| of.relation == relation);
        let at = known.unwrap_or_else(|| {
            self.growth.push(Growth {
                relation,
                rounds: 0,
                rows: 0,
                added: Vec::new(),
            });
            self.growth.len() - 1
        });
        let growth = &mut self.growth[at];
        growth.rounds += 1;
        growth.rows += rows;
        if growth.added.len() < ROUNDS_KEPT {
            growth.added.push((round, rows));
        }
    }

    pub(super) fn settled(&mut self, stratum: usize, time: Duration) {
        if self.settling.len() <= stratum {
            self.settling.resize(stratum + 1, Duration::ZERO);
        }
        self.settling[stratum] += time;
    }

    /// Ends a round and tells which rule proposed most rows in it, for which relation.
    pub(super) fn take_busiest(&mut self) -> Option<(RuleId, RelationId)> {
        self.busiest.take().map(|(rule, head, _)| (rule, head))
    }

    fn cost(&mut self, rule: RuleId, delta: Option<usize>) -> &mut RuleCost {
        let at = *self.places.entry((rule, delta)).or_insert_with(|| {
            self.costs.push(RuleCost {
                rule,
                delta,
                runs: 0,
                indexing: Duration::ZERO,
                joining: Duration::ZERO,
                scanned: 0,
                candidates: 0,
                added: 0,
                plan: None,
                rounds: Vec::new(),
            });
            self.costs.len() - 1
        });
        &mut self.costs[at]
    }
}
