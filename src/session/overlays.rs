//! Overlays made of what was typed.

use super::error::Error;
use super::loaded::Session;
use super::program::load_options;
use super::typed::parse_body;
use crate::analysis::findings::counted;
use crate::hypothesis::{Assumption, Overlay, RuleFile, Withdrawal, reserved};
use crate::syntax::ast::{Atom, FormulaKind, ItemKind};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::load as load_files;
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use rustc_hash::FxHashSet;
use std::path::Path;

/// What is to be supposed, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supposition {
    /// Hypotheses by name, as in `contractor("x-firm")`; the later ones on top of the earlier.
    pub hypotheses: Vec<String>,
    /// Facts, and rules.
    pub assume: Vec<String>,
    /// Facts, and patterns with `_`.
    pub withdraw: Vec<String>,
    pub without_sources: Vec<String>,
    pub without_claims: Vec<String>,
    /// Places, as in `rules/firms.dl:12`.
    pub without_rules: Vec<String>,
    pub with_rule_files: Vec<String>,
    pub without_rule_files: Vec<String>,
}

impl Supposition {
    pub fn is_empty(&self) -> bool {
        *self == Supposition::default()
    }
}

impl Session {
    /// The overlays that a supposition is made of: its hypotheses, then what was typed besides as one more on top.
    pub fn overlays(&mut self, supposed: &Supposition) -> Result<Vec<Overlay>, Error> {
        let mut overlays = Vec::new();
        for name in &supposed.hypotheses {
            overlays.push(self.hypothesis(name)?);
        }
        let mut overlay = Overlay::default();
        for text in &supposed.assume {
            self.assumption(text, &mut overlay)?;
        }
        for text in &supposed.withdraw {
            let atom = self.overlay_atom(text)?;
            overlay.withdrawn.push(Withdrawal::Atom(atom));
        }
        type Kind = fn(std::sync::Arc<str>) -> Withdrawal;
        let kinds: [(&[String], Kind); 4] = [
            (&supposed.without_sources, Withdrawal::Source),
            (&supposed.without_claims, Withdrawal::ClaimNamed),
            (&supposed.without_rules, Withdrawal::Rule),
            (&supposed.without_rule_files, Withdrawal::RuleFile),
        ];
        for (names, kind) in kinds {
            let names = names
                .iter()
                .map(|name| kind(name.trim().trim_matches('"').into()));
            overlay.withdrawn.extend(names);
        }
        for file in &supposed.with_rule_files {
            let file = self.rule_file(file)?;
            overlay.rule_files.push(file);
        }
        if !overlay.is_empty() {
            overlays.push(overlay);
        }
        Ok(overlays)
    }

    /// The same; nothing at all is an error.
    pub(super) fn overlays_of(&mut self, supposed: &Supposition) -> Result<Vec<Overlay>, Error> {
        let overlays = self.overlays(supposed)?;
        match overlays.is_empty() {
            false => Ok(overlays),
            true => Err(self
                .rejected(vec![Diagnostic::error("D079", "nothing is supposed").help(
                    "say what to assume or withdraw, as in `+contract(\"a\", \"b\")`",
                )])),
        }
    }

    /// A fact, with or without its dot, or clauses.
    fn assumption(&mut self, text: &str, overlay: &mut Overlay) -> Result<(), Error> {
        let probed = parse_body("", text, &mut SourceMap::new());
        if probed.is_ok_and(|body| matches!(body.kind, FormulaKind::Atom(_))) {
            let atom = self.parse_atom(text, "one fact")?;
            overlay.assumed.push(Assumption::Atom(atom));
            return Ok(());
        }
        let name = self.name_text();
        let (program, found) = parse_text(&name, text, &mut self.sources);
        if found.iter().any(Diagnostic::is_error) {
            return Err(self.rejected(found));
        }
        for item in program.items {
            match &item.kind {
                ItemKind::Rule(rule) if rule.body.is_none() && rule.heads.len() == 1 => {
                    let assumed = Assumption::Atom(rule.heads[0].clone());
                    overlay.assumed.push(assumed);
                }
                _ => overlay.rules.push(item),
            }
        }
        Ok(())
    }

    /// An atom in which variables stand for any value, as `_` does.
    pub(super) fn opened(&self, atom: &mut Atom) -> Result<(), Error> {
        let unquoted = self.unquoted(atom);
        if !unquoted.is_empty() {
            return Err(self.rejected(unquoted));
        }
        match super::explained::open_variables(atom).is_empty() {
            true => Ok(()),
            false => Err(self.rejected(vec![
                Diagnostic::error("D075", "a variable stands here twice")
                    .at(atom.span, "each argument is a constant or any value")
                    .help("write `_` for any value, and one atom for each constant"),
            ])),
        }
    }

    fn overlay_atom(&mut self, text: &str) -> Result<Atom, Error> {
        let mut atom =
            self.parse_atom(text, "one atom is withdrawn at a time, `_` for any value")?;
        self.opened(&mut atom)?;
        Ok(atom)
    }

    pub(super) fn rule_file(&mut self, name: &str) -> Result<RuleFile, Error> {
        let path = self.spec.resolve(Path::new(name));
        let (program, found) = load_files(&[path], &load_options(&self.spec), &mut self.sources);
        match found.iter().any(Diagnostic::is_error) {
            true => Err(self.rejected(found)),
            false => Ok(RuleFile {
                name: name.into(),
                items: program.items,
            }),
        }
    }

    /// Reads the rule files that an overlay assumes by name, as in `+ rules("more.dl").`, and takes variables of goals and
    /// withdrawals for any value.
    pub(super) fn completed(&mut self, mut overlay: Overlay) -> Result<Overlay, Error> {
        let mut assumed = Vec::new();
        for assumption in std::mem::take(&mut overlay.assumed) {
            let file = match &assumption {
                Assumption::Atom(atom) => match reserved(atom, self.program()) {
                    Some(("rules", file)) => Some(file.clone()),
                    Some((word, _)) => {
                        let wrong = Diagnostic::error(
                            "D075",
                            format!("a {word} cannot be assumed, only withdrawn"),
                        );
                        return Err(self.rejected(vec![wrong.at(atom.span, "here").help(
                            "assume what it says, fact by fact, or a rule file with `rules(\"…\")`",
                        )]));
                    }
                    None => None,
                },
                Assumption::Fact(_) => None,
            };
            match file {
                Some(file) => {
                    let file = self.rule_file(&file)?;
                    overlay.rule_files.push(file);
                }
                None => assumed.push(assumption),
            }
        }
        overlay.assumed = assumed;
        for goal in &mut overlay.goals {
            self.opened(goal)?;
        }
        for withdrawal in &mut overlay.withdrawn {
            if let Withdrawal::Atom(atom) = withdrawal {
                self.opened(atom)?;
            }
        }
        Ok(overlay)
    }
}

impl Session {
    /// What an overlay supposes, a line each.
    pub(super) fn overlay_lines(&self, overlay: &Overlay) -> Vec<String> {
        if let Some(name) = &overlay.name {
            return vec![match &overlay.title {
                Some(title) => format!("hypothesis {name}: {title}"),
                None => format!("hypothesis {name}"),
            }];
        }
        let mut lines = Vec::new();
        for withdrawal in &overlay.withdrawn {
            lines.push(match withdrawal {
                Withdrawal::Atom(atom) => format!("without {atom}"),
                Withdrawal::Fact(fact) => format!("without {}", self.fact_text(fact)),
                Withdrawal::Claim(claim) => format!("without claim {}", self.claim_text(*claim)),
                Withdrawal::ClaimNamed(name) => format!("without claim {name}"),
                Withdrawal::Source(name) => self.source_line(name),
                Withdrawal::Rule(place) => format!("without the rule at {place}"),
                Withdrawal::RuleFile(file) => format!("without the rules of {file}"),
            });
        }
        for assumption in &overlay.assumed {
            lines.push(match assumption {
                Assumption::Atom(atom) => format!("assumed {atom}"),
                Assumption::Fact(fact) => format!("assumed {}", self.fact_text(fact)),
            });
        }
        let rules = overlay.rules.iter();
        lines.extend(rules.map(|item| format!("assumed {}", item.kind)));
        let files = overlay.rule_files.iter();
        lines.extend(files.map(|file| format!("with the rules of {}", file.name)));
        lines
    }

    /// `without source a1 (14 claims) and a5, which only repeats it (3 claims)`.
    fn source_line(&self, name: &str) -> String {
        let sources = &self.data.sources;
        let Some(source) = sources.find(name) else {
            return format!("without source {name}");
        };
        let claims = |of: crate::evidence::SourceId| {
            let ids: FxHashSet<&str> = self
                .claims
                .by_source(of)
                .map(|claim| self.claims.get(claim).id)
                .collect();
            counted(ids.len(), "claim")
        };
        let echoes: Vec<String> = sources
            .with_echoes(source)
            .into_iter()
            .filter(|&other| other != source && self.claims.by_source(other).next().is_some())
            .map(|other| format!("{} ({})", sources[other].id, claims(other)))
            .collect();
        let itself = format!("without source {name} ({})", claims(source));
        match echoes.as_slice() {
            [] => itself,
            [only] => format!("{itself} and {only}, which only repeats it"),
            many => format!("{itself} and {}, which only repeat it", many.join(", ")),
        }
    }
}
