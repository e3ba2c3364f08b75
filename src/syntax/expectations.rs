//! What a file of expectations says: `fact.`, `!fact.`, `body -> { rows }.`, `body -> count >= 8.`

use super::ast::{Body, CompareOp, StringLiteral};
use super::source::Span;
use std::sync::Arc;

/// A sentence of a file of expectations.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub kind: ExpectationKind,
    /// The hypotheses it is made under, as written, the outermost first.
    pub under: Vec<UnderName>,
    /// Without its dot.
    pub span: Span,
}

/// A hypothesis as a block names it: `contractor` or `contractor("itg")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderName {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExpectationKind {
    /// `body.`: there is an answer.
    Answered(Body),
    /// `body -> { "a", "b" }.`: these are the answers, no more and no fewer.
    Exactly { body: Body, rows: Vec<WantedRow> },
    /// `body -> count = 8.`
    Measured {
        body: Body,
        measure: Measure,
        op: CompareOp,
        value: f64,
    },
    /// `no violations.`
    NoViolations,
    /// `violated "text".`: a constraint is violated whose text or place has this in it.
    Violated(StringLiteral),
}

/// One expected answer.
#[derive(Clone, Debug)]
pub struct WantedRow {
    /// As fact files write them.
    pub values: Vec<Arc<str>>,
    pub span: Span,
}

/// What can be counted or weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Answers.
    Count,
    /// Of a fact, between 0 and 1.
    Strength,
    /// Minimal supports of a fact.
    Supports,
    /// Independent roots of a fact.
    Roots,
}

impl Measure {
    pub const ALL: [Measure; 4] = [
        Measure::Count,
        Measure::Strength,
        Measure::Supports,
        Measure::Roots,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Measure::Count => "count",
            Measure::Strength => "strength",
            Measure::Supports => "supports",
            Measure::Roots => "roots",
        }
    }
}
