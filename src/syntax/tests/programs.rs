//! What programs mean as trees, shown as they are printed: parentheses tell how operators were grouped.

use super::{check_findings, check_program};
use crate::syntax::ast::*;
use crate::syntax::source::SourceMap;
use crate::syntax::{is_unfinished, parse_query, parse_text};
use expect_test::expect;

#[test]
fn an_ordinary_program_has_no_findings() {
    check_findings(
        r#"
        .type Firm <: symbol
        .decl contract(client: Firm, firm: Firm)
        .decl works_for(f: Firm, c: Firm) inline
        .input contract(IO=file, filename="c.csv", headers=true)
        .output works_for
        contract("a", "b"). contract("b", "c").
        works_for(F, C) :- contract(C, F).
        works_for(F, C) :- works_for(F, M), (contract(C, M); !contract(M, C), M != F), (1 + 2) * 3 > 4.
        n(c) :- c = count : { contract(_, _) }, m = max x : n(x), x = min(1, 2) + min (c) : { n(c) }.
        p(?x) :- q(?x, [1, nil], $Leaf(), -2^2, as(3, Firm)), match("a.*", ?x), c.d(?x).
        :- contract(F, F).
        ?- works_for(F, "x").
        "#,
        expect![[""]],
    );
}

#[test]
fn attributes_may_have_names_of_the_field() {
    check_findings(
        ".decl claim(from: symbol, to: symbol, source: symbol, key: number, id: number)\n.input claim(from=x)",
        expect![[""]],
    );
}

/// Each expression is compared with the fully parenthesised one it must equal.
#[test]
fn operators_bind_as_documented() {
    for (written, grouped) in [
        ("2^3^2", "2^(3^2)"),
        ("-2^2", "-(2^2)"),
        ("2^-1", "2^(-1)"),
        ("-2*3", "(-2)*3"),
        ("1+2 bshl 3", "(1+2) bshl 3"),
        ("1 bor 2 band 4", "1 bor (2 band 4)"),
        (
            "1 lor 2 lxor 3 land 4 bor 5 bxor 6 band 7",
            "1 lor (2 lxor (3 land (4 bor (5 bxor (6 band 7)))))",
        ),
        ("1-2-3", "(1-2)-3"),
        ("1-2*3%4/5", "1-(((2*3)%4)/5)"),
        ("1 bshl 2 bshr 3 bshru 4", "((1 bshl 2) bshr 3) bshru 4"),
        ("bnot 1 band lnot 2", "(bnot 1) band (lnot 2)"),
        ("- - 1", "-(-1)"),
        (
            "max(1, 2) + max (x) * 2 : { b(x) }",
            "max(1, 2) + (max (x * 2) : { b(x) })",
        ),
        ("count : { b(_) } + 1", "(count : { b(_) }) + 1"),
        ("sum x : b(x)", "sum x : { b(x) }"),
    ] {
        let tree = |expr: &str| {
            let text = format!("a(y) :- y = {expr}.");
            let (program, diagnostics) = parse_text("p.dl", &text, &mut SourceMap::new());
            assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
            super::round_trip::skeleton(&program)
        };
        assert_eq!(tree(written), tree(grouped), "{written}");
        let wrong = tree("0");
        assert_ne!(tree(written), wrong);
    }
}

#[test]
fn literals_in_every_notation() {
    check_program(
        r#"a(12, 0xff, 0b101, 7u, 0x1fu, 0b11u, 1.5, 100.0, 192.168.0.1, "q\"\\\n\t\x", nil, _, ?x, ?, _y)."#.replace("\\x", "").as_str(),
        expect![[r#"
            a(12, 0xff, 0b101, 7u, 31u, 3u, 1.5, 100.0, 192.168.0.1, "q\"\\\n\t", nil, _, ?x, ?, _y).
        "#]],
    );
    check_program(
        "a(99999999999999999999999999999999999999999999).",
        expect![[r#"
            a(340282366920938463463374607431768211455).
        "#]],
    );
}

#[test]
fn places_are_constants() {
    check_program(
        "a(__LINE__, __FILE__).\n\nb(__LINE__, __INCL__).",
        expect![[r#"
            a(1, "p.dl").
            b(3, "").
        "#]],
    );
}

#[test]
fn bodies_group_negate_and_branch() {
    check_program(
        r#"
        a(x), b(x) :- c(x), !d(x), !(e(x), f(x); x = 1), (x < 3; x >= 10), (x + 1) * 2 != 4, true, !false.
        a(x) :- ((c(x))), ((x)) = (1), !!d(x), contains("a", x), match("b", x), i.j.k(x).
        a(x) <= a(y) :- x < y. .plan 0:(2,1)
        a(x) :- b(x), c(x).
            .plan 0:(1,2), 1:(2,1)
        "#,
        expect![[r#"
            a(x), b(x) :- c(x), !d(x), !(e(x), f(x); x = 1), (x < 3; x >= 10), (x + 1) * 2 != 4, true, !false.
            a(x) :- c(x), x = 1, !!d(x), contains("a", x), match("b", x), i.j.k(x).
            a(x) <= a(y) :- x < y.
                .plan 0:(2, 1)
            a(x) :- b(x), c(x).
                .plan 0:(1, 2), 1:(2, 1)
        "#]],
    );
}

#[test]
fn types_of_every_kind() {
    check_program(
        r#"
        .type A <: number
        .type B = A
        .type C = A | B | i.T
        .type R = [x: A, next: R]
        .type E = []
        .type T = Leaf {} | Node {l: T, v: number, r: T}
        .type One = Only {}
        .lattice L<> { Bottom -> $Leaf(), Lub -> @lub(_, _) }
        .decl r(x: A, y: L<>)
        .functor f(a: symbol, number): symbol stateful
        .functor g(): i.T
        .symbol_type Old
        .number_type Older
        .type Oldest
        "#,
        expect![[r#"
            .type A <: number
            .type B = A
            .type C = A | B | i.T
            .type R = [x: A, next: R]
            .type E = []
            .type T = Leaf {} | Node {l: T, v: number, r: T}
            .type One = Only {}
            .lattice L<> { Bottom -> $Leaf(), Lub -> @lub(_, _) }
            .decl r(x: A, y: L<>)
            .functor f(a: symbol, number): symbol stateful
            .functor g(): i.T
            .symbol_type Old
            .number_type Older
            .symbol_type Oldest
        "#]],
    );
}

#[test]
fn declarations_and_directives() {
    check_program(
        r#"
        .decl a, b(x: number, y: symbol) btree inline no_magic choice-domain x, (x, y)
        .decl p()
        .decl d = debug_delta(a)
        .input a(IO=file, filename="a.csv", delimiter="\t", headers=true, n=3)
        .output a, c.b()
        .printsize a
        .limitsize a(n=100)
        .pragma "legacy"
        .pragma "magic-transform" "*"
        .abducible a, b
        "#,
        expect![[r#"
            .decl a, b(x: number, y: symbol) btree inline no_magic choice-domain x, (x, y)
            .decl p()
            .decl d = debug_delta(a)
            .input a(IO=file, filename="a.csv", delimiter="\t", headers=true, n=3)
            .output a, c.b
            .printsize a
            .limitsize a(n=100)
            .pragma "legacy"
            .pragma "magic-transform" "*"
            .abducible a, b
        "#]],
    );
}

#[test]
fn functors_aggregates_and_records() {
    check_program(
        r#"
        a(cat("a", "b"), strlen(s), substr(s, 0, 1), to_number("1"), to_string(1), to_unsigned(1), to_float(1)).
        a(ord(s), range(0, 5, 2), autoinc(), $, @f(1), @g(), [], [[1], nil], $N($L(), 1), as(x, T)) :- b(x, s).
        a(n) :- n = mean x : { b(x, _), c(x) }, m = sum x : b(x, _), k = @@f x : 0, { b(x, _) }, recursive_iteration_cnt() < 3.
        "#,
        expect![[r#"
            a(cat("a", "b"), strlen(s), substr(s, 0, 1), to_number("1"), to_string(1), to_unsigned(1), to_float(1)).
            a(ord(s), range(0, 5, 2), autoinc(), autoinc(), @f(1), @g(), [], [[1], nil], $N($L(), 1), as(x, T)) :-
                b(x, s).
            a(n) :-
                n = mean x : { b(x, _), c(x) },
                m = sum x : { b(x, _) },
                k = @@f x : 0, { b(x, _) },
                recursive_iteration_cnt() < 3.
        "#]],
    );
}

#[test]
fn components_and_hypotheses() {
    check_program(
        r#"
        .comp C<T, U> : B<T>, D {
            //! what it is for
            .decl r(x: T) overridable
            .comp Inner { .decl q() }
            .init i = Inner
            .override r
            r(x) :- i.q(), s(x).
        }
        .init c = C<number, Foo>
        .hypothesis contractor(g, m) "Integrity Tech works for the MSS" {
            .goal attributed("flax-typhoon", "mss").
            + contract("beijing-ssb", "itg").     // assumed
            - uses_infra("flax-typhoon", _).
            /// said why
            @[say = "{F} serves {A}"]
            serves(F, A) :- shares_staff(F, A).
        }
        "#,
        expect![[r#"
            @[doc = "what it is for"]
            .comp C<T, U> : B<T>, D {
                .decl r(x: T) overridable
                .comp Inner {
                    .decl q()
                }
                .init i = Inner
                .override r
                r(x) :- i.q(), s(x).
            }
            .init c = C<number, Foo>
            .hypothesis contractor(g, m) "Integrity Tech works for the MSS" {
                .goal attributed("flax-typhoon", "mss").
                + contract("beijing-ssb", "itg").
                - uses_infra("flax-typhoon", _).
                /// said why
                @[say = "{F} serves {A}"]
                serves(F, A) :- shares_staff(F, A).
            }
        "#]],
    );
}

#[test]
fn docs_and_annotations_stay_with_their_item() {
    check_program(
        r#"
        //! a whole program
        /// Who contracts whom,
        /// as claimed.
        //// no doc comment
        @[say = "{f} works \"for\" {c}"] @[key] @[form {=}] @[t = a [b] c]
        .decl contract(/// the client
            client: symbol, @[x] firm: symbol)
        a(1). // trailing
        "#,
        expect![[r#"
            @![doc = "a whole program"]
            /// Who contracts whom,
            /// as claimed.
            @[say = "{f} works \"for\" {c}"]
            @[key]
            @[form = {=}]
            @[t = a [b] c]
            .decl contract(client: symbol, firm: symbol)
            a(1).
        "#]],
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_accepted() {
    check_program(
        "\u{feff}.decl a(x: number)\r\n/// doc\r\na(1).\r\n",
        expect![[r#"
            .decl a(x: number)
            /// doc
            a(1).
        "#]],
    );
}

fn query(text: &str) -> String {
    let (body, diagnostics) = parse_query("query", text, &mut SourceMap::new());
    match body {
        Some(body) => body.to_string(),
        None => diagnostics
            .iter()
            .map(|diagnostic| diagnostic.message.clone())
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[test]
fn queries_in_all_their_forms() {
    for text in ["a(x)", "a(x).", "?- a(x).", "?- a(x)", " ?-a(x) . "] {
        assert_eq!(query(text), "a(x)", "{text}");
    }
    assert_eq!(
        query("a(x), !b(x, _), x != \"y\""),
        "a(x), !b(x, _), x != \"y\""
    );
    expect!["syntax error: expected the end of the query, found `:-`"]
        .assert_eq(&query("a(x) :- b(x)."));
    expect!["syntax error: expected an argument, found end of file"].assert_eq(&query(""));
    expect!["syntax error: expected a comparison, found end of file"].assert_eq(&query("x"));
}

#[test]
fn unfinished_input_asks_for_another_line() {
    for text in [
        "a(x",
        "a(x) :-",
        "a(x) :- b(x)",
        "a(x) :- b(x),",
        "a(x),",
        "a(\"x",
        "/* note",
        ".comp C {",
        "?-",
        "a(x) :- y =",
        "@[say = \"x\"]",
        "/// doc",
        ":- a(x)",
        "n = count : {",
        ".decl a(x:",
        "a(1). b(x) :- c(x)",
        "x != ",
        "x = 1 band",
        ".decl",
        "n = count",
        "@[k] a(1). @[k]",
    ] {
        assert!(is_unfinished(text), "{text}");
    }
    for text in [
        "",
        "a(x)",
        "a(x).",
        "?- a(x)",
        "a(x), b(x)",
        "a(x) :- b(x).",
        ".decl a(x: number)",
        ".comp C { }",
        "a(\"x\").",
        "@[k] a(1).",
        "@f(1) = x",
        "/// doc\n@[k(a)] a(1).",
        "// note",
        ".output a",
        ".decl a() inline",
        "a(x) :- b(x). c(1).",
        "a)",
        "x = nil",
        ".init a = C<b>",
    ] {
        assert!(!is_unfinished(text), "{text}");
    }
}

#[test]
fn spans_cover_what_was_written() {
    let mut sources = SourceMap::new();
    let text = "  a(x) :- b(x + 1), (c(x); x = 2).\n";
    let (program, _) = parse_text("p.dl", text, &mut sources);
    let ItemKind::Rule(rule) = &program.items[0].kind else {
        panic!("a rule")
    };
    let Some(Formula {
        kind: FormulaKind::And(parts),
        ..
    }) = rule.body.as_deref()
    else {
        panic!("a conjunction")
    };
    let shown: Vec<&str> = parts.iter().map(|part| sources.slice(part.span)).collect();
    assert_eq!(shown, ["b(x + 1)", "(c(x); x = 2)"]);
    assert_eq!(sources.slice(program.items[0].span), text.trim());
    assert_eq!(sources.slice(rule.heads[0].args[0].span), "x");
}
