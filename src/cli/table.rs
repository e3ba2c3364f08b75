//! Rows laid out for reading.

use super::style::Palette;
use crate::session::Table;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Cells of text under headings.
pub trait Grid {
    fn headings(&self) -> Vec<String>;
    fn row_count(&self) -> usize;
    /// Appends the text of one cell.
    fn write_cell(&self, row: usize, column: usize, out: &mut String);
    /// Numbers stand at the right.
    fn is_number(&self, column: usize) -> bool;
}

impl Grid for Table {
    fn headings(&self) -> Vec<String> {
        self.columns().iter().map(|name| name.to_string()).collect()
    }

    fn row_count(&self) -> usize {
        self.len()
    }

    fn write_cell(&self, row: usize, column: usize, out: &mut String) {
        out.push_str(&self.text(row, column));
    }

    fn is_number(&self, column: usize) -> bool {
        Table::is_number(self, column)
    }
}

/// A small grid of texts: what is known about relations, sources, rules.
pub struct TextGrid {
    pub headings: Vec<&'static str>,
    pub numbers: Vec<bool>,
    pub rows: Vec<Vec<String>>,
}

impl Grid for TextGrid {
    fn headings(&self) -> Vec<String> {
        self.headings.iter().map(|&name| name.to_owned()).collect()
    }

    fn row_count(&self) -> usize {
        self.rows.len()
    }

    fn write_cell(&self, row: usize, column: usize, out: &mut String) {
        out.push_str(&self.rows[row][column]);
    }

    fn is_number(&self, column: usize) -> bool {
        self.numbers[column]
    }
}

/// Prints the grid in aligned columns. Where `width` is given and the rows are wider, long cells continue on the next
/// line: nothing is left out.
pub fn print(
    grid: &dyn Grid,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let headings = grid.headings();
    let mut widths: Vec<usize> = headings.iter().map(|name| name.width()).collect();
    let mut cell = String::new();
    for row in 0..grid.row_count() {
        for (column, widest) in widths.iter_mut().enumerate() {
            cell.clear();
            write_shown(grid, row, column, &mut cell);
            *widest = (*widest).max(cell.width());
        }
    }
    let whole: usize = widths.iter().map(|width| width + 2).sum();
    match width {
        Some(width) if whole > usize::from(width) => wrapped(grid, width, palette, out),
        _ => aligned(grid, &headings, &widths, palette, out),
    }
}

fn aligned(
    grid: &dyn Grid,
    headings: &[String],
    widths: &[usize],
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let last = widths.len().saturating_sub(1);
    let mut line = String::new();
    for (column, name) in headings.iter().enumerate() {
        push_padded(
            &mut line,
            name,
            widths[column],
            grid.is_number(column),
            column == last,
        );
    }
    writeln!(out, "{}", palette.heading(&line))?;
    let mut cell = String::new();
    for row in 0..grid.row_count() {
        line.clear();
        for (column, &width) in widths.iter().enumerate() {
            cell.clear();
            write_shown(grid, row, column, &mut cell);
            push_padded(
                &mut line,
                &cell,
                width,
                grid.is_number(column),
                column == last,
            );
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn push_padded(line: &mut String, text: &str, width: usize, right: bool, last: bool) {
    let padding = width.saturating_sub(text.width());
    line.push(' ');
    if right {
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line.push_str(text);
    if !last {
        if !right {
            line.extend(std::iter::repeat_n(' ', padding));
        }
        line.push(' ');
    }
}

fn wrapped(grid: &dyn Grid, width: u16, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let headings = grid.headings();
    let mut table = comfy_table::Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .force_no_tty()
        .set_header(&headings);
    let words = word_widths(grid, &headings);
    let words_fit = words.iter().map(|word| word + 2).sum::<usize>() <= usize::from(width);
    for (at, word) in words.iter().enumerate() {
        let Some(column) = table.column_mut(at) else {
            continue;
        };
        if grid.is_number(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if words_fit {
            // Two columns of padding belong to it.
            let whole = Width::Fixed(u16::try_from(word + 2).unwrap_or(width));
            column.set_constraint(ColumnConstraint::LowerBoundary(whole));
        }
    }
    for row in 0..grid.row_count() {
        table.add_row((0..headings.len()).map(|column| {
            let mut cell = String::new();
            write_shown(grid, row, column, &mut cell);
            cell
        }));
    }
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        match at {
            0 => writeln!(out, "{}", palette.heading(line))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// The widest word of each column: a name that is cut in two cannot be typed back.
fn word_widths(grid: &dyn Grid, headings: &[String]) -> Vec<usize> {
    let widest = |text: &str| text.split_whitespace().map(|word| word.width()).max();
    let mut widths: Vec<usize> = headings.iter().map(|name| name.width()).collect();
    let mut cell = String::new();
    for row in 0..grid.row_count() {
        for (column, width) in widths.iter_mut().enumerate() {
            cell.clear();
            write_shown(grid, row, column, &mut cell);
            *width = (*width).max(widest(&cell).unwrap_or(0));
        }
    }
    widths
}

/// A cell as it may go to a terminal: control characters are written as one would type them, for data must not move
/// the cursor.
fn write_shown(grid: &dyn Grid, row: usize, column: usize, out: &mut String) {
    let start = out.len();
    grid.write_cell(row, column, out);
    if out[start..].chars().any(char::is_control) {
        let shown: String = out[start..]
            .chars()
            .map(|c| match c.is_control() {
                true => c.escape_default().to_string(),
                false => c.to_string(),
            })
            .collect();
        out.truncate(start);
        out.push_str(&shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(rows: &[[&str; 3]], width: Option<u16>, expected: Expect) {
        let grid = TextGrid {
            headings: vec!["relation", "rows", "note"],
            numbers: vec![false, true, false],
            rows: rows
                .iter()
                .map(|row| row.iter().map(|cell| cell.to_string()).collect())
                .collect(),
        };
        let mut out = Vec::new();
        print(&grid, width, Palette::PLAIN, &mut out).unwrap();
        // The bar keeps the blank at the beginning of each line.
        let lines = String::from_utf8(out).unwrap();
        let barred: String = lines.lines().map(|line| format!("|{line}\n")).collect();
        expected.assert_eq(&barred);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(
            &[["x-firm", "12", "a"], ["y", "1,951", "日本 b"]],
            None,
            expect![[r#"
                | relation   rows  note
                | x-firm       12  a
                | y         1,951  日本 b
            "#]],
        );
    }

    #[test]
    fn rows_wider_than_the_terminal_continue_on_the_next_line() {
        check(
            &[["x-firm", "12", "one two three four five six seven"]],
            Some(32),
            expect![[r#"
                | relation  rows  note
                | x-firm      12  one two three
                |                 four five six
                |                 seven
            "#]],
        );
    }

    #[test]
    fn names_stay_in_one_piece_as_long_as_they_fit() {
        check(
            &[
                ["x-a-name-of-26-characters-x", "12", "one two three four"],
                [
                    "x-a-name-of-26-characters-y",
                    "12",
                    "five six seven eight nine",
                ],
            ],
            Some(46),
            expect![[r#"
                | relation                     rows  note
                | x-a-name-of-26-characters-x    12  one two
                |                                    three
                |                                    four
                | x-a-name-of-26-characters-y    12  five six
                |                                    seven
                |                                    eight
                |                                    nine
            "#]],
        );
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        check(
            &[["a\u{1b}[2J", "1", "line\nbreak"]],
            None,
            expect![[r#"
                | relation    rows  note
                | a\u{1b}[2J     1  line\nbreak
            "#]],
        );
    }
}
