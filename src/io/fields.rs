//! The fields of RFC 4180 records of a block: where they stand, without copying them.

use super::bytes::Block;
use super::records::Record;

/// The fields of one record, and what is needed to find them.
#[derive(Default)]
pub(crate) struct Fields {
    /// Without quotes, in the text of the block.
    pub places: Vec<(u32, u32)>,
    /// Where the next record begins.
    pub next: usize,
    /// Line ends of the record, its own included.
    pub lines: u32,
}

impl Fields {
    /// Finds the fields of the record that begins at `start`. False when it has anything unusual: doubled quotes, a mistake,
    /// no line end.
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
                let Some(length) = memchr::memchr2(delimiter, b'\n', &text[at..]) else {
                    return false;
                };
                let end = at + length;
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

    pub fn of<'t>(&self, text: &'t [u8], at: usize) -> &'t [u8] {
        let (start, end) = self.places[at];
        &text[start as usize..end as usize]
    }
}
