//! One mistake, one error, at the right place; and all of them.

use super::check_findings;
use expect_test::expect;

#[test]
fn every_mistake_is_reported_once() {
    check_findings(
        "\
.decl a(x: number
.decl b(x number)
a(1)
a(2).
b(x) :- a(x) b(x).
b(x) :- a(x), , b(x).
b(x) :- a(x.
b(x) :- a(x)).
c(count) :- a(count).
.ouput b
.decl c(x: number) inlin
b(1); b(2).
b(3), b(4).
d :- b(x).
b(x) :- .
b(x) : a(x).
.type T = A {} | B
e(1).
",
        expect![[r#"
            D010 2:1 syntax error: expected `,` or `)`, found `.decl`
            D010 2:11 syntax error: expected `:`, found identifier `number`
            D011 3:5 syntax error: missing `.` at the end of the clause
            D010 5:14 syntax error: expected `,`, `;` or `.`, found identifier `b`
            D010 6:15 syntax error: expected an argument, found `,`
            D010 7:12 syntax error: expected `,` or `)`, found `.`
            D014 8:13 syntax error: unexpected `)`
            D010 9:8 syntax error: expected an argument, found `)`
            D012 10:1 syntax error: unknown directive `.ouput`
            D010 11:20 syntax error: unknown relation qualifier `inlin`
            D017 12:5 syntax error: facts cannot be joined with `;`
            D017 13:7 syntax error: a fact has one head only
            D010 14:3 syntax error: expected `(`, found `:-`
            D010 15:9 syntax error: expected an argument, found `.`
            D010 16:6 syntax error: expected `:-` or `.`, found `:`
            D010 18:1 syntax error: expected `{`, found identifier `e`
        "#]],
    );
}

#[test]
fn a_missing_dot_is_blamed_on_its_own_line() {
    check_findings(
        "a(x) :- b(x)\nc(x) :- d(x).",
        expect![[r#"
        D011 1:13 syntax error: missing `.` at the end of the clause
    "#]],
    );
    check_findings(
        "a(1)\n.decl b(x: number)",
        expect![[r#"
        D011 1:5 syntax error: missing `.` at the end of the clause
    "#]],
    );
    check_findings(
        "a(1)",
        expect![[r#"
        D011 1:5 syntax error: missing `.` at the end of the clause
    "#]],
    );
    check_findings(
        ".comp C {\n    a(1)\n}",
        expect![[r#"
        D011 2:9 syntax error: missing `.` at the end of the clause
    "#]],
    );
    check_findings(
        "a(x) :- b(x)\n    // why\n    c(x).\nd(1).",
        expect![[r#"
        D010 3:5 syntax error: expected `,`, `;` or `.`, found identifier `c`
    "#]],
    );
    check_findings(
        "a(x) :- b(x)\n?- a(x).\n",
        expect![[r#"
        D011 1:13 syntax error: missing `.` at the end of the clause
    "#]],
    );
}

#[test]
fn wrong_words() {
    for text in [
        "a('x').",
        "a(x) :- b(x) && c(x).",
        "a(‘x’, `y`).",
        "a(“x”).",
        "a(1). # not a comment\nb(2).",
        "größe(1). b(größe).",
        "a(安全部, 安洵).",
    ] {
        let mut sources = crate::syntax::source::SourceMap::new();
        let (_, diagnostics) = crate::syntax::parse_text("p.dl", text, &mut sources);
        let codes: Vec<&str> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert!(
            codes.iter().all(|code| *code == "D001")
                && codes.len()
                    == 1 + usize::from(["größe", "安", "`"].iter().any(|two| text.contains(two))),
            "{text}: {codes:?}"
        );
    }
}

#[test]
fn wrong_literals() {
    check_findings(
        r#"
        a("\q"). a(1e10). a(1.5e-3). a(0xzz). a(12abc). a(1.2.3). a(300.1.1.1).
        a(99999999999999999999u).
        "#,
        expect![[r#"
            D004 2:12 unknown escape sequence `\q`
            D005 2:20 `1e10` is not a number
            D005 2:29 `1.5e-3` is not a number
            D005 2:40 `0xzz` is not a number
            D005 2:49 `12abc` is not a number
            D005 2:59 `1.2.3` is not a number
            D006 2:69 IP out of range
            D007 3:11 this number is too large
        "#]],
    );
}

#[test]
fn a_forgotten_quote_costs_one_error_and_not_the_rest_of_the_file() {
    check_findings(
        "a(\"x).\nb(\"y\").\nc(\"z\").\nd(1 2).",
        expect![[r#"
            D002 1:3 unterminated string
            D010 4:5 syntax error: expected `,` or `)`, found `2`
        "#]],
    );
    check_findings(
        "a(\"x\").\nb(\"y).",
        expect![[r#"
            D002 2:3 unterminated string
        "#]],
    );
    check_findings("a(\"two\nlines\").\nb(1).", expect![[""]]);
    check_findings(
        "a(1). /* never\nclosed",
        expect![[r#"
        D003 1:7 unterminated comment block
    "#]],
    );
}

#[test]
fn wrong_expressions() {
    check_findings(
        r#"
        a(x) :- x = foo(1).
        a(x) :- x = strln("a").
        a(x) :- f(x) = 3.
        a(x) :- 1 < x < 3.
        a(x) :- x.
        a(x) :- b(x), y + 1.
        a(x) :- x = count y : { b(y) }.
        a(x) :- x = sum : { b(_) }.
        a(x) :- x = max y { b(y) }.
        a(x) :- x = $Leaf.
        a(min(1,)).
        a(x) :- x = strlen.
        "#,
        expect![[r#"
            D019 2:21 syntax error: no functor `foo`
            D019 3:21 syntax error: no functor `strln`
            D010 4:22 syntax error: expected `,`, `;` or `.`, found `=`
            D010 5:23 syntax error: expected `,`, `;` or `.`, found `<`
            D010 6:18 syntax error: expected a comparison, found `.`
            D010 7:28 syntax error: expected a comparison, found `.`
            D018 8:27 incorrect expression arity for aggregate `count`
            D018 9:21 incorrect expression arity for aggregate `sum`
            D010 10:27 syntax error: expected `:`, found `{`
            D010 11:26 syntax error: expected `(`, found `.`
            D010 12:17 syntax error: expected an argument, found `)`
            D010 13:27 syntax error: expected `(`, found `.`
        "#]],
    );
}

#[test]
fn items_in_the_wrong_place() {
    check_findings(
        r#"
        .override a
        .goal a(1).
        .comp C { .pragma "x" .functor f(): number ?- a(x). :- a(x). }
        .hypothesis h { .decl a() + a(x) - b(1). }
        .plan 0:(1)
        .decl a(x: number).
        a(1).
        }
        b(1).
        "#,
        expect![[r#"
            D016 2:9 syntax error: `.override` is not allowed outside a component
            D016 3:9 syntax error: `.goal` is not allowed outside a hypothesis
            D016 4:19 syntax error: `.pragma` is not allowed in a component
            D016 4:31 syntax error: `.functor` is not allowed in a component
            D016 4:61 syntax error: a constraint is not allowed in a component
            D016 5:25 syntax error: `.decl` is not allowed in a hypothesis
            D016 6:9 syntax error: `.plan` without a rule before it
            D010 7:27 syntax error: unexpected `.`
            D014 9:9 syntax error: unexpected `}`
        "#]],
    );
}

#[test]
fn old_forms_are_accepted_with_a_named_warning() {
    check_findings(
        ".type T\n.number_type N\n.symbol_type S\n.decl a(x: T) input output\na($).\n/// nothing follows\n@[nothing]",
        expect![[r#"
            W001 1:1 deprecated type declaration
            W001 2:1 deprecated type declaration
            W001 3:1 deprecated type declaration
            W002 4:15 deprecated input qualifier
            W002 4:21 deprecated output qualifier
            W003 5:3 `$` is deprecated
            W004 6:1 useless doc comment
            W005 7:1 useless annotation
        "#]],
    );
    assert_eq!(
        crate::syntax::codes::warning_name("W003"),
        Some("dollar-sign")
    );
    assert_eq!(crate::syntax::codes::warning_name("D010"), None);
}

#[test]
fn qualifiers_and_lattice_operators_that_clash() {
    check_findings(
        ".decl a(x: number) brie inline btree inline\n.lattice L<> { Lub -> @f(_, _), Lub -> @g(_, _), Lob -> 1 }",
        expect![[r#"
            D021 1:32 qualifier `btree` contradicts an earlier one
            D021 1:38 inline qualifier already set
            D022 2:33 lattice operator given twice
            D022 2:50 lattice operator not recognized
        "#]],
    );
}
