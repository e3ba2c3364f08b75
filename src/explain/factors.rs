//! Parts of a rule body that share no variable once the head is known: each is derived by itself, so that what combines
//! freely adds up instead of multiplying (Olteanu and Závodný, "Size bounds for factorised representations of query
//! results", 2015).

use super::terms::{in_term, mentioned};
use crate::analysis::checked::{Literal, LiteralKind, Rule, Term, VarId};
use rustc_hash::FxHashSet;

/// A body in parts, at least two of which have several ways to hold.
pub(super) struct Factors {
    /// Literals without variables of their own: for one head they hold or do not.
    pub(super) closed: Vec<Literal>,
    pub(super) open: Vec<Part>,
}

/// Literals that hang together.
pub(super) struct Part {
    pub(super) literals: Vec<Literal>,
    /// Variables of the head in them, ascending.
    pub(super) shared: Vec<VarId>,
}

impl Factors {
    /// `None`: there is nothing to be gained.
    pub(super) fn of(rule: &Rule) -> Option<Factors> {
        let mut known: FxHashSet<VarId> = FxHashSet::default();
        for arg in &rule.head.as_ref()?.args {
            if calls(arg) {
                return None;
            }
            in_term(arg, &mut |var| {
                known.insert(var);
            });
        }
        let mut closed = Vec::new();
        // Each with the variables that are its own.
        let mut open: Vec<(FxHashSet<VarId>, Vec<&Literal>)> = Vec::new();
        for literal in &rule.body {
            let mut own: FxHashSet<VarId> = FxHashSet::default();
            mentioned(std::slice::from_ref(literal), &mut |var| {
                if !known.contains(&var) {
                    own.insert(var);
                }
            });
            if own.is_empty() && !takes_any(literal) {
                closed.push(literal.clone());
                continue;
            }
            let mut literals = vec![literal];
            open.retain_mut(|(theirs, among)| {
                let apart = own.is_disjoint(theirs);
                if !apart {
                    own.extend(theirs.drain());
                    literals.append(among);
                }
                apart
            });
            open.push((own, literals));
        }
        let of_part = |literals: Vec<&Literal>| {
            let mut shared = Vec::new();
            let literals: Vec<Literal> = literals.into_iter().cloned().collect();
            mentioned(&literals, &mut |var| {
                if known.contains(&var) {
                    shared.push(var);
                }
            });
            shared.sort_unstable();
            shared.dedup();
            Part { literals, shared }
        };
        let open: Vec<Part> = open
            .into_iter()
            .map(|(_, literals)| of_part(literals))
            .collect();
        (open.len() > 1).then_some(Factors { closed, open })
    }
}

fn calls(term: &Term) -> bool {
    match term {
        Term::Call { .. } => true,
        Term::Record(fields) => fields.iter().any(calls),
        Term::Var(_) | Term::Const(_) | Term::Wildcard => false,
    }
}

/// Whether several rows may do.
fn takes_any(literal: &Literal) -> bool {
    fn has_wildcard(term: &Term) -> bool {
        match term {
            Term::Wildcard => true,
            Term::Record(terms) | Term::Call { args: terms, .. } => terms.iter().any(has_wildcard),
            Term::Var(_) | Term::Const(_) => false,
        }
    }
    match &literal.kind {
        LiteralKind::Atom(atom) => atom.args.iter().any(has_wildcard),
        _ => false,
    }
}
