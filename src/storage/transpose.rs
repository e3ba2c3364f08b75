//! Square blocks of bits, turned over.

/// Bit `j` of word `i` becomes bit `i` of word `j`.
pub fn transpose(block: &mut [u64; 64]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: this processor has these instructions.
        return unsafe { transpose_wide(block) };
    }
    exchange_all(block);
}

/// The same by instructions that not every processor has: half the time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn transpose_wide(block: &mut [u64; 64]) {
    exchange_all(block);
}

/// Ever smaller quarters change places (Warren, Hacker's Delight, 2nd edition, 7-3).
#[inline(always)]
fn exchange_all(block: &mut [u64; 64]) {
    exchange::<32>(block);
    exchange::<16>(block);
    exchange::<8>(block);
    exchange::<4>(block);
    exchange::<2>(block);
    exchange::<1>(block);
}

/// The width is known to the compiler, which handles several words at a time.
#[inline(always)]
fn exchange<const WIDTH: usize>(block: &mut [u64; 64]) {
    let mask = u64::MAX / ((1 << WIDTH) + 1);
    for both in block.chunks_exact_mut(2 * WIDTH) {
        let (upper, lower) = both.split_at_mut(WIDTH);
        for (upper, lower) in upper.iter_mut().zip(lower) {
            let exchanged = ((*upper >> WIDTH) ^ *lower) & mask;
            *upper ^= exchanged << WIDTH;
            *lower ^= exchanged;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{exchange_all, transpose};
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn each_bit_changes_places_with_the_one_across(words in prop::collection::vec(any::<u64>(), 64)) {
            for turn in [transpose, exchange_all] {
                let mut block: [u64; 64] = words.clone().try_into().expect("64 words");
                turn(&mut block);
                for (i, word) in words.iter().enumerate() {
                    for (j, turned) in block.iter().enumerate() {
                        prop_assert_eq!(word >> j & 1, turned >> i & 1);
                    }
                }
            }
        }
    }
}
