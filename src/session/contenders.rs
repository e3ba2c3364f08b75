//! Hypotheses laid on the case, each in a world of its own, to be compared.

use super::at_once::{KnownDays, ValidDays};
use super::error::Error;
use super::loaded::Session;
use crate::analysis::check_pattern;
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::engine::Database;
use crate::engine::budget::{RunReport, Violation};
use crate::evidence::{ClaimId, Claims};
use crate::explain::{Dates, Fact, stated_by};
use crate::hypothesis::compare::{Given, Goal};
use crate::hypothesis::{Overlay, Withdrawal, World, reserved};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A hypothesis laid on the case.
pub(super) struct Laid {
    pub world: World,
    /// On which days everything holds, where that was worked out.
    pub days: Option<KnownDays>,
    pub given: Given,
    /// What the case violates, by the ids of the world's program.
    pub known: Vec<Violation>,
    /// What the world violates besides.
    pub violated: usize,
    pub notes: Vec<String>,
}

/// A hypothesis that can be compared.
pub(super) struct Entry {
    pub name: String,
    pub overlay: Overlay,
    pub title: Option<String>,
}

impl Session {
    /// The case under overlays.
    pub(super) fn laid(&self, overlays: &[&Overlay]) -> Result<Laid, Error> {
        let (world, days) = self.world_and_days(overlays)?;
        if !world.shares_ids() {
            return Err(self.rejected(vec![
                Diagnostic::error(
                    "D085",
                    "a hypothesis that reads other data cannot be compared",
                )
                .help("leave `.input` to the rules of the case"),
            ]));
        }
        let violated = self.difference(&world).violated;
        Ok(Laid {
            given: self.given(world.program(), world.assumed()),
            known: self.violations_in(world.program()),
            violated: violated
                .iter()
                .map(|broken| broken.violation.rows.len())
                .sum(),
            notes: world
                .notes()
                .iter()
                .map(|note| note.message.clone())
                .collect(),
            world,
            days,
        })
    }

    /// What the case violates, by the ids of another program.
    fn violations_in(&self, program: &Arc<CheckedProgram>) -> Vec<Violation> {
        if Arc::ptr_eq(program, &self.program.checked) {
            return self.report.violations.clone();
        }
        // One clause with `;` is several constraints, in the same order in every program.
        let of = |program: &CheckedProgram, span: Span| -> Vec<RuleId> {
            let all = program.constraints().iter().copied();
            all.filter(|&rule| program[rule].span == span).collect()
        };
        let moved = self.report.violations.iter().filter_map(|violation| {
            let span = self.program()[violation.constraint].span;
            let here = of(self.program(), span);
            let at = here.iter().position(|&rule| rule == violation.constraint)?;
            Some(Violation {
                constraint: *of(program, span).get(at)?,
                ..violation.clone()
            })
        });
        moved.collect()
    }

    /// Whether the case itself has a fact, which may be of a relation that it has not.
    pub(super) fn holds_here(&self, fact: &Fact) -> bool {
        fact.relation.index() < self.program().relations().count()
            && self.database.contains(fact.relation, &fact.row)
    }

    /// What an overlay withdraws, fact by fact or by pattern.
    pub(super) fn denied_by(&self, overlay: &Overlay, program: &CheckedProgram) -> Vec<Goal> {
        let patterns = overlay.withdrawn.iter().filter_map(|one| match one {
            Withdrawal::Atom(atom) if reserved(atom, program).is_none() => {
                let (relation, terms) = check_pattern(program, atom).ok()?;
                let pattern = self.values(atom, &terms).ok()?;
                Some(Goal { relation, pattern })
            }
            _ => None,
        });
        patterns.collect()
    }

    pub(super) fn newly_withdrawn(&self, claims: &Claims) -> Vec<ClaimId> {
        let mut withdrawn = claims.withdrawn();
        withdrawn.retain(|&claim| self.claims().stands(claim));
        withdrawn
    }

    /// Whether what changes of a world come to can be told without a run.
    pub(super) fn foresees(&self) -> bool {
        // Births tell what is stated and what is derived.
        self.options.births && !self.options.faults_are_errors && !self.spec.strict
    }

    /// When claims count, where that matters; `known`: on which days everything holds, where that was worked out.
    pub(super) fn dates_of<'a>(
        &self,
        claims: &'a Claims,
        known: Option<&'a KnownDays>,
    ) -> Option<Dates<'a>> {
        self.options.lens.at_once.then(|| {
            let intervals = claims.iter().map(|(_, claim)| claim.interval);
            let valid = match known {
                Some(known) => known.valid.clone(),
                None => ValidDays::of(intervals),
            };
            Dates {
                days: valid.count(),
                within: Box::new(move |claim| valid.within(claims.get(claim).interval)),
                past: known.map(|known| &known.past),
            }
        })
    }

    /// Facts of relations with claims that something else states too.
    pub(super) fn given(&self, program: &CheckedProgram, assumed: &FxHashSet<Fact>) -> Given {
        let claimed: FxHashSet<RelationId> = self
            .claims()
            .iter()
            .map(|(_, claim)| claim.relation)
            .collect();
        let mut given = self.stated_otherwise(program, &|id| claimed.contains(&id));
        given.extend(assumed.iter().cloned());
        given
    }

    /// Facts of some relations that rule text, plain data or what was typed states.
    fn stated_otherwise(&self, program: &CheckedProgram, of: &dyn Fn(RelationId) -> bool) -> Given {
        let mut given = Given::default();
        for (_, rule) in program.rules().filter(|(_, rule)| rule.body.is_empty()) {
            let fact = stated_by(rule, self.dictionary());
            given.extend(fact.filter(|fact| of(fact.relation)));
        }
        let data = self.data.rows.iter().flatten();
        for stated in data.filter(|one| !one.claimed && of(one.relation)) {
            let rows = stated.rows.iter();
            let rows = rows.map(|row| Fact::new(stated.relation, &row));
            given.extend(rows.filter(|fact| !self.withdrawn.contains(fact)));
        }
        for (relation, rows) in self.inserted.iter().filter(|(id, _)| of(*id)) {
            given.extend(rows.iter().map(|row| Fact::new(*relation, &row)));
        }
        given
    }

    /// Facts among some that the case states, each with the claims without which it does not; none: it does whatever falls.
    pub(super) fn said(
        &self,
        assumed: &FxHashSet<Fact>,
        planted: &[ClaimId],
    ) -> FxHashMap<Fact, Vec<ClaimId>> {
        let mut said = FxHashMap::default();
        if assumed.is_empty() {
            return said;
        }
        let of = |id: RelationId| assumed.iter().any(|fact| fact.relation == id);
        let otherwise = self.stated_otherwise(self.program(), &of);
        for fact in assumed.iter().filter(|fact| self.holds_here(fact)) {
            let mut claims = self.claims().supporting(fact.relation, &fact.row);
            claims.retain(|claim| !planted.contains(claim));
            if otherwise.contains(fact) {
                said.insert(fact.clone(), Vec::new());
            } else if !claims.is_empty() {
                said.insert(fact.clone(), claims);
            }
        }
        said
    }

    pub(super) fn run_world(
        &self,
        planted: &Overlay,
        overlay: &Overlay,
        withdrawn: &[ClaimId],
        found: &[Fact],
    ) -> Result<(Database, RunReport), Error> {
        let mut more = Overlay::default();
        for &claim in withdrawn {
            more = more.withdraw(Withdrawal::Claim(claim));
        }
        for fact in found {
            more = more.assume(fact.clone());
        }
        let world = self.world(&[planted, overlay, &more])?;
        let mut report = world.report.clone();
        // Only what the case does not violate counts.
        report.violations = self
            .difference(&world)
            .violated
            .into_iter()
            .map(|broken| broken.violation)
            .collect();
        Ok((world.database, report))
    }
}
