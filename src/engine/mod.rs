//! Plans and rows to fixpoint.
//!
//! In: a checked program, the rows that are stated. Out: every row that follows, and answers to queries over them.
//! Must not know: files, evidence, terminals.

pub mod aggregate;
pub mod budget;
pub mod database;
mod evaluate;
mod fixpoint;
mod fold;
pub mod functor;
#[cfg(test)]
mod naive;
mod leading;
mod pattern;
mod pipeline;
pub mod profile;
mod range;
mod relation;
mod sink;
mod statistics;
#[cfg(test)]
mod tests;
mod worker;

pub use aggregate::Accumulator;
pub use budget::{Budget, Observer, RunOptions, RunReport, Stop, StopReason, Violation};
pub use database::Database;
pub use profile::{Profile, RuleCost};
