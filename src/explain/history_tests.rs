//! Histories against a run for each day.

use super::testing::World;
use super::{CaseDays, DaySet, Fact, Facts, Otherwise, Reading};
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, GradeTables};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DECLARATIONS: &str = "
.decl e(x: number, y: number) .input e(IO=claims)
.decl f(x: number, y: number) .input f(IO=claims)
.decl t(x: number, y: number)
.decl u(x: number)
.decl n(x: number, y: number)
.decl q(x: number, y: number) eqrel
f(0, 2).
";

/// Programs over `e` and `f`; the days of `t` are asked for.
const PROGRAMS: [&str; 12] = [
    "t(x, y) :- e(x, y). t(x, z) :- t(x, y), e(y, z).",
    "t(x, y) :- e(x, y), !f(y, _). t(x, z) :- t(x, y), t(y, z).",
    "u(x) :- e(x, _), !f(x, _). t(x, y) :- e(x, y), !u(y). t(x, z) :- t(x, y), f(y, z).",
    "u(x) :- e(x, _). t(x, k) :- u(x), k = count : { e(x, _) }.",
    "t(x, k) :- e(x, _), k = max y : { e(x, y), !f(y, y) }.",
    "n(x, y) :- e(x, y). n(x, y) :- f(x, y). t(x, s) :- e(x, _), s = sum y : { n(x, y) }, s > 1.",
    "t(y, k) :- e(_, _), k = min x : { e(x, y) }.",
    "n(x, k) :- e(x, _), k = count : { f(x, _) }. t(x, m) :- n(x, _), m = sum k : { n(_, k) }.",
    "q(x, y) :- e(x, y). t(x, y) :- q(x, y), !f(x, y).",
    "t(x, y) :- e(x, y), x < y. t(y, x) :- t(x, y), f(x, y). t(x, z) :- t(x, y), z = y + 1, z < 4.",
    "u(x) :- e(x, x). u(y) :- u(x), f(x, y). t(x, z) :- u(x), z = range(0, x), !u(z).",
    "t(x, y) :- f(x, y), 1 = count : { e(z, z), f(z, y) }.",
];

/// A claim: its relation, its values, the days from and to which it counts.
type Row = (bool, u8, u8, usize, usize);

const DAYS: usize = 5;

fn world(program: &str, rows: &[Row]) -> World {
    let mut claims = String::new();
    for (at, (first, x, y, from, length)) in rows.iter().enumerate() {
        let relation = if *first { "e" } else { "f" };
        let (from, to) = (2000 + from, 2000 + from + length);
        claims += &format!("c{at} - 2 {from}..{to} {relation} {x} {y}\n");
    }
    World::new(&format!("{DECLARATIONS}{program}"), &claims, "", true)
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (any::<bool>(), 0..4u8, 0..4u8, 0..DAYS, 0..DAYS);
    prop::collection::vec(row, 0..9)
}

/// On which days the claim counts: those of its interval.
fn days_of(rows: &[Row], claim: ClaimId) -> impl Fn(usize) -> bool {
    let (.., from, length) = rows[claim.index()];
    move |day| (from..=from + length).contains(&day)
}

fn together() -> Reading {
    Reading::Cases(CaseDays::of(DAYS))
}

/// Claims count in all cases.
fn history(world: &World, rows: &[Row], reading: Reading) -> BTreeMap<Fact, Vec<usize>> {
    let mut found = cases(world, rows, reading, 1, &|_, _| true);
    match reading {
        Reading::Apart | Reading::Bounds => {}
        // The rest of the days are there to make it a whole case.
        Reading::Cases(_) => found.retain(|_, days| {
            days.retain(|&day| day < DAYS);
            !days.is_empty()
        }),
    }
    found
}

/// So many cases, in each of which some claims count.
fn cases(
    world: &World,
    rows: &[Row],
    reading: Reading,
    cases: usize,
    counts: &dyn Fn(ClaimId, usize) -> bool,
) -> BTreeMap<Fact, Vec<usize>> {
    let t = world.program.relation_named("t").unwrap();
    let case = world.case();
    let of_one = match reading {
        Reading::Apart | Reading::Bounds => DAYS,
        Reading::Cases(days) => days.count(),
    };
    let days = |claim| {
        let within = days_of(rows, claim);
        DaySet::of(of_one * cases, |day| {
            within(day % of_one) && counts(claim, day / of_one)
        })
    };
    let history = case
        .history(&[t], reading, of_one * cases, &days, &Budget::default())
        .unwrap()
        .unwrap();
    let found = history.matching(t, &[None, None]);
    let facts = found.iter().map(|row| Fact::new(t, &row));
    facts
        .map(|fact| {
            let days = history.days_of(&fact).unwrap();
            (fact, days.iter().collect())
        })
        .collect()
}

proptest! {
    #![proptest_config(tries(256))]

    #[test]
    fn days_apart_are_as_many_runs(program in 0..PROGRAMS.len(), rows in rows()) {
        let world = world(PROGRAMS[program], &rows);
        let mut expected: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        let t = world.program.relation_named("t").unwrap();
        for day in 0..DAYS {
            let database = world.run(|claim| days_of(&rows, claim)(day));
            for row in database.rows(t).iter() {
                expected.entry(Fact::new(t, &row)).or_default().push(day);
            }
        }
        prop_assert_eq!(history(&world, &rows, Reading::Apart), expected);
    }

    /// Without negation and totals.
    #[test]
    fn days_together_are_those_of_the_supports(program in 0..2usize, rows in rows()) {
        let world = world([PROGRAMS[0], PROGRAMS[9]][program], &rows);
        let case = world.case();
        let mut expected: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for fact in world.facts("t") {
            let found = case.supports(&fact, &GradeTables::default(), usize::MAX, &Budget::default());
            let on = |day: &usize| found.supports.iter().any(|support| {
                support.claims().all(|claim| days_of(&rows, claim)(*day))
            });
            let days: Vec<usize> = (0..DAYS).filter(on).collect();
            if !days.is_empty() {
                expected.insert(fact, days);
            }
        }
        prop_assert_eq!(history(&world, &rows, together()), expected);
    }

    #[test]
    fn several_cases_are_each_as_if_alone(program in 0..PROGRAMS.len(), rows in rows(), count in 1..4usize, salt in any::<u32>()) {
        let world = world(PROGRAMS[program], &rows);
        let counts = |claim: ClaimId, at: usize| (salt >> (claim.index() * 3 + at)) & 1 == 0;
        let of_one = CaseDays::of(DAYS).count();
        let mut expected: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for at in 0..count {
            for (fact, days) in cases(&world, &rows, together(), 1, &|claim, _| counts(claim, at)) {
                let days = days.iter().map(|day| at * of_one + day);
                expected.entry(fact).or_default().extend(days);
            }
        }
        prop_assert_eq!(cases(&world, &rows, together(), count, &counts), expected);
    }

    #[test]
    fn amended_cases_are_as_many_runs(
        program in 0..PROGRAMS.len(),
        rows in rows(),
        salt in any::<u64>(),
        found in prop::collection::vec((any::<bool>(), 0..4u8, 0..4u8, any::<u8>()), 0..3),
    ) {
        const CASES: usize = 5;
        let world = world(PROGRAMS[program], &rows);
        // All claims count in the last case, and most in the others; so nothing is found in it.
        let counts = |claim: ClaimId, at: usize| {
            at + 1 >= CASES || (salt >> ((claim.index() * 7 + at * 3) % 64)) & 3 != 0
        };
        let is_found = |bits: u8, at: usize| at + 1 < CASES && bits >> at & 1 == 1;
        let found: Vec<(Fact, u8)> = found
            .iter()
            .map(|(first, x, y, bits)| {
                let relation = if *first { "e" } else { "f" };
                (world.fact(&format!("{relation} {x} {y}")), *bits)
            })
            .filter(|(fact, _)| !world.database.contains(fact.relation, &fact.row))
            .collect();
        let t = world.program.relation_named("t").unwrap();
        let mut expected: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for at in 0..CASES {
            let more = found.iter().filter(|(_, bits)| is_found(*bits, at));
            let database = world.run_with(|claim| counts(claim, at), more.map(|(fact, _)| fact));
            for row in database.rows(t).iter() {
                expected.entry(Fact::new(t, &row)).or_default().push(at);
            }
        }
        let days_of = |claim| DaySet::of(64, |at| counts(claim, at));
        let facts: Vec<Fact> = world
            .claims
            .iter()
            .filter(|(id, _)| (0..CASES).any(|at| !counts(*id, at)))
            .map(|(_, claim)| Fact::new(claim.relation, claim.row))
            .collect();
        let more: Vec<(Fact, DaySet)> = found
            .iter()
            .map(|(fact, bits)| (fact.clone(), DaySet::of(64, |at| is_found(*bits, at))))
            .collect();
        let otherwise = Otherwise { past: None, facts: &facts, more: &more, days_of: &days_of };
        let case = world.case();
        let history = case
            .history_amended(&otherwise, &[t], Reading::Apart, 64, &Budget::default())
            .unwrap()
            .unwrap();
        let presence = history.presence(64);
        let mut amended: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for at in 0..CASES {
            for row in presence.in_case(at, &[]).matching(t, &[None, None]).iter() {
                amended.entry(Fact::new(t, &row)).or_default().push(at);
            }
        }
        prop_assert_eq!(&amended, &expected);
        // What a case has besides, and what it lacks.
        let (more, fewer) = presence.otherwise_in(t, CASES - 1);
        for at in 0..CASES {
            let has = |fact: &Fact, at: usize| expected[fact].contains(&at);
            let all = expected.keys();
            let gains = all.clone().any(|fact| has(fact, at) && !has(fact, CASES - 1));
            let loses = all.clone().any(|fact| !has(fact, at) && has(fact, CASES - 1));
            prop_assert_eq!((more.contains(at), fewer.contains(at)), (gains, loses));
        }
    }

    #[test]
    fn amended_cases_of_many_days_are_each_as_if_alone(
        program in 0..PROGRAMS.len(),
        rows in rows(),
        salt in any::<u32>(),
    ) {
        const CASES: usize = 3;
        let world = world(PROGRAMS[program], &rows);
        let counts = |claim: ClaimId, at: usize| {
            at + 1 == CASES || (salt >> (claim.index() * 2 + at)) & 1 == 0
        };
        let expected = cases(&world, &rows, together(), CASES, &counts);
        let of_one = CaseDays::of(DAYS).count();
        let always = |claim| {
            let within = days_of(&rows, claim);
            DaySet::of(of_one, within)
        };
        let days = |claim: ClaimId| {
            let mut days = always(claim).spread(of_one * CASES);
            for at in (0..CASES).filter(|&at| !counts(claim, at)) {
                days.clear(at * of_one..(at + 1) * of_one);
            }
            days
        };
        let facts: Vec<Fact> = world
            .claims
            .iter()
            .filter(|(id, _)| (0..CASES).any(|at| !counts(*id, at)))
            .map(|(_, claim)| Fact::new(claim.relation, claim.row))
            .collect();
        let t = world.program.relation_named("t").unwrap();
        let case = world.case();
        let past = case
            .history(&[t], together(), of_one, &always, &Budget::default())
            .unwrap()
            .unwrap()
            .past();
        let otherwise = Otherwise { past: Some(&past), facts: &facts, more: &[], days_of: &days };
        let history = case
            .history_amended(&otherwise, &[t], together(), of_one * CASES, &Budget::default())
            .unwrap()
            .unwrap();
        let mut amended: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for row in history.matching(t, &[None, None]).iter() {
            let fact = Fact::new(t, &row);
            let days: Vec<usize> = history.days_of(&fact).unwrap().iter().collect();
            if !days.is_empty() {
                amended.insert(fact, days);
            }
        }
        prop_assert_eq!(amended, expected);
    }
}

#[test]
fn what_is_never_at_once_is_neither_present_nor_counted() {
    // Both claims of `u` hold, but never on one day.
    let program = "u(x) :- e(x, 1), f(x, 1). t(x, 0) :- e(x, _), !u(x). t(x, k) :- f(x, _), k = count : { u(_) }.";
    let check = |rows: &[Row], expected: &[&str]| {
        let world = world(program, rows);
        let found = history(&world, rows, together());
        let found: Vec<String> = found
            .keys()
            .map(|fact| super::fact_text(&world.program, &world.dictionary, fact))
            .collect();
        assert_eq!(found, expected);
    };
    let early = (true, 0, 1, 0, 1);
    check(&[early, (false, 0, 1, 1, 1)], &["t(0,1)"]);
    check(&[early, (false, 0, 1, 3, 1)], &["t(0,0)"]);
}

#[test]
fn choices_are_not_made_again() {
    let program = "
        .decl c(x: number, y: number) choice-domain x
        c(x, y) :- e(x, y). t(x, y) :- c(x, y).";
    let rows = [(true, 0, 1, 0, 0), (true, 0, 2, 2, 1)];
    let world = world(program, &rows);
    let t = world.program.relation_named("t").unwrap();
    let case = world.case();
    let days = |claim| DaySet::of(DAYS, days_of(&rows, claim));
    let apart = case.history(&[t], Reading::Apart, DAYS, &days, &Budget::default());
    assert!(apart.unwrap().is_none());
    assert_eq!(history(&world, &rows, together()).len(), 1);
}

#[test]
fn a_budget_ends_it() {
    let rows: Vec<Row> = (0..4).map(|at| (true, at, (at + 1) % 4, 0, 2)).collect();
    let world = world(PROGRAMS[0], &rows);
    let t = world.program.relation_named("t").unwrap();
    let budget = Budget {
        rows: Some(10),
        ..Budget::default()
    };
    let case = world.case();
    let found = case.history(
        &[t],
        Reading::Apart,
        DAYS,
        &|claim| DaySet::of(DAYS, days_of(&rows, claim)),
        &budget,
    );
    assert_eq!(found.err(), Some(StopReason::Rows));
}
