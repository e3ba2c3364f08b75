//! Equivalence relations as a union-find: what a pair adds is what the two classes it joins had not in common.

use crate::storage::{Code, Partition, Rows};
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
    /// Unites the classes of each pair and tells nobody what holds since. O(pairs), up to the logarithmic number of times
    /// that a value moves to a larger class.
    pub fn unite_silently(&mut self, pairs: &Rows) {
        for (&left, &right) in pairs.column(0).iter().zip(pairs.column(1)) {
            self.enter(left);
            self.enter(right);
            self.join(left, right);
        }
    }

    /// The classes as they are now.
    pub fn settle(self) -> Partition {
        Partition::new(self.members)
    }

    /// Unites the classes of each pair and returns the pairs that hold since. O(pairs + answers), up to the
    /// logarithmic number of times that a value moves to a larger class.
    pub fn unite(&mut self, pairs: &Rows) -> Rows {
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (&left, &right) in pairs.column(0).iter().zip(pairs.column(1)) {
            for value in [left, right] {
                if self.enter(value) {
                    lefts.push(value);
                    rights.push(value);
                }
            }
            if let Some((joined, before)) = self.join(left, right) {
                let (others, moved) = self.members[joined].split_at(before);
                for &value in moved {
                    for &other in others {
                        lefts.extend([value, other]);
                        rights.extend([other, value]);
                    }
                }
            }
        }
        Rows::from_columns(vec![lefts, rights])
    }

    /// Puts a value into a class of its own; whether it was in none.
    fn enter(&mut self, value: Code) -> bool {
        let new = !self.of.contains_key(&value);
        if new {
            self.of.insert(value, self.members.len() as u32);
            self.members.push(vec![value]);
        }
        new
    }

    /// Moves the smaller of two classes into the larger one: which it is, and how many members it had before.
    fn join(&mut self, left: Code, right: Code) -> Option<(usize, usize)> {
        let (mut small, mut large) = (self.of[&left] as usize, self.of[&right] as usize);
        if small == large {
            return None;
        }
        if self.members[small].len() > self.members[large].len() {
            std::mem::swap(&mut small, &mut large);
        }
        let moved = std::mem::take(&mut self.members[small]);
        for &value in &moved {
            self.of.insert(value, large as u32);
        }
        let before = self.members[large].len();
        self.members[large].extend(moved);
        Some((large, before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Index, RowSet};
    use crate::tries::tries;
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
        #![proptest_config(tries(256))]

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
            let mut silent = Classes::default();
            let mut rows = Rows::new(2);
            stated.iter().for_each(|&(a, b)| rows.push(&[Code(a), Code(b)]));
            silent.unite_silently(&rows);
            let settled = RowSet::equivalence(silent.settle());
            let held: BTreeSet<(u32, u32)> = settled.to_rows().iter().map(|row| (row[0].0, row[1].0)).collect();
            prop_assert_eq!(settled.len(), known.len());
            prop_assert_eq!(&held, &known);
            for key in [0, 1] {
                let classes = settled.as_classes().unwrap();
                let index = Index::over_classes(classes, &[key], &[1 - key]).unwrap();
                let once = Index::over_classes(classes, &[key], &[]).unwrap();
                for value in 0..13 {
                    let mut found: Vec<u32> =
                        index.entry(index.locate(&[Code(value)])).iter().map(|code| code.0).collect();
                    found.sort_unstable();
                    let related: Vec<u32> =
                        known.iter().filter(|pair| pair.0 == value).map(|pair| pair.1).collect();
                    prop_assert_eq!(once.count(once.locate(&[Code(value)])), usize::from(!related.is_empty()));
                    prop_assert_eq!(found, related);
                    for other in 0..13 {
                        let related = known.contains(&(value, other));
                        prop_assert_eq!(settled.contains(&[Code(value), Code(other)]), related);
                    }
                }
            }
        }
    }
}
