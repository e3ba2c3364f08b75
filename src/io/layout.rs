//! How a line of delimiter-separated text is a row: which column feeds which attribute, where fields end, what they mean.

use super::codes;
use super::findings::{Problem, shorten};
use super::format::Format;
use super::value::parse_value;
use crate::analysis::checked::{Attribute, CheckedProgram, Relation, ValueType};
use crate::storage::{Code, Dictionary};
use std::str::from_utf8;

/// How the columns of a file feed the attributes of a relation.
pub(crate) struct Layout<'a> {
    pub program: &'a CheckedProgram,
    pub relation: &'a Relation,
    delimiter: &'a [u8],
    headers: bool,
    /// Per file column, up to the last one needed: the attribute it feeds.
    feeds: Vec<Option<usize>>,
    /// Brackets hide a delimiter that contains a comma.
    pub nests: bool,
}

impl<'a> Layout<'a> {
    pub fn new(program: &'a CheckedProgram, relation: &'a Relation, format: &'a Format) -> Self {
        let feeds = match &format.columns {
            None => (0..relation.arity()).map(Some).collect(),
            Some(columns) => {
                let needed = &columns[..relation.arity()];
                let last = needed.iter().max().map_or(0, |&last| last + 1);
                (0..last)
                    .map(|column| needed.iter().position(|&place| place == column))
                    .collect()
            }
        };
        Layout {
            program,
            relation,
            delimiter: &format.delimiter,
            headers: format.headers,
            feeds,
            nests: format.delimiter.contains(&b','),
        }
    }

    pub fn headers(&self) -> bool {
        self.headers
    }

    pub fn feeds(&self) -> &[Option<usize>] {
        &self.feeds
    }

    pub fn arity(&self) -> usize {
        self.relation.arity()
    }

    /// The only byte of the delimiter, if the quick path can rely on it.
    pub fn quick_delimiter(&self) -> Option<u8> {
        match self.delimiter {
            &[byte] if !byte.is_ascii_digit() => Some(byte),
            _ => None,
        }
    }

    pub fn word_bits(&self) -> u32 {
        self.program.word_bits()
    }

    /// A number up to here is in range for every type.
    pub fn largest(&self) -> u64 {
        match self.word_bits() {
            32 => i32::MAX as u64,
            _ => i64::MAX as u64,
        }
    }

    /// The fields of a line up to the last one needed, or how far it got and why no further.
    pub fn split<'l>(&self, line: &'l [u8]) -> Result<Vec<&'l [u8]>, (usize, Box<Problem>)> {
        let mut fields = Vec::with_capacity(self.feeds.len());
        let mut start = 0;
        for &feed in &self.feeds {
            if start > line.len() {
                return Err((line.len(), Box::new(self.values_missing(fields.len()))));
            }
            let compound = feed.is_some_and(|at| is_compound(self.relation.attributes[at].ty));
            let end = if self.nests {
                nested_end(&line[start..], self.delimiter, compound)
                    .ok_or_else(|| (start, Box::new(unbalanced(&line[start..]))))?
            } else {
                memchr::memmem::find(&line[start..], self.delimiter).unwrap_or(line.len() - start)
            };
            fields.push(&line[start..start + end]);
            start += end + self.delimiter.len();
        }
        Ok(fields)
    }

    pub fn values_missing(&self, found: usize) -> Problem {
        let missing = self.feeds[found..].iter().flatten().next();
        let name = missing.map_or("", |&at| &self.relation.attributes[at].name);
        Problem::new(
            codes::VALUES_MISSING,
            format!(
                "values missing: the line has {found} of {} columns, none for `{name}` of `{}`",
                self.feeds.len(),
                self.relation.name
            ),
        )
    }

    /// The value of a field, or why it is none.
    pub fn value(
        &self,
        at: usize,
        field: &[u8],
        dictionary: &Dictionary,
    ) -> Result<Code, Box<Problem>> {
        field_value(
            self.program,
            self.relation,
            &self.relation.attributes[at],
            field,
            dictionary,
        )
    }
}

/// Reads one field as the value of an attribute.
pub(crate) fn field_value(
    program: &CheckedProgram,
    relation: &Relation,
    attribute: &Attribute,
    field: &[u8],
    dictionary: &Dictionary,
) -> Result<Code, Box<Problem>> {
    let text = from_utf8(field).map_err(|_| Box::new(not_utf8()))?;
    parse_value(program, attribute.ty, text, dictionary).map_err(|error| {
        Box::new(Problem::new(
            codes::VALUE,
            format!(
                "`{}` is no value of `{}: {}` of `{}`: {error}",
                shorten(text),
                attribute.name,
                attribute.type_name,
                relation.name
            ),
        ))
    })
}

pub(crate) fn not_utf8() -> Problem {
    Problem::new(codes::ENCODING, "the field is not UTF-8").help("save the file as UTF-8")
}

fn unbalanced(field: &[u8]) -> Problem {
    let shown = shorten(&String::from_utf8_lossy(field));
    Problem::new(
        codes::BRACKETS,
        format!("unbalanced brackets in `{shown}`"),
    )
    .help("brackets group where the delimiter holds a comma: use another delimiter, or `rfc4180=true` and quotes")
}

pub(crate) fn is_compound(ty: ValueType) -> bool {
    matches!(ty, ValueType::Record(_) | ValueType::Adt(_))
}

/// Where the first field of `text` ends when brackets hide delimiters; `None`: they do not pair.
/// In a compound value parentheses group as well, and quotes hide both.
fn nested_end(text: &[u8], delimiter: &[u8], compound: bool) -> Option<usize> {
    let mut depth = 0u32;
    let mut quoted = false;
    let mut at = 0;
    while at < text.len() {
        if depth == 0 && !quoted && text[at..].starts_with(delimiter) {
            return Some(at);
        }
        match text[at] {
            b'"' if compound => quoted = !quoted,
            b'\\' if quoted => at += 1,
            _ if quoted => {}
            b'[' => depth += 1,
            b']' => depth = depth.checked_sub(1)?,
            b'(' if compound => depth += 1,
            b')' if compound => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(text.len())
}

/// Whether a field written without quoting reads back as it is. `last`: it ends its line.
pub(crate) fn reads_back(field: &[u8], delimiter: &[u8], ty: ValueType, last: bool) -> bool {
    if memchr::memchr(b'\n', field).is_some() || last && field.ends_with(b"\r") {
        return false;
    }
    if delimiter.contains(&b',') {
        nested_end(field, delimiter, is_compound(ty)) == Some(field.len())
    } else {
        memchr::memmem::find(field, delimiter).is_none()
    }
}
