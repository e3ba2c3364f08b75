//! What became weaker or stronger without falling.

use crate::analysis::checked::RuleId;
use crate::engine::{Budget, StopReason};
use crate::evidence::GradeTables;
use crate::explain::{Case, Fact, Leaning, Lineages, Meter};
use rustc_hash::FxHashSet;

/// Supports counted for one fact.
const MOST_SUPPORTS: usize = 30;

/// What carried a fact at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// Minimal supports found.
    pub supports: usize,
    /// Whether these are all.
    pub complete: bool,
    /// Of its strongest support.
    pub strength: f64,
}

/// A fact that holds before and after.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// As the later case has it.
    pub fact: Fact,
    pub before: Weight,
    pub after: Weight,
}

/// What to weigh, and what it may cost.
#[derive(Clone, Debug)]
pub struct WeighOptions {
    /// Facts weighed at most.
    pub most: usize,
    /// Of one fact at one time.
    pub budget: Budget,
    /// Of the walk to everything that leans on the change.
    pub reach: Budget,
}

/// What a change did to facts that hold before and after.
#[derive(Clone, Debug, Default)]
pub struct Weighing {
    pub weakened: Vec<Weighed>,
    pub strengthened: Vec<Weighed>,
    /// Facts that some derivation connects with the change.
    pub reached: usize,
    /// How many of them were weighed: the preferred ones first, then by relation and row.
    pub weighed: usize,
    /// Facts that could not be counted out within the budget: of them too little is known to compare.
    pub unclear: usize,
    /// The walk ended early: there may be more to weigh.
    pub stopped: Option<StopReason>,
}

/// Where a change begins: facts and rules that are gone, in the earlier case, and those that are new, in the later.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    pub gone: Vec<Fact>,
    pub gone_rules: Vec<RuleId>,
    pub new: Vec<Fact>,
    pub new_rules: Vec<RuleId>,
}

/// The two sides of a change, each with a case of its own, so that both can be looked at at the same time.
pub trait Sides {
    /// What leans on some facts and rules, and on the absence of others, in the earlier case, and in the later.
    fn leaning(&self, earlier: Leans, later: Leans, budget: &Budget) -> (Leaning, Leaning);

    /// [`weights`] of facts of the earlier case, and of facts of the later.
    fn weights(
        &self,
        earlier: &[Fact],
        later: &[Fact],
        budget: &Budget,
    ) -> (Vec<Weight>, Vec<Weight>);
}

/// What to look for on one side, see [`Case::leaning_on_and_against`].
#[derive(Clone, Copy)]
pub struct Leans<'a> {
    facts: &'a [Fact],
    rules: &'a [RuleId],
    against: &'a [Fact],
}

impl Leans<'_> {
    pub fn in_case(self, case: &Case, budget: &Budget) -> Leaning {
        case.leaning_on_and_against(self.facts, self.rules, self.against, budget)
    }
}

/// Weighs what some derivation connects with a change and holds on both sides of it, be it that what it needs to be
/// absent came or went.
pub fn weigh(
    (before, after): (&Case, &Case),
    seeds: &Seeds,
    preferred: impl Fn(&Fact) -> bool,
    options: &WeighOptions,
    sides: &impl Sides,
) -> Weighing {
    let mut weighing = Weighing::default();
    let moved = |facts: &[Fact], from: &Case, to: &Case| -> Vec<Fact> {
        let facts = facts.iter();
        facts.filter_map(|fact| from.translate(fact, to)).collect()
    };
    let (came, went) = (
        moved(&seeds.new, after, before),
        moved(&seeds.gone, before, after),
    );
    let earlier = Leans {
        facts: &seeds.gone,
        rules: &seeds.gone_rules,
        against: &came,
    };
    let later = Leans {
        facts: &seeds.new,
        rules: &seeds.new_rules,
        against: &went,
    };
    let (lost, gained) = sides.leaning(earlier, later, &options.reach);
    weighing.stopped = lost.stopped.or(gained.stopped);
    let mut reached: FxHashSet<Fact> = lost
        .facts
        .iter()
        .chain(&seeds.gone)
        .filter_map(|fact| before.translate(fact, after))
        .collect();
    reached.extend(gained.facts.into_iter().chain(seeds.new.iter().cloned()));
    let mut both: Vec<(Fact, Fact)> = reached
        .into_iter()
        .filter_map(|fact| Some((after.translate(&fact, before)?, fact)))
        .filter(|(earlier, later)| before.holds(earlier) && after.holds(later))
        .collect();
    both.sort_by(|a, b| (!preferred(&a.1), &a.1).cmp(&(!preferred(&b.1), &b.1)));
    weighing.reached = both.len();
    both.truncate(options.most);
    weighing.weighed = both.len();
    let (earlier, later): (Vec<Fact>, Vec<Fact>) = both.into_iter().unzip();
    let (weights_before, weights_after) = sides.weights(&earlier, &later, &options.budget);
    for ((fact, before), after) in later.into_iter().zip(weights_before).zip(weights_after) {
        let one = Weighed {
            fact,
            before,
            after,
        };
        match one.change() {
            None => weighing.unclear += 1,
            Some(std::cmp::Ordering::Less) => weighing.weakened.push(one),
            Some(std::cmp::Ordering::Greater) => weighing.strengthened.push(one),
            Some(std::cmp::Ordering::Equal) => {}
        }
    }
    weighing
}

/// What carries each of these facts; the budget is for one of them.
pub fn weights(case: &Case, facts: &[Fact], budget: &Budget) -> Vec<Weight> {
    let meter = Meter::new(budget);
    let mut lineages = Lineages::new(case, budget, &meter);
    let facts = facts.iter();
    facts.map(|fact| weight(&mut lineages, fact)).collect()
}

fn weight(lineages: &mut Lineages, fact: &Fact) -> Weight {
    let found = lineages.supports(fact, &GradeTables::default(), MOST_SUPPORTS);
    Weight {
        supports: found.supports.len(),
        complete: found.complete,
        strength: found.strength().unwrap_or(0.0),
    }
}

impl Weighed {
    /// By strength, then by the number of supports. `None` when neither is known well enough.
    fn change(&self) -> Option<std::cmp::Ordering> {
        let (before, after) = (&self.before, &self.after);
        if before.complete && after.complete {
            let strength = after.strength.total_cmp(&before.strength);
            return Some(strength.then(after.supports.cmp(&before.supports)));
        }
        // What is cut short has at least what was found.
        match (before.complete, after.complete) {
            (false, true)
                if before.supports > after.supports && before.strength >= after.strength =>
            {
                Some(std::cmp::Ordering::Less)
            }
            (true, false)
                if after.supports > before.supports && after.strength >= before.strength =>
            {
                Some(std::cmp::Ordering::Greater)
            }
            _ => None,
        }
    }
}
