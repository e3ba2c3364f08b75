//! Plans and rows to fixpoint.
//!
//! In: a checked program, the rows that are stated. Out: every row that follows, and answers to queries over them.
//! Must not know: files, evidence, terminals.

mod admission;
pub mod aggregate;
mod answers;
mod asking;
mod births;
pub mod budget;
mod choice;
pub mod closures;
mod composition;
pub mod database;
mod dominance;
mod drive;
mod equivalence;
mod evaluate;
mod execution;
mod fixpoint;
mod fold;
pub mod functor;
mod gathering;
mod halves;
mod indexes;
mod intersection;
mod lattice;
mod leading;
mod maintain;
#[cfg(test)]
mod naive;
mod numbering;
mod pattern;
mod pipeline;
pub mod planning;
pub mod profile;
mod range;
mod relation;
mod run;
mod side_by_side;
mod sides;
mod sink;
mod standby;
mod statistics;
mod subsumption;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_apart;
#[cfg(test)]
mod tests_of_asking;
#[cfg(test)]
mod tests_of_bounds;
#[cfg(test)]
mod tests_of_composition;
#[cfg(test)]
mod tests_of_demand;
#[cfg(test)]
mod tests_of_dominance;
#[cfg(test)]
mod tests_of_folds;
#[cfg(test)]
mod tests_of_guards;
#[cfg(test)]
mod tests_of_records;
#[cfg(test)]
mod tests_of_side_by_side;
#[cfg(test)]
mod tests_of_unions;
mod text_facts;
mod unions;
mod value_order;
mod within;
mod worker;

pub use aggregate::Accumulator;
pub use budget::{Budget, Observer, RunOptions, RunReport, Stop, StopReason, Violation};
pub use closures::{Functors, Value};
pub use database::Database;
pub use maintain::{Change, Difference, Effort};
pub use planning::{ProgramPlans, StratumPlans};
pub use profile::{Growth, Profile, ROUNDS_KEPT, RoundCost, RuleCost};
pub use value_order::compare as compare_values;
