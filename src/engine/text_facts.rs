//! Facts that stand in the text of the rules.

use super::pipeline::encode;
use crate::analysis::checked::{CheckedProgram, RelationId, Term};
use crate::storage::{Code, Dictionary, Rows};

/// The rows that rule text states outright, for each relation that has any. What has to be computed first is derived.
pub fn text_facts(program: &CheckedProgram, dictionary: &Dictionary) -> Vec<(RelationId, Rows)> {
    let mut facts: Vec<Option<Rows>> = program.relations().map(|_| None).collect();
    for (_, rule) in program.rules() {
        let Some(head) = rule.head.as_ref().filter(|_| rule.body.is_empty()) else {
            continue;
        };
        let row: Option<Vec<Code>> = head
            .args
            .iter()
            .map(|arg| constant(arg, dictionary))
            .collect();
        if let Some(row) = row {
            facts[head.relation.index()]
                .get_or_insert_with(|| Rows::new(row.len()))
                .push(&row);
        }
    }
    facts
        .into_iter()
        .enumerate()
        .filter_map(|(relation, rows)| Some((RelationId(relation as u32), rows?)))
        .collect()
}

fn constant(term: &Term, dictionary: &Dictionary) -> Option<Code> {
    match term {
        Term::Const(constant) => Some(encode(constant, dictionary)),
        Term::Record(fields) => {
            let fields: Option<Vec<Code>> = fields
                .iter()
                .map(|field| constant(field, dictionary))
                .collect();
            Some(dictionary.record(&fields?))
        }
        Term::Var(_) | Term::Wildcard | Term::Call { .. } => None,
    }
}
