//! Sets of assumed facts some columns of which are still open.
//!
//! That `contract(c, f)` would have to be assumed for some `c` is one sketch and not one set for each constant: what
//! other literals say of `c` fills it in, and only what nothing says is tried with every constant.

use super::super::domain::Domains;
use crate::analysis::checked::RelationId;
use crate::explain::Fact;
use crate::storage::Code;
use std::rc::Rc;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cell {
    Known(Code),
    /// Some constant of the column; the same one wherever the number is the same.
    Blank(u32),
    /// Some value, nobody knows which. Never in an assumed fact.
    Vague,
}

/// A fact that is assumed, over known cells and blanks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Assumed {
    pub relation: RelationId,
    pub cells: Rc<[Cell]>,
}

/// Ascending, none twice.
pub(super) type Sketch = Rc<[Assumed]>;

impl Assumed {
    /// Any fact that agrees.
    pub fn matching(relation: RelationId, pattern: &[Option<Code>]) -> Assumed {
        let cell = |(at, code): (usize, &Option<Code>)| match code {
            Some(code) => Cell::Known(*code),
            None => Cell::Blank(at as u32),
        };
        Assumed {
            relation,
            cells: pattern.iter().enumerate().map(cell).collect(),
        }
    }

    /// Those of its facts that agree.
    pub fn narrowed(&self, pattern: &[Option<Code>], domains: &Domains) -> Option<Assumed> {
        let mut one = [self.clone()];
        for (at, code) in pattern.iter().enumerate() {
            let Some(code) = code else { continue };
            match one[0].cells[at] {
                Cell::Known(known) if known != *code => return None,
                Cell::Blank(blank) if !admits(&one, blank, *code, domains) => return None,
                Cell::Blank(blank) => one = [one[0].filled(blank, Cell::Known(*code))],
                Cell::Known(_) | Cell::Vague => {}
            }
        }
        let [one] = one;
        Some(one)
    }

    fn filled(&self, blank: u32, with: Cell) -> Assumed {
        self.mapped(&mut |cell| match cell {
            Cell::Blank(number) if number == blank => with,
            other => other,
        })
    }

    /// `None`: a column is open.
    pub fn fact(&self) -> Option<Fact> {
        let code = |cell: &Cell| match cell {
            Cell::Known(code) => Some(*code),
            Cell::Blank(_) | Cell::Vague => None,
        };
        let row: Option<Box<[Code]>> = self.cells.iter().map(code).collect();
        let relation = self.relation;
        row.map(|row| Fact { relation, row })
    }

    fn mapped(&self, f: &mut dyn FnMut(Cell) -> Cell) -> Assumed {
        Assumed {
            relation: self.relation,
            cells: self.cells.iter().map(|&cell| f(cell)).collect(),
        }
    }
}

/// The facts of a sketch that has no blanks.
pub(super) fn facts(sketch: &[Assumed]) -> Option<Vec<Fact>> {
    sketch.iter().map(Assumed::fact).collect()
}

/// Whether a sketch has no blanks.
pub(super) fn is_told(sketch: &[Assumed]) -> bool {
    let mut cells = sketch.iter().flat_map(|one| one.cells.iter());
    cells.all(|cell| matches!(cell, Cell::Known(_)))
}

/// One more than the largest number of a blank.
pub(super) fn blanks_end(sketch: &[Assumed]) -> u32 {
    let cells = sketch.iter().flat_map(|one| one.cells.iter());
    let numbers = cells.filter_map(|cell| match cell {
        Cell::Blank(number) => Some(number + 1),
        _ => None,
    });
    numbers.max().unwrap_or(0)
}

/// Puts something else wherever a blank stands.
pub(super) fn filled(sketch: &[Assumed], blank: u32, with: Cell) -> Vec<Assumed> {
    sketch.iter().map(|one| one.filled(blank, with)).collect()
}

pub(super) fn renamed(sketch: &[Assumed], f: &mut dyn FnMut(Cell) -> Cell) -> Vec<Assumed> {
    sketch.iter().map(|one| one.mapped(f)).collect()
}

/// Whether a constant may stand where a blank does.
pub(super) fn admits(sketch: &[Assumed], blank: u32, code: Code, domains: &Domains) -> bool {
    places(sketch, blank)
        .all(|(relation, at)| domains.constants(relation, at).binary_search(&code).is_ok())
}

/// The constants that may stand where a blank does.
pub(super) fn choices(sketch: &[Assumed], blank: u32, domains: &Domains) -> Vec<Code> {
    let mut places = places(sketch, blank);
    let Some((relation, at)) = places.next() else {
        return Vec::new();
    };
    let elsewhere: Vec<(RelationId, usize)> = places.collect();
    let everywhere = |code: &&Code| {
        elsewhere
            .iter()
            .all(|&(relation, at)| domains.constants(relation, at).binary_search(code).is_ok())
    };
    let all = domains.constants(relation, at).iter();
    all.filter(everywhere).copied().collect()
}

fn places(sketch: &[Assumed], blank: u32) -> impl Iterator<Item = (RelationId, usize)> + '_ {
    sketch.iter().flat_map(move |one| {
        let cells = one.cells.iter().enumerate();
        let here = cells.filter(move |(_, cell)| **cell == Cell::Blank(blank));
        here.map(|(at, _)| (one.relation, at))
    })
}

/// The same row and sketch with their blanks numbered by first place: the row's first.
pub(super) fn canonical(mut row: Rc<[Cell]>, sketch: &[Assumed]) -> (Rc<[Cell]>, Sketch) {
    let mut facts = sketch.to_vec();
    if blanks_end(sketch) > 0 {
        let mut numbers: Vec<u32> = Vec::new();
        let mut number = |cell| match cell {
            Cell::Blank(of) => {
                let at = numbers.iter().position(|&known| known == of);
                Cell::Blank(at.unwrap_or_else(|| {
                    numbers.push(of);
                    numbers.len() - 1
                }) as u32)
            }
            other => other,
        };
        row = row.iter().map(|&cell| number(cell)).collect();
        // By what is known first, so that variants mostly come out the same.
        facts.sort_by_cached_key(|one| {
            let cells = one.cells.iter();
            let open: Vec<Option<Code>> = cells
                .map(|cell| match cell {
                    Cell::Known(code) => Some(*code),
                    _ => None,
                })
                .collect();
            (one.relation, open)
        });
        facts = renamed(&facts, &mut number);
    }
    facts.sort_unstable();
    facts.dedup();
    (row, facts.into())
}

/// Both ascending.
pub(super) fn is_within(small: &[Assumed], large: &[Assumed]) -> bool {
    let mut rest = large.iter();
    small.len() <= large.len() && small.iter().all(|wanted| rest.any(|other| other == wanted))
}
