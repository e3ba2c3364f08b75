//! `fact.`, `!fact.`, `body -> { rows }.`, `body -> count >= 8.`, `no violations.`, `under name { … }`

use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::expectations::{Expectation, ExpectationKind, Measure, UnderName, WantedRow};
use crate::syntax::source::Span;
use crate::syntax::token::TokenKind;
use std::sync::Arc;

impl Parser<'_, '_> {
    /// All expectations up to the end of the text.
    pub fn expectations(&mut self) -> Vec<Expectation> {
        let mut found = Vec::new();
        self.expectations_until(TokenKind::End, &[], &mut found);
        let docs = self.take_docs();
        self.useless_docs(&docs);
        found
    }

    fn expectations_until(
        &mut self,
        end: TokenKind,
        under: &[UnderName],
        found: &mut Vec<Expectation>,
    ) {
        while !self.at(end) && !self.at(TokenKind::End) && !self.stream.findings.exhausted() {
            let before = self.taken;
            let nesting = self.nesting;
            let parsed = match self.at_word("under") && self.peek_at(1) == TokenKind::Ident {
                true => self.nested(|parser| parser.under(under, found)),
                false => self
                    .expectation(under)
                    .map(|expectation| found.push(expectation)),
            };
            if parsed.is_err() {
                self.nesting = nesting;
                self.recover();
                if self.taken == before && !self.at(TokenKind::End) {
                    self.bump();
                }
            }
        }
    }

    /// `under a, b("x") { … }`
    fn under(&mut self, outer: &[UnderName], found: &mut Vec<Expectation>) -> Parsed<()> {
        self.bump();
        let mut under = outer.to_vec();
        loop {
            let name = self.name("the name of a hypothesis")?;
            if self.at(TokenKind::LParen) {
                self.arguments()?;
            }
            let span = self.since(name.span);
            under.push(UnderName {
                text: Arc::from(self.stream.sources.slice(span)),
                span,
            });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.at(TokenKind::LBrace) {
            return self.unexpected("`,` or `{`");
        }
        let open = self.bump().span;
        self.blocks += 1;
        self.expectations_until(TokenKind::RBrace, &under, found);
        self.blocks -= 1;
        self.close_block(open, "block of expectations");
        Ok(())
    }

    fn expectation(&mut self, under: &[UnderName]) -> Parsed<Expectation> {
        let start = self.peek_span();
        let kind = self.expectation_kind()?;
        let span = self.since(start);
        self.end_clause(start, "`->`, `,`, `;`")?;
        Ok(Expectation {
            kind,
            under: under.to_vec(),
            span,
        })
    }

    fn expectation_kind(&mut self) -> Parsed<ExpectationKind> {
        if self.at_word("no") && self.peek_at(1) == TokenKind::Ident {
            self.bump();
            return match self.at_word("violations") {
                true => {
                    self.bump();
                    Ok(ExpectationKind::NoViolations)
                }
                false => self.unexpected("`violations`"),
            };
        }
        if self.at_word("violated") && self.peek_at(1) == TokenKind::Text {
            self.bump();
            return Ok(ExpectationKind::Violated(self.string_literal()?));
        }
        if self.at_query() {
            self.bump();
            self.bump();
        }
        let body = self.formula()?;
        if !self.eat(TokenKind::Arrow) {
            return Ok(ExpectationKind::Answered(body));
        }
        if self.at(TokenKind::LBrace) {
            let open = self.bump().span;
            let rows = self.list_until(open, TokenKind::RBrace, Self::wanted_row)?;
            return Ok(ExpectationKind::Exactly { body, rows });
        }
        let Some(measure) = Measure::ALL
            .into_iter()
            .find(|measure| self.at_word(measure.word()))
        else {
            return self.unexpected("`{`, `count`, `strength`, `supports` or `roots`");
        };
        self.bump();
        let Some(op) = super::formulas::compare_op(self.peek()) else {
            return self.unexpected("a comparison such as `=` or `>=`");
        };
        self.bump();
        let value = match self.peek() {
            TokenKind::Integer | TokenKind::Float => {
                let token = self.bump();
                self.text(&token).parse().unwrap_or(f64::NAN)
            }
            _ => return self.unexpected("a number"),
        };
        Ok(ExpectationKind::Measured {
            body,
            measure,
            op,
            value,
        })
    }

    /// `"a"` or `("a", 3)`
    fn wanted_row(&mut self) -> Parsed<WantedRow> {
        let start = self.peek_span();
        let values = match self.at(TokenKind::LParen) {
            true => {
                let open = self.bump().span;
                self.list_until(open, TokenKind::RParen, Self::wanted_value)?
            }
            false => vec![self.wanted_value()?],
        };
        Ok(WantedRow {
            values,
            span: self.since(start),
        })
    }

    /// A constant as fact files write it.
    fn wanted_value(&mut self) -> Parsed<Arc<str>> {
        let start: Span = self.peek_span();
        let value = self.expr()?;
        match value.kind {
            ExprKind::Text(text) => return Ok(text),
            ExprKind::Variable(name) => {
                return self.fail(
                    Diagnostic::error(
                        codes::UNEXPECTED_TOKEN,
                        format!("syntax error: expected a constant, found variable `{name}`"),
                    )
                    .at(value.span, "an answer has constants only")
                    .help(format!("a symbol stands in quotes: `\"{name}\"`")),
                );
            }
            ExprKind::Wildcard => {
                let wrong = "syntax error: expected a constant, found `_`";
                return self.fail(
                    Diagnostic::error(codes::UNEXPECTED_TOKEN, wrong)
                        .at(value.span, "an answer has constants only")
                        .help(
                            "leave the column out of the answer: write `_` for it in the question",
                        ),
                );
            }
            _ => {}
        }
        let span = self.since(start);
        Ok(Arc::from(self.stream.sources.slice(span)))
    }

    fn at_word(&mut self, word: &str) -> bool {
        matches!(self.peek(), TokenKind::Ident | TokenKind::Keyword(_))
            && self.stream.text(&self.ahead[0]) == word
    }
}
