//! Text in, rows out; and random programs against the naive evaluator.

use super::naive::{self, Relations};
use super::{Database, RunOptions, budget::Unobserved};
use crate::analysis::checked::{CheckedProgram, RelationId, ValueType};
use crate::storage::{Code, Dictionary};
use crate::syntax::{parse_text, source::SourceMap};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

pub(super) fn checked(text: &str) -> Arc<CheckedProgram> {
    let mut sources = SourceMap::new();
    let (tree, findings) = parse_text("test.dl", text, &mut sources);
    assert!(
        findings.iter().all(|finding| !finding.is_error()),
        "{text}\n{findings:#?}"
    );
    match crate::analysis::check(&tree, &Default::default()) {
        Ok((program, _)) => Arc::new(program),
        Err(findings) => panic!("{text}\n{findings:#?}"),
    }
}

/// What the naive evaluator derives, each row once.
pub(super) fn derives_what_is_derived_naively(
    program: &Arc<CheckedProgram>,
    threads: usize,
) -> Result<(), TestCaseError> {
    let database = run(program, threads);
    let mut expected = naive::Relations::new();
    naive::evaluate(program, database.dictionary(), &mut expected);
    for (id, relation) in program.relations() {
        let rows: Vec<Vec<Code>> = database.rows(id).iter().collect();
        let expected: BTreeSet<Vec<Code>> = expected.remove(&id).unwrap_or_default();
        prop_assert_eq!(
            rows.len(),
            expected.len(),
            "`{}`, {} threads",
            relation.name,
            threads
        );
        let rows: BTreeSet<Vec<Code>> = rows.into_iter().collect();
        prop_assert_eq!(rows, expected, "`{}`, {} threads", relation.name, threads);
    }
    Ok(())
}

pub(super) fn run(program: &Arc<CheckedProgram>, threads: usize) -> Database {
    let mut database = Database::new(program.clone(), Arc::new(Dictionary::new()));
    database
        .run(
            &RunOptions {
                threads,
                births: true,
                ..RunOptions::default()
            },
            &Unobserved,
        )
        .expect("no budget, no stop");
    database
}

pub(super) fn show(database: &Database, relation: RelationId) -> String {
    let attributes = &database.program()[relation].attributes;
    let rows = database.rows(relation);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let values = row
                .iter()
                .zip(attributes)
                .map(|(&code, attribute)| match attribute.ty {
                    ValueType::Symbol => database.dictionary().text(code).to_owned(),
                    ValueType::Float => database.dictionary().to_float(code).to_string(),
                    _ => database.dictionary().to_number(code).to_string(),
                });
            values.collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    lines.join("; ")
}

/// The rows of `out`, values separated by blanks, rows by semicolons, in the order of their text.
pub(super) fn check(program: &str, expected: &str) {
    for threads in [1, 3] {
        let program = checked(program);
        let database = run(&program, threads);
        let out = program.relation_named("out").expect("tests look at `out`");
        assert_eq!(show(&database, out), expected, "with {threads} threads");
    }
}

const EDGES: &str =
    ".decl edge(x: number, y: number)\nedge(1,2). edge(2,3). edge(3,4). edge(4,2).\n";

#[test]
fn recursion_reaches_a_fixpoint() {
    check(
        &format!(
            "{EDGES}.decl out(x: number, y: number)\nout(x,y) :- edge(x,y).\nout(x,z) :- out(x,y), edge(y,z)."
        ),
        "1 2; 1 3; 1 4; 2 2; 2 3; 2 4; 3 2; 3 3; 3 4; 4 2; 4 3; 4 4",
    );
}

#[test]
fn non_linear_recursion_reaches_the_same() {
    check(
        &format!(
            "{EDGES}.decl out(x: number, y: number)\nout(x,y) :- edge(x,y).\nout(x,z) :- out(x,y), out(y,z)."
        ),
        "1 2; 1 3; 1 4; 2 2; 2 3; 2 4; 3 2; 3 3; 3 4; 4 2; 4 3; 4 4",
    );
}

#[test]
fn balanced_paths_need_rows_of_both_sides_from_every_round() {
    // Brackets along a line, `((()))((()))`: what is balanced is found from the inside out, and the two halves, which
    // are found in the same late round, must still meet.
    let mut facts = String::new();
    for (at, bracket) in "((()))((()))".chars().enumerate() {
        let relation = if bracket == '(' { "open" } else { "close" };
        let _ = writeln!(facts, "{relation}({at}, {}).", at + 1);
    }
    check(
        &format!(
            ".decl open(x: number, y: number)\n.decl close(x: number, y: number)\n.decl out(x: number, y: number)\n{facts}\
             out(x,z) :- open(x,y), close(y,z).\n\
             out(x,z) :- open(x,a), out(a,b), close(b,z).\nout(x,z) :- out(x,y), out(y,z)."
        ),
        "0 12; 0 6; 1 5; 2 4; 6 12; 7 11; 8 10",
    );
}

#[test]
fn mutual_recursion_alternates() {
    check(
        ".decl next(x: number, y: number)\nnext(0,1). next(1,2). next(2,3). next(3,4).\n.decl even(x: number)\n.decl out(x: number)\n\
         even(0).\nout(y) :- even(x), next(x,y).\neven(y) :- out(x), next(x,y).",
        "1; 3",
    );
}

#[test]
fn negation_looks_at_finished_relations() {
    check(
        &format!("{EDGES}.decl out(x: number)\nout(x) :- edge(x,_), !edge(_,x)."),
        "1",
    );
}

#[test]
fn negating_an_empty_relation_keeps_every_row() {
    check(
        &format!(
            "{EDGES}.decl none(x: number)\n.decl out(x: number)\nout(x) :- edge(x,_), !none(x)."
        ),
        "1; 2; 3; 4",
    );
}

#[test]
fn repeated_variables_and_constants_select() {
    check(
        ".decl t(x: number, y: number, z: number)\nt(1,1,5). t(1,2,5). t(2,2,6).\n.decl out(x: number)\nout(x) :- t(x,x,5).",
        "1",
    );
}

#[test]
fn counts_of_nothing_are_zero() {
    check(
        ".decl a(x: number, y: number)\na(1,2). a(1,3). a(2,2).\n.decl d(x: number)\nd(1). d(2). d(3).\n\
         .decl out(x: number, n: number)\nout(x, n) :- d(x), n = count : { a(x, _) }.",
        "1 2; 2 1; 3 0",
    );
}

#[test]
fn sums_count_every_tuple_of_a_single_atom() {
    check(
        ".decl a(x: number, y: number)\na(1,2). a(1,3). a(2,2).\n.decl out(n: number)\nout(n) :- n = sum x : { a(x, _) }.",
        "4",
    );
}

#[test]
fn a_minimum_has_witnesses() {
    check(
        ".decl age(p: symbol, n: number)\nage(\"x-ann\",30). age(\"x-bob\",20). age(\"x-cyd\",20).\n\
         .decl out(p: symbol, n: number)\nout(p, n) :- n = min x : age(p, x).",
        "x-bob 20; x-cyd 20",
    );
}

#[test]
fn minima_of_nothing_do_not_fire() {
    check(
        ".decl a(x: number)\n.decl out(n: number)\nout(n) :- n = min x : { a(x) }.",
        "",
    );
}

#[test]
fn arithmetic_and_strings_make_new_values() {
    check(
        ".decl a(x: number)\na(-3). a(4).\n.decl out(s: symbol)\nout(cat(\"v\", to_string(x * 1000000007))) :- a(x).",
        "v-3000000021; v4000000028",
    );
}

#[test]
fn ranges_generate() {
    check(
        ".decl out(x: number)\nout(x) :- x = range(3, 0).\nout(x) :- x = range(10, 20, 5).",
        "1; 10; 15; 2; 3",
    );
}

#[test]
fn a_triangle_is_found_through_a_hub() {
    check(
        ".decl arc(x: number, y: number)\narc(0,1). arc(0,2). arc(0,3). arc(1,0). arc(2,0). arc(3,0). arc(1,2). arc(2,3).\n\
         .decl out(x: number, y: number, z: number)\nout(x,y,z) :- arc(x,y), arc(y,z), arc(z,x).",
        "0 1 2; 0 2 3; 1 2 0; 2 0 1; 2 3 0; 3 0 2",
    );
}

#[test]
fn atoms_apart_are_asked_for_once() {
    const FACTS: &str = ".decl a(x: number)\na(1). a(2).\n.decl b(x: number, y: number)\nb(5,6). b(6,7).\n.decl none(x: number)\n.decl flag()\nflag().\n.decl out(x: number)\n";
    for (rule, expected) in [
        ("out(x) :- a(x), b(y, z), b(z, _).", "1; 2"),
        ("out(x) :- a(x), b(y, z), y > z.", ""),
        ("out(x) :- a(x), none(_).", ""),
        ("out(x) :- a(x), flag(), !none(_).", "1; 2"),
        ("out(x) :- a(x), b(7, _).", ""),
        ("out(3) :- b(_, _).", "3"),
        ("out(3) :- b(y, z), b(z, y).", ""),
        ("out(x) :- a(x), n = count : { none(_) }, n = 0.", "1; 2"),
        ("out(x) :- a(x), 1 = 2.", ""),
        ("out(x) :- a(x), y = range(0, 1000000000), y > 5.", "1; 2"),
        // Until it grows by itself: the part apart becomes true late.
        ("out(1). out(x + 1) :- out(x), x < 9, b(y, _), out(y).", "1"),
        (
            "out(1). out(x + 1) :- out(x), x < 6. out(x + 10) :- a(x), out(y), y = 5.",
            "1; 11; 12; 2; 3; 4; 5; 6",
        ),
        (
            "out(1). out(x + 1) :- out(x), x < 4. out(x + 10) :- out(x), x < 9, out(y), y = 4, out(z), z = 3.",
            "1; 11; 12; 13; 14; 2; 3; 4",
        ),
    ] {
        check(&format!("{FACTS}{rule}"), expected);
    }
}

#[test]
fn division_by_zero_is_a_fault_of_its_row_only() {
    let program =
        checked(".decl a(x: number)\na(0). a(2).\n.decl out(x: number)\nout(10 / x) :- a(x).");
    let mut database = Database::new(program.clone(), Arc::new(Dictionary::new()));
    let report = database
        .run(&RunOptions::default(), &Unobserved)
        .expect("faults do not stop a run");
    assert_eq!(
        show(&database, program.relation_named("out").expect("declared")),
        "5"
    );
    assert_eq!(report.faults.len(), 1);
    assert_eq!(report.faults[0].count, 1);
}

#[test]
fn a_violated_constraint_names_its_bindings() {
    let program = checked(&format!("{EDGES}:- edge(x, y), edge(y, z), edge(z, x)."));
    let mut database = Database::new(program, Arc::new(Dictionary::new()));
    let report = database
        .run(&RunOptions::default(), &Unobserved)
        .expect("violations do not stop a run");
    assert_eq!(report.violations.len(), 1);
    assert_eq!(report.violations[0].rows.len(), 3);
    assert_eq!(
        report.violations[0]
            .columns
            .iter()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["x", "y", "z"]
    );
}

#[test]
fn a_pattern_finds_what_a_scan_finds() {
    let program = checked(&format!(
        "{EDGES}.decl p(x: number, y: number)\np(x,y) :- edge(x,y).\np(x,z) :- p(x,y), edge(y,z)."
    ));
    let database = run(&program, 1);
    let p = program.relation_named("p").expect("declared");
    for first in (0..6).map(|code| (code > 0).then_some(Code(code))) {
        for second in (0..6).map(|code| (code > 0).then_some(Code(code))) {
            let pattern = [first, second];
            let expected: Vec<Vec<Code>> = database
                .rows(p)
                .iter()
                .filter(|row| {
                    row.iter()
                        .zip(pattern)
                        .all(|(code, wanted)| wanted.is_none_or(|wanted| wanted == *code))
                })
                .collect();
            // Through an index that was made before, and without.
            for _ in 0..2 {
                let mut codes = vec![Code(7)];
                database.gather(p, &pattern, &mut codes);
                assert_eq!(codes[1..], expected.concat(), "{pattern:?}");
                assert_eq!(database.has(p, &pattern), !expected.is_empty());
                assert_eq!(
                    database.matching(p, &pattern).iter().collect::<Vec<_>>(),
                    expected,
                    "{pattern:?}"
                );
            }
        }
    }
}

/// A random program, from numbers: each draws one choice.
struct Author {
    choices: std::vec::IntoIter<u32>,
    text: String,
}

/// Relations rules may use: name, arity. A rule for the n-th derived one negates and counts only those before it.
pub(super) const STATED: [(&str, usize); 4] = [("a", 2), ("b", 2), ("c", 1), ("t", 3)];
pub(super) const DERIVED: [(&str, usize); 5] = [("p", 2), ("q", 2), ("r", 1), ("s", 3), ("u", 2)];
const VARIABLES: [&str; 5] = ["v", "w", "x", "y", "z"];

impl Author {
    fn pick(&mut self, below: usize) -> usize {
        self.choices.next().unwrap_or(0) as usize % below
    }

    fn term(&mut self, used: &mut BTreeSet<&'static str>) -> String {
        match self.pick(16) {
            0 => "_".into(),
            1 => format!("{}", self.pick(4)),
            _ => {
                let name = VARIABLES[self.pick(VARIABLES.len())];
                used.insert(name);
                name.into()
            }
        }
    }

    fn bound(&mut self, used: &BTreeSet<&'static str>) -> String {
        match used.iter().nth(self.pick(used.len() + 1)) {
            Some(name) => (*name).into(),
            None => format!("{}", self.pick(4)),
        }
    }

    fn rule(&mut self, head: usize) {
        let (name, arity) = DERIVED[head];
        let mut used = BTreeSet::new();
        let mut body = Vec::new();
        for _ in 0..=self.pick(3) {
            // Positive atoms may be of any relation up to the head's own group of two, so rules are mutually recursive.
            let known = STATED.len() + (head / 2 * 2 + 2).min(DERIVED.len());
            // Every other atom is a derived one, for recursion deep enough to grow indexes over several rounds.
            let at = if self.pick(2) == 0 {
                STATED.len() + self.pick(known - STATED.len())
            } else {
                self.pick(known)
            };
            let (name, arity) = if at < STATED.len() {
                STATED[at]
            } else {
                DERIVED[at - STATED.len()]
            };
            let args: Vec<String> = (0..arity).map(|_| self.term(&mut used)).collect();
            body.push(format!("{name}({})", args.join(", ")));
        }
        let below = STATED.len() + head / 2 * 2;
        if self.pick(3) == 0 {
            let at = self.pick(below);
            let (name, arity) = if at < STATED.len() {
                STATED[at]
            } else {
                DERIVED[at - STATED.len()]
            };
            let args: Vec<String> = (0..arity)
                .map(|_| {
                    if self.pick(4) == 0 {
                        "_".into()
                    } else {
                        self.bound(&used)
                    }
                })
                .collect();
            body.push(format!("!{name}({})", args.join(", ")));
        }
        if self.pick(3) == 0 {
            let op = ["<", "<=", "!=", "=", ">"][self.pick(5)];
            body.push(format!("{} {op} {}", self.bound(&used), self.bound(&used)));
        }
        if self.pick(4) == 0 {
            let at = self.pick(below);
            let (name, arity) = if at < STATED.len() {
                STATED[at]
            } else {
                DERIVED[at - STATED.len()]
            };
            let aggregate = ["count : ", "sum k : ", "min k : ", "max k : "][self.pick(4)];
            let mut args: Vec<String> = (0..arity)
                .map(|_| {
                    if self.pick(3) == 0 {
                        "_".into()
                    } else {
                        self.bound(&used)
                    }
                })
                .collect();
            args[arity - 1] = "k".into();
            let more = if self.pick(2) == 0 {
                String::new()
            } else {
                format!(", c({})", self.bound(&used))
            };
            body.push(format!(
                "n = {aggregate}{{ {name}({}){more} }}",
                args.join(", ")
            ));
            used.insert("n");
        }
        let args: Vec<String> = (0..arity).map(|_| self.bound(&used)).collect();
        let _ = writeln!(
            self.text,
            "{name}({}) :- {}.",
            args.join(", "),
            body.join(", ")
        );
    }
}

pub(super) fn random_program(
    choices: Vec<u32>,
    rules: usize,
    facts: &[(usize, [i64; 3])],
    scale: i64,
) -> String {
    let mut author = Author {
        choices: choices.into_iter(),
        text: String::new(),
    };
    for (name, arity) in STATED.iter().chain(&DERIVED) {
        let attributes: Vec<String> = (0..*arity).map(|at| format!("a{at}: number")).collect();
        let _ = writeln!(author.text, ".decl {name}({})", attributes.join(", "));
    }
    for (relation, values) in facts {
        let (name, arity) = STATED[relation % STATED.len()];
        let values: Vec<String> = values[..arity]
            .iter()
            .map(|value| (value * scale).to_string())
            .collect();
        let _ = writeln!(author.text, "{name}({}).", values.join(", "));
    }
    for at in 0..rules {
        let head = author.pick(DERIVED.len()).max(at % DERIVED.len());
        author.rule(head);
    }
    author.text
}

proptest! {
    #![proptest_config(tries(400))]

    #[test]
    fn random_programs_derive_what_the_naive_evaluator_derives(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..9,
        facts in prop::collection::vec((0usize..4, [0i64..9, 0i64..9, -1i64..9]), 0..40),
        scale in prop::sample::select(vec![1i64, 1_000_003, 5_000_000_000]),
    ) {
        let text = random_program(choices, rules, &facts, scale);
        let program = checked(&text);
        let one = run(&program, 1);
        let three = run(&program, 3);
        let mut expected = Relations::new();
        let dictionary = one.dictionary();
        naive::evaluate(&program, dictionary, &mut expected);
        for (id, relation) in program.relations() {
            let rows: BTreeSet<Vec<Code>> = one.rows(id).iter().collect();
            prop_assert_eq!(&rows, &expected.remove(&id).unwrap_or_default(), "`{}` of\n{}", relation.name, text);
            prop_assert_eq!(show(&one, id), show(&three, id), "three threads, `{}` of\n{}", relation.name, text);
            for row in &rows {
                prop_assert!(one.contains(id, row));
                prop_assert!(one.birth(id, row).is_some());
            }
        }
    }
}
