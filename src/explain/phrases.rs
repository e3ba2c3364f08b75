//! Conditions, statements and gaps in words.

use super::case::Case;
use super::lineage::{Condition, Statement};
use super::proof::Gap;
use super::testimony::latest_source;
use super::text::{fact_text, pattern_text};
use crate::analysis::checked::RelationId;
use crate::engine::StopReason;
use crate::io::quote_value;
use crate::storage::Code;

impl Case<'_> {
    /// `no employs("x-a",_) among 437 rows, the latest source of 2026-02-11`.
    pub(super) fn absence(
        &self,
        relation: RelationId,
        pattern: &[Option<Code>],
        among: usize,
    ) -> String {
        let pattern = pattern_text(self.program, self.dictionary, relation, pattern);
        let rows = match among {
            0 => "there are no rows".to_owned(),
            1 => "among 1 row".to_owned(),
            rows => format!("among {rows} rows"),
        };
        match latest_source(self.claims, self.sources, relation) {
            Some(date) => format!("no {pattern} {rows}, the latest source of {date}"),
            None if among == 0 => format!("no {pattern}: {rows}"),
            None => format!("no {pattern} {rows}"),
        }
    }
}

impl Case<'_> {
    /// A condition of a support: `no staff("x-g",_)`, `count = 3 over uses("x-g",_)`.
    pub fn condition_text(&self, condition: &Condition) -> String {
        let pattern = |(relation, pattern): &(RelationId, Vec<Option<Code>>)| {
            pattern_text(self.program, self.dictionary, *relation, pattern)
        };
        match condition {
            Condition::Absent {
                relation,
                pattern: asked,
            } => format!("no {}", pattern(&(*relation, asked.clone()))),
            Condition::Chosen(fact) => {
                format!(
                    "{} is chosen",
                    fact_text(self.program, self.dictionary, fact)
                )
            }
            Condition::Undominated(fact) => {
                let fact = fact_text(self.program, self.dictionary, fact);
                format!("nothing dominates {fact}")
            }
            Condition::Total {
                op,
                ty,
                result,
                over,
            } => {
                let result = quote_value(self.dictionary, self.program, *ty, *result);
                let over = over.as_ref().map(pattern);
                match over {
                    Some(over) => format!("{} = {result} over {over}", op.name()),
                    None => format!("{} = {result}", op.name()),
                }
            }
        }
    }

    /// What withdraws a statement: the id of a claim, else the fact itself; `+` before one that is assumed.
    pub fn statement_text(&self, statement: &Statement) -> String {
        match statement {
            Statement::Claim(claim) => self.claims.get(*claim).id.to_string(),
            Statement::Data(fact) => {
                let text = fact_text(self.program, self.dictionary, fact);
                match self.is_assumed(fact) {
                    true => format!("+{text}"),
                    false => text,
                }
            }
            Statement::Text(rule) => match self.stated_by(*rule) {
                Some(fact) => fact_text(self.program, self.dictionary, &fact),
                None => String::new(),
            },
        }
    }
}

pub(super) fn gap_text(gap: Gap) -> &'static str {
    match gap {
        Gap::NoDerivation => "no rule derives it from the rows as they stand",
        Gap::Budget(StopReason::Time) => "not explained: the time is used up",
        Gap::Budget(StopReason::Cancelled) => "not explained: stopped",
        Gap::Budget(_) => "not explained: the budget is used up",
    }
}
