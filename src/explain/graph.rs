//! A proof as a graph for other programs, and as prose.

use super::json::{NodeView, PremiseView, ProofView};
use std::fmt::Write as _;

/// How a proof can be written besides as a tree and as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    Mermaid,
    /// One sentence for each step, what is concluded first.
    Prose,
}

impl std::str::FromStr for GraphFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<GraphFormat, String> {
        match text {
            "dot" => Ok(GraphFormat::Dot),
            "mermaid" => Ok(GraphFormat::Mermaid),
            "prose" => Ok(GraphFormat::Prose),
            _ => Err("a proof is written as `dot`, `mermaid` or `prose`".to_owned()),
        }
    }
}

impl GraphFormat {
    /// What begins a line that the readers of the format pass over.
    pub fn comment(self) -> &'static str {
        match self {
            GraphFormat::Dot => "// ",
            GraphFormat::Mermaid => "%% ",
            GraphFormat::Prose => "",
        }
    }
}

impl ProofView {
    pub fn write(&self, format: GraphFormat) -> String {
        match format {
            GraphFormat::Dot => self.dot(),
            GraphFormat::Mermaid => self.mermaid(),
            GraphFormat::Prose => self.prose(),
        }
    }

    fn dot(&self) -> String {
        let quoted = |text: &str| {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('\n', "\\n"))
        };
        let mut out = "digraph proof {\n  rankdir=BT;\n  node [shape=box];\n".to_owned();
        for node in &self.nodes {
            let style = if node.kind == "derived" {
                ""
            } else {
                ", style=rounded"
            };
            let _ = writeln!(
                out,
                "  n{} [label={}{style}];",
                node.id,
                quoted(&label(node, "\n"))
            );
        }
        for node in &self.nodes {
            for (at, premise) in leaves(&node.premises).into_iter().enumerate() {
                match premise {
                    Leaf::Node(below) => {
                        let _ = writeln!(out, "  n{below} -> n{};", node.id);
                    }
                    Leaf::Text(text) => {
                        let id = format!("n{}_{at}", node.id);
                        let label = quoted(text);
                        let _ = writeln!(out, "  {id} [label={label}, shape=plaintext];");
                        let _ = writeln!(out, "  {id} -> n{} [style=dashed];", node.id);
                    }
                }
            }
        }
        out + "}\n"
    }

    fn mermaid(&self) -> String {
        let quoted = |text: &str| {
            // Of what Mermaid itself reads as a character, `#` comes first.
            let text = text.replace('#', "#35;").replace('&', "&amp;");
            let text = text.replace('"', "&quot;");
            format!("\"{}\"", text.replace('<', "&lt;").replace('\n', "<br/>"))
        };
        let mut out = "flowchart BT\n".to_owned();
        for node in &self.nodes {
            let label = quoted(&label(node, "\n"));
            let _ = match node.kind {
                "derived" => writeln!(out, "  n{}[{label}]", node.id),
                _ => writeln!(out, "  n{}({label})", node.id),
            };
        }
        for node in &self.nodes {
            for (at, premise) in leaves(&node.premises).into_iter().enumerate() {
                let _ = match premise {
                    Leaf::Node(below) => writeln!(out, "  n{below} --> n{}", node.id),
                    Leaf::Text(text) => {
                        writeln!(out, "  n{0}_{at}[{1}] -.-> n{0}", node.id, quoted(text))
                    }
                };
            }
        }
        out
    }

    fn prose(&self) -> String {
        let mut out = String::new();
        for node in &self.nodes {
            let said = match &node.say {
                Some(said) => said.clone(),
                None => node.fact.clone(),
            };
            let reasons: Vec<String> = leaves(&node.premises)
                .into_iter()
                .map(|premise| match premise {
                    Leaf::Node(below) => self.sentence_of(below),
                    Leaf::Text(text) => text.to_owned(),
                })
                .collect();
            let _ = match (&node.premises.is_empty(), &node.rule) {
                (false, Some(rule)) => writeln!(
                    out,
                    "{said}, because {} ({}:{}).",
                    reasons.join(", and "),
                    rule.file,
                    rule.line
                ),
                (false, None) => writeln!(out, "{said}, because {}.", reasons.join(", and ")),
                (true, _) if node.claims.is_empty() => writeln!(out, "{said}: {}.", stated(node)),
                (true, _) => writeln!(out, "{said}, according to {}.", stated(node)),
            };
            if !node.disputed_by.is_empty() {
                let by: Vec<&str> = node.disputed_by.iter().map(|claim| &*claim.id).collect();
                let _ = writeln!(out, "  This is disputed by {}.", by.join(", "));
            }
        }
        out
    }

    fn sentence_of(&self, id: u32) -> String {
        match self.nodes.get(id as usize) {
            Some(node) => node.say.clone().unwrap_or_else(|| node.fact.clone()),
            None => String::new(),
        }
    }
}

enum Leaf<'v> {
    Node(u32),
    Text(&'v str),
}

/// Premises, those of aggregates too.
fn leaves(premises: &[PremiseView]) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    for premise in premises {
        match premise {
            PremiseView::Fact { node } | PremiseView::Link { node, .. } => {
                found.push(Leaf::Node(*node));
            }
            PremiseView::Absent { text, .. }
            | PremiseView::Beats { text, .. }
            | PremiseView::Holds { text } => {
                found.push(Leaf::Text(text));
            }
            PremiseView::Aggregate { text, rows, .. } => {
                found.push(Leaf::Text(text));
                for row in rows {
                    found.extend(leaves(&row.premises));
                }
            }
        }
    }
    found
}

fn label(node: &NodeView, between: &str) -> String {
    let mut parts = vec![node.fact.clone()];
    parts.extend(node.say.clone());
    if !node.claims.is_empty() || matches!(node.kind, "assumed" | "open") {
        parts.push(stated(node));
    }
    if !node.disputed_by.is_empty() {
        let by: Vec<&str> = node.disputed_by.iter().map(|claim| &*claim.id).collect();
        parts.push(format!("disputed by {}", by.join(", ")));
    }
    parts.join(between)
}

/// `c1 (x-report, A2) and c2 (B1)`, or how else it is known.
fn stated(node: &NodeView) -> String {
    match node.kind {
        "claims" => {
            let claims = node.claims.iter().map(|claim| match &claim.source {
                Some(source) => format!("{} ({source}, {})", claim.id, claim.grade),
                None => match &claim.note {
                    Some(note) => format!("{} ({}, \u{201c}{note}\u{201d})", claim.id, claim.grade),
                    None => format!("{} ({})", claim.id, claim.grade),
                },
            });
            claims.collect::<Vec<_>>().join(" and ")
        }
        "text" => match &node.rule {
            Some(rule) => format!("as the rules state ({}:{})", rule.file, rule.line),
            None => "as the rules state".to_owned(),
        },
        "data" => "as the data state".to_owned(),
        "assumed" => "assumed, for the sake of argument".to_owned(),
        _ => node.reason.unwrap_or("not explained").to_owned(),
    }
}
