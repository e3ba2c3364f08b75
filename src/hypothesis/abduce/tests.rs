//! Small programs, each answer beside that of trying every set.

use super::super::trial::Trial;
use super::{Abduced, Goal, Outcome, Question, Rival, Worlds, explain};
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::analysis::{self, Options};
use crate::engine::budget::Unobserved;
use crate::engine::{Budget, Database, RunOptions, RunReport};
use crate::evidence::{Claims, Sources};
use crate::explain::{Case, Fact, Meter, fact_text};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use crate::tries::tries;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;

struct Small {
    program: Arc<CheckedProgram>,
    dictionary: Arc<Dictionary>,
    database: Database,
    report: RunReport,
    threads: usize,
}

impl Small {
    fn of(text: &str) -> Small {
        let mut texts = SourceMap::new();
        let (tree, problems) = parse_text("x.dl", text, &mut texts);
        assert!(problems.is_empty(), "{problems:?}\n{text}");
        let checked = analysis::check(&tree, &Options::default());
        let (program, _) = checked.unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let program = Arc::new(program);
        let dictionary = Arc::new(Dictionary::new());
        let (database, report) = run(&program, &dictionary, &[]);
        Small {
            program,
            dictionary,
            database,
            report,
            threads: 2,
        }
    }

    fn relation(&self, name: &str) -> RelationId {
        self.program.relation_named(name).expect("declared")
    }

    /// `relation value …`, `_` for any.
    fn pattern(&self, text: &str) -> (RelationId, Vec<Option<Code>>) {
        let mut words = text.split_whitespace();
        let relation = self.relation(words.next().expect("a relation"));
        let code = |word| (word != "_").then(|| self.dictionary.symbol(word));
        (relation, words.map(code).collect())
    }

    fn goal(&self, text: &str) -> Goal {
        let (relation, pattern) = self.pattern(text);
        Goal { relation, pattern }
    }

    fn explain(&self, goal: &str, using: &[&str], most: usize, new_constants: bool) -> Abduced {
        let question = Question {
            new_constants,
            ..self.question(goal, using, most)
        };
        self.answer(&question, None)
    }

    /// With a rival that assumes nothing itself.
    fn explain_against(&self, rival: &str, goal: &str, using: &[&str], most: usize) -> Abduced {
        let goals = vec![self.goal(rival)];
        let rival = Rival { goals, world: None };
        self.answer(&self.question(goal, using, most), Some(rival))
    }

    fn question(&self, goal: &str, using: &[&str], most: usize) -> Question<'_> {
        Question {
            goal: self.goal(goal),
            using: using.iter().map(|name| self.relation(name)).collect(),
            most,
            limit: 100_000,
            described: usize::MAX,
            new_constants: false,
            violations: &self.report.violations,
        }
    }

    fn answer(&self, question: &Question, rival: Option<Rival<Infallible>>) -> Abduced {
        self.answer_within(question, rival, &Budget::default())
    }

    fn answer_within(
        &self,
        question: &Question,
        rival: Option<Rival<Infallible>>,
        budget: &Budget,
    ) -> Abduced {
        let (claims, sources) = (Claims::new(), Sources::unlisted());
        let case = Case::new(
            &self.database,
            &self.program,
            &self.dictionary,
            &claims,
            &sources,
        );
        let rerun = |facts: &[Fact]| -> Result<_, Infallible> {
            Ok(run(&self.program, &self.dictionary, facts))
        };
        let worlds = Worlds {
            database: Some(&self.database),
            rerun: &rerun,
            rival,
            threads: self.threads,
        };
        match explain(&case, &claims, &sources, question, &worlds, budget) {
            Ok(found) => found,
        }
    }

    fn text(&self, facts: &[Fact]) -> String {
        let mut texts: Vec<String> = facts
            .iter()
            .map(|fact| fact_text(&self.program, &self.dictionary, fact).replace('"', ""))
            .collect();
        texts.sort();
        texts.join(" ")
    }

    /// Explanations and refusals, one set a line, in the order of their texts.
    fn show(&self, found: &Abduced) -> String {
        let mut explanations: Vec<String> = found
            .explanations
            .iter()
            .map(|one| self.text(&one.assume))
            .collect();
        explanations.sort();
        let mut refused: Vec<String> = found
            .refused
            .iter()
            .map(|one| format!("refused: {}", self.text(&one.assume)))
            .collect();
        refused.sort();
        explanations.extend(refused);
        explanations.join("\n")
    }

    /// The same by trying every set over these constants.
    fn by_brute_force(
        &self,
        goal: &str,
        using: &[&str],
        most: usize,
        constants: &[&str],
    ) -> String {
        let (goal, pattern) = self.pattern(goal);
        let constants: Vec<Code> = constants
            .iter()
            .map(|name| self.dictionary.symbol(name))
            .collect();
        let mut facts = Vec::new();
        for name in using {
            let relation = self.relation(name);
            let mut rows: Vec<Vec<Code>> = vec![Vec::new()];
            for _ in 0..self.program[relation].arity() {
                rows = rows
                    .iter()
                    .flat_map(|row| {
                        constants
                            .iter()
                            .map(move |&code| [&row[..], &[code]].concat())
                    })
                    .collect();
            }
            let absent = rows
                .iter()
                .filter(|row| !self.database.contains(relation, row));
            facts.extend(absent.map(|row| Fact::new(relation, row)));
        }
        let mut working: Vec<Vec<usize>> = Vec::new();
        let mut fine: Vec<Vec<usize>> = Vec::new();
        let mut refused: Vec<Vec<usize>> = Vec::new();
        let within = |sets: &[Vec<usize>], set: &[usize]| {
            sets.iter()
                .any(|part| part.iter().all(|at| set.contains(at)))
        };
        for set in sets(facts.len(), most) {
            if within(&fine, &set) {
                continue;
            }
            let assumed: Vec<Fact> = set.iter().map(|&at| facts[at].clone()).collect();
            let (database, report) = run(&self.program, &self.dictionary, &assumed);
            if database.matching(goal, &pattern).is_empty() {
                continue;
            }
            let known = |row: &Vec<Code>, constraint| {
                let mut before = self.report.violations.iter();
                before.any(|one| one.constraint == constraint && one.rows.iter().any(|r| r == *row))
            };
            let new = report.violations.iter().any(|violation| {
                violation
                    .rows
                    .iter()
                    .any(|row| !known(&row, violation.constraint))
            });
            match new {
                false => fine.push(set),
                true if !within(&working, &set) => {
                    refused.push(set.clone());
                    working.push(set);
                }
                true => {}
            }
        }
        let text = |set: &Vec<usize>| {
            let facts: Vec<Fact> = set.iter().map(|&at| facts[at].clone()).collect();
            self.text(&facts)
        };
        let mut lines: Vec<String> = fine.iter().map(text).collect();
        lines.sort();
        let mut refusals: Vec<String> = refused
            .iter()
            .map(|set| format!("refused: {}", text(set)))
            .collect();
        refusals.sort();
        lines.extend(refusals);
        lines.join("\n")
    }
}

fn run(
    program: &Arc<CheckedProgram>,
    dictionary: &Arc<Dictionary>,
    more: &[Fact],
) -> (Database, RunReport) {
    let mut database = Database::new(program.clone(), dictionary.clone());
    for fact in more {
        let mut rows = Rows::new(fact.row.len());
        rows.push(&fact.row);
        database.state(fact.relation, rows);
    }
    let options = RunOptions {
        births: true,
        ..RunOptions::default()
    };
    let report = database
        .run(&options, &Unobserved)
        .expect("no budget, no stop");
    (database, report)
}

/// The sets of one to `most` numbers below `count`, small ones first.
fn sets(count: usize, most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut last: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..most {
        last = last
            .iter()
            .flat_map(|set| {
                let from = set.last().map_or(0, |at| at + 1);
                (from..count).map(move |at| [&set[..], &[at]].concat())
            })
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn check(program: &str, goal: &str, using: &str, most: usize, expected: Expect) {
    let small = Small::of(program);
    let using: Vec<&str> = using.split_whitespace().collect();
    let found = small.explain(goal, &using, most, false);
    assert!(found.stopped.is_none() && found.blind.is_empty());
    expected.assert_eq(&small.show(&found));
}

const FIRMS: &str = r#"
.type Entity <: symbol
.decl contract(client: Entity, firm: Entity)
.decl works_for(firm: Entity, client: Entity)
contract("x-bureau", "x-prime").
contract("x-other", "x-second").
works_for(f, c) :- contract(c, f).
works_for(f, c) :- contract(m, f), works_for(m, c).
"#;

#[test]
fn a_chain_is_completed_at_any_link() {
    check(
        FIRMS,
        "works_for x-second x-bureau",
        "contract",
        2,
        expect![[r#"
            contract(x-bureau,x-other)
            contract(x-bureau,x-second)
            contract(x-prime,x-other)
            contract(x-prime,x-second)"#]],
    );
}

#[test]
fn what_is_denied_must_break() {
    let program = r#"
        .type E <: symbol
        .decl front(f: E) .decl staff(f: E) .decl known(f: E) .decl lead(f: E)
        known("x"). known("y").
        front(f) :- known(f), !staff(f).
        lead(f) :- known(f), !front(f).
    "#;
    check(program, "lead x", "staff", 2, expect!["staff(x)"]);
}

#[test]
fn constraints_refuse_and_may_be_mended() {
    let program = r#"
        .type E <: symbol
        .decl names(f: E) .decl paid(f: E) .decl listed(f: E) .decl owner(f: E)
        listed("x").
        paid("z") :- names("none").
        owner(f) :- paid(f).
        :- paid(f), !listed(f).
    "#;
    check(
        program,
        "owner z",
        "paid listed",
        2,
        expect![[r#"
            listed(z) paid(z)
            refused: paid(z)"#]],
    );
}

#[test]
fn totals_are_reached_by_as_many_facts_as_it_takes() {
    let program = r#"
        .type E <: symbol
        .decl report(by: E, of: E) .decl confirmed(of: E)
        report("a", "x"). report("b", "y").
        confirmed(x) :- report(_, x), n = count : { report(_, x) }, n >= 2.
    "#;
    check(
        program,
        "confirmed x",
        "report",
        2,
        expect![[r#"
            report(b,x)
            report(x,x)
            report(y,x)"#]],
    );
}

#[test]
fn any_row_that_is_counted_may_be_the_one_to_go() {
    let program = r#"
        .type E <: symbol
        .decl report(by: E, of: E) .decl recalled(by: E)
        .decl stands(by: E, of: E) .decl lone(of: E)
        report("a", "x"). report("b", "x").
        stands(by, x) :- report(by, x), !recalled(by).
        lone(x) :- report(_, x), 1 = count : { stands(_, x) }.
    "#;
    check(
        program,
        "lone x",
        "recalled",
        2,
        expect![[r#"
            recalled(a)
            recalled(b)"#]],
    );
}

#[test]
fn out_of_reach_and_there_already() {
    let small = Small::of(FIRMS);
    let outcome = |goal, using: &[&str]| small.explain(goal, using, 2, false).outcome;
    assert_eq!(
        outcome("works_for x-prime x-bureau", &["contract"]),
        Outcome::Holds
    );
    assert_eq!(
        outcome("works_for x-prime x-second", &[]),
        Outcome::OutOfReach
    );
    assert_eq!(
        outcome("works_for x-prime x-second", &["contract"]),
        Outcome::Searched
    );
}

#[test]
fn somebody_unknown_may_stand_between() {
    let small = Small::of(FIRMS);
    let found = small.explain("works_for x-second x-bureau", &["contract"], 2, true);
    expect![[r#"
        contract(some unknown entity,x-other) contract(x-bureau,some unknown entity)
        contract(some unknown entity,x-other) contract(x-prime,some unknown entity)
        contract(some unknown entity,x-second) contract(x-bureau,some unknown entity)
        contract(some unknown entity,x-second) contract(x-prime,some unknown entity)
        contract(x-bureau,x-other)
        contract(x-bureau,x-second)
        contract(x-prime,x-other)
        contract(x-prime,x-second)"#]]
    .assert_eq(&small.show(&found));
}

/// A program in layers over `e`, `n` and `m`, which may be assumed, and `w`, which is as it is; `eq` is an equivalence.
fn programs() -> impl Strategy<Value = String> {
    programs_with(3)
}

/// Some of eight rules have one of so many kinds of totals.
fn programs_with(totals: usize) -> impl Strategy<Value = String> {
    let variable = prop::sample::select(vec!["x", "y", "z"]);
    let atom = (0..8usize, variable.clone(), variable.clone());
    let rule = (
        0..4usize,
        prop::collection::vec(atom.clone(), 1..3),
        prop::option::of(atom.clone()),
        (0..8usize).prop_map(move |kind| if kind < totals { kind } else { 8 }),
    );
    let rules = prop::collection::vec(rule, 3..9);
    let fact = (0..3usize, 0..3usize, 0..3usize);
    let facts = prop::collection::vec(fact, 0..5);
    let constraint = prop::option::of((atom.clone(), prop::option::of(atom)));
    (rules, facts, constraint).prop_map(|(rules, facts, constraint)| {
        let mut text = String::from(
            ".type D <: symbol\n.decl dom(x: D)\ndom(\"a\"). dom(\"b\"). dom(\"c\").\n\
             .decl e(x: D, y: D)\n.decl n(x: D)\n.decl m(x: D)\n\
             .decl w(x: D, y: D)\nw(\"a\", \"b\"). w(\"b\", \"b\"). w(\"b\", \"c\").\n\
             .decl eq(x: D, y: D) eqrel\neq(x, y) :- e(x, y), m(x).\n",
        );
        for layer in 0..4 {
            let _ = writeln!(text, ".decl p{layer}(x: D, y: D)");
        }
        for (relation, x, y) in facts {
            let (x, y) = (["a", "b", "c"][x], ["a", "b", "c"][y]);
            let _ = match relation {
                0 => writeln!(text, "e(\"{x}\", \"{y}\")."),
                1 => writeln!(text, "n(\"{x}\")."),
                _ => writeln!(text, "m(\"{x}\")."),
            };
        }
        // Base relations, equivalence, what is told, the layer itself, the layer below.
        let written = |(which, x, y): &(usize, &str, &str), layer: usize, own: bool| match which {
            0 => format!("e({x}, {y})"),
            1 => format!("n({x})"),
            2 => format!("m({x})"),
            3 => format!("eq({x}, {y})"),
            4 => format!("w({x}, {y})"),
            5 => format!("e({x}, \"b\")"),
            6 if own => format!("p{layer}({x}, {y})"),
            _ if layer > 0 => format!("p{}({x}, {y})", layer - 1),
            _ => format!("e({y}, {x})"),
        };
        for (layer, positive, negative, total) in rules {
            let mut body: Vec<String> = positive
                .iter()
                .map(|atom| written(atom, layer, true))
                .collect();
            let mentions = |name: &str| {
                body.iter().any(|atom| {
                    atom.contains(&format!("({name}")) || atom.contains(&format!(" {name})"))
                })
            };
            let bound: Vec<&str> = ["x", "y", "z"]
                .into_iter()
                .filter(|name| mentions(name))
                .collect();
            let first = bound[0];
            let last = bound[bound.len() - 1];
            if let Some((which, x, y)) = negative {
                let pick = |name| if bound.contains(&name) { name } else { first };
                body.push(format!(
                    "!{}",
                    written(&(which, pick(x), pick(y)), layer, false)
                ));
            }
            let below = match layer {
                0 => "e".to_owned(),
                layer => format!("p{}", layer - 1),
            };
            match total {
                0 => body.push(format!("2 = count : {{ {below}({first}, _) }}")),
                1 => body.push(format!(
                    "k = count : {{ {below}({first}, w), !n(w) }}, k > 1"
                )),
                2 => body.push(format!("0 = count : {{ {below}(_, {last}) }}")),
                _ => {}
            }
            let _ = writeln!(text, "p{layer}({first}, {last}) :- {}.", body.join(", "));
        }
        if let Some((atom, negative)) = constraint {
            let mut body = vec![written(&atom, 3, true)];
            if let Some((which, ..)) = negative {
                body.push(format!("!{}", written(&(which, atom.1, atom.1), 3, true)));
            }
            let _ = writeln!(text, ":- {}.", body.join(", "));
        }
        text
    })
}

proptest! {
    #![proptest_config(tries(96))]

    #[test]
    fn explanations_are_those_of_trying_every_set(
        program in programs(),
        layer in 0..4usize,
        goal in (0..3usize, 0..4usize),
    ) {
        let names = ["a", "b", "c", "_"];
        let goal = format!("p{layer} {} {}", names[goal.0], names[goal.1]);
        let small = Small::of(&program);
        let using = ["e", "n", "m"];
        let found = small.explain(&goal, &using, 2, false);
        prop_assert!(found.stopped.is_none());
        prop_assert_eq!(found.complete_to, if found.outcome == Outcome::Searched { 2 } else { found.complete_to });
        if found.outcome != Outcome::Holds {
            let expected = small.by_brute_force(&goal, &using, 2, &["a", "b", "c"]);
            prop_assert_eq!(small.show(&found), expected, "{}\n{}", goal, program);
        }
        // What follows is what a run says follows.
        for one in found.explanations.iter().take(20) {
            let (database, _) = run(&small.program, &small.dictionary, &one.assume);
            let rows = |database: &Database| -> usize {
                small.program.relations().map(|(id, _)| database.len(id)).sum()
            };
            let goals = database.matching(small.pattern(&goal).0, &small.pattern(&goal).1).len();
            let more = one.also.len() + one.assume.len();
            prop_assert!(one.also.iter().all(|fact| database.contains(fact.relation, &fact.row)));
            let gained = rows(&database) + one.fell.len() - rows(&small.database);
            prop_assert!(gained >= more && gained <= more + goals, "{}", small.text(&one.assume));
        }
    }
}

proptest! {
    #![proptest_config(tries(16))]

    #[test]
    fn so_are_those_of_three_facts(program in programs(), layer in 1..4usize) {
        let goal = format!("p{layer} a _");
        let small = Small::of(&program);
        let using = ["e", "m"];
        let found = small.explain(&goal, &using, 3, false);
        prop_assert!(found.stopped.is_none());
        if found.outcome != Outcome::Holds {
            let expected = small.by_brute_force(&goal, &using, 3, &["a", "b", "c"]);
            prop_assert_eq!(small.show(&found), expected, "{}\n{}", goal, program);
        }
    }
}

proptest! {
    #![proptest_config(tries(96))]

    #[test]
    fn any_number_of_threads_finds_the_same(
        program in programs(),
        goal in (0..4usize, 0..3usize, 0..4usize),
        most in 1..4usize,
        limit in prop_oneof![1..8usize, Just(100_000)],
        described in prop_oneof![0..3usize, Just(usize::MAX)],
        rows in prop::option::of(1..4000u64),
        against in any::<bool>(),
    ) {
        let names = ["a", "b", "c", "_"];
        let goal = format!("p{} {} {}", goal.0, names[goal.1], names[goal.2]);
        let mut small = Small::of(&program);
        let budget = Budget { rows, ..Budget::default() };
        let mut answers = [1, 2, 3, 2].map(|threads| {
            small.threads = threads;
            let question = Question {
                limit,
                described,
                ..small.question(&goal, &["e", "n", "m"], most)
            };
            let rival = against.then(|| Rival { goals: vec![small.goal("p3 a _")], world: None });
            format!("{:#?}", small.answer_within(&question, rival, &budget))
        }).into_iter();
        let alone = answers.next().expect("four");
        for other in answers {
            prop_assert_eq!(&alone, &other, "{}\n{}", goal, program);
        }
    }
}

/// A program, and beside each relation `r` another, `l_r`: the rows that have a derivation which uses some row of `l_e`,
/// `l_n` or `l_m`, or counts one.
fn with_what_leans(text: &str) -> String {
    let mut more = String::new();
    for relation in [
        "e(x: D, y: D)",
        "n(x: D)",
        "m(x: D)",
        "w(x: D, y: D)",
        "eq(x: D, y: D)",
    ] {
        let _ = writeln!(more, ".decl l_{relation}");
    }
    for layer in 0..4 {
        let _ = writeln!(more, ".decl l_p{layer}(x: D, y: D)");
    }
    for line in text.lines() {
        let Some((head, body)) = line.split_once(" :- ") else {
            continue;
        };
        let body = body.trim_end_matches('.');
        let totals = [", 2 = count", ", k = count", ", 0 = count"];
        let total = totals.iter().find_map(|total| body.find(total));
        let (plain, total) = body.split_at(total.unwrap_or(body.len()));
        if let Some((_, counted)) = total.split_once("{ ")
            && let Some((counted, _)) = counted.split_once(" }")
        {
            // Another name: one that is also outside would not be counted over.
            let counted = counted.replace("w)", "v)");
            let _ = writeln!(more, "l_{head} :- {body}, l_{counted}.");
        }
        let literals = plain.split("), ").map(|one| one.trim_end_matches(')'));
        for positive in literals.filter(|one| !one.starts_with('!')) {
            let _ = writeln!(more, "l_{head} :- {body}, l_{positive}).");
        }
    }
    let touching = "l_eq(x, _); l_eq(_, x); l_eq(y, _); l_eq(_, y)";
    let _ = writeln!(more, "l_eq(x, y) :- eq(x, y), ({touching}).");
    format!("{text}{more}")
}

proptest! {
    #![proptest_config(tries(128))]

    #[test]
    fn a_rival_is_helped_when_it_holds_or_has_one_more_derivation(
        program in programs(),
        goal in (0..4usize, 0..3usize, 0..4usize),
        rival in (0..4usize, 0..4usize, 0..4usize),
    ) {
        let names = ["a", "b", "c", "_"];
        let text = |(layer, x, y): (usize, usize, usize)| format!("p{layer} {} {}", names[x], names[y]);
        let (goal, rival) = (text(goal), text(rival));
        let small = Small::of(&program);
        let found = small.explain_against(&rival, &goal, &["e", "n", "m"], 2);
        prop_assert!(found.stopped.is_none());
        let marked = Small::of(&with_what_leans(&program));
        for one in &found.explanations {
            let named = |fact: &Fact, prefix: &str| {
                let name = &small.program[fact.relation].name;
                let code = |code: &Code| marked.dictionary.symbol(small.dictionary.text(*code));
                let row: Vec<Code> = fact.row.iter().map(code).collect();
                Fact::new(marked.relation(&format!("{prefix}{name}")), &row)
            };
            let assumed: Vec<Fact> = one
                .assume
                .iter()
                .flat_map(|fact| [named(fact, ""), named(fact, "l_")])
                .collect();
            let (after, _) = run(&marked.program, &marked.dictionary, &assumed);
            let wanted = marked.goal(&rival);
            let leaning = marked.goal(&format!("l_{rival}"));
            let new = after.matching(wanted.relation, &wanted.pattern).iter()
                .any(|row| !marked.database.contains(wanted.relation, &row));
            let helped = new || !after.matching(leaning.relation, &leaning.pattern).is_empty();
            prop_assert_eq!(one.helps_rival, helped, "{} by {}\n{}", rival, small.text(&one.assume), program);
        }
        // What helps the rival comes after what does not, among sets of one size.
        let order: Vec<(usize, bool)> =
            found.explanations.iter().map(|one| (one.assume.len(), one.helps_rival)).collect();
        prop_assert!(order.is_sorted());
    }
}

/// Takes the facts over `e`, `n` and `m` out of the text of a program.
fn without_facts(text: &str) -> (String, Vec<String>) {
    let is_fact = |line: &&str| {
        ["e(\"", "n(\"", "m(\""]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let (facts, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(is_fact);
    let words = |line: &&str| line.replace(['(', '"', ')', '.', ','], " ");
    (rest.join("\n"), facts.iter().map(words).collect())
}

proptest! {
    #![proptest_config(tries(128))]

    #[test]
    fn what_is_followed_is_what_a_run_says(
        text in programs(),
        withdrawn in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        assumed in prop::collection::vec((0..3usize, 0..3usize, 0..3usize), 0..3),
    ) {
        let (text, facts) = without_facts(&text);
        let small = Small::of(&text);
        let read = |line: &str| {
            let (relation, row) = small.pattern(line);
            let row: Option<Vec<Code>> = row.into_iter().collect();
            Fact::new(relation, &row.expect("constants"))
        };
        let stated: Vec<Fact> = facts.iter().map(|line| read(line)).collect();
        let (below, before) = run(&small.program, &small.dictionary, &stated);
        let withdrawn: Vec<Fact> = match stated.is_empty() {
            true => Vec::new(),
            false => withdrawn.iter().map(|at| at.get(&stated).clone()).collect(),
        };
        let names = ["a", "b", "c"];
        let assumed: Vec<Fact> = assumed
            .iter()
            .map(|&(relation, x, y)| match relation {
                0 => read(&format!("e {} {}", names[x], names[y])),
                1 => read(&format!("n {}", names[x])),
                _ => read(&format!("m {}", names[x])),
            })
            .filter(|fact| !below.contains(fact.relation, &fact.row))
            .collect();
        let stays = |fact: &&Fact| !withdrawn.contains(fact);
        let standing: Vec<Fact> = stated.iter().filter(stays).chain(&assumed).cloned().collect();
        let (after, report) = run(&small.program, &small.dictionary, &standing);
        let meter = Meter::new(&Budget::default());
        let mut trial = Trial::on(&below);
        let outcome = trial.make(&assumed, &withdrawn, None, &meter).expect("no budget");
        for (id, relation) in small.program.relations() {
            let mut rows: Vec<Vec<Code>> =
                trial.database().matching(id, &vec![None; relation.arity()]).iter().collect();
            rows.sort();
            let expected: Vec<Vec<Code>> = after.rows(id).iter().collect();
            prop_assert_eq!(rows, expected, "{} in\n{}\n{:?}", relation.name, text, facts);
        }
        let ways = |report: &RunReport| -> Vec<(u32, Vec<Code>)> {
            let rows = |one: &crate::engine::Violation| -> Vec<(u32, Vec<Code>)> {
                one.rows.iter().map(|row| (one.constraint.0, row)).collect()
            };
            report.violations.iter().flat_map(rows).collect()
        };
        let known = ways(&before);
        let new = ways(&report).into_iter().filter(|way| !known.contains(way)).count();
        let broken: usize = outcome.violated.iter().map(|one| one.rows.len()).sum();
        prop_assert_eq!(new, broken, "{}\n{:?}", text, facts);
        trial.take_back();
        for (id, _) in small.program.relations() {
            prop_assert_eq!(trial.database().rows(id), below.rows(id));
        }
    }
}
