//! One step back from a fact: every instance of a rule that concludes it.

use super::case::Case;
use super::facts::Fact;
use super::meter::Meter;
use super::solve::{Solution, Solver};
use crate::analysis::checked::{LiteralKind, RelationId, RelationKind, RuleId};
use crate::storage::Code;

/// A way to conclude a fact.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Rule {
        rule: RuleId,
        solution: Solution,
    },
    /// By the laws of equivalence, from other pairs of the relation.
    Equivalence(Vec<Fact>),
}

impl Step {
    /// The facts that the positive atoms matched; not those inside aggregates.
    pub(super) fn premises(&self, case: &Case) -> Vec<Fact> {
        match self {
            Step::Equivalence(pairs) => pairs.clone(),
            Step::Rule { rule, solution } => {
                let body = &case.program[*rule].body;
                body.iter()
                    .zip(&solution.rows)
                    .filter_map(|(literal, row)| match (&literal.kind, row) {
                        (LiteralKind::Atom(atom), Some(row)) => Some(Fact::new(atom.relation, row)),
                        _ => None,
                    })
                    .collect()
            }
        }
    }
}

/// Calls `f` on steps all of whose premises were there before the fact, until it says false or the budget runs out.
pub(super) fn each_earlier_step(
    case: &Case,
    fact: &Fact,
    birth: u32,
    meter: &Meter,
    mut f: impl FnMut(Step) -> bool,
) {
    let earlier = |relation: RelationId, row: &[Code]| {
        let tick = case.facts.birth(relation, row);
        tick.is_some_and(|tick| tick < birth)
    };
    let wanted: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
    for &id in case.rules_of(fact.relation) {
        let rule = &case.program[id];
        let Some(head) = &rule.head else { continue };
        let solver = Solver::new(case.context(meter), &rule.body, &rule.variables)
            .with_head(&head.args, &wanted)
            .admitting(&earlier);
        for solution in solver {
            if !f(Step::Rule { rule: id, solution }) {
                return;
            }
        }
    }
}

/// Calls `f` on the steps in a fixed order, rules first, until it says false or the budget runs out. Steps that need
/// the fact itself are left out: no shortest proof takes them.
pub(super) fn each_step(case: &Case, fact: &Fact, meter: &Meter, mut f: impl FnMut(Step) -> bool) {
    let wanted: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
    let other = |relation, row: &[_]| relation != fact.relation || row != &*fact.row;
    for &id in case.rules_of(fact.relation) {
        let rule = &case.program[id];
        let Some(head) = &rule.head else { continue };
        let solver = Solver::new(case.context(meter), &rule.body, &rule.variables)
            .with_head(&head.args, &wanted)
            .admitting(&other);
        for solution in solver {
            if !f(Step::Rule { rule: id, solution }) {
                return;
            }
        }
    }
    if case.program[fact.relation].kind == RelationKind::Eqrel {
        equivalences(case, fact, meter, f);
    }
}

/// `(b, a)` gives `(a, b)`; `(a, x)` and `(x, b)` give `(a, b)`; any other pair with `a` gives `(a, a)`.
pub(super) fn equivalences(
    case: &Case,
    fact: &Fact,
    meter: &Meter,
    mut f: impl FnMut(Step) -> bool,
) {
    let &[a, b] = &*fact.row else { return };
    let pair = |left, right| Fact::new(fact.relation, &[left, right]);
    if a != b && !f(Step::Equivalence(vec![pair(b, a)])) {
        return;
    }
    let from_a = case.facts.matching(fact.relation, &[Some(a), None]);
    for &x in from_a.column(1) {
        if x == a || x == b {
            continue;
        }
        let pairs = if a == b {
            vec![pair(a, x)]
        } else {
            vec![pair(a, x), pair(x, b)]
        };
        if !meter.spend() || !f(Step::Equivalence(pairs)) {
            return;
        }
    }
}
