//! Relations marked `inline`: an atom of one is replaced by the bodies of its rules.
//!
//! That gives programs a meaning they would not have otherwise, since a rule of an inlined relation may leave the
//! variables of its head to the atom it replaces.

use super::codes;
use super::declarations::{Declarations, RelationDecl};
use super::findings::{Findings, path_text};
use crate::syntax::ast::{
    AggregateOp, Atom, CompareOp, DirectiveKind, Expr, ExprKind, Formula, FormulaKind, Intrinsic,
    Item, ItemKind, Qualifier, Rule,
};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;
use std::sync::Arc;

/// What an inlined relation's atoms become.
#[derive(Default)]
pub struct Inliner<'a> {
    rules: FxHashMap<Arc<str>, Vec<&'a Rule>>,
    bodies: boxcar::Vec<Inlined>,
    copies: Cell<u32>,
}

/// What stands for one atom of an inlined relation.
pub struct Inlined {
    /// The atom with variables and constants for arguments: it tells their types.
    pub atom: Formula,
    /// What the new variables among the arguments are.
    pub equations: Vec<Formula>,
    /// A disjunction with one member for each head of the relation.
    pub body: Formula,
}

impl<'a> Inliner<'a> {
    /// The inlined relations of a program. What cannot be inlined is reported, and left as it is.
    pub fn new(
        items: &[&'a Item],
        declarations: &Declarations,
        findings: &mut Findings,
    ) -> Inliner<'a> {
        let mut inliner = Inliner::default();
        let excluded = excluded(items);
        for relation in &declarations.relations {
            if relation.has(Qualifier::Inline)
                && !relation.has(Qualifier::NoInline)
                && !excluded.contains(&&*relation.name)
            {
                inliner.rules.insert(relation.name.clone(), Vec::new());
            }
        }
        if inliner.rules.is_empty() {
            return inliner;
        }
        for rule in rules(items) {
            for head in &rule.heads {
                if let Some(of) = inliner.rules.get_mut(&path_text(&head.relation)) {
                    of.push(rule);
                }
            }
        }
        if check(items, declarations, &inliner, findings) {
            inliner
        } else {
            Inliner::default()
        }
    }

    /// The same for rules kept from an earlier check.
    pub fn of_rules(relations: &[Arc<str>], rules: &'a [Rule]) -> Inliner<'a> {
        let mut inliner = Inliner::default();
        for name in relations {
            let of = |rule: &&Rule| {
                rule.heads
                    .iter()
                    .any(|head| path_text(&head.relation) == *name)
            };
            inliner
                .rules
                .insert(name.clone(), rules.iter().filter(of).collect());
        }
        inliner
    }

    pub fn is_inlined(&self, atom: &Atom) -> bool {
        !self.rules.is_empty() && self.rules.contains_key(&path_text(&atom.relation))
    }

    pub fn relations(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rules.keys()
    }

    /// What stands for an atom. `None` if it is not inlined or has a wrong arity.
    pub fn expand(&self, atom: &Atom) -> Option<&Inlined> {
        if self.rules.is_empty() {
            return None;
        }
        let name = path_text(&atom.relation);
        let rules = self.rules.get(&name)?;
        let (atom, equations) = self.simplified(atom);
        let mut members = Vec::new();
        for rule in rules {
            for head in rule
                .heads
                .iter()
                .filter(|head| path_text(&head.relation) == name)
            {
                if head.args.len() != atom.args.len() {
                    return None;
                }
                members.push(self.member(&atom, head, rule));
            }
        }
        let span = atom.span;
        let kind = match members.len() {
            0 => FormulaKind::Bool(false),
            1 => members.remove(0).kind,
            _ => FormulaKind::Or(members),
        };
        let index = self.bodies.push(Inlined {
            atom: Formula {
                kind: FormulaKind::Atom(atom),
                span,
            },
            equations,
            body: Formula { kind, span },
        });
        self.bodies.get(index)
    }

    fn next_copy(&self) -> u32 {
        self.copies.set(self.copies.get() + 1);
        self.copies.get()
    }

    /// The atom with a new variable for each compound argument and `_`, and the equations that give them their values.
    fn simplified(&self, atom: &Atom) -> (Atom, Vec<Formula>) {
        let mut equations = Vec::new();
        let mut simple = atom.clone();
        for arg in &mut simple.args {
            if matches!(
                arg.kind,
                ExprKind::Variable(_)
                    | ExprKind::Integer(_)
                    | ExprKind::Unsigned(_)
                    | ExprKind::Float(_)
                    | ExprKind::Text(_)
            ) {
                continue;
            }
            let variable = Expr {
                kind: ExprKind::Variable(format!("_${}", self.next_copy()).into()),
                span: arg.span,
            };
            let value = std::mem::replace(arg, variable.clone());
            if !matches!(value.kind, ExprKind::Wildcard) {
                equations.push(equation(variable, value));
            }
        }
        (simple, equations)
    }

    /// One rule with the atom's arguments in place of its head's: variables that are not of the head become new ones.
    fn member(&self, atom: &Atom, head: &Atom, rule: &Rule) -> Formula {
        let mut substitution = Substitution {
            known: FxHashMap::default(),
            copy: self.next_copy(),
        };
        let mut patterns = Vec::new();
        for (parameter, argument) in head.args.iter().zip(&atom.args) {
            match &parameter.kind {
                ExprKind::Variable(name) if !substitution.known.contains_key(name) => {
                    substitution.known.insert(name.clone(), argument.clone());
                }
                _ => patterns.push((parameter, argument)),
            }
        }
        let mut parts: Vec<Formula> = patterns
            .into_iter()
            .map(|(parameter, argument)| equation(argument.clone(), substitution.expr(parameter)))
            .collect();
        if let Some(body) = &rule.body {
            parts.push(substitution.formula(body));
        }
        let kind = match parts.len() {
            0 => FormulaKind::Bool(true),
            1 => parts.remove(0).kind,
            _ => FormulaKind::And(parts),
        };
        Formula {
            kind,
            span: atom.span,
        }
    }
}

fn equation(left: Expr, right: Expr) -> Formula {
    Formula {
        span: left.span,
        kind: FormulaKind::Compare {
            op: CompareOp::Eq,
            left,
            right,
        },
    }
}

/// The relations that the pragma `inline-exclude` lists.
fn excluded<'a>(items: &[&'a Item]) -> Vec<&'a str> {
    items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Pragma {
                key,
                value: Some(value),
            } if &*key.value == "inline-exclude" => Some(&*value.value),
            _ => None,
        })
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect()
}

fn rules<'a>(items: &[&'a Item]) -> impl Iterator<Item = &'a Rule> {
    items.iter().filter_map(|item| match &item.kind {
        ItemKind::Rule(rule) => Some(rule),
        _ => None,
    })
}

/// What the variables of an inlined rule become. Names with a `$` cannot be written, so they meet no other name.
struct Substitution {
    known: FxHashMap<Arc<str>, Expr>,
    copy: u32,
}

impl Substitution {
    fn formula(&self, formula: &Formula) -> Formula {
        let all = |parts: &[Formula]| parts.iter().map(|part| self.formula(part)).collect();
        let kind = match &formula.kind {
            FormulaKind::And(parts) => FormulaKind::And(all(parts)),
            FormulaKind::Or(parts) => FormulaKind::Or(all(parts)),
            FormulaKind::Not(inner) => FormulaKind::Not(Box::new(self.formula(inner))),
            FormulaKind::Atom(atom) => FormulaKind::Atom(Atom {
                relation: atom.relation.clone(),
                args: self.exprs(&atom.args),
                span: atom.span,
            }),
            FormulaKind::Compare { op, left, right } => FormulaKind::Compare {
                op: *op,
                left: self.expr(left),
                right: self.expr(right),
            },
            FormulaKind::Match { pattern, text } => FormulaKind::Match {
                pattern: self.expr(pattern),
                text: self.expr(text),
            },
            FormulaKind::Contains { part, text } => FormulaKind::Contains {
                part: self.expr(part),
                text: self.expr(text),
            },
            FormulaKind::Bool(value) => FormulaKind::Bool(*value),
        };
        Formula {
            kind,
            span: formula.span,
        }
    }

    fn exprs(&self, exprs: &[Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr(&self, expr: &Expr) -> Expr {
        if let ExprKind::Variable(name) = &expr.kind {
            return self.known.get(name).cloned().unwrap_or_else(|| Expr {
                kind: ExprKind::Variable(format!("{name}${}", self.copy).into()),
                span: expr.span,
            });
        }
        let mut copy = expr.clone();
        match &mut copy.kind {
            ExprKind::Record(parts)
            | ExprKind::Branch { args: parts, .. }
            | ExprKind::Call { args: parts, .. }
            | ExprKind::UserCall { args: parts, .. } => *parts = self.exprs(parts),
            ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
                **operand = self.expr(operand);
            }
            ExprKind::Binary { left, right, .. } => {
                **left = self.expr(left);
                **right = self.expr(right);
            }
            ExprKind::Aggregate(aggregate) => {
                if let Some(target) = &mut aggregate.target {
                    *target = self.expr(target);
                }
                if let AggregateOp::User { init, .. } = &mut aggregate.op {
                    **init = self.expr(init);
                }
                aggregate.body = self.formula(&aggregate.body);
            }
            _ => {}
        }
        copy
    }
}

/// What a walk over a formula finds.
#[derive(Default)]
struct Contents<'a> {
    atoms: Vec<(&'a Atom, Under)>,
    variables: FxHashSet<&'a str>,
    counter: Option<Span>,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Under {
    negation: bool,
    aggregate: bool,
}

impl<'a> Contents<'a> {
    fn formula(&mut self, formula: &'a Formula, under: Under) {
        match &formula.kind {
            FormulaKind::And(parts) | FormulaKind::Or(parts) => {
                parts.iter().for_each(|part| self.formula(part, under));
            }
            FormulaKind::Not(inner) => {
                let negation = !under.negation;
                self.formula(inner, Under { negation, ..under });
            }
            FormulaKind::Atom(atom) => self.atom(atom, under),
            FormulaKind::Compare {
                left: a, right: b, ..
            }
            | FormulaKind::Match {
                pattern: a,
                text: b,
            }
            | FormulaKind::Contains { part: a, text: b } => {
                self.expr(a, under);
                self.expr(b, under);
            }
            FormulaKind::Bool(_) => {}
        }
    }

    fn atom(&mut self, atom: &'a Atom, under: Under) {
        self.atoms.push((atom, under));
        atom.args.iter().for_each(|arg| self.expr(arg, under));
    }

    fn expr(&mut self, expr: &'a Expr, under: Under) {
        match &expr.kind {
            ExprKind::Variable(name) => {
                self.variables.insert(name);
            }
            ExprKind::Call { functor, args } => {
                if *functor == Intrinsic::Autoinc {
                    self.counter.get_or_insert(expr.span);
                }
                args.iter().for_each(|arg| self.expr(arg, under));
            }
            ExprKind::Record(parts)
            | ExprKind::Branch { args: parts, .. }
            | ExprKind::UserCall { args: parts, .. } => {
                parts.iter().for_each(|part| self.expr(part, under));
            }
            ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
                self.expr(operand, under)
            }
            ExprKind::Binary { left, right, .. } => {
                self.expr(left, under);
                self.expr(right, under);
            }
            ExprKind::Aggregate(aggregate) => {
                if let Some(target) = &aggregate.target {
                    self.expr(target, under);
                }
                let under = Under {
                    aggregate: true,
                    ..under
                };
                self.formula(&aggregate.body, under);
            }
            _ => {}
        }
    }
}

/// Whether every inlined relation can be inlined wherever it is used.
fn check(
    items: &[&Item],
    declarations: &Declarations,
    inliner: &Inliner<'_>,
    findings: &mut Findings,
) -> bool {
    let before = findings.errors();
    let refuse = |findings: &mut Findings, message: String, span: Span, label: &str| {
        findings.push(
            Diagnostic::error(codes::INVALID_INLINE, message)
                .at(span, label)
                .help("drop `inline` from the declaration"),
        );
    };
    let inlined = |relation: &&RelationDecl| inliner.rules.contains_key(&relation.name);
    for relation in declarations.relations.iter().filter(inlined) {
        if is_read_or_written(&relation.name, items) {
            let message = format!("IO relation `{}` cannot be inlined", relation.name);
            refuse(findings, message, relation.span, "is marked `inline`");
        }
    }
    let mut negatable: FxHashMap<Arc<str>, bool> = FxHashMap::default();
    let mut uses: FxHashMap<Arc<str>, Vec<&Atom>> = FxHashMap::default();
    let mut bodies: Vec<Contents<'_>> = Vec::new();
    for item in items {
        let mut contents = Contents::default();
        match &item.kind {
            ItemKind::Rule(rule) => {
                if let Some(body) = &rule.body {
                    contents.formula(body, Under::default());
                }
                inlined_rule(
                    rule,
                    &contents,
                    inliner,
                    &mut negatable,
                    &mut uses,
                    |span| {
                        let message =
                            "Cannot inline clause containing a counter argument `autoinc()`";
                        refuse(
                            findings,
                            message.to_owned(),
                            span,
                            "counts each time it is copied",
                        );
                    },
                );
            }
            ItemKind::Constraint(body) | ItemKind::Query(body) => {
                contents.formula(body, Under::default())
            }
            ItemKind::Subsumption(subsumption) => {
                contents.formula(&subsumption.body, Under::default())
            }
            _ => continue,
        }
        bodies.push(contents);
    }
    for (atom, under) in bodies.iter().flat_map(|contents| &contents.atoms) {
        let name = path_text(&atom.relation);
        if !inliner.rules.contains_key(&name) {
            continue;
        }
        let problem = if under.aggregate {
            "Cannot inline relations that appear in aggregator"
        } else if under.negation && negatable.get(&name) == Some(&false) {
            "Cannot inline negated relation which may introduce new variables"
        } else if under.negation && atom.args.iter().any(has_wildcard) {
            "Cannot inline negated atom containing an unnamed variable"
        } else {
            continue;
        };
        refuse(findings, problem.to_owned(), atom.span, "used here");
    }
    if let Some(cycle) = cycle(&uses) {
        let names: Vec<Arc<str>> = cycle.iter().map(|atom| path_text(&atom.relation)).collect();
        let message = format!(
            "Cannot inline cyclically dependent relations {{{}}}",
            names.join(", ")
        );
        let declared = declarations.relations.iter();
        let first = declared
            .filter(|relation| names.contains(&relation.name))
            .map(|relation| relation.span)
            .min();
        if let (Some(first), Some(atom)) = (first, cycle.first()) {
            let label = "would be copied into itself without end";
            findings.push(
                Diagnostic::error(codes::INVALID_INLINE, message)
                    .at(first, label)
                    .at(atom.span, "part of the cycle")
                    .help("drop `inline` from the declaration"),
            );
        }
    }
    findings.errors() == before
}

/// Notes what an inlined relation's rule uses, and whether it brings variables its head does not have.
fn inlined_rule<'a>(
    rule: &'a Rule,
    body: &Contents<'a>,
    inliner: &Inliner<'_>,
    negatable: &mut FxHashMap<Arc<str>, bool>,
    uses: &mut FxHashMap<Arc<str>, Vec<&'a Atom>>,
    mut counter: impl FnMut(Span),
) {
    for head in &rule.heads {
        if !inliner.is_inlined(head) {
            continue;
        }
        let name = path_text(&head.relation);
        let mut of_head = Contents::default();
        of_head.atom(head, Under::default());
        let known = body
            .variables
            .iter()
            .all(|variable| of_head.variables.contains(variable));
        *negatable.entry(name.clone()).or_insert(true) &= known;
        uses.entry(name).or_default().extend(
            body.atoms
                .iter()
                .map(|(atom, _)| *atom)
                .filter(|atom| inliner.is_inlined(atom)),
        );
        if let Some(span) = body.counter.or(of_head.counter) {
            counter(span);
        }
    }
}

fn has_wildcard(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Wildcard => true,
        ExprKind::Record(parts)
        | ExprKind::Branch { args: parts, .. }
        | ExprKind::Call { args: parts, .. } => parts.iter().any(has_wildcard),
        _ => false,
    }
}

fn is_read_or_written(name: &Arc<str>, items: &[&Item]) -> bool {
    items.iter().any(|item| match &item.kind {
        ItemKind::Directive(directive) => {
            directive.kind != DirectiveKind::Limitsize
                && directive
                    .relations
                    .iter()
                    .any(|path| path_text(path) == *name)
        }
        ItemKind::Relation(decl) => {
            decl.names.iter().any(|declared| declared.text == *name)
                && decl.qualifiers.iter().any(|(qualifier, _)| {
                    matches!(
                        qualifier,
                        Qualifier::Input | Qualifier::Output | Qualifier::Printsize
                    )
                })
        }
        _ => false,
    })
}

/// A cycle of inlined relations, as the atoms that lead around it.
fn cycle<'a>(uses: &FxHashMap<Arc<str>, Vec<&'a Atom>>) -> Option<Vec<&'a Atom>> {
    let mut done: FxHashSet<Arc<str>> = FxHashSet::default();
    let mut names: Vec<Arc<str>> = uses.keys().cloned().collect();
    names.sort_unstable();
    for start in names {
        // Depth first with a stack of its own: each entry is an atom and how many of its relation's uses were followed.
        let mut stack: Vec<(Arc<str>, Option<&Atom>, usize)> = vec![(start, None, 0)];
        while let Some((name, atom, next)) = stack.pop() {
            let of = uses.get(&*name).map_or(&[][..], Vec::as_slice);
            let Some(&following) = of.get(next).filter(|_| !done.contains(&name)) else {
                done.insert(name);
                continue;
            };
            stack.push((name, atom, next + 1));
            let target = path_text(&following.relation);
            if let Some(from) = stack.iter().position(|(name, _, _)| *name == target) {
                let inner = stack[from + 1..].iter().filter_map(|(_, atom, _)| *atom);
                return Some(inner.chain([following]).collect());
            }
            if !done.contains(&target) {
                stack.push((target, Some(following), 0));
            }
        }
    }
    None
}
