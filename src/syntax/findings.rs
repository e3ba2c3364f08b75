//! Where the lexer, the preprocessor and the parser leave what they found beside the tree.

use super::ast::Comment;
use super::codes;
use super::diagnostic::Diagnostic;

/// Errors kept per load. Text that is wrong everywhere is no program, and nobody reads on.
pub const MAX_ERRORS: usize = 10_000;

#[derive(Default)]
pub struct Findings {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    halted: bool,
    pub comments: Vec<Comment>,
}

impl Findings {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.halted {
            return;
        }
        if diagnostic.is_error() {
            self.errors += 1;
        }
        if self.errors <= MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        } else if self.errors == MAX_ERRORS + 1 && diagnostic.is_error() {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TOO_MANY_ERRORS,
                    format!("more than {MAX_ERRORS} errors; the rest of the text was not read"),
                )
                .help("check that this is a program and not data: facts are loaded with `.input`"),
            );
        }
    }

    /// Reports a mistake after which the rest of the text means nothing, and ends the reading.
    pub fn halt(&mut self, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.halted = true;
    }

    /// True once reading on is pointless.
    pub fn exhausted(&self) -> bool {
        self.halted || self.errors > MAX_ERRORS
    }

    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
