//! Proofs as text, and the checker over all of them.

use super::testing::World;
use super::tree::TreeOptions;
use super::{Basis, Flaw, FlawKind, NodeId, Premise, ProofOptions};
use crate::engine::Budget;
use crate::evidence::GradeTables;
use expect_test::{Expect, expect};

fn check(program: &str, fact: &str, expected: Expect) {
    let world = World::of(program);
    expected.assert_eq(&world.tree(fact));
    // The same without births: a shortest proof.
    let world = World::new(program, "", "", false);
    world.prove(fact);
}

const GRAPH: &str = "
.decl edge(x: symbol, y: symbol)
.decl path(x: symbol, y: symbol)
edge(\"x-a\", \"x-b\"). edge(\"x-b\", \"x-c\"). edge(\"x-c\", \"x-a\"). edge(\"x-c\", \"x-d\").
path(x, y) :- edge(x, y).
@[say = \"{x} reaches {z} through {y}\"]
path(x, z) :- path(x, y), edge(y, z).
";

#[test]
fn recursion_ends_at_what_is_stated() {
    check(
        GRAPH,
        "path x-a x-d",
        expect![[r#"
        x-a reaches x-d through x-c   x.dl:6
        ├─ path("x-a","x-c")         x-a reaches x-c through x-b   x.dl:6
        │  ├─ path("x-a","x-b")      x.dl:5
        │  │  └─ edge("x-a","x-b")   x.dl:4
        │  └─ edge("x-b","x-c")      x.dl:4
        └─ edge("x-c","x-d")         x.dl:4
    "#]],
    );
}

#[test]
fn a_fact_needed_twice_is_explained_once() {
    check(
        "
.decl a(x: number) .decl b(x: number) .decl c(x: number) .decl d(x: number)
a(1).
b(x) :- a(x).
c(x) :- b(x).
d(x) :- b(x), c(x), b(x + 0).
",
        "d 1",
        expect![[r#"
            d(1)   x.dl:6
            ├─ b(1)        x.dl:4
            │  └─ a(1)     x.dl:3
            ├─ c(1)        x.dl:5
            │  └─ b(1)     shown above
            ├─ b(1)        shown above
            └─ 1 = 1 + 0
        "#]],
    );
}

#[test]
fn negations_comparisons_and_functors_are_premises() {
    check(
        "
.decl staff(firm: symbol, heads: number)
.decl owns(a: symbol, b: symbol)
.decl shell(firm: symbol, label: symbol)
staff(\"x-orchid\", 2). staff(\"x-vega\", 40). owns(\"x-vega\", \"x-net\").
shell(f, cat(\"shell:\", f)) :- staff(f, n), n < 5, n = 1 + 1, !owns(f, _), match(\"x-.*\", f), !contains(\"vega\", f),
    k = range(0, n), k = 1.
",
        "shell x-orchid shell:x-orchid",
        expect![[r#"
            shell("x-orchid","shell:x-orchid")   x.dl:6
            ├─ staff("x-orchid",2)                 x.dl:5
            ├─ 2 < 5
            ├─ 2 = 1 + 1
            ├─ no owns("x-orchid",_) among 1 row
            ├─ match("x-.*", "x-orchid")
            ├─ !contains("vega", "x-orchid")
            └─ 1 = range(0, 2)
        "#]],
    );
}

#[test]
fn aggregates_list_their_rows() {
    check(
        "
.decl uses(group: symbol, tool: symbol, year: number)
.decl many(group: symbol, n: number)
uses(\"x-g\", \"x-t1\", 2019). uses(\"x-g\", \"x-t2\", 2020). uses(\"x-h\", \"x-t1\", 2021).
many(g, n) :- uses(g, _, _), n = count : { uses(g, _, _) }, n > 1.
",
        "many x-g 2",
        expect![[r#"
            many("x-g",2)   x.dl:5
            ├─ uses("x-g","x-t1",2019)      x.dl:4
            ├─ count = 2                    over 2 rows
            │  ├─ uses("x-g","x-t1",2019)   x.dl:4
            │  └─ uses("x-g","x-t2",2020)   x.dl:4
            └─ 2 > 1
        "#]],
    );
}

#[test]
fn the_winner_comes_first() {
    check(
        "
.decl uses(group: symbol, tool: symbol, year: number)
.decl first(tool: symbol, year: number)
uses(\"x-g\", \"x-t1\", 2019). uses(\"x-g\", \"x-t2\", 2017). uses(\"x-h\", \"x-t1\", 2021).
first(t, y) :- y = min z : { uses(_, t, z) }.
",
        "first x-t2 2017",
        expect![[r#"
            first("x-t2",2017)   x.dl:5
            └─ min = 2017                   over 3 rows
               ├─ uses("x-g","x-t2",2017)   x.dl:4
               ├─ uses("x-g","x-t1",2019)   x.dl:4
               └─ uses("x-h","x-t1",2021)   x.dl:4
        "#]],
    );
}

#[test]
fn members_of_several_atoms_are_groups() {
    check(
        "
.decl a(x: number, y: number) .decl b(y: number) .decl total(n: number)
a(1, 2). a(1, 3). a(2, 3). b(2). b(3).
total(n) :- n = sum x + y : { a(x, y), b(y), y > 2 }.
",
        "total 9",
        expect![[r#"
            total(9)   x.dl:4
            └─ sum = 9         over 2 rows
               ├─ row with 4
               │  ├─ a(1,3)    x.dl:3
               │  ├─ b(3)      x.dl:3
               │  └─ 3 > 2
               └─ row with 5
                  ├─ a(2,3)    x.dl:3
                  ├─ b(3)      x.dl:3
                  └─ 3 > 2
        "#]],
    );
}

#[test]
fn records_and_algebraic_values() {
    check(
        "
.type Pair = [x: number, y: symbol]
.type Tree = Leaf {} | Node { l: Tree, v: number }
.decl p(p: Pair) .decl t(t: Tree) .decl q(x: number, y: symbol) .decl r(v: number)
p([1, \"x\"]). t($Node($Leaf(), 7)).
q(x, y) :- p([x, y]).
r(v) :- t($Node(_, v)), q(_, _).
",
        "r 7",
        expect![[r#"
            r(7)   x.dl:7
            ├─ t($Node($Leaf, 7))   x.dl:5
            └─ q(1,"x")             x.dl:6
               └─ p([1, "x"])       x.dl:5
        "#]],
    );
}

#[test]
fn claims_are_leaves_with_their_evidence() {
    let world = World::new(
        "
.decl contract(a: symbol, f: symbol) .input contract(IO=claims)
.decl owns(a: symbol, b: symbol) .input owns(IO=claims)
.decl works_for(f: symbol, a: symbol)
@[say = \"{f} works for {a}\"]
works_for(f, a) :- contract(a, f).
works_for(g, a) :- works_for(f, a), owns(f, g).
owns(a, b) :- contract(b, a), contract(a, b).
contract(\"x-lab\", \"x-bureau\").
",
        "\
c1 s1 probable 2019..2021-05 contract x-bureau x-lab
c2 s2 1 .. contract x-bureau x-lab
c3 s3 3 2020.. contract x-bureau x-lab
!c4 s3 2 .. contract x-bureau x-lab
c5 - 2 .. owns x-lab x-vega",
        "\
s1 A 2021-01-02 s2
s2 B 2020
s3 C 2022",
        true,
    );
    expect![[r#"
        works_for("x-vega","x-bureau")   x.dl:7
        ├─ works_for("x-lab","x-bureau")     x-lab works for x-bureau   x.dl:5
        │  └─ contract("x-bureau","x-lab")   2019 … 2021-05   [c1] s1 (A2) · [c3] s3 (C3)   +1 copy   x.csv:2   disputed by [c4] s3 (C2)
        └─ owns("x-lab","x-vega")            [c5] no source (F2)   x.csv:6
    "#]].assert_eq(&world.tree("works_for x-vega x-bureau"));
}

#[test]
fn a_claimed_fact_says_which_rule_derives_it_too() {
    let world = World::new(
        "
.decl sym(a: symbol, b: symbol) .input sym(IO=claims)
.decl base(a: symbol, b: symbol) .input base(IO=claims)
sym(a, b) :- sym(b, a).
sym(a, b) :- base(a, b).
",
        "\
c1 s1 2 .. sym x y
c2 s1 2 .. sym v w
c3 s1 2 .. base v w",
        "s1 B",
        true,
    );
    expect![[r#"
        sym("x","y")   [c1] s1 (B2)   x.csv:2
    "#]]
    .assert_eq(&world.tree("sym x y"));
    expect![[r#"
        sym("v","w")   [c2] s1 (B2)   x.csv:3   also follows by x.dl:5
    "#]]
    .assert_eq(&world.tree("sym v w"));
    expect![[r#"
        sym("w","v")   x.dl:4
        └─ sym("v","w")   [c2] s1 (B2)   x.csv:3   also follows by x.dl:5
    "#]]
    .assert_eq(&world.tree("sym w v"));
}

#[test]
fn json_is_flat() {
    let world = World::new(
        "
.decl contract(a: symbol, f: symbol) .input contract(IO=claims)
.decl staff(f: symbol) .input staff(IO=claims)
.decl front(f: symbol, n: number)
@[say = \"{f} is a front\"]
front(f, n) :- contract(_, f), !staff(f), n = count : { contract(_, _) }, n < 9.
",
        "c1 s1 probable 2019.. contract x-bureau x-lab",
        "s1 A 2021",
        true,
    );
    let proof = world.prove("front x-lab 1");
    let view = world
        .case()
        .proof_view(&proof, &world.texts, &GradeTables::default());
    expect![[r#"
        {
          "root": 0,
          "nodes": [
            {
              "id": 0,
              "fact": "front(\"x-lab\",1)",
              "kind": "derived",
              "rule": {
                "file": "x.dl",
                "line": 5
              },
              "say": "x-lab is a front",
              "premises": [
                {
                  "kind": "fact",
                  "node": 1
                },
                {
                  "kind": "absent",
                  "pattern": "staff(\"x-lab\")",
                  "among": 0,
                  "text": "no staff(\"x-lab\"): there are no rows"
                },
                {
                  "kind": "aggregate",
                  "text": "count = 1",
                  "result": "1",
                  "count": 1,
                  "rows": [
                    {
                      "premises": [
                        {
                          "kind": "fact",
                          "node": 1
                        }
                      ]
                    }
                  ]
                },
                {
                  "kind": "holds",
                  "text": "1 < 9"
                }
              ]
            },
            {
              "id": 1,
              "fact": "contract(\"x-bureau\",\"x-lab\")",
              "kind": "claims",
              "claims": [
                {
                  "id": "c1",
                  "source": "s1",
                  "grade": "A2",
                  "strength": 0.8,
                  "from": "2019",
                  "to": null,
                  "file": "x.csv",
                  "line": 2
                }
              ]
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&view).unwrap());
}

/// A chain of so many facts, each derived from the one before.
fn chain(length: usize) -> String {
    format!(
        "
.decl n(x: number)
n(0).
n(x + 1) :- n(x), x < {length}.
"
    )
}

#[test]
fn depth_is_no_danger() {
    for (births, length) in [(true, 1000), (false, 20_000)] {
        let world = World::new(&chain(length), "", "", births);
        let proof = world.prove(&format!("n {length}"));
        assert_eq!(proof.len(), length + 1);
        let drawn = world.draw(&proof, &TreeOptions::default());
        assert!(drawn.contains("deeper steps are not drawn"), "{drawn}");
        let view = world
            .case()
            .proof_view(&proof, &world.texts, &GradeTables::default());
        assert!(serde_json::to_string(&view).is_ok());
    }
}

#[test]
fn what_the_budget_leaves_open_is_said() {
    let world = World::new(&chain(100), "", "", false);
    let budget = Budget {
        rows: Some(20),
        ..Budget::default()
    };
    let proof = world
        .case()
        .prove(&world.fact("n 100"), &ProofOptions::default(), &budget)
        .unwrap();
    assert!(!proof.is_complete());
    expect![[r#"
        n(100)   not explained: the budget is used up
    "#]]
    .assert_eq(&world.draw(&proof, &TreeOptions::default()));
}

#[test]
fn what_does_not_hold_has_no_proof() {
    let world = World::of(GRAPH);
    let proof = world.case().prove(
        &world.fact("path x-d x-a"),
        &ProofOptions::default(),
        &Budget::default(),
    );
    assert!(proof.is_none());
}

#[test]
fn the_checker_finds_every_tampered_step() {
    let world = World::of(GRAPH);
    let case = world.case();
    let good = world.prove("path x-a x-d");
    let flaw = |node: u32, kind: FlawKind| {
        Err(Flaw {
            node: NodeId(node),
            kind,
        })
    };

    let mut proof = good.clone();
    proof.nodes[0].fact = world.fact("path x-d x-a");
    assert_eq!(case.check(&proof), flaw(0, FlawKind::WrongHead));

    let mut proof = good.clone();
    let Basis::Derived(derivation) = &mut proof.nodes[0].basis else {
        panic!("derived")
    };
    derivation.premises[1] = Premise::Holds;
    assert_eq!(case.check(&proof), flaw(0, FlawKind::WrongPremise(1)));

    let mut proof = good.clone();
    proof.nodes[1].basis = proof.nodes[0].basis.clone();
    proof.nodes[1].fact = proof.nodes[0].fact.clone();
    assert!(case.check(&proof).is_err());

    let mut proof = good.clone();
    let leaf = good
        .nodes()
        .find(|(_, node)| matches!(node.basis, Basis::Stated { .. }))
        .map(|(id, _)| id)
        .unwrap();
    proof.nodes[leaf.index()].fact = world.fact("edge x-d x-d");
    assert!(case.check(&proof).is_err());
}

#[test]
fn a_cycle_is_no_proof() {
    let world = World::of(
        "
.decl a(x: number) .decl b(x: number)
a(1). b(1).
a(x) :- b(x).
b(x) :- a(x).
",
    );
    let case = world.case();
    let derive = |rule: u32, premise: u32| {
        Basis::Derived(super::Derivation {
            rule: crate::analysis::checked::RuleId(rule),
            values: [Some(world.fact("a 1").row[0])].into(),
            premises: vec![Premise::Fact(NodeId(premise))],
        })
    };
    let node = |fact: &str, basis: Basis| super::Node {
        fact: world.fact(fact),
        basis,
        disputing: Vec::new(),
    };
    let proof = super::Proof {
        nodes: vec![node("a 1", derive(2, 1)), node("b 1", derive(3, 0))],
    };
    assert_eq!(
        case.check(&proof).map_err(|flaw| flaw.kind),
        Err(FlawKind::Cycle)
    );
}
