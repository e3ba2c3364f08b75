//! Running rules: the plans of a round side by side where that is worth it, or one to its end, each in the way that
//! suits it. What a rule gives is in its head's relation afterwards, not yet settled.

use super::budget::Stop;
use super::composition::Composition;
use super::dominance::Dominance;
use super::drive::{MORSEL, WORTH, drive, work_of};
use super::evaluate::Context;
use super::gathering::{Allowance, Collect};
use super::numbering::numbered;
use super::pipeline::{Pipeline, Resolver};
use super::profile::RoundCost;
use super::relation::RelationState;
use super::run::{Run, interruption};
use super::side_by_side::{self, Strand};
use super::sink::Insert;
use super::unions::{Unions, promises};
use crate::analysis::checked::RelationId;
use crate::plan::{Guard, RulePlan, WIDE, fan_out};
use crate::storage::{Halts, RowSource, Rows, SortedRows};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

impl Run<'_> {
    /// Runs plans of one round, side by side where that is worth it.
    pub(super) fn execute_all(
        &self,
        mut plans: Vec<&RulePlan>,
        relations: &[RelationState],
        round: u32,
        keeps: bool,
    ) -> Result<(), Stop> {
        if let Some(pool) = self.pool {
            let strands = plans
                .iter()
                .filter_map(|plan| self.strand(plan, relations, round));
            let strands: Vec<Strand> = strands.collect();
            if side_by_side::is_worth_it(&strands) {
                if let Some(standby) = &self.standby {
                    standby.call();
                }
                let resolver = Resolver {
                    relations,
                    dictionary: self.dictionary,
                    once: false,
                    pool: None,
                };
                side_by_side::run(&strands, &resolver, pool);
                for strand in &strands {
                    self.note_strand(strand, relations, round)?;
                    plans.retain(|plan| !std::ptr::eq(*plan, strand.plan));
                }
            }
        }
        plans
            .into_iter()
            .try_for_each(|plan| self.execute(plan, relations, round, keeps))
    }

    /// A plan that may run beside others. `None`: it has to be asked for something first, its order counts, it has
    /// something better than going through candidates, or somebody wants to know what exactly it adds.
    fn strand<'r>(
        &'r self,
        plan: &'r RulePlan,
        relations: &'r [RelationState],
        round: u32,
    ) -> Option<Strand<'r>> {
        let head = &relations[plan.head?.index()];
        let scanned = &relations[plan.scanned_delta()?.index()];
        let alone = self.options.measure
            || self.options.budget.rows.is_some()
            || !plan.guards.is_empty()
            || plan.counter().is_some()
            || head.is_guarded()
            || self.subsumptions_of(plan.head?).next().is_some()
            || head.set.as_bits().is_some() && scanned.delta().as_bits().is_some()
            || {
                let fan = self.fan(plan).unwrap_or(0.0).max(fan_out(&plan.steps));
                promises(&head.set, scanned.delta().row_count() as u64, fan)
            };
        let rule = &self.program[plan.rule];
        let pace = self.pace(plan);
        (!alone).then(|| {
            let context = self.context(rule.span, round).of(&rule.variables);
            Strand::new(plan, context, &head.set, scanned, pace)
        })
    }

    fn note_strand(
        &self,
        strand: &Strand,
        relations: &[RelationState],
        round: u32,
    ) -> Result<(), Stop> {
        let plan = strand.plan;
        let run = RoundCost {
            round,
            joining: strand.busy(),
            scanned: strand.scanned(),
            candidates: strand.candidates(),
            ..RoundCost::default()
        };
        let mut profile = self.profile.lock();
        profile.ran(plan.rule, plan.delta, plan.head, run);
        interruption(&strand.context).map_or(Ok(()), |reason| {
            Err(self.stop(reason, Some(plan.rule), plan.head, relations))
        })
    }

    /// Runs a plan to its end; its head rows are in their relation, not yet settled. `keeps`: rows stay once they are
    /// there.
    pub(super) fn execute(
        &self,
        plan: &RulePlan,
        relations: &[RelationState],
        round: u32,
        keeps: bool,
    ) -> Result<(), Stop> {
        let Some(head) = plan.head else { return Ok(()) };
        let known = |guard: &Guard| match plan.guards.is_empty() {
            true => None,
            false => self.known.lock().get(&(plan.rule, guard.at)).copied(),
        };
        // What is new where a guard has held before changes nothing any more.
        let idle = |guard: &Guard| known(guard).is_some_and(|holds| !holds || guard.delta);
        if plan.guards.iter().any(idle) {
            return Ok(());
        }
        let started = Instant::now();
        let mut pipeline = Resolver {
            relations,
            dictionary: self.dictionary,
            once: false,
            pool: self.pool,
        }
        .resolve_asking(plan, &|guard| known(guard).is_none());
        let resolved = Instant::now();
        let state = &relations[head.index()];
        let set = &state.set;
        let rule = &self.program[plan.rule];
        let context = self.context(rule.span, round).of(&rule.variables);
        let unsettled = || match self.options.measure {
            true => set.unsettled() as u64,
            false => 0,
        };
        if let Some(standby) = &self.standby
            && work_of(&pipeline, self.pace(plan)) > WORTH * MORSEL
        {
            standby.call();
        }
        let before = unsettled();
        let candidates = self.fill(plan, head, &mut pipeline, &context, relations);
        let run = RoundCost {
            round,
            indexing: resolved - started,
            joining: resolved.elapsed(),
            scanned: pipeline.scanned(),
            candidates,
            added: unsettled() - before,
        };
        let mut profile = self.profile.lock();
        if rule.body.is_empty() {
            profile.stated(plan.rule, head, run);
        } else {
            profile.ran(plan.rule, plan.delta, Some(head), run);
            if self.options.measure {
                profile.measured(plan, run);
            }
        }
        self.note_guards(plan, &pipeline, relations, keeps);
        interruption(&context).map_or(Ok(()), |reason| {
            Err(self.stop(reason, Some(plan.rule), Some(head), relations))
        })
    }

    /// Brings what a plan gives to its head, in the way that is cheapest there. Candidates.
    fn fill<'p>(
        &self,
        plan: &'p RulePlan,
        head: RelationId,
        pipeline: &mut Pipeline<'p>,
        context: &Context,
        relations: &'p [RelationState],
    ) -> u64 {
        let state = &relations[head.index()];
        let set = &state.set;
        if let Some(counter) = plan.counter() {
            let rows = numbered(plan, counter, pipeline, context);
            let candidates = rows.len() as u64;
            match state.is_guarded() {
                true => state.admit(rows, self.program, self.dictionary),
                false => state.insert(&rows),
            }
            return candidates;
        }
        let pace = self.pace(plan);
        if state.is_guarded() || self.comes_at_once(plan, state) {
            return self.gather(plan, head, pipeline, context, relations);
        }
        let room = self.room(head, relations);
        let composed = Composition::of(pipeline, set)
            .and_then(|composition| composition.run(context, self.pool, room));
        if let Some(candidates) = composed {
            return candidates;
        }
        let united = Unions::of(pipeline, set, self.fan(plan))
            .and_then(|unions| unions.run(context, self.pool, room));
        if let Some(candidates) = united {
            return candidates;
        }
        if let (Some(column), Some(delta)) = (plan.clustered, plan.scanned()) {
            let delta = &relations[delta.index()];
            pipeline.cluster(column, || delta.delta_by(column));
        }
        pipeline.ask(plan.asked(WIDE));
        let dominance = Dominance::of(self.subsumptions_of(head), state, self.dictionary);
        let sinks = drive(pipeline, context, self.pool, pace, |company| {
            let insert = Insert::new(set, company, &pipeline.answer, room, context);
            insert.sifting(dominance.as_ref())
        });
        sinks.iter().map(Insert::candidates).sum()
    }

    /// Gathers what a plan gives before its head gets it. What is gathered by the time the budget is spent is given up: to
    /// bring it in order takes room and time. Candidates.
    fn gather(
        &self,
        plan: &RulePlan,
        head: RelationId,
        pipeline: &Pipeline,
        context: &Context,
        relations: &[RelationState],
    ) -> u64 {
        let state = &relations[head.index()];
        let room = match state.is_guarded() {
            // Who knows how many of them are admitted.
            true => None,
            false => self.room(head, relations),
        };
        let allowance = Allowance::of(room, self.options.budget.memory, context);
        let gathered = drive(pipeline, context, self.pool, self.pace(plan), |_| {
            Collect::new(&pipeline.answer).within(&allowance)
        });
        let candidates = gathered.iter().map(|of| of.rows.len() as u64).sum();
        let halts = || context.stopped();
        let rows = Collect::into_rows(gathered, state.set.arity(), self.pool, &halts);
        let rows = rows.filter(|_| !halts());
        if state.is_guarded() {
            if let Some(rows) = rows {
                state.admit(rows, self.program, self.dictionary);
            }
            return candidates;
        }
        let sorted = match rows {
            Some(rows) if !plan.narrows() && !SortedRows::are_quick_to_sort(&rows) => {
                state.insert_unless(&rows, &halts);
                return candidates;
            }
            Some(rows) => self.sorted(rows, &halts),
            None => None,
        };
        match sorted {
            Some(rows) => state.hand_in(rows),
            None => state.give_up(candidates),
        }
        candidates
    }

    /// Remembers which guards need not be asked for again in this stratum.
    fn note_guards(
        &self,
        plan: &RulePlan,
        pipeline: &Pipeline,
        relations: &[RelationState],
        keeps: bool,
    ) {
        for precondition in &pipeline.preconditions {
            let mut guards = plan.guards.iter();
            let Some(guard) = guards.find(|guard| guard.at == precondition.at) else {
                continue;
            };
            let mut read = guard.accesses();
            let complete = read.all(|access| relations[access.relation.index()].is_closed());
            let holds = precondition.holds.load(Relaxed);
            if complete && precondition.asked.load(Relaxed) || keeps && guard.delta && holds {
                self.known.lock().insert((plan.rule, guard.at), holds);
            }
        }
    }

    /// Seconds that a row scanned by a plan took so far.
    fn pace(&self, plan: &RulePlan) -> Option<f64> {
        self.profile.lock().pace(plan.rule, plan.delta)
    }

    /// Candidates for each row that a plan scanned so far.
    fn fan(&self, plan: &RulePlan) -> Option<f64> {
        self.profile.lock().fan(plan.rule, plan.delta)
    }

    /// Whether a plan gives all rows of its head, each once: no set has to tell them apart.
    fn comes_at_once(&self, plan: &RulePlan, state: &RelationState) -> bool {
        let Some(head) = plan.head else { return false };
        let relation = &self.program[head];
        plan.delta.is_none()
            && relation.arity() > 0
            && relation.lattice.is_none()
            && self.program.rules_of(head).nth(1).is_none()
            && self.subsumptions_of(head).next().is_none()
            && plan.keeps_apart(|id| self.program[id].arity())
            // Pairs may be leaner as bits.
            && (plan.narrows() || relation.arity() > 2)
            && state.is_untouched()
    }

    fn sorted(&self, rows: Rows, halts: &Halts) -> Option<SortedRows> {
        match self.pool {
            Some(pool) => pool.install(|| SortedRows::from_unsorted_unless(rows, halts)),
            None => SortedRows::from_unsorted_unless(rows, halts),
        }
    }

    /// Unsettled rows that a relation may have before too many rows are derived; `None` without a limit.
    fn room(&self, of: RelationId, relations: &[RelationState]) -> Option<u64> {
        let most = self.options.budget.rows?;
        // Only those of the stratum have rows on their way, and to count these takes a look at each part of a set.
        let there = relations
            .iter()
            .enumerate()
            .map(|(at, state)| match at == of.index() {
                true => state.set.len() as u64,
                false => state.rows_there(),
            });
        let stratum = &self.program.strata()[self.stratum_at].relations;
        let others = stratum.iter().filter(|id| **id != of);
        let on_their_way = others.map(|id| relations[id.index()].rows_on_their_way());
        let rows = there.sum::<u64>() + on_their_way.sum::<u64>();
        Some((most + self.report.stated).saturating_sub(rows))
    }
}
