//! RFC 4180 records, one at a time, each field with its place.
//!
//! The csv crate reads the same records (the tests hold it against this one) but tells neither where a field stands nor
//! that a quote was never closed, passes over empty lines and knows delimiters of one byte only.

use super::bytes::Input;
use std::io::{self, Read};

/// Cuts a stream into records. Holds one record and what was read ahead, never the file.
pub(crate) struct Records<'a> {
    input: Input<'a>,
    delimiter: Vec<u8>,
    /// `buffer[start..]` is not parsed yet.
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u32,
}

/// One record as it stands in the file, without its line end.
#[derive(Default)]
pub(crate) struct Record {
    raw: Vec<u8>,
    fields: Vec<Field>,
    /// The texts of fields with doubled quotes.
    unescaped: Vec<u8>,
    line: u32,
    pub fault: Option<Fault>,
}

struct Field {
    /// In `raw`, including quotes.
    begin: usize,
    /// In `raw` or in `unescaped`.
    start: usize,
    end: usize,
    is_unescaped: bool,
    is_quoted: bool,
}

/// A quoting mistake in the field of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NeverClosed(usize),
    TextAfterQuote(usize),
}

impl Record {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The text of a field, without quotes.
    pub fn field(&self, at: usize) -> Option<&[u8]> {
        let field = self.fields.get(at)?;
        let text = if field.is_unescaped {
            &self.unescaped
        } else {
            &self.raw
        };
        Some(&text[field.start..field.end])
    }

    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// A line with nothing on it.
    pub fn is_blank(&self) -> bool {
        self.raw.is_empty()
    }

    /// Those of the record, its own included.
    pub fn line_ends(&self) -> u32 {
        memchr::memchr_iter(b'\n', &self.raw).count() as u32 + 1
    }

    pub fn line(&self) -> u32 {
        self.line
    }

    /// Line and column where a field begins; of the record's end when it has no such field.
    pub fn place(&self, at: usize) -> (u32, u32) {
        let begin = self
            .fields
            .get(at)
            .map_or(self.raw.len(), |field| field.begin);
        let before = &self.raw[..begin];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let lines = memchr::memchr_iter(b'\n', before).count() as u32;
        let column = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count() as u32;
        (self.line + lines, column + 1)
    }
}

impl Record {
    /// Reads the record that stands at the beginning of a text, all of which is there; returns where the next one begins.
    pub fn read(&mut self, text: &[u8], delimiter: &[u8], line: u32) -> usize {
        // The end of what is all there can be told.
        let (end, next) = parse(text, delimiter, true, self).unwrap_or((text.len(), text.len()));
        self.raw.clear();
        self.raw.extend_from_slice(&text[..end]);
        self.line = line;
        next
    }

    /// The text of a field that does not stand in the record as it is: a quotation mark in it is doubled there.
    pub fn unescaped(&self, at: usize) -> Option<&[u8]> {
        let field = self.fields.get(at).filter(|field| field.is_unescaped)?;
        Some(&self.unescaped[field.start..field.end])
    }

    /// Where the text of another field stands in the record.
    pub fn range(&self, at: usize) -> Option<(usize, usize)> {
        let field = self.fields.get(at).filter(|field| !field.is_unescaped)?;
        Some((field.start, field.end))
    }
}

impl<'a> Records<'a> {
    const READ_AHEAD: usize = 256 << 10;

    pub fn new(input: Input<'a>, delimiter: &[u8]) -> Records<'a> {
        Records {
            input,
            delimiter: delimiter.to_vec(),
            buffer: Vec::new(),
            start: 0,
            ended: false,
            line: 1,
        }
    }

    /// Reads the next record into `record`; false at the end.
    pub fn next(&mut self, record: &mut Record) -> io::Result<bool> {
        loop {
            let text = &self.buffer[self.start..];
            if text.is_empty() && self.ended {
                return Ok(false);
            }
            if !text.is_empty()
                && let Some((end, next)) = parse(text, &self.delimiter, self.ended, record)
            {
                record.raw.clear();
                record.raw.extend_from_slice(&text[..end]);
                record.line = self.line;
                self.line += memchr::memchr_iter(b'\n', &text[..next]).count() as u32;
                self.start += next;
                return Ok(true);
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            // Doubling keeps a record that never ends from being parsed once per read.
            let more = Self::READ_AHEAD.max(self.buffer.len());
            let read = self
                .input
                .by_ref()
                .take(more as u64)
                .read_to_end(&mut self.buffer)?;
            self.ended = read < more;
        }
    }
}

/// Parses the record at the start of `text`: where it ends, and where the next one begins. `None`: its end may lie
/// beyond `text`.
pub(crate) fn parse(
    text: &[u8],
    delimiter: &[u8],
    ended: bool,
    record: &mut Record,
) -> Option<(usize, usize)> {
    record.fields.clear();
    record.unescaped.clear();
    record.fault = None;
    let mut at = 0;
    loop {
        let begin = at;
        let number = record.fields.len();
        let mut field = Field {
            begin,
            start: begin,
            end: begin,
            is_unescaped: false,
            is_quoted: text.get(at) == Some(&b'"'),
        };
        if field.is_quoted {
            field.start = begin + 1;
            at = begin + 1;
            let mut doubled = false;
            loop {
                let Some(quote) = memchr::memchr(b'"', &text[at..]) else {
                    if !ended {
                        return None;
                    }
                    record.fault = Some(Fault::NeverClosed(number));
                    field.end = text.len();
                    record.fields.push(field);
                    return Some((text.len(), text.len()));
                };
                at += quote;
                if at + 1 == text.len() && !ended {
                    return None;
                }
                if text.get(at + 1) != Some(&b'"') {
                    break;
                }
                doubled = true;
                at += 2;
            }
            field.end = at;
            at += 1;
            if doubled {
                let start = record.unescaped.len();
                let mut quoted = &text[field.start..field.end];
                while let Some(quote) = memchr::memchr(b'"', quoted) {
                    record.unescaped.extend_from_slice(&quoted[..=quote]);
                    quoted = &quoted[quote + 2..];
                }
                record.unescaped.extend_from_slice(quoted);
                field.start = start;
                field.end = record.unescaped.len();
                field.is_unescaped = true;
            }
        }
        let after_quote = at;
        let end = field_end(&text[at..], delimiter, ended)? + at;
        let mut line_end = end;
        if text.get(end).is_none_or(|&byte| byte == b'\n') && text[at..end].ends_with(b"\r") {
            line_end -= 1;
        }
        let delimited = text[end..].starts_with(delimiter);
        let stop = if delimited { end } else { line_end };
        if !field.is_quoted {
            field.end = stop;
        } else if stop > after_quote {
            record.fault.get_or_insert(Fault::TextAfterQuote(number));
        }
        record.fields.push(field);
        if delimited {
            at = end + delimiter.len();
        } else {
            return Some((stop, (end + 1).min(text.len())));
        }
    }
}

/// Where the first delimiter or line end is; the end of the text when it has neither and nothing follows.
fn field_end(text: &[u8], delimiter: &[u8], ended: bool) -> Option<usize> {
    if let &[byte] = delimiter {
        return memchr::memchr2(byte, b'\n', text).or_else(|| ended.then_some(text.len()));
    }
    let line_end = memchr::memchr(b'\n', text).or_else(|| ended.then_some(text.len()))?;
    Some(memchr::memmem::find(&text[..line_end], delimiter).unwrap_or(line_end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    fn records(text: &[u8], delimiter: &str) -> Vec<(u32, Vec<String>, Option<Fault>)> {
        let mut records = Records::new(Input::text(text).unwrap(), delimiter.as_bytes());
        let mut record = Record::default();
        let mut found = Vec::new();
        while records.next(&mut record).unwrap() {
            let fields = (0..record.len())
                .map(|at| String::from_utf8(record.field(at).unwrap().to_vec()).unwrap())
                .collect();
            found.push((record.line(), fields, record.fault));
        }
        found
    }

    #[test]
    fn records_keep_what_quotes_hold() {
        for (text, delimiter, expected) in [
            ("a,b\nc,d\n", ",", "1:a|b 2:c|d"),
            ("a,b\r\nc,d", ",", "1:a|b 2:c|d"),
            ("a,\r\n,b\r\n", ",", "1:a| 2:|b"),
            ("a,", ",", "1:a|"),
            ("\n\na\n", ",", "1: 2: 3:a"),
            ("\"a,b\",\"c\"\"d\"\"\"\n", ",", "1:a,b|c\"d\""),
            ("\"\",x\n", ",", "1:|x"),
            ("\"two\nlines\",x\r\ny,z", ",", "1:two\nlines|x 3:y|z"),
            ("a\"b,c\n", ",", "1:a\"b|c"),
            ("a::b:c::\"::\"\nd\n", "::", "1:a|b:c|:: 2:d"),
            ("\"a\"", ",", "1:a"),
            ("\"a\"\r\n", ",", "1:a"),
            ("", ",", ""),
        ] {
            let found: Vec<String> = records(text.as_bytes(), delimiter)
                .into_iter()
                .map(|(line, fields, fault)| {
                    assert_eq!(fault, None, "{text:?}");
                    format!("{line}:{}", fields.join("|"))
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn quoting_mistakes_are_found() {
        for (text, line, fault) in [
            ("a\nb,\"c\nd,e\n", 2, Fault::NeverClosed(1)),
            ("a,\"b\"c,d\n", 1, Fault::TextAfterQuote(1)),
            ("\"a\" ,d\n", 1, Fault::TextAfterQuote(0)),
            ("\"", 1, Fault::NeverClosed(0)),
        ] {
            let found = records(text.as_bytes(), ",");
            let faulty = found.iter().find(|(_, _, fault)| fault.is_some());
            let (at, _, found) = faulty.expect(text);
            assert_eq!((*at, *found), (line, Some(fault)), "{text:?}");
        }
    }

    #[test]
    fn fields_know_their_place() {
        let text = "é,\"x\ny\",zz,w\n".as_bytes();
        let mut records = Records::new(Input::text(text).unwrap(), b",");
        let mut record = Record::default();
        assert!(records.next(&mut record).unwrap());
        let places: Vec<_> = (0..5).map(|at| record.place(at)).collect();
        assert_eq!(places, [(1, 1), (1, 3), (2, 4), (2, 7), (2, 8)]);
    }

    fn written() -> impl Strategy<Value = Vec<(Vec<(String, bool)>, bool)>> {
        let field = prop_oneof![
            ("[ab,\"\r\n]{0,5}", Just(true)),
            ("[ab é]{0,3}", any::<bool>())
        ];
        prop::collection::vec((prop::collection::vec(field, 1..4), any::<bool>()), 0..6)
    }

    proptest! {
        #![proptest_config(tries(256))]

        /// What was written reads back, and the csv crate reads the same, but for empty lines, which it skips.
        #[test]
        fn records_read_back_as_they_were_written(written in written()) {
            let mut text = String::new();
            for (fields, carriage_return) in &written {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(field, quoted)| match quoted {
                        true => format!("\"{}\"", field.replace('"', "\"\"")),
                        false => field.clone(),
                    })
                    .collect();
                text += &fields.join(",");
                text += if *carriage_return { "\r\n" } else { "\n" };
            }
            let ours: Vec<Vec<String>> = records(text.as_bytes(), ",")
                .into_iter()
                .map(|(_, fields, fault)| {
                    assert_eq!(fault, None);
                    fields
                })
                .collect();
            let expected: Vec<Vec<String>> = written
                .iter()
                .map(|(fields, _)| fields.iter().map(|(field, _)| field.clone()).collect())
                .collect();
            prop_assert_eq!(&ours, &expected);

            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let blank = [(String::new(), false)];
            let expected: Vec<Vec<String>> = written
                .iter()
                .zip(expected)
                .filter(|((fields, _), _)| fields[..] != blank)
                .map(|(_, fields)| fields)
                .collect();
            prop_assert_eq!(theirs, expected);
        }
    }
}
