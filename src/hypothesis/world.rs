//! A case under overlays: what would follow.

use super::difference::Difference;
use crate::analysis::checked::CheckedProgram;
use crate::engine::Database;
use crate::engine::budget::RunReport;
use crate::evidence::{Claims, Sources};
use crate::explain::{Case, Fact};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A run of a case of its own. Ids of relations and claims are those of the case it was made from, unless an overlay
/// brought relations of its own ([`World::shares_ids`]).
pub struct World {
    pub(crate) database: Database,
    pub(crate) claims: Claims,
    pub(crate) sources: Arc<Sources>,
    pub(crate) assumed: Arc<FxHashSet<Fact>>,
    pub(crate) report: RunReport,
    pub(crate) shares_ids: bool,
    pub(crate) notes: Vec<Diagnostic>,
}

impl World {
    pub fn program(&self) -> &Arc<CheckedProgram> {
        self.database.program()
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// All claims of the case; those the overlays withdraw do not stand.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Facts that are assumed, and would have to be found.
    pub fn assumed(&self) -> &FxHashSet<Fact> {
        &self.assumed
    }

    /// Violated constraints among others.
    pub fn report(&self) -> &RunReport {
        &self.report
    }

    /// Whether relations and claims have the same ids as in the case.
    pub fn shares_ids(&self) -> bool {
        self.shares_ids
    }

    /// What is odd about the overlays: assumptions that hold anyway, withdrawals of nothing.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    pub fn holds(&self, fact: &Fact) -> bool {
        self.database.contains(fact.relation, &fact.row)
    }

    /// For proofs, supports and cuts. As in the case itself, where there are claims only they can be withdrawn.
    pub fn case(&self) -> Case<'_> {
        let case = Case::new(
            &self.database,
            self.database.program(),
            self.database.dictionary(),
            &self.claims,
            &self.sources,
        )
        .assuming(&self.assumed);
        match self.claims.is_empty() {
            true => case,
            false => case.only_claims(),
        }
    }

    /// What this world has and another has not, and the other way round.
    pub fn difference_from(&self, before: &World) -> Difference {
        Difference::between(
            (&before.database, &before.report),
            (&self.database, &self.report),
        )
    }
}
