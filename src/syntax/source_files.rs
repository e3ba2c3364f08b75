//! Program files on disk: finding them, reading them once, and saying why not.

use super::codes;
use super::diagnostic::Diagnostic;
use super::source::{FileId, Location, SourceMap, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of one program file. A tree takes some twenty times the room of its text: data belongs in fact files.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// Includes in one load.
pub const MAX_FILES: usize = 10_000;
/// Bytes of text read in one load through includes.
const MAX_INCLUDED_BYTES: usize = 64 << 20;

/// The files of one load.
#[derive(Default)]
pub struct SourceFiles {
    include_dirs: Vec<PathBuf>,
    /// Definitions as given to `-M`.
    pub macros: Vec<String>,
    by_path: FxHashMap<PathBuf, FileId>,
    once: FxHashSet<PathBuf>,
    includes: usize,
    included_bytes: usize,
}

/// A file that exists.
pub struct Found {
    /// As messages print it.
    pub name: PathBuf,
    /// One for all ways to write the path.
    pub canonical: PathBuf,
}

impl SourceFiles {
    pub fn new(include_dirs: Vec<PathBuf>, macros: Vec<String>) -> SourceFiles {
        SourceFiles {
            include_dirs,
            macros,
            ..SourceFiles::default()
        }
    }

    /// Looks beside the includer first, then in the include directories.
    pub fn find(
        &self,
        name: &str,
        beside: Option<&Path>,
        at: Span,
    ) -> Result<Found, Box<Diagnostic>> {
        let directories = beside
            .into_iter()
            .chain(beside.is_none().then(|| Path::new("")))
            .chain(self.include_dirs.iter().map(PathBuf::as_path));
        let mut tried = Vec::new();
        for directory in directories {
            let candidate = directory.join(name);
            if let Ok(canonical) = candidate.canonicalize()
                && !canonical.is_dir()
            {
                return Ok(Found {
                    name: candidate,
                    canonical,
                });
            }
            tried.push(format!("`{}`", candidate.display()));
        }
        tried.dedup();
        Err(Box::new(
            Diagnostic::error(
                codes::MISSING_INCLUDE,
                format!("cannot find include file \"{name}\""),
            )
            .at(at, "no such file")
            .note(format!("looked for {}", tried.join(", ")))
            .help("name its directory with `-I`"),
        ))
    }

    /// A file named by the user, not by a program.
    pub fn find_root(path: &Path) -> Result<Found, Box<Diagnostic>> {
        match path.canonicalize() {
            Ok(canonical) => Ok(Found {
                name: path.to_path_buf(),
                canonical,
            }),
            // A pipe is no place in the file system.
            Err(_) if path.exists() => Ok(Found {
                name: path.to_path_buf(),
                canonical: path.to_path_buf(),
            }),
            Err(error) => Err(Box::new(unreadable(path, None, &reason(&error)))),
        }
    }

    /// Reads a file, or gives the text read before.
    pub fn open(
        &mut self,
        found: &Found,
        at: Option<Span>,
        sources: &mut SourceMap,
    ) -> Result<FileId, Box<Diagnostic>> {
        if let Some(&known) = self.by_path.get(&found.canonical) {
            return Ok(known);
        }
        let text = read_text(&found.name, at)?;
        let id = sources.add(found.name.display().to_string(), text);
        self.by_path.insert(found.canonical.clone(), id);
        Ok(id)
    }

    /// False once too many files, or too much text, were included.
    pub fn count_include(&mut self, bytes: usize) -> bool {
        self.includes += 1;
        self.included_bytes = self.included_bytes.saturating_add(bytes);
        self.includes <= MAX_FILES && self.included_bytes <= MAX_INCLUDED_BYTES
    }

    /// True the first time.
    pub fn enter_once(&mut self, canonical: PathBuf) -> bool {
        self.once.insert(canonical)
    }

    pub fn is_once(&self, canonical: &Path) -> bool {
        self.once.contains(canonical)
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    }
}

fn unreadable(path: &Path, at: Option<Span>, why: &str) -> Diagnostic {
    let (code, what) = match at {
        Some(_) => (codes::MISSING_INCLUDE, "include file"),
        None => (codes::UNREADABLE_FILE, "program file"),
    };
    let diagnostic = Diagnostic::error(
        code,
        format!("cannot read {what} `{}`: {why}", path.display()),
    );
    match at {
        Some(at) => diagnostic.at(at, "included here"),
        None => diagnostic.help(
            "check the path; relative paths start at the current directory, or where `-C` says",
        ),
    }
}

fn read_text(path: &Path, at: Option<Span>) -> Result<Arc<str>, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        if file.metadata()?.is_dir() {
            return Err(std::io::Error::other("it is a directory"));
        }
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return Err(Box::new(unreadable(path, at, &reason(&error))));
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Box::new(
            Diagnostic::error(
                codes::FILE_TOO_LARGE,
                format!("program file `{}` is larger than 64 MiB", path.display()),
            )
            .help("load data with `.input` instead of writing it as facts"),
        ));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::from(text)),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            Err(Box::new(not_utf8(path, error.as_bytes(), offset)))
        }
    }
}

/// Names the first byte that is not UTF-8.
fn not_utf8(path: &Path, bytes: &[u8], offset: usize) -> Diagnostic {
    let start = memchr::memrchr(b'\n', &bytes[..offset]).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', &bytes[offset..]).map_or(bytes.len(), |length| offset + length);
    let line = memchr::memchr_iter(b'\n', &bytes[..offset]).count() + 1;
    let before = String::from_utf8_lossy(&bytes[start..offset]);
    let line_text = String::from_utf8_lossy(&bytes[start..end]);
    let byte = bytes.get(offset).copied().unwrap_or(0);
    Diagnostic::error(
        codes::INVALID_UTF8,
        format!("program file `{}` is not UTF-8", path.display()),
    )
    .at_data_line(
        Location {
            file: Arc::from(path.display().to_string()),
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        },
        line_text,
        1,
        format!("byte 0x{byte:02x} at offset {offset}"),
    )
    .help("save the file as UTF-8")
}
