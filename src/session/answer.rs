//! What a session answers, as data.

use super::abduce::Abduction;
use super::assume::Step;
use super::case_diff::CaseDiff;
use super::comparison::Comparison;
use super::corroboration::Corroboration;
use super::costs::Costs;
use super::critical::Critical;
use super::expectations::Tested;
use super::hypotheses::HypothesisLine;
use super::hypothesis_table::HypothesisTable;
use super::impact::Impact;
use super::plans::Plans;
use super::reject::Rejection;
use super::requirements::Requirements;
use super::save::Saved;
use super::table::Table;
use super::timeline::Timeline;
use super::what_if::WhatIf;
use super::why::Proof;
use super::why_not::Missing;
use super::worlds::Worlds;
use crate::evidence::Lens;
use crate::syntax::source::Location;
use std::sync::Arc;
use std::time::Duration;

pub enum Answer {
    Rows(Table),
    Changed(Change),
    Proof(Box<Proof>),
    Missing(Box<Missing>),
    Corroboration(Corroboration),
    Critical(Critical),
    Timeline(Timeline),
    Impact(Impact),
    Worlds(Worlds),
    Abduction(Box<Abduction>),
    Comparison(Box<Comparison>),
    Requirements(Requirements),
    /// The claims that count from now on.
    Lens(Lens),
    Relations(Vec<RelationSize>),
    Schema(Schema),
    Sources(Vec<SourceLine>),
    Rules(Vec<RuleText>),
    /// What was counted, and how often it is there.
    Count {
        counts: Vec<(Arc<str>, u64)>,
        elapsed: Duration,
    },
    Tested(Box<Tested>),
    Weighed(HypothesisTable),
    Parted(Box<CaseDiff>),
    Plans(Plans),
    Costs(Box<Costs>),
    Loaded(Inventory),
    /// What was supposed, or would be, and the difference.
    Supposed(Box<WhatIf>),
    Step(Step),
    Hypotheses(Vec<HypothesisLine>),
    Saved(Saved),
    Rejection(Rejection),
}

/// What typed clauses or a loaded file did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub facts: usize,
    pub rules: usize,
    /// Declarations, directives and the like.
    pub others: usize,
    /// Rows that are there now and were not.
    pub appeared: u64,
    /// Rows that were there and are no more.
    pub gone: u64,
    pub elapsed: Duration,
}

#[derive(Clone, Debug)]
pub struct RelationSize {
    pub name: Arc<str>,
    pub attributes: Vec<Arc<str>>,
    pub rows: u64,
    /// Rules that derive it; facts in the text are not counted.
    pub rules: usize,
}

#[derive(Clone, Debug)]
pub struct Schema {
    pub name: Arc<str>,
    pub doc: Option<Arc<str>>,
    pub attributes: Vec<AttributeType>,
    /// Where it is declared, as `file:line:column`.
    pub declared: String,
    /// Files that are read into it.
    pub inputs: Vec<String>,
    pub rules: usize,
    pub rows: u64,
}

#[derive(Clone, Debug)]
pub struct AttributeType {
    pub name: Arc<str>,
    pub r#type: Arc<str>,
}

/// A source, and how much of what is loaded it states.
#[derive(Clone, Debug)]
pub struct SourceLine {
    pub id: Box<str>,
    pub reliability: String,
    pub published: Option<String>,
    pub publisher: Box<str>,
    pub title: Box<str>,
    pub claims: usize,
}

/// A rule as written.
#[derive(Clone, Debug)]
pub struct RuleText {
    pub at: Location,
    pub text: String,
}

/// What a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Rule files, included ones counted.
    pub packs: usize,
    pub rules: usize,
    /// Rows of claim files; one that several relations read counts once.
    pub claims: usize,
    /// Sources that claims name.
    pub sources: usize,
    /// What is stated. What one claim says in several relations counts once.
    pub facts: u64,
    pub derived: u64,
    pub elapsed: Duration,
}
