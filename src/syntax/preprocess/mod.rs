//! The preprocessor C programmers expect, on words instead of text, so that every word keeps its place.
//!
//! In: words of a file, among them lines that begin with `#`. Out: words with macros expanded and conditions decided.
//! A file without such lines pays one comparison a word. Expansion, nesting and includes are bounded.

mod condition;
mod expansion;
mod lines;
mod macros;

pub use expansion::Word;
pub use lines::Conditional;
pub use macros::MacroTable;

/// Words that macros may produce in one load.
pub const MAX_EXPANSION: u64 = 4_000_000;
/// Macro calls within arguments of macro calls, and conditions within conditions.
pub const MAX_NESTING: usize = 200;
/// The macro that tells a program the bits of a word, unless `-M` says otherwise.
pub const DOMAIN_SIZE: &str = "RAM_DOMAIN_SIZE";
pub const WORD_BITS: &str = "64";
