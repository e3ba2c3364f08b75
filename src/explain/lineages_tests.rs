//! Lineages taken out of one graph beside such as are searched for each by itself.

use super::lineage::{Edge, Lineage};
use super::lineages::Lineages;
use super::local_tests::{PROGRAMS, cases, rows, world};
use super::meter::Meter;
use crate::engine::{Budget, StopReason};
use crate::tries::tries;
use proptest::prelude::*;

/// Without what must be absent, which is not on record.
fn text(lineage: Lineage) -> String {
    let bare = |edge: &Edge| Edge {
        conditions: Box::default(),
        ..edge.clone()
    };
    let edges: Vec<Edge> = lineage.edges.iter().map(bare).collect();
    let Lineage {
        alternatives,
        used_by,
        elements,
        vertex_of,
        days,
        stopped,
        ..
    } = lineage;
    format!(
        "{alternatives:?} {used_by:?} {edges:?} {elements:?} {vertex_of:?} {days:?} {stopped:?}"
    )
}

const RELATIONS: [&str; 4] = ["t", "n", "u", "e"];

/// Those in which an equivalence remembers what it found have no place here.
fn without_memory() -> impl Strategy<Value = usize> {
    let all = 0..PROGRAMS.len();
    let without: Vec<usize> = all.filter(|&at| !PROGRAMS[at].contains("q(")).collect();
    prop::sample::select(without)
}

proptest! {
    #![proptest_config(tries(96))]

    #[test]
    fn each_is_what_a_search_finds(program in 0..PROGRAMS.len(), rows in rows(12), at_once in any::<bool>()) {
        let world = world(program, &rows, true);
        for case in cases(&world) {
            let case = case.at_once(at_once);
            let budget = Budget::default();
            let meter = Meter::new(&budget);
            let mut lineages = Lineages::new(&case, &budget, &meter);
            for fact in RELATIONS.iter().flat_map(|name| world.facts(name)) {
                let alone = case.lineage(&fact, &Meter::new(&budget));
                let found = lineages.lineage(&fact).expect("no budget");
                prop_assert_eq!(text(found), text(alone), "{:?}", fact);
            }
        }
    }

    #[test]
    fn each_costs_what_a_search_costs(program in without_memory(), rows in rows(12), most in 0..300u64) {
        let world = world(program, &rows, true);
        for case in cases(&world) {
            // What is looked up often gets an index, and costs less from then on.
            for fact in RELATIONS.iter().flat_map(|name| world.facts(name)).cycle().take(100) {
                case.lineage(&fact, &Meter::new(&Budget::default()));
            }
            let budget = Budget { rows: Some(most), ..Budget::default() };
            let meter = Meter::new(&budget);
            let mut lineages = Lineages::new(&case, &budget, &meter);
            // Twice: the second time a lot is known.
            for _ in 0..2 {
                for fact in RELATIONS.iter().flat_map(|name| world.facts(name)) {
                    let search = Meter::new(&budget);
                    let alone = case.lineage(&fact, &search);
                    match lineages.lineage(&fact) {
                        Ok(found) => {
                            prop_assert_eq!(meter.rows(), search.rows());
                            prop_assert_eq!(text(found), text(alone), "{:?}", fact);
                        }
                        Err(reason) => {
                            prop_assert_eq!(reason, StopReason::Rows);
                            prop_assert_eq!(alone.stopped, Some(StopReason::Rows), "{:?}", fact);
                        }
                    }
                }
            }
        }
    }
}
