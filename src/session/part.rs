//! Running the program over a part of what is stated.

use super::at_once::run_through_lens;
use super::data::{Data, Stated};
use super::error::Error;
use super::loaded::Session;
use super::options::Options;
use crate::analysis::checked::CheckedProgram;
use crate::engine::Database;
use crate::evidence::{Claim, Claims, Lens, Stance};
use crate::storage::Rows;
use std::sync::Arc;

impl Data {
    /// The claims that a lens lets through; `None`: all of them.
    pub(super) fn seen(&self, lens: &Lens) -> Option<Claims> {
        if lens.takes_all() {
            return None;
        }
        let mut seen = Claims::new();
        for (_, claim) in self.claims.iter() {
            if lens.admits(claim, &self.sources) {
                // Ids were distinct before.
                let _ = seen.insert(claim.clone());
            }
        }
        Some(seen)
    }

    /// What files state when only some claims count.
    pub(super) fn stated(&self, claims: Option<&Claims>) -> Vec<Stated> {
        let all = self.rows.iter().flatten();
        match claims {
            None => all.cloned().collect(),
            Some(claims) => all
                .filter(|stated| !stated.claimed)
                .cloned()
                .chain(rows_of(claims.iter().map(|(_, claim)| claim)))
                .collect(),
        }
    }
}

/// The rows that claims support.
fn rows_of<'a>(claims: impl Iterator<Item = &'a Claim>) -> Vec<Stated> {
    let mut rows: Vec<Stated> = Vec::new();
    for claim in claims.filter(|claim| claim.stance == Stance::Supports) {
        let at = rows
            .iter()
            .position(|stated| stated.relation == claim.relation)
            .unwrap_or_else(|| {
                rows.push(Stated {
                    relation: claim.relation,
                    rows: Rows::new(claim.row.len()),
                    claimed: true,
                });
                rows.len() - 1
            });
        rows[at].rows.push(&claim.row);
    }
    rows
}

impl Session {
    /// Everything that follows from what is stated when only some claims count. The session stays as it is.
    pub(super) fn run_with(&self, stands: impl Fn(&Claim) -> bool) -> Result<Database, Error> {
        self.run_program(&self.program.checked, stands)
    }

    /// Everything that follows whether or not it was ever true at one time.
    pub(super) fn run_at_any_time(&self) -> Result<Database, Error> {
        let lens = Lens {
            at_once: false,
            ..self.lens().clone()
        };
        self.run_as(&self.program.checked, |_| true, lens)
    }

    /// The same for another program with the same relations.
    pub(super) fn run_program(
        &self,
        program: &Arc<CheckedProgram>,
        stands: impl Fn(&Claim) -> bool,
    ) -> Result<Database, Error> {
        self.run_as(program, stands, self.lens().clone())
    }

    fn run_as(
        &self,
        program: &Arc<CheckedProgram>,
        stands: impl Fn(&Claim) -> bool,
        lens: Lens,
    ) -> Result<Database, Error> {
        let mut database = Database::new(program.clone(), self.database.dictionary().clone());
        let claims = || self.claims().iter().map(|(_, claim)| claim);
        for stated in rows_of(claims().filter(|claim| stands(claim))) {
            database.state(stated.relation, stated.rows);
        }
        let mut standing = Claims::new();
        if lens.at_once {
            for claim in claims().filter(|claim| stands(claim)) {
                // Ids were distinct before.
                let _ = standing.insert(claim.clone());
            }
        }
        for stated in self
            .data
            .rows
            .iter()
            .flatten()
            .filter(|stated| !stated.claimed)
        {
            database.state(stated.relation, stated.rows.clone());
        }
        for (relation, rows) in &self.inserted {
            database.state(*relation, rows.clone());
        }
        // Small runs side by side: more threads would only wait for each other.
        let options = Options {
            threads: 1,
            lens,
            ..self.options.clone()
        };
        match run_through_lens(&mut database, &options, &standing, &self.data.sources) {
            Ok(_) => Ok(database),
            Err(stop) => Err(self.stopped(&stop)),
        }
    }
}
