//! Programs without errors and their normal form.

use super::program;
use expect_test::expect;

#[test]
fn recursion() {
    program(
        "
.decl arc(x: number, y: number)
.input arc
.decl tc(x: number, y: number)
tc(x, y) :- arc(x, y).
tc(x, y) :- tc(x, z), arc(z, y).
.output tc
",
        expect![[r#"
            .decl arc(x: number, y: number)
            .decl tc(x: number, y: number)
            .input arc()
            .output tc()
            stratum 1: tc (recursive)
              tc(x, y) :- arc(x, y).
              tc(x, y) :- tc(x, z), arc(z, y).
        "#]],
    );
}

#[test]
fn mutual_recursion_is_one_stratum_and_negation_comes_later() {
    program(
        "
.decl n(x: number)
n(0). n(1). n(2).
.decl next(x: number, y: number)
.input next
.decl even, odd, neither(x: number)
even(0).
even(y) :- odd(x), next(x, y).
odd(y) :- even(x), next(x, y).
neither(x) :- n(x), !even(x), !odd(x).
.output neither
",
        expect![[r#"
            .decl n(x: number)
            .decl next(x: number, y: number)
            .decl even(x: number)
            .decl odd(x: number)
            .decl neither(x: number)
            .input next()
            .output neither()
            stratum 0: n
              n(0).
              n(1).
              n(2).
            stratum 2: even, odd (recursive)
              even(0).
              even(y) :- odd(x), next(x, y).
              odd(y) :- even(x), next(x, y).
            stratum 3: neither
              neither(x) :- n(x), !even(x), !odd(x).
        "#]],
    );
}

#[test]
fn disjunction_and_negated_groups_become_rules() {
    program(
        "
.decl a, b, c(x: number)
.input a, b, c
.decl d, e(x: number)
d(x), e(x) :- a(x), (b(x); !(b(x), x > 3)), c(x).
.output d, e
",
        expect![[r#"
            .decl a(x: number)
            .decl b(x: number)
            .decl c(x: number)
            .decl d(x: number)
            .decl e(x: number)
            .input a()
            .input b()
            .input c()
            .output d()
            .output e()
            stratum 3: d
              d(x) :- a(x), b(x), c(x).
              d(x) :- a(x), !b(x), c(x).
              d(x) :- a(x), x <=<number> 3, c(x).
            stratum 4: e
              e(x) :- a(x), b(x), c(x).
              e(x) :- a(x), !b(x), c(x).
              e(x) :- a(x), x <=<number> 3, c(x).
        "#]],
    );
}

#[test]
fn compound_arguments_become_equations() {
    program(
        "
.type P = [x: number, y: P]
.type T = Leaf {} | Node {l: T, v: number}
.type E = Up {} | Down {}
.decl p(x: P, t: T, e: E)
p([1, nil], $Node($Leaf(), 3), $Up()).
.decl q(x: number, t: T, e: E)
q(x + 1, $Leaf(), e) :- p([x, _], $Node(_, x), e), !p([x, nil], $Leaf(), $Down()).
.output q
",
        expect![[r#"
            .type P = [x: number, y: P]
            .type T = Leaf {} | Node {l: T, v: number}
            .type E = Up {} | Down {}
            .decl p(x: P, t: T, e: E)
            .decl q(x: number, t: T, e: E)
            .output q()
            stratum 0: p
              p([1, nil], [#1, [#0], 3], #0).
            stratum 1: q
              q(add<number>(x, 1), [#0], e) :- p($3, $5, e), $3 =<record> [x, $2], $5 =<algebraic type> [#1, $4, x], $6 =<record> [x, nil], $7 =<algebraic type> [#0], !p($6, $7, #1).
        "#]],
    );
}

#[test]
fn literals_take_their_type_from_the_context() {
    program(
        "
.decl f(x: float, u: unsigned, n: number)
f(2, 2, 2).
f(-1.5, 0x10, -3).
f(x * 2.0, u + 1, 1 - n) :- f(x, u, n), x < 3, u != 7.
.output f
.limitsize f(n=10)
",
        expect![[r#"
            .decl f(x: float, u: unsigned, n: number)
            .output f()
            .limitsize f(n="10")
            stratum 0: f (recursive)
              f(2.0, 2u, 2).
              f(-1.5, 16u, -3).
              f(multiply<float>(x, 2.0), add<unsigned>(u, 1u), subtract<number>(1, n)) :- f(x, u, n), x <<float> 3.0, u !=<unsigned> 7u.
        "#]],
    );
}

#[test]
fn aggregates_know_their_groups_and_witnesses() {
    program(
        "
.decl a(x: number, y: number)
.input a
.decl dom(x: number)
.input dom
.decl r(x: number, y: number)
r(x, n) :- dom(x), n = count : { a(x, _) }.
r(w, n) :- n = min y : { a(w, y) }.
r(x, s + 1) :- dom(x), s = sum y : { a(x, y), y > max z : { a(y, z) } }.
r(0, n) :- dom(n), n = sum n : { a(n, _) }.
.output r
",
        expect![[r#"
            .decl a(x: number, y: number)
            .decl dom(x: number)
            .decl r(x: number, y: number)
            .input a()
            .input dom()
            .output r()
            stratum 2: r
              r(x, n) :- dom(x), n = count per x : { a(x, _) }.
              r(w, n) :- n = min y at w : { a(w, y) }.
              r(x, add<number>(s, 1)) :- dom(x), s = sum y per x : { a(x, y), $3 = max z per y : { a(y, z) }, y ><number> $3 }.
              r(0, n) :- dom(n), $1 = sum n : { a(n, _) }, n =<number> $1.
        "#]],
    );
}

#[test]
fn ranges_strings_and_conversions() {
    program(
        r#"
.decl s(x: symbol, n: number)
.input s
.decl r(x: symbol, n: number)
r(cat(x, "-", to_string(n)), i) :- s(x, n), i = range(0, n, 2), match("a.*", x), !contains("b", x).
r(substr(x, 0, strlen(x) - 1), as(to_unsigned(x), number)) :- s(x, range(1, 3)).
.output r
"#,
        expect![[r#"
            .decl s(x: symbol, n: number)
            .decl r(x: symbol, n: number)
            .input s()
            .output r()
            stratum 1: r
              r(cat<symbol>(x, "-", tostring<number>(n)), i) :- s(x, n), i = range(0, n, 2), match("a.*", x), !contains("b", x).
              r(substr<symbol>(x, 0, subtract<number>(strlen<symbol>(x), 1)), as number<unsigned>(tounsigned<symbol>(x))) :- s(x, $1), $1 = range(1, 3).
        "#]],
    );
}

#[test]
fn special_relations() {
    program(
        "
.decl same(a: number, b: number) eqrel
.input same
.decl best(k: number, v: number)
best(k, v) :- same(k, v).
best(k, a) <= best(k, b) :- a < b.
.decl one(k: number, v: number) choice-domain k
one(k, v) :- same(k, v).
.decl grown = debug_delta(reach)
.decl reach(x: number)
reach(1).
reach(y) :- reach(x), same(x, y).
.output best, one, grown
",
        expect![[r#"
            .decl same(a: number, b: number) eqrel
            .decl best(k: number, v: number)
            .decl one(k: number, v: number)
            .decl grown(x: number, <iteration>: unsigned) delta of reach
            .decl reach(x: number)
            .input same()
            .output best()
            .output one()
            .output grown()
            stratum 1: best
              best(k, v) :- same(k, v).
            stratum 2: one
              one(k, v) :- same(k, v).
            stratum 3: reach (recursive)
              reach(1).
              reach(y) :- reach(x), same(x, y).
            best(k, a) <= best(k, b) :- a <<number> b.
        "#]],
    );
}

#[test]
fn constraints_queries_say_and_docs() {
    program(
        r#"
/// Who answers to whom.
.decl reports_to(unit: symbol, parent: symbol)
.input reports_to(IO=claims, filename="reports.csv")
@[say = "{u} is under {p}"]
.decl under(u: symbol, p: symbol)
under(u, p) :- reports_to(u, p).
:- under(u, p), under(u, q), p != q.
?- under("x-a", P), !reports_to(P, _).
"#,
        expect![[r#"
            .decl reports_to(unit: symbol, parent: symbol)
            .decl under(u: symbol, p: symbol)
            .input reports_to(IO="claims", filename="reports.csv")
            stratum 1: under
              under(u, p) :- reports_to(u, p).
            :- under(u, p), under(u, q), p !=<symbol> q.
            ?(P) under("x-a", P), !reports_to(P, _)
        "#]],
    );
}

#[test]
fn inlined_relations_leave_their_bodies() {
    program(
        "
.type Pair = [a: number, b: number]
.decl less(x: number, y: number) inline
less(x, y) :- x < y.
.decl swapped(p: Pair, q: Pair) inline
swapped([a, b], [b, a]) :- true.
.decl n(x: number)
.input n
.decl r(x: number, y: number)
r(x, y) :- n(x), n(y), less(x, y + 1), !less(x, 5).
r(x, y) :- n(x), n(y), swapped([x, y], [1, _]).
.output r
",
        expect![[r#"
            W110: Cross product: these atoms share no variable
              10:18 `n(y)` every row of it
              10:12 `n(x)` meets every row of this
              help: if that is not meant, join them by a common variable or an equation
            .type Pair = [a: number, b: number]
            .decl less(x: number, y: number)
            .decl swapped(p: Pair, q: Pair)
            .decl n(x: number)
            .decl r(x: number, y: number)
            .input n()
            .output r()
            stratum 3: r
              r(x, y) :- n(x), n(y), _$1 =<number> add<number>(y, 1), x <<number> _$1, x >=<number> 5.
              r(x, y) :- n(x), n(y), _$4 =<record> [x, y], _$5 =<record> [1, $6], _$4 =<record> [a$6, b$6], _$5 =<record> [b$6, a$6].
        "#]],
    );
}

#[test]
fn components_are_copied_with_their_names_prefixed() {
    program(
        "
.comp Reach<T> {
  .type Node = T
  .decl edge(x: Node, y: Node)
  .decl path(x: Node, y: Node) overridable
  path(x, y) :- edge(x, y).
  path(x, z) :- path(x, y), edge(y, z).
  .output path
}
.comp Far<T> : Reach<T> {
  .override path
  path(x, z) :- edge(x, y), edge(y, z), base(x).
}
.decl base(x: number)
base(1).
.init near = Reach<symbol>
.init far = Far<number>
near.edge(\"a\", \"b\").
far.edge(1, 2).
",
        expect![[r#"
            .decl base(x: number)
            .decl near.edge(x: near.Node, y: near.Node)
            .decl near.path(x: near.Node, y: near.Node)
            .decl far.edge(x: far.Node, y: far.Node)
            .decl far.path(x: far.Node, y: far.Node)
            .output near.path()
            .output far.path()
            stratum 0: base
              base(1).
            stratum 1: near.edge
              near.edge("a", "b").
            stratum 2: near.path (recursive)
              near.path(x, y) :- near.edge(x, y).
              near.path(x, z) :- near.path(x, y), near.edge(y, z).
            stratum 3: far.edge
              far.edge(1, 2).
            stratum 4: far.path
              far.path(x, z) :- far.edge(x, y), far.edge(y, z), base(x).
        "#]],
    );
}
