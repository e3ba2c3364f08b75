//! A question alone and a program that asks for little: the answers of everything, from less.

use super::{Budget, CaseSpec, Derive, Error, Options, Session};

/// A line of twenty nodes and a clique of five beside it.
fn rules(more: &str) -> String {
    let mut text = String::from(
        ".decl edge(x: symbol, y: symbol)\n.decl reach(x: symbol, y: symbol)\n.decl dead(x: symbol)\n\
         reach(x, y) :- edge(x, y).\nreach(x, z) :- edge(x, y), reach(y, z).\ndead(x) :- edge(_, x), !reach(x, _).\n",
    );
    for at in 0..20 {
        text += &format!("edge(\"n{at:02}\", \"n{:02}\").\n", at + 1);
    }
    for (a, b) in (0..5).flat_map(|a| (0..5).map(move |b| (a, b))) {
        text += &format!("edge(\"c{a}\", \"c{b}\").\n");
    }
    text + more
}

fn spec(text: &str) -> CaseSpec {
    CaseSpec {
        text: Some(text.into()),
        ..CaseSpec::default()
    }
}

fn open(text: &str, derive: Derive) -> Session {
    let options = Options {
        derive,
        ..Options::default()
    };
    Session::open(spec(text), options).expect("a sound case")
}

#[test]
fn a_question_alone_is_answered_as_in_a_session() {
    for more in ["", ".pragma \"magic-transform\" \"*\"\n"] {
        let text = rules(more);
        let mut session = Session::from_rules(&text).expect("a sound case");
        for question in [
            "reach(\"n17\", X)",
            "reach(X, \"n02\")",
            "reach(\"n03\", \"n09\")",
            "reach(\"n09\", \"n03\")",
            "dead(X)",
            "dead(\"n20\"), reach(\"n18\", Y)",
            "edge(\"n03\", X); reach(\"n18\", X)",
            "reach(\"n5\", X)",
            "X = \"c3\", reach(X, Y), !dead(Y)",
            "n = count : { reach(\"n15\", _) }",
        ] {
            let whole = session.query(question).expect("a sound question");
            let alone = Session::ask_once(spec(&text), Options::default(), question)
                .expect("a sound question");
            let json = |table| serde_json::to_value(table).expect("plain data");
            assert_eq!(json(&alone), json(&whole), "{question}");
            assert_eq!(alone.notes(), whole.notes(), "{question}");
        }
    }
}

#[test]
fn a_corner_takes_fewer_rows() {
    let whole = open(&rules(""), Derive::Everything).report().derived;
    let corner = open(&rules(""), Derive::For("reach(\"n17\", X)".into()));
    assert!(
        corner.report().derived * 10 < whole,
        "{} of {whole}",
        corner.report().derived
    );
    assert_eq!(corner.report().stated, 45);
}

#[test]
fn what_nothing_needs_is_not_derived() {
    let session = open(&rules(""), Derive::For("reach(X, Y)".into()));
    let rows = |name: &str| {
        session
            .database()
            .len(session.program().relation_named(name).expect("declared"))
    };
    assert_eq!((rows("reach"), rows("dead")), (235, 0));
}

#[test]
fn demands_that_lead_everywhere_are_given_up() {
    // What is not a tail hands demands to every node, and every node's rows up.
    let text = rules("reach(x, z) :- reach(x, y), reach(y, z).\n");
    let question = "reach(\"n00\", X)";
    let mut session = open(&text, Derive::For(question.into()));
    let plans = session.plan_query(question).expect("a sound question");
    let demand = plans.demand.expect("a question was asked alone");
    assert_eq!(
        demand.declined,
        Some("what is asked for leads to far more rows than are stated")
    );
    let told: Vec<_> = demand
        .relations
        .iter()
        .map(|fate| (&*fate.relation, fate.whole.is_some()))
        .collect();
    assert_eq!(told, [("reach", true), ("dead", false)]);
    let alone = Session::ask_once(spec(&text), Options::default(), question).expect("answered");
    assert_eq!(alone.len(), 20);
}

#[test]
fn a_limit_of_the_user_stays_one() {
    let text = rules("reach(x, z) :- reach(x, y), reach(y, z).\n");
    let options = Options {
        budget: Budget {
            rows: Some(10),
            ..Budget::default()
        },
        ..Options::default()
    };
    let stopped = Session::ask_once(spec(&text), options, "reach(\"n00\", X)");
    assert!(matches!(stopped, Err(Error::Stopped(_))));
}

#[test]
fn a_session_that_asked_for_little_derives_the_rest_when_asked_for_more() {
    let text = rules(
        ".pragma \"magic-transform\" \"*\"\n.decl out(x: symbol)\n.output out\nout(x) :- reach(\"n17\", x).\n",
    );
    let mut session = open(&text, Derive::Wanted);
    assert_eq!(
        session.report().derived,
        3 + 4 + 3,
        "demands, rows, outputs"
    );
    assert_eq!(
        session.query("reach(\"c1\", _)").expect("answered").len(),
        1
    );
    let mut session = open(&text, Derive::Wanted);
    session.insert("reach", &("n20", "x-new")).expect("it fits");
    assert_eq!(
        session
            .query_as::<String>("out(X)")
            .expect("answered")
            .len(),
        4
    );
}

#[test]
fn questions_and_constraints_of_a_program_ask_too() {
    let text = rules("?- reach(\"n17\", X).\n:- reach(\"n19\", \"n20\").\n");
    let session = open(&text, Derive::Wanted);
    let answers = session.answers().expect("answered");
    assert_eq!(answers[0].rows.len(), 3);
    assert_eq!(session.violations().len(), 1);
    let reach = session.program().relation_named("reach").expect("declared");
    assert_eq!(
        session.database().len(reach),
        0,
        "only its copies have rows"
    );
}
