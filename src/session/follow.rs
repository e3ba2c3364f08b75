//! What follows when a little is otherwise, from what follows now.

use super::at_once::{KnownDays, Part, are_dated, hold_at_once};
use super::error::Error;
use super::loaded::{Session, same_inputs};
use super::standing::Standing;
use super::world::FEW_ROWS;
use crate::analysis::checked::{CheckedProgram, Literal, LiteralKind, RelationId};
use crate::engine::{Change, Database, Difference, RunReport, Violation};
use crate::explain::Fact;
use crate::storage::{Rows, SortedRows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use std::time::Instant;

/// What follows, what a run would report, and on which days it holds.
pub(super) type Followed = (Database, RunReport, Option<KnownDays>);
/// Rows withdrawn at once before a run is thought of, and what part of all that are stated: one in so many.
const MANY_WITHDRAWN: usize = 64;
const WIDE: u64 = 8;

impl Session {
    /// Everything that follows from what stands, by following what is otherwise than in this session through the rules,
    /// other rules among it. The same as a run, in time in proportion to what the difference reaches. `None` where only a
    /// run can tell: over other data, or where functors have no value. Where things have to hold at one time, that is
    /// worked out from all that follows.
    pub(super) fn follow(
        &self,
        standing: &Standing,
    ) -> Result<Option<(Database, RunReport)>, Error> {
        let followed = self.follow_within(standing, None)?;
        Ok(followed.map(|(database, report, _)| (database, report)))
    }

    /// The same, and on which days everything holds, where that was worked out. Where only some relations are looked at,
    /// with all they are made from: others are not what they should be, nor is what is reported; the program is that of
    /// the session.
    pub(super) fn follow_within(
        &self,
        standing: &Standing,
        only: Option<&FxHashSet<RelationId>>,
    ) -> Result<Option<Followed>, Error> {
        let (here, there) = (&self.program.checked, &standing.program.checked);
        let at_once = self.options.lens.at_once;
        let followable = Arc::ptr_eq(&standing.data, &self.data)
            && standing.at_once == at_once
            && (!at_once || are_dated(&standing.claims))
            && !self.stale
            && (Arc::ptr_eq(here, there) || same_inputs(here, there));
        if !followable {
            return Ok(None);
        }
        let started = Instant::now();
        let Some(base) = self.changeable() else {
            return Ok(None);
        };
        let mut change = self.change_to(standing, base);
        change.within = only.map(|only| {
            there
                .relations()
                .map(|(id, _)| only.contains(&id))
                .collect()
        });
        if self.is_wide(base, &change) || self.mostly_falls(base, there, &change) {
            return Ok(None);
        }
        let mut database = base.fork();
        let difference = database
            .change(&change, &self.options.budget)
            .map_err(|stop| self.stopped_in(&stop, there))?;
        if difference.faulted || self.faults_are_reached(there, &difference) {
            return Ok(None);
        }
        let stated = database.stated_len();
        let relations = there.relations();
        let rows: u64 = relations.map(|(id, _)| database.len(id) as u64).sum();
        let report = RunReport {
            stated,
            derived: rows.saturating_sub(stated),
            rounds: self.report.rounds,
            elapsed: started.elapsed(),
            violations: amended(&self.report.violations, &difference),
            faults: self.report.faults.clone(),
            ..RunReport::default()
        };
        if at_once {
            let (claims, sources) = (&standing.claims, &standing.data.sources);
            let rows = difference.appeared.iter().chain(&difference.fell);
            let mut touched: FxHashSet<RelationId> = rows.map(|(id, _)| *id).collect();
            touched.extend(self.otherwise(standing).iter().map(|fact| fact.relation));
            let since = self.known_days().filter(|_| Arc::ptr_eq(here, there));
            let since = since.map(|known| (known, &touched));
            let part = Part { only, since };
            return hold_at_once(&database, part, report, &self.options, claims, sources)
                .map(|(held, days, report)| Some((held, report, days)))
                .map_err(|stop| self.stopped_in(&stop, there));
        }
        Ok(Some((database, report, None)))
    }

    /// Whether the database of the session, and of its worlds, can be changed in place.
    pub(super) fn can_change(&self) -> bool {
        !self.options.lens.at_once
    }

    /// Whether a rule in which a functor had no value is gone, or reads something that is otherwise.
    fn faults_are_reached(&self, program: &CheckedProgram, difference: &Difference) -> bool {
        let rows = difference.appeared.iter().chain(&difference.fell);
        let changed: FxHashSet<RelationId> = rows.map(|(id, _)| *id).collect();
        self.report.faults.iter().any(|fault| {
            let mut rules = program
                .rules()
                .filter(|(_, rule)| Some(rule.span) == fault.place)
                .peekable();
            rules.peek().is_none() || rules.any(|(_, rule)| reads(&rule.body, &changed))
        })
    }

    /// What to state and withdraw so that what is stated becomes what stands, and the program if it is another.
    fn change_to(&self, standing: &Standing, base: &Database) -> Change {
        let (here, there) = (&self.program.checked, &standing.program.checked);
        let known = here.relations().count();
        let (mut state, mut withdraw) = (FxHashMap::default(), FxHashMap::default());
        for fact in self.otherwise(standing) {
            let stands = !standing
                .claims
                .supporting(fact.relation, &fact.row)
                .is_empty()
                || standing.assumed.contains(&fact)
                || (!standing.withdrawn.contains(&fact) && self.is_plain_in(base, &fact));
            let told = fact.relation.index() < known && base.is_told(fact.relation, &fact.row);
            let changes = match (stands, told) {
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
            program: (!Arc::ptr_eq(here, there)).then(|| there.clone()),
            within: None,
            judged: false,
        }
    }

    /// Whether so much is withdrawn from a small case that a run has less to do than to look for what else carries what
    /// leaned on it: that takes two to four times as long as to derive it.
    fn is_wide(&self, base: &Database, change: &Change) -> bool {
        let withdrawn: usize = change.withdraw.iter().map(|(_, rows)| rows.len()).sum();
        let small = base.stated_len() + self.report.derived <= FEW_ROWS;
        small && withdrawn > MANY_WITHDRAWN && withdrawn as u64 * WIDE > base.stated_len()
    }

    /// Whether more than half of what is derived has nothing left to follow from: then a run has less to do. Takes time in
    /// proportion to the rules.
    fn mostly_falls(&self, base: &Database, there: &CheckedProgram, change: &Change) -> bool {
        let here = &self.program.checked;
        let known = here.relations().count();
        let rows_in = |changes: &[(RelationId, Rows)], id: RelationId| -> usize {
            let of = changes.iter().filter(|(relation, _)| *relation == id);
            of.map(|(_, rows)| rows.len()).sum()
        };
        let told = |id: RelationId| match id.index() < known {
            true => base.told_len(id),
            false => 0,
        };
        let is_told = |id| told(id) + rows_in(&change.state, id) > rows_in(&change.withdraw, id);
        let mut filled: Vec<bool> = there.relations().map(|(id, _)| is_told(id)).collect();
        for stratum in there.strata() {
            let mut growing = true;
            while std::mem::take(&mut growing) {
                for &rule in &stratum.rules {
                    let rule = &there[rule];
                    let Some(head) = &rule.head else { continue };
                    let can_fire = rule.body.iter().all(|literal| match &literal.kind {
                        LiteralKind::Atom(atom) => filled[atom.relation.index()],
                        _ => true,
                    });
                    growing |= can_fire
                        && !std::mem::replace(&mut filled[head.relation.index()], can_fire);
                }
            }
        }
        let (mut derived, mut lost) = (0, 0);
        for (id, _) in here.relations() {
            let rows = base.len(id).saturating_sub(told(id));
            derived += rows;
            lost += if filled[id.index()] { 0 } else { rows };
        }
        2 * lost > derived
    }

    /// The facts of which something that could state them is otherwise.
    fn otherwise(&self, standing: &Standing) -> FxHashSet<Fact> {
        let (here, there) = (&self.claims, &standing.claims);
        let gone = here
            .standing_but_in(there)
            .into_iter()
            .map(|id| here.get(id));
        let back = there
            .standing_but_in(here)
            .into_iter()
            .map(|id| there.get(id));
        let mut facts: FxHashSet<Fact> = gone
            .chain(back)
            .map(|claim| Fact::new(claim.relation, claim.row))
            .collect();
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
    pub(super) fn is_plain(&self, fact: &Fact) -> bool {
        self.is_plain_in(&self.database, fact)
    }

    /// The same by what a database was told that stands for the session's.
    fn is_plain_in(&self, base: &Database, fact: &Fact) -> bool {
        let known = fact.relation.index() < self.program.checked.relations().count();
        let elsewhere = || {
            let claims = &self.claims;
            self.assumed.contains(fact) || !claims.supporting(fact.relation, &fact.row).is_empty()
        };
        // What the database was told tells it at once, but for what others state too, or what does not count now.
        if known && !self.stale && !self.withdrawn.contains(fact) {
            match base.is_told(fact.relation, &fact.row) {
                false => return false,
                true if !elsewhere() => return true,
                true => {}
            }
        }
        let files = self.data.rows.iter().flatten();
        let files = files.filter(|stated| !stated.claimed);
        let inserted = self.inserted.iter().map(|(id, rows)| (*id, rows));
        files
            .map(|stated| (stated.relation, &stated.rows))
            .chain(inserted)
            .filter(|(relation, _)| *relation == fact.relation)
            .any(|(_, rows)| rows.has(&fact.row))
    }
}

fn reads(body: &[Literal], relations: &FxHashSet<RelationId>) -> bool {
    body.iter().any(|literal| match &literal.kind {
        LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => relations.contains(&atom.relation),
        LiteralKind::Aggregate(aggregate) => reads(&aggregate.body, relations),
        _ => false,
    })
}

/// Violations after a difference, when these were there before.
fn amended(before: &[Violation], difference: &Difference) -> Vec<Violation> {
    let kept = |violation: &Violation| {
        let constraint = match &difference.renamed {
            Some(renamed) => *renamed.get(&violation.constraint)?,
            None => violation.constraint,
        };
        Some(Violation {
            constraint,
            ..violation.clone()
        })
    };
    let mut all: Vec<Violation> = before.iter().filter_map(kept).collect();
    for violation in &difference.mended {
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
    for violation in &difference.violated {
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
