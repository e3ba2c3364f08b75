//! Aggregates: the inner bindings of each group, folded.

use super::aggregate::Accumulator;
use super::evaluate::Context;
use super::functor::compare;
use super::pipeline::{Arg, Fold};
use super::sink::Sink;
use super::value_order::compare as compare_values;
use super::worker::{Batch, Worker};
use crate::analysis::checked::{AggregateOp, UserFold, ValueType, VarId};
use crate::storage::index::ABSENT;
use crate::storage::table::RowTable;
use crate::storage::{Code, Dictionary, Index};
use crate::syntax::ast::CompareOp;

/// Groups remembered at most.
const MOST: usize = if cfg!(test) { 4 } else { 1 << 16 };
/// Bindings looked at before it is asked whether remembering pays.
const TRIED: u64 = if cfg!(test) { 10 } else { 1 << 16 };

/// Groups of earlier batches and what they came to. What an aggregate looks at does not change while its rule runs.
#[derive(Default)]
pub struct Known {
    groups: RowTable,
    results: Vec<Option<Code>>,
    /// With witnesses, those of each group.
    winners: Vec<Vec<Vec<Code>>>,
    looked: u64,
    found: u64,
}

impl Known {
    /// Forgets all groups where there are too many, or too few of them come again; and those of a body that may complain,
    /// since how often it does must not depend on who remembers what.
    fn open(&mut self, fold: &Fold) {
        let pays = self.looked < TRIED || self.found >= self.looked / 8;
        if self.results.len() < MOST && pays && !self.results.is_empty() && fold.never_complains() {
            return;
        }
        self.groups = RowTable::new(fold.group.len());
        self.results.clear();
        self.winners.clear();
    }
}

/// Evaluates an aggregate for each binding of a batch. Writes the result, and witnesses, for each binding that has
/// one (each tie, with witnesses), and in `origins` the bindings they belong to.
pub fn run_fold<'a>(
    fold: &Fold<'a>,
    batch: &Batch,
    variables: usize,
    context: &Context,
    known: &mut Known,
    out: &mut Batch,
    origins: &mut Vec<u32>,
) {
    known.open(fold);
    let before = known.results.len();
    let mut inner = Batch::new(variables);
    let mut key = Vec::with_capacity(fold.group.len());
    let mut group_of = Vec::with_capacity(batch.len);
    for row in 0..batch.len {
        key.clear();
        key.extend(fold.group.iter().map(|&var| batch.column(var)[row]));
        let (number, new) = known.groups.insert(&key);
        if (number as usize) < before {
            known.found += 1;
        }
        if new {
            for (&var, &code) in fold.group.iter().zip(&key) {
                inner.columns[var.index()].push(code);
            }
            inner.columns[fold.tag.index()].push(Code(number - before as u32));
        }
        group_of.push(number);
    }
    known.looked += batch.len as u64;
    inner.len = known.groups.len() - before;
    let groups = inner.len;
    // The stages of the body take the batch apart.
    let keys = match fold.user {
        Some(_) => inner.clone(),
        None => Batch::default(),
    };

    let totals = Totals::new(fold, groups, context.dictionary);
    let mut worker = Worker::over(&fold.body, variables, context, totals);
    worker.run(&mut inner);
    let totals = worker.sink;

    match &fold.user {
        Some(user) => {
            let results = folded(user, totals.values, &keys, fold.operand, context);
            known.results.extend(results);
        }
        None => {
            let totals = totals.groups.iter();
            let results = totals.map(|total| total.finish(context.dictionary));
            known.results.extend(results);
        }
    }
    known.winners.extend(totals.winners);
    for (row, &group) in group_of.iter().enumerate() {
        let Some(result) = known.results[group as usize] else {
            continue;
        };
        let ties: &[Vec<Code>] = match fold.witnesses[..] {
            [] => &[Vec::new()],
            _ => &known.winners[group as usize],
        };
        for winner in ties {
            out.columns[fold.result.index()].push(result);
            for (&var, &code) in fold.witnesses.iter().zip(winner) {
                out.columns[var.index()].push(code);
            }
            origins.push(row as u32);
        }
    }
}

/// Hands the values of each group to its closure, in ascending order: the rows come in any. `inner` holds what is
/// known of the groups, row by row.
fn folded(
    user: &UserFold,
    mut values: Vec<Vec<Code>>,
    inner: &Batch,
    operand: ValueType,
    context: &Context,
) -> Vec<Option<Code>> {
    let (program, dictionary) = (context.program, context.dictionary);
    let mut results = Vec::with_capacity(values.len());
    for (group, values) in values.iter_mut().enumerate() {
        values.sort_unstable_by(|&a, &b| compare_values(program, dictionary, operand, a, b));
        let first = inner.column(user.init)[group];
        let folded = values.iter().try_fold(first, |total, &value| {
            context
                .functors
                .call(&user.functor, &[total, value], program, dictionary)
        });
        results.push(match folded {
            Ok(total) => Some(total),
            Err(fault) => {
                context.fault(fault, inner, group as u32, || {
                    format!("@@{}(…)", user.functor)
                });
                None
            }
        });
    }
    results
}

/// The running totals of all groups of one batch.
struct Totals<'a> {
    op: AggregateOp,
    operand: ValueType,
    tag: VarId,
    target: Option<Arg>,
    witnesses: &'a [VarId],
    dictionary: &'a Dictionary,
    groups: Vec<Accumulator>,
    /// For a user-defined aggregate: all values of each group.
    values: Vec<Vec<Code>>,
    /// With witnesses: the best value of each group and the distinct rows that reach it.
    best: Vec<Option<Code>>,
    winners: Vec<Vec<Vec<Code>>>,
}

impl<'a> Totals<'a> {
    fn new(fold: &'a Fold, groups: usize, dictionary: &'a Dictionary) -> Totals<'a> {
        Totals {
            op: fold.op,
            operand: fold.operand,
            tag: fold.tag,
            target: fold.target,
            witnesses: &fold.witnesses,
            dictionary,
            groups: vec![Accumulator::new(fold.op, fold.operand); groups],
            values: vec![Vec::new(); if fold.user.is_some() { groups } else { 0 }],
            best: vec![None; if fold.witnesses.is_empty() { 0 } else { groups }],
            winners: vec![Vec::new(); if fold.witnesses.is_empty() { 0 } else { groups }],
        }
    }

    fn witness(&mut self, group: usize, value: Code, winner: Vec<Code>) {
        let beats = if self.op == AggregateOp::Min {
            CompareOp::Lt
        } else {
            CompareOp::Gt
        };
        match self.best[group] {
            Some(best) if compare(beats, self.operand, best, value, self.dictionary) => {}
            Some(best) if !compare(beats, self.operand, value, best, self.dictionary) => {
                if !self.winners[group].contains(&winner) {
                    self.winners[group].push(winner);
                }
            }
            _ => {
                self.best[group] = Some(value);
                self.winners[group] = vec![winner];
            }
        }
    }
}

impl Sink for Totals<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        for row in 0..batch.len {
            let group = batch.column(self.tag)[row].index();
            let value = match self.target {
                None => Code::default(),
                Some(Arg::Const(code)) => code,
                Some(Arg::Var(var)) => batch.column(var)[row],
            };
            match self.values.get_mut(group) {
                Some(values) => values.push(value),
                None => self.groups[group].add(value, self.dictionary),
            }
            if !self.witnesses.is_empty() {
                let winner = self
                    .witnesses
                    .iter()
                    .map(|&var| batch.column(var)[row])
                    .collect();
                self.witness(group, value, winner);
            }
        }
    }

    /// Counting needs the length of an entry, not its rows.
    fn accept_entries(
        &mut self,
        batch: &Batch,
        index: &Index,
        numbers: &[u32],
        _bind: &[(usize, VarId)],
    ) -> bool {
        if self.op != AggregateOp::Count {
            return false;
        }
        let tags = batch.column(self.tag);
        for (row, &number) in numbers
            .iter()
            .enumerate()
            .filter(|&(_, &number)| number != ABSENT)
        {
            self.groups[tags[row].index()].add_count(index.count(number) as u64);
        }
        true
    }
}
