//! Which files make up a case.

use crate::syntax::codes::warning_name;
use crate::syntax::diagnostic::Diagnostic;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a case lies and how its rules are read.
#[derive(Clone, Debug, Default)]
pub struct CaseSpec {
    /// The directory everything else is relative to; the current one when absent.
    pub directory: Option<PathBuf>,
    /// Rule files, together one program. None: every `rules/*.dl`, in the order of their names.
    pub programs: Vec<PathBuf>,
    /// Rules as text, instead of files.
    pub text: Option<Arc<str>>,
    /// Where fact files lie. None: `facts` beside `rules`, the directory itself for a program given by name.
    pub fact_dir: Option<PathBuf>,
    /// Searched for included files, after the directory of the file that includes.
    pub include_dirs: Vec<PathBuf>,
    /// Macros as `NAME` or `NAME=VALUE`.
    pub macros: Vec<String>,
    /// A missing fact file is an empty one.
    pub missing_facts_are_empty: bool,
    /// Bits of a number: 64, or 32 for programs that rely on them; 0 stands for 64.
    pub word_bits: u32,
    /// As Soufflé does it even where that is a mistake of its.
    pub strict: bool,
    /// Codes of warnings not to report; `all` is every one.
    pub silenced: Vec<String>,
}

impl CaseSpec {
    /// The case in a directory with `rules` and `facts`.
    pub fn at(directory: impl Into<PathBuf>) -> CaseSpec {
        CaseSpec {
            directory: Some(directory.into()),
            ..CaseSpec::default()
        }
    }

    /// Whether a warning is not wanted.
    pub fn silences(&self, warning: &Diagnostic) -> bool {
        self.silenced.iter().any(|name| {
            name == "all" || name == warning.code || Some(&**name) == warning_name(warning.code)
        })
    }

    /// 64 or 32.
    pub fn word_bits(&self) -> u32 {
        match self.word_bits {
            32 => 32,
            _ => 64,
        }
    }

    /// What the preprocessor is told when words are not of the usual size.
    pub(super) fn word_size_macro(&self) -> impl Iterator<Item = String> + use<> {
        (self.word_bits() == 32)
            .then(|| "RAM_DOMAIN_SIZE=32".to_owned())
            .into_iter()
    }

    /// A path as the case means it.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(path),
            None => path.to_path_buf(),
        }
    }

    /// Where relative names of fact files begin.
    pub fn fact_dir(&self) -> PathBuf {
        match &self.fact_dir {
            Some(dir) => self.resolve(dir),
            None if self.programs.is_empty() && self.text.is_none() => {
                self.resolve(Path::new("facts"))
            }
            None => self.directory.clone().unwrap_or_else(|| PathBuf::from(".")),
        }
    }

    /// Another case or version of this one. A directory with `rules` is a case. A rule file, or a directory of rule files, is
    /// a version of the rules: its facts are those of this case. A directory of facts that was given is that of both.
    pub fn version(&self, path: &Path) -> CaseSpec {
        let whole = self.resolve(path);
        let of_files = |programs: Vec<PathBuf>| CaseSpec {
            programs,
            text: None,
            fact_dir: match (&self.fact_dir, self.resolve(Path::new("facts")).is_dir()) {
                (None, true) => Some(PathBuf::from("facts")),
                (given, _) => given.clone(),
            },
            ..self.clone()
        };
        if whole.is_file() {
            return of_files(vec![path.to_path_buf()]);
        }
        if !whole.join("rules").is_dir() {
            let files = rule_files_in(&whole);
            if !files.is_empty() {
                return of_files(files.iter().map(|name| path.join(name)).collect());
            }
        }
        CaseSpec {
            directory: Some(whole),
            programs: Vec::new(),
            text: None,
            fact_dir: self.fact_dir.as_ref().map(|dir| {
                let dir = self.resolve(dir);
                std::path::absolute(&dir).unwrap_or(dir)
            }),
            ..self.clone()
        }
    }

    /// The rule files, in order. Looks at the directory, opens no file.
    pub fn rule_files(&self) -> Result<Vec<PathBuf>, Diagnostic> {
        if !self.programs.is_empty() {
            return Ok(self
                .programs
                .iter()
                .map(|path| self.resolve(path))
                .collect());
        }
        let rules = self.resolve(Path::new("rules"));
        let files = files_of(&rules, "dl").map_err(|error| {
            no_case(match error.kind() {
                ErrorKind::NotFound => {
                    format!(
                        "cannot read the rules in `{}`: no such directory",
                        rules.display()
                    )
                }
                _ => format!("cannot read the rules in `{}`: {error}", rules.display()),
            })
        })?;
        match files.is_empty() {
            false => Ok(files),
            true => Err(no_case(format!("no rule file in `{}`", rules.display()))),
        }
    }
}

/// The files of a directory whose names end in `.extension`, ascending.
pub(super) fn files_of(directory: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == extension))
        .collect();
    files.sort();
    Ok(files)
}

/// Names of the rule files in a directory, ascending.
fn rule_files_in(directory: &Path) -> Vec<PathBuf> {
    let files = files_of(directory, "dl").unwrap_or_default();
    let names = files.iter().filter_map(|file| file.file_name());
    names.map(PathBuf::from).collect()
}

fn no_case(message: String) -> Diagnostic {
    Diagnostic::error("D001", message)
        .help("name a rule file, or the directory of a case with `-C DIR`: a case has `rules/*.dl` and `facts/`")
}
