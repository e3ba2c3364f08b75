//! What depends on a claim, a source, a rule or a file.

use super::data::Stated;
use super::error::Error;
use super::loaded::Session;
use super::standing::Standing;
use crate::analysis::checked::{RelationId, RuleId};
use crate::analysis::findings::closest;
use crate::evidence::ClaimId;
use crate::explain::Fact;
use crate::hypothesis::FactList;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Facts listed of each kind.
const LISTED: usize = 100_000;

#[derive(Clone, Debug, Serialize)]
pub struct Impact {
    pub what: String,
    /// `claim`, `source`, `rule` or `file`.
    pub kind: &'static str,
    /// Claims withdrawn with it; of a source, those of reports that only repeat it too.
    pub claims: usize,
    /// Rules withdrawn with it.
    pub rules: usize,
    /// Plain facts withdrawn with it.
    pub facts: usize,
    /// How many facts, by relation, those that lose most first.
    pub relations: Vec<RelationImpact>,
    /// Facts that do not follow without it, the first 100,000.
    pub falls: Vec<String>,
    /// Facts that follow only without it, the first 100,000.
    pub appears: Vec<String>,
    /// Facts with some derivation that uses it, those that fall included, the first 100,000.
    pub depends: Vec<String>,
    /// Whether all that depends on it was found.
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
    /// Of plain files.
    facts: FxHashSet<Fact>,
}

impl Session {
    /// What depends on a claim, a source, a rule (`file:line`) or a file: exactly what would fall without it, and all that
    /// has a derivation that uses it.
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
        let rows: Vec<ClaimId> = ids
            .iter()
            .flat_map(|id| self.claims().with_id(id))
            .collect();
        let rules = withdrawn.rules.iter();
        let spans: FxHashSet<Span> = rules.map(|&rule| self.program()[rule].span).collect();
        let program = match spans.is_empty() {
            true => self.program.clone(),
            false => self.edited(&self.program, &spans, Vec::new(), &self.withdrawn)?,
        };
        let claimed = rows.iter().map(|&claim| self.claims().get(claim));
        let seeds: FxHashSet<Fact> = claimed
            .map(|claim| Fact::new(claim.relation, claim.row))
            .chain(withdrawn.facts.iter().cloned())
            .collect();
        let standing = Standing {
            program,
            claims: self.claims.without(rows),
            withdrawn: Arc::new(self.withdrawn.union(&withdrawn.facts).cloned().collect()),
            ..self.standing()
        };
        let listed: Vec<Fact> = seeds.iter().cloned().collect();
        let (without, leaning) = self.pool.both(
            || self.derive(standing),
            || {
                let budget = self.explanation_budget();
                self.case().leaning_on(&listed, &withdrawn.rules, &budget)
            },
        );
        let without = without?.database;
        let falls = FactList::only_in(&self.database, &without);
        let appears = FactList::only_in(&without, &self.database);
        let stays = |fact: &Fact| without.contains(fact.relation, &fact.row);
        let here = |fact: &Fact| self.database.contains(fact.relation, &fact.row);
        let holding = seeds.into_iter().filter(here);
        let others: BTreeSet<Fact> = leaning
            .facts
            .into_iter()
            .chain(holding)
            .filter(stays)
            .collect();
        let mut counts: FxHashMap<RelationId, RelationImpact> = FxHashMap::default();
        for (relation, rows) in falls.relations() {
            let one = counts.entry(relation).or_default();
            (one.falls, one.depends) = (rows.len(), rows.len());
        }
        for (relation, rows) in appears.relations() {
            counts.entry(relation).or_default().appears = rows.len();
        }
        for fact in &others {
            counts.entry(fact.relation).or_default().depends += 1;
        }
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
        let texts = |facts: &mut dyn Iterator<Item = Fact>| -> Vec<String> {
            let facts: Vec<Fact> = facts.take(LISTED).collect();
            self.pool.each(&facts, |fact| self.fact_text(fact))
        };
        let sorted = |mut texts: Vec<String>| -> Vec<String> {
            texts.sort();
            texts
        };
        let fallen = texts(&mut falls.iter());
        let mut depends = fallen.clone();
        let room = LISTED - fallen.len();
        depends.extend(texts(&mut others.into_iter().take(room)));
        Ok(Impact {
            what: what.to_owned(),
            kind: withdrawn.kind,
            claims: ids.len(),
            rules: spans.len(),
            facts: withdrawn.facts.len(),
            relations,
            falls: sorted(fallen),
            appears: sorted(texts(&mut appears.iter())),
            depends: sorted(depends),
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
            let silenced = self.data.sources.with_echoes(source).into_iter();
            return Ok(Withdrawn {
                kind: "source",
                claims: silenced
                    .flat_map(|source| claims.by_source(source))
                    .collect(),
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
            facts: self.plain_facts_of(&is_file),
        };
        if !file.claims.is_empty() || !file.rules.is_empty() || !file.facts.is_empty() {
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

    /// What files state that are nobody's claims, and no other file as well.
    fn plain_facts_of(&self, is_file: &dyn Fn(&str) -> bool) -> FxHashSet<Fact> {
        let plain = self.data.rows.iter().flatten().filter(|one| !one.claimed);
        let (here, elsewhere): (Vec<&Stated>, Vec<&Stated>) =
            plain.partition(|one| is_file(&one.file));
        let mut facts: FxHashSet<Fact> = FxHashSet::default();
        for stated in &here {
            let rows = stated.rows.iter();
            facts.extend(rows.map(|row| Fact::new(stated.relation, &row)));
        }
        for stated in elsewhere {
            if here.iter().any(|one| one.relation == stated.relation) {
                stated.rows.each(|row| {
                    facts.remove(&Fact::new(stated.relation, row));
                });
            }
        }
        facts
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
        if self.facts > 0 {
            parts.push(counted(self.facts, "fact"));
        }
        let all = |count: fn(&RelationImpact) -> usize| self.relations.iter().map(count).sum();
        let (depend, fall, appear): (usize, usize, usize) = (
            all(|one| one.depends),
            all(|one| one.falls),
            all(|one| one.appears),
        );
        writeln!(
            f,
            "{} {}{}: {} on it, {} without it",
            self.kind,
            self.what,
            match parts.is_empty() {
                true => String::new(),
                false => format!(" ({})", parts.join(", ")),
            },
            match depend {
                1 => "1 fact depends".to_owned(),
                many => format!("{many} facts depend"),
            },
            match fall {
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
            match appear == 0 {
                true => writeln!(f)?,
                false => writeln!(f, "  {:>6}", "appear")?,
            }
        }
        for one in &self.relations {
            let (relation, depends) = (&one.relation, one.depends);
            write!(f, "  {relation:width$}  {depends:>7}  {:>5}", one.falls)?;
            match appear == 0 {
                true => writeln!(f)?,
                false => writeln!(f, "  {:>6}", one.appears)?,
            }
        }
        let stays = self.depends.iter();
        let stays = stays.filter(|fact| self.falls.binary_search(fact).is_err());
        let stays: Vec<&String> = stays.collect();
        let kinds = [
            ("-", self.falls.iter().collect(), fall),
            ("+", self.appears.iter().collect(), appear),
            ("=", stays, depend - fall),
        ];
        for (sign, facts, count) in kinds {
            if sign == "=" && count > 0 {
                writeln!(f, "there are other ways to what else depends on it:")?;
            }
            for fact in facts.iter().take(SHOWN) {
                writeln!(f, " {sign} {fact}")?;
            }
            if count > SHOWN {
                let listed = match count > facts.len() {
                    true => format!("lists the first {}", facts.len()),
                    false => "lists them".to_owned(),
                };
                writeln!(f, " {sign} … and {} more; --json {listed}", count - SHOWN)?;
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
