//! Whole plans: of a rule, a query, a subsumption.

use super::liveness::variables_of;
use super::order::{Fresh, Statistics, kinds, operand, order};
use super::rule_plan::{Guard, Placed, RulePlan};
use super::step::Operand;
use crate::analysis::checked::{
    Atom, CheckedProgram, Literal, LiteralKind, RuleId, Subsumption, Term, ValueType, VarId,
};
use crate::analysis::independence::independent;
use crate::syntax::ast::CompareOp;
use std::collections::BTreeSet;

/// Plans one rule. `delta`: the literal (an atom) that is read from the delta; atoms of recursive relations before it
/// are then read old, those after it full, so that no combination of rows is seen twice.
pub fn plan_rule(
    program: &CheckedProgram,
    rule: RuleId,
    delta: Option<usize>,
    statistics: &dyn Statistics,
) -> RulePlan {
    let checked = &program[rule];
    let mut fresh = Fresh {
        next: checked.variables.len() as u32,
    };
    let mut literals = kinds(&checked.body);
    let mut answer = Vec::new();
    let terms: Vec<Term> = match &checked.head {
        Some(head) => head.args.clone(),
        None => (0..checked.variables.len() as u32)
            .map(VarId)
            .filter(|var| !checked.variables[var.index()].synthetic && binds(&checked.body, *var))
            .map(Term::Var)
            .collect(),
    };
    for term in terms {
        answer.push(operand(term, &mut literals, &mut fresh));
    }
    let (guards, steps) = guarded(&literals, delta, &answer, statistics, &mut fresh);
    RulePlan {
        clustered: None,
        rule,
        delta,
        guards,
        steps,
        head: checked.head.as_ref().map(|head| head.relation),
        answer,
        variables: fresh.next as usize,
    }
}

/// Plans a query: its answers are the values of `columns`.
pub fn plan_body(
    body: &[Literal],
    variables: usize,
    columns: &[VarId],
    statistics: &dyn Statistics,
) -> RulePlan {
    let mut fresh = Fresh {
        next: variables as u32,
    };
    let answer: Vec<Operand> = columns.iter().copied().map(Operand::Var).collect();
    let (guards, steps) = guarded(&kinds(body), None, &answer, statistics, &mut fresh);
    RulePlan {
        clustered: None,
        rule: RuleId(u32::MAX),
        delta: None,
        guards,
        steps,
        head: None,
        answer,
        variables: fresh.next as usize,
    }
}

/// Plans a subsumptive clause: its answers are the dominated row and the dominating one, side by side. `delta`: which
/// of the two is read from the delta, 0 or 1.
pub fn plan_subsumption(
    subsumption: &Subsumption,
    delta: usize,
    statistics: &dyn Statistics,
) -> RulePlan {
    let mut fresh = Fresh {
        next: subsumption.variables.len() as u32,
    };
    let mut row = |args: &[Term]| -> Vec<Term> {
        args.iter()
            .map(|arg| match arg {
                Term::Wildcard => Term::Var(fresh.var()),
                other => other.clone(),
            })
            .collect()
    };
    let rows = [row(&subsumption.dominated), row(&subsumption.dominating)];
    let mut literals: Vec<LiteralKind> = rows
        .iter()
        .map(|args| {
            LiteralKind::Atom(Atom {
                relation: subsumption.relation,
                args: args.clone(),
                span: subsumption.span,
            })
        })
        .collect();
    literals.extend(kinds(&subsumption.body));
    let mut answer = Vec::new();
    for term in rows.concat() {
        answer.push(operand(term, &mut literals, &mut fresh));
    }
    let (guards, steps) = guarded(&literals, Some(delta), &answer, statistics, &mut fresh);
    RulePlan {
        clustered: None,
        rule: RuleId(u32::MAX),
        delta: Some(delta),
        guards,
        steps,
        head: None,
        answer,
        variables: fresh.next as usize,
    }
}

/// Plans a conjunction for one row of `seed` at a time, which is the first step's; everything else is read whole. The
/// answers are the values of `answer`, whose variables are numbered below `variables`.
pub fn plan_seeded(
    seed: Atom,
    body: impl IntoIterator<Item = LiteralKind>,
    answer: &[Term],
    variables: usize,
    statistics: &dyn Statistics,
) -> RulePlan {
    let mut fresh = Fresh {
        next: variables as u32,
    };
    let mut literals = vec![LiteralKind::Atom(Atom {
        args: Vec::new(),
        ..seed
    })];
    literals.extend(body);
    // What the seed computes is compared with what it has.
    let args = seed.args.into_iter().map(|arg| match arg {
        Term::Record(_) | Term::Call { .. } => {
            let var = Term::Var(fresh.var());
            literals.push(LiteralKind::Compare {
                op: CompareOp::Eq,
                operand: ValueType::Number,
                left: var.clone(),
                right: arg,
            });
            var
        }
        plain => plain,
    });
    let args = args.collect();
    if let LiteralKind::Atom(seed) = &mut literals[0] {
        seed.args = args;
    }
    let answer: Vec<Operand> = answer
        .iter()
        .map(|term| operand(term.clone(), &mut literals, &mut fresh))
        .collect();
    // A search through one row's neighbours ends with the first way: what is asked for once would be asked again.
    let steps = order(
        &literals,
        &|_| true,
        Some(0),
        &BTreeSet::new(),
        &needed_by(&answer),
        statistics,
        &mut fresh,
        false,
    );
    RulePlan {
        clustered: None,
        rule: RuleId(u32::MAX),
        delta: Some(0),
        guards: Vec::new(),
        steps,
        head: None,
        answer,
        variables: fresh.next as usize,
    }
}

/// The steps for what leads to the answer, and a guard for each part of the conjunction that has nothing to do with it.
fn guarded(
    literals: &[LiteralKind],
    delta: Option<usize>,
    answer: &[Operand],
    statistics: &dyn Statistics,
    fresh: &mut Fresh,
) -> (Vec<Guard>, Vec<Placed>) {
    let needed = needed_by(answer);
    let apart = independent(&literals.iter().collect::<Vec<_>>(), &needed);
    let mut steps = |among: &dyn Fn(usize) -> bool, needed: &BTreeSet<VarId>| {
        let bound = BTreeSet::new();
        order(
            literals, among, delta, &bound, needed, statistics, fresh, false,
        )
    };
    let mut part = vec![None; literals.len()];
    for (group, places) in apart.iter().enumerate() {
        places.iter().for_each(|&at| part[at] = Some(group));
    }
    let mut guards: Vec<Guard> = apart
        .iter()
        .enumerate()
        .map(|(group, places)| Guard {
            at: places[0],
            delta: delta.is_some_and(|at| part[at] == Some(group)),
            steps: steps(&|at| part[at] == Some(group), &BTreeSet::new()),
        })
        .collect();
    let cost = |guard: &Guard| -> f64 { guard.steps.iter().map(|placed| placed.estimate).sum() };
    guards.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let main = steps(&|at| part[at].is_none(), &needed);
    (guards, main)
}

fn needed_by(answer: &[Operand]) -> BTreeSet<VarId> {
    answer
        .iter()
        .filter_map(|operand| match operand {
            Operand::Var(var) => Some(*var),
            Operand::Const(_) => None,
        })
        .collect()
}

/// Whether a literal of the body, not one inside an aggregate, mentions the variable where it gets bound.
fn binds(body: &[Literal], var: VarId) -> bool {
    body.iter().any(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => atom.args.contains(&Term::Var(var)),
        LiteralKind::Compare { left, right, .. } => mentions(left, var) || mentions(right, var),
        LiteralKind::Range { var: target, .. } => *target == var,
        LiteralKind::Aggregate(aggregate) => {
            aggregate.result == var || aggregate.witnesses.contains(&var)
        }
        LiteralKind::Negated(_) | LiteralKind::Match { .. } | LiteralKind::Contains { .. } => false,
    })
}

fn mentions(term: &Term, var: VarId) -> bool {
    let mut all = BTreeSet::new();
    variables_of(term, &mut all);
    all.contains(&var)
}
