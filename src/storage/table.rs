//! Open-addressing hash tables over packed pairs and over wider rows.

use super::Code;

/// No packed row looks like this: it would need the largest interned word twice over.
const EMPTY: u64 = u64::MAX;
/// How many insertions ahead the slot of a key is fetched, so that a batch pays for memory bandwidth, not latency.
const AHEAD: usize = 24;
/// Rows of a table that are hashed together.
const BATCH: usize = 256;
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

pub fn pack(first: Code, second: Code) -> u64 {
    u64::from(first.0) << 32 | u64::from(second.0)
}

pub fn unpack(key: u64) -> (Code, Code) {
    (Code((key >> 32) as u32), Code(key as u32))
}

/// Folded multiplication: every bit of the key reaches the top bits, which choose slots, and the middle ones, which
/// choose shards.
pub fn hash(key: u64) -> u64 {
    let product = u128::from(key ^ MULTIPLIER) * u128::from(MULTIPLIER);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
pub(super) fn prefetch<T>(slots: &[T], at: usize) {
    prefetch_at(slots.as_ptr().wrapping_add(at));
}

/// Any address will do.
#[inline]
pub fn prefetch_at<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching has no effect but on the cache, wherever it points.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// A set of packed pairs.
#[derive(Clone, Debug, Default)]
pub struct PairTable {
    /// At most seven eighths full.
    slots: Vec<u64>,
    len: usize,
    seed: u64,
}

impl PairTable {
    /// An empty table with an order of its own. Keys that come in the order of another table, because that is scanned,
    /// would otherwise all belong to the beginning of the one that grows with them, and wait in line there.
    pub fn salted(salt: u64) -> PairTable {
        PairTable {
            seed: hash(salt),
            ..PairTable::default()
        }
    }

    /// The same table with these distinct keys instead. They may come in the order of the table, because there is room for
    /// all from the start.
    pub fn refill(&mut self, keys: &[u64]) {
        (self.slots, self.len) = (Vec::new(), 0);
        self.reserve(keys.len());
        self.insert_all(keys, &mut Vec::new());
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn contains(&self, key: u64) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                EMPTY => return false,
                known if known == key => return true,
                _ => at = self.after(at),
            }
        }
    }

    /// Adds keys; those not seen before are appended to `fresh`, in order.
    pub fn insert_all(&mut self, keys: &[u64], fresh: &mut Vec<u64>) {
        // Duplicates make this an over-estimate, so a full table first tries the batch piece by piece.
        for keys in keys.chunks(4096) {
            self.reserve(keys.len());
            for (i, &key) in keys.iter().enumerate() {
                if let Some(&later) = keys.get(i + AHEAD) {
                    prefetch(&self.slots, self.home(later));
                }
                if self.insert_reserved(key) {
                    fresh.push(key);
                }
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots.iter().copied().filter(|&key| key != EMPTY)
    }

    /// Takes a key out; whether it was there.
    pub fn take(&mut self, key: u64) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let mut at = self.home(key);
        while self.slots[at] != key {
            if self.slots[at] == EMPTY {
                return false;
            }
            at = self.after(at);
        }
        // What was pushed on by the key moves up, so that no search ends early.
        let size = self.slots.len();
        let mut next = self.after(at);
        while self.slots[next] != EMPTY {
            let home = self.home(self.slots[next]);
            if is_past(home, at, next, size) {
                self.slots[at] = self.slots[next];
                at = next;
            }
            next = self.after(next);
        }
        self.slots[at] = EMPTY;
        self.len -= 1;
        true
    }

    /// Calls back with the keys that another table has not. Quick where both were filled alike.
    pub fn only(&self, other: &PairTable, act: &mut dyn FnMut(u64)) {
        let aligned = self.slots.len() == other.slots.len();
        for (at, &key) in self.slots.iter().enumerate() {
            let same = aligned && other.slots[at] == key;
            if !same && key != EMPTY && !other.contains(key) {
                act(key);
            }
        }
    }

    /// The pairs in a range of slots, what a scan sees piece by piece, in place of what is in the columns.
    pub fn read(&self, slots: std::ops::Range<usize>, columns: &mut [Vec<Code>; 2]) {
        let slots = &self.slots[slots];
        let [firsts, seconds] = columns;
        firsts.resize(slots.len(), Code::default());
        seconds.resize(slots.len(), Code::default());
        // Which slots are taken cannot be foretold, so nothing branches on it.
        let mut taken = 0;
        for &key in slots {
            (firsts[taken], seconds[taken]) = unpack(key);
            taken += usize::from(key != EMPTY);
        }
        firsts.truncate(taken);
        seconds.truncate(taken);
    }

    /// Slots, taken or not.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Scales the hash to the number of slots, which so need not be a power of two.
    fn home(&self, key: u64) -> usize {
        ((u128::from(hash(key ^ self.seed)) * self.slots.len() as u128) >> 64) as usize
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() {
            0
        } else {
            at + 1
        }
    }

    fn insert_reserved(&mut self, key: u64) -> bool {
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                EMPTY => {
                    self.slots[at] = key;
                    self.len += 1;
                    return true;
                }
                known if known == key => return false,
                _ => at = self.after(at),
            }
        }
    }

    /// Makes room for so many more keys.
    pub fn reserve(&mut self, more: usize) {
        let wanted = (self.len + more) * 8 / 7 + 2;
        if wanted > self.slots.len() {
            // Small tables double; large ones grow by half, which wastes less of what is scarcer than time.
            let size = if wanted < 1 << 12 {
                wanted.next_power_of_two()
            } else {
                wanted + wanted / 2
            };
            let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
            self.len = 0;
            // Slots are in the order of the hash, and so are the new ones: both are walked through once.
            for key in old {
                if key != EMPTY {
                    self.insert_reserved(key);
                }
            }
        }
    }
}

/// Distinct rows of any width, numbered in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct RowTable {
    arity: usize,
    /// Row after row.
    codes: Vec<Code>,
    len: usize,
    /// High half: part of the hash, to pass over most strangers; low half: row number. A power of two long, or empty.
    slots: Vec<u64>,
}

impl RowTable {
    pub fn new(arity: usize) -> RowTable {
        RowTable {
            arity,
            ..RowTable::default()
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn row(&self, number: u32) -> &[Code] {
        let start = number as usize * self.arity;
        &self.codes[start..start + self.arity]
    }

    pub fn find(&self, row: &[Code]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let hash = hash_row(row);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return None;
            }
            if slot >> 32 == hash >> 32 && self.row(slot as u32) == row {
                return Some(slot as u32);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds rows that come one after the other, and asks for the places of later ones while it looks at one.
    pub fn insert_all(&mut self, rows: &[Code]) {
        let mut hashes = [0; BATCH];
        for rows in rows.chunks(BATCH * self.arity) {
            let count = rows.len() / self.arity;
            self.reserve(count);
            let hashes = &mut hashes[..count];
            for (hash, row) in hashes.iter_mut().zip(rows.chunks_exact(self.arity)) {
                *hash = hash_row(row);
            }
            let mask = self.slots.len() - 1;
            for (i, row) in rows.chunks_exact(self.arity).enumerate() {
                if let Some(&later) = hashes.get(i + AHEAD) {
                    prefetch(&self.slots, later as usize & mask);
                }
                if let Some(&later) = hashes.get(i + AHEAD / 2) {
                    let slot = self.slots[later as usize & mask];
                    if slot != EMPTY && slot >> 32 == later >> 32 {
                        prefetch(&self.codes, slot as u32 as usize * self.arity);
                    }
                }
                self.insert_hashed(row, hashes[i]);
            }
        }
    }

    /// The number of a row, and whether it is new.
    pub fn insert(&mut self, row: &[Code]) -> (u32, bool) {
        self.reserve(1);
        self.insert_hashed(row, hash_row(row))
    }

    fn insert_hashed(&mut self, row: &[Code], hash: u64) -> (u32, bool) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                break;
            }
            if slot >> 32 == hash >> 32 && self.row(slot as u32) == row {
                return (slot as u32, false);
            }
            at = (at + 1) & mask;
        }
        let number = self.len as u32;
        self.slots[at] = hash & !0xFFFF_FFFF | u64::from(number);
        self.codes.extend_from_slice(row);
        self.len += 1;
        (number, true)
    }

    /// Takes a row out; whether it was there. The last row gets its number.
    pub fn take(&mut self, row: &[Code]) -> bool {
        let Some(number) = self.find(row) else {
            return false;
        };
        let last = self.len as u32 - 1;
        let at = self.slot_of(row, number);
        self.free_slot(at);
        if number != last {
            let moved = self.row(last).to_vec();
            let at = self.slot_of(&moved, last);
            self.slots[at] = self.slots[at] & !0xFFFF_FFFF | u64::from(number);
            let start = number as usize * self.arity;
            self.codes[start..start + self.arity].copy_from_slice(&moved);
        }
        self.len -= 1;
        self.codes.truncate(self.len * self.arity);
        true
    }

    /// The slot of a row that is there under this number.
    fn slot_of(&self, row: &[Code], number: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash_row(row) as usize & mask;
        while self.slots[at] == EMPTY || self.slots[at] as u32 != number {
            at = (at + 1) & mask;
        }
        at
    }

    fn free_slot(&mut self, mut at: usize) {
        let size = self.slots.len();
        let mut next = (at + 1) & (size - 1);
        while self.slots[next] != EMPTY {
            let home = hash_row(self.row(self.slots[next] as u32)) as usize & (size - 1);
            if is_past(home, at, next, size) {
                self.slots[at] = self.slots[next];
                at = next;
            }
            next = (next + 1) & (size - 1);
        }
        self.slots[at] = EMPTY;
    }

    /// Makes room for so many more rows.
    fn reserve(&mut self, more: usize) {
        let wanted = (self.len + more) * 4 / 3 + 2;
        if wanted <= self.slots.len() {
            return;
        }
        let size = wanted.next_power_of_two().max(8);
        let mut slots = vec![EMPTY; size];
        for number in 0..self.len as u32 {
            let later = (number as usize + AHEAD) * self.arity;
            if let Some(later) = self.codes.get(later..later + self.arity) {
                prefetch(&slots, hash_row(later) as usize & (size - 1));
            }
            let hash = hash_row(self.row(number));
            let mut at = hash as usize & (size - 1);
            while slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            slots[at] = hash & !0xFFFF_FFFF | u64::from(number);
        }
        self.slots = slots;
    }
}

/// Whether an entry at `next`, whose search begins at `home`, passes over `free` on its way around.
fn is_past(home: usize, free: usize, next: usize, size: usize) -> bool {
    let from_home = |at: usize| (at + size - home) % size;
    from_home(free) < from_home(next)
}

pub fn hash_row(row: &[Code]) -> u64 {
    let mixed = row.iter().fold(row.len() as u64, |hash, code| {
        (hash ^ u64::from(code.0))
            .wrapping_mul(MULTIPLIER)
            .rotate_left(29)
    });
    let mixed = mixed ^ (mixed >> 32);
    // Never all ones in the high half, so that a slot is never mistaken for an empty one.
    mixed.wrapping_mul(MULTIPLIER) & !(1 << 63)
}

/// Numbers the distinct keys of an index: one or two columns packed.
#[derive(Clone, Debug, Default)]
pub struct KeyTable {
    slots: Vec<(u64, u32)>,
    len: usize,
}

impl KeyTable {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn find(&self, key: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                (EMPTY, _) => return None,
                (known, number) if known == key => return Some(number),
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub fn prefetch(&self, key: u64) {
        if !self.slots.is_empty() {
            prefetch(&self.slots, self.home(key));
        }
    }

    /// The number of a key; new keys get the next one.
    pub fn insert(&mut self, key: u64) -> u32 {
        if (self.len + 1) * 2 > self.slots.len() {
            let grown = vec![(EMPTY, 0); (self.slots.len() * 2).max(8)];
            for (key, number) in std::mem::replace(&mut self.slots, grown) {
                if key != EMPTY {
                    let at = self.free(key);
                    self.slots[at] = (key, number);
                }
            }
        }
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                (EMPTY, _) => {
                    let number = self.len as u32;
                    self.slots[at] = (key, number);
                    self.len += 1;
                    return number;
                }
                (known, number) if known == key => return number,
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn home(&self, key: u64) -> usize {
        (hash(key) >> (64 - self.slots.len().trailing_zeros())) as usize
    }

    fn free(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        while self.slots[at].0 != EMPTY {
            at = (at + 1) & mask;
        }
        at
    }
}
