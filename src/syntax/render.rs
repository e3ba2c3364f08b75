//! Diagnostics for people, as text with the source lines, and for programs, as JSON.

use super::diagnostic::{Diagnostic, Label, Place, Severity};
use super::source::{FileId, Location, SourceMap};
use anstyle::{AnsiColor, Style};
use codespan_reporting::diagnostic::{
    Diagnostic as Report, Label as Mark, LabelStyle, Severity as Level,
};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{Chars, Config, WriteStyle, emit_to_write_style};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::ops::Range;

/// Characters of a source line shown around a label; what is longer is cut.
const LINE_WIDTH: usize = 200;
const BEFORE_LABEL: usize = 60;

/// One report after the other, each followed by an empty line. With `colour`, with ANSI escapes.
pub fn render_text(diagnostics: &[Diagnostic], sources: &SourceMap, colour: bool) -> String {
    let config = Config {
        chars: Chars::ascii(),
        ..Config::default()
    };
    let mut out = Painter {
        out: Vec::new(),
        colour,
    };
    for diagnostic in diagnostics {
        let (report, excerpts) = report(diagnostic, sources);
        // Writing to memory does not fail, and every label lies in its excerpt; if not, the message must still come out.
        if emit_to_write_style(&mut out, &config, &excerpts, &report).is_err() {
            out.out.extend_from_slice(
                format!("[{}]: {}\n", diagnostic.code, diagnostic.message).as_bytes(),
            );
        }
        while out.out.last() == Some(&b'\n') {
            out.out.pop();
        }
        out.out.extend_from_slice(b"\n\n");
    }
    String::from_utf8_lossy(&out.out).into_owned()
}

/// `{"severity", "code", "message", "labels": [{"file", "line", "column", "end_line", "end_column", "text"}],
/// "notes": [], "help": []}`; lines and columns count from one, columns in characters, ends exclusive.
pub fn render_json(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let label = |label: &Label| {
        let (start, end) = match &label.place {
            Place::Source(span) => (sources.locate(*span), sources.locate_end(*span)),
            Place::Data { at, covers, .. } => {
                let mut end = at.clone();
                end.column += covers.len() as u32;
                (at.clone(), end)
            }
        };
        json!({
            "file": &*start.file, "line": start.line, "column": start.column,
            "end_line": end.line, "end_column": end.column, "text": label.text,
        })
    };
    json!({
        "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

fn report(diagnostic: &Diagnostic, sources: &SourceMap) -> (Report<usize>, Excerpts) {
    let mut excerpts = Excerpts::default();
    let places: Vec<(usize, usize, Range<usize>)> = diagnostic
        .labels
        .iter()
        .map(|label| excerpts.add(label, sources))
        .collect();
    excerpts.lay_out();
    let marks = diagnostic.labels.iter().zip(places).enumerate().map(
        |(at, (label, (file, line, range)))| {
            let start = excerpts.files[file].lines[line].start;
            let style = if at == 0 {
                LabelStyle::Primary
            } else {
                LabelStyle::Secondary
            };
            Mark::new(style, file, start + range.start..start + range.end)
                .with_message(printable(&label.text))
        },
    );
    let level = match diagnostic.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    };
    let notes = diagnostic
        .notes
        .iter()
        .map(|note| format!("note: {}", printable(note)));
    let help = diagnostic
        .help
        .iter()
        .map(|help| format!("help: {}", printable(help)));
    let report = Report::new(level)
        .with_code(diagnostic.code)
        .with_message(printable(&diagnostic.message))
        .with_labels(marks.collect())
        .with_notes(notes.chain(help).collect());
    (report, excerpts)
}

/// Text a terminal shows as it is: control characters would move its cursor or change its colours.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

/// The lines that the labels of one diagnostic point at, gathered by file.
#[derive(Default)]
struct Excerpts {
    files: Vec<Excerpt>,
}

#[derive(Default)]
struct Excerpt {
    name: String,
    source: String,
    lines: Vec<ExcerptLine>,
    /// The index the renderer knows each line by: beyond that of the line above, so that gaps show.
    indexes: Vec<usize>,
}

struct ExcerptLine {
    text: String,
    number: usize,
    /// Where it begins in the file, to tell lines apart.
    origin: Option<(FileId, u32)>,
    /// Column of its first character.
    first_column: usize,
    /// Bytes of the line before its first character.
    skipped: usize,
    /// Characters put before it to show that it was cut.
    cut: usize,
    /// Where it begins in `source`.
    start: usize,
}

impl Excerpts {
    /// Takes the line of a label in; gives file, line and the bytes of that line the label covers.
    fn add(&mut self, label: &Label, sources: &SourceMap) -> (usize, usize, Range<usize>) {
        match &label.place {
            Place::Source(span) => {
                let at = sources.locate(*span);
                let (line, from) = sources.line_text(span.file, span.start);
                let start = ((span.start - from.min(span.start)) as usize).min(line.len());
                let end = ((span.end - from.min(span.end)) as usize).clamp(start, line.len());
                let origin = Some((span.file, from));
                let file = self.file(&at.file);
                let known = self.files[file]
                    .lines
                    .iter()
                    .position(|line| line.origin == origin);
                let index =
                    known.unwrap_or_else(|| self.files[file].push(line, start, &at, origin));
                let range = self.files[file].lines[index].range(line, start..end);
                (file, index, range)
            }
            Place::Data { at, text, covers } => {
                let file = self.file(&at.file);
                let text = text.replace(['\n', '\r'], " ");
                let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
                let (start, end) = (byte(covers.start), byte(covers.end));
                let index = self.files[file].push(&text, start, at, None);
                let range = self.files[file].lines[index].range(&text, start..end);
                (file, index, range)
            }
        }
    }

    fn file(&mut self, name: &str) -> usize {
        let name = printable(name);
        self.files
            .iter()
            .position(|file| file.name == name)
            .unwrap_or_else(|| {
                self.files.push(Excerpt {
                    name,
                    ..Excerpt::default()
                });
                self.files.len() - 1
            })
    }

    fn lay_out(&mut self) {
        self.files.iter_mut().for_each(Excerpt::lay_out);
    }
}

impl Excerpt {
    /// Takes in what surrounds byte `focus` of `line`, which is at `place`. Looks no further: lines may be very long.
    fn push(
        &mut self,
        line: &str,
        focus: usize,
        place: &Location,
        origin: Option<(FileId, u32)>,
    ) -> usize {
        let fits = line.chars().nth(LINE_WIDTH).is_none();
        let before = line.get(..focus).unwrap_or("");
        let skipped = match before.char_indices().rev().nth(BEFORE_LABEL - 1) {
            Some((byte, _)) if !fits => byte,
            _ => 0,
        };
        let mut text = String::new();
        if skipped > 0 {
            text.push('…');
        }
        let shown = &line[skipped..];
        let end = shown
            .char_indices()
            .nth(LINE_WIDTH)
            .map_or(shown.len(), |(byte, _)| byte);
        text.extend(shown[..end].chars().map(|c| match c {
            '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        }));
        if end < shown.len() {
            text.push('…');
        }
        let shown_before = before.get(skipped..).unwrap_or("").chars().count();
        self.lines.push(ExcerptLine {
            text,
            number: place.line.max(1) as usize,
            origin,
            first_column: (place.column as usize).saturating_sub(shown_before),
            skipped,
            cut: usize::from(skipped > 0),
            start: 0,
        });
        self.lines.len() - 1
    }

    /// Orders the lines and puts them into one text. Lines keep their place in `lines`.
    fn lay_out(&mut self) {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|&line| (self.lines[line].number, line));
        self.indexes = vec![0; self.lines.len()];
        let mut index = 0;
        let mut above: Option<usize> = None;
        for &line in &order {
            let number = self.lines[line].number;
            // Unseen lines stand for those left out; the renderer shows a gap in the place of two or more.
            let gap = match above {
                Some(above) if number > above + 1 => 2,
                _ => 0,
            };
            for _ in 0..gap {
                self.source.push('\n');
            }
            index += gap;
            self.indexes[line] = index;
            index += 1;
            self.lines[line].start = self.source.len();
            self.source.push_str(&self.lines[line].text);
            self.source.push('\n');
            above = Some(number);
        }
    }

    /// The line that holds a byte of `source`: the last that begins at or before it.
    fn line_of_byte(&self, byte: usize) -> Option<usize> {
        (0..self.lines.len())
            .filter(|&line| self.lines[line].start <= byte)
            .max_by_key(|&line| self.lines[line].start)
    }

    fn line_of_index(&self, index: usize) -> Option<&ExcerptLine> {
        let line = self.indexes.iter().position(|&known| known == index)?;
        self.lines.get(line)
    }
}

impl ExcerptLine {
    /// The bytes of this excerpt that show the bytes `range` of the whole line.
    fn range(&self, line: &str, range: Range<usize>) -> Range<usize> {
        let shown = |byte: usize| {
            let before = line.get(self.skipped..byte.max(self.skipped)).unwrap_or("");
            let column = self.cut + before.chars().take(LINE_WIDTH).count();
            let found = self.text.char_indices().nth(column);
            found.map_or(self.text.len(), |(byte, _)| byte)
        };
        let start = shown(range.start);
        start..shown(range.end).max(start)
    }
}

impl<'a> Files<'a> for Excerpts {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, file: usize) -> Result<&'a str, Error> {
        Ok(&self.files.get(file).ok_or(Error::FileMissing)?.name)
    }

    fn source(&'a self, file: usize) -> Result<&'a str, Error> {
        Ok(&self.files.get(file).ok_or(Error::FileMissing)?.source)
    }

    fn line_index(&'a self, file: usize, byte: usize) -> Result<usize, Error> {
        let file = self.files.get(file).ok_or(Error::FileMissing)?;
        let line = file.line_of_byte(byte).ok_or(Error::FileMissing)?;
        Ok(file.indexes[line])
    }

    fn line_number(&'a self, file: usize, index: usize) -> Result<usize, Error> {
        let file = self.files.get(file).ok_or(Error::FileMissing)?;
        Ok(file.line_of_index(index).map_or(0, |line| line.number))
    }

    fn column_number(&'a self, file: usize, index: usize, byte: usize) -> Result<usize, Error> {
        let file = self.files.get(file).ok_or(Error::FileMissing)?;
        let line = file.line_of_index(index).ok_or(Error::FileMissing)?;
        let before = line
            .text
            .get(..byte.saturating_sub(line.start))
            .unwrap_or("");
        Ok(line.first_column + before.chars().count().saturating_sub(line.cut))
    }

    fn line_range(&'a self, file: usize, index: usize) -> Result<Range<usize>, Error> {
        let file = self.files.get(file).ok_or(Error::FileMissing)?;
        match file.line_of_index(index) {
            Some(line) => Ok(line.start..line.start + line.text.len() + 1),
            None => Ok(0..0),
        }
    }
}

/// Collects the text, coloured or not.
struct Painter {
    out: Vec<u8>,
    colour: bool,
}

impl Painter {
    fn paint(&mut self, style: Style) -> io::Result<()> {
        if self.colour {
            write!(self.out, "{style}")?;
        }
        Ok(())
    }
}

impl Write for Painter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn bold(colour: AnsiColor) -> Style {
    colour.on_default().bold()
}

fn of_level(level: Level) -> AnsiColor {
    match level {
        Level::Warning => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    }
}

impl WriteStyle for Painter {
    fn set_header(&mut self, level: Level) -> io::Result<()> {
        self.paint(bold(of_level(level)))
    }

    fn set_header_message(&mut self) -> io::Result<()> {
        self.reset()?;
        self.paint(Style::new().bold())
    }

    fn set_line_number(&mut self) -> io::Result<()> {
        self.paint(bold(AnsiColor::Blue))
    }

    fn set_note_bullet(&mut self) -> io::Result<()> {
        self.paint(bold(AnsiColor::Blue))
    }

    fn set_source_border(&mut self) -> io::Result<()> {
        self.paint(bold(AnsiColor::Blue))
    }

    fn set_label(&mut self, level: Level, style: LabelStyle) -> io::Result<()> {
        self.paint(bold(match style {
            LabelStyle::Primary => of_level(level),
            LabelStyle::Secondary => AnsiColor::Blue,
        }))
    }

    fn reset(&mut self) -> io::Result<()> {
        if self.colour {
            write!(self.out, "{}", anstyle::Reset)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse_text;
    use crate::syntax::source::{Span, TYPED};
    use expect_test::{Expect, expect};
    use std::sync::Arc;

    fn check(text: &str, expected: Expect) {
        let mut sources = SourceMap::new();
        let (_, diagnostics) = parse_text("p.dl", text, &mut sources);
        expected.assert_eq(&render_text(&diagnostics, &sources, false));
    }

    #[test]
    fn reports_show_place_reason_and_way_out() {
        check(
            "a(x) :- b(x)\nc(1).\n.ouput a\n",
            expect![[r#"
            error[D011]: syntax error: missing `.` at the end of the clause
              --> p.dl:1:13
              |
            1 | a(x) :- b(x)
              |             ^ expected `.` after this
              |
              = help: every fact and rule ends with `.`

            error[D012]: syntax error: unknown directive `.ouput`
              --> p.dl:3:1
              |
            3 | .ouput a
              | ^^^^^^ no directive has this name
              |
              = help: did you mean `.output`?

        "#]],
        );
    }

    #[test]
    fn two_labels_share_a_snippet() {
        check(
            ".decl a(x: number) brie\n    eqrel\n\n\n.comp C {\n",
            expect![[r#"
                error[D021]: qualifier `eqrel` contradicts an earlier one
                  --> p.dl:2:5
                  |
                1 | .decl a(x: number) brie
                  |                    ---- set here
                2 |     eqrel
                  |     ^^^^^ not possible beside the other

                error[D014]: syntax error: unterminated component, missing `}`
                  --> p.dl:5:9
                  |
                5 | .comp C {
                  |         ^ opened here, never closed

            "#]],
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_label() {
        let filler = "f(1). ".repeat(1000);
        check(
            &format!("{filler} b(1 2). {filler}"),
            expect![[r#"
                error[D010]: syntax error: expected `,` or `)`, found `2`
                  --> p.dl:1:6006
                  |
                1 | … f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1).  b(1 2). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1). f(1)…
                  |                                                           -  ^ expected `,` or `)`
                  |                                                           |   
                  |                                                           opened here

            "#]],
        );
    }

    #[test]
    fn tabs_wide_characters_and_control_characters_keep_the_carets_in_place() {
        check(
            "\ta(\"日本\u{1b}[31m\", ~).",
            expect![[r#"
                error[D001]: unexpected `~`
                  --> p.dl:1:15
                  |
                1 |     a("日本�[31m", ~).
                  |                    ^ has no meaning in a program

            "#]],
        );
    }

    #[test]
    fn data_places_show_the_offending_text() {
        let data = Diagnostic::error("D400", "`x` is no number").at_data(
            Location {
                file: Arc::from("facts/a.csv"),
                line: 7,
                column: 12,
            },
            "x\u{1b}\nyz",
            "in column `n`",
        );
        let sources = SourceMap::new();
        expect![[r#"
            error[D400]: `x` is no number
              --> facts/a.csv:7:12
              |
            7 | x� yz
              | ^^^^^ in column `n`

        "#]]
        .assert_eq(&render_text(std::slice::from_ref(&data), &sources, false));
        expect![[r#"{"severity":"error","code":"D400","message":"`x` is no number","labels":[{"file":"facts/a.csv","line":7,"column":12,"end_line":7,"end_column":17,"text":"in column `n`"}],"notes":[],"help":[]}"#]].assert_eq(&render_json(&data, &sources).to_string());
    }

    #[test]
    fn places_in_a_data_line_are_marked_where_they_are() {
        let at = |line, column| Location {
            file: Arc::from("facts/a.csv"),
            line,
            column,
        };
        let data = Diagnostic::error("D414", "claim id `c1` is taken")
            .at_data_line(at(4, 3), "é,c1,z", 2, "")
            .at_data_line(at(2, 1), "c1,x", 4, "first given here");
        let end =
            Diagnostic::error("D405", "a value is missing").at_data_line(at(9, 3), "c1", 1, "");
        expect![[r#"
            error[D414]: claim id `c1` is taken
              --> facts/a.csv:4:3
              |
            2 | c1,x
              | ---- first given here
              .
            4 | é,c1,z
              |   ^^

            error[D405]: a value is missing
              --> facts/a.csv:9:3
              |
            9 | c1
              |   ^

        "#]]
        .assert_eq(&render_text(&[data, end], &SourceMap::new(), false));
    }

    #[test]
    fn what_is_typed_is_numbered_on_and_texts_of_one_name_stay_apart() {
        let mut sources = SourceMap::new();
        let first = sources.add(TYPED, "p(X) :-\n  q(X).\n");
        let second = sources.add(TYPED, "r(X).");
        let wrong = Diagnostic::error("D101", "wrong")
            .at(Span::new(second, 0, 1), "here")
            .at(Span::new(first, 0, 1), "there");
        expect![[r#"
            error[D101]: wrong
              --> typed:3:1
              |
            1 | p(X) :-
              | - there
              .
            3 | r(X).
              | ^ here

        "#]]
        .assert_eq(&render_text(&[wrong], &sources, false));
    }

    #[test]
    fn colour_changes_nothing_but_escapes() {
        let mut sources = SourceMap::new();
        let (_, diagnostics) = parse_text("p.dl", "a(x :- b(x).", &mut sources);
        let plain = render_text(&diagnostics, &sources, false);
        let coloured = render_text(&diagnostics, &sources, true);
        assert!(coloured.contains("\x1b["));
        let mut stripped = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            stripped.push_str(before);
            rest = after.split_once('m').map_or("", |(_, after)| after);
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain);
    }
}
