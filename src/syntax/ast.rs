//! The syntax tree of the whole dialect: what was written, where, and nothing about what it means.

use super::source::Span;
use std::sync::Arc;

/// A name as written.
#[derive(Clone, Debug)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

/// `a.b.c`: names joined by dots, never empty.
#[derive(Clone, Debug)]
pub struct Path {
    pub parts: Vec<Name>,
    pub span: Span,
}

/// The items of one or several files, in order, includes already spliced in.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub items: Vec<Item>,
    /// `@![…]` and `//!` at the beginning of a file.
    pub annotations: Vec<Annotation>,
    /// Every comment that is not a doc comment, in textual order; the formatter puts them back.
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug)]
pub struct Comment {
    pub span: Span,
    /// With its `//` or `/* */`.
    pub text: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct Item {
    /// Lines of `///` (without the slashes).
    pub docs: Vec<Arc<str>>,
    pub annotations: Vec<Annotation>,
    pub kind: ItemKind,
    pub span: Span,
}

/// `@[key = value]`; the value is a string literal's content or the tokens as written.
#[derive(Clone, Debug)]
pub struct Annotation {
    pub key: Name,
    pub value: Option<AnnotationValue>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum AnnotationValue {
    Text(Arc<str>),
    Tokens(Arc<str>),
}

/// What is large is boxed: a program of generated facts is mostly items, and small ones.
#[derive(Clone, Debug)]
pub enum ItemKind {
    Type(Box<TypeDecl>),
    Lattice(Box<LatticeDecl>),
    Relation(Box<RelationDecl>),
    Functor(Box<FunctorDecl>),
    /// `h1, h2 :- body.` and, with an empty body, facts.
    Rule(Rule),
    /// `r(x) <= r(y) :- body.`
    Subsumption(Box<Subsumption>),
    /// `:- body.`
    Constraint(Box<Body>),
    /// `?- body.`
    Query(Box<Body>),
    Directive(Box<Directive>),
    Pragma {
        key: Box<StringLiteral>,
        value: Option<Box<StringLiteral>>,
    },
    Component(Box<Component>),
    Init {
        name: Name,
        component: Box<ComponentType>,
    },
    /// `.override r`, legal only inside a component.
    Override(Name),
    /// Kept only when a file is parsed by itself (formatting); loading a program splices the file in.
    Include {
        path: StringLiteral,
        once: bool,
    },
    /// `.once`
    Once,
    Abducible(Vec<Path>),
    Hypothesis(Box<Hypothesis>),
}

#[derive(Clone, Debug)]
pub struct StringLiteral {
    /// Escapes already resolved.
    pub value: Arc<str>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct TypeDecl {
    pub name: Name,
    pub definition: TypeDefinition,
}

#[derive(Clone, Debug)]
pub enum TypeDefinition {
    /// `<: base`; the old forms `.type T`, `.number_type T` and `.symbol_type T` carry `deprecated`.
    Subset { base: Path, deprecated: bool },
    /// `= other`
    Alias(Path),
    /// `= a | b`
    Union(Vec<Path>),
    /// `= [x: t, …]`
    Record(Vec<Attribute>),
    /// `= A {x: t} | B {}`
    Adt(Vec<Branch>),
}

#[derive(Clone, Debug)]
pub struct Branch {
    pub name: Name,
    pub fields: Vec<Attribute>,
}

/// `.lattice T<> { Bottom -> e, Lub -> @f(_, _), … }`
#[derive(Clone, Debug)]
pub struct LatticeDecl {
    pub name: Name,
    pub operators: Vec<(Name, Expr)>,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Name,
    pub ty: Path,
    /// `x: T<>`
    pub lattice: bool,
}

#[derive(Clone, Debug)]
pub struct RelationDecl {
    /// `.decl a, b(…)` declares several relations of one shape.
    pub names: Vec<Name>,
    pub attributes: Vec<Attribute>,
    pub qualifiers: Vec<(Qualifier, Span)>,
    /// `choice-domain k, (k1, k2)`
    pub choice_domains: Vec<Vec<Name>>,
    /// `.decl d = debug_delta(r)`
    pub debug_delta: Option<Path>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    Btree,
    Brie,
    BtreeDelete,
    Eqrel,
    Inline,
    NoInline,
    Magic,
    NoMagic,
    Overridable,
    /// Deprecated in a declaration, still acts.
    Input,
    Output,
    Printsize,
}

#[derive(Clone, Debug)]
pub struct FunctorDecl {
    pub name: Name,
    /// A parameter may be written with or without a name.
    pub parameters: Vec<(Option<Name>, Path)>,
    pub result: Path,
    pub stateful: bool,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub heads: Vec<Atom>,
    /// Absent for facts.
    pub body: Option<Box<Body>>,
    pub plan: Option<Box<ExecutionPlan>>,
}

#[derive(Clone, Debug)]
pub struct Subsumption {
    pub dominated: Atom,
    pub dominating: Atom,
    pub body: Body,
    pub plan: Option<ExecutionPlan>,
}

/// `.plan 0:(2,1), 1:(1,2)`
#[derive(Clone, Debug)]
pub struct ExecutionPlan {
    pub orders: Vec<(u32, Vec<u32>)>,
    pub span: Span,
}

/// A rule body: one formula. A conjunction of literals is the ordinary case.
pub type Body = Formula;

#[derive(Clone, Debug)]
pub struct Formula {
    pub kind: FormulaKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum FormulaKind {
    /// `a, b`; at least two.
    And(Vec<Formula>),
    /// `a; b`; at least two.
    Or(Vec<Formula>),
    /// `!f`, where `f` may be a group.
    Not(Box<Formula>),
    Atom(Atom),
    Compare {
        op: CompareOp,
        left: Expr,
        right: Expr,
    },
    /// `match(pattern, text)`
    Match {
        pattern: Expr,
        text: Expr,
    },
    /// `contains(part, text)`
    Contains {
        part: Expr,
        text: Expr,
    },
    /// `true`, `false`
    Bool(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug)]
pub struct Atom {
    pub relation: Path,
    pub args: Vec<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Variable(Arc<str>),
    /// `_`
    Wildcard,
    /// Decimal, hexadecimal, binary or IPv4, without suffix: its type comes from the context.
    Integer(IntegerLiteral),
    /// With suffix `u`.
    Unsigned(u64),
    Float(f64),
    Text(Arc<str>),
    Nil,
    /// `[a, b]`
    Record(Vec<Expr>),
    /// `$Branch(a, b)`
    Branch {
        name: Path,
        args: Vec<Expr>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `cat(a, b)`, `range(0, n)`, `autoinc()` …
    Call {
        functor: Intrinsic,
        args: Vec<Expr>,
    },
    /// `@f(a, b)`
    UserCall {
        name: Name,
        args: Vec<Expr>,
    },
    /// `as(e, T)`
    Cast {
        operand: Box<Expr>,
        ty: Path,
    },
    Aggregate(Box<Aggregate>),
    /// `recursive_iteration_cnt()`
    IterationCount,
}

/// An integer as written. It may be too large for the word; the checker, who knows the type, says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegerLiteral {
    /// Saturates at `u128::MAX`. Never negative: a leading minus is [`UnaryOp::Negate`].
    pub magnitude: u128,
    pub notation: Notation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Decimal,
    Hexadecimal,
    Binary,
    /// `a.b.c.d`
    Ipv4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Negate,
    BitNot,
    LogicalNot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    /// Arithmetic.
    ShiftRight,
    ShiftRightUnsigned,
    LogicalAnd,
    LogicalOr,
    LogicalXor,
}

/// Functors written as calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    Min,
    Max,
    Cat,
    Strlen,
    Substr,
    ToString,
    ToNumber,
    ToUnsigned,
    ToFloat,
    Ord,
    Range,
    Autoinc,
}

#[derive(Clone, Debug)]
pub struct Aggregate {
    pub op: AggregateOp,
    /// Absent for `count`.
    pub target: Option<Expr>,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub enum AggregateOp {
    Count,
    Sum,
    Min,
    Max,
    Mean,
    /// `@@f e : init, {body}`
    User {
        name: Name,
        init: Box<Expr>,
    },
}

#[derive(Clone, Debug)]
pub struct Directive {
    pub kind: DirectiveKind,
    pub relations: Vec<Path>,
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectiveKind {
    Input,
    Output,
    Printsize,
    Limitsize,
}

/// `key=value` of a directive. Strings, identifiers, numbers and booleans all read as text.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub key: Name,
    pub value: Arc<str>,
    pub value_span: Span,
}

/// `name<A, B>`
#[derive(Clone, Debug)]
pub struct ComponentType {
    pub name: Name,
    pub arguments: Vec<Name>,
}

#[derive(Clone, Debug)]
pub struct Component {
    pub head: ComponentType,
    pub bases: Vec<ComponentType>,
    pub items: Vec<Item>,
}

/// A named set of assumptions and withdrawals.
#[derive(Clone, Debug)]
pub struct Hypothesis {
    pub name: Name,
    pub parameters: Vec<Name>,
    pub title: Option<StringLiteral>,
    pub entries: Vec<HypothesisEntry>,
}

#[derive(Clone, Debug)]
pub enum HypothesisEntry {
    /// `.goal atom.`
    Goal(Atom),
    /// `+ atom.`
    Assume(Atom),
    /// `- atom.`; wildcards withdraw every fact that matches, `source("s2")` and `claim("c1")` what they say.
    Withdraw(Atom),
    /// A rule that holds only here.
    Rule(Box<Item>),
}
