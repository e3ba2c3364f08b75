//! Parts of a body that have nothing to do with what the rule derives: it is enough that each holds at all.

use super::checked::{AggregateOp, FunctorOp, LiteralKind, Term, VarId};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Groups of literals, by their places, ascending: each connected by variables, none of which another literal or what
/// is `needed` mentions. Empty where each way to satisfy the body counts; a group in which a functor may fail is left
/// out, for its faults are to be reported one and all.
pub fn independent(body: &[&LiteralKind], needed: &BTreeSet<VarId>) -> Vec<Vec<usize>> {
    if body.iter().any(|kind| calls(kind, &is_impure)) {
        return Vec::new();
    }
    // What is needed is a node, each literal one more; they are connected by the first of them that has a variable.
    let mut parent: Vec<usize> = (0..=body.len()).collect();
    let mut holder: FxHashMap<VarId, usize> = needed.iter().map(|&var| (var, 0)).collect();
    for (at, kind) in body.iter().enumerate() {
        for var in variables(kind) {
            let other = *holder.entry(var).or_insert(at + 1);
            let (a, b) = (root(&mut parent, other), root(&mut parent, at + 1));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..body.len() {
        let group = root(&mut parent, at + 1);
        if group != 0 {
            groups.entry(group).or_default().push(at);
        }
    }
    let fails = |places: &Vec<usize>| places.iter().any(|&at| calls(body[at], &may_fail));
    groups
        .into_values()
        .filter(|places| !fails(places))
        .collect()
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
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
        kind.each_term(&mut |term| term_variables(term, &mut found));
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
    kind.each_term(&mut |term| found |= term_calls(term, like));
    found
}

pub(super) fn term_calls(term: &Term, like: &dyn Fn(Option<&FunctorOp>) -> bool) -> bool {
    term.calls(&|op| like(Some(op)))
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
