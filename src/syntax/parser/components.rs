//! `.comp C<T> : B<T> { … }` and `.init i = C<number>`.

use super::items::{Place, Prelude};
use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use crate::syntax::token::TokenKind;

impl Parser<'_, '_> {
    pub(super) fn component(&mut self, prelude: &mut Prelude) -> Parsed<ItemKind> {
        self.bump();
        let head = self.component_type()?;
        let mut bases = Vec::new();
        // Soufflé takes either word before every base.
        while self.at(TokenKind::Colon) || self.at(TokenKind::Comma) {
            self.bump();
            bases.push(self.component_type()?);
        }
        if !self.at(TokenKind::LBrace) {
            return self.unexpected("`:` or `{`");
        }
        let open = self.bump().span;
        prelude.annotations.extend(self.inner_annotations());
        let items = match self.nested(|parser| Ok(parser.block_items(open))) {
            Ok(items) => items,
            Err(reported) => {
                self.skip_block();
                return Err(reported);
            }
        };
        Ok(ItemKind::Component(Box::new(Component {
            head,
            bases,
            items,
        })))
    }

    fn block_items(&mut self, open: Span) -> Vec<Item> {
        let mut items = Vec::new();
        self.blocks += 1;
        while !self.at(TokenKind::RBrace) && !self.stream.findings.exhausted() {
            if self.at(TokenKind::End) {
                break;
            }
            if let Ok(Some(item)) = self.item_or_recover(Place::Component) {
                items.push(item);
            }
        }
        self.blocks -= 1;
        self.close_block(open, "component");
        items
    }

    /// Leaves out a block whose `{` is taken, its `}` included.
    fn skip_block(&mut self) {
        let mut open = 1u32;
        while open > 0 && !self.at(TokenKind::End) {
            self.take_docs();
            match self.bump().kind {
                TokenKind::LBrace => open += 1,
                TokenKind::RBrace => open -= 1,
                _ => {}
            }
        }
        self.settled = true;
    }

    /// The `}` of a block, or an error that points at its `{`. Of several blocks left open, the innermost is named.
    pub(super) fn close_block(&mut self, open: Span, what: &str) {
        if self.eat(TokenKind::RBrace) || std::mem::replace(&mut self.left_open, true) {
            return;
        }
        self.report(
            Diagnostic::error(
                codes::UNBALANCED,
                format!("syntax error: unterminated {what}, missing `}}`"),
            )
            .at(open, "opened here, never closed"),
        );
    }

    /// `name<A, B>`
    fn component_type(&mut self) -> Parsed<ComponentType> {
        let name = self.name("the name of a component")?;
        let mut arguments = Vec::new();
        if self.at(TokenKind::Lt) {
            let open = self.bump().span;
            arguments = self.list_until(open, TokenKind::Gt, |parser| {
                parser.name("the name of a type or component")
            })?;
        }
        Ok(ComponentType { name, arguments })
    }

    pub(super) fn init(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let name = self.name("the name of the instance")?;
        self.expect(TokenKind::Eq)?;
        let component = self.component_type()?;
        let component = Box::new(component);
        Ok(ItemKind::Init { name, component })
    }
}
