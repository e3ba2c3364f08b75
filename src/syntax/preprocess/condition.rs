//! The integer expressions of `#if`.

use crate::syntax::token::{Token, TokenKind};
use std::sync::Arc;

/// Brackets and signs within each other.
const MAX_DEPTH: usize = 100;

/// The value of an expression whose macros are expanded; a name that is left counts as 0. Arithmetic wraps.
pub fn evaluate(words: &[(Token, Arc<str>)]) -> Result<i64, &'static str> {
    let mut rest = Condition { words, depth: 0 };
    if words.is_empty() {
        return Err("the condition is missing");
    }
    let value = rest.ternary()?;
    if rest.words.is_empty() {
        Ok(value)
    } else {
        Err("something is left over after the condition")
    }
}

struct Condition<'w> {
    words: &'w [(Token, Arc<str>)],
    depth: usize,
}

/// Operators by how tight they bind, loosest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Condition<'_> {
    fn ternary(&mut self) -> Result<i64, &'static str> {
        self.deeper(|this| {
            let condition = this.binary(0)?;
            if !this.eat("?") {
                return Ok(condition);
            }
            let yes = this.ternary()?;
            if !this.eat(":") {
                return Err("`?` without `:`");
            }
            let no = this.ternary()?;
            Ok(if condition != 0 { yes } else { no })
        })
    }

    fn binary(&mut self, level: usize) -> Result<i64, &'static str> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        'operands: loop {
            for operator in *operators {
                if self.at_operator(operator) {
                    self.eat(operator);
                    let right = self.binary(level + 1)?;
                    left = apply(operator, left, right)?;
                    continue 'operands;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<i64, &'static str> {
        self.deeper(|this| {
            if this.eat("!") {
                return Ok(i64::from(this.unary()? == 0));
            }
            if this.eat("-") {
                return Ok(this.unary()?.wrapping_neg());
            }
            if this.eat("+") {
                return this.unary();
            }
            if this.eat("~") {
                return Ok(!this.unary()?);
            }
            if this.eat("(") {
                let value = this.ternary()?;
                return if this.eat(")") {
                    Ok(value)
                } else {
                    Err("a `)` is missing")
                };
            }
            let [(token, text), rest @ ..] = this.words else {
                return Err("a value is missing");
            };
            this.words = rest;
            match token.kind {
                TokenKind::Ident | TokenKind::Keyword(_) => Ok(0),
                _ => number(text).ok_or("this is no integer expression"),
            }
        })
    }

    fn deeper(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<i64, &'static str>,
    ) -> Result<i64, &'static str> {
        if self.depth >= MAX_DEPTH {
            return Err("the condition is nested too deep");
        }
        self.depth += 1;
        let value = parse(self);
        self.depth -= 1;
        value
    }

    /// The next words spell exactly this operator, and not a longer one.
    fn at_operator(&self, operator: &str) -> bool {
        let count = self.spells(operator);
        if count == 0 {
            return false;
        }
        let next = self.words.get(count).map_or("", |(_, text)| &**text);
        !(matches!(operator, "|" | "&" | "<" | ">") && next == operator)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let count = self.spells(operator);
        self.words = &self.words[count..];
        count > 0
    }

    /// How many of the next words make up `operator`; none if they do not.
    fn spells(&self, operator: &str) -> usize {
        let mut left = operator;
        for (at, (_, text)) in self.words.iter().enumerate() {
            match left.strip_prefix(&**text) {
                Some("") => return at + 1,
                Some(rest) if !text.is_empty() => left = rest,
                _ => return 0,
            }
        }
        0
    }
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, &'static str> {
    Ok(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "<<" => left.wrapping_shl(right as u32),
        ">>" => left.wrapping_shr(right as u32),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err("division by zero"),
        "/" => left.wrapping_div(right),
        _ => left.wrapping_rem(right),
    })
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['u', 'U', 'l', 'L']);
    let value = if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        u64::from_str_radix(digits, 16)
    } else if let Some(digits) = text.strip_prefix("0b") {
        u64::from_str_radix(digits, 2)
    } else if text.len() > 1 && text.starts_with('0') {
        u64::from_str_radix(text, 8)
    } else {
        text.parse()
    };
    value.ok().map(|value| value as i64)
}
