//! Where a field ends.

/// Where one of two bytes stands first, from `from` on. Fields are short: the first sixteen bytes are compared at once, without
/// a call.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    let mut start = from;
    #[cfg(target_arch = "x86_64")]
    if let Some(next) = text.get(from..from + 16) {
        let found = either_of_sixteen(next, one, other);
        if found != 0 {
            return Some(from + found.trailing_zeros() as usize);
        }
        start += 16;
    }
    Some(start + memchr::memchr2(one, other, text.get(start..)?)?)
}

/// A bit for each of sixteen bytes.
#[cfg(target_arch = "x86_64")]
#[inline]
fn either_of_sixteen(text: &[u8], one: u8, other: u8) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let word = |at: usize| match text[at..at + 8].try_into() {
        Ok(bytes) => i64::from_le_bytes(bytes),
        Err(_) => 0,
    };
    // SAFETY: every x86-64 processor has these instructions, and they touch no memory.
    unsafe {
        let bytes = _mm_set_epi64x(word(8), word(0));
        let one = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(one as i8));
        let other = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(other as i8));
        _mm_movemask_epi8(_mm_or_si128(one, other)) as u32
    }
}

/// The same for a text that is gone through from its beginning: 64 bytes are compared at once, and that serves all fields
/// that end there.
pub(crate) struct Ends {
    start: usize,
    /// A bit for each of the bytes from `start` on.
    mask: u64,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends {
            // Before nothing was compared.
            start: usize::MAX,
            mask: 0,
        }
    }
}

impl Ends {
    const WIDTH: usize = 64;

    /// Always of the same text and the same two bytes.
    #[inline]
    pub fn next(&mut self, text: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
        let mut from = from;
        if let Some(at) = from.checked_sub(self.start)
            && at < Self::WIDTH
        {
            let rest = self.mask >> at;
            if rest != 0 {
                return Some(from + rest.trailing_zeros() as usize);
            }
            from = self.start + Self::WIDTH;
        }
        while from < text.len() {
            (self.start, self.mask) = (from, either_of_many(&text[from..], one, other));
            if self.mask != 0 {
                return Some(from + self.mask.trailing_zeros() as usize);
            }
            from += Self::WIDTH;
        }
        None
    }
}

/// A bit for each of the first 64 bytes.
#[inline]
fn either_of_many(text: &[u8], one: u8, other: u8) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(text) = text.get(..Ends::WIDTH) {
        let parts = text.chunks_exact(16).rev();
        return parts.fold(0, |mask, part| {
            mask << 16 | u64::from(either_of_sixteen(part, one, other))
        });
    }
    let text = text.iter().take(Ends::WIDTH).enumerate();
    text.fold(0, |mask, (at, &byte)| {
        mask | u64::from(byte == one || byte == other) << at
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn finds_what_is_first(text in "[ab,\n]{0,60}", from in 0usize..60) {
            let text = text.as_bytes();
            let from = from.min(text.len());
            let expected = (from..text.len()).find(|&at| b",\n".contains(&text[at]));
            prop_assert_eq!(find_either(text, from, b',', b'\n'), expected);
        }

        #[test]
        fn finds_one_end_after_the_other(text in "[a-z,\n]{0,300}", steps in prop::collection::vec(0usize..90, 0..20)) {
            let text = text.as_bytes();
            let (mut ends, mut from) = (Ends::default(), 0);
            for step in steps {
                let expected = (from..text.len()).find(|&at| b",\n".contains(&text[at]));
                prop_assert_eq!(ends.next(text, from, b',', b'\n'), expected);
                from += step;
            }
        }
    }
}
