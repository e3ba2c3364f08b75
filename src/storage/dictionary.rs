//! Codes: one `u32` for every value, equal exactly when the values are.

use super::places::{Places, tag};
use super::symbols::{Spot, Symbols};
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
    symbols: Symbols,
    /// Starts at code 1: code 0 is `nil`.
    records: Interner<Box<[Code]>>,
    words: Interner<u64>,
}

impl Dictionary {
    pub fn new() -> Dictionary {
        Dictionary::default()
    }

    pub fn symbol(&self, text: &str) -> Code {
        Code(self.symbols.intern(text))
    }

    /// The code of a symbol that was interned before.
    pub fn find_symbol(&self, text: &str) -> Option<Code> {
        self.symbols.find(text).map(Code)
    }

    /// Appends a code for every symbol of a text. Of those that were not interned before it is their number in `unknown`, to
    /// which they are appended, with the top bit set.
    pub fn find_symbols(
        &self,
        text: &[u8],
        spots: &[Spot],
        codes: &mut Vec<Code>,
        unknown: &mut Vec<Spot>,
    ) {
        self.symbols.find_all(text, spots, codes, unknown);
    }

    /// Appends a code for every symbol of a text; those that have none yet are interned, in this order.
    pub fn add_symbols(&self, text: &[u8], spots: &[Spot], codes: &mut Vec<Code>) {
        self.symbols.add_all(text, spots, codes);
    }

    /// The text of a symbol; empty for a code that is none.
    pub fn text(&self, code: Code) -> &str {
        self.symbols.get(code.0).unwrap_or_default()
    }

    pub fn symbol_count(&self) -> usize {
        self.symbols.count()
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

    /// Whether they were looked up one at a time, all at once, or by several threads while another adds them.
    #[test]
    fn many_symbols_at_once_are_the_same_as_one_by_one() {
        let words: Vec<String> = (0..5000)
            .map(|at| format!("x-{}", at % 1700 * at % 3000))
            .collect();
        let text = words.concat().into_bytes();
        let mut spots = Vec::new();
        let mut start = 0;
        for word in &words {
            spots.push(Spot::new(&text, start, start + word.len()));
            start += word.len();
        }
        let (dictionary, alone) = (Dictionary::new(), Dictionary::new());
        let before = dictionary.symbol("x-7");
        alone.symbol("x-7");
        let expected: Vec<Code> = words.iter().map(|word| alone.symbol(word)).collect();
        let mut codes = vec![Code(9)];
        let mut unknown = Vec::new();
        dictionary.find_symbols(&text, &spots, &mut codes, &mut unknown);
        assert_eq!(codes.len(), 5001);
        let mut others = 0;
        for (&code, word) in codes[1..].iter().zip(&words) {
            match word == "x-7" {
                true => assert_eq!(code, before),
                false => {
                    assert_eq!(code, Code(Code::WIDE | others));
                    assert_eq!(unknown[others as usize].of(&text), word.as_bytes());
                    others += 1;
                }
            }
        }
        assert_eq!(unknown.len(), others as usize);
        codes.clear();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let mut codes = Vec::new();
                        dictionary.find_symbols(&text, &spots, &mut codes, &mut Vec::new());
                        let mut found = codes.iter().zip(&expected);
                        assert!(found.all(|(code, known)| code == known || code.0 >= Code::WIDE));
                    }
                });
            }
            dictionary.add_symbols(&text, &spots, &mut codes);
        });
        assert_eq!(codes, expected);
        assert_eq!(dictionary.symbol_count(), alone.symbol_count());
        assert_eq!(dictionary.text(codes[42]), words[42]);
    }
}
