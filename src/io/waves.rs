//! Blocks of a file, parsed side by side and merged in the order of the file.

use super::bytes::{Block, Blocks};
use rayon::prelude::*;
use std::io;

/// Parses blocks in waves of `width`, and merges one wave while the next is parsed and the one after it is read. At a width of
/// one a block is merged before the next is parsed. `parse` is told whether a block is the first one.
pub(crate) fn in_waves<P: Default + Send>(
    blocks: &mut Blocks,
    width: usize,
    parse: impl Fn(&mut Block, &mut P, bool) + Sync,
    mut merge: impl FnMut(&Block, &mut P) + Send,
) -> io::Result<()> {
    let mut first = true;
    if width <= 1 {
        let (mut block, mut parsed) = (Block::default(), P::default());
        while blocks.fill(&mut block)? {
            parse(&mut block, &mut parsed, std::mem::take(&mut first));
            merge(&block, &mut parsed);
        }
        return Ok(());
    }
    let mut before: Wave<P> = Wave::new(width);
    let mut wave = Wave::new(width);
    let mut failed = wave.fill(blocks).err();
    while !wave.is_empty() {
        let go_on = failed.is_none();
        let (read, ()) = rayon::join(
            || {
                before.each(&mut merge);
                match go_on {
                    true => before.fill(blocks).err(),
                    false => None,
                }
            },
            || {
                let filled = &mut wave.slots[..wave.filled];
                let slots = filled.par_iter_mut().with_max_len(1).enumerate();
                slots.for_each(|(at, (block, into))| parse(block, into, first && at == 0));
            },
        );
        failed = failed.or(read);
        first = false;
        std::mem::swap(&mut before, &mut wave);
    }
    before.each(merge);
    failed.map_or(Ok(()), Err)
}

struct Wave<P> {
    slots: Vec<(Block, P)>,
    filled: usize,
}

impl<P: Default> Wave<P> {
    fn new(width: usize) -> Wave<P> {
        Wave {
            slots: (0..width).map(|_| Default::default()).collect(),
            filled: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.filled == 0
    }

    fn fill(&mut self, blocks: &mut Blocks) -> io::Result<()> {
        for (block, _) in &mut self.slots {
            if !blocks.fill(block)? {
                break;
            }
            self.filled += 1;
        }
        Ok(())
    }

    /// Hands out what was filled, in order, and is empty then.
    fn each(&mut self, mut take: impl FnMut(&Block, &mut P)) {
        for (block, parsed) in &mut self.slots[..self.filled] {
            take(block, parsed);
        }
        self.filled = 0;
    }
}
