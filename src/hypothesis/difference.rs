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
    pub appeared: Vec<Fact>,
    /// Only in the earlier run; ids are those of its program.
    pub fell: Vec<Fact>,
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

impl Difference {
    pub fn between(before: (&Database, &RunReport), after: (&Database, &RunReport)) -> Difference {
        Difference {
            appeared: only_in(after.0, before.0),
            fell: only_in(before.0, after.0),
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

/// Facts that one database has and another has not.
fn only_in(one: &Database, other: &Database) -> Vec<Fact> {
    let others: FxHashMap<&str, RelationId> = other
        .program()
        .relations()
        .map(|(id, relation)| (&*relation.name, id))
        .collect();
    let mut only = Vec::new();
    for (id, relation) in one.program().relations() {
        let same = others.get(&*relation.name).copied();
        if let Some(rows) = same
            .filter(|&same| same == id)
            .and_then(|_| one.only_here(other, id))
        {
            let rows = SortedRows::from_unsorted(rows);
            only.extend(rows.rows().iter().map(|row| Fact::new(id, &row)));
            continue;
        }
        let absent = |row: &[Code]| same.is_none_or(|same| !other.contains(same, row));
        let rows = one.rows(id);
        only.extend(
            rows.iter()
                .filter(|row| absent(row))
                .map(|row| Fact::new(id, &row)),
        );
    }
    only
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
