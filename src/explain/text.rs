//! Facts, patterns and rule literals as text, values filled in.

use super::facts::Fact;
use super::terms::value;
use crate::analysis::checked::{
    Aggregate, CheckedProgram, Constant, Functor, Literal, LiteralKind, RelationId, Rule, Term,
    ValueType, Variable,
};
use crate::analysis::spelling::{Spelling, sign};
use crate::io::value::{format_value, quote_value};
use crate::storage::{Code, Dictionary};

/// A fact as one can type it back: `attributed("a","b")`.
pub fn fact_text(program: &CheckedProgram, dictionary: &Dictionary, fact: &Fact) -> String {
    let pattern: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
    pattern_text(program, dictionary, fact.relation, &pattern)
}

/// An atom as one can type it back, `_` where the pattern takes any value.
pub fn pattern_text(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    relation: RelationId,
    pattern: &[Option<Code>],
) -> String {
    let relation = &program[relation];
    let args: Vec<String> = relation
        .attributes
        .iter()
        .zip(pattern)
        .map(|(attribute, code)| match code {
            Some(code) => quote_value(dictionary, program, attribute.ty, *code),
            None => "_".to_owned(),
        })
        .collect();
    format!("{}({})", relation.name, args.join(","))
}

/// The sentence of a rule's `@[say]`, each `{variable}` replaced by its value. What names no bound variable stays.
pub fn sentence(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    rule: &Rule,
    values: &[Option<Code>],
) -> Option<String> {
    let mut rest: &str = rule.say.as_ref()?;
    let mut out = String::with_capacity(rest.len() * 2);
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some(close) = rest.find('}') else { break };
        let name = rest[1..close].trim();
        let bound = rule
            .variables
            .iter()
            .zip(values)
            .find(|(variable, _)| *variable.name == *name)
            .and_then(|(variable, code)| Some((variable.ty, (*code)?)));
        match bound {
            Some((ty, code)) => out.push_str(&format_value(dictionary, program, ty, code)),
            None => out.push_str(&rest[..=close]),
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// Writes the literals of one rule under one assignment.
pub(super) struct Wording<'a> {
    pub(super) program: &'a CheckedProgram,
    pub(super) dictionary: &'a Dictionary,
    pub(super) variables: &'a [Variable],
    pub(super) values: &'a [Option<Code>],
}

impl Wording<'_> {
    /// A comparison, match or range with its values: `3 > 2`. `None` when it tells nothing, as `3 = 3` does.
    pub(super) fn constraint(&self, literal: &Literal) -> Option<String> {
        match &literal.kind {
            LiteralKind::Compare {
                op,
                operand,
                left,
                right,
            } => {
                let side = |term| outermost(self.term(term, *operand));
                let (left, right) = (side(left), side(right));
                (left != right).then(|| format!("{left} {} {right}", sign(*op)))
            }
            LiteralKind::Match {
                pattern,
                text,
                negated,
            } => Some(self.test("match", pattern, text, *negated)),
            LiteralKind::Contains {
                part,
                text,
                negated,
            } => Some(self.test("contains", part, text, *negated)),
            LiteralKind::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let bounds: Vec<String> = [Some(from), Some(to), step.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|term| self.term(term, *operand))
                    .collect();
                let var = self.term(&Term::Var(*var), *operand);
                Some(format!("{var} = range({})", bounds.join(", ")))
            }
            LiteralKind::Atom(_) | LiteralKind::Negated(_) | LiteralKind::Aggregate(_) => None,
        }
    }

    /// `count = 3`.
    pub(super) fn total(&self, aggregate: &Aggregate, result: Code) -> String {
        let name = aggregate.op.name();
        let ty = self.variables[aggregate.result.index()].ty;
        format!("{name} = {}", self.value(ty, result))
    }

    pub(super) fn value(&self, ty: ValueType, code: Code) -> String {
        quote_value(self.dictionary, self.program, ty, code)
    }

    fn test(&self, name: &str, left: &Term, right: &Term, negated: bool) -> String {
        let bang = if negated { "!" } else { "" };
        let left = self.term(left, ValueType::Symbol);
        let right = self.term(right, ValueType::Symbol);
        format!("{bang}{name}({left}, {right})")
    }

    /// A term with the values of its variables; a call stays a call, so that one sees how a value came about.
    fn term(&self, term: &Term, expected: ValueType) -> String {
        match term {
            Term::Var(var) => {
                let variable = &self.variables[var.index()];
                match self.values.get(var.index()).copied().flatten() {
                    Some(code) => self.value(variable.ty, code),
                    None => variable.name.to_string(),
                }
            }
            Term::Const(constant) => self.constant(constant, expected),
            Term::Wildcard => "_".to_owned(),
            Term::Record(fields) => match value(term, self.values, self.dictionary) {
                Ok(code) if is_compound(expected) => self.value(expected, code),
                _ => {
                    let fields: Vec<String> = fields
                        .iter()
                        .map(|field| self.term(field, ValueType::Number))
                        .collect();
                    format!("[{}]", fields.join(", "))
                }
            },
            Term::Call { functor, args } => self.call(functor, args),
        }
    }

    fn call(&self, functor: &Functor, args: &[Term]) -> String {
        let args: Vec<String> = args
            .iter()
            .map(|arg| self.term(arg, functor.operand))
            .collect();
        match (functor.op.spelling(), &args[..]) {
            (Spelling::Infix(op), [left, right]) => format!("({left} {op} {right})"),
            (Spelling::Prefix(op), [operand]) => format!("{op}{operand}"),
            (Spelling::Prefix(name) | Spelling::Infix(name) | Spelling::Name(name), _) => {
                format!("{}({})", name.trim(), args.join(", "))
            }
            (Spelling::User(name), _) => format!("@{name}({})", args.join(", ")),
        }
    }

    fn constant(&self, constant: &Constant, expected: ValueType) -> String {
        let ty = match constant {
            Constant::Number(_) => ValueType::Number,
            Constant::Unsigned(_) => ValueType::Unsigned,
            Constant::Float(_) => ValueType::Float,
            Constant::Symbol(_) => ValueType::Symbol,
            Constant::Nil => return "nil".to_owned(),
            Constant::Ordinal(_) if is_compound(expected) => expected,
            Constant::Ordinal(_) => ValueType::Unsigned,
        };
        self.value(ty, super::terms::constant(constant, self.dictionary))
    }
}

/// A call between operators stands in brackets of its own; alone it needs none.
fn outermost(term: String) -> String {
    match term
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        Some(inner) => inner.to_owned(),
        None => term,
    }
}

fn is_compound(ty: ValueType) -> bool {
    matches!(ty, ValueType::Record(_) | ValueType::Adt(_))
}
