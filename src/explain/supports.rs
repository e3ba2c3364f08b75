//! Minimal supports: the smallest sets of statements that derive a conclusion, with what they are worth and when they
//! were true.

use super::case::Case;
use super::conditions::Conditions;
use super::count::count_minimal;
use super::facts::Fact;
use super::lineage::{Condition, Lineage, Statement};
use super::meter::Meter;
use super::modules::Condensed;
use super::sets::AllSets;
use crate::engine::{Budget, StopReason};
use crate::evidence::date::Disjoint;
use crate::evidence::{ClaimId, GradeTables, Interval};
use std::cmp::Ordering;

/// A minimal set of statements that derives a conclusion: without any one of them it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Support {
    /// Claims before rule text before data, each ascending.
    pub statements: Vec<Statement>,
    /// What must be absent or must add up besides.
    pub conditions: Vec<Condition>,
    /// That of the weakest claim; 1 without claims. A copy never raises it.
    pub strength: f64,
    /// The strengths of its claims multiplied; 1 without claims.
    pub product: f64,
    /// The first claim of that strength.
    pub weakest: Option<ClaimId>,
    /// When all of its claims hold at once.
    pub interval: Result<Interval, Disjoint>,
}

impl Support {
    /// Ascending.
    pub fn claims(&self) -> impl Iterator<Item = ClaimId> + '_ {
        self.statements.iter().filter_map(Statement::claim)
    }
}

/// What was found, cheapest first.
#[derive(Clone, Debug)]
pub struct Supports {
    /// By number of statements, then strongest first, then those whose claims hold at once first, then by their order in
    /// the case. When they are not complete, only those that were found are in this order.
    pub supports: Vec<Support>,
    /// All of them are there.
    pub complete: bool,
    /// How many there are, where not all are there and they could be counted.
    pub total: Option<u128>,
    /// What stopped the search; `None` when it ended or the limit was reached.
    pub stopped: Option<StopReason>,
    /// All derivations were seen. Otherwise smaller supports may exist than those that were found.
    pub seen_all: bool,
}

impl Supports {
    /// The strength of the conclusion: that of its strongest support.
    pub fn strength(&self) -> Option<f64> {
        self.supports
            .iter()
            .map(|support| support.strength)
            .max_by(f64::total_cmp)
    }

    /// `4 of 4 minimal supports`, `first 100 of 3125 minimal supports`, `first 100, more exist`, `first 3, there may be more`.
    pub fn count_text(&self) -> String {
        let count = self.supports.len();
        if !self.seen_all {
            return match count {
                0 => "NO SUPPORT FOUND: there are too many derivations to look at".to_owned(),
                _ => format!(
                    "first {count} minimal supports; not all derivations were looked at: there may be more, and smaller ones"
                ),
            };
        }
        if let Some(total) = self.total {
            return format!("first {count} of {total} minimal supports");
        }
        match (self.complete, self.stopped) {
            (true, _) if count == 1 => "1 of 1 minimal support".to_owned(),
            (true, _) => format!("{count} of {count} minimal supports"),
            (false, None) if count == 0 => {
                "NO SUPPORT FOUND: a row that it was derived from is dominated by now".to_owned()
            }
            (false, None) => format!("first {count} minimal supports, more exist"),
            (false, Some(_)) => format!("first {count} minimal supports, there may be more"),
        }
    }
}

impl Case<'_> {
    /// The minimal supports of a fact, at most `limit`. None for a fact that does not hold.
    pub fn supports(
        &self,
        fact: &Fact,
        tables: &GradeTables,
        limit: usize,
        budget: &Budget,
    ) -> Supports {
        let meter = Meter::new(budget);
        if !self.holds(fact) {
            return Supports {
                supports: Vec::new(),
                complete: true,
                total: None,
                stopped: None,
                seen_all: true,
            };
        }
        let lineage = self.derivations(fact, &meter);
        let mut found = Found::none(self, &lineage, tables, limit);
        let condensed = Condensed::of(&lineage);
        let part = meter.part(meter.left() / 2);
        let mut sets = AllSets::new(&condensed, &part, &meter);
        let room = sets.by_ref().all(|set| found.add(&set));
        let complete = sets.is_complete();
        let supports = found.in_order();
        Supports {
            // What holds has a support: where there is none, what it was derived from has been deleted since.
            complete: room && complete && !supports.is_empty(),
            supports,
            total: match room && complete || lineage.days.is_some() {
                true => None,
                false => count_minimal(&condensed, &Meter::new(&meter.rest())),
            },
            stopped: match room && !complete {
                true => lineage.stopped.or(meter.stopped()),
                false => None,
            },
            seen_all: lineage.stopped.is_none(),
        }
    }

    /// The minimal supports that a lineage comes to which misses nothing.
    pub(super) fn supports_of(
        &self,
        lineage: &Lineage,
        tables: &GradeTables,
        limit: usize,
        budget: &Budget,
    ) -> Supports {
        let mut found = Found::none(self, lineage, tables, limit);
        let meter = Meter::new(budget);
        let condensed = Condensed::of(lineage);
        let part = meter.part(meter.left());
        let mut sets = AllSets::new(&condensed, &part, &meter);
        let complete = sets.by_ref().all(|set| found.add(&set)) && sets.is_complete();
        Supports {
            supports: found.in_order(),
            complete,
            total: None,
            stopped: meter.stopped(),
            seen_all: true,
        }
    }

    fn weigh(
        &self,
        mut statements: Vec<Statement>,
        conditions: Vec<Condition>,
        tables: &GradeTables,
    ) -> Support {
        statements.sort_by(statement_order);
        let claims = statements.iter().filter_map(Statement::claim);
        let graded = claims
            .clone()
            .map(|claim| (claim, self.claim_strength(claim, tables)));
        let product = graded.clone().map(|(_, strength)| strength).product();
        let weakest = graded.min_by(|left, right| left.1.total_cmp(&right.1));
        let interval = Interval::intersection(claims.map(|claim| self.claims.get(claim).interval));
        Support {
            conditions,
            strength: weakest.map_or(1.0, |(_, strength)| strength),
            weakest: weakest.map(|(claim, _)| claim),
            product,
            interval,
            statements,
        }
    }

    pub(super) fn claim_strength(&self, claim: ClaimId, tables: &GradeTables) -> f64 {
        tables.strength(self.claims.get(claim).grade(self.sources))
    }
}

/// Supports as they are found.
struct Found<'a> {
    case: &'a Case<'a>,
    lineage: &'a Lineage,
    tables: &'a GradeTables,
    limit: usize,
    conditions: Conditions<'a>,
    supports: Vec<Support>,
}

impl<'a> Found<'a> {
    fn none(
        case: &'a Case<'a>,
        lineage: &'a Lineage,
        tables: &'a GradeTables,
        limit: usize,
    ) -> Found<'a> {
        Found {
            case,
            lineage,
            tables,
            limit,
            conditions: Conditions::of(lineage),
            supports: Vec::new(),
        }
    }

    fn in_order(mut self) -> Vec<Support> {
        self.supports.sort_by(order);
        self.supports
    }

    /// Every support that a set of elements makes. False: there are more than wanted.
    fn add(&mut self, set: &[u32]) -> bool {
        let lineage = self.lineage;
        let conditions = self.conditions.from(set);
        for statements in Combinations::new(self.case, lineage, set, self.tables) {
            let support = self.case.weigh(statements, conditions.clone(), self.tables);
            if self.case.at_once && support.interval.is_err() {
                continue;
            }
            if self.supports.len() == self.limit {
                return false;
            }
            self.supports.push(support);
        }
        true
    }
}

fn order(left: &Support, right: &Support) -> Ordering {
    let size = left.statements.len().cmp(&right.statements.len());
    size.then(right.strength.total_cmp(&left.strength))
        .then(left.interval.is_err().cmp(&right.interval.is_err()))
        .then_with(|| statements_order(&left.statements, &right.statements))
}

/// Fewest first, then by the statements in turn.
pub(super) fn statements_order(left: &[Statement], right: &[Statement]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| {
        left.iter()
            .zip(right)
            .map(|(left, right)| statement_order(left, right))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

pub(super) fn statement_order(left: &Statement, right: &Statement) -> Ordering {
    let key = |statement: &Statement| match statement {
        Statement::Claim(claim) => (0, claim.0),
        Statement::Text(rule) => (1, rule.0),
        Statement::Data(fact) => (2, fact.relation.0),
    };
    key(left)
        .cmp(&key(right))
        .then_with(|| match (left, right) {
            (Statement::Data(left), Statement::Data(right)) => left.row.cmp(&right.row),
            _ => Ordering::Equal,
        })
}

/// Every way to pick one statement for each element of a set, the strongest statements first.
struct Combinations {
    choices: Vec<Vec<Statement>>,
    /// Which choice of each element comes next; `None` when all were given.
    at: Option<Vec<usize>>,
}

impl Combinations {
    fn new(case: &Case, lineage: &Lineage, set: &[u32], tables: &GradeTables) -> Combinations {
        let strength = |statement: &Statement| match statement {
            Statement::Claim(claim) => case.claim_strength(*claim, tables),
            Statement::Text(_) | Statement::Data(_) => 1.0,
        };
        let choices = set
            .iter()
            .map(|&element| {
                let mut statements = lineage.elements[element as usize].statements.clone();
                statements.sort_by(|left, right| {
                    strength(right)
                        .total_cmp(&strength(left))
                        .then_with(|| statement_order(left, right))
                });
                statements
            })
            .collect();
        Combinations {
            choices,
            at: Some(vec![0; set.len()]),
        }
    }
}

impl Iterator for Combinations {
    type Item = Vec<Statement>;

    fn next(&mut self) -> Option<Vec<Statement>> {
        let at = self.at.as_mut()?;
        let picked = self
            .choices
            .iter()
            .zip(at.iter())
            .map(|(statements, &at)| statements[at].clone())
            .collect();
        let mut digit = at.len();
        loop {
            let Some(next) = digit.checked_sub(1) else {
                self.at = None;
                break;
            };
            digit = next;
            at[digit] += 1;
            if at[digit] < self.choices[digit].len() {
                break;
            }
            at[digit] = 0;
        }
        Some(picked)
    }
}
