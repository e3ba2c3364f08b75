//! Whether a line typed so far needs a next one.

use super::findings::Findings;
use super::lexer::Lexer;
use super::source::SourceMap;
use super::token::TokenKind;

/// True if `text` stops in the middle: inside brackets, a string or a comment, after a word that needs another, or
/// in a rule whose final `.` is still to come. Queries and lone atoms need no final `.`.
pub fn is_unfinished(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    let mut lexer = Lexer::new(file, sources.file(file).shared_text());
    let mut findings = Findings::default();
    let mut open = 0i64;
    let mut last = None;
    let mut rule_open = false;
    let mut only_annotations = false;
    let mut clause_words = 0usize;
    loop {
        let token = lexer.next(&mut findings);
        match token.kind {
            TokenKind::End => break,
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => open += 1,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => open -= 1,
            TokenKind::If if open == 0 => rule_open = true,
            TokenKind::Dot if open == 0 => rule_open = false,
            _ => {}
        }
        // An annotation or a doc comment is waiting for its item.
        match token.kind {
            TokenKind::Doc => only_annotations = true,
            TokenKind::At if clause_words == 0 => only_annotations = true,
            TokenKind::RBracket if open == 0 && only_annotations => {
                clause_words = 0;
                last = Some(token.kind);
                continue;
            }
            _ if open == 0 && !matches!(token.kind, TokenKind::At) => only_annotations = false,
            _ => {}
        }
        clause_words = if token.kind == TokenKind::Dot && open == 0 {
            0
        } else {
            clause_words + 1
        };
        last = Some(token.kind);
    }
    let unterminated = findings.into_diagnostics().iter().any(|finding| {
        [
            super::codes::UNTERMINATED_STRING,
            super::codes::UNTERMINATED_COMMENT,
        ]
        .contains(&finding.code)
    });
    let needs_more = last.is_some_and(|kind| match kind {
        TokenKind::RParen
        | TokenKind::RBracket
        | TokenKind::RBrace
        | TokenKind::Gt
        | TokenKind::Dollar => false,
        TokenKind::Keyword(_)
        | TokenKind::Directive(_)
        | TokenKind::HashEnd
        | TokenKind::InnerDoc => false,
        kind => !kind.can_end_clause(),
    });
    unterminated || open > 0 || needs_more || rule_open || only_annotations
}
