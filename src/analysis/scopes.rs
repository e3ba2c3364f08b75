//! Stage 3: which variables of an aggregate are its own, which come from outside, and which it hands out.
//!
//! A variable of the body is *injected* when something outside gives it a value: it is a group's key. It is a *witness*
//! when outside only uses it: then the argmin or argmax gives it its value. Otherwise it is local, whatever its name.
//! A variable of the target expression is never injected.

use super::codes;
use super::draft::{AggregateId, Draft, Node, NodeId, NodeKind, ScopeId};
use super::findings::Findings;
use super::grounding;
use crate::syntax::ast::AggregateOp;
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Resolves the variables of every aggregate, from the outside in.
pub fn resolve(draft: &mut Draft, findings: &mut Findings) {
    let mut pending: Vec<ScopeId> = draft
        .clauses
        .iter()
        .map(|clause| clause.scope)
        .filter(|&scope| !draft.scope(scope).aggregates.is_empty())
        .collect();
    while let Some(scope) = pending.pop() {
        for id in draft.scope(scope).aggregates.clone() {
            resolve_one(draft, id, findings);
            pending.push(draft.aggregate(id).inner);
        }
    }
}

fn resolve_one(draft: &mut Draft, id: AggregateId, findings: &mut Findings) {
    let (outer, inner) = (draft.aggregate(id).outer, draft.aggregate(id).inner);
    let own: Vec<(Arc<str>, NodeId)> = draft.scope(inner).variables.clone();
    let target = target_variables(draft, id);

    let grounded_outside = grounding::within(draft, outer, Some(id));
    let mut names = own.iter().map(|(name, _)| name.clone()).collect();
    nested_names(draft, inner, &mut names);
    for name in names {
        let Some(outside) = variable(draft, outer, &name) else {
            continue;
        };
        if target.contains(&name) || !grounded_outside.contains(draft, outside) {
            continue;
        }
        let node = match variable(draft, inner, &name) {
            Some(node) => node,
            None => declare(draft, inner, &name, outside),
        };
        draft.same[node.index()] = outside;
        let stands_for = draft.find(outside);
        let injected = &mut draft.aggregates[id.index()].injected;
        if !injected.contains(&stands_for) {
            injected.push(stands_for);
        }
    }

    let given_outside = grounding::within(draft, outer, None);
    let given_inside = grounding::within(draft, inner, None);
    for (name, node) in own {
        if draft.find(node) != node || !given_inside.contains(draft, node) {
            continue;
        }
        let Some(outside) = variable(draft, outer, &name) else {
            continue;
        };
        if given_outside.contains(draft, outside) {
            continue;
        }
        let aggregate = draft.aggregate(id);
        if matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max) {
            draft.same[node.index()] = outside;
            let stands_for = draft.find(outside);
            draft.aggregates[id.index()].witnesses.push(stands_for);
        } else {
            findings.push(
                Diagnostic::error(
                    codes::WITNESS_PROBLEM,
                    format!("Witness problem: `{name}` of a count, sum or mean aggregate is used outside of it"),
                )
                .at(draft.node(outside).span, "used here, where it has no value")
                .at(draft.node(node).span, "has a value only inside the aggregate")
                .help(format!("bind `{name}` outside too, to aggregate per `{name}`")),
            );
            // Reported here, so not as ungrounded again.
            draft.same[node.index()] = outside;
            draft.aggregates[id.index()].witnesses.push(outside);
        }
    }
}

fn variable(draft: &Draft, scope: ScopeId, name: &str) -> Option<NodeId> {
    draft
        .scope(scope)
        .variables
        .iter()
        .find(|(known, _)| **known == *name)
        .map(|(_, node)| *node)
}

fn declare(draft: &mut Draft, scope: ScopeId, name: &Arc<str>, outside: NodeId) -> NodeId {
    let node = draft.add(Node {
        kind: NodeKind::Variable(name.clone()),
        span: draft.node(outside).span,
        scope,
        ghost: false,
    });
    draft.scopes[scope.index()]
        .variables
        .push((name.clone(), node));
    node
}

/// Names of a scope's nested aggregates, at any depth: what they read from outside, this scope reads too.
fn nested_names(draft: &Draft, scope: ScopeId, names: &mut Vec<Arc<str>>) {
    let mut seen: FxHashSet<Arc<str>> = names.iter().cloned().collect();
    let mut pending = vec![scope];
    while let Some(scope) = pending.pop() {
        for &id in &draft.scope(scope).aggregates {
            let inner = draft.aggregate(id).inner;
            for (name, _) in &draft.scope(inner).variables {
                if seen.insert(name.clone()) {
                    names.push(name.clone());
                }
            }
            pending.push(inner);
        }
    }
}

fn target_variables(draft: &Draft, id: AggregateId) -> FxHashSet<Arc<str>> {
    let mut found = FxHashSet::default();
    let mut pending: Vec<_> = draft.aggregate(id).target.into_iter().collect();
    while let Some(arg) = pending.pop() {
        let node = draft.node(arg.node);
        if let NodeKind::Variable(name) = &node.kind {
            found.insert(name.clone());
        }
        pending.extend(node.children());
        if let Some((left, right)) = node.operands() {
            pending.extend([left, right]);
        }
    }
    found
}
