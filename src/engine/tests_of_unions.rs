//! Rules whose candidates are brought together by row of the head, against the naive evaluator. Codes lie so far apart that
//! pairs are kept in tables and lists.

use super::tests::{checked, derives_what_is_derived_naively};
use super::tests_of_composition::{LABELLED, RULES};
use crate::tries::tries;
use proptest::prelude::*;
use std::fmt::Write;

/// Between nodes, so that no bits are worth their room.
const APART: u32 = 997;

fn program(rules: &str, arcs: &[(u32, u32, u32)], labels: bool) -> String {
    let mut text = String::from(".decl b(x: number)\n.decl c(x: number, y: number)\n");
    let (wide, narrow) = ("x: number, y: number, z: number", "x: number, y: number");
    for name in ["a", "h", "g", "p", "q"] {
        let columns = if labels && "ap".contains(name) {
            wide
        } else {
            narrow
        };
        let _ = writeln!(text, ".decl {name}({columns})");
    }
    for &(label, from, to) in arcs {
        let [from, to] = [from, to].map(|node| node * APART);
        let _ = match labels {
            true => writeln!(text, "a({label}, {from}, {to})."),
            false => writeln!(text, "a({from}, {to})."),
        };
        if label == 0 {
            let _ = writeln!(text, "b({from}). c({to}, {from}).");
        }
    }
    text + rules
}

fn arcs() -> impl Strategy<Value = Vec<(u32, u32, u32)>> {
    (3u32..14).prop_flat_map(|nodes| prop::collection::vec((0u32..4, 0..nodes, 0..nodes), 1..40))
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn pairs_are_those_derived_naively(
        arcs in arcs(),
        rules in 0..RULES.len(),
        threads in 1usize..4,
    ) {
        let program = program(RULES[rules], &arcs, false);
        derives_what_is_derived_naively(&checked(&program), threads)?;
    }

    #[test]
    fn rows_kept_as_pairs_are_too(
        arcs in arcs(),
        rules in 0..LABELLED.len(),
        threads in 1usize..4,
    ) {
        let rules = format!("p(l,x,y) :- a(l,x,y).\n{}", LABELLED[rules]);
        let program = program(&rules, &arcs, true);
        derives_what_is_derived_naively(&checked(&program), threads)?;
    }
}
