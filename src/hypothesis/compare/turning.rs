//! Evidence on which goals turn without resting on it: without it something follows that a rule wants absent, or counts.

use super::contender::Contender;
use super::evidence::{Altered, Evidence, Gathered, Inquiry, SAME, Subject, told};
use crate::analysis::checked::RelationId;
use crate::analysis::reviving;
use crate::engine::Budget;
use crate::evidence::{ClaimId, Stance};
use crate::explain::Meter;
use rustc_hash::FxHashSet;

/// Up to so many claims of which a goal may turn on one are tried one by one.
const MOST_TURNING: usize = 1 << 12;
/// Rows that it may take to tell which claims these are.
const MOST_ROWS_TO_TURN: u64 = 1 << 20;

impl<E> Inquiry<'_, '_, E> {
    /// Claims on which goals turn beside what was gathered: without one something follows that a rule wants absent, or
    /// counts. And whether all that may be such were looked at.
    pub(super) fn turning(&self, gathered: &Gathered) -> Result<(Vec<ClaimId>, bool), E> {
        let as_it_is = Altered::default();
        let may_turn = self.each(|contender, meter| contender.may_turn(meter));
        let ids = self.first_of(may_turn.concat());
        if ids.len() > MOST_TURNING {
            return Ok((Vec::new(), false));
        }
        let known = self.columns(gathered, &as_it_is);
        let mut columns = self.columns_of(&ids, &|_| true, &|_| true);
        columns.retain(|one| known.iter().all(|known| known.subject != one.subject));
        let swayed = self.each(|contender, meter| {
            let told = columns.iter().map(|one| contender.told(&one.claims, &[]));
            contender.swayed_by(&told.collect::<Vec<_>>(), meter)
        });
        let mut by_any = (0..columns.len()).map(|at| swayed.iter().any(|swayed| swayed[at]));
        columns.retain(|_| by_any.next() == Some(true));
        let withdrawals = columns.iter().map(|one| Altered {
            withdrawn: one.claims.to_vec(),
            found: Vec::new(),
        });
        let asked: Vec<(Altered, bool)> = withdrawals.map(|one| (one, true)).collect();
        self.ahead(|contender| told(contender, &asked, false));
        let mut found = Vec::new();
        for column in &columns {
            for (at, state) in gathered.states.iter().enumerate() {
                let (change, known) = self.further(at, &column.claims, &as_it_is)?;
                let strength = self.contenders[at].strength(&known, &change);
                let is_as_strong = (strength - state.stand.strength).abs() < SAME;
                if known.holds != state.stand.holds || !is_as_strong {
                    found.extend(self.claim_of(column));
                }
            }
        }
        Ok((self.first_of(found), true))
    }

    /// A claim that has this column and no other one.
    fn claim_of(&self, column: &Evidence) -> Option<ClaimId> {
        let root = match column.subject {
            Subject::Claim(id) => return Some(id),
            Subject::Root(root) => root,
            Subject::Label(_) => return None,
        };
        let of_root = |id: &&ClaimId| {
            let source = self.claims.get(**id).source;
            source.is_some_and(|source| self.sources.roots(source) == [root])
        };
        column.claims.iter().find(of_root).copied()
    }
}

impl<E> Contender<'_, E> {
    /// Claims whose withdrawal may bring something about that a goal depends on.
    fn may_turn(&self, meter: &Meter) -> Vec<ClaimId> {
        let goals: Vec<RelationId> = self.goals.iter().map(|goal| goal.relation).collect();
        let small = Meter::new(&Budget {
            rows: Some(MOST_ROWS_TO_TURN),
            ..meter.rest()
        });
        self.case().turning(&goals, &small).unwrap_or_else(|| {
            let of_goals = goals.iter().map(|&goal| reviving(self.program, goal));
            let reviving: FxHashSet<RelationId> = of_goals.flatten().collect();
            let claims = self.claims.iter();
            let claims = claims.filter(|(_, claim)| {
                claim.stance == Stance::Supports && reviving.contains(&claim.relation)
            });
            claims.map(|(id, _)| id).collect()
        })
    }
}
