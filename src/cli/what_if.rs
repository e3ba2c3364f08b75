//! The difference a supposition makes, laid out for reading.

use super::proof;
use super::style::Palette;
use super::units::{plural, show_duration};
use crate::session::{
    BrokenLine, Differing, HypothesisLine, Proof, Saved, Step, WeighedLine, WeighedPart, WhatIf,
};
use std::io::{self, Write};

/// How much to show, and how.
#[derive(Clone, Copy)]
pub struct Shown {
    pub width: Option<u16>,
    pub palette: Palette,
    /// Lists of any length.
    pub all: bool,
    pub timed: bool,
}

/// Lines of one kind when not all are asked for.
const FEW: usize = 12;

pub fn print(told: &WhatIf, shown: Shown, out: &mut dyn Write) -> io::Result<()> {
    let palette = shown.palette;
    for line in &told.supposed {
        writeln!(out, "{}", palette.heading(line))?;
    }
    for goal in &told.goals {
        let holds = match (goal.before, goal.after) {
            (true, true) => "holds, with and without it".to_owned(),
            (false, true) => palette.constant("holds, and did not without it"),
            (true, false) => palette.failure("does not hold, and did without it"),
            (false, false) => palette.failure("does not hold, with or without it"),
        };
        writeln!(out, " ? {}   {holds}", goal.goal)?;
    }
    for note in &told.notes {
        writeln!(out, "{} {note}", palette.keyword("note:"))?;
    }
    let mut aside = Vec::new();
    if told.depth > 0 {
        aside.push(format!("state {}, :undo returns", told.depth));
    }
    if shown.timed {
        aside.push(show_duration(told.elapsed));
    }
    let aside = match aside.is_empty() {
        true => String::new(),
        false => palette.quiet(format!("   ({})", aside.join(", "))),
    };
    writeln!(out, "{}{aside}", summary(told))?;
    let most = if shown.all { usize::MAX } else { FEW };
    let fell = told.fell.iter().enumerate().map(|(at, fact)| {
        let why = match at < most {
            true => because(told, fact),
            false => String::new(),
        };
        (fact.as_str(), why)
    });
    let fell: Vec<(&str, String)> = fell.collect();
    facts(" - ", &fell, most, palette, palette_failure, out)?;
    let appeared: Vec<(&str, String)> = told
        .appeared
        .iter()
        .map(|fact| {
            let why = match told.stated.contains(fact) {
                true => "assumed".to_owned(),
                false => String::new(),
            };
            (fact.as_str(), why)
        })
        .collect();
    facts(" + ", &appeared, most, palette, palette_constant, out)?;
    for (sign, count) in [
        (" - ", told.not_listed.fell),
        (" + ", told.not_listed.appeared),
    ] {
        if count > 0 {
            writeln!(out, "{sign}… and {count} more that only `--all` lists")?;
        }
    }
    let weights = |lines: &'_ [WeighedLine]| -> Vec<(String, String)> {
        lines
            .iter()
            .map(|line| (line.fact.clone(), weight(line)))
            .collect()
    };
    for (sign, lines) in [(" ~ ", &told.weakened), (" ^ ", &told.strengthened)] {
        let lines = weights(lines);
        let lines: Vec<(&str, String)> = lines
            .iter()
            .map(|(fact, weight)| (fact.as_str(), weight.clone()))
            .collect();
        facts(sign, &lines, most, palette, palette_keyword, out)?;
    }
    broken("violated now", &told.violated, most, palette, out)?;
    broken("not violated any more", &told.mended, most, palette, out)?;
    if let Some(bound) = bound(&told.weighed) {
        writeln!(out, "{bound}")?;
    }
    if let Some(why) = &told.why {
        proofs("as it held", &why.fell, told.fell.len(), shown, out)?;
        proofs(
            "as it would hold",
            &why.appeared,
            told.appeared.len(),
            shown,
            out,
        )?;
    }
    Ok(())
}

fn palette_failure(palette: Palette, text: &str) -> String {
    palette.failure(text)
}

fn palette_constant(palette: Palette, text: &str) -> String {
    palette.constant(text)
}

fn palette_keyword(palette: Palette, text: &str) -> String {
    palette.keyword(text)
}

/// `3 conclusions fall, 1 weakens, 0 appear`: what was assumed and withdrawn itself is not counted.
fn summary(told: &WhatIf) -> String {
    let Differing { fell, appeared } = told.conclusions;
    let mut parts = Vec::new();
    let mut add = |count: usize, one: &str, many: &str| match count {
        1 => parts.push(format!("1 {one}")),
        count => parts.push(format!("{count} {many}")),
    };
    add(fell, "conclusion falls", "conclusions fall");
    add(told.weakened.len(), "weakens", "weaken");
    add(appeared, "appears", "appear");
    if !told.strengthened.is_empty() {
        add(told.strengthened.len(), "strengthens", "strengthen");
    }
    if !told.violated.is_empty() {
        let count = told.violated.len();
        parts.push(format!("{} violated", plural(count as u64, "constraint")));
    }
    parts.join(", ")
}

fn because(told: &WhatIf, fact: &str) -> String {
    if told.stated.contains(fact) {
        return "withdrawn".to_owned();
    }
    let known = told.because.iter().find(|line| line.fact == fact);
    known.map_or_else(String::new, |line| line.reason.clone())
}

/// `3 supports → 2, strength 0.64 → 0.32`.
fn weight(line: &WeighedLine) -> String {
    let mut parts = Vec::new();
    let plus = |complete: bool| if complete { "" } else { "+" };
    if line.supports_before != line.supports_after {
        let noun = match line.supports_before {
            1 => "support",
            _ => "supports",
        };
        parts.push(format!(
            "{}{} {noun} → {}{}",
            line.supports_before,
            plus(line.complete_before),
            line.supports_after,
            plus(line.complete_after),
        ));
    }
    if line.strength_before != line.strength_after {
        parts.push(format!(
            "strength {} → {}",
            strength(line.strength_before),
            strength(line.strength_after)
        ));
    }
    parts.join(", ")
}

fn strength(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Facts below each other, what is said of them in a column.
fn facts(
    sign: &str,
    lines: &[(&str, String)],
    most: usize,
    palette: Palette,
    paint: fn(Palette, &str) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    const WIDEST: usize = 60;
    let listed = &lines[..lines.len().min(most)];
    let width = listed
        .iter()
        .map(|(fact, _)| fact.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    for (fact, why) in listed {
        let sign = paint(palette, sign);
        match why.is_empty() {
            true => writeln!(out, "{sign}{fact}")?,
            false => writeln!(out, "{sign}{fact:width$}   {}", palette.quiet(why))?,
        }
    }
    match lines.len() - listed.len() {
        0 => Ok(()),
        more => {
            let rest = lines[listed.len()..].iter();
            let rest = relations(rest.map(|(fact, _)| *fact));
            writeln!(
                out,
                "{sign}… and {more} more, of {rest}; `--all` and --json list them"
            )
        }
    }
}

/// `shares, kept_apart and 4 other relations`, in the order of the facts.
fn relations<'f>(facts: impl Iterator<Item = &'f str>) -> String {
    const NAMED: usize = 3;
    let mut names: Vec<&str> = Vec::new();
    for fact in facts {
        let name = fact.split('(').next().unwrap_or(fact);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        1 => format!("{} and 1 other relation", names[..NAMED].join(", ")),
        more => format!("{} and {more} other relations", names[..NAMED].join(", ")),
    }
}

fn broken(
    said: &str,
    lines: &[BrokenLine],
    most: usize,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    for line in lines {
        writeln!(
            out,
            "{} {}   {}",
            palette.failure(format!(" ! {said}:")),
            line.constraint,
            palette.quiet(&line.at)
        )?;
        let rows = &line.rows;
        for row in 0..rows.len().min(most) {
            let values: Vec<String> = (0..rows.columns().len())
                .map(|column| format!("{} = {}", rows.columns()[column], rows.text(row, column)))
                .collect();
            writeln!(out, "     {}", values.join(", "))?;
        }
        if rows.len() > most {
            writeln!(out, "     … and {} more ways", rows.len() - most)?;
        }
    }
    Ok(())
}

/// Nothing is left out in silence.
fn bound(weighed: &WeighedPart) -> Option<String> {
    if weighed.complete {
        return None;
    }
    let mut parts = Vec::new();
    if weighed.weighed < weighed.reached {
        parts.push(format!(
            "{} of {} facts that lean on the change and hold either way were weighed (--weigh N takes more)",
            weighed.weighed, weighed.reached
        ));
    }
    if weighed.unclear > 0 {
        parts.push(match weighed.unclear {
            1 => "1 of those weighed has too many supports to compare".to_owned(),
            many => format!("{many} of those weighed have too many supports to compare"),
        });
    }
    if weighed.cut_short {
        parts.push("the search for what leans on the change was cut short".to_owned());
    }
    Some(format!("NOT ALL WEIGHED: {}", parts.join("; ")))
}

fn proofs(
    said: &str,
    found: &[Proof],
    of: usize,
    shown: Shown,
    out: &mut dyn Write,
) -> io::Result<()> {
    for one in found {
        writeln!(out)?;
        let title = format!("{}, {said}:", one.fact());
        writeln!(out, "{}", shown.palette.heading(title))?;
        proof::print(one, shown.width, shown.palette, out)?;
    }
    match of.saturating_sub(found.len()) {
        0 => Ok(()),
        more => writeln!(
            out,
            "\n… and {}, which `why` proves",
            plural(more as u64, "fact")
        ),
    }
}

pub fn print_step(step: &Step, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let at = match step.depth {
        0 => "the case itself".to_owned(),
        depth => format!("state {depth}"),
    };
    for (index, line) in step.undone.iter().enumerate() {
        let aside = match index + 1 == step.undone.len() {
            true => palette.quiet(format!("   ({at}, :redo returns)")),
            false => String::new(),
        };
        writeln!(out, "no more: {line}{aside}")?;
    }
    Ok(())
}

pub fn print_hypotheses(
    lines: &[HypothesisLine],
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    if lines.is_empty() {
        return writeln!(
            out,
            "no hypotheses: they are read from rules/hypotheses/*.dl, and from rule files"
        );
    }
    for line in lines {
        let mut parts = Vec::new();
        for (count, noun) in [
            (line.assumes, "assumption"),
            (line.withdraws, "withdrawal"),
            (line.rules, "rule"),
        ] {
            if count > 0 {
                parts.push(plural(count as u64, noun));
            }
        }
        let title = match &line.title {
            Some(title) => format!("  {title}"),
            None => String::new(),
        };
        writeln!(out, "{}{title}", palette.relation(&line.name))?;
        let goals = match line.goals.is_empty() {
            true => String::new(),
            false => format!("asks {}   ", line.goals.join(", ")),
        };
        let rest = format!("    {goals}{}   {}", parts.join(", "), line.at);
        writeln!(out, "{}", palette.quiet(rest))?;
    }
    Ok(())
}

pub fn print_saved(saved: &Saved, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} written to {}", saved.what, saved.file)?;
    for note in &saved.notes {
        writeln!(out, "{}", palette.quiet(note))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{WeighedPart, bound};
    use expect_test::expect;

    #[test]
    fn all_that_was_left_out_is_said() {
        let part = |reached, weighed, unclear, cut_short| WeighedPart {
            reached,
            weighed,
            unclear,
            cut_short,
            complete: weighed == reached && unclear == 0 && !cut_short,
        };
        let parts = [
            part(3, 3, 0, false),
            part(9, 3, 0, false),
            part(3, 3, 0, true),
            part(9, 3, 2, true),
        ];
        let said: Vec<String> = parts
            .iter()
            .map(|part| bound(part).unwrap_or_default())
            .collect();
        expect![[r#"

            NOT ALL WEIGHED: 3 of 9 facts that lean on the change and hold either way were weighed (--weigh N takes more)
            NOT ALL WEIGHED: the search for what leans on the change was cut short
            NOT ALL WEIGHED: 3 of 9 facts that lean on the change and hold either way were weighed (--weigh N takes more); 2 of those weighed have too many supports to compare; the search for what leans on the change was cut short"#]]
        .assert_eq(&said.join("\n"));
    }
}
