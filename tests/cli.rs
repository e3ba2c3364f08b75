//! The command line from outside: statuses, streams, files.

mod support;

use serde_json::json;
use support::Sandbox;

const PATHS: &str = "\
.decl edge(from: symbol, to: symbol)
.input edge
.decl path(from: symbol, to: symbol)
.output path
.printsize path
path(A, B) :- edge(A, B).
path(A, C) :- path(A, B), edge(B, C).
";

/// `PATHS` over three edges, in Soufflé's layout.
fn paths() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file("paths.dl", PATHS)
        .file("facts/edge.facts", "x-a\tx-b\nx-b\tx-c\n")
        .directory("out");
    sandbox
}

/// A case as it ships: `rules`, `facts`, claims with sources.
fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .file(
            "rules/1-contracts.dl",
            "\
/// Who was contracted by whom.
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
",
        )
        .file(
            "rules/2-work.dl",
            "\
.decl works_for(firm: symbol, client: symbol)
.output works_for
@[say = \"{F} works for {C} under a contract\"]
works_for(F, C) :- contract(C, F).
works_for(F, C) :- contract(M, F), works_for(M, C).
",
        )
        .file(
            "facts/contracts.csv",
            "claim_id,client,firm,source_id,confidence\n\
             c1,x-bureau,x-prime,s1,confirmed\n\
             c2,x-prime,x-sub,s2,probable\n",
        )
        .file(
            "facts/sources.csv",
            "source_id,publisher,title,published,url,kind,reliability,derived_from\n\
             s1,x-registry,Notice,2020-01-02,,registry,B,\n\
             s2,x-press,Story,2021-03,,press,C,\n",
        );
    sandbox
}

#[test]
fn run_is_a_drop_in_for_souffle() {
    let sandbox = paths();
    let outcome = sandbox.run(&["run", "paths.dl", "-F", "facts", "-D", "out", "-j", "2"]);
    outcome.status(0).prints("path\t3\n");
    assert_eq!(
        sandbox.read("out/path.csv"),
        "x-a\tx-b\nx-a\tx-c\nx-b\tx-c\n"
    );
}

#[test]
fn run_ends_with_one_line() {
    let outcome = paths().run(&["run", "paths.dl", "-F", "facts", "-D", "out"]);
    outcome.status(0);
    let stderr = outcome.stderr();
    if stderr.lines().count() != 1 || !stderr.starts_with("2 facts read, 3 rows derived in ") {
        outcome.fail("one line on standard error expected");
    }
}

#[test]
fn run_writes_to_standard_output_with_headers() {
    let outcome = paths().run(&["run", "paths.dl", "-F", "facts", "-D", "-"]);
    outcome.status(0).prints(
        "---------------\npath\nfrom\tto\n===============\nx-a\tx-b\nx-a\tx-c\nx-b\tx-c\n===============\npath\t3\n",
    );
}

#[test]
fn run_gives_its_summary_as_json() {
    let outcome = paths().run(&["run", "paths.dl", "-F", "facts", "-D", "out", "--json"]);
    let summary = outcome.status(0).json();
    assert_eq!(summary["facts"], json!(2));
    assert_eq!(summary["derived"], json!(3));
    assert_eq!(summary["outputs"], json!({"path": 3}));
    assert_eq!(summary["sizes"], json!({"path": 3}));
    assert_eq!(summary["violations"], json!([]));
    assert_eq!(summary["warnings"], json!([]));
    assert!(summary["seconds"].is_f64() && summary["rounds"].is_u64());
}

#[test]
fn facts_in_rule_text_are_facts_and_count_once() {
    let sandbox = paths();
    sandbox.file(
        "more.dl",
        "edge(\"x-a\", \"x-b\"). edge(\"x-c\", \"x-d\").\npath(\"x-c\", \"x-d\").\n",
    );
    sandbox
        .run(&["run", "paths.dl", "more.dl", "-F", "facts", "-D", "out"])
        .status(0)
        .prints("path\t6\n")
        .says("4 facts read, 5 rows derived in ");
}

#[test]
fn a_claim_read_twice_is_one_claim_and_sources_are_those_it_names() {
    let sandbox = case();
    sandbox
        .file(
            "rules/3-clients.dl",
            ".decl client(client: symbol)\n.input client(IO=claims, filename=\"contracts.csv\")\n",
        )
        .file(
            "facts/sources.csv",
            "source_id,publisher,reliability\ns1,x-registry,B\ns2,x-press,C\ns3,x-silent,C\n",
        )
        .directory("out");
    sandbox
        .run(&["run", "-D", "out"])
        .status(0)
        .says("2 facts read, 3 rows derived in ");
    let none: &[&str] = &[];
    sandbox
        .run_with(none, ":reload\n")
        .status(0)
        .shows("3 rule packs, 2 rules  ·  2 claims from 2 sources, 2 facts  ·  ready in ");
}

#[test]
fn a_run_answers_the_questions_of_the_program_after_its_outputs() {
    let sandbox = paths();
    sandbox.file(
        "ask.dl",
        "?- path(\"x-a\",\n    X).\n?- path(\"x-a\", \"x-c\").\n?- path(X, X).\n",
    );
    let run = ["run", "paths.dl", "ask.dl", "-F", "facts", "-D", "out"];
    sandbox.run(&run).status(0).prints(
        "path\t3\n?- path(\"x-a\", X).\n X\n x-b\n x-c\n?- path(\"x-a\", \"x-c\").\nyes\n?- path(X, X).\nno rows\n",
    );
    let summary = sandbox
        .run(&[&run[..], &["--json"]].concat())
        .status(0)
        .json();
    assert_eq!(
        summary["queries"][0],
        json!({"query": "path(\"x-a\", X)", "at": "ask.dl:1:4", "columns": ["X"], "rows": [["x-b"], ["x-c"]]})
    );
    assert_eq!(summary["queries"][1]["rows"], json!([[]]));
}

#[test]
fn without_a_program_the_rules_of_the_case_are_one_program() {
    let sandbox = case();
    sandbox.directory("out");
    sandbox.run(&["run", "-D", "out"]).status(0);
    assert_eq!(
        sandbox.read("out/works_for.csv"),
        "x-prime\tx-bureau\nx-sub\tx-bureau\nx-sub\tx-prime\n"
    );
}

#[test]
fn another_case_is_named_with_c() {
    let sandbox = case();
    let outer = Sandbox::new();
    let directory = sandbox.path().to_str().expect("a plain path");
    outer
        .run(&[
            "-C",
            directory,
            "query",
            "--csv",
            "works_for(F, \"x-bureau\")",
        ])
        .status(0)
        .prints("F\nx-prime\nx-sub\n");
}

#[test]
fn query_answers_as_table_csv_and_json() {
    let sandbox = case();
    let query = "works_for(F, C), C != \"x-prime\"";
    sandbox
        .run(&["query", query])
        .status(0)
        .prints(" F        C\n x-prime  x-bureau\n x-sub    x-bureau\n")
        .says("2 rows in ");
    sandbox
        .run(&["query", "--csv", query])
        .status(0)
        .prints("F,C\nx-prime,x-bureau\nx-sub,x-bureau\n");
    sandbox.run(&["query", "--json", query]).status(0).prints(
        "{\"columns\":[\"F\",\"C\"],\"rows\":[[\"x-prime\",\"x-bureau\"],[\"x-sub\",\"x-bureau\"]]}\n",
    );
}

#[test]
fn a_query_without_variables_is_answered_with_yes_or_no() {
    let sandbox = case();
    let yes = "works_for(\"x-sub\", \"x-bureau\")";
    let no = "works_for(\"x-bureau\", \"x-sub\")";
    sandbox.run(&["query", yes]).status(0).prints("yes\n");
    sandbox.run(&["query", no]).status(0).prints("no\n");
    sandbox
        .run(&["query", "--csv", yes])
        .status(0)
        .prints("holds\ntrue\n");
    sandbox
        .run(&["query", "--json", yes])
        .status(0)
        .prints("{\"columns\":[],\"rows\":[[]]}\n");
    sandbox
        .run(&["query", "--json", no])
        .status(0)
        .prints("{\"columns\":[],\"rows\":[]}\n");
}

#[test]
fn values_keep_their_type_in_json_and_their_quotes_in_csv() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "p.dl",
        r#"
.type Pair = [a: number, b: symbol]
.decl v(n: number, u: unsigned, f: float, s: symbol, p: Pair)
v(-1, 18446744073709551615, 0.5, "a \"q\", b", [1, "x"]).
v(2, 0, 1.0, "", nil).
"#,
    );
    sandbox
        .run(&["query", "--json", "v(N, U, F, S, P)", "p.dl"])
        .status(0)
        .prints(concat!(
            r#"{"columns":["N","U","F","S","P"],"rows":["#,
            r#"[-1,18446744073709551615,0.5,"a \"q\", b",[1,"x"]],[2,0,1.0,"",null]]}"#,
            "\n"
        ));
    sandbox
        .run(&["query", "--csv", "v(N, U, F, S, P)", "p.dl"])
        .status(0)
        .prints(concat!(
            "N,U,F,S,P\n",
            "-1,18446744073709551615,0.5,\"a \"\"q\"\", b\",\"[1, x]\"\n",
            "2,0,1,,nil\n"
        ));
}

#[test]
fn why_goes_down_to_claims_with_their_place() {
    let sandbox = case();
    let outcome = sandbox.run(&["why", "works_for(\"x-sub\", \"x-bureau\")"]);
    outcome
        .status(0)
        .shows("c1")
        .shows("c2")
        .shows("contracts.csv:2")
        .shows("2-work.dl:5");
    let proof = sandbox
        .run(&["why", "--json", "works_for(\"x-sub\", \"x-bureau\")."])
        .status(0)
        .json();
    assert_eq!(proof["fact"], json!("works_for(\"x-sub\",\"x-bureau\")"));
    assert_eq!(proof["holds"], json!(true));
    assert_eq!(proof["proof"]["nodes"][0]["kind"], json!("derived"));
}

#[test]
fn why_says_when_a_fact_does_not_hold() {
    let sandbox = case();
    sandbox
        .run(&["why", "works_for(\"x-bureau\", \"x-sub\")"])
        .status(0)
        .prints(
            "works_for(\"x-bureau\",\"x-sub\") does not hold   (`why-not` tells what was nearest)\n",
        );
    let proof = sandbox
        .run(&["why", "--json", "works_for(\"x-bureau\", \"x-sub\")"])
        .status(0)
        .json();
    assert_eq!(proof["holds"], json!(false));
    assert_eq!(proof["proof"], json!(null));
}

#[test]
fn why_speaks_for_claims_and_names_the_lines_of_plain_facts() {
    let sandbox = case();
    sandbox
        .file(
            "rules/3-firms.dl",
            ".decl kind(x: symbol, kind: symbol)\n.input kind(filename=\"kinds.csv\", headers=true, delimiter=\",\")\n\
             .decl prime(x: symbol)\nprime(F) :- works_for(F, C), kind(C, \"bureau\"), kind(F, K), K != \"bureau\".\n",
        )
        .file("facts/kinds.csv", "x,kind\nx-bureau,bureau\nx-prime,firm\n");
    sandbox
        .run(&["why", "prime(\"x-prime\")"])
        .status(0)
        .shows("By these claims and rules: prime(\"x-prime\")   rules/3-firms.dl:4\n")
        .shows("kind(\"x-bureau\",\"bureau\")           facts/kinds.csv:2\n")
        .shows("kind(\"x-prime\",\"firm\")              facts/kinds.csv:3\n");
    let full = sandbox.run(&["why", "--full", "prime(\"x-prime\")"]);
    full.status(0).shows("\"firm\" != \"bureau\"");
    sandbox
        .run(&["why", "contract(\"x-bureau\", \"x-prime\")"])
        .status(0)
        .shows("As claimed: contract(");
}

#[test]
fn why_with_variables_proves_the_first_fact_and_names_the_others() {
    let sandbox = case();
    sandbox
        .run(&["why", "works_for(F, C)"])
        .status(0)
        .shows("x-prime works for x-bureau under a contract")
        .shows("this is the first of 3; ask likewise for works_for(\"x-sub\",\"x-bureau\"), works_for(\"x-sub\",\"x-prime\")\n");
    let proof = sandbox
        .run(&["why", "--json", "works_for(\"x-sub\", _)"])
        .status(0)
        .json();
    assert_eq!(proof["fact"], json!("works_for(\"x-sub\",\"x-bureau\")"));
    assert_eq!(proof["others"], json!(["works_for(\"x-sub\",\"x-prime\")"]));
    sandbox
        .run(&["why", "works_for(X, X)"])
        .status(0)
        .prints("works_for(X, X) does not hold   (`why-not` tells what was nearest)\n");
}

#[test]
fn why_takes_one_fact() {
    let sandbox = case();
    for (fact, reason) in [
        ("works_for(F + \"a\", \"x-bureau\")", "F"),
        ("works_for(\"a\")", "works_for"),
        ("work_for(\"a\", \"b\")", "works_for"),
        (
            "works_for(\"a\", \"b\"), works_for(\"b\", \"c\")",
            "not a fact",
        ),
        ("works_for(1, \"b\")", "symbol"),
        ("", "syntax error"),
    ] {
        sandbox.run(&["why", fact]).status(1).says(reason);
    }
}

#[test]
fn a_violated_constraint_is_reported_with_its_rows() {
    let sandbox = case();
    sandbox
        .file(
            "rules/3-check.dl",
            ":- works_for(F, C),\n   C = \"x-bureau\".\n",
        )
        .directory("out");
    sandbox
        .run(&["run", "-D", "out"])
        .status(3)
        .says("constraint violated by 2 rows: :- works_for(F, C), C = \"x-bureau\".")
        .says("3-check.dl:1:1")
        .says(" x-sub    x-bureau");
    let summary = sandbox
        .run(&["run", "-D", "out", "--json"])
        .status(3)
        .json();
    assert_eq!(summary["violations"][0]["columns"], json!(["F", "C"]));
    assert_eq!(
        summary["violations"][0]["rows"],
        json!([["x-prime", "x-bureau"], ["x-sub", "x-bureau"]])
    );
}

/// A product of 10^15 rows, in one round: nobody may wait for its end.
const PRODUCT: &str = ".decl n(x: number)
n(x) :- x = range(0, 100000).
.decl out(x: number, y: number, z: number)
out(x, y, z) :- n(x), n(y), n(z).
.output out
";

/// Matches of 40,000 rows with as many in a round, 1.6 billion, that come in no order: they are gathered before they are
/// sorted.
const MATCHES: &str = ".decl r(x: number, k: number)
r(x, x % 1) :- x = range(0, 40000).
.decl out(y: number, k: number, x: number)
out(y, k, x) :- r(x, k), r(y, k).
.output out
";

#[test]
fn memory_time_and_rows_are_watched_inside_a_round() {
    for (limit, reason) in [
        (["--memory", "64M"], "too much memory"),
        (["--max-rows", "300000"], "too many rows"),
        (["--timeout", "300ms"], "the time is up"),
    ] {
        for (program, jobs) in [
            (PRODUCT, "1"),
            (PRODUCT, "2"),
            (MATCHES, "1"),
            (MATCHES, "2"),
        ] {
            let sandbox = Sandbox::new();
            sandbox.file("prog.dl", program);
            let outcome = sandbox.run(&["run", "prog.dl", "-j", jobs, limit[0], limit[1]]);
            outcome
                .status(4)
                .says(&format!("stopped: {reason}; `out` is incomplete at "))
                .says(" rows, in the rule at prog.dl:4:1");
            assert_eq!(sandbox.list("."), ["prog.dl"], "nothing is written");
        }
    }
}

#[test]
fn a_query_is_held_to_the_memory_and_to_the_time_and_says_which_it_was() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "prog.dl",
        ".decl n(x: number)\nn(x) :- x = range(0, 100000).\n",
    );
    let query = "n(X),\n  n(Y), n(Z)";
    sandbox
        .run(&["query", query, "prog.dl", "--memory", "64M"])
        .status(4)
        .says("stopped: too much memory while `n(X), n(Y), n(Z)` was answered, at ");
    sandbox
        .run(&["query", query, "prog.dl", "--timeout", "300ms"])
        .status(4)
        .says("stopped: the time is up while `n(X), n(Y), n(Z)` was answered, at ");
    let outcome = sandbox.run(&["query", query, "prog.dl", "--memory", "64M", "--json"]);
    let stopped = outcome.status(4).json()["stopped"].clone();
    assert_eq!(stopped["query"], json!("n(X), n(Y), n(Z)"));
    assert!(stopped["rows"].as_u64() > Some(0), "{stopped}");
}

#[test]
fn a_limit_hit_between_rounds_names_the_rule_that_brought_most() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "prog.dl",
        ".decl n(x: number)\nn(0).\nn(x + 1) :- n(x).\nn(x + 2) :- n(x), x < 0.\n",
    );
    sandbox
        .run(&["run", "prog.dl", "--max-rounds", "20"])
        .status(4)
        .says("stopped: too many rounds; `n` is incomplete at 22 rows, in the rule at prog.dl:3:1");
}

#[test]
fn an_exhausted_budget_ends_with_status_4_and_writes_nothing() {
    let sandbox = paths();
    sandbox.file(
        "endless.dl",
        ".decl n(x: number)\n.output n\nn(0).\nn(X + 1) :- n(X).\n",
    );
    for limit in [
        ["--timeout", "200ms"],
        ["--max-rows", "1000"],
        ["--max-rounds", "10"],
    ] {
        let arguments = [&["run", "endless.dl", "-D", "out"], &limit[..]].concat();
        sandbox.run(&arguments).status(4).says("`n` is incomplete");
        assert!(sandbox.list("out").is_empty(), "{limit:?}");
    }
    let outcome = sandbox.run(&[
        "run",
        "endless.dl",
        "-D",
        "out",
        "--max-rounds",
        "10",
        "--json",
    ]);
    assert_eq!(outcome.status(4).json()["stopped"]["relation"], json!("n"));
}

#[cfg(unix)]
#[test]
fn control_c_ends_a_run_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox
        .file(
            "endless.dl",
            ".decl n(x: number)\n.output n\nn(0).\nn(X + 1) :- n(X).\n",
        )
        .directory("out");
    let child = sandbox
        .command()
        .args(["run", "endless.dl", "-D", "out"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let interrupt = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("kill -INT {}", child.id()))
        .status();
    assert!(interrupt.expect("a shell").success());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stopped"));
    assert!(sandbox.list("out").is_empty());
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let sandbox = paths();
    for arguments in [
        &["frobnicate"][..],
        &["run", "--no-such-flag"],
        &["query"],
        &["run", "-j", "0"],
        &["run", "-j", "20000"],
        &["run", "--timeout", "soon"],
        &["run", "--memory", "much"],
        &["query", "--csv", "--json", "path(A, B)"],
        &["run", "paths.dl", "-D", "-", "--json"],
        &["completions", "no-shell"],
    ] {
        sandbox.run(arguments).status(2);
    }
}

#[test]
fn check_finds_every_mistake_and_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "bad.dl",
        ".decl p(x: number)\n.input p\np(X) :- q(X).\np(X) :- !p(X).\np(\"a\").\n",
    );
    let outcome = sandbox.run(&["check", "bad.dl", "--json"]);
    let findings = outcome.status(1).json();
    let lines: Vec<u64> = findings["diagnostics"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .filter_map(|finding| finding["labels"][0]["line"].as_u64())
        .collect();
    for line in [3, 4, 5] {
        assert!(lines.contains(&line), "line {line} is wrong: {findings:#}");
    }
    sandbox
        .run(&["check", "bad.dl"])
        .status(1)
        .prints("")
        .says("bad.dl:3")
        .says("1 rule file: 4 errors");
    paths()
        .run(&["check", "paths.dl"])
        .status(0)
        .prints("")
        .says("1 rule file, 2 relations: nothing wrong\n");
    case()
        .run(&["check"])
        .status(0)
        .says("2 rule files, 2 relations, 2 claims: nothing wrong\n");
    let fine = paths()
        .run(&["check", "paths.dl", "--json"])
        .status(0)
        .json();
    assert_eq!(fine, json!({"errors": 0, "warnings": 0, "diagnostics": []}));
}

#[test]
fn errors_of_a_failed_command_are_json_where_json_was_asked_for() {
    let sandbox = case();
    let outcome = sandbox.run(&["query", "--json", "work_for(F, C)"]);
    let findings = outcome.status(1).json();
    assert_eq!(findings["errors"], json!(1));
    assert_eq!(findings["diagnostics"][0]["code"], json!("D101"));
}

#[test]
fn a_constant_that_occurs_nowhere_explains_an_empty_answer() {
    let sandbox = case();
    let note = "`x-pime` does not occur in works_for.firm; did you mean `x-prime`?";
    let query = "works_for(\"x-pime\", C)";
    sandbox
        .run(&["query", query])
        .status(0)
        .prints("")
        .says(note);
    sandbox
        .run(&["query", "--csv", query])
        .status(0)
        .prints("C\n")
        .says(note);
    let answer = sandbox.run(&["query", "--json", query]).status(0).json();
    assert_eq!(answer["notes"], json!([note]));
    let fact = "works_for(\"x-pime\", \"x-bureau\")";
    sandbox
        .run(&["query", fact])
        .status(0)
        .prints("no\n")
        .says(note);
    sandbox.run(&["why", fact]).status(0).shows(note);
    let proof = sandbox.run(&["why", "--json", fact]).status(0).json();
    assert_eq!(proof["notes"], json!([note]));
    // What is not asked for by name, or is there, needs no note.
    for query in [
        "works_for(\"x-bureau\", \"x-sub\"), works_for(F, C)",
        "works_for(F, F), !works_for(\"x-none\", F)",
    ] {
        let answer = sandbox.run(&["query", "--json", query]).status(0).json();
        assert_eq!(answer["rows"], json!([]), "{query}");
        assert_eq!(answer["notes"], json!(null), "{query}");
    }
    sandbox
        .run(&["query", "works_for(\"zzzzzzzzzz\", C)"])
        .says("`zzzzzzzzzz` does not occur in works_for.firm, nor does anything like it");
}

#[test]
fn other_names_of_what_is_asked_for_are_known() {
    let sandbox = case();
    sandbox
        .file(
            "rules/3-names.dl",
            ".type Firm <: symbol\n.decl alias(firm: Firm, name: symbol)\nalias(\"x-sub\", \"X Subcontractor Ltd.\").\n\
             .decl busy(firm: Firm)\nbusy(as(F, Firm)) :- works_for(F, _).\n",
        );
    for (query, meant) in [
        ("busy(\"x subcontractor ltd\")", "x-sub"),
        ("busy(\"X.SUB\")", "x-sub"),
        ("busy(\"x-prim\")", "x-prime"),
    ] {
        sandbox
            .run(&["query", query])
            .status(0)
            .says(&format!("did you mean `{meant}`?"));
    }
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    case()
        .run(&["query", "work_for(F, C)"])
        .status(1)
        .says("did you mean `works_for");
}

/// Programs and files that are wrong, and what must be said about each.
#[test]
fn bad_input_is_named_with_its_place_and_nothing_is_written() {
    let run = &["run", "-D", "out"];
    for (what, file, contents, said) in [
        (
            "a missing file",
            "facts/contracts.csv",
            None,
            &["contracts.csv"][..],
        ),
        (
            "a rule for an undeclared relation",
            "rules/3.dl",
            Some(&b"nowhere(X) :- contract(X, _).\n"[..]),
            &["nowhere", "3.dl:1:1"],
        ),
        (
            "wrong arity",
            "rules/3.dl",
            Some(b".decl p(x: symbol)\np(X) :- contract(X).\n"),
            &["contract", "3.dl:2:9"],
        ),
        (
            "a syntax error in each of two clauses",
            "rules/3.dl",
            Some(b".decl p(x: symbol)\np(X) : contract(X, _).\np(X) :- contract(X _).\n"),
            &["3.dl:2:", "3.dl:3:"],
        ),
        (
            "an unknown directive",
            "rules/3.dl",
            Some(b".inptu contract\n"),
            &["3.dl:1:1"],
        ),
        (
            "a duplicate header",
            "facts/contracts.csv",
            Some(b"claim_id,client,client,firm\nc1,a,b,c\n"),
            &["client", "contracts.csv:1:"],
        ),
        (
            "a missing column",
            "facts/contracts.csv",
            Some(b"claim_id,client\nc1,a\n"),
            &["firm", "contracts.csv"],
        ),
        (
            "a short row and an unknown source, both",
            "facts/contracts.csv",
            Some(b"claim_id,client,firm,source_id\nc1,a\nc2,a,b,s9\n"),
            &["contracts.csv:2:", "contracts.csv:3:", "s9"],
        ),
        (
            "invalid UTF-8",
            "facts/contracts.csv",
            Some(b"claim_id,client,firm\nc1,a,\xff\xfe\n"),
            &["contracts.csv:2:"],
        ),
        (
            "a reversed interval",
            "facts/contracts.csv",
            Some(b"claim_id,client,firm,from,to\nc1,a,b,2021,2019\n"),
            &["contracts.csv:2:"],
        ),
        (
            "an impossible date",
            "facts/contracts.csv",
            Some(b"claim_id,client,firm,from\nc1,a,b,2021-02-30\n"),
            &["contracts.csv:2:", "28 days"],
        ),
        (
            "a source listed twice",
            "facts/sources.csv",
            Some(b"source_id,publisher,reliability\ns1,a,B\ns2,b,B\ns1,c,C\n"),
            &["sources.csv:4:", "s1"],
        ),
        (
            "rules that are not UTF-8",
            "rules/3.dl",
            Some(b".decl p(x: symbol)\n// \xff\n"),
            &["3.dl"],
        ),
    ] {
        let sandbox = case();
        sandbox.directory("out");
        match contents {
            Some(contents) => {
                sandbox.file(file, contents);
            }
            None => std::fs::remove_file(sandbox.path().join(file)).expect("a file to remove"),
        }
        for arguments in [&run[..], &["check"], &["query", "contract(C, F)"]] {
            let outcome = sandbox.run(arguments);
            outcome.status(1);
            for part in said {
                if !outcome.stderr().contains(part) {
                    outcome.fail(&format!("{what}: `{part}` expected on standard error"));
                }
            }
            if !sandbox.list("out").is_empty() {
                outcome.fail(&format!("{what}: something was written"));
            }
        }
    }
}

#[test]
fn errors_of_the_data_show_the_row() {
    let sandbox = case();
    sandbox.file(
        "facts/contracts.csv",
        "claim_id,client,firm,from\nc1,a,b,\nc2,a,b,2021-02-30\nc1,x,y,\n",
    );
    sandbox
        .run(&["check"])
        .status(1)
        .says("3 | c2,a,b,2021-02-30\n  |        ^^^^^^^^^^\n")
        .says("2 | c1,a,b,\n  | ------- first given here\n  .\n4 | c1,x,y,\n  | ^^\n");
}

#[test]
fn warnings_are_shown_beside_errors_of_the_data() {
    let sandbox = case();
    sandbox
        .file(
            "rules/3.dl",
            ".decl p(x: symbol)\np(X) :- contract(X, Y).\n",
        )
        .file("facts/contracts.csv", "claim_id,client,firm\nc1,x-bureau\n")
        .directory("out");
    for arguments in [&["run", "-D", "out"][..], &["check"], &["query", "p(X)"]] {
        sandbox
            .run(arguments)
            .status(1)
            .says("3.dl:2:21")
            .says("contracts.csv:2:");
    }
    sandbox
        .run(&["check"])
        .status(1)
        .says("3 rule files, 3 relations: 1 error, 2 warnings");
}

#[test]
fn data_that_only_looks_odd_is_read() {
    let sandbox = case();
    sandbox
        .file(
            "facts/contracts.csv",
            "\u{feff}claim_id,client,firm\r\nc1,\"x \"\"quoted\"\"\",\"two\nlines\"\r\n",
        )
        .run(&["query", "--json", "contract(C, F)"])
        .status(0)
        .prints("{\"columns\":[\"C\",\"F\"],\"rows\":[[\"x \\\"quoted\\\"\",\"two\\nlines\"]]}\n");
}

#[test]
fn an_unknown_directive_key_warns() {
    let sandbox = case();
    sandbox
        .file("rules/3.dl", ".output contract(fliename=\"c.csv\")\n")
        .directory("out")
        .run(&["run", "-D", "out"])
        .status(0)
        .says("fliename")
        .says("filename");
}

#[test]
fn a_missing_output_directory_is_an_error_before_any_work() {
    paths()
        .run(&["run", "paths.dl", "-F", "facts", "-D", "nowhere"])
        .status(1)
        .prints("")
        .says("there is no directory `nowhere`");
}

#[test]
fn a_missing_case_says_how_to_name_one() {
    let sandbox = Sandbox::new();
    for arguments in [&["run"][..], &["query", "p(X)"], &["check"], &["repl"], &[]] {
        sandbox.run(arguments).status(1).says("-C DIR");
    }
}

#[test]
fn bad_rows_are_set_aside_where_that_is_asked_for() {
    let sandbox = paths();
    sandbox.file("facts/edge.facts", "x-a\tx-b\nx-b\nx-b\tx-c\n");
    sandbox
        .run(&["run", "paths.dl", "-F", "facts", "-D", "out"])
        .status(1)
        .says("edge.facts:2:");
    sandbox
        .run(&[
            "run",
            "paths.dl",
            "-F",
            "facts",
            "-D",
            "out",
            "--skip-bad-rows",
            "bad.csv",
        ])
        .status(0)
        .says("1 bad row set aside");
    assert!(sandbox.read("bad.csv").contains("edge.facts,2,"));
    assert_eq!(sandbox.read("out/path.csv").lines().count(), 3);
}

#[test]
fn missing_facts_are_empty_where_warnings_are_off() {
    let sandbox = Sandbox::new();
    sandbox.file("paths.dl", PATHS);
    sandbox
        .run(&["run", "paths.dl"])
        .status(1)
        .says("edge.facts");
    sandbox
        .run(&["run", "paths.dl", "-w"])
        .status(0)
        .prints("path\t0\n");
}

#[test]
fn warnings_are_silenced_by_name_or_code() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "p.dl",
        ".decl p(x: number)\n.decl q(x: number)\n.output p\np(X) :- q(X).\n",
    );
    let all = sandbox.run(&["check", "p.dl", "--json"]).status(0).json();
    let code = all["diagnostics"][0]["code"]
        .as_str()
        .expect("a warning")
        .to_owned();
    let fewer = sandbox
        .run(&["check", "p.dl", "--json", "--wno", &code])
        .status(0)
        .json();
    let findings = fewer["diagnostics"].as_array().expect("an array");
    assert!(
        findings
            .iter()
            .all(|finding| finding["code"] != json!(code)),
        "{code}"
    );
    for silence in [&["--wno", "all"][..], &["-w"]] {
        let arguments = [&["check", "p.dl", "--json"], silence].concat();
        let none = sandbox.run(&arguments).status(0).json();
        assert_eq!(none["warnings"], json!(0), "{silence:?}");
    }
}

#[test]
fn included_files_and_macros_are_found() {
    let sandbox = Sandbox::new();
    sandbox.file("lib/base.dl", ".decl p(x: number)\n").file(
        "p.dl",
        ".include \"base.dl\"\n.output p(IO=stdout)\np(LIMIT). p(STEP).\n",
    );
    sandbox
        .run(&["run", "p.dl", "-I", "lib", "-M", "LIMIT=7 STEP=2"])
        .status(0)
        .shows("2\n7\n");
}

#[test]
fn faults_are_reported_and_the_run_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "p.dl",
        ".decl n(x: number)\nn(0). n(2).\n.decl q(x: number)\n.output q(IO=stdout)\nq(10 / X) :- n(X).\n",
    );
    sandbox
        .run(&["run", "p.dl"])
        .status(0)
        .shows("\n5\n")
        .says("division by zero")
        .says("p.dl:5");
}

#[test]
fn answers_are_the_same_at_any_number_of_threads() {
    let sandbox = paths();
    let edges: String = (0..300)
        .map(|at| format!("x-{}\tx-{}\n", at * 7 % 300, at * 13 % 300))
        .collect();
    sandbox.file("facts/edge.facts", edges);
    let run = |threads| {
        sandbox
            .run(&["run", "paths.dl", "-F", "facts", "-D", "out", "-j", threads])
            .status(0);
        sandbox.read("out/path.csv")
    };
    let one = run("1");
    assert_eq!(one, run("2"));
    assert_eq!(one, run("auto"));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "p.dl",
        ".decl n(x: number)\nn(X) :- X = range(0, 200000).\n",
    );
    let mut command = sandbox.command();
    let mut child = command
        .args(["query", "--csv", "n(X)", "p.dl"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        !stderr.contains("error") && !stderr.contains("panic"),
        "{stderr}"
    );
}

#[test]
fn colour_stays_out_of_pipes() {
    let sandbox = case();
    for arguments in [
        &["query", "works_for(F, C)"][..],
        &["query", "work_for(F, C)"],
        &["check"],
    ] {
        let outcome = sandbox.run(arguments);
        if outcome.stdout().contains('\u{1b}') || outcome.stderr().contains('\u{1b}') {
            outcome.fail("no colour expected");
        }
    }
}

#[test]
fn help_and_completions_are_printed() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["--help"])
        .status(0)
        .shows("Examples:")
        .shows("Exit status:");
    for verb in ["run", "query"] {
        sandbox.run(&[verb, "--help"]).status(0).shows("Examples:");
    }
    sandbox.run(&["--version"]).status(0).shows("cutout ");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        sandbox
            .run(&["completions", shell])
            .status(0)
            .shows("cutout");
    }
}

#[test]
fn a_program_may_come_through_a_pipe() {
    let sandbox = Sandbox::new();
    let program = ".decl p(x: number)\np(7).\n.output p\n";
    let ran = sandbox.run_with(&["query", "p(X)", "/dev/stdin"], program);
    ran.status(0).shows("7");
}
