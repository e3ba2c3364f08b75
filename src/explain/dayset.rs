//! Sets of days, numbered from zero.
//!
//! Days lie in blocks of words, and blocks in a row that are the same are kept once, with where each run of them begins
//! (run-length encoding of bitmaps: Wu, Otoo and Shoshani, "Optimizing bitmap indices with efficient compression", 2006; with
//! blocks of several words, since the cases of a history have the same days but for a few of them). Sets of few words are
//! one block.

use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;
use std::ops::Range;

/// Some of the days a history looks at. Sets that meet are of equally many days, but for those that are the same over and
/// over: of these the words that repeat are enough, as many as go into the words of the others.
#[derive(Debug)]
pub struct DaySet {
    /// Words of a block, at least one.
    width: u32,
    /// After so many it repeats; at least one.
    blocks: u32,
    /// Where each run of equal blocks begins, but the first, which does at zero. Ascending.
    starts: SmallVec<[u32; 2]>,
    /// By run: its block. Two in a row are not equal.
    words: Words,
}

type Words = SmallVec<[u64; 4]>;

/// Words that are always one block.
const FEW: usize = if cfg!(test) { 1 } else { 8 };

impl Clone for DaySet {
    fn clone(&self) -> DaySet {
        DaySet {
            starts: SmallVec::from_slice(&self.starts),
            words: Words::from_slice(&self.words),
            ..*self
        }
    }
}

/// Whether they are of as many days, and the same.
impl PartialEq for DaySet {
    fn eq(&self, other: &DaySet) -> bool {
        self.len() == other.len() && self.is_same(other)
    }
}

impl Eq for DaySet {}

impl DaySet {
    fn block(words: Words) -> DaySet {
        DaySet {
            width: words.len().max(1) as u32,
            blocks: 1,
            starts: SmallVec::new(),
            words: match words.is_empty() {
                true => smallvec![0],
                false => words,
            },
        }
    }

    /// So many words that are the same.
    fn uniform(word: u64, words: usize) -> DaySet {
        match words <= FEW {
            true => DaySet::block(smallvec![word; words]),
            false => DaySet {
                blocks: words as u32,
                ..DaySet::block(smallvec![word])
            },
        }
    }

    fn of_words(words: impl ExactSizeIterator<Item = u64>) -> DaySet {
        if words.len() <= FEW {
            return DaySet::block(words.collect());
        }
        let mut set = DaySet {
            blocks: words.len() as u32,
            ..DaySet::block(SmallVec::new())
        };
        set.words.clear();
        for (at, word) in words.enumerate() {
            set.push(at as u32, |words| words.push(word));
        }
        set
    }

    pub fn none(days: usize) -> DaySet {
        DaySet::uniform(0, days.div_ceil(64))
    }

    pub fn all(days: usize) -> DaySet {
        let mut set = DaySet::uniform(!0, days.div_ceil(64));
        if !days.is_multiple_of(64) {
            set.clear(days..days.next_multiple_of(64));
        }
        set
    }

    /// The same as [`none`](DaySet::none), for the days of one case.
    pub fn none_of_case(days: usize) -> DaySet {
        DaySet::block(smallvec![0; days.div_ceil(64)])
    }

    /// No day, however many there are.
    pub(super) fn never() -> DaySet {
        DaySet::block(smallvec![0])
    }

    /// Some of 64 days, a bit each.
    pub(super) fn of_bits(bits: u64) -> DaySet {
        DaySet::block(smallvec![bits])
    }

    /// The first 64 days, a bit each.
    pub(super) fn bits(&self) -> u64 {
        self.word(0)
    }

    /// The same as [`all`](DaySet::all), in as few words as will do.
    pub(super) fn every(days: usize) -> DaySet {
        match days > 0 && days.is_multiple_of(64) {
            true => DaySet::block(smallvec![!0]),
            false => DaySet::all(days),
        }
    }

    /// The days of ranges.
    pub(super) fn of_ranges(days: usize, ranges: &[Range<usize>]) -> DaySet {
        let mut words = vec![0; days.div_ceil(64)];
        for range in ranges.iter().filter(|range| !range.is_empty()) {
            let first = range.start / 64;
            let touched = &mut words[first..range.end.div_ceil(64)];
            for (at, word) in touched.iter_mut().enumerate() {
                *word |= within(range, first + at);
            }
        }
        DaySet::of_words(words.into_iter())
    }

    pub fn of(days: usize, holds: impl Fn(usize) -> bool) -> DaySet {
        let word = |at: usize| {
            let days = at * 64..days.min(at * 64 + 64);
            days.filter(|&day| holds(day))
                .fold(0, |word, day| word | 1 << (day % 64))
        };
        DaySet::of_words((0..days.div_ceil(64)).map(word))
    }

    /// The days of one case in each of so many, but for some, which ascend. A case is of one day, or of whole words.
    pub(super) fn in_all_but(gone: &[u32], days: &DaySet, case: usize, cases: usize) -> DaySet {
        let words = (case * cases).div_ceil(64);
        let width = case.div_ceil(64);
        let mut set = DaySet {
            width: width as u32,
            blocks: (words / width) as u32,
            starts: SmallVec::new(),
            words: Words::new(),
        };
        let pattern = |words: &mut Words| words.extend((0..width).map(|at| days.word(at)));
        let mut next = 0;
        for one in gone.chunk_by(|one, other| case == 1 && one / 64 == other / 64) {
            let at = if case == 1 { one[0] / 64 } else { one[0] };
            if next < at {
                set.push(next, pattern);
            }
            let left = one.iter().fold(!0, |left, case| left & !(1 << (case % 64)));
            set.push(at, |words| match case {
                1 => words.push(days.word(0) & left),
                _ => words.resize(words.len() + width, 0),
            });
            next = at + 1;
        }
        if next < set.blocks {
            set.push(next, pattern);
        }
        match words <= FEW {
            true => DaySet::block((0..words).map(|at| set.word(at)).collect()),
            false => set,
        }
    }

    /// The same days, of so many, with a word for each 64 of them.
    pub fn spread(mut self, days: usize) -> DaySet {
        let (before, words) = (self.len(), days.div_ceil(64));
        if before >= words {
            return self;
        }
        if words <= FEW {
            return DaySet::block((0..words).map(|at| self.word(at)).collect());
        }
        if before == 1 {
            return DaySet::uniform(self.words[0], words);
        }
        if !words.is_multiple_of(before) {
            return DaySet::of_words((0..words).map(|at| self.word(at)));
        }
        if self.blocks > 1 {
            self = DaySet::block((0..before).map(|at| self.word(at)).collect());
        }
        self.blocks = (words / before) as u32;
        self
    }

    /// Words until it repeats.
    fn len(&self) -> usize {
        self.width as usize * self.blocks as usize
    }

    fn word(&self, at: usize) -> u64 {
        if let [word] = self.words[..] {
            return word;
        }
        let (width, at) = (self.width as usize, at % self.len());
        match self.starts.is_empty() {
            true => self.words[at % width],
            false => self.at_block((at / width) as u32)[at % width],
        }
    }

    fn runs(&self) -> usize {
        self.starts.len() + 1
    }

    fn run(&self, run: usize) -> &[u64] {
        let width = self.width as usize;
        &self.words[run * width..(run + 1) * width]
    }

    fn end(&self, run: usize) -> u32 {
        self.starts.get(run).copied().unwrap_or(self.blocks)
    }

    /// The run in which a block is.
    fn run_of(&self, block: u32) -> usize {
        self.starts.partition_point(|&start| start <= block)
    }

    fn at_block(&self, block: u32) -> &[u64] {
        self.run(self.run_of(block))
    }

    /// Appends the block of a run, unless it is the same as the last one. Blocks are as many words as are written.
    fn push(&mut self, start: u32, write: impl FnOnce(&mut Words)) {
        let before = self.words.len();
        write(&mut self.words);
        let width = self.width as usize;
        if before == 0 {
            return;
        }
        let (known, new) = self.words.split_at(before);
        match known[before - width..] == *new {
            true => self.words.truncate(before),
            false => self.starts.push(start),
        }
    }

    /// In blocks of so many words, which go into its own as often as into a block; or they are its own.
    fn in_blocks(&self, width: usize) -> Cow<'_, DaySet> {
        if self.width as usize == width || self.len() == 1 {
            return Cow::Borrowed(self);
        }
        let word = |at: usize| self.word(at);
        if self.len() <= width {
            return Cow::Owned(DaySet::block((0..width).map(word).collect()));
        }
        let mut set = DaySet {
            width: width as u32,
            blocks: (self.len() / width) as u32,
            starts: SmallVec::new(),
            words: Words::new(),
        };
        for block in 0..set.blocks {
            let from = block as usize * width;
            set.push(block, |words| words.extend((from..from + width).map(word)));
        }
        Cow::Owned(set)
    }

    /// The blocks in which two sets are gone through together, and how many there are.
    fn shared(&self, other: &DaySet) -> (usize, u32) {
        let words = self.len().max(other.len());
        let (short, long) = match self.len() < other.len() {
            true => (self, other),
            false => (other, self),
        };
        let width = match (short.len(), long.len()) {
            (1, _) => long.width as usize,
            (of_short, of_long) if of_short < of_long => match long.width as usize {
                width if width.is_multiple_of(of_short) => width,
                width if of_short.is_multiple_of(width) && words.is_multiple_of(of_short) => {
                    of_short
                }
                _ => 1,
            },
            _ => match (short.width, long.width) {
                (one, other) if one.is_multiple_of(other) => one as usize,
                (one, other) if other.is_multiple_of(one) => other as usize,
                _ => 1,
            },
        };
        (width, (words / width) as u32)
    }

    /// Goes through two sets by runs of both: from which block on, and what each has there. A block of one word stands for
    /// as many of it as the other has.
    fn zip(
        one: &DaySet,
        other: &DaySet,
        blocks: u32,
        mut f: impl FnMut(u32, &[u64], &[u64]) -> bool,
    ) {
        let (mut at, mut left, mut right) = (0, 0, 0);
        let end = |set: &DaySet, run: usize| match set.blocks {
            1 => blocks,
            _ => set.end(run),
        };
        while at < blocks {
            if !f(at, one.run(left), other.run(right)) {
                return;
            }
            let (of_one, of_other) = (end(one, left), end(other, right));
            at = of_one.min(of_other);
            left += usize::from(of_one == at);
            right += usize::from(of_other == at);
        }
    }

    /// How many blocks two sets have together whose blocks are single words; `None`: they have others.
    fn of_single_words(one: &DaySet, other: &DaySet) -> Option<u32> {
        let fits = one.blocks == other.blocks || one.blocks == 1 || other.blocks == 1;
        (one.width == 1 && other.width == 1 && fits).then(|| one.blocks.max(other.blocks))
    }

    /// The same as [`zip`](DaySet::zip) where blocks are single words, which is what nearly all sets of cases are.
    #[inline]
    fn zip_words(
        one: &DaySet,
        other: &DaySet,
        blocks: u32,
        mut f: impl FnMut(u32, u64, u64) -> bool,
    ) {
        let (left, right) = (&one.words[..], &other.words[..]);
        let (of_left, of_right) = (&one.starts[..], &other.starts[..]);
        let (mut at, mut on_left, mut on_right) = (0, 0, 0);
        while at < blocks && f(at, left[on_left], right[on_right]) {
            let next_left = of_left.get(on_left).copied().unwrap_or(blocks);
            let next_right = of_right.get(on_right).copied().unwrap_or(blocks);
            at = next_left.min(next_right);
            on_left += usize::from(next_left == at);
            on_right += usize::from(next_right == at);
        }
    }

    /// Both in blocks of so many words.
    fn zip_in(
        one: &DaySet,
        other: &DaySet,
        (width, blocks): (usize, u32),
        f: impl FnMut(u32, &[u64], &[u64]) -> bool,
    ) {
        let is_short = |set: &DaySet| set.len() != 1 && set.len() < width * blocks as usize;
        // Shorter than a whole, and longer than a block: only where blocks are of one word.
        let whole = |set: &DaySet| is_short(set) && set.len() > width;
        if whole(one) || whole(other) {
            let spread = |set: &DaySet| set.clone().spread(width * blocks as usize * 64);
            let (one, other) = (spread(one), spread(other));
            return DaySet::zip(&one.in_blocks(width), &other.in_blocks(width), blocks, f);
        }
        DaySet::zip(&one.in_blocks(width), &other.in_blocks(width), blocks, f);
    }

    /// Becomes what comes of two sets, word by word.
    fn be(&mut self, one: &DaySet, other: &DaySet, f: impl Fn(u64, u64) -> u64) {
        if let Some(blocks) = DaySet::of_single_words(one, other) {
            self.width = 1;
            self.blocks = blocks;
            self.starts.clear();
            self.words.clear();
            self.starts.reserve(one.starts.len() + other.starts.len());
            self.words
                .reserve(one.starts.len() + other.starts.len() + 1);
            let (starts, words) = (&mut self.starts, &mut self.words);
            DaySet::zip_words(one, other, blocks, |at, left, right| {
                let word = f(left, right);
                match words.last() {
                    Some(&last) if last == word => return true,
                    Some(_) => starts.push(at),
                    None => {}
                }
                words.push(word);
                true
            });
            return;
        }
        let (width, blocks) = one.shared(other);
        self.width = width as u32;
        self.blocks = blocks;
        self.starts.clear();
        self.words.clear();
        if blocks == 1 && one.blocks == 1 && other.blocks == 1 {
            let (one, other) = (&one.words, &other.words);
            match (one.len() == width, other.len() == width) {
                (true, true) => {
                    let both = one.iter().zip(other).map(|(one, other)| f(*one, *other));
                    self.words.extend(both);
                }
                _ => pair(&mut self.words, one, other, width, &f),
            }
            return;
        }
        DaySet::zip_in(one, other, (width, blocks), |at, left, right| {
            self.push(at, |words| pair(words, left, right, width, &f));
            true
        });
    }

    fn each(&mut self, other: &DaySet, f: impl Fn(u64, u64) -> u64) {
        if self.blocks == 1
            && other.blocks == 1
            && self.words.len().is_multiple_of(other.words.len())
        {
            for words in self.words.chunks_mut(other.words.len()) {
                for (word, &other) in words.iter_mut().zip(&other.words) {
                    *word = f(*word, other);
                }
            }
            return;
        }
        let mut both = DaySet::never();
        both.be(self, other, f);
        *self = both;
    }

    /// Whether the days are the same, in however many words.
    pub(super) fn is_same(&self, other: &DaySet) -> bool {
        if self.width == other.width && self.blocks == other.blocks {
            return self.starts == other.starts && self.words == other.words;
        }
        self.all_words(other, |one, other| one == other)
    }

    fn all_words(&self, other: &DaySet, f: impl Fn(u64, u64) -> bool) -> bool {
        let mut all = true;
        if let Some(blocks) = DaySet::of_single_words(self, other) {
            DaySet::zip_words(self, other, blocks, |_, one, other| {
                all = f(one, other);
                all
            });
            return all;
        }
        let shared = self.shared(other);
        DaySet::zip_in(self, other, shared, |_, one, other| {
            all = match one.len() == other.len() {
                true => one.iter().zip(other).all(|(&one, &other)| f(one, other)),
                false => {
                    let words = one.len().max(other.len());
                    (0..words).all(|at| f(one[at % one.len()], other[at % other.len()]))
                }
            };
            all
        });
        all
    }

    /// Of a set with a word for each 64 days, as with all that give or take single days.
    pub fn insert(&mut self, day: usize) {
        self.fill(day..day + 1);
    }

    /// Inserts all days of a range.
    pub fn fill(&mut self, days: Range<usize>) {
        self.each_in(days, |word, mask| word | mask);
    }

    /// Takes all days of a range out.
    pub fn clear(&mut self, days: Range<usize>) {
        self.each_in(days, |word, mask| word & !mask);
    }

    /// Changes the words that have days of a range, each with those it has.
    fn each_in(&mut self, days: Range<usize>, f: impl Fn(u64, u64) -> u64) {
        if days.is_empty() {
            return;
        }
        let mask = |at: usize| within(&days, at);
        let changed = days.start / 64..days.end.div_ceil(64);
        if self.blocks == 1 {
            for at in changed {
                self.words[at] = f(self.words[at], mask(at));
            }
            return;
        }
        // As a set of its own: of the first block, of those between, and of the last.
        let width = self.width as usize;
        let (first, last) = (changed.start / width, (changed.end - 1) / width);
        let mut range = DaySet {
            words: Words::new(),
            starts: SmallVec::new(),
            ..*self
        };
        for block in [0, first, first + 1, last, last + 1] {
            let from = block * width;
            let is_next = range
                .starts
                .last()
                .is_none_or(|&known| known < block as u32);
            if block < self.blocks as usize && is_next {
                range.push(block as u32, |words| {
                    words.extend((from..from + width).map(mask))
                });
            }
        }
        self.each(&range, f);
    }

    pub fn contains(&self, day: usize) -> bool {
        self.word(day / 64) >> (day % 64) & 1 == 1
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    pub fn keep(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & other);
    }

    /// Becomes the days that two sets share. False: there are none.
    pub(super) fn be_both(&mut self, one: &DaySet, other: &DaySet) -> bool {
        match (&one.words[..], &other.words[..]) {
            (&[u64::MAX], _) => self.copy(other),
            (_, &[u64::MAX]) => self.copy(one),
            _ => self.be(one, other, |one, other| one & other),
        }
        !self.is_empty()
    }

    fn copy(&mut self, other: &DaySet) {
        self.width = other.width;
        self.blocks = other.blocks;
        self.starts.clear();
        self.starts.extend_from_slice(&other.starts);
        self.words.clear();
        self.words.extend_from_slice(&other.words);
    }

    pub fn remove(&mut self, other: &DaySet) {
        self.each(other, |one, other| one & !other);
    }

    /// Tells, of so many days, those that differ from the day before them, ascending.
    pub(super) fn each_change(&self, days: usize, mut f: impl FnMut(usize)) {
        if self.len() == 1 && matches!(self.words[0], 0 | u64::MAX) {
            return;
        }
        let mut before = self.word(0) & 1;
        let mut at = 0;
        while at < days.div_ceil(64) {
            let word = self.word(at);
            let mut change = word ^ (word << 1 | before);
            before = word >> 63;
            while change != 0 {
                let day = at * 64 + change.trailing_zeros() as usize;
                change &= change - 1;
                if day < days {
                    f(day);
                }
            }
            at += 1;
            // Nothing changes until the run is over.
            if self.width == 1 && self.blocks > 1 && (word == 0 || word == !0) {
                let block = (at - 1) % self.len();
                at += self.end(self.run_of(block as u32)) as usize - block - 1;
            }
        }
    }

    /// Removes every case that has some day of the others, where days lie in cases of so many, a multiple of 64.
    pub(super) fn remove_cases(&mut self, others: &DaySet, case: usize) {
        let width = case / 64;
        if others.len() <= width {
            if !others.is_empty() {
                *self = DaySet::never().spread(self.len() * 64);
            }
            return;
        }
        if others.is_empty() {
            return;
        }
        let blocks = self.len().max(others.len()) / width;
        let mut left = DaySet {
            width: width as u32,
            blocks: blocks as u32,
            starts: SmallVec::new(),
            words: Words::new(),
        };
        let shared = (width, blocks as u32);
        DaySet::zip_in(self, others, shared, |at, these, others| {
            let gone = others.iter().any(|&word| word != 0);
            left.push(at, |words| match gone {
                true => words.resize(words.len() + width, 0),
                false => words.extend((0..width).map(|at| these[at % these.len()])),
            });
            true
        });
        *self = left;
    }

    /// The days of one case, counted from its first.
    pub(super) fn part(&self, from: usize, case: usize) -> DaySet {
        let width = case / 64;
        match self.width as usize == width {
            true => DaySet::block(Words::from_slice(
                self.at_block((from / case) as u32 % self.blocks),
            )),
            false => {
                let words = from / 64..from / 64 + width;
                DaySet::block(words.map(|at| self.word(at)).collect())
            }
        }
    }

    /// Whether any day of a case is one.
    pub fn meets(&self, from: usize, case: usize) -> bool {
        match self.width as usize * 64 == case {
            true => {
                let words = self.at_block((from / case) as u32 % self.blocks);
                words.iter().any(|&word| word != 0)
            }
            false => (from / 64..(from + case) / 64).any(|at| self.word(at) != 0),
        }
    }

    /// Appends the first days, of so many, of cases that may not have the same days as the one before.
    pub(super) fn new_cases(&self, case: usize, days: usize, from: &mut Vec<usize>) {
        if self.is_of_one_case(case) {
            return;
        }
        match self.width as usize * 64 == case && self.len() * 64 >= days {
            true => from.extend(self.starts.iter().map(|&start| start as usize * case)),
            false => from.extend((case..days).step_by(case)),
        }
        while from.last().is_some_and(|&last| last >= days) {
            from.pop();
        }
    }

    /// Whether all cases have the same days for sure.
    pub(super) fn is_of_one_case(&self, case: usize) -> bool {
        self.len() * 64 <= case
    }

    /// The cases, of so many, that have none of the days. A case is of one day, or of whole words.
    pub(super) fn empty_cases(&self, case: usize, cases: usize) -> Vec<u32> {
        if case == 1 {
            let (words, width) = (cases.div_ceil(64), self.width as usize);
            let mut found = Vec::new();
            let mut absent = |at: usize, word: u64| {
                let absent = !word & within(&(0..cases), at);
                found.extend(each_bit(absent, at * 64).map(|at| at as u32));
            };
            if width != 1 || self.len() < words {
                (0..words).for_each(|at| absent(at, self.word(at)));
                return found;
            }
            let mut from = 0;
            for (run, &word) in self.words.iter().enumerate() {
                let to = (self.end(run) as usize).min(words);
                if word != u64::MAX {
                    (from..to).for_each(|at| absent(at, word));
                }
                from = to;
            }
            return found;
        }
        if self.width as usize * 64 != case || self.len() * 64 < case * cases {
            let empty = |at: &u32| !self.meets(*at as usize * case, case);
            return match self.is_of_one_case(case) && !self.is_empty() {
                true => Vec::new(),
                false => (0..cases as u32).filter(empty).collect(),
            };
        }
        let mut found = Vec::new();
        let mut from = 0;
        for run in 0..self.runs() {
            let to = self.end(run).min(cases as u32);
            if self.run(run).iter().all(|&word| word == 0) {
                found.extend(from..to);
            }
            from = to;
        }
        found
    }

    /// Whether it has every day, with some to spare where they are no multiple of 64.
    pub fn is_full(&self) -> bool {
        self.words.iter().all(|&word| word == !0)
    }

    /// By case, whether any of its days is one; of so many cases.
    pub(super) fn cases(&self, case: usize, cases: usize) -> DaySet {
        if self.is_of_one_case(case) {
            return match self.is_empty() {
                true => DaySet::never(),
                false => DaySet::every(cases),
            };
        }
        if self.width as usize * 64 != case || self.blocks as usize > cases {
            return DaySet::of(cases, |at| self.meets(at * case, case));
        }
        let mut met = vec![0_u64; cases.div_ceil(64)];
        let mut from = 0;
        for run in 0..self.runs() {
            let to = self.end(run) as usize;
            if self.run(run).iter().any(|&word| word != 0) {
                let words = met.iter_mut().enumerate().take(to.div_ceil(64));
                for (at, word) in words.skip(from / 64) {
                    *word |= within(&(from..to), at);
                }
            }
            from = to;
        }
        DaySet::of_words(met.into_iter())
    }

    /// Adds the days of one case, counted from its first, to the cases that have days of a range.
    pub fn add_at(&mut self, range: Range<usize>, days: &DaySet) {
        let width = days.len();
        let mut more = DaySet {
            width: width as u32,
            blocks: (self.len() / width) as u32,
            starts: SmallVec::new(),
            words: Words::new(),
        };
        let (first, end) = (range.start / 64 / width, (range.end / 64).div_ceil(width));
        if first > 0 {
            more.push(0, |words| words.resize(width, 0));
        }
        more.push(first as u32, |words| {
            words.extend((0..width).map(|at| days.word(at)))
        });
        if end < more.blocks as usize {
            more.push(end as u32, |words| words.resize(words.len() + width, 0));
        }
        self.add(&more);
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let width = self.width as usize;
        let runs = (0..self.runs()).filter(|&run| self.run(run).iter().any(|&word| word != 0));
        runs.flat_map(move |run| {
            let from = run.checked_sub(1).map_or(0, |before| self.end(before));
            (from..self.end(run)).flat_map(move |block| {
                let words = self.run(run).iter().enumerate();
                words
                    .flat_map(move |(at, &word)| each_bit(word, (block as usize * width + at) * 64))
            })
        })
    }

    /// Whether anything was new.
    pub fn add(&mut self, other: &DaySet) -> bool {
        if self.has_all(other) {
            return false;
        }
        self.each(other, |one, other| one | other);
        true
    }

    /// Whether all of the others are among them.
    pub(super) fn has_all(&self, others: &DaySet) -> bool {
        self.all_words(others, |word, other| other & !word == 0)
    }

    pub fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    pub fn last(&self) -> Option<usize> {
        let at = (0..self.runs()).rfind(|&run| self.run(run).iter().any(|&word| word != 0))?;
        let words = self.run(at);
        let word = words.iter().rposition(|&word| word != 0)?;
        let before = (self.end(at) as usize - 1) * self.width as usize + word;
        Some(before * 64 + 63 - words[word].leading_zeros() as usize)
    }
}

/// The days of a word, from the first that it may have.
fn each_bit(word: u64, first: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)))
        .take_while(|&word| word != 0)
        .map(move |word| first + word.trailing_zeros() as usize)
}

/// Of a word, the days that are in a range.
fn within(days: &Range<usize>, at: usize) -> u64 {
    let from = days.start.saturating_sub(at * 64).min(64);
    let to = days.end.saturating_sub(at * 64).min(64);
    match from < to {
        true => !0 >> (64 - (to - from)) << from,
        false => 0,
    }
}

/// Appends so many words, each made of one of either; the words of one repeat as often as there is room for them.
fn pair(
    words: &mut Words,
    left: &[u64],
    right: &[u64],
    width: usize,
    f: &impl Fn(u64, u64) -> u64,
) {
    match (left, right) {
        _ if left.len() == width && right.len() == width => {
            words.extend(left.iter().zip(right).map(|(&one, &other)| f(one, other)));
        }
        (&[one], _) if right.len() == width => {
            words.extend(right.iter().map(|&other| f(one, other)));
        }
        (_, &[other]) if left.len() == width => {
            words.extend(left.iter().map(|&one| f(one, other)));
        }
        _ => words.extend((0..width).map(|at| f(left[at % left.len()], right[at % right.len()]))),
    }
}
