//! `cutout compare`, `cutout requirements`, and the same at the prompt.

mod support;

use expect_test::expect;
use support::Sandbox;

const RULES: &str = r#"
.decl seen(group: symbol, machine: symbol)
.input seen(IO=claims, filename="seen.csv")
.decl runs(firm: symbol, machine: symbol)
.input runs(IO=claims, filename="runs.csv")
.decl cleared(firm: symbol)
.input cleared(IO=claims, filename="cleared.csv")
.decl behind(group: symbol, firm: symbol)
behind(G, F) :- seen(G, M), runs(F, M), !cleared(F).
.output behind
.abducible runs
"#;

const HYPOTHESES: &str = r#"
.hypothesis first "x-one is behind it" { .goal behind("x-typhoon", "x-one") }
.hypothesis second "x-two is behind it" { .goal behind("x-typhoon", "x-two") }
.hypothesis third "x-three is, whatever the court says" {
    .goal behind("x-typhoon", "x-three")
    - cleared("x-three").
}
.hypothesis missing "x-four is behind it" { .goal behind("x-typhoon", "x-four") }
.hypothesis goalless { + runs("x-one", "x-b"). }
.hypothesis broken { .goal nothing("x") }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("rules/r.dl", RULES)
        .file("rules/hypotheses/h.dl", HYPOTHESES)
        .file(
            "facts/seen.csv",
            "claim_id,group,machine,source_id,confidence\n\
             g1,x-typhoon,x-a,s1,confirmed\ng2,x-typhoon,x-b,s2,probable\n",
        )
        .file(
            "facts/runs.csv",
            "claim_id,firm,machine,source_id,confidence\n\
             r1,x-one,x-a,s1,confirmed\nr2,x-two,x-b,s2,probable\nr3,x-three,x-a,s1,confirmed\n",
        )
        .file(
            "facts/cleared.csv",
            "claim_id,firm,source_id,confidence\nk1,x-three,s3,confirmed\n",
        )
        .file(
            "facts/sources.csv",
            "source_id,publisher,title,published,url,kind,reliability,derived_from\n\
             s1,p,t,2020,,notice,A,\ns2,p,t,2021,,news,C,\ns3,p,t,2022,,court,B,\n",
        );
    sandbox
}

#[test]
fn hypotheses_stand_side_by_side() {
    let outcome = sandbox().run(&["compare", "first", "second", "third"]);
    expect![[r#"
                          g1     r1     r3     k1      g2     r2     against  strength  holds
        1  first          falls  falls  ·      ·       ·      ·      0.00     1.00      yes
        2  second         ·      ·      ·      ·       falls  falls  0.00     0.48      yes
        3  third          falls  ·      falls  helped  ·      ·      0.80     1.00      yes
           diagnosticity  1.0    1.0    1.0    1.0     1.0    1.0

        g1  A1  seen("x-typhoon","x-a")
        r1  A1  runs("x-one","x-a")
        r3  A1  runs("x-three","x-a")
        k1  B1  cleared("x-three")
        g2  C2  seen("x-typhoon","x-b")
        r2  C2  runs("x-two","x-b")
        third rejects k1
        first and second hold together: they do not exclude each other
        first and third hold together: they do not exclude each other
        second and third hold together: they do not exclude each other
        What would put another one first, the table made anew (all withdrawals of up to 2 were tried):
          withdraw g1: then second
          withdraw r1: then second
          withdraw k1: then nobody alone
        first is contradicted least. That is no confirmation: evidence can only count against a hypothesis.
    "#]]
    .assert_eq(&outcome.status(0).stdout());
}

#[test]
fn where_none_holds_none_is_ahead() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["compare", "--planted", "seen", "first", "second"]);
    outcome.shows("No hypothesis is ahead: none of them holds.");
    let found = sandbox.run(&["compare", "--json", "first", "third"]).json();
    let flips = found["flips"].as_array().unwrap();
    // Both see the same group on the same machine.
    let gone = flips.iter().find(|flip| flip["change"][0] == "g1").unwrap();
    assert_eq!(gone["leader"], serde_json::Value::Null);
    assert_eq!(gone["none_holds"], true);
    let text = sandbox.run(&["compare", "first", "third"]);
    text.shows("withdraw g1: then none holds");
}

#[test]
fn goals_that_hold_in_the_world_of_the_other_do_not_exclude_it() {
    let sandbox = sandbox();
    sandbox.file(
        "rules/hypotheses/i.dl",
        r#"
.hypothesis other_machine "x-two is behind it, by another machine" {
    .goal behind("x-typhoon", "x-two")
    - runs("x-one", "x-a").
    + runs("x-two", "x-a").
}
"#,
    );
    let found = sandbox
        .run(&["compare", "--json", "first", "other_machine"])
        .json();
    assert_eq!(
        found["warnings"][0],
        "the goals of other_machine hold in the world of first as well: they do not exclude each other"
    );
}

/// Either claim is enough, so neither alters the order alone.
#[test]
fn a_fact_that_several_claims_state_is_checked_as_one() {
    let sandbox = sandbox();
    sandbox.file(
        "facts/seen.csv",
        "claim_id,group,machine,source_id,confidence\n\
         g1,x-typhoon,x-a,s1,confirmed\ng3,x-typhoon,x-a,s3,confirmed\ng2,x-typhoon,x-b,s2,probable\n",
    );
    let found = sandbox
        .run(&["requirements", "--json", "first", "second"])
        .json();
    let all = found["requirements"].as_array().unwrap();
    let fact = r#"seen("x-typhoon","x-a")"#;
    let seen = all.iter().find(|one| one["fact"] == fact).unwrap();
    assert_eq!(seen["claims"], serde_json::json!(["g1", "g3"]));
    assert_eq!(seen["alters_leader"], true);
}

#[test]
fn names_that_are_all_unknown_are_an_error() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["compare", "frist", "nobody"]);
    expect![[r#"
        error[D076]: no hypothesis `frist`
         = help: did you mean `first`?

        error[D076]: no hypothesis `nobody`
         = help: there are first, second, third, missing, goalless, broken

    "#]]
    .assert_eq(&outcome.status(1).stderr());
    let asked = sandbox.run(&["requirements", "first", "nobody"]);
    asked.status(1).shows("nobody cannot be compared");
    let one = sandbox.run(&["compare", "first", "nobody"]);
    assert!(one.status(1).stdout().contains("no hypothesis `nobody`"));
}

#[test]
fn as_json() {
    let sandbox = sandbox();
    let found = sandbox
        .run(&["compare", "--json", "first", "second", "third"])
        .status(0)
        .json();
    assert_eq!(found["leader"], "first");
    let first = &found["hypotheses"][0];
    assert_eq!(first["name"], "first");
    assert_eq!(first["holds"], true);
    assert_eq!(first["goals"][0], r#"behind("x-typhoon","x-one")"#);
    let of = |id: &str| {
        let all = found["evidence"].as_array().unwrap();
        all.iter().find(|one| one["claim"] == id).unwrap().clone()
    };
    assert_eq!(of("k1")["cells"]["third"], "helped");
    assert_eq!(of("r1")["cells"]["first"], "falls");
    assert_eq!(of("r1")["cells"]["second"], "stands");
    let sets = found["flip_sets"].to_string();
    assert!(
        sets.contains(r#"["r1"]"#) && sets.contains(r#"["g1"]"#),
        "{sets}"
    );
    assert_eq!(found["flip_bound"], 2);
    assert!(
        found["warnings"]
            .to_string()
            .contains("first and second hold together")
    );
}

#[test]
fn failures_of_one_hypothesis_stay_in_its_row() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["compare", "--json", "first", "secnd", "goalless", "broken"]);
    let found = outcome.status(1).json();
    let rows = found["hypotheses"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    let error = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(row["rank"], serde_json::Value::Null);
        row["error"].as_str().unwrap().to_owned()
    };
    assert!(error("secnd").contains("did you mean `second`?"));
    assert!(error("goalless").contains("no `.goal`"));
    assert!(error("broken").contains("nothing"));
    sandbox
        .run(&["compare"])
        .status(1)
        .says("no hypothesis to compare")
        .says("first");
    sandbox
        .run(&["compare", "first", "first"])
        .status(1)
        .says("named twice");
}

#[test]
fn evidence_folds_to_sources_and_may_be_planted() {
    let sandbox = sandbox();
    let found = sandbox
        .run(&["compare", "--json", "--fold-sources", "first", "second"])
        .status(0)
        .json();
    let ids: Vec<&str> = found["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["source"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["s1", "s2"]);
    assert_eq!(found["evidence"][0]["cells"]["first"], "falls");
    for category in ["notice", "x-one"] {
        let found = sandbox
            .run(&[
                "compare",
                "--json",
                "--planted",
                category,
                "first",
                "second",
            ])
            .status(0)
            .json();
        assert_eq!(found["leader"], "second", "{category}");
        assert_eq!(found["planted"][0], category);
    }
    sandbox
        .run(&["compare", "--planted", "notce", "first", "second"])
        .status(1)
        .says("did you mean `notice`?");
}

#[test]
fn judged_cells_are_marked() {
    let sandbox = sandbox();
    sandbox.file(
        "m.csv",
        "evidence,grade,first,second\nr1,,I,\n\"x heard, it was second\",A1,II,CC\n",
    );
    let outcome = sandbox.run(&["compare", "--json", "--judged", "m.csv", "first", "second"]);
    let found = outcome.status(0).json();
    assert_eq!(found["leader"], "second");
    let label = &found["evidence"][0];
    assert_eq!(label["label"], "x heard, it was second");
    assert_eq!(label["cells"]["first"], "II");
    assert_eq!(label["judged"][0], "first");
    sandbox
        .run(&["compare", "--judged", "m.csv", "first", "second"])
        .status(0)
        .shows("II*")
        .shows("second is contradicted least. That is no confirmation");
    let folder = sandbox.path().to_str().expect("a name");
    Sandbox::new()
        .run(&[
            "compare", "-C", folder, "--judged", "m.csv", "first", "second",
        ])
        .status(0)
        .shows("II*");
    sandbox.file("m.csv", "evidence,frist\nr1,maybe\n");
    sandbox
        .run(&["compare", "--judged", "m.csv", "first", "second"])
        .status(1)
        .says("m.csv:2: `maybe` under `frist` is no judgement");
    sandbox.file("m.csv", "evidence,frist\nr1,C\n");
    sandbox
        .run(&["compare", "--judged", "m.csv", "first", "second"])
        .status(1)
        .says("did you mean `first`?");
}

#[test]
fn requirements_name_what_to_find_and_what_to_check() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["requirements", "--json", "first", "missing"]);
    let found = outcome.status(0).json();
    let all = found["requirements"].as_array().unwrap();
    let find = all.iter().find(|one| one["task"] == "find").unwrap();
    assert_eq!(find["helps"][0], "missing");
    assert!(
        find["fact"]
            .as_str()
            .unwrap()
            .starts_with(r#"runs("x-four","#),
        "{find}"
    );
    assert_eq!(find["through"][0]["kind"], "notice");
    let check = all.iter().find(|one| one["claims"][0] == "r1").unwrap();
    assert_eq!(check["hurts"][0], "first");
    sandbox
        .run(&["requirements", "first", "missing"])
        .status(0)
        .shows("find runs(\"x-four\",\"x-a\")")
        .shows("through notice (s1); news (s2)");
    sandbox
        .run(&["requirements", "first", "nobody"])
        .shows("nobody cannot be compared: no hypothesis `nobody`\nfirst stands alone: name another one to tell it apart from\n");
    sandbox
        .run(&["requirements", "--fold-sources", "first", "second"])
        .status(0)
        .shows("check source(\"s1\")\n      without it first falls; the outcome");
}

#[test]
fn claims_of_one_fact_are_checked_together_and_what_is_stated_is_not_to_be_found() {
    let sandbox = sandbox();
    sandbox
        .file(
            "facts/cleared.csv",
            "claim_id,firm,source_id,confidence\nk1,x-three,s3,confirmed\nk2,x-three,s2,confirmed\n",
        )
        .file(
            "rules/hypotheses/h.dl",
            ".hypothesis one { .goal cleared(\"x-three\") - claim(\"k1\"). }
             .hypothesis other { .goal cleared(\"x-three\") - claim(\"k2\"). }
             .hypothesis told { .goal cleared(\"x-three\") + runs(\"x-one\", \"x-a\"). }\n",
        );
    let outcome = sandbox.run(&["requirements", "--json", "one", "other", "told"]);
    let found = outcome.status(0).json();
    let all = found["requirements"].as_array().unwrap();
    let check = all.iter().find(|one| one["task"] == "check").unwrap();
    assert_eq!(check["claims"], serde_json::json!(["k1", "k2"]));
    assert_eq!(check["helps"], serde_json::json!(["one", "other"]));
    assert!(all.iter().all(|one| one["task"] != "find"), "{found}");
}

#[test]
fn at_the_prompt() {
    let sandbox = sandbox();
    let input =
        ":time off\n:compare first second --flips 1\n:requirements first missing\n:compare\n";
    sandbox
        .run_with(&["repl"], input)
        .status(1)
        .shows("first is contradicted least")
        .shows("all single withdrawals were tried")
        .shows("find runs(\"x-four\",\"x-a\")")
        .says("`:compare HYPOTHESIS …");
}

/// The shipped case: one claim speaks against a hypothesis only together with another.
#[test]
fn flips_are_of_tables_made_anew() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cutout"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "compare",
            "one_actor",
            "several_actors",
            "--flips",
            "1",
            "--json",
        ])
        .output()
        .expect("the program runs");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let flips = found["flip_sets"].as_array().expect("sets");
    assert!(flips.contains(&serde_json::json!(["at0028"])), "{flips:?}");
    assert_eq!(found["flip_bound"], 1);
}

#[test]
fn what_keeps_a_goal_from_holding_is_evidence_in_every_instance_of_a_rule() {
    let sandbox = Sandbox::new();
    let claims = |rows: &[&str]| -> String {
        let rows = rows.iter().map(|row| format!("{row},s1,confirmed\n"));
        rows.collect()
    };
    sandbox
        .file(
            "rules/r.dl",
            ".decl p(x: symbol, y: symbol)
.decl n, m, t(x: symbol)
.input p(IO=claims, filename=\"p.csv\")
.input n(IO=claims, filename=\"n.csv\")
.input m(IO=claims, filename=\"m.csv\")
.input t(IO=claims, filename=\"t.csv\")
.decl a, b(x: symbol)
a(X) :- p(X, Y), !n(Y), !m(Y).
b(X) :- t(X).
.output a, b
.hypothesis first { .goal a(\"x-g\"). }
.hypothesis second { .goal b(\"x-g\"). }
",
        )
        .file(
            "facts/p.csv",
            format!(
                "claim_id,x,y,source_id,confidence\n{}",
                claims(&["p1,x-g,x-a", "p2,x-g,x-b"])
            ),
        )
        .file(
            "facts/sources.csv",
            "source_id,published,reliability\ns1,2020,A\n",
        );
    for (name, rows) in [
        ("n", &["n1,x-a", "n2,x-b"][..]),
        ("m", &["m1,x-a", "m2,x-b"]),
        ("t", &["t1,x-g"]),
    ] {
        let text = format!("claim_id,x,source_id,confidence\n{}", claims(rows));
        sandbox.file(&format!("facts/{name}.csv"), text);
    }
    let found = sandbox
        .run(&["compare", "--json", "--flips", "2", "first", "second"])
        .status(0)
        .json();
    let flips = found["flip_sets"].as_array().unwrap();
    for set in [["m1", "n1"], ["m2", "n2"]] {
        let is_set = |flip: &&serde_json::Value| {
            let mut ids: Vec<&str> = flip
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|id| id.as_str())
                .collect();
            ids.sort();
            ids == set
        };
        assert!(flips.iter().any(|flip| is_set(&flip)), "{set:?} {flips:?}");
    }
}

/// A slip of the pen would be evidence of its own, and the claim that is meant stay unjudged.
#[test]
fn a_matrix_of_judgements_names_evidence_that_there_is() {
    let sandbox = sandbox();
    sandbox.file(
        "j.csv",
        "evidence,first,second\ng11,II,C\ng1,C,I\ng1,II,C\n\"x-firm said so, once\",C,I\nr1\n",
    );
    let asked = sandbox.run(&["compare", "--judged", "j.csv", "first", "second"]);
    asked
        .status(1)
        .says("j.csv:4: `g1` is judged in line 3 already");
    let asked = sandbox.run(&["compare", "--judged", "j.csv", "first", "second"]);
    asked.says("j.csv:6: 1 field where the header has 3");
    sandbox.file(
        "j.csv",
        "evidence,first,second\ng11,II,C\n\"x-firm said so, once\",C,I\n",
    );
    let asked = sandbox.run(&["compare", "--judged", "j.csv", "first", "second"]);
    expect![[r#"
        error[D087]: j.csv:2: no claim and no source is `g11`
         = help: did you mean `g1`? Evidence that nobody states is told in several words

    "#]]
    .assert_eq(&asked.status(1).stderr());
}

#[test]
fn checking_a_case_looks_at_its_hypotheses() {
    let sandbox = sandbox();
    sandbox.file(
        "rules/hypotheses/z.dl",
        ".hypothesis first { .goal behind(_, \"x-two\") }\n\
         .hypothesis circle { behind(G, F) :- cleared(F), seen(G, _), !behind(G, F). }\n",
    );
    sandbox.file("rules/hypotheses/zz.dl", ".hypothesis torn { .goal\n");
    let asked = sandbox.run(&["check"]);
    asked.status(1).says("Undefined relation `nothing`");
    for said in [
        "two hypotheses are called `first`",
        "zz.dl:",
        "rules/hypotheses/z.dl:2",
    ] {
        sandbox.run(&["check"]).says(said);
    }
    let json = sandbox.run(&["check", "--json"]).json();
    assert_eq!(
        json["errors"].as_u64().unwrap() as usize,
        json["diagnostics"].as_array().unwrap().len()
    );
}

#[test]
fn what_a_hypothesis_withdraws_is_there_when_it_is_checked() {
    let sandbox = sandbox();
    sandbox.file(
        "rules/hypotheses/h.dl",
        ".hypothesis kept { .goal behind(_, \"x-three\") - claim(\"k1\"). - source(\"s2\"). - runs(\"x-one\", _). }\n",
    );
    sandbox.run(&["check"]).status(0).says("nothing wrong");
}
