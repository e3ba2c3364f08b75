//! Aggregates whose groups come again in later batches, against the naive evaluator: what they came to is remembered.

use super::tests::{checked, derives_what_is_derived_naively};
use crate::tries::tries;
use proptest::prelude::*;
use std::fmt::Write;

/// The division complains where `b` is 0, and is not remembered.
const RULES: &str = "
    .decl g(a: number, b: number, v: number)
    .decl count_of(b: number, n: number)
    count_of(b, n) :- g(_, b, _), n = count : { g(_, b, v), v > 2 }.
    .decl total(a: number, b: number, s: number)
    total(a, b, s) :- g(a, b, _), s = sum v * 2 : { g(a, _, v), g(_, b, v) }.
    .decl first(b: number, v: number, who: number)
    first(b, v, who) :- g(_, b, _), v = min w : { g(who, b, w) }.
    .decl none(b: number, n: number)
    none(b, n) :- g(b, _, _), n = max v : { g(_, b, v), v > 3 }.
    .decl all(a: number, n: number)
    all(a, n) :- g(a, _, _), n = count : { g(_, _, _) }.
    .decl share(b: number, s: number)
    share(b, s) :- g(_, b, _), s = sum v / b : { g(_, b, v) }.
    .decl deep(b: number, n: number)
    deep(b, n) :- g(_, b, _), n = count : { g(x, b, _), m = count : { g(x, _, _) }, m > 1 }.";

proptest! {
    #![proptest_config(tries(20))]

    #[test]
    fn groups_that_come_again_come_to_the_same(
        rows in prop::collection::vec((0i64..9, 0i64..7, 0i64..6), 1..60),
    ) {
        let mut text = RULES.to_owned();
        for (a, b, v) in rows {
            let _ = write!(text, "\ng({a}, {b}, {v}).");
        }
        let program = checked(&text);
        for threads in [1, 2] {
            derives_what_is_derived_naively(&program, threads)?;
        }
    }
}
