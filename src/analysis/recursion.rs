//! What holds only of recursive rules: where `autoinc()` may not stand, what `.plan` may say, and recursion that makes
//! new values without a bound.

use super::checked::{
    CheckedProgram, FunctorOp, Literal, LiteralKind, RelationId, Rule, RuleId, Term, VarId,
};
use super::codes;
use super::draft::{Clause, ClauseKind, Draft, NodeKind, ScopeId};
use super::findings::{Findings, counted};
use super::independence::independent;
use super::strata::Components;
use crate::syntax::ast::{CompareOp, DirectiveKind, Intrinsic};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use ascent::ascent;
use rustc_hash::{FxHashMap, FxHashSet};

ascent! {
    /// Rules, variables and head positions are numbers here; a variable is that of one rule.
    struct Growth;

    relation recursive_variable(u32, u32);
    relation bounded(u32, u32);
    // A variable's value is made from another's; whether by an operation that can go on for ever.
    relation made_from(u32, u32, u32, bool);
    relation in_head(u32, u32);

    // What a recursive atom binds, and whether it has grown since, unless something bounds it.
    relation flows(u32, u32, bool);
    relation unbounded(u32);

    flows(rule, var, false) <-- recursive_variable(rule, var), !bounded(rule, var);
    flows(rule, to, *grown || *grows) <--
        flows(rule, from, grown), made_from(rule, to, from, grows), !bounded(rule, to);
    unbounded(rule) <-- in_head(rule, var), flows(rule, var, grown), if *grown;
}

pub fn check(
    draft: &Draft,
    program: &CheckedProgram,
    components: &Components,
    findings: &mut Findings,
) {
    for clause in &draft.clauses {
        let head = match &clause.kind {
            ClauseKind::Rule(atom) => Some(atom.relation),
            _ => None,
        };
        let recursive = head.map_or(0, |head| recursive_atoms(draft, clause, head, components));
        check_plan(draft, clause, recursive, findings);
        if head.is_some_and(|head| reads_component(draft, clause.scope, head, components)) {
            counters(draft, clause, findings);
        }
    }
    growth(program, components, findings);
}

/// How many positive atoms of a body are of the head's component: each is a version of the rule.
fn recursive_atoms(
    draft: &Draft,
    clause: &Clause,
    head: RelationId,
    components: &Components,
) -> u32 {
    let own = |relation: RelationId| components.of[relation.index()] == components.of[head.index()];
    let literals = &draft.scope(clause.scope).literals;
    literals
        .iter()
        .filter(|literal| match &literal.kind {
            super::draft::LiteralKind::Atom(atom) => own(atom.relation),
            _ => false,
        })
        .count() as u32
}

/// Whether a body, aggregates included, reads the head's component.
fn reads_component(
    draft: &Draft,
    scope: ScopeId,
    head: RelationId,
    components: &Components,
) -> bool {
    use super::draft::LiteralKind;
    let own = |relation: RelationId| components.of[relation.index()] == components.of[head.index()];
    let mut pending = vec![scope];
    while let Some(scope) = pending.pop() {
        let scope = draft.scope(scope);
        let found = scope.literals.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => own(atom.relation),
            _ => false,
        });
        if found {
            return true;
        }
        pending.extend(scope.aggregates.iter().map(|&id| draft.aggregate(id).inner));
    }
    false
}

fn counters(draft: &Draft, clause: &Clause, findings: &mut Findings) {
    let mut pending = match &clause.kind {
        ClauseKind::Rule(atom) => atom.args.clone(),
        _ => Vec::new(),
    };
    for literal in &draft.scope(clause.scope).literals {
        pending.extend(literal.args());
    }
    while let Some(arg) = pending.pop() {
        let node = draft.node(arg.node);
        if matches!(node.kind, NodeKind::Call(Intrinsic::Autoinc, _)) {
            findings.push(
                Diagnostic::error(
                    codes::AUTOINC_IN_RECURSION,
                    "Auto-increment functor in a recursive rule",
                )
                .at(node.span, "gives a new value in every round")
                .help("number the rows in a rule that is not recursive"),
            );
        }
        pending.extend(node.children());
        if let Some((left, right)) = node.operands() {
            pending.extend([left, right]);
        }
    }
}

fn check_plan(draft: &Draft, clause: &Clause, versions: u32, findings: &mut Findings) {
    let Some(span) = clause.plan_span else { return };
    let subsumption = matches!(clause.kind, ClauseKind::Subsumption { .. });
    let literals = &draft.scope(clause.scope).literals;
    let atoms = literals
        .iter()
        .filter(|literal| matches!(literal.kind, super::draft::LiteralKind::Atom(_)))
        .count()
        + if subsumption { 2 } else { 0 };
    if versions == 0 && !subsumption {
        findings.push(
            Diagnostic::warning(
                codes::PLAN_IGNORED,
                "Ignored execution plan for non-recursive clause",
            )
            .at(span, "has no effect"),
        );
        return;
    }
    for (version, order) in &clause.plan {
        let mut positions = order.clone();
        positions.sort_unstable();
        let complete = (1..=atoms as u32).eq(positions);
        let problem = if !subsumption && *version >= versions {
            format!(
                "Invalid execution plan for version {version}: only versions 0..{} permitted",
                versions - 1
            )
        } else if order.len() != atoms {
            format!(
                "Invalid execution order in plan (expected {}, not {})",
                counted(atoms, "atom"),
                order.len()
            )
        } else if !complete {
            "Invalid execution order in plan (incomplete)".to_owned()
        } else {
            continue;
        };
        findings.push(
            Diagnostic::error(codes::INVALID_PLAN, problem)
                .at(span, "does not fit the rule")
                .help("a plan gives, for each recursive atom, the positions of all positive atoms, counted from 1"),
        );
    }
}

fn growth(program: &CheckedProgram, components: &Components, findings: &mut Findings) {
    let limited: FxHashSet<RelationId> = program
        .directives
        .iter()
        .filter(|directive| directive.kind == DirectiveKind::Limitsize)
        .map(|directive| directive.relation)
        .chain(
            program
                .subsumptions
                .iter()
                .map(|subsumption| subsumption.relation),
        )
        .collect();
    let mut facts = Growth::default();
    for (RuleId(index), rule) in program.rules() {
        let Some(head) = &rule.head else { continue };
        let relation = &program[head.relation];
        if !components.is_recursive(head.relation)
            || limited.contains(&head.relation)
            || !relation.choice_domains.is_empty()
            || relation.lattice.is_some()
        {
            continue;
        }
        growth_facts(index, rule, head, components, &mut facts);
    }
    facts.run();
    facts.unbounded.sort_unstable();
    for &(rule,) in &facts.unbounded {
        let rule = &program[RuleId(rule)];
        let place = growing_place(rule).unwrap_or(rule.span);
        findings.push(
            Diagnostic::warning(
                codes::UNBOUNDED_RECURSION,
                "This recursive rule makes new values without a bound",
            )
            .at(
                place,
                "may derive rows for ever, for example around a cycle",
            )
            .help("bound the value by a comparison, or the relation by `.limitsize`"),
        );
    }
}

fn growing_place(rule: &Rule) -> Option<Span> {
    rule.body
        .iter()
        .find(|literal| match &literal.kind {
            LiteralKind::Compare {
                op: CompareOp::Eq,
                left,
                right,
                ..
            } => grows(left) || grows(right),
            _ => false,
        })
        .map(|literal| literal.span)
}

fn growth_facts(
    index: u32,
    rule: &Rule,
    head: &super::checked::Head,
    components: &Components,
    facts: &mut Growth,
) {
    let own = |relation: RelationId| {
        components.of[relation.index()] == components.of[head.relation.index()]
    };
    for literal in &rule.body {
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let mut vars = Vec::new();
                atom.args.iter().for_each(|arg| variables(arg, &mut vars));
                for var in vars {
                    if own(atom.relation) {
                        facts.recursive_variable.push((index, var.0));
                    } else {
                        facts.bounded.push((index, var.0));
                    }
                }
            }
            LiteralKind::Compare {
                op: CompareOp::Eq,
                left,
                right,
                ..
            } => {
                for (to, from) in [(left, right), (right, left)] {
                    if let Term::Var(to) = to {
                        made(index, to.0, from, facts);
                    }
                }
            }
            LiteralKind::Compare {
                op, left, right, ..
            } if *op != CompareOp::Ne => {
                bound(index, [left, right], facts);
            }
            LiteralKind::Range { var, .. } => facts.bounded.push((index, var.0)),
            LiteralKind::Contains {
                part,
                text,
                negated: false,
            } => bound(index, [part, text], facts),
            _ => {}
        }
    }
    // Positions of the head come after all variables.
    let first = rule.variables.len() as u32;
    for (position, arg) in head.args.iter().enumerate() {
        let place = first + position as u32;
        facts.in_head.push((index, place));
        made(index, place, arg, facts);
    }
}

fn bound(index: u32, terms: [&Term; 2], facts: &mut Growth) {
    let mut vars = Vec::new();
    terms
        .into_iter()
        .for_each(|term| variables(term, &mut vars));
    facts
        .bounded
        .extend(vars.into_iter().map(|var| (index, var.0)));
}

fn made(index: u32, to: u32, from: &Term, facts: &mut Growth) {
    let mut vars = Vec::new();
    variables(from, &mut vars);
    let grows = grows(from);
    for var in vars.into_iter().filter(|var| var.0 != to) {
        facts.made_from.push((index, to, var.0, grows));
    }
}

fn variables(term: &Term, found: &mut Vec<VarId>) {
    match term {
        Term::Var(var) => found.push(*var),
        Term::Const(_) | Term::Wildcard => {}
        Term::Record(args) | Term::Call { args, .. } => {
            args.iter().for_each(|arg| variables(arg, found));
        }
    }
}

/// Whether an operation in a term can give a value that was not there before, again and again.
fn grows(term: &Term) -> bool {
    match term {
        Term::Call { functor, args } => {
            matches!(
                functor.op,
                FunctorOp::Add
                    | FunctorOp::Subtract
                    | FunctorOp::Multiply
                    | FunctorOp::Power
                    | FunctorOp::Cat
            ) || args.iter().any(grows)
        }
        Term::Record(args) => args.iter().any(grows),
        _ => false,
    }
}

/// Variables that comparisons bound from below and from above, with the variables of these bounds: an address in a range,
/// a day in a period. That says which rows belong together.
fn bounded_on_both_sides(kinds: &[&LiteralKind]) -> Vec<(VarId, Vec<VarId>)> {
    let mut sides: FxHashMap<VarId, [Vec<VarId>; 2]> = FxHashMap::default();
    for kind in kinds {
        let LiteralKind::Compare {
            op, left, right, ..
        } = kind
        else {
            continue;
        };
        let (less, more) = match op {
            CompareOp::Lt | CompareOp::Le => (left, right),
            CompareOp::Gt | CompareOp::Ge => (right, left),
            CompareOp::Eq | CompareOp::Ne => continue,
        };
        for (of, by, side) in [(less, more, 1), (more, less, 0)] {
            if let Term::Var(var) = of {
                variables(by, &mut sides.entry(*var).or_default()[side]);
            }
        }
    }
    let both = sides
        .into_iter()
        .filter(|(_, [low, high])| !low.is_empty() && !high.is_empty());
    both.map(|(var, [low, high])| (var, [low, high].concat()))
        .collect()
}

/// Groups of a body's atoms that share no variable, directly, through equations or as bounds on both sides: each row of
/// one meets each of the other. Atoms without variables are tests, not products; so are those that nothing else of the rule has to do with.
pub fn products(rule: &Rule) -> Option<(&Literal, &Literal)> {
    let mut group: Vec<usize> = (0..rule.variables.len()).collect();
    fn find(group: &mut [usize], mut at: usize) -> usize {
        while group[at] != at {
            group[at] = group[group[at]];
            at = group[at];
        }
        at
    }
    let kinds: Vec<_> = rule.body.iter().map(|literal| &literal.kind).collect();
    let mut needed = Vec::new();
    match &rule.head {
        Some(head) => head.args.iter().for_each(|arg| variables(arg, &mut needed)),
        // A violation is told with all its variables.
        None => needed.extend((0..rule.variables.len() as u32).map(VarId)),
    }
    let apart = independent(&kinds, &needed.into_iter().collect());
    let mut part = vec![None; rule.body.len()];
    for (group, places) in apart.iter().enumerate() {
        places.iter().for_each(|&at| part[at] = Some(group));
    }
    let mut atoms: Vec<(&Literal, usize, Option<usize>)> = Vec::new();
    for (at, literal) in rule.body.iter().enumerate() {
        let mut vars = Vec::new();
        match &literal.kind {
            LiteralKind::Atom(atom) => atom.args.iter().for_each(|arg| variables(arg, &mut vars)),
            LiteralKind::Compare {
                op: CompareOp::Eq,
                left,
                right,
                ..
            } => {
                variables(left, &mut vars);
                variables(right, &mut vars);
            }
            LiteralKind::Aggregate(aggregate) => {
                vars.extend(&aggregate.injected);
                vars.extend(&aggregate.witnesses);
                vars.push(aggregate.result);
            }
            LiteralKind::Range {
                var,
                from,
                to,
                step,
                ..
            } => {
                vars.push(*var);
                [Some(from), Some(to), step.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|term| variables(term, &mut vars));
            }
            _ => continue,
        }
        let Some(first) = vars.first() else { continue };
        for var in &vars {
            let (a, b) = (
                find(&mut group, first.index()),
                find(&mut group, var.index()),
            );
            group[b] = a;
        }
        if matches!(literal.kind, LiteralKind::Atom(_)) {
            atoms.push((literal, first.index(), part[at]));
        }
    }
    for (var, bounds) in bounded_on_both_sides(&kinds) {
        for bound in bounds {
            let (a, b) = (
                find(&mut group, var.index()),
                find(&mut group, bound.index()),
            );
            group[b] = a;
        }
    }
    atoms.sort_by_key(|&(_, _, part)| part);
    let mut parts = atoms.chunk_by(|a, b| a.2 == b.2);
    parts.find_map(|atoms| {
        let (first, of, _) = *atoms.first()?;
        let home = find(&mut group, of);
        let mut others = atoms.iter();
        let (other, ..) = others.find(|(_, var, _)| find(&mut group, *var) != home)?;
        Some((first, *other))
    })
}
