//! `cutout why`: the proof of a fact.

use super::args::WhyArgs;
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::{open, proof, report};
use crate::session::{Error, Proof, Session};
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub fn why(directory: Option<&Path>, arguments: &WhyArgs) -> Status {
    let proof = match answer(directory, arguments) {
        Ok(proof) => proof,
        Err(error) => return report::failure(&error, arguments.json),
    };
    match arguments.json {
        true => report::print_json(&proof),
        false => {
            let stdout = io::stdout();
            let mut out = BufWriter::new(stdout.lock());
            let printed = proof::print(&proof, Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    }
}

fn answer(directory: Option<&Path>, arguments: &WhyArgs) -> Result<Proof, Error> {
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.keep_stated = false;
    Session::open(spec, options)?.why(&arguments.fact)
}
