//! Whole programs, generated ones and the shipped case, against a second opinion: Soufflé where it is installed, and
//! always the same program run otherwise.

mod dice;
mod generate;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::Sandbox;

/// Programs that are generated; `CUTOUT_PROGRAMS=5000` asks for more, `CUTOUT_FIRST=…` begins elsewhere.
const PROGRAMS: u64 = 60;

type Rows = BTreeMap<String, BTreeSet<String>>;

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = number("CUTOUT_FIRST").unwrap_or(0);
    first..first + number("CUTOUT_PROGRAMS").unwrap_or(PROGRAMS)
}

fn souffle() -> bool {
    let there = Command::new("souffle").arg("--version").output().is_ok();
    if !there {
        println!("souffle is not on the path: nothing to compare with");
    }
    there
}

/// The rows of every `.csv` file of a directory.
fn rows(directory: &Path) -> Rows {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("rows");
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), text.lines().map(str::to_owned).collect())
        })
        .collect()
}

fn ours(sandbox: &Sandbox, program: &str, out: &str, options: &[&str]) -> Rows {
    sandbox.directory(out);
    let mut arguments = vec!["run", program, "-F", ".", "-D", out, "--wno", "all"];
    arguments.extend(options);
    let outcome = sandbox.run(&arguments);
    let text = || sandbox.read(program);
    assert_eq!(
        outcome.stderr().matches("error").count(),
        0,
        "{}\n{}",
        text(),
        outcome.stderr()
    );
    rows(&sandbox.path().join(out))
}

/// `None`: it takes too long.
fn theirs(sandbox: &Sandbox, program: &str, out: &str) -> Option<Rows> {
    sandbox.directory(out);
    let mut command = Command::new("souffle");
    command.args([program, "-F", ".", "-D", out]);
    command.current_dir(sandbox.path()).stdin(Stdio::null());
    command.stdout(Stdio::null());
    let log = fs::File::create(sandbox.path().join("souffle.log")).expect("a file");
    command.stderr(log);
    let mut child = command.spawn().expect("it was there a moment ago");
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        if started.elapsed() > Duration::from_secs(30) {
            child.kill().expect("it was running a moment ago");
            child.wait().expect("it was killed");
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(
        status.success(),
        "{}\n{}",
        sandbox.read(program),
        sandbox.read("souffle.log")
    );
    Some(rows(&sandbox.path().join(out)))
}

fn assert_same(first: &Rows, second: &Rows, program: &str, what: &str) {
    for (name, rows) in first {
        let other = second.get(name).cloned().unwrap_or_default();
        let lacking: Vec<_> = rows.difference(&other).take(5).collect();
        let extra: Vec<_> = other.difference(rows).take(5).collect();
        assert!(
            lacking.is_empty() && extra.is_empty(),
            "{what}: {name} lacks {lacking:?} and has {extra:?} besides\n{program}"
        );
    }
    assert_eq!(first.len(), second.len(), "{what}: files\n{program}");
}

#[test]
fn generated_programs_mean_the_same_on_two_threads_and_when_printed() {
    for seed in seeds() {
        let sandbox = Sandbox::new();
        let program = generate::program(seed);
        sandbox.file("case.dl", &program);
        let one = ours(&sandbox, "case.dl", "one", &["-j", "1"]);
        let two = ours(&sandbox, "case.dl", "two", &["-j", "2"]);
        assert_same(&one, &two, &program, &format!("seed {seed} on two threads"));
        sandbox.file("printed.dl", &program);
        let formatted = sandbox.run(&["fmt", "printed.dl"]);
        assert!(formatted.stderr().is_empty(), "{}", formatted.stderr());
        let printed = ours(&sandbox, "printed.dl", "printed", &["-j", "1"]);
        assert_same(&one, &printed, &program, &format!("seed {seed} printed"));
    }
}

#[test]
fn souffle_agrees_on_generated_programs() {
    if !souffle() {
        return;
    }
    for seed in seeds() {
        let sandbox = Sandbox::new();
        let program = generate::program(seed);
        sandbox.file("case.dl", &program);
        let ours = ours(&sandbox, "case.dl", "ours", &[]);
        if let Some(theirs) = theirs(&sandbox, "case.dl", "theirs") {
            assert_same(&theirs, &ours, &program, &format!("seed {seed}"));
        }
    }
}

/// What Soufflé finds less of: an aggregate whose body is a generator over a variable of a recursive atom becomes a
/// relation of its own there, which is read before the recursion has filled it. And what is made of it.
const LOST_BY_SOUFFLE: [&str; 4] = ["listed", "repeats", "goes_back", "doubt"];

/// The shipped case as a Soufflé program over plain fact files: claims become the facts they state, constraints go.
#[test]
fn the_shipped_case_means_the_same_as_a_plain_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(root.join("rules"))
        .expect("the rules")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dl"))
        .collect();
    files.sort();
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a rule file") + "\n")
        .collect();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(".decl ")?.split('(').next())
        .filter(|name| !name.contains(','))
        .collect();
    assert!(names.len() > 50, "relations were lost");

    // All of it, as the case has it.
    let sandbox = Sandbox::new();
    let all: String = names
        .iter()
        .map(|name| format!(".output {name}(filename=\"{name}.csv\")\n"))
        .collect();
    let keeps = |line: &&str| !line.starts_with(".output") && !line.starts_with(".printsize");
    let quiet: Vec<&str> = text.lines().filter(keeps).collect();
    sandbox.file("whole.dl", format!("{}\n{all}", quiet.join("\n")));
    sandbox.directory("whole");
    let facts = root.join("facts");
    let facts = facts.to_str().expect("a path of UTF-8");
    let outcome = sandbox.run(&["run", "whole.dl", "-F", facts, "-D", "whole"]);
    let whole = rows(&sandbox.path().join("whole"));
    assert_eq!(whole.len(), names.len(), "{}", outcome.stderr());

    // The inputs as plain files, the rules without what only we know.
    let mut plain = String::new();
    let mut within_constraint = false;
    for line in quiet {
        within_constraint |= line.starts_with(":-");
        let input = line.strip_prefix(".input ");
        match input.and_then(|rest| rest.split('(').next()) {
            _ if within_constraint => within_constraint = !line.trim_end().ends_with('.'),
            Some(name) if !plain.contains(&format!(".input {name}\n")) => {
                plain += &format!(".input {name}\n");
                let rows = sandbox.read(&format!("whole/{name}.csv"));
                sandbox.file(&format!("{name}.facts"), rows);
            }
            Some(_) => {}
            None => plain += &format!("{line}\n"),
        }
    }
    sandbox.file("plain.dl", format!("{plain}{all}"));
    let ours = ours(&sandbox, "plain.dl", "ours", &[]);
    assert_same(&whole, &ours, "the case", "as a plain program");
    if souffle() {
        let mut theirs = theirs(&sandbox, "plain.dl", "theirs").expect("Soufflé ends");
        let mut ours = ours;
        for name in LOST_BY_SOUFFLE {
            let file = format!("{name}.csv");
            let (lost, found) = (theirs.remove(&file), ours.remove(&file));
            assert!(lost.is_some() && found.is_some(), "{name} is gone");
        }
        assert_same(&theirs, &ours, "the case", "by Soufflé");
    }
}
