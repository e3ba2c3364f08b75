//! Values of one block of a file, numbered there: what a thread can do before codes are given in the order of the file.

use crate::storage::places::Places;
use crate::storage::symbols::Spot;
use crate::storage::{Code, Dictionary};
use rustc_hash::FxHashMap;
use std::str::{from_utf8, from_utf8_unchecked};

/// The symbols of a text, repetitions included, numbered in its order.
#[derive(Default)]
pub(crate) struct Symbols {
    spots: Vec<Spot>,
    /// Whether all of the text is UTF-8, and so every field of it.
    is_utf8: bool,
    /// Per symbol, once they were looked up.
    codes: Vec<Code>,
    /// Those that the dictionary did not know then.
    unknown: Vec<Spot>,
}

impl Symbols {
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Forgets everything and goes on with another text.
    pub fn start(&mut self, text: &[u8]) {
        self.spots.clear();
        self.codes.clear();
        self.unknown.clear();
        // Most texts are ASCII, which is seen faster.
        self.is_utf8 = text.is_ascii() || from_utf8(text).is_ok();
    }

    /// Whether a field of the text is UTF-8.
    #[inline]
    pub fn is_text(&self, field: &[u8]) -> bool {
        self.is_utf8 || from_utf8(field).is_ok()
    }

    /// A field of the text, if it is UTF-8.
    #[inline]
    pub fn text<'t>(&self, field: &'t [u8]) -> Option<&'t str> {
        match self.is_utf8 {
            // SAFETY: the text is UTF-8, and fields end where whole characters do: at delimiters, quotes and line ends,
            // which are such characters themselves.
            true => Some(unsafe { from_utf8_unchecked(field) }),
            false => from_utf8(field).ok(),
        }
    }

    /// The number of the symbol `text[start..end]`; `None` when it is not UTF-8.
    #[inline]
    pub fn place(&mut self, text: &[u8], start: usize, end: usize) -> Option<Code> {
        if !self.is_text(&text[start..end]) {
            return None;
        }
        let at = self.spots.len() as u32;
        self.spots.push(Spot::new(text, start, end));
        Some(Code(at))
    }

    /// Keeps the first `kept` symbols.
    pub fn forget(&mut self, kept: usize) {
        self.spots.truncate(kept);
    }

    /// Finds the codes of those that the dictionary knows already. Any number of threads may. Of others the code is their
    /// number among all that are not known, with the top bit set.
    pub fn look_up(&mut self, text: &[u8], dictionary: &Dictionary) -> &[Code] {
        let (spots, codes) = (&self.spots, &mut self.codes);
        dictionary.find_symbols(text, spots, codes, &mut self.unknown);
        codes
    }

    /// The codes of those that were not known, given in the order of the text.
    pub fn added(&mut self, text: &[u8], dictionary: &Dictionary) -> &[Code] {
        self.codes.clear();
        dictionary.add_symbols(text, &self.unknown, &mut self.codes);
        &self.codes
    }
}

/// The distinct names in a text, each by where it stands first.
#[derive(Default)]
pub(crate) struct Names {
    found: Vec<Spot>,
    table: Places,
}

impl Names {
    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn clear(&mut self) {
        self.found.clear();
        self.table.clear();
    }

    /// The number of the name `text[start..end]`.
    #[inline]
    pub fn place(&mut self, text: &[u8], start: usize, end: usize) -> u32 {
        let name = Spot::new(text, start, end);
        let same = |at: u32| self.found[at as usize].of(text) == name.of(text);
        if let Some(known) = self.table.find(name.tag(), same) {
            return known;
        }
        let at = self.found.len() as u32;
        self.found.push(name);
        self.table.insert(name.tag(), at);
        at
    }

    /// Keeps the first `kept` names.
    pub fn forget(&mut self, kept: usize) {
        for at in (kept..self.found.len()).rev() {
            self.table.remove(self.found[at].tag(), at as u32);
        }
        self.found.truncate(kept);
    }

    /// The texts, in the order of their numbers.
    pub fn texts<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = &'t str> {
        self.found
            .iter()
            .map(|found| from_utf8(found.of(text)).unwrap_or(""))
    }
}

/// The distinct wide words of a block.
#[derive(Default)]
pub(crate) struct Words {
    found: Vec<u64>,
    table: FxHashMap<u64, u32>,
}

impl Words {
    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn clear(&mut self) {
        self.found.clear();
        self.table.clear();
    }

    /// The code of a word that carries itself; of another its number, with the top bit set.
    #[inline]
    pub fn code(&mut self, word: u64) -> Code {
        if word < u64::from(Code::WIDE) {
            return Code(word as u32);
        }
        let at = *self.table.entry(word).or_insert_with(|| {
            self.found.push(word);
            self.found.len() as u32 - 1
        });
        Code(Code::WIDE | at)
    }

    /// Keeps the first `kept` words.
    pub fn forget(&mut self, kept: usize) {
        for word in self.found.drain(kept..) {
            self.table.remove(&word);
        }
    }

    /// The codes of all, in order.
    pub fn codes(&self, dictionary: &Dictionary) -> Vec<Code> {
        self.found
            .iter()
            .map(|&word| dictionary.word(word))
            .collect()
    }
}
