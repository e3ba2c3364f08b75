//! `cutout plan` and `cutout profile`: how rules are joined and what they cost, from outside.

mod support;

use expect_test::expect;
use serde_json::{Value, json};
use support::Sandbox;

const PATHS: &str = "\
.decl edge(a: symbol, b: symbol)
.input edge
.decl path(a: symbol, b: symbol)
.output path
path(a, b) :- edge(a, b).
@[say = \"{a} reaches {c} <through> others\"]
path(a, c) :- path(a, b), edge(b, c).
.decl reach(a: symbol, n: number)
reach(a, n) :- edge(a, _), n = count : { path(a, _) }.
.decl end(a: symbol)
end(x) :- (edge(_, x); edge(x, _)), !path(x, _).
:- path(a, a), a != \"<&>\".
";

fn paths() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("paths.dl", PATHS)
        .file("edge.facts", "x-a\tx-b\nx-b\tx-c\nx-c\tx-d\n");
    sandbox
}

#[test]
fn a_plan_tells_the_steps_of_every_rule() {
    let outcome = paths().run(&["plan", "paths.dl"]);
    expect![[r#"
        derive path  (until nothing new comes)

          path(a, b) :- edge(a, b).
          paths.dl:5:1
            1. scan edge(a, b)  ~3
               derive path(a, b)

          path(a, c) :- path(a, b), edge(b, c).
          paths.dl:6:1
            for what is new in path(a, b)
            1. scan delta of path(a, b)        ~2
            2. look up edge by a = b, gives c  ~2  by edge(a)
               derive path(a, c)

        derive reach

          reach(a, n) :- edge(a, _), n = count : { path(a, _) }.
          paths.dl:9:1
            1. scan edge(a, _)                       ~3
            2. for each a, let n = count over        ~3
               2.1. look up path by a = a, gives $2  ~2  by path(a)
               derive reach(a, n)

        derive end

          end(x) :- (edge(_, x); edge(x, _)), !path(x, _).
          paths.dl:11:1
            alternative 1 of 2
            1. scan edge(_, x)                    ~3
            2. check that there is no path(x, _)  ~2  by path(a)
               derive end(x)
            alternative 2 of 2
            1. scan edge(x, _)                    ~3
            2. check that there is no path(x, _)  ~2  by path(a)
               derive end(x)

        check constraints

          :- path(a, a), a != "<&>".
          paths.dl:12:1
            1. scan path(a, a)        ~6
            2. keep where a != "<&>"  ~3
               report a violation: a
    "#]]
    .assert_eq(&outcome.status(0).stdout());
}

#[test]
fn one_relation_one_place_or_one_query_can_be_planned() {
    let sandbox = paths();
    let outcome = sandbox.run(&["plan", "paths.dl", "--rule", "path"]);
    outcome
        .status(0)
        .shows("path(a, c) :- path(a, b), edge(b, c).");
    assert!(!outcome.stdout().contains("end("));

    let outcome = sandbox.run(&["plan", "paths.dl", "--rule", "paths.dl:12"]);
    outcome.status(0).shows("report a violation");
    assert!(!outcome.stdout().contains("derive"));

    let outcome = sandbox.run(&["plan", "paths.dl", "--query", "path(\"x-a\", X), !end(X)"]);
    expect![[r#"
        derive only what is asked for

          path  whole: it is negated
          end   whole: it is negated
          1 other relation not at all

        1. look up path by a = "x-a", gives X  ~2  by path(a)
        2. check that there is no end(X)       ~1  by end(a)
           answer X
    "#]]
    .assert_eq(&outcome.status(0).stdout());

    for (label, reason) in [
        (
            "pth",
            "error[D101]: no relation `pth`\n = help: did you mean `path`?",
        ),
        ("paths.dl:2", "error[D101]: no rule at `paths.dl:2`"),
    ] {
        let outcome = sandbox.run(&["plan", "paths.dl", "--rule", label]);
        outcome.status(1).says(reason);
    }
}

#[test]
fn a_plan_as_json_keeps_its_keys() {
    let outcome = paths().run(&["plan", "paths.dl", "--rule", "reach", "--json"]);
    let plan = serde_json::to_string_pretty(&outcome.status(0).json()).unwrap();
    expect![[r#"
        {
          "strata": [
            {
              "relations": [
                "reach"
              ],
              "recursive": false,
              "rules": [
                {
                  "rule": "reach(a, n) :- edge(a, _), n = count : { path(a, _) }.",
                  "at": "paths.dl:9:1",
                  "relation": "reach",
                  "versions": [
                    {
                      "delta": null,
                      "steps": [
                        {
                          "does": "scan",
                          "text": "scan edge(a, _)",
                          "indexes": [],
                          "bindings": 3.0
                        },
                        {
                          "does": "aggregate",
                          "text": "for each a, let n = count over",
                          "indexes": [],
                          "bindings": 3.0,
                          "steps": [
                            {
                              "does": "look up",
                              "text": "look up path by a = a, gives $2",
                              "indexes": [
                                "path(a)"
                              ],
                              "bindings": 2.0
                            }
                          ]
                        }
                      ],
                      "result": "derive reach(a, n)"
                    }
                  ]
                }
              ]
            }
          ],
          "constraints": [],
          "query": [],
          "stopped": null
        }"#]]
    .assert_eq(&plan);
}

#[test]
fn a_profile_adds_up() {
    let outcome = paths().run(&["profile", "paths.dl", "-j", "1", "--json"]);
    let profile = outcome.status(0).json();
    assert_eq!(
        keys(&profile),
        "seconds reading threads facts derived rounds strata constraints relations stopped"
    );
    let path = &profile["strata"][0];
    assert_eq!(
        keys(path),
        "relations recursive seconds settling stated rules"
    );
    let rule = &path["rules"][1];
    assert_eq!(keys(rule), "rule at relation seconds versions");
    assert_eq!(rule["at"], json!("paths.dl:6:1"));
    let version = &rule["versions"][0];
    assert_eq!(
        keys(version),
        "delta runs seconds share indexing candidates new duplicates plan by_round unlisted"
    );
    assert_eq!(version["delta"], json!("path(a, b)"));
    // Three edges give two paths of two and one of three; the last round finds none.
    let counted = |key: &str| -> Vec<Value> {
        let rounds = version["by_round"].as_array().unwrap();
        rounds.iter().map(|round| round[key].clone()).collect()
    };
    assert_eq!(counted("round"), [json!(1), json!(2), json!(3)]);
    assert_eq!(counted("candidates"), [json!(2), json!(1), json!(0)]);
    assert_eq!(counted("new"), [json!(2), json!(1), json!(0)]);
    let growth = profile["relations"].as_array().unwrap();
    let path = growth.iter().find(|of| of["relation"] == json!("path"));
    assert_eq!(
        path,
        Some(
            &json!({"relation": "path", "rows": 6, "rounds": 3, "added": [[0, 3], [1, 2], [2, 1]], "unlisted": 0})
        )
    );
}

#[test]
fn a_profile_is_a_table_with_a_total() {
    let outcome = paths().run(&["profile", "paths.dl", "-j", "1"]);
    outcome
        .status(0)
        .shows("candidates")
        .shows("path paths.dl:6:1")
        .shows("path(a, b)")
        .shows("end paths.dl:11:1 (1 of 2)")
        .shows("constraint paths.dl:12:1")
        .shows("total")
        .shows(" path         6       3  3  2  1")
        .shows("derived from 3 facts in ");
}

#[test]
fn the_picture_refers_to_nothing_outside_and_escapes_what_rules_say() {
    let sandbox = paths();
    sandbox
        .run(&["profile", "paths.dl", "--html", "profile.html"])
        .status(0);
    let page = sandbox.read("profile.html");
    assert!(page.contains("a != &quot;&lt;&amp;&gt;&quot;"), "{page}");
    assert!(!page.contains("<&>") && !page.contains("<through>"));
    for outside in ["http", "src=", "href=", "@import", "url(", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_run_that_hits_a_limit_still_has_its_plans_and_costs() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "endless.dl",
        ".decl n(x: number)\nn(0).\nn(x + 1) :- n(x).\n.decl out(x: number)\nout(x) :- n(x).\n",
    );
    let limited =
        |command: &str| sandbox.run(&[command, "endless.dl", "--max-rounds", "2000", "--json"]);
    let plan = limited("plan");
    assert_eq!(plan.status(4).json()["stopped"]["reason"], json!("rounds"));
    assert_eq!(plan.json()["strata"][1]["relations"], json!(["out"]));

    let profile = limited("profile").status(4).json();
    assert_eq!(profile["stopped"]["relation"], json!("n"));
    let version = &profile["strata"][0]["rules"][0]["versions"][0];
    assert_eq!(version["runs"], json!(2001));
    assert_eq!(version["by_round"].as_array().unwrap().len(), 1000);
    assert_eq!(version["unlisted"], json!(1001));
}

#[test]
fn a_run_leaves_its_profile_where_it_is_told() {
    let sandbox = paths();
    sandbox
        .run(&["run", "paths.dl", "-p", "profile.json"])
        .status(0);
    let profile: Value = serde_json::from_str(&sandbox.read("profile.json")).unwrap();
    assert_eq!(profile["derived"], json!(10));
    assert_eq!(profile["stopped"], Value::Null);
}

#[test]
fn the_prompt_has_both() {
    let outcome = paths().run_with(
        &["repl", "paths.dl"],
        ":plan path(X, Y), end(Y)\n:plan end\n:profile\npath(\"x-a\", X)\n:plan nothing\n",
    );
    outcome
        .status(1)
        .shows("1. scan end(Y)")
        .shows("check that there is no path(x, _)")
        .shows("total")
        .shows("3 rows")
        .says("no relation `nothing`");
}

#[test]
fn under_a_supposition_a_run_over_it_is_measured() {
    let profile = |before: &str| {
        let outcome = paths().run_with(
            &["repl", "paths.dl"],
            &format!("{before}:profile --json\nedge(\"x-d\", \"x-e\")\n:profile --json\n"),
        );
        let text = outcome.status(0).stdout();
        let profiles = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let profiles: Vec<Value> = profiles.filter(Value::is_object).collect();
        let derived = |profile: &Value| {
            let rules = profile["strata"].as_array().unwrap().iter();
            let rules = rules.flat_map(|stratum| stratum["rules"].as_array().unwrap());
            let versions = rules.flat_map(|rule| rule["versions"].as_array().unwrap());
            let new = versions.map(|version| version["new"].as_u64().unwrap());
            assert_eq!(new.sum::<u64>(), profile["derived"].as_u64().unwrap());
            profile["derived"].clone()
        };
        profiles.iter().map(derived).collect::<Vec<_>>()
    };
    assert_eq!(profile(""), [json!(10), json!(10)]);
    assert_eq!(
        profile(":assume edge(\"x-d\", \"x-e\")\n"),
        [json!(15), json!(15)]
    );
}

fn keys(object: &Value) -> String {
    let keys: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.join(" ")
}
