//! Terms of a rule under an assignment of its variables.

use crate::analysis::checked::{
    Aggregate, Atom, Constant, Functor, FunctorOp, Literal, LiteralKind, Term, ValueType, VarId,
};
use crate::engine::functor::{self, Fault};
use crate::storage::{Code, Dictionary};
use smallvec::SmallVec;

/// Values of the variables of one rule, with a trail to take bindings back in reverse order.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    values: Vec<Option<Code>>,
    trail: Vec<VarId>,
}

impl Bindings {
    pub(super) fn new(variables: usize) -> Bindings {
        Bindings {
            values: vec![None; variables],
            trail: Vec::with_capacity(variables),
        }
    }

    pub(crate) fn of(values: &[Option<Code>]) -> Bindings {
        Bindings {
            values: values.to_vec(),
            trail: Vec::new(),
        }
    }

    pub(super) fn get(&self, var: VarId) -> Option<Code> {
        self.values[var.index()]
    }

    pub(crate) fn values(&self) -> &[Option<Code>] {
        &self.values
    }

    /// False: the variable has another value already.
    pub(super) fn bind(&mut self, var: VarId, code: Code) -> bool {
        match self.values[var.index()] {
            Some(known) => known == code,
            None => {
                self.values[var.index()] = Some(code);
                self.trail.push(var);
                true
            }
        }
    }

    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Takes back every binding made after the mark.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark
            && let Some(var) = self.trail.pop()
        {
            self.values[var.index()] = None;
        }
    }
}

/// Why a term has no value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Missing {
    Unbound,
    Fault(Fault),
}

impl Missing {
    /// Only the embedding program, or a run, can compute it.
    pub(crate) fn is_unknown_functor(&self) -> bool {
        matches!(self, Missing::Fault(Fault::UnknownFunctor(_)))
    }
}

pub(crate) fn constant(constant: &Constant, dictionary: &Dictionary) -> Code {
    match constant {
        Constant::Number(value) => dictionary.number(*value),
        Constant::Unsigned(value) => dictionary.unsigned(*value),
        Constant::Float(value) => dictionary.float(*value),
        Constant::Symbol(text) => dictionary.symbol(text),
        Constant::Nil => Code::NIL,
        Constant::Ordinal(ordinal) => dictionary.unsigned(u64::from(*ordinal)),
    }
}

pub(crate) fn value(
    term: &Term,
    values: &[Option<Code>],
    dictionary: &Dictionary,
) -> Result<Code, Missing> {
    let all = |terms: &[Term]| -> Result<Vec<Code>, Missing> {
        terms
            .iter()
            .map(|term| value(term, values, dictionary))
            .collect()
    };
    match term {
        Term::Var(var) => values
            .get(var.index())
            .copied()
            .flatten()
            .ok_or(Missing::Unbound),
        Term::Const(known) => Ok(constant(known, dictionary)),
        Term::Wildcard => Err(Missing::Unbound),
        Term::Record(fields) => Ok(dictionary.record(&all(fields)?)),
        Term::Call { functor, args } => {
            functor::apply(functor, &all(args)?, dictionary).map_err(Missing::Fault)
        }
    }
}

/// Makes the term equal to a value by binding its unbound variables. On false, some may have been bound.
///
/// What a counter or a registered closure gave cannot be computed again here: it is taken to be the value.
pub(crate) fn unify(
    term: &Term,
    code: Code,
    bindings: &mut Bindings,
    dictionary: &Dictionary,
) -> bool {
    match term {
        Term::Var(var) => bindings.bind(*var, code),
        Term::Const(known) => constant(known, dictionary) == code,
        Term::Wildcard => true,
        Term::Record(terms) => dictionary.fields(code).is_some_and(|fields| {
            fields.len() == terms.len()
                && terms
                    .iter()
                    .zip(fields)
                    .all(|(term, &field)| unify(term, field, bindings, dictionary))
        }),
        Term::Call { functor, args } => match value(term, bindings.values(), dictionary) {
            Ok(known) => known == code,
            Err(Missing::Fault(Fault::UnknownFunctor(_))) => true,
            Err(Missing::Fault(_)) => false,
            Err(Missing::Unbound) => match open_operand(functor, args, bindings) {
                Some(at) => {
                    let others = |at: usize| {
                        value(&args[at], bindings.values(), dictionary)
                            .map(|code| dictionary.to_word(code))
                    };
                    inverse(&functor.op, at, dictionary.to_word(code), others).is_some_and(|word| {
                        unify(&args[at], dictionary.word(word), bindings, dictionary)
                    })
                }
                None => false,
            },
        },
    }
}

/// The one operand that is not bound, of an operation on integers that can be undone exactly: they wrap.
fn open_operand(functor: &Functor, args: &[Term], bindings: &Bindings) -> Option<usize> {
    use FunctorOp::{Add, BitNot, BitXor, Negate, Subtract};
    if !matches!(functor.operand, ValueType::Number | ValueType::Unsigned)
        || !matches!(functor.op, Add | Subtract | BitXor | Negate | BitNot)
    {
        return None;
    }
    let mut open = (0..args.len()).filter(|&at| !is_bound(&args[at], bindings));
    let found = open.next()?;
    open.next().is_none().then_some(found)
}

/// The operand at `at` for which the operation gives `result`.
fn inverse(
    op: &FunctorOp,
    at: usize,
    result: u64,
    operand: impl Fn(usize) -> Result<u64, Missing>,
) -> Option<u64> {
    Some(match (op, at) {
        (FunctorOp::Add, _) => result.wrapping_sub(operand(1 - at).ok()?),
        (FunctorOp::Subtract, 0) => result.wrapping_add(operand(1).ok()?),
        (FunctorOp::Subtract, _) => operand(0).ok()?.wrapping_sub(result),
        (FunctorOp::BitXor, _) => result ^ operand(1 - at).ok()?,
        (FunctorOp::Negate, _) => result.wrapping_neg(),
        (FunctorOp::BitNot, _) => !result,
        _ => return None,
    })
}

/// Whether every variable of the term is bound.
pub(super) fn is_bound(term: &Term, bindings: &Bindings) -> bool {
    match term {
        Term::Var(var) => bindings.get(*var).is_some(),
        Term::Const(_) => true,
        Term::Wildcard => false,
        Term::Record(terms) | Term::Call { args: terms, .. } => {
            terms.iter().all(|term| is_bound(term, bindings))
        }
    }
}

/// Whether [`unify`] can bind all that is unbound in the term. Rules never lean on a functor being undone, but a head
/// like `n(x + 1)` would otherwise cost a look at every row.
pub(crate) fn is_pattern(term: &Term, bindings: &Bindings) -> bool {
    match term {
        Term::Var(_) | Term::Const(_) | Term::Wildcard => true,
        Term::Record(terms) => terms.iter().all(|term| is_pattern(term, bindings)),
        Term::Call { functor, args } => {
            is_bound(term, bindings)
                || open_operand(functor, args, bindings)
                    .is_some_and(|at| is_pattern(&args[at], bindings))
        }
    }
}

/// What an atom asks of its relation: `None` where it takes any value.
pub(super) fn pattern(
    atom: &Atom,
    values: &[Option<Code>],
    dictionary: &Dictionary,
) -> Vec<Option<Code>> {
    asked(atom, values, dictionary).into_vec()
}

/// The same, to be looked up and not kept.
pub(super) fn asked(
    atom: &Atom,
    values: &[Option<Code>],
    dictionary: &Dictionary,
) -> SmallVec<[Option<Code>; 8]> {
    let mut asked = SmallVec::with_capacity(atom.args.len());
    for arg in &atom.args {
        asked.push(match arg {
            Term::Var(var) => values.get(var.index()).copied().flatten(),
            Term::Wildcard => None,
            arg => value(arg, values, dictionary).ok(),
        });
    }
    asked
}

/// The row that a pattern asks for where nothing is open.
pub(super) fn whole(pattern: &[Option<Code>]) -> Option<SmallVec<[Code; 8]>> {
    let mut row = SmallVec::with_capacity(pattern.len());
    for code in pattern {
        row.push((*code)?);
    }
    Some(row)
}

/// Calls `f` on every variable the literals mention; of an aggregate, on those it shares with the rest of the body.
pub(super) fn mentioned(body: &[Literal], f: &mut impl FnMut(VarId)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Aggregate(Aggregate {
                injected,
                witnesses,
                result,
                ..
            }) => {
                injected.iter().chain(witnesses).for_each(|var| f(*var));
                f(*result);
            }
            kind => {
                if let LiteralKind::Range { var, .. } = kind {
                    f(*var);
                }
                kind.each_term(&mut |term| in_term(term, f));
            }
        }
    }
}

pub(crate) fn in_term(term: &Term, f: &mut impl FnMut(VarId)) {
    match term {
        Term::Var(var) => f(*var),
        Term::Const(_) | Term::Wildcard => {}
        Term::Record(terms) | Term::Call { args: terms, .. } => {
            terms.iter().for_each(|term| in_term(term, f));
        }
    }
}
