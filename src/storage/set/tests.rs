//! Sets that grow by rounds, against sets of rows.

use super::*;
use crate::storage::{Company, Inserter};
use crate::tries::tries;
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(tries(256))]

    #[test]
    fn each_round_tells_what_it_added(
        arity in 1usize..5,
        writers in 1usize..3,
        spread in prop::sample::select(vec![[1u32, 1], [3, 70], [1, 1000], [90_000, 400_000], [90_000_000, 70_000_000]]),
        rounds in prop::collection::vec(
            (prop::collection::vec([0u32..40, 0u32..20, 0u32..3, 0u32..9], 0..90), any::<bool>()),
            1..6,
        ),
        way in prop::sample::select(vec![vec![], vec![0usize], vec![1], vec![0, 2]]),
    ) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().ok();
        let mut set = RowSet::new(arity, writers, 0);
        if !way.is_empty() {
            set.divide(&[way.into()]);
        }
        let mut model: BTreeSet<Vec<Code>> = BTreeSet::new();
        for (rows, expected) in rounds {
            if expected {
                set.expect(1e12, pool.as_ref().filter(|_| writers > 1));
                prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model.clone());
            }
            let mut inserter = Inserter::new(&set, Company::Alone);
            let mut new = BTreeSet::new();
            for values in rows {
                let scaled = [values[0] * spread[0], values[1] * spread[1], values[2], values[3] * values[3]];
                let row: Vec<Code> = scaled[..arity].iter().map(|&value| Code(value)).collect();
                let columns: Vec<&[Code]> = row.iter().map(std::slice::from_ref).collect();
                let at = values[3] as usize;
                match inserter.takes_lines() && at < arity {
                    true => inserter.push_line(&mut row.clone(), at, &[row[at], row[at]]),
                    false => inserter.push_columns(&columns, 1),
                }
                if model.insert(row.clone()) {
                    new.insert(row);
                }
            }
            inserter.flush();
            set.settle(true, pool.as_ref().filter(|_| writers > 1));
            set.spread_many();
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.latest().row_count(), new.len());
            prop_assert_eq!(set.latest().to_rows().iter().collect::<BTreeSet<_>>(), new);
            prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model.clone());
        }
    }
}

proptest! {
    #![proptest_config(tries(256))]

    /// Rounds of pairs among a few codes and some among many, from two threads at a time.
    #[test]
    fn pairs_of_frequent_codes_are_in_the_core(
        rounds in prop::collection::vec(
            prop::collection::vec((0u32..12, 0u32..12, 0u32..40, 0u32..10), 20..80),
            2..6,
        ),
        lone in 0u32..2,
        taken in prop::collection::vec((0u32..12, 0u32..12), 0..20),
    ) {
        let mut set = RowSet::new(2, 2, 0);
        let mut model: BTreeSet<Vec<Code>> = BTreeSet::new();
        for pairs in rounds {
            let pairs: Vec<(Code, Code)> = pairs
                .into_iter()
                .map(|(a, b, other, kind)| match kind {
                    0 => (Code(other * 97), Code(b * 31)),
                    1 => (Code(a * 89), Code(other * 83)),
                    _ => (Code(a * 89), Code(b * 31)),
                })
                .collect();
            let before = model.clone();
            model.extend(pairs.iter().map(|&(first, second)| vec![first, second]));
            std::thread::scope(|scope| {
                for half in 0..2 {
                    let (set, pairs) = (&set, &pairs);
                    scope.spawn(move || {
                        let mut inserter = Inserter::new(set, Company::Shared);
                        for &(first, second) in pairs.iter().skip(half).step_by(2) {
                            match (first.0 + second.0 + half as u32) % 3 {
                                0 => inserter.push_row(first, &[second, second]),
                                1 => inserter.push_column(&[first], second),
                                _ => inserter.push_columns(&[&[first], &[second]], 1),
                            }
                        }
                        inserter.flush();
                    });
                }
            });
            prop_assert!(set.unsettled() >= model.len() - before.len());
            set.settle(true, None);
            let new: BTreeSet<Vec<Code>> = model.difference(&before).cloned().collect();
            prop_assert_eq!(set.latest().row_count(), new.len());
            prop_assert_eq!(set.latest().to_rows().iter().collect::<BTreeSet<_>>(), new);
            prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model.clone());
        }
        set.rest();
        for (a, b) in taken {
            let row = vec![Code(a * 89), Code(b * 31)];
            prop_assert_eq!(set.contains(&row), model.contains(&row));
            match lone {
                0 => prop_assert_eq!(set.take(&row), model.remove(&row)),
                _ => prop_assert_eq!(set.add(&row), model.insert(row)),
            }
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model);
    }
}

#[test]
fn a_core_is_gathered_where_few_codes_are_in_most_pairs() {
    let mut set = RowSet::new(2, 1, 0);
    let mut pairs = Rows::new(2);
    for first in 0..10 {
        for second in 0..10 {
            pairs.push(&[Code(first * 1000), Code(second * 1000)]);
        }
    }
    for lone in 0..90 {
        pairs.push(&[Code(lone * 107), Code(lone * 101)]);
    }
    let mut inserter = Inserter::new(&set, Company::Alone);
    inserter.push_columns(&[pairs.column(0), pairs.column(1)], pairs.len());
    inserter.flush();
    set.settle(true, None);
    assert!(set.core.is_some());
    assert_eq!(set.latest().row_count(), set.len());
}

#[test]
fn rows_are_pairs_where_their_codes_have_room() {
    let push = |set: &RowSet, rows: &[[u32; 3]]| {
        let mut inserter = Inserter::new(set, Company::Alone);
        for row in rows {
            let row = row.map(Code);
            inserter.push_columns(&row.each_ref().map(std::slice::from_ref), 1);
        }
        inserter.flush();
    };
    let mut set = RowSet::new(3, 1, 0);
    let mut rows: Vec<[u32; 3]> = (0..20).map(|at| [at % 5, 1 << 31, at]).collect();
    push(&set, &rows);
    set.settle(true, None);
    assert_eq!(set.folded_len(), 20);
    // A row off the axes stays by itself, several are folded anew.
    rows.push([5, 1 << 31 | 7, 30]);
    push(&set, &rows[20..]);
    set.settle(true, None);
    assert_eq!((set.folded_len(), set.latest().row_count()), (20, 1));
    rows.extend((0..40).map(|at| [at, 1 << 31, 1000]));
    push(&set, &rows[21..]);
    set.settle(true, None);
    assert_eq!((set.folded_len(), set.latest().row_count()), (61, 40));
    assert_eq!(set.to_rows().len(), 61);
    assert!(rows.iter().all(|row| set.contains(&row.map(Code))));
    // There are not so many codes that these could be told apart by two.
    push(
        &set,
        &(0..99)
            .map(|at| [at, u32::MAX - at, u32::MAX - 1 - at])
            .collect::<Vec<_>>(),
    );
    set.settle(true, None);
    assert_eq!((set.folded_len(), set.len()), (61, 160));
}
