//! Suppositions against a second opinion: a session opened on the edited text, or on edited files.

mod support;
#[path = "../src/tries.rs"]
mod tries;

use cutout::session::{Overlay, Supposition, Withdrawal, World};
use cutout::{CaseSpec, Options, Session};
use proptest::prelude::*;
use support::Sandbox;
use tries::tries;

const DECLARATIONS: &str = "\
.decl e(a: number, b: number)
.decl n(a: number)
.decl same(a: number, b: number) eqrel
.decl path(a: number, b: number)
.decl lonely(a: number)
.decl degree(a: number, c: number)
.decl top(a: number, c: number)
.decl far(a: number)
top(a, c) <= top(a, d) :- c < d.
";

/// Rules that may stand or not, together in any choice; some strata lie above others.
const RULES: [&str; 9] = [
    "path(a, b) :- e(a, b).",
    "path(a, c) :- path(a, b), e(b, c).",
    "lonely(a) :- n(a), !path(a, _).",
    "degree(a, c) :- n(a), c = count : { e(a, _) }.",
    "same(a, b) :- e(a, b), e(b, a).",
    "top(0, c) :- degree(_, c).",
    "far(a) :- n(a), !same(0, a), degree(a, c), c < 2.",
    "path(a, b) :- same(a, b), !lonely_stated(a).",
    ":- path(a, a), lonely_stated(a).",
];

const RELATIONS: [&str; 7] = [
    "e(A, B)",
    "same(A, B)",
    "path(A, B)",
    "lonely(A)",
    "degree(A, C)",
    "top(A, C)",
    "far(A)",
];

#[derive(Clone, Debug)]
enum Step {
    Assume(Fact),
    /// All edges from here.
    Withdraw(u8),
    WithdrawNode(u8),
    AddRule(usize),
    DropRule(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Edge(u8, u8),
    Node(u8),
    Stated(u8),
}

impl Fact {
    fn text(self) -> String {
        match self {
            Fact::Edge(a, b) => format!("e({a}, {b})"),
            Fact::Node(a) => format!("n({a})"),
            Fact::Stated(a) => format!("lonely_stated({a})"),
        }
    }
}

/// A program as a list of lines; a line that goes leaves its place empty.
#[derive(Clone, Debug)]
struct Text {
    facts: Vec<Option<Fact>>,
    rules: [bool; RULES.len()],
    /// Rules that were there at first: only they have a place in the file.
    first: [bool; RULES.len()],
}

impl Text {
    fn whole(&self) -> String {
        let mut text = format!("{DECLARATIONS}.decl lonely_stated(a: number)\n");
        for (rule, stands) in RULES.iter().zip(self.rules) {
            if stands {
                text += rule;
            }
            text += "\n";
        }
        for fact in self.facts.iter().flatten() {
            text += &format!("{}.\n", fact.text());
        }
        text
    }

    fn line_of(rule: usize) -> usize {
        DECLARATIONS.lines().count() + 2 + rule
    }

    /// The same with a change, and the change as one supposes it; `None` where it would change nothing.
    fn change(&mut self, step: &Step) -> Option<Supposition> {
        let mut supposed = Supposition::default();
        match *step {
            Step::Assume(fact) => {
                if self.facts.contains(&Some(fact)) {
                    return None;
                }
                self.facts.push(Some(fact));
                supposed.assume.push(fact.text());
            }
            Step::Withdraw(from) => {
                let mut found = false;
                for fact in &mut self.facts {
                    if matches!(fact, Some(Fact::Edge(a, _)) if *a == from) {
                        *fact = None;
                        found = true;
                    }
                }
                if !found {
                    return None;
                }
                supposed.withdraw.push(format!("e({from}, _)"));
            }
            Step::WithdrawNode(node) => {
                let at = self
                    .facts
                    .iter()
                    .position(|fact| *fact == Some(Fact::Node(node)))?;
                self.facts[at] = None;
                supposed.withdraw.push(format!("n({node})"));
            }
            Step::AddRule(rule) => {
                if std::mem::replace(&mut self.rules[rule], true) {
                    return None;
                }
                self.first[rule] = false;
                supposed.assume.push(RULES[rule].to_owned());
            }
            Step::DropRule(rule) => {
                if !self.rules[rule] || !self.first[rule] {
                    return None;
                }
                self.rules[rule] = false;
                let line = Text::line_of(rule);
                supposed.without_rules.push(format!("rules:{line}"));
            }
        }
        Some(supposed)
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => (0..5u8, 0..5u8).prop_map(|(a, b)| Fact::Edge(a, b)),
        1 => (0..5u8).prop_map(Fact::Node),
        1 => (0..5u8).prop_map(Fact::Stated),
    ]
}

fn text() -> impl Strategy<Value = Text> {
    let facts = proptest::collection::btree_set(fact(), 0..14);
    let rules = proptest::array::uniform9(proptest::bool::weighted(0.7));
    (facts, rules).prop_map(|(facts, rules)| Text {
        facts: facts.into_iter().map(Some).collect(),
        rules,
        first: rules,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => fact().prop_map(Step::Assume),
        2 => (0..5u8).prop_map(Step::Withdraw),
        1 => (0..5u8).prop_map(Step::WithdrawNode),
        1 => (0..RULES.len()).prop_map(Step::AddRule),
        1 => (0..RULES.len()).prop_map(Step::DropRule),
    ]
}

/// Everything one can ask: the rows of all relations and the violated constraints.
fn answers(session: &mut Session) -> String {
    let mut text = String::new();
    for relation in RELATIONS {
        let table = session.query(relation).unwrap();
        text += &format!("{relation} {}\n", serde_json::to_string(&table).unwrap());
    }
    for violated in session.violations() {
        let rows = serde_json::to_string(&violated.rows).unwrap();
        text += &format!("{} {rows}\n", violated.text);
    }
    text
}

fn scratch(text: &Text) -> String {
    answers(&mut Session::from_rules(&text.whole()).unwrap())
}

/// The rows of a world, by name and value.
fn rows(world: &World) -> Vec<String> {
    let mut rows = Vec::new();
    for (id, relation) in world.program().relations() {
        for row in world.database().rows(id).iter() {
            rows.push(format!("{} {row:?}", relation.name));
        }
    }
    rows
}

/// In rule text, assumed anew after it was withdrawn, and withdrawn once more.
#[test]
fn what_was_assumed_anew_can_be_withdrawn_anew() {
    let step = |text: &str| Supposition {
        assume: text
            .strip_prefix('+')
            .map(str::to_owned)
            .into_iter()
            .collect(),
        withdraw: text
            .strip_prefix('-')
            .map(str::to_owned)
            .into_iter()
            .collect(),
        ..Supposition::default()
    };
    let program = ".decl e(a: number, b: number)\n.decl p(a: number, b: number)\n\
                   e(4, 1).\np(a, b) :- e(a, b).\n";
    let mut session = Session::from_rules(program).unwrap();
    let mut count = |text: &str| -> usize {
        session.assume(&step(text)).unwrap();
        session.query("p(_, _)").unwrap().len()
    };
    let found = ["-e(4, _)", "+e(4, 1)", "-e(4, _)", "+e(4, 1)", "-e(4, 1)"].map(&mut count);
    assert_eq!(found, [0, 1, 0, 1, 0]);
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn a_supposition_equals_the_edited_text_and_undo_is_exact(
        start in text(),
        steps in proptest::collection::vec(step(), 1..6),
    ) {
        let mut session = Session::from_rules(&start.whole()).unwrap();
        let mut states = vec![answers(&mut session)];
        let mut now = start;
        for step in &steps {
            let Some(supposed) = now.change(step) else { continue };
            // An assumed fact may follow already: that is refused and changes nothing.
            match session.assume(&supposed) {
                Ok(_) => {
                    let found = answers(&mut session);
                    prop_assert_eq!(&found, &scratch(&now), "{:?} in\n{}", step, now.whole());
                    states.push(found);
                }
                Err(wrong) => {
                    prop_assert!(wrong.to_string().contains("holds already: it is derived"), "{}", wrong);
                    now.facts.pop();
                    prop_assert_eq!(&answers(&mut session), states.last().unwrap());
                }
            }
        }
        let depth = states.len() - 1;
        for state in states[..depth].iter().rev() {
            session.undo().unwrap();
            prop_assert_eq!(&answers(&mut session), state);
        }
        prop_assert!(session.undo().is_err());
        for state in &states[1..] {
            session.redo().unwrap();
            prop_assert_eq!(&answers(&mut session), state);
        }
    }

    #[test]
    fn the_order_of_independent_changes_is_irrelevant(
        start in text(),
        steps in proptest::collection::vec(step(), 2..5),
    ) {
        let mut session = Session::from_rules(&start.whole()).unwrap();
        let mut now = start;
        let mut overlays: Vec<Overlay> = Vec::new();
        let mut withdrawn = Vec::new();
        for step in &steps {
            // What one step assumes and another withdraws is not independent.
            match step {
                Step::Withdraw(from) => withdrawn.push(*from),
                Step::Assume(Fact::Edge(from, _)) if withdrawn.contains(from) => continue,
                Step::Assume(Fact::Node(_)) | Step::WithdrawNode(_) => continue,
                _ => {}
            }
            if let Some(supposed) = now.clone().change(step) {
                now.change(step);
                if let Ok(mut made) = session.overlays(&supposed) {
                    // A name: what holds already is a note, not an error.
                    made.iter_mut().for_each(|overlay| overlay.name = Some("x".into()));
                    overlays.append(&mut made);
                }
            }
        }
        // Withdrawals before assumptions of the same edges are another question.
        let (assumed, rest): (Vec<&Overlay>, Vec<&Overlay>) =
            overlays.iter().partition(|overlay| !overlay.assumed.is_empty());
        let forward: Vec<&Overlay> = rest.iter().chain(&assumed).copied().collect();
        let backward: Vec<&Overlay> = rest.iter().rev().chain(assumed.iter().rev()).copied().collect();
        let before = answers(&mut session);
        let (one, other) = (session.world(&forward).unwrap(), session.world(&backward).unwrap());
        prop_assert_eq!(rows(&one), rows(&other));
        prop_assert!(other.difference_from(&one).is_empty());
        prop_assert_eq!(before, answers(&mut session), "the session stays as it is");
    }
}

const CLAIM_RULES: &str = "\
.decl edge(a: symbol, b: symbol)
.input edge(IO=claims, filename=\"edges.csv\")
.decl seen(a: symbol, from: symbol)
.input seen(IO=claims, filename=\"edges.csv\")
.decl path(a: symbol, b: symbol)
path(a, b) :- edge(a, b).
path(a, c) :- path(a, b), edge(b, c).
.decl unseen(a: symbol)
unseen(a) :- edge(a, _), !seen(a, _).
";

const SOURCES: &str = "\
source_id,reliability,derived_from
x1,A,
x2,B,x1
x3,C,x1; x2
x4,D,x1; x5
x5,B,
";

/// By source: those that only repeat it, and itself.
const ECHOES: [(&str, &[&str]); 5] = [
    ("x1", &["x1", "x2", "x3"]),
    ("x2", &["x2"]),
    ("x3", &["x3"]),
    ("x4", &["x4"]),
    ("x5", &["x5"]),
];

type Row = (u8, u8, usize, bool);

fn edges(rows: &[Row], kept: impl Fn(usize, &Row) -> bool) -> String {
    let mut text = "edge_id,a,b,from,source_id,stance\n".to_owned();
    for (at, row) in rows.iter().enumerate().filter(|(at, row)| kept(*at, row)) {
        let (a, b, source, disputes) = row;
        let stance = if *disputes { "disputes" } else { "" };
        text += &format!(
            "c{at},n{a},n{b},20{:02},x{},{stance}\n",
            10 + at,
            source + 1
        );
    }
    text
}

fn open(rows: &[Row], kept: impl Fn(usize, &Row) -> bool) -> (Sandbox, Session) {
    let sandbox = Sandbox::new();
    sandbox.file("rules/a.dl", CLAIM_RULES);
    sandbox.file("facts/sources.csv", SOURCES);
    sandbox.file("facts/edges.csv", edges(rows, kept));
    let session = Session::open(CaseSpec::at(sandbox.path()), Options::default()).unwrap();
    (sandbox, session)
}

fn claimed(session: &mut Session) -> String {
    let mut text = String::new();
    for relation in ["edge(A, B)", "seen(A, F)", "path(A, B)", "unseen(A)"] {
        let table = session.query(relation).unwrap();
        text += &format!("{}\n", serde_json::to_string(&table).unwrap());
    }
    let mut claims: Vec<&str> = session.claims().iter().map(|(_, claim)| claim.id).collect();
    claims.dedup();
    text + &claims.join(" ")
}

proptest! {
    #![proptest_config(tries(40))]

    #[test]
    fn withdrawn_claims_sources_and_facts_are_rows_that_were_never_written(
        rows in proptest::collection::vec((0..4u8, 0..4u8, 0..5usize, proptest::bool::weighted(0.1)), 1..12),
        claim in 0..12usize,
        source in 0..5usize,
        from in 0..4u8,
    ) {
        let (_case, mut session) = open(&rows, |_, _| true);
        let before = claimed(&mut session);
        let mut check = |supposed: Supposition, kept: &dyn Fn(usize, &Row) -> bool| {
            match session.assume(&supposed) {
                Err(_) => {
                    // Nothing to withdraw.
                    prop_assert!(rows.iter().enumerate().all(|(at, row)| kept(at, row)));
                }
                Ok(_) => {
                    let (_edited, mut edited) = open(&rows, kept);
                    prop_assert_eq!(claimed(&mut session), claimed(&mut edited));
                    session.undo().unwrap();
                }
            }
            prop_assert_eq!(claimed(&mut session), before.clone());
            Ok(())
        };
        check(
            Supposition { without_claims: vec![format!("c{claim}")], ..Supposition::default() },
            &|at, _| at != claim,
        )?;
        let silenced: Vec<&str> = ECHOES[source].1.to_vec();
        check(
            Supposition { without_sources: vec![ECHOES[source].0.to_owned()], ..Supposition::default() },
            &|_, row| !silenced.contains(&format!("x{}", row.2 + 1).as_str()),
        )?;
        check(
            Supposition { withdraw: vec![format!("edge(\"n{from}\", _)")], ..Supposition::default() },
            &|_, row| row.0 != from || row.3,
        )?;
    }
}

#[test]
fn worlds_leave_the_session_alone_and_share_its_ids() {
    let rows = [
        (0, 1, 0, false),
        (1, 2, 1, false),
        (1, 2, 4, false),
        (2, 3, 4, false),
    ];
    let (_case, session) = open(&rows, |_, _| true);
    let claim = |id: &str| session.claims().with_id(id).next().unwrap();
    let without = |ids: &[&str]| {
        let overlay = ids.iter().fold(Overlay::default(), |overlay, id| {
            overlay.withdraw(Withdrawal::Claim(claim(id)))
        });
        session.world(&[&overlay]).unwrap()
    };
    let first = without(&["c1"]);
    assert!(first.shares_ids());
    assert_eq!(
        session.difference(&first).fell.len(),
        1,
        "its date; c2 states the edge too"
    );
    assert_eq!(first.claims().get(claim("c1")).id, "c1", "ids stay");
    assert!(!first.claims().stands(claim("c1")) && session.claims().stands(claim("c1")));
    let second = without(&["c1", "c2"]);
    let difference = second.difference_from(&first);
    assert!(difference.appeared.is_empty());
    assert_eq!(
        difference.fell.len(),
        1 + 1 + 4,
        "the edge, its date and the paths over it"
    );
    // What a world assumes it also says in its supports.
    let fact = difference.fell.iter().next().expect("what falls");
    let overlay = Overlay::default().assume(fact.clone());
    let third = session
        .world(&[
            &Overlay::default().withdraw(Withdrawal::Fact(fact.clone())),
            &overlay,
        ])
        .unwrap();
    assert!(third.holds(&fact) && third.assumed().contains(&fact));
    let supports = third.case().supports(
        &fact,
        &cutout::evidence::GradeTables::default(),
        10,
        &Default::default(),
    );
    assert_eq!(supports.supports.len(), 1);
    assert_eq!(
        third
            .case()
            .statement_text(&supports.supports[0].statements[0]),
        "+edge(\"n1\",\"n2\")"
    );
}
