//! Claims: a source says that a row holds, or that it does not.

use super::{Credibility, Grade, Interval, SourceId, Sources};
use crate::analysis::checked::RelationId;
use crate::storage::Code;
use std::sync::Arc;

/// A claim of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimId(pub u32);

impl ClaimId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A disputing claim never makes its fact hold: it is shown beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stance {
    #[default]
    Supports,
    Disputes,
}

/// One row of a claim file, as [`Claims`](super::Claims) or a reader hold it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim<'c> {
    /// As the file gives it, else `file:line`.
    pub id: &'c str,
    pub relation: RelationId,
    /// The values it is about.
    pub row: &'c [Code],
    /// `None`: the row names nobody.
    pub source: Option<SourceId>,
    pub credibility: Credibility,
    pub interval: Interval,
    pub stance: Stance,
    pub note: Option<&'c str>,
    pub file: &'c Arc<str>,
    pub line: u32,
}

impl<'c> Claim<'c> {
    pub(super) fn fact(&self) -> (RelationId, &'c [Code]) {
        (self.relation, self.row)
    }

    pub fn grade(&self, sources: &Sources) -> Grade {
        Grade {
            reliability: self
                .source
                .map(|source| sources[source].reliability)
                .unwrap_or_default(),
            credibility: self.credibility,
        }
    }
}
