//! What `eqrel` says, as rules: a search backward needs something to go through.

use crate::analysis::checked::{
    Atom, CheckedProgram, Head, Literal, LiteralKind, RelationKind, Rule, Term, VarId, Variable,
};
use crate::syntax::source::Span;
use std::sync::Arc;

/// The rules that close a relation declared `eqrel`: symmetry, transitivity, reflexivity on both sides.
pub(super) fn equivalence_rules(program: &CheckedProgram) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (id, relation) in program.relations() {
        if relation.kind != RelationKind::Eqrel {
            continue;
        }
        let span: Span = relation.span;
        let variables: Vec<Variable> = ["x", "y", "z"]
            .into_iter()
            .map(|name| Variable {
                name: Arc::from(name),
                ty: relation.attributes[0].ty,
                synthetic: false,
            })
            .collect();
        let var = |at: u32| Term::Var(VarId(at));
        let literal = |args: Vec<Term>| Literal {
            kind: LiteralKind::Atom(Atom {
                relation: id,
                args,
                span,
            }),
            span,
        };
        let bodies = [
            ([0, 1], vec![literal(vec![var(1), var(0)])]),
            (
                [0, 2],
                vec![literal(vec![var(0), var(1)]), literal(vec![var(1), var(2)])],
            ),
            ([0, 0], vec![literal(vec![var(0), Term::Wildcard])]),
            ([0, 0], vec![literal(vec![Term::Wildcard, var(0)])]),
        ];
        for (head, body) in bodies {
            rules.push(Rule {
                head: Some(Head {
                    relation: id,
                    args: head.into_iter().map(var).collect(),
                }),
                body,
                variables: variables.clone(),
                say: None,
                plan: Vec::new(),
                span,
            });
        }
    }
    rules
}
