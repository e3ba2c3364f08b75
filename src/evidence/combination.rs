//! Ways to make one number of the grades of claims, and the words for such numbers.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// How the strengths of claims are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Combination {
    /// A chain is as strong as its weakest link, and a conclusion as its strongest support. Assumes nothing.
    #[default]
    Min,
    /// The claims of a support are multiplied; a conclusion is as strong as its strongest support. Assumes that the
    /// claims of one support err independently of each other.
    Product,
    /// How likely it is that some support is right in all of its claims. Assumes that strengths are chances and that
    /// claims err independently, except those of one fact that share a root: these stand or fall together.
    Probability,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a strength is one of min, product, probability")]
pub struct UnknownCombination;

impl FromStr for Combination {
    type Err = UnknownCombination;

    fn from_str(text: &str) -> Result<Combination, UnknownCombination> {
        [
            Combination::Min,
            Combination::Product,
            Combination::Probability,
        ]
        .into_iter()
        .find(|known| known.to_string() == text)
        .ok_or(UnknownCombination)
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Combination::Min => "min",
            Combination::Product => "product",
            Combination::Probability => "probability",
        })
    }
}

/// The words of Intelligence Community Directive 203 for a chance between 0 and 1.
pub fn likelihood(chance: f64) -> &'static str {
    match chance {
        chance if chance <= 0.0 => "impossible on these claims",
        chance if chance >= 1.0 => "certain on these claims",
        chance if chance < 0.05 => "almost no chance",
        chance if chance < 0.20 => "very unlikely",
        chance if chance < 0.45 => "unlikely",
        chance if chance < 0.55 => "roughly even chance",
        chance if chance < 0.80 => "likely",
        chance if chance < 0.95 => "very likely",
        _ => "almost certain",
    }
}

/// How far a judgement is to be trusted, apart from how likely it is: by the strength of the strongest support and the
/// number of roots that do not lean on each other.
pub fn confidence(strength: f64, independent_roots: usize) -> &'static str {
    match (strength, independent_roots) {
        (strength, 2..) if strength >= 0.64 => "high",
        (strength, _) if strength >= 0.36 => "moderate",
        _ => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_bands() {
        for (chance, word) in [
            (0.0, "impossible on these claims"),
            (0.04, "almost no chance"),
            (0.05, "very unlikely"),
            (0.2, "unlikely"),
            (0.5, "roughly even chance"),
            (0.55, "likely"),
            (0.94, "very likely"),
            (0.95, "almost certain"),
            (1.0, "certain on these claims"),
        ] {
            assert_eq!(likelihood(chance), word, "{chance}");
        }
        assert_eq!(confidence(0.8, 2), "high");
        assert_eq!(confidence(0.8, 1), "moderate");
        assert_eq!(confidence(0.2, 5), "low");
        assert_eq!("product".parse(), Ok(Combination::Product));
        assert!("sum".parse::<Combination>().is_err());
    }
}
