//! Keeping what was supposed: as a hypothesis, or as somebody's claims.

use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::RelationId;
use crate::evidence::{Day, PartialDate};
use crate::explain::Fact;
use crate::hypothesis::{Overlay, Withdrawal};
use crate::io;
use crate::io::format_value;
use crate::syntax::diagnostic::Diagnostic;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Who writes claims, where to and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveClaims {
    pub file: PathBuf,
    pub author: String,
    /// The day the claims are made. Default: today, in UTC.
    pub date: Option<PartialDate>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    pub file: String,
    /// `hypothesis contractor`, `2 claims`.
    pub what: String,
    /// What was not, and why.
    pub notes: Vec<String>,
}

impl Session {
    /// Writes all that is supposed as one hypothesis. A file appears under its name once it is whole, and none is
    /// written over.
    pub fn save_hypothesis(&mut self, name: &str, file: &Path) -> Result<Saved, Error> {
        self.supposing()?;
        let is_name = |name: &str| {
            let mut letters = name.chars();
            letters
                .next()
                .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        if !is_name(name) {
            let wrong = format!("`{name}` cannot be the name of a hypothesis");
            return Err(self.rejected(vec![
                Diagnostic::error("D076", wrong).help("take letters, digits and `_`"),
            ]));
        }
        if self.hypotheses().iter().any(|known| known.name == name) {
            let wrong = format!("there is a hypothesis `{name}` already");
            return Err(self.rejected(vec![
                Diagnostic::error("D077", wrong).help("give it another name"),
            ]));
        }
        let text = self.hypothesis_text(name);
        self.write_new(file, &text)?;
        Ok(Saved {
            file: file.display().to_string(),
            what: format!("hypothesis {name}"),
            notes: Vec::new(),
        })
    }

    /// Writes the facts that are assumed as claims of an author. Withdrawals and rules are no claims.
    pub fn save_claims(&mut self, request: &SaveClaims) -> Result<Saved, Error> {
        self.supposing()?;
        let author = request.author.trim();
        if author.is_empty() {
            return Err(self.rejected(vec![
                Diagnostic::error("D081", "a claim needs an author")
                    .help("as in `--author \"A. Analyst\"`"),
            ]));
        }
        let mut facts: Vec<&Fact> = self.assumed.iter().collect();
        facts.sort();
        let mut relations: Vec<RelationId> = facts.iter().map(|fact| fact.relation).collect();
        relations.dedup();
        let relation = match relations.as_slice() {
            [only] => *only,
            [] => {
                return Err(self.rejected(vec![
                    Diagnostic::error("D081", "no fact is assumed: there is nothing to claim")
                        .help("`:save NAME FILE` keeps rules and withdrawals as a hypothesis"),
                ]));
            }
            several => {
                let names: Vec<&str> = several
                    .iter()
                    .map(|&relation| &*self.program()[relation].name)
                    .collect();
                let wrong = format!(
                    "facts of several relations are assumed, and a file of claims has one: {}",
                    names.join(", ")
                );
                return Err(self.rejected(vec![
                    Diagnostic::error("D081", wrong)
                        .help("`:save NAME FILE` keeps them all as a hypothesis"),
                ]));
            }
        };
        let date = match request.date {
            Some(date) => date.to_string(),
            None => Day::today().to_string(),
        };
        let text = self.claims_text(relation, &facts, author, &date);
        let text = text
            .map_err(|error| self.rejected(vec![Diagnostic::error("D081", error.to_string())]))?;
        self.write_new(&request.file, &text)?;
        let mut notes = Vec::new();
        let withdraws = |overlay: &Overlay| !overlay.withdrawn.is_empty();
        let has_rules =
            |overlay: &Overlay| !(overlay.rules.is_empty() && overlay.rule_files.is_empty());
        let mut overlays = self.levels.iter().flat_map(|level| &level.overlays);
        if overlays.clone().any(withdraws) {
            notes.push("withdrawals are no claims and were not written".to_owned());
        }
        if overlays.any(has_rules) {
            notes.push("rules are no claims and were not written".to_owned());
        }
        notes.push(format!(
            "`{}` reads it by `.input {}(IO=claims, filename=\"…\")`",
            self.program()[relation].name,
            self.program()[relation].name,
        ));
        Ok(Saved {
            file: request.file.display().to_string(),
            what: crate::analysis::findings::counted(facts.len(), "claim"),
            notes,
        })
    }

    fn supposing(&self) -> Result<(), Error> {
        match self.levels.is_empty() {
            false => Ok(()),
            true => Err(self.rejected(vec![
                Diagnostic::error("D080", "nothing is supposed: there is nothing to save")
                    .help("`:assume` and `:withdraw` suppose something"),
            ])),
        }
    }

    /// All levels as one block. Facts that were assumed and withdrawn again are left out.
    fn hypothesis_text(&self, name: &str) -> String {
        let overlays: Vec<&Overlay> = self
            .levels
            .iter()
            .flat_map(|level| &level.overlays)
            .collect();
        let mut lines: Vec<String> = Vec::new();
        let mut add = |line: String| {
            if !lines.contains(&line) {
                lines.push(line);
            }
        };
        for overlay in &overlays {
            for goal in &overlay.goals {
                add(format!(".goal {goal}."));
            }
        }
        for overlay in &overlays {
            for withdrawal in &overlay.withdrawn {
                let quoted =
                    |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
                add(match withdrawal {
                    Withdrawal::Atom(atom) => format!("- {atom}."),
                    Withdrawal::Fact(fact) => format!("- {}.", self.fact_text(fact)),
                    Withdrawal::Claim(claim) => {
                        format!("- claim({}).", quoted(&self.claim_text(*claim)))
                    }
                    Withdrawal::ClaimNamed(name) => format!("- claim({}).", quoted(name)),
                    Withdrawal::Source(name) => format!("- source({}).", quoted(name)),
                    Withdrawal::Rule(place) => format!("- rule({}).", quoted(place)),
                    Withdrawal::RuleFile(file) => format!("- rules({}).", quoted(file)),
                });
            }
        }
        let mut assumed: Vec<&Fact> = self.assumed.iter().collect();
        assumed.sort();
        for fact in assumed {
            add(format!("+ {}.", self.fact_text(fact)));
        }
        for overlay in &overlays {
            for file in &overlay.rule_files {
                add(format!("+ rules(\"{}\").", file.name));
            }
            for item in &overlay.rules {
                add(item.kind.to_string());
            }
        }
        let title = self.supposed().join("; ").replace(['\\', '"'], "'");
        let mut text = format!(".hypothesis {name} \"{title}\" {{\n");
        for line in &lines {
            let _ = writeln!(text, "    {line}");
        }
        text.push_str("}\n");
        text
    }

    fn claims_text(
        &self,
        relation: RelationId,
        facts: &[&Fact],
        author: &str,
        date: &str,
    ) -> Result<String, csv::Error> {
        let attributes = &self.program()[relation].attributes;
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = attributes.iter().map(|attribute| &*attribute.name);
        // Proofs show the note of what no source says.
        let note = format!("{author}, {date}: assumed by an analyst");
        let evidence = [
            ("source_id", ""),
            ("confidence", ""),
            ("author", author),
            ("date", date),
            ("note", &*note),
        ];
        // No column is there twice: what an attribute is called is the attribute.
        let is_free = |name: &str| attributes.iter().all(|known| &*known.name != name);
        let evidence = evidence.into_iter().filter(|(name, _)| is_free(name));
        let columns = evidence.clone().map(|(name, _)| name);
        writer.write_record(["claim_id"].into_iter().chain(names).chain(columns))?;
        for (at, fact) in facts.iter().enumerate() {
            let id = format!("{}-{date}-{}", slug(author), at + 1);
            let values = attributes.iter().zip(&fact.row).map(|(attribute, &code)| {
                let (dictionary, program) = (self.dictionary(), self.program());
                format_value(dictionary, program, attribute.ty, code)
            });
            let record = [id].into_iter().chain(values);
            let evidence = evidence.clone().map(|(_, cell)| cell.to_owned());
            writer.write_record(record.chain(evidence))?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a file that is not there yet, whole or not at all.
    fn write_new(&self, file: &Path, text: &str) -> Result<(), Error> {
        let path = self.spec.resolve(file);
        let failed = |reason: &str| {
            let wrong = format!("cannot write `{}`: {reason}", file.display());
            Diagnostic::error(io::codes::UNWRITABLE, wrong)
        };
        if path.exists() {
            let wrong = failed("there is such a file already");
            let help = "nothing is written over: name another file, or remove this one first";
            return Err(self.rejected(vec![wrong.help(help)]));
        }
        io::write_whole(&path, text.as_bytes(), false)
            .map_err(|reason| self.rejected(vec![failed(&reason)]))
    }
}

/// `a-analyst` of `A. Analyst`.
pub(super) fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}
