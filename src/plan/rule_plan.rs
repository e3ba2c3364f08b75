//! The plan of one rule for one delta.

use super::liveness::{bound_by, read_by};
use super::step::{Access, Operand, Step, Version};
use crate::analysis::checked::{RelationId, RuleId, VarId};
use std::collections::BTreeSet;
use std::ops::Range;

/// From so many bindings of one on it is worth while to ask steps only whether they lead anywhere.
pub const WIDE: f64 = if cfg!(test) { 0.0 } else { 2.0 };

/// A step in its place.
#[derive(Clone, Debug)]
pub struct Placed {
    pub step: Step,
    /// Variables bound before that are still needed after this step, ascending.
    pub keep: Vec<VarId>,
    /// Bindings expected after it.
    pub estimate: f64,
}

/// Literals that share no variable with the rest of the rule: asked for once, before the steps, up to the first way to
/// satisfy them. Without one the rule yields nothing.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Place among the rule's literals of the first of them.
    pub at: usize,
    /// The atom that is read from the delta is among them.
    pub delta: bool,
    pub steps: Vec<Placed>,
}

/// Steps that only tell whether there is a way to satisfy them.
pub struct Asked {
    pub steps: Range<usize>,
    /// Variables bound before that these steps or later ones read, ascending.
    pub about: Vec<VarId>,
}

#[derive(Clone, Debug)]
pub struct RulePlan {
    pub rule: RuleId,
    /// Place among the rule's literals of the atom that is read from the delta; `None` when all are read whole.
    pub delta: Option<usize>,
    /// The cheapest first.
    pub guards: Vec<Guard>,
    pub steps: Vec<Placed>,
    /// The column by which the delta is sorted before it is scanned, where that is worth it: it binds a variable of the
    /// head, so equal head rows are proposed close together.
    pub clustered: Option<usize>,
    /// `None` for constraints and queries, whose answers are the variables in `answer`.
    pub head: Option<RelationId>,
    pub answer: Vec<Operand>,
    /// Variables of the rule plus those the plan made up.
    pub variables: usize,
}

/// Bindings expected at the widest of the steps.
pub fn widest(steps: &[Placed]) -> f64 {
    let estimates = steps.iter().map(|step| step.estimate);
    estimates.fold(1.0, f64::max)
}

/// The same for each row that the first one scans; at least one.
pub fn fan_out(steps: &[Placed]) -> f64 {
    let scanned = steps.first().map_or(1.0, |step| step.estimate);
    (widest(steps) / scanned.max(1.0)).max(1.0)
}

impl RulePlan {
    /// The relation that the first step goes through.
    pub fn scanned(&self) -> Option<RelationId> {
        match &self.steps.first()?.step {
            Step::Scan(access) => Some(access.relation),
            _ => None,
        }
    }

    /// The relation whose delta the first step goes through.
    pub fn scanned_delta(&self) -> Option<RelationId> {
        match &self.steps.first()?.step {
            Step::Scan(access) if access.version == Version::Delta => Some(access.relation),
            _ => None,
        }
    }

    /// The only column of the delta that the head repeats.
    pub fn head_column(&self) -> Option<usize> {
        let Some(Step::Scan(access)) = self.steps.first().map(|placed| &placed.step) else {
            return None;
        };
        let mut repeated = access
            .bind
            .iter()
            .filter(|(_, var)| self.answer.contains(&Operand::Var(*var)));
        repeated
            .next()
            .map(|&(column, _)| column)
            .filter(|_| repeated.next().is_none())
    }

    /// Whether the head keeps rows apart that are apart in the body: atoms bind all their columns, and the head has all
    /// variables of theirs.
    pub fn keeps_apart(&self, arity: impl Fn(RelationId) -> usize) -> bool {
        let kept = |var: &VarId| self.answer.contains(&Operand::Var(*var));
        let whole = |access: &Access| {
            access.bind.len() + access.key.len() + access.same.len() == arity(access.relation)
                && access.bind.iter().all(|(_, var)| kept(var))
        };
        self.scanned().is_some()
            && self.steps.iter().all(|placed| match &placed.step {
                Step::Scan(access) | Step::Probe(access) => whole(access),
                Step::Intersect { proposers, .. } => proposers.iter().all(whole),
                step => step.narrows(),
            })
    }

    /// Whether no step makes several bindings of one.
    pub fn narrows(&self) -> bool {
        let mut later = self.steps.iter().skip(1);
        later.all(|placed| placed.step.narrows())
    }

    /// Whether a step reads one of these relations without its latest delta.
    pub fn reads_old(&self, relation: impl Fn(RelationId) -> bool) -> bool {
        self.reads(Version::Old, relation)
    }

    /// Whether a step reads all rows of one of these relations.
    pub fn reads_full(&self, relation: impl Fn(RelationId) -> bool) -> bool {
        self.reads(Version::Full, relation)
    }

    fn reads(&self, version: Version, relation: impl Fn(RelationId) -> bool) -> bool {
        self.accesses()
            .any(|access| access.version == version && relation(access.relation))
    }

    /// The first step that calls `autoinc()`.
    pub fn counter(&self) -> Option<usize> {
        self.steps.iter().position(|placed| match &placed.step {
            Step::Bind { term, .. } | Step::Unpack { record: term, .. } => term.counts(),
            Step::Compare { left, right, .. }
            | Step::Match {
                pattern: left,
                text: right,
                ..
            }
            | Step::Contains {
                part: left,
                text: right,
                ..
            } => left.counts() || right.counts(),
            Step::Range { from, to, step, .. } => {
                from.counts() || to.counts() || step.as_ref().is_some_and(|step| step.counts())
            }
            _ => false,
        })
    }

    /// Runs of steps that bind only what no step after them reads, each as short as can be, ascending: they tell whether
    /// there is a way to satisfy them, and make at least `wide` bindings of one by their estimates. Steps that
    /// compute anything are in none, for what they complain of must not depend on the order of rows.
    pub fn asked(&self, wide: f64) -> Vec<Asked> {
        let mut runs = Vec::new();
        let mut from = 1;
        while from < self.steps.len() {
            let run = match self.steps[from].step {
                Step::Probe(_) | Step::Intersect { .. } => self.asked_from(from, wide),
                _ => None,
            };
            from = run.as_ref().map_or(from + 1, |run| run.steps.end);
            runs.extend(run);
        }
        runs
    }

    fn asked_from(&self, from: usize, wide: f64) -> Option<Asked> {
        let before = self.steps[from - 1].estimate.max(1.0);
        let (mut bound, mut widest) = (BTreeSet::new(), 0.0_f64);
        for (at, placed) in self.steps.iter().enumerate().skip(from) {
            if !placed.step.only_looks() {
                return None;
            }
            bound_by(&placed.step, &mut bound);
            widest = widest.max(placed.estimate);
            let live: Vec<VarId> = match at + 1 < self.steps.len() {
                true => self.live_before(at + 1),
                false => self.answer.iter().filter_map(Operand::var).collect(),
            };
            if !live.iter().any(|var| bound.contains(var)) {
                return (widest >= before * wide).then(|| Asked {
                    steps: from..at + 1,
                    about: self.live_before(from),
                });
            }
        }
        None
    }

    /// Variables bound before a step that it or a later one reads, ascending.
    pub fn live_before(&self, at: usize) -> Vec<VarId> {
        let mut live: BTreeSet<VarId> = self.steps[at].keep.iter().copied().collect();
        read_by(&self.steps[at].step, &mut live);
        live.into_iter().collect()
    }

    /// The relation whose rows, one by one, are all that is bound before a step.
    pub fn lone_scan_before(&self, at: usize) -> Option<RelationId> {
        let (first, rest) = self.steps[..at].split_first()?;
        match &first.step {
            Step::Scan(access) if rest.iter().all(|placed| placed.step.narrows()) => {
                Some(access.relation)
            }
            _ => None,
        }
    }

    /// Every access of the plan, aggregates' inner ones not counted.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        let guards = self.guards.iter().flat_map(Guard::accesses);
        guards.chain(accesses(&self.steps))
    }
}

impl Guard {
    /// Aggregates' inner ones not counted.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        accesses(&self.steps)
    }
}

fn accesses(steps: &[Placed]) -> impl Iterator<Item = &Access> {
    steps.iter().flat_map(|placed| match &placed.step {
        Step::Scan(access) | Step::Probe(access) | Step::Check { access, .. } => {
            std::slice::from_ref(access).iter()
        }
        Step::Intersect { proposers, .. } => proposers.iter(),
        _ => [].iter(),
    })
}
