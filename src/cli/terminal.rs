//! The size of the terminal that answers are printed on.

use std::io::{self, IsTerminal};
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
