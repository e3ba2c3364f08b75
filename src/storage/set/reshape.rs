//! Which shape suits the rows of a set: looked at between rounds, whenever they have become many more.

use super::{PairShard, RowSet, RowSource, Shape, shard_of_first, shard_of_pair};
use crate::storage::dense_core::{Census, DenseCore, TABLE_BYTES};
use crate::storage::groups::Groups;
use crate::storage::matrix::{Alone, Axis, Matrix, Shared};
use crate::storage::table::{pack, unpack};
use crate::storage::{Code, Rows};
use parking_lot::RwLock;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A matrix of at most this many bytes is worth it for few rows too, ...
const SMALL_MATRIX: u64 = if cfg!(test) { 64 } else { 1 << 20 };
/// ... as long as it takes no more than so many for each: what is never looked at has to be cleared all the same.
const BYTES_TO_CLEAR: u64 = 1 << 10;
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
/// Rows below which one thread goes through them as fast as several.
const MANY_TO_VISIT: usize = if cfg!(test) { 4 } else { 1 << 14 };

impl RowSet {
    /// Pairs fell off the matrix: widen it while it stays lean, fall back to a table otherwise. They join the latest rows.
    pub(super) fn settle_strays(&mut self, strays: &[u64]) {
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
        let rows = rows.widened(strays.iter().map(|&key| unpack(key).0));
        let columns = columns.widened(strays.iter().map(|&key| unpack(key).1));
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
                shards[shard_of_pair(key, self.shards)].fresh.push(key);
            }
        }
        for shard in &mut shards {
            let known = std::mem::take(&mut shard.fresh);
            shard.table.insert_all(&known, &mut Vec::new());
        }
        for &key in strays {
            shards[shard_of_pair(key, self.shards)]
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
        if let Some(folded) = &mut self.folded {
            return folded.pairs.expect(candidates, pool);
        }
        let spread = matches!(self.shape, Shape::Pairs(_) | Shape::Groups(_));
        if spread && self.arity == 2 && self.len > 0 && candidates > self.span / CELLS {
            let (rows, columns) = self.spans(pool);
            self.span = Matrix::cells_for(rows, columns);
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
        let mut matrix = Matrix::new(rows, columns, pool);
        // The latest pairs first: settling them tells which they are.
        insert_on(pool, &self.latest(), &matrix);
        matrix.settle(pool);
        if self.latest().row_count() < self.len {
            insert_on(pool, self, &matrix);
            matrix.absorb(pool);
        }
        self.latest = Vec::new();
        self.shape = Shape::Matrix(matrix);
        self.core = None;
    }

    /// Whether it is likely that another shape suits the rows by now, and that it would soon make up for looking.
    pub(super) fn is_to_be_examined(&mut self) -> bool {
        let repetitive = *self.offered.get_mut() > self.len as u64 * REPETITIVE;
        self.len >= self.examined * 2 || repetitive && self.len > self.examined * 3 / 2
    }

    /// Looks whether another shape suits the rows better than the hash table they start in.
    pub(super) fn reshape(&mut self, pool: Option<&ThreadPool>) {
        match self.shape {
            Shape::Pairs(_) => {}
            Shape::Tuples(_) => return self.fold(pool),
            _ => return,
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
        let core = census.core(&|act| self.visit_pairs(pool, act), least, pool);
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
            let move_on = |units: Range<usize>| {
                let mut others: Vec<u64> = Vec::new();
                old.visit(units, &mut |these, those| {
                    let pairs = these.iter().zip(those);
                    let pairs = pairs.filter(|&(&a, &b)| !core.insert::<Shared>(a, b));
                    others.extend(pairs.map(|(&a, &b)| pack(a, b)));
                });
                others
            };
            let units = old.units();
            let others = match pool {
                Some(pool) => pool.install(|| {
                    let parts = pieces(units, pool).into_par_iter();
                    parts.flat_map_iter(move_on).collect()
                }),
                None => move_on(0..units),
            };
            let mut by_shard: Vec<Vec<u64>> = vec![Vec::new(); shards.len()];
            for key in others {
                by_shard[shard_of_pair(key, shards.len())].push(key);
            }
            for (shard, others) in shards.iter_mut().zip(by_shard) {
                shard.get_mut().table.insert_all(&others, &mut Vec::new());
            }
        }
        core.begin(pool);
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

/// Goes through rows, on all threads of a pool where they are many.
fn visit_on(
    pool: Option<&ThreadPool>,
    rows: &dyn RowSource,
    act: &(dyn Fn(&[&[Code]], usize) + Sync),
) {
    let Some(pool) = pool.filter(|_| rows.row_count() >= MANY_TO_VISIT) else {
        return rows.visit(&mut |columns, len| act(columns, len));
    };
    pool.install(|| {
        let pieces = pieces(rows.units(), pool).into_par_iter();
        pieces.for_each(|units| rows.visit_units(units, &mut |columns, len| act(columns, len)));
    });
}

/// Units in several parts for each thread.
fn pieces(units: usize, pool: &ThreadPool) -> Vec<Range<usize>> {
    let step = units.div_ceil(pool.current_num_threads() * 8).max(1);
    let starts = (0..units).step_by(step);
    starts
        .map(|start| start..(start + step).min(units))
        .collect()
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

/// A matrix must not take more, unless it is small anyway.
fn worth_a_matrix(rows: Axis, columns: Axis, len: usize) -> bool {
    let small = SMALL_MATRIX.min(len as u64 * BYTES_TO_CLEAR);
    Matrix::bytes_for(rows, columns) <= small.max(len as u64 * TABLE_BYTES)
}
