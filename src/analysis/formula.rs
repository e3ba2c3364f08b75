//! Bodies as disjunctions of conjunctions: negation is pushed to the literals, disjunction to the top.

use crate::syntax::ast::{Formula, FormulaKind};

/// A formula that is no connective, and whether it stands under a negation.
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    pub formula: &'a Formula,
    pub negated: bool,
}

/// Literals that a body may have after expansion. A hand-written rule stays below a hundred.
const LIMIT: usize = 1 << 16;

/// Expanding gives more literals than [`LIMIT`].
pub struct TooLarge;

/// The conjunctions whose disjunction `formula` is. An empty body is one empty conjunction.
pub fn disjuncts(formula: &Formula) -> Result<Vec<Vec<Leaf<'_>>>, TooLarge> {
    expand(formula, false)
}

fn expand(formula: &Formula, negated: bool) -> Result<Vec<Vec<Leaf<'_>>>, TooLarge> {
    match (&formula.kind, negated) {
        (FormulaKind::Not(inner), _) => expand(inner, !negated),
        (FormulaKind::And(parts), false) | (FormulaKind::Or(parts), true) => {
            let mut product = vec![Vec::new()];
            for part in parts {
                product = multiply(product, expand(part, negated)?)?;
            }
            Ok(product)
        }
        (FormulaKind::Or(parts), false) | (FormulaKind::And(parts), true) => {
            let mut sum = Vec::new();
            let mut literals = 0;
            for part in parts {
                let expanded = expand(part, negated)?;
                literals += size(&expanded);
                if literals > LIMIT {
                    return Err(TooLarge);
                }
                sum.extend(expanded);
            }
            Ok(sum)
        }
        _ => Ok(vec![vec![Leaf { formula, negated }]]),
    }
}

fn multiply<'a>(
    mut left: Vec<Vec<Leaf<'a>>>,
    mut right: Vec<Vec<Leaf<'a>>>,
) -> Result<Vec<Vec<Leaf<'a>>>, TooLarge> {
    if let [only] = right.as_mut_slice() {
        for conjunction in &mut left {
            conjunction.extend_from_slice(only);
        }
        return if size(&left) > LIMIT {
            Err(TooLarge)
        } else {
            Ok(left)
        };
    }
    if size(&left) * right.len() + size(&right) * left.len() > LIMIT {
        return Err(TooLarge);
    }
    Ok(left
        .iter()
        .flat_map(|first| {
            right
                .iter()
                .map(move |second| first.iter().chain(second).copied().collect())
        })
        .collect())
}

fn size(conjunctions: &[Vec<Leaf<'_>>]) -> usize {
    conjunctions
        .iter()
        .map(|literals| literals.len().max(1))
        .sum()
}
