//! Looking at a case from within a world.

use super::error::Error;
use super::loaded::Session;
use super::standing::State;
use crate::hypothesis::Overlay;
use crate::syntax::diagnostic::Diagnostic;

/// A world that a session can go into.
pub(super) struct Prepared {
    pub state: State,
    /// What is odd about its overlays.
    pub notes: Vec<Diagnostic>,
}

/// Worlds that are kept at a time.
pub(super) const AT_A_TIME: usize = 8;

impl Session {
    /// The world under some overlays.
    pub(super) fn prepared(&self, overlays: &[&Overlay]) -> Result<Prepared, Error> {
        let laid = self.lay(overlays)?;
        Ok(Prepared {
            state: self.derive(laid.standing)?,
            notes: laid.notes,
        })
    }

    /// What a session would answer in another state. Afterwards it is as it was.
    pub(super) fn look_from<T>(
        &mut self,
        state: State,
        ask: impl FnOnce(&mut Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let asked = self.asked.take();
        let before = self.swap(state);
        let answer = ask(self);
        self.swap(before);
        self.asked = asked;
        answer
    }
}
