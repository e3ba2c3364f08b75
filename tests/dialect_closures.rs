//! What a program leaves to the program that embeds it: functors, user-defined aggregates, the operators of lattices.

use cutout::{CaseSpec, Error, Functors, Options, Session, Value};

fn open(rules: &str, functors: Functors, threads: usize) -> Result<Session, Error> {
    let spec = CaseSpec {
        text: Some(rules.into()),
        ..CaseSpec::default()
    };
    let options = Options {
        functors,
        threads,
        ..Options::default()
    };
    Session::open(spec, options)
}

/// Intervals as records of two numbers.
fn interval(value: &Value) -> Option<(i64, i64)> {
    match value {
        Value::Record(Some(fields)) => match fields[..] {
            [Value::Number(low), Value::Number(high)] => Some((low, high)),
            _ => None,
        },
        _ => None,
    }
}

fn of_intervals(
    f: impl Fn((i64, i64), (i64, i64)) -> (i64, i64) + Send + Sync + 'static,
) -> impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static {
    move |args| match args {
        [a, b] => {
            let (low, high) = f(
                interval(a).ok_or("no interval")?,
                interval(b).ok_or("no interval")?,
            );
            Ok(Value::Record(Some(vec![
                Value::Number(low),
                Value::Number(high),
            ])))
        }
        _ => Err("two intervals expected".into()),
    }
}

#[test]
fn a_user_defined_aggregate_folds_its_values_in_ascending_order() {
    let rules = r#"
        .functor join(so_far: symbol, next: number): symbol
        .decl a(k: symbol, n: number)
        a("x", 3). a("x", -1). a("x", 20). a("y", 7).
        .decl k(k: symbol)
        k("x"). k("y"). k("z").
        .decl joined(k: symbol, all: symbol)
        joined(k, t) :- k(k), t = @@join n : cat(k, ":"), { a(k, n) }.
        .decl all(all: symbol)
        all(t) :- t = @@join n + m : "", { a("x", n), a("y", m) }.
    "#;
    for threads in [1, 2] {
        let functors = Functors::default().with("join", |args| match args {
            [Value::Symbol(text), Value::Number(n)] => Ok(Value::Symbol(format!("{text} {n}"))),
            _ => Err("a symbol and a number expected".into()),
        });
        let mut session = open(rules, functors, threads).expect("a sound program");
        let joined: Vec<(String, String)> = session.query_as("joined(k, t)").expect("an answer");
        let expected = [("x", "x: -1 3 20"), ("y", "y: 7"), ("z", "z:")];
        assert_eq!(joined, expected.map(|(k, t)| (k.to_owned(), t.to_owned())));
        let all: Vec<(String,)> = session.query_as("all(t)").expect("an answer");
        assert_eq!(all, [(" 6 10 27".to_owned(),)]);
    }
}

#[test]
fn a_user_defined_aggregate_may_be_of_records() {
    let rules = r#"
        .type Interval = [low: number, high: number]
        .functor hull(so_far: Interval, next: Interval): Interval stateful
        .decl a(i: Interval)
        a([x, x + 1]) :- x = range(0, 1000).
        .decl b(i: Interval)
        b(i) :- i = @@hull x : [0, 0], { a(x) }.
    "#;
    let hull = of_intervals(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let functors = Functors::default().with("hull", hull);
    let mut session = open(rules, functors, 2).expect("a sound program");
    let hulls: Vec<(i64, i64)> = session.query_as("b([l, h])").expect("an answer");
    assert_eq!(hulls, [(0, 1000)]);
}

#[test]
fn what_is_wrong_with_a_user_defined_aggregate_is_named() {
    let functors = || {
        Functors::default().with("f", |args| match args {
            [_, Value::Number(2)] => Err("two is too much".into()),
            _ => Ok(Value::Number(1)),
        })
    };
    for (program, expected) in [
        (
            ".functor f(x: number): number\n.decl a(x: number)\na(@@f x : 0, { a(x) }).",
            "Functor arity mismatch: `@@f` folds with a functor of 2 parameters",
        ),
        (
            ".decl a(x: number)\na(1).\n.decl b(x: number)\nb(@@g x : 0, { a(x) }).",
            "Undefined user-defined functor `g`",
        ),
        (
            ".functor g(x: number, y: number): number\n.decl a(x: number)\na(1).\n.decl b(x: number)\nb(@@g x : 0, { a(x) }).",
            "User-defined functor `@g` has no definition here",
        ),
        (
            ".functor f(x: number, y: number): number\n.decl a(x: symbol)\na(\"1\").\n.decl b(x: number)\nb(@@f x : 0, { a(x) }).",
            "Unable to deduce type for variable `x`",
        ),
    ] {
        let Err(error) = open(program, functors(), 1) else {
            panic!("{program}")
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    let program = ".functor f(x: number, y: number): number\n.decl a(k: number, x: number)\na(1, 1). a(2, 2).\n.decl b(k: number, x: number)\nb(k, x) :- a(k, _), x = @@f y : 0, { a(k, y) }.";
    let mut session = open(program, functors(), 1).expect("a sound program");
    let rows: Vec<(i64, i64)> = session.query_as("b(k, x)").expect("an answer");
    assert_eq!(rows, [(1, 1)]);
    let warnings = session.warnings().to_text(false);
    assert!(
        warnings.contains("`@f` failed: two is too much"),
        "{warnings}"
    );
}

/// The intervals of a variable in a loop that counts from 0 to beyond 100 in steps of two.
#[test]
fn lattices_of_closures_make_an_interval_analysis() {
    let rules = r#"
        .type Interval = [low: number, high: number]
        .functor lub(a: Interval, b: Interval): Interval stateful
        .functor glb(a: Interval, b: Interval): Interval stateful
        .functor plus(a: Interval, b: Interval): Interval stateful
        .lattice Interval<> { Bottom -> [1, 0], Lub -> @lub(_, _), Glb -> @glb(_, _) }
        .decl next(from: symbol, to: symbol)
        next("start", "head"). next("head", "body"). next("body", "head"). next("head", "end").
        .decl step(at: symbol, by: Interval)
        step("body", [2, 2]).
        .decl only(at: symbol, within: Interval<>)
        only("body", [-1000000, 100]). only("end", [101, 1000000]).
        .decl value(at: symbol, i: Interval<>)
        value("start", [0, 0]).
        value(to, i) :- value(from, i), next(from, to), !step(from, _), !limited(to).
        value(to, @plus(i, by)) :- value(from, i), next(from, to), step(from, by), !limited(to).
        value(to, i) :- value(from, i), only(to, i), next(from, to), !step(from, _).
        .decl limited(at: symbol)
        limited(at) :- only(at, _).
    "#;
    for threads in [1, 2] {
        let functors = Functors::default()
            .with(
                "lub",
                of_intervals(|a, b| match (a.0 > a.1, b.0 > b.1) {
                    (true, _) => b,
                    (_, true) => a,
                    _ => (a.0.min(b.0), a.1.max(b.1)),
                }),
            )
            .with(
                "glb",
                of_intervals(|a, b| match (a.0.max(b.0), a.1.min(b.1)) {
                    (low, high) if low > high => (1, 0),
                    common => common,
                }),
            )
            .with("plus", of_intervals(|a, b| (a.0 + b.0, a.1 + b.1)));
        let mut session = open(rules, functors, threads).expect("a sound program");
        let values: Vec<(String, i64, i64)> = session
            .query_as("value(at, [low, high])")
            .expect("an answer");
        let expected = [
            ("body", 0, 100),
            ("end", 101, 102),
            ("head", 0, 102),
            ("start", 0, 0),
        ];
        assert_eq!(
            values,
            expected.map(|(at, low, high)| (at.to_owned(), low, high))
        );
    }
}

/// A cyclic distance relation is the least one, whatever order rows come in.
#[test]
fn a_lattice_of_distances_agrees_with_an_aggregate_over_all_paths() {
    let rules = r#"
        .decl edge(a: number, b: number, n: number)
        edge(x, (x * 7 + 3) % 12, x % 5 + 1) :- x = range(0, 12).
        edge(x, (x * 5 + 1) % 12, x % 3 + 1) :- x = range(0, 12).
        .type Low <: number
        .lattice Low<> { Lub -> min(_, _), Glb -> max(_, _), Bottom -> 1000000 }
        .decl least(a: number, b: number, n: Low<>)
        least(a, b, as(n, Low)) :- edge(a, b, n).
        least(a, c, as(n + m, Low)) :- least(a, b, n), edge(b, c, m).
        .decl path(a: number, b: number, n: number)
        path(a, b, n) :- edge(a, b, n).
        path(a, c, n + m) :- path(a, b, n), edge(b, c, m), n + m < 60.
        .decl wrong(a: number, b: number, n: number)
        wrong(a, b, n) :- least(a, b, n), !shortest(a, b, n).
        wrong(a, b, n) :- shortest(a, b, n), !ends(a, b, n).
        .decl shortest(a: number, b: number, n: number)
        shortest(a, b, n) :- path(a, b, _), n = min m : { path(a, b, m) }.
        .decl ends(a: number, b: number, n: number)
        ends(a, b, n) :- least(a, b, n).
    "#;
    let mut session = open(rules, Functors::default(), 2).expect("a sound program");
    let wrong: Vec<(i64, i64, i64)> = session.query_as("wrong(a, b, n)").expect("an answer");
    assert_eq!(wrong, []);
    let ways: Vec<(i64, i64, i64)> = session.query_as("ends(a, b, n)").expect("an answer");
    assert!(ways.len() > 50, "{}", ways.len());
}
