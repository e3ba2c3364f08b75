//! How strong a conclusion is, over all of its derivations.
//!
//! Chances are counted exactly on a binary decision diagram of the derivations (weighted model counting: Chavira and
//! Darwiche, "On probabilistic inference by weighted model counting", 2008). The function of a vertex is the
//! disjunction over its edges of the conjunction of their premises; around cycles it is the least one, reached from
//! below.

use super::case::Case;
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use super::supports::Supports;
use crate::engine::Budget;
use crate::evidence::{ClaimId, Combination, GradeTables};
use biodivine_lib_bdd::{Bdd, BddVariable, BddVariableSet, op_function};
use rustc_hash::FxHashMap;

/// The strength of a conclusion under some [`Combination`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    Exactly(f64),
    /// Not all supports were looked at.
    AtLeast(f64),
    /// The derivations are too many to count.
    TooLarge,
}

/// Nodes of one diagram, and of all that are made on the way.
const MOST_NODES: usize = 20_000;
const MOST_WORK: usize = 4_000_000;
/// Independent chances in one conclusion.
const MOST_CHANCES: usize = 1_000;

impl Weight {
    /// What a conclusion may have at most for its chance to be counted.
    pub const BOUND: &'static str =
        "1,000 independent chances and a decision diagram of 20,000 nodes";
}

impl Case<'_> {
    /// How strong a fact is; `supports` are those already known. Negations and totals are taken as they are now.
    pub fn weight(
        &self,
        fact: &Fact,
        supports: &Supports,
        by: Combination,
        tables: &GradeTables,
        budget: &Budget,
    ) -> Weight {
        if by == Combination::Product {
            let best = supports.supports.iter().map(|support| support.product);
            let best = best.fold(0.0, f64::max);
            return match supports.complete {
                true => Weight::Exactly(best),
                false => Weight::AtLeast(best),
            };
        }
        let meter = Meter::new(budget);
        let lineage = self.derivations(fact, &meter);
        let found = match by {
            Combination::Probability => self.chance(&lineage, tables, &meter),
            Combination::Min | Combination::Product => Some(self.bottleneck(&lineage, tables)),
        };
        match (found, lineage.stopped) {
            (None, _) => Weight::TooLarge,
            (Some(value), None) => Weight::Exactly(value),
            (Some(value), Some(_)) => Weight::AtLeast(value),
        }
    }

    /// The largest strength such that claims at least so strong carry the conclusion.
    fn bottleneck(&self, lineage: &Lineage, tables: &GradeTables) -> f64 {
        let of = |statement: &Statement| {
            statement
                .claim()
                .map_or(1.0, |claim| self.claim_strength(claim, tables))
        };
        let strengths: Vec<f64> = lineage
            .elements
            .iter()
            .map(|element| element.statements.iter().map(of).fold(0.0, f64::max))
            .collect();
        let mut steps = strengths.clone();
        steps.push(1.0);
        steps.sort_by(|a, b| b.total_cmp(a));
        steps.dedup();
        // More claims never derive less.
        let falls = |&step: &f64| !lineage.stands(|element| strengths[element as usize] >= step);
        let first = steps.partition_point(falls);
        steps.get(first).copied().unwrap_or(0.0)
    }

    /// `None`: too large.
    fn chance(&self, lineage: &Lineage, tables: &GradeTables, meter: &Meter) -> Option<f64> {
        let chances = Chances::of(self, lineage, tables);
        let count = chances.odds.len();
        if count > MOST_CHANCES {
            return None;
        }
        let set = BddVariableSet::new_anonymous(count as u16);
        let variables = set.variables();
        let mut work = Work::new(meter);
        let mut elements = Vec::new();
        for element in &lineage.elements {
            let mut stated = set.mk_false();
            for statement in &element.statements {
                let right = match statement.claim() {
                    None => set.mk_true(),
                    Some(claim) => chances.right(claim, &set, &variables),
                };
                stated = work.or(&stated, &right)?;
            }
            elements.push(stated);
        }
        let days = match &lineage.days {
            None => vec![None],
            Some(days) => days.iter().map(|&day| Some(day)).collect(),
        };
        let mut root = set.mk_false();
        for day in days {
            let on = |element: usize| {
                day.is_none_or(|day| lineage.elements[element].interval.covers(day))
            };
            let found = root_function(lineage, &elements, &on, &set, &mut work)?;
            root = work.or(&root, &found)?;
        }
        Some(model_count(&root, &chances.odds))
    }
}

/// The function of the root over what the elements stand on.
pub(super) fn root_function(
    lineage: &Lineage,
    elements: &[Bdd],
    on: &dyn Fn(usize) -> bool,
    set: &BddVariableSet,
    work: &mut Work,
) -> Option<Bdd> {
    let mut functions = vec![set.mk_false(); lineage.alternatives.len()];
    let mut open: Vec<u32> = Vec::new();
    for (element, &vertex) in lineage.vertex_of.iter().enumerate() {
        if on(element) {
            functions[vertex as usize] = elements[element].clone();
            open.push(vertex);
        }
    }
    let axioms = lineage.edges.iter().filter(|edge| edge.premises.is_empty());
    for edge in axioms {
        functions[edge.head as usize] = set.mk_true();
        open.push(edge.head);
    }
    // Layer by layer, each vertex once a layer, until nothing grows.
    while !open.is_empty() {
        let mut edges: Vec<u32> = open
            .iter()
            .flat_map(|&vertex| lineage.used_by[vertex as usize].iter().copied())
            .collect();
        edges.sort_unstable();
        edges.dedup();
        open.clear();
        for at in edges {
            let edge = &lineage.edges[at as usize];
            let mut all = set.mk_true();
            for &premise in &edge.premises {
                all = work.and(&all, &functions[premise as usize])?;
            }
            let known = &functions[edge.head as usize];
            let grown = work.or(known, &all)?;
            // Equal functions have equal diagrams.
            if grown != *known {
                functions[edge.head as usize] = grown;
                if open.last() != Some(&edge.head) {
                    open.push(edge.head);
                }
            }
        }
    }
    Some(functions.swap_remove(Lineage::ROOT as usize))
}

/// Operations on diagrams, as far as they may go.
pub(super) struct Work<'m> {
    meter: &'m Meter,
    nodes: usize,
}

impl<'m> Work<'m> {
    pub(super) fn new(meter: &'m Meter) -> Work<'m> {
        Work { meter, nodes: 0 }
    }

    fn and(&mut self, left: &Bdd, right: &Bdd) -> Option<Bdd> {
        let made = Bdd::binary_op_with_limit(MOST_NODES, left, right, op_function::and);
        self.count(made)
    }

    fn or(&mut self, left: &Bdd, right: &Bdd) -> Option<Bdd> {
        let made = Bdd::binary_op_with_limit(MOST_NODES, left, right, op_function::or);
        self.count(made)
    }

    fn count(&mut self, made: Option<Bdd>) -> Option<Bdd> {
        self.nodes += made.as_ref().map_or(0, Bdd::size);
        made.filter(|_| self.nodes <= MOST_WORK && self.meter.spend())
    }
}

/// Independent chances, and which of them make a claim right.
///
/// Claims of one fact that share a root stand or fall together: a weaker one is right only where the stronger ones are,
/// so that together they are worth as much as the strongest. Of `k` different strengths that takes `k` chances: that the
/// strongest is right, and for each next one that it is right too.
struct Chances {
    odds: Vec<f64>,
    /// By claim: the first and last of the chances it needs.
    needs: FxHashMap<ClaimId, (usize, usize)>,
}

impl Chances {
    fn of(case: &Case, lineage: &Lineage, tables: &GradeTables) -> Chances {
        let mut groups = Groups::default();
        let mut claims: Vec<ClaimId> = Vec::new();
        // By fact and root: a claim that goes back to it.
        let mut bearers = FxHashMap::default();
        for (element, &vertex) in lineage.elements.iter().zip(&lineage.vertex_of) {
            for claim in element.statements.iter().filter_map(Statement::claim) {
                claims.push(claim);
                let Some(source) = case.claims.get(claim).source else {
                    continue;
                };
                for &edge in &lineage.used_by[vertex as usize] {
                    let fact = lineage.edges[edge as usize].head;
                    for &root in case.sources.roots(source) {
                        let other = *bearers.entry((fact, root)).or_insert(claim);
                        groups.join(other, claim);
                    }
                }
            }
        }
        let mut members: FxHashMap<ClaimId, Vec<(f64, ClaimId)>> = FxHashMap::default();
        let mut order = Vec::new();
        for claim in claims {
            let group = groups.find(claim);
            let members = members.entry(group).or_insert_with(|| {
                order.push(group);
                Vec::new()
            });
            members.push((case.claim_strength(claim, tables), claim));
        }
        let mut chances = Chances {
            odds: Vec::new(),
            needs: FxHashMap::default(),
        };
        for group in order {
            let Some(mut members) = members.remove(&group) else {
                continue;
            };
            members.sort_by(|a, b| b.0.total_cmp(&a.0));
            let first = chances.odds.len();
            let mut last = 1.0;
            for (strength, claim) in members {
                if chances.odds.len() == first || strength < last {
                    chances.odds.push(match last > 0.0 {
                        true => strength / last,
                        false => 0.0,
                    });
                    last = strength;
                }
                chances.needs.insert(claim, (first, chances.odds.len() - 1));
            }
        }
        chances
    }

    fn right(&self, claim: ClaimId, set: &BddVariableSet, variables: &[BddVariable]) -> Bdd {
        let Some(&(first, last)) = self.needs.get(&claim) else {
            return set.mk_false();
        };
        let literals: Vec<(BddVariable, bool)> = variables[first..=last]
            .iter()
            .map(|&variable| (variable, true))
            .collect();
        set.mk_conjunctive_clause(&biodivine_lib_bdd::BddPartialValuation::from_values(
            &literals,
        ))
    }
}

/// Claims that belong together, each group known by one of them.
#[derive(Default)]
struct Groups(FxHashMap<ClaimId, ClaimId>);

impl Groups {
    fn find(&self, mut claim: ClaimId) -> ClaimId {
        while let Some(&next) = self.0.get(&claim) {
            claim = next;
        }
        claim
    }

    fn join(&mut self, left: ClaimId, right: ClaimId) {
        let (left, right) = (self.find(left), self.find(right));
        if left != right {
            self.0.insert(left.max(right), left.min(right));
        }
    }
}

/// The chance that a function is true, from those of its variables.
fn model_count(function: &Bdd, odds: &[f64]) -> f64 {
    // The terminals come first, and every node after those it leads to.
    let mut values: Vec<f64> = Vec::with_capacity(function.size());
    for pointer in function.pointers() {
        values.push(match (pointer.is_zero(), pointer.is_one()) {
            (true, _) => 0.0,
            (_, true) => 1.0,
            _ => {
                let chance = odds[function.var_of(pointer).to_index()];
                let low = values[function.low_link_of(pointer).to_index()];
                let high = values[function.high_link_of(pointer).to_index()];
                (1.0 - chance) * low + chance * high
            }
        });
    }
    values.last().copied().unwrap_or(0.0)
}
