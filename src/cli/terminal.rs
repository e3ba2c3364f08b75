//! The size of the terminal that answers are printed on.

use crate::session::wrap;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use terminal_size::{Height, Width, terminal_size_of};

/// Columns; `None` when standard output is no terminal.
pub fn width() -> Option<u16> {
    size().map(|(columns, _)| columns)
}

/// Columns and lines; `None` when standard output is no terminal.
pub fn size() -> Option<(u16, u16)> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (Width(columns), Height(lines)) = terminal_size_of(&stdout)?;
    // A pseudo-terminal nobody has sized says 0.
    (columns > 0 && lines > 0).then_some((columns, lines))
}

/// Prints lines; on a terminal those that are wider go on in further ones, set in.
pub fn print_lines(text: &dyn Display, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    let Some(width) = width else {
        return write!(out, "{text}");
    };
    let text = text.to_string();
    let rows = text.lines().flat_map(|line| wrap(line, width.into()));
    rows.into_iter().try_for_each(|row| writeln!(out, "{row}"))
}
