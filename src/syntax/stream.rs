//! The words of a program across its files.

use super::findings::Findings;
use super::lexer::Lexer;
use super::source::{FileId, SourceMap};
use super::token::{Token, TokenKind};

/// Gives the parser one word after the other.
pub struct TokenStream<'a> {
    pub sources: &'a mut SourceMap,
    pub findings: &'a mut Findings,
    lexer: Lexer,
}

impl<'a> TokenStream<'a> {
    pub fn new(
        file: FileId,
        sources: &'a mut SourceMap,
        findings: &'a mut Findings,
    ) -> TokenStream<'a> {
        let lexer = Lexer::new(file, sources.file(file).shared_text());
        TokenStream {
            sources,
            findings,
            lexer,
        }
    }

    pub fn next(&mut self) -> Token {
        loop {
            let token = self.lexer.next(self.findings);
            if !matches!(token.kind, TokenKind::Hash | TokenKind::HashEnd) {
                return token;
            }
        }
    }

    /// What a word says.
    pub fn text<'t>(&'t self, token: &'t Token) -> &'t str {
        match &token.spelling {
            Some(spelling) => spelling,
            None => self.sources.slice(token.span),
        }
    }
}
