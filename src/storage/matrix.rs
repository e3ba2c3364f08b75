//! A relation as a bit matrix: the leanest shape, and the fastest to add to, where codes are dense.

use super::Code;
use super::table::{pack, unpack};
use parking_lot::Mutex;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Codes `base .. base + len` of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub base: u32,
    pub len: u32,
}

impl Axis {
    /// The smallest axis that holds all codes of both; `len` saturates.
    pub fn spanning(low: u32, high: u32) -> Axis {
        Axis {
            base: low,
            len: (high - low).saturating_add(1),
        }
    }

    /// An axis that also holds `codes`, with room to grow by half where it had to grow.
    pub fn widened(self, codes: impl Iterator<Item = Code>) -> Axis {
        let end = u64::from(self.base) + u64::from(self.len);
        let (low, high) = codes.fold((self.base, end), |(low, high), code| {
            (low.min(code.0), high.max(u64::from(code.0) + 1))
        });
        if low == self.base && high == end {
            return self;
        }
        let len = (high - u64::from(low)).saturating_mul(3) / 2;
        Axis {
            base: low,
            len: len.min(u64::from(u32::MAX - low)) as u32,
        }
    }

    /// Where a code lies on the axis.
    #[inline]
    pub fn offset(self, code: Code) -> Option<usize> {
        let offset = code.0.wrapping_sub(self.base);
        (offset < self.len).then_some(offset as usize)
    }
}

/// Words that share a bit of `dirty` and `recent`: a cache line.
pub const LINE: usize = 8;
/// Lines of a unit of the only row of a matrix.
const LINES: usize = if cfg!(test) { 1 } else { 16 };
/// Pairs handed out together, roughly.
const PIECE: usize = if cfg!(test) { 3 } else { 1 << 12 };
/// Lines below which one thread settles as fast as several.
const MANY_LINES: usize = if cfg!(test) { 4 } else { 1 << 14 };
/// Words below which one thread writes zeroes as fast as several.
const MANY_WORDS: usize = if cfg!(test) { 16 } else { 1 << 16 };

/// One bit for every pair of codes. While pairs come in, `settled` has those of `seen` that were there at the last
/// [`Matrix::settle`], and `latest` those which that call added; `dirty` and `recent` have a bit for each line of words
/// that differs from `settled` and that has latest bits, so that a round in which little is new costs little.
/// Pairs off the axes wait in `strays`.
pub struct Matrix {
    rows: Axis,
    columns: Axis,
    /// A multiple of [`LINE`].
    words_per_row: usize,
    seen: Box<[AtomicU64]>,
    dirty: Box<[AtomicU64]>,
    /// Empty at rest, as the two after it.
    settled: Box<[u64]>,
    latest: Box<[u64]>,
    recent: Box<[u64]>,
    latest_len: usize,
    /// Nothing is settled yet.
    untouched: bool,
    /// See [`Matrix::latest_codes`].
    latest_codes: OnceLock<[Vec<u64>; 2]>,
    strays: Mutex<Vec<u64>>,
}

impl Clone for Matrix {
    fn clone(&self) -> Matrix {
        let copy = |words: &[AtomicU64]| -> Box<[AtomicU64]> {
            let words = words.iter().map(|word| word.load(Relaxed));
            words.map(AtomicU64::new).collect()
        };
        Matrix {
            seen: copy(&self.seen),
            dirty: copy(&self.dirty),
            settled: self.settled.clone(),
            latest: self.latest.clone(),
            recent: self.recent.clone(),
            latest_codes: self.latest_codes.clone(),
            strays: Mutex::new(self.strays.lock().clone()),
            ..*self
        }
    }
}

/// How threads write to a matrix.
pub trait Writers {
    /// Sets a bit of a row; whether it was clear.
    fn set(word: &AtomicU64, bit: u64) -> bool {
        Self::set_all(word, bit)
    }
    /// Sets bits of a row; whether any was clear.
    fn set_all(word: &AtomicU64, bits: u64) -> bool;
    /// Sets a bit that several rows share.
    fn mark(word: &AtomicU64, bit: u64);
}

/// One thread.
pub struct Alone;
/// Several, none of which writes to a row of another.
pub struct Apart;
/// Several, anywhere.
pub struct Shared;

impl Writers for Alone {
    #[inline]
    fn set_all(word: &AtomicU64, bits: u64) -> bool {
        let old = word.load(Relaxed);
        if bits & !old == 0 {
            return false;
        }
        word.store(old | bits, Relaxed);
        true
    }

    #[inline]
    fn mark(word: &AtomicU64, bit: u64) {
        Alone::set(word, bit);
    }
}

impl Writers for Apart {
    #[inline]
    fn set_all(word: &AtomicU64, bits: u64) -> bool {
        Alone::set_all(word, bits)
    }

    #[inline]
    fn mark(word: &AtomicU64, bit: u64) {
        Shared::set(word, bit);
    }
}

impl Writers for Shared {
    #[inline]
    fn set_all(word: &AtomicU64, bits: u64) -> bool {
        // Most candidates are known already, and reading is much cheaper than a locked write.
        bits & !word.load(Relaxed) != 0 && bits & !word.fetch_or(bits, Relaxed) != 0
    }

    #[inline]
    fn mark(word: &AtomicU64, bit: u64) {
        Shared::set(word, bit);
    }
}

impl Matrix {
    /// Bytes a matrix over these axes takes, but for the latest bits: they stand in for columns of the latest pairs.
    pub fn bytes_for(rows: Axis, columns: Axis) -> u64 {
        u64::from(rows.len) * words_per_row(columns) as u64 * 16
    }

    /// Bits of a matrix over these axes. A row has whole lines, however few columns there are.
    pub fn cells_for(rows: Axis, columns: Axis) -> f64 {
        f64::from(rows.len) * words_per_row(columns) as f64 * 64.0
    }

    pub fn new(rows: Axis, columns: Axis, pool: Option<&ThreadPool>) -> Matrix {
        let words_per_row = words_per_row(columns);
        let words = rows.len as usize * words_per_row;
        let marks = (words / LINE).div_ceil(64);
        Matrix {
            rows,
            columns,
            words_per_row,
            seen: zeroes(words, pool),
            dirty: zeroes(marks, None),
            settled: vec![0; words].into(),
            latest: vec![0; words].into(),
            recent: vec![0; marks].into(),
            latest_len: 0,
            untouched: true,
            latest_codes: OnceLock::new(),
            strays: Mutex::new(Vec::new()),
        }
    }

    pub fn axes(&self) -> (Axis, Axis) {
        (self.rows, self.columns)
    }

    /// Whether a pair is settled.
    pub fn contains(&self, first: Code, second: Code) -> bool {
        match (self.rows.offset(first), self.columns.offset(second)) {
            (Some(row), Some(column)) => {
                let (at, bit) = (row * self.words_per_row + column / 64, 1 << (column % 64));
                let settled = self.settled.get(at).copied();
                settled.unwrap_or_else(|| self.seen[at].load(Relaxed)) & bit != 0
            }
            _ => false,
        }
    }

    /// Adds `first` beside each of `seconds`.
    pub fn insert_row<W: Writers>(&self, first: Code, seconds: &[Code]) {
        let Some(row) = self.rows.offset(first) else {
            self.strays
                .lock()
                .extend(seconds.iter().map(|&second| pack(first, second)));
            return;
        };
        let start = row * self.words_per_row;
        let seen = &self.seen[start..start + self.words_per_row];
        for &second in seconds {
            let column = second.0.wrapping_sub(self.columns.base);
            if column >= self.columns.len {
                self.strays.lock().push(pack(first, second));
                continue;
            }
            let (word, bit) = (column as usize / 64, 1 << (column % 64));
            if W::set(&seen[word], bit) {
                let line = (start + word) / LINE;
                W::mark(&self.dirty[line / 64], 1 << (line % 64));
            }
        }
    }

    pub fn insert<W: Writers>(&self, first: Code, second: Code) {
        self.insert_row::<W>(first, &[second]);
    }

    /// Adds the pair at a place on the axes.
    #[inline]
    pub fn set<W: Writers>(&self, row: usize, column: usize) {
        let (at, bit) = (row * self.words_per_row + column / 64, 1 << (column % 64));
        if W::set(&self.seen[at], bit) {
            let line = at / LINE;
            W::mark(&self.dirty[line / 64], 1 << (line % 64));
        }
    }

    /// Makes the pairs added since the last call the latest ones. Returns those that lie off the axes, which stay unadded.
    pub fn settle(&mut self, pool: Option<&ThreadPool>) -> Vec<u64> {
        const BLOCK: usize = 64 * LINE;
        let lines = self.seen.len() / LINE;
        self.latest_codes = OnceLock::new();
        let settle_lines = match std::mem::take(&mut self.untouched) {
            true => settle_lines::<true>,
            false => settle_lines::<false>,
        };
        let (marks, recent) = (&mut self.dirty, &mut self.recent);
        let (seen, settled, latest) = (&self.seen, &mut self.settled, &mut self.latest);
        self.latest_len = match pool {
            Some(pool) if lines >= MANY_LINES => pool.install(|| {
                let words = settled.par_chunks_mut(BLOCK);
                let words = words.zip(latest.par_chunks_mut(BLOCK));
                let words = words.zip(seen.par_chunks(BLOCK));
                let blocks = marks.par_iter_mut().zip(recent).zip(words);
                blocks.with_min_len(64).map(settle_lines).sum()
            }),
            _ => {
                let words = settled.chunks_mut(BLOCK).zip(latest.chunks_mut(BLOCK));
                let words = words.zip(seen.chunks(BLOCK));
                let blocks = marks.iter_mut().zip(recent).zip(words);
                blocks.map(settle_lines).sum()
            }
        };
        if let Some(pool) = pool.filter(|_| lines >= MANY_LINES) {
            self.latest_codes = self.count_codes(Some(pool)).into();
        }
        std::mem::take(self.strays.get_mut())
    }

    /// Makes the pairs added since the last call settled; those that were the latest still are.
    pub fn absorb(&mut self, pool: Option<&ThreadPool>) {
        const BLOCK: usize = 64 * LINE;
        let absorb = |((dirty, settled), seen): ((&mut AtomicU64, &mut [u64]), &[AtomicU64])| {
            for line in bits([std::mem::take(dirty.get_mut())]) {
                for at in line * LINE..(line + 1) * LINE {
                    settled[at] = seen[at].load(Relaxed);
                }
            }
        };
        let (seen, settled, dirty) = (&self.seen, &mut self.settled, &mut self.dirty);
        match pool {
            Some(pool) if seen.len() / LINE >= MANY_LINES => pool.install(|| {
                let words = settled.par_chunks_mut(BLOCK);
                let blocks = dirty.par_iter_mut().zip(words).zip(seen.par_chunks(BLOCK));
                blocks.with_min_len(64).for_each(absorb);
            }),
            _ => {
                let words = settled.chunks_mut(BLOCK);
                let blocks = dirty.iter_mut().zip(words).zip(seen.chunks(BLOCK));
                blocks.for_each(absorb);
            }
        }
    }

    /// From now on no pair counts as one of the latest.
    pub fn forget_latest(&mut self) {
        for line in bits(self.recent.iter().copied()) {
            self.latest[line * LINE..(line + 1) * LINE].fill(0);
        }
        self.recent.fill(0);
        self.latest_len = 0;
        self.latest_codes = OnceLock::new();
    }

    /// Takes settled pairs for the latest ones. None may be latest.
    pub fn take_for_latest(&mut self, pairs: impl Iterator<Item = (Code, Code)>) {
        self.latest_codes = OnceLock::new();
        for (first, second) in pairs {
            if let Some((word, bit)) = self.place(first, second) {
                self.latest[word] |= bit;
                self.recent[word / LINE / 64] |= 1 << (word / LINE % 64);
                self.latest_len += 1;
            }
        }
    }

    /// No more pairs will come.
    pub fn rest(&mut self) {
        self.settled = Box::default();
        self.latest = Box::default();
        self.recent = Box::default();
        self.latest_len = 0;
        self.latest_codes = OnceLock::new();
    }

    /// Pairs added since the last [`Matrix::settle`], those off the axes as often as they came.
    pub fn unsettled(&self) -> usize {
        self.count_fresh() + self.strays.lock().len()
    }

    pub fn drop_strays(&mut self) {
        *self.strays.get_mut() = Vec::new();
    }

    /// [`Matrix::settle`] that hands out nothing, for good.
    pub fn settle_in_place(&mut self) {
        self.dirty.iter_mut().for_each(|word| *word.get_mut() = 0);
        self.rest();
    }

    fn count_fresh(&self) -> usize {
        bits(self.dirty.iter().map(|word| word.load(Relaxed)))
            .flat_map(|line| line * LINE..(line + 1) * LINE)
            .map(|at| (self.seen[at].load(Relaxed) & !self.settled[at]).count_ones() as usize)
            .sum()
    }

    /// Pairs that the last settling added.
    pub fn latest_len(&self) -> usize {
        self.latest_len
    }

    /// The first and the second codes of the latest pairs, as bits from the low ends of the axes up. O(lines with
    /// latest pairs), once for each settling.
    pub fn latest_codes(&self) -> &[Vec<u64>; 2] {
        self.latest_codes.get_or_init(|| self.count_codes(None))
    }

    fn count_codes(&self, pool: Option<&ThreadPool>) -> [Vec<u64>; 2] {
        let none = || {
            let firsts = (self.rows.len as usize).div_ceil(64);
            [vec![0; firsts], vec![0; self.words_per_row]]
        };
        let add = |mut codes: [Vec<u64>; 2], (block, recent): (usize, &u64)| {
            let mut rest = *recent;
            while rest != 0 {
                let line = block * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let start = line * LINE;
                let (row, column) = (start / self.words_per_row, start % self.words_per_row);
                codes[0][row / 64] |= 1 << (row % 64);
                let words = &self.latest[start..start + LINE];
                let all = &mut codes[1][column..column + LINE];
                for at in 0..LINE {
                    all[at] |= words[at];
                }
            }
            codes
        };
        let Some(pool) = pool else {
            return self.recent.iter().enumerate().fold(none(), add);
        };
        let or = |mut these: [Vec<u64>; 2], those: [Vec<u64>; 2]| {
            for (this, that) in these.iter_mut().flatten().zip(those.iter().flatten()) {
                *this |= that;
            }
            these
        };
        pool.install(|| {
            let blocks = self.recent.par_iter().enumerate().with_min_len(64);
            blocks.fold(none, add).reduce(none, or)
        })
    }

    /// Words of a row.
    pub fn words_per_row(&self) -> usize {
        self.words_per_row
    }

    /// The bits of the latest pairs with one first code, by its place on the axis. There must be latest pairs.
    pub fn latest_row(&self, row: usize) -> &[u64] {
        &self.latest[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    /// Adds the pairs that have bits in `words`, which are as many as a row has.
    pub fn insert_bits<W: Writers>(&self, row: usize, words: &[u64]) {
        let start = row * self.words_per_row;
        let seen = &self.seen[start..start + self.words_per_row];
        for (line, (seen, words)) in seen.chunks(LINE).zip(words.chunks(LINE)).enumerate() {
            let new = |(seen, &word): (&AtomicU64, &u64)| word & !seen.load(Relaxed);
            if seen
                .iter()
                .zip(words)
                .map(new)
                .fold(0, std::ops::BitOr::bitor)
                == 0
            {
                continue;
            }
            for (seen, &word) in seen.iter().zip(words) {
                W::set_all(seen, word);
            }
            let line = start / LINE + line;
            W::mark(&self.dirty[line / 64], 1 << (line % 64));
        }
    }

    /// Pieces that a scan can take one by one. Only a single row is in several.
    pub fn units(&self) -> usize {
        let lines = self.seen.len() / LINE;
        match self.rows.len {
            1 => lines.div_ceil(LINES),
            rows => rows as usize,
        }
    }

    fn lines(&self, units: Range<usize>) -> Range<usize> {
        let per_unit = match self.rows.len {
            1 => LINES,
            _ => self.words_per_row / LINE,
        };
        units.start * per_unit..(units.end * per_unit).min(self.seen.len() / LINE)
    }

    /// Calls back with the first and second codes of the settled pairs in some units, ascending, a piece at a time.
    pub fn visit(&self, units: Range<usize>, act: &mut dyn FnMut(&[Code], &[Code])) {
        let lines = self.lines(units);
        match self.settled.is_empty() {
            true => self.visit_lines(lines, |at| self.seen[at].load(Relaxed), act),
            false => self.visit_lines(lines, |at| self.settled[at], act),
        }
    }

    /// The same of the pairs that the last settling added.
    pub fn visit_latest(&self, units: Range<usize>, act: &mut dyn FnMut(&[Code], &[Code])) {
        let lines = self.lines(units);
        if self.latest_len > 0 && !lines.is_empty() {
            let blocks = lines.start / 64..lines.end.div_ceil(64);
            let within = bits(self.recent[blocks.clone()].iter().copied())
                .map(|line| blocks.start * 64 + line)
                .skip_while(|line| *line < lines.start)
                .take_while(|line| *line < lines.end);
            self.visit_lines(within, |at| self.latest[at], act);
        }
    }

    fn visit_lines(
        &self,
        lines: impl Iterator<Item = usize>,
        word: impl Fn(usize) -> u64,
        act: &mut dyn FnMut(&[Code], &[Code]),
    ) {
        let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
        for line in lines {
            let start = line * LINE;
            let (row, column) = (start / self.words_per_row, start % self.words_per_row * 64);
            for at in 0..LINE {
                let base = self.columns.base + (column + at * 64) as u32;
                for_each_bit(word(start + at), |bit| {
                    seconds.push(Code(base + bit as u32))
                });
            }
            firsts.resize(seconds.len(), Code(self.rows.base + row as u32));
            if seconds.len() >= PIECE {
                act(&firsts, &seconds);
                firsts.clear();
                seconds.clear();
            }
        }
        if !seconds.is_empty() {
            act(&firsts, &seconds);
        }
    }

    pub fn row_count(&self) -> usize {
        self.rows.len as usize
    }

    /// Appends the codes beside one first code, ascending; the rows are numbered from the lowest first code up.
    pub fn read_row(&self, row: usize, seconds: &mut Vec<Code>) -> Code {
        let words = &self.seen[row * self.words_per_row..(row + 1) * self.words_per_row];
        for (at, word) in words.iter().enumerate() {
            let base = self.columns.base + at as u32 * 64;
            for_each_bit(word.load(Relaxed), |bit| {
                seconds.push(Code(base + bit as u32))
            });
        }
        Code(self.rows.base + row as u32)
    }

    /// Appends the words of the row of a first code, if it has one.
    pub fn read_words(&self, first: Code, into: &mut impl Extend<u64>) {
        if let Some(row) = self.rows.offset(first) {
            let words = &self.seen[row * self.words_per_row..(row + 1) * self.words_per_row];
            into.extend(words.iter().map(|word| word.load(Relaxed)));
        }
    }

    /// Adds a settled pair; false when it lies off the axes.
    pub fn put(&mut self, first: Code, second: Code) -> bool {
        let Some((word, bit)) = self.place(first, second) else {
            return false;
        };
        *self.seen[word].get_mut() |= bit;
        if let Some(settled) = self.settled.get_mut(word) {
            *settled |= bit;
        }
        true
    }

    /// Takes a settled pair out; whether it was there.
    pub fn take(&mut self, first: Code, second: Code) -> bool {
        let Some((word, bit)) = self.place(first, second) else {
            return false;
        };
        let seen = self.seen[word].get_mut();
        let there = *seen & bit != 0;
        *seen &= !bit;
        if let Some(settled) = self.settled.get_mut(word) {
            *settled &= !bit;
            self.latest_len -= usize::from(self.latest[word] & bit != 0);
            self.latest_codes = OnceLock::new();
            self.latest[word] &= !bit;
        }
        there
    }

    fn place(&self, first: Code, second: Code) -> Option<(usize, u64)> {
        let (row, column) = (self.rows.offset(first)?, self.columns.offset(second)?);
        Some((row * self.words_per_row + column / 64, 1 << (column % 64)))
    }

    /// Appends the second codes beside a first one, ascending.
    pub fn seconds(&self, first: Code, into: &mut Vec<Code>) {
        if let Some(row) = self.rows.offset(first) {
            self.read_row(row, into);
        }
    }

    /// Appends the first codes beside a second one. O(rows).
    pub fn firsts(&self, second: Code, into: &mut Vec<Code>) {
        let Some(column) = self.columns.offset(second) else {
            return;
        };
        let words = self
            .seen
            .iter()
            .skip(column / 64)
            .step_by(self.words_per_row);
        for (row, word) in words.enumerate() {
            if word.load(Relaxed) & 1 << (column % 64) != 0 {
                into.push(Code(self.rows.base + row as u32));
            }
        }
    }

    /// Calls back with the pairs that only one of two matrices at rest has, which have the same axes; true: this one.
    pub fn differences(&self, other: &Matrix, act: &mut dyn FnMut(Code, Code, bool)) {
        for (at, (one, two)) in self.seen.iter().zip(&other.seen).enumerate() {
            let one = one.load(Relaxed);
            let differ = one ^ two.load(Relaxed);
            if differ != 0 {
                let first = self.rows.base + (at / self.words_per_row) as u32;
                let base = self.columns.base + (at % self.words_per_row * 64) as u32;
                for_each_bit(differ, |bit| {
                    act(Code(first), Code(base + bit as u32), one >> bit & 1 == 1)
                });
            }
        }
    }

    pub fn count_seconds(&self, first: Code) -> usize {
        let words = self.rows.offset(first).map_or(&[][..], |row| {
            &self.seen[row * self.words_per_row..(row + 1) * self.words_per_row]
        });
        let counts = words.iter().map(|word| word.load(Relaxed).count_ones());
        counts.sum::<u32>() as usize
    }

    /// The same pairs over wider axes, none of them latest, plus `more`, whose new ones are unsettled.
    pub fn grown(&self, rows: Axis, columns: Axis, more: &[u64]) -> Matrix {
        let mut grown = Matrix::new(rows, columns, None);
        let mut seconds = Vec::new();
        for row in 0..self.row_count() {
            seconds.clear();
            let first = self.read_row(row, &mut seconds);
            grown.insert_row::<Alone>(first, &seconds);
        }
        grown.settle(None);
        for &key in more {
            let (first, second) = unpack(key);
            grown.insert::<Alone>(first, second);
        }
        grown
    }
}

/// The marks of 64 lines, dirty and recent, and their words.
type Block<'a> = (
    (&'a mut AtomicU64, &'a mut u64),
    ((&'a mut [u64], &'a mut [u64]), &'a [AtomicU64]),
);

/// Returns how many pairs are new among those of the block. `FIRST`: nothing is settled, which then is not even read.
fn settle_lines<const FIRST: bool>(((dirty, recent), ((settled, latest), seen)): Block) -> usize {
    let dirty = dirty.get_mut();
    for line in bits([*recent & !*dirty]) {
        latest[line * LINE..(line + 1) * LINE].fill(0);
    }
    let mut new = 0;
    for line in bits([*dirty]) {
        for at in line * LINE..(line + 1) * LINE {
            let now = seen[at].load(Relaxed);
            latest[at] = match FIRST {
                true => now,
                false => now & !settled[at],
            };
            settled[at] = now;
            new += latest[at].count_ones() as usize;
        }
    }
    *recent = std::mem::take(dirty);
    new
}

fn words_per_row(columns: Axis) -> usize {
    (columns.len as usize).div_ceil(64).next_multiple_of(LINE)
}

/// Written one by one, and not handed out untouched by the system: reading an untouched page first makes its first write
/// dear, above all beside other threads.
fn zeroes(words: usize, pool: Option<&ThreadPool>) -> Box<[AtomicU64]> {
    if let Some(pool) = pool.filter(|_| words >= MANY_WORDS) {
        let zeroes = || (0..words).into_par_iter().with_min_len(MANY_WORDS / 4);
        let zeroes: Vec<AtomicU64> = pool.install(|| zeroes().map(|_| AtomicU64::new(0)).collect());
        return zeroes.into_boxed_slice();
    }
    let mut zeroes = Vec::with_capacity(words);
    // To which the compiler would shorten this if it could see through it.
    std::hint::black_box(zeroes.as_mut_ptr());
    zeroes.resize_with(words, || AtomicU64::new(0));
    zeroes.into_boxed_slice()
}

/// The numbers of the bits that are set, ascending.
pub fn bits(words: impl IntoIterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.into_iter().enumerate().flat_map(|(block, word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(block * 64 + bit)
        })
    })
}

fn for_each_bit(mut word: u64, mut act: impl FnMut(usize)) {
    while word != 0 {
        act(word.trailing_zeros() as usize);
        word &= word - 1;
    }
}
