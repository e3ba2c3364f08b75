//! A thread's way into a set of rows.

use super::Code;
use super::dense_core::DenseCore;
use super::fold::Fold;
use super::groups::Groups;
use super::marks::Marks;
use super::matrix::{Alone, Apart, Shared};
use super::radix;
use super::set::{PairShard, RowSet, Shape, TupleShard, shard_of, shard_of_first, shard_of_pair};
use super::table::{hash, hash_row, pack};
use parking_lot::{RwLock, RwLockWriteGuard};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// Candidates gathered for one shard before its lock is taken.
const BUFFER: usize = if cfg!(test) { 3 } else { 2048 };
/// Room for candidates of a shard to begin with: there are many shards, and growing from nothing is dear for each.
const FIRST: usize = 256;
/// The same where candidates are brought together by first code: the more there are, the longer the groups.
const GROUP_BUFFER: usize = if cfg!(test) { 5 } else { 1 << 16 };
/// A shard that somebody else fills is asked for again after this many candidates more.
const RETRY: usize = if cfg!(test) { 1 } else { 256 };
/// Buffers may be so many times as long as they should be before their owner waits for the shard.
const PATIENCE: usize = 4;
/// Candidates gathered before it is asked whether that pays.
const TRIED: u64 = if cfg!(test) { 20 } else { 1 << 14 };
/// Candidates gathered at most.
const GATHERED: usize = if cfg!(test) { 5 } else { 1 << 16 };
/// Rows that are folded together.
const FOLDED: usize = if cfg!(test) { 4 } else { 2048 };
/// Candidates remembered, so that the commonest duplicates never reach the set. A power of two.
const RECENT: usize = 8192;

/// Who else has an inserter to the same set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nobody.
    Alone,
    /// Others, who push no row with the same first code.
    Apart,
    Shared,
}

/// What was pushed is in the set after [`Inserter::flush`].
pub struct Inserter<'a> {
    set: &'a RowSet,
    company: Company,
    pairs: Vec<Vec<u64>>,
    tuples: Vec<Vec<Code>>,
    /// By hash. Empty until enough was pushed to be worth it.
    recent: Vec<u64>,
    scratch: Vec<u64>,
    /// Codes of pairs that are not for the core of the set.
    others: Vec<Code>,
    marks: Marks,
    /// Of rows that are kept as pairs.
    folded: Option<Box<Folding<'a>>>,
    /// Until it turns out that little repeats.
    gathered: Option<Gathered>,
    pushed: u64,
}

/// The way of rows of three columns and more into pairs.
struct Folding<'a> {
    fold: &'a Fold,
    pairs: Inserter<'a>,
    /// Scratch.
    codes: [Vec<Code>; 2],
}

/// Candidates that agree on one column and come one after the other: each is passed on once.
struct Gathered {
    /// They agree on the first column; or on the second.
    on_first: bool,
    common: Code,
    others: Vec<Code>,
    marks: Marks,
    taken: u64,
    passed: u64,
}

impl Gathered {
    /// Whether enough candidates were told to be repetitions.
    fn pays(&self) -> bool {
        self.taken < TRIED || self.passed * 8 < self.taken * 7
    }
}

impl<'a> Inserter<'a> {
    pub fn new(set: &'a RowSet, company: Company) -> Inserter<'a> {
        let (pairs, tuples) = match &set.shape {
            Shape::Pairs(shards) => (shards.len(), 0),
            Shape::Groups(shards) => (shards.len(), 0),
            Shape::Tuples(shards) => (0, shards.len()),
            Shape::Nullary { .. }
            | Shape::Sorted(_)
            | Shape::Classes(_)
            | Shape::Matrix(_)
            | Shape::Amended(_) => (0, 0),
        };
        Inserter {
            set,
            company,
            pairs: vec![Vec::new(); pairs],
            tuples: vec![Vec::new(); tuples],
            recent: Vec::new(),
            scratch: Vec::new(),
            others: Vec::new(),
            marks: Marks::default(),
            folded: set.folded.as_ref().map(|folded| {
                Box::new(Folding {
                    fold: &folded.fold,
                    pairs: Inserter::new(
                        &folded.pairs,
                        match company {
                            Company::Alone => Company::Alone,
                            // Rows that differ in their first codes may agree on those of their pairs.
                            Company::Apart | Company::Shared => Company::Shared,
                        },
                    ),
                    codes: [Vec::new(), Vec::new()],
                })
            }),
            gathered: (pairs > 0).then(|| Gathered {
                on_first: true,
                common: Code::default(),
                others: Vec::new(),
                marks: Marks::default(),
                taken: 0,
                passed: 0,
            }),
            pushed: 0,
        }
    }

    /// Adds `first` beside each of `seconds`. For sets of one column (`first` is code 0) or two.
    pub fn push_row(&mut self, first: Code, seconds: &[Code]) {
        self.pushed += seconds.len() as u64;
        let Some(core) = &self.set.core else {
            return self.push_row_apart(first, seconds);
        };
        let mut others = std::mem::take(&mut self.others);
        others.clear();
        let in_core = match self.company {
            Company::Alone => core.insert_row::<Alone>(first, seconds, &mut others),
            Company::Apart => core.insert_row::<Apart>(first, seconds, &mut others),
            Company::Shared => core.insert_row::<Shared>(first, seconds, &mut others),
        };
        self.push_row_apart(first, if in_core { &others } else { seconds });
        self.others = others;
    }

    /// [`Inserter::push_row`] of what is not for a core.
    fn push_row_apart(&mut self, first: Code, seconds: &[Code]) {
        if seconds.is_empty() || self.gather(true, first, seconds) {
            return;
        }
        match &self.set.shape {
            Shape::Matrix(matrix) => match self.company {
                Company::Alone => matrix.insert_row::<Alone>(first, seconds),
                Company::Apart => matrix.insert_row::<Apart>(first, seconds),
                Company::Shared => matrix.insert_row::<Shared>(first, seconds),
            },
            Shape::Groups(shards) => {
                let at = shard_of_first(first, shards.len());
                seconds
                    .iter()
                    .for_each(|&second| self.push_grouped(shards, at, pack(first, second)));
            }
            Shape::Pairs(shards) => {
                seconds
                    .iter()
                    .for_each(|&second| self.push_pair(shards, pack(first, second)));
            }
            Shape::Nullary { .. }
            | Shape::Sorted(_)
            | Shape::Classes(_)
            | Shape::Tuples(_)
            | Shape::Amended(_) => {}
        }
    }

    /// Adds each of `firsts` beside `second`. For sets of two columns.
    pub fn push_column(&mut self, firsts: &[Code], second: Code) {
        self.pushed += firsts.len() as u64;
        let mut others = std::mem::take(&mut self.others);
        others.clear();
        let core = self.set.core.as_ref();
        let in_core = core.is_some_and(|core| match self.company {
            Company::Alone => core.insert_column::<Alone>(firsts, second, &mut others),
            Company::Apart => core.insert_column::<Apart>(firsts, second, &mut others),
            Company::Shared => core.insert_column::<Shared>(firsts, second, &mut others),
        });
        let firsts = if in_core { &others } else { firsts };
        if !firsts.is_empty() && !self.gather(false, second, firsts) {
            self.push_pairs(firsts.iter().map(|&first| (first, second)));
        }
        self.others = others;
    }

    /// Adds `len` rows given column by column.
    pub fn push_columns(&mut self, columns: &[&[Code]], len: usize) {
        match (&self.set.shape, columns) {
            (Shape::Nullary { present }, _) => {
                self.pushed += len as u64;
                if len > 0 {
                    present.store(true, Relaxed);
                }
            }
            (Shape::Tuples(shards), _) => {
                self.pushed += len as u64;
                match self.folded.take() {
                    Some(mut folding) => {
                        for start in (0..len).step_by(FOLDED) {
                            let rows = start..(start + FOLDED).min(len);
                            self.push_folded(shards, &mut folding, columns, rows);
                        }
                        self.folded = Some(folding);
                    }
                    None => self.push_tuples(shards, columns, 0..len),
                }
            }
            (_, [only]) => self.push_row(Code(0), only),
            (_, [firsts, seconds]) => {
                self.pushed += len as u64;
                let pairs = firsts.iter().copied().zip(seconds.iter().copied());
                match &self.set.core {
                    None => self.push_pairs(pairs),
                    Some(core) => {
                        let company = self.company;
                        self.push_pairs(
                            pairs.filter(|&(first, second)| {
                                !insert_into(core, company, first, second)
                            }),
                        );
                    }
                }
            }
            _ => {}
        }
    }

    /// Rows pushed so far, duplicates included.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// To be called once, at the end.
    pub fn flush(&mut self) {
        self.pass_on();
        self.set.offered.fetch_add(self.pushed, Relaxed);
        match &self.set.shape {
            Shape::Pairs(shards) => in_turn(shards, filled(&self.pairs), |shard, at| {
                flush_pairs(shard, &mut self.pairs[at])
            }),
            Shape::Groups(shards) => in_turn(shards, filled(&self.pairs), |shard, at| {
                self.flush_groups(shard, at)
            }),
            Shape::Tuples(shards) => {
                in_turn(shards, filled(&self.tuples), |shard, at| {
                    flush_tuples(shard, &mut self.tuples[at])
                });
                if let Some(folding) = &mut self.folded {
                    folding.pairs.flush();
                }
            }
            Shape::Nullary { .. }
            | Shape::Sorted(_)
            | Shape::Classes(_)
            | Shape::Matrix(_)
            | Shape::Amended(_) => {}
        }
    }

    /// False: these candidates are not gathered.
    fn gather(&mut self, on_first: bool, common: Code, others: &[Code]) -> bool {
        let Some(gathered) = &self.gathered else {
            return false;
        };
        let goes_on = gathered.on_first == on_first && gathered.common == common;
        if !goes_on || gathered.others.len() >= GATHERED {
            self.pass_on();
        }
        let Some(gathered) = &mut self.gathered else {
            return false;
        };
        (gathered.on_first, gathered.common) = (on_first, common);
        gathered.taken += others.len() as u64;
        for &code in others {
            if !Marks::hold(code) || gathered.marks.set(code) {
                gathered.others.push(code);
            }
        }
        true
    }

    /// Sends what is gathered on its way.
    fn pass_on(&mut self) {
        let Some(mut gathered) = self.gathered.take() else {
            return;
        };
        gathered.marks.clear(&gathered.others);
        gathered.passed += gathered.others.len() as u64;
        let common = gathered.common;
        for other in gathered.others.drain(..) {
            let (first, second) = match gathered.on_first {
                true => (common, other),
                false => (other, common),
            };
            match &self.set.shape {
                Shape::Groups(shards) => {
                    let at = shard_of_first(first, shards.len());
                    self.push_grouped(shards, at, pack(first, second));
                }
                Shape::Pairs(shards) => self.push_pair(shards, pack(first, second)),
                _ => {}
            }
        }
        self.gathered = Some(gathered).filter(Gathered::pays);
    }

    fn push_pairs(&mut self, pairs: impl Iterator<Item = (Code, Code)>) {
        match &self.set.shape {
            Shape::Matrix(matrix) => match self.company {
                Company::Alone => pairs.for_each(|(a, b)| matrix.insert::<Alone>(a, b)),
                Company::Apart => pairs.for_each(|(a, b)| matrix.insert::<Apart>(a, b)),
                Company::Shared => pairs.for_each(|(a, b)| matrix.insert::<Shared>(a, b)),
            },
            Shape::Groups(shards) => {
                for (first, second) in pairs {
                    self.push_grouped(
                        shards,
                        shard_of_first(first, shards.len()),
                        pack(first, second),
                    );
                }
            }
            Shape::Pairs(shards) => {
                pairs.for_each(|(first, second)| self.push_pair(shards, pack(first, second)))
            }
            Shape::Nullary { .. }
            | Shape::Sorted(_)
            | Shape::Classes(_)
            | Shape::Tuples(_)
            | Shape::Amended(_) => {}
        }
    }

    /// Whether a candidate was pushed a short while ago.
    fn is_recent(&mut self, hash: u64, key: u64) -> bool {
        match self.recent.get_mut((hash >> 48) as usize & (RECENT - 1)) {
            Some(slot) => std::mem::replace(slot, key) == key,
            None => false,
        }
    }

    fn remember(&mut self) {
        if self.recent.is_empty() {
            self.recent = vec![u64::MAX; RECENT];
        }
    }

    fn push_pair(&mut self, shards: &[RwLock<PairShard>], key: u64) {
        let hash = hash(key);
        if self.is_recent(hash, key) {
            return;
        }
        let at = shard_of_pair(key, shards.len());
        let buffer = &mut self.pairs[at];
        if buffer.capacity() == 0 {
            buffer.reserve_exact(FIRST);
        }
        buffer.push(key);
        if let Some(shard) = due(buffer.len(), BUFFER, &shards[at]) {
            flush_pairs(shard, buffer);
            self.remember();
        }
    }

    fn push_grouped(&mut self, shards: &[RwLock<Groups>], at: usize, key: u64) {
        if self.is_recent(hash(key), key) {
            return;
        }
        self.pairs[at].push(key);
        let limit = GROUP_BUFFER / shards.len() + BUFFER;
        if let Some(shard) = due(self.pairs[at].len(), limit, &shards[at]) {
            self.flush_groups(shard, at);
            self.remember();
        }
    }

    fn push_tuples(
        &mut self,
        shards: &[RwLock<TupleShard>],
        columns: &[&[Code]],
        rows: Range<usize>,
    ) {
        let mut row = vec![Code::default(); columns.len()];
        for at in rows {
            for (code, column) in row.iter_mut().zip(columns) {
                *code = column[at];
            }
            self.push_tuple(shards, &row);
        }
    }

    fn push_tuple(&mut self, shards: &[RwLock<TupleShard>], row: &[Code]) {
        let shard = shard_of(hash_row(row), shards.len());
        let buffer = &mut self.tuples[shard];
        buffer.extend_from_slice(row);
        if let Some(shard) = due(buffer.len() / row.len(), BUFFER, &shards[shard]) {
            flush_tuples(shard, buffer);
        }
    }

    fn push_folded(
        &mut self,
        shards: &[RwLock<TupleShard>],
        folding: &mut Folding,
        columns: &[&[Code]],
        rows: Range<usize>,
    ) {
        let Folding { fold, pairs, codes } = folding;
        if fold.pairs(columns, rows.clone(), codes) {
            return pairs.push_columns(&[&codes[0], &codes[1]], rows.len());
        }
        codes.iter_mut().for_each(Vec::clear);
        let mut row = vec![Code::default(); columns.len()];
        for at in rows {
            for (code, column) in row.iter_mut().zip(columns) {
                *code = column[at];
            }
            match fold.pair(&row) {
                Some(pair) => (0..2).for_each(|half| codes[half].push(pair[half])),
                None => self.push_tuple(shards, &row),
            }
        }
        pairs.push_columns(&[&codes[0], &codes[1]], codes[0].len());
    }

    /// Whether [`Inserter::push_line`] is quicker than pushing whole rows.
    pub fn takes_lines(&self) -> bool {
        self.folded.is_some()
    }

    /// Adds rows that are as `row` but for the column `at`, which has each of `codes`. For sets that take lines.
    pub fn push_line(&mut self, row: &mut [Code], at: usize, codes: &[Code]) {
        let (Some(mut folding), Shape::Tuples(shards)) = (self.folded.take(), &self.set.shape)
        else {
            return;
        };
        self.pushed += codes.len() as u64;
        let line = folding.fold.line(row, at);
        let Folding {
            pairs,
            codes: [folded, _],
            ..
        } = &mut *folding;
        folded.clear();
        for &code in codes {
            match line.and_then(|line| line.at(code)) {
                Some(code) => folded.push(code),
                None => {
                    row[at] = code;
                    self.push_tuple(shards, row);
                }
            }
        }
        if let Some(line) = line {
            let [first, second] = line.pair;
            match line.half {
                0 => pairs.push_column(folded, second),
                _ => pairs.push_row(first, folded),
            }
        }
        self.folded = Some(folding);
    }

    fn flush_groups(&mut self, mut shard: RwLockWriteGuard<Groups>, at: usize) {
        let buffer = &mut self.pairs[at];
        radix::sort_by_first(buffer, &mut self.scratch);
        shard.insert_grouped(buffer, &mut self.marks);
        buffer.clear();
    }
}

/// False when the pair is not for the core.
fn insert_into(core: &DenseCore, company: Company, first: Code, second: Code) -> bool {
    match company {
        Company::Alone => core.insert::<Alone>(first, second),
        Company::Apart => core.insert::<Apart>(first, second),
        Company::Shared => core.insert::<Shared>(first, second),
    }
}

/// The shard of a buffer that is full, unless somebody else has it and the buffer can wait.
fn due<S>(len: usize, limit: usize, shard: &RwLock<S>) -> Option<RwLockWriteGuard<'_, S>> {
    if len < limit || !(len - limit).is_multiple_of(RETRY) {
        None
    } else if len < limit * PATIENCE {
        shard.try_write()
    } else {
        Some(shard.write())
    }
}

fn filled<T>(buffers: &[Vec<T>]) -> Vec<usize> {
    let filled = buffers.iter().enumerate();
    filled
        .filter(|(_, buffer)| !buffer.is_empty())
        .map(|(at, _)| at)
        .collect()
}

/// Takes the shards one by one, those first that nobody else has.
fn in_turn<'a, S>(
    shards: &'a [RwLock<S>],
    mut wanted: Vec<usize>,
    mut act: impl FnMut(RwLockWriteGuard<'a, S>, usize),
) {
    wanted.retain(|&at| match shards[at].try_write() {
        Some(shard) => {
            act(shard, at);
            false
        }
        None => true,
    });
    for at in wanted {
        act(shards[at].write(), at);
    }
}

fn flush_pairs(mut shard: RwLockWriteGuard<PairShard>, buffer: &mut Vec<u64>) {
    let PairShard { table, fresh } = &mut *shard;
    table.insert_all(buffer, fresh);
    buffer.clear();
}

fn flush_tuples(mut shard: RwLockWriteGuard<TupleShard>, buffer: &mut Vec<Code>) {
    shard.table.insert_all(buffer);
    buffer.clear();
}
