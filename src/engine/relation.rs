//! One relation while a program runs: its rows, the latest delta, the indexes that rules asked for.

use super::admission::Admission;
use super::births::Births;
pub use super::indexes::IndexSpec;
use super::indexes::{Indexes, build};
use super::statistics::{distinct_in_order, estimate_distinct};
use crate::analysis::checked::{CheckedProgram, ValueType};
use crate::storage::pattern::agrees;
use crate::storage::{
    Code, Company, Dictionary, Halts, Index, Inserter, Latest, RowSet, RowSource, Rows, SortedRows,
};
use parking_lot::Mutex;
use rayon::ThreadPool;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Rows that are stated, among others.
#[derive(Clone)]
struct Told {
    base: SortedRows,
    plus: FxHashSet<Arc<[Code]>>,
    minus: FxHashSet<Arc<[Code]>>,
}

impl Told {
    fn new(base: SortedRows) -> Told {
        Told {
            base,
            plus: FxHashSet::default(),
            minus: FxHashSet::default(),
        }
    }

    fn contains(&self, row: &[Code]) -> bool {
        self.plus.contains(row) || self.base.contains(row) && !self.minus.contains(row)
    }

    fn tell(&mut self, row: &Arc<[Code]>, stated: bool) {
        let (to, from) = match stated {
            true => (&mut self.plus, &mut self.minus),
            false => (&mut self.minus, &mut self.plus),
        };
        from.remove(row);
        if self.base.contains(row) != stated {
            to.insert(row.clone());
        }
    }

    fn rows(&self) -> Rows {
        let mut rows = Rows::new(self.base.rows().arity());
        let base = self.base.rows().iter();
        for row in base.filter(|row| !self.minus.contains(&row[..])) {
            rows.push(&row);
        }
        for row in &self.plus {
            rows.push(row);
        }
        rows
    }
}

/// Rows of a delta below which one thread brings indexes up to date as fast as several.
const MANY: usize = if cfg!(test) { 4 } else { 1 << 13 };
/// The same where the other threads are awake.
const MANY_AWAKE: usize = if cfg!(test) { 2 } else { 1 << 8 };

/// Rows that are inserted between two looks at whether to go on.
const LOOK: usize = if cfg!(test) { 3 } else { 1 << 16 };

/// At most this part of the rows is taken out one by one.
const IN_PLACE: usize = 2;

/// Candidates for each row there is from which on the set is told of them.
const MANY_CANDIDATES: f64 = if cfg!(test) { 0.5 } else { 4.0 };

pub struct RelationState {
    /// Shared with the relation's forks. Where one of them changes, it amends what is shared.
    pub set: Arc<RowSet>,
    /// Rows stated from outside, until the run takes them in.
    stated: Rows,
    /// Rows derived elsewhere, likewise.
    derived: Rows,
    /// Shared like the rows.
    indexes: Arc<Indexes>,
    /// Those of the rows that the set amends.
    beneath: Option<Arc<Indexes>>,
    /// Whether the indexes hold the delta too.
    merged: bool,
    /// No more rows will come.
    closed: bool,
    /// Rounds that added rows.
    rounds: u32,
    distinct: Vec<f64>,
    births: Option<Births>,
    /// The stated rows of a relation that rules add to; `None`: all rows are stated.
    told: Option<Told>,
    /// All rows of the relation, before they are taken in.
    handed_in: Mutex<Option<SortedRows>>,
    /// Rows that a rule had gathered when it was stopped.
    given_up: AtomicU64,
    /// The delta ascending by a column, for the rules of a round that want it so, by these columns.
    sorted: Mutex<Vec<(usize, Arc<Rows>)>>,
    /// Present when rows have to pass it on their way into the set.
    admission: Option<Mutex<Admission>>,
}

impl RelationState {
    /// `salt`: another for each relation.
    pub fn new(arity: usize, salt: u64, admission: Option<Admission>) -> RelationState {
        RelationState {
            set: Arc::new(RowSet::new(arity, 1, salt)),
            stated: Rows::new(arity),
            derived: Rows::new(arity),
            indexes: Arc::default(),
            beneath: None,
            merged: true,
            closed: false,
            rounds: 0,
            distinct: vec![1.0; arity],
            births: None,
            told: None,
            handed_in: Mutex::default(),
            given_up: AtomicU64::new(0),
            sorted: Mutex::default(),
            admission: admission.map(Mutex::new),
        }
    }

    /// The same relation at rest once more. Rows, indexes and births are shared until either is changed.
    pub fn fork(&self) -> RelationState {
        let arity = self.set.arity();
        RelationState {
            set: self.set.clone(),
            stated: Rows::new(arity),
            derived: Rows::new(arity),
            indexes: self.indexes.clone(),
            beneath: self.beneath.clone(),
            merged: true,
            closed: true,
            rounds: self.rounds,
            distinct: self.distinct.clone(),
            births: self.births.clone(),
            told: self.told.clone(),
            handed_in: Mutex::default(),
            given_up: AtomicU64::new(0),
            sorted: Mutex::default(),
            // Whoever derives the relation anew makes it anew.
            admission: None,
        }
    }

    pub fn state(&mut self, rows: Rows) {
        if self.stated.is_empty() {
            self.stated = rows;
        } else {
            self.stated.append(&rows);
        }
    }

    pub fn state_derived(&mut self, rows: Rows) {
        self.derived.append(&rows);
    }

    /// Takes the rows given for all there are. Returns the number of distinct stated rows.
    pub fn hold(&mut self, births: bool) -> u64 {
        let arity = self.set.arity();
        let stated = SortedRows::from_unsorted(std::mem::take(&mut self.stated));
        let derived = std::mem::replace(&mut self.derived, Rows::new(arity));
        let count = stated.len() as u64;
        let mut all = derived.clone();
        all.append(stated.rows());
        let all = SortedRows::from_unsorted(all);
        self.told = (!derived.is_empty()).then(|| Told::new(stated.clone()));
        self.births = births.then(|| {
            let mut births = Births::new(stated);
            births.push(1, &derived);
            births
        });
        self.note_distinct(estimate_distinct(&**all.rows()));
        self.closed = true;
        self.set = Arc::new(RowSet::fixed(all));
        count
    }

    /// Rows given so far, duplicates included. Before the run begins.
    pub fn given(&self) -> usize {
        self.stated.len()
    }

    /// How many distinct rows are stated that way or are among `others`. Before the run begins.
    pub fn count_stated(&self, mut others: Rows) -> u64 {
        others.append(&self.stated);
        SortedRows::from_unsorted(others).len() as u64
    }

    /// Begins a run. A relation that does not grow takes its stated rows and is done; one that does gets them as its
    /// first fresh rows. `many`: it may get very many before it can be looked at. Returns the number of distinct stated rows.
    pub fn open(&mut self, grows: bool, writers: usize, many: bool, births: bool) -> u64 {
        let stated = SortedRows::from_unsorted(std::mem::take(&mut self.stated));
        let count = stated.len() as u64;
        self.births = births.then(|| Births::new(stated.clone()));
        self.note_distinct(distinct_in_order(&stated));
        self.closed = !grows;
        self.told = grows.then(|| Told::new(stated.clone()));
        if grows {
            let mut set = RowSet::new(self.set.arity(), writers, self.set.salt());
            if many {
                set.spread();
            }
            self.set = Arc::new(set);
            let rows = stated.into_rows();
            let rows = match &mut self.admission {
                Some(admission) => admission.get_mut().state(rows),
                None => rows,
            };
            self.insert(&rows);
        } else {
            self.set = Arc::new(RowSet::fixed(stated));
        }
        count
    }

    /// Before [`RelationState::open`]: nobody looks at the relation before it is closed, nor at when its rows came in.
    pub fn settle_later(&mut self) {
        if let Some(admission) = &mut self.admission {
            admission.get_mut().settle_later();
        }
    }

    /// Before there are many rows: which columns rules go on from without the others. See [`RowSet::divide`].
    pub fn divide(&mut self, ways: &[Box<[usize]>]) {
        if let Some(set) = Arc::get_mut(&mut self.set) {
            set.divide(ways);
        }
    }

    /// Before a first rule: so many candidates are coming, perhaps from several threads.
    pub fn prepare(&mut self, candidates: f64, shared: bool) {
        if let Some(set) = Arc::get_mut(&mut self.set) {
            set.prepare(candidates, shared);
        }
    }

    /// Between rounds: so many candidates are coming.
    pub fn expect(&mut self, candidates: f64, pool: Option<&ThreadPool>) {
        if candidates > self.set.len() as f64 * MANY_CANDIDATES
            && let Some(set) = Arc::get_mut(&mut self.set)
        {
            set.expect(candidates, pool);
        }
    }

    /// Between rounds, after [`RelationState::expect`]: several threads will add rows.
    pub fn spread(&mut self) {
        if let Some(set) = Arc::get_mut(&mut self.set) {
            set.spread_many();
        }
    }

    /// Whether derived rows have to go through [`RelationState::admit`].
    pub fn is_guarded(&self) -> bool {
        self.admission.is_some()
    }

    /// Adds what the admission lets through of the rows that a rule derived. It counts from the next round on.
    pub fn admit(&self, derived: Rows, program: &CheckedProgram, dictionary: &Dictionary) {
        let candidates = SortedRows::from_unsorted(derived).into_rows();
        if let Some(admission) = &self.admission {
            let admitted = admission.lock().admit(&candidates, program, dictionary);
            self.insert(&admitted);
        }
    }

    /// Adds rows, which count from the next round on.
    pub fn insert(&self, rows: &Rows) {
        let mut inserter = Inserter::new(&self.set, Company::Alone);
        let columns: Vec<&[Code]> = (0..rows.arity()).map(|at| rows.column(at)).collect();
        inserter.push_columns(&columns, rows.len());
        inserter.flush();
    }

    /// The same of many rows that are not empty, as long as `halts` does not hold.
    pub fn insert_unless(&self, rows: &Rows, halts: &Halts) {
        let mut inserter = Inserter::new(&self.set, Company::Alone);
        for start in (0..rows.len()).step_by(LOOK) {
            if halts() {
                break;
            }
            let end = (start + LOOK).min(rows.len());
            let columns = (0..rows.arity()).map(|at| &rows.column(at)[start..end]);
            inserter.push_columns(&columns.collect::<Vec<_>>(), end - start);
        }
        inserter.flush();
    }

    /// Counts rows that were gathered for an untouched relation and are not kept.
    pub fn give_up(&self, rows: u64) {
        self.given_up.fetch_add(rows, Relaxed);
    }

    /// Rows that are there, on their way or given up.
    pub fn rows_so_far(&self) -> u64 {
        self.rows_there() + self.rows_on_their_way()
    }

    /// Rows that are there or given up.
    pub fn rows_there(&self) -> u64 {
        self.set.len() as u64 + self.given_up.load(Relaxed)
    }

    /// Rows that count from the next round on.
    pub fn rows_on_their_way(&self) -> u64 {
        let handed_in = self.handed_in.lock().as_ref().map_or(0, SortedRows::len);
        (self.set.unsettled() + handed_in) as u64
    }

    /// Whether no row is there or on its way.
    pub fn is_untouched(&self) -> bool {
        self.set.is_empty() && self.set.unsettled() == 0 && self.handed_in.lock().is_none()
    }

    /// Gives an untouched relation all its rows at once. They count from the next round on.
    pub fn hand_in(&self, rows: SortedRows) {
        *self.handed_in.lock() = Some(rows);
    }

    fn take_in(&mut self) {
        let Some(rows) = self.handed_in.get_mut().take() else {
            return;
        };
        match self.is_untouched() {
            true => self.set = Arc::new(RowSet::fresh(rows)),
            false => self.insert(rows.rows()),
        }
    }

    /// Takes settled rows out again, as if they had never been there. O(all rows).
    pub fn remove(&mut self, doomed: &SortedRows, writers: usize) {
        let gone = RowSet::of(doomed.rows());
        let without = |rows: &Rows| rows.filtered(|row| !gone.contains(row));
        let delta = without(&self.delta().to_rows());
        self.sorted.get_mut().clear();
        let few = doomed.len() <= self.set.len() / IN_PLACE;
        match Arc::get_mut(&mut self.set).filter(|_| few) {
            Some(set) => {
                doomed.rows().each(|row| {
                    set.take(row);
                });
                set.take_for_latest(delta);
                self.indexes
                    .retain(|spec| spec.is_whole(doomed.rows().arity()));
                self.indexes.each(|held| {
                    let index = Arc::make_mut(&mut held.index);
                    doomed.rows().each(|row| {
                        index.take(row);
                    });
                });
            }
            None => {
                let rest = without(&self.set.to_rows());
                self.refill(&rest, delta, writers);
                self.indexes.clear();
            }
        }
        self.merged = true;
        if let Some(births) = &mut self.births {
            births.rewrite(without);
        }
    }

    /// Takes other rows in place of all that are settled, with those among them that count as the last round's.
    pub fn replace(&mut self, all: &Rows, fresh: Rows, writers: usize, tick: u32) {
        self.refill(all, fresh.clone(), writers);
        self.indexes.clear();
        self.merged = true;
        if let Some(births) = &mut self.births {
            let all = SortedRows::from_unsorted(all.clone());
            births.rewrite(|rows| rows.filtered(|row| all.contains(row)));
            births.push(tick, &fresh);
        }
    }

    fn refill(&mut self, all: &Rows, delta: Rows, writers: usize) {
        self.sorted.get_mut().clear();
        let salt = self.set.salt().wrapping_add(1 << 32);
        let mut set = RowSet::new(self.set.arity(), writers, salt);
        set.reserve(all.len());
        set.divide(self.set.ways());
        self.set = Arc::new(set);
        self.insert(all);
        let set = Arc::make_mut(&mut self.set);
        set.settle(true, None);
        set.take_for_latest(delta);
    }

    /// Rows the last round added.
    pub fn delta(&self) -> Latest<'_> {
        self.set.latest()
    }

    /// The rows the last round added, ascending by one column. Kept until the next round for whoever wants the same.
    pub fn delta_by(&self, column: usize) -> Arc<Rows> {
        let mut sorted = self.sorted.lock();
        let known = sorted.iter().find(|(by, _)| *by == column);
        if let Some((_, rows)) = known {
            return rows.clone();
        }
        let rows = Arc::new(self.delta().to_rows().sorted_by(column));
        sorted.push((column, rows.clone()));
        rows
    }

    /// Ends a round: what was inserted since the last call becomes the delta. `grows`: there may be another round.
    pub fn advance(&mut self, tick: u32, grows: bool, pool: Option<&ThreadPool>) {
        self.take_in();
        self.sorted.get_mut().clear();
        Arc::make_mut(&mut self.set).settle(grows, pool);
        let delta = self.set.latest();
        self.merged = delta.is_empty();
        if delta.is_empty() {
            return;
        }
        self.rounds += 1;
        if let Some(births) = &mut self.births {
            births.push(tick, &delta);
        }
        // No column has more values than there are rows.
        let rows = delta.row_count() as f64;
        if self.distinct.iter().any(|&distinct| distinct < rows) {
            let distinct = delta.distinct();
            let distinct = distinct.unwrap_or_else(|| estimate_distinct(&delta));
            self.note_distinct(distinct);
        }
    }

    /// Brings the indexes up to the latest delta. `awake`: the threads of the pool need not be woken.
    pub fn merge_delta(&mut self, pool: Option<&ThreadPool>, awake: bool) {
        if self.merged {
            return;
        }
        let delta = self.set.latest();
        let many = if awake { MANY_AWAKE } else { MANY };
        let pool = pool.filter(|_| delta.row_count() >= many);
        self.indexes.each_on(pool, |held| {
            if let (false, Some(index)) = (
                std::mem::take(&mut held.ahead),
                Arc::get_mut(&mut held.index),
            ) {
                index.append(&delta);
            }
        });
        self.merged = true;
    }

    /// No more rows will come: the delta is forgotten.
    pub fn close(&mut self) {
        let admission = self.admission.as_mut().map(Mutex::get_mut);
        if let Some(classes) = admission.and_then(Admission::settled) {
            self.distinct.fill(classes.members().len().max(1) as f64);
            self.set = Arc::new(RowSet::equivalence(classes));
        }
        self.merge_delta(None, false);
        self.sorted.get_mut().clear();
        self.closed = true;
        if let Some(set) = Arc::get_mut(&mut self.set) {
            set.rest();
        }
    }

    /// Ends a run that was stopped: what was inserted counts. There may be little room, so what can be made again or
    /// is only good for explanations goes.
    pub fn abandon(&mut self) {
        self.indexes.clear();
        self.births = None;
        self.merged = true;
        self.take_in();
        Arc::make_mut(&mut self.set).settle_in_place();
        self.close();
    }

    /// Whether all rows are in the delta.
    pub fn is_new(&self) -> bool {
        self.delta().row_count() == self.set.len()
    }

    /// Whether indexes lag behind by the latest delta.
    pub fn lags(&self) -> bool {
        !self.merged
    }

    /// The index, built now if it is new, from all rows: none may be unsettled. In a closed relation rows that agree on key and payload are kept once.
    pub fn index(&self, spec: &IndexSpec, pool: Option<&ThreadPool>) -> Arc<Index> {
        let held = self.indexes.get(spec);
        held.unwrap_or_else(|| {
            let index = self.amended_index(spec, pool);
            let index = index.unwrap_or_else(|| build(&self.set, spec, self.closed, pool));
            self.indexes.keep(spec, index, !self.merged)
        })
    }

    /// The index with each entry in the order of the values of this type at one of its places, where the relation is at rest.
    /// Of an equivalence there is none: many values share an entry of it.
    pub fn index_in_order(
        &self,
        spec: &IndexSpec,
        by: (usize, ValueType),
        dictionary: &Dictionary,
        pool: Option<&ThreadPool>,
    ) -> Option<Arc<Index>> {
        let at_rest = self.closed && self.set.as_classes().is_none();
        at_rest.then(|| self.indexes.in_order(&self.set, spec, by, dictionary, pool))
    }

    /// The index on these columns over whole rows, if it was made before.
    pub fn whole_index(&self, key: &[usize]) -> Option<Arc<Index>> {
        self.indexes.whole(key, self.set.arity())
    }

    /// The index over the rows that the set amends, amended likewise.
    fn amended_index(&self, spec: &IndexSpec, pool: Option<&ThreadPool>) -> Option<Index> {
        let (base, beneath) = (self.set.base()?, self.beneath.as_ref()?);
        if !spec.is_whole(base.arity()) {
            return None;
        }
        let mut index = Index::amending(&beneath.over(base, spec, pool));
        for row in self.set.taken().iter() {
            index.take(&row);
        }
        for row in self.set.added().iter() {
            index.add(&row);
        }
        Some(index)
    }

    /// The rows that agree with a pattern, through what is there: rows in order or listed by their first code, runs of
    /// births, indexes on some of the bound columns. `None` where nothing leads to them.
    pub fn at_hand(&self, pattern: &[Option<Code>]) -> Option<Rows> {
        if pattern.first()?.is_some() {
            if let Some(rows) = self.set.as_sorted() {
                let mut found = Rows::new(pattern.len());
                rows.matching(pattern, &mut found);
                return Some(found);
            }
            let key: Vec<Code> = pattern.iter().map_while(|code| *code).collect();
            let rest: Vec<usize> = (key.len()..pattern.len()).collect();
            let mut codes = Vec::new();
            if self.set.leading(&key, &rest, &mut codes) {
                let mut found = Rows::new(pattern.len());
                for rest in codes.chunks_exact(rest.len().max(1)) {
                    if agrees(&pattern[key.len()..], rest) {
                        found.push(&[&key[..], rest].concat());
                    }
                }
                return Some(found);
            }
            let mut seconds = Vec::new();
            if let &[Some(first), None] = pattern
                && self.set.seconds(first, &mut seconds)
            {
                let firsts = vec![first; seconds.len()];
                return Some(Rows::from_columns(vec![firsts, seconds]));
            }
            let found = self
                .births
                .as_ref()
                .and_then(|births| births.matching(pattern));
            if found.is_some() {
                return found;
            }
        }
        let mut codes = Vec::new();
        if let &[None, Some(second)] = pattern
            && self.set.firsts(second, &mut codes)
        {
            let seconds = vec![second; codes.len()];
            return Some(Rows::from_columns(vec![codes, seconds]));
        }
        let whole = self.known_indexes().into_iter().filter(|spec| {
            let bound = spec.key.iter().all(|&at| pattern[at].is_some());
            bound && !spec.key.is_empty() && spec.is_whole(pattern.len())
        });
        let spec = whole.max_by(|a, b| (a.key.len(), &a.key).cmp(&(b.key.len(), &b.key)))?;
        let index = self.index(&spec, None);
        let key: Vec<Code> = spec.key.iter().filter_map(|&at| pattern[at]).collect();
        let mut row: Vec<Code> = pattern
            .iter()
            .map(|code| code.unwrap_or_default())
            .collect();
        let mut found = Rows::new(pattern.len());
        let entry = index.entry(index.locate(&key));
        for rest in entry.chunks_exact(spec.payload.len().max(1)) {
            for (&column, &code) in spec.payload.iter().zip(rest) {
                row[column] = code;
            }
            if agrees(pattern, &row) {
                found.push(&row);
            }
        }
        Some(found)
    }

    /// The rows that agree with a pattern, by a look at all rows; `None` when that was done so often that an index is
    /// worth its while.
    pub fn scan(&self, spec: &IndexSpec, pattern: &[Option<Code>]) -> Option<Rows> {
        // Those of the base outlive a change.
        let indexes = self.beneath.as_ref().unwrap_or(&self.indexes);
        if !indexes.may_scan(spec) {
            return None;
        }
        let mut found = Rows::new(pattern.len());
        self.set
            .visit_units(0..self.set.units(), &mut |columns, len| {
                for at in 0..len {
                    let agrees = |&column: &usize| pattern[column] == Some(columns[column][at]);
                    if spec.key.iter().all(agrees) {
                        let row: Vec<Code> = columns.iter().map(|column| column[at]).collect();
                        found.push(&row);
                    }
                }
            });
        Some(found)
    }

    /// Whether [`RelationState::at_hand`] leads to rows that agree on these columns.
    pub fn leads_to(&self, bound: &[usize]) -> bool {
        let base = self.set.base().and_then(|base| base.as_sorted());
        let ordered = self.set.as_sorted().or(base).is_some() || self.births.is_some();
        let leads = |spec: &IndexSpec| {
            !spec.key.is_empty()
                && spec.key.iter().all(|at| bound.contains(at))
                && spec.is_whole(self.set.arity())
        };
        ordered && bound.contains(&0)
            || self.indexes.any(leads)
            || self
                .beneath
                .as_ref()
                .is_some_and(|beneath| beneath.any(leads))
    }

    /// Whether the index is there, or one that it is quickly made of.
    pub fn holds_index(&self, spec: &IndexSpec) -> bool {
        let beneath = self
            .beneath
            .as_ref()
            .filter(|_| spec.is_whole(self.set.arity()));
        self.indexes.holds(spec) || beneath.is_some_and(|beneath| beneath.holds(spec))
    }

    fn known_indexes(&self) -> Vec<IndexSpec> {
        let mut known = self.indexes.ready();
        if let Some(beneath) = &self.beneath {
            known.extend(beneath.ready());
        }
        known
    }

    /// Rows that a round added on average; of the latest one while rounds go on.
    pub fn typical_delta(&self) -> f64 {
        match self.closed {
            true => self.set.len() as f64 / f64::from(self.rounds.max(1)),
            false => self.delta().row_count() as f64,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn distinct(&self, column: usize) -> f64 {
        self.distinct[column].max(1.0)
    }

    pub fn birth(&self, row: &[Code]) -> Option<u32> {
        self.births.as_ref()?.of(row)
    }

    /// Whether a row that is there was born before a tick. Where births are not recorded, all are.
    pub fn is_born_before(&self, row: &[Code], tick: u32) -> bool {
        let births = self.births.as_ref();
        births.is_none_or(|births| births.is_before(row, tick))
    }

    /// When rounds brought the first rows; 0 where that is not known.
    pub fn first_round(&self) -> u32 {
        self.births.as_ref().map_or(0, Births::first_round)
    }

    /// No derived row has an earlier birth.
    pub fn earliest_derived(&self) -> u32 {
        self.births.as_ref().map_or(0, Births::earliest_derived)
    }

    /// `None`: births were not recorded.
    pub fn is_stated(&self, row: &[Code]) -> Option<bool> {
        self.births.as_ref()?;
        Some(self.is_told(row))
    }

    /// Whether a row was stated from outside.
    pub fn is_told(&self, row: &[Code]) -> bool {
        match &self.told {
            Some(told) => told.contains(row),
            None => self.set.contains(row),
        }
    }

    /// Whether rules may add rows to those that are stated.
    pub fn may_grow(&self) -> bool {
        self.told.is_some()
    }

    /// From now on rules may add rows to those that are there, which all are stated.
    pub fn let_grow(&mut self) {
        if self.told.is_none() {
            let rows = SortedRows::from_unsorted(self.set.to_rows());
            self.told = Some(Told::new(rows));
        }
    }

    /// Notes that a row is stated from now on, or no longer. Of a relation whose rows all are stated nothing is noted.
    pub fn tell(&mut self, row: &Arc<[Code]>, stated: bool) {
        if let Some(told) = &mut self.told {
            told.tell(row, stated);
        }
    }

    /// How many rows are stated.
    pub fn told_len(&self) -> usize {
        match &self.told {
            Some(told) => told.base.len() + told.plus.len() - told.minus.len(),
            None => self.set.len(),
        }
    }

    /// How many of these rows are stated. O(the fewer).
    pub fn count_told(&self, rows: &FxHashSet<Arc<[Code]>>) -> usize {
        match self.told_len() {
            0 => 0,
            told if told < rows.len() => {
                let told = self.told_rows();
                told.iter().filter(|row| rows.contains(&row[..])).count()
            }
            _ => rows.iter().filter(|row| self.is_told(row)).count(),
        }
    }

    /// All rows that are stated.
    pub fn told_rows(&self) -> Rows {
        match &self.told {
            Some(told) => told.rows(),
            None => self.set.to_rows(),
        }
    }

    pub fn births(&mut self) -> Option<&mut Births> {
        self.births.as_mut()
    }

    pub fn forget_births(&mut self) {
        self.births = None;
    }

    /// Puts other births in the place of those there are.
    pub fn swap_births(&mut self, births: &mut Option<Births>) {
        std::mem::swap(&mut self.births, births);
    }

    /// No row has a later birth.
    pub fn latest_birth(&self) -> u32 {
        self.births.as_ref().map_or(0, Births::latest)
    }

    /// Whether single rows go in and out without all rows taking another shape.
    pub fn can_change(&self) -> bool {
        let set = self.set.base().unwrap_or(&self.set);
        set.as_classes().is_none()
    }

    /// Adds a row to a relation at rest, and to its indexes; whether it is new.
    pub fn add(&mut self, row: &[Code]) -> bool {
        if self.set.contains(row) {
            return false;
        }
        self.own().add(row);
        self.indexes
            .each(|held| Arc::make_mut(&mut held.index).add(row));
        true
    }

    /// Takes a row out of a relation at rest, and out of its indexes; whether it was there.
    pub fn take(&mut self, row: &[Code]) -> bool {
        if !self.set.contains(row) {
            return false;
        }
        self.own().take(row);
        self.indexes.each(|held| {
            Arc::make_mut(&mut held.index).take(row);
        });
        true
    }

    /// The rows, to be changed: in place where they are nobody else's.
    fn own(&mut self) -> &mut RowSet {
        if Arc::get_mut(&mut self.set).is_none() {
            match self.set.base() {
                Some(_) => self.indexes = Arc::new(self.indexes.copy()),
                None => self.beneath = Some(std::mem::take(&mut self.indexes)),
            }
            self.set = Arc::new(RowSet::amending(&self.set));
        }
        if self.set.differs_much() {
            self.set = Arc::new(self.set.apart());
            self.indexes = Arc::default();
            self.beneath = None;
        }
        self.keep_whole_indexes();
        Arc::make_mut(&mut self.set)
    }

    /// Lets go of indexes that do not tell all rows apart: an entry may stand for one row or for many. Those over classes
    /// go with the classes.
    fn keep_whole_indexes(&mut self) {
        let (arity, classes) = (self.set.arity(), self.set.as_classes().is_some());
        self.indexes.retain(|spec| !classes && spec.is_whole(arity));
    }

    /// Later rounds mostly bring known values in new combinations.
    fn note_distinct(&mut self, estimates: Vec<f64>) {
        for (distinct, estimate) in self.distinct.iter_mut().zip(estimates) {
            *distinct = distinct.max(estimate);
        }
    }
}
