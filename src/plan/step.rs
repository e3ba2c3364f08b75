//! The steps of a plan. Each takes partial bindings and gives the bindings that extend them.

use crate::analysis::checked::{
    AggregateOp, Constant, RelationId, Term, UserFold, ValueType, VarId,
};
use crate::syntax::ast::CompareOp;

/// Which rows of a relation a step sees, in semi-naive evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// All rows known when the round began.
    Full,
    /// The rows that the previous round added.
    Delta,
    /// `Full` without `Delta`.
    Old,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Var(VarId),
    Const(Constant),
}

/// How an atom is looked up: rows that agree on `key` (ascending columns) bind `bind`. A column under a wildcard is in
/// neither list.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    pub relation: RelationId,
    pub version: Version,
    pub key: Vec<(usize, Operand)>,
    pub bind: Vec<(usize, VarId)>,
    /// Columns that repeat a variable which an earlier column of `bind` binds.
    pub same: Vec<(usize, VarId)>,
    /// Rows out of these bounds are dropped by a later comparison in any case, so a look-up may pass them over.
    pub within: Option<Within>,
}

/// Bounds of the values of one bound column, either included or not. There is one at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    pub column: usize,
    /// A number, an unsigned, a float or a symbol.
    pub operand: ValueType,
    pub low: Option<Operand>,
    pub high: Option<Operand>,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// All rows of a version; `key` holds constants only. Always the first step.
    Scan(Access),
    Probe(Access),
    /// Keeps bindings for which a row exists (or none, when negated). Nothing is bound.
    Check {
        access: Access,
        negated: bool,
    },
    /// Worst-case-optimal extension by one variable: for each binding the proposer with the fewest rows gives the values,
    /// the others confirm them (Ngo, Porat, Ré, Rudra 2012). Each access binds just `var`.
    Intersect {
        var: VarId,
        proposers: Vec<Access>,
    },
    /// `var` becomes the value of a term over bound variables.
    Bind {
        var: VarId,
        term: Term,
    },
    /// The fields of a record become variables; `nil` has none, so the binding is dropped. `None`: the field is not wanted.
    Unpack {
        record: Term,
        fields: Vec<Option<VarId>>,
    },
    Compare {
        op: CompareOp,
        operand: ValueType,
        left: Term,
        right: Term,
    },
    Match {
        pattern: Term,
        text: Term,
        negated: bool,
    },
    Contains {
        part: Term,
        text: Term,
        negated: bool,
    },
    Range {
        var: VarId,
        operand: ValueType,
        from: Term,
        to: Term,
        step: Option<Term>,
    },
    Aggregate(AggregateStep),
}

/// For each distinct `group` the inner plan is run once; its answers are folded.
#[derive(Clone, Debug)]
pub struct AggregateStep {
    pub op: AggregateOp,
    pub user: Option<UserFold>,
    pub operand: ValueType,
    /// Bound outside.
    pub group: Vec<VarId>,
    pub body: Vec<super::Placed>,
    /// Absent for `count`.
    pub target: Option<Operand>,
    pub witnesses: Vec<VarId>,
    pub result: VarId,
}

impl Operand {
    pub fn var(&self) -> Option<VarId> {
        match self {
            Operand::Var(var) => Some(*var),
            Operand::Const(_) => None,
        }
    }
}

impl Step {
    /// Whether it looks up and compares what is bound, and computes nothing.
    pub(super) fn only_looks(&self) -> bool {
        let plain = |term: &Term| matches!(term, Term::Var(_) | Term::Const(_));
        match self {
            Step::Probe(_) | Step::Check { .. } | Step::Intersect { .. } => true,
            Step::Compare { left, right, .. } => plain(left) && plain(right),
            _ => false,
        }
    }

    /// Whether each binding gives one at most.
    pub(super) fn narrows(&self) -> bool {
        matches!(
            self,
            Step::Check { .. }
                | Step::Compare { .. }
                | Step::Match { .. }
                | Step::Contains { .. }
                | Step::Bind { .. }
        )
    }
}
