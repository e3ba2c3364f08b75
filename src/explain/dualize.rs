//! Minimal cuts of a monotone question, and with them all its minimal sets.
//!
//! The question says whether a conclusion stands on the elements kept. Minimal cuts are the minimal hitting sets of
//! all minimal sets that carry it. They are enumerated as in MMCS (Murakami and Uno, "Efficient algorithms for dualizing
//! large-scale hypergraphs", 2014) over the carrying sets known so far; a hitting set of those that leaves the
//! conclusion standing reveals another carrying set, and the search goes on with it (joint generation: Gurvich and
//! Khachiyan, 1999). When no hitting set is left to try, both families are complete, each being the dual of the
//! other.
//!
//! Cuts come by size: the search is repeated with a growing bound. Nothing recurses on the size of a cut.

use super::meter::Meter;

/// Whether a conclusion stands on what is kept. Keeping more never makes it fall.
pub(super) trait Monotone {
    fn elements(&self) -> usize;
    fn stands(&self, kept: &dyn Fn(u32) -> bool) -> bool;

    /// A minimal set among what is kept on which the conclusion stands, ascending; it stands on all of that.
    fn carrier(&self, kept: &[bool]) -> Box<[u32]> {
        let all: Vec<u32> = (0..kept.len() as u32).collect();
        self.minimal(all.into_iter().filter(|&one| kept[one as usize]).collect())
    }

    /// A minimal set within one on which the conclusion stands, both ascending. Asks once for each element.
    fn minimal(&self, mut set: Vec<u32>) -> Box<[u32]> {
        let mut at = 0;
        while let Some(&element) = set.get(at) {
            let kept = |other: u32| other != element && set.binary_search(&other).is_ok();
            match self.stands(&kept) {
                true => drop(set.remove(at)),
                false => at += 1,
            }
        }
        set.into()
    }
}

/// What [`dualize`] found. All sets ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Duals {
    /// Minimal sets that carry the conclusion, as they were found.
    pub(super) carriers: Vec<Box<[u32]>>,
    /// Minimal sets whose withdrawal ends it, smallest first, then by their elements.
    pub(super) cuts: Vec<Box<[u32]>>,
    /// Both families are whole.
    pub(super) complete: bool,
}

/// Carriers that are known to be minimal.
#[derive(Default)]
pub(super) struct Known {
    pub(super) carriers: Vec<Box<[u32]>>,
    /// There are no others: what hits all of them is a cut, without a question.
    pub(super) all: bool,
}

/// Finds up to `limit` cuts of up to `largest` elements, starting from carriers already known.
pub(super) fn dualize(
    question: &dyn Monotone,
    known: Known,
    limit: usize,
    largest: usize,
    meter: &Meter,
) -> Duals {
    let mut search = Search {
        question,
        meter,
        carriers: Vec::new(),
        containing: vec![Vec::new(); question.elements()],
        hits: Vec::new(),
        critical: vec![0; question.elements()],
        candidate: vec![true; question.elements()],
        cut: Vec::new(),
        cuts: Vec::new(),
        limit,
        known_all: known.all,
        used: vec![0; question.elements()],
        uses: 0,
    };
    for carrier in known.carriers {
        search.add_carrier(carrier);
    }
    let mut size = 0;
    let mut complete = false;
    while size <= largest && meter.stopped().is_none() && search.cuts.len() < limit {
        match search.round(size) {
            Round::Whole => {
                complete = search.cuts.len() < limit;
                break;
            }
            Round::Bounded(next) => size = next,
            Round::Stopped => break,
        }
    }
    let mut cuts = search.cuts;
    cuts.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    Duals {
        carriers: search.carriers,
        cuts,
        complete,
    }
}

struct Search<'a> {
    question: &'a dyn Monotone,
    meter: &'a Meter,
    carriers: Vec<Box<[u32]>>,
    /// By element: the carriers that have it.
    containing: Vec<Vec<u32>>,
    /// By carrier: how many elements of the cut it has.
    hits: Vec<u32>,
    /// By element of the cut: how many carriers only it hits.
    critical: Vec<u32>,
    candidate: Vec<bool>,
    cut: Vec<u32>,
    cuts: Vec<Box<[u32]>>,
    limit: usize,
    /// No other carriers are to be found.
    known_all: bool,
    /// By element: the last use of [`Search::disjoint_uncovered`] that took a carrier with it.
    used: Vec<u32>,
    uses: u32,
}

enum Round {
    /// No branch was left out.
    Whole,
    /// Larger cuts may exist, of at least this size.
    Bounded(usize),
    Stopped,
}

/// The elements of one carrier, one of which must be in the cut.
struct Frame {
    branch: Vec<u32>,
    tried: usize,
}

impl Search<'_> {
    fn add_carrier(&mut self, carrier: Box<[u32]>) {
        for &element in &carrier {
            self.containing[element as usize].push(self.carriers.len() as u32);
        }
        // Nothing of the cut at work is in it: it stood on what was kept.
        self.hits.push(0);
        self.carriers.push(carrier);
    }

    /// Finds all minimal cuts of exactly this size.
    fn round(&mut self, size: usize) -> Round {
        let mut beyond = usize::MAX;
        let mut frames: Vec<Frame> = Vec::new();
        let mut entering = true;
        loop {
            if entering {
                if let Some(branch) = self.enter(size, &mut beyond) {
                    for &element in &branch {
                        self.candidate[element as usize] = false;
                    }
                    frames.push(Frame { branch, tried: 0 });
                }
                if self.meter.stopped().is_some() || self.cuts.len() >= self.limit {
                    self.reset();
                    return Round::Stopped;
                }
            }
            let Some(frame) = frames.last_mut() else {
                return match beyond {
                    usize::MAX => Round::Whole,
                    next => Round::Bounded(next.max(size + 1)),
                };
            };
            if let Some(&last) = frame
                .tried
                .checked_sub(1)
                .and_then(|at| frame.branch.get(at))
                && self.cut.last() == Some(&last)
            {
                self.remove(last);
                self.candidate[last as usize] = true;
            }
            match frame.branch.get(frame.tried).copied() {
                Some(element) => {
                    frame.tried += 1;
                    self.add(element);
                    entering = self.is_minimal();
                    if !entering {
                        continue;
                    }
                }
                None => {
                    frames.pop();
                    entering = false;
                }
            }
        }
    }

    /// At a cut in the making: the elements to go on with, or `None` when it ends here.
    fn enter(&mut self, size: usize, beyond: &mut usize) -> Option<Vec<u32>> {
        loop {
            if !self.meter.spend() {
                return None;
            }
            let uncovered = (0..self.carriers.len())
                .filter(|&carrier| self.hits[carrier] == 0)
                .map(|carrier| (self.candidates(carrier).count(), carrier))
                .min();
            if let Some((choices, carrier)) = uncovered {
                // Nothing can hit it any more.
                if choices == 0 {
                    return None;
                }
                let least = self.cut.len() + self.disjoint_uncovered();
                if least > size {
                    *beyond = (*beyond).min(least);
                    return None;
                }
                return Some(self.candidates(carrier).collect());
            }
            if !self.stands_without_cut() {
                if self.cut.len() == size {
                    let mut cut = self.cut.clone();
                    cut.sort_unstable();
                    self.cuts.push(cut.into());
                }
                return None;
            }
            let carrier = self.another_carrier();
            self.add_carrier(carrier);
        }
    }

    fn candidates(&self, carrier: usize) -> impl Iterator<Item = u32> + '_ {
        self.carriers[carrier]
            .iter()
            .copied()
            .filter(|&element| self.candidate[element as usize])
    }

    /// A lower bound for what is still needed: carriers not hit that have nothing in common.
    fn disjoint_uncovered(&mut self) -> usize {
        self.uses += 1;
        let mut count = 0;
        for (carrier, &hits) in self.carriers.iter().zip(&self.hits) {
            let used = |&element: &u32| self.used[element as usize] == self.uses;
            if hits == 0 && !carrier.iter().any(used) {
                for &element in carrier {
                    self.used[element as usize] = self.uses;
                }
                count += 1;
            }
        }
        count
    }

    /// All carriers known are hit.
    fn stands_without_cut(&self) -> bool {
        !self.known_all
            && self
                .question
                .stands(&|element| !self.cut.contains(&element))
    }

    /// A minimal carrier among what the cut leaves.
    fn another_carrier(&self) -> Box<[u32]> {
        let mut kept: Vec<bool> = vec![true; self.containing.len()];
        for &element in &self.cut {
            kept[element as usize] = false;
        }
        self.question.carrier(&kept)
    }

    fn add(&mut self, element: u32) {
        for at in 0..self.containing[element as usize].len() {
            let carrier = self.containing[element as usize][at] as usize;
            match self.hits[carrier] {
                0 => self.critical[element as usize] += 1,
                1 => {
                    if let Some(other) = self.hitter(carrier) {
                        self.critical[other as usize] -= 1;
                    }
                }
                _ => {}
            }
            self.hits[carrier] += 1;
        }
        self.cut.push(element);
    }

    /// Takes the element that was added last out again.
    fn remove(&mut self, element: u32) {
        self.cut.pop();
        for at in 0..self.containing[element as usize].len() {
            let carrier = self.containing[element as usize][at] as usize;
            self.hits[carrier] -= 1;
            if self.hits[carrier] == 1
                && let Some(other) = self.hitter(carrier)
            {
                self.critical[other as usize] += 1;
            }
        }
        self.critical[element as usize] = 0;
    }

    /// The first element of the cut that hits a carrier.
    fn hitter(&self, carrier: usize) -> Option<u32> {
        let elements = &self.carriers[carrier];
        self.cut
            .iter()
            .copied()
            .find(|element| elements.binary_search(element).is_ok())
    }

    fn is_minimal(&self) -> bool {
        self.cut
            .iter()
            .all(|&element| self.critical[element as usize] > 0)
    }

    fn reset(&mut self) {
        self.cut.clear();
        self.hits.fill(0);
        self.critical.fill(0);
        self.candidate.fill(true);
    }
}
