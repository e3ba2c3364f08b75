//! `cutout hypotheses` from outside: one table over many worlds, failures isolated.

mod support;

use serde_json::{Value, json};
use support::Sandbox;

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl works_for(firm: symbol, client: symbol)
.output works_for
works_for(F, C) :- contract(C, F).
works_for(F, C) :- contract(M, F), works_for(M, C).
:- contract(F, F).
";

const HYPOTHESES: &str = "\
.hypothesis army \"x-sub works for the army\" {
    .goal works_for(\"x-sub\", \"x-army\").
    .goal works_for(\"x-sub\", \"x-prime\").
    + contract(\"x-army\", \"x-prime\").
}
.hypothesis forged \"the second contract is forged\" {
    .goal works_for(\"x-sub\", _).
    - claim(\"c2\").
}
.hypothesis circle \"a firm hires itself\" {
    + contract(\"x-sub\", \"x-sub\").
    + contract(\"x-bureau\", \"x-prime\").
}
.hypothesis hired(F) \"somebody hired a firm\" {
    .goal works_for(F, \"x-army\").
    + contract(\"x-army\", F).
}
";

fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("rules/a.dl", RULES)
        .file("rules/hypotheses/h.dl", HYPOTHESES)
        .file(
            "facts/contracts.csv",
            "claim_id,client,firm,source_id,confidence\nc1,x-bureau,x-prime,s1,confirmed\nc2,x-prime,x-sub,s2,probable\n",
        )
        .file(
            "facts/sources.csv",
            "source_id,publisher,title,published,url,kind,reliability,derived_from\ns1,x-registry,Notice,2020,,registry,B,\ns2,x-press,Story,2021,,press,C,\n",
        );
    sandbox
}

fn row<'a>(table: &'a Value, name: &str) -> &'a Value {
    let rows = table["hypotheses"].as_array().expect("rows");
    rows.iter()
        .find(|row| row["name"] == json!(name))
        .unwrap_or_else(|| panic!("no row {name} in {table:#}"))
}

#[test]
fn each_hypothesis_is_a_row_of_its_own() {
    let outcome = case().run(&[
        "hypotheses",
        "army",
        "forged",
        "circle",
        "hired(\"x-new\")",
        "--json",
    ]);
    let table = outcome.status(0).json();
    let army = row(&table, "army");
    assert_eq!(army["holds"], json!(true));
    assert_eq!(
        army["goals"][0]["before"],
        json!({"holds": false, "strength": null})
    );
    assert_eq!(
        army["goals"][1]["before"],
        json!({"holds": true, "strength": 0.48})
    );
    assert_eq!(army["appeared"], json!(3));
    assert_eq!(
        (&army["assumed"], &army["withdrawn"]),
        (&json!(1), &json!(0))
    );
    let forged = row(&table, "forged");
    assert_eq!(forged["goals"][0]["after"]["holds"], json!(false));
    assert_eq!(
        (&forged["appeared"], &forged["fell"]),
        (&json!(0), &json!(3))
    );
    let circle = row(&table, "circle");
    assert_eq!(
        circle["violated"],
        json!([{"at": "rules/a.dl:7:1", "rule": ":- contract(F, F)."}])
    );
    assert_eq!(circle["holds"], json!(null));
    assert_eq!(
        circle["notes"].as_array().map(Vec::len),
        Some(1),
        "{circle:#}"
    );
    assert_eq!(row(&table, "hired(\"x-new\")")["holds"], json!(true));
}

#[test]
fn the_table_reads_from_left_to_right() {
    case()
        .run(&["hypotheses", "army", "forged", "circle"])
        .status(0)
        .shows("hypothesis  goals hold    strength  changes  appeared  fell  violates  says\n")
        .shows("army        1 of 2 → yes")
        .shows("forged      yes → no")
        .shows("circle      no goal")
        .shows("circle: violates rules/a.dl:7:1   :- contract(F, F).\n")
        .shows("3 hypotheses in ");
}

#[test]
fn one_that_is_wrong_does_not_spoil_the_rest() {
    let sandbox = case();
    sandbox.file(
        "rules/hypotheses/broken.dl",
        ".hypothesis half {\n    + contract(\n}\n",
    );
    sandbox.file(
        "rules/hypotheses/odd.dl",
        ".hypothesis odd { + contrct(\"a\", \"b\"). }\n.hypothesis loop { contract(C, F) :- works_for(F, C), !contract(F, C). }\n",
    );
    let outcome = sandbox.run(&["hypotheses"]);
    outcome
        .status(1)
        .says("rules/hypotheses/broken.dl:")
        .says("rules/hypotheses/odd.dl:1:")
        .shows("odd         not looked at")
        .shows("hired(F)    give constants")
        .shows("army        1 of 2 → yes");
    let table = sandbox.run(&["hypotheses", "--json"]).status(1).json();
    assert_eq!(table["hypotheses"].as_array().map(Vec::len), Some(6));
    assert!(
        row(&table, "loop")["error"].to_string().contains("stratif"),
        "{table:#}"
    );
    assert!(!table["broken"].as_array().expect("findings").is_empty());
}

#[test]
fn the_prompt_shows_it_too_and_stays_as_it_was() {
    case()
        .run_with(
            &[] as &[&str],
            ":hypotheses army forged\n:count works_for\nworks_for(\"x-sub\", \"x-army\")\n",
        )
        .status(0)
        .shows("army        1 of 2 → yes")
        .shows("\n3\n")
        .shows("no in ");
}

#[test]
fn without_hypotheses_it_says_where_they_go() {
    let sandbox = Sandbox::new();
    sandbox
        .file("rules/a.dl", ".decl p(x: number)\np(1).\n")
        .directory("facts");
    sandbox
        .run(&["hypotheses"])
        .status(0)
        .shows("into rules/hypotheses/");
    case()
        .run(&["hypotheses", "arny"])
        .status(1)
        .says("did you mean `army`?");
}

/// A register of sources that rules read does not stand in the way of withdrawing a source.
#[test]
fn sources_can_be_withdrawn_beside_a_relation_of_that_name() {
    let sandbox = case();
    sandbox
        .file(
            "rules/b.dl",
            ".decl source(source_id: symbol, publisher: symbol)\n.input source(IO=file, filename=\"sources.csv\", rfc4180=true, headers=true, columns=\"0:1\")\n.output source\n",
        )
        .file("rules/hypotheses/h.dl", ".hypothesis silent { .goal works_for(\"x-sub\", _). - source(\"s2\"). }\n");
    let table = sandbox.run(&["hypotheses", "--json"]).status(0).json();
    assert_eq!(row(&table, "silent")["holds"], json!(false), "{table:#}");
}
