//! A directory of its own, the built command in it, and a report that lets one guess what went wrong.

#![allow(dead_code, reason = "every test binary uses a part of it")]

#[cfg(unix)]
pub mod terminal;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A directory with files, gone when the test is over.
pub struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox {
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file, and the directories on the way to it.
    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> &Sandbox {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory");
        fs::write(path, contents).expect("a file");
        self
    }

    pub fn directory(&self, name: &str) -> &Sandbox {
        fs::create_dir_all(self.path().join(name)).expect("a directory");
        self
    }

    pub fn read(&self, name: &str) -> String {
        let path = self.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Names of the files in a directory, ascending.
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path().join(name)).expect("a directory");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Runs `cutout` with these arguments.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Runs `cutout` with these arguments and this standard input.
    pub fn run_with<S: AsRef<OsStr>>(&self, arguments: &[S], input: &str) -> Outcome {
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = format!("{command:?}");
        let mut child = command.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("its input");
        let input_bytes = input.as_bytes().to_vec();
        // A command that does not read its input closes the pipe.
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(&input_bytes);
        });
        let output = child.wait_with_output().expect("the command ends");
        writer.join().expect("the input is written");
        Outcome {
            command: shown,
            directory: self.path().to_path_buf(),
            files: describe(self.path()),
            input: input.to_owned(),
            output,
        }
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutout"));
        command
            .current_dir(self.path())
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env_remove("NO_COLOR")
            .env_remove("PAGER");
        command
    }
}

/// Every file below a directory with its beginning.
fn describe(directory: &Path) -> String {
    let mut text = String::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).unwrap_or(&path).display();
            let bytes = fs::read(&path).unwrap_or_default();
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned();
            let _ = writeln!(text, "--- {name} ({} bytes)\n{shown}", bytes.len());
        }
    }
    text
}

/// How a run ended.
pub struct Outcome {
    command: String,
    directory: PathBuf,
    files: String,
    input: String,
    output: Output,
}

impl Outcome {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    #[track_caller]
    pub fn status(&self, expected: i32) -> &Outcome {
        if self.output.status.code() != Some(expected) {
            self.fail(&format!("status {expected} expected"));
        }
        self
    }

    #[track_caller]
    pub fn prints(&self, expected: &str) -> &Outcome {
        if self.stdout() != expected {
            self.fail(&format!("on standard output expected:\n{expected}"));
        }
        self
    }

    #[track_caller]
    pub fn says(&self, part: &str) -> &Outcome {
        if !self.stderr().contains(part) {
            self.fail(&format!("on standard error expected: {part}"));
        }
        self
    }

    #[track_caller]
    pub fn shows(&self, part: &str) -> &Outcome {
        if !self.stdout().contains(part) {
            self.fail(&format!("on standard output expected: {part}"));
        }
        self
    }

    /// Standard output, which must be one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout())
            .unwrap_or_else(|error| self.fail(&format!("not one JSON value: {error}")))
    }

    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        panic!(
            "{why}\n\ncommand:   {}\ndirectory: {}\nstatus:    {}\n\n== standard input\n{}\n== standard output\n{}\n== standard error\n{}\n== files\n{}",
            self.command,
            self.directory.display(),
            self.output.status,
            self.input,
            self.stdout(),
            self.stderr(),
            self.files,
        )
    }
}
