//! Subsumption: rows that another row of their relation dominates are taken out again, round by round.
//!
//! A row goes when there is any other row that dominates it, whether or not that one goes too. Rows that dominate each
//! other hence both go, as in Soufflé.

use super::budget::Stop;
use super::dominance::Ranking;
use super::drive::drive;
use super::gathering::Collect;
use super::pipeline::{Arg, Resolver};
use super::relation::RelationState;
use super::run::{Run, interruption};
use super::sink::Sink;
use super::statistics::Sizes;
use super::worker::{Batch, with_columns};
use crate::analysis::checked::{Literal, LiteralKind, RelationId, Stratum, Subsumption, Term};
use crate::plan::plan_subsumption;
use crate::storage::{Rows, SortedRows};
use crate::syntax::ast::CompareOp;

/// Rows gathered before repetitions among them are looked for.
const MANY: usize = if cfg!(test) { 4 } else { 1 << 16 };

/// Gathers the dominated rows among pairs of a dominated and a dominating row.
pub struct Dominated<'a> {
    answer: &'a [Arg],
    /// In order up to the last time they had doubled.
    rows: Rows,
    limit: usize,
}

impl<'a> Dominated<'a> {
    pub fn new(answer: &'a [Arg]) -> Dominated<'a> {
        Dominated {
            answer,
            rows: Rows::new(answer.len() / 2),
            limit: MANY,
        }
    }

    /// What several threads found, together.
    pub fn into_rows(found: Vec<Dominated>, arity: usize) -> SortedRows {
        let mut rows = Rows::new(arity);
        for dominated in found {
            rows.append(&dominated.rows);
        }
        SortedRows::from_unsorted(rows)
    }
}

impl Sink for Dominated<'_> {
    fn accept(&mut self, batch: &mut Batch) {
        let rows = &mut self.rows;
        with_columns(self.answer, batch, |columns| {
            let (dominated, dominating) = columns.split_at(columns.len() / 2);
            let len = dominated.first().map_or(0, |column| column.len());
            let mut row = Vec::with_capacity(dominated.len());
            for at in 0..len {
                let mut both = dominated.iter().zip(dominating);
                // A row does not dominate itself.
                if both.all(|(a, b)| a[at] == b[at]) {
                    continue;
                }
                // What dominates a row mostly comes together.
                let mut known = row.iter().zip(dominated);
                if !row.is_empty() && known.all(|(&code, column)| column[at] == code) {
                    continue;
                }
                row.clear();
                row.extend(dominated.iter().map(|column| column[at]));
                rows.push(&row);
            }
        });
        if rows.len() >= self.limit {
            let sorted = SortedRows::from_unsorted(std::mem::take(rows));
            *rows = sorted.into_rows();
            self.limit = MANY.max(rows.len() * 2);
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn subsumptions_of(
        &self,
        relation: RelationId,
    ) -> impl Iterator<Item = &'a Subsumption> {
        let all = self.program.subsumptions().iter();
        all.filter(move |subsumption| subsumption.relation == relation)
    }

    /// Takes out the fresh rows that any row dominates, then all rows that one of the remaining fresh ones dominates.
    pub(super) fn subsume(
        &self,
        stratum: &Stratum,
        relations: &mut [RelationState],
    ) -> Result<(), Stop> {
        for &id in &stratum.relations {
            if self.subsumptions_of(id).next().is_none() {
                continue;
            }
            for &other in &stratum.relations {
                relations[other.index()].merge_delta(self.pool, false);
            }
            if let Some(ranking) = Ranking::of(self.subsumptions_of(id)) {
                // What is best of a key in the round dominates all that the others would.
                let fresh = relations[id.index()].delta().to_rows();
                let outranked = ranking.outranked(&fresh, self.dictionary);
                if !outranked.is_empty() {
                    let outranked = SortedRows::from_unsorted(outranked);
                    relations[id.index()].remove(&outranked, self.options.threads);
                }
            }
            for fresh in [true, false] {
                let mut doomed = Rows::new(self.program[id].arity());
                for subsumption in self.subsumptions_of(id) {
                    for delta in deltas(subsumption, stratum, fresh) {
                        let found = self.dominated(subsumption, delta, relations)?;
                        doomed.append(found.rows());
                    }
                }
                let doomed = SortedRows::from_unsorted(doomed);
                if !doomed.is_empty() {
                    relations[id.index()].remove(&doomed, self.options.threads);
                }
            }
        }
        Ok(())
    }

    fn dominated(
        &self,
        subsumption: &Subsumption,
        delta: usize,
        relations: &[RelationState],
    ) -> Result<SortedRows, Stop> {
        let sizes = Sizes {
            relations,
            recursive: &[],
        };
        let mut plan = plan_subsumption(subsumption, delta, &sizes);
        // Where no row can dominate itself, it need not be known which row dominates one, but only that there is any.
        let any = delta == 0 && is_strict(subsumption);
        let arity = subsumption.dominated.len();
        if any {
            plan.answer.truncate(arity);
        }
        let mut pipeline = Resolver {
            relations,
            dictionary: self.dictionary,
            once: false,
            pool: self.pool,
        }
        .resolve(&plan);
        let context = self.context(subsumption.span, 0).of(&subsumption.variables);
        let found = match any {
            true => {
                pipeline.ask(plan.asked(0.0));
                let found = drive(&pipeline, &context, self.pool, None, |_| {
                    Collect::new(&pipeline.answer)
                });
                let halts = || context.stopped();
                Collect::into_rows(found, arity, self.pool, &halts)
                    .and_then(|rows| SortedRows::from_unsorted_unless(rows, &halts))
                    .unwrap_or_default()
            }
            false => {
                let found = drive(&pipeline, &context, self.pool, None, |_| {
                    Dominated::new(&pipeline.answer)
                });
                Dominated::into_rows(found, arity)
            }
        };
        match interruption(&context) {
            Some(reason) => Err(self.stop(reason, None, Some(subsumption.relation), relations)),
            None => Ok(found),
        }
    }
}

/// Whether rows are compared by their values alone, and in a column the one of the dominating row has to be less, or
/// greater, than that of the dominated one.
fn is_strict(subsumption: &Subsumption) -> bool {
    let compared = |literal: &Literal| match &literal.kind {
        LiteralKind::Compare {
            op, left, right, ..
        } => {
            let plain = |term: &Term| matches!(term, Term::Var(_) | Term::Const(_));
            (plain(left) && plain(right)).then(|| (*op, left.clone(), right.clone()))
        }
        _ => None,
    };
    let Some(compared) = subsumption
        .body
        .iter()
        .map(compared)
        .collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    compared.iter().any(|(op, left, right)| {
        let mut columns = subsumption.dominated.iter().zip(&subsumption.dominating);
        matches!(op, CompareOp::Lt | CompareOp::Gt)
            && matches!((left, right), (Term::Var(_), Term::Var(_)))
            && columns.any(|pair| pair == (left, right) || pair == (right, left))
    })
}

/// The atoms of a subsumptive clause that are read from the delta in turn: the dominated row first, then what may
/// dominate older rows.
pub(super) fn deltas(subsumption: &Subsumption, stratum: &Stratum, fresh: bool) -> Vec<usize> {
    if fresh {
        return vec![0];
    }
    let recursive = |literal: &Literal| match &literal.kind {
        LiteralKind::Atom(atom) => stratum.relations.contains(&atom.relation),
        _ => false,
    };
    let body = subsumption.body.iter().enumerate();
    let among = body.filter(|(_, literal)| recursive(literal));
    std::iter::once(1)
        .chain(among.map(|(at, _)| at + 2))
        .collect()
}
