//! Codes: one `u32` for every value, equal exactly when the values are.

use super::places::{Places, tag};
use compact_str::CompactString;
use parking_lot::RwLock;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::str::from_utf8;

/// A value of any type, as a dense 32-bit number.
///
/// Every value has a 64-bit word: a number, unsigned or float is its own bits, a symbol or record its place in the
/// [`Dictionary`]. Words below 2³¹ carry themselves; wider ones are interned and have the top bit set. Hence a cast
/// that reinterprets a word leaves the code alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Code(pub u32);

impl Code {
    /// `nil`, and the number zero.
    pub const NIL: Code = Code(0);
    pub(crate) const WIDE: u32 = 1 << 31;

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A symbol to be looked up, with the tag it goes by.
#[derive(Clone, Copy)]
pub struct SymbolKey<'t> {
    text: &'t [u8],
    tag: u32,
}

impl<'t> SymbolKey<'t> {
    pub fn new(text: &'t [u8]) -> SymbolKey<'t> {
        SymbolKey::tagged(text, symbol_tag(text))
    }

    /// `tag` is that of the text.
    pub(crate) fn tagged(text: &'t [u8], tag: u32) -> SymbolKey<'t> {
        SymbolKey { text, tag }
    }
}

/// The tag under which the dictionary keeps a symbol.
pub(crate) fn symbol_tag(text: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    tag(hasher.finish())
}

/// The place in a slot of the tag.
fn likely(slot: u64, tag: u32) -> Option<u32> {
    ((slot >> 32) as u32 == tag)
        .then(|| (slot as u32).checked_sub(1))
        .flatten()
}

/// Interns symbols, records and wide words. Shared by all threads; codes are never taken back.
#[derive(Default)]
pub struct Dictionary {
    symbols: Interner<CompactString>,
    /// Starts at code 1: code 0 is `nil`.
    records: Interner<Box<[Code]>>,
    words: Interner<u64>,
}

impl Dictionary {
    pub fn new() -> Dictionary {
        Dictionary::default()
    }

    pub fn symbol(&self, text: &str) -> Code {
        let tag = symbol_tag(text.as_bytes());
        Code(
            self.symbols
                .intern(tag, |known| *known == text, || text.into()),
        )
    }

    /// The code of a symbol that was interned before.
    pub fn find_symbol(&self, text: &str) -> Option<Code> {
        let tag = symbol_tag(text.as_bytes());
        self.symbols.find(tag, |known| *known == text).map(Code)
    }

    /// Fills in the codes of symbols that were interned before.
    pub fn find_symbols(&self, keys: &[SymbolKey<'_>], codes: &mut [Option<Code>]) {
        let table = self.symbols.table.read();
        for (keys, codes) in keys.chunks(Self::BATCH).zip(codes.chunks_mut(Self::BATCH)) {
            let mut first = [None; Self::BATCH];
            // Loop after loop, so that the memory each symbol needs is on its way for all of them at once.
            for (key, first) in keys.iter().zip(&mut first) {
                *first = likely(table.touch(key.tag), key.tag);
            }
            let texts = first.iter().flatten();
            let lengths = texts.map(|&at| self.symbols.values[at as usize].len());
            std::hint::black_box(lengths.fold(0, usize::wrapping_add));
            for ((key, code), first) in keys.iter().zip(codes).zip(first) {
                let is = |at: u32| self.symbols.values[at as usize].as_bytes() == key.text;
                *code = first
                    .filter(|&at| is(at))
                    .or_else(|| table.find(key.tag, is))
                    .map(Code);
            }
        }
    }

    /// Interns those that have no code yet, in this order. Texts that are not UTF-8 become empty.
    pub fn add_symbols(&self, keys: &[SymbolKey<'_>], codes: &mut [Option<Code>]) {
        let mut table = self.symbols.table.write();
        for (keys, codes) in keys.chunks(Self::BATCH).zip(codes.chunks_mut(Self::BATCH)) {
            let mut touched = 0;
            for (key, code) in keys.iter().zip(&*codes) {
                if code.is_none() {
                    touched |= table.touch(key.tag);
                }
            }
            std::hint::black_box(touched);
            for (key, code) in keys.iter().zip(codes) {
                if code.is_none() {
                    let make = || from_utf8(key.text).unwrap_or("").into();
                    let same = |known: &CompactString| known.as_bytes() == key.text;
                    let at = self.symbols.add(&mut table, key.tag, same, make);
                    *code = Some(Code(at));
                }
            }
        }
    }

    /// Symbols looked up at the same time: as many lines of memory as a core can wait for, and some more.
    const BATCH: usize = 32;

    /// The text of a symbol; empty for a code that is none.
    pub fn text(&self, code: Code) -> &str {
        self.symbols.get(code.0).map_or("", CompactString::as_str)
    }

    pub fn symbol_count(&self) -> usize {
        self.symbols.values.count()
    }

    pub fn number(&self, value: i64) -> Code {
        self.word(value as u64)
    }

    pub fn unsigned(&self, value: u64) -> Code {
        self.word(value)
    }

    /// By bits: 0.0 and -0.0 differ, a NaN equals itself.
    pub fn float(&self, value: f64) -> Code {
        self.word(value.to_bits())
    }

    pub fn word(&self, word: u64) -> Code {
        if word < u64::from(Code::WIDE) {
            Code(word as u32)
        } else {
            Code(
                Code::WIDE
                    | self
                        .words
                        .intern(tag_of(&word), |known| *known == word, || word),
            )
        }
    }

    pub fn to_word(&self, code: Code) -> u64 {
        if code.0 < Code::WIDE {
            u64::from(code.0)
        } else {
            self.words.get(code.0 & !Code::WIDE).copied().unwrap_or(0)
        }
    }

    pub fn to_number(&self, code: Code) -> i64 {
        self.to_word(code) as i64
    }

    pub fn to_float(&self, code: Code) -> f64 {
        f64::from_bits(self.to_word(code))
    }

    pub fn record(&self, fields: &[Code]) -> Code {
        Code(
            self.records
                .intern(tag_of(fields), |known| **known == *fields, || fields.into())
                + 1,
        )
    }

    pub fn find_record(&self, fields: &[Code]) -> Option<Code> {
        self.records
            .find(tag_of(fields), |known| **known == *fields)
            .map(|at| Code(at + 1))
    }

    /// The fields of a record; `None` for `nil`.
    pub fn fields(&self, code: Code) -> Option<&[Code]> {
        self.records
            .get(code.0.checked_sub(1)?)
            .map(|fields| &**fields)
    }
}

/// Values in order of first sight. Reading needs no lock; adding takes one.
struct Interner<T> {
    values: boxcar::Vec<T>,
    table: RwLock<Places>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner {
            values: boxcar::Vec::new(),
            table: RwLock::new(Places::default()),
        }
    }
}

impl<T> Interner<T> {
    fn get(&self, at: u32) -> Option<&T> {
        self.values.get(at as usize)
    }

    fn find(&self, tag: u32, same: impl Fn(&T) -> bool) -> Option<u32> {
        let table = self.table.read();
        table.find(tag, |at| same(&self.values[at as usize]))
    }

    fn intern(&self, tag: u32, same: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u32 {
        match self.find(tag, &same) {
            Some(at) => at,
            None => self.add(&mut self.table.write(), tag, same, make),
        }
    }

    /// Another thread may have added it before the table was locked.
    fn add(
        &self,
        table: &mut Places,
        tag: u32,
        same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        if let Some(at) = table.find(tag, |at| same(&self.values[at as usize])) {
            return at;
        }
        let at = self.values.push(make()) as u32;
        table.insert(tag, at);
        at
    }
}

fn tag_of<K: Hash + ?Sized>(key: &K) -> u32 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    tag(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_symbols_at_once_are_the_same_as_one_by_one() {
        let dictionary = Dictionary::new();
        let before = dictionary.symbol("x-7");
        let texts: Vec<String> = (0..100).map(|at| format!("x-{}", at % 30)).collect();
        let keys: Vec<SymbolKey> = texts
            .iter()
            .map(|text| SymbolKey::new(text.as_bytes()))
            .collect();
        let mut codes = vec![None; keys.len()];
        dictionary.find_symbols(&keys, &mut codes);
        assert_eq!(codes.iter().flatten().count(), 4);
        assert_eq!(codes[7], Some(before));
        dictionary.add_symbols(&keys, &mut codes);
        let alone = Dictionary::new();
        alone.symbol("x-7");
        let expected: Vec<Option<Code>> =
            texts.iter().map(|text| Some(alone.symbol(text))).collect();
        assert_eq!(codes, expected);
        assert_eq!(dictionary.symbol_count(), 30);
        assert_eq!(dictionary.text(codes[42].unwrap()), "x-12");
    }
}
