//! A profile as a page of its own: strata over rules over delta versions, as wide as the time they took.

use super::units::{show_count, show_duration};
use crate::session::{Costs, RuleCosts, StratumCosts, VersionCosts};
use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 1200.0;
const ROW: f64 = 22.0;
/// Narrower boxes get no text: it would not be read.
const READABLE: f64 = 30.0;
/// About how wide a letter is.
const LETTER: f64 = 7.0;

/// The whole HTML document. It refers to nothing outside itself, and all text in it is escaped.
pub fn page(costs: &Costs) -> String {
    let mut svg = Svg::default();
    svg.draw(0.0, WIDTH, 0, "all", &whole(costs), "#d8d4c8");
    let scale = WIDTH / shown_seconds(costs).max(f64::MIN_POSITIVE);
    let mut left = 0.0;
    for stratum in &costs.strata {
        svg.stratum(stratum, left, scale);
        left += stratum.seconds * scale;
    }
    for rule in &costs.constraints {
        svg.draw(
            left,
            rule.seconds * scale,
            1,
            "constraint",
            &told(rule),
            "#c9b3cf",
        );
        svg.versions(rule, left, scale, 2);
        left += rule.seconds * scale;
    }
    let height = ROW * 4.0;
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>cutout profile</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n\
         <p>Strata, their rules, and each rule by the atom read from new rows; as wide as the time they took. \
         Point at a box for its figures.</p>\n\
         <svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n{}</svg>\n{}</body>\n</html>\n",
        escape(&whole(costs)),
        svg.text,
        rounds(costs),
    )
}

const STYLE: &str = "\
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff; }
h1 { font-size: 1.1em; }
svg { width: 100%; font: 12px ui-monospace, monospace; }
svg rect { stroke: #fff; }
svg g:hover rect { stroke: #222; }
table { border-collapse: collapse; margin-top: 1.5em; }
th, td { text-align: right; padding: 0.15em 0.8em; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td code { white-space: pre-wrap; }
";

/// What the boxes of the second row add up to.
fn shown_seconds(costs: &Costs) -> f64 {
    let strata = costs.strata.iter().map(|stratum| stratum.seconds);
    let constraints = costs.constraints.iter().map(|rule| rule.seconds);
    strata.chain(constraints).sum()
}

fn whole(costs: &Costs) -> String {
    format!(
        "{} rows derived from {} facts in {} rounds, {} on {} threads",
        show_count(costs.derived),
        show_count(costs.facts),
        costs.rounds,
        time(costs.seconds),
        costs.threads
    )
}

#[derive(Default)]
struct Svg {
    text: String,
}

impl Svg {
    fn stratum(&mut self, stratum: &StratumCosts, left: f64, scale: f64) {
        let name = stratum.relations.join(", ");
        let told = format!("{name}: {}", time(stratum.seconds));
        self.draw(left, stratum.seconds * scale, 1, &name, &told, "#e8b64c");
        let mut left = left;
        for rule in &stratum.rules {
            let width = rule.seconds * scale;
            self.draw(
                left,
                width,
                2,
                &rule.clause.rule,
                &self::told(rule),
                "#ee9b59",
            );
            self.versions(rule, left, scale, 3);
            left += width;
        }
        for (seconds, what) in [
            (stratum.settling, "taking new rows in"),
            (stratum.stated, "facts in the rules"),
        ] {
            let told = format!("{what}: {}", time(seconds));
            self.draw(left, seconds * scale, 2, what, &told, "#cfcabb");
            left += seconds * scale;
        }
    }

    fn versions(&mut self, rule: &RuleCosts, left: f64, scale: f64, depth: usize) {
        let mut left = left;
        for version in &rule.versions {
            let width = version.seconds * scale;
            let name = version.delta.as_deref().unwrap_or("all rows");
            self.draw(left, width, depth, name, &figures(rule, version), "#f2c7a0");
            left += width;
        }
    }

    /// `name` stands in the box, as much as fits; `told` appears when one points at it.
    fn draw(&mut self, left: f64, width: f64, depth: usize, name: &str, told: &str, colour: &str) {
        if width <= 0.0 {
            return;
        }
        let top = ROW * depth as f64;
        // Memory takes every write.
        let _ = write!(
            self.text,
            "<g><title>{}</title><rect x=\"{left:.2}\" y=\"{top}\" width=\"{width:.2}\" height=\"{ROW}\" fill=\"{colour}\"/>",
            escape(told)
        );
        if width >= READABLE {
            let room = (width / LETTER) as usize;
            let fitting: String = name.chars().take(room).collect();
            let _ = write!(
                self.text,
                "<text x=\"{:.2}\" y=\"{}\">{}</text>",
                left + 3.0,
                top + ROW - 7.0,
                escape(&fitting)
            );
        }
        self.text.push_str("</g>\n");
    }
}

fn told(rule: &RuleCosts) -> String {
    format!(
        "{}\n{}\n{}",
        rule.clause.rule,
        rule.clause.at,
        time(rule.seconds)
    )
}

fn figures(rule: &RuleCosts, version: &VersionCosts) -> String {
    let plan = version
        .plan
        .as_ref()
        .map_or(String::new(), |plan| format!("\n{plan}"));
    format!(
        "{}\n{}\n{} ({:.0}%), of which indexing {}\n{} candidates in {} runs, {} new, {:.0}% known{plan}",
        rule.clause.rule,
        rule.clause.at,
        time(version.seconds),
        version.share * 100.0,
        time(version.indexing),
        show_count(version.candidates),
        show_count(u64::from(version.runs)),
        show_count(version.new),
        version.duplicates * 100.0,
    )
}

/// Rows by relation and round.
fn rounds(costs: &Costs) -> String {
    let mut table = String::from(
        "<table>\n<tr><th>relation</th><th>rows</th><th>rounds</th><th>rows by round</th></tr>\n",
    );
    for relation in &costs.relations {
        let mut added: Vec<String> = relation
            .added
            .iter()
            .map(|&(_, rows)| show_count(rows))
            .collect();
        if relation.unlisted > 0 {
            added.push(format!(
                "and {} rounds more",
                show_count(relation.unlisted.into())
            ));
        }
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
            escape(&relation.relation),
            show_count(relation.rows),
            show_count(relation.rounds.into()),
            added.join(" ")
        );
    }
    table + "</table>\n"
}

fn time(seconds: f64) -> String {
    show_duration(Duration::from_secs_f64(seconds.max(0.0)))
}

/// Text in HTML: nothing that a rule or a file name holds is markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
