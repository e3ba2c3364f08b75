//! Which place holds a key: a hash table of numbers that knows keys only by their tags.

use super::table::prefetch;

/// Open addressing with linear probing; a slot is a tag and a place. The keys are with the owner, so that a table of ten
/// million keys is one block of memory, and a lookup touches one line of it. Slots are in the order of tags, so that
/// growing reads and writes them in order.
#[derive(Clone, Default)]
pub struct Places {
    /// Zero, or the tag above and one more than the place below. A power of two of them, or none.
    slots: Vec<u64>,
    len: usize,
}

/// The tag of a key with this hash: its bits are used from the highest on.
pub fn tag(hash: u64) -> u32 {
    (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

impl Places {
    const SMALLEST: usize = 16;

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every place, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let held = self.slots.iter().filter(|&&slot| slot != 0);
        held.map(|&slot| slot as u32 - 1)
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.len = 0;
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        let slots = ((self.len + more) * 4 / 3 + 1).next_power_of_two();
        if slots > self.slots.len() {
            self.grow(slots.max(Self::SMALLEST));
        }
    }

    /// The place with this tag that `same` takes for the key's.
    #[inline]
    pub fn find(&self, tag: u32, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(tag);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == tag && same(slot as u32 - 1) {
                return Some(slot as u32 - 1);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Asks for what stands where the tag begins to be looked for. Asking for many before the first is needed lets their
    /// lines of memory come at the same time.
    #[inline]
    pub fn touch(&self, tag: u32) {
        if !self.slots.is_empty() {
            prefetch(&self.slots, self.home(tag));
        }
    }

    /// Adds a place whose key is not there. Places end below `u32::MAX`.
    pub fn insert(&mut self, tag: u32, place: u32) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.reserve(1);
        }
        self.put(tag, place);
        self.len += 1;
    }

    /// Puts another place where `old` was; whether it was there.
    pub fn replace(&mut self, tag: u32, old: u32, new: u32) -> bool {
        let found = self.slot_of(tag, old);
        if let Some(at) = found {
            self.slots[at] = slot(tag, new);
        }
        found.is_some()
    }

    /// Takes a place out; whether it was there.
    pub fn remove(&mut self, tag: u32, place: u32) -> bool {
        let Some(mut hole) = self.slot_of(tag, place) else {
            return false;
        };
        // Whoever was pushed past the hole moves back (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
        let mask = self.slots.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let moved = self.slots[at];
            if moved == 0 {
                break;
            }
            let home = self.home((moved >> 32) as u32);
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = moved;
                hole = at;
            }
        }
        self.slots[hole] = 0;
        self.len -= 1;
        true
    }

    fn slot_of(&self, tag: u32, place: u32) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(tag);
        while self.slots[at] != 0 {
            if self.slots[at] == slot(tag, place) {
                return Some(at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    fn put(&mut self, tag: u32, place: u32) {
        let mut at = self.home(tag);
        while self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = slot(tag, place);
    }

    fn grow(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        for slot in old.into_iter().filter(|&slot| slot != 0) {
            self.put((slot >> 32) as u32, slot as u32 - 1);
        }
    }

    fn home(&self, tag: u32) -> usize {
        let bits = self.slots.len().trailing_zeros();
        ((u64::from(tag) << bits) >> 32) as usize
    }
}

fn slot(tag: u32, place: u32) -> u64 {
    u64::from(tag) << 32 | (u64::from(place) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(tries(256))]

        /// Few tags, so that they collide. The second opinion is a list.
        #[test]
        fn places_are_found_until_they_are_taken_out(
            steps in prop::collection::vec((0u32..4, 0u32..6), 0..200),
            wide in any::<bool>(),
        ) {
            let mut places = Places::default();
            let mut known: Vec<(u32, u32)> = Vec::new();
            for (at, (what, tag)) in steps.into_iter().enumerate() {
                let tag = if wide { tag.wrapping_mul(0x3FFF_FFFF) } else { u32::MAX - tag };
                let place = at as u32;
                match (what, known.iter().position(|&(of, _)| of == tag)) {
                    (0, Some(found)) => {
                        let (tag, place) = known.swap_remove(found);
                        prop_assert!(places.remove(tag, place));
                        prop_assert!(!places.remove(tag, place));
                    }
                    (1, Some(found)) => {
                        prop_assert!(places.replace(tag, known[found].1, place));
                        known[found].1 = place;
                    }
                    _ => {
                        places.insert(tag, place);
                        known.push((tag, place));
                    }
                }
                prop_assert_eq!(places.len(), known.len());
                for &(tag, place) in &known {
                    prop_assert_eq!(places.find(tag, |found| found == place), Some(place));
                }
                prop_assert_eq!(places.find(tag, |_| false), None);
            }
        }
    }
}
