//! Explanations that nobody has stated, and competing ones: open the case, ask, print.

use super::args::AbduceArgs;
use super::explain::answer;
use super::status::Status;
use crate::session::AbductionQuestion;
use std::path::Path;

pub fn abduce(directory: Option<&Path>, arguments: &AbduceArgs) -> Status {
    let question = AbductionQuestion {
        fact: arguments.fact.clone(),
        using: arguments.using.clone(),
        most: arguments.max.map(usize::from),
        limit: arguments.limit,
        rival: arguments.rival.clone(),
        new_constants: arguments.new_constants,
    };
    let common = &arguments.explain;
    answer(directory, &arguments.programs, common, |session| {
        session.abduce(&question)
    })
}
