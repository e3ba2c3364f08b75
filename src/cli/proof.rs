//! Proofs laid out for reading.

use super::style::Palette;
use crate::session::{LineKind, Missing, Proof, Tree, wrap};
use std::io::{self, Write};

/// Prints a proof and what there is to say about it, in the columns of a terminal where there is one.
pub fn print(
    proof: &Proof,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(tree) = proof.tree() else {
        return write!(out, "{proof}");
    };
    print_tree(tree, width, palette, out)?;
    for remark in proof.remarks() {
        let rows = match width {
            Some(width) => wrap(&remark, width.into()),
            None => vec![remark],
        };
        for row in rows {
            writeln!(out, "{}", palette.quiet(row))?;
        }
    }
    Ok(())
}

/// Prints what was nearest to a fact that does not hold, likewise.
pub fn print_missing(
    missing: &Missing,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = |line: String| match width {
        Some(width) => wrap(&line, width.into()),
        None => vec![line],
    };
    for row in missing.preface().into_iter().flat_map(rows) {
        writeln!(out, "{row}")?;
    }
    if let Some(tree) = missing.tree() {
        print_tree(&tree, width, palette, out)?;
    }
    for row in missing.remarks().into_iter().flat_map(rows) {
        writeln!(out, "{}", palette.quiet(row))?;
    }
    Ok(())
}

/// What follows in one colour, what it rests on in another, the rest quietly.
pub fn print_tree(
    tree: &Tree,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (kind, rows) in tree.rows(width.map(usize::from)) {
        for row in rows {
            if !palette.enabled() {
                writeln!(out, "{row}")?;
                continue;
            }
            let text = match kind {
                _ if row.text.is_empty() => String::new(),
                LineKind::Derived => palette.relation(row.text),
                LineKind::Stated => palette.constant(row.text),
                LineKind::Condition => row.text,
                LineKind::Remark => palette.quiet(row.text),
            };
            let (branch, notes) = (palette.quiet(row.branch), palette.quiet(row.notes));
            writeln!(out, "{branch}{text}{notes}")?;
        }
    }
    Ok(())
}
