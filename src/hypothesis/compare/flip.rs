//! The smallest changes that put another contender first.
//!
//! Sets are tried by size, none that contains one found before: exact over what is tried, within the size and the number
//! of trials that the answer names.

use super::contender::{Contender, Stand};
use super::evidence::Table;
use super::score::{Score, leader, scores};
use crate::engine::Budget;
use crate::evidence::{ClaimId, Claims, Sources};
use crate::explain::{Fact, Meter};
use rustc_hash::FxHashSet;

/// One part of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Withdraw the evidence in this column.
    Withdraw(usize),
    /// Find this fact.
    Find(Fact),
}

#[derive(Clone, Copy, Debug)]
pub struct FlipBound {
    /// Pieces of evidence withdrawn at once.
    pub size: usize,
    pub trials: usize,
}

#[derive(Clone, Debug)]
pub struct Flips {
    /// Minimal sets, smallest first, each with who leads then; `None`: nobody alone.
    pub sets: Vec<(Vec<Change>, Option<usize>)>,
    /// All sets of withdrawals up to this size were tried.
    pub complete_to: usize,
}

/// What changes are tried on.
pub struct Stage<'s, 'a, E> {
    pub contenders: &'s [Contender<'a, E>],
    pub table: &'s Table,
    pub claims: &'s Claims,
    pub sources: &'s Sources,
    pub meter: &'s Meter,
    pub budget: &'s Budget,
}

impl<E> Stage<'_, '_, E> {
    /// How each scores without the evidence in some columns and with some facts more.
    pub fn scores_if(&self, columns: &[usize], found: &[Fact]) -> Result<Vec<Score>, E> {
        let withdrawn: FxHashSet<ClaimId> = columns
            .iter()
            .flat_map(|&at| self.table.evidence[at].claims.iter().copied())
            .collect();
        let stands: Result<Vec<(Stand, usize)>, E> = self
            .contenders
            .iter()
            .map(|contender| {
                let stand = contender.stand_if(&withdrawn, found, self.meter, self.budget)?;
                let assumed = contender
                    .assumed
                    .iter()
                    .filter(|fact| !found.contains(fact));
                Ok((stand, assumed.count()))
            })
            .collect();
        Ok(scores(
            self.table,
            &stands?,
            columns,
            self.claims,
            self.sources,
        ))
    }
}

/// Withdrawals of the evidence of a table, then findings, each of these sets as a whole.
pub fn flips<E>(stage: &Stage<E>, findings: &[Vec<Fact>], bound: FlipBound) -> Result<Flips, E> {
    let (table, meter) = (stage.table, stage.meter);
    let trial = |columns: &[usize], found: &[Fact]| -> Result<Option<usize>, E> {
        Ok(leader(&stage.scores_if(columns, found)?))
    };
    let now = trial(&[], &[])?;
    let mut flips = Flips {
        sets: Vec::new(),
        complete_to: 0,
    };
    let can_go: Vec<usize> = (0..table.evidence.len())
        .filter(|&at| !table.evidence[at].claims.is_empty())
        .collect();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut trials = 0;
    'sizes: for size in 1..=bound.size {
        let mut digits: Vec<usize> = (0..size).collect();
        while digits.last().is_some_and(|&last| last < can_go.len()) {
            let set: Vec<usize> = digits.iter().map(|&at| can_go[at]).collect();
            if !found
                .iter()
                .any(|part| part.iter().all(|at| set.contains(at)))
            {
                trials += 1;
                if trials > bound.trials || meter.stopped().is_some() {
                    break 'sizes;
                }
                let then = trial(&set, &[])?;
                if then != now {
                    let changes = set.iter().map(|&at| Change::Withdraw(at)).collect();
                    flips.sets.push((changes, then));
                    found.push(set);
                }
            }
            advance(&mut digits, can_go.len());
        }
        flips.complete_to = size;
    }
    for facts in findings {
        let then = trial(&[], facts)?;
        if then != now {
            let changes = facts.iter().cloned().map(Change::Find).collect();
            flips.sets.push((changes, then));
        }
    }
    flips.sets.sort_by_key(|(changes, _)| changes.len());
    Ok(flips)
}

/// The next combination in lexicographic order; past the last one, its last digit is out of range.
fn advance(digits: &mut [usize], count: usize) {
    let size = digits.len();
    for at in (0..size).rev() {
        if digits[at] + (size - at) < count || at == 0 {
            digits[at] += 1;
            for later in at + 1..size {
                digits[later] = digits[later - 1] + 1;
            }
            return;
        }
    }
}
