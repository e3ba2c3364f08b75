//! Text as typed: is it a question, or does it state something?
//!
//! What reads as the body of a query is a question, with one exception: a single atom with constants only and a final
//! dot is a fact, as it is in a file. Leave the dot off, or begin with `?-`, to ask whether it holds.

use super::answer::Change;
use super::error::Findings;
use crate::analysis::{self, checked::CheckedProgram, checked::CheckedQuery};
use crate::syntax::ast::{Body, Expr, ExprKind, FormulaKind, Item, ItemKind};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;
use crate::syntax::{parse_query, parse_text};

/// Whether a text asks something. Text that is neither a query nor a clause counts as what it looks like.
pub(super) fn asks(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with("?-") {
        return true;
    }
    let mut scratch = SourceMap::new();
    match parse_body("", text, &mut scratch) {
        Ok(body) => !(text.ends_with('.') && is_fact(&body)),
        // Both would fail: let the one complain that was meant.
        Err(_) => {
            !looks_like_clauses(text)
                && parse_text("", text, &mut scratch)
                    .1
                    .iter()
                    .any(Diagnostic::is_error)
        }
    }
}

fn looks_like_clauses(text: &str) -> bool {
    text.contains(":-") || text.starts_with(['.', '@', '/'])
}

fn is_fact(body: &Body) -> bool {
    match &body.kind {
        FormulaKind::Atom(atom) => atom.args.iter().all(is_ground),
        _ => false,
    }
}

fn is_ground(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Variable(_) | ExprKind::Wildcard | ExprKind::Aggregate(_) => false,
        ExprKind::Record(fields) => fields.iter().all(is_ground),
        ExprKind::Branch { args, .. }
        | ExprKind::Call { args, .. }
        | ExprKind::UserCall { args, .. } => args.iter().all(is_ground),
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => is_ground(operand),
        ExprKind::Binary { left, right, .. } => is_ground(left) && is_ground(right),
        ExprKind::Integer(_)
        | ExprKind::Unsigned(_)
        | ExprKind::Float(_)
        | ExprKind::Text(_)
        | ExprKind::Nil
        | ExprKind::IterationCount => true,
    }
}

/// The body of a query, given with or without `?-` and the final dot.
pub(super) fn parse_body(
    name: &str,
    text: &str,
    sources: &mut SourceMap,
) -> Result<Body, Findings> {
    let (body, found) = parse_query(name, text, sources);
    body.ok_or_else(|| Findings::new(found, sources))
}

/// A query checked against a program.
pub(super) fn check_query(
    program: &CheckedProgram,
    name: &str,
    text: &str,
    sources: &mut SourceMap,
) -> Result<CheckedQuery, Findings> {
    let body = parse_body(name, text, sources)?;
    analysis::check_query(program, &body).map_err(|found| Findings::new(found, sources))
}

/// What new items are, for the answer.
pub(super) fn count_items(items: &[Item]) -> Change {
    let mut change = Change::default();
    for item in items {
        match &item.kind {
            ItemKind::Rule(rule) if rule.body.is_none() => change.facts += 1,
            ItemKind::Rule(_) | ItemKind::Subsumption(_) | ItemKind::Constraint(_) => {
                change.rules += 1;
            }
            _ => change.others += 1,
        }
    }
    change
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn what_reads_as_a_query_is_one_and_a_ground_atom_with_a_dot_is_a_fact() {
        for text in [
            "p(X)",
            "p(X).",
            "p(\"a\", _).",
            "p(\"a\")",
            "?- p(\"a\").",
            "p(X), !q(X).",
            "p(\"a\"), q(\"b\").",
            "X = 1 + 2",
            "c = count : { p(_) }",
            "p(X",
            "p(",
        ] {
            assert!(asks(text), "{text}");
        }
        for text in [
            "p(\"a\").",
            "p(1 + 2, [\"a\", nil]).",
            "p().",
            "p(X) :- q(X).",
            ":- p(X).",
            "p(1). p(2).",
            ".decl p(x: number)",
            "p(X) :- q(X",
        ] {
            assert!(!asks(text), "{text}");
        }
    }
}
