//! A program together with all rows that are stated and all that follow.

use super::admission::Admission;
use super::answers;
use super::budget::{Budget, Observer, RunOptions, RunReport, Spent, Stop, watching_memory};
use super::closures::Functors;
use super::evaluate::{Answering, Context, Holdings};
use super::maintain::{Change, Difference, History, Routes, Setting};
use super::planning::{ProgramPlans, plan_program};
use super::relation::{IndexSpec, RelationState};
use super::run::Run;
use super::statistics::Sizes;
use crate::analysis::checked::{CheckedProgram, CheckedQuery, RelationId};
use crate::plan::{RulePlan, plan_body};
use crate::storage::pattern::bound;
use crate::storage::{Code, Dictionary, Index, RowSet, Rows, SortedRows};
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Rows from which on an index is not made for a single answer.
pub(super) const MANY: usize = if cfg!(test) { 8 } else { 1 << 16 };
/// Rows that a scan passes over in the time that one answer takes.
const PASSED_OVER: f64 = 256.0;

pub struct Database {
    program: Arc<CheckedProgram>,
    dictionary: Arc<Dictionary>,
    relations: Vec<RelationState>,
    functors: Functors,
    /// Absent for one thread.
    pool: Option<Arc<rayon::ThreadPool>>,
    /// Those of the run.
    options: RunOptions,
    /// How long the run took over each stratum.
    times: Arc<[Duration]>,
    routes: Routes,
    history: History,
}

impl Database {
    pub fn new(program: Arc<CheckedProgram>, dictionary: Arc<Dictionary>) -> Database {
        let relations = program
            .relations()
            .map(|(id, relation)| {
                RelationState::new(
                    relation.arity(),
                    u64::from(id.0),
                    Admission::to(id, relation),
                )
            })
            .collect();
        Database {
            program,
            dictionary,
            relations,
            functors: Functors::default(),
            pool: None,
            options: RunOptions::default(),
            times: Arc::default(),
            routes: Routes::default(),
            history: History::default(),
        }
    }

    pub fn program(&self) -> &Arc<CheckedProgram> {
        &self.program
    }

    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }

    /// Gives the closures that the program's functors stand for, before [`Database::run`].
    pub fn register(&mut self, functors: Functors) {
        self.functors = functors;
    }

    /// States rows, before [`Database::run`]. Duplicates count once.
    pub fn state(&mut self, relation: RelationId, rows: Rows) {
        self.relations[relation.index()].state(rows);
    }

    /// Gives rows that were derived elsewhere, before [`Database::hold_stated`].
    pub fn state_derived(&mut self, relation: RelationId, rows: Rows) {
        self.relations[relation.index()].state_derived(rows);
    }

    /// Takes the rows that were given for all there are, and checks the constraints over them. Rows that were derived
    /// elsewhere are younger than stated ones; which of them came first is not known. Such a database is not to be changed:
    /// it would derive again what was left out.
    pub fn hold_stated(
        &mut self,
        options: &RunOptions,
        observer: &dyn Observer,
    ) -> Result<RunReport, Stop> {
        let spent = Spent::default();
        let run = Run::new(
            &self.program,
            &self.dictionary,
            &self.functors,
            options,
            observer,
            None,
            &spent,
        );
        run.hold(&mut self.relations)
    }

    /// Derives everything that follows. On a [`Stop`] the rows derived so far stay readable.
    pub fn run(
        &mut self,
        options: &RunOptions,
        observer: &dyn Observer,
    ) -> Result<RunReport, Stop> {
        // Without threads to be had, one has to do.
        self.pool = (options.threads > 1)
            .then(|| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(options.threads)
                    .build()
                    .ok()
                    .map(Arc::new)
            })
            .flatten();
        self.options = options.clone();
        let spent = Spent::default();
        let run = Run::new(
            &self.program,
            &self.dictionary,
            &self.functors,
            options,
            observer,
            self.pool.as_deref(),
            &spent,
        );
        let relations = &mut self.relations;
        let work = || watching_memory(&options.budget, &spent, || run.run(relations));
        // Threads of a pool share work among them at less cost than with one from outside.
        let outcome = match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        };
        match &outcome {
            Ok(report) => self.times = report.strata.as_slice().into(),
            Err(_) => self.relations.iter_mut().for_each(RelationState::abandon),
        }
        outcome
    }

    /// States and withdraws rows, and goes over to another program, after a [`Database::run`] that was not stopped. The
    /// answer is what is otherwise than before; the database is as a run from scratch would leave it. Takes time in
    /// proportion to what the change reaches, and never much more than such a run; the first changes may build indexes.
    /// On a [`Stop`] everything is as it was.
    pub fn change(&mut self, change: &Change, budget: &Budget) -> Result<Difference, Stop> {
        let options = RunOptions {
            budget: budget.clone(),
            measure: false,
            ..self.options
        };
        let setting = Setting {
            program: self.program.clone(),
            dictionary: &self.dictionary,
            functors: &self.functors,
            options: &options,
            times: &self.times,
            pool: self.pool.as_deref(),
        };
        let entry = setting.carry_out(change, &mut self.relations, &mut self.routes)?;
        if let Some(program) = &change.program {
            self.program = program.clone();
            // Its strata are others.
            self.times = Arc::default();
        }
        let difference = entry.difference.clone();
        self.history.push(entry);
        Ok(difference)
    }

    /// The same database once more, after a run, without what was changed before: either can change without the other.
    /// Rows, indexes and births are shared; what is changed is kept beside them, until it is much.
    pub fn fork(&self) -> Database {
        Database {
            program: self.program.clone(),
            dictionary: self.dictionary.clone(),
            relations: self.relations.iter().map(RelationState::fork).collect(),
            functors: self.functors.clone(),
            pool: self.pool.clone(),
            options: self.options.clone(),
            times: self.times.clone(),
            routes: self.routes.clone(),
            history: History::default(),
        }
    }

    /// The same without births: changes of it take less, and are followed alike however long the run took. Proofs of what
    /// holds there may go round in circles.
    pub fn fork_without_births(&self) -> Database {
        let mut fork = self.fork();
        fork.options.births = false;
        fork.times = Arc::default();
        for state in &mut fork.relations {
            state.forget_births();
        }
        fork
    }

    /// Rows of a relation that are here and not there, where one was forked off the other or both off a third: takes time
    /// in proportion to what was changed since. `None`: it would have to be looked for.
    pub fn only_here(&self, other: &Database, relation: RelationId) -> Option<Rows> {
        let set =
            |database: &'_ Database| Some(database.relations.get(relation.index())?.set.clone());
        RowSet::only_in(&set(self)?, &set(other)?)
    }

    /// Whether both have the very same rows of a relation since one was forked off the other. False does not tell that
    /// they differ.
    pub fn shares_rows(&self, other: &Database, relation: RelationId) -> bool {
        let none = |rows: Option<Rows>| rows.is_some_and(|rows| rows.is_empty());
        none(self.only_here(other, relation)) && none(other.only_here(self, relation))
    }

    /// Changes that [`Database::undo`] can take back. A transaction is the changes beyond a depth noted before, so
    /// transactions nest.
    pub fn depth(&self) -> usize {
        self.history.depth()
    }

    /// Changes that [`Database::redo`] can make again.
    pub fn undone(&self) -> usize {
        self.history.undone()
    }

    /// Takes the last change back: rows, births, what is stated and the program are what they were. `None`: there is
    /// none.
    pub fn undo(&mut self) -> Option<Difference> {
        let (difference, program) = self.history.undo(&mut self.relations)?;
        self.go_over_to(program);
        Some(difference)
    }

    /// Lets go of what [`Database::redo`] could make again.
    pub fn forget_undone(&mut self) {
        self.history.forget_undone();
    }

    /// Makes the change again that was taken back last, unless another one has been made since.
    pub fn redo(&mut self) -> Option<Difference> {
        let (difference, program) = self.history.redo(&mut self.relations)?;
        self.go_over_to(program);
        Some(difference)
    }

    fn go_over_to(&mut self, program: Option<Arc<CheckedProgram>>) {
        if let Some(program) = program {
            self.program = program;
            self.routes.clear();
        }
    }

    /// Whether a row is stated from outside; rule text does not count.
    pub fn is_told(&self, relation: RelationId, row: &[Code]) -> bool {
        self.relations[relation.index()].is_told(row)
    }

    /// The rows that are stated from outside.
    pub fn told(&self, relation: RelationId) -> Rows {
        self.relations[relation.index()].told_rows()
    }

    /// How many rows are stated from outside.
    pub fn told_len(&self, relation: RelationId) -> usize {
        self.relations[relation.index()].told_len()
    }

    /// How many rows are stated in all, from outside or by rule text.
    pub fn stated_len(&self) -> u64 {
        let told: usize = self.relations.iter().map(RelationState::told_len).sum();
        let nature = self.routes.nature(&self.program, &self.dictionary);
        let text = nature.text.iter().map(|(&id, rows)| {
            let state = &self.relations[id.index()];
            rows.len() - state.count_told(rows)
        });
        (told + text.sum::<usize>()) as u64
    }

    pub fn len(&self, relation: RelationId) -> usize {
        self.relations[relation.index()].set.len()
    }

    pub fn is_empty(&self, relation: RelationId) -> bool {
        self.len(relation) == 0
    }

    pub fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        self.relations[relation.index()].set.contains(row)
    }

    /// All rows of a relation, ascending by code.
    pub fn rows(&self, relation: RelationId) -> Rows {
        SortedRows::from_unsorted(self.relations[relation.index()].set.to_rows()).into_rows()
    }

    /// The rows that agree with the pattern where it is `Some`, ascending by code. Large relations are looked up through
    /// what the run left there, where something leads to the rows, and else are scanned some times. Elsewhere builds
    /// and keeps an index on first use of a set of bound columns; afterwards O(1 + answers).
    pub fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        let state = &self.relations[relation.index()];
        let (columns, key) = bound(pattern);
        if columns.is_empty() {
            return self.rows(relation);
        }
        let mut found = Rows::new(pattern.len());
        if columns.len() == pattern.len() {
            if state.set.contains(&key) {
                found.push(&key);
            }
            return found;
        }
        let payload: Vec<usize> = (0..pattern.len())
            .filter(|column| !columns.contains(column))
            .collect();
        let spec = IndexSpec {
            key: columns.into_vec(),
            payload: payload.clone(),
        };
        // An index over many rows takes longer to make than a few answers are worth.
        if state.set.len() >= MANY
            && !state.holds_index(&spec)
            && let Some(found) = state
                .at_hand(pattern)
                .or_else(|| state.scan(&spec, pattern))
        {
            return SortedRows::from_unsorted(found).into_rows();
        }
        let index = state.index(&spec, self.pool.as_deref());
        let mut row: Vec<Code> = pattern
            .iter()
            .map(|code| code.unwrap_or_default())
            .collect();
        for entry in index.entry(index.locate(&key)).chunks_exact(payload.len()) {
            for (&column, &code) in payload.iter().zip(entry) {
                row[column] = code;
            }
            found.push(&row);
        }
        match found.len() {
            0 | 1 => found,
            _ => SortedRows::from_unsorted(found).into_rows(),
        }
    }

    /// The rows that [`Database::matching`] gives, in its order, one after the other behind what `codes` holds.
    pub fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        let start = codes.len();
        if let Some((index, key)) = self.leading_to(relation, pattern) {
            let entry = index.entry(index.locate(&key));
            for free in entry.chunks_exact(pattern.len() - key.len()) {
                let mut free = free.iter();
                for code in pattern {
                    codes.extend(code.as_ref().or_else(|| free.next()));
                }
            }
            if codes[start..].chunks_exact(pattern.len()).is_sorted() {
                return;
            }
            codes.truncate(start);
        }
        self.matching(relation, pattern).gather(codes);
    }

    /// Whether [`Database::matching`] gives any row.
    pub fn has(&self, relation: RelationId, pattern: &[Option<Code>]) -> bool {
        match self.leading_to(relation, pattern) {
            Some((index, key)) => index.count(index.locate(&key)) > 0,
            None => !self.matching(relation, pattern).is_empty(),
        }
    }

    /// An index that leads to the rows which agree with a pattern, if it was made before, and where to look there. None
    /// where nothing or everything is bound.
    fn leading_to(
        &self,
        relation: RelationId,
        pattern: &[Option<Code>],
    ) -> Option<(Arc<Index>, SmallVec<[Code; 8]>)> {
        let (columns, key) = bound(pattern);
        if key.is_empty() || key.len() == pattern.len() {
            return None;
        }
        let index = self.relations[relation.index()].whole_index(&columns)?;
        Some((index, key))
    }

    /// How many rows [`Database::matching`] gives when these columns are bound, by estimate, and what it takes to come to
    /// them where nothing leads there: a row that a scan passes over costs a small part of one that is given.
    pub fn reach(&self, relation: RelationId, bound: &[usize]) -> u64 {
        let state = &self.relations[relation.index()];
        let rows = state.set.len() as f64;
        if bound.len() == state.set.arity() {
            return 1;
        }
        let distinct: f64 = bound.iter().map(|&column| state.distinct(column)).product();
        let scanned = match state.set.len() >= MANY && !state.leads_to(bound) {
            true => rows / PASSED_OVER,
            false => 0.0,
        };
        (rows / distinct + scanned).ceil() as u64
    }

    /// How a run over the rows that are here now would join them. Not known: how much each round will add to a relation;
    /// what it added on average stands for it.
    pub fn plans(&self) -> ProgramPlans {
        plan_program(&self.program, &self.relations)
    }

    /// How [`Database::query`] would answer: a plan for the body and for each alternative.
    pub fn query_plans(&self, query: &CheckedQuery) -> Vec<RulePlan> {
        let sizes = Sizes {
            relations: &self.relations,
            recursive: &[],
        };
        std::iter::once(&query.body)
            .chain(&query.alternatives)
            .map(|body| plan_body(body, query.variables.len(), &query.columns, &sizes))
            .collect()
    }

    /// The answers to a query, distinct, ascending by code; one column for each of [`CheckedQuery::columns`]. A
    /// yes-or-no question answers with zero or one row of no columns.
    pub fn query(
        &self,
        query: &CheckedQuery,
        budget: &Budget,
        observer: &dyn Observer,
    ) -> Result<Rows, Stop> {
        let holdings = Holdings::new();
        let answering = Answering {
            observer,
            rows: AtomicU64::new(0),
        };
        let context = Context {
            answering: Some(answering),
            ..holdings.context(&self.program, &self.dictionary, &self.functors, budget)
        };
        let mut answers = Rows::new(query.columns.len());
        for plan in self.query_plans(query) {
            let pool = self.pool.as_deref();
            let rows = answers::query(&plan, &self.relations, &context, budget, pool)?;
            answers.append(&rows);
        }
        Ok(SortedRows::from_unsorted(answers).into_rows())
    }

    /// The tick at which a row appeared: 0 when stated, later ticks are later rounds, over all strata. A derived row
    /// has a derivation from rows of strictly earlier ticks. `None` when the row is absent or births were not recorded.
    pub fn birth(&self, relation: RelationId, row: &[Code]) -> Option<u32> {
        self.relations[relation.index()].birth(row)
    }

    /// Whether a row was stated from outside, or by rule text; `None` when births were not recorded.
    pub fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.relations[relation.index()].is_stated(row)
    }
}
