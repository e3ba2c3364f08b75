//! Which nodes of a draft have a value: the groundedness analysis.
//!
//! In Datalog, as in Soufflé, a functor is never inverted: `a(x + 1)` gives `x` no value, `a([x, y])` gives both.

use super::checked::RelationId;
use super::declarations::Declarations;
use super::draft::{AggregateId, Arg, ClauseKind, Draft, LiteralKind, NodeId, NodeKind, ScopeId};
use super::findings::Findings;
use super::{codes, draft};
use crate::syntax::ast::CompareOp;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use ascent::ascent;
use rustc_hash::FxHashSet;
use std::sync::Arc;

ascent! {
    /// Nodes are numbers here.
    struct Grounding;

    relation given(u32);
    relation implies(u32, u32);
    // The parts of a node that is computed from all of them, numbered from zero.
    relation part(u32, u32, u32);
    relation size(u32, u32);
    relation ready(u32, u32);
    relation grounded(u32);

    // What a positive atom mentions, and a constant, is grounded.
    grounded(node) <-- given(node);
    // Either side of an equation grounds the other, a record grounds its fields.
    grounded(to) <-- grounded(from), implies(from, to);
    // What is computed is grounded once all its parts are.
    ready(node, 0) <-- size(node, _);
    ready(node, index + 1) <-- ready(node, index), part(node, index, operand), grounded(operand);
    grounded(node) <-- size(node, count), ready(node, count);
}

/// When an aggregate counts as grounded.
#[derive(Clone, Copy, PartialEq)]
enum AggregateRule {
    Always,
    /// To see what one aggregate can read, without its own result.
    AllBut(AggregateId),
    /// Once the outer variables it reads are.
    ByInjection,
}

struct Collector<'d> {
    draft: &'d Draft,
    rule: AggregateRule,
    facts: Grounding,
    visited: FxHashSet<NodeId>,
}

impl<'d> Collector<'d> {
    fn new(draft: &'d Draft, rule: AggregateRule) -> Collector<'d> {
        Collector {
            draft,
            rule,
            facts: Grounding::default(),
            visited: FxHashSet::default(),
        }
    }

    fn key(&self, node: NodeId) -> u32 {
        self.draft.find(node).0
    }

    /// Whether a scope may give a node its value: it may not for variables that come from outside.
    fn binds(&self, scope: ScopeId, node: NodeId) -> bool {
        let stands_for = self.draft.find(node);
        if self.draft.node(stands_for).scope == scope {
            return true;
        }
        self.draft
            .scope(scope)
            .aggregate
            .is_some_and(|id| self.draft.aggregate(id).witnesses.contains(&stands_for))
    }

    fn give(&mut self, scope: ScopeId, arg: &Arg) {
        if self.binds(scope, arg.node) {
            let key = self.key(arg.node);
            self.facts.given.push((key,));
        }
    }

    fn imply(&mut self, scope: ScopeId, from: NodeId, to: NodeId) {
        if self.binds(scope, to) {
            let pair = (self.key(from), self.key(to));
            self.facts.implies.push(pair);
        }
    }

    fn computed(&mut self, node: NodeId, parts: &[Arg]) {
        let key = self.key(node);
        self.facts.size.push((key, parts.len() as u32));
        for (index, part) in parts.iter().enumerate() {
            let part = self.key(part.node);
            self.facts.part.push((key, index as u32, part));
        }
    }

    /// The facts of an expression and all below it. The depth is that of the expression, which the parser bounds.
    fn expression(&mut self, scope: ScopeId, arg: &Arg) {
        if !self.visited.insert(arg.node) {
            return;
        }
        let draft = self.draft;
        let node = draft.node(arg.node);
        match &node.kind {
            NodeKind::Variable(_) | NodeKind::Wildcard => {}
            NodeKind::Integer { .. }
            | NodeKind::Unsigned(_)
            | NodeKind::Float(_)
            | NodeKind::Text(_)
            | NodeKind::Nil
            | NodeKind::IterationCount => self.facts.given.push((arg.node.0,)),
            NodeKind::Record(parts) | NodeKind::Branch { args: parts, .. } => {
                self.computed(arg.node, parts);
                for part in parts {
                    self.imply(scope, arg.node, part.node);
                }
            }
            NodeKind::Cast { operand, .. } => {
                self.computed(arg.node, std::slice::from_ref(operand));
                self.imply(scope, arg.node, operand.node);
            }
            NodeKind::Binary(_, left, right) => self.computed(arg.node, &[*left, *right]),
            NodeKind::Unary(..) | NodeKind::Call(..) | NodeKind::UserCall { .. } => {
                self.computed(arg.node, node.children());
            }
            NodeKind::Unknown(parts) => {
                self.facts.given.push((arg.node.0,));
                for part in parts {
                    self.give(scope, part);
                }
            }
            NodeKind::Aggregate(id) => {
                self.aggregate(*id, arg.node);
                if let Some((_, init)) = draft.aggregate(*id).user {
                    self.expression(scope, &init);
                }
            }
        }
        for child in node.children() {
            self.expression(scope, child);
        }
        if let Some((left, right)) = node.operands() {
            self.expression(scope, &left);
            self.expression(scope, &right);
        }
    }

    fn aggregate(&mut self, id: AggregateId, node: NodeId) {
        match self.rule {
            AggregateRule::AllBut(except) if except == id => {}
            AggregateRule::Always | AggregateRule::AllBut(_) => self.facts.given.push((node.0,)),
            AggregateRule::ByInjection => {
                let aggregate = self.draft.aggregate(id);
                let injected = aggregate.injected.iter().map(|&node| Arg {
                    node,
                    span: aggregate.span,
                });
                let init = aggregate.user.map(|(_, init)| init);
                let parts: Vec<Arg> = injected.chain(init).collect();
                self.computed(node, &parts);
            }
        }
    }

    fn scope(&mut self, scope: ScopeId) {
        let draft = self.draft;
        for literal in &draft.scope(scope).literals {
            match &literal.kind {
                LiteralKind::Atom(atom) => self.positive(scope, &atom.args),
                LiteralKind::Unknown(args) => self.positive(scope, args),
                LiteralKind::Negated(atom) => {
                    for arg in &atom.args {
                        self.expression(scope, arg);
                    }
                }
                LiteralKind::Compare { op, left, right } => {
                    self.expression(scope, left);
                    self.expression(scope, right);
                    if *op == CompareOp::Eq {
                        self.imply(scope, left.node, right.node);
                        self.imply(scope, right.node, left.node);
                    }
                }
                LiteralKind::Match {
                    pattern: a,
                    text: b,
                    ..
                }
                | LiteralKind::Contains {
                    part: a, text: b, ..
                } => {
                    self.expression(scope, a);
                    self.expression(scope, b);
                }
                LiteralKind::Bool(_) | LiteralKind::Replaced { .. } => {}
            }
        }
        if let Some(target) = draft
            .scope(scope)
            .aggregate
            .and_then(|id| draft.aggregate(id).target)
        {
            self.expression(scope, &target);
        }
    }

    fn positive(&mut self, scope: ScopeId, args: &[Arg]) {
        for arg in args {
            self.give(scope, arg);
            self.expression(scope, arg);
        }
    }

    fn head(&mut self, clause: &draft::Clause) {
        let scope = clause.scope;
        match &clause.kind {
            ClauseKind::Rule(atom) if clause.inlined => self.positive(scope, &atom.args),
            ClauseKind::Rule(atom) => {
                for arg in &atom.args {
                    self.expression(scope, arg);
                }
            }
            ClauseKind::UnknownHead(args) => {
                for arg in args {
                    self.expression(scope, arg);
                }
            }
            ClauseKind::Subsumption {
                dominated,
                dominating,
            } => {
                self.positive(scope, &dominated.args);
                self.positive(scope, &dominating.args);
            }
            ClauseKind::Constraint | ClauseKind::Query => {}
        }
    }

    fn outer_variables(&mut self, scope: ScopeId) {
        for (_, node) in &self.draft.scope(scope).variables {
            let stands_for = self.draft.find(*node);
            if self.draft.node(stands_for).scope != scope {
                self.facts.given.push((stands_for.0,));
            }
        }
    }

    fn solve(mut self) -> Grounded {
        self.facts.run();
        Grounded(
            self.facts
                .grounded
                .into_iter()
                .map(|(node,)| node)
                .collect(),
        )
    }
}

/// The nodes found to have a value.
pub struct Grounded(FxHashSet<u32>);

impl Grounded {
    pub fn contains(&self, draft: &Draft, node: NodeId) -> bool {
        self.0.contains(&draft.find(node).0)
    }
}

/// What is grounded within one scope, its aggregates taken as given, `except` left out.
pub fn within(draft: &Draft, scope: ScopeId, except: Option<AggregateId>) -> Grounded {
    let rule = except.map_or(AggregateRule::Always, AggregateRule::AllBut);
    let mut collector = Collector::new(draft, rule);
    let of = draft.scope(scope);
    if of.aggregate.is_none()
        && let Some(clause) = draft.clauses.get(of.clause as usize)
    {
        collector.head(clause);
    }
    collector.outer_variables(scope);
    collector.scope(scope);
    collector.solve()
}

/// What is grounded in the whole program, once aggregates know which outer variables they read.
pub fn whole(draft: &Draft) -> Grounded {
    let mut collector = Collector::new(draft, AggregateRule::ByInjection);
    for clause in &draft.clauses {
        collector.head(clause);
    }
    for scope in 0..draft.scopes.len() as u32 {
        collector.scope(ScopeId(scope));
    }
    collector.solve()
}

/// Reports every ungrounded variable, record and branch, and every fact that is not constant.
pub fn check(
    draft: &Draft,
    declarations: &Declarations,
    grounded: &Grounded,
    findings: &mut Findings,
) {
    for clause in draft.clauses.iter().filter(|clause| clause.fact) {
        if let ClauseKind::Rule(atom) = &clause.kind {
            for arg in &atom.args {
                check_constant(draft, arg, findings);
            }
        }
    }
    let mut faulty: FxHashSet<u32> = FxHashSet::default();
    for scope in &draft.scopes {
        let Some(clause) = draft.clauses.get(scope.clause as usize) else {
            continue;
        };
        if clause.fact {
            continue;
        }
        for (name, node) in &scope.variables {
            let own = draft.find(*node) == *node && !draft.node(*node).ghost;
            if own && !grounded.contains(draft, *node) {
                faulty.insert(scope.clause);
                findings.push(ungrounded_variable(
                    draft,
                    declarations,
                    clause,
                    name,
                    *node,
                ));
            }
        }
    }
    for (index, node) in draft.nodes.iter().enumerate() {
        let what = match node.kind {
            NodeKind::Record(_) => "record",
            NodeKind::Branch { .. } => "ADT branch",
            _ => continue,
        };
        let clause = draft.scope(node.scope).clause;
        let fact = draft
            .clauses
            .get(clause as usize)
            .is_none_or(|clause| clause.fact);
        if !fact
            && !node.ghost
            && !faulty.contains(&clause)
            && !grounded.contains(draft, NodeId(index as u32))
        {
            findings.push(
                Diagnostic::error(codes::UNGROUNDED, format!("Ungrounded {what}"))
                    .at(node.span, "a part of it has no value")
                    .help("a `_` matches any value but makes none"),
            );
        }
    }
}

fn check_constant(draft: &Draft, arg: &Arg, findings: &mut Findings) {
    let node = draft.node(arg.node);
    let label = match &node.kind {
        NodeKind::Variable(name) => format!("`{name}` is a variable"),
        NodeKind::IterationCount => "changes from round to round".to_owned(),
        NodeKind::Call(crate::syntax::ast::Intrinsic::Autoinc, _) => {
            "gives another value each time".to_owned()
        }
        _ => {
            for child in node.children() {
                check_constant(draft, child, findings);
            }
            if let Some((left, right)) = node.operands() {
                check_constant(draft, &left, findings);
                check_constant(draft, &right, findings);
            }
            return;
        }
    };
    let mut diagnostic =
        Diagnostic::error(codes::FACT_NOT_CONSTANT, "Argument in fact is not constant")
            .at(arg.span, label);
    if let NodeKind::Variable(name) = &node.kind {
        diagnostic = diagnostic.help(format!(
            "to state a constant quote it, `\"{name}\"`; to derive it add a body, `:- …`"
        ));
    }
    findings.push(diagnostic);
}

/// Where a variable without a value is mentioned, from the most to the least telling.
struct Uses {
    negated: Option<(Span, RelationId, usize)>,
    other: Option<Span>,
    /// The literal of the latter, when it is from the rule of an inlined relation.
    inlined: Option<Span>,
    aggregate: bool,
}

fn ungrounded_variable(
    draft: &Draft,
    declarations: &Declarations,
    clause: &draft::Clause,
    name: &Arc<str>,
    node: NodeId,
) -> Diagnostic {
    let scope = draft.node(node).scope;
    let uses = uses(draft, scope, node);
    let first = clause
        .mentions
        .iter()
        .find(|mention| mention.name == *name)
        .map_or(draft.node(node).span, |mention| mention.span);
    let message = format!("Ungrounded variable `{name}`: nothing in this rule gives it a value");
    let diagnostic = Diagnostic::error(codes::UNGROUNDED, message);
    let circular = draft
        .scope(scope)
        .aggregates
        .iter()
        .any(|&id| draft.aggregate(id).injected.contains(&node));
    if uses.aggregate && circular {
        return Diagnostic::error(
            codes::MUTUALLY_DEPENDENT_AGGREGATES,
            format!("Mutually dependent aggregates: `{name}` is read by the aggregate that it depends on"),
        )
        .at(first, "gets its value from an aggregate that reads it");
    }
    match uses {
        Uses {
            negated: Some((span, relation, index)),
            other: None,
            ..
        } => diagnostic
            .at(span, "mentioned only under negation")
            .help(match binding_atom(declarations, relation, index, name) {
                Some(atom) => format!("bind it first, for example with `{atom}`"),
                None => "bind it first with a positive atom".to_owned(),
            }),
        Uses { other: Some(span), inlined: Some(literal), .. } => diagnostic
            .at(literal, "an inlined rule needs its value here")
            .at(span, "stands for it, but is never bound")
            .help(format!("bind `{name}` with a positive atom, or in the rule that is inlined")),
        Uses { other: Some(span), .. } => diagnostic
            .at(span, "used here, but never bound")
            .help(format!(
                "bind it with a positive atom or an equation `{name} = …`; a functor's result does not tell its operands"
            )),
        _ if draft.scope(scope).aggregate.is_some() => diagnostic
            .at(draft.node(node).span, "aggregated here, but the aggregate's body does not bind it")
            .help(format!("mention `{name}` in a positive atom between the braces")),
        _ => diagnostic
            .at(first, "mentioned only in the head")
            .help(format!("mention `{name}` in a positive atom of the body")),
    }
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// A positive atom that could bind a variable: of a relation with an attribute of the same type, best of the same name.
fn binding_atom(
    declarations: &Declarations,
    negated: RelationId,
    index: usize,
    variable: &str,
) -> Option<String> {
    let wanted = declarations.relation(negated).attributes.get(index)?;
    let positions = || {
        declarations
            .relations
            .iter()
            .enumerate()
            .filter(|(id, _)| *id != negated.index())
            .flat_map(|(_, relation)| {
                let fields = relation.attributes.iter().enumerate();
                fields.map(move |(position, field)| (relation, position, field))
            })
            .filter(|(_, _, field)| field.ty == wanted.ty)
    };
    let (relation, position, _) = positions()
        .find(|(_, _, field)| *field.name == *variable || field.name == wanted.name)
        .or_else(|| positions().next())?;
    let args: Vec<&str> = (0..relation.attributes.len())
        .map(|at| if at == position { variable } else { "_" })
        .collect();
    Some(format!("{}({})", relation.name, args.join(", ")))
}

fn uses(draft: &Draft, scope: ScopeId, node: NodeId) -> Uses {
    let mut uses = Uses {
        negated: None,
        other: None,
        inlined: None,
        aggregate: false,
    };
    let clause = draft.scope(scope).clause;
    let written = draft.clauses.get(clause as usize).map(|clause| clause.span);
    for literal in &draft.scope(scope).literals {
        match &literal.kind {
            LiteralKind::Negated(atom) => {
                let found = atom
                    .args
                    .iter()
                    .enumerate()
                    .find_map(|(index, arg)| Some((mentions(draft, arg, node)?, index)));
                if let Some((span, index)) = found {
                    uses.negated.get_or_insert((span, atom.relation, index));
                }
            }
            LiteralKind::Atom(atom) => {
                if let Some(span) = atom.args.iter().find_map(|arg| mentions(draft, arg, node)) {
                    uses.other.get_or_insert(span);
                }
            }
            LiteralKind::Compare { left, right, .. }
            | LiteralKind::Match {
                pattern: left,
                text: right,
                ..
            }
            | LiteralKind::Contains {
                part: left,
                text: right,
                ..
            } => {
                for (side, facing) in [(left, right), (right, left)] {
                    if let Some(span) = mentions(draft, side, node) {
                        if uses.other.is_none() {
                            uses.other = Some(span);
                            uses.inlined = written
                                .filter(|rule| !contains(*rule, literal.span))
                                .map(|_| literal.span);
                        }
                        uses.aggregate |=
                            matches!(draft.node(facing.node).kind, NodeKind::Aggregate(_));
                    }
                }
            }
            LiteralKind::Bool(_) | LiteralKind::Replaced { .. } | LiteralKind::Unknown(_) => {}
        }
    }
    uses
}

/// Where an expression mentions a variable.
fn mentions(draft: &Draft, arg: &Arg, variable: NodeId) -> Option<Span> {
    if draft.find(arg.node) == variable {
        return Some(arg.span);
    }
    let node = draft.node(arg.node);
    node.children()
        .iter()
        .find_map(|child| mentions(draft, child, variable))
        .or_else(|| {
            let (left, right) = node.operands()?;
            mentions(draft, &left, variable).or_else(|| mentions(draft, &right, variable))
        })
}
