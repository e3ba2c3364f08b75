//! `choice-domain`: of the rows that agree on a key, only the first one is kept.

use super::value_order::compare;
use crate::analysis::checked::{CheckedProgram, Relation};
use crate::storage::{Code, Dictionary, Rows};
use rustc_hash::FxHashSet;
use std::cmp::Ordering;

/// Values of a key that a row has already.
type Taken = FxHashSet<Box<[Code]>>;

/// The keys taken so far. A row is chosen when all of its keys are free.
///
/// Soufflé leaves open which row comes first. Here rules are asked in textual order, round by round, and the rows that
/// one rule gives in one round in ascending order of their values: the choice is the same at any number of threads.
pub struct Choice {
    /// Columns of each key, and the values they have in chosen rows.
    keys: Vec<(Vec<usize>, Taken)>,
}

impl Choice {
    pub fn new(relation: &Relation) -> Choice {
        let keys = relation.choice_domains.iter();
        Choice {
            keys: keys
                .map(|columns| (columns.clone(), FxHashSet::default()))
                .collect(),
        }
    }

    /// Takes the keys of rows that are there anyway.
    pub fn occupy(&mut self, rows: &Rows) {
        for row in rows.iter() {
            for (columns, taken) in &mut self.keys {
                taken.insert(key(&row, columns));
            }
        }
    }

    /// The rows that are chosen among distinct candidates.
    pub fn choose(
        &mut self,
        candidates: &Rows,
        relation: &Relation,
        program: &CheckedProgram,
        dictionary: &Dictionary,
    ) -> Rows {
        let mut order: Vec<Vec<Code>> = candidates.iter().collect();
        order.sort_unstable_by(|a, b| {
            let columns = relation.attributes.iter().zip(a.iter().zip(b));
            columns
                .map(|(attribute, (&a, &b))| compare(program, dictionary, attribute.ty, a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let mut chosen = Rows::new(candidates.arity());
        for row in order {
            let free = self
                .keys
                .iter()
                .all(|(columns, taken)| !taken.contains(&key(&row, columns)));
            if free {
                for (columns, taken) in &mut self.keys {
                    taken.insert(key(&row, columns));
                }
                chosen.push(&row);
            }
        }
        chosen
    }
}

fn key(row: &[Code], columns: &[usize]) -> Box<[Code]> {
    columns.iter().map(|&column| row[column]).collect()
}
