//! Changes, one after another, against runs from scratch.

use super::{Change, Difference};
use crate::analysis::checked::{CheckedProgram, RelationId, RelationKind, RuleId};
use crate::engine::budget::{Budget, RunOptions, Unobserved, Violation};
use crate::engine::database::Database;
use crate::engine::naive::{self, Relations};
use crate::engine::tests::{DERIVED, STATED, checked, random_program};
use crate::storage::{Code, Dictionary, Rows};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod forks;
mod graphs;

type Stated = BTreeMap<RelationId, BTreeSet<Vec<Code>>>;
type Violations = BTreeSet<(RuleId, Vec<Code>)>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    rows: Stated,
    births: Vec<Option<u32>>,
    told: Vec<bool>,
}

fn scratch(
    program: &Arc<CheckedProgram>,
    dictionary: &Arc<Dictionary>,
    stated: &Stated,
    threads: usize,
    births: bool,
) -> (Database, Violations) {
    let mut database = Database::new(program.clone(), dictionary.clone());
    for (&id, rows) in stated {
        let mut all = Rows::new(program[id].arity());
        rows.iter().for_each(|row| all.push(row));
        database.state(id, all);
    }
    let options = RunOptions {
        threads,
        births,
        ..RunOptions::default()
    };
    let report = database.run(&options, &Unobserved).expect("no budget");
    (database, rows_of(&report.violations))
}

fn rows(database: &Database) -> Stated {
    let ids = database.program().relations().map(|(id, _)| id);
    ids.map(|id| (id, database.rows(id).iter().collect()))
        .collect()
}

fn state(database: &Database) -> State {
    let rows = rows(database);
    let all = || {
        rows.iter()
            .flat_map(|(&id, rows)| rows.iter().map(move |row| (id, row)))
    };
    State {
        births: all().map(|(id, row)| database.birth(id, row)).collect(),
        told: all().map(|(id, row)| database.is_told(id, row)).collect(),
        rows: rows.clone(),
    }
}

/// Rows in one and not in the other.
fn less(a: &Stated, b: &Stated) -> Vec<(RelationId, Vec<Vec<Code>>)> {
    let none = BTreeSet::new();
    let differing = a.iter().map(|(id, rows)| {
        let others = b.get(id).unwrap_or(&none);
        (*id, rows.difference(others).cloned().collect::<Vec<_>>())
    });
    differing.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn listed(rows: &[(RelationId, Rows)]) -> Vec<(RelationId, Vec<Vec<Code>>)> {
    rows.iter()
        .map(|(id, rows)| (*id, rows.iter().collect()))
        .collect()
}

/// Every derived row follows from rows that are earlier.
fn check_births(database: &Database) -> Result<(), String> {
    let program = database.program();
    let relations: Relations = rows(database);
    let birth = |id: RelationId, row: &[Code]| database.birth(id, row).unwrap_or(u32::MAX);
    let mut least: BTreeMap<(RelationId, Vec<Code>), u32> = BTreeMap::new();
    for (_, rule) in program.rules() {
        let Some(head) = &rule.head else { continue };
        for (row, latest) in naive::derivations(rule, database.dictionary(), &relations, &birth) {
            let known = least.entry((head.relation, row)).or_insert(latest);
            *known = latest.min(*known);
        }
    }
    for (&id, rows) in &relations {
        for row in rows {
            let Some(born) = database.birth(id, row) else {
                return Err(format!("`{}` {row:?} has no birth", program[id].name));
            };
            // Numbers given in passing, and rows that came from others which were subsumed since.
            let other = ["i", "m"].contains(&&*program[id].name);
            if other || program[id].kind != RelationKind::Plain || database.is_told(id, row) {
                continue;
            }
            match least.get(&(id, row.clone())) {
                Some(&latest) if latest < born || latest == 0 => {}
                found => {
                    return Err(format!(
                        "`{}` {row:?} was born at {born}, from {found:?}",
                        program[id].name
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Relations and rules beside the random ones, each on its own line and dispensable.
const MORE: &str = "\
.decl e(a0: number, a1: number) eqrel
.decl m(a0: number, a1: number)
.decl w(a0: number, a1: number)
.decl h(a0: number, a1: number) choice-domain a0
.decl f(a0: number, a1: float)
.decl l(a0: number)
.decl k(a0: number, a1: number)
.decl i(a0: number, a1: number)
";
const MORE_RULES: [&str; 25] = [
    "e(x,y) :- b(x,y), x < 5.",
    "e(x,y) :- p(x,y), c(x).",
    "w(x,y) :- e(x,y), !a(x,y).",
    "m(x,y) :- a(x,y).\nm(x,z) :- m(x,y), t(x,y,z).\nm(x,y) <= m(x,z) :- z < y.",
    "w(x,y) :- m(x,y), y > 3.",
    "w(y,n) :- n = min k : { a(y, k) }.",
    "w(x,n) :- c(x), n = count : { a(x,y), b(y,_) }.",
    "w(x,n) :- c(x), n = sum y : { a(x,y), !b(y,x) }.",
    "w(x,n) :- c(x), n = max y : { a(x,y), z = count : { b(y,_) }, z > 0 }.",
    "f(x,n) :- c(x), n = mean to_float(y) : { a(x,y) }.",
    "h(x,y) :- b(x,y).",
    "h(x,y) :- h(y,x), c(x).",
    "w(x,y) :- h(x,y).",
    "l(x) :- c(x).\nl(x+1) :- l(x), x < 8.",
    "k(x,y) :- a(x,y).\nk(x,y) :- k(x,z), k(z,y).",
    "w(x,y) :- k(x,y), !k(y,x).",
    "w(n,n) :- n = count : { k(_,_) }.",
    "i(autoinc(), x) :- c(x).",
    ":- a(x,y), c(y), !b(x,_).",
    ":- k(x,x).",
    ":- w(x,y), n = count : { a(x,_) }, n > 1.",
    "w(x,z) :- a(x,y), z = range(y, y + 3), c(z).",
    "w(3,4). w(1,1).",
    "f(x,n) :- c(x), n = sum to_float(y) * 0.1 + to_float(z) : { t(x,y,z) }.",
    ".limitsize k(n=3)",
];

fn program_text(choices: &[u32], rules: usize, leave: u64, more: u32) -> String {
    let text = random_program(choices.to_vec(), rules, &[], 1);
    let mut kept: Vec<&str> = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        if line.contains(":-") {
            number += 1;
            if leave >> (number % 60) & 1 == 1 {
                continue;
            }
        }
        kept.push(line);
    }
    kept.push(MORE);
    for (at, rule) in MORE_RULES.iter().enumerate() {
        if more >> at & 1 == 1 {
            kept.push(rule);
        }
    }
    kept.join("\n")
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Change(Vec<(bool, usize, [i64; 3])>),
    Rules(u64, u32),
    Undo,
    Redo,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fact = (any::<bool>(), 0usize..12, [0i64..6, 0i64..6, -1i64..6]);
    let change = prop::collection::vec(fact, 1..5).prop_map(Step::Change);
    let rules = (
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(|(a, b, c, d, e)| Step::Rules(a & b, c & (d | e)));
    let step = prop_oneof![7 => change, 1 => rules, 2 => Just(Step::Undo), 1 => Just(Step::Redo)];
    prop::collection::vec(step, 1..7)
}

/// Relations that may be stated: also derived ones, and those with a mind of their own.
fn statable(program: &CheckedProgram, at: usize) -> RelationId {
    let mut names = STATED.to_vec();
    names.extend([
        DERIVED[0],
        DERIVED[2],
        ("a", 2),
        ("b", 2),
        ("e", 2),
        ("m", 2),
        ("h", 2),
        ("k", 2),
    ]);
    program
        .relation_named(names[at % names.len()].0)
        .expect("declared")
}

fn apply(stated: &mut Stated, change: &Change) {
    for (id, rows) in &change.withdraw {
        let all = stated.entry(*id).or_default();
        for row in rows.iter() {
            all.remove(&row);
        }
    }
    for (id, rows) in &change.state {
        stated.entry(*id).or_default().extend(rows.iter());
    }
}

fn change_of(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    facts: &[(bool, usize, [i64; 3])],
) -> Change {
    let mut change = Change::default();
    for (insert, at, values) in facts {
        let id = statable(program, *at);
        let mut rows = Rows::new(program[id].arity());
        let codes: Vec<Code> = values[..program[id].arity()]
            .iter()
            .map(|&value| dictionary.number(value))
            .collect();
        rows.push(&codes);
        match insert {
            true => change.state.push((id, rows)),
            false => change.withdraw.push((id, rows)),
        }
    }
    change
}

fn rows_of(violations: &[Violation]) -> Violations {
    let rows = violations.iter().flat_map(|violation| {
        let rows = violation.rows.iter();
        rows.map(move |row| (violation.constraint, row))
    });
    rows.collect()
}

proptest! {
    #![proptest_config(tries(300))]

    #[test]
    fn changes_lead_where_runs_from_scratch_lead(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..9,
        more in (any::<u32>(), any::<u32>()).prop_map(|(a, b)| a & b),
        facts in prop::collection::vec((Just(true), 0usize..12, [0i64..6, 0i64..6, -1i64..6]), 0..30),
        steps in steps(),
        births in any::<bool>(),
        threads in prop::sample::select(vec![1usize, 1, 2]),
    ) {
        let text = program_text(&choices, rules, 0, more);
        let mut program = checked(&text);
        let dictionary = Arc::new(Dictionary::new());
        let mut stated = Stated::new();
        apply(&mut stated, &change_of(&program, &dictionary, &facts));
        let (mut database, mut violations) = scratch(&program, &dictionary, &stated, threads, births);
        let mut past = Vec::new();
        let mut future = Vec::new();
        let mut trail = text.clone();
        for step in steps {
            let before = (program.clone(), stated.clone(), violations.clone(), state(&database));
            let change = match &step {
                Step::Change(facts) => change_of(&program, &dictionary, facts),
                Step::Rules(leave, more) => {
                    let text = program_text(&choices, rules, *leave, *more);
                    trail.push_str(&format!("\n==>\n{text}"));
                    Change { program: Some(checked(&text)), ..Change::default() }
                }
                Step::Undo | Step::Redo => {
                    let (from, to) = match step {
                        Step::Undo => (&mut past, &mut future),
                        _ => (&mut future, &mut past),
                    };
                    let known: Option<(Arc<CheckedProgram>, Stated, Violations, State)> = from.pop();
                    let difference = match step {
                        Step::Undo => database.undo(),
                        _ => database.redo(),
                    };
                    prop_assert_eq!(known.is_some(), difference.is_some());
                    if let Some((was, told, violated, there)) = known {
                        let here = state(&database);
                        prop_assert_eq!(&here, &there, "{:?}\n{}", step, trail);
                        let difference = difference.unwrap();
                        prop_assert_eq!(listed(&difference.appeared), less(&here.rows, &before.3.rows));
                        to.push(before);
                        (program, stated, violations) = (was, told, violated);
                    }
                    continue;
                }
            };
            let mut fork = database.fork();
            fork.change(&change, &Budget::default()).expect("no budget");
            prop_assert_eq!(&state(&database), &before.3, "a fork reached what it came from");
            let difference = database.change(&change, &Budget::default()).expect("no budget");
            prop_assert_eq!(rows(&database), rows(&fork));
            apply(&mut stated, &change);
            if let Some(other) = &change.program {
                program = other.clone();
            }
            let (expected, violated) = scratch(&program, &dictionary, &stated, 1, births);
            let (now, wanted) = (state(&database), state(&expected));
            prop_assert_eq!(&now.rows, &wanted.rows, "{:?} {:?}\n{}", change.state, change.withdraw, trail);
            prop_assert_eq!(&now.told, &wanted.told);
            prop_assert_eq!(listed(&difference.appeared), less(&now.rows, &before.3.rows), "{}", trail);
            prop_assert_eq!(listed(&difference.fell), less(&before.3.rows, &now.rows), "{}", trail);
            let lapsed: Violations = rows_of(&difference.lapsed);
            let known: Violations = violations
                .difference(&lapsed)
                .map(|(id, row)| match &difference.renamed {
                    Some(renamed) => (*renamed.get(id).unwrap_or(&RuleId(u32::MAX)), row.clone()),
                    None => (*id, row.clone()),
                })
                .collect();
            let [new, gone] = [&difference.violated, &difference.mended].map(|of| rows_of(of));
            prop_assert_eq!(new, violated.difference(&known).cloned().collect::<Violations>(), "{}", trail);
            prop_assert_eq!(gone, known.difference(&violated).cloned().collect::<Violations>(), "{}", trail);
            let wrong = births.then(|| check_births(&database).err()).flatten();
            prop_assert_eq!(wrong, None, "after {:?} {:?}\n{}", change.state, change.withdraw, trail);
            for (id, relation) in program.relations() {
                for row in &now.rows[&id] {
                    prop_assert!(database.contains(id, row));
                    for column in 0..relation.arity() {
                        let mut pattern = vec![None; relation.arity()];
                        pattern[column] = Some(row[column]);
                        let found: Vec<_> = database.matching(id, &pattern).iter().collect();
                        let wanted: Vec<_> = now.rows[&id].iter().filter(|other| other[column] == row[column]).cloned().collect();
                        prop_assert_eq!(found, wanted);
                    }
                }
            }
            violations = violated;
            past.push(before);
            future.clear();
        }
        // All the way back.
        while let Some((_, _, _, there)) = past.pop() {
            prop_assert!(database.undo().is_some());
            prop_assert_eq!(state(&database), there, "{}", trail);
        }
    }
}

/// A row of numbers.
fn row(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    name: &str,
    values: &[i64],
) -> (RelationId, Rows) {
    let id = program.relation_named(name).expect("declared");
    let mut rows = Rows::new(values.len());
    let codes: Vec<Code> = values
        .iter()
        .map(|&value| dictionary.number(value))
        .collect();
    rows.push(&codes);
    (id, rows)
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn independent_changes_come_in_any_order(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..9,
        more in any::<u32>(),
        facts in prop::collection::vec((Just(true), 0usize..12, [0i64..6, 0i64..6, -1i64..6]), 0..30),
        fact in prop::collection::vec((any::<bool>(), 0usize..12, [0i64..6, 0i64..6, -1i64..6]), 2..5),
    ) {
        let program = checked(&program_text(&choices, rules, 0, more));
        let dictionary = Arc::new(Dictionary::new());
        let mut stated = Stated::new();
        apply(&mut stated, &change_of(&program, &dictionary, &facts));
        // One change for each row: the last one about it counts.
        let mut changes: BTreeMap<(usize, [i64; 3]), bool> = BTreeMap::new();
        for (insert, at, values) in fact {
            let at = [0, 1, 2, 3, 4, 5, 0, 1, 8, 9, 10, 11][at];
            changes.insert((at, values), insert);
        }
        let mut told: BTreeSet<(RelationId, Vec<Code>)> = BTreeSet::new();
        let changes: Vec<Change> = changes
            .into_iter()
            .map(|((at, values), insert)| change_of(&program, &dictionary, &[(insert, at, values)]))
            .filter(|change| {
                let rows = change.state.iter().chain(&change.withdraw);
                rows.clone().all(|(id, rows)| told.insert((*id, rows.row(0))))
            })
            .collect();
        let (mut one, _) = scratch(&program, &dictionary, &stated, 1, false);
        let (mut other, _) = scratch(&program, &dictionary, &stated, 1, false);
        for change in &changes {
            one.change(change, &Budget::default()).expect("no budget");
        }
        for change in changes.iter().rev() {
            other.change(change, &Budget::default()).expect("no budget");
        }
        prop_assert_eq!(rows(&one), rows(&other));
    }
}

/// A chain with a shortcut, its closure, and what the closure leaves out.
const CHAIN: &str = "\
.decl next(x: number, y: number)
.decl reach(x: number, y: number)
.decl out(x: number)
reach(x,y) :- next(x,y).
reach(x,z) :- reach(x,y), next(y,z).
out(x) :- next(x,_), !reach(0,x).
:- reach(x,x).
";

fn chain(births: bool) -> Database {
    let program = checked(CHAIN);
    let dictionary = Arc::new(Dictionary::new());
    let mut stated = Stated::new();
    for at in 0..40 {
        let (id, rows) = row(&program, &dictionary, "next", &[at, at + 1]);
        stated.entry(id).or_default().extend(rows.iter());
    }
    let (id, rows) = row(&program, &dictionary, "next", &[0, 20]);
    stated.entry(id).or_default().extend(rows.iter());
    scratch(&program, &dictionary, &stated, 1, births).0
}

#[test]
fn a_change_that_is_stopped_leaves_everything_as_it_was() {
    for births in [false, true] {
        let mut database = chain(births);
        let before = state(&database);
        let (program, dictionary) = (database.program().clone(), database.dictionary().clone());
        let text =
            format!("{CHAIN}reach(y,x) :- reach(x,y).\n.decl new(x: number)\nnew(x) :- out(x).");
        let changes = [
            Change {
                state: vec![row(&program, &dictionary, "next", &[40, 0])],
                ..Change::default()
            },
            Change {
                withdraw: vec![row(&program, &dictionary, "next", &[3, 4])],
                ..Change::default()
            },
            Change {
                program: Some(checked(&text)),
                ..Change::default()
            },
        ];
        for change in changes {
            let stopped = Budget::default();
            stopped
                .cancel
                .store(true, std::sync::atomic::Ordering::Relaxed);
            let rows = Budget {
                rows: Some(10),
                ..Budget::default()
            };
            for budget in [stopped, rows] {
                assert!(database.change(&change, &budget).is_err());
                assert_eq!(state(&database), before);
                assert!(database.undo().is_none() && database.depth() == 0);
            }
            assert!(database.change(&change, &Budget::default()).is_ok());
            assert_ne!(state(&database), before);
            assert!(database.undo().is_some());
            assert_eq!(state(&database), before);
        }
    }
}

#[test]
fn a_change_costs_what_it_reaches() {
    let mut database = chain(false);
    let (program, dictionary) = (database.program().clone(), database.dictionary().clone());
    let change = Change {
        withdraw: vec![row(&program, &dictionary, "next", &[39, 40])],
        ..Change::default()
    };
    let difference = database
        .change(&change, &Budget::default())
        .expect("no budget");
    let names: Vec<(&str, usize)> = difference
        .fell
        .iter()
        .map(|(id, rows)| (&*program[*id].name, rows.len()))
        .collect();
    assert_eq!(names, [("next", 1), ("reach", 40)]);
    assert_eq!(difference.effort.rerun, 0);
    // The shortcut does not carry the chain between 3 and 20: what lies there is out.
    let change = Change {
        withdraw: vec![row(&program, &dictionary, "next", &[3, 4])],
        ..Change::default()
    };
    let difference = database
        .change(&change, &Budget::default())
        .expect("no budget");
    let out = program.relation_named("out").expect("declared");
    assert_eq!(difference.appeared.len(), 1);
    assert_eq!(difference.appeared[0].0, out);
    assert_eq!(difference.appeared[0].1.len(), 16);
    assert_eq!(database.depth(), 2);
}

#[test]
fn a_circle_is_reported_and_mended() {
    let mut database = chain(false);
    let (program, dictionary) = (database.program().clone(), database.dictionary().clone());
    let change = Change {
        state: vec![row(&program, &dictionary, "next", &[3, 1])],
        ..Change::default()
    };
    let difference = database
        .change(&change, &Budget::default())
        .expect("no budget");
    let rows = |difference: &Difference| -> Vec<usize> {
        [&difference.violated, &difference.mended]
            .map(|violations| violations.iter().map(|v| v.rows.len()).sum())
            .to_vec()
    };
    assert_eq!(rows(&difference), [3, 0]);
    assert_eq!(rows(&database.undo().expect("one was made")), [0, 3]);
    assert_eq!(rows(&database.redo().expect("one was undone")), [3, 0]);
}

#[test]
fn indexes_of_some_columns_do_not_outlive_a_change() {
    // The strata derived anew, and queries, look things up in indexes that earlier runs made.
    let program = checked(
        ".decl b(x: number, y: number)\n.decl c(x: number)\n.decl u(n: number, x: number)\n\
         u(n, v) :- b(_, v), n = count : { b(_, k), c(v) }.\n",
    );
    let dictionary = Arc::new(Dictionary::new());
    let mut stated = Stated::new();
    for (name, values) in [
        ("b", &[0, 4][..]),
        ("b", &[0, 2]),
        ("b", &[0, 0]),
        ("b", &[1, 0]),
        ("c", &[0]),
        ("c", &[2]),
    ] {
        let (id, rows) = row(&program, &dictionary, name, values);
        stated.entry(id).or_default().extend(rows.iter());
    }
    let (mut database, _) = scratch(&program, &dictionary, &stated, 1, false);
    let mut reruns = 0;
    for at in 5..60 {
        let change = Change {
            state: vec![
                row(&program, &dictionary, "b", &[0, at]),
                row(&program, &dictionary, "c", &[at - 1]),
            ],
            withdraw: vec![row(&program, &dictionary, "b", &[0, at - 5])],
            ..Change::default()
        };
        let difference = database
            .change(&change, &Budget::default())
            .expect("no budget");
        reruns += difference.effort.rerun;
        apply(&mut stated, &change);
        let expected = scratch(&program, &dictionary, &stated, 1, false).0;
        assert_eq!(rows(&database), rows(&expected), "after {at}");
    }
    assert!(reruns > 0, "no stratum was derived anew");
}
