//! Text in, text out: programs, and the normal form or the diagnostics they give.

mod names;
mod programs;
mod random;
mod requests;
mod rules;
mod sentences;
mod suspicions;
mod types;

use super::{Options, check, check_fact, check_pattern, check_query};
use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use expect_test::Expect;
use std::fmt::Write;

/// Diagnostics as lines: code, message, then each label with its place and text, then notes and help.
fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(text, "{}: {}", diagnostic.code, diagnostic.message);
        for label in &diagnostic.labels {
            if let Place::Source(span) = label.place {
                let at = sources.locate(span);
                let _ = writeln!(
                    text,
                    "  {}:{} `{}` {}",
                    at.line,
                    at.column,
                    sources.slice(span),
                    label.text
                );
            }
        }
        for note in &diagnostic.notes {
            let _ = writeln!(text, "  note: {note}");
        }
        for help in &diagnostic.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}

/// What a program checks to: its warnings and normal form, or everything that was found.
fn outcome(program: &str, options: &Options) -> String {
    let mut sources = SourceMap::new();
    let (parsed, syntax) = parse_text("x.dl", program, &mut sources);
    if syntax.iter().any(Diagnostic::is_error) {
        return format!("syntax\n{}", render(&syntax, &sources));
    }
    match check(&parsed, options) {
        Ok((checked, warnings)) => format!("{}{checked}", render(&warnings, &sources)),
        Err(diagnostics) => render(&diagnostics, &sources),
    }
}

fn program(text: &str, expected: Expect) {
    expected.assert_eq(&outcome(text, &Options::default()));
}
