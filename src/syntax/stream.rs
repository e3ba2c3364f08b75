//! The words of a program across its files: includes are spliced in and macros expanded before the parser looks.

use super::codes;
use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::lexer::{Lexer, string_value};
use super::preprocess::{Conditional, DOMAIN_SIZE, MacroTable, WORD_BITS, Word};
use super::source::{FileId, SourceMap, Span};
use super::source_files::{MAX_FILES, SourceFiles};
use super::token::{DirectiveWord, Token, TokenKind};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files within each other.
const MAX_INCLUDE_DEPTH: usize = 200;

/// Gives the parser one word after the other.
pub struct TokenStream<'a> {
    pub sources: &'a mut SourceMap,
    pub findings: &'a mut Findings,
    files: &'a mut SourceFiles,
    /// Leave `.include` and `.once` to the parser instead of obeying them.
    keeps_includes: bool,
    /// Files being read, the outermost first; never empty.
    open: Vec<OpenFile>,
    /// Words that come before the next one of the file: what macros stand for.
    pub(super) pending: VecDeque<Word>,
    pub(super) macros: MacroTable,
    /// What `-M` defines, in force at the beginning of every file.
    predefined: MacroTable,
    pub(super) expanded_words: u64,
}

struct OpenFile {
    lexer: Lexer,
    /// Canonical; absent for text that came from no file.
    path: Option<PathBuf>,
    conditionals: Vec<Conditional>,
    /// Where it was included.
    included_at: Option<Span>,
    /// The macros of the includer, if this file has its own.
    outer_macros: Option<MacroTable>,
}

impl<'a> TokenStream<'a> {
    pub fn new(
        file: FileId,
        path: Option<PathBuf>,
        sources: &'a mut SourceMap,
        findings: &'a mut Findings,
        files: &'a mut SourceFiles,
    ) -> TokenStream<'a> {
        let lexer = Lexer::new(file, sources.file(file).shared_text());
        let definitions = files.macros.clone();
        let mut stream = TokenStream {
            sources,
            findings,
            files,
            keeps_includes: false,
            open: vec![OpenFile {
                lexer,
                path,
                conditionals: Vec::new(),
                included_at: None,
                outer_macros: None,
            }],
            pending: VecDeque::new(),
            macros: MacroTable::default(),
            predefined: MacroTable::default(),
            expanded_words: 0,
        };
        for definition in definitions.iter().flat_map(|list| list.split_whitespace()) {
            stream.define_from_option(definition);
        }
        stream.predefined = stream.macros.clone();
        stream
    }

    /// Leaves `.include` and `.once` in the program as items.
    pub fn keeping_includes(mut self) -> TokenStream<'a> {
        self.keeps_includes = true;
        self
    }

    /// The next word of the program; [`TokenKind::End`] again and again at its end.
    pub fn next(&mut self) -> Token {
        loop {
            if self.findings.exhausted() {
                return self.end();
            }
            let word = self.next_unexpanded();
            match word.token.kind {
                TokenKind::Ident | TokenKind::Keyword(_) => {
                    if let Some(token) = self.identifier(word) {
                        return token;
                    }
                }
                TokenKind::Directive(DirectiveWord::Include) if !self.keeps_includes => {
                    self.include(word.token)
                }
                TokenKind::Directive(DirectiveWord::Once) if !self.keeps_includes => self.once(),
                TokenKind::End if self.open.len() > 1 => self.leave_file(),
                TokenKind::End => {
                    self.report_open_conditionals();
                    return word.token;
                }
                _ => return word.token,
            }
        }
    }

    /// Nothing if the word was a macro, whose words now come next.
    fn identifier(&mut self, word: Word) -> Option<Token> {
        let text = self.text(&word.token);
        if text.starts_with("__") || text == DOMAIN_SIZE {
            match text {
                "__FILE__" => {
                    return Some(self.respelled(word.token, TokenKind::Text, |stream, at| {
                        quote(&stream.sources.line(at.file, at.start).0)
                    }));
                }
                "__LINE__" => {
                    return Some(
                        self.respelled(word.token, TokenKind::Integer, |stream, at| {
                            stream.sources.line(at.file, at.start).1.to_string()
                        }),
                    );
                }
                "__INCL__" => {
                    return Some(self.respelled(word.token, TokenKind::Text, |stream, _| {
                        quote(&stream.include_stack())
                    }));
                }
                DOMAIN_SIZE if self.macros.get(text).is_none() => {
                    return Some(
                        self.respelled(word.token, TokenKind::Integer, |_, _| {
                            WORD_BITS.to_string()
                        }),
                    );
                }
                _ => {}
            }
        }
        if self.macros.is_empty() {
            return Some(word.token);
        }
        self.expand_in_program(word).map(|word| word.token)
    }

    fn respelled(
        &self,
        mut token: Token,
        kind: TokenKind,
        spell: impl Fn(&Self, Span) -> String,
    ) -> Token {
        token.spelling = Some(Arc::from(spell(self, token.span)));
        token.kind = kind;
        token
    }

    /// `outer.dl:3:1;inner.dl:7:1`: where the files being read were included.
    fn include_stack(&self) -> String {
        let places: Vec<String> = self
            .open
            .iter()
            .filter_map(|file| Some(self.sources.locate(file.included_at?).to_string()))
            .collect();
        places.join(";")
    }

    /// The next word as written, `#` lines obeyed; the end of the file being read, not of the program.
    pub(super) fn next_unexpanded(&mut self) -> Word {
        loop {
            if self.findings.exhausted() {
                return Word::fresh(self.end(), false);
            }
            if let Some(word) = self.pending.pop_front() {
                return word;
            }
            let before = self.lexer().position();
            let token = self.next_raw();
            match token.kind {
                TokenKind::Hash => self.hash_line(token),
                TokenKind::HashEnd => {}
                _ => {
                    let spaced = token.span.start > before;
                    return Word::fresh(token, spaced);
                }
            }
        }
    }

    pub(super) fn next_raw(&mut self) -> Token {
        let innermost = self.open.len() - 1;
        self.open[innermost].lexer.next(self.findings)
    }

    pub(super) fn lexer(&self) -> &Lexer {
        &self.open[self.open.len() - 1].lexer
    }

    pub(super) fn lexer_mut(&mut self) -> &mut Lexer {
        let innermost = self.open.len() - 1;
        &mut self.open[innermost].lexer
    }

    pub(super) fn conditionals(&mut self) -> &mut Vec<Conditional> {
        let innermost = self.open.len() - 1;
        &mut self.open[innermost].conditionals
    }

    pub(super) fn here(&self) -> Span {
        let lexer = self.lexer();
        Span::new(lexer.file(), lexer.position(), lexer.position())
    }

    fn end(&self) -> Token {
        Token {
            kind: TokenKind::End,
            span: self.here(),
            starts_line: true,
            spelling: Some(Arc::from("")),
        }
    }

    /// What a word says.
    pub fn text<'t>(&'t self, token: &'t Token) -> &'t str {
        match &token.spelling {
            Some(spelling) => spelling,
            None => self.sources.slice(token.span),
        }
    }

    // Files.

    fn include(&mut self, directive: Token) {
        let path = self.next_unexpanded();
        if path.token.kind != TokenKind::Text {
            self.findings.report(
                Diagnostic::error(
                    codes::UNEXPECTED_TOKEN,
                    "syntax error: expected a file name after `.include`",
                )
                .at(directive.span, "which file?")
                .help("write `.include \"file.dl\"`"),
            );
            if path.token.starts_line {
                self.pending.push_front(path);
            }
            return;
        }
        let name = string_value(self.text(&path.token));
        self.include_file(&name, directive.span.to(path.token.span), false);
    }

    /// Reads a file next. With `shares_macros` it sees the macros of this one and hands its own back.
    pub(super) fn include_file(&mut self, name: &str, at: Span, shares_macros: bool) {
        let directory = self.including_directory();
        let found = match self.files.find(name, directory.as_deref(), at) {
            Ok(found) => found,
            Err(diagnostic) => return self.findings.report(*diagnostic),
        };
        let cyclic = self
            .open
            .iter()
            .any(|open| open.path.as_ref() == Some(&found.canonical));
        let guarded = shares_macros || self.files.is_once(&found.canonical);
        if cyclic && !guarded {
            return self.findings.report(self.cycle(&found.canonical, at));
        }
        if self.open.len() >= MAX_INCLUDE_DEPTH {
            let diagnostic = if cyclic {
                self.cycle(&found.canonical, at)
            } else {
                Diagnostic::error(
                    codes::INCLUDE_LIMIT,
                    format!("files are included more than {MAX_INCLUDE_DEPTH} levels deep"),
                )
                .at(at, "here the limit is passed")
            };
            return self.findings.halt(diagnostic);
        }
        let file = match self.files.open(&found, Some(at), self.sources) {
            Ok(file) => file,
            Err(diagnostic) => return self.findings.report(*diagnostic),
        };
        if !self
            .files
            .count_include(self.sources.file(file).text().len())
        {
            return self.findings.halt(
                Diagnostic::error(
                    codes::INCLUDE_LIMIT,
                    format!("more than {MAX_FILES} files are included, or files again and again"),
                )
                .at(at, "here the limit is passed")
                .help("begin a file with `.once` to have it read once only"),
            );
        }
        let own = self.predefined.clone();
        self.open.push(OpenFile {
            lexer: Lexer::new(file, self.sources.file(file).shared_text()),
            path: Some(found.canonical),
            conditionals: Vec::new(),
            included_at: Some(at),
            outer_macros: (!shares_macros).then(|| std::mem::replace(&mut self.macros, own)),
        });
    }

    fn including_directory(&self) -> Option<PathBuf> {
        let lexer = self.lexer();
        self.open[self.open.len() - 1].path.as_ref()?;
        Path::new(self.sources.file(lexer.file()).name())
            .parent()
            .map(Path::to_path_buf)
    }

    fn cycle(&self, again: &Path, at: Span) -> Diagnostic {
        let name = |open: &OpenFile| self.sources.file(open.lexer.file()).name().to_string();
        let first = self
            .open
            .iter()
            .position(|open| open.path.as_deref() == Some(again))
            .unwrap_or(0);
        let mut cycle: Vec<String> = self.open[first..].iter().map(name).collect();
        cycle.dedup();
        cycle.truncate(8);
        cycle.push(name(&self.open[first]));
        let mut diagnostic = Diagnostic::error(codes::INCLUDE_CYCLE, "a file includes itself")
            .at(at, "included again here")
            .note(format!("the cycle: {}", cycle.join(" -> ")))
            .help("begin the file with `.once`, or include it from one place only");
        if let Some(before) = self.open.get(first + 1).and_then(|open| open.included_at)
            && before != at
        {
            diagnostic = diagnostic.at(before, "the cycle begins here");
        }
        diagnostic
    }

    /// `.once`: from the second time on, the rest of this file is left out.
    pub(super) fn once(&mut self) {
        let innermost = self.open.len() - 1;
        let Some(path) = self.open[innermost].path.clone() else {
            return;
        };
        if self.files.enter_once(path) {
            return;
        }
        self.conditionals().clear();
        if innermost > 0 {
            self.leave_file();
        } else {
            self.lexer_mut().skip_to_end();
        }
    }

    fn leave_file(&mut self) {
        self.report_open_conditionals();
        if self.open.len() > 1
            && let Some(left) = self.open.pop()
            && let Some(macros) = left.outer_macros
        {
            self.macros = macros;
        }
    }

    fn report_open_conditionals(&mut self) {
        let open: Vec<Diagnostic> = self
            .conditionals()
            .drain(..)
            .map(|open| open.unterminated())
            .collect();
        open.into_iter()
            .for_each(|diagnostic| self.findings.report(diagnostic));
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
