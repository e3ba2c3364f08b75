//! Equivalence relations as a union-find: what a pair adds is what the two classes it joins had not in common.

use crate::storage::{Code, Rows};
use rustc_hash::FxHashMap;

/// Classes of values. Each pair of a class is handed out exactly once, by the call that put it there.
#[derive(Default)]
pub struct Classes {
    /// The class each value is in.
    of: FxHashMap<Code, u32>,
    /// Emptied when a class becomes part of a larger one.
    members: Vec<Vec<Code>>,
}

impl Classes {
    /// Unites the classes of each pair and returns the pairs that hold since. O(pairs + answers), up to the
    /// logarithmic number of times that a value moves to a larger class.
    pub fn unite(&mut self, pairs: &Rows) -> Rows {
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (&left, &right) in pairs.column(0).iter().zip(pairs.column(1)) {
            for value in [left, right] {
                if !self.of.contains_key(&value) {
                    self.of.insert(value, self.members.len() as u32);
                    self.members.push(vec![value]);
                    lefts.push(value);
                    rights.push(value);
                }
            }
            let (mut small, mut large) = (self.of[&left] as usize, self.of[&right] as usize);
            if small == large {
                continue;
            }
            if self.members[small].len() > self.members[large].len() {
                std::mem::swap(&mut small, &mut large);
            }
            let moved = std::mem::take(&mut self.members[small]);
            for &value in &moved {
                for &other in &self.members[large] {
                    lefts.extend([value, other]);
                    rights.extend([other, value]);
                }
            }
            for &value in &moved {
                self.of.insert(value, large as u32);
            }
            self.members[large].extend(moved);
        }
        Rows::from_columns(vec![lefts, rights])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The closure by its definition: reflexive on what is mentioned, symmetric, transitive.
    fn closure(pairs: &[(u32, u32)]) -> BTreeSet<(u32, u32)> {
        let mut all: BTreeSet<(u32, u32)> = BTreeSet::new();
        for &(a, b) in pairs {
            all.extend([(a, a), (b, b), (a, b), (b, a)]);
        }
        loop {
            let more: Vec<(u32, u32)> = all
                .iter()
                .flat_map(|&(a, b)| all.range((b, 0)..=(b, u32::MAX)).map(move |&(_, c)| (a, c)))
                .filter(|pair| !all.contains(pair))
                .collect();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    proptest! {
        #[test]
        fn each_pair_of_the_closure_comes_once_and_at_once(
            batches in prop::collection::vec(prop::collection::vec((0u32..12, 0u32..12), 0..6), 0..6)
        ) {
            let mut classes = Classes::default();
            let (mut stated, mut known) = (Vec::new(), BTreeSet::new());
            for batch in batches {
                let mut rows = Rows::new(2);
                for &(a, b) in &batch {
                    rows.push(&[Code(a), Code(b)]);
                }
                stated.extend(batch);
                for row in classes.unite(&rows).iter() {
                    prop_assert!(known.insert((row[0].0, row[1].0)), "a pair came twice");
                }
                prop_assert_eq!(&known, &closure(&stated));
            }
        }
    }
}
