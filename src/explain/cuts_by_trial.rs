//! Cuts of a conclusion that has more derivations than can be looked at: those of one statement, all of them, and else
//! one larger one.
//!
//! A cut of one statement is in every derivation. So those of any one derivation are tried, and each derivation
//! that is found on the way leaves fewer to try. A larger cut is a hitting set of derivations, mended as long as it lets
//! another one through.

use super::case::Case;
use super::facts::Fact;
use super::lineage::Statement;
use super::meter::Meter;
use super::trials::{Trial, Trials};

/// What was found, by statement or by source.
pub(super) struct Found<T> {
    /// Ascending.
    pub(super) single: Vec<T>,
    /// All of these are there.
    pub(super) all_single: bool,
    /// A minimal cut of two or more, where there is none of one; ascending.
    pub(super) larger: Option<Vec<T>>,
}

impl<T> Found<T> {
    pub(super) fn cuts(self) -> Vec<Vec<T>> {
        let single = self.single.into_iter().map(|one| vec![one]);
        single.chain(self.larger).collect()
    }
}

/// By stated fact of a derivation: what has to go for it to fall.
type Blocks<T> = Vec<Vec<T>>;

/// Derivations that a cut in the making may let through before it is given up.
const MENDED: usize = 400;

impl Case<'_> {
    /// `name`: whom a statement falls with; `None`: it always stands.
    pub(super) fn cuts_by_trial<T: Clone + Ord>(
        &self,
        fact: &Fact,
        largest: usize,
        meter: &Meter,
        name: impl Fn(&Statement) -> Option<T>,
    ) -> Found<T> {
        let mut search = Search {
            trials: Trials::of(self, fact, meter),
            name: &name,
        };
        let mut found = Found {
            single: Vec::new(),
            all_single: false,
            larger: None,
        };
        let Some(Some(first)) = search.derivation(&[]) else {
            return found;
        };
        let alone = |blocks: &Blocks<T>| {
            let one = |names: &Vec<T>| match &names[..] {
                [one] => Some(one.clone()),
                _ => None,
            };
            let mut alone: Vec<T> = blocks.iter().filter_map(one).collect();
            alone.sort_unstable();
            alone.dedup();
            alone
        };
        let mut candidates = alone(&first);
        let mut passed = vec![first];
        while let Some(candidate) = candidates.pop() {
            match search.derivation(std::slice::from_ref(&candidate)) {
                None => return found,
                Some(None) => found.single.push(candidate),
                Some(Some(blocks)) => {
                    let alone = alone(&blocks);
                    candidates.retain(|other| alone.binary_search(other).is_ok());
                    passed.push(blocks);
                }
            }
        }
        found.single.sort_unstable();
        found.all_single = true;
        if found.single.is_empty() && largest > 1 {
            found.larger = search.larger(passed).filter(|cut| cut.len() <= largest);
        }
        found
    }
}

struct Search<'a, F> {
    trials: Trials<'a>,
    name: F,
}

impl<F> Search<'_, F> {
    /// What blocks a derivation that stands without some; `Some(None)`: there is none. `None`: it was not clear.
    fn derivation<T: Clone + Ord>(&mut self, without: &[T]) -> Option<Option<Blocks<T>>>
    where
        F: Fn(&Statement) -> Option<T>,
    {
        let name = &self.name;
        let gone =
            |statement: &Statement| name(statement).is_some_and(|name| without.contains(&name));
        Some(match self.trials.without(&gone)? {
            Trial::Falls => None,
            Trial::Stands(leaves) => {
                let names = |statements: &[Statement]| {
                    let mut names: Vec<T> = statements.iter().map(name).collect::<Option<_>>()?;
                    names.sort_unstable();
                    names.dedup();
                    Some(names)
                };
                Some(leaves.iter().filter_map(|leaf| names(leaf)).collect())
            }
        })
    }

    /// A minimal cut.
    fn larger<T: Clone + Ord>(&mut self, mut passed: Vec<Blocks<T>>) -> Option<Vec<T>>
    where
        F: Fn(&Statement) -> Option<T>,
    {
        let mut cut = loop {
            let cut = hitting(&passed)?;
            match self.derivation(&cut)? {
                None => break cut,
                Some(blocks) => passed.push(blocks),
            }
            if passed.len() > MENDED {
                return None;
            }
        };
        for at in (0..cut.len()).rev() {
            let mut fewer = cut.clone();
            fewer.remove(at);
            if self.derivation(&fewer)?.is_none() {
                cut = fewer;
            }
        }
        Some(cut)
    }
}

/// What blocks all derivations, chosen greedily: what blocks most of those left for the fewest names. `None`: one of them
/// cannot be blocked.
fn hitting<T: Clone + Ord>(passed: &[Blocks<T>]) -> Option<Vec<T>> {
    let mut cut: Vec<T> = Vec::new();
    let is_hit = |blocks: &Blocks<T>, cut: &[T]| {
        let gone = |name: &T| cut.binary_search(name).is_ok();
        blocks.iter().any(|names| names.iter().all(gone))
    };
    loop {
        let left: Vec<&Blocks<T>> = passed.iter().filter(|one| !is_hit(one, &cut)).collect();
        if left.is_empty() {
            return Some(cut);
        }
        let mut counts: std::collections::BTreeMap<&Vec<T>, usize> = Default::default();
        for blocks in &left {
            let mut names: Vec<&Vec<T>> = blocks.iter().collect();
            names.sort_unstable();
            names.dedup();
            names
                .into_iter()
                .for_each(|names| *counts.entry(names).or_default() += 1);
        }
        // More derivations for each name, then the first in order.
        let best = counts
            .into_iter()
            .max_by(|(names, count), (others, other)| {
                let gain = |count: usize, names: &Vec<T>| count as f64 / names.len() as f64;
                gain(*count, names)
                    .total_cmp(&gain(*other, others))
                    .then_with(|| others.cmp(names))
            });
        cut.extend(best?.0.iter().cloned());
        cut.sort_unstable();
        cut.dedup();
    }
}
