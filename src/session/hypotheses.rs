//! The hypotheses of a case, by name.

use super::case::files_of;
use super::error::Error;
use super::loaded::Session;
use super::program::load_options;
use super::typed::parse_body;
use crate::analysis::findings::{closest, path_text};
use crate::hypothesis::Overlay;
use crate::syntax::ast::{Expr, FormulaKind, Hypothesis, ItemKind};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::load as load_files;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the hypotheses of a case lie, below its directory.
const FOLDER: &str = "rules/hypotheses";

/// Hypotheses that were read from files of their own. One file that cannot be read does not take the others away.
#[derive(Default)]
pub(super) struct Library {
    read: bool,
    known: Vec<Arc<Hypothesis>>,
    wrong: Vec<Diagnostic>,
}

/// A hypothesis in a list.
#[derive(Clone, Debug, Serialize)]
pub struct HypothesisLine {
    /// As in `contractor(F, A)`.
    pub name: String,
    pub title: Option<String>,
    pub goals: Vec<String>,
    /// Facts it assumes.
    pub assumes: usize,
    /// Things it withdraws.
    pub withdraws: usize,
    pub rules: usize,
    /// `file:line:column`
    pub at: String,
}

impl Session {
    /// A hypothesis by its name, with constants for its parameters: `contractor("x-firm")`.
    pub fn hypothesis(&mut self, called: &str) -> Result<Overlay, Error> {
        let (name, arguments) = self.called(called)?;
        self.read_library();
        let known = self.known_hypotheses();
        let of_name: Vec<_> = known.iter().filter(|one| *one.name.text == *name).collect();
        let overlay = match of_name.as_slice() {
            [only] => Overlay::of(only, &arguments).map_err(|wrong| vec![*wrong]),
            [] => {
                let mut wrong = self.library.wrong.clone();
                let mut missing = Diagnostic::error("D076", format!("no hypothesis `{name}`"));
                let names = known.iter().map(|one| &*one.name.text);
                missing = match closest(&name, names) {
                    Some(near) => missing.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => missing.help(format!(
                        "hypotheses are read from `{FOLDER}/*.dl`, and from rule files"
                    )),
                    None => {
                        let names: Vec<&str> = known.iter().map(|one| &*one.name.text).collect();
                        missing.help(format!("there are {}", names.join(", ")))
                    }
                };
                wrong.push(missing);
                Err(wrong)
            }
            [first, others @ ..] => {
                let mut wrong =
                    Diagnostic::error("D077", format!("two hypotheses are called `{name}`"))
                        .at(first.name.span, "one is here");
                for other in others {
                    wrong = wrong.at(other.name.span, "another is here");
                }
                Err(vec![wrong.help("give each a name of its own")])
            }
        };
        let overlay = overlay.map_err(|wrong| self.rejected(wrong))?;
        self.completed(overlay)
    }

    /// Whether a text is the name of a hypothesis, with arguments or without, rather than an atom.
    pub(super) fn is_hypothesis(&mut self, text: &str) -> bool {
        self.read_library();
        let name = text.split('(').next().unwrap_or_default().trim();
        let known = self.known_hypotheses();
        known.iter().any(|one| *one.name.text == *name) || !text.contains('(')
    }

    /// All hypotheses of the case, by name.
    pub fn hypotheses(&mut self) -> Vec<HypothesisLine> {
        self.read_library();
        let mut lines: Vec<HypothesisLine> = self
            .known_hypotheses()
            .iter()
            .map(|one| self.hypothesis_line(one))
            .collect();
        lines.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
        lines
    }

    /// What is wrong with files of hypotheses.
    pub fn hypothesis_findings(&mut self) -> super::error::Findings {
        self.read_library();
        super::error::Findings::new(self.library.wrong.clone(), &self.sources)
    }

    /// Reads the hypotheses of one more file; none of them where one is taken or could not be entered.
    pub fn load_hypotheses(&mut self, file: &Path) -> Result<Vec<HypothesisLine>, Error> {
        self.read_library();
        let path = self.spec.resolve(file);
        let read = self.read_hypotheses(&path);
        let read = read.map_err(|wrong| self.rejected(wrong))?;
        let mut wrong = Vec::new();
        for one in &read {
            let known = self.known_hypotheses();
            if let Some(first) = known.iter().find(|known| known.name.text == one.name.text) {
                let taken = format!("there is a hypothesis `{}` already", one.name.text);
                wrong.push(
                    Diagnostic::error("D077", taken)
                        .at(one.name.span, "here")
                        .at(first.name.span, "the first is here"),
                );
            }
        }
        if !wrong.is_empty() {
            return Err(self.rejected(wrong));
        }
        let lines: Vec<_> = read.iter().map(|one| self.hypothesis_line(one)).collect();
        let known = self.library.known.len();
        self.library.known.extend(read);
        let wrong: Vec<Diagnostic> = lines
            .iter()
            .flat_map(|line| self.wrong_with(line))
            .filter(Diagnostic::is_error)
            .collect();
        if !wrong.is_empty() {
            self.library.known.truncate(known);
            return Err(self.rejected(wrong));
        }
        Ok(lines)
    }

    fn hypothesis_line(&self, one: &Hypothesis) -> HypothesisLine {
        use crate::syntax::ast::HypothesisEntry::{Assume, Goal, Rule, Withdraw};
        let name = match one.parameters.is_empty() {
            true => one.name.text.to_string(),
            false => {
                let parameters: Vec<&str> = one.parameters.iter().map(|name| &*name.text).collect();
                format!("{}({})", one.name.text, parameters.join(", "))
            }
        };
        let count = |of: fn(&crate::syntax::ast::HypothesisEntry) -> bool| {
            one.entries.iter().filter(|entry| of(entry)).count()
        };
        HypothesisLine {
            name,
            title: one.title.as_ref().map(|title| title.value.to_string()),
            goals: one
                .entries
                .iter()
                .filter_map(|entry| match entry {
                    Goal(atom) => Some(atom.to_string()),
                    _ => None,
                })
                .collect(),
            assumes: count(|entry| matches!(entry, Assume(_))),
            withdraws: count(|entry| matches!(entry, Withdraw(_))),
            rules: count(|entry| matches!(entry, Rule(_))),
            at: self.sources.locate(one.name.span).to_string(),
        }
    }

    /// `contractor("x-firm")`, or a name alone.
    fn called(&mut self, text: &str) -> Result<(String, Vec<Expr>), Error> {
        let text = text.trim();
        if !text.contains('(') {
            return Ok((text.to_owned(), Vec::new()));
        }
        let name = self.name_text();
        let body = parse_body(&name, text, &mut self.sources)?;
        match body.kind {
            FormulaKind::Atom(atom) => Ok((path_text(&atom.relation).to_string(), atom.args)),
            _ => Err(self.rejected(vec![
                Diagnostic::error("D076", "not the name of a hypothesis")
                    .at(
                        body.span,
                        "a name, with constants for its parameters if it has any",
                    )
                    .help("as in `contractor(\"x-firm\")`"),
            ])),
        }
    }

    /// Those in the rules first.
    fn known_hypotheses(&self) -> Vec<Arc<Hypothesis>> {
        let in_rules = self.program.checked.hypotheses().iter();
        in_rules.chain(&self.library.known).cloned().collect()
    }

    fn read_library(&mut self) {
        if std::mem::replace(&mut self.library.read, true) {
            return;
        }
        for file in self.hypothesis_files() {
            match self.read_hypotheses(&file) {
                Ok(read) => self.library.known.extend(read),
                Err(wrong) => self.library.wrong.extend(wrong),
            }
        }
    }

    /// Of a case in a directory, none of a program given by name.
    fn hypothesis_files(&self) -> Vec<PathBuf> {
        if self.spec.text.is_some() || !self.spec.programs.is_empty() {
            return Vec::new();
        }
        files_of(&self.spec.resolve(Path::new(FOLDER)), "dl").unwrap_or_default()
    }

    fn read_hypotheses(&mut self, file: &Path) -> Result<Vec<Arc<Hypothesis>>, Vec<Diagnostic>> {
        let options = load_options(&self.spec);
        let (program, mut wrong) = load_files(&[file.to_path_buf()], &options, &mut self.sources);
        wrong.retain(Diagnostic::is_error);
        let mut read = Vec::new();
        for item in program.items {
            match item.kind {
                ItemKind::Hypothesis(hypothesis) => read.push(Arc::from(hypothesis)),
                _ => wrong.push(
                    Diagnostic::error("D078", "a file of hypotheses holds nothing else")
                        .at(item.span, "outside of `.hypothesis name { … }`")
                        .help("move it into the hypothesis it is for, or into a rule file"),
                ),
            }
        }
        match wrong.is_empty() {
            true => Ok(read),
            false => Err(wrong),
        }
    }
}
