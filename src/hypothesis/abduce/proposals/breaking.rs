//! What holds and has to stop: one of the conditions of a proof breaks, or the members of a group change.

use super::super::reach::Reach;
use super::Search;
use super::sketch::Sketch;
use super::tables::Goal;
use super::work::{Short, Work};
use crate::analysis::checked::{Aggregate, Literal, LiteralKind, RelationId, Variable};
use crate::engine::{Budget, StopReason};
use crate::explain::{Basis, Fact, Premise, ProofOptions, each_member};
use crate::storage::Code;
use smallvec::smallvec;
use std::rc::Rc;

/// Rows that the proof of a fact which has to break may cost.
const MOST_FOR_A_PROOF: u64 = 200_000;

impl<'a> Search<'a, '_> {
    /// One proof of the fact has to break in one of its conditions: what is stated stays.
    pub(super) fn open_break(&mut self, table: usize, fact: &Fact) {
        let terrain = self.terrain;
        let left = Budget {
            rows: Some(MOST_FOR_A_PROOF),
            ..Budget::default()
        };
        let options = ProofOptions {
            members: usize::MAX,
            ..ProofOptions::default()
        };
        let Some(proof) = self.case.prove(fact, &options, &left) else {
            return;
        };
        if !proof.is_complete() {
            self.meter.stop(StopReason::Rows);
            return;
        }
        for (_, node) in proof.nodes() {
            let Basis::Derived(derivation) = &node.basis else {
                continue;
            };
            let rule = &terrain.program[derivation.rule];
            for (literal, premise) in rule.body.iter().zip(&derivation.premises) {
                match (&literal.kind, premise) {
                    (
                        _,
                        Premise::Absent {
                            relation, pattern, ..
                        },
                    ) => {
                        self.forward_rows(table, *relation, pattern.clone());
                    }
                    (LiteralKind::Aggregate(aggregate), Premise::Aggregate(_)) => {
                        self.forward_shift(table, aggregate, &rule.variables, &derivation.values);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Some literal of a body that holds for these values has to fail: of a row that takes part by itself, just that one.
    pub(super) fn break_body(
        &mut self,
        table: usize,
        body: &'a [Literal],
        variables: &'a [Variable],
        values: &[Option<Code>],
        rows: Option<&[Option<Box<[Code]>>]>,
    ) {
        for (at, literal) in body.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Atom(atom) if self.reaches(table, |it| it.loses(atom.relation)) => {
                    let row = match rows {
                        Some(rows) => rows[at].as_deref().map(<[Code]>::to_vec),
                        // All that agree have to go: any one will do to begin with.
                        None => self.first(atom.relation, &self.pattern(atom, values)),
                    };
                    if let Some(row) = row {
                        let goal = Goal::Break(Fact::new(atom.relation, &row));
                        let broken = self.table(goal, self.tables[table].call.scope.clone());
                        self.forward(broken, table);
                    }
                }
                LiteralKind::Negated(atom) => {
                    let pattern = self.pattern(atom, values);
                    self.forward_rows(table, atom.relation, pattern);
                }
                LiteralKind::Aggregate(aggregate) => {
                    self.forward_shift(table, aggregate, variables, values);
                }
                _ => {}
            }
        }
    }

    fn forward_rows(&mut self, to: usize, relation: RelationId, pattern: Vec<Option<Code>>) {
        if self.reaches(to, |it| it.gains(relation)) {
            let goal = Goal::Rows(relation, pattern);
            let from = self.table(goal, self.tables[to].call.scope.clone());
            self.forward(from, to);
        }
    }

    fn forward_shift(
        &mut self,
        to: usize,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        values: &[Option<Code>],
    ) {
        let scope = self.tables[to].call.scope.clone();
        if let Some(from) = self.shift(aggregate, variables, values, scope) {
            self.forward(from, to);
        }
    }

    /// The table of what changes the members of a group; `None`: nothing can.
    pub(super) fn shift(
        &mut self,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        values: &[Option<Code>],
        scope: Option<Sketch>,
    ) -> Option<usize> {
        let touches = |it: &Reach| it.touches(&aggregate.body);
        if !self.terrain.reaches(scope.as_deref(), touches) {
            return None;
        }
        let outer: Vec<Option<Code>> = aggregate
            .injected
            .iter()
            .map(|var| values[var.index()])
            .collect();
        let goal = Goal::Shift(std::ptr::from_ref(aggregate) as usize, outer);
        let next = self.tables.len();
        let table = self.table(goal, scope);
        if table < next {
            return Some(table);
        }
        let mut injected: Short<Option<Code>> = smallvec![None; variables.len()];
        let mut vague: Short<bool> = smallvec![false; variables.len()];
        for var in &aggregate.injected {
            injected[var.index()] = values[var.index()];
            vague[var.index()] = values[var.index()].is_none();
        }
        self.agenda[0].push_back(Work {
            table,
            head: None,
            body: &aggregate.body,
            variables,
            values: injected.clone(),
            blanks: smallvec![None; vague.len()],
            vague,
            left: (0..aggregate.body.len()).collect(),
            put_off: Short::new(),
            sketch: Rc::from([]),
            row: Vec::new(),
        });
        // A member that goes also changes the group.
        let mut members = Vec::new();
        each_member(
            self.case.context(self.meter),
            aggregate,
            variables,
            &injected,
            |member| members.push(member.solution),
        );
        for member in members {
            let (values, rows) = (&member.values, Some(&*member.rows));
            self.break_body(table, &aggregate.body, variables, values, rows);
        }
        Some(table)
    }
}
