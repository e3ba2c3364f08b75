//! A program between syntax and the checked form: names resolved to ids, bodies in disjunctive normal form, expressions
//! as nodes of one arena, so that the analyses can speak of them as relations over numbers.

use super::checked::{Constant, RelationId, VarId};
use super::types::TypeId;
use crate::syntax::ast::{AggregateOp, BinaryOp, CompareOp, IntegerLiteral, Intrinsic, UnaryOp};
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AggregateId(pub u32);

impl NodeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ScopeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl AggregateId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A use of a node: every use of a variable shares its node but has a place of its own.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub node: NodeId,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum NodeKind {
    Variable(Arc<str>),
    Wildcard,
    Integer {
        literal: IntegerLiteral,
        negative: bool,
    },
    Unsigned(u64),
    Float(f64),
    Text(Arc<str>),
    Nil,
    Record(Vec<Arg>),
    Branch {
        ty: TypeId,
        ordinal: u32,
        args: Vec<Arg>,
    },
    Unary(UnaryOp, Arg),
    Binary(BinaryOp, Arg, Arg),
    Call(Intrinsic, Vec<Arg>),
    UserCall {
        functor: usize,
        args: Vec<Arg>,
    },
    Cast {
        operand: Arg,
        ty: TypeId,
    },
    Aggregate(AggregateId),
    IterationCount,
    /// Names something unknown, which was reported: grounds and types whatever it touches.
    Unknown(Vec<Arg>),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
    pub scope: ScopeId,
    /// Mentioned only by [`LiteralKind::Replaced`]: has a type, needs no value.
    pub ghost: bool,
}

impl Node {
    pub fn children(&self) -> &[Arg] {
        match &self.kind {
            NodeKind::Record(args)
            | NodeKind::Branch { args, .. }
            | NodeKind::Call(_, args)
            | NodeKind::UserCall { args, .. }
            | NodeKind::Unknown(args) => args,
            NodeKind::Unary(_, operand) | NodeKind::Cast { operand, .. } => {
                std::slice::from_ref(operand)
            }
            _ => &[],
        }
    }

    /// Both operands of a binary operation; nothing otherwise.
    pub fn operands(&self) -> Option<(Arg, Arg)> {
        match self.kind {
            NodeKind::Binary(_, left, right) => Some((left, right)),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Atom {
    pub relation: RelationId,
    pub args: Vec<Arg>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum LiteralKind {
    Atom(Atom),
    Negated(Atom),
    Compare {
        op: CompareOp,
        left: Arg,
        right: Arg,
    },
    Match {
        pattern: Arg,
        text: Arg,
        negated: bool,
    },
    Contains {
        part: Arg,
        text: Arg,
        negated: bool,
    },
    Bool(bool),
    /// An atom of an inlined relation: what it stands for is beside it, this tells the types of its arguments.
    Replaced {
        atom: Atom,
        negated: bool,
    },
    /// An atom of an unknown relation or arity: grounds and types what it mentions.
    Unknown(Vec<Arg>),
}

#[derive(Clone, Debug)]
pub struct Literal {
    pub kind: LiteralKind,
    pub span: Span,
}

impl Literal {
    /// Every argument and side.
    pub fn args(&self) -> Vec<Arg> {
        match &self.kind {
            LiteralKind::Atom(atom)
            | LiteralKind::Negated(atom)
            | LiteralKind::Replaced { atom, .. } => atom.args.clone(),
            LiteralKind::Unknown(args) => args.clone(),
            LiteralKind::Compare {
                left: a, right: b, ..
            }
            | LiteralKind::Match {
                pattern: a,
                text: b,
                ..
            }
            | LiteralKind::Contains {
                part: a, text: b, ..
            } => vec![*a, *b],
            LiteralKind::Bool(_) => Vec::new(),
        }
    }
}

/// One clause's body, or the body of one aggregate.
#[derive(Clone, Debug)]
pub struct Scope {
    pub clause: u32,
    pub aggregate: Option<AggregateId>,
    pub literals: Vec<Literal>,
    /// In order of first mention.
    pub variables: Vec<(Arc<str>, NodeId)>,
    /// Aggregates that stand directly in this scope.
    pub aggregates: Vec<AggregateId>,
}

#[derive(Clone, Debug)]
pub struct Aggregate {
    pub op: AggregateOp,
    pub target: Option<Arg>,
    /// Of `@@f`: the functor and the first total, which stands in the outer scope.
    pub user: Option<(usize, Arg)>,
    pub outer: ScopeId,
    pub inner: ScopeId,
    pub span: Span,
    /// Outer variables the body reads; found by `scopes`.
    pub injected: Vec<NodeId>,
    /// Inner variables that bind outer ones; found by `scopes`.
    pub witnesses: Vec<NodeId>,
}

#[derive(Clone, Debug)]
pub enum ClauseKind {
    Rule(Atom),
    /// A rule whose head names an unknown relation: its body is checked all the same.
    UnknownHead(Vec<Arg>),
    Constraint,
    Query,
    Subsumption {
        dominated: Atom,
        dominating: Atom,
    },
}

/// One variable mentioned in one place.
#[derive(Clone, Debug)]
pub struct Mention {
    pub name: Arc<str>,
    pub span: Span,
    pub in_head: bool,
}

/// One head and one conjunction.
#[derive(Clone, Debug)]
pub struct Clause {
    pub kind: ClauseKind,
    pub scope: ScopeId,
    /// The clause as written that this came from: its disjuncts and heads share one number.
    pub source: u32,
    /// Written without a body.
    pub fact: bool,
    /// Of an inlined relation: checked, but only its copies run. The atom it replaces grounds its head.
    pub inlined: bool,
    pub mentions: Vec<Mention>,
    pub say: Option<Arc<str>>,
    pub plan: Vec<(u32, Vec<u32>)>,
    pub plan_span: Option<Span>,
    pub span: Span,
}

/// A fact of literals that fit their attributes: nothing about it needs to be found out.
#[derive(Clone, Debug)]
pub struct Stated {
    /// How many clauses come before it.
    pub before: usize,
    pub relation: RelationId,
    pub args: Vec<Constant>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// In textual order, until they are lowered.
    pub stated: Vec<Stated>,
    /// The relations of those.
    pub stated_of: FxHashSet<RelationId>,
    pub nodes: Vec<Node>,
    pub scopes: Vec<Scope>,
    pub aggregates: Vec<Aggregate>,
    pub clauses: Vec<Clause>,
    /// `same[n]` is the node that stands for `n`: an inner variable may be an outer one.
    pub same: Vec<NodeId>,
}

impl Draft {
    pub fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.same.push(id);
        id
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    pub fn aggregate(&self, id: AggregateId) -> &Aggregate {
        &self.aggregates[id.index()]
    }

    /// The node that stands for this one. Chains are as long as aggregates are nested.
    pub fn find(&self, mut id: NodeId) -> NodeId {
        while self.same[id.index()] != id {
            id = self.same[id.index()];
        }
        id
    }

    /// `x`, or what stands there: for messages.
    pub fn describe(&self, node: NodeId) -> String {
        match &self.node(node).kind {
            NodeKind::Variable(name) => format!("variable `{name}`"),
            NodeKind::Record(_) => "record".to_owned(),
            NodeKind::Branch { .. } => "branch".to_owned(),
            NodeKind::Aggregate(_) => "aggregate".to_owned(),
            NodeKind::Nil => "`nil`".to_owned(),
            NodeKind::Wildcard => "`_`".to_owned(),
            NodeKind::Integer { .. }
            | NodeKind::Unsigned(_)
            | NodeKind::Float(_)
            | NodeKind::Text(_) => "constant".to_owned(),
            _ => "expression".to_owned(),
        }
    }
}

/// Variables of a query, by name, that further alternatives share.
pub type Preset = Vec<(Arc<str>, VarId)>;
