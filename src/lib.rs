//! Cutout: an embedded Datalog reasoning engine for working out who is behind cyber intrusions.
//!
//! The folders tell the life of a question: text is parsed (`syntax`), checked (`analysis`), turned into join
//! plans (`plan`) and run (`engine`) over columns at rest (`storage`).

pub mod analysis;
pub mod cli;
pub mod engine;
pub mod evidence;
pub mod explain;
pub mod io;
pub mod plan;
pub mod repl;
pub mod session;
pub mod storage;
pub mod syntax;
