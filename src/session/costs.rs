//! What a run cost, rule by rule and round by round.

use super::clauses::{ClauseText, Clauses};
use super::error::Error;
use super::loaded::Session;
use super::narrow::Narrowed;
use crate::engine::{Growth, ROUNDS_KEPT, RuleCost, RunReport};
use crate::plan::{PlanText, print_rule};
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;

/// The profile of one run. Times are in seconds of wall time; shares are of `seconds`.
#[derive(Clone, Debug, Serialize)]
pub struct Costs {
    /// Deriving, without reading and writing.
    pub seconds: f64,
    /// Reading and checking rules and facts.
    pub reading: f64,
    pub threads: usize,
    pub facts: u64,
    pub derived: u64,
    pub rounds: u32,
    /// In the order in which they ran.
    pub strata: Vec<StratumCosts>,
    pub constraints: Vec<RuleCosts>,
    /// In the order in which they first grew.
    pub relations: Vec<RelationGrowth>,
    /// Where only what is looked at is derived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<Narrowed>,
}

#[derive(Clone, Debug, Serialize)]
pub struct StratumCosts {
    pub relations: Vec<String>,
    pub recursive: bool,
    pub seconds: f64,
    /// Of these: making the rows of each round count, and bringing indexes up to them.
    pub settling: f64,
    /// Of these: facts that stand in the rules.
    pub stated: f64,
    /// In textual order.
    pub rules: Vec<RuleCosts>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuleCosts {
    #[serde(flatten)]
    pub clause: ClauseText,
    /// Constraints have none.
    pub relation: Option<String>,
    pub seconds: f64,
    pub versions: Vec<VersionCosts>,
}

/// A rule with one of its atoms read from the latest delta, or none.
#[derive(Clone, Debug, Serialize)]
pub struct VersionCosts {
    pub delta: Option<String>,
    /// Rounds in which it ran.
    pub runs: u32,
    pub seconds: f64,
    pub share: f64,
    /// Of `seconds`: building the indexes it was the first to want.
    pub indexing: f64,
    /// Rows it proposed.
    pub candidates: u64,
    /// Of these, the ones that were new.
    pub new: u64,
    /// The part of `candidates` that was not.
    pub duplicates: f64,
    /// The latest plan.
    pub plan: Option<PlanText>,
    pub by_round: Vec<RoundOf>,
    /// Runs that `by_round` does not list.
    pub unlisted: u32,
}

#[derive(Clone, Debug, Serialize)]
pub struct RoundOf {
    pub round: u32,
    pub seconds: f64,
    pub indexing: f64,
    pub candidates: u64,
    pub new: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct RelationGrowth {
    pub relation: String,
    pub rows: u64,
    /// Rounds that added rows.
    pub rounds: u32,
    /// Number of a round, and the rows it added.
    pub added: Vec<(u32, u64)>,
    /// Rounds that `added` does not list.
    pub unlisted: u32,
}

impl Costs {
    /// Every version with its rule, the most expensive first.
    pub fn versions(&self) -> Vec<(&RuleCosts, &VersionCosts)> {
        let rules = self.strata.iter().flat_map(|stratum| &stratum.rules);
        let mut versions: Vec<_> = rules
            .chain(&self.constraints)
            .flat_map(|rule| rule.versions.iter().map(move |version| (rule, version)))
            .collect();
        versions.sort_by(|(_, a), (_, b)| b.seconds.total_cmp(&a.seconds));
        versions
    }
}

impl Session {
    /// What each rule cost in the last run; when that was not measured, in another one over the same facts. Under a
    /// supposition, which is followed from what was derived before it, in a run from scratch.
    pub fn profile(&mut self) -> Result<Costs, Error> {
        let measure = std::mem::replace(&mut self.options.measure, true);
        let outcome = self.measured_run(measure);
        self.options.measure = measure;
        let report = outcome?;
        Ok(self.costs(report.as_ref().unwrap_or(&self.report)))
    }

    /// What a measured run did; `None`: it is the last one of the session. `already`: that one was.
    fn measured_run(&mut self, already: bool) -> Result<Option<RunReport>, Error> {
        if !self.levels.is_empty() {
            self.refresh()?;
            let state = self.derive_from_scratch(self.standing())?;
            return Ok(Some(state.report));
        }
        if !already || self.stale {
            self.rerun()?;
        }
        Ok(None)
    }

    fn costs(&self, report: &RunReport) -> Costs {
        let program = self.program();
        let profile = &report.profile;
        let total = report.elapsed.as_secs_f64();
        let clauses = Clauses::of(self);
        let mut by_rule: HashMap<_, Vec<&RuleCost>> = HashMap::new();
        for cost in profile.costs() {
            by_rule.entry(cost.rule).or_default().push(cost);
        }
        let rule = |id| -> Option<RuleCosts> {
            let costs = by_rule.get(&id)?;
            let time: Duration = costs.iter().map(|cost| cost.time()).sum();
            Some(RuleCosts {
                clause: clauses.clause(id),
                relation: program[id]
                    .head
                    .as_ref()
                    .map(|head| program[head.relation].name.to_string()),
                seconds: time.as_secs_f64(),
                versions: costs
                    .iter()
                    .map(|cost| self.version_costs(cost, total))
                    .collect(),
            })
        };
        let strata = program.strata().iter().enumerate().map(|(at, stratum)| {
            let (rules, stated): (Vec<_>, Vec<_>) = stratum
                .rules
                .iter()
                .copied()
                .partition(|&id| !program[id].body.is_empty());
            let rules: Vec<RuleCosts> = rules.into_iter().filter_map(rule).collect();
            let stated: Duration = stated
                .iter()
                .filter_map(|id| by_rule.get(id))
                .flatten()
                .map(|cost| cost.time())
                .sum();
            let settling = profile.settling(at).as_secs_f64();
            let stated = stated.as_secs_f64();
            StratumCosts {
                relations: stratum
                    .relations
                    .iter()
                    .map(|&id| program[id].name.to_string())
                    .collect(),
                recursive: stratum.recursive,
                seconds: settling + stated + rules.iter().map(|rule| rule.seconds).sum::<f64>(),
                settling,
                stated,
                rules,
            }
        });
        Costs {
            seconds: total,
            reading: self.reading.as_secs_f64(),
            threads: self.options.threads.max(1),
            facts: report.stated,
            derived: report.derived,
            rounds: report.rounds,
            strata: strata.filter(|stratum| !stratum.rules.is_empty()).collect(),
            constraints: program
                .constraints()
                .iter()
                .copied()
                .filter_map(rule)
                .collect(),
            relations: profile
                .growth()
                .iter()
                .map(|growth| self.relation_growth(growth))
                .collect(),
            demand: self.narrowed(),
        }
    }

    fn version_costs(&self, cost: &RuleCost, total: f64) -> VersionCosts {
        let plan = cost
            .plan
            .as_ref()
            .map(|plan| print_rule(self.program(), plan));
        let seconds = cost.time().as_secs_f64();
        VersionCosts {
            delta: plan.as_ref().and_then(|plan| plan.delta.clone()),
            runs: cost.runs,
            seconds,
            share: share(seconds, total),
            indexing: cost.indexing.as_secs_f64(),
            candidates: cost.candidates,
            new: cost.added,
            duplicates: match cost.candidates {
                0 => 0.0,
                candidates => 1.0 - cost.added as f64 / candidates as f64,
            },
            plan,
            by_round: cost
                .rounds
                .iter()
                .map(|round| RoundOf {
                    round: round.round,
                    seconds: (round.indexing + round.joining).as_secs_f64(),
                    indexing: round.indexing.as_secs_f64(),
                    candidates: round.candidates,
                    new: round.added,
                })
                .collect(),
            unlisted: cost.runs.saturating_sub(ROUNDS_KEPT as u32),
        }
    }

    fn relation_growth(&self, growth: &Growth) -> RelationGrowth {
        RelationGrowth {
            relation: self.program()[growth.relation].name.to_string(),
            rows: growth.rows,
            rounds: growth.rounds,
            added: growth.added.clone(),
            unlisted: growth.rounds - growth.added.len() as u32,
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    match whole > 0.0 {
        true => part / whole,
        false => 0.0,
    }
}
