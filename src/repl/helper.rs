//! What rustyline asks while a line is typed: completions, a hint, colours, and whether the line is complete.

use super::context::open_argument;
use super::line::{Takes, VERBS, Verb};
use super::scan::{Piece, PieceKind, is_complete, pieces};
use crate::analysis::checked::{Relation, RelationId, ValueType};
use crate::cli::style::Palette;
use crate::session::Session;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Candidates shown at most; more help nobody.
const MOST: usize = 200;
/// Rows and symbols looked through at most while a person waits for a key.
const MOST_LOOKED_AT: usize = 2_000_000;

/// Knows the session that is being talked to. Borrows it only while a line is typed.
pub struct CaseHelper {
    session: Rc<RefCell<Session>>,
    files: FilenameCompleter,
    palette: Palette,
}

impl CaseHelper {
    pub fn new(session: Rc<RefCell<Session>>, palette: Palette) -> CaseHelper {
        CaseHelper {
            session,
            files: FilenameCompleter::new(),
            palette,
        }
    }

    /// Where the replaced text begins, and what may stand there.
    fn candidates(&self, before: &str) -> (usize, Vec<Pair>) {
        let indent = before.len() - before.trim_start().len();
        let trimmed = &before[indent..];
        match trimmed.strip_prefix(':') {
            Some(command) if !command.starts_with('-') => self.command(before, indent + 1, command),
            _ => self.clause(before, 0),
        }
    }

    fn command(&self, before: &str, start: usize, command: &str) -> (usize, Vec<Pair>) {
        let Some((name, argument)) = command.split_once(char::is_whitespace) else {
            return (start, verbs_with(command));
        };
        let at = before.len() - argument.trim_start().len();
        let argument = &before[at..];
        match Verb::find(name).map(|verb| verb.takes) {
            Ok(Takes::Relation | Takes::MaybeRelation) => (at, self.relations_with(argument, "")),
            Ok(Takes::Fact | Takes::MaybeBody) => self.clause(before, at),
            Ok(Takes::File) => self
                .files
                .complete_path(before, before.len())
                .unwrap_or((before.len(), Vec::new())),
            Ok(Takes::Verb) => (at, verbs_with(argument)),
            Ok(Takes::OnOff) => (
                at,
                ["on", "off"]
                    .into_iter()
                    .filter(|word| word.starts_with(argument))
                    .map(|word| same(word.to_owned()))
                    .collect(),
            ),
            Ok(Takes::Nothing) | Err(_) => (before.len(), Vec::new()),
        }
    }

    /// `from`: where the clause begins in the line.
    fn clause(&self, before: &str, from: usize) -> (usize, Vec<Pair>) {
        let text = &before[from..];
        let pieces = pieces(text);
        let last = pieces.last().filter(|piece| {
            matches!(
                piece.kind,
                PieceKind::Word | PieceKind::Text { closed: false }
            )
        });
        let start = last.map_or(text.len(), |piece| piece.range.start);
        let typed = &text[start..];
        let done = &pieces[..pieces.len() - usize::from(last.is_some())];
        let found = match open_argument(text, done) {
            Some(argument) => {
                let mut found = self.variables_with(typed, text, done);
                found.extend(self.constants_with(typed, argument.relation, argument.position));
                found
            }
            None if typed.starts_with('"') => self.symbols_with(&typed[1..]),
            None => self.relations_with(typed, "("),
        };
        (from + start, found)
    }

    fn relations_with(&self, prefix: &str, then: &str) -> Vec<Pair> {
        let session = self.session.borrow();
        let mut found: Vec<Pair> = session
            .program()
            .relations()
            .filter(|(_, relation)| relation.name.starts_with(prefix))
            .map(|(_, relation)| Pair {
                display: signature(relation),
                replacement: format!("{}{then}", relation.name),
            })
            .collect();
        found.sort_by(|a, b| a.display.cmp(&b.display));
        found
    }

    /// Variables the clause already has.
    fn variables_with(&self, prefix: &str, text: &str, pieces: &[Piece]) -> Vec<Pair> {
        if prefix.is_empty() || prefix.starts_with('"') {
            return Vec::new();
        }
        let names: BTreeSet<&str> = pieces
            .iter()
            .enumerate()
            .filter(|(at, piece)| {
                let called = pieces
                    .get(at + 1)
                    .is_some_and(|next| next.kind == PieceKind::Open);
                piece.kind == PieceKind::Word && !called
            })
            .map(|(_, piece)| &text[piece.range.clone()])
            .filter(|name| name.starts_with(prefix) && *name != "_")
            .collect();
        names
            .into_iter()
            .map(|name| same(name.to_owned()))
            .collect()
    }

    /// Constants that stand at this place of the relation.
    fn constants_with(&self, typed: &str, relation: &str, position: usize) -> Vec<Pair> {
        let prefix = typed.strip_prefix('"').unwrap_or(typed);
        let session = self.session.borrow();
        let program = session.program();
        let Some(id) = program.relation_named(relation) else {
            return Vec::new();
        };
        let is_symbol = program[id]
            .attributes
            .get(position)
            .is_some_and(|attribute| attribute.ty == ValueType::Symbol);
        match is_symbol {
            true if session.database().len(id) <= MOST_LOOKED_AT => {
                constants(&session, id, position, prefix)
            }
            true => self.symbols_with(prefix),
            false => Vec::new(),
        }
    }

    /// Any symbol of the case.
    fn symbols_with(&self, prefix: &str) -> Vec<Pair> {
        let session = self.session.borrow();
        let dictionary = session.dictionary();
        let known = dictionary.symbol_count().min(MOST_LOOKED_AT) as u32;
        let texts: BTreeSet<&str> = (0..known)
            .map(|code| dictionary.text(crate::storage::Code(code)))
            .filter(|text| text.starts_with(prefix))
            .take(MOST)
            .collect();
        texts.into_iter().map(|text| same(quoted(text))).collect()
    }

    fn signature_hint(&self, line: &str) -> Option<String> {
        let trimmed = line.trim_start();
        let pieces = pieces(trimmed);
        let argument = open_argument(trimmed, &pieces)?;
        let session = self.session.borrow();
        let program = session.program();
        let relation = &program[program.relation_named(argument.relation)?];
        let rest: Vec<&str> = relation
            .attributes
            .iter()
            .skip(argument.position + usize::from(argument.begun))
            .map(|attribute| &*attribute.name)
            .collect();
        if pieces.last()?.kind == (PieceKind::Text { closed: false }) {
            return None;
        }
        let lead = if argument.begun && !rest.is_empty() {
            ", "
        } else {
            ""
        };
        Some(format!("{lead}{})", rest.join(", ")))
    }
}

fn constants(session: &Session, id: RelationId, position: usize, prefix: &str) -> Vec<Pair> {
    let rows = session.database().rows(id);
    let dictionary = session.dictionary();
    let mut codes = rows.column(position).to_vec();
    codes.sort_unstable();
    codes.dedup();
    let texts: BTreeSet<&str> = codes
        .into_iter()
        .map(|code| dictionary.text(code))
        .filter(|text| text.starts_with(prefix))
        .take(MOST)
        .collect();
    texts.into_iter().map(|text| same(quoted(text))).collect()
}

fn verbs_with(prefix: &str) -> Vec<Pair> {
    VERBS
        .iter()
        .filter(|verb| verb.name.starts_with(prefix))
        .map(|verb| Pair {
            display: verb.usage(),
            replacement: match verb.takes {
                Takes::Nothing => verb.name.to_owned(),
                _ => format!("{} ", verb.name),
            },
        })
        .collect()
}

fn same(text: String) -> Pair {
    Pair {
        display: text.clone(),
        replacement: text,
    }
}

fn signature(relation: &Relation) -> String {
    let names: Vec<&str> = relation.attributes.iter().map(|a| &*a.name).collect();
    format!("{}({})", relation.name, names.join(", "))
}

/// A symbol as one types it.
fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

impl Completer for CaseHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.candidates(line.get(..pos).unwrap_or(line)))
    }
}

/// The attributes still to come: to be read, not to be accepted.
pub struct SignatureHint(String);

impl Hint for SignatureHint {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for CaseHelper {
    type Hint = SignatureHint;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<SignatureHint> {
        if pos < line.len() {
            return None;
        }
        self.signature_hint(line).map(SignatureHint)
    }
}

impl Highlighter for CaseHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.palette.enabled() || line.is_empty() {
            return Cow::Borrowed(line);
        }
        let session = self.session.borrow();
        let mut painted = String::with_capacity(line.len() * 2);
        let mut rest = line;
        // The verb of a command, which is no clause.
        if line.starts_with(':') && !line.starts_with(":-") {
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            painted.push_str(&self.palette.keyword(&line[..end]));
            rest = &line[end..];
        }
        let pieces = pieces(rest);
        for (at, piece) in pieces.iter().enumerate() {
            let text = &rest[piece.range.clone()];
            let called = pieces
                .get(at + 1)
                .is_some_and(|next| next.kind == PieceKind::Open);
            let shown = match piece.kind {
                PieceKind::Word if called && session.program().relation_named(text).is_some() => {
                    self.palette.relation(text)
                }
                PieceKind::Text { .. } | PieceKind::Number => self.palette.constant(text),
                PieceKind::Comment => self.palette.quiet(text),
                PieceKind::Directive | PieceKind::If | PieceKind::Ask => self.palette.keyword(text),
                _ => text.to_owned(),
            };
            painted.push_str(&shown);
        }
        Cow::Owned(painted)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(self.palette.heading(prompt))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(self.palette.quiet(hint))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

impl Validator for CaseHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Helper for CaseHelper {}
