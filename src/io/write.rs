//! `.output` and `.printsize`: rows to files and streams, in the order they are given.
//!
//! A file appears under its name only once it is whole.

use super::codes;
use super::findings::shorten;
use super::format::{Format, Medium};
use super::json::JsonWriter;
use super::layout::reads_back;
use super::sqlite::write_sqlite;
use super::value::{Style, write_value};
use crate::analysis::checked::{CheckedProgram, Directive, Relation, ValueType};
use crate::analysis::findings::counted;
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
        Medium::JsonStream => (
            "standard output".to_owned(),
            writer.write_json(rows, stdout),
        ),
        Medium::JsonFile => (
            format!("`{}`", path.display()),
            write_file(&path, format.compress, |out| writer.write_json(rows, out)),
        ),
        Medium::Sqlite => {
            let table = format.table(&relation.name);
            let written = write_sqlite(&path, table, program, relation, rows, dictionary);
            (
                format!("table `{table}` of `{}`", path.display()),
                written.map_err(io::Error::other),
            )
        }
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

/// A file under its name once it is whole, in the place of the one there is if that is to be. What goes wrong is told in
/// words that a name of an unfinished file has no part in.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], replace: bool) -> Result<(), String> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such directory".to_owned(),
        io::ErrorKind::PermissionDenied => "the directory may not be written to".to_owned(),
        _ => error.to_string(),
    };
    let mut file = temporary_beside(path).map_err(told)?;
    let written = file.write_all(bytes).and_then(|()| {
        if let (true, Ok(known)) = (replace, path.metadata()) {
            file.as_file().set_permissions(known.permissions())?;
        }
        file.as_file().sync_all()
    });
    written.map_err(|error| error.to_string())?;
    let kept = match replace {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    };
    kept.map(drop).map_err(|error| error.error.to_string())
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
        let values = counted(self.count, "value");
        let message = format!(
            "{values} of `{}` in {target} will not read back: the delimiter, a line end, or brackets that do not pair",
            relation.name
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

    fn write_json(&self, rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"[")?;
        self.write_rows(rows, out, &mut Unescaped::default())?;
        out.write_all(b"]\n")
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
                if matches!(self.format.medium, Medium::JsonFile | Medium::JsonStream) {
                    return self.format_json(rows, from..to, text);
                }
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

    fn format_json(&self, rows: &Rows, range: Range<usize>, out: &mut Vec<u8>) {
        let writer = JsonWriter {
            program: self.program,
            relation: self.relation,
            dictionary: self.dictionary,
            format: self.format,
        };
        for row in range {
            if row > 0 {
                out.extend_from_slice(b",\n");
            }
            writer.write_row(out, &rows.row(row));
        }
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
                    quote_from(out, start, self.program.strict);
                }
            }
            out.push(b'\n');
        }
    }

    fn format_value(&self, out: &mut Vec<u8>, ty: ValueType, code: Code, style: Style) {
        write_value(out, self.dictionary, self.program, ty, code, style);
    }
}

/// Puts quotes around what was written from `start` on, and doubles those within; Soufflé puts a backslash before each
/// pair besides, so that its own reader does not give back what was written.
fn quote_from(out: &mut Vec<u8>, start: usize, backslash: bool) {
    if memchr::memchr(b'"', &out[start..]).is_none() {
        out.insert(start, b'"');
        out.push(b'"');
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' if backslash => out.extend_from_slice(b"\\\"\""),
            b'"' => out.extend_from_slice(b"\"\""),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::evidence::{Claims, Sources};
    use crate::io::testing::{directive, print_diagnostics, print_rows, program};
    use crate::io::{ReadOptions, parse_value, read};
    use crate::syntax::ast::DirectiveKind;
    use crate::tries::tries;
    use proptest::prelude::*;

    fn rows(program: &CheckedProgram, dictionary: &Dictionary, rows: &[Vec<String>]) -> Rows {
        let attributes = &program[RelationId(0)].attributes;
        let mut gathered = Rows::new(attributes.len());
        for row in rows {
            let codes: Vec<Code> = row
                .iter()
                .zip(attributes)
                .map(|(text, attribute)| {
                    parse_value(program, attribute.ty, text, dictionary).unwrap()
                })
                .collect();
            gathered.push(&codes);
        }
        gathered
    }

    /// `a|b c|d` as rows.
    fn split(text: &str) -> Vec<Vec<String>> {
        text.split_whitespace()
            .map(|row| {
                row.split('|')
                    .filter(|field| *field != "()")
                    .map(str::to_owned)
                    .collect()
            })
            .collect()
    }

    /// What a directive writes to its file and to standard output, and warns of.
    fn check(
        declared: &str,
        parameters: &str,
        text: &str,
        to_stdout: bool,
    ) -> (String, String, String) {
        let program = program(declared);
        let dictionary = Dictionary::new();
        let rows = rows(&program, &dictionary, &split(text));
        let directory = tempfile::tempdir().unwrap();
        let mut stdout = Vec::new();
        let options = WriteOptions {
            output_dir: (!to_stdout).then_some(directory.path()),
            threads: 1,
        };
        let directive = directive(DirectiveKind::Output, parameters);
        let warnings = write(
            &program,
            &directive,
            &rows,
            &dictionary,
            &options,
            &mut stdout,
        )
        .unwrap();
        let files: Vec<String> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                format!(
                    "{name}:\n{}",
                    String::from_utf8_lossy(&fs::read(path).unwrap())
                )
            })
            .collect();
        (
            files.join(""),
            String::from_utf8(stdout).unwrap(),
            print_diagnostics(&warnings),
        )
    }

    #[test]
    fn formats_are_those_of_souffle() {
        for (declared, parameters, text, expected) in [
            (
                "x: number, y: symbol",
                "",
                "1|a -2|b\"c",
                "r.csv:\n1\ta\n-2\tb\"c\n",
            ),
            (
                "x: number, y: float",
                "delimiter=, headers=true",
                "1|0.5",
                "r.csv:\nx,y\n1,0.5\n",
            ),
            (
                "x: number, y: symbol, z: Pair",
                "rfc4180=true filename=out.txt",
                "1|b\"c|[1,a] 2||nil",
                "out.txt:\n1,\"b\"\"c\",\"[1, \"\"a\"\"]\"\n2,\"\",\"nil\"\n",
            ),
            (
                "x: Pair, y: Tree",
                "",
                "[1,a]|$Leaf",
                "r.csv:\n[1, a]\t$Leaf\n",
            ),
            ("", "", "()", "r.csv:\n()\n"),
            ("x: number", "", "", "r.csv:\n"),
            (
                "x: number, y: symbol, z: float",
                "IO=jsonfile",
                "-1|a\"b|0.1 9000000000||inf",
                "r.json:\n[[-1, \"a\\\"b\", 0.1],\n[9000000000, \"\", \"inf\"]]\n",
            ),
            (
                "u: unsigned, p: Pair, l: List",
                "IO=jsonfile format=object",
                "18446744073709551615|[1,a]|nil",
                "r.json:\n[{\"u\": 18446744073709551615, \"p\": {\"x\": 1, \"y\": \"a\"}, \"l\": null}]\n",
            ),
            (
                "t: Tree, c: Color",
                "IO=jsonfile filename=j",
                "$Node($Leaf,b,$Leaf)|$Green",
                "j:\n[[{\"$Node\": [\"$Leaf\", \"b\", \"$Leaf\"]}, \"$Green\"]]\n",
            ),
            ("", "IO=jsonfile", "()", "r.json:\n[[]]\n"),
            ("x: number", "IO=jsonfile", "", "r.json:\n[]\n"),
        ] {
            let (file, stdout, warnings) = check(declared, parameters, text, false);
            assert_eq!((&*file, &*stdout, &*warnings), (expected, "", ""));
        }
    }

    #[test]
    fn standard_output_is_framed() {
        let frame = |header: &str, rows: &str| {
            format!("---------------\nr\n{header}===============\n{rows}===============\n")
        };
        for (declared, parameters, text, to_stdout, expected) in [
            (
                "x: number, y: symbol",
                "IO=stdout",
                "1|a",
                false,
                frame("", "1\ta\n"),
            ),
            (
                "x: number, y: symbol",
                "IO=stdout delimiter=, headers=true",
                "1|a",
                false,
                frame("x,y\n", "1,a\n"),
            ),
            (
                "x: number, y: symbol",
                "compress=true",
                "1|a",
                true,
                frame("x\ty\n", "1\ta\n"),
            ),
            ("", "", "()", true, frame("\n", "()\n")),
            (
                "x: number",
                "IO=stdoutprintsize",
                "1 2",
                false,
                "r\t2\n".to_owned(),
            ),
        ] {
            let (file, stdout, _) = check(declared, parameters, text, to_stdout);
            assert_eq!((file, stdout), (String::new(), expected));
        }
    }

    #[test]
    fn texts_that_will_not_read_back_are_pointed_out() {
        let program = program("x: symbol, y: symbol");
        let dictionary = Dictionary::new();
        for (parameters, texts, count) in [
            ("", ["a\tb", "c"], 1),
            ("", ["a\n", "c\r"], 2),
            ("", ["a,[b", "c\rd"], 0),
            ("delimiter=,", ["a,b", "c[,]"], 1),
            ("delimiter=,", ["a]", "["], 2),
            ("rfc4180=true", ["a\n,\"", "\t\r"], 0),
        ] {
            let row = texts.map(str::to_owned).to_vec();
            let rows = rows(&program, &dictionary, &[row]);
            let mut stdout = Vec::new();
            let options = WriteOptions {
                output_dir: None,
                threads: 1,
            };
            let directive = directive(DirectiveKind::Output, parameters);
            let warnings = write(
                &program,
                &directive,
                &rows,
                &dictionary,
                &options,
                &mut stdout,
            )
            .unwrap();
            let found = warnings
                .first()
                .map_or("0", |warning| &warning.message[..1]);
            assert_eq!(found, count.to_string(), "{texts:?}");
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let program = program("x: number");
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("gone");
        let options = WriteOptions {
            output_dir: Some(&gone),
            threads: 1,
        };
        let directive = directive(DirectiveKind::Output, "");
        let wrong = write(
            &program,
            &directive,
            &Rows::new(1),
            &Dictionary::new(),
            &options,
            &mut Vec::new(),
        )
        .unwrap_err();
        assert_eq!(wrong[0].code, codes::UNWRITABLE);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let program = program("x: number");
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (
            directory.path().join("target"),
            directory.path().join("r.csv"),
        );
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let options = WriteOptions {
            output_dir: Some(directory.path()),
            threads: 1,
        };
        let directive = directive(DirectiveKind::Output, "");
        write(
            &program,
            &directive,
            &Rows::new(1),
            &Dictionary::new(),
            &options,
            &mut Vec::new(),
        )
        .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"");
    }

    fn values() -> impl Strategy<Value = Vec<Vec<String>>> {
        let symbol = prop_oneof!["[a-c ,\"\t\n\r\\\\\\[\\]é]{0,4}", "[a-c]{1,3}"];
        let row = (
            any::<i64>(),
            symbol,
            any::<u64>(),
            any::<i32>(),
            "[ab\",\n]{0,3}",
        )
            .prop_map(|(number, text, bits, x, inner)| {
                let mut float = Vec::new();
                let value = f64::from_bits(bits);
                super::super::value::write_float(
                    &mut float,
                    if value.is_nan() { 0.5 } else { value },
                    17,
                );
                let float = String::from_utf8(float).unwrap();
                let inner = inner.replace('"', "\\\"").replace('\n', "\\n");
                vec![
                    number.to_string(),
                    text,
                    float,
                    format!("[{x}, \"{inner}\"]"),
                ]
            });
        prop::collection::vec(row, 0..8)
    }

    proptest! {
        #![proptest_config(tries(256))]

        /// What is written reads back as it was, in every format that can hold it.
        #[test]
        fn rows_round_trip(
            values in values(),
            parameters in prop::sample::select(vec![
                "rfc4180=true",
                "rfc4180=true delimiter=::",
                "rfc4180=true headers=true compress=true",
                "IO=jsonfile",
                "IO=jsonfile format=object compress=true",
                "delimiter=|",
                "delimiter=,",
                "headers=true",
            ]),
            threads in 1usize..3,
        ) {
            let declared = if parameters.contains("rfc4180") || parameters.contains("json") {
                "n: number, s: symbol, f: float, p: Pair"
            } else {
                "n: number, s: symbol, f: float"
            };
            let program = program(declared);
            let dictionary = Dictionary::new();
            let rows = rows(&program, &dictionary, &values);
            let directory = tempfile::tempdir().unwrap();
            let options = WriteOptions { output_dir: Some(directory.path()), threads };
            let output = directive(DirectiveKind::Output, &format!("{parameters} filename=r"));
            let warnings =
                write(&program, &output, &rows, &dictionary, &options, &mut Vec::new()).unwrap();
            if warnings.is_empty() {
                let input = directive(DirectiveKind::Input, &format!("{parameters} filename=r"));
                let options = ReadOptions { fact_dir: directory.path(), threads, ..ReadOptions::default() };
                let loaded = read(&program, &input, &dictionary, &mut Sources::unlisted(), &mut Claims::new(), &options);
                let loaded = loaded.unwrap();
                prop_assert_eq!(
                    print_rows(&program, &dictionary, &loaded.rows),
                    print_rows(&program, &dictionary, &rows)
                );
                prop_assert_eq!(loaded.rows, rows);
            } else {
                prop_assert!(parameters.contains("delimiter") || parameters == "headers=true");
                prop_assert!(!parameters.contains("rfc4180"));
            }
        }
    }
}
