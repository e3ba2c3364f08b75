//! Type errors: what inference found no type for, and what does not fit its place.

use super::Options;
use super::checked::ValueType;
use super::codes;
use super::declarations::{Declarations, Field, kind_name};
use super::draft::{Arg, Atom, ClauseKind, Draft, LiteralKind, NodeId, NodeKind};
use super::findings::{Findings, counted};
use super::grounding::Grounded;
use super::inference::{Bound, Groups, Reason, Typing};
use super::types::TypeId;
use crate::syntax::ast::{
    AggregateOp, BinaryOp, CompareOp, IntegerLiteral, Intrinsic, Notation, UnaryOp,
};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports every type error, one for each group of nodes whose types depend on each other.
pub fn check(
    draft: &Draft,
    declarations: &Declarations,
    typing: &Typing,
    grounded: &Grounded,
    options: &Options,
    findings: &mut Findings,
) {
    let mut checker = Checker {
        draft,
        declarations,
        typing,
        grounded,
        options,
        findings,
        groups: groups_of(draft, typing),
        faulty: FxHashSet::default(),
    };
    checker.conflicts();
    checker.constants();
    checker.nodes();
    checker.literals();
    checker.heads();
    checker.untyped();
}

struct Checker<'a> {
    draft: &'a Draft,
    declarations: &'a Declarations,
    typing: &'a Typing,
    grounded: &'a Grounded,
    options: &'a Options,
    findings: &'a mut Findings,
    groups: Groups,
    /// Groups in which an error was reported: what else is wrong there follows from it.
    faulty: FxHashSet<u32>,
}

fn groups_of(draft: &Draft, typing: &Typing) -> Groups {
    let mut groups = Groups::new(draft.nodes.len());
    for &(a, b) in typing.facts.below.iter().chain(&typing.facts.same_kind) {
        groups.join(a, b);
    }
    for &(field, record, _) in &typing.facts.field_of {
        groups.join(field, record);
    }
    groups
}

impl Checker<'_> {
    /// Marks a node's group; false when something was reported there before.
    fn blame(&mut self, node: NodeId) -> bool {
        let group = self.groups.find(self.draft.find(node).0);
        self.faulty.insert(group)
    }

    fn is_faulty(&mut self, node: NodeId) -> bool {
        let group = self.groups.find(self.draft.find(node).0);
        self.faulty.contains(&group)
    }

    fn kind(&self, node: NodeId) -> Option<ValueType> {
        self.typing.known_kind(self.draft, self.declarations, node)
    }

    fn type_name(&self, ty: TypeId) -> &str {
        self.declarations.types.name(ty)
    }

    /// `A` or `A | B`: the type found for a node.
    fn found(&self, node: NodeId) -> String {
        let names: Vec<&str> = self
            .typing
            .meet(self.draft, node)
            .iter()
            .map(|&ty| self.type_name(ty))
            .collect();
        if names.is_empty() && self.is_anonymous(node) {
            return "record".to_owned();
        }
        names.join(" | ")
    }

    fn conflicts(&mut self) {
        let mut conflicts: Vec<NodeId> = (0..self.draft.nodes.len() as u32)
            .map(NodeId)
            .filter(|&node| self.typing.is_conflict(node))
            .collect();
        if conflicts.is_empty() {
            return;
        }
        let tracer = Tracer::new(self.typing);
        // A variable tells more than the constant it is compared with.
        conflicts.sort_by_key(|&node| {
            (
                !matches!(self.draft.node(node).kind, NodeKind::Variable(_)),
                node,
            )
        });
        for node in conflicts {
            let Some((first, second)) = self.opposed(node) else {
                continue;
            };
            let kinds = [first, second].map(|ty| self.declarations.types.kind(ty));
            if self.options.legacy && kinds[0] == kinds[1] {
                continue;
            }
            if self.blame(node) {
                let places = [first, second].map(|ty| tracer.trace(self.declarations, node, ty));
                self.report_conflict(node, first, second, places);
            }
        }
    }

    /// Two bounds of a node with nothing below both.
    fn opposed(&self, node: NodeId) -> Option<(TypeId, TypeId)> {
        let bounds = self.typing.bounds(node);
        bounds.iter().enumerate().find_map(|(index, &first)| {
            let second = bounds[index + 1..]
                .iter()
                .find(|&&second| self.declarations.types.meet(first, second).is_empty())?;
            Some((first, *second))
        })
    }

    fn report_conflict(
        &mut self,
        node: NodeId,
        first: TypeId,
        second: TypeId,
        places: [Option<Bound>; 2],
    ) {
        // The head first, else what is nearer to the end of the text: that is where the eye looks for the mistake.
        let mut sides = [(first, places[0]), (second, places[1])];
        sides.sort_by_key(|(_, place)| {
            let head = place
                .is_some_and(|bound| matches!(bound.reason, Reason::Attribute { head: true, .. }));
            (!head, std::cmp::Reverse(place.map(|bound| bound.span)))
        });
        let [(found, at), (expected, other)] = sides;
        let (found, expected) = (
            self.type_name(found).to_owned(),
            self.type_name(expected).to_owned(),
        );
        let negated = [at, other]
            .iter()
            .flatten()
            .any(|bound| matches!(bound.reason, Reason::Attribute { negated: true, .. }));
        let constant = matches!(
            self.draft.node(node).kind,
            NodeKind::Text(_)
                | NodeKind::Integer { .. }
                | NodeKind::Unsigned(_)
                | NodeKind::Float(_)
        );
        let (code, message) = match &self.draft.node(node).kind {
            NodeKind::Variable(name) => (
                if negated {
                    codes::NEGATED_KIND
                } else {
                    codes::TYPE_CONFLICT
                },
                format!(
                    "Unable to deduce type for variable `{name}`: it cannot be both `{found}` and `{expected}`"
                ),
            ),
            _ if constant => (
                codes::INVALID_CONSTANT,
                format!(
                    "{} constant (type mismatch): a `{}` cannot be a `{}`",
                    capitalised(self.constant_kind(node)),
                    self.constant_kind(node),
                    if self.constant_kind(node) == found {
                        &expected
                    } else {
                        &found
                    }
                ),
            ),
            _ => (
                codes::TYPE_CONFLICT,
                format!(
                    "Unable to deduce type for this {}: it cannot be both `{found}` and `{expected}`",
                    self.draft.describe(node)
                ),
            ),
        };
        let mut diagnostic = Diagnostic::error(code, message);
        let (Some(at), other) = (at.or(other), other) else {
            self.findings
                .push(diagnostic.at(self.draft.node(node).span, "here"));
            return;
        };
        diagnostic = diagnostic.at(at.span, self.because(&at, &found));
        if let Some(other) = other
            && other.span != at.span
        {
            diagnostic = diagnostic.at(other.span, self.because(&other, &expected));
        }
        for bound in [Some(at), other].into_iter().flatten() {
            if let Some((field, text)) = self.declared(&bound) {
                diagnostic = diagnostic.at(field.span, text);
            }
        }
        let kinds = [first, second].map(|ty| self.declarations.types.kind(ty));
        let literal = [at, other.unwrap_or(at)]
            .iter()
            .any(|bound| matches!(bound.reason, Reason::Literal));
        let numeric = kinds.iter().flatten().all(|kind| NUMERIC.contains(kind));
        let primitive = kinds.iter().flatten().all(|kind| ORDERED.contains(kind));
        if kinds[0] == kinds[1] {
            diagnostic = diagnostic.help(format!("if this is meant, cast: `as(…, {found})`"));
        } else if literal && numeric {
            diagnostic = diagnostic.help("write the constant for its type: `2`, `2u` or `2.0`");
        } else if primitive && !constant {
            diagnostic = diagnostic
                .help("convert with `to_number`, `to_unsigned`, `to_float` or `to_string`");
        }
        self.findings.push(diagnostic);
    }

    fn constant_kind(&self, node: NodeId) -> &'static str {
        match self.draft.node(node).kind {
            NodeKind::Text(_) => "symbol",
            NodeKind::Float(_) => "float",
            NodeKind::Unsigned(_) => "unsigned",
            _ => "number",
        }
    }

    fn because(&self, bound: &Bound, ty: &str) -> String {
        match bound.reason {
            Reason::Attribute { head: true, .. } => format!("`{ty}` is expected in the head"),
            Reason::Attribute { .. } | Reason::Field => format!("`{ty}` here"),
            Reason::Literal => format!("a `{ty}` constant"),
            Reason::Functor => format!("`{ty}` here, by the functor"),
            Reason::Aggregate => format!("the aggregate gives a `{ty}`"),
            Reason::Cast => format!("cast to `{ty}`"),
        }
    }

    fn declared(&self, bound: &Bound) -> Option<(&Field, String)> {
        let Reason::Attribute {
            relation, index, ..
        } = bound.reason
        else {
            return None;
        };
        let relation = self.declarations.relation(relation);
        let field = relation.attributes.get(index)?;
        Some((
            field,
            format!(
                "`{}` of `{}` has type `{}`",
                field.name, relation.name, field.type_name
            ),
        ))
    }

    fn constants(&mut self) {
        for index in 0..self.draft.nodes.len() as u32 {
            let id = NodeId(index);
            let node = self.draft.node(id);
            let NodeKind::Integer { literal, negative } = node.kind else {
                continue;
            };
            if self.is_faulty(id) {
                continue;
            }
            let Some(kind) = self.kind(id) else { continue };
            let problem = match kind {
                ValueType::Number | ValueType::Unsigned | ValueType::Float => {
                    self.out_of_range(literal, negative, kind)
                }
                _ => Some("Number constant (type mismatch)".to_owned()),
            };
            if let Some(problem) = problem {
                self.blame(id);
                let found = self.found(id);
                let mut diagnostic = Diagnostic::error(codes::INVALID_CONSTANT, problem)
                    .at(node.span, format!("`{found}` is expected here"));
                if kind == ValueType::Symbol {
                    diagnostic = diagnostic.help("quote it: a symbol is written `\"…\"`");
                }
                self.findings.push(diagnostic);
            }
        }
    }

    fn out_of_range(
        &self,
        literal: IntegerLiteral,
        negative: bool,
        kind: ValueType,
    ) -> Option<String> {
        let bits = self.options.word_bits;
        let limit: u128 = match kind {
            ValueType::Number if literal.notation == Notation::Ipv4 => 1 << 32,
            ValueType::Number if negative => 1 << (bits - 1),
            ValueType::Number => (1 << (bits - 1)) - 1,
            ValueType::Unsigned if negative => 0,
            ValueType::Unsigned => (1 << bits) - 1,
            _ => return None,
        };
        (literal.magnitude > limit).then(|| match (kind, negative) {
            (ValueType::Unsigned, true) => {
                "Unsigned constant (type mismatch): it is negative".to_owned()
            }
            (kind, _) => format!(
                "{} constant (type mismatch): it does not fit in {bits} bits",
                capitalised(kind_name(kind))
            ),
        })
    }

    fn nodes(&mut self) {
        for index in 0..self.draft.nodes.len() as u32 {
            let id = NodeId(index);
            let node = self.draft.node(id);
            match &node.kind {
                NodeKind::Nil => self.nil(id, node.span),
                NodeKind::Record(fields) => self.record(id, fields, node.span),
                NodeKind::Unary(op, _) => {
                    self.overload(id, unary_kinds(*op), node.span);
                }
                NodeKind::Binary(op, _, _) => {
                    self.overload(id, binary_kinds(*op), node.span);
                }
                NodeKind::Call(functor, args) => self.call(id, *functor, args, node.span),
                NodeKind::Aggregate(aggregate) => {
                    let aggregate = self.draft.aggregate(*aggregate);
                    let kinds: &[ValueType] = match aggregate.op {
                        AggregateOp::Sum => NUMERIC,
                        AggregateOp::Min | AggregateOp::Max if self.options.strict => NUMERIC,
                        AggregateOp::Min | AggregateOp::Max => ORDERED,
                        _ => continue,
                    };
                    self.aggregate(id, kinds, node.span);
                }
                _ => {}
            }
        }
    }

    fn nil(&mut self, id: NodeId, span: Span) {
        if self.is_faulty(id)
            || matches!(self.kind(id), Some(ValueType::Record(_)))
            || self.is_invalid(id)
        {
            return;
        }
        self.blame(id);
        let label = match self.kind(id) {
            Some(_) => format!("`{}` is expected here", self.found(id)),
            None => "nothing tells of which record type it is".to_owned(),
        };
        self.findings.push(
            Diagnostic::error(codes::AMBIGUOUS_RECORD, "Nil constant used as a non-record")
                .at(span, label),
        );
    }

    fn is_invalid(&self, id: NodeId) -> bool {
        self.typing.meet(self.draft, id).contains(&TypeId::INVALID)
    }

    fn record(&mut self, id: NodeId, fields: &[Arg], span: Span) {
        if self.is_faulty(id) || self.is_invalid(id) {
            return;
        }
        let declared = match self.typing.meet(self.draft, id) {
            [only] => self.declarations.record_fields(*only).map(<[Field]>::len),
            _ => None,
        };
        let unnamed = self.typing.anonymous.get(&id).copied();
        let diagnostic = match declared.or(unnamed) {
            Some(expected) if expected == fields.len() => return,
            Some(expected) if declared.is_none() => Diagnostic::error(
                codes::RECORD_SIZE,
                "Records of different sizes are compared",
            )
            .at(
                span,
                format!(
                    "has {}, what it is compared with has {expected}",
                    counted(fields.len(), "field")
                ),
            ),
            Some(expected) => Diagnostic::error(
                codes::RECORD_SIZE,
                format!(
                    "Wrong number of arguments given to record `{}`",
                    self.found(id)
                ),
            )
            .at(
                span,
                format!(
                    "has {}, `{}` has {expected}",
                    counted(fields.len(), "field"),
                    self.found(id)
                ),
            ),
            None => Diagnostic::error(codes::AMBIGUOUS_RECORD, "Ambiguous record").at(
                span,
                match self.kind(id) {
                    Some(_) => format!("`{}` is expected here", self.found(id)),
                    None => "nothing tells of which type it is".to_owned(),
                },
            ),
        };
        self.blame(id);
        self.findings.push(diagnostic);
    }

    /// Whether a node is of none of the kinds, and nobody was told.
    fn is_other(&mut self, id: NodeId, kinds: &[ValueType]) -> bool {
        let other = match self.kind(id) {
            Some(kind) => !kinds.contains(&kind),
            None => self.is_anonymous(id),
        };
        other && !self.is_faulty(id)
    }

    fn is_anonymous(&self, id: NodeId) -> bool {
        self.typing.anonymous.contains_key(&self.draft.find(id))
    }

    fn overload(&mut self, id: NodeId, kinds: &[ValueType], span: Span) {
        if !self.is_other(id, kinds) {
            return;
        }
        self.blame(id);
        self.findings.push(
            Diagnostic::error(
                codes::INVALID_OVERLOAD,
                "No valid overloads for this functor",
            )
            .at(span, format!("is not defined for `{}`", self.found(id)))
            .help(format!("it is defined for {}", listed(kinds))),
        );
    }

    fn aggregate(&mut self, id: NodeId, kinds: &[ValueType], span: Span) {
        if !self.is_other(id, kinds) {
            return;
        }
        self.blame(id);
        self.findings.push(
            Diagnostic::error(
                codes::INVALID_AGGREGATE,
                "Couldn't assign types to the aggregator",
            )
            .at(span, format!("is not defined for `{}`", self.found(id)))
            .help(format!("it is defined for {}", listed(kinds))),
        );
    }

    fn call(&mut self, id: NodeId, functor: Intrinsic, args: &[Arg], span: Span) {
        let (least, most) = match functor {
            Intrinsic::Autoinc => (0, 0),
            Intrinsic::Strlen
            | Intrinsic::ToString
            | Intrinsic::ToNumber
            | Intrinsic::ToUnsigned
            | Intrinsic::ToFloat
            | Intrinsic::Ord => (1, 1),
            Intrinsic::Substr => (3, 3),
            Intrinsic::Range => (2, 3),
            Intrinsic::Min | Intrinsic::Max | Intrinsic::Cat => (2, usize::MAX),
        };
        if !(least..=most).contains(&args.len()) {
            self.blame(id);
            let expected = match (least, most) {
                (least, usize::MAX) => format!("{least} or more"),
                (least, most) if least == most => least.to_string(),
                (least, most) => format!("{least} to {most}"),
            };
            self.findings.push(
                Diagnostic::error(codes::INVALID_OVERLOAD, "Invalid overload (arity mismatch)").at(
                    span,
                    format!("has {}, takes {expected}", counted(args.len(), "argument")),
                ),
            );
            return;
        }
        match functor {
            Intrinsic::Min | Intrinsic::Max => self.overload(id, ORDERED, span),
            Intrinsic::Range => self.overload(id, NUMERIC, span),
            Intrinsic::ToString
            | Intrinsic::ToNumber
            | Intrinsic::ToUnsigned
            | Intrinsic::ToFloat => {
                for arg in args {
                    self.overload(arg.node, ORDERED, arg.span);
                }
            }
            _ => {}
        }
    }

    fn literals(&mut self) {
        let draft = self.draft;
        for literal in draft.scopes.iter().flat_map(|scope| &scope.literals) {
            match &literal.kind {
                LiteralKind::Compare { op, left, right }
                    if !matches!(op, CompareOp::Eq | CompareOp::Ne) =>
                {
                    self.comparable(&[*left, *right], ORDERED, literal.span);
                }
                LiteralKind::Match {
                    pattern: a,
                    text: b,
                    ..
                }
                | LiteralKind::Contains {
                    part: a, text: b, ..
                } => {
                    self.comparable(&[*a, *b], &[ValueType::Symbol], literal.span);
                }
                _ => {}
            }
        }
    }

    fn comparable(&mut self, sides: &[Arg], kinds: &[ValueType], span: Span) {
        for side in sides {
            if !self.is_other(side.node, kinds) {
                continue;
            }
            self.blame(side.node);
            let found = self.found(side.node);
            self.findings.push(
                Diagnostic::error(
                    codes::INCOMPARABLE,
                    format!("Constraint requires an operand of type {}", listed(kinds)),
                )
                .at(side.span, format!("has type `{found}`"))
                .at(span, "in this constraint"),
            );
        }
    }

    fn heads(&mut self) {
        if self.options.legacy {
            return;
        }
        let draft = self.draft;
        for clause in &draft.clauses {
            if let ClauseKind::Rule(atom) = &clause.kind {
                self.head(atom);
            }
        }
    }

    fn head(&mut self, atom: &Atom) {
        let relation = self.declarations.relation(atom.relation);
        for (arg, field) in atom.args.iter().zip(&relation.attributes) {
            let types = &self.declarations.types;
            let fits = self.typing.meet(self.draft, arg.node).iter().all(|&found| {
                types.is_subtype(found, field.ty)
                    || (types.is_subtype(field.ty, found) && types.is_literal(found))
            });
            if fits || self.is_faulty(arg.node) {
                continue;
            }
            self.blame(arg.node);
            let found = self.found(arg.node);
            let mut diagnostic = Diagnostic::error(
                codes::NOT_A_SUBTYPE,
                format!(
                    "Atom's argument type is not a subtype of its declared type: found `{found}`, expected `{}`",
                    field.type_name
                ),
            )
            .at(arg.span, format!("has type `{found}`"))
            .at(
                field.span,
                format!("`{}` of `{}` has type `{}`", field.name, relation.name, field.type_name),
            );
            if let Some((origin, text)) = self.origin(arg.node) {
                diagnostic = diagnostic.at(origin, text);
            }
            self.findings.push(diagnostic.help(format!(
                "if every `{found}` is meant to be `{}`, cast: `as(…, {})`",
                field.type_name, field.type_name
            )));
        }
    }

    /// The positive atom that gave a variable its type.
    fn origin(&self, node: NodeId) -> Option<(Span, String)> {
        let node = self.draft.find(node);
        let found = self.typing.meet(self.draft, node);
        self.typing
            .stated
            .iter()
            .find(|bound| {
                bound.node == node
                    && found.contains(&bound.ty)
                    && matches!(
                        bound.reason,
                        Reason::Attribute {
                            head: false,
                            negated: false,
                            ..
                        }
                    )
            })
            .map(|bound| (bound.span, format!("`{}` here", self.type_name(bound.ty))))
    }

    fn untyped(&mut self) {
        for index in 0..self.draft.nodes.len() as u32 {
            let id = NodeId(index);
            let node = self.draft.node(id);
            let NodeKind::Variable(name) = &node.kind else {
                continue;
            };
            let typed = self.draft.find(id) != id
                || !self.typing.bounds(id).is_empty()
                || self.is_anonymous(id);
            if typed || !self.grounded.contains(self.draft, id) || !self.blame(id) {
                continue;
            }
            self.findings.push(
                Diagnostic::error(
                    codes::TYPE_CONFLICT,
                    format!("Unable to deduce type for variable `{name}`"),
                )
                .at(node.span, "nothing tells its type"),
            );
        }
    }
}

/// Where a bound of a node comes from: back through the rules of [`super::inference::Inference`].
struct Tracer<'a> {
    typing: &'a Typing,
    below: FxHashMap<u32, Vec<u32>>,
    kin: FxHashMap<u32, Vec<u32>>,
    records: FxHashMap<u32, Vec<(u32, u32)>>,
    stated: FxHashMap<(NodeId, TypeId), usize>,
}

impl<'a> Tracer<'a> {
    fn new(typing: &'a Typing) -> Tracer<'a> {
        let mut tracer = Tracer {
            typing,
            below: FxHashMap::default(),
            kin: FxHashMap::default(),
            records: FxHashMap::default(),
            stated: FxHashMap::default(),
        };
        for &(node, other) in &typing.facts.below {
            tracer.below.entry(node).or_default().push(other);
        }
        for &(a, b) in &typing.facts.same_kind {
            tracer.kin.entry(a).or_default().push(b);
            tracer.kin.entry(b).or_default().push(a);
        }
        for &(field, record, index) in &typing.facts.field_of {
            tracer
                .records
                .entry(field)
                .or_default()
                .push((record, index));
        }
        for (index, bound) in typing.stated.iter().enumerate() {
            tracer.stated.entry((bound.node, bound.ty)).or_insert(index);
        }
        tracer
    }

    /// Breadth first, so that the nearest origin is named.
    fn trace(&self, declarations: &Declarations, node: NodeId, ty: TypeId) -> Option<Bound> {
        let mut seen: FxHashSet<(NodeId, TypeId)> = FxHashSet::default();
        let mut queue = vec![(node, ty)];
        let mut next = 0;
        while let Some(&(node, ty)) = queue.get(next) {
            next += 1;
            if let Some(&index) = self.stated.get(&(node, ty)) {
                return Some(self.typing.stated[index]);
            }
            for origin in self.origins(declarations, node, ty) {
                if seen.insert(origin) {
                    queue.push(origin);
                }
            }
        }
        None
    }

    fn origins(
        &self,
        declarations: &Declarations,
        node: NodeId,
        ty: TypeId,
    ) -> Vec<(NodeId, TypeId)> {
        let neighbours = |edges: &FxHashMap<u32, Vec<u32>>| {
            edges
                .get(&node.0)
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .map(NodeId)
        };
        let mut origins: Vec<(NodeId, TypeId)> = neighbours(&self.below)
            .filter(|&other| self.typing.bounds(other).contains(&ty))
            .map(|other| (other, ty))
            .collect();
        for other in neighbours(&self.kin) {
            let bounds = self.typing.bounds(other).iter();
            origins.extend(
                bounds
                    .filter(|&&bound| declarations.types.literal_of(bound) == Some(ty))
                    .map(|&bound| (other, bound)),
            );
        }
        for &(record, index) in self.records.get(&node.0).into_iter().flatten() {
            let record = NodeId(record);
            let field = |bound: &&TypeId| {
                declarations
                    .record_fields(**bound)
                    .and_then(|fields| fields.get(index as usize))
                    .is_some_and(|field| field.ty == ty)
            };
            origins.extend(
                self.typing
                    .bounds(record)
                    .iter()
                    .filter(field)
                    .map(|&bound| (record, bound)),
            );
        }
        origins
    }
}

const NUMERIC: &[ValueType] = &[ValueType::Number, ValueType::Unsigned, ValueType::Float];
const ORDERED: &[ValueType] = &[
    ValueType::Number,
    ValueType::Unsigned,
    ValueType::Float,
    ValueType::Symbol,
];
const INTEGERS: &[ValueType] = &[ValueType::Number, ValueType::Unsigned];

fn unary_kinds(op: UnaryOp) -> &'static [ValueType] {
    match op {
        UnaryOp::Negate => &[ValueType::Number, ValueType::Float],
        UnaryOp::BitNot | UnaryOp::LogicalNot => INTEGERS,
    }
}

fn binary_kinds(op: BinaryOp) -> &'static [ValueType] {
    match op {
        BinaryOp::Add => ORDERED,
        BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Power => NUMERIC,
        _ => INTEGERS,
    }
}

/// `` `number`, `unsigned` or `float` ``
fn listed(kinds: &[ValueType]) -> String {
    let names: Vec<String> = kinds
        .iter()
        .map(|&kind| format!("`{}`", kind_name(kind)))
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
