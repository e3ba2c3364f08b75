//! From files and strings to one [`Program`].

use super::ast::*;
use super::diagnostic::Diagnostic;
use super::expectations::Expectation;
use super::findings::Findings;
use super::parser::Parser;
use super::source::{FileId, SourceMap};
use super::source_files::SourceFiles;
use super::stream::TokenStream;
use std::path::PathBuf;

/// Where included files are looked for, and what is defined before the first line.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `-I`, in order; the directory of the includer comes before them.
    pub include_dirs: Vec<PathBuf>,
    /// `-M`: each `NAME` or `NAME=VALUE`, or several of them separated by blanks.
    pub macros: Vec<String>,
}

/// Reads program files and everything they include. What can be read is returned even beside errors.
pub fn load(
    paths: &[PathBuf],
    options: &LoadOptions,
    sources: &mut SourceMap,
) -> (Program, Vec<Diagnostic>) {
    let mut files = SourceFiles::new(options.include_dirs.clone(), options.macros.clone());
    let mut findings = Findings::default();
    let mut program = Program::default();
    for path in paths {
        let opened = SourceFiles::find_root(path).and_then(|found| {
            files
                .open(&found, None, sources)
                .map(|file| (file, found.canonical))
        });
        match opened {
            Ok((file, canonical)) => {
                parse_file(
                    file,
                    Some(canonical),
                    sources,
                    &mut findings,
                    &mut files,
                    &mut program,
                );
            }
            Err(diagnostic) => findings.report(*diagnostic),
        }
    }
    finish(program, findings)
}

/// Reads a program from a string, for example a line of the REPL. `name` is what messages call it; files it includes
/// are looked for in the current directory.
pub fn parse_text(name: &str, text: &str, sources: &mut SourceMap) -> (Program, Vec<Diagnostic>) {
    let file = sources.add(name, text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut findings = Findings::default();
    let mut program = Program::default();
    parse_file(
        file,
        None,
        sources,
        &mut findings,
        &mut SourceFiles::default(),
        &mut program,
    );
    finish(program, findings)
}

/// Reads one question: `?- body.`, or a body alone, with or without the final `.`. Nothing if it has an error.
pub fn parse_query(
    name: &str,
    text: &str,
    sources: &mut SourceMap,
) -> (Option<Body>, Vec<Diagnostic>) {
    let file = sources.add(name, text);
    let mut findings = Findings::default();
    let mut files = SourceFiles::default();
    let mut stream = TokenStream::new(file, None, sources, &mut findings, &mut files);
    let body = Parser::new(&mut stream).question();
    let diagnostics = findings.into_diagnostics();
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    (body.filter(|_| !wrong), diagnostics)
}

/// Reads a file of expectations. What can be read is returned even beside errors.
pub fn parse_expectations(
    name: &str,
    text: &str,
    sources: &mut SourceMap,
) -> (Vec<Expectation>, Vec<Diagnostic>) {
    let file = sources.add(name, text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut findings = Findings::default();
    let mut files = SourceFiles::default();
    let mut stream = TokenStream::new(file, None, sources, &mut findings, &mut files);
    let expectations = Parser::new(&mut stream).expectations();
    (expectations, findings.into_diagnostics())
}

fn parse_file(
    file: FileId,
    path: Option<PathBuf>,
    sources: &mut SourceMap,
    findings: &mut Findings,
    files: &mut SourceFiles,
    program: &mut Program,
) {
    let mut stream = TokenStream::new(file, path, sources, findings, files);
    let (items, annotations) = Parser::new(&mut stream).program();
    if program.items.is_empty() {
        program.items = items;
    } else {
        program.items.extend(items);
    }
    program.annotations.extend(annotations);
}

fn finish(mut program: Program, mut findings: Findings) -> (Program, Vec<Diagnostic>) {
    program.comments = std::mem::take(&mut findings.comments);
    (program, findings.into_diagnostics())
}
