//! The checked program: names resolved, types known, every rule grounded and stratified.
//!
//! Normal form: one head per rule, bodies are conjunctions, disjunction and negated groups are expanded, aggregates are
//! literals of their own, and the arguments of atoms are variables, constants or wildcards: every compound argument
//! has been moved into a comparison `fresh = term`. Only `analysis` can make a [`CheckedProgram`], so a program that
//! was not checked cannot be planned.

use super::declarations::Declarations;
use super::demand::Demand;
use super::rules::Rules;
use crate::syntax::ast::{CompareOp, DirectiveKind, Hypothesis};
use crate::syntax::source::Span;
use std::collections::HashMap;
use std::ops::Index;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(/** A relation of one program. */ RelationId);
id!(/** A rule, fact or constraint of one program, in textual order after expansion. */ RuleId);
id!(/** A variable of one rule. */ VarId);
id!(/** A record or ADT type of one program. */ ShapeId);
id!(/** A stratum: strata run in the order of their ids. */ StratumId);

/// What the word of a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    Number,
    Unsigned,
    Float,
    Symbol,
    /// `nil` is code 0; any other value is an interned tuple of its fields.
    Record(ShapeId),
    /// Without fields in any branch: the branch's ordinal. Otherwise an interned tuple `[ordinal, fields…]`.
    Adt(ShapeId),
}

/// A record or algebraic type.
#[derive(Clone, Debug)]
pub enum Shape {
    Record {
        name: Arc<str>,
        fields: Vec<Attribute>,
    },
    Adt {
        name: Arc<str>,
        branches: Vec<Branch>,
    },
}

/// A branch of an ADT; its ordinal is its place in [`Shape::Adt`].
#[derive(Clone, Debug)]
pub struct Branch {
    pub name: Arc<str>,
    pub fields: Vec<Attribute>,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Arc<str>,
    pub ty: ValueType,
    /// The type as declared, for messages and schemas.
    pub type_name: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct Relation {
    pub name: Arc<str>,
    pub attributes: Vec<Attribute>,
    pub kind: RelationKind,
    /// Keys of `choice-domain`, as attribute positions.
    pub choice_domains: Vec<Vec<usize>>,
    /// Present when the last attributes are of lattices.
    pub lattice: Option<Lattice>,
    /// Doc comment, lines joined.
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

impl Relation {
    pub fn arity(&self) -> usize {
        self.attributes.len()
    }
}

/// Of the rows that agree on their first `key` attributes one is kept, with the least upper bounds of all others.
#[derive(Clone, Debug)]
pub struct Lattice {
    pub key: usize,
    /// One for each attribute after the key: makes of two values their least upper bound.
    pub lubs: Vec<Functor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    Plain,
    /// An equivalence relation: closed under reflexivity, symmetry and transitivity.
    Eqrel,
    /// The rows that the last round added to another relation.
    Delta(RelationId),
}

/// A value that stands in the program text.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Number(i64),
    Unsigned(u64),
    Float(f64),
    Symbol(Arc<str>),
    Nil,
    /// The ordinal of a branch, of an ADT without fields.
    Ordinal(u32),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Var(VarId),
    Const(Constant),
    /// Only as an argument of an atom.
    Wildcard,
    /// A tuple of fields; for an ADT with fields the first one is the branch's ordinal.
    Record(Vec<Term>),
    Call {
        functor: Functor,
        args: Vec<Term>,
    },
}

impl Term {
    /// Whether the term calls `autoinc()`, and so differs each time it is evaluated.
    pub fn counts(&self) -> bool {
        self.calls(&|op| *op == FunctorOp::Autoinc)
    }

    /// Whether an operation like this is called anywhere in the term.
    pub fn calls(&self, like: &dyn Fn(&FunctorOp) -> bool) -> bool {
        match self {
            Term::Var(_) | Term::Const(_) | Term::Wildcard => false,
            Term::Record(fields) => fields.iter().any(|field| field.calls(like)),
            Term::Call { functor, args } => {
                like(&functor.op) || args.iter().any(|arg| arg.calls(like))
            }
        }
    }
}

/// An operation on values, with the type of its operands decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Functor {
    pub op: FunctorOp,
    /// Of the operands, except where the operation fixes its own (`substr`, `cat`, …); conversions name the source type here.
    pub operand: ValueType,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FunctorOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Negate,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    LogicalAnd,
    LogicalOr,
    LogicalXor,
    LogicalNot,
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
    Autoinc,
    IterationCount,
    /// A closure the embedding program registers under this name; its types are in [`CheckedProgram::functors`].
    User(Arc<str>),
    /// What is left of a number, unsigned or float in 32 bits; only in programs with words of that size.
    Narrow,
    /// The 32 bits of a float as a number, and back.
    FloatBits,
    FloatOfBits,
    /// `as(e, T)` between kinds: the word of `e` read as this type, not converted. A cast within a kind leaves no trace.
    Reinterpret(ValueType),
}

impl FunctorOp {
    /// Whether it has a value whatever its arguments are, and the same each time. Others may too, but are not known to.
    pub fn is_total(&self) -> bool {
        use FunctorOp::{Add, Cat, Max, Min, Multiply, Narrow, Negate, Strlen, Subtract};
        matches!(
            self,
            Add | Cat | Max | Min | Multiply | Narrow | Negate | Strlen | Subtract
        )
    }
}

/// `.functor f(a: t, …): t`: what the embedding program must register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFunctor {
    pub name: Arc<str>,
    pub parameters: Vec<ValueType>,
    pub result: ValueType,
    pub stateful: bool,
}

#[derive(Clone, Debug)]
pub struct Atom {
    pub relation: RelationId,
    /// Variables, constants and wildcards only.
    pub args: Vec<Term>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Literal {
    pub kind: LiteralKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum LiteralKind {
    Atom(Atom),
    Negated(Atom),
    /// `Eq` between terms of which one side is an unbound variable or a pattern binds it. `operand` decides the order.
    Compare {
        op: CompareOp,
        operand: ValueType,
        left: Term,
        right: Term,
    },
    /// The pattern matches the whole text.
    Match {
        pattern: Term,
        text: Term,
        negated: bool,
    },
    Contains {
        part: Term,
        text: Term,
        negated: bool,
    },
    /// `var` takes each value from `from` (inclusive) to `to` (exclusive). Without `step`: one up, or one down when `from > to`.
    Range {
        var: VarId,
        operand: ValueType,
        from: Term,
        to: Term,
        step: Option<Term>,
    },
    Aggregate(Aggregate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    Count,
    Sum,
    Min,
    Max,
    Mean,
    /// A closure that takes the total so far and one value more.
    User,
}

/// What `@@f target : init, { body }` folds with: the functor and the variable that holds the first total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFold {
    pub functor: Arc<str>,
    pub init: VarId,
}

/// `result = op target : { body }`.
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub op: AggregateOp,
    /// Of [`AggregateOp::User`]. The variable of the first total is among those injected.
    pub user: Option<UserFold>,
    /// Of `target`; `Number` for `count`.
    pub operand: ValueType,
    pub target: Option<Term>,
    pub body: Vec<Literal>,
    /// Variables of the body bound outside: the group's key.
    pub injected: Vec<VarId>,
    /// Inner variables used outside: the argmin or argmax, all ties.
    pub witnesses: Vec<VarId>,
    pub result: VarId,
}

impl LiteralKind {
    /// The terms of a literal, those in the body of an aggregate not among them.
    pub fn each_term<'a>(&'a self, act: &mut dyn FnMut(&'a Term)) {
        match self {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => atom.args.iter().for_each(act),
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
            } => [left, right].into_iter().for_each(act),
            LiteralKind::Range { from, to, step, .. } => {
                [from, to].into_iter().chain(step).for_each(act)
            }
            LiteralKind::Aggregate(aggregate) => aggregate.target.iter().for_each(act),
        }
    }

    /// Whether an operation like this is called anywhere in the literal.
    pub fn calls(&self, like: &dyn Fn(&FunctorOp) -> bool) -> bool {
        let mut found = match self {
            LiteralKind::Aggregate(aggregate) => {
                aggregate.body.iter().any(|inner| inner.kind.calls(like))
            }
            _ => false,
        };
        self.each_term(&mut |term| found |= term.calls(like));
        found
    }
}

impl Aggregate {
    /// The atom whose rows are folded one by one, wildcards and all; `None` where distinct bindings of the named
    /// variables are: over several atoms, over values made on the way, or where an atom repeats a variable.
    pub fn counts_rows_of(&self) -> Option<usize> {
        let mut single = None;
        for (at, literal) in self.body.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let repeats = (1..atom.args.len()).any(|at| {
                        matches!(atom.args[at], Term::Var(_))
                            && atom.args[..at].contains(&atom.args[at])
                    });
                    if repeats || single.replace(at).is_some() {
                        return None;
                    }
                }
                LiteralKind::Range { .. } | LiteralKind::Aggregate(_) => return None,
                _ => {}
            }
        }
        single
    }
}

#[derive(Clone, Debug)]
pub struct Variable {
    pub name: Arc<str>,
    pub ty: ValueType,
    /// Made by the checker, not written by the user.
    pub synthetic: bool,
}

/// One head, one conjunction.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `None` for constraints. Head arguments may be any term over bound variables.
    pub head: Option<Head>,
    pub body: Vec<Literal>,
    pub variables: Vec<Variable>,
    /// The sentence of `@[say = "…"]`.
    pub say: Option<Arc<str>>,
    /// `.plan` orders: version, then 1-based positions of the positive atoms.
    pub plan: Vec<(u32, Vec<u32>)>,
    /// The clause as written, before expansion.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Head {
    pub relation: RelationId,
    pub args: Vec<Term>,
}

/// `dominated` is dropped when `dominating` is present and the body holds.
#[derive(Clone, Debug)]
pub struct Subsumption {
    pub relation: RelationId,
    pub dominated: Vec<Term>,
    pub dominating: Vec<Term>,
    pub body: Vec<Literal>,
    pub variables: Vec<Variable>,
    pub span: Span,
}

/// Relations that depend on each other, and the rules that derive them.
#[derive(Clone, Debug)]
pub struct Stratum {
    pub relations: Vec<RelationId>,
    /// Facts are rules with an empty body.
    pub rules: Vec<RuleId>,
    pub recursive: bool,
}

/// `.input`, `.output`, `.printsize`, `.limitsize` of one relation.
#[derive(Clone, Debug)]
pub struct Directive {
    pub kind: DirectiveKind,
    pub relation: RelationId,
    pub parameters: Vec<(Arc<str>, Arc<str>)>,
    pub span: Span,
}

impl Directive {
    /// The value of a parameter; the last one given wins.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters
            .iter()
            .rev()
            .find(|(name, _)| &**name == key)
            .map(|(_, value)| &**value)
    }
}

/// A program that can be planned and run. Cheap to share behind an `Arc`; never changed once made.
#[derive(Clone, Debug, Default)]
pub struct CheckedProgram {
    pub(crate) shapes: Vec<Shape>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) by_name: HashMap<Arc<str>, RelationId>,
    pub(crate) rules: Rules,
    pub(crate) constraints: Vec<RuleId>,
    pub(crate) subsumptions: Vec<Subsumption>,
    pub(crate) strata: Vec<Stratum>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) abducibles: Vec<RelationId>,
    pub(crate) pragmas: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) functors: Vec<UserFunctor>,
    pub(crate) queries: Vec<CheckedQuery>,
    pub(crate) hypotheses: Vec<Arc<Hypothesis>>,
    /// What later queries and facts are checked against.
    pub(crate) declarations: Arc<Declarations>,
    /// Zero, in a program that was not checked, stands for 64.
    pub(crate) word_bits: u32,
    /// Files are written as Soufflé writes them where that is a mistake of its.
    pub(crate) strict: bool,
    /// Present when only what is wanted is derived.
    pub(crate) demand: Option<Arc<Demand>>,
}

impl CheckedProgram {
    /// Relations in the order of declaration.
    pub fn relations(&self) -> impl Iterator<Item = (RelationId, &Relation)> {
        self.relations
            .iter()
            .enumerate()
            .map(|(id, relation)| (RelationId(id as u32), relation))
    }

    pub fn relation_named(&self, name: &str) -> Option<RelationId> {
        self.by_name.get(name).copied()
    }

    pub fn rules(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        self.rules
            .iter()
            .enumerate()
            .map(|(id, rule)| (RuleId(id as u32), rule))
    }

    /// Rules whose head is this relation.
    pub fn rules_of(&self, relation: RelationId) -> impl Iterator<Item = (RuleId, &Rule)> {
        let of = self.rules.of(relation).iter();
        of.map(|&id| (id, &self.rules[id.index()]))
    }

    /// Headless rules, which must derive nothing.
    pub fn constraints(&self) -> &[RuleId] {
        &self.constraints
    }

    pub fn subsumptions(&self) -> &[Subsumption] {
        &self.subsumptions
    }

    /// The same program without some of its rules. Its strata stay, which is one way to run what is left; ids of rules
    /// are counted anew.
    pub fn without_rules(&self, dropped: impl Fn(RuleId) -> bool) -> CheckedProgram {
        let mut program = self.clone();
        let mut renumbered: Vec<Option<RuleId>> = Vec::with_capacity(self.rules.len());
        program.rules = Rules::default();
        for (id, rule) in self.rules() {
            renumbered.push(match dropped(id) {
                true => None,
                false => Some(program.rules.push(rule.clone())),
            });
        }
        let kept = |rules: &mut Vec<RuleId>| {
            *rules = rules
                .iter()
                .filter_map(|id| renumbered[id.index()])
                .collect();
        };
        kept(&mut program.constraints);
        program
            .strata
            .iter_mut()
            .for_each(|stratum| kept(&mut stratum.rules));
        program
    }

    /// In the order in which they must run.
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    pub fn abducibles(&self) -> &[RelationId] {
        &self.abducibles
    }

    pub fn pragmas(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.pragmas
    }

    /// Bits of a number: 64, or 32 where the program was checked so.
    pub fn word_bits(&self) -> u32 {
        match self.word_bits {
            0 => 64,
            bits => bits,
        }
    }

    /// User functors the program declares.
    pub fn functors(&self) -> &[UserFunctor] {
        &self.functors
    }

    /// `?-` items of the program, in textual order.
    pub fn queries(&self) -> &[CheckedQuery] {
        &self.queries
    }

    /// What was made of the program so that it derives only what is wanted.
    pub fn demand(&self) -> Option<&Demand> {
        self.demand.as_deref()
    }

    /// Whether a rule reads or derives a relation that no text declares.
    pub fn is_made(&self, rule: RuleId) -> bool {
        let Some(demand) = self.demand() else {
            return false;
        };
        let rule = &self[rule];
        let head = rule.head.as_ref().map(|head| head.relation);
        let atoms = rule.body.iter().filter_map(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(atom.relation),
            _ => None,
        });
        atoms.chain(head).any(|id| demand.made.contains_key(&id))
    }

    /// Hypotheses as written: they are checked as overlays when one is entered.
    pub fn hypotheses(&self) -> &[Arc<Hypothesis>] {
        &self.hypotheses
    }
}

impl Index<RelationId> for CheckedProgram {
    type Output = Relation;
    fn index(&self, id: RelationId) -> &Relation {
        &self.relations[id.index()]
    }
}

impl Index<RuleId> for CheckedProgram {
    type Output = Rule;
    fn index(&self, id: RuleId) -> &Rule {
        &self.rules[id.index()]
    }
}

impl Index<ShapeId> for CheckedProgram {
    type Output = Shape;
    fn index(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.index()]
    }
}

/// A query checked against a program: a headless rule plus the columns of its answer.
#[derive(Clone, Debug)]
pub struct CheckedQuery {
    pub body: Vec<Literal>,
    pub variables: Vec<Variable>,
    /// The named variables in order of first mention: the columns of the answer. Empty: a yes-or-no question.
    pub columns: Vec<VarId>,
    /// Further bodies of a query written with `;`, over the same variables. The answer is the union.
    pub alternatives: Vec<Vec<Literal>>,
}
