//! How operations are written in rules.

use super::checked::{AggregateOp, FunctorOp};
use crate::syntax::ast::CompareOp;

/// Where an operation stands among its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling<'a> {
    Infix(&'static str),
    Prefix(&'static str),
    Name(&'static str),
    /// A functor of the embedding program, without its `@`.
    User(&'a str),
}

impl FunctorOp {
    pub fn spelling(&self) -> Spelling<'_> {
        use Spelling::{Infix, Name, Prefix};
        match self {
            FunctorOp::Add => Infix("+"),
            FunctorOp::Subtract => Infix("-"),
            FunctorOp::Multiply => Infix("*"),
            FunctorOp::Divide => Infix("/"),
            FunctorOp::Modulo => Infix("%"),
            FunctorOp::Power => Infix("^"),
            FunctorOp::Negate => Prefix("-"),
            FunctorOp::BitAnd => Infix("band"),
            FunctorOp::BitOr => Infix("bor"),
            FunctorOp::BitXor => Infix("bxor"),
            FunctorOp::BitNot => Prefix("bnot "),
            FunctorOp::ShiftLeft => Infix("bshl"),
            FunctorOp::ShiftRight => Infix("bshr"),
            FunctorOp::ShiftRightUnsigned => Infix("bshru"),
            FunctorOp::LogicalAnd => Infix("land"),
            FunctorOp::LogicalOr => Infix("lor"),
            FunctorOp::LogicalXor => Infix("lxor"),
            FunctorOp::LogicalNot => Prefix("lnot "),
            FunctorOp::Min => Name("min"),
            FunctorOp::Max => Name("max"),
            FunctorOp::Cat => Name("cat"),
            FunctorOp::Strlen => Name("strlen"),
            FunctorOp::Substr => Name("substr"),
            FunctorOp::ToString => Name("to_string"),
            FunctorOp::ToNumber => Name("to_number"),
            FunctorOp::ToUnsigned => Name("to_unsigned"),
            FunctorOp::ToFloat => Name("to_float"),
            FunctorOp::Ord => Name("ord"),
            FunctorOp::Autoinc => Name("autoinc"),
            FunctorOp::IterationCount => Name("recursive_iteration_cnt"),
            FunctorOp::User(name) => Spelling::User(name),
            FunctorOp::Reinterpret(_) | FunctorOp::FloatBits | FunctorOp::FloatOfBits => Name("as"),
            FunctorOp::Narrow => Name("narrow"),
        }
    }
}

impl AggregateOp {
    /// Of a user-defined aggregate only the sign that comes before its functor's name.
    pub fn name(self) -> &'static str {
        match self {
            AggregateOp::Count => "count",
            AggregateOp::Sum => "sum",
            AggregateOp::Min => "min",
            AggregateOp::Max => "max",
            AggregateOp::Mean => "mean",
            AggregateOp::User => "@@",
        }
    }
}

/// The sign of a comparison.
pub fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}
