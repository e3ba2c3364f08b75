//! Sets of days, numbered from zero.

use smallvec::{SmallVec, smallvec};
use std::ops::Range;

/// Some of the days a history looks at. Sets that meet are of equally many days, but for those that are the same over and
/// over: of these the words that repeat are enough, as many as go into the words of the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DaySet(SmallVec<[u64; 4]>);

impl DaySet {
    pub fn none(days: usize) -> DaySet {
        DaySet(smallvec![0; days.div_ceil(64)])
    }

    pub fn all(days: usize) -> DaySet {
        let mut words: SmallVec<[u64; 4]> = smallvec![!0; days.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !days.is_multiple_of(64)) {
            *last = (1 << (days % 64)) - 1;
        }
        DaySet(words)
    }

    /// No day, however many there are.
    pub(super) fn never() -> DaySet {
        DaySet(smallvec![0])
    }

    /// The same as [`all`](DaySet::all), in as few words as will do.
    pub(super) fn every(days: usize) -> DaySet {
        match days > 0 && days.is_multiple_of(64) {
            true => DaySet(smallvec![!0]),
            false => DaySet::all(days),
        }
    }

    pub fn of(days: usize, holds: impl Fn(usize) -> bool) -> DaySet {
        let mut set = DaySet::none(days);
        (0..days)
            .filter(|&day| holds(day))
            .for_each(|day| set.insert(day));
        set
    }

    /// The same days, of so many, with a word for each 64 of them.
    pub fn spread(mut self, days: usize) -> DaySet {
        self.grow(days.div_ceil(64));
        self
    }

    fn grow(&mut self, words: usize) {
        let period = self.0.len();
        if 0 < period && period < words {
            self.0.reserve_exact(words - period);
            for at in period..words {
                self.0.push(self.0[at - period]);
            }
        }
    }

    fn word(&self, at: usize) -> u64 {
        self.0[at % self.0.len()]
    }

    /// Whether the days are the same, in however many words.
    pub(super) fn is_same(&self, other: &DaySet) -> bool {
        if self.0.len() == other.0.len() {
            return self.0 == other.0;
        }
        let words = self.0.len().max(other.0.len());
        (0..words).all(|at| self.word(at) == other.word(at))
    }

    /// Of a set with a word for each 64 days, as with all that give or take single days.
    pub fn insert(&mut self, day: usize) {
        self.0[day / 64] |= 1 << (day % 64);
    }

    /// Inserts all days of a range.
    pub fn fill(&mut self, days: Range<usize>) {
        self.each_in(days, |word, mask| *word |= mask);
    }

    /// Takes all days of a range out.
    pub fn clear(&mut self, days: Range<usize>) {
        self.each_in(days, |word, mask| *word &= !mask);
    }

    fn each_in(&mut self, days: Range<usize>, f: impl Fn(&mut u64, u64)) {
        for at in days.start / 64..days.end.div_ceil(64) {
            let from = days.start.saturating_sub(at * 64).min(64);
            let to = (days.end - at * 64).min(64);
            if from < to {
                f(&mut self.0[at], !0 >> (64 - (to - from)) << from);
            }
        }
    }

    pub fn contains(&self, day: usize) -> bool {
        self.word(day / 64) >> (day % 64) & 1 == 1
    }

    /// Whether it has every day, with some to spare where they are no multiple of 64.
    pub fn is_full(&self) -> bool {
        self.0.iter().all(|&word| word == !0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    pub fn keep(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & other);
    }

    /// Becomes the days that two sets share. False: there are none.
    pub(super) fn be_both(&mut self, one: &DaySet, other: &DaySet) -> bool {
        let (long, short) = match one.0.len() < other.0.len() {
            true => (other, one),
            false => (one, other),
        };
        self.0.clear();
        self.0.extend_from_slice(&long.0);
        let mut any = 0;
        with_each(&mut self.0, &short.0, |word, other| {
            *word &= other;
            any |= *word;
        });
        any != 0
    }

    pub fn remove(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & !other);
    }

    /// Adds the days that differ from the day before them.
    pub fn changes_to(&self, changes: &mut DaySet) {
        let mut before = self.0.first().map_or(0, |word| word & 1);
        for (at, change) in changes.0.iter_mut().enumerate() {
            let word = self.word(at);
            *change |= word ^ (word << 1 | before);
            before = word >> 63;
        }
    }

    /// Removes every case that has some day of the others, where days lie in cases of so many, a multiple of 64.
    pub(super) fn remove_cases(&mut self, others: &DaySet, case: usize) {
        let words = case / 64;
        if others.0.len() <= words {
            if !others.is_empty() {
                self.0.fill(0);
            }
            return;
        }
        self.grow(others.0.len());
        let cases = self.0.chunks_mut(words);
        for (these, others) in cases.zip(others.0.chunks(words).cycle()) {
            if others.iter().any(|&word| word != 0) {
                these.fill(0);
            }
        }
    }

    /// The days of one case, counted from its first.
    pub(super) fn part(&self, from: usize, case: usize) -> DaySet {
        let words = from / 64..(from + case) / 64;
        DaySet(words.map(|at| self.word(at)).collect())
    }

    /// Whether any day of a case is one.
    pub fn meets(&self, from: usize, case: usize) -> bool {
        (from / 64..(from + case) / 64).any(|at| self.word(at) != 0)
    }

    /// Whether a case has the same days as the one before it.
    pub(super) fn repeats(&self, from: usize, case: usize) -> bool {
        let words = case / 64;
        let at = from / 64..(from + case) / 64;
        self.0.len() <= words
            || at
                .into_iter()
                .all(|at| self.word(at - words) == self.word(at))
    }

    /// Whether all cases have the same days for sure.
    pub(super) fn is_of_one_case(&self, case: usize) -> bool {
        self.0.len() * 64 <= case
    }

    /// By case, whether any of its days is one; of so many cases.
    pub(super) fn cases(&self, case: usize, cases: usize) -> DaySet {
        if self.is_of_one_case(case) {
            return match self.is_empty() {
                true => DaySet::never(),
                false => DaySet::every(cases),
            };
        }
        DaySet::of(cases, |at| self.meets(at * case, case))
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
        let has_all = match (&*self.0, &*other.0) {
            (ours, &[more]) => ours.iter().all(|word| more & !word == 0),
            (&[ours], more) => more.iter().all(|word| word & !ours == 0),
            (ours, more) if ours.len() == more.len() => {
                let mut pairs = ours.iter().zip(more);
                pairs.all(|(word, other)| other & !word == 0)
            }
            (ours, more) => {
                let words = 0..ours.len().max(more.len());
                words
                    .into_iter()
                    .all(|at| other.word(at) & !self.word(at) == 0)
            }
        };
        if has_all {
            return false;
        }
        self.each(other, |one, other| one | other);
        true
    }

    pub fn first(&self) -> Option<usize> {
        let word = self.0.iter().position(|&word| word != 0)?;
        Some(word * 64 + self.0[word].trailing_zeros() as usize)
    }

    pub fn last(&self) -> Option<usize> {
        let word = self.0.iter().rposition(|&word| word != 0)?;
        Some(word * 64 + 63 - self.0[word].leading_zeros() as usize)
    }

    fn each(&mut self, other: &DaySet, f: impl Fn(u64, u64) -> u64) {
        self.grow(other.0.len());
        with_each(&mut self.0, &other.0, |one, other| *one = f(*one, other));
    }
}

/// Each word with that of a set which repeats as often as there is room for it.
fn with_each(words: &mut [u64], others: &[u64], mut f: impl FnMut(&mut u64, u64)) {
    // Most sets repeat with every word, or have as many words as the other.
    if let &[other] = others {
        return words.iter_mut().for_each(|word| f(word, other));
    }
    for words in words.chunks_mut(others.len().max(1)) {
        for (word, &other) in words.iter_mut().zip(others) {
            f(word, other);
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
            let (mut found, mut expected) = (DaySet::none(days), DaySet::none(days));
            short.changes_to(&mut found);
            whole.changes_to(&mut expected);
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
                assert!(from == 0 || short.repeats(from, case) && whole.repeats(from, case));
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
}
