//! Minimal cuts of a few, however many supports there are.
//!
//! A cut hits every derivation. So one of them is taken, and each thing it uses is withdrawn in turn; where something else
//! still derives the conclusion, the same is asked of what is left, as often as the cut may be large (the bounded search
//! tree for hitting sets: Downey and Fellows, 1995). What was withdrawn in one branch stays in those after it, so that no
//! set is come to twice. Derivations are mended where something goes, and not looked for anew.

use super::landmarks::decisive_days;
use super::least::Least;
use super::lineage::Lineage;
use super::meter::Meter;
use crate::evidence::Day;

/// Edges that are looked at in the time that a row takes.
const EDGES_A_ROW: u64 = 8;
/// Larger cuts are better found from all supports.
pub(super) const LARGEST: usize = 4;

/// What can be withdrawn of a lineage: elements, or who states them.
pub(super) struct Withdrawable {
    /// By element: what has to be withdrawn for it to fall, ascending; `None`: it never falls.
    behind: Vec<Option<Box<[u32]>>>,
    /// How much each counts in a cut.
    weights: Vec<usize>,
    /// By what can be withdrawn: elements that it states.
    stated: Vec<Vec<u32>>,
}

impl Withdrawable {
    pub(super) fn new(behind: Vec<Option<Box<[u32]>>>, weights: Vec<usize>) -> Withdrawable {
        let mut stated = vec![Vec::new(); weights.len()];
        for (element, behind) in behind.iter().enumerate() {
            for &one in behind.iter().flatten() {
                stated[one as usize].push(element as u32);
            }
        }
        Withdrawable {
            behind,
            weights,
            stated,
        }
    }
}

/// What [`small_cuts`] found.
pub(super) struct SmallCuts {
    /// Smallest first, then by what is in them, which ascends.
    pub(super) cuts: Vec<Box<[u32]>>,
    /// All cuts of one are there.
    pub(super) single: bool,
}

/// Up to `limit` minimal cuts that weigh no more than `largest`: all of them, unless the meter stops.
pub(super) fn small_cuts(
    lineage: &Lineage,
    of: &Withdrawable,
    limit: usize,
    largest: usize,
    meter: &Meter,
) -> SmallCuts {
    let mut search = Search {
        of,
        meter,
        days: decisive_days(lineage)
            .into_iter()
            .map(|day| OneDay::new(lineage, day))
            .collect(),
        withdrawn: Vec::new(),
        is_withdrawn: vec![false; of.weights.len()],
        is_kept: vec![false; of.weights.len()],
        found: Vec::new(),
        cuts: Vec::new(),
    };
    let mut found = SmallCuts {
        cuts: Vec::new(),
        single: false,
    };
    if search.standing_day().is_none() {
        found.cuts.push(Box::default());
        found.single = true;
        return found;
    }
    for size in 1..=largest {
        if search.cuts.len() >= limit {
            break;
        }
        search.look(size);
        search.keep_minimal(size);
        if meter.stopped().is_some() {
            break;
        }
        found.single |= size > 1 || search.cuts.len() < limit;
    }
    found.cuts = search.cuts;
    found.cuts.truncate(limit);
    found
}

struct Search<'a> {
    of: &'a Withdrawable,
    meter: &'a Meter,
    days: Vec<OneDay<'a>>,
    /// In the order in which it was.
    withdrawn: Vec<u32>,
    is_withdrawn: Vec<bool>,
    /// What is not to be withdrawn in the present branch.
    is_kept: Vec<bool>,
    /// Cuts of this size, minimal or not.
    found: Vec<Box<[u32]>>,
    cuts: Vec<Box<[u32]>>,
}

impl Search<'_> {
    /// Finds all sets of this weight that are cuts and have no proper part that was withdrawn before them and is one.
    fn look(&mut self, room: usize) {
        let Some(day) = self.standing_day() else {
            return;
        };
        let branch = self.branch(day, room);
        for &one in &branch {
            let rest = room - self.of.weights[one as usize];
            self.withdrawn.push(one);
            self.is_withdrawn[one as usize] = true;
            match rest {
                0 if self.standing_day().is_none() => {
                    let mut cut = self.withdrawn.clone();
                    cut.sort_unstable();
                    self.found.push(cut.into());
                }
                0 => {}
                _ => self.look(rest),
            }
            self.withdrawn.pop();
            self.is_withdrawn[one as usize] = false;
            self.is_kept[one as usize] = true;
            if self.meter.stopped().is_some() {
                break;
            }
        }
        for one in branch {
            self.is_kept[one as usize] = false;
        }
    }

    /// Of what the least derivation of a day uses: what can still be withdrawn, one thing for each element that can fall.
    fn branch(&self, day: usize, room: usize) -> Vec<u32> {
        let mut branch = Vec::new();
        for element in self.days[day].least.elements() {
            let Some(behind) = &self.of.behind[element as usize] else {
                continue;
            };
            let standing = behind
                .iter()
                .filter(|&&one| !self.is_withdrawn[one as usize]);
            let weight = |&one: &u32| self.of.weights[one as usize];
            let can_fall = standing.clone().map(weight).sum::<usize>() <= room
                && !standing.clone().any(|&one| self.is_kept[one as usize]);
            if can_fall {
                branch.extend(standing.copied().next());
            }
        }
        branch.sort_unstable();
        branch.dedup();
        branch
    }

    /// The first day on which what is left derives the conclusion.
    fn standing_day(&mut self) -> Option<usize> {
        let (of, withdrawn) = (self.of, &self.withdrawn);
        self.days.iter_mut().position(|day| {
            day.withdraw(withdrawn, of);
            self.meter.spend();
            self.meter.spend_all(day.least.take_work() / EDGES_A_ROW);
            day.least.cost().is_some()
        })
    }

    /// Takes over those that were found and have no smaller cut in them.
    fn keep_minimal(&mut self, size: usize) {
        let mut found = std::mem::take(&mut self.found);
        found.retain(|cut| {
            let within = |known: &[u32]| known.iter().all(|one| cut.binary_search(one).is_ok());
            !self.cuts.iter().any(|known| within(known))
        });
        found.sort_unstable();
        if size == 1 {
            // None of them is in a larger one.
            for cut in &found {
                self.is_kept[cut[0] as usize] = true;
            }
        }
        self.cuts.extend(found);
    }
}

/// What is left on one day.
struct OneDay<'a> {
    least: Least<'a>,
    /// What of the search was withdrawn here, each with where changes began.
    done: Vec<(u32, usize)>,
}

impl<'a> OneDay<'a> {
    fn new(lineage: &'a Lineage, day: Option<Day>) -> OneDay<'a> {
        let mut least = Least::new(lineage);
        let holds = |&element: &u32| {
            let interval = lineage.elements[element as usize].interval;
            lineage.days.is_none() || interval.covers(day)
        };
        least.derive((0..lineage.elements.len() as u32).filter(holds));
        OneDay {
            least,
            done: Vec::new(),
        }
    }

    /// Leaves out just so much.
    fn withdraw(&mut self, wanted: &[u32], of: &Withdrawable) {
        let done = self.done.iter().zip(wanted);
        let same = done.take_while(|((one, _), other)| one == *other).count();
        if let Some(&(_, mark)) = self.done.get(same) {
            self.least.restore(mark);
            self.done.truncate(same);
        }
        for &one in &wanted[same..] {
            self.done.push((one, self.least.mark()));
            for &element in &of.stated[one as usize] {
                let gone = |one: &u32| self.done.iter().any(|(done, _)| done == one);
                let behind = of.behind[element as usize].iter().flatten();
                if behind.clone().all(gone) {
                    self.least.remove(element);
                }
            }
        }
    }
}
