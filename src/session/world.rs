//! The case under overlays.

use super::at_once::{KnownDays, run_through_lens};
use super::error::{Error, Findings};
use super::functors;
use super::layer::Layer;
use super::loaded::{Session, same_inputs};
use super::options::Options;
use super::program::Program;
use super::standing::{Standing, State};
use crate::analysis::checked::{CheckedProgram, RuleId};
use crate::engine::Database;
use crate::explain::Fact;
use crate::hypothesis::{Difference, Overlay, Withdrawal, World, reserved};
use crate::syntax::ast::Item;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Rows up to which one thread is faster than several.
pub(super) const FEW_ROWS: u64 = 200_000;

/// What overlays come to.
pub(super) struct Laid {
    pub standing: Standing,
    /// Relations and claims kept their ids.
    pub shares_ids: bool,
    /// Something is withdrawn: what held may not hold.
    pub withdraws: bool,
    pub notes: Vec<Diagnostic>,
}

impl Session {
    /// Everything that follows under some overlays, the later ones on top of the earlier; the session stays as it is. A
    /// run of its own, over the data that is loaded already.
    pub fn world(&self, overlays: &[&Overlay]) -> Result<World, Error> {
        self.world_and_days(overlays).map(|(world, _)| world)
    }

    /// The same, and on which days everything holds there, where that was worked out.
    pub(super) fn world_and_days(
        &self,
        overlays: &[&Overlay],
    ) -> Result<(World, Option<KnownDays>), Error> {
        let laid = self.lay(overlays)?;
        let (shares_ids, notes) = (laid.shares_ids, laid.notes);
        let standing = laid.standing;
        let (state, days) = match self.follow_within(&standing, None)? {
            None => (self.derive_from_scratch(standing)?, None),
            Some((database, report, days)) => {
                let state = State {
                    standing,
                    database,
                    report,
                };
                (state, days)
            }
        };
        let world = World {
            database: state.database,
            claims: state.standing.claims,
            sources: state.standing.data.sources.clone(),
            assumed: state.standing.assumed,
            report: state.report,
            shares_ids,
            notes,
        };
        Ok((world, days))
    }

    /// What a world has and the session has not, and the other way round.
    pub fn difference(&self, world: &World) -> Difference {
        Difference::between(
            (&self.database, &self.report),
            (&world.database, &world.report),
        )
    }

    /// Runs what stands.
    pub(super) fn derive(&self, standing: Standing) -> Result<State, Error> {
        match self.follow(&standing)? {
            Some((database, report)) => Ok(State {
                standing,
                database,
                report,
            }),
            None => self.derive_from_scratch(standing),
        }
    }

    /// The same by a run of its own.
    pub(super) fn derive_from_scratch(&self, standing: Standing) -> Result<State, Error> {
        let checked = &standing.program.checked;
        let mut database = Database::new(checked.clone(), self.database.dictionary().clone());
        self.state(&standing, &mut database);
        let threads = match self.report.stated + self.report.derived > FEW_ROWS {
            true => self.options.threads,
            false => 1,
        };
        let options = Options {
            threads,
            ..self.options.clone()
        };
        let (claims, sources) = (&standing.claims, &standing.data.sources);
        let report = run_through_lens(&mut database, &options, claims, sources)
            .map_err(|stop| self.stopped_in(&stop, checked))?;
        self.accept_faults(&report)?;
        Ok(State {
            standing,
            database,
            report,
        })
    }

    /// What stands under some overlays, or all that is wrong with them.
    pub(super) fn lay(&self, overlays: &[&Overlay]) -> Result<Laid, Error> {
        let mut laid = Laid {
            standing: self.standing(),
            shares_ids: true,
            withdraws: false,
            notes: Vec::new(),
        };
        if laid.standing.data.rows.is_none() {
            laid.standing.data = Arc::new(self.read(self.program())?);
        }
        for overlay in overlays {
            laid.withdraws |= !overlay.withdrawn.is_empty();
            self.lay_rules(overlay, &mut laid)?;
            let mut errors = Vec::new();
            let layer = Layer {
                session: self,
                overlay,
                laid: &mut laid,
            };
            layer.lay(&mut errors);
            if !errors.is_empty() {
                return Err(Findings::new(errors, &self.sources).into());
            }
        }
        Ok(laid)
    }

    /// Rules first: facts are read under the program that they are for.
    fn lay_rules(&self, overlay: &Overlay, laid: &mut Laid) -> Result<(), Error> {
        let program = &laid.standing.program;
        let mut dropped: FxHashSet<Span> = FxHashSet::default();
        let mut wrong = Vec::new();
        for withdrawal in &overlay.withdrawn {
            let found = match withdrawal {
                Withdrawal::Rule(place) => self.clauses_at(place, None),
                Withdrawal::RuleFile(file) => self.clauses_in(file, None),
                Withdrawal::Atom(atom) => match reserved(atom, &program.checked) {
                    Some(("rule", place)) => self.clauses_at(place, Some(atom.span)),
                    Some(("rules", file)) => self.clauses_in(file, Some(atom.span)),
                    _ => continue,
                },
                _ => continue,
            };
            match found {
                Ok(spans) => dropped.extend(spans),
                Err(unknown) => wrong.push(*unknown),
            }
        }
        if !wrong.is_empty() {
            return Err(Findings::new(wrong, &self.sources).into());
        }
        let more: Vec<Item> = overlay.clauses().cloned().collect();
        if dropped.is_empty() && more.is_empty() {
            return Ok(());
        }
        let edited = self.edited(program, &dropped, more, &laid.standing.withdrawn)?;
        functors::require(&edited.checked, &self.options.functors)
            .map_err(|missing| Findings::new(missing, &self.sources))?;
        if !same_inputs(&program.checked, &edited.checked) {
            laid.standing.data = Arc::new(self.read(&edited.checked)?);
            laid.shares_ids = false;
            let (old, new) = (&program.checked, &edited.checked);
            let moved = |facts: &FxHashSet<Fact>| -> Arc<FxHashSet<Fact>> {
                let moved = facts.iter().filter_map(|fact| renamed(fact, old, new));
                Arc::new(moved.collect())
            };
            let standing = laid.standing.claims.clone();
            let ids = standing.withdrawn();
            let names: FxHashSet<&str> = ids
                .into_iter()
                .map(|claim| standing.get(claim).id)
                .collect();
            laid.standing.assumed = moved(&laid.standing.assumed);
            laid.standing.withdrawn = moved(&laid.standing.withdrawn);
            let read = &laid.standing.data.claims;
            let gone = read.iter().filter(|(_, claim)| names.contains(claim.id));
            laid.standing.claims = read.without(gone.map(|(id, _)| id));
        }
        laid.standing.program = edited;
        Ok(())
    }

    /// A program without some clauses and with others. Facts in its text that were withdrawn from it stay out; what the
    /// new clauses state holds, though it was withdrawn before.
    pub(super) fn edited(
        &self,
        program: &Program,
        dropped: &FxHashSet<Span>,
        more: Vec<Item>,
        withdrawn: &FxHashSet<Fact>,
    ) -> Result<Program, Findings> {
        let new: FxHashSet<Span> = more.iter().map(|item| item.span).collect();
        let edited = program.edited(dropped, more, &self.spec, &self.sources)?;
        let dictionary = self.dictionary();
        let mut gone: FxHashSet<RuleId> = FxHashSet::default();
        for fact in withdrawn {
            let Some(there) = renamed(fact, &program.checked, &edited.checked) else {
                continue;
            };
            let standing = program.rules_stating(fact, dictionary).iter();
            let standing: Vec<Span> = standing.map(|&rule| program.checked[rule].span).collect();
            let stating = edited.rules_stating(&there, dictionary).iter().copied();
            gone.extend(stating.filter(|&rule| {
                let span = edited.checked[rule].span;
                !new.contains(&span) && !standing.contains(&span)
            }));
        }
        Ok(match gone.is_empty() {
            true => edited,
            false => edited.without_facts(|rule| !gone.contains(&rule)),
        })
    }

    /// Takes facts out of the text of the rules, but not out of that of an overlay.
    pub(super) fn drop_text(&self, gone: &[Fact], overlay: &Overlay, standing: &mut Standing) {
        let (program, own) = (&standing.program, overlay.places());
        let rules: FxHashSet<RuleId> = gone
            .iter()
            .flat_map(|fact| program.rules_stating(fact, self.dictionary()))
            .copied()
            .filter(|&rule| !own.contains(&program.checked[rule].span))
            .collect();
        if !rules.is_empty() {
            standing.program = standing
                .program
                .without_facts(|rule| !rules.contains(&rule));
        }
    }
}

/// A fact of one program as another has it.
fn renamed(fact: &Fact, from: &CheckedProgram, to: &CheckedProgram) -> Option<Fact> {
    let relation = to.relation_named(&from[fact.relation].name)?;
    (to[relation].arity() == fact.row.len()).then(|| Fact::new(relation, &fact.row))
}
