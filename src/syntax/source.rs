//! The texts a program is made of, and places in them.

use std::fmt;
use std::sync::Arc;

/// A text registered in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// Bytes `start..end` of one file. Both ends lie on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: u32, end: u32) -> Span {
        Span {
            file,
            start,
            end: end.max(start),
        }
    }

    /// Whether another one lies within it.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// From the start of `self` to the end of `other`; `self` when they lie in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file {
            Span::new(self.file, self.start, other.end)
        } else {
            self
        }
    }
}

/// The name of texts that somebody typed. Their lines are numbered on and on, as if they were one file.
pub const TYPED: &str = "typed";

/// One text: a rule file, a line typed into the REPL, a query given on the command line.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    /// Ascending by offset.
    markers: Vec<LineMarker>,
}

/// `# line "file"`: from `offset` on, the text came from another file.
#[derive(Clone, Debug)]
struct LineMarker {
    offset: u32,
    /// The line number of the line at `offset`.
    line: u32,
    name: Arc<str>,
}

impl SourceFile {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number, from one, of the line that holds a byte.
    fn line_at(&self, offset: u32) -> usize {
        self.line_starts
            .partition_point(|&start| start <= offset)
            .max(1)
    }

    fn marker_at(&self, offset: u32) -> Option<&LineMarker> {
        let after = self
            .markers
            .partition_point(|marker| marker.offset <= offset);
        after.checked_sub(1).map(|at| &self.markers[at])
    }

    /// The text for a reader that outlives its borrow of the map.
    pub fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }
}

/// Every text read so far. Ids stay valid for the life of the map: texts are added, never removed.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    typed_lines: u32,
}

/// A place a person can go to: line and column count from one, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl SourceMap {
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Registers a text. `name` is what messages print, usually the path as the user wrote it.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let (name, text): (Arc<str>, Arc<str>) = (name.into(), text.into());
        let line_starts: Vec<u32> = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1))
            .collect();
        let mut markers = Vec::new();
        if *name == *TYPED {
            markers.push(LineMarker {
                offset: 0,
                line: self.typed_lines + 1,
                name: name.clone(),
            });
            let ended = line_starts.last() == Some(&(text.len() as u32)) && !text.is_empty();
            self.typed_lines += line_starts.len() as u32 - u32::from(ended);
        }
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile {
            name,
            text,
            line_starts,
            markers,
        });
        id
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(id, file)| (FileId(id as u32), file))
    }

    /// The text a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Where a span begins.
    pub fn locate(&self, span: Span) -> Location {
        self.locate_offset(span.file, span.start)
    }

    /// Where a span ends.
    pub fn locate_end(&self, span: Span) -> Location {
        self.locate_offset(span.file, span.end)
    }

    fn locate_offset(&self, file: FileId, offset: u32) -> Location {
        let (name, line) = self.line(file, offset);
        let file = self.file(file);
        let start = file.line_starts[file.line_at(offset) - 1] as usize;
        let before = file.text.get(start..offset as usize).unwrap_or("");
        Location {
            file: name,
            line,
            column: before.chars().count() as u32 + 1,
        }
    }

    /// The name of the file and the line of a place. Unlike [`SourceMap::locate`] takes no longer on long lines.
    pub fn line(&self, file: FileId, offset: u32) -> (Arc<str>, u32) {
        let file = self.file(file);
        let line = file.line_at(offset);
        match file.marker_at(offset) {
            Some(marker) => {
                let below = (line - file.line_at(marker.offset)) as u32;
                (marker.name.clone(), marker.line.saturating_add(below))
            }
            None => (file.name.clone(), line as u32),
        }
    }

    /// The text of the line at a place, without its end, and where in the file it begins.
    pub fn line_text(&self, file: FileId, offset: u32) -> (&str, u32) {
        let file = self.file(file);
        let line = file.line_at(offset);
        let start = file.line_starts[line - 1];
        let end = file
            .line_starts
            .get(line)
            .map_or(file.text.len(), |&next| next as usize);
        let text = file.text.get(start as usize..end).unwrap_or("");
        (text.trim_end_matches(['\n', '\r']), start)
    }

    /// Notes that the text from `offset` on, the start of a line, is line `line` of a file `name`. Offsets ascend.
    pub fn add_line_marker(
        &mut self,
        file: FileId,
        offset: u32,
        line: u32,
        name: Option<Arc<str>>,
    ) {
        let Some(file) = self.files.get_mut(file.0 as usize) else {
            return;
        };
        let last = file.markers.last();
        if last.is_some_and(|last| last.offset >= offset) {
            return;
        }
        let name = name
            .or_else(|| last.map(|last| last.name.clone()))
            .unwrap_or_else(|| file.name.clone());
        let line = line.max(1);
        file.markers.push(LineMarker { offset, line, name });
    }
}
