//! `cutout abduce` and `:abduce`.

mod support;

use expect_test::expect;
use support::Sandbox;

const RULES: &str = r#"
.type Entity <: symbol
.decl contract(client: Entity, firm: Entity)
.input contract(IO=claims, filename="contracts.csv")
.decl owns(owner: Entity, firm: Entity)
.input owns(IO=claims, filename="owners.csv")
.decl banned(firm: Entity)
banned("x-shut").
.decl works_for(firm: Entity, client: Entity)
works_for(F, C) :- contract(C, F).
works_for(F, C) :- contract(M, F), works_for(M, C).
.output works_for
.decl front(firm: Entity)
front(F) :- works_for(F, "x-ministry"), !owns(_, F).
.output front
:- contract(_, F), banned(F).
.abducible contract
.hypothesis other { .goal works_for("x-second", "x-bank") }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("rules/r.dl", RULES)
        .file(
            "facts/contracts.csv",
            "claim_id,client,firm,source_id,confidence,stance\n\
             c1,x-ministry,x-prime,s1,confirmed,\n\
             c2,x-bank,x-third,s1,confirmed,\n\
             c3,x-prime,x-second,s2,probable,disputes\n",
        )
        .file(
            "facts/owners.csv",
            "claim_id,owner,firm,source_id,confidence\no1,x-someone,x-prime,s1,confirmed\n",
        )
        .file(
            "facts/sources.csv",
            "source_id,publisher,title,published,url,kind,reliability,derived_from\n\
             s1,p,t,2020,,notice,A,\ns2,p,t,2021,,news,C,\n",
        );
    sandbox
}

#[test]
fn every_minimal_set_is_listed_with_what_it_brings() {
    let outcome = sandbox().run(&["abduce", r#"works_for("x-second", "x-ministry")"#]);
    expect![[r#"
        works_for("x-second","x-ministry") does not hold. It would if, by the rules:
         1  contract("x-ministry","x-second")
              then also      front("x-second")
         2  contract("x-prime","x-second")
              then also      front("x-second"), works_for("x-second","x-prime")
              contract("x-prime","x-second") is denied by c3
         3  contract("x-ministry","x-someone")  and  contract("x-someone","x-second")
              then also      front("x-second"), front("x-someone"), works_for("x-second","x-someone") and 1 more
         4  contract("x-ministry","x-third")  and  contract("x-third","x-second")
              then also      front("x-second"), front("x-third"), works_for("x-second","x-bank") and 2 more
         5  contract("x-bank","x-second")  and  contract("x-ministry","x-bank")
              then also      front("x-bank"), front("x-second"), front("x-third") and 3 more
         6  contract("x-prime","x-someone")  and  contract("x-someone","x-second")
              then also      front("x-second"), front("x-someone"), works_for("x-second","x-prime") and 3 more
         7  contract("x-ministry","x-bank")  and  contract("x-third","x-second")
              then also      front("x-bank"), front("x-second"), front("x-third") and 4 more
         8  contract("x-prime","x-third")  and  contract("x-third","x-second")
              then also      front("x-second"), front("x-third"), works_for("x-second","x-bank") and 4 more
         9  contract("x-bank","x-second")  and  contract("x-prime","x-bank")
              then also      front("x-bank"), front("x-second"), front("x-third") and 6 more
        10  contract("x-prime","x-bank")  and  contract("x-third","x-second")
              then also      front("x-bank"), front("x-second"), front("x-third") and 7 more
        refused:
           contract("x-ministry","x-shut")  and  contract("x-shut","x-second")
               by :- contract(_, F), banned(F). (rules/r.dl:16)
           contract("x-prime","x-shut")  and  contract("x-shut","x-second")
               by :- contract(_, F), banned(F). (rules/r.dl:16)
        10 explanations: all there are with up to 2 facts of contract over known constants
    "#]]
    .assert_eq(&outcome.status(0).stdout());
}

#[test]
fn as_json_with_a_rival_and_somebody_unknown() {
    let sandbox = sandbox();
    let goal = r#"works_for("x-second", "x-ministry")"#;
    let outcome = sandbox.run(&["abduce", "--json", "--rival", "other", goal]);
    let found = outcome.status(0).json();
    let explanations = found["explanations"].as_array().unwrap();
    assert_eq!(explanations.len(), 10);
    let through_bank = &explanations[5];
    assert_eq!(through_bank["helps_rival"], true);
    assert_eq!(
        through_bank["assume"][0],
        r#"contract("x-bank","x-second")"#
    );
    assert_eq!(found["complete"], true);
    assert_eq!(found["bound"], 2);
    assert_eq!(
        found["refused"][0]["by"],
        ":- contract(_, F), banned(F). (rules/r.dl:16)"
    );
    let outcome = sandbox.run(&["abduce", "--json", "--new-constants", goal]);
    let found = outcome.status(0).json();
    assert_eq!(found["unknown"][0], "some unknown entity");
    let unknown =
        |one: &serde_json::Value| one["assume"].to_string().contains("some unknown entity");
    assert_eq!(
        found["explanations"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| unknown(one))
            .count(),
        2
    );
    let as_text = |most: &str| sandbox.run(&["abduce", "--new-constants", "--max", most, goal]);
    let stands_for = "`some unknown entity` stands for one that no claim names";
    let outcome = as_text("2");
    outcome.shows(stands_for);
    outcome.shows("all there are with up to 2 facts of contract over known and new constants");
    assert!(
        !as_text("1").stdout().contains(stands_for),
        "nothing uses it"
    );
}

#[test]
fn an_assumption_may_break_what_was_denied() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["abduce", "--using", "owns", r#"front("x-prime")"#]);
    outcome
        .status(0)
        .shows("no rule leads from facts of owns to front(\"x-prime\")");
    sandbox.file(
        "rules/s.dl",
        ".decl honest(f: Entity)\nhonest(F) :- works_for(F, \"x-ministry\"), !front(F).\n",
    );
    sandbox
        .run(&["abduce", r#"honest("x-prime")"#])
        .status(0)
        .shows("holds as it is");
    let goal = r#"honest("x-second")"#;
    let outcome = sandbox.run(&[
        "abduce",
        "--using",
        "contract,owns",
        "--max",
        "2",
        "--json",
        goal,
    ]);
    let found = outcome.status(0).json();
    let sets: Vec<&serde_json::Value> = found["explanations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["assume"])
        .collect();
    assert!(!sets.is_empty());
    assert!(
        sets.iter().all(|set| set.to_string().contains("owns(")),
        "{sets:?}"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let sandbox = sandbox();
    let wrong = |arguments: &[&str], said: &str| {
        sandbox.run(arguments).status(1).says(said);
    };
    wrong(
        &["abduce", r#"work_for("a", "b")"#],
        "did you mean `works_for",
    );
    wrong(
        &["abduce", "--using", "contracts", r#"front("a")"#],
        "did you mean `contract`?",
    );
    wrong(
        &["abduce", "--rival", "othr", r#"front("x-second")"#],
        "did you mean `other`?",
    );
    sandbox.file(
        "rules/hypotheses/idle.dl",
        ".hypothesis idle { + contract(\"x-bank\", \"x-prime\"). }\n",
    );
    wrong(
        &["abduce", "--rival", "idle", r#"front("x-second")"#],
        "hypothesis `idle` has no `.goal`",
    );
    wrong(&["abduce", "works_for(X, X)"], "one variable in two places");
    let outcome = sandbox.run(&["abduce", "works_for(_, _)"]);
    outcome.status(0).shows("holds as it is");
    let outcome = sandbox.run(&[
        "abduce",
        "--limit",
        "2",
        r#"works_for("x-second", "x-ministry")"#,
    ]);
    outcome
        .status(0)
        .shows("TOO MANY: the first 2 explanations; --limit 2 was reached among sets of 2 facts of contract, all with 1 fact are there")
        .shows("to go on: name more constants, be content with --max 1, or take more with --limit 20");
    let outcome = sandbox.run(&["abduce", "--limit", "0", "works_for(_, _)"]);
    outcome.status(2).says("--limit");
    let outcome = sandbox.run(&[
        "abduce",
        "--max",
        "1",
        r#"works_for("x-thrid", "x-ministry")"#,
    ]);
    outcome
        .status(0)
        .shows("`x-thrid` does not occur in works_for.firm; did you mean `x-third`?")
        .shows("explanations: all there are with 1 fact of contract over known constants");
    sandbox.file("rules/r.dl", RULES.replace(".abducible contract", ""));
    wrong(
        &["abduce", r#"front("x-second")"#],
        "name relations with `--using contract,subcontract`",
    );
}

#[test]
fn at_the_prompt() {
    let sandbox = sandbox();
    let input = ":time off\n:abduce works_for(\"x-second\", \"x-ministry\") --max 1 --rival works_for(\"x-second\", \"x-prime\")\n";
    sandbox
        .run_with(&["repl"], input)
        .status(0)
        .shows("1  contract(\"x-ministry\",\"x-second\")")
        .shows("helps works_for(\"x-second\",\"x-prime\") too")
        .shows("2 explanations: all there are with 1 fact of contract over known constants");
    let none = ":abduce works_for(\"x-second\", \"x-ministry\") --max 0\n:abduce works_for(_, _) --limit 0\n";
    sandbox
        .run_with(&["repl"], none)
        .says("`--max`: number would be zero")
        .says("`--limit`: number would be zero");
}

#[test]
fn an_empty_field_names_nobody() {
    let sandbox = sandbox();
    sandbox
        .file(
            "rules/s.dl",
            ".decl passes(prime: Entity, sub: Entity, client: Entity)\n\
             .input passes(IO=claims, filename=\"passes.csv\")\n\
             .decl held(firm: Entity)\nheld(F) :- passes(_, F, _).\n",
        )
        .file(
            "facts/passes.csv",
            "claim_id,prime,sub,client,source_id,confidence\n\
             p1,x-prime,x-third,,s1,confirmed\n",
        );
    let sets = |using: &str, goal: &str| -> Vec<String> {
        let arguments = ["abduce", "--max", "1", "--using", using, "--json", goal];
        let found = sandbox.run(&arguments).status(0).json();
        assert_eq!(found["complete"], true);
        let explanations = found["explanations"].as_array().unwrap().iter();
        let mut sets: Vec<String> = explanations
            .map(|one| one["assume"][0].as_str().unwrap().to_owned())
            .collect();
        sets.sort();
        sets
    };
    // A client is always stated.
    let with = |client: &str, firm: &str| format!(r#"contract("{client}","{firm}")"#);
    let clients = sets("contract", r#"works_for("x-second", _)"#);
    assert!(clients.contains(&with("x-bank", "x-second")));
    assert!(!clients.contains(&with("", "x-second")));
    // Unless one asks about nobody.
    let nobody = sets("contract", r#"works_for("x-third", "")"#);
    assert!(nobody.contains(&with("", "x-third")));
    // Whom work is passed on for is not.
    let passed = sets("passes", r#"held("x-second")"#);
    assert!(passed.contains(&r#"passes("x-bank","x-second","")"#.to_owned()));
    assert!(!passed.contains(&r#"passes("","x-second","x-bank")"#.to_owned()));
}
