//! Coverage against brute force: without a row that is said never to matter, everything put out stays; and a rule fires
//! exactly when a measured run sees it propose rows.

use super::{CaseSpec, Coverage, Options, Session, TestQuestion};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PROGRAMS: &[&str] = &[
    // Recursion and negation.
    "way(x, y) :- a(x, y), !b(x).
     way(x, z) :- way(x, y), a(y, z).
     out(x) :- way(x, y), !way(y, x).",
    // Aggregates.
    "many(x, n) :- a(x, _), n = count : { a(x, _) }.
     best(x, m) :- a(x, _), m = min y : { a(x, y), !b(y) }.
     out(x) :- many(x, n), n > 1, best(x, _).",
    // What keeps rows out of a total.
    "way(x, x) :- a(x, _), !b(x).
     few(n) :- a(_, _), n = count : { way(x, _), !a(x, x) }.
     out(x) :- a(x, _), few(n), n < 2.",
    "few(n) :- a(_, _), n = min to_number(y) : { a(x, y), !b(y), !a(y, x) }.
     out(x) :- a(x, _), few(n), n > 1.",
    // Two negations in a row, and rules that never fire.
    "left(x) :- a(x, _), !b(x).
     right(x) :- a(_, x), !left(x).
     out(x) :- right(x), x != \"0\".
     out(x) :- right(x), a(x, \"9\").",
    // An equivalence.
    "same(x, y) :- a(x, y).
     out(x) :- same(x, y), b(y).",
];

const DECLARATIONS: &str = "
    .decl a(x: symbol, y: symbol)  .input a
    .decl b(x: symbol)             .input b
    .decl way(x: symbol, y: symbol)
    .decl many(x: symbol, n: number)
    .decl best(x: symbol, m: symbol)
    .decl few(n: number)
    .decl left(x: symbol)
    .decl right(x: symbol)
    .decl same(x: symbol, y: symbol) eqrel
    .decl out(x: symbol)           .output out
";

type Pairs = BTreeSet<(u8, u8)>;

fn open(directory: &Path, program: &str, a: &Pairs, b: &BTreeSet<u8>) -> Session {
    let a: String = a.iter().map(|(x, y)| format!("{x}\t{y}\n")).collect();
    let b: String = b.iter().map(|x| format!("{x}\n")).collect();
    // `min` orders symbols by their codes, which depend on what is read: numbers are what it is for.
    let program = program.replace("min y :", "min to_number(y) :");
    let declarations = DECLARATIONS.replace("m: symbol", "m: number");
    for (name, text) in [
        ("p.dl", format!("{declarations}{program}")),
        (
            "p.expect",
            "!out(\"1\").\nout(x) -> count >= 0.\n".to_owned(),
        ),
        ("a.facts", a),
        ("b.facts", b),
    ] {
        fs::write(directory.join(name), text).unwrap();
    }
    let spec = CaseSpec {
        programs: vec!["p.dl".into()],
        ..CaseSpec::at(directory)
    };
    Session::open(spec, Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn coverage(session: &mut Session) -> Coverage {
    let question = TestQuestion {
        coverage: true,
        ..TestQuestion::default()
    };
    let tested = session.test(&question).unwrap();
    assert!(tested.broken.is_empty(), "{:?}", tested.broken);
    tested.coverage.unwrap()
}

fn concluded(session: &mut Session) -> BTreeSet<String> {
    session.query_as("out(x)").unwrap().into_iter().collect()
}

proptest! {
    #![proptest_config(tries(40))]

    #[test]
    fn what_never_matters_can_be_taken_away(
        program in 0..PROGRAMS.len(),
        a in prop::collection::btree_set((0u8..5, 0u8..5), 0..8),
        b in prop::collection::btree_set(0u8..5, 0..4),
    ) {
        let directory = tempfile::tempdir().unwrap();
        prop_assume!(!a.is_empty());
        let mut whole = open(directory.path(), PROGRAMS[program], &a, &b);
        let found = coverage(&mut whole);
        let before = concluded(&mut whole);
        let never: BTreeSet<&str> = found.inputs.iter().flat_map(|input| &input.never).map(String::as_str).collect();
        for pair in &a {
            let mut fewer = a.clone();
            fewer.remove(pair);
            let after = concluded(&mut open(directory.path(), PROGRAMS[program], &fewer, &b));
            let name = format!("a(\"{}\",\"{}\")", pair.0, pair.1);
            prop_assert!(before.is_subset(&after) || !never.contains(&*name), "{name} {after:?} {before:?}");
        }
        for bar in &b {
            let mut fewer = b.clone();
            fewer.remove(bar);
            let after = concluded(&mut open(directory.path(), PROGRAMS[program], &a, &fewer));
            let name = format!("b(\"{bar}\")");
            prop_assert!(before.is_subset(&after) || !never.contains(&*name), "{name} {after:?} {before:?}");
        }
    }

    #[test]
    fn a_rule_fires_when_a_run_sees_it_propose_rows(
        program in 0..PROGRAMS.len(),
        a in prop::collection::btree_set((0u8..5, 0u8..5), 0..8),
        b in prop::collection::btree_set(0u8..5, 0..4),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut session = open(directory.path(), PROGRAMS[program], &a, &b);
        let found = coverage(&mut session);
        let costs = session.profile().unwrap();
        let rules = costs.strata.iter().flat_map(|stratum| &stratum.rules);
        let proposing: BTreeSet<&str> = rules
            .filter(|rule| rule.versions.iter().any(|version| version.candidates > 0))
            .map(|rule| &*rule.clause.at)
            .collect();
        for rule in &found.rules {
            prop_assert_eq!(rule.rows > 0, proposing.contains(&*rule.clause.at), "{}", rule.clause.at);
        }
    }

    #[test]
    fn a_world_is_covered_as_if_it_were_alone(
        program in 0..PROGRAMS.len(),
        a in prop::collection::btree_set((0u8..5, 0u8..5), 1..8),
        b in prop::collection::btree_set(0u8..5, 0..4),
        assumed in (0u8..5, 0u8..5),
        withdrawn in 0u8..5,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let (x, y) = assumed;
        let hypothesis = format!(
            ".hypothesis h \"x\" {{ + a(\"{x}\", \"{y}\"). - a(\"{withdrawn}\", _). - b(\"{withdrawn}\"). out(x) :- b(x), !a(x, x). }}"
        );
        let mut session = open(directory.path(), &format!("{}\n{hypothesis}", PROGRAMS[program]), &a, &b);
        let overlay = session.hypothesis("h").unwrap();
        let state = session.prepared(&[&overlay]).unwrap().state;
        let (_, known) = session.cover(&[]);
        let beside = session.cover_in(state.side(), &[], &known);
        let alone = session.look_from(state, |session| Ok(session.cover(&[]).0)).unwrap();
        prop_assert_eq!(beside, alone);
    }
}
