//! Texts by number: added by one thread at a time, read by any number of threads meanwhile.

use super::table::prefetch;
use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::cell::UnsafeCell;
use std::str::from_utf8_unchecked;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Texts in the order they were added. An entry never moves and never changes: it is half a line of memory, the text in it
/// unless that is a long one. Nothing that a look-up reads lies on a line that adding writes to, but for the entries.
#[derive(Default)]
pub(super) struct Texts {
    /// Each twice as long as the one before.
    runs: [OnceLock<Box<[Entry]>>; Texts::RUNS],
    count: Count,
    long: boxcar::Vec<Box<str>>,
}

/// On a line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Count(AtomicU32);

#[repr(C, align(32))]
struct Entry {
    len: UnsafeCell<u32>,
    /// The text, or where it is among the long ones.
    bytes: UnsafeCell<[u8; Entry::ROOM]>,
}

// SAFETY: an entry is written once, before its number is handed out with release ordering, and only read from then on.
unsafe impl Sync for Entry {}

impl Texts {
    const FIRST_RUN: u32 = 64;
    const RUNS: usize = 26;

    /// Of those that threads may read by now.
    pub fn count(&self) -> usize {
        self.count.0.load(Ordering::Acquire) as usize
    }

    pub fn get(&self, at: u32) -> Option<&str> {
        if at as usize >= self.count() {
            return None;
        }
        let text = self.entry(at)?.text(&self.long);
        // SAFETY: only whole texts are added.
        Some(unsafe { from_utf8_unchecked(text) })
    }

    /// Adds a text; its number. For one thread at a time.
    ///
    /// # Safety
    /// No other thread adds meanwhile.
    pub unsafe fn push(&self, text: &str) -> u32 {
        let at = self.count.0.load(Ordering::Relaxed);
        let (run, place) = place(at);
        let run = self.runs[run].get_or_init(|| empty_run(Self::FIRST_RUN << run));
        let entry = &run[place];
        let mut bytes = [0; Entry::ROOM];
        match bytes.get_mut(..text.len()) {
            Some(bytes) => bytes.copy_from_slice(text.as_bytes()),
            None => bytes[..4].copy_from_slice(&(self.long.push(text.into()) as u32).to_ne_bytes()),
        }
        // SAFETY: nobody reads an entry before `count` or a table has its number, and nobody else adds.
        unsafe {
            *entry.len.get() = text.len() as u32;
            *entry.bytes.get() = bytes;
        }
        self.count.0.store(at + 1, Ordering::Release);
        at
    }

    /// Asks for the memory of an entry. Any number will do.
    #[inline]
    pub fn touch(&self, at: u32) {
        let (run, place) = place(at);
        if let Some(run) = self.runs.get(run).and_then(OnceLock::get) {
            prefetch(run, place);
        }
    }

    /// Whether a text has this number.
    ///
    /// # Safety
    /// The number was seen in memory that was written, with release ordering, after the text was added.
    #[inline]
    pub unsafe fn is(&self, at: u32, text: &[u8]) -> bool {
        self.entry(at)
            .is_some_and(|entry| entry.is(text, &self.long))
    }

    #[inline]
    fn entry(&self, at: u32) -> Option<&Entry> {
        let (run, place) = place(at);
        self.runs.get(run)?.get()?.get(place)
    }
}

impl Entry {
    const ROOM: usize = 28;

    #[inline]
    fn len(&self) -> usize {
        // SAFETY: written before anybody could know of the entry.
        unsafe { *self.len.get() as usize }
    }

    /// All that it has of a text that is not long.
    #[inline]
    fn room(&self) -> &[u8; Entry::ROOM] {
        // SAFETY: as above.
        unsafe { &*self.bytes.get() }
    }

    fn text<'a>(&'a self, long: &'a boxcar::Vec<Box<str>>) -> &'a [u8] {
        match self.room().get(..self.len()) {
            Some(text) => text,
            None => self.long(long),
        }
    }

    #[cold]
    fn long<'a>(&self, long: &'a boxcar::Vec<Box<str>>) -> &'a [u8] {
        let [a, b, c, d, ..] = *self.room();
        let text = long.get(u32::from_ne_bytes([a, b, c, d]) as usize);
        text.map_or(b"", |text| text.as_bytes())
    }

    #[inline]
    fn is(&self, text: &[u8], long: &boxcar::Vec<Box<str>>) -> bool {
        if self.len() != text.len() {
            return false;
        }
        match self.room().get(..text.len()) {
            Some(known) => same(known, text),
            None => self.long(long) == text,
        }
    }
}

/// Whether two texts of one length are the same: without a call for the lengths that names have.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    match (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        (Some(first), Some(other_first)) if one.len() <= 16 => {
            first == other_first && one.last_chunk::<8>() == other.last_chunk::<8>()
        }
        _ => one == other,
    }
}

/// The run that a number is in, and where.
#[inline]
fn place(at: u32) -> (usize, usize) {
    let at = u64::from(at) + u64::from(Texts::FIRST_RUN);
    let run = at.ilog2() - Texts::FIRST_RUN.ilog2();
    (
        run as usize,
        (at - (u64::from(Texts::FIRST_RUN) << run)) as usize,
    )
}

/// Memory that the system has not given yet, as far as it is not written to.
fn empty_run(len: u32) -> Box<[Entry]> {
    let Ok(layout) = Layout::array::<Entry>(len as usize) else {
        return Box::new([]);
    };
    // SAFETY: the layout is that of so many entries and not empty; all of an entry may be zero.
    unsafe {
        let start = alloc_zeroed(layout).cast::<Entry>();
        if start.is_null() {
            handle_alloc_error(layout);
        }
        Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, len as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_keep_their_numbers() {
        let texts = Texts::default();
        let all: Vec<String> = (0..3000).map(|at| "x-é".repeat(at % 37)).collect();
        for (at, text) in all.iter().enumerate() {
            // SAFETY: this is the only thread.
            assert_eq!(unsafe { texts.push(text) }, at as u32);
        }
        assert_eq!(texts.count(), all.len());
        assert_eq!(texts.get(3000), None);
        assert_eq!(texts.get(u32::MAX), None);
        for (at, text) in all.iter().enumerate() {
            assert_eq!(texts.get(at as u32), Some(&**text));
            for other in &all[..37] {
                // SAFETY: this thread added it.
                let is = unsafe { texts.is(at as u32, other.as_bytes()) };
                assert_eq!(is, text == other);
            }
        }
    }

    #[test]
    fn runs_follow_one_another() {
        let mut next = (0, 0);
        for at in 0..100_000 {
            assert_eq!(place(at), next);
            next.1 += 1;
            if next.1 == (Texts::FIRST_RUN as usize) << next.0 {
                next = (next.0 + 1, 0);
            }
        }
        assert!(place(u32::MAX).0 <= Texts::RUNS);
    }
}
