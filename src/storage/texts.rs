//! Texts by number: added by one thread at a time, read by any number of threads meanwhile.

use super::pages::prefer_large;
use super::table::prefetch_at;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::null_mut;
use std::str::from_utf8_unchecked;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Texts in the order they were added. An entry never moves and never changes: it is half a line of memory, the text in it
/// unless that is a long one. Nothing that a look-up reads lies on a line that adding writes to, but for the entries.
pub(super) struct Texts {
    /// Where entries would begin if a run went back to number zero, less [`FIRST_RUN`](Texts::FIRST_RUN): so that the place
    /// of an entry is a sum. Each run is twice as long as the one before. Null until there is one.
    runs: [AtomicPtr<Entry>; Texts::RUNS],
    count: Count,
    long: boxcar::Vec<Box<str>>,
}

/// On a line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Count(AtomicU32);

#[repr(C, align(32))]
struct Entry {
    len: u32,
    /// The text, or where it is among the long ones.
    bytes: [u8; Entry::ROOM],
}

impl Default for Texts {
    fn default() -> Texts {
        Texts {
            runs: [const { AtomicPtr::new(null_mut()) }; Texts::RUNS],
            count: Count::default(),
            long: boxcar::Vec::new(),
        }
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        for run in 0..Self::RUNS as u32 {
            let start = *self.runs[run as usize].get_mut();
            if let (false, Some(layout)) = (start.is_null(), Self::layout(run)) {
                // SAFETY: the beginning of the run, from the allocator by way of `begin`, with the same layout.
                unsafe { dealloc(start.wrapping_add(Self::length(run)).cast(), layout) };
            }
        }
    }
}

impl Texts {
    const FIRST_RUN: usize = 64;
    /// Enough for any `u32`.
    const RUNS: usize = 27;

    pub fn count(&self) -> usize {
        self.count.0.load(Ordering::Acquire) as usize
    }

    pub fn get(&self, at: u32) -> Option<&str> {
        if at as usize >= self.count() {
            return None;
        }
        // SAFETY: the entry was there before the count said so, and only whole texts are added.
        unsafe { Some(from_utf8_unchecked((*self.entry(at)).text(&self.long))) }
    }

    /// Adds a text; its number.
    ///
    /// # Safety
    /// No other thread adds meanwhile.
    pub unsafe fn push(&self, text: &str) -> u32 {
        let at = self.count.0.load(Ordering::Relaxed);
        let run = run_of(at);
        if self.runs[run].load(Ordering::Relaxed).is_null() {
            self.begin(run as u32);
        }
        let mut bytes = [0; Entry::ROOM];
        match bytes.get_mut(..text.len()) {
            Some(bytes) => bytes.copy_from_slice(text.as_bytes()),
            None => bytes[..4].copy_from_slice(&(self.long.push(text.into()) as u32).to_ne_bytes()),
        }
        let len = length(text.as_bytes());
        // SAFETY: the run has a place for this number, which nobody reads before `count` or a table has it, and nobody
        // else adds.
        unsafe { self.entry(at).write(Entry { len, bytes }) };
        self.count.0.store(at + 1, Ordering::Release);
        at
    }

    /// Asks for the memory of an entry. Any number will do.
    #[inline]
    pub fn touch(&self, at: u32) {
        prefetch_at(self.entry(at));
    }

    /// Whether a text has this number.
    ///
    /// # Safety
    /// The number was seen in memory that was written, with release ordering, after the text was added.
    #[inline]
    pub unsafe fn is(&self, at: u32, text: &[u8]) -> bool {
        // SAFETY: the entry was written before, and is never again.
        unsafe { (*self.entry(at)).is(text, &self.long) }
    }

    /// Where the entry of a number is, if it has one.
    #[inline]
    fn entry(&self, at: u32) -> *mut Entry {
        let start = self.runs[run_of(at)].load(Ordering::Acquire);
        start.wrapping_add(at as usize + Self::FIRST_RUN)
    }

    /// Gets memory for a run: of the system, as far as it is written to.
    fn begin(&self, run: u32) {
        let layout = Self::layout(run);
        // SAFETY: the layout is not empty.
        let start = layout.map(|layout| (unsafe { alloc_zeroed(layout) }, layout));
        match start {
            Some((start, layout)) if start.is_null() => handle_alloc_error(layout),
            Some((start, _)) => {
                prefer_large(start.cast::<Entry>(), Self::length(run));
                let start = start.cast::<Entry>().wrapping_sub(Self::length(run));
                self.runs[run as usize].store(start, Ordering::Release);
            }
            None => handle_alloc_error(Layout::new::<Entry>()),
        }
    }

    /// Entries of a run; those of the runs before and `FIRST_RUN` are as many.
    fn length(run: u32) -> usize {
        Self::FIRST_RUN << run
    }

    fn layout(run: u32) -> Option<Layout> {
        Layout::array::<Entry>(Self::length(run)).ok()
    }
}

/// The run that a number is in.
#[inline]
fn run_of(at: u32) -> usize {
    ((u64::from(at) + Texts::FIRST_RUN as u64).ilog2() - Texts::FIRST_RUN.ilog2()) as usize
}

impl Entry {
    const ROOM: usize = 28;

    fn text<'a>(&'a self, long: &'a boxcar::Vec<Box<str>>) -> &'a [u8] {
        match self.bytes.get(..self.len as usize) {
            Some(text) => text,
            None => self.long(long),
        }
    }

    #[cold]
    fn long<'a>(&self, long: &'a boxcar::Vec<Box<str>>) -> &'a [u8] {
        let [a, b, c, d, ..] = self.bytes;
        let text = long.get(u32::from_ne_bytes([a, b, c, d]) as usize);
        text.map_or(b"", |text| text.as_bytes())
    }

    #[inline]
    fn is(&self, text: &[u8], long: &boxcar::Vec<Box<str>>) -> bool {
        if self.len != length(text) {
            return false;
        }
        match self.bytes.get(..text.len()) {
            Some(known) => same(known, text),
            None => self.long(long) == text,
        }
    }
}

/// Of a text of four gigabytes or more: nearly as much.
#[inline]
fn length(text: &[u8]) -> u32 {
    text.len().min(u32::MAX as usize) as u32
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
        let (mut run, mut end) = (0, Texts::FIRST_RUN as u32);
        for at in 0..100_000 {
            if at == end {
                run += 1;
                end += Texts::length(run) as u32;
            }
            assert_eq!(run_of(at), run as usize);
        }
        assert_eq!(run_of(u32::MAX), Texts::RUNS - 1);
    }
}
