//! One `.input` directive: its file to rows and claims.

use super::bytes::Input;
use super::claims::ClaimReader;
use super::codes;
use super::facts::{Layout, read_lines};
use super::findings::{Findings, SetAside};
use super::format::{Format, Medium};
use super::quoted::read_quoted;
use crate::analysis::checked::{CheckedProgram, Directive};
use crate::evidence::{Claims, Sources};
use crate::storage::{Dictionary, Rows};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Called with the bytes read so far and the bytes there are.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

#[derive(Clone, Copy)]
pub struct ReadOptions<'a> {
    /// Where relative file names begin.
    pub fact_dir: &'a Path,
    /// Takes rows that cannot be read, which else are errors.
    pub skip_bad_rows: Option<&'a SetAside>,
    /// Read a missing file as an empty one, as Soufflé does with `-w`.
    pub missing_is_empty: bool,
    /// At 1 nothing runs in parallel; else the current rayon pool is used.
    pub threads: usize,
    pub progress: Option<Progress<'a>>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        ReadOptions {
            fact_dir: Path::new("."),
            skip_bad_rows: None,
            missing_is_empty: false,
            threads: 1,
            progress: None,
        }
    }
}

/// What one directive brought in.
#[derive(Debug, Default)]
pub struct Loaded {
    /// In the order of the file, repetitions included. Of a claim file: the rows that a claim supports.
    pub rows: Rows,
    /// How many claims were added.
    pub claims: usize,
    /// Rows that could not be read and were put aside.
    pub set_aside: usize,
    pub warnings: Vec<Diagnostic>,
}

/// Reads one `.input` directive. What it claims is added to `claims`; `sources` grows only when there is no register.
///
/// Codes of new values are given in order of first occurrence in the file, at any number of threads. On failure every
/// mistake of the file is reported, up to a limit, and how many more there are, and no claim was added; values that were
/// interned stay.
pub fn read(
    program: &CheckedProgram,
    directive: &Directive,
    dictionary: &Dictionary,
    sources: &mut Sources,
    claims: &mut Claims,
    options: &ReadOptions,
) -> Result<Loaded, Vec<Diagnostic>> {
    let format = Format::of(program, directive)?;
    let relation = &program[directive.relation];
    let mut loaded = Loaded {
        rows: Rows::new(relation.arity()),
        ..Loaded::default()
    };
    let stream = matches!(format.medium, Medium::Stream | Medium::JsonStream);
    let path = format.path(options.fact_dir, &relation.name, true);
    let name: Arc<str> = if stream {
        "<stdin>".into()
    } else {
        path.to_string_lossy().into()
    };
    let input = if stream {
        Input::stdin()
    } else {
        Input::file(&path, options.progress)
    };
    let input = match input {
        Ok(input) => input,
        Err(error) if error.kind() == io::ErrorKind::NotFound && options.missing_is_empty => {
            loaded.warnings.push(
                Diagnostic::warning(
                    codes::EMPTY_INPUT,
                    format!(
                        "`{name}` is not there: `{}` is read as empty",
                        relation.name
                    ),
                )
                .at(directive.span, ""),
            );
            return Ok(loaded);
        }
        Err(error) => return Err(vec![open_problem(&name, &error, Some(directive.span))]),
    };

    let mut findings = Findings::new(name, options.skip_bad_rows);
    let claims_before = claims.len();
    match format.medium {
        Medium::Claims => {
            let unlisted = !sources.is_closed() && sources.is_empty();
            let short_name = match &format.filename {
                Some(file) => file.clone(),
                None => format!("{}.csv", relation.name),
            };
            let reader = ClaimReader {
                program,
                relation: directive.relation,
                dictionary,
                sources,
                claims: &mut *claims,
                short_name: &short_name,
            };
            loaded.rows = reader.read(input, &format.delimiter, &mut findings);
            if unlisted && !sources.is_empty() {
                loaded.warnings.push(
                    Diagnostic::warning(
                        codes::NO_REGISTER,
                        format!(
                            "claims of `{}` name sources, but no register of sources was read",
                            relation.name
                        ),
                    )
                    .at(directive.span, "")
                    .note("sources are taken at their word, their reliability is F")
                    .help("put a `sources.csv` beside the claim files"),
                );
            }
        }
        _ => {
            let layout = Layout::new(program, relation, &format);
            loaded.rows = if format.rfc4180 {
                read_quoted(input, &layout, &format.delimiter, dictionary, &mut findings)
            } else {
                read_lines(input, &layout, dictionary, options.threads, &mut findings)
            };
        }
    }
    loaded.set_aside = findings
        .finish()
        .inspect_err(|_| claims.truncate(claims_before))?;
    loaded.claims = claims.len() - claims_before;
    Ok(loaded)
}

/// Why a file cannot be opened.
pub(crate) fn open_problem(name: &str, error: &io::Error, span: Option<Span>) -> Diagnostic {
    let diagnostic = if error.kind() == io::ErrorKind::NotFound {
        Diagnostic::error(codes::MISSING_FILE, format!("there is no file `{name}`"))
            .help("`-F DIR` says where fact files are; `-w` reads missing ones as empty")
    } else {
        Diagnostic::error(codes::UNREADABLE, format!("cannot read `{name}`: {error}"))
    };
    match span {
        Some(span) => diagnostic.at(span, "asked for here"),
        None => diagnostic,
    }
}
