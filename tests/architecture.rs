//! The shape of the source: which part may know which, who may use which crate, how a part introduces itself.
//!
//! Modules under `#[cfg(test)]` are left out: a test may borrow another part's reader or printer.

use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// In the order of the story: a part may use only parts that come before it.
const PARTS: [&str; 12] = [
    "syntax",
    "analysis",
    "plan",
    "storage",
    "engine",
    "evidence",
    "io",
    "explain",
    "hypothesis",
    "session",
    "cli",
    "repl",
];

/// Crates that only some parts may use; `main` is `src/main.rs`.
const CONFINED: [(&str, &[&str]); 10] = [
    ("ascent", &["analysis"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("rustyline", &["repl"]),
    ("anstyle", &["syntax", "cli", "repl"]),
    ("comfy_table", &["cli", "repl"]),
    ("ctrlc", &["cli"]),
    ("indicatif", &["cli"]),
    ("minus", &["repl"]),
    ("terminal_size", &["cli"]),
];

/// One file of `src`, without comments and test modules.
struct Code {
    file: String,
    /// The folder, or the file's own name at the top level.
    part: String,
    text: String,
}

#[test]
fn a_part_uses_only_parts_before_it() {
    let mut wrong = Vec::new();
    for code in sources() {
        let Some(own) = rank(&code.part) else {
            continue;
        };
        for used in parts_used(&code.text) {
            if rank(&used).is_some_and(|used| used > own) {
                wrong.push(format!(
                    "{}: `{}` uses `{used}`, which comes after it",
                    code.file, code.part
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_a_known_part() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(
            !entry.path().is_dir() || rank(&name).is_some(),
            "src/{name} is not in the list of parts: give it its place"
        );
    }
}

#[test]
fn crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    let sources = sources();
    for (name, allowed) in CONFINED {
        let mention = Regex::new(&format!(r"\b{name}(::|!)|\buse {name}\b")).unwrap();
        for code in &sources {
            if mention.is_match(&code.text) && !allowed.contains(&&*code.part) {
                wrong.push(format!(
                    "{}: `{name}` belongs to {}",
                    code.file,
                    allowed.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_part_says_what_comes_in_what_goes_out_and_what_it_must_not_know() {
    for part in PARTS {
        let file = root().join("src").join(part).join("mod.rs");
        // `hypothesis` has its place but no code yet.
        if !file.parent().is_some_and(Path::is_dir) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let opening: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        for word in ["In: ", "Out: ", "Must not know: "] {
            assert!(
                opening.contains(word),
                "src/{part}/mod.rs does not open with `{word}`"
            );
        }
    }
}

#[test]
fn every_module_file_opens_with_its_purpose() {
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} does not open with `//!`",
            file.display()
        );
    }
}

#[test]
fn nothing_is_left_undone() {
    const UNFINISHED: [&str; 7] = [
        "todo!",
        "unimplemented!",
        "dbg!(",
        "#[ignore",
        "FIXME",
        "TODO",
        "allow(dead_code)",
    ];
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            for mark in UNFINISHED.iter().filter(|mark| line.contains(**mark)) {
                wrong.push(format!("{}:{}: {mark}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_scan_sees_what_it_should() {
    let text = without_comments_and_tests(
        "use crate::io::{read, write}; // crate::repl\n\
         use crate::{session, cli::table};\n\
         use super::super::engine::Database;\n\
         #[cfg(test)]\nmod tests {\n use crate::repl::start;\n}\n",
    );
    let used: Vec<String> = parts_used(&text).into_iter().collect();
    assert_eq!(used, ["cli", "engine", "io", "session"]);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rank(part: &str) -> Option<usize> {
    PARTS.iter().position(|known| *known == part)
}

fn sources() -> Vec<Code> {
    let src = root().join("src");
    let files = rust_files(&src);
    let for_tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files
        .iter()
        .filter(|file| {
            !for_tests
                .iter()
                .any(|test| file.starts_with(test) || file.with_extension("") == *test)
        })
        .map(|file| {
            let inside = file.strip_prefix(&src).unwrap();
            let first = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            Code {
                file: format!("src/{}", inside.display()),
                part: first.trim_end_matches(".rs").to_owned(),
                text: without_comments_and_tests(&fs::read_to_string(file).unwrap()),
            }
        })
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Files and folders, without extension, that a file declares as `#[cfg(test)] mod name;`.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    static DECLARED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+);").unwrap()
    });
    let text = fs::read_to_string(file).unwrap();
    DECLARED
        .captures_iter(&text)
        .map(|found| {
            let folder = match file.file_stem().is_some_and(|stem| stem == "mod") {
                true => file.parent().unwrap().to_path_buf(),
                false => file.with_extension(""),
            };
            folder.join(&found[1])
        })
        .collect()
}

/// A test module inside a file closes it, by custom of this source.
fn without_comments_and_tests(text: &str) -> String {
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let code = code.join("\n");
    static TESTS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"#\[cfg\(test\)\]\s*mod\s+\w+\s*\{").unwrap());
    match TESTS.find(&code) {
        Some(found) => code[..found.start()].to_owned(),
        None => code,
    }
}

/// Parts named by a path from the root of the crate.
fn parts_used(text: &str) -> BTreeSet<String> {
    static SINGLE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:crate::|(?:super::)+)(\w+)").unwrap());
    static GROUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcrate::\{([^;]*);").unwrap());
    static IN_GROUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:^|[,{])\s*(\w+)").unwrap());
    let mut used: BTreeSet<String> = SINGLE
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect();
    for found in GROUP.captures_iter(text) {
        used.extend(
            IN_GROUP
                .captures_iter(&found[1])
                .map(|name| name[1].to_owned()),
        );
    }
    used.retain(|name| rank(name).is_some());
    used
}
