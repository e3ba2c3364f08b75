//! Text to words, one file at a time, over bytes and in one pass.
//!
//! Whatever is wrong is reported and stepped over; the lexer never stops before the end of the text.

use super::ast::Comment;
use super::codes;
use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::source::{FileId, Span};
use super::token::{DirectiveWord, Keyword, Token, TokenKind};
use std::sync::Arc;

/// How often the lexer looks ahead to tell which of several multi-line strings lacks its quote.
const MAX_STRING_RESCANS: u32 = 16;

pub struct Lexer {
    file: FileId,
    text: Arc<str>,
    at: usize,
    at_line_start: bool,
    /// Inside a line that began with `#`, where the end of the line is a word.
    in_hash_line: bool,
    string_rescans: u32,
}

impl Lexer {
    pub fn new(file: FileId, text: Arc<str>) -> Lexer {
        Lexer {
            file,
            text,
            at: 0,
            at_line_start: true,
            in_hash_line: false,
            string_rescans: 0,
        }
    }

    /// For text that is part of a preprocessor line.
    pub fn within_hash_line(file: FileId, text: Arc<str>) -> Lexer {
        Lexer {
            at_line_start: false,
            in_hash_line: true,
            ..Lexer::new(file, text)
        }
    }

    pub fn file(&self) -> FileId {
        self.file
    }

    /// Where the next word is looked for; after the end of a preprocessor line, the start of the line below.
    pub fn position(&self) -> u32 {
        self.at as u32
    }

    /// Leaves out the rest of the text.
    pub fn skip_to_end(&mut self) {
        self.at = self.text.len();
    }

    /// The rest of this line as text.
    pub fn rest_of_line(&self) -> &str {
        let rest = &self.text[self.at..];
        rest[..rest.find('\n').unwrap_or(rest.len())].trim()
    }

    /// The next word; [`TokenKind::End`] again and again at the end.
    pub fn next(&mut self, findings: &mut Findings) -> Token {
        loop {
            self.skip_blanks();
            let start = self.at;
            let starts_line = self.at_line_start;
            let bytes = self.text.as_bytes();
            let Some(&byte) = bytes.get(start) else {
                let kind = if self.in_hash_line {
                    self.in_hash_line = false;
                    TokenKind::HashEnd
                } else {
                    TokenKind::End
                };
                return self.token(kind, start, starts_line);
            };
            if byte == b'\n' {
                self.at += 1;
                self.at_line_start = true;
                self.in_hash_line = false;
                return self.token(TokenKind::HashEnd, start, starts_line);
            }
            if byte == b'/' && matches!(bytes.get(start + 1), Some(b'/' | b'*')) {
                if let Some(token) = self.comment(starts_line, findings) {
                    return token;
                }
                continue;
            }
            self.at_line_start = false;
            let kind = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'?' => self.word(findings),
                b'0'..=b'9' => self.number(findings),
                b'"' => self.string(findings),
                b'.' => self.dot(),
                b'#' if starts_line && !self.in_hash_line => {
                    self.at += 1;
                    self.in_hash_line = true;
                    TokenKind::Hash
                }
                _ => self.symbol(byte, findings),
            };
            return self.token(kind, start, starts_line);
        }
    }

    /// Steps from the start of a line over everything up to the next line that begins with `#`.
    pub fn skip_to_hash_line(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        'lines: loop {
            while matches!(
                bytes.get(at),
                Some(b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c')
            ) {
                at += 1;
            }
            if matches!(bytes.get(at), None | Some(b'#')) {
                break;
            }
            loop {
                match bytes.get(at) {
                    None => break 'lines,
                    Some(b'\n') => {
                        at += 1;
                        continue 'lines;
                    }
                    Some(b'/') if bytes.get(at + 1) == Some(&b'/') => {
                        at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
                    }
                    Some(b'/') if bytes.get(at + 1) == Some(&b'*') => {
                        at = memchr::memmem::find(&bytes[at + 2..], b"*/")
                            .map_or(bytes.len(), |n| at + n + 4);
                    }
                    Some(_) => at += 1,
                }
            }
        }
        self.at = at;
        self.at_line_start = true;
    }

    fn token(&self, kind: TokenKind, start: usize, starts_line: bool) -> Token {
        Token {
            kind,
            span: self.span(start, self.at),
            starts_line,
            spelling: None,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }

    fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c') => self.at += 1,
                Some(b'\n') if !self.in_hash_line => {
                    self.at += 1;
                    self.at_line_start = true;
                }
                Some(b'\\') => match &bytes[self.at + 1..] {
                    [b'\n', ..] => self.at += 2,
                    [b'\r', b'\n', ..] => self.at += 3,
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Doc comments are words, other comments are put aside.
    fn comment(&mut self, starts_line: bool, findings: &mut Findings) -> Option<Token> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes[start + 1] == b'*' {
            match memchr::memmem::find(&bytes[start + 2..], b"*/") {
                Some(length) => self.at = start + length + 4,
                None => {
                    self.at = bytes.len();
                    findings.report(
                        Diagnostic::error(
                            codes::UNTERMINATED_COMMENT,
                            "unterminated comment block",
                        )
                        .at(self.span(start, start + 2), "this comment is never closed")
                        .help("close it with `*/`"),
                    );
                }
            }
        } else {
            self.at = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |n| start + n);
            if bytes[start..self.at].ends_with(b"\r") {
                self.at -= 1;
            }
            let kind = match &bytes[start..self.at] {
                [_, _, b'/', b'/', ..] => None,
                [_, _, b'/', ..] => Some(TokenKind::Doc),
                [_, _, b'!', ..] => Some(TokenKind::InnerDoc),
                _ => None,
            };
            if let Some(kind) = kind.filter(|_| !self.in_hash_line) {
                return Some(self.token(kind, start, starts_line));
            }
        }
        findings.comments.push(Comment {
            span: self.span(start, self.at),
            text: Arc::from(&self.text[start..self.at]),
        });
        None
    }

    fn word(&mut self, findings: &mut Findings) -> TokenKind {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while end < bytes.len() && is_ident_byte(bytes[end]) {
            end += 1;
        }
        self.at = end;
        let goes_on = bytes.get(end).is_some_and(|byte| !byte.is_ascii());
        if goes_on && self.foreign_word(start, findings) {
            return TokenKind::Ident;
        }
        match &self.text[start..end] {
            "_" => TokenKind::Underscore,
            "choice" if self.text[end..].starts_with("-domain") => {
                self.at = end + "-domain".len();
                TokenKind::Keyword(Keyword::ChoiceDomain)
            }
            text => Keyword::from_text(text).map_or(TokenKind::Ident, TokenKind::Keyword),
        }
    }

    /// Goes on to the end of a word that has letters beyond ASCII, and reports it. False: there are none here.
    fn foreign_word(&mut self, start: usize, findings: &mut Findings) -> bool {
        let end = self.text[self.at..]
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '?'))
            .map_or(self.text.len(), |n| self.at + n);
        if end == self.at {
            return false;
        }
        self.at = end;
        if !self.in_hash_line {
            let word = excerpt(&self.text[start..end]);
            let label = "only ASCII letters, digits, `_` and `?`";
            findings.report(
                Diagnostic::error(
                    codes::UNEXPECTED_CHARACTER,
                    format!("`{word}` is not an identifier"),
                )
                .at(self.span(start, end), label)
                .help(format!(
                    "a name of something stands in quotes: `\"{word}\"`"
                )),
            );
        }
        true
    }

    fn number(&mut self, findings: &mut Findings) -> TokenKind {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while end < bytes.len() && bytes[end].is_ascii_digit() {
            end += 1;
        }
        let mut groups = 0;
        while bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1;
            while end < bytes.len() && bytes[end].is_ascii_digit() {
                end += 1;
            }
            groups += 1;
            if groups == 3 {
                break;
            }
        }
        let digits_end = end;
        while end < bytes.len() && is_ident_byte(bytes[end]) {
            end += 1;
        }
        let suffix = &self.text[digits_end..end];
        let kind = match (groups, suffix) {
            (0, "") => Some(TokenKind::Integer),
            (0, "u") => Some(TokenKind::Unsigned),
            (0, _) if &bytes[start..digits_end] == b"0" => radix_kind(suffix),
            (1, "") => Some(TokenKind::Float),
            (3, "") => Some(TokenKind::Ipv4),
            _ => None,
        };
        self.at = end;
        if self.in_hash_line {
            return kind.unwrap_or(TokenKind::Other);
        }
        if kind == Some(TokenKind::Ipv4) {
            let in_range = |part: &str| part.parse::<u16>().is_ok_and(|part| part <= 255);
            if !self.text[start..end].split('.').all(in_range) {
                findings.report(
                    Diagnostic::error(codes::IP_OUT_OF_RANGE, "IP out of range")
                        .at(self.span(start, end), "each part is at most 255"),
                );
                return TokenKind::BadNumber;
            }
        }
        if let Some(kind) = kind {
            return kind;
        }
        let exponent = suffix.starts_with(['e', 'E']);
        if exponent && suffix.len() == 1 && matches!(bytes.get(end), Some(b'+' | b'-')) {
            end += 1;
            while end < bytes.len() && bytes[end].is_ascii_digit() {
                end += 1;
            }
            self.at = end;
        }
        let written = excerpt(&self.text[start..end]);
        let mut diagnostic = Diagnostic::error(
            codes::MALFORMED_NUMBER,
            format!("`{written}` is not a number"),
        )
        .at(self.span(start, end), "none of the notations for numbers");
        diagnostic = if exponent {
            diagnostic.help("program text has no exponents: write all digits, as in `1500.0`")
        } else if groups == 0 {
            diagnostic.help("an identifier cannot begin with a digit; put a symbol in quotes")
        } else {
            diagnostic.help("notations: `12`, `0xff`, `0b101`, `7u`, `1.5`, `192.168.0.1`")
        };
        findings.report(diagnostic);
        TokenKind::BadNumber
    }

    fn string(&mut self, findings: &mut Findings) -> TokenKind {
        let start = self.at;
        let end = string_end(self.text.as_bytes(), start);
        let bytes = self.text.as_bytes();
        let line_end = memchr::memchr(b'\n', &bytes[start..end.unwrap_or(bytes.len())])
            .map(|length| start + length);
        if self.in_hash_line && (end.is_none() || line_end.is_some()) {
            self.at += 1;
            return TokenKind::Other;
        }
        // A string over several lines is legal. It is also what a forgotten quote looks like: then the quotes
        // of the rest of the text do not pair up, and the first such string is the likely culprit.
        let culprit = match (end, line_end) {
            (None, _) => true,
            (Some(end), Some(_)) if self.string_rescans < MAX_STRING_RESCANS => {
                let pair_up = quotes_pair_up(bytes, end);
                // If they do, they will for every later string, too.
                self.string_rescans = if pair_up {
                    MAX_STRING_RESCANS
                } else {
                    self.string_rescans + 1
                };
                !pair_up
            }
            _ => false,
        };
        if culprit {
            let mut end = line_end.unwrap_or(end.unwrap_or(bytes.len()));
            if bytes[..end].ends_with(b"\r") {
                end -= 1;
            }
            self.at = end;
            findings.report(
                Diagnostic::error(codes::UNTERMINATED_STRING, "unterminated string")
                    .at(self.span(start, end), "this string is never closed")
                    .help("close it with `\"`; a quote inside a string is written `\\\"`"),
            );
            return TokenKind::BadText;
        }
        self.at = end.unwrap_or(bytes.len());
        self.report_unknown_escapes(start, findings);
        TokenKind::Text
    }

    fn report_unknown_escapes(&self, start: usize, findings: &mut Findings) {
        let text = &self.text[start..self.at];
        let mut at = 0;
        while let Some(step) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
            let escape = at + step;
            let Some(character) = text[escape + 1..].chars().next() else {
                return;
            };
            at = escape + 1 + character.len_utf8();
            if unescape(character).is_none() {
                findings.report(
                    Diagnostic::error(
                        codes::UNKNOWN_ESCAPE,
                        format!("unknown escape sequence `\\{}`", character.escape_debug()),
                    )
                    .at(self.span(start + escape, start + at), "not an escape")
                    .help("a backslash is written `\\\\`; escapes are \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v"),
                );
            }
        }
    }

    fn dot(&mut self) -> TokenKind {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        let mut end = self.at;
        while end < bytes.len() && (bytes[end].is_ascii_lowercase() || bytes[end] == b'_') {
            end += 1;
        }
        let ends_word = matches!(
            bytes.get(end),
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'\x0b' | b'\x0c')
        );
        if end == self.at || !ends_word {
            return TokenKind::Dot;
        }
        let follows_name = start > 0 && is_ident_byte(bytes[start - 1]);
        match DirectiveWord::from_text(&self.text[start..end]) {
            Some(word) if !(word.is_addition() && follows_name) => {
                self.at = end;
                TokenKind::Directive(word)
            }
            _ => TokenKind::Dot,
        }
    }

    fn symbol(&mut self, byte: u8, findings: &mut Findings) -> TokenKind {
        use TokenKind::*;
        let bytes = self.text.as_bytes();
        let (kind, length) = match (byte, bytes.get(self.at + 1)) {
            (b':', Some(b'-')) => (If, 2),
            (b':', _) => (Colon, 1),
            (b',', _) => (Comma, 1),
            (b';', _) => (Semicolon, 1),
            (b'(', _) => (LParen, 1),
            (b')', _) => (RParen, 1),
            (b'[', _) => (LBracket, 1),
            (b']', _) => (RBracket, 1),
            (b'{', _) => (LBrace, 1),
            (b'}', _) => (RBrace, 1),
            (b'!', Some(b'=')) => (Ne, 2),
            (b'!', _) => (Bang, 1),
            (b'@', Some(b'!')) => (AtBang, 2),
            (b'@', _) => (At, 1),
            (b'$', _) => (Dollar, 1),
            (b'|', _) => (Pipe, 1),
            (b'-', Some(b'>')) => (Arrow, 2),
            (b'-', _) => (Minus, 1),
            (b'<', Some(b':')) => (Subtype, 2),
            (b'<', Some(b'=')) => (Le, 2),
            (b'<', _) => (Lt, 1),
            (b'>', Some(b'=')) => (Ge, 2),
            (b'>', _) => (Gt, 1),
            (b'=', _) => (Eq, 1),
            (b'+', _) => (Plus, 1),
            (b'*', _) => (Star, 1),
            (b'/', _) => (Slash, 1),
            (b'%', _) => (Percent, 1),
            (b'^', _) => (Caret, 1),
            _ => return self.unexpected(findings),
        };
        self.at += length;
        kind
    }

    /// `'x'` and `“x”`, as one mistake.
    fn wrong_quotes(&mut self, findings: &mut Findings) -> Option<TokenKind> {
        let rest = &self.text[self.at..];
        let close = match rest.chars().next()? {
            '\'' => '\'',
            '`' => '`',
            '“' | '„' => '”',
            '‘' => '’',
            '«' => '»',
            _ => return None,
        };
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let (end, _) = line.char_indices().skip(1).find(|&(_, c)| c == close)?;
        let start = self.at;
        self.at += end + close.len_utf8();
        findings.report(
            Diagnostic::error(
                codes::UNEXPECTED_CHARACTER,
                format!("`{}` is not a string", excerpt(&self.text[start..self.at])),
            )
            .at(self.span(start, self.at), "the wrong quotes")
            .help("symbols are written in straight double quotes: \"…\""),
        );
        Some(TokenKind::BadText)
    }

    /// Reports a run of characters without meaning as one mistake and steps over it.
    fn unexpected(&mut self, findings: &mut Findings) -> TokenKind {
        if !self.in_hash_line
            && let Some(kind) = self.wrong_quotes(findings)
        {
            return kind;
        }
        let start = self.at;
        let is_letter = self.text[start..].starts_with(char::is_alphabetic);
        if !self.in_hash_line && is_letter && self.foreign_word(start, findings) {
            return TokenKind::Ident;
        }
        let run = self.text[start..]
            .char_indices()
            .find(|&(at, c)| {
                at > 0 && (c.is_ascii_graphic() && !is_meaningless(c) || c.is_whitespace())
            })
            .map_or(self.text.len() - start, |(at, _)| at);
        if self.in_hash_line {
            let first = self.text[start..].chars().next().map_or(1, char::len_utf8);
            self.at = start + first;
            return TokenKind::Other;
        }
        self.at = start + run;
        let written = &self.text[start..self.at];
        let mut diagnostic = Diagnostic::error(
            codes::UNEXPECTED_CHARACTER,
            format!("unexpected `{}`", excerpt(written)),
        )
        .at(self.span(start, self.at), "has no meaning in a program");
        if written.starts_with(['\'', '`', '“', '”', '„', '‘', '’', '«', '»']) {
            diagnostic = diagnostic.help("symbols are written in straight double quotes: \"…\"");
        } else if written.starts_with('&') {
            diagnostic =
                diagnostic.help("a conjunction is written with `,`, a bitwise and with `band`");
        } else if written.starts_with('#') {
            diagnostic = diagnostic.help(
                "a preprocessor line has `#` as its first character; comments begin with `//`",
            );
        } else if written.starts_with('¬') {
            diagnostic = diagnostic.help("negation is written `!`");
        }
        findings.report(diagnostic);
        TokenKind::Other
    }
}

fn is_ident_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'?'
}

fn is_meaningless(c: char) -> bool {
    matches!(c, '\'' | '`' | '&' | '~' | '\\' | '#')
}

fn radix_kind(suffix: &str) -> Option<TokenKind> {
    let (digits, kind) = match suffix.strip_suffix('u') {
        Some(digits) => (digits, TokenKind::Unsigned),
        None => (suffix, TokenKind::Integer),
    };
    let is_digit: fn(&u8) -> bool = match digits.as_bytes().first()? {
        b'x' => u8::is_ascii_hexdigit,
        b'b' => |digit| matches!(digit, b'0' | b'1'),
        _ => return None,
    };
    let digits = &digits.as_bytes()[1..];
    (!digits.is_empty() && digits.iter().all(is_digit)).then_some(kind)
}

/// The end of the string literal that begins at `start`, if it has one.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Whether every string literal in the text from `at` on is closed.
fn quotes_pair_up(bytes: &[u8], mut at: usize) -> bool {
    while let Some(step) = memchr::memchr2(b'"', b'/', &bytes[at..]) {
        at += step;
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => match string_end(bytes, at) {
                Some(end) => at = end,
                None => return false,
            },
            (_, Some(b'/')) => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
            }
            (_, Some(b'*')) => {
                at = memchr::memmem::find(&bytes[at + 2..], b"*/")
                    .map_or(bytes.len(), |n| at + n + 4);
            }
            _ => at += 1,
        }
    }
    true
}

/// The character that `\c` stands for.
pub fn unescape(c: char) -> Option<char> {
    Some(match c {
        '"' | '\'' | '\\' => c,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        _ => return None,
    })
}

/// The value of a string literal as written, quotes included or not.
pub fn string_value(literal: &str) -> String {
    let inner = literal.strip_prefix('"').unwrap_or(literal);
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some(escaped) => value.push(unescape(escaped).unwrap_or(escaped)),
                None => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    value
}

/// At most some forty characters of `text`, on one line, for use in a message.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            short.extend(c.escape_default());
        } else {
            short.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
