//! `cutout run`: batch inference.

use super::args::RunArgs;
use super::status::Status;
use super::style::Palette;
use super::{interrupt, memory, open, report, table, units};
use crate::engine::budget::Violation;
use crate::session::{Error, Session, Written};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

pub fn run(directory: Option<&Path>, arguments: &RunArgs) -> Status {
    let started = Instant::now();
    let to_stdout = arguments.output_dir == Path::new("-");
    if to_stdout && arguments.json {
        report::say("`-D -` and `--json` both want standard output: choose one");
        return Status::Usage;
    }
    let outcome = derive(directory, arguments);
    let (session, written) = match outcome {
        Ok(done) => done,
        Err(error) => return report::failure(&error, arguments.json),
    };
    let summary = Summary {
        session: &session,
        written: &written,
        seconds: started.elapsed().as_secs_f64(),
        memory: memory::peak(),
    };
    report::show(&session.warnings());
    show_violations(&session);
    let printed = match arguments.json {
        true => report::print_json(&summary.to_json()),
        false => report::printed(io::stdout().write_all(&written.text)),
    };
    if !arguments.json {
        let _ = writeln!(io::stderr(), "{}", summary.line());
    }
    match session.report().violations.is_empty() {
        _ if printed != Status::Done => printed,
        true => Status::Done,
        false => Status::Violated,
    }
}
