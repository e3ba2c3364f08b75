//! Programs in, the programs that derive only what is asked for out.

use super::{Extent, Wanted, demanded};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use expect_test::{Expect, expect};

/// The rules of the transformed program: of its question alone, or of its outputs if it has none.
fn check(text: &str, extent: Extent, expected: Expect) {
    let mut sources = SourceMap::new();
    let (tree, found) = parse_text("test.dl", text, &mut sources);
    assert!(
        found.iter().all(|finding| !finding.is_error()),
        "{found:#?}"
    );
    let (program, _) = super::super::check(&tree, &Default::default()).expect("a sound program");
    let queries = program.queries().to_vec();
    let wanted = Wanted {
        outputs: queries.is_empty(),
        constraints: queries.is_empty(),
        queries,
    };
    let shown = match demanded(&program, &wanted, extent) {
        Ok(program) => {
            let text = program.to_string();
            let lines = text.lines().filter(|line| {
                let declared = [".decl", ".output", ".input", "stratum"];
                !declared.iter().any(|start| line.starts_with(start)) && !line.contains("edge(1")
            });
            lines.map(|line| format!("{}\n", line.trim())).collect()
        }
        Err(declined) => format!("{}\n", declined.reason()),
    };
    expected.assert_eq(&shown);
}

const EDGES: &str = ".decl edge(x: number, y: number)\n.input edge\n";

#[test]
fn left_recursion_from_a_constant() {
    check(
        &format!(
            "{EDGES}.decl p(x: number, y: number)\np(x,y) :- edge(x,y). p(x,z) :- p(x,y), edge(y,z).\n?- p(1,Y)."
        ),
        Extent::ByConstants,
        expect![[r#"
            demand p^bf(1).
            p^bf(x, y) :- demand p^bf(x), edge(x, y).
            p^bf(x, z) :- demand p^bf(x), p^bf(x, y), edge(y, z).
            ?(Y) p^bf(1, Y)
        "#]],
    );
}

#[test]
fn right_recursion_from_a_constant_is_a_search() {
    check(
        &format!(
            "{EDGES}.decl p(x: number, y: number)\np(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z).\n?- p(1,Y)."
        ),
        Extent::ByConstants,
        expect![[r#"
            demand p^bf(y) :- demand p^bf(x), edge(x, y).
            demand p^bf(1).
            p^bf(1, y) :- demand p^bf(x), edge(x, y).
            ?(Y) p^bf(1, Y)
        "#]],
    );
}

#[test]
fn the_same_generation() {
    check(
        &format!(
            "{EDGES}.decl sg(x: number, y: number)\nsg(x,x) :- edge(x,_). sg(x,y) :- edge(a,x), sg(a,b), edge(b,y).\n?- sg(1,Y)."
        ),
        Extent::ByConstants,
        expect![[r#"
            demand sg^bf(a) :- demand sg^bf(x), edge(a, x).
            demand sg^bf(1).
            sg^bf(x, x) :- demand sg^bf(x), edge(x, _).
            sg^bf(x, y) :- demand sg^bf(x), edge(a, x), sg^bf(a, b), edge(b, y).
            ?(Y) sg^bf(1, Y)
        "#]],
    );
}

#[test]
fn what_is_negated_is_whole_and_asks_for_a_copy_of_its_own() {
    check(
        &format!(
            "{EDGES}.decl p(x: number, y: number)\n.decl n(x: number)\n.decl q(x: number)\np(x,y) :- edge(x,y). p(x,z) :- p(x,y), edge(y,z).\n\
             n(x) :- p(7,x).\nq(x) :- p(8,x), !n(x).\n?- q(X), X = 1."
        ),
        Extent::ByConstants,
        expect![[r#"
            demand q^b(X) :- X =<number> 1.
            demand p^bf(7).
            p^bf(x, y) :- demand p^bf(x), edge(x, y).
            p^bf(x, z) :- demand p^bf(x), p^bf(x, y), edge(y, z).
            n(x) :- p^bf(7, x).
            demand p^bb(x, y) :- demand p^bb(x, z), edge(y, z).
            demand p^bb(8, x) :- demand q^b(x), !n(x).
            p^bb(x, y) :- demand p^bb(x, y), edge(x, y).
            p^bb(x, z) :- demand p^bb(x, z), edge(y, z), p^bb(x, y).
            q^b(x) :- demand q^b(x), !n(x), p^bb(8, x).
            ?(X) X =<number> 1, q^b(X)
        "#]],
    );
}

#[test]
fn a_join_that_two_rules_need_is_kept() {
    check(
        &format!(
            "{EDGES}.decl p(x: number, y: number)\n.decl q(x: number, y: number)\np(x,y) :- edge(x,y). p(x,z) :- edge(x,a), edge(a,b), q(b,y), edge(y,z).\n\
             q(x,y) :- p(x,y). q(x,y) :- edge(y,x).\n?- p(1,Y)."
        ),
        Extent::ByConstants,
        expect![[r#"
            part 1 of p^bf(x, b) :- demand p^bf(x), edge(x, a), edge(a, b).
            demand q^bf(b) :- part 1 of p^bf(x, b).
            demand p^bf(x) :- demand q^bf(x).
            demand p^bf(1).
            p^bf(x, y) :- demand p^bf(x), edge(x, y).
            p^bf(x, z) :- part 1 of p^bf(x, b), q^bf(b, y), edge(y, z).
            q^bf(x, y) :- demand q^bf(x), p^bf(x, y).
            q^bf(x, y) :- demand q^bf(x), edge(y, x).
            ?(Y) p^bf(1, Y)
        "#]],
    );
}

#[test]
fn numbers_made_on_the_way_are_no_demand() {
    check(
        ".decl valid(x: number)\n.input valid\n.decl gen(x: number)\ngen(9) :- valid(9).\ngen(x) :- gen(x+1), valid(x).\n?- gen(0).",
        Extent::ByConstants,
        expect![[r#"
            everything it derives is needed whole
        "#]],
    );
}

#[test]
fn outputs_ask_where_the_pragma_says_so() {
    let text = format!(
        "{EDGES}.decl start(x: number)\n.input start\n.decl p(x: number, y: number)\n.decl out(y: number)\n.output out\n\
         p(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z).\nout(y) :- start(x), p(x,y).\n"
    );
    check(
        &text,
        Extent::Asked,
        expect![[r#"
        everything it derives is needed whole
    "#]],
    );
    check(
        &format!("{text}.pragma \"magic-transform\" \"p\"\n"),
        Extent::Asked,
        expect![[r#"
              demand p^bf(y) :- demand p^bf(x), edge(x, y).
              demand p^bf(x) :- start(x).
              p^bf(x, y) :- demand p^bf(x), edge(x, y).
              p^bf(x, z) :- demand p^bf(x), edge(x, y), p^bf(y, z).
              out(y) :- start(x), p^bf(x, y).
        "#]],
    );
    check(
        &format!(
            "{text}.pragma \"magic-transform\" \"*\"\n.pragma \"magic-transform-exclude\" \"p\"\n"
        ),
        Extent::Asked,
        expect![[r#"
            everything it derives is needed whole
        "#]],
    );
}

#[test]
fn numbered_rows_are_left_alone() {
    check(
        ".decl a(x: number)\n.decl b(x: number, n: number)\na(1).\nb(x, autoinc()) :- a(x).\n?- b(1,N).",
        Extent::ByConstants,
        expect![[r#"
            `autoinc()` numbers rows in the order in which everything is derived
        "#]],
    );
}
