//! What is derived for a question alone answers it as everything would.

use super::budget::{Budget, Unobserved};
use super::tests::{DERIVED, checked, random_program, run};
use crate::analysis::checked::{CheckedProgram, CheckedQuery};
use crate::analysis::demand::{Extent, Wanted, demanded};
use crate::storage::Code;
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn answers(
    program: &Arc<CheckedProgram>,
    query: &CheckedQuery,
    threads: usize,
) -> BTreeSet<Vec<Code>> {
    let database = run(program, threads);
    let rows = database
        .query(query, &Budget::default(), &Unobserved)
        .expect("no budget, no stop");
    // Small numbers are their own codes in every dictionary.
    rows.iter().collect()
}

/// The answers of the program's only question, checked to be the same from what is derived for it alone.
fn check(text: &str) -> usize {
    let program = checked(text);
    let query = &program.queries()[0];
    let whole = answers(&program, query, 1);
    for extent in [Extent::ByConstants, Extent::Asked] {
        let wanted = Wanted {
            queries: vec![query.clone()],
            ..Wanted::default()
        };
        let Ok(part) = demanded(&program, &wanted, extent) else {
            continue;
        };
        let part = Arc::new(part);
        for threads in [1, 3] {
            let found = answers(&part, &part.queries()[0], threads);
            assert_eq!(found, whole, "{extent:?} of\n{text}\nas\n{part}");
        }
    }
    whole.len()
}

const EDGES: &str = ".decl edge(x: number, y: number)\nedge(1,2). edge(2,3). edge(3,4). edge(4,2). edge(5,1). edge(6,5).\n";

#[test]
fn what_holds_of_a_constant_is_handed_up_under_its_conditions_only() {
    let facts =
        ".decl c(x: number)\nc(1). c(9).\n.decl r(x: number)\nr(0).\nr(x) :- c(x), x > 5, r(0).\n";
    assert_eq!(check(&format!("{facts}?- r(1), c(X).")), 0);
    assert_eq!(check(&format!("{facts}?- r(9), c(X).")), 2);
}

#[test]
fn recursion_from_a_constant() {
    for rules in [
        "p(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z).",
        "p(x,y) :- edge(x,y). p(x,z) :- p(x,y), edge(y,z).",
        "p(x,y) :- edge(x,y). p(x,z) :- p(x,y), p(y,z).",
        "p(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z). p(x,z) :- p(x,y), edge(y,z).",
        // The left rule looks at what was asked for, so that rows of others are not its own.
        "p(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z). p(x,z) :- p(x,y), edge(y,z), z < x.",
        "p(x,x) :- edge(x,_). p(x,z) :- edge(x,y), p(y,z).",
        "p(x,y) :- edge(x,y). p(x,z) :- edge(x,y), p(y,z), z != 3.",
        "p(x,y) :- edge(x,y). p(x+1,z) :- edge(x,y), p(y,z), x < 9.",
        "p(2,y) :- edge(_,y). p(x,z) :- edge(x,y), p(y,z).",
        "p(x,y) :- edge(x,y). p(x,y) :- p(y,x). p(x,z) :- edge(x,y), p(y,z).",
    ] {
        for question in [
            "p(5,Y)",
            "p(X,3)",
            "p(5,3)",
            "p(X,X), X = 2",
            "p(1,Y), p(Y,Z)",
            "p(1,_)",
            "p(1,Y); p(2,Y)",
        ] {
            let text = format!("{EDGES}.decl p(x: number, y: number)\n{rules}\n?- {question}.");
            check(&text);
        }
    }
}

#[test]
fn stated_rows_of_a_derived_relation_count() {
    let text = format!(
        "{EDGES}.decl p(x: number, y: number)\np(9,1). p(1,7).\np(x,z) :- edge(x,y), p(y,z).\n?- p(6,Y)."
    );
    assert_eq!(check(&text), 1);
}

#[test]
fn records_are_taken_apart_for_what_is_asked() {
    let text = ".type P = [a: number, b: number]\n.decl e(x: number, y: number)\ne(1,2). e(2,3).\n.decl p(r: P, n: number)\n\
                p([x,y], 0) :- e(x,y).\np([x,z], n+1) :- p([x,y], n), e(y,z).\n?- p([1,X], N).";
    assert_eq!(check(text), 2);
}

proptest! {
    #![proptest_config(tries(400))]

    #[test]
    fn random_questions_are_answered_alike(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..11,
        facts in prop::collection::vec((0usize..4, [0i64..9, 0i64..9, -1i64..9]), 0..40),
        told in prop::collection::vec((0usize..5, [0i64..9, 0i64..9, 0i64..9]), 0..4),
        asked in prop::collection::vec((0usize..5, [0usize..6, 0..6, 0..6]), 1..4),
        magic in any::<bool>(),
    ) {
        let mut text = random_program(choices, rules, &facts, 1);
        for (relation, values) in &told {
            let (name, arity) = DERIVED[*relation];
            let values: Vec<String> = values[..arity].iter().map(i64::to_string).collect();
            text += &format!("{name}({}).\n", values.join(", "));
        }
        let atoms: Vec<String> = asked
            .iter()
            .map(|(relation, args)| {
                let (name, arity) = DERIVED[*relation];
                let args = args[..arity].iter().map(|&arg| ["1", "2", "X", "Y", "_", "Z"][arg]);
                format!("{name}({})", args.collect::<Vec<_>>().join(", "))
            })
            .collect();
        if magic {
            text += ".pragma \"magic-transform\" \"*\"\n";
        }
        text += &format!("?- {}.\n", atoms.join(", "));
        check(&text);
    }

    #[test]
    fn what_is_written_is_the_same(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..11,
        facts in prop::collection::vec((0usize..4, [0i64..9, 0i64..9, -1i64..9]), 0..40),
        written in 0usize..5,
        excluded in 0usize..9,
    ) {
        let mut text = random_program(choices, rules, &facts, 1);
        let (name, _) = DERIVED[written];
        text += &format!(".output {name}\n.pragma \"magic-transform\" \"*\"\n");
        if let Some((name, _)) = DERIVED.get(excluded) {
            text += &format!(".pragma \"magic-transform-exclude\" \"{name}\"\n");
        }
        let program = checked(&text);
        let wanted = Wanted { outputs: true, constraints: true, ..Wanted::default() };
        if let Ok(part) = demanded(&program, &wanted, Extent::Asked) {
            let part = Arc::new(part);
            let id = program.relation_named(name).expect("declared");
            let rows = |program: &Arc<CheckedProgram>| -> BTreeSet<Vec<Code>> { run(program, 1).rows(id).iter().collect() };
            prop_assert_eq!(rows(&part), rows(&program), "`{}` of\n{}\nas\n{}", name, text, part);
        }
    }
}
