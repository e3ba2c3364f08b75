//! What a change did, deed by deed, to be undone and done again.

use super::Row;
use super::change::Difference;
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::engine::births::{Amendment, Births};
use crate::engine::relation::RelationState;
use std::sync::Arc;

pub enum Deed {
    Added(RelationId, Row),
    Taken(RelationId, Row),
    /// A row got another birth; what it had before, or, when undone, what it is to have again.
    Born(RelationId, Row, Amendment),
    /// Whether a row is stated since.
    Told(RelationId, Row, bool),
    /// All births of a relation, those it has not at present.
    Births(RelationId, Box<Option<Births>>),
}

/// Deeds in the order in which they were done.
#[derive(Default)]
pub struct Journal {
    deeds: Vec<Deed>,
}

impl Journal {
    pub fn len(&self) -> usize {
        self.deeds.len()
    }

    /// Writes a deed down that has been done.
    pub fn note(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    pub fn add(&mut self, relations: &mut [RelationState], id: RelationId, row: &Row) -> bool {
        let new = relations[id.index()].add(row);
        if new {
            self.note(Deed::Added(id, row.clone()));
        }
        new
    }

    pub fn take(&mut self, relations: &mut [RelationState], id: RelationId, row: &Row) -> bool {
        let there = relations[id.index()].take(row);
        if there {
            self.note(Deed::Taken(id, row.clone()));
        }
        there
    }

    /// Where births are recorded.
    pub fn bear(
        &mut self,
        relations: &mut [RelationState],
        id: RelationId,
        row: &Row,
        birth: Option<u32>,
    ) {
        if let Some(births) = relations[id.index()].births() {
            let before = births.amend(row, birth);
            self.note(Deed::Born(id, row.clone(), before));
        }
    }

    pub fn tell(
        &mut self,
        relations: &mut [RelationState],
        id: RelationId,
        row: &Row,
        stated: bool,
    ) {
        relations[id.index()].tell(row, stated);
        self.note(Deed::Told(id, row.clone(), stated));
    }

    /// Undoes all deeds from a place on, and forgets them.
    pub fn roll_back(&mut self, to: usize, relations: &mut [RelationState]) {
        for mut deed in self.deeds.drain(to..).rev() {
            deed.undo(relations);
        }
    }

    fn undo(&mut self, relations: &mut [RelationState]) {
        let deeds = self.deeds.iter_mut().rev();
        deeds.for_each(|deed| deed.undo(relations));
    }

    fn redo(&mut self, relations: &mut [RelationState]) {
        let deeds = self.deeds.iter_mut();
        deeds.for_each(|deed| deed.redo(relations));
    }
}

impl Deed {
    fn undo(&mut self, relations: &mut [RelationState]) {
        match self {
            Deed::Added(id, row) => {
                relations[id.index()].take(row);
            }
            Deed::Taken(id, row) => {
                relations[id.index()].add(row);
            }
            Deed::Told(id, row, stated) => relations[id.index()].tell(row, !*stated),
            Deed::Born(..) | Deed::Births(..) => self.swap(relations),
        }
    }

    fn redo(&mut self, relations: &mut [RelationState]) {
        match self {
            Deed::Added(id, row) => {
                relations[id.index()].add(row);
            }
            Deed::Taken(id, row) => {
                relations[id.index()].take(row);
            }
            Deed::Told(id, row, stated) => relations[id.index()].tell(row, *stated),
            Deed::Born(..) | Deed::Births(..) => self.swap(relations),
        }
    }

    fn swap(&mut self, relations: &mut [RelationState]) {
        match self {
            Deed::Born(id, row, other) => {
                if let Some(births) = relations[id.index()].births() {
                    *other = births.restore(row, *other);
                }
            }
            Deed::Births(id, other) => relations[id.index()].swap_births(other),
            Deed::Added(..) | Deed::Taken(..) | Deed::Told(..) => {}
        }
    }
}

/// One change that was made.
pub struct Entry {
    pub journal: Journal,
    pub difference: Difference,
    pub programs: Option<[Arc<CheckedProgram>; 2]>,
    /// Relations that only the later program has, while it is not the present one.
    pub set_aside: Vec<RelationState>,
}

/// The changes made so far, and those undone.
#[derive(Default)]
pub struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
}

impl History {
    pub fn depth(&self) -> usize {
        self.done.len()
    }

    /// What was undone is not to be done again.
    pub fn forget_undone(&mut self) {
        self.undone.clear();
    }

    pub fn undone(&self) -> usize {
        self.undone.len()
    }

    /// What was undone can no longer be done again.
    pub fn push(&mut self, entry: Entry) {
        self.undone.clear();
        self.done.push(entry);
    }

    /// Undoes the last change. Returns the difference, and the program that is the present one again if it changes.
    pub fn undo(
        &mut self,
        relations: &mut Vec<RelationState>,
    ) -> Option<(Difference, Option<Arc<CheckedProgram>>)> {
        let mut entry = self.done.pop()?;
        entry.journal.undo(relations);
        let program = entry.programs.as_ref().map(|[before, _]| before.clone());
        if let Some(before) = &program {
            entry.set_aside = relations.split_off(before.relations().count());
        }
        let difference = entry.difference.reversed();
        self.undone.push(entry);
        Some((difference, program))
    }

    /// Makes the change again that was undone last.
    pub fn redo(
        &mut self,
        relations: &mut Vec<RelationState>,
    ) -> Option<(Difference, Option<Arc<CheckedProgram>>)> {
        let mut entry = self.undone.pop()?;
        relations.append(&mut entry.set_aside);
        entry.journal.redo(relations);
        let program = entry.programs.as_ref().map(|[_, after]| after.clone());
        let difference = entry.difference.clone();
        self.done.push(entry);
        Some((difference, program))
    }
}
