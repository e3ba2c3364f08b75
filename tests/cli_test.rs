//! `cutout test` from outside: what can be expected, what is said when it does not come, what is left untested.

mod support;

use serde_json::{Value, json};
use support::Sandbox;

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl barred(firm: symbol)
.input barred(filename=\"barred.facts\")
.decl works_for(firm: symbol, client: symbol, hops: number)
.output works_for
works_for(F, C, 1) :- contract(C, F), !barred(F).
works_for(F, C, N + 1) :- contract(M, F), works_for(M, C, N), N < 5.
.decl idle(firm: symbol)
idle(F) :- barred(F), contract(F, _), contract(_, F), F = \"x-none\".
:- contract(F, F).
";

const CONTRACTS: &str = "\
claim_id,client,firm,source_id,confidence
c1,x-bureau,x-prime,s1,confirmed
c2,x-prime,x-sub,s2,probable
c3,x-bureau,x-bad,s2,confirmed
c4,x-bureau,x-prime,s3,confirmed
";

const SOURCES: &str = "\
source_id,publisher,title,published,url,kind,reliability,derived_from
s1,x-registry,Notice,2020-01-02,,registry,B,
s2,x-press,Story,2021-03,,press,C,
s3,x-blog,Copy,2021-04,,blog,C,s1
";

fn case(expectations: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("rules/a.dl", RULES)
        .file("rules/a.expect", expectations)
        .file("facts/contracts.csv", CONTRACTS)
        .file("facts/sources.csv", SOURCES)
        .file("facts/barred.facts", "x-bad\nx-other\n");
    sandbox
}

const MET: &str = r#"
// Facts, present and absent.
works_for("x-prime", "x-bureau", 1).
?- works_for(_, "x-bureau", 2).
!works_for("x-bad", _, _).
works_for(F, C, N), N > 1, !contract(C, F).
works_for("x-sub", "x-prime", 1); works_for("x-nobody", "x-prime", 1).

// Answers, in any order.
works_for(F, "x-bureau", N) -> { ("x-sub", 2), ("x-prime", 1) }.
works_for("x-sub", C, _) -> { "x-bureau", "x-prime" }.
idle(F) -> {}.

// Counts and weights.
works_for(_, _, _) -> count = 3.
works_for(F, "x-bureau", _) -> count >= 2.
works_for("x-sub", "x-bureau", 2) -> strength = 0.48.
works_for("x-prime", "x-bureau", 1) -> strength > 0.79.
works_for("x-prime", "x-bureau", 1) -> supports = 2.
works_for("x-prime", "x-bureau", 1) -> roots = 1.     // s3 repeats s1
works_for("x-nobody", "x-bureau", 1) -> strength = 0.
no violations.
"#;

#[test]
fn what_is_met_takes_one_line() {
    let outcome = case(MET).run(&["test"]);
    outcome.status(0);
    assert!(
        outcome
            .stdout()
            .starts_with("16 expectations, all met, in "),
        "{}",
        outcome.stdout()
    );
}

/// What is not met, what came, and a part of the reason.
const UNMET: &[(&str, &str, &str)] = &[
    (
        r#"works_for("x-bad", "x-bureau", 1)"#,
        "it does not hold",
        r#"barred("x-bad")"#,
    ),
    (
        r#"works_for(_, "x-sub", _)"#,
        "nothing agrees with it",
        "works_for",
    ),
    (r#"!works_for("x-sub", "x-bureau", 2)"#, "it holds", "[c2]"),
    (
        r#"!works_for("x-sub", _, _)"#,
        r#"2 facts: works_for("x-sub","x-bureau",2), works_for("x-sub","x-prime",1)"#,
        "[c2]",
    ),
    (
        r#"works_for(F, C, N), N > 1, barred(F)"#,
        "no answer",
        "nothing is left with barred(F)",
    ),
    (
        r#"works_for("x-sub", C, _) -> { "x-prime", "x-other" }"#,
        r#"2 answers: missing "x-other"; not expected "x-bureau""#,
        "contract",
    ),
    (
        r#"works_for(_, _, _) -> count > 3"#,
        "3",
        r#"there is works_for("x-prime","x-bureau",1)"#,
    ),
    (
        r#"works_for("x-prime", "x-bureau", 1) -> roots >= 2"#,
        "1",
        "s3 repeats s1",
    ),
    (
        r#"works_for("x-sub", "x-bureau", 2) -> strength >= 0.9"#,
        "0.48",
        "weakest link c2",
    ),
    (
        r#"violated "contract(F, F)""#,
        "no constraint is violated",
        "",
    ),
];

#[test]
fn what_is_not_met_says_where_what_came_and_why() {
    for (expectation, came, why) in UNMET {
        let sandbox = case(&format!("// A comment.\n  {expectation}.\n"));
        let outcome = sandbox.run(&["test", "--json"]);
        let tested = outcome.status(1).json();
        let unmet = &tested["unmet"][0];
        assert_eq!(unmet["at"], json!("rules/a.expect:2:3"));
        assert_eq!(unmet["expectation"], json!(expectation));
        assert_eq!(unmet["came"], json!(came), "{expectation}");
        assert!(
            lines(&unmet["why"]).contains(why),
            "{expectation}\n{}",
            lines(&unmet["why"])
        );
        sandbox
            .run(&["test"])
            .status(1)
            .shows(&format!("rules/a.expect:2:3  {expectation}\n"))
            .shows("1 expectation, 1 not met, in ");
    }
}

fn lines(value: &Value) -> String {
    let lines = value.as_array().expect("lines").iter();
    let lines: Vec<&str> = lines.map(|line| line.as_str().expect("a line")).collect();
    lines.join("\n")
}

#[test]
fn violated_constraints_are_told_apart() {
    let sandbox = case("no violations.\nviolated \"contract(F, F)\".\nviolated \"a.dl:11\".\n");
    sandbox.file(
        "facts/contracts.csv",
        format!("{CONTRACTS}c5,x-a,x-a,s1,confirmed\n"),
    );
    let tested = sandbox.run(&["test", "--json"]).status(1).json();
    assert_eq!(tested["met"], json!(2));
    assert_eq!(tested["unmet"][0]["came"], json!("1 constraint violated"));
}

#[test]
fn one_mistake_does_not_spoil_the_rest() {
    let sandbox = case(
        "works_for(F, \"x-prime\", 1.\nworks_fr(F, _, _).\nworks_for(F, _, 2) -> { (\"x-sub\", 2) }.\n\
         contract(_, F) -> strength = 1.\nidle(_) -> length = 2.\nworks_for(\"x-sub\", _, 2).\n",
    );
    let outcome = sandbox.run(&["test"]);
    outcome
        .status(1)
        .says("rules/a.expect:1:26")
        .says("did you mean `works_for")
        .says("error[D603]: an answer has 1 value, and this has 2")
        .says("error[D604]: only one fact has strength")
        .says("expected `{`, `count`, `strength`, `supports` or `roots`, found identifier `length`")
        .shows("4 expectations, 1 met, 4 not understood, in ");
}

#[test]
fn absent_facts_about_unknown_names_are_doubted() {
    let sandbox = case("!works_for(\"x-primee\", _, _).\n");
    sandbox
        .run(&["test"])
        .status(0)
        .shows("met, but")
        .shows("did you mean `x-prime`?");
    let tested = sandbox.run(&["test", "--json"]).status(0).json();
    assert_eq!(tested["doubts"][0]["at"], json!("rules/a.expect:1:1"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let sandbox = case("works_for(_, _, _).\n");
    sandbox.file("bad.expect", b"works_for(\"\xff\").");
    sandbox
        .run(&["test", "none.expect", "bad.expect", "rules/a.expect"])
        .status(1)
        .says("cannot read `none.expect`")
        .says("cannot read `bad.expect`: it is not UTF-8")
        .shows("1 expectation, met, 2 not understood, in ");
    let empty = Sandbox::new();
    empty.file("p.dl", ".decl p(x: number)\np(1).\n");
    empty
        .run(&["test", "p.dl"])
        .status(1)
        .says("no file of expectations was found");
    empty.file("p.expect", "p(1).\n");
    empty.run(&["test", "p.dl"]).status(0);
}

#[test]
fn claims_that_do_not_count_support_nothing() {
    let sandbox = case("!works_for(\"x-sub\", \"x-prime\", 1).\n");
    sandbox.run(&["test"]).status(1);
    sandbox.run(&["test", "--min-reliability", "B"]).status(0);
}

#[test]
fn coverage_tells_what_nothing_asks_for() {
    let sandbox = case("works_for(\"x-prime\", _, _).\n!works_for(\"x-bad\", _, _).\n");
    let tested = sandbox
        .run(&["test", "--coverage", "--json"])
        .status(0)
        .json();
    let coverage = &tested["coverage"];
    let rules: Vec<Value> = coverage["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| json!([rule["at"], rule["rows"], rule["expected"]]))
        .collect();
    assert_eq!(
        json!(rules),
        json!([
            ["rules/a.dl:7:1", 2, true],
            ["rules/a.dl:8:1", 1, false],
            ["rules/a.dl:10:1", 0, false]
        ])
    );
    // c3 and the row that bars x-bad matter for what is absent; c2 for a row put out; x-other for nothing.
    assert_eq!(
        coverage["inputs"],
        json!([
            {"file": "barred (barred.facts)", "rows": 2, "expected": 1, "concluded": 0, "never": ["barred(\"x-other\")"]},
            {"file": "facts/contracts.csv", "rows": 4, "expected": 3, "concluded": 1, "never": []}
        ])
    );
    assert_eq!(coverage["complete"], json!(true));
    sandbox
        .run(&["test", "--coverage"])
        .status(0)
        .shows("2 of 3 rules fired, 1 behind some expectation")
        .shows("never fired: 1\n  rules/a.dl:10:1  idle(F)\n")
        .shows(
            "fired, and no expectation asks for it: 1\n  rules/a.dl:8:1  works_for(F, C, N + 1)\n",
        );
}

#[test]
fn the_prompt_tests_too() {
    let sandbox = case(MET);
    let none: &[&str] = &[];
    sandbox
        .run_with(
            none,
            ":test\n:test --coverage rules/a.expect\n:test none.expect\n",
        )
        .status(0)
        .shows("16 expectations, all met")
        .shows("rules fired")
        .shows("cannot read `none.expect`");
}

const HYPOTHESES: &str = "\
.hypothesis bought \"x-bad was let in again\" {
    .goal works_for(\"x-bad\", \"x-bureau\", _).
    - barred(\"x-bad\").
}
.hypothesis hired(F) \"somebody hired a firm\" {
    .goal works_for(F, \"x-army\", _).
    + contract(\"x-army\", F).
}
";

#[test]
fn expectations_under_hypotheses_are_about_their_world() {
    let sandbox = case(
        "!works_for(\"x-bad\", _, _).
under bought {
    works_for(\"x-bad\", \"x-bureau\", 1).
    under hired(\"x-bad\") { works_for(\"x-bad\", C, _) -> { \"x-bureau\", \"x-army\" }. }
    !works_for(\"x-bad\", \"x-bureau\", _).
}
under hired(\"x-bad\"), bought { works_for(\"x-bad\", \"x-army\", 1). no violations. }
!works_for(_, \"x-army\", _).
",
    );
    sandbox.file("rules/hypotheses/h.dl", HYPOTHESES);
    let tested = sandbox.run(&["test", "--json"]).status(1).json();
    assert_eq!(tested["met"], json!(6), "{tested:#}");
    assert_eq!(tested["unmet"][0]["at"], json!("rules/a.expect:5:5"));
    assert_eq!(tested["unmet"][0]["under"], json!(["bought"]));
    sandbox
        .run(&["test"])
        .status(1)
        .shows("under     bought\n")
        .shows("7 expectations, 1 not met");
}

#[test]
fn what_an_expectation_under_a_hypothesis_asks_for_is_covered() {
    let sandbox = case("under bought { works_for(\"x-bad\", _, _). }\n");
    sandbox.file("rules/hypotheses/h.dl", HYPOTHESES);
    let tested = sandbox
        .run(&["test", "--coverage", "--json"])
        .status(0)
        .json();
    let contracts = &tested["coverage"]["inputs"][1];
    assert_eq!(contracts["expected"], json!(1), "{tested:#}");
    assert_eq!(tested["coverage"]["rules"][0]["expected"], json!(true));
    assert_eq!(tested["coverage"]["rules"][0]["rows"], json!(3));
}

#[test]
fn an_unknown_hypothesis_spoils_only_its_block() {
    let sandbox = case(
        "under bougt { works_for(_, _, _). }\nunder hired { works_for(_, _, _). }\nworks_for(_, _, _).\n",
    );
    sandbox.file("rules/hypotheses/h.dl", HYPOTHESES);
    sandbox
        .run(&["test"])
        .status(1)
        .says("nothing can be expected under `bougt`: no hypothesis `bougt`")
        .says("did you mean `bought`?")
        .says("rules/a.expect:2:7")
        .shows("3 expectations, 1 met, 2 not understood, in ");
}
