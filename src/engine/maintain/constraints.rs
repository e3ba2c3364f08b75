//! Constraints: which bindings violate them since, and which no longer do.

use super::Row;
use super::routes::{Sizes, Start, survey, violation_columns};
use super::transaction::Transaction;
use super::walk::{Halt, View};
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::engine::budget::Violation;
use crate::engine::relation::RelationState;
use crate::storage::{Rows, SortedRows};
use std::collections::BTreeSet;

impl Transaction<'_> {
    /// What violated constraints that there are no more.
    pub fn lapsed(&mut self) -> Result<Vec<Violation>, Halt> {
        let mut lapsed = Vec::new();
        for at in 0..self.dropped.len() {
            let rule = self.dropped[at];
            if self.before[rule].head.is_none() {
                let rows = self.derived_before(rule)?;
                lapsed.extend(violation(self.before, self.relations, rule, rows));
            }
        }
        Ok(lapsed)
    }

    /// Violations that are new, and those that are mended.
    pub fn constraints(&mut self) -> Result<(Vec<Violation>, Vec<Violation>), Halt> {
        let (mut violated, mut mended) = (Vec::new(), Vec::new());
        let reached: Vec<RuleId> = {
            let constraints = &self.nature.constraints;
            let touched = |id: &RelationId| !self.overlays[id.index()].is_empty();
            let reached = constraints
                .iter()
                .filter(|(rule, read)| self.added.contains(rule) || read.iter().any(touched));
            reached.map(|(rule, _)| *rule).collect()
        };
        for rule in reached {
            let (mut new, mut gone) = (BTreeSet::new(), BTreeSet::new());
            if self.added.contains(&rule) {
                let nothing = [Row::from([])];
                for row in self.heads(rule, Start::Nothing, &nothing, View::Now)? {
                    new.insert(row);
                }
            } else {
                for (start, seeds) in self.lost(rule)? {
                    for row in self.heads(rule, start, &seeds, View::Before)? {
                        gone.insert(row);
                    }
                }
                for (start, seeds) in self.gained(rule)? {
                    for row in self.heads(rule, start, &seeds, View::Now)? {
                        new.insert(row);
                    }
                }
                let (candidates, lost) = (std::mem::take(&mut new), std::mem::take(&mut gone));
                for row in candidates {
                    if self.finds(rule, &row, View::Before)?.is_none() {
                        new.insert(row);
                    }
                }
                for row in lost {
                    if self.finds(rule, &row, View::Now)?.is_none() {
                        gone.insert(row);
                    }
                }
            }
            violated.extend(violation(self.program, self.relations, rule, new));
            mended.extend(violation(self.program, self.relations, rule, gone));
        }
        Ok((violated, mended))
    }

    /// What a rule of the old program derived.
    pub fn derived_before(&self, rule: RuleId) -> Result<Vec<Row>, Halt> {
        let dictionary = self.context.dictionary;
        let route = survey(
            self.before,
            rule,
            &Start::Nothing,
            self.relations,
            dictionary,
        );
        self.along(&route, &[Row::from([])], View::Before, &|_| true)
    }
}

fn violation(
    program: &CheckedProgram,
    relations: &[RelationState],
    rule: RuleId,
    rows: impl IntoIterator<Item = Row>,
) -> Option<Violation> {
    let mut rows = rows.into_iter().peekable();
    // Asking for the columns makes a plan, and mostly there are no rows.
    rows.peek()?;
    let variables = violation_columns(program, rule, &Sizes(relations));
    let mut all = Rows::new(variables.len());
    for row in rows {
        all.push(&row);
    }
    let named = variables
        .iter()
        .map(|var| &program[rule].variables[var.index()]);
    let (columns, types) = named
        .map(|variable| (variable.name.clone(), variable.ty))
        .unzip();
    Some(Violation {
        constraint: rule,
        columns,
        types,
        rows: SortedRows::from_unsorted(all).into_rows(),
    })
}
