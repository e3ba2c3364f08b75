//! Where the lexer, the preprocessor and the parser leave what they found beside the tree.

use super::ast::Comment;
use super::codes;
use super::diagnostic::Diagnostic;
use std::cmp::Ordering;

/// Errors, and warnings, kept per load. Text that is wrong everywhere is no program, and nobody reads on.
pub const MAX_FINDINGS: usize = 1_000;

#[derive(Default)]
pub struct Findings {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    halted: bool,
    pub comments: Vec<Comment>,
}

impl Findings {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.halted {
            return;
        }
        let (count, limit_passed) = if diagnostic.is_error() {
            (&mut self.errors, too_many_errors as fn() -> Diagnostic)
        } else {
            (&mut self.warnings, too_many_warnings as fn() -> Diagnostic)
        };
        *count += 1;
        match (*count).cmp(&(MAX_FINDINGS + 1)) {
            Ordering::Less => self.diagnostics.push(diagnostic),
            Ordering::Equal => self.diagnostics.push(limit_passed()),
            Ordering::Greater => {}
        }
    }

    /// Reports a mistake after which the rest of the text means nothing, and ends the reading.
    pub fn halt(&mut self, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.halted = true;
    }

    /// True once reading on is pointless.
    pub fn exhausted(&self) -> bool {
        self.halted || self.errors > MAX_FINDINGS
    }

    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

fn too_many_errors() -> Diagnostic {
    Diagnostic::error(
        codes::TOO_MANY_ERRORS,
        format!("more than {MAX_FINDINGS} errors; the rest of the text was not read"),
    )
    .help("check that this is a program and not data: facts are loaded with `.input`")
}

fn too_many_warnings() -> Diagnostic {
    Diagnostic::warning(
        codes::TOO_MANY_WARNINGS,
        format!("more than {MAX_FINDINGS} warnings; the others are not shown"),
    )
}
