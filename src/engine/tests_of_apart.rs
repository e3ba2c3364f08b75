//! Joins whose heads have all variables of their bodies, so that rows come once and no set tells them apart, against the
//! naive evaluator.

use super::budget::{Budget, StopReason, Unobserved};
use super::tests::{checked, derives_what_is_derived_naively};
use super::{Database, RunOptions};
use crate::storage::{Code, Dictionary};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// The last ones project or repeat something: a set has to tell their rows apart after all.
const RULES: &str = "
    tri(x,y,z) :- a(x,y), a(y,z), a(z,x).
    turned(z,x,y) :- a(x,y), c(y,z), a(z,x).
    way(x,y,z,w) :- a(x,y), c(y,z), a(z,w), !c(x,w).
    wide(x,y,z,w,x,y) :- way(x,y,z,w), x != w.
    bow(x,y,z,w,v) :- tri(x,y,z), tri(x,w,v), y < w.
    loop(x,y,z) :- a(x,x), a(x,y), c(y,z).
    product(x,y,z) :- c(x,y), a(z,z).
    far(x,y,z) :- a(x,y), far(y,z,_). far(x,y,0) :- a(x,y).
    seen(x,y,x+y) :- a(x,z), c(z,y).
    some(x,y,1) :- tri(x,y,_), way(x,_,_,y).";

/// The rules over rows of `a` and `c`.
fn text(arcs: &[(usize, i64, i64)], spread: i64) -> String {
    let mut text = String::new();
    for (name, arity) in [
        ("a", 2),
        ("c", 2),
        ("tri", 3),
        ("turned", 3),
        ("way", 4),
        ("wide", 6),
        ("bow", 5),
        ("loop", 3),
        ("product", 3),
        ("far", 3),
        ("seen", 3),
        ("some", 3),
    ] {
        let columns: Vec<String> = (0..arity).map(|at| format!("c{at}: number")).collect();
        let _ = writeln!(text, ".decl {name}({})", columns.join(", "));
    }
    for &(at, from, to) in arcs {
        let _ = writeln!(
            text,
            "{}({}, {}).",
            ["a", "c"][at],
            from * spread,
            to * spread
        );
    }
    text + RULES
}

fn arcs() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    prop::collection::vec((0usize..2, 0i64..9, 0i64..9), 1..40)
}

proptest! {
    #![proptest_config(tries(20))]

    #[test]
    fn rows_that_come_once_are_all_there(
        arcs in arcs(),
        // Rows of six columns fit a word or do not.
        spread in prop::sample::select(vec![1i64, 70_000]),
    ) {
        let program = checked(&text(&arcs, spread));
        for threads in [1, 2, 4] {
            derives_what_is_derived_naively(&program, threads)?;
        }
    }

    #[test]
    fn a_limit_stops_what_comes_once_where_there_is_more(
        arcs in arcs(),
        spread in prop::sample::select(vec![1i64, 70_000]),
        most in 0u64..300,
        threads in 1usize..4,
    ) {
        let program = checked(&text(&arcs, spread));
        let mut all = Database::new(program.clone(), Arc::new(Dictionary::new()));
        let derived = all.run(&RunOptions::default(), &Unobserved).unwrap().derived;
        let mut limited = Database::new(program.clone(), all.dictionary().clone());
        let budget = Budget {
            rows: Some(most),
            rounds: Some(1000),
            time: Some(Duration::from_secs(1000)),
            ..Budget::default()
        };
        match limited.run(&RunOptions { threads, budget, ..RunOptions::default() }, &Unobserved) {
            Ok(report) => {
                prop_assert!(derived <= most);
                prop_assert_eq!(report.derived, derived);
            }
            Err(stop) => {
                prop_assert_eq!(stop.reason, StopReason::Rows);
                prop_assert!(derived > most);
                prop_assert!(stop.report.derived > most, "{} of {}", stop.report.derived, most);
                prop_assert!(stop.relation.is_some() && stop.rows > 0);
            }
        }
        for (id, relation) in program.relations() {
            let known: BTreeSet<Vec<Code>> = all.rows(id).iter().collect();
            let found: BTreeSet<Vec<Code>> = limited.rows(id).iter().collect();
            prop_assert!(found.is_subset(&known), "`{}`", relation.name);
            prop_assert!(derived > most || found == known, "`{}`", relation.name);
        }
    }
}
