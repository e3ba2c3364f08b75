//! Values of one block of a file, numbered there: what a thread can do before codes are given in the order of the file.

use crate::storage::dictionary::{SymbolKey, symbol_tag};
use crate::storage::places::Places;
use crate::storage::{Code, Dictionary};
use rustc_hash::FxHashMap;
use std::str::from_utf8;

/// The distinct symbols of a text, each by where it stands first.
#[derive(Default)]
pub(crate) struct Symbols {
    found: Vec<Found>,
    table: Places,
    /// Per symbol, once they were looked up.
    codes: Vec<Option<Code>>,
}

#[derive(Clone, Copy)]
struct Found {
    start: u32,
    end: u32,
    tag: u32,
}

impl Found {
    fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

impl Symbols {
    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn clear(&mut self) {
        self.found.clear();
        self.table.clear();
        self.codes.clear();
    }

    /// The number of the symbol `text[start..end]`; `None` when it is not UTF-8.
    #[inline]
    pub fn place(&mut self, text: &[u8], start: usize, end: usize) -> Option<Code> {
        let symbol = &text[start..end];
        let tag = symbol_tag(symbol);
        let found = &self.found;
        if let Some(known) = self
            .table
            .find(tag, |at| found[at as usize].of(text) == symbol)
        {
            return Some(Code(known));
        }
        from_utf8(symbol).ok()?;
        let at = self.found.len() as u32;
        self.found.push(Found {
            start: start as u32,
            end: end as u32,
            tag,
        });
        self.table.insert(tag, at);
        Some(Code(at))
    }

    /// Keeps the first `kept` symbols.
    pub fn forget(&mut self, kept: usize) {
        for at in (kept..self.found.len()).rev() {
            self.table.remove(self.found[at].tag, at as u32);
        }
        self.found.truncate(kept);
    }

    /// Finds the codes of those that the dictionary knows already. Any number of threads may.
    pub fn look_up(&mut self, text: &[u8], dictionary: &Dictionary) {
        let keys = self.keys(text);
        self.codes.clear();
        self.codes.resize(keys.len(), None);
        dictionary.find_symbols(&keys, &mut self.codes);
    }

    /// The codes of all, those of new ones in the order of the text.
    pub fn codes(&mut self, text: &[u8], dictionary: &Dictionary) -> Vec<Code> {
        let keys = self.keys(text);
        dictionary.add_symbols(&keys, &mut self.codes);
        self.codes
            .iter()
            .map(|code| code.unwrap_or_default())
            .collect()
    }

    /// The texts, in the order of their numbers.
    pub fn texts<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = &'t str> {
        self.found
            .iter()
            .map(|found| from_utf8(found.of(text)).unwrap_or(""))
    }

    fn keys<'t>(&self, text: &'t [u8]) -> Vec<SymbolKey<'t>> {
        let key = |found: &Found| SymbolKey::tagged(found.of(text), found.tag);
        self.found.iter().map(key).collect()
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
