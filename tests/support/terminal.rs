//! The prompt on a pseudo-terminal.

use super::Sandbox;
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;

/// `cutout repl` in a sandbox on a pseudo-terminal of this size; with a program, on that.
pub fn start(sandbox: &Sandbox, program: &str, rows: u16, columns: u16) -> PtySession {
    let cutout = env!("CARGO_BIN_EXE_cutout");
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "stty rows {rows} cols {columns}; exec {cutout} repl {program}"
        ))
        .current_dir(sandbox.path())
        .env("XDG_STATE_HOME", sandbox.path().join("state"))
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env_remove("PAGER");
    spawn_command(command, Some(20_000)).expect("a pseudo-terminal")
}

/// The same, at its first prompt.
pub fn open(sandbox: &Sandbox, program: &str, rows: u16, columns: u16) -> PtySession {
    let mut session = start(sandbox, program, rows, columns);
    session.exp_string("?- ").expect("a prompt");
    session
}

pub fn type_keys(session: &mut PtySession, keys: &str) {
    session.send(keys).expect("keys");
    session.flush().expect("keys");
}

pub fn leave(mut session: PtySession) {
    session.send_control('d').expect("Ctrl-D");
    session.exp_eof().expect("the end");
}
