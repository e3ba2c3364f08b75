//! Bits of codes that are marked for a while.

use super::Code;

/// Codes above this are never marked: the bitmap would not fit any cache.
const MARKABLE: u32 = 1 << 26;

/// Codes of one list, while candidates for it are tested. None between lists.
#[derive(Default)]
pub struct Marks {
    words: Vec<u64>,
}

impl Marks {
    /// Whether a code can be marked.
    #[inline]
    pub fn hold(code: Code) -> bool {
        code.0 <= MARKABLE
    }

    /// Marks a code; whether it was not marked.
    #[inline]
    pub fn set(&mut self, code: Code) -> bool {
        let (word, bit) = (code.index() / 64, 1 << (code.0 % 64));
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        let clear = self.words[word] & bit == 0;
        self.words[word] |= bit;
        clear
    }

    /// Unmarks these codes, which must be all that are marked.
    pub fn clear(&mut self, codes: &[Code]) {
        for code in codes {
            if let Some(word) = self.words.get_mut(code.index() / 64) {
                *word = 0;
            }
        }
    }
}
