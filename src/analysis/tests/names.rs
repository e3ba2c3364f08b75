//! Names that mean nothing, or two things.

use super::program;
use expect_test::expect;

#[test]
fn unknown_relation_shows_the_nearest() {
    program(
        "
.decl works_for(firm: symbol, client: symbol)
.input works_for
.decl r(x: symbol)
r(x) :- work_for(x, _).
.output r, qqq
",
        expect![[r#"
            D101: Undefined relation `work_for`
              5:9 `work_for` did you mean `works_for(firm, client)`?
              2:7 `works_for` `works_for(firm: symbol, client: symbol)` is declared here
            D101: Undefined relation `qqq`
              6:12 `qqq` no `.decl` declares it
              help: declare it: `.decl qqq(…)`
        "#]],
    );
}

#[test]
fn wrong_arity_shows_the_declaration() {
    program(
        "
.decl a(x: number, y: number)
a(1).
a(2, 3, 4) :- a(_).
.output a
",
        expect![[r#"
            D102: Mismatching arity of relation `a` (expected 2, got 1)
              3:1 `a(1)` has 1 argument
              2:7 `a` `a(x, y)` has 2 attributes
            D102: Mismatching arity of relation `a` (expected 2, got 3)
              4:1 `a(2, 3, 4)` has 3 arguments
              2:7 `a` `a(x, y)` has 2 attributes
            D102: Mismatching arity of relation `a` (expected 2, got 1)
              4:15 `a(_)` has 1 argument
              2:7 `a` `a(x, y)` has 2 attributes
        "#]],
    );
}

#[test]
fn unknown_types_functors_branches_and_attributes() {
    program(
        "
.type T = Leaf {} | Node {t: T}
.decl a(x: nunber, t: T) choice-domain y
a(1, $Leav()).
a(@f(1), t) :- a(_, t), t != $Node().
.output a
",
        expect![[r#"
            D103: Undefined type `nunber` in attribute `x` of relation `a`
              3:12 `nunber` did you mean `number`?
            D104: Attribute `y` not found in relation definition
              3:40 `y` did you mean `t`?
            D106: Undeclared branch `Leav`
              4:7 `Leav` did you mean `$Leaf`?
            D105: Undefined user-defined functor `f`
              5:4 `f` no `.functor` declares it
            D307: Invalid arity, the declared arity of `Node` is 1
              5:31 `Node` has 0 arguments
        "#]],
    );
}

#[test]
fn one_name_for_two_things() {
    program(
        "
.type a <: number
.decl a(x: number)
.decl b(x: number, x: symbol)
.decl b(y: number)
.type number <: symbol
.type X = A {} | A {}
.printsize a
.printsize a
",
        expect![[r#"
            D108: Name clash on relation `a`: it is already declared
              3:7 `a` declared again here
              2:7 `a` first declared here
            D109: Doubly defined attribute name `x` in relation `b`
              4:20 `x` defined again here
              4:9 `x` first defined here
            D108: Name clash on relation `b`: it is already declared
              5:7 `b` declared again here
              4:7 `b` first declared here
            D108: Name clash on type `number`: it is already declared
              6:7 `number` declared again here
              note: `number` is a built-in type
            D316: Branch `A` is defined multiple times
              7:18 `A` defined again here
              note: branch names are shared by all algebraic types
            D215: Redefinition of `.printsize` directive for relation `a`
              9:12 `a` given again here
              8:12 `a` first given here
        "#]],
    );
}

#[test]
fn components_that_do_not_fit() {
    program(
        "
.comp A<T> { .decl r(x: T) }
.comp B : A<number> { .override r }
.comp C : C {}
.init a = A
.init b = D
b.r(1).
",
        expect![[r#"
            D112: Override of non-overridable relation `r` in component `B`
              3:7 `B` overrides what it may not
              3:33 `r` add `overridable` to its declaration
            D111: Invalid cycle in inheritance for component `C`
              4:7 `C` inherits from itself
            D110: Invalid number of type parameters for component `A`
              5:11 `A` has 0 type parameters
              2:7 `A` declares 1 type parameter
            D107: Referencing undefined component `D`
              6:11 `D` did you mean `A`?
        "#]],
    );
}

#[test]
fn endless_instantiation_stops() {
    program(
        "
.comp A { .init a = A }
.init x = A
",
        expect![[r#"
            D111: Component instantiation limit reached
              2:21 `A` instantiated without end, or too often
        "#]],
    );
}
