//! Strengths against brute force: every world of independent chances is tried.

use super::testing::World;
use super::{Fact, Weight};
use crate::engine::Budget;
use crate::evidence::{ClaimId, Combination, GradeTables, SourceId};
use crate::tries::tries;
use proptest::prelude::*;

const DECLARATIONS: &str = "
.decl e(x: number, y: number) .input e(IO=claims)
.decl f(x: number, y: number) .input f(IO=claims)
.decl t(x: number, y: number) .decl u(x: number)
";

const PROGRAMS: [&str; 4] = [
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), e(y, z).",
    "t(x, y) :- e(x, y), f(y, x). t(x, y) :- f(x, y), t(y, x). t(x, y) :- e(x, z), f(z, y).",
    "u(x) :- e(x, _). u(y) :- t(x, y), f(x, _). t(x, y) :- u(x), u(y), e(x, y).",
    "t(x, y) :- e(x, y), !f(y, _). t(x, y) :- f(x, y), f(y, x).",
];

/// s2 repeats s0, s3 repeats both s0 and s1; a claim without a source is alone.
const SOURCES: &str = "s0 A\ns1 B\ns2 C - s0\ns3 D - s0,s1\n";

/// Source, credibility, relation, values.
type Row = (u8, u8, bool, u8, u8);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..5u8, 1..6u8, any::<bool>(), 0..3u8, 0..3u8);
    prop::collection::vec(row, 1..7)
}

fn world(program: usize, rows: &[Row]) -> World {
    let mut claims = String::new();
    for (at, (source, credibility, first, x, y)) in rows.iter().enumerate() {
        let relation = if *first { "e" } else { "f" };
        claims += &format!("c{at} s{source} {credibility} .. {relation} {x} {y}\n");
    }
    World::new(
        &format!("{DECLARATIONS}{}", PROGRAMS[program]),
        &claims,
        SOURCES,
        true,
    )
}

fn weight(world: &World, fact: &Fact, by: Combination) -> Weight {
    let (tables, budget) = (GradeTables::default(), Budget::default());
    let case = world.case();
    let supports = case.supports(fact, &tables, usize::MAX, &budget);
    case.weight(fact, &supports, by, &tables, &budget)
}

fn strength(world: &World, claim: ClaimId) -> f64 {
    GradeTables::default().strength(world.claims.get(claim).grade(&world.sources))
}

/// Groups of claims that stand or fall together: of one row, linked by common roots.
fn groups(world: &World) -> Vec<Vec<ClaimId>> {
    let mut groups: Vec<Vec<ClaimId>> = Vec::new();
    for (id, claim) in world.claims.iter() {
        let roots = |claim: ClaimId| -> &[SourceId] {
            world
                .claims
                .get(claim)
                .source
                .map_or(&[], |source| world.sources.roots(source))
        };
        let linked = |group: &Vec<ClaimId>| {
            group.iter().any(|&other| {
                let said = world.claims.get(other);
                (said.relation, &said.row) == (claim.relation, &claim.row)
                    && roots(other).iter().any(|root| roots(id).contains(root))
            })
        };
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(linked);
        groups = apart;
        groups.push(joined.into_iter().flatten().chain([id]).collect());
    }
    groups
}

/// The chance of the fact, summed over the worlds in which each group is right down to some strength.
fn brute_force(
    world: &World,
    fact: &Fact,
    groups: &[Vec<ClaimId>],
    right: &mut Vec<ClaimId>,
) -> f64 {
    let Some((group, others)) = groups.split_first() else {
        let database = world.run(|claim| right.contains(&claim));
        return f64::from(database.contains(fact.relation, &fact.row));
    };
    let mut steps: Vec<f64> = group.iter().map(|&claim| strength(world, claim)).collect();
    steps.extend([0.0, 1.0]);
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    let mut chance = 0.0;
    for step in steps.windows(2) {
        // Luck falls between the two: claims of the upper strength and more are right.
        let before = right.len();
        right.extend(
            group
                .iter()
                .filter(|&&claim| strength(world, claim) >= step[1]),
        );
        chance += (step[1] - step[0]) * brute_force(world, fact, others, right);
        right.truncate(before);
    }
    chance
}

fn close(found: Weight, expected: f64) -> bool {
    matches!(found, Weight::Exactly(value) if (value - expected).abs() < 1e-9)
}

proptest! {
    #![proptest_config(tries(64))]

    #[test]
    fn chances_are_those_of_all_worlds(program in 0..3usize, rows in rows()) {
        let world = world(program, &rows);
        for fact in world.facts("t") {
            let expected = brute_force(&world, &fact, &groups(&world), &mut Vec::new());
            let found = weight(&world, &fact, Combination::Probability);
            prop_assert!(close(found, expected), "{:?} for {}", found, expected);
        }
    }

    #[test]
    fn the_others_are_those_of_the_best_support(program in 0..PROGRAMS.len(), rows in rows()) {
        let world = world(program, &rows);
        for fact in world.facts("t") {
            let supports = world.case().supports(&fact, &GradeTables::default(), usize::MAX, &Budget::default());
            let all = |f: &dyn Fn(f64, f64) -> f64| supports.supports.iter().map(|support| {
                support.claims().map(|claim| strength(&world, claim)).fold(1.0, f)
            }).fold(0.0, f64::max);
            prop_assert!(close(weight(&world, &fact, Combination::Min), all(&|a, b| a.min(b))));
            prop_assert!(close(weight(&world, &fact, Combination::Product), all(&|a, b| a * b)));
        }
    }

    /// Whoever repeats a claim, however well graded the claim is that it repeats.
    #[test]
    fn a_copy_never_raises_a_value(program in 0..PROGRAMS.len(), rows in rows()) {
        let before = world(program, &rows);
        // s9 repeats whoever said it, no better graded.
        let copies = |by: &World| -> String {
            by.claims.iter().filter_map(|(id, claim)| {
                let source = &by.sources[claim.source?];
                Some(format!("x{} s9 5 .. {} {} {}\n", id.0, by.program[claim.relation].name, rows[id.index()].3, rows[id.index()].4))
                    .filter(|_| &*source.id == "s1")
            }).collect()
        };
        let mut claims = String::new();
        for (at, (source, credibility, first, x, y)) in rows.iter().enumerate() {
            let relation = if *first { "e" } else { "f" };
            claims += &format!("c{at} s{source} {credibility} .. {relation} {x} {y}\n");
        }
        let more = claims + &copies(&before);
        let after = World::new(&format!("{DECLARATIONS}{}", PROGRAMS[program]), &more, &format!("{SOURCES}s9 E - s1\n"), true);
        for fact in before.facts("t") {
            for by in [Combination::Min, Combination::Product, Combination::Probability] {
                let (old, new) = (weight(&before, &fact, by), weight(&after, &fact, by));
                let value = |weight| match weight { Weight::Exactly(value) => value, _ => f64::NAN };
                prop_assert!((value(old) - value(new)).abs() < 1e-9, "{by}: {old:?} and {new:?}");
            }
        }
    }
}

#[test]
fn too_much_is_said() {
    // A grid of paths: any order of the claims makes a large diagram.
    let mut claims = String::new();
    let size = 24;
    for (x, y) in (0..size).flat_map(|x| (0..size).map(move |y| (x, y))) {
        claims += &format!("c{x}-{y} s0 2 .. e {} {}\n", 100 * x + y, 100 * x + y + 1);
        claims += &format!("d{x}-{y} s0 2 .. e {} {}\n", 100 * x + y, 100 * (x + 1) + y);
    }
    let world = World::new(
        &format!("{DECLARATIONS}{}", PROGRAMS[0]),
        &claims,
        SOURCES,
        true,
    );
    let fact = world.fact(&format!("t 0 {}", 100 * (size - 1) + size - 1));
    let (tables, budget) = (GradeTables::default(), Budget::default());
    let case = world.case();
    let supports = case.supports(&fact, &tables, 5, &budget);
    let by = |combination| case.weight(&fact, &supports, combination, &tables, &budget);
    assert_eq!(by(Combination::Probability), Weight::TooLarge);
    assert_eq!(by(Combination::Min), Weight::Exactly(0.8));
    assert!(matches!(by(Combination::Product), Weight::AtLeast(_)));
}
