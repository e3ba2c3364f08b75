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
use std::collections::BTreeMap;
use std::hash::Hash;

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
type Blocks = Vec<Box<[u32]>>;

/// Derivations that a cut in the making may let through before it is given up.
const MENDED: usize = 400;

impl Case<'_> {
    /// `name`: whom a statement falls with; `None`: it always stands.
    pub(super) fn cuts_by_trial<T: Clone + Ord + Hash>(
        &self,
        fact: &Fact,
        largest: usize,
        meter: &Meter,
        name: impl Fn(&Statement) -> Option<T>,
    ) -> Found<T> {
        let mut trials = Trials::of(self, fact, meter, name);
        let mut found = Found {
            single: Vec::new(),
            all_single: false,
            larger: None,
        };
        let mut derivation = |without: &[u32]| {
            Some(match trials.without(without)? {
                Trial::Stands(blocks) => Some(blocks),
                Trial::Falls => None,
            })
        };
        let Some(Some(first)) = derivation(&[]) else {
            return found;
        };
        let mut candidates = alone(&first);
        let mut passed = vec![first];
        let mut single = Vec::new();
        found.all_single = true;
        while let Some(candidate) = candidates.pop() {
            match derivation(&[candidate]) {
                None => {
                    found.all_single = false;
                    break;
                }
                Some(None) => single.push(candidate),
                Some(Some(blocks)) => {
                    let alone = alone(&blocks);
                    candidates.retain(|other| alone.binary_search(other).is_ok());
                    passed.push(blocks);
                }
            }
        }
        let larger = match found.all_single && single.is_empty() && largest > 1 {
            true => larger(passed, &mut derivation).filter(|cut| cut.len() <= largest),
            false => None,
        };
        let named = |cut: Vec<u32>| {
            let mut names: Vec<T> = cut.into_iter().map(|one| trials.name(one)).collect();
            names.sort_unstable();
            names
        };
        found.larger = larger.map(named);
        found.single = named(single);
        found
    }
}
/// Names each of which blocks a derivation by itself, ascending.
fn alone(blocks: &Blocks) -> Vec<u32> {
    let alone = blocks.iter().filter_map(|names| match names[..] {
        [one] => Some(one),
        _ => None,
    });
    let mut alone: Vec<u32> = alone.collect();
    alone.sort_unstable();
    alone.dedup();
    alone
}

/// A minimal cut. `derivation`: what blocks one that stands without some, if there is one; `None`: it was not clear.
fn larger(
    mut passed: Vec<Blocks>,
    derivation: &mut impl FnMut(&[u32]) -> Option<Option<Blocks>>,
) -> Option<Vec<u32>> {
    let mut cut = loop {
        let cut = hitting(&passed)?;
        match derivation(&cut)? {
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
        if derivation(&fewer)?.is_none() {
            cut = fewer;
        }
    }
    Some(cut)
}

/// What blocks all derivations, chosen greedily: what blocks most of those left for the fewest names. `None`: one of them
/// cannot be blocked.
fn hitting(passed: &[Blocks]) -> Option<Vec<u32>> {
    let mut cut: Vec<u32> = Vec::new();
    let is_hit = |blocks: &Blocks, cut: &[u32]| {
        let gone = |name: &u32| cut.binary_search(name).is_ok();
        blocks.iter().any(|names| names.iter().all(gone))
    };
    loop {
        let left: Vec<&Blocks> = passed.iter().filter(|one| !is_hit(one, &cut)).collect();
        if left.is_empty() {
            return Some(cut);
        }
        let mut counts: BTreeMap<&[u32], usize> = BTreeMap::new();
        for blocks in &left {
            let mut names: Vec<&[u32]> = blocks.iter().map(|names| &**names).collect();
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
                let gain = |count: usize, names: &[u32]| count as f64 / names.len() as f64;
                gain(*count, names)
                    .total_cmp(&gain(*other, others))
                    .then_with(|| others.cmp(names))
            });
        cut.extend(best?.0);
        cut.sort_unstable();
        cut.dedup();
    }
}
