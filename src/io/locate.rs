//! Where a plain fact stands: looked up in its file when somebody asks, so that loading need not remember every line.

use super::bytes::{Block, Blocks, Input};
use super::format::{Format, Medium};
use super::layout::Layout;
use super::records::{Record, Records};
use super::value::format_value;
use crate::analysis::checked::{CheckedProgram, Directive};
use crate::storage::{Code, Dictionary};
use crate::syntax::source::Location;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The first line from which a directive reads this row. `None` when its file has no such line (any more), or is not
/// delimiter-separated text. Reads the file: about as long as it takes to search it for a word.
pub fn locate(
    program: &CheckedProgram,
    directive: &Directive,
    dictionary: &Dictionary,
    row: &[Code],
    fact_dir: &Path,
) -> io::Result<Option<Location>> {
    let relation = &program[directive.relation];
    let Ok(format) = Format::of(program, directive) else {
        return Ok(None);
    };
    if format.medium != Medium::File || row.len() != relation.arity() {
        return Ok(None);
    }
    let path = format.path(fact_dir, &relation.name, true);
    let layout = Layout::new(program, relation, &format);
    let is_row = |fields: &[&[u8]]| {
        layout.feeds().iter().zip(fields).all(|(&feed, field)| {
            feed.is_none_or(|at| layout.value(at, field, dictionary).ok() == Some(row[at]))
        })
    };
    let line = if format.rfc4180 {
        let mut records = Records::new(Input::file(&path, None)?, &format.delimiter);
        find_record(&mut records, layout.headers(), layout.feeds().len(), is_row)?
    } else {
        // A value hardly ever stands in the file in other words than it prints in.
        let longest = relation
            .attributes
            .iter()
            .zip(row)
            .map(|(attribute, &code)| format_value(dictionary, program, attribute.ty, code))
            .max_by_key(String::len)
            .unwrap_or_default();
        let search = |word: &str| {
            let input = Input::file(&path, None)?;
            find_line(input, layout.headers(), word, |line| {
                layout.split(line).is_ok_and(|fields| is_row(&fields))
            })
        };
        match search(&longest)? {
            None if !longest.is_empty() => search("")?,
            found => found,
        }
    };
    let file: Arc<str> = path.to_string_lossy().into();
    Ok(line.map(|line| Location {
        file,
        line,
        column: 1,
    }))
}

fn find_record(
    records: &mut Records,
    headers: bool,
    width: usize,
    is_row: impl Fn(&[&[u8]]) -> bool,
) -> io::Result<Option<u32>> {
    let mut record = Record::default();
    let mut skip = headers;
    while records.next(&mut record)? {
        let fields: Vec<&[u8]> = (0..width).map_while(|at| record.field(at)).collect();
        if !std::mem::take(&mut skip) && fields.len() == width && is_row(&fields) {
            return Ok(Some(record.line()));
        }
    }
    Ok(None)
}

/// The number of the first line that holds `word` and passes `is_row`.
fn find_line(
    input: Input,
    headers: bool,
    word: &str,
    is_row: impl Fn(&[u8]) -> bool,
) -> io::Result<Option<u32>> {
    let finder = memchr::memmem::Finder::new(word);
    let mut blocks = Blocks::new(input, 1 << 20);
    let mut block = Block::default();
    let mut lines_before = 0;
    while blocks.fill(&mut block)? {
        let text = block.lines();
        let mut at = 0;
        let mut line = lines_before + 1;
        while let Some(hit) = finder.find(&text[at..]).map(|hit| at + hit) {
            line += memchr::memchr_iter(b'\n', &text[at..hit]).count() as u32;
            let start = memchr::memrchr(b'\n', &text[..hit]).map_or(0, |end| end + 1);
            let Some(end) = memchr::memchr(b'\n', &text[hit..]).map(|end| hit + end) else {
                break;
            };
            let found = &text[start..end];
            let found = found.strip_suffix(b"\r").unwrap_or(found);
            if is_row(found) && !(headers && line == 1) {
                return Ok(Some(line));
            }
            line += 1;
            at = end + 1;
            if at == text.len() {
                break;
            }
        }
        lines_before += memchr::memchr_iter(b'\n', text).count() as u32;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::io::parse_value;
    use crate::io::testing::{directive, program};
    use crate::syntax::ast::DirectiveKind;

    fn check(declared: &str, parameters: &str, text: &str, row: &str, expected: Option<u32>) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("r.facts"), text).unwrap();
        let program = program(declared);
        let dictionary = Dictionary::new();
        let codes: Vec<Code> = row
            .split('|')
            .zip(&program[RelationId(0)].attributes)
            .map(|(text, attribute)| {
                parse_value(&program, attribute.ty, text, &dictionary).unwrap()
            })
            .collect();
        let input = directive(DirectiveKind::Input, parameters);
        let found = locate(&program, &input, &dictionary, &codes, directory.path()).unwrap();
        assert_eq!(found.map(|place| place.line), expected, "{row} in {text:?}");
    }

    #[test]
    fn a_row_is_found_where_it_stands_first() {
        let pairs = "x: number, y: symbol";
        let long = "1\tother\n".repeat(300_000);
        for (declared, parameters, text, row, line) in [
            (pairs, "", "1\ta\n2\ta\n2\tb\n2\tb\n", "2|b", Some(3)),
            (pairs, "", "1\tab\n2\tb\n1\tb\n", "1|b", Some(3)),
            (pairs, "", "1\ta\r\n 007\ta\r\n", "7|a", Some(2)),
            (pairs, "", "1\t\n2\t\n", "2|", Some(2)),
            (pairs, "", "1\ta\n", "1|b", None),
            (pairs, "headers=true", "1\ta\nx\n1\ta\n", "1|a", Some(3)),
            (pairs, "columns=2:0", "b\t5\t1\nb\t6\t2\n", "2|b", Some(2)),
            (
                pairs,
                "",
                &(long.clone() + "2\tother\n"),
                "2|other",
                Some(300_001),
            ),
            (pairs, "", &(long.clone() + "7\tx\n"), "7|x", Some(300_001)),
            (
                "x: number, p: Pair",
                "delimiter=,",
                "1,[2, a]\n1,[3,a]\n",
                "1|[3, a]",
                Some(2),
            ),
            (
                "x: symbol",
                "rfc4180=true",
                "\"a\nb\"\n\"c\"\"\"\n",
                "c\"",
                Some(3),
            ),
            (
                "x: symbol",
                "rfc4180=true headers=true",
                "c\nc\n",
                "c",
                Some(2),
            ),
        ] {
            check(declared, parameters, text, row, line);
        }
    }
}
