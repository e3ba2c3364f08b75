//! Files of expectations: what they say, and what is said of mistakes in them.

use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::expectations::{Expectation, ExpectationKind};
use crate::syntax::parse_expectations;
use crate::syntax::source::SourceMap;
use expect_test::{Expect, expect};

fn parse(text: &str) -> (Vec<Expectation>, Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let (expectations, found) = parse_expectations("t.expect", text, &mut sources);
    (expectations, found, sources)
}

/// Each expectation as `place kind under: text`, then the messages.
fn check(text: &str, expected: Expect) {
    let (expectations, found, sources) = parse(text);
    let mut shown = String::new();
    for one in &expectations {
        let at = sources.locate(one.span);
        let kind = match &one.kind {
            ExpectationKind::Answered(_) => "answered".to_owned(),
            ExpectationKind::Exactly { rows, .. } => {
                let rows: Vec<_> = rows.iter().map(|row| &row.values).collect();
                format!("exactly {rows:?}")
            }
            ExpectationKind::Measured {
                measure, op, value, ..
            } => format!("{} {op:?} {value}", measure.word()),
            ExpectationKind::NoViolations => "no violations".to_owned(),
            ExpectationKind::Violated(part) => format!("violated {:?}", part.value),
        };
        let under: Vec<&str> = one.under.iter().map(|name| &*name.text).collect();
        let text = sources.slice(one.span);
        shown += &format!("{}:{} {kind} {under:?}: {text}\n", at.line, at.column);
    }
    for one in found {
        let at = one.location(&sources);
        let place = at.map(|at| format!("{}:{}", at.line, at.column));
        shown += &format!(
            "{} {} {}\n",
            place.unwrap_or_default(),
            one.code,
            one.message
        );
    }
    expected.assert_eq(&shown);
}

#[test]
fn every_kind_has_its_shape() {
    check(
        r#"p("a"). // a fact
?- !p(_).
p(X), q(X, Y), Y > -2 -> { ("a", -1), ("b\"c", [1, nil]) }.
p(X) -> {}.
p(X) -> { "a" }.
p(_) -> count >= 8.
p("a") -> strength = 0.64.
p("a") -> supports != 2. p("a") -> roots < 3.
no violations.
violated "a.dl:3".
under one, two("x", 3) { p(X). under three { no(X). under(X, Y). violated(X). } }
n = count : { p(_) }, n > 2.
"#,
        expect![[r#"
            1:1 answered []: p("a")
            2:1 answered []: ?- !p(_)
            3:1 exactly [["a", "-1"], ["b\"c", "[1, nil]"]] []: p(X), q(X, Y), Y > -2 -> { ("a", -1), ("b\"c", [1, nil]) }
            4:1 exactly [] []: p(X) -> {}
            5:1 exactly [["a"]] []: p(X) -> { "a" }
            6:1 count Ge 8 []: p(_) -> count >= 8
            7:1 strength Eq 0.64 []: p("a") -> strength = 0.64
            8:1 supports Ne 2 []: p("a") -> supports != 2
            8:26 roots Lt 3 []: p("a") -> roots < 3
            9:1 no violations []: no violations
            10:1 violated "a.dl:3" []: violated "a.dl:3"
            11:26 answered ["one", "two(\"x\", 3)"]: p(X)
            11:46 answered ["one", "two(\"x\", 3)", "three"]: no(X)
            11:53 answered ["one", "two(\"x\", 3)", "three"]: under(X, Y)
            11:66 answered ["one", "two(\"x\", 3)", "three"]: violated(X)
            12:1 answered []: n = count : { p(_) }, n > 2
        "#]],
    );
}

#[test]
fn mistakes_cost_one_message_each() {
    check(
        "p(X.\nq(X) -> 3.\nq(X) -> count 3.\nq(X) -> count = many.\nno doubts.\np(X)\nq(X).\nr(X) -> { \"a\", \"b\" .\nr(X) -> { a }.\nr(X) -> { _ }.\nunder h { p(1). \n",
        expect![[r#"
            6:1 answered []: p(X)
            7:1 answered []: q(X)
            11:11 answered ["h"]: p(1)
            1:4 D010 syntax error: expected `,` or `)`, found `.`
            2:9 D010 syntax error: expected `{`, `count`, `strength`, `supports` or `roots`, found `3`
            3:15 D010 syntax error: expected a comparison such as `=` or `>=`, found `3`
            4:17 D010 syntax error: expected a number, found identifier `many`
            5:4 D010 syntax error: expected `violations`, found identifier `doubts`
            6:5 D011 syntax error: missing `.` at the end of the clause
            8:20 D010 syntax error: expected `,` or `}`, found `.`
            9:11 D010 syntax error: expected a constant, found variable `a`
            10:11 D010 syntax error: expected a constant, found `_`
            11:9 D014 syntax error: unterminated block of expectations, missing `}`
        "#]],
    );
}

#[test]
fn no_text_is_too_odd() {
    let shipped = include_str!("../../../rules/ladder.expect");
    let mut texts: Vec<String> = (0..shipped.len())
        .step_by(3)
        .filter_map(|end| shipped.get(..end).map(str::to_owned))
        .collect();
    texts.push("under a { ".repeat(5_000));
    texts.push("p(X) -> { ".repeat(5_000));
    texts.push("}".repeat(5_000));
    texts.push(format!("p(X) -> {{ {} }}.", "(".repeat(5_000)));
    texts.push("-> -> . ! _ under no violated 1 \"".to_owned());
    for text in texts {
        parse(&text);
    }
    let (_, found, _) = parse(&"under a { ".repeat(5_000));
    assert!(found.iter().any(|found| found.code == "D015"), "{found:?}");
}
