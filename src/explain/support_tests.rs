//! Supports and cuts against brute force: every subset of the claims is tried.

use super::meter::Meter;
use super::testing::World;
use super::{Case, CutOptions, Fact, ProofOptions, Statement, Support};
use crate::engine::Budget;
use crate::evidence::{ClaimId, GradeTables, SourceId};
use crate::tries::tries;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Supports as text, one a line.
fn list(world: &World, fact: &str, limit: usize) -> String {
    let case = world.case();
    let found = case.supports(
        &world.fact(fact),
        &GradeTables::default(),
        limit,
        &Budget::default(),
    );
    let mut out = String::new();
    for support in &found.supports {
        out += &line(&case, support);
        out += "\n";
    }
    out + &found.count_text() + "\n"
}

fn line(case: &Case, support: &Support) -> String {
    let statements: Vec<String> = support
        .statements
        .iter()
        .map(|statement| case.statement_text(statement))
        .collect();
    let mut out = format!("{{{}}} {:.2}", statements.join(" "), support.strength);
    if let Some(weakest) = support.weakest {
        out += &format!(" by {}", case.claims.get(weakest).id);
    }
    match support.interval {
        Ok(interval) => out += &format!(" {interval}"),
        Err(disjoint) => out += &format!(" DISJOINT by {} days", disjoint.gap_in_days()),
    }
    for condition in &support.conditions {
        out += &format!("; {}", case.condition_text(condition));
    }
    out
}

const CASE: &str = "
.decl contract(a: symbol, f: symbol) .input contract(IO=claims)
.decl owns(a: symbol, b: symbol) .input owns(IO=claims)
.decl staff(f: symbol, n: number) .input staff(IO=claims)
.decl works_for(f: symbol, a: symbol)
.decl shell(f: symbol)
.decl busy(f: symbol, n: number)
.decl first(f: symbol, a: symbol)
works_for(f, a) :- contract(a, f).
works_for(g, a) :- works_for(f, a), owns(f, g).
shell(f) :- owns(_, f), !staff(f, _).
busy(f, n) :- contract(_, f), n = count : { contract(_, f) }.
first(f, a) :- contract(_, f), a = min b : { contract(b, f) }.
";

const CLAIMS: &str = "\
c1 s1 2 2019..2020 contract a f
c2 s2 3 2018.. contract a f
c3 s1 2 2021.. owns f g
c4 s1 1 .. owns f h
c5 s3 2 .. owns h g
c6 s3 4 .. owns g h
c7 s3 4 .. contract b f";

const SOURCES: &str = "\
s1 A
s2 B
s3 C";

fn check(fact: &str, expected: Expect) {
    let world = World::new(CASE, CLAIMS, SOURCES, true);
    expected.assert_eq(&list(&world, fact, 100));
}

#[test]
fn supports_are_graded_and_dated() {
    check(
        "works_for g a",
        expect![[r#"
        {c1 c3} 0.80 by c1 DISJOINT by 1 days
        {c2 c3} 0.48 by c2 since 2021
        {c1 c4 c5} 0.48 by c5 2019 … 2020
        {c2 c4 c5} 0.48 by c2 since 2018
        4 of 4 minimal supports
    "#]],
    );
}

#[test]
fn what_must_be_absent_is_a_condition() {
    check(
        "shell g",
        expect![[r#"
        {c3} 0.80 by c3 since 2021; no staff("g",_)
        {c5} 0.48 by c5 always; no staff("g",_)
        2 of 2 minimal supports
    "#]],
    );
}

#[test]
fn a_count_needs_all_its_rows_and_a_minimum_its_winner() {
    check(
        "busy f 2",
        expect![[r#"
        {c1 c7} 0.24 by c7 2019 … 2020; count = 2 over contract(_,"f")
        {c2 c7} 0.24 by c7 since 2018; count = 2 over contract(_,"f")
        2 of 2 minimal supports
    "#]],
    );
    check(
        "first f a",
        expect![[r#"
        {c1} 0.80 by c1 2019 … 2020; min = "a" over contract(_,"f")
        {c2} 0.48 by c2 since 2018; min = "a" over contract(_,"f")
        2 of 2 minimal supports
    "#]],
    );
}

#[test]
fn a_limit_is_said() {
    let world = World::new(CASE, CLAIMS, SOURCES, true);
    expect![[r#"
        {c1 c3} 0.80 by c1 DISJOINT by 1 days
        {c2 c3} 0.48 by c2 since 2021
        first 2 of 4 minimal supports
    "#]]
    .assert_eq(&list(&world, "works_for g a", 2));
}

#[test]
fn rule_text_and_claims_can_be_withdrawn_alike() {
    let world = World::new(
        ".decl a(x: number) .input a(IO=claims) .decl b(x: number)
        a(1). b(x) :- a(x).",
        "c1 - 2 .. a 1",
        "",
        true,
    );
    expect![[r#"
        {a(1)} 1.00 always
        {c1} 0.40 by c1 always
        2 of 2 minimal supports
    "#]]
    .assert_eq(&list(&world, "b 1", 9));
}

#[test]
fn thousands_of_supports_stream() {
    // Twenty layers of three: 3^20 supports.
    let mut program = ".decl e(x: number, y: number) .decl p(x: number, y: number)\n".to_owned();
    for layer in 0..20 {
        for middle in 0..3 {
            let at = 100 * layer + middle + 1;
            program += &format!(
                "e({}, {at}). e({at}, {}).\n",
                100 * layer,
                100 * (layer + 1)
            );
        }
    }
    program += "p(x, y) :- e(x, y). p(x, z) :- p(x, y), e(y, z).";
    let world = World::of(&program);
    let found = world.case().supports(
        &world.fact("p 0 2000"),
        &GradeTables::default(),
        50,
        &Budget::default(),
    );
    assert_eq!(found.supports.len(), 50);
    assert!(!found.complete);
    assert_eq!(
        found.count_text(),
        "first 50 of 3486784401 minimal supports"
    );
    assert!(found.supports.iter().all(|s| s.statements.len() == 40));
}

#[test]
fn a_total_over_many_conclusions_has_its_first_supports_soon() {
    // A count of sixteen, each with three ways that share some of their facts.
    let mut program =
        ".decl e(x: number, y: number) .decl f(y: number) .decl t(x: number) .decl n(k: number)\n"
            .to_owned();
    for x in 0..16 {
        for way in 0..3 {
            program += &format!("e({x}, {}). f({}).\n", 10 * x + way, 10 * x + way);
        }
        program += &format!("e({x}, {}).\n", 10 * ((x + 1) % 16));
    }
    program += "t(x) :- e(x, y), f(y). n(k) :- k = count : { t(_) }.";
    let world = World::of(&program);
    let budget = Budget {
        rows: Some(400_000),
        ..Budget::default()
    };
    let found = world
        .case()
        .supports(&world.fact("n 16"), &GradeTables::default(), 100, &budget);
    assert_eq!(found.supports.len(), 100);
    assert!(!found.complete);
    let sizes: Vec<usize> = found.supports.iter().map(|s| s.statements.len()).collect();
    assert!(
        sizes.iter().all(|size| (24..=32).contains(size)),
        "{sizes:?}"
    );
}

/// Positive programs over two input relations; `t` is asked about.
const PROGRAMS: [&str; 9] = [
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), e(y, z).",
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), t(y, z).",
    "t(x, y) :- e(x, y), f(y, x). t(x, y) :- f(x, y), t(y, x). t(x, y) :- e(x, z), f(z, y).",
    "u(x) :- e(x, _). u(y) :- t(x, y), f(x, _). t(x, y) :- u(x), u(y), e(x, y). t(x, x) :- f(x, _), u(x).",
    "e(x, y) :- f(y, x). t(x, y) :- e(x, y), e(y, z), f(z, x). t(x, y) :- e(x, y), f(x, y).",
    "t(x, y) :- e(x, y). t(x, y) :- t(y, x). t(x, z) :- t(x, y), f(y, z), e(_, z).",
    // Bodies that fall apart once the head is known.
    "t(x, y) :- e(x, a), f(a, _), e(_, y), f(b, x), e(b, _), x != y.",
    "t(x, y) :- e(x, _), f(_, y). t(x, y) :- t(x, _), t(_, y), e(y, _), f(x, _).",
    "u(x) :- e(x, _), f(_, x), e(_, _). t(x, y) :- u(x), u(y), e(_, x), t(_, y). t(x, x) :- f(x, x), e(x, a), f(b, x), b >= a.",
];

/// A claim: whether it shares its row with the claim before it, its source, its relation, its values.
type Edge = (bool, u8, bool, u8, u8);

fn random_world(program: usize, edges: &[Edge]) -> World {
    let text = format!(
        ".decl e(x: number, y: number) .input e(IO=claims)
        .decl f(x: number, y: number) .input f(IO=claims)
        .decl t(x: number, y: number) .decl u(x: number)
        {}",
        PROGRAMS[program]
    );
    let mut claims = String::new();
    let mut id = 0;
    for (at, (shared, source, first, x, y)) in edges.iter().enumerate() {
        if !shared {
            id = at;
        }
        let relation = if *first { "e" } else { "f" };
        claims += &format!("c{id} s{source} 2 .. {relation} {x} {y}\n");
    }
    // Births or not: both ways to find proofs are tried.
    let births = edges.len().is_multiple_of(2);
    World::new(&text, &claims, "s0 A\ns1 B\ns2 C s0\n", births)
}

/// Which claims of a set stand: all of a row, or none.
fn stands(world: &World, kept: u32, claim: ClaimId) -> bool {
    let row = world.claims.with_id(world.claims.get(claim).id).next();
    row.is_some_and(|first| kept >> first.0 & 1 == 1)
}

fn holds(world: &World, fact: &Fact, kept: u32) -> bool {
    world
        .run(|claim| stands(world, kept, claim))
        .contains(fact.relation, &fact.row)
}

/// The minimal sets that pass a test, by trying all; the test is monotone.
fn brute_force(bits: u32, passes: impl Fn(u32) -> bool) -> BTreeSet<u32> {
    let mut minimal: BTreeSet<u32> = BTreeSet::new();
    let mut sets: Vec<u32> = subsets(bits).collect();
    sets.sort_by_key(|set| set.count_ones());
    for set in sets {
        if !minimal.iter().any(|found| found & set == *found) && passes(set) {
            minimal.insert(set);
        }
    }
    minimal
}

fn subsets(bits: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(0u32), move |set| {
        (*set != bits).then(|| (set.wrapping_sub(bits)) & bits)
    })
}

/// The first claim of every row.
fn rows(world: &World) -> u32 {
    mask(
        world
            .claims
            .iter()
            .filter_map(|(_, claim)| world.claims.with_id(claim.id).next()),
    )
}

fn mask(claims: impl Iterator<Item = ClaimId>) -> u32 {
    claims.fold(0, |mask, claim| mask | 1 << claim.0)
}

fn edges() -> impl Strategy<Value = Vec<Edge>> {
    let edge = (
        prop::bool::weighted(0.2),
        0..3u8,
        any::<bool>(),
        0..3u8,
        0..3u8,
    );
    prop::collection::vec(edge, 1..8)
}

proptest! {
    #![proptest_config(tries(96))]

    #[test]
    fn supports_are_those_of_brute_force(program in 0..PROGRAMS.len(), edges in edges(), budget in 1..400u64) {
        let world = random_world(program, &edges);
        let case = world.case();
        for fact in world.facts("t") {
            let proof = case.prove(&fact, &ProofOptions::default(), &Budget::default());
            prop_assert_eq!(case.check(&proof.unwrap()), Ok(()));
            let found = case.supports(&fact, &GradeTables::default(), usize::MAX, &Budget::default());
            prop_assert!(found.complete);
            let masks: Vec<u32> = found.supports.iter().map(|support| mask(support.claims())).collect();
            let set: BTreeSet<u32> = masks.iter().copied().collect();
            prop_assert_eq!(set.len(), masks.len(), "none twice");
            prop_assert_eq!(&set, &brute_force(rows(&world), |kept| holds(&world, &fact, kept)));
            // However little of a budget there is, one of them is there.
            let little = Budget { rows: Some(budget), ..Budget::default() };
            let found = world.case().supports(&fact, &GradeTables::default(), usize::MAX, &little);
            let some: BTreeSet<u32> = found.supports.iter().map(|support| mask(support.claims())).collect();
            prop_assert!(!some.is_empty() && some.is_subset(&set), "{some:?} of {set:?}");
            prop_assert!(!found.complete || some == set);
        }
    }

    #[test]
    fn cuts_are_those_of_brute_force(program in 0..PROGRAMS.len(), edges in edges()) {
        let world = random_world(program, &edges);
        let case = world.case();
        let all = rows(&world);
        let sources = (1u32 << world.sources.len()) - 1;
        for fact in world.facts("t") {
            let found = case.cuts(&fact, &CutOptions { most: usize::MAX, ..CutOptions::default() }, &Budget::default());
            prop_assert!(found.complete);
            let cuts: Vec<u32> = found.statements.iter().map(|cut| mask(cut.iter().filter_map(Statement::claim))).collect();
            prop_assert!(cuts.is_sorted_by_key(|cut| cut.count_ones()));
            let cuts: BTreeSet<u32> = cuts.into_iter().collect();
            prop_assert_eq!(cuts, brute_force(all, |gone| !holds(&world, &fact, all & !gone)));

            for largest in 1..=4 {
                let small = case.cuts(&fact, &CutOptions { most: usize::MAX, largest }, &Budget::default());
                prop_assert!(small.single && small.stopped.is_none());
                prop_assert_eq!(small.statements, up_to(largest, &found.statements));
                prop_assert_eq!(small.sources, up_to(largest, &found.sources));
            }
            let single = &case.single_cuts(std::slice::from_ref(&fact), &Budget::default())[0];
            let ones = |cuts: Vec<Vec<Statement>>| -> Vec<Vec<Statement>> {
                cuts.into_iter().filter(|cut| cut.len() == 1).collect()
            };
            prop_assert_eq!(&single.statements, &ones(found.statements.clone()));
            let by_one: Vec<Vec<SourceId>> = found.sources.iter().filter(|cut| cut.len() == 1).cloned().collect();
            prop_assert_eq!(&single.sources, &by_one);

            let cuts: BTreeSet<u32> = found.sources.iter().map(|cut| source_mask(cut)).collect();
            prop_assert_eq!(cuts, brute_force(sources, |gone| !holds_with(&world, &fact, |source| gone >> source.0 & 1 == 0)));

            // The same where not all derivations are looked at: all cuts of one, and one larger one.
            let meter = Meter::new(&Budget::default());
            let some = world.case().some_cuts(&fact, &CutOptions::default(), &meter);
            prop_assert!(some.single && !some.complete);
            let masks = |cuts: &[Vec<Statement>]| -> BTreeSet<u32> {
                cuts.iter().map(|cut| mask(cut.iter().filter_map(Statement::claim))).collect()
            };
            let ones = |all: &BTreeSet<u32>| -> BTreeSet<u32> { all.iter().copied().filter(|cut| cut.count_ones() == 1).collect() };
            let (all, given) = (masks(&found.statements), masks(&some.statements));
            prop_assert!(given.is_subset(&all) && ones(&given) == ones(&all) && !given.is_empty(), "{given:?} of {all:?}");
            let masks = |cuts: &[Vec<SourceId>]| -> BTreeSet<u32> { cuts.iter().map(|cut| source_mask(cut)).collect() };
            let (all, given) = (masks(&found.sources), masks(&some.sources));
            prop_assert!(given.is_subset(&all) && ones(&given) == ones(&all) && !given.is_empty(), "{given:?} of {all:?}");

            let found = case.corroboration(&fact, &Budget::default());
            prop_assert!(found.complete);
            let sets: BTreeSet<u32> = found.root_sets.iter().map(|set| source_mask(set)).collect();
            let roots = |source| source_mask(world.sources.roots(source));
            let expected = brute_force(sources, |kept| holds_with(&world, &fact, |source| roots(source) & !kept == 0));
            prop_assert_eq!(sets, expected);
        }
    }
}

fn up_to<T: Clone>(largest: usize, cuts: &[Vec<T>]) -> Vec<Vec<T>> {
    let small = cuts.iter().filter(|cut| cut.len() <= largest);
    small.cloned().collect()
}

fn holds_with(world: &World, fact: &Fact, stands: impl Fn(SourceId) -> bool) -> bool {
    world
        .run(|claim| {
            let first = world.claims.with_id(world.claims.get(claim).id).next();
            first.is_some_and(|first| world.claims.get(first).source.is_some_and(&stands))
        })
        .contains(fact.relation, &fact.row)
}

fn source_mask(sources: &[SourceId]) -> u32 {
    sources.iter().fold(0, |mask, source| mask | 1 << source.0)
}

#[test]
fn single_points_of_failure_of_all_conclusions_are_those_of_each() {
    for program in 0..PROGRAMS.len() {
        let edges: Vec<Edge> = (0..12u8)
            .map(|at| (at % 5 == 4, at % 3, at % 2 == 0, at * 7 % 4, at * 5 % 4))
            .collect();
        let world = random_world(program, &edges);
        let case = world.case();
        let facts = world.facts("t");
        let all = case.single_cuts(&facts, &Budget::default());
        for (fact, found) in facts.iter().zip(all) {
            let one = case.single_cuts(std::slice::from_ref(fact), &Budget::default());
            assert_eq!(found.statements, one[0].statements);
            assert_eq!(found.sources, one[0].sources);
        }
    }
}

#[test]
fn cuts_and_roots_are_named() {
    let world = World::new(CASE, CLAIMS, "s1 A\ns2 B - s1\ns3 C", true);
    let case = world.case();
    let fact = world.fact("works_for g a");
    let cuts = case.cuts(&fact, &CutOptions::default(), &Budget::default());
    let statements: Vec<String> = cuts
        .statements
        .iter()
        .map(|cut| {
            let cut: Vec<String> = cut
                .iter()
                .map(|statement| case.statement_text(statement))
                .collect();
            cut.join(" ")
        })
        .collect();
    assert_eq!(statements, ["c1 c2", "c3 c4", "c3 c5"]);
    let ids = |sets: &[Vec<SourceId>]| -> Vec<String> {
        sets.iter()
            .map(|set| {
                let set: Vec<&str> = set.iter().map(|&id| &*world.sources[id].id).collect();
                set.join(" ")
            })
            .collect()
    };
    assert_eq!(ids(&cuts.sources), ["s1"]);
    let carried = case.corroboration(&fact, &Budget::default());
    assert_eq!(ids(&carried.root_sets), ["s1"]);
    assert_eq!(ids(&[carried.sources]), ["s1 s2 s3"]);
    assert_eq!(carried.independent, 1);
}

#[test]
fn many_equal_ways_make_one_large_cut() {
    let mut program = ".decl e(x: number) .decl t() t() :- e(_).\n".to_owned();
    for at in 0..300 {
        program += &format!("e({at}).\n");
    }
    let world = World::of(&program);
    let fact = world.fact("t");
    let cuts = world
        .case()
        .cuts(&fact, &CutOptions::default(), &Budget::default());
    assert!(cuts.complete);
    assert_eq!(cuts.statements.len(), 1);
    assert_eq!(cuts.statements[0].len(), 300);
    assert!(cuts.sources.is_empty(), "no source is named");
}
