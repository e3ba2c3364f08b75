//! Syntax tree to checked program.
//!
//! In: an [`ast::Program`](crate::syntax::ast::Program). Out: a [`checked::CheckedProgram`], or every error found.
//! The analyses (grounding, strata, unused and suspicious rules, types) are Ascent programs over the tree as relations.
//! Must not know: how rows are stored, in which order joins run.

pub mod checked;
