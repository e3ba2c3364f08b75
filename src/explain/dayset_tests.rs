//! Sets of days beside sets of numbers.

use super::dayset::*;
use crate::tries::tries;
use proptest::prelude::*;

#[test]
fn sets_of_more_days_than_a_word_has() {
    let of = |days: &[usize]| DaySet::of(130, |day| days.contains(&day));
    let mut set = of(&[3, 64, 129]);
    assert_eq!((set.first(), set.last()), (Some(3), Some(129)));
    assert!(!set.add(&of(&[64])) && set.add(&of(&[65])));
    set.keep(&of(&[64, 65, 100]));
    set.remove(&of(&[64]));
    assert_eq!(set, of(&[65]));
    assert!(set.contains(65) && !set.contains(64) && !set.is_empty());
    let mut found = Vec::new();
    of(&[0, 1, 63, 64, 100]).each_change(130, |day| found.push(day));
    assert_eq!(found, [2, 63, 65, 100, 101]);
    assert_eq!(DaySet::none(130).first().or(DaySet::none(0).last()), None);
    assert_eq!(DaySet::all(130).last(), Some(129));
    for days in [0, 1, 63, 64, 65, 128, 130] {
        assert_eq!(DaySet::all(days), DaySet::of(days, |_| true));
    }
}

#[test]
fn what_repeats_takes_few_words() {
    // Three cases of two words each; what the words say stands for one and for two words too.
    let (case, days) = (128, 384);
    let long = DaySet::of(days, |day| day % 5 == 0 && day < 300);
    let of_case = DaySet::of(case, |day| day % 3 == 0);
    for short in [of_case, DaySet::never(), DaySet::every(days)] {
        let whole = short.clone().spread(days);
        assert_eq!(whole, DaySet::of(days, |day| short.contains(day)));
        assert!(short.is_same(&whole) && !short.is_same(&long));
        for (one, other) in [(&short, &long), (&long, &short)] {
            let (of_one, of_other) = (one.clone().spread(days), other.clone().spread(days));
            let same = |f: &dyn Fn(&mut DaySet, &DaySet)| {
                let (mut found, mut expected) = (one.clone(), of_one.clone());
                f(&mut found, other);
                f(&mut expected, &of_other);
                assert_eq!(found.spread(days), expected);
            };
            same(&|set, other| set.keep(other));
            same(&|set, other| set.remove(other));
            same(&|set, other| set.remove_cases(other, case));
            same(&|set, other| {
                set.add(other);
            });
            assert_eq!(one.clone().add(other), of_one.clone().add(&of_other));
            let (mut found, mut expected) = (DaySet::never(), DaySet::none(days));
            assert_eq!(
                found.be_both(one, other),
                expected.be_both(&of_one, &of_other)
            );
            assert_eq!(found.spread(days), expected);
        }
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        short.each_change(days, |day| found.push(day));
        whole.each_change(days, |day| expected.push(day));
        assert_eq!(found, expected);
        assert_eq!(short.cases(case, 64), {
            let all = DaySet::every(64);
            if short.is_empty() {
                DaySet::never()
            } else {
                all
            }
        });
        for from in [0, case, 2 * case] {
            assert_eq!(short.part(from, case), whole.part(from, case));
            assert_eq!(short.meets(from, case), whole.meets(from, case));
        }
    }
    assert_eq!(long.cases(case, 3), DaySet::of(3, |_| true));
    let mut left = long.clone();
    left.clear(100..300);
    assert_eq!(left, DaySet::of(days, |day| day % 5 == 0 && day < 100));
}

#[test]
fn ranges_are_filled_whole() {
    let ends = [0, 1, 5, 63, 64, 65, 127, 128, 129, 130];
    for (from, to) in ends.into_iter().flat_map(|from| ends.map(|to| (from, to))) {
        let mut filled = DaySet::none(130);
        filled.fill(from..to);
        let expected = DaySet::of(130, |day| (from..to).contains(&day));
        assert_eq!(filled, expected, "{from}..{to}");
    }
}

/// Days of a case, and how many cases there are.
const CASES: [(usize, usize); 4] = [(1, 320), (64, 5), (128, 7), (192, 4)];

proptest! {
    #![proptest_config(tries(300))]

    #[test]
    fn sets_are_those_of_their_days(
        shape in 0..CASES.len(),
        begun in prop::collection::vec((any::<u64>(), prop::collection::vec(0..400u32, 0..6), any::<bool>()), 3),
        steps in prop::collection::vec((0..8u8, 0..3usize, 0..3usize, 0..1400usize, 0..300usize), 0..12),
    ) {
        let (case, cases) = CASES[shape];
        let days = case * cases;
        let mut sets: Vec<DaySet> = Vec::new();
        let mut known: Vec<Vec<bool>> = Vec::new();
        for (seed, gone, one_case) in begun {
            let of_case = DaySet::of(case.max(64), |day| case == 1 || seed >> (day % 61) & 1 == 1);
            let mut gone = gone;
            gone.retain(|&gone| (gone as usize) < cases && !one_case);
            gone.sort_unstable();
            gone.dedup();
            let is_gone = |day: usize| gone.contains(&((day / case) as u32));
            known.push((0..days).map(|day| of_case.contains(day % case.max(64)) && !is_gone(day)).collect());
            sets.push(match one_case {
                true => of_case,
                false => DaySet::in_all_but(&gone, &of_case, case, cases),
            });
        }
        for (what, to, from, first, count) in steps {
            let (one, other) = (sets[from].clone(), known[from].clone());
            let (set, model) = (&mut sets[to], &mut known[to]);
            let range = first.min(days)..(first + count).min(days);
            let wide = range.start / case.max(64) * case.max(64)..range.end / case.max(64) * case.max(64);
            match what {
                0 => {
                    let news = (0..days).any(|day| other[day] && !model[day]);
                    prop_assert_eq!(set.add(&one), news);
                    (0..days).for_each(|day| model[day] |= other[day]);
                }
                1 => {
                    set.keep(&one);
                    (0..days).for_each(|day| model[day] &= other[day]);
                }
                2 => {
                    set.remove(&one);
                    (0..days).for_each(|day| model[day] &= !other[day]);
                }
                3 if case > 1 => {
                    set.remove_cases(&one, case);
                    for (day, here) in model.iter_mut().enumerate() {
                        let mut case = day / case * case..(day / case + 1) * case;
                        *here &= !case.any(|day| other[day]);
                    }
                }
                4 => {
                    *set = set.clone().spread(days);
                    set.fill(range.clone());
                    range.for_each(|day| model[day] = true);
                }
                5 => {
                    *set = set.clone().spread(days);
                    set.clear(range.clone());
                    range.for_each(|day| model[day] = false);
                }
                6 if case > 1 && !wide.is_empty() => {
                    *set = set.clone().spread(days);
                    let more = one.part(wide.start, case);
                    set.add_at(wide.clone(), &more);
                    let first = wide.start;
                    wide.for_each(|day| model[day] |= other[first + (day - first) % case]);
                }
                _ => {
                    let both = (0..days).any(|day| other[day] && model[day]);
                    let before = set.clone();
                    prop_assert_eq!(set.be_both(&before, &one), both);
                    (0..days).for_each(|day| model[day] &= other[day]);
                }
            }
        }
        for (set, model) in sets.iter().zip(&known) {
            let whole = set.clone().spread(days);
            let same = DaySet::of(days, |day| model[day]);
            prop_assert_eq!(&whole, &same);
            prop_assert!(set.is_same(&same));
            let found: Vec<usize> = (0..days).filter(|&day| model[day]).collect();
            prop_assert_eq!(whole.iter().collect::<Vec<_>>(), &found[..]);
            prop_assert_eq!((whole.first(), whole.last()), (found.first().copied(), found.last().copied()));
            prop_assert_eq!(set.is_empty(), found.is_empty());
            let (mut changes, mut expected) = (Vec::new(), Vec::new());
            set.each_change(days, |day| changes.push(day));
            expected.extend((1..days).filter(|&day| model[day] != model[day - 1]));
            prop_assert_eq!(changes, expected);
            let empty: Vec<u32> = (0..cases as u32)
                .filter(|&at| !(at as usize * case..(at as usize + 1) * case).any(|day| model[day]))
                .collect();
            prop_assert_eq!(set.empty_cases(case, cases), empty);
            if case > 1 {
                let met = |at: usize| (at * case..(at + 1) * case).any(|day| model[day]);
                let by_case = set.cases(case, cases).spread(cases);
                prop_assert_eq!(&by_case, &DaySet::of(cases, met).spread(cases));
                let mut news = vec![0];
                set.new_cases(case, days, &mut news);
                for at in 0..cases {
                    let of_case = |at: usize| &model[at * case..(at + 1) * case];
                    prop_assert_eq!(set.meets(at * case, case), met(at));
                    let part = set.part(at * case, case);
                    prop_assert_eq!(part, DaySet::of(case, |day| of_case(at)[day]));
                    prop_assert!(news.contains(&(at * case)) || of_case(at) == of_case(at - 1));
                }
            }
        }
    }
}
