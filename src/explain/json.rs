//! Explanations as JSON. A proof is a flat list of nodes that name each other by number, so that no depth is too deep to write or read.

use super::case::{Case, Ground};
use super::phrases::gap_text;
use super::proof::{Basis, Node, NodeId, Premise, Proof, Total};
use super::supports::Support;
use super::text::{Wording, fact_text, pattern_text, sentence};
use super::tree::Locate;
use crate::analysis::checked::{Literal, LiteralKind, RuleId, Variable};
use crate::evidence::{ClaimId, Combination, GradeTables};
use crate::storage::Code;
use crate::syntax::source::SourceMap;
use serde::Serialize;

/// `nodes[root]` is the conclusion; `nodes[i].id` is `i`.
#[derive(Debug, Serialize)]
pub struct ProofView {
    pub root: u32,
    pub nodes: Vec<NodeView>,
}

#[derive(Debug, Serialize)]
pub struct NodeView {
    pub id: u32,
    pub fact: String,
    /// `claims`, `text`, `assumed`, `data`, `derived`, `equivalent` or `open`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disputed_by: Vec<ClaimView>,
    /// Where a fact of plain data stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<PlaceView>,
    /// Claims that state it and are rejected, each with who says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedView>,
    /// Of a derived fact the rule, of a fact in rule text its place, of a stated one a rule that derives it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<PlaceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub premises: Vec<PremiseView>,
    /// Why an open node is not explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct RejectedView {
    pub claim: String,
    pub judgement: String,
    pub author: String,
    pub date: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlaceView {
    pub file: String,
    pub line: u32,
}

impl PlaceView {
    /// `file:line`
    fn read(place: &str) -> Option<PlaceView> {
        let (file, line) = place.rsplit_once(':')?;
        Some(PlaceView {
            file: file.to_owned(),
            line: line.parse().ok()?,
        })
    }
}

#[derive(Debug, Serialize)]
pub struct ClaimView {
    pub id: String,
    pub source: Option<String>,
    /// `A2`.
    pub grade: String,
    pub strength: f64,
    pub from: Option<String>,
    pub to: Option<String>,
    pub file: String,
    pub line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PremiseView {
    Fact {
        node: u32,
    },
    /// A pair of a chain, walked backwards when `reversed`.
    Link {
        node: u32,
        reversed: bool,
    },
    Absent {
        pattern: String,
        among: usize,
        text: String,
    },
    Holds {
        text: String,
    },
    /// A row that follows as well, and that a choice or a subsumption dropped for this one.
    Beats {
        fact: String,
        text: String,
    },
    Aggregate {
        text: String,
        result: String,
        count: usize,
        rows: Vec<MemberView>,
    },
}

#[derive(Debug, Serialize)]
pub struct MemberView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub premises: Vec<PremiseView>,
}

/// One of the `supports` of `why`.
#[derive(Debug, Serialize)]
pub struct SupportView {
    /// Ids of claims; what no claim states as [`Case::statement_text`] has it.
    pub claims: Vec<String>,
    pub conditions: Vec<String>,
    pub strength: f64,
    pub weakest: Option<String>,
    /// The days in which all of it holds; `null` is open. Both are `null` when there are none.
    pub from: Option<String>,
    pub to: Option<String>,
    pub disjoint: bool,
    /// Days between the two claims that are furthest apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_days: Option<i64>,
}

impl Case<'_> {
    pub fn support_view(&self, support: &Support, by: Combination) -> SupportView {
        let interval = support.interval.ok();
        SupportView {
            claims: support
                .statements
                .iter()
                .map(|statement| self.statement_text(statement))
                .collect(),
            conditions: support
                .conditions
                .iter()
                .map(|condition| self.condition_text(condition))
                .collect(),
            strength: match by {
                Combination::Min => support.strength,
                // Each of its claims is right: chances that do not depend on each other.
                Combination::Product | Combination::Probability => support.product,
            },
            weakest: support
                .weakest
                .map(|claim| self.claims.get(claim).id.to_string()),
            from: interval.and_then(|days| Some(days.first_day()?.to_string())),
            to: interval.and_then(|days| Some(days.last_day()?.to_string())),
            disjoint: interval.is_none(),
            gap_days: support
                .interval
                .err()
                .map(|disjoint| disjoint.gap_in_days()),
        }
    }

    /// `locate` tells where a fact of plain data stands, as `file:line`.
    pub fn proof_view(
        &self,
        proof: &Proof,
        texts: &SourceMap,
        tables: &GradeTables,
        locate: &Locate,
    ) -> ProofView {
        let nodes = proof
            .nodes()
            .map(|(id, node)| {
                let view = self.node_view(id, node, texts, tables);
                match view.kind {
                    "data" => NodeView {
                        at: locate(&node.fact).and_then(|place| PlaceView::read(&place)),
                        ..view
                    },
                    _ => view,
                }
            })
            .collect();
        ProofView {
            root: NodeId::ROOT.0,
            nodes,
        }
    }

    fn node_view(
        &self,
        id: NodeId,
        node: &Node,
        texts: &SourceMap,
        tables: &GradeTables,
    ) -> NodeView {
        let claims = |of: &[ClaimId]| of.iter().map(|&id| self.claim_view(id, tables)).collect();
        let place = |rule: RuleId| self.place_view(rule, texts);
        let mut view = NodeView {
            id: id.0,
            fact: fact_text(self.program, self.dictionary, &node.fact),
            kind: "open",
            claims: Vec::new(),
            disputed_by: claims(&node.disputing),
            at: None,
            rejected: self
                .rejected(&node.fact)
                .into_iter()
                .map(|(claim, judgement)| RejectedView {
                    claim: self.claims.get(claim).id.to_string(),
                    judgement: judgement.id.to_string(),
                    author: judgement.author.to_string(),
                    date: judgement.date.to_string(),
                })
                .collect(),
            rule: None,
            say: None,
            premises: Vec::new(),
            reason: None,
        };
        match &node.basis {
            Basis::Stated { ground, also } => {
                view.rule = also.map(place);
                match ground {
                    Ground::Claims(of) => {
                        view.kind = "claims";
                        view.claims = claims(of);
                    }
                    Ground::Text(rule) => {
                        view.kind = "text";
                        view.rule = Some(place(*rule));
                    }
                    Ground::Assumed => view.kind = "assumed",
                    Ground::Data => view.kind = "data",
                }
            }
            Basis::Derived(derivation) => {
                let rule = &self.program[derivation.rule];
                view.kind = "derived";
                view.rule = Some(place(derivation.rule));
                view.say = sentence(self.program, self.dictionary, rule, &derivation.values);
                view.premises = self.premise_views(
                    &rule.body,
                    &derivation.premises,
                    &rule.variables,
                    &derivation.values,
                );
                view.premises
                    .extend(node.beats.iter().map(|rival| PremiseView::Beats {
                        fact: fact_text(self.program, self.dictionary, &rival.fact),
                        text: self.beats_text(rival),
                    }));
            }
            Basis::Equivalent(links) => {
                view.kind = "equivalent";
                view.premises = links
                    .iter()
                    .map(|link| PremiseView::Link {
                        node: link.pair.0,
                        reversed: link.reversed,
                    })
                    .collect();
            }
            Basis::Open(gap) => view.reason = Some(gap_text(*gap)),
        }
        view
    }

    fn place_view(&self, rule: RuleId, texts: &SourceMap) -> PlaceView {
        let at = texts.locate(self.program[rule].span);
        PlaceView {
            file: at.file.to_string(),
            line: at.line,
        }
    }

    pub fn claim_view(&self, id: ClaimId, tables: &GradeTables) -> ClaimView {
        let claim = self.claims.get(id);
        let grade = claim.grade(self.sources);
        ClaimView {
            id: claim.id.to_string(),
            source: claim
                .source
                .map(|source| self.sources[source].id.to_string()),
            grade: grade.to_string(),
            strength: tables.strength(grade),
            from: claim.interval.from().map(|date| date.to_string()),
            to: claim.interval.to().map(|date| date.to_string()),
            file: claim.file.to_string(),
            line: claim.line,
            note: claim.note.as_ref().map(|note| note.to_string()),
        }
    }

    fn premise_views(
        &self,
        body: &[Literal],
        premises: &[Premise],
        variables: &[Variable],
        values: &[Option<Code>],
    ) -> Vec<PremiseView> {
        let wording = Wording {
            program: self.program,
            dictionary: self.dictionary,
            variables,
            values,
        };
        body.iter()
            .zip(premises)
            .filter_map(|(literal, premise)| match (premise, &literal.kind) {
                (Premise::Fact(node), _) => Some(PremiseView::Fact { node: node.0 }),
                (
                    Premise::Absent {
                        relation,
                        pattern,
                        among,
                    },
                    _,
                ) => Some(PremiseView::Absent {
                    pattern: pattern_text(self.program, self.dictionary, *relation, pattern),
                    among: *among,
                    text: self.absence(*relation, pattern, *among),
                }),
                (Premise::Aggregate(total), LiteralKind::Aggregate(aggregate)) => {
                    let ty = variables[aggregate.result.index()].ty;
                    Some(PremiseView::Aggregate {
                        text: wording.total(aggregate, total.result),
                        result: wording.value(ty, total.result),
                        count: total.count,
                        rows: self.member_views(total, aggregate, variables),
                    })
                }
                _ => wording
                    .constraint(literal)
                    .map(|text| PremiseView::Holds { text }),
            })
            .collect()
    }

    fn member_views(
        &self,
        total: &Total,
        aggregate: &crate::analysis::checked::Aggregate,
        variables: &[Variable],
    ) -> Vec<MemberView> {
        total
            .members
            .iter()
            .map(|member| MemberView {
                value: member.value.map(|value| {
                    crate::io::value::quote_value(
                        self.dictionary,
                        self.program,
                        aggregate.operand,
                        value,
                    )
                }),
                premises: self.premise_views(
                    &aggregate.body,
                    &member.premises,
                    variables,
                    &member.values,
                ),
            })
            .collect()
    }
}
