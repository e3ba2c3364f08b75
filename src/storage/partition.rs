//! An equivalence relation at rest, as the classes it divides its values into.

use super::Code;
use super::rows::Rows;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Values in classes; two are related when they share one. Takes memory by value, not by pair: the pairs of a class are as
/// many as the square of its members.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    /// The class each value is in.
    of: FxHashMap<Code, u32>,
    /// The members of all classes, class after class.
    members: Vec<Code>,
    /// Where each class begins among the members, and where the last one ends.
    starts: Vec<u32>,
    pairs: usize,
}

impl Partition {
    /// Classes without a common member; empty ones count for nothing.
    pub fn new(classes: impl IntoIterator<Item = Vec<Code>>) -> Partition {
        let mut partition = Partition {
            starts: vec![0],
            ..Partition::default()
        };
        for class in classes {
            if class.is_empty() {
                continue;
            }
            let number = partition.starts.len() as u32 - 1;
            partition
                .of
                .extend(class.iter().map(|&code| (code, number)));
            partition.members.extend(&class);
            partition.starts.push(partition.members.len() as u32);
            partition.pairs += class.len() * class.len();
        }
        partition
    }

    /// Related pairs, a value with itself included.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    pub fn relates(&self, a: Code, b: Code) -> bool {
        self.of
            .get(&a)
            .is_some_and(|class| self.of.get(&b) == Some(class))
    }

    /// All values, class after class.
    pub fn members(&self) -> &[Code] {
        &self.members
    }

    /// The members as rows of one column, in their order.
    pub fn values(&self) -> Rows {
        Rows::from_columns(vec![self.members.clone()])
    }

    /// Where among [`Partition::members`] the class of the member at a place lies.
    pub fn class_around(&self, place: usize) -> Range<usize> {
        self.range(self.of[&self.members[place]])
    }

    /// All values that one is related to; none where it is in no class.
    pub fn class_of(&self, value: Code) -> &[Code] {
        match self.of.get(&value) {
            Some(&class) => &self.members[self.range(class)],
            None => &[],
        }
    }

    fn range(&self, class: u32) -> Range<usize> {
        self.starts[class as usize] as usize..self.starts[class as usize + 1] as usize
    }
}
