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
    /// Changes at once.
    pub size: usize,
    pub trials: usize,
}

#[derive(Clone, Debug)]
pub struct Flips {
    /// Minimal sets, smallest first, each with who leads then; `None`: nobody alone.
    pub sets: Vec<(Vec<Change>, Option<usize>)>,
    /// All sets of up to so many changes were tried.
    pub complete_to: usize,
    /// Facts among the changes.
    pub findings: usize,
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
                let found: Vec<Fact> = found
                    .iter()
                    .filter(|fact| !contender.denies(fact))
                    .cloned()
                    .collect();
                let stand = contender.stand_if(&withdrawn, &found, self.meter, self.budget)?;
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

/// Smallest sets of withdrawals from a table and of findings, mixed, that put another one first. `findings` are tried as
/// wholes too where they are larger.
pub fn flips<E>(stage: &Stage<E>, findings: &[Vec<Fact>], bound: FlipBound) -> Result<Flips, E> {
    let mut changes: Vec<Change> = (0..stage.table.evidence.len())
        .filter(|&at| !stage.table.evidence[at].claims.is_empty())
        .map(Change::Withdraw)
        .collect();
    let withdrawals = changes.len();
    for fact in findings.iter().flatten() {
        let find = Change::Find(fact.clone());
        if !changes[withdrawals..].contains(&find) {
            changes.push(find);
        }
    }
    let mut search = Search {
        stage,
        now: leader(&stage.scores_if(&[], &[])?),
        found: Vec::new(),
        sets: Vec::new(),
    };
    let mut complete_to = 0;
    let mut trials = 0;
    'sizes: for size in 1..=bound.size {
        let mut digits: Vec<usize> = (0..size).collect();
        while digits.last().is_some_and(|&last| last < changes.len()) {
            if !search.is_known(&digits) {
                trials += 1;
                if trials > bound.trials || stage.meter.stopped().is_some() {
                    break 'sizes;
                }
                search.try_set(&digits, &changes)?;
            }
            advance(&mut digits, changes.len());
        }
        complete_to = size;
    }
    for facts in findings.iter().filter(|facts| facts.len() > complete_to) {
        let is_among = |(_, change): &(usize, &Change)| matches!(change, Change::Find(fact) if facts.contains(fact));
        let set: Vec<usize> = (changes.iter().enumerate())
            .filter(is_among)
            .map(|(at, _)| at)
            .collect();
        if !search.is_known(&set) {
            search.try_set(&set, &changes)?;
        }
    }
    Ok(Flips {
        sets: search.sets,
        complete_to,
        findings: changes.len() - withdrawals,
    })
}

struct Search<'s, 'a, E> {
    stage: &'s Stage<'s, 'a, E>,
    /// Who leads as it is.
    now: Option<usize>,
    /// Sets that put another one first, by the places of their changes, ascending.
    found: Vec<Vec<usize>>,
    sets: Vec<(Vec<Change>, Option<usize>)>,
}

impl<E> Search<'_, '_, E> {
    /// Whether a part of a set is enough.
    fn is_known(&self, set: &[usize]) -> bool {
        let mut found = self.found.iter();
        found.any(|part| part.iter().all(|at| set.contains(at)))
    }

    fn try_set(&mut self, set: &[usize], changes: &[Change]) -> Result<(), E> {
        let (mut columns, mut facts) = (Vec::new(), Vec::new());
        for &at in set {
            match &changes[at] {
                Change::Withdraw(column) => columns.push(*column),
                Change::Find(fact) => facts.push(fact.clone()),
            }
        }
        let then = leader(&self.stage.scores_if(&columns, &facts)?);
        if then != self.now {
            let changes = set.iter().map(|&at| changes[at].clone()).collect();
            self.sets.push((changes, then));
            self.found.push(set.to_vec());
        }
        Ok(())
    }
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
