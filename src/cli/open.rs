//! From arguments to a session.

use super::args::{LimitArgs, OnFault, ProgramArgs};
use super::interrupt::Interrupt;
use super::progress::Progress;
use crate::session::{Budget, CaseSpec, Options, Unwatched, Watch};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn case_spec(
    directory: Option<&Path>,
    programs: &[PathBuf],
    arguments: &ProgramArgs,
) -> CaseSpec {
    let mut silenced = arguments.wno.clone();
    if arguments.no_warn {
        silenced.push("all".to_owned());
    }
    CaseSpec {
        directory: directory.map(Path::to_path_buf),
        programs: programs.to_vec(),
        fact_dir: arguments.fact_dir.clone(),
        include_dirs: arguments.include_dirs.clone(),
        // One argument may define several, as in `-M "A=1 B"`.
        macros: arguments
            .macros
            .iter()
            .flat_map(|given| given.split_whitespace().map(str::to_owned))
            .collect(),
        missing_facts_are_empty: arguments.no_warn,
        silenced,
        word_bits: arguments.word_size.unwrap_or(64),
        strict: arguments.strict_souffle,
        text: None,
    }
}

/// A path as the case means it.
pub fn resolve(directory: Option<&Path>, path: &Path) -> PathBuf {
    directory.map_or_else(|| path.to_path_buf(), |directory| directory.join(path))
}

pub fn options(limits: &LimitArgs, interrupt: &Interrupt) -> Options {
    let watch: Arc<dyn Watch> = match std::io::stderr().is_terminal() {
        true => Arc::new(Progress::on_stderr()),
        false => Arc::new(Unwatched),
    };
    Options {
        threads: limits.jobs.threads(),
        budget: Budget {
            time: limits.timeout,
            rows: limits.max_rows,
            rounds: limits.max_rounds,
            memory: limits.memory,
            cancel: interrupt.flag(),
        },
        faults_are_errors: limits.on_fault == OnFault::Stop,
        watch,
        ..Options::default()
    }
}
