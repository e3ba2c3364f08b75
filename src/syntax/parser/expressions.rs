//! Arguments: constants, variables, functors, records, aggregates.

use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::lexer::string_value;
use crate::syntax::source::Span;
use crate::syntax::token::{Keyword, Token, TokenKind};
use std::sync::Arc;

impl Parser<'_, '_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.binary(0)
    }

    /// `(a, b, …)`, with the opening parenthesis next.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.nested(|parser| {
            let open = parser.bump().span;
            parser.expr_list(open, TokenKind::RParen)
        })
    }

    /// The rest of a bracketed list; leaves the height of a node with these children.
    fn expr_list(&mut self, open: Span, close: TokenKind) -> Parsed<Vec<Expr>> {
        let mut height = 0;
        let list = self.list_until(open, close, |parser| {
            let expr = parser.expr()?;
            height = height.max(parser.height);
            Ok(expr)
        })?;
        self.grown(height)?;
        Ok(list)
    }

    /// Operators that bind at least as tight as `loosest`.
    fn binary(&mut self, loosest: u8) -> Parsed<Expr> {
        let left = self.unary()?;
        self.binary_after(left, loosest)
    }

    /// The operators after an operand that is already read.
    pub(super) fn binary_after(&mut self, mut left: Expr, loosest: u8) -> Parsed<Expr> {
        if self.at(TokenKind::Caret) {
            left = self.power(left)?;
        }
        while let Some((op, binding)) = binary_op(self.peek()) {
            if binding < loosest {
                break;
            }
            let height = self.height;
            self.bump();
            let right = self.nested(|parser| parser.binary(binding + 1))?;
            let height = height.max(self.height);
            self.grown(height)?;
            let span = left.span.to(right.span);
            left = Expr {
                kind: ExprKind::Binary {
                    op,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                span,
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let op = match self.peek() {
            TokenKind::Minus => UnaryOp::Negate,
            TokenKind::Keyword(Keyword::Bnot) => UnaryOp::BitNot,
            TokenKind::Keyword(Keyword::Lnot) => UnaryOp::LogicalNot,
            _ => {
                let base = self.primary()?;
                return if self.at(TokenKind::Caret) {
                    self.power(base)
                } else {
                    Ok(base)
                };
            }
        };
        let start = self.bump().span;
        let operand = self.nested(Self::unary)?;
        let height = self.height;
        self.grown(height)?;
        Ok(Expr {
            kind: ExprKind::Unary {
                op,
                operand: Box::new(operand),
            },
            span: self.since(start),
        })
    }

    /// `base ^ exponent`, which binds tighter than a sign before it and associates to the right.
    fn power(&mut self, base: Expr) -> Parsed<Expr> {
        let height = self.height;
        self.bump();
        let exponent = self.nested(Self::unary)?;
        let height = height.max(self.height);
        self.grown(height)?;
        let span = base.span.to(exponent.span);
        Ok(Expr {
            kind: ExprKind::Binary {
                op: BinaryOp::Power,
                left: Box::new(base),
                right: Box::new(exponent),
            },
            span,
        })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.peek_span();
        self.height = 1;
        let kind = match self.peek() {
            TokenKind::Ident => {
                if self.peek_at(1) == TokenKind::LParen {
                    return self.unknown_functor();
                }
                let token = self.bump();
                ExprKind::Variable(self.intern(&token))
            }
            TokenKind::Underscore => {
                self.bump();
                ExprKind::Wildcard
            }
            TokenKind::Text => {
                let token = self.bump();
                ExprKind::Text(self.string_text(&token))
            }
            TokenKind::Integer | TokenKind::Ipv4 | TokenKind::BadNumber => {
                let token = self.bump();
                ExprKind::Integer(integer_literal(token.kind, self.stream.text(&token)))
            }
            TokenKind::Unsigned => {
                let token = self.bump();
                self.unsigned(&token)
            }
            TokenKind::Float => {
                let token = self.bump();
                self.float(&token)
            }
            TokenKind::LParen => return self.nested(Self::parenthesised),
            TokenKind::LBracket => self.nested(|parser| {
                let open = parser.bump().span;
                Ok(ExprKind::Record(
                    parser.expr_list(open, TokenKind::RBracket)?,
                ))
            })?,
            TokenKind::Dollar => self.branch()?,
            TokenKind::At => self.user_call()?,
            TokenKind::Keyword(word) => return self.keyword_expr(word),
            _ => return self.unexpected("an argument"),
        };
        Ok(Expr {
            kind,
            span: self.since(start),
        })
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let mut expr = self.expr()?;
        if !self.eat(TokenKind::RParen) {
            return self.not_closed(open, TokenKind::RParen, "an operator");
        }
        expr.span = self.since(open);
        Ok(expr)
    }

    pub(super) fn string_text(&mut self, token: &Token) -> Arc<str> {
        let literal = self.stream.text(token);
        let inner = literal
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match inner {
            Some(inner) if !inner.contains('\\') => match self.names.get(inner) {
                Some(known) => known.clone(),
                None => {
                    let text: Arc<str> = Arc::from(inner);
                    self.names.insert(text.clone());
                    text
                }
            },
            _ => Arc::from(string_value(literal)),
        }
    }

    fn unsigned(&mut self, token: &Token) -> ExprKind {
        let text = self.stream.text(token);
        let literal = integer_literal(TokenKind::Integer, text.trim_end_matches('u'));
        ExprKind::Unsigned(u64::try_from(literal.magnitude).unwrap_or_else(|_| {
            self.too_large(token.span, "an unsigned number has 64 bits");
            u64::MAX
        }))
    }

    fn float(&mut self, token: &Token) -> ExprKind {
        let value: f64 = self.stream.text(token).parse().unwrap_or(f64::INFINITY);
        if value.is_infinite() {
            self.too_large(token.span, "a float has 64 bits");
            return ExprKind::Float(f64::MAX);
        }
        ExprKind::Float(value)
    }

    fn too_large(&mut self, span: Span, why: &str) {
        self.report(
            Diagnostic::error(codes::NUMBER_TOO_LARGE, "this number is too large").at(span, why),
        );
    }

    /// `$Branch(a, b)`, or the old `$` for `autoinc()`.
    fn branch(&mut self) -> Parsed<ExprKind> {
        let dollar = self.bump().span;
        if self.peek() != TokenKind::Ident
            || self.peek_token().span.start != dollar.end && self.peek_at(1) != TokenKind::LParen
        {
            self.report(
                Diagnostic::warning(codes::DOLLAR_SIGN, "`$` is deprecated")
                    .at(dollar, "a counter")
                    .help("write `autoinc()`"),
            );
            return Ok(ExprKind::Call {
                functor: Intrinsic::Autoinc,
                args: Vec::new(),
            });
        }
        let name = self.path("the name of a branch")?;
        if !self.at(TokenKind::LParen) {
            let help = format!(
                "a branch without fields is written `${}()`",
                name.parts[0].text
            );
            let diagnostic = self.unexpected_diagnostic("`(`").help(help);
            return self.fail(diagnostic);
        }
        let args = self.arguments()?;
        Ok(ExprKind::Branch { name, args })
    }

    /// `@f(a, b)`, or `@@f e : init, {body}`.
    fn user_call(&mut self) -> Parsed<ExprKind> {
        self.bump();
        if self.at(TokenKind::At) {
            return self.nested(Self::user_aggregate);
        }
        let name = self.name("the name of a functor")?;
        if !self.at(TokenKind::LParen) {
            return self.unexpected("`(`");
        }
        let args = self.arguments()?;
        Ok(ExprKind::UserCall { name, args })
    }

    fn user_aggregate(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let name = self.name("the name of an aggregate")?;
        let mut height = 0;
        let target = if self.at(TokenKind::Colon) {
            None
        } else {
            let target = self.expr()?;
            height = self.height;
            Some(target)
        };
        self.expect(TokenKind::Colon)?;
        let init = self.expr()?;
        height = height.max(self.height);
        self.expect(TokenKind::Comma)?;
        let body = self.aggregate_body()?;
        height = height.max(self.height);
        self.grown(height)?;
        Ok(ExprKind::Aggregate(Box::new(Aggregate {
            op: AggregateOp::User {
                name,
                init: Box::new(init),
            },
            target,
            body,
        })))
    }

    fn unknown_functor<T>(&mut self) -> Parsed<T> {
        let name = self.peek_token().clone();
        let text = self.text(&name);
        let lowered = text.to_lowercase();
        let near = Keyword::ALL
            .iter()
            .filter(|word| intrinsic(**word).is_some() || aggregate_op(**word).is_some())
            .map(|word| (strsim::damerau_levenshtein(&lowered, word.text()), word))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 2);
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_FUNCTOR,
            format!("syntax error: no functor `{text}`"),
        )
        .at(
            name.span,
            "an atom cannot be an argument, and no functor has this name",
        );
        if let Some((_, word)) = near {
            diagnostic = diagnostic.help(format!("did you mean `{word}(…)`?"));
        }
        self.fail(diagnostic.help(format!(
            "a user-defined functor is called `@{text}(…)`, a branch is built with `${text}(…)`"
        )))
    }

    fn keyword_expr(&mut self, word: Keyword) -> Parsed<Expr> {
        let start = self.peek_span();
        let kind = match word {
            Keyword::Nil => {
                self.bump();
                ExprKind::Nil
            }
            Keyword::As => self.nested(Self::cast)?,
            Keyword::IterationCount => {
                self.bump();
                self.expect(TokenKind::LParen)?;
                self.expect(TokenKind::RParen)?;
                ExprKind::IterationCount
            }
            Keyword::Min | Keyword::Max if self.peek_at(1) == TokenKind::LParen => {
                return self.nested(|parser| parser.min_max(word));
            }
            _ => {
                if let Some(op) = aggregate_op(word) {
                    return self.nested(|parser| parser.aggregate(word, op));
                }
                let Some(functor) = intrinsic(word) else {
                    let span = self.peek_span();
                    return self.fail(
                        Diagnostic::error(
                            codes::RESERVED_WORD,
                            format!("syntax error: expected an argument, found reserved word `{word}`"),
                        )
                        .at(span, "reserved")
                        .help(format!("as a variable choose another name, for example `{word}_`; put a symbol in quotes")),
                    );
                };
                self.bump();
                if !self.at(TokenKind::LParen) {
                    let diagnostic = self.unexpected_diagnostic("`(`").help(format!(
                        "`{word}` is a functor and cannot be the name of a variable"
                    ));
                    return self.fail(diagnostic);
                }
                let args = self.arguments()?;
                ExprKind::Call { functor, args }
            }
        };
        Ok(Expr {
            kind,
            span: self.since(start),
        })
    }

    /// `as(e, T)`
    fn cast(&mut self) -> Parsed<ExprKind> {
        self.bump();
        self.expect(TokenKind::LParen)?;
        let operand = self.expr()?;
        let height = self.height;
        self.expect(TokenKind::Comma)?;
        let ty = self.path("the name of a type")?;
        self.expect(TokenKind::RParen)?;
        self.grown(height)?;
        Ok(ExprKind::Cast {
            operand: Box::new(operand),
            ty,
        })
    }

    /// `min(a, b)` is a functor, `min (a) : { … }` an aggregate whose target begins with a parenthesis.
    fn min_max(&mut self, word: Keyword) -> Parsed<Expr> {
        let start = self.bump().span;
        let open = self.bump().span;
        let mut first = self.expr()?;
        let mut height = self.height;
        if self.eat(TokenKind::RParen) {
            first.span = self.since(open);
            let target = self.binary_after(first, 0)?;
            let op = if word == Keyword::Min {
                AggregateOp::Min
            } else {
                AggregateOp::Max
            };
            return self.aggregate_after(start, word, op, Some(target));
        }
        if !self.eat(TokenKind::Comma) {
            return self.not_closed(open, TokenKind::RParen, "`,`");
        }
        if self.at(TokenKind::RParen) {
            return self.unexpected("an argument");
        }
        let mut args = vec![first];
        args.extend(self.list_until(open, TokenKind::RParen, |parser| {
            let expr = parser.expr()?;
            height = height.max(parser.height);
            Ok(expr)
        })?);
        self.grown(height)?;
        let functor = if word == Keyword::Min {
            Intrinsic::Min
        } else {
            Intrinsic::Max
        };
        Ok(Expr {
            kind: ExprKind::Call { functor, args },
            span: self.since(start),
        })
    }

    fn aggregate(&mut self, word: Keyword, op: AggregateOp) -> Parsed<Expr> {
        let start = self.bump().span;
        self.height = 0;
        let target = if self.at(TokenKind::Colon) {
            None
        } else {
            Some(self.expr()?)
        };
        self.aggregate_after(start, word, op, target)
    }

    fn aggregate_after(
        &mut self,
        start: Span,
        word: Keyword,
        op: AggregateOp,
        target: Option<Expr>,
    ) -> Parsed<Expr> {
        let height = self.height;
        if !self.at(TokenKind::Colon) {
            let diagnostic = self
                .unexpected_diagnostic("`:`")
                .help(format!("an aggregate is written `{word} … : {{ body }}`"));
            return self.fail(diagnostic);
        }
        let misuse = match (&op, &target) {
            (AggregateOp::Count, Some(target)) => {
                Some((target.span, "`count` takes no expression"))
            }
            (AggregateOp::Count, None) | (_, Some(_)) => None,
            (_, None) => Some((start, "needs the expression to aggregate before the `:`")),
        };
        if let Some((span, why)) = misuse {
            self.report(
                Diagnostic::error(
                    codes::AGGREGATE_SHAPE,
                    format!("incorrect expression arity for aggregate `{word}`"),
                )
                .at(span, why),
            );
        }
        self.bump();
        let body = self.aggregate_body()?;
        let height = height.max(self.height);
        self.grown(height)?;
        Ok(Expr {
            kind: ExprKind::Aggregate(Box::new(Aggregate { op, target, body })),
            span: self.since(start),
        })
    }

    /// `{ body }`, or a single atom.
    fn aggregate_body(&mut self) -> Parsed<Formula> {
        if !self.at(TokenKind::LBrace) {
            if !self.at(TokenKind::Ident) {
                return self.unexpected("an atom or `{`");
            }
            let atom = self.atom()?;
            return Ok(Formula {
                span: atom.span,
                kind: FormulaKind::Atom(atom),
            });
        }
        let open = self.bump().span;
        let body = self.formula()?;
        if !self.eat(TokenKind::RBrace) {
            return self.not_closed(open, TokenKind::RBrace, "`,`");
        }
        Ok(body)
    }
}

/// An operator and how tight it binds; all associate to the left.
fn binary_op(kind: TokenKind) -> Option<(BinaryOp, u8)> {
    use BinaryOp::*;
    let op = match kind {
        TokenKind::Keyword(word) => match word {
            Keyword::Lor => LogicalOr,
            Keyword::Lxor => LogicalXor,
            Keyword::Land => LogicalAnd,
            Keyword::Bor => BitOr,
            Keyword::Bxor => BitXor,
            Keyword::Band => BitAnd,
            Keyword::Bshl => ShiftLeft,
            Keyword::Bshr => ShiftRight,
            Keyword::Bshru => ShiftRightUnsigned,
            _ => return None,
        },
        TokenKind::Plus => Add,
        TokenKind::Minus => Subtract,
        TokenKind::Star => Multiply,
        TokenKind::Slash => Divide,
        TokenKind::Percent => Modulo,
        _ => return None,
    };
    Some((op, binding(op)))
}

/// How tight an operator binds, loosest zero. Signs bind tighter than all but [`BinaryOp::Power`].
pub(in crate::syntax) fn binding(op: BinaryOp) -> u8 {
    use BinaryOp::*;
    match op {
        LogicalOr => 0,
        LogicalXor => 1,
        LogicalAnd => 2,
        BitOr => 3,
        BitXor => 4,
        BitAnd => 5,
        ShiftLeft | ShiftRight | ShiftRightUnsigned => 6,
        Add | Subtract => 7,
        Multiply | Divide | Modulo => 8,
        Power => 10,
    }
}

fn intrinsic(word: Keyword) -> Option<Intrinsic> {
    Some(match word {
        Keyword::Autoinc => Intrinsic::Autoinc,
        Keyword::Cat => Intrinsic::Cat,
        Keyword::Max => Intrinsic::Max,
        Keyword::Min => Intrinsic::Min,
        Keyword::Ord => Intrinsic::Ord,
        Keyword::Range => Intrinsic::Range,
        Keyword::Strlen => Intrinsic::Strlen,
        Keyword::Substr => Intrinsic::Substr,
        Keyword::ToFloat => Intrinsic::ToFloat,
        Keyword::ToNumber => Intrinsic::ToNumber,
        Keyword::ToString => Intrinsic::ToString,
        Keyword::ToUnsigned => Intrinsic::ToUnsigned,
        _ => return None,
    })
}

fn aggregate_op(word: Keyword) -> Option<AggregateOp> {
    Some(match word {
        Keyword::Count => AggregateOp::Count,
        Keyword::Max => AggregateOp::Max,
        Keyword::Mean => AggregateOp::Mean,
        Keyword::Min => AggregateOp::Min,
        Keyword::Sum => AggregateOp::Sum,
        _ => return None,
    })
}

/// Reads digits the lexer has approved.
fn integer_literal(kind: TokenKind, text: &str) -> IntegerLiteral {
    let radix = |digits: &str, radix, notation| IntegerLiteral {
        magnitude: match u128::from_str_radix(digits, radix) {
            Ok(magnitude) => magnitude,
            Err(_) if kind == TokenKind::BadNumber => 0,
            Err(_) => u128::MAX,
        },
        notation,
    };
    if kind == TokenKind::Ipv4 {
        let address = text.split('.').fold(0, |address, part| {
            address << 8 | part.parse::<u128>().unwrap_or(0)
        });
        return IntegerLiteral {
            magnitude: address,
            notation: Notation::Ipv4,
        };
    }
    if let Some(digits) = text.strip_prefix("0x") {
        radix(digits, 16, Notation::Hexadecimal)
    } else if let Some(digits) = text.strip_prefix("0b") {
        radix(digits, 2, Notation::Binary)
    } else {
        radix(text, 10, Notation::Decimal)
    }
}
