//! Explanations from outside: conclusions with very many derivations, names that other formats would trip over, and
//! what a near miss says of totals and of claims that do not count.

mod support;

use std::fmt::Write;
use support::Sandbox;

const RULES: &str = "\
.decl hires(a: symbol, b: symbol)
.input hires(IO=claims, filename=\"hires.csv\")
.decl reached(b: symbol)
.output reached
@[say = \"{b} is reached\"]
reached(b) :- hires(\"x-bureau\", b).
reached(c) :- reached(b), hires(b, c).
.decl firms(a: symbol, n: number)
firms(a, n) :- hires(a, _), n = count : { hires(a, _) }.
";

/// From the bureau to one prime, and from there through layers of three firms.
fn layers(count: usize) -> Sandbox {
    let mut claims = "claim_id,a,b,source_id,confidence\nk0,x-bureau,x-0,s1,confirmed\n".to_owned();
    for layer in 0..count {
        for way in 0..3 {
            let next = layer + 1;
            let _ = writeln!(
                claims,
                "in{layer}-{way},x-{layer},x-{layer}-{way},s{way},probable"
            );
            let _ = writeln!(
                claims,
                "out{layer}-{way},x-{layer}-{way},x-{next},s{way},probable"
            );
        }
    }
    let sandbox = Sandbox::new();
    sandbox.file("rules/a.dl", RULES);
    sandbox.file("facts/hires.csv", claims);
    sandbox.file(
        "facts/sources.csv",
        "source_id,published,reliability\ns0,2019,A\ns1,2020,B\ns2,2021,C\n",
    );
    sandbox
}

#[test]
fn supports_are_counted_where_they_are_too_many_to_list() {
    let case = layers(30);
    let why = case.run(&["why", "reached(\"x-30\")"]);
    why.shows("first 100 of 205891132094649 minimal supports");
    let few = case.run(&["why", "--limit", "2", "--json", "reached(\"x-2\")"]);
    let few: serde_json::Value = serde_json::from_str(&few.stdout()).expect("JSON");
    assert_eq!(few["complete"], false);
    assert_eq!(few["total"], 9);
    assert_eq!(few["supports"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_small_budget_still_gives_a_support_and_the_single_points_of_failure() {
    let case = layers(30);
    let little = ["--max-rows", "600"];
    let why = case.run(&[&["why", "--verify"], &little[..], &["reached(\"x-30\")"]].concat());
    why.shows("not all derivations were looked at");
    why.shows("the proof was checked step by step: it is sound");
    why.shows("weakest link");
    let critical = case.run(&[&["critical"], &little[..], &["reached(\"x-30\")"]].concat());
    critical.shows("hangs on the single claim k0\n");
    critical.shows("hangs on the single source s1\n");
    critical.shows("NOT ALL CUTS: those of one are all here, larger ones there may be more");
    // The same by the whole graph.
    let whole = case.run(&["critical", "--size", "1", "--json", "reached(\"x-30\")"]);
    let whole: serde_json::Value = serde_json::from_str(&whole.stdout()).expect("JSON");
    assert_eq!(whole[0]["claim_cuts"], serde_json::json!([["k0"]]));
    assert_eq!(whole[0]["single_complete"], true);
    assert_eq!(whole[0]["complete"], true);
}

#[test]
fn a_near_miss_says_what_a_total_is_and_which_claims_do_not_count() {
    let case = layers(1);
    let total = case.run(&["why-not", "firms(\"x-0\", 2)"]);
    total.shows("✗ count = 2 is false: it is 3");
    let early = case.run(&["why-not", "--known-by", "2020", "reached(\"x-0-2\")"]);
    early.shows("stated by in0-2, which does not count here");
    assert!(
        !early.stdout().contains("nothing is called"),
        "{}",
        early.stdout()
    );
    let weak = case.run(&[
        "why-not",
        "--json",
        "--min-reliability",
        "A",
        "reached(\"x-0\")",
    ]);
    let weak: serde_json::Value = serde_json::from_str(&weak.stdout()).expect("JSON");
    assert_eq!(
        weak["near"][0]["failing"][0]["set_aside"],
        serde_json::json!(["k0"])
    );
}

/// Quotes, brackets, entities, comments and line ends of every format that proofs are written in.
const HOSTILE: &str = "x-\"<b>&amp;#59;]-->|`%%{};\\n";

#[test]
fn names_cannot_break_out_of_a_graph() {
    let case = Sandbox::new();
    case.file("rules/a.dl", RULES);
    let name = HOSTILE.replace('"', "\"\"");
    case.file(
        "facts/hires.csv",
        format!("claim_id,a,b\nk1,x-bureau,\"{name}\"\nk2,\"{name}\",x-end\n"),
    );
    let question = "reached(\"x-end\")";
    let json = case.run(&["why", "--json", "--verify", question]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout()).expect("JSON");
    assert_eq!(json["verified"], true);
    let say = json["proof"]["nodes"][1]["say"].as_str();
    assert_eq!(say, Some(&*format!("{HOSTILE} is reached")));
    let mermaid = case.run(&["why", "--as", "mermaid", question]);
    for line in mermaid.stdout().lines().skip(1) {
        let mut quoted = line.split('"');
        let (before, label, after) = (quoted.next(), quoted.next(), quoted.next());
        assert_eq!(quoted.next(), None, "{line}");
        if let (Some(before), Some(label), Some(after)) = (before, label, after) {
            assert!(
                matches!(
                    (before.chars().last(), after),
                    (Some('['), "]") | (Some('('), ")")
                ),
                "{line}"
            );
            let plain = label.replace("<br/>", "").replace("#35;", "");
            assert!(!plain.contains(['<', '#']), "{line}");
        } else {
            assert!(line.contains(" --> "), "{line}");
        }
    }
    for (format, comment) in [("dot", "// "), ("mermaid", "%% "), ("prose", "")] {
        case.run(&["why", "--verify", "--as", format, question])
            .status(0)
            .shows(&format!(
                "\n{comment}the proof was checked step by step: it is sound\n"
            ));
    }
    let dot = case.run(&["why", "--as", "dot", question]);
    for line in dot.stdout().lines().filter(|line| line.contains("label=")) {
        // A quote ends the label only without an odd number of backslashes before it.
        let label = line.split_once("label=\"").map_or("", |(_, label)| label);
        let mut escaped = false;
        let end = label.chars().position(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let rest: String = label.chars().skip(end.map_or(0, |end| end + 1)).collect();
        assert!(matches!(&*rest, "];" | ", style=rounded];"), "{line}");
    }
}
