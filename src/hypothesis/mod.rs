//! Named sets of assumptions and withdrawals: what they change, how they compare, and which would explain a goal.
//!
//! In: overlays as written, the runs of a case with and without them, goals. Out: worlds and the difference between two;
//! sets of facts under which a goal holds; hypotheses side by side, and the changes that would alter their order.
//! Must not know: terminals, sessions, files. The case itself is never touched: a world is a run of its own.

pub mod abduce;
pub mod compare;
mod difference;
mod fall;
mod overlay;
mod side_by_side;
mod trial;
mod weigh;
mod world;

pub use difference::{Broken, Difference, FactList};
pub use fall::{Cause, Fall, why_fell};
pub use overlay::{Assumption, Overlay, RuleFile, Withdrawal, reserved};
pub use trial::{Outcome, Trial, Untried};
pub use weigh::{Leans, Seeds, Sides, WeighOptions, Weighed, Weighing, Weight, weigh, weights};
pub use world::World;
