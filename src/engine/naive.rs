//! The second opinion of the tests: every rule over all rows, again and again, by nested loops.
//!
//! Shares the scalar functors with the engine and nothing else.

use super::aggregate::Accumulator;
use super::functor::{Patterns, apply, compare, contains};
use super::pipeline::encode;
use crate::analysis::checked::{
    Aggregate, AggregateOp, Atom, CheckedProgram, Literal, LiteralKind, RelationId, RelationKind,
    Rule, Term, VarId,
};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use std::collections::{BTreeMap, BTreeSet};

pub type Relations = BTreeMap<RelationId, BTreeSet<Vec<Code>>>;
type Bindings = BTreeMap<VarId, Code>;

/// Everything that follows from `relations`.
pub fn evaluate(program: &CheckedProgram, dictionary: &Dictionary, relations: &mut Relations) {
    for stratum in program.strata() {
        loop {
            let mut grew = false;
            for &id in &stratum.rules {
                let rule = &program[id];
                let Some(head) = &rule.head else { continue };
                for bindings in solve(rule, dictionary, relations) {
                    let row: Option<Vec<Code>> = head
                        .args
                        .iter()
                        .map(|term| value(term, &bindings, dictionary))
                        .collect();
                    if let Some(row) = row {
                        grew |= relations.entry(head.relation).or_default().insert(row);
                    }
                }
            }
            for &id in &stratum.relations {
                if program[id].kind == RelationKind::Eqrel {
                    grew |= close(relations.entry(id).or_default());
                }
            }
            if !grew {
                break;
            }
        }
    }
}

/// Every way a rule derives a row, with the latest birth among the rows it reads.
pub fn derivations(
    rule: &Rule,
    dictionary: &Dictionary,
    relations: &Relations,
    birth: &dyn Fn(RelationId, &[Code]) -> u32,
) -> Vec<(Vec<Code>, u32)> {
    let Some(head) = &rule.head else {
        return Vec::new();
    };
    let ways = solve(rule, dictionary, relations).into_iter();
    ways.filter_map(|bindings| {
        let row = head
            .args
            .iter()
            .map(|term| value(term, &bindings, dictionary));
        let row: Option<Vec<Code>> = row.collect();
        let mut latest = 0;
        for literal in &rule.body {
            if let LiteralKind::Atom(atom) = &literal.kind {
                let rows = relations.get(&atom.relation).into_iter().flatten();
                let births = rows
                    .filter(|row| {
                        let mut bindings = bindings.clone();
                        let mut columns = atom.args.iter().zip(row.iter());
                        columns.all(|(arg, &code)| unify(arg, code, &mut bindings, dictionary))
                    })
                    .map(|row| birth(atom.relation, row));
                latest = latest.max(births.min().unwrap_or(u32::MAX));
            }
        }
        Some((row?, latest))
    })
    .collect()
}

/// Adds what reflexivity, symmetry and transitivity ask for; whether that was anything.
fn close(pairs: &mut BTreeSet<Vec<Code>>) -> bool {
    let before = pairs.len();
    loop {
        let mut more = BTreeSet::new();
        for pair in pairs.iter() {
            let (a, b) = (pair[0], pair[1]);
            more.extend([vec![a, a], vec![b, b], vec![b, a]]);
            more.extend(
                pairs
                    .iter()
                    .filter(|next| next[0] == b)
                    .map(|next| vec![a, next[1]]),
            );
        }
        let known = pairs.len();
        pairs.append(&mut more);
        if pairs.len() == known {
            return pairs.len() > before;
        }
    }
}

fn solve(rule: &Rule, dictionary: &Dictionary, relations: &Relations) -> Vec<Bindings> {
    let mut found = Vec::new();
    let body: Vec<&Literal> = rule.body.iter().collect();
    extend(
        &body,
        Bindings::new(),
        dictionary,
        relations,
        &mut |bindings| found.push(bindings.clone()),
    );
    found
}

/// Calls back for each way to satisfy the literals that extends the bindings.
fn extend(
    literals: &[&Literal],
    bindings: Bindings,
    dictionary: &Dictionary,
    relations: &Relations,
    act: &mut dyn FnMut(&Bindings),
) {
    let Some(at) = literals
        .iter()
        .position(|literal| ready(literal, &bindings))
    else {
        assert!(
            literals.is_empty(),
            "the checker lets only grounded rules through"
        );
        return act(&bindings);
    };
    let mut rest = literals.to_vec();
    let literal = rest.remove(at);
    for extended in step(literal, &bindings, dictionary, relations) {
        extend(&rest, extended, dictionary, relations, act);
    }
}

fn ready(literal: &Literal, bindings: &Bindings) -> bool {
    let known = |term: &Term| bound(term, bindings);
    match &literal.kind {
        LiteralKind::Atom(_) => true,
        LiteralKind::Negated(atom) => atom
            .args
            .iter()
            .all(|arg| *arg == Term::Wildcard || known(arg)),
        LiteralKind::Compare {
            op: CompareOp::Eq,
            left,
            right,
            ..
        } => {
            let pattern = |term: &Term| matches!(term, Term::Var(_) | Term::Record(_));
            known(left) && (known(right) || pattern(right)) || known(right) && pattern(left)
        }
        LiteralKind::Compare { left, right, .. } => known(left) && known(right),
        LiteralKind::Match { pattern, text, .. } => known(pattern) && known(text),
        LiteralKind::Contains { part, text, .. } => known(part) && known(text),
        LiteralKind::Range { from, to, step, .. } => {
            known(from) && known(to) && step.as_ref().is_none_or(known)
        }
        LiteralKind::Aggregate(aggregate) => aggregate
            .injected
            .iter()
            .all(|var| bindings.contains_key(var)),
    }
}

fn bound(term: &Term, bindings: &Bindings) -> bool {
    match term {
        Term::Var(var) => bindings.contains_key(var),
        Term::Const(_) => true,
        Term::Wildcard => false,
        Term::Record(terms) | Term::Call { args: terms, .. } => {
            terms.iter().all(|term| bound(term, bindings))
        }
    }
}

fn value(term: &Term, bindings: &Bindings, dictionary: &Dictionary) -> Option<Code> {
    match term {
        Term::Var(var) => bindings.get(var).copied(),
        Term::Const(constant) => Some(encode(constant, dictionary)),
        Term::Wildcard => None,
        Term::Record(fields) => {
            let codes: Option<Vec<Code>> = fields
                .iter()
                .map(|field| value(field, bindings, dictionary))
                .collect();
            Some(dictionary.record(&codes?))
        }
        Term::Call { functor, args } => {
            let codes: Option<Vec<Code>> = args
                .iter()
                .map(|arg| value(arg, bindings, dictionary))
                .collect();
            apply(functor, &codes?, dictionary).ok()
        }
    }
}

fn step(
    literal: &Literal,
    bindings: &Bindings,
    dictionary: &Dictionary,
    relations: &Relations,
) -> Vec<Bindings> {
    let get = |term: &Term| value(term, bindings, dictionary);
    let keep = |holds: bool| {
        if holds {
            vec![bindings.clone()]
        } else {
            Vec::new()
        }
    };
    match &literal.kind {
        LiteralKind::Atom(atom) => matches_of(atom, bindings, dictionary, relations),
        LiteralKind::Negated(atom) => {
            keep(matches_of(atom, bindings, dictionary, relations).is_empty())
        }
        LiteralKind::Compare {
            op: CompareOp::Eq,
            left,
            right,
            ..
        } if !(bound(left, bindings) && bound(right, bindings)) => {
            let (pattern, known) = if bound(right, bindings) {
                (left, right)
            } else {
                (right, left)
            };
            let Some(code) = get(known) else {
                return Vec::new();
            };
            let mut extended = bindings.clone();
            if unify(pattern, code, &mut extended, dictionary) {
                vec![extended]
            } else {
                Vec::new()
            }
        }
        LiteralKind::Compare {
            op,
            operand,
            left,
            right,
        } => keep(
            get(left)
                .zip(get(right))
                .is_some_and(|(left, right)| compare(*op, *operand, left, right, dictionary)),
        ),
        LiteralKind::Match {
            pattern,
            text,
            negated,
        } => keep(get(pattern).zip(get(text)).is_some_and(|(pattern, text)| {
            Patterns::new()
                .matches(pattern, text, dictionary)
                .is_ok_and(|holds| holds != *negated)
        })),
        LiteralKind::Contains {
            part,
            text,
            negated,
        } => keep(
            get(part)
                .zip(get(text))
                .is_some_and(|(part, text)| contains(part, text, dictionary) != *negated),
        ),
        LiteralKind::Range {
            var,
            from,
            to,
            step,
            ..
        } => {
            let number = |term: &Term| get(term).map(|code| dictionary.to_number(code));
            let (Some(from), Some(to)) = (number(from), number(to)) else {
                return Vec::new();
            };
            let step = step
                .as_ref()
                .and_then(number)
                .unwrap_or(if from > to { -1 } else { 1 });
            let mut values = Vec::new();
            let mut next = from;
            while step > 0 && next < to
                || step < 0 && next > to
                || step == 0 && values.is_empty() && from != to
            {
                values.push(next);
                next += step;
            }
            values
                .into_iter()
                .filter_map(|number| with(bindings, *var, dictionary.number(number)))
                .collect()
        }
        LiteralKind::Aggregate(aggregate) => fold(aggregate, bindings, dictionary, relations),
    }
}

/// The bindings with one more, unless the variable has another value already.
fn with(bindings: &Bindings, var: VarId, code: Code) -> Option<Bindings> {
    let mut extended = bindings.clone();
    (*extended.entry(var).or_insert(code) == code).then_some(extended)
}

fn unify(pattern: &Term, code: Code, bindings: &mut Bindings, dictionary: &Dictionary) -> bool {
    match pattern {
        Term::Wildcard => true,
        Term::Var(var) => *bindings.entry(*var).or_insert(code) == code,
        Term::Record(fields) => match dictionary.fields(code) {
            Some(codes) => {
                fields.len() == codes.len()
                    && fields
                        .iter()
                        .zip(codes)
                        .all(|(field, &code)| unify(field, code, bindings, dictionary))
            }
            None => false,
        },
        known => value(known, bindings, dictionary) == Some(code),
    }
}

fn matches_of(
    atom: &Atom,
    bindings: &Bindings,
    dictionary: &Dictionary,
    relations: &Relations,
) -> Vec<Bindings> {
    let mut found = Vec::new();
    for row in relations.get(&atom.relation).into_iter().flatten() {
        let mut extended = bindings.clone();
        if atom
            .args
            .iter()
            .zip(row)
            .all(|(arg, &code)| unify(arg, code, &mut extended, dictionary))
        {
            found.push(extended);
        }
    }
    found
}

fn fold(
    aggregate: &Aggregate,
    bindings: &Bindings,
    dictionary: &Dictionary,
    relations: &Relations,
) -> Vec<Bindings> {
    let injected: Bindings = aggregate
        .injected
        .iter()
        .filter_map(|var| Some((*var, *bindings.get(var)?)))
        .collect();
    let body: Vec<&Literal> = aggregate.body.iter().collect();
    let mut inner = Vec::new();
    extend(&body, injected, dictionary, relations, &mut |bindings| {
        inner.push(bindings.clone())
    });
    if aggregate.counts_rows_of().is_none() {
        inner = inner
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
    }
    let target = |bindings: &Bindings| match &aggregate.target {
        Some(term) => value(term, bindings, dictionary),
        None => Some(Code::default()),
    };
    let mut total = Accumulator::new(aggregate.op, aggregate.operand);
    inner
        .iter()
        .filter_map(target)
        .for_each(|code| total.add(code, dictionary));
    let Some(result) = total.finish(dictionary) else {
        return Vec::new();
    };
    let Some(extended) = with(bindings, aggregate.result, result) else {
        return Vec::new();
    };
    if aggregate.witnesses.is_empty()
        || !matches!(aggregate.op, AggregateOp::Min | AggregateOp::Max)
    {
        return vec![extended];
    }
    let best = inner
        .iter()
        .filter(|bindings| target(bindings) == Some(result));
    let winners: BTreeSet<Vec<Code>> = best
        .map(|bindings| {
            aggregate
                .witnesses
                .iter()
                .map(|var| bindings[var])
                .collect()
        })
        .collect();
    winners
        .into_iter()
        .map(|codes| {
            let mut extended = extended.clone();
            extended.extend(aggregate.witnesses.iter().copied().zip(codes));
            extended
        })
        .collect()
}
