//! What is allowed but probably not meant.
//!
//! The general findings are rules over the program as relations; the rest are counts over one clause.

use super::checked::{CheckedProgram, Literal, LiteralKind, RelationId, RelationKind};
use super::codes;
use super::directives::pragma;
use super::draft::{Clause, ClauseKind, Draft};
use super::findings::Findings;
use super::{draft, recursion};
use crate::syntax::ast::{DirectiveKind, Item, ItemKind};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use ascent::ascent;
use rustc_hash::{FxHashMap, FxHashSet};

ascent! {
    struct Liveness;

    relation relation(u32);
    relation filled(u32);
    relation shown(u32);
    // A rule, its head's relation; the relations it reads, positively or not.
    relation derives(u32, u32);
    relation needs(u32, u32);
    relation reads(u32, u32);
    // Whether a rule's positive atoms, numbered from zero, can all have rows.
    relation positive(u32, u32, u32);
    relation positives(u32, u32);
    relation fed(u32, u32);

    relation nonempty(u32);
    relation can_fire(u32);
    relation read(u32);
    relation unfilled(u32);
    relation unread(u32);
    relation never_fires(u32);
    relation has_rule(u32);

    has_rule(relation) <-- derives(_, relation);
    // A relation may have rows if it is filled from outside or a rule that can fire derives it.
    nonempty(relation) <-- filled(relation);
    nonempty(relation) <-- derives(rule, relation), can_fire(rule);
    fed(rule, 0) <-- positives(rule, _);
    fed(rule, index + 1) <-- fed(rule, index), positive(rule, index, relation), nonempty(relation);
    can_fire(rule) <-- positives(rule, count), fed(rule, count);
    never_fires(rule) <-- positives(rule, _), !can_fire(rule);
    // A relation is read if something else than itself needs it.
    read(relation) <-- reads(rule, relation), derives(rule, head), if head != relation;
    read(relation) <-- reads(rule, relation), !derives(rule, _);
    unread(relation) <-- relation(relation), !read(relation), !shown(relation);
    unfilled(relation) <-- relation(relation), !has_rule(relation), !filled(relation);
}

/// Warnings that need no sound program.
pub fn check_text(draft: &Draft, items: &[&Item], findings: &mut Findings) {
    variables_once(draft, findings);
    pragmas(items, findings);
}

/// Warnings about a program without errors.
pub fn check_program(draft: &Draft, program: &CheckedProgram, findings: &mut Findings) {
    liveness(draft, program, findings);
    cross_products(program, findings);
}

/// A relation that is only stated, in no more rows than this, may be multiplied without harm.
const FEW_FACTS: usize = 100;

fn cross_products(program: &CheckedProgram, findings: &mut Findings) {
    let mut facts: FxHashMap<RelationId, usize> = FxHashMap::default();
    let mut large: FxHashSet<RelationId> = program
        .directives
        .iter()
        .filter(|directive| directive.kind == DirectiveKind::Input)
        .map(|directive| directive.relation)
        .collect();
    for rule in program.rules.iter() {
        let Some(head) = &rule.head else { continue };
        let count = facts.entry(head.relation).or_default();
        *count += 1;
        if !rule.body.is_empty() || *count > FEW_FACTS {
            large.insert(head.relation);
        }
    }
    for rule in program.rules.iter() {
        let Some((first, other)) = recursion::products(rule) else {
            continue;
        };
        let relation = |literal: &Literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(atom.relation),
            _ => None,
        };
        let small = [first, other]
            .into_iter()
            .filter_map(relation)
            .any(|relation| !large.contains(&relation));
        if !small {
            findings.push(
                Diagnostic::warning(
                    codes::CROSS_PRODUCT,
                    "Cross product: these atoms share no variable",
                )
                .at(other.span, "every row of it")
                .at(first.span, "meets every row of this")
                .help("if that is not meant, join them by a common variable or an equation"),
            );
        }
    }
}

/// Variables of a clause as written that appear once, and variables marked as such that appear more often.
fn variables_once(draft: &Draft, findings: &mut Findings) {
    for clauses in draft.clauses.chunk_by(|a, b| a.source == b.source) {
        if clauses.iter().any(|clause| clause.fact) {
            continue;
        }
        let in_heads: FxHashSet<&str> = clauses
            .iter()
            .flat_map(|clause| &clause.mentions)
            .filter(|mention| mention.in_head)
            .map(|mention| &*mention.name)
            .collect();
        let mut repeated: FxHashSet<&str> = FxHashSet::default();
        let mut places: FxHashMap<&str, Span> = FxHashMap::default();
        for clause in clauses {
            let mut counts: FxHashMap<&str, u32> = FxHashMap::default();
            for mention in &clause.mentions {
                *counts.entry(&mention.name).or_default() += 1;
                let place = places.entry(&mention.name).or_insert(mention.span);
                *place = mention.span.min(*place);
            }
            repeated.extend(
                counts
                    .iter()
                    .filter(|(_, count)| **count > 1)
                    .map(|(name, _)| *name),
            );
        }
        for (name, place) in places {
            // The columns of a query are its answer.
            let query = clauses
                .iter()
                .any(|clause| matches!(clause.kind, ClauseKind::Query));
            if name.starts_with('_') {
                if repeated.contains(name) {
                    findings.push(
                        Diagnostic::warning(
                            codes::VARIABLE_MARKED_SINGLE,
                            format!(
                                "Variable `{name}` marked as singleton but occurs more than once"
                            ),
                        )
                        .at(place, "the `_` says that it appears once"),
                    );
                }
            } else if !repeated.contains(name)
                && !in_heads.contains(name)
                && !query
                && !said(clauses, name)
            {
                findings.push(
                    Diagnostic::warning(
                        codes::VARIABLE_ONCE,
                        format!("Variable `{name}` only occurs once"),
                    )
                    .at(place, "appears nowhere else in the rule")
                    .help(format!("if any value will do, write `_` or `_{name}`")),
                );
            }
        }
    }
}

/// The sentence of the rule shows the value, so it is wanted.
fn said(clauses: &[Clause], variable: &str) -> bool {
    let placeholder = format!("{{{variable}}}");
    clauses.iter().any(|clause| {
        clause
            .say
            .as_ref()
            .is_some_and(|say| say.contains(&placeholder))
    })
}

const PRAGMAS: &[&str] = &[
    "RamSIPS",
    "auto-schedule",
    "compile",
    "debug-report",
    "emit-statistics",
    "fact-dir",
    "generate",
    "inline-exclude",
    "jobs",
    "legacy",
    "libraries",
    "library-dir",
    "magic-transform",
    "magic-transform-exclude",
    "no-preprocessor",
    "no-warn",
    "output-dir",
    "profile",
    "profile-frequency",
    "provenance",
    "show",
    "suppress-warnings",
    "swig",
    "verbose",
    "warn",
    "wno",
];

fn pragmas(items: &[&Item], findings: &mut Findings) {
    for item in items {
        let ItemKind::Pragma { key, .. } = &item.kind else {
            continue;
        };
        if PRAGMAS.contains(&&*key.value) {
            continue;
        }
        let label = match findings.closest(&key.value, PRAGMAS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "nothing reads it".to_owned(),
        };
        findings.push(
            Diagnostic::warning(
                codes::UNKNOWN_PRAGMA,
                format!("Unknown pragma `{}` is ignored", key.value),
            )
            .at(key.span, label),
        );
    }
}

/// Relations of which `suppress-warnings` asks to say nothing; `*` means all.
fn suppressed(program: &CheckedProgram) -> impl Fn(&str) -> bool {
    let names: Vec<String> = pragma(&program.pragmas, "suppress-warnings")
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    move |relation| names.iter().any(|name| name == "*" || name == relation)
}

fn liveness(draft: &Draft, program: &CheckedProgram, findings: &mut Findings) {
    let mut facts = Liveness::default();
    for (id, relation) in program.relations() {
        facts.relation.push((id.0,));
        if matches!(relation.kind, RelationKind::Delta(_)) {
            facts.filled.push((id.0,));
        }
        if let RelationKind::Delta(of) = relation.kind {
            facts.shown.push((of.0,));
        }
    }
    let mut claimed = Vec::new();
    for directive in &program.directives {
        match directive.kind {
            DirectiveKind::Input => {
                facts.filled.push((directive.relation.0,));
                // Claims are there to be asked for, whether or not a rule concludes anything from them.
                if directive.parameter("IO") == Some("claims") {
                    claimed.push(directive.relation.0);
                }
            }
            DirectiveKind::Output | DirectiveKind::Printsize => {
                facts.shown.push((directive.relation.0,));
            }
            DirectiveKind::Limitsize => {}
        }
    }
    for relation in &program.abducibles {
        facts.filled.push((relation.0,));
    }
    facts
        .filled
        .extend(draft.stated_of.iter().map(|id| (id.0,)));
    for (index, clause) in draft.clauses.iter().enumerate() {
        clause_facts(draft, index as u32, clause, &mut facts);
    }
    facts.run();

    let suppressed = suppressed(program);
    let name = |id: u32| &*program[RelationId(id)].name;
    for &(id,) in facts.unfilled.iter().filter(|(id,)| !suppressed(name(*id))) {
        findings.push(
            Diagnostic::warning(
                codes::NO_RULES_NOR_FACTS,
                format!("No rules/facts defined for relation `{}`", name(id)),
            )
            .at(program[RelationId(id)].span, "is always empty"),
        );
    }
    let claimed: FxHashSet<u32> = claimed.into_iter().collect();
    let unfilled: FxHashSet<u32> = facts.unfilled.iter().map(|&(id,)| id).collect();
    // A program without output is a library of relations for queries: there, nothing is unused.
    if !facts.shown.is_empty() {
        for &(id,) in &facts.unread {
            if !unfilled.contains(&id) && !claimed.contains(&id) && !suppressed(name(id)) {
                findings.push(
                    Diagnostic::warning(
                        codes::UNUSED_RELATION,
                        format!("Relation `{}` is never used", name(id)),
                    )
                    .at(
                        program[RelationId(id)].span,
                        "no rule reads it and no `.output` writes it",
                    ),
                );
            }
        }
    }
    let nonempty: FxHashSet<u32> = facts.nonempty.iter().map(|&(id,)| id).collect();
    let mut empty: FxHashMap<u32, u32> = FxHashMap::default();
    for &(rule, _, relation) in &facts.positive {
        if !nonempty.contains(&relation) {
            empty.entry(rule).or_insert(relation);
        }
    }
    for &(rule,) in &facts.never_fires {
        let reason = match empty.get(&rule) {
            // Said at its declaration, which is the cause.
            Some(relation) if unfilled.contains(relation) => continue,
            Some(&relation) => format!("`{}` is always empty", name(relation)),
            None => "its body is always false".to_owned(),
        };
        findings.push(
            Diagnostic::warning(codes::NEVER_FIRES, "This rule can never fire")
                .at(draft.clauses[rule as usize].span, reason),
        );
    }
}

fn clause_facts(draft: &Draft, index: u32, clause: &Clause, facts: &mut Liveness) {
    match &clause.kind {
        ClauseKind::Rule(head) => facts.derives.push((index, head.relation.0)),
        ClauseKind::Subsumption { dominated, .. } => {
            facts.reads.push((index, dominated.relation.0))
        }
        _ => {}
    }
    let mut count = 0;
    let mut never = false;
    let mut pending = vec![clause.scope];
    while let Some(scope) = pending.pop() {
        for literal in &draft.scope(scope).literals {
            match &literal.kind {
                draft::LiteralKind::Atom(atom) => {
                    facts.reads.push((index, atom.relation.0));
                    if scope == clause.scope {
                        facts.positive.push((index, count, atom.relation.0));
                        count += 1;
                    }
                }
                draft::LiteralKind::Negated(atom) | draft::LiteralKind::Replaced { atom, .. } => {
                    facts.reads.push((index, atom.relation.0))
                }
                draft::LiteralKind::Bool(false) if scope == clause.scope => never = true,
                _ => {}
            }
        }
        let nested = &draft.scope(scope).aggregates;
        pending.extend(nested.iter().map(|&id| draft.aggregate(id).inner));
    }
    if matches!(clause.kind, ClauseKind::Rule(_)) {
        // A place that no relation fills: the rule cannot fire.
        facts.positives.push((index, count + u32::from(never)));
    }
}
