//! Text in, tree or findings out.

mod expectations;
mod files;
mod findings;
mod hostile;
mod programs;
mod round_trip;

use super::diagnostic::Diagnostic;
use super::source::SourceMap;
use super::*;
use expect_test::Expect;

/// One line a finding: code, place, message.
fn listed(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let line = |diagnostic: &Diagnostic| {
        let place = diagnostic
            .location(sources)
            .map(|at| format!(" {}:{}", at.line, at.column));
        format!(
            "{}{} {}\n",
            diagnostic.code,
            place.unwrap_or_default(),
            diagnostic.message
        )
    };
    diagnostics.iter().map(line).collect()
}

/// Parses `text` and compares what is found.
fn check_findings(text: &str, expected: Expect) {
    let mut sources = SourceMap::new();
    let (_, diagnostics) = parse_text("p.dl", text, &mut sources);
    expected.assert_eq(&listed(&diagnostics, &sources));
}

/// Parses `text`, which must be free of errors, and compares the program as printed.
fn check_program(text: &str, expected: Expect) {
    let mut sources = SourceMap::new();
    let (program, diagnostics) = parse_text("p.dl", text, &mut sources);
    let errors: Vec<Diagnostic> = diagnostics
        .into_iter()
        .filter(Diagnostic::is_error)
        .collect();
    assert_eq!(listed(&errors, &sources), "", "in {text}");
    expected.assert_eq(&print_program(&program));
}
