//! Diagnostics on their way out, and "did you mean".

use crate::syntax::ast::Path;
use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::source::Span;
use std::collections::HashSet;
use std::sync::Arc;

/// Collects diagnostics. One mistake that several copies of a clause repeat is kept once.
#[derive(Default)]
pub struct Findings {
    seen: HashSet<(&'static str, Option<Span>, String)>,
    all: Vec<Diagnostic>,
}

impl Findings {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let place = place(&diagnostic);
        if self
            .seen
            .insert((diagnostic.code, place, diagnostic.message.clone()))
        {
            self.all.push(diagnostic);
        }
    }

    pub fn errors(&self) -> usize {
        self.all.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    /// In the order of their places, so that output does not depend on the order of the stages.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.all.sort_by_key(place);
        self.all
    }
}

fn place(diagnostic: &Diagnostic) -> Option<Span> {
    match diagnostic.labels.first()?.place {
        Place::Source(span) => Some(span),
        Place::Data { .. } => None,
    }
}

/// The name nearest to `wanted`, if one is near enough to be what was meant.
///
/// Only names of nearly the same length are compared, so a lookup in thousands of names stays cheap.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wanted.chars().count();
    let allowed = (length / 3).clamp(1, 4);
    let folded = wanted.to_lowercase();
    candidates
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= 2 * allowed && name.len() < 256)
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(&folded, &name.to_lowercase());
            (distance <= allowed && name != wanted).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// `a.b.c` as one name.
pub fn path_text(path: &Path) -> Arc<str> {
    match path.parts.as_slice() {
        [only] => only.text.clone(),
        parts => parts
            .iter()
            .map(|part| &*part.text)
            .collect::<Vec<_>>()
            .join(".")
            .into(),
    }
}

/// `1 attribute`, `2 attributes`.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
