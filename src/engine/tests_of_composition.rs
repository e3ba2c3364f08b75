//! Rules that compose relations over bits, against the same rules over three columns, which are never kept as bits.

use super::tests::{check, checked, run, show};
use crate::tries::tries;
use proptest::prelude::*;

/// Rules for `h` beside arcs `a` and `c` and nodes `b`; `h(X,Y` stands for one atom or the other.
const RULES: &[&str] = &[
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
         out(x,y) :- h2(x,y), !h3(x,y,0).\nout(x,y) :- h3(x,y,_), !h2(x,y).\n"
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
