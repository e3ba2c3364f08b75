//! Rules that fall apart into two sides.
//!
//! A rule scans pairs (u, v), goes on from u alone on one side and from v alone on the other, and its head takes a
//! variable from each: then it composes three relations, and what it derives is a product of Boolean matrices, which is
//! worked out over [bits](super::composition) or over [lists](super::unions). Where rows of more columns are kept as
//! pairs, u and v are the columns of a half each.

use super::evaluate::Context;
use super::gathering::Collect;
use super::pipeline::{Arg, Expression, Op, Pipeline, Stage};
use super::worker::{BATCH, Batch, Worker};
use crate::analysis::checked::VarId;
use crate::storage::fold::{Fold, Half};
use crate::storage::index::ABSENT;
use crate::storage::matrix::Axis;
use crate::storage::{Code, Index};
use std::ops::Range;
use std::sync::Arc;

/// Pairs of a side that are listed whatever there is of the head.
const FEW_PAIRS: usize = 1 << 20;

/// What is found from one variable of the scan alone.
struct Side<'a> {
    from: Vec<VarId>,
    to: Vec<Arg>,
    /// What codes of both ends are of.
    halves: [Half; 2],
    stages: Vec<Stage<'a>>,
}

impl Side<'_> {
    /// Whether codes lead to themselves.
    fn stays(&self) -> bool {
        let [from, to] = &self.halves;
        let same = |(from, to): (&VarId, &Arg)| matches!(to, Arg::Var(to) if to == from);
        self.stages.is_empty() && from.is_like(to) && self.from.iter().zip(&self.to).all(same)
    }
}

/// A rule as two sides.
pub struct TwoSides<'a> {
    /// By half of the scan.
    sides: [Side<'a>; 2],
    /// The half whose side gives the first half of the head.
    pub lead: usize,
    variables: usize,
}

/// Where codes of a side lead, as places on axes: those of the scan to those of the head.
pub enum Reach {
    /// To themselves.
    Same,
    /// In any order, unless [`Reach::in_order`] was called.
    Pairs(Vec<(u32, u32)>),
    /// To the entries of an index, by number, all of which lie on an axis of the head. Ascending by the first.
    Entries {
        index: Arc<Index>,
        numbers: Vec<(u32, u32)>,
        base: u32,
        len: usize,
    },
}

impl Reach {
    /// Pairs ascend, each is there once.
    pub fn in_order(mut self) -> Reach {
        if let Reach::Pairs(pairs) = &mut self {
            pairs.sort_unstable();
            pairs.dedup();
        }
        self
    }

    /// Codes that lead anywhere, each once or several times. `None`: all.
    pub fn starts(&self) -> Option<&[(u32, u32)]> {
        match self {
            Reach::Same => None,
            Reach::Pairs(pairs) => Some(pairs),
            Reach::Entries { numbers, .. } => Some(numbers),
        }
    }

    /// Pairs, of so many codes if these lead to themselves.
    pub fn len(&self, codes: usize) -> usize {
        match self {
            Reach::Same => codes,
            Reach::Pairs(pairs) => pairs.len(),
            Reach::Entries { len, .. } => *len,
        }
    }

    /// How many places some of the starts lead to.
    pub fn len_of(&self, starts: &[(u32, u32)]) -> usize {
        match self {
            Reach::Same => 1,
            Reach::Pairs(_) => starts.len(),
            Reach::Entries { index, .. } => {
                let lens = starts.iter().map(|&(_, number)| index.entry(number).len());
                lens.sum()
            }
        }
    }

    /// Calls back with where some of the starts lead.
    pub fn each(&self, starts: &[(u32, u32)], mut act: impl FnMut(u32, usize)) {
        match self {
            Reach::Entries { index, base, .. } => {
                for &(from, number) in starts {
                    for code in index.entry(number) {
                        act(from, (code.0 - base) as usize);
                    }
                }
            }
            Reach::Same | Reach::Pairs(_) => {
                starts.iter().for_each(|&(from, to)| act(from, to as usize));
            }
        }
    }
}

impl<'a> TwoSides<'a> {
    /// Of a rule whose scan gives pairs as `source` tells and whose head has them as `target` tells. `None`: it does not
    /// fall apart.
    pub fn of(pipeline: &Pipeline<'a>, source: Fold, target: Fold) -> Option<TwoSides<'a>> {
        let (scan, rest) = pipeline.stages.split_first()?;
        let Op::Scan {
            bind, equal, same, ..
        } = &scan.op
        else {
            return None;
        };
        if !(equal.is_empty() && same.is_empty() && pipeline.preconditions.is_empty()) {
            return None;
        }
        let [us, vs] = source.halves.each_ref().map(|half| {
            let bound = half.columns().iter().map(|column| {
                let mut bound = bind.iter().filter(|(at, _)| at == column);
                bound.next().map(|&(_, var)| var)
            });
            bound.collect::<Option<Vec<VarId>>>()
        });
        let mut starts = [us?, vs?];
        let mut side_of = vec![None; pipeline.variables];
        for (side, vars) in starts.iter().enumerate() {
            vars.iter()
                .for_each(|var| side_of[var.index()] = Some(side));
        }
        let mut stages = [Vec::new(), Vec::new()];
        for stage in rest {
            let (reads, binds) = uses(&stage.op)?;
            let side = side_of[reads.first()?.index()]?;
            if reads.iter().any(|var| side_of[var.index()] != Some(side)) {
                return None;
            }
            binds
                .iter()
                .for_each(|var| side_of[var.index()] = Some(side));
            stages[side].push(stage);
        }
        let mut ends = target.halves.each_ref().map(|half| {
            let columns = half.columns().iter();
            columns.map(|&at| pipeline.answer[at]).collect::<Vec<Arg>>()
        });
        let side = |args: &[Arg]| {
            let mut sides = args.iter().filter_map(|arg| match arg {
                Arg::Var(var) => Some(side_of[var.index()]),
                Arg::Const(_) => None,
            });
            let side = sides.next()??;
            sides.all(|other| other == Some(side)).then_some(side)
        };
        let lead = side(&ends[0])?;
        if side(&ends[1])? == lead {
            return None;
        }
        let [mut from, mut to] = [source.halves, target.halves];
        if lead == 1 {
            ends.swap(0, 1);
            to.swap(0, 1);
        }
        let mut column = 0;
        let sides = stages.map(|stages| {
            let first = std::mem::take(&mut starts[column]);
            let own = |var: &VarId| !first.contains(var) && side_of[var.index()] == Some(column);
            let stages = stages.into_iter().map(|stage| Stage {
                op: stage.op.clone(),
                keep: first
                    .iter()
                    .copied()
                    .chain(stage.keep.iter().copied().filter(own))
                    .collect(),
            });
            let side = Side {
                stages: stages.collect(),
                from: first,
                to: std::mem::take(&mut ends[column]),
                halves: [&mut from, &mut to].map(|halves| std::mem::take(&mut halves[column])),
            };
            column += 1;
            side
        });
        Some(TwoSides {
            sides,
            lead,
            variables: pipeline.variables,
        })
    }

    /// Where codes of a half of the scan, ascending, lead. `axes`: what these are on, and what of the head. `most`: pairs
    /// that may be listed, if more than a few. `None`: it is beyond an axis, or so much that this is no way.
    pub fn reach(
        &self,
        half: usize,
        codes: &[Code],
        axes: [Axis; 2],
        most: usize,
        context: &Context,
    ) -> Option<Reach> {
        let side = &self.sides[half];
        let [from, axis] = axes;
        if side.stays() {
            let mut codes = codes.iter();
            return codes
                .all(|&code| axis.offset(code).is_some())
                .then_some(Reach::Same);
        }
        if let [stage] = &side.stages[..]
            && let Op::Probe {
                index,
                key,
                bind,
                same,
                ..
            } = &stage.op
            && let (&[Arg::Var(key)], &[(0, bound)], true) = (&key[..], &bind[..], same.is_empty())
            && (&[key][..], index.payload().len()) == (&side.from[..], 1)
            && matches!(side.to[..], [Arg::Var(to)] if to == bound)
            && side.halves.iter().all(Half::is_plain)
        {
            let mut numbers = Vec::new();
            index.locate_all(&[codes], codes.len(), &mut numbers);
            let found = codes
                .iter()
                .zip(numbers)
                .filter(|(_, number)| *number != ABSENT);
            let found = found.map(|(code, number)| (code.0 - from.base, number));
            let numbers: Vec<(u32, u32)> = found.collect();
            let mut len = 0;
            for &(_, number) in &numbers {
                let entry = index.entry(number);
                len += entry.len();
                if !entry.iter().all(|&code| axis.offset(code).is_some()) {
                    return None;
                }
            }
            let (index, base) = (index.clone(), axis.base);
            return Some(Reach::Entries {
                index,
                numbers,
                base,
                len,
            });
        }
        let most = FEW_PAIRS.max(most);
        let first = side.from.iter().map(|&var| Arg::Var(var));
        let answer: Vec<Arg> = first.chain(side.to.iter().copied()).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for codes in codes.chunks(BATCH) {
            if context.stopped() || pairs.len() > most {
                return None;
            }
            let mut batch = Batch::unit(self.variables);
            for (place, var) in side.from.iter().enumerate() {
                side.halves[0].read(place, codes, &mut batch.columns[var.index()]);
            }
            batch.len = codes.len();
            let sink = Collect::new(&answer);
            let mut worker = Worker::over(&side.stages, self.variables, context, sink);
            worker.run(&mut batch);
            let found = worker.finish().rows;
            for row in 0..found.len() {
                let codes = |columns: Range<usize>| columns.map(|at| found.column(at)[row]);
                let middle = side.from.len();
                let here = side.halves[0].code(codes(0..middle))?;
                let there = side.halves[1].code(codes(middle..answer.len()))?;
                pairs.push((from.offset(here)? as u32, axis.offset(there)? as u32));
            }
        }
        Some(Reach::Pairs(pairs))
    }
}

/// The variables that a stage reads and binds. `None` for stages that compute, whose faults depend on what comes before
/// them.
fn uses(op: &Op) -> Option<(Vec<VarId>, Vec<VarId>)> {
    let vars = |args: &[Arg]| -> Vec<VarId> {
        let vars = args.iter().filter_map(|arg| match arg {
            Arg::Var(var) => Some(*var),
            Arg::Const(_) => None,
        });
        vars.collect()
    };
    Some(match op {
        Op::Probe { key, bind, .. } => (vars(key), bind.iter().map(|&(_, var)| var).collect()),
        Op::Check { key, .. } => (vars(key), Vec::new()),
        Op::Intersect { var, proposers } => {
            let keys = proposers.iter().flat_map(|proposer| vars(&proposer.key));
            (keys.collect(), vec![*var])
        }
        Op::Compare {
            left: Expression::Arg(left),
            right: Expression::Arg(right),
            ..
        } => (vars(&[*left, *right]), Vec::new()),
        _ => return None,
    })
}
