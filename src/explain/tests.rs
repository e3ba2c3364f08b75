//! Proofs as text, and the checker over all of them.

use super::testing::World;
use super::tree::TreeOptions;
use super::{Basis, Case, Fact, Facts, Flaw, FlawKind, NodeId, Premise, ProofOptions};
use crate::analysis::checked::RelationId;
use crate::engine::Budget;
use crate::evidence::GradeTables;
use crate::storage::{Code, Rows};
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
            By these facts and rules: x-a reaches x-d through x-c   x.dl:6
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
            By these facts and rules: d(1)   x.dl:6
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
            By these facts and rules: shell("x-orchid","shell:x-orchid")   where 2 < 5   x.dl:6
            ├─ staff("x-orchid",2)                 x.dl:5
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
            By these facts and rules: many("x-g",2)   where 2 > 1   x.dl:5
            ├─ uses("x-g","x-t1",2019)      x.dl:4
            └─ count = 2                    over 2 rows
               ├─ uses("x-g","x-t1",2019)   x.dl:4
               └─ uses("x-g","x-t2",2020)   x.dl:4
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
            By these facts and rules: first("x-t2",2017)   x.dl:5
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
            By these facts and rules: total(9)   x.dl:4
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
            By these facts and rules: r(7)   x.dl:7
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
        By these claims and rules: works_for("x-vega","x-bureau")   x.dl:7
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
        As claimed: sym("x","y")   [c1] s1 (B2)   x.csv:2
    "#]]
    .assert_eq(&world.tree("sym x y"));
    expect![[r#"
        As claimed: sym("v","w")   [c2] s1 (B2)   x.csv:3   also follows by x.dl:5
    "#]]
    .assert_eq(&world.tree("sym v w"));
    expect![[r#"
        By these claims and rules: sym("w","v")   x.dl:4
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
        .proof_view(&proof, &world.texts, &GradeTables::default(), &|_| None);
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
            .proof_view(&proof, &world.texts, &GradeTables::default(), &|_| None);
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
        beats: Vec::new(),
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

/// Rows as listed, without births.
struct Listed(Vec<Fact>);

impl Facts for Listed {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        let mut rows = Rows::new(pattern.len());
        for fact in &self.0 {
            let mut sides = pattern.iter().zip(&fact.row);
            if fact.relation == relation && sides.all(|(code, own)| code.is_none_or(|c| c == *own))
            {
                rows.push(&fact.row);
            }
        }
        rows
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        self.0.contains(&Fact::new(relation, row))
    }

    fn len(&self, relation: RelationId) -> usize {
        self.0
            .iter()
            .filter(|fact| fact.relation == relation)
            .count()
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, _: RelationId, _: &[Code]) -> Option<bool> {
        None
    }
}

#[test]
fn equivalences_are_chains_of_what_is_stated() {
    let world = World::of(
        "
.decl alias(a: symbol, b: symbol)
.decl same(a: symbol, b: symbol) eqrel
alias(\"x-d\", \"x-c\").
same(\"x-a\", \"x-b\"). same(\"x-c\", \"x-b\").
same(a, b) :- alias(a, b).
",
    );
    let names = ["x-a", "x-b", "x-c", "x-d"];
    let mut closed = vec![world.fact("alias x-d x-c")];
    for a in names {
        for b in names {
            closed.push(world.fact(&format!("same {a} {b}")));
        }
    }
    let facts = Listed(closed);
    let case = Case::new(
        &facts,
        &world.program,
        &world.dictionary,
        &world.claims,
        &world.sources,
    );
    let mut drawn = String::new();
    for a in names {
        for b in names {
            let fact = world.fact(&format!("same {a} {b}"));
            let proof = case
                .prove(&fact, &ProofOptions::default(), &Budget::default())
                .expect("it holds");
            assert_eq!(case.check(&proof), Ok(()), "{a} {b}");
            if ["x-a x-d", "x-b x-a", "x-d x-d"].contains(&&*format!("{a} {b}")) {
                let tables = GradeTables::default();
                let options = TreeOptions::default();
                let tree = case.tree(&proof, &world.texts, &tables, &options);
                drawn += &tree.to_string();
            }
        }
    }
    expect![[r#"
        By these facts and rules: same("x-a","x-d")   by equivalence
        ├─ same("x-a","x-b")       x.dl:5
        ├─ same("x-c","x-b")       x.dl:5
        └─ same("x-d","x-c")       x.dl:6
           └─ alias("x-d","x-c")   x.dl:4
        By these facts and rules: same("x-b","x-a")   by equivalence
        └─ same("x-a","x-b")   x.dl:5
        By these facts and rules: same("x-d","x-d")   by equivalence
        └─ same("x-d","x-c")       x.dl:6
           └─ alias("x-d","x-c")   x.dl:4
    "#]]
    .assert_eq(&drawn);
    let found = case.supports(
        &world.fact("same x-a x-d"),
        &GradeTables::default(),
        10,
        &Budget::default(),
    );
    assert_eq!(found.count_text(), "1 of 1 minimal support");
    assert_eq!(found.supports[0].statements.len(), 3);
}

#[test]
fn an_equivalence_of_the_engine_is_explained_alike() {
    let world = World::new(
        ".decl same(a: symbol, b: symbol) eqrel .input same(IO=claims)",
        "c1 - 2 .. same x-a x-b\nc2 - 2 .. same x-c x-b",
        "",
        true,
    );
    expect![[r#"
        By these claims and rules: same("x-a","x-c")   by equivalence
        ├─ same("x-a","x-b")   [c1] no source (F2)   x.csv:2
        └─ same("x-c","x-b")   [c2] no source (F2)   x.csv:3
    "#]]
    .assert_eq(&world.tree("same x-a x-c"));
    let world = World::of(".decl same(a: symbol, b: symbol) eqrel same(\"x-a\", \"x-b\").");
    expect![[r#"
        By these facts and rules: same("x-b","x-a")   by equivalence
        └─ same("x-a","x-b")   x.dl:1
    "#]]
    .assert_eq(&world.tree("same x-b x-a"));
}

/// Every fact of every relation has a proof that the checker accepts.
fn prove_all(program: &str) {
    for births in [true, false] {
        let world = World::new(program, "", "", births);
        for (_, relation) in world.program.relations() {
            for fact in world.facts(&relation.name) {
                let case = world.case();
                let proof = case
                    .prove(&fact, &ProofOptions::default(), &Budget::default())
                    .expect("it holds");
                let text = super::fact_text(&world.program, &world.dictionary, &fact);
                assert_eq!(case.check(&proof), Ok(()), "{text}, births {births}");
                assert!(proof.is_complete(), "{text}, births {births}");
            }
        }
    }
}

#[test]
fn whatever_follows_can_be_proved() {
    for program in [
        ".decl n(x: number) .decl f(x: number, y: number)
        n(x) :- x = range(0, 12).
        f(0, 1). f(1, 1).
        f(x + 1, a + b) :- f(x, b), f(x - 1, a), n(x), x > 0.",
        ".decl e(x: symbol, y: symbol) .decl r(x: symbol, y: symbol) .decl none(x: symbol, y: symbol) .decl deg(x: symbol, n: number)
        e(\"a\", \"b\"). e(\"b\", \"c\"). e(\"c\", \"a\"). e(\"d\", \"d\").
        r(x, y) :- e(x, y); r(x, z), e(z, y).
        none(x, y) :- e(x, _), e(y, _), !r(x, y), x != y.
        deg(x, n) :- e(x, _), n = count : { r(x, _) }.",
        ".decl d(x: number, w: float) .decl m(w: float) .decl s(w: float) .decl best(x: number) .decl top(x: number, c: number)
        d(1, 0.5). d(2, 1.25). d(3, 1.25). d(4, -3.0).
        m(w) :- w = mean v : { d(_, v) }.
        s(w) :- w = sum v * 2.0 : { d(x, v), x < 4 }.
        best(x) :- w = max v : { d(x, v) }, w > 0.0.
        top(x, c) :- d(x, _), c = count : { d(y, _), y >= x, z = count : { d(_, _) }, z > 2 }.",
        ".type L = [h: number, t: L] .decl l(x: L, n: number) .decl total(x: L, s: number)
        l(nil, 0). l([n, t], n + 1) :- l(t, n), n < 5.
        total(nil, 0). total([h, t], h + s) :- l([h, t], _), total(t, s).",
        ".decl e(a: number, b: number) .decl same(a: number, b: number) eqrel .decl far(a: number, b: number)
        e(1, 2). e(3, 2). e(7, 8). same(9, 9). same(3, 4).
        same(a, b) :- e(a, b).
        same(a, c) :- same(a, b), far(b, c).
        far(b + 3, b + 4) :- same(b, 4), b < 4.",
        ".decl e(a: number, b: number, w: number) .decl d(a: number, w: number)
        e(1, 2, 5). e(1, 3, 1). e(3, 2, 1). e(2, 4, 1).
        d(1, 0).
        d(b, v + w) :- d(a, v), e(a, b, w).
        d(a, v) <= d(a, w) :- w < v.",
        ".decl e(a: number, b: number) .decl parent(a: number, b: number) choice-domain a
        e(1, 0). e(2, 0). e(3, 1). e(3, 2).
        parent(0, 0).
        parent(a, b) :- e(a, b), parent(b, _).",
        ".decl w(s: symbol) .decl v(s: symbol) .decl k(n: number)
        w(\"x-a\"). w(\"x-bb\"). w(cat(s, \"!\")) :- w(s), strlen(s) < 6.
        v(substr(s, 0, 3)) :- w(s), match(\"x-.*!\", s), contains(\"-\", s).
        k(n) :- w(s), n = strlen(s) * 2 - 1, n band 1 = 1.",
    ] {
        prove_all(program);
    }
}

const RIVALS: &str = "
.decl bid(firm: symbol, client: symbol, price: number)
bid(\"x-a\", \"x-c\", 3). bid(\"x-a\", \"x-d\", 5). bid(\"x-b\", \"x-c\", 4). bid(\"x-b\", \"x-d\", 1).
.decl serves(firm: symbol, client: symbol) choice-domain firm
serves(f, c) :- bid(f, c, _).
.decl best(client: symbol, price: number)
best(c, p) :- bid(_, c, p).
best(c, p) <= best(c, q) :- q < p.
.decl done(firm: symbol)
done(f) :- serves(f, \"x-d\").
";

#[test]
fn choice_and_subsumption_are_premises() {
    let world = World::of(RIVALS);
    expect![[r#"
        By these facts and rules: serves("x-a","x-c")   x.dl:5
        ├─ bid("x-a","x-c",3)                                     x.dl:3
        └─ chosen for this firm: serves("x-a","x-d") lost to it
    "#]]
    .assert_eq(&world.tree("serves x-a x-c"));
    expect![[r#"
        By these facts and rules: best("x-c",3)   x.dl:7
        ├─ bid("x-a","x-c",3)        x.dl:3
        └─ dominates best("x-c",4)
    "#]]
    .assert_eq(&world.tree("best x-c 3"));
    let case = world.case();
    let supports = |fact: &str| {
        let fact = world.fact(fact);
        let tables = GradeTables::default();
        let found = case.supports(&fact, &tables, 9, &Budget::default());
        let conditions = found.supports[0].conditions.iter();
        let texts: Vec<String> = conditions.map(|one| case.condition_text(one)).collect();
        texts.join("; ")
    };
    assert_eq!(
        supports("serves x-a x-c"),
        r#"serves("x-a","x-c") is chosen"#
    );
    assert_eq!(supports("best x-d 1"), r#"nothing dominates best("x-d",1)"#);
}

#[test]
fn what_lost_or_was_dominated_says_to_which_row() {
    let world = World::of(RIVALS);
    let case = world.case();
    let missing = |fact: &str| {
        let fact = world.fact(fact);
        let row: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
        let options = super::WhyNotOptions::default();
        let found = case.why_not(fact.relation, &row, &options, &Budget::default());
        let views: Vec<_> = found
            .misses
            .iter()
            .map(|miss| case.miss_view(miss, &world.texts))
            .collect();
        super::miss_tree(String::new(), &views).to_string()
    };
    expect![[r#"

        └─ its body holds, and another row keeps the conclusion out   x.dl:5
           ├─ ✓ bid("x-a","x-d",_)
           └─ ✗ lost to serves("x-a","x-c"), the one that was chosen for this firm
    "#]]
    .assert_eq(&missing("serves x-a x-d"));
    expect![[r#"

        └─ its body holds, and another row keeps the conclusion out   x.dl:7
           ├─ ✓ bid(_,"x-c",4)
           └─ ✗ dominated by best("x-c",3)
    "#]]
    .assert_eq(&missing("best x-c 4"));
    assert!(missing("done x-a").contains("lost to serves"), "also below");
}

const BACKDROP: &str = "
.decl kind(x: symbol, k: symbol)
kind(\"x-vega\", \"firm\"). kind(\"x-bureau\", \"bureau\").
.decl organ_kind(k: symbol)
organ_kind(\"bureau\").
.decl firm(x: symbol)
@[say = \"{x} is a firm\"]
firm(x) :- kind(x, k), k != \"bureau\", !organ_kind(k).
.decl organ(x: symbol)
organ(x) :- kind(x, k), organ_kind(k).
.decl contract(c: symbol, f: symbol, year: number)
.decl shady(x: symbol)
shady(x) :- firm(x), !contract(_, x, _).
.decl works_for(f: symbol, c: symbol)
works_for(f, c) :- contract(c, f, y), y > 2015, organ(c), firm(f), f != c.
";

#[test]
fn what_rests_on_plain_data_is_one_line_beside_claims() {
    let world = World::new(
        BACKDROP,
        "c1 s1 2 .. contract x-bureau x-vega 2019",
        "s1 B 2020 -",
        true,
    );
    let proof = world.prove("works_for x-vega x-bureau");
    expect![[r#"
        By these claims and rules: works_for("x-vega","x-bureau")   where 2019 > 2015   x.dl:15
        ├─ contract("x-bureau","x-vega",2019)   [c1] s1 (B2)   x.csv:2
        ├─ organ("x-bureau")                    x.dl:3, x.dl:5
        └─ firm("x-vega")                       x-vega is a firm   x.dl:3
    "#]]
    .assert_eq(&world.draw(&proof, &TreeOptions::default()));
    let full = TreeOptions {
        full: true,
        ..TreeOptions::default()
    };
    expect![[r#"
        By these claims and rules: works_for("x-vega","x-bureau")   x.dl:15
        ├─ contract("x-bureau","x-vega",2019)     [c1] s1 (B2)   x.csv:2
        ├─ 2019 > 2015
        ├─ organ("x-bureau")                      x.dl:10
        │  ├─ kind("x-bureau","bureau")           x.dl:3
        │  └─ organ_kind("bureau")                x.dl:5
        ├─ firm("x-vega")                         x-vega is a firm   x.dl:7
        │  ├─ kind("x-vega","firm")               x.dl:3
        │  ├─ "firm" != "bureau"
        │  └─ no organ_kind("firm") among 1 row
        └─ "x-vega" != "x-bureau"
    "#]]
    .assert_eq(&world.draw(&proof, &full));
    // Where nobody claims anything there is no backdrop.
    expect![[r#"
        By these facts and rules: organ("x-bureau")   x.dl:10
        ├─ kind("x-bureau","bureau")   x.dl:3
        └─ organ_kind("bureau")        x.dl:5
    "#]]
    .assert_eq(&World::of(BACKDROP).tree("organ x-bureau"));
}
