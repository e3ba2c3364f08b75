//! A set of rows that grows by rounds and takes the shape that suits its rows.

mod amend;
mod amended;
mod differ;
mod folded;
mod latest;
mod reshape;
#[cfg(test)]
mod tests;

use amended::Amended;
use folded::Folded;
pub use latest::Latest;
use latest::{Shard, settle_shards};

use super::dense_core::DenseCore;
use super::groups::Groups;
use super::matrix::Matrix;
use super::partition::Partition;
use super::table::{PairTable, RowTable, hash, hash_row, pack, unpack};
use super::{Code, Company, Inserter, Rows, SortedRows};
use parking_lot::RwLock;
use rayon::ThreadPool;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Rows from which on a table is divided among its writers.
const MANY_FOR_ONE: usize = if cfg!(test) { 10 } else { 1 << 14 };
/// Rows for which room is made on the word of an estimate.
const MOST_AHEAD: usize = 1 << 17;
/// Room for so many codes or pairs is kept whether it is used or not.
const MUCH_ROOM: usize = if cfg!(test) { 4 } else { 1 << 12 };
/// Rows or slots that a scan passes over at a time.
const UNIT: usize = if cfg!(test) { 2 } else { 1024 };

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
    /// Beside a table of wider rows: those that it has not.
    pub(super) folded: Option<Box<Folded>>,
    /// See [`RowSet::divide`].
    ways: Box<[Box<[usize]>]>,
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
    fn new(arity: usize) -> TupleShard {
        TupleShard {
            table: RowTable::new(arity),
            settled: 0,
        }
    }

    fn several(shards: usize, arity: usize) -> impl Iterator<Item = TupleShard> {
        (0..shards).map(move |_| TupleShard::new(arity))
    }

    fn units(&self) -> usize {
        self.table.len().div_ceil(UNIT)
    }

    /// Calls back with pieces of the columns of some units.
    fn visit(&self, units: Range<usize>, arity: usize, act: &mut dyn FnMut(&[&[Code]], usize)) {
        let mut columns = vec![Vec::new(); arity];
        for unit in units {
            let range = unit * UNIT..((unit + 1) * UNIT).min(self.table.len());
            columns.iter_mut().for_each(Vec::clear);
            for number in range.clone() {
                let row = self.table.row(number as u32);
                for (column, &code) in columns.iter_mut().zip(row) {
                    column.push(code);
                }
            }
            let pieces: Vec<&[Code]> = columns.iter().map(Vec::as_slice).collect();
            act(&pieces, range.len());
        }
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
            folded: None,
            ways: Box::default(),
        }
    }

    /// [`RowSet::spread`] where there are many rows.
    pub fn spread_many(&mut self) {
        if self.len >= MANY_FOR_ONE {
            self.spread();
        }
        if let Some(folded) = &mut self.folded {
            folded.pairs.spread_many();
        }
    }

    /// Divides the rows of a table into as many shards as its writers want, so that they seldom meet. None may be unsettled.
    pub fn spread(&mut self) {
        let several = self.shards;
        match &mut self.shape {
            Shape::Pairs(shards) if shards.len() < several => {
                let mut pairs: Vec<Vec<u64>> = vec![Vec::new(); several];
                for shard in shards.iter_mut() {
                    for key in std::mem::take(&mut shard.get_mut().table).iter() {
                        pairs[shard_of_pair(key, several)].push(key);
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

    /// Prepares an empty set for its first candidates.
    pub fn prepare(&mut self, candidates: f64, shared: bool) {
        if candidates < MANY_FOR_ONE as f64 || self.len > 0 || self.unsettled() > 0 {
            return;
        }
        if shared {
            self.spread();
        }
        self.reserve((candidates as usize).min(MOST_AHEAD));
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
            folded: None,
            ways: Box::default(),
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
            folded: None,
            ways: Box::default(),
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
                let folded = self.folded.as_ref();
                folded
                    .and_then(|folded| folded.contains(row))
                    .unwrap_or_else(|| {
                        let shard = shard_of(hash_row(row), shards.len());
                        shards[shard].read().table.find(row).is_some()
                    })
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
            Shape::Tuples(shards) => {
                let table: usize = shards.iter().map(|shard| shard.read().unsettled()).sum();
                let folded = self.folded.as_ref();
                table + folded.map_or(0, |folded| folded.pairs.unsettled())
            }
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
            Shape::Tuples(shards) => {
                settle_shards(shards, &mut self.latest, self.arity, pool);
                if let Some(folded) = &mut self.folded {
                    folded.pairs.settle(grows, pool);
                }
            }
        }
        if !strays.is_empty() {
            self.settle_strays(&strays);
        }
        let fresh = self.latest().row_count();
        self.len += fresh;
        if grows && fresh > 0 && self.is_to_be_examined() {
            self.examined = self.len;
            *self.offered.get_mut() = 0;
            self.reshape(pool);
        }
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
        if let Some(folded) = &mut self.folded {
            folded.forget_latest();
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
        if let Some(folded) = &mut self.folded {
            folded.pairs.rest();
        }
        self.latest = Vec::new();
        self.whole = false;
    }

    /// [`RowSet::settle`] where memory is short: there are no latest rows, and pairs off a matrix are dropped.
    pub fn settle_in_place(&mut self) {
        self.drop_strays();
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
            Shape::Tuples(shards) => {
                shards.iter_mut().for_each(|shard| {
                    let shard = shard.get_mut();
                    shard.settled = shard.table.len() as u32;
                });
                if let Some(folded) = &mut self.folded {
                    folded.pairs.settle_in_place();
                }
            }
        }
    }

    fn drop_strays(&mut self) {
        if let Shape::Matrix(matrix) = &mut self.shape {
            matrix.drop_strays();
        }
        if let Some(folded) = &mut self.folded {
            folded.pairs.drop_strays();
        }
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
            Shape::Tuples(shards) => {
                let folded = self.folded.as_ref();
                tuple_units(shards) + folded.map_or(0, |folded| folded.pairs.units())
            }
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
                each_in_shards(shards, units.clone(), TupleShard::units, |shard, pieces| {
                    shard.visit(pieces, self.arity, act);
                });
                if let Some(folded) = &self.folded {
                    let before = tuple_units(shards);
                    let units = units.start.max(before)..units.end.max(before);
                    let units = units.start - before..units.end - before;
                    folded.visit(&folded.pairs, units, act);
                }
            }
        }
    }
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

fn table_units(shards: &[RwLock<PairShard>]) -> usize {
    shards.iter().map(|shard| shard.read().units()).sum()
}

fn tuple_units(shards: &[RwLock<TupleShard>]) -> usize {
    shards.iter().map(|shard| shard.read().units()).sum()
}

fn contains_pair(shards: &[RwLock<PairShard>], key: u64) -> bool {
    shards[shard_of_pair(key, shards.len())]
        .read()
        .table
        .contains(key)
}

/// Tables use the top bits of a hash for their slots, so shards go by others.
pub(super) fn shard_of(hash: u64, shards: usize) -> usize {
    (hash >> 20) as usize & (shards - 1)
}

/// Pairs that come one after the other mostly have their first code in common, and most likely so will what is derived from
/// them: they stay together in one shard, in the order in which they came. Those of a first code with very many pairs do
/// not, lest one shard had them all.
pub(super) fn shard_of_pair(key: u64, shards: usize) -> usize {
    shard_of(hash(key >> 16), shards)
}

pub(super) fn shard_of_first(first: Code, shards: usize) -> usize {
    shard_of(hash(u64::from(first.0)), shards)
}
