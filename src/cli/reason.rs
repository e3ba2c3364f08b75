//! Explanations that nobody has stated, and competing ones: open the case, ask, print.

use super::args::{AbduceArgs, CompareArgs};
use super::explain::{answer, ask, show};
use super::status::Status;
use crate::session::{Abduction, AbductionQuestion, Comparison, ComparisonQuestion, Requirements};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub fn abduce(directory: Option<&Path>, arguments: &AbduceArgs) -> Status {
    let question = AbductionQuestion {
        fact: arguments.fact.clone(),
        using: arguments.using.clone(),
        most: arguments.max.map(usize::from),
        limit: arguments.limit.map(NonZeroUsize::get),
        rival: arguments.rival.clone(),
        new_constants: arguments.new_constants,
        described: (!arguments.explain.json).then_some(Abduction::SHOWN),
    };
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.abduce(&question)
    })
}

pub fn compare(directory: Option<&Path>, arguments: &CompareArgs) -> Status {
    let (programs, question) = comparison(arguments);
    let common = &arguments.explain;
    let found = ask(directory, &programs, common, |session| {
        session.compare(&question)
    });
    let is_whole = found.as_ref().is_ok_and(Comparison::is_whole);
    show(found, common).failed_if(!is_whole)
}

pub fn requirements(directory: Option<&Path>, arguments: &CompareArgs) -> Status {
    let (programs, question) = comparison(arguments);
    let common = &arguments.explain;
    let found = ask(directory, &programs, common, |session| {
        session.requirements(&question)
    });
    let is_whole = found.as_ref().is_ok_and(Requirements::is_whole);
    show(found, common).failed_if(!is_whole)
}

fn comparison(arguments: &CompareArgs) -> (Vec<PathBuf>, ComparisonQuestion) {
    let (programs, hypotheses): (Vec<String>, Vec<String>) = arguments
        .names
        .iter()
        .cloned()
        .partition(|text| text.ends_with(".dl"));
    let question = ComparisonQuestion {
        hypotheses,
        fold_sources: arguments.fold_sources,
        judged: arguments.judged.clone(),
        planted: arguments.planted.clone(),
        flips: arguments.flips.map(usize::from),
    };
    (programs.into_iter().map(PathBuf::from).collect(), question)
}
