//! Rows that a choice or a subsumption weighs against each other: which one is there, which one it keeps out.

use super::case::Case;
use super::facts::Fact;
use super::lineage::Condition;
use super::meter::Meter;
use super::solve::Solver;
use super::terms::{Bindings, unify, value};
use super::text::fact_text;
use crate::analysis::checked::{Atom, Literal, LiteralKind, RelationId, Subsumption, Term};
use crate::storage::Code;
use rustc_hash::FxHashSet;

/// Of two rows of a relation only one can stay: this is the other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    pub fact: Fact,
    pub law: Law,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Law {
    /// `choice-domain`: one row for the values of these columns.
    Choice(Vec<usize>),
    /// The subsumption of this number dominates one by the other.
    Subsumption(usize),
}

/// Rivals named for one row.
const NAMED: usize = 3;

impl Case<'_> {
    /// Whether a row of the relation can be kept out by another one.
    pub(super) fn has_rivals(&self, fact: &Fact) -> bool {
        self.may_have_rivals(fact.relation)
    }

    pub(super) fn may_have_rivals(&self, relation: RelationId) -> bool {
        let mut subsumptions = self.program.subsumptions().iter();
        !self.program[relation].choice_domains.is_empty()
            || subsumptions.any(|rule| rule.relation == relation)
    }

    /// What a derived row needs besides its premises.
    pub(super) fn rival_conditions(&self, fact: &Fact) -> Vec<Condition> {
        let chosen = !self.program[fact.relation].choice_domains.is_empty();
        let chosen = chosen.then(|| Condition::Chosen(fact.clone()));
        let undominated = self.subsumptions(fact).next();
        let undominated = undominated.map(|_| Condition::Undominated(fact.clone()));
        chosen.into_iter().chain(undominated).collect()
    }

    /// The rows that keep a row out: chosen before it, or dominating it.
    pub(super) fn beaten_by(&self, fact: &Fact, meter: &Meter) -> Vec<Rival> {
        let mut found = Vec::new();
        for key in &self.program[fact.relation].choice_domains {
            let rows = self.facts.matching(fact.relation, &pattern_of(key, fact));
            for row in rows.iter().filter(|row| **row != *fact.row).take(NAMED) {
                found.push(Rival {
                    fact: Fact::new(fact.relation, &row),
                    law: Law::Choice(key.clone()),
                });
            }
        }
        for (at, rule) in self.subsumptions(fact) {
            let dominating = Literal {
                kind: LiteralKind::Atom(Atom {
                    relation: fact.relation,
                    args: rule.dominating.clone(),
                    span: rule.span,
                }),
                span: rule.span,
            };
            let body: Vec<Literal> = std::iter::once(dominating)
                .chain(rule.body.clone())
                .collect();
            let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
            let solver = Solver::new(self.context(meter), &body, &rule.variables)
                .with_head(&rule.dominated, &row);
            let rows = solver.filter_map(|solution| solution.rows[0].clone());
            for row in rows.filter(|row| **row != *fact.row).take(NAMED) {
                let rival = Rival {
                    fact: Fact {
                        relation: fact.relation,
                        row,
                    },
                    law: Law::Subsumption(at),
                };
                if !found.contains(&rival) {
                    found.push(rival);
                }
            }
        }
        found
    }

    /// Rows that rules derive from what is there, and that a row keeps out.
    pub(super) fn beats(&self, fact: &Fact, meter: &Meter) -> Vec<Rival> {
        let mut found = Vec::new();
        for key in &self.program[fact.relation].choice_domains {
            let asked = pattern_of(key, fact);
            for row in self.derivable(fact, &asked, meter, |_| true) {
                found.push(Rival {
                    fact: row,
                    law: Law::Choice(key.clone()),
                });
            }
        }
        for (at, rule) in self.subsumptions(fact) {
            let mut bindings = Bindings::new(rule.variables.len());
            let fits = rule
                .dominating
                .iter()
                .zip(&fact.row)
                .all(|(term, &code)| unify(term, code, &mut bindings, self.dictionary));
            if !fits {
                continue;
            }
            let asked: Vec<Option<Code>> = rule
                .dominated
                .iter()
                .map(|term| value(term, bindings.values(), self.dictionary).ok())
                .collect();
            let dominated = |row: &[Code]| self.dominates(rule, &fact.row, row, meter);
            for row in self.derivable(fact, &asked, meter, dominated) {
                found.push(Rival {
                    fact: row,
                    law: Law::Subsumption(at),
                });
            }
        }
        found
    }

    fn dominates(&self, rule: &Subsumption, over: &[Code], row: &[Code], meter: &Meter) -> bool {
        let terms: Vec<Term> = rule
            .dominating
            .iter()
            .chain(&rule.dominated)
            .cloned()
            .collect();
        let values: Vec<Option<Code>> = over.iter().chain(row).map(|&code| Some(code)).collect();
        Solver::new(self.context(meter), &rule.body, &rule.variables)
            .with_head(&terms, &values)
            .next()
            .is_some()
    }

    /// The first rows that rules conclude, agree with a pattern and are not there.
    fn derivable(
        &self,
        fact: &Fact,
        asked: &[Option<Code>],
        meter: &Meter,
        passes: impl Fn(&[Code]) -> bool,
    ) -> Vec<Fact> {
        let mut found: Vec<Fact> = Vec::new();
        let mut seen = FxHashSet::default();
        for &id in self.rules_of(fact.relation) {
            let rule = &self.program[id];
            let Some(head) = &rule.head else { continue };
            let solver = Solver::new(self.context(meter), &rule.body, &rule.variables)
                .with_head(&head.args, asked);
            for solution in solver {
                let row: Result<Box<[Code]>, _> = head
                    .args
                    .iter()
                    .map(|arg| value(arg, &solution.values, self.dictionary))
                    .collect();
                let Ok(row) = row else { continue };
                if !seen.insert(row.clone()) || !passes(&row) {
                    continue;
                }
                let row = Fact {
                    relation: fact.relation,
                    row,
                };
                if !self.holds(&row) {
                    found.push(row);
                }
                if found.len() == NAMED {
                    return found;
                }
            }
        }
        found
    }

    fn subsumptions(&self, fact: &Fact) -> impl Iterator<Item = (usize, &Subsumption)> {
        let relation = fact.relation;
        let all = self.program.subsumptions().iter().enumerate();
        all.filter(move |(_, rule)| rule.relation == relation)
    }

    /// Of a row that is not there: `lost to p("a","b"), which was chosen for x`, `dominated by p("a",3)`.
    pub(super) fn beaten_text(&self, rival: &Rival) -> String {
        let other = fact_text(self.program, self.dictionary, &rival.fact);
        match &rival.law {
            Law::Choice(key) => {
                let key = self.columns_text(&rival.fact, key);
                format!("lost to {other}, the one that was chosen for this {key}")
            }
            Law::Subsumption(_) => format!("dominated by {other}"),
        }
    }

    /// Of a row that is there: `chosen for this x: p("a","c") lost to it`, `dominates p("a",3)`.
    pub(super) fn beats_text(&self, rival: &Rival) -> String {
        let other = fact_text(self.program, self.dictionary, &rival.fact);
        match &rival.law {
            Law::Choice(key) => {
                let key = self.columns_text(&rival.fact, key);
                format!("chosen for this {key}: {other} lost to it")
            }
            Law::Subsumption(_) => format!("dominates {other}"),
        }
    }

    fn columns_text(&self, fact: &Fact, key: &[usize]) -> String {
        let attributes = &self.program[fact.relation].attributes;
        let names: Vec<&str> = key.iter().map(|&at| &*attributes[at].name).collect();
        names.join(" and ")
    }
}

fn pattern_of(columns: &[usize], fact: &Fact) -> Vec<Option<Code>> {
    let of = |(at, &code): (usize, &Code)| columns.contains(&at).then_some(code);
    fact.row.iter().enumerate().map(of).collect()
}
