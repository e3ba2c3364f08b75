//! `cutout hypotheses`: what each hypothesis of a case comes to, in one table.

use super::args::HypothesesArgs;
use super::status::Status;
use super::style::Palette;
use super::table::{self, TextGrid};
use super::terminal::Guarded;
use super::units::{plural, show_count, show_duration};
use super::{explain, report, terminal};
use crate::session::{Clause, GoalRow, GoalState, HypothesisRow, HypothesisTable};
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub fn hypotheses(directory: Option<&Path>, arguments: &HypothesesArgs) -> Status {
    let common = &arguments.explain;
    let (programs, names): (Vec<String>, Vec<String>) = arguments
        .names
        .iter()
        .cloned()
        .partition(|text| text.ends_with(".dl"));
    let programs: Vec<_> = programs.into_iter().map(Into::into).collect();
    let answer = explain::ask(directory, &programs, common, |session| {
        session.hypothesis_table(&names)
    });
    let found = match answer {
        Ok(found) => found,
        Err(error) => return report::failure(&error, common.json),
    };
    let printed = match common.json {
        true => report::print_json(&found),
        false => {
            report::show(&found.broken);
            let errors = found.hypotheses.iter().filter_map(|row| row.error.as_ref());
            errors.for_each(report::show);
            let stdout = io::stdout();
            let mut out = Guarded::new(BufWriter::new(stdout.lock()), Palette::of(&stdout));
            let printed = print(&found, terminal::width(), Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    };
    printed.failed_if(!found.is_whole())
}

/// A row for each hypothesis, and below it what a number does not say. Errors are left to the caller.
pub fn print(
    found: &HypothesisTable,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    if found.hypotheses.is_empty() {
        return writeln!(
            out,
            "no hypothesis; write `.hypothesis name {{ … }}` into rules/hypotheses/name.dl"
        );
    }
    let count = |count: usize| show_count(count as u64);
    let grid = TextGrid {
        headings: vec![
            "hypothesis",
            "goals hold",
            "strength",
            "changes",
            "appeared",
            "fell",
            "violates",
            "says",
        ],
        numbers: vec![false, false, false, false, true, true, true, false],
        rows: found
            .hypotheses
            .iter()
            .map(|row| match (&row.error, row.open) {
                (Some(_), _) => blank(row, "not looked at"),
                (None, true) => blank(row, "give constants"),
                (None, false) => vec![
                    row.name.clone(),
                    goals(row),
                    strength(row),
                    format!("+{} −{}", row.assumed, row.withdrawn),
                    count(row.appeared),
                    count(row.fell),
                    count(row.violated.len()),
                    title(row),
                ],
            })
            .collect(),
    };
    table::print(&grid, width, palette, out)?;
    for row in &found.hypotheses {
        remarks(row, palette, out)?;
    }
    let looked = plural(found.hypotheses.len() as u64, "hypothesis");
    let looked = looked.replace("hypothesiss", "hypotheses");
    let took = format!("{looked} in {}", show_duration(found.elapsed));
    writeln!(out, "{}", palette.quiet(took))
}

fn title(row: &HypothesisRow) -> String {
    row.title.clone().unwrap_or_default()
}

fn blank(row: &HypothesisRow, why: &str) -> Vec<String> {
    let mut cells = vec![row.name.clone(), why.to_owned()];
    cells.resize(7, String::new());
    cells.push(title(row));
    cells
}

/// `no → yes`: in the case, and under the hypothesis.
fn goals(row: &HypothesisRow) -> String {
    let side = |of: fn(&GoalRow) -> &GoalState| {
        let held = row.goals.iter().filter(|goal| of(goal).holds).count();
        match (row.goals.len(), held) {
            (all, held) if held == all => "yes".to_owned(),
            (_, 0) => "no".to_owned(),
            (all, held) => format!("{held} of {all}"),
        }
    };
    match row.goals.is_empty() {
        true => "no goal".to_owned(),
        false => arrow(side(|goal| &goal.before), side(|goal| &goal.after)),
    }
}

/// Of the weakest goal: all of them are wanted.
fn strength(row: &HypothesisRow) -> String {
    let side = |of: fn(&GoalRow) -> &GoalState| {
        let strengths = row.goals.iter().map(|goal| of(goal).strength);
        let all: Option<Vec<f64>> = strengths.collect();
        match all.and_then(|all| all.into_iter().reduce(f64::min)) {
            Some(strength) => {
                let text = format!("{strength:.2}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            None => "–".to_owned(),
        }
    };
    match row.goals.is_empty() {
        true => String::new(),
        false => arrow(side(|goal| &goal.before), side(|goal| &goal.after)),
    }
}

fn arrow(before: String, after: String) -> String {
    match before == after {
        true => after,
        false => format!("{before} → {after}"),
    }
}

fn remarks(row: &HypothesisRow, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    if row.goals.len() > 1 {
        lines.extend(
            row.goals
                .iter()
                .filter(|goal| !goal.after.holds)
                .map(|goal| format!("{} does not hold", goal.goal)),
        );
    }
    let place = |clause: &Clause| format!("{}   {}", clause.at, clause.rule);
    let clauses = |verb: &str, of: &[Clause]| -> Vec<String> {
        of.iter()
            .map(|clause| format!("{verb} {}", place(clause)))
            .collect()
    };
    lines.extend(clauses("violates", &row.violated));
    lines.extend(clauses("mends", &row.mended));
    lines.extend(row.notes.iter().cloned());
    for line in lines {
        writeln!(out, "{}", palette.quiet(format!("{}: {line}", row.name)))?;
    }
    Ok(())
}
