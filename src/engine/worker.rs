//! One thread's run through a pipeline, a batch of bindings at a time.
//!
//! A stage either narrows or widens the batch it is given in place, or writes extended bindings into a batch of its own
//! and hands that on whenever it is full. Bindings live column by column, one column for each variable.

use super::asking::Asking;
use super::evaluate::{Context, evaluate, truth};
use super::fold::{Known, run_fold};
use super::intersection::Intersection;
use super::pipeline::{Arg, Member, Op, Pipeline, Proposer, Source, Stage};
use super::range::Ranges;
use super::sink::Sink;
use super::within::Narrow;
use crate::analysis::checked::VarId;
use crate::storage::index::ABSENT;
use crate::storage::{Code, Index, RowSource, Rows};
use std::ops::Range;

/// Bindings that are extended together: enough to pay for dispatch, few enough to stay in the first-level caches.
/// Tests use tiny ones, to meet every boundary.
pub const BATCH: usize = if cfg!(test) { 3 } else { 2048 };

/// Candidates looked at together where the first that is confirmed is enough.
const FEW: usize = if cfg!(test) { 1 } else { 16 };

/// Partial bindings. Only the columns of bound variables that are still needed have `len` codes.
#[derive(Clone, Default)]
pub struct Batch {
    pub len: usize,
    pub columns: Vec<Vec<Code>>,
}

impl Batch {
    pub fn new(variables: usize) -> Batch {
        Batch {
            len: 0,
            columns: vec![Vec::new(); variables],
        }
    }

    /// The binding of nothing: where bodies without a scan start.
    pub fn unit(variables: usize) -> Batch {
        Batch {
            len: 1,
            columns: vec![Vec::new(); variables],
        }
    }

    pub fn column(&self, var: VarId) -> &[Code] {
        &self.columns[var.index()]
    }

    /// Some of the rows.
    pub fn part(&self, rows: Range<usize>) -> Batch {
        let part = |column: &Vec<Code>| match column.len() == self.len {
            true => column[rows.clone()].to_vec(),
            false => Vec::new(),
        };
        Batch {
            len: rows.len(),
            columns: self.columns.iter().map(part).collect(),
        }
    }

    pub fn clear(&mut self) {
        self.len = 0;
        for column in &mut self.columns {
            column.clear();
        }
    }

    /// Keeps the rows whose numbers are given, ascending, in the columns of `keep`.
    pub fn select(&mut self, rows: &[u32], keep: &[VarId]) {
        if rows.len() != self.len {
            for &var in keep {
                let column = &mut self.columns[var.index()];
                for (to, &from) in rows.iter().enumerate() {
                    column[to] = column[from as usize];
                }
                column.truncate(rows.len());
            }
            self.len = rows.len();
        }
    }

    /// Keeps the rows whose numbers are given, ascending, in all columns that have them.
    pub fn retain(&mut self, rows: &[u32]) {
        if rows.len() != self.len {
            let columns = self.columns.iter().enumerate();
            let live = columns.filter(|(_, column)| column.len() == self.len);
            let live: Vec<VarId> = live.map(|(var, _)| VarId(var as u32)).collect();
            self.select(rows, &live);
        }
    }

    /// Copies the columns of `keep` from the rows of `from` that `origins` names.
    fn gather(&mut self, from: &Batch, origins: &[u32], keep: &[VarId]) {
        for &var in keep {
            let source = from.column(var);
            let target = &mut self.columns[var.index()];
            target.clear();
            target.extend(origins.iter().map(|&row| source[row as usize]));
        }
        self.len = origins.len();
    }
}

/// What a stage needs between two calls, so that it is allocated once.
#[derive(Default)]
struct Scratch {
    out: Batch,
    origins: Vec<u32>,
    numbers: Vec<u32>,
    asking: Asking,
    known: Known,
}

/// What a look-up takes from the rows of an entry, by their places in it.
struct Wanted<'p> {
    bind: &'p [(usize, VarId)],
    same: &'p [(usize, usize)],
    narrow: Option<&'p Narrow>,
}

pub struct Worker<'a, 'p, S> {
    stages: &'p [Stage<'a>],
    context: &'p Context<'p>,
    variables: usize,
    scratch: Vec<Scratch>,
    pub sink: S,
}

impl<'a, 'p, S: Sink> Worker<'a, 'p, S> {
    pub fn new(pipeline: &'p Pipeline<'a>, context: &'p Context<'p>, sink: S) -> Worker<'a, 'p, S> {
        Worker::over(&pipeline.stages, pipeline.variables, context, sink)
    }

    pub fn over(
        stages: &'p [Stage<'a>],
        variables: usize,
        context: &'p Context<'p>,
        sink: S,
    ) -> Worker<'a, 'p, S> {
        let scratch = stages
            .iter()
            .map(|_| Scratch {
                out: Batch::new(variables),
                ..Scratch::default()
            })
            .collect();
        Worker {
            stages,
            context,
            variables,
            scratch,
            sink,
        }
    }

    fn is_done(&self) -> bool {
        self.sink.is_content() || self.context.stopped()
    }

    /// No more bindings will come.
    pub fn finish(mut self) -> S {
        self.sink.finish();
        self.sink
    }

    /// Runs the stages from the first on over a batch of bindings.
    pub fn run(&mut self, batch: &mut Batch) {
        self.advance(0, batch);
    }

    /// Runs the first stage, which must be a scan, over some of its units.
    pub fn run_scan(&mut self, units: Range<usize>) {
        let stages = self.stages;
        if let Some(Op::Scan { source, .. }) = stages.first().map(|stage| &stage.op) {
            self.run_scan_of(source, units);
        }
    }

    /// [`Worker::run_scan`] of these rows.
    pub fn run_scan_of(&mut self, source: &Source, units: Range<usize>) {
        let stages = self.stages;
        let Some(Op::Scan {
            bind, equal, same, ..
        }) = stages.first().map(|stage| &stage.op)
        else {
            return;
        };
        let mut out = std::mem::take(&mut self.scratch[0].out);
        out.clear();
        source.visit(units, &mut |columns, len| {
            let mut start = 0;
            while start < len && !self.is_done() {
                let end = (start + BATCH - out.len.min(BATCH - 1)).min(len);
                scan(columns, start..end, bind, equal, same, &mut out);
                if out.len >= BATCH {
                    self.advance(1, &mut out);
                    out.clear();
                }
                start = end;
            }
        });
        self.advance(1, &mut out);
        out.clear();
        self.scratch[0].out = out;
    }

    fn advance(&mut self, at: usize, batch: &mut Batch) {
        if batch.len == 0 || self.is_done() {
            return;
        }
        let stages = self.stages;
        let Some(stage) = stages.get(at) else {
            self.sink.accept(batch);
            return;
        };
        let mut scratch = std::mem::take(&mut self.scratch[at]);
        self.sink.sift(batch, &mut scratch.origins);
        match &stage.op {
            Op::Scan {
                source,
                bind,
                equal,
                same,
            } => {
                source.visit(0..source.units(), &mut |columns, len| {
                    scan(columns, 0..len, bind, equal, same, &mut scratch.out);
                });
                self.advance(at + 1, &mut scratch.out);
                scratch.out.clear();
            }
            Op::Probe {
                index,
                key,
                bind,
                same,
                narrow,
            } => {
                locate(index, key, batch, &mut scratch.numbers);
                let last = at + 1 == stages.len() && same.is_empty() && narrow.is_none();
                if !(last
                    && self
                        .sink
                        .accept_entries(batch, index, &scratch.numbers, bind))
                {
                    let wanted = Wanted {
                        bind,
                        same,
                        narrow: narrow.as_ref(),
                    };
                    self.probe(at, batch, &mut scratch, index, wanted, &stage.keep);
                }
            }
            Op::Check {
                member,
                key,
                negated,
            } => {
                check(member, key, batch, *negated, &mut scratch);
                batch.select(&scratch.origins, &stage.keep);
                self.advance(at + 1, batch);
            }
            Op::Intersect { var, proposers } => {
                self.intersect(at, batch, &mut scratch, *var, proposers, &stage.keep)
            }
            Op::Bind { var, value } => {
                let mut column = std::mem::take(&mut scratch.out.columns[var.index()]);
                scratch.origins.clear();
                let whole = evaluate(
                    value,
                    batch,
                    self.context,
                    &mut column,
                    &mut scratch.origins,
                );
                if !whole {
                    // Rows without a value were left out of the column already.
                    batch.select(&scratch.origins, &stage.keep);
                }
                std::mem::swap(&mut batch.columns[var.index()], &mut column);
                self.advance(at + 1, batch);
                scratch.out.columns[var.index()] = std::mem::take(&mut batch.columns[var.index()]);
            }
            Op::Unpack { record, fields } => {
                let mut column = Vec::new();
                scratch.origins.clear();
                evaluate(
                    record,
                    batch,
                    self.context,
                    &mut column,
                    &mut scratch.origins,
                );
                self.unpack(&mut scratch, &column, fields, batch);
                scratch.out.gather(batch, &scratch.origins, &stage.keep);
                self.advance(at + 1, &mut scratch.out);
                scratch.out.clear();
            }
            Op::Compare { .. } | Op::Match { .. } | Op::Contains { .. } => {
                scratch.origins.clear();
                truth(&stage.op, batch, self.context, &mut scratch.origins);
                batch.select(&scratch.origins, &stage.keep);
                self.advance(at + 1, batch);
            }
            Op::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let mut values =
                    Ranges::new(from, to, step.as_ref(), *operand, batch, self.context);
                loop {
                    scratch.out.clear();
                    scratch.origins.clear();
                    let more = values.fill(
                        BATCH,
                        &mut scratch.out.columns[var.index()],
                        &mut scratch.origins,
                    );
                    scratch.out.gather(batch, &scratch.origins, &stage.keep);
                    self.advance(at + 1, &mut scratch.out);
                    if !more || self.is_done() {
                        break;
                    }
                }
                scratch.out.clear();
            }
            Op::Ask { about, body, tag } => {
                let Scratch {
                    asking, origins, ..
                } = &mut scratch;
                asking.ask(about, body, *tag, batch, self.context, origins);
                batch.select(origins, &stage.keep);
                self.advance(at + 1, batch);
            }
            Op::Aggregate(fold) => {
                scratch.origins.clear();
                scratch.out.clear();
                let Scratch {
                    out,
                    origins,
                    known,
                    ..
                } = &mut scratch;
                let (variables, context) = (self.variables, self.context);
                run_fold(fold, batch, variables, context, known, out, origins);
                scratch.out.gather(batch, &scratch.origins, &stage.keep);
                self.advance(at + 1, &mut scratch.out);
                scratch.out.clear();
            }
        }
        self.scratch[at] = scratch;
    }

    fn probe(
        &mut self,
        at: usize,
        batch: &Batch,
        scratch: &mut Scratch,
        index: &Index,
        wanted: Wanted,
        keep: &[VarId],
    ) {
        let Wanted { bind, same, narrow } = wanted;
        let Scratch {
            out,
            origins,
            numbers,
            ..
        } = scratch;
        let stride = index.payload().len();
        out.clear();
        origins.clear();
        for (row, &number) in numbers.iter().enumerate() {
            if number == ABSENT || self.sink.is_answered(batch, row) {
                continue;
            }
            let mut rest = index.count(number);
            let mut entry = index.entry(number);
            if let Some(narrow) = narrow {
                let rows = narrow.rows(index, number, batch, row, self.context.dictionary);
                (rest, entry) = (rows.len(), &entry[rows.start * stride..]);
            }
            while rest > 0 {
                let taken = rest.min(BATCH - origins.len());
                let (now, later) = entry.split_at(taken * stride);
                if same.is_empty() {
                    for &(place, var) in bind {
                        let column = &mut out.columns[var.index()];
                        if stride == 1 {
                            column.extend_from_slice(now);
                        } else {
                            column.extend(now.chunks_exact(stride).map(|codes| codes[place]));
                        }
                    }
                    origins.resize(origins.len() + taken, row as u32);
                } else {
                    for codes in now.chunks_exact(stride) {
                        if same.iter().all(|&(a, b)| codes[a] == codes[b]) {
                            for &(place, var) in bind {
                                out.columns[var.index()].push(codes[place]);
                            }
                            origins.push(row as u32);
                        }
                    }
                }
                rest -= taken;
                entry = later;
                if origins.len() >= BATCH {
                    self.hand_on(at, batch, out, origins, keep);
                    if self.is_done() {
                        return;
                    }
                    if self.sink.is_answered(batch, row) {
                        break;
                    }
                }
            }
        }
        self.hand_on(at, batch, out, origins, keep);
    }

    fn hand_on(
        &mut self,
        at: usize,
        batch: &Batch,
        out: &mut Batch,
        origins: &mut Vec<u32>,
        keep: &[VarId],
    ) {
        out.gather(batch, origins, keep);
        self.advance(at + 1, out);
        out.clear();
        origins.clear();
    }

    /// For each binding the shortest list of candidates is taken from whichever atom has it, and confirmed by the others.
    fn intersect(
        &mut self,
        at: usize,
        batch: &Batch,
        scratch: &mut Scratch,
        var: VarId,
        proposers: &[Proposer<'a>],
        keep: &[VarId],
    ) {
        let Scratch {
            out,
            origins,
            numbers,
            ..
        } = scratch;
        out.clear();
        origins.clear();
        let mut common = Intersection::over(var, proposers, batch, numbers);
        let one = at + 1 == self.stages.len() && self.sink.wants_one();
        let most = if one { FEW } else { BATCH };
        for row in 0..batch.len {
            if self.sink.is_answered(batch, row) {
                continue;
            }
            common.turn_to(row);
            while let Some(mut found) = common.next(row, batch, most) {
                if one {
                    found = &found[..found.len().min(1)];
                }
                let any = !found.is_empty();
                while !found.is_empty() {
                    let (now, later) = found.split_at(found.len().min(BATCH - origins.len()));
                    out.columns[var.index()].extend_from_slice(now);
                    origins.resize(origins.len() + now.len(), row as u32);
                    found = later;
                    if origins.len() >= BATCH {
                        self.hand_on(at, batch, out, origins, keep);
                        if self.is_done() {
                            return;
                        }
                    }
                }
                if any && (one || self.sink.is_answered(batch, row)) {
                    break;
                }
            }
        }
        self.hand_on(at, batch, out, origins, keep);
    }

    /// Writes the fields of the records in `column` and leaves in `origins` the rows that had any.
    fn unpack(
        &self,
        scratch: &mut Scratch,
        column: &[Code],
        fields: &[Option<VarId>],
        batch: &Batch,
    ) {
        let Scratch { out, origins, .. } = scratch;
        out.clear();
        let rows: Vec<u32> = if column.len() == batch.len {
            (0..batch.len as u32).collect()
        } else {
            origins.clone()
        };
        origins.clear();
        for (&record, row) in column.iter().zip(rows) {
            match self.context.dictionary.fields(record) {
                Some(codes) if codes.len() == fields.len() => {
                    for (&code, var) in codes.iter().zip(fields) {
                        if let Some(var) = var {
                            out.columns[var.index()].push(code);
                        }
                    }
                    origins.push(row);
                }
                _ => {}
            }
        }
    }
}

/// Rows of a plain column store that are a unit.
const UNIT: usize = if cfg!(test) { 1 } else { 64 };

impl Op<'_> {
    /// How many bindings a stage at most makes of these, where that is quick to tell and the stage can run ahead of the
    /// others.
    pub fn widens(&self, batch: &Batch) -> Option<usize> {
        match self {
            Op::Probe { index, key, .. } => {
                let mut numbers = Vec::new();
                locate(index, key, batch, &mut numbers);
                Some(numbers.iter().map(|&number| index.count(number)).sum())
            }
            Op::Scan { source, .. } => Some(source.rows()),
            Op::Check { .. } => Some(batch.len),
            _ => None,
        }
    }
}

impl Source<'_> {
    /// Pieces that threads can take one by one.
    pub fn units(&self) -> usize {
        match self {
            Source::Delta(delta) => delta.units(),
            Source::Sorted(rows) => rows.len().div_ceil(UNIT),
            Source::Set(set) => set.units(),
        }
    }

    pub fn rows(&self) -> usize {
        match self {
            Source::Delta(delta) => delta.row_count(),
            Source::Sorted(rows) => rows.len(),
            Source::Set(set) => set.len(),
        }
    }

    pub fn to_rows(&self) -> Rows {
        match self {
            Source::Delta(delta) => delta.to_rows(),
            Source::Sorted(rows) => Rows::clone(rows),
            Source::Set(set) => set.to_rows(),
        }
    }

    /// Whether rows with one first code are all in one unit.
    pub fn keeps_firsts(&self) -> bool {
        match self {
            Source::Delta(delta) => delta.keeps_firsts(),
            Source::Sorted(_) => false,
            Source::Set(set) => set.keeps_firsts(),
        }
    }

    fn visit(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize)) {
        match self {
            Source::Delta(delta) => delta.visit_units(units, act),
            Source::Sorted(rows) => {
                let range = units.start * UNIT..(units.end * UNIT).min(rows.len());
                let columns: Vec<&[Code]> = (0..rows.arity())
                    .map(|at| &rows.column(at)[range.clone()])
                    .collect();
                act(&columns, range.len());
            }
            Source::Set(set) => set.visit_units(units, act),
        }
    }
}

fn scan(
    columns: &[&[Code]],
    range: Range<usize>,
    bind: &[(usize, VarId)],
    equal: &[(usize, Code)],
    same: &[(usize, usize)],
    out: &mut Batch,
) {
    if equal.is_empty() && same.is_empty() {
        for &(column, var) in bind {
            out.columns[var.index()].extend_from_slice(&columns[column][range.clone()]);
        }
        out.len += range.len();
        return;
    }
    for row in range {
        let holds = equal
            .iter()
            .all(|&(column, code)| columns[column][row] == code)
            && same
                .iter()
                .all(|&(a, b)| columns[a][row] == columns[b][row]);
        if holds {
            for &(column, var) in bind {
                out.columns[var.index()].push(columns[column][row]);
            }
            out.len += 1;
        }
    }
}

/// The entries of an index for each binding of a batch.
pub fn locate(index: &Index, key: &[Arg], batch: &Batch, numbers: &mut Vec<u32>) {
    with_columns(key, batch, |columns| {
        index.locate_all(columns, batch.len, numbers)
    });
}

/// Calls back with one column for each argument, constants repeated.
pub fn with_columns<T>(args: &[Arg], batch: &Batch, act: impl FnOnce(&[&[Code]]) -> T) -> T {
    let constants: Vec<Vec<Code>> = args
        .iter()
        .map(|arg| match arg {
            Arg::Const(code) => vec![*code; batch.len],
            Arg::Var(_) => Vec::new(),
        })
        .collect();
    let columns: Vec<&[Code]> = args
        .iter()
        .zip(&constants)
        .map(|(arg, constant)| match arg {
            Arg::Var(var) => batch.column(*var),
            Arg::Const(_) => &constant[..],
        })
        .collect();
    act(&columns)
}

fn check(member: &Member, key: &[Arg], batch: &Batch, negated: bool, scratch: &mut Scratch) {
    let Scratch {
        origins, numbers, ..
    } = scratch;
    origins.clear();
    match member {
        Member::Keys(index) => {
            locate(index, key, batch, numbers);
            let found = numbers.iter().map(|&number| index.count(number) > 0);
            origins.extend(
                found
                    .enumerate()
                    .filter(|&(_, found)| found != negated)
                    .map(|(row, _)| row as u32),
            );
        }
        Member::Entries(index) => {
            locate(index, &key[..1], batch, numbers);
            with_columns(&key[1..], batch, |columns| {
                let wanted = columns[0].iter().zip(numbers.iter()).enumerate();
                origins.extend(wanted.filter_map(|(row, (code, &number))| {
                    let found = index.entry(number).binary_search(code).is_ok();
                    (found != negated).then_some(row as u32)
                }));
            })
        }
        Member::Set(set) => with_columns(key, batch, |columns| {
            let mut row_key = Vec::with_capacity(columns.len());
            for row in 0..batch.len {
                row_key.clear();
                row_key.extend(columns.iter().map(|column| column[row]));
                if set.contains(&row_key) != negated {
                    origins.push(row as u32);
                }
            }
        }),
    }
}
