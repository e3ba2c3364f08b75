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
        _ => Ok(dictionary.word(parse_word(ty, text)?)),
    }
}

/// The 64-bit word of a number, unsigned or float. Leading blanks are passed over.
pub(crate) fn parse_word(ty: ValueType, text: &str) -> Result<u64, ValueError> {
    let text = text.trim_start_matches([' ', '\t']);
    match ty {
        ValueType::Unsigned => parse_unsigned(text),
        ValueType::Float => parse_float(text).map(f64::to_bits),
        _ => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ValueError::Not("a number"));
            }
            let number: Result<i64, _> = text.parse();
            number
                .map(|number| number as u64)
                .map_err(|_| ValueError::Range("a number"))
        }
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
                let text = self.token(close)?;
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
        ValueType::Number => {
            out.extend_from_slice(
                itoa::Buffer::new()
                    .format(dictionary.to_number(code))
                    .as_bytes(),
            );
        }
        ValueType::Unsigned => {
            out.extend_from_slice(
                itoa::Buffer::new()
                    .format(dictionary.to_word(code))
                    .as_bytes(),
            );
        }
        ValueType::Float if style == Style::Program => {
            let value = dictionary.to_float(code);
            let text = value.to_string();
            out.extend_from_slice(text.as_bytes());
            if value.is_finite() && !text.contains('.') {
                out.extend_from_slice(b".0");
            }
        }
        ValueType::Float => write_float(out, dictionary.to_float(code)),
        ValueType::Record(_) | ValueType::Adt(_) => {
            write_compound(out, dictionary, program, ty, code, inner);
        }
    }
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

/// As C's `%.17g`: 17 significant digits, trailing zeros dropped, an exponent below 1e-4 and from 1e17 on.
pub(crate) fn write_float(out: &mut Vec<u8>, value: f64) {
    const DIGITS: i32 = 17;
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
    let scientific = format!("{value:.*e}", DIGITS as usize - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..DIGITS).contains(&exponent) {
        format!("{value:.*}", (DIGITS - 1 - exponent) as usize)
    } else {
        mantissa.to_owned()
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    out.extend_from_slice(text.as_bytes());
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    }
}
