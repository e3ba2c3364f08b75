//! Times, near misses, what leans on what, and identity switches, against brute force.

use super::testing::World;
use super::{CutOptions, Fact, Reason, Support, WhyNotOptions};
use crate::engine::budget::Unobserved;
use crate::engine::{Budget, Database, RunOptions};
use crate::evidence::{ClaimId, GradeTables};
use crate::storage::{Code, Rows};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;

const DECLARATIONS: &str = "
    .decl e(x: number, y: number) .input e(IO=claims)
    .decl f(x: number, y: number) .input f(IO=claims)
    .decl t(x: number, y: number) .decl u(x: number)
";

/// Programs in which more claims never derive less.
const MONOTONE: &[&str] = &[
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), e(y, z).",
    "t(x, y) :- e(x, y), f(y, x). t(x, x) :- f(x, _), e(_, x).",
    "u(x) :- e(x, x). u(x) :- f(_, x). t(x, y) :- u(x), u(y), e(x, y).",
];

const OTHERS: &[&str] = &[
    "t(x, y) :- e(x, y), !f(x, y).",
    "u(x) :- e(x, _), !f(x, _). t(x, y) :- u(x), e(x, y), x != y.",
    "t(x, y) :- e(x, y), n = count : { f(x, _) }, n > 1.",
];

/// Relation, source, two numbers, year it began, years it went on.
type Row = (bool, u8, u8, u8, u8, u8);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (any::<bool>(), 0..4u8, 0..3u8, 0..3u8, 0..4u8, 0..3u8);
    prop::collection::vec(row, 1..8)
}

fn world(program: &str, rows: &[Row]) -> World {
    let mut claims = String::new();
    for (at, (first, source, x, y, from, years)) in rows.iter().enumerate() {
        let relation = if *first { "e" } else { "f" };
        let (from, to) = (2000 + u32::from(*from), 2000 + u32::from(from + years));
        claims += &format!("c{at} s{source} 2 {from}..{to} {relation} {x} {y}\n");
    }
    // The third is published somewhere in the year of the second, the last without a date.
    let sources = "s0 A 2001-05\ns1 B 2003-02-01\ns2 C 2003\ns3 D\n";
    World::new(&format!("{DECLARATIONS}{program}"), &claims, sources, true)
}

fn holds(world: &World, fact: &Fact, stands: impl Fn(ClaimId) -> bool) -> bool {
    world.run(stands).contains(fact.relation, &fact.row)
}

proptest! {
    #![proptest_config(tries(96))]

    #[test]
    fn at_once_everything_asks_for_supports_of_one_day(program in 0..MONOTONE.len(), rows in rows()) {
        let world = world(MONOTONE[program], &rows);
        let (budget, tables) = (Budget::default(), GradeTables::default());
        let case = world.case().at_once(true);
        for fact in world.facts("t") {
            let mut expected = world.case().supports(&fact, &tables, usize::MAX, &budget).supports;
            expected.retain(|support| support.interval.is_ok());
            let found = case.supports(&fact, &tables, usize::MAX, &budget);
            prop_assert_eq!(&found.supports, &expected);
            let cuts = case.cuts(&fact, &CutOptions { most: usize::MAX, ..CutOptions::default() }, &budget);
            prop_assert!(cuts.complete);
            for cut in &cuts.statements {
                let ends = |support: &Support| support.statements.iter().any(|one| cut.contains(one));
                prop_assert!(expected.iter().all(ends));
                for spared in cut {
                    let ends = |support: &Support| support.statements.iter().any(|one| one != spared && cut.contains(one));
                    prop_assert!(!expected.iter().all(ends), "the cut is minimal");
                }
            }
            let roots = case.corroboration(&fact, &budget);
            prop_assert_eq!(roots.root_sets.is_empty(), expected.is_empty());
        }
        // All in one pass, where each had a search of its own.
        let facts = world.facts("t");
        let together = case.single_cuts(&facts, &budget);
        for (fact, together) in facts.iter().zip(together) {
            let mut each = case.cuts(fact, &CutOptions { most: usize::MAX, ..CutOptions::default() }, &budget);
            each.statements.retain(|cut| cut.len() == 1);
            each.sources.retain(|cut| cut.len() == 1);
            prop_assert!(together.single);
            prop_assert_eq!(together.statements, each.statements);
            prop_assert_eq!(together.sources, each.sources);
        }
    }

    #[test]
    fn supplying_what_is_missing_makes_the_fact_hold(program in 0..MONOTONE.len() + OTHERS.len(), rows in rows()) {
        let programs = [MONOTONE, OTHERS].concat();
        let world = world(programs[program], &rows);
        let case = world.case();
        let t = world.program.relation_named("t").unwrap();
        for (x, y) in (0..3).flat_map(|x| (0..3).map(move |y| (x, y))) {
            let fact = world.fact(&format!("t {x} {y}"));
            if case.holds(&fact) {
                continue;
            }
            let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
            let found = case.why_not(t, &row, &WhyNotOptions::default(), &Budget::default());
            prop_assert!(found.stopped.is_none());
            prop_assert_eq!(found.misses.is_empty(), false, "every head fits");
            for miss in &found.misses {
                let [failing] = &miss.failing[..] else { continue };
                let Reason::Absent { relation, pattern, .. } = &failing.reason else { continue };
                if !miss.open.is_empty() || *relation == t {
                    continue;
                }
                let supplied: Vec<Code> = pattern.iter().map(|code| code.unwrap_or_else(|| world.dictionary.number(0))).collect();
                let mut database = Database::new(world.program.clone(), world.dictionary.clone());
                let facts = world.claims.iter().map(|(_, claim)| (claim.relation, claim.row));
                for (relation, row) in facts.chain([(*relation, &supplied[..])]) {
                    let mut rows = Rows::new(row.len());
                    rows.push(row);
                    database.state(relation, rows);
                }
                database.run(&RunOptions::default(), &Unobserved).unwrap();
                prop_assert!(database.contains(t, &fact.row), "{:?}", supplied);
            }
        }
    }

    #[test]
    fn what_leans_on_facts_and_rules_is_all_that_instances_lead_to(
        program in 0..MONOTONE.len() + 2,
        rows in rows(),
        seeds in prop::collection::vec(any::<bool>(), 8),
        rules in prop::collection::vec(any::<bool>(), 4),
    ) {
        let programs = [MONOTONE, &OTHERS[..2]].concat();
        let world = world(programs[program], &rows);
        let case = world.case();
        let claims = world.claims.iter().zip(&seeds).filter(|(_, chosen)| **chosen);
        let seeds: BTreeSet<Fact> = claims.map(|((_, claim), _)| Fact::new(claim.relation, claim.row)).collect();
        let derived = world.program.rules().filter(|(_, rule)| rule.head.is_some() && !rule.body.is_empty());
        let derived: Vec<_> = derived.zip(rules.iter().cycle()).collect();
        let chosen: Vec<_> = derived.iter().filter(|(_, chosen)| **chosen).map(|((id, _), _)| *id).collect();
        let meter = super::Meter::new(&Budget::default());
        let mut expected = seeds.clone();
        loop {
            let before = expected.len();
            for ((id, rule), _) in &derived {
                case.instances(&rule.body, &rule.variables, &meter, |instance| {
                    if chosen.contains(id) || instance.premises.iter().any(|premise| expected.contains(premise)) {
                        expected.extend(rule.head.as_ref().and_then(|head| case.conclusion(head, &instance.values)));
                    }
                });
            }
            if expected.len() == before {
                break;
            }
        }
        let given: Vec<Fact> = seeds.iter().cloned().collect();
        let leaning = case.leaning_on(&given, &chosen, &Budget::default());
        prop_assert!(leaning.stopped.is_none());
        let found: BTreeSet<Fact> = leaning.facts.iter().cloned().chain(given).collect();
        prop_assert_eq!(leaning.facts.len() + seeds.len(), found.len(), "each is met once");
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_falls_without_a_claim_leans_on_it(program in 0..MONOTONE.len(), rows in rows()) {
        let world = world(MONOTONE[program], &rows);
        let case = world.case();
        for (doomed, claim) in world.claims.iter() {
            let seed = Fact::new(claim.relation, claim.row);
            let leaning: BTreeSet<Fact> = case
                .leaning_on(std::slice::from_ref(&seed), &[], &Budget::default())
                .facts
                .into_iter()
                .collect();
            let without = world.run(|other| other != doomed);
            for fact in ["t", "u"].into_iter().flat_map(|name| world.facts(name)) {
                if !without.contains(fact.relation, &fact.row) {
                    prop_assert!(leaning.contains(&fact));
                }
                // It leans on the seed exactly when some support has a claim of it, or could have if it were not minimal.
                let supports = case.supports(&fact, &GradeTables::default(), usize::MAX, &Budget::default());
                if supports.supports.iter().any(|support| support.claims().any(|one| one == doomed)) {
                    prop_assert!(leaning.contains(&fact));
                }
            }
        }
    }

    #[test]
    fn carriers_are_those_of_brute_force(program in 0..MONOTONE.len(), rows in rows(), switches in 0..64u32) {
        let world = world(MONOTONE[program], &rows);
        let case = world.case();
        let all: Vec<u32> = (0..rows.len() as u32).filter(|claim| switches >> claim & 1 == 1).collect();
        for fact in world.facts("t") {
            let found = case.carriers(&fact, &|claim| all.contains(&claim.0), usize::MAX, &Budget::default());
            prop_assert!(found.complete);
            let mask = |set: &Vec<ClaimId>| set.iter().fold(0u32, |mask, claim| mask | 1 << claim.0);
            let sets: BTreeSet<u32> = found.sets.iter().map(mask).collect();
            let stands = |kept: u32| holds(&world, &fact, |claim| !all.contains(&claim.0) || kept >> claim.0 & 1 == 1);
            let mut expected: BTreeSet<u32> = BTreeSet::new();
            let mut tried: Vec<u32> = (0..1 << rows.len()).filter(|set| set & !switches == 0).collect();
            tried.sort_by_key(|set| set.count_ones());
            for kept in tried {
                if !expected.iter().any(|known| known & kept == *known) && stands(kept) {
                    expected.insert(kept);
                }
            }
            prop_assert_eq!(sets, expected);
        }
    }
}

#[test]
fn plain_facts_are_given_where_there_are_claims() {
    let program = format!("{DECLARATIONS} t(x, y) :- e(x, y), u(x). u(1).");
    let world = World::new(&program, "c1 s0 2 .. e 1 2", "s0 A", true);
    let fact = world.fact("t 1 2");
    let tables = GradeTables::default();
    let texts = |case: super::Case| -> Vec<String> {
        let found = case.supports(&fact, &tables, 9, &Budget::default());
        assert!(found.complete);
        let support = &found.supports[0];
        support
            .statements
            .iter()
            .map(|one| case.statement_text(one))
            .collect()
    };
    assert_eq!(texts(world.case()), ["c1", "u(1)"]);
    assert_eq!(texts(world.case().only_claims()), ["c1"]);
    let given = world.case().only_claims();
    let nothing = given.supports(&world.fact("u 1"), &tables, 9, &Budget::default());
    assert_eq!(nothing.supports.len(), 1);
    assert!(nothing.supports[0].statements.is_empty());
}

#[test]
fn constants_that_may_have_been_meant() {
    let program = r#"
        .type Actor <: symbol
        .decl alias(actor: Actor, name: symbol) .decl runs(a: Actor, b: Actor)
        alias("x-typhoon", "X Typhoon"). runs("x-net", "x-raptor").
    "#;
    let world = World::of(program);
    let runs = world.program.relation_named("runs").unwrap();
    let meant = |text: &str| -> Option<Vec<&str>> {
        let found = world
            .case()
            .meant(runs, 0, world.dictionary.symbol(text), 2)?;
        Some(
            found
                .into_iter()
                .map(|code| world.dictionary.text(code))
                .collect(),
        )
    };
    assert_eq!(meant("x-net"), None);
    assert_eq!(meant("x-nett"), Some(vec!["x-net"]));
    assert_eq!(meant("X Typhoon"), Some(vec!["x-typhoon"]));
    assert_eq!(meant("quite different"), Some(vec![]));
}
