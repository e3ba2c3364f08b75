//! Ordinary programs.

use super::program;
use expect_test::expect;

#[test]
fn recursion() {
    program(
        "
.decl arc(x: number, y: number)
.input arc
.decl tc(x: number, y: number)
tc(x, y) :- arc(x, y).
tc(x, y) :- tc(x, z), arc(z, y).
.output tc
",
        expect![[r#"
            .decl arc(x: number, y: number)
            .decl tc(x: number, y: number)
            .input arc()
            .output tc()
            stratum 1: tc (recursive)
              tc(x, y) :- arc(x, y).
              tc(x, y) :- tc(x, z), arc(z, y).
        "#]],
    );
}
