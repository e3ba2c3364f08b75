//! Comparisons that bound a column, against the naive evaluator: rows in order are searched instead of gone through.

use super::tests::{checked, derives_what_is_derived_naively};
use crate::tries::tries;
use proptest::prelude::*;
use std::fmt::Write;

/// `T` is a type, `S` what makes a value of it larger.
const RULES: &str = "
    .decl day(x: number, t: T)
    .decl period(a: T, b: T, x: number)
    .decl inside(x: number, y: number)
    inside(x, y) :- day(x, t), period(a, b, y), a <= t, t < b.
    .decl same(x: number, a: T, b: T)
    same(x, a, b) :- period(a, b, x), day(x, t), t > a, b >= t.
    .decl after(t: T, u: T)
    after(t, u) :- day(_, t), day(_, u), t < u, inside(y, y), period(_, t, y).
    .decl near(x: number, y: number)
    near(x, y) :- day(x, t), day(y, u), u >= t, u <= S.
    .decl count_of(a: T, n: number)
    count_of(a, n) :- period(a, b, _), n = count : { day(_, t), t >= a, t <= b }.
    .decl chain(x: number, n: number)
    chain(x, 0) :- day(x, _).
    chain(y, n + 1) :- chain(x, n), n < 4, day(x, t), period(a, b, y), t >= a, t <= b.
    .decl alone(x: number)
    alone(x) :- day(x, t), !inside(x, _), period(a, a, y), y != x, a <= t.
    .decl crossing(x: number, y: number)
    crossing(x, y) :- period(a, b, x), period(c, d, y), a <= d, c <= b, x < y.";

/// What has a largest value.
const LAST: &str = "
    .decl last(x: number, t: T)
    last(x, t) :- period(a, _, x), t = max u : { day(y, u), u < a, inside(y, x) }.";

const TYPES: &[(&str, &str, &[&str])] = &[
    (
        "number",
        "max(t + 3, -2)",
        &[
            "-9000000000",
            "-3",
            "-1",
            "0",
            "1",
            "2",
            "4",
            "7",
            "5000000000",
        ],
    ),
    (
        "unsigned",
        "t * 2 + 1",
        &[
            "0",
            "1",
            "2",
            "5",
            "9",
            "4000000000",
            "18446744073709551615",
        ],
    ),
    (
        "float",
        "t - -1.5",
        &[
            "-99000.5", "-2.0", "-0.0", "0.0", "0.5", "1.0", "3.25", "99000.5",
        ],
    ),
    (
        "symbol",
        "\"2020-07\"",
        &[
            "\"\"",
            "\"2019\"",
            "\"2020-06\"",
            "\"2020-07\"",
            "\"2020-07-01\"",
            "\"é\"",
            "\"z\"",
        ],
    ),
];

proptest! {
    #![proptest_config(tries(30))]

    #[test]
    fn rows_within_bounds_are_found(
        ty in 0usize..4,
        days in prop::collection::vec((0i64..6, 0usize..9), 1..25),
        periods in prop::collection::vec((0usize..9, 0usize..9, 0i64..6), 1..15),
    ) {
        let (name, more, values) = TYPES[ty];
        let last = if name == "symbol" { "" } else { LAST };
        let mut text = format!("{RULES}{last}").replace(": T", &format!(": {name}")).replace('S', more);
        let value = |at: usize| values[at % values.len()];
        for (x, t) in days {
            let _ = writeln!(text, "\nday({x}, {}).", value(t));
        }
        for (a, b, x) in periods {
            let _ = writeln!(text, "\nperiod({}, {}, {x}).", value(a), value(b));
        }
        let program = checked(&text);
        for threads in [1, 2] {
            derives_what_is_derived_naively(&program, threads)?;
        }
    }
}
