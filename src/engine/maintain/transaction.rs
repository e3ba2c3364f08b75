//! One change, from what is stated to the last constraint.

use super::change::{Change, Difference, Effort};
use super::journal::{Entry, Journal};
use super::programs::{Rewritten, compare};
use super::rerun::entangled;
use super::route::Route;
use super::routes::{Nature, Room, Routes, Start};
use super::walk::{Flow, Halt, Meter, Spare, View, Walker, value};
use super::{Overlay, Row};
use crate::analysis::checked::{CheckedProgram, Literal, LiteralKind, RelationId, RuleId, Stratum};
use crate::engine::admission::Admission;
use crate::engine::budget::{RunOptions, Stop, StopReason, watching_memory};
use crate::engine::closures::Functors;
use crate::engine::evaluate::{Context, Holdings};
use crate::engine::relation::RelationState;
use crate::storage::{Code, Dictionary, Rows, SortedRows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::time::Duration;

/// What the database that changes brings along.
pub struct Setting<'a> {
    pub program: Arc<CheckedProgram>,
    pub dictionary: &'a Dictionary,
    pub functors: &'a Functors,
    pub options: &'a RunOptions,
    /// How long the run took over each stratum.
    pub times: &'a [Duration],
    pub pool: Option<&'a rayon::ThreadPool>,
}

/// Following a stratum row by row may look at so many rows, ...
const LEAST_WORK: u64 = if cfg!(test) { 200 } else { 100_000 };
/// ... or at this part of all rows that deriving it anew reads and writes: a row costs so much more when it comes alone.
const COSTLIER: u64 = if cfg!(test) { 1 } else { 4 };
/// Where no births depend on which way is taken, the time that the run took counts too: following a stratum may take this
/// part of it, ...
const PART_OF_RUN: u64 = 4;
/// ... at so many nanoseconds a row, ...
const ROW_NANOS: u64 = 100;
/// ... but so many rows in any case.
const FEW_ROWS: u64 = if cfg!(test) { 100 } else { 5_000 };

/// When this part of what is allowed is spent, and what is left to do would take more than is allowed, it is given up.
const SOON: u64 = if cfg!(test) { 2 } else { 10 };

pub struct Transaction<'a> {
    /// The program from now on, and the one before: often the same.
    pub program: &'a CheckedProgram,
    pub before: &'a CheckedProgram,
    pub relations: &'a mut Vec<RelationState>,
    pub overlays: Vec<Overlay>,
    pub journal: Journal,
    pub context: &'a Context<'a>,
    pub births: bool,
    pub dropped: Vec<RuleId>,
    pub added: FxHashSet<RuleId>,
    /// By relation that rules add to: what is no longer stated, and what is since.
    pub withdrawn: Vec<Vec<Row>>,
    pub stated: Vec<Vec<Row>>,
    redefined: FxHashSet<RelationId>,
    /// Constraints by their ids in the program before.
    renamed: Option<FxHashMap<RuleId, RuleId>>,
    /// Whether there are other rules than before, or in another order.
    rewritten: bool,
    /// A functor had no value in a stratum that was derived anew.
    pub faulted: bool,
    routes: &'a mut Routes,
    meter: Meter,
    spare: Spare,
    effort: Effort,
    /// Births do not count at present.
    pub blind: bool,
    /// That of the program from now on.
    pub nature: Arc<Nature>,
}

impl Setting<'_> {
    /// Carries out a change. When it is stopped everything is as it was.
    pub fn carry_out(
        &self,
        change: &Change,
        relations: &mut Vec<RelationState>,
        routes: &mut Routes,
    ) -> Result<Entry, Stop> {
        let holdings = Holdings::new();
        let budget = &self.options.budget;
        let after = change.program.as_ref().unwrap_or(&self.program);
        let context = holdings.context(after, self.dictionary, self.functors, budget);
        let known = relations.len();
        let rewritten = match &change.program {
            Some(after) => {
                routes.clear();
                for (id, relation) in after.relations().skip(known) {
                    let admission = Admission::to(id, relation);
                    let mut state =
                        RelationState::new(relation.arity(), u64::from(id.0), admission);
                    state.open(false, 1, false, self.options.births);
                    relations.push(state);
                }
                compare(&self.program, after)
            }
            None => Rewritten::default(),
        };
        let nature = routes.nature(after, self.dictionary);
        for (state, grows) in relations.iter_mut().zip(&nature.grows) {
            if *grows {
                state.let_grow();
            }
        }
        let mut room = std::mem::take(&mut routes.room);
        room.fit(relations.len());
        let mut transaction = Transaction {
            program: after,
            before: &self.program,
            overlays: room.overlays,
            withdrawn: room.withdrawn,
            stated: room.stated,
            relations,
            journal: Journal::default(),
            context: &context,
            births: self.options.births,
            dropped: rewritten.dropped,
            added: rewritten.added,
            redefined: rewritten.redefined,
            renamed: change.program.is_some().then_some(rewritten.renamed),
            rewritten: rewritten.differs,
            faulted: false,
            routes,
            meter: Meter::default(),
            spare: Spare::default(),
            effort: Effort::default(),
            blind: false,
            nature,
        };
        let outcome = watching_memory(budget, &holdings.spent, || transaction.run(change, self));
        let Transaction {
            mut journal,
            relations,
            routes,
            overlays,
            withdrawn,
            stated,
            ..
        } = transaction;
        routes.room = Room {
            overlays,
            withdrawn,
            stated,
        };
        routes.room.clear();
        match outcome {
            Ok(difference) => Ok(Entry {
                journal,
                difference,
                programs: change
                    .program
                    .as_ref()
                    .map(|after| [self.program.clone(), after.clone()]),
                set_aside: Vec::new(),
            }),
            Err(stop) => {
                journal.roll_back(0, relations);
                relations.truncate(known);
                if change.program.is_some() {
                    routes.clear();
                }
                Err(stop)
            }
        }
    }
}

impl Transaction<'_> {
    fn run(&mut self, change: &Change, setting: &Setting) -> Result<Difference, Stop> {
        self.meter.limit.set(u64::MAX);
        self.tell(change);
        if self.is_entangled() {
            self.rerun_all(setting)?;
            self.effort.rerun += self.program.strata().len() as u32;
        } else {
            let within = |stratum: &Stratum| {
                let mut own = stratum.relations.iter();
                let followed = |within: &Arc<[bool]>| own.any(|id| within[id.index()]);
                change.within.as_ref().is_none_or(followed)
            };
            for (at, stratum) in self.program.strata().iter().enumerate() {
                if within(stratum) && self.reaches(at, stratum) {
                    self.stratum(at, stratum, setting)?;
                }
            }
        }
        self.check_size(setting)?;
        self.meter.limit.set(u64::MAX);
        let (mut lapsed, mut violated, mut mended) = Default::default();
        if change.within.is_none() || change.judged {
            lapsed = self.lapsed().map_err(|halt| self.stop(halt))?;
            (violated, mended) = self.constraints().map_err(|halt| self.stop(halt))?;
        }
        self.effort.work = self.meter.work.get();
        let listed = |rows: fn(&Overlay) -> &FxHashSet<Row>| {
            let mut listed = Vec::new();
            for (id, relation) in self.program.relations() {
                let rows = rows(&self.overlays[id.index()]);
                if !rows.is_empty() {
                    let mut all = Rows::new(relation.arity());
                    rows.iter().for_each(|row| all.push(row));
                    listed.push((id, SortedRows::from_unsorted(all).into_rows()));
                }
            }
            listed
        };
        Ok(Difference {
            appeared: listed(|overlay| &overlay.plus),
            fell: listed(|overlay| &overlay.minus),
            violated,
            mended,
            lapsed,
            renamed: self.renamed.take(),
            faulted: self.faulted || !self.context.faults.lock().is_empty(),
            effort: self.effort,
        })
    }

    /// Takes in what is stated and withdrawn. Where rules add nothing that is all there is to do.
    fn tell(&mut self, change: &Change) {
        for (stated, rows) in [(false, &change.withdraw), (true, &change.state)] {
            for (id, rows) in rows {
                for row in rows.iter() {
                    let row: Row = row.into();
                    if self.relations[id.index()].is_told(&row) == stated {
                        continue;
                    }
                    if self.relations[id.index()].may_grow() {
                        self.journal.tell(self.relations, *id, &row, stated);
                        let (now, before) = match stated {
                            true => (&mut self.stated, &mut self.withdrawn),
                            false => (&mut self.withdrawn, &mut self.stated),
                        };
                        // Withdrawn and stated again: nothing has happened.
                        let before = &mut before[id.index()];
                        match before.iter().position(|other| *other == row) {
                            Some(at) => drop(before.swap_remove(at)),
                            None => now[id.index()].push(row),
                        }
                        continue;
                    }
                    let overlay = &mut self.overlays[id.index()];
                    let undoes = match stated {
                        true => overlay.minus.remove(&row),
                        false => overlay.plus.remove(&row),
                    };
                    if !undoes {
                        match stated {
                            true => overlay.plus.insert(row.clone()),
                            false => overlay.minus.insert(row.clone()),
                        };
                    }
                    match stated {
                        true => self.journal.add(self.relations, *id, &row),
                        false => self.journal.take(self.relations, *id, &row),
                    };
                    // Rules may add to it by the time this is undone.
                    self.journal.tell(self.relations, *id, &row, stated);
                    let birth = stated.then_some(0);
                    self.journal.bear(self.relations, *id, &row, birth);
                }
            }
        }
    }

    /// Brings a stratum up to date that something reaches.
    fn stratum(&mut self, at: usize, stratum: &Stratum, setting: &Setting) -> Result<(), Stop> {
        let redefined = stratum
            .relations
            .iter()
            .any(|id| self.redefined.contains(id));
        if !redefined && !self.nature.resists[at] {
            let mark = self.journal.len();
            let pending = [&self.withdrawn, &self.stated].map(|told| {
                let own = stratum.relations.iter();
                own.map(|id| told[id.index()].clone()).collect::<Vec<_>>()
            });
            self.meter
                .limit
                .set(self.meter.work.get() + self.worth(stratum, setting.times.get(at)));
            match self.follow(stratum) {
                Ok(()) => {
                    self.effort.followed += 1;
                    return self.check_size(setting);
                }
                Err(Halt::TooMuch) => {
                    self.blind = false;
                    self.journal.roll_back(mark, self.relations);
                    let [withdrawn, stated] = pending;
                    for (at, id) in stratum.relations.iter().enumerate() {
                        self.withdrawn[id.index()] = withdrawn[at].clone();
                        self.stated[id.index()] = stated[at].clone();
                        self.overlays[id.index()] = Overlay::default();
                    }
                }
                Err(halt) => return Err(self.stop(halt)),
            }
        }
        self.effort.rerun += 1;
        self.rerun(at, setting)
    }

    /// Whether something that a stratum depends on is otherwise than before.
    fn reaches(&self, at: usize, stratum: &Stratum) -> bool {
        let relations = stratum.relations.iter();
        let told = relations.clone().any(|id| {
            !self.withdrawn[id.index()].is_empty()
                || !self.stated[id.index()].is_empty()
                || self.redefined.contains(id)
        });
        let dropped = || {
            let heads = self.dropped.iter().map(|&rule| &self.before[rule].head);
            heads
                .flatten()
                .any(|head| stratum.relations.contains(&head.relation))
        };
        let added = || {
            let mut rules = stratum.rules.iter();
            !self.added.is_empty() && rules.any(|rule| self.added.contains(rule))
        };
        let disturbed = |id: &RelationId| !self.overlays[id.index()].is_untouched();
        let reads = &self.nature.reads[at];
        told || reads.iter().any(disturbed) || dropped() || added()
    }

    /// Whether a body reads what has other rows now, or other births.
    pub fn is_disturbed(&self, body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                !self.overlays[atom.relation.index()].is_untouched()
            }
            LiteralKind::Aggregate(aggregate) => self.is_disturbed(&aggregate.body),
            _ => false,
        })
    }

    /// Whether the change reaches a stratum that cannot be looked at by itself.
    fn is_entangled(&self) -> bool {
        // Rules count in the order in which they stand.
        let mut before = self.before.strata().iter();
        if self.rewritten && before.any(|stratum| entangled(self.before, stratum)) {
            return true;
        }
        let nature = &self.nature;
        if !nature.entangled.contains(&true) {
            return false;
        }
        let strata = self.program.strata();
        let mut reached: FxHashSet<RelationId> = (0..self.relations.len())
            .filter(|&at| !self.overlays[at].is_untouched())
            .map(|at| RelationId(at as u32))
            .collect();
        for (at, stratum) in strata.iter().enumerate() {
            let reads = |body: &[Literal]| reads_any(body, &reached);
            let subsumptions = self.program.subsumptions().iter();
            if self.reaches(at, stratum)
                || stratum
                    .rules
                    .iter()
                    .any(|&rule| reads(&self.program[rule].body))
                || subsumptions
                    .filter(|s| stratum.relations.contains(&s.relation))
                    .any(|s| reads(&s.body))
            {
                if nature.entangled[at] {
                    return true;
                }
                reached.extend(&stratum.relations);
            }
        }
        self.rewritten
    }

    /// Rows that may be looked at before deriving a stratum anew is the better way.
    fn worth(&self, stratum: &Stratum, time: Option<&Duration>) -> u64 {
        let size = |id: &RelationId| self.relations[id.index()].set.len() as u64;
        let mut read: FxHashSet<RelationId> = stratum.relations.iter().copied().collect();
        for &rule in &stratum.rules {
            collect(&self.program[rule].body, &mut read);
        }
        let counted = LEAST_WORK + read.iter().map(size).sum::<u64>() / COSTLIER;
        match time.filter(|_| !self.births && !self.rewritten) {
            Some(time) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                counted.min(FEW_ROWS + nanos / PART_OF_RUN / ROW_NANOS)
            }
            None => counted,
        }
    }

    /// The rules that derive a relation, those that state a fact not among them.
    pub fn rules_of(&self, relation: RelationId) -> Arc<[RuleId]> {
        self.nature.rules[relation.index()].clone()
    }

    /// Whether a row is stated, from outside or by rule text.
    pub fn is_given(&self, relation: RelationId, row: &[Code]) -> bool {
        let text = self.nature.text.get(&relation);
        self.relations[relation.index()].is_told(row) || text.is_some_and(|rows| rows.contains(row))
    }

    /// Whether a rule reads relations of its own stratum.
    pub fn reads(&self, rule: RuleId, stratum: &Stratum) -> bool {
        self.program[rule].body.iter().any(|literal| {
            matches!(&literal.kind, LiteralKind::Atom(atom) if stratum.relations.contains(&atom.relation))
        })
    }

    pub fn route(&mut self, rule: RuleId, start: Start) -> Arc<Route> {
        let dictionary = self.context.dictionary;
        self.routes
            .get(self.program, rule, start, self.relations, dictionary)
    }

    fn walker(&self) -> Walker<'_> {
        self.seeing(self.births && !self.blind)
    }

    /// Goes through routes; whether births are looked up.
    pub fn seeing(&self, births: bool) -> Walker<'_> {
        Walker {
            relations: self.relations,
            overlays: &self.overlays,
            context: self.context,
            meter: &self.meter,
            spare: &self.spare,
            births,
        }
    }

    /// What a rule derives from some beginnings.
    pub fn heads(
        &mut self,
        rule: RuleId,
        start: Start,
        seeds: &[Row],
        view: View,
    ) -> Result<Vec<Row>, Halt> {
        if seeds.is_empty() {
            return Ok(Vec::new());
        }
        let route = self.route(rule, start);
        self.along(&route, seeds, view, &|_| true)
    }

    /// What a rule derives from some beginnings that its head has not.
    pub fn new_heads(
        &mut self,
        rule: RuleId,
        head: RelationId,
        start: Start,
        seeds: &[Row],
    ) -> Result<Vec<Row>, Halt> {
        let route = self.route(rule, start);
        let set = &self.relations[head.index()].set;
        self.along(&route, seeds, View::Now, &|row| !set.contains(row))
    }

    pub fn along(
        &self,
        route: &Route,
        seeds: &[Row],
        view: View,
        wanted: &dyn Fn(&[Code]) -> bool,
    ) -> Result<Vec<Row>, Halt> {
        let walker = self.seeing(false);
        let mut found = Vec::new();
        let mut row = Vec::new();
        for seed in seeds {
            let flow = walker.walk(route, seed, view, &mut |batch, _| {
                row.clear();
                row.extend(route.answer.iter().map(|arg| value(arg, batch)));
                if wanted(&row) {
                    found.push(Row::from(&row[..]));
                }
                Continue(())
            });
            if let Break(halt) = flow {
                return Err(halt);
            }
        }
        Ok(found)
    }

    /// Calls back with what a route answers along each way that begins with a row.
    pub fn each_way(
        &mut self,
        rule: RuleId,
        start: Start,
        row: &Row,
        view: View,
        mut act: impl FnMut(&[Code]) -> Flow,
    ) -> Flow {
        let route = self.route(rule, start);
        let mut codes = Vec::with_capacity(route.answer.len());
        self.walker().walk(&route, row, view, &mut |batch, _| {
            codes.clear();
            codes.extend(route.answer.iter().map(|arg| value(arg, batch)));
            act(&codes)
        })
    }

    /// Ends what would come to cost more than is allowed: where so many rows of a stratum were judged since its work began,
    /// and so many are left that take as much each.
    pub fn expect(&self, since: u64, judged: usize, left: usize) -> Result<(), Halt> {
        let spent = self.meter.work.get() - since;
        let allowed = self.meter.limit.get().saturating_sub(since);
        let ahead = u128::from(spent) * left as u128 / judged.max(1) as u128;
        match spent > allowed / SOON && u128::from(spent) + ahead > u128::from(allowed) {
            true => Err(Halt::TooMuch),
            false => Ok(()),
        }
    }

    /// Allows no more than so many more rows to be looked at. Returns what [`Transaction::release`] allows again.
    pub fn confine(&self, rows: u64) -> u64 {
        let allowed = self.meter.limit.get();
        self.meter.limit.set(allowed.min(self.work() + rows));
        allowed
    }

    pub fn release(&self, allowed: u64) {
        self.meter.limit.set(allowed);
    }

    /// Rows looked at so far.
    pub fn work(&self) -> u64 {
        self.meter.work.get()
    }

    /// Counts rows that were looked at.
    pub fn spend(&self, rows: u64) -> Result<(), Halt> {
        match self.meter.spend(rows, self.context) {
            Continue(()) => Ok(()),
            Break(halt) => Err(halt),
        }
    }

    /// Whether a rule derives a row; the latest birth among what it derives it from.
    pub fn finds(&mut self, rule: RuleId, row: &Row, view: View) -> Result<Option<u32>, Halt> {
        let route = self.route(rule, Start::Head);
        match self.walker().finds(&route, row, view) {
            Continue(found) => Ok(found),
            Break(halt) => Err(halt),
        }
    }

    /// Whether a relation has a row with these values in some columns.
    pub fn is_there(
        &self,
        relation: RelationId,
        columns: &[usize],
        key: &[Code],
        view: View,
    ) -> Result<bool, Halt> {
        match self.walker().has(relation, columns, key, view) {
            Continue(found) => Ok(found),
            Break(halt) => Err(halt),
        }
    }

    fn check_size(&self, setting: &Setting) -> Result<(), Stop> {
        let Some(most) = setting.options.budget.rows else {
            return Ok(());
        };
        let derived: u64 = self
            .relations
            .iter()
            .filter(|state| state.may_grow())
            .map(|state| (state.set.len() as u64).saturating_sub(state.told_len() as u64))
            .sum();
        match derived > most {
            true => Err(stopped(StopReason::Rows)),
            false => Ok(()),
        }
    }

    fn stop(&self, halt: Halt) -> Stop {
        let context = self.context;
        debug_assert!(halt == Halt::Stopped);
        let reason = match context.spent.reason() {
            Some(reason) => reason,
            None if context.late.load(std::sync::atomic::Ordering::Relaxed) => StopReason::Time,
            None => StopReason::Cancelled,
        };
        stopped(reason)
    }
}

fn stopped(reason: StopReason) -> Stop {
    Stop {
        reason,
        rule: None,
        relation: None,
        rows: 0,
        report: Box::default(),
    }
}

fn reads_any(body: &[Literal], of: &FxHashSet<RelationId>) -> bool {
    let mut read = FxHashSet::default();
    collect(body, &mut read);
    !read.is_disjoint(of)
}

fn collect(body: &[Literal], read: &mut FxHashSet<RelationId>) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                read.insert(atom.relation);
            }
            LiteralKind::Aggregate(aggregate) => collect(&aggregate.body, read),
            _ => {}
        }
    }
}
