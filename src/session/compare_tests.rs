//! Comparisons beside those of taking evidence out of the files.

use super::*;
use crate::explain::Fact;
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// One claim: relation (`e` or `n`), two constants, grade of its source, whether it denies.
type Said = (bool, usize, usize, usize, bool);

const NAMES: [&str; 3] = ["a", "b", "c"];

fn case(place: &Path, rules: &str, claims: &[(String, Said)]) -> Session {
    let mut e = String::from("claim_id,x,y,source_id,confidence,stance\n");
    let mut n = String::from("claim_id,x,source_id,confidence,stance\n");
    for (id, (pair, x, y, grade, denies)) in claims {
        let stance = if *denies { "disputes" } else { "supports" };
        let (x, y) = (NAMES[*x], NAMES[*y]);
        let _ = match pair {
            true => writeln!(e, "{id},{x},{y},s{grade},confirmed,{stance}"),
            false => writeln!(n, "{id},{x},s{grade},confirmed,{stance}"),
        };
    }
    let sources = "source_id,publisher,title,published,url,kind,reliability,derived_from\n\
        s0,p,t,2020,,report,A,\ns1,p,t,2020,,report,B,\ns2,p,t,2020,,notice,C,\n";
    for (name, text) in [
        ("facts/e.csv", e.as_str()),
        ("facts/n.csv", &n),
        ("facts/sources.csv", sources),
        ("rules/r.dl", rules),
    ] {
        let path = place.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    Session::open(CaseSpec::at(place), Options::default()).expect("a case")
}

const RULES: &str = r#"
.decl e(x: symbol, y: symbol)
.input e(IO=claims, filename="e.csv")
.decl n(x: symbol)
.input n(IO=claims, filename="n.csv")
.decl path(x: symbol, y: symbol)
path(x, y) :- e(x, y).
path(x, z) :- path(x, y), e(y, z).
.decl free(x: symbol)
free(x) :- path(x, _), !n(x).
.decl alone(x: symbol)
alone(x) :- n(x), 1 = count : { path(x, _) }.
.decl kept(x: symbol, y: symbol)
kept(x, y) :- path(x, y), free(x).
kept(x, y) :- e(x, y), n(y), !alone(y).
kept(x, x) :- n(x), total = count : { path(x, _) }, total < 2.
.abducible e
.hypothesis far { .goal path("a", "c") }
.hypothesis loose { .goal free("a") .goal path("a", _) }
.hypothesis single { .goal alone("b") + n("b"). - e("b", "a"). }
.hypothesis near { .goal kept("a", _) - n("c"). }
.hypothesis whole { .goal kept("b", "b") - e("a", _). free(x) :- n(x), !path(x, "c"). }
"#;

fn question(flips: usize) -> ComparisonQuestion {
    ComparisonQuestion {
        hypotheses: ["far", "loose", "single"].map(str::to_owned).to_vec(),
        flips: Some(flips),
        ..ComparisonQuestion::default()
    }
}

/// A hypothesis, whether it holds, and its strength.
type Stood = (String, bool, f64);

fn stands(found: &Comparison) -> Vec<Stood> {
    let mut stands: Vec<_> = found
        .hypotheses
        .iter()
        .filter(|row| row.error.is_none())
        .map(|row| (row.name.clone(), row.holds, row.strength))
        .collect();
    stands.sort_by(|a, b| a.0.cmp(&b.0));
    stands
}

/// A comparison in a case without some claims and with facts more: ids of claims to take out, `+fact` to find.
fn compared_after(
    change: &[&str],
    claims: &[(String, Said)],
    question: &ComparisonQuestion,
) -> Comparison {
    let (found, without): (Vec<&str>, Vec<&str>) =
        change.iter().partition(|part| part.starts_with('+'));
    let left: Vec<(String, Said)> = (claims.iter())
        .filter(|(id, _)| !without.contains(&id.as_str()))
        .cloned()
        .collect();
    let place = tempfile::tempdir().expect("a folder");
    let mut rules = RULES.to_owned();
    (found.iter()).for_each(|fact| rules += &format!("{}.\n", &fact[1..]));
    let question = ComparisonQuestion {
        flips: Some(0),
        ..question.clone()
    };
    let mut session = case(place.path(), &rules, &left);
    session.compare(&question).expect("compared")
}

proptest! {
    #![proptest_config(tries(16))]

    #[test]
    fn cells_and_flips_are_those_of_taking_evidence_out(
        said in prop::collection::vec(
            (any::<bool>(), 0..3usize, 0..3usize, 0..3usize, prop::bool::weighted(0.15)),
            2..8,
        ),
    ) {
        let claims: Vec<(String, Said)> =
            said.into_iter().enumerate().map(|(at, said)| (format!("c{at}"), said)).collect();
        let place = tempfile::tempdir().expect("a folder");
        let mut session = case(place.path(), RULES, &claims);
        let whole = session.compare(&question(2)).expect("compared");
        let names = ["far", "loose", "single"];
        let outcome = |change: &[&str]| {
            let compared = compared_after(change, &claims, &question(0));
            (stands(&compared), compared.leader)
        };
        let (before, leader) = outcome(&[]);
        prop_assert_eq!(&whole.leader, &leader);
        let rejected: BTreeSet<&str> = whole
            .hypotheses
            .iter()
            .filter(|row| row.name == "single")
            .flat_map(|row| row.rejects.iter().map(String::as_str))
            .collect();
        let ids: Vec<&str> = whole.evidence.iter().map(Column::id).collect();
        let mut expected: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
        for (at, &one) in ids.iter().enumerate() {
            let (after, then) = outcome(&[one]);
            for name in names {
                let of = |stands: &[Stood]| {
                    stands.iter().find(|row| row.0 == name).cloned().expect("compared")
                };
                let (was, is) = (of(&before), of(&after));
                let cell = whole.evidence[at].cells[name].as_str().expect("a word");
                let right = match (was.1, is.1) {
                    _ if name == "single" && rejected.contains(one) => cell == "helped",
                    (true, false) => cell == "falls",
                    (false, true) => cell == "helped",
                    (true, true) if is.2 < was.2 - 1e-6 => cell == "weakens",
                    (true, true) if is.2 > was.2 + 1e-6 => cell == "helped",
                    _ => cell != "falls",
                };
                prop_assert!(right, "{name} {one} {cell} {was:?} {is:?} {claims:?}");
            }
            if then != leader {
                expected.insert([one].into());
            }
        }
        for (id, _) in claims.iter().filter(|(id, _)| !ids.contains(&id.as_str())) {
            prop_assert_eq!(&outcome(&[id]).0, &before, "{} has no column", id);
        }
        let holds = |fact: &&Fact| session.database().contains(fact.relation, &fact.row);
        let mut findings: Vec<String> = (whole.staged.iter())
            .flat_map(|needs| {
                let assumed = needs.assumes.iter().filter(|fact| !holds(fact));
                assumed.chain(needs.would_hold_with.iter().flatten())
            })
            .map(|fact| format!("+{}", session.fact_text(fact)))
            .collect();
        findings.sort();
        findings.dedup();
        prop_assert_eq!(findings.len(), whole.flip_findings);
        for finding in &findings {
            if outcome(&[finding]).1 != leader {
                expected.insert([finding.as_str()].into());
            }
        }
        let changes: Vec<&str> =
            ids.iter().copied().chain(findings.iter().map(String::as_str)).collect();
        for (at, &one) in changes.iter().enumerate() {
            for &other in &changes[at + 1..] {
                let known = |id: &str| expected.contains(&BTreeSet::from([id]));
                if !known(one) && !known(other) && outcome(&[one, other]).1 != leader {
                    expected.insert([one, other].into());
                }
            }
        }
        let found: BTreeSet<BTreeSet<&str>> = (whole.flip_sets.iter())
            .map(|set| set.iter().map(String::as_str).collect())
            .filter(|set: &BTreeSet<&str>| set.len() <= 2)
            .collect();
        prop_assert_eq!(found, expected, "{:?}", claims);
        prop_assert_eq!(whole.flip_bound, 2);
    }
}

proptest! {
    #![proptest_config(tries(8))]

    #[test]
    fn flips_are_those_of_making_every_table_anew(
        said in prop::collection::vec(
            (any::<bool>(), 0..3usize, 0..3usize, 0..2usize, prop::bool::weighted(0.2)),
            2..7,
        ),
        rivals in prop::sample::subsequence(vec!["far", "loose", "single", "near", "whole"], 2..4),
        size in 2..4usize,
    ) {
        let claims: Vec<(String, Said)> =
            said.into_iter().enumerate().map(|(at, said)| (format!("c{at}"), said)).collect();
        let place = tempfile::tempdir().expect("a folder");
        let mut session = case(place.path(), RULES, &claims);
        let question = ComparisonQuestion {
            hypotheses: rivals.iter().map(|&name| name.to_owned()).collect(),
            ..question(size)
        };
        let whole = session.compare(&question).expect("compared");
        prop_assert_eq!(whole.flip_bound, size);
        let holds = |fact: &&Fact| session.database().contains(fact.relation, &fact.row);
        let found = whole.staged.iter().flat_map(|needs| {
            let assumed = needs.assumes.iter().filter(|fact| !holds(fact));
            assumed.chain(needs.would_hold_with.iter().flatten())
        });
        let found: BTreeSet<String> =
            found.map(|fact| format!("+{}", session.fact_text(fact))).collect();
        let evidence = whole.evidence.iter().map(Column::id);
        let changes: Vec<&str> = evidence.chain(found.iter().map(String::as_str)).collect();
        let mut expected: BTreeSet<(BTreeSet<&str>, Option<String>)> = BTreeSet::new();
        for size in 1..=size {
            for set in sets_of(&changes, size) {
                let whole_set: BTreeSet<&str> = set.iter().copied().collect();
                if expected.iter().any(|(part, _)| part.is_subset(&whole_set)) {
                    continue;
                }
                let leader = compared_after(&set, &claims, &question).leader;
                if leader != whole.leader {
                    expected.insert((whole_set, leader));
                }
            }
        }
        let flips: BTreeSet<(BTreeSet<&str>, Option<String>)> = (whole.flips.iter())
            .filter(|flip| flip.change.len() <= size)
            .map(|flip| (flip.change.iter().map(String::as_str).collect(), flip.leader.clone()))
            .collect();
        prop_assert_eq!(flips, expected, "{:?}", claims);
    }
}

/// A row of a matrix: which evidence, a judgement for each rival, and whether it is graded.
type Row = (usize, [usize; 3], bool);

const JUDGEMENTS: [&str; 6] = ["", "CC", "C", "N", "I", "II"];

/// A matrix of some rows, without those about what is gone.
fn matrix(rows: &[Row], fold: bool, rivals: &[&str], is_gone: &dyn Fn(&str) -> bool) -> String {
    let mut text = format!("evidence,grade,{}\n", rivals.join(","));
    for (of, cells, graded) in rows {
        let of = format!("{}{of}", if fold { 's' } else { 'c' });
        let cells: Vec<&str> = cells[..rivals.len()]
            .iter()
            .map(|&at| JUDGEMENTS[at])
            .collect();
        if !is_gone(&of) {
            let grade = if *graded { "A2" } else { "" };
            let _ = writeln!(text, "{of},{grade},{}", cells.join(","));
        }
    }
    text
}

proptest! {
    #![proptest_config(tries(12))]

    #[test]
    fn judged_flips_are_those_of_making_every_table_anew(
        said in prop::collection::vec(
            (any::<bool>(), 0..3usize, 0..3usize, 0..3usize, prop::bool::weighted(0.2)),
            3..8,
        ),
        rows in prop::collection::btree_map(
            0..3usize,
            (prop::array::uniform3(0..JUDGEMENTS.len()), any::<bool>()),
            1..4,
        ),
        rivals in prop::sample::subsequence(vec!["far", "loose", "single", "near", "whole"], 2..4),
        fold in prop::bool::weighted(0.7),
    ) {
        let claims: Vec<(String, Said)> =
            said.into_iter().enumerate().map(|(at, said)| (format!("c{at}"), said)).collect();
        let rows: Vec<Row> =
            rows.into_iter().map(|(of, (cells, graded))| (of, cells, graded)).collect();
        let place = tempfile::tempdir().expect("a folder");
        let judged = place.path().join("m.csv");
        // What no claim states is words from the start.
        std::fs::write(&judged, matrix(&rows, fold, &rivals, &|_| false)).expect("a file");
        let question = ComparisonQuestion {
            hypotheses: rivals.iter().map(|&name| name.to_owned()).collect(),
            fold_sources: fold,
            judged: Some(judged.clone()),
            ..question(2)
        };
        let mut session = case(place.path(), RULES, &claims);
        let whole = session.compare(&question).expect("compared");
        let withdrawn = whole.evidence.iter().filter(|column| column.label.is_none());
        let changes: Vec<&str> = withdrawn.map(Column::id).collect();
        let mut expected: BTreeSet<(BTreeSet<&str>, Option<String>)> = BTreeSet::new();
        for size in 1..=2 {
            for set in sets_of(&changes, size) {
                let whole_set: BTreeSet<&str> = set.iter().copied().collect();
                if expected.iter().any(|(part, _)| part.is_subset(&whole_set)) {
                    continue;
                }
                let is_gone = |id: &str| set.contains(&id);
                std::fs::write(&judged, matrix(&rows, fold, &rivals, &is_gone)).expect("a file");
                let without: Vec<&str> = claims
                    .iter()
                    .filter(|(id, said)| is_gone(id) || fold && is_gone(&format!("s{}", said.3)))
                    .map(|(id, _)| id.as_str())
                    .collect();
                let leader = compared_after(&without, &claims, &question).leader;
                if leader != whole.leader {
                    expected.insert((whole_set, leader));
                }
            }
        }
        let flips: BTreeSet<(BTreeSet<&str>, Option<String>)> = (whole.flips.iter())
            .filter(|flip| !flip.change.iter().any(|part| part.starts_with('+')))
            .map(|flip| (flip.change.iter().map(String::as_str).collect(), flip.leader.clone()))
            .collect();
        prop_assert_eq!(flips, expected, "{:?} {:?}", claims, rows);
    }
}

fn sets_of<'a>(of: &[&'a str], size: usize) -> Vec<Vec<&'a str>> {
    match (size, of) {
        (0, _) => vec![Vec::new()],
        (_, []) => Vec::new(),
        (_, [first, rest @ ..]) => {
            let mut sets = sets_of(rest, size);
            for set in sets_of(rest, size - 1) {
                sets.push([&[*first], &set[..]].concat());
            }
            sets
        }
    }
}

/// From and to which year, if there is one.
type Years = (Option<u16>, Option<u16>);

/// Compares in a case of dated claims; `together`: what can be is worked out together, else each change is tried.
fn compared_in_time(
    said: &[(bool, usize, usize, Years)],
    rivals: &[&str],
    at_once: bool,
    together: bool,
) -> String {
    let rules = format!(
        "{RULES}:- free(x), path(x, \"c\").
.hypothesis strict {{ .goal free(\"b\") :- alone(x), path(x, _). }}
.hypothesis noted {{ .goal kept(\"a\", _) + n(\"a\"). }}
.hypothesis added {{ .goal kept(\"b\", _) + e(\"c\", \"b\"). }}\n"
    );
    let place = tempfile::tempdir().expect("a folder");
    drop(case(place.path(), &rules, &[]));
    let year = |year: &Option<u16>| year.map_or(String::new(), |year| year.to_string());
    let (mut e, mut n) = (
        String::from("claim_id,x,y,source_id,confidence,from,to\n"),
        String::from("claim_id,x,source_id,confidence,from,to\n"),
    );
    for (at, (pair, x, y, (from, to))) in said.iter().enumerate() {
        let (from, to) = (year(from), year(to));
        let _ = match pair {
            true => writeln!(
                e,
                "c{at},{},{},s{},confirmed,{from},{to}",
                NAMES[*x],
                NAMES[*y],
                at % 3
            ),
            false => writeln!(n, "c{at},{},s{},confirmed,{from},{to}", NAMES[*x], at % 3),
        };
    }
    std::fs::write(place.path().join("facts/e.csv"), e).expect("a file");
    std::fs::write(place.path().join("facts/n.csv"), n).expect("a file");
    let options = Options {
        lens: crate::session::Lens {
            at_once,
            ..crate::session::Lens::default()
        },
        // No functor has no value here: but then every change is tried by itself.
        faults_are_errors: !together,
        ..Options::default()
    };
    let mut session = Session::open(CaseSpec::at(place.path()), options).expect("a case");
    let question = ComparisonQuestion {
        hypotheses: rivals.iter().map(|&name| name.to_owned()).collect(),
        ..question(3)
    };
    let found = session.compare(&question).expect("compared");
    serde_json::to_string_pretty(&found).expect("text")
}

proptest! {
    #![proptest_config(tries(24))]

    #[test]
    fn what_is_worked_out_together_is_what_is_tried_one_by_one(
        said in prop::collection::vec(
            (
                any::<bool>(),
                0..3usize,
                0..3usize,
                (prop::option::of(2001..2005u16), prop::option::of(2001..2005u16)).prop_map(
                    |years| match years {
                        (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
                        open => open,
                    },
                ),
            ),
            3..10,
        ),
        rivals in prop::sample::subsequence(
            vec!["far", "loose", "single", "strict", "noted", "near", "added"],
            3..5,
        ),
        at_once in any::<bool>(),
    ) {
        let together = compared_in_time(&said, &rivals, at_once, true);
        let apart = compared_in_time(&said, &rivals, at_once, false);
        prop_assert_eq!(together, apart, "{:?} {:?}", said, rivals);
    }
}

/// What a comparison comes to, but for what is said of it.
fn essence(found: &Comparison) -> serde_json::Value {
    let rows = found.hypotheses.iter();
    let rows: Vec<_> = rows
        .map(|row| {
            (
                &row.name,
                row.rank,
                row.inconsistency,
                row.strength,
                row.holds,
                &row.assumes,
            )
        })
        .collect();
    serde_json::json!([
        rows,
        found.evidence,
        found.flips,
        found.leader,
        found.flip_findings
    ])
}

proptest! {
    #![proptest_config(tries(24))]

    #[test]
    fn what_is_planted_is_as_good_as_taken_out(
        said in prop::collection::vec(
            (any::<bool>(), 0..3usize, 0..3usize, 0..3usize, prop::bool::weighted(0.1)),
            2..8,
        ),
        rivals in prop::sample::subsequence(vec!["far", "loose", "single", "near", "whole"], 2..4),
        fold in any::<bool>(),
    ) {
        prop_assume!(said.iter().any(|(pair, ..)| !pair));
        let claims: Vec<(String, Said)> =
            said.into_iter().enumerate().map(|(at, said)| (format!("c{at}"), said)).collect();
        let question = ComparisonQuestion {
            hypotheses: rivals.iter().map(|&name| name.to_owned()).collect(),
            fold_sources: fold,
            ..question(2)
        };
        let planted = ComparisonQuestion {
            planted: vec!["n".to_owned()],
            ..question.clone()
        };
        let place = tempfile::tempdir().expect("a folder");
        let found = case(place.path(), RULES, &claims).compare(&planted).expect("compared");
        let left: Vec<(String, Said)> =
            claims.iter().filter(|(_, (pair, ..))| *pair).cloned().collect();
        let place = tempfile::tempdir().expect("a folder");
        let without = case(place.path(), RULES, &left).compare(&question).expect("compared");
        prop_assert_eq!(essence(&found), essence(&without), "{:?}", claims);
    }
}
