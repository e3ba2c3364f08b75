//! The program of a session: its tree, and what the checker made of it.

use super::case::CaseSpec;
use super::error::Findings;
use super::texts::Texts;
use crate::analysis;
use crate::analysis::checked::{CheckedProgram, RuleId};
use crate::syntax::ast::{self, Item, ItemKind};
use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::source::{SourceMap, Span};
use crate::syntax::{LoadOptions, load as load_files, parse_text};
use rustc_hash::FxHashSet;
use std::path::PathBuf;
use std::sync::Arc;

/// A program that was checked, beside the tree it came from.
#[derive(Clone, Default)]
pub(super) struct Program {
    pub tree: Arc<ast::Program>,
    pub checked: Arc<CheckedProgram>,
    pub warnings: Vec<Diagnostic>,
    /// Those of `checked`.
    pub texts: Texts,
}

/// Rules that were read and are not checked yet.
pub(super) struct Unchecked {
    pub tree: Arc<ast::Program>,
    warnings: Vec<Diagnostic>,
}

/// Reads and checks the rules of a case, and files added to it, as one program.
///
/// Syntax errors of all files come first: a program with holes would be blamed for what is in the holes.
pub(super) fn load(
    spec: &CaseSpec,
    added: &[PathBuf],
    sources: &mut SourceMap,
) -> Result<Program, Findings> {
    parse(spec, added, sources)?.check(spec, sources)
}

/// The first half of [`load`].
pub(super) fn parse(
    spec: &CaseSpec,
    added: &[PathBuf],
    sources: &mut SourceMap,
) -> Result<Unchecked, Findings> {
    let (mut tree, mut found) = match &spec.text {
        Some(text) => parse_text("rules", text, sources),
        None => {
            let files = spec
                .rule_files()
                .map_err(|wrong| Findings::new(vec![wrong], sources))?;
            load_files(&files, &load_options(spec), sources)
        }
    };
    let (more, found_there) = load_files(added, &load_options(spec), sources);
    append(&mut tree, more);
    found.extend(found_there);
    Unchecked::of(tree, found, spec, sources)
}

pub(super) fn check_options(spec: &CaseSpec) -> analysis::Options {
    analysis::Options {
        silenced: spec.silenced.clone(),
        word_bits: spec.word_bits(),
        strict: spec.strict,
        ..analysis::Options::default()
    }
}

pub(super) fn load_options(spec: &CaseSpec) -> LoadOptions {
    LoadOptions {
        include_dirs: spec
            .include_dirs
            .iter()
            .map(|dir| spec.resolve(dir))
            .collect(),
        macros: spec.word_size_macro().chain(spec.macros.clone()).collect(),
    }
}

fn append(tree: &mut ast::Program, more: ast::Program) {
    tree.items.extend(more.items);
    tree.annotations.extend(more.annotations);
    tree.comments.extend(more.comments);
}

impl Program {
    /// This program and the items of a text more.
    pub fn with_text(
        &self,
        name: &str,
        text: &str,
        spec: &CaseSpec,
        sources: &mut SourceMap,
    ) -> Result<Program, Findings> {
        let (more, found) = parse_text(name, text, sources);
        self.with(more, found, spec, sources)
    }

    /// This program and a file more.
    pub fn with_file(
        &self,
        file: PathBuf,
        spec: &CaseSpec,
        sources: &mut SourceMap,
    ) -> Result<Program, Findings> {
        let (more, found) = load_files(&[file], &load_options(spec), sources);
        self.with(more, found, spec, sources)
    }

    /// What this program is without some of its clauses, those of components included, and with further items.
    pub fn edited(
        &self,
        dropped: &FxHashSet<Span>,
        more: Vec<Item>,
        spec: &CaseSpec,
        sources: &SourceMap,
    ) -> Result<Program, Findings> {
        let can_stay = more.is_empty() && self.stands_without(dropped);
        let mut tree = ast::Program::clone(&self.tree);
        drop_clauses(&mut tree.items, &|item| dropped.contains(&item.span));
        tree.items.extend(more);
        match can_stay {
            true => Ok(self.with_rules_of(tree, dropped)),
            false => Unchecked::of(tree, Vec::new(), spec, sources)?.check(spec, sources),
        }
    }

    /// Whether what is left needs no check when these clauses are gone: they are rules, facts and constraints for
    /// themselves. Without rules nothing becomes recursive, or of another type.
    fn stands_without(&self, dropped: &FxHashSet<Span>) -> bool {
        let declarations = &self.checked.declarations;
        let plain = |item: &&Item| {
            matches!(item.kind, ItemKind::Rule(_) | ItemKind::Constraint(_))
                && dropped.contains(&item.span)
        };
        declarations.inlined.is_empty()
            && self.checked.demand.is_none()
            && self.tree.items.iter().filter(plain).count() == dropped.len()
    }

    fn with_rules_of(&self, tree: ast::Program, dropped: &FxHashSet<Span>) -> Program {
        let is_dropped = |rule: RuleId| dropped.contains(&self.checked[rule].span);
        let mut warnings = self.warnings.clone();
        warnings.retain(|warning| {
            let mut labels = warning.labels.iter();
            !labels.any(|label| match label.place {
                Place::Source(span) => dropped.iter().any(|clause| clause.contains(span)),
                Place::Data { .. } => false,
            })
        });
        Program {
            tree: Arc::new(tree),
            checked: Arc::new(self.checked.without_rules(is_dropped)),
            warnings,
            texts: Texts::default(),
        }
    }

    /// What this program is without the facts in its text that are not `kept`. The tree keeps them.
    pub fn without_facts(&self, kept: impl Fn(RuleId) -> bool) -> Program {
        Program {
            checked: Arc::new(self.checked.without_rules(|rule| !kept(rule))),
            texts: Texts::default(),
            ..self.clone()
        }
    }

    fn with(
        &self,
        more: ast::Program,
        found: Vec<Diagnostic>,
        spec: &CaseSpec,
        sources: &SourceMap,
    ) -> Result<Program, Findings> {
        let mut tree = ast::Program::clone(&self.tree);
        append(&mut tree, more);
        Unchecked::of(tree, found, spec, sources)?.check(spec, sources)
    }
}

fn drop_clauses(items: &mut Vec<Item>, dropped: &impl Fn(&Item) -> bool) {
    items.retain_mut(|item| match &mut item.kind {
        ItemKind::Rule(_) | ItemKind::Constraint(_) | ItemKind::Subsumption(_) => !dropped(item),
        ItemKind::Component(component) => {
            drop_clauses(&mut component.items, dropped);
            true
        }
        _ => true,
    });
}

impl Unchecked {
    /// `found` is what was found while the tree was read.
    fn of(
        tree: ast::Program,
        mut found: Vec<Diagnostic>,
        spec: &CaseSpec,
        sources: &SourceMap,
    ) -> Result<Unchecked, Findings> {
        found.retain(|diagnostic| diagnostic.is_error() || !spec.silences(diagnostic));
        match found.iter().any(Diagnostic::is_error) {
            true => Err(Findings::new(found, sources)),
            false => Ok(Unchecked {
                tree: Arc::new(tree),
                warnings: found,
            }),
        }
    }

    /// What is wrong with the tree, or the program it is.
    pub fn check(self, spec: &CaseSpec, sources: &SourceMap) -> Result<Program, Findings> {
        let mut found = self.warnings;
        match analysis::check(&self.tree, &check_options(spec)) {
            Ok((checked, warnings)) => {
                found.extend(warnings);
                Ok(Program {
                    tree: self.tree,
                    checked: Arc::new(checked),
                    warnings: found,
                    texts: Texts::default(),
                })
            }
            Err(errors) => {
                found.extend(errors);
                Err(Findings::new(found, sources))
            }
        }
    }
}
