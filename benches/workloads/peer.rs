//! The workloads as a user of Ascent would write them, for one thread.

use crate::generate::Input;
use ascent::ascent;

ascent! {
    struct Tc;
    relation arc(i32, i32);
    relation tc(i32, i32);
    tc(x, y) <-- arc(x, y);
    tc(x, y) <-- tc(x, z), arc(z, y);
}

ascent! {
    struct Sg;
    relation arc(i32, i32);
    relation sg(i32, i32);
    sg(x, y) <-- arc(p, x), arc(p, y), if x != y;
    sg(x, y) <-- arc(a, x), sg(a, b), arc(b, y);
}

ascent! {
    struct Reach;
    relation arc(i32, i32);
    relation source(i32);
    relation reach(i32);
    reach(x) <-- source(x);
    reach(y) <-- reach(x), arc(x, y);
}

ascent! {
    struct Tri;
    relation arc(i32, i32);
    relation tri(i32, i32, i32);
    tri(x, y, z) <-- arc(x, y), arc(y, z), arc(z, x);
}

ascent! {
    struct Cspa;
    relation assign(i32, i32);
    relation dereference(i32, i32);
    relation flow(i32, i32);
    relation alias(i32, i32);
    relation memory(i32, i32);
    flow(x, y) <-- assign(x, y);
    flow(x, x) <-- assign(x, _);
    flow(x, x) <-- assign(_, x);
    memory(x, x) <-- assign(x, _);
    memory(x, x) <-- assign(_, x);
    flow(x, y) <-- assign(x, z), memory(z, y);
    flow(x, y) <-- flow(x, z), flow(z, y);
    memory(x, w) <-- dereference(y, x), alias(y, z), dereference(z, w);
    alias(x, y) <-- flow(z, x), flow(z, y);
    alias(x, y) <-- flow(z, x), memory(z, w), flow(w, y);
}

ascent! {
    struct Ecosystem;
    relation reports_to(i32, i32);
    relation contract(i32, i32, i32);
    relation subcontract(i32, i32);
    relation owns(i32, i32, i32);
    relation employs(i32, i32);
    relation member(i32, i32);
    relation uses(i32, i32);
    relation develops(i32, i32);
    relation under(i32, i32);
    relation works_for(i32, i32);
    relation serves(i32, i32);
    relation controls(i32, i32);
    relation shares_staff(i32, i32);
    relation staffed(i32);
    relation front(i32, i32);
    relation linked(i32, i32);
    relation attributed(i32, i32);
    relation hybrid(i32);
    relation attributed_group(i32);
    relation breadth(i32, usize);
    under(u, p) <-- reports_to(u, p);
    under(u, r) <-- under(u, p), reports_to(p, r);
    works_for(f, c) <-- contract(c, f, y), if *y >= 2015;
    works_for(s, c) <-- works_for(f, c), subcontract(f, s);
    serves(f, r) <-- works_for(f, c), under(c, r), reports_to(r, 0);
    controls(o, f) <-- owns(o, f, s), if *s > 50;
    controls(o, f) <-- controls(o, m), owns(m, f, s), if *s > 50;
    shares_staff(a, b) <-- employs(a, p), employs(b, p), if a != b, contract(_, a, _), develops(b, _);
    staffed(f) <-- employs(f, _);
    front(f, o) <-- contract(_, f, _), !staffed(f), controls(o, f), staffed(o);
    linked(g, f) <-- member(p, g), employs(f, p);
    linked(g, f) <-- uses(g, t), develops(f, t);
    linked(g, a) <-- linked(g, f), shares_staff(a, f);
    attributed(g, r) <-- linked(g, f), serves(f, r);
    hybrid(g) <-- attributed(g, r1), attributed(g, r2), if r1 < r2;
    attributed_group(g) <-- attributed(g, _);
    breadth(g, n) <-- attributed_group(g), agg n = ascent::aggregators::count() in attributed(g, _);
}

/// Derives everything and returns the sizes of what is derived, in the order of the program's `.printsize`.
pub fn run(workload: &str, inputs: Vec<Input>) -> Vec<usize> {
    let mut inputs = inputs.into_iter().map(|input| input.columns);
    let mut columns = || inputs.next().unwrap_or_default();
    match workload {
        "tc" => {
            let mut program = Tc {
                arc: pairs(columns()),
                ..Tc::default()
            };
            program.run();
            vec![program.tc.len()]
        }
        "sg" => {
            let mut program = Sg {
                arc: pairs(columns()),
                ..Sg::default()
            };
            program.run();
            vec![program.sg.len()]
        }
        "reach" => {
            let mut program = Reach {
                arc: pairs(columns()),
                source: columns().remove(0).into_iter().map(|x| (x,)).collect(),
                ..Reach::default()
            };
            program.run();
            vec![program.reach.len()]
        }
        "tri" => {
            let mut program = Tri {
                arc: pairs(columns()),
                ..Tri::default()
            };
            program.run();
            vec![program.tri.len()]
        }
        "cspa" => {
            let mut program = Cspa {
                assign: pairs(columns()),
                dereference: pairs(columns()),
                ..Cspa::default()
            };
            program.run();
            vec![
                program.flow.len(),
                program.alias.len(),
                program.memory.len(),
            ]
        }
        "ecosystem" => {
            let mut program = Ecosystem {
                reports_to: pairs(columns()),
                contract: triples(columns()),
                subcontract: pairs(columns()),
                owns: triples(columns()),
                employs: pairs(columns()),
                member: pairs(columns()),
                uses: pairs(columns()),
                develops: pairs(columns()),
                ..Ecosystem::default()
            };
            program.run();
            vec![
                program.under.len(),
                program.works_for.len(),
                program.serves.len(),
                program.controls.len(),
                program.shares_staff.len(),
                program.front.len(),
                program.linked.len(),
                program.attributed.len(),
                program.hybrid.len(),
                program.breadth.len(),
            ]
        }
        _ => Vec::new(),
    }
}

fn pairs(columns: Vec<Vec<i32>>) -> Vec<(i32, i32)> {
    columns[0]
        .iter()
        .copied()
        .zip(columns[1].iter().copied())
        .collect()
}

fn triples(columns: Vec<Vec<i32>>) -> Vec<(i32, i32, i32)> {
    let last = columns[2].iter().copied();
    let first = columns[0].iter().copied().zip(columns[1].iter().copied());
    first.zip(last).map(|((a, b), c)| (a, b, c)).collect()
}
