//! Functors and comparisons on single values, by section 6 of the dialect: what Soufflé does with 64-bit words, and a
//! defined result where C++ leaves it open.

use super::leading::{leading_float, leading_number, leading_unsigned};
pub use super::pattern::Patterns;
use crate::analysis::checked::{Functor, FunctorOp, ValueType};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use crate::syntax::source::Span;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Why a functor has no value for its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    DivisionByZero,
    NotANumber(String),
    BadPattern(String),
    UnknownFunctor(String),
    /// A registered closure refused: its name, and why.
    Closure(String, String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::DivisionByZero => write!(f, "division by zero"),
            Fault::NotANumber(text) => write!(f, "{text:?} is not a number"),
            Fault::BadPattern(why) => write!(f, "bad pattern: {why}"),
            Fault::UnknownFunctor(name) => write!(f, "`{name}` has no definition here"),
            Fault::Closure(name, reason) => write!(f, "`@{name}` failed: {reason}"),
        }
    }
}

/// Faults of one kind in one rule: how often, and the first one seen.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// The clause; `None` for queries.
    pub place: Option<Span>,
    pub fault: Fault,
    pub count: u64,
    /// The call of one of them, as one would write it: of the one whose row comes first in the order of values.
    pub example: String,
    /// The values that the rule's variables had there, as far as they were still needed.
    pub row: Vec<(Arc<str>, ValueType, Code)>,
}

/// The value of a functor. Integers wrap; a float that leaves the range of an integer type saturates, NaN becomes 0.
///
/// `autoinc()`, the iteration count and registered closures depend on more than their arguments: the engine answers
/// those before it comes here, and they are [`Fault::UnknownFunctor`] here. So is `to_string` of a record, which
/// cannot be written without the shapes of the program; the checker refuses it.
pub fn apply(functor: &Functor, args: &[Code], dictionary: &Dictionary) -> Result<Code, Fault> {
    use FunctorOp::*;
    use ValueType::*;
    match (&functor.op, args) {
        (Autoinc, _) => Err(Fault::UnknownFunctor("autoinc".into())),
        (IterationCount, _) => Err(Fault::UnknownFunctor("recursive_iteration_cnt".into())),
        (User(name), _) => Err(Fault::UnknownFunctor(format!("@{name}"))),
        (Min, [first, rest @ ..]) => Ok(best(
            CompareOp::Lt,
            functor.operand,
            *first,
            rest,
            dictionary,
        )),
        (Max, [first, rest @ ..]) => Ok(best(
            CompareOp::Gt,
            functor.operand,
            *first,
            rest,
            dictionary,
        )),
        (Cat, parts) => Ok(concatenate(parts, dictionary)),
        (Add, parts) if functor.operand == Symbol => Ok(concatenate(parts, dictionary)),
        (Strlen, [text]) => Ok(dictionary.unsigned(dictionary.text(*text).len() as u64)),
        (Substr, [text, from, length]) => {
            let part = substring(
                dictionary.text(*text),
                dictionary.to_number(*from),
                dictionary.to_number(*length),
            );
            Ok(dictionary.symbol(part))
        }
        (ToString, [value]) => to_string(functor.operand, *value, dictionary),
        (ToNumber | ToUnsigned | ToFloat, [value]) => {
            convert(&functor.op, functor.operand, *value, dictionary)
        }
        (Narrow, [value]) => Ok(narrow(functor.operand, *value, dictionary)),
        (FloatBits, [value]) => {
            let bits = (dictionary.to_float(*value) as f32).to_bits();
            Ok(dictionary.word(u64::from(bits)))
        }
        (FloatOfBits, [value]) => {
            let float = f32::from_bits(dictionary.to_word(*value) as u32);
            Ok(dictionary.float(f64::from(float)))
        }
        // Words and codes are one to one, so the id of a symbol or record is its code read as a number.
        (Ord | Reinterpret(_), [value]) => Ok(*value),
        (op, [value]) => match functor.operand {
            Float => float_unary(op, dictionary.to_float(*value)).map(|v| dictionary.float(v)),
            _ => integer_unary(op, dictionary.to_word(*value)).map(|v| dictionary.word(v)),
        },
        (op, [left, right]) => match functor.operand {
            Float => float_binary(op, dictionary.to_float(*left), dictionary.to_float(*right))
                .map(|value| dictionary.float(value)),
            Unsigned => unsigned_binary(op, dictionary.to_word(*left), dictionary.to_word(*right))
                .map(|value| dictionary.word(value)),
            _ => number_binary(
                op,
                dictionary.to_number(*left),
                dictionary.to_number(*right),
            )
            .map(|value| dictionary.number(value)),
        },
        (op, _) => Err(misused(op)),
    }
}

/// A call as one would write it, for messages.
pub fn show_call(functor: &Functor, args: &[Code], dictionary: &Dictionary) -> String {
    use FunctorOp::*;
    let shown: Vec<String> = args
        .iter()
        .enumerate()
        .map(|(at, &code)| {
            let ty = match (&functor.op, at) {
                (Substr, 0) | (Cat | Strlen, _) => ValueType::Symbol,
                (Substr, _) => ValueType::Number,
                _ => functor.operand,
            };
            match ty {
                ValueType::Symbol => format!("{:?}", dictionary.text(code)),
                ValueType::Float => dictionary.to_float(code).to_string(),
                ValueType::Unsigned => dictionary.to_word(code).to_string(),
                ValueType::Number => dictionary.to_number(code).to_string(),
                ValueType::Record(_) | ValueType::Adt(_) => "[…]".to_owned(),
            }
        })
        .collect();
    match (&functor.op, &shown[..]) {
        (Divide, [left, right]) => format!("{left} / {right}"),
        (Modulo, [left, right]) => format!("{left} % {right}"),
        (ToNumber, [value]) => format!("to_number({value})"),
        (ToUnsigned, [value]) => format!("to_unsigned({value})"),
        (ToFloat, [value]) => format!("to_float({value})"),
        (User(name), _) => format!("@{name}(…)"),
        (op, _) => format!("{op:?}({})", shown.join(", ")).to_lowercase(),
    }
}

/// A functor with operands no checked program gives it.
fn misused(op: &FunctorOp) -> Fault {
    Fault::UnknownFunctor(format!("{op:?}"))
}

/// The first of the values that no other one beats.
fn best(
    beats: CompareOp,
    operand: ValueType,
    first: Code,
    rest: &[Code],
    dictionary: &Dictionary,
) -> Code {
    rest.iter().fold(first, |best, &value| {
        if compare(beats, operand, value, best, dictionary) {
            value
        } else {
            best
        }
    })
}

fn concatenate(parts: &[Code], dictionary: &Dictionary) -> Code {
    let text: String = parts.iter().map(|&part| dictionary.text(part)).collect();
    dictionary.symbol(&text)
}

/// Bytes `from..from + length`, clipped at the end of the text; a negative length reaches to the end, a start outside
/// the text gives nothing. Texts are UTF-8: a character that is only partly inside is left out.
fn substring(text: &str, from: i64, length: i64) -> &str {
    let Some(mut start) = usize::try_from(from)
        .ok()
        .filter(|&from| from <= text.len())
    else {
        return "";
    };
    let mut end = usize::try_from(length)
        .map_or(text.len(), |length| start.saturating_add(length))
        .min(text.len());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(start..end).unwrap_or("")
}

fn to_string(operand: ValueType, value: Code, dictionary: &Dictionary) -> Result<Code, Fault> {
    match operand {
        ValueType::Symbol => Ok(value),
        ValueType::Number => Ok(dictionary.symbol(&dictionary.to_number(value).to_string())),
        ValueType::Unsigned => Ok(dictionary.symbol(&dictionary.to_word(value).to_string())),
        ValueType::Float => Ok(dictionary.symbol(&fixed(dictionary.to_float(value)))),
        ValueType::Record(_) | ValueType::Adt(_) => {
            Err(Fault::UnknownFunctor("to_string of a record".into()))
        }
    }
}

/// As C prints `%f`.
fn fixed(value: f64) -> String {
    if value.is_nan() {
        let sign = if value.is_sign_negative() { "-" } else { "" };
        format!("{sign}nan")
    } else {
        format!("{value:.6}")
    }
}

fn convert(
    op: &FunctorOp,
    operand: ValueType,
    value: Code,
    dictionary: &Dictionary,
) -> Result<Code, Fault> {
    use FunctorOp::*;
    match operand {
        ValueType::Symbol => {
            let text = dictionary.text(value);
            let parsed = match op {
                ToNumber => leading_number(text).map(|number| dictionary.number(number)),
                ToUnsigned => leading_unsigned(text).map(|number| dictionary.unsigned(number)),
                _ => leading_float(text).map(|number| dictionary.float(number)),
            };
            parsed.ok_or_else(|| Fault::NotANumber(text.to_owned()))
        }
        ValueType::Float => {
            let float = dictionary.to_float(value);
            Ok(match op {
                ToNumber => dictionary.number(float as i64),
                ToUnsigned => dictionary.unsigned(float as u64),
                _ => value,
            })
        }
        ValueType::Unsigned if *op == ToFloat => {
            Ok(dictionary.float(dictionary.to_word(value) as f64))
        }
        _ if *op == ToFloat => Ok(dictionary.float(dictionary.to_number(value) as f64)),
        // Number and unsigned share their words: modulo 2^64 costs nothing.
        _ => Ok(value),
    }
}

/// What is left of a value in 32 bits.
fn narrow(ty: ValueType, value: Code, dictionary: &Dictionary) -> Code {
    match ty {
        ValueType::Number => dictionary.number(i64::from(dictionary.to_word(value) as i32)),
        ValueType::Unsigned => dictionary.unsigned(u64::from(dictionary.to_word(value) as u32)),
        ValueType::Float => dictionary.float(f64::from(dictionary.to_float(value) as f32)),
        ValueType::Symbol | ValueType::Record(_) | ValueType::Adt(_) => value,
    }
}

fn integer_unary(op: &FunctorOp, value: u64) -> Result<u64, Fault> {
    match op {
        FunctorOp::Negate => Ok(value.wrapping_neg()),
        FunctorOp::BitNot => Ok(!value),
        FunctorOp::LogicalNot => Ok(u64::from(value == 0)),
        _ => Err(misused(op)),
    }
}

fn float_unary(op: &FunctorOp, value: f64) -> Result<f64, Fault> {
    match op {
        FunctorOp::Negate => Ok(-value),
        _ => Err(misused(op)),
    }
}

fn number_binary(op: &FunctorOp, left: i64, right: i64) -> Result<i64, Fault> {
    use FunctorOp::*;
    match op {
        Divide if right != 0 => Ok(left.wrapping_div(right)),
        Modulo if right != 0 => Ok(left.wrapping_rem(right)),
        // Through a double as Soufflé does, hence exact only below 2^53; saturates.
        Power => Ok((left as f64).powf(right as f64) as i64),
        ShiftRight => Ok(left.wrapping_shr(right as u32 & 63)),
        // What is left does not depend on the sign.
        _ => unsigned_binary(op, left as u64, right as u64).map(|word| word as i64),
    }
}

fn unsigned_binary(op: &FunctorOp, left: u64, right: u64) -> Result<u64, Fault> {
    use FunctorOp::*;
    let shift = right as u32 & 63;
    Ok(match op {
        Add => left.wrapping_add(right),
        Subtract => left.wrapping_sub(right),
        Multiply => left.wrapping_mul(right),
        Divide => left.checked_div(right).ok_or(Fault::DivisionByZero)?,
        Modulo => left.checked_rem(right).ok_or(Fault::DivisionByZero)?,
        Power => (left as f64).powf(right as f64) as u64,
        BitAnd => left & right,
        BitOr => left | right,
        BitXor => left ^ right,
        ShiftLeft => left << shift,
        ShiftRight | ShiftRightUnsigned => left >> shift,
        LogicalAnd => u64::from(left != 0 && right != 0),
        LogicalOr => u64::from(left != 0 || right != 0),
        LogicalXor => u64::from((left != 0) != (right != 0)),
        _ => return Err(misused(op)),
    })
}

fn float_binary(op: &FunctorOp, left: f64, right: f64) -> Result<f64, Fault> {
    use FunctorOp::*;
    let value = match op {
        Add => left + right,
        Subtract => left - right,
        Multiply => left * right,
        Divide => left / right,
        Modulo => left % right,
        Power => left.powf(right),
        _ => return Err(misused(op)),
    };
    // Which NaN an operation makes is up to the machine, and rows are told apart by bits: always the same one, the
    // negative one that x86 makes.
    Ok(if value.is_nan() && !left.is_nan() && !right.is_nan() {
        f64::from_bits(0xFFF8_0000_0000_0000)
    } else {
        value
    })
}

/// Whether `left op right` holds in the order of `operand`: numbers by value, floats by IEEE 754 (a NaN is unequal to
/// itself), symbols byte by byte, records by code.
pub fn compare(
    op: CompareOp,
    operand: ValueType,
    left: Code,
    right: Code,
    dictionary: &Dictionary,
) -> bool {
    // Below 2^31 a word is its own code and, for every type but symbols, words this small are ordered as their values.
    let carried = (left.0 | right.0) < Code::WIDE;
    match operand {
        ValueType::Symbol => match op {
            CompareOp::Eq => left == right,
            CompareOp::Ne => left != right,
            _ => holds(op, dictionary.text(left).cmp(dictionary.text(right)).into()),
        },
        _ if carried => holds(op, left.cmp(&right).into()),
        ValueType::Float => holds(
            op,
            dictionary
                .to_float(left)
                .partial_cmp(&dictionary.to_float(right)),
        ),
        ValueType::Number => holds(
            op,
            dictionary
                .to_number(left)
                .cmp(&dictionary.to_number(right))
                .into(),
        ),
        ValueType::Unsigned | ValueType::Record(_) | ValueType::Adt(_) => holds(
            op,
            dictionary
                .to_word(left)
                .cmp(&dictionary.to_word(right))
                .into(),
        ),
    }
}

fn holds(op: CompareOp, order: Option<Ordering>) -> bool {
    match op {
        CompareOp::Eq => order == Some(Ordering::Equal),
        CompareOp::Ne => order != Some(Ordering::Equal),
        CompareOp::Lt => order == Some(Ordering::Less),
        CompareOp::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Gt => order == Some(Ordering::Greater),
        CompareOp::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Whether a text holds another one somewhere.
pub fn contains(part: Code, text: Code, dictionary: &Dictionary) -> bool {
    dictionary.text(text).contains(dictionary.text(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use FunctorOp::*;
    use ValueType::{Float, Number, Symbol, Unsigned};

    /// A value of a table below.
    #[derive(Clone, Copy, Debug)]
    enum V {
        N(i64),
        U(u64),
        F(f64),
        S(&'static str),
    }
    use V::{F, N, S, U};

    fn code(dictionary: &Dictionary, value: V) -> Code {
        match value {
            N(number) => dictionary.number(number),
            U(unsigned) => dictionary.unsigned(unsigned),
            F(float) => dictionary.float(float),
            S(text) => dictionary.symbol(text),
        }
    }

    /// Operation, type of its operands, arguments, value.
    type Case<'a> = (FunctorOp, ValueType, &'a [V], Result<V, Fault>);

    fn check(table: &[Case]) {
        let dictionary = Dictionary::new();
        for (op, operand, args, expected) in table {
            let codes: Vec<Code> = args.iter().map(|&arg| code(&dictionary, arg)).collect();
            let functor = Functor {
                op: op.clone(),
                operand: *operand,
            };
            let got = apply(&functor, &codes, &dictionary);
            let expected = expected.clone().map(|value| code(&dictionary, value));
            assert_eq!(got, expected, "{op:?} over {operand:?} of {args:?}");
        }
    }

    #[test]
    fn integers_wrap_and_truncate() {
        check(&[
            (Add, Number, &[N(i64::MAX), N(1)], Ok(N(i64::MIN))),
            (Subtract, Number, &[N(1), N(2)], Ok(N(-1))),
            (Subtract, Unsigned, &[U(1), U(2)], Ok(U(u64::MAX))),
            (Multiply, Number, &[N(-3), N(5)], Ok(N(-15))),
            (Multiply, Number, &[N(i64::MAX), N(2)], Ok(N(-2))),
            (Divide, Number, &[N(-7), N(2)], Ok(N(-3))),
            (Modulo, Number, &[N(-7), N(3)], Ok(N(-1))),
            (Divide, Number, &[N(i64::MIN), N(-1)], Ok(N(i64::MIN))),
            (Modulo, Number, &[N(i64::MIN), N(-1)], Ok(N(0))),
            (
                Divide,
                Unsigned,
                &[U(u64::MAX), U(2)],
                Ok(U(i64::MAX as u64)),
            ),
            (Divide, Number, &[N(1), N(0)], Err(Fault::DivisionByZero)),
            (Modulo, Unsigned, &[U(1), U(0)], Err(Fault::DivisionByZero)),
            (Negate, Number, &[N(5)], Ok(N(-5))),
            (Negate, Number, &[N(i64::MIN)], Ok(N(i64::MIN))),
        ]);
    }

    #[test]
    fn powers_go_through_doubles_and_saturate() {
        check(&[
            (Power, Number, &[N(2), N(9)], Ok(N(512))),
            (Power, Number, &[N(2), N(31)], Ok(N(2_147_483_648))),
            (Power, Number, &[N(2), N(-1)], Ok(N(0))),
            (Power, Number, &[N(2), N(64)], Ok(N(i64::MAX))),
            (Power, Number, &[N(-2), N(63)], Ok(N(i64::MIN))),
            (Power, Number, &[N(0), N(0)], Ok(N(1))),
            (Power, Number, &[N(0), N(-1)], Ok(N(i64::MAX))),
            (Power, Unsigned, &[U(2), U(64)], Ok(U(u64::MAX))),
            (Power, Float, &[F(2.0), F(0.5)], Ok(F(2.0_f64.sqrt()))),
        ]);
    }

    #[test]
    fn shifts_are_masked_by_63() {
        check(&[
            (ShiftLeft, Number, &[N(3), N(3)], Ok(N(24))),
            (ShiftLeft, Number, &[N(1), N(65)], Ok(N(2))),
            (ShiftLeft, Number, &[N(1), N(63)], Ok(N(i64::MIN))),
            (ShiftRight, Number, &[N(-8), N(1)], Ok(N(-4))),
            (ShiftRightUnsigned, Number, &[N(-1), N(63)], Ok(N(1))),
            (ShiftRight, Unsigned, &[U(u64::MAX), U(63)], Ok(U(1))),
            (ShiftRight, Number, &[N(-8), N(-63)], Ok(N(-4))),
        ]);
    }

    #[test]
    fn bits_and_truth() {
        check(&[
            (BitOr, Number, &[N(1), N(2)], Ok(N(3))),
            (BitAnd, Number, &[N(6), N(4)], Ok(N(4))),
            (BitXor, Number, &[N(6), N(3)], Ok(N(5))),
            (BitNot, Number, &[N(0)], Ok(N(-1))),
            (BitNot, Unsigned, &[U(0)], Ok(U(u64::MAX))),
            (LogicalAnd, Number, &[N(7), N(-1)], Ok(N(1))),
            (LogicalOr, Number, &[N(0), N(0)], Ok(N(0))),
            (LogicalXor, Number, &[N(7), N(2)], Ok(N(0))),
            (LogicalNot, Number, &[N(0)], Ok(N(1))),
            (LogicalNot, Number, &[N(-3)], Ok(N(0))),
        ]);
    }

    #[test]
    fn floats_follow_ieee_with_one_nan() {
        let nan = F(f64::from_bits(0xFFF8_0000_0000_0000));
        check(&[
            (Divide, Float, &[F(1.0), F(0.0)], Ok(F(f64::INFINITY))),
            (Divide, Float, &[F(0.0), F(0.0)], Ok(nan)),
            (
                Subtract,
                Float,
                &[F(f64::INFINITY), F(f64::INFINITY)],
                Ok(nan),
            ),
            (Power, Float, &[F(-1.0), F(0.5)], Ok(nan)),
            (Negate, Float, &[F(0.0)], Ok(F(-0.0))),
            (Add, Float, &[F(0.1), F(0.2)], Ok(F(0.1 + 0.2))),
        ]);
    }

    #[test]
    fn least_and_greatest_of_many() {
        check(&[
            (Min, Number, &[N(3), N(-1), N(2)], Ok(N(-1))),
            (Max, Unsigned, &[U(3), U(u64::MAX), U(2)], Ok(U(u64::MAX))),
            (Max, Float, &[F(-1.5), F(-0.5)], Ok(F(-0.5))),
            (Min, Symbol, &[S("a"), S("B"), S("é")], Ok(S("B"))),
            (Max, Symbol, &[S("a"), S("B"), S("é")], Ok(S("é"))),
        ]);
    }

    #[test]
    fn texts_are_bytes() {
        check(&[
            (Cat, Symbol, &[S("a"), S(""), S("b"), S("c")], Ok(S("abc"))),
            (Add, Symbol, &[S("a"), S("b")], Ok(S("ab"))),
            (Strlen, Symbol, &[S("héllo")], Ok(N(6))),
            (Strlen, Symbol, &[S("")], Ok(N(0))),
            (Substr, Symbol, &[S("abcdef"), N(2), N(3)], Ok(S("cde"))),
            (Substr, Symbol, &[S("abc"), N(1), N(99)], Ok(S("bc"))),
            (Substr, Symbol, &[S("abc"), N(1), N(-1)], Ok(S("bc"))),
            (Substr, Symbol, &[S("abc"), N(3), N(1)], Ok(S(""))),
            (Substr, Symbol, &[S("abc"), N(4), N(1)], Ok(S(""))),
            (Substr, Symbol, &[S("abc"), N(-1), N(2)], Ok(S(""))),
            (Substr, Symbol, &[S("abc"), N(0), N(i64::MAX)], Ok(S("abc"))),
            // `é` is the bytes 1 and 2.
            (Substr, Symbol, &[S("héllo"), N(0), N(2)], Ok(S("h"))),
            (Substr, Symbol, &[S("héllo"), N(1), N(2)], Ok(S("é"))),
            (Substr, Symbol, &[S("héllo"), N(2), N(2)], Ok(S("l"))),
            (Substr, Symbol, &[S("é"), N(1), N(0)], Ok(S(""))),
        ]);
    }

    #[test]
    fn conversions() {
        let no = |text: &str| Err(Fault::NotANumber(text.into()));
        check(&[
            (ToString, Number, &[N(-12)], Ok(S("-12"))),
            (
                ToString,
                Unsigned,
                &[U(u64::MAX)],
                Ok(S("18446744073709551615")),
            ),
            (ToString, Float, &[F(1.5)], Ok(S("1.500000"))),
            (ToString, Float, &[F(f64::NEG_INFINITY)], Ok(S("-inf"))),
            (ToString, Float, &[F(-f64::NAN)], Ok(S("-nan"))),
            (ToString, Symbol, &[S("x")], Ok(S("x"))),
            (ToNumber, Symbol, &[S("12abc")], Ok(N(12))),
            (ToNumber, Symbol, &[S(" \t-12")], Ok(N(-12))),
            (ToNumber, Symbol, &[S("+7 8")], Ok(N(7))),
            (ToNumber, Symbol, &[S("0x1F")], Ok(N(31))),
            (ToNumber, Symbol, &[S("-0b101")], Ok(N(-5))),
            (ToNumber, Symbol, &[S("0xyz")], Ok(N(0))),
            (ToNumber, Symbol, &[S("0b2")], Ok(N(0))),
            (
                ToNumber,
                Symbol,
                &[S("-9223372036854775808")],
                Ok(N(i64::MIN)),
            ),
            (
                ToNumber,
                Symbol,
                &[S("9223372036854775808")],
                no("9223372036854775808"),
            ),
            (ToNumber, Symbol, &[S("")], no("")),
            (ToNumber, Symbol, &[S("- 1")], no("- 1")),
            (ToNumber, Symbol, &[S("abc")], no("abc")),
            (ToUnsigned, Symbol, &[S("-1")], Ok(U(u64::MAX))),
            (ToFloat, Symbol, &[S(" 1.5e3x")], Ok(F(1500.0))),
            (ToFloat, Symbol, &[S("-.5e")], Ok(F(-0.5))),
            (ToFloat, Symbol, &[S("0x1.8p1")], Ok(F(3.0))),
            (ToFloat, Symbol, &[S("0x")], Ok(F(0.0))),
            (ToFloat, Symbol, &[S("-inFinity")], Ok(F(f64::NEG_INFINITY))),
            (ToFloat, Symbol, &[S(".")], no(".")),
            (ToNumber, Float, &[F(-2.9)], Ok(N(-2))),
            (ToNumber, Float, &[F(1e30)], Ok(N(i64::MAX))),
            (ToNumber, Float, &[F(f64::NAN)], Ok(N(0))),
            (ToUnsigned, Float, &[F(-1.0)], Ok(U(0))),
            (ToFloat, Number, &[N(-3)], Ok(F(-3.0))),
            (ToFloat, Unsigned, &[U(u64::MAX)], Ok(F(u64::MAX as f64))),
            (ToUnsigned, Number, &[N(-1)], Ok(U(u64::MAX))),
            (ToNumber, Unsigned, &[U(u64::MAX)], Ok(N(-1))),
            (Ord, Number, &[N(-1)], Ok(N(-1))),
            (
                Reinterpret(Number),
                Float,
                &[F(1.0)],
                Ok(N(0x3FF0_0000_0000_0000)),
            ),
        ]);
    }

    #[test]
    fn what_depends_on_more_than_arguments_is_refused() {
        let unknown = |name: &str| Err(Fault::UnknownFunctor(name.into()));
        check(&[
            (Autoinc, Number, &[], unknown("autoinc")),
            (
                IterationCount,
                Number,
                &[],
                unknown("recursive_iteration_cnt"),
            ),
            (User("f".into()), Number, &[N(1)], unknown("@f")),
            (Min, Number, &[], unknown("Min")),
        ]);
    }

    #[test]
    fn orders() {
        use CompareOp::*;
        let dictionary = Dictionary::new();
        let nan = f64::NAN;
        for (op, operand, left, right, expected) in [
            (Lt, Number, N(-1), N(0), true),
            (Lt, Number, N(1), N(2), true),
            (Lt, Number, N(i64::MIN), N(-1), true),
            (Ge, Number, N(1 << 40), N(7), true),
            (Lt, Unsigned, U(u64::MAX), U(0), false),
            (Gt, Unsigned, U(u64::MAX), U(1 << 63), true),
            (Lt, Float, F(-1.0), F(1.0), true),
            (Lt, Float, F(1.0), F(2.0), true),
            (Lt, Float, F(-2.0), F(-1.0), true),
            (Eq, Float, F(0.0), F(-0.0), true),
            (Ne, Float, F(nan), F(nan), true),
            (Eq, Float, F(nan), F(nan), false),
            (Le, Float, F(nan), F(nan), false),
            (Lt, Symbol, S("B"), S("a"), true),
            (Lt, Symbol, S("a"), S("é"), true),
            (Le, Symbol, S("a"), S("a"), true),
            (Lt, Symbol, S("a"), S(""), false),
            (Eq, Symbol, S("a"), S("b"), false),
        ] {
            let (l, r) = (code(&dictionary, left), code(&dictionary, right));
            assert_eq!(
                compare(op, operand, l, r, &dictionary),
                expected,
                "{left:?} {op:?} {right:?}"
            );
        }
    }

    #[test]
    fn contains_is_a_substring_test() {
        let dictionary = Dictionary::new();
        for (part, text, expected) in [("b", "abc", true), ("", "abc", true), ("ac", "abc", false)]
        {
            let (part, text) = (dictionary.symbol(part), dictionary.symbol(text));
            assert_eq!(contains(part, text, &dictionary), expected);
        }
    }
}
