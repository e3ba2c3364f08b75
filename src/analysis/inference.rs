//! Stage 4: types, as upper bounds that flow through a draft.
//!
//! A node's type is the greatest type below all its bounds. A positive atom bounds its arguments by its attributes; a
//! head and a negated atom only by their kind, for a head takes any subtype, which is checked afterwards.

use super::checked::{RelationId, ValueType};
use super::declarations::Declarations;
use super::draft::{Arg, Atom, ClauseKind, Draft, LiteralKind, Node, NodeId, NodeKind};
use super::types::{self, TypeId};
use crate::syntax::ast::{AggregateOp, Intrinsic};
use crate::syntax::source::Span;
use ascent::ascent;
use rustc_hash::{FxHashMap, FxHashSet};

ascent! {
    /// Nodes and types are numbers here.
    pub struct Inference;

    relation upper(u32, u32);
    relation below(u32, u32);
    relation same_kind(u32, u32);
    // The literal type of a type's kind.
    relation literal_of(u32, u32);
    // A record node's field, by position.
    relation field_of(u32, u32, u32);
    relation field_type(u32, u32, u32);

    // What lies below a node has the node's bounds.
    upper(node, ty) <-- below(node, other), upper(other, ty);
    // The operands and the result of an operation are of one kind.
    upper(node, literal) <-- same_kind(node, other), upper(other, ty), literal_of(ty, literal);
    upper(node, literal) <-- same_kind(other, node), upper(other, ty), literal_of(ty, literal);
    // A field of a record has the type its record's type declares; of an invalid one, any.
    upper(node, invalid) <-- field_of(node, record, _), upper(record, invalid), if *invalid == TypeId::INVALID.0;
    upper(node, ty) <-- field_of(node, record, index), upper(record, whole), field_type(whole, index, ty);
}

/// Why a node has a bound.
#[derive(Clone, Copy, Debug)]
pub enum Reason {
    Attribute {
        relation: RelationId,
        index: usize,
        negated: bool,
        head: bool,
    },
    Literal,
    Field,
    Functor,
    Aggregate,
    Cast,
}

/// A bound that stands in the text.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub node: NodeId,
    pub ty: TypeId,
    pub span: Span,
    pub reason: Reason,
}

/// The types of all nodes.
pub struct Typing {
    /// Greatest types below all bounds; empty when there are none, or no bound.
    meets: Vec<Vec<TypeId>>,
    bounds: Vec<Vec<TypeId>>,
    pub stated: Vec<Bound>,
    /// Nodes that are records of no declared type, with their number of fields.
    pub anonymous: FxHashMap<NodeId, usize>,
    pub facts: Inference,
}

impl Typing {
    pub fn meet(&self, draft: &Draft, node: NodeId) -> &[TypeId] {
        &self.meets[draft.find(node).index()]
    }

    pub fn bounds(&self, node: NodeId) -> &[TypeId] {
        &self.bounds[node.index()]
    }

    pub fn is_conflict(&self, node: NodeId) -> bool {
        self.meets[node.index()].is_empty() && !self.bounds[node.index()].is_empty()
    }

    /// The kind of a node; what has none, in a program that is refused anyway, counts as a number.
    pub fn kind(&self, draft: &Draft, declarations: &Declarations, node: NodeId) -> ValueType {
        self.known_kind(draft, declarations, node)
            .unwrap_or(ValueType::Number)
    }

    pub fn known_kind(
        &self,
        draft: &Draft,
        declarations: &Declarations,
        node: NodeId,
    ) -> Option<ValueType> {
        self.meet(draft, node)
            .iter()
            .find_map(|&ty| declarations.types.kind(ty))
    }
}

struct Collector<'d> {
    draft: &'d Draft,
    declarations: &'d Declarations,
    facts: Inference,
    stated: Vec<Bound>,
}

/// Infers the type of every node.
pub fn infer(draft: &Draft, declarations: &Declarations) -> Typing {
    let mut collector = Collector {
        draft,
        declarations,
        facts: Inference::default(),
        stated: Vec::new(),
    };
    collector.clauses();
    for index in 0..draft.nodes.len() {
        collector.node(NodeId(index as u32));
    }
    collector.solve()
}

impl Collector<'_> {
    fn state(&mut self, node: NodeId, ty: TypeId, span: Span, reason: Reason) {
        let node = self.draft.find(node);
        self.facts.upper.push((node.0, ty.0));
        self.stated.push(Bound {
            node,
            ty,
            span,
            reason,
        });
    }

    fn equal(&mut self, a: NodeId, b: NodeId) {
        let (a, b) = (self.draft.find(a).0, self.draft.find(b).0);
        self.facts.below.push((a, b));
        self.facts.below.push((b, a));
    }

    fn one_kind(&mut self, a: NodeId, b: NodeId) {
        let pair = (self.draft.find(a).0, self.draft.find(b).0);
        self.facts.same_kind.push(pair);
    }

    fn clauses(&mut self) {
        let draft = self.draft;
        for clause in &draft.clauses {
            match &clause.kind {
                ClauseKind::Rule(atom) => self.sink(atom, false),
                ClauseKind::Subsumption {
                    dominated,
                    dominating,
                } => {
                    self.source(dominated);
                    self.source(dominating);
                }
                ClauseKind::UnknownHead(args) => self.unknown(args),
                ClauseKind::Constraint | ClauseKind::Query => {}
            }
        }
        for literal in draft.scopes.iter().flat_map(|scope| &scope.literals) {
            match &literal.kind {
                LiteralKind::Atom(atom)
                | LiteralKind::Replaced {
                    atom,
                    negated: false,
                } => {
                    self.source(atom);
                }
                LiteralKind::Negated(atom)
                | LiteralKind::Replaced {
                    atom,
                    negated: true,
                } => {
                    self.sink(atom, true);
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
                    self.equal(left.node, right.node);
                }
                LiteralKind::Unknown(args) => self.unknown(args),
                LiteralKind::Bool(_) => {}
            }
        }
    }

    fn unknown(&mut self, args: &[Arg]) {
        for arg in args {
            self.state(arg.node, TypeId::INVALID, arg.span, Reason::Functor);
        }
    }

    fn source(&mut self, atom: &Atom) {
        for (index, (arg, field)) in self.fields(atom).enumerate() {
            self.state(
                arg.node,
                field,
                arg.span,
                Reason::Attribute {
                    relation: atom.relation,
                    index,
                    negated: false,
                    head: false,
                },
            );
        }
    }

    fn sink(&mut self, atom: &Atom, negated: bool) {
        for (index, (arg, field)) in self.fields(atom).enumerate() {
            let bound = match self.declarations.types.kind(field) {
                Some(ValueType::Record(_)) | None => Some(field),
                Some(kind) => types::literal(kind),
            };
            if let Some(bound) = bound {
                self.state(
                    arg.node,
                    bound,
                    arg.span,
                    Reason::Attribute {
                        relation: atom.relation,
                        index,
                        negated,
                        head: !negated,
                    },
                );
            }
        }
    }

    fn fields<'x>(&self, atom: &'x Atom) -> impl Iterator<Item = (&'x Arg, TypeId)> + use<'x> {
        let types: Vec<TypeId> = self
            .declarations
            .relation(atom.relation)
            .attributes
            .iter()
            .map(|field| field.ty)
            .collect();
        atom.args.iter().zip(types)
    }

    fn node(&mut self, id: NodeId) {
        let draft = self.draft;
        let Node { kind, span, .. } = draft.node(id);
        let literal = match kind {
            NodeKind::Text(_) => TypeId::SYMBOL_LITERAL,
            NodeKind::Float(_) => TypeId::FLOAT_LITERAL,
            NodeKind::Unsigned(_) | NodeKind::IterationCount => TypeId::UNSIGNED_LITERAL,
            _ => return self.computed(id, *span),
        };
        self.state(id, literal, *span, Reason::Literal);
    }

    fn computed(&mut self, id: NodeId, span: Span) {
        let draft = self.draft;
        match &draft.node(id).kind {
            NodeKind::Record(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let part = draft.find(part.node).0;
                    self.facts.field_of.push((part, id.0, index as u32));
                }
            }
            NodeKind::Branch { ty, ordinal, args } => {
                self.state(id, *ty, span, Reason::Field);
                let fields: Vec<TypeId> = self
                    .declarations
                    .branch_fields(*ty, *ordinal)
                    .iter()
                    .map(|field| field.ty)
                    .collect();
                for (arg, field) in args.iter().zip(fields) {
                    self.state(arg.node, field, arg.span, Reason::Field);
                }
            }
            NodeKind::Unary(_, operand) => self.one_kind(id, operand.node),
            NodeKind::Binary(_, left, right) => {
                self.one_kind(id, left.node);
                self.one_kind(id, right.node);
            }
            NodeKind::Call(functor, args) => self.call(id, *functor, args, span),
            NodeKind::UserCall { functor, args } => {
                let declared = &self.declarations.functors[*functor];
                self.state(id, declared.result, span, Reason::Functor);
                for (arg, &ty) in args.iter().zip(&declared.parameters) {
                    self.state(arg.node, ty, arg.span, Reason::Functor);
                }
            }
            NodeKind::Cast { operand, ty } => {
                self.state(id, *ty, span, Reason::Cast);
                if matches!(
                    draft.node(operand.node).kind,
                    NodeKind::Integer { .. } | NodeKind::Nil
                ) {
                    self.state(operand.node, *ty, operand.span, Reason::Cast);
                }
            }
            NodeKind::Aggregate(aggregate) => {
                let aggregate = draft.aggregate(*aggregate);
                match aggregate.op {
                    AggregateOp::Count => {
                        self.state(id, TypeId::NUMBER_LITERAL, span, Reason::Aggregate);
                    }
                    AggregateOp::Mean => {
                        self.state(id, TypeId::FLOAT_LITERAL, span, Reason::Aggregate);
                    }
                    AggregateOp::User { .. } => {
                        if let (Some((functor, init)), Some(target)) =
                            (aggregate.user, aggregate.target)
                        {
                            let declared = &self.declarations.functors[functor];
                            self.state(id, declared.result, span, Reason::Aggregate);
                            for (arg, &ty) in [init, target].iter().zip(&declared.parameters) {
                                self.state(arg.node, ty, arg.span, Reason::Functor);
                            }
                        }
                        return;
                    }
                    AggregateOp::Sum | AggregateOp::Min | AggregateOp::Max => {}
                }
                if let Some(target) = aggregate.target
                    && !matches!(aggregate.op, AggregateOp::Count)
                {
                    self.equal(id, target.node);
                }
            }
            NodeKind::Unknown(args) => {
                self.state(id, TypeId::INVALID, span, Reason::Functor);
                self.unknown(args);
            }
            _ => {}
        }
    }

    fn call(&mut self, id: NodeId, functor: Intrinsic, args: &[Arg], span: Span) {
        const NUMBER: TypeId = TypeId::NUMBER_LITERAL;
        const SYMBOL: TypeId = TypeId::SYMBOL_LITERAL;
        let (result, operands): (TypeId, &[TypeId]) = match functor {
            Intrinsic::Min | Intrinsic::Max | Intrinsic::Range => {
                for arg in args {
                    self.one_kind(id, arg.node);
                }
                return;
            }
            Intrinsic::Cat => (SYMBOL, &[]),
            Intrinsic::Strlen => (NUMBER, &[SYMBOL]),
            Intrinsic::Substr => (SYMBOL, &[SYMBOL, NUMBER, NUMBER]),
            Intrinsic::ToString => (SYMBOL, &[]),
            Intrinsic::ToNumber | Intrinsic::Ord | Intrinsic::Autoinc => (NUMBER, &[]),
            Intrinsic::ToUnsigned => (TypeId::UNSIGNED_LITERAL, &[]),
            Intrinsic::ToFloat => (TypeId::FLOAT_LITERAL, &[]),
        };
        self.state(id, result, span, Reason::Functor);
        for (index, arg) in args.iter().enumerate() {
            let operand = match functor {
                Intrinsic::Cat => Some(&SYMBOL),
                _ => operands.get(index),
            };
            if let Some(&ty) = operand {
                self.state(arg.node, ty, arg.span, Reason::Functor);
            }
        }
    }

    fn solve(mut self) -> Typing {
        let types = &self.declarations.types;
        for id in types.ids() {
            if let Some(literal) = types.literal_of(id) {
                self.facts.literal_of.push((id.0, literal.0));
            }
            for (index, field) in self
                .declarations
                .record_fields(id)
                .into_iter()
                .flatten()
                .enumerate()
            {
                self.facts.field_type.push((id.0, index as u32, field.ty.0));
            }
        }
        self.facts.run();
        let anonymous = self.anonymous();

        // A number without suffix that nothing else bounds is a `number`.
        let mut bounded = vec![false; self.draft.nodes.len()];
        for &(node, _) in &self.facts.upper {
            bounded[node as usize] = true;
        }
        let mut defaulted = false;
        for (index, node) in self.draft.nodes.iter().enumerate() {
            if matches!(node.kind, NodeKind::Integer { .. }) && !bounded[index] {
                self.state(
                    NodeId(index as u32),
                    TypeId::NUMBER_LITERAL,
                    node.span,
                    Reason::Literal,
                );
                defaulted = true;
            }
        }
        if defaulted {
            self.facts.run();
        }

        let mut bounds: Vec<Vec<TypeId>> = vec![Vec::new(); self.draft.nodes.len()];
        for &(node, ty) in &self.facts.upper {
            bounds[node as usize].push(TypeId(ty));
        }
        let meets = bounds
            .iter_mut()
            .map(|bounds| {
                bounds.sort();
                bounds.dedup();
                let Some((&first, rest)) = bounds.split_first() else {
                    return Vec::new();
                };
                rest.iter()
                    .fold(vec![first], |known, &bound| types.meet_all(&known, bound))
            })
            .collect();
        Typing {
            meets,
            bounds,
            stated: self.stated,
            anonymous,
            facts: self.facts,
        }
    }

    /// Records whose type nothing tells: what is equal to them has fields of the same types, pair by pair.
    fn anonymous(&mut self) -> FxHashMap<NodeId, usize> {
        let records: Vec<(NodeId, usize)> = self
            .draft
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| match &node.kind {
                NodeKind::Record(fields) => Some((NodeId(index as u32), fields.len())),
                _ => None,
            })
            .collect();
        let mut anonymous = FxHashMap::default();
        if records.is_empty() {
            return anonymous;
        }
        let mut linked = FxHashSet::default();
        loop {
            let mut groups = Groups::new(self.draft.nodes.len());
            for &(a, b) in &self.facts.below {
                groups.join(a, b);
            }
            let typed: FxHashSet<u32> = self
                .facts
                .upper
                .iter()
                .map(|&(node, _)| groups.find(node))
                .collect();
            let mut first: FxHashMap<u32, (NodeId, usize)> = FxHashMap::default();
            let mut more = false;
            for &(record, size) in &records {
                let group = groups.find(record.0);
                if typed.contains(&group) {
                    continue;
                }
                let (like, expected) = *first.entry(group).or_insert((record, size));
                if like != record && size == expected && linked.insert(record) {
                    more = true;
                    self.equal_fields(like, record);
                }
            }
            if more {
                self.facts.run();
                continue;
            }
            for node in 0..self.draft.nodes.len() as u32 {
                if let Some(&(_, size)) = first.get(&groups.find(node)) {
                    anonymous.insert(NodeId(node), size);
                }
            }
            return anonymous;
        }
    }

    fn equal_fields(&mut self, a: NodeId, b: NodeId) {
        let draft = self.draft;
        let pairs = draft
            .node(a)
            .children()
            .iter()
            .zip(draft.node(b).children());
        for (a, b) in pairs {
            self.equal(a.node, b.node);
        }
    }
}

/// Nodes whose types depend on each other, as a union-find.
pub struct Groups(Vec<u32>);

impl Groups {
    pub fn new(nodes: usize) -> Groups {
        Groups((0..nodes as u32).collect())
    }

    pub fn find(&mut self, mut node: u32) -> u32 {
        while self.0[node as usize] != node {
            self.0[node as usize] = self.0[self.0[node as usize] as usize];
            node = self.0[node as usize];
        }
        node
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}
