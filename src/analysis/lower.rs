//! Stage 5: a draft without errors to the checked form. Compound arguments, aggregates and ranges become literals.

use super::checked::{
    self, Aggregate, AggregateOp, CheckedQuery, Constant, Functor, FunctorOp, Head, Literal,
    LiteralKind, Rule, Subsumption, Term, UserFold, ValueType, VarId, Variable,
};
use super::declarations::Declarations;
use super::draft::{
    self, AggregateId, Arg, Clause, ClauseKind, Draft, NodeId, NodeKind, Preset, ScopeId,
};
use super::inference::Typing;
use crate::syntax::ast::{self, BinaryOp, CompareOp, IntegerLiteral, Intrinsic, Notation, UnaryOp};
use crate::syntax::source::Span;
use rustc_hash::FxHashMap;
use std::sync::Arc;

pub struct Lowering<'a> {
    pub draft: &'a Draft,
    pub declarations: &'a Declarations,
    pub typing: &'a Typing,
    /// 64, or 32: then every operation is narrowed to what is left of its value.
    pub word_bits: u32,
}

/// A fact that needed no analysis.
pub fn stated(fact: draft::Stated) -> Rule {
    Rule {
        head: Some(Head {
            relation: fact.relation,
            args: fact.args.into_iter().map(Term::Const).collect(),
        }),
        body: Vec::new(),
        variables: Vec::new(),
        say: None,
        plan: Vec::new(),
        span: fact.span,
    }
}

/// One clause on its way: its variables and their ids.
struct Body<'a> {
    of: &'a Lowering<'a>,
    variables: Vec<Variable>,
    ids: FxHashMap<NodeId, VarId>,
    /// How often a variable is a side of an equation or stands in a positive atom of the scope at hand.
    bindings: FxHashMap<NodeId, u32>,
}

impl Lowering<'_> {
    pub fn rule(&self, clause: &Clause) -> Rule {
        let mut body = Body::new(self, Vec::new());
        body.name_variables(clause.scope);
        let mut literals = Vec::new();
        let mut head = None;
        if let ClauseKind::Rule(atom) = &clause.kind {
            let mut hoisted = Vec::new();
            let args = body.terms(&atom.args, &mut hoisted);
            head = Some(Head {
                relation: atom.relation,
                args,
            });
            body.scope(clause.scope, &mut literals);
            literals.extend(hoisted);
        } else {
            body.scope(clause.scope, &mut literals);
        }
        Rule {
            head,
            body: literals,
            variables: body.variables,
            say: clause.say.clone(),
            plan: clause.plan.clone(),
            span: clause.span,
        }
    }

    pub fn subsumption(
        &self,
        clause: &Clause,
        dominated: &draft::Atom,
        dominating: &draft::Atom,
    ) -> Subsumption {
        let mut body = Body::new(self, Vec::new());
        body.name_variables(clause.scope);
        let mut literals = Vec::new();
        let dominated_args = body.args(&dominated.args, &mut literals);
        let dominating_args = body.args(&dominating.args, &mut literals);
        body.scope(clause.scope, &mut literals);
        Subsumption {
            relation: dominated.relation,
            dominated: dominated_args,
            dominating: dominating_args,
            body: literals,
            variables: body.variables,
            span: clause.span,
        }
    }

    /// The alternatives of one query over one list of variables, the columns first. `None` without alternatives.
    pub fn query(&self, clauses: &[&Clause], columns: &[Arc<str>]) -> Option<CheckedQuery> {
        let mut variables: Vec<Variable> = Vec::new();
        let mut preset: Preset = Vec::new();
        let mut bodies = Vec::new();
        for clause in clauses {
            let mut body = Body::new(self, variables);
            if preset.is_empty() {
                for name in columns {
                    preset.push((name.clone(), VarId(preset.len() as u32)));
                    let ty = body.type_named(clause.scope, name);
                    body.variables.push(Variable {
                        name: name.clone(),
                        ty,
                        synthetic: false,
                    });
                }
            }
            body.reuse(clause.scope, &preset);
            body.name_variables(clause.scope);
            let mut literals = Vec::new();
            body.scope(clause.scope, &mut literals);
            bodies.push(literals);
            variables = body.variables;
        }
        let mut bodies = bodies.into_iter();
        Some(CheckedQuery {
            body: bodies.next()?,
            variables,
            columns: preset.into_iter().map(|(_, id)| id).collect(),
            alternatives: bodies.collect(),
        })
    }

    /// The arguments of an atom of constants and wildcards.
    pub fn constants(&self, args: &[Arg]) -> Vec<Term> {
        let mut body = Body::new(self, Vec::new());
        let mut hoisted = Vec::new();
        args.iter()
            .map(|arg| match self.draft.node(arg.node).kind {
                NodeKind::Wildcard => Term::Wildcard,
                _ => body.term(arg, &mut hoisted),
            })
            .collect()
    }
}

impl<'a> Body<'a> {
    fn new(of: &'a Lowering<'a>, variables: Vec<Variable>) -> Body<'a> {
        Body {
            of,
            variables,
            ids: FxHashMap::default(),
            bindings: FxHashMap::default(),
        }
    }

    fn kind(&self, node: NodeId) -> ValueType {
        self.of
            .typing
            .kind(self.of.draft, self.of.declarations, node)
    }

    fn type_named(&self, scope: ScopeId, name: &str) -> ValueType {
        let variables = &self.of.draft.scope(scope).variables;
        variables
            .iter()
            .find(|(known, _)| **known == *name)
            .map_or(ValueType::Number, |(_, node)| self.kind(*node))
    }

    fn reuse(&mut self, scope: ScopeId, preset: &Preset) {
        for (name, node) in &self.of.draft.scope(scope).variables {
            if let Some((_, id)) = preset.iter().find(|(known, _)| known == name) {
                self.ids.insert(self.of.draft.find(*node), *id);
            }
        }
    }

    /// Variables of a clause get their ids in the order in which they are first mentioned.
    fn name_variables(&mut self, scope: ScopeId) {
        for (_, node) in &self.of.draft.scope(scope).variables {
            if !self.of.draft.node(*node).ghost {
                self.var(*node);
            }
        }
    }

    fn var(&mut self, node: NodeId) -> VarId {
        let node = self.of.draft.find(node);
        if let Some(&id) = self.ids.get(&node) {
            return id;
        }
        let name = match &self.of.draft.node(node).kind {
            NodeKind::Variable(name) => name.clone(),
            _ => "_".into(),
        };
        // Only inlining makes names with a `$`.
        let synthetic = name.contains('$');
        let id = self.push(Variable {
            name,
            ty: self.kind(node),
            synthetic,
        });
        self.ids.insert(node, id);
        id
    }

    fn push(&mut self, variable: Variable) -> VarId {
        self.variables.push(variable);
        VarId(self.variables.len() as u32 - 1)
    }

    fn fresh(&mut self, ty: ValueType) -> VarId {
        let name = format!("${}", self.variables.len()).into();
        self.push(Variable {
            name,
            ty,
            synthetic: true,
        })
    }

    fn scope(&mut self, scope: ScopeId, out: &mut Vec<Literal>) {
        let outer = std::mem::take(&mut self.bindings);
        self.count_bindings(scope);
        for literal in &self.of.draft.scope(scope).literals {
            self.literal(literal, out);
        }
        self.bindings = outer;
    }

    fn count_bindings(&mut self, scope: ScopeId) {
        let draft = self.of.draft;
        let mut count = |arg: &Arg| {
            *self.bindings.entry(draft.find(arg.node)).or_default() += 1;
        };
        for literal in &draft.scope(scope).literals {
            match &literal.kind {
                draft::LiteralKind::Atom(atom) => atom.args.iter().for_each(&mut count),
                draft::LiteralKind::Compare {
                    op: CompareOp::Eq,
                    left,
                    right,
                } => {
                    count(left);
                    count(right);
                }
                _ => {}
            }
        }
    }

    fn literal(&mut self, literal: &draft::Literal, out: &mut Vec<Literal>) {
        let span = literal.span;
        let kind = match &literal.kind {
            draft::LiteralKind::Atom(atom) => {
                let mut patterns = Vec::new();
                let args = self.args(&atom.args, &mut patterns);
                out.push(Literal {
                    kind: LiteralKind::Atom(checked::Atom {
                        relation: atom.relation,
                        args,
                        span: atom.span,
                    }),
                    span,
                });
                out.extend(patterns);
                return;
            }
            draft::LiteralKind::Negated(atom) => LiteralKind::Negated(checked::Atom {
                relation: atom.relation,
                args: self.args(&atom.args, out),
                span: atom.span,
            }),
            draft::LiteralKind::Compare { op, left, right } => {
                if *op == CompareOp::Eq
                    && (self.defines(left, right, span, out)
                        || self.defines(right, left, span, out))
                {
                    return;
                }
                let (left_term, right_term) = (self.term(left, out), self.term(right, out));
                // Two variables are unified, as where two atoms share one: floats too go by their words.
                let unified = *op == CompareOp::Eq
                    && matches!((&left_term, &right_term), (Term::Var(_), Term::Var(_)));
                LiteralKind::Compare {
                    op: *op,
                    operand: match self.kind(left.node) {
                        ValueType::Float if unified => ValueType::Number,
                        kind => kind,
                    },
                    left: left_term,
                    right: right_term,
                }
            }
            draft::LiteralKind::Match {
                pattern,
                text,
                negated,
            } => LiteralKind::Match {
                pattern: self.term(pattern, out),
                text: self.term(text, out),
                negated: *negated,
            },
            draft::LiteralKind::Contains {
                part,
                text,
                negated,
            } => LiteralKind::Contains {
                part: self.term(part, out),
                text: self.term(text, out),
                negated: *negated,
            },
            draft::LiteralKind::Bool(true)
            | draft::LiteralKind::Replaced { .. }
            | draft::LiteralKind::Unknown(_) => return,
            draft::LiteralKind::Bool(false) => LiteralKind::Compare {
                op: CompareOp::Eq,
                operand: ValueType::Number,
                left: Term::Const(Constant::Number(0)),
                right: Term::Const(Constant::Number(1)),
            },
        };
        out.push(Literal { kind, span });
    }

    /// `x = aggregate` and `x = range(…)` need no second variable when nothing else can bind `x`.
    fn defines(&mut self, variable: &Arg, value: &Arg, span: Span, out: &mut Vec<Literal>) -> bool {
        let draft = self.of.draft;
        let node = draft.find(variable.node);
        let outermost = draft.node(node).scope == draft.node(value.node).scope;
        if !matches!(draft.node(node).kind, NodeKind::Variable(_))
            || self.bindings.get(&node) != Some(&1)
            || !outermost
        {
            return false;
        }
        match &draft.node(value.node).kind {
            NodeKind::Aggregate(id) if !draft.aggregate(*id).witnesses.contains(&node) => {
                let result = self.var(node);
                self.aggregate(*id, result, span, out);
                true
            }
            NodeKind::Call(Intrinsic::Range, args) => {
                let var = self.var(node);
                self.range(var, value.node, args, span, out);
                true
            }
            _ => false,
        }
    }

    /// Arguments of an atom: what is compound moves to an equation in `out`.
    fn args(&mut self, args: &[Arg], out: &mut Vec<Literal>) -> Vec<Term> {
        args.iter()
            .map(|arg| {
                if let NodeKind::Wildcard = self.of.draft.node(arg.node).kind {
                    return Term::Wildcard;
                }
                match self.term(arg, out) {
                    simple @ (Term::Var(_) | Term::Const(_) | Term::Wildcard) => simple,
                    compound => Term::Var(self.hold(compound, arg, out)),
                }
            })
            .collect()
    }

    /// A variable for the value of an expression.
    fn held(&mut self, arg: &Arg, out: &mut Vec<Literal>) -> VarId {
        match self.term(arg, out) {
            Term::Var(var) => var,
            compound => self.hold(compound, arg, out),
        }
    }

    fn hold(&mut self, term: Term, arg: &Arg, out: &mut Vec<Literal>) -> VarId {
        let ty = self.kind(arg.node);
        let var = self.fresh(ty);
        out.push(Literal {
            kind: LiteralKind::Compare {
                op: CompareOp::Eq,
                operand: ty,
                left: Term::Var(var),
                right: term,
            },
            span: arg.span,
        });
        var
    }

    fn terms(&mut self, args: &[Arg], out: &mut Vec<Literal>) -> Vec<Term> {
        args.iter().map(|arg| self.term(arg, out)).collect()
    }

    fn term(&mut self, arg: &Arg, out: &mut Vec<Literal>) -> Term {
        let draft = self.of.draft;
        let node = draft.node(arg.node);
        let call = |op, operand, args| Term::Call {
            functor: Functor { op, operand },
            args,
        };
        match &node.kind {
            NodeKind::Variable(_) => Term::Var(self.var(arg.node)),
            NodeKind::Wildcard => Term::Var(self.fresh(self.kind(arg.node))),
            NodeKind::Integer { literal, negative } => {
                Term::Const(self.integer(*literal, *negative, self.kind(arg.node)))
            }
            NodeKind::Unsigned(value) => Term::Const(Constant::Unsigned(*value)),
            NodeKind::Float(value) => Term::Const(self.float(*value)),
            NodeKind::Text(text) => Term::Const(Constant::Symbol(text.clone())),
            NodeKind::Nil => Term::Const(Constant::Nil),
            NodeKind::Record(fields) => Term::Record(self.terms(fields, out)),
            NodeKind::Branch { ty, ordinal, args } => {
                let ordinal = Constant::Ordinal(*ordinal);
                let enumeration = match self.of.declarations.types.kind(*ty) {
                    Some(ValueType::Adt(shape)) => {
                        self.of.declarations.shape(shape).is_enumeration()
                    }
                    _ => true,
                };
                if enumeration {
                    return Term::Const(ordinal);
                }
                let mut fields = vec![Term::Const(ordinal)];
                fields.extend(self.terms(args, out));
                Term::Record(fields)
            }
            NodeKind::Unary(op, operand) => {
                let op = match op {
                    UnaryOp::Negate => FunctorOp::Negate,
                    UnaryOp::BitNot => FunctorOp::BitNot,
                    UnaryOp::LogicalNot => FunctorOp::LogicalNot,
                };
                let kind = self.kind(arg.node);
                let value = call(op, kind, vec![self.term(operand, out)]);
                self.narrowed(value, kind)
            }
            NodeKind::Binary(op, left, right) => {
                let kind = self.kind(arg.node);
                let (mut left, mut right) = (self.term(left, out), self.term(right, out));
                if self.of.word_bits == 32 {
                    (left, right) = within_32_bits(*op, kind, left, right);
                }
                let value = call(binary(*op, kind), kind, vec![left, right]);
                self.narrowed(value, kind)
            }
            NodeKind::Call(Intrinsic::Range, args) => {
                let var = self.fresh(self.kind(arg.node));
                self.range(var, arg.node, args, arg.span, out);
                Term::Var(var)
            }
            NodeKind::Call(functor, args) => {
                let operand = args
                    .first()
                    .map_or(ValueType::Number, |first| self.kind(first.node));
                let op = match functor {
                    Intrinsic::Min => FunctorOp::Min,
                    Intrinsic::Max => FunctorOp::Max,
                    Intrinsic::Cat => FunctorOp::Cat,
                    Intrinsic::Strlen => FunctorOp::Strlen,
                    Intrinsic::Substr => FunctorOp::Substr,
                    Intrinsic::ToString => FunctorOp::ToString,
                    Intrinsic::ToNumber => FunctorOp::ToNumber,
                    Intrinsic::ToUnsigned => FunctorOp::ToUnsigned,
                    Intrinsic::ToFloat => FunctorOp::ToFloat,
                    Intrinsic::Ord => FunctorOp::Ord,
                    Intrinsic::Autoinc | Intrinsic::Range => FunctorOp::Autoinc,
                };
                let value = call(op, operand, self.terms(args, out));
                match functor {
                    Intrinsic::ToNumber | Intrinsic::ToUnsigned | Intrinsic::ToFloat => {
                        self.narrowed(value, self.kind(arg.node))
                    }
                    _ => value,
                }
            }
            NodeKind::UserCall { functor, args } => {
                let name = self.of.declarations.functors[*functor].name.clone();
                let kind = self.kind(arg.node);
                let value = call(FunctorOp::User(name), kind, self.terms(args, out));
                self.narrowed(value, kind)
            }
            NodeKind::Cast { operand, .. } => {
                let (from, to) = (self.kind(operand.node), self.kind(arg.node));
                let term = self.term(operand, out);
                match (from, to) {
                    _ if from == to => term,
                    (ValueType::Float, _) if self.of.word_bits == 32 => {
                        self.narrowed(call(FunctorOp::FloatBits, from, vec![term]), to)
                    }
                    (_, ValueType::Float) if self.of.word_bits == 32 => {
                        call(FunctorOp::FloatOfBits, from, vec![term])
                    }
                    _ => self.narrowed(call(FunctorOp::Reinterpret(to), from, vec![term]), to),
                }
            }
            NodeKind::Aggregate(id) => {
                let result = self.fresh(self.kind(arg.node));
                self.aggregate(*id, result, arg.span, out);
                Term::Var(result)
            }
            NodeKind::IterationCount => {
                call(FunctorOp::IterationCount, ValueType::Unsigned, Vec::new())
            }
            NodeKind::Unknown(_) => Term::Const(Constant::Number(0)),
        }
    }

    fn float(&self, value: f64) -> Constant {
        match self.of.word_bits {
            32 => Constant::Float(f64::from(value as f32)),
            _ => Constant::Float(value),
        }
    }

    /// What is left of a value in the program's words.
    fn narrowed(&self, value: Term, kind: ValueType) -> Term {
        let word = matches!(
            kind,
            ValueType::Number | ValueType::Unsigned | ValueType::Float
        );
        match self.of.word_bits {
            32 if word => narrow(value, kind),
            _ => value,
        }
    }

    /// Checked to fit the kind before.
    fn integer(&self, literal: IntegerLiteral, negative: bool, kind: ValueType) -> Constant {
        let magnitude = literal.magnitude;
        match kind {
            ValueType::Unsigned => Constant::Unsigned(magnitude as u64),
            ValueType::Float if negative => self.float(-(magnitude as f64)),
            ValueType::Float => self.float(magnitude as f64),
            // An address is a word of 32 bits, whatever the size of other words.
            _ if literal.notation == Notation::Ipv4 => {
                Constant::Number(i64::from(magnitude as u32 as i32))
            }
            _ if negative => Constant::Number((magnitude as i64).wrapping_neg()),
            _ => Constant::Number(magnitude as i64),
        }
    }

    fn range(
        &mut self,
        var: VarId,
        node: NodeId,
        args: &[Arg],
        span: Span,
        out: &mut Vec<Literal>,
    ) {
        let mut terms = self.terms(args, out).into_iter();
        let (Some(from), Some(to)) = (terms.next(), terms.next()) else {
            return;
        };
        out.push(Literal {
            kind: LiteralKind::Range {
                var,
                operand: self.kind(node),
                from,
                to,
                step: terms.next(),
            },
            span,
        });
    }

    fn aggregate(&mut self, id: AggregateId, result: VarId, span: Span, out: &mut Vec<Literal>) {
        let draft = self.of.draft;
        let aggregate = draft.aggregate(id);
        let op = match aggregate.op {
            ast::AggregateOp::Count => AggregateOp::Count,
            ast::AggregateOp::Sum => AggregateOp::Sum,
            ast::AggregateOp::Min => AggregateOp::Min,
            ast::AggregateOp::Max => AggregateOp::Max,
            ast::AggregateOp::Mean => AggregateOp::Mean,
            ast::AggregateOp::User { .. } => AggregateOp::User,
        };
        let mut body = Vec::new();
        self.scope(aggregate.inner, &mut body);
        drop_repeated_atoms(&mut body);
        let target = match (op, aggregate.target) {
            (AggregateOp::Count, _) | (_, None) => None,
            (_, Some(target)) => Some(self.term(&target, &mut body)),
        };
        let operand = match (op, aggregate.target) {
            (AggregateOp::Count, _) | (_, None) => ValueType::Number,
            (_, Some(target)) => self.kind(target.node),
        };
        let mut injected: Vec<VarId> = aggregate
            .injected
            .iter()
            .map(|&node| self.var(node))
            .collect();
        let user = aggregate.user.map(|(functor, init)| {
            let init = self.held(&init, out);
            injected.push(init);
            UserFold {
                functor: self.of.declarations.functors[functor].name.clone(),
                init,
            }
        });
        let witnesses = aggregate
            .witnesses
            .iter()
            .map(|&node| self.var(node))
            .collect();
        let total = match op {
            AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User if self.of.word_bits == 32 => {
                self.fresh(operand)
            }
            _ => result,
        };
        out.push(Literal {
            kind: LiteralKind::Aggregate(Aggregate {
                op,
                user,
                operand,
                target,
                body,
                injected,
                witnesses,
                result: total,
            }),
            span,
        });
        if total != result {
            out.push(Literal {
                kind: LiteralKind::Compare {
                    op: CompareOp::Eq,
                    operand,
                    left: Term::Var(result),
                    right: self.narrowed(Term::Var(total), operand),
                },
                span,
            });
        }
    }
}

fn narrow(value: Term, operand: ValueType) -> Term {
    Term::Call {
        functor: Functor {
            op: FunctorOp::Narrow,
            operand,
        },
        args: vec![value],
    }
}

/// Operands for which an operation on 64 bits gives, once narrowed, what it gives on 32.
fn within_32_bits(op: BinaryOp, kind: ValueType, left: Term, right: Term) -> (Term, Term) {
    match op {
        BinaryOp::ShiftLeft | BinaryOp::ShiftRight | BinaryOp::ShiftRightUnsigned => {
            let left = match op {
                BinaryOp::ShiftRightUnsigned => narrow(left, ValueType::Unsigned),
                _ => left,
            };
            let count = Term::Call {
                functor: Functor {
                    op: FunctorOp::BitAnd,
                    operand: kind,
                },
                args: vec![right, Term::Const(Constant::Number(31))],
            };
            (left, count)
        }
        _ => (left, right),
    }
}

/// An atom said twice is the same condition: with `_` in it the second one would otherwise be another one.
fn drop_repeated_atoms(body: &mut Vec<Literal>) {
    let mut seen: Vec<(checked::RelationId, Vec<Term>)> = Vec::new();
    body.retain(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => {
            let new = !seen
                .iter()
                .any(|(relation, args)| *relation == atom.relation && *args == atom.args);
            if new {
                seen.push((atom.relation, atom.args.clone()));
            }
            new
        }
        _ => true,
    });
}

fn binary(op: BinaryOp, kind: ValueType) -> FunctorOp {
    match op {
        BinaryOp::Add if kind == ValueType::Symbol => FunctorOp::Cat,
        BinaryOp::Add => FunctorOp::Add,
        BinaryOp::Subtract => FunctorOp::Subtract,
        BinaryOp::Multiply => FunctorOp::Multiply,
        BinaryOp::Divide => FunctorOp::Divide,
        BinaryOp::Modulo => FunctorOp::Modulo,
        BinaryOp::Power => FunctorOp::Power,
        BinaryOp::BitAnd => FunctorOp::BitAnd,
        BinaryOp::BitOr => FunctorOp::BitOr,
        BinaryOp::BitXor => FunctorOp::BitXor,
        BinaryOp::ShiftLeft => FunctorOp::ShiftLeft,
        BinaryOp::ShiftRight => FunctorOp::ShiftRight,
        BinaryOp::ShiftRightUnsigned => FunctorOp::ShiftRightUnsigned,
        BinaryOp::LogicalAnd => FunctorOp::LogicalAnd,
        BinaryOp::LogicalOr => FunctorOp::LogicalOr,
        BinaryOp::LogicalXor => FunctorOp::LogicalXor,
    }
}
