//! What is wrong with a case, found without running it.

use super::blanks;
use super::case::CaseSpec;
use super::data;
use super::error::{Error, Findings};
use super::options::Options;
use super::pool::Pool;
use super::program;
use crate::io;
use crate::storage::Dictionary;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;

/// What was looked at, and everything there is to say about it: errors and warnings.
pub struct Checked {
    pub findings: Findings,
    /// Rule files, included ones counted.
    pub files: usize,
    /// What the program declares; none when it has errors.
    pub relations: usize,
    /// What was read of the facts; `None` when they were not, or not to the end.
    pub read: Option<ReadFacts>,
}

/// How much files of facts hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFacts {
    /// Rows of claim files; one that several relations read counts once.
    pub claims: usize,
    /// Rows of all files, for all relations.
    pub rows: usize,
}

/// Checks the rules of a case and, where `facts` says so, its files of facts once the rules are right.
pub fn check(spec: &CaseSpec, options: &Options, facts: bool) -> Checked {
    let mut sources = SourceMap::new();
    let program = match program::load(spec, &[], &mut sources) {
        Ok(program) => program,
        Err(findings) => {
            return Checked {
                findings,
                files: sources.files().count(),
                relations: 0,
                read: None,
            };
        }
    };
    let mut found = program.warnings;
    let mut read = None;
    if facts {
        let dictionary = Dictionary::new();
        let outcome = Pool::new(options.threads)
            .install(|| data::read(&program.checked, &dictionary, spec, options, &sources));
        match outcome {
            Ok(data) => {
                read = Some(ReadFacts {
                    claims: data.claims.distinct(),
                    rows: data
                        .rows
                        .iter()
                        .flatten()
                        .map(|stated| stated.rows.len())
                        .sum(),
                });
                found.extend(blanks::padded(&data.claims, &program.checked, &dictionary));
                found.extend(data.warnings);
            }
            Err(Error::Rejected(findings)) => found.extend_from_slice(findings.diagnostics()),
            Err(other) => found.push(Diagnostic::error(io::codes::UNREADABLE, other.to_string())),
        }
    }
    found.retain(|found| found.is_error() || !spec.silences(found));
    Checked {
        findings: Findings::new(found, &sources),
        files: sources.files().count(),
        relations: program.checked.relations().count(),
        read,
    }
}
