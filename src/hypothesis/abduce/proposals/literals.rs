//! One literal of a body at a time: what it binds, whether it holds, what it would need.

use super::{Goal, Known, Search, Work};
use crate::analysis::checked::{Aggregate, Atom, Literal, LiteralKind, Term, ValueType, VarId};
use crate::explain::{Bindings, Fact, Steps, answers, holds, is_pattern, value};
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashSet;

impl<'a> Search<'a, '_> {
    pub(super) fn atom(&mut self, work: Work<'a>, at: usize, atom: &'a Atom) {
        let pattern = self.pattern(atom, &work.values);
        let rows = self.matching(atom.relation, &pattern);
        let there = pattern.iter().all(Option::is_some) && !rows.is_empty();
        let skips = atom.args.contains(&Term::Wildcard);
        let mut seen: FxHashSet<Vec<Option<Code>>> = FxHashSet::default();
        for row in rows.iter() {
            if !self.meter.spend() {
                return;
            }
            let row: Vec<Option<Code>> = row.into_iter().map(Some).collect();
            let mut next = work.clone();
            next.left.remove(at);
            if self.take_row(&mut next, atom, &row) && (!skips || seen.insert(next.values.clone()))
            {
                self.agenda[next.label.len()].push(next);
            }
        }
        if !there && self.terrain.reach.gains(atom.relation) {
            let mut next = work;
            let literal = next.left.remove(at);
            next.put_off.push(literal);
            self.agenda[next.label.len()].push(next);
        }
    }

    pub(super) fn range(&mut self, work: Work<'a>, at: usize) {
        let LiteralKind::Range {
            var,
            operand,
            from,
            to,
            step,
        } = &work.body[work.left[at]].kind
        else {
            return;
        };
        let dictionary = self.terrain.dictionary;
        let mut next = work.clone();
        next.left.remove(at);
        let vague = [Some(from), Some(to), step.as_ref()]
            .into_iter()
            .flatten()
            .any(|term| work.known(term) == Known::Vague);
        if vague {
            next.blur(&Term::Var(*var));
            self.agenda[next.label.len()].push(next);
            return;
        }
        let number = |term| value(term, &work.values, dictionary).ok();
        let step = match step {
            None => None,
            Some(step) => match number(step) {
                None => return,
                step => step,
            },
        };
        let (Some(from), Some(to)) = (number(from), number(to)) else {
            return;
        };
        let mut steps = Steps::new(*operand, from, to, step, dictionary);
        if let Some(known) = work.values[var.index()] {
            if steps.take(known, dictionary).is_some() {
                self.agenda[next.label.len()].push(next);
            }
            return;
        }
        while let Some(code) = steps.next(dictionary) {
            if !self.meter.spend() {
                return;
            }
            let mut next = next.clone();
            next.values[var.index()] = Some(code);
            self.agenda[next.label.len()].push(next);
        }
    }

    pub(super) fn aggregate(&mut self, work: Work<'a>, at: usize, aggregate: &'a Aggregate) {
        let vague = |var: &VarId| work.known_var(*var) == Known::Vague;
        if aggregate.injected.iter().any(vague) {
            let mut next = work.clone();
            next.left.remove(at);
            next.blur(&Term::Var(aggregate.result));
            aggregate
                .witnesses
                .iter()
                .for_each(|var| next.blur(&Term::Var(*var)));
            self.agenda[next.label.len()].push(next);
            return;
        }
        let context = self.case.context(self.meter);
        for tuple in answers(context, aggregate, work.variables, &work.values) {
            let mut next = work.clone();
            next.left.remove(at);
            let vars = std::iter::once(aggregate.result).chain(aggregate.witnesses.iter().copied());
            let fits = vars
                .zip(&tuple)
                .all(|(var, &code)| match next.values[var.index()] {
                    // A sum of floats depends on the order of its rows.
                    Some(_) if aggregate.operand == ValueType::Float => true,
                    Some(known) => known == code,
                    None => {
                        next.values[var.index()] = Some(code);
                        true
                    }
                });
            if fits {
                self.agenda[next.label.len()].push(next);
            }
        }
        if let Some(table) = self.shift(aggregate, work.variables, &work.values) {
            let mut work = work;
            let literal = work.left.remove(at);
            self.subscribe(table, work, literal);
        }
    }

    pub(super) fn negated(&mut self, work: &Work<'a>, atom: &Atom) -> Negated {
        if atom.args.iter().any(|arg| work.known(arg) == Known::Vague) {
            return Negated::Holds;
        }
        let pattern = self.pattern(atom, &work.values);
        let rows = self
            .case
            .context(self.meter)
            .facts
            .matching(atom.relation, &pattern);
        let Some(row) = rows.iter().next() else {
            return Negated::Holds;
        };
        match self.terrain.reach.loses(atom.relation) {
            // All rows that agree have to go; with one of them one may begin.
            true => {
                let fact = Fact::new(atom.relation, &row);
                Negated::Breaks(self.table(Goal::Break(fact)))
            }
            false => Negated::Fails,
        }
    }

    /// A comparison, match or containment whose time has come.
    pub(super) fn test(&mut self, work: &mut Work<'a>, literal: &'a Literal) -> bool {
        let dictionary = self.terrain.dictionary;
        let vague = |terms: [&Term; 2]| {
            terms
                .into_iter()
                .any(|term| work.known(term) == Known::Vague)
        };
        let LiteralKind::Compare {
            op, left, right, ..
        } = &literal.kind
        else {
            let (LiteralKind::Match {
                pattern: one,
                text: other,
                ..
            }
            | LiteralKind::Contains {
                part: one,
                text: other,
                ..
            }) = &literal.kind
            else {
                return false;
            };
            if vague([one, other]) {
                return true;
            }
            let mut bindings = Bindings::of(&work.values);
            return holds(literal, self.case.context(self.meter), &mut bindings);
        };
        if vague([left, right]) {
            if *op == CompareOp::Eq {
                // A known side settles the other one where that is a variable.
                for (term, other) in [(left, right), (right, left)] {
                    match value(other, &work.values, dictionary) {
                        Ok(code) if work.known(other) == Known::Bound => {
                            return work.unify(term, code, dictionary);
                        }
                        _ => work.blur(term),
                    }
                }
            }
            return true;
        }
        let open = |work: &Work, term: &Term| work.known(term) == Known::Free;
        for (free, bound) in [(left, right), (right, left)] {
            if open(work, free) && !open(work, bound) {
                return match value(bound, &work.values, dictionary) {
                    Ok(code) => work.unify(free, code, dictionary),
                    // What only a run can compute may have any value.
                    Err(missing) if missing.is_unknown_functor() => {
                        work.blur(free);
                        true
                    }
                    Err(_) => false,
                };
            }
        }
        let mut bindings = Bindings::of(&work.values);
        if !holds(literal, self.case.context(self.meter), &mut bindings) {
            return false;
        }
        work.values = bindings.values().to_vec();
        true
    }

    /// How many ways a literal leaves open, by estimate; `None`: not yet.
    pub(super) fn cost(&mut self, work: &Work, literal: &Literal) -> Option<u64> {
        const AGGREGATE: u64 = 1 << 40;
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let pattern = self.pattern(atom, &work.values);
                let rows = match pattern.iter().all(Option::is_none) {
                    true => self.case.context(self.meter).facts.len(atom.relation),
                    false => self.matching(atom.relation, &pattern).len(),
                };
                Some(rows as u64)
            }
            LiteralKind::Range {
                var,
                from,
                to,
                step,
                ..
            } => {
                let ready = [Some(from), Some(to), step.as_ref()]
                    .into_iter()
                    .flatten()
                    .all(|term| work.known(term) != Known::Free);
                ready.then(|| {
                    if work.known_var(*var) == Known::Free {
                        64
                    } else {
                        0
                    }
                })
            }
            LiteralKind::Aggregate(aggregate) => aggregate
                .injected
                .iter()
                .all(|&var| work.known_var(var) != Known::Free)
                .then_some(AGGREGATE),
            _ => None,
        }
    }
}

pub(super) enum Negated {
    Holds,
    Fails,
    /// It could hold, if what this table is about broke.
    Breaks(usize),
}

/// Whether a literal needs no choice of rows and all it needs is known.
pub(super) fn is_test(work: &Work, at: usize) -> bool {
    let known = |term: &Term| work.known(term) != Known::Free;
    match &work.body[work.left[at]].kind {
        LiteralKind::Negated(atom) => atom
            .args
            .iter()
            .all(|arg| *arg == Term::Wildcard || known(arg)),
        LiteralKind::Compare {
            op, left, right, ..
        } => match (known(left), known(right)) {
            (true, true) => true,
            (true, false) => *op == CompareOp::Eq && is_open_pattern(work, right),
            (false, true) => *op == CompareOp::Eq && is_open_pattern(work, left),
            (false, false) => false,
        },
        LiteralKind::Match { pattern, text, .. } => known(pattern) && known(text),
        LiteralKind::Contains { part, text, .. } => known(part) && known(text),
        _ => false,
    }
}

pub(super) fn is_open_pattern(work: &Work, term: &Term) -> bool {
    is_pattern(term, &Bindings::of(&work.values))
}
