//! What-if, hypotheses and rejected inferences on the command line and at the prompt.

mod support;

use expect_test::{Expect, expect};
use support::{Outcome, Sandbox};

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl uses(group: symbol, network: symbol)
.input uses(IO=claims, filename=\"uses.csv\")
.decl runs(firm: symbol, network: symbol)
.input runs(IO=claims, filename=\"runs.csv\")
.decl banned(firm: symbol)
banned(\"x-front\").
.decl linked(group: symbol, firm: symbol)
@[say = \"{group} uses {net}, which {firm} runs\"]
linked(group, firm) :- uses(group, net), runs(firm, net).
.decl behind(group: symbol, client: symbol)
.output behind
behind(group, client) :- linked(group, firm), contract(client, firm).
.decl unexplained(group: symbol)
unexplained(group) :- uses(group, _), !behind(group, _).
:- linked(_, firm), banned(firm).
";

const SOURCES: &str = "\
source_id,publisher,title,published,kind,reliability,derived_from
x1,X,One,2020,notice,A,
x2,X,Two,2021,news,C,x1
x3,X,Three,2022,blog,D,
";

const CONTRACTS: &str = "\
contract_id,client,firm,source_id,confidence
c1,x-bureau,x-firm,x1,confirmed
c2,x-bureau,x-firm,x2,confirmed
c3,x-army,x-other,x3,possible
";

const USES: &str = "\
use_id,group,network,source_id,confidence
u1,x-typhoon,x-net,x1,probable
u2,x-panda,x-net2,x3,probable
u3,x-typhoon,x-net2,x3,doubtful
";

const RUNS: &str = "\
run_id,firm,network,source_id,confidence
r1,x-firm,x-net,x1,confirmed
r2,x-other,x-net2,x3,probable
";

const HYPOTHESES: &str = "\
.hypothesis army \"The army is behind it\" {
    .goal behind(\"x-typhoon\", \"x-army\")
    - source(\"x1\").
}
.hypothesis hires(client, firm) {
    .goal behind(_, client)
    + contract(client, firm).
    - claim(\"c3\").
}
.hypothesis shut { + runs(\"x-front\", \"x-net\"). }
";

fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("rules/a.dl", RULES);
    sandbox.file("rules/hypotheses/h.dl", HYPOTHESES);
    sandbox.file("facts/sources.csv", SOURCES);
    sandbox.file("facts/contracts.csv", CONTRACTS);
    sandbox.file("facts/uses.csv", USES);
    sandbox.file("facts/runs.csv", RUNS);
    sandbox
}

fn without_times(text: &str) -> String {
    let time = regex::Regex::new(r"(, )?[0-9.]+ m?s\)").unwrap();
    time.replace_all(text, ")").replace("   ()", "")
}

#[track_caller]
fn check(arguments: &[&str], expected: Expect) {
    check_in(&case(), arguments, expected);
}

#[track_caller]
fn check_in(sandbox: &Sandbox, arguments: &[&str], expected: Expect) {
    let outcome = sandbox.run(arguments);
    outcome.status(0);
    expected.assert_eq(&without_times(&outcome.stdout()));
}

#[track_caller]
fn check_wrong(arguments: &[&str], said: &[&str]) {
    let outcome = case().run(arguments);
    outcome.status(1);
    said.iter().for_each(|part| {
        outcome.says(part);
    });
}

#[test]
fn a_source_goes_with_the_reports_that_only_repeat_it() {
    check(
        &["what-if", "--without-source", "x1"],
        expect![[r#"
            without source x1 (3 claims) and x2 (1 claim), which only repeats it
            2 conclusions fall, 0 weaken, 0 appear
             - behind("x-typhoon","x-bureau")   its 2 supports all used u1 and r1
             - contract("x-bureau","x-firm")    withdrawn
             - uses("x-typhoon","x-net")        withdrawn
             - runs("x-firm","x-net")           withdrawn
             - linked("x-typhoon","x-firm")     its only support used u1 and r1
        "#]],
    );
}

#[test]
fn signs_assume_and_withdraw() {
    check(
        &[
            "what-if",
            "+contract(\"x-bureau\", \"x-other\")",
            "-contract(\"x-army\", _)",
        ],
        expect![[r#"
            without contract("x-army", _)
            assumed contract("x-bureau", "x-other")
            2 conclusions fall, 0 weaken, 1 appears, 1 strengthens
             - behind("x-panda","x-army")     its only support used c3
             - behind("x-typhoon","x-army")   its only support used c3
             - contract("x-army","x-other")   withdrawn
             + behind("x-panda","x-bureau")
             + contract("x-bureau","x-other")   assumed
             ^ behind("x-typhoon","x-bureau")   2 supports → 3
        "#]],
    );
}

#[test]
fn the_difference_is_json() {
    check(
        &["what-if", "--json", "--without-claim", "c1"],
        expect![[r#"
        {"supposed":["without claim c1"],"goals":[],"appeared":[],"fell":[],"weakened":[{"fact":"behind(\"x-typhoon\",\"x-bureau\")","supports_before":2,"supports_after":1,"strength_before":0.8,"strength_after":0.6,"complete_before":true,"complete_after":true},{"fact":"contract(\"x-bureau\",\"x-firm\")","supports_before":2,"supports_after":1,"strength_before":1.0,"strength_after":0.6,"complete_before":true,"complete_after":true}],"strengthened":[],"violated":[],"mended":[],"because":[],"weighed":{"reached":2,"weighed":2,"unclear":0,"cut_short":false,"complete":true},"notes":[]}
    "#]],
    );
    check(
        &["what-if", "--json", "-H", "shut", "--without-claim", "u2"],
        expect![[r#"
        {"supposed":["hypothesis shut","without claim u2"],"goals":[],"appeared":["runs(\"x-front\",\"x-net\")","linked(\"x-typhoon\",\"x-front\")"],"fell":["behind(\"x-panda\",\"x-army\")","uses(\"x-panda\",\"x-net2\")","linked(\"x-panda\",\"x-other\")"],"weakened":[],"strengthened":[],"violated":[{"constraint":":- linked(_, firm), banned(firm).","at":"rules/a.dl:17:1","columns":["firm"],"rows":[["x-front"]]}],"mended":[],"because":[{"fact":"behind(\"x-panda\",\"x-army\")","reason":"its only support used u2"},{"fact":"linked(\"x-panda\",\"x-other\")","reason":"its only support used u2"}],"weighed":{"reached":0,"weighed":0,"unclear":0,"cut_short":false,"complete":true},"notes":[]}
    "#]],
    );
    let outcome = case().run(&["what-if", "--json", "--why", "--without-claim", "u2"]);
    let told = outcome.status(0).json();
    assert_eq!(
        told["why"]["fell"][0]["fact"],
        "behind(\"x-panda\",\"x-army\")"
    );
    assert_eq!(told["why"]["fell"][0]["holds"], true);
    assert_eq!(told["why"]["appeared"].as_array().map(Vec::len), Some(0));
}

#[test]
fn hypotheses_stack_and_take_parameters() {
    check(
        &[
            "what-if",
            "-H",
            "army",
            "-H",
            "hires(\"x-army\", \"x-firm\")",
        ],
        expect![[r#"
            hypothesis army: The army is behind it
            hypothesis hires("x-army", "x-firm")
             ? behind("x-typhoon", "x-army")   does not hold, and did without it
             ? behind(_, "x-army")   does not hold, and did without it
            4 conclusions fall, 0 weaken, 2 appear
             - behind("x-panda","x-army")       its only support used c3
             - behind("x-typhoon","x-army")     its only support used c3
             - behind("x-typhoon","x-bureau")   its 2 supports all used u1 and r1
             - contract("x-army","x-other")     withdrawn
             - contract("x-bureau","x-firm")    withdrawn
             - uses("x-typhoon","x-net")        withdrawn
             - runs("x-firm","x-net")           withdrawn
             - linked("x-typhoon","x-firm")     its only support used u1 and r1
             + contract("x-army","x-firm")   assumed
             + unexplained("x-panda")
             + unexplained("x-typhoon")
        "#]],
    );
    check(
        &[
            "query",
            "-H",
            "hires(\"x-navy\", \"x-firm\")",
            "behind(G, C)",
            "--csv",
        ],
        expect![[r#"
            G,C
            x-typhoon,x-bureau
            x-typhoon,x-navy
        "#]],
    );
    check(
        &[
            "why",
            "-H",
            "hires(\"x-navy\", \"x-firm\")",
            "behind(\"x-typhoon\", \"x-navy\")",
        ],
        expect![[r#"
            By these claims, rules and assumptions: behind("x-typhoon","x-navy")   rules/a.dl:14
            ├─ linked("x-typhoon","x-firm")   x-typhoon uses x-net, which x-firm runs   rules/a.dl:10
            │  ├─ uses("x-typhoon","x-net")   [u1] notice x1 (A2)   facts/uses.csv:2
            │  └─ runs("x-firm","x-net")      [r1] notice x1 (A1)   facts/runs.csv:2
            └─ contract("x-navy","x-firm")    assumed
            support 1 of 1   ·   strength 0.8   ·   weakest link u1 (x1, A2)   ·   no dates
            1 of 1 minimal support   ·   1 independent root
        "#]],
    );
}

#[test]
fn a_hypothesis_that_breaks_a_constraint_says_where() {
    check(
        &["what-if", "-H", "shut"],
        expect![[r#"
        hypothesis shut
        0 conclusions fall, 0 weaken, 1 appears, 1 constraint violated
         + runs("x-front","x-net")         assumed
         + linked("x-typhoon","x-front")
         ! violated now: :- linked(_, firm), banned(firm).   rules/a.dl:17:1
             firm = x-front
    "#]],
    );
}

#[test]
fn what_makes_no_sense_is_answered_plainly() {
    for (arguments, said) in [
        (
            &["what-if", "+contract(\"x-bureau\", \"x-firm\")"][..],
            &["holds already: it is stated"][..],
        ),
        (
            &["what-if", "+behind(\"x-typhoon\", \"x-bureau\")"],
            &["holds already: it is derived"],
        ),
        (
            &["what-if", "--", "-behind(\"x-typhoon\", _)"],
            &[
                "are derived: they cannot be withdrawn by themselves",
                "what would have to go instead: ",
            ],
        ),
        (
            &["what-if", "-contract(\"x-burau\", _)"],
            &["there is nothing to withdraw", "did you mean `x-bureau`?"],
        ),
        (
            &["what-if", "+unexplained(G) :- uses(G, _), !unexplained(G)."],
            &["Unable to stratify", "typed:1"],
        ),
        (
            &["what-if", "+contracts(\"a\", \"b\")"],
            &[
                "Undefined relation `contracts`",
                "did you mean `contract(client, firm)`?",
            ],
        ),
        (
            &["what-if", "--without-source", "x9"],
            &["no source `x9` in this case", "did you mean `x1`?"],
        ),
        (
            &["what-if", "--without-claim", "c9"],
            &["no claim `c9` in this case"],
        ),
        (
            &["what-if", "--without-rule", "rules/a.dl:9"],
            &[
                "no rule begins at `rules/a.dl:9`",
                "did you mean `rules/a.dl:8`?",
            ],
        ),
        (
            &["what-if", "--without-rules", "b.dl"],
            &["no rules were read from `b.dl`"],
        ),
        (&["what-if", "--with-rules", "b.dl"], &["b.dl"]),
        (
            &["what-if", "-H", "armi"],
            &["no hypothesis `armi`", "did you mean `army`?"],
        ),
        (
            &["what-if", "-H", "hires"],
            &["takes 2 arguments, not 0", "for client and firm"],
        ),
        (
            &["what-if", "-contract(X, X)"],
            &["a variable stands here twice"],
        ),
        (&["what-if"], &["nothing is supposed"]),
        (
            &["reject", "behind(\"x-panda\", \"x-bureau\")"],
            &["does not hold"],
        ),
        (&["reject", "banned(\"x-front\")"], &["rests on no claim"]),
    ] {
        check_wrong(arguments, said);
    }
}

#[test]
fn hypotheses_for_another_schema_and_of_one_name_are_refused() {
    let sandbox = case();
    sandbox.file(
        "rules/hypotheses/i.dl",
        ".hypothesis army { }\n.hypothesis other { + vessel(\"x\"). - contract(_). }\n",
    );
    sandbox.file(
        "rules/hypotheses/j.dl",
        ".decl p(x: symbol)\n.hypothesis lost { }\n",
    );
    sandbox
        .run(&["what-if", "-H", "army"])
        .status(1)
        .says("two hypotheses are called `army`")
        .says("rules/hypotheses/h.dl:1:13")
        .says("rules/hypotheses/i.dl:1:13");
    sandbox
        .run(&["what-if", "-H", "other"])
        .status(1)
        .says("Undefined relation `vessel`")
        .says("in hypothesis `other`, which is for a case that has it")
        .says("rules/hypotheses/i.dl:2");
    sandbox
        .run(&["what-if", "-H", "lost"])
        .status(1)
        .says("a file of hypotheses holds nothing else")
        .says("no hypothesis `lost`");
    // A broken file takes nothing else away.
    sandbox
        .run(&["query", "-H", "shut", "runs(\"x-front\", N)"])
        .status(0)
        .shows("x-net");
}

#[test]
fn a_rejected_inference_stays_rejected() {
    let sandbox = case();
    let fact = "behind(\"x-typhoon\", \"x-army\")";
    check_in(
        &sandbox,
        &["reject", fact],
        expect![[r#"
        behind("x-typhoon","x-army"): 3 ways to end it, least credible first
          1  reject u3 (x3, D4)
             falls linked("x-typhoon","x-other")
          2  reject c3 (x3, D3)
             falls behind("x-panda","x-army")
             appears unexplained("x-panda")
          3  reject r2 (x3, D2)
             falls behind("x-panda","x-army")
             falls linked("x-panda","x-other")
             falls linked("x-typhoon","x-other")
             appears unexplained("x-panda")
        `--choose N --author NAME` keeps one of them rejected
    "#]],
    );
    let choice = [
        "reject",
        fact,
        "--choose",
        "1",
        "--author",
        "X. Analyst",
        "--date",
        "2026-11-22",
        "--note",
        "a rumour",
    ];
    check_in(
        &sandbox,
        &choice,
        expect![[r#"
        behind("x-typhoon","x-army") does not follow any more: claim u3 rejected by X. Analyst on 2026-11-22
        written to facts/judgements.csv as x-analyst-1: a later row there with the stance `accepts` brings it back
    "#]],
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |file: &str| {
            let known = sandbox.path().join(file).metadata().expect("a file");
            known.permissions().mode()
        };
        let (judged, stated) = ("facts/judgements.csv", "facts/sources.csv");
        assert_eq!(
            mode(judged),
            mode(stated),
            "whoever reads the facts reads these"
        );
    }
    let written = sandbox.read("facts/judgements.csv");
    expect![[r#"
        judgement_id,claim_id,stance,about,author,date,note
        x-analyst-1,u3,rejects,"behind(""x-typhoon"",""x-army"")",X. Analyst,2026-11-22,a rumour
    "#]]
    .assert_eq(&written);
    check_in(
        &sandbox,
        &["query", "--csv", "behind(G, C)"],
        expect![[r#"
        G,C
        x-panda,x-army
        x-typhoon,x-bureau
    "#]],
    );
    check_in(
        &sandbox,
        &["why-not", fact],
        expect![[r#"
        behind("x-typhoon","x-army") does not hold
        ├─ one condition fails                        rules/a.dl:14
        │  ├─ ✓ linked("x-typhoon","x-firm")
        │  └─ ✗ no contract("x-army","x-firm")        there is contract("x-bureau","x-firm"), contract("x-army","x-other")
        └─ one condition fails                        rules/a.dl:14
           ├─ ✓ contract("x-army","x-other")
           └─ ✗ no linked("x-typhoon","x-other")      there is linked("x-typhoon","x-firm"), linked("x-panda","x-other")
              └─ one condition fails                  rules/a.dl:10
                 ├─ ✓ runs("x-other","x-net2")
                 └─ ✗ no uses("x-typhoon","x-net2")   rejected: claim u3, by X. Analyst on 2026-11-22 (judgement x-analyst-1)   there is uses("x-typhoon","x-net"), uses("x-panda","x-net2")
        there is behind("x-typhoon","x-bureau"), behind("x-panda","x-army")
        rejected: claim u3, by X. Analyst on 2026-11-22 (judgement x-analyst-1)
    "#]],
    );
    // The fact of a rejected claim may stand by another, and then says so.
    sandbox.file(
        "facts/uses.csv",
        format!("{USES}u4,x-typhoon,x-net2,x2,possible\n"),
    );
    check_in(
        &sandbox,
        &["why", "uses(\"x-typhoon\", \"x-net2\")"],
        expect![[r#"
        As claimed: uses("x-typhoon","x-net2")   [u4] news x2 (C3)   facts/uses.csv:5   [u3] blog x3 (D4) rejected by X. Analyst on 2026-11-22 (judgement x-analyst-1)
        support 1 of 1   ·   strength 0.36   ·   weakest link u4 (x2, C3)   ·   no dates
        1 of 1 minimal support   ·   1 independent root
    "#]],
    );
    sandbox.file("facts/uses.csv", USES);
    // A second one goes below the first; the last word on a claim counts.
    sandbox.file(
        "facts/judgements.csv",
        format!(
            "{written}x-2,u3,accepts,,X. Other,2026-12-01,\nx-3,u9,rejects,,X. Other,2026-12-01,\n"
        ),
    );
    sandbox
        .run(&["query", "--csv", "behind(G, C)"])
        .status(0)
        .shows("x-typhoon,x-army");
    sandbox
        .run(&["check"])
        .says("judgement `x-3` is about claim `u9`, which no file has");
    sandbox.file(
        "facts/judgements.csv",
        "judgement_id,claim_id,author,date\nj,u1,,2026\n",
    );
    sandbox
        .run(&["query", "behind(G, C)"])
        .status(1)
        .says("the judgement has no `author`");
}

/// What a piped session answers, without times.
fn talk(sandbox: &Sandbox, input: &str) -> Outcome {
    sandbox.run_with(&["repl"], &format!(":time off\n{input}"))
}

#[track_caller]
fn check_talk(input: &str, expected: Expect) {
    let outcome = talk(&case(), input);
    expected.assert_eq(&outcome.status(0).stdout());
}

#[test]
fn suppositions_nest_and_are_undone() {
    check_talk(
        "\
:withdraw source x1
behind(G, C)
:assume contract(\"x-bureau\", \"x-other\")
:diff
:undo
:redo
:undo
:undo
behind(G, C)
",
        expect![[r#"
            time is off
            without source x1 (3 claims) and x2 (1 claim), which only repeats it
            2 conclusions fall, 0 weaken, 0 appear   (state 1, :undo returns)
             - behind("x-typhoon","x-bureau")   its 2 supports all used u1 and r1
             - contract("x-bureau","x-firm")    withdrawn
             - uses("x-typhoon","x-net")        withdrawn
             - runs("x-firm","x-net")           withdrawn
             - linked("x-typhoon","x-firm")     its only support used u1 and r1
             G          C
             x-panda    x-army
             x-typhoon  x-army
            2 rows
            assumed contract("x-bureau", "x-other")
            0 conclusions fall, 0 weaken, 2 appear   (state 2, :undo returns)
             + behind("x-panda","x-bureau")
             + behind("x-typhoon","x-bureau")
             + contract("x-bureau","x-other")   assumed
            without source x1 (3 claims) and x2 (1 claim), which only repeats it
            assumed contract("x-bureau", "x-other")
            1 conclusion falls, 1 weakens, 1 appears   (state 2, :undo returns)
             - contract("x-bureau","x-firm")   withdrawn
             - uses("x-typhoon","x-net")       withdrawn
             - runs("x-firm","x-net")          withdrawn
             - linked("x-typhoon","x-firm")    its only support used u1 and r1
             + behind("x-panda","x-bureau")
             + contract("x-bureau","x-other")   assumed
             ~ behind("x-typhoon","x-bureau")   2 supports → 1, strength 0.8 → 0.16
            no more: assumed contract("x-bureau", "x-other")   (state 1, :redo returns)
            assumed contract("x-bureau", "x-other")
            0 conclusions fall, 0 weaken, 2 appear   (state 2, :undo returns)
             + behind("x-panda","x-bureau")
             + behind("x-typhoon","x-bureau")
             + contract("x-bureau","x-other")   assumed
            no more: assumed contract("x-bureau", "x-other")   (state 1, :redo returns)
            no more: without source x1 (3 claims) and x2 (1 claim), which only repeats it   (the case itself, :redo returns)
             G          C
             x-panda    x-army
             x-typhoon  x-army
             x-typhoon  x-bureau
            3 rows
        "#]],
    );
}

#[test]
fn hypotheses_are_entered_and_left() {
    check_talk(
        "\
:hyp enter hires(\"x-navy\", \"x-firm\")
:assume contract(\"x-navy\", \"x-other\").
behind(\"x-panda\", C)
:hyp leave
behind(\"x-panda\", C)
:hyp list
",
        expect![[r#"
            time is off
            hypothesis hires("x-navy", "x-firm")
             ? behind(_, "x-navy")   holds, and did not without it
            2 conclusions fall, 0 weaken, 2 appear   (state 1, :undo returns)
             - behind("x-panda","x-army")     its only support used c3
             - behind("x-typhoon","x-army")   its only support used c3
             - contract("x-army","x-other")   withdrawn
             + behind("x-typhoon","x-navy")
             + contract("x-navy","x-firm")    assumed
             + unexplained("x-panda")
            assumed contract("x-navy", "x-other")
            1 conclusion falls, 0 weaken, 1 appears, 1 strengthens   (state 2, :undo returns)
             - unexplained("x-panda")   there is behind("x-panda","x-navy") now, which rules it out
             + behind("x-panda","x-navy")
             + contract("x-navy","x-other")   assumed
             ^ behind("x-typhoon","x-navy")   1 support → 2
             C
             x-navy
            1 row
            no more: hypothesis hires("x-navy", "x-firm")
            no more: assumed contract("x-navy", "x-other")   (the case itself, :redo returns)
             C
             x-army
            1 row
            army  The army is behind it
                asks behind("x-typhoon", "x-army")   1 withdrawal   rules/hypotheses/h.dl:1:13
            hires(client, firm)
                asks behind(_, client)   1 assumption, 1 withdrawal   rules/hypotheses/h.dl:5:13
            shut
                1 assumption   rules/hypotheses/h.dl:10:13
        "#]],
    );
}

#[test]
fn what_is_typed_inside_is_supposed_too() {
    check_talk(
        "\
:withdraw claim c1
contract(\"x-navy\", \"x-firm\").
:what-if +contract(\"x-navy\", \"x-other\") -runs(_, \"x-net\")
:undo
:undo
contract(\"x-navy\", F)
",
        expect![[r#"
            time is off
            without claim c1
            0 conclusions fall, 2 weaken, 0 appear   (state 1, :undo returns)
             ~ behind("x-typhoon","x-bureau")   2 supports → 1, strength 0.8 → 0.6
             ~ contract("x-bureau","x-firm")    2 supports → 1, strength 1 → 0.6
            assumed contract("x-navy", "x-firm")
            0 conclusions fall, 0 weaken, 1 appears   (state 2, :undo returns)
             + behind("x-typhoon","x-navy")
             + contract("x-navy","x-firm")    assumed
            without runs(_, "x-net")
            assumed contract("x-navy", "x-other")
            2 conclusions fall, 1 weakens, 1 appears
             - behind("x-typhoon","x-bureau")   its only support used r1
             - runs("x-firm","x-net")           withdrawn
             - linked("x-typhoon","x-firm")     its only support used r1
             + behind("x-panda","x-navy")
             + contract("x-navy","x-other")   assumed
             ~ behind("x-typhoon","x-navy")   strength 0.8 → 0.16
            no more: assumed contract("x-navy", "x-firm")   (state 1, :redo returns)
            no more: without claim c1   (the case itself, :redo returns)
            no rows
            `x-navy` does not occur in contract.client, nor does anything like it
        "#]],
    );
}

#[test]
fn a_lens_moves_what_is_supposed_along() {
    check_talk(
        "\
:assume contract(\"x-navy\", \"x-firm\")
:lens --min-reliability A
behind(G, C)
:undo
behind(G, C)
:lens off
behind(G, C)
",
        expect![[r#"
            time is off
            assumed contract("x-navy", "x-firm")
            0 conclusions fall, 0 weaken, 1 appears   (state 1, :undo returns)
             + behind("x-typhoon","x-navy")
             + contract("x-navy","x-firm")    assumed
            counting now: reliability A or better
             G          C
             x-typhoon  x-bureau
             x-typhoon  x-navy
            2 rows
            no more: assumed contract("x-navy", "x-firm")   (the case itself, :redo returns)
             G          C
             x-typhoon  x-bureau
            1 row
            counting now: all claims
             G          C
             x-panda    x-army
             x-typhoon  x-army
             x-typhoon  x-bureau
            3 rows
        "#]],
    );
}

#[test]
fn what_is_wrong_leaves_the_state_as_it_was() {
    for (line, said) in [
        (
            ":assume contract(\"x-bureau\", \"x-firm\")",
            "holds already",
        ),
        (":assume contract(\"x-bureau\"", "syntax error"),
        (
            ":withdraw behind(\"x-typhoon\", \"x-bureau\")",
            "is derived",
        ),
        (":withdraw source", "an atom needs its arguments"),
        (
            ":assume contract(A, B) :- contract(B, A), !contract(A, B).",
            "Unable to stratify",
        ),
        (":compare army army", "is named twice"),
        (":redo", "nothing was undone"),
        (":hyp leave", "no hypothesis was entered"),
        (":hyp enter armi", "did you mean `army`?"),
        (":hyp enter navy", "there are army, hires, shut"),
        (":hyp dance", "usage: `:hyp"),
        (":hyp load x.dl", "x.dl"),
        (":hyp load circle.dl", "Unable to stratify"),
        (":hyp load other.dl", "Undefined relation `x_unknown`"),
        (":save a", "usage: `:save"),
        (":save claims x.csv", "needs an author"),
        (":save army x.dl", "there is a hypothesis `army` already"),
        (":save x-y x.dl", "cannot be the name"),
        (":save good rules/a.dl", "there is such a file already"),
        (":save good rules/a.dl", "nothing is written over"),
        (
            ":save good nowhere/a.dl",
            "cannot write `nowhere/a.dl`: there is no such directory\n",
        ),
        (
            ":assume contract(\"x-navy\", \"x-firm\")",
            "holds already: it is assumed",
        ),
        (
            ":reject behind(\"x-typhoon\", \"x-bureau\")",
            "this is a supposition",
        ),
        (":what-if contract(_, _)", "begin with `+`"),
    ] {
        let sandbox = case();
        sandbox.file(
            "circle.dl",
            ".hypothesis circle { contract(A, B) :- contract(B, A), !contract(A, B). }\n",
        );
        sandbox.file("other.dl", ".hypothesis other { + x_unknown(\"x-a\"). }\n");
        let outcome = talk(
            &sandbox,
            &format!(
                ":assume contract(\"x-navy\", \"x-firm\")\n{line}\ncontract(C, \"x-firm\")\n:undo\n:undo\n"
            ),
        );
        outcome
            .status(1)
            .says(said)
            .shows(" C\n x-bureau\n x-navy\n2 rows\nno more: assumed contract(\"x-navy\", \"x-firm\")   (the case itself, :redo returns)\n")
            .says("nothing is supposed: there is nothing to undo");
    }
}

#[test]
fn what_is_supposed_is_saved_as_a_hypothesis_or_as_claims() {
    let sandbox = case();
    let outcome = talk(
        &sandbox,
        "\
:withdraw source x3
:withdraw runs(_, \"x-net\")
:assume contract(\"x-navy\", \"x-firm\")
:assume behind(G, \"x-all\") :- uses(G, _).
:save mine rules/hypotheses/mine.dl
:save claims facts/mine.csv --author \"X. Analyst\" --date 2026-11-22
behind(G, C)
:undo
:undo
:undo
:undo
:hyp load rules/hypotheses/mine.dl
:hyp enter mine
behind(G, C)
",
    );
    expect![[r#"
        time is off
        without source x3 (4 claims)
        4 conclusions fall, 0 weaken, 0 appear   (state 1, :undo returns)
         - behind("x-panda","x-army")      its only support used c3, u2 and r2
         - behind("x-typhoon","x-army")    its only support used c3, u3 and r2
         - contract("x-army","x-other")    withdrawn
         - uses("x-panda","x-net2")        withdrawn
         - uses("x-typhoon","x-net2")      withdrawn
         - runs("x-other","x-net2")        withdrawn
         - linked("x-panda","x-other")     its only support used u2 and r2
         - linked("x-typhoon","x-other")   its only support used u3 and r2
        without runs(_, "x-net")
        2 conclusions fall, 0 weaken, 1 appears   (state 2, :undo returns)
         - behind("x-typhoon","x-bureau")   its 2 supports all used r1
         - runs("x-firm","x-net")           withdrawn
         - linked("x-typhoon","x-firm")     its only support used r1
         + unexplained("x-typhoon")
        assumed contract("x-navy", "x-firm")
        0 conclusions fall, 0 weaken, 0 appear   (state 3, :undo returns)
         + contract("x-navy","x-firm")   assumed
        assumed behind(G, "x-all") :- uses(G, _).
        1 conclusion falls, 0 weaken, 1 appears   (state 4, :undo returns)
         - unexplained("x-typhoon")   there is behind("x-typhoon","x-all") now, which rules it out
         + behind("x-typhoon","x-all")
        hypothesis mine written to rules/hypotheses/mine.dl
        1 claim written to facts/mine.csv
        withdrawals are no claims and were not written
        rules are no claims and were not written
        `contract` reads it by `.input contract(IO=claims, filename="…")`
         G          C
         x-typhoon  x-all
        1 row
        no more: assumed behind(G, "x-all") :- uses(G, _).   (state 3, :redo returns)
        no more: assumed contract("x-navy", "x-firm")   (state 2, :redo returns)
        no more: without runs(_, "x-net")   (state 1, :redo returns)
        no more: without source x3 (4 claims)   (the case itself, :redo returns)
        mine  without source x3 (4 claims); without runs(_, 'x-net'); assumed contract('x-navy', 'x-firm'); assumed behind(G, 'x-all') :- uses(G, _).
            1 assumption, 2 withdrawals, 1 rule   rules/hypotheses/mine.dl:1:13
        hypothesis mine: without source x3 (4 claims); without runs(_, 'x-net'); assumed contract('x-navy', 'x-firm'); assumed behind(G, 'x-all') :- uses(G, _).
        6 conclusions fall, 0 weaken, 1 appears   (state 1, :undo returns)
         - behind("x-panda","x-army")       its only support used c3, u2 and r2
         - behind("x-typhoon","x-army")     its only support used c3, u3 and r2
         - behind("x-typhoon","x-bureau")   its 2 supports all used r1
         - contract("x-army","x-other")     withdrawn
         - uses("x-panda","x-net2")         withdrawn
         - uses("x-typhoon","x-net2")       withdrawn
         - runs("x-firm","x-net")           withdrawn
         - runs("x-other","x-net2")         withdrawn
         - linked("x-panda","x-other")      its only support used u2 and r2
         - linked("x-typhoon","x-firm")     its only support used r1
         - linked("x-typhoon","x-other")    its only support used u3 and r2
         + behind("x-typhoon","x-all")
         + contract("x-navy","x-firm")   assumed
         G          C
         x-typhoon  x-all
        1 row
    "#]].assert_eq(&outcome.status(0).stdout());
    expect![[r#"
        .hypothesis mine "without source x3 (4 claims); without runs(_, 'x-net'); assumed contract('x-navy', 'x-firm'); assumed behind(G, 'x-all') :- uses(G, _)." {
            - source("x3").
            - runs(_, "x-net").
            + contract("x-navy","x-firm").
            behind(G, "x-all") :- uses(G, _).
        }
    "#]].assert_eq(&sandbox.read("rules/hypotheses/mine.dl"));
    expect![[r#"
        claim_id,client,firm,source_id,confidence,author,date,note
        x-analyst-2026-11-22-1,x-navy,x-firm,,,X. Analyst,2026-11-22,"X. Analyst, 2026-11-22: assumed by an analyst"
    "#]]
    .assert_eq(&sandbox.read("facts/mine.csv"));
    sandbox.file(
        "rules/mine.dl",
        ".input contract(IO=claims, filename=\"mine.csv\")\n",
    );
    sandbox
        .run(&["why", "contract(\"x-navy\", \"x-firm\")"])
        .status(0)
        .shows("no source (F6), \u{201c}X. Analyst, 2026-11-22: assumed by an analyst\u{201d}");
}

#[test]
fn saved_claims_can_be_read_whatever_their_attributes_are_called() {
    let sandbox = Sandbox::new();
    let rules =
        ".decl seen(date: symbol, note: symbol)\n.input seen(IO=claims, filename=\"seen.csv\")\n";
    sandbox.file("rules/a.dl", rules);
    sandbox.file("facts/seen.csv", "claim_id,date,note\nk1,2020,x-a\n");
    talk(
        &sandbox,
        ":assume seen(\"2021\", \"x-b\")\n:save claims facts/more.csv --author X --date 2026-11-22\n",
    )
    .status(0);
    sandbox.file("rules/a.dl", rules.replace("seen.csv", "more.csv"));
    sandbox
        .run(&["query", "--csv", "seen(D, N)"])
        .status(0)
        .shows("2021,x-b");
}

/// On a pseudo-terminal.
#[cfg(unix)]
mod terminal {
    use super::*;
    use crate::support::terminal::{leave, open, type_keys};

    #[test]
    fn the_prompt_says_where_one_is() {
        let sandbox = case();
        let mut session = open(&sandbox, "", 40, 120);
        for (line, prompt) in [
            (":hyp enter army", "[army] ?- "),
            (":withdraw claim u2", "[army + 1 change] ?- "),
            (
                ":assume contract(\"x-navy\", \"x-other\")",
                "[army + 2 changes] ?- ",
            ),
            (":hyp leave", "(the case itself, :redo returns)"),
            (":redo", "[army] ?- "),
            (":undo", "(the case itself, :redo returns)"),
        ] {
            type_keys(&mut session, &format!("{line}\r"));
            session.exp_string(prompt).expect(line);
        }
        leave(session);
    }

    #[test]
    fn what_can_be_supposed_is_completed() {
        let sandbox = case();
        let mut session = open(&sandbox, "", 40, 120);
        type_keys(&mut session, ":withdraw sou\tx1\r");
        session.exp_string("without source x1").expect("the word");
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, ":hyp ent\tarm\t\r");
        session.exp_string("hypothesis army").expect("the name");
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, ":assume contr\t\"x-navy\", \"x-oth\t)\r");
        session
            .exp_string("assumed contract(\"x-navy\", \"x-other\")")
            .expect("the fact");
        leave(session);
    }
}
