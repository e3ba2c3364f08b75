//! `cutout check`: what is wrong with a program, without running it.

use super::args::CheckArgs;
use super::status::Status;
use super::units::plural;
use super::{open, report};
use crate::session::{self, Checked, Options};
use std::io::{self, Write};
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
    let checked = session::check(&spec, &Options::default(), facts);
    if arguments.json {
        let printed = report::print_json(&report::findings_json(&checked.findings));
        if printed != Status::Done {
            return printed;
        }
    } else {
        report::show(&checked.findings);
        let _ = writeln!(io::stderr(), "{}", verdict(&checked));
    }
    match checked.findings.has_errors() {
        true => Status::Failed,
        false => Status::Done,
    }
}

/// `11 rule files, 104 relations, 3,006 claims: nothing wrong`
fn verdict(checked: &Checked) -> String {
    let mut seen = vec![plural(checked.files as u64, "rule file")];
    if checked.relations > 0 {
        seen.push(plural(checked.relations as u64, "relation"));
    }
    match checked.read {
        Some(read) if read.claims > 0 => seen.push(plural(read.claims as u64, "claim")),
        Some(read) => seen.push(plural(read.rows as u64, "fact")),
        None => {}
    }
    let found = checked.findings.diagnostics();
    let errors = found.iter().filter(|found| found.is_error()).count();
    let counts: Vec<String> = [(errors, "error"), (found.len() - errors, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| plural(count as u64, noun))
        .collect();
    let wrong = match counts.is_empty() {
        true => "nothing wrong".to_owned(),
        false => counts.join(", "),
    };
    format!("{}: {wrong}", seen.join(", "))
}
