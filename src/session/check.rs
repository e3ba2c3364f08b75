//! What is wrong with a case, found without running it.

use super::case::CaseSpec;
use super::data;
use super::error::Findings;
use super::options::Options;
use super::pool::Pool;
use super::program;
use crate::storage::Dictionary;
use crate::syntax::source::SourceMap;

/// Everything there is to say about the rules of a case and, where `facts` says so, about its files of facts once the
/// rules are right: errors and warnings.
pub fn check(spec: &CaseSpec, options: &Options, facts: bool) -> Findings {
    let mut sources = SourceMap::new();
    let program = match program::load(spec, &[], &mut sources) {
        Ok(program) => program,
        Err(findings) => return findings,
    };
    let mut warnings = program.warnings;
    if facts {
        let dictionary = Dictionary::new();
        let read = Pool::new(options.threads)
            .install(|| data::read(&program.checked, &dictionary, spec, options, &sources));
        match read {
            Ok(data) => warnings.extend(data.warnings),
            Err(findings) => warnings.extend_from_slice(findings.diagnostics()),
        }
    }
    warnings.retain(|found| found.is_error() || !spec.silences(found));
    Findings::new(warnings, &sources)
}
