//! Differences between cases against brute force, on small random inputs.

use super::{CaseDiff, DiffQuestion, Session};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;

const RULES: &str = "
    .decl a(x: number, y: number)
    .decl b(x: number)
    .decl way(x: number, y: number)
    .decl free(x: number)
    way(x, y) :- a(x, y).
    way(x, z) :- way(x, y), a(y, z).
    free(x) :- a(x, _), !b(x).
";

type Facts = (BTreeSet<(u8, u8)>, BTreeSet<u8>);

fn facts() -> impl Strategy<Value = Facts> {
    (
        prop::collection::btree_set((0u8..5, 0u8..5), 0..8),
        prop::collection::btree_set(0u8..5, 0..4),
    )
}

fn session(facts: &Facts) -> Session {
    let a = facts.0.iter().map(|(x, y)| format!("a({x}, {y}).\n"));
    let b = facts.1.iter().map(|x| format!("b({x}).\n"));
    let text: String = std::iter::once(RULES.to_owned())
        .chain(a)
        .chain(b)
        .collect();
    Session::from_rules(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn all_facts(session: &mut Session) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (relation, arity) in [("a", 2), ("b", 1), ("way", 2), ("free", 1)] {
        let query = ["x", "y"][..arity].join(", ");
        let table = session.query(&format!("{relation}({query})")).unwrap();
        for row in 0..table.len() {
            let values: Vec<String> = (0..arity).map(|at| table.text(row, at)).collect();
            all.insert(format!("{relation}({})", values.join(",")));
        }
    }
    all
}

fn holds(session: &mut Session, fact: &str) -> bool {
    !session.query(fact).unwrap().is_empty()
}

proptest! {
    #![proptest_config(tries(60))]

    #[test]
    fn what_appeared_and_fell_is_what_only_one_has(before in facts(), after in facts()) {
        let (mut one, mut other) = (session(&before), session(&after));
        let question = DiffQuestion {
            names: ["before".to_owned(), "after".to_owned()],
            relations: Vec::new(),
            explain: usize::MAX,
        };
        let found = CaseDiff::between(&mut one, &mut other, &question).unwrap();
        let (had, has) = (all_facts(&mut one), all_facts(&mut other));
        let told = |of: fn(&super::RelationDiff) -> &Vec<String>| -> BTreeSet<String> {
            found.relations.iter().flat_map(|relation| of(relation).clone()).collect()
        };
        prop_assert_eq!(told(|relation| &relation.appeared), has.difference(&had).cloned().collect());
        prop_assert_eq!(told(|relation| &relation.fell), had.difference(&has).cloned().collect());
        prop_assert_eq!(found.is_empty(), had == has);
        for one_fact in &found.explained {
            let (with, without) = match one_fact.change {
                "appeared" => (&mut other, &mut one),
                _ => (&mut one, &mut other),
            };
            prop_assert!(!one_fact.because.is_empty() && !one_fact.proof.is_empty());
            for cause in &one_fact.because {
                prop_assert!(holds(with, &cause.fact) && !holds(without, &cause.fact), "{cause:?}");
                prop_assert_eq!(cause.kind == "stated", cause.why_not.is_empty(), "{:?}", cause);
            }
        }
    }

    /// Where nothing is forbidden, stating the causes in the case that lacks the fact makes it hold there.
    #[test]
    fn causes_are_enough(before in facts(), after in facts()) {
        let (mut one, mut other) = (session(&before), session(&after));
        let question = DiffQuestion {
            names: ["before".to_owned(), "after".to_owned()],
            relations: vec!["way".to_owned()],
            explain: usize::MAX,
        };
        let found = CaseDiff::between(&mut one, &mut other, &question).unwrap();
        for fell in found.explained.iter().filter(|one| one.change == "fell") {
            let mut mended = session(&after);
            for cause in &fell.because {
                let stated = format!("{}.", cause.fact);
                mended.execute(&super::Command::Clauses(stated)).unwrap();
            }
            prop_assert!(holds(&mut mended, &fell.fact), "{fell:?}");
        }
    }
}
