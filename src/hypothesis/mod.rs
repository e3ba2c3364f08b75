//! Named sets of assumptions and withdrawals, and what they change.
//!
//! In: overlays as written, and the runs of a case with and without them. Out: worlds, and the difference between two.
//! Must not know: terminals, sessions, files. The case itself is never touched: a world is a run of its own.

mod difference;
mod fall;
mod overlay;
mod weigh;
mod world;

pub use difference::{Broken, Difference};
pub use fall::{Cause, Fall, why_fell};
pub use overlay::{Assumption, Overlay, RuleFile, Withdrawal, reserved};
pub use weigh::{Seeds, WeighOptions, Weighed, Weighing, Weight, weigh};
pub use world::World;
