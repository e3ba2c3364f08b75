//! What a run is made from.

use super::data::Data;
use super::loaded::Session;
use super::program::Program;
use crate::analysis::checked::CheckedProgram;
use crate::engine::Database;
use crate::engine::budget::RunReport;
use crate::evidence::Claims;
use crate::explain::{Case, Fact};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Program, data, and how much of it counts. Cheap to copy.
#[derive(Clone)]
pub(super) struct Standing {
    pub program: Program,
    pub data: Arc<Data>,
    /// All that were read; those that do not count are withdrawn.
    pub claims: Claims,
    /// Facts that stand for the sake of argument.
    pub assumed: Arc<FxHashSet<Fact>>,
    /// Facts of rule text and plain data that do not stand.
    pub withdrawn: Arc<FxHashSet<Fact>>,
    /// Conclusions whose pieces were never true at one time do not hold.
    pub at_once: bool,
}

/// What a session is in at one time: what it runs, and the outcome.
pub(super) struct State {
    pub standing: Standing,
    pub database: Database,
    pub report: RunReport,
}

impl Session {
    pub(super) fn standing(&self) -> Standing {
        Standing {
            program: self.program.clone(),
            data: self.data.clone(),
            claims: self.claims.clone(),
            assumed: self.assumed.clone(),
            withdrawn: self.withdrawn.clone(),
            at_once: self.options.lens.at_once,
        }
    }

    /// Puts the session into another state; gives the one it was in.
    pub(super) fn swap(&mut self, state: State) -> State {
        let before = State {
            standing: self.standing(),
            database: std::mem::replace(&mut self.database, state.database),
            report: std::mem::replace(&mut self.report, state.report),
        };
        let Standing {
            program,
            data,
            claims,
            assumed,
            withdrawn,
            at_once: _,
        } = state.standing;
        self.program = program;
        self.data = data;
        self.claims = claims;
        self.assumed = assumed;
        self.withdrawn = withdrawn;
        self.asked = None;
        self.stale = false;
        self.gather_warnings();
        before
    }

    /// States in a database what stands, and what the embedding program inserted.
    pub(super) fn state(&self, standing: &Standing, database: &mut Database) {
        for (relation, rows) in standing.rows() {
            database.state(relation, rows);
        }
        let inserted_into = self.program();
        for (relation, rows) in &self.inserted {
            // An overlay with relations of its own may number them otherwise.
            let name = &inserted_into[*relation].name;
            if let Some(relation) = database.program().relation_named(name) {
                let mut rows = rows.clone();
                standing.keep(relation, &mut rows);
                database.state(relation, rows);
            }
        }
    }
}

/// A state to look at: that of the session, or one it was or may be in.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub program: &'a Arc<CheckedProgram>,
    pub data: &'a Arc<Data>,
    pub claims: &'a Claims,
    pub assumed: &'a FxHashSet<Fact>,
    pub withdrawn: &'a FxHashSet<Fact>,
    pub at_once: bool,
    pub database: &'a Database,
    pub report: &'a RunReport,
}

impl<'a> Side<'a> {
    /// As explanations see it. Where there are claims, only they and what is assumed can be withdrawn: rule text and
    /// plain files are given. Where there are none, every stated fact counts.
    pub fn case(&self) -> Case<'a> {
        let case = Case::new(
            self.database,
            self.program,
            self.database.dictionary(),
            self.claims,
            &self.data.sources,
        )
        .at_once(self.at_once)
        .assuming(self.assumed)
        .judged(&self.data.judgements);
        match self.claims.is_empty() {
            true => case,
            false => case.only_claims(),
        }
    }
}

impl State {
    pub(super) fn side(&self) -> Side<'_> {
        Side {
            program: &self.standing.program.checked,
            data: &self.standing.data,
            claims: &self.standing.claims,
            assumed: &self.standing.assumed,
            withdrawn: &self.standing.withdrawn,
            at_once: self.standing.at_once,
            database: &self.database,
            report: &self.report,
        }
    }
}

impl Session {
    pub(super) fn here(&self) -> Side<'_> {
        Side {
            program: &self.program.checked,
            data: &self.data,
            claims: &self.claims,
            assumed: &self.assumed,
            withdrawn: &self.withdrawn,
            at_once: self.options.lens.at_once,
            database: &self.database,
            report: &self.report,
        }
    }
}
