//! Semi-naive evaluation, stratum by stratum.
//!
//! A rule with k atoms over relations of its own stratum is planned k times, each time with another of them read from
//! the latest delta. Within a round the plans that look anything up without its delta run before the delta is merged into
//! the indexes, all others after it, so one index serves both views.

use super::budget::{Stop, StopReason, memory_in_use};
use super::halves::ways_to_divide;
use super::pipeline::Resolver;
use super::relation::RelationState;
use super::run::Run;
use super::standby::Standby;
use super::statistics::Sizes;
use crate::analysis::checked::{
    CheckedProgram, LiteralKind, RelationId, RelationKind, RuleId, Stratum,
};
use crate::plan::{RulePlan, fan_out, plan_rule, widest};
use crate::storage::{RowSource, Rows};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::time::Instant;

/// A plan is made anew when a relation it reads has grown by this factor.
const REPLAN: f64 = 4.0;

/// A rule that has proposed each row this often, on average, gets its delta sorted so that repetitions meet early.
const REPETITIVE: u64 = 3;

/// A rule with the atom that is read from the delta, and its plan of the last round.
struct DeltaVersion {
    rule: RuleId,
    delta: usize,
    relation: RelationId,
    plan: Option<(RulePlan, Vec<f64>)>,
}

impl Run<'_> {
    /// Derives one stratum, whose relations are open, from relations at rest. Its ticks come after `tick`.
    pub fn stratum_again(
        &mut self,
        at: usize,
        relations: &mut [RelationState],
        tick: u32,
    ) -> Result<(), Stop> {
        self.tick = tick;
        let program = self.program;
        self.stratum(at, &program.strata()[at], relations)
    }

    pub(super) fn stratum(
        &mut self,
        at: usize,
        stratum: &Stratum,
        relations: &mut [RelationState],
    ) -> Result<(), Stop> {
        self.stratum_at = at;
        let in_text = stratum.relations.iter().map(|id| self.in_text[id.index()]);
        self.report.stated += in_text.sum::<u64>();
        for (id, ways) in ways_to_divide(self.program, stratum) {
            relations[id.index()].divide(&ways);
        }
        let mut versions = Vec::new();
        for &rule in &stratum.rules {
            let deltas = recursive_atoms(self.program, rule, stratum);
            if deltas.is_empty() {
                let sizes = Sizes {
                    relations,
                    recursive: &stratum.relations,
                };
                let plan = plan_rule(self.program, rule, None, &sizes);
                if let (Some(head), true) = (plan.head, stratum.recursive) {
                    relations[head.index()].prepare(widest(&plan.steps), self.pool.is_some());
                }
                self.execute(&plan, relations, 0, false)?;
            }
            versions.extend(deltas.into_iter().map(|(delta, relation)| DeltaVersion {
                rule,
                delta,
                relation,
                plan: None,
            }));
        }
        self.end_round(at, stratum, relations, 0)?;
        let mut round = 1;
        while !versions.is_empty()
            && stratum
                .relations
                .iter()
                .any(|id| !relations[id.index()].delta().is_empty())
        {
            self.round(at, stratum, &mut versions, relations, round)?;
            self.end_round(at, stratum, relations, round)?;
            if self.limit_reached(stratum, relations) {
                break;
            }
            round += 1;
        }
        for id in &stratum.relations {
            relations[id.index()].close();
        }
        Ok(())
    }

    fn round(
        &mut self,
        at: usize,
        stratum: &Stratum,
        versions: &mut [DeltaVersion],
        relations: &mut [RelationState],
        round: u32,
    ) -> Result<(), Stop> {
        let mut due = Vec::new();
        for version in versions.iter_mut() {
            if !relations[version.relation.index()].delta().is_empty() {
                self.plan(version, stratum, relations);
                due.extend(&version.plan);
            }
        }
        // Without old rows there is nothing to join the delta with.
        due.retain(|(plan, _)| !plan.reads_old(|relation| relations[relation.index()].is_new()));
        expect(&due, relations, self.pool);
        if self.pool.is_some() {
            self.each_of(stratum, relations, RelationState::spread);
        }
        let resolver = Resolver {
            relations,
            dictionary: self.dictionary,
            once: false,
            pool: self.pool,
        };
        for (plan, _) in &due {
            let started = Instant::now();
            // While every row is settled.
            resolver.build_indexes(plan);
            self.profile
                .lock()
                .indexed(plan.rule, plan.delta, started.elapsed());
        }
        let (mut early, mut later) = (Vec::new(), Vec::new());
        // A row that is dropped again may have been the one that a guard held by.
        let keeps = |id: &RelationId| {
            self.subsumptions_of(*id).next().is_none() && self.program[*id].lattice.is_none()
        };
        let keeps = stratum.relations.iter().all(keeps);
        for (plan, _) in due {
            let lags = plan.reads_full(|relation| relations[relation.index()].lags());
            match plan.reads_old(|_| true) && !lags {
                true => early.push(plan),
                false => later.push(plan),
            }
        }
        self.execute_all(early, relations, round, keeps)?;
        let started = Instant::now();
        let awake = self.is_manned();
        self.each_of(stratum, relations, |state| {
            state.merge_delta(self.pool, awake)
        });
        self.profile.lock().settled(at, started.elapsed());
        self.execute_all(later, relations, round, keeps)
    }

    fn is_manned(&self) -> bool {
        self.standby.as_ref().is_some_and(Standby::is_manned)
    }

    /// Has something done to the relations of a stratum, to several at once where threads are awake.
    fn each_of(
        &self,
        stratum: &Stratum,
        relations: &mut [RelationState],
        act: impl Fn(&mut RelationState) + Sync,
    ) {
        let several = stratum.relations.len() > 1 && self.is_manned();
        match self.pool.filter(|_| several) {
            Some(pool) => pool.install(|| {
                let states = relations.par_iter_mut().enumerate();
                let own = |at: usize| stratum.relations.iter().any(|id| id.index() == at);
                let states = states.filter(|&(at, _)| own(at));
                states.for_each(|(_, state)| act(state));
            }),
            None => {
                let ids = stratum.relations.iter();
                ids.for_each(|id| act(&mut relations[id.index()]));
            }
        }
    }

    /// Makes the plan of a version, unless the sizes it was made for still hold roughly.
    fn plan(&self, version: &mut DeltaVersion, stratum: &Stratum, relations: &[RelationState]) {
        let sizes: Vec<f64> = self.program[version.rule]
            .body
            .iter()
            .filter_map(|literal| match &literal.kind {
                LiteralKind::Atom(atom) => {
                    Some(relations[atom.relation.index()].set.len() as f64 + 1.0)
                }
                _ => None,
            })
            .collect();
        let holds = version.plan.as_ref().is_some_and(|(_, planned)| {
            planned
                .iter()
                .zip(&sizes)
                .all(|(before, now)| now / before < REPLAN)
        });
        if !holds {
            let statistics = Sizes {
                relations,
                recursive: &stratum.relations,
            };
            let plan = plan_rule(self.program, version.rule, Some(version.delta), &statistics);
            version.plan = Some((plan, sizes));
        }
        if let Some((plan, _)) = &mut version.plan {
            let known = plan
                .head
                .map_or(0, |head| relations[head.index()].set.len()) as u64;
            let candidates = self.profile.lock().candidates(version.rule, version.delta);
            plan.clustered = (candidates > known * REPETITIVE)
                .then(|| plan.head_column())
                .flatten();
        }
    }

    fn end_round(
        &mut self,
        at: usize,
        stratum: &Stratum,
        relations: &mut [RelationState],
        round: u32,
    ) -> Result<(), Stop> {
        self.tick += 1;
        self.report.rounds += 1;
        let started = Instant::now();
        self.each_of(stratum, relations, |state| {
            state.advance(self.tick, stratum.recursive, self.pool)
        });
        let profile = self.profile.get_mut();
        profile.settled(at, started.elapsed());
        let busiest = profile.take_busiest();
        if self.options.measure {
            for &id in &stratum.relations {
                let added = relations[id.index()].delta().row_count() as u64;
                if added > 0 {
                    profile.grew(id, round, added);
                }
            }
        }
        if stratum
            .relations
            .iter()
            .any(|&id| self.subsumptions_of(id).next().is_some())
        {
            let started = Instant::now();
            self.subsume(stratum, relations)?;
            self.profile.get_mut().settled(at, started.elapsed());
        }
        self.merge_lattices(stratum, relations, round);
        self.log_deltas(stratum, relations, round);
        let rows: u64 = relations.iter().map(|state| state.set.len() as u64).sum();
        let derived = rows.saturating_sub(self.report.stated);
        self.observer
            .round(at, self.program.strata().len(), round, derived);
        let budget = &self.options.budget;
        let reason = if budget.rows.is_some_and(|most| derived > most) {
            StopReason::Rows
        } else if budget.rounds.is_some_and(|most| round > most) {
            StopReason::Rounds
        } else if budget
            .memory
            .is_some_and(|most| memory_in_use().is_some_and(|used| used > most))
        {
            StopReason::Memory
        } else {
            return Ok(());
        };
        let largest = stratum
            .relations
            .iter()
            .copied()
            .max_by_key(|id| relations[id.index()].set.len());
        let (rule, relation) = busiest.unzip();
        Err(self.stop(reason, rule, relation.or(largest), relations))
    }

    /// Hands each delta of the stratum to the relations that log it, with the number of the round.
    fn log_deltas(&self, stratum: &Stratum, relations: &[RelationState], round: u32) {
        for (log, relation) in self.program.relations() {
            if let RelationKind::Delta(of) = relation.kind
                && stratum.relations.contains(&of)
            {
                let delta = relations[of.index()].delta().to_rows();
                let round = self.dictionary.unsigned(u64::from(round));
                let rows = delta.len();
                let mut columns = delta.into_columns();
                columns.push(vec![round; rows]);
                relations[log.index()].insert(&Rows::from_columns(columns));
            }
        }
    }

    /// `.limitsize` ends a recursive relation's loop between two rounds.
    fn limit_reached(&self, stratum: &Stratum, relations: &[RelationState]) -> bool {
        use crate::syntax::ast::DirectiveKind::Limitsize;
        self.program.directives().iter().any(|directive| {
            directive.kind == Limitsize
                && stratum.relations.contains(&directive.relation)
                && directive
                    .parameter("n")
                    .and_then(|n| n.parse::<usize>().ok())
                    .is_some_and(|most| relations[directive.relation.index()].set.len() >= most)
        })
    }
}

/// Tells relations roughly how many candidates are coming.
fn expect(
    due: &[&(RulePlan, Vec<f64>)],
    relations: &mut [RelationState],
    pool: Option<&rayon::ThreadPool>,
) {
    let mut candidates: FxHashMap<RelationId, f64> = FxHashMap::default();
    for (plan, _) in due {
        if let (Some(head), Some(delta)) = (plan.head, plan.scanned()) {
            let rows = relations[delta.index()].delta().row_count() as f64;
            *candidates.entry(head).or_default() += rows * fan_out(&plan.steps);
        }
    }
    for (head, candidates) in candidates {
        relations[head.index()].expect(candidates, pool);
    }
}

/// Positions of the body's atoms over relations of the stratum.
pub(super) fn recursive_atoms(
    program: &CheckedProgram,
    rule: RuleId,
    stratum: &Stratum,
) -> Vec<(usize, RelationId)> {
    if !stratum.recursive {
        return Vec::new();
    }
    let atoms = program[rule].body.iter().enumerate();
    atoms
        .filter_map(|(at, literal)| match &literal.kind {
            LiteralKind::Atom(atom) if stratum.relations.contains(&atom.relation) => {
                Some((at, atom.relation))
            }
            _ => None,
        })
        .collect()
}
