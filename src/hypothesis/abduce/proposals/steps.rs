//! A body on its way, step by step: a literal chosen, an answer taken, a conclusion drawn.

use super::Search;
use super::literals::{Negated, is_test, untold};
use super::sketch::{Assumed, Cell, Sketch, blanks_end, renamed};
use super::tables::{Call, Goal, Row};
use super::work::{Known, Work};
use crate::analysis::checked::{LiteralKind, Term};
use crate::explain::{Fact, value};
use crate::storage::Code;
use std::rc::Rc;

impl<'a> Search<'a, '_> {
    pub(super) fn step(&mut self, mut work: Work<'a>) {
        if !self.may_assume(&work) {
            return;
        }
        // What only tests or computes comes first.
        while let Some(at) = (0..work.left.len()).find(|&at| is_test(&work, at)) {
            let literal = &work.body[work.left[at]];
            match &literal.kind {
                LiteralKind::Negated(atom) => match self.negated(&work, atom) {
                    Negated::Holds => {
                        work.left.remove(at);
                    }
                    Negated::Fails => return,
                    Negated::Breaks(table) => {
                        let literal = work.left.remove(at);
                        return self.subscribe(table, work, literal);
                    }
                },
                kind if let Some(blank) = untold(&work, kind) => {
                    return self.instantiate(&work, blank);
                }
                _ => {
                    if !self.test(&mut work, literal) {
                        return;
                    }
                    work.left.remove(at);
                }
            }
        }
        let mut cheapest: Option<(u64, usize)> = None;
        for at in 0..work.left.len() {
            if let Some(cost) = self.cost(&work, &work.body[work.left[at]])
                && cheapest.is_none_or(|(least, _)| cost < least)
            {
                cheapest = Some((cost, at));
            }
        }
        let Some((_, at)) = cheapest else {
            return self.call(work);
        };
        match &work.body[work.left[at]].kind {
            LiteralKind::Atom(atom) => self.atom(work, at, atom),
            LiteralKind::Range { .. } => self.range(work, at),
            LiteralKind::Aggregate(aggregate) => self.aggregate(work, at, aggregate),
            _ => {}
        }
    }

    /// Calls the atom that was put off of which most is bound, or concludes when nothing is left.
    fn call(&mut self, mut work: Work<'a>) {
        // Those asked about already before others, and what recurs before what does not: it will be asked about again.
        let scope = self.scope_of(&work);
        let order = |literal: usize| match &work.body[literal].kind {
            LiteralKind::Atom(atom) => {
                let free = |arg: &&Term| work.known(arg) == Known::Free;
                let goal = Goal::Rows(atom.relation, self.pattern(atom, &work.values));
                let scope = scope.clone();
                (
                    atom.args.iter().filter(free).count(),
                    !self.by_goal.contains_key(&Call { goal, scope }),
                    work.head.is_none_or(|head| head.relation != atom.relation),
                )
            }
            _ => (0, false, false),
        };
        let Some(at) = (0..work.put_off.len()).min_by_key(|&at| order(work.put_off[at])) else {
            if work.left.is_empty() {
                self.conclude(&work);
            }
            return;
        };
        let literal = work.put_off.remove(at);
        let LiteralKind::Atom(atom) = &work.body[literal].kind else {
            return;
        };
        if !self.may_reach(&work, |it| it.gains(atom.relation)) {
            return;
        }
        let pattern = self.pattern(atom, &work.values);
        let row: Option<Box<[Code]>> = pattern.iter().copied().collect();
        let relation = atom.relation;
        if !self.may_follow(&work, relation, &pattern) {
            return;
        }
        // What is there was taken as it is.
        if row.is_some_and(|row| self.case.holds(&Fact { relation, row })) {
            return;
        }
        if !self.is_derived(relation) {
            return self.assume(&work, literal, relation, &pattern, scope.as_deref());
        }
        let table = self.table(Goal::Rows(relation, pattern), scope);
        self.subscribe(table, work, literal);
    }

    fn conclude(&mut self, work: &Work<'a>) {
        if work.sketch.is_empty() {
            return;
        }
        let row: Row = match work.head {
            None => Rc::from([]),
            Some(head) => {
                let cell = |arg| match (value(arg, &work.values, self.terrain.dictionary), arg) {
                    (Ok(code), _) => Cell::Known(code),
                    (Err(_), Term::Var(var)) => {
                        work.blanks[var.index()].map_or(Cell::Vague, Cell::Blank)
                    }
                    (Err(_), _) => Cell::Vague,
                };
                let row: Row = head.args.iter().map(cell).collect();
                if let Goal::Rows(relation, pattern) = &self.tables[work.table].call.goal {
                    let fits = |(asked, made): (&Option<Code>, &Cell)| match (asked, made) {
                        (Some(asked), Cell::Known(made)) => asked == made,
                        _ => true,
                    };
                    if !pattern.iter().zip(row.iter()).all(fits) {
                        return;
                    }
                    let made = Assumed {
                        relation: *relation,
                        cells: row.clone(),
                    };
                    if made.fact().is_some_and(|fact| self.case.holds(&fact)) {
                        return;
                    }
                }
                row
            }
        };
        self.answer(work.table, row, &work.sketch);
    }

    /// Goes on with work when one of its literals is answered by a row.
    pub(super) fn resume(
        &mut self,
        work: &Work<'a>,
        literal: usize,
        row: &[Cell],
        sketch: &[Assumed],
    ) {
        let mut next = work.clone();
        let ours = work.sketch.len();
        // The blanks of an answer are its own.
        let first = blanks_end(&work.sketch);
        let mut apart = |cell| match cell {
            Cell::Blank(number) => Cell::Blank(number + first),
            other => other,
        };
        let row: Vec<Cell> = row.iter().map(|&cell| apart(cell)).collect();
        let theirs = renamed(sketch, &mut apart);
        next.sketch = work.sketch.iter().cloned().chain(theirs).collect();
        let fits = match &work.body[literal].kind {
            LiteralKind::Atom(atom) => next.take_row(atom, row, self.terrain),
            LiteralKind::Aggregate(aggregate) => {
                next.blur(&Term::Var(aggregate.result));
                aggregate
                    .witnesses
                    .iter()
                    .for_each(|var| next.blur(&Term::Var(*var)));
                true
            }
            _ => true,
        };
        if fits {
            self.merge(next, ours, ours);
        }
    }

    /// Puts work on the agenda in whose sketch those from `at` on were assumed by an answer: each of them is one of
    /// `ours`, or another one.
    fn merge(&mut self, mut work: Work<'a>, ours: usize, at: usize) {
        if at > self.most {
            return;
        }
        let Some(theirs) = work.sketch.get(at).cloned() else {
            return self.queue(work);
        };
        for known in 0..ours {
            let one = work.sketch[known].clone();
            if one == theirs {
                work.sketch = without(&work.sketch, at);
                return self.merge(work, ours, at);
            }
            if one.relation != theirs.relation {
                continue;
            }
            let mut next = work.clone();
            let agree = (0..one.cells.len()).all(|column| {
                let (one, other) = (
                    next.sketch[known].cells[column],
                    next.sketch[at].cells[column],
                );
                next.agree(one, other, self.terrain)
            });
            if agree {
                next.sketch = without(&next.sketch, at);
                self.merge(next, ours, at);
            }
        }
        self.merge(work, ours, at + 1);
    }

    pub(super) fn queue(&mut self, mut work: Work<'a>) {
        // What holds need not be assumed: a smaller sketch says the same. Nor is anything needed beside what is enough.
        let is_idle = |one: &Assumed| {
            one.fact()
                .is_some_and(|fact| self.case.holds(&fact) || self.enough_alone.contains(&fact))
        };
        if work.sketch.iter().any(is_idle) {
            return;
        }
        if !work.sketch.is_sorted_by(|one, other| one < other) {
            let mut facts = work.sketch.to_vec();
            facts.sort_unstable();
            facts.dedup();
            work.sketch = facts.into();
        }
        if work.sketch.len() <= self.most {
            self.agenda[work.sketch.len()].push_back(work);
        }
    }
}

fn without(sketch: &[Assumed], at: usize) -> Sketch {
    let kept = |(other, _): &(usize, &Assumed)| *other != at;
    let facts = sketch.iter().enumerate().filter(kept);
    facts.map(|(_, one)| one.clone()).collect()
}
