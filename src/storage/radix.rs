//! Least-significant-digit radix sort of packed rows, over the bits that vary.

/// Below this a comparison sort wins.
const SMALL: usize = 256;
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;

/// Sorts ascending. O(n) passes, one for each 11 bits in which any two keys differ.
pub fn sort(keys: &mut Vec<u64>) {
    if keys.len() < SMALL {
        keys.sort_unstable();
        return;
    }
    let Some(varying) = varying(keys) else { return };
    let mut scratch = vec![0; keys.len()];
    for shift in shifts(varying) {
        pass(keys, &mut scratch, shift);
        std::mem::swap(keys, &mut scratch);
    }
}

/// The same in place, of words of 32 or 64 bits, with room that calls share.
pub fn sort_with<K: Copy + Ord + Default + Into<u64>>(keys: &mut [K], scratch: &mut Vec<K>) {
    if keys.len() < SMALL {
        keys.sort_unstable();
        return;
    }
    let Some(varying) = varying(keys) else { return };
    if scratch.len() < keys.len() {
        scratch.resize(keys.len(), K::default());
    }
    let scratch = &mut scratch[..keys.len()];
    let mut moved = false;
    for shift in shifts(varying) {
        match moved {
            false => pass(keys, scratch, shift),
            true => pass(scratch, keys, shift),
        }
        moved = !moved;
    }
    if moved {
        keys.copy_from_slice(scratch);
    }
}

/// The bits in which any two keys differ; `None` when they ascend.
fn varying<K: Copy + Into<u64>>(keys: &[K]) -> Option<u64> {
    let first: u64 = (*keys.first()?).into();
    let mut varying = 0;
    let mut sorted = true;
    let mut last = first;
    for &key in keys {
        let key: u64 = key.into();
        varying |= key ^ first;
        sorted &= last <= key;
        last = key;
    }
    (!sorted).then_some(varying)
}

/// Where the digits begin that vary.
fn shifts(varying: u64) -> impl Iterator<Item = u32> {
    let lowest = varying.trailing_zeros();
    (lowest..64)
        .step_by(DIGIT_BITS as usize)
        .filter(move |shift| (varying >> shift) & (BUCKETS as u64 - 1) != 0)
}

/// Sorts by the high halves alone, which brings pairs with one first code together. Stable.
pub fn sort_by_first(keys: &mut Vec<u64>, scratch: &mut Vec<u64>) {
    let Some(&first) = keys.first() else { return };
    if keys.is_sorted_by_key(|key| key >> 32) {
        return;
    }
    if keys.len() < SMALL {
        keys.sort_by_key(|key| key >> 32);
        return;
    }
    let varying = keys.iter().fold(0, |varying, key| varying | (key ^ first)) >> 32 << 32;
    scratch.clear();
    scratch.resize(keys.len(), 0);
    for shift in shifts(varying) {
        pass(keys, scratch, shift);
        std::mem::swap(keys, scratch);
    }
}

fn pass<K: Copy + Into<u64>>(from: &[K], to: &mut [K], shift: u32) {
    let mut offsets = [0usize; BUCKETS];
    for &key in from {
        offsets[digit(key.into(), shift)] += 1;
    }
    let mut total = 0;
    for offset in &mut offsets {
        total += std::mem::replace(offset, total);
    }
    for &key in from {
        let offset = &mut offsets[digit(key.into(), shift)];
        to[*offset] = key;
        *offset += 1;
    }
}

fn digit(key: u64, shift: u32) -> usize {
    (key >> shift) as usize & (BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn sorts_like_the_standard_library(seed in prop::collection::vec(any::<u64>(), 0..64), mask in any::<u64>(), copies in 1usize..20) {
            let mut keys: Vec<u64> = (0..copies as u64).flat_map(|i| seed.iter().map(move |s| s.wrapping_mul(2 * i + 1) & mask)).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            let mut grouped = keys.clone();
            sort_by_first(&mut grouped, &mut Vec::new());
            let mut stable = keys.clone();
            stable.sort_by_key(|key| key >> 32);
            prop_assert_eq!(grouped, stable);
            let mut short: Vec<u32> = keys.iter().map(|&key| key as u32).collect();
            let mut shorter = short.clone();
            sort_with(&mut short, &mut Vec::new());
            shorter.sort_unstable();
            prop_assert_eq!(short, shorter);
            let mut in_place = keys.clone();
            sort_with(&mut in_place, &mut vec![7; 9]);
            prop_assert_eq!(&in_place, &expected);
            sort(&mut keys);
            prop_assert_eq!(keys, expected);
        }
    }
}
