//! Explanations on the command line: open the case, ask, print.

use super::args::{CriticalArgs, ExplainArgs, FactArgs, OnFault, RejectArgs, ThingArgs};
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::terminal::Guarded;
use super::{open, proof, report, suppose, terminal};
use crate::session::{CriticalQuestion, Derive, Error, Session};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The case, with what explanations need.
fn open(
    directory: Option<&Path>,
    programs: &[PathBuf],
    arguments: &ExplainArgs,
) -> Result<Session, Error> {
    open_for(directory, programs, arguments, Derive::Everything)
}

fn open_for(
    directory: Option<&Path>,
    programs: &[PathBuf],
    arguments: &ExplainArgs,
    derive: Derive,
) -> Result<Session, Error> {
    let spec = open::case_spec(directory, programs, &arguments.program);
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.derive = derive;
    options.lens = arguments.lens.lens();
    let mut session = Session::open(spec, options)?;
    suppose::under(&mut session, &arguments.under)?;
    Ok(session)
}

/// Opens the case and asks it once. The process ends with the answer: its memory goes back to the system as a whole, not
/// piece by piece.
pub fn ask<T>(
    directory: Option<&Path>,
    programs: &[PathBuf],
    arguments: &ExplainArgs,
    ask: impl FnOnce(&mut Session) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut session = ManuallyDrop::new(open(directory, programs, arguments)?);
    ask(&mut session)
}

pub fn answer<T: Serialize + Display>(
    directory: Option<&Path>,
    programs: &[PathBuf],
    arguments: &ExplainArgs,
    question: impl FnOnce(&mut Session) -> Result<T, Error>,
) -> Status {
    show(ask(directory, programs, arguments, question), arguments)
}

/// Prints an answer, or why there is none.
pub fn show<T: Serialize + Display>(found: Result<T, Error>, arguments: &ExplainArgs) -> Status {
    match found {
        Err(error) => report::failure(&error, arguments.json),
        Ok(answer) if arguments.json => report::print_json(&answer),
        Ok(answer) => {
            let out = BufWriter::new(io::stdout().lock());
            let mut out = Guarded::new(out, Palette::PLAIN);
            let printed = terminal::print_lines(&answer, terminal::width(), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    }
}

pub fn why_not(directory: Option<&Path>, arguments: &FactArgs) -> Status {
    let common = &arguments.explain;
    let answer = ask(directory, &arguments.programs, common, |session| {
        session.why_not(&arguments.fact)
    });
    match answer {
        Err(error) => report::failure(&error, common.json),
        Ok(missing) if common.json => report::print_json(&missing),
        Ok(missing) => {
            let stdout = io::stdout();
            let palette = Palette::of(&stdout);
            let mut out = Guarded::new(BufWriter::new(stdout.lock()), palette);
            let printed = proof::print_missing(&missing, terminal::width(), palette, &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    }
}

pub fn corroboration(directory: Option<&Path>, arguments: &FactArgs) -> Status {
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.corroborations(&arguments.fact)
    })
}

pub fn timeline(directory: Option<&Path>, arguments: &FactArgs) -> Status {
    let common = &arguments.explain;
    let alone = common.under.hypotheses.is_empty();
    let derive = match alone && common.limits.on_fault != OnFault::Stop {
        true => Derive::Beneath(arguments.fact.clone()),
        false => Derive::Everything,
    };
    let found = open_for(directory, &arguments.programs, common, derive)
        .and_then(|session| ManuallyDrop::new(session).timeline(&arguments.fact));
    show(found, common)
}

pub fn impact(directory: Option<&Path>, arguments: &ThingArgs) -> Status {
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.impact(&arguments.what)
    })
}

pub fn reject(directory: Option<&Path>, arguments: &RejectArgs) -> Status {
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.reject(&arguments.question())
    })
}

pub fn worlds(directory: Option<&Path>, arguments: &FactArgs) -> Status {
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.worlds(&arguments.fact)
    })
}

pub fn critical(directory: Option<&Path>, arguments: &CriticalArgs) -> Status {
    let (programs, facts): (Vec<String>, _) = arguments
        .facts
        .iter()
        .cloned()
        .partition(|text| text.ends_with(".dl"));
    let programs: Vec<PathBuf> = programs.into_iter().map(PathBuf::from).collect();
    let question = CriticalQuestion {
        facts,
        relations: arguments.relation.clone(),
        size: arguments.size.map(NonZeroUsize::get),
        limit: arguments.limit,
    };
    answer(directory, &programs, &arguments.explain, |session| {
        session.critical(&question)
    })
}
