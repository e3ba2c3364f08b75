//! Supports of some statements against all supports, and searches that are cut short.

use super::Case;
use super::count::count_minimal;
use super::enumerate::MinimalSets;
use super::facts::Fact;
use super::lineage::Lineage;
use super::local::positive_cone;
use super::meter::Meter;
use super::modules::Condensed;
use super::one_by_one::OneByOne;
use super::testing::World;
use super::{Basis, CutOptions, Cuts, ProofOptions, Statement};
use crate::engine::{Budget, StopReason};
use crate::evidence::GradeTables;
use crate::tries::tries;
use proptest::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

const DECLARATIONS: &str = "
.decl e(x: number, y: number) .input e(IO=claims)
.decl f(x: number, y: number) .input f(IO=claims)
.decl t(x: number, y: number) .decl u(x: number) .decl n(x: number, k: number)
.decl q(x: number, y: number) eqrel
.decl c(x: number, y: number) choice-domain x
f(0, 2). e(1, 2). u(3).
";

/// Programs over `e` and `f`, each of which rule text states as well; `t` is asked about.
pub(super) const PROGRAMS: [&str; 13] = [
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), e(y, z).",
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), t(y, z).",
    "t(x, y) :- e(x, y), f(y, x). t(x, y) :- f(x, y), t(y, x). t(x, y) :- e(x, z), f(z, y).",
    "e(x, y) :- f(y, x). t(x, y) :- e(x, y), e(y, z), f(z, x). t(x, y) :- e(x, y), f(x, y).",
    "u(x) :- e(x, _), !f(x, 1). u(y) :- t(x, y), f(x, _). t(x, y) :- u(x), u(y), e(x, y).",
    "q(x, y) :- e(x, y). q(x, y) :- u(x), f(x, y). t(x, y) :- q(x, y).",
    "q(x, y) :- e(x, y), !f(x, y). t(x, z) :- q(x, y), e(y, z).",
    "n(x, k) :- e(x, _), k = count : { f(x, _) }. t(x, k) :- n(x, k). t(y, k) :- t(x, k), e(x, y).",
    "n(x, k) :- f(x, _), k = min y : { e(x, y) }. t(x, k) :- n(x, k), u(k). u(y) :- f(x, y).",
    "n(0, k) :- k = sum x : { u(x) }. u(x) :- e(x, _). t(x, k) :- n(_, k), e(x, k).",
    "c(x, y) :- e(x, y). c(x, y) :- f(x, y). t(x, y) :- c(x, z), e(z, y).",
    "t(x, y) :- e(x, a), !f(a, 2), f(_, y), e(b, _), f(b, x). t(x, y) :- t(x, _), t(_, y), u(y).",
    "n(x, k) :- e(x, _), f(_, x), k = count : { e(x, _), f(_, _) }. t(x, k) :- n(x, _), n(_, k), u(_).",
];

/// A claim: whether it shares its row with the claim before it, its relation, its values.
pub(super) type Row = (bool, bool, u8, u8);

pub(super) fn world(program: usize, rows: &[Row], births: bool) -> World {
    let mut claims = String::new();
    let mut id = 0;
    for (at, (shared, first, x, y)) in rows.iter().enumerate() {
        if !shared {
            id = at;
        }
        let relation = if *first { "e" } else { "f" };
        claims += &format!("c{id} - 2 .. {relation} {x} {y}\n");
    }
    World::new(
        &format!("{DECLARATIONS}{}", PROGRAMS[program]),
        &claims,
        "",
        births,
    )
}

pub(super) fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (prop::bool::weighted(0.2), any::<bool>(), 0..4u8, 0..4u8);
    prop::collection::vec(row, 1..most)
}

type Set = BTreeSet<String>;

/// Every choice of one statement for each element of each minimal set.
fn sets(case: &Case, lineage: &Lineage) -> BTreeSet<Set> {
    let meter = Meter::new(&Budget::default());
    let mut found = BTreeSet::new();
    for elements in MinimalSets::new(lineage, &meter) {
        let mut picked = vec![Set::new()];
        for &element in elements.iter() {
            let statements = &lineage.elements[element as usize].statements;
            picked = picked
                .iter()
                .flat_map(|set| {
                    statements.iter().map(|statement| {
                        let mut set = set.clone();
                        set.insert(case.statement_text(statement));
                        set
                    })
                })
                .collect();
        }
        found.extend(picked);
    }
    found
}

fn supports(
    case: &Case,
    fact: &Fact,
    budget: &Budget,
) -> (BTreeSet<Set>, bool, Option<StopReason>) {
    let found = case.supports(fact, &GradeTables::default(), usize::MAX, budget);
    let sets = found.supports.iter().map(|support| {
        let statements = support.statements.iter();
        statements.map(|one| case.statement_text(one)).collect()
    });
    (sets.collect(), found.complete, found.stopped)
}

pub(super) fn cases(world: &World) -> [Case<'_>; 2] {
    [world.case(), world.case().only_claims()]
}

proptest! {
    #![proptest_config(tries(192))]

    #[test]
    fn supports_within_some_statements_are_all_there_are(program in 0..PROGRAMS.len(), rows in rows(10), births in any::<bool>(), chosen in any::<u32>()) {
        let world = world(program, &rows, births);
        for case in cases(&world) {
            let claimed = world.claims.iter().map(|(_, claim)| Fact::new(claim.relation, claim.row));
            let stated: Vec<Fact> = claimed
                .enumerate()
                .filter(|(at, _)| chosen >> at & 1 == 1)
                .map(|(_, fact)| fact)
                .collect();
            for fact in world.facts("t") {
                let (all, complete, _) = supports(&case, &fact, &Budget::default());
                prop_assert!(complete);
                let meter = Meter::new(&Budget::default());
                let lineage = case.lineage_from(&fact, &stated, &meter).unwrap();
                let found = sets(&case, &lineage);
                prop_assert!(found.is_subset(&all), "{found:?} of {all:?}");
                // Whoever states one of them that matters here.
                let cone = positive_cone(&case, fact.relation);
                let theirs: Set = stated
                    .iter()
                    .filter(|fact| cone.contains(&fact.relation))
                    .flat_map(|fact| world.claims.supporting(fact.relation, &fact.row))
                    .map(|claim| world.claims.get(claim).id.to_string())
                    .collect();
                for set in all {
                    prop_assert!(!set.is_subset(&theirs) || found.contains(&set), "{set:?} of {theirs:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_gathered_gives_a_support(program in 0..PROGRAMS.len(), rows in rows(10), births in any::<bool>()) {
        let world = world(program, &rows, births);
        for case in cases(&world) {
            for fact in world.facts("t") {
                for most in [0, 100] {
                    let meter = Meter::new(&Budget::default());
                    let gathered = case.gather(&fact, most, &meter, &meter);
                    for further in [0, most] {
                        let stated = gathered.up_to(further);
                        let lineage = case.lineage_from(&fact, stated, &meter).unwrap();
                        prop_assert!(!sets(&case, &lineage).is_empty(), "{stated:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn sets_one_by_one_are_those_by_size(program in 0..PROGRAMS.len(), rows in rows(14), births in any::<bool>(), budget in 1..200u64) {
        let world = world(program, &rows, births);
        for case in cases(&world) {
            for fact in world.facts("t") {
                let meter = Meter::new(&Budget::default());
                let lineage = case.lineage(&fact, &meter);
                let condensed = Condensed::of(&lineage);
                let by_size: BTreeSet<Vec<u32>> = MinimalSets::new(&lineage, &meter).map(|set| set.to_vec()).collect();
                let mut sets = OneByOne::new(&lineage, [], &meter);
                let one_by_one: Vec<Vec<u32>> = sets.by_ref().map(|set| set.to_vec()).collect();
                prop_assert!(sets.is_exhausted());
                let distinct: BTreeSet<Vec<u32>> = one_by_one.iter().cloned().collect();
                prop_assert_eq!(distinct.len(), one_by_one.len(), "none twice");
                prop_assert_eq!(&distinct, &by_size);
                let ways = |set: &Vec<u32>| set.iter().map(|&one| lineage.elements[one as usize].statements.len() as u128).product::<u128>();
                prop_assert_eq!(count_minimal(&condensed, &meter), Some(by_size.iter().map(ways).sum()));
                let little = Meter::new(&Budget { rows: Some(budget), ..Budget::default() });
                let mut sets = OneByOne::new(&lineage, [], &little);
                let some: BTreeSet<Vec<u32>> = sets.by_ref().map(|set| set.to_vec()).collect();
                prop_assert!(!some.is_empty() && some.is_subset(&by_size));
                prop_assert!(!sets.is_exhausted() || some == by_size);
            }
        }
    }

    #[test]
    fn cuts_of_a_search_cut_short_are_cuts(program in 0..PROGRAMS.len(), rows in rows(14), births in any::<bool>(), budget in 1..600u64) {
        let world = world(program, &rows, births);
        let little = Budget { rows: Some(budget), ..Budget::default() };
        let every = CutOptions { most: usize::MAX, ..CutOptions::default() };
        let sets = |cuts: &Cuts| -> BTreeSet<BTreeSet<Statement>> {
            cuts.statements.iter().map(|cut| cut.iter().cloned().collect()).collect()
        };
        let ones = |all: &BTreeSet<BTreeSet<Statement>>| -> Vec<BTreeSet<Statement>> {
            all.iter().filter(|cut| cut.len() == 1).cloned().collect()
        };
        for case in cases(&world) {
            let facts = world.facts("t");
            let together = case.single_cuts(&facts, &little);
            for (fact, together) in facts.iter().zip(together) {
                let whole = case.cuts(fact, &every, &Budget::default());
                prop_assert!(whole.complete && whole.single);
                let all = sets(&whole);
                for found in [case.cuts(fact, &every, &little), together] {
                    let some = sets(&found);
                    prop_assert!(some.is_subset(&all), "{some:?} of {all:?}");
                    prop_assert!(found.single && ones(&some) == ones(&all), "{some:?} of {all:?}");
                    prop_assert!(!found.complete || some == all);
                }
                let meter = Meter::new(&Budget::default());
                let some = case.some_cuts(fact, &every, &meter);
                prop_assert!(some.single);
                let some = sets(&some);
                prop_assert!(some.is_subset(&all) && ones(&some) == ones(&all), "{some:?} of {all:?}");
                prop_assert_eq!(some.is_empty(), all.is_empty());
            }
        }
    }

    #[test]
    fn single_points_of_failure_of_all_are_those_of_each(program in 0..PROGRAMS.len(), rows in rows(14), births in any::<bool>()) {
        let world = world(program, &rows, births);
        for case in cases(&world) {
            let facts = world.facts("t");
            let all = case.single_cuts(&facts, &Budget::default());
            for (fact, found) in facts.iter().zip(all) {
                let one = case.single_cuts(std::slice::from_ref(fact), &Budget::default());
                prop_assert_eq!(&found.statements, &one[0].statements);
                prop_assert_eq!(&found.sources, &one[0].sources);
            }
        }
    }

    #[test]
    fn cuts_of_all_are_those_of_each(program in 0..PROGRAMS.len(), rows in rows(14), largest in 1..4usize, budget in prop::option::of(1..4000u64)) {
        let world = world(program, &rows, true);
        let options = CutOptions { most: usize::MAX, largest };
        for case in cases(&world) {
            let facts = world.facts("t");
            let little = Budget { rows: budget, ..Budget::default() };
            let all = case.cuts_of_all(&facts, &options, &little);
            for (fact, found) in facts.iter().zip(all) {
                let one = case.cuts(fact, &options, &Budget::default());
                if found.stopped.is_none() {
                    prop_assert_eq!(&found.statements, &one.statements);
                    prop_assert_eq!(&found.sources, &one.sources);
                }
                let every = CutOptions { largest: usize::MAX, ..options.clone() };
                let every = case.cuts(fact, &every, &Budget::default());
                let small: Vec<_> = every.statements.iter().filter(|cut| cut.len() <= largest).cloned().collect();
                prop_assert_eq!(&one.statements, &small);
                let small: Vec<_> = every.sources.iter().filter(|cut| cut.len() <= largest).cloned().collect();
                prop_assert_eq!(&one.sources, &small);
            }
        }
    }

    #[test]
    fn supports_of_a_search_cut_short_are_supports(program in 0..PROGRAMS.len(), rows in rows(14), births in any::<bool>(), budget in 1..600u64) {
        let world = world(program, &rows, births);
        let budget = Budget { rows: Some(budget), ..Budget::default() };
        for case in cases(&world) {
            for fact in world.facts("t") {
                let (found, complete, stopped) = supports(&case, &fact, &budget);
                let (all, _, _) = supports(&cases(&world)[usize::from(case.only_claims)], &fact, &Budget::default());
                prop_assert!(found.is_subset(&all), "{found:?} of {all:?}");
                prop_assert_eq!(complete, stopped.is_none());
                prop_assert!(!complete || found == all);
            }
        }
    }
}

/// A long chain of names, each stated once: classes of an equivalence are not gone through pair by pair by pair.
#[test]
fn a_chain_of_names_is_one_path_of_claims() {
    for births in [true, false] {
        let mut claims = String::new();
        for at in 0..120 {
            let (a, b) = if at % 3 == 0 {
                (at + 1, at)
            } else {
                (at, at + 1)
            };
            claims += &format!("c{at} - 2 .. alias {a} {b}\n");
        }
        let world = World::new(
            ".decl alias(a: number, b: number) .input alias(IO=claims)
            .decl same(a: number, b: number) eqrel same(a, b) :- alias(a, b).
            .decl t(a: number) t(a) :- same(a, 0).",
            &claims,
            "",
            births,
        );
        let proof = world.prove("t 100");
        assert!(proof.is_complete());
        let case = world.case();
        let budget = Budget {
            rows: Some(400_000),
            ..Budget::default()
        };
        let fact = world.fact("t 100");
        let (found, complete, stopped) = supports(&case, &fact, &budget);
        assert!(complete, "{stopped:?}");
        let path: Set = (0..100).map(|at| format!("c{at}")).collect();
        assert_eq!(found, BTreeSet::from([path]));
    }
}

/// A grid: from each node two ways to each of the next layer, through many layers.
#[test]
fn first_supports_come_soon_however_many_derivations_there_are() {
    let mut program = ".decl e(x: number, y: number) .decl p(x: number, y: number)\n".to_owned();
    for layer in 0..60 {
        for from in 0..6 {
            for to in 0..6 {
                let (x, y) = (100 * layer + from, 100 * (layer + 1) + to);
                program += &format!("e({x}, {y}).\n");
            }
        }
    }
    program += "p(x, y) :- e(x, y). p(x, z) :- p(x, y), p(y, z).";
    let world = World::of(&program);
    let case = world.case();
    let fact = world.fact("p 0 2000");
    let budget = Budget {
        rows: Some(400_000),
        ..Budget::default()
    };
    let found = case.supports(&fact, &GradeTables::default(), 50, &budget);
    assert!(
        (10..=50).contains(&found.supports.len()),
        "{} {:?}",
        found.supports.len(),
        found.stopped
    );
    assert!(!found.complete && !found.seen_all);
    assert!(found.supports.iter().all(|s| s.statements.len() == 20));
    // A proof by a support that is not the first one found.
    let leaves = found.supports[9].statements.iter();
    let leaves: FxHashSet<Fact> = leaves
        .filter_map(|statement| match statement {
            Statement::Text(rule) => case.stated_by(*rule),
            _ => None,
        })
        .collect();
    let options = ProofOptions {
        from: Some(&leaves),
        ..ProofOptions::default()
    };
    let proof = case.prove(&fact, &options, &budget).unwrap();
    assert_eq!(case.check(&proof), Ok(()));
    let stated = proof.nodes().filter_map(|(_, node)| match node.basis {
        Basis::Stated { .. } => Some(node.fact.clone()),
        _ => None,
    });
    assert_eq!(stated.collect::<FxHashSet<Fact>>(), leaves);
    assert!(found.count_text().ends_with(
        " minimal supports; not all derivations were looked at: there may be more, and smaller ones"
    ));
}
