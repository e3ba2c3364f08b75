//! Rule instances, all of them: what each body leans on, and what only a negation kept from firing.

use super::case::Case;
use super::facts::Fact;
use super::group::each_member;
use super::meter::Meter;
use super::solve::{Solution, Solver};
use super::terms::{asked, pattern, value, whole};
use crate::analysis::checked::{Aggregate, Head, Literal, LiteralKind, RelationId, Variable};
use crate::storage::Code;

/// A body under values for its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The rows its positive atoms match, and the rows of its aggregates.
    pub premises: Vec<Fact>,
    /// What has to be absent.
    pub absent: Vec<Absent>,
    /// Values by variable.
    pub values: Box<[Option<Code>]>,
}

/// Rows that must not be there; `None` stands for any value.
pub type Absent = (RelationId, Vec<Option<Code>>);

impl Case<'_> {
    /// Calls `f` on every instance of a body that holds. Ends early when the meter stops.
    pub fn instances(
        &self,
        body: &[Literal],
        variables: &[Variable],
        meter: &Meter,
        mut f: impl FnMut(Instance),
    ) {
        for solution in Solver::new(self.context(meter), body, variables) {
            f(self.instance(body, variables, solution, meter));
        }
    }

    /// Tells what the instance of a body leans on that these values make, which bind every variable of its atoms; `_` stands
    /// in none of them. As an [`Instance`] has it, without making one.
    pub fn each_premise(
        &self,
        body: &[Literal],
        variables: &[Variable],
        values: &[Option<Code>],
        meter: &Meter,
        premise: &mut dyn FnMut(RelationId, &[Code]),
        absent: &mut dyn FnMut(Absent),
    ) {
        for literal in body {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    if let Some(row) = whole(&asked(atom, values, self.dictionary)) {
                        premise(atom.relation, &row);
                    }
                }
                LiteralKind::Negated(atom) => {
                    absent((atom.relation, pattern(atom, values, self.dictionary)));
                }
                LiteralKind::Aggregate(aggregate) => {
                    self.folded(aggregate, variables, values, meter, premise, absent);
                }
                _ => {}
            }
        }
    }

    /// What a head concludes from these values; `None` where a functor has no value.
    pub fn conclusion(&self, head: &Head, values: &[Option<Code>]) -> Option<Fact> {
        let row: Result<Box<[Code]>, _> = head
            .args
            .iter()
            .map(|arg| value(arg, values, self.dictionary))
            .collect();
        Some(Fact {
            relation: head.relation,
            row: row.ok()?,
        })
    }

    fn instance(
        &self,
        body: &[Literal],
        variables: &[Variable],
        solution: Solution,
        meter: &Meter,
    ) -> Instance {
        let mut premises = Vec::new();
        let mut absent = Vec::new();
        for (literal, row) in body.iter().zip(&solution.rows) {
            match (&literal.kind, row) {
                (LiteralKind::Atom(atom), Some(row)) => {
                    premises.push(Fact::new(atom.relation, row));
                }
                (LiteralKind::Negated(atom), _) => absent.push((
                    atom.relation,
                    pattern(atom, &solution.values, self.dictionary),
                )),
                (LiteralKind::Aggregate(aggregate), _) => {
                    let mut premise = |relation, row: &[Code]| {
                        premises.push(Fact::new(relation, row));
                    };
                    let absent = &mut |one| absent.push(one);
                    let values = &solution.values;
                    self.folded(aggregate, variables, values, meter, &mut premise, absent);
                }
                _ => {}
            }
        }
        Instance {
            premises,
            absent,
            values: solution.values,
        }
    }

    /// What an aggregate leans on: the rows it is made of, those that keep others out, and that there are no more.
    fn folded(
        &self,
        aggregate: &Aggregate,
        variables: &[Variable],
        outer: &[Option<Code>],
        meter: &Meter,
        premise: &mut dyn FnMut(RelationId, &[Code]),
        absent: &mut dyn FnMut(Absent),
    ) {
        each_member(self.context(meter), aggregate, variables, outer, |member| {
            for (literal, row) in aggregate.body.iter().zip(&member.solution.rows) {
                match (&literal.kind, row) {
                    (LiteralKind::Atom(atom), Some(row)) => premise(atom.relation, row),
                    (LiteralKind::Negated(atom), _) => {
                        let values = &member.solution.values;
                        absent((atom.relation, pattern(atom, values, self.dictionary)));
                    }
                    _ => {}
                }
            }
        });
        for literal in &aggregate.body {
            if let LiteralKind::Atom(atom) = &literal.kind {
                absent((atom.relation, pattern(atom, outer, self.dictionary)));
            }
        }
        for body in flipped(&aggregate.body) {
            let kept_out = Aggregate {
                body,
                ..aggregate.clone()
            };
            each_member(self.context(meter), &kept_out, variables, outer, |member| {
                if let (Some(literal), Some(Some(row))) =
                    (kept_out.body.last(), member.solution.rows.last())
                    && let LiteralKind::Atom(atom) = &literal.kind
                {
                    premise(atom.relation, row);
                }
            });
        }
    }
}

/// A body with what one of its negations wants to be absent present, as the last of it, for each of them.
pub fn flipped(body: &[Literal]) -> impl Iterator<Item = Vec<Literal>> {
    let negated = body.iter().enumerate();
    negated.filter_map(|(at, literal)| {
        let LiteralKind::Negated(atom) = &literal.kind else {
            return None;
        };
        let mut flipped = body.to_vec();
        flipped.remove(at);
        flipped.push(Literal {
            kind: LiteralKind::Atom(atom.clone()),
            span: literal.span,
        });
        Some(flipped)
    })
}
