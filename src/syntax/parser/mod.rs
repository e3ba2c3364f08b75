//! Recursive descent over words, with recovery: every mistake is reported, each once.
//!
//! In: a [`TokenStream`]. Out: items, and findings in the stream. A function that returns [`Reported`] has said what
//! is wrong; its caller passes it on up to the item, which skips to where the next item can begin.

mod components;
mod declarations;
mod directives;
mod expectations;
mod expressions;
mod formulas;
mod hypotheses;
mod items;
mod rules;

pub(super) use expressions::binding;

use super::ast::{Name, Path};
use super::codes;
use super::diagnostic::Diagnostic;
use super::lexer::excerpt;
use super::source::Span;
use super::stream::TokenStream;
use super::token::{Keyword, Token, TokenKind};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Brackets, signs and blocks within each other. The parser recurses: this keeps its stack within a thread's 2 MiB.
pub const MAX_NESTING: u32 = 128;
/// Height of the tree of one item; a chain of operators is as high as it is long. Later stages recurse over trees.
pub const MAX_HEIGHT: u32 = 256;

/// The mistake is already among the findings.
#[derive(Debug)]
pub struct Reported;

pub type Parsed<T> = Result<T, Reported>;

pub struct Parser<'s, 'a> {
    stream: &'s mut TokenStream<'a>,
    /// Words looked at but not taken.
    ahead: VecDeque<Token>,
    /// Where the word taken last is and what it was.
    last: Option<(Span, TokenKind)>,
    /// Doc comments seen on the way to the word they stand before, which is counted by `filled`.
    docs: VecDeque<(u64, Token)>,
    taken: u64,
    filled: u64,
    /// Open groups, components and operands around the current word.
    nesting: u32,
    /// Height of the expression or formula finished last.
    height: u32,
    /// Blocks `{ … }` of components and hypotheses around the current word.
    blocks: u32,
    names: FxHashSet<Arc<str>>,
    /// After a mistake: the next item begins right here, nothing is to be skipped.
    settled: bool,
    /// A block that is never closed was reported.
    left_open: bool,
}

impl<'s, 'a> Parser<'s, 'a> {
    pub fn new(stream: &'s mut TokenStream<'a>) -> Parser<'s, 'a> {
        Parser {
            stream,
            ahead: VecDeque::new(),
            last: None,
            docs: VecDeque::new(),
            taken: 0,
            filled: 0,
            nesting: 0,
            height: 0,
            blocks: 0,
            names: FxHashSet::default(),
            settled: false,
            left_open: false,
        }
    }

    fn fill(&mut self, count: usize) {
        while self.ahead.len() <= count {
            let token = self.stream.next();
            if matches!(token.kind, TokenKind::Doc | TokenKind::InnerDoc) {
                self.docs.push_back((self.filled, token));
            } else {
                self.filled += 1;
                self.ahead.push_back(token);
            }
        }
    }

    fn peek(&mut self) -> TokenKind {
        self.peek_at(0)
    }

    fn peek_at(&mut self, distance: usize) -> TokenKind {
        self.fill(distance);
        self.ahead[distance].kind
    }

    fn peek_token(&mut self) -> &Token {
        self.fill(0);
        &self.ahead[0]
    }

    fn peek_span(&mut self) -> Span {
        self.peek_token().span
    }

    fn at(&mut self, kind: TokenKind) -> bool {
        self.peek() == kind
    }

    /// Takes the next word. At the end of the text it stays there.
    fn bump(&mut self) -> Token {
        if !self.docs.is_empty() {
            let docs = self.take_docs();
            self.useless_docs(&docs);
        }
        self.fill(0);
        if self.ahead[0].kind == TokenKind::End {
            return self.ahead[0].clone();
        }
        self.taken += 1;
        match self.ahead.pop_front() {
            Some(token) => {
                self.last = Some((token.span, token.kind));
                token
            }
            None => self.stream.next(),
        }
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// Doc comments that stand before the next word, for an item that takes them.
    fn take_docs(&mut self) -> Vec<Token> {
        self.fill(0);
        let mut docs = Vec::new();
        while self
            .docs
            .front()
            .is_some_and(|(before, _)| *before <= self.taken)
        {
            docs.extend(self.docs.pop_front().map(|(_, doc)| doc));
        }
        docs
    }

    /// One warning for lines that stand together.
    fn useless_docs(&mut self, docs: &[Token]) {
        let (Some(first), Some(last)) = (docs.first(), docs.last()) else {
            return;
        };
        self.report(
            Diagnostic::warning(codes::USELESS_DOC_COMMENT, "useless doc comment")
                .at(first.span.to(last.span), "nothing here can be documented")
                .help("write an ordinary comment with `//`, or move it before an item"),
        );
    }

    fn text(&self, token: &Token) -> Arc<str> {
        Arc::from(self.stream.text(token))
    }

    /// The text of a word, shared between all words that say the same.
    fn intern(&mut self, token: &Token) -> Arc<str> {
        let text = self.stream.text(token);
        match self.names.get(text) {
            Some(name) => name.clone(),
            None => {
                let name: Arc<str> = Arc::from(text);
                self.names.insert(name.clone());
                name
            }
        }
    }

    fn last_span(&mut self) -> Span {
        match self.last {
            Some((span, _)) => span,
            None => self.peek_span(),
        }
    }

    /// From `start` to the word taken last.
    fn since(&mut self, start: Span) -> Span {
        let last = self.last_span();
        start.to(last)
    }

    /// Runs `parse` one level deeper, unless that is too deep.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return Err(self.too_deep());
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    /// Notes the height of a tree node whose highest child has height `children`.
    fn grown(&mut self, children: u32) -> Parsed<()> {
        self.height = children + 1;
        if self.height > MAX_HEIGHT {
            return Err(self.too_deep());
        }
        Ok(())
    }

    #[cold]
    fn too_deep(&mut self) -> Reported {
        let span = self.peek_span();
        self.report(
            Diagnostic::error(
                codes::TOO_DEEP,
                format!(
                    "more than {MAX_NESTING} levels of nesting or {MAX_HEIGHT} operators in a row"
                ),
            )
            .at(span, "here the limit is passed")
            .help("name a part of it: give it a rule or a variable of its own"),
        );
        Reported
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.stream.findings.report(diagnostic);
    }

    fn fail<T>(&mut self, diagnostic: Diagnostic) -> Parsed<T> {
        if !self.reported_by_lexer() {
            self.report(diagnostic);
        }
        Err(Reported)
    }

    /// True if what is wrong here follows from a mistake the lexer has already reported.
    fn reported_by_lexer(&mut self) -> bool {
        let after_bad_text = matches!(self.last, Some((_, TokenKind::BadText)));
        let next = self.peek_token();
        let bad_word = next.kind == TokenKind::BadText
            || next.kind == TokenKind::Other && next.spelling.is_none();
        after_bad_text || bad_word
    }

    /// How messages name the next word.
    fn found(&mut self) -> String {
        self.fill(0);
        let token = &self.ahead[0];
        match token.kind {
            TokenKind::End => "end of file".to_string(),
            TokenKind::Ident => format!("identifier `{}`", excerpt(self.stream.text(token))),
            TokenKind::Keyword(word) => format!("reserved word `{word}`"),
            kind => match self.stream.text(token) {
                "" => format!("`{}`", kind.describe()),
                text => format!("`{}`", excerpt(text)),
            },
        }
    }

    #[cold]
    fn unexpected<T>(&mut self, expected: &str) -> Parsed<T> {
        let diagnostic = self.unexpected_diagnostic(expected);
        self.fail(diagnostic)
    }

    /// The same with a way out.
    #[cold]
    fn unexpected_but<T>(&mut self, expected: &str, help: &str) -> Parsed<T> {
        let diagnostic = self.unexpected_diagnostic(expected).help(help);
        self.fail(diagnostic)
    }

    fn unexpected_diagnostic(&mut self, expected: &str) -> Diagnostic {
        let found = self.found();
        let mut span = self.peek_span();
        if let (TokenKind::End, Some((last, _))) = (self.peek(), self.last) {
            span = Span::new(last.file, last.end, last.end);
        }
        Diagnostic::error(
            codes::UNEXPECTED_TOKEN,
            format!("syntax error: expected {expected}, found {found}"),
        )
        .at(span, format!("expected {expected}"))
    }

    fn expect(&mut self, kind: TokenKind) -> Parsed<Token> {
        if self.at(kind) {
            Ok(self.bump())
        } else {
            self.unexpected_kind(kind)
        }
    }

    #[cold]
    fn unexpected_kind<T>(&mut self, kind: TokenKind) -> Parsed<T> {
        self.unexpected(&format!("`{}`", kind.describe()))
    }

    /// `item, item, … close`, after the opening bracket at `open`; possibly none.
    fn list_until<T>(
        &mut self,
        open: Span,
        close: TokenKind,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(close) {
                // A program of many facts is mostly such lists.
                items.shrink_to_fit();
                return Ok(items);
            }
            if !self.eat(TokenKind::Comma) {
                return self.not_closed(open, close, "`,`");
            }
        }
    }

    /// Says that neither `close` nor `otherwise` follows.
    #[cold]
    fn not_closed<T>(&mut self, open: Span, close: TokenKind, otherwise: &str) -> Parsed<T> {
        let expected = format!("{otherwise} or `{}`", close.describe());
        let diagnostic = self
            .unexpected_diagnostic(&expected)
            .at(open, "opened here");
        self.fail(diagnostic)
    }

    /// An identifier. A reserved word in its place is reported and taken, so that it costs one error only.
    fn name(&mut self, of: &str) -> Parsed<Name> {
        match self.peek() {
            TokenKind::Ident => Ok(self.take_name()),
            TokenKind::Keyword(word) => {
                self.reserved_name(word, of);
                Ok(self.take_name())
            }
            _ => self.unexpected(of),
        }
    }

    #[cold]
    fn reserved_name(&mut self, word: Keyword, of: &str) {
        let span = self.peek_span();
        self.report(
            Diagnostic::error(
                codes::RESERVED_WORD,
                format!("syntax error: `{word}` is a reserved word and cannot be {of}"),
            )
            .at(span, "reserved")
            .help(format!("choose another name, for example `{word}_`")),
        );
    }

    fn take_name(&mut self) -> Name {
        let token = self.bump();
        Name {
            text: self.intern(&token),
            span: token.span,
        }
    }

    /// `a.b.c`
    fn path(&mut self, of: &str) -> Parsed<Path> {
        let first = self.name(of)?;
        self.path_after(first, of)
    }

    fn path_after(&mut self, first: Name, of: &str) -> Parsed<Path> {
        let mut span = first.span;
        let mut parts = vec![first];
        while self.at(TokenKind::Dot)
            && self.peek_at(1) == TokenKind::Ident
            && !self.ahead[1].starts_line
        {
            self.bump();
            let part = self.name(of)?;
            span = span.to(part.span);
            parts.push(part);
        }
        Ok(Path { parts, span })
    }

    /// True if the next word can only be the start of an item: it is the first of its line, and the line before
    /// it may be complete.
    fn at_item_start(&mut self) -> bool {
        let complete = self.last.is_none_or(|(_, kind)| kind.can_end_item());
        let starts_line = self.peek_token().starts_line;
        match self.peek() {
            TokenKind::Directive(_) | TokenKind::End => true,
            TokenKind::RBrace => self.blocks > 0,
            TokenKind::Ident | TokenKind::If | TokenKind::At => starts_line && complete,
            TokenKind::Plus | TokenKind::Minus => {
                self.blocks > 0 && starts_line && self.after_dot()
            }
            _ => false,
        }
    }

    fn after_dot(&self) -> bool {
        matches!(self.last, Some((_, TokenKind::Dot)))
    }

    /// Skips to where an item can begin: after the `.` of this clause, or at a word that begins one.
    fn recover(&mut self) {
        if std::mem::take(&mut self.settled) {
            return;
        }
        let mut braces = 0u32;
        loop {
            let kind = self.peek();
            match kind {
                TokenKind::End => return,
                TokenKind::LBrace => braces += 1,
                TokenKind::RBrace if braces > 0 => braces -= 1,
                TokenKind::Dot if !self.at_path_dot() => {
                    self.bump();
                    return;
                }
                _ if braces == 0 && self.at_item_start() => return,
                TokenKind::Directive(_) => return,
                _ => {}
            }
            self.bump();
            self.docs.clear();
        }
    }

    /// The `.` inside `a.b`.
    fn at_path_dot(&mut self) -> bool {
        let dot = self.peek_span();
        let follows = self.last.is_some_and(|(span, kind)| {
            kind == TokenKind::Ident && span.file == dot.file && span.end == dot.start
        });
        follows && self.peek_at(1) == TokenKind::Ident && self.ahead[1].span.start == dot.end
    }
}
