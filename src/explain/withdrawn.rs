//! Everything that ends a conclusion, what brings about something that it wants absent included.
//!
//! With what is withdrawn so far the conclusion stands because some claims do: those of a derivation of it, and of what
//! keeps all that must be absent from following. Whatever ends it takes one of these away. So each is withdrawn in turn,
//! and what was withdrawn in one branch stays in those after it (the bounded search tree for hitting sets: Downey and Fellows, 1995,
//! for conclusions that fewer claims may bring about).

use super::bounds::Bounds;
use super::circuit::Circuit;
use super::facts::Fact;
use super::meter::Meter;
use super::world::World;
use crate::evidence::ClaimId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// What can be withdrawn, by number.
#[derive(Default)]
pub struct Withdrawable {
    /// By claim: what takes it away. Where that is so in two ways, it takes both to end a conclusion.
    by_claim: Vec<FxHashMap<ClaimId, Vec<u32>>>,
}

/// Sets that end a conclusion.
pub struct Ending {
    /// Those that have no other one in them; smallest first, then by what is in them, which ascends.
    pub sets: Vec<Vec<u32>>,
    /// The largest size of which all are there; `None`: of any.
    pub upto: Option<usize>,
    /// The meter ended the search.
    pub stopped: bool,
}

impl Withdrawable {
    /// In each way, by number: the claims that go.
    pub fn new(ways: &[Vec<&[ClaimId]>]) -> Withdrawable {
        let by_claim = ways.iter().map(|gone| {
            let mut by_claim: FxHashMap<ClaimId, Vec<u32>> = FxHashMap::default();
            for (claims, name) in gone.iter().zip(0..) {
                for &claim in *claims {
                    by_claim.entry(claim).or_default().push(name);
                }
            }
            by_claim
        });
        Withdrawable {
            by_claim: by_claim.collect(),
        }
    }
}

impl Bounds<'_> {
    /// Of each fact, the minimal sets that end it, at most so many, and no larger than that. `None`: it cannot be told. `rows`
    /// that each may take, beside what all of them do.
    pub fn ending(
        &self,
        facts: &[&Fact],
        of: &Withdrawable,
        (most, largest): (usize, usize),
        (meter, rows): (&Meter, u64),
    ) -> Vec<Option<Ending>> {
        let Some(circuit) = Circuit::of(self, facts, meter) else {
            return facts.iter().map(|_| None).collect();
        };
        // Rows are counted for each root.
        let part = meter.part(rows);
        let mut search = Search::of(&circuit, of, &part);
        let roots = circuit.roots.iter();
        let each = roots.map(|root| {
            part.restart(&meter.rest());
            Some(search.run((*root)?, most, largest))
        });
        each.collect()
    }
}

struct Search<'s> {
    circuit: &'s Circuit<'s>,
    of: &'s Withdrawable,
    meter: &'s Meter,
    /// That of the first way to withdraw; of the others, with nothing withdrawn.
    world: World<'s>,
    others: Vec<World<'s>>,
    /// By way, and by what takes something away: the leaves.
    leaves: Rc<[FxHashMap<u32, Vec<u32>>]>,
    withdrawn: Vec<u32>,
    /// What is not to be withdrawn in the present branch.
    kept: FxHashSet<u32>,
    found: Vec<Vec<u32>>,
    /// Whether larger sets may end it.
    may_grow: bool,
}

impl<'s> Search<'s> {
    fn of(circuit: &'s Circuit<'s>, of: &'s Withdrawable, meter: &'s Meter) -> Search<'s> {
        let leaves = |by_claim: &FxHashMap<ClaimId, Vec<u32>>| {
            let mut leaves: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
            for (leaf, at) in circuit.leaves.iter().zip(0..) {
                for &name in by_claim.get(&leaf.claim).into_iter().flatten() {
                    leaves.entry(name).or_default().push(at);
                }
            }
            leaves
        };
        let others = of.by_claim.iter().skip(1);
        Search {
            circuit,
            of,
            meter,
            world: World::of(circuit, meter),
            others: others.map(|_| World::of(circuit, meter)).collect(),
            leaves: of.by_claim.iter().map(leaves).collect(),
            withdrawn: Vec::new(),
            kept: FxHashSet::default(),
            found: Vec::new(),
            may_grow: true,
        }
    }

    fn run(&mut self, root: u32, most: usize, largest: usize) -> Ending {
        self.world.of_root(root);
        self.others.iter_mut().for_each(|world| world.of_root(root));
        let mut ending = Ending {
            sets: Vec::new(),
            upto: Some(0),
            stopped: false,
        };
        for size in 1..=largest {
            self.may_grow = false;
            let before = self.found.len();
            self.look(size);
            if self.meter.stopped().is_some() {
                self.found.truncate(before);
                ending.stopped = true;
                break;
            }
            self.found[before..].sort_unstable();
            ending.upto = self.may_grow.then_some(size);
            if !self.may_grow || self.found.len() >= most {
                break;
            }
            if size == 1 {
                // None of them is in a larger one.
                self.kept.extend(self.found.iter().flatten());
            }
        }
        self.kept.clear();
        ending.sets = std::mem::take(&mut self.found);
        ending
    }

    /// Finds the sets of so many more.
    fn look(&mut self, room: usize) {
        let leans_on = match self.leans_on(room > 0) {
            Standing::Stands(leans_on) => leans_on,
            Standing::Ended => {
                // Smaller ones are known, and this is one of the same size.
                if room == 0 {
                    let mut set = self.withdrawn.clone();
                    set.sort_unstable();
                    self.found.push(set);
                }
                return;
            }
        };
        if room == 0 || self.meter.stopped().is_some() {
            self.may_grow = true;
            return;
        }
        for &one in &leans_on {
            self.withdrawn.push(one);
            if !self.has_known(one) {
                let leaves = self.leaves.clone();
                let leaves = leaves.first().and_then(|leaves| leaves.get(&one));
                let leaves = leaves.map_or(&[][..], Vec::as_slice);
                let mark = self.world.mark();
                self.world.withdraw(leaves);
                self.look(room - 1);
                self.world.restore(leaves, mark);
            }
            self.withdrawn.pop();
            self.kept.insert(one);
            if self.meter.stopped().is_some() {
                break;
            }
        }
        for one in &leans_on {
            self.kept.remove(one);
        }
    }

    /// Whether what is withdrawn has a set in it that is enough, now that this is.
    fn has_known(&self, last: u32) -> bool {
        let within = |known: &[u32]| {
            known.len() <= self.withdrawn.len()
                && known.contains(&last)
                && known.iter().all(|one| self.withdrawn.contains(one))
        };
        self.found.iter().any(|known| within(known))
    }

    /// Whether the conclusion stands; `tells`: with what may still be withdrawn of which one has to go for it to end.
    fn leans_on(&mut self, tells: bool) -> Standing {
        let world = &mut self.world;
        if world.stands() {
            let leaves = if tells { world.leans_on() } else { Vec::new() };
            return Standing::Stands(self.named(0, leaves));
        }
        // It takes all ways: what is withdrawn is withdrawn in the next one from the beginning.
        for way in 1..self.leaves.len() {
            let of_way = &self.leaves[way];
            let world = &mut self.others[way - 1];
            let gone = self.withdrawn.iter().filter_map(|one| of_way.get(one));
            let gone: Vec<u32> = gone.flatten().copied().collect();
            let mark = world.mark();
            world.withdraw(&gone);
            let stands = world.stands();
            let leaves = match stands && tells {
                true => world.leans_on(),
                false => Vec::new(),
            };
            world.restore(&gone, mark);
            if stands {
                return Standing::Stands(self.named(way, leaves));
            }
        }
        Standing::Ended
    }

    /// What takes leaves away and may still be withdrawn, ascending.
    fn named(&self, way: usize, leaves: Vec<u32>) -> Vec<u32> {
        let by_claim = &self.of.by_claim[way];
        let leaves = leaves.into_iter();
        let claims = leaves.map(|leaf| self.circuit.leaves[leaf as usize].claim);
        let names = claims.flat_map(|claim| by_claim.get(&claim).into_iter().flatten());
        let mut names: Vec<u32> = names
            .copied()
            .filter(|one| !self.kept.contains(one))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What is left of a conclusion.
enum Standing {
    /// With what can be withdrawn for it to end, if that was asked.
    Stands(Vec<u32>),
    Ended,
}
