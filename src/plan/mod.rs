//! Checked rules to join plans.
//!
//! In: rules of a checked program, and [`Statistics`] about its relations. Out: [`RulePlan`]s: steps that extend partial
//! bindings, in an order chosen by size, that one can print and read.
//! Must not know: files, evidence, and how or on how many machines a plan is run.

mod bounds;
mod liveness;
pub mod order;
pub mod planner;
pub mod print;
pub mod rule_plan;
pub mod step;

pub use order::Statistics;
pub use planner::{plan_body, plan_rule, plan_seeded, plan_subsumption};
pub use print::{PlanText, StepText, print_query, print_rule, print_subsumption};
pub use rule_plan::{Asked, Guard, Placed, RulePlan, WIDE, fan_out, widest};
pub use step::{Access, Operand, Step, Version, Within};
