//! Values and rows at rest.
//!
//! In: words and texts, rows of codes. Out: [`Code`]s that are equal exactly when their values are, and rows that are
//! distinct by construction, in whichever shape is leanest: sorted columns, bit matrices, hash tables.
//! Must not know: rules, plans, files.

pub mod dense_core;
pub mod dictionary;
pub mod fold;
pub mod groups;
pub mod index;
pub mod inserter;
pub mod marks;
pub mod matrix;
pub mod packed;
mod packing;
mod pages;
pub mod partition;
pub mod pattern;
pub mod places;
pub mod radix;
pub mod rows;
pub mod set;
pub mod sorted;
pub mod symbols;
pub mod table;
mod texts;
mod transpose;
mod unless;

pub use dictionary::{Code, Dictionary};
pub use index::Index;
pub use inserter::{Company, Inserter};
pub use packed::PackedRows;
pub use partition::Partition;
pub use rows::Rows;
pub use set::{Latest, RowSet, RowSource};
pub use sorted::SortedRows;
pub use transpose::transpose;
pub use unless::Halts;
