//! Why a fact does not hold, and what was nearest.

use super::apart::NeverAtOnce;
use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use crate::evidence::{ClaimId, Judgement};
use crate::explain::{Fact, MissView, Tree, WhyNotOptions, miss_tree, pattern_text};
use crate::io::quote_value;
use serde::Serialize;
use std::fmt;

/// A fact that is asked for and missing.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    pub fact: String,
    pub holds: bool,
    /// Whether the search ended: nothing nearer was left out for want of budget.
    pub complete: bool,
    /// Constants that stand nowhere in a column of this type, and what may have been meant.
    pub did_you_mean: Vec<Meant>,
    /// Facts that hold and differ in one argument.
    pub nearest: Vec<String>,
    /// Claims that state it and do not count, because of the dates or grades asked for.
    pub set_aside: Vec<String>,
    /// Claims that say it does not hold.
    pub disputed_by: Vec<String>,
    /// Claims that do not count because somebody rejected them: those that state it, and those that were rejected on
    /// its account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<String>,
    /// Rules that nearly conclude it, the nearest first.
    pub near: Vec<MissView>,
    /// It follows, but its pieces were never true at one time, which is what is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_at_once: Option<NeverAtOnce>,
    /// Every way to it leads through itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub circular: bool,
    #[serde(skip)]
    rules: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct Meant {
    /// The argument, by the name of its attribute.
    pub argument: String,
    pub given: String,
    /// Best first; none when nothing is like it.
    pub known: Vec<String>,
}

impl Session {
    /// What is nearest to a fact that does not hold; `_` stands for any value.
    pub fn why_not(&mut self, fact: &str) -> Result<Missing, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(fact)?;
        let case = self.case();
        let Pattern {
            relation, codes, ..
        } = &pattern;
        let holds = match codes.iter().copied().collect::<Option<Vec<_>>>() {
            Some(row) => case.holds(&Fact::new(*relation, &row)),
            None => !self.database.matching(*relation, codes).is_empty(),
        };
        let mut missing = Missing {
            fact: pattern_text(self.program(), self.dictionary(), *relation, codes),
            holds,
            complete: true,
            did_you_mean: Vec::new(),
            nearest: Vec::new(),
            set_aside: Vec::new(),
            disputed_by: Vec::new(),
            rejected: Vec::new(),
            near: Vec::new(),
            never_at_once: None,
            circular: false,
            rules: 0,
        };
        if holds {
            return Ok(missing);
        }
        missing.did_you_mean = self.meant(&pattern);
        missing.never_at_once = self.never_at_once(&pattern)?;
        let case = self.case();
        let options = WhyNotOptions::default();
        let found = case.why_not(*relation, codes, &options, &self.explanation_budget());
        missing.complete = found.stopped.is_none();
        missing.rules = found.rules;
        missing.circular = found.circular;
        missing.nearest = found
            .nearest
            .iter()
            .map(|fact| self.fact_text(fact))
            .collect();
        missing.near = found
            .misses
            .iter()
            .map(|miss| case.miss_view(miss, &self.sources))
            .collect();
        if let Some(row) = codes.iter().copied().collect::<Option<Vec<_>>>() {
            let all = &self.data.claims;
            let ids = |claims: Vec<ClaimId>| -> Vec<String> {
                claims
                    .iter()
                    .map(|&claim| all.get(claim).id.to_string())
                    .collect()
            };
            let fact = Fact::new(*relation, &row);
            let rejected = case.rejected(&fact).into_iter();
            let mut rejected: Vec<(String, &Judgement)> = rejected
                .map(|(claim, judgement)| (all.get(claim).id.to_string(), judgement))
                .collect();
            for judgement in self.data.judgements.iter() {
                let about = judgement.about.as_deref() == Some(&*missing.fact);
                let claim = judgement.claim.to_string();
                if about
                    && self.data.judgements.rejecting(&claim) == Some(judgement)
                    && !rejected.iter().any(|(known, _)| *known == claim)
                {
                    rejected.push((claim, judgement));
                }
            }
            missing.rejected = rejected
                .into_iter()
                .map(|(claim, judgement)| format!("claim {claim}, by {judgement}"))
                .collect();
            missing.set_aside = ids(all.supporting(*relation, &row));
            missing.disputed_by = ids(all.disputing(*relation, &row));
        }
        Ok(missing)
    }

    fn meant(&self, pattern: &Pattern) -> Vec<Meant> {
        let case = self.case();
        let attributes = &self.program()[pattern.relation].attributes;
        let mut found = Vec::new();
        for (at, code) in pattern.codes.iter().enumerate() {
            let Some(code) = *code else { continue };
            let Some(known) = case.meant(pattern.relation, at, code, 3) else {
                continue;
            };
            let text =
                |code| quote_value(self.dictionary(), self.program(), attributes[at].ty, code);
            found.push(Meant {
                argument: attributes[at].name.to_string(),
                given: text(code),
                known: known.into_iter().map(text).collect(),
            });
        }
        found
    }
}

impl Missing {
    /// What is said before the tree: names that stand nowhere, or that the fact holds after all.
    pub fn preface(&self) -> Vec<String> {
        if self.holds {
            return vec![format!("{} holds: `why` proves it", self.fact)];
        }
        self.did_you_mean
            .iter()
            .map(|meant| match meant.known.is_empty() {
                true => format!("nothing is called {} here", meant.given),
                false => format!(
                    "nothing is called {} here: did you mean {}?",
                    meant.given,
                    meant.known.join(" or ")
                ),
            })
            .collect()
    }

    /// As lines; `None` when it holds.
    pub fn tree(&self) -> Option<Tree> {
        let first = || format!("{} does not hold", self.fact);
        (!self.holds).then(|| miss_tree(first(), &self.near))
    }

    /// What is said after the tree.
    pub fn remarks(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.holds {
            return said;
        }
        if self.rules == 0 {
            said.push("no rule concludes it: it would have to be stated".to_owned());
        } else if self.circular {
            said.push("it follows only from itself: a circle".to_owned());
        } else if self.near.is_empty() && self.complete {
            said.push("no rule can conclude it: no head fits".to_owned());
        }
        if !self.nearest.is_empty() {
            said.push(format!("there is {}", self.nearest.join(", ")));
        }
        if !self.set_aside.is_empty() {
            said.push(format!(
                "stated by {}, which does not count under the dates or grades asked for",
                self.set_aside.join(", ")
            ));
        }
        let rejected = self.rejected.iter();
        said.extend(rejected.map(|rejected| format!("rejected: {rejected}")));
        if let Some(never) = &self.never_at_once {
            said.push(format!(
                "it follows only from what was never true at one time: {never}"
            ));
        }
        if !self.disputed_by.is_empty() {
            said.push(format!("denied by {}", self.disputed_by.join(", ")));
        }
        if !self.complete {
            said.push("THE SEARCH WAS CUT SHORT: something may be nearer".to_owned());
        }
        said
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.preface() {
            writeln!(f, "{line}")?;
        }
        if let Some(tree) = self.tree() {
            write!(f, "{tree}")?;
        }
        for line in self.remarks() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
