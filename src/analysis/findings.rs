//! Diagnostics on their way out, and "did you mean".

use crate::syntax::ast::Path;
use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::source::Span;
use std::collections::HashSet;
use std::sync::Arc;

/// What a mistake is about. Mistakes of an earlier stage come first: others may follow from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Components,
    Declarations,
    #[default]
    Clauses,
    /// Of the program as a whole.
    Strata,
}

/// Collects diagnostics. One mistake that several copies of a clause repeat is kept once.
#[derive(Default)]
pub struct Findings {
    seen: HashSet<(&'static str, Option<Span>, String)>,
    all: Vec<(Stage, Diagnostic)>,
    stage: Stage,
    comparisons: usize,
}

/// Names that may be compared to find suggestions, in one check. A program with thousands of unknown names is
/// better served by an answer than by suggestions.
const COMPARISONS: usize = 50_000;

impl Findings {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let place = place(&diagnostic);
        if self
            .seen
            .insert((diagnostic.code, place, diagnostic.message.clone()))
        {
            let stage = match diagnostic.is_error() {
                true => self.stage,
                false => Stage::default(),
            };
            self.all.push((stage, diagnostic));
        }
    }

    /// What is pushed from here on belongs to another stage. Returns the one so far.
    pub fn enter(&mut self, stage: Stage) -> Stage {
        std::mem::replace(&mut self.stage, stage)
    }

    /// The name nearest to `wanted`, if one is near enough to be what was meant.
    pub fn closest<'a>(
        &mut self,
        wanted: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let left = COMPARISONS.saturating_sub(self.comparisons);
        let (nearest, compared) = nearest(wanted, candidates, left);
        self.comparisons += compared;
        nearest
    }

    pub fn errors(&self) -> usize {
        self.all
            .iter()
            .filter(|(_, diagnostic)| diagnostic.is_error())
            .count()
    }

    /// Stage by stage in the order of their places. Where there is an error, a warning would only repeat it.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        let errors: HashSet<Option<Span>> = self
            .all
            .iter()
            .filter(|(_, diagnostic)| diagnostic.is_error())
            .map(|(_, diagnostic)| place(diagnostic))
            .collect();
        self.all.retain(|(_, diagnostic)| {
            diagnostic.is_error() || !errors.contains(&place(diagnostic))
        });
        self.all
            .sort_by_key(|(stage, diagnostic)| (*stage, place(diagnostic)));
        self.all
            .into_iter()
            .map(|(_, diagnostic)| diagnostic)
            .collect()
    }
}

fn place(diagnostic: &Diagnostic) -> Option<Span> {
    match diagnostic.labels.first()?.place {
        Place::Source(span) => Some(span),
        Place::Data { .. } => None,
    }
}

/// The name nearest to `wanted`, if one is near enough to be what was meant.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(wanted, candidates, COMPARISONS).0
}

/// The nearest of the first `limit` candidates, and how many were compared. Only names of nearly the same length are.
fn nearest<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    limit: usize,
) -> (Option<&'a str>, usize) {
    let length = wanted.chars().count();
    let allowed = (length / 3).clamp(1, 4);
    let folded = wanted.to_lowercase();
    let mut compared = 0;
    let nearest = candidates
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= 2 * allowed && name.len() < 256)
        .take(limit)
        .filter_map(|name| {
            compared += 1;
            let distance = strsim::damerau_levenshtein(&folded, &name.to_lowercase());
            (distance <= allowed && name != wanted).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name);
    (nearest, compared)
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
