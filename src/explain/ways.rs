//! The minimal sets that a set of modules stands for, smallest first, as far as they are asked for.

use super::modules::{Condensed, Module};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// The minimal sets of each module, as far as they were asked for.
pub(super) struct Ways<'c> {
    condensed: &'c Condensed,
    /// By module.
    known: Vec<Option<Box<Known>>>,
}

struct Known {
    found: Vec<(u64, Rc<[u32]>)>,
    further: Further,
}

enum Further {
    Nothing,
    /// Of each of these the size of the next set, and how many came before.
    Any(BinaryHeap<Reverse<(u64, u32, u32)>>),
    All(Product),
}

/// A set of each of several modules, in all combinations, smallest first.
pub(super) struct Product {
    of: Box<[u32]>,
    /// Sizes and which set of each.
    open: BinaryHeap<Reverse<(u64, Box<[u32]>)>>,
}

impl Product {
    fn of(of: Box<[u32]>, size: u64) -> Product {
        let first = vec![0; of.len()].into();
        Product {
            of,
            open: BinaryHeap::from([Reverse((size, first))]),
        }
    }

    /// Elements in the set that comes next.
    pub(super) fn next_size(&self) -> Option<u64> {
        self.open.peek().map(|Reverse((size, _))| *size)
    }

    /// The next set, ascending.
    pub(super) fn next(&mut self, ways: &mut Ways) -> Option<(u64, Rc<[u32]>)> {
        let Reverse((size, at)) = self.open.pop()?;
        let mut elements = Vec::with_capacity(size as usize);
        let mut own = Vec::with_capacity(at.len());
        for (&module, &at) in self.of.iter().zip(&at) {
            let (size, set) = ways.get(module, at)?;
            elements.extend_from_slice(&set);
            own.push(size);
        }
        elements.sort_unstable();
        // Every combination is reached from the one that has one less at its last place that is not the first set.
        let last = at.iter().rposition(|&at| at > 0).unwrap_or(0);
        for place in last..at.len() {
            if let Some((further, _)) = ways.get(self.of[place], at[place] + 1) {
                let mut at = at.clone();
                at[place] += 1;
                self.open.push(Reverse((size - own[place] + further, at)));
            }
        }
        Some((size, elements.into()))
    }
}

impl<'c> Ways<'c> {
    pub(super) fn new(condensed: &'c Condensed) -> Ways<'c> {
        Ways {
            condensed,
            known: (0..condensed.modules.len()).map(|_| None).collect(),
        }
    }

    /// Those of elements of the condensed lineage together.
    pub(super) fn of(&self, set: &[u32]) -> Product {
        let condensed = self.condensed;
        let modules = set
            .iter()
            .map(|&element| condensed.module_of[element as usize]);
        let modules: Box<[u32]> = modules.collect();
        let size = modules.iter().map(|&one| condensed.modules.size(one)).sum();
        Product::of(modules, size)
    }

    /// Recurses as deep as modules are within each other.
    fn get(&mut self, module: u32, at: u32) -> Option<(u64, Rc<[u32]>)> {
        let condensed = self.condensed;
        let mut known = self.known[module as usize].take().unwrap_or_else(|| {
            let size = |one: u32| condensed.modules.size(one);
            Box::new(match condensed.modules.get(module) {
                Module::Element(element) => Known {
                    found: vec![(size(module), [*element].into())],
                    further: Further::Nothing,
                },
                Module::Any(of) => Known {
                    found: Vec::new(),
                    further: Further::Any(
                        of.iter().map(|&one| Reverse((size(one), one, 0))).collect(),
                    ),
                },
                Module::All(of) => Known {
                    found: Vec::new(),
                    further: Further::All(Product::of(of.clone().into(), size(module))),
                },
            })
        });
        while known.found.len() <= at as usize {
            let next = match &mut known.further {
                Further::Nothing => None,
                Further::All(product) => product.next(self),
                Further::Any(open) => open.pop().and_then(|Reverse((_, one, at))| {
                    if let Some((size, _)) = self.get(one, at + 1) {
                        open.push(Reverse((size, one, at + 1)));
                    }
                    self.get(one, at)
                }),
            };
            match next {
                Some(next) => known.found.push(next),
                None => break,
            }
        }
        let found = known.found.get(at as usize).cloned();
        self.known[module as usize] = Some(known);
        found
    }
}
