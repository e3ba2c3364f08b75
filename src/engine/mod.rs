//! Plans and rows to fixpoint.
//!
//! In: a checked program, the rows that are stated. Out: every row that follows, and answers to queries over them.
//! Must not know: files, evidence, terminals.

pub mod budget;
pub mod database;
pub mod functor;

pub use budget::{Budget, Observer, RunOptions, RunReport, Stop, StopReason, Violation};
pub use database::Database;
