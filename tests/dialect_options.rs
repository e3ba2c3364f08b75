//! Options that change what a program means: the size of words, and doing as Soufflé does where it errs.

mod support;

use support::Sandbox;

/// What `case.dl` prints on the screen with these options.
fn printed(program: &str, options: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", program);
    let mut arguments = vec!["run", "case.dl", "-D", "-"];
    arguments.extend(options);
    let outcome = sandbox.run(&arguments);
    format!("{}{}", outcome.stdout(), outcome.stderr())
}

#[test]
fn words_of_32_bits_wrap_and_round() {
    let program = r#"
        .decl n(at: number, x: number)
        .output n(IO=stdout)
        n(1, 2147483647 + 1). n(2, -2147483648 - 1). n(3, 65536 * 65536). n(4, 2^31).
        n(5, 1 bshl 33). n(6, -8 bshru 28). n(7, -8 bshr 1). n(8, bnot 0). n(9, -(-2147483648)).
        n(10, as(0.1, number)). n(11, to_number(4294967295u)). n(12, -2147483648 / -1).
        n(13, 192.168.0.1). n(14, RAM_DOMAIN_SIZE).
        .decl big(x: number)
        big(2147483647). big(2147483646). big(2).
        n(15, s) :- s = sum x : { big(x) }.
        .decl u(at: number, x: unsigned)
        u(1, 4294967295 + 1). u(2, 0 - 1). u(3, to_unsigned(-1)). u(5, bnot 0).
        u(6, 4294967295 bshr 28). u(7, as(0.1, unsigned)).
        .decl f(at: number, x: float)
        f(1, 0.1). f(2, 0.1 + 0.2). f(3, to_float("1e20")).
        .output n, u, f
    "#;
    let text = printed(program, &["--word-size", "32"]);
    for row in [
        "1\t-2147483648\n",
        "2\t2147483647\n",
        "3\t0\n",
        "4\t-2147483648\n",
        "5\t2\n",
        "6\t15\n",
        "7\t-4\n",
        "8\t-1\n",
        "9\t-2147483648\n",
        "10\t1036831949\n",
        "11\t-1\n",
        "12\t-2147483648\n",
        "13\t-1062731775\n",
        "14\t32\n",
        "15\t-1\n",
        "1\t0\n",
        "2\t4294967295\n",
        "3\t4294967295\n",
        "5\t4294967295\n",
        "6\t15\n",
        "7\t1036831949\n",
        "1\t0.100000001\n",
        "2\t0.300000012\n",
        "3\t1.00000002e+20\n",
    ] {
        assert!(text.contains(row), "no {row:?} in\n{text}");
    }
}

#[test]
fn a_constant_or_field_beyond_32_bits_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", ".decl a(x: number)\n.input a\n.output a\n");
    sandbox.file("a.facts", "2147483648\n");
    let outcome = sandbox.run(&["run", "case.dl", "-D", ".", "--word-size", "32"]);
    assert!(outcome.stderr().contains("D406"), "{}", outcome.stderr());
    let text = printed(
        ".decl a(x: number)\na(0xffffffff).\n.output a",
        &["--word-size=32"],
    );
    assert!(text.contains("does not fit in 32 bits"), "{text}");
    let text = printed(".decl a(x: number)\na(1).\n.output a", &["--word-size=16"]);
    assert!(text.contains("64 or 32"), "{text}");
}

#[test]
fn floats_that_are_read_have_32_bits_too() {
    let sandbox = Sandbox::new();
    let database = rusqlite::Connection::open(sandbox.path().join("b.db")).expect("a database");
    database
        .execute_batch("create table b (x real, n integer); insert into b values (0.1, 2);")
        .expect("a table");
    drop(database);
    sandbox.file("a.facts", "0.1\t1\n");
    sandbox.file(
        "case.dl",
        ".decl a(x: float, n: number)
.input a
.decl b(x: float, n: number)
.input b(IO=sqlite, dbname=\"b.db\")
.decl q(n: number)
.output q
q(n) :- a(0.1, n).
q(n) :- b(0.1, n).
",
    );
    for bits in ["32", "64"] {
        sandbox
            .run(&["run", "case.dl", "-F", ".", "-D", ".", "--word-size", bits])
            .status(0);
        assert_eq!(sandbox.read("q.csv"), "1\n2\n", "{bits} bits");
    }
}

#[test]
fn being_strict_is_to_err_as_souffle_does() {
    let quotes = ".decl a(x: symbol)\na(\"p\\\"q\").\n.output a(rfc4180=true, filename=\"a.csv\")";
    let sandbox = Sandbox::new();
    sandbox.file("case.dl", quotes);
    sandbox.run(&["run", "case.dl", "-D", "."]);
    assert_eq!(sandbox.read("a.csv"), "\"p\"\"q\"\n");
    sandbox.run(&["run", "case.dl", "-D", ".", "--strict-souffle"]);
    assert_eq!(sandbox.read("a.csv"), "\"p\\\"\"q\"\n");

    let division =
        ".decl a(x: number)\na(0). a(1).\n.decl b(x: number)\nb(1 / x) :- a(x).\n.output b";
    assert!(printed(division, &[]).contains("warning[W501]"));
    assert!(printed(division, &["--strict-souffle"]).contains("error[D501]"));

    let symbols =
        ".decl a(x: symbol)\na(\"b\").\n.decl b(x: symbol)\nb(min x : { a(x) }).\n.output b";
    assert!(!printed(symbols, &[]).contains("error"));
    let text = printed(symbols, &["--strict-souffle"]);
    assert!(
        text.contains("Couldn't assign types to the aggregator"),
        "{text}"
    );

    let floats = ".decl a(x: float)\na(0.123456789).\n.output a(IO=jsonfile)";
    sandbox.file("case.dl", floats);
    sandbox.run(&["run", "case.dl", "-D", "."]);
    assert_eq!(sandbox.read("a.json"), "[[0.123456789]]\n");
    sandbox.run(&["run", "case.dl", "-D", ".", "--strict-souffle"]);
    assert_eq!(sandbox.read("a.json"), "[[0.123457]]\n");
}
