//! What a user may ask of a session, as data.

use super::abduce::AbductionQuestion;
use super::compare::ComparisonQuestion;
use super::critical::CriticalQuestion;
use super::expectations::TestQuestion;
use super::overlays::Supposition;
use super::reject::RejectQuestion;
use super::save::SaveClaims;
use super::what_if::WhatIfQuestion;
use super::why::WhyQuestion;
use crate::evidence::Lens;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The body of a query: `works_for(F, "x"), !front(F, _)`, with or without `?-` and the final dot.
    Query(String),
    /// Clauses that take effect at once. All of them, or none when one is wrong.
    Clauses(String),
    /// Text that is a query, or facts and rules. What reads as a query is one, but for a single atom with constants
    /// only and a final dot: that is a fact, as it is in a file.
    Typed(String),
    /// What supports a fact, and a proof.
    Why(WhyQuestion),
    /// The proof by the next support of the fact asked about last.
    Next,
    /// All supports of the fact asked about last.
    All,
    /// What is nearest to a fact that does not hold.
    WhyNot(String),
    /// The independent sources of a fact.
    Corroboration(String),
    /// What conclusions hang on.
    Critical(CriticalQuestion),
    /// On which publication date each fact first became derivable.
    Timeline(String),
    /// What depends on a claim, source, rule or file.
    Impact(String),
    /// In which worlds of identity facts hold.
    Worlds(String),
    /// What would have to be so for a fact to hold.
    Abduce(AbductionQuestion),
    /// Competing hypotheses side by side.
    Compare(ComparisonQuestion),
    /// What to collect to tell hypotheses apart.
    Requirements(ComparisonQuestion),
    /// Lets only some claims count, until the next such command.
    Lens(Lens),
    /// Every relation with its size.
    Relations,
    /// The attributes of one relation.
    Schema(String),
    /// The sources that state facts of a relation, or all sources.
    Sources(Option<String>),
    /// The rules that derive a relation, or all rules.
    Rules(Option<String>),
    /// Rows of a relation or answers of a query; without either, of everything.
    Count(Option<String>),
    /// How rules are joined: of a relation, of the rule at a place (`rules/a.dl:12`), of a query, or all.
    Plan(Option<String>),
    /// What every rule costs. Runs the program once more to measure it.
    Profile,
    /// What each of some hypotheses comes to; without names, of all.
    Weigh(Vec<String>),
    /// What another case, or version of the rules, says differently.
    DiffCase {
        other: PathBuf,
        relations: Vec<String>,
        /// Facts to explain of each relation.
        explain: usize,
    },
    /// Whether expectations are met.
    Test(TestQuestion),
    /// The difference a supposition would make.
    WhatIf(Box<WhatIfQuestion>),
    /// Supposes something from now on, on top of what is supposed already.
    Suppose(Box<Supposition>),
    /// Takes the last supposition back.
    Undo,
    /// Supposes again what was taken back last.
    Redo,
    /// The difference that all suppositions together make.
    Diff,
    /// Takes back the innermost hypothesis, with all that was supposed since.
    LeaveHypothesis,
    /// The hypotheses of the case.
    Hypotheses,
    /// Reads a file of hypotheses.
    LoadHypotheses(PathBuf),
    /// Writes what is supposed as a hypothesis.
    SaveHypothesis { name: String, file: PathBuf },
    /// Writes what is assumed as claims.
    SaveClaims(SaveClaims),
    /// Ways to end a conclusion that is not believed, or the choice of one.
    Reject(RejectQuestion),
    /// Adds a rule file to the program.
    Load(PathBuf),
    /// Reads all files again and forgets what was typed.
    Reload,
}
