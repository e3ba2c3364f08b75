//! Macro definitions.

use crate::syntax::findings::Findings;
use crate::syntax::lexer::Lexer;
use crate::syntax::source::{FileId, Span};
use crate::syntax::token::{Token, TokenKind};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The macros in force.
#[derive(Clone, Default)]
pub struct MacroTable {
    by_name: FxHashMap<Arc<str>, Rc<Macro>>,
}

impl MacroTable {
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Rc<Macro>> {
        self.by_name.get(name)
    }

    pub fn insert(&mut self, definition: Macro) -> Option<Rc<Macro>> {
        self.by_name
            .insert(definition.name.clone(), Rc::new(definition))
    }

    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }
}

#[derive(Debug)]
pub struct Macro {
    pub name: Arc<str>,
    /// Absent for macros without parentheses.
    pub parameters: Option<Vec<Arc<str>>>,
    /// The last parameter takes all further arguments.
    pub variadic: bool,
    pub body: Vec<Piece>,
    pub defined_at: Option<Span>,
}

/// A part of what a macro stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    /// A blank stood before it.
    pub spaced: bool,
    /// `##` follows: it grows together with the next piece.
    pub pasted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    Word(TokenKind, Arc<str>),
    Parameter(usize),
    /// `#parameter`
    Quoted(usize),
}

impl Macro {
    pub fn same_meaning(&self, other: &Macro) -> bool {
        self.parameters == other.parameters
            && self.variadic == other.variadic
            && self.body == other.body
    }
}

/// The body of a definition: `words` are what stands after the name and parameters.
pub fn body(
    words: &[(Token, Arc<str>)],
    parameters: Option<&[Arc<str>]>,
) -> Result<Vec<Piece>, &'static str> {
    let mut body: Vec<Piece> = Vec::new();
    let parameter = |text: &str| parameters?.iter().position(|name| **name == *text);
    let is_hash = |at: usize| {
        words
            .get(at)
            .is_some_and(|(token, text)| token.kind == TokenKind::Other && &**text == "#")
    };
    let mut at = 0;
    let mut end = None;
    while let Some((token, text)) = words.get(at) {
        let spaced = end.is_some_and(|end| end != token.span.start);
        end = Some(token.span.end);
        if is_hash(at) && is_hash(at + 1) {
            let last = body.last_mut().ok_or("`##` cannot be first")?;
            last.pasted = true;
            end = Some(words[at + 1].0.span.end);
            at += 2;
            continue;
        }
        let kind = if is_hash(at) && parameters.is_some() {
            let (operand, name) = words.get(at + 1).ok_or("`#` needs a parameter after it")?;
            end = Some(operand.span.end);
            at += 1;
            PieceKind::Quoted(parameter(name).ok_or("`#` needs a parameter after it")?)
        } else {
            match parameter(text) {
                Some(index) => PieceKind::Parameter(index),
                None => PieceKind::Word(token.kind, text.clone()),
            }
        };
        body.push(Piece {
            kind,
            spaced,
            pasted: false,
        });
        at += 1;
    }
    match body.last() {
        Some(last) if last.pasted => Err("`##` cannot be last"),
        _ => Ok(body),
    }
}

/// The words of a text that is no file: a definition on the command line, two words grown together.
pub fn words_of(text: &str, file: FileId) -> Vec<(Token, Arc<str>)> {
    let shared: Arc<str> = Arc::from(text);
    let mut lexer = Lexer::within_hash_line(file, shared.clone());
    let mut findings = Findings::default();
    let mut words = Vec::new();
    loop {
        let token = lexer.next(&mut findings);
        if matches!(token.kind, TokenKind::End | TokenKind::HashEnd) {
            return words;
        }
        let range = token.span.start as usize..token.span.end as usize;
        let spelling = Arc::from(shared.get(range).unwrap_or(""));
        words.push((token, spelling));
    }
}
