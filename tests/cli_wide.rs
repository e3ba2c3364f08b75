//! Changes that reach very much, and what else goes with what is withdrawn.

mod support;

use support::Sandbox;

fn numbers() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file(
        "rules/n.dl",
        ".decl start(x: number)\n.input start\n.decl other(x: number)\n.input other(filename=\"start.facts\")\n.input other(filename=\"more.facts\")\n\
         .decl n(x: number)\n.output n\nn(x) :- start(_), x = range(0, 150000).\n\
         .decl m(x: number)\nm(x) :- other(x).\n",
    );
    sandbox.file("facts/start.facts", "1\n2\n");
    sandbox.file("facts/more.facts", "2\n3\n");
    sandbox
}

#[test]
fn what_differs_is_counted_and_only_listed_whole_on_demand() {
    let case = numbers();
    let asked = ["what-if", "--withdraw", "start(_)"];
    let told = case.run(&asked);
    told.status(0).shows("150000 conclusions fall");
    told.shows(" - … and 50002 more that only `--all` lists");
    let listed = |more: &[&str]| {
        let found = case.run(&[&asked[..], more].concat()).json();
        let fell = found["fell"].as_array().map(Vec::len);
        (fell, found["not_listed"]["fell"].as_u64())
    };
    assert_eq!(listed(&["--json"]), (Some(100_000), Some(50_002)));
    assert_eq!(listed(&["--json", "--all"]), (Some(150_002), None));
}

#[test]
fn a_file_of_plain_facts_has_an_impact() {
    let case = numbers();
    // `other(2)` and `m(2)` stay: another file states it too.
    let impact = case.run(&["impact", "start.facts"]);
    impact
        .status(0)
        .shows("file start.facts (3 facts): 150004 facts depend on it, 150004 fall without it");
    impact.shows("… and 149984 more; --json lists the first 100000");
    let found = case.run(&["impact", "--json", "more.facts"]).json();
    assert_eq!(found["falls"], serde_json::json!(["m(3)", "other(3)"]));
    assert_eq!(found["facts"], 1);
}

#[test]
fn a_source_takes_reports_with_it_that_only_repeat_it() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "rules/r.dl",
        ".decl hires(a: symbol, b: symbol)\n.input hires(IO=claims, filename=\"hires.csv\")\n\
         .decl works(b: symbol)\n.output works\nworks(b) :- hires(_, b).\n",
    );
    sandbox.file(
        "facts/hires.csv",
        "claim_id,a,b,source_id\nk1,x-a,x-b,x-copy\nk2,x-a,x-c,x-other\n",
    );
    sandbox.file(
        "facts/sources.csv",
        "source_id,derived_from\nx-report,\nx-copy,x-report\nx-other,\n",
    );
    let impact = |source: &str| sandbox.run(&["impact", source]);
    impact("x-report")
        .status(0)
        .shows("source x-report (1 claim): 2 facts depend on it, 2 fall without it");
    impact("x-other").status(0).shows(" - works(\"x-c\")");
}
