//! Running the program over a part of what is stated.

use super::at_once::run_through_lens;
use super::data::Data;
use super::error::Error;
use super::loaded::Session;
use super::options::Options;
use super::standing::Standing;
use crate::analysis::checked::RelationId;
use crate::engine::Database;
use crate::evidence::{Claim, Claims, Lens, Stance};
use crate::explain::Fact;
use crate::storage::Rows;

impl Data {
    /// The claims that a lens lets through.
    pub(super) fn seen(&self, lens: &Lens) -> Claims {
        match lens.takes_all() {
            true => self.claims.clone(),
            false => self.claims.without(
                self.claims
                    .iter()
                    .filter(|(_, claim)| !lens.admits(claim, &self.sources))
                    .map(|(id, _)| id),
            ),
        }
    }
}

impl Standing {
    /// What is stated.
    pub(super) fn rows(&self) -> Vec<(RelationId, Rows)> {
        let all_stand = self.claims.all_stand();
        let files = self.data.rows.iter().flatten();
        let mut rows: Vec<(RelationId, Rows)> = files
            .filter(|stated| all_stand || !stated.claimed)
            .map(|stated| {
                let mut rows = stated.rows.clone();
                if !stated.claimed {
                    self.keep(stated.relation, &mut rows);
                }
                (stated.relation, rows)
            })
            .collect();
        if !all_stand {
            rows.extend(rows_of(self.claims.iter().map(|(_, claim)| claim)));
        }
        for fact in self.assumed.iter() {
            let mut row = Rows::new(fact.row.len());
            row.push(&fact.row);
            rows.push((fact.relation, row));
        }
        rows
    }

    /// Takes out of plain data what is withdrawn.
    pub(super) fn keep(&self, relation: RelationId, rows: &mut Rows) {
        if self.withdrawn.iter().any(|fact| fact.relation == relation) {
            let mut kept = Rows::new(rows.arity());
            rows.iter()
                .filter(|row| !self.withdrawn.contains(&Fact::new(relation, row)))
                .for_each(|row| kept.push(&row));
            *rows = kept;
        }
    }
}

/// The rows that claims support.
fn rows_of<'a>(claims: impl Iterator<Item = Claim<'a>>) -> Vec<(RelationId, Rows)> {
    let mut rows: Vec<(RelationId, Rows)> = Vec::new();
    for claim in claims.filter(|claim| claim.stance == Stance::Supports) {
        let at = rows
            .iter()
            .position(|(relation, _)| *relation == claim.relation)
            .unwrap_or_else(|| {
                rows.push((claim.relation, Rows::new(claim.row.len())));
                rows.len() - 1
            });
        rows[at].1.push(claim.row);
    }
    rows
}

impl Session {
    /// What follows from what is stated when only some claims count, of a relation and all it is made from; others may not
    /// be what they should be. The session stays as it is.
    pub(super) fn run_with(
        &self,
        relation: RelationId,
        stands: impl Fn(&Claim) -> bool,
    ) -> Result<Database, Error> {
        let gone = self.claims().iter().filter(|(_, claim)| !stands(claim));
        let standing = Standing {
            claims: self.claims().without(gone.map(|(id, _)| id)),
            ..self.standing()
        };
        let cone = self.case().cone(&[relation]);
        match self.follow_within(&standing, Some(&cone))? {
            Some((database, ..)) => Ok(database),
            None => self.run_as(&standing, self.lens().clone()),
        }
    }

    /// Everything that follows whether or not it was ever true at one time.
    pub(super) fn run_at_any_time(&self) -> Result<Database, Error> {
        // Where it is kept, that was done already.
        if self.lens().at_once
            && !self.stale
            && let Some(ever) = self.changeable()
        {
            return Ok(ever.fork());
        }
        let lens = Lens {
            at_once: false,
            ..self.lens().clone()
        };
        self.run_as(&self.standing(), lens)
    }

    fn run_as(&self, standing: &Standing, lens: Lens) -> Result<Database, Error> {
        let program = standing.program.checked.clone();
        let mut database = Database::new(program, self.database.dictionary().clone());
        self.state(standing, &mut database);
        // Small runs side by side: more threads would only wait for each other.
        let options = Options {
            threads: 1,
            lens,
            ..self.options.clone()
        };
        match run_through_lens(
            &mut database,
            &options,
            &standing.claims,
            &self.data.sources,
        ) {
            Ok(_) => Ok(database),
            Err(stop) => Err(self.stopped(&stop)),
        }
    }
}
