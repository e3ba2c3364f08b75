//! Patterns: a row of which some values are left open.

use super::Code;
use smallvec::SmallVec;

/// Whether a row has the values of a pattern where it is `Some`. Both are as long.
pub fn agrees(pattern: &[Option<Code>], row: &[Code]) -> bool {
    let mut both = pattern.iter().zip(row);
    both.all(|(wanted, code)| wanted.is_none_or(|wanted| wanted == *code))
}

/// The columns that a pattern binds, ascending, and to what.
pub fn bound(pattern: &[Option<Code>]) -> (SmallVec<[usize; 8]>, SmallVec<[Code; 8]>) {
    let columns = pattern.iter().enumerate();
    columns
        .filter_map(|(column, code)| Some((column, (*code)?)))
        .unzip()
}
