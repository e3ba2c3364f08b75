//! Clauses by where they stand: `rules/firms.dl:12`, or all of `firms.dl`.

use super::layer::pointed;
use super::loaded::Session;
use crate::analysis::findings::closest;
use crate::syntax::ast::Item;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;

impl Session {
    /// The clauses that begin in a line, as in `rules/a.dl:12`.
    pub(super) fn clauses_at(
        &self,
        place: &str,
        at: Option<Span>,
    ) -> Result<Vec<Span>, Box<Diagnostic>> {
        let line = place
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
        let Some((file, line)) = line else {
            let wrong = Diagnostic::error("D072", format!("`{place}` is no place of a rule"))
                .help("name the file and the line, as in `rules/firms.dl:12`");
            return Err(Box::new(pointed(wrong, at)));
        };
        let in_file = self.clauses(|name, _| is_file(name, file));
        let begins = |span: &Span| self.sources.locate(*span).line;
        let found: Vec<Span> = in_file
            .iter()
            .copied()
            .filter(|span| begins(span) == line)
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        // A clause that goes over several lines may be named by any of them.
        let ends = |span: &Span| {
            let end = Span::new(span.file, span.end.saturating_sub(1), span.end);
            self.sources.locate(end).line
        };
        let around = in_file
            .iter()
            .copied()
            .filter(|span| (begins(span)..=ends(span)).contains(&line));
        if let Some(found) = around.max_by_key(|span| begins(span)) {
            return Ok(vec![found]);
        }
        let mut wrong = Diagnostic::error("D072", format!("no rule begins at `{place}`"));
        let lines = in_file.iter().map(begins);
        let near = lines.min_by_key(|&known| (known > line, known.abs_diff(line)));
        wrong = match near {
            Some(near) => wrong.help(format!("did you mean `{file}:{near}`?")),
            None => self.no_file(wrong, file),
        };
        Err(Box::new(pointed(wrong, at)))
    }

    pub(super) fn clauses_in(
        &self,
        file: &str,
        at: Option<Span>,
    ) -> Result<Vec<Span>, Box<Diagnostic>> {
        let found = self.clauses(|name, _| is_file(name, file));
        match found.is_empty() {
            false => Ok(found),
            true => {
                let wrong = Diagnostic::error("D072", format!("no rules were read from `{file}`"));
                Err(Box::new(pointed(self.no_file(wrong, file), at)))
            }
        }
    }

    fn no_file(&self, wrong: Diagnostic, file: &str) -> Diagnostic {
        let known: Vec<&str> = self
            .sources
            .files()
            .map(|(_, known)| known.name())
            .collect();
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = known.iter().map(|name| short(name)).collect();
        let near = closest(&short(file), names.iter().map(String::as_str));
        match near.and_then(|near| known.iter().find(|name| short(name) == near)) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong,
        }
    }

    /// Clauses of the program as it stands, by file and line.
    fn clauses(&self, wanted: impl Fn(&str, u32) -> bool) -> Vec<Span> {
        let mut found = Vec::new();
        let mut open: Vec<&Item> = self.program.tree.items.iter().collect();
        while let Some(item) = open.pop() {
            use crate::syntax::ast::ItemKind::{Component, Constraint, Rule, Subsumption};
            match &item.kind {
                Component(component) => open.extend(&component.items),
                Rule(_) | Constraint(_) | Subsumption(_) => {
                    let at = self.sources.locate(item.span);
                    if wanted(&at.file, at.line) {
                        found.push(item.span);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

fn is_file(file: &str, named: &str) -> bool {
    file == named || file.ends_with(&format!("/{named}"))
}
