//! Diagnostics as text and JSON, until the syntax part renders them.

use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::source::SourceMap;
use serde_json::{Value, json};
use std::fmt::Write;

pub fn to_text(diagnostics: &[Diagnostic], sources: &SourceMap, _colour: bool) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let kind = if diagnostic.is_error() {
            "error"
        } else {
            "warning"
        };
        let _ = writeln!(out, "{kind}[{}]: {}", diagnostic.code, diagnostic.message);
        for label in &diagnostic.labels {
            let at = match &label.place {
                Place::Source(span) => sources.locate(*span),
                Place::Data { at, .. } => at.clone(),
            };
            let _ = writeln!(out, "  --> {at}: {}", label.text);
        }
        for note in &diagnostic.notes {
            let _ = writeln!(out, "  = note: {note}");
        }
        for help in &diagnostic.help {
            let _ = writeln!(out, "  = help: {help}");
        }
    }
    out
}

pub fn to_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let at = diagnostic.location(sources);
            json!({
                "code": diagnostic.code,
                "severity": if diagnostic.is_error() { "error" } else { "warning" },
                "message": diagnostic.message,
                "file": at.as_ref().map(|at| at.file.to_string()),
                "line": at.as_ref().map(|at| at.line),
                "column": at.as_ref().map(|at| at.column),
            })
        })
        .collect()
}
