//! Programs over several files, and the preprocessor.

use super::{check_findings, check_program, listed};
use crate::syntax::source::SourceMap;
use crate::syntax::{LoadOptions, load, print_program};
use expect_test::{Expect, expect};
use std::path::PathBuf;

/// Writes `files`, loads the first one, and compares the program as printed and what is found.
fn check_load(files: &[(&str, &str)], options: LoadOptions, expected: Expect) {
    let bytes: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    check_load_bytes(&bytes, options, expected);
}

fn check_load_bytes(files: &[(&str, &[u8])], mut options: LoadOptions, expected: Expect) {
    let directory = tempfile::tempdir().expect("a directory for the test");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent"))
            .expect("a directory for the file");
        std::fs::write(path, text).expect("a file for the test");
    }
    for include in &mut options.include_dirs {
        *include = directory.path().join(&include);
    }
    let mut sources = SourceMap::new();
    let (program, diagnostics) = load(&[directory.path().join(files[0].0)], &options, &mut sources);
    let mut out = print_program(&program);
    for diagnostic in &diagnostics {
        let file = diagnostic
            .location(&sources)
            .map(|at| at.file.to_string())
            .unwrap_or_default();
        let notes = diagnostic.notes.concat();
        out += &format!(
            "{file}: {} {notes}\n",
            listed(std::slice::from_ref(diagnostic), &sources).trim_end()
        );
    }
    let root = format!("{}/", directory.path().display());
    expected.assert_eq(&out.replace(&root, ""));
}

#[test]
fn includes_are_spliced_in() {
    check_load(
        &[
            (
                "main.dl",
                "a(1).\n.include \"sub/b.dl\"\n.include \"shared.dl\"\na(3).",
            ),
            ("sub/b.dl", ".include \"c.dl\"\nb(__FILE__, __LINE__)."),
            ("sub/c.dl", "c(2)."),
            ("lib/shared.dl", "shared(__INCL__)."),
        ],
        LoadOptions {
            include_dirs: vec![PathBuf::from("lib")],
            ..LoadOptions::default()
        },
        expect![[r#"
            a(1).
            c(2).
            b("sub/b.dl", 2).
            shared("main.dl:3:1").
            a(3).
        "#]],
    );
}

#[test]
fn once_guards_a_file() {
    check_load(
        &[
            (
                "main.dl",
                ".include \"a.dl\"\n.include \"b.dl\"\n.include \"a.dl\"",
            ),
            ("a.dl", ".once\na(1).\n.include \"b.dl\""),
            ("b.dl", ".once\n.include \"a.dl\"\nb(1)."),
        ],
        LoadOptions::default(),
        expect![[r#"
            a(1).
            b(1).
        "#]],
    );
}

#[test]
fn an_include_cycle_names_the_way_around() {
    check_load(
        &[
            ("main.dl", ".include \"a.dl\"\nm(1)."),
            ("a.dl", "a(1).\n.include \"b.dl\""),
            ("b.dl", "b(1).\n.include \"a.dl\""),
        ],
        LoadOptions::default(),
        expect![[r#"
            a(1).
            b(1).
            m(1).
            b.dl: D033 2:1 a file includes itself the cycle: a.dl -> b.dl -> a.dl
        "#]],
    );
    check_load(
        &[("a.dl", "#include \"a.dl\"\n#include \"a.dl\"\n")],
        LoadOptions::default(),
        expect![[r#"
            a.dl: D033 1:10 a file includes itself the cycle: a.dl -> a.dl
        "#]],
    );
    check_load(
        &[(
            "a.dl",
            "#ifndef A\n#define A\na(1).\n#include \"a.dl\"\n#endif\n",
        )],
        LoadOptions::default(),
        expect![[r#"
            a(1).
        "#]],
    );
}

#[test]
fn files_that_multiply_by_inclusion_stop_at_a_limit() {
    let mut files: Vec<(String, String)> = (0..30)
        .map(|n| {
            (
                format!("f{n}.dl"),
                format!(".include \"f{m}.dl\"\n.include \"f{m}.dl\"\n", m = n + 1),
            )
        })
        .collect();
    files.push(("f30.dl".to_string(), "a(1).\n".to_string()));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let directory = tempfile::tempdir().expect("a directory for the test");
    for (name, text) in &files {
        std::fs::write(directory.path().join(name), text).expect("a file for the test");
    }
    let (_, diagnostics) = load(
        &[directory.path().join("f0.dl")],
        &LoadOptions::default(),
        &mut SourceMap::new(),
    );
    let codes: Vec<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    assert_eq!(codes, ["D034"]);
}

#[test]
fn missing_and_broken_files_are_named() {
    check_load(
        &[("main.dl", ".include \"none.dl\"\na(1).\n.include 3\nb(1).")],
        LoadOptions::default(),
        expect![[r#"
            a(1).
            b(1).
            main.dl: D031 1:1 cannot find include file "none.dl" looked for `none.dl`
            main.dl: D010 3:1 syntax error: expected a file name after `.include` 
        "#]],
    );
    check_load_bytes(
        &[
            ("main.dl", b"a(1).\n.include \"bad.dl\"\n"),
            ("bad.dl", b"b(1).\nc(\"\xc3\xa9\xff\").\n"),
        ],
        LoadOptions::default(),
        expect![[r#"
            a(1).
            bad.dl: D032 2:5 program file `bad.dl` is not UTF-8 
        "#]],
    );
    let mut sources = SourceMap::new();
    let (_, diagnostics) = load(
        &[PathBuf::from("x-none.dl")],
        &LoadOptions::default(),
        &mut sources,
    );
    expect![[r#"
        D030 cannot read program file `x-none.dl`: no such file
    "#]]
    .assert_eq(&listed(&diagnostics, &sources));
}

#[test]
fn macros_expand() {
    check_program(
        r#"
#define N 3
#define ADD(x, y) ((x) + y)
#define REL(name) rel_##name(N)
#define SAY(x) #x
#define LOOP LOOP, 1
#define F(x) x
#define MANY(first, ...) first(__VA_ARGS__)
#define EMPTY
#define DECL(n) .decl n(x: number) \
    .output n
a(N, ADD(1, ADD(2, N)), SAY(a + "b"), LOOP, F, F(F(2))) EMPTY.
REL(one).
MANY(b, 1, 2).
DECL(c)
#undef N
a(N).
"#,
        expect![[r#"
            a(3, 1 + (2 + 3), "a + \"b\"", LOOP, 1, F, 2).
            rel_one(3).
            b(1, 2).
            .decl c(x: number)
            .output c
            a(N).
        "#]],
    );
}

#[test]
fn conditions_choose() {
    check_program(
        r#"
#define A 2
#if A == 2 && !defined(B) && (A << 1) > 3 || 1 / 0
yes(1).
#elif 1
no(1).
#else
no(2). don't even lex "this
#endif
#ifdef B
#if 1
no(3).
#endif
#else
yes(2).
#endif
#ifndef B
yes(3).
#endif
#if RAM_DOMAIN_SIZE == 64
yes(RAM_DOMAIN_SIZE).
#endif
#if 0
no(4).
#elif defined A
yes(5).
#elif 1
no(5).
#endif
"#
        .replace(" || 1 / 0", "")
        .as_str(),
        expect![[r#"
            yes(1).
            yes(2).
            yes(3).
            yes(64).
            yes(5).
        "#]],
    );
}

#[test]
fn macros_from_the_command_line() {
    check_load(
        &[
            ("main.dl", "a(X, Y, Z).\n.include \"b.dl\"\n#define Q 1\n"),
            ("b.dl", "b(X, Q)."),
        ],
        LoadOptions {
            macros: vec![
                "X=1 Y".to_string(),
                "Z=\"s\"".to_string(),
                "1=2".to_string(),
            ],
            ..LoadOptions::default()
        },
        expect![[r#"
            a(1, 1, "s").
            b(1, Q).
            : D047 `1=2` is no macro definition 
        "#]],
    );
}

#[test]
fn findings_in_macros_point_at_the_use() {
    check_findings(
        "#define BAD 1 2\n\na(BAD).\nb(1 2).",
        expect![[r#"
        D010 3:3 syntax error: expected `,` or `)`, found `2`
        D010 4:5 syntax error: expected `,` or `)`, found `2`
    "#]],
    );
    check_findings(
        "# 40 \"gen.dl\"\na(1).\nb(1 2).\n#line 7\nc(1 2).",
        expect![[r#"
            D010 41:5 syntax error: expected `,` or `)`, found `2`
            D010 7:5 syntax error: expected `,` or `)`, found `2`
        "#]],
    );
}

#[test]
fn preprocessor_mistakes() {
    check_findings(
        r#"
#if 1
#endif
#endif
#else
#if (1
#endif
#define
#define 3 4
#define G(x, x) x
#define H(x) x##
#define K(a, b) a b
#define K(a) a
#error stop "here
#undef
#nonsense 12
#line x
#if 1/0
#endif
a(K(1, 2)).
a(K(1)).
#ifdef A
b(1).
"#,
        expect![[r#"
            D042 4:1 `#endif` without `#if`
            D042 5:1 `#else` without `#if`
            D046 6:1 malformed `#if` condition
            D040 8:1 malformed preprocessor directive
            D040 9:9 malformed preprocessor directive
            D040 10:10 malformed preprocessor directive
            D040 11:9 malformed preprocessor directive
            W006 13:9 macro `K` redefined
            D045 14:1 #error stop "here
            D040 15:1 malformed preprocessor directive
            W007 16:1 ignored line `#nonsense 12`
            D040 17:1 malformed preprocessor directive
            D046 18:1 malformed `#if` condition
            D043 20:3 macro `K` takes 1 argument, not 2
            D041 22:1 unterminated `#if`
        "#]],
    );
}

#[test]
fn the_place_of_line_markers_is_kept() {
    check_program(
        "# 40 \"gen.dl\"\na(__LINE__, __FILE__).\n",
        expect![[r#"
        a(40, "gen.dl").
    "#]],
    );
}
