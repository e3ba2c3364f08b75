//! Explanations from outside: what was never true at one time, strengths, choices, and questions that go wrong.

mod support;

use serde_json::json;
use support::{Outcome, Sandbox};

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl firm(id: symbol)
.input firm(filename=\"firms.facts\")
.decl works_for(firm: symbol, client: symbol)
@[say = \"{f} works for {c}\"]
works_for(f, c) :- contract(c, f), firm(f).
works_for(f, c) :- contract(m, f), works_for(m, c), firm(f).
.decl idle(firm: symbol)
idle(f) :- firm(f), !works_for(f, _).
.decl chief(firm: symbol, client: symbol) choice-domain firm
chief(f, c) :- works_for(f, c).
.decl loop(a: symbol, b: symbol)
loop(a, b) :- loop(b, a).
loop(a, b) :- contract(a, b), contract(b, a).
.output works_for, idle
";

const CONTRACTS: &str = "\
claim_id,client,firm,from,to,source_id,confidence,stance
c1,x-bureau,x-prime,2019,2020-02-28,s1,confirmed,supports
c2,x-prime,x-sub,2020-03-01,,s2,probable,supports
c3,x-bureau,x-lone,2020-02,,s2,probable,supports
c4,x-bureau,x-lone,,,s3,possible,supports
c5,x-bureau,x-lone,,,s4,possible,disputes
";

/// s3 repeats s2, and s4 itself.
const SOURCES: &str = "\
source_id,publisher,title,published,url,kind,reliability,derived_from
s1,x-registry,Notice,2020,,registry,A,
s2,x-press,Story,2021,,press,B,
s3,x-blog,Copy,2021,,blog,C,s2
s4,x-forum,Rumour,2022,,forum,E,s4
";

fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, contents) in [
        ("rules/a.dl", RULES),
        ("facts/contracts.csv", CONTRACTS),
        ("facts/sources.csv", SOURCES),
        ("facts/firms.facts", "x-prime\nx-sub\nx-lone\nx-idle\n"),
    ] {
        sandbox.file(name, contents);
    }
    sandbox
}

fn ask(arguments: &[&str]) -> Outcome {
    case().run(arguments)
}

const SUB: &str = "works_for(\"x-sub\", \"x-bureau\")";

#[test]
fn nothing_follows_from_what_was_never_true_at_one_time() {
    let query = ["query", "--csv", "works_for(F, \"x-bureau\")"];
    ask(&query).status(0).prints("F\nx-lone\nx-prime\nx-sub\n");
    ask(&[&query[..], &["--time"]].concat())
        .status(0)
        .prints("F\nx-lone\nx-prime\n");
    // 2020 was a leap year: a day lies between the two contracts.
    let why = ask(&["why", SUB]);
    why.shows("DISJOINT: its claims are 2 days apart");
    let why = ask(&["why", "--time", SUB]);
    why.shows("is never true at one time");
    let missing = ask(&["why-not", "--time", SUB]);
    missing.prints(
        "\
works_for(\"x-sub\",\"x-bureau\") does not hold
├─ all of its conditions hold, but never on one day   rules/a.dl:8
│  ├─ ✓ contract(\"x-prime\",\"x-sub\")                   since 2020-03-01
│  ├─ ✓ works_for(\"x-prime\",\"x-bureau\")               2019 … 2020-02-28
│  └─ ✓ firm(\"x-sub\")
└─ one condition fails                                rules/a.dl:6
   ├─ ✓ firm(\"x-sub\")
   └─ ✗ no contract(\"x-bureau\",\"x-sub\")               there is contract(\"x-bureau\",\"x-lone\"), contract(\"x-bureau\",\"x-prime\"), contract(\"x-prime\",\"x-sub\")
there is works_for(\"x-lone\",\"x-bureau\"), works_for(\"x-prime\",\"x-bureau\"), works_for(\"x-sub\",\"x-prime\")
it follows only from what was never true at one time: c1 ended 2020-02-28, c2 began 2020-03-01: 2 days apart
",
    );
    let missing = ask(&["why-not", "--time", "--json", SUB]).json();
    assert_eq!(missing["never_at_once"]["apart"]["gap_days"], 2);
    let held = &missing["near"][0]["never_at_once"][0];
    assert_eq!(held["times"], json!(["since 2020-03-01"]));
    let why = ask(&["why", "--time", "--json", SUB]).json();
    assert_eq!(why["never_at_once"]["apart"]["began"]["claim"], "c2");
    let sandbox = case();
    sandbox.directory("out");
    sandbox.run(&["run", "--time", "-D", "out"]).status(0);
    let rows = sandbox.read("out/works_for.csv");
    assert!(
        !rows.contains("x-sub\tx-bureau") && rows.contains("x-sub\tx-prime"),
        "{rows}"
    );
    ask(&["corroboration", "--time", SUB])
        .status(0)
        .prints("works_for(\"x-sub\",\"x-bureau\") does not hold\n");
}

#[test]
fn strengths_can_be_put_together_otherwise() {
    let strength = |how: &str| {
        let lone = "works_for(\"x-lone\", \"x-bureau\")";
        let why = ask(&["why", "--json", "--strength", how, lone]);
        why.json()["strength"].as_f64().expect("a number")
    };
    // Of the two claims one repeats the other: together they are worth the better one.
    for how in ["min", "product", "probability"] {
        assert!((strength(how) - 0.64).abs() < 1e-9, "{how}");
    }
    let why = ask(&["why", "--strength", "probability", SUB]);
    why.shows("probability 0.64");
    why.shows("Likelihood: likely, if grades are chances");
    why.shows("Confidence: moderate");
    let why = ask(&["why", "--json", "--strength", "product", SUB]);
    assert_eq!(why.json()["strength_by"], json!("product"));
    ask(&["why", "--strength", "sum", SUB])
        .status(2)
        .says("a strength is one of min, product, probability");
}

#[test]
fn every_fact_of_a_proof_has_a_place() {
    let why = ask(&["why", "--json", SUB]);
    let nodes = why.json()["proof"]["nodes"].clone();
    let of = |kind: &str| {
        let nodes = nodes.as_array().expect("nodes");
        nodes
            .iter()
            .find(|node| node["kind"] == kind)
            .cloned()
            .expect("such a node")
    };
    assert_eq!(of("data")["at"]["line"], json!(2));
    assert!(
        of("data")["at"]["file"]
            .as_str()
            .expect("a file")
            .ends_with("firms.facts")
    );
    assert!(
        of("claims")["claims"][0]["file"]
            .as_str()
            .expect("a file")
            .ends_with("contracts.csv")
    );
    assert_eq!(of("derived")["rule"]["file"], json!("rules/a.dl"));
}

#[test]
fn what_was_not_chosen_says_what_was() {
    let why = ask(&["why", "chief(\"x-sub\", \"x-bureau\")"]);
    why.shows("chosen for this firm: chief(\"x-sub\",\"x-prime\") lost to it");
    let missing = ask(&["why-not", "chief(\"x-sub\", \"x-prime\")"]);
    missing.shows("✗ lost to chief(\"x-sub\",\"x-bureau\"), the one that was chosen for this firm");
}

#[test]
fn questions_that_go_wrong_are_answered_plainly() {
    for (arguments, status, said) in [
        (&["why", "works_for(\"x-sub\")"][..], 1, "arity"),
        (&["why", "works_for(\"x-sub\", 3)"], 1, "error"),
        (
            &["why", "work_for(\"x-sub\", \"x-bureau\")"],
            1,
            "did you mean",
        ),
        (
            &["impact", "c9"],
            1,
            "`c9` is no claim, source, rule or file of this case",
        ),
        (
            &["impact", "contract(\"x-bureau\", \"x-prime\")"],
            1,
            "what falls without a fact is told by `what-if`",
        ),
        (
            &["query", "--as-of", "2019-02-29", "works_for(_, _)"],
            2,
            "2019-02 has 28 days",
        ),
        (&["timeline", "works_for("], 1, "error"),
    ] {
        let outcome = ask(arguments);
        let text = outcome.stderr().to_lowercase();
        assert!(
            text.contains(said),
            "{:?}",
            (outcome.stdout(), outcome.stderr())
        );
        outcome.status(status);
    }
    for (arguments, said) in [
        (
            &["why-not", "works_for(\"x-subb\", \"x-bureau\")"][..],
            "did you mean \"x-sub\"?",
        ),
        // An input, one that holds by negation alone, one that only leans on itself.
        (
            &["why", "contract(\"x-bureau\", \"x-prime\")"],
            "As claimed: contract",
        ),
        (
            &["why-not", "contract(\"x-bureau\", \"x-sub\")"],
            "no rule concludes it",
        ),
        (
            &["why", "idle(\"x-idle\")"],
            "no works_for(\"x-idle\",_) among",
        ),
        (&["critical", "idle(\"x-idle\")"], "no claim carries it"),
        (
            &["critical", "works_for(\"x-nobody\", _)"],
            "no conclusion: nothing of this follows",
        ),
        (&["why", "loop(\"x-prime\", \"x-sub\")"], "does not hold"),
        (
            &["why-not", "loop(\"x-prime\", \"x-sub\")"],
            "does not hold",
        ),
        (&["worlds", "works_for(_, _)"], "only if merged: nothing"),
        (
            &["corroboration", "works_for(\"x-lone\", \"x-bureau\")"],
            "s3 repeats s2",
        ),
        (
            &["why", "works_for(\"x-lone\", \"x-bureau\")"],
            "disputed by c5",
        ),
    ] {
        let outcome = ask(arguments);
        outcome.shows(said);
        outcome.status(0);
    }
    // Where nothing is claimed nobody is counted.
    let why = ask(&["why", "idle(\"x-idle\")"]);
    assert!(
        !why.stdout().contains("root"),
        "{:?}",
        (why.stdout(), why.stderr())
    );
}

#[test]
fn near_misses_keep_to_the_width_of_the_prompt() {
    let outcome = case().run_with(
        &["repl"],
        ":why-not works_for(\"x-idle\", \"x-bureau\")\n:why --strength probability works_for(\"x-lone\", \"x-bureau\")\n:lens --time\nworks_for(\"x-sub\", \"x-bureau\")\n",
    );
    outcome.shows("works_for(\"x-idle\",\"x-bureau\") does not hold");
    outcome.shows("Likelihood: likely");
    outcome.shows("counting now: only what was true at one time\nno");
}

/// Of `path(a, c) :- path(a, b), path(b, c)` what is missing is never the path that is asked for.
#[test]
fn what_needs_itself_is_no_way_to_it() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "rules/a.dl",
        "\
.decl road(a: symbol, b: symbol)
road(\"x-a\", \"x-b\"). road(\"x-b\", \"x-c\").
.decl path(a: symbol, b: symbol)
path(a, c) :- path(a, b), path(b, c).
path(a, b) :- road(a, b).
.decl hen(a: symbol)
.decl egg(a: symbol)
hen(a) :- egg(a).
egg(a) :- hen(a).
hen(a) :- road(a, a).
.decl one(a: symbol)
.decl other(a: symbol)
one(a) :- other(a), road(a, _).
other(a) :- one(a).
.output path, hen, one
",
    );
    let missing = sandbox.run(&["why-not", "path(\"x-c\", \"x-a\")"]);
    let text = missing.status(0).stdout();
    assert_eq!(
        text.matches("no path(\"x-c\",\"x-a\")").count(),
        0,
        "{text}"
    );
    assert!(text.contains("✗ no road(\"x-c\",\"x-a\")"), "{text}");
    let missing = sandbox.run(&["why-not", "hen(\"x-a\")"]);
    missing.shows("✗ no road(\"x-a\",\"x-a\")");
    missing.shows("which follows only from what is asked about: a circle");
    let missing = sandbox.run(&["why-not", "--json", "other(\"x-a\")"]).json();
    assert_eq!(missing["near"][0]["failing"][0]["literal"], "one(\"x-a\")");
    assert_eq!(missing["near"][0]["failing"][0]["circular"], true);
}

#[test]
fn impact_lists_what_stays_for_another_reason() {
    let impact = ask(&["impact", "c3"]);
    impact.status(0).shows(
        "claim c3 (1 claim): 3 facts depend on it, 0 fall without it\n\
         \x20 relation    depend   fall\n\
         \x20 chief            1      0\n\
         \x20 contract         1      0\n\
         \x20 works_for        1      0\n\
         there are other ways to what else depends on it:\n\
         \x20= chief(\"x-lone\",\"x-bureau\")\n\
         \x20= contract(\"x-bureau\",\"x-lone\")\n\
         \x20= works_for(\"x-lone\",\"x-bureau\")\n",
    );
}
