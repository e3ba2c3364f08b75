//! Warnings.

use super::{Options, outcome, program};
use expect_test::expect;

#[test]
fn relations_without_purpose() {
    program(
        "
.decl used(x: number)
.decl unused(x: number)
.decl empty(x: number)
.decl fed_by_empty(x: number)
used(1).
unused(x) :- used(x).
fed_by_empty(x) :- empty(x).
fed_by_empty(x) :- used(x), false.
.output fed_by_empty
",
        expect![[r#"
            W106: Relation `unused` is never used
              3:7 `unused` no rule reads it and no `.output` writes it
            W101: No rules/facts defined for relation `empty`
              4:7 `empty` is always empty
            W107: This rule can never fire
              9:1 `fed_by_empty(x) :- used(x), false.` its body is always false
            .decl used(x: number)
            .decl unused(x: number)
            .decl empty(x: number)
            .decl fed_by_empty(x: number)
            .output fed_by_empty()
            stratum 0: used
              used(1).
            stratum 1: unused
              unused(x) :- used(x).
            stratum 3: fed_by_empty
              fed_by_empty(x) :- empty(x).
              fed_by_empty(x) :- used(x), 0 =<number> 1.
        "#]],
    );
}

#[test]
fn variables_that_appear_once() {
    program(
        "
.decl a(x: number, y: number)
.input a
.decl r(x: number)
r(x) :- a(x, y).
r(x) :- a(x, _y), a(_y, x).
r(x) :- a(x, z); a(z, x), z > 3.
.output r
",
        expect![[r#"
            W103: Variable `y` only occurs once
              5:14 `y` appears nowhere else in the rule
              help: if any value will do, write `_` or `_y`
            W104: Variable `_y` marked as singleton but occurs more than once
              6:14 `_y` the `_` says that it appears once
            .decl a(x: number, y: number)
            .decl r(x: number)
            .input a()
            .output r()
            stratum 1: r
              r(x) :- a(x, y).
              r(x) :- a(x, _y), a(_y, x).
              r(x) :- a(x, z).
              r(x) :- a(z, x), z ><number> 3.
        "#]],
    );
}

#[test]
fn what_will_hurt() {
    program(
        "
.decl arc(x: number, y: number)
.decl other(x: number)
.input arc, other
.decl hops(x: number, y: number, n: number)
hops(x, y, 1) :- arc(x, y).
hops(x, z, n + 1) :- hops(x, y, n), arc(y, z).
.decl few(x: number, y: number, n: number)
few(x, y, 1) :- arc(x, y).
few(x, z, m) :- few(x, y, n), arc(y, z), m = n + 1, m < 9.
.decl pairs(x: number, y: number)
pairs(x, y) :- arc(x, _), other(y).
.decl within(x: number, y: number)
within(y, x) :- arc(x, z), other(y), x <= y, y < z.
.decl above(x: number, y: number)
above(x, y) :- arc(x, _), other(y), x < y.
.output hops, few, pairs, within, above
",
        expect![[r#"
            W111: This recursive rule makes new values without a bound
              7:1 `hops(x, z, n + 1) :- hops(x, y, n), arc(y, z).` may derive rows for ever, for example around a cycle
              help: bound the value by a comparison, or the relation by `.limitsize`
            W110: Cross product: these atoms share no variable
              12:27 `other(y)` every row of it
              12:16 `arc(x, _)` meets every row of this
              help: if that is not meant, join them by a common variable or an equation
            W110: Cross product: these atoms share no variable
              16:27 `other(y)` every row of it
              16:16 `arc(x, _)` meets every row of this
              help: if that is not meant, join them by a common variable or an equation
            .decl arc(x: number, y: number)
            .decl other(x: number)
            .decl hops(x: number, y: number, n: number)
            .decl few(x: number, y: number, n: number)
            .decl pairs(x: number, y: number)
            .decl within(x: number, y: number)
            .decl above(x: number, y: number)
            .input arc()
            .input other()
            .output hops()
            .output few()
            .output pairs()
            .output within()
            .output above()
            stratum 2: hops (recursive)
              hops(x, y, 1) :- arc(x, y).
              hops(x, z, add<number>(n, 1)) :- hops(x, y, n), arc(y, z).
            stratum 3: few (recursive)
              few(x, y, 1) :- arc(x, y).
              few(x, z, m) :- few(x, y, n), arc(y, z), m =<number> add<number>(n, 1), m <<number> 9.
            stratum 4: pairs
              pairs(x, y) :- arc(x, _), other(y).
            stratum 5: within
              within(y, x) :- arc(x, z), other(y), x <=<number> y, y <<number> z.
            stratum 6: above
              above(x, y) :- arc(x, _), other(y), x <<number> y.
        "#]],
    );
}

#[test]
fn parameters_and_pragmas_that_nothing_reads() {
    program(
        "
.pragma \"legasy\" \"true\"
.decl a(x: number)
.input a(filname=\"x.csv\", delimiter=\",\", zzzzzz=1)
.output a
",
        expect![[r#"
            W109: Unknown pragma `legasy` is ignored
              2:9 `"legasy"` did you mean `legacy`?
            W108: Unknown parameter `filname` is ignored
              4:10 `filname` did you mean `filename`?
            W108: Unknown parameter `zzzzzz` is ignored
              4:42 `zzzzzz` nothing reads it
            .decl a(x: number)
            .input a(filname="x.csv", delimiter=",", zzzzzz="1")
            .output a()
        "#]],
    );
}

#[test]
fn silenced_by_name_or_code() {
    let text = ".decl a(x: number)\n.decl b(x: number)\nb(x) :- a(x), a(y).\n.output b\n";
    let options = Options {
        silenced: vec!["no-rules-nor-facts".to_owned(), "W103".to_owned()],
        ..Options::default()
    };
    expect![[r#"
        .decl a(x: number)
        .decl b(x: number)
        .output b()
        stratum 1: b
          b(x) :- a(x), a(y).
    "#]]
    .assert_eq(&outcome(text, &options));
}
