//! Queries, facts and patterns against a checked program.

use super::{check, check_fact, check_pattern, check_query, render};
use crate::analysis::Options;
use crate::analysis::checked::CheckedProgram;
use crate::syntax::ast::{ItemKind, Program};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use expect_test::{Expect, expect};

const PROGRAM: &str = r#"
.type Pair = [a: number, b: symbol]
.decl works_for(firm: symbol, client: symbol)
.decl size(firm: symbol, n: number)
.decl pair(p: Pair)
.decl big(firm: symbol) inline
big(f) :- size(f, n), n > 100.
.input works_for, size, pair
"#;

fn checked(sources: &mut SourceMap) -> CheckedProgram {
    let (program, _) = parse_text("x.dl", PROGRAM, sources);
    match check(&program, &Options::default()) {
        Ok((checked, _)) => checked,
        Err(errors) => panic!("{}", render(&errors, sources)),
    }
}

fn parsed(text: &str, sources: &mut SourceMap) -> Program {
    let (program, errors) = parse_text("line", text, sources);
    assert!(errors.is_empty(), "{}", render(&errors, sources));
    program
}

fn query(text: &str, expected: Expect) {
    let mut sources = SourceMap::new();
    let program = checked(&mut sources);
    let line = parsed(text, &mut sources);
    let ItemKind::Query(body) = &line.items[0].kind else {
        panic!("no query: {text}")
    };
    let answer = match check_query(&program, body) {
        Ok(query) => program.query_text(&query),
        Err(errors) => render(&errors, &sources),
    };
    expected.assert_eq(&answer);
}

fn atom(text: &str, pattern: bool, expected: Expect) {
    let mut sources = SourceMap::new();
    let program = checked(&mut sources);
    let line = parsed(text, &mut sources);
    let ItemKind::Rule(rule) = &line.items[0].kind else {
        panic!("no fact: {text}")
    };
    let found = match pattern {
        true => check_pattern(&program, &rule.heads[0]),
        false => check_fact(&program, &rule.heads[0]),
    };
    let answer = match found {
        Ok((relation, args)) => format!("{}{args:?}", program[relation].name),
        Err(errors) => render(&errors, &sources),
    };
    expected.assert_eq(&answer);
}

#[test]
fn columns_are_the_named_variables_in_order() {
    query(
        r#"?- works_for(F, "x-mss"), size(F, N), !works_for(F, _other), _m = N."#,
        expect![[r#"
        D204: Ungrounded variable `_other`: nothing in this rule gives it a value
          1:53 `_other` mentioned only under negation
          help: bind it first, for example with `size(_other, _)`
    "#]],
    );
}

#[test]
fn alternatives_share_their_columns() {
    query(
        r#"?- works_for(F, C); size(F, N), C = to_string(N), N > 3."#,
        expect![[r#"
        D204: Ungrounded variable `N`: one alternative of the query gives it no value
          1:4 `works_for(F, C); size(F, N), C = to_string(N), N > 3` not in every alternative of this query
          help: mention `N` in each, or call it `_N` to leave it out of the answer
    "#]],
    );
    query(
        r#"?- works_for(F, C); size(F, _)."#,
        expect![[r#"
        D204: Ungrounded variable `C`: one alternative of the query gives it no value
          1:4 `works_for(F, C); size(F, _)` not in every alternative of this query
          help: mention `C` in each, or call it `_C` to leave it out of the answer
    "#]],
    );
}

#[test]
fn a_query_may_use_inlined_relations() {
    query(
        "?- works_for(F, _), big(F).",
        expect!["?(F) works_for(F, _), size(F, n$1), n$1 ><number> 100"],
    );
}

#[test]
fn a_wrong_query_says_so() {
    query(
        "?- work_for(F, C), size(C).",
        expect![[r#"
        D101: Undefined relation `work_for`
          1:4 `work_for` did you mean `works_for(firm, client)`?
          3:7 `works_for` `works_for(firm: symbol, client: symbol)` is declared here
        D102: Mismatching arity of relation `size` (expected 2, got 1)
          1:20 `size(C)` has 1 argument
          4:7 `size` `size(firm, n)` has 2 attributes
    "#]],
    );
    query(
        "?- size(F, N), works_for(N, _).",
        expect![[r#"
            D301: Unable to deduce type for variable `N`: it cannot be both `symbol` and `number`
              1:26 `N` `symbol` here
              1:12 `N` `number` here
              3:17 `firm: symbol` `firm` of `works_for` has type `symbol`
              4:26 `n: number` `n` of `size` has type `number`
              help: convert with `to_number`, `to_unsigned`, `to_float` or `to_string`
        "#]],
    );
    query(
        "?- !size(F, _).",
        expect![[r#"
        D204: Ungrounded variable `F`: nothing in this rule gives it a value
          1:10 `F` mentioned only under negation
          help: bind it first, for example with `works_for(F, _)`
    "#]],
    );
}

#[test]
fn facts_are_constant() {
    atom(
        r#"size("x-itg", 1 + 2)."#,
        false,
        expect![[
            r#"size[Const(Symbol("x-itg")), Call { functor: Functor { op: Add, operand: Number }, args: [Const(Number(1)), Const(Number(2))] }]"#
        ]],
    );
    atom(
        r#"pair([1, "a"])."#,
        false,
        expect![[r#"pair[Record([Const(Number(1)), Const(Symbol("a"))])]"#]],
    );
    atom(
        "size(itg, _).",
        false,
        expect![[r#"
            D217: A fact takes constants only
              1:6 `itg` `itg` is a variable
              help: a symbol is quoted: `"itg"`
            D217: A fact takes constants only
              1:11 `_` `_` stands for any value
              help: write the value, or ask a query
        "#]],
    );
    atom(
        r#"size("x-itg", "3")."#,
        false,
        expect![[r#"
            D304: Symbol constant (type mismatch): a `symbol` cannot be a `number`
              1:15 `"3"` `number` is expected in the head
              4:26 `n: number` `n` of `size` has type `number`
        "#]],
    );
}

#[test]
fn patterns_have_wildcards() {
    atom(
        r#"size("x-itg", _)."#,
        true,
        expect![[r#"size[Const(Symbol("x-itg")), Wildcard]"#]],
    );
    atom(
        "size(F, 3).",
        true,
        expect![[r#"
            D217: A pattern takes constants, and `_` for whole arguments
              1:6 `F` `F` is a variable
              help: a symbol is quoted: `"F"`
        "#]],
    );
    atom(
        "pair([1, _]).",
        true,
        expect![[r#"
            D217: A pattern takes constants, and `_` for whole arguments
              1:10 `_` `_` stands for any value
              help: write the value, or ask a query
        "#]],
    );
}
