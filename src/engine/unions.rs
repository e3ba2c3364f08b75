//! Rules that fall apart into two sides, over lists.
//!
//! Where a head is too sparse for bits, what costs is to look for each candidate whether the head has it: candidates come
//! in the order of what was scanned, and each leads to another place. Here all that comes to one row of the head is
//! brought together first, as the rows of a product of sparse matrices are (Gustavson 1978): a code is marked when it
//! comes, and only those that were not are handed on, a row at a time.

use super::budget::StopReason;
use super::drive::share;
use super::evaluate::Context;
use super::pipeline::{Op, Pipeline, Source};
use super::sides::{Reach, TwoSides};
use crate::storage::marks::Marks;
use crate::storage::matrix::Axis;
use crate::storage::{Code, Company, Inserter, Latest, RowSet, RowSource};
use rayon::ThreadPool;
use std::ops::Range;

/// Rows of a head from which on it is dear to look for one: fewer are in the caches.
const LARGE: usize = if cfg!(test) { 1 } else { 1 << 20 };
/// Bindings from which on it may be worth while, ...
const MANY: f64 = if cfg!(test) { 4.0 } else { 65536.0 };
/// ... where there are so many for each pair.
const FAN: f64 = if cfg!(test) { 0.0 } else { 4.0 };
/// Nanoseconds, roughly: a binding on its own, most of them in no order, ...
const BINDING: f64 = if cfg!(test) { 1e9 } else { 12.0 };
/// ... a pair put in a list, ...
const LISTED: f64 = 10.0;
/// ... a candidate marked.
const MARKED: f64 = 3.0;
/// Codes of an axis for each pair that is put in order by them.
const THIN: usize = if cfg!(test) { 1 << 20 } else { 8 };
/// Rows of the head that a thread takes at a time, of all it might have.
const PARTS: usize = 64;
/// Candidates between two looks at the budget.
const LOOK: u64 = if cfg!(test) { 4 } else { 1 << 16 };

/// Any code, as it is.
const ALL: Axis = Axis {
    base: 0,
    len: u32::MAX,
};

/// A rule whose candidates for each row of the head are brought together.
pub struct Unions<'a, 'p> {
    sides: TwoSides<'a>,
    latest: Latest<'p>,
    /// Of pairs.
    head: &'p RowSet,
    /// Bindings for each pair that is scanned, roughly.
    fan: f64,
}

/// Codes in a list for each code of an axis.
struct Lists {
    base: u32,
    /// Where each list begins; where the last one ends.
    starts: Vec<u32>,
    codes: Vec<Code>,
}

/// Pairs to make lists of, which `visit` calls back with, the first on the axis.
struct Pairs<V> {
    axis: Axis,
    visit: V,
    /// By code of the axis.
    counts: Vec<u32>,
}

impl<V: Fn(&mut dyn FnMut(Code, Code))> Pairs<V> {
    /// At most `len`. `None`: the axis is too long for them.
    fn count(axis: Axis, len: usize, visit: V) -> Option<Pairs<V>> {
        if axis.len as usize > len.saturating_mul(THIN) || u32::try_from(len).is_err() {
            return None;
        }
        let mut counts = vec![0; axis.len as usize];
        visit(&mut |first, _| counts[(first.0 - axis.base) as usize] += 1);
        Some(Pairs {
            axis,
            visit,
            counts,
        })
    }

    /// Codes that are first in any.
    fn firsts(&self) -> Vec<Code> {
        let codes = self.counts.iter().zip(self.axis.base..);
        let codes = codes.filter(|(count, _)| **count > 0);
        codes.map(|(_, code)| Code(code)).collect()
    }

    fn len_of(&self, first: Code) -> usize {
        self.counts[(first.0 - self.axis.base) as usize] as usize
    }

    fn len(&self) -> usize {
        self.counts.iter().map(|&count| count as usize).sum()
    }

    /// The lists of some codes, ascending, are all that is wanted.
    fn retain(&mut self, firsts: impl Iterator<Item = Code>) {
        let mut counts = vec![0; self.counts.len()];
        for code in firsts {
            let at = (code.0 - self.axis.base) as usize;
            counts[at] = self.counts[at];
        }
        self.counts = counts;
    }

    fn lists(self) -> Lists {
        let mut starts = Vec::with_capacity(self.counts.len() + 1);
        let mut sum = 0;
        starts.push(0);
        for &count in &self.counts {
            sum += count;
            starts.push(sum);
        }
        let mut codes = vec![Code::default(); sum as usize];
        let mut left = self.counts;
        (self.visit)(&mut |first, second| {
            let at = (first.0 - self.axis.base) as usize;
            if left[at] > 0 {
                codes[(starts[at + 1] - left[at]) as usize] = second;
                left[at] -= 1;
            }
        });
        Lists {
            base: self.axis.base,
            starts,
            codes,
        }
    }
}

impl Lists {
    /// Of places that lead to others: for each of the latter, those that lead there.
    fn turned(reach: &Reach) -> Option<Lists> {
        let starts = reach.starts().unwrap_or_default();
        let (mut low, mut high) = (u32::MAX, 0);
        reach.each(starts, |_, to| {
            (low, high) = (low.min(to as u32), high.max(to as u32))
        });
        let pairs = Pairs::count(Axis::spanning(low.min(high), high), reach.len(0), |act| {
            reach.each(starts, |from, to| act(Code(to as u32), Code(from)))
        });
        Some(pairs?.lists().distinct())
    }

    /// In each list every code once.
    fn distinct(mut self) -> Lists {
        let mut kept = 0;
        for at in 0..self.len() {
            let own = self.starts[at] as usize..self.starts[at + 1] as usize;
            self.codes[own.clone()].sort_unstable();
            self.starts[at] = kept as u32;
            for from in own {
                let code = self.codes[from];
                if kept == self.starts[at] as usize || self.codes[kept - 1] != code {
                    self.codes[kept] = code;
                    kept += 1;
                }
            }
        }
        if let Some(end) = self.starts.last_mut() {
            *end = kept as u32;
        }
        self.codes.truncate(kept);
        self
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn at(&self, place: usize) -> &[Code] {
        &self.codes[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    /// None for a code off the axis.
    fn list(&self, code: Code) -> &[Code] {
        match code.0.checked_sub(self.base) {
            Some(place) if (place as usize) < self.len() => self.at(place as usize),
            _ => &[],
        }
    }

    fn code(&self, place: usize) -> Code {
        Code(self.base + place as u32)
    }
}

/// What comes to one row.
#[derive(Default)]
struct Union {
    marks: Marks,
    codes: Vec<Code>,
}

impl Union {
    fn add(&mut self, codes: &[Code]) {
        let marks = &mut self.marks;
        self.codes
            .extend(codes.iter().copied().filter(|&code| marks.set(code)));
    }

    fn clear(&mut self) {
        self.marks.clear(&self.codes);
        self.codes.clear();
    }
}

/// Everything that one round needs.
struct Round {
    latest: Lists,
    /// By code of the head, where codes do not lead to themselves.
    lead: Option<Lists>,
    /// By code of the scan, likewise.
    trail: Option<Lists>,
}

impl<'a, 'p> Unions<'a, 'p> {
    /// `fan`: candidates for each row that the rule scanned so far, if any. `None`: the rule is not of that kind, its relations are
    /// not kept as pairs, or it gives too little.
    pub fn of(
        pipeline: &'p Pipeline<'a>,
        set: &'p RowSet,
        fan: Option<f64>,
    ) -> Option<Unions<'a, 'p>> {
        let fan = fan.map_or(pipeline.fan_out, |fan| fan.max(pipeline.fan_out));
        if !promises(set, pipeline.scanned(), fan) {
            return None;
        }
        let (head, target) = set.as_pairs()?;
        let Op::Scan {
            source: Source::Delta(delta),
            ..
        } = &pipeline.stages.first()?.op
        else {
            return None;
        };
        let (latest, source) = delta.as_pairs()?;
        Some(Unions {
            sides: TwoSides::of(pipeline, source, target)?,
            latest,
            head,
            fan,
        })
    }

    /// Adds what the rule derives, and returns the number of candidates. `None`: nothing was done. `room`: rows the set may
    /// have unsettled.
    pub fn run(
        &self,
        context: &Context,
        pool: Option<&ThreadPool>,
        room: Option<u64>,
    ) -> Option<u64> {
        let round = self.prepare(context)?;
        let halts = || {
            if room.is_some_and(|room| self.head.unsettled() as u64 > room) {
                context.spent.note(StopReason::Rows);
            }
            context.stopped()
        };
        let rows = round.rows().len();
        let all = |morsels: &mut dyn Iterator<Item = Range<usize>>, company| {
            round.add(self.head, company, morsels, &halts)
        };
        match pool {
            None => Some(all(&mut std::iter::once(0..rows), Company::Alone)),
            Some(pool) => {
                let morsel = (rows / (PARTS * pool.current_num_threads())).max(1);
                let candidates = share(pool, rows, morsel, |morsels| all(morsels, Company::Apart));
                Some(candidates.into_iter().sum())
            }
        }
    }

    fn prepare(&self, context: &Context) -> Option<Round> {
        let lead = self.sides.lead;
        let mut spans = [(u32::MAX, 0); 2];
        self.latest.visit(&mut |columns, _| {
            for ((low, high), column) in spans.iter_mut().zip(columns) {
                for code in *column {
                    (*low, *high) = ((*low).min(code.0), (*high).max(code.0));
                }
            }
        });
        let axes = spans.map(|(low, high)| Axis::spanning(low.min(high), high));
        let [first, second] = [lead, 1 - lead];
        if !Marks::hold(Code(spans[second].1)) {
            return None;
        }
        let len = self.latest.row_count();
        let mut latest = Pairs::count(axes[first], len, |act| {
            self.latest.visit(&mut |columns, _| {
                let pairs = columns[first].iter().zip(columns[second]);
                pairs.for_each(|(&first, &second)| act(first, second));
            });
        })?;
        let most = self.head.len() / 2;
        let (sides, all) = (&self.sides, [ALL; 2]);
        let firsts = sides.reach(first, &latest.firsts(), all, most, context)?;
        let mut candidates = len as f64;
        if let Some(starts) = firsts.starts() {
            let from = |start: &(u32, u32)| Code(start.0);
            let lens = starts
                .iter()
                .map(|start| latest.len_of(from(start)) as f64 * firsts.len_of(&[*start]) as f64);
            candidates = lens.sum();
            latest.retain(starts.iter().map(from));
        }
        let listed = (latest.len() + firsts.len(0)) as f64;
        if listed * LISTED + candidates * MARKED > len as f64 * self.fan * BINDING {
            return None;
        }
        let latest = latest.lists();
        let mut others = Union::default();
        others.add(&latest.codes);
        others.marks.clear(&others.codes);
        others.codes.sort_unstable();
        let seconds = sides.reach(second, &others.codes, all, most, context)?;
        let lead = match &firsts {
            Reach::Same => None,
            _ => Some(Lists::turned(&firsts)?),
        };
        let trail = match &seconds {
            Reach::Same => None,
            _ => {
                let starts = seconds.starts().unwrap_or_default();
                let pairs = Pairs::count(axes[second], seconds.len(0), |act| {
                    seconds.each(starts, |from, to| act(Code(from), Code(to as u32)));
                });
                Some(pairs?.lists())
            }
        };
        let markable = |lists: &Lists| lists.codes.iter().all(|&code| Marks::hold(code));
        trail.iter().all(markable).then_some(Round {
            latest,
            lead,
            trail,
        })
    }
}

/// Whether it may be worth while to bring together what comes of so many rows, each with so many bindings.
pub fn promises(head: &RowSet, scanned: u64, fan: f64) -> bool {
    head.len() >= LARGE && fan >= FAN && scanned as f64 * fan >= MANY && head.as_pairs().is_some()
}

impl Round {
    /// The lists that rows of the head are made of.
    fn rows(&self) -> &Lists {
        self.lead.as_ref().unwrap_or(&self.latest)
    }

    /// Adds some rows of the head. Candidates.
    fn add(
        &self,
        head: &RowSet,
        company: Company,
        morsels: &mut dyn Iterator<Item = Range<usize>>,
        halts: &dyn Fn() -> bool,
    ) -> u64 {
        let mut inserter = Inserter::new(head, company);
        let [mut here, mut onward] = [Union::default(), Union::default()];
        let (mut candidates, mut look) = (0, LOOK);
        for row in morsels.flatten() {
            if candidates >= look {
                look = candidates + LOOK;
                if halts() {
                    break;
                }
            }
            let sources = match &self.lead {
                None => &[self.latest.code(row)],
                Some(lead) => lead.at(row),
            };
            let mut found = match sources {
                [] => continue,
                &[only] => self.latest.list(only),
                several => {
                    here.clear();
                    for &from in several {
                        let codes = self.latest.list(from);
                        candidates += codes.len() as u64;
                        here.add(codes);
                    }
                    &here.codes
                }
            };
            if let Some(trail) = &self.trail {
                onward.clear();
                for &code in found {
                    let codes = trail.list(code);
                    candidates += codes.len() as u64;
                    onward.add(codes);
                }
                found = &onward.codes;
            }
            candidates += found.len() as u64;
            inserter.push_row(self.rows().code(row), found);
        }
        inserter.flush();
        candidates
    }
}
