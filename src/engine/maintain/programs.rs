//! In which rules two programs differ.

use crate::analysis::checked::{
    Aggregate, Atom, CheckedProgram, Functor, Literal, LiteralKind, Relation, RelationId, Rule,
    RuleId,
};
use crate::syntax::ast::DirectiveKind;
use rustc_hash::{FxHashMap, FxHashSet};

/// What one program has and the other has not.
#[derive(Default)]
pub struct Rewritten {
    /// Rules of the old program.
    pub dropped: Vec<RuleId>,
    /// Rules of the new one.
    pub added: FxHashSet<RuleId>,
    /// Relations that are something else than before, beyond the rules that derive them.
    pub redefined: FxHashSet<RelationId>,
    /// Constraints of the old program that the new one has, and what they are there.
    pub renamed: FxHashMap<RuleId, RuleId>,
    /// Whether there are other rules, or the same in another order.
    pub differs: bool,
}

/// Rules are the same when they say the same, wherever they stand. O(rules) where they stand in the same order.
pub fn compare(before: &CheckedProgram, after: &CheckedProgram) -> Rewritten {
    let old: Vec<(RuleId, &Rule)> = before.rules().collect();
    let new: Vec<(RuleId, &Rule)> = after.rules().collect();
    let alike = |(a, b): (&(RuleId, &Rule), &(RuleId, &Rule))| same_rule(a.1, b.1);
    let mut found = Rewritten::default();
    let mut keep = |old: &(RuleId, &Rule), new: &(RuleId, &Rule)| {
        if old.1.head.is_none() {
            found.renamed.insert(old.0, new.0);
        }
    };
    let pairs = old.iter().zip(&new).take_while(|&pair| alike(pair));
    let front = pairs.map(|(old, new)| keep(old, new)).count();
    let (old, new) = (&old[front..], &new[front..]);
    let pairs = old.iter().rev().zip(new.iter().rev());
    let pairs = pairs.take_while(|&pair| alike(pair));
    let back = pairs.map(|(old, new)| keep(old, new)).count();
    let (old, new) = (&old[..old.len() - back], &new[..new.len() - back]);
    // In between by head, so that few are compared with few.
    let mut left: FxHashMap<Option<RelationId>, Vec<(RuleId, &Rule)>> = FxHashMap::default();
    let head = |rule: &Rule| rule.head.as_ref().map(|head| head.relation);
    for &(id, rule) in old {
        left.entry(head(rule)).or_default().push((id, rule));
    }
    let mut added = FxHashSet::default();
    for &(id, rule) in new {
        let others = left.entry(head(rule)).or_default();
        match others.iter().position(|&(_, other)| same_rule(other, rule)) {
            Some(at) => keep(&others.remove(at), &(id, rule)),
            None => {
                added.insert(id);
            }
        }
    }
    found.added = added;
    found.dropped = left.into_values().flatten().map(|(id, _)| id).collect();
    found.dropped.sort();
    found.differs = !old.is_empty() || !new.is_empty();
    found.redefined = redefined(before, after, found.differs);
    found
}

fn redefined(
    before: &CheckedProgram,
    after: &CheckedProgram,
    rules_differ: bool,
) -> FxHashSet<RelationId> {
    let mut found = FxHashSet::default();
    for ((id, old), (_, new)) in before.relations().zip(after.relations()) {
        // Rules choose in the order in which they stand.
        let choices = old.choice_domains != new.choice_domains
            || rules_differ && !new.choice_domains.is_empty();
        if old.kind != new.kind
            || choices
            || lattice(old) != lattice(new)
            || subsumptions(before, id) != subsumptions(after, id)
            || limits(before, id) != limits(after, id)
        {
            found.insert(id);
        }
    }
    found
}

fn lattice(relation: &Relation) -> Option<(usize, &[Functor])> {
    let lattice = relation.lattice.as_ref()?;
    Some((lattice.key, &lattice.lubs))
}

/// In words, because subsumptions are few.
fn subsumptions(program: &CheckedProgram, of: RelationId) -> Vec<String> {
    let all = program.subsumptions().iter();
    all.filter(|subsumption| subsumption.relation == of)
        .map(|subsumption| {
            let body: Vec<String> = subsumption
                .body
                .iter()
                .map(|literal| match &literal.kind {
                    LiteralKind::Atom(atom) => format!("{:?} {:?}", atom.relation, atom.args),
                    LiteralKind::Negated(atom) => format!("!{:?} {:?}", atom.relation, atom.args),
                    other => format!("{other:?}"),
                })
                .collect();
            format!(
                "{:?} {:?} {body:?}",
                subsumption.dominated, subsumption.dominating
            )
        })
        .collect()
}

fn limits(program: &CheckedProgram, of: RelationId) -> Vec<Option<&str>> {
    let all = program.directives().iter();
    all.filter(|directive| directive.relation == of && directive.kind == DirectiveKind::Limitsize)
        .map(|directive| directive.parameter("n"))
        .collect()
}

fn same_rule(a: &Rule, b: &Rule) -> bool {
    let heads = match (&a.head, &b.head) {
        (Some(a), Some(b)) => a.relation == b.relation && a.args == b.args,
        (None, None) => {
            // The columns of a violation have names.
            let names = |rule: &Rule| -> Vec<std::sync::Arc<str>> {
                rule.variables
                    .iter()
                    .map(|variable| variable.name.clone())
                    .collect()
            };
            names(a) == names(b)
        }
        _ => false,
    };
    heads && a.variables.len() == b.variables.len() && same_body(&a.body, &b.body)
}

fn same_body(a: &[Literal], b: &[Literal]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_literal(&a.kind, &b.kind))
}

fn same_atom(a: &Atom, b: &Atom) -> bool {
    a.relation == b.relation && a.args == b.args
}

fn same_literal(a: &LiteralKind, b: &LiteralKind) -> bool {
    use LiteralKind::{Aggregate, Atom, Compare, Contains, Match, Negated, Range};
    match (a, b) {
        (Atom(a), Atom(b)) | (Negated(a), Negated(b)) => same_atom(a, b),
        (
            Compare {
                op,
                operand,
                left,
                right,
            },
            Compare {
                op: op2,
                operand: operand2,
                left: left2,
                right: right2,
            },
        ) => (op, operand, left, right) == (op2, operand2, left2, right2),
        (
            Match {
                pattern,
                text,
                negated,
            },
            Match {
                pattern: pattern2,
                text: text2,
                negated: negated2,
            },
        ) => (pattern, text, negated) == (pattern2, text2, negated2),
        (
            Contains {
                part,
                text,
                negated,
            },
            Contains {
                part: part2,
                text: text2,
                negated: negated2,
            },
        ) => (part, text, negated) == (part2, text2, negated2),
        (
            Range {
                var,
                operand,
                from,
                to,
                step,
            },
            Range {
                var: var2,
                operand: operand2,
                from: from2,
                to: to2,
                step: step2,
            },
        ) => (var, operand, from, to, step) == (var2, operand2, from2, to2, step2),
        (Aggregate(a), Aggregate(b)) => same_aggregate(a, b),
        _ => false,
    }
}

fn same_aggregate(a: &Aggregate, b: &Aggregate) -> bool {
    a.user == b.user
        && (
            a.op,
            a.operand,
            &a.target,
            &a.injected,
            &a.witnesses,
            a.result,
        ) == (
            b.op,
            b.operand,
            &b.target,
            &b.injected,
            &b.witnesses,
            b.result,
        )
        && same_body(&a.body, &b.body)
}
