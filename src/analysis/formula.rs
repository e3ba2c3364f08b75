//! Bodies as disjunctions of conjunctions: negation is pushed to the literals, disjunction to the top.

use super::inline::Inliner;
use crate::syntax::ast::{Formula, FormulaKind};

/// A formula that is no connective, and whether it stands under a negation.
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    pub formula: &'a Formula,
    pub negated: bool,
    /// An atom of an inlined relation: it types its arguments, what it stands for follows.
    pub replaced: bool,
    /// From the rule of an inlined relation, not written here.
    pub copied: bool,
}

/// Literals that a body may have after expansion. A hand-written rule stays below a hundred.
const LIMIT: usize = 1 << 16;

/// Inlined relations that may stand within each other.
const INLINE_DEPTH: usize = 64;

/// Expanding gives more literals than [`LIMIT`], or inlines deeper than [`INLINE_DEPTH`].
pub struct TooLarge;

type Conjunctions<'a> = Vec<Vec<Leaf<'a>>>;

/// The conjunctions whose disjunction `formula` is. An empty body is one empty conjunction.
pub fn disjuncts<'a>(
    formula: &'a Formula,
    inliner: &'a Inliner<'_>,
) -> Result<Conjunctions<'a>, TooLarge> {
    Expansion { inliner }.expand(formula, false, 0)
}

#[derive(Clone, Copy)]
struct Expansion<'a, 'r> {
    inliner: &'a Inliner<'r>,
}

impl<'a> Expansion<'a, '_> {
    /// `inlined` counts the inlined relations around.
    fn expand(
        self,
        formula: &'a Formula,
        negated: bool,
        inlined: usize,
    ) -> Result<Conjunctions<'a>, TooLarge> {
        match (&formula.kind, negated) {
            (FormulaKind::Not(inner), _) => self.expand(inner, !negated, inlined),
            (FormulaKind::And(parts), false) | (FormulaKind::Or(parts), true) => {
                let mut product = vec![Vec::new()];
                for part in parts {
                    product = multiply(product, self.expand(part, negated, inlined)?)?;
                }
                Ok(product)
            }
            (FormulaKind::Or(parts), false) | (FormulaKind::And(parts), true) => {
                let mut sum = Vec::new();
                let mut literals = 0;
                for part in parts {
                    let expanded = self.expand(part, negated, inlined)?;
                    literals += size(&expanded);
                    if literals > LIMIT {
                        return Err(TooLarge);
                    }
                    sum.extend(expanded);
                }
                Ok(sum)
            }
            _ => self.leaf(formula, negated, inlined),
        }
    }

    fn leaf(
        self,
        formula: &'a Formula,
        negated: bool,
        inlined: usize,
    ) -> Result<Conjunctions<'a>, TooLarge> {
        let leaf = |formula, negated| Leaf {
            formula,
            negated,
            replaced: false,
            copied: inlined > 0,
        };
        let replaced = match &formula.kind {
            FormulaKind::Atom(atom) => self.inliner.expand(atom),
            _ => None,
        };
        let Some(replaced) = replaced else {
            return Ok(vec![vec![leaf(formula, negated)]]);
        };
        if inlined >= INLINE_DEPTH {
            return Err(TooLarge);
        }
        let mut always = vec![Leaf {
            replaced: true,
            ..leaf(&replaced.atom, negated)
        }];
        always.extend(
            replaced
                .equations
                .iter()
                .map(|equation| leaf(equation, false)),
        );
        multiply(
            vec![always],
            self.expand(&replaced.body, negated, inlined + 1)?,
        )
    }
}

fn multiply<'a>(
    mut left: Conjunctions<'a>,
    right: Conjunctions<'a>,
) -> Result<Conjunctions<'a>, TooLarge> {
    if let [only] = right.as_slice() {
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

fn size(conjunctions: &Conjunctions<'_>) -> usize {
    conjunctions
        .iter()
        .map(|literals| literals.len().max(1))
        .sum()
}
