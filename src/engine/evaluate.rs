//! Terms and comparisons over a batch, column by column.

use super::budget::{Budget, Observer, Spent};
use super::closures::Functors;
use super::functor::{Fault, FaultReport, Patterns, apply, compare, contains, show_call};
use super::pipeline::{Arg, Expression, Op};
use super::value_order::compare as compare_values;
use super::worker::Batch;
use crate::analysis::checked::{CheckedProgram, Functor, FunctorOp, ValueType, Variable};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use crate::syntax::source::Span;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// What all threads of a run share.
pub struct Context<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub functors: &'a Functors,
    pub patterns: &'a Patterns,
    /// Set by the user (Ctrl-C) or by whoever notices that the budget is spent.
    pub cancel: &'a AtomicBool,
    pub deadline: Option<Instant>,
    /// Another budget is spent, as was found meanwhile.
    pub spent: &'a Spent,
    /// The deadline has passed.
    pub late: AtomicBool,
    /// At least one.
    pub threads: u64,
    /// The clause that is evaluated; `None` for queries.
    pub place: Option<Span>,
    /// Of that clause.
    pub variables: &'a [Variable],
    /// The round, for `recursive_iteration_cnt()`.
    pub round: u32,
    pub autoinc: &'a AtomicI64,
    pub faults: &'a Mutex<Vec<FaultReport>>,
    /// Where a query is answered.
    pub answering: Option<Answering<'a>>,
}

/// How far an answer is, and who is told of it.
pub struct Answering<'a> {
    pub observer: &'a dyn Observer,
    /// Rows gathered, duplicates and all.
    pub rows: AtomicU64,
}

/// What a context borrows where no run holds it.
pub struct Holdings {
    patterns: Patterns,
    autoinc: AtomicI64,
    faults: Mutex<Vec<FaultReport>>,
    pub spent: Spent,
}

impl Holdings {
    pub fn new() -> Holdings {
        Holdings {
            patterns: Patterns::new(),
            autoinc: AtomicI64::new(0),
            faults: Mutex::default(),
            spent: Spent::default(),
        }
    }

    /// One thread's context over relations at rest.
    pub fn context<'a>(
        &'a self,
        program: &'a CheckedProgram,
        dictionary: &'a Dictionary,
        functors: &'a Functors,
        budget: &'a Budget,
    ) -> Context<'a> {
        Context {
            program,
            dictionary,
            functors,
            patterns: &self.patterns,
            cancel: &budget.cancel,
            deadline: budget.time.map(|time| Instant::now() + time),
            spent: &self.spent,
            late: AtomicBool::new(false),
            threads: 1,
            place: None,
            variables: &[],
            round: 0,
            autoinc: &self.autoinc,
            faults: &self.faults,
            answering: None,
        }
    }
}

impl<'a> Context<'a> {
    pub fn stopped(&self) -> bool {
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.late.store(true, Relaxed);
        }
        if let Some(answering) = &self.answering {
            answering.observer.answering(answering.rows.load(Relaxed));
        }
        self.cancel.load(Relaxed) || self.late.load(Relaxed) || self.spent.is_spent()
    }

    /// With the names and types of the rule's variables, for what is said about faults.
    pub fn of(self, variables: &'a [Variable]) -> Context<'a> {
        Context { variables, ..self }
    }

    /// Reports that a functor has no value for one row of a batch.
    pub(super) fn fault(
        &self,
        fault: Fault,
        batch: &Batch,
        row: u32,
        call: impl FnOnce() -> String,
    ) {
        // A column that is no longer needed is empty or longer than the batch.
        let values = self
            .variables
            .iter()
            .zip(&batch.columns)
            .filter(|(variable, column)| !variable.synthetic && column.len() == batch.len)
            .map(|(variable, column)| (variable.name.clone(), variable.ty, column[row as usize]))
            .collect();
        self.fault_at(fault, values, call);
    }

    /// Reports a fault with the values that led to it. Of those of one kind in one rule the first by value is kept: it
    /// is the same one at any number of threads.
    pub(super) fn fault_at(
        &self,
        fault: Fault,
        row: Vec<(Arc<str>, ValueType, Code)>,
        call: impl FnOnce() -> String,
    ) {
        let mut faults = self.faults.lock();
        let known = faults.iter_mut().find(|known| {
            known.place == self.place && discriminant(&known.fault) == discriminant(&fault)
        });
        let Some(known) = known else {
            faults.push(FaultReport {
                place: self.place,
                fault,
                count: 1,
                example: call(),
                row,
            });
            return;
        };
        known.count += 1;
        let order = row
            .iter()
            .zip(&known.row)
            .map(|((_, ty, a), (.., b))| compare_values(self.program, self.dictionary, *ty, *a, *b))
            .find(|order| order.is_ne());
        if order == Some(Ordering::Less) {
            (known.fault, known.example, known.row) = (fault, call(), row);
        }
    }
}

/// Writes the value of an expression for each row. When some rows have none (a fault, reported to the context) the
/// answer is false, and `rows` names the rows that do have one, for which `column` has a value each.
pub fn evaluate(
    expression: &Expression,
    batch: &Batch,
    context: &Context,
    column: &mut Vec<Code>,
    rows: &mut Vec<u32>,
) -> bool {
    column.clear();
    rows.clear();
    match expression {
        Expression::Arg(Arg::Const(code)) => column.resize(batch.len, *code),
        Expression::Arg(Arg::Var(var)) => column.extend_from_slice(batch.column(*var)),
        Expression::Record(fields) => {
            let columns = Columns::of(fields, batch, context);
            columns.each(batch.len, |row, codes| {
                column.push(context.dictionary.record(codes));
                rows.push(row);
            });
        }
        Expression::Call { functor, args } => {
            let columns = Columns::of(args, batch, context);
            columns.each(batch.len, |row, codes| {
                match call(functor, codes, context) {
                    Ok(code) => {
                        column.push(code);
                        rows.push(row);
                    }
                    Err(fault) => context.fault(fault, batch, row, || {
                        show_call(functor, codes, context.dictionary)
                    }),
                }
            });
        }
    }
    column.len() == batch.len
}

/// The value of any functor, those included that depend on more than their arguments.
pub fn call(functor: &Functor, codes: &[Code], context: &Context) -> Result<Code, Fault> {
    let dictionary = context.dictionary;
    match functor.op {
        FunctorOp::Autoinc => Ok(dictionary.number(context.autoinc.fetch_add(1, Relaxed))),
        FunctorOp::IterationCount => Ok(dictionary.unsigned(u64::from(context.round))),
        FunctorOp::User(ref name) => {
            context
                .functors
                .call(name, codes, context.program, dictionary)
        }
        _ => apply(functor, codes, dictionary),
    }
}

/// The arguments of a functor for a batch. A row is missing from an argument that faulted there.
pub struct Columns {
    columns: Vec<Vec<Code>>,
    /// Per argument: the rows it has values for, when not all.
    rows: Vec<Option<Vec<u32>>>,
}

impl Columns {
    pub fn of(args: &[Expression], batch: &Batch, context: &Context) -> Columns {
        let mut columns = Columns {
            columns: Vec::new(),
            rows: Vec::new(),
        };
        for arg in args {
            let (mut column, mut rows) = (Vec::with_capacity(batch.len), Vec::new());
            let whole = evaluate(arg, batch, context, &mut column, &mut rows);
            columns.columns.push(column);
            columns.rows.push((!whole).then_some(rows));
        }
        columns
    }

    /// Calls back for each row that all arguments have.
    pub fn each(&self, len: usize, mut act: impl FnMut(u32, &[Code])) {
        let mut codes = vec![Code::default(); self.columns.len()];
        let mut next = vec![0usize; self.columns.len()];
        for row in 0..len as u32 {
            let mut complete = true;
            for (at, column) in self.columns.iter().enumerate() {
                match &self.rows[at] {
                    None => codes[at] = column[row as usize],
                    Some(rows) if rows.get(next[at]) == Some(&row) => {
                        codes[at] = column[next[at]];
                        next[at] += 1;
                    }
                    Some(_) => complete = false,
                }
            }
            if complete {
                act(row, &codes);
            }
        }
    }
}

/// Writes the rows for which a comparison, `match` or `contains` holds.
pub fn truth(op: &Op, batch: &Batch, context: &Context, rows: &mut Vec<u32>) {
    let dictionary = context.dictionary;
    match op {
        Op::Compare {
            op,
            operand,
            left,
            right,
        } => {
            let direct =
                matches!(op, CompareOp::Eq | CompareOp::Ne) && *operand != ValueType::Float;
            pairs(left, right, batch, context, |row, left, right| {
                let holds = if direct {
                    (left == right) == (*op == CompareOp::Eq)
                } else {
                    compare(*op, *operand, left, right, dictionary)
                };
                if holds {
                    rows.push(row);
                }
            });
        }
        Op::Match {
            pattern,
            text,
            negated,
        } => {
            pairs(
                pattern,
                text,
                batch,
                context,
                |row, pattern, text| match context.patterns.matches(pattern, text, dictionary) {
                    Ok(holds) if holds != *negated => rows.push(row),
                    Ok(_) => {}
                    Err(fault) => context.fault(fault, batch, row, || {
                        let [pattern, text] = [pattern, text].map(|code| dictionary.text(code));
                        format!("match({pattern:?}, {text:?})")
                    }),
                },
            );
        }
        Op::Contains {
            part,
            text,
            negated,
        } => {
            pairs(part, text, batch, context, |row, part, text| {
                if contains(part, text, dictionary) != *negated {
                    rows.push(row);
                }
            });
        }
        _ => rows.extend(0..batch.len as u32),
    }
}

fn pairs(
    left: &Expression,
    right: &Expression,
    batch: &Batch,
    context: &Context,
    mut act: impl FnMut(u32, Code, Code),
) {
    use Expression::Arg as Plain;
    match (left, right) {
        (Plain(Arg::Var(left)), Plain(Arg::Var(right))) => {
            let columns = batch.column(*left).iter().zip(batch.column(*right));
            columns
                .enumerate()
                .for_each(|(row, (&left, &right))| act(row as u32, left, right));
        }
        (Plain(Arg::Var(left)), Plain(Arg::Const(right))) => {
            batch
                .column(*left)
                .iter()
                .enumerate()
                .for_each(|(row, &left)| act(row as u32, left, *right));
        }
        _ => {
            let columns = Columns::of(&[left.clone(), right.clone()], batch, context);
            columns.each(batch.len, |row, codes| act(row, codes[0], codes[1]));
        }
    }
}
