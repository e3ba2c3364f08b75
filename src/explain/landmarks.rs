//! Single points of failure of many conclusions at once.
//!
//! What every derivation of a vertex leans on: of an edge, what any of its premises leans on; of a vertex, what all of
//! its edges lean on together. The largest solution is exact, around cycles too: these are the landmarks of an AND/OR graph
//! (Keyder, Richter and Helmert, "Sound and complete landmarks for And/Or graphs", 2010). One pass over the
//! derivations of all conclusions stands for a search for each.
//!
//! Where things have to hold at one time, a vertex stands while it can be derived on some day: it leans on what it leans
//! on whichever day is taken. The pass is made for many days at once, and what a vertex needs is kept apart only for days
//! on which it needs different things.

use super::case::Case;
use super::cuts::{CutOptions, Cuts};
use super::dayset::DaySet;
use super::facts::Fact;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use crate::engine::Budget;
use crate::evidence::{Day, Interval, SourceId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};
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
        let few = match self.at_once {
            // Of what holds at one time trials tell nothing.
            true => u64::MAX,
            false => FEW_ROWS.saturating_mul(held.len() as u64),
        };
        let part = meter.part(few.min(meter.left() / 8));
        let (lineage, vertices) = self.lineage_of_all(&held, &part);
        meter.charge(&part);
        if lineage.stopped.is_some() {
            return self.single_cuts_each(facts, &meter);
        }
        // One pass over what is there: bounded by time only.
        let meter = Meter::new(&meter.rest());
        let (statements, sources) = self.landmarks(&lineage, &meter);
        let origins = self.origins(&lineage, &meter);
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
                    origins: stopped.is_none().then(|| {
                        let of = vertex.map(|vertex| origins.at(vertex).concat());
                        of.unwrap_or_default()
                    }),
                    // Larger ones may exist.
                    complete: false,
                    single: stopped.is_none(),
                    stopped,
                }
            })
            .collect()
    }

    /// The origins that each fact hangs on: sources at the far end of `derived_from`, which fall with all that only
    /// repeats them. A report that repeats several stands while one of them does. Of what has too many derivations to look
    /// at, nothing is told among many; nor, whether there are others, where the time is up.
    pub fn single_origins(&self, facts: &[Fact], budget: &Budget) -> Vec<Vec<SourceId>> {
        let meter = Meter::new(budget);
        let held = facts.iter().filter(|fact| self.holds(fact));
        let held: Vec<Fact> = held.cloned().collect();
        let part = meter.part(meter.left() / 4);
        let (lineage, vertices) = self.lineage_of_all(&held, &part);
        meter.charge(&part);
        if lineage.stopped.is_some() {
            return match facts {
                [fact] if !self.at_once && self.holds(fact) => {
                    vec![
                        self.cuts_by_trial(fact, 1, &meter, |statement| self.origin(statement))
                            .single,
                    ]
                }
                _ => vec![Vec::new(); facts.len()],
            };
        }
        let meter = Meter::new(&meter.rest());
        let origins = self.origins(&lineage, &meter);
        let vertex_of: FxHashMap<&Fact, u32> = held.iter().zip(vertices).collect();
        facts
            .iter()
            .map(|fact| match vertex_of.get(fact) {
                Some(&vertex) if meter.stopped().is_none() => origins.at(vertex).concat(),
                _ => Vec::new(),
            })
            .collect()
    }

    fn origins(&self, lineage: &Lineage, meter: &Meter) -> Landmarks<SourceId> {
        Landmarks::of(lineage, meter, |statement| {
            Vec::from_iter(self.origin(statement))
        })
    }

    /// The one source at the far end of all that a statement repeats.
    fn origin(&self, statement: &Statement) -> Option<SourceId> {
        let source = self.claims.get(statement.claim()?).source?;
        match self.sources.roots(source) {
            &[root] => Some(root),
            _ => None,
        }
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
                true if self.at_once => {
                    let rows = Some(meter.left() / facts.len() as u64);
                    let budget = Budget {
                        rows,
                        ..share.rest()
                    };
                    self.cuts(fact, &options, &budget)
                }
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

/// What a vertex leans on, by the days on which it can be derived. No day is in two of them.
type ByDay = SmallVec<[(Days, Box<[u32]>); 1]>;

/// A set of the days that one pass looks at, by bit.
type Days = u64;

/// How many days one pass looks at.
const TOGETHER: usize = if cfg!(test) { 3 } else { Days::BITS as usize };

impl<T: Clone + Ord + Hash> Landmarks<T> {
    /// `behind`: what falls with the statement; an element falls when all of its statements do.
    fn of(lineage: &Lineage, meter: &Meter, behind: impl Fn(&Statement) -> Vec<T>) -> Landmarks<T> {
        let mut names = Vec::new();
        let mut ids: FxHashMap<T, u32> = FxHashMap::default();
        let elements: Vec<Box<[u32]>> = lineage
            .elements
            .iter()
            .map(|element| {
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
                shared.unwrap_or_default().into()
            })
            .collect();
        let days = decisive_days(lineage);
        let mut needs: Vec<Option<Box<[u32]>>> = vec![None; lineage.alternatives.len()];
        for days in days.chunks(TOGETHER) {
            let Some(found) = needs_by_day(lineage, &elements, days, meter) else {
                return Landmarks {
                    names,
                    needs: vec![None; needs.len()],
                };
            };
            for (need, found) in needs.iter_mut().zip(found) {
                for (_, found) in found {
                    *need = Some(match need {
                        None => found,
                        Some(known) => meet(known, &found).into(),
                    });
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

/// The days that tell what can be done without: what can be derived on another day can be derived on one of these.
pub(super) fn decisive_days(lineage: &Lineage) -> Vec<Option<Day>> {
    let Some(days) = &lineage.days else {
        return vec![None];
    };
    let dated = lineage.elements.iter().map(|element| element.interval);
    let dated: FxHashSet<Interval> = dated.filter(|&one| one != Interval::ALWAYS).collect();
    let dated: Vec<Interval> = dated.into_iter().collect();
    let covered = |day: Option<Day>| DaySet::of(dated.len(), |at| dated[at].covers(day));
    let covered: Vec<DaySet> = days.iter().map(|&day| covered(day)).collect();
    let within = |one: &DaySet, other: &DaySet| !other.clone().add(one);
    let decides = |at: usize| {
        !(0..days.len()).any(|other| {
            other != at
                && within(&covered[at], &covered[other])
                && (other < at || !within(&covered[other], &covered[at]))
        })
    };
    (0..days.len())
        .filter(|&at| decides(at))
        .map(|at| days[at])
        .collect()
}

/// What each vertex needs on each of some days; `None`: the meter stopped.
fn needs_by_day(
    lineage: &Lineage,
    elements: &[Box<[u32]>],
    days: &[Option<Day>],
    meter: &Meter,
) -> Option<Vec<ByDay>> {
    let all = Days::MAX >> (Days::BITS as usize - days.len());
    let mut needs: Vec<ByDay> = vec![ByDay::new(); lineage.alternatives.len()];
    let mut open: VecDeque<u32> = VecDeque::new();
    for ((element, need), &vertex) in lineage
        .elements
        .iter()
        .zip(elements)
        .zip(&lineage.vertex_of)
    {
        let holds = match element.interval {
            Interval::ALWAYS => all,
            interval => days.iter().rev().fold(0, |holds, &day| {
                holds << 1 | Days::from(interval.covers(day))
            }),
        };
        if holds != 0 {
            needs[vertex as usize] = smallvec![(holds, need.clone())];
            open.push_back(vertex);
        }
    }
    for edge in lineage.edges.iter().filter(|edge| edge.premises.is_empty()) {
        needs[edge.head as usize] = smallvec![(all, Box::default())];
        open.push_back(edge.head);
    }
    let mut queued = vec![false; needs.len()];
    open.iter()
        .for_each(|&vertex| queued[vertex as usize] = true);
    while let Some(vertex) = open.pop_front() {
        queued[vertex as usize] = false;
        for &at in &lineage.used_by[vertex as usize] {
            if !meter.spend() {
                return None;
            }
            let edge = &lineage.edges[at as usize];
            let mut less = false;
            for (days, together) in union(&needs, &edge.premises, all) {
                less |= lessen(&mut needs[edge.head as usize], days, &together);
            }
            if less && !std::mem::replace(&mut queued[edge.head as usize], true) {
                open.push_back(edge.head);
            }
        }
    }
    Some(needs)
}

/// What the premises need together, by the days on which all of them can be derived.
fn union(needs: &[ByDay], premises: &[u32], all: Days) -> SmallVec<[(Days, Vec<u32>); 1]> {
    let mut together: SmallVec<[(Days, Vec<u32>); 1]> = smallvec![(all, Vec::new())];
    for &premise in premises {
        match &needs[premise as usize][..] {
            [] => return SmallVec::new(),
            [(days, need)] if together.len() == 1 => {
                together[0].0 &= days;
                together[0].1.extend_from_slice(need);
            }
            parts => {
                let known = std::mem::take(&mut together);
                for (days, known) in &known {
                    for (other, need) in parts.iter().filter(|(other, _)| days & other != 0) {
                        together.push((days & other, [known, &**need].concat()));
                    }
                }
            }
        }
    }
    together.retain(|(days, _)| *days != 0);
    for (_, together) in &mut together {
        together.sort_unstable();
        together.dedup();
    }
    together
}

/// Notes that on these days so much is enough. Whether that is news.
fn lessen(needs: &mut ByDay, mut days: Days, enough: &[u32]) -> bool {
    let mut news = false;
    let mut apart = ByDay::new();
    for (known, need) in needs.iter_mut() {
        let shared = *known & days;
        days &= !shared;
        let less = meet(need, enough);
        if shared == 0 || less.len() == need.len() {
            continue;
        }
        news = true;
        match *known == shared {
            true => *need = less.into(),
            false => {
                *known &= !shared;
                apart.push((shared, less.into()));
            }
        }
    }
    if days != 0 {
        news = true;
        apart.push((days, enough.into()));
    }
    for (days, need) in apart {
        match needs.iter_mut().find(|(_, known)| *known == need) {
            Some((known, _)) => *known |= days,
            None => needs.push((days, need)),
        }
    }
    news
}

fn meet(left: &[u32], right: &[u32]) -> Vec<u32> {
    let in_right = |one: &&u32| right.binary_search(one).is_ok();
    left.iter().filter(in_right).copied().collect()
}
