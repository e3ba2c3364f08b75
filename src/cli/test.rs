//! `cutout test`: are the expectations beside the rules met, and what do they leave untested?

use super::args::TestArgs;
use super::status::Status;
use super::style::Palette;
use super::table::{self, TextGrid};
use super::terminal::Guarded;
use super::units::{plural, show_count, show_duration};
use super::{explain, report, terminal};
use crate::session::{Coverage, RuleCoverage, TestQuestion, Tested, Unmet, wrap};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Rules and inputs listed before the rest is only counted.
const LISTED: usize = 20;

pub fn test(directory: Option<&Path>, arguments: &TestArgs) -> Status {
    let common = &arguments.explain;
    let (programs, files): (Vec<PathBuf>, Vec<PathBuf>) = arguments
        .files
        .iter()
        .cloned()
        .partition(|file| file.extension().is_some_and(|ending| ending == "dl"));
    let question = TestQuestion {
        files,
        coverage: arguments.coverage,
    };
    let answer = explain::ask(directory, &programs, common, |session| {
        session.test(&question)
    });
    let tested = match answer {
        Ok(tested) => tested,
        Err(error) => return report::failure(&error, common.json),
    };
    let printed = match common.json {
        true => report::print_json(&tested),
        false => {
            tested.broken.iter().for_each(report::show);
            let stdout = io::stdout();
            let mut out = Guarded::new(BufWriter::new(stdout.lock()), Palette::of(&stdout));
            let printed = print(&tested, terminal::width(), Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    };
    printed.failed_if(!tested.passed())
}

/// What is not met and why, then how much was looked at. What could not be understood is left to the caller.
pub fn print(
    tested: &Tested,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    for unmet in &tested.unmet {
        self::unmet(unmet, width, palette, out)?;
    }
    for doubt in &tested.doubts {
        let at = palette.quiet(&doubt.at);
        writeln!(out, "{at}  {}", doubt.expectation)?;
        labelled("met, but", std::slice::from_ref(&doubt.note), width, out)?;
        writeln!(out)?;
    }
    if let Some(coverage) = &tested.coverage {
        self::coverage(coverage, width, palette, out)?;
    }
    if tested.files.len() > 1 {
        for file in &tested.files {
            let met = show_count(file.met as u64);
            let all = plural(file.expectations as u64, "expectation");
            writeln!(out, "{}: {met} of {all} met", file.file)?;
        }
    }
    let verdict = verdict(tested);
    match tested.passed() {
        true => writeln!(out, "{verdict}"),
        false => writeln!(out, "{}", palette.failure(verdict)),
    }
}

fn verdict(tested: &Tested) -> String {
    let all = plural(tested.expectations as u64, "expectation");
    let met = match tested.unmet.len() {
        0 if tested.met < tested.expectations => {
            format!("{all}, {} met", show_count(tested.met as u64))
        }
        0 if tested.expectations == 1 => format!("{all}, met"),
        0 => format!("{all}, all met"),
        failed => format!("{all}, {} not met", show_count(failed as u64)),
    };
    let broken = match tested.broken.len() {
        0 => String::new(),
        1 => ", 1 not understood".to_owned(),
        count => format!(", {count} not understood"),
    };
    format!("{met}{broken}, in {}", show_duration(tested.elapsed))
}

fn unmet(
    unmet: &Unmet,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let at = palette.quiet(&unmet.at);
    writeln!(out, "{at}  {}", palette.heading(&unmet.expectation))?;
    if !unmet.under.is_empty() {
        labelled("under", &[unmet.under.join(", ")], width, out)?;
    }
    labelled(
        "expected",
        std::slice::from_ref(&unmet.expected),
        width,
        out,
    )?;
    labelled("came", std::slice::from_ref(&unmet.came), width, out)?;
    labelled("why", &unmet.why, width, out)?;
    writeln!(out)
}

fn labelled(
    label: &str,
    lines: &[String],
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    const INDENT: usize = 12;
    for (at, line) in lines.iter().enumerate() {
        let rows = match width {
            Some(width) => wrap(line, usize::from(width).saturating_sub(INDENT).max(20)),
            None => vec![line.clone()],
        };
        for (row, text) in rows.iter().enumerate() {
            let label = if at + row == 0 { label } else { "" };
            writeln!(out, "  {label:<9} {text}")?;
        }
    }
    Ok(())
}

fn coverage(
    coverage: &Coverage,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let fired = coverage.fired();
    let expected = coverage.rules.iter().filter(|rule| rule.expected).count();
    writeln!(
        out,
        "{} of {} fired, {} behind some expectation",
        show_count(fired as u64),
        plural(coverage.rules.len() as u64, "rule"),
        show_count(expected as u64),
    )?;
    let never: Vec<&RuleCoverage> = coverage
        .rules
        .iter()
        .filter(|rule| rule.rows == 0)
        .collect();
    rules("never fired", &never, palette, out)?;
    let untested: Vec<&RuleCoverage> = coverage
        .rules
        .iter()
        .filter(|rule| rule.rows > 0 && !rule.expected)
        .collect();
    rules(
        "fired, and no expectation asks for it",
        &untested,
        palette,
        out,
    )?;
    writeln!(out)?;
    let inputs = TextGrid {
        headings: vec!["input", "rows", "expected", "concluded", "never mattered"],
        numbers: vec![false, true, true, true, true],
        rows: coverage
            .inputs
            .iter()
            .map(|input| {
                let counts = [
                    input.rows,
                    input.expected,
                    input.concluded,
                    input.never.len(),
                ];
                std::iter::once(input.file.clone())
                    .chain(counts.map(|count| show_count(count as u64)))
                    .collect()
            })
            .collect(),
    };
    table::print(&inputs, width, palette, out)?;
    if !coverage.complete {
        writeln!(out, "NOT EVERYTHING WAS LOOKED AT: the budget ran out")?;
    }
    writeln!(out)
}

fn rules(
    what: &str,
    rules: &[&RuleCoverage],
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{}",
        palette.heading(format!("{what}: {}", rules.len()))
    )?;
    for rule in rules.iter().take(LISTED) {
        let alternative = match rule.clause.alternative {
            Some((one, of)) => format!(" ({one} of {of})"),
            None => String::new(),
        };
        let at = palette.quiet(format!("{}{alternative}", rule.clause.at));
        let head = rule.clause.rule.split(":-").next().unwrap_or_default();
        writeln!(out, "  {at}  {}", head.trim())?;
    }
    match rules.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more; --json lists them"),
    }
}
