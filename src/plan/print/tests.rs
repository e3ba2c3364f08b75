//! Plans of all rules of a program, over made-up sizes.

use super::{print_rule, print_subsumption};
use crate::analysis::checked::{CheckedProgram, LiteralKind, RelationId};
use crate::plan::{Statistics, Version, plan_rule, plan_subsumption};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use expect_test::{Expect, expect};

/// Every relation has a thousand rows, deltas a hundred; a column has a hundred values.
struct Round<'a>(&'a CheckedProgram);

impl Statistics for Round<'_> {
    fn rows(&self, _: RelationId, version: Version) -> f64 {
        match version {
            Version::Delta => 100.0,
            Version::Full | Version::Old => 1000.0,
        }
    }

    fn distinct(&self, _: RelationId, _: usize) -> f64 {
        100.0
    }

    fn recursive(&self, relation: RelationId) -> bool {
        let mut strata = self.0.strata().iter();
        strata.any(|stratum| stratum.recursive && stratum.relations.contains(&relation))
    }
}

fn check(text: &str, expected: Expect) {
    let mut sources = SourceMap::new();
    let (tree, findings) = parse_text("test.dl", text, &mut sources);
    assert!(findings.iter().all(|f| !f.is_error()), "{findings:#?}");
    let (program, _) = crate::analysis::check(&tree, &Default::default()).expect("a program");
    let sizes = Round(&program);
    let mut shown = String::new();
    for (id, rule) in program.rules().filter(|(_, rule)| !rule.body.is_empty()) {
        let mut deltas: Vec<Option<usize>> = Vec::new();
        for (at, literal) in rule.body.iter().enumerate() {
            if let LiteralKind::Atom(atom) = &literal.kind
                && sizes.recursive(atom.relation)
                && rule.head.is_some()
            {
                deltas.push(Some(at));
            }
        }
        if deltas.is_empty() {
            deltas.push(None);
        }
        for delta in deltas {
            let plan = print_rule(&program, &plan_rule(&program, id, delta, &sizes));
            if let Some(delta) = &plan.delta {
                shown += &format!("delta of {delta}\n");
            }
            shown += &plan.to_string();
        }
    }
    for subsumption in program.subsumptions() {
        for delta in 0..2 {
            let plan = plan_subsumption(subsumption, delta, &sizes);
            let plan = print_subsumption(&program, subsumption, &plan);
            shown += &format!("delta of {}\n{plan}", plan.delta.as_deref().unwrap_or("?"));
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn recursive_rules_have_a_plan_for_each_delta() {
    check(
        ".decl sub(prime: symbol, firm: symbol)
         .decl works_for(firm: symbol, client: symbol)
         works_for(f, c) :- sub(c, f), f != \"x-none\".
         works_for(s, c) :- works_for(f, c), works_for(s, f).",
        expect![[r#"
            1. scan sub(c, f)            ~1,000
            2. keep where f != "x-none"    ~500
               derive works_for(f, c)
            delta of works_for(f, c)
            1. scan delta of works_for(f, c)               ~100
            2. look up works_for by client = f, gives s  ~1,000  by works_for(client)
               derive works_for(s, c)
            delta of works_for(s, f)
            1. scan delta of works_for(s, f)                              ~100
            2. look up works_for before its delta by firm = f, gives c  ~1,000  by works_for(firm)
               derive works_for(s, c)
        "#]],
    );
}

#[test]
fn checks_intersections_and_products_say_what_they_look_at() {
    check(
        ".decl arc(x: number, y: number)
         .decl n(x: number)
         .decl out(x: number, y: number, z: number)
         out(x, y, z) :- arc(x, y), arc(y, z), arc(z, x).
         out(x, x, 1) :- arc(x, x), !n(x), n(_), !arc(x, _), arc(3, x).
         out(x, y, 0) :- n(x), n(y).
         :- n(x), arc(x, 5).
         :- n(1).",
        expect![[r#"
            1. scan arc(x, y)                         ~1,000
            2. intersect z from arc(y, z), arc(z, x)  ~5,000  by arc(x), arc(y)
               derive out(x, y, z)
            1. ask once: check that there is n(_)   <1
            2. look up arc by x = 3, gives x       ~10  by arc(x)
            3. check that there is no n(x)          ~5  by n(x)
            4. check that there is no arc(x, _)     ~2  by arc(x)
            5. check that there is arc(x, x)        ~1  by arc(x, y)
               derive out(x, x, 1)
            1. scan n(x)                              ~1,000
            2. pair with every row of n, gives y  ~1,000,000
               derive out(x, y, 0)
            1. look up arc by y = 5, gives x  ~10  by arc(y)
            2. check that there is n(x)        ~5  by n(x)
               report a violation: x
            1. ask once: check that there is n(1)  <1  by n(x)
               report a violation
        "#]],
    );
}

#[test]
fn values_are_written_as_in_the_rule() {
    check(
        ".type Pair = [a: number, b: symbol]
         .type Kind = Firm {} | Person {}
         .decl p(v: Pair, k: Kind)
         .decl out(n: number, s: symbol)
         out(a * (a + 1) - 2, cat(b, \"\\\"x\\\"\")) :- p([a, b], $Person()), match(\"x-.*\", b), !contains(\"y\", b).
         out(i, \"\") :- p([n, _], _), i = range(0, n, 2).
         out(-n, to_string(n)) :- out(n, _), n > 1 + 2.",
        expect![[r#"
            1. look up p by k = $Person, gives $2  ~10  by p(k)
            2. take $2 apart: [a, b]               ~10
            3. keep where match("x-.*", b)          ~5
            4. keep where !contains("y", b)         ~2
            5. let $3 = (a * (a + 1)) - 2           ~2
            6. let $4 = cat(b, "\"x\"")             ~2
               derive out($3, $4)
            1. scan p($3, _)                    ~1,000
            2. take $3 apart: [n, $2]           ~1,000
            3. count i through range(0, n, 2)  ~10,000
               derive out(i, "")
            delta of out(n, _)
            1. scan delta of out(n, _)  ~100
            2. keep where n > 1 + 2      ~50
            3. let $1 = -n               ~50
            4. let $2 = to_string(n)     ~50
               derive out($1, $2)
        "#]],
    );
}

#[test]
fn aggregates_show_how_their_rows_are_found() {
    check(
        ".decl owns(owner: symbol, firm: symbol, share: number)
         .decl firm(name: symbol)
         .decl out(name: symbol, n: number)
         out(f, n) :- firm(f), n = sum s : { owns(_, f, s) }.
         out(\"all\", n) :- n = count : { owns(_, _, _) }.
         out(f, n) :- firm(f), n = max s : { owns(o, f, s), firm(o), s > 10 }.",
        expect![[r#"
            1. scan firm(f)                                ~1,000
            2. for each f, let n = sum s over              ~1,000
               2.1. look up owns by firm = f, gives $3, s     ~10  by owns(firm)
               derive out(f, n)
            1. let n = count over                          ~1
               1.1. go through owns, gives $1, $2, $3  ~1,000
               derive out("all", n)
            1. scan firm(f)                                                 ~1,000
            2. for each f, let n = max s over                               ~1,000
               2.1. look up owns by firm = f, share from 10 on, gives o, s     ~10  by owns(firm; share in order)
               2.2. keep where s > 10                                           ~5
               2.3. check that there is firm(o)                                 ~2  by firm(name)
               derive out(f, n)
        "#]],
    );
}

#[test]
fn bounds_on_both_sides_choose_who_is_searched() {
    check(
        ".decl hit(ip: number, host: symbol)
         .decl block(low: number, high: number, owner: symbol)
         .decl from(host: symbol, owner: symbol)
         from(h, o) :- hit(ip, h), block(low, high, o), low <= ip, ip <= high.
         .decl soon(host: symbol, other: symbol)
         soon(h, g) :- hit(t, h), hit(u, g), u >= t, u < t + 60.",
        expect![[r#"
            1. scan block(low, high, o)                           ~1,000
            2. look up hit by ip from low to high, gives ip, h  ~100,000  by hit(ip in order)
            3. keep where low <= ip                              ~50,000
            4. keep where ip <= high                             ~25,000
               derive from(h, o)
            1. scan hit(t, h)                                ~1,000
            2. let $4 = t + 60                               ~1,000
            3. look up hit by ip from t to $4, gives u, g  ~100,000  by hit(ip in order)
            4. keep where u >= t                            ~50,000
            5. keep where u < t + 60                        ~25,000
               derive soon(h, g)
        "#]],
    );
}

#[test]
fn subsumptive_clauses_are_planned_from_either_row() {
    check(
        ".decl best(x: number, cost: number)
         best(x, a) <= best(x, b) :- b <= a.",
        expect![[r#"
            delta of best(x, a)
            1. scan delta of best(x, a)          ~100
            2. look up best by x = x, gives b  ~1,000  by best(x)
            3. keep where b <= a                 ~500
               drop best(x, a)
            delta of best(x, b)
            1. scan delta of best(x, b)          ~100
            2. look up best by x = x, gives a  ~1,000  by best(x)
            3. keep where b <= a                 ~500
               drop best(x, a)
        "#]],
    );
}
