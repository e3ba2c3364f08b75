//! What may be done with a program's text alone.

use super::error::Findings;
use crate::syntax::format_file;
use crate::syntax::source::SourceMap;

/// A program file in the one way to write it, every word and comment kept; its syntax errors if it has any. Formatting
/// the result again changes nothing.
pub fn format(name: &str, text: &str) -> Result<String, Findings> {
    format_file(text).map_err(|errors| {
        let mut sources = SourceMap::new();
        sources.add(name, text.strip_prefix('\u{feff}').unwrap_or(text));
        Findings::new(errors, &sources)
    })
}
