//! What stands between the rows that rules derive and a relation that is more than the set of them.

use super::choice::Choice;
use super::equivalence::Classes;
use crate::analysis::checked::{CheckedProgram, Relation, RelationId, RelationKind};
use crate::storage::{Dictionary, Rows};

pub enum Admission {
    Equivalence(Classes),
    Choice(RelationId, Choice),
}

impl Admission {
    /// `None` for relations that take every row as it is.
    pub fn to(id: RelationId, relation: &Relation) -> Option<Admission> {
        if relation.kind == RelationKind::Eqrel {
            Some(Admission::Equivalence(Classes::default()))
        } else if relation.choice_domains.is_empty() {
            None
        } else {
            Some(Admission::Choice(id, Choice::new(relation)))
        }
    }

    /// The rows to add for rows that are stated. A choice does not drop them: it is among derived rows.
    pub fn state(&mut self, rows: Rows) -> Rows {
        match self {
            Admission::Equivalence(classes) => classes.unite(&rows),
            Admission::Choice(_, choice) => {
                choice.occupy(&rows);
                rows
            }
        }
    }

    /// The rows to add for distinct rows that rules derive.
    pub fn admit(
        &mut self,
        candidates: &Rows,
        program: &CheckedProgram,
        dictionary: &Dictionary,
    ) -> Rows {
        match self {
            Admission::Equivalence(classes) => classes.unite(candidates),
            Admission::Choice(id, choice) => {
                choice.choose(candidates, &program[*id], program, dictionary)
            }
        }
    }
}
