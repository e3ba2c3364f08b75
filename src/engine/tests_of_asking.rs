//! Bodies with steps that only ask whether there is anything, against the same bodies of which every variable is kept.

use super::tests::check;
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Heads and bodies over pairs `a`, `b`, `c` and nodes `n`.
const RULES: &[(&str, &str)] = &[
    ("x", "a(x,y), b(y,z), c(z,x)"),
    (
        "x,y",
        "a(x,y), b(y,z), a(z,x), a(x,u), b(u,v), a(v,x), y < u",
    ),
    ("x,y", "a(x,y), b(y,z), c(z,w), !n(w)"),
    ("x", "n(x), a(x,y), b(y,z), c(z,u), z != u"),
    ("x,u", "a(x,y), b(y,z), c(x,u), b(u,w), a(w,w)"),
    ("y", "n(x), a(x,y), b(x,z), c(z,u), b(u,v)"),
    ("x,y", "a(x,y), b(x,z), c(y,z), b(z,u), c(u,v), n(v)"),
    ("x", "a(x,y), b(y,z), b(x,w), c(w,v), v < 6, z > 2"),
    // Here the number of ways matters to nobody, but the value does.
    ("x,s", "a(x,y), b(y,z), c(z,u), s = y + 1"),
];

fn program((head, body): (&str, &str), facts: &str) -> String {
    let names: BTreeSet<&str> = body
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| ["s", "u", "v", "w", "x", "y", "z"].contains(word))
        .collect();
    let variables: Vec<&str> = names.into_iter().collect();
    let all = variables.join(",");
    let declared = |names: &str| {
        let columns = names.split(',').map(|name| format!("{name}: number"));
        columns.collect::<Vec<_>>().join(", ")
    };
    format!(
        ".decl a(x: number, y: number)\n.decl b(x: number, y: number)\n.decl c(x: number, y: number)\n\
         .decl n(x: number)\n.decl some({})\n.decl every({})\n.decl of_every({})\n.decl out({})\n{facts}\n\
         some({head}) :- {body}.\nevery({all}) :- {body}.\nof_every({head}) :- every({all}).\n\
         out({head}) :- some({head}), !of_every({head}).\nout({head}) :- of_every({head}), !some({head}).\n",
        declared(head),
        declared(&all),
        declared(head),
        declared(head),
    )
}

/// Pairs, some of whose codes have many others.
fn pairs(name: &str, nodes: u32, pairs: u32, mut seed: u32) -> String {
    let mut draw = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let code = (seed >> 8) % (nodes * 2);
        if code < nodes { code } else { code % 3 }
    };
    let pairs = (0..pairs).map(|_| format!("{name}({}, {}).", draw(), draw()));
    pairs.collect::<Vec<_>>().join(" ") + "\n"
}

fn facts(nodes: u32, each: u32, seed: u32) -> String {
    let few = (0..nodes).step_by(2).map(|node| format!("n({node}). "));
    pairs("a", nodes, nodes * each, seed)
        + &pairs("b", nodes, nodes * each, seed ^ 1)
        + &pairs("c", nodes, nodes, seed ^ 2)
        + &few.collect::<String>()
}

#[test]
fn one_way_is_as_good_as_all() {
    for &rule in RULES {
        check(&program(rule, &facts(40, 2, 3)), "");
    }
}

#[test]
fn in_recursion_too() {
    let declared = ".decl a(x: number, y: number)\n.decl b(x: number, y: number)\n.decl c(x: number, y: number)\n\
         .decl n(x: number)\n.decl h(x: number, y: number)\n.decl ok(x: number)\n.decl g(x: number, y: number)\n\
         .decl out(x: number, y: number)\n";
    let rules = "h(x,y) :- a(x,y).\nh(x,z) :- h(x,y), a(y,z), b(z,u), c(u,v), b(v,w).\n\
         ok(z) :- b(z,u), c(u,v), b(v,_).\ng(x,y) :- a(x,y).\ng(x,z) :- g(x,y), a(y,z), ok(z).\n\
         out(x,y) :- h(x,y), !g(x,y).\nout(x,y) :- g(x,y), !h(x,y).\n";
    for seed in 0..4 {
        check(&format!("{declared}{}{rules}", facts(60, 1, seed)), "");
    }
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn whatever_the_sizes(nodes in 1u32..24, each in 1u32..4, seed: u32, rule in 0..RULES.len()) {
        check(&program(RULES[rule], &facts(nodes, each, seed)), "");
    }
}
