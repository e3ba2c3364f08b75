//! What a conclusion hangs on, where the obvious withdrawal does not end it and where no single report tells.

mod support;

use serde_json::json;
use support::Sandbox;

const RULES: &str = "\
.decl placed(unit: symbol, superior: symbol)
.input placed(IO=claims, filename=\"placed.csv\")
.decl unit(id: symbol)
unit(\"x-unit\"). unit(\"x-lone\").
.decl under(unit: symbol, superior: symbol)
under(u, s) :- placed(u, s).
under(u, \"x-army\") :- unit(u), !placed(u, _).
.output under
";

/// p1 says of x-unit what the rule says of units that nobody places; x-firm is told by two reports of one.
const PLACED: &str = "\
claim_id,unit,superior,source_id,confidence
p1,x-unit,x-army,s1,confirmed
p2,x-firm,x-bureau,s2,probable
p3,x-firm,x-bureau,s3,probable
p4,x-office,x-bureau,s1,confirmed
";

const SOURCES: &str = "\
source_id,publisher,title,published,url,kind,reliability,derived_from
s0,x-vendor,Report,2019,,vendor_report,B,
s1,x-registry,Notice,2020,,register,A,
s2,x-press,Story,2021,,news,B,s0
s3,x-blog,Copy,2021,,blog,C,s0
";

fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("rules/a.dl", RULES);
    sandbox.file("facts/placed.csv", PLACED);
    sandbox.file("facts/sources.csv", SOURCES);
    sandbox
}

#[test]
fn what_follows_otherwise_without_a_claim_does_not_hang_on_it() {
    let case = case();
    let asked = case.run(&["critical", "under(\"x-unit\", \"x-army\")"]);
    asked.prints(
        "\
under(\"x-unit\",\"x-army\")
does not end without p1: it follows otherwise then
does not end without s1: it follows otherwise then
",
    );
    let asked = case.run(&["critical", "--json", "under(\"x-unit\", \"x-army\")"]);
    let cuts = asked.json()[0].clone();
    assert_eq!(cuts["claim_cuts"], json!([]));
    assert_eq!(cuts["source_cuts"], json!([]));
    assert_eq!(cuts["not_enough"], json!([["p1"], ["s1"]]));
    // Neither is it among the single points of failure of the case; what does end is.
    let all = case.run(&["critical", "--json"]).json();
    let of = |fact: &str| {
        let all = all.as_array().unwrap();
        all.iter().find(|one| one["fact"] == fact).unwrap().clone()
    };
    assert_eq!(of("under(\"x-unit\",\"x-army\")")["claim_cuts"], json!([]));
    let office = of("under(\"x-office\",\"x-bureau\")");
    assert_eq!(office["claim_cuts"], json!([["p4"]]));
    assert_eq!(office.get("not_enough"), None);
}

#[test]
fn rejecting_offers_no_way_that_does_not_end_it() {
    let asked = case().run(&["reject", "under(\"x-unit\", \"x-army\")"]);
    asked
        .status(1)
        .says("under(\"x-unit\",\"x-army\") follows otherwise without p1");
    let asked = case().run(&["reject", "under(\"x-office\", \"x-bureau\")"]);
    asked.status(0).shows("reject p4");
}

#[test]
fn reports_of_one_origin_are_one_point_of_failure() {
    let case = case();
    let asked = case.run(&["critical", "under(\"x-firm\", \"x-bureau\")"]);
    asked.prints(
        "\
under(\"x-firm\",\"x-bureau\")
hangs on no single claim
  ends without {p2, p3}
hangs on the single origin s0, told by s2, s3
  ends without {s2, s3}
",
    );
    let asked = case.run(&["critical", "--relation", "under"]);
    asked.shows("1 hang on a single origin that several reports repeat\n  s0  ");
    let asked = case.run(&["critical", "--json", "under(\"x-firm\", \"x-bureau\")"]);
    let origins = json!([{"source": "s0", "told_by": ["s2", "s3"]}]);
    assert_eq!(asked.json()[0]["origins"], origins);
    // As withdrawing it says.
    let without = case.run(&["what-if", "--json", "--without-source", "s0"]);
    let fell = without.json()["fell"].to_string();
    assert!(fell.contains("x-firm"), "{fell}");
    // The origin of a single source is no news.
    let asked = case.run(&["critical", "--json", "under(\"x-office\", \"x-bureau\")"]);
    assert_eq!(asked.json()[0]["source_cuts"], json!([["s1"]]));
    assert_eq!(asked.json()[0].get("origins"), None);
}

#[test]
fn what_nobody_states_says_what_it_needs_to_be_absent() {
    let asked = case().run(&["critical", "under(\"x-lone\", \"x-army\")"]);
    asked.shows("no claim carries it: it holds as long as no placed(\"x-lone\",_)");
}

#[test]
fn what_keeps_something_absent_is_hung_on_too() {
    let case = case();
    case.file(
        "rules/b.dl",
        "\
.decl cleared(unit: symbol)
.decl open_question(unit: symbol)
cleared(u) :- unit(u), !placed(u, _).
open_question(u) :- unit(u), !cleared(u).
open_question(u) :- placed(u, _), !unit(u).
.output open_question
",
    );
    // No derivation uses p1: without it x-unit is cleared.
    let asked = case.run(&["critical", "--json", "open_question(\"x-unit\")"]);
    let of_unit = asked.json()[0].clone();
    assert_eq!(of_unit["claim_cuts"], json!([["p1"]]));
    assert_eq!(of_unit["source_cuts"], json!([["s1"]]));
    assert_eq!(of_unit["single_complete"], json!(true));
    let without = case.run(&["what-if", "--json", "--without-claim", "p1"]);
    let fell = without.json()["fell"].to_string();
    assert!(fell.contains("open_question"), "{fell}");
    let all = case.run(&["critical"]);
    all.shows("p1").shows("open_question(\"x-unit\")");
    case.run(&["reject", "open_question(\"x-unit\")"])
        .status(0)
        .shows("reject p1");
}

#[test]
fn two_hypotheses_may_withdraw_the_same() {
    let case = case();
    case.file(
        "rules/hypotheses/h.dl",
        "\
.hypothesis one \"no notice\" {
    .goal under(\"x-office\", \"x-bureau\")
    - placed(\"x-office\", \"x-bureau\").
}
.hypothesis two \"nobody places anybody\" {
    .goal under(\"x-office\", \"x-bureau\")
    - placed(\"x-office\", _).
}
",
    );
    let asked = case.run(&["query", "under(\"x-office\", S)", "-H", "one", "-H", "two"]);
    asked
        .status(0)
        .says("placed(\"x-office\",_) is withdrawn already: there is nothing to withdraw");
}

#[test]
fn what_would_have_to_go_instead_really_ends_it() {
    let asked = case().run(&["what-if", "-under(\"x-office\", \"x-bureau\")"]);
    asked.status(1).says("what would have to go instead: p4");
    let asked = case().run(&["what-if", "-under(\"x-unit\", \"x-army\")"]);
    asked
        .status(1)
        .says("is derived: it cannot be withdrawn by itself");
    assert!(!asked.stderr().contains("p1"), "{}", asked.stderr());
}

#[test]
fn conclusions_are_ranked_by_the_roots_that_carry_them() {
    let case = case();
    let asked = case.run(&["corroboration", "under(_, _)"]);
    asked.prints(
        "\
roots  sources  conclusion, the least corroborated first
    0        0  under(\"x-lone\",\"x-army\")       nobody's claim
    1        2  under(\"x-firm\",\"x-bureau\")     every support needs s0
    1        1  under(\"x-office\",\"x-bureau\")   every support needs s1
    1        1  under(\"x-unit\",\"x-army\")       every support needs s1
",
    );
    let one = case.run(&["corroboration", "--json", "under(\"x-firm\", \"x-bureau\")"]);
    let many = case.run(&["corroboration", "--json", "under(\"x-firm\", _)"]);
    assert_eq!(json!([one.json()]), many.json());
    assert_eq!(one.json()["root_sets"], json!([["s0"]]));
    let none = case.run(&["corroboration", "under(\"x-registry\", _)"]);
    none.prints("no conclusion: nothing of this follows\n");
}

#[test]
fn a_cut_has_one_claim_at_least() {
    let case = case();
    let asked = case.run(&["critical", "--size", "0", "under(_, _)"]);
    asked.status(2).says("--size");
}

#[test]
fn what_stands_in_a_file_does_not_move_the_cursor() {
    let case = case();
    let placed = format!("{PLACED}p5\u{1b}[2J,x-\u{7}ship,x-navy,s\u{1b}[31m4,confirmed\n");
    let sources = format!("{SOURCES}s\u{1b}[31m4,x-press,Story,2021,,\u{1b}[8mnews,B,\n");
    case.file("facts/placed.csv", &placed);
    case.file("facts/sources.csv", &sources);
    let fact = "under(_, \"x-navy\")";
    for command in [
        &["why", fact][..],
        &["why", "--all", fact],
        &["why", "--as", "mermaid", fact],
        &["corroboration", fact],
        &["critical", fact],
        &["timeline", fact],
        &["impact", "p4"],
        &["what-if", "--without-claim", "p5\u{1b}[2J"],
        &["query", fact],
    ] {
        let asked = case.run(command);
        asked.status(0);
        let is_hidden = |c: char| c.is_control() && c != '\n';
        let shown = asked.stdout();
        assert!(!shown.contains(is_hidden), "{command:?}: {shown:?}");
    }
}

/// What is kept is dominated by what follows from it, and deleted.
#[test]
fn what_was_derived_from_a_deleted_row_has_no_support_and_no_cut() {
    let sandbox = Sandbox::new();
    let rules = "\
.decl seen(x: symbol, y: symbol)
.input seen(IO=claims, filename=\"seen.csv\")
.decl kept(x: symbol, y: symbol)
.decl linked(x: symbol, y: symbol)
kept(x, y) :- linked(x, y).
kept(x, y) <= kept(x, z) :- y < z.
linked(x, y) :- seen(x, y).
linked(x, x) :- seen(x, y), linked(y, x).
linked(y, x) :- kept(x, y).
.output linked
";
    sandbox.file("rules/a.dl", rules);
    sandbox.file("facts/seen.csv", "claim_id,x,y,source_id\nk0,x-z,x-w,s1\n");
    sandbox.file("facts/sources.csv", SOURCES);
    let fact = "linked(\"x-w\", \"x-z\")";
    sandbox.run(&["query", fact]).shows("yes");
    let why = sandbox.run(&["why", fact]);
    why.status(0)
        .shows("NO SUPPORT FOUND: a row that it was derived from is dominated by now");
    sandbox
        .run(&["why", "--verify", fact])
        .status(1)
        .shows("NOT SOUND");
    let cuts = sandbox.run(&["critical", "--json", fact]).json()[0].clone();
    assert_eq!(cuts["claim_cuts"], json!([]));
    assert_eq!(cuts["source_cuts"], json!([]));
    assert_eq!(cuts["complete"], json!(false));
}

/// Without the echo another rule derives it, without both none does.
#[test]
fn an_origin_ends_what_its_echo_alone_does_not() {
    let sandbox = Sandbox::new();
    let rules = "\
.decl p(x: symbol)
.input p(IO=claims, filename=\"p.csv\")
.decl q(x: symbol)
.input q(IO=claims, filename=\"q.csv\")
.decl n(x: symbol)
.input n(IO=claims, filename=\"n.csv\")
.decl concl(x: symbol)
concl(X) :- p(X).
concl(X) :- q(X), !n(X).
.output concl
";
    sandbox.file("rules/a.dl", rules);
    sandbox.file("facts/p.csv", "claim_id,x,source_id\nk1,x-a,x-echo\n");
    sandbox.file("facts/q.csv", "claim_id,x,source_id\nk2,x-a,x-origin\n");
    sandbox.file("facts/n.csv", "claim_id,x,source_id\nk3,x-a,x-echo\n");
    let sources =
        "source_id,published,reliability,derived_from\nx-origin,2019,A,\nx-echo,2020,A,x-origin\n";
    sandbox.file("facts/sources.csv", sources);
    let fact = "concl(\"x-a\")";
    sandbox
        .run(&["what-if", "--without-source", "x-origin"])
        .shows("- concl(\"x-a\")");
    let cuts = sandbox.run(&["critical", "--json", fact]).json()[0].clone();
    assert!(cuts["origins"].to_string().contains("x-origin"), "{cuts}");
    sandbox
        .run(&["critical", fact])
        .shows("hangs on the single origin x-origin");
}

/// Beside a choice nothing is followed as a history: parts of cuts are followed one by one.
#[test]
fn a_cut_is_minimal_where_one_of_its_claims_ends_the_conclusion_by_what_it_kept_away() {
    let sandbox = Sandbox::new();
    let claim = |id: &str, source: &str| format!("claim_id,x,source_id\n{id},x-a,{source}\n");
    sandbox
        .file(
            "rules/a.dl",
            "\
.decl p, q, u, kept, r(x: symbol)
.input p(IO=claims, filename=\"p.csv\")
.input q(IO=claims, filename=\"q.csv\")
.input u(IO=claims, filename=\"u.csv\")
.decl chosen(x: symbol, y: symbol) choice-domain x
kept(x) :- q(x), !p(x).
chosen(\"x-k\", x) :- u(x).
r(x) :- chosen(_, x), p(x).
r(x) :- u(x), q(_), !kept(_).
.output r
",
        )
        .file("facts/p.csv", claim("k1", "s1"))
        .file("facts/q.csv", claim("k2", "s1"))
        .file("facts/u.csv", claim("k3", "s2"))
        .file(
            "facts/sources.csv",
            "source_id,published,reliability\ns1,2019,A\ns2,2019,A\n",
        );
    let found = sandbox
        .run(&["critical", "r(\"x-a\")", "--json"])
        .status(0)
        .json();
    assert_eq!(found[0]["claim_cuts"], json!([["k3"], ["k1"]]));
    assert_eq!(found[0]["complete"], false);
}
