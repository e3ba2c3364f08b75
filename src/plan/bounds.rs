//! Comparisons that bound a column of an atom, so that rows in order need not be gone through one by one.

use super::step::{Access, Operand};
use crate::analysis::checked::{LiteralKind, Term, ValueType, VarId};
use crate::syntax::ast::CompareOp;

/// Rows of one key from which on they are brought into order for the sake of bounds on both sides of a column.
const WORTH_ORDERING: f64 = if cfg!(test) { 1.0 } else { 64.0 };
/// The same for one bound, which passes over half of them.
const WORTH_ORDERING_FOR_ONE: f64 = if cfg!(test) { 1.0 } else { 1024.0 };
/// What bounds on both sides are taken to let through.
pub(super) const BETWEEN: f64 = 0.1;

/// The terms that bound the values of one column.
pub(super) struct Bounds<'a> {
    pub column: usize,
    pub operand: ValueType,
    pub low: Option<&'a Term>,
    pub high: Option<&'a Term>,
}

impl Bounds<'_> {
    pub fn on_both_sides(&self) -> bool {
        self.low.is_some() && self.high.is_some()
    }
}

/// The best bounds that these literals set to a column which an access binds, with terms that `known` holds of; `None` too
/// where so few rows as `expected` are gone through sooner than searched.
pub(super) fn bounds<'a>(
    access: &Access,
    literals: &[&'a LiteralKind],
    known: &dyn Fn(&Term) -> bool,
    expected: f64,
) -> Option<Bounds<'a>> {
    let columns = access.bind.iter();
    let found = columns.filter_map(|&(column, var)| of_column(column, var, literals, known));
    // The first of those with bounds on both sides, else the first.
    let best = found.reduce(
        |best, next| match !best.on_both_sides() && next.on_both_sides() {
            true => next,
            false => best,
        },
    );
    best.filter(|bounds| match bounds.on_both_sides() {
        true => expected >= WORTH_ORDERING,
        false => expected >= WORTH_ORDERING_FOR_ONE,
    })
}

fn of_column<'a>(
    column: usize,
    var: VarId,
    literals: &[&'a LiteralKind],
    known: &dyn Fn(&Term) -> bool,
) -> Option<Bounds<'a>> {
    let (mut low, mut high, mut ordered) = (None, None, None);
    for literal in literals {
        let LiteralKind::Compare {
            op,
            operand,
            left,
            right,
        } = literal
        else {
            continue;
        };
        let is_column = |term: &Term| *term == Term::Var(var);
        let (bound, is_low) = match op {
            CompareOp::Gt | CompareOp::Ge if is_column(left) => (right, true),
            CompareOp::Lt | CompareOp::Le if is_column(right) => (left, true),
            CompareOp::Lt | CompareOp::Le if is_column(left) => (right, false),
            CompareOp::Gt | CompareOp::Ge if is_column(right) => (left, false),
            _ => continue,
        };
        let orderable = matches!(
            operand,
            ValueType::Number | ValueType::Unsigned | ValueType::Float | ValueType::Symbol
        );
        if orderable && known(bound) && always_has_a_value(bound) {
            ordered = Some(*operand);
            let side = if is_low { &mut low } else { &mut high };
            side.get_or_insert(bound);
        }
    }
    ordered.map(|operand| Bounds {
        column,
        operand,
        low,
        high,
    })
}

/// Whether a term can be worked out ahead of the comparison it is in without a complaint that would not be made there.
fn always_has_a_value(term: &Term) -> bool {
    match term {
        Term::Var(_) | Term::Const(_) => true,
        Term::Call { functor, args } => {
            functor.op.is_total() && args.iter().all(always_has_a_value)
        }
        Term::Wildcard | Term::Record(_) => false,
    }
}

/// A term that is an operand as it is.
pub(super) fn plain(term: &Term) -> Option<Operand> {
    match term {
        Term::Var(var) => Some(Operand::Var(*var)),
        Term::Const(constant) => Some(Operand::Const(constant.clone())),
        _ => None,
    }
}
