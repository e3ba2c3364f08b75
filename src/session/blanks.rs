//! Names that a reader takes for others: with a blank before or behind them, which no table shows.

use crate::analysis::checked::{CheckedProgram, ValueType};
use crate::evidence::Claims;
use crate::io::codes;
use crate::storage::{Code, Dictionary};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Location;
use rustc_hash::FxHashSet;

/// Names that are pointed out.
const LISTED: usize = 20;

/// The values of claims that begin or end with a blank, each where it stands first. They are read as they are: claim files
/// may mean it.
pub(super) fn padded(
    claims: &Claims,
    program: &CheckedProgram,
    dictionary: &Dictionary,
) -> Vec<Diagnostic> {
    let mut looked_at: FxHashSet<Code> = FxHashSet::default();
    let mut found = Vec::new();
    let mut more = 0;
    for (_, claim) in claims.ever() {
        let attributes = &program[claim.relation].attributes;
        for (attribute, &code) in attributes.iter().zip(claim.row) {
            if attribute.ty != ValueType::Symbol || !looked_at.insert(code) {
                continue;
            }
            let value = dictionary.text(code);
            let name = value.trim();
            if name.len() == value.len() || name.is_empty() {
                continue;
            }
            if found.len() == LISTED {
                more += 1;
                continue;
            }
            let at = Location {
                file: claim.file.clone(),
                line: claim.line,
                column: 1,
            };
            let message = format!(
                "`{value}` has a blank before or behind it: it is another `{}` than `{name}`",
                attribute.name
            );
            let warning = Diagnostic::warning(codes::PADDED, message).at_data(at, value, "");
            found.push(warning.help("take the blank out of the cell"));
        }
    }
    if more > 0
        && let Some(last) = found.pop()
    {
        found.push(last.note(format!("{more} more names have such blanks")));
    }
    found
}
