//! What is asked for decides what is derived: `cutout query`, `run`, `plan` and `profile`.

mod support;

use expect_test::expect;
use support::Sandbox;

const RULES: &str = r#"
.decl edge(x: symbol, y: symbol)
edge("x-a", "x-b"). edge("x-b", "x-c"). edge("x-c", "x-d"). edge("x-p", "x-q").
.decl reach(x: symbol, y: symbol)
reach(x, y) :- edge(x, y).
reach(x, z) :- edge(x, y), reach(y, z).
.decl end(x: symbol)
end(x) :- edge(_, x), !reach(x, _).
.decl twice(x: symbol, n: number)
twice(x, 2 * n) :- end(x), n = count : { end(_) }.
"#;

fn sandbox(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("r.dl", format!("{RULES}{more}"));
    sandbox
}

#[test]
fn a_question_is_answered_from_its_corner() {
    let sandbox = sandbox("");
    let ask = |question: &str| {
        let outcome = sandbox.run(&["query", question, "r.dl", "--csv"]);
        outcome.status(0).stdout()
    };
    assert_eq!(ask("reach(\"x-b\", X)"), "X\nx-c\nx-d\n");
    assert_eq!(ask("reach(X, \"x-c\")"), "X\nx-a\nx-b\n");
    assert_eq!(ask("reach(\"x-a\", \"x-d\")"), "holds\ntrue\n");
    assert_eq!(ask("end(X), reach(\"x-a\", X)"), "X\nx-d\n");
    assert_eq!(ask("twice(\"x-q\", N)"), "N\n4\n");
    let outcome = sandbox.run(&["query", "reach(\"x-bb\", X)", "r.dl"]);
    outcome
        .status(0)
        .says("`x-bb` does not occur in reach.x; did you mean `x-b`?");
}

#[test]
fn a_fault_that_the_question_does_not_reach_is_not_met() {
    let sandbox =
        sandbox(".decl bad(n: number)\nbad(1 / n) :- n = count : { reach(\"x-none\", _) }.\n");
    let stop = ["--on-fault", "stop"];
    let outcome = sandbox.run(&[&["query", "reach(\"x-b\", X)", "r.dl"][..], &stop].concat());
    outcome.status(0);
    let outcome = sandbox.run(&[&["query", "bad(X)", "r.dl"][..], &stop].concat());
    outcome.status(1).says("division by zero");
}

#[test]
fn the_plan_of_a_question_shows_what_is_derived_for_it() {
    let sandbox = sandbox("");
    let outcome = sandbox.run(&["plan", "r.dl", "--query", "reach(\"x-b\", X)"]);
    expect![[r#"
        derive only what is asked for

          reach  as reach^bf
          2 other relations not at all

        derive demand reach^bf  (until nothing new comes)

          demand reach^bf(y) :- demand reach^bf(x), edge(x, y).
          r.dl:6:1
            for what is new in demand reach^bf(x)
            1. scan delta of demand reach^bf(x)  ~1
            2. look up edge by x = x, gives y    ~1  by edge(x)
               derive demand reach^bf(y)

        derive reach^bf

          reach^bf("x-b", y) :- demand reach^bf(x), edge(x, y).
          r.dl:5:1
            1. scan demand reach^bf(x)         ~3
            2. look up edge by x = x, gives y  ~3  by edge(x)
               derive reach^bf("x-b", y)

        answer

        1. look up reach^bf by x = "x-b", gives X  ~2  by reach^bf(x)
           answer X
    "#]]
    .assert_eq(&outcome.status(0).stdout());
    let outcome = sandbox.run(&["plan", "r.dl", "--query", "end(\"x-d\")"]);
    expect![[r#"
        derive only what is asked for

          reach  whole: it is negated
          end    as end^b
          1 other relation not at all

        derive end^b

          end^b(x) :- demand end^b(x), !reach(x, _), edge(_, x).
          r.dl:8:1
            1. scan demand end^b(x)                ~1
            2. check that there is no reach(x, _)  <1  by reach(x)
            3. check that there is edge(_, x)      <1  by edge(y)
               derive end^b(x)

        answer

        1. ask once: check that there is end^b("x-d")  <1  by end^b(x)
           answer yes
    "#]]
    .assert_eq(&outcome.status(0).stdout());
    let outcome = sandbox.run(&["plan", "r.dl", "--query", "twice(X, N)", "--json"]);
    let json = outcome.status(0).json();
    assert_eq!(
        json["demand"]["declined"],
        "everything it derives is needed whole"
    );
}

#[test]
fn pragmas_restrict_what_outputs_need() {
    let asked = ".decl from(x: symbol)\nfrom(\"x-b\").\n.decl out(y: symbol)\n.output out\nout(y) :- from(x), reach(x, y).\n";
    let sandbox = sandbox(&format!("{asked}.pragma \"magic-transform\" \"*\"\n"));
    sandbox.run(&["run", "r.dl"]).status(0);
    assert_eq!(sandbox.read("out.csv"), "x-c\nx-d\n");
    let outcome = sandbox.run(&["plan", "r.dl"]);
    outcome
        .status(0)
        .shows("reach  as reach^bf\n  out    whole: it is written or counted\n  2 other relations not at all")
        .shows("demand reach^bf(x) :- from(x).");
    let outcome = sandbox.run(&["plan", "r.dl", "--rule", "reach"]);
    outcome.status(0).shows("derive reach^bf(x, z)");
    let outcome = sandbox.run(&["profile", "r.dl"]);
    outcome.status(0).shows("reach^bf");
    // Everything is there when something else is asked.
    let outcome = sandbox.run_with(&["repl", "r.dl"], "reach(\"x-p\", X)\n");
    outcome.status(0).shows("x-q");
}

#[test]
fn a_question_of_the_program_restricts_too() {
    let sandbox = sandbox("?- reach(\"x-b\", X).\n:- end(\"x-q\").\n");
    let outcome = sandbox.run(&["run", "r.dl"]);
    outcome
        .status(3)
        .shows("x-d")
        .says("constraint violated by 1 row: :- end(\"x-q\").");
    let outcome = sandbox.run(&["plan", "r.dl"]);
    outcome.status(0).shows("reach  whole: it is negated");
}

#[test]
fn atoms_apart_are_asked_for_once() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "apart.dl",
        ".decl a(x: number)\na(1).\n.decl b(x: number, y: number)\nb(1, 2). b(2, 3).\n.decl out(x: number)\n.output out\n\
         out(x) :- a(x), b(y, z), b(z, _).\n",
    );
    let outcome = sandbox.run(&["plan", "apart.dl"]);
    expect![[r#"
        derive out

          out(x) :- a(x), b(y, z), b(z, _).
          apart.dl:7:1
            1. ask once, up to the first answer  ~1
               1.1. scan b(y, z)                 ~2
               1.2. check that there is b(z, _)  ~1  by b(x)
            2. scan a(x)                         ~1
               derive out(x)
    "#]]
    .assert_eq(&outcome.status(0).stdout());
    let outcome = sandbox.run(&["check", "apart.dl"]);
    assert!(!outcome.status(0).stderr().contains("Cross product"));
}
