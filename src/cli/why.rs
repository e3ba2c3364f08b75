//! `cutout why`: the proof of a fact, and what supports it.

use super::args::WhyArgs;
use super::status::Status;
use super::style::Palette;
use super::terminal::Guarded;
use super::{explain, proof, report, terminal};
use crate::session::WhyQuestion;
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub fn why(directory: Option<&Path>, arguments: &WhyArgs) -> Status {
    let common = &arguments.explain;
    let question = WhyQuestion {
        all: arguments.all,
        limit: arguments.limit,
        full: arguments.full,
        verify: arguments.verify,
        strength: arguments.strength,
        ..WhyQuestion::of(arguments.fact.as_str())
    };
    let answer = explain::ask(directory, &arguments.programs, common, |session| {
        session.explain(&question)
    });
    let proof = match answer {
        Ok(proof) => proof,
        Err(error) => return report::failure(&error, common.json),
    };
    let written = arguments.format.and_then(|format| proof.written(format));
    let printed = match (common.json, written) {
        (true, _) => report::print_json(&proof),
        (false, Some(text)) => {
            let mut out = Guarded::new(io::stdout().lock(), Palette::PLAIN);
            report::printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        }
        (false, None) => {
            let stdout = io::stdout();
            let mut out = Guarded::new(BufWriter::new(stdout.lock()), Palette::of(&stdout));
            let printed = proof::print(&proof, terminal::width(), Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    };
    printed.failed_if(proof.is_flawed())
}
