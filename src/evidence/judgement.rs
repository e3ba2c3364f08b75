//! Judgements: an analyst does not believe a claim, and says so with name and date.

use super::PartialDate;
use crate::syntax::source::Location;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The claim does not count from now on.
    #[default]
    Rejects,
    /// It counts again.
    Accepts,
}

/// One row of the file of judgements.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub id: Box<str>,
    /// The id of a claim.
    pub claim: Box<str>,
    pub verdict: Verdict,
    /// The conclusion that was not believed, where there was one.
    pub about: Option<Box<str>>,
    pub author: Box<str>,
    pub date: PartialDate,
    pub note: Option<Box<str>>,
    pub place: Location,
}

impl std::fmt::Display for Judgement {
    /// `A. Analyst on 2026-11-22 (judgement j1)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} on {} (judgement {})",
            self.author, self.date, self.id
        )
    }
}

/// All judgements of a case, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct Judgements {
    judgements: Vec<Judgement>,
}

impl Judgements {
    pub fn new(judgements: Vec<Judgement>) -> Judgements {
        Judgements { judgements }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Judgement> {
        self.judgements.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.judgements.is_empty()
    }

    /// The judgement by which a claim does not count. The last about a claim decides.
    pub fn rejecting(&self, claim: &str) -> Option<&Judgement> {
        let last = self.judgements.iter().rev();
        let mut about = last.filter(|judgement| *judgement.claim == *claim);
        about
            .next()
            .filter(|judgement| judgement.verdict == Verdict::Rejects)
    }
}
