//! Stage 2: names resolved and bodies expanded, syntax tree to [`Draft`].

use super::checked::{Constant, RelationId, ValueType};
use super::codes;
use super::declarations::Declarations;
use super::draft::{
    Aggregate, AggregateId, Arg, Atom, Clause, ClauseKind, Draft, Literal, LiteralKind, Mention,
    Node, NodeId, NodeKind, Scope, ScopeId, Stated,
};
use super::findings::{Findings, counted, path_text};
use super::formula::{self, Leaf};
use super::inline::Inliner;
use super::lattices;
use super::types::TypeId;
use super::witnesses::Lifted;
use crate::syntax::ast::{
    self, AggregateOp, CompareOp, Expr, ExprKind, Formula, FormulaKind, UnaryOp,
};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashMap;
use std::sync::Arc;

pub struct Builder<'a> {
    declarations: &'a Declarations,
    inliner: &'a Inliner<'a>,
    pub draft: Draft,
    findings: &'a mut Findings,
    variables: FxHashMap<(ScopeId, Arc<str>), NodeId>,
    mentions: Vec<Mention>,
    in_head: bool,
    /// Set while the literal at hand is of an inlined relation, or from a rule of one.
    replaced: bool,
    copied: bool,
    sources: u32,
}

/// Where an expression stands decides what `_` means there.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// An argument of an atom, a field of a record or of a branch in a body.
    Pattern,
    Head,
    Constraint,
    /// A side of a comparison with an aggregate: `_` is left to the aggregate's rules.
    BesideAggregate,
}

/// What a clause's disjuncts share.
struct Origin<'e> {
    fact: bool,
    say: Option<&'e Arc<str>>,
    plan: Option<&'e ast::ExecutionPlan>,
    inlined: bool,
    span: Span,
}

impl<'a> Builder<'a> {
    pub fn new(
        declarations: &'a Declarations,
        inliner: &'a Inliner<'a>,
        findings: &'a mut Findings,
    ) -> Builder<'a> {
        Builder {
            declarations,
            inliner,
            draft: Draft::default(),
            findings,
            variables: FxHashMap::default(),
            mentions: Vec::new(),
            in_head: false,
            replaced: false,
            copied: false,
            sources: 0,
        }
    }

    pub fn rule(&mut self, rule: &ast::Rule, say: Option<&Arc<str>>, span: Span) {
        if say.is_none()
            && let Some((relation, args)) = self.stated(rule)
        {
            self.draft.stated_of.insert(relation);
            self.draft.stated.push(Stated {
                before: self.draft.clauses.len(),
                relation,
                args,
                span,
            });
            self.sources += 1;
            return;
        }
        let origin = Origin {
            fact: rule.body.is_none(),
            say,
            plan: rule.plan.as_deref(),
            inlined: rule.heads.iter().any(|head| self.inliner.is_inlined(head)),
            span,
        };
        let disjuncts = match &rule.body {
            Some(body) => self.disjuncts(body),
            None => Some(vec![Vec::new()]),
        };
        for disjunct in disjuncts.iter().flatten() {
            for head in &rule.heads {
                let scope = self.open_scope(None);
                self.in_head = true;
                let atom = self.atom(head, Place::Head, scope);
                self.in_head = false;
                let kind = match atom {
                    LiteralKind::Atom(atom) => ClauseKind::Rule(atom),
                    LiteralKind::Unknown(args) => ClauseKind::UnknownHead(args),
                    _ => continue,
                };
                self.body(disjunct, scope);
                self.close_clause(kind, scope, &origin);
            }
        }
        self.sources += 1;
    }

    /// The values of a fact of literals that fit the attributes of its relation. Programs of generated facts are mostly
    /// such clauses: a draft of each would take ten times their room.
    fn stated(&self, rule: &ast::Rule) -> Option<(RelationId, Vec<Constant>)> {
        let [head] = rule.heads.as_slice() else {
            return None;
        };
        if rule.body.is_some() || rule.plan.is_some() || self.inliner.is_inlined(head) {
            return None;
        }
        let [name] = head.relation.parts.as_slice() else {
            return None;
        };
        let relation = *self.declarations.relation_by_name.get(&name.text)?;
        let attributes = &self.declarations.relation(relation).attributes;
        if attributes.len() != head.args.len() {
            return None;
        }
        let args: Option<Vec<Constant>> = head
            .args
            .iter()
            .zip(attributes)
            .map(|(arg, field)| literal(arg, self.declarations.types.kind(field.ty)?))
            .collect();
        Some((relation, args?))
    }

    pub fn constraint(&mut self, body: &Formula, say: Option<&Arc<str>>, span: Span) {
        self.headless(body, ClauseKind::Constraint, say, span);
    }

    pub fn query(&mut self, body: &Formula) {
        self.headless(body, ClauseKind::Query, None, body.span);
    }

    fn headless(&mut self, body: &Formula, kind: ClauseKind, say: Option<&Arc<str>>, span: Span) {
        let origin = Origin {
            fact: false,
            say,
            plan: None,
            inlined: false,
            span,
        };
        for disjunct in self.disjuncts(body).iter().flatten() {
            let scope = self.open_scope(None);
            self.body(disjunct, scope);
            self.close_clause(kind.clone(), scope, &origin);
        }
        self.sources += 1;
    }

    /// An atom of constants and wildcards, as the head of a fact.
    pub fn ground_atom(&mut self, atom: &ast::Atom) {
        let origin = Origin {
            fact: true,
            say: None,
            plan: None,
            inlined: false,
            span: atom.span,
        };
        let scope = self.open_scope(None);
        let kind = match self.atom(atom, Place::Pattern, scope) {
            LiteralKind::Atom(atom) => ClauseKind::Rule(atom),
            _ => ClauseKind::UnknownHead(Vec::new()),
        };
        self.close_clause(kind, scope, &origin);
    }

    pub fn subsumption(&mut self, subsumption: &ast::Subsumption, span: Span) {
        let origin = Origin {
            fact: false,
            say: None,
            plan: subsumption.plan.as_ref(),
            inlined: false,
            span,
        };
        for disjunct in self.disjuncts(&subsumption.body).iter().flatten() {
            let scope = self.open_scope(None);
            self.in_head = true;
            let dominated = self.atom(&subsumption.dominated, Place::Pattern, scope);
            let dominating = self.atom(&subsumption.dominating, Place::Pattern, scope);
            self.in_head = false;
            self.body(disjunct, scope);
            let (LiteralKind::Atom(dominated), LiteralKind::Atom(dominating)) =
                (dominated, dominating)
            else {
                self.close_clause(ClauseKind::UnknownHead(Vec::new()), scope, &origin);
                continue;
            };
            if dominated.relation != dominating.relation {
                self.findings.push(
                    Diagnostic::error(
                        codes::INVALID_SUBSUMPTION,
                        "Subsumption must compare tuples from the same relation",
                    )
                    .at(
                        dominating.span,
                        "another relation than the dominated tuple's",
                    )
                    .at(dominated.span, "the dominated tuple"),
                );
            }
            let kind = ClauseKind::Subsumption {
                dominated,
                dominating,
            };
            self.close_clause(kind, scope, &origin);
        }
        self.sources += 1;
    }

    fn disjuncts<'e>(&mut self, body: &'e Formula) -> Option<Vec<Vec<Leaf<'e>>>>
    where
        'a: 'e,
    {
        match formula::disjuncts(body, self.inliner) {
            Ok(disjuncts) => Some(disjuncts),
            Err(formula::TooLarge) => {
                self.findings.push(
                    Diagnostic::error(
                        codes::BODY_TOO_LARGE,
                        "This body is too large once its disjunctions and inlined relations are expanded",
                    )
                    .at(body.span, "expands to more than 65536 literals")
                    .help("give the inner disjunctions relations of their own"),
                );
                None
            }
        }
    }

    fn open_scope(&mut self, aggregate: Option<AggregateId>) -> ScopeId {
        let id = ScopeId(self.draft.scopes.len() as u32);
        self.draft.scopes.push(Scope {
            clause: self.draft.clauses.len() as u32,
            aggregate,
            literals: Vec::new(),
            variables: Vec::new(),
            aggregates: Vec::new(),
        });
        id
    }

    fn close_clause(&mut self, kind: ClauseKind, scope: ScopeId, origin: &Origin<'_>) {
        let mentions = std::mem::take(&mut self.mentions);
        self.draft.clauses.push(Clause {
            kind,
            scope,
            source: self.sources,
            fact: origin.fact && self.draft.scope(scope).aggregates.is_empty() && !origin.inlined,
            inlined: origin.inlined,
            mentions,
            say: origin.say.cloned(),
            plan: origin.plan.map_or(Vec::new(), |plan| plan.orders.clone()),
            plan_span: origin.plan.map(|plan| plan.span),
            span: origin.span,
        });
    }

    fn body(&mut self, leaves: &[Leaf<'_>], scope: ScopeId) {
        let known = |name: &str| self.variables.contains_key(&(scope, name.into()));
        let Some(lifted) = Lifted::of(leaves, known) else {
            return self.literals(leaves, scope);
        };
        let rewritten = leaves.iter().zip(&lifted.rewritten);
        let rewritten = rewritten.map(|(leaf, rewritten)| Leaf {
            formula: rewritten.as_ref().unwrap_or(leaf.formula),
            ..*leaf
        });
        let added = lifted.added.iter().map(|formula| Leaf {
            formula,
            negated: false,
            replaced: false,
            copied: true,
        });
        let leaves: Vec<Leaf<'_>> = rewritten.chain(added).collect();
        self.literals(&leaves, scope);
    }

    fn literals(&mut self, leaves: &[Leaf<'_>], scope: ScopeId) {
        let inner = self.draft.scope(scope).aggregate.is_some();
        let lattices = (!inner).then(|| lattices::Uses::of(leaves, self.declarations));
        let mut lattices = lattices.flatten();
        for leaf in leaves {
            match (&mut lattices, &leaf.formula.kind) {
                (Some(uses), FormulaKind::Atom(atom)) if !leaf.replaced => {
                    let span = leaf.formula.span;
                    let asked = match leaf.negated {
                        true => uses.negated(atom, self.declarations),
                        false => uses.positive(atom, self.declarations).map(|atom| Formula {
                            kind: FormulaKind::Atom(atom),
                            span,
                        }),
                    };
                    match asked {
                        Some(formula) => self.leaf_literal(
                            Leaf {
                                formula: &formula,
                                negated: false,
                                ..*leaf
                            },
                            scope,
                        ),
                        None => self.leaf_literal(*leaf, scope),
                    }
                }
                _ => self.leaf_literal(*leaf, scope),
            }
        }
        if let Some(mut uses) = lattices {
            let span = leaves.first().map(|leaf| leaf.formula.span);
            uses.close(self.declarations, span);
            for formula in &uses.added {
                let leaf = Leaf {
                    formula,
                    negated: false,
                    replaced: false,
                    copied: true,
                };
                self.leaf_literal(leaf, scope);
            }
        }
    }

    fn leaf_literal(&mut self, leaf: Leaf<'_>, scope: ScopeId) {
        (self.replaced, self.copied) = (leaf.replaced, leaf.copied);
        let kind = self.literal(leaf, scope);
        (self.replaced, self.copied) = (false, false);
        self.draft.scopes[scope.index()].literals.push(Literal {
            kind,
            span: leaf.formula.span,
        });
    }

    fn literal(&mut self, leaf: Leaf<'_>, scope: ScopeId) -> LiteralKind {
        let negated = leaf.negated;
        match &leaf.formula.kind {
            FormulaKind::Atom(atom) => match self.atom(atom, Place::Pattern, scope) {
                LiteralKind::Atom(atom) if leaf.replaced => LiteralKind::Replaced { atom, negated },
                LiteralKind::Atom(atom) if negated => LiteralKind::Negated(atom),
                literal => literal,
            },
            FormulaKind::Compare { op, left, right } => {
                let any =
                    |side: &Expr| matches!(side.kind, ExprKind::Aggregate(_) | ExprKind::Record(_));
                let place = if any(left) || any(right) {
                    Place::BesideAggregate
                } else {
                    Place::Constraint
                };
                LiteralKind::Compare {
                    op: if negated { opposite(*op) } else { *op },
                    left: self.expr(left, place, scope),
                    right: self.expr(right, place, scope),
                }
            }
            FormulaKind::Match { pattern, text } => LiteralKind::Match {
                pattern: self.expr(pattern, Place::Constraint, scope),
                text: self.expr(text, Place::Constraint, scope),
                negated,
            },
            FormulaKind::Contains { part, text } => LiteralKind::Contains {
                part: self.expr(part, Place::Constraint, scope),
                text: self.expr(text, Place::Constraint, scope),
                negated,
            },
            FormulaKind::Bool(value) => LiteralKind::Bool(*value != negated),
            // Expansion leaves no connective.
            FormulaKind::And(_) | FormulaKind::Or(_) | FormulaKind::Not(_) => {
                LiteralKind::Unknown(Vec::new())
            }
        }
    }

    /// An atom, or [`LiteralKind::Unknown`] when its relation or arity is wrong.
    fn atom(&mut self, atom: &ast::Atom, place: Place, scope: ScopeId) -> LiteralKind {
        let relation = self
            .declarations
            .find_relation(&atom.relation, self.findings);
        let args: Vec<Arg> = atom
            .args
            .iter()
            .map(|arg| self.expr(arg, place, scope))
            .collect();
        match relation {
            Some(relation) if self.arity_fits(relation, atom) => LiteralKind::Atom(Atom {
                relation,
                args,
                span: atom.span,
            }),
            _ => LiteralKind::Unknown(args),
        }
    }

    fn arity_fits(&mut self, relation: RelationId, atom: &ast::Atom) -> bool {
        let declared = self.declarations.relation(relation);
        let (expected, got) = (declared.attributes.len(), atom.args.len());
        if expected == got {
            return true;
        }
        self.findings.push(
            Diagnostic::error(
                codes::MISMATCHING_ARITY,
                format!(
                    "Mismatching arity of relation `{}` (expected {expected}, got {got})",
                    declared.name
                ),
            )
            .at(atom.span, format!("has {}", counted(got, "argument")))
            .at(
                declared.span,
                format!(
                    "`{}` has {}",
                    declared.signature(),
                    counted(expected, "attribute")
                ),
            ),
        );
        false
    }

    fn leaf(&mut self, kind: NodeKind, span: Span, scope: ScopeId) -> Arg {
        let node = self.draft.add(Node {
            kind,
            span,
            scope,
            ghost: self.replaced,
        });
        Arg { node, span }
    }

    fn variable(&mut self, name: &Arc<str>, span: Span, scope: ScopeId) -> Arg {
        if !self.copied && !name.contains('$') {
            self.mentions.push(Mention {
                name: name.clone(),
                span,
                in_head: self.in_head,
            });
        }
        let key = (scope, name.clone());
        if let Some(&node) = self.variables.get(&key) {
            self.draft.nodes[node.index()].ghost &= self.replaced;
            return Arg { node, span };
        }
        let arg = self.leaf(NodeKind::Variable(name.clone()), span, scope);
        self.variables.insert(key, arg.node);
        self.draft.scopes[scope.index()]
            .variables
            .push((name.clone(), arg.node));
        arg
    }

    fn exprs(&mut self, exprs: &[Expr], place: Place, scope: ScopeId) -> Vec<Arg> {
        exprs
            .iter()
            .map(|expr| self.expr(expr, place, scope))
            .collect()
    }

    fn expr(&mut self, expr: &Expr, place: Place, scope: ScopeId) -> Arg {
        let span = expr.span;
        // Only a constructor hands the place of a pattern on to its parts: a functor needs the value of each operand.
        let (parts, operands) = match place {
            Place::Head => (Place::Head, Place::Head),
            Place::Pattern | Place::Constraint => (Place::Pattern, Place::Constraint),
            Place::BesideAggregate => (Place::Pattern, Place::BesideAggregate),
        };
        let kind = match &expr.kind {
            ExprKind::Variable(name) => return self.variable(name, span, scope),
            ExprKind::Wildcard => {
                self.check_wildcard(place, span);
                NodeKind::Wildcard
            }
            ExprKind::Integer(literal) => NodeKind::Integer {
                literal: *literal,
                negative: false,
            },
            ExprKind::Unsigned(value) => NodeKind::Unsigned(*value),
            ExprKind::Float(value) => NodeKind::Float(*value),
            ExprKind::Text(text) => NodeKind::Text(text.clone()),
            ExprKind::Nil => NodeKind::Nil,
            ExprKind::Record(fields) => NodeKind::Record(self.exprs(fields, parts, scope)),
            ExprKind::Branch { name, args } => self.branch(name, args, parts, scope),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, operands, scope),
            ExprKind::Binary { op, left, right } => NodeKind::Binary(
                *op,
                self.expr(left, operands, scope),
                self.expr(right, operands, scope),
            ),
            ExprKind::Call { functor, args } => {
                NodeKind::Call(*functor, self.exprs(args, operands, scope))
            }
            ExprKind::UserCall { name, args } => {
                let args = self.exprs(args, operands, scope);
                match self.functor(name) {
                    Some(functor) => self.user_call(functor, args, span),
                    None => NodeKind::Unknown(args),
                }
            }
            ExprKind::Cast { operand, ty } => {
                let operand = self.expr(operand, operands, scope);
                match self.declarations.find_type(ty, "a cast", self.findings) {
                    TypeId::INVALID => NodeKind::Unknown(vec![operand]),
                    ty => NodeKind::Cast { operand, ty },
                }
            }
            ExprKind::Aggregate(aggregate) => return self.aggregate(aggregate, span, scope),
            ExprKind::IterationCount => NodeKind::IterationCount,
        };
        self.leaf(kind, span, scope)
    }

    fn check_wildcard(&mut self, place: Place, span: Span) {
        let (code, message) = match place {
            Place::Pattern | Place::BesideAggregate => return,
            Place::Head => (codes::UNDERSCORE_IN_HEAD, "Underscore in head of rule"),
            Place::Constraint => (
                codes::UNDERSCORE_IN_CONSTRAINT,
                "Underscore in binary relation",
            ),
        };
        self.findings.push(
            Diagnostic::error(code, message)
                .at(span, "stands for any value, but one value is needed here")
                .help("name a variable and bind it in the body"),
        );
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, place: Place, scope: ScopeId) -> NodeKind {
        match (&operand.kind, op) {
            (ExprKind::Integer(literal), UnaryOp::Negate) => NodeKind::Integer {
                literal: *literal,
                negative: true,
            },
            (ExprKind::Float(value), UnaryOp::Negate) => NodeKind::Float(-value),
            _ => NodeKind::Unary(op, self.expr(operand, place, scope)),
        }
    }

    fn branch(
        &mut self,
        path: &ast::Path,
        args: &[Expr],
        place: Place,
        scope: ScopeId,
    ) -> NodeKind {
        let args = self.exprs(args, place, scope);
        let name = path_text(path);
        let Some(&(ty, ordinal)) = self.declarations.branches.get(&name) else {
            let near = self
                .findings
                .closest(&name, self.declarations.branches.keys().map(|name| &**name));
            self.findings.push(
                Diagnostic::error(
                    codes::UNDEFINED_BRANCH,
                    format!("Undeclared branch `{name}`"),
                )
                .at(
                    path.span,
                    near.map_or("no algebraic type has it".to_owned(), |near| {
                        format!("did you mean `${near}`?")
                    }),
                ),
            );
            return NodeKind::Unknown(args);
        };
        let fields = self.declarations.branch_fields(ty, ordinal);
        if fields.len() != args.len() {
            self.findings.push(
                Diagnostic::error(
                    codes::BRANCH_SIZE,
                    format!(
                        "Invalid arity, the declared arity of `{name}` is {}",
                        fields.len()
                    ),
                )
                .at(
                    path.span,
                    format!("has {}", counted(args.len(), "argument")),
                ),
            );
            return NodeKind::Unknown(args);
        }
        NodeKind::Branch { ty, ordinal, args }
    }

    fn functor(&mut self, name: &ast::Name) -> Option<usize> {
        if let Some(&functor) = self.declarations.functor_by_name.get(&name.text) {
            return Some(functor);
        }
        let near = self.findings.closest(
            &name.text,
            self.declarations
                .functors
                .iter()
                .map(|functor| &*functor.name),
        );
        self.findings.push(
            Diagnostic::error(
                codes::UNDEFINED_FUNCTOR,
                format!("Undefined user-defined functor `{}`", name.text),
            )
            .at(
                name.span,
                near.map_or("no `.functor` declares it".to_owned(), |near| {
                    format!("did you mean `@{near}`?")
                }),
            ),
        );
        None
    }

    fn user_call(&mut self, functor: usize, args: Vec<Arg>, span: Span) -> NodeKind {
        let declared = &self.declarations.functors[functor];
        if declared.parameters.len() == args.len() {
            return NodeKind::UserCall { functor, args };
        }
        self.findings.push(
            Diagnostic::error(
                codes::FUNCTOR_ARGUMENTS,
                format!(
                    "Functor arity mismatch: `@{}` got {}, expecting {}",
                    declared.name,
                    counted(args.len(), "argument"),
                    declared.parameters.len()
                ),
            )
            .at(span, "called here")
            .at(declared.span, "declared here"),
        );
        NodeKind::Unknown(args)
    }

    /// The functor of `@@name`: it takes the total so far and one value.
    fn folding(&mut self, name: &ast::Name) -> Option<usize> {
        let functor = self.functor(name)?;
        let declared = &self.declarations.functors[functor];
        if declared.parameters.len() == 2 {
            return Some(functor);
        }
        self.findings.push(
            Diagnostic::error(
                codes::FUNCTOR_ARGUMENTS,
                format!(
                    "Functor arity mismatch: `@@{}` folds with a functor of 2 parameters, `@{}` has {}",
                    declared.name,
                    declared.name,
                    declared.parameters.len()
                ),
            )
            .at(name.span, "called here")
            .at(declared.span, "declared here")
            .help("the first parameter is the total so far, the second one the next value"),
        );
        None
    }

    fn aggregate(&mut self, aggregate: &ast::Aggregate, span: Span, outer: ScopeId) -> Arg {
        let user = match &aggregate.op {
            AggregateOp::User { name, init } => {
                let init = self.expr(init, Place::Constraint, outer);
                match self.folding(name) {
                    Some(functor) => Some((functor, init)),
                    None => return self.leaf(NodeKind::Unknown(vec![init]), span, outer),
                }
            }
            _ => None,
        };
        let id = AggregateId(self.draft.aggregates.len() as u32);
        let result = self.leaf(NodeKind::Aggregate(id), span, outer);
        let inner = self.open_scope(Some(id));
        self.draft.aggregates.push(Aggregate {
            op: aggregate.op.clone(),
            target: None,
            user,
            outer,
            inner,
            span,
            injected: Vec::new(),
            witnesses: Vec::new(),
        });
        self.draft.scopes[outer.index()].aggregates.push(id);
        let in_head = std::mem::replace(&mut self.in_head, false);
        let target = aggregate
            .target
            .as_ref()
            .map(|target| self.expr(target, Place::BesideAggregate, inner));
        self.draft.aggregates[id.index()].target = target;
        match self.disjuncts(&aggregate.body).as_deref() {
            Some([conjunction]) => self.literals(conjunction, inner),
            Some(disjuncts) => {
                self.findings.push(
                    Diagnostic::error(
                        codes::DISJUNCTION_IN_AGGREGATE,
                        "Disjunction in the body of an aggregate",
                    )
                    .at(aggregate.body.span, "has several alternatives")
                    .help("give the alternatives a relation of their own and aggregate over it"),
                );
                for conjunction in disjuncts {
                    self.literals(conjunction, inner);
                }
            }
            None => {}
        }
        self.in_head = in_head;
        result
    }
}

/// The value of a literal that is plainly of a kind, in words of any size.
fn literal(expr: &Expr, kind: ValueType) -> Option<Constant> {
    let small = |literal: &ast::IntegerLiteral| {
        let plain = literal.notation != ast::Notation::Ipv4;
        i32::try_from(literal.magnitude).ok().filter(|_| plain)
    };
    match (&expr.kind, kind) {
        (ExprKind::Text(text), ValueType::Symbol) => Some(Constant::Symbol(text.clone())),
        (ExprKind::Integer(integer), ValueType::Number) => {
            small(integer).map(|value| Constant::Number(i64::from(value)))
        }
        (ExprKind::Integer(integer), ValueType::Unsigned) => {
            small(integer).map(|value| Constant::Unsigned(value as u64))
        }
        (
            ExprKind::Unary {
                op: UnaryOp::Negate,
                operand,
            },
            ValueType::Number,
        ) => match &operand.kind {
            ExprKind::Integer(integer) => {
                small(integer).map(|value| Constant::Number(-i64::from(value)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Lt,
    }
}
