//! Text that is still being typed, cut into pieces.
//!
//! The lexer proper refuses what is unfinished or wrong; here every text has pieces, and together they are the text.

use crate::syntax::is_unfinished;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    Space,
    Comment,
    /// A string literal; `closed` when its last quote is there.
    Text {
        closed: bool,
    },
    /// A name, possibly qualified: `works_for`, `c.rel`, `?x`, `_`.
    Word,
    /// A word after a dot: `.decl`.
    Directive,
    Number,
    /// The dot that ends a clause.
    End,
    /// `:-`
    If,
    /// `?-`
    Ask,
    Open,
    Close,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    pub range: Range<usize>,
}

/// Pieces of a text, in order, without gaps.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (kind, len) = next(&text[at..]);
        pieces.push(Piece {
            kind,
            range: at..at + len,
        });
        at += len;
    }
    pieces
}

fn next(rest: &str) -> (PieceKind, usize) {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or(' ');
    let second = chars.next().unwrap_or(' ');
    let width = first.len_utf8();
    match (first, second) {
        (c, _) if c.is_whitespace() => (PieceKind::Space, span(rest, char::is_whitespace)),
        ('/', '/') => (PieceKind::Comment, rest.find('\n').unwrap_or(rest.len())),
        ('/', '*') => {
            let end = rest[2..].find("*/").map_or(rest.len(), |at| at + 4);
            (PieceKind::Comment, end)
        }
        ('"', _) => literal(rest),
        (':', '-') => (PieceKind::If, 2),
        ('?', '-') => (PieceKind::Ask, 2),
        ('.', c) if c.is_ascii_alphabetic() => {
            (PieceKind::Directive, 1 + span(&rest[1..], is_word))
        }
        ('.', _) => (PieceKind::End, 1),
        (c, _) if c.is_ascii_digit() => (PieceKind::Number, number(rest)),
        (c, _) if is_word(c) || c == '?' => (PieceKind::Word, word(rest)),
        ('(' | '[' | '{', _) => (PieceKind::Open, 1),
        (')' | ']' | '}', _) => (PieceKind::Close, 1),
        _ => (PieceKind::Other, width),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Names joined by dots; a dot that no name follows ends the clause.
fn word(rest: &str) -> usize {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let mut end = first + span(&rest[first..], is_word);
    while let Some(part) = rest[end..].strip_prefix('.') {
        match span(part, is_word) {
            0 => break,
            len => end += 1 + len,
        }
    }
    end
}

/// Digits with a fraction; `1.` is a number and the end of a clause.
fn number(rest: &str) -> usize {
    let whole = span(rest, |c| c.is_ascii_alphanumeric());
    match rest[whole..].strip_prefix('.') {
        Some(fraction) => match span(fraction, |c| c.is_ascii_digit() || c == '.') {
            0 => whole,
            len => {
                // `1.2.` is the number 1.2 and a dot.
                let trailing = fraction[..len].ends_with('.') as usize;
                whole + 1 + len - trailing
            }
        },
        None => whole,
    }
}

fn literal(rest: &str) -> (PieceKind, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return (PieceKind::Text { closed: true }, at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (PieceKind::Text { closed: false }, rest.len())
}

/// Whether a line is a command: a colon, but not the `:-` of a constraint.
pub fn is_command(line: &str) -> bool {
    line.trim_start()
        .strip_prefix(':')
        .is_some_and(|rest| !rest.starts_with('-'))
}

/// Bytes after which a clause is taken as it is. Each line looks at all lines before it.
const LONGEST: usize = 64 << 10;

/// Whether Enter should run this text or begin another line of it.
///
/// An empty line gives up on a clause that does not want to end, and lets the parser say what is missing.
pub fn is_complete(text: &str) -> bool {
    text.trim().is_empty()
        || is_command(text)
        || text.ends_with("\n\n")
        || text.len() > LONGEST
        || !is_unfinished(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;

    fn check(text: &str, expected: &[(&str, PieceKind)]) {
        let found: Vec<(&str, PieceKind)> = pieces(text)
            .into_iter()
            .filter(|piece| piece.kind != PieceKind::Space)
            .map(|piece| (&text[piece.range], piece.kind))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_dot_ends_a_clause_unless_it_belongs_to_a_word_or_number() {
        use PieceKind::*;
        check("p.", &[("p", Word), (".", End)]);
        check(
            "c.rel(1.5).",
            &[
                ("c.rel", Word),
                ("(", Open),
                ("1.5", Number),
                (")", Close),
                (".", End),
            ],
        );
        check(
            "X = 1.",
            &[("X", Word), ("=", Other), ("1", Number), (".", End)],
        );
        check("10.0.0.1.", &[("10.0.0.1", Number), (".", End)]);
        check(
            ".decl p()",
            &[(".decl", Directive), ("p", Word), ("(", Open), (")", Close)],
        );
    }

    #[test]
    fn strings_keep_their_escapes_and_may_be_unfinished() {
        use PieceKind::*;
        check(
            r#""a\"b" "c"#,
            &[
                (r#""a\"b""#, Text { closed: true }),
                (r#""c"#, Text { closed: false }),
            ],
        );
    }

    #[test]
    fn pieces_cover_any_text() {
        for text in [
            "", "é→\"", "?-", "/*", "a..b", "\\", "0x", "1..2", "?", ":-:-", "日本(_",
        ] {
            let whole: String = pieces(text).into_iter().map(|p| &text[p.range]).collect();
            assert_eq!(whole, text);
        }
    }

    proptest::proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn pieces_cover_every_text(text in ".{0,40}") {
            let whole: String = pieces(&text).into_iter().map(|p| &text[p.range]).collect();
            proptest::prop_assert_eq!(whole, text);
        }
    }

    #[test]
    fn enter_runs_what_is_complete() {
        for text in [
            "",
            "p(X)",
            "p(X).",
            "?- p(X)",
            "?- p(X), q(X).",
            "p(X) :- q(X).",
            ":- p(X), q(X).",
            ":why p(\"a",
            ":help",
            "p(\"a. b\").",
            "p(X) :- q(X\n\n",
            ".decl p(x: number)",
            "p(X) :- q(X). // done",
        ] {
            assert!(is_complete(text), "{text:?}");
        }
        for text in [
            "p(X",
            "p(X) :-",
            "p(X) :- q(X)",
            "p(X) :- q(X),",
            "?- p(X),",
            "?-",
            ":- p(X)",
            "p(\"a",
            "p(\"a).",
            "/* p(X).",
            "p(X) :- q(X), c = count : { r(X).",
            "p(X), ",
        ] {
            assert!(!is_complete(text), "{text:?}");
        }
    }
}
