//! Rejecting an inference: which claims would have to go, what would go with them, and keeping the choice.

use super::error::Error;
use super::loaded::Session;
use super::save::slug;
use super::standing::Standing;
use crate::evidence::{ClaimId, Day, GradeTables, Judgement, Judgements, PartialDate, Verdict};
use crate::explain::{CutOptions, Fact};
use crate::hypothesis::{Difference, FactList};
use crate::io::{self, JUDGEMENTS};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Location;
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options looked for when nothing else is asked for.
const LISTED: usize = 20;
/// What the options cost is found by running without them, for so long.
const MOST_TIME: Duration = Duration::from_secs(20);

/// Which conclusion is not believed, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectQuestion {
    pub fact: String,
    /// How many options to look for. Default: 20.
    pub limit: Option<usize>,
    pub choice: Option<Choice>,
}

/// One of the options, and who takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// As numbered among the options.
    pub option: usize,
    pub author: String,
    /// Default: today, in UTC.
    pub date: Option<PartialDate>,
    pub note: Option<String>,
}

/// The ways to end a conclusion, those that give up the least credible claims first.
#[derive(Clone, Debug, Serialize)]
pub struct Rejection {
    pub fact: String,
    pub options: Vec<RejectOption>,
    /// Sets of claims that it rests on, and without which it follows otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_enough: Vec<Vec<String>>,
    /// Whether these are all ways.
    pub complete: bool,
    /// What was chosen and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// A minimal set of claims without which the conclusion does not follow.
#[derive(Clone, Debug, Serialize)]
pub struct RejectOption {
    /// From 1.
    pub number: usize,
    pub claims: Vec<RejectedClaim>,
    /// Of the most credible of its claims: what one would have to disbelieve.
    pub strength: f64,
    /// Conclusions that fall with it, the rejected one and the claimed facts themselves not counted. `None`: not looked
    /// at, for want of time.
    pub falls: Option<Vec<String>>,
    /// Conclusions that appear.
    pub appears: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RejectedClaim {
    pub id: String,
    pub source: Option<String>,
    /// `A2`.
    pub grade: String,
    pub strength: f64,
    /// What it states.
    pub states: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    pub option: usize,
    pub judgements: Vec<String>,
    pub author: String,
    pub date: String,
    pub file: String,
}

/// What else falls, and what appears.
type Collateral = (Vec<String>, Vec<String>);

impl Session {
    /// The ways to end a conclusion that is not believed; with a choice, writes it down as judgements that count from
    /// now on.
    pub fn reject(&mut self, question: &RejectQuestion) -> Result<Rejection, Error> {
        self.refresh()?;
        if !self.levels.is_empty() {
            return Err(self.rejected(vec![
                Diagnostic::error(
                    "D082",
                    "this is a supposition: judgements are about the case itself",
                )
                .help("`:undo` what is supposed first"),
            ]));
        }
        let fact = self.parse_fact(&question.fact)?;
        let text = self.fact_text(&fact);
        if !self.case().holds(&fact) {
            let wrong = format!("{text} does not hold: there is nothing to reject");
            return Err(self.rejected(vec![
                Diagnostic::error("D082", wrong).help("`why-not` tells what is nearest"),
            ]));
        }
        let limit = question.limit.unwrap_or(LISTED);
        let (cuts, complete) = self.ways_to_end(&fact, limit);
        if cuts.is_empty() {
            let wrong = format!("{text} rests on no claim: there is nobody to disbelieve");
            return Err(self.rejected(vec![
                Diagnostic::error("D082", wrong)
                    .help("it follows from rules and plain data alone: see `why`"),
            ]));
        }
        let started = Instant::now();
        let mut rejection = Rejection {
            fact: text,
            options: Vec::new(),
            not_enough: Vec::new(),
            complete,
            kept: None,
        };
        for cut in &cuts {
            let (falls, appears) = match started.elapsed() < MOST_TIME {
                true => match self.collateral(&fact, cut)? {
                    Some((falls, appears)) => (Some(falls), Some(appears)),
                    None => {
                        let ids = cut.iter().map(|&one| self.claims.get(one).id.to_owned());
                        rejection.not_enough.push(ids.collect());
                        continue;
                    }
                },
                false => (None, None),
            };
            rejection.options.push(RejectOption {
                number: rejection.options.len() + 1,
                claims: cut.iter().map(|&claim| self.claim_view(claim)).collect(),
                strength: self.hardest(cut),
                falls,
                appears,
            });
        }
        if rejection.options.is_empty() {
            let sets: Vec<String> = rejection
                .not_enough
                .iter()
                .map(|set| set.join(" and "))
                .collect();
            let wrong = format!(
                "{} follows otherwise without {}",
                rejection.fact,
                sets.join(", or without ")
            );
            let help = "something that a rule wants absent hangs on it too: `why` shows what it would rest on then, with the \
                        claim withdrawn";
            return Err(self.rejected(vec![Diagnostic::error("D082", wrong).help(help)]));
        }
        if let Some(choice) = &question.choice {
            rejection.kept = Some(self.keep_rejected(&rejection, choice)?);
        }
        Ok(rejection)
    }

    /// Minimal sets of claims, those that give up the least credible claims first.
    fn ways_to_end(&self, fact: &Fact, limit: usize) -> (Vec<Vec<ClaimId>>, bool) {
        let case = self.case();
        let options = CutOptions {
            most: limit,
            ..CutOptions::default()
        };
        let budget = self.explanation_budget();
        let found = case.cuts(fact, &options, &budget);
        let mut cuts: Vec<Vec<ClaimId>> = found
            .statements
            .iter()
            .filter_map(|cut| cut.iter().map(|one| one.claim()).collect())
            .collect();
        // Some claims end it only by bringing about what it wants absent.
        let singles = self.hanging(std::slice::from_ref(fact), &[], &budget);
        let singles = singles.into_iter().flat_map(|(singles, _)| singles);
        for cut in singles.flat_map(|(single, _)| single.statements) {
            if let Some(claim) = cut[0].claim() {
                cuts.retain(|cut| cut.len() == 1 || !cut.contains(&claim));
                if cuts.len() < limit && !cuts.contains(&vec![claim]) {
                    cuts.push(vec![claim]);
                }
            }
        }
        cuts.sort_by(|a, b| {
            let hardest = self.hardest(a).total_cmp(&self.hardest(b));
            hardest.then(a.len().cmp(&b.len())).then_with(|| a.cmp(b))
        });
        (cuts, found.complete)
    }

    fn strength_of(&self, claim: ClaimId) -> f64 {
        GradeTables::default().strength(self.claims.get(claim).grade(&self.data.sources))
    }

    fn hardest(&self, cut: &[ClaimId]) -> f64 {
        let strengths = cut.iter().map(|&claim| self.strength_of(claim));
        strengths.max_by(f64::total_cmp).unwrap_or(0.0)
    }

    fn claim_view(&self, id: ClaimId) -> RejectedClaim {
        let claim = self.claims.get(id);
        let sources = &self.data.sources;
        let facts = self.claims.with_id(claim.id).map(|claim| {
            let claim = self.claims.get(claim);
            self.fact_text(&Fact::new(claim.relation, claim.row))
        });
        RejectedClaim {
            id: claim.id.to_string(),
            source: claim.source.map(|source| sources[source].id.to_string()),
            grade: claim.grade(sources).to_string(),
            strength: self.strength_of(id),
            states: facts.collect(),
        }
    }

    /// What else falls, and what appears, without some claims; `None`: the fact follows otherwise then.
    fn collateral(&self, fact: &Fact, cut: &[ClaimId]) -> Result<Option<Collateral>, Error> {
        let rows: FxHashSet<ClaimId> = cut
            .iter()
            .flat_map(|&claim| self.claims.with_id(self.claims.get(claim).id))
            .collect();
        let claimed: FxHashSet<Fact> = rows
            .iter()
            .map(|&claim| Fact::new(self.claims.get(claim).relation, self.claims.get(claim).row))
            .collect();
        let state = self.derive(Standing {
            claims: self.claims.without(rows),
            ..self.standing()
        })?;
        if state.database.contains(fact.relation, &fact.row) {
            return Ok(None);
        }
        let (here, there) = (self.here(), state.side());
        let difference =
            Difference::between((here.database, here.report), (there.database, there.report));
        let others = |other: &Fact| other != fact && !claimed.contains(other);
        let texts = |facts: &FactList| {
            let facts = facts.filtered(others);
            self.ranked(&here.case(), &facts, usize::MAX).1
        };
        Ok(Some((texts(&difference.fell), texts(&difference.appeared))))
    }

    fn keep_rejected(&mut self, rejection: &Rejection, choice: &Choice) -> Result<Kept, Error> {
        let wrong = |message: String, help: &str| Diagnostic::error("D082", message).help(help);
        let count = rejection.options.len();
        let option = choice
            .option
            .checked_sub(1)
            .and_then(|at| rejection.options.get(at));
        let Some(option) = option else {
            let message = format!("there is no option {}", choice.option);
            let help = format!("choose one from 1 to {count}");
            return Err(self.rejected(vec![wrong(message, &help)]));
        };
        let author = choice.author.trim();
        if author.is_empty() {
            let message = "a judgement needs an author".to_owned();
            return Err(self.rejected(vec![wrong(message, "as in `--author \"A. Analyst\"`")]));
        }
        let path = self.spec.fact_dir().join(JUDGEMENTS);
        let date = match choice.date {
            Some(date) => date,
            None => Day::today().into(),
        };
        let known: FxHashSet<&str> = self.data.judgements.iter().map(|one| &*one.id).collect();
        let mut numbers = 1..;
        let mut fresh = || {
            let ids = numbers.by_ref().map(|n| format!("{}-{n}", slug(author)));
            let mut unused = ids.filter(|id| !known.contains(id.as_str()));
            unused.next().unwrap_or_default()
        };
        let judgements: Vec<Judgement> = option
            .claims
            .iter()
            .map(|claim| Judgement {
                id: fresh().into(),
                claim: claim.id.as_str().into(),
                verdict: Verdict::Rejects,
                about: Some(rejection.fact.as_str().into()),
                author: author.into(),
                date,
                note: choice.note.as_deref().map(Into::into),
                place: Location {
                    file: path.to_string_lossy().into(),
                    line: 1,
                    column: 1,
                },
            })
            .collect();
        let before = self.data.clone();
        let mut data = before.unjudged();
        let all = before.judgements.iter().chain(&judgements).cloned();
        data.judge(Arc::new(Judgements::new(all.collect())));
        self.data = Arc::new(data);
        if let Err(error) = self
            .rerun()
            .and_then(|()| self.write_judgements(&path, &judgements))
        {
            self.data = before;
            self.rerun()?;
            return Err(error);
        }
        Ok(Kept {
            option: choice.option,
            judgements: judgements.iter().map(|one| one.id.to_string()).collect(),
            author: author.to_owned(),
            date: date.to_string(),
            file: path.display().to_string(),
        })
    }

    fn write_judgements(&self, path: &Path, more: &[Judgement]) -> Result<(), Error> {
        let failed = |reason: String| {
            let wrong = format!("cannot write `{}`: {reason}", path.display());
            self.rejected(vec![Diagnostic::error(io::codes::UNWRITABLE, wrong)])
        };
        let existing = match path.exists() {
            true => std::fs::read(path).map_err(|error| failed(error.to_string()))?,
            false => Vec::new(),
        };
        let text =
            io::with_judgements(&existing, more).map_err(|error| failed(error.to_string()))?;
        io::write_whole(path, &text, true).map_err(failed)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        if let Some(kept) = &self.kept {
            let option = &self.options[kept.option - 1];
            let ids: Vec<&str> = option
                .claims
                .iter()
                .map(|claim| claim.id.as_str())
                .collect();
            let noun = if ids.len() == 1 { "claim" } else { "claims" };
            return writeln!(
                f,
                "{} does not follow any more: {noun} {} rejected by {} on {}\nwritten to {} as {}: a later row there with the stance `accepts` brings it back",
                self.fact,
                ids.join(", "),
                kept.author,
                kept.date,
                kept.file,
                kept.judgements.join(", ")
            );
        }
        let count = match (self.options.len(), self.complete) {
            (1, true) => "one way".to_owned(),
            (count, true) => format!("{count} ways"),
            (count, false) => format!("the first {count} ways found, THERE MAY BE MORE"),
        };
        writeln!(f, "{}: {count} to end it, least credible first", self.fact)?;
        for option in &self.options {
            let claims: Vec<String> = option
                .claims
                .iter()
                .map(|claim| match &claim.source {
                    Some(source) => format!("{} ({source}, {})", claim.id, claim.grade),
                    None => format!("{} ({})", claim.id, claim.grade),
                })
                .collect();
            writeln!(f, "{:>3}  reject {}", option.number, claims.join(" and "))?;
            let (Some(falls), Some(appears)) = (&option.falls, &option.appears) else {
                writeln!(
                    f,
                    "     what else would fall was not looked at: the time is up"
                )?;
                continue;
            };
            if falls.is_empty() && appears.is_empty() {
                writeln!(f, "     nothing else falls")?;
            }
            for (said, facts) in [("falls", falls), ("appears", appears)] {
                for fact in facts.iter().take(SHOWN) {
                    writeln!(f, "     {said} {fact}")?;
                }
                if facts.len() > SHOWN {
                    let more = facts.len() - SHOWN;
                    writeln!(f, "     … and {more} more; --json lists them")?;
                }
            }
        }
        if !self.not_enough.is_empty() {
            let sets: Vec<String> = self
                .not_enough
                .iter()
                .map(|set| set.join(" and "))
                .collect();
            writeln!(
                f,
                "not enough is {}: it follows otherwise then",
                sets.join(", or ")
            )?;
        }
        writeln!(f, "`--choose N --author NAME` keeps one of them rejected")
    }
}
