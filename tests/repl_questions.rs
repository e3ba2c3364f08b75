//! A program's own questions are answered when the prompt opens on it.

mod support;

use support::Sandbox;

#[test]
fn questions_of_the_program_come_before_those_that_are_typed() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "case.dl",
        ".decl a(x: symbol)\na(\"x-k\"). a(\"x-m\").\n?- a(X).\n?- a(\"x-k\").\n",
    );
    let outcome = sandbox.run_with(&["repl", "case.dl"], ":time off\na(\"x-n\")\n");
    let printed = outcome.stdout();
    let (asked, typed) = printed
        .split_once("time is off")
        .expect("an answer to `:time off`");
    let at = |text: &str| {
        asked
            .find(text)
            .unwrap_or_else(|| panic!("no {text} in\n{asked}"))
    };
    assert!(at("?- a(X).") < at("x-k") && at("x-m") < at("?- a(\"x-k\")."));
    assert!(at("?- a(\"x-k\").") < at("yes"));
    assert!(typed.trim().starts_with("no"), "{typed}");
}

#[test]
fn a_program_without_questions_says_nothing() {
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", ".decl a(x: symbol)\na(\"x-k\").\n");
    let outcome = sandbox.run_with(&["repl", "case.dl"], "");
    assert_eq!(outcome.stdout(), "");
}
