//! Forks of forks that change in any order, each against a run from scratch of its own.

use super::*;

#[derive(Clone, Debug)]
enum Deed {
    Fork,
    Change(Vec<(bool, usize, [i64; 3])>),
    Undo,
    Drop,
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let fact = (any::<bool>(), 0usize..12, [0i64..6, 0i64..6, -1i64..6]);
    let change = prop::collection::vec(fact, 1..4).prop_map(Deed::Change);
    let deed = prop_oneof![
        3 => Just(Deed::Fork),
        6 => change,
        1 => Just(Deed::Undo),
        1 => Just(Deed::Drop),
    ];
    prop::collection::vec((0usize..6, deed), 2..14)
}

struct Member {
    database: Database,
    stated: Stated,
    /// What it was before each change since it was forked off.
    past: Vec<(Stated, State)>,
    now: State,
}

proptest! {
    #![proptest_config(tries(150))]

    #[test]
    fn a_fork_is_as_if_it_were_alone(
        choices in prop::collection::vec(any::<u32>(), 160),
        rules in 1usize..9,
        more in (any::<u32>(), any::<u32>()).prop_map(|(a, b)| a & b),
        facts in prop::collection::vec((Just(true), 0usize..12, [0i64..6, 0i64..6, -1i64..6]), 0..40),
        deeds in deeds(),
        births in any::<bool>(),
        threads in prop::sample::select(vec![1usize, 1, 2]),
    ) {
        let text = program_text(&choices, rules, 0, more);
        let program = checked(&text);
        let dictionary = Arc::new(Dictionary::new());
        let mut stated = Stated::new();
        apply(&mut stated, &change_of(&program, &dictionary, &facts));
        let (database, _) = scratch(&program, &dictionary, &stated, threads, births);
        let now = state(&database);
        let mut family = vec![Member { database, stated, past: Vec::new(), now }];
        for (which, deed) in deeds {
            let at = which % family.len();
            let alone = family.len() == 1;
            let member = &mut family[at];
            match &deed {
                Deed::Fork => {
                    let fork = Member {
                        database: member.database.fork(),
                        stated: member.stated.clone(),
                        past: Vec::new(),
                        now: member.now.clone(),
                    };
                    family.push(fork);
                }
                Deed::Drop if alone => {}
                Deed::Drop => drop(family.remove(at)),
                Deed::Undo => {
                    let undone = member.database.undo();
                    prop_assert_eq!(undone.is_some(), !member.past.is_empty());
                    if let Some((stated, before)) = member.past.pop() {
                        (member.stated, member.now) = (stated, before);
                    }
                }
                Deed::Change(facts) => {
                    let change = change_of(&program, &dictionary, facts);
                    member.past.push((member.stated.clone(), member.now.clone()));
                    member.database.change(&change, &Budget::default()).expect("no budget");
                    apply(&mut member.stated, &change);
                    let (expected, _) = scratch(&program, &dictionary, &member.stated, 1, births);
                    let expected = state(&expected);
                    member.now = state(&member.database);
                    prop_assert_eq!(&member.now.rows, &expected.rows, "{:?}\n{}", change, text);
                    prop_assert_eq!(&member.now.told, &expected.told);
                    let wrong = births.then(|| check_births(&member.database).err()).flatten();
                    prop_assert_eq!(wrong, None, "{}", text);
                }
            }
            for member in &family {
                prop_assert_eq!(&state(&member.database), &member.now, "{:?}\n{}", deed, text);
                for (id, rows) in &member.now.rows {
                    for row in rows {
                        for column in 0..row.len() {
                            let mut pattern = vec![None; row.len()];
                            pattern[column] = Some(row[column]);
                            let found: Vec<_> = member.database.matching(*id, &pattern).iter().collect();
                            let wanted = rows.iter().filter(|other| other[column] == row[column]);
                            prop_assert_eq!(found, wanted.cloned().collect::<Vec<_>>());
                        }
                    }
                    for other in &family {
                        if let Some(only) = member.database.only_here(&other.database, *id) {
                            let only: BTreeSet<Vec<Code>> = only.iter().collect();
                            prop_assert_eq!(only, rows - &other.now.rows[id]);
                        }
                    }
                }
            }
        }
    }
}
