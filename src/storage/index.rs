//! Rows grouped by some of their columns.

mod amend;
mod amended;
mod marked;
mod ordered;
mod shared;

use self::amended::Amended;
use self::marked::Marks;
use super::table::{KeyTable, RowTable, pack};
use super::{Code, Partition, RowSource, Rows, SortedRows};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::Arc;

/// A dense range of keys may be this much longer than the number of keys before a hash table is leaner.
const SPARSE: usize = 8;

/// Rows whose runs one thread notes at a time.
const RUNS: usize = if cfg!(test) { 4 } else { 1 << 15 };

/// The rows of a relation by key: for each key, the payload columns of its rows, row after row.
///
/// A key whose room is full moves to one of the next power of two, so adding is O(1) amortised; what it leaves serves
/// the next key that needs as much. Keys are found through an offset table when they are dense numbers, and by hashing
/// otherwise.
#[derive(Clone)]
pub struct Index {
    key: Vec<usize>,
    payload: Vec<usize>,
    locate: Locate,
    slots: Vec<Slot>,
    arena: Arena,
    /// Rooms that keys moved out of, by the power of two that fits in.
    vacant: Vec<Vec<u32>>,
    rows: usize,
    /// Entries are single codes that ascend.
    ordered: bool,
}

/// Where one key's rows lie: `start` and `room` count payload rows.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    start: u32,
    len: u32,
    room: u32,
}

impl Slot {
    /// Moves to a larger room.
    fn relocate(&mut self, arena: &mut Vec<Code>, stride: usize, vacant: &mut Vec<Vec<u32>>) {
        let room = (self.room + 1).next_power_of_two().max(2);
        let old = self.start as usize * stride..(self.start + self.len) as usize * stride;
        let left = vacant.get_mut(room.ilog2() as usize).and_then(Vec::pop);
        let start = match left {
            Some(start) => {
                arena.copy_within(old, start as usize * stride);
                start
            }
            None => {
                let end = arena.len() / stride;
                arena.extend_from_within(old);
                arena.resize((end + room as usize) * stride, Code::default());
                end as u32
            }
        };
        if let Some(class) = self.room.checked_ilog2().map(|class| class as usize) {
            if vacant.len() <= class {
                vacant.resize(class + 1, Vec::new());
            }
            vacant[class].push(self.start);
        }
        (self.start, self.room) = (start, room);
    }
}

/// Where entries lie.
#[derive(Clone)]
enum Arena {
    Own(Vec<Code>),
    /// Several keys have the same entries.
    Shared(Vec<Code>),
    /// A column of sorted rows, whose entries lie together as they are.
    Column(Arc<Rows>, usize),
}

impl Arena {
    fn codes(&self) -> &[Code] {
        match self {
            Arena::Own(codes) | Arena::Shared(codes) => codes,
            Arena::Column(rows, column) => rows.column(*column),
        }
    }

    /// What is shared, with sorted rows or between keys, is copied before it is written to.
    fn own(&mut self, slots: &mut [Slot], stride: usize) -> &mut Vec<Code> {
        loop {
            match self {
                Arena::Own(codes) => return codes,
                Arena::Column(rows, column) => *self = Arena::Own(rows.column(*column).to_vec()),
                Arena::Shared(codes) => {
                    let mut own = Vec::new();
                    for slot in &mut *slots {
                        let entry =
                            slot.start as usize * stride..(slot.start + slot.len) as usize * stride;
                        (slot.start, slot.room) = ((own.len() / stride) as u32, slot.len);
                        own.extend_from_slice(&codes[entry]);
                    }
                    *self = Arena::Own(own);
                }
            }
        }
    }
}

#[derive(Clone)]
enum Locate {
    /// No key columns: one slot.
    Unit,
    /// One column: slot number = code - base.
    Dense {
        base: u32,
    },
    /// One or two columns, packed.
    Packed(KeyTable),
    Wide(RowTable),
    /// One column whose values are all there is to know: one slot for all of them.
    Marked(Marks),
    /// As in another index, which has the slots.
    Amended(Box<Amended>),
}

/// What [`Index::locate_all`] writes for a key without rows.
pub const ABSENT: u32 = u32::MAX;

impl Index {
    /// Groups `rows` by the columns `key`; each entry keeps the columns `payload`. The rows must be distinct on
    /// `key` and `payload` together.
    pub fn build(rows: &dyn RowSource, key: &[usize], payload: &[usize]) -> Index {
        let mut index = Index::empty(rows, key, payload);
        let numbers = index.count_slots(rows);
        let mut start = 0;
        for slot in &mut index.slots {
            slot.start = start;
            start += slot.room;
        }
        index.fill(rows, &numbers);
        index
    }

    /// Groups sorted rows by their first columns. When the only other column is the payload, nothing is copied.
    pub fn over_sorted(
        pool: Option<&ThreadPool>,
        rows: &SortedRows,
        key: &[usize],
        payload: &[usize],
    ) -> Index {
        let arity = rows.rows().arity();
        let leading = key.iter().copied().eq(0..key.len());
        if !(leading && key.len() + 1 == arity && *payload == [arity - 1]) {
            let mut index = Index::build_on(pool, &**rows.rows(), key, payload);
            // Rows that agree on their key come in the order of what is left of them.
            index.ordered = payload.len() == 1 && key.len() + 1 == arity;
            return index;
        }
        let mut index = Index::over_runs(pool, rows.rows(), key, payload);
        index.arena = Arena::Column(rows.rows().clone(), arity - 1);
        index.ordered = true;
        index.rows = rows.len();
        index
    }

    /// The slots of an index over rows that ascend by the key.
    fn over_runs(
        pool: Option<&ThreadPool>,
        rows: &Rows,
        key: &[usize],
        payload: &[usize],
    ) -> Index {
        let columns: Vec<&[Code]> = key.iter().map(|&column| rows.column(column)).collect();
        let dense = match columns[..] {
            [&[low, .., high]] => dense(low.0, high.0, rows.len()),
            _ => None,
        };
        let mut index = Index::over_on(pool, dense, key, payload);
        if let (Some((base, _)), [column]) = (dense, &columns[..]) {
            let slots = &mut index.slots;
            match pool {
                Some(pool) => pool.install(|| dense_runs(column, 0, base, slots, RUNS)),
                None => dense_runs(column, 0, base, slots, usize::MAX),
            }
            return index;
        }
        let mut start = 0;
        while start < rows.len() {
            // Row by row: whole columns would be gone through again for each short run.
            let differs = |row: &usize| columns.iter().any(|column| column[*row] != column[start]);
            let end = (start + 1..rows.len()).find(differs);
            let len = end.unwrap_or(rows.len()) - start;
            let slot = Slot {
                start: start as u32,
                len: len as u32,
                room: len as u32,
            };
            let code = |at: usize| columns[at][start];
            // Keys come in order, so each run has a new one.
            match &mut index.locate {
                Locate::Packed(table) if key.len() == 1 => {
                    table.insert(u64::from(code(0).0));
                }
                Locate::Packed(table) => {
                    table.insert(pack(code(0), code(1)));
                }
                Locate::Wide(table) => {
                    let whole: Vec<Code> = (0..key.len()).map(code).collect();
                    table.insert(&whole);
                }
                Locate::Unit | Locate::Dense { .. } | Locate::Marked(_) | Locate::Amended(_) => {}
            }
            index.slots.push(slot);
            start += len;
        }
        index
    }

    /// Groups the pairs of an equivalence by one value or by none. Values of one class share its members, so that an
    /// index takes as much as there are values; the index is not meant to grow. `None` for whole pairs. Rows that agree
    /// on key and payload are kept once.
    pub fn over_classes(classes: &Partition, key: &[usize], payload: &[usize]) -> Option<Index> {
        let mut index = match (key, payload) {
            ([_], []) => Index::build(&classes.values(), &[0], &[]),
            ([], [_]) => Index::build(&classes.values(), &[], &[0]),
            (&[known], &[other]) if known != other => {
                let mut index = Index::build(&classes.values(), &[0], &[]);
                let mut numbers = Vec::new();
                index.locate_all(&[classes.members()], classes.members().len(), &mut numbers);
                for (place, number) in numbers.into_iter().enumerate() {
                    let class = classes.class_around(place);
                    let len = class.len() as u32;
                    index.slots[number as usize] = Slot {
                        start: class.start as u32,
                        len,
                        room: len,
                    };
                }
                index.arena = Arena::Shared(classes.members().to_vec());
                index
            }
            _ => return None,
        };
        index.key = key.to_vec();
        index.payload = payload.to_vec();
        Some(index)
    }

    fn empty(rows: &dyn RowSource, key: &[usize], payload: &[usize]) -> Index {
        let dense = match key {
            &[only] => dense_range(rows, only),
            _ => None,
        };
        Index::over(dense, key, payload)
    }

    /// An index without rows. `dense`: the lowest code of its only key column, and how many there are up to the highest.
    fn over(dense: Option<(u32, usize)>, key: &[usize], payload: &[usize]) -> Index {
        Index::over_on(None, dense, key, payload)
    }

    fn over_on(
        pool: Option<&ThreadPool>,
        dense: Option<(u32, usize)>,
        key: &[usize],
        payload: &[usize],
    ) -> Index {
        let mut slots = Vec::new();
        let locate = match (key.len(), dense) {
            (0, _) => Locate::Unit,
            (1, Some((base, len))) => {
                slots = match pool {
                    Some(pool) => {
                        let none = (0..len).into_par_iter().with_min_len(RUNS);
                        pool.install(|| none.map(|_| Slot::default()).collect())
                    }
                    None => vec![Slot::default(); len],
                };
                Locate::Dense { base }
            }
            (1 | 2, _) => Locate::Packed(KeyTable::default()),
            _ => Locate::Wide(RowTable::new(key.len())),
        };
        let arena = Arena::Own(Vec::new());
        Index {
            key: key.to_vec(),
            payload: payload.to_vec(),
            locate,
            slots,
            arena,
            vacant: Vec::new(),
            rows: 0,
            ordered: false,
        }
    }

    pub fn payload(&self) -> &[usize] {
        &self.payload
    }

    /// Whether entries are single codes that ascend.
    pub fn is_ordered(&self) -> bool {
        self.ordered
    }

    /// Counts the rows of each key into the room of its slot. Returns the slot of each row, unless it is cheaper to
    /// find it again.
    fn count_slots(&mut self, rows: &dyn RowSource) -> Vec<u32> {
        let mut numbers = Vec::new();
        let again = matches!(self.locate, Locate::Dense { .. } | Locate::Unit);
        let mut piece = Vec::new();
        if let (Locate::Dense { base }, &[only]) = (&self.locate, &self.key[..]) {
            // By themselves the counts take a third of the room of the slots, and fit caches that those do not.
            let mut counts = vec![0u32; self.slots.len()];
            rows.visit(&mut |columns, _| {
                for code in columns[only] {
                    counts[(code.0 - base) as usize] += 1;
                }
            });
            for (slot, count) in self.slots.iter_mut().zip(counts) {
                slot.room += count;
            }
            return numbers;
        }
        rows.visit(&mut |columns, len| {
            self.slot_numbers(columns, len, &mut piece);
            for &number in &piece {
                self.slots[number as usize].room += 1;
            }
            if !again {
                numbers.extend_from_slice(&piece);
            }
        });
        numbers
    }

    /// The second half of a counting sort by slot: every key's rows end up together, with no room to spare.
    fn fill(&mut self, rows: &dyn RowSource, numbers: &[u32]) {
        let stride = self.payload.len();
        let mut arena = vec![Code::default(); rows.row_count() * stride];
        let mut piece = Vec::new();
        let mut done = 0;
        if let (Locate::Dense { base }, &[only], &[wanted]) =
            (&self.locate, &self.key[..], &self.payload[..])
        {
            let ends = self.slots.iter().map(|slot| slot.start + slot.len);
            let mut ends: Vec<u32> = ends.collect();
            rows.visit(&mut |columns, _| {
                for (key, &code) in columns[only].iter().zip(columns[wanted]) {
                    let end = &mut ends[(key.0 - base) as usize];
                    arena[*end as usize] = code;
                    *end += 1;
                }
            });
            for (slot, end) in self.slots.iter_mut().zip(ends) {
                slot.len = end - slot.start;
            }
            self.arena = Arena::Own(arena);
            self.rows = rows.row_count();
            return;
        }
        rows.visit(&mut |columns, len| {
            if numbers.is_empty() {
                self.slot_numbers(columns, len, &mut piece);
            } else {
                piece.clear();
                piece.extend_from_slice(&numbers[done..done + len]);
            }
            done += len;
            if let &[only] = &self.payload[..] {
                for (&number, &code) in piece.iter().zip(columns[only]) {
                    let slot = &mut self.slots[number as usize];
                    arena[(slot.start + slot.len) as usize] = code;
                    slot.len += 1;
                }
                return;
            }
            for (row, &number) in piece.iter().enumerate() {
                let slot = &mut self.slots[number as usize];
                let at = (slot.start + slot.len) as usize * stride;
                for (offset, &column) in self.payload.iter().enumerate() {
                    arena[at + offset] = columns[column][row];
                }
                slot.len += 1;
            }
        });
        self.arena = Arena::Own(arena);
        self.rows = rows.row_count();
    }

    /// Adds rows that are not in the index yet.
    pub fn append(&mut self, rows: &dyn RowSource) {
        if self.rows == 0 {
            *self = Index::build(rows, &self.key, &self.payload);
            return;
        }
        let mut numbers = Vec::new();
        rows.visit(&mut |columns, len| self.append_columns(columns, len, &mut numbers));
    }

    fn append_columns(&mut self, columns: &[&[Code]], len: usize, numbers: &mut Vec<u32>) {
        self.ordered = false;
        if let Locate::Dense { .. } = self.locate {
            self.widen(columns[self.key[0]]);
        }
        self.slot_numbers(columns, len, numbers);
        let stride = self.payload.len();
        let arena = self.arena.own(&mut self.slots, stride);
        for (row, &number) in numbers.iter().enumerate() {
            let slot = &mut self.slots[number as usize];
            // Without payload there is nothing to store and no room to run out of.
            if stride > 0 && slot.len == slot.room {
                slot.relocate(arena, stride, &mut self.vacant);
            }
            let at = (slot.start + slot.len) as usize * stride;
            for (offset, &column) in self.payload.iter().enumerate() {
                arena[at + offset] = columns[column][row];
            }
            slot.len += 1;
        }
        self.rows += len;
    }

    /// Makes room for new keys in the offset table, or gives it up for a hash table when they are too far off.
    fn widen(&mut self, keys: &[Code]) {
        let Locate::Dense { base } = self.locate else {
            return;
        };
        let end = u64::from(base) + self.slots.len() as u64;
        let low = keys.iter().map(|key| key.0).min().unwrap_or(base).min(base);
        let high = keys
            .iter()
            .map(|key| u64::from(key.0) + 1)
            .max()
            .unwrap_or(end)
            .max(end);
        if low == base && high == end {
            return;
        }
        let len = (high - u64::from(low)) as usize;
        if len <= SPARSE * (self.rows + keys.len()) + 1024 {
            let mut slots = vec![Slot::default(); (base - low) as usize];
            // Growing by half again keeps a key space that is discovered bit by bit from being copied each round.
            slots.reserve(len + len / 2);
            slots.append(&mut self.slots);
            slots.resize(len, Slot::default());
            self.slots = slots;
            self.locate = Locate::Dense { base: low };
        } else {
            let mut table = KeyTable::default();
            let mut kept = Vec::new();
            for (offset, slot) in self.slots.iter().enumerate() {
                if slot.len > 0 {
                    table.insert(u64::from(base) + offset as u64);
                    kept.push(*slot);
                }
            }
            self.slots = kept;
            self.locate = Locate::Packed(table);
        }
    }

    /// The slot of each row's key, made where it is new. Dense keys must be within range.
    fn slot_numbers(&mut self, columns: &[&[Code]], len: usize, numbers: &mut Vec<u32>) {
        numbers.clear();
        match (&mut self.locate, &self.key[..]) {
            (Locate::Dense { base }, &[only]) => {
                numbers.extend(columns[only].iter().map(|code| code.0 - *base));
                return;
            }
            (Locate::Packed(table), &[only]) => {
                numbers.extend(
                    columns[only]
                        .iter()
                        .map(|code| table.insert(u64::from(code.0))),
                );
            }
            (Locate::Packed(table), &[first, second]) => {
                let pairs = columns[first].iter().zip(columns[second]);
                numbers.extend(pairs.map(|(&a, &b)| table.insert(pack(a, b))));
            }
            (Locate::Wide(table), key) => {
                let mut wanted = vec![Code::default(); key.len()];
                numbers.extend((0..len).map(|row| {
                    for (code, &column) in wanted.iter_mut().zip(key) {
                        *code = columns[column][row];
                    }
                    table.insert(&wanted).0
                }));
            }
            _ => numbers.resize(len, 0),
        }
        let wanted = match &self.locate {
            Locate::Unit => 1,
            Locate::Dense { .. } | Locate::Marked(_) | Locate::Amended(_) => self.slots.len(),
            Locate::Packed(table) => table.len(),
            Locate::Wide(table) => table.len(),
        };
        self.slots.resize(wanted, Slot::default());
    }

    /// For each row of `keys` (one slice for each key column) the number to pass to [`Index::entry`].
    pub fn locate_all(&self, keys: &[&[Code]], len: usize, numbers: &mut Vec<u32>) {
        numbers.clear();
        match (&self.locate, keys) {
            (Locate::Dense { base }, [only]) => {
                let slots = self.slots.len() as u32;
                numbers.extend(only.iter().map(|code| {
                    let offset = code.0.wrapping_sub(*base);
                    if offset < slots { offset } else { ABSENT }
                }));
            }
            (Locate::Packed(table), [only]) => {
                numbers.extend(
                    only.iter()
                        .map(|code| table.find(u64::from(code.0)).unwrap_or(ABSENT)),
                );
            }
            (Locate::Packed(table), [first, second]) => {
                const AHEAD: usize = 12;
                for at in 0..len {
                    if at + AHEAD < len {
                        table.prefetch(pack(first[at + AHEAD], second[at + AHEAD]));
                    }
                    numbers.push(table.find(pack(first[at], second[at])).unwrap_or(ABSENT));
                }
            }
            (Locate::Wide(table), _) => {
                let mut wanted = vec![Code::default(); keys.len()];
                for at in 0..len {
                    for (code, key) in wanted.iter_mut().zip(keys) {
                        *code = key[at];
                    }
                    numbers.push(table.find(&wanted).unwrap_or(ABSENT));
                }
            }
            (Locate::Marked(marks), [only]) => {
                let number = |&code: &Code| if marks.has(code) { 0 } else { ABSENT };
                numbers.extend(only.iter().map(number));
            }
            (Locate::Amended(amended), _) => amended.locate_all(keys, len, numbers),
            _ => numbers.resize(len, if self.slots.is_empty() { ABSENT } else { 0 }),
        }
    }

    /// The number of one key.
    pub fn locate(&self, key: &[Code]) -> u32 {
        match (&self.locate, key) {
            (Locate::Dense { base }, [only]) => {
                let offset = only.0.wrapping_sub(*base);
                match (offset as usize) < self.slots.len() {
                    true => offset,
                    false => ABSENT,
                }
            }
            (Locate::Packed(table), [only]) => table.find(u64::from(only.0)).unwrap_or(ABSENT),
            (Locate::Packed(table), [first, second]) => {
                table.find(pack(*first, *second)).unwrap_or(ABSENT)
            }
            (Locate::Wide(table), _) => table.find(key).unwrap_or(ABSENT),
            _ => {
                let columns: Vec<&[Code]> = key.iter().map(std::slice::from_ref).collect();
                let mut number = Vec::with_capacity(1);
                self.locate_all(&columns, 1, &mut number);
                number[0]
            }
        }
    }

    /// The payload of a located key, row after row: `count * payload().len()` codes.
    #[inline(always)]
    pub fn entry(&self, number: u32) -> &[Code] {
        let stride = self.payload.len();
        match self.slots.get(number as usize) {
            Some(slot) => &self.arena.codes()
                [slot.start as usize * stride..(slot.start + slot.len) as usize * stride],
            None => match &self.locate {
                Locate::Amended(amended) => amended.entry(number),
                _ => &[],
            },
        }
    }

    /// Rows of a located key.
    #[inline]
    pub fn count(&self, number: u32) -> usize {
        match (self.slots.get(number as usize), &self.locate) {
            (Some(slot), _) => slot.len as usize,
            (None, Locate::Amended(amended)) => amended.count(number),
            (None, _) => 0,
        }
    }
}

/// Notes where the runs of ascending codes lie that begin at row `first`, in slots for the codes from `base` on; more than
/// `most` of them in two halves, side by side.
fn dense_runs(codes: &[Code], first: u32, base: u32, slots: &mut [Slot], most: usize) {
    if codes.len() > most {
        let middle = codes[codes.len() / 2];
        let start = codes.partition_point(|&code| code < middle);
        if start > 0 {
            let (low, high) = slots.split_at_mut((middle.0 - base) as usize);
            let (before, after) = codes.split_at(start);
            rayon::join(
                || dense_runs(before, first, base, low, most),
                || dense_runs(after, first + start as u32, middle.0, high, most),
            );
            return;
        }
    }
    let mut start = 0;
    while let Some(&code) = codes.get(start) {
        let same = codes[start..].iter().take_while(|&&other| other == code);
        let len = same.count();
        slots[(code.0 - base) as usize] = Slot {
            start: first + start as u32,
            len: len as u32,
            room: len as u32,
        };
        start += len;
    }
}

/// The range of codes of a column, when an offset table over it is lean.
fn dense_range(rows: &dyn RowSource, column: usize) -> Option<(u32, usize)> {
    let (mut low, mut high) = (u32::MAX, 0);
    rows.visit(&mut |columns, _| {
        for code in columns[column] {
            low = low.min(code.0);
            high = high.max(code.0);
        }
    });
    dense(low, high, rows.row_count())
}

/// The lowest of a range of keys and their number, when an offset table over them is lean for so many rows.
fn dense(low: u32, high: u32, rows: usize) -> Option<(u32, usize)> {
    let len = high.checked_sub(low)? as usize + 1;
    (len <= SPARSE * rows + 1024).then_some((low, len))
}
