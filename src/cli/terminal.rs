//! The terminal that answers are printed on: its size, and what may go to it.

use super::style::Palette;
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

/// Passes text on line by line. Control characters are written as one would type them, for data must not move the cursor,
/// and colours are let through where there may be any.
pub struct Guarded<W: Write> {
    out: W,
    palette: Palette,
    held: Vec<u8>,
}

impl<W: Write> Guarded<W> {
    pub fn new(out: W, palette: Palette) -> Guarded<W> {
        Guarded {
            out,
            palette,
            held: Vec::new(),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let text = String::from_utf8_lossy(&held);
        let is_hidden = |c: char| c.is_control() && c != '\n';
        let mut rest = &*text;
        while let Some(at) = rest.find(is_hidden) {
            let (before, after) = rest.split_at(at);
            self.out.write_all(before.as_bytes())?;
            let len = match self.palette.enabled() {
                true => colour(after).unwrap_or(0),
                false => 0,
            };
            let mut others = after[len..].chars();
            self.out.write_all(&after.as_bytes()[..len])?;
            if len == 0 {
                let hidden = others.next().map(char::escape_default);
                write!(
                    self.out,
                    "{}",
                    hidden.into_iter().flatten().collect::<String>()
                )?;
            }
            rest = others.as_str();
        }
        self.out.write_all(rest.as_bytes())
    }
}

/// How long the sequence is that text begins with and that sets a colour or a weight. `None`: it does not, or so that what
/// follows cannot be read.
fn colour(text: &str) -> Option<usize> {
    let (set, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    let harmless = |set: &str| {
        let code = set.parse::<u8>();
        matches!(code, Ok(0..=2 | 4 | 22 | 31..=36 | 39 | 91..=96))
    };
    set.split(';').all(harmless).then_some(set.len() + 3)
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        match bytes.contains(&b'\n') {
            true => self.pass_on().map(|()| bytes.len()),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Guarded<W> {
    fn drop(&mut self) {
        // Who wants to know whether it went well has flushed before.
        let _ = self.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_does_not_move_the_cursor() {
        let cases = [
            (Palette::PLAIN, "a\u{1b}[2Jb\n", "a\\u{1b}[2Jb\n"),
            (Palette::PLAIN, "a\u{1b}[31mb\0\n", "a\\u{1b}[31mb\\u{0}\n"),
            (
                Palette::COLOURED,
                "\u{1b}[1ma\u{1b}[0m\u{7}\n",
                "\u{1b}[1ma\u{1b}[0m\\u{7}\n",
            ),
            (
                Palette::COLOURED,
                "\u{1b}[31;8ma\u{9b}2J",
                "\\u{1b}[31;8ma\\u{9b}2J",
            ),
            (Palette::COLOURED, "日本\u{1b}", "日本\\u{1b}"),
        ];
        for (palette, text, expected) in cases {
            let mut out = Vec::new();
            for piece in text.split_inclusive('a') {
                let guarded = &mut Guarded::new(&mut out, palette);
                write!(guarded, "{piece}").expect("a vector takes all");
            }
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
