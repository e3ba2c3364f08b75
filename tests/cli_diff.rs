//! `cutout diff` from outside: cases, rule versions, what parts them.

mod support;

use serde_json::json;
use support::Sandbox;

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl barred(firm: symbol)
.input barred(filename=\"barred.facts\")
.decl works_for(firm: symbol, client: symbol)
.output works_for
works_for(F, C) :- contract(C, F), !barred(F).
works_for(F, C) :- contract(M, F), works_for(M, C).
:- contract(F, F).
";

const CONTRACTS: &str = "\
claim_id,client,firm,source_id
c1,x-bureau,x-prime,s1
c2,x-prime,x-sub,s2
c4,x-bureau,x-prime,s3
";

const SOURCES: &str = "source_id,publisher,title,published,url,kind,reliability,derived_from
s1,x-registry,Notice,2020,,registry,B,\ns2,x-press,Story,2021,,press,C,\ns3,x-blog,Copy,2021,,blog,C,s1\n";

/// The case `old`, and a copy of it, `new`, in which one file reads otherwise.
fn cases(changed: &str, text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for case in ["old", "new"] {
        for (name, contents) in [
            ("rules/a.dl", RULES),
            ("facts/contracts.csv", CONTRACTS),
            ("facts/sources.csv", SOURCES),
            ("facts/barred.facts", "x-none\n"),
        ] {
            sandbox.file(&format!("{case}/{name}"), contents);
        }
    }
    sandbox.file(&format!("new/{changed}"), text);
    sandbox
}

#[test]
fn a_claim_that_is_gone_explains_what_fell() {
    let sandbox = cases(
        "facts/contracts.csv",
        &CONTRACTS.replace("c2,x-prime,x-sub,s2\n", ""),
    );
    let found = sandbox
        .run(&["diff", "old", "new", "--json"])
        .status(0)
        .json();
    assert_eq!(
        found["relations"],
        json!([
            {"relation": "works_for", "before": 3, "after": 1, "appeared": [],
             "fell": ["works_for(\"x-sub\",\"x-bureau\")", "works_for(\"x-sub\",\"x-prime\")"]},
            {"relation": "contract", "before": 2, "after": 1, "appeared": [],
             "fell": ["contract(\"x-prime\",\"x-sub\")"]}
        ])
    );
    assert_eq!(
        found["explained"][0]["because"],
        json!([{"fact": "contract(\"x-prime\",\"x-sub\")", "kind": "stated",
                "at": ["[c2] s2, old/facts/contracts.csv:3"], "why_not": []}])
    );
    assert_eq!(found["rules"], json!({"only_before": [], "only_after": []}));
    let some = sandbox
        .run(&["diff", "old", "new", "--relation", "works_for", "--json"])
        .json();
    assert_eq!(some["relations"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        some["explained"][0]["because"],
        found["explained"][0]["because"]
    );
    sandbox
        .run(&["diff", "old", "new"])
        .status(0)
        .shows("- works_for(\"x-sub\",\"x-bureau\")\n  contract(\"x-prime\",\"x-sub\") is not stated in new")
        .shows("contract        2      1         0     1\n");
    // Said by two sources: without one of them nothing differs.
    cases(
        "facts/contracts.csv",
        &CONTRACTS.replace("c4,x-bureau,x-prime,s3\n", ""),
    )
    .run(&["diff", "old", "new"])
    .status(0)
    .prints("no fact differs\n");
}

#[test]
fn a_row_that_forbids_is_named() {
    let sandbox = cases("facts/barred.facts", "x-prime\n");
    let found = sandbox
        .run(&["diff", "old", "new", "--relation", "works_for", "--json"])
        .status(0)
        .json();
    let because = &found["explained"][0]["because"];
    assert_eq!(because.as_array().map(Vec::len), Some(1));
    assert_eq!(
        because[0]["fact"],
        json!("works_for(\"x-prime\",\"x-bureau\")")
    );
    assert_eq!(because[0]["kind"], json!("derived"));
    assert!(
        because[0]["why_not"].to_string().contains("barred"),
        "{because}"
    );
}

/// A difference of a case with itself is empty, and of two turned round the other way round.
#[test]
fn differences_mirror_each_other() {
    let sandbox = cases("facts/barred.facts", "x-prime\n");
    sandbox
        .run(&["diff", "new", "new"])
        .status(0)
        .prints("no fact differs\n");
    let there = sandbox.run(&["diff", "old", "new", "--json"]).json();
    let back = sandbox.run(&["diff", "new", "old", "--json"]).json();
    for (there, back) in [(&there, &back), (&back, &there)] {
        for (at, relation) in there["relations"]
            .as_array()
            .expect("relations")
            .iter()
            .enumerate()
        {
            assert_eq!(relation["appeared"], back["relations"][at]["fell"]);
            assert_eq!(relation["before"], back["relations"][at]["after"]);
        }
    }
}

#[test]
fn versions_of_rules_are_compared_over_the_same_facts() {
    let sandbox = cases("facts/barred.facts", "x-none\n");
    sandbox.file(
        "new-rules/a.dl",
        RULES.replace(
            "M, F), works_for(M, C).",
            "M, F), works_for(M, C), C != \"x-bureau\".",
        ),
    );
    let outcome = sandbox.run(&["-C", "old", "diff", "rules", "../new-rules"]);
    outcome
        .status(0)
        .shows(" - old/rules/a.dl:8:1   works_for(F, C) :- contract(M, F), works_for(M, C).\n")
        .shows("works_for(\"x-sub\",\"x-bureau\") does not follow in ../new-rules   old/rules/a.dl:8\n")
        .shows("C != \"x-bureau\"");
    sandbox.file("old/one.dl", RULES.replace(", !barred(F)", ""));
    sandbox
        .run(&["-C", "old", "diff", "rules/a.dl", "one.dl"])
        .status(0)
        .shows("no fact differs");
}

#[test]
fn relations_of_another_shape_are_not_compared() {
    let sandbox = cases(
        "rules/a.dl",
        &format!("{RULES}.decl extra(firm: symbol)\nextra(F) :- contract(_, F).\n")
            .replace("barred(firm: symbol)", "barred(name: symbol)"),
    );
    sandbox
        .run(&["diff", "old", "new"])
        .status(0)
        .shows("not compared: extra   before not declared, after extra(firm: symbol)")
        .shows("not compared: barred   before barred(firm: symbol), after barred(name: symbol)");
}

#[test]
fn newly_violated_constraints_are_told() {
    let sandbox = cases(
        "facts/contracts.csv",
        &format!("{CONTRACTS}c5,x-a,x-a,s1\n"),
    );
    let found = sandbox
        .run(&["diff", "old", "new", "--json"])
        .status(0)
        .json();
    assert_eq!(
        found["violations"],
        json!({"only_before": [], "only_after": [{"at": "new/rules/a.dl:9:1", "rule": ":- contract(F, F)."}]})
    );
}

#[test]
fn long_differences_are_cut_and_say_so() {
    let many: String = (0..9)
        .map(|n| format!("d{n},x-bureau,x-firm-{n},s1\n"))
        .collect();
    let sandbox = cases("facts/contracts.csv", &format!("{CONTRACTS}{many}"));
    let outcome = sandbox.run(&[
        "diff",
        "old",
        "new",
        "--limit",
        "2",
        "--relation",
        "works_for",
    ]);
    outcome
        .status(0)
        .shows("… 7 more of works_for appeared; --limit explains more, --json lists all");
    sandbox
        .run(&["diff", "old", "new", "--limit", "0"])
        .status(0)
        .shows("works_for       3     12         9     0");
}

#[test]
fn what_cannot_be_read_or_is_unknown_is_an_error() {
    let sandbox = cases("facts/barred.facts", "x-none\n");
    sandbox
        .run(&["diff", "old", "nowhere"])
        .status(1)
        .says("cannot read the rules in");
    sandbox
        .run(&["diff", "old", "new", "--relation", "works_fr"])
        .status(1)
        .says("did you mean `works_for`?");
    sandbox.run(&["diff", "old"]).status(2);
}

/// Under one hypothesis on both sides, what it withdraws no longer differs.
#[test]
fn differences_are_told_under_hypotheses_too() {
    let sandbox = cases(
        "facts/contracts.csv",
        &CONTRACTS.replace("c2,x-prime,x-sub,s2\n", ""),
    );
    for case in ["old", "new"] {
        let hypothesis = ".hypothesis alone { - contract(\"x-prime\", _). }\n";
        sandbox.file(&format!("{case}/rules/hypotheses/h.dl"), hypothesis);
    }
    sandbox
        .run(&["diff", "old", "new", "-H", "alone"])
        .status(0)
        .prints("no fact differs\n");
}

#[test]
fn the_prompt_compares_the_case_as_it_is() {
    let sandbox = cases(
        "facts/contracts.csv",
        &CONTRACTS.replace("c2,x-prime,x-sub,s2\n", ""),
    );
    sandbox
        .run_with(
            &["-C", "old"],
            ":diff-case ../new --relation works_for\n:count works_for\n:withdraw claim c2\n:diff-case ../new\n",
        )
        .status(0)
        .shows("works_for(\"x-sub\",\"x-bureau\")")
        .shows("\n3\n")
        .shows("no fact differs");
    sandbox
        .run_with(&["-C", "old"], ":diff-case ../nowhere\n:count works_for\n")
        .shows("3\n")
        .says("error[D001]");
}
