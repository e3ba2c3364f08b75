//! What stands between the rows that rules derive and a relation that is more than the set of them.

use super::choice::Choice;
use super::equivalence::Classes;
use crate::analysis::checked::{CheckedProgram, Relation, RelationId, RelationKind};
use crate::storage::{Dictionary, Partition, Rows};

pub enum Admission {
    Equivalence(Classes),
    /// An equivalence of which nothing is read before it is complete.
    SettledLater(Classes),
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

    /// Has an equivalence hand out nothing before it is complete.
    pub fn settle_later(&mut self) {
        if let Admission::Equivalence(classes) = self {
            *self = Admission::SettledLater(std::mem::take(classes));
        }
    }

    /// The classes of an equivalence that was to be settled later, which begins anew.
    pub fn settled(&mut self) -> Option<Partition> {
        match self {
            Admission::SettledLater(classes) => {
                let settled = std::mem::take(classes).settle();
                *self = Admission::Equivalence(Classes::default());
                Some(settled)
            }
            _ => None,
        }
    }

    /// The rows to add for rows that are stated. A choice does not drop them: it is among derived rows.
    pub fn state(&mut self, rows: Rows) -> Rows {
        match self {
            Admission::Equivalence(classes) => classes.unite(&rows),
            Admission::SettledLater(classes) => {
                classes.unite_silently(&rows);
                Rows::new(2)
            }
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
            Admission::SettledLater(classes) => {
                classes.unite_silently(candidates);
                Rows::new(2)
            }
            Admission::Choice(id, choice) => {
                choice.choose(candidates, &program[*id], program, dictionary)
            }
        }
    }
}
