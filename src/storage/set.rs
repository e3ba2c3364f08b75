//! A set of rows that grows by rounds and takes the shape that suits its rows.

mod amend;
mod amended;
mod differ;
mod latest;
#[cfg(test)]
mod tests;

use amended::Amended;
pub use latest::Latest;
use latest::{Shard, settle_shards};

use super::dense_core::{Census, DenseCore, TABLE_BYTES};
use super::groups::Groups;
use super::matrix::{Alone, Axis, Matrix, Shared};
use super::partition::Partition;
use super::table::{PairTable, RowTable, hash, hash_row, pack, unpack};
use super::{Code, Company, Inserter, Rows, SortedRows};
use parking_lot::RwLock;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A matrix of at most this many bytes is always worth it.
const SMALL_MATRIX: u64 = if cfg!(test) { 64 } else { 1 << 20 };
/// A matrix of at most so many is worth it where many candidates are to be told apart, ...
const LARGE_MATRIX: u64 = 64 << 20;
/// ... one for so many cells.
const CELLS: f64 = 64.0;
/// Rows for each first code, on average, from which on lists beat a hash table.
const LONG_GROUPS: usize = if cfg!(test) { 3 } else { 10 };
/// Below this size a hash table is small whatever it holds.
const MANY: usize = if cfg!(test) { 16 } else { 1 << 18 };
/// Many rows are in several shards even for one thread: a share of the groups fits caches that all of them do not.
const GROUP_SHARDS: usize = if cfg!(test) { 2 } else { 32 };
/// Rows from which on a table is divided among its writers.
const MANY_FOR_ONE: usize = if cfg!(test) { 10 } else { 1 << 14 };
/// Pairs from which on it is counted in how many of them each code is.
const MANY_TO_COUNT: usize = if cfg!(test) { 12 } else { 1 << 17 };
/// Candidates for each row from which on it is worth while to look more often.
const REPETITIVE: u64 = if cfg!(test) { 2 } else { 4 };
/// What is counted by code costs memory: their range may be so many times as long as there are pairs.
const CODES: usize = if cfg!(test) { 2048 } else { 8 };
/// What a list takes besides its codes.
const GROUP_BYTES: usize = 56;
/// A core has to spare this part of what the pairs take in a table.
const CORE_PART: u64 = 10;
/// Room for so many codes or pairs is kept whether it is used or not.
const MUCH_ROOM: usize = if cfg!(test) { 4 } else { 1 << 12 };
/// Rows or slots that a scan passes over at a time.
const UNIT: usize = if cfg!(test) { 2 } else { 1024 };

/// Rows below which one thread goes through them as fast as several.
const MANY_TO_VISIT: usize = if cfg!(test) { 4 } else { 1 << 14 };
/// Rows of a plain column store that are handed out together.
const PIECE: usize = if cfg!(test) { 3 } else { 1 << 14 };

/// Distinct rows of one arity. Rows come in through [`Inserter`](super::Inserter)s, from several threads at once, and
/// count from the next [`RowSet::settle`] on, after which those added since the last one are the [`RowSet::latest`].
pub struct RowSet {
    arity: usize,
    len: usize,
    shards: usize,
    salt: u64,
    /// Size at which the codes were last looked at as a whole.
    examined: usize,
    /// Candidates that came since then.
    pub(super) offered: AtomicU64,
    /// Pairs of the codes that there were when somebody last asked.
    span: f64,
    /// The latest rows, but for those that a matrix has bits of.
    latest: Vec<Rows>,
    /// All rows are the latest.
    whole: bool,
    pub(super) shape: Shape,
    /// Beside a table of pairs: those that it has not.
    pub(super) core: Option<Box<DenseCore>>,
    /// Bytes that the core spared when it was gathered.
    spared: u64,
}

pub(super) enum Shape {
    Nullary {
        present: AtomicBool,
    },
    /// Rows that only ever are stated.
    Sorted(SortedRows),
    /// Two columns of an equivalence that does not grow any more.
    Classes(Partition),
    /// One or two columns, dense codes. One column: the matrix has the single row of code 0.
    Matrix(Matrix),
    /// Two columns, many rows for each first code. Sharded by first code.
    Groups(Vec<RwLock<Groups>>),
    /// One or two columns. One column: the first of the pair is code 0.
    Pairs(Vec<RwLock<PairShard>>),
    Tuples(Vec<RwLock<TupleShard>>),
    /// Rows of another set, but for some.
    Amended(Box<Amended>),
}

#[derive(Clone)]
pub(super) struct PairShard {
    pub table: PairTable,
    pub fresh: Vec<u64>,
}

impl PairShard {
    fn several(shards: usize, salt: u64) -> impl Iterator<Item = PairShard> {
        (0..shards).map(move |_| PairShard {
            table: PairTable::salted(salt),
            fresh: Vec::new(),
        })
    }

    fn units(&self) -> usize {
        self.table.capacity().div_ceil(UNIT)
    }
}

/// Lets go of room that most likely is not needed again: the first rounds are the largest.
fn give_back<T>(room: &mut Vec<T>) {
    if room.capacity() > MUCH_ROOM.max(room.len() * 4) {
        *room = Vec::new();
    }
}

impl Shard for PairShard {
    fn unsettled(&self) -> usize {
        self.fresh.len()
    }

    fn settle(&mut self, columns: &mut [Vec<Code>]) {
        match columns {
            [seconds] => seconds.extend(self.fresh.iter().map(|&key| unpack(key).1)),
            [firsts, seconds] => {
                firsts.extend(self.fresh.iter().map(|&key| unpack(key).0));
                seconds.extend(self.fresh.iter().map(|&key| unpack(key).1));
            }
            _ => {}
        }
        give_back(&mut self.fresh);
        self.fresh.clear();
    }
}

impl Shard for Groups {
    fn unsettled(&self) -> usize {
        Groups::unsettled(self)
    }

    fn settle(&mut self, columns: &mut [Vec<Code>]) {
        if let [firsts, seconds] = columns {
            Groups::settle(self, firsts, seconds);
        }
    }
}

impl Shard for TupleShard {
    fn unsettled(&self) -> usize {
        self.table.len() - self.settled as usize
    }

    fn settle(&mut self, columns: &mut [Vec<Code>]) {
        for number in self.settled..self.table.len() as u32 {
            for (column, &code) in columns.iter_mut().zip(self.table.row(number)) {
                column.push(code);
            }
        }
        self.settled = self.table.len() as u32;
    }
}

impl TupleShard {
    fn several(shards: usize, arity: usize) -> impl Iterator<Item = TupleShard> {
        (0..shards).map(move |_| TupleShard {
            table: RowTable::new(arity),
            settled: 0,
        })
    }
}

#[derive(Clone)]
pub(super) struct TupleShard {
    pub table: RowTable,
    /// Rows numbered from here on are fresh.
    settled: u32,
}

/// Rows that can be gone through column by column, any number of times, in one order.
pub trait RowSource: Sync {
    fn row_count(&self) -> usize;

    /// Pieces that can be gone through one by one; threads share a scan by taking different ones.
    fn units(&self) -> usize;

    /// Calls back with pieces of the columns of some units, all of one length, which is given too.
    fn visit_units(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize));

    fn visit(&self, act: &mut dyn FnMut(&[&[Code]], usize)) {
        self.visit_units(0..self.units(), act);
    }
}

impl RowSource for Rows {
    fn row_count(&self) -> usize {
        self.len()
    }

    fn units(&self) -> usize {
        self.len().div_ceil(UNIT)
    }

    fn visit_units(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize)) {
        let rows = units.start * UNIT..(units.end * UNIT).min(self.len());
        // In pieces, because who is called may keep something for each row of a piece.
        for start in rows.clone().step_by(PIECE) {
            let end = (start + PIECE).min(rows.end);
            let columns: Vec<&[Code]> = (0..self.arity())
                .map(|at| &self.column(at)[start..end])
                .collect();
            act(&columns, end - start);
        }
    }
}

impl RowSet {
    /// An empty set for `writers` threads. Where the rows of one set go into another one, these should differ in `salt`.
    pub fn new(arity: usize, writers: usize, salt: u64) -> RowSet {
        let shards = if writers <= 1 {
            1
        } else {
            (writers * 16).next_power_of_two()
        };
        let shape = match arity {
            0 => Shape::Nullary {
                present: AtomicBool::new(false),
            },
            1 | 2 => Shape::Pairs(PairShard::several(1, salt).map(RwLock::new).collect()),
            _ => Shape::Tuples(TupleShard::several(1, arity).map(RwLock::new).collect()),
        };
        RowSet {
            arity,
            len: 0,
            shards,
            salt,
            examined: 0,
            offered: AtomicU64::new(0),
            span: 0.0,
            latest: Vec::new(),
            whole: false,
            shape,
            core: None,
            spared: 0,
        }
    }

    /// Divides the rows of a table into as many shards as its writers want, so that they seldom meet. By itself it does so
    /// when it has many rows. None may be unsettled.
    pub fn spread(&mut self) {
        let several = self.shards;
        match &mut self.shape {
            Shape::Pairs(shards) if shards.len() < several => {
                let mut pairs: Vec<Vec<u64>> = vec![Vec::new(); several];
                for shard in shards.iter_mut() {
                    for key in std::mem::take(&mut shard.get_mut().table).iter() {
                        pairs[shard_of(hash(key), several)].push(key);
                    }
                }
                let mut spread: Vec<PairShard> = PairShard::several(several, self.salt).collect();
                for (shard, pairs) in spread.iter_mut().zip(pairs) {
                    shard.table.insert_all(&pairs, &mut Vec::new());
                }
                *shards = spread.into_iter().map(RwLock::new).collect();
            }
            Shape::Tuples(shards) if shards.len() < several => {
                let mut spread: Vec<TupleShard> =
                    TupleShard::several(several, self.arity).collect();
                for shard in shards.iter_mut() {
                    let old = &shard.get_mut().table;
                    for row in (0..old.len() as u32).map(|number| old.row(number)) {
                        spread[shard_of(hash_row(row), several)].table.insert(row);
                    }
                }
                for shard in &mut spread {
                    shard.settled = shard.table.len() as u32;
                }
                *shards = spread.into_iter().map(RwLock::new).collect();
            }
            _ => {}
        }
    }

    /// Makes room for so many rows to come.
    pub fn reserve(&mut self, rows: usize) {
        if let Shape::Pairs(shards) = &mut self.shape {
            let each = rows / shards.len();
            shards
                .iter_mut()
                .for_each(|shard| shard.get_mut().table.reserve(each));
        }
    }

    /// A set of these, found by hashing.
    pub fn of(rows: &Rows) -> RowSet {
        let mut set = RowSet::new(rows.arity(), 1, 0);
        set.reserve(rows.len());
        let columns: Vec<&[Code]> = (0..rows.arity()).map(|at| rows.column(at)).collect();
        let mut inserter = Inserter::new(&set, Company::Alone);
        inserter.push_columns(&columns, rows.len());
        inserter.flush();
        set.settle_in_place();
        set
    }

    /// A set that will not grow.
    pub fn fixed(rows: SortedRows) -> RowSet {
        RowSet {
            arity: rows.rows().arity(),
            len: rows.len(),
            shards: 1,
            salt: 0,
            examined: 0,
            offered: AtomicU64::new(0),
            span: 0.0,
            latest: Vec::new(),
            whole: false,
            shape: Shape::Sorted(rows),
            core: None,
            spared: 0,
        }
    }

    /// Rows that come all at once, unsettled.
    pub fn fresh(rows: SortedRows) -> RowSet {
        RowSet {
            len: 0,
            ..RowSet::fixed(rows)
        }
    }

    /// An equivalence that will not grow.
    pub fn equivalence(classes: Partition) -> RowSet {
        RowSet {
            arity: 2,
            len: classes.pairs(),
            shards: 1,
            salt: 0,
            examined: 0,
            offered: AtomicU64::new(0),
            span: 0.0,
            latest: Vec::new(),
            whole: false,
            shape: Shape::Classes(classes),
            core: None,
            spared: 0,
        }
    }

    pub fn arity(&self) -> usize {
        self.arity
    }

    pub fn salt(&self) -> u64 {
        self.salt
    }

    /// Settled rows.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn contains(&self, row: &[Code]) -> bool {
        match (&self.shape, row) {
            (Shape::Nullary { present }, _) => present.load(Relaxed),
            (Shape::Sorted(rows), _) => rows.contains(row),
            (Shape::Classes(classes), &[first, second]) => classes.relates(first, second),
            (Shape::Matrix(matrix), &[first, second]) => matrix.contains(first, second),
            (Shape::Matrix(matrix), &[only]) => matrix.contains(Code(0), only),
            (Shape::Groups(shards), &[first, second]) => shards
                [shard_of_first(first, shards.len())]
            .read()
            .contains(first, second),
            (Shape::Pairs(shards), &[first, second]) => {
                let core = self.core.as_ref();
                core.and_then(|core| core.contains(first, second))
                    .unwrap_or_else(|| contains_pair(shards, pack(first, second)))
            }
            (Shape::Pairs(shards), &[only]) => contains_pair(shards, pack(Code(0), only)),
            (Shape::Tuples(shards), _) => {
                let shard = shard_of(hash_row(row), shards.len());
                shards[shard].read().table.find(row).is_some()
            }
            (Shape::Amended(amended), _) => amended.contains(row),
            _ => false,
        }
    }

    /// Whether asking for a row while other threads insert costs them nothing.
    pub fn answers_freely(&self) -> bool {
        matches!(
            self.shape,
            Shape::Nullary { .. } | Shape::Matrix(_) | Shape::Classes(_)
        )
    }

    /// All rows, in no particular order. None may be unsettled.
    pub fn to_rows(&self) -> Rows {
        if self.arity == 0 {
            return Rows::nullary(self.contains(&[]));
        }
        let mut columns: Vec<Vec<Code>> = (0..self.arity)
            .map(|_| Vec::with_capacity(self.len))
            .collect();
        self.visit(&mut |pieces, _| {
            for (column, piece) in columns.iter_mut().zip(pieces) {
                column.extend_from_slice(piece);
            }
        });
        Rows::from_columns(columns)
    }

    /// The rows when they are at rest already.
    pub fn as_sorted(&self) -> Option<&SortedRows> {
        match &self.shape {
            Shape::Sorted(rows) => Some(rows),
            _ => None,
        }
    }

    /// Pairs as bits.
    pub fn as_matrix(&self) -> Option<&Matrix> {
        match &self.shape {
            Shape::Matrix(matrix) if self.arity == 2 => Some(matrix),
            _ => None,
        }
    }

    /// The classes of an equivalence at rest.
    pub fn as_classes(&self) -> Option<&Partition> {
        match &self.shape {
            Shape::Classes(classes) => Some(classes),
            _ => None,
        }
    }

    /// Whether rows with one first code are all in one unit.
    pub fn keeps_firsts(&self) -> bool {
        self.arity == 2
            && matches!(
                self.shape,
                Shape::Matrix(_) | Shape::Groups(_) | Shape::Classes(_)
            )
    }

    /// Rows added since the last [`RowSet::settle`], while others may be adding. Pairs off a matrix count each time they
    /// were pushed. O(1) but for matrices and lists: O(size of the matrix) and O(lists added to).
    pub fn unsettled(&self) -> usize {
        match &self.shape {
            Shape::Nullary { present } => usize::from(present.load(Relaxed) && self.len == 0),
            Shape::Sorted(rows) => rows.len() - self.len,
            Shape::Classes(_) | Shape::Amended(_) => 0,
            Shape::Matrix(matrix) => matrix.unsettled(),
            Shape::Groups(shards) => shards.iter().map(|shard| shard.read().unsettled()).sum(),
            Shape::Pairs(shards) => {
                let table: usize = shards.iter().map(|shard| shard.read().unsettled()).sum();
                table + self.core.as_ref().map_or(0, |core| core.unsettled())
            }
            Shape::Tuples(shards) => shards.iter().map(|shard| shard.read().unsettled()).sum(),
        }
    }

    /// Makes the rows added since the last call part of the set, as its latest ones. Where more are to come the set may
    /// change its shape.
    pub fn settle(&mut self, grows: bool, pool: Option<&ThreadPool>) {
        let mut strays = Vec::new();
        match &mut self.shape {
            Shape::Nullary { present } => {
                let fresh = *present.get_mut() && self.len == 0;
                self.latest = vec![Rows::nullary(fresh)];
            }
            Shape::Sorted(rows) => {
                self.whole = rows.len() > self.len;
                self.len = rows.len();
                return;
            }
            Shape::Classes(_) | Shape::Amended(_) => self.latest.clear(),
            Shape::Matrix(matrix) => {
                self.latest.clear();
                strays = matrix.settle(pool);
            }
            Shape::Groups(shards) => settle_shards(shards, &mut self.latest, self.arity, pool),
            Shape::Pairs(shards) => {
                settle_shards(shards, &mut self.latest, self.arity, pool);
                if let Some(core) = &mut self.core {
                    core.settle(pool);
                }
            }
            Shape::Tuples(shards) => settle_shards(shards, &mut self.latest, self.arity, pool),
        }
        if !strays.is_empty() {
            self.settle_strays(&strays);
        }
        let fresh = self.latest().row_count();
        self.len += fresh;
        if grows && self.len >= MANY_FOR_ONE {
            self.spread();
        }
        if grows && fresh > 0 && self.is_to_be_examined() {
            self.examined = self.len;
            *self.offered.get_mut() = 0;
            self.reshape(pool);
        }
    }

    /// Whether it is likely that another shape suits the rows by now, and that it would soon make up for looking.
    fn is_to_be_examined(&mut self) -> bool {
        let repetitive = *self.offered.get_mut() > self.len as u64 * REPETITIVE;
        self.len >= self.examined * 2 || repetitive && self.len > self.examined * 3 / 2
    }

    /// The rows that the last [`RowSet::settle`] added.
    pub fn latest(&self) -> Latest<'_> {
        Latest { set: self }
    }

    /// Takes other rows of the set for the latest ones.
    pub fn take_for_latest(&mut self, rows: Rows) {
        if let Shape::Matrix(matrix) = &mut self.shape {
            matrix.forget_latest();
        }
        if let Some(core) = &mut self.core {
            core.forget_latest();
        }
        self.latest = vec![rows];
    }

    /// No more rows will come in through inserters, and none is the latest.
    pub fn rest(&mut self) {
        if let Shape::Matrix(matrix) = &mut self.shape {
            matrix.rest();
        }
        if let Some(core) = &mut self.core {
            core.rest();
        }
        self.latest = Vec::new();
        self.whole = false;
    }

    /// [`RowSet::settle`] where memory is short: there are no latest rows, and pairs off a matrix are dropped.
    pub fn settle_in_place(&mut self) {
        if let Shape::Matrix(matrix) = &mut self.shape {
            matrix.drop_strays();
        }
        self.latest = Vec::new();
        self.len += self.unsettled();
        match &mut self.shape {
            Shape::Nullary { .. } | Shape::Sorted(_) | Shape::Classes(_) | Shape::Amended(_) => {}
            Shape::Matrix(matrix) => matrix.settle_in_place(),
            Shape::Groups(shards) => shards
                .iter_mut()
                .for_each(|shard| shard.get_mut().settle_in_place()),
            Shape::Pairs(shards) => {
                shards
                    .iter_mut()
                    .for_each(|shard| shard.get_mut().fresh = Vec::new());
                if let Some(core) = &mut self.core {
                    core.settle_in_place();
                }
            }
            Shape::Tuples(shards) => shards.iter_mut().for_each(|shard| {
                let shard = shard.get_mut();
                shard.settled = shard.table.len() as u32;
            }),
        }
    }

    /// Pairs fell off the matrix: widen it while it stays lean, fall back to a table otherwise. They join the latest rows.
    fn settle_strays(&mut self, strays: &[u64]) {
        let mut others: Vec<u64> = Vec::new();
        if let Shape::Matrix(matrix) = &self.shape {
            matrix.visit_latest(0..matrix.units(), &mut |firsts, seconds| {
                let pairs = firsts.iter().zip(seconds);
                others.extend(pairs.map(|(&first, &second)| pack(first, second)));
            });
        }
        let Shape::Matrix(matrix) = &mut self.shape else {
            return;
        };
        let (rows, columns) = matrix.axes();
        let rows = widen(rows, strays.iter().map(|&key| unpack(key).0));
        let columns = widen(columns, strays.iter().map(|&key| unpack(key).1));
        let bytes = |(rows, columns)| Matrix::bytes_for(rows, columns);
        let stays = bytes((rows, columns)) <= LARGE_MATRIX.min(2 * bytes(matrix.axes()));
        if stays || worth_a_matrix(rows, columns, self.len + others.len() + strays.len()) {
            *matrix = matrix.grown(rows, columns, strays);
            matrix.settle(None);
            matrix.take_for_latest(others.iter().map(|&key| unpack(key)));
            return;
        }
        let mut shards: Vec<PairShard> = PairShard::several(self.shards, self.salt).collect();
        for row in 0..matrix.row_count() {
            let mut codes = Vec::new();
            let first = matrix.read_row(row, &mut codes);
            for second in codes {
                let key = pack(first, second);
                shards[shard_of(hash(key), self.shards)].fresh.push(key);
            }
        }
        for shard in &mut shards {
            let known = std::mem::take(&mut shard.fresh);
            shard.table.insert_all(&known, &mut Vec::new());
        }
        for &key in strays {
            shards[shard_of(hash(key), self.shards)]
                .table
                .insert_all(&[key], &mut others);
        }
        self.shape = Shape::Pairs(shards.into_iter().map(RwLock::new).collect());
        let mut columns = vec![Vec::with_capacity(others.len()); self.arity];
        for (at, column) in columns.iter_mut().enumerate() {
            let codes = others.iter().map(|&key| unpack(key));
            column.extend(codes.map(|(first, second)| match at + 2 - self.arity {
                0 => first,
                _ => second,
            }));
        }
        self.latest = vec![Rows::from_columns(columns)];
    }

    /// Prepares for so many candidates: where they are many beside the pairs of the codes so far, telling them apart by
    /// bits is quicker than by any table. None may be unsettled.
    pub fn expect(&mut self, candidates: f64, pool: Option<&ThreadPool>) {
        let spread = matches!(self.shape, Shape::Pairs(_) | Shape::Groups(_));
        if spread && self.arity == 2 && self.len > 0 && candidates > self.span / CELLS {
            let (rows, columns) = self.spans(pool);
            self.span = f64::from(rows.len) * f64::from(columns.len);
            if candidates > self.span / CELLS && Matrix::bytes_for(rows, columns) <= LARGE_MATRIX {
                self.become_matrix(rows, columns, pool);
            }
        }
    }

    /// The least and greatest codes of both columns.
    fn spans(&self, pool: Option<&ThreadPool>) -> (Axis, Axis) {
        let low = [u32::MAX; 2].map(AtomicU32::new);
        let high = [0; 2].map(AtomicU32::new);
        visit_on(pool, self, &|columns, _| {
            for (at, column) in columns.iter().enumerate() {
                let at = at + 2 - columns.len();
                let (mut least, mut most) = (u32::MAX, 0);
                for code in *column {
                    (least, most) = (least.min(code.0), most.max(code.0));
                }
                low[at].fetch_min(least, Relaxed);
                high[at].fetch_max(most, Relaxed);
            }
        });
        let (mut low, mut high) = (
            low.map(AtomicU32::into_inner),
            high.map(AtomicU32::into_inner),
        );
        if self.arity == 1 {
            (low[0], high[0]) = (0, 0);
        }
        (
            Axis::spanning(low[0], high[0]),
            Axis::spanning(low[1], high[1]),
        )
    }

    fn become_matrix(&mut self, rows: Axis, columns: Axis, pool: Option<&ThreadPool>) {
        let mut matrix = Matrix::new(rows, columns);
        // The latest pairs first: settling them tells which they are.
        insert_on(pool, &self.latest(), &matrix);
        matrix.settle(pool);
        insert_on(pool, self, &matrix);
        matrix.absorb(pool);
        self.latest = Vec::new();
        self.shape = Shape::Matrix(matrix);
        self.core = None;
    }

    /// Looks whether another shape suits the rows better than the hash table they start in.
    fn reshape(&mut self, pool: Option<&ThreadPool>) {
        if !matches!(self.shape, Shape::Pairs(_)) {
            return;
        }
        let (rows, columns) = self.spans(pool);
        if worth_a_matrix(rows, columns, self.len) {
            return self.become_matrix(rows, columns, pool);
        }
        let codes = rows.len.max(columns.len) as usize;
        if self.arity != 2 || self.len < MANY_TO_COUNT || codes > self.len.saturating_mul(CODES) {
            return;
        }
        let threads = pool.map_or(1, ThreadPool::current_num_threads);
        let census = Census::of(&|act| self.visit_pairs(pool, act), rows, columns, threads);
        let groups = census.firsts();
        let lists = self.len > MANY && groups * LONG_GROUPS <= self.len;
        let lists = lists.then_some((groups * GROUP_BYTES + self.len * 4) as u64);
        self.gather_core(&census, lists, pool);
        if lists.is_some() && self.core.is_none() {
            self.become_groups(pool);
        }
    }

    fn visit_pairs(&self, pool: Option<&ThreadPool>, act: &(dyn Fn(&[Code], &[Code]) + Sync)) {
        visit_on(pool, self, &|columns, _| {
            if let [firsts, seconds] = columns {
                act(firsts, seconds);
            }
        });
    }

    /// Moves the pairs among codes that are in many pairs out of the table, where that is much leaner than what there is,
    /// and than `lists` of all pairs.
    fn gather_core(&mut self, census: &Census, lists: Option<u64>, pool: Option<&ThreadPool>) {
        let table = self.len as u64 * TABLE_BYTES;
        let least = self.spared + table / CORE_PART;
        let least = least.max(lists.map_or(0, |lists| table.saturating_sub(lists)));
        let core = census.core(&|act| self.visit_pairs(pool, act), least);
        let (Some((mut core, spared)), Shape::Pairs(shards)) = (core, &mut self.shape) else {
            return;
        };
        self.spared = spared;
        let move_pairs = |shard: &mut RwLock<PairShard>| {
            let table = &mut shard.get_mut().table;
            let others = table.iter().filter(|&key| {
                let (first, second) = unpack(key);
                !core.insert::<Shared>(first, second)
            });
            let others: Vec<u64> = others.collect();
            table.refill(&others);
        };
        match pool {
            Some(pool) => pool.install(|| shards.par_iter_mut().for_each(move_pairs)),
            None => shards.iter_mut().for_each(move_pairs),
        }
        if let Some(old) = self.core.take() {
            self.latest.push(latest_of(&old));
            let mut others: Vec<Vec<u64>> = vec![Vec::new(); shards.len()];
            old.visit(0..old.units(), &mut |these, those| {
                for (&first, &second) in these.iter().zip(those) {
                    if !core.insert::<Shared>(first, second) {
                        let key = pack(first, second);
                        others[shard_of(hash(key), shards.len())].push(key);
                    }
                }
            });
            for (shard, others) in shards.iter_mut().zip(others) {
                shard.get_mut().table.insert_all(&others, &mut Vec::new());
            }
        }
        core.begin();
        self.core = Some(Box::new(core));
    }

    fn become_groups(&mut self, pool: Option<&ThreadPool>) {
        let Shape::Pairs(shards) = &mut self.shape else {
            return;
        };
        let mut pairs: Vec<Vec<u64>> = vec![Vec::new(); self.shards.max(GROUP_SHARDS)];
        let count = pairs.len();
        for shard in shards {
            // One table at a time is let go, so that the two shapes are never held in full together.
            for key in std::mem::take(&mut shard.get_mut().table).iter() {
                pairs[shard_of_first(unpack(key).0, count)].push(key);
            }
        }
        if let Some(core) = self.core.take() {
            self.latest.push(latest_of(&core));
            core.visit(0..core.units(), &mut |these, those| {
                for (&first, &second) in these.iter().zip(those) {
                    pairs[shard_of_first(first, count)].push(pack(first, second));
                }
            });
        }
        let groups = |pairs: Vec<u64>| RwLock::new(Groups::of(pairs));
        self.shape = Shape::Groups(match pool {
            Some(pool) => pool.install(|| pairs.into_par_iter().map(groups).collect()),
            None => pairs.into_iter().map(groups).collect(),
        });
    }
}

impl RowSource for RowSet {
    fn row_count(&self) -> usize {
        self.len
    }

    fn units(&self) -> usize {
        match &self.shape {
            Shape::Nullary { .. } => 1,
            Shape::Sorted(rows) => rows.len().div_ceil(UNIT),
            Shape::Classes(classes) => classes.members().len(),
            Shape::Matrix(matrix) => matrix.units(),
            Shape::Groups(shards) => shards.iter().map(|shard| shard.read().count()).sum(),
            Shape::Pairs(shards) => {
                table_units(shards) + self.core.as_ref().map_or(0, |core| core.units())
            }
            Shape::Tuples(shards) => shards
                .iter()
                .map(|shard| shard.read().table.len().div_ceil(UNIT))
                .sum(),
            Shape::Amended(amended) => amended.units(),
        }
    }

    /// None may be unsettled.
    fn visit_units(&self, units: Range<usize>, act: &mut dyn FnMut(&[&[Code]], usize)) {
        match &self.shape {
            Shape::Nullary { present } => {
                act(&[], usize::from(present.load(Relaxed) && !units.is_empty()))
            }
            Shape::Sorted(rows) => {
                let range = units.start * UNIT..(units.end * UNIT).min(rows.len());
                let columns: Vec<&[Code]> = (0..self.arity)
                    .map(|at| &rows.rows().column(at)[range.clone()])
                    .collect();
                if !range.is_empty() {
                    act(&columns, range.len());
                }
            }
            Shape::Classes(classes) => {
                let mut firsts = Vec::new();
                for place in units {
                    let first = classes.members()[place];
                    for seconds in classes.members()[classes.class_around(place)].chunks(PIECE) {
                        firsts.clear();
                        firsts.resize(seconds.len(), first);
                        act(&[&firsts, seconds], seconds.len());
                    }
                }
            }
            Shape::Amended(amended) => amended.visit_units(units, act),
            Shape::Matrix(matrix) => matrix.visit(units, &mut |firsts, seconds| {
                act(&[firsts, seconds][2 - self.arity..], firsts.len())
            }),
            Shape::Groups(shards) => {
                let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
                each_in_shards(shards, units, Groups::count, |groups, numbers| {
                    for number in numbers {
                        let before = seconds.len();
                        let first = groups.read(number, &mut seconds);
                        firsts.resize(firsts.len() + seconds.len() - before, first);
                        if seconds.len() >= UNIT {
                            act(&[&firsts, &seconds], seconds.len());
                            firsts.clear();
                            seconds.clear();
                        }
                    }
                });
                if !seconds.is_empty() {
                    act(&[&firsts, &seconds], seconds.len());
                }
            }
            Shape::Pairs(shards) => {
                let mut columns = [Vec::new(), Vec::new()];
                each_in_shards(shards, units.clone(), PairShard::units, |shard, pieces| {
                    for piece in pieces {
                        let end = ((piece + 1) * UNIT).min(shard.table.capacity());
                        shard.table.read(piece * UNIT..end, &mut columns);
                        let pieces = [&columns[0][..], &columns[1][..]];
                        if !columns[1].is_empty() {
                            act(&pieces[2 - self.arity..], columns[1].len());
                        }
                    }
                });
                if let Some(core) = &self.core {
                    let before = table_units(shards);
                    let units = units.start.max(before)..units.end.max(before);
                    core.visit(
                        units.start - before..units.end - before,
                        &mut |these, those| act(&[these, those], these.len()),
                    );
                }
            }
            Shape::Tuples(shards) => {
                let mut columns = vec![Vec::new(); self.arity];
                let units_of = |shard: &TupleShard| shard.table.len().div_ceil(UNIT);
                each_in_shards(shards, units, units_of, |shard, pieces| {
                    let range = pieces.start * UNIT..(pieces.end * UNIT).min(shard.table.len());
                    columns.iter_mut().for_each(Vec::clear);
                    for number in range.clone() {
                        for (column, &code) in
                            columns.iter_mut().zip(shard.table.row(number as u32))
                        {
                            column.push(code);
                        }
                    }
                    let pieces: Vec<&[Code]> = columns.iter().map(Vec::as_slice).collect();
                    act(&pieces, range.len());
                });
            }
        }
    }
}

/// Goes through rows, on all threads of a pool where they are many.
fn visit_on(
    pool: Option<&ThreadPool>,
    rows: &dyn RowSource,
    act: &(dyn Fn(&[&[Code]], usize) + Sync),
) {
    let Some(pool) = pool.filter(|_| rows.row_count() >= MANY_TO_VISIT) else {
        return rows.visit(&mut |columns, len| act(columns, len));
    };
    let units = rows.units();
    let step = units.div_ceil(pool.current_num_threads() * 8).max(1);
    pool.install(|| {
        (0..units.div_ceil(step)).into_par_iter().for_each(|at| {
            let units = at * step..((at + 1) * step).min(units);
            rows.visit_units(units, &mut |columns, len| act(columns, len));
        });
    });
}

/// The latest pairs of a core, as rows.
fn latest_of(core: &DenseCore) -> Rows {
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    core.visit_latest(0..core.units(), &mut |these, those| {
        firsts.extend_from_slice(these);
        seconds.extend_from_slice(those);
    });
    Rows::from_columns(vec![firsts, seconds])
}

fn insert_on(pool: Option<&ThreadPool>, rows: &dyn RowSource, matrix: &Matrix) {
    let alone = pool.is_none();
    visit_on(pool, rows, &|columns, len| match columns {
        [firsts, seconds] => {
            let pairs = firsts.iter().zip(*seconds);
            match alone {
                true => pairs.for_each(|(&first, &second)| matrix.insert::<Alone>(first, second)),
                false => pairs.for_each(|(&first, &second)| matrix.insert::<Shared>(first, second)),
            }
        }
        [only] if alone => matrix.insert_row::<Alone>(Code(0), only),
        [only] if len > 0 => matrix.insert_row::<Shared>(Code(0), only),
        _ => {}
    });
}

/// Hands out the part of `units` that lies in each shard, counted from the shard's own start.
fn each_in_shards<S>(
    shards: &[RwLock<S>],
    units: Range<usize>,
    count: impl Fn(&S) -> usize,
    mut act: impl FnMut(&S, Range<usize>),
) {
    let mut start = 0;
    for shard in shards {
        let shard = shard.read();
        let end = start + count(&shard);
        let (from, to) = (units.start.max(start), units.end.min(end));
        if from < to {
            act(&shard, from - start..to - start);
        }
        start = end;
    }
}

/// A matrix must not take more, unless it is small anyway.
fn worth_a_matrix(rows: Axis, columns: Axis, len: usize) -> bool {
    Matrix::bytes_for(rows, columns) <= SMALL_MATRIX.max(len as u64 * TABLE_BYTES)
}

/// An axis that also holds `codes`, with room to grow by half where it had to grow.
fn widen(axis: Axis, codes: impl Iterator<Item = Code>) -> Axis {
    let end = u64::from(axis.base) + u64::from(axis.len);
    let (low, high) = codes.fold((axis.base, end), |(low, high), code| {
        (low.min(code.0), high.max(u64::from(code.0) + 1))
    });
    if low == axis.base && high == end {
        return axis;
    }
    let len = (high - u64::from(low)).saturating_mul(3) / 2;
    Axis {
        base: low,
        len: len.min(u64::from(u32::MAX - low)) as u32,
    }
}

fn table_units(shards: &[RwLock<PairShard>]) -> usize {
    shards.iter().map(|shard| shard.read().units()).sum()
}

fn contains_pair(shards: &[RwLock<PairShard>], key: u64) -> bool {
    shards[shard_of(hash(key), shards.len())]
        .read()
        .table
        .contains(key)
}

/// Tables use the top bits of a hash for their slots, so shards go by others.
pub(super) fn shard_of(hash: u64, shards: usize) -> usize {
    (hash >> 20) as usize & (shards - 1)
}

pub(super) fn shard_of_first(first: Code, shards: usize) -> usize {
    shard_of(hash(u64::from(first.0)), shards)
}
