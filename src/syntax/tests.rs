//! Text in, tree or findings out.

use super::*;
use expect_test::{Expect, expect};

/// Parses `text` and compares what is reported.
fn check_findings(text: &str, expected: Expect) {
    let mut sources = source::SourceMap::new();
    let (_, diagnostics) = parse_text("p.dl", text, &mut sources);
    let mut out = String::new();
    for diagnostic in &diagnostics {
        let place = diagnostic
            .location(&sources)
            .map(|at| format!(" {}:{}", at.line, at.column));
        out += &format!(
            "{}{} {}\n",
            diagnostic.code,
            place.unwrap_or_default(),
            diagnostic.message
        );
    }
    expected.assert_eq(&out);
}

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
