//! Relations that are more than sets of rows: what subsumption, `debug_delta` and lattices ask of them.

use super::checked::{CheckedProgram, RelationId, RelationKind};
use super::codes;
use super::declarations::RelationDecl;
use super::findings::Findings;
use super::lattices;
use crate::syntax::ast::{DirectiveKind, Item, Qualifier};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;

pub fn check(items: &[&Item], program: &CheckedProgram, findings: &mut Findings) {
    let subsumed: FxHashSet<RelationId> = program
        .subsumptions
        .iter()
        .map(|subsumption| subsumption.relation)
        .collect();
    for (index, relation) in program.declarations.relations.iter().enumerate() {
        let id = RelationId(index as u32);
        check_subsumption(relation, subsumed.contains(&id), findings);
        if let RelationKind::Delta(_) = program[id].kind {
            check_delta(program, id, relation, findings);
        }
    }
    lattices::check_relations(items, &program.declarations, findings);
}

fn check_subsumption(relation: &RelationDecl, subsumed: bool, findings: &mut Findings) {
    let name = &relation.name;
    if !subsumed {
        if relation.has(Qualifier::BtreeDelete) {
            findings.push(
                Diagnostic::warning(
                    codes::NO_SUBSUMPTIVE_RULE,
                    format!("No subsumptive rule for relation `{name}`"),
                )
                .at(
                    relation.span,
                    "is declared `btree_delete`, but loses no rows",
                ),
            );
        }
        return;
    }
    let representation = [Qualifier::Btree, Qualifier::Brie, Qualifier::Eqrel]
        .into_iter()
        .find(|&qualifier| relation.has(qualifier));
    let problem = if representation.is_some() {
        format!(
            "Relation `{name}` has one or more subsumptive rules and relational representation `btree_delete` is missing"
        )
    } else if relation.attributes.iter().any(|field| field.lattice) {
        format!("Relation `{name}` must not have both subsumptive rules and lattice arguments")
    } else if relation.attributes.is_empty() {
        format!("Subsumptive relation `{name}` must not be a nullary relation")
    } else {
        return;
    };
    findings.push(
        Diagnostic::error(codes::INVALID_SUBSUMPTION, problem)
            .at(relation.span, "has a subsumptive rule"),
    );
}

fn check_delta(
    program: &CheckedProgram,
    id: RelationId,
    relation: &RelationDecl,
    findings: &mut Findings,
) {
    let derived = program.rules.iter().find_map(|rule| {
        let head = rule.head.as_ref()?;
        (head.relation == id).then_some(rule.span)
    });
    let read = program
        .directives
        .iter()
        .find(|directive| directive.kind == DirectiveKind::Input && directive.relation == id)
        .map(|directive| directive.span);
    if let Some(span) = derived.or(read) {
        findings.push(
            Diagnostic::error(
                codes::INVALID_DELTA,
                format!(
                    "Unexpected rules/facts for delta_debug relation `{}`",
                    relation.name
                ),
            )
            .at(span, "gives it rows")
            .at(relation.span, "gets its rows from another relation"),
        );
    }
}
