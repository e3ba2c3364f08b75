//! Files, pipes and standard input as bytes: gzip is recognised, progress is counted, lines come in blocks.
//!
//! Files are read, not mapped: mapped pages count as memory of the process, a file cut short meanwhile would end it,
//! and pipes cannot be mapped at all. Reading into a buffer that stays in the cache is no slower.

use super::read::Progress;
use super::records::{Record, parse};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// A stream of bytes, decompressed, without byte-order mark.
pub(crate) struct Input<'a> {
    reader: Box<dyn Read + Send + 'a>,
    size: Option<u64>,
}

impl<'a> Input<'a> {
    pub fn file(path: &Path, progress: Option<Progress<'a>>) -> io::Result<Input<'a>> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory",
            ));
        }
        Input::new(file, metadata.len(), progress)
    }

    pub fn stdin() -> io::Result<Input<'a>> {
        Input::new(io::stdin(), 0, None)
    }

    /// No bytes: somebody else reads the file.
    pub fn nothing() -> io::Result<Input<'a>> {
        Input::new(io::empty(), 0, None)
    }

    #[cfg(test)]
    pub fn text(text: &'a [u8]) -> io::Result<Input<'a>> {
        Input::new(text, text.len() as u64, None)
    }

    /// How many bytes are to come, if that is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn new(
        reader: impl Read + Send + 'a,
        total: u64,
        progress: Option<Progress<'a>>,
    ) -> io::Result<Input<'a>> {
        let mut counted = Counted {
            reader,
            done: 0,
            total,
            progress,
        };
        let start = read_start(&mut counted, 3)?;
        if start.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = MultiGzDecoder::new(Cursor::new(start).chain(counted));
            let start = read_start(&mut unpacked, 3)?;
            Ok(Input::after_mark(start, unpacked, None))
        } else {
            Ok(Input::after_mark(
                start,
                counted,
                (total > 0).then_some(total),
            ))
        }
    }

    fn after_mark(start: Vec<u8>, rest: impl Read + Send + 'a, size: Option<u64>) -> Input<'a> {
        let start = match start.strip_prefix(b"\xEF\xBB\xBF") {
            Some(_) => Vec::new(),
            None => start,
        };
        Input {
            reader: Box::new(Cursor::new(start).chain(rest)),
            size,
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// The first bytes of a stream; fewer than asked for only at its end.
fn read_start(reader: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(count).read_to_end(&mut start)?;
    Ok(start)
}

struct Counted<'a, R> {
    reader: R,
    done: u64,
    total: u64,
    progress: Option<Progress<'a>>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.done += read as u64;
        match self.progress {
            Some(go_on) if !go_on(self.done, self.total.max(self.done)) => {
                Err(io::Error::other("reading was stopped"))
            }
            _ => Ok(read),
        }
    }
}

/// Whole lines or records, followed by [`Block::PADDING`] bytes one may read past the end.
#[derive(Default)]
pub(crate) struct Block {
    /// Written before, as far as it goes: only `lines` and what was appended is of this block.
    buffer: Vec<u8>,
    len: usize,
    appended: usize,
}

impl Block {
    pub const PADDING: usize = 8;

    /// The lines, without the padding.
    pub fn lines(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// The lines and the padding.
    pub fn padded(&self) -> &[u8] {
        &self.buffer[..self.len + Self::PADDING]
    }

    /// The lines, and what was appended, at the places it got.
    pub fn text(&self) -> &[u8] {
        &self.buffer[..self.len.max(self.appended)]
    }

    /// Keeps a text that does not stand in the lines; where it is in [`text`](Block::text).
    pub fn append(&mut self, text: &[u8]) -> (usize, usize) {
        let start = self.appended.max(self.len + Self::PADDING);
        self.appended = start + text.len();
        self.buffer.truncate(start);
        self.buffer.extend_from_slice(text);
        (start, self.appended)
    }

    fn reach(&mut self, len: usize) {
        if self.buffer.len() < len + Self::PADDING {
            self.buffer.resize(len + Self::PADDING, 0);
        }
    }
}

/// Cuts a stream into blocks of whole lines, or of whole records. Where it cuts depends on the bytes alone.
pub(crate) struct Blocks<'a> {
    input: Input<'a>,
    /// The beginning of a line whose end is not read yet.
    carry: Vec<u8>,
    target: usize,
    ended: bool,
    /// Of records: lines may be quoted.
    delimiter: Option<Vec<u8>>,
}

impl<'a> Blocks<'a> {
    /// Positions within a block fit 32 bits with room to spare.
    const LONGEST: usize = 1 << 30;

    pub fn new(input: Input<'a>, target: usize) -> Blocks<'a> {
        Blocks {
            input,
            carry: Vec::new(),
            target,
            ended: false,
            delimiter: None,
        }
    }

    /// Blocks of RFC 4180 records. The last one ends where the stream does, with or without a line end.
    pub fn of_records(input: Input<'a>, target: usize, delimiter: &[u8]) -> Blocks<'a> {
        Blocks {
            delimiter: Some(delimiter.to_vec()),
            ..Blocks::new(input, target)
        }
    }

    /// On how many threads a stream of so many bytes is worth parsing: where it is one block, to wake another takes longer.
    pub fn threads_for(&self, size: Option<u64>, threads: usize) -> usize {
        match size.is_some_and(|size| size <= self.target as u64) {
            true => 1,
            false => threads,
        }
    }

    /// Takes the first record of the stream; false if there is none.
    pub fn take_record(&mut self, record: &mut Record, delimiter: &[u8]) -> io::Result<bool> {
        let mut block = Block::default();
        if !self.fill(&mut block)? {
            return Ok(false);
        }
        let next = record.read(block.lines(), delimiter, 1);
        self.carry
            .splice(0..0, block.lines()[next..].iter().copied());
        Ok(true)
    }

    /// Fills `block`; false at the end of the stream.
    pub fn fill(&mut self, block: &mut Block) -> io::Result<bool> {
        block.len = 0;
        block.appended = 0;
        let mut records = RecordEnds::default();
        let mut filled = self.carry.len();
        let mut want = self.target.max(filled);
        block.reach(want);
        block.buffer[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut searched = 0;
        loop {
            while filled < want && !self.ended {
                let read = self.input.read(&mut block.buffer[filled..want])?;
                filled += read;
                self.ended = read == 0;
            }
            if self.ended {
                if filled > 0 && block.buffer[filled - 1] != b'\n' && self.delimiter.is_none() {
                    block.reach(filled + 1);
                    block.buffer[filled] = b'\n';
                    filled += 1;
                }
                block.len = filled;
                return Ok(filled > 0);
            }
            let end = match &self.delimiter {
                None => memchr::memrchr(b'\n', &block.buffer[searched..filled])
                    .map(|at| searched + at + 1),
                Some(delimiter) => records.last(&block.buffer[..filled], delimiter),
            };
            if let Some(end) = end {
                block.len = end;
                self.carry
                    .extend_from_slice(&block.buffer[block.len..filled]);
                return Ok(true);
            }
            if filled >= Self::LONGEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line is longer than a gigabyte",
                ));
            }
            searched = filled;
            want *= 2;
            block.reach(want);
        }
    }
}

/// Where records end in a text that begins with one and may grow.
#[derive(Default)]
struct RecordEnds {
    /// Everything before was looked at.
    at: usize,
    /// Whether that is within quotes.
    quoted: bool,
    end: usize,
}

impl RecordEnds {
    /// Where the last record that is whole ends.
    fn last(&mut self, text: &[u8], delimiter: &[u8]) -> Option<usize> {
        match delimiter {
            [delimiter] => self.advance(text, *delimiter),
            _ => self.parse(text, delimiter),
        }
        (self.end > 0).then_some(self.end)
    }

    /// From quote to quote: one opens a field where a field begins, and is a character anywhere else.
    fn advance(&mut self, text: &[u8], delimiter: u8) {
        loop {
            let quote = memchr::memchr(b'"', &text[self.at..]).map(|at| self.at + at);
            if !self.quoted {
                let plain = &text[self.at..quote.unwrap_or(text.len())];
                if let Some(line_end) = memchr::memrchr(b'\n', plain) {
                    self.end = self.at + line_end + 1;
                }
            }
            let Some(quote) = quote else {
                self.at = text.len();
                return;
            };
            self.at = quote + 1;
            if !self.quoted {
                let begins = |before: &u8| *before == delimiter || *before == b'\n';
                self.quoted = text[..quote].last().is_none_or(begins);
            } else if self.at == text.len() {
                // Whether it closes the field is for the next byte to tell.
                self.at = quote;
                return;
            } else if text[self.at] == b'"' {
                self.at += 1;
            } else {
                self.quoted = false;
            }
        }
    }

    fn parse(&mut self, text: &[u8], delimiter: &[u8]) {
        let mut record = Record::default();
        while self.end < text.len()
            && let Some((_, next)) = parse(&text[self.end..], delimiter, false, &mut record)
        {
            self.end += next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;
    use std::io::Write;

    fn blocks(bytes: &[u8], target: usize) -> Vec<Vec<u8>> {
        let mut blocks = Blocks::new(Input::text(bytes).unwrap(), target);
        let mut block = Block::default();
        let mut found = Vec::new();
        while blocks.fill(&mut block).unwrap() {
            found.push(block.lines().to_vec());
        }
        found
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn blocks_are_whole_lines_and_lose_nothing(text in "[ab\n]{0,60}", target in 1usize..20) {
            let found = blocks(text.as_bytes(), target);
            prop_assert!(found.iter().all(|block| block.ends_with(b"\n")));
            let mut whole = text.into_bytes();
            if whole.last().is_some_and(|&byte| byte != b'\n') {
                whole.push(b'\n');
            }
            prop_assert_eq!(found.concat(), whole);
        }
    }

    #[test]
    fn gzip_and_marks_are_taken_off() {
        let pack = |bytes: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        };
        let twice = [pack(b"\xEF\xBB\xBFa\n"), pack(b"b\n")].concat();
        for (bytes, text) in [
            (&b"\xEF\xBB\xBFa\nb"[..], "a\nb\n"),
            (b"\xEF\xBB\xBF", ""),
            (b"", ""),
            (b"a", "a\n"),
            (&twice, "a\nb\n"),
        ] {
            assert_eq!(
                String::from_utf8(blocks(bytes, 100).concat()).unwrap(),
                text
            );
        }
    }

    #[test]
    fn a_broken_gzip_stream_is_an_error() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"whole").unwrap();
        let whole = packer.finish().unwrap();
        for broken in [&whole[..whole.len() - 3], b"\x1f\x8b\x08\x00junk"] {
            let read = Input::text(broken)
                .and_then(|input| Blocks::new(input, 100).fill(&mut Block::default()));
            assert!(read.is_err());
        }
    }
}
