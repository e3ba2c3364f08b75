//! Symbols and their numbers: many are looked up at the same time, by any number of threads, while one adds.

use super::dictionary::Code;
use super::pages::prefer_large;
use super::places::tag;
use super::table::prefetch;
use super::texts::Texts;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::str::from_utf8;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where a symbol stands in a text, and the tag it goes by. Whoever makes one sees to it that it is UTF-8.
#[derive(Clone, Copy)]
pub struct Spot {
    start: u32,
    end: u32,
    tag: u32,
}

impl Spot {
    /// The text is shorter than four gigabytes.
    #[inline]
    pub fn new(text: &[u8], start: usize, end: usize) -> Spot {
        Spot {
            start: start as u32,
            end: end as u32,
            tag: symbol_tag(&text[start..end]),
        }
    }

    #[inline]
    pub(crate) fn tag(self) -> u32 {
        self.tag
    }

    #[inline]
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

#[inline]
fn symbol_tag(text: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    tag(hasher.finish())
}

/// Interned symbols. A table as in [`Places`](super::places::Places), whose slots one thread may fill while others read them.
#[derive(Default)]
pub(super) struct Symbols {
    texts: Texts,
    /// Zero, or the tag above and one more than the number below. A power of two of them, or none. Locked for writing only
    /// to change places with a larger table.
    slots: RwLock<Vec<AtomicU64>>,
    /// Held by the one who adds.
    adding: Mutex<()>,
}

impl Symbols {
    const SMALLEST: usize = 16;
    /// Symbols looked up at the same time: as many lines of memory as a core can wait for.
    const BATCH: usize = 32;

    pub fn get(&self, at: u32) -> Option<&str> {
        self.texts.get(at)
    }

    pub fn count(&self) -> usize {
        self.texts.count()
    }

    pub fn find(&self, text: &str) -> Option<u32> {
        self.seek(
            &self.slots.read(),
            text.as_bytes(),
            symbol_tag(text.as_bytes()),
        )
    }

    pub fn intern(&self, text: &str) -> u32 {
        self.find(text).unwrap_or_else(|| {
            let adding = self.adding.lock();
            let mut slots = self.slots.read();
            self.add(
                &adding,
                &mut slots,
                text.as_bytes(),
                symbol_tag(text.as_bytes()),
            )
        })
    }

    /// Appends a code for every spot. Of those that are not known it is their number in `unknown`, to which they are
    /// appended, with the top bit set.
    pub fn find_all(
        &self,
        text: &[u8],
        spots: &[Spot],
        codes: &mut Vec<Code>,
        unknown: &mut Vec<Spot>,
    ) {
        let slots = self.slots.read();
        codes.reserve(spots.len());
        // While one batch is compared, the texts of the next are on their way, and the slots of the one after that. Nothing
        // may branch on memory that is still to come: a core then waits for each line by itself, 220 ns a text instead of 14.
        let batches = spots.len().div_ceil(Self::BATCH);
        let batch = |at: usize| {
            let start = (at * Self::BATCH).min(spots.len());
            &spots[start..(start + Self::BATCH).min(spots.len())]
        };
        let mut likely = [[0; Self::BATCH]; 2];
        touch(&slots, batch(0));
        for at in 0..=batches {
            touch(&slots, batch(at + 1));
            for (spot, likely) in batch(at).iter().zip(&mut likely[at % 2]) {
                *likely = first_of(&slots, spot.tag);
                self.texts.touch(*likely);
            }
            let Some(now) = at.checked_sub(1) else {
                continue;
            };
            let found = batch(now).iter().zip(likely[now % 2]);
            codes.extend(found.map(|(spot, likely)| {
                let symbol = spot.of(text);
                if likely != NOBODY && self.is(likely, symbol) {
                    return Code(likely);
                }
                let known = self.seek(&slots, symbol, spot.tag).map(Code);
                known.unwrap_or_else(|| {
                    unknown.push(*spot);
                    Code(Code::WIDE | (unknown.len() - 1) as u32)
                })
            }));
        }
    }

    /// Appends a code for every spot, adding those that are not known in this order.
    pub fn add_all(&self, text: &[u8], spots: &[Spot], codes: &mut Vec<Code>) {
        let adding = self.adding.lock();
        let mut slots = self.slots.read();
        touch(&slots, &spots[..Self::BATCH.min(spots.len())]);
        for (at, spot) in spots.iter().enumerate() {
            if let Some(later) = spots.get(at + Self::BATCH) {
                touch(&slots, std::slice::from_ref(later));
            }
            let code = self.add(&adding, &mut slots, spot.of(text), spot.tag);
            codes.push(Code(code));
        }
    }

    /// Only for the one who holds the lock. Texts that are not UTF-8 become empty.
    fn add<'a>(
        &'a self,
        _adding: &MutexGuard<()>,
        slots: &mut RwLockReadGuard<'a, Vec<AtomicU64>>,
        text: &[u8],
        tag: u32,
    ) -> u32 {
        if let Some(at) = self.seek(slots, text, tag) {
            return at;
        }
        if (self.texts.count() + 1) * 4 > slots.len() * 3 {
            let larger = grown(slots);
            RwLockReadGuard::unlocked(slots, || *self.slots.write() = larger);
        }
        // SAFETY: the lock is held.
        let at = unsafe { self.texts.push(from_utf8(text).unwrap_or("")) };
        put(slots, slot(tag, at));
        at
    }

    fn seek(&self, slots: &[AtomicU64], text: &[u8], tag: u32) -> Option<u32> {
        if slots.is_empty() {
            return None;
        }
        let mut at = home(slots, tag);
        loop {
            let slot = slots[at].load(Ordering::Acquire);
            if slot == 0 {
                return None;
            }
            let known = slot as u32 - 1;
            if (slot >> 32) as u32 == tag && self.is(known, text) {
                return Some(known);
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }

    /// Of a number that a slot has.
    #[inline]
    fn is(&self, at: u32, text: &[u8]) -> bool {
        // SAFETY: slots are filled with release ordering, once the text is there.
        unsafe { self.texts.is(at, text) }
    }
}

/// Asks for what stands where spots begin to be looked for.
#[inline]
fn touch(slots: &[AtomicU64], spots: &[Spot]) {
    if slots.is_empty() {
        return;
    }
    for spot in spots {
        prefetch(slots, home(slots, spot.tag));
    }
}

/// No number: texts have smaller ones.
const NOBODY: u32 = u32::MAX;

/// The first number with this tag, or [`NOBODY`].
#[inline]
fn first_of(slots: &[AtomicU64], tag: u32) -> u32 {
    if slots.is_empty() {
        return NOBODY;
    }
    let mut at = home(slots, tag);
    loop {
        let slot = slots[at].load(Ordering::Acquire);
        if slot == 0 {
            return NOBODY;
        }
        if (slot >> 32) as u32 == tag {
            return slot as u32 - 1;
        }
        at = (at + 1) & (slots.len() - 1);
    }
}

fn put(slots: &[AtomicU64], slot: u64) {
    let mut at = home(slots, (slot >> 32) as u32);
    while slots[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at].store(slot, Ordering::Release);
}

/// Slots are in the order of tags, so that growing reads and writes them in order.
fn grown(slots: &[AtomicU64]) -> Vec<AtomicU64> {
    let count = (slots.len() * 2).max(Symbols::SMALLEST);
    let mut larger = Vec::with_capacity(count);
    prefer_large(larger.as_ptr(), count);
    larger.resize_with(count, AtomicU64::default);
    let held = slots.iter().map(|slot| slot.load(Ordering::Relaxed));
    held.filter(|&slot| slot != 0)
        .for_each(|slot| put(&larger, slot));
    larger
}

#[inline]
fn home(slots: &[AtomicU64], tag: u32) -> usize {
    let bits = slots.len().trailing_zeros();
    ((u64::from(tag) << bits) >> 32) as usize
}

fn slot(tag: u32, at: u32) -> u64 {
    u64::from(tag) << 32 | (u64::from(at) + 1)
}
