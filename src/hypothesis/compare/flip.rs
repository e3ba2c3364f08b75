//! The smallest changes that put another contender first.
//!
//! Sets are tried by size, none that contains one found before: exact over what is tried, within the size and the number
//! of trials that the answer names.

use super::ahead::ahead;
use super::contender::{Contender, Depth, Known, Stand};
use super::evidence::Table;
use super::foresight::Foreseen;
use super::score::{Score, leader, leader_whatever_strength, scores};
use crate::engine::Budget;
use crate::evidence::ClaimId;
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

/// Sets that are tried ahead.
const AT_ONCE: usize = 4_000;

/// What changes are tried on.
pub struct Stage<'s, 'a, E> {
    pub contenders: &'s [Contender<'a, E>],
    pub table: &'s Table,
    /// See [`copies`](super::copies).
    pub copies: &'s [usize],
    /// Contenders on which changes are tried at the same time.
    pub threads: usize,
    pub meter: &'s Meter,
    pub budget: &'s Budget,
}

impl<E> Stage<'_, '_, E> {
    /// How each scores without the evidence in some columns and with some facts more.
    pub fn scores_if(&self, columns: &[usize], found: &[Fact]) -> Result<Vec<Score>, E> {
        self.scores_beyond(&Both::default(), &Both::of(columns, found))
    }

    /// The same; `first` is a part of the change with which others begin that are asked about next.
    fn scores_beyond(&self, first: &Both, change: &Both) -> Result<Vec<Score>, E> {
        self.scored(change, |contender| {
            let (first, change) = (self.told(contender, first), self.told(contender, change));
            contender.stand_beyond(first.as_given(), change.as_given(), self.meter, self.budget)
        })
    }

    /// Who leads then.
    fn leader_beyond(&self, first: &Both, change: &Both) -> Result<Option<usize>, E> {
        match self.leader_by_outcome(first, change)? {
            Some(leader) => Ok(Some(leader)),
            None => Ok(leader(&self.scores_beyond(first, change)?)),
        }
    }

    /// The same where strength has no say in it.
    fn leader_by_outcome(&self, first: &Both, change: &Both) -> Result<Option<usize>, E> {
        let outcomes = self.scored(change, |contender| {
            let known = self.outcome(contender, first, change, self.meter)?;
            Ok(Stand {
                holds: known.holds,
                violated: known.violated,
                strength: known.strength.unwrap_or(0.0),
            })
        })?;
        Ok(leader_whatever_strength(&outcomes))
    }

    /// Scores from how each stands.
    fn scored(
        &self,
        change: &Both,
        stand: impl Fn(&Contender<E>) -> Result<Stand, E>,
    ) -> Result<Vec<Score>, E> {
        let stands: Result<Vec<(Stand, usize)>, E> = self
            .contenders
            .iter()
            .map(|contender| {
                let stand = stand(contender)?;
                let found = |fact: &&Fact| change.found.contains(fact) && !contender.denies(fact);
                let assumed = contender.assumed.iter().filter(|fact| !found(fact));
                Ok((stand, assumed.count()))
            })
            .collect();
        Ok(scores(self.table, &stands?, &change.columns, self.copies))
    }

    fn told(&self, contender: &Contender<E>, change: &Both) -> Told {
        told(contender, self.table, change)
    }

    fn outcome(
        &self,
        contender: &Contender<E>,
        first: &Both,
        change: &Both,
        meter: &Meter,
    ) -> Result<Known, E> {
        let (first, change) = (self.told(contender, first), self.told(contender, change));
        contender.outcome_beyond(first.as_given(), change.as_given(), meter, self.budget)
    }

    /// Who leads after each of some sets of changes; of fewer when the meter stops. They are tried on several contenders at a
    /// time.
    fn leaders(&self, sets: &[Vec<usize>], changes: &[Change]) -> Result<Vec<Option<usize>>, E> {
        let goes_on = || self.meter.stopped().is_none();
        self.try_to(Depth::Outcome, sets, changes);
        let mut leaders: Vec<Option<usize>> = Vec::new();
        for set in sets.iter().take_while(|_| goes_on()) {
            let (first, change) = Both::beginning(changes, set);
            leaders.push(self.leader_by_outcome(&first, &change)?);
        }
        let close = leaders.iter().zip(sets).filter(|(then, _)| then.is_none());
        let close: Vec<Vec<usize>> = close.map(|(_, set)| set.clone()).collect();
        self.try_to(Depth::Strength, &close, changes);
        for at in 0..leaders.len() {
            if leaders[at].is_none() {
                if !goes_on() {
                    leaders.truncate(at);
                    break;
                }
                let (first, change) = Both::beginning(changes, &sets[at]);
                leaders[at] = leader(&self.scores_beyond(&first, &change)?);
            }
        }
        Ok(leaders)
    }

    fn try_to(&self, depth: Depth, sets: &[Vec<usize>], changes: &[Change]) {
        let (contenders, table, budget) = (self.contenders, self.table, self.budget);
        let foresee = |contender: &Contender<E>, meter: &Meter| {
            let asked: Vec<Foreseen> = sets
                .iter()
                .map(|set| {
                    let told = told(contender, table, &Both::among(changes, set));
                    Foreseen {
                        withdrawn: told.withdrawn,
                        found: told.found,
                        depth,
                    }
                })
                .collect();
            contender.foresee(&asked, meter, budget);
        };
        let try_one = |contender: &Contender<E>, at: usize, meter: &Meter| {
            let (first, change) = Both::beginning(changes, &sets[at]);
            let first = told(contender, table, &first);
            let change = told(contender, table, &change);
            let (first, change) = (first.as_given(), change.as_given());
            // What goes wrong is found by who asks again.
            let _ = contender.known_beyond(first, change, depth, meter, budget);
        };
        ahead(
            contenders,
            sets.len(),
            self.threads,
            self.meter,
            foresee,
            try_one,
        );
    }
}

/// What a change comes to for a contender.
fn told<E>(contender: &Contender<E>, table: &Table, change: &Both) -> Told {
    let columns = change.columns.iter();
    let claims = columns.flat_map(|&at| &table.evidence[at].claims);
    let found = change.found.iter().filter(|fact| !contender.denies(fact));
    Told {
        withdrawn: claims.copied().collect(),
        found: found.cloned().collect(),
    }
}

/// Claims that are withdrawn, and facts that are found.
struct Told {
    withdrawn: FxHashSet<ClaimId>,
    found: Vec<Fact>,
}

impl Told {
    fn as_given(&self) -> (&FxHashSet<ClaimId>, &[Fact]) {
        (&self.withdrawn, &self.found)
    }
}

/// Columns whose evidence is withdrawn, and facts that are found.
#[derive(Default)]
struct Both {
    columns: Vec<usize>,
    found: Vec<Fact>,
}

impl Both {
    fn of(columns: &[usize], found: &[Fact]) -> Both {
        Both {
            columns: columns.to_vec(),
            found: found.to_vec(),
        }
    }

    /// A set without its last change, and the whole: sets come in an order in which many begin alike.
    fn beginning(changes: &[Change], set: &[usize]) -> (Both, Both) {
        let first = &set[..set.len().saturating_sub(1)];
        (Both::among(changes, first), Both::among(changes, set))
    }

    fn among(changes: &[Change], set: &[usize]) -> Both {
        let mut both = Both::default();
        for &at in set {
            match &changes[at] {
                Change::Withdraw(column) => both.columns.push(*column),
                Change::Find(fact) => both.found.push(fact.clone()),
            }
        }
        both
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
        loop {
            let mut sets = Vec::new();
            while digits.last().is_some_and(|&last| last < changes.len()) && sets.len() < AT_ONCE {
                if !search.is_known(&digits) {
                    sets.push(digits.clone());
                }
                advance(&mut digits, changes.len());
            }
            if sets.is_empty() {
                break;
            }
            let allowed = sets.len().min(bound.trials - trials);
            let leaders = stage.leaders(&sets[..allowed], &changes)?;
            for (set, then) in sets.iter().zip(&leaders) {
                search.note(set, *then, &changes);
            }
            if leaders.len() < allowed {
                break 'sizes;
            }
            trials += allowed;
            if allowed < sets.len() {
                break 'sizes;
            }
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
        let (first, change) = Both::beginning(changes, set);
        let then = self.stage.leader_beyond(&first, &change)?;
        self.note(set, then, changes);
        Ok(())
    }

    fn note(&mut self, set: &[usize], then: Option<usize>, changes: &[Change]) {
        if then != self.now {
            let changes = set.iter().map(|&at| changes[at].clone()).collect();
            self.sets.push((changes, then));
            self.found.push(set.to_vec());
        }
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
