//! Values as text, by type: as fact files have them, and as one types them into a program.

use crate::analysis::checked::{Attribute, CheckedProgram, Shape, ValueType};
use crate::storage::{Code, Dictionary};
use std::borrow::Cow;
use thiserror::Error;

/// Why a text is no value of the type wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    #[error("not {0}")]
    Not(&'static str),
    #[error("out of range for {0}")]
    Range(&'static str),
    #[error("expected {wanted} at character {at}")]
    Expected { wanted: String, at: usize },
    #[error("`{branch}` is no branch of `{adt}`")]
    Branch { branch: String, adt: String },
}

/// Reads a field of a fact file. Symbols are taken as they stand; inside records and ADTs they may be quoted.
pub fn parse_value(
    program: &CheckedProgram,
    ty: ValueType,
    text: &str,
    dictionary: &Dictionary,
) -> Result<Code, ValueError> {
    match ty {
        ValueType::Symbol => Ok(dictionary.symbol(text)),
        ValueType::Record(_) | ValueType::Adt(_) => Reader {
            program,
            dictionary,
            text,
            at: 0,
        }
        .compound(ty),
        _ => Ok(dictionary.word(parse_word(ty, text, program.word_bits())?)),
    }
}

/// The 64-bit word of a number, unsigned or float; numbers must fit `bits`. Leading blanks are passed over.
pub(crate) fn parse_word(ty: ValueType, text: &str, bits: u32) -> Result<u64, ValueError> {
    let text = text.trim_start_matches([' ', '\t']);
    match ty {
        ValueType::Unsigned => match parse_unsigned(text)? {
            word if bits == 32 && word > u64::from(u32::MAX) => {
                Err(ValueError::Range("an unsigned number"))
            }
            word => Ok(word),
        },
        ValueType::Float => parse_float(text).map(|value| in_bits(value, bits).to_bits()),
        _ => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ValueError::Not("a number"));
            }
            match text.parse::<i64>() {
                Ok(number) if bits == 64 || i32::try_from(number).is_ok() => Ok(number as u64),
                _ => Err(ValueError::Range("a number")),
            }
        }
    }
}

/// A float of a program with words of this size.
pub(crate) fn in_bits(value: f64, bits: u32) -> f64 {
    match bits {
        32 => f64::from(value as f32),
        _ => value,
    }
}

/// How many digits tell all floats of a program apart.
pub(crate) fn float_digits(program: &CheckedProgram) -> i32 {
    match program.word_bits() {
        32 => 9,
        _ => 17,
    }
}

fn parse_unsigned(text: &str) -> Result<u64, ValueError> {
    let plain = text.strip_prefix('+').unwrap_or(text);
    let (digits, radix) = match plain.get(..2) {
        Some("0x" | "0X") => (&plain[2..], 16),
        Some("0b" | "0B") => (&plain[2..], 2),
        _ => (plain, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ValueError::Not("an unsigned number"));
    }
    u64::from_str_radix(digits, radix).map_err(|_| ValueError::Range("an unsigned number"))
}

fn parse_float(text: &str) -> Result<f64, ValueError> {
    let (negative, magnitude) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let value = if let Some(hex) = magnitude
        .strip_prefix("0x")
        .or_else(|| magnitude.strip_prefix("0X"))
    {
        parse_hex_float(hex).ok_or(ValueError::Not("a float"))?
    } else if magnitude.starts_with(['-', '+']) {
        return Err(ValueError::Not("a float"));
    } else {
        magnitude.parse().map_err(|_| ValueError::Not("a float"))?
    };
    if f64::is_infinite(value) && !magnitude.starts_with(['i', 'I']) {
        return Err(ValueError::Range("a float"));
    }
    Ok(if negative { -value } else { value })
}

/// `1.8p3`, as C writes it after `0x`.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value * f64::from(shift).exp2())
}

/// Reads nested values with a stack of its own: a list as a chain of records may be a million deep.
struct Reader<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
    text: &'a str,
    at: usize,
}

/// A record or branch whose fields are being read.
struct Open<'a> {
    fields: &'a [Attribute],
    codes: Vec<Code>,
    /// 1 when the ordinal of a branch comes first.
    lead: usize,
    close: char,
}

impl<'a> Reader<'a> {
    fn compound(mut self, ty: ValueType) -> Result<Code, ValueError> {
        let mut open: Vec<Open> = Vec::new();
        let mut wanted = ty;
        loop {
            let mut done = match self.begin(wanted, open.last().map(|outer| outer.close))? {
                Begun::Whole(code) => Some(code),
                Begun::Open(inner) => {
                    open.push(inner);
                    None
                }
            };
            loop {
                let Some(inner) = open.last_mut() else {
                    self.blanks();
                    if self.at < self.text.len() {
                        return Err(self.expected("the end of the value"));
                    }
                    return done.ok_or_else(|| self.expected("a value"));
                };
                inner.codes.extend(done);
                let filled = inner.codes.len() - inner.lead;
                if let Some(field) = inner.fields.get(filled) {
                    wanted = field.ty;
                    if filled > 0 {
                        self.eat(',')?;
                    }
                    break;
                }
                let close = inner.close;
                self.eat(close)?;
                done = open.pop().map(|inner| self.dictionary.record(&inner.codes));
            }
        }
    }

    fn begin(&mut self, ty: ValueType, close: Option<char>) -> Result<Begun<'a>, ValueError> {
        self.blanks();
        match ty {
            ValueType::Record(shape) => {
                let Shape::Record { fields, .. } = &self.program[shape] else {
                    return Err(self.expected("a record"));
                };
                if self.rest().starts_with("nil") {
                    self.at += 3;
                    return Ok(Begun::Whole(Code::NIL));
                }
                self.eat('[')?;
                Ok(Begun::Open(Open {
                    fields,
                    codes: Vec::new(),
                    lead: 0,
                    close: ']',
                }))
            }
            ValueType::Adt(shape) => {
                let Shape::Adt { name, branches } = &self.program[shape] else {
                    return Err(self.expected("a branch"));
                };
                self.eat('$')?;
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || "_?.".contains(c)))
                    .unwrap_or(rest.len());
                let written = &rest[..end];
                let Some(ordinal) = branches.iter().position(|branch| *branch.name == *written)
                else {
                    return Err(ValueError::Branch {
                        branch: written.to_owned(),
                        adt: name.to_string(),
                    });
                };
                self.at += end;
                let fields = &branches[ordinal].fields;
                let ordinal = Code(ordinal as u32);
                if fields.is_empty() {
                    self.blanks();
                    if self.rest().starts_with('(') {
                        self.at += 1;
                        self.eat(')')?;
                    }
                    let boxed = branches.iter().any(|branch| !branch.fields.is_empty());
                    return Ok(Begun::Whole(if boxed {
                        self.dictionary.record(&[ordinal])
                    } else {
                        ordinal
                    }));
                }
                self.eat('(')?;
                Ok(Begun::Open(Open {
                    fields,
                    codes: vec![ordinal],
                    lead: 1,
                    close: ')',
                }))
            }
            _ => {
                let mut text = self.token(close)?;
                if ty != ValueType::Symbol {
                    text = text.trim_end().to_owned().into();
                }
                parse_value(self.program, ty, &text, self.dictionary).map(Begun::Whole)
            }
        }
    }

    /// A number or symbol within a compound: `"…"` with escapes, or whatever comes before the next comma or bracket.
    fn token(&mut self, close: Option<char>) -> Result<Cow<'a, str>, ValueError> {
        let rest = self.rest();
        if !rest.starts_with('"') {
            let end = rest
                .find(|c| c == ',' || Some(c) == close)
                .unwrap_or(rest.len());
            self.at += end;
            return Ok(Cow::Borrowed(&rest[..end]));
        }
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(Cow::Owned(text));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        self.at = self.text.len();
        Err(self.expected("`\"`"))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, wanted: char) -> Result<(), ValueError> {
        self.blanks();
        if self.rest().starts_with(wanted) {
            self.at += wanted.len_utf8();
            Ok(())
        } else {
            Err(self.expected(&format!("`{wanted}`")))
        }
    }

    fn expected(&self, wanted: &str) -> ValueError {
        ValueError::Expected {
            wanted: wanted.to_owned(),
            at: self.text[..self.at].chars().count() + 1,
        }
    }
}

enum Begun<'a> {
    Whole(Code),
    Open(Open<'a>),
}

/// How symbols and floats look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As in a fact file: symbols bare.
    Facts,
    /// As in a quoted CSV field: symbols within compounds in quotes.
    Nested,
    /// As in a program: symbols in quotes, floats without exponent.
    Program,
}

/// A value as fact files have it.
pub fn format_value(
    dictionary: &Dictionary,
    program: &CheckedProgram,
    ty: ValueType,
    code: Code,
) -> String {
    let mut out = Vec::new();
    write_value(&mut out, dictionary, program, ty, code, Style::Facts);
    into_string(out)
}

/// A value as one types it into a program: `"mss"`, `[1, "a"]`, `$Node(nil, 1.5)`.
pub fn quote_value(
    dictionary: &Dictionary,
    program: &CheckedProgram,
    ty: ValueType,
    code: Code,
) -> String {
    let mut out = Vec::new();
    write_value(&mut out, dictionary, program, ty, code, Style::Program);
    into_string(out)
}

fn into_string(bytes: Vec<u8>) -> String {
    // Only texts are ever written, so nothing is replaced.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Appends a value, nested ones with a stack of its own.
pub(crate) fn write_value(
    out: &mut Vec<u8>,
    dictionary: &Dictionary,
    program: &CheckedProgram,
    ty: ValueType,
    code: Code,
    style: Style,
) {
    let inner = if style == Style::Facts {
        Style::Facts
    } else {
        Style::Program
    };
    match ty {
        ValueType::Symbol if style == Style::Program => {
            write_quoted(out, dictionary.text(code));
        }
        ValueType::Symbol => out.extend_from_slice(dictionary.text(code).as_bytes()),
        ValueType::Number | ValueType::Unsigned if code.0 < Code::WIDE => {
            write_digits(out, code.0);
        }
        ValueType::Number => {
            out.extend_from_slice(dictionary.to_number(code).to_string().as_bytes());
        }
        ValueType::Unsigned => {
            out.extend_from_slice(dictionary.to_word(code).to_string().as_bytes());
        }
        ValueType::Float if style == Style::Program => {
            let value = dictionary.to_float(code);
            let text = value.to_string();
            out.extend_from_slice(text.as_bytes());
            if value.is_finite() && !text.contains('.') {
                out.extend_from_slice(b".0");
            }
        }
        ValueType::Float => write_float(out, dictionary.to_float(code), float_digits(program)),
        ValueType::Record(_) | ValueType::Adt(_) => {
            write_compound(out, dictionary, program, ty, code, inner);
        }
    }
}

/// A number in decimal, eight digits at a time: see P. Khuong, "How to print integers really fast" (2017).
fn write_digits(out: &mut Vec<u8>, number: u32) {
    const EIGHT: u32 = 100_000_000;
    if number >= EIGHT {
        write_digits(out, number / EIGHT);
        out.extend_from_slice(
            &eight_digits(number % EIGHT)
                .wrapping_add(ZEROS)
                .to_le_bytes(),
        );
        return;
    }
    let digits = eight_digits(number);
    let zeros = (digits.trailing_zeros() / 8).min(7);
    let text = digits.wrapping_add(ZEROS) >> (8 * zeros);
    // A fixed length is copied without a call.
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(out.len() - zeros as usize);
}

/// Eight times the digit zero.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below 10⁸, the first one in the lowest byte. Divisions are multiplications by
/// reciprocals, two and then four at a time.
fn eight_digits(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = ((fours - 100 * hundreds) << 16) + hundreds;
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000F_000F_000F_000F;
    tens + ((pairs - 10 * tens) << 8)
}

enum Step {
    Value(ValueType, Code),
    Text(&'static str),
}

fn write_compound(
    out: &mut Vec<u8>,
    dictionary: &Dictionary,
    program: &CheckedProgram,
    ty: ValueType,
    code: Code,
    style: Style,
) {
    let mut todo = vec![Step::Value(ty, code)];
    while let Some(step) = todo.pop() {
        let (ty, code) = match step {
            Step::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Step::Value(ty, code) => (ty, code),
        };
        let (types, fields, close) = match ty {
            ValueType::Record(shape) => {
                let (Shape::Record { fields, .. }, Some(codes)) =
                    (&program[shape], dictionary.fields(code))
                else {
                    out.extend_from_slice(b"nil");
                    continue;
                };
                out.push(b'[');
                (&fields[..], codes, "]")
            }
            ValueType::Adt(shape) => {
                let Shape::Adt { branches, .. } = &program[shape] else {
                    continue;
                };
                let boxed = branches.iter().any(|branch| !branch.fields.is_empty());
                let codes: &[Code] = if boxed {
                    dictionary.fields(code).unwrap_or(&[])
                } else {
                    &[]
                };
                let ordinal = codes.first().copied().unwrap_or(code);
                let Some(branch) = branches.get(ordinal.index()) else {
                    continue;
                };
                out.push(b'$');
                out.extend_from_slice(branch.name.as_bytes());
                if branch.fields.is_empty() {
                    continue;
                }
                out.push(b'(');
                (&branch.fields[..], codes.get(1..).unwrap_or(&[]), ")")
            }
            _ => {
                write_value(out, dictionary, program, ty, code, style);
                continue;
            }
        };
        todo.push(Step::Text(close));
        for (at, (field, &code)) in types.iter().zip(fields).enumerate().rev() {
            todo.push(Step::Value(field.ty, code));
            if at > 0 {
                todo.push(Step::Text(", "));
            }
        }
    }
}

/// With the escapes a program text knows.
fn write_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// As C's `%.17g`: so many significant digits, trailing zeros dropped, an exponent below 1e-4 and from 1e17 on.
pub(crate) fn write_float(out: &mut Vec<u8>, value: f64, digits: i32) {
    if !value.is_finite() || value == 0.0 {
        if value.is_sign_negative() {
            out.push(b'-');
        }
        out.extend_from_slice(if value.is_nan() {
            b"nan"
        } else if value == 0.0 {
            b"0"
        } else {
            b"inf"
        });
        return;
    }
    let scientific = format!("{value:.*e}", digits as usize - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..digits).contains(&exponent) {
        format!("{value:.*}", (digits - 1 - exponent) as usize)
    } else {
        mantissa.to_owned()
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    out.extend_from_slice(text.as_bytes());
    if !(-4..digits).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::io::testing::program;
    use crate::tries::tries;
    use proptest::prelude::*;

    /// What a field of this type becomes in a fact file and in a program; or why it is no value.
    fn check(ty: &str, text: &str) -> Result<(String, String), String> {
        let program = program(&format!("x: {ty}"));
        let ty = program[RelationId(0)].attributes[0].ty;
        let dictionary = Dictionary::new();
        let code = parse_value(&program, ty, text, &dictionary).map_err(|e| e.to_string())?;
        Ok((
            format_value(&dictionary, &program, ty, code),
            quote_value(&dictionary, &program, ty, code),
        ))
    }

    #[test]
    fn values_read_and_print_by_type() {
        for (ty, text, printed, quoted) in [
            ("number", " \t-12", "-12", "-12"),
            ("number", "+0012", "12", "12"),
            ("unsigned", "0xff", "255", "255"),
            ("unsigned", "0b11", "3", "3"),
            ("float", "0.1", "0.10000000000000001", "0.1"),
            ("float", "1", "1", "1.0"),
            ("float", "1e20", "1e+20", "100000000000000000000.0"),
            (
                "float",
                "123456789012345678",
                "1.2345678901234568e+17",
                "123456789012345680.0",
            ),
            (
                "float",
                "12345678901234567",
                "12345678901234568",
                "12345678901234568.0",
            ),
            ("float", "0.0001", "0.0001", "0.0001"),
            ("float", "-0.00001", "-1.0000000000000001e-05", "-0.00001"),
            ("float", "0x1p-2", "0.25", "0.25"),
            ("float", "-0x.8", "-0.5", "-0.5"),
            ("float", "Infinity", "inf", "inf"),
            ("float", "-NaN", "-nan", "NaN"),
            ("symbol", " a\"b\\\t", " a\"b\\\t", "\" a\\\"b\\\\\\t\""),
            ("Pair", "[ 1 , a b]", "[1, a b]", "[1, \"a b\"]"),
            (
                "Pair",
                "[1,\"a, ]\\\"\\n\"]",
                "[1, a, ]\"\n]",
                "[1, \"a, ]\\\"\\n\"]",
            ),
            ("Pair", " nil ", "nil", "nil"),
            ("List", "[1,[2,nil]]", "[1, [2, nil]]", "[1, [2, nil]]"),
            (
                "Tree",
                "$Node($Leaf, é, $Leaf())",
                "$Node($Leaf, é, $Leaf)",
                "$Node($Leaf, \"é\", $Leaf)",
            ),
            ("Color", "$Green", "$Green", "$Green"),
            ("Empty", "[ ]", "[]", "[]"),
        ] {
            assert_eq!(
                check(ty, text),
                Ok((printed.to_owned(), quoted.to_owned())),
                "{ty} {text}"
            );
        }
    }

    #[test]
    fn what_is_no_value_says_why() {
        for (ty, text, reason) in [
            ("number", "", "not a number"),
            ("number", "-", "not a number"),
            ("number", "+-1", "not a number"),
            ("number", "1 ", "not a number"),
            ("number", "1.0", "not a number"),
            ("number", "٣", "not a number"),
            ("number", "9223372036854775808", "out of range for a number"),
            ("unsigned", "0x", "not an unsigned number"),
            ("unsigned", "0xé", "not an unsigned number"),
            (
                "unsigned",
                "0x1ffffffffffffffff",
                "out of range for an unsigned number",
            ),
            ("float", "1e", "not a float"),
            ("float", "--1", "not a float"),
            ("float", "0x", "not a float"),
            ("float", "0x1p99999999999", "not a float"),
            ("float", "0x1p99999", "out of range for a float"),
            ("float", "1e400", "out of range for a float"),
            ("Pair", "", "expected `[` at character 1"),
            ("Pair", "[1, \"a", "expected `\"` at character 7"),
            ("Pair", "[1, \"a\\", "expected `\"` at character 8"),
            ("Pair", "[x, a]", "not a number"),
            ("Color", "$Blue", "`Blue` is no branch of `Color`"),
            ("Color", "Red", "expected `$` at character 1"),
            ("Tree", "$Node", "expected `(` at character 6"),
        ] {
            assert_eq!(check(ty, text), Err(reason.to_owned()), "{ty} {text}");
        }
    }

    #[test]
    fn numbers_fit_the_word_size_of_the_program() {
        let program = CheckedProgram {
            word_bits: 32,
            ..program("x: number")
        };
        let fits = |ty, text| parse_value(&program, ty, text, &Dictionary::new()).is_ok();
        assert!(fits(ValueType::Number, "-2147483648"));
        assert!(!fits(ValueType::Number, "2147483648"));
        assert!(fits(ValueType::Unsigned, "4294967295"));
        assert!(!fits(ValueType::Unsigned, "0x100000000"));
    }

    #[test]
    fn the_largest_list_prints_without_recursion() {
        let program = program("x: List");
        let ty = program[RelationId(0)].attributes[0].ty;
        let dictionary = Dictionary::new();
        let mut list = Code::NIL;
        for head in 0..300_000 {
            list = dictionary.record(&[dictionary.number(head), list]);
        }
        assert_eq!(
            quote_value(&dictionary, &program, ty, list)
                .matches('[')
                .count(),
            300_000
        );
    }

    #[test]
    fn digits_are_those_of_the_number() {
        let edges = (0..10).flat_map(|power| {
            let edge = 10u64.pow(power);
            [edge - 1, edge, edge + 1, edge * 2 - 1]
        });
        for number in edges.chain((0..3_000_000_000).step_by(777_777)) {
            let number = number as u32;
            let mut text = Vec::new();
            write_digits(&mut text, number);
            assert_eq!(text, number.to_string().as_bytes());
        }
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn floats_read_back_as_they_were(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let mut text = Vec::new();
            write_float(&mut text, value, 17);
            let text = String::from_utf8(text).unwrap();
            let word = parse_word(ValueType::Float, &text, 64).unwrap();
            prop_assert!(word == bits || value.is_nan() && f64::from_bits(word).is_nan(), "{}", text);
        }

        /// Nothing a field holds may end the process.
        #[test]
        fn any_text_reads_or_says_why(text in "[\\[\\](),$ \"\\\\Nodelf1nil]{0,20}") {
            for ty in ["number", "float", "Pair", "List", "Tree", "Color", "Empty"] {
                if let Ok((_, quoted)) = check(ty, &text) {
                    let again = check(ty, &quoted);
                    prop_assert_eq!(again.map(|(_, quoted)| quoted), Ok(quoted));
                }
            }
        }
    }
}
