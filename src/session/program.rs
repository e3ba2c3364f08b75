//! The program of a session: its texts, its tree and what the checker made of it.

use super::case::CaseSpec;
use super::error::Findings;
use crate::analysis::checked::CheckedProgram;
use crate::syntax::ast;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::load::{self, LoadOptions};
use crate::syntax::source::SourceMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A program that was checked, beside the tree it came from.
#[derive(Clone, Default)]
pub(super) struct Program {
    pub tree: ast::Program,
    pub checked: Arc<CheckedProgram>,
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks rule files as one program. Syntax errors of all files come first: a program with holes would be
/// blamed for what is in the holes.
pub(super) fn load(
    files: &[PathBuf],
    spec: &CaseSpec,
    sources: &mut SourceMap,
) -> Result<Program, Findings> {
    let loaded = load::load_files(files, &load_options(spec), sources);
    check(loaded.program, loaded.diagnostics, spec, sources)
}

/// The same for a text.
pub(super) fn parse(
    name: &str,
    text: &str,
    spec: &CaseSpec,
    sources: &mut SourceMap,
) -> Result<Program, Findings> {
    let loaded = load::load_text(name, text, &load_options(spec), sources);
    check(loaded.program, loaded.diagnostics, spec, sources)
}

fn load_options(spec: &CaseSpec) -> LoadOptions {
    LoadOptions {
        include_dirs: spec.include_dirs.clone(),
        macros: spec.macros.clone(),
        ..LoadOptions::default()
    }
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
        let loaded = load::load_text(name, text, &load_options(spec), sources);
        self.with(loaded, spec, sources)
    }

    /// This program and a file more.
    pub fn with_file(
        &self,
        file: PathBuf,
        spec: &CaseSpec,
        sources: &mut SourceMap,
    ) -> Result<Program, Findings> {
        let loaded = load::load_files(&[file], &load_options(spec), sources);
        self.with(loaded, spec, sources)
    }

    fn with(
        &self,
        more: load::Loaded,
        spec: &CaseSpec,
        sources: &SourceMap,
    ) -> Result<Program, Findings> {
        let mut tree = self.tree.clone();
        tree.items.extend(more.program.items);
        tree.comments.extend(more.program.comments);
        check(tree, more.diagnostics, spec, sources)
    }
}

/// What is wrong with a tree, or the program it is. `found` is what was found while it was read.
fn check(
    tree: ast::Program,
    found: Vec<Diagnostic>,
    spec: &CaseSpec,
    sources: &SourceMap,
) -> Result<Program, Findings> {
    let mut diagnostics = found;
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let mut checked = None;
    if !failed {
        let outcome = crate::analysis::check(&tree, sources);
        diagnostics.extend(outcome.diagnostics);
        checked = outcome.program;
    }
    diagnostics.retain(|diagnostic| diagnostic.is_error() || !spec.silences(diagnostic));
    match checked {
        Some(checked) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(Program {
            tree,
            checked: Arc::new(checked),
            warnings: diagnostics,
        }),
        _ => Err(Findings::new(diagnostics, sources)),
    }
}
