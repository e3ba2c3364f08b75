//! Fact files with RFC 4180 quoting, where a field may hold anything.

use super::bytes::{Block, Blocks, Input};
use super::codes;
use super::fact_blocks::{FactBlocks, Parsed};
use super::fields::Fields;
use super::findings::{Findings, Problem};
use super::layout::Layout;
use super::records::{Fault, Record};
use crate::storage::{Dictionary, Rows};

/// Reads all rows of a stream. What is wrong goes to `findings`.
pub(crate) fn read_quoted(
    input: Input,
    layout: &Layout,
    delimiter: &[u8],
    dictionary: &Dictionary,
    threads: usize,
    findings: &mut Findings,
) -> Rows {
    let reader = Reader {
        blocks: FactBlocks::new(layout, dictionary, findings),
        delimiter,
    };
    reader.read(input, threads, FactBlocks::SIZE, findings)
}

struct Reader<'a> {
    blocks: FactBlocks<'a>,
    delimiter: &'a [u8],
}

impl Reader<'_> {
    fn read(&self, input: Input, threads: usize, block: usize, findings: &mut Findings) -> Rows {
        let size = input.size();
        let mut blocks = Blocks::of_records(input, block, self.delimiter);
        let parse = |block: &mut Block, parsed: &mut Parsed, headers| {
            self.parse(block, headers, parsed);
        };
        self.blocks
            .read(&mut blocks, size, threads, parse, findings)
    }

    fn parse(&self, block: &mut Block, headers: bool, parsed: &mut Parsed) {
        let mut fields = Fields::default();
        let mut record = Record::default();
        let mut skip = headers;
        let mut at = 0;
        while at < block.lines().len() {
            let quick = match self.delimiter {
                &[delimiter] => fields.quick(block.lines(), at, delimiter),
                _ => false,
            };
            let mark = parsed.rows.mark();
            if !(quick && (skip || self.row(block.text(), &fields, parsed))) {
                parsed.rows.drop_partial_row(mark);
                fields.careful(block, at, self.delimiter, parsed.lines + 1, &mut record);
                let is_row = |parsed: &mut Parsed| {
                    let sound = record.fault.is_none() || self.blocks.layout.arity() == 0;
                    sound && self.row(block.text(), &fields, parsed)
                };
                if !skip && !is_row(parsed) {
                    parsed.rows.drop_partial_row(mark);
                    let problems = self.problems(&record);
                    parsed.refuse(problems, self.blocks.listed, || record.raw());
                }
            }
            skip = false;
            parsed.lines += fields.lines;
            at = fields.next;
        }
    }

    /// Takes a row; false when anything about it is wrong.
    fn row(&self, text: &[u8], fields: &Fields, parsed: &mut Parsed) -> bool {
        let feeds = self.blocks.layout.feeds();
        if fields.places.len() < feeds.len() {
            return false;
        }
        for (&feed, &(start, end)) in feeds.iter().zip(&fields.places) {
            let Some(attribute) = feed else { continue };
            let ends = (start as usize, end as usize);
            let taken = self
                .blocks
                .values
                .take(attribute, text, ends, &mut parsed.rows);
            if taken.is_none() {
                return false;
            }
        }
        parsed.rows.end_row();
        true
    }

    /// Everything that is wrong with a row.
    fn problems(&self, record: &Record) -> Vec<Problem> {
        if let Some(problem) = quoting_problem(record) {
            return vec![problem];
        }
        let layout = self.blocks.layout;
        let mut problems = Vec::new();
        for (file_column, &feed) in layout.feeds().iter().enumerate() {
            let Some(field) = record.field(file_column) else {
                problems.push(placed(
                    record,
                    file_column,
                    layout.values_missing(file_column),
                ));
                break;
            };
            let Some(attribute) = feed else { continue };
            if let Some(problem) = self.blocks.values.problem(attribute, field) {
                problems.push(placed(record, file_column, *problem));
            }
        }
        problems
    }
}

/// Puts a problem at a field of a record.
pub(crate) fn placed(record: &Record, field: usize, problem: Problem) -> Problem {
    let (line, column) = record.place(field);
    let value = record.field(field).unwrap_or(b"");
    problem.of(line, column, String::from_utf8_lossy(value))
}

/// What is wrong with the quotes of a record.
pub(crate) fn quoting_problem(record: &Record) -> Option<Problem> {
    Some(match record.fault? {
        Fault::NeverClosed(field) => placed(
            record,
            field,
            Problem::new(
                codes::QUOTES,
                "this quote is never closed: it takes in the rest of the file",
            )
            .help("close it, or double it if it is part of the text"),
        ),
        Fault::TextAfterQuote(field) => placed(
            record,
            field,
            Problem::new(codes::QUOTES, "the field goes on after its closing quote")
                .help("a quotation mark within a quoted field is written twice"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::io::format::Format;
    use crate::io::testing::{directive, print_diagnostics, print_rows, program};
    use crate::syntax::ast::DirectiveKind;
    use crate::tries::tries;
    use proptest::prelude::*;

    /// Rows with their codes, as text, and what was wrong.
    fn load(
        declared: &str,
        parameters: &str,
        text: &str,
        (block, threads): (usize, usize),
    ) -> (Rows, String, String) {
        let program = program(declared);
        let directive = directive(DirectiveKind::Input, parameters);
        let format = Format::of(&program, &directive).unwrap();
        let layout = Layout::new(&program, &program[RelationId(0)], &format);
        let dictionary = Dictionary::new();
        let mut findings = Findings::new("x.facts".into(), None);
        let reader = Reader {
            blocks: FactBlocks::new(&layout, &dictionary, &findings),
            delimiter: &format.delimiter,
        };
        let input = Input::text(text.as_bytes()).unwrap();
        let rows = reader.read(input, threads, block, &mut findings);
        let wrong = findings
            .finish()
            .err()
            .map(|found| print_diagnostics(&found));
        let printed = print_rows(&program, &dictionary, &rows);
        (rows, printed, wrong.unwrap_or_default())
    }

    /// One record after the other, and each field by itself.
    fn expected(text: &str, headers: bool) -> (String, usize) {
        let mut rest = text.as_bytes();
        let mut record = Record::default();
        let (mut rows, mut bad, mut skip) = (Vec::new(), 0, headers);
        while !rest.is_empty() {
            rest = &rest[record.read(rest, b",", 1)..];
            if std::mem::take(&mut skip) {
                continue;
            }
            let field = |at| record.field(at).map(|text| String::from_utf8_lossy(text));
            let number = |text: &str| text.parse::<i64>().ok().filter(|_| !text.is_empty());
            match (field(0), field(1).as_deref().and_then(number)) {
                (Some(name), Some(number)) if record.fault.is_none() => {
                    rows.push(format!("({name}|{number})"));
                }
                _ => bad += 1,
            }
        }
        (rows.join(" "), bad)
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn blocks_side_by_side_are_records_one_after_the_other(
            text in prop::collection::vec(
                prop_oneof![
                    6 => "[ab]{0,2},[0-9]{1,12}\n",
                    2 => "\"[ab,\n]{0,3}\",[0-9]\r?\n",
                    2 => "\"[ab]?(\"\")?\",\"[0-9]\",x\n",
                    1 => "[ab,\"0-9\n]{0,6}",
                ],
                0..20,
            ),
            block in 1usize..60,
            threads in 1usize..4,
            headers in any::<bool>(),
        ) {
            let text = text.concat();
            let parameters = format!("rfc4180=true delimiter=, headers={headers}");
            let declared = "x: symbol, y: number";
            let found = load(declared, &parameters, &text, (block, threads));
            let (rows, bad) = expected(&text, headers);
            prop_assert_eq!(&found.1, &rows);
            prop_assert_eq!(found.2.is_empty(), bad == 0);
            let whole = load(declared, &parameters, &text, (FactBlocks::SIZE, 1));
            prop_assert_eq!(found, whole);
        }
    }
}
