//! The fields of RFC 4180 records of a block: where they stand, without copying them.

use super::bytes::Block;
use super::records::Record;
use super::scan::Ends;

/// The fields of one record, and what is needed to find them.
#[derive(Default)]
pub(crate) struct Fields {
    /// Without quotes, in the text of the block.
    pub places: Vec<(u32, u32)>,
    /// Where the next record begins.
    pub next: usize,
    /// Line ends of the record, its own included.
    pub lines: u32,
    ends: Ends,
}

impl Fields {
    /// To be called before the first record of a block.
    pub fn start(&mut self) {
        self.ends = Ends::default();
    }

    /// Finds the fields of the record that begins at `start`, in the lines of a block. False when it has anything unusual:
    /// doubled quotes, a mistake, no line end.
    #[inline]
    pub fn quick(&mut self, text: &[u8], start: usize, delimiter: u8) -> bool {
        self.places.clear();
        self.lines = 1;
        let mut at = start;
        loop {
            let Some(&first) = text.get(at) else {
                return false;
            };
            if first != b'"' {
                let Some(end) = self.ends.next(text, at, delimiter, b'\n') else {
                    return false;
                };
                if text[end] == delimiter {
                    self.places.push((at as u32, end as u32));
                    at = end + 1;
                    continue;
                }
                let stop = end - usize::from(end > at && text[end - 1] == b'\r');
                self.places.push((at as u32, stop as u32));
                self.next = end + 1;
                return true;
            }
            let Some(length) = memchr::memchr(b'"', &text[at + 1..]) else {
                return false;
            };
            let (begin, end) = (at + 1, at + 1 + length);
            self.lines += memchr::memchr_iter(b'\n', &text[begin..end]).count() as u32;
            self.places.push((begin as u32, end as u32));
            match (text.get(end + 1), text.get(end + 2)) {
                (Some(&after), _) if after == delimiter => at = end + 2,
                (Some(b'\n'), _) => {
                    self.next = end + 2;
                    return true;
                }
                (Some(b'\r'), Some(b'\n')) => {
                    self.next = end + 3;
                    return true;
                }
                _ => return false,
            }
        }
    }

    /// The same for any record, which is read into `record`, as of line `line`. Texts with doubled quotes are appended to the
    /// block.
    pub fn careful(
        &mut self,
        block: &mut Block,
        start: usize,
        delimiter: &[u8],
        line: u32,
        record: &mut Record,
    ) {
        let text = &block.lines()[start..];
        let length = record.read(text, delimiter, line);
        self.lines = memchr::memchr_iter(b'\n', &text[..length]).count() as u32;
        self.next = start + length;
        self.places.clear();
        for at in 0..record.len() {
            let (begin, end) = match (record.range(at), record.unescaped(at)) {
                (Some((begin, end)), _) => (start + begin, start + end),
                (None, Some(unescaped)) => block.append(unescaped),
                (None, None) => (start, start),
            };
            self.places.push((begin as u32, end as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bytes::{Blocks, Input};
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    fn found(fields: &Fields, text: &[u8]) -> (Vec<String>, usize, u32) {
        let places = fields.places.iter();
        let texts = places.map(|&(start, end)| &text[start as usize..end as usize]);
        let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned());
        (texts.collect(), fields.next, fields.lines)
    }

    proptest! {
        #![proptest_config(tries(256))]

        /// The careful reader of records is the second opinion on fields and on where blocks are cut.
        #[test]
        fn quick_fields_and_blocks_are_those_of_records(
            text in "[ab,\"\n]{0,40}",
            crlf in any::<bool>(),
            target in 1usize..30,
        ) {
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let mut whole = Vec::new();
            let (mut blocks, mut block) = (
                Blocks::of_records(Input::text(text.as_bytes()).unwrap(), target, b","),
                Block::default(),
            );
            let mut records = Vec::new();
            while blocks.fill(&mut block).unwrap() {
                whole.extend_from_slice(block.lines());
                let mut at = 0;
                while at < block.lines().len() {
                    let (mut quick, mut careful) = (Fields::default(), Fields::default());
                    let is_quick = quick.quick(block.lines(), at, b',');
                    let mut record = Record::default();
                    careful.careful(&mut block, at, b",", 1, &mut record);
                    let expected = found(&careful, block.text());
                    if is_quick {
                        prop_assert_eq!(found(&quick, block.text()), expected.clone());
                    }
                    records.push((expected.0, record.fault));
                    at = careful.next;
                }
            }
            prop_assert_eq!(whole, text.as_bytes());
            let mut expected = Vec::new();
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let mut record = Record::default();
                rest = &rest[record.read(rest, b",", 1)..];
                let fields = (0..record.len()).map(|at| record.field(at).unwrap());
                let fields = fields.map(|field| String::from_utf8_lossy(field).into_owned());
                expected.push((fields.collect::<Vec<_>>(), record.fault));
            }
            prop_assert_eq!(records, expected);
        }
    }
}
