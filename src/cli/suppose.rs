//! Asking under hypotheses, and what would follow if.

use super::args::{HypothesisArgs, WhatIfArgs};
use super::explain;
use super::status::Status;
use super::style::Palette;
use super::terminal::Guarded;
use super::what_if::{Shown, print};
use super::{report, terminal};
use crate::session::{Error, Session};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Goes into the hypotheses asked for; says what is odd about them.
pub fn under(session: &mut Session, arguments: &HypothesisArgs) -> Result<(), Error> {
    if !arguments.hypotheses.is_empty() {
        let notes = session.enter(&arguments.supposed())?;
        notes.iter().for_each(|note| report::warn(note));
    }
    Ok(())
}

pub fn what_if(directory: Option<&Path>, arguments: &WhatIfArgs) -> Status {
    let mut common = super::args::ExplainArgs::default();
    let given = &arguments.explain;
    // The hypotheses are what is asked about, not what the case is.
    common.lens = given.lens.clone();
    common.program = given.program.clone();
    common.limits = given.limits.clone();
    let told = explain::ask(directory, &arguments.programs, &common, |session| {
        session.what_if(&arguments.question())
    });
    match told {
        Err(error) => report::failure(&error, given.json),
        Ok(told) if given.json => report::print_json(&told),
        Ok(told) => {
            let stdout = io::stdout();
            let shown = Shown {
                width: terminal::width(),
                palette: Palette::of(&stdout),
                all: arguments.all,
                timed: true,
            };
            let mut out = Guarded::new(BufWriter::new(stdout.lock()), Palette::of(&stdout));
            let printed = print(&told, shown, &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    }
}
