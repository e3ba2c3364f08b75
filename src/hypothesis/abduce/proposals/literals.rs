//! One literal of a body at a time: what it binds, whether it holds, what it would need.

use super::Search;
use super::sketch::{Cell, choices};
use super::tables::Goal;
use super::work::{Known, Short, Work};
use crate::analysis::checked::{Aggregate, Atom, Literal, LiteralKind, Term, ValueType, VarId};
use crate::explain::{Bindings, Fact, Steps, answers, holds, in_term, is_pattern, value};
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashSet;

impl<'a> Search<'a, '_> {
    pub(super) fn atom(&mut self, work: Work<'a>, at: usize, atom: &'a Atom) {
        let pattern = self.pattern(atom, &work.values);
        let rows = self.matching(atom.relation, &pattern);
        let there = pattern.iter().all(Option::is_some) && !rows.is_empty();
        let skips = atom.args.contains(&Term::Wildcard);
        let mut seen: FxHashSet<Short<Option<Code>>> = FxHashSet::default();
        for row in rows.iter() {
            if !self.meter.spend() {
                return;
            }
            let row: Vec<Cell> = row.into_iter().map(Cell::Known).collect();
            let mut next = work.clone();
            next.left.remove(at);
            if next.take_row(atom, row, self.terrain)
                && (!skips || seen.insert(next.values.clone()))
            {
                self.queue(next);
            }
        }
        if there
            || !self.may_reach(&work, |it| it.gains(atom.relation))
            || !self.may_follow(&work, atom.relation, &pattern)
        {
            return;
        }
        let scope = self.scope_of(&work);
        let mut next = work;
        let literal = next.left.remove(at);
        if scope.is_some() && !self.is_derived(atom.relation) {
            // There is little to choose from.
            return self.assume(&next, literal, atom.relation, &pattern, scope.as_deref());
        }
        next.put_off.push(literal);
        self.queue(next);
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
            self.queue(next);
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
                self.queue(next);
            }
            return;
        }
        while let Some(code) = steps.next(dictionary) {
            if !self.meter.spend() {
                return;
            }
            let mut next = next.clone();
            next.values[var.index()] = Some(code);
            if next.settle(self.terrain) {
                self.queue(next);
            }
        }
    }

    pub(super) fn aggregate(&mut self, work: Work<'a>, at: usize, aggregate: &'a Aggregate) {
        let mut blanks = aggregate
            .injected
            .iter()
            .map(|var| work.blanks[var.index()]);
        if let Some(blank) = blanks.find_map(|blank| blank) {
            return self.instantiate(&work, blank);
        }
        let vague = |var: &VarId| work.known_var(*var) == Known::Vague;
        if aggregate.injected.iter().any(vague) {
            let mut next = work.clone();
            next.left.remove(at);
            next.blur(&Term::Var(aggregate.result));
            aggregate
                .witnesses
                .iter()
                .for_each(|var| next.blur(&Term::Var(*var)));
            self.queue(next);
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
            if fits && next.settle(self.terrain) {
                self.queue(next);
            }
        }
        let scope = self.scope_of(&work);
        if let Some(table) = self.shift(aggregate, work.variables, &work.values, scope) {
            let mut work = work;
            let literal = work.left.remove(at);
            self.subscribe(table, work, literal);
        }
    }

    /// Goes on with every constant that may stand where a blank does.
    pub(super) fn instantiate(&mut self, work: &Work<'a>, blank: u32) {
        for code in choices(&work.sketch, blank, self.terrain.domains) {
            if !self.meter.spend() {
                return;
            }
            let mut next = work.clone();
            if next.fill(blank, code, self.terrain) {
                self.queue(next);
            }
        }
    }

    pub(super) fn negated(&mut self, work: &Work<'a>, atom: &Atom) -> Negated {
        if atom.args.iter().any(|arg| work.known(arg) == Known::Vague) {
            return Negated::Holds;
        }
        let pattern = self.pattern(atom, &work.values);
        let Some(row) = self.first(atom.relation, &pattern) else {
            return Negated::Holds;
        };
        match self.may_reach(work, |it| it.loses(atom.relation)) {
            // All rows that agree have to go; with one of them one may begin.
            true => {
                let goal = Goal::Break(Fact::new(atom.relation, &row));
                let scope = self.scope_of(work);
                Negated::Breaks(self.table(goal, scope))
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
            if let (CompareOp::Eq, Term::Var(one), Term::Var(other)) = (op, left, right) {
                for (var, known) in [(one, other), (other, one)] {
                    if let Some(blank) = work.blanks[known.index()] {
                        return work.stand_for(*var, blank, self.terrain);
                    }
                }
            }
            if *op == CompareOp::Eq {
                // A known side settles the other one where that is a variable.
                for (term, other) in [(left, right), (right, left)] {
                    match value(other, &work.values, dictionary) {
                        Ok(code) if work.known(other) == Known::Bound => {
                            return work.unify(term, code, self.terrain);
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
                    Ok(code) => work.unify(free, code, self.terrain),
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
        work.values = bindings.values().into();
        work.settle(self.terrain)
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
    // What is open may be told by what binds.
    let binds = |literal: &usize| {
        use LiteralKind::{Aggregate, Atom, Range};
        matches!(
            work.body[*literal].kind,
            Atom(_) | Range { .. } | Aggregate(_)
        )
    };
    let more = !work.put_off.is_empty() || work.left.iter().any(binds);
    let known_by_now = |term: &Term| known(term) && !(more && work.is_open(term));
    match &work.body[work.left[at]].kind {
        LiteralKind::Negated(atom) => atom
            .args
            .iter()
            .all(|arg| *arg == Term::Wildcard || known_by_now(arg)),
        LiteralKind::Compare {
            op, left, right, ..
        } => match (known(left), known(right)) {
            (true, true) => *op == CompareOp::Eq || known_by_now(left) && known_by_now(right),
            (true, false) => *op == CompareOp::Eq && is_open_pattern(work, right),
            (false, true) => *op == CompareOp::Eq && is_open_pattern(work, left),
            (false, false) => false,
        },
        LiteralKind::Match {
            pattern: one,
            text: other,
            ..
        }
        | LiteralKind::Contains {
            part: one,
            text: other,
            ..
        } => known_by_now(one) && known_by_now(other),
        _ => false,
    }
}

pub(super) fn is_open_pattern(work: &Work, term: &Term) -> bool {
    is_pattern(term, &Bindings::of(&work.values))
}

/// A blank that a test asks about which nothing tells and which few constants may pass.
pub(super) fn untold(work: &Work, kind: &LiteralKind) -> Option<u32> {
    let terms = match kind {
        LiteralKind::Compare {
            op: CompareOp::Eq | CompareOp::Ne,
            ..
        } => return None,
        LiteralKind::Compare { left, right, .. } => [left, right],
        LiteralKind::Match { pattern, text, .. } => [pattern, text],
        LiteralKind::Contains { part, text, .. } => [part, text],
        _ => return None,
    };
    let mut blank = None;
    for term in terms {
        in_term(term, &mut |var| {
            blank = blank.or(work.blanks[var.index()]);
        });
    }
    blank
}
