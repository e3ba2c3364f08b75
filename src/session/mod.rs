//! One loaded case, and what one may ask of it.
//!
//! In: a [`CaseSpec`] or rule text, then [`Command`]s. Out: [`Answer`]s, both plain data; or an [`Error`], after which
//! the session is as it was.
//! Must not know: terminals. Nothing here prints, asks, pages or ends the process.

mod abduce;
mod ahead;
mod answer;
mod apart;
mod assume;
mod at_once;
mod blanks;
mod case;
mod case_diff;
#[cfg(test)]
mod case_diff_tests;
mod catalogue;
mod check;
mod clauses;
mod command;
mod compare;
mod comparison;
mod comparison_text;
mod contenders;
mod corroboration;
mod costs;
mod coverage;
#[cfg(test)]
mod coverage_tests;
mod critical;
mod data;
mod decode;
mod encode;
mod ends;
mod error;
mod expectations;
mod expected;
mod explained;
mod follow;
mod functors;
mod hypotheses;
mod hypothesis_table;
mod impact;
mod layer;
mod loaded;
mod matrix;
mod narrow;
mod options;
mod outcome;
mod outputs;
mod overlays;
mod pages;
mod part;
mod places;
mod plans;
mod pool;
mod program;
mod questions;
mod reject;
mod requirements;
mod rows;
mod rule_places;
mod save;
mod singles;
mod standing;
mod table;
mod text;
mod texts;
mod timeline;
mod together;
mod typed;
mod unfound;
mod unquoted;
mod uses;
mod vocabulary;
mod watch;
mod what_if;
mod why;
mod why_not;
mod within;
mod world;
mod worlds;

pub use abduce::{Abduction, AbductionQuestion, Denied, Explained, Refusal};
pub use answer::{
    Answer, AttributeType, Change, Inventory, RelationSize, RuleText, Schema, SourceLine,
};
pub use apart::{Apart, DatedClaim, NeverAtOnce};
pub use assume::Step;
pub use case::CaseSpec;
pub use case_diff::{
    CaseDiff, Cause, Clause, DiffQuestion, ExplainedChange, Incomparable, RelationDiff, RulesDiff,
    ViolationsDiff,
};
pub use check::{Checked, ReadFacts, check};
pub use clauses::ClauseText;
pub use command::Command;
pub use compare::ComparisonQuestion;
pub use comparison::{Column, Comparison, Flip, Pair, Row as Compared};
pub use corroboration::{Corroborated, Corroboration, Ranking};
pub use costs::{Costs, RelationGrowth, RoundOf, RuleCosts, StratumCosts, VersionCosts};
pub use coverage::{Coverage, InputCoverage, RuleCoverage};
pub use critical::{Critical, CriticalQuestion, CutsOf};
pub use decode::RowError;
pub use error::{Error, Findings, Stopped};
pub use expectations::{Doubt, TestQuestion, Tested, TestedFile, Unmet};
pub use hypotheses::HypothesisLine;
pub use hypothesis_table::{GoalRow, GoalState, HypothesisRow, HypothesisTable};
pub use impact::{Impact, RelationImpact};
pub use loaded::Session;
pub use narrow::{Narrowed, RelationFate};
pub use options::{Derive, Options};
pub use outcome::Violated;
pub use outputs::Written;
pub use overlays::Supposition;
pub use pages::{codes, page};
pub use plans::{Plans, RulePlans, StratumPlans};
pub use questions::Answered;
pub use reject::{Choice, Kept, RejectOption, RejectQuestion, RejectedClaim, Rejection};
pub use requirements::{Channel, Requirement, Requirements};
pub use save::{SaveClaims, Saved};
pub use table::Table;
pub use text::format;
pub use timeline::{Entry, Timeline};
pub use vocabulary::Signature;
pub use watch::{Unwatched, Watch};
pub use what_if::{
    BrokenLine, Differing, FallLine, Reasons, WeighedLine, WeighedPart, WhatIf, WhatIfQuestion,
};
pub use why::{Proof, WhyQuestion};
pub use why_not::{Meant, Missing};
pub use worlds::{Bridged, OverMerged, Worlds};

// What callers need of the parts below, so that they know only this one.
pub use crate::engine::budget::{Budget, Observer, StopReason};
pub use crate::evidence::Combination;
pub use crate::evidence::{Credibility, Lens, PartialDate, Reliability};
pub use crate::explain::{GraphFormat, Line, LineKind, Row, Tree, wrap};
pub use crate::hypothesis::{Difference, FactList, Overlay, Withdrawal, World};
pub use crate::plan::{PlanText, StepText};

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod follow_tests;
#[cfg(test)]
mod narrow_tests;
#[cfg(test)]
mod overlay_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod together_tests;
