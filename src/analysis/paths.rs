//! Every name a syntax tree refers to, to be renamed in place.

use crate::syntax::ast::{
    AggregateOp, Atom, Expr, ExprKind, Formula, FormulaKind, HypothesisEntry, Item, ItemKind, Path,
    TypeDefinition,
};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Type,
    Relation,
    Branch,
}

/// Calls `visit` on every path of an item. Names that an item declares are not among them.
pub fn visit_item(item: &mut Item, visit: &mut dyn FnMut(Role, &mut Path)) {
    match &mut item.kind {
        ItemKind::Type(decl) => match &mut decl.definition {
            TypeDefinition::Subset { base, .. } => visit(Role::Type, base),
            TypeDefinition::Alias(other) => visit(Role::Type, other),
            TypeDefinition::Union(members) => {
                members
                    .iter_mut()
                    .for_each(|member| visit(Role::Type, member));
            }
            TypeDefinition::Record(fields) => {
                fields
                    .iter_mut()
                    .for_each(|field| visit(Role::Type, &mut field.ty));
            }
            TypeDefinition::Adt(branches) => {
                let fields = branches.iter_mut().flat_map(|branch| &mut branch.fields);
                fields.for_each(|field| visit(Role::Type, &mut field.ty));
            }
        },
        ItemKind::Lattice(lattice) => {
            for (_, operator) in &mut lattice.operators {
                visit_expr(operator, visit);
            }
        }
        ItemKind::Relation(decl) => {
            for attribute in &mut decl.attributes {
                visit(Role::Type, &mut attribute.ty);
            }
            if let Some(of) = &mut decl.debug_delta {
                visit(Role::Relation, of);
            }
        }
        ItemKind::Functor(decl) => {
            for (_, ty) in &mut decl.parameters {
                visit(Role::Type, ty);
            }
            visit(Role::Type, &mut decl.result);
        }
        ItemKind::Rule(rule) => {
            for head in &mut rule.heads {
                visit_atom(head, visit);
            }
            if let Some(body) = &mut rule.body {
                visit_formula(body, visit);
            }
        }
        ItemKind::Subsumption(subsumption) => {
            visit_atom(&mut subsumption.dominated, visit);
            visit_atom(&mut subsumption.dominating, visit);
            visit_formula(&mut subsumption.body, visit);
        }
        ItemKind::Constraint(body) | ItemKind::Query(body) => visit_formula(body, visit),
        ItemKind::Directive(directive) => {
            for path in &mut directive.relations {
                visit(Role::Relation, path);
            }
        }
        ItemKind::Abducible(paths) => {
            paths
                .iter_mut()
                .for_each(|path| visit(Role::Relation, path));
        }
        ItemKind::Hypothesis(hypothesis) => {
            for entry in &mut hypothesis.entries {
                match entry {
                    HypothesisEntry::Goal(atom)
                    | HypothesisEntry::Assume(atom)
                    | HypothesisEntry::Withdraw(atom) => visit_atom(atom, visit),
                    HypothesisEntry::Rule(item) => visit_item(item, visit),
                }
            }
        }
        ItemKind::Pragma { .. }
        | ItemKind::Component(_)
        | ItemKind::Init { .. }
        | ItemKind::Override(_)
        | ItemKind::Include { .. }
        | ItemKind::Once => {}
    }
}

fn visit_atom(atom: &mut Atom, visit: &mut dyn FnMut(Role, &mut Path)) {
    visit(Role::Relation, &mut atom.relation);
    for arg in &mut atom.args {
        visit_expr(arg, visit);
    }
}

fn visit_formula(formula: &mut Formula, visit: &mut dyn FnMut(Role, &mut Path)) {
    match &mut formula.kind {
        FormulaKind::And(parts) | FormulaKind::Or(parts) => {
            parts.iter_mut().for_each(|part| visit_formula(part, visit));
        }
        FormulaKind::Not(inner) => visit_formula(inner, visit),
        FormulaKind::Atom(atom) => visit_atom(atom, visit),
        FormulaKind::Compare {
            left: a, right: b, ..
        }
        | FormulaKind::Match {
            pattern: a,
            text: b,
        }
        | FormulaKind::Contains { part: a, text: b } => {
            visit_expr(a, visit);
            visit_expr(b, visit);
        }
        FormulaKind::Bool(_) => {}
    }
}

fn visit_expr(expr: &mut Expr, visit: &mut dyn FnMut(Role, &mut Path)) {
    match &mut expr.kind {
        ExprKind::Record(parts)
        | ExprKind::Call { args: parts, .. }
        | ExprKind::UserCall { args: parts, .. } => {
            parts.iter_mut().for_each(|part| visit_expr(part, visit));
        }
        ExprKind::Branch { name, args } => {
            visit(Role::Branch, name);
            args.iter_mut().for_each(|arg| visit_expr(arg, visit));
        }
        ExprKind::Unary { operand, .. } => visit_expr(operand, visit),
        ExprKind::Binary { left, right, .. } => {
            visit_expr(left, visit);
            visit_expr(right, visit);
        }
        ExprKind::Cast { operand, ty } => {
            visit_expr(operand, visit);
            visit(Role::Type, ty);
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some(target) = &mut aggregate.target {
                visit_expr(target, visit);
            }
            if let AggregateOp::User { init, .. } = &mut aggregate.op {
                visit_expr(init, visit);
            }
            visit_formula(&mut aggregate.body, visit);
        }
        _ => {}
    }
}
