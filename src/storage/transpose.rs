//! Square blocks of bits, turned over.

/// Bit `j` of word `i` becomes bit `i` of word `j`, by exchanging ever smaller quarters (Warren, Hacker's Delight, 2nd
/// edition, 7-3).
pub fn transpose(block: &mut [u64; 64]) {
    let (mut width, mut mask) = (32, 0x0000_0000_ffff_ffff_u64);
    while width > 0 {
        for start in (0..64).step_by(2 * width) {
            let (upper, lower) = block[start..start + 2 * width].split_at_mut(width);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let exchanged = ((*upper >> width) ^ *lower) & mask;
                *upper ^= exchanged << width;
                *lower ^= exchanged;
            }
        }
        width /= 2;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::transpose;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn each_bit_changes_places_with_the_one_across(words in prop::collection::vec(any::<u64>(), 64)) {
            let mut block: [u64; 64] = words.clone().try_into().expect("64 words");
            transpose(&mut block);
            for (i, word) in words.iter().enumerate() {
                for (j, turned) in block.iter().enumerate() {
                    prop_assert_eq!(word >> j & 1, turned >> i & 1);
                }
            }
        }
    }
}
