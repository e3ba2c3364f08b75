//! Comparison of competing hypotheses (Heuer, "Psychology of Intelligence Analysis", 1999), computed.
//!
//! A [`Contender`] is a hypothesis in a world of its own. A cell of the [`Table`] says what withdrawing a piece of
//! evidence does to its goals there; cells that need judgement come from a [`Matrix`]. The order is by least
//! inconsistency; [`flips`] finds the smallest changes that put another one first.

mod basis;
mod contender;
mod evidence;
mod flip;
mod foresight;
mod judged;
mod obstacle;
mod score;
mod standing;
mod turning;

pub use contender::{Contender, Given, Goal, Rerun, Setting, Stand};
pub use evidence::{Cell, Evidence, Inquiry, Subject, Table, View};
pub use flip::{Change, FlipBound, Flips, Stage, flips};
pub use judged::{Judged, Judgement, Matrix, MatrixError, read_matrix};
pub use score::{Ahead, Score, diagnosticity, order, scores};
