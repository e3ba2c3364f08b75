//! A body on its way: what its variables are known to be, and what is left of it.

use super::Terrain;
use super::sketch::{Cell, Sketch, admits, filled};
use crate::analysis::checked::{Atom, Head, Literal, Term, VarId, Variable};
use crate::explain::{Bindings, constant, in_term, unify};
use crate::storage::Code;
use smallvec::SmallVec;

/// Bodies are short, and most of the time goes into copying them.
pub(super) type Short<T> = SmallVec<[T; 8]>;

/// A body on its way.
#[derive(Clone)]
pub(super) struct Work<'a> {
    /// Where its results go.
    pub(super) table: usize,
    pub(super) head: Option<&'a Head>,
    pub(super) body: &'a [Literal],
    pub(super) variables: &'a [Variable],
    pub(super) values: Short<Option<Code>>,
    /// Variables that have some value, nobody knows which.
    pub(super) vague: Short<bool>,
    /// Of those, variables that stand for a blank of the sketch.
    pub(super) blanks: Short<Option<u32>>,
    /// Literals that are left.
    pub(super) left: Short<usize>,
    /// Atoms that rows which are there do not answer: they wait until the others have bound what they can.
    pub(super) put_off: Short<usize>,
    pub(super) sketch: Sketch,
    /// The row that it is about to take.
    pub(super) row: Vec<Cell>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    Bound,
    Vague,
    Free,
}

impl Work<'_> {
    pub(super) fn known(&self, term: &Term) -> Known {
        match term {
            Term::Const(_) => Known::Bound,
            Term::Wildcard => Known::Free,
            Term::Var(var) => self.known_var(*var),
            Term::Record(terms) | Term::Call { args: terms, .. } => terms
                .iter()
                .map(|term| self.known(term))
                .max()
                .unwrap_or(Known::Bound),
        }
    }

    pub(super) fn known_var(&self, var: VarId) -> Known {
        match (self.values[var.index()], self.vague[var.index()]) {
            (Some(_), _) => Known::Bound,
            (None, true) => Known::Vague,
            (None, false) => Known::Free,
        }
    }

    /// Whatever is free in the term has some value from now on.
    pub(super) fn blur(&mut self, term: &Term) {
        in_term(term, &mut |var| {
            if self.values[var.index()].is_none() {
                self.vague[var.index()] = true;
            }
        });
    }

    /// Makes the term equal to a value. What is vague becomes known.
    pub(super) fn unify(&mut self, term: &Term, code: Code, terrain: &Terrain) -> bool {
        match term {
            Term::Var(var) => return self.bind(*var, code, terrain),
            Term::Const(known) => return constant(known, terrain.dictionary) == code,
            _ => {}
        }
        let mut vague = false;
        in_term(term, &mut |var| {
            vague |= self.known_var(var) == Known::Vague
        });
        if let (Term::Call { .. }, true) = (term, vague) {
            return true;
        }
        let mut bindings = Bindings::of(&self.values);
        if !unify(term, code, &mut bindings, terrain.dictionary) {
            return false;
        }
        self.values = bindings.values().into();
        self.settle(terrain)
    }

    fn bind(&mut self, var: VarId, code: Code, terrain: &Terrain) -> bool {
        let at = var.index();
        match (self.values[at], self.blanks[at]) {
            (Some(known), _) => known == code,
            (None, Some(blank)) => self.fill(blank, code, terrain),
            (None, None) => {
                self.values[at] = Some(code);
                true
            }
        }
    }

    /// Fills in the blanks of variables that have become known. False: no such constant may stand there.
    pub(super) fn settle(&mut self, terrain: &Terrain) -> bool {
        for at in 0..self.blanks.len() {
            if let (Some(blank), Some(code)) = (self.blanks[at], self.values[at])
                && !self.fill(blank, code, terrain)
            {
                return false;
            }
        }
        true
    }

    pub(super) fn fill(&mut self, blank: u32, code: Code, terrain: &Terrain) -> bool {
        if !admits(&self.sketch, blank, code, terrain.domains) {
            return false;
        }
        self.sketch = filled(&self.sketch, blank, Cell::Known(code)).into();
        refill(&mut self.row, blank, Cell::Known(code));
        for (of, value) in self.blanks.iter_mut().zip(&mut self.values) {
            if *of == Some(blank) {
                *of = None;
                if value.is_some_and(|known| known != code) {
                    return false;
                }
                *value = Some(code);
            }
        }
        true
    }

    /// Has one blank stand for another.
    pub(super) fn alias(&mut self, blank: u32, with: u32) {
        self.sketch = filled(&self.sketch, blank, Cell::Blank(with)).into();
        refill(&mut self.row, blank, Cell::Blank(with));
        for of in &mut self.blanks {
            if *of == Some(blank) {
                *of = Some(with);
            }
        }
    }

    /// Takes a row that answers an atom. Its blanks are those of the sketch.
    pub(super) fn take_row(&mut self, atom: &Atom, row: Vec<Cell>, terrain: &Terrain) -> bool {
        self.row = row;
        let fits = (0..self.row.len()).all(|at| {
            let arg = &atom.args[at];
            match (self.row[at], arg) {
                (Cell::Known(code), _) => self.unify(arg, code, terrain),
                (Cell::Blank(blank), Term::Const(known)) => {
                    self.fill(blank, constant(known, terrain.dictionary), terrain)
                }
                (Cell::Blank(blank), Term::Var(var)) => self.stand_for(*var, blank, terrain),
                (Cell::Blank(_) | Cell::Vague, _) => {
                    self.blur(arg);
                    true
                }
            }
        });
        self.row = Vec::new();
        fits
    }

    /// A variable is what a blank is.
    pub(super) fn stand_for(&mut self, var: VarId, blank: u32, terrain: &Terrain) -> bool {
        let at = var.index();
        match (self.values[at], self.blanks[at]) {
            (Some(code), _) => return self.fill(blank, code, terrain),
            (None, Some(known)) => self.alias(known, blank),
            (None, None) => {
                self.vague[at] = true;
                self.blanks[at] = Some(blank);
            }
        }
        true
    }

    /// Makes two cells of its sketch equal.
    pub(super) fn agree(&mut self, one: Cell, other: Cell, terrain: &Terrain) -> bool {
        match (one, other) {
            (Cell::Known(one), Cell::Known(other)) => one == other,
            (Cell::Blank(blank), Cell::Known(code)) | (Cell::Known(code), Cell::Blank(blank)) => {
                self.fill(blank, code, terrain)
            }
            (Cell::Blank(one), Cell::Blank(other)) => {
                self.alias(one, other);
                true
            }
            (Cell::Vague, _) | (_, Cell::Vague) => true,
        }
    }

    pub(super) fn is_open(&self, term: &Term) -> bool {
        let mut open = false;
        in_term(term, &mut |var| open |= self.blanks[var.index()].is_some());
        open
    }
}

fn refill(row: &mut [Cell], blank: u32, with: Cell) {
    for cell in row {
        if *cell == Cell::Blank(blank) {
            *cell = with;
        }
    }
}
