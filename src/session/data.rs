//! What the files of a case state: rows, claims and the register of sources.

use super::case::CaseSpec;
use super::error::{Error, Findings, ReadFile, Stopped};
use super::options::Options;
use crate::analysis;
use crate::analysis::checked::{CheckedProgram, Directive, RelationId};
use crate::analysis::findings::closest;
use crate::engine::budget::{Spent, StopReason, watching_memory};
use crate::evidence::{ClaimId, Claims, Judgements, Sources};
use crate::io::{self, Progress, ReadOptions, SetAside};
use crate::storage::{Dictionary, Rows};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::SourceMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub(super) struct Data {
    /// `None` once handed to a database for good.
    pub rows: Option<Vec<Stated>>,
    pub claims: Claims,
    pub sources: Arc<Sources>,
    pub judgements: Arc<Judgements>,
    pub warnings: Vec<Diagnostic>,
    /// Rows that could not be read and were set aside.
    pub bad_rows: usize,
}

/// What one directive read.
#[derive(Clone)]
pub(super) struct Stated {
    pub relation: RelationId,
    /// The file, as the directive names it.
    pub file: Arc<str>,
    pub rows: Rows,
    /// Every row is somebody's claim.
    pub claimed: bool,
}

impl Data {
    /// The same before anybody judged it.
    pub fn unjudged(&self) -> Data {
        Data {
            rows: self.rows.clone(),
            claims: self.claims.with_all(),
            sources: self.sources.clone(),
            judgements: Arc::default(),
            warnings: self
                .warnings
                .iter()
                .filter(|warning| warning.code != io::codes::JUDGED_NOTHING)
                .cloned()
                .collect(),
            bad_rows: self.bad_rows,
        }
    }

    /// What is rejected does not stand.
    pub fn judge(&mut self, judgements: Arc<Judgements>) {
        let claims = &self.claims;
        let gone: Vec<ClaimId> = judgements
            .iter()
            .filter(|judgement| judgements.rejecting(&judgement.claim).is_some())
            .flat_map(|judgement| claims.ever_with_id(&judgement.claim))
            .collect();
        for judgement in judgements.iter() {
            if claims.ever_with_id(&judgement.claim).next().is_none() {
                let ids = claims.ever().map(|(_, claim)| claim.id);
                let near = closest(&judgement.claim, ids);
                let message = format!(
                    "judgement `{}` is about claim `{}`, which no file has",
                    judgement.id, judgement.claim
                );
                let mut warning = Diagnostic::warning(io::codes::JUDGED_NOTHING, message).at_data(
                    judgement.place.clone(),
                    &*judgement.claim,
                    "",
                );
                if let Some(near) = near {
                    warning = warning.help(format!("did you mean `{near}`?"));
                }
                self.warnings.push(warning);
            }
        }
        self.claims = claims.without(gone);
        self.judgements = judgements;
    }
}

/// Reads everything the directives of a program ask for, or finds everything that is wrong with it.
pub(super) fn read(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    spec: &CaseSpec,
    options: &Options,
    texts: &SourceMap,
) -> Result<Data, Error> {
    let reject = |diagnostics| Error::from(Findings::new(diagnostics, texts));
    let set_aside = match &options.bad_rows {
        Some(path) => Some(
            SetAside::create(spec.resolve(path))
                .map_err(|error| reject(vec![unwritable(path, &error)]))?,
        ),
        None => None,
    };
    let fact_dir = spec.fact_dir();
    let spent = Spent::default();
    let outcome = watching_memory(&options.budget, &spent, || {
        Reading {
            program,
            dictionary,
            spec,
            options,
            fact_dir: &fact_dir,
            set_aside: set_aside.as_ref(),
            spent: &spent,
        }
        .all()
    });
    options.watch.finished();
    let mut data = outcome.map_err(|failure| match failure {
        Failure::Stopped(stopped) => Error::Stopped(stopped),
        Failure::Rejected(mut found) => {
            found.retain(|found| found.is_error() || !spec.silences(found));
            reject(found)
        }
    })?;
    if let Some(set_aside) = set_aside {
        let path = set_aside.path().to_path_buf();
        data.bad_rows = set_aside
            .finish()
            .map_err(|error| reject(vec![unwritable(&path, &error)]))?;
    }
    Ok(data)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(
        io::codes::UNWRITABLE,
        format!("cannot write `{}`: {error}", path.display()),
    )
}

/// Everything that reading the files of a case needs.
struct Reading<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
    spec: &'a CaseSpec,
    options: &'a Options,
    fact_dir: &'a Path,
    set_aside: Option<&'a SetAside>,
    spent: &'a Spent,
}

enum Failure {
    Rejected(Vec<Diagnostic>),
    Stopped(Stopped),
}

impl Reading<'_> {
    fn all(&self) -> Result<Data, Failure> {
        let program = self.program;
        let mut errors = Vec::new();
        let mut register_read = true;
        let mut data = Data::default();
        let mut rows = Vec::new();
        let inputs: Vec<&Directive> = program
            .directives()
            .iter()
            .filter(|directive| directive.kind == DirectiveKind::Input)
            .collect();
        let reads_claims = inputs
            .iter()
            .any(|directive| directive.parameter("IO") == Some("claims"));
        if reads_claims {
            let register = self.fact_dir.join("sources.csv");
            if register.exists() {
                let read = self.watched(&register, None, |options| {
                    io::read_sources(&register, options)
                })?;
                match read {
                    Ok(loaded) => data.sources = Arc::new(loaded.sources),
                    Err(found) => {
                        register_read = false;
                        errors.extend(found);
                    }
                }
            }
        }
        let needed = analysis::needed(program);
        for directive in inputs {
            // As Soufflé does, which leaves out what nothing that is written depends on.
            let optional = needed
                .as_ref()
                .is_some_and(|needed| !needed.contains(&directive.relation));
            let file = file_name(program, directive);
            let loaded = self.watched(Path::new(&file), Some(directive.relation), |options| {
                let options = ReadOptions {
                    missing_is_empty: options.missing_is_empty || optional,
                    ..*options
                };
                io::read(
                    program,
                    directive,
                    self.dictionary,
                    Arc::make_mut(&mut data.sources),
                    &mut data.claims,
                    &options,
                )
            })?;
            match loaded {
                Ok(loaded) => {
                    data.warnings.extend(loaded.warnings);
                    rows.push(Stated {
                        relation: directive.relation,
                        file: file.into(),
                        rows: loaded.rows,
                        claimed: directive.parameter("IO") == Some("claims"),
                    });
                }
                Err(found) => errors.extend(found),
            }
        }
        data.rows = Some(rows);
        let judged = self.fact_dir.join(io::JUDGEMENTS);
        if reads_claims && judged.exists() {
            match io::read_judgements(&judged) {
                Ok(judgements) => data.judge(Arc::new(judgements)),
                Err(found) => errors.extend(found),
            }
        }
        match errors.is_empty() {
            true => Ok(data),
            false => {
                // That there is no register follows from the mistakes in it.
                data.warnings
                    .retain(|warning| register_read || warning.code != io::codes::NO_REGISTER);
                errors.splice(0..0, data.warnings);
                Err(Failure::Rejected(errors))
            }
        }
    }

    /// Reads one file, unless the memory is spent meanwhile or somebody stops it.
    fn watched<T>(
        &self,
        file: &Path,
        relation: Option<RelationId>,
        read: impl FnOnce(&ReadOptions) -> T,
    ) -> Result<T, Failure> {
        let reached = (AtomicU64::new(0), AtomicU64::new(0));
        let reason = || match self.options.budget.cancelled() {
            true => Some(StopReason::Cancelled),
            false => self.spent.reason(),
        };
        let progress: Progress = &|done, total| {
            self.options.watch.reading(file, done, total);
            reached.0.store(done, Ordering::Relaxed);
            reached.1.store(total, Ordering::Relaxed);
            reason().is_none()
        };
        let outcome = read(&ReadOptions {
            fact_dir: self.fact_dir,
            skip_bad_rows: self.set_aside,
            missing_is_empty: self.spec.missing_facts_are_empty,
            threads: self.options.threads.max(1),
            progress: Some(progress),
        });
        let Some(reason) = reason() else {
            return Ok(outcome);
        };
        Err(Failure::Stopped(Stopped {
            reason,
            rule: None,
            relation: relation.map(|relation| self.program[relation].name.to_string()),
            rows: 0,
            file: Some(ReadFile {
                name: file.display().to_string(),
                done: reached.0.into_inner(),
                size: reached.1.into_inner(),
            }),
            query: None,
        }))
    }
}

/// The file a directive reads, as it is written there.
pub(super) fn file_name(program: &CheckedProgram, directive: &Directive) -> String {
    match directive.parameter("filename") {
        Some(name) => name.to_owned(),
        None => format!("{}.facts", program[directive.relation].name),
    }
}
