//! Abduction: what would have to be so for a goal to hold.
//!
//! [`explain`] finds all subset-minimal sets of assumable facts, over known constants and up to a size, under which the
//! goal holds and no constraint is violated that was not before. It goes on from proposals ([`proposals`]), looks at
//! each in the case as it would be ([`outlook`]), and where the goal still fails, or a constraint does, extends the set by
//! what could mend that, as in the search trees of model-based diagnosis (Reiter, 1987). Every minimal set contains a
//! proposal at each step, so none is missed within the bound.

mod attempts;
mod consequences;
mod domain;
mod equivalences;
mod labels;
mod outlook;
mod proposals;
mod reach;
mod search;
#[cfg(test)]
mod tests;

pub use consequences::{Explanation, Rival, leans_on};
pub use outlook::{Breach, Rerun};
pub(super) use reach::behind;
pub use search::{Abduced, Goal, Outcome, Question, Refused, Worlds, explain};
