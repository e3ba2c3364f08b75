//! Which claim has an id.

use super::claims::IdTag;
use super::store::ClaimStore;
use crate::storage::places::Places;
use std::cmp::Ordering;
use std::ops::Range;

/// Each id once, with its first claim. Ids that ascend from claim to claim, as most exports number them, are looked up
/// among the claims themselves, and a new one takes one comparison. Once there are several such runs, a table takes over.
#[derive(Clone)]
pub(super) enum Ids {
    Runs(Vec<Run>),
    Table(Places),
}

/// Claims one after the other whose ids ascend: shorter ones first, those of one length by bytes.
#[derive(Clone)]
pub(super) struct Run {
    claims: Range<u32>,
    /// Where the last search ended. A file that is read again asks for one id after the other.
    next: u32,
}

impl Default for Ids {
    fn default() -> Ids {
        Ids::Runs(Vec::new())
    }
}

impl Ids {
    const MOST_RUNS: usize = 8;

    pub fn len(&self) -> usize {
        match self {
            Ids::Runs(runs) => runs.iter().map(|run| run.claims.len()).sum(),
            Ids::Table(table) => table.len(),
        }
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        if let Ids::Table(table) = self {
            table.reserve(more);
        }
    }

    /// Asks for the memory that a look-up needs first.
    #[inline]
    pub fn touch(&self, tag: IdTag) {
        if let Ids::Table(table) = self {
            table.touch(tag.number());
        }
    }

    /// The first claim with an id.
    pub fn find(&self, claims: &ClaimStore, id: &str) -> Option<u32> {
        match self {
            Ids::Runs(runs) => runs.iter().find_map(|run| {
                let at = run.search(claims, id, run.claims.start)?;
                (claims.id(at as usize) == id).then_some(at)
            }),
            Ids::Table(table) => find_in(table, claims, id, IdTag::of(id.as_bytes())),
        }
    }

    /// The first claim with this id and tag; if there is none, it is the next one.
    #[inline]
    pub fn find_or_insert(&mut self, claims: &ClaimStore, id: &str, tag: IdTag) -> Option<u32> {
        let next = claims.len() as u32;
        let runs = match self {
            Ids::Table(table) => {
                let known = find_in(table, claims, id, tag);
                if known.is_none() {
                    table.insert(tag.number(), next);
                }
                return known;
            }
            Ids::Runs(runs) => runs,
        };
        for run in runs.iter_mut() {
            let Some(at) = run.search(claims, id, run.next) else {
                continue;
            };
            run.next = at;
            if claims.id(at as usize) == id {
                return Some(at);
            }
        }
        let is_full = runs.len() == Self::MOST_RUNS;
        match runs.last_mut() {
            Some(last) if last.claims.end == next && last.is_below(claims, id) => {
                last.claims.end += 1;
            }
            _ if !is_full => runs.push(Run {
                claims: next..next + 1,
                next,
            }),
            _ => {
                let mut table = Places::default();
                table.reserve(claims.len());
                for at in runs.iter().flat_map(|run| run.claims.clone()) {
                    let tag = IdTag::of(claims.id(at as usize).as_bytes());
                    table.insert(tag.number(), at);
                }
                table.insert(tag.number(), next);
                *self = Ids::Table(table);
            }
        }
        None
    }

    /// Forgets the id of the last claim, which no other has.
    pub fn remove_last(&mut self, claims: &ClaimStore, last: u32) {
        match self {
            Ids::Runs(runs) => {
                if let Some(run) = runs.last_mut() {
                    run.claims.end = run.claims.end.min(last);
                    run.next = run.claims.start;
                    if run.claims.is_empty() {
                        runs.pop();
                    }
                }
            }
            Ids::Table(table) => {
                let tag = IdTag::of(claims.id(last as usize).as_bytes());
                table.remove(tag.number(), last);
            }
        }
    }
}

impl Run {
    #[inline]
    fn is_below(&self, claims: &ClaimStore, id: &str) -> bool {
        order(claims.id(self.claims.end as usize - 1), id) == Ordering::Less
    }

    /// The first of its claims whose id is not below a given one, if there is one and the first id of all is not above.
    /// O(log of the distance to where the search starts).
    #[inline]
    fn search(&self, claims: &ClaimStore, id: &str, start: u32) -> Option<u32> {
        let is_below = |at: u32| order(claims.id(at as usize), id) == Ordering::Less;
        let Range { start: first, end } = self.claims;
        if self.is_below(claims, id) || order(claims.id(first as usize), id) == Ordering::Greater {
            return None;
        }
        let mut low = match start > first && start < end && is_below(start - 1) {
            true => start,
            false => first,
        };
        let mut step = 1;
        while low + step <= end && is_below(low + step - 1) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step).min(end);
        while low < high {
            let middle = low + (high - low) / 2;
            match is_below(middle) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Some(low)
    }
}

fn find_in(table: &Places, claims: &ClaimStore, id: &str, tag: IdTag) -> Option<u32> {
    table.find(tag.number(), |known| claims.id(known as usize) == id)
}

#[inline]
fn order(one: &str, other: &str) -> Ordering {
    let lengths = one.len().cmp(&other.len());
    lengths.then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Credibility, Interval, Stance};
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::tries::tries;
    use proptest::prelude::*;

    fn push(claims: &mut ClaimStore, id: &str) {
        claims.push(&Claim {
            id,
            relation: RelationId(0),
            row: &[],
            source: None,
            credibility: Credibility::Confirmed,
            interval: Interval::ALWAYS,
            stance: Stance::Supports,
            note: None,
            file: &"x.csv".into(),
            line: 1,
        });
    }

    proptest! {
        #![proptest_config(tries(256))]

        /// Ids in ascending stretches, short and long, some given again. The second opinion goes through all claims.
        #[test]
        fn an_id_is_found_where_it_was_given_first(
            stretches in prop::collection::vec((0u32..40, 0u32..30, 1u32..4), 1..14),
            kept in 0usize..200,
        ) {
            let mut claims = ClaimStore::default();
            let mut ids = Ids::default();
            let mut given = Vec::new();
            let all: Vec<String> = stretches
                .iter()
                .flat_map(|&(start, len, step)| (start..start + len).step_by(step as usize))
                .map(|number| format!("k{number}"))
                .collect();
            let give = |id: &String, claims: &mut ClaimStore, ids: &mut Ids, given: &mut Vec<String>| {
                let first = given.iter().position(|known| known == id);
                let tag = IdTag::of(id.as_bytes());
                assert_eq!(ids.find(claims, id), first.map(|at| at as u32));
                assert_eq!(ids.find_or_insert(claims, id, tag), first.map(|at| at as u32));
                if first.is_none() {
                    push(claims, id);
                    given.push(id.clone());
                }
                assert_eq!(ids.len(), given.len());
            };
            all.iter().for_each(|id| give(id, &mut claims, &mut ids, &mut given));
            for at in (kept.min(given.len())..given.len()).rev() {
                ids.remove_last(&claims, at as u32);
                claims.truncate(at);
                given.pop();
            }
            all.iter().for_each(|id| give(id, &mut claims, &mut ids, &mut given));
        }
    }
}
