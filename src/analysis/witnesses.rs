//! Witnesses of aggregates within aggregates: `r(n, w) :- n = count : { b(x), x > min y : { d(y, w) } }.`
//!
//! A variable that only a `min` or `max` two scopes in can give a value gets it, as in Soufflé, from a second copy of that
//! aggregate beside the outer one. Within the outer one it is a local variable of its own.

use super::formula::Leaf;
use crate::syntax::ast::{Aggregate, AggregateOp, CompareOp, Expr, ExprKind, Formula, FormulaKind};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What stands for the literals of a clause: these leaves' formulas rewritten, and the copies. `None`: no aggregate of the
/// clause is one to copy, which is nearly always so.
pub struct Lifted {
    /// Per leaf, where it changed.
    pub rewritten: Vec<Option<Formula>>,
    pub added: Vec<Formula>,
}

impl Lifted {
    /// `used` are the variables of the head.
    pub fn of(leaves: &[Leaf<'_>], used: impl Fn(&str) -> bool) -> Option<Lifted> {
        let nests = |leaf: &Leaf<'_>| {
            let mut nests = false;
            walk(leaf.formula, 0, &mut |_, depth| nests |= depth > 1);
            nests && !leaf.negated
        };
        if !leaves.iter().any(nests) {
            return None;
        }
        let clause = Clause::of(leaves);
        let wanted = |name: &str| {
            (used(name) || clause.mentioned.contains(name)) && !clause.bound.contains(name)
        };
        let mut lifted = Lifted {
            rewritten: vec![None; leaves.len()],
            added: Vec::new(),
        };
        for (at, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| nests(leaf)) {
            let mut formula = leaf.formula.clone();
            let before = lifted.added.len();
            each_expr(&mut formula, &mut |expr| {
                outermost(expr, &wanted, &mut lifted.added);
            });
            if lifted.added.len() > before {
                lifted.rewritten[at] = Some(formula);
            }
        }
        (!lifted.added.is_empty()).then_some(lifted)
    }
}

/// Names outside of every aggregate.
#[derive(Default)]
struct Clause {
    mentioned: FxHashSet<Arc<str>>,
    /// By a positive atom or an equation.
    bound: FxHashSet<Arc<str>>,
}

impl Clause {
    fn of(leaves: &[Leaf<'_>]) -> Clause {
        let mut clause = Clause::default();
        for leaf in leaves {
            let binds = !leaf.negated
                && matches!(
                    leaf.formula.kind,
                    FormulaKind::Atom(_)
                        | FormulaKind::Compare {
                            op: CompareOp::Eq,
                            ..
                        }
                );
            walk(leaf.formula, 0, &mut |expr, depth| {
                if let (ExprKind::Variable(name), 0) = (&expr.kind, depth) {
                    clause.mentioned.insert(name.clone());
                    if binds {
                        clause.bound.insert(name.clone());
                    }
                }
            });
        }
        clause
    }
}

/// Looks for aggregates to copy in an expression of the clause itself.
fn outermost(expr: &mut Expr, wanted: &dyn Fn(&str) -> bool, added: &mut Vec<Formula>) {
    if let ExprKind::Aggregate(aggregate) = &mut expr.kind {
        let mut between = FxHashSet::default();
        inner(aggregate, wanted, &mut between, added);
        return;
    }
    each_part(expr, &mut |part| outermost(part, wanted, added));
}

/// `between`: what the aggregates around mention themselves, so that it is theirs to hand out.
fn inner(
    around: &mut Aggregate,
    wanted: &dyn Fn(&str) -> bool,
    between: &mut FxHashSet<Arc<str>>,
    added: &mut Vec<Formula>,
) {
    own_names(around, between);
    let mut copy = |expr: &mut Expr| nested(expr, wanted, between, added);
    if let Some(target) = &mut around.target {
        copy(target);
    }
    each_expr(&mut around.body, &mut copy);
}

fn nested(
    expr: &mut Expr,
    wanted: &dyn Fn(&str) -> bool,
    between: &mut FxHashSet<Arc<str>>,
    added: &mut Vec<Formula>,
) {
    let span = expr.span;
    let ExprKind::Aggregate(aggregate) = &mut expr.kind else {
        each_part(expr, &mut |part| nested(part, wanted, between, added));
        return;
    };
    if matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max) {
        let mut own = FxHashSet::default();
        own_names(aggregate, &mut own);
        own.retain(|name| wanted(name) && !between.contains(name));
        if !own.is_empty() {
            let side = |kind| Expr { kind, span };
            added.push(Formula {
                kind: FormulaKind::Compare {
                    op: CompareOp::Eq,
                    left: side(ExprKind::Wildcard),
                    right: side(ExprKind::Aggregate(aggregate.clone())),
                },
                span,
            });
            rename(aggregate, &own);
        }
    }
    inner(aggregate, wanted, &mut between.clone(), added);
}

/// Variables of an aggregate's target and body, those of aggregates within left out.
fn own_names(aggregate: &Aggregate, names: &mut FxHashSet<Arc<str>>) {
    let mut take = |expr: &Expr, depth: usize| {
        if let (ExprKind::Variable(name), 0) = (&expr.kind, depth) {
            names.insert(name.clone());
        }
    };
    if let Some(target) = &aggregate.target {
        walk_expr(target, 0, &mut take);
    }
    walk(&aggregate.body, 0, &mut take);
}

/// Names with a `$` cannot be written, so they meet no other name.
fn rename(aggregate: &mut Aggregate, names: &FxHashSet<Arc<str>>) {
    fn of(expr: &mut Expr, names: &FxHashSet<Arc<str>>) {
        match &mut expr.kind {
            ExprKind::Variable(name) if names.contains(name) => {
                *name = format!("{name}$inner").into();
            }
            ExprKind::Aggregate(aggregate) => rename(aggregate, names),
            _ => each_part(expr, &mut |part| of(part, names)),
        }
    }
    if let Some(target) = &mut aggregate.target {
        of(target, names);
    }
    each_expr(&mut aggregate.body, &mut |expr| of(expr, names));
}

/// Every expression of a formula, with the number of aggregates around it.
fn walk(formula: &Formula, depth: usize, see: &mut dyn FnMut(&Expr, usize)) {
    match &formula.kind {
        FormulaKind::And(parts) | FormulaKind::Or(parts) => {
            parts.iter().for_each(|part| walk(part, depth, see));
        }
        FormulaKind::Not(part) => walk(part, depth, see),
        FormulaKind::Atom(atom) => atom.args.iter().for_each(|arg| walk_expr(arg, depth, see)),
        FormulaKind::Compare { left, right, .. } => {
            walk_expr(left, depth, see);
            walk_expr(right, depth, see);
        }
        FormulaKind::Match {
            pattern: a,
            text: b,
        }
        | FormulaKind::Contains { part: a, text: b } => {
            walk_expr(a, depth, see);
            walk_expr(b, depth, see);
        }
        FormulaKind::Bool(_) => {}
    }
}

fn walk_expr(expr: &Expr, depth: usize, see: &mut dyn FnMut(&Expr, usize)) {
    see(expr, depth);
    match &expr.kind {
        ExprKind::Record(parts)
        | ExprKind::Branch { args: parts, .. }
        | ExprKind::Call { args: parts, .. }
        | ExprKind::UserCall { args: parts, .. } => {
            parts.iter().for_each(|part| walk_expr(part, depth, see));
        }
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
            walk_expr(operand, depth, see);
        }
        ExprKind::Binary { left, right, .. } => {
            walk_expr(left, depth, see);
            walk_expr(right, depth, see);
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some(target) = &aggregate.target {
                walk_expr(target, depth + 1, see);
            }
            walk(&aggregate.body, depth + 1, see);
        }
        _ => {}
    }
}

/// The outermost expressions of a formula.
fn each_expr(formula: &mut Formula, change: &mut dyn FnMut(&mut Expr)) {
    match &mut formula.kind {
        FormulaKind::And(parts) | FormulaKind::Or(parts) => {
            parts.iter_mut().for_each(|part| each_expr(part, change));
        }
        FormulaKind::Not(part) => each_expr(part, change),
        FormulaKind::Atom(atom) => atom.args.iter_mut().for_each(change),
        FormulaKind::Compare { left, right, .. } => {
            change(left);
            change(right);
        }
        FormulaKind::Match {
            pattern: a,
            text: b,
        }
        | FormulaKind::Contains { part: a, text: b } => {
            change(a);
            change(b);
        }
        FormulaKind::Bool(_) => {}
    }
}

/// The operands of an expression that is no aggregate.
fn each_part(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Record(parts)
        | ExprKind::Branch { args: parts, .. }
        | ExprKind::Call { args: parts, .. }
        | ExprKind::UserCall { args: parts, .. } => parts.iter_mut().for_each(change),
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => change(operand),
        ExprKind::Binary { left, right, .. } => {
            change(left);
            change(right);
        }
        _ => {}
    }
}
