//! Lineages of several facts of one case, one after the other: what was found for one of them is not looked for again.
//!
//! The derivations of each fact are looked for once and kept in one graph, with the rows that took. A lineage is taken
//! out of it by a walk from its root that meets everything in the order in which a search would have: it is the same as
//! one that was searched for by itself, and costs as many rows.

use super::case::Case;
use super::explore::{Explorer, Stated, whole};
use super::facts::Fact;
use super::lineage::{Edge, Lineage};
use super::meter::Meter;
use super::supports::Supports;
use crate::engine::{Budget, StopReason};
use crate::evidence::GradeTables;

/// See the [module](self).
pub struct Lineages<'a> {
    case: &'a Case<'a>,
    budget: &'a Budget,
    meter: &'a Meter,
    explorer: Explorer<'a>,
    places: Places,
    numbers: Numbers,
}

const NONE: u32 = u32::MAX;

/// The facts of the whole graph.
#[derive(Default)]
struct Places {
    /// By vertex: its place among the facts that the explorer met; `NONE`: it is no fact.
    of: Vec<u32>,
    facts: Vec<Place>,
}

#[derive(Default)]
struct Place {
    stated: Option<Stated>,
    /// Rows that were not enough for its derivations, whatever else was known.
    too_few: Option<u64>,
}

/// The vertices of the lineage that is taken out.
#[derive(Default)]
struct Numbers {
    /// By vertex of the whole graph: in which lineage it was met last, and its number there.
    of: Vec<(u32, u32)>,
    lineage: u32,
    count: u32,
}

/// A lineage that is being taken out.
#[derive(Default)]
struct Taken {
    edges: Vec<Edge>,
    /// Places of its facts, in the order in which they were met, each with its number.
    facts: Vec<(u32, u32)>,
    /// Logs from this one on were paid for when they were made.
    paid_from: u32,
}

impl<'a> Lineages<'a> {
    /// The meter is one of the budget, which is for one lineage.
    pub fn new(case: &'a Case<'a>, budget: &'a Budget, meter: &'a Meter) -> Lineages<'a> {
        Lineages {
            case,
            budget,
            meter,
            explorer: Explorer::recording(case, meter),
            places: Places::default(),
            numbers: Numbers::default(),
        }
    }

    /// The minimal supports of a fact where they are only to be compared, at most `limit`: none where not all derivations
    /// can be looked at within the budget, and the rest is not counted; nor is said what must be absent. All of them, too,
    /// may cost what the budget says once more.
    pub fn supports(&mut self, fact: &Fact, tables: &GradeTables, limit: usize) -> Supports {
        match self.lineage(fact) {
            Ok(lineage) => self.case.supports_of(&lineage, tables, limit, self.budget),
            Err(reason) => Supports {
                supports: Vec::new(),
                complete: false,
                total: None,
                stopped: Some(reason),
                seen_all: false,
            },
        }
    }

    /// All derivations of a fact; why not, where the budget is not enough for them.
    pub(super) fn lineage(&mut self, fact: &Fact) -> Result<Lineage, StopReason> {
        self.meter.restart(self.budget);
        self.numbers.lineage += 1;
        self.numbers.count = 0;
        let root = self.explorer.fact(fact.clone());
        self.places.meet(&self.explorer);
        let mut taken = Taken {
            paid_from: self.explorer.logs(),
            ..Taken::default()
        };
        self.walk(&mut taken).meet(root);
        let mut next = 0;
        while let Some(&(place, _)) = taken.facts.get(next) {
            next += 1;
            let vertex = self.derive(place)?;
            self.walk(&mut taken).take(vertex);
            self.meter.finish(())?;
        }
        for &(place, _) in &taken.facts {
            if let Some((_, fact)) = self.explorer.met(place as usize) {
                let stated = &mut self.places.facts[place as usize].stated;
                stated.get_or_insert_with(|| Stated::of(self.case, fact));
            }
        }
        let stated = taken.facts.iter().filter_map(|&(place, number)| {
            let stated = &self.places.facts[place as usize].stated;
            Some((number, stated.as_ref()?))
        });
        let stated: Vec<(u32, &Stated)> = stated.collect();
        let count = self.numbers.count;
        Ok(whole(self.case, count, taken.edges, &stated, &[Lineage::ROOT]).0)
    }

    fn walk<'w>(&'w mut self, taken: &'w mut Taken) -> Walk<'w> {
        Walk {
            explorer: &self.explorer,
            meter: self.meter,
            places: &self.places,
            numbers: &mut self.numbers,
            taken,
        }
    }

    /// Looks for the derivations of a fact, if that was not done yet. Gives its vertex.
    fn derive(&mut self, place: u32) -> Result<u32, StopReason> {
        let Some((vertex, fact)) = self.explorer.met(place as usize) else {
            return Ok(NONE);
        };
        if self.explorer.log(vertex).is_some() {
            return Ok(vertex);
        }
        let left = self.meter.left();
        let too_few = self.places.facts[place as usize].too_few;
        if too_few.is_some_and(|rows| left <= rows) {
            self.meter.stop(StopReason::Rows);
            return self.meter.finish(vertex);
        }
        let fact = fact.clone();
        let before = self.explorer.count();
        let is_done = self.explorer.expand_on_record(vertex, &fact);
        let facts = self.places.meet(&self.explorer);
        // Where it is made of parts, it may cost less when these are known.
        let alone = facts == self.explorer.count() - before;
        let outcome = self.meter.finish(vertex);
        if !is_done && alone && outcome == Err(StopReason::Rows) {
            self.places.facts[place as usize].too_few = Some(left);
        }
        outcome
    }
}

impl Places {
    /// Takes in what the explorer has met since; says how many facts that were.
    fn meet(&mut self, explorer: &Explorer) -> usize {
        let before = self.facts.len();
        while let Some((vertex, _)) = explorer.met(self.facts.len()) {
            let at = vertex as usize;
            if self.of.len() <= at {
                self.of.resize(at + 1, NONE);
            }
            self.of[at] = self.facts.len() as u32;
            self.facts.push(Place::default());
        }
        self.facts.len() - before
    }
}

impl Numbers {
    /// The number of a vertex, and whether it is new.
    fn number(&mut self, vertex: u32) -> (u32, bool) {
        let at = vertex as usize;
        if self.of.len() <= at {
            self.of.resize(at + 1, (0, 0));
        }
        let known = &mut self.of[at];
        let is_new = known.0 != self.lineage;
        if is_new {
            *known = (self.lineage, self.count);
            self.count += 1;
        }
        (known.1, is_new)
    }
}

/// Takes a lineage out of the whole graph.
struct Walk<'w> {
    explorer: &'w Explorer<'w>,
    meter: &'w Meter,
    places: &'w Places,
    numbers: &'w mut Numbers,
    taken: &'w mut Taken,
}

impl Walk<'_> {
    /// The number of a vertex. What a part or a total is derived from comes with it.
    fn meet(&mut self, vertex: u32) -> u32 {
        let (number, is_new) = self.numbers.number(vertex);
        if is_new {
            match self.places.of.get(vertex as usize) {
                Some(&place) if place != NONE => self.taken.facts.push((place, number)),
                _ => self.take(vertex),
            }
        }
        number
    }

    /// Takes in the derivations of a vertex that were looked for.
    fn take(&mut self, vertex: u32) {
        let Some((log, found)) = self.explorer.log(vertex) else {
            return;
        };
        if log < self.taken.paid_from {
            self.meter.spend_all(found.rows);
        }
        for &edge in &found.edges {
            let Some((head, met)) = self.explorer.recorded(edge) else {
                continue;
            };
            let head = self.meet(head);
            let mut premises: Vec<u32> = met.iter().map(|&premise| self.meet(premise)).collect();
            premises.sort_unstable();
            premises.dedup();
            self.taken.edges.push(Edge {
                head,
                premises: premises.into(),
                conditions: Box::default(),
            });
        }
    }
}
