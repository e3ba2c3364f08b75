//! A comparison as it is given: hypotheses in rows, evidence in columns.

use super::contenders::{Entry, Laid};
use super::error::Error;
use super::explained::Pattern;
use super::loaded::Session;
use crate::explain::{Fact, fact_text, pattern_text};
use crate::hypothesis::compare::{Cell, Contender, Evidence, Score, Subject, Table, diagnosticity};
use rustc_hash::FxHashSet;
use serde::Serialize;

/// Hypotheses and the evidence that tells them apart.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Least contradicted first; those that cannot be compared last.
    pub hypotheses: Vec<Row>,
    /// What tells most apart first, weighed; then by id.
    pub evidence: Vec<Column>,
    /// For each two hypotheses the evidence on which they differ, most telling first.
    pub pairs: Vec<Pair>,
    /// Smallest sets of changes that put another hypothesis first: ids to withdraw, `+fact` to find.
    pub flip_sets: Vec<Vec<String>>,
    /// The same sets, each with who is first then.
    pub flips: Vec<Flip>,
    /// Sets of changes up to this size were all tried: withdrawals of evidence, and findings.
    pub flip_bound: usize,
    /// Facts whose finding was tried: those that hypotheses assume, and those that would make one hold.
    pub flip_findings: usize,
    /// The hypothesis that is ahead of all others; `null` when several are level.
    pub leader: Option<String>,
    pub warnings: Vec<String>,
    pub planted: Vec<String>,
    /// Whether all evidence is there that has a part in a support, or on which a goal turns otherwise.
    pub complete: bool,
    #[serde(skip)]
    pub(super) staged: Vec<Needs>,
}

impl Comparison {
    /// Whether every hypothesis that was named could be compared.
    pub fn is_whole(&self) -> bool {
        self.hypotheses.iter().all(|row| row.error.is_none())
    }
}

/// One hypothesis.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub title: Option<String>,
    pub goals: Vec<String>,
    pub holds: bool,
    /// From 1; equals share one. `null`: it cannot be compared.
    pub rank: Option<usize>,
    /// Weights of the evidence against it, copies counted once.
    pub inconsistency: f64,
    /// That of its weakest goal.
    pub strength: f64,
    /// Facts that would have to be found.
    pub assumes: Vec<String>,
    /// Claims that it takes to be false.
    pub rejects: Vec<String>,
    /// Constraints that its world violates and the case does not.
    pub violates: usize,
    /// Why it cannot be compared.
    pub error: Option<String>,
    pub notes: Vec<String>,
}

/// One piece of evidence.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its id, when it is a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Its id, when it is a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What it is called in the matrix, when it is neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it says; of a source, how much.
    pub says: String,
    pub grade: Option<String>,
    pub weight: f64,
    /// By hypothesis: `falls`, `weakens`, `stands` or `helped` without it; or as judged, `CC` to `II`.
    pub cells: serde_json::Map<String, serde_json::Value>,
    /// Hypotheses whose cell a person judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<String>,
    /// 0: it treats all alike; 2 at most.
    pub diagnosticity: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub between: [String; 2],
    pub evidence: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    pub change: Vec<String>,
    /// Who is first then; `None` where several are, or none holds.
    pub leader: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub none_holds: bool,
}

/// What a hypothesis needs that is not known, for what to collect.
#[derive(Clone, Debug)]
pub(super) struct Needs {
    pub name: String,
    pub assumes: Vec<Fact>,
    /// Sets of facts that would make it hold.
    pub would_hold_with: Vec<Vec<Fact>>,
}

impl Session {
    pub(super) fn row(
        &self,
        entry: &Entry,
        laid: &Laid,
        goals: &[Pattern],
        contender: &Contender<Error>,
        score: &Score,
        rank: Option<usize>,
    ) -> Row {
        let program = laid.world.program();
        let text = |fact: &Fact| fact_text(program, self.dictionary(), fact);
        let mut assumes: Vec<String> = contender.assumed.iter().map(text).collect();
        assumes.sort();
        let mut rejects: Vec<String> = contender
            .rejects
            .iter()
            .map(|&claim| self.claim_text(claim))
            .collect();
        rejects.sort();
        rejects.dedup();
        Row {
            name: entry.name.clone(),
            title: entry.title.clone(),
            goals: goals
                .iter()
                .map(|goal| pattern_text(program, self.dictionary(), goal.relation, &goal.codes))
                .collect(),
            holds: score.stand.holds,
            rank,
            inconsistency: rounded(score.inconsistency),
            strength: rounded(score.stand.strength),
            assumes,
            rejects,
            violates: score.stand.violated,
            error: None,
            notes: laid.notes.clone(),
        }
    }

    pub(super) fn subject_text(&self, evidence: &Evidence) -> String {
        match &evidence.subject {
            Subject::Claim(claim) => self.claim_text(*claim),
            Subject::Root(source) => self.source_register()[*source].id.to_string(),
            Subject::Label(label) => label.clone(),
        }
    }

    pub(super) fn columns(&self, names: &[&str], table: &Table) -> Vec<Column> {
        let mut ranked: Vec<(f64, String, &Evidence)> = table
            .evidence
            .iter()
            .map(|one| (diagnosticity(one) * one.weight, self.subject_text(one), one))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let columns = ranked.into_iter();
        columns
            .map(|(_, id, one)| self.column_of(id, names, one))
            .collect()
    }

    fn column_of(&self, id: String, names: &[&str], evidence: &Evidence) -> Column {
        let (mut claim, mut source, mut label) = (None, None, None);
        let (says, grade) = match &evidence.subject {
            Subject::Claim(of) => {
                claim = Some(id);
                let of = &self.claims().get(*of);
                let fact = self.fact_text(&Fact::new(of.relation, of.row));
                let says = match of.stance {
                    crate::evidence::Stance::Supports => fact,
                    crate::evidence::Stance::Disputes => format!("not {fact}"),
                };
                (says, Some(of.grade(self.source_register()).to_string()))
            }
            Subject::Root(of) => {
                source = Some(id);
                let ids: FxHashSet<&str> = evidence
                    .claims
                    .iter()
                    .map(|&claim| self.claims().get(claim).id)
                    .collect();
                let says = crate::analysis::findings::counted(ids.len(), "claim");
                (
                    says,
                    Some(self.source_register()[*of].reliability.to_string()),
                )
            }
            Subject::Label(_) => {
                label = Some(id);
                (String::new(), None)
            }
        };
        let cells = names.iter().zip(&evidence.cells);
        Column {
            claim,
            source,
            label,
            says,
            grade,
            weight: rounded(evidence.weight),
            judged: cells
                .clone()
                .filter(|(_, cell)| matches!(cell, Cell::Judged(_)))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            cells: cells
                .map(|(name, cell)| ((*name).to_owned(), cell.word().into()))
                .collect(),
            diagnosticity: rounded(diagnosticity(evidence)),
        }
    }

    pub(super) fn pairs(&self, names: &[&str], table: &Table) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for one in 0..names.len() {
            for other in one + 1..names.len() {
                let mut telling: Vec<(f64, String)> = table
                    .evidence
                    .iter()
                    .map(|evidence| {
                        let apart =
                            (evidence.cells[one].value() - evidence.cells[other].value()).abs();
                        (apart * evidence.weight, self.subject_text(evidence))
                    })
                    .filter(|(apart, _)| *apart > 0.0)
                    .collect();
                telling.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
                pairs.push(Pair {
                    between: [names[one].to_owned(), names[other].to_owned()],
                    evidence: telling.into_iter().map(|(_, id)| id).collect(),
                });
            }
        }
        pairs
    }
}

impl Row {
    /// Why it cannot be compared, in a line.
    pub(super) fn failure(&self) -> Option<&str> {
        let first = self.error.as_ref()?.lines().next().unwrap_or_default();
        let coded = first.strip_prefix("error[");
        let reason = coded.and_then(|rest| rest.split_once("]: "));
        Some(reason.map_or(first, |(_, reason)| reason))
    }

    pub(super) fn failed(name: &str, title: Option<String>, reason: &str) -> Row {
        Row {
            name: name.to_owned(),
            title,
            goals: Vec::new(),
            holds: false,
            rank: None,
            inconsistency: 0.0,
            strength: 0.0,
            assumes: Vec::new(),
            rejects: Vec::new(),
            violates: 0,
            error: Some(reason.trim_end().to_owned()),
            notes: Vec::new(),
        }
    }
}

impl Column {
    pub fn id(&self) -> &str {
        let names = [&self.claim, &self.source, &self.label];
        names
            .into_iter()
            .flatten()
            .next()
            .map_or("", String::as_str)
    }
}

/// To three digits behind the point, so that sums do not show how they were made.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
