//! Backward search for rows of a recursive stratum that are sure to stay, where no births tell.
//!
//! A proof is a tree whose leaves need nothing of the stratum, so what it shows holds after the change whatever falls.
//! The search goes deeper step by step and gives up early: a row that is doomed for want of a proof is rederived later.

use super::Row;
use super::routes::Start;
use super::transaction::Transaction;
use super::walk::{Doomed, Halt, View};
use crate::analysis::checked::{RelationId, Stratum};
use rustc_hash::{FxHashMap, FxHashSet};

/// Depths tried, one after the other.
const DEPTHS: [u32; 4] = [1, 2, 4, 8];
/// Rows asked after for one candidate.
const ROWS: u32 = if cfg!(test) { 12 } else { 2000 };
/// Ways to derive a row by one rule that are looked at.
const WAYS: usize = if cfg!(test) { 3 } else { 64 };

/// Rows that are sure to stay.
pub type Proven = FxHashMap<RelationId, FxHashSet<Row>>;

struct Search<'s> {
    stratum: &'s Stratum,
    doomed: &'s Doomed,
    proven: &'s mut Proven,
    left: u32,
    /// Rows that have no proof of this depth, as far as was looked.
    failed: FxHashMap<(RelationId, Row), u32>,
}

impl Transaction<'_> {
    /// Whether a row was found to have a proof.
    pub fn is_proven(
        &mut self,
        stratum: &Stratum,
        relation: RelationId,
        row: &Row,
        doomed: &Doomed,
        proven: &mut Proven,
    ) -> Result<bool, Halt> {
        let mut search = Search {
            stratum,
            doomed,
            proven,
            left: ROWS,
            failed: FxHashMap::default(),
        };
        for depth in DEPTHS {
            search.failed.clear();
            if self.prove(&mut search, relation, row, depth)? {
                return Ok(true);
            }
            if search.left == 0 {
                break;
            }
        }
        Ok(false)
    }

    fn prove(
        &mut self,
        search: &mut Search,
        relation: RelationId,
        row: &Row,
        depth: u32,
    ) -> Result<bool, Halt> {
        let known = |proven: &Proven| proven.get(&relation).is_some_and(|rows| rows.contains(row));
        if known(search.proven) {
            return Ok(true);
        }
        let at = (relation, row.clone());
        if search.left == 0 || search.failed.get(&at).is_some_and(|&tried| tried >= depth) {
            return Ok(false);
        }
        search.left -= 1;
        // Also keeps a row from being its own premise.
        search.failed.insert(at, depth);
        if self.has_leaf(search, relation, row)? || self.has_branch(search, relation, row, depth)? {
            let rows = search.proven.entry(relation).or_default();
            rows.insert(row.clone());
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether a row is stated or follows from strata below alone.
    fn has_leaf(&mut self, search: &Search, relation: RelationId, row: &Row) -> Result<bool, Halt> {
        if self.is_given(relation, row) {
            return Ok(true);
        }
        for &rule in self.rules_of(relation).iter() {
            if !self.reads(rule, search.stratum) && self.finds(rule, row, View::Now)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a row follows from others that have proofs.
    fn has_branch(
        &mut self,
        search: &mut Search,
        relation: RelationId,
        row: &Row,
        depth: u32,
    ) -> Result<bool, Halt> {
        if depth == 0 {
            return Ok(false);
        }
        for &rule in self.rules_of(relation).iter() {
            if !self.reads(rule, search.stratum) {
                continue;
            }
            let view = View::Sure {
                doomed: search.doomed,
                before: None,
            };
            for premises in self.ways(rule, Start::Proof, row, view, WAYS)? {
                let mut holds = true;
                for (relation, row) in premises {
                    holds = self.prove(search, relation, &row, depth - 1)?;
                    if !holds {
                        break;
                    }
                }
                if holds {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
