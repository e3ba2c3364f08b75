//! Codes: one `u32` for every value, equal exactly when the values are.

use hashbrown::HashTable;
use parking_lot::RwLock;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

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

/// Interns symbols, records and wide words. Shared by all threads; codes are never taken back.
#[derive(Default)]
pub struct Dictionary {
    symbols: Interner<Box<str>>,
    /// Starts at code 1: code 0 is `nil`.
    records: Interner<Box<[Code]>>,
    words: Interner<u64>,
}

impl Dictionary {
    pub fn new() -> Dictionary {
        Dictionary::default()
    }

    pub fn symbol(&self, text: &str) -> Code {
        Code(
            self.symbols
                .intern(text, |known| &**known == text, || text.into()),
        )
    }

    /// The code of a symbol that was interned before.
    pub fn find_symbol(&self, text: &str) -> Option<Code> {
        self.symbols.find(text, |known| &**known == text).map(Code)
    }

    /// The text of a symbol; empty for a code that is none.
    pub fn text(&self, code: Code) -> &str {
        self.symbols.get(code.0).map_or("", |text| text)
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
            Code(Code::WIDE | self.words.intern(&word, |known| *known == word, || word))
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
                .intern(fields, |known| **known == *fields, || fields.into())
                + 1,
        )
    }

    pub fn find_record(&self, fields: &[Code]) -> Option<Code> {
        self.records
            .find(fields, |known| **known == *fields)
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
    table: RwLock<HashTable<(u32, u32)>>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner {
            values: boxcar::Vec::new(),
            table: RwLock::new(HashTable::new()),
        }
    }
}

impl<T> Interner<T> {
    fn get(&self, at: u32) -> Option<&T> {
        self.values.get(at as usize)
    }

    fn find<K: Hash + ?Sized>(&self, key: &K, same: impl Fn(&T) -> bool) -> Option<u32> {
        let hash = hash_of(key);
        let table = self.table.read();
        table
            .find(hash, |&(tag, at)| {
                tag == hash as u32 && same(&self.values[at as usize])
            })
            .map(|&(_, at)| at)
    }

    fn intern<K: Hash + ?Sized>(
        &self,
        key: &K,
        same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        if let Some(at) = self.find(key, &same) {
            return at;
        }
        let hash = hash_of(key);
        let mut table = self.table.write();
        // Another thread may have added it between the two locks.
        if let Some(&(_, at)) = table.find(hash, |&(tag, at)| {
            tag == hash as u32 && same(&self.values[at as usize])
        }) {
            return at;
        }
        let at = self.values.push(make()) as u32;
        table.insert_unique(hash, (hash as u32, at), |&(tag, _)| spread(tag));
        at
    }
}

/// Only the low half of the hash is kept beside an entry, so the whole is derived from it.
fn hash_of<K: Hash + ?Sized>(key: &K) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    let hash = hasher.finish();
    spread((hash ^ (hash >> 32)) as u32)
}

fn spread(tag: u32) -> u64 {
    let high = (u64::from(tag)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (high & 0xFFFF_FFFF_0000_0000) | u64::from(tag)
}
