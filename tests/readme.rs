//! README.md and docs/ show real output: whatever they show is run again and compared.
//!
//! The convention:
//!
//! - A `console` block is a conversation. `$ command` is run by `sh`, `?- text` is typed into the REPL, and the lines
//!   up to the next of either are what it prints, both streams in one. Lines typed in one block go to one session;
//!   `$ cutout` alone shows the greeting that a terminal gets.
//! - A block whose info string names a file, as in `dl rules/family.dl`, is written to that file first.
//! - A `rust` block of the README stands word by word in the documentation of the library, where it is a test.
//!
//! Every page works in a directory of its own, with a copy of the case. Times and sizes of memory are not compared.
//! `UPDATE_EXPECT=1 cargo test --test readme` puts the present output in where it differs; with
//! `CUTOUT_BIN=target/release/cutout` it takes everything, times included, from that program.
#![cfg(unix)]

use regex::Regex;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// A fenced block: its info string and what is in it.
struct Block {
    info: String,
    /// Number of the first line inside, from zero, and of the closing fence.
    lines: std::ops::Range<usize>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        open = match open {
            None => Some((number + 1, info.to_owned())),
            Some((first, info)) => {
                blocks.push(Block {
                    info,
                    lines: first..number,
                });
                None
            }
        };
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

/// A directory with a copy of the case, for one page.
fn workplace() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for folder in ["rules", "rules/hypotheses", "facts"] {
        fs::create_dir(place.path().join(folder)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            fs::copy(
                &path,
                place.path().join(folder).join(path.file_name().unwrap()),
            )
            .unwrap();
        }
    }
    place
}

/// A program named by the environment, in place of the one under test.
fn other_binary() -> Option<PathBuf> {
    std::env::var_os("CUTOUT_BIN").map(|path| root().join(path))
}

/// The directory of the program under test comes first on the path.
fn in_place(program: &str, place: &Path) -> Command {
    let binary = other_binary().unwrap_or_else(|| env!("CARGO_BIN_EXE_cutout").into());
    let program_dir = binary.parent().unwrap();
    let path = match std::env::var("PATH") {
        Ok(path) => format!("{}:{path}", program_dir.display()),
        Err(_) => program_dir.display().to_string(),
    };
    let mut command = Command::new(program);
    command
        .current_dir(place)
        .env("PATH", path)
        .env("LC_ALL", "C");
    command
}

fn shell(command: &str, place: &Path) -> String {
    let out = in_place("sh", place)
        .args(["-c", &format!("exec 2>&1; {command}")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// A REPL that is fed line by line.
struct Conversation {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What the REPL says to [`Conversation::MARK`]: the end of an answer.
const SAID_TO_MARK: &str = ":quit: leave (Ctrl-D does too)\n";

impl Conversation {
    const MARK: &'static str = ":help quit\n";

    fn start(place: &Path) -> Conversation {
        let mut process = in_place("sh", place)
            .args(["-c", "exec cutout 2>&1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Conversation {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    fn say(&mut self, text: &str) -> String {
        self.input
            .write_all(format!("{text}\n{}", Self::MARK).as_bytes())
            .unwrap();
        let mut answer = String::new();
        while !answer.ends_with(SAID_TO_MARK) {
            let read = self.output.read_line(&mut answer).unwrap();
            assert!(read > 0, "the REPL ended after `{text}`:\n{answer}");
        }
        answer.truncate(answer.len() - SAID_TO_MARK.len());
        answer
    }

    /// What a terminal gets first. `:reload` says the same about the case.
    fn greeting(&mut self) -> String {
        let invitation = "Type a query, a fact or a rule; :help for commands; Tab completes.";
        let repl = fs::read_to_string(root().join("src/repl/mod.rs")).unwrap();
        assert!(repl.contains(invitation), "the REPL greets in other words");
        format!(
            "cutout {}  ·  {}{invitation}\n\n",
            env!("CARGO_PKG_VERSION"),
            self.say(":reload")
        )
    }

    fn end(mut self) {
        drop(self.input);
        self.process.wait().unwrap();
    }
}

/// Plays a block again: the block as it would be written today.
fn replay(block: &[&str], place: &Path) -> String {
    let mut now = String::new();
    let mut conversation: Option<Conversation> = None;
    let mut lines = block.iter().peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(now, "{line}");
        let said = if *line == "$ cutout" {
            conversation.insert(Conversation::start(place)).greeting()
        } else if let Some(command) = line.strip_prefix("$ ") {
            shell(command, place)
        } else if let Some(typed) = line.strip_prefix("?- ") {
            conversation
                .get_or_insert_with(|| Conversation::start(place))
                .say(typed)
        } else {
            panic!("`{line}` belongs to no command: a console block begins with `$ ` or `?- `");
        };
        now.push_str(&said);
        while lines.next_if(|line| !is_command(line)).is_some() {}
        if !said.is_empty() && !said.ends_with("\n\n") && lines.peek().is_some() {
            now.push('\n');
        }
    }
    if let Some(conversation) = conversation {
        conversation.end();
    }
    now
}

fn is_command(line: &str) -> bool {
    line.starts_with("$ ") || line.starts_with("?- ")
}

/// Without what differs from run to run, and without blanks at the ends of lines.
fn steady(text: &str) -> String {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\b\d+(\.\d+)? (ms|s|min)\b|"seconds":[0-9.e-]+"#).unwrap());
    static MEMORY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\b\d+(\.\d+)? ([KMG]iB|B)\b|"peak_memory":\d+"#).unwrap());
    let text = TIME.replace_all(text, "TIME");
    let text = MEMORY.replace_all(&text, "MEMORY");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// Plays a page again and gives the text it should have.
fn refresh(page: &str) -> String {
    let place = workplace();
    let lines: Vec<&str> = page.lines().collect();
    let mut now = String::new();
    let mut written = 0;
    for block in blocks(page) {
        let inside = &lines[block.lines.clone()];
        let mut info = block.info.split_whitespace();
        match (info.next(), info.next()) {
            (Some("console"), None) => {
                let replayed = replay(inside, place.path());
                push_lines(&mut now, &lines[written..block.lines.start]);
                let same = steady(&replayed) == steady(&inside.join("\n"));
                match same && other_binary().is_none() {
                    true => push_lines(&mut now, inside),
                    false => now.push_str(replayed.trim_end_matches('\n').trim_start_matches('\n')),
                }
                if !now.ends_with('\n') {
                    now.push('\n');
                }
                written = block.lines.end;
            }
            (_, Some(file)) => {
                let file = place.path().join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, inside.join("\n") + "\n").unwrap();
            }
            _ => {}
        }
    }
    push_lines(&mut now, &lines[written..]);
    now
}

fn push_lines(text: &mut String, lines: &[&str]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}

#[test]
fn what_the_pages_show_is_what_happens() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let now = refresh(&text);
        if update {
            fs::write(&page, now).unwrap();
        } else if text != now {
            let (shown, real) = text
                .lines()
                .zip(now.lines())
                .find(|(shown, real)| steady(shown) != steady(real))
                .unwrap_or(("", "more or fewer lines"));
            panic!(
                "{} is stale (UPDATE_EXPECT=1 renews it)\nshown: {shown}\n real: {real}",
                page.display()
            );
        }
    }
}

#[test]
fn rust_in_the_readme_is_tested_in_the_library() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: String = library
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(|line| !line.starts_with("# "))
        .flat_map(|line| [line, "\n"])
        .collect();
    let lines: Vec<&str> = readme.lines().collect();
    for block in blocks(&readme) {
        if block.info == "rust" {
            let code = lines[block.lines.clone()].join("\n");
            assert!(
                docs.contains(&code),
                "not in the documentation of the library:\n{code}"
            );
        }
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if !target.contains("://") {
                let path = page.parent().unwrap().join(target);
                assert!(path.exists(), "{}: no {target}", page.display());
            }
        }
    }
}

#[test]
fn two_commands_come_first() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let first = blocks(&readme).into_iter().next().expect("a block");
    let lines: Vec<&str> = readme.lines().collect();
    let commands: Vec<&str> = lines[first.lines]
        .iter()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    assert_eq!(commands, ["cargo run --release", "cargo test"]);
}

#[test]
fn only_times_and_memory_are_passed_over() {
    assert_eq!(
        steady("2 rows in 0.4 ms  \n39.4 MiB peak, 65 ms, 17 rows\n"),
        "TIME\n".replace("TIME", "2 rows in TIME") + "MEMORY peak, TIME, 17 rows"
    );
}
