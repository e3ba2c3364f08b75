//! The promotion ladder of the shipped case, against counts made here.

use cutout::session::{CaseSpec, Command, Options, Session};
use std::collections::{BTreeMap, BTreeSet};

fn shipped() -> Session {
    let case = CaseSpec::at(env!("CARGO_MANIFEST_DIR"));
    Session::open(case, Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn typed(session: &mut Session, text: &str) {
    let command = Command::Clauses(text.to_owned());
    if let Err(error) = session.execute(&command) {
        panic!("{text}\n{error}");
    }
}

fn rung_of(session: &mut Session, group: &str) -> String {
    let query = format!("stands_on(\"{group}\", rung)");
    let rungs: Vec<String> = session.query_as(&query).unwrap();
    assert_eq!(rungs.len(), 1, "{group}: {rungs:?}");
    rungs[0].clone()
}

/// The register folds sources to their roots by itself, for corroboration: the rules must come to the same.
#[test]
fn independent_roots_are_those_of_the_register() {
    let mut session = shipped();
    let told: Vec<(String, String)> = session.query_as("told(group, _, _, source)").unwrap();
    let register = session.source_register();
    let mut roots: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (group, source) in told {
        let source = register.find(&source).unwrap();
        let of = register.roots(source).iter();
        roots
            .entry(group)
            .or_default()
            .extend(of.map(|&root| register[root].id.to_string()));
    }
    let counted: Vec<(String, usize)> = session
        .query_as("measured(group, \"independent roots\", have)")
        .unwrap();
    assert_eq!(counted.len(), 104);
    for (group, count) in counted {
        let expected = roots.get(&group).map_or(0, BTreeSet::len);
        assert_eq!(count, expected, "{group}: {:?}", roots.get(&group));
    }
}

/// A group stands on the highest rung that its figures and those of all rungs below allow.
#[test]
fn rungs_follow_from_figures() {
    let mut session = shipped();
    let measured: Vec<(String, String, i64)> =
        session.query_as("measured(group, what, have)").unwrap();
    let mut figures: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for (group, measure, have) in measured {
        let twice = figures.entry(group).or_default().insert(measure, have);
        assert_eq!(twice, None);
    }
    let needs: [(&str, &[(&str, i64)]); 3] = [
        ("cluster", &[("events", 2)]),
        (
            "temporary group",
            &[
                ("events", 3),
                ("months", 6),
                ("vertices", 3),
                ("independent roots", 2),
            ],
        ),
        (
            "named actor",
            &[
                ("events", 5),
                ("months", 12),
                ("vertices", 4),
                ("independent roots", 3),
            ],
        ),
    ];
    let stands: BTreeMap<String, String> = session
        .query_as::<(String, String)>("stands_on(group, rung)")
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(stands.len(), figures.len());
    for (group, figures) in &figures {
        let reached = needs
            .iter()
            .take_while(|(_, needs)| needs.iter().all(|(what, least)| figures[*what] >= *least))
            .last()
            .map_or("activity", |(rung, _)| rung);
        assert_eq!(stands[group], reached, "{group}: {figures:?}");
    }
}

/// What is missing is exactly what has to be found: found, the group climbs; all but one of it, it does not.
#[test]
fn what_is_missing_is_what_it_takes() {
    let mut session = shipped();
    assert_eq!(rung_of(&mut session, "flax-typhoon"), "temporary group");
    typed(
        &mut session,
        "activity_told(\"flax-typhoon\", \"uses_malware\", \"x-tool\", \"x-report\").",
    );
    assert_eq!(rung_of(&mut session, "flax-typhoon"), "named actor");

    let mut session = shipped();
    let event = |victim: &str| format!("activity(\"tick\", \"targets_org\", \"{victim}\").");
    let month = "activity_dated(\"tick\", \"uses_malware\", \"2019-01\", \"2019-03\").";
    for victim in ["x-a", "x-b", "x-c", "x-d"] {
        typed(&mut session, &event(victim));
    }
    typed(&mut session, month);
    let missing: Vec<String> = session
        .query_as("missing_for(\"tick\", \"named actor\", what)")
        .unwrap();
    assert_eq!(missing, ["vertex: infrastructure"]);
    assert_eq!(rung_of(&mut session, "tick"), "temporary group");
}

#[test]
fn thresholds_can_be_replaced() {
    let mut session = shipped();
    typed(
        &mut session,
        "threshold_here(\"named actor\", \"infrastructure\", 0).",
    );
    assert_eq!(rung_of(&mut session, "apt41"), "named actor");
    assert_eq!(rung_of(&mut session, "dagger-panda"), "temporary group");
    typed(
        &mut session,
        "threshold_here(\"named actor\", \"independent roots\", 0).",
    );
    assert_eq!(rung_of(&mut session, "dagger-panda"), "named actor");
    // A rung is reached only over those below it.
    typed(
        &mut session,
        "threshold_here(\"cluster\", \"events\", 999).",
    );
    assert_eq!(rung_of(&mut session, "apt41"), "activity");
    assert!(session.violations().is_empty());
    typed(&mut session, "threshold_here(\"x-rung\", \"events\", 1).");
    assert_eq!(session.violations().len(), 1);
}
