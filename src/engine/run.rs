//! One run over a program: what it needs, the strata in their order, constraints at the end, and the report.
//!
//! How a stratum comes to its end is [`fixpoint`](super::fixpoint)'s, how one rule is run [`execution`](super::execution)'s.

use super::answers::answers;
use super::budget::{Observer, RunOptions, RunReport, Spent, Stop, StopReason, Violation};
use super::closures::Functors;
use super::evaluate::Context;
use super::functor::{FaultReport, Patterns};
use super::lattice::Merged;
use super::profile::{Profile, RoundCost};
use super::relation::RelationState;
use super::standby::Standby;
use super::statistics::Sizes;
use super::text_facts::text_facts;
use crate::analysis::checked::{CheckedProgram, RelationId, RelationKind, RuleId};
use crate::plan::{Operand, plan_rule};
use crate::storage::Dictionary;
use crate::syntax::source::Span;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::Instant;

/// From so many stated rows on, each rule may give many rows before its relation can be looked at.
const MANY_FACTS: usize = 1 << 16;

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
    pub(super) profile: Mutex<Profile>,
    pub(super) report: RunReport,
    /// Rows by relation that rule text alone states. They come in with the stratum.
    pub(super) in_text: Vec<u64>,
    /// What the keys of lattice relations have so far.
    pub(super) lattices: FxHashMap<RelationId, Merged>,
    pub(super) tick: u32,
    /// The stratum that is being derived.
    pub(super) stratum_at: usize,
    /// Whether guards hold, by rule and place, of those for which that stays so while their stratum is derived: they have
    /// held once, or read what is complete.
    pub(super) known: Mutex<FxHashMap<(RuleId, usize), bool>>,
    pub(super) standby: Option<Standby<'a>>,
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
            stratum_at: 0,
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
        let total: u64 = relations.iter().map(RelationState::rows_so_far).sum();
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

    pub(super) fn stop(
        &self,
        reason: StopReason,
        rule: Option<RuleId>,
        relation: Option<RelationId>,
        relations: &[RelationState],
    ) -> Stop {
        let rows = relation.map_or(0, |id| relations[id.index()].rows_so_far());
        Stop {
            reason,
            rule,
            relation,
            rows,
            report: Box::default(),
        }
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
            let found = answers(
                &plan,
                relations,
                self.dictionary,
                &context,
                self.pool,
                false,
            );
            let (None, Ok(rows)) = (interruption(&context), found) else {
                let reason = interruption(&context).unwrap_or(StopReason::Cancelled);
                return Err(self.stop(reason, Some(rule), None, relations));
            };
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

    pub(super) fn context(&self, place: Span, round: u32) -> Context<'_> {
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
            answering: None,
        }
    }
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
