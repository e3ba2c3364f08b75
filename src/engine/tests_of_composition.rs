//! Rules that compose relations over bits, against the same rules over rows that are never kept as bits: with a column more,
//! and a row so far off that not all rows between could be told apart by two codes.

use super::tests::{check, checked, derives_what_is_derived_naively, run, show};
use crate::tries::tries;
use proptest::prelude::*;

/// Rules for `h` beside arcs `a` and `c` and nodes `b`; `h(X,Y` stands for one atom or the other.
pub(super) const RULES: &[&str] = &[
    "h(x,y) :- a(x,y). h(x,y) :- h(x,z), a(z,y).",
    "h(x,y) :- a(x,y). h(x,y) :- a(x,z), h(z,y).",
    "h(x,y) :- a(x,y). h(x,y) :- h(x,z), h(z,y).",
    "h(x,y) :- a(x,y). h(y,x) :- h(x,z), a(z,y).",
    "h(x,y) :- a(x,y). h(y,x) :- a(x,z), h(z,y).",
    "h(x,y) :- a(x,y). h(x,y) :- h(x,z), a(z,y). h(y,x) :- h(x,y), b(x), y != 7.",
    "h(x,y) :- a(p,x), a(p,y). h(x,y) :- a(p,x), h(p,q), a(q,y).",
    "h(x,y) :- a(p,x), a(p,y). h(y,x) :- a(p,x), h(p,q), a(q,y).",
    "h(x,y) :- a(x,y). h(x,y) :- h(x,z), a(z,w), !b(w), a(w,y), y != 9.",
    "h(x,y) :- a(x,y). h(x,y) :- h(x,z), a(z,y), c(z,y). h(x,y) :- h(x,z), c(z,y).",
    "h(x,y) :- a(x,y). h(x,y) :- g(x,z), a(z,y). h(x,y) :- a(x,z), g(z,y). g(x,y) :- h(x,y), x > 130, y > 70.",
    "h(x,y) :- a(x,y), y > 70. h(x,y) :- a(x,z), h(z,y). h(x,y) :- h(x,z), a(z,y), y > 70.",
];

const FAR: i32 = i32::MAX;

/// The program with `h` of three columns too, and what only one of the two derives.
fn doubled(rules: &str, facts: &str) -> String {
    let rules = rules.replace("g(", "g2(").replace("h(", "h2(");
    let wide = rules
        .replace(":- h2(", ":- @h3(")
        .replace(", h2(", ", @h3(")
        .replace("h2(", "@h3(")
        .replace(":- g2(", ":- @g3(")
        .replace(", g2(", ", @g3(")
        .replace("g2(", "@g3(");
    // `@h3(x,y)` becomes `h3(x,y,0)`.
    let mut text = String::new();
    for (at, part) in wide.split('@').enumerate() {
        match (at, part.split_once(')')) {
            (1.., Some((atom, rest))) => text += &format!("{atom},0){rest}"),
            _ => text += part,
        }
    }
    format!(
        ".decl a(x: number, y: number)\n.decl c(x: number, y: number)\n.decl b(x: number)\n\
         .decl g2(x: number, y: number)\n.decl g3(x: number, y: number, z: number)\n\
         .decl h2(x: number, y: number)\n.decl h3(x: number, y: number, z: number)\n\
         .decl out(x: number, y: number)\n{facts}{rules}\n{text}\n\
         h3({FAR},{FAR},3).\ng3({FAR},{FAR},3).\n\
         out(x,y) :- h2(x,y), !h3(x,y,0).\nout(x,y) :- h3(x,y,0), !h2(x,y).\n"
    )
}

fn arcs(name: &str, nodes: u32, arcs: u32, mut seed: u32) -> String {
    let mut draw = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % nodes
    };
    let arcs = (0..arcs).map(|_| format!("{name}({}, {}).", draw(), draw()));
    arcs.collect::<Vec<_>>().join(" ") + "\n"
}

fn nodes(nodes: u32) -> String {
    (0..nodes)
        .step_by(3)
        .map(|node| format!("b({node}). "))
        .collect()
}

#[test]
fn several_strips_give_what_three_columns_give() {
    for (at, rules) in RULES.iter().enumerate() {
        let facts = arcs("a", 530, 800, 5) + &arcs("c", 530, 450, 6) + &nodes(530);
        let program = checked(&doubled(rules, &facts));
        let [out, head] = ["out", "h2"].map(|name| program.relation_named(name).expect(name));
        let database = run(&program, [1, 3][at % 2]);
        assert_eq!(show(&database, out), "", "{rules}");
        let rows = database.len(head);
        assert!(rows > 3_000, "{rules}: {rows} rows");
    }
}

proptest! {
    #![proptest_config(tries(40))]

    #[test]
    fn small_matrices_too(size in 2u32..30, part in 1u32..5, seed: u32, rules in 0..RULES.len()) {
        let facts = arcs("a", size, size * part, seed)
            + &arcs("c", size, size, seed ^ 1)
            + &nodes(size);
        check(&doubled(RULES[rules], &facts), "");
    }
}

/// Rules for `p` beside arcs `a` with labels, arcs `c` without, and nodes `b`.
pub(super) const LABELLED: &[&str] = &[
    "p(l,x,z) :- p(l,x,y), a(l,y,z).",
    "p(l,x,z) :- a(l,x,y), p(l,y,z).",
    "p(l,x,z) :- p(l,x,y), p(l,y,z).",
    "p(l,x,z) :- p(l,x,y), c(y,z).",
    "p(l,x,z) :- c(x,y), p(l,y,z).",
    "p(l,z,x) :- p(l,x,y), a(l,y,z), !b(z).",
    "p(m,x,y) :- p(l,x,y), c(l,m).",
    "p(l,x,z) :- p(l,x,y), a(m,y,z), l < m.",
    "p(3,x,z) :- p(l,x,y), a(l,y,z).",
    "p(l,x,w) :- a(l,y,x), p(l,y,z), a(l,z,w).",
    "p(l,y,x) :- c(y,z), p(x,z,l).",
    "q(x,y) :- p(1,x,y). q(x,z) :- q(x,y), c(y,z). p(l,x,z) :- q(x,y), a(l,y,z).",
    "q(x,y) :- p(_,x,y). p(x,y,z) :- q(x,y), c(y,z), b(x).",
    "p(l,x,y+1) :- p(l,x,y), y < 40. p(l,x,z) :- p(l,x,y), a(l,y,z).",
    "p(l,x,x) :- p(l,x,_). p(l,x,z) :- p(l,x,y), c(y,z).",
    "p(l,x,w) :- p(l,x,y), c(y,z), c(z,w), z != x.",
];

/// The program with `p` of four columns too, and what only one of the two derives.
fn labelled(rules: &str, facts: &str) -> String {
    let rules = format!("p(l,x,y) :- a(l,x,y).\n{rules}");
    let wide = rules.replace("p(", "p4(0,").replace("q(", "q4(");
    format!(
        ".decl a(l: number, x: number, y: number)\n.decl c(x: number, y: number)\n.decl b(x: number)\n\
         .decl p(l: number, x: number, y: number)\n.decl q(x: number, y: number)\n\
         .decl p4(n: number, l: number, x: number, y: number)\n.decl q4(x: number, y: number)\n\
         .decl out(l: number, x: number, y: number)\n{facts}{rules}\n{wide}\np4({FAR},{FAR},{FAR},0).\n\
         out(l,x,y) :- p(l,x,y), !p4(0,l,x,y).\nout(l,x,y) :- p4(0,l,x,y), !p(l,x,y).\n"
    )
}

fn facts_with_labels(labels: u32, size: u32, each: u32, seed: u32) -> String {
    let of = |label: u32| arcs(&format!("a{label}"), size, each, seed ^ label << 8);
    let with_label = |label: u32| of(label).replace(&format!("a{label}("), &format!("a({label}, "));
    let facts: String = (0..labels).map(with_label).collect();
    facts + &arcs("c", size, each / 2 + 1, seed ^ 1) + &nodes(size)
}

#[test]
fn closures_with_labels_give_what_wider_rows_give() {
    for (at, rules) in LABELLED.iter().enumerate() {
        let program = checked(&labelled(rules, &facts_with_labels(4, 90, 130, 3)));
        let [out, head] = ["out", "p"].map(|name| program.relation_named(name).expect(name));
        let database = run(&program, [1, 3][at % 2]);
        assert_eq!(show(&database, out), "", "{rules}");
        let rows = database.len(head);
        assert!(rows > 520, "{rules}: {rows} rows");
    }
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn small_closures_with_labels_too(labels in 1u32..5, size in 2u32..16, part in 1u32..4, seed: u32, rules in 0..LABELLED.len(), threads in 1usize..4) {
        let facts = facts_with_labels(labels, size, size * part / 2 + 1, seed);
        check(&labelled(LABELLED[rules], &facts), "");
        derives_what_is_derived_naively(&checked(&labelled(LABELLED[rules], &facts)), threads)?;
    }
}
