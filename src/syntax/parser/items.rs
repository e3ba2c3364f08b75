//! Items one after the other: what may begin one, what stands before one, where each kind is allowed.

use super::{Parsed, Parser, Reported};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::lexer::{excerpt, string_value};
use crate::syntax::source::Span;
use crate::syntax::token::{DirectiveWord, Token, TokenKind};
use std::sync::Arc;

/// Where items stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Program,
    Component,
    Hypothesis,
}

/// Doc comments and annotations before an item.
#[derive(Default)]
pub(super) struct Prelude {
    pub docs: Vec<Arc<str>>,
    pub annotations: Vec<Annotation>,
    doc_tokens: Vec<Token>,
}

impl Parser<'_, '_> {
    /// All items up to the end of the text.
    pub fn program(&mut self) -> (Vec<Item>, Vec<Annotation>) {
        let inner = self.inner_annotations();
        let mut items = Vec::new();
        while !self.at(TokenKind::End) && !self.stream.findings.exhausted() {
            if let Ok(Some(item)) = self.item_or_recover(Place::Program) {
                items.push(item);
            }
        }
        let docs = self.take_docs();
        self.useless_docs(&docs);
        (items, inner)
    }

    /// One item; after a mistake, stands where the next one can begin.
    pub(super) fn item_or_recover(&mut self, place: Place) -> Parsed<Option<Item>> {
        let nesting = self.nesting;
        let before = self.taken;
        let item = self.item(place);
        if item.is_err() {
            self.nesting = nesting;
            self.recover();
            if self.taken == before && !self.at(TokenKind::End) {
                self.bump();
            }
        }
        item
    }

    /// Nothing if only comments and annotations were left.
    fn item(&mut self, place: Place) -> Parsed<Option<Item>> {
        let start = self.peek_span();
        let prelude = self.prelude()?;
        if matches!(self.peek(), TokenKind::End)
            || self.at(TokenKind::RBrace) && place != Place::Program
        {
            self.useless_prelude(&prelude);
            return Ok(None);
        }
        self.item_after(place, prelude, start).map(Some)
    }

    pub(super) fn item_after(
        &mut self,
        place: Place,
        mut prelude: Prelude,
        start: Span,
    ) -> Parsed<Item> {
        let kind = self.item_kind(place, &mut prelude)?;
        Ok(Item {
            docs: prelude.docs,
            annotations: prelude.annotations,
            kind,
            span: self.since(start),
        })
    }

    fn item_kind(&mut self, place: Place, prelude: &mut Prelude) -> Parsed<ItemKind> {
        match self.peek() {
            TokenKind::Ident if self.at_query() => self.query(place),
            TokenKind::Ident | TokenKind::Keyword(_) => self.clause(prelude),
            TokenKind::If => self.constraint(place, prelude),
            TokenKind::Directive(word) => self.directive_item(word, place, prelude),
            TokenKind::Dot => self.after_stray_dot(),
            TokenKind::RBrace | TokenKind::RParen | TokenKind::RBracket => {
                let bracket = self.bump();
                let text = bracket.kind.describe();
                self.fail(
                    Diagnostic::error(
                        codes::UNBALANCED,
                        format!("syntax error: unexpected `{text}`"),
                    )
                    .at(bracket.span, "nothing is open here"),
                )
            }
            _ => self.unexpected("a declaration, a rule or a fact"),
        }
    }

    fn directive_item(
        &mut self,
        word: DirectiveWord,
        place: Place,
        prelude: &mut Prelude,
    ) -> Parsed<ItemKind> {
        use DirectiveWord::*;
        let allowed = match place {
            Place::Program => !matches!(word, Override | Goal),
            Place::Component => !matches!(word, Functor | Pragma | Abducible | Hypothesis | Goal),
            Place::Hypothesis => false,
        };
        if !allowed && word != Plan {
            return self.misplaced(word, place);
        }
        match word {
            Type | NumberType | SymbolType => self.type_decl(word),
            Lattice => self.lattice_decl(),
            Decl => self.relation_decl(),
            Functor => self.functor_decl(),
            Input => self.directive(DirectiveKind::Input),
            Output => self.directive(DirectiveKind::Output),
            Printsize => self.directive(DirectiveKind::Printsize),
            Limitsize => self.directive(DirectiveKind::Limitsize),
            Pragma => self.pragma(),
            Comp => self.component(prelude),
            Init => self.init(),
            Override => {
                self.bump();
                Ok(ItemKind::Override(self.name("the name of a relation")?))
            }
            Include => self.include(),
            Once => {
                self.bump();
                Ok(ItemKind::Once)
            }
            Abducible => self.abducible(),
            Hypothesis => self.hypothesis(),
            Plan => {
                let span = self.peek_span();
                self.skip_plan();
                self.fail(
                    Diagnostic::error(
                        codes::MISPLACED_ITEM,
                        "syntax error: `.plan` without a rule before it",
                    )
                    .at(span, "follows no rule")
                    .help("write it right after the `.` of the rule it belongs to"),
                )
            }
            Goal => self.misplaced(word, place),
        }
    }

    fn misplaced<T>(&mut self, word: DirectiveWord, place: Place) -> Parsed<T> {
        let span = self.bump().span;
        let (where_, way_out) = match (place, word) {
            (Place::Program, DirectiveWord::Override) => (
                "outside a component",
                "`.override` goes into the component that inherits the relation",
            ),
            (Place::Program, _) => (
                "outside a hypothesis",
                "`.goal` goes into `.hypothesis name { … }`",
            ),
            (Place::Component, _) => ("in a component", "move it out of the component"),
            (Place::Hypothesis, _) => (
                "in a hypothesis",
                "a hypothesis holds `.goal atom.`, `+ atom.`, `- atom.` and rules",
            ),
        };
        self.fail(
            Diagnostic::error(
                codes::MISPLACED_ITEM,
                format!("syntax error: `{word}` is not allowed {where_}"),
            )
            .at(span, "not allowed here")
            .help(way_out),
        )
    }

    /// A `.` that neither ends a clause nor begins a known directive.
    fn after_stray_dot(&mut self) -> Parsed<ItemKind> {
        let dot = self.bump().span;
        let next = self.peek_token();
        let adjacent = next.span.file == dot.file && next.span.start == dot.end;
        if !adjacent || !matches!(self.peek(), TokenKind::Ident | TokenKind::Keyword(_)) {
            let diagnostic =
                Diagnostic::error(codes::UNEXPECTED_TOKEN, "syntax error: unexpected `.`")
                    .at(dot, "nothing to end here")
                    .help("declarations and directives take no final `.`");
            self.settled = true;
            return self.fail(diagnostic);
        }
        let word = self.peek_token().clone();
        let text = format!(".{}", self.stream.text(&word));
        let span = dot.to(word.span);
        let near = DirectiveWord::ALL
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&text, known.text()), known))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 2);
        let diagnostic = match near {
            Some((0, known)) => Diagnostic::error(
                codes::UNKNOWN_DIRECTIVE,
                format!("syntax error: `{known}` needs white space after it"),
            )
            .at(span, "not recognised as a directive"),
            Some((_, known)) => {
                unknown_directive(&text, span).help(format!("did you mean `{known}`?"))
            }
            None => unknown_directive(&text, span).help(
                "directives begin with `.decl`, `.type`, `.input`, `.output`, … in lower case",
            ),
        };
        self.report(diagnostic);
        self.skip_line();
        self.settled = true;
        Err(Reported)
    }

    /// Drops the rest of a directive nobody knows: the words up to the end of its line, brackets balanced.
    fn skip_line(&mut self) {
        let mut open = 0u32;
        loop {
            match self.peek() {
                TokenKind::End | TokenKind::Directive(_) => return,
                _ if open == 0 && self.peek_token().starts_line => return,
                TokenKind::LParen | TokenKind::LBrace | TokenKind::LBracket => open += 1,
                TokenKind::RParen | TokenKind::RBrace | TokenKind::RBracket => {
                    open = open.saturating_sub(1)
                }
                _ => {}
            }
            self.bump();
        }
    }

    pub(super) fn prelude(&mut self) -> Parsed<Prelude> {
        let mut prelude = Prelude::default();
        loop {
            let (outer, inner): (Vec<Token>, Vec<Token>) = self
                .take_docs()
                .into_iter()
                .partition(|doc| doc.kind == TokenKind::Doc);
            self.useless_docs(&inner);
            let text = |doc: &Token| doc_text(self.stream.text(doc));
            prelude.docs.extend(outer.iter().map(text));
            prelude.doc_tokens.extend(outer);
            match self.peek() {
                TokenKind::At if self.peek_at(1) == TokenKind::LBracket => {
                    let annotation = self.annotation()?;
                    prelude.annotations.push(annotation);
                }
                TokenKind::AtBang => {
                    let annotation = self.annotation()?;
                    self.useless_annotation(annotation.span);
                }
                _ => return Ok(prelude),
            }
        }
    }

    /// For places where annotations are legal and nobody keeps them.
    pub(super) fn skip_prelude(&mut self) -> Parsed<()> {
        if matches!(self.peek(), TokenKind::At | TokenKind::AtBang) || !self.docs.is_empty() {
            self.prelude()?;
        }
        Ok(())
    }

    pub(super) fn useless_prelude(&mut self, prelude: &Prelude) {
        self.useless_docs(&prelude.doc_tokens);
        for annotation in &prelude.annotations {
            self.useless_annotation(annotation.span);
        }
    }

    fn useless_annotation(&mut self, span: Span) {
        self.report(
            Diagnostic::warning(codes::USELESS_ANNOTATION, "useless annotation")
                .at(span, "annotates nothing")
                .help("`@[…]` goes before an item, `@![…]` first inside one"),
        );
    }

    /// `//!` and `@![…]` at the beginning of a file, a component or a rule body.
    pub(super) fn inner_annotations(&mut self) -> Vec<Annotation> {
        let mut annotations = Vec::new();
        loop {
            self.fill(0);
            while let Some((before, doc)) = self.docs.front()
                && *before <= self.taken
                && doc.kind == TokenKind::InnerDoc
            {
                let doc = doc.clone();
                self.docs.pop_front();
                annotations.push(Annotation {
                    key: Name {
                        text: Arc::from("doc"),
                        span: doc.span,
                    },
                    value: Some(AnnotationValue::Text(doc_text(self.stream.text(&doc)))),
                    span: doc.span,
                });
            }
            if !self.at(TokenKind::AtBang) {
                return annotations;
            }
            match self.annotation() {
                Ok(annotation) => annotations.push(annotation),
                Err(Reported) => return annotations,
            }
        }
    }

    /// `@[key]`, `@[key = tokens]`, `@[key(tokens)]`, and the same after `@!`.
    fn annotation(&mut self) -> Parsed<Annotation> {
        let start = self.bump().span;
        let open = self.expect(TokenKind::LBracket)?.span;
        let key = match self.peek() {
            TokenKind::Ident | TokenKind::Keyword(_) => self.take_name(),
            _ => return self.unexpected("the key of an annotation"),
        };
        let has_value = self.eat(TokenKind::Eq);
        let mut tokens = Vec::new();
        let mut brackets = 0u32;
        loop {
            self.take_docs();
            match self.peek() {
                TokenKind::RBracket if brackets == 0 => break,
                TokenKind::LBracket | TokenKind::LParen | TokenKind::LBrace => brackets += 1,
                TokenKind::RBracket | TokenKind::RParen | TokenKind::RBrace if brackets > 0 => {
                    brackets -= 1
                }
                TokenKind::End => {
                    return self.fail(
                        Diagnostic::error(
                            codes::UNBALANCED,
                            "syntax error: annotation without `]`",
                        )
                        .at(open, "opened here, never closed"),
                    );
                }
                _ => {}
            }
            tokens.push(self.bump());
        }
        self.bump();
        if has_value && tokens.is_empty() {
            return self.fail(
                Diagnostic::error(
                    codes::UNEXPECTED_TOKEN,
                    "syntax error: annotation without a value after `=`",
                )
                .at(key.span, "its value is missing"),
            );
        }
        Ok(Annotation {
            key,
            value: self.annotation_value(&tokens),
            span: self.since(start),
        })
    }

    fn annotation_value(&self, tokens: &[Token]) -> Option<AnnotationValue> {
        if let [token] = tokens
            && token.kind == TokenKind::Text
        {
            return Some(AnnotationValue::Text(Arc::from(string_value(
                self.stream.text(token),
            ))));
        }
        let mut written = String::new();
        let mut end = None;
        for token in tokens {
            if end.is_some_and(|end| end != (token.span.file, token.span.start)) {
                written.push(' ');
            }
            written.push_str(self.stream.text(token));
            end = Some((token.span.file, token.span.end));
        }
        (!tokens.is_empty()).then(|| AnnotationValue::Tokens(Arc::from(written)))
    }
}

fn unknown_directive(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        codes::UNKNOWN_DIRECTIVE,
        format!("syntax error: unknown directive `{}`", excerpt(text)),
    )
    .at(span, "no directive has this name")
}

/// The line of a doc comment without its slashes and the blank after them.
fn doc_text(comment: &str) -> Arc<str> {
    let text = comment.get(3..).unwrap_or("").trim_end();
    Arc::from(text.strip_prefix(' ').unwrap_or(text))
}
