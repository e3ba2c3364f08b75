//! What is wrong with a case, found without running it.

use super::blanks;
use super::case::CaseSpec;
use super::data;
use super::error::{Error, Findings};
use super::hypotheses::hypothesis_files;
use super::loaded::Session;
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
    /// The same of its hypotheses, once rules and facts are right.
    pub hypotheses: Findings,
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
                hypotheses: Findings::new(Vec::new(), &sources),
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
    let is_right = read.is_some() && !found.iter().any(Diagnostic::is_error);
    let in_rules = !program.checked.hypotheses().is_empty();
    let session = (is_right && (in_rules || !hypothesis_files(spec).is_empty()))
        .then(|| Session::prepare(spec.clone(), options.clone(), Vec::new()));
    Checked {
        findings: Findings::new(found, &sources),
        hypotheses: match session {
            Some(Ok(mut session)) => session.wrong_hypotheses(),
            // What cannot be read was told above.
            Some(Err(_)) | None => Findings::new(Vec::new(), &sources),
        },
        files: sources.files().count(),
        relations: program.checked.relations().count(),
        read,
    }
}

impl Session {
    /// What is wrong with the hypotheses of the case as far as it shows without a run; of those with parameters, their text.
    fn wrong_hypotheses(&mut self) -> Findings {
        let mut wrong = self.hypothesis_findings().diagnostics().to_vec();
        for line in self.hypotheses() {
            if line.name.contains('(') {
                continue;
            }
            let laid = self.hypothesis(&line.name).and_then(|overlay| {
                let laid = self.lay(&[&overlay])?;
                self.goals_of(&overlay, &laid.standing.program.checked)
            });
            match laid {
                Ok(_) => {}
                Err(Error::Rejected(findings)) => {
                    for one in findings.diagnostics() {
                        if !wrong.contains(one) {
                            wrong.push(one.clone());
                        }
                    }
                }
                Err(other) => {
                    wrong.push(Diagnostic::error(io::codes::UNREADABLE, other.to_string()))
                }
            }
        }
        Findings::new(wrong, &self.sources)
    }
}
