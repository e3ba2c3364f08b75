//! What follows when a little is otherwise, from what follows now.

use super::error::Error;
use super::loaded::Session;
use super::standing::Standing;
use crate::engine::{Change, Database, RunReport, Violation};
use crate::evidence::Claims;
use crate::explain::Fact;
use crate::storage::{Rows, SortedRows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use std::time::Instant;

impl Session {
    /// Everything that follows from what stands, by following what is otherwise than in this session through the rules.
    /// The same as a run, in time in proportion to what the difference reaches. `None` where only a run can tell: under
    /// other rules, over other data, where things have to hold at one time, or where functors had no value.
    pub(super) fn follow(
        &self,
        standing: &Standing,
    ) -> Result<Option<(Database, RunReport)>, Error> {
        let alike = Arc::ptr_eq(&standing.program.checked, &self.program.checked)
            && Arc::ptr_eq(&standing.data, &self.data)
            && !(standing.at_once || self.options.lens.at_once)
            && self.report.faults.is_empty()
            && !self.stale;
        if !alike {
            return Ok(None);
        }
        let started = Instant::now();
        let change = self.change_to(standing);
        let mut database = self.database.fork();
        let difference = database
            .change(&change, &self.options.budget)
            .map_err(|stop| self.stopped(&stop))?;
        let count = |rows: &[(_, Rows)]| rows.iter().map(|(_, rows)| rows.len() as u64).sum();
        let (more, fewer): (u64, u64) = (count(&change.state), count(&change.withdraw));
        let stated = (self.report.stated + more).saturating_sub(fewer);
        let relations = self.program().relations();
        let rows: u64 = relations.map(|(id, _)| database.len(id) as u64).sum();
        let report = RunReport {
            stated,
            derived: rows.saturating_sub(stated),
            rounds: self.report.rounds,
            elapsed: started.elapsed(),
            violations: amended(
                &self.report.violations,
                &difference.violated,
                &difference.mended,
            ),
            ..RunReport::default()
        };
        Ok(Some((database, report)))
    }

    /// What to state and withdraw so that what is stated becomes what stands.
    fn change_to(&self, standing: &Standing) -> Change {
        let (mut state, mut withdraw) = (FxHashMap::default(), FxHashMap::default());
        for fact in self.otherwise(standing) {
            let stands = !standing
                .claims
                .supporting(fact.relation, &fact.row)
                .is_empty()
                || standing.assumed.contains(&fact)
                || (!standing.withdrawn.contains(&fact) && self.is_plain(&fact));
            let changes = match (stands, self.database.is_told(fact.relation, &fact.row)) {
                (true, false) => &mut state,
                (false, true) => &mut withdraw,
                _ => continue,
            };
            changes
                .entry(fact.relation)
                .or_insert_with(|| Rows::new(fact.row.len()))
                .push(&fact.row);
        }
        Change {
            state: state.into_iter().collect(),
            withdraw: withdraw.into_iter().collect(),
            program: None,
        }
    }

    /// The facts of which something that could state them is otherwise.
    fn otherwise(&self, standing: &Standing) -> FxHashSet<Fact> {
        let gone = |from: &Claims, to: &Claims| -> Vec<Fact> {
            from.iter()
                .filter(|(id, _)| !to.stands(*id))
                .map(|(_, claim)| Fact::new(claim.relation, &claim.row))
                .collect()
        };
        let mut facts: FxHashSet<Fact> = FxHashSet::default();
        facts.extend(gone(&self.claims, &standing.claims));
        facts.extend(gone(&standing.claims, &self.claims));
        facts.extend(
            self.assumed
                .symmetric_difference(&standing.assumed)
                .cloned(),
        );
        facts.extend(
            self.withdrawn
                .symmetric_difference(&standing.withdrawn)
                .cloned(),
        );
        facts
    }

    /// Whether a fact is in plain data or was inserted by the embedding program.
    fn is_plain(&self, fact: &Fact) -> bool {
        let files = self.data.rows.iter().flatten();
        let files = files.filter(|stated| !stated.claimed);
        let inserted = self.inserted.iter().map(|(id, rows)| (*id, rows));
        files
            .map(|stated| (stated.relation, &stated.rows))
            .chain(inserted)
            .filter(|(relation, _)| *relation == fact.relation)
            .any(|(_, rows)| rows.iter().any(|row| *row == *fact.row))
    }
}

/// Violations when some came and some went.
fn amended(before: &[Violation], came: &[Violation], went: &[Violation]) -> Vec<Violation> {
    let mut all = before.to_vec();
    for violation in went {
        let gone = SortedRows::from_unsorted(violation.rows.clone());
        for known in all
            .iter_mut()
            .filter(|known| known.constraint == violation.constraint)
        {
            let mut rest = Rows::new(known.rows.arity());
            let left = known.rows.iter().filter(|row| !gone.contains(row));
            left.for_each(|row| rest.push(&row));
            known.rows = rest;
        }
    }
    for violation in came {
        match all
            .iter_mut()
            .find(|known| known.constraint == violation.constraint)
        {
            Some(known) => {
                let mut rows = known.rows.clone();
                rows.append(&violation.rows);
                known.rows = SortedRows::from_unsorted(rows).into_rows();
            }
            None => all.push(violation.clone()),
        }
    }
    all.retain(|violation| !violation.rows.is_empty());
    all.sort_by_key(|violation| violation.constraint);
    all
}
