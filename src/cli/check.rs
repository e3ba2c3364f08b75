//! `cutout check`: what is wrong with a program, without running it.

use super::args::CheckArgs;
use super::status::Status;
use super::{open, report};
use crate::session::{self, Options};
use std::io::Write;
use std::path::Path;

pub fn check(directory: Option<&Path>, arguments: &CheckArgs) -> Status {
    if let Some(code) = &arguments.explain {
        return match session::page(code) {
            Some(page) => report::printed(write!(std::io::stdout(), "{page}")),
            None => {
                report::say(&format!("there is no code `{code}`"));
                Status::Usage
            }
        };
    }
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    // Where facts lie is known for a whole case, or when it was said.
    let facts = spec.programs.is_empty() || spec.fact_dir.is_some();
    let findings = session::check(&spec, &Options::default(), facts);
    if arguments.json {
        let printed = report::print_json(&report::findings_json(&findings));
        if printed != Status::Done {
            return printed;
        }
    } else {
        report::show(&findings);
    }
    match findings.has_errors() {
        true => Status::Failed,
        false => Status::Done,
    }
}
