//! What the fuzz targets and `tests/hostile.rs` do with any bytes. A panic is a finding, and so is a broken promise.

use cutout::analysis::checked::CheckedProgram;
use cutout::evidence::{Claims, Sources};
use cutout::io::ReadOptions;
use cutout::session::{CaseSpec, Options, check};
use cutout::storage::Dictionary;
use cutout::syntax::source::SourceMap;
use cutout::syntax::{format_file, is_unfinished, parse_query, parse_text, print_program};
use cutout::{analysis, io};
use std::sync::OnceLock;

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// Words alone: whether a line is finished, and the formatter, which works on words.
pub fn lexer(data: &[u8]) {
    let text = text(data);
    is_unfinished(&text);
    if let Ok(formatted) = format_file(&text) {
        match format_file(&formatted) {
            Ok(again) => assert_eq!(formatted, again, "formatting again changes nothing"),
            Err(_) => panic!("what was formatted has mistakes: {formatted}"),
        }
    }
}

/// Macros, conditionals and what they expand to.
pub fn preprocessor(data: &[u8]) {
    let text = text(data);
    parse_text("p.dl", &text, &mut SourceMap::new());
    let macros = format!(
        "#define M(x) {}\n.decl a(x: number)\na(M(1)).\n",
        text.replace('\n', " ")
    );
    parse_text("p.dl", &macros, &mut SourceMap::new());
}

/// A program without mistakes prints to a text that prints to itself.
pub fn parser(data: &[u8]) {
    let text = text(data);
    let mut sources = SourceMap::new();
    let (program, found) = parse_text("p.dl", &text, &mut sources);
    parse_query("q", &text, &mut sources);
    if found.iter().any(|diagnostic| diagnostic.is_error()) {
        return;
    }
    let printed = print_program(&program);
    let (again, found) = parse_text("printed.dl", &printed, &mut sources);
    let wrong = found.iter().find(|diagnostic| diagnostic.is_error());
    assert!(
        wrong.is_none(),
        "{wrong:?} in the printed program\n{printed}"
    );
    assert_eq!(printed, print_program(&again));
}

/// Types, scopes, strata: a program or its mistakes, each with a place and a text.
pub fn checker(data: &[u8]) {
    let spec = CaseSpec {
        text: Some(text(data).into()),
        ..CaseSpec::default()
    };
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let checked = check(&spec, &options, false);
    checked.findings.to_text(false);
}

const FORMATS: &str = r#"
.type L = [head: number, tail: L]
.type T = Leaf {} | Node {l: T, s: symbol}
.decl t(a: number, b: symbol, c: float, d: unsigned, l: L, t: T)
.input t(filename="data")
.input t(filename="data", rfc4180=true, headers=true)
.input t(filename="data", delimiter=",", columns="5:4:3:2:1:0")
.input t(filename="data", delimiter="::")
.input t(IO=jsonfile, filename="data")
.input t(IO=sqlite, filename="data")
.decl claim(a: symbol, b: number)
.input claim(IO=claims, filename="data")
.decl one(a: symbol)
.input one(filename="data")
"#;

fn formats() -> &'static CheckedProgram {
    static PROGRAM: OnceLock<CheckedProgram> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let (program, _) = parse_text("formats.dl", FORMATS, &mut SourceMap::new());
        match analysis::check(&program, &analysis::Options::default()) {
            Ok((checked, _)) => checked,
            Err(found) => panic!("{found:?}"),
        }
    })
}

/// The same bytes as a file of every format.
pub fn facts(data: &[u8]) {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("data"), data).expect("a file");
    let program = formats();
    for threads in [1, 2] {
        for directive in program.directives() {
            let dictionary = Dictionary::new();
            let options = ReadOptions {
                fact_dir: directory.path(),
                threads,
                ..ReadOptions::default()
            };
            let (mut sources, mut claims) = (Sources::unlisted(), Claims::new());
            let _ = io::read(
                program,
                directive,
                &dictionary,
                &mut sources,
                &mut claims,
                &options,
            );
        }
    }
    let _ = io::read_sources(&directory.path().join("data"), &ReadOptions::default());
}
