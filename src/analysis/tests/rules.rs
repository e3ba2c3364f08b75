//! Rules that say nothing definite: ungrounded, unstratifiable, misplaced.

use super::program;
use expect_test::expect;

#[test]
fn ungrounded_variables_say_where_and_why() {
    program(
        "
.decl seen(host: symbol)
.decl connection(host: symbol, port: number)
.input seen, connection
.decl alert(host: symbol)
alert(host) :- !seen(host).
alert(host) :- connection(_, port), port > 3.
alert(cat(a, b)) :- connection(a, _), c = cat(a, b).
.decl n(x: number)
n(y) :- n(y + 1).
n(z) :- n(z - 1), !n(w).
.output alert, n
",
        expect![[r#"
            D204: Ungrounded variable `host`: nothing in this rule gives it a value
              6:22 `host` mentioned only under negation
              help: bind it first, for example with `connection(host, _)`
            D204: Ungrounded variable `host`: nothing in this rule gives it a value
              7:7 `host` mentioned only in the head
              help: mention `host` in a positive atom of the body
            D204: Ungrounded variable `c`: nothing in this rule gives it a value
              8:39 `c` used here, but never bound
              help: bind it with a positive atom or an equation `c = …`; a functor's result does not tell its operands
            D204: Ungrounded variable `b`: nothing in this rule gives it a value
              8:50 `b` used here, but never bound
              help: bind it with a positive atom or an equation `b = …`; a functor's result does not tell its operands
            D204: Ungrounded variable `y`: nothing in this rule gives it a value
              10:11 `y` used here, but never bound
              help: bind it with a positive atom or an equation `y = …`; a functor's result does not tell its operands
            D204: Ungrounded variable `z`: nothing in this rule gives it a value
              11:11 `z` used here, but never bound
              help: bind it with a positive atom or an equation `z = …`; a functor's result does not tell its operands
            D204: Ungrounded variable `w`: nothing in this rule gives it a value
              11:22 `w` mentioned only under negation
              help: bind it first, for example with `connection(_, w)`
            D205: Unable to stratify relation(s) {n}: cyclic negation
              9:7 `n` must be complete before its negation is taken
              11:20 `n(w)` `n` needs the absence of `n`
              note: the cycle is n → n
              help: break the cycle, for example by a relation that holds only what `n` needs
        "#]],
    );
}

#[test]
fn records_ground_in_both_directions() {
    program(
        "
.type P = [a: number, b: number]
.decl p(x: P)
.input p
.decl r(x: number, p: P)
r(x, p) :- p([x, _]), p = [x, x].
r(x, p) :- p([x, y]), p = [y, z].
.output r
",
        expect![[r#"
            D204: Ungrounded variable `p`: nothing in this rule gives it a value
              7:23 `p` used here, but never bound
              help: bind it with a positive atom or an equation `p = …`; a functor's result does not tell its operands
            D204: Ungrounded variable `z`: nothing in this rule gives it a value
              7:31 `z` used here, but never bound
              help: bind it with a positive atom or an equation `z = …`; a functor's result does not tell its operands
        "#]],
    );
}

#[test]
fn facts_and_wildcards() {
    program(
        "
.decl a(x: number, y: symbol)
a(x, \"k\").
a(1, _).
a(autoinc(), \"k\").
a(1, mss).
a(_, y) :- a(_, y), _ < 3.
.output a
",
        expect![[r#"
            D201: Argument in fact is not constant
              3:3 `x` `x` is a variable
              help: to state a constant quote it, `"x"`; to derive it add a body, `:- …`
            D202: Underscore in head of rule
              4:6 `_` stands for any value, but one value is needed here
              help: name a variable and bind it in the body
            D201: Argument in fact is not constant
              5:3 `autoinc()` gives another value each time
            D201: Argument in fact is not constant
              6:6 `mss` `mss` is a variable
              help: to state a constant quote it, `"mss"`; to derive it add a body, `:- …`
            D202: Underscore in head of rule
              7:3 `_` stands for any value, but one value is needed here
              help: name a variable and bind it in the body
            D203: Underscore in binary relation
              7:21 `_` stands for any value, but one value is needed here
              help: name a variable and bind it in the body
        "#]],
    );
}

#[test]
fn cycles_through_negation_and_aggregates_are_shown() {
    program(
        "
.decl a, b, c, d(x: number)
.input d
a(x) :- b(x), d(x).
b(x) :- c(x).
c(x) :- d(x), !a(x).
.decl s(x: number)
s(n) :- n = count : { s(_) }.
.output a, s
",
        expect![[r#"
            D205: Unable to stratify relation(s) {a, b, c}: cyclic negation
              2:7 `a` must be complete before its negation is taken
              6:16 `a(x)` `c` needs the absence of `a`
              4:9 `b(x)` `a` needs `b`
              5:9 `c(x)` `b` needs `c`
              note: the cycle is c → a → b → c
              help: break the cycle, for example by a relation that holds only what `c` needs
            D205: Unable to stratify relation(s) {s}: cyclic aggregation
              7:7 `s` must be complete before its aggregation is taken
              8:23 `s(_)` `s` aggregates over `s`
              note: the cycle is s → s
              help: break the cycle, for example by a relation that holds only what `s` needs
        "#]],
    );
}

#[test]
fn witnesses_only_of_min_and_max() {
    program(
        "
.decl a(x: symbol, y: number)
.input a
.decl r(x: symbol, n: number)
r(x, n) :- n = sum y : { a(x, y) }.
r(x, n) :- n = max y : { a(x, y) }.
.output r
",
        expect![[r#"
            D206: Witness problem: `x` of a count, sum or mean aggregate is used outside of it
              5:3 `x` used here, where it has no value
              5:28 `x` has a value only inside the aggregate
              help: bind `x` outside too, to aggregate per `x`
        "#]],
    );
}

#[test]
fn aggregates_that_depend_on_each_other() {
    program(
        "
.decl a(x: number, y: number)
.input a
.decl r(x: number, y: number)
r(x, y) :- x = sum z : { a(y, z) }, y = sum z : { a(x, z) }.
r(x, 0) :- x = count : { a(_, _); a(1, _) }.
.output r
",
        expect![[r#"
            D207: Mutually dependent aggregates: `x` is read by the aggregate that it depends on
              5:3 `x` gets its value from an aggregate that reads it
            D207: Mutually dependent aggregates: `y` is read by the aggregate that it depends on
              5:6 `y` gets its value from an aggregate that reads it
            D208: Disjunction in the body of an aggregate
              6:26 `a(_, _); a(1, _)` has several alternatives
              help: give the alternatives a relation of their own and aggregate over it
        "#]],
    );
}

#[test]
fn a_body_that_grows_without_bound_is_refused() {
    let group = "(a(x); b(x))";
    let body = vec![group; 40].join(", ");
    program(
        &format!(".decl a, b, c(x: number)\n.input a, b\nc(x) :- {body}.\n.output c\n"),
        expect![[r#"
            D209: This body is too large once its disjunctions and inlined relations are expanded
              3:9 `(a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x)), (a(x); b(x))` expands to more than 65536 literals
              help: give the inner disjunctions relations of their own
        "#]],
    );
}

#[test]
fn plans_counters_and_special_relations() {
    program(
        "
.decl a(x: number, y: number)
a(1, 2).
a(x, z) :- a(x, y), a(y, z). .plan 0:(1,3), 2:(1,2)
a(x, autoinc()) :- a(x, _).
.decl e(x: number, y: symbol, z: number) eqrel
.input e
.decl d = debug_delta(a)
d(1, 2).
.decl i(x: number) inline
i(x) :- x > 3.
.output i
a(x, _) <= e(x, _, _) :- true.
.output a, d
.limitsize a(m=3)
",
        expect![[r#"
            D213: Equivalence relation `e` is not binary
              6:7 `e` is declared `eqrel`
              help: an equivalence relation has two attributes of one type
            D211: Invalid execution order in plan (incomplete)
              4:30 `.plan 0:(1,3), 2:(1,2)` does not fit the rule
              help: a plan gives, for each recursive atom, the positions of all positive atoms, counted from 1
            D211: Invalid execution plan for version 2: only versions 0..1 permitted
              4:30 `.plan 0:(1,3), 2:(1,2)` does not fit the rule
              help: a plan gives, for each recursive atom, the positions of all positive atoms, counted from 1
            D210: Auto-increment functor in a recursive rule
              5:6 `autoinc()` gives a new value in every round
              help: number the rows in a rule that is not recursive
            D102: Mismatching arity of relation `d` (expected 3, got 2)
              9:1 `d(1, 2)` has 2 arguments
              8:7 `d` `d(x, y, <iteration>)` has 3 attributes
            D214: IO relation `i` cannot be inlined
              10:7 `i` is marked `inline`
              help: drop `inline` from the declaration
            D204: Ungrounded variable `x`: nothing in this rule gives it a value
              11:9 `x` used here, but never bound
              help: bind it with a positive atom or an equation `x = …`; a functor's result does not tell its operands
            D212: Subsumption must compare tuples from the same relation
              13:12 `e(x, _, _)` another relation than the dominated tuple's
              13:1 `a(x, _)` the dominated tuple
            D216: `.limitsize` has no `n`
              15:1 `.limitsize a(m=3)` how many rows?
              help: write `.limitsize r(n=1000)`
            W108: Unknown parameter `m` is ignored
              15:14 `m` did you mean `n`?
        "#]],
    );
}
