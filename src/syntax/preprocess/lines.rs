//! Lines that begin with `#`.

use super::condition;
use super::expansion::Word;
use super::macros::{Macro, body, words_of};
use super::{DOMAIN_SIZE, MAX_NESTING, WORD_BITS};
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::lexer::{excerpt, string_value};
use crate::syntax::source::Span;
use crate::syntax::stream::TokenStream;
use crate::syntax::token::{Token, TokenKind};
use std::sync::Arc;

/// An open `#if`.
pub struct Conditional {
    span: Span,
    /// One of its branches was chosen already.
    decided: bool,
    else_seen: bool,
}

impl Conditional {
    pub fn unterminated(&self) -> Diagnostic {
        Diagnostic::error(codes::UNTERMINATED_CONDITIONAL, "unterminated `#if`")
            .at(self.span, "this condition is never closed")
            .help("close it with `#endif`")
    }
}

/// A word of a preprocessor line and what it says.
type LineWord = (Token, Arc<str>);

impl TokenStream<'_> {
    /// Obeys the line whose `#` was just read.
    pub fn hash_line(&mut self, hash: Token) {
        let text = self.lexer().rest_of_line().to_string();
        let words = self.line_words();
        let Some((first, name)) = words.first() else {
            return;
        };
        let span = hash.span.to(first.span);
        let rest = &words[1..];
        match &**name {
            "define" => self.define(rest, span),
            "undef" => match rest {
                [(_, name)] => {
                    let name = name.clone();
                    self.macros.remove(&name);
                }
                _ => self.bad_line(span, "`#undef` takes the name of one macro"),
            },
            "include" => self.hash_include(rest, span, &text),
            "if" => {
                let holds = self.condition(rest, span);
                self.open_conditional(span, holds);
            }
            "ifdef" | "ifndef" => {
                let Some((_, macro_name)) = rest.first() else {
                    self.bad_line(span, &format!("`#{name}` takes the name of a macro"));
                    self.open_conditional(span, true);
                    return;
                };
                let defined = self.is_defined(macro_name);
                self.open_conditional(span, defined == (&**name == "ifdef"));
            }
            "elif" | "else" | "endif" => self.stray_or_skip(name, span),
            "line" => self.line_marker(rest, span),
            "error" => {
                let said = text.strip_prefix("error").unwrap_or("").trim();
                self.findings.report(
                    Diagnostic::error(codes::ERROR_DIRECTIVE, format!("#error {}", excerpt(said)))
                        .at(span, "reached"),
                );
            }
            "pragma" if rest.first().is_some_and(|(_, word)| &**word == "once") => self.once(),
            "pragma" | "ident" | "sccs" => {}
            _ if first.kind == TokenKind::Integer => self.line_marker(&words, span),
            _ if hash.span.start == 0 && text.starts_with('!') => {}
            _ => self.findings.report(
                Diagnostic::warning(
                    codes::IGNORED_HASH_LINE,
                    format!("ignored line `#{}`", excerpt(&text)),
                )
                .at(span, "no preprocessor directive")
                .help("comments begin with `//`"),
            ),
        }
    }

    fn line_words(&mut self) -> Vec<LineWord> {
        let mut words = Vec::new();
        loop {
            let token = self.next_raw();
            if matches!(token.kind, TokenKind::HashEnd | TokenKind::End) {
                return words;
            }
            let text = Arc::from(self.text(&token));
            words.push((token, text));
        }
    }

    fn bad_line(&mut self, span: Span, why: &str) {
        self.findings.report(
            Diagnostic::error(codes::BAD_PREPROCESSOR, "malformed preprocessor directive")
                .at(span, why),
        );
    }

    pub fn is_defined(&self, name: &str) -> bool {
        self.macros.get(name).is_some()
            || matches!(name, "__FILE__" | "__LINE__" | "__INCL__" | DOMAIN_SIZE)
    }

    // Definitions.

    fn define(&mut self, words: &[LineWord], span: Span) {
        let Some(((first, name), mut rest)) = words.split_first() else {
            return self.bad_line(span, "`#define` takes a name");
        };
        if !matches!(first.kind, TokenKind::Ident | TokenKind::Keyword(_)) || &**name == "defined" {
            return self.bad_line(first.span, "this cannot be the name of a macro");
        }
        let mut parameters = None;
        let mut variadic = false;
        if let [(paren, _), after @ ..] = rest
            && paren.kind == TokenKind::LParen
            && paren.span.start == first.span.end
        {
            let Some(close) = after
                .iter()
                .position(|(token, _)| token.kind == TokenKind::RParen)
            else {
                return self.bad_line(paren.span, "the list of parameters is not closed");
            };
            let list = match parameter_names(&after[..close]) {
                Ok(list) => list,
                Err(why) => return self.bad_line(paren.span, why),
            };
            variadic = list.last().is_some_and(|last| &**last == "__VA_ARGS__");
            parameters = Some(list);
            rest = &after[close + 1..];
        }
        let body = match body(rest, parameters.as_deref()) {
            Ok(body) => body,
            Err(why) => return self.bad_line(first.span, why),
        };
        let defined = Macro {
            name: name.clone(),
            parameters,
            variadic,
            body,
            defined_at: Some(first.span),
        };
        if let Some(before) = self.macros.get(name)
            && !before.same_meaning(&defined)
        {
            let mut warning =
                Diagnostic::warning(codes::MACRO_REDEFINED, format!("macro `{name}` redefined"))
                    .at(first.span, "defined again, differently");
            if let Some(before) = before.defined_at {
                warning = warning.at(before, "defined here before");
            }
            self.findings.report(warning);
        }
        self.macros.insert(defined);
    }

    /// One definition as given on the command line: `NAME` or `NAME=VALUE`.
    pub fn define_from_option(&mut self, definition: &str) {
        let (name, value) = definition.split_once('=').unwrap_or((definition, "1"));
        let file = self.lexer().file();
        let names = words_of(name, file);
        let valid = matches!(names.as_slice(), [(token, _)] if matches!(token.kind, TokenKind::Ident | TokenKind::Keyword(_)));
        let body = body(&words_of(value, file), None);
        match body {
            Ok(body) if valid => {
                self.macros.insert(Macro {
                    name: Arc::from(name),
                    parameters: None,
                    variadic: false,
                    body,
                    defined_at: None,
                });
            }
            _ => self.findings.report(
                Diagnostic::error(
                    codes::BAD_DEFINITION,
                    format!("`{}` is no macro definition", excerpt(definition)),
                )
                .help("write `-M \"NAME=VALUE\"`, several separated by blanks"),
            ),
        }
    }

    // Conditions.

    fn condition(&mut self, words: &[LineWord], span: Span) -> bool {
        let words = self.decide_defined(words);
        let words = self.expand_list(words.into(), 0);
        let words: Vec<LineWord> = words
            .into_iter()
            .map(|word| {
                let text = Arc::from(self.text(&word.token));
                (word.token, text)
            })
            .collect();
        match condition::evaluate(&words) {
            Ok(value) => value != 0,
            Err(why) => {
                self.findings.report(
                    Diagnostic::error(codes::BAD_CONDITION, "malformed `#if` condition")
                        .at(span, why)
                        .help("conditions are integer expressions over numbers, macros and `defined(NAME)`"),
                );
                false
            }
        }
    }

    /// Replaces `defined NAME` and `defined(NAME)` by 1 or 0 before macros are expanded.
    fn decide_defined(&self, words: &[LineWord]) -> Vec<Word> {
        let mut decided = Vec::new();
        let mut rest = words;
        while let [(token, text), after @ ..] = rest {
            rest = after;
            let mut word = token.clone();
            word.spelling = Some(text.clone());
            if &**text == "defined" {
                let name = match after {
                    [(open, _), (_, name), (close, _), tail @ ..]
                        if open.kind == TokenKind::LParen && close.kind == TokenKind::RParen =>
                    {
                        rest = tail;
                        Some(name)
                    }
                    [(_, name), tail @ ..] => {
                        rest = tail;
                        Some(name)
                    }
                    [] => None,
                };
                let defined = name.is_some_and(|name| self.is_defined(name));
                word.kind = TokenKind::Integer;
                word.spelling = Some(Arc::from(if defined { "1" } else { "0" }));
            }
            if &**text == DOMAIN_SIZE && self.macros.get(text).is_none() {
                word.kind = TokenKind::Integer;
                word.spelling = Some(Arc::from(WORD_BITS));
            }
            decided.push(Word::fresh(word, true));
        }
        decided
    }

    fn open_conditional(&mut self, span: Span, holds: bool) {
        if self.conditionals().len() >= MAX_NESTING {
            self.findings.halt(
                Diagnostic::error(
                    codes::MACRO_LIMIT,
                    format!("more than {MAX_NESTING} `#if` within each other"),
                )
                .at(span, "here the limit is passed"),
            );
            return;
        }
        self.conditionals().push(Conditional {
            span,
            decided: holds,
            else_seen: false,
        });
        if !holds {
            self.skip_branch();
        }
    }

    /// `#elif`, `#else` or `#endif` at the end of a branch that was read.
    fn stray_or_skip(&mut self, name: &str, span: Span) {
        if self.conditionals().is_empty() {
            self.findings.report(
                Diagnostic::error(codes::STRAY_CONDITIONAL, format!("`#{name}` without `#if`"))
                    .at(span, "no condition is open here"),
            );
        } else if name == "endif" {
            self.conditionals().pop();
        } else {
            self.check_else(name, span);
            self.skip_branch();
        }
    }

    fn check_else(&mut self, name: &str, span: Span) {
        let Some(open) = self.conditionals().last_mut() else {
            return;
        };
        let after_else = open.else_seen;
        open.else_seen |= name == "else";
        if after_else {
            self.findings.report(
                Diagnostic::error(codes::STRAY_CONDITIONAL, format!("`#{name}` after `#else`"))
                    .at(span, "the condition is decided already"),
            );
        }
    }

    /// Skips branches until one is to be read or the condition is closed.
    fn skip_branch(&mut self) {
        let mut depth = 0usize;
        loop {
            self.lexer_mut().skip_to_hash_line();
            let hash = self.next_raw();
            if hash.kind == TokenKind::End {
                return;
            }
            let words = self.line_words();
            let Some((first, name)) = words.first() else {
                continue;
            };
            let span = hash.span.to(first.span);
            match &**name {
                "if" | "ifdef" | "ifndef" => depth += 1,
                "endif" if depth > 0 => depth -= 1,
                "endif" => {
                    self.conditionals().pop();
                    return;
                }
                "else" | "elif" if depth == 0 => {
                    self.check_else(name, span);
                    let decided = self.conditionals().last().is_none_or(|open| open.decided);
                    if !decided && (&**name == "else" || self.condition(&words[1..], span)) {
                        if let Some(open) = self.conditionals().last_mut() {
                            open.decided = true;
                        }
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    // Files.

    fn hash_include(&mut self, words: &[LineWord], span: Span, text: &str) {
        let written = text.strip_prefix("include").unwrap_or("").trim();
        let angled = |text: &str| Some(text.strip_prefix('<')?.split_once('>')?.0.to_string());
        if let [(token, literal)] = words
            && token.kind == TokenKind::Text
        {
            return self.include_file(&string_value(literal), token.span, true);
        }
        if let Some(name) = angled(written) {
            return self.include_file(&name, span, true);
        }
        let list = words.iter().map(|(token, text)| {
            let mut token = token.clone();
            token.spelling = Some(text.clone());
            Word::fresh(token, true)
        });
        let expanded = self.expand_list(list.collect(), 0);
        match expanded.as_slice() {
            [word] if word.token.kind == TokenKind::Text => {
                let name = string_value(self.text(&word.token));
                self.include_file(&name, span, true);
            }
            _ => self.bad_line(span, "`#include` takes a file name in quotes"),
        }
    }

    /// `# 12 "file"` and `#line 12 "file"`: what follows came from there.
    fn line_marker(&mut self, words: &[LineWord], span: Span) {
        let line = words
            .first()
            .and_then(|(_, number)| number.parse::<u32>().ok());
        let Some(line) = line else {
            return self.bad_line(span, "`#line` takes a line number");
        };
        let name = words
            .get(1)
            .filter(|(token, _)| token.kind == TokenKind::Text)
            .map(|(_, literal)| Arc::from(string_value(literal)));
        let file = self.lexer().file();
        let offset = self.lexer().position();
        self.sources.add_line_marker(file, offset, line, name);
    }
}

fn parameter_names(words: &[LineWord]) -> Result<Vec<Arc<str>>, &'static str> {
    let mut names: Vec<Arc<str>> = Vec::new();
    if words.is_empty() {
        return Ok(names);
    }
    for part in words.split(|(token, _)| token.kind == TokenKind::Comma) {
        if names.last().is_some_and(|last| &**last == "__VA_ARGS__") {
            return Err("`…` must be the last parameter");
        }
        match part {
            [(token, name)] if matches!(token.kind, TokenKind::Ident | TokenKind::Keyword(_)) => {
                if names.contains(name) {
                    return Err("two parameters have one name");
                }
                names.push(name.clone());
            }
            [(a, _), (b, _), (c, _)]
                if [a, b, c].iter().all(|token| token.kind == TokenKind::Dot) =>
            {
                names.push(Arc::from("__VA_ARGS__"));
            }
            _ => return Err("parameters are names separated by commas"),
        }
    }
    Ok(names)
}
