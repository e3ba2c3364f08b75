//! Blocks of a fact file, parsed side by side and merged in the order of the file.
//!
//! Within a block symbols and wide numbers are numbered locally; those that are new get their codes when blocks are merged, so
//! codes are given in order of first occurrence at any thread count.

use super::block_rows::{BlockRows, Values};
use super::bytes::{Block, Blocks};
use super::findings::{BadRow, Findings, Problem};
use super::layout::Layout;
use super::waves::in_waves;
use crate::storage::{Code, Dictionary, Rows};

/// What reading any block of a fact file needs to know.
pub(crate) struct FactBlocks<'a> {
    pub layout: &'a Layout<'a>,
    pub values: Values<'a>,
    /// Bad rows to keep per block; of the others only the number of problems.
    pub listed: usize,
}

/// What is known of a block before it is merged.
#[derive(Default)]
pub(crate) struct Parsed {
    pub rows: BlockRows,
    pub lines: u32,
    bad: Vec<BadRow>,
    /// Problems beyond those in `bad`.
    more: usize,
}

impl Parsed {
    /// Puts a row aside that cannot be read. Its problems count lines from the beginning of the block.
    pub fn refuse(&mut self, problems: Vec<Problem>, most: usize, text: impl FnOnce() -> String) {
        if self.bad.len() < most {
            let text = text();
            self.bad.push(BadRow { problems, text });
        } else {
            self.more += problems.len();
        }
    }
}

impl<'a> FactBlocks<'a> {
    /// Large enough to keep threads busy, small enough to stay in the cache of a core.
    pub const SIZE: usize = 64 << 10;

    pub fn new(layout: &'a Layout, dictionary: &'a Dictionary, findings: &Findings) -> Self {
        FactBlocks {
            layout,
            values: Values {
                program: layout.program,
                relation: layout.relation,
                dictionary,
            },
            listed: match findings.sets_aside() {
                true => usize::MAX,
                false => Findings::LIMIT,
            },
        }
    }

    /// Reads all rows of a file of `size` bytes. `parse` is told whether a block begins with a header.
    pub fn read(
        &self,
        blocks: &mut Blocks,
        size: Option<u64>,
        threads: usize,
        parse: impl Fn(&mut Block, &mut Parsed, bool) + Sync,
        findings: &mut Findings,
    ) -> Rows {
        let threads = blocks.threads_for(size, threads);
        let width = match self.values.are_ordered() || threads <= 1 {
            true => 1,
            false => threads * 16,
        };
        let arity = self.layout.arity();
        let mut merged = Merged {
            columns: vec![Vec::new(); arity],
            rows: 0,
            lines: 0,
            bytes: 0,
            blocks: 0,
        };
        let read = in_waves(
            blocks,
            width,
            |block, parsed: &mut Parsed, first| {
                let room = block.lines().len() / (2 * arity.max(1)) + 1;
                parsed.rows.start(arity, block.lines(), room);
                parsed.lines = 0;
                parsed.bad.clear();
                parsed.more = 0;
                parse(block, parsed, first && self.layout.headers());
                parsed.rows.look_up(block.text(), &self.values);
            },
            |block, parsed| {
                parsed.rows.settle(block.text(), &self.values);
                merged.take(block, parsed, findings);
                merged.reserve(size);
            },
        );
        if let Err(error) = read {
            findings.io_error(&error);
        }
        match arity {
            0 => Rows::nullary(merged.rows > 0),
            _ => Rows::from_columns(merged.columns),
        }
    }
}

struct Merged {
    columns: Vec<Vec<Code>>,
    rows: usize,
    lines: u32,
    bytes: usize,
    blocks: usize,
}

impl Merged {
    fn take(&mut self, block: &Block, parsed: &mut Parsed, findings: &mut Findings) {
        for (attribute, merged) in self.columns.iter_mut().enumerate() {
            merged.extend_from_slice(parsed.rows.column(attribute));
        }
        for mut row in parsed.bad.drain(..) {
            for problem in &mut row.problems {
                problem.line += self.lines;
            }
            findings.bad_row(row);
        }
        findings.more(parsed.more);
        self.rows += parsed.rows.len();
        self.lines = self.lines.saturating_add(parsed.lines);
        self.bytes += block.lines().len();
        self.blocks += 1;
    }

    /// Makes room for the rest of the file, judged by the rows so far, so that columns hardly ever move.
    fn reserve(&mut self, size: Option<u64>) {
        let block_rows = 2 * self.rows / self.blocks.max(1);
        let per_byte = self.rows as f64 / self.bytes.max(1) as f64;
        let expected = (per_byte * size.unwrap_or(0) as f64 * 1.02) as usize;
        for column in &mut self.columns {
            if column.capacity() - column.len() < block_rows {
                column.reserve_exact((expected.saturating_sub(column.len())).max(column.len() / 2));
            }
        }
    }
}
