//! Suppositions that are followed beside runs from scratch.

use super::what_if::BothSides;
use super::*;
use crate::engine::Database;
use crate::evidence::GradeTables;
use crate::explain::{Case, Fact};
use crate::hypothesis::{WeighOptions, weigh};
use crate::storage::Code;
use crate::tries::tries;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

const RULES: &str = r#".decl e(x: number, y: number)
.decl n(x: number)
.decl path(x: number, y: number)
.decl free(x: number)
.decl much(x: number, n: number)
.decl part(x: number, q: number)
.decl alike(x: number, y: number) eqrel
.decl best(x: number, y: number)
e(0, 1). e(1, 2). e(2, 0). e(3, 4).
n(1). n(2). n(5).
path(x, y) :- e(x, y).
path(x, z) :- path(x, y), e(y, z).
free(x) :- path(x, _), !n(x).
much(x, c) :- n(x), c = count : { path(x, _) }.
part(x, 10 / x) :- n(x).
part(x, 10 / (x - 2)) :- e(x, _), x > 3.
alike(x, y) :- e(x, y), n(x).
best(x, y) :- path(x, y).
best(x, y) <= best(x, z) :- z > y.
:- free(x), x > 3.
:- path(x, x), n(x).
.hypothesis turned { + e(4, 3). free(x) :- alike(x, _), !path(x, 5). :- part(x, _), free(x). }
.hypothesis plain { - n(_). path(y, x) :- path(x, y). }
"#;

/// Lines of `RULES` that may be withdrawn.
const PLACES: std::ops::Range<usize> = 11..22;

const MORE: [&str; 7] = [
    ".decl new(x: number) new(x) :- free(x), !n(x). new(7).",
    ".decl other(x: number, y: number) other(x, y) :- alike(x, y). n(y) :- other(y, y).",
    "free(x) :- n(x), !e(x, _).",
    "e(x, y) :- alike(x, y), x < y.",
    ":- much(_, c), c > 2.",
    "part(x, 6 / (x - 1)) :- n(x).",
    "n(x) :- e(x, 4).",
];

/// What random suppositions about `e` and `n` choose from.
pub(super) struct Choices {
    /// Numbers below it.
    pub numbers: u8,
    pub rules: &'static [&'static str],
    pub places: Vec<String>,
    pub claims: Vec<String>,
    pub hypotheses: Vec<String>,
}

impl Choices {
    pub fn supposition(self) -> impl Strategy<Value = Supposition> {
        let numbers = 0..self.numbers;
        let fact = move || {
            let numbers = || numbers.clone();
            prop_oneof![
                (numbers(), numbers()).prop_map(|(x, y)| format!("e({x}, {y})")),
                numbers().prop_map(|x| format!("n({x})")),
            ]
        };
        let rules = self.rules.iter().map(|rule| rule.to_string()).collect();
        (
            prop::collection::vec(fact(), 0..3),
            prop::collection::vec(fact(), 0..2),
            fewer_than(2, rules),
            fewer_than(2, self.places),
            fewer_than(3, self.claims),
            fewer_than(2, self.hypotheses),
        )
            .prop_map(
                |(facts, withdraw, rules, without_rules, without_claims, hypotheses)| Supposition {
                    assume: facts.into_iter().chain(rules).collect(),
                    withdraw,
                    without_rules,
                    without_claims,
                    hypotheses,
                    ..Supposition::default()
                },
            )
    }
}

fn fewer_than(most: usize, of: Vec<String>) -> BoxedStrategy<Vec<String>> {
    match of.is_empty() {
        true => Just(of).boxed(),
        false => prop::collection::vec(prop::sample::select(of), 0..most).boxed(),
    }
}

fn supposition() -> impl Strategy<Value = Supposition> {
    let choices = Choices {
        numbers: 6,
        rules: &MORE,
        places: PLACES.map(|line| format!("rules:{line}")).collect(),
        claims: Vec::new(),
        hypotheses: vec!["turned".to_owned(), "plain".to_owned()],
    };
    choices.supposition()
}

pub(super) type Rows = Vec<(String, Vec<Vec<Code>>)>;

pub(super) fn rows(database: &Database) -> Rows {
    let relations = database.program().relations();
    relations
        .map(|(id, relation)| {
            (
                relation.name.to_string(),
                database.rows(id).iter().collect(),
            )
        })
        .collect()
}

/// All that a run tells, but for how long it took.
pub(super) fn told(database: &Database, report: &crate::engine::RunReport) -> String {
    let mut violations: Vec<String> = report
        .violations
        .iter()
        .map(|one| {
            format!(
                "{:?} {:?}",
                database.program()[one.constraint].span,
                one.rows
            )
        })
        .collect();
    violations.sort();
    let mut faults: Vec<String> = report
        .faults
        .iter()
        .map(|fault| format!("{:?} {:?}", fault.place, fault.fault))
        .collect();
    faults.sort();
    format!(
        "{} stated, {} derived\n{violations:#?}\n{faults:#?}",
        report.stated, report.derived
    )
}

/// Whatever holds on both sides and is carried by more or by less is found to be.
fn weighed_all(session: &Session, later: &super::standing::State) -> Result<(), TestCaseError> {
    let (before, after) = (session.here(), later.side());
    let (earlier, later) = (before.case(), after.case());
    let difference = super::what_if::between(before, after);
    let seeds = super::what_if::seeds((before, &earlier), (after, &later), &difference).seeds;
    let seeds = seeds.expect("a small change");
    let all = Budget::default();
    let options = WeighOptions {
        most: usize::MAX,
        budget: all.clone(),
        reach: all.clone(),
    };
    let sides = BothSides {
        earlier: before,
        later: after,
        pool: &session.pool,
    };
    let found = weigh((&earlier, &later), &seeds, |_| false, &options, &sides);
    let told: BTreeMap<Fact, Ordering> = (found.weakened.into_iter())
        .map(|one| (one.fact, Ordering::Less))
        .chain(
            found
                .strengthened
                .into_iter()
                .map(|one| (one.fact, Ordering::Greater)),
        )
        .collect();
    for (id, _) in before.program.relations() {
        for row in before.database.rows(id).iter() {
            let fact = Fact::new(id, &row);
            if !later.holds(&fact) {
                continue;
            }
            let count = |case: &Case| {
                let found = case.supports(&fact, &GradeTables::default(), 30, &all);
                (found.complete, found.supports.len())
            };
            if let ((true, was), (true, is)) = (count(&earlier), count(&later)) {
                let change = told.get(&fact).copied().unwrap_or(Ordering::Equal);
                prop_assert_eq!(
                    change,
                    is.cmp(&was),
                    "{} {:?}",
                    before.program[id].name,
                    row
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(tries(150))]

    #[test]
    fn what_is_followed_is_what_a_run_finds(steps in prop::collection::vec(supposition(), 1..5)) {
        let mut session = Session::from_rules(RULES).expect("a case");
        let mut trail = Vec::new();
        for supposed in steps {
            let before = (rows(session.database()), told(session.database(), session.report()));
            let Ok(overlays) = session.overlays(&supposed) else { continue };
            // What makes no sense leaves everything as it was.
            let Ok(laid) = session.lay(&overlays.iter().collect::<Vec<_>>()) else {
                prop_assert_eq!(rows(session.database()), before.0);
                continue;
            };
            let scratch = session.derive_from_scratch(laid.standing.clone()).expect("no budget");
            let state = session.derive(laid.standing).expect("no budget");
            prop_assert_eq!(rows(&state.database), rows(&scratch.database), "{:?}", supposed);
            prop_assert_eq!(
                told(&state.database, &state.report),
                told(&scratch.database, &scratch.report),
                "{:?}",
                supposed
            );
            weighed_all(&session, &state)?;
            let entered = session.enter(&supposed);
            prop_assert!(overlays.is_empty() || entered.is_ok());
            if entered.is_ok() {
                trail.push(before);
            }
        }
        while let Some((were, said)) = trail.pop() {
            session.undo().expect("one more");
            prop_assert_eq!(rows(session.database()), were);
            prop_assert_eq!(told(session.database(), session.report()), said);
        }
    }
}

#[test]
fn rules_are_followed_and_not_run() {
    let mut session = Session::from_rules(RULES).expect("a case");
    for (hypothesis, rule, followed) in [
        ("turned", MORE[0], true),
        ("plain", MORE[1], true),
        // A functor without a value: what is said of it is known from a run.
        ("plain", "n(0).", false),
    ] {
        let supposed = Supposition {
            hypotheses: vec![hypothesis.to_owned()],
            assume: vec![rule.to_owned()],
            ..Supposition::default()
        };
        assert_eq!(
            is_followed(&mut session, &supposed),
            followed,
            "{hypothesis}"
        );
    }
}

fn is_followed(session: &mut Session, supposed: &Supposition) -> bool {
    let overlays = session.overlays(supposed).expect("known");
    let laid = session
        .lay(&overlays.iter().collect::<Vec<_>>())
        .expect("laid");
    let found = session.follow(&laid.standing).expect("no budget");
    found.is_some()
}

#[test]
fn where_most_is_sure_to_fall_a_run_has_less_to_do() {
    let mut session = Session::from_rules(RULES).expect("a case");
    for (withdrawn, followed) in [("e(3, 4)", true), ("e(_, _)", false)] {
        let supposed = Supposition {
            withdraw: vec![withdrawn.to_owned()],
            ..Supposition::default()
        };
        assert_eq!(
            is_followed(&mut session, &supposed),
            followed,
            "{withdrawn}"
        );
    }
}
