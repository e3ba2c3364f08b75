//! From files and strings to one [`Program`].

use super::ast::*;
use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::parser::Parser;
use super::source::{FileId, SourceMap};
use super::stream::TokenStream;

/// Reads a program from a string, for example a line of the REPL. `name` is what messages call it.
pub fn parse_text(name: &str, text: &str, sources: &mut SourceMap) -> (Program, Vec<Diagnostic>) {
    let file = sources.add(name, text);
    let mut findings = Findings::default();
    let mut program = Program::default();
    parse_file(file, sources, &mut findings, &mut program);
    program.comments = std::mem::take(&mut findings.comments);
    (program, findings.into_diagnostics())
}

fn parse_file(
    file: FileId,
    sources: &mut SourceMap,
    findings: &mut Findings,
    program: &mut Program,
) {
    let mut stream = TokenStream::new(file, sources, findings);
    let (items, annotations) = Parser::new(&mut stream).program();
    program.items.extend(items);
    program.annotations.extend(annotations);
}
