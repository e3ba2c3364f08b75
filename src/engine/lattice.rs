//! Lattice relations: of the rows that agree on their key one is kept, with the least upper bound of their values.

use super::evaluate::{Context, call};
use super::functor::show_call;
use super::relation::RelationState;
use super::run::Run;
use super::value_order::compare;
use crate::analysis::checked::{Lattice, Relation, Stratum};
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;

/// The values of one relation's keys.
#[derive(Default)]
pub struct Merged(FxHashMap<Box<[Code]>, Box<[Code]>>);

/// What a round's fresh rows made of a relation.
pub struct Changed {
    pub all: Rows,
    /// The rows of keys that are new or have another value now.
    pub fresh: Rows,
}

impl Merged {
    /// Takes in the fresh rows of a round. `None`: each has a key of its own and stays as it is.
    pub fn take(
        &mut self,
        fresh: &Rows,
        relation: &Relation,
        lattice: &Lattice,
        context: &Context,
    ) -> Option<Changed> {
        let mut order: Vec<Vec<Code>> = fresh.iter().collect();
        // A functor that is no least upper bound gives the same at any number of threads all the same.
        order.sort_unstable_by(|a, b| {
            let columns = relation.attributes.iter().zip(a.iter().zip(b));
            columns
                .map(|(attribute, (&a, &b))| {
                    compare(context.program, context.dictionary, attribute.ty, a, b)
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let mut changed: FxHashSet<Box<[Code]>> = FxHashSet::default();
        let mut all_new = true;
        for row in order {
            let (key, values) = row.split_at(lattice.key);
            let Some(known) = self.0.get_mut(key) else {
                self.0.insert(key.into(), values.into());
                changed.insert(key.into());
                continue;
            };
            all_new = false;
            if raise(known, values, lattice, context) {
                changed.insert(key.into());
            }
        }
        if all_new {
            return None;
        }
        let rows = |keys: &mut dyn Iterator<Item = (&Box<[Code]>, &Box<[Code]>)>| {
            let mut rows = Rows::new(relation.arity());
            for (key, values) in keys {
                rows.push(&[&**key, &**values].concat());
            }
            rows
        };
        Some(Changed {
            all: rows(&mut self.0.iter()),
            fresh: rows(&mut changed.iter().filter_map(|key| self.0.get_key_value(key))),
        })
    }
}

impl Run<'_> {
    /// Gives each key of a lattice relation the least upper bound of what it had and what the round brought.
    pub(super) fn merge_lattices(
        &mut self,
        stratum: &Stratum,
        relations: &mut [RelationState],
        round: u32,
    ) {
        for &id in &stratum.relations {
            let relation = &self.program[id];
            let Some(lattice) = &relation.lattice else {
                continue;
            };
            let mut merged = self.lattices.remove(&id).unwrap_or_default();
            let state = &mut relations[id.index()];
            let context = self.context(relation.span, round);
            if let Some(changed) =
                merged.take(&state.delta().to_rows(), relation, lattice, &context)
            {
                state.replace(&changed.all, changed.fresh, self.options.threads, self.tick);
            }
            self.lattices.insert(id, merged);
        }
    }
}

/// Whether the values are others afterwards. A fault leaves the value it concerns as it was.
fn raise(known: &mut [Code], values: &[Code], lattice: &Lattice, context: &Context) -> bool {
    let mut raised = false;
    for ((known, &value), lub) in known.iter_mut().zip(values).zip(&lattice.lubs) {
        match call(lub, &[*known, value], context) {
            Ok(bound) => {
                raised |= bound != *known;
                *known = bound;
            }
            Err(fault) => context.fault_at(fault, Vec::new(), || {
                show_call(lub, &[*known, value], context.dictionary)
            }),
        }
    }
    raised
}
