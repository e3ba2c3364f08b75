//! Larger cuts beside withdrawing every set there is.

use super::singles::tests::{self as singles, Said, said};
use super::standing::Standing;
use super::{CriticalQuestion, Session};
use crate::evidence::ClaimId;
use crate::explain::Fact;
use crate::tries::tries;
use proptest::prelude::*;

const DECLARED: &str = r#".decl e(x: number, y: number)
.input e(IO=claims, filename="e.csv")
.decl n(x: number)
.input n(IO=claims, filename="n.csv")
.decl path(x: number, y: number)
.decl free(x: number)
.decl apart(x: number)
.decl bare(x: number)
.decl much(x: number, c: number)
.decl far(x: number, y: number)
.decl sum_of(x: number, c: number)
.decl alike(x: number, y: number) eqrel
.decl lone(x: number)
"#;

/// Chains of negations, totals and what they are of, equivalences; any of them may be left out.
const RULES: [&str; 14] = [
    "path(x, y) :- e(x, y).",
    "path(x, z) :- path(x, y), e(y, z).",
    "free(x) :- e(x, _), !n(x).",
    "free(x) :- path(_, x), !path(x, _).",
    "apart(x) :- e(x, _), !free(x).",
    "apart(x) :- n(x), !e(x, _).",
    "bare(x) :- n(x), !apart(x).",
    "bare(x) :- e(_, x), !free(x), !apart(x).",
    "much(x, c) :- n(x), c = count : { path(x, _) }.",
    "far(x, y) :- e(x, _), y = max z : { path(x, z), !apart(z) }.",
    "sum_of(x, s) :- n(x), s = sum z : { path(x, z) }.",
    "alike(x, y) :- e(x, y), !apart(x).",
    "lone(x) :- n(x), !alike(x, _).",
    "lone(x) :- much(x, c), c > 1, !bare(_).",
];
const ASKED: [&str; 9] = [
    "path", "free", "apart", "bare", "much", "far", "sum_of", "alike", "lone",
];

fn opened(
    chosen: &[bool],
    e: &[(u8, u8, Said)],
    n: &[(u8, Said)],
    repeats: &[Option<usize>],
    at_once: bool,
) -> (tempfile::TempDir, Session) {
    let chosen = RULES.iter().zip(chosen).filter(|(_, chosen)| **chosen);
    let chosen: String = chosen.map(|(rule, _)| format!("{rule}\n")).collect();
    singles::opened(&format!("{DECLARED}{chosen}"), e, n, repeats, at_once)
}

/// Sets of so many, ascending.
fn sets_of(size: usize, of: usize) -> Vec<Vec<usize>> {
    match size {
        0 => vec![Vec::new()],
        _ => sets_of(size - 1, of)
            .into_iter()
            .flat_map(|set| {
                let from = set.last().map_or(0, |last| last + 1);
                (from..of).map(move |one| [&set[..], &[one]].concat())
            })
            .collect(),
    }
}

/// By fact: the minimal sets that end it, of more than one.
fn minimal_sets(
    facts: usize,
    names: &[String],
    largest: usize,
    mut ends: impl FnMut(&[usize]) -> Vec<bool>,
) -> Vec<Vec<Vec<usize>>> {
    let mut minimal: Vec<Vec<Vec<usize>>> = vec![Vec::new(); facts];
    for set in (1..=largest).flat_map(|size| sets_of(size, names.len())) {
        for (ends, minimal) in ends(&set).into_iter().zip(&mut minimal) {
            let has = |known: &Vec<usize>| known.iter().all(|one| set.contains(one));
            if ends && !minimal.iter().any(has) {
                minimal.push(set.clone());
            }
        }
    }
    minimal
}

fn named(sets: &[Vec<usize>], names: &[String]) -> Vec<Vec<String>> {
    let of = |set: &Vec<usize>| set.iter().map(|&one| names[one].clone()).collect();
    let mut named: Vec<Vec<String>> = sets.iter().map(of).collect();
    named.iter_mut().for_each(|set| set.sort());
    named.sort();
    named
}

fn larger(cuts: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut larger: Vec<Vec<String>> = cuts.iter().filter(|cut| cut.len() > 1).cloned().collect();
    larger.iter_mut().for_each(|set| set.sort());
    larger.sort();
    larger
}

proptest! {
    #![proptest_config(tries(40))]

    #[test]
    fn larger_cuts_are_the_minimal_sets_that_runs_without_them_end(
        rules in prop::collection::vec(prop::bool::weighted(0.8), RULES.len()),
        e in prop::collection::vec((0..4u8, 0..4u8, said()), 1..6),
        n in prop::collection::vec((0..4u8, said()), 1..4),
        repeats in prop::collection::vec(prop::option::weighted(0.3, 0..4usize), 4),
        at_once in any::<bool>(),
        size in prop_oneof![Just(Some(2)), Just(Some(3)), Just(None)],
    ) {
        let (_directory, mut session) = opened(&rules, &e, &n, &repeats, at_once);
        let every: Vec<String> = {
            let all = CriticalQuestion {
                relations: ASKED.map(str::to_owned).to_vec(),
                ..CriticalQuestion::default()
            };
            let found = session.critical(&all).expect("relations of the case");
            found.conclusions.into_iter().map(|one| one.fact).collect()
        };
        // Asked one by one they are told of any size.
        let mut conclusions = Vec::new();
        match size {
            Some(size) => {
                let question = CriticalQuestion {
                    facts: every,
                    size: Some(size),
                    limit: Some(10_000),
                    ..CriticalQuestion::default()
                };
                conclusions = session.critical(&question).expect("facts").conclusions;
            }
            None => for fact in every.into_iter().step_by(3) {
                let question = CriticalQuestion {
                    facts: vec![fact],
                    limit: Some(10_000),
                    ..CriticalQuestion::default()
                };
                conclusions.extend(session.critical(&question).expect("a fact").conclusions);
            },
        }
        let facts: Vec<Fact> = conclusions
            .iter()
            .map(|one| session.parse_fact(&one.fact).expect("a fact"))
            .collect();
        let falls = |gone: Vec<ClaimId>| -> Vec<bool> {
            let standing = Standing {
                claims: session.claims.without(gone),
                ..session.standing()
            };
            let without = session.derive_from_scratch(standing).expect("no budget").database;
            facts.iter().map(|fact| !without.contains(fact.relation, &fact.row)).collect()
        };
        let claims: Vec<String> =
            session.claims.iter().map(|(_, claim)| claim.id.to_owned()).collect();
        let largest = size.unwrap_or(claims.len());
        let by_claim = minimal_sets(facts.len(), &claims, largest, |set| {
            falls(set.iter().flat_map(|&one| session.claims.with_id(&claims[one])).collect())
        });
        for (one, sets) in conclusions.iter().zip(&by_claim) {
            let expected: Vec<Vec<usize>> = sets.iter().filter(|set| set.len() > 1).cloned().collect();
            prop_assert!(one.complete, "{}", one.fact);
            prop_assert_eq!(larger(&one.claim_cuts), named(&expected, &claims), "{}", &one.fact);
        }
        let register = &session.data.sources;
        let speaking = register.iter().filter(|(id, _)| session.claims.by_source(*id).next().is_some());
        let speaking: Vec<_> = speaking.map(|(id, _)| id).collect();
        let sources: Vec<String> =
            speaking.iter().map(|&id| register[id].id.to_string()).collect();
        let largest = size.unwrap_or(sources.len());
        let by_source = minimal_sets(facts.len(), &sources, largest, |set| {
            let said = |echoes: bool| -> Vec<ClaimId> {
                let of = |&one: &usize| match echoes {
                    true => register.with_echoes(speaking[one]),
                    false => vec![speaking[one]],
                };
                set.iter().flat_map(of).flat_map(|one| session.claims.by_source(one)).collect()
            };
            let alone = falls(said(false));
            falls(said(true)).into_iter().zip(alone).map(|(one, other)| one && other).collect()
        });
        for (one, sets) in conclusions.iter().zip(&by_source) {
            let has_single = |set: &&Vec<usize>| {
                set.iter().any(|&at| one.source_cuts.contains(&vec![sources[at].clone()]))
            };
            let expected: Vec<Vec<usize>> = sets
                .iter()
                .filter(|set| set.len() > 1 && !has_single(set))
                .cloned()
                .collect();
            prop_assert_eq!(larger(&one.source_cuts), named(&expected, &sources), "{}", &one.fact);
        }
    }
}

#[test]
fn totals_that_may_come_to_anything_are_said_to_be_open() {
    let paths: Vec<(u8, u8, Said)> = (1..12).map(|to| (0, to, (0, None, None))).collect();
    let rules: Vec<bool> = RULES
        .iter()
        .map(|rule| {
            ["path(x, y)", "sum_of"]
                .iter()
                .any(|one| rule.starts_with(one))
        })
        .collect();
    let n = [(0, (1, None, None))];
    let (_directory, mut session) = opened(&rules, &paths, &n, &[None; 4], false);
    let question = CriticalQuestion {
        facts: vec!["sum_of(0, 66)".to_owned(), "path(0, 1)".to_owned()],
        size: Some(2),
        ..CriticalQuestion::default()
    };
    let found = session.critical(&question).expect("facts").conclusions;
    let told: Vec<(bool, bool)> = found
        .iter()
        .map(|one| (one.complete, one.single_complete))
        .collect();
    assert_eq!(told, [(false, true), (true, true)]);
}
