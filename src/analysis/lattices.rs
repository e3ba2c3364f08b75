//! Lattices: `.lattice T<> { … }` and what an atom with an attribute `T<>` asks for.
//!
//! Of the rows that agree on their other attributes a relation keeps one, with the least upper bound of their lattice
//! values. An atom of a body hence asks for what lies *below* that value: `r(k, e)` with a known `e` stands for
//! `r(k, l), glb(l, e) = e`; a variable that only lattice attributes mention, several of them, is their greatest lower
//! bound unless that is `Bottom`; `!r(k, e)` stands for no row of `k` whose greatest lower bound with `e` is more than
//! `Bottom`. A lattice without `Glb` or `Bottom` is compared as any other value.

use super::checked::{Functor, FunctorOp, RelationId};
use super::codes;
use super::declarations::{Declarations, RelationDecl, kind_name};
use super::findings::{Findings, path_text};
use super::formula::Leaf;
use super::types::TypeId;
use crate::syntax::ast::{
    self, Aggregate, AggregateOp, Atom, BinaryOp, CompareOp, Expr, ExprKind, Formula, FormulaKind,
    Intrinsic, Item, ItemKind, LatticeDecl, Notation, Qualifier,
};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The operators of one lattice, as written: `_` stands for their operands.
#[derive(Clone, Debug)]
pub struct Lattice {
    pub lub: Functor,
    /// Both or none.
    bounds: Option<Bounds>,
}

#[derive(Clone, Debug)]
struct Bounds {
    glb: Expr,
    bottom: Expr,
}

const WAY_OUT: &str = "write `@f(_, _)` with a functor of two parameters, `min(_, _)`, `max(_, _)`, `_ band _` or `_ bor _`";

/// The lattices of a program by the name of their type.
pub fn declare(
    items: &[&Item],
    declarations: &Declarations,
    findings: &mut Findings,
) -> FxHashMap<Arc<str>, Lattice> {
    let mut lattices = FxHashMap::default();
    for item in items {
        let ItemKind::Lattice(decl) = &item.kind else {
            continue;
        };
        let name = &decl.name.text;
        let Some(ty) = declarations.types.named(name) else {
            findings.push(
                Diagnostic::error(codes::INVALID_LATTICE, format!("Undefined type `{name}`"))
                    .at(decl.name.span, "no `.type` declares it"),
            );
            continue;
        };
        if let Some(lattice) = lattice(decl, ty, declarations, findings) {
            lattices.insert(name.clone(), lattice);
        }
    }
    lattices
}

fn lattice(
    decl: &LatticeDecl,
    ty: TypeId,
    declarations: &Declarations,
    findings: &mut Findings,
) -> Option<Lattice> {
    let name = &decl.name.text;
    let operator = |wanted: &str| {
        let mut operators = decl.operators.iter();
        operators.find(|(name, _)| &*name.text == wanted)
    };
    let mut functor = |wanted: &str| {
        let (_, expr) = operator(wanted)?;
        let found = functor_of(expr, ty, declarations);
        if found.is_none() {
            findings.push(
                Diagnostic::error(
                    codes::INVALID_LATTICE,
                    format!("Lattice operator {wanted} must be a user-defined functor, or min, max, band or bor"),
                )
                .at(expr.span, "takes no two values to one")
                .help(WAY_OUT),
            );
        }
        found
    };
    let lub = functor("Lub");
    let glb = functor("Glb");
    if operator("Lub").is_none() {
        findings.push(
            Diagnostic::error(
                codes::INVALID_LATTICE,
                format!("Lattice `{name}<>` does not define Lub"),
            )
            .at(decl.name.span, "has no least upper bound")
            .help(WAY_OUT),
        );
    }
    for missing in ["Glb", "Bottom"] {
        if operator(missing).is_none() {
            findings.push(
                Diagnostic::warning(
                    codes::LATTICE_OPERATOR,
                    format!("Lattice `{name}<>` does not define {missing}"),
                )
                .at(
                    decl.name.span,
                    "its values are compared like any others in bodies",
                ),
            );
        }
    }
    let bounds = match (glb, operator("Glb"), operator("Bottom")) {
        (Some(_), Some((_, glb)), Some((_, bottom))) => Some(Bounds {
            glb: glb.clone(),
            bottom: bottom.clone(),
        }),
        _ => None,
    };
    Some(Lattice { lub: lub?, bounds })
}

/// The operation of an operator such as `@f(_, _)` or `max(_, _)`.
fn functor_of(expr: &Expr, ty: TypeId, declarations: &Declarations) -> Option<Functor> {
    let wild = |expr: &Expr| matches!(expr.kind, ExprKind::Wildcard);
    let operand = declarations.types.kind(ty)?;
    let op = match &expr.kind {
        ExprKind::UserCall { name, args } if args.len() == 2 && args.iter().all(wild) => {
            let functor = *declarations.functor_by_name.get(&name.text)?;
            let declared = &declarations.functors[functor];
            if declared.parameters.len() != 2 {
                return None;
            }
            FunctorOp::User(name.text.clone())
        }
        ExprKind::Call { functor, args } if args.len() == 2 && args.iter().all(wild) => {
            match functor {
                Intrinsic::Min => FunctorOp::Min,
                Intrinsic::Max => FunctorOp::Max,
                _ => return None,
            }
        }
        ExprKind::Binary { op, left, right } if wild(left) && wild(right) => match op {
            BinaryOp::BitAnd => FunctorOp::BitAnd,
            BinaryOp::BitOr => FunctorOp::BitOr,
            _ => return None,
        },
        _ => return None,
    };
    let ordered = kind_name(operand) != "record" && kind_name(operand) != "algebraic type";
    (ordered || matches!(op, FunctorOp::User(_))).then_some(Functor { op, operand })
}

/// Reports what is wrong with the lattice attributes of relations.
pub fn check_relations(items: &[&Item], declarations: &Declarations, findings: &mut Findings) {
    for item in items {
        let ItemKind::Relation(decl) = &item.kind else {
            continue;
        };
        let mut attributes = decl.attributes.iter();
        attributes.find(|attribute| attribute.lattice);
        if let Some(after) = attributes.find(|attribute| !attribute.lattice) {
            findings.push(
                Diagnostic::error(
                    codes::INVALID_LATTICE,
                    "Lattice attributes should be placed after all non-lattice attributes",
                )
                .at(after.name.span, "comes after a lattice attribute"),
            );
        }
        for attribute in decl.attributes.iter().filter(|attribute| attribute.lattice) {
            let name = path_text(&attribute.ty);
            let declared = items.iter().any(
                |item| matches!(&item.kind, ItemKind::Lattice(lattice) if lattice.name.text == name),
            );
            if !declared && declarations.types.named(&name).is_some() {
                findings.push(
                    Diagnostic::error(
                        codes::INVALID_LATTICE,
                        format!("Missing lattice definition for type `{name}`"),
                    )
                    .at(attribute.ty.span, "no `.lattice` declares it")
                    .help(format!(
                        "declare one: `.lattice {name}<> {{ Lub -> max(_, _) }}`"
                    )),
                );
            }
        }
    }
    for relation in &declarations.relations {
        check_representation(relation, findings);
    }
}

fn check_representation(relation: &RelationDecl, findings: &mut Findings) {
    let other = [
        Qualifier::Brie,
        Qualifier::Eqrel,
        Qualifier::BtreeDelete,
        Qualifier::Inline,
    ];
    let other = other.into_iter().find(|&other| relation.has(other));
    if relation.attributes.iter().any(|field| field.lattice) && other.is_some() {
        findings.push(
            Diagnostic::error(
                codes::INVALID_LATTICE,
                format!(
                    "Relation `{}` must have a btree representation",
                    relation.name
                ),
            )
            .at(relation.span, "has a lattice attribute"),
        );
    }
}

/// The variables that stand for one, and the lattice.
type Parts = (Vec<Arc<str>>, Arc<str>);

/// How variables stand in one conjunction, as far as lattice attributes are concerned.
#[derive(Default)]
pub struct Uses {
    /// Have a value without the lattice attributes that mention them.
    known: FxHashSet<Arc<str>>,
    /// Only lattice attributes mention them: how many do.
    bounded: FxHashMap<Arc<str>, usize>,
    /// What stands for such a one: a variable for each mention.
    parts: FxHashMap<Arc<str>, Parts>,
    /// What the conjunction needs besides.
    pub added: Vec<Formula>,
    next: usize,
}

impl Uses {
    /// `None` when no atom has anything to do with lattices.
    pub fn of(leaves: &[Leaf<'_>], declarations: &Declarations) -> Option<Uses> {
        let relation = |leaf: &Leaf<'_>| match &leaf.formula.kind {
            FormulaKind::Atom(atom) => declarations
                .relation_by_name
                .get(&path_text(&atom.relation))
                .copied(),
            _ => None,
        };
        let has_lattice = |id: RelationId| {
            let attributes = &declarations.relation(id).attributes;
            attributes.iter().any(|field| field.lattice)
        };
        if !leaves.iter().filter_map(relation).any(has_lattice) {
            return None;
        }
        let mut uses = Uses::default();
        let mut equations = Vec::new();
        for leaf in leaves.iter().filter(|leaf| !leaf.negated) {
            match (&leaf.formula.kind, relation(leaf)) {
                (FormulaKind::Atom(atom), Some(id)) => {
                    let attributes = &declarations.relation(id).attributes;
                    for (arg, field) in atom.args.iter().zip(attributes) {
                        match (&arg.kind, field.lattice) {
                            (ExprKind::Variable(name), true) => {
                                *uses.bounded.entry(name.clone()).or_default() += 1;
                            }
                            (_, true) => {}
                            (_, false) => pattern_variables(arg, &mut uses.known),
                        }
                    }
                }
                (
                    FormulaKind::Compare {
                        op: CompareOp::Eq,
                        left,
                        right,
                    },
                    _,
                ) => equations.push((left, right)),
                _ => {}
            }
        }
        let mut growing = true;
        while growing {
            let before = uses.known.len();
            for (left, right) in &equations {
                for (side, other) in [(left, right), (right, left)] {
                    let mut needed = FxHashSet::default();
                    all_variables(other, &mut needed);
                    if needed.is_subset(&uses.known) {
                        pattern_variables(side, &mut uses.known);
                    }
                }
            }
            growing = uses.known.len() > before;
        }
        uses.bounded.retain(|name, _| !uses.known.contains(name));
        Some(uses)
    }

    /// The atom to ask for instead of a positive one.
    pub fn positive(&mut self, atom: &Atom, declarations: &Declarations) -> Option<Atom> {
        let id = declarations
            .relation_by_name
            .get(&path_text(&atom.relation))?;
        let attributes = &declarations.relation(*id).attributes;
        let mut asked = atom.clone();
        for (arg, field) in asked.args.iter_mut().zip(attributes) {
            let Some((name, bounds)) = bounds(field, declarations) else {
                continue;
            };
            let span = arg.span;
            match &arg.kind {
                ExprKind::Wildcard => {}
                ExprKind::Variable(variable)
                    if self.bounded.get(variable).is_some_and(|&uses| uses == 1) => {}
                ExprKind::Variable(variable) if self.bounded.contains_key(variable) => {
                    let variable = variable.clone();
                    let part = self.fresh();
                    let parts = self.parts.entry(variable);
                    let parts = parts.or_insert_with(|| (Vec::new(), name.clone()));
                    parts.0.push(part.clone());
                    arg.kind = ExprKind::Variable(part);
                }
                // Taken apart, the value says what it is.
                ExprKind::Record(_) | ExprKind::Branch { .. } if !self.is_known(arg) => {}
                _ => {
                    let whole = self.fresh();
                    let asked = std::mem::replace(&mut arg.kind, ExprKind::Variable(whole.clone()));
                    let asked = Expr { kind: asked, span };
                    let glb = combined(&bounds.glb, variable(&whole, span), asked.clone());
                    self.added.push(compare(CompareOp::Eq, glb, asked, span));
                }
            }
        }
        Some(asked)
    }

    /// What to ask for instead of a negated atom: that no row of its key has anything in common with it.
    pub fn negated(&mut self, atom: &Atom, declarations: &Declarations) -> Option<Formula> {
        let id = declarations
            .relation_by_name
            .get(&path_text(&atom.relation))?;
        let attributes = &declarations.relation(*id).attributes;
        let mut asked = atom.clone();
        let mut common = Vec::new();
        for (arg, field) in asked.args.iter_mut().zip(attributes) {
            let Some((_, bounds)) = bounds(field, declarations) else {
                continue;
            };
            if matches!(arg.kind, ExprKind::Wildcard) {
                continue;
            }
            let whole = self.fresh();
            let excluded = std::mem::replace(arg, variable(&whole, arg.span));
            let span = excluded.span;
            let glb = combined(&bounds.glb, variable(&whole, span), excluded);
            common.push(compare(CompareOp::Ne, glb, bounds.bottom.clone(), span));
        }
        if common.is_empty() {
            return None;
        }
        let span = atom.span;
        let row = Formula {
            kind: FormulaKind::Atom(asked),
            span,
        };
        let count = Aggregate {
            op: AggregateOp::Count,
            target: None,
            body: Formula {
                kind: FormulaKind::And(std::iter::once(row).chain(common).collect()),
                span,
            },
        };
        let none = ExprKind::Integer(ast::IntegerLiteral {
            magnitude: 0,
            notation: Notation::Decimal,
        });
        let count = Expr {
            kind: ExprKind::Aggregate(Box::new(count)),
            span,
        };
        Some(compare(
            CompareOp::Eq,
            Expr { kind: none, span },
            count,
            span,
        ))
    }

    /// Call once every atom was asked for: adds what binds the variables that several attributes bound.
    pub fn close(&mut self, declarations: &Declarations, span: Option<Span>) {
        let Some(span) = span else { return };
        let mut parts: Vec<_> = std::mem::take(&mut self.parts).into_iter().collect();
        parts.sort();
        for (name, (parts, lattice)) in parts {
            let lattice = declarations.lattices.get(&lattice);
            let Some(bounds) = lattice.and_then(|lattice| lattice.bounds.as_ref()) else {
                continue;
            };
            let mut parts = parts.iter().map(|part| variable(part, span));
            let Some(first) = parts.next() else { continue };
            let glb = parts.fold(first, |glb, part| combined(&bounds.glb, part, glb));
            let whole = || variable(&name, span);
            self.added.push(compare(CompareOp::Eq, whole(), glb, span));
            self.added
                .push(compare(CompareOp::Ne, whole(), bounds.bottom.clone(), span));
        }
    }

    fn is_known(&self, expr: &Expr) -> bool {
        let mut needed = FxHashSet::default();
        all_variables(expr, &mut needed);
        needed.is_subset(&self.known)
    }

    fn fresh(&mut self) -> Arc<str> {
        self.next += 1;
        format!("lattice${}", self.next).into()
    }
}

fn bounds<'d>(
    field: &super::declarations::Field,
    declarations: &'d Declarations,
) -> Option<(&'d Arc<str>, &'d Bounds)> {
    if !field.lattice {
        return None;
    }
    let (name, lattice) = declarations.lattices.get_key_value(&field.type_name)?;
    Some((name, lattice.bounds.as_ref()?))
}

fn variable(name: &Arc<str>, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Variable(name.clone()),
        span,
    }
}

fn compare(op: CompareOp, left: Expr, right: Expr, span: Span) -> Formula {
    Formula {
        kind: FormulaKind::Compare { op, left, right },
        span,
    }
}

/// An operator with its operands put in for `_`.
fn combined(operator: &Expr, first: Expr, second: Expr) -> Expr {
    let span = second.span;
    let kind = match &operator.kind {
        ExprKind::UserCall { name, .. } => ExprKind::UserCall {
            name: name.clone(),
            args: vec![first, second],
        },
        ExprKind::Call { functor, .. } => ExprKind::Call {
            functor: *functor,
            args: vec![first, second],
        },
        ExprKind::Binary { op, .. } => ExprKind::Binary {
            op: *op,
            left: Box::new(first),
            right: Box::new(second),
        },
        other => other.clone(),
    };
    Expr { kind, span }
}

/// The variables that a value of a pattern binds.
fn pattern_variables(expr: &Expr, found: &mut FxHashSet<Arc<str>>) {
    match &expr.kind {
        ExprKind::Variable(name) => {
            found.insert(name.clone());
        }
        ExprKind::Record(parts) | ExprKind::Branch { args: parts, .. } => {
            parts.iter().for_each(|part| pattern_variables(part, found))
        }
        _ => {}
    }
}

fn all_variables(expr: &Expr, found: &mut FxHashSet<Arc<str>>) {
    match &expr.kind {
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
            all_variables(operand, found);
        }
        ExprKind::Binary { left, right, .. } => {
            all_variables(left, found);
            all_variables(right, found);
        }
        ExprKind::Call { args, .. } | ExprKind::UserCall { args, .. } => {
            args.iter().for_each(|arg| all_variables(arg, found));
        }
        ExprKind::Record(parts) | ExprKind::Branch { args: parts, .. } => {
            parts.iter().for_each(|part| all_variables(part, found));
        }
        _ => pattern_variables(expr, found),
    }
}
