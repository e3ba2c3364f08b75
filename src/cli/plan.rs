//! `cutout plan`: how rules and queries are joined.

use super::args::PlanArgs;
use super::interrupt::Interrupt;
use super::status::Status;
use super::style::Palette;
use super::{open, report, units};
use crate::session::{Derive, Error, Narrowed, Plans, RulePlans, Session, Stopped};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use unicode_width::UnicodeWidthStr;

pub fn plan(directory: Option<&Path>, arguments: &PlanArgs) -> Status {
    let (plans, stopped) = match answer(directory, arguments) {
        Ok(answer) => answer,
        Err(error) => return report::failure(&error, arguments.json),
    };
    let printed = match arguments.json {
        true => report::print_json(&report::with_stop(&plans, stopped.as_ref())),
        false => {
            let stdout = io::stdout();
            let mut out = BufWriter::new(stdout.lock());
            let printed = print(&plans, Palette::of(&stdout), &mut out);
            report::printed(printed.and_then(|()| out.flush()))
        }
    };
    report::after_stop(printed, stopped, arguments.json)
}

fn answer(
    directory: Option<&Path>,
    arguments: &PlanArgs,
) -> Result<(Plans, Option<Stopped>), Error> {
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let mut options = open::options(&arguments.limits, &Interrupt::install());
    options.births = false;
    options.keep_stated = false;
    options.derive = match &arguments.query {
        Some(body) => Derive::For(body.clone()),
        None => Derive::Wanted,
    };
    let (mut session, stopped) = Session::open_as_far(spec, options)?;
    let plans = match (&arguments.query, &arguments.rule) {
        (Some(body), _) => session.plan_query(body)?,
        (None, Some(label)) => session.plan_rules(label)?,
        (None, None) => session.plan(None)?,
    };
    Ok((plans, stopped))
}

pub fn print(plans: &Plans, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    if let Some(demand) = &plans.demand {
        print_demand(demand, palette, out)?;
    }
    for (at, stratum) in plans.strata.iter().enumerate() {
        let again = match stratum.recursive {
            true => "  (until nothing new comes)",
            false => "",
        };
        let relations = palette.relation(stratum.relations.join(", "));
        writeln!(out, "{} {relations}{again}\n", palette.heading("derive"))?;
        print_rules(&stratum.rules, palette, out)?;
        if at + 1 < plans.strata.len() {
            writeln!(out)?;
        }
    }
    if !plans.constraints.is_empty() {
        if !plans.strata.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "{}\n", palette.heading("check constraints"))?;
        print_rules(&plans.constraints, palette, out)?;
    }
    if !plans.query.is_empty() && !plans.strata.is_empty() {
        writeln!(out, "\n{}\n", palette.heading("answer"))?;
    }
    for (at, plan) in plans.query.iter().enumerate() {
        if plans.query.len() > 1 {
            writeln!(out, "alternative {}", at + 1)?;
        }
        write!(out, "{plan}")?;
    }
    if plans.strata.is_empty() && plans.constraints.is_empty() && plans.query.is_empty() {
        writeln!(out, "no rule derives it")?;
    }
    Ok(())
}

/// What is derived of each relation, and why.
pub fn print_demand(demand: &Narrowed, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}\n",
        palette.heading("derive only what is asked for")
    )?;
    if let Some(reason) = demand.declined {
        writeln!(out, "  not here: {reason}")?;
    }
    let (derived, others): (Vec<_>, Vec<_>) = demand
        .relations
        .iter()
        .partition(|fate| fate.whole.is_some() || !fate.restricted.is_empty());
    let width = derived.iter().map(|fate| fate.relation.width());
    let width = width.max().unwrap_or(0);
    for fate in derived {
        let padding = " ".repeat(width - fate.relation.width());
        let relation = palette.relation(&fate.relation);
        match fate.whole {
            Some(reason) => writeln!(out, "  {relation}{padding}  whole: {reason}")?,
            None => writeln!(
                out,
                "  {relation}{padding}  as {}",
                fate.restricted.join(", ")
            )?,
        }
    }
    if !others.is_empty() {
        let relations = units::plural(others.len() as u64, "other relation");
        writeln!(
            out,
            "  {}",
            palette.quiet(format!("{relations} not at all"))
        )?;
    }
    writeln!(out)
}

fn print_rules(rules: &[RulePlans], palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    for (at, rule) in rules.iter().enumerate() {
        let same_clause = at > 0 && rules[at - 1].clause.at == rule.clause.at;
        if !same_clause {
            if at > 0 {
                writeln!(out)?;
            }
            let place = palette.quiet(&rule.clause.at);
            writeln!(out, "  {}\n  {place}", rule.clause.rule)?;
        }
        if let Some((at, of)) = rule.clause.alternative {
            writeln!(out, "    alternative {at} of {of}")?;
        }
        for plan in &rule.versions {
            if let Some(delta) = &plan.delta {
                writeln!(out, "    for what is new in {delta}")?;
            }
            for line in plan.to_string().lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}
