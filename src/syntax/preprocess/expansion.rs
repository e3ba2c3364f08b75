//! Macro calls.
//!
//! Prosser's algorithm (X3J11/86-196): every word remembers the macros it came out of, and is not expanded by them
//! again. So expansion always ends, though not always soon: the words it yields are counted.

use super::macros::{Macro, Piece, PieceKind, words_of};
use super::{MAX_EXPANSION, MAX_NESTING};
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use crate::syntax::stream::TokenStream;
use crate::syntax::token::{Token, TokenKind};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// A word with the macros it came out of.
#[derive(Clone)]
pub struct Word {
    pub token: Token,
    pub spaced: bool,
    hidden: Hidden,
}

type Hidden = Option<Rc<HiddenIn>>;

struct HiddenIn {
    by: Rc<Macro>,
    outer: Hidden,
    /// Length of the chain; bounded, as it is walked and dropped by recursion.
    depth: usize,
}

impl Word {
    pub fn fresh(token: Token, spaced: bool) -> Word {
        Word {
            token,
            spaced,
            hidden: None,
        }
    }
}

fn is_hidden(mut hidden: &Hidden, from: &Rc<Macro>) -> bool {
    while let Some(level) = hidden {
        if Rc::ptr_eq(&level.by, from) {
            return true;
        }
        hidden = &level.outer;
    }
    false
}

fn hidden_in(by: &Rc<Macro>, outer: &Hidden) -> Hidden {
    Some(Rc::new(HiddenIn {
        by: by.clone(),
        outer: outer.clone(),
        depth: depth(outer) + 1,
    }))
}

fn depth(hidden: &Hidden) -> usize {
    hidden.as_ref().map_or(0, |level| level.depth)
}

/// Where a call finds its arguments.
enum Input<'i> {
    /// The words that follow in the program.
    Program,
    /// A list of its own: an argument, a condition.
    List(&'i mut VecDeque<Word>),
}

impl TokenStream<'_> {
    /// If `word` calls a macro, puts what it stands for before the words that follow and returns nothing.
    pub fn expand_in_program(&mut self, word: Word) -> Option<Word> {
        match self.expand(&word, &mut Input::Program, 0) {
            Some(replacement) => {
                for word in replacement.into_iter().rev() {
                    self.pending.push_front(word);
                }
                None
            }
            None => Some(word),
        }
    }

    /// All macros in a list expanded.
    pub fn expand_list(&mut self, mut list: VecDeque<Word>, depth: usize) -> Vec<Word> {
        let mut expanded = Vec::new();
        while let Some(word) = list.pop_front() {
            if word.token.kind == TokenKind::End || self.findings.exhausted() {
                break;
            }
            match self.expand(&word, &mut Input::List(&mut list), depth) {
                Some(replacement) => {
                    for word in replacement.into_iter().rev() {
                        list.push_front(word);
                    }
                }
                None => expanded.push(word),
            }
        }
        expanded
    }

    fn expand(&mut self, word: &Word, input: &mut Input, depth: usize) -> Option<Vec<Word>> {
        if !matches!(word.token.kind, TokenKind::Ident | TokenKind::Keyword(_)) {
            return None;
        }
        let definition = self.macros.get(self.text(&word.token))?.clone();
        if is_hidden(&word.hidden, &definition) {
            return None;
        }
        if depth >= MAX_NESTING || self::depth(&word.hidden) >= MAX_NESTING {
            self.macro_limit(word.token.span, "macros are nested too deep");
            return Some(Vec::new());
        }
        let mut arguments = Vec::new();
        if let Some(parameters) = &definition.parameters {
            let next = self.next_of(input);
            if next.token.kind != TokenKind::LParen {
                match input {
                    Input::Program => self.pending.push_front(next),
                    Input::List(list) if next.token.kind != TokenKind::End => list.push_front(next),
                    Input::List(_) => {}
                }
                return None;
            }
            match self.arguments(&definition, parameters.len(), word.token.span, input) {
                Some(found) => arguments = found,
                None => return Some(Vec::new()),
            }
        }
        let hidden = hidden_in(&definition, &word.hidden);
        Some(self.substitute(&definition, arguments, word, &hidden, depth))
    }

    fn next_of(&mut self, input: &mut Input) -> Word {
        let end = |span| {
            Word::fresh(
                Token {
                    kind: TokenKind::End,
                    span,
                    starts_line: false,
                    spelling: None,
                },
                false,
            )
        };
        match input {
            Input::Program => self.next_unexpanded(),
            Input::List(list) => {
                let here = self.here();
                list.pop_front().unwrap_or_else(|| end(here))
            }
        }
    }

    /// The arguments of a call, after its `(`. Reports and returns nothing if they do not fit.
    fn arguments(
        &mut self,
        called: &Macro,
        expected: usize,
        call: Span,
        input: &mut Input,
    ) -> Option<Vec<Vec<Word>>> {
        let mut arguments = vec![Vec::new()];
        let mut open = 0u32;
        loop {
            let word = self.next_of(input);
            self.count_expansion(1, call)?;
            let last = arguments.len() - 1;
            match word.token.kind {
                TokenKind::End => {
                    if matches!(input, Input::Program) {
                        self.pending.push_front(word);
                    }
                    self.findings.report(
                        Diagnostic::error(
                            codes::MACRO_ARGUMENTS,
                            format!("unterminated call of macro `{}`", called.name),
                        )
                        .at(call, "its `)` is missing"),
                    );
                    return None;
                }
                TokenKind::RParen if open == 0 => break,
                TokenKind::RParen => open -= 1,
                TokenKind::LParen => open += 1,
                TokenKind::Comma
                    if open == 0 && !(called.variadic && arguments.len() == expected) =>
                {
                    arguments.push(Vec::new());
                    continue;
                }
                TokenKind::Doc | TokenKind::InnerDoc => continue,
                _ => {}
            }
            arguments[last].push(word);
        }
        if expected == 0 && arguments.len() == 1 && arguments[0].is_empty() {
            arguments.clear();
        }
        if called.variadic && arguments.len() + 1 == expected {
            arguments.push(Vec::new());
        }
        if arguments.len() != expected {
            let mut diagnostic = Diagnostic::error(
                codes::MACRO_ARGUMENTS,
                format!(
                    "macro `{}` takes {}, not {}",
                    called.name,
                    count_of(expected),
                    arguments.len()
                ),
            )
            .at(call, "called here");
            if let Some(defined_at) = called.defined_at {
                diagnostic = diagnostic.at(defined_at, "defined here");
            }
            self.findings.report(diagnostic);
            return None;
        }
        Some(arguments)
    }

    fn substitute(
        &mut self,
        called: &Macro,
        arguments: Vec<Vec<Word>>,
        call: &Word,
        hidden: &Hidden,
        depth: usize,
    ) -> Vec<Word> {
        let mut expanded: Vec<Option<Vec<Word>>> = vec![None; arguments.len()];
        let mut result: Vec<Word> = Vec::new();
        let mut paste = false;
        for piece in &called.body {
            let mut words = match &piece.kind {
                PieceKind::Word(kind, spelling) => {
                    vec![self.word_at(call, *kind, spelling.clone(), piece.spaced)]
                }
                PieceKind::Quoted(index) => {
                    let literal = self.quoted(&arguments[*index]);
                    self.count_text(literal.len(), call.token.span);
                    vec![self.word_at(call, TokenKind::Text, literal, piece.spaced)]
                }
                PieceKind::Parameter(index) if paste || piece.pasted => arguments[*index].clone(),
                PieceKind::Parameter(index) => {
                    if expanded[*index].is_none() {
                        let list = self
                            .expand_list(arguments[*index].iter().cloned().collect(), depth + 1);
                        expanded[*index] = Some(list);
                    }
                    expanded[*index].clone().unwrap_or_default()
                }
            };
            if self
                .count_expansion(words.len() as u64 + 1, call.token.span)
                .is_none()
            {
                return Vec::new();
            }
            if let Some(first) = words.first_mut() {
                first.spaced = piece.spaced;
            }
            if paste && !words.is_empty() && result.last().is_some() {
                let right = words.remove(0);
                if let Some(left) = result.pop() {
                    let grown = self.pasted(call, &left, &right);
                    let length = grown.iter().map(|word| self.text(&word.token).len()).sum();
                    self.count_text(length, call.token.span);
                    result.extend(grown);
                }
            }
            result.extend(words);
            paste = Piece::grows(piece, paste, &result);
        }
        for word in &mut result {
            word.token.starts_line = false;
            word.hidden = merged(&word.hidden, hidden);
        }
        if let Some(first) = result.first_mut() {
            first.token.starts_line = call.token.starts_line;
            first.spaced = call.spaced;
        }
        result
    }

    /// A word of a macro's body stands where the macro is called.
    fn word_at(&self, call: &Word, kind: TokenKind, spelling: Arc<str>, spaced: bool) -> Word {
        Word::fresh(
            Token {
                kind,
                span: call.token.span,
                starts_line: false,
                spelling: Some(spelling),
            },
            spaced,
        )
    }

    fn pasted(&self, call: &Word, left: &Word, right: &Word) -> Vec<Word> {
        let joined = format!("{}{}", self.text(&left.token), self.text(&right.token));
        let mut spaced = left.spaced;
        words_of(&joined, call.token.span.file)
            .into_iter()
            .map(|(token, spelling)| {
                self.word_at(call, token.kind, spelling, std::mem::take(&mut spaced))
            })
            .collect()
    }

    fn quoted(&self, argument: &[Word]) -> Arc<str> {
        let mut literal = String::from("\"");
        for (at, word) in argument.iter().enumerate() {
            if at > 0 && word.spaced {
                literal.push(' ');
            }
            for c in self.text(&word.token).chars() {
                if matches!(c, '"' | '\\') {
                    literal.push('\\');
                }
                literal.push(c);
            }
        }
        literal.push('"');
        Arc::from(literal)
    }

    fn count_expansion(&mut self, words: u64, call: Span) -> Option<()> {
        self.expanded_words += words;
        if self.expanded_words > MAX_EXPANSION {
            self.macro_limit(call, "this call passes the limit");
            return None;
        }
        Some(())
    }

    /// Long literals and names count as the words they could have been.
    fn count_text(&mut self, length: usize, call: Span) {
        self.count_expansion(length as u64 / 8, call);
    }

    fn macro_limit(&mut self, call: Span, why: &str) {
        self.findings.halt(
            Diagnostic::error(
                codes::MACRO_LIMIT,
                format!("macros expand to more than {MAX_EXPANSION} words or {MAX_NESTING} levels"),
            )
            .at(call, why)
            .help("check for macros that multiply each other"),
        );
    }
}

impl Piece {
    /// Whether the next piece grows together with what is there. An empty argument passes its `##` on.
    fn grows(piece: &Piece, before: bool, result: &[Word]) -> bool {
        piece.pasted
            && (!result.is_empty() || before || matches!(piece.kind, PieceKind::Parameter(_)))
    }
}

/// What hides a word that a macro hands on: what hid it before, and the macro.
fn merged(own: &Hidden, added: &Hidden) -> Hidden {
    match (own, added) {
        (Some(_), Some(level)) if is_hidden(own, &level.by) => own.clone(),
        (Some(_), Some(level)) if depth(own) < MAX_NESTING => hidden_in(&level.by, own),
        _ => added.clone(),
    }
}

fn count_of(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_string(),
        1 => "1 argument".to_string(),
        n => format!("{n} arguments"),
    }
}
