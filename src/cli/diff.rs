//! `cutout diff`: what two cases, or two versions of rules over the same facts, say differently.

use super::args::DiffArgs;
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::table::{self, TextGrid};
use super::terminal::Guarded;
use super::units::show_count;
use super::{open, report, suppose, terminal};
use crate::session::{
    CaseDiff, Clause, DiffQuestion, Error, ExplainedChange, Options, Session, Unwatched,
};
use std::io::{self, BufWriter, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// Clauses listed before the rest is only counted.
const LISTED: usize = 10;

pub fn diff(directory: Option<&Path>, arguments: &DiffArgs) -> Status {
    let common = &arguments.explain;
    let found = match difference(directory, arguments) {
        Ok(found) => found,
        Err(error) => return report::failure(&error, common.json),
    };
    if common.json {
        return report::print_json(&found);
    }
    let stdout = io::stdout();
    let mut out = Guarded::new(BufWriter::new(stdout.lock()), Palette::of(&stdout));
    let printed = print(&found, terminal::width(), Palette::of(&stdout), &mut out);
    report::printed(printed.and_then(|()| out.flush()))
}

fn difference(directory: Option<&Path>, arguments: &DiffArgs) -> Result<CaseDiff, Error> {
    let interrupt = Interrupt::install();
    let common = &arguments.explain;
    let session = |path: &Path, mut options: Options| {
        options.lens = common.lens.lens();
        let here = open::case_spec(directory, &[], &common.program);
        let mut session = Session::open(here.version(path), options)?;
        suppose::under(&mut session, &common.under)?;
        Ok::<Session, Error>(session)
    };
    let options = open::options(&common.limits, &interrupt);
    // Two threads that draw progress would draw over each other.
    let unwatched = Options {
        watch: Arc::new(Unwatched),
        ..options.clone()
    };
    let (before, after) = thread::scope(|scope| {
        let there = || session(&arguments.after, unwatched);
        let there = match options.threads > 1 {
            true => thread::Builder::new().spawn_scoped(scope, there).ok(),
            false => None,
        };
        let before = session(&arguments.before, options.clone());
        // Who panics in a thread of its own panics here.
        let after = there.map(|there| there.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (before, after)
    });
    let mut before = before?;
    // Without a thread to be had it comes second.
    let mut after = after.unwrap_or_else(|| session(&arguments.after, options))?;
    let names = [&arguments.before, &arguments.after].map(|path| path.display().to_string());
    let question = DiffQuestion {
        names,
        relations: arguments.relation.clone(),
        explain: arguments.limit,
    };
    CaseDiff::between(&mut before, &mut after, &question)
}

pub fn print(
    found: &CaseDiff,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    clauses(
        "rules",
        &found.rules.only_before,
        &found.rules.only_after,
        palette,
        out,
    )?;
    for relation in &found.incomparable {
        let side = |declared: &Option<String>| declared.clone().unwrap_or("not declared".into());
        writeln!(
            out,
            "not compared: {}   before {}, after {}",
            palette.relation(&relation.relation),
            side(&relation.before),
            side(&relation.after)
        )?;
    }
    if found.relations.is_empty() {
        writeln!(out, "no fact differs")?;
    } else {
        let grid = TextGrid {
            headings: vec!["relation", "before", "after", "appeared", "fell"],
            numbers: vec![false, true, true, true, true],
            rows: found
                .relations
                .iter()
                .map(|relation| {
                    let counts = [
                        relation.before,
                        relation.after,
                        relation.appeared.len(),
                        relation.fell.len(),
                    ];
                    std::iter::once(relation.relation.clone())
                        .chain(counts.map(|count| show_count(count as u64)))
                        .collect()
                })
                .collect(),
        };
        table::print(&grid, width, palette, out)?;
    }
    let (before, after) = (&found.violations.only_before, &found.violations.only_after);
    clauses("violated constraints", before, after, palette, out)?;
    for relation in &found.relations {
        for (change, facts) in [("appeared", &relation.appeared), ("fell", &relation.fell)] {
            let of = format!("{}(", relation.relation);
            let explained: Vec<&ExplainedChange> = found
                .explained
                .iter()
                .filter(|one| one.change == change && one.fact.starts_with(&of))
                .collect();
            for one in &explained {
                self::explained(one, &found.before, &found.after, palette, out)?;
            }
            let more = facts.len() - explained.len();
            if more > 0 && !explained.is_empty() {
                writeln!(
                    out,
                    "\n… {} more of {} {change}; --limit explains more, --json lists all",
                    show_count(more as u64),
                    relation.relation
                )?;
            }
        }
    }
    Ok(())
}

fn explained(
    one: &ExplainedChange,
    before: &str,
    after: &str,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (sign, lacks) = match one.change {
        "appeared" => ('+', before),
        _ => ('-', after),
    };
    writeln!(out, "\n{sign} {}", palette.heading(&one.fact))?;
    for cause in &one.because {
        let fact = palette.relation(&cause.fact);
        let at = match cause.at.is_empty() {
            true => String::new(),
            false => palette.quiet(format!("   {}", cause.at.join(" · "))),
        };
        match cause.kind {
            "stated" => writeln!(out, "  {fact} is not stated in {lacks}{at}")?,
            "open" => writeln!(out, "  {fact} is looked into no further{at}")?,
            _ => writeln!(out, "  {fact} does not follow in {lacks}{at}")?,
        }
        for line in &cause.why_not {
            writeln!(out, "    {line}")?;
        }
    }
    for line in &one.proof {
        writeln!(out, "  {}", palette.quiet(line))?;
    }
    Ok(())
}

fn clauses(
    what: &str,
    before: &[Clause],
    after: &[Clause],
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    if before.is_empty() && after.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", palette.heading(what))?;
    for (sign, clauses) in [('-', before), ('+', after)] {
        for clause in clauses.iter().take(LISTED) {
            writeln!(
                out,
                " {sign} {}   {}",
                palette.quiet(&clause.at),
                clause.rule
            )?;
        }
        if clauses.len() > LISTED {
            writeln!(
                out,
                " {sign} … and {} more; --json lists them",
                clauses.len() - LISTED
            )?;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::{Palette, explained};
    use crate::session::{Cause, ExplainedChange};
    use expect_test::expect;

    #[test]
    fn a_proof_that_was_cut_short_is_said_to_be() {
        let cause = |fact: &str, kind, at: &str| Cause {
            fact: fact.to_owned(),
            kind,
            at: vec![at.to_owned()],
            why_not: Vec::new(),
        };
        let one = ExplainedChange {
            fact: "far(1)".to_owned(),
            change: "appeared",
            because: vec![
                cause("near(1)", "stated", "facts/near.csv:2"),
                cause("next(1)", "open", "budget exhausted"),
            ],
            proof: Vec::new(),
        };
        let mut out = Vec::new();
        explained(&one, "v1", "v2", Palette::PLAIN, &mut out).unwrap();
        expect![[r#"

            + far(1)
              near(1) is not stated in v1   facts/near.csv:2
              next(1) is looked into no further   budget exhausted
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }
}
