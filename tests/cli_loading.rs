//! What loading promises at the command line: limits hold, and what is said of a file does not depend on threads.

mod support;

use std::fmt::Write as _;
use support::Sandbox;

const PROGRAM: &str = "\
.decl a(x: number, y: symbol)
.input a(filename = \"a.facts\")
.decl claimed(client: symbol, firm: symbol)
.input claimed(IO = claims, filename = \"claimed.csv\")
.decl quoted(client: symbol, firm: symbol)
.input quoted(filename = \"quoted.csv\", rfc4180 = true)
.output a, claimed, quoted
";

/// Files for the program, with so many rows each.
fn files(rows: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("prog.dl", PROGRAM);
    let mut plain = String::new();
    let mut claimed = "claim_id,client,firm,source_id,from,note\n".to_owned();
    let mut quoted = String::new();
    for row in 0..rows {
        let (client, firm) = (row * 7 % 100, row * 31 % rows);
        let _ = writeln!(plain, "{}\tx-{firm}", row % 3000);
        let _ = writeln!(
            claimed,
            "x-k{row},x-bureau-{client},\"x-firm, {firm}\",x-s{},20{:02},\"said \"\"{row}\"\"\n twice\"",
            row % 11,
            row % 24
        );
        let _ = writeln!(quoted, "\"x-bureau\n{client}\",x-firm-{firm}");
    }
    sandbox.file("a.facts", plain);
    sandbox.file("claimed.csv", claimed);
    sandbox.file("quoted.csv", quoted);
    sandbox
}

#[test]
fn the_memory_is_watched_while_files_are_read() {
    for (relation, file) in [
        ("a", "a.facts"),
        ("claimed", "claimed.csv"),
        ("quoted", "quoted.csv"),
    ] {
        let sandbox = files(400_000);
        for name in ["a.facts", "quoted.csv"] {
            if name != file {
                sandbox.file(name, "");
            }
        }
        if file != "claimed.csv" {
            sandbox.file("claimed.csv", "client,firm\n");
        }
        sandbox.directory("out");
        for jobs in ["1", "2"] {
            let outcome =
                sandbox.run(&["run", "prog.dl", "-j", jobs, "--memory", "36M", "-D", "out"]);
            outcome.status(4).says(&format!(
                "stopped: too much memory while `{relation}` was read from `{file}`, at "
            ));
        }
        let outcome = sandbox.run(&["run", "prog.dl", "--memory", "36M", "--json", "-D", "out"]);
        let stopped = outcome.status(4).json()["stopped"].clone();
        assert_eq!(stopped["file"], file);
        assert_eq!(stopped["relation"], relation);
    }
}

#[test]
fn threads_change_nothing_of_what_is_read() {
    let sandbox = files(30_000);
    let mut outputs = Vec::new();
    for jobs in ["1", "2", "3"] {
        let directory = format!("out{jobs}");
        sandbox.directory(&directory);
        sandbox
            .run(&["run", "prog.dl", "-j", jobs, "-D", &directory])
            .status(0);
        let read = |name: &str| {
            std::fs::read(sandbox.path().join(&directory).join(name)).expect("an output")
        };
        outputs.push(["a.csv", "claimed.csv", "quoted.csv"].map(read));
    }
    assert!(outputs[0].iter().all(|output| output.len() > 100_000));
    assert!(outputs.iter().all(|output| *output == outputs[0]));
}

/// Symbols that a run makes have codes that depend on which thread made them first: nothing else may.
#[test]
fn threads_change_nothing_of_what_is_numbered() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "prog.dl",
        "\
.decl n(x: number)
n(0). n(x + 1) :- n(x), x < 20000.
.decl made(t: symbol)
made(cat(\"k\", to_string((x * 7919) % 20011))) :- n(x).
.decl numbered(t: symbol, i: number)
numbered(t, autoinc()) :- made(t).
.decl joined(t: symbol, x: number, i: number)
joined(t, x, autoinc()) :- made(t), n(x), x < 2.
.output numbered, joined
",
    );
    let outputs = ["1", "2", "3"].map(|jobs| {
        let directory = format!("out{jobs}");
        sandbox.directory(&directory);
        sandbox
            .run(&["run", "prog.dl", "-j", jobs, "-D", &directory])
            .status(0);
        ["numbered.csv", "joined.csv"].map(|name| {
            std::fs::read(sandbox.path().join(&directory).join(name)).expect("an output")
        })
    });
    assert!(outputs[0].iter().all(|output| output.len() > 100_000));
    assert!(outputs.iter().all(|output| *output == outputs[0]));
}

#[test]
fn the_memory_is_watched_while_a_database_is_read() {
    let sandbox = Sandbox::new();
    let database = rusqlite::Connection::open(sandbox.path().join("a.db")).expect("a database");
    database
        .execute_batch(
            "CREATE VIEW a AS
             WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 5000000)
             SELECT x, 'x-firm-of-' || x FROM n",
        )
        .expect("a view");
    sandbox.file(
        "read.dl",
        ".decl a(x: number, y: symbol)\n.input a(IO=sqlite, dbname=\"a.db\")\n.printsize a\n",
    );
    let outcome = sandbox.run(&["run", "read.dl", "--memory", "36M"]);
    outcome
        .status(4)
        .says("stopped: too much memory while `a` was read from ");
}

#[test]
fn bad_rows_are_listed_in_order_at_any_number_of_threads() {
    let sandbox = files(30_000);
    let mut claimed = "claim_id,client,firm,from\n".to_owned();
    for row in 0..30_000 {
        let date = if row % 1_000 == 999 { "20x" } else { "2020" };
        let id = if row % 1_500 == 0 { 7 } else { row };
        let _ = writeln!(claimed, "x-k{id},x-bureau,\"x-firm\n{row}\",{date}");
    }
    sandbox.file("claimed.csv", claimed);
    let mut said = Vec::new();
    for jobs in ["1", "2", "3"] {
        let aside = format!("bad{jobs}.csv");
        sandbox.directory("out");
        sandbox
            .run(&[
                "run",
                "prog.dl",
                "-j",
                jobs,
                "--skip-bad-rows",
                &aside,
                "-D",
                "out",
            ])
            .status(0);
        let text = std::fs::read_to_string(sandbox.path().join(&aside)).expect("the bad rows");
        said.push(text);
    }
    assert_eq!(
        said[0].matches("20x").count(),
        2 * 30 + 30,
        "value, reason and row of each"
    );
    assert_eq!(said[0].matches("is taken").count(), 20);
    assert!(said.iter().all(|text| *text == said[0]));
}
