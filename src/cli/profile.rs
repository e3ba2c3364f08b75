//! `cutout profile`: what rules and rounds cost.

use super::args::ProfileArgs;
use super::interrupt::Interrupt;
use super::plan::print_demand;
use super::status::Status;
use super::style::Palette;
use super::table::TextGrid;
use super::units::{plural, show_count, show_duration};
use super::{flame, open, report, table, terminal};
use crate::session::{
    Costs, Derive, Error, RelationGrowth, RuleCosts, Session, Stopped, VersionCosts,
};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// So many rules and relations are told one by one, and of the others those that tell something: rules that took at
/// least this share of the time, relations that grew more than once.
const SHOWN: usize = 20;
const WORTH_A_LINE: f64 = 0.005;
/// Rounds of a relation that are told one by one; of more, the first and last ones.
const ROUNDS_SHOWN: usize = 12;

pub fn profile(directory: Option<&Path>, arguments: &ProfileArgs) -> Status {
    let (costs, stopped) = match answer(directory, arguments) {
        Ok(answer) => answer,
        Err(error) => return report::failure(&error, arguments.json),
    };
    if let Some(path) = &arguments.html {
        let page = flame::page(&costs);
        if let Err(error) = std::fs::write(open::resolve(directory, path), page) {
            report::say(&format!("cannot write `{}`: {error}", path.display()));
            return Status::Failed;
        }
    }
    let printed = match arguments.json {
        true => report::print_json(&report::with_stop(&costs, stopped.as_ref())),
        false => {
            let stdout = io::stdout();
            let mut out = BufWriter::new(stdout.lock());
            let printed = print(&costs, terminal::width(), Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    };
    report::after_stop(printed, stopped, arguments.json)
}

fn answer(
    directory: Option<&Path>,
    arguments: &ProfileArgs,
) -> Result<(Costs, Option<Stopped>), Error> {
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.births = false;
    options.keep_stated = false;
    options.measure = true;
    options.derive = Derive::Wanted;
    let (mut session, stopped) = Session::open_as_far(spec, options)?;
    Ok((session.profile()?, stopped))
}

pub fn print(
    costs: &Costs,
    width: Option<u16>,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(demand) = &costs.demand {
        print_demand(demand, palette, out)?;
    }
    table::print(&rules(costs), width, palette, out)?;
    writeln!(out)?;
    if !costs.relations.is_empty() {
        table::print(&relations(&costs.relations), width, palette, out)?;
        writeln!(out)?;
    }
    let total = format!(
        "{} derived from {} in {}, {} on {}; reading took {}",
        plural(costs.derived, "row"),
        plural(costs.facts, "fact"),
        plural(u64::from(costs.rounds), "round"),
        time(costs.seconds),
        plural(costs.threads as u64, "thread"),
        time(costs.reading),
    );
    writeln!(out, "{}", palette.quiet(total))
}

fn rules(costs: &Costs) -> TextGrid {
    let versions = costs.versions();
    let cheap = versions
        .iter()
        .skip(SHOWN)
        .filter(|(_, version)| version.share < WORTH_A_LINE)
        .count();
    let (told, others) = versions.split_at(versions.len() - cheap);
    let mut rows: Vec<Vec<String>> = told
        .iter()
        .map(|(rule, version)| {
            let mut row = Tally::of(&[(rule, version)]).cells(costs);
            row[3] = show_count(u64::from(version.runs));
            row.extend([label(rule), version.delta.clone().unwrap_or_default()]);
            row
        })
        .collect();
    if !others.is_empty() {
        let mut row = Tally::of(others).cells(costs);
        row.extend([
            format!("{} others", show_count(others.len() as u64)),
            "(--json lists them)".to_owned(),
        ]);
        rows.push(row);
    }
    let strata = || costs.strata.iter();
    for (seconds, what) in [
        (
            strata().map(|stratum| stratum.settling).sum::<f64>(),
            "taking new rows in",
        ),
        (
            strata().map(|stratum| stratum.stated).sum(),
            "facts in the rules",
        ),
    ] {
        if seconds > 0.0 {
            let mut row = vec![time(seconds), percent(seconds / costs.seconds)];
            row.resize(7, String::new());
            row.extend([what.to_owned(), String::new()]);
            rows.push(row);
        }
    }
    let total = Tally {
        seconds: costs.seconds,
        ..Tally::of(&versions)
    };
    let mut row = total.cells(costs);
    row.extend(["total".to_owned(), String::new()]);
    rows.push(row);
    TextGrid {
        headings: vec![
            "time",
            "share",
            "indexing",
            "runs",
            "candidates",
            "new",
            "known",
            "rule",
            "new rows of",
        ],
        numbers: vec![true, true, true, true, true, true, true, false, false],
        rows,
    }
}

/// The figures of some rules together.
struct Tally {
    seconds: f64,
    indexing: f64,
    candidates: u64,
    new: u64,
}

impl Tally {
    fn of(versions: &[(&RuleCosts, &VersionCosts)]) -> Tally {
        let each = || versions.iter().map(|(_, version)| version);
        Tally {
            seconds: each().map(|version| version.seconds).sum(),
            indexing: each().map(|version| version.indexing).sum(),
            candidates: each().map(|version| version.candidates).sum(),
            new: each().map(|version| version.new).sum(),
        }
    }

    /// The columns before the rule, without the runs: they are not for adding up.
    fn cells(&self, costs: &Costs) -> Vec<String> {
        let known = match self.candidates {
            0 => 0.0,
            candidates => 1.0 - self.new as f64 / candidates as f64,
        };
        vec![
            time(self.seconds),
            percent(self.seconds / costs.seconds),
            time(self.indexing),
            String::new(),
            show_count(self.candidates),
            show_count(self.new),
            percent(known),
        ]
    }
}

/// `works_for rules/a.dl:12:1`
fn label(rule: &RuleCosts) -> String {
    let alternative = match rule.clause.alternative {
        Some((at, of)) => format!(" ({at} of {of})"),
        None => String::new(),
    };
    let relation = rule.relation.as_deref().unwrap_or("constraint");
    format!("{relation} {}{alternative}", rule.clause.at)
}

fn relations(growth: &[RelationGrowth]) -> TextGrid {
    let mut sorted: Vec<&RelationGrowth> = growth.iter().collect();
    sorted.sort_by_key(|relation| std::cmp::Reverse(relation.rows));
    // What grew at once has nothing to tell round by round.
    let from = SHOWN.min(sorted.len());
    let others: Vec<&RelationGrowth> = sorted
        .extract_if(from.., |relation| relation.rounds == 1)
        .collect();
    let mut rows: Vec<Vec<String>> = sorted
        .into_iter()
        .map(|relation| {
            vec![
                relation.relation.clone(),
                show_count(relation.rows),
                show_count(u64::from(relation.rounds)),
                by_round(relation),
            ]
        })
        .collect();
    if !others.is_empty() {
        rows.push(vec![
            format!("{} others", show_count(others.len() as u64)),
            show_count(others.iter().map(|relation| relation.rows).sum()),
            "1".to_owned(),
            "(--json lists them)".to_owned(),
        ]);
    }
    TextGrid {
        headings: vec!["relation", "rows", "rounds", "rows by round"],
        numbers: vec![false, true, true, false],
        rows,
    }
}

/// `12 40 7`, or `12 40 7 … 3 1` where the dots stand for rounds left out, and how many.
fn by_round(relation: &RelationGrowth) -> String {
    let shown = |added: &[(u32, u64)]| -> Vec<String> {
        added.iter().map(|&(_, rows)| show_count(rows)).collect()
    };
    let added = &relation.added;
    if added.len() <= ROUNDS_SHOWN && relation.unlisted == 0 {
        return shown(added).join("  ");
    }
    let (first, last) = match relation.unlisted {
        0 => (ROUNDS_SHOWN / 2, ROUNDS_SHOWN / 2),
        _ => (added.len().min(ROUNDS_SHOWN), 0),
    };
    let hidden = relation.rounds as usize - first - last;
    let mut parts = shown(&added[..first]);
    parts.push(format!("… {} more …", show_count(hidden as u64)));
    parts.extend(shown(&added[added.len() - last..]));
    parts.join("  ")
}

fn time(seconds: f64) -> String {
    show_duration(Duration::from_secs_f64(seconds.max(0.0)))
}

fn percent(part: f64) -> String {
    match part.is_finite() {
        true => format!("{:.0}%", part * 100.0),
        false => String::new(),
    }
}
