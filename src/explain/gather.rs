//! Statements to begin with, where a conclusion has more derivations than can be looked at.
//!
//! The first proof is followed down, then detours from it, those with the fewest turns first (limited discrepancy
//! search: Harvey and Ginsberg, 1995, over a graph of alternatives). Where births are recorded, every step goes back to
//! earlier rows, so that each of the proofs ends.

use super::case::Case;
use super::expand::{Step, each_earlier_step};
use super::facts::Fact;
use super::group::{each_member, wins};
use super::meter::Meter;
use super::proof::Basis;
use super::prove::ProofOptions;
use crate::analysis::checked::{AggregateOp, LiteralKind, RelationKind};
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Other steps looked at for one fact, and rows looked at for them.
const WIDE: usize = 32;
const FEW_ROWS: u64 = 2_000;

impl Case<'_> {
    /// Stated facts that derive a fact, those of one proof first, and `further` ones or some more. The proof has a meter
    /// of its own.
    pub(super) fn gather(
        &self,
        fact: &Fact,
        further: usize,
        first: &Meter,
        meter: &Meter,
    ) -> Gathered {
        // Most of what is left is for what follows from them.
        let detours = meter.part(meter.left() / 8);
        let mut gathering = Gathering {
            case: self,
            meter: &detours,
            queue: BinaryHeap::new(),
            tasks: Vec::new(),
            met: FxHashSet::default(),
            leaves: Vec::new(),
        };
        let mut of_first = None;
        gathering.follow(0, fact.clone());
        while let Some((Reverse(turns), at)) = gathering.queue.pop() {
            if turns > 0 {
                let first = *of_first.get_or_insert(gathering.leaves.len());
                if gathering.leaves.len() >= first + further {
                    break;
                }
            }
            if turns > 0 && detours.stopped().is_some() {
                break;
            }
            match gathering.tasks[at].clone() {
                Task::First(fact) if turns == 0 => {
                    gathering.first(turns, &fact, first);
                    if first.stopped().is_some() {
                        break;
                    }
                }
                Task::First(fact) => gathering.first(turns, &fact, &detours),
                Task::Others(fact) => gathering.others(turns, &fact),
            }
        }
        meter.charge(&detours);
        Gathered {
            of_first: of_first.unwrap_or(gathering.leaves.len()),
            leaves: gathering.leaves,
        }
    }
}

pub(super) struct Gathered {
    leaves: Vec<Fact>,
    /// So many of them make the first proof.
    of_first: usize,
}

impl Gathered {
    /// Those of the first proof, and so many further ones.
    pub(super) fn up_to(&self, further: usize) -> &[Fact] {
        &self.leaves[..self.leaves.len().min(self.of_first + further)]
    }
}

struct Gathering<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    /// By detours, then what came up last, so that a detour is followed to its end before the next one.
    queue: BinaryHeap<(Reverse<usize>, usize)>,
    tasks: Vec<Task>,
    met: FxHashSet<Fact>,
    leaves: Vec<Fact>,
}

#[derive(Clone)]
enum Task {
    First(Fact),
    Others(Fact),
}

impl Gathering<'_> {
    fn push(&mut self, detours: usize, task: Task) {
        self.queue.push((Reverse(detours), self.tasks.len()));
        self.tasks.push(task);
    }

    fn follow(&mut self, detours: usize, fact: Fact) {
        if self.met.insert(fact.clone()) {
            self.push(detours, Task::First(fact));
        }
    }

    fn first(&mut self, detours: usize, fact: &Fact, meter: &Meter) {
        if self.case.ground(fact).is_some() {
            self.leaves.push(fact.clone());
            return;
        }
        if let Some(step) = self.steps(fact, 1, meter).pop() {
            self.follow_all(detours, &step, meter);
            self.push(detours + 1, Task::Others(fact.clone()));
            return;
        }
        let options = ProofOptions {
            members: usize::MAX,
            ..ProofOptions::default()
        };
        let proof = self.case.prove_within(fact, &options, meter);
        for (_, node) in proof.iter().flat_map(|proof| proof.nodes()) {
            if matches!(node.basis, Basis::Stated { .. }) && self.met.insert(node.fact.clone()) {
                self.leaves.push(node.fact.clone());
            }
        }
    }

    fn others(&mut self, detours: usize, fact: &Fact) {
        let part = self.meter.part(FEW_ROWS);
        let steps = self.steps(fact, WIDE, &part);
        for (further, step) in steps.iter().skip(1).enumerate() {
            self.follow_all(detours + further, step, &part);
        }
        self.meter.charge(&part);
    }

    /// Steps back to earlier rows, where that can be told.
    fn steps(&self, fact: &Fact, most: usize, meter: &Meter) -> Vec<Step> {
        let mut steps = Vec::new();
        let case = self.case;
        if case.program[fact.relation].kind == RelationKind::Plain
            && let Some(birth) = case.facts.birth(fact.relation, &fact.row)
        {
            each_earlier_step(case, fact, birth, meter, |step| {
                steps.push(step);
                steps.len() < most
            });
        }
        steps
    }

    fn follow_all(&mut self, detours: usize, step: &Step, meter: &Meter) {
        let Step::Rule { rule, solution } = step else {
            return;
        };
        let case = self.case;
        let rule = &case.program[*rule];
        let context = case.context(meter);
        let mut needed = step.premises(case);
        for literal in &rule.body {
            let LiteralKind::Aggregate(aggregate) = &literal.kind else {
                continue;
            };
            let outer = &*solution.values;
            let result = outer[aggregate.result.index()].unwrap_or_default();
            let any = matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max);
            each_member(context, aggregate, &rule.variables, outer, |member| {
                if any && !wins(aggregate, &member, result, outer, context) {
                    return;
                }
                for (literal, row) in aggregate.body.iter().zip(&member.solution.rows) {
                    if let (LiteralKind::Atom(atom), Some(row)) = (&literal.kind, row) {
                        needed.push(Fact::new(atom.relation, row));
                    }
                }
            });
        }
        for fact in needed {
            self.follow(detours, fact);
        }
    }
}
