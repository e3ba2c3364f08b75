//! `.hypothesis name(params) "title" { .goal a + a. - a. rule. }`

use super::items::Place;
use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::token::{DirectiveWord, TokenKind};

impl Parser<'_, '_> {
    pub(super) fn hypothesis(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let name = self.name("the name of a hypothesis")?;
        let mut parameters = Vec::new();
        if self.at(TokenKind::LParen) {
            let open = self.bump().span;
            parameters = self.list_until(open, TokenKind::RParen, |parser| {
                parser.name("the name of a parameter")
            })?;
        }
        let title = if self.at(TokenKind::Text) {
            Some(self.string_literal()?)
        } else {
            None
        };
        if !self.at(TokenKind::LBrace) {
            return self.unexpected("a title or `{`");
        }
        let open = self.bump().span;
        let mut entries = Vec::new();
        self.blocks += 1;
        while !matches!(self.peek(), TokenKind::RBrace | TokenKind::End)
            && !self.stream.findings.exhausted()
        {
            let before = self.taken;
            let nesting = self.nesting;
            match self.hypothesis_entry() {
                Ok(entry) => entries.extend(entry),
                Err(_) => {
                    self.nesting = nesting;
                    self.recover();
                    if self.taken == before && !self.at(TokenKind::End) {
                        self.bump();
                    }
                }
            }
        }
        self.blocks -= 1;
        self.close_block(open, "hypothesis");
        Ok(ItemKind::Hypothesis(Box::new(Hypothesis {
            name,
            parameters,
            title,
            entries,
        })))
    }

    /// Nothing if only comments were left.
    fn hypothesis_entry(&mut self) -> Parsed<Option<HypothesisEntry>> {
        let start = self.peek_span();
        let entry: fn(Atom) -> HypothesisEntry = match self.peek() {
            TokenKind::Directive(DirectiveWord::Goal) => HypothesisEntry::Goal,
            TokenKind::Plus => HypothesisEntry::Assume,
            TokenKind::Minus => HypothesisEntry::Withdraw,
            _ => {
                let prelude = self.prelude()?;
                if matches!(self.peek(), TokenKind::RBrace | TokenKind::End) {
                    self.useless_prelude(&prelude);
                    return Ok(None);
                }
                let item = self.item_after(Place::Hypothesis, prelude, start)?;
                return Ok(Some(HypothesisEntry::Rule(Box::new(item))));
            }
        };
        let is_directive = matches!(self.peek(), TokenKind::Directive(_));
        self.bump();
        let atom = self.atom()?;
        // Like any directive, a goal may do without the dot of a clause.
        match is_directive {
            true => {
                self.eat(TokenKind::Dot);
            }
            false => self.end_clause(start, "`(`")?,
        }
        Ok(Some(entry(atom)))
    }
}
