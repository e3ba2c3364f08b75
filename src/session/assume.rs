//! Going into suppositions and out of them.

use super::answer::Answer;
use super::error::Error;
use super::loaded::Session;
use super::overlays::Supposition;
use super::standing::State;
use super::what_if::WhatIf;
use crate::engine::Database;
use crate::engine::budget::RunReport;
use crate::hypothesis::Overlay;
use crate::syntax::diagnostic::Diagnostic;
use serde::Serialize;
use std::time::Instant;

/// One step into a supposition.
pub(super) struct Level {
    pub overlays: Vec<Overlay>,
    /// What they suppose, as it was when they were entered.
    lines: Vec<String>,
    /// What the session was in before, to go back to.
    below: State,
}

impl Level {
    fn is_hypothesis(&self) -> bool {
        self.overlays.iter().any(|overlay| overlay.name.is_some())
    }
}

/// A step out of suppositions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What does not hold any more, a line each.
    pub undone: Vec<String>,
    /// How many suppositions are left.
    pub depth: usize,
}

impl Session {
    /// Supposes something, on top of what is supposed already: from now on everything is asked under it, until
    /// [`Session::undo`].
    pub fn assume(&mut self, supposed: &Supposition) -> Result<WhatIf, Error> {
        self.refresh()?;
        let overlays = self.overlays_of(supposed)?;
        let told = self.step(overlays)?;
        self.undone.clear();
        Ok(told)
    }

    /// The same without telling the difference; gives what is odd about the overlays.
    pub fn enter(&mut self, supposed: &Supposition) -> Result<Vec<String>, Error> {
        self.refresh()?;
        let overlays = self.overlays_of(supposed)?;
        let laid = self.lay(&overlays.iter().collect::<Vec<_>>())?;
        let notes = laid.notes.iter().map(|note| self.note_line(note)).collect();
        let state = self.derive(laid.standing)?;
        self.enter_level(overlays, state);
        self.undone.clear();
        Ok(notes)
    }

    pub(super) fn suppose(&mut self, supposed: &Supposition) -> Result<Answer, Error> {
        self.assume(supposed).map(Box::new).map(Answer::Supposed)
    }

    /// Takes the last supposition back: the session is exactly as it was before.
    pub fn undo(&mut self) -> Result<Step, Error> {
        match self.levels.pop() {
            Some(level) => Ok(self.out_of(level)),
            None => Err(self.rejected(vec![
                Diagnostic::error("D080", "nothing is supposed: there is nothing to undo")
                    .help("`:assume` and `:withdraw` suppose something"),
            ])),
        }
    }

    /// Supposes again what was taken back last.
    pub fn redo(&mut self) -> Result<WhatIf, Error> {
        self.refresh()?;
        let Some(overlays) = self.undone.last().cloned() else {
            return Err(self.rejected(vec![Diagnostic::error(
                "D080",
                "nothing was undone since the last supposition",
            )]));
        };
        let told = self.step(overlays)?;
        self.undone.pop();
        Ok(told)
    }

    /// Takes back the innermost hypothesis that has a name, with all that was supposed since.
    pub fn leave(&mut self) -> Result<Step, Error> {
        let Some(first) = self.levels.iter().rposition(Level::is_hypothesis) else {
            return Err(self.rejected(vec![
                Diagnostic::error("D080", "no hypothesis was entered")
                    .help("`:hyp enter NAME` enters one; `:undo` takes back what was supposed"),
            ]));
        };
        let mut left = Step {
            undone: Vec::new(),
            depth: first,
        };
        for level in self.levels.split_off(first).into_iter().rev() {
            let step = self.out_of(level);
            left.undone.splice(0..0, step.undone);
        }
        left.depth = self.levels.len();
        Ok(left)
    }

    /// The difference that all suppositions together make.
    pub fn diff(&mut self) -> Result<WhatIf, Error> {
        self.refresh()?;
        let started = Instant::now();
        if self.levels.is_empty() {
            return Err(self.rejected(vec![
                Diagnostic::error("D080", "nothing is supposed: this is the case itself")
                    .help("`:assume` and `:withdraw` suppose something"),
            ]));
        }
        let base = &self.levels[0].below;
        let mut told = self.tell(base.side(), self.here());
        let overlays = self.levels.iter().flat_map(|level| &level.overlays);
        told.goals = self.goal_lines(&overlays.collect::<Vec<_>>(), base.side(), self.here());
        told.supposed = self.supposed();
        told.depth = self.levels.len();
        told.elapsed = started.elapsed();
        Ok(told)
    }

    /// What is supposed now, a line each.
    pub fn supposed(&self) -> Vec<String> {
        let lines = self.levels.iter().flat_map(|level| &level.lines);
        lines.cloned().collect()
    }

    /// Where one is, for a prompt: names of hypotheses, and how many other changes. Empty in the case itself.
    pub fn inside(&self) -> String {
        let names: Vec<&str> = self
            .levels
            .iter()
            .flat_map(|level| &level.overlays)
            .filter_map(|overlay| overlay.name.as_deref())
            .collect();
        let changes = self
            .levels
            .iter()
            .filter(|level| !level.is_hypothesis())
            .count();
        let mut inside = names.join(", ");
        if changes > 0 {
            if !inside.is_empty() {
                inside += " + ";
            }
            inside += &crate::analysis::findings::counted(changes, "change");
        }
        inside
    }

    fn step(&mut self, overlays: Vec<Overlay>) -> Result<WhatIf, Error> {
        let started = Instant::now();
        let laid = self.lay(&overlays.iter().collect::<Vec<_>>())?;
        let notes = laid.notes;
        let state = self.derive(laid.standing)?;
        let mut told = self.tell(self.here(), state.side());
        let of: Vec<&Overlay> = overlays.iter().collect();
        told.goals = self.goal_lines(&of, self.here(), state.side());
        told.notes = notes.iter().map(|note| self.note_line(note)).collect();
        self.enter_level(overlays, state);
        told.supposed = self
            .levels
            .last()
            .map_or_else(Vec::new, |level| level.lines.clone());
        told.depth = self.levels.len();
        told.elapsed = started.elapsed();
        Ok(told)
    }

    fn enter_level(&mut self, overlays: Vec<Overlay>, state: State) {
        let lines = overlays
            .iter()
            .flat_map(|overlay| self.overlay_lines(overlay))
            .collect();
        let below = self.swap(state);
        self.levels.push(Level {
            overlays,
            lines,
            below,
        });
    }

    fn out_of(&mut self, level: Level) -> Step {
        self.swap(level.below);
        let step = Step {
            undone: level.lines,
            depth: self.levels.len(),
        };
        self.undone.push(level.overlays);
        step
    }

    /// What is stated or counts has changed below everything that is supposed: supposes it all again on top.
    pub(super) fn rerun_levels(&mut self) -> Result<(), Error> {
        let mut stack: Vec<(Vec<Overlay>, Vec<String>, State)> = Vec::new();
        while let Some(level) = self.levels.pop() {
            let above = self.swap(level.below);
            stack.push((level.overlays, level.lines, above));
        }
        stack.reverse();
        // Kept aside, for the way back.
        let standing = self.standing();
        let dictionary = self.database.dictionary().clone();
        let base = self.swap(State {
            database: Database::new(standing.program.checked.clone(), dictionary),
            standing,
            report: RunReport::default(),
        });
        let outcome = self.rerun().and_then(|()| {
            stack.iter().try_for_each(|(overlays, ..)| {
                let laid = self.lay(&overlays.iter().collect::<Vec<_>>())?;
                let state = self.derive(laid.standing)?;
                self.enter_level(overlays.clone(), state);
                Ok(())
            })
        });
        if outcome.is_err() {
            self.levels.clear();
            self.swap(base);
            for (overlays, lines, above) in stack {
                let below = self.swap(above);
                self.levels.push(Level {
                    overlays,
                    lines,
                    below,
                });
            }
        }
        outcome
    }
}
