//! Proofs laid out for reading.

use super::style::Palette;
use crate::session::{Line, LineKind, Proof};
use std::io::{self, Write};

/// Prints the tree of a proof: what holds in one colour, what it rests on in another, the rest quietly.
pub fn print(proof: &Proof, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    match proof.tree() {
        Some(tree) if palette.enabled() => {
            // The text has the columns, the lines have the meaning.
            let text = tree.to_string();
            for (line, shown) in tree.lines.iter().zip(text.lines()) {
                writeln!(out, "{}", paint(line, shown, palette))?;
            }
            proof
                .remarks()
                .iter()
                .try_for_each(|remark| writeln!(out, "{}", palette.quiet(remark)))
        }
        _ => write!(out, "{proof}"),
    }
}

fn paint(line: &Line, shown: &str, palette: Palette) -> String {
    let start = line.branch.len();
    let end = start + line.text.len();
    let (Some(branch), Some(text), Some(notes)) =
        (shown.get(..start), shown.get(start..end), shown.get(end..))
    else {
        return shown.to_owned();
    };
    let text = match line.kind {
        LineKind::Derived => palette.relation(text),
        LineKind::Stated => palette.constant(text),
        LineKind::Condition => text.to_owned(),
        LineKind::Remark => palette.quiet(text),
    };
    format!("{}{text}{}", palette.quiet(branch), palette.quiet(notes))
}
