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
    // Doc comments and annotations wait for their item.
    let mut item_awaited = false;
    let mut at_item_start = true;
    let mut in_annotation = false;
    loop {
        let token = lexer.next(&mut findings);
        let before = last.replace(token.kind);
        match token.kind {
            TokenKind::End => {
                last = before;
                break;
            }
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => open += 1,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => open -= 1,
            _ => {}
        }
        match token.kind {
            TokenKind::At if at_item_start => {}
            TokenKind::LBracket if at_item_start && before == Some(TokenKind::At) => {
                in_annotation = true;
                item_awaited = true;
            }
            kind if in_annotation => in_annotation = open > 0 || kind != TokenKind::RBracket,
            TokenKind::Doc => item_awaited = true,
            kind => {
                item_awaited = false;
                at_item_start = kind == TokenKind::Dot && open == 0;
                rule_open = !at_item_start && (rule_open || kind == TokenKind::If && open == 0);
            }
        }
    }
    let unterminated = findings.into_diagnostics().iter().any(|finding| {
        [
            super::codes::UNTERMINATED_STRING,
            super::codes::UNTERMINATED_COMMENT,
        ]
        .contains(&finding.code)
    });
    let needs_more = last.is_some_and(|kind| match kind {
        TokenKind::Gt | TokenKind::HashEnd | TokenKind::InnerDoc => false,
        kind => !kind.can_end_item(),
    });
    unterminated || open > 0 || needs_more || rule_open || item_awaited
}
