//! The prompt: sessions through a pipe, and one on a real pseudo-terminal.

mod support;

use support::{Outcome, Sandbox};

const PROGRAM: &str = "\
/// A road.
.decl edge(from: symbol, to: symbol)
.decl path(from: symbol, to: symbol)
edge(\"x-a\", \"x-b\").
edge(\"x-b\", \"x-c\").
path(A, B) :- edge(A, B).
path(A, C) :-
    path(A, B),
    edge(B, C).
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("p.dl", PROGRAM);
    sandbox
}

/// What a piped session answers, without times.
fn talk(input: &str) -> Outcome {
    sandbox().run_with(&["repl", "p.dl"], &format!(":time off\n{input}"))
}

/// Checks the answers to lines that are all fine.
#[track_caller]
fn check(input: &str, expected: &str) {
    talk(input)
        .status(0)
        .prints(&format!("time is off\n{expected}"));
}

/// Checks what is said about a line that is wrong, and that the session goes on.
#[track_caller]
fn check_wrong(input: &str, said: &str) {
    talk(&format!("{input}\n:count edge\n"))
        .status(1)
        .prints("time is off\n2\n")
        .says(said);
}

#[test]
fn queries_are_answered_without_prompts() {
    check("path(\"x-a\", X).\n", " X\n x-b\n x-c\n2 rows\n");
    check("?- path(A, \"x-c\"), A != \"x-a\".\n", " A\n x-b\n1 row\n");
    check("path(\"x-c\", X)\n", "no rows\n");
    check(
        "path(\"x-a\", \"x-c\")\npath(\"x-c\", \"x-a\")\n",
        "yes\nno\n",
    );
}

#[test]
fn answers_say_how_many_rows_in_what_time() {
    let outcome = sandbox().run_with(&["repl", "p.dl"], "path(A, B)\n");
    outcome.status(0).shows("3 rows in ").shows(" ms\n");
}

#[test]
fn an_empty_answer_says_how_to_go_on() {
    for asked in ["path(\"x-c\", X), X != \"x-b\"\n", "path(\"x-c\", _)\n"] {
        sandbox()
            .run_with(&["repl", "p.dl"], asked)
            .status(0)
            .shows("(`:why-not path(\"x-c\",_)` tells what was nearest)");
    }
    let joined = sandbox().run_with(&["repl", "p.dl"], "path(\"x-c\", X), edge(X, _)\n");
    joined.status(0).shows("no rows in ");
    assert!(!joined.stdout().contains("why-not"));
}

#[test]
fn facts_and_rules_take_effect_at_once() {
    check(
        "edge(\"x-c\", \"x-d\").\n\
         path(\"x-a\", \"x-d\")\n\
         .decl near(a: symbol, b: symbol)\n\
         near(A, B) :- edge(A, B).\n\
         near(B, A) :- edge(A, B).\n\
         :count near\n",
        "1 fact added: 4 rows appeared\n\
         yes\n\
         1 declaration added: no row changed\n\
         1 rule added: 3 rows appeared\n\
         1 rule added: 3 rows appeared\n\
         6\n",
    );
}

#[test]
fn negation_lets_rows_fall() {
    check(
        ".decl lone(x: symbol) .decl seen(x: symbol)\n\
         lone(X) :- edge(X, _), !seen(X).\n\
         seen(\"x-a\").\n\
         lone(X)\n",
        "2 declarations added: no row changed\n\
         1 rule added: 2 rows appeared\n\
         1 fact added: 1 row appeared, 1 fell\n\
         \u{20}X\n x-b\n1 row\n",
    );
}

#[test]
fn a_clause_may_go_over_several_lines() {
    check(
        ".decl far(a: symbol, b: symbol)\nfar(A, B) :-\n  path(A, B), // comment.\n  !edge(A, B).\nfar(A,\n  B)\n",
        "1 declaration added: no row changed\n1 rule added: 1 row appeared\n A    B\n x-a  x-c\n1 row\n",
    );
}

#[test]
fn the_last_line_needs_no_line_end() {
    check("path(\"x-b\", X)", " X\n x-c\n1 row\n");
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    for (input, said) in [
        ("pth(A, B)", "did you mean `path"),
        ("path(A)", "path"),
        ("path(1, B)", "symbol"),
        ("path(A, B", "syntax error"),
        ("far(A, B) :- path(A, B).", "far"),
        ("path(A, B) :- !edge(A, C).", "B"),
        (".decl edge(x: number)", "edge"),
        ("edge(\"x-d\", 1).", "symbol"),
        (".decl q(x: symbol) q(X) :- edge(X, _), !q(X).", "q"),
        (":nonsense", "no command `:nonsense`"),
        (":schema", "needs an argument"),
        (":schema pth", "did you mean `path`?"),
        (":sources pth", "did you mean `path`?"),
        (":rules pth", "did you mean `path`?"),
        (":count pth", "did you mean `path`?"),
        (":why path(A + \"\", \"x-b\")", "A"),
        (":load nowhere.dl", "nowhere.dl"),
        (".input edge", "edge.facts"),
    ] {
        check_wrong(input, said);
    }
}

#[test]
fn a_line_that_is_not_utf8_is_refused_alone() {
    let sandbox = sandbox();
    let mut command = sandbox.command();
    let mut child = command
        .args(["repl", "p.dl"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("its input");
    std::io::Write::write_all(&mut stdin, b"edge(\"\xff\", X)\n:count edge\n").expect("a pipe");
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.stdout, b"2\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_catalogue_is_shown() {
    check(
        ":relations\n:schema edge\n:rules path\n:count\n:count path(A, _), edge(A, _)\n",
        " relation  attributes  rules  rows\n \
          edge      from, to        0     2\n \
          path      from, to        2     3\n\
         edge(from: symbol, to: symbol)\n  A road.\n2 rows  ·  declared at p.dl:2:7\n\
         p.dl:6\npath(A, B) :- edge(A, B).\n\
         p.dl:7\npath(A, C) :-\n    path(A, B),\n    edge(B, C).\n \
         relation  rows\n edge         2\n path         3\n\
         2\n",
    );
}

#[test]
fn a_fact_is_proved_down_to_its_place() {
    let outcome = talk(":why path(\"x-a\", \"x-c\")\n");
    outcome
        .status(0)
        .shows("p.dl:7")
        .shows("p.dl:4")
        .shows("p.dl:5");
    check(
        ":why path(\"x-c\", \"x-a\").\n",
        "path(\"x-c\",\"x-a\") does not hold   (`why-not` tells what was nearest)\n",
    );
}

#[test]
fn conclusions_are_taken_apart() {
    let edge = "edge(\"x-a\", \"x-c\").\n";
    talk(&format!("{edge}:why path(\"x-a\", \"x-c\")\n:next\n:all\n"))
        .status(0)
        .shows("support 1 of 2")
        .shows("support 2 of 2")
        .shows("   2  1     edge(\"x-a\",\"x-b\"), edge(\"x-b\",\"x-c\")");
    talk(&format!("{edge}:all path(\"x-a\", \"x-c\")\n"))
        .status(0)
        .shows("   2  1     edge(\"x-a\",\"x-b\"), edge(\"x-b\",\"x-c\")");
    check_wrong(":next", "nothing that holds was asked about yet");
    check(
        ":critical path(\"x-a\", \"x-c\")\n",
        "path(\"x-a\",\"x-c\")\n\
         hangs on the single claim edge(\"x-a\",\"x-b\"), or edge(\"x-b\",\"x-c\")\n\
         no source carries it: what it rests on is given\n",
    );
    talk(":why-not path(\"x-c\", \"x-a\")\n")
        .status(0)
        .shows("✗ no edge(\"x-c\",\"x-a\")");
    for place in ["p.dl:6", "rule p.dl:6"] {
        talk(&format!(":impact {place}\n"))
            .status(0)
            .shows("rule p.dl:6 (1 rule)");
    }
    check(
        ":lens\n:lens --as-of 2020\n:lens\n:lens off\n",
        "counting now: all claims\ncounting now: as of 2020\n\
         counting now: as of 2020   (`:lens off` lets all claims count)\ncounting now: all claims\n",
    );
    check_wrong(":lens of", "usage: `:lens [off]");
    check_wrong(":lens --as-of yesterday", "a date is written `YYYY`");
    check_wrong(":why --slow p(1)", "there is no `--slow` here");
}

#[test]
fn files_are_loaded_and_what_was_typed_is_forgotten() {
    let sandbox = sandbox();
    sandbox
        .file("more.dl", "edge(\"x-c\", \"x-d\").\n")
        .file("bad.dl", "edge(1).\n");
    sandbox
        .run_with(
            &["repl", "p.dl"],
            ":time off\n:load more.dl\nedge(\"x-d\", \"x-e\").\n:count edge\n:load bad.dl\n:count edge\n:reload\n:count edge\n",
        )
        .status(1)
        .shows("1 fact added: 4 rows appeared\n1 fact added: 5 rows appeared\n4\n4\n")
        .shows("2 rule packs, 2 rules")
        .says("bad.dl:1:");
}

#[test]
fn quit_ends_the_session() {
    for quit in [":quit", ":q"] {
        check(&format!("{quit}\n:count edge\n"), "");
    }
}

#[test]
fn help_knows_every_command() {
    let help = talk(":help\n");
    for verb in [
        ":help",
        ":load",
        ":reload",
        ":relations",
        ":schema",
        ":sources",
        ":rules",
        ":count",
        ":time",
        ":why",
        ":quit",
    ] {
        help.status(0).shows(verb);
    }
    talk(":help :load\n").status(0).shows(":load FILE");
}

#[test]
fn without_arguments_the_case_here_is_asked() {
    let sandbox = Sandbox::new();
    sandbox
        .file(
            "rules/a.dl",
            ".decl p(x: number)\n.input p(filename=\"p.tsv\")\n",
        )
        .file("facts/p.tsv", "1\n2\n");
    let none: &[&str] = &[];
    sandbox
        .run_with(none, ":time off\np(X)\n:schema p\n")
        .status(0)
        .shows(" X\n 1\n 2\n2 rows\n")
        .shows("read from p.tsv");
}

#[cfg(unix)]
mod terminal {
    use super::*;
    use crate::support::terminal::{self, leave, start, type_keys};
    use rexpect::session::PtySession;

    const ENTER: &str = "\r";

    fn open(sandbox: &Sandbox, program: &str) -> PtySession {
        terminal::open(sandbox, program, 24, 80)
    }

    #[test]
    fn a_banner_says_what_is_loaded() {
        let sandbox = sandbox();
        let mut session = start(&sandbox, "p.dl", 24, 80);
        session
            .exp_string("1 rule pack, 2 rules")
            .expect("what is loaded");
        session.exp_string("ready in ").expect("how long it took");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }

    #[test]
    fn tab_completes_relations_commands_and_constants() {
        let sandbox = sandbox();
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, "pat\t");
        session.exp_string("path(").expect("the relation");
        type_keys(&mut session, "\"x-a\t");
        session.exp_string("\"x-a\"").expect("the constant");
        type_keys(&mut session, &format!(", X){ENTER}"));
        session.exp_string("2 rows in").expect("an answer");
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, &format!(":sch\t edge{ENTER}"));
        session.exp_string("from: symbol").expect("the schema");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }

    #[test]
    fn an_unfinished_clause_continues_on_the_next_line() {
        let sandbox = sandbox();
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, &format!("path(A, B) :-{ENTER}"));
        type_keys(&mut session, &format!("edge(B, A).{ENTER}"));
        session.exp_string("1 rule added: ").expect("the rule");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }

    #[test]
    fn control_c_clears_the_line_and_stops_a_query_but_not_the_session() {
        let sandbox = sandbox();
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, "path(A, ");
        session.send_control('c').expect("Ctrl-C");
        session.exp_string("?- ").expect("a new prompt");
        type_keys(
            &mut session,
            &format!(".decl n(x: number) n(0). n(X + 1) :- n(X).{ENTER}"),
        );
        session
            .exp_string("deriving: ")
            .expect("long work says how far it is");
        session.send_control('c').expect("Ctrl-C");
        session.exp_string("stopped").expect("the rules stop");
        session.exp_string("?- ").expect("a prompt");
        let slow = "X = range(0, 900000), Y = range(0, 900000), X + Y < 0";
        type_keys(&mut session, &format!("{slow}{ENTER}"));
        session
            .exp_string("answering: ")
            .expect("a long answer says how far it is");
        session.send_control('c').expect("Ctrl-C");
        session
            .exp_string("stopped while `X = range(0, 900000), ")
            .expect("the query stops");
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, &format!(":count edge{ENTER}"));
        session.exp_string("\n2").expect("the session goes on");
        leave(session);
    }

    #[test]
    fn long_answers_are_paged_and_wide_ones_wrapped() {
        let sandbox = sandbox();
        sandbox.file(
            "wide.dl",
            ".decl n(x: number, note: symbol)\nn(X, \"one two three four five six seven eight\") :- X = range(0, 30).\n",
        );
        let mut session = start(&sandbox, "wide.dl", 12, 30);
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, &format!("n(X, N), X < 2{ENTER}"));
        session
            .exp_string("one two three four")
            .expect("the first half");
        session.exp_string("eight").expect("the second half");
        session.exp_string("2 rows in").expect("the count");
        session.exp_string("?- ").expect("a prompt");
        type_keys(&mut session, &format!("n(X, _){ENTER}"));
        session.exp_string("q: back").expect("the pager");
        type_keys(&mut session, "q");
        session.exp_string("30 rows in").expect("the count stays");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }

    #[test]
    fn history_lasts() {
        let sandbox = sandbox();
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, &format!("path(\"x-b\", Y){ENTER}"));
        session.exp_string("1 row in").expect("an answer");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
        assert!(
            sandbox
                .read("state/cutout/history")
                .contains("path(\"x-b\", Y)")
        );
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, &format!("\u{1b}[A{ENTER}"));
        session
            .exp_string("1 row in")
            .expect("the line of the session before");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }

    #[test]
    fn a_history_that_cannot_be_kept_is_no_obstacle() {
        let sandbox = sandbox();
        sandbox.file("state", "a file where a directory should be");
        let mut session = open(&sandbox, "p.dl");
        type_keys(&mut session, &format!(":count edge{ENTER}"));
        session.exp_string("\n2").expect("an answer");
        session.exp_string("?- ").expect("a prompt");
        leave(session);
    }
}

#[test]
fn what_is_cut_can_be_had_whole_at_the_prompt() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "p.dl",
        ".decl edge(a: symbol, b: symbol)\n.decl many(a: symbol, n: number)\n\
         many(a, n) :- edge(a, _), n = range(0, 60).\n.output many\n",
    );
    let asked = |line: &str| sandbox.run_with(&["repl", "p.dl"], &format!(":time off\n{line}\n"));
    let cut = asked(":assume edge(\"x-a\", \"x-b\")").status(0).stdout();
    assert!(cut.contains("… and 4"), "{cut}");
    for line in [
        ":assume --all edge(\"x-a\", \"x-b\")",
        ":what-if +edge(\"x-a\", \"x-b\") --all",
        ":assume edge(\"x-a\", \"x-b\")\n:undo\n:redo\n:diff --all",
    ] {
        let whole = asked(line).status(0).stdout();
        assert!(whole.contains("many(\"x-a\",59)"), "{line}: {whole}");
    }
    let told = asked(":what-if +edge(\"x-a\", \"x-b\") --json")
        .status(0)
        .stdout();
    let json: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(json["appeared"].as_array().unwrap().len(), 61);
    let told = asked("edge(\"x-a\", \"x-b\").\n:critical many(\"x-a\", 7) --json")
        .status(0)
        .stdout();
    let json: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(json[0]["fact"], "many(\"x-a\",7)");
}
