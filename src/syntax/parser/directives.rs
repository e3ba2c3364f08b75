//! `.input`, `.output`, `.printsize`, `.limitsize`, `.pragma`, `.include` and `.abducible`.

use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::token::{Keyword, TokenKind};
use std::sync::Arc;

impl Parser<'_, '_> {
    pub(super) fn directive(&mut self, kind: DirectiveKind) -> Parsed<ItemKind> {
        self.bump();
        let relations = self.relation_paths()?;
        let parameters = if self.at(TokenKind::LParen) {
            let open = self.bump().span;
            self.list_until(open, TokenKind::RParen, Self::parameter)?
        } else {
            Vec::new()
        };
        Ok(ItemKind::Directive(Box::new(Directive {
            kind,
            relations,
            parameters,
        })))
    }

    pub(super) fn abducible(&mut self) -> Parsed<ItemKind> {
        self.bump();
        Ok(ItemKind::Abducible(self.relation_paths()?))
    }

    fn relation_paths(&mut self) -> Parsed<Vec<Path>> {
        let mut paths = vec![self.path("the name of a relation")?];
        while self.eat(TokenKind::Comma) {
            paths.push(self.path("the name of a relation")?);
        }
        Ok(paths)
    }

    /// `key=value`; the value may be a string, a word or a number.
    fn parameter(&mut self) -> Parsed<Parameter> {
        let key = match self.peek() {
            TokenKind::Ident | TokenKind::Keyword(_) => self.take_name(),
            _ => return self.unexpected("the name of a parameter"),
        };
        if !self.at(TokenKind::Eq) {
            let help = format!("parameters are written `{}=\"value\"`", key.text);
            let diagnostic = self.unexpected_diagnostic("`=`").help(help);
            return self.fail(diagnostic);
        }
        self.bump();
        let value = match self.peek() {
            TokenKind::Text => {
                let token = self.bump();
                self.string_text(&token)
            }
            TokenKind::Ident
            | TokenKind::Keyword(Keyword::True | Keyword::False)
            | TokenKind::Keyword(_)
            | TokenKind::Integer
            | TokenKind::Unsigned
            | TokenKind::Float => {
                let token = self.bump();
                self.intern(&token)
            }
            TokenKind::Minus if self.peek_at(1) == TokenKind::Integer => {
                self.bump();
                let token = self.bump();
                Arc::from(format!("-{}", self.stream.text(&token)))
            }
            _ => {
                let diagnostic = self
                    .unexpected_diagnostic("a value")
                    .help("a value is a string in double quotes, a word or a number");
                return self.fail(diagnostic);
            }
        };
        let value_span = self.last_span();
        Ok(Parameter {
            key,
            value,
            value_span,
        })
    }

    pub(super) fn pragma(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let key = Box::new(self.string_literal()?);
        let value = if self.at(TokenKind::Text) {
            Some(Box::new(self.string_literal()?))
        } else {
            None
        };
        Ok(ItemKind::Pragma { key, value })
    }

    /// Reached only where files are not spliced in.
    pub(super) fn include(&mut self) -> Parsed<ItemKind> {
        self.bump();
        Ok(ItemKind::Include {
            path: self.string_literal()?,
            once: false,
        })
    }

    pub(super) fn string_literal(&mut self) -> Parsed<StringLiteral> {
        if !self.at(TokenKind::Text) {
            return self.unexpected("a string");
        }
        let token = self.bump();
        Ok(StringLiteral {
            value: self.string_text(&token),
            span: token.span,
        })
    }
}
