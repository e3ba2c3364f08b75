//! A proof as a tree of lines. Lines are data: whoever prints them may align, colour or cut them.

use super::case::{Case, Ground};
use super::phrases::gap_text;
use super::proof::{Basis, Derivation, NodeId, Premise, Proof, Total};
use super::testimony::testimonies;
use super::text::{Wording, fact_text, sentence};
use crate::analysis::checked::{Aggregate, Literal, LiteralKind, RuleId, Variable};
use crate::evidence::{ClaimId, GradeTables, Interval};
use crate::storage::Code;
use crate::syntax::source::SourceMap;
use std::fmt;

/// How much of a proof is drawn. What is left out is said.
#[derive(Clone, Debug)]
pub struct TreeOptions {
    /// Levels below the root.
    pub depth: usize,
    pub lines: usize,
}

impl Default for TreeOptions {
    fn default() -> Self {
        TreeOptions {
            depth: 60,
            lines: 2000,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `│  ├─ `; empty for the root.
    pub branch: String,
    /// The fact, or of other premises what holds.
    pub text: String,
    /// Sentence, dates, claims, places: in this order, none empty.
    pub notes: Vec<String>,
    pub kind: LineKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A fact that follows from the lines below it.
    Derived,
    /// A fact that is stated.
    Stated,
    /// A negation, comparison or total.
    Condition,
    /// Says what is not drawn or could not be explained.
    Remark,
}

/// Notes begin in one column, unless the text before them is longer than this.
const WIDEST: usize = 56;

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use unicode_width::UnicodeWidthStr;
        let width = |line: &Line| line.branch.width() + line.text.width();
        let column = self
            .lines
            .iter()
            .skip(1)
            .map(width)
            .filter(|&width| width <= WIDEST)
            .max()
            .unwrap_or(0);
        for (at, line) in self.lines.iter().enumerate() {
            write!(f, "{}{}", line.branch, line.text)?;
            if !line.notes.is_empty() {
                let pad = if at == 0 {
                    0
                } else {
                    column.saturating_sub(width(line))
                };
                write!(f, "{:pad$}   {}", "", line.notes.join("   "))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Case<'_> {
    /// Draws a proof. A fact that is needed twice is explained where it comes first.
    pub fn tree(
        &self,
        proof: &Proof,
        texts: &SourceMap,
        tables: &GradeTables,
        options: &TreeOptions,
    ) -> Tree {
        Artist {
            case: self,
            proof,
            texts,
            tables,
            options,
            drawn: vec![false; proof.len()],
            lines: Vec::new(),
        }
        .draw()
    }
}

/// Something that becomes a line, and those below it.
enum Item<'p> {
    Node(NodeId),
    Text(String),
    Aggregate {
        total: &'p Total,
        aggregate: &'p Aggregate,
        variables: &'p [Variable],
        values: &'p [Option<Code>],
    },
    /// A row of a group that several facts make up.
    Member {
        text: String,
        items: Vec<Item<'p>>,
    },
    Remark(String),
}

struct Artist<'a> {
    case: &'a Case<'a>,
    proof: &'a Proof,
    texts: &'a SourceMap,
    tables: &'a GradeTables,
    options: &'a TreeOptions,
    drawn: Vec<bool>,
    lines: Vec<Line>,
}

impl<'a> Artist<'a> {
    fn draw(mut self) -> Tree {
        // Items yet to draw, the next one last, each with whether siblings follow and the branches of its parent.
        let mut open: Vec<(Item<'a>, usize, String, bool)> =
            vec![(Item::Node(NodeId::ROOT), 0, String::new(), true)];
        while let Some((item, depth, trunk, last)) = open.pop() {
            if self.lines.len() >= self.options.lines {
                self.lines.push(Line {
                    branch: String::new(),
                    text: format!(
                        "… the rest is not drawn: the proof has {} facts",
                        self.proof.len()
                    ),
                    notes: Vec::new(),
                    kind: LineKind::Remark,
                });
                break;
            }
            let (branch, below) = match (depth, last) {
                (0, _) => (String::new(), String::new()),
                (_, true) => (format!("{trunk}└─ "), format!("{trunk}   ")),
                (_, false) => (format!("{trunk}├─ "), format!("{trunk}│  ")),
            };
            let mut items = self.line(item, branch);
            if depth >= self.options.depth && !items.is_empty() {
                items = vec![Item::Remark("… deeper steps are not drawn".to_owned())];
            }
            let count = items.len();
            for (at, item) in items.into_iter().enumerate().rev() {
                open.push((item, depth + 1, below.clone(), at + 1 == count));
            }
        }
        Tree { lines: self.lines }
    }

    /// Draws one line and gives the items below it.
    fn line(&mut self, item: Item<'a>, branch: String) -> Vec<Item<'a>> {
        let (text, notes, kind, items) = match item {
            Item::Node(id) => return self.node(id, branch),
            Item::Text(text) => (text, Vec::new(), LineKind::Condition, Vec::new()),
            Item::Remark(text) => (text, Vec::new(), LineKind::Remark, Vec::new()),
            Item::Member { text, items } => (text, Vec::new(), LineKind::Condition, items),
            Item::Aggregate {
                total,
                aggregate,
                variables,
                values,
            } => {
                let wording = self.wording(variables, values);
                let rows = match total.count {
                    1 => "over 1 row".to_owned(),
                    count => format!("over {count} rows"),
                };
                (
                    wording.total(aggregate, total.result),
                    vec![rows],
                    LineKind::Condition,
                    self.members(total, aggregate, variables),
                )
            }
        };
        self.lines.push(Line {
            branch,
            text,
            notes,
            kind,
        });
        items
    }

    fn node(&mut self, id: NodeId, branch: String) -> Vec<Item<'a>> {
        let node = self.proof.node(id);
        let mut text = fact_text(self.case.program, self.case.dictionary, &node.fact);
        let mut notes = Vec::new();
        let mut items = Vec::new();
        let again = std::mem::replace(&mut self.drawn[id.index()], true);
        let kind = match &node.basis {
            Basis::Stated { ground, also } => {
                self.state(ground, &mut notes);
                if let Some(rule) = also {
                    notes.push(format!("also follows by {}", self.place(*rule)));
                }
                LineKind::Stated
            }
            Basis::Derived(derivation) => {
                let rule = &self.case.program[derivation.rule];
                let said = sentence(
                    self.case.program,
                    self.case.dictionary,
                    rule,
                    &derivation.values,
                );
                if let Some(said) = said {
                    if id == NodeId::ROOT {
                        text = said;
                    } else {
                        notes.push(said);
                    }
                }
                if again {
                    notes.push("shown above".to_owned());
                } else {
                    notes.push(self.place(derivation.rule));
                    items = self.premises(derivation);
                }
                LineKind::Derived
            }
            Basis::Equivalent(links) => {
                if again {
                    notes.push("shown above".to_owned());
                } else {
                    notes.push("by equivalence".to_owned());
                    items.extend(links.iter().map(|link| Item::Node(link.pair)));
                }
                LineKind::Derived
            }
            Basis::Open(gap) => {
                notes.push(gap_text(*gap).to_owned());
                LineKind::Remark
            }
        };
        if !node.disputing.is_empty() {
            let by: Vec<String> = node
                .disputing
                .iter()
                .map(|&claim| self.claim(claim))
                .collect();
            notes.push(format!("disputed by {}", by.join(" · ")));
        }
        self.lines.push(Line {
            branch,
            text,
            notes,
            kind,
        });
        items
    }

    fn premises(&self, derivation: &'a Derivation) -> Vec<Item<'a>> {
        let rule = &self.case.program[derivation.rule];
        self.items(
            &rule.body,
            &derivation.premises,
            &rule.variables,
            &derivation.values,
        )
    }

    fn items(
        &self,
        body: &'a [Literal],
        premises: &'a [Premise],
        variables: &'a [Variable],
        values: &'a [Option<Code>],
    ) -> Vec<Item<'a>> {
        let mut items = Vec::new();
        for (literal, premise) in body.iter().zip(premises) {
            match (premise, &literal.kind) {
                (Premise::Fact(node), _) => items.push(Item::Node(*node)),
                (
                    Premise::Absent {
                        relation,
                        pattern,
                        among,
                    },
                    _,
                ) => items.push(Item::Text(self.case.absence(*relation, pattern, *among))),
                (Premise::Aggregate(total), LiteralKind::Aggregate(aggregate)) => {
                    items.push(Item::Aggregate {
                        total,
                        aggregate,
                        variables,
                        values,
                    });
                }
                _ => items.extend(
                    self.wording(variables, values)
                        .constraint(literal)
                        .map(Item::Text),
                ),
            }
        }
        items
    }

    fn members(
        &self,
        total: &'a Total,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
    ) -> Vec<Item<'a>> {
        let mut items = Vec::new();
        for member in &total.members {
            let mut inner =
                self.items(&aggregate.body, &member.premises, variables, &member.values);
            if inner.len() == 1 {
                items.append(&mut inner);
            } else {
                let text = match member.value {
                    Some(value) => {
                        let wording = self.wording(variables, &member.values);
                        format!("row with {}", wording.value(aggregate.operand, value))
                    }
                    None => "row".to_owned(),
                };
                items.push(Item::Member { text, items: inner });
            }
        }
        let rest = total.count.saturating_sub(total.members.len());
        if rest > 0 {
            items.push(Item::Remark(format!("… and {rest} more rows")));
        }
        items
    }

    fn wording<'w>(&self, variables: &'w [Variable], values: &'w [Option<Code>]) -> Wording<'w>
    where
        'a: 'w,
    {
        Wording {
            program: self.case.program,
            dictionary: self.case.dictionary,
            variables,
            values,
        }
    }

    fn place(&self, rule: RuleId) -> String {
        let at = self.texts.locate(self.case.program[rule].span);
        format!("{}:{}", at.file, at.line)
    }

    fn state(&self, ground: &Ground, notes: &mut Vec<String>) {
        match ground {
            Ground::Text(rule) => notes.push(self.place(*rule)),
            Ground::Data => notes.push("stated in the data".to_owned()),
            Ground::Claims(claims) => {
                let (known, sources) = (self.case.claims, self.case.sources);
                let groups = testimonies(known, sources, self.tables, claims);
                let strongest = groups.first().map(|group| &known[group.claim]);
                if let Some(claim) = strongest
                    && claim.interval != Interval::ALWAYS
                {
                    notes.push(claim.interval.to_string());
                }
                let said: Vec<String> =
                    groups.iter().map(|group| self.claim(group.claim)).collect();
                notes.push(said.join(" · "));
                match claims.len() - groups.len() {
                    0 => {}
                    1 => notes.push("+1 copy".to_owned()),
                    copies => notes.push(format!("+{copies} copies")),
                }
                if let Some(claim) = strongest {
                    notes.push(format!("{}:{}", claim.file, claim.line));
                }
            }
        }
    }

    /// `[c112] advisory X4 (A2)`.
    fn claim(&self, claim: ClaimId) -> String {
        let claim = &self.case.claims[claim];
        let sources = self.case.sources;
        let grade = claim.grade(sources);
        match claim.source.map(|source| &sources[source]) {
            Some(source) if source.kind.is_empty() => {
                format!("[{}] {} ({grade})", claim.id, source.id)
            }
            Some(source) => {
                format!("[{}] {} {} ({grade})", claim.id, source.kind, source.id)
            }
            None => format!("[{}] no source ({grade})", claim.id),
        }
    }
}
