//! Colour that carries meaning, and vanishes in a pipe.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::IsTerminal;

/// The colours of one output stream.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    enabled: bool,
}

impl Palette {
    pub const PLAIN: Palette = Palette { enabled: false };
    #[cfg(test)]
    pub const COLOURED: Palette = Palette { enabled: true };

    /// For a stream: coloured on a terminal, unless `NO_COLOR` is set to anything (<https://no-color.org>).
    pub fn of(stream: &impl IsTerminal) -> Palette {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Palette {
            enabled: stream.is_terminal() && !refused,
        }
    }

    pub fn enabled(self) -> bool {
        self.enabled
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        if self.enabled {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }

    pub fn heading(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub fn quiet(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    pub fn relation(self, text: impl Display) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    pub fn constant(self, text: impl Display) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    pub fn keyword(self, text: impl Display) -> String {
        self.paint(AnsiColor::Magenta.on_default(), text)
    }

    pub fn failure(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }
}
