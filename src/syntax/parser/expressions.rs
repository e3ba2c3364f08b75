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
            // No deeper than there are levels of precedence.
            let right = self.binary(binding + 1)?;
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
        self.signed(op)
    }

    fn signed(&mut self, op: UnaryOp) -> Parsed<Expr> {
        let start = self.bump().span;
        let operand = Box::new(self.nested(Self::unary)?);
        self.grown(self.height)?;
        Ok(Expr {
            kind: ExprKind::Unary { op, operand },
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
        match self.peek() {
            TokenKind::LParen => self.nested(Self::parenthesised),
            TokenKind::LBracket => self.nested(Self::record),
            TokenKind::Dollar => self.branch(),
            TokenKind::At => self.user_call(),
            TokenKind::Keyword(word) => self.keyword_expr(word),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> Parsed<Expr> {
        let kind = self.peek();
        if kind == TokenKind::Ident && self.peek_at(1) == TokenKind::LParen {
            return self.unknown_functor();
        }
        let is_leaf = matches!(
            kind,
            TokenKind::Ident
                | TokenKind::Underscore
                | TokenKind::Text
                | TokenKind::BadText
                | TokenKind::Integer
                | TokenKind::Ipv4
                | TokenKind::BadNumber
                | TokenKind::Unsigned
                | TokenKind::Float
        );
        if !is_leaf {
            return self.unexpected("an argument");
        }
        self.height = 1;
        let token = self.bump();
        let kind = match kind {
            TokenKind::Ident => ExprKind::Variable(self.intern(&token)),
            TokenKind::Underscore => ExprKind::Wildcard,
            TokenKind::Text | TokenKind::BadText => ExprKind::Text(self.string_text(&token)),
            TokenKind::Unsigned => self.unsigned(&token),
            TokenKind::Float => self.float(&token),
            _ => ExprKind::Integer(integer_literal(token.kind, self.stream.text(&token))),
        };
        Ok(Expr {
            kind,
            span: token.span,
        })
    }

    fn record(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let fields = self.expr_list(open, TokenKind::RBracket)?;
        Ok(self.expr_since(open, ExprKind::Record(fields)))
    }

    fn expr_since(&mut self, start: Span, kind: ExprKind) -> Expr {
        Expr {
            kind,
            span: self.since(start),
        }
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
    fn branch(&mut self) -> Parsed<Expr> {
        let dollar = self.bump().span;
        let adjacent = self.peek_span().start == dollar.end;
        if self.peek() != TokenKind::Ident || !adjacent && self.peek_at(1) != TokenKind::LParen {
            return Ok(self.old_counter(dollar));
        }
        let name = self.path("the name of a branch")?;
        if !self.at(TokenKind::LParen) {
            return self.branch_without_fields(&name);
        }
        let args = self.arguments()?;
        Ok(self.expr_since(dollar, ExprKind::Branch { name, args }))
    }

    fn old_counter(&mut self, dollar: Span) -> Expr {
        self.report(
            Diagnostic::warning(codes::DOLLAR_SIGN, "`$` is deprecated")
                .at(dollar, "a counter")
                .help("write `autoinc()`"),
        );
        self.height = 1;
        Expr {
            kind: ExprKind::Call {
                functor: Intrinsic::Autoinc,
                args: Vec::new(),
            },
            span: dollar,
        }
    }

    #[cold]
    fn branch_without_fields<T>(&mut self, name: &Path) -> Parsed<T> {
        self.unexpected_but(
            "`(`",
            &format!("a branch without fields is written `${name}()`"),
        )
    }

    /// `@f(a, b)`, or `@@f e : init, {body}`.
    fn user_call(&mut self) -> Parsed<Expr> {
        let start = self.bump().span;
        if self.at(TokenKind::At) {
            return self.nested(|parser| parser.user_aggregate(start));
        }
        let name = self.name("the name of a functor")?;
        if !self.at(TokenKind::LParen) {
            return self.unexpected("`(`");
        }
        let args = self.arguments()?;
        Ok(self.expr_since(start, ExprKind::UserCall { name, args }))
    }

    fn user_aggregate(&mut self, start: Span) -> Parsed<Expr> {
        self.bump();
        let name = self.name("the name of an aggregate")?;
        let mut height = 0;
        let mut target = None;
        if !self.at(TokenKind::Colon) {
            target = Some(self.expr()?);
            height = self.height;
        }
        self.expect(TokenKind::Colon)?;
        let init = Box::new(self.expr()?);
        height = height.max(self.height);
        self.expect(TokenKind::Comma)?;
        let body = self.aggregate_body()?;
        self.grown(height.max(self.height))?;
        let op = AggregateOp::User { name, init };
        let aggregate = Box::new(Aggregate { op, target, body });
        Ok(self.expr_since(start, ExprKind::Aggregate(aggregate)))
    }

    #[cold]
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
        match word {
            Keyword::Nil => {
                let span = self.bump().span;
                self.height = 1;
                Ok(self.expr_since(span, ExprKind::Nil))
            }
            Keyword::As => self.nested(Self::cast),
            Keyword::IterationCount => self.iteration_count(),
            Keyword::Min | Keyword::Max if self.peek_at(1) == TokenKind::LParen => {
                self.nested(|parser| parser.min_max(word))
            }
            _ if aggregate_op(word).is_some() => self.nested(|parser| parser.aggregate(word)),
            _ => match intrinsic(word) {
                Some(functor) => self.call(word, functor),
                None => self.reserved_argument(word),
            },
        }
    }

    fn call(&mut self, word: Keyword, functor: Intrinsic) -> Parsed<Expr> {
        let start = self.bump().span;
        if !self.at(TokenKind::LParen) {
            return self.functor_as_name(word);
        }
        let args = self.arguments()?;
        Ok(self.expr_since(start, ExprKind::Call { functor, args }))
    }

    fn iteration_count(&mut self) -> Parsed<Expr> {
        let start = self.bump().span;
        self.expect(TokenKind::LParen)?;
        self.expect(TokenKind::RParen)?;
        self.height = 1;
        Ok(self.expr_since(start, ExprKind::IterationCount))
    }

    #[cold]
    fn functor_as_name<T>(&mut self, word: Keyword) -> Parsed<T> {
        self.unexpected_but(
            "`(`",
            &format!("`{word}` is a functor and cannot be the name of a variable"),
        )
    }

    #[cold]
    fn reserved_argument<T>(&mut self, word: Keyword) -> Parsed<T> {
        let span = self.peek_span();
        self.fail(
            Diagnostic::error(
                codes::RESERVED_WORD,
                format!("syntax error: expected an argument, found reserved word `{word}`"),
            )
            .at(span, "reserved")
            .help(format!(
                "as a variable choose another name, for example `{word}_`; put a symbol in quotes"
            )),
        )
    }

    /// `as(e, T)`
    fn cast(&mut self) -> Parsed<Expr> {
        let start = self.bump().span;
        self.expect(TokenKind::LParen)?;
        let operand = Box::new(self.expr()?);
        let height = self.height;
        self.expect(TokenKind::Comma)?;
        let ty = self.path("the name of a type")?;
        self.expect(TokenKind::RParen)?;
        self.grown(height)?;
        Ok(self.expr_since(start, ExprKind::Cast { operand, ty }))
    }

    /// `min(a, b)` is a functor, `min (a) : { … }` an aggregate whose target begins with a parenthesis.
    fn min_max(&mut self, word: Keyword) -> Parsed<Expr> {
        let start = self.bump().span;
        let open = self.bump().span;
        let mut first = self.expr()?;
        if self.eat(TokenKind::RParen) {
            first.span = self.since(open);
            let target = self.binary_after(first, 0)?;
            return self.aggregate_after(start, word, Some(target));
        }
        if !self.eat(TokenKind::Comma) {
            return self.not_closed(open, TokenKind::RParen, "`,`");
        }
        self.min_max_of(start, open, word, first)
    }

    fn min_max_of(&mut self, start: Span, open: Span, word: Keyword, first: Expr) -> Parsed<Expr> {
        let height = self.height;
        if self.at(TokenKind::RParen) {
            return self.unexpected("an argument");
        }
        let mut args = vec![first];
        args.extend(self.expr_list(open, TokenKind::RParen)?);
        self.grown(height.max(self.height - 1))?;
        let functor = if word == Keyword::Min {
            Intrinsic::Min
        } else {
            Intrinsic::Max
        };
        Ok(self.expr_since(start, ExprKind::Call { functor, args }))
    }

    fn aggregate(&mut self, word: Keyword) -> Parsed<Expr> {
        let start = self.bump().span;
        self.height = 0;
        let target = if self.at(TokenKind::Colon) {
            None
        } else {
            Some(self.expr()?)
        };
        self.aggregate_after(start, word, target)
    }

    fn aggregate_after(
        &mut self,
        start: Span,
        word: Keyword,
        target: Option<Expr>,
    ) -> Parsed<Expr> {
        let height = self.height;
        let Some(op) = aggregate_op(word).filter(|_| self.at(TokenKind::Colon)) else {
            return self.aggregate_without_body(word);
        };
        self.check_target(start, word, target.as_ref());
        self.bump();
        let body = self.aggregate_body()?;
        self.grown(height.max(self.height))?;
        let aggregate = Box::new(Aggregate { op, target, body });
        Ok(self.expr_since(start, ExprKind::Aggregate(aggregate)))
    }

    #[cold]
    fn aggregate_without_body<T>(&mut self, word: Keyword) -> Parsed<T> {
        self.unexpected_but(
            "`:`",
            &format!("an aggregate is written `{word} … : {{ body }}`"),
        )
    }

    fn check_target(&mut self, start: Span, word: Keyword, target: Option<&Expr>) {
        let (span, why) = match (word, target) {
            (Keyword::Count, Some(target)) => (target.span, "`count` takes no expression"),
            (Keyword::Count, None) | (_, Some(_)) => return,
            (_, None) => (start, "needs the expression to aggregate before the `:`"),
        };
        self.report(
            Diagnostic::error(
                codes::AGGREGATE_SHAPE,
                format!("incorrect expression arity for aggregate `{word}`"),
            )
            .at(span, why),
        );
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
