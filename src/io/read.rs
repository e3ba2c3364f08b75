//! One `.input` directive: its file to rows and claims.

use super::block_rows::Values;
use super::bytes::Input;
use super::claims::ClaimReader;
use super::codes;
use super::facts::read_lines;
use super::findings::{Findings, SetAside};
use super::format::{Format, Medium};
use super::json::read_json;
use super::layout::Layout;
use super::quoted::read_quoted;
use super::sqlite::{is_uri, read_sqlite};
use crate::analysis::checked::{CheckedProgram, Directive};
use crate::evidence::{Claims, Sources};
use crate::storage::{Dictionary, Rows};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Called with the bytes read so far and the bytes there are. False: reading is to stop, with an error.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

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
    let database = format.medium == Medium::Sqlite;
    let input = if stream {
        Input::stdin()
    } else if database && is_uri(&name) {
        Input::nothing()
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

    let place = match database {
        // No line of the file is at fault, a row of the table is.
        true => format!("{name}, table {}", format.table(&relation.name)).into(),
        false => name,
    };
    let mut findings = Findings::new(place, options.skip_bad_rows);
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
            loaded.rows = reader.read(input, &format.delimiter, options.threads, &mut findings);
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
        Medium::JsonFile | Medium::JsonStream => {
            loaded.rows = read_json(input, program, relation, dictionary, &mut findings);
        }
        Medium::Sqlite => {
            let table = format.table(&relation.name);
            let values = Values {
                program,
                relation,
                dictionary,
            };
            loaded.rows = read_sqlite(&path, table, values, options.progress, &mut findings);
        }
        _ => {
            let layout = Layout::new(program, relation, &format);
            loaded.rows = if format.rfc4180 {
                let (delimiter, threads) = (&*format.delimiter, options.threads);
                read_quoted(
                    input,
                    &layout,
                    delimiter,
                    dictionary,
                    threads,
                    &mut findings,
                )
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

/// The file that a directive reads. `None`: something else, or something is wrong with the directive.
pub fn file_of(
    program: &CheckedProgram,
    directive: &Directive,
    fact_dir: &Path,
) -> Option<PathBuf> {
    let format = Format::of(program, directive).ok()?;
    let path = format.path(fact_dir, &program[directive.relation].name, true);
    match format.medium {
        Medium::Stream | Medium::JsonStream | Medium::Size => None,
        Medium::Sqlite if is_uri(&path.to_string_lossy()) => None,
        Medium::File | Medium::JsonFile | Medium::Sqlite | Medium::Claims => Some(path),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::{directive, print_diagnostics, print_rows, program};
    use crate::io::{SetAside, read_sources};
    use crate::syntax::ast::DirectiveKind;
    use parking_lot::Mutex;
    use std::fs;

    /// Loads relation `r` from a directory of files; rows, number of claims, warnings; or what is wrong.
    fn load(declared: &str, parameters: &str, files: &[(&str, &str)]) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let program = program(declared);
        let (parameters, missing) = match parameters.strip_prefix("-w") {
            Some(parameters) => (parameters, true),
            None => (parameters, false),
        };
        let options = ReadOptions {
            fact_dir: directory.path(),
            missing_is_empty: missing,
            ..ReadOptions::default()
        };
        let dictionary = Dictionary::new();
        let mut claims = Claims::new();
        let shown = |found: &[Diagnostic]| {
            print_diagnostics(found).replace(&format!("{}/", directory.path().display()), "")
        };
        let loaded = read(
            &program,
            &directive(DirectiveKind::Input, parameters),
            &dictionary,
            &mut Sources::unlisted(),
            &mut claims,
            &options,
        )
        .map_err(|wrong| {
            assert!(claims.is_empty(), "nothing half-loaded");
            shown(&wrong)
        })?;
        assert_eq!(loaded.claims, claims.len());
        let rows = print_rows(&program, &dictionary, &loaded.rows);
        Ok(format!("{rows}\n{}", shown(&loaded.warnings)))
    }

    #[test]
    fn a_directive_says_where_and_how() {
        for (declared, parameters, files, expected) in [
            ("x: number", "", &[("r.facts", "1\n")][..], "(1)\n"),
            (
                "x: number",
                "IO=file filename=a.csv",
                &[("a.csv", "1\n")],
                "(1)\n",
            ),
            (
                "x: symbol",
                "rfc4180=true",
                &[("r.facts", "\"a\nb\"\n\n")],
                "(a\nb) ()\n",
            ),
            (
                "x: symbol, y: number",
                "rfc4180=true headers=true columns=1:0 delimiter=;",
                &[("r.facts", "y;x\n2;\"a;b\"\n")],
                "(a;b|2)\n",
            ),
            ("", "rfc4180=true", &[("r.facts", "")], "\n"),
            ("", "rfc4180=true", &[("r.facts", "x\n")], "()\n"),
            ("x: symbol", "IO=claims", &[("r.csv", "x\na\n")], "(a)\n"),
            (
                "x: symbol",
                "IO=claims delimiter=\\t filename=c",
                &[("c", "x\tsource_id\na\ts1\nb\ts2\n")],
                "(a) (b)\nW401 claims of `r` name sources, but no register of sources was read = put a `sources.csv` beside the claim files\n",
            ),
            (
                "x: symbol",
                "-w",
                &[],
                "\nW402 `r.facts` is not there: `r` is read as empty\n",
            ),
        ] {
            assert_eq!(
                load(declared, parameters, files).as_deref(),
                Ok(expected),
                "{parameters}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (parameters, files, expected) in [
            (
                "",
                &[][..],
                "D401 there is no file `r.facts` = `-F DIR` says where fact files are; `-w` reads missing ones as empty\n",
            ),
            (
                "IO=tape",
                &[],
                "D404 `r` cannot be read from `IO=tape` = one of file, stdin, claims, jsonfile, json, sqlite\n",
            ),
            (
                "headers=maybe columns=0:x delimiter=",
                &[],
                "D403 parameter `headers` of `r` is `maybe`, neither true nor false = write `true` or `false`\n\
                 D403 parameter `delimiter` of `r` is empty or holds a line end = give a character such as `,`\n\
                 D403 parameter `columns` of `r` is not a list of different columns = count file columns from 0 and separate them by colons, as in `2:0`\n",
            ),
            (
                "columns=1 rfc4180=true delimiter=\"",
                &[],
                "D403 parameter `delimiter` of `r` holds a quotation mark, which quotes fields = give another delimiter\n\
                 D403 parameter `columns` of `r` names 1 of 2 columns = name one file column for each attribute\n",
            ),
            (
                "rfc4180=true",
                &[("r.facts", "\"1\",2\n3\nx,\"y\n")],
                "r.facts:2:2 D405 values missing: the line has 1 of 2 columns, none for `y` of `r`\n\
                 r.facts:3:3 D409 this quote is never closed: it takes in the rest of the file = close it, or double it if it is part of the text\n",
            ),
            (
                "IO=claims",
                &[("r.csv", "x,y\n1,2\n3,z\n")],
                "r.csv:3:3 D406 `z` is no value of `y: number` of `r`: not a number\n",
            ),
        ] {
            let wrong = load("x: number, y: number", parameters, files).unwrap_err();
            assert_eq!(wrong, expected, "{parameters}");
        }
        let wrong = load("x: number", "filename=.", &[]).unwrap_err();
        assert!(
            wrong.contains("D402") && wrong.contains("directory"),
            "{wrong}"
        );
    }

    /// Every claim file of the shipped case, some of them read into two relations.
    #[test]
    fn the_shipped_case_reads_without_a_finding() {
        use crate::syntax::{LoadOptions, load};
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = crate::syntax::source::SourceMap::new();
        let rules = [root.join("rules/case.dl")];
        let (parsed, wrong) = load(&rules, &LoadOptions::default(), &mut texts);
        assert_eq!(print_diagnostics(&wrong), "");
        let (program, _) = crate::analysis::check(&parsed, &Default::default()).unwrap();
        let facts = root.join("facts");
        let options = ReadOptions {
            fact_dir: &facts,
            ..ReadOptions::default()
        };
        let mut sources = read_sources(&facts.join("sources.csv"), &options)
            .unwrap()
            .sources;
        let mut claims = Claims::new();
        let dictionary = Dictionary::new();
        let inputs = program.directives().iter();
        for input in inputs.filter(|directive| directive.kind == DirectiveKind::Input) {
            match read(
                &program,
                input,
                &dictionary,
                &mut sources,
                &mut claims,
                &options,
            ) {
                Ok(loaded) => {
                    assert!(!loaded.rows.is_empty() && loaded.warnings.is_empty());
                }
                Err(wrong) => panic!("{}", print_diagnostics(&wrong)),
            }
        }
        let cited = claims.iter().filter(|(_, claim)| claim.source.is_some());
        assert_eq!(cited.count(), claims.len());
    }

    #[test]
    fn progress_reaches_the_size_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("r.facts"), "1\n".repeat(500_000)).unwrap();
        let seen = Mutex::new(Vec::new());
        let progress = |done, total| {
            seen.lock().push((done, total));
            true
        };
        let options = ReadOptions {
            fact_dir: directory.path(),
            progress: Some(&progress),
            ..ReadOptions::default()
        };
        let loaded = read(
            &program("x: number"),
            &directive(DirectiveKind::Input, ""),
            &Dictionary::new(),
            &mut Sources::unlisted(),
            &mut Claims::new(),
            &options,
        );
        assert_eq!(loaded.unwrap().rows.len(), 500_000);
        let seen = seen.into_inner();
        assert!(seen.len() > 2 && seen.is_sorted());
        assert_eq!(seen.last(), Some(&(1_000_000, 1_000_000)));
    }

    #[test]
    fn rows_of_several_files_are_set_aside_together() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("r.facts"), "1\nx\n2\n").unwrap();
        fs::write(path("sources.csv"), "source_id,derived_from\na,zz\n,\n").unwrap();
        let set_aside = SetAside::create(path("bad.csv")).unwrap();
        let options = ReadOptions {
            fact_dir: directory.path(),
            skip_bad_rows: Some(&set_aside),
            ..ReadOptions::default()
        };
        let mut register = read_sources(&path("sources.csv"), &options).unwrap();
        assert_eq!((register.sources.len(), register.set_aside), (1, 1));
        let loaded = read(
            &program("x: number"),
            &directive(DirectiveKind::Input, ""),
            &Dictionary::new(),
            &mut register.sources,
            &mut Claims::new(),
            &options,
        )
        .unwrap();
        assert_eq!((loaded.rows.len(), loaded.set_aside), (2, 1));
        assert_eq!(set_aside.rows(), 2);
        assert_eq!(set_aside.finish().unwrap(), 2);
        let text = fs::read_to_string(path("bad.csv")).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("/r.facts,2,1,x,"), "{text}");
    }
}
