//! Records and branches of unions in bodies.

use super::tests::check;

const PAIRS: &str = ".type Pair = [a: number, b: number]\n.type Nest = [p: Pair, b: number]\n\
    .type Tree = N { n: number } | B { t: Tree, n: number }\n\
    .decl e(x: number)\ne(1). e(4). e(100).\n.decl p(p: Pair)\np([1,2]). p([7,9]). p([4,5]).\n\
    .decl q(n: Nest)\nq([[4,5],2]). q([[4,6],5]).\n.decl t(t: Tree)\nt($N(5)). t($B($N(2), 5)).\n";

/// Parts of records that are computed from what is known only later.
#[test]
fn parts_of_records_are_compared_with_what_is_computed() {
    let cases = [
        ("out(x, y) :- e(x), p([y, x+1]).", "1 1; 4 4"),
        ("out(x, y) :- p([y, x+1]), e(x).", "1 1; 4 4"),
        ("out(x, 0) :- e(x), [x+1, 3] = [5, 3].", "4 0"),
        ("out(x, 0) :- [5, 3] = [x+1, 3], e(x).", "4 0"),
        ("out(x, y) :- e(x), q([[x, x+1], y]).", "4 2"),
        ("out(x, y) :- e(x), q([[y, x+2], x+1]).", "4 4"),
        ("out(x, 0) :- e(x), t($N(x+1)).", "4 0"),
        ("out(x, y) :- e(x), t($B($N(y), x+1)).", "4 2"),
        ("out(x, y) :- e(x), z = [y, x+1], p(z).", "1 1; 4 4"),
        ("out(x, y) :- e(x), p(z), [y, x+1] = z.", "1 1; 4 4"),
        (
            "out(x, n) :- e(x), n = count : { p([_, x+1]) }.",
            "1 1; 100 0; 4 1",
        ),
        (
            "out(x, n) :- e(x), n = sum y : { p([y, z+1]), e(z), z <= x }.",
            "1 1; 100 5; 4 5",
        ),
        (
            "out(x, y) :- e(x), p([y, x+1]), out(_, _). out(0, 0).",
            "0 0; 1 1; 4 4",
        ),
        (
            "out(x, y) :- out(x, _), p([y, x+1]). out(1, 0).",
            "1 0; 1 1",
        ),
    ];
    for (rules, expected) in cases {
        let program = format!("{PAIRS}.decl out(x: number, y: number)\n{rules}\n");
        check(&program, expected);
    }
}
