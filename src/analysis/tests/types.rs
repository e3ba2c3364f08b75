//! Types that do not fit.

use super::{Options, outcome, program};
use expect_test::expect;

#[test]
fn siblings_do_not_mix() {
    program(
        "
.type Firm <: symbol
.type Person <: symbol
.decl employs(f: Firm, p: Person)
.input employs
.decl owner(f: Firm)
owner(x) :- employs(_, x).
owner(x) :- employs(x, x).
owner(x) :- employs(x, y), x = y.
.output owner
",
        expect![[r#"
            D302: Atom's argument type is not a subtype of its declared type: found `Person`, expected `Firm`
              7:7 `x` has type `Person`
              6:13 `f: Firm` `f` of `owner` has type `Firm`
              7:24 `x` `Person` here
              help: if every `Person` is meant to be `Firm`, cast: `as(…, Firm)`
            D301: Unable to deduce type for variable `x`: it cannot be both `Person` and `Firm`
              8:24 `x` `Person` here
              8:21 `x` `Firm` here
              4:24 `p: Person` `p` of `employs` has type `Person`
              4:15 `f: Firm` `f` of `employs` has type `Firm`
              help: if this is meant, cast: `as(…, Person)`
            D301: Unable to deduce type for variable `x`: it cannot be both `Person` and `Firm`
              9:24 `y` `Person` here
              9:21 `x` `Firm` here
              4:24 `p: Person` `p` of `employs` has type `Person`
              4:15 `f: Firm` `f` of `employs` has type `Firm`
              help: if this is meant, cast: `as(…, Person)`
        "#]],
    );
}

#[test]
fn legacy_programs_mix_them() {
    let text = "
.type A <: number
.type B <: number
.decl a(x: A)
.input a
.decl b(x: B)
b(x) :- a(x).
.output b
";
    let options = Options {
        legacy: true,
        ..Options::default()
    };
    expect![[r#"
        .decl a(x: A)
        .decl b(x: B)
        .input a()
        .output b()
        stratum 1: b
          b(x) :- a(x).
    "#]]
    .assert_eq(&outcome(text, &options));
}

#[test]
fn a_subtype_may_go_up_but_not_down() {
    program(
        "
.type Even <: number
.type Any = Even | number
.decl n(x: number)
.decl e(x: Even)
.input n, e
n(x) :- e(x).
e(x) :- n(x).
e(as(x, Even)) :- n(x).
e(x + 1) :- e(x), x < 9.
.output n
",
        expect![[r#"
            D302: Atom's argument type is not a subtype of its declared type: found `number`, expected `Even`
              8:3 `x` has type `number`
              5:9 `x: Even` `x` of `e` has type `Even`
              8:11 `x` `number` here
              help: if every `number` is meant to be `Even`, cast: `as(…, Even)`
        "#]],
    );
}

#[test]
fn kinds_never_mix() {
    program(
        r#"
.decl a(x: number, f: float, s: symbol, u: unsigned)
.input a
.decl r(x: number)
r(x) :- a(x, x, _, _).
r(x) :- a(x, y, _, _), x < y.
r("one").
r(s) :- a(_, _, s, _).
r(x + f) :- a(x, f, _, _).
r(x) :- a(x, _, s, _), !r(s).
r(x) :- a(x, _, 5, _).
r(x) :- a(x, _, s, _), s - s = s.
r(x) :- a(x, _, _, u), u < -1.
.output r
"#,
        expect![[r#"
            D301: Unable to deduce type for variable `x`: it cannot be both `number` and `float`
              5:3 `x` `number` is expected in the head
              5:14 `x` `float` here
              4:9 `x: number` `x` of `r` has type `number`
              2:20 `f: float` `f` of `a` has type `float`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D301: Unable to deduce type for variable `x`: it cannot be both `number` and `float`
              6:3 `x` `number` is expected in the head
              6:14 `y` `float` here
              4:9 `x: number` `x` of `r` has type `number`
              2:20 `f: float` `f` of `a` has type `float`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D304: Symbol constant (type mismatch): a `symbol` cannot be a `number`
              7:3 `"one"` `number` is expected in the head
              4:9 `x: number` `x` of `r` has type `number`
            D301: Unable to deduce type for variable `s`: it cannot be both `number` and `symbol`
              8:3 `s` `number` is expected in the head
              8:17 `s` `symbol` here
              4:9 `x: number` `x` of `r` has type `number`
              2:30 `s: symbol` `s` of `a` has type `symbol`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D301: Unable to deduce type for variable `x`: it cannot be both `number` and `float`
              9:3 `x + f` `number` is expected in the head
              9:18 `f` `float` here
              4:9 `x: number` `x` of `r` has type `number`
              2:20 `f: float` `f` of `a` has type `float`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D303: Unable to deduce type for variable `s`: it cannot be both `number` and `symbol`
              10:27 `s` `number` here
              10:17 `s` `symbol` here
              4:9 `x: number` `x` of `r` has type `number`
              2:30 `s: symbol` `s` of `a` has type `symbol`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D304: Number constant (type mismatch)
              11:17 `5` `symbol` is expected here
              help: quote it: a symbol is written `"…"`
            D308: No valid overloads for this functor
              12:24 `s - s` is not defined for `symbol`
              help: it is defined for `number`, `unsigned` or `float`
            D304: Unsigned constant (type mismatch): it is negative
              13:28 `-1` `unsigned` is expected here
            D205: Unable to stratify relation(s) {r}: cyclic negation
              4:7 `r` must be complete before its negation is taken
              10:25 `r(s)` `r` needs the absence of `r`
              note: the cycle is r → r
              help: break the cycle, for example by a relation that holds only what `r` needs
        "#]],
    );
}

#[test]
fn numbers_must_fit_their_word() {
    program(
        "
.decl n(x: number)
n(9223372036854775807).
n(-9223372036854775808).
n(9223372036854775808).
n(0xffffffffffffffff).
n(192.168.0.1).
.output n
",
        expect![[r#"
            D304: Number constant (type mismatch): it does not fit in 64 bits
              5:3 `9223372036854775808` `number` is expected here
            D304: Number constant (type mismatch): it does not fit in 64 bits
              6:3 `0xffffffffffffffff` `number` is expected here
        "#]],
    );
    let narrow = Options {
        word_bits: 32,
        ..Options::default()
    };
    expect![[r#"
        D304: Number constant (type mismatch): it does not fit in 32 bits
          2:3 `0xffffffff` `number` is expected here
    "#]]
    .assert_eq(&outcome(
        ".decl n(x: number)\nn(0xffffffff).\nn(192.168.0.1).\n.output n\n",
        &narrow,
    ));
}

#[test]
fn records_and_branches() {
    program(
        "
.type P = [a: number, b: symbol]
.type T = A {x: number} | B {}
.decl p(x: P, t: T)
p([1, 2], $A(\"s\")).
p([1], $B()).
p(3, $A(1)).
.decl q(x: number)
q(nil).
q(1) :- p(x, _), x < x.
.output p, q
",
        expect![[r#"
            D304: Number constant (type mismatch)
              5:7 `2` `symbol` is expected here
              help: quote it: a symbol is written `"…"`
            D304: Symbol constant (type mismatch): a `symbol` cannot be a `number`
              5:14 `"s"` a `symbol` constant
            D306: Wrong number of arguments given to record `P`
              6:3 `[1]` has 1 field, `P` has 2
            D304: Number constant (type mismatch)
              7:3 `3` `P` is expected here
            D305: Nil constant used as a non-record
              9:3 `nil` `number` is expected here
            D309: Constraint requires an operand of type `number`, `unsigned`, `float` or `symbol`
              10:18 `x` has type `P`
              10:18 `x < x` in this constraint
        "#]],
    );
}

#[test]
fn type_declarations() {
    program(
        "
.type A = B | C
.type B = A
.type C <: symbol
.type D = C | number
.type R = [x: R]
.type S <: R
.type U = C | R
.type V = A
.functor f(x: R): number
.decl a(x: A, d: D, v: V)
.input a
.output a
",
        expect![[r#"
            D311: Infinite descent in the definition of type `A`
              2:7 `A` is defined by itself
            D311: Infinite descent in the definition of type `B`
              3:7 `B` is defined by itself
            D310: Union type `D` is defined over {symbol, number} (multiple primitive types in union)
              5:15 `number` is a `number`
              5:11 `C` is a `symbol`
            D312: Subset type `S` can't be derived from record type `R`
              7:12 `R` is a record type
              help: for another name of it write `.type S = R`
            D310: Union type `U` contains the non-primitive type `R`
              8:15 `R` is a record or an algebraic type
            D314: Functors which are not stateful cannot use UDTs: `R`
              10:15 `R` is a record or an algebraic type
              help: add `stateful` to the declaration
        "#]],
    );
}

#[test]
fn functors_and_aggregates() {
    program(
        "
.decl s(x: symbol, n: number)
.input s
.functor g(symbol): number
.decl r(n: number)
r(strlen(x, x)) :- s(x, _).
r(strlen(n)) :- s(_, n).
r(@g(n)) :- s(_, n).
r(@g(x, x)) :- s(x, _).
r(n) :- n = sum x : { s(x, _) }.
r(strlen(m)) :- m = max x : { s(x, _) }.
r(n) :- n = mean m : { s(_, m) }.
.output r
",
        expect![[r#"
            D308: Invalid overload (arity mismatch)
              6:3 `strlen(x, x)` has 2 arguments, takes 1
            D301: Unable to deduce type for variable `n`: it cannot be both `number` and `symbol`
              7:22 `n` `number` here
              7:10 `n` `symbol` here, by the functor
              2:20 `n: number` `n` of `s` has type `number`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D301: Unable to deduce type for variable `n`: it cannot be both `number` and `symbol`
              8:18 `n` `number` here
              8:6 `n` `symbol` here, by the functor
              2:20 `n: number` `n` of `s` has type `number`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D314: Functor arity mismatch: `@g` got 2 arguments, expecting 1
              9:3 `@g(x, x)` called here
              4:10 `g` declared here
            D301: Unable to deduce type for variable `n`: it cannot be both `number` and `symbol`
              10:3 `n` `number` is expected in the head
              10:25 `x` `symbol` here
              5:9 `n: number` `n` of `r` has type `number`
              2:9 `x: symbol` `x` of `s` has type `symbol`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
            D301: Unable to deduce type for variable `n`: it cannot be both `number` and `float`
              12:3 `n` `number` is expected in the head
              12:13 `mean m : { s(_, m) }` the aggregate gives a `float`
              5:9 `n: number` `n` of `r` has type `number`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
        "#]],
    );
}
