//! Changes to closures and the like that have grown long enough to be kept as bits and lists and to be derived by
//! composition, against runs from scratch.

use super::*;

const PROGRAM: &str = "\
.decl arc(x: number, y: number)
.decl tc(x: number, y: number)
.decl sg(x: number, y: number)
.decl both(x: number, y: number)
.decl apart(x: number, y: number)
.decl degree(x: number, n: number)
.decl same(x: number, y: number) eqrel
.decl nearest(x: number, y: number)
tc(x,y) :- arc(x,y).
tc(x,y) :- tc(x,z), arc(z,y).
sg(x,y) :- arc(p,x), arc(p,y), x != y.
sg(x,y) :- arc(a,x), sg(a,b), arc(b,y).
both(x,y) :- arc(x,y), arc(y,_).
both(x,y) :- both(x,z), both(z,y), sg(z,_).
apart(x,y) :- arc(x,_), arc(_,y), !tc(x,y).
degree(x,n) :- arc(x,_), n = count : { tc(x,_) }.
same(x,y) :- tc(x,y), tc(y,x).
nearest(x,y) :- tc(x,y), x != y.
nearest(x,y) <= nearest(x,z) :- z < y.
:- degree(x,n), n > 30, arc(x,x).
";

fn arcs(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    arcs: &[(i64, i64)],
) -> Vec<(RelationId, Rows)> {
    let rows = arcs.iter();
    rows.map(|&(x, y)| row(program, dictionary, "arc", &[x, y]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn closures_of_many_rows_follow_changes(
        nodes in 12i64..60,
        degree in 1usize..4,
        ends in prop::collection::vec((any::<u32>(), any::<u32>()), 180),
        steps in prop::collection::vec(
            (prop::collection::vec(any::<u32>(), 0..3), prop::collection::vec((any::<u32>(), any::<u32>()), 0..2)),
            1..6,
        ),
        births in any::<bool>(),
        threads in prop::sample::select(vec![1usize, 3]),
        forked in any::<bool>(),
    ) {
        let program = checked(PROGRAM);
        let dictionary = Arc::new(Dictionary::new());
        let pair = |&(x, y): &(u32, u32)| (i64::from(x) % nodes, i64::from(y) % nodes);
        let mut there: Vec<(i64, i64)> = ends.iter().take(nodes as usize * degree).map(pair).collect();
        let mut stated = Stated::new();
        let first = Change { state: arcs(&program, &dictionary, &there), ..Change::default() };
        apply(&mut stated, &first);
        let (base, _) = scratch(&program, &dictionary, &stated, threads, births);
        let before = state(&base);
        let mut database = match forked {
            true => base.fork(),
            false => scratch(&program, &dictionary, &stated, threads, births).0,
        };
        let mut past = Vec::new();
        for (gone, new) in &steps {
            past.push(state(&database));
            let gone: Vec<(i64, i64)> = gone.iter().map(|at| there[*at as usize % there.len()]).collect();
            let new: Vec<(i64, i64)> = new.iter().map(pair).collect();
            let change = Change {
                withdraw: arcs(&program, &dictionary, &gone),
                state: arcs(&program, &dictionary, &new),
                ..Change::default()
            };
            there.extend(new);
            let difference = database.change(&change, &Budget::default()).expect("no budget");
            apply(&mut stated, &change);
            let (expected, _) = scratch(&program, &dictionary, &stated, 1, births);
            let (now, wanted) = (rows(&database), rows(&expected));
            prop_assert_eq!(&now, &wanted);
            let known = &past[past.len() - 1].rows;
            prop_assert_eq!(listed(&difference.appeared), less(&now, known));
            prop_assert_eq!(listed(&difference.fell), less(known, &now));
        }
        let last = state(&database);
        let depth = database.depth();
        for known in past.iter().rev() {
            prop_assert!(database.undo().is_some());
            prop_assert_eq!(&state(&database), known);
        }
        while database.redo().is_some() {}
        prop_assert_eq!(database.depth(), depth);
        prop_assert_eq!(&state(&database), &last);
        // A transaction is what lies beyond a depth.
        while database.depth() > depth / 2 {
            database.undo();
        }
        if let Some(known) = past.get(depth / 2) {
            prop_assert_eq!(&state(&database), known);
        }
        prop_assert_eq!(&state(&base), &before, "a fork reached what it came from");
    }
}
