//! `cutout why`: the proof of a fact.

use super::args::WhyArgs;
use super::status::Status;
use super::{interrupt, open, report};
use crate::session::{Error, Proof, Session};
use std::io::{self, Write};
use std::path::Path;

pub fn why(directory: Option<&Path>, arguments: &WhyArgs) -> Status {
    let proof = match answer(directory, arguments) {
        Ok(proof) => proof,
        Err(error) => return report::failure(&error, arguments.json),
    };
    let printed = match arguments.json {
        true => report::print_json(&proof),
        false => {
            let text = proof.to_string();
            report::printed(io::stdout().write_all(text.as_bytes()))
        }
    };
    printed
}

fn answer(directory: Option<&Path>, arguments: &WhyArgs) -> Result<Proof, Error> {
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let mut options = open::options(&arguments.limits, interrupt::cancel_on_interrupt(true));
    options.keep_stated = false;
    Session::open(spec, options)?.why(&arguments.fact)
}
