//! Sets of days, numbered from zero.

use std::ops::Range;

/// Some of the days a history looks at. Sets that meet are of equally many days.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DaySet(Box<[u64]>);

impl DaySet {
    pub fn none(days: usize) -> DaySet {
        DaySet(vec![0; days.div_ceil(64)].into())
    }

    pub fn all(days: usize) -> DaySet {
        let mut words = vec![!0; days.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !days.is_multiple_of(64)) {
            *last = (1 << (days % 64)) - 1;
        }
        DaySet(words.into())
    }

    pub fn of(days: usize, holds: impl Fn(usize) -> bool) -> DaySet {
        let mut set = DaySet::none(days);
        (0..days)
            .filter(|&day| holds(day))
            .for_each(|day| set.insert(day));
        set
    }

    pub fn insert(&mut self, day: usize) {
        self.0[day / 64] |= 1 << (day % 64);
    }

    /// Inserts all days of a range.
    pub fn fill(&mut self, days: Range<usize>) {
        for at in days.start / 64..days.end.div_ceil(64) {
            let from = days.start.saturating_sub(at * 64).min(64);
            let to = (days.end - at * 64).min(64);
            if from < to {
                self.0[at] |= !0 >> (64 - (to - from)) << from;
            }
        }
    }

    pub fn contains(&self, day: usize) -> bool {
        self.0[day / 64] >> (day % 64) & 1 == 1
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    pub fn keep(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & other);
    }

    /// Becomes the days that two sets share. False: there are none.
    pub(super) fn be_both(&mut self, one: &DaySet, other: &DaySet) -> bool {
        let mut any = 0;
        for (at, word) in self.0.iter_mut().enumerate() {
            *word = one.0[at] & other.0[at];
            any |= *word;
        }
        any != 0
    }

    pub fn remove(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & !other);
    }

    /// Adds the days that differ from the day before them.
    pub fn changes_to(&self, changes: &mut DaySet) {
        let mut before = self.0.first().map_or(0, |word| word & 1);
        for (change, &word) in changes.0.iter_mut().zip(&self.0) {
            *change |= word ^ (word << 1 | before);
            before = word >> 63;
        }
    }

    /// Removes every case that has some day of the others, where days lie in cases of so many, a multiple of 64.
    pub(super) fn remove_cases(&mut self, others: &DaySet, case: usize) {
        let words = case / 64;
        if words == 1 {
            for (these, &others) in self.0.iter_mut().zip(&others.0) {
                *these = if others == 0 { *these } else { 0 };
            }
            return;
        }
        let cases = self.0.chunks_mut(words).zip(others.0.chunks(words));
        for (these, others) in cases {
            if others.iter().any(|&word| word != 0) {
                these.fill(0);
            }
        }
    }

    /// The days of one case, counted from its first.
    pub(super) fn part(&self, from: usize, case: usize) -> DaySet {
        DaySet(self.0[from / 64..(from + case) / 64].into())
    }

    /// Whether any day of a case is one.
    pub fn meets(&self, from: usize, case: usize) -> bool {
        self.0[from / 64..(from + case) / 64]
            .iter()
            .any(|&word| word != 0)
    }

    /// Whether a case has the same days as the one before it.
    pub(super) fn repeats(&self, from: usize, case: usize) -> bool {
        let (before, at, end) = ((from - case) / 64, from / 64, (from + case) / 64);
        self.0[before..at] == self.0[at..end]
    }

    /// Adds days that are counted from one on, a multiple of 64.
    pub fn add_at(&mut self, from: usize, days: &DaySet) {
        for (one, &other) in self.0[from / 64..].iter_mut().zip(&days.0) {
            *one |= other;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)))
                .take_while(|&word| word != 0)
                .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }

    /// Whether anything was new.
    pub fn add(&mut self, other: &DaySet) -> bool {
        let mut grown = false;
        self.each(other, |one, other| {
            grown |= other & !one != 0;
            one | other
        });
        grown
    }

    pub fn first(&self) -> Option<usize> {
        let word = self.0.iter().position(|&word| word != 0)?;
        Some(word * 64 + self.0[word].trailing_zeros() as usize)
    }

    pub fn last(&self) -> Option<usize> {
        let word = self.0.iter().rposition(|&word| word != 0)?;
        Some(word * 64 + 63 - self.0[word].leading_zeros() as usize)
    }

    fn each(&mut self, other: &DaySet, mut f: impl FnMut(u64, u64) -> u64) {
        for (one, &other) in self.0.iter_mut().zip(&other.0) {
            *one = f(*one, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut changes = DaySet::none(130);
        of(&[0, 1, 63, 64, 100]).changes_to(&mut changes);
        let found: Vec<usize> = changes.iter().collect();
        assert_eq!(found, [2, 63, 65, 100, 101]);
        assert_eq!(DaySet::none(130).first().or(DaySet::none(0).last()), None);
        assert_eq!(DaySet::all(130).last(), Some(129));
        for days in [0, 1, 63, 64, 65, 128, 130] {
            assert_eq!(DaySet::all(days), DaySet::of(days, |_| true));
        }
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
}
