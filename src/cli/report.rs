//! What went wrong, on standard error; for `--json`, as the one value on standard output.

use super::status::Status;
use super::style::Palette;
use crate::session::{Error, Findings, StopReason, Stopped};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Says why a command failed, and how the process is to end.
pub fn failure(error: &Error, as_json: bool) -> Status {
    if as_json {
        let shown = print_json(&failure_json(error));
        if shown == Status::Failed {
            return shown;
        }
    } else {
        explain(error);
    }
    status(error)
}

/// Says why a command failed, in words.
pub fn explain(error: &Error) {
    match error {
        Error::Rejected(findings) => show(findings),
        other => say(&other.to_string()),
    }
}

pub fn status(error: &Error) -> Status {
    match error {
        Error::Stopped(stopped) if stopped.reason == StopReason::Cancelled => Status::Interrupted,
        Error::Stopped(_) => Status::Exhausted,
        Error::Rejected(_) | Error::Row(_) => Status::Failed,
    }
}

/// `error: …`, for what has no place in a text.
pub fn say(message: &str) {
    let palette = Palette::of(&io::stderr());
    // Nobody is left to be told when standard error is closed.
    let _ = writeln!(io::stderr(), "{} {message}", palette.failure("error:"));
}

/// `warning: …`, for what has no place in a text.
pub fn warn(message: &str) {
    let palette = Palette::of(&io::stderr());
    let _ = writeln!(io::stderr(), "{} {message}", palette.keyword("warning:"));
}

/// Findings with their lines of text.
pub fn show(findings: &Findings) {
    if !findings.is_empty() {
        let text = findings.to_text(Palette::of(&io::stderr()).enabled());
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

fn failure_json(error: &Error) -> Value {
    match error {
        Error::Rejected(findings) => findings_json(findings),
        Error::Stopped(stopped) => json!({ "stopped": stopped_json(stopped) }),
        Error::Row(error) => json!({ "error": error.to_string() }),
    }
}

fn stopped_json(stopped: &Stopped) -> Value {
    json!({
        "reason": match stopped.reason {
            StopReason::Time => "time",
            StopReason::Rows => "rows",
            StopReason::Rounds => "rounds",
            StopReason::Memory => "memory",
            StopReason::Cancelled => "cancelled",
        },
        "rule": stopped.rule,
        "relation": stopped.relation,
        "rows": stopped.rows,
        "file": stopped.file.as_ref().map(|file| &file.name),
        "query": stopped.query,
    })
}

/// An answer about a run, with `"stopped"`: where a limit ended the run, or `null`.
pub fn with_stop(answer: &impl serde::Serialize, stopped: Option<&Stopped>) -> Value {
    let mut value = serde_json::to_value(answer).unwrap_or_default();
    value["stopped"] = stopped.map_or(Value::Null, stopped_json);
    value
}

/// The end of a command that showed what it could of a run which may have been stopped.
pub fn after_stop(printed: Status, stopped: Option<Stopped>, as_json: bool) -> Status {
    match stopped {
        Some(stopped) if printed == Status::Done => {
            let error = Error::Stopped(stopped);
            if !as_json {
                explain(&error);
            }
            status(&error)
        }
        _ => printed,
    }
}

/// `{"errors": 1, "warnings": 0, "diagnostics": […]}`
pub fn findings_json(findings: &Findings) -> Value {
    let errors = findings
        .diagnostics()
        .iter()
        .filter(|d| d.is_error())
        .count();
    json!({
        "errors": errors,
        "warnings": findings.diagnostics().len() - errors,
        "diagnostics": findings.to_json(),
    })
}

/// One value on standard output.
pub fn print_json<T: serde::Serialize + ?Sized>(value: &T) -> Status {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out))
        .and_then(|()| out.flush());
    printed(written)
}

/// A reader that has seen enough is no failure; a full disk is.
pub fn printed(written: io::Result<()>) -> Status {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(&format!("cannot write the answer: {error}"));
            Status::Failed
        }
        _ => Status::Done,
    }
}
