//! What the goals of a contender rest on in one world, asked with some claims left out.

use super::contender::{Goal, Tried};
use crate::engine::Budget;
use crate::evidence::{ClaimId, GradeTables};
use crate::explain::{Case, DaySet, Fact, Facts, Presence, Rests};
use rustc_hash::FxHashSet;

/// All derivations of the goals in a world.
pub(super) struct Basis {
    /// What the world is without, and has besides.
    pub change: Tried,
    /// By goal: those of each fact that agrees with it.
    goals: Vec<(Goal, Vec<Rests>)>,
    /// Not all facts that agree with some goal were looked at.
    is_cut: bool,
}

/// For each fact that is a goal: the numbers of facts it may lean on, with the cases in which they hold.
pub(super) struct Dated(Vec<Vec<(u32, DaySet)>>);

/// What goals rest on.
pub(super) struct Rested {
    /// That of the weakest goal; `None`: one does not hold.
    pub strength: Option<f64>,
    /// Claims that have a part in a support.
    pub uses: FxHashSet<ClaimId>,
    /// Whether all that the goals can follow from was seen.
    pub complete: bool,
}

/// Rows of one goal that are looked at.
const MOST_ROWS: usize = 64;

impl Basis {
    pub fn of(
        case: &Case,
        facts: &dyn Facts,
        goals: &[Goal],
        change: Tried,
        budget: &Budget,
    ) -> Basis {
        let mut is_cut = false;
        let goals = goals.iter().map(|goal| {
            let rows = facts.matching(goal.relation, &goal.pattern);
            is_cut |= rows.len() > MOST_ROWS;
            let of_row = |row: &[_]| {
                let fact = Fact::new(goal.relation, row);
                case.rests(&fact, &GradeTables::default(), budget)
            };
            let rows = rows.iter().take(MOST_ROWS);
            (goal.clone(), rows.filter_map(|row| of_row(&row)).collect())
        });
        Basis {
            goals: goals.collect(),
            change,
            is_cut,
        }
    }

    /// Whether a world is this one but for a change, which may have made facts follow otherwise.
    pub fn is_within(&self, change: &Tried) -> bool {
        match self.is_cut {
            true => self.change == *change,
            false => is_part(&self.change.0, &change.0) && is_part(&self.change.1, &change.1),
        }
    }

    /// Whether a goal may rest on a fact, or be met by it.
    pub fn leans_on(&self, fact: &Fact) -> bool {
        self.goals.iter().any(|(goal, rests)| {
            goal.agrees(fact) || rests.iter().any(|rests| rests.leans_on(fact))
        })
    }

    /// Whether a fact that appears may take a derivation away.
    pub fn is_upset_by(&self, fact: &Fact) -> bool {
        let mut rests = self.goals.iter().flat_map(|(_, rests)| rests);
        rests.any(|rests| rests.is_upset_by(fact))
    }

    /// Whether some derivation has a total.
    pub fn counts(&self) -> bool {
        let mut rests = self.goals.iter().flat_map(|(_, rests)| rests);
        rests.any(Rests::counts)
    }

    /// The facts that its goals may lean on and that do not hold in all cases of some that were worked out together.
    pub fn dated(&self, presence: &Presence) -> Dated {
        let rests = self.goals.iter().flat_map(|(_, rests)| rests);
        let of_one = |rests: &Rests| {
            let facts = rests
                .facts()
                .map(|(fact, number)| (number, presence.with(fact)));
            facts.filter(|(_, cases)| !cases.is_full()).collect()
        };
        Dated(rests.map(of_one).collect())
    }

    /// Whether all that follows without some claims holds in a case.
    pub fn is_as_dated(&self, gone: &dyn Fn(ClaimId) -> bool, dated: &Dated, case: usize) -> bool {
        let rests = self.goals.iter().flat_map(|(_, rests)| rests);
        rests.zip(&dated.0).all(|(rests, dated)| {
            let follows = rests.follows_without(gone);
            let mut dated = dated.iter();
            dated.all(|(number, cases)| cases.contains(case) || !follows[*number as usize])
        })
    }

    /// Negations and totals as they are.
    pub fn without(&self, gone: &dyn Fn(ClaimId) -> bool, budget: &Budget) -> Rested {
        let mut rested = Rested {
            strength: self.strength_without(gone),
            uses: FxHashSet::default(),
            complete: true,
        };
        for rests in self.goals.iter().flat_map(|(_, rests)| rests) {
            let (uses, complete) = rests.claims_without(gone, budget);
            rested.uses.extend(uses);
            rested.complete &= complete;
        }
        rested
    }

    pub fn strength_without(&self, gone: &dyn Fn(ClaimId) -> bool) -> Option<f64> {
        let goal = |(_, rests): &(Goal, Vec<Rests>)| {
            let facts = rests.iter().filter_map(|one| one.strength_without(gone));
            facts.max_by(f64::total_cmp)
        };
        let goals: Option<Vec<f64>> = self.goals.iter().map(goal).collect();
        goals?.into_iter().min_by(f64::total_cmp)
    }
}

/// Both ascending.
fn is_part<T: Ord>(part: &[T], whole: &[T]) -> bool {
    part.iter().all(|one| whole.binary_search(one).is_ok())
}
