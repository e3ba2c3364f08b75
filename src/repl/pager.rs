//! Long answers, one screen at a time.

use minus::Pager;
use minus::hooks::Hook;
use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Shows a text that does not fit the screen: with `$PAGER` when that is set, else with a pager of our own.
pub fn page(text: String) -> io::Result<()> {
    match std::env::var("PAGER") {
        Ok(pager) if !pager.trim().is_empty() => {
            external(&pager, &text).or_else(|_| built_in(text))
        }
        _ => built_in(text),
    }
}

fn external(pager: &str, text: &str) -> io::Result<()> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(pager).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours stay colours, long lines stay lines, a text that fits after all needs no key.
        command.env("LESS", "FRSX");
    }
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // Leaving a pager early closes the pipe.
        match stdin.write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    match child.wait()?.code() {
        // What a shell says when there is no such command.
        Some(126 | 127) => Err(io::Error::other("no such pager")),
        _ => Ok(()),
    }
}

fn built_in(text: String) -> io::Result<()> {
    let pager = Pager::new();
    pager
        .set_text(text)
        // The first hook ends the process, which is not ours to end.
        .and_then(|()| pager.remove_hook(Hook::PostPagerExit, 1))
        .and_then(|()| pager.set_prompt("q: back, /: search"))
        .map_err(io::Error::other)?;
    minus::page_all(pager).map_err(io::Error::other)
}
