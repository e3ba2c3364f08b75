//! Values and rows at rest.
//!
//! In: words and texts, rows of codes. Out: [`Code`]s that are equal exactly when their values are, and rows that are
//! sorted and distinct by construction.
//! Must not know: rules, plans, files.

pub mod dictionary;
pub mod rows;

pub use dictionary::{Code, Dictionary};
pub use rows::Rows;
