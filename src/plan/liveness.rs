//! Which variables each step has to carry over.

use super::rule_plan::Placed;
use super::step::{Access, Operand, Step};
use crate::analysis::checked::{Term, VarId};
use std::collections::BTreeSet;

pub(super) fn variables_of(term: &Term, into: &mut BTreeSet<VarId>) {
    match term {
        Term::Var(var) => {
            into.insert(*var);
        }
        Term::Const(_) | Term::Wildcard => {}
        Term::Record(fields) => fields.iter().for_each(|field| variables_of(field, into)),
        Term::Call { args, .. } => args.iter().for_each(|arg| variables_of(arg, into)),
    }
}

/// Tells each step which variables to carry over: those bound before it and read after it.
pub(super) fn liveness(
    steps: Vec<(Step, f64)>,
    bound: &BTreeSet<VarId>,
    needed: &BTreeSet<VarId>,
) -> Vec<Placed> {
    let mut before = vec![bound.clone()];
    for (step, _) in &steps {
        let mut after = before[before.len() - 1].clone();
        bound_by(step, &mut after);
        before.push(after);
    }
    let mut live = needed.clone();
    let mut placed: Vec<Placed> = Vec::with_capacity(steps.len());
    for (at, (step, estimate)) in steps.into_iter().enumerate().rev() {
        let keep = live.intersection(&before[at]).copied().collect();
        read_by(&step, &mut live);
        placed.push(Placed {
            step,
            keep,
            estimate,
        });
    }
    placed.reverse();
    placed
}

pub(super) fn bound_by(step: &Step, into: &mut BTreeSet<VarId>) {
    match step {
        Step::Scan(access) | Step::Probe(access) => {
            into.extend(access.bind.iter().map(|&(_, var)| var))
        }
        Step::Intersect { var, .. } | Step::Bind { var, .. } | Step::Range { var, .. } => {
            into.insert(*var);
        }
        Step::Unpack { fields, .. } => into.extend(fields.iter().flatten()),
        Step::Aggregate(step) => {
            into.insert(step.result);
            into.extend(&step.witnesses);
        }
        Step::Check { .. } | Step::Compare { .. } | Step::Match { .. } | Step::Contains { .. } => {}
    }
}

pub(super) fn read_by(step: &Step, into: &mut BTreeSet<VarId>) {
    let access = |access: &Access, into: &mut BTreeSet<VarId>| {
        into.extend(access.key.iter().filter_map(|(_, operand)| match operand {
            Operand::Var(var) => Some(*var),
            Operand::Const(_) => None,
        }));
        if let Some(within) = &access.within {
            let bounds = [&within.low, &within.high].into_iter().flatten();
            into.extend(bounds.filter_map(Operand::var));
        }
    };
    match step {
        Step::Scan(a) | Step::Probe(a) | Step::Check { access: a, .. } => access(a, into),
        Step::Intersect { proposers, .. } => proposers.iter().for_each(|a| access(a, into)),
        Step::Bind { term, .. } | Step::Unpack { record: term, .. } => variables_of(term, into),
        Step::Compare { left, right, .. } => {
            variables_of(left, into);
            variables_of(right, into);
        }
        Step::Match {
            pattern: left,
            text: right,
            ..
        }
        | Step::Contains {
            part: left,
            text: right,
            ..
        } => {
            variables_of(left, into);
            variables_of(right, into);
        }
        Step::Range { from, to, step, .. } => {
            variables_of(from, into);
            variables_of(to, into);
            if let Some(step) = step {
                variables_of(step, into);
            }
        }
        Step::Aggregate(step) => into.extend(&step.group),
    }
}
