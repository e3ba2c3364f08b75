//! The world of an overlay that brings no rules, by what it touches alone.

use super::super::abduce::{Breach, Overlay, Readers};
use crate::analysis::checked::CheckedProgram;
use crate::engine::Budget;
use crate::explain::{Fact, Facts, Meter};
use crate::storage::Dictionary;

/// The rows of a case with some facts assumed and others withdrawn.
pub struct Followed<'f> {
    rows: Overlay<'f>,
    /// Constraints newly violated.
    pub breaches: Vec<Breach>,
}

impl<'f> Followed<'f> {
    pub fn facts(&self) -> &dyn Facts {
        &self.rows
    }
}

/// `None`: only a run can tell. What is withdrawn is stated.
pub fn follow<'f>(
    facts: &'f dyn Facts,
    program: &CheckedProgram,
    dictionary: &Dictionary,
    assumed: &[Fact],
    withdrawn: &[Fact],
    budget: &Budget,
) -> Option<Followed<'f>> {
    let readers = Readers::of(program, dictionary);
    let meter = Meter::new(budget);
    let found = readers.consequences(facts, assumed, withdrawn, &meter);
    let (rows, breaches) = found.ok()?;
    Some(Followed { rows, breaches })
}
