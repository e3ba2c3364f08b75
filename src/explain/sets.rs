//! All minimal sets of elements that derive the root of a lineage, smallest first.
//!
//! They are found on the condensed lineage, by size as long as that leads somewhere and then one by one; each set found there
//! stands for as many as its modules have sets. A heap of all that are open gives the smallest next.

use super::enumerate::MinimalSets;
use super::meter::Meter;
use super::modules::Condensed;
use super::one_by_one::OneByOne;
use super::ways::{Product, Ways};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

pub(super) struct AllSets<'c> {
    condensed: &'c Condensed,
    meter: &'c Meter,
    /// For [`MinimalSets`].
    part: &'c Meter,
    source: Source<'c>,
    /// Sets of the condensed lineage so far.
    known: Vec<Rc<[u32]>>,
    ways: Ways<'c>,
    products: Vec<Product>,
    /// By the size of what is next: which product.
    open: BinaryHeap<Reverse<(u64, usize)>>,
    /// What is still to come is hardly smaller.
    reached: u64,
}

enum Source<'c> {
    BySize(Box<MinimalSets<'c>>),
    OneByOne(Box<OneByOne<'c>>),
    /// Whether all were found.
    Ended(bool),
}

impl<'c> AllSets<'c> {
    pub(super) fn new(condensed: &'c Condensed, part: &'c Meter, meter: &'c Meter) -> AllSets<'c> {
        let by_size = MinimalSets::new(&condensed.lineage, part).patient(part.left() / 4);
        AllSets {
            condensed,
            meter,
            part,
            source: Source::BySize(Box::new(by_size)),
            known: Vec::new(),
            ways: Ways::new(condensed),
            products: Vec::new(),
            open: BinaryHeap::new(),
            reached: 0,
        }
    }

    /// Whether every minimal set was given.
    pub(super) fn is_complete(&self) -> bool {
        let all = matches!(self.source, Source::Ended(true)) && self.open.is_empty();
        all && self.condensed.lineage.stopped.is_none()
    }

    /// The next set of the condensed lineage.
    fn next_condensed(&mut self) -> Option<Rc<[u32]>> {
        loop {
            match &mut self.source {
                Source::BySize(sets) => {
                    if let Some(set) = sets.next() {
                        self.known.push(set.clone());
                        return Some(set);
                    }
                    self.meter.charge(self.part);
                    self.source = match sets.is_exhausted() {
                        true => Source::Ended(true),
                        false => Source::OneByOne(Box::new(OneByOne::new(
                            &self.condensed.lineage,
                            self.known.iter().cloned(),
                            self.meter,
                        ))),
                    };
                }
                Source::OneByOne(sets) => {
                    if let Some(set) = sets.next() {
                        self.known.push(set.clone());
                        return Some(set);
                    }
                    self.source = Source::Ended(sets.is_exhausted());
                }
                Source::Ended(_) => return None,
            }
        }
    }
}

impl Iterator for AllSets<'_> {
    type Item = Rc<[u32]>;

    fn next(&mut self) -> Option<Rc<[u32]>> {
        loop {
            if let Some(&Reverse((size, at))) = self.open.peek()
                && (size <= self.reached || matches!(self.source, Source::Ended(_)))
            {
                self.open.pop();
                let product = &mut self.products[at];
                let (_, set) = product.next(&mut self.ways)?;
                if let Some(size) = product.next_size() {
                    self.open.push(Reverse((size, at)));
                }
                return Some(set);
            }
            match self.next_condensed() {
                Some(set) => {
                    let product = self.ways.of(&set);
                    let size = product.next_size().unwrap_or_default();
                    self.reached = self.reached.max(size);
                    self.open.push(Reverse((size, self.products.len())));
                    self.products.push(product);
                }
                None if self.open.is_empty() => return None,
                None => {}
            }
        }
    }
}
