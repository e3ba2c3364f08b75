//! What is wrong with a case, found without running it.

use super::blanks;
use super::case::CaseSpec;
use super::data;
use super::error::{Error, Findings};
use super::functors;
use super::hypotheses::HypothesisLine;
use super::loaded::Session;
use super::options::Options;
use super::program;
use crate::engine::Database;
use crate::io;
use crate::storage::Dictionary;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;
use std::sync::Arc;

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

/// Checks the rules of a case and, where `facts` says so, its files of facts once the rules are right, and its hypotheses
/// once the facts are.
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
    let mut found = program.warnings.clone();
    let (files, checked) = (sources.files().count(), program.checked.clone());
    let mut session = Session::of(spec.clone(), options.clone(), sources, program);
    let mut read = None;
    if facts {
        let dictionary: Arc<Dictionary> = Arc::default();
        let outcome = session
            .pool
            .install(|| data::read(&checked, &dictionary, spec, options, &session.sources));
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
                found.extend(blanks::padded(&data.claims, &checked, &dictionary));
                found.extend(data.warnings.iter().cloned());
                session.data = Arc::new(data);
                session.claims = session.data.seen(&options.lens);
                session.database = Database::new(checked.clone(), dictionary);
            }
            Err(Error::Rejected(findings)) => found.extend_from_slice(findings.diagnostics()),
            Err(other) => found.push(Diagnostic::error(io::codes::UNREADABLE, other.to_string())),
        }
    }
    found.retain(|found| found.is_error() || !spec.silences(found));
    let is_right = read.is_some() && !found.iter().any(Diagnostic::is_error);
    if is_right && functors::require(&checked, &options.functors).is_ok() {
        session.check_hypotheses(&mut found);
    }
    Checked {
        findings: Findings::new(found, &session.sources),
        files,
        relations: checked.relations().count(),
        read,
    }
}

impl Session {
    /// What is wrong with the hypotheses of the case as far as it shows without a run; of those with parameters, their text.
    fn check_hypotheses(&mut self, found: &mut Vec<Diagnostic>) {
        found.extend_from_slice(self.hypothesis_findings().diagnostics());
        for line in self.hypotheses() {
            // Of two by one name each says so.
            for one in self.wrong_with(&line) {
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
    }

    /// Why one of the hypotheses could not be entered, as far as it shows without a run; nothing of one with parameters.
    pub(super) fn wrong_with(&mut self, line: &HypothesisLine) -> Vec<Diagnostic> {
        if line.name.contains('(') {
            return Vec::new();
        }
        let laid = self.hypothesis(&line.name).and_then(|overlay| {
            let laid = self.lay(&[&overlay])?;
            self.goals_of(&overlay, &laid.standing.program.checked)
        });
        match laid {
            Ok(_) => Vec::new(),
            Err(Error::Rejected(findings)) => findings.diagnostics().to_vec(),
            Err(other) => vec![Diagnostic::error(io::codes::UNREADABLE, other.to_string())],
        }
    }
}
