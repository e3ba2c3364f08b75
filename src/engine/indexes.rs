//! The indexes of one relation.

use super::within;
use crate::analysis::checked::ValueType;
use crate::storage::{Dictionary, Index, RowSet, SortedRows};
use parking_lot::{Mutex, RwLock};
use rayon::ThreadPool;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Columns an index is keyed on and columns its entries keep, both ascending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexSpec {
    pub key: Vec<usize>,
    pub payload: Vec<usize>,
}

impl IndexSpec {
    /// Whether entries tell all rows of a relation of this arity apart.
    pub fn is_whole(&self, arity: usize) -> bool {
        self.key.len() + self.payload.len() == arity
    }
}

/// An index, and whether it holds the latest delta already because it was built after it.
#[derive(Clone)]
pub struct Held {
    pub index: Arc<Index>,
    pub ahead: bool,
}

/// Looks at all rows that making an index is spared for.
const SCANS: u32 = 8;

/// Indexes, built on first use and kept; while the relation grows they follow it. Forks of a relation share them as long
/// as they share its rows.
#[derive(Default)]
pub struct Indexes {
    held: RwLock<FxHashMap<IndexSpec, Held>>,
    /// Indexes of rows at rest whose entries are in the order of a place. When a row comes or goes, they go.
    in_order: RwLock<FxHashMap<(IndexSpec, usize, ValueType), Arc<Index>>>,
    /// How often all rows were looked at where an index would have served.
    scans: Mutex<FxHashMap<IndexSpec, u32>>,
}

impl Indexes {
    /// The same indexes, for rows that will change by themselves.
    pub fn copy(&self) -> Indexes {
        Indexes {
            held: RwLock::new(self.held.read().clone()),
            in_order: RwLock::default(),
            scans: Mutex::default(),
        }
    }

    pub fn get(&self, spec: &IndexSpec) -> Option<Arc<Index>> {
        let held = self.held.read();
        held.get(spec).map(|held| held.index.clone())
    }

    /// The index on these columns whose entries keep all others of a relation of this arity.
    pub fn whole(&self, key: &[usize], arity: usize) -> Option<Arc<Index>> {
        let held = self.held.read();
        let mut held = held.iter();
        held.find(|(spec, _)| spec.key == key && spec.is_whole(arity))
            .map(|(_, held)| held.index.clone())
    }

    pub fn holds(&self, spec: &IndexSpec) -> bool {
        self.held.read().contains_key(spec)
    }

    /// Keeps an index, unless another thread was faster.
    pub fn keep(&self, spec: &IndexSpec, index: Index, ahead: bool) -> Arc<Index> {
        let mut held = self.held.write();
        let held = held.entry(spec.clone()).or_insert_with(|| Held {
            index: Arc::new(index),
            ahead,
        });
        held.index.clone()
    }

    /// The index over these rows at rest, built now if it is new. Rows that agree on key and payload are kept once.
    pub fn over(&self, set: &RowSet, spec: &IndexSpec, pool: Option<&ThreadPool>) -> Arc<Index> {
        let found = self.get(spec);
        found.unwrap_or_else(|| self.keep(spec, build(set, spec, true, pool), false))
    }

    /// The same with each entry in the order of the values of this type at one of its places.
    pub fn in_order(
        &self,
        set: &RowSet,
        spec: &IndexSpec,
        (place, operand): (usize, ValueType),
        dictionary: &Dictionary,
        pool: Option<&ThreadPool>,
    ) -> Arc<Index> {
        let wanted = (spec.clone(), place, operand);
        let known = self.in_order.read().get(&wanted).cloned();
        known.unwrap_or_else(|| {
            let mut index = build(set, spec, true, pool);
            within::order(&mut index, place, operand, dictionary);
            let mut in_order = self.in_order.write();
            let kept = in_order.entry(wanted).or_insert_with(|| Arc::new(index));
            kept.clone()
        })
    }

    /// Those that do not lag behind by the latest delta.
    pub fn ready(&self) -> Vec<IndexSpec> {
        let held = self.held.read();
        let ready = held.iter().filter(|(_, held)| !held.ahead);
        ready.map(|(spec, _)| spec.clone()).collect()
    }

    /// Whether there is an index like this.
    pub fn any(&self, wanted: impl Fn(&IndexSpec) -> bool) -> bool {
        self.held.read().keys().any(wanted)
    }

    pub fn clear(&self) {
        self.held.write().clear();
        self.in_order.write().clear();
    }

    /// Lets go of all others.
    pub fn retain(&self, wanted: impl Fn(&IndexSpec) -> bool) {
        self.held.write().retain(|spec, _| wanted(spec));
        self.in_order.write().clear();
    }

    pub fn each(&self, act: impl FnMut(&mut Held)) {
        self.in_order.write().clear();
        self.held.write().values_mut().for_each(act);
    }

    /// The same, on the threads of a pool where that pays.
    pub fn each_on(&self, pool: Option<&ThreadPool>, act: impl Fn(&mut Held) + Send + Sync) {
        use rayon::prelude::*;
        self.in_order.write().clear();
        let mut held = self.held.write();
        match pool {
            Some(pool) if held.len() > 1 => {
                let held = &mut *held;
                pool.install(|| held.par_iter_mut().for_each(|(_, held)| act(held)));
            }
            _ => held.values_mut().for_each(act),
        }
    }

    /// Notes that all rows are looked at; false when that was done so often that an index is worth its while.
    pub fn may_scan(&self, spec: &IndexSpec) -> bool {
        let mut scans = self.scans.lock();
        let done = scans.entry(spec.clone()).or_default();
        *done += 1;
        *done <= SCANS
    }
}

/// Groups the rows of a set, of which none may be unsettled. Those of a set at rest that agree on key and payload are
/// kept once.
pub fn build(set: &RowSet, spec: &IndexSpec, at_rest: bool, pool: Option<&ThreadPool>) -> Index {
    let mut columns = spec.key.clone();
    columns.extend(&spec.payload);
    let whole = columns.len() == set.arity() || !at_rest;
    let classes = set.as_classes();
    let shared = classes.and_then(|classes| Index::over_classes(classes, &spec.key, &spec.payload));
    match (shared, set.as_sorted()) {
        (Some(index), _) => index,
        (_, Some(rows)) if whole => Index::over_sorted(pool, rows, &spec.key, &spec.payload),
        _ if whole => Index::build_on(pool, set, &spec.key, &spec.payload),
        _ => if_marked(set, spec).unwrap_or_else(|| {
            let projected = SortedRows::from_unsorted(set.to_rows().project(&columns));
            let key: Vec<usize> = (0..spec.key.len()).collect();
            let payload: Vec<usize> = (spec.key.len()..columns.len()).collect();
            Index::over_sorted(pool, &projected, &key, &payload)
        }),
    }
}

/// The index where one column is all that is asked for.
fn if_marked(set: &RowSet, spec: &IndexSpec) -> Option<Index> {
    match (&spec.key[..], &spec.payload[..]) {
        (&[only], []) => Index::marking(set, only),
        _ => None,
    }
}
