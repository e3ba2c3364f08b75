//! One step back from a fact: every instance of a rule that concludes it.

use super::case::Case;
use super::facts::{Fact, Facts};
use super::meter::Meter;
use super::solve::{Solution, Solver};
use super::terms::constant;
use crate::analysis::checked::{Head, LiteralKind, RelationId, RelationKind, RuleId, Term};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use std::rc::Rc;

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
/// Where only some facts count, `within` has them.
pub(super) fn each_step(
    case: &Case,
    fact: &Fact,
    within: Option<&dyn Facts>,
    meter: &Meter,
    mut f: impl FnMut(Step) -> bool,
) {
    for &rule in case.rules_of(fact.relation) {
        let mut on = true;
        each_instance(case, fact, rule, within, meter, |solver| {
            let solution = solver.solution();
            on = f(Step::Rule { rule, solution });
            on
        });
        if !on {
            return;
        }
    }
    each_equivalence(case, fact, meter, f);
}

/// The same for the instances of one rule: the solver stands at each.
pub(super) fn each_instance(
    case: &Case,
    fact: &Fact,
    rule: RuleId,
    within: Option<&dyn Facts>,
    meter: &Meter,
    mut f: impl FnMut(&Solver) -> bool,
) {
    let rule = &case.program[rule];
    let Some(head) = &rule.head else { return };
    if !may_conclude(case, head, fact) {
        return;
    }
    let wanted: Vec<_> = fact.row.iter().map(|&code| Some(code)).collect();
    let other = |relation, row: &[_]| relation != fact.relation || row != &*fact.row;
    let mut solver = Solver::new(case.context(meter), &rule.body, &rule.variables)
        .with_head(&head.args, &wanted)
        .over(within.unwrap_or(case.facts))
        .admitting(&other);
    while solver.step() {
        if !f(&solver) {
            return;
        }
    }
}

/// Whether the constants of a head are those of a fact: most rules of a relation with many are told apart by them.
pub(super) fn may_conclude(case: &Case, head: &Head, fact: &Fact) -> bool {
    let mut both = head.args.iter().zip(&fact.row);
    both.all(|(arg, &code)| match arg {
        Term::Const(known) => constant(known, case.dictionary) == code,
        _ => true,
    })
}

/// The same for the laws of equivalence: `(b, a)` gives `(a, b)`; `(a, x)` and `(x, b)` give `(a, b)`; any other pair with `a` gives `(a, a)`. That `x` is next
/// to `a` is enough: so every path is walked from its beginning, and in no other way.
pub(super) fn each_equivalence(
    case: &Case,
    fact: &Fact,
    meter: &Meter,
    mut f: impl FnMut(Step) -> bool,
) {
    if case.program[fact.relation].kind != RelationKind::Eqrel {
        return;
    }
    let &[a, b] = &*fact.row else { return };
    let pair = |left, right| Fact::new(fact.relation, &[left, right]);
    if a != b && !f(Step::Equivalence(vec![pair(b, a)])) {
        return;
    }
    for &x in &*case.next_to(fact.relation, a, meter) {
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

/// By relation and value: what is next to it in an equivalence.
pub(super) type NextTo = FxHashMap<(RelationId, Code), Rc<[Code]>>;

impl Case<'_> {
    /// The values that an equivalence pairs with one not by its laws but because that is stated, or a rule concludes it,
    /// either way round.
    fn next_to(&self, relation: RelationId, value: Code, meter: &Meter) -> Rc<[Code]> {
        if let Some(known) = self.next_to.borrow().get(&(relation, value)) {
            return known.clone();
        }
        let mut found: Vec<Code> = Vec::new();
        let class = self.facts.matching(relation, &[Some(value), None]);
        for &other in class.column(1) {
            let stated = |row: [Code; 2]| self.ground(&Fact::new(relation, &row)).is_some();
            if meter.spend() && (stated([value, other]) || stated([other, value])) {
                found.push(other);
            }
        }
        for &id in self.rules_of(relation) {
            let rule = &self.program[id];
            let Some(head) = &rule.head else { continue };
            for (pattern, free) in [([Some(value), None], 1), ([None, Some(value)], 0)] {
                let solver = Solver::new(self.context(meter), &rule.body, &rule.variables)
                    .with_head(&head.args, &pattern);
                for solution in solver {
                    let fact = self.conclusion(head, &solution.values);
                    found.extend(fact.map(|fact| fact.row[free]));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let found: Rc<[Code]> = found.into();
        if meter.stopped().is_none() {
            let mut known = self.next_to.borrow_mut();
            known.insert((relation, value), found.clone());
        }
        found
    }
}
