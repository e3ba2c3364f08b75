//! What a directive asks for: its parameters, typed, or what is wrong with them.

use super::codes;
use super::sqlite::is_uri;
use crate::analysis::checked::{CheckedProgram, Directive};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::Diagnostic;
use std::path::{Path, PathBuf};

/// Where the bytes are, or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Delimiter-separated text in a file.
    File,
    /// The same from standard input or to standard output.
    Stream,
    JsonFile,
    JsonStream,
    /// A table of a SQLite database.
    Sqlite,
    /// A claim file.
    Claims,
    /// `.printsize`
    Size,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub medium: Medium,
    /// As written; `None`: named after the relation.
    pub filename: Option<String>,
    /// What a database calls the relation, if not by its name.
    table: Option<String>,
    pub delimiter: Vec<u8>,
    pub headers: bool,
    /// File columns that feed the attributes, in order.
    pub columns: Option<Vec<usize>>,
    pub rfc4180: bool,
    pub compress: bool,
    /// JSON rows are objects, not lists.
    pub objects: bool,
    /// The directory the directive itself names.
    directory: Option<PathBuf>,
}

impl Format {
    pub fn of(program: &CheckedProgram, directive: &Directive) -> Result<Format, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let input = directive.kind == DirectiveKind::Input;
        let relation = &program[directive.relation];
        let wrong = |key: &str, why: String, way_out: &str| {
            let message = format!("parameter `{key}` of `{}` {why}", relation.name);
            Diagnostic::error(codes::PARAMETER, message)
                .at(directive.span, "")
                .help(way_out)
        };
        let mut flag = |key: &str| match directive.parameter(key) {
            None | Some("false") => false,
            Some("true" | "") => true,
            Some(other) => {
                errors.push(wrong(
                    key,
                    format!("is `{other}`, neither true nor false"),
                    "write `true` or `false`",
                ));
                false
            }
        };
        let headers = flag("headers");
        let rfc4180 = flag("rfc4180");
        let compress = flag("compress");

        let mut medium = Medium::File;
        match directive.parameter("IO") {
            _ if directive.kind == DirectiveKind::Printsize => medium = Medium::Size,
            None | Some("file") => {}
            Some("stdin") if input => medium = Medium::Stream,
            Some("stdout") if !input => medium = Medium::Stream,
            Some("stdoutprintsize") if !input => medium = Medium::Size,
            Some("jsonfile") => medium = Medium::JsonFile,
            Some("json") => medium = Medium::JsonStream,
            Some("sqlite") => medium = Medium::Sqlite,
            Some("claims") if input => medium = Medium::Claims,
            Some(other) => {
                let (doing, known) = if input {
                    ("read from", "file, stdin, claims, jsonfile, json, sqlite")
                } else {
                    ("written to", "file, stdout, jsonfile, json, sqlite")
                };
                errors.push(
                    Diagnostic::error(
                        codes::UNSUPPORTED,
                        format!("`{}` cannot be {doing} `IO={other}`", relation.name),
                    )
                    .at(directive.span, "")
                    .help(format!("one of {known}")),
                );
            }
        }
        let comma = rfc4180 || medium == Medium::Claims;
        let delimiter = directive
            .parameter("delimiter")
            .unwrap_or(if comma { "," } else { "\t" });
        if delimiter.is_empty() || delimiter.contains(['\n', '\r']) {
            errors.push(wrong(
                "delimiter",
                "is empty or holds a line end".into(),
                "give a character such as `,`",
            ));
        } else if comma && delimiter.contains('"') {
            errors.push(wrong(
                "delimiter",
                "holds a quotation mark, which quotes fields".into(),
                "give another delimiter",
            ));
        }
        let columns = directive.parameter("columns").filter(|_| input);
        let columns = columns.map(|text| {
            let places: Vec<usize> = text
                .split(':')
                .filter_map(|place| place.trim().parse().ok())
                .filter(|&place| place < 1 << 16)
                .collect();
            let arity = relation.arity();
            let twice = (1..places.len()).any(|at| places[..at].contains(&places[at]));
            if places.len() != text.split(':').count() || twice {
                errors.push(wrong(
                    "columns",
                    "is not a list of different columns".into(),
                    "count file columns from 0 and separate them by colons, as in `2:0`",
                ));
            } else if places.len() < arity {
                errors.push(wrong(
                    "columns",
                    format!("names {} of {arity} columns", places.len()),
                    "name one file column for each attribute",
                ));
            }
            places
        });
        let objects = match directive.parameter("format") {
            None | Some("list") => false,
            Some("object") => true,
            Some(other) => {
                errors.push(wrong(
                    "format",
                    format!("is `{other}`, neither `list` nor `object`"),
                    "choose one",
                ));
                false
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Format {
            medium,
            filename: directive
                .parameter("filename")
                .or_else(|| {
                    directive
                        .parameter("dbname")
                        .filter(|_| medium == Medium::Sqlite)
                })
                .map(str::to_owned),
            table: directive.parameter("name").map(str::to_owned),
            delimiter: delimiter.as_bytes().to_vec(),
            headers,
            columns,
            rfc4180,
            compress,
            objects,
            directory: directive
                .parameter(if input { "fact-dir" } else { "output-dir" })
                .map(PathBuf::from),
        })
    }

    /// The table of a database. `name` is the relation's.
    pub fn table<'a>(&'a self, name: &'a str) -> &'a str {
        self.table.as_deref().unwrap_or(name)
    }

    /// The file in the directive's directory, else in `directory`, unless its name is absolute. `name` is the relation's.
    pub fn path(&self, directory: &Path, name: &str, input: bool) -> PathBuf {
        let file = match &self.filename {
            Some(file) => file.clone(),
            None => {
                let extension = match self.medium {
                    Medium::JsonFile => "json",
                    Medium::Sqlite => "sqlite",
                    Medium::File if input => "facts",
                    _ if self.compress && !input => "csv.gz",
                    _ => "csv",
                };
                format!("{name}.{extension}")
            }
        };
        if self.medium == Medium::Sqlite && is_uri(&file) {
            return PathBuf::from(file);
        }
        let directory = self.directory.as_deref().unwrap_or(directory);
        if directory == Path::new(".") {
            PathBuf::from(file)
        } else {
            directory.join(file)
        }
    }
}
