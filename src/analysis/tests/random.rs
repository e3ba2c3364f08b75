//! Second opinions: disjunctive normal form against truth tables, components against plain reachability.

use crate::analysis::checked::RelationId;
use crate::analysis::formula::disjuncts;
use crate::analysis::inline::Inliner;
use crate::analysis::strata::{Components, Edge, Polarity};
use crate::syntax::ast::{Atom, Name, Path};
use crate::syntax::ast::{Formula, FormulaKind};
use crate::syntax::source::{SourceMap, Span};
use crate::tries::tries;
use proptest::prelude::*;

fn span() -> Span {
    let file = SourceMap::new().add("x", "");
    Span::new(file, 0, 0)
}

/// The proposition numbered `index`, as an atom of that name.
fn proposition(index: usize) -> Formula {
    let name = Name {
        text: index.to_string().into(),
        span: span(),
    };
    let relation = Path {
        parts: vec![name],
        span: span(),
    };
    formula(FormulaKind::Atom(Atom {
        relation,
        args: Vec::new(),
        span: span(),
    }))
}

fn formula(kind: FormulaKind) -> Formula {
    Formula { kind, span: span() }
}

fn formulas() -> impl Strategy<Value = Formula> {
    (0..4usize)
        .prop_map(proposition)
        .prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| formula(FormulaKind::And(parts))),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| formula(FormulaKind::Or(parts))),
                inner.prop_map(|part| formula(FormulaKind::Not(Box::new(part)))),
            ]
        })
}

fn holds(formula: &Formula, world: usize) -> bool {
    match &formula.kind {
        FormulaKind::And(parts) => parts.iter().all(|part| holds(part, world)),
        FormulaKind::Or(parts) => parts.iter().any(|part| holds(part, world)),
        FormulaKind::Not(inner) => !holds(inner, world),
        FormulaKind::Atom(atom) => {
            let index: usize = atom.relation.parts[0].text.parse().expect("a number");
            world >> index & 1 == 1
        }
        _ => unreachable!("not generated"),
    }
}

proptest! {
    #![proptest_config(tries(256))]

    #[test]
    fn disjuncts_mean_what_the_formula_means(formula in formulas()) {
        let inliner = Inliner::default();
        let Ok(disjuncts) = disjuncts(&formula, &inliner) else { return Ok(()) };
        for world in 0..16 {
            let expanded = disjuncts
                .iter()
                .any(|leaves| leaves.iter().all(|leaf| holds(leaf.formula, world) != leaf.negated));
            prop_assert_eq!(expanded, holds(&formula, world));
        }
    }

    #[test]
    fn components_are_mutual_reachability(pairs in prop::collection::vec((0..9u32, 0..9u32), 0..20)) {
        let edges: Vec<Edge> = pairs
            .iter()
            .map(|&(from, to)| Edge {
                from: RelationId(from),
                to: RelationId(to),
                polarity: Polarity::Positive,
                span: span(),
            })
            .collect();
        let mut reach = [[false; 9]; 9];
        for &(from, to) in &pairs {
            reach[from as usize][to as usize] = true;
        }
        for via in 0..9 {
            for from in 0..9 {
                for to in 0..9 {
                    reach[from][to] |= reach[from][via] && reach[via][to];
                }
            }
        }
        let components = Components::new(9, &edges);
        for (a, from) in reach.iter().enumerate() {
            prop_assert_eq!(components.is_recursive(RelationId(a as u32)), from[a]);
            for (b, &reached) in from.iter().enumerate() {
                let together = components.of[a] == components.of[b];
                prop_assert_eq!(together, a == b || (reached && reach[b][a]));
                if reached {
                    prop_assert!(components.of[a] <= components.of[b]);
                }
            }
        }
    }
}
