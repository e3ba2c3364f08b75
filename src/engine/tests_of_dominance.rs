//! Subsumption whose dominated candidates are kept out, against all rows and what is least of them.

use super::tests::check;
use crate::tries::tries;
use proptest::prelude::*;

/// Lengths of paths from every third node, and the same from all walks up to a bound no path exceeds.
fn shortest(order: &str, facts: &str) -> String {
    format!(
        ".decl arc(x: number, y: number, w: number)\n.decl node(x: number)\n\
         .decl d(x: number, y: number, d: number)\n.decl walk(x: number, y: number, d: number)\n\
         .decl least(x: number, y: number, d: number)\n.decl out(x: number, y: number, d: number)\n{facts}\n\
         d(x,x,0) :- node(x).\nd(x,z,d + w) :- d(x,y,d), arc(y,z,w), d < 30.\n\
         d(x,y,d) <= d(x,y,e) :- {order}.\n\
         walk(x,x,0) :- node(x).\nwalk(x,z,d + w) :- walk(x,y,d), arc(y,z,w), d < 30.\n\
         least(x,y,d) :- walk(x,y,_), d = min e : {{ walk(x,y,e) }}.\n\
         out(x,y,d) :- d(x,y,d), !least(x,y,d).\nout(x,y,d) :- least(x,y,d), !d(x,y,d).\n"
    )
}

/// Ways that are cheaper or quicker than every other one to the same node.
fn front(facts: &str) -> String {
    format!(
        ".decl arc(x: number, y: number, w: number)\n.decl node(x: number)\n\
         .decl p(x: number, c: number, t: number)\n.decl walk(x: number, c: number, t: number)\n\
         .decl worse(x: number, c: number, t: number)\n.decl out(x: number, c: number, t: number)\n{facts}\n\
         p(x,0,0) :- node(x).\np(y,c + w,t + 9 - w) :- p(x,c,t), arc(x,y,w), c < 12, t < 12.\n\
         p(x,c,t) <= p(x,d,u) :- c >= d, u <= t.\n\
         walk(x,0,0) :- node(x).\nwalk(y,c + w,t + 9 - w) :- walk(x,c,t), arc(x,y,w), c < 12, t < 12.\n\
         worse(x,c,t) :- walk(x,c,t), walk(x,d,u), d <= c, u < t.\n\
         worse(x,c,t) :- walk(x,c,t), walk(x,d,u), d < c, u <= t.\n\
         out(x,c,t) :- p(x,c,t), worse(x,c,t).\nout(x,c,t) :- walk(x,c,t), !worse(x,c,t), !p(x,c,t).\n"
    )
}

/// Rows of whose key none comes before them by a name: all at once, then some more by recursion.
fn first(facts: &str) -> String {
    format!(
        ".decl arc(x: number, y: number, w: number)\n.decl node(x: number)\n\
         .decl name(x: number, n: symbol, w: number)\n.decl first(x: number, n: symbol, w: number)\n\
         .decl later(x: number, n: symbol)\n.decl out(x: number, n: symbol, w: number)\n{facts}\n\
         name(x,cat(\"x-\", to_string(y)),w) :- arc(x,y,w).\nname(y,n,w) :- name(x,n,w), arc(x,y,5).\n\
         first(x,cat(\"x-\", to_string(y)),w) :- arc(x,y,w).\nfirst(y,n,w) :- first(x,n,w), arc(x,y,5).\n\
         first(x,n,_) <= first(x,m,_) :- m < n.\n\
         later(x,n) :- name(x,n,_), name(x,m,_), m < n.\n\
         out(x,n,w) :- first(x,n,w), later(x,n).\nout(x,n,0) :- name(x,n,_), !later(x,n), !first(x,n,_).\n"
    )
}

fn facts(nodes: u32, arcs: u32, mut seed: u32) -> String {
    let mut draw = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % most
    };
    let arcs: Vec<String> = (0..arcs)
        .map(|_| format!("arc({}, {}, {}).", draw(nodes), draw(nodes), 1 + draw(6)))
        .collect();
    let few = (0..nodes).step_by(3).map(|node| format!("node({node}). "));
    format!("{}\n{}", arcs.join(" "), few.collect::<String>())
}

#[test]
fn the_shortest_of_many_ways_stays() {
    check(&shortest("e < d", &facts(60, 150, 1)), "");
    check(&shortest("d > e", &facts(60, 150, 2)), "");
}

proptest! {
    #![proptest_config(tries(40))]

    #[test]
    fn paths(nodes in 1u32..14, each in 1u32..4, seed: u32) {
        check(&shortest("e < d", &facts(nodes, nodes * each, seed)), "");
    }

    #[test]
    fn names(nodes in 1u32..14, each in 1u32..12, seed: u32) {
        check(&first(&facts(nodes, nodes * each, seed)), "");
    }

    #[test]
    fn fronts(nodes in 1u32..10, each in 1u32..4, seed: u32) {
        check(&front(&facts(nodes, nodes * each, seed)), "");
    }
}
