//! Sets that grow by rounds, against sets of rows.

use super::*;
use crate::storage::{Company, Inserter};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #[test]
    fn each_round_tells_what_it_added(
        arity in 1usize..4,
        writers in 1usize..3,
        spread in prop::sample::select(vec![[1u32, 1], [3, 70], [1, 1000], [90_000, 400_000]]),
        rounds in prop::collection::vec(
            (prop::collection::vec([0u32..40, 0u32..20, 0u32..3], 0..90), any::<bool>()),
            1..6,
        ),
    ) {
        let mut set = RowSet::new(arity, writers, 0);
        let mut model: BTreeSet<Vec<Code>> = BTreeSet::new();
        for (rows, expected) in rounds {
            if expected {
                set.expect(1e12);
                prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model.clone());
            }
            let mut inserter = Inserter::new(&set, Company::Alone);
            let mut new = BTreeSet::new();
            for values in rows {
                let scaled = [values[0] * spread[0], values[1] * spread[1], values[2]];
                let row: Vec<Code> = scaled[..arity].iter().map(|&value| Code(value)).collect();
                let columns: Vec<&[Code]> = row.iter().map(std::slice::from_ref).collect();
                inserter.push_columns(&columns, 1);
                if model.insert(row.clone()) {
                    new.insert(row);
                }
            }
            inserter.flush();
            set.settle(true, None);
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.latest().row_count(), new.len());
            prop_assert_eq!(set.latest().to_rows().iter().collect::<BTreeSet<_>>(), new);
            prop_assert_eq!(set.to_rows().iter().collect::<BTreeSet<_>>(), model.clone());
        }
    }
}
