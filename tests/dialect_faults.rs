//! Functors without a value for their arguments: the rule, the row and the call are named, the same at any number of
//! threads, and the rule instance yields nothing.

mod support;

use support::Sandbox;

const PROGRAM: &str = r#"
.type P = [s: symbol, n: number]
.decl a(k: symbol, x: number)
a(cat("x-", to_string(x)), x % 3) :- x = range(0, 3000).
.decl r(p: P)
r([k, x]) :- a(k, x), match("x-[0-9]", k).
.decl b(k: symbol, x: number)
b(k, 10 / x) :- a(k, x).
.decl c(p: P, n: number)
c(p, to_number(s)) :- r(p), p = [s, _].
.decl d(z: number, n: number)
d(z, n) :- a("x-1", z), n = max 10 % x : { a(_, x), x <= z }.
.decl e(k: symbol)
e(k) :- a(k, x), match("(", k), x = 0.
.printsize b, c, d, e
"#;

#[test]
fn a_fault_names_the_rule_the_row_and_the_call() {
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", PROGRAM);
    for threads in ["1", "2"] {
        let outcome = sandbox.run(&["run", "case.dl", "-j", threads]);
        assert_eq!(outcome.stdout(), "b\t2000\nc\t0\nd\t1\ne\t0\n");
        let said = outcome.stderr();
        for (line, times, call) in [
            (
                8,
                "1000 times",
                r#"first with 10 / 0, for k = "x-0", x = 0"#,
            ),
            (
                10,
                "10 times",
                r#"first with to_number("x-0"), for p = ["x-0", 0], s = "x-0""#,
            ),
            (12, "1000 times", "first with 10 % 0, for z = 1, x = 0"),
            (
                14,
                "1000 times",
                r#"first with match("(", "x-0"), for k = "x-0""#,
            ),
        ] {
            let block = said
                .split("\n\n")
                .find(|block| block.contains(&format!("case.dl:{line}:")))
                .unwrap_or_else(|| panic!("nothing in line {line}:\n{said}"));
            assert!(block.contains(times) && block.contains(call), "{block}");
        }
    }
}

#[test]
fn a_fault_may_end_the_run() {
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", PROGRAM);
    let outcome = sandbox.run(&["run", "case.dl", "--on-fault", "stop"]);
    let said = outcome.stderr();
    assert!(said.contains("error[D501]: division by zero"), "{said}");
    assert!(said.contains(r#"for k = "x-0", x = 0"#), "{said}");
    assert_eq!(outcome.stdout(), "");
}
