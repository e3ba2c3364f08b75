//! A proof as a tree of lines. Lines are data: whoever prints them may align, colour or cut them.

use super::case::{Case, Ground};
use super::facts::Fact;
use super::phrases::gap_text;
use super::plain::plain_nodes;
use super::proof::{Basis, Derivation, NodeId, Premise, Proof, Total};
use super::testimony::testimonies;
use super::text::{Wording, fact_text, sentence};
use crate::analysis::checked::{Aggregate, Literal, LiteralKind, RuleId, Term, Variable};
use crate::evidence::{ClaimId, GradeTables, Interval};
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use crate::syntax::source::SourceMap;
use rustc_hash::FxHashSet;

/// Tells where a plain fact stands, as `file:line`.
pub type Locate<'a> = dyn Fn(&Fact) -> Option<String> + 'a;

/// How much of a proof is drawn. What is left out for its size is said.
#[derive(Clone, Copy)]
pub struct TreeOptions<'a> {
    /// Levels below the root.
    pub depth: usize,
    pub lines: usize,
    /// Draw every step. Otherwise what rests on plain data alone, in a case of claims, is one line, and comparisons that
    /// the facts beside them tell are left to the rule.
    pub full: bool,
    /// Where a fact of plain data stands, as `file:line`.
    pub locate: Option<&'a Locate<'a>>,
    /// Claims that stand for the others of their fact, copies of one report included; elsewhere the strongest do.
    pub by: &'a [ClaimId],
}

impl Default for TreeOptions<'_> {
    fn default() -> Self {
        TreeOptions {
            depth: 60,
            lines: 2000,
            full: false,
            locate: None,
            by: &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Who speaks: `By these claims and rules: `. Stands in front of the first line.
    pub lead: String,
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

/// Places named for a step whose facts stand at several.
const PLACES: usize = 2;

impl Case<'_> {
    /// Draws a proof. A fact that is needed twice is explained where it comes first.
    pub fn tree(
        &self,
        proof: &Proof,
        texts: &SourceMap,
        tables: &GradeTables,
        options: &TreeOptions<'_>,
    ) -> Tree {
        Artist {
            plain: match options.full {
                true => vec![false; proof.len()],
                false => plain_nodes(self, proof, texts),
            },
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
    /// Of values that stand in the facts beside it. Of a rule, its line tells it.
    Comparison(String),
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
    options: &'a TreeOptions<'a>,
    /// Nodes of no more than one line.
    plain: Vec<bool>,
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
        Tree {
            lead: self.lead().to_owned(),
            lines: self.lines,
        }
    }

    /// Nothing is asserted in our own voice.
    fn lead(&self) -> &'static str {
        let claimed = self.proof.nodes().any(|(_, node)| {
            matches!(
                &node.basis,
                Basis::Stated {
                    ground: Ground::Claims(_),
                    ..
                }
            )
        });
        let assumed = self.proof.nodes().any(|(_, node)| {
            matches!(
                &node.basis,
                Basis::Stated {
                    ground: Ground::Assumed,
                    ..
                }
            )
        });
        match (&self.proof.root().basis, claimed) {
            (Basis::Stated { .. }, _) if assumed => "For the sake of argument: ",
            (Basis::Derived(_) | Basis::Equivalent(_), true) if assumed => {
                "By these claims, rules and assumptions: "
            }
            (Basis::Derived(_) | Basis::Equivalent(_), false) if assumed => {
                "By these facts, rules and assumptions: "
            }
            (Basis::Stated { .. }, true) => "As claimed: ",
            (Basis::Stated { .. }, false) => "As stated: ",
            (Basis::Derived(_) | Basis::Equivalent(_), true) => "By these claims and rules: ",
            (Basis::Derived(_) | Basis::Equivalent(_), false) => "By these facts and rules: ",
            (Basis::Open(_), _) => "",
        }
    }

    /// Draws one line and gives the items below it.
    fn line(&mut self, item: Item<'a>, branch: String) -> Vec<Item<'a>> {
        let (text, notes, kind, items) = match item {
            Item::Node(id) => return self.node(id, branch),
            Item::Text(text) | Item::Comparison(text) => {
                (text, Vec::new(), LineKind::Condition, Vec::new())
            }
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
        let short = self.plain[id.index()] && id != NodeId::ROOT;
        let kind = match &node.basis {
            Basis::Stated { ground, also } => {
                self.state(&node.fact, ground, &mut notes);
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
                if let Some(said) = said.filter(|_| !(short && again)) {
                    if id == NodeId::ROOT {
                        text = said;
                    } else {
                        notes.push(said);
                    }
                }
                if again {
                    notes.push("shown above".to_owned());
                } else if short {
                    notes.extend(self.places_below(id));
                } else {
                    notes.extend(self.comparisons(derivation));
                    notes.push(self.place(derivation.rule));
                    items = self.premises(derivation);
                    let beaten = node.beats.iter().map(|rival| self.case.beats_text(rival));
                    items.extend(beaten.map(Item::Text));
                }
                LineKind::Derived
            }
            Basis::Equivalent(links) => {
                if again {
                    notes.push("shown above".to_owned());
                } else if short {
                    notes.extend(self.places_below(id));
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
        for (claim, judgement) in self.case.rejected(&node.fact) {
            notes.push(format!("{} rejected by {judgement}", self.claim(claim)));
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
        let mut items = self.items(
            &rule.body,
            &derivation.premises,
            &rule.variables,
            &derivation.values,
        );
        if !self.options.full {
            items.retain(|item| !matches!(item, Item::Comparison(_)));
        }
        items
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
                (_, kind) => {
                    let item = match compares_values(kind) {
                        true => Item::Comparison,
                        false => Item::Text,
                    };
                    items.extend(
                        self.wording(variables, values)
                            .constraint(literal)
                            .map(item),
                    );
                }
            }
        }
        items
    }

    /// What is compared without being computed, for the line of the rule: `where 2016 <= 2018`. That two names differ
    /// is to be seen.
    fn comparisons(&self, derivation: &Derivation) -> Option<String> {
        if self.options.full {
            return None;
        }
        let rule = &self.case.program[derivation.rule];
        let wording = Wording {
            program: self.case.program,
            dictionary: self.case.dictionary,
            variables: &rule.variables,
            values: &derivation.values,
        };
        let compared: Vec<String> = rule
            .body
            .iter()
            .filter(|literal| {
                let differs = matches!(
                    literal.kind,
                    LiteralKind::Compare {
                        op: CompareOp::Ne,
                        ..
                    }
                );
                compares_values(&literal.kind) && !differs
            })
            .filter_map(|literal| wording.constraint(literal))
            .collect();
        (!compared.is_empty()).then(|| format!("where {}", compared.join(", ")))
    }

    /// Where the facts stand that a node rests on.
    fn places_below(&self, id: NodeId) -> Option<String> {
        let mut places: Vec<String> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let node = self.proof.node(id);
            let place = match &node.basis {
                Basis::Stated {
                    ground: Ground::Text(rule),
                    ..
                } => Some(self.place(*rule)),
                Basis::Stated { .. } => self.locate(&node.fact),
                _ => None,
            };
            places.extend(place.filter(|place| !places.contains(place)));
            if places.len() > PLACES {
                places[PLACES] = "…".to_owned();
                break;
            }
            let mut premises = Vec::new();
            node.each_premise(&mut |premise| premises.push(premise));
            premises.retain(|&premise| seen.insert(premise));
            open.extend(premises.into_iter().rev());
        }
        (!places.is_empty()).then(|| places.join(", "))
    }

    fn locate(&self, fact: &Fact) -> Option<String> {
        self.options.locate.and_then(|locate| locate(fact))
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

    fn state(&self, fact: &Fact, ground: &Ground, notes: &mut Vec<String>) {
        match ground {
            Ground::Text(rule) => notes.push(self.place(*rule)),
            Ground::Assumed => notes.push("assumed".to_owned()),
            Ground::Data => {
                let place = self.locate(fact);
                notes.push(place.unwrap_or_else(|| "stated in the data".to_owned()));
            }
            Ground::Claims(claims) => {
                let (known, sources) = (self.case.claims, self.case.sources);
                let groups = testimonies(known, sources, self.tables, claims);
                let mut said: Vec<ClaimId> = groups.iter().map(|group| group.claim).collect();
                let is_wanted = |claim: &&ClaimId| {
                    let id = known.get(**claim).id;
                    self.options.by.iter().any(|&by| known.get(by).id == id)
                };
                if let Some(&claim) = claims.iter().find(is_wanted)
                    && let Some(at) = groups.iter().position(|group| group.has(claim))
                {
                    said[at] = claim;
                    said[..=at].rotate_right(1);
                }
                let first = said.first().map(|&claim| known.get(claim));
                if let Some(claim) = first
                    && claim.interval != Interval::ALWAYS
                {
                    notes.push(claim.interval.to_string());
                }
                let texts: Vec<String> = said.iter().map(|&claim| self.claim(claim)).collect();
                notes.push(texts.join(" · "));
                match claims.len() - groups.len() {
                    0 => {}
                    1 => notes.push("+1 copy".to_owned()),
                    copies => notes.push(format!("+{copies} copies")),
                }
                if let Some(claim) = first {
                    notes.push(format!("{}:{}", claim.file, claim.line));
                }
            }
        }
    }

    /// `[c112] advisory X4 (A2)`; with its note where that is all there is to say whose it is, or everything is drawn.
    fn claim(&self, claim: ClaimId) -> String {
        let claim = self.case.claims.get(claim);
        let sources = self.case.sources;
        let grade = claim.grade(sources);
        let said = match claim.source.map(|source| &sources[source]) {
            Some(source) if source.kind.is_empty() => {
                format!("[{}] {} ({grade})", claim.id, source.id)
            }
            Some(source) => {
                format!("[{}] {} {} ({grade})", claim.id, source.kind, source.id)
            }
            None => format!("[{}] no source ({grade})", claim.id),
        };
        match claim.note {
            Some(note) if self.options.full || claim.source.is_none() => {
                format!("{said}, \u{201c}{note}\u{201d}")
            }
            _ => said,
        }
    }
}

/// Whether a literal compares values that stand in the facts beside it, and computes none.
fn compares_values(literal: &LiteralKind) -> bool {
    let is_value = |term: &Term| matches!(term, Term::Var(_) | Term::Const(_));
    match literal {
        LiteralKind::Compare { left, right, .. } => is_value(left) && is_value(right),
        _ => false,
    }
}
