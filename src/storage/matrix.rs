//! A relation as a bit matrix: the leanest shape, and the fastest to add to, where codes are dense.

use super::Code;
use super::table::{pack, unpack};
use parking_lot::Mutex;
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

    fn offset(self, code: Code) -> Option<usize> {
        let offset = code.0.wrapping_sub(self.base);
        (offset < self.len).then_some(offset as usize)
    }
}

/// Words that share a bit of `dirty`: a cache line.
const LINE: usize = 8;

/// One bit for every pair of codes. `fresh` has the bits set since the last [`Matrix::settle`], and is a subset of
/// `seen`; `dirty` has a bit for each line of words with fresh bits, so that a round in which little is new costs little.
/// Pairs off the axes wait in `strays`.
pub struct Matrix {
    rows: Axis,
    columns: Axis,
    /// A multiple of [`LINE`].
    words_per_row: usize,
    seen: Box<[AtomicU64]>,
    fresh: Box<[AtomicU64]>,
    dirty: Box<[AtomicU64]>,
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
            fresh: copy(&self.fresh),
            dirty: copy(&self.dirty),
            strays: Mutex::new(self.strays.lock().clone()),
            ..*self
        }
    }
}

/// Whether other threads write at the same time.
pub trait Writers {
    fn set(word: &AtomicU64, bit: u64) -> bool;
}

pub struct Alone;
pub struct Shared;

impl Writers for Alone {
    fn set(word: &AtomicU64, bit: u64) -> bool {
        let old = word.load(Relaxed);
        if old & bit != 0 {
            return false;
        }
        word.store(old | bit, Relaxed);
        true
    }
}

impl Writers for Shared {
    fn set(word: &AtomicU64, bit: u64) -> bool {
        // Most candidates are known already, and reading is much cheaper than a locked write.
        word.load(Relaxed) & bit == 0 && word.fetch_or(bit, Relaxed) & bit == 0
    }
}

impl Matrix {
    /// Bytes a matrix over these axes takes.
    pub fn bytes_for(rows: Axis, columns: Axis) -> u64 {
        u64::from(rows.len) * words_per_row(columns) as u64 * 16
    }

    pub fn new(rows: Axis, columns: Axis) -> Matrix {
        let words_per_row = words_per_row(columns);
        let words = rows.len as usize * words_per_row;
        Matrix {
            rows,
            columns,
            words_per_row,
            seen: zeroes(words),
            fresh: zeroes(words),
            dirty: zeroes((words / LINE).div_ceil(64)),
            strays: Mutex::new(Vec::new()),
        }
    }

    pub fn axes(&self) -> (Axis, Axis) {
        (self.rows, self.columns)
    }

    pub fn contains(&self, first: Code, second: Code) -> bool {
        match (self.rows.offset(first), self.columns.offset(second)) {
            (Some(row), Some(column)) => {
                self.seen[row * self.words_per_row + column / 64].load(Relaxed) & 1 << (column % 64)
                    != 0
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
        let fresh = &self.fresh[start..start + self.words_per_row];
        for &second in seconds {
            let column = second.0.wrapping_sub(self.columns.base);
            if column >= self.columns.len {
                self.strays.lock().push(pack(first, second));
                continue;
            }
            let (word, bit) = (column as usize / 64, 1 << (column % 64));
            if W::set(&seen[word], bit) {
                W::set(&fresh[word], bit);
                let line = (start + word) / LINE;
                W::set(&self.dirty[line / 64], 1 << (line % 64));
            }
        }
    }

    pub fn insert<W: Writers>(&self, first: Code, second: Code) {
        self.insert_row::<W>(first, &[second]);
    }

    /// Appends the rows added since the last call, ascending. Returns the pairs that lie off the axes, which stay unadded.
    pub fn settle(&mut self, firsts: &mut Vec<Code>, seconds: &mut Vec<Code>) -> Vec<u64> {
        let fresh = self.count_fresh();
        // Exactly, because fresh memory is dear and growing by doubling touches twice as much of it.
        firsts.reserve_exact(fresh);
        seconds.reserve_exact(fresh);
        for line in bits(&self.dirty) {
            let before = seconds.len();
            let start = line * LINE;
            let (row, column) = (start / self.words_per_row, start % self.words_per_row * 64);
            for (at, word) in self.fresh[start..start + LINE].iter().enumerate() {
                let fresh = word.load(Relaxed);
                if fresh != 0 {
                    word.store(0, Relaxed);
                    let base = self.columns.base + (column + at * 64) as u32;
                    for_each_bit(fresh, |bit| seconds.push(Code(base + bit as u32)));
                }
            }
            firsts.resize(
                firsts.len() + seconds.len() - before,
                Code(self.rows.base + row as u32),
            );
        }
        self.dirty.iter_mut().for_each(|word| *word.get_mut() = 0);
        std::mem::take(self.strays.get_mut())
    }

    /// Pairs added since the last [`Matrix::settle`], those off the axes as often as they came.
    pub fn unsettled(&self) -> usize {
        self.count_fresh() + self.strays.lock().len()
    }

    pub fn drop_strays(&mut self) {
        *self.strays.get_mut() = Vec::new();
    }

    /// [`Matrix::settle`] that hands out nothing.
    pub fn settle_in_place(&mut self) {
        for words in [&mut self.fresh, &mut self.dirty] {
            words.iter_mut().for_each(|word| *word.get_mut() = 0);
        }
    }

    fn count_fresh(&self) -> usize {
        bits(&self.dirty)
            .flat_map(|line| &self.fresh[line * LINE..(line + 1) * LINE])
            .map(|word| word.load(Relaxed).count_ones() as usize)
            .sum()
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

    /// Adds a pair for which nobody waits; false when it lies off the axes.
    pub fn put(&mut self, first: Code, second: Code) -> bool {
        let Some((word, bit)) = self.place(first, second) else {
            return false;
        };
        *self.seen[word].get_mut() |= bit;
        true
    }

    /// Takes a settled pair out; whether it was there.
    pub fn take(&mut self, first: Code, second: Code) -> bool {
        let Some((word, bit)) = self.place(first, second) else {
            return false;
        };
        let word = self.seen[word].get_mut();
        let there = *word & bit != 0;
        *word &= !bit;
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

    pub fn count_seconds(&self, first: Code) -> usize {
        let words = self.rows.offset(first).map_or(&[][..], |row| {
            &self.seen[row * self.words_per_row..(row + 1) * self.words_per_row]
        });
        let counts = words.iter().map(|word| word.load(Relaxed).count_ones());
        counts.sum::<u32>() as usize
    }

    /// The same pairs over wider axes, nothing fresh, plus `more`, of which the new ones are fresh.
    pub fn grown(&self, rows: Axis, columns: Axis, more: &[u64]) -> Matrix {
        let mut grown = Matrix::new(rows, columns);
        let mut seconds = Vec::new();
        for row in 0..self.row_count() {
            seconds.clear();
            let first = self.read_row(row, &mut seconds);
            grown.insert_row::<Alone>(first, &seconds);
        }
        grown.settle(&mut Vec::new(), &mut Vec::new());
        for &key in more {
            let (first, second) = unpack(key);
            grown.insert::<Alone>(first, second);
        }
        grown
    }
}

fn words_per_row(columns: Axis) -> usize {
    (columns.len as usize).div_ceil(64).next_multiple_of(LINE)
}

fn zeroes(words: usize) -> Box<[AtomicU64]> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

/// The numbers of the bits that are set, ascending.
fn bits(words: &[AtomicU64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(block, word)| {
        let mut rest = word.load(Relaxed);
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
