//! Functors and comparisons on single values.

use crate::analysis::checked::{Functor, RuleId, ValueType};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;

/// Why a functor has no value for its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    DivisionByZero,
    NotANumber(String),
    BadPattern(String),
    UnknownFunctor(String),
}

/// Faults of one rule: how often, and the first one seen.
#[derive(Clone, Debug)]
pub struct FaultReport {
    pub rule: RuleId,
    pub fault: Fault,
    pub count: u64,
    /// Arguments of the functor at the first fault, formatted.
    pub example: String,
}

/// The value of a functor, by the semantics of the dialect (wrap-around, byte lengths …).
pub fn apply(_functor: &Functor, _args: &[Code], _dictionary: &Dictionary) -> Result<Code, Fault> {
    todo!()
}

/// Whether `left op right` holds in the order of `operand` (numbers by value, symbols byte by byte).
pub fn compare(
    _op: CompareOp,
    _operand: ValueType,
    _left: Code,
    _right: Code,
    _dictionary: &Dictionary,
) -> bool {
    todo!()
}
