//! Looking at a case from within a world.

use super::error::Error;
use super::loaded::Session;
use crate::hypothesis::Overlay;
use crate::syntax::diagnostic::Diagnostic;

impl Session {
    /// What a session would answer under some overlays, and what is odd about them. Afterwards it is as it was.
    pub(super) fn within<T>(
        &mut self,
        overlays: &[&Overlay],
        ask: impl FnOnce(&mut Session) -> Result<T, Error>,
    ) -> Result<(T, Vec<Diagnostic>), Error> {
        let laid = self.lay(overlays)?;
        let state = self.derive(laid.standing)?;
        let asked = self.asked.take();
        let before = self.swap(state);
        let answer = ask(self);
        self.swap(before);
        self.asked = asked;
        Ok((answer?, laid.notes))
    }
}
