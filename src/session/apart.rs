//! What follows, but only from what was never true at one time.

use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use super::standing::Side;
use crate::evidence::{Claims, GradeTables};
use crate::explain::{Fact, Support};
use serde::Serialize;
use std::fmt;

/// Supports among which the one is looked for that comes nearest.
const LOOKED_AT: usize = 100;

/// Why what follows was never true at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeverAtOnce {
    /// The claims between which the fewest days lie; none where days on which all claims hold are kept from it by what is
    /// absent or counted then.
    pub apart: Option<Apart>,
}

/// Two claims of one support that share no day, and so keep all of it from ever having been true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Apart {
    pub ended: DatedClaim,
    pub began: DatedClaim,
    /// From the last day of the one to the first day of the other.
    pub gap_days: i64,
}

/// A claim and a date of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatedClaim {
    pub claim: String,
    pub date: String,
}

impl Session {
    /// What keeps what agrees with a pattern from holding under `--time`; `None` where that is not asked for, or nothing
    /// agrees with it whatever its days.
    pub(super) fn never_at_once(&self, pattern: &Pattern) -> Result<Option<NeverAtOnce>, Error> {
        if !self.lens().at_once {
            return Ok(None);
        }
        let ever = self.run_at_any_time()?;
        let rows = ever.matching(pattern.relation, &pattern.codes);
        let Some(row) = rows.iter().find(|row| pattern.agrees(row)) else {
            return Ok(None);
        };
        let side = Side {
            database: &ever,
            at_once: false,
            ..self.here()
        };
        let fact = Fact::new(pattern.relation, &row);
        let tables = GradeTables::default();
        let budget = self.explanation_budget();
        let found = side.case().supports(&fact, &tables, LOOKED_AT, &budget);
        let apart = found
            .supports
            .iter()
            .filter_map(|support| apart(support, &self.claims));
        Ok(Some(NeverAtOnce {
            apart: apart.min_by_key(|apart| apart.gap_days),
        }))
    }
}

/// The first claim that ended before others began, and the last of these.
fn apart(support: &Support, claims: &Claims) -> Option<Apart> {
    let disjoint = support.interval.as_ref().err()?;
    let all = || support.claims().map(|claim| claims.get(claim));
    let ended = all().find(|claim| claim.interval.to() == Some(disjoint.ended))?;
    let began = all().find(|claim| claim.interval.from() == Some(disjoint.began))?;
    Some(Apart {
        ended: DatedClaim {
            claim: ended.id.to_string(),
            date: disjoint.ended.to_string(),
        },
        began: DatedClaim {
            claim: began.id.to_string(),
            date: disjoint.began.to_string(),
        },
        gap_days: disjoint.gap_in_days(),
    })
}

/// `a1 ended 2020-06, a2 began 2021: 185 days apart`.
impl fmt::Display for NeverAtOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Apart {
            ended,
            began,
            gap_days,
        }) = &self.apart
        else {
            return write!(f, "on no day does all hold that it follows from");
        };
        write!(
            f,
            "{} ended {}, {} began {}: ",
            ended.claim, ended.date, began.claim, began.date
        )?;
        match gap_days {
            1 => write!(f, "a day apart"),
            days => write!(f, "{days} days apart"),
        }
    }
}
