//! Who is contradicted least.

use super::contender::Stand;
use super::evidence::{Evidence, Subject, Table};
use crate::evidence::{Claims, SourceId, Sources, Stance};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// What a contender is ranked by, in this order: whether it holds, whether it violates constraints, its inconsistency,
/// what it has to assume, its strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    pub stand: Stand,
    /// Weights of what speaks against it; copies count once.
    pub inconsistency: f64,
    pub assumed: usize,
}

impl Score {
    /// The better one is the lesser one.
    pub fn compare(&self, other: &Score) -> Ordering {
        class(self.stand.holds, self.stand.violated)
            .cmp(&class(other.stand.holds, other.stand.violated))
            .then(close(self.inconsistency, other.inconsistency))
            .then(self.assumed.cmp(&other.assumed))
            .then(close(other.stand.strength, self.stand.strength))
    }
}

/// What goes before all evidence; the lesser one is the better one.
pub(super) fn class(holds: bool, violated: usize) -> (bool, bool) {
    (!holds, violated > 0)
}

fn close(left: f64, right: f64) -> Ordering {
    match (left - right).abs() < 1e-9 {
        true => Ordering::Equal,
        false => left.total_cmp(&right),
    }
}

/// Positions, the best first; equals in their own order.
pub fn order(scores: &[Score]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].compare(&scores[b]));
    order
}

/// Who is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Better than all others.
    One(usize),
    /// None alone: several are best.
    Several,
    /// None holds.
    Nobody,
}

impl Ahead {
    pub fn of(scores: &[Score]) -> Ahead {
        let order = order(scores);
        match order[..] {
            [first, second, ..]
                if scores[first].stand.holds
                    && scores[first].compare(&scores[second]) == Ordering::Equal =>
            {
                Ahead::Several
            }
            [first, ..] if scores[first].stand.holds => Ahead::One(first),
            _ => Ahead::Nobody,
        }
    }

    pub fn leader(self) -> Option<usize> {
        match self {
            Ahead::One(leader) => Some(leader),
            Ahead::Several | Ahead::Nobody => None,
        }
    }
}

/// Numbers of pieces of evidence: copies of one share theirs.
pub(super) struct Numbers<'s> {
    claims: &'s Claims,
    sources: &'s Sources,
    known: FxHashMap<Copies, usize>,
    count: usize,
}

impl<'s> Numbers<'s> {
    pub fn new(claims: &'s Claims, sources: &'s Sources) -> Numbers<'s> {
        Numbers {
            claims,
            sources,
            known: FxHashMap::default(),
            count: 0,
        }
    }

    pub fn of(&mut self, evidence: &Evidence) -> usize {
        self.count += 1;
        let next = self.count;
        match Copies::of(evidence, self.claims, self.sources) {
            Some(copies) => *self.known.entry(copies).or_insert(next),
            None => next,
        }
    }
}

/// Weights of what speaks against a contender, each with the number of its evidence; copies count once.
pub(super) fn inconsistency(against: impl Iterator<Item = (usize, f64)>) -> f64 {
    let mut most: FxHashMap<usize, f64> = FxHashMap::default();
    for (number, weight) in against.filter(|(_, weight)| *weight > 0.0) {
        let known = most.entry(number).or_default();
        *known = known.max(weight);
    }
    // In a fixed order: sums of floats depend on it.
    let mut parts: Vec<f64> = most.into_values().collect();
    parts.sort_by(f64::total_cmp);
    parts.iter().fold(0.0, |sum, part| sum + part)
}

/// Scores over a table, from how each stands and how many facts it assumes.
pub fn scores(
    table: &Table,
    stands: &[(Stand, usize)],
    claims: &Claims,
    sources: &Sources,
) -> Vec<Score> {
    let mut numbers = Numbers::new(claims, sources);
    let evidence = table.evidence.iter();
    let numbered: Vec<(usize, &Evidence)> = evidence.map(|one| (numbers.of(one), one)).collect();
    let stands = stands.iter().enumerate();
    stands
        .map(|(at, &(stand, assumed))| {
            let against = numbered.iter();
            let against =
                against.map(|(number, one)| (*number, one.cells[at].against() * one.weight));
            Score {
                stand,
                inconsistency: inconsistency(against),
                assumed,
            }
        })
        .collect()
}

/// What makes two pieces of evidence one: they say the same, and go back to the same roots.
#[derive(PartialEq, Eq, Hash)]
struct Copies(u32, Box<[Code]>, Vec<SourceId>, bool);

impl Copies {
    /// `None`: nothing else is the same.
    fn of(evidence: &Evidence, claims: &Claims, sources: &Sources) -> Option<Copies> {
        let Subject::Claim(claim) = evidence.subject else {
            return None;
        };
        let said = claims.get(claim);
        Some(Copies(
            said.relation.0,
            said.row.into(),
            sources.roots(said.source?).to_vec(),
            said.stance == Stance::Disputes,
        ))
    }
}

/// How far a piece of evidence tells contenders apart: the distance between its most different cells, from 0 (it treats
/// all alike) to 2.
pub fn diagnosticity(evidence: &Evidence) -> f64 {
    let values = || evidence.cells.iter().map(|cell| cell.value());
    let most = values().max_by(f64::total_cmp);
    let least = values().min_by(f64::total_cmp);
    most.zip(least).map_or(0.0, |(most, least)| most - least)
}
