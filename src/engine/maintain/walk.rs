//! Going through a route, in the state before a change or after it.

use super::route::{Fold, Look, Move, Proposer, Route};
use super::{ByKey, Overlay, Row};
use crate::analysis::checked::{AggregateOp, RelationId, UserFold, ValueType, VarId};
use crate::engine::aggregate::Accumulator;
use crate::engine::evaluate::{Context, evaluate, truth};
use crate::engine::functor::compare;
use crate::engine::pipeline::{Arg, Expression, Op};
use crate::engine::range::Ranges;
use crate::engine::relation::{IndexSpec, RelationState};
use crate::engine::value_order::compare as compare_values;
use crate::engine::worker::Batch;
use crate::storage::{Code, Index, SortedRows};
use crate::syntax::ast::CompareOp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow::{self, Break, Continue};
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

/// Why a walk ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Who asked has heard enough.
    Enough,
    /// It has cost more than was allowed.
    TooMuch,
    /// The budget is spent, or the user wants no more.
    Stopped,
}

pub type Flow = ControlFlow<Halt>;

/// Rows of each relation of the stratum at hand that may fall.
pub type Doomed = FxHashMap<RelationId, FxHashSet<Row>>;

/// Which rows there are.
#[derive(Clone, Copy)]
pub enum View<'x> {
    /// Those before the change.
    Before,
    /// Those there now: in strata that are done, those after the change.
    Now,
    /// Those there now that are sure to stay: not doomed, and born before a tick where births are recorded.
    Sure {
        doomed: &'x Doomed,
        before: Option<u32>,
    },
}

impl View<'_> {
    /// The same in strata that are done.
    fn complete(self) -> Self {
        match self {
            View::Before => View::Before,
            View::Now | View::Sure { .. } => View::Now,
        }
    }
}

/// Rows looked at between two looks at the clock.
const LOOK: u64 = 1 << 10;
/// Candidates up to which the rows a change took away are searched one by one; codes of a row that are kept in place.
const FEW: usize = 8;

pub struct Walker<'a> {
    pub relations: &'a [RelationState],
    /// By relation: what the change has done to it so far.
    pub overlays: &'a [Overlay],
    pub context: &'a Context<'a>,
    pub meter: &'a Meter,
    pub spare: &'a Spare,
    /// Whether births are recorded.
    pub births: bool,
}

/// Bindings of one row, to be used again: a change starts very many short walks.
#[derive(Default)]
pub struct Spare(RefCell<Vec<Batch>>);

impl Spare {
    fn take(&self, variables: usize) -> Batch {
        let mut batch = self.0.borrow_mut().pop().unwrap_or_else(|| Batch::unit(0));
        while batch.columns.len() < variables {
            batch.columns.push(vec![Code::default()]);
        }
        batch
    }

    fn give(&self, batch: Batch) {
        self.0.borrow_mut().push(batch);
    }
}

/// Rows looked at.
#[derive(Default)]
pub struct Meter {
    pub work: Cell<u64>,
    /// Work at which to give up.
    pub limit: Cell<u64>,
    look: Cell<u64>,
}

impl Meter {
    pub fn spend(&self, rows: u64, context: &Context) -> Flow {
        let work = self.work.get() + rows;
        self.work.set(work);
        if work >= self.look.get() {
            self.look.set(work + LOOK);
            if context.stopped() {
                return Break(Halt::Stopped);
            }
        }
        if work > self.limit.get() {
            return Break(Halt::TooMuch);
        }
        Continue(())
    }
}

/// The rows of an atom that agree with a key, but for its key.
enum Found<'a> {
    Whole(bool),
    Entry(Arc<Index>, u32),
    Sorted(&'a SortedRows, Range<usize>),
    Codes(Vec<Code>),
}

impl Found<'_> {
    fn codes(&self) -> &[Code] {
        match self {
            Found::Whole(_) | Found::Sorted(..) => &[],
            Found::Entry(index, number) => index.entry(*number),
            Found::Codes(codes) => codes,
        }
    }
}

/// What is called with each row found: the columns that are not in the key, and the row's birth where it counts.
type Visit<'v> = &'v mut dyn FnMut(&[Code], u32) -> Flow;

/// What is called with each way through: the bindings, and the latest birth among the rows on the way.
pub type Arrive<'v> = &'v mut dyn FnMut(&Batch, u32) -> Flow;

impl Walker<'_> {
    /// Every way through a route that starts with this row.
    pub fn walk(&self, route: &Route, seed: &[Code], view: View, arrive: Arrive) -> Flow {
        self.meter.spend(1, self.context)?;
        let mut batch = self.spare.take(route.variables);
        let mut flow = Continue(());
        if accepts(&route.seed, seed, &mut batch) {
            let state = self.relations.get(route.seed.relation.index());
            let birth = match (view, state) {
                (View::Now, Some(state)) if self.births => state.birth(seed).unwrap_or(0),
                _ => 0,
            };
            flow = self.go(&route.moves, &mut batch, birth, view, arrive);
        }
        self.spare.give(batch);
        flow
    }

    /// Whether there is a way; the latest birth among the rows on it.
    pub fn finds(
        &self,
        route: &Route,
        seed: &[Code],
        view: View,
    ) -> ControlFlow<Halt, Option<u32>> {
        let mut found = None;
        let flow = self.walk(route, seed, view, &mut |_, latest| {
            found = Some(latest);
            Break(Halt::Enough)
        });
        match flow {
            Break(Halt::Enough) | Continue(()) => Continue(found),
            Break(halt) => Break(halt),
        }
    }

    /// Whether a row has these values in some columns. Where births are recorded, one that was stated: it is as early as
    /// any.
    pub fn has(
        &self,
        relation: RelationId,
        columns: &[usize],
        key: &[Code],
        view: View,
    ) -> ControlFlow<Halt, bool> {
        let arity = self.relations[relation.index()].set.arity();
        let look = Look {
            relation,
            columns: columns.to_vec(),
            key: Vec::new(),
            rest: (0..arity)
                .filter(|column| !columns.contains(column))
                .collect(),
            bind: Vec::new(),
            same: Vec::new(),
        };
        if let Some(there) = self.is_any_there(&look, view) {
            return Continue(there);
        }
        let mut found = false;
        let flow = self.each(&look, key, view, &mut |_, birth| {
            found = birth == 0;
            match found {
                true => Break(Halt::Enough),
                false => Continue(()),
            }
        });
        match flow {
            Break(Halt::Enough) | Continue(()) => Continue(found),
            Break(halt) => Break(halt),
        }
    }

    fn go(
        &self,
        moves: &[Move],
        batch: &mut Batch,
        latest: u32,
        view: View,
        arrive: Arrive,
    ) -> Flow {
        let Some((next, rest)) = moves.split_first() else {
            return arrive(batch, latest);
        };
        match next {
            Move::Probe(look) => {
                let key = keys(&look.key, batch);
                self.each(look, &key, view, &mut |codes, birth| {
                    if !look.same.iter().all(|&(a, b)| codes[a] == codes[b]) {
                        return Continue(());
                    }
                    for &(place, var) in &look.bind {
                        batch.columns[var.index()][0] = codes[place];
                    }
                    self.go(rest, batch, latest.max(birth), view, arrive)
                })
            }
            Move::Check {
                look,
                negated: true,
            } => {
                // What is negated is complete, whatever becomes of the stratum at hand.
                match self.any(look, batch, view.complete())? {
                    Some(_) => Continue(()),
                    None => self.go(rest, batch, latest, view, arrive),
                }
            }
            Move::Check {
                look,
                negated: false,
            } => match self.any(look, batch, view)? {
                Some(birth) => self.go(rest, batch, latest.max(birth), view, arrive),
                None => Continue(()),
            },
            Move::Intersect { proposers } => {
                self.intersect(proposers, rest, batch, latest, view, arrive)
            }
            Move::Bind { var, value } => match self.value(value, batch) {
                Some(code) => {
                    batch.columns[var.index()][0] = code;
                    self.go(rest, batch, latest, view, arrive)
                }
                None => Continue(()),
            },
            Move::Unpack { record, fields } => {
                let codes = self
                    .value(record, batch)
                    .and_then(|record| self.context.dictionary.fields(record));
                match codes {
                    Some(codes) if codes.len() == fields.len() => {
                        for (&code, var) in codes.iter().zip(fields) {
                            if let Some(var) = var {
                                batch.columns[var.index()][0] = code;
                            }
                        }
                        self.go(rest, batch, latest, view, arrive)
                    }
                    _ => Continue(()),
                }
            }
            Move::Test(op) => match self.holds(op, batch) {
                true => self.go(rest, batch, latest, view, arrive),
                false => Continue(()),
            },
            Move::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let mut ranges =
                    Ranges::new(from, to, step.as_ref(), *operand, batch, self.context);
                let (mut values, mut rows) = (Vec::new(), Vec::new());
                loop {
                    values.clear();
                    rows.clear();
                    let more = ranges.fill(LOOK as usize, &mut values, &mut rows);
                    for &value in &values {
                        self.meter.spend(1, self.context)?;
                        batch.columns[var.index()][0] = value;
                        self.go(rest, batch, latest, view, arrive)?;
                    }
                    if !more {
                        return Continue(());
                    }
                }
            }
            Move::Aggregate(fold) => self.fold(fold, rest, batch, latest, view, arrive),
        }
    }

    fn value(&self, expression: &Expression, batch: &Batch) -> Option<Code> {
        match expression {
            Expression::Arg(arg) => Some(value(arg, batch)),
            _ => {
                let (mut column, mut rows) = (Vec::new(), Vec::new());
                evaluate(expression, batch, self.context, &mut column, &mut rows);
                column.first().copied()
            }
        }
    }

    fn holds(&self, op: &Op, batch: &Batch) -> bool {
        if let Op::Compare {
            op,
            operand,
            left: Expression::Arg(left),
            right: Expression::Arg(right),
        } = op
        {
            let (left, right) = (value(left, batch), value(right, batch));
            return match op {
                CompareOp::Eq if *operand != ValueType::Float => left == right,
                CompareOp::Ne if *operand != ValueType::Float => left != right,
                _ => compare(*op, *operand, left, right, self.context.dictionary),
            };
        }
        let mut rows = Vec::new();
        truth(op, batch, self.context, &mut rows);
        !rows.is_empty()
    }

    /// The atom with the fewest candidates proposes values, the others confirm them.
    fn intersect(
        &self,
        proposers: &[Proposer],
        rest: &[Move],
        batch: &mut Batch,
        latest: u32,
        view: View,
        arrive: Arrive,
    ) -> Flow {
        let counts = proposers.iter().map(|proposer| {
            let key = keys(&proposer.look.key, batch);
            self.count(&proposer.look, &key)
        });
        let Some((least, _)) = counts.enumerate().min_by_key(|&(_, count)| count) else {
            return Continue(());
        };
        let look = &proposers[least].look;
        let key = keys(&look.key, batch);
        self.each(look, &key, view, &mut |codes, birth| {
            for &(place, var) in &look.bind {
                batch.columns[var.index()][0] = codes[place];
            }
            let mut latest = latest.max(birth);
            for (at, other) in proposers.iter().enumerate() {
                if at != least {
                    match self.any(&other.confirm, batch, view)? {
                        Some(birth) => latest = latest.max(birth),
                        None => return Continue(()),
                    }
                }
            }
            self.go(rest, batch, latest, view, arrive)
        })
    }

    fn fold(
        &self,
        fold: &Fold,
        rest: &[Move],
        batch: &mut Batch,
        latest: u32,
        view: View,
        arrive: Arrive,
    ) -> Flow {
        let dictionary = self.context.dictionary;
        let mut total = Accumulator::new(fold.op, fold.operand);
        let mut seen: FxHashSet<Vec<Code>> = FxHashSet::default();
        let mut winners = Winners::default();
        let mut values = Vec::new();
        // Inside, these variables are free.
        let known: Vec<Code> = fold.known.iter().map(|&var| batch.column(var)[0]).collect();
        self.go(&fold.body, batch, 0, view.complete(), &mut |batch, _| {
            let codes = |vars: &[VarId]| vars.iter().map(|&var| batch.column(var)[0]).collect();
            if let Some(vars) = &fold.distinct
                && !seen.insert(codes(vars))
            {
                return Continue(());
            }
            let value = fold
                .target
                .as_ref()
                .map_or(Code::default(), |arg| value(arg, batch));
            match fold.user {
                Some(_) => values.push(value),
                None => total.add(value, dictionary),
            }
            if !fold.witnesses.is_empty() {
                winners.take(fold, value, codes(&fold.witnesses), |op, a, b| {
                    compare(op, fold.operand, a, b, dictionary)
                });
            }
            Continue(())
        })?;
        for (&var, &code) in fold.known.iter().zip(&known) {
            batch.columns[var.index()][0] = code;
        }
        let result = match &fold.user {
            Some(user) => self.folded(user, fold.operand, values, batch),
            None => total.finish(dictionary),
        };
        let Some(result) = result else {
            return Continue(());
        };
        batch.columns[fold.result.index()][0] = result;
        if fold.witnesses.is_empty() {
            return self.go(rest, batch, latest, view, arrive);
        }
        for winner in winners.rows {
            for (&var, code) in fold.witnesses.iter().zip(winner) {
                batch.columns[var.index()][0] = code;
            }
            let mut same = fold.known.iter().zip(&known);
            if same.all(|(&var, &code)| batch.column(var)[0] == code) {
                batch.columns[fold.result.index()][0] = result;
                self.go(rest, batch, latest, view, arrive)?;
            }
        }
        for (&var, &code) in fold.known.iter().zip(&known) {
            batch.columns[var.index()][0] = code;
        }
        Continue(())
    }

    /// What a registered closure makes of values, in ascending order.
    fn folded(
        &self,
        user: &UserFold,
        operand: ValueType,
        mut values: Vec<Code>,
        batch: &Batch,
    ) -> Option<Code> {
        let Context {
            program,
            dictionary,
            functors,
            ..
        } = self.context;
        values.sort_unstable_by(|&a, &b| compare_values(program, dictionary, operand, a, b));
        let first = batch.column(user.init)[0];
        let mut values = values.into_iter();
        let folded = values.try_fold(first, |total, value| {
            functors.call(&user.functor, &[total, value], program, dictionary)
        });
        folded.ok()
    }

    /// The birth of the first row that agrees.
    fn any(&self, look: &Look, batch: &Batch, view: View) -> ControlFlow<Halt, Option<u32>> {
        if let Some(there) = self.is_any_there(look, view) {
            return Continue(there.then_some(0));
        }
        let key = keys(&look.key, batch);
        let mut found = None;
        let flow = self.each(look, &key, view, &mut |codes, birth| {
            if look.same.iter().all(|&(a, b)| codes[a] == codes[b]) {
                found = Some(birth);
                return Break(Halt::Enough);
            }
            Continue(())
        });
        match flow {
            Break(Halt::Enough) | Continue(()) => Continue(found),
            Break(halt) => Break(halt),
        }
    }

    /// Whether there is any row at all, where nothing is asked but that.
    fn is_any_there(&self, look: &Look, view: View) -> Option<bool> {
        let free = look.columns.is_empty() && look.same.is_empty();
        let state = &self.relations[look.relation.index()];
        let overlay = &self.overlays[look.relation.index()];
        match view {
            View::Before if free => {
                Some(state.set.len() + overlay.minus.len() > overlay.plus.len())
            }
            View::Now if free && !self.births => Some(!state.set.is_empty()),
            _ => None,
        }
    }

    /// Each row of a view that agrees with the key.
    fn each(&self, look: &Look, key: &[Code], view: View, visit: Visit) -> Flow {
        self.meter.spend(1, self.context)?;
        let state = &self.relations[look.relation.index()];
        let overlay = &self.overlays[look.relation.index()];
        let before = matches!(view, View::Before) && !overlay.is_empty();
        // Whether rows have to be put together to be judged.
        let (doomed, limit) = match view {
            View::Sure { doomed, before } => (
                doomed.get(&look.relation).filter(|rows| !rows.is_empty()),
                before,
            ),
            _ => (None, None),
        };
        let wants_birth = self.births && !matches!(view, View::Before);
        let plain = !before && doomed.is_none() && !wants_birth;
        let mut row = Codes::of(0);
        if !plain {
            row = Codes::of(look.columns.len() + look.rest.len());
            for (&column, &code) in look.columns.iter().zip(key) {
                row[column] = code;
            }
        }
        let found = self.find(state, look, key);
        let mut judge = |codes: &[Code], visit: Visit| -> Flow {
            self.meter.spend(1, self.context)?;
            if plain {
                return visit(codes, 0);
            }
            for (&column, &code) in look.rest.iter().zip(codes) {
                row[column] = code;
            }
            if before && overlay.plus.contains(&row[..])
                || doomed.is_some_and(|doomed| doomed.contains(&row[..]))
            {
                return Continue(());
            }
            let birth = match (limit, wants_birth) {
                // It is enough to know that it is early.
                (Some(limit), _) if !state.is_born_before(&row, limit) => return Continue(()),
                (Some(_), _) | (None, false) => 0,
                (None, true) => state.birth(&row).unwrap_or(0),
            };
            visit(codes, birth)
        };
        match (&found, look.rest.len()) {
            (Found::Whole(there), _) => {
                if *there {
                    judge(&[], visit)?;
                }
            }
            (Found::Sorted(rows, range), stride) => {
                let mut codes = Codes::of(stride);
                for at in range.clone() {
                    for (code, &column) in codes.iter_mut().zip(&look.rest) {
                        *code = rows.rows().column(column)[at];
                    }
                    judge(&codes, visit)?;
                }
            }
            (found, stride) => {
                for codes in found.codes().chunks_exact(stride.max(1)) {
                    judge(codes, visit)?;
                }
            }
        }
        if before && !overlay.minus.is_empty() {
            let mut codes = vec![Code::default(); look.rest.len()];
            for row in overlay.taken(&look.columns, key) {
                self.meter.spend(1, self.context)?;
                for (code, &column) in codes.iter_mut().zip(&look.rest) {
                    *code = row[column];
                }
                visit(&codes, 0)?;
            }
        }
        Continue(())
    }

    fn find<'s>(&self, state: &'s RelationState, look: &Look, key: &[Code]) -> Found<'s> {
        if look.rest.is_empty() {
            return Found::Whole(state.set.contains(key));
        }
        let mut codes = Vec::new();
        if look.columns == [0] && look.rest == [1] && state.set.seconds(key[0], &mut codes) {
            return Found::Codes(codes);
        }
        if look.columns == [1] && look.rest == [0] && state.set.firsts(key[0], &mut codes) {
            return Found::Codes(codes);
        }
        if look.columns.is_empty() {
            let rows = state.set.to_rows();
            let _ = self.meter.spend(rows.len() as u64, self.context);
            codes.reserve_exact(rows.len() * rows.arity());
            for at in 0..rows.len() {
                codes.extend((0..rows.arity()).map(|column| rows.column(column)[at]));
            }
            return Found::Codes(codes);
        }
        if let Some(rows) = state.set.as_sorted()
            && look.columns.iter().copied().eq(0..look.columns.len())
        {
            return Found::Sorted(rows, rows.range(key));
        }
        if look.columns.iter().copied().eq(0..look.columns.len())
            && state.set.leading(key, &look.rest, &mut codes)
        {
            return Found::Codes(codes);
        }
        let index = self.index(state, look);
        let number = index.locate(key);
        Found::Entry(index, number)
    }

    fn index(&self, state: &RelationState, look: &Look) -> Arc<Index> {
        state.index(
            &IndexSpec {
                key: look.columns.clone(),
                payload: look.rest.clone(),
            },
            None,
        )
    }

    /// About how many rows agree with a key.
    fn count(&self, look: &Look, key: &[Code]) -> usize {
        let state = &self.relations[look.relation.index()];
        if look.rest.is_empty() {
            return 1;
        }
        if look.columns.is_empty() {
            return state.set.len();
        }
        if look.columns == [0]
            && let Some(count) = state.set.count_seconds(key[0])
        {
            return count;
        }
        let base = state.set.base().and_then(|base| base.as_sorted());
        if let Some(rows) = state.set.as_sorted().or(base)
            && look.columns.iter().copied().eq(0..look.columns.len())
        {
            return rows.range(key).len();
        }
        let index = self.index(state, look);
        index.count(index.locate(key))
    }
}

/// The best rows of a minimum or maximum so far, all ties.
#[derive(Default)]
struct Winners {
    best: Option<Code>,
    rows: Vec<Vec<Code>>,
}

impl Winners {
    fn take(
        &mut self,
        fold: &Fold,
        value: Code,
        row: Vec<Code>,
        holds: impl Fn(CompareOp, Code, Code) -> bool,
    ) {
        let beats = match fold.op {
            AggregateOp::Min => CompareOp::Lt,
            _ => CompareOp::Gt,
        };
        match self.best {
            Some(best) if holds(beats, best, value) => {}
            Some(best) if !holds(beats, value, best) => {
                if !self.rows.contains(&row) {
                    self.rows.push(row);
                }
            }
            _ => {
                self.best = Some(value);
                self.rows = vec![row];
            }
        }
    }
}

impl Overlay {
    /// The rows taken away that agree with a key.
    fn taken(&self, columns: &[usize], key: &[Code]) -> Vec<Row> {
        let agrees = |row: &Row| columns.iter().zip(key).all(|(&at, &code)| row[at] == code);
        if self.minus.len() <= FEW || columns.is_empty() {
            return self
                .minus
                .iter()
                .filter(|row| agrees(row))
                .cloned()
                .collect();
        }
        let mut by_key = self.by_key.lock();
        if !by_key.contains_key(columns) {
            let mut rows = ByKey::default();
            for row in &self.minus {
                let key: Row = columns.iter().map(|&at| row[at]).collect();
                rows.entry(key).or_default().push(row.clone());
            }
            by_key.insert(columns.to_vec(), rows);
        }
        let rows = by_key.get(columns).and_then(|rows| rows.get(key));
        rows.cloned().unwrap_or_default()
    }
}

/// Binds what a seed row gives; false when it does not fit.
fn accepts(seed: &Look, row: &[Code], batch: &mut Batch) -> bool {
    let fits = seed
        .columns
        .iter()
        .zip(&seed.key)
        .all(|(&column, arg)| matches!(arg, Arg::Const(code) if *code == row[column]));
    let at = |place: usize| row[seed.rest[place]];
    if !fits || !seed.same.iter().all(|&(a, b)| at(a) == at(b)) {
        return false;
    }
    for &(place, var) in &seed.bind {
        batch.columns[var.index()][0] = at(place);
    }
    true
}

pub fn value(arg: &Arg, batch: &Batch) -> Code {
    match arg {
        Arg::Const(code) => *code,
        Arg::Var(var) => batch.column(*var)[0],
    }
}

fn keys(args: &[Arg], batch: &Batch) -> Codes {
    let mut keys = Codes::of(args.len());
    for (code, arg) in keys.iter_mut().zip(args) {
        *code = value(arg, batch);
    }
    keys
}

/// The codes of a row or a part of one; few of them need no allocation.
enum Codes {
    Few([Code; FEW], usize),
    Many(Vec<Code>),
}

impl Codes {
    fn of(len: usize) -> Codes {
        match len <= FEW {
            true => Codes::Few([Code::default(); FEW], len),
            false => Codes::Many(vec![Code::default(); len]),
        }
    }
}

impl Deref for Codes {
    type Target = [Code];

    fn deref(&self) -> &[Code] {
        match self {
            Codes::Few(codes, len) => &codes[..*len],
            Codes::Many(codes) => codes,
        }
    }
}

impl DerefMut for Codes {
    fn deref_mut(&mut self) -> &mut [Code] {
        match self {
            Codes::Few(codes, len) => &mut codes[..*len],
            Codes::Many(codes) => codes,
        }
    }
}
