//! The values that several atoms agree on, for the bindings of a batch one by one: the shortest of their lists of
//! candidates is gone through, a piece at a time, and the other atoms confirm.

use super::pipeline::{Arg, Member, Proposer};
use super::worker::{Batch, locate};
use crate::analysis::checked::VarId;
use crate::storage::Code;

/// So many bindings ahead lists are asked for: time enough for memory to answer.
const AHEAD: usize = 12;

pub struct Intersection<'p, 'a> {
    var: VarId,
    proposers: &'p [Proposer<'a>],
    /// What each proposer lists, binding by binding.
    lists: Vec<&'p [Code]>,
    /// The proposer whose candidates are gone through for the current binding.
    least: usize,
    found: Vec<Code>,
    row_key: Vec<Code>,
}

impl<'p, 'a> Intersection<'p, 'a> {
    /// `numbers` is scratch.
    pub fn over(
        var: VarId,
        proposers: &'p [Proposer<'a>],
        batch: &Batch,
        numbers: &mut Vec<u32>,
    ) -> Intersection<'p, 'a> {
        let mut lists: Vec<&[Code]> = vec![&[]; batch.len * proposers.len()];
        for (at, proposer) in proposers.iter().enumerate() {
            locate(&proposer.index, &proposer.key, batch, numbers);
            let places = lists.iter_mut().skip(at).step_by(proposers.len());
            for (list, &number) in places.zip(&*numbers) {
                *list = proposer.index.entry(number);
            }
        }
        Intersection {
            var,
            proposers,
            lists,
            least: 0,
            found: Vec::new(),
            row_key: Vec::new(),
        }
    }

    /// Turns to a binding of the batch.
    pub fn turn_to(&mut self, row: usize) {
        let width = self.proposers.len();
        if let Some(ahead) = self.lists.get((row + AHEAD) * width..) {
            ahead.iter().take(width).for_each(|list| prefetch(list));
        }
        let lists = self.lists[row * width..][..width].iter().enumerate();
        self.least = lists
            .min_by_key(|(_, list)| list.len())
            .map_or(0, |(at, _)| at);
    }

    /// What is confirmed of the next candidates for the current binding, `row`, of which so many are looked at; `None`
    /// when all have been.
    pub fn next(&mut self, row: usize, batch: &Batch, most: usize) -> Option<&[Code]> {
        let lists = &mut self.lists[row * self.proposers.len()..][..self.proposers.len()];
        let candidates = lists[self.least];
        if candidates.is_empty() {
            return None;
        }
        let (now, later) = candidates.split_at(most.min(candidates.len()));
        lists[self.least] = later;
        self.found.clear();
        self.found.extend_from_slice(now);
        let ascending = self.proposers[self.least].index.is_ordered();
        for (at, proposer) in self.proposers.iter().enumerate() {
            if at == self.least {
                continue;
            }
            match &proposer.member {
                None => lists[at] = retain_listed(&mut self.found, lists[at], ascending),
                Some(member) => {
                    let (var, row_key) = (self.var, &mut self.row_key);
                    self.found.retain(|&candidate| {
                        row_key.clear();
                        row_key.extend(proposer.row.iter().map(|arg| match arg {
                            Arg::Const(code) => *code,
                            Arg::Var(known) if *known == var => candidate,
                            Arg::Var(known) => batch.column(*known)[row],
                        }));
                        has(member, row_key)
                    });
                }
            }
        }
        Some(&self.found)
    }
}

fn has(member: &Member, row: &[Code]) -> bool {
    match member {
        Member::Set(set) => set.contains(row),
        Member::Keys(index) => index.count(index.locate(row)) > 0,
        Member::Entries(index) => {
            let entry = index.entry(index.locate(&row[..1]));
            entry.binary_search(&row[1]).is_ok()
        }
    }
}

/// Keeps the candidates that are among ascending codes. The codes that may be among candidates to come: where both ascend,
/// what lies before one lies before the next one too.
fn retain_listed<'p>(found: &mut Vec<Code>, mut listed: &'p [Code], ascending: bool) -> &'p [Code] {
    let mut kept = 0;
    for at in 0..found.len() {
        let wanted = found[at];
        let place = search(listed, wanted);
        found[kept] = wanted;
        kept += usize::from(listed.get(place) == Some(&wanted));
        if ascending {
            listed = &listed[place..];
        }
    }
    found.truncate(kept);
    listed
}

/// The place of the first of ascending codes that is not below `wanted`: O(log of that place).
fn search(codes: &[Code], wanted: Code) -> usize {
    let mut step = 1;
    while step < codes.len() && codes[step] < wanted {
        step *= 2;
    }
    let (from, to) = (step / 2, codes.len().min(step + 1));
    from + codes[from..to].partition_point(|&code| code < wanted)
}

fn prefetch(list: &[Code]) {
    crate::storage::table::prefetch_at(list.as_ptr());
}
