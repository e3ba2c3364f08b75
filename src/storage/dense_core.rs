//! The pairs among codes that are in many pairs, as bits.
//!
//! Where a few codes are in most pairs, these are dense among themselves, though not in the range of all codes: such codes are
//! numbered, and a matrix over the numbers has a bit for what takes a hash table eleven bytes. (Codes of which each is in at
//! least k pairs are what graph theory calls a core; here both columns have codes of their own, and pairs are counted once.)

use super::Code;
use super::matrix::{Axis, Matrix, Writers};
use parking_lot::Mutex;
use rayon::ThreadPool;
use std::ops::Range;

/// Codes in fewer pairs are not looked at, as a power of two.
const LEAST: usize = if cfg!(test) { 1 } else { 4 };
/// What a pair takes in a hash table, on average.
pub const TABLE_BYTES: u64 = 11;
/// What 64 pairs take in a matrix that grows.
const WORD_BYTES: u64 = if cfg!(test) { 0 } else { 24 };
/// The number of a code that has none.
const NONE: u16 = u16::MAX;

#[derive(Clone)]
pub struct DenseCore {
    firsts: Numbers,
    seconds: Numbers,
    matrix: Matrix,
}

/// Some of the codes of a column, numbered as they ascend.
#[derive(Clone)]
struct Numbers {
    base: u32,
    /// By code.
    of: Vec<u16>,
    /// By number.
    codes: Vec<Code>,
}

impl Numbers {
    #[inline]
    fn of(&self, code: Code) -> Option<u32> {
        let number = *self.of.get(code.0.wrapping_sub(self.base) as usize)?;
        (number != NONE).then_some(u32::from(number))
    }

    fn axis(&self) -> Axis {
        Axis {
            base: 0,
            len: self.codes.len() as u32,
        }
    }

    fn read(&self, numbers: &[Code], into: &mut Vec<Code>) {
        into.clear();
        into.extend(numbers.iter().map(|number| self.codes[number.index()]));
    }
}

/// In how many pairs each code of a column is.
#[derive(Clone)]
struct Degrees {
    base: u32,
    of: Vec<u32>,
}

impl Degrees {
    fn new(axis: Axis) -> Degrees {
        Degrees {
            base: axis.base,
            of: vec![0; axis.len as usize],
        }
    }

    fn count(&mut self, codes: &[Code]) {
        for code in codes {
            self.of[(code.0 - self.base) as usize] += 1;
        }
    }

    fn add(&mut self, others: &Degrees) {
        for (degree, more) in self.of.iter_mut().zip(&others.of) {
            *degree += more;
        }
    }

    fn at(&self, code: Code) -> u32 {
        self.of[(code.0 - self.base) as usize]
    }

    /// How many codes there are by the power of two that their degrees reach, and in how many pairs they are.
    fn levels(&self) -> [(u64, u64); LEVELS] {
        let mut levels = [(0, 0); LEVELS];
        for &degree in self.of.iter().filter(|&&degree| degree > 0) {
            let (codes, pairs) = &mut levels[degree.ilog2() as usize];
            *codes += 1;
            *pairs += u64::from(degree);
        }
        levels
    }

    fn number(&self, level: usize) -> Numbers {
        let mut codes = Vec::new();
        let number = |(offset, degree): (usize, &u32)| match degree >> level {
            0 => NONE,
            _ => {
                codes.push(Code(self.base + offset as u32));
                codes.len() as u16 - 1
            }
        };
        Numbers {
            base: self.base,
            of: self.of.iter().enumerate().map(number).collect(),
            codes,
        }
    }
}

/// Powers of two that a degree may reach.
const LEVELS: usize = 32;

/// Goes through all pairs, piece by piece, on several threads perhaps.
pub type Pairs<'a> = &'a (dyn Fn(&(dyn Fn(&[Code], &[Code]) + Sync)) + Sync);

/// In how many pairs each code is.
pub struct Census {
    firsts: Degrees,
    seconds: Degrees,
}

impl Census {
    /// Of pairs whose codes lie on the axes. O(pairs and, for each thread, lengths of the axes).
    pub fn of(pairs: Pairs, rows: Axis, columns: Axis, threads: usize) -> Census {
        let census = || {
            Mutex::new(Census {
                firsts: Degrees::new(rows),
                seconds: Degrees::new(columns),
            })
        };
        // One for each thread, so that none waits.
        let counts: Vec<Mutex<Census>> = (0..threads.max(1)).map(|_| census()).collect();
        pairs(&|firsts, seconds| {
            let thread = rayon::current_thread_index().unwrap_or(0);
            let mut count = counts[thread % counts.len()].lock();
            count.firsts.count(firsts);
            count.seconds.count(seconds);
        });
        let mut counts = counts.into_iter().map(Mutex::into_inner);
        let mut all = counts.next().unwrap_or_else(|| census().into_inner());
        for count in counts {
            all.firsts.add(&count.firsts);
            all.seconds.add(&count.seconds);
        }
        all
    }

    /// Distinct first codes.
    pub fn firsts(&self) -> usize {
        self.firsts.of.iter().filter(|&&degree| degree > 0).count()
    }

    /// An empty core for the pairs, and the bytes that it spares a table of them; `None` where these would be fewer than
    /// `least`. O(pairs).
    pub fn core(
        &self,
        pairs: Pairs,
        least: u64,
        pool: Option<&ThreadPool>,
    ) -> Option<(DenseCore, u64)> {
        let (firsts, seconds) = match pool {
            Some(pool) => pool.join(|| self.firsts.levels(), || self.seconds.levels()),
            None => (self.firsts.levels(), self.seconds.levels()),
        };
        let spared = |level: usize, pairs: u64| {
            let codes =
                |levels: &[(u64, u64)]| levels[level..].iter().map(|&(codes, _)| codes).sum();
            let (rows, columns): (u64, u64) = (codes(&firsts), codes(&seconds));
            let words = rows * columns.div_ceil(512) * 8;
            let fits = rows.max(columns) < u64::from(NONE);
            let spared = (pairs * TABLE_BYTES).checked_sub(words * WORD_BYTES);
            spared.filter(|_| fits).unwrap_or(0)
        };
        // At most all pairs of such codes are in the core.
        let most = |level: usize| {
            let pairs =
                |levels: &[(u64, u64)]| levels[level..].iter().map(|&(_, pairs)| pairs).sum();
            u64::min(pairs(&firsts), pairs(&seconds))
        };
        if (LEAST..LEVELS).all(|level| spared(level, most(level)) < least.max(1)) {
            return None;
        }
        // A pair is in the core of a level when both its codes reach that.
        let levels = Mutex::new([0_u64; LEVELS]);
        pairs(&|these, those| {
            let mut own = [0_u64; LEVELS];
            for (&first, &second) in these.iter().zip(those) {
                let least = self.firsts.at(first).min(self.seconds.at(second));
                own[least.ilog2() as usize] += 1;
            }
            let mut levels = levels.lock();
            levels
                .iter_mut()
                .zip(own)
                .for_each(|(all, own)| *all += own);
        });
        let levels = levels.into_inner();
        let spared = |level: &usize| spared(*level, levels[*level..].iter().sum());
        let level = (LEAST..LEVELS).max_by_key(spared)?;
        let bytes = spared(&level);
        if bytes < least.max(1) {
            return None;
        }
        let (firsts, seconds) = (self.firsts.number(level), self.seconds.number(level));
        let matrix = Matrix::new(firsts.axis(), seconds.axis(), pool);
        let core = DenseCore {
            firsts,
            seconds,
            matrix,
        };
        Some((core, bytes))
    }
}

impl DenseCore {
    /// Whether both codes are in the core, so that their pair is a bit.
    fn numbers(&self, first: Code, second: Code) -> Option<(Code, Code)> {
        let (row, column) = (self.firsts.of(first)?, self.seconds.of(second)?);
        Some((Code(row), Code(column)))
    }

    /// Whether a pair of codes of the core is settled; `None` for other codes.
    pub fn contains(&self, first: Code, second: Code) -> Option<bool> {
        let (row, column) = self.numbers(first, second)?;
        Some(self.matrix.contains(row, column))
    }

    /// Adds a pair; false when it is not for the core.
    pub fn insert<W: Writers>(&self, first: Code, second: Code) -> bool {
        let Some((row, column)) = self.numbers(first, second) else {
            return false;
        };
        self.matrix.set::<W>(row.index(), column.index());
        true
    }

    /// Adds `first` beside `seconds`; those that are not for the core go to `others`. False when none is.
    pub fn insert_row<W: Writers>(
        &self,
        first: Code,
        seconds: &[Code],
        others: &mut Vec<Code>,
    ) -> bool {
        let Some(row) = self.firsts.of(first) else {
            return false;
        };
        for &second in seconds {
            match self.seconds.of(second) {
                Some(column) => self.matrix.set::<W>(row as usize, column as usize),
                None => others.push(second),
            }
        }
        true
    }

    /// The same of each of `firsts` beside `second`.
    pub fn insert_column<W: Writers>(
        &self,
        firsts: &[Code],
        second: Code,
        others: &mut Vec<Code>,
    ) -> bool {
        let Some(column) = self.seconds.of(second) else {
            return false;
        };
        for &first in firsts {
            match self.firsts.of(first) {
                Some(row) => self.matrix.set::<W>(row as usize, column as usize),
                None => others.push(first),
            }
        }
        true
    }

    /// The pairs added count, and none of them as one of the latest.
    pub fn begin(&mut self, pool: Option<&ThreadPool>) {
        self.matrix.settle(pool);
        self.matrix.forget_latest();
    }

    /// See [`Matrix::settle`].
    pub fn settle(&mut self, pool: Option<&ThreadPool>) {
        self.matrix.settle(pool);
    }

    pub fn forget_latest(&mut self) {
        self.matrix.forget_latest();
    }

    /// No more pairs will come.
    pub fn rest(&mut self) {
        self.matrix.rest();
    }

    pub fn settle_in_place(&mut self) {
        self.matrix.settle_in_place();
    }

    pub fn unsettled(&self) -> usize {
        self.matrix.unsettled()
    }

    pub fn latest_len(&self) -> usize {
        self.matrix.latest_len()
    }

    /// Pieces that a scan can take one by one.
    pub fn units(&self) -> usize {
        self.matrix.units()
    }

    /// Calls back with the first and second codes of the settled pairs in some units.
    pub fn visit(&self, units: Range<usize>, act: &mut dyn FnMut(&[Code], &[Code])) {
        let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
        self.matrix.visit(units, &mut |rows, columns| {
            self.firsts.read(rows, &mut firsts);
            self.seconds.read(columns, &mut seconds);
            act(&firsts, &seconds);
        });
    }

    /// The same of the latest pairs.
    pub fn visit_latest(&self, units: Range<usize>, act: &mut dyn FnMut(&[Code], &[Code])) {
        let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
        self.matrix.visit_latest(units, &mut |rows, columns| {
            self.firsts.read(rows, &mut firsts);
            self.seconds.read(columns, &mut seconds);
            act(&firsts, &seconds);
        });
    }

    /// Adds a pair at rest; false when it is not for the core.
    pub fn put(&mut self, first: Code, second: Code) -> bool {
        let numbers = self.numbers(first, second);
        numbers.is_some_and(|(row, column)| self.matrix.put(row, column))
    }

    /// Takes a settled pair out; whether it was there. `None`: it is not for the core.
    pub fn take(&mut self, first: Code, second: Code) -> Option<bool> {
        let (row, column) = self.numbers(first, second)?;
        Some(self.matrix.take(row, column))
    }
}
