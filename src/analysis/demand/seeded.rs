//! What is asked of one constant only.
//!
//! From `reach(x, z) :- edge(x, y), reach(y, z).` a demand for one `x` makes demands for every `y` on the way, and the rows
//! of each `y` would be derived only to be handed up unchanged. Where all recursion is such, what holds of any value on
//! the way holds of the first, and only its rows are derived (Naughton, Ramakrishnan, Sagiv and Ullman, "Efficient
//! evaluation of right-, left-, and multi-linear rules", 1989): a search from one node instead of one from each.

use super::passing::{Passing, variables_of};
use super::rewrite::{Copied, Derived, Role};
use crate::analysis::checked::{Atom, Head, Literal, LiteralKind, Term, VarId};
use crate::analysis::independence::variables;
use std::collections::BTreeSet;

/// How a rule of a restricted relation reads that relation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Not at all.
    Exit,
    /// Last, handing on all that was not asked for: `r(x, z) :- …, r(y, z)`.
    Tail,
    /// For what it was asked itself, which nothing else looks at: `r(x, z) :- r(x, y), …`.
    Left,
    Other,
}

impl Shape {
    /// With one atom more.
    pub fn with(self, other: Shape) -> Shape {
        match self {
            Shape::Exit => other,
            _ => Shape::Other,
        }
    }
}

/// The shape that a rule gets by an atom over its own restricted relation, read after the prefix; with the columns that
/// are asked for.
pub fn shape(head: &Head, bound: &[bool], copy: Copied, atom: &Atom, passing: &Passing) -> Shape {
    let side = |args: &[Term], asked: bool| -> Vec<Term> {
        let args = args.iter().zip(bound);
        let args = args.filter(|(_, bound)| **bound == asked);
        args.map(|(arg, _)| arg.clone()).collect()
    };
    let (head_asked, head_free) = (side(&head.args, true), side(&head.args, false));
    let (atom_asked, atom_free) = (side(&atom.args, true), side(&atom.args, false));
    let is_demand = |literal: &&Literal| matches!(&literal.kind, LiteralKind::Atom(atom) if atom.relation == copy.demand);
    let others = passing.prefix.iter().chain(&passing.rest);
    let others: BTreeSet<VarId> = others
        .filter(|literal| !is_demand(literal))
        .flat_map(|literal| variables(&literal.kind))
        .collect();
    let free = variables_of(&head_free);
    let asked = variables_of(head_asked.iter().chain(&atom_asked));
    let handed_up = head_free == atom_free
        && head_free.iter().all(|arg| matches!(arg, Term::Var(_)))
        && free.len() == head_free.len()
        && free.is_disjoint(&others)
        && free.is_disjoint(&asked);
    let simple = head_asked
        .iter()
        .all(|arg| matches!(arg, Term::Var(_) | Term::Const(_)));
    if handed_up && passing.rest.is_empty() {
        Shape::Tail
    } else if simple
        && head_asked == atom_asked
        && variables_of(&head_asked).is_disjoint(&others)
        && variables_of(&head_asked).is_disjoint(&variables_of(head_free.iter().chain(&atom_free)))
    {
        Shape::Left
    } else {
        Shape::Other
    }
}

/// Derives only the rows of the one constant that a copy is asked for, where that is all there is to it. `bound`: by
/// column.
pub fn apply(rules: &mut Vec<Derived>, copy: Copied, bound: &[bool]) {
    let mut seeds: Vec<&[Term]> = Vec::new();
    let mut tails = 0;
    for derived in rules.iter() {
        match &derived.role {
            Role::Rows(of, Shape::Other) if *of == copy.rows => return,
            Role::Rows(of, Shape::Tail) if *of == copy.rows => tails += 1,
            Role::Demand { into, from, tail } if *into == copy.rows => {
                let Some(head) = &derived.rule.head else {
                    return;
                };
                match (from, tail) {
                    (Some(from), true) if *from == copy.rows => {}
                    _ if derived.rule.body.is_empty() => seeds.push(&head.args),
                    _ => return,
                }
            }
            _ => {}
        }
    }
    let (1.., [seed, others @ ..]) = (tails, &seeds[..]) else {
        return;
    };
    if others.iter().any(|other| other != seed) {
        return;
    }
    let seed = seed.to_vec();
    rules.retain(|derived| derived.role != Role::Rows(copy.rows, Shape::Tail));
    for derived in rules.iter_mut() {
        // What holds of any value on the way is handed up to the first.
        if derived.role == Role::Rows(copy.rows, Shape::Exit)
            && let Some(head) = &mut derived.rule.head
        {
            let asked = head.args.iter_mut().zip(bound).filter(|(_, bound)| **bound);
            for ((arg, _), constant) in asked.zip(&seed) {
                *arg = constant.clone();
            }
        }
    }
}
