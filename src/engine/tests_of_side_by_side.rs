//! Rules that run side by side, against the naive evaluator.

use super::tests::{checked, derives_what_is_derived_naively};
use crate::tries::tries;
use proptest::prelude::*;
use std::fmt::Write;

/// Rounds with many rules for few heads, some of which compute, ask or read rows of before the round.
const RULES: &str = "
    flow(x,y) :- a(x,y). flow(x,x) :- a(x,_). memory(x,x) :- a(_,x).
    flow(x,y) :- a(x,z), memory(z,y). flow(x,y) :- flow(x,z), flow(z,y).
    memory(x,w) :- c(y,x), value(y,z), c(z,w).
    value(x,y) :- flow(z,x), flow(z,y). value(x,y) :- flow(z,x), memory(z,w), flow(w,y).
    far(x,y,1) :- flow(x,y), !a(x,y). far(x,z,d+1) :- far(x,y,d), a(y,z), d < 4.
    far(x,z,d*2) :- far(x,y,d), c(y,z), d < 4, value(x,z). flow(x,y) :- far(x,y,4), c(x,_).
    seen() :- value(x,y), x != y. memory(x,y) :- seen(), far(x,y,3).";

proptest! {
    #![proptest_config(tries(20))]

    #[test]
    fn rules_side_by_side_derive_what_they_derive_one_by_one(
        arcs in prop::collection::vec((0usize..2, 0i64..7, 0i64..7), 1..20),
    ) {
        let mut text = String::from(".decl far(x: number, y: number, d: number)\n.decl seen()\n");
        for name in ["a", "c", "flow", "memory", "value"] {
            let _ = writeln!(text, ".decl {name}(x: number, y: number)");
        }
        for (at, from, to) in arcs {
            let _ = writeln!(text, "{}({from}, {to}).", ["a", "c"][at]);
        }
        let program = checked(&(text + RULES));
        for threads in [1, 2, 4] {
            derives_what_is_derived_naively(&program, threads)?;
        }
    }
}
