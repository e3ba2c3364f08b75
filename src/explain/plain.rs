//! What nobody claims: facts of plain data and of rule text, and what follows from them alone.
//!
//! In a case built from claims they are the backdrop, such as which names are firms: explanations keep them short.

use super::case::{Case, Ground};
use super::proof::{Basis, NodeId, Proof};
use crate::analysis::checked::{LiteralKind, RelationId};
use crate::syntax::source::{SourceMap, TYPED};

/// Which nodes of a proof are plain. All are not where nobody claims anything: then nothing is a backdrop.
/// O(rules of the program + nodes of the proof).
pub(super) fn plain_nodes(case: &Case, proof: &Proof, texts: &SourceMap) -> Vec<bool> {
    if case.claims.is_empty() {
        return vec![false; proof.len()];
    }
    let touched = touched(case);
    let mut plain: Vec<Option<bool>> = vec![None; proof.len()];
    let mut open = vec![NodeId::ROOT];
    while let Some(&id) = open.last() {
        if plain[id.index()].is_some() {
            open.pop();
            continue;
        }
        let node = proof.node(id);
        let mut waiting = false;
        node.each_premise(&mut |premise| {
            if plain[premise.index()].is_none() {
                open.push(premise);
                waiting = true;
            }
        });
        if waiting {
            continue;
        }
        open.pop();
        let mut holds = node.disputing.is_empty() && case.rejected(&node.fact).is_empty();
        node.each_premise(&mut |premise| holds &= plain[premise.index()] == Some(true));
        holds &= match &node.basis {
            Basis::Stated {
                ground: Ground::Claims(_) | Ground::Assumed,
                ..
            }
            | Basis::Open(_) => false,
            Basis::Stated {
                ground: Ground::Data,
                ..
            } => !touched.claimed[node.fact.relation.index()],
            Basis::Stated {
                ground: Ground::Text(rule),
                ..
            } => {
                let typed = *texts.locate(case.program[*rule].span).file == *TYPED;
                !typed && !touched.claimed[node.fact.relation.index()]
            }
            Basis::Derived(derivation) => case.program[derivation.rule]
                .body
                .iter()
                .all(|literal| is_settled(&literal.kind, &touched)),
            Basis::Equivalent(_) => true,
        };
        plain[id.index()] = Some(holds);
    }
    plain.into_iter().map(Option::unwrap_or_default).collect()
}

/// What is absent, or added up, is plain where no claim could ever come in. Premises that are facts speak for themselves.
fn is_settled(literal: &LiteralKind, touched: &Touched) -> bool {
    let mut settled = true;
    if !matches!(literal, LiteralKind::Atom(_)) {
        each_relation(literal, &mut |relation| {
            settled &= !touched.reached[relation.index()];
        });
    }
    settled
}

/// Relations by what claims have to do with them.
struct Touched {
    /// Claims state rows of it.
    claimed: Vec<bool>,
    /// Claims state rows of it, or of what it follows from.
    reached: Vec<bool>,
}

fn touched(case: &Case) -> Touched {
    let mut claimed = vec![false; case.program.relations().count()];
    for relation in case.claims.relations() {
        claimed[relation.index()] = true;
    }
    let mut reached = claimed.clone();
    // Of each relation, the heads of rules that read it.
    let mut heads: Vec<Vec<RelationId>> = vec![Vec::new(); reached.len()];
    for (_, rule) in case.program.rules() {
        if let Some(head) = &rule.head {
            for literal in &rule.body {
                each_relation(&literal.kind, &mut |read| {
                    heads[read.index()].push(head.relation);
                });
            }
        }
    }
    let mut open: Vec<usize> = (0..reached.len()).filter(|&at| reached[at]).collect();
    while let Some(at) = open.pop() {
        for head in std::mem::take(&mut heads[at]) {
            if !std::mem::replace(&mut reached[head.index()], true) {
                open.push(head.index());
            }
        }
    }
    Touched { claimed, reached }
}

fn each_relation(literal: &LiteralKind, f: &mut dyn FnMut(RelationId)) {
    match literal {
        LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom.relation),
        LiteralKind::Aggregate(aggregate) => {
            let body = aggregate.body.iter();
            body.for_each(|literal| each_relation(&literal.kind, f));
        }
        _ => {}
    }
}
