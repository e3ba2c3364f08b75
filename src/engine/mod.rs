//! Plans and rows to fixpoint.
//!
//! In: a checked program, the rows that are stated. Out: every row that follows, and answers to queries over them.
//! Must not know: files, evidence, terminals.

pub mod aggregate;
pub mod budget;
pub mod database;
pub mod functor;
mod pattern;

pub use aggregate::Accumulator;
pub use budget::{Budget, Observer, RunOptions, RunReport, Stop, StopReason, Violation};
pub use database::Database;
