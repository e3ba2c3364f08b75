//! Minimal sets through modules against brute force, on graphs made at random.

use super::count::{count_minimal, count_on_diagram};
use super::lineage::{Edge, Element, Lineage, Statement};
use super::meter::Meter;
use super::modules::Condensed;
use super::sets::AllSets;
use crate::analysis::checked::RuleId;
use crate::engine::Budget;
use crate::evidence::Interval;
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ELEMENTS: u32 = 9;

/// Edges over a root, other vertices and the elements, each stated as often as it says here.
fn lineage(inner: u32, edges: &[(u32, Vec<u32>)], copies: &[u32]) -> Option<Lineage> {
    let first = inner + 1;
    let edges = edges.iter().map(|(head, premises)| {
        let premises: BTreeSet<u32> = premises
            .iter()
            .map(|one| one % (first + ELEMENTS))
            .collect();
        Edge {
            head: head % first,
            premises: premises.into_iter().collect(),
            conditions: Box::default(),
        }
    });
    let elements = copies.iter().enumerate().map(|(at, &copies)| Element {
        statements: (0..copies)
            .map(|copy| Statement::Text(RuleId(at as u32 * 10 + copy)))
            .collect(),
        interval: Interval::ALWAYS,
        size: 1,
    });
    let vertex_of = (0..ELEMENTS).map(|at| first + at);
    let whole = Lineage::assemble(
        first + ELEMENTS,
        edges.collect(),
        elements.collect(),
        vertex_of.collect(),
    );
    whole
        .derives(|_| true)
        .then(|| whole.trimmed(&[Lineage::ROOT]).0)
}

fn brute_force(lineage: &Lineage) -> BTreeSet<Vec<u32>> {
    let count = lineage.elements.len() as u32;
    let mut found: Vec<u32> = Vec::new();
    let mut masks: Vec<u32> = (0..1 << count).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    for mask in masks {
        if !found.iter().any(|&less| less & !mask == 0)
            && lineage.derives(|one| mask >> one & 1 == 1)
        {
            found.push(mask);
        }
    }
    let set = |mask: u32| (0..count).filter(|one| mask >> one & 1 == 1).collect();
    found.into_iter().map(set).collect()
}

fn edges() -> impl Strategy<Value = Vec<(u32, Vec<u32>)>> {
    let premises = prop::collection::vec(any::<u32>(), 1..4);
    let few = prop::collection::vec(any::<u32>(), 0..2);
    let edge = (any::<u32>(), prop_oneof![9 => premises, 1 => few]);
    prop::collection::vec(edge, 1..26)
}

proptest! {
    #![proptest_config(tries(4096))]

    #[test]
    fn sets_through_modules_are_those_of_brute_force(inner in 0..12u32, edges in edges(), copies in prop::collection::vec(1..4u32, ELEMENTS as usize), rows in prop_oneof![Just(u64::MAX), 1..40u64]) {
        let Some(lineage) = lineage(inner, &edges, &copies) else { return Ok(()) };
        let expected = brute_force(&lineage);
        let condensed = Condensed::of(&lineage);
        let (part, meter) = (Meter::new(&Budget { rows: Some(rows), ..Budget::default() }), Meter::new(&Budget::default()));
        let mut sets = AllSets::new(&condensed, &part, &meter);
        let found: Vec<Vec<u32>> = sets.by_ref().map(|set| set.to_vec()).collect();
        prop_assert!(sets.is_complete());
        let distinct: BTreeSet<Vec<u32>> = found.iter().cloned().collect();
        prop_assert_eq!(found.len(), distinct.len(), "none twice");
        prop_assert_eq!(&distinct, &expected);
        let ways = |set: &Vec<u32>| set.iter().map(|&one| lineage.elements[one as usize].statements.len() as u128).product::<u128>();
        let total: u128 = expected.iter().map(ways).sum();
        prop_assert_eq!(count_minimal(&condensed, &meter), Some(total));
        prop_assert_eq!(count_on_diagram(&condensed, &meter), Some(total));
    }
}
