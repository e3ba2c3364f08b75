//! What rustyline asks while a line is typed: completions, a hint, colours, and whether the line is complete.

use super::context::open_argument;
use super::line::{Takes, VERBS, Verb};
use super::scan::{Piece, PieceKind, is_complete, pieces};
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
            Ok(
                Takes::Fact
                | Takes::MaybeFact
                | Takes::MaybeFacts
                | Takes::MaybeBody
                | Takes::Clause
                | Takes::Changes,
            ) => self.clause(before, at),
            Ok(Takes::Withdrawal) => self.withdrawal(before, at),
            Ok(Takes::Hypothesis) => self.hypothesis(before, at),
            Ok(Takes::Hypotheses | Takes::MaybeHypotheses) => {
                let last = argument.rsplit([' ', ',']).next().unwrap_or_default();
                self.hypotheses_with(before, last)
            }
            Ok(Takes::File | Takes::MaybeFiles) => self
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
            Ok(Takes::Thing) => (at, self.things_with(argument)),
            Ok(Takes::Nothing | Takes::Lens | Takes::Saving) | Err(_) => (before.len(), Vec::new()),
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
                let prefix = typed.strip_prefix('"').unwrap_or(typed);
                let session = self.session.borrow();
                let (relation, position) = (argument.relation, argument.position);
                let constants = session.constants(relation, position, prefix, MOST);
                found.extend(constants.into_iter().map(same));
                found
            }
            None if typed.starts_with('"') => {
                let symbols = self.session.borrow().symbols(&typed[1..], MOST);
                symbols.into_iter().map(same).collect()
            }
            None => self.relations_with(typed, "("),
        };
        (from + start, found)
    }

    /// `source x-rep`, `rules fro`, or a fact.
    fn withdrawal(&self, before: &str, at: usize) -> (usize, Vec<Pair>) {
        let argument = &before[at..];
        let Some((word, name)) = argument.split_once(' ') else {
            let (from, mut found) = self.clause(before, at);
            found.extend(words_with(
                &["source ", "claim ", "rule ", "rules "],
                argument,
            ));
            return (from, found);
        };
        let from = before.len() - name.len();
        match word {
            "source" | "claim" => (from, self.things_with(name)),
            "rule" | "rules" => {
                let files = self.session.borrow().rule_file_names(name);
                (from, files.into_iter().map(same).collect())
            }
            _ => self.clause(before, at),
        }
    }

    /// `enter contr`, `load rules/hyp`.
    fn hypothesis(&self, before: &str, at: usize) -> (usize, Vec<Pair>) {
        let argument = &before[at..];
        let Some((word, name)) = argument.split_once(' ') else {
            let words = ["list", "load ", "enter ", "leave", "diff"];
            return (at, words_with(&words, argument));
        };
        match word {
            "enter" => self.hypotheses_with(before, name),
            "load" => self
                .files
                .complete_path(before, before.len())
                .unwrap_or((before.len(), Vec::new())),
            _ => (before.len(), Vec::new()),
        }
    }

    /// Hypotheses whose names begin as the text ends.
    fn hypotheses_with(&self, before: &str, name: &str) -> (usize, Vec<Pair>) {
        let lines = self.session.borrow_mut().hypotheses();
        let names = lines.into_iter().map(|line| line.name);
        let found = names.filter(|known| known.starts_with(name)).map(same);
        (before.len() - name.len(), found.collect())
    }

    /// Claims and sources.
    fn things_with(&self, prefix: &str) -> Vec<Pair> {
        let session = self.session.borrow();
        let found = session.claim_or_source_ids(prefix, MOST);
        found.into_iter().map(same).collect()
    }

    fn relations_with(&self, prefix: &str, then: &str) -> Vec<Pair> {
        let session = self.session.borrow();
        let found = session.signatures(prefix).into_iter();
        found
            .map(|signature| Pair {
                display: signature.to_string(),
                replacement: format!("{}{then}", signature.name),
            })
            .collect()
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

    /// The attributes still to come.
    fn signature_hint(&self, line: &str) -> Option<String> {
        let trimmed = line.trim_start();
        let pieces = pieces(trimmed);
        if pieces.last()?.kind == (PieceKind::Text { closed: false }) {
            return None;
        }
        let argument = open_argument(trimmed, &pieces)?;
        let signature = self.session.borrow().signature(argument.relation)?;
        let next = argument.position + usize::from(argument.begun);
        let rest = signature.attributes.get(next..).unwrap_or_default();
        let lead = match argument.begun && !rest.is_empty() {
            true => ", ",
            false => "",
        };
        Some(format!("{lead}{})", rest.join(", ")))
    }
}

fn words_with(words: &[&str], prefix: &str) -> Vec<Pair> {
    let found = words.iter().filter(|word| word.starts_with(prefix));
    found.map(|word| same((*word).to_owned())).collect()
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
                PieceKind::Word if called && session.signature(text).is_some() => {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = r#"
        .decl edge(from: symbol, to: symbol)
        .decl weight(from: symbol, grams: number)
        edge("x-a", "x-b"). edge("x-b", "x \"c\""). weight("y", 1).
    "#;

    fn helper() -> CaseHelper {
        let session = Session::from_rules(PROGRAM).unwrap();
        CaseHelper::new(Rc::new(RefCell::new(session)), Palette::PLAIN)
    }

    fn check(line: &str, start: usize, expected: &[&str]) {
        let (at, found) = helper().candidates(line);
        let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
        assert_eq!((at, found.as_slice()), (start, expected), "{line:?}");
    }

    #[test]
    fn relations_are_completed_where_an_atom_may_begin() {
        check("", 0, &["edge(", "weight("]);
        check("ed", 0, &["edge("]);
        check("edge(X, Y), !w", 13, &["weight("]);
        check("?- e", 3, &["edge("]);
        check("nothing", 0, &[]);
    }

    #[test]
    fn constants_are_those_of_the_column() {
        check("edge(", 5, &["\"x-a\"", "\"x-b\""]);
        check("edge(\"x-a\", \"x", 12, &["\"x \\\"c\\\"\"", "\"x-b\""]);
        check("weight(\"y", 7, &["\"y\""]);
        check("weight(\"y\", ", 12, &[]);
    }

    #[test]
    fn variables_of_the_clause_are_completed() {
        check("edge(From, To), weight(Fr", 23, &["From"]);
    }

    #[test]
    fn commands_and_their_arguments_are_completed() {
        check(":sch", 1, &["schema "]);
        check(":rel", 1, &["relations", "reload"]);
        check(":withdraw so", 10, &["source "]);
        check(":hyp l", 5, &["list", "load ", "leave"]);
        check(":schema ed", 8, &["edge"]);
        check(":why edge(\"x-a", 10, &["\"x-a\""]);
        check(":time o", 6, &["on", "off"]);
        check(":help co", 6, &["corroboration ", "compare ", "count "]);
        check(":quit x", 7, &[]);
    }

    #[test]
    fn a_hint_shows_the_attributes_to_come() {
        let hint = |line: &str| helper().signature_hint(line);
        assert_eq!(hint("edge("), Some("from, to)".to_owned()));
        assert_eq!(hint("edge(X"), Some(", to)".to_owned()));
        assert_eq!(hint("edge(X, "), Some("to)".to_owned()));
        assert_eq!(hint("edge(X, Y"), Some(")".to_owned()));
        for line in ["", "edge", "edge(\"x", "nothing(", "edge(X, Y)"] {
            assert_eq!(hint(line), None, "{line:?}");
        }
    }
}
