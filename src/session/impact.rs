//! What depends on a claim, a source, a rule or a file.

use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::{RelationId, RuleId};
use crate::analysis::findings::closest;
use crate::engine::Database;
use crate::evidence::{Claim, ClaimId};
use crate::explain::Fact;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::fmt;

#[derive(Clone, Debug, Serialize)]
pub struct Impact {
    pub what: String,
    /// `claim`, `source`, `rule` or `file`.
    pub kind: &'static str,
    /// Claims withdrawn with it.
    pub claims: usize,
    /// Rules withdrawn with it.
    pub rules: usize,
    /// By relation, those that lose most first.
    pub relations: Vec<RelationImpact>,
    /// Facts that do not follow without it.
    pub falls: Vec<String>,
    /// Facts that follow only without it.
    pub appears: Vec<String>,
    /// Facts with some derivation that uses it, those that fall included.
    pub depends: Vec<String>,
    /// Whether `depends` is whole.
    pub complete: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct RelationImpact {
    pub relation: String,
    pub depends: usize,
    pub falls: usize,
    pub appears: usize,
}

/// What a name means here.
#[derive(Default)]
struct Withdrawn {
    kind: &'static str,
    claims: FxHashSet<ClaimId>,
    rules: Vec<RuleId>,
}

impl Session {
    /// What depends on a claim, a source, a rule (`file:line`) or a file: exactly what would fall without it, found by
    /// running without it, and all that has a derivation that uses it.
    pub fn impact(&mut self, what: &str) -> Result<Impact, Error> {
        self.refresh()?;
        let what = match what.trim().split_once(' ') {
            Some(("claim" | "source" | "rule" | "file", name)) => name,
            _ => what,
        };
        let what = what.trim().trim_matches('"');
        let withdrawn = self.withdrawn(what)?;
        let ids: FxHashSet<&str> = withdrawn
            .claims
            .iter()
            .map(|&claim| self.claims().get(claim).id)
            .collect();
        let spans: Vec<Span> = withdrawn
            .rules
            .iter()
            .map(|&rule| self.program()[rule].span)
            .collect();
        let program = match spans.is_empty() {
            true => self.program.checked.clone(),
            false => self.program.without(&spans, &self.spec, &self.sources)?,
        };
        let stands = |claim: &Claim| !ids.contains(claim.id);
        let seeds: Vec<Fact> = withdrawn
            .claims
            .iter()
            .map(|&claim| self.claims().get(claim))
            .map(|claim| Fact::new(claim.relation, claim.row))
            .collect::<FxHashSet<Fact>>()
            .into_iter()
            .collect();
        let (without, leaning) = self.pool.both(
            || self.run_program(&program, stands),
            || {
                let budget = self.explanation_budget();
                self.case().leaning_on(&seeds, &withdrawn.rules, &budget)
            },
        );
        let without = without?;
        let falls = self.only_in(&self.database, &without);
        let appears = self.only_in(&without, &self.database);
        let mut depends: FxHashSet<Fact> = leaning.facts.into_iter().collect();
        depends.extend(falls.iter().cloned());
        let here = |fact: &Fact| self.database.contains(fact.relation, &fact.row);
        depends.extend(seeds.into_iter().filter(here));
        let mut depends: Vec<Fact> = depends.into_iter().collect();
        depends.sort();
        let mut counts: FxHashMap<RelationId, RelationImpact> = FxHashMap::default();
        let mut count = |facts: &[Fact], field: fn(&mut RelationImpact) -> &mut usize| {
            for fact in facts {
                *field(counts.entry(fact.relation).or_default()) += 1;
            }
        };
        count(&depends, |one| &mut one.depends);
        count(&falls, |one| &mut one.falls);
        count(&appears, |one| &mut one.appears);
        let mut relations: Vec<RelationImpact> = counts
            .into_iter()
            .map(|(id, one)| RelationImpact {
                relation: self.program()[id].name.to_string(),
                ..one
            })
            .collect();
        relations.sort_by(|a, b| {
            (b.falls, b.depends)
                .cmp(&(a.falls, a.depends))
                .then_with(|| a.relation.cmp(&b.relation))
        });
        let texts = |facts: &[Fact]| -> Vec<String> {
            let mut texts: Vec<String> = facts.iter().map(|fact| self.fact_text(fact)).collect();
            texts.sort();
            texts
        };
        Ok(Impact {
            what: what.to_owned(),
            kind: withdrawn.kind,
            claims: ids.len(),
            rules: spans.iter().collect::<FxHashSet<_>>().len(),
            relations,
            falls: texts(&falls),
            appears: texts(&appears),
            depends: texts(&depends),
            complete: leaning.stopped.is_none(),
        })
    }

    fn withdrawn(&self, what: &str) -> Result<Withdrawn, Error> {
        let claims = self.claims();
        let by_id: FxHashSet<ClaimId> = claims.with_id(what).collect();
        if !by_id.is_empty() {
            return Ok(Withdrawn {
                kind: "claim",
                claims: by_id,
                ..Withdrawn::default()
            });
        }
        if let Some(source) = self.data.sources.find(what) {
            return Ok(Withdrawn {
                kind: "source",
                claims: claims.by_source(source).collect(),
                ..Withdrawn::default()
            });
        }
        let is_file = |file: &str| file == what || file.ends_with(&format!("/{what}"));
        let rules = |matches: &dyn Fn(&str, u32) -> bool| -> Vec<RuleId> {
            self.program()
                .rules()
                .filter(|(_, rule)| {
                    let at = self.sources.locate(rule.span);
                    matches(&at.file, at.line)
                })
                .map(|(id, _)| id)
                .collect()
        };
        let file = Withdrawn {
            kind: "file",
            claims: claims
                .iter()
                .filter(|(_, claim)| is_file(claim.file))
                .map(|(id, _)| id)
                .collect(),
            rules: rules(&|file, _| is_file(file)),
        };
        if !file.claims.is_empty() || !file.rules.is_empty() {
            return Ok(file);
        }
        let place = what
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
        if let Some((name, wanted)) = place {
            let rules = rules(&|file, line| {
                line == wanted && (file == name || file.ends_with(&format!("/{name}")))
            });
            if !rules.is_empty() {
                return Ok(Withdrawn {
                    kind: "rule",
                    rules,
                    ..Withdrawn::default()
                });
            }
        }
        Err(self.unknown(what))
    }

    fn unknown(&self, what: &str) -> Error {
        let ids = self.claims().iter().map(|(_, claim)| claim.id);
        let sources = self.data.sources.iter().map(|(_, source)| &*source.id);
        let wrong = Diagnostic::error(
            "D065",
            format!("`{what}` is no claim, source, rule or file of this case"),
        );
        let near = closest(what, sources.chain(ids));
        self.rejected(vec![match near {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None if what.ends_with(')') => {
                wrong.help("what falls without a fact is told by `what-if`, as in `-r(\"x\")`")
            }
            None => wrong
                .help("a rule is named by its place, as in `rules/x.dl:12`, a file by its name"),
        }])
    }

    /// Facts that one database has and another with the same relations has not.
    pub(super) fn only_in(&self, one: &Database, other: &Database) -> Vec<Fact> {
        self.program()
            .relations()
            .flat_map(|(id, _)| {
                let rows = one.rows(id);
                let only: Vec<Fact> = rows
                    .iter()
                    .filter(|row| !other.contains(id, row))
                    .map(|row| Fact::new(id, &row))
                    .collect();
                only
            })
            .collect()
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let mut parts = Vec::new();
        if self.claims > 0 {
            parts.push(counted(self.claims, "claim"));
        }
        if self.rules > 0 {
            parts.push(counted(self.rules, "rule"));
        }
        writeln!(
            f,
            "{} {}{}: {} on it, {} without it",
            self.kind,
            self.what,
            match parts.is_empty() {
                true => String::new(),
                false => format!(" ({})", parts.join(", ")),
            },
            match self.depends.len() {
                1 => "1 fact depends".to_owned(),
                many => format!("{many} facts depend"),
            },
            match self.falls.len() {
                1 => "1 falls".to_owned(),
                many => format!("{many} fall"),
            },
        )?;
        let width = |name: &&RelationImpact| name.relation.len();
        let width = self
            .relations
            .iter()
            .map(|one| width(&one))
            .max()
            .unwrap_or(0)
            .max(8);
        if !self.relations.is_empty() {
            write!(f, "  {:width$}  {:>7}  {:>5}", "relation", "depend", "fall")?;
            match self.appears.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, "  {:>6}", "appear")?,
            }
        }
        for one in &self.relations {
            let (relation, depends) = (&one.relation, one.depends);
            write!(f, "  {relation:width$}  {depends:>7}  {:>5}", one.falls)?;
            match self.appears.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, "  {:>6}", one.appears)?,
            }
        }
        for (sign, facts) in [("-", &self.falls), ("+", &self.appears)] {
            for fact in facts.iter().take(SHOWN) {
                writeln!(f, " {sign} {fact}")?;
            }
            if facts.len() > SHOWN {
                writeln!(
                    f,
                    " {sign} … and {} more; --json lists them",
                    facts.len() - SHOWN
                )?;
            }
        }
        match self.complete {
            true => Ok(()),
            false => writeln!(f, "NOT ALL THAT DEPENDS ON IT: the budget ran out"),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
