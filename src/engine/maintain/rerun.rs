//! Strata that are derived anew, and compared with what they were.

use super::journal::Deed;
use super::transaction::{Setting, Transaction};
use super::{Overlay, Row};
use crate::analysis::checked::{
    CheckedProgram, FunctorOp, RelationId, RelationKind, RuleId, Stratum,
};
use crate::engine::admission::Admission;
use crate::engine::budget::{Spent, Stop, Unobserved, watching_memory};
use crate::engine::relation::RelationState;
use crate::engine::run::Run;
use crate::syntax::ast::DirectiveKind;
use rustc_hash::FxHashSet;

/// Old rows are kept while this part of them, or fewer, are other ones.
const PART: usize = if cfg!(test) { 2 } else { 8 };

/// Whether rows of the stratum depend on more than which rows the relations below have, or on the order in which they
/// come.
pub fn resists(program: &CheckedProgram, stratum: &Stratum) -> bool {
    let limited = |id: RelationId| {
        program
            .directives()
            .iter()
            .any(|directive| directive.kind == DirectiveKind::Limitsize && directive.relation == id)
    };
    stratum.relations.iter().any(|&id| {
        program[id].kind != RelationKind::Plain
            || !program[id].choice_domains.is_empty()
            || program[id].lattice.is_some()
            || program.subsumptions().iter().any(|s| s.relation == id)
            || stratum.recursive && limited(id)
    }) || stratum
        .rules
        .iter()
        .any(|&rule| calls(program, rule, &FunctorOp::IterationCount))
}

/// Whether a stratum cannot even be derived anew by itself: it counts on, or logs, what happens in others.
pub fn entangled(program: &CheckedProgram, stratum: &Stratum) -> bool {
    let logged = program
        .relations()
        .any(|(id, relation)| match relation.kind {
            RelationKind::Delta(of) => {
                stratum.relations.contains(&of) || stratum.relations.contains(&id)
            }
            _ => false,
        });
    logged
        || stratum
            .rules
            .iter()
            .any(|&rule| calls(program, rule, &FunctorOp::Autoinc))
}

fn calls(program: &CheckedProgram, rule: RuleId, op: &FunctorOp) -> bool {
    let rule = &program[rule];
    let like = |other: &FunctorOp| other == op;
    let mut head = rule.head.iter().flat_map(|head| &head.args);
    head.any(|term| term.calls(&like)) || rule.body.iter().any(|literal| literal.kind.calls(&like))
}

impl Transaction<'_> {
    /// Derives one stratum anew from the strata below, which are done.
    pub fn rerun(&mut self, at: usize, setting: &Setting) -> Result<(), Stop> {
        let stratum = &self.program.strata()[at];
        let mut others = Vec::new();
        for &id in &stratum.relations {
            let fresh = self.fresh(id, setting);
            let old = std::mem::replace(&mut self.relations[id.index()], fresh);
            others.push((id, old));
        }
        // Rows are younger than what they may be derived from, and as young as they were where that is so already.
        let above = self.program.strata()[at..].iter();
        let above: FxHashSet<RelationId> = above.flat_map(|one| one.relations.clone()).collect();
        let below = self.program.relations().map(|(id, _)| id);
        let below = below.filter(|id| !above.contains(id));
        let tick = below
            .map(|id| self.relations[id.index()].latest_birth())
            .max();
        let spent = Spent::default();
        let mut run = Run::new(
            self.program,
            setting.dictionary,
            setting.functors,
            setting.options,
            &Unobserved,
            setting.pool,
            &spent,
        );
        let relations = &mut *self.relations;
        let outcome = watching_memory(&setting.options.budget, &spent, || {
            run.stratum_again(at, relations, tick.unwrap_or(0))
        });
        self.faulted |= run.has_faults();
        for (id, old) in others {
            match outcome {
                Ok(()) => self.compare(id, old),
                Err(_) => self.relations[id.index()] = old,
            }
        }
        outcome
    }

    /// Derives everything anew.
    pub fn rerun_all(&mut self, setting: &Setting) -> Result<(), Stop> {
        let ids: Vec<RelationId> = self.program.relations().map(|(id, _)| id).collect();
        let mut fresh: Vec<RelationState> = ids
            .iter()
            .map(|&id| {
                let mut state = self.empty(id);
                state.state(self.relations[id.index()].told_rows());
                state
            })
            .collect();
        let spent = Spent::default();
        let run = Run::new(
            self.program,
            setting.dictionary,
            setting.functors,
            setting.options,
            &Unobserved,
            setting.pool,
            &spent,
        );
        let report = watching_memory(&setting.options.budget, &spent, || run.run(&mut fresh))?;
        self.faulted |= !report.faults.is_empty();
        for (&id, mut state) in ids.iter().zip(fresh) {
            // Where rules add nothing the change has been made already.
            if self.relations[id.index()].may_grow() {
                state.let_grow();
                let old = std::mem::replace(&mut self.relations[id.index()], state);
                self.compare(id, old);
            }
        }
        Ok(())
    }

    fn empty(&self, id: RelationId) -> RelationState {
        let relation = &self.program[id];
        RelationState::new(
            relation.arity(),
            u64::from(id.0),
            Admission::to(id, relation),
        )
    }

    /// A relation with what is stated of it.
    fn fresh(&self, id: RelationId, setting: &Setting) -> RelationState {
        let mut state = self.empty(id);
        state.state(self.relations[id.index()].told_rows());
        state.open(true, setting.options.threads, true, self.births);
        state
    }

    /// Notes in what a relation that was derived anew differs from what it was. Where that is little, the old rows are
    /// changed to the new ones: indexes stay, and forks go on sharing.
    fn compare(&mut self, id: RelationId, mut old: RelationState) {
        let mut overlay = Overlay::default();
        let Overlay { plus, minus, .. } = &mut overlay;
        let new = &mut self.relations[id.index()];
        old.set.differences(
            &new.set,
            &mut |row| minus.extend([Row::from(row)]),
            &mut |row| plus.extend([Row::from(row)]),
        );
        let (mut births, mut before) = (None, None);
        if self.births {
            new.swap_births(&mut births);
            old.swap_births(&mut before);
            if let (Some(births), Some(before)) = (&births, &before) {
                births.later_than(before, &mut |row, birth| {
                    overlay.reborn.push((Row::from(row), birth));
                });
            }
        }
        let differing = overlay.minus.len() + overlay.plus.len();
        if differing * PART <= old.set.len() && old.can_change() {
            for row in &overlay.minus {
                old.take(row);
            }
            for row in &overlay.plus {
                old.add(row);
            }
            *new = old;
        }
        new.swap_births(&mut births);
        for row in &overlay.minus {
            self.journal.note(Deed::Taken(id, row.clone()));
        }
        for row in &overlay.plus {
            self.journal.note(Deed::Added(id, row.clone()));
        }
        if self.births {
            self.journal.note(Deed::Births(id, Box::new(before)));
        }
        self.overlays[id.index()] = overlay;
    }
}
