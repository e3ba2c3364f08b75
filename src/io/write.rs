//! `.output` and `.printsize`: rows to files and streams, in the order they are given.
//!
//! A file appears under its name only once it is whole.

use super::codes;
use super::facts::reads_back;
use super::findings::shorten;
use super::format::{Format, Medium};
use super::value::{Style, write_value};
use crate::analysis::checked::{CheckedProgram, Directive, Relation, ValueType};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::diagnostic::Diagnostic;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

#[derive(Clone, Copy)]
pub struct WriteOptions<'a> {
    /// Where relative file names begin; `None` sends every output to `stdout` with headers, as `-D -` does.
    pub output_dir: Option<&'a Path>,
    /// At 1 nothing runs in parallel; else the current rayon pool is used.
    pub threads: usize,
}

/// Writes one `.output` directive. Values that will not read back are reported as warnings.
pub fn write(
    program: &CheckedProgram,
    directive: &Directive,
    rows: &Rows,
    dictionary: &Dictionary,
    options: &WriteOptions,
    stdout: &mut dyn Write,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut format = Format::of(program, directive)?;
    let relation = &program[directive.relation];
    if options.output_dir.is_none() && format.medium != Medium::Size {
        format.medium = Medium::Stream;
        format.headers = true;
    }
    let writer = RowWriter {
        program,
        relation,
        dictionary,
        format: &format,
        threads: options.threads,
    };
    let path = format.path(
        options.output_dir.unwrap_or(Path::new(".")),
        &relation.name,
        false,
    );
    let mut unescaped = Unescaped::default();
    let (target, written) = match format.medium {
        Medium::Size => return write_size(program, directive, rows.len(), stdout).map(|()| vec![]),
        Medium::Stream => (
            "standard output".to_owned(),
            writer.write_framed(rows, stdout, &mut unescaped),
        ),
        _ => (
            format!("`{}`", path.display()),
            write_file(&path, format.compress, |out| {
                writer.write_text(rows, out, &mut unescaped)
            }),
        ),
    };
    match written {
        Ok(()) => Ok(unescaped
            .into_warning(relation, directive, &target)
            .into_iter()
            .collect()),
        Err(error) => Err(vec![cannot_write(&target, &error, directive)]),
    }
}

/// Writes the line of a `.printsize` directive: name, TAB, count.
pub fn write_size(
    program: &CheckedProgram,
    directive: &Directive,
    count: usize,
    stdout: &mut dyn Write,
) -> Result<(), Vec<Diagnostic>> {
    writeln!(stdout, "{}\t{count}", program[directive.relation].name)
        .map_err(|error| vec![cannot_write("standard output", &error, directive)])
}

fn cannot_write(target: &str, error: &io::Error, directive: &Directive) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(codes::UNWRITABLE, format!("cannot write {target}: {error}"))
            .at(directive.span, "asked for here");
    if error.kind() == io::ErrorKind::NotFound {
        diagnostic.help("create the directory first; `-D DIR` names it")
    } else {
        diagnostic
    }
}

/// An unfinished file in the directory where it is to appear, readable by whom a new file would be.
pub(crate) fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".cutout-").tempfile_in(directory)
}

fn write_file(
    path: &Path,
    compress: bool,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let fill = |file: &mut dyn Write| {
        if compress {
            let mut packed = GzEncoder::new(file, Compression::default());
            fill(&mut packed)?;
            packed.finish().map(drop)
        } else {
            fill(file)
        }
    };
    let path = behind_links(path);
    match fs::metadata(&path) {
        // A pipe or a device takes the bytes itself: replacing it by a file would break it.
        Ok(there) if !there.is_file() => fill(&mut File::options().write(true).open(&path)?),
        _ => {
            let mut file = temporary_beside(&path)?;
            fill(&mut file)?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        }
    }
}

/// Where a symbolic link leads, so that the link itself stays.
fn behind_links(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

struct RowWriter<'a> {
    program: &'a CheckedProgram,
    relation: &'a Relation,
    dictionary: &'a Dictionary,
    format: &'a Format,
    threads: usize,
}

/// Texts that a format without quoting cannot hold.
#[derive(Default)]
struct Unescaped {
    first: Option<String>,
    count: usize,
}

impl Unescaped {
    fn add(&mut self, other: Unescaped) {
        self.first = self.first.take().or(other.first);
        self.count += other.count;
    }

    fn into_warning(
        self,
        relation: &Relation,
        directive: &Directive,
        target: &str,
    ) -> Option<Diagnostic> {
        let first = self.first?;
        let message = format!(
            "{} values of `{}` in {target} will not read back: they hold the delimiter, a line end or brackets that do not pair",
            self.count, relation.name
        );
        Some(
            Diagnostic::warning(codes::UNESCAPED, message)
                .at(directive.span, "")
                .note(format!("the first one is `{}`", shorten(&first)))
                .help("`rfc4180=true` quotes texts"),
        )
    }
}

impl RowWriter<'_> {
    /// Rows per unit of work.
    const CHUNK: usize = 1 << 15;

    fn write_framed(
        &self,
        rows: &Rows,
        out: &mut dyn Write,
        unescaped: &mut Unescaped,
    ) -> io::Result<()> {
        writeln!(out, "---------------\n{}", self.relation.name)?;
        if self.format.headers {
            self.write_header(out)?;
        }
        writeln!(out, "===============")?;
        self.write_rows(rows, out, unescaped)?;
        writeln!(out, "===============")
    }

    fn write_text(
        &self,
        rows: &Rows,
        out: &mut dyn Write,
        unescaped: &mut Unescaped,
    ) -> io::Result<()> {
        if self.format.headers {
            self.write_header(out)?;
        }
        self.write_rows(rows, out, unescaped)
    }

    fn write_header(&self, out: &mut dyn Write) -> io::Result<()> {
        for (at, attribute) in self.relation.attributes.iter().enumerate() {
            if at > 0 {
                out.write_all(&self.format.delimiter)?;
            }
            out.write_all(attribute.name.as_bytes())?;
        }
        writeln!(out)
    }

    fn write_rows(
        &self,
        rows: &Rows,
        out: &mut dyn Write,
        unescaped: &mut Unescaped,
    ) -> io::Result<()> {
        let width = if self.threads <= 1 {
            1
        } else {
            self.threads * 2
        };
        let mut wave: Vec<(Vec<u8>, Unescaped)> = Vec::new();
        wave.resize_with(width, Default::default);
        let mut start = 0;
        while start < rows.len() {
            let fill = |(at, (text, unescaped)): (usize, &mut (Vec<u8>, Unescaped))| {
                let from = (start + at * Self::CHUNK).min(rows.len());
                let to = (from + Self::CHUNK).min(rows.len());
                text.clear();
                self.format_rows(rows, from..to, text, unescaped);
            };
            if width == 1 {
                wave.iter_mut().enumerate().for_each(fill);
            } else {
                wave.par_iter_mut().enumerate().for_each(fill);
            }
            for (text, found) in &mut wave {
                out.write_all(text)?;
                unescaped.add(std::mem::take(found));
            }
            start += width * Self::CHUNK;
        }
        Ok(())
    }

    fn format_rows(
        &self,
        rows: &Rows,
        range: Range<usize>,
        out: &mut Vec<u8>,
        unescaped: &mut Unescaped,
    ) {
        let columns: Vec<_> = (0..rows.arity()).map(|at| rows.column(at)).collect();
        for row in range {
            if columns.is_empty() {
                out.extend_from_slice(b"()");
            }
            for (at, (column, attribute)) in
                columns.iter().zip(&self.relation.attributes).enumerate()
            {
                if at > 0 {
                    out.extend_from_slice(&self.format.delimiter);
                }
                let numeric = matches!(
                    attribute.ty,
                    ValueType::Number | ValueType::Unsigned | ValueType::Float
                );
                let code = column[row];
                let start = out.len();
                if numeric || !self.format.rfc4180 {
                    self.format_value(out, attribute.ty, code, Style::Facts);
                    let last = at + 1 == columns.len();
                    if !numeric
                        && !reads_back(&out[start..], &self.format.delimiter, attribute.ty, last)
                    {
                        unescaped.add(Unescaped {
                            first: Some(String::from_utf8_lossy(&out[start..]).into_owned()),
                            count: 1,
                        });
                    }
                } else {
                    self.format_value(out, attribute.ty, code, Style::Nested);
                    quote_from(out, start);
                }
            }
            out.push(b'\n');
        }
    }

    fn format_value(&self, out: &mut Vec<u8>, ty: ValueType, code: Code, style: Style) {
        write_value(out, self.dictionary, self.program, ty, code, style);
    }
}

/// Puts quotes around what was written from `start` on, and doubles those within.
fn quote_from(out: &mut Vec<u8>, start: usize) {
    if memchr::memchr(b'"', &out[start..]).is_none() {
        out.insert(start, b'"');
        out.push(b'"');
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
