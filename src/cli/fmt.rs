//! `cutout fmt`: program files in the one way to write them.

use super::args::FmtArgs;
use super::report;
use super::status::Status;
use crate::session;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

pub fn fmt(directory: Option<&Path>, arguments: &FmtArgs) -> Status {
    if arguments.files == [Path::new("-")] {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Err(error) => failed("standard input", &error),
            Ok(_) => match session::format("<stdin>", &text) {
                Ok(formatted) => report::printed(std::io::stdout().write_all(formatted.as_bytes())),
                Err(findings) => {
                    report::show(&findings);
                    Status::Failed
                }
            },
        };
    }
    let mut status = Status::Done;
    for file in &arguments.files {
        let path = directory.map_or_else(|| file.clone(), |directory| directory.join(file));
        if format_one(&path, arguments.check) != Status::Done {
            status = Status::Failed;
        }
    }
    status
}

fn format_one(path: &Path, check: bool) -> Status {
    let name = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return failed(&name, &error),
    };
    match session::format(&name, &text) {
        Err(findings) => {
            report::show(&findings);
            Status::Failed
        }
        Ok(formatted) if formatted == text => Status::Done,
        Ok(_) if check => {
            report::say(&format!("`{name}` is not formatted"));
            Status::Failed
        }
        Ok(formatted) => match replace(path, &formatted) {
            Ok(()) => Status::Done,
            Err(error) => failed(&name, &error),
        },
    }
}

/// All of the new text or none of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    fs::set_permissions(file.path(), fs::metadata(path)?.permissions())?;
    file.persist(path)?;
    Ok(())
}

fn failed(name: &str, error: &std::io::Error) -> Status {
    report::say(&format!("cannot format `{name}`: {error}"));
    Status::Failed
}
