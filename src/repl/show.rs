//! Answers as text for a person.

use super::line::Form;
use crate::cli::style::Palette;
use crate::cli::table::{self, TextGrid};
use crate::cli::terminal::Guarded;
use crate::cli::units::{plural, show_count, show_duration};
use crate::cli::{self, proof, terminal, what_if};
use crate::cli::{footer, yes_or_no};
use crate::session::{
    Answer, Change, Inventory, Proof, RelationSize, RuleText, Schema, SourceLine, Table,
};
use std::io::{self, Write};

/// How answers are to look.
#[derive(Clone, Copy)]
pub struct Look {
    /// Columns of the terminal.
    pub width: Option<u16>,
    pub palette: Palette,
    /// Whether to say how long answers took.
    pub timed: bool,
    /// Whether to list all that is otherwise, not the first few.
    pub all: bool,
}

/// An answer in a form of its own; `None` where it is to be told as usual, or has no such form.
pub fn told(answer: &Answer, form: Form) -> Option<String> {
    match (answer, form.graph) {
        (Answer::Proof(proof), Some(format)) => {
            let mut guarded = Vec::new();
            let mut out = Guarded::new(&mut guarded, Palette::PLAIN);
            // Memory takes every write.
            let _ = out.write_all(proof.written(format)?.as_bytes());
            let _ = out.flush();
            drop(out);
            Some(String::from_utf8_lossy(&guarded).into_owned())
        }
        _ => form
            .json
            .then(|| json(answer))
            .flatten()
            .map(|told| told + "\n"),
    }
}

/// As the command line tells it with `--json`.
fn json(answer: &Answer) -> Option<String> {
    let told = match answer {
        Answer::Rows(told) => serde_json::to_string(told),
        Answer::Proof(told) => serde_json::to_string(told),
        Answer::Missing(told) => serde_json::to_string(told),
        Answer::Corroboration(told) => serde_json::to_string(told),
        Answer::Critical(told) => serde_json::to_string(told),
        Answer::Timeline(told) => serde_json::to_string(told),
        Answer::Impact(told) => serde_json::to_string(told),
        Answer::Worlds(told) => serde_json::to_string(told),
        Answer::Abduction(told) => serde_json::to_string(told),
        Answer::Comparison(told) => serde_json::to_string(told),
        Answer::Requirements(told) => serde_json::to_string(told),
        Answer::Tested(told) => serde_json::to_string(told),
        Answer::Weighed(told) => serde_json::to_string(told),
        Answer::Parted(told) => serde_json::to_string(told),
        Answer::Plans(told) => serde_json::to_string(told),
        Answer::Costs(told) => serde_json::to_string(told),
        Answer::Supposed(told) => serde_json::to_string(told),
        Answer::Hypotheses(told) => serde_json::to_string(told),
        Answer::Rejection(told) => serde_json::to_string(told),
        Answer::Changed(_)
        | Answer::Lens(_)
        | Answer::Relations(_)
        | Answer::Schema(_)
        | Answer::Sources(_)
        | Answer::Rules(_)
        | Answer::Count { .. }
        | Answer::Loaded(_)
        | Answer::Step(_)
        | Answer::Saved(_) => return None,
    };
    told.ok()
}

pub fn show(answer: &Answer, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Guarded::new(out, look.palette);
    show_guarded(answer, look, &mut out)?;
    out.flush()
}

fn show_guarded(answer: &Answer, look: Look, out: &mut dyn Write) -> io::Result<()> {
    match answer {
        Answer::Rows(rows) => self::rows(rows, look, out),
        Answer::Changed(change) => {
            let only_facts = change.facts > 0 && change.rules + change.others == 0;
            let aside = match only_facts && look.width.is_some() {
                true => look.palette.quiet("   (leave the dot off to ask)"),
                false => String::new(),
            };
            writeln!(out, "{}{aside}", changed(change, look.timed))
        }
        Answer::Proof(proof) => {
            proof::print(proof, look.width, look.palette, out)?;
            match proof.holds() && look.width.is_some() {
                true => writeln!(out, "{}", look.palette.quiet(next_to(proof))),
                false => Ok(()),
            }
        }
        Answer::Missing(missing) => proof::print_missing(missing, look.width, look.palette, out),
        Answer::Corroboration(found) => terminal::print_lines(found, look.width, out),
        Answer::Critical(found) => terminal::print_lines(found, look.width, out),
        Answer::Timeline(found) => terminal::print_lines(found, look.width, out),
        Answer::Impact(found) => terminal::print_lines(found, look.width, out),
        Answer::Worlds(found) => terminal::print_lines(found, look.width, out),
        Answer::Abduction(found) => terminal::print_lines(found, look.width, out),
        Answer::Comparison(found) => terminal::print_lines(found, look.width, out),
        Answer::Requirements(found) => terminal::print_lines(found, look.width, out),
        Answer::Lens(lens) => writeln!(out, "counting now: {lens}"),
        Answer::Relations(sizes) => table::print(&relations(sizes), look.width, look.palette, out),
        Answer::Schema(schema) => self::schema(schema, look, out),
        Answer::Sources(lines) if lines.is_empty() => writeln!(out, "no source states these facts"),
        Answer::Sources(lines) => table::print(&sources(lines), look.width, look.palette, out),
        Answer::Rules(rules) if rules.is_empty() => writeln!(out, "no rule derives it"),
        Answer::Rules(rules) => self::rules(rules, look, out),
        Answer::Count { counts, .. } => count(counts, look, out),
        Answer::Weighed(found) => {
            write!(out, "{}", found.broken.to_text(look.palette.enabled()))?;
            for error in found.hypotheses.iter().filter_map(|row| row.error.as_ref()) {
                write!(out, "{}", error.to_text(look.palette.enabled()))?;
            }
            cli::hypotheses::print(found, look.width, look.palette, out)
        }
        Answer::Parted(found) => cli::diff::print(found, look.width, look.palette, out),
        Answer::Tested(tested) => {
            tested
                .broken
                .iter()
                .try_for_each(|broken| write!(out, "{}", broken.to_text(look.palette.enabled())))?;
            cli::test::print(tested, look.width, look.palette, out)
        }
        Answer::Plans(plans) => cli::plan::print(plans, look.palette, out),
        Answer::Costs(costs) => cli::profile::print(costs, look.width, look.palette, out),
        Answer::Supposed(told) => {
            let shown = what_if::Shown {
                width: look.width,
                palette: look.palette,
                all: look.all,
                timed: look.timed,
            };
            what_if::print(told, shown, out)
        }
        Answer::Step(step) => what_if::print_step(step, look.palette, out),
        Answer::Hypotheses(lines) => what_if::print_hypotheses(lines, look.palette, out),
        Answer::Saved(saved) => what_if::print_saved(saved, look.palette, out),
        Answer::Rejection(found) => terminal::print_lines(found, look.width, out),
        Answer::Loaded(inventory) => writeln!(out, "{}", loaded(inventory)),
    }
}

/// What may be asked about a proof next.
fn next_to(proof: &Proof) -> String {
    let more = match proof.supports_left() {
        0 => "",
        _ => "`:next` proves it by the next support  ·  `:all` lists them  ·  ",
    };
    format!("{more}`:critical {}` tells what it hangs on", proof.fact())
}

fn rows(rows: &Table, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let next = match rows.sought() {
        Some(atom) if look.timed => format!("   (`:why-not {atom}` tells what was nearest)"),
        _ => String::new(),
    };
    if rows.is_yes_or_no() {
        let took = match look.timed {
            true => format!(" in {}", show_duration(rows.elapsed())),
            false => String::new(),
        };
        let aside = look.palette.quiet(took + &next);
        writeln!(out, "{}{aside}", yes_or_no(rows))?;
    } else {
        if !rows.is_empty() {
            table::print(rows, look.width, look.palette, out)?;
        }
        let footer = footer(rows, look.timed) + &next;
        writeln!(out, "{}", look.palette.quiet(footer))?;
    }
    rows.notes()
        .iter()
        .try_for_each(|note| writeln!(out, "{note}"))
}

/// `4 rule packs, 61 rules  ·  1,951 claims from 213 sources, 1,702 facts  ·  ready in 31 ms`
pub fn loaded(inventory: &Inventory) -> String {
    let mut parts = vec![format!(
        "{}, {}",
        plural(inventory.packs as u64, "rule pack"),
        plural(inventory.rules as u64, "rule")
    )];
    let facts = plural(inventory.facts, "fact");
    parts.push(match (inventory.claims, inventory.sources) {
        (0, _) => facts,
        (claims, 0) => format!("{}, {facts}", plural(claims as u64, "claim")),
        (claims, sources) => format!(
            "{} from {}, {facts}",
            plural(claims as u64, "claim"),
            plural(sources as u64, "source")
        ),
    });
    parts.push(format!("ready in {}", show_duration(inventory.elapsed)));
    parts.join("  ·  ")
}

fn changed(change: &Change, timed: bool) -> String {
    let taken: Vec<String> = [
        (change.facts, "fact"),
        (change.rules, "rule"),
        (change.others, "declaration"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, noun)| plural(count as u64, noun))
    .collect();
    let what = match taken.is_empty() {
        true => "nothing".to_owned(),
        false => taken.join(", "),
    };
    let rows = match (change.appeared, change.gone) {
        (0, 0) => "no row changed".to_owned(),
        (appeared, 0) => format!("{} appeared", plural(appeared, "row")),
        (0, gone) => format!("{} fell", plural(gone, "row")),
        (appeared, gone) => format!(
            "{} appeared, {} fell",
            plural(appeared, "row"),
            show_count(gone)
        ),
    };
    match timed {
        true => format!("{what} added: {rows}, in {}", show_duration(change.elapsed)),
        false => format!("{what} added: {rows}"),
    }
}

fn relations(sizes: &[RelationSize]) -> TextGrid {
    TextGrid {
        headings: vec!["relation", "attributes", "rules", "rows"],
        numbers: vec![false, false, true, true],
        rows: sizes
            .iter()
            .map(|size| {
                vec![
                    size.name.to_string(),
                    size.attributes.join(", "),
                    show_count(size.rules as u64),
                    show_count(size.rows),
                ]
            })
            .collect(),
    }
}

fn schema(schema: &Schema, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let attributes: Vec<String> = schema
        .attributes
        .iter()
        .map(|attribute| format!("{}: {}", attribute.name, attribute.r#type))
        .collect();
    let name = look.palette.relation(&schema.name);
    writeln!(out, "{name}({})", attributes.join(", "))?;
    if let Some(doc) = &schema.doc {
        for line in doc.lines() {
            writeln!(out, "  {}", line.trim())?;
        }
    }
    let mut facts = vec![plural(schema.rows, "row")];
    if !schema.inputs.is_empty() {
        facts.push(format!("read from {}", schema.inputs.join(", ")));
    }
    if schema.rules > 0 {
        facts.push(format!(
            "derived by {}",
            plural(schema.rules as u64, "rule")
        ));
    }
    facts.push(format!("declared at {}", schema.declared));
    writeln!(out, "{}", look.palette.quiet(facts.join("  ·  ")))
}

fn sources(lines: &[SourceLine]) -> TextGrid {
    TextGrid {
        headings: vec![
            "source",
            "grade",
            "published",
            "claims",
            "publisher",
            "title",
        ],
        numbers: vec![false, false, false, true, false, false],
        rows: lines
            .iter()
            .map(|line| {
                vec![
                    line.id.to_string(),
                    line.reliability.clone(),
                    line.published.clone().unwrap_or_default(),
                    show_count(line.claims as u64),
                    line.publisher.to_string(),
                    line.title.to_string(),
                ]
            })
            .collect(),
    }
}

fn rules(rules: &[RuleText], look: Look, out: &mut dyn Write) -> io::Result<()> {
    for rule in rules {
        let at = format!("{}:{}", rule.at.file, rule.at.line);
        writeln!(out, "{}", look.palette.quiet(at))?;
        writeln!(out, "{}", rule.text)?;
    }
    Ok(())
}

fn count(counts: &[(std::sync::Arc<str>, u64)], look: Look, out: &mut dyn Write) -> io::Result<()> {
    match counts {
        [(_, only)] => writeln!(out, "{}", show_count(*only)),
        counts => {
            let grid = TextGrid {
                headings: vec!["relation", "rows"],
                numbers: vec![false, true],
                rows: counts
                    .iter()
                    .map(|(name, rows)| vec![name.to_string(), show_count(*rows)])
                    .collect(),
            };
            table::print(&grid, look.width, look.palette, out)
        }
    }
}
