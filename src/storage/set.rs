//! A set of rows that grows by rounds and takes the shape that suits its rows.

use super::matrix::{Alone, Axis, Matrix, Shared};
use super::table::{PairTable, RowTable, hash, hash_row, pack, unpack};
use super::{Code, Rows, SortedRows};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A matrix of at most this many bytes is always worth it.
const SMALL_MATRIX: u64 = if cfg!(test) { 64 } else { 1 << 20 };
/// Candidates gathered for one shard before its lock is taken.
const BUFFER: usize = 2048;
/// Candidates remembered by an inserter, so that the commonest duplicates never reach the set.
const RECENT: usize = 1024;

/// Distinct rows of one arity. Rows come in through [`Inserter`]s, from several threads at once, and count from the
/// next [`RowSet::settle`] on, which hands out the rows added since the last one.
pub struct RowSet {
    arity: usize,
    len: usize,
    shards: usize,
    /// Size at which the codes were last looked at as a whole.
    examined: usize,
    shape: Shape,
}

enum Shape {
    Nullary {
        present: AtomicBool,
    },
    /// Rows that only ever are stated.
    Sorted(SortedRows),
    /// One or two columns, dense codes. One column: the matrix has the single row of code 0.
    Matrix(Matrix),
    /// One or two columns. One column: the first of the pair is code 0.
    Pairs(Vec<Mutex<PairShard>>),
    Tuples(Vec<Mutex<TupleShard>>),
}

#[derive(Default)]
struct PairShard {
    table: PairTable,
    fresh: Vec<u64>,
}

struct TupleShard {
    table: RowTable,
    /// Rows numbered from here on are fresh.
    settled: u32,
}

impl RowSet {
    /// An empty set for `writers` threads.
    pub fn new(arity: usize, writers: usize) -> RowSet {
        let shards = if writers <= 1 {
            1
        } else {
            (writers * 16).next_power_of_two()
        };
        let shape = match arity {
            0 => Shape::Nullary {
                present: AtomicBool::new(false),
            },
            1 | 2 => Shape::Pairs((0..shards).map(|_| Mutex::default()).collect()),
            _ => Shape::Tuples(
                (0..shards)
                    .map(|_| {
                        Mutex::new(TupleShard {
                            table: RowTable::new(arity),
                            settled: 0,
                        })
                    })
                    .collect(),
            ),
        };
        RowSet {
            arity,
            len: 0,
            shards,
            examined: 0,
            shape,
        }
    }

    /// A set that will not grow.
    pub fn fixed(rows: SortedRows) -> RowSet {
        RowSet {
            arity: rows.rows().arity(),
            len: rows.len(),
            shards: 1,
            examined: 0,
            shape: Shape::Sorted(rows),
        }
    }

    pub fn arity(&self) -> usize {
        self.arity
    }

    /// Settled rows.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn bytes(&self) -> usize {
        match &self.shape {
            Shape::Nullary { .. } => 0,
            Shape::Sorted(rows) => rows.len() * self.arity * 4,
            Shape::Matrix(matrix) => matrix.bytes(),
            Shape::Pairs(shards) => shards.iter().map(|shard| shard.lock().table.bytes()).sum(),
            Shape::Tuples(shards) => shards.iter().map(|shard| shard.lock().table.bytes()).sum(),
        }
    }

    pub fn contains(&self, row: &[Code]) -> bool {
        match (&self.shape, row) {
            (Shape::Nullary { present }, _) => present.load(Relaxed),
            (Shape::Sorted(rows), _) => rows.contains(row),
            (Shape::Matrix(matrix), &[first, second]) => matrix.contains(first, second),
            (Shape::Matrix(matrix), &[only]) => matrix.contains(Code(0), only),
            (Shape::Pairs(shards), &[first, second]) => contains_pair(shards, pack(first, second)),
            (Shape::Pairs(shards), &[only]) => contains_pair(shards, pack(Code(0), only)),
            (Shape::Tuples(shards), _) => {
                let shard = shard_of(hash_row(row), shards.len());
                shards[shard].lock().table.find(row).is_some()
            }
            _ => false,
        }
    }

    /// All rows, in no particular order. None may be unsettled.
    pub fn to_rows(&self) -> Rows {
        match &self.shape {
            Shape::Nullary { present } => Rows::nullary(present.load(Relaxed)),
            Shape::Sorted(rows) => rows.rows().clone(),
            Shape::Matrix(matrix) => self.narrow(matrix.to_rows()),
            Shape::Pairs(shards) => {
                let mut keys = Vec::with_capacity(self.len);
                for shard in shards {
                    keys.extend(shard.lock().table.iter());
                }
                self.narrow(pairs_to_rows(&keys))
            }
            Shape::Tuples(shards) => {
                let mut rows = Rows::new(self.arity);
                for shard in shards {
                    let shard = shard.lock();
                    for number in 0..shard.table.len() as u32 {
                        rows.push(shard.table.row(number));
                    }
                }
                rows
            }
        }
    }

    /// The rows when they are at rest already.
    pub fn as_sorted(&self) -> Option<&SortedRows> {
        match &self.shape {
            Shape::Sorted(rows) => Some(rows),
            _ => None,
        }
    }

    /// Makes the rows added since the last call part of the set, and returns them. May change the set's shape.
    pub fn settle(&mut self) -> Rows {
        let fresh = match &mut self.shape {
            Shape::Nullary { present } => Rows::nullary(*present.get_mut() && self.len == 0),
            Shape::Sorted(rows) => Rows::new(rows.rows().arity()),
            Shape::Matrix(matrix) => {
                let (rows, strays) = matrix.settle();
                let rows = self.narrow(rows);
                return if strays.is_empty() {
                    self.count(rows)
                } else {
                    self.settle_strays(rows, strays)
                };
            }
            Shape::Pairs(shards) => {
                let mut keys = Vec::new();
                for shard in shards {
                    keys.append(&mut shard.get_mut().fresh);
                }
                pairs_to_rows(&keys)
            }
            Shape::Tuples(shards) => {
                let mut rows = Rows::new(self.arity);
                for shard in shards {
                    let shard = shard.get_mut();
                    for number in shard.settled..shard.table.len() as u32 {
                        rows.push(shard.table.row(number));
                    }
                    shard.settled = shard.table.len() as u32;
                }
                rows
            }
        };
        let pairs = matches!(self.shape, Shape::Pairs(_));
        let fresh = if pairs { self.narrow(fresh) } else { fresh };
        let fresh = self.count(fresh);
        if pairs && self.len >= self.examined * 2 && !fresh.is_empty() {
            self.examined = self.len;
            self.become_matrix_if_dense();
        }
        fresh
    }

    fn count(&mut self, fresh: Rows) -> Rows {
        self.len += fresh.len();
        fresh
    }

    /// Pairs that stand for single columns lose the first one.
    fn narrow(&self, pairs: Rows) -> Rows {
        if self.arity == 1 {
            Rows::from_columns(pairs.into_columns().split_off(1))
        } else {
            pairs
        }
    }

    /// Pairs fell off the matrix: widen it while it stays lean, fall back to a table otherwise.
    fn settle_strays(&mut self, mut fresh: Rows, strays: Vec<u64>) -> Rows {
        let Shape::Matrix(matrix) = &mut self.shape else {
            return fresh;
        };
        let (rows, columns) = matrix.axes();
        let rows = widen(rows, strays.iter().map(|&key| unpack(key).0));
        let columns = widen(columns, strays.iter().map(|&key| unpack(key).1));
        let len = self.len + fresh.len() + strays.len();
        if worth_a_matrix(rows, columns, len) {
            *matrix = matrix.grown(rows, columns, &strays);
            let (more, _) = matrix.settle();
            let more = self.narrow(more);
            fresh.append(&more);
        } else {
            let mut table = PairTable::default();
            let all = matrix.to_rows();
            let known: Vec<u64> = all
                .column(0)
                .iter()
                .zip(all.column(1))
                .map(|(&a, &b)| pack(a, b))
                .collect();
            table.insert_all(&known, &mut Vec::new());
            let mut more = Vec::new();
            table.insert_all(&strays, &mut more);
            self.shape = Shape::Pairs(split(table, self.shards));
            let more = self.narrow(pairs_to_rows(&more));
            fresh.append(&more);
        }
        self.count(fresh)
    }

    fn become_matrix_if_dense(&mut self) {
        let Shape::Pairs(shards) = &mut self.shape else {
            return;
        };
        let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
        for shard in shards.iter_mut() {
            for key in shard.get_mut().table.iter() {
                let (first, second) = unpack(key);
                for (at, code) in [first.0, second.0].into_iter().enumerate() {
                    low[at] = low[at].min(code);
                    high[at] = high[at].max(code);
                }
            }
        }
        let (rows, columns) = (
            Axis::spanning(low[0], high[0]),
            Axis::spanning(low[1], high[1]),
        );
        if worth_a_matrix(rows, columns, self.len) {
            let mut matrix = Matrix::new(rows, columns);
            for shard in shards.iter_mut() {
                for key in shard.get_mut().table.iter() {
                    let (first, second) = unpack(key);
                    matrix.insert::<Alone>(first, second);
                }
            }
            matrix.settle();
            self.shape = Shape::Matrix(matrix);
        }
    }
}

/// A table takes about 13 bytes a row; a matrix must not take more, unless it is small anyway.
fn worth_a_matrix(rows: Axis, columns: Axis, len: usize) -> bool {
    Matrix::bytes_for(rows, columns) <= SMALL_MATRIX.max(len as u64 * 13)
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

fn split(table: PairTable, shards: usize) -> Vec<Mutex<PairShard>> {
    if shards == 1 {
        return vec![Mutex::new(PairShard {
            table,
            fresh: Vec::new(),
        })];
    }
    let mut keys = vec![Vec::new(); shards];
    for key in table.iter() {
        keys[shard_of(hash(key), shards)].push(key);
    }
    keys.iter()
        .map(|keys| {
            let mut table = PairTable::default();
            table.insert_all(keys, &mut Vec::new());
            Mutex::new(PairShard {
                table,
                fresh: Vec::new(),
            })
        })
        .collect()
}

fn pairs_to_rows(keys: &[u64]) -> Rows {
    Rows::from_columns(vec![
        keys.iter().map(|&key| unpack(key).0).collect(),
        keys.iter().map(|&key| unpack(key).1).collect(),
    ])
}

fn contains_pair(shards: &[Mutex<PairShard>], key: u64) -> bool {
    shards[shard_of(hash(key), shards.len())]
        .lock()
        .table
        .contains(key)
}

/// Tables use the top bits of a hash for their slots, so shards go by others.
fn shard_of(hash: u64, shards: usize) -> usize {
    (hash >> 20) as usize & (shards - 1)
}

/// One thread's way into a set. What was pushed is in the set after [`Inserter::flush`].
pub struct Inserter<'a> {
    set: &'a RowSet,
    shared: bool,
    pairs: Vec<Vec<u64>>,
    tuples: Vec<Vec<Code>>,
    recent: Vec<u64>,
    pushed: u64,
}

impl<'a> Inserter<'a> {
    /// `shared`: other threads have inserters to the same set.
    pub fn new(set: &'a RowSet, shared: bool) -> Inserter<'a> {
        let (pairs, tuples) = match &set.shape {
            Shape::Pairs(shards) => (vec![Vec::new(); shards.len()], Vec::new()),
            Shape::Tuples(shards) => (Vec::new(), vec![Vec::new(); shards.len()]),
            _ => (Vec::new(), Vec::new()),
        };
        let recent = if pairs.is_empty() {
            Vec::new()
        } else {
            vec![u64::MAX; RECENT]
        };
        Inserter {
            set,
            shared,
            pairs,
            tuples,
            recent,
            pushed: 0,
        }
    }

    /// Adds `first` beside each of `seconds`. For sets of two columns.
    pub fn push_row(&mut self, first: Code, seconds: &[Code]) {
        self.pushed += seconds.len() as u64;
        match &self.set.shape {
            Shape::Matrix(matrix) if self.shared => matrix.insert_row::<Shared>(first, seconds),
            Shape::Matrix(matrix) => matrix.insert_row::<Alone>(first, seconds),
            Shape::Pairs(shards) => {
                for &second in seconds {
                    push_pair(
                        shards,
                        &mut self.pairs,
                        &mut self.recent,
                        pack(first, second),
                    );
                }
            }
            _ => {}
        }
    }

    /// Adds each of `firsts` beside `second`. For sets of two columns.
    pub fn push_column(&mut self, firsts: &[Code], second: Code) {
        self.pushed += firsts.len() as u64;
        match &self.set.shape {
            Shape::Matrix(matrix) => {
                for &first in firsts {
                    if self.shared {
                        matrix.insert::<Shared>(first, second);
                    } else {
                        matrix.insert::<Alone>(first, second);
                    }
                }
            }
            Shape::Pairs(shards) => {
                for &first in firsts {
                    push_pair(
                        shards,
                        &mut self.pairs,
                        &mut self.recent,
                        pack(first, second),
                    );
                }
            }
            _ => {}
        }
    }

    /// Adds `len` rows given column by column.
    pub fn push_columns(&mut self, columns: &[&[Code]], len: usize) {
        self.pushed += len as u64;
        match (&self.set.shape, columns) {
            (Shape::Nullary { present }, _) => {
                if len > 0 {
                    present.store(true, Relaxed);
                }
            }
            (Shape::Matrix(_), [only]) => {
                self.pushed -= len as u64;
                self.push_row(Code(0), only);
            }
            (Shape::Matrix(matrix), [firsts, seconds]) => {
                for (&first, &second) in firsts.iter().zip(*seconds) {
                    if self.shared {
                        matrix.insert::<Shared>(first, second);
                    } else {
                        matrix.insert::<Alone>(first, second);
                    }
                }
            }
            (Shape::Pairs(shards), [only]) => {
                for &code in *only {
                    push_pair(
                        shards,
                        &mut self.pairs,
                        &mut self.recent,
                        pack(Code(0), code),
                    );
                }
            }
            (Shape::Pairs(shards), [firsts, seconds]) => {
                for (&first, &second) in firsts.iter().zip(*seconds) {
                    push_pair(
                        shards,
                        &mut self.pairs,
                        &mut self.recent,
                        pack(first, second),
                    );
                }
            }
            (Shape::Tuples(shards), _) => {
                let mut row = vec![Code::default(); columns.len()];
                for at in 0..len {
                    for (code, column) in row.iter_mut().zip(columns) {
                        *code = column[at];
                    }
                    let shard = shard_of(hash_row(&row), shards.len());
                    let buffer = &mut self.tuples[shard];
                    buffer.extend_from_slice(&row);
                    if buffer.len() >= BUFFER * columns.len() {
                        flush_tuples(&shards[shard], buffer, columns.len());
                    }
                }
            }
            (Shape::Sorted(_) | Shape::Matrix(_) | Shape::Pairs(_), _) => {}
        }
    }

    /// Rows pushed so far, duplicates included.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    pub fn flush(&mut self) {
        match &self.set.shape {
            Shape::Pairs(shards) => {
                for (shard, buffer) in shards.iter().zip(&mut self.pairs) {
                    flush_pairs(shard, buffer);
                }
            }
            Shape::Tuples(shards) => {
                for (shard, buffer) in shards.iter().zip(&mut self.tuples) {
                    flush_tuples(shard, buffer, self.set.arity);
                }
            }
            _ => {}
        }
    }
}

fn push_pair(shards: &[Mutex<PairShard>], buffers: &mut [Vec<u64>], recent: &mut [u64], key: u64) {
    let hash = hash(key);
    let slot = &mut recent[(hash >> 54) as usize & (RECENT - 1)];
    if *slot == key {
        return;
    }
    *slot = key;
    let at = shard_of(hash, shards.len());
    let buffer = &mut buffers[at];
    buffer.push(key);
    if buffer.len() >= BUFFER {
        flush_pairs(&shards[at], buffer);
    }
}

fn flush_pairs(shard: &Mutex<PairShard>, buffer: &mut Vec<u64>) {
    if !buffer.is_empty() {
        let PairShard { table, fresh } = &mut *shard.lock();
        table.insert_all(buffer, fresh);
        buffer.clear();
    }
}

fn flush_tuples(shard: &Mutex<TupleShard>, buffer: &mut Vec<Code>, arity: usize) {
    if !buffer.is_empty() {
        let mut shard = shard.lock();
        for row in buffer.chunks_exact(arity) {
            shard.table.insert(row);
        }
        buffer.clear();
    }
}
