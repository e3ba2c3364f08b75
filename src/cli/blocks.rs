//! Where the command gets its blocks of memory from.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};

/// The allocator of the command: small blocks, which questions over supports, worlds and proofs ask for by the hundred
/// thousand, come from mimalloc, which is faster at them; all others from the system, which gives back at once what growing
/// tables leave (see [`give_back_early`](super::memory::give_back_early)) and mimalloc keeps. A program that embeds the library
/// chooses for itself.
#[derive(Debug, Clone, Copy)]
pub struct Blocks;

/// What is small, in bytes. Larger bounds save no time, and mimalloc then keeps more.
const SMALL: usize = 1024;

const fn is_small(size: usize) -> bool {
    size <= SMALL
}

// SAFETY: which allocator a block belongs to follows from its size alone, which every call states, so each gets back only what
// it gave; both uphold the contract, and so does the move between them.
unsafe impl GlobalAlloc for Blocks {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_small(layout.size()) {
            // SAFETY: the caller's promise, handed on.
            unsafe { MiMalloc.alloc(layout) }
        } else {
            // SAFETY: as above.
            unsafe { System.alloc(layout) }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_small(layout.size()) {
            // SAFETY: the caller's promise, handed on.
            unsafe { MiMalloc.alloc_zeroed(layout) }
        } else {
            // SAFETY: as above. Fresh pages of the system are zero already and are not written.
            unsafe { System.alloc_zeroed(layout) }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_small(layout.size()) {
            // SAFETY: a block of this size came from here.
            unsafe { MiMalloc.dealloc(block, layout) }
        } else {
            // SAFETY: as above.
            unsafe { System.dealloc(block, layout) }
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (is_small(layout.size()), is_small(size)) {
            // SAFETY: a block of this size came from here and stays here.
            (true, true) => unsafe { MiMalloc.realloc(block, layout, size) },
            // SAFETY: as above.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: the caller promises that `size` is not zero and does not overflow when rounded up to the alignment. The
            // new block is another one, and both have room for the shorter of the two.
            _ => unsafe {
                let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block that takes every size in turn keeps what was written to it, at its alignment; what is asked for zeroed is zero.
    #[test]
    fn blocks_keep_their_bytes_when_they_move() {
        for align in [1, 8, 64, 4096] {
            let sizes = [
                1,
                24,
                SMALL - 1,
                SMALL,
                SMALL + 1,
                5_000,
                2 << 20,
                SMALL + 1,
                SMALL,
                3,
                9_000,
                1,
            ];
            let mut layout = Layout::from_size_align(sizes[0], align).unwrap();
            // SAFETY: sizes are not zero, blocks are read and written within their size, and the last one is given back.
            unsafe {
                let mut block = Blocks.alloc_zeroed(layout);
                for size in sizes {
                    block = Blocks.realloc(block, layout, size);
                    assert!(!block.is_null() && block.addr().is_multiple_of(align));
                    for at in 0..layout.size().min(size) {
                        assert_eq!(
                            block.add(at).read(),
                            (at % 251) as u8,
                            "byte {at} of {size}"
                        );
                    }
                    for at in 0..size {
                        block.add(at).write((at % 251) as u8);
                    }
                    layout = Layout::from_size_align(size, align).unwrap();
                    let zeroed = Blocks.alloc_zeroed(layout);
                    assert!((0..size).all(|at| zeroed.add(at).read() == 0));
                    Blocks.dealloc(zeroed, layout);
                }
                Blocks.dealloc(block, layout);
            }
        }
    }
}
