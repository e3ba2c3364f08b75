//! In which order the literals of a body hand bindings on (a sideways information passing strategy).

use super::Extent;
use crate::analysis::checked::{Atom, Literal, LiteralKind, Term, ValueType, VarId};
use crate::analysis::independence::{term_variables, variables};
use crate::syntax::ast::CompareOp;
use std::collections::BTreeSet;

/// A body on the way through its literals.
pub struct Passing {
    pub bound: BTreeSet<VarId>,
    /// Literals gone through; with the demand they tell what the next one is asked.
    pub prefix: Vec<Literal>,
    pub rest: Vec<Literal>,
}

impl Passing {
    /// Whether the value of an argument is known here.
    pub fn knows(&self, term: &Term) -> bool {
        match term {
            Term::Var(var) => self.bound.contains(var),
            Term::Const(_) => true,
            Term::Wildcard | Term::Record(_) | Term::Call { .. } => false,
        }
    }

    /// By argument.
    pub fn known(&self, atom: &Atom) -> Vec<bool> {
        atom.args.iter().map(|arg| self.knows(arg)).collect()
    }

    /// Moves every literal over that binds by what is known already, or only tests it. Nothing that computes a value
    /// does: what it computes may be new each time, and a demand of it without end.
    pub fn settle(&mut self) {
        while let Some(at) = self
            .rest
            .iter()
            .position(|literal| self.is_settled(literal))
        {
            let literal = self.rest.remove(at);
            self.bound.extend(variables(&literal.kind));
            self.prefix.push(literal);
        }
    }

    fn is_settled(&self, literal: &Literal) -> bool {
        let knows = |term: &Term| self.knows(term);
        match &literal.kind {
            LiteralKind::Negated(atom) => atom
                .args
                .iter()
                .all(|arg| *arg == Term::Wildcard || knows(arg)),
            // Floats may be equal without being the same.
            LiteralKind::Compare {
                op: CompareOp::Eq,
                operand,
                left,
                right,
            } if *operand != ValueType::Float => {
                knows(left) && (knows(right) || takes(right)) || knows(right) && takes(left)
            }
            LiteralKind::Compare { left, right, .. } => knows(left) && knows(right),
            _ => false,
        }
    }

    /// The atom to go on with. What is joined with something known comes before what only has a constant of its own,
    /// which would be paired with all that is known; stated relations come before those that are `restrictable`, for they
    /// make no demand; then those of which more is known.
    pub fn next(&self, extent: Extent, restrictable: &dyn Fn(&Atom) -> bool) -> Option<usize> {
        let atoms = self.rest.iter().enumerate();
        let ranked = atoms.filter_map(|(at, literal)| {
            let LiteralKind::Atom(atom) = &literal.kind else {
                return None;
            };
            let known = self.known(atom).into_iter().filter(|known| *known).count();
            let joined = |arg: &Term| matches!(arg, Term::Var(var) if self.bound.contains(var));
            let apart = !self.bound.is_empty() && !atom.args.iter().any(joined);
            let unknown = atom.args.len() - known;
            Some(((known == 0, apart, restrictable(atom), unknown), at))
        });
        let ((blind, ..), at) = ranked.min()?;
        (!blind || extent == Extent::Asked).then_some(at)
    }

    pub fn take(&mut self, at: usize) -> Literal {
        self.rest.remove(at)
    }

    pub fn pass(&mut self, literal: Literal) {
        self.bound.extend(variables(&literal.kind));
        self.prefix.push(literal);
    }

    /// The variables of the prefix that what follows mentions, or `needed`, ascending.
    pub fn handed_on(&self, following: &Literal, needed: &BTreeSet<VarId>) -> Vec<VarId> {
        let mut later = needed.clone();
        for literal in self.rest.iter().chain([following]) {
            later.extend(variables(&literal.kind));
        }
        let mut here = BTreeSet::new();
        for literal in &self.prefix {
            here.extend(variables(&literal.kind));
        }
        here.intersection(&later).copied().collect()
    }
}

/// Whether equality with a known value binds all of a term: a variable, or a record taken apart.
fn takes(term: &Term) -> bool {
    match term {
        Term::Var(_) => true,
        Term::Record(fields) => fields
            .iter()
            .all(|field| matches!(field, Term::Wildcard | Term::Const(_)) || takes(field)),
        _ => false,
    }
}

/// The variables of some terms.
pub fn variables_of<'t>(terms: impl IntoIterator<Item = &'t Term>) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    for term in terms {
        term_variables(term, &mut found);
    }
    found
}
