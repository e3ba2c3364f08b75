//! Text to syntax tree, and back.
//!
//! In: rule text, file by file. Out: an [`ast::Program`] whose every node knows its place, and every syntax error
//! found on the way; the printer turns a tree into text that parses to the same tree.
//! Must not know: what a program means. Nothing here resolves a name or a type.

pub mod ast;
pub mod codes;
pub mod diagnostic;
pub mod expectations;
mod findings;
mod format;
mod lexer;
mod load;
mod parser;
mod preprocess;
mod printer;
mod render;
pub mod source;
mod source_files;
mod stream;
mod token;
mod unfinished;

pub use format::format_file;
pub(crate) use lexer::excerpt;
pub use load::{LoadOptions, load, parse_expectations, parse_query, parse_text};
pub use printer::{Quoted, print_program};
pub use render::{render_json, render_text};
pub use unfinished::is_unfinished;

#[cfg(test)]
mod tests;
