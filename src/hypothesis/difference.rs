//! What one run has and another has not.

use crate::analysis::checked::RelationId;
use crate::engine::Database;
use crate::engine::budget::{RunReport, Violation};
use crate::explain::Fact;
use crate::storage::{Code, Rows, SortedRows};
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The exact difference of two runs over one dictionary, by relation and then by code. Relations are matched by name.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Only in the later run; ids are those of its program.
    pub appeared: FactList,
    /// Only in the earlier run; ids are those of its program.
    pub fell: FactList,
    /// Ways to violate a constraint that are new.
    pub violated: Vec<Broken>,
    /// Ways to violate a constraint that are no more.
    pub mended: Vec<Broken>,
}

/// A constraint and some of the ways in which it is violated. Its ids are those of the run that violates it.
#[derive(Clone, Debug)]
pub struct Broken {
    pub constraint: Span,
    pub violation: Violation,
}

/// Facts by relation and then by code, in columns: a difference may be of millions.
#[derive(Clone, Debug, Default)]
pub struct FactList {
    relations: Vec<(RelationId, SortedRows)>,
}

impl Difference {
    pub fn between(before: (&Database, &RunReport), after: (&Database, &RunReport)) -> Difference {
        let appeared = FactList::only_in(after.0, before.0);
        let fell = FactList::only_in(before.0, after.0);
        Difference::of(appeared, fell, before, after)
    }

    /// The same, where it is known which facts are only in one of them.
    pub(crate) fn of(
        appeared: FactList,
        fell: FactList,
        before: (&Database, &RunReport),
        after: (&Database, &RunReport),
    ) -> Difference {
        Difference {
            appeared,
            fell,
            violated: newly_violated(before, after),
            mended: newly_violated(after, before),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty()
            && self.fell.is_empty()
            && self.violated.is_empty()
            && self.mended.is_empty()
    }
}

/// Rows up to which a relation is put in order to be compared as a whole.
const FEW: usize = 1 << 16;

impl FactList {
    /// Facts that one database has and another has not.
    pub fn only_in(one: &Database, other: &Database) -> FactList {
        let others: FxHashMap<&str, RelationId> = other
            .program()
            .relations()
            .map(|(id, relation)| (&*relation.name, id))
            .collect();
        let only = one.program().relations().map(|(id, relation)| {
            let same = others.get(&*relation.name).copied();
            let changed = match same == Some(id) {
                true => one.only_here(other, id),
                false => None,
            };
            let absent = |row: &[Code]| same.is_none_or(|same| !other.contains(same, row));
            let rows = changed.unwrap_or_else(|| {
                let rows = one.rows(id);
                // Most relations are as they are there, which is seen sooner than where each row is.
                let is_same = |same| rows.len() == other.len(same) && rows == other.rows(same);
                match rows.len() <= FEW && same.is_some_and(is_same) {
                    true => Rows::new(rows.arity()),
                    false => rows.filtered(absent),
                }
            });
            (id, SortedRows::from_unsorted(rows))
        });
        FactList {
            relations: only.filter(|(_, rows)| !rows.is_empty()).collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.relations.iter().map(|(_, rows)| rows.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    /// The facts of each relation that has any.
    pub fn relations(&self) -> impl Iterator<Item = (RelationId, &SortedRows)> {
        self.relations.iter().map(|(id, rows)| (*id, rows))
    }

    pub fn filtered(&self, keeps: impl Fn(&Fact) -> bool) -> FactList {
        let kept = self.relations().map(|(id, rows)| {
            let kept = rows.rows().filtered(|row| keeps(&Fact::new(id, row)));
            (id, SortedRows::from_unsorted(kept))
        });
        FactList {
            relations: kept.filter(|(_, rows)| !rows.is_empty()).collect(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Fact> + '_ {
        self.relations.iter().flat_map(|(id, rows)| {
            let rows = rows.rows().iter();
            rows.map(|row| Fact::new(*id, &row))
        })
    }
}

/// Ways to violate a constraint that the earlier run does not have.
fn newly_violated(
    (earlier, before): (&Database, &RunReport),
    (later, after): (&Database, &RunReport),
) -> Vec<Broken> {
    // One clause with `;` is several rules.
    type Way<'a> = (Span, &'a [Arc<str>], Vec<Code>);
    let mut known: FxHashSet<Way> = FxHashSet::default();
    for violation in &before.violations {
        let constraint = earlier.program()[violation.constraint].span;
        let rows = violation.rows.iter();
        known.extend(rows.map(|row| (constraint, &*violation.columns, row)));
    }
    let mut broken = Vec::new();
    for violation in &after.violations {
        let constraint = later.program()[violation.constraint].span;
        let is_known =
            |row: &Vec<Code>| known.contains(&(constraint, &*violation.columns, row.clone()));
        let mut rows = Rows::new(violation.rows.arity());
        for row in violation.rows.iter().filter(|row| !is_known(row)) {
            rows.push(&row);
        }
        if !rows.is_empty() {
            broken.push(Broken {
                constraint,
                violation: Violation {
                    rows,
                    ..violation.clone()
                },
            });
        }
    }
    broken
}
