//! Semi-naive evaluation, stratum by stratum.
//!
//! A rule with k atoms over relations of its own stratum is planned k times, each time with another of them read from
//! the latest delta. Within a round the plans that look anything up without its delta run before the delta is merged into
//! the indexes, all others after it, so one index serves both views.

use super::answers::answers;
use super::budget::{
    Observer, RunOptions, RunReport, Spent, Stop, StopReason, Violation, memory_in_use,
};
use super::closures::Functors;
use super::composition::Composition;
use super::drive::{MORSEL, WORTH, drive, work_of};
use super::evaluate::Context;
use super::functor::{FaultReport, Patterns};
use super::lattice::Merged;
use super::numbering::numbered;
use super::pipeline::{Pipeline, Resolver};
use super::profile::{Profile, RoundCost};
use super::relation::RelationState;
use super::side_by_side::{self, Strand};
use super::sink::{Collect, Insert};
use super::standby::Standby;
use super::statistics::Sizes;
use super::subsumption::Dominated;
use super::text_facts::text_facts;
use crate::analysis::checked::{
    CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, RuleId, Stratum, Subsumption,
};
use crate::plan::{Guard, Operand, RulePlan, fan_out, plan_rule, plan_subsumption};
use crate::storage::{Dictionary, RowSource, Rows, SortedRows};
use crate::syntax::source::Span;
use parking_lot::Mutex;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::Instant;

/// A plan is made anew when a relation it reads has grown by this factor.
const REPLAN: f64 = 4.0;

/// From so many stated rows on, each rule may give many rows before its relation can be looked at.
const MANY_FACTS: usize = 1 << 16;

/// A rule that has proposed each row this often, on average, gets its delta sorted so that repetitions meet early.
const REPETITIVE: u64 = 3;

/// What a run needs besides the relations it fills.
pub struct Run<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub functors: &'a Functors,
    pub options: &'a RunOptions,
    pub observer: &'a dyn Observer,
    pub pool: Option<&'a rayon::ThreadPool>,
    pub started: Instant,
    pub spent: &'a Spent,
    patterns: Patterns,
    autoinc: AtomicI64,
    faults: Mutex<Vec<FaultReport>>,
    profile: Mutex<Profile>,
    report: RunReport,
    /// Rows by relation that rule text alone states. They come in with the stratum.
    in_text: Vec<u64>,
    /// What the keys of lattice relations have so far.
    lattices: FxHashMap<RelationId, Merged>,
    tick: u32,
    /// Whether guards hold, by rule and place, of those for which that stays so while their stratum is derived: they have
    /// held once, or read what is complete.
    known: Mutex<FxHashMap<(RuleId, usize), bool>>,
    standby: Option<Standby<'a>>,
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

/// A rule with the atom that is read from the delta, and its plan of the last round.
struct DeltaVersion {
    rule: RuleId,
    delta: usize,
    relation: RelationId,
    plan: Option<(RulePlan, Vec<f64>)>,
}

impl<'a> Run<'a> {
    pub fn new(
        program: &'a CheckedProgram,
        dictionary: &'a Dictionary,
        functors: &'a Functors,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
        pool: Option<&'a rayon::ThreadPool>,
        spent: &'a Spent,
    ) -> Run<'a> {
        Run {
            program,
            dictionary,
            functors,
            options,
            observer,
            pool,
            started: Instant::now(),
            spent,
            patterns: Patterns::new(),
            autoinc: AtomicI64::new(0),
            faults: Mutex::default(),
            profile: Mutex::default(),
            report: RunReport::default(),
            in_text: vec![0; program.relations().count()],
            lattices: FxHashMap::default(),
            tick: 0,
            known: Mutex::default(),
            standby: None,
        }
    }

    pub fn run(mut self, relations: &mut [RelationState]) -> Result<RunReport, Stop> {
        self.standby = self.pool.map(Standby::new);
        let outcome = self.derive(relations);
        self.end(outcome, relations)
    }

    /// Derives nothing: what is given is all that holds.
    pub fn hold(mut self, relations: &mut [RelationState]) -> Result<RunReport, Stop> {
        for state in relations.iter_mut() {
            self.report.stated += state.hold(self.options.births);
        }
        let outcome = self.constraints(relations);
        self.end(outcome, relations)
    }

    fn end(
        mut self,
        outcome: Result<(), Stop>,
        relations: &[RelationState],
    ) -> Result<RunReport, Stop> {
        let total: u64 = relations
            .iter()
            .map(|state| (state.set.len() + state.set.unsettled()) as u64)
            .sum();
        self.report.derived = total.saturating_sub(self.report.stated);
        self.report.elapsed = self.started.elapsed();
        self.report.faults = std::mem::take(&mut *self.faults.lock());
        // Which of two rules came to its fault first is chance.
        self.report.faults.sort_by_key(|fault| fault.place);
        self.report.profile = std::mem::take(&mut *self.profile.lock());
        match outcome {
            Ok(()) => Ok(self.report),
            Err(mut stop) => {
                stop.report = Box::new(self.report);
                Err(stop)
            }
        }
    }

    fn derive(&mut self, relations: &mut [RelationState]) -> Result<(), Stop> {
        for (id, rows) in text_facts(self.program, self.dictionary) {
            // What a question asks for is nobody's statement.
            if self
                .program
                .demand()
                .is_some_and(|demand| demand.made.contains_key(&id))
            {
                continue;
            }
            self.in_text[id.index()] = relations[id.index()].count_stated(rows);
        }
        let given: usize = relations.iter().map(RelationState::given).sum();
        let many = given >= MANY_FACTS;
        for (id, relation) in self.program.relations() {
            let state = &mut relations[id.index()];
            let grows = self.program.rules_of(id).next().is_some()
                || state.is_guarded()
                || relation.lattice.is_some()
                || self.subsumptions_of(id).next().is_some()
                || matches!(relation.kind, RelationKind::Delta(_));
            if !self.options.births && !self.is_read_early(id) {
                state.settle_later();
            }
            let stated = state.open(grows, self.options.threads, many, self.options.births);
            self.report.stated += stated;
            self.in_text[id.index()] = self.in_text[id.index()].saturating_sub(stated);
        }
        let strata = self.program.strata();
        for (at, stratum) in strata.iter().enumerate() {
            let started = Instant::now();
            self.stratum(at, stratum, relations)?;
            self.report.strata.push(started.elapsed());
        }
        self.constraints(relations)
    }

    /// Whether a functor had no value so far.
    pub fn has_faults(&self) -> bool {
        !self.faults.lock().is_empty()
    }

    /// Whether rows of a relation count before all of them are there.
    fn is_read_early(&self, id: RelationId) -> bool {
        let mut strata = self.program.strata().iter();
        strata.any(|stratum| stratum.recursive && stratum.relations.contains(&id))
            || self
                .program
                .relations()
                .any(|(_, relation)| relation.kind == RelationKind::Delta(id))
    }

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

    fn stratum(
        &mut self,
        at: usize,
        stratum: &Stratum,
        relations: &mut [RelationState],
    ) -> Result<(), Stop> {
        let in_text = stratum.relations.iter().map(|id| self.in_text[id.index()]);
        self.report.stated += in_text.sum::<u64>();
        let mut versions = Vec::new();
        for &rule in &stratum.rules {
            let deltas = recursive_atoms(self.program, rule, stratum);
            if deltas.is_empty() {
                let sizes = Sizes {
                    relations,
                    recursive: &stratum.relations,
                };
                let plan = plan_rule(self.program, rule, None, &sizes);
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

    /// Runs plans of one round, side by side where that is worth it.
    fn execute_all(
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
            || head.set.as_matrix().is_some() && scanned.delta().as_bits().is_some();
        let rule = &self.program[plan.rule];
        let pace = self.profile.lock().pace(plan.rule, plan.delta);
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

    fn subsumptions_of(&self, relation: RelationId) -> impl Iterator<Item = &'a Subsumption> {
        let all = self.program.subsumptions().iter();
        all.filter(move |subsumption| subsumption.relation == relation)
    }

    /// Takes out the fresh rows that any row dominates, then all rows that one of the remaining fresh ones dominates.
    fn subsume(&self, stratum: &Stratum, relations: &mut [RelationState]) -> Result<(), Stop> {
        for &id in &stratum.relations {
            if self.subsumptions_of(id).next().is_none() {
                continue;
            }
            for &other in &stratum.relations {
                relations[other.index()].merge_delta(self.pool, false);
            }
            for fresh in [true, false] {
                let mut doomed = Rows::new(self.program[id].arity());
                for subsumption in self.subsumptions_of(id) {
                    for delta in deltas(subsumption, stratum, fresh) {
                        let found = self.dominated(subsumption, delta, relations)?;
                        doomed.append(found.rows());
                    }
                }
                let doomed = SortedRows::from_unsorted(doomed);
                if !doomed.is_empty() {
                    relations[id.index()].remove(&doomed, self.options.threads);
                }
            }
        }
        Ok(())
    }

    /// Gives each key of a lattice relation the least upper bound of what it had and what the round brought.
    fn merge_lattices(&mut self, stratum: &Stratum, relations: &mut [RelationState], round: u32) {
        for &id in &stratum.relations {
            let relation = &self.program[id];
            let Some(lattice) = &relation.lattice else {
                continue;
            };
            let mut merged = self.lattices.remove(&id).unwrap_or_default();
            let state = &mut relations[id.index()];
            let context = self.context(relation.span, round);
            if let Some(changed) =
                merged.take(&state.delta().to_rows(), relation, lattice, &context)
            {
                state.replace(&changed.all, changed.fresh, self.options.threads, self.tick);
            }
            self.lattices.insert(id, merged);
        }
    }

    fn dominated(
        &self,
        subsumption: &Subsumption,
        delta: usize,
        relations: &[RelationState],
    ) -> Result<SortedRows, Stop> {
        let sizes = Sizes {
            relations,
            recursive: &[],
        };
        let plan = plan_subsumption(subsumption, delta, &sizes);
        let pipeline = Resolver {
            relations,
            dictionary: self.dictionary,
            once: false,
            pool: self.pool,
        }
        .resolve(&plan);
        let context = self.context(subsumption.span, 0).of(&subsumption.variables);
        let found = drive(&pipeline, &context, self.pool, None, |_| {
            Dominated::new(&pipeline.answer)
        });
        match interruption(&context) {
            Some(reason) => Err(self.stop(reason, None, Some(subsumption.relation), relations)),
            None => Ok(Dominated::into_rows(found, subsumption.dominated.len())),
        }
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

    fn stop(
        &self,
        reason: StopReason,
        rule: Option<RuleId>,
        relation: Option<RelationId>,
        relations: &[RelationState],
    ) -> Stop {
        let rows = relation.map_or(0, |id| {
            let set = &relations[id.index()].set;
            (set.len() + set.unsettled()) as u64
        });
        Stop {
            reason,
            rule,
            relation,
            rows,
            report: Box::default(),
        }
    }

    /// Runs a plan to its end; its head rows are in their relation, not yet settled. `keeps`: rows stay once they are
    /// there.
    fn execute(
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
        let pace = self.profile.lock().pace(plan.rule, plan.delta);
        if let Some(standby) = &self.standby
            && work_of(&pipeline, pace) > WORTH * MORSEL
        {
            standby.call();
        }
        let (before, mut candidates) = (unsettled(), 0);
        if let Some(counter) = plan.counter() {
            let rows = numbered(plan, counter, &pipeline, &context);
            candidates = rows.len() as u64;
            match state.is_guarded() {
                true => state.admit(rows, self.program, self.dictionary),
                false => state.insert(&rows),
            }
        } else if state.is_guarded() || self.comes_at_once(plan, state) {
            let mut rows = Rows::new(set.arity());
            for sink in drive(&pipeline, &context, self.pool, pace, |_| {
                Collect::new(&pipeline.answer)
            }) {
                rows.append(&sink.rows);
            }
            candidates = rows.len() as u64;
            match state.is_guarded() {
                true => state.admit(rows, self.program, self.dictionary),
                false => state.hand_in(SortedRows::from_unsorted(rows)),
            }
        } else {
            let room = self.room(head, relations);
            let composed = Composition::of(&pipeline, set)
                .and_then(|composition| composition.run(&context, self.pool, room));
            if let Some(composed) = composed {
                candidates = composed;
            } else {
                if let (Some(column), Some(delta)) = (plan.clustered, plan.scanned()) {
                    let delta = &relations[delta.index()];
                    pipeline.cluster(column, || delta.delta_by(column));
                }
                for sink in drive(&pipeline, &context, self.pool, pace, |company| {
                    Insert::new(set, company, &pipeline.answer, room, &context)
                }) {
                    candidates += sink.inserter.pushed();
                }
            }
        }
        let mut run = RoundCost {
            round,
            indexing: resolved - started,
            joining: resolved.elapsed(),
            scanned: pipeline.scanned(),
            candidates,
            added: 0,
        };
        run.added = unsettled() - before;
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

    /// Whether a plan gives all rows of its head, each once: no set has to tell them apart.
    fn comes_at_once(&self, plan: &RulePlan, state: &RelationState) -> bool {
        let Some(head) = plan.head else { return false };
        let relation = &self.program[head];
        plan.delta.is_none()
            && relation.arity() > 0
            && relation.lattice.is_none()
            && self.program.rules_of(head).count() == 1
            && self.subsumptions_of(head).next().is_none()
            && plan.keeps_apart(|id| self.program[id].arity())
            && state.is_untouched()
    }

    /// Unsettled rows that a relation may have before too many rows are derived; `None` without a limit.
    fn room(&self, of: RelationId, relations: &[RelationState]) -> Option<u64> {
        let most = self.options.budget.rows?;
        let others = relations.iter().enumerate().map(|(at, state)| {
            let unsettled = match at == of.index() {
                true => 0,
                false => state.set.unsettled(),
            };
            (state.set.len() + unsettled) as u64
        });
        Some((most + self.report.stated).saturating_sub(others.sum()))
    }

    fn constraints(&mut self, relations: &[RelationState]) -> Result<(), Stop> {
        for &rule in self.program.constraints() {
            let plan = plan_rule(
                self.program,
                rule,
                None,
                &Sizes {
                    relations,
                    recursive: &[],
                },
            );
            let variables = &self.program[rule].variables;
            let context = self.context(self.program[rule].span, 0).of(variables);
            let started = Instant::now();
            let rows = answers(
                &plan,
                relations,
                self.dictionary,
                &context,
                self.pool,
                false,
            );
            if let Some(reason) = interruption(&context) {
                return Err(self.stop(reason, Some(rule), None, relations));
            }
            let run = RoundCost {
                joining: started.elapsed(),
                candidates: rows.len() as u64,
                added: rows.len() as u64,
                ..RoundCost::default()
            };
            let profile = self.profile.get_mut();
            profile.ran(rule, None, None, run);
            if self.options.measure {
                profile.measured(&plan, run);
            }
            if !rows.is_empty() {
                let named = plan.answer.iter().filter_map(|operand| match operand {
                    Operand::Var(var) => self.program[rule].variables.get(var.index()),
                    Operand::Const(_) => None,
                });
                let (columns, types) = named
                    .map(|variable| (variable.name.clone(), variable.ty))
                    .unzip();
                self.report.violations.push(Violation {
                    constraint: rule,
                    columns,
                    types,
                    rows,
                });
            }
        }
        Ok(())
    }

    fn context(&self, place: Span, round: u32) -> Context<'_> {
        Context {
            program: self.program,
            dictionary: self.dictionary,
            functors: self.functors,
            patterns: &self.patterns,
            cancel: &self.options.budget.cancel,
            deadline: self.options.budget.time.map(|time| self.started + time),
            spent: self.spent,
            late: AtomicBool::new(false),
            threads: self.options.threads.max(1) as u64,
            place: Some(place),
            variables: &[],
            round,
            autoinc: &self.autoinc,
            faults: &self.faults,
        }
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

/// The atoms of a subsumptive clause that are read from the delta in turn: the dominated row first, then what may
/// dominate older rows.
pub(super) fn deltas(subsumption: &Subsumption, stratum: &Stratum, fresh: bool) -> Vec<usize> {
    if fresh {
        return vec![0];
    }
    let recursive = |literal: &Literal| match &literal.kind {
        LiteralKind::Atom(atom) => stratum.relations.contains(&atom.relation),
        _ => false,
    };
    let body = subsumption.body.iter().enumerate();
    let among = body.filter(|(_, literal)| recursive(literal));
    std::iter::once(1)
        .chain(among.map(|(at, _)| at + 2))
        .collect()
}

/// Why a run over this context has to stop.
pub(super) fn interruption(context: &Context) -> Option<StopReason> {
    if let Some(reason) = context.spent.reason() {
        Some(reason)
    } else if context.late.load(Relaxed) {
        Some(StopReason::Time)
    } else if context.cancel.load(Relaxed) {
        Some(StopReason::Cancelled)
    } else {
        None
    }
}
