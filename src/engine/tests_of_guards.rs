//! Relations that are more than sets of rows: equivalence, choice, subsumption, logged deltas, counters.

use super::naive::{self, Relations};
use super::tests::{check, checked, run, show};
use crate::storage::Code;
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// `name(a, b). …` for each row.
fn facts<const N: usize>(name: &str, rows: &[[i64; N]]) -> String {
    let mut text = String::new();
    for row in rows {
        let values: Vec<String> = row.iter().map(i64::to_string).collect();
        let _ = writeln!(text, "{name}({}).", values.join(", "));
    }
    text
}

fn numbers(text: &str) -> BTreeSet<Vec<i64>> {
    let rows = text.split("; ").filter(|row| !row.is_empty());
    rows.map(|row| {
        let values = row.split(' ').map(str::parse::<i64>);
        values.collect::<Result<_, _>>().expect("numbers")
    })
    .collect()
}

#[test]
fn an_equivalence_holds_all_pairs_of_its_classes() {
    check(
        ".decl out(x: number, y: number) eqrel\nout(1,2). out(2,3). out(5,5).",
        "1 1; 1 2; 1 3; 2 1; 2 2; 2 3; 3 1; 3 2; 3 3; 5 5",
    );
}

#[test]
fn classes_join_in_recursion_once_their_pairs_meet() {
    check(
        ".decl same(x: number, y: number) eqrel\nsame(1,2). same(4,5). same(7,8).\n\
         .decl next(x: number, y: number)\nnext(2,5). next(5,8).\n\
         same(x,y) :- same(1,x), next(x,y).\n\
         .decl out(n: number)\nout(count : { same(_,_) }).",
        "36",
    );
}

#[test]
fn the_first_row_of_a_key_is_chosen() {
    check(
        ".decl a(x: number, y: number)\na(1,9). a(1,-2). a(1,5). a(2,7).\n\
         .decl out(x: number, y: number) choice-domain x\nout(x,y) :- a(x,y).",
        "1 -2; 2 7",
    );
}

#[test]
fn every_key_must_be_free() {
    check(
        ".decl out(x: number, y: number) choice-domain x, y\n\
         .decl a(x: number, y: number)\na(1,1). a(1,2). a(2,1). a(2,2). a(3,2).\nout(x,y) :- a(x,y).",
        "1 1; 2 2",
    );
}

#[test]
fn a_choice_made_in_one_round_binds_the_next() {
    // A spanning tree: each node keeps the parent that reached it first.
    check(
        ".decl edge(x: number, y: number)\nedge(1,2). edge(1,3). edge(2,4). edge(3,4). edge(4,2).\n\
         .decl out(parent: number, node: number) choice-domain node\n\
         out(0,1).\nout(x,y) :- out(_,x), edge(x,y).",
        "0 1; 1 2; 1 3; 2 4",
    );
}

#[test]
fn a_dominated_row_goes_even_when_its_dominator_comes_later() {
    check(
        ".decl edge(x: number, y: number, w: number)\nedge(1,2,9). edge(1,3,1). edge(3,2,1). edge(2,4,1).\n\
         .decl out(x: number, d: number)\nout(1,0).\nout(y,d+w) :- out(x,d), edge(x,y,w).\n\
         out(x,d1) <= out(x,d2) :- d2 < d1.",
        "1 0; 2 2; 3 1; 4 3",
    );
}

#[test]
fn subsumption_ends_a_recursion_that_would_not_end() {
    check(
        ".decl edge(x: number, y: number)\nedge(1,2). edge(2,1). edge(2,3).\n\
         .decl out(x: number, d: number)\nout(1,0).\nout(y,d+1) :- out(x,d), edge(x,y).\n\
         out(x,d1) <= out(x,d2) :- d2 < d1.",
        "1 0; 2 1; 3 2",
    );
}

#[test]
fn a_row_may_be_dominated_on_account_of_another_relation() {
    check(
        ".decl worse(x: number, y: number)\nworse(1,2). worse(2,3).\n\
         .decl out(x: number)\nout(1). out(2). out(3). out(9).\nout(a) <= out(b) :- worse(a,b).",
        "3; 9",
    );
}

#[test]
fn a_logged_delta_tells_the_round_of_each_row() {
    check(
        ".decl r(x: number)\nr(7).\nr(x+1) :- r(x), x < 10.\n.decl out = debug_delta(r)",
        "10 3; 7 0; 8 1; 9 2",
    );
}

#[test]
fn a_counter_numbers_bindings_in_order() {
    check(
        ".decl a(x: symbol)\na(\"c\"). a(\"a\"). a(\"b\").\n.decl out(n: number, x: symbol)\nout(autoinc(), x) :- a(x).",
        "0 a; 1 b; 2 c",
    );
}

#[test]
fn a_counter_goes_on_from_rule_to_rule() {
    check(
        ".decl a(x: number)\na(5). a(6).\n.decl out(n: number, x: number)\n\
         out(autoinc(), x) :- a(x).\nout(n, -x) :- a(x), n = autoinc() + 10.",
        "0 5; 1 6; 12 -5; 13 -6",
    );
}

#[test]
fn one_atom_counts_its_rows_and_several_count_their_variables() {
    let rows = ".decl a(x: number, y: number)\na(1,2). a(1,3). a(2,2).\n.decl out(n: number)\n";
    for (aggregate, expected) in [
        ("sum x : { a(x, _) }", "4"),
        ("sum 5 : { a(_, _) }", "15"),
        ("count : { a(x, _), x != 2 }", "2"),
        ("sum x : { a(x, _), x < 9 }", "4"),
        ("count : { a(x, y), a(_, y) }", "3"),
        ("count : { a(x, y), a(z, y) }", "5"),
    ] {
        check(&format!("{rows}out({aggregate})."), expected);
    }
}

proptest! {
    #![proptest_config(tries(200))]

    #[test]
    fn equivalences_in_recursion_agree_with_the_naive_evaluator(
        edges in prop::collection::vec([0i64..12, 0i64..12], 0..16),
        links in prop::collection::vec([0i64..12, 0i64..12], 0..6),
    ) {
        let text = format!(
            ".decl edge(x: number, y: number)\n{}.decl link(x: number, y: number)\n{}\
             .decl same(x: number, y: number) eqrel\n.decl reach(x: number, y: number)\n.decl apart(x: number, y: number)\n\
             same(x,y) :- link(x,y).\nsame(x,y) :- reach(x,y), reach(y,x).\n\
             reach(x,y) :- edge(x,y).\nreach(x,z) :- reach(x,y), same(y,z).\nreach(x,z) :- reach(x,y), edge(y,z).\n\
             apart(x,y) :- reach(x,y), !same(x,y).",
            facts("edge", &edges), facts("link", &links)
        );
        let program = checked(&text);
        let (one, three) = (run(&program, 1), run(&program, 3));
        let mut expected = Relations::new();
        naive::evaluate(&program, one.dictionary(), &mut expected);
        for (id, relation) in program.relations() {
            let rows: BTreeSet<Vec<Code>> = one.rows(id).iter().collect();
            prop_assert_eq!(&rows, &expected.remove(&id).unwrap_or_default(), "`{}` of\n{}", relation.name, text);
            prop_assert_eq!(show(&one, id), show(&three, id));
            for row in &rows {
                prop_assert!(one.birth(id, row).is_some());
            }
        }
    }

    #[test]
    fn a_choice_is_unique_by_each_key_and_leaves_no_free_row(
        candidates in prop::collection::vec([0i64..6, 0i64..6, -3i64..3], 0..30),
        more in prop::collection::vec([0i64..6, 0i64..6], 0..10),
    ) {
        let text = format!(
            ".decl a(x: number, y: number, z: number)\n{}.decl b(x: number, y: number)\n{}\
             .decl out(x: number, y: number, z: number) choice-domain (x, y), z\n\
             out(x,y,z) :- a(x,y,z).\nout(y,w,z+1) :- out(x,y,z), b(x,w).",
            facts("a", &candidates), facts("b", &more)
        );
        let program = checked(&text);
        let out = program.relation_named("out").expect("declared");
        let shown = show(&run(&program, 1), out);
        prop_assert_eq!(&shown, &show(&run(&program, 3), out));
        let chosen = numbers(&shown);
        let pairs: BTreeSet<[i64; 2]> = chosen.iter().map(|row| [row[0], row[1]]).collect();
        let lasts: BTreeSet<i64> = chosen.iter().map(|row| row[2]).collect();
        prop_assert_eq!(pairs.len(), chosen.len(), "a pair was chosen twice");
        prop_assert_eq!(lasts.len(), chosen.len(), "a value of z was chosen twice");
        let mut derivable: BTreeSet<Vec<i64>> = candidates.iter().map(|row| row.to_vec()).collect();
        for row in &chosen {
            for [x, w] in &more {
                if row[0] == *x {
                    derivable.insert(vec![row[1], *w, row[2] + 1]);
                }
            }
        }
        for row in derivable {
            let free = !pairs.contains(&[row[0], row[1]]) && !lasts.contains(&row[2]);
            prop_assert!(!free, "{row:?} could have been chosen");
        }
    }

    #[test]
    fn subsumption_keeps_shortest_distances(
        edges in prop::collection::vec([0i64..8, 0i64..8, 1i64..9], 0..24)
    ) {
        let text = format!(
            ".decl edge(x: number, y: number, w: number)\n{}.decl out(x: number, d: number)\n\
             out(0,0).\nout(y,d+w) :- out(x,d), edge(x,y,w).\nout(x,d1) <= out(x,d2) :- d2 < d1.",
            facts("edge", &edges)
        );
        let program = checked(&text);
        let out = program.relation_named("out").expect("declared");
        let mut distance = BTreeMap::from([(0, 0)]);
        for _ in 0..8 {
            for [x, y, w] in &edges {
                if let Some(known) = distance.get(x) {
                    let new = known + w;
                    let old = distance.entry(*y).or_insert(new);
                    *old = new.min(*old);
                }
            }
        }
        let expected: BTreeSet<Vec<i64>> = distance.into_iter().map(|(x, d)| vec![x, d]).collect();
        for threads in [1, 3] {
            prop_assert_eq!(numbers(&show(&run(&program, threads), out)), expected.clone());
        }
    }

    #[test]
    fn subsumption_keeps_what_nothing_dominates(
        points in prop::collection::vec([-4i64..4, -4i64..4], 0..24)
    ) {
        let text = format!(
            ".decl out(x: number, y: number)\n{}out(a,b) <= out(c,d) :- a <= c, b <= d.",
            facts("out", &points)
        );
        let program = checked(&text);
        let out = program.relation_named("out").expect("declared");
        let all: BTreeSet<Vec<i64>> = points.iter().map(|point| point.to_vec()).collect();
        let front = all.iter().filter(|p| !all.iter().any(|q| q != *p && p[0] <= q[0] && p[1] <= q[1]));
        let front: BTreeSet<Vec<i64>> = front.cloned().collect();
        prop_assert_eq!(numbers(&show(&run(&program, 1), out)), front);
    }
}
