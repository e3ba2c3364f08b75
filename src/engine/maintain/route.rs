//! A plan with its constants looked up, to be gone through one binding at a time.
//!
//! Changes are small, and what counts is that the first row found ends a search: no batches, no index that is not there
//! anyway.

use crate::analysis::checked::{AggregateOp, RelationId, UserFold, ValueType, VarId};
use crate::engine::pipeline::{Arg, Expression, Op};
use crate::plan::step::AggregateStep;
use crate::plan::{Access, Placed, RulePlan, Step};
use crate::storage::Dictionary;

pub struct Route {
    /// What a row must agree with, and what it binds.
    pub seed: Look,
    pub moves: Vec<Move>,
    pub answer: Vec<Arg>,
    pub variables: usize,
}

/// How an atom is looked up: rows with `key` in `columns`; of the other columns, in `rest`, places bind variables or
/// must be the same.
pub struct Look {
    pub relation: RelationId,
    pub columns: Vec<usize>,
    pub key: Vec<Arg>,
    pub rest: Vec<usize>,
    pub bind: Vec<(usize, VarId)>,
    pub same: Vec<(usize, usize)>,
}

pub enum Move {
    Probe(Look),
    Check {
        look: Look,
        negated: bool,
    },
    /// Each look binds just `var`; `confirm` is the same atom with the variable bound.
    Intersect {
        proposers: Vec<Proposer>,
    },
    Bind {
        var: VarId,
        value: Expression,
    },
    Unpack {
        record: Expression,
        fields: Vec<Option<VarId>>,
    },
    Test(Op<'static>),
    Range {
        var: VarId,
        operand: ValueType,
        from: Expression,
        to: Expression,
        step: Option<Expression>,
    },
    Aggregate(Fold),
}

pub struct Proposer {
    pub look: Look,
    pub confirm: Look,
}

pub struct Fold {
    pub op: AggregateOp,
    pub user: Option<UserFold>,
    pub operand: ValueType,
    pub body: Vec<Move>,
    pub target: Option<Arg>,
    pub witnesses: Vec<VarId>,
    /// Those of the witnesses that the seed has bound already.
    pub known: Vec<VarId>,
    pub result: VarId,
    /// Variables that tell inner bindings apart, where a look leaves columns out and may hence find one twice.
    pub distinct: Option<Vec<VarId>>,
}

/// Makes routes for the relations of these arities.
pub struct Surveyor<'a> {
    pub dictionary: &'a Dictionary,
    pub arity: &'a dyn Fn(RelationId) -> usize,
}

impl Surveyor<'_> {
    /// The first step of the plan must be the scan of its seed.
    pub fn route(&self, plan: &RulePlan) -> Route {
        let (seed, rest) = match plan.steps.split_first() {
            Some((
                Placed {
                    step: Step::Scan(access),
                    ..
                },
                rest,
            )) => (access, rest),
            _ => return self.nowhere(plan),
        };
        let width = [
            seed.key.iter().map(|&(column, _)| column).max(),
            seed.bind.iter().map(|&(column, _)| column).max(),
            seed.same.iter().map(|&(column, _)| column).max(),
        ];
        let width = width.into_iter().flatten().max().map_or(0, |most| most + 1);
        let mut moves = self.moves(rest);
        for step in &mut moves {
            if let Move::Aggregate(fold) = step {
                let bound = |var: &&VarId| seed.bind.iter().any(|(_, bound)| bound == *var);
                fold.known = fold.witnesses.iter().filter(bound).copied().collect();
            }
        }
        Route {
            seed: self.look(seed, width, None),
            moves,
            answer: plan
                .answer
                .iter()
                .map(|operand| Arg::of(operand, self.dictionary))
                .collect(),
            variables: plan.variables,
        }
    }

    /// A plan that does not begin with its seed would be the planner's mistake: it leads nowhere.
    fn nowhere(&self, plan: &RulePlan) -> Route {
        debug_assert!(false, "a seeded plan begins with its seed: {plan:?}");
        Route {
            seed: Look {
                relation: RelationId(u32::MAX),
                columns: Vec::new(),
                key: Vec::new(),
                rest: Vec::new(),
                bind: Vec::new(),
                same: Vec::new(),
            },
            moves: vec![Move::Intersect {
                proposers: Vec::new(),
            }],
            answer: Vec::new(),
            variables: plan.variables,
        }
    }

    fn moves(&self, steps: &[Placed]) -> Vec<Move> {
        steps.iter().map(|placed| self.step(&placed.step)).collect()
    }

    fn step(&self, step: &Step) -> Move {
        match step {
            Step::Scan(access) | Step::Probe(access) => Move::Probe(self.access(access, None)),
            Step::Check { access, negated } => Move::Check {
                look: self.access(access, None),
                negated: *negated,
            },
            Step::Intersect { var, proposers } => Move::Intersect {
                proposers: proposers
                    .iter()
                    .map(|access| Proposer {
                        look: self.access(access, None),
                        confirm: self.access(access, Some(*var)),
                    })
                    .collect(),
            },
            Step::Bind { var, term } => Move::Bind {
                var: *var,
                value: Expression::of(term, self.dictionary),
            },
            Step::Unpack { record, fields } => Move::Unpack {
                record: Expression::of(record, self.dictionary),
                fields: fields.clone(),
            },
            Step::Compare {
                op,
                operand,
                left,
                right,
            } => Move::Test(Op::Compare {
                op: *op,
                operand: *operand,
                left: Expression::of(left, self.dictionary),
                right: Expression::of(right, self.dictionary),
            }),
            Step::Match {
                pattern,
                text,
                negated,
            } => Move::Test(Op::Match {
                pattern: Expression::of(pattern, self.dictionary),
                text: Expression::of(text, self.dictionary),
                negated: *negated,
            }),
            Step::Contains {
                part,
                text,
                negated,
            } => Move::Test(Op::Contains {
                part: Expression::of(part, self.dictionary),
                text: Expression::of(text, self.dictionary),
                negated: *negated,
            }),
            Step::Range {
                var,
                operand,
                from,
                to,
                step,
            } => Move::Range {
                var: *var,
                operand: *operand,
                from: Expression::of(from, self.dictionary),
                to: Expression::of(to, self.dictionary),
                step: step
                    .as_ref()
                    .map(|step| Expression::of(step, self.dictionary)),
            },
            Step::Aggregate(step) => Move::Aggregate(self.fold(step)),
        }
    }

    fn fold(&self, step: &AggregateStep) -> Fold {
        let body = self.moves(&step.body);
        let mut bound = Vec::new();
        let leaves_out = body.iter().fold(false, |found, step| match step {
            Move::Probe(look) => {
                bound.extend(look.bind.iter().map(|&(_, var)| var));
                found | look.leaves_out()
            }
            Move::Intersect { proposers } => {
                bound.extend(proposers.iter().flat_map(|p| &p.look.bind).map(|b| b.1));
                found | proposers.iter().any(|proposer| proposer.look.leaves_out())
            }
            Move::Bind { var, .. } | Move::Range { var, .. } => {
                bound.push(*var);
                found
            }
            Move::Unpack { fields, .. } => {
                bound.extend(fields.iter().flatten());
                found
            }
            Move::Aggregate(inner) => {
                bound.push(inner.result);
                bound.extend(&inner.witnesses);
                found
            }
            Move::Check { .. } | Move::Test(_) => found,
        });
        Fold {
            op: step.op,
            user: step.user.clone(),
            operand: step.operand,
            body,
            target: step
                .target
                .as_ref()
                .map(|operand| Arg::of(operand, self.dictionary)),
            witnesses: step.witnesses.clone(),
            known: Vec::new(),
            result: step.result,
            distinct: leaves_out.then_some(bound),
        }
    }

    fn access(&self, access: &Access, confirmed: Option<VarId>) -> Look {
        self.look(access, (self.arity)(access.relation), confirmed)
    }

    fn look(&self, access: &Access, arity: usize, confirmed: Option<VarId>) -> Look {
        let mut keyed: Vec<(usize, Arg)> = access
            .key
            .iter()
            .map(|(column, operand)| (*column, Arg::of(operand, self.dictionary)))
            .collect();
        let is_confirmed = |var: VarId| confirmed == Some(var);
        let confirmations = access.bind.iter().filter(|&&(_, var)| is_confirmed(var));
        keyed.extend(confirmations.map(|&(column, var)| (column, Arg::Var(var))));
        keyed.sort_by_key(|&(column, _)| column);
        let (columns, key): (Vec<usize>, Vec<Arg>) = keyed.into_iter().unzip();
        let rest: Vec<usize> = (0..arity)
            .filter(|column| !columns.contains(column))
            .collect();
        let place = |column: usize| rest.iter().position(|&known| known == column);
        let first = |var: VarId| {
            let mut bound = access.bind.iter();
            bound.find(|&&(_, known)| known == var).map(|bound| bound.0)
        };
        let bind = access.bind.iter().filter(|&&(_, var)| !is_confirmed(var));
        let bind = bind
            .filter_map(|&(column, var)| Some((place(column)?, var)))
            .collect();
        let same = access.same.iter();
        let same = same
            .filter_map(|&(column, var)| Some((place(column)?, place(first(var)?)?)))
            .collect();
        Look {
            relation: access.relation,
            columns,
            key,
            rest,
            bind,
            same,
        }
    }
}

impl Look {
    /// Whether two rows can bind the same.
    fn leaves_out(&self) -> bool {
        self.bind.len() + self.same.len() < self.rest.len()
    }
}
