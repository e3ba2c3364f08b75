//! Bytes to rows (and claims), and back.
//!
//! In: `.input`, `.output` and `.printsize` directives of a checked program, and files. Out: rows of codes, the claims
//! that state them, the register of sources; or every mistake in the data, each with its place.
//! Must not know: the engine, terminals.

mod block_rows;
pub mod bytes;
mod claim_block;
pub mod claims;
pub mod codes;
pub mod excerpt;
mod fact_blocks;
mod facts;
mod fields;
pub mod findings;
pub mod format;
mod header;
pub mod json;
pub mod judgements;
pub mod layout;
mod local;
pub mod locate;
pub mod order;
pub mod quoted;
pub mod read;
pub mod records;
mod scan;
pub mod sources;
mod sqlite;
#[cfg(test)]
mod testing;
pub mod value;
mod waves;
pub mod write;

pub use findings::SetAside;
pub use judgements::{JUDGEMENTS, read_judgements, with_judgements};
pub use locate::locate;
pub use order::sort_rows;
pub use read::{Loaded, Progress, ReadOptions, file_of, read};
pub use sources::read_sources;
pub use value::{format_value, parse_value, quote_value};
pub(crate) use write::write_whole;
pub use write::{WriteOptions, write, write_size};
