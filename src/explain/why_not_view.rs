//! Near misses as JSON and as a tree of lines.

use super::case::Case;
use super::facts::Fact;
use super::json::PlaceView;
use super::text::{Wording, fact_text, pattern_text};
use super::tree::{Line, LineKind, Tree};
use super::why_not::{Failing, Miss, Reason};
use crate::analysis::checked::{LiteralKind, RelationId};
use crate::evidence::{ClaimId, Stance};
use crate::io::format_value;
use crate::storage::Code;
use crate::storage::pattern::agrees;
use crate::syntax::source::SourceMap;
use serde::Serialize;

/// A rule that nearly concludes a fact.
#[derive(Clone, Debug, Serialize)]
pub struct MissView {
    pub rule: PlaceView,
    /// What holds of its body.
    pub holding: Vec<String>,
    pub failing: Vec<FailingView>,
    /// Where nothing fails: what keeps the conclusion out, as `lost to …` or `dominated by …`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beaten_by: Vec<String>,
    /// Where all holds, but never on one day, which is asked for: when those of its conditions hold that do not always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_at_once: Option<Vec<HeldView>>,
    /// Literals that could not be asked, as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// Other ways in which the same literals fail, as far as they were counted.
    pub others: usize,
}

/// A condition and its times.
#[derive(Clone, Debug, Serialize)]
pub struct HeldView {
    pub literal: String,
    /// As `2018 … 2020-06` or `since 2021`, the earliest first.
    pub times: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailingView {
    /// The literal with its values.
    pub literal: String,
    /// `absent`: no such row. `present`: it must not be there. `false`: it does not hold for these values.
    pub kind: &'static str,
    /// Facts that hold and differ in one argument.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
    /// Of an aggregate: the value it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// Claims that state it and do not count here, as far as they were looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<String>,
    /// Claims that state it and are rejected, with who says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<String>,
    /// Every way to it leads through what is asked about above it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub circular: bool,
    /// What is nearest to it in its turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<MissView>,
}

impl Case<'_> {
    pub fn miss_view(&self, miss: &Miss, texts: &SourceMap) -> MissView {
        let at = texts.locate(self.program[miss.rule].span);
        let body = &self.program[miss.rule].body;
        MissView {
            rule: PlaceView {
                file: at.file.to_string(),
                line: at.line,
            },
            holding: miss
                .holding
                .iter()
                .filter_map(|&literal| self.literal_text(miss, literal))
                .collect(),
            failing: miss
                .failing
                .iter()
                .map(|failing| self.failing_view(miss, failing, texts))
                .collect(),
            beaten_by: miss
                .beaten_by
                .iter()
                .map(|rival| self.beaten_text(rival))
                .collect(),
            never_at_once: miss.never_at_once.as_ref().map(|held| {
                let held = held.iter().filter_map(|(literal, times)| {
                    Some(HeldView {
                        literal: self.literal_text(miss, *literal)?,
                        times: times.iter().map(ToString::to_string).collect(),
                    })
                });
                held.collect()
            }),
            open: miss
                .open
                .iter()
                .map(|&literal| texts.slice(body[literal].span).to_owned())
                .collect(),
            others: miss.others,
        }
    }

    fn failing_view(&self, miss: &Miss, failing: &Failing, texts: &SourceMap) -> FailingView {
        let literal = self.literal_text(miss, failing.literal).unwrap_or_else(|| {
            let body = &self.program[miss.rule].body;
            texts.slice(body[failing.literal].span).to_owned()
        });
        let fact = |fact| fact_text(self.program, self.dictionary, fact);
        let mut view = FailingView {
            literal,
            kind: "false",
            nearest: Vec::new(),
            is: None,
            set_aside: Vec::new(),
            rejected: Vec::new(),
            circular: false,
            near: Vec::new(),
        };
        match &failing.reason {
            Reason::Absent {
                nearest,
                below,
                relation,
                pattern,
                circular,
            } => {
                view.kind = "absent";
                view.circular = *circular;
                if let Some(row) = pattern.iter().copied().collect::<Option<Vec<_>>>() {
                    let rejected = self.rejected(&Fact::new(*relation, &row));
                    view.rejected = rejected
                        .into_iter()
                        .map(|(claim, judgement)| {
                            format!("claim {}, by {judgement}", self.claims.get(claim).id)
                        })
                        .collect();
                }
                view.set_aside = self.set_aside(*relation, pattern);
                view.nearest = nearest.iter().map(fact).collect();
                view.near = below
                    .iter()
                    .map(|miss| self.miss_view(miss, texts))
                    .collect();
            }
            Reason::Present(found) => {
                view.kind = "present";
                view.literal = fact(found);
            }
            Reason::Total(value) => {
                let rule = &self.program[miss.rule];
                if let LiteralKind::Aggregate(aggregate) = &rule.body[failing.literal].kind {
                    let ty = rule.variables[aggregate.result.index()].ty;
                    view.is =
                        value.map(|code| format_value(self.dictionary, self.program, ty, code));
                }
            }
            Reason::False => {}
        }
        view
    }

    /// Claims that state what agrees with a pattern and do not count here, for other reasons than that they are rejected.
    fn set_aside(&self, relation: RelationId, pattern: &[Option<Code>]) -> Vec<String> {
        const SHOWN: usize = 3;
        const LOOKED_AT: usize = 100_000;
        if self.claims.all_stand() {
            return Vec::new();
        }
        let states = |claim: &ClaimId| {
            let claim = self.claims.get(*claim);
            claim.stance == Stance::Supports
                && claim.relation == relation
                && agrees(pattern, claim.row)
        };
        let counts = |claim: &ClaimId| {
            let claim = self.claims.get(*claim);
            let fact = Fact::new(claim.relation, claim.row);
            !self
                .rejected(&fact)
                .iter()
                .any(|(_, judgement)| *judgement.claim == *claim.id)
        };
        let withdrawn = self.claims.withdrawn().into_iter().take(LOOKED_AT);
        let found = withdrawn.filter(states).filter(counts).take(SHOWN);
        found
            .map(|claim| self.claims.get(claim).id.to_string())
            .collect()
    }

    /// A literal with the values of a near miss; `None` when it tells nothing.
    fn literal_text(&self, miss: &Miss, at: usize) -> Option<String> {
        let rule = &self.program[miss.rule];
        let wording = Wording {
            program: self.program,
            dictionary: self.dictionary,
            variables: &rule.variables,
            values: &miss.values,
        };
        let pattern = |atom| super::terms::pattern(atom, &miss.values, self.dictionary);
        match &rule.body[at].kind {
            LiteralKind::Atom(atom) => Some(pattern_text(
                self.program,
                self.dictionary,
                atom.relation,
                &pattern(atom),
            )),
            LiteralKind::Negated(atom) => {
                let text =
                    pattern_text(self.program, self.dictionary, atom.relation, &pattern(atom));
                Some(format!("no {text}"))
            }
            LiteralKind::Aggregate(aggregate) => {
                let result = miss.values[aggregate.result.index()]?;
                Some(wording.total(aggregate, result))
            }
            _ => wording.constraint(&rule.body[at]),
        }
    }
}

/// Near misses as lines below a first one.
pub fn miss_tree(first: String, misses: &[MissView]) -> Tree {
    let mut lines = vec![Line {
        branch: String::new(),
        text: first,
        notes: Vec::new(),
        kind: LineKind::Remark,
    }];
    let mut open: Vec<(Item, String, bool)> = Vec::new();
    push(&mut open, misses.iter().map(Item::Miss).collect(), "");
    while let Some((item, trunk, last)) = open.pop() {
        let (branch, below) = match last {
            true => (format!("{trunk}└─ "), format!("{trunk}   ")),
            false => (format!("{trunk}├─ "), format!("{trunk}│  ")),
        };
        let (text, notes, kind, items) = line(&item);
        lines.push(Line {
            branch,
            text,
            notes,
            kind,
        });
        push(&mut open, items, &below);
    }
    Tree {
        lead: String::new(),
        lines,
    }
}

enum Item<'v> {
    Miss(&'v MissView),
    Holding(&'v str, Option<&'v HeldView>),
    Failing(&'v FailingView),
    Beaten(&'v str),
    Open(&'v str),
}

fn push<'v>(open: &mut Vec<(Item<'v>, String, bool)>, items: Vec<Item<'v>>, trunk: &str) {
    let count = items.len();
    for (at, item) in items.into_iter().enumerate().rev() {
        open.push((item, trunk.to_owned(), at + 1 == count));
    }
}

fn line<'v>(item: &Item<'v>) -> (String, Vec<String>, LineKind, Vec<Item<'v>>) {
    match item {
        Item::Miss(miss) => {
            let fails = miss.failing.len() + miss.open.len();
            let text = match fails {
                0 if miss.never_at_once.is_some() => {
                    "all of its conditions hold, but never on one day".to_owned()
                }
                0 if miss.beaten_by.is_empty() => {
                    "its body holds: a choice or a subsumption drops what it concludes".to_owned()
                }
                0 => "its body holds, and another row keeps the conclusion out".to_owned(),
                1 => "one condition fails".to_owned(),
                fails => format!("{fails} conditions fail"),
            };
            let mut notes = vec![format!("{}:{}", miss.rule.file, miss.rule.line)];
            match miss.others {
                0 => {}
                1 => notes.push("and 1 other way".to_owned()),
                others => notes.push(format!("and {others} other ways at least")),
            }
            let items = miss
                .holding
                .iter()
                .map(|text| {
                    let mut dated = miss.never_at_once.iter().flatten();
                    Item::Holding(text, dated.find(|held| held.literal == *text))
                })
                .chain(miss.failing.iter().map(Item::Failing))
                .chain(miss.beaten_by.iter().map(|text| Item::Beaten(text)))
                .chain(miss.open.iter().map(|text| Item::Open(text)))
                .collect();
            (text, notes, LineKind::Remark, items)
        }
        Item::Holding(text, held) => (
            format!("✓ {text}"),
            held.iter().map(|held| times(&held.times)).collect(),
            LineKind::Stated,
            Vec::new(),
        ),
        Item::Beaten(text) => (
            format!("✗ {text}"),
            Vec::new(),
            LineKind::Condition,
            Vec::new(),
        ),
        Item::Open(text) => (
            format!("? {text}"),
            vec!["depends on what fails".to_owned()],
            LineKind::Remark,
            Vec::new(),
        ),
        Item::Failing(failing) => {
            let text = match failing.kind {
                "absent" => format!("✗ no {}", failing.literal),
                "present" => format!("✗ {} must not hold, and does", failing.literal),
                _ => match &failing.is {
                    Some(value) => format!("✗ {} is false: it is {value}", failing.literal),
                    None => format!("✗ {} is false", failing.literal),
                },
            };
            let mut notes: Vec<String> = failing
                .rejected
                .iter()
                .map(|rejected| format!("rejected: {rejected}"))
                .collect();
            if !failing.set_aside.is_empty() {
                notes.push(format!(
                    "stated by {}, which does not count here",
                    failing.set_aside.join(", ")
                ));
            }
            if failing.circular {
                notes.push("which follows only from what is asked about: a circle".to_owned());
            }
            if !failing.nearest.is_empty() {
                notes.push(format!("there is {}", failing.nearest.join(", ")));
            }
            let items = failing.near.iter().map(Item::Miss).collect();
            (text, notes, LineKind::Condition, items)
        }
    }
}

/// The first few times.
fn times(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all[..all.len().min(SHOWN)].join(", ");
    match all.len() > SHOWN {
        true => format!("{shown}, …"),
        false => shown,
    }
}
