//! Delimiter-separated facts without quoting: lines to columns of codes, in parallel, as fast as memory allows.
//!
//! Each row goes down a quick path first; whatever is unusual takes the careful one, which also says what is wrong.

use super::block_rows::BlockRows;
use super::bytes::{Block, Blocks, Input};
use super::fact_blocks::{FactBlocks, Parsed};
use super::findings::{Findings, Problem};
use super::layout::Layout;
use super::scan::find_either;
use super::value::parse_word;
use crate::analysis::checked::ValueType;
use crate::storage::{Dictionary, Rows};
use std::str::from_utf8;

/// Reads all rows of a stream. What is wrong goes to `findings`.
pub(crate) fn read_lines(
    input: Input,
    layout: &Layout,
    dictionary: &Dictionary,
    threads: usize,
    findings: &mut Findings,
) -> Rows {
    Reader {
        blocks: FactBlocks::new(layout, dictionary, findings),
        quick: layout.quick_delimiter(),
        largest: layout.largest(),
        block: FactBlocks::SIZE,
    }
    .read(input, threads, findings)
}

struct Reader<'a> {
    blocks: FactBlocks<'a>,
    /// `None`: every row takes the careful path.
    quick: Option<u8>,
    /// Numbers the quick path takes.
    largest: u64,
    block: usize,
}

impl Reader<'_> {
    fn read(&self, input: Input, threads: usize, findings: &mut Findings) -> Rows {
        let size = input.size();
        let mut blocks = Blocks::new(input, self.block);
        let parse = |block: &mut Block, parsed: &mut Parsed, headers| {
            self.parse(block, headers, parsed);
        };
        self.blocks
            .read(&mut blocks, size, threads, parse, findings)
    }

    fn parse(&self, block: &Block, headers: bool, parsed: &mut Parsed) {
        let lines = block.lines();
        let mut at = 0;
        if headers {
            at = line_end(lines, 0) + 1;
            parsed.lines = 1;
        }
        // Few blocks have any brackets.
        let nests = self.blocks.layout.nests && memchr::memchr2(b'[', b']', lines).is_some();
        while at < lines.len() {
            parsed.lines += 1;
            let mark = parsed.rows.mark();
            let quick = match self.quick {
                Some(delimiter) => self.quick_row((delimiter, nests), block, at, &mut parsed.rows),
                None => None,
            };
            at = quick.unwrap_or_else(|| {
                parsed.rows.drop_partial_row(mark);
                let end = line_end(lines, at);
                self.careful_row(lines, at, end, parsed);
                end + 1
            });
        }
    }

    /// Where the next row begins; `None` when the row has anything unusual. Fields already taken stay in the columns.
    #[inline]
    fn quick_row(
        &self,
        (delimiter, nests): (u8, bool),
        block: &Block,
        start: usize,
        rows: &mut BlockRows,
    ) -> Option<usize> {
        let layout = self.blocks.layout;
        let lines = block.lines();
        let padded = block.padded();
        let mut at = start;
        let last = layout.feeds().len().checked_sub(1)?;
        for (file_column, &feed) in layout.feeds().iter().enumerate() {
            let ty = feed.map(|attribute| layout.relation.attributes[attribute].ty);
            let begin = at;
            match (feed, ty) {
                (Some(attribute), Some(ValueType::Number | ValueType::Unsigned)) => {
                    let (value, digits) = leading_digits(padded, at)?;
                    if value > self.largest {
                        return None;
                    }
                    at += digits;
                    rows.push_word(attribute, value);
                }
                _ => {
                    at = find_either(lines, at, delimiter, b'\n')?;
                    let mut end = at;
                    if lines[at] == b'\n' && end > begin && lines[end - 1] == b'\r' {
                        end -= 1;
                    }
                    if nests && memchr::memchr2(b'[', b']', &lines[begin..end]).is_some() {
                        return None;
                    }
                    match (feed, ty) {
                        (Some(attribute), Some(ValueType::Symbol)) => {
                            rows.push_symbol(attribute, lines, begin, end)?;
                        }
                        (Some(attribute), Some(ty @ ValueType::Float)) => {
                            let text = from_utf8(&lines[begin..end]).ok()?;
                            rows.push_word(
                                attribute,
                                parse_word(ty, text, self.blocks.layout.word_bits()).ok()?,
                            );
                        }
                        (None, _) => {}
                        _ => return None,
                    }
                }
            }
            if file_column < last {
                if lines[at] != delimiter {
                    return None;
                }
                at += 1;
            }
        }
        at = match lines[at] {
            b'\n' => at + 1,
            b'\r' if lines[at + 1] == b'\n' => at + 2,
            byte if byte == delimiter => line_end(lines, at) + 1,
            _ => return None,
        };
        rows.end_row();
        Some(at)
    }

    /// Any row at all.
    fn careful_row(&self, lines: &[u8], start: usize, end: usize, parsed: &mut Parsed) {
        let layout = self.blocks.layout;
        let mut line = &lines[start..end];
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if layout.arity() == 0 {
            parsed.rows.end_row();
            return;
        }
        let mark = parsed.rows.mark();
        let mut problems = Vec::new();
        let place = |problem: Problem, at: usize, value: &[u8]| {
            let before = String::from_utf8_lossy(&line[..at]).chars().count();
            let value = String::from_utf8_lossy(value);
            problem.of(parsed.lines, before as u32 + 1, value)
        };
        match layout.split(line) {
            Err((at, problem)) => problems.push(place(*problem, at, &line[at..])),
            Ok(fields) => {
                for (&field, &feed) in fields.iter().zip(layout.feeds()) {
                    let Some(attribute) = feed else { continue };
                    let begin = field.as_ptr() as usize - lines.as_ptr() as usize;
                    let ends = (begin, begin + field.len());
                    let values = &self.blocks.values;
                    if values
                        .take(attribute, lines, ends, &mut parsed.rows)
                        .is_none()
                        && let Some(problem) = values.problem(attribute, field)
                    {
                        problems.push(place(*problem, begin - start, field));
                    }
                }
            }
        }
        if problems.is_empty() {
            parsed.rows.end_row();
            return;
        }
        parsed.rows.drop_partial_row(mark);
        parsed.refuse(problems, self.blocks.listed, || {
            String::from_utf8_lossy(line).into_owned()
        });
    }
}

fn line_end(lines: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &lines[from..]).map_or(lines.len(), |at| from + at)
}

/// The number that starts at `at` and how many digits it has; `None` without any, or with more than fit.
/// Eight digits at a time, without a branch per digit: see D. Lemire, "Number parsing at a gigabyte per second" (2021).
#[inline]
fn leading_digits(padded: &[u8], at: usize) -> Option<(u64, usize)> {
    let eight = u64::from_le_bytes(padded.get(at..at + 8)?.try_into().ok()?);
    let digits = eight ^ 0x3030_3030_3030_3030;
    // The lowest byte that is no digit gets its top bit set; carries only disturb the bytes above it.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let count = (others.trailing_zeros() / 8) as usize;
    if count == 0 {
        return None;
    }
    let value = eight_digits(digits << (64 - 8 * count as u32));
    if count < 8 {
        return Some((value, count));
    }
    let mut value = value;
    let mut count = 8;
    while let Some(digit) = padded.get(at + count).filter(|byte| byte.is_ascii_digit()) {
        // Eighteen digits always fit a signed word; longer ones are checked on the careful path.
        if count == 18 {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        count += 1;
    }
    Some((value, count))
}

/// Eight digits as bytes, the first one lowest.
#[inline]
fn eight_digits(digits: u64) -> u64 {
    let pairs = (digits & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul(6_553_601) >> 16;
    (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul(42_949_672_960_001) >> 32
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

    struct Setting {
        block: usize,
        threads: usize,
        careful: bool,
    }

    const PLAIN: Setting = Setting {
        block: FactBlocks::SIZE,
        threads: 1,
        careful: false,
    };

    /// Rows with their codes, as text, and what was wrong.
    fn load(
        declared: &str,
        parameters: &str,
        text: &[u8],
        setting: &Setting,
    ) -> (Rows, String, String) {
        let program = program(declared);
        let directive = directive(DirectiveKind::Input, parameters);
        let format = Format::of(&program, &directive).unwrap();
        let layout = Layout::new(&program, &program[RelationId(0)], &format);
        let dictionary = Dictionary::new();
        let mut findings = Findings::new("x.facts".into(), None);
        let quick = layout.quick_delimiter().filter(|_| !setting.careful);
        let reader = Reader {
            blocks: FactBlocks::new(&layout, &dictionary, &findings),
            quick,
            largest: layout.largest(),
            block: setting.block,
        };
        let rows = reader.read(Input::text(text).unwrap(), setting.threads, &mut findings);
        let wrong = match findings.finish() {
            Ok(_) => String::new(),
            Err(diagnostics) => print_diagnostics(&diagnostics),
        };
        let printed = print_rows(&program, &dictionary, &rows);
        (rows, printed, wrong)
    }

    #[test]
    fn lines_are_rows_of_their_fields() {
        for (declared, parameters, text, expected) in [
            (
                "x: number, y: number",
                "",
                "1\t2\n30\t-4\n",
                "(1|2) (30|-4)",
            ),
            (
                "x: number, y: number",
                "delimiter=,",
                "1,2\r\n3,4",
                "(1|2) (3|4)",
            ),
            ("x: number", "", " 7\n+8\n007\n", "(7) (8) (7)"),
            (
                "x: number",
                "",
                "12345678\n123456789\n2147483647\n2147483648\n9223372036854775807\n-9223372036854775808\n",
                "(12345678) (123456789) (2147483647) (2147483648) (9223372036854775807) (-9223372036854775808)",
            ),
            (
                "x: unsigned",
                "",
                "18446744073709551615\n0x1F\n0b101\n",
                "(18446744073709551615) (31) (5)",
            ),
            (
                "x: float",
                "",
                "1.5\n1e10\ninf\n-nan\n0x1.8p1\n-0\n",
                "(1.5) (10000000000) (inf) (-nan) (3) (-0)",
            ),
            (
                "x: symbol, y: symbol",
                "",
                "a b\t\"q\"\n\t\n",
                "(a b|\"q\") (|)",
            ),
            ("x: symbol", "", "a\n\nb", "(a) () (b)"),
            ("x: symbol", "", "a\textra\n", "(a)"),
            ("x: number, y: symbol", "", "1\tb\textra\tmore\n", "(1|b)"),
            (
                "x: number, y: symbol",
                "headers=true",
                "y\tx\n1\tb",
                "(1|b)",
            ),
            (
                "x: number, y: symbol",
                "columns=2:0",
                "b\tskip\t1\nc\t\t2\tz",
                "(1|b) (2|c)",
            ),
            (
                "x: symbol, y: number",
                "delimiter=,",
                "f[a,b]g,1\n",
                "(f[a,b]g|1)",
            ),
            (
                "x: symbol, y: number",
                "delimiter=::",
                "a:b::1\n",
                "(a:b|1)",
            ),
            ("x: symbol, y: number", "delimiter=0", "a05\n", "(a|5)"),
            ("x: number, y: number", "delimiter=-", "1-2\n", "(1|2)"),
            (
                "x: Pair, y: List",
                "",
                "[1, a b]\t[1, [2, nil]]\n",
                "([1, a b]|[1, [2, nil]])",
            ),
            (
                "x: Pair, y: number",
                "delimiter=,",
                "[1, a],2\n[1,\"c]d,\"],3\n",
                "([1, a]|2) ([1, c]d,]|3)",
            ),
            (
                "x: Tree, y: Color",
                "delimiter=,",
                "$Node($Leaf, b, $Node($Leaf(), c, $Leaf)),$Green\n",
                "($Node($Leaf, b, $Node($Leaf, c, $Leaf))|$Green)",
            ),
            ("x: Empty, y: Pair", "", "[]\tnil\n", "([]|nil)"),
            ("", "", "", ""),
            ("", "", "anything\nat all\n", "()"),
            ("x: number", "", "", ""),
            ("x: number", "", "\u{feff}5\n", "(5)"),
        ] {
            for careful in [false, true] {
                let setting = Setting { careful, ..PLAIN };
                let (_, rows, wrong) = load(declared, parameters, text.as_bytes(), &setting);
                assert_eq!(
                    (&*rows, &*wrong),
                    (expected, ""),
                    "{declared} from {text:?}"
                );
            }
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        for (declared, parameters, text, expected) in [
            (
                "x: number, y: number",
                "",
                &b"1\t2\nx\ty\n3\n4\t5 \n"[..],
                "x.facts:2:1 D406 `x` is no value of `x: number` of `r`: not a number\n\
                 x.facts:2:3 D406 `y` is no value of `y: number` of `r`: not a number\n\
                 x.facts:3:2 D405 values missing: the line has 1 of 2 columns, none for `y` of `r`\n\
                 x.facts:4:3 D406 `5 ` is no value of `y: number` of `r`: not a number\n",
            ),
            (
                "x: number",
                "headers=true",
                b"x\n\n9223372036854775808\n0x10\n",
                "x.facts:2:1 D406 `` is no value of `x: number` of `r`: not a number\n\
                 x.facts:3:1 D406 `9223372036854775808` is no value of `x: number` of `r`: out of range for a number\n\
                 x.facts:4:1 D406 `0x10` is no value of `x: number` of `r`: not a number\n",
            ),
            (
                "x: unsigned, y: float",
                "",
                b"-1\t1e999\n",
                "x.facts:1:1 D406 `-1` is no value of `x: unsigned` of `r`: not an unsigned number\n\
                 x.facts:1:4 D406 `1e999` is no value of `y: float` of `r`: out of range for a float\n",
            ),
            (
                "x: symbol, y: symbol",
                "",
                b"\xc3\xa9\tok\nok\t\xff\xfe\n",
                "x.facts:2:4 D408 the field is not UTF-8 = save the file as UTF-8\n",
            ),
            (
                "x: symbol, y: number",
                "delimiter=,",
                b"a[b,1\n",
                "x.facts:1:1 D407 unbalanced brackets in `a[b,1` = brackets group where the delimiter holds a comma: use another delimiter, or `rfc4180=true` and quotes\n",
            ),
            (
                "x: Pair, y: Tree",
                "",
                b"[1, a\t$Stem\n[1]\t$Node($Leaf)\n[1, a]]\t$Leaf\n",
                "x.facts:1:1 D406 `[1, a` is no value of `x: Pair` of `r`: expected `]` at character 6\n\
                 x.facts:1:7 D406 `$Stem` is no value of `y: Tree` of `r`: `Stem` is no branch of `Tree`\n\
                 x.facts:2:1 D406 `[1]` is no value of `x: Pair` of `r`: expected `,` at character 3\n\
                 x.facts:2:5 D406 `$Node($Leaf)` is no value of `y: Tree` of `r`: expected `,` at character 12\n\
                 x.facts:3:1 D406 `[1, a]]` is no value of `x: Pair` of `r`: expected the end of the value at character 7\n",
            ),
        ] {
            for careful in [false, true] {
                let setting = Setting { careful, ..PLAIN };
                let (_, _, wrong) = load(declared, parameters, text, &setting);
                assert_eq!(wrong, expected, "{declared}");
            }
        }
    }

    #[test]
    fn mistakes_beyond_the_limit_are_counted() {
        let text = "x\n".repeat(70);
        for block in [10, FactBlocks::SIZE] {
            let setting = Setting { block, ..PLAIN };
            let (_, _, wrong) = load("x: number", "", text.as_bytes(), &setting);
            assert_eq!(wrong.lines().count(), 51);
            let last = wrong.lines().last().unwrap();
            assert!(
                last.starts_with("D400 20 more mistakes in `x.facts`"),
                "{last}"
            );
        }
    }

    #[test]
    fn a_list_may_be_longer_than_the_stack_is_deep() {
        let depth = 200_000;
        let text = format!("{}nil{}\n", "[1, ".repeat(depth), "]".repeat(depth));
        let (rows, printed, wrong) = load("x: List", "", text.as_bytes(), &PLAIN);
        assert_eq!((rows.len(), &*wrong), (1, ""));
        assert_eq!(printed, format!("({})", text.trim_end()));
    }

    fn field() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[0-9]{1,9}",
            2 => "-?[0-9]{8,20}",
            2 => "[ab0-9\\[\\]]{0,3}",
            1 => "[0-9]{1,3}[ .x][0-9]?",
        ]
    }

    fn text() -> impl Strategy<Value = String> {
        let line = prop::collection::vec(field(), 1..5).prop_map(|fields| fields.join(","));
        let end = prop_oneof![4 => Just("\n"), 1 => Just("\r\n")];
        prop::collection::vec((line, end), 0..30)
            .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
    }

    proptest! {
        #![proptest_config(tries(256))]

        /// The careful path, in one block, is the second opinion: on rows, codes and mistakes.
        #[test]
        fn quick_and_careful_agree_at_any_block_size_and_thread_count(
            text in text(),
            block in 1usize..200,
            threads in 1usize..5,
            declared in prop::sample::select(vec![
                "x: number, y: number",
                "x: symbol, y: number",
                "x: float, y: symbol, z: unsigned",
                "x: symbol",
            ]),
        ) {
            let careful = Setting { careful: true, ..PLAIN };
            let setting = Setting { block, threads, careful: false };
            prop_assert_eq!(
                load(declared, "delimiter=,", text.as_bytes(), &setting),
                load(declared, "delimiter=,", text.as_bytes(), &careful)
            );
        }

        #[test]
        fn digits_read_as_their_number(number in any::<u64>(), width in 0usize..20, rest in "[^0-9]{1,9}") {
            let number = number % 10u64.pow(width.min(18) as u32).max(1);
            let text = format!("{number}{rest}        ");
            let digits = number.to_string().len();
            prop_assert_eq!(leading_digits(text.as_bytes(), 0), Some((number, digits)));
            prop_assert_eq!(leading_digits(rest.as_bytes(), 0), None);
        }
    }
}
