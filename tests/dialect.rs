//! The language row by row: programs in `dialect/*.txt`, each with what it must give. See `dialect/README.md`.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::Sandbox;

struct Case {
    /// `file:line: title`
    title: String,
    program: String,
    /// Files beside the program, and what must be in files afterwards.
    files: Vec<(String, String)>,
    error: Option<String>,
    warnings: Vec<String>,
    /// Nothing that Soufflé agrees with.
    ours: bool,
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialect");
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).expect("a file of cases");
    let name = file.file_name().expect("a name").to_string_lossy();
    let mut cases: Vec<Case> = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("=== ") {
            section.clear();
            cases.push(Case {
                title: format!("{name}:{}: {title}", number + 1),
                program: String::new(),
                files: Vec::new(),
                error: None,
                warnings: Vec::new(),
                ours: title.ends_with("(ours)"),
            });
            continue;
        }
        let case = cases.last_mut().expect("a case begins with a title");
        if let Some(name) = line.strip_prefix("--- ") {
            section = name.to_owned();
            if name != "error" && name != "warning" {
                case.files.push((section.clone(), String::new()));
            }
            continue;
        }
        match &*section {
            "error" if !line.is_empty() => case.error = Some(line.to_owned()),
            "warning" if !line.is_empty() => case.warnings.push(line.to_owned()),
            "error" | "warning" => {}
            "" => case.program += &format!("{line}\n"),
            _ => {
                if let Some((_, contents)) = case.files.last_mut() {
                    *contents += &format!("{line}\n");
                }
            }
        }
    }
    for case in &mut cases {
        for (_, contents) in &mut case.files {
            // The empty line that sets a case apart from the next one.
            if contents.ends_with("\n\n") || contents == "\n" {
                contents.pop();
            }
        }
    }
    cases
}

/// A program that runs before the case, to write what no text file can hold.
const FIRST: &str = "first.dl";

impl Case {
    fn has_first(&self) -> bool {
        self.files.iter().any(|(name, _)| name == FIRST)
    }

    fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.file("case.dl", &self.program);
        for (name, contents) in &self.files {
            if !name.ends_with(".csv") {
                sandbox.file(name, contents);
            }
        }
        sandbox
    }

    /// What is wrong with a run, if anything is.
    fn problem(&self) -> Option<String> {
        let sandbox = self.sandbox();
        if self.has_first() {
            sandbox.run(&["run", FIRST, "-F", ".", "-D", "."]);
        }
        let outcome = sandbox.run(&["run", "case.dl", "-F", ".", "-D", "."]);
        let said = outcome.stderr();
        let mut problems = String::new();
        for (kind, wanted) in self
            .error
            .iter()
            .map(|wanted| ("error", wanted))
            .chain(self.warnings.iter().map(|wanted| ("warning", wanted)))
        {
            let (line, part) = wanted.split_once(": ").expect("`line: part`");
            let found = said.split("\n\n").any(|block| {
                let mut lines = block.lines().skip_while(|text| !text.starts_with(kind));
                lines.next().is_some_and(|head| head.contains(part))
                    && lines
                        .next()
                        .is_some_and(|place| place.contains(&format!(":{line}:")))
            });
            if !found {
                let _ = writeln!(problems, "no {kind} `{part}` in line {line}");
            }
        }
        for (name, expected) in &self.files {
            if !name.ends_with(".csv") {
                continue;
            }
            let path = sandbox.path().join(name);
            let found = std::fs::read_to_string(path).unwrap_or_else(|_| "no file\n".to_owned());
            if found != *expected {
                let _ = writeln!(problems, "{name} holds\n{found}instead of\n{expected}");
            }
        }
        (!problems.is_empty()).then(|| {
            format!(
                "{}\n{}\n{problems}\nstandard error:\n{said}",
                self.title, self.program
            )
        })
    }

    /// What Soufflé does otherwise.
    fn difference(&self) -> Option<String> {
        let sandbox = self.sandbox();
        if self.has_first() {
            souffle(&sandbox, FIRST);
        }
        let output = souffle(&sandbox, "case.dl");
        if output.status.success() == self.error.is_some() {
            let said = String::from_utf8_lossy(&output.stderr);
            let status = output.status;
            return Some(format!(
                "{}\n{}\n{status}\n{said}",
                self.title, self.program
            ));
        }
        let rows = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
        let differing = self.files.iter().find_map(|(name, expected)| {
            let path = sandbox.path().join(name);
            let found = std::fs::read_to_string(path).unwrap_or_else(|_| "no file\n".to_owned());
            (name.ends_with(".csv") && rows(&found) != rows(expected)).then_some((name, found))
        });
        differing
            .map(|(name, found)| format!("{}\n{}\n{name} holds\n{found}", self.title, self.program))
    }
}

fn souffle(sandbox: &Sandbox, program: &str) -> Output {
    let mut command = Command::new("souffle");
    command.args([program, "-F", ".", "-D", "."]);
    command.current_dir(sandbox.path()).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it was there a moment ago");
    let started = Instant::now();
    while child.try_wait().expect("a status").is_none() {
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().expect("it was running a moment ago");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its output")
}

fn report(problems: Vec<String>, cases: usize) {
    assert!(
        problems.is_empty(),
        "{} of {cases} cases:\n\n{}",
        problems.len(),
        problems.join("\n----------\n")
    );
}

#[test]
fn every_row_of_the_dialect_holds() {
    let cases = cases();
    assert!(cases.len() > 80, "cases were lost");
    let problems = cases.iter().filter_map(Case::problem).collect();
    report(problems, cases.len());
}

#[test]
fn souffle_agrees_where_it_is_installed() {
    let there = Command::new("souffle").arg("--version").output();
    if there.is_err() {
        return;
    }
    let cases: Vec<Case> = cases().into_iter().filter(|case| !case.ours).collect();
    let problems = cases.iter().filter_map(Case::difference).collect();
    report(problems, cases.len());
}
