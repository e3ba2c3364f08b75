//! The formatter: one way to write a program, with every word and comment of it kept.
//!
//! It works on words, not on the tree: notations, parentheses and macros stay as they were written, line breaks stay
//! where they were put, and only blanks, indentation and overlong clauses change. What comes out has the same words
//! in the same order; formatting it again changes nothing.

use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::lexer::Lexer;
use super::parser::Parser;
use super::source::SourceMap;
use super::source_files::SourceFiles;
use super::stream::TokenStream;
use super::token::{DirectiveWord, Keyword, TokenKind};

/// A clause on one line that is longer is broken after its `:-` and commas.
const WIDTH: usize = 100;
const INDENT: &str = "    ";
/// Levels shown; deeper lines begin at the same column.
const MAX_INDENT: usize = 12;

/// Formats a program file. A file with syntax errors is not touched: they are returned instead.
pub fn format_file(text: &str) -> Result<String, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let words = words(text);
    let preprocessed = words.iter().any(|word| word.kind == Kind::HashLine);
    let errors = errors(text, preprocessed);
    if !errors.is_empty() {
        return Err(errors);
    }
    let formatted = Layout::of(&words).print();
    // The promise of this module, checked on every text: should it fail, the text stays as it is.
    if same_words(&words, &self::words(&formatted)) {
        Ok(formatted)
    } else {
        Ok(text.to_string())
    }
}

/// Syntax errors. Where macros may stand for anything, only words can be checked.
fn errors(text: &str, preprocessed: bool) -> Vec<Diagnostic> {
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    let mut findings = Findings::default();
    if preprocessed {
        let mut lexer = Lexer::new(file, sources.file(file).shared_text());
        while lexer.next(&mut findings).kind != TokenKind::End {}
    } else {
        let mut files = SourceFiles::default();
        let mut stream = TokenStream::new(file, None, &mut sources, &mut findings, &mut files)
            .keeping_includes();
        Parser::new(&mut stream).program();
    }
    findings
        .into_diagnostics()
        .into_iter()
        .filter(Diagnostic::is_error)
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Token(TokenKind),
    Comment,
    HashLine,
}

#[derive(Clone, Debug)]
struct Word<'t> {
    kind: Kind,
    text: &'t str,
    /// Line breaks between it and the word before.
    breaks: usize,
    /// No blank between it and the word before.
    adjacent: bool,
}

impl Word<'_> {
    fn is_comment(&self) -> bool {
        matches!(
            self.kind,
            Kind::Comment | Kind::Token(TokenKind::Doc | TokenKind::InnerDoc)
        )
    }

    fn is_line_comment(&self) -> bool {
        self.is_comment() && self.text.starts_with("//")
    }

    fn token(&self) -> Option<TokenKind> {
        match self.kind {
            Kind::Token(kind) if !self.is_comment() => Some(kind),
            _ => None,
        }
    }
}

fn same_words(a: &[Word], b: &[Word]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.kind == b.kind && a.text == b.text)
}

/// Words, comments and preprocessor lines in the order of the text.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    let mut lexer = Lexer::new(file, sources.file(file).shared_text());
    let mut findings = Findings::default();
    let mut places: Vec<(Kind, usize, usize)> = Vec::new();
    loop {
        let token = lexer.next(&mut findings);
        let comments = std::mem::take(&mut findings.comments);
        places.extend(
            comments
                .iter()
                .map(|c| (Kind::Comment, c.span.start as usize, c.span.end as usize)),
        );
        let (start, mut end) = (token.span.start as usize, token.span.end as usize);
        match token.kind {
            TokenKind::End => break,
            TokenKind::Hash => {
                while lexer.next(&mut findings).kind != TokenKind::HashEnd {}
                findings.comments.clear();
                end = lexer.position() as usize;
                places.push((Kind::HashLine, start, end));
            }
            kind => places.push((Kind::Token(kind), start, end)),
        }
    }
    let mut words = Vec::with_capacity(places.len());
    let mut before = 0;
    for (kind, start, end) in places {
        let between = &text[before..start];
        let word = &text[start..end];
        let trimmed = if matches!(kind, Kind::Token(_)) && !word.starts_with("//") {
            word
        } else {
            word.trim_end()
        };
        words.push(Word {
            kind,
            text: trimmed,
            breaks: between.matches('\n').count(),
            adjacent: between.is_empty() && before > 0,
        });
        before = start + trimmed.len();
    }
    words
}

/// What kind of item a word belongs to, as far as blanks depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ItemShape {
    Clause,
    Declaration,
    Directive,
    /// Names with parameters in angle brackets.
    Component,
    Block,
    Plan,
}

/// What the layout of a word depends on.
#[derive(Clone, Copy, Debug)]
struct Position {
    shape: ItemShape,
    starts_item: bool,
    /// Blocks of components and hypotheses around it.
    blocks: usize,
    /// Brackets open before it within its item.
    brackets: usize,
    in_annotation: bool,
    /// After the `:-` of its clause.
    in_body: bool,
    /// A forced line break stands before it.
    broken: bool,
}

struct Layout<'w, 't> {
    words: &'w [Word<'t>],
    positions: Vec<Position>,
}

impl<'w, 't> Layout<'w, 't> {
    fn of(words: &'w [Word<'t>]) -> Layout<'w, 't> {
        let mut layout = Layout {
            words,
            positions: positions(words),
        };
        layout.break_long_clauses();
        layout.break_blocks();
        layout
    }

    /// Gives the braces of a block over several lines lines of their own.
    fn break_blocks(&mut self) {
        let mut open: Vec<(usize, bool)> = Vec::new();
        for at in 0..self.words.len() {
            let position = self.positions[at];
            if self.words[at].breaks > 0 {
                open.iter_mut().for_each(|(_, lines)| *lines = true);
            }
            match self.words[at].token() {
                Some(TokenKind::LBrace)
                    if position.shape == ItemShape::Block && position.brackets == 0 =>
                {
                    open.push((at, false));
                }
                Some(TokenKind::RBrace) if position.starts_item => {
                    if let Some((brace, true)) = open.pop() {
                        self.positions[at].broken = true;
                        let trailing_comment = self.words[brace + 1].is_comment();
                        self.positions[brace + 1].broken |= !trailing_comment;
                    }
                }
                _ => {}
            }
        }
    }

    /// Breaks clauses that stand on one line and do not fit on it.
    fn break_long_clauses(&mut self) {
        let starts: Vec<usize> = (0..self.words.len())
            .filter(|&at| self.positions[at].starts_item)
            .collect();
        for (nth, &start) in starts.iter().enumerate() {
            let end = starts.get(nth + 1).copied().unwrap_or(self.words.len());
            let item = start..end;
            let on_one_line = item
                .clone()
                .skip(1)
                .all(|at| self.words[at].breaks == 0 || self.words[at].is_comment());
            let has_comment = item.clone().any(|at| self.words[at].token().is_none());
            let body = item.clone().find(|&at| {
                self.words[at].token() == Some(TokenKind::If) && self.positions[at].brackets == 0
            });
            let Some(body) = body else { continue };
            if !on_one_line || has_comment || self.positions[start].shape != ItemShape::Clause {
                continue;
            }
            let width: usize = item
                .clone()
                .map(|at| self.words[at].text.len() + usize::from(self.spaced(at)))
                .sum();
            if width + INDENT.len() * self.positions[start].blocks <= WIDTH {
                continue;
            }
            for at in body..end.saturating_sub(1) {
                let joint = matches!(
                    self.words[at].token(),
                    Some(TokenKind::If | TokenKind::Comma | TokenKind::Semicolon)
                );
                if joint && self.positions[at].brackets == 0 {
                    self.positions[at + 1].broken = true;
                }
            }
        }
    }

    fn print(&self) -> String {
        let mut out = String::new();
        for (at, word) in self.words.iter().enumerate() {
            let position = self.positions[at];
            let after_line_comment = at > 0
                && (self.words[at - 1].is_line_comment()
                    || self.words[at - 1].kind == Kind::HashLine);
            let breaks = if at == 0 {
                0
            } else {
                let forced = position.broken || after_line_comment || word.kind == Kind::HashLine;
                word.breaks.min(2).max(usize::from(forced))
            };
            if at > 0 && breaks == 0 {
                if self.spaced(at) {
                    out.push(' ');
                }
            } else {
                (0..breaks).for_each(|_| out.push('\n'));
                if word.kind != Kind::HashLine {
                    out.push_str(&INDENT.repeat(self.indent(at)));
                }
            }
            out.push_str(word.text);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// Levels of indentation of a line that begins with this word.
    fn indent(&self, at: usize) -> usize {
        // A comment goes with what comes after it.
        let Some(next) = (at..self.words.len()).find(|&at| self.words[at].token().is_some()) else {
            return 0;
        };
        let position = self.positions[next];
        let closes = matches!(
            self.words[next].token(),
            Some(TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace)
        );
        if position.starts_item {
            return position.blocks + usize::from(closes && next != at);
        }
        let brackets = position.brackets.min(MAX_INDENT);
        let within = brackets + usize::from(position.in_body);
        position.blocks.min(MAX_INDENT)
            + if closes && next == at {
                within.saturating_sub(1)
            } else {
                within.max(1)
            }
    }

    /// Whether a blank stands before this word when it is not first of its line.
    fn spaced(&self, at: usize) -> bool {
        use TokenKind::*;
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let (left, right) = (&self.words[before], &self.words[at]);
        let (Some(left_kind), Some(right_kind)) = (left.token(), right.token()) else {
            return true;
        };
        let position = self.positions[at];
        if position.in_annotation {
            return !right.adjacent;
        }
        // Words that would grow together must stay as they are.
        if left_kind == Dot || right_kind == Dot {
            let path = left_kind == Dot
                && right.adjacent
                && is_word(right_kind)
                && before > 0
                && self.words[before].adjacent
                && self.words[before - 1].token().is_some_and(is_word);
            return left_kind == Dot && !path;
        }
        if matches!(left_kind, Minus | Plus) {
            return self.is_binary(before);
        }
        if right_kind == Minus
            && right.adjacent
            && left.text == "?"
            && self.positions[before].starts_item
        {
            return false;
        }
        match (left_kind, right_kind) {
            (_, Comma | Semicolon | RParen | RBracket) => false,
            (LParen | LBracket, _) => false,
            (LBrace, RBrace) => false,
            (At | AtBang, _) => false,
            (Bang, _) => false,
            (Dollar, Ident | LParen) => !right.adjacent,
            (_, LParen) => {
                let operator = matches!(left_kind, Keyword(word) if is_operator(word) || word == self::Keyword::ChoiceDomain);
                let call = is_word(left_kind) && !operator
                    || left_kind == Gt && position.shape != ItemShape::Clause;
                !call
            }
            (_, Lt | Gt) | (Lt | Gt, _) if position.shape != ItemShape::Clause => {
                matches!(left_kind, Gt) && !matches!(right_kind, Gt)
                    || matches!((left_kind, right_kind), (Eq, Lt))
            }
            (_, Colon) => !matches!(position.shape, ItemShape::Declaration | ItemShape::Plan),
            (Colon, _) => position.shape != ItemShape::Plan,
            (_, Eq) | (Eq, _) => position.shape != ItemShape::Directive,
            _ => true,
        }
    }

    /// Whether the sign at `at` joins two operands, or begins an entry of a hypothesis or a query.
    fn is_binary(&self, at: usize) -> bool {
        if self.positions[at].starts_item {
            return true;
        }
        let Some(left) = at.checked_sub(1).and_then(|left| self.words[left].token()) else {
            return true;
        };
        let begins_query = self.words[at].adjacent
            && self.words[at - 1].text == "?"
            && self.positions[at - 1].starts_item;
        begins_query
            || matches!(
                left,
                TokenKind::Ident
                    | TokenKind::Integer
                    | TokenKind::Ipv4
                    | TokenKind::Unsigned
                    | TokenKind::Float
                    | TokenKind::Text
                    | TokenKind::Underscore
                    | TokenKind::RParen
                    | TokenKind::RBracket
                    | TokenKind::RBrace
                    | TokenKind::Dollar
                    | TokenKind::Keyword(Keyword::Nil)
            )
    }
}

fn is_word(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Ident | TokenKind::Keyword(_))
}

fn is_operator(word: Keyword) -> bool {
    use Keyword::*;
    matches!(
        word,
        Band | Bnot | Bor | Bshl | Bshr | Bshru | Bxor | Land | Lnot | Lor | Lxor
    )
}

fn positions(words: &[Word]) -> Vec<Position> {
    let mut positions = Vec::with_capacity(words.len());
    let mut shape = ItemShape::Clause;
    let mut blocks = 0usize;
    let mut brackets = 0usize;
    let mut annotation: Option<usize> = None;
    let mut before_annotation: Option<TokenKind> = None;
    let mut in_body = false;
    // The next word begins an item, because a clause or block ended or nothing came yet.
    let mut fresh = true;
    let mut last: Option<TokenKind> = None;
    for (at, word) in words.iter().enumerate() {
        let Some(kind) = word.token() else {
            positions.push(Position {
                shape,
                starts_item: false,
                blocks,
                brackets,
                in_annotation: annotation.is_some(),
                in_body,
                broken: false,
            });
            continue;
        };
        let starts_line = word.breaks > 0
            || at == 0
            || words[at - 1].is_comment()
            || words[at - 1].kind == Kind::HashLine;
        if matches!(kind, TokenKind::At | TokenKind::AtBang) && annotation.is_none() {
            before_annotation = last;
        }
        let complete = last.is_none_or(TokenKind::can_end_item)
            || shape != ItemShape::Clause && last == Some(TokenKind::Gt);
        let begins = annotation.is_none()
            && match kind {
                TokenKind::Directive(DirectiveWord::Plan) => false,
                TokenKind::Directive(_) => true,
                TokenKind::RBrace => brackets == 0,
                TokenKind::Ident | TokenKind::If | TokenKind::At => {
                    brackets == 0
                        && (fresh || starts_line && complete && shape != ItemShape::Clause)
                }
                _ => fresh,
            };
        if begins {
            brackets = 0;
            in_body = false;
            shape = shape_of(kind);
            if kind == TokenKind::RBrace {
                blocks = blocks.saturating_sub(1);
            }
        } else if kind == TokenKind::Directive(DirectiveWord::Plan) {
            shape = ItemShape::Plan;
            in_body = false;
        }
        let closing = matches!(
            kind,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace
        );
        positions.push(Position {
            shape,
            starts_item: begins,
            blocks,
            brackets,
            in_annotation: annotation.is_some(),
            in_body,
            broken: false,
        });
        fresh = begins && kind == TokenKind::RBrace;
        match kind {
            TokenKind::LBrace if shape == ItemShape::Block && brackets == 0 => {
                blocks += 1;
                fresh = true;
            }
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => {
                if annotation.is_none()
                    && kind == TokenKind::LBracket
                    && matches!(last, Some(TokenKind::At | TokenKind::AtBang))
                {
                    annotation = Some(brackets);
                }
                brackets += 1;
            }
            _ if closing && !begins => {
                brackets = brackets.saturating_sub(1);
                if annotation == Some(brackets) {
                    annotation = None;
                    fresh = brackets == 0
                        && shape == ItemShape::Clause
                        && !in_clause(&positions, words);
                }
            }
            TokenKind::If if brackets == 0 => in_body = true,
            TokenKind::Dot if brackets == 0 && annotation.is_none() => {
                fresh = !is_path_dot(words, at)
            }
            _ => {}
        }
        let annotation_ends =
            kind == TokenKind::RBracket && annotation.is_none() && positions[at].in_annotation;
        last = if annotation_ends {
            before_annotation
        } else {
            Some(kind)
        };
    }
    positions
}

/// Whether the item that ends with the last word already has more than annotations.
fn in_clause(positions: &[Position], words: &[Word]) -> bool {
    let start = positions
        .iter()
        .rposition(|position| position.starts_item)
        .unwrap_or(0);
    !matches!(
        words[start].token(),
        Some(TokenKind::At | TokenKind::AtBang)
    )
}

fn is_path_dot(words: &[Word], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words[before].token());
    let next = words.get(at + 1);
    before.is_some_and(is_word)
        && words[at].adjacent
        && next.is_some_and(|next| next.adjacent && next.token().is_some_and(is_word))
}

fn shape_of(kind: TokenKind) -> ItemShape {
    use DirectiveWord::*;
    match kind {
        TokenKind::Directive(word) => match word {
            Decl | Type | NumberType | SymbolType | Functor | Lattice => ItemShape::Declaration,
            Input | Output | Printsize | Limitsize => ItemShape::Directive,
            Comp | Hypothesis => ItemShape::Block,
            Init | Include | Once | Override | Pragma | Abducible => ItemShape::Component,
            Goal | Plan => ItemShape::Clause,
        },
        _ => ItemShape::Clause,
    }
}
