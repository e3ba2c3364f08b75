//! Who is contradicted least.

use super::contender::Stand;
use super::evidence::{Evidence, Subject, Table};
use crate::evidence::{ClaimId, Claims, SourceId, Sources};
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
        let strength = close(other.stand.strength, self.stand.strength);
        self.compare_but_strength(other).then(strength)
    }

    fn compare_but_strength(&self, other: &Score) -> Ordering {
        other
            .stand
            .holds
            .cmp(&self.stand.holds)
            .then((self.stand.violated > 0).cmp(&(other.stand.violated > 0)))
            .then(close(self.inconsistency, other.inconsistency))
            .then(self.assumed.cmp(&other.assumed))
    }
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

/// The one that is better than all others; `None` when several are best.
pub fn leader(scores: &[Score]) -> Option<usize> {
    let order = order(scores);
    let &first = order.first()?;
    match order.get(1) {
        Some(&second) if scores[first].compare(&scores[second]) == Ordering::Equal => None,
        _ => Some(first),
    }
}

/// The leader where no strength has a say in that; `None`: it may have.
pub fn leader_whatever_strength(scores: &[Score]) -> Option<usize> {
    let mut places = 0..scores.len();
    places.find(|&one| {
        let mut others = (0..scores.len()).filter(|&other| other != one);
        others.all(|other| scores[one].compare_but_strength(&scores[other]) == Ordering::Less)
    })
}

/// By column: the first one that is the same piece of evidence.
pub fn copies(table: &Table, claims: &Claims, sources: &Sources) -> Vec<usize> {
    let mut first: FxHashMap<Copies, usize> = FxHashMap::default();
    let columns = table.evidence.iter().enumerate();
    columns
        .map(|(column, evidence)| {
            let key = Copies::of(column, evidence, claims, sources);
            *first.entry(key).or_insert(column)
        })
        .collect()
}

/// Scores from how each stands and how many facts it assumes, over the evidence that is not left out;
/// see [`copies`].
pub fn scores(
    table: &Table,
    stands: &[(Stand, usize)],
    left_out: &[usize],
    copies: &[usize],
) -> Vec<Score> {
    stands
        .iter()
        .enumerate()
        .map(|(at, &(stand, assumed))| {
            // By the first of the columns that are copies.
            let mut most = vec![0.0_f64; table.evidence.len()];
            for (column, evidence) in table.evidence.iter().enumerate() {
                let against = evidence.cells[at].against() * evidence.weight;
                if against > 0.0 && !left_out.contains(&column) {
                    let known = &mut most[copies[column]];
                    *known = known.max(against);
                }
            }
            // In a fixed order: sums of floats depend on it.
            let mut parts = most;
            parts.retain(|part| *part > 0.0);
            parts.sort_by(f64::total_cmp);
            Score {
                stand,
                inconsistency: parts.iter().fold(0.0, |sum, part| sum + part),
                assumed,
            }
        })
        .collect()
}

/// What makes two pieces of evidence one: they say the same, and go back to the same roots.
#[derive(PartialEq, Eq, Hash)]
enum Copies {
    Said(u32, Box<[Code]>, Vec<SourceId>, bool),
    Only(usize),
}

impl Copies {
    fn of(column: usize, evidence: &Evidence, claims: &Claims, sources: &Sources) -> Copies {
        let Subject::Claim(claim) = evidence.subject else {
            return Copies::Only(column);
        };
        let said = claims.get(ClaimId(claim.0));
        match said.source {
            None => Copies::Only(column),
            Some(source) => Copies::Said(
                said.relation.0,
                said.row.into(),
                sources.roots(source).to_vec(),
                said.stance == crate::evidence::Stance::Disputes,
            ),
        }
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
