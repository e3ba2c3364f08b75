//! Parts of a body that have nothing to do with what the rule derives: it is enough that each holds at all.

use super::checked::{Aggregate, AggregateOp, FunctorOp, LiteralKind, Term, VarId};
use std::collections::BTreeSet;

/// Groups of literals, by their places, ascending: each connected by variables, none of which another literal or what
/// is `needed` mentions. Empty where each way to satisfy the body counts; a group in which a functor may fail is left
/// out, for its faults are to be reported one and all.
pub fn independent(body: &[&LiteralKind], needed: &BTreeSet<VarId>) -> Vec<Vec<usize>> {
    if body.iter().any(|kind| calls(kind, &is_impure)) {
        return Vec::new();
    }
    let mut groups: Vec<(BTreeSet<VarId>, Vec<usize>)> = vec![(needed.clone(), Vec::new())];
    for (at, kind) in body.iter().enumerate() {
        let mut joined = (variables(kind), vec![at]);
        // What is needed stays the first group.
        let touched = (0..groups.len()).rev();
        let touched: Vec<usize> = touched
            .filter(|&group| !groups[group].0.is_disjoint(&joined.0))
            .collect();
        for group in touched {
            if group == 0 {
                groups[0].0.append(&mut joined.0);
                groups[0].1.append(&mut joined.1);
            } else {
                let (mut variables, mut places) = groups.remove(group);
                joined.0.append(&mut variables);
                joined.1.append(&mut places);
            }
        }
        if !joined.1.is_empty() {
            groups.push(joined);
        }
    }
    let mut groups: Vec<Vec<usize>> = groups
        .into_iter()
        .skip(1)
        .map(|(_, places)| places)
        .filter(|places| !places.iter().any(|&at| calls(body[at], &may_fail)))
        .collect();
    groups.iter_mut().for_each(|places| places.sort_unstable());
    groups.sort_unstable();
    groups
}

/// The variables of a literal; of an aggregate those that count outside.
pub(super) fn variables(kind: &LiteralKind) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    if let LiteralKind::Aggregate(aggregate) = kind {
        found.extend(&aggregate.injected);
        found.extend(&aggregate.witnesses);
        found.extend(aggregate.user.as_ref().map(|user| user.init));
        found.insert(aggregate.result);
    } else {
        if let LiteralKind::Range { var, .. } = kind {
            found.insert(*var);
        }
        each_term(kind, &mut |term| term_variables(term, &mut found));
    }
    found
}

pub(super) fn term_variables(term: &Term, into: &mut BTreeSet<VarId>) {
    match term {
        Term::Var(var) => {
            into.insert(*var);
        }
        Term::Const(_) | Term::Wildcard => {}
        Term::Record(terms) | Term::Call { args: terms, .. } => {
            terms.iter().for_each(|term| term_variables(term, into))
        }
    }
}

/// The terms of a literal, those within an aggregate not counted.
fn each_term(kind: &LiteralKind, act: &mut dyn FnMut(&Term)) {
    match kind {
        LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => atom.args.iter().for_each(act),
        LiteralKind::Compare { left, right, .. }
        | LiteralKind::Match {
            pattern: left,
            text: right,
            ..
        }
        | LiteralKind::Contains {
            part: left,
            text: right,
            ..
        } => [left, right].into_iter().for_each(act),
        LiteralKind::Range { from, to, step, .. } => {
            [from, to].into_iter().chain(step).for_each(act)
        }
        LiteralKind::Aggregate(Aggregate { target, .. }) => target.iter().for_each(act),
    }
}

/// Whether an operation like this is called anywhere in a literal. `match` and user-defined folds are taken for such.
pub(super) fn calls(kind: &LiteralKind, like: &dyn Fn(Option<&FunctorOp>) -> bool) -> bool {
    let mut found = match kind {
        LiteralKind::Match { .. } => like(None),
        LiteralKind::Aggregate(aggregate) => {
            (aggregate.op == AggregateOp::User && like(None))
                || aggregate.body.iter().any(|inner| calls(&inner.kind, like))
        }
        _ => false,
    };
    each_term(kind, &mut |term| found |= term_calls(term, like));
    found
}

pub(super) fn term_calls(term: &Term, like: &dyn Fn(Option<&FunctorOp>) -> bool) -> bool {
    match term {
        Term::Var(_) | Term::Const(_) | Term::Wildcard => false,
        Term::Record(fields) => fields.iter().any(|field| term_calls(field, like)),
        Term::Call { functor, args } => {
            like(Some(&functor.op)) || args.iter().any(|arg| term_calls(arg, like))
        }
    }
}

/// Whether a literal with it is another one each time, or each round, it is evaluated.
fn is_impure(op: Option<&FunctorOp>) -> bool {
    matches!(op, Some(FunctorOp::Autoinc | FunctorOp::IterationCount))
}

fn may_fail(op: Option<&FunctorOp>) -> bool {
    matches!(
        op,
        None | Some(
            FunctorOp::Divide
                | FunctorOp::Modulo
                | FunctorOp::ToNumber
                | FunctorOp::ToUnsigned
                | FunctorOp::ToFloat
                | FunctorOp::User(_)
        )
    )
}
