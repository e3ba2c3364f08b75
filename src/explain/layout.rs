//! The lines of a tree set into a width, nothing cut and no word broken.

use super::tree::{Line, LineKind, Tree};
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Notes begin in one column, unless the text before them is longer than this.
const WIDEST: usize = 56;
/// Columns between a text and its notes.
const GAP: usize = 3;
/// Notes stand beside their text only where they have this much room.
const LEAST: usize = 30;

/// What is printed on one line: parts that may be coloured apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The branches, or what leads in the first line.
    pub branch: String,
    pub text: String,
    /// Blanks in front of the notes, and the notes.
    pub notes: String,
}

impl Row {
    fn new(branch: &str, text: &str, gap: usize, notes: &str) -> Row {
        let notes = match notes.is_empty() {
            true => String::new(),
            false => format!("{:gap$}{notes}", ""),
        };
        Row {
            branch: branch.to_owned(),
            text: text.to_owned(),
            notes,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = format!("{}{}{}", self.branch, self.text, self.notes);
        f.write_str(row.trim_end())
    }
}

impl Tree {
    /// The rows of every line, in `width` columns where there is a limit. What is longer than its room continues on the
    /// next row; only a word that is wider than all the room there is goes beyond it.
    pub fn rows(&self, width: Option<usize>) -> Vec<(LineKind, Vec<Row>)> {
        let widest = width.map_or(WIDEST, |width| WIDEST.min(width / 2));
        let column = self
            .lines
            .iter()
            .skip(1)
            .map(|line| line.branch.width() + line.text.width())
            .filter(|&width| width <= widest)
            .max()
            .unwrap_or(0);
        self.lines
            .iter()
            .enumerate()
            .map(|(at, line)| {
                let next = self.lines.get(at + 1);
                let deeper = next.is_some_and(|next| next.branch.width() > line.branch.width());
                let branch = match at {
                    0 => self.lead.as_str(),
                    _ => line.branch.as_str(),
                };
                let place = Place {
                    branch,
                    below: below(&line.branch, deeper),
                    column: if at == 0 { 0 } else { column },
                };
                (line.kind, place.rows(line, width))
            })
            .collect()
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows(None);
        rows.iter()
            .flat_map(|(_, rows)| rows)
            .try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// The branches in front of the further rows of a line.
fn below(branch: &str, deeper: bool) -> String {
    let trunk = match branch.strip_suffix("├─ ") {
        Some(trunk) => format!("{trunk}│  "),
        None => match branch.strip_suffix("└─ ") {
            Some(trunk) => format!("{trunk}   "),
            None => branch.to_owned(),
        },
    };
    match deeper {
        true => format!("{trunk}│  "),
        false => format!("{trunk}   "),
    }
}

/// Where a line stands.
struct Place<'a> {
    branch: &'a str,
    below: String,
    /// Where texts of lines with notes end.
    column: usize,
}

impl Place<'_> {
    fn rows(&self, line: &Line, width: Option<usize>) -> Vec<Row> {
        let left = self.branch.width() + line.text.width();
        let end = left.max(self.column);
        let notes = line.notes.join("   ");
        let whole = match notes.is_empty() {
            true => left,
            false => end + GAP + notes.width(),
        };
        let Some(width) = width.filter(|&width| width < whole) else {
            return vec![Row::new(self.branch, &line.text, end - left + GAP, &notes)];
        };
        let beside = width.saturating_sub(end + GAP);
        let beneath = self.beneath(line, width);
        if left <= width && beside >= LEAST {
            let beside = self.beside(line, left, end, beside);
            if beside.len() <= beneath.len() {
                return beside;
            }
        }
        beneath
    }

    /// Notes that continue in their column.
    fn beside(&self, line: &Line, left: usize, end: usize, room: usize) -> Vec<Row> {
        let indent = end + GAP - self.below.width();
        flow(&line.notes, room, room)
            .iter()
            .enumerate()
            .map(|(at, notes)| match at {
                0 => Row::new(self.branch, &line.text, end - left + GAP, notes),
                _ => Row::new(&self.below, "", indent, notes),
            })
            .collect()
    }

    /// Text and notes one below the other.
    fn beneath(&self, line: &Line, width: usize) -> Vec<Row> {
        let room = width.saturating_sub(self.below.width()).max(LEAST);
        let first = width.saturating_sub(self.branch.width());
        let texts = flow(std::slice::from_ref(&line.text), first, room);
        let mut rows: Vec<Row> = Vec::new();
        for text in &texts {
            let branch = if rows.is_empty() {
                self.branch
            } else {
                &self.below
            };
            rows.push(Row::new(branch, text, 0, ""));
        }
        let room = room.saturating_sub(GAP).max(LEAST);
        let notes = flow(&line.notes, room, room);
        rows.extend(
            notes
                .iter()
                .map(|notes| Row::new(&self.below, "", GAP, notes)),
        );
        rows
    }
}

/// A text in lines of this width; further ones are set in.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start().len() + 4;
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let rest = width.saturating_sub(indent).max(LEAST);
    flow(&[text.to_owned()], width, rest)
        .into_iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 => line,
            _ => format!("{:indent$}{line}", ""),
        })
        .collect()
}

/// Fills a line of the `first` width and lines of the `rest` with parts, three blanks between two of them. A part that
/// fits on a line of its own is not broken; others are, at blanks and behind commas. The first line
/// is empty where it has no room for the first word.
fn flow(parts: &[String], first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for part in parts {
        let width = if lines.is_empty() { first } else { rest };
        let separated = line.width() + GAP + part.width();
        if !line.is_empty() {
            if separated > width && part.width() <= rest {
                lines.push(std::mem::take(&mut line));
            } else {
                line.push_str("   ");
            }
        }
        for word in words(part) {
            let width = if lines.is_empty() { first } else { rest };
            let may_break = !line.trim_end().is_empty() || lines.is_empty() && first < rest;
            if may_break && line.width() + word.trim_end().width() > width {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push_str(word);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Pieces that stay whole; together they are the text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', ','])
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn line(branch: &str, text: &str, notes: &[&str]) -> Line {
        Line {
            branch: branch.to_owned(),
            text: text.to_owned(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            kind: LineKind::Derived,
        }
    }

    fn check(width: usize, expected: Expect) {
        let tree = Tree {
            lead: "By these claims and rules: ".to_owned(),
            lines: vec![
                line("", "x-vega serves the x-ministry", &["rules/x.dl:7"]),
                line(
                    "├─ ",
                    "works_for(\"x-vega\",\"x-bureau\")",
                    &["x-vega works for x-bureau under a contract", "rules/x.dl:3"],
                ),
                line(
                    "│  └─ ",
                    "contract(\"x-bureau\",\"x-vega\",\"a name of several words\",\"another\")",
                    &["2020 … 2021", "[c1] notice x-s1 (A1)", "facts/x.csv:2"],
                ),
                line("└─ ", "ministry(\"x-ministry\")", &["facts/y.csv:4"]),
            ],
        };
        let mut text = String::new();
        for row in tree.rows(Some(width)).iter().flat_map(|(_, rows)| rows) {
            assert!(row.to_string().width() <= width, "{row}");
            text += &format!("{row}\n");
        }
        expected.assert_eq(&text);
    }

    #[test]
    fn notes_continue_in_their_column_while_there_is_room() {
        check(
            100,
            expect![[r#"
            By these claims and rules: x-vega serves the x-ministry   rules/x.dl:7
            ├─ works_for("x-vega","x-bureau")   x-vega works for x-bureau under a contract   rules/x.dl:3
            │  └─ contract("x-bureau","x-vega","a name of several words","another")
            │           2020 … 2021   [c1] notice x-s1 (A1)   facts/x.csv:2
            └─ ministry("x-ministry")           facts/y.csv:4
        "#]],
        );
    }

    #[test]
    fn notes_go_below_where_there_is_none() {
        check(
            60,
            expect![[r#"
            By these claims and rules: x-vega serves the x-ministry
            │     rules/x.dl:7
            ├─ works_for("x-vega","x-bureau")
            │  │     x-vega works for x-bureau under a contract
            │  │     rules/x.dl:3
            │  └─ contract("x-bureau","x-vega","a name of several
            │        words","another")
            │           2020 … 2021   [c1] notice x-s1 (A1)
            │           facts/x.csv:2
            └─ ministry("x-ministry")   facts/y.csv:4
        "#]],
        );
        check(
            44,
            expect![[r#"
            By these claims and rules: x-vega serves the
            │  x-ministry
            │     rules/x.dl:7
            ├─ works_for("x-vega","x-bureau")
            │  │     x-vega works for x-bureau under a
            │  │     contract   rules/x.dl:3
            │  └─ contract("x-bureau","x-vega","a name
            │        of several words","another")
            │           2020 … 2021
            │           [c1] notice x-s1 (A1)
            │           facts/x.csv:2
            └─ ministry("x-ministry")   facts/y.csv:4
        "#]],
        );
    }

    #[test]
    fn a_word_wider_than_the_room_stays_whole() {
        let long = "x".repeat(50);
        assert_eq!(flow(&[format!("a {long} b")], 20, 20), ["a", &long, "b"]);
        assert_eq!(
            flow(&["one two".into(), "three".into()], 9, 9),
            ["one two", "three"]
        );
        assert_eq!(flow(&["one".into(), "two".into()], 9, 9), ["one   two"]);
        assert_eq!(flow(&["three".into()], 2, 9), ["", "three"]);
        assert!(flow(&[], 9, 9).is_empty());
    }
}
