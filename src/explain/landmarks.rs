//! Single points of failure of many conclusions at once.
//!
//! What every derivation of a vertex leans on: of an edge, what any of its premises leans on; of a vertex, what all of
//! its edges lean on together. The largest solution is exact, around cycles too: these are the landmarks of an AND/OR graph
//! (Keyder, Richter and Helmert, "Sound and complete landmarks for And/Or graphs", 2010). One pass over the
//! derivations of all conclusions stands for a search for each.

use super::case::Case;
use super::cuts::{CutOptions, Cuts};
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::Budget;
use crate::evidence::SourceId;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::hash::Hash;

/// Rows that the derivations of each conclusion may cost before it is asked by trial what it hangs on.
const FEW_ROWS: u64 = 20_000;

impl Case<'_> {
    /// The cuts of one statement, and of one source, of each fact. Negations and totals are taken as they are now.
    pub fn single_cuts(&self, facts: &[Fact], budget: &Budget) -> Vec<Cuts> {
        let meter = Meter::new(budget);
        let held: Vec<Fact> = facts
            .iter()
            .filter(|fact| self.holds(fact))
            .cloned()
            .collect();
        // Where that does not suffice, trials need the most of it. About few conclusions they ask for less than all
        // derivations.
        let few = FEW_ROWS.saturating_mul(held.len() as u64);
        let part = meter.part(few.min(meter.left() / 8));
        let (lineage, vertices) = self.lineage_of_all(&held, &part);
        meter.charge(&part);
        if lineage.stopped.is_some() {
            return self.single_cuts_each(facts, &meter);
        }
        // One pass over what is there: bounded by time only.
        let meter = Meter::new(&meter.rest());
        let (statements, sources) = self.landmarks(&lineage, &meter);
        let vertex_of: FxHashMap<&Fact, u32> = held.iter().zip(vertices).collect();
        let stopped = meter.stopped();
        facts
            .iter()
            .map(|fact| {
                let vertex = vertex_of.get(fact).copied();
                let one = vertex.map(|vertex| statements.at(vertex));
                let by = vertex.map(|vertex| sources.at(vertex));
                Cuts {
                    statements: one.unwrap_or_default(),
                    sources: by.unwrap_or_default(),
                    // Larger ones may exist.
                    complete: false,
                    single: stopped.is_none(),
                    stopped,
                }
            })
            .collect()
    }

    /// The statements and the sources that the root of a lineage cannot do without; `None`: the meter stopped.
    pub(super) fn single_points(&self, lineage: &Lineage, meter: &Meter) -> Option<SinglePoints> {
        let (statements, sources) = self.landmarks(lineage, meter);
        let found = (statements.at(Lineage::ROOT), sources.at(Lineage::ROOT));
        meter.stopped().is_none().then_some(found)
    }

    fn landmarks(
        &self,
        lineage: &Lineage,
        meter: &Meter,
    ) -> (Landmarks<Statement>, Landmarks<SourceId>) {
        let statements = Landmarks::of(lineage, meter, |statement| vec![statement.clone()]);
        let sources = Landmarks::of(lineage, meter, |statement| {
            let source = statement
                .claim()
                .and_then(|claim| self.claims.get(claim).source);
            Vec::from_iter(source)
        });
        (statements, sources)
    }

    /// The same one by one, each with an equal share of the time that is left.
    fn single_cuts_each(&self, facts: &[Fact], meter: &Meter) -> Vec<Cuts> {
        let options = CutOptions {
            largest: 1,
            ..CutOptions::default()
        };
        let each = |(at, fact): (usize, &Fact)| {
            let rest = meter.rest();
            let share = Meter::new(&Budget {
                time: rest.time.map(|time| time / (facts.len() - at) as u32),
                ..rest
            });
            let mut cuts = match self.holds(fact) {
                true => self.some_cuts(fact, &options, &share),
                false => Cuts::none(),
            };
            if cuts.single {
                cuts.stopped = None;
            }
            cuts
        };
        facts.iter().enumerate().map(each).collect()
    }
}

/// Cuts of one statement, and of one source.
pub(super) type SinglePoints = (Vec<Vec<Statement>>, Vec<Vec<SourceId>>);

/// What each vertex leans on.
struct Landmarks<T> {
    names: Vec<T>,
    /// By vertex, ascending; `None`: not reached.
    needs: Vec<Option<Box<[u32]>>>,
}

impl<T: Clone + Ord + Hash> Landmarks<T> {
    /// `behind`: what falls with the statement; an element falls when all of its statements do.
    fn of(lineage: &Lineage, meter: &Meter, behind: impl Fn(&Statement) -> Vec<T>) -> Landmarks<T> {
        let mut names = Vec::new();
        let mut ids: FxHashMap<T, u32> = FxHashMap::default();
        let mut needs: Vec<Option<Box<[u32]>>> = vec![None; lineage.alternatives.len()];
        let mut open: VecDeque<u32> = VecDeque::new();
        for (element, &vertex) in lineage.elements.iter().zip(&lineage.vertex_of) {
            let mut shared: Option<Vec<u32>> = None;
            for statement in &element.statements {
                let mut one: Vec<u32> = behind(statement)
                    .into_iter()
                    .map(|name| {
                        *ids.entry(name.clone()).or_insert_with(|| {
                            names.push(name);
                            names.len() as u32 - 1
                        })
                    })
                    .collect();
                one.sort_unstable();
                shared = Some(match shared {
                    None => one,
                    Some(known) => meet(&known, &one),
                });
            }
            needs[vertex as usize] = Some(shared.unwrap_or_default().into());
            open.push_back(vertex);
        }
        for edge in lineage.edges.iter().filter(|edge| edge.premises.is_empty()) {
            needs[edge.head as usize] = Some(Box::default());
            open.push_back(edge.head);
        }
        let mut queued = vec![false; needs.len()];
        open.iter()
            .for_each(|&vertex| queued[vertex as usize] = true);
        while let Some(vertex) = open.pop_front() {
            queued[vertex as usize] = false;
            for &at in &lineage.used_by[vertex as usize] {
                if !meter.spend() {
                    return Landmarks {
                        names,
                        needs: vec![None; needs.len()],
                    };
                }
                let edge = &lineage.edges[at as usize];
                let Some(all) = union(&needs, &edge.premises) else {
                    continue;
                };
                let head = edge.head as usize;
                let less = match &needs[head] {
                    None => all,
                    Some(known) => meet(known, &all),
                };
                if needs[head].as_deref() != Some(&less) {
                    needs[head] = Some(less.into());
                    if !std::mem::replace(&mut queued[head], true) {
                        open.push_back(edge.head);
                    }
                }
            }
        }
        Landmarks { names, needs }
    }

    /// Each as a cut of its own, ascending.
    fn at(&self, vertex: u32) -> Vec<Vec<T>> {
        let needs = self.needs[vertex as usize].iter().flatten();
        let mut found: Vec<Vec<T>> = needs
            .map(|&at| vec![self.names[at as usize].clone()])
            .collect();
        found.sort_unstable();
        found
    }
}

/// What the premises need together; `None` when one of them was not reached yet.
fn union(needs: &[Option<Box<[u32]>>], premises: &[u32]) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for &premise in premises {
        all.extend_from_slice(needs[premise as usize].as_deref()?);
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn meet(left: &[u32], right: &[u32]) -> Vec<u32> {
    let in_right = |one: &&u32| right.binary_search(one).is_ok();
    left.iter().filter(in_right).copied().collect()
}
