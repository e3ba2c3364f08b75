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

    /// The same as [`all`](DaySet::all), in as few words as will do.
    pub(super) fn every(days: usize) -> DaySet {
        match days > 0 && days.is_multiple_of(64) {
            true => DaySet::block(smallvec![!0]),
            false => DaySet::all(days),
        }
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
        let mut words = known[before - width..].iter().zip(new);
        match words.all(|(known, new)| known == new) {
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
                _ => self.words.extend(paired(one, other, width, &f)),
            }
            return;
        }
        DaySet::zip_in(one, other, (width, blocks), |at, left, right| {
            self.push(at, |words| words.extend(paired(left, right, width, &f)));
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
        let shared = self.shared(other);
        DaySet::zip_in(self, other, shared, |_, one, other| {
            let words = one.len().max(other.len());
            all = (0..words).all(|at| f(one[at % one.len()], other[at % other.len()]));
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
        self.be(one, other, |one, other| one & other);
        !self.is_empty()
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
            let absent = |at: usize| match self.word(at) {
                u64::MAX => 0,
                word => !word & within(&(0..cases), at),
            };
            let words = (0..cases.div_ceil(64)).filter(|_| !self.is_full());
            return words
                .flat_map(|at| each_bit(absent(at), at * 64))
                .map(|at| at as u32)
                .collect();
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
        if self.all_words(other, |word, more| more & !word == 0) {
            return false;
        }
        self.each(other, |one, other| one | other);
        true
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

/// So many words, each made of one of either; the words of one repeat as often as there is room for them.
fn paired(
    left: &[u64],
    right: &[u64],
    width: usize,
    f: &impl Fn(u64, u64) -> u64,
) -> impl Iterator<Item = u64> {
    (0..width).map(move |at| f(left[at % left.len()], right[at % right.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
