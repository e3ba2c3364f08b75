//! Rust values in and out, and what survives a failure.

use super::{Answer, CaseSpec, Command, Error, Lens, Options, Session};
use crate::engine::budget::{Budget, StopReason};
use crate::engine::{Functors, Value};
use crate::tries::tries;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// A case of files, of which conclusions have to hold at one time or not.
pub(super) fn opened_at(
    files: &[(&str, String)],
    threads: usize,
    at_once: bool,
) -> (tempfile::TempDir, Session) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let options = Options {
        threads,
        lens: Lens {
            at_once,
            ..Lens::default()
        },
        ..Options::default()
    };
    let session = Session::open(CaseSpec::at(directory.path()), options).expect("a case");
    (directory, session)
}

const TYPES: &str = "
.type Point = [x: number, tag: symbol]
.type Shape = Dot {} | Line {length: float, name: symbol} | Box {inner: Shape}
.type Level = Province {} | City {}
.decl word(s: symbol)
.decl mixed(n: number, u: unsigned, f: float, s: symbol)
.decl point(p: Point)
.decl shape(s: Shape)
.decl level(l: Level)
.decl flag()
";

fn session(more: &str) -> Session {
    Session::from_rules(&format!("{TYPES}{more}")).expect("a program")
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mixed {
    n: i32,
    u: u64,
    f: f64,
    s: String,
}

fn mixed() -> Mixed {
    Mixed {
        n: -7,
        u: u64::MAX,
        f: 0.5,
        s: "x".to_owned(),
    }
}

#[test]
fn structs_go_in_and_come_out() {
    let mut session = session("");
    session.insert("mixed", &mixed()).unwrap();
    let found: Vec<Mixed> = session.query_as("mixed(N, U, F, S)").unwrap();
    assert_eq!(found, [mixed()]);
}

#[test]
fn tuples_maps_and_scalars_do_too() {
    let mut session = session("");
    session.insert("mixed", &(1, 2, 3.0, "y")).unwrap();
    let map = serde_json::json!({"s": "z", "f": 4, "u": 5, "n": 6});
    session.insert("mixed", &map).unwrap();
    session.insert("word", "bare").unwrap();
    session.insert("word", &("in a tuple",)).unwrap();
    session.insert_all("word", vec!["a", "b"]).unwrap();
    session.insert("flag", &()).unwrap();
    let tuples: Vec<(i64, u8, f32, char)> = session.query_as("mixed(N, U, F, S)").unwrap();
    assert_eq!(tuples, [(1, 2, 3.0, 'y'), (6, 5, 4.0, 'z')]);
    let maps: Vec<BTreeMap<String, i64>> = session.query_as("mixed(N, U, _, _)").unwrap();
    assert_eq!(
        maps[0],
        BTreeMap::from([("N".to_owned(), 1), ("U".to_owned(), 2)])
    );
    let words: Vec<String> = session.query_as("word(W)").unwrap();
    assert_eq!(words, ["a", "b", "bare", "in a tuple"]);
    assert_eq!(session.query_as::<()>("flag()").unwrap().len(), 1);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Dot,
    Line { length: f64, name: String },
    Box(Box<Shape>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Level {
    Province,
    City,
}

#[test]
fn records_are_structs_or_nothing_and_algebraic_types_are_enums() {
    let mut session = session("");
    let points: Vec<Option<(i64, String)>> = vec![None, Some((1, "a".to_owned()))];
    session
        .insert_all("point", points.iter().map(|point| (point,)))
        .unwrap();
    let found: Vec<(Option<(i64, String)>,)> = session.query_as("point(P)").unwrap();
    assert_eq!(
        found.into_iter().map(|(point,)| point).collect::<Vec<_>>(),
        points
    );

    let line = Shape::Line {
        length: 1.5,
        name: "l".to_owned(),
    };
    let shapes = [Shape::Dot, line.clone(), Shape::Box(Box::new(line))];
    session.insert_all("shape", &shapes).unwrap();
    let found: Vec<Shape> = session.query_as("shape(S)").unwrap();
    assert_eq!(found, shapes);

    session
        .insert_all("level", [Level::City, Level::Province])
        .unwrap();
    let found: Vec<Level> = session.query_as("level(L)").unwrap();
    assert_eq!(found, [Level::Province, Level::City]);
    // A symbol column takes unit variants by name.
    session.insert("word", &Level::City).unwrap();
    assert_eq!(session.query_as::<Level>("word(L)").unwrap(), [Level::City]);
}

#[test]
fn what_does_not_fit_is_named() {
    let mut session = session("");
    let cases: [(&str, serde_json::Value, &str); 6] = [
        (
            "mixed",
            serde_json::json!([1, -2, 0.0, "s"]),
            "`u` takes a unsigned, not the integer -2",
        ),
        (
            "mixed",
            serde_json::json!(["1", 2, 0.0, "s"]),
            "`n` takes a number, not the text \"1\"",
        ),
        (
            "mixed",
            serde_json::json!([1, 2, 0.0]),
            "3 fields for 4 attributes (n, u, f, s)",
        ),
        (
            "mixed",
            serde_json::json!({"n": 1, "x": 2}),
            "no attribute `x`",
        ),
        ("shape", serde_json::json!(["Ring"]), "`s` takes a Shape"),
        (
            "word",
            serde_json::json!([null]),
            "`s` takes a symbol, not nothing",
        ),
    ];
    for (relation, row, reason) in cases {
        let error = session
            .insert(relation, &row)
            .expect_err(reason)
            .to_string();
        assert!(
            error.contains(reason) && error.contains(relation),
            "{error}"
        );
    }
    assert!(matches!(
        session.insert("wrod", "x"),
        Err(Error::Rejected(_))
    ));
    // None of it was stated.
    assert_eq!(session.query("mixed(N, _, _, _)").unwrap().len(), 0);

    session.insert("mixed", &(300, 1, 0.0, "s")).unwrap();
    let error = session
        .query_as::<(u8, u8)>("mixed(N, U, _, _)")
        .expect_err("300");
    assert!(error.to_string().contains("column `N`"), "{error}");
    let error = session
        .query_as::<(i64,)>("mixed(N, U, _, _)")
        .expect_err("two columns");
    assert!(error.to_string().contains("2 columns (N, U)"), "{error}");
}

#[test]
fn one_bad_row_keeps_all_out() {
    let mut session = session("");
    let rows = vec![serde_json::json!("a"), serde_json::json!(1)];
    session
        .insert_all("word", rows)
        .expect_err("1 is no symbol");
    assert!(session.query("word(W)").unwrap().is_empty());
}

#[test]
fn inserted_rows_outlive_typed_rules() {
    let mut session = session("");
    session.insert("word", "a").unwrap();
    let rule = Command::Clauses(".decl twice(s: symbol) twice(cat(S, S)) :- word(S).".to_owned());
    let Answer::Changed(change) = session.execute(&rule).unwrap() else {
        panic!("clauses change the program");
    };
    assert_eq!((change.rules, change.others, change.appeared), (1, 1, 1));
    assert_eq!(session.query_as::<String>("twice(S)").unwrap(), ["aa"]);
}

#[test]
fn a_failed_command_leaves_the_session_as_it_was() {
    let mut session = session("word(\"a\").");
    for text in ["word(1).", "nothing(X) :- word(X).", "word(X) :- !word(X)."] {
        let command = Command::Clauses(text.to_owned());
        assert!(
            matches!(session.execute(&command), Err(Error::Rejected(_))),
            "{text}"
        );
        assert_eq!(session.query_as::<String>("word(S)").unwrap(), ["a"]);
    }
}

#[test]
fn a_budget_stops_a_rule_but_not_the_session() {
    let spec = CaseSpec {
        text: Some(TYPES.into()),
        ..CaseSpec::default()
    };
    let options = Options {
        threads: 1,
        budget: Budget {
            rounds: Some(20),
            ..Budget::default()
        },
        ..Options::default()
    };
    let mut session = Session::open(spec, options).unwrap();
    let endless = Command::Clauses(".decl n(x: number) n(0). n(X + 1) :- n(X).".to_owned());
    match session.execute(&endless) {
        Err(Error::Stopped(stopped)) => {
            assert_eq!(stopped.reason, StopReason::Rounds);
            assert_eq!(stopped.relation.as_deref(), Some("n"));
        }
        _ => panic!("a budget of rounds ends it"),
    }
    assert!(session.program().relation_named("n").is_none());
    assert!(session.query("word(S)").unwrap().is_empty());
}

#[test]
fn a_million_levels_of_nesting_do_no_harm() {
    let mut session = Session::from_rules(
        ".type List = [head: number, tail: List]
         .decl list(l: List, n: number)
         list(nil, 0).
         list([N, L], N + 1) :- list(L, N), N < 5000.
         .decl longest(l: List)
         longest(L) :- list(L, 5000).",
    )
    .unwrap();
    let table = session.query("longest(L)").unwrap();
    assert!(table.text(0, 0).len() > 5000);
    let json = serde_json::to_string(&table).unwrap();
    serde_json::from_str::<serde_json::Value>(&json).expect("what we write can be read");
    let error = table
        .decode::<serde_json::Value>()
        .expect_err("too deep to build");
    assert!(error.to_string().contains("nested deeper"), "{error}");
}

/// Pieces of clauses, so that random texts come close to being right.
const WORDS: [&str; 24] = [
    "word(",
    "mixed(",
    ")",
    ",",
    ".",
    ":-",
    "?-",
    "X",
    "_",
    "\"a\"",
    "1",
    "-",
    "!",
    "{",
    "}",
    "=",
    "count :",
    "[",
    "]",
    "$Dot",
    ".decl p(x: number)",
    "p(",
    "\"",
    "é",
];

proptest::proptest! {
    #![proptest_config(tries(256))]

    #[test]
    fn no_text_brings_a_session_down(
        picks in proptest::collection::vec(0..WORDS.len(), 0..12),
    ) {
        let text: String = picks.into_iter().map(|at| WORDS[at]).collect::<Vec<_>>().join(" ");
        let mut session = session("word(\"a\").");
        for command in [
            Command::Typed(text.clone()),
            Command::Query(text.clone()),
            Command::Clauses(text.clone()),
            Command::Why(crate::session::WhyQuestion::of(text.clone())),
            Command::Count(Some(text.clone())),
            Command::Schema(text.clone()),
        ] {
            let _ = session.execute(&command);
        }
        proptest::prop_assert!(session.query("word(\"a\")").is_ok());
    }
}

fn with_functors(rules: &str, functors: Functors) -> Result<Session, Error> {
    let spec = CaseSpec {
        text: Some(rules.into()),
        ..CaseSpec::default()
    };
    let options = Options {
        functors,
        ..Options::default()
    };
    Session::open(spec, options)
}

#[test]
fn closures_stand_for_functors() {
    let rules = r#"
        .type Pair = [left: symbol, right: number]
        .type Grade = Known {n: number} | Unknown {}
        .functor swap(p: Pair): Pair stateful
        .functor grade(text: symbol): Grade stateful
        .functor half(x: number): number
        .decl pair(p: Pair)
        pair(@swap(["ab", 1])).
        .decl graded(n: number)
        graded(n) :- @grade("7") = $Known(n).
        .decl odd(x: number)
        odd(@half(x)) :- x = range(0, 5).
    "#;
    let functors = Functors::default()
        .with("swap", |args| match args {
            [Value::Record(Some(fields))] => match &fields[..] {
                [Value::Symbol(text), Value::Number(n)] => {
                    let text = text.chars().rev().collect();
                    Ok(Value::Record(Some(vec![
                        Value::Symbol(text),
                        Value::Number(-n),
                    ])))
                }
                _ => Err("not a pair".into()),
            },
            _ => Err("not a record".into()),
        })
        .with("grade", |args| match args {
            [Value::Symbol(text)] => Ok(match text.parse() {
                Ok(n) => Value::Branch(0, vec![Value::Number(n)]),
                Err(_) => Value::Branch(1, Vec::new()),
            }),
            _ => Err("not a symbol".into()),
        })
        .with("half", |args| match args {
            [Value::Number(n)] if n % 2 == 0 => Ok(Value::Number(n / 2)),
            _ => Err("odd".into()),
        });
    let mut session = with_functors(rules, functors).expect("a sound program");
    let pairs: Vec<(String, i64)> = session.query_as("pair([a, b])").expect("an answer");
    assert_eq!(pairs, [("ba".to_owned(), -1)]);
    let graded: Vec<(i64,)> = session.query_as("graded(n)").expect("an answer");
    assert_eq!(graded, [(7,)]);
    let halves: Vec<(i64,)> = session.query_as("odd(x)").expect("an answer");
    assert_eq!(halves, [(0,), (1,), (2,)]);
    let warning = session.warnings().to_text(false);
    assert!(warning.contains("`@half` failed: odd"), "{warning}");
    assert!(warning.contains("2 times in this rule"), "{warning}");
}

#[test]
fn a_functor_nobody_registered_is_an_error_where_it_is_called() {
    let rules = ".functor f(x: number): number\n.functor g(x: number): number\n.decl a(x: number)\na(1).\na(@f(x)) :- a(x), x > 3.";
    let Err(error) = with_functors(rules, Functors::default()) else {
        panic!("`@f` is not known")
    };
    let text = error.to_string();
    assert!(
        text.contains("`@f` has no definition here") && text.contains("rules:5:"),
        "{text}"
    );
    assert!(!text.contains("@g"), "{text}");
}

#[test]
fn faults_are_warnings_or_errors_as_asked() {
    let rules = ".decl a(x: number)\na(0). a(2).\n.decl b(x: number)\nb(10 / x) :- a(x).";
    let mut session = with_functors(rules, Functors::default()).expect("a sound program");
    let rows: Vec<(i64,)> = session.query_as("b(x)").expect("an answer");
    assert_eq!(rows, [(5,)]);
    assert!(
        session
            .warnings()
            .to_text(false)
            .contains("first with 10 / 0")
    );
    let spec = CaseSpec {
        text: Some(rules.into()),
        ..CaseSpec::default()
    };
    let options = Options {
        faults_are_errors: true,
        ..Options::default()
    };
    let Err(Error::Rejected(findings)) = Session::open(spec, options) else {
        panic!("a fault is an error here")
    };
    assert!(
        findings
            .to_text(false)
            .contains("error[D501]: division by zero")
    );
}
