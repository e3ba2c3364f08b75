//! One world of a [circuit](super::circuit): which gates are open when some claims are withdrawn, and what would have to be
//! withdrawn besides for that to change.

use super::circuit::{Circuit, Total, Way};
use super::group::Fold;
use super::joins::decides;
use super::meter::Meter;
use super::solve::same_total;
use crate::analysis::checked::AggregateOp;
use crate::storage::Code;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(super) struct World<'c> {
    circuit: &'c Circuit<'c>,
    meter: &'c Meter,
    root: u32,
    /// By group: the root for which it was seen to matter last.
    matters: Vec<u32>,
    /// By leaf: how often it was withdrawn.
    gone: Vec<u32>,
    /// By gate: the days on which it is open, and through what, first what came first. Nothing comes to lean on itself.
    open: Vec<u64>,
    through: Vec<Through>,
    /// What withdrawals changed, each gate with what was before.
    changes: Vec<(u32, u64, Through)>,
    /// By total: what it comes to, each on which days; `None`: it was not asked since its members changed.
    totals: Vec<Option<Answers>>,
    /// Groups that are to be looked at anew.
    to_do: BinaryHeap<Reverse<u32>>,
    waits: Vec<bool>,
    /// By gate: the days on which it was asked why it is open, and shut; and what was asked.
    asked: Vec<(u64, u64)>,
    asked_totals: Vec<bool>,
    all_asked: (Vec<u32>, Vec<u32>),
}

/// A leaf or a way, and the days on which a gate is open through it and not through one before.
type Through = SmallVec<[(u64, By); 1]>;

/// What a total comes to, each on which days.
type Answers = Vec<(Vec<Code>, u64)>;

#[derive(Clone, Copy)]
enum By {
    Leaf(u32),
    Way(u32),
}

/// Gates that are looked at in the time that a row takes.
const GATES_A_ROW: u64 = 8;

impl<'c> World<'c> {
    /// With everything there.
    pub(super) fn of(circuit: &'c Circuit<'c>, meter: &'c Meter) -> World<'c> {
        let gates = circuit.gates.len();
        let mut world = World {
            circuit,
            meter,
            root: 0,
            matters: vec![0; circuit.groups.len()],
            gone: vec![0; circuit.leaves.len()],
            open: vec![0; gates],
            through: vec![Through::new(); gates],
            changes: Vec::new(),
            totals: vec![None; circuit.totals.len()],
            to_do: BinaryHeap::new(),
            waits: vec![false; circuit.groups.len()],
            asked: vec![(0, 0); gates],
            asked_totals: vec![false; circuit.totals.len()],
            all_asked: (Vec::new(), Vec::new()),
        };
        (0..circuit.groups.len() as u32).for_each(|group| world.look_at(group));
        world.changes.clear();
        world
    }

    /// Follows from now on only what a gate hangs on. Nothing may be withdrawn.
    pub(super) fn of_root(&mut self, root: u32) {
        self.root = root;
        // No root is the gate before the first.
        let mark = root + 1;
        let mut open = vec![self.circuit.group_of[root as usize]];
        while let Some(group) = open.pop() {
            if std::mem::replace(&mut self.matters[group as usize], mark) != mark {
                open.extend(&self.circuit.groups[group as usize].takes);
            }
        }
    }

    pub(super) fn stands(&self) -> bool {
        self.open[self.root as usize] != 0
    }

    /// Where changes begin; for [`restore`](World::restore).
    pub(super) fn mark(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn withdraw(&mut self, leaves: &[u32]) {
        let circuit = self.circuit;
        for &leaf in leaves {
            self.gone[leaf as usize] += 1;
            if self.gone[leaf as usize] == 1 {
                for &gate in &circuit.opened_by[leaf as usize] {
                    self.put_off(circuit.group_of[gate as usize]);
                }
            }
        }
        while let Some(Reverse(group)) = self.to_do.pop() {
            self.waits[group as usize] = false;
            self.look_at(group);
        }
    }

    /// Puts leaves back that were withdrawn last, and all that this changed.
    pub(super) fn restore(&mut self, leaves: &[u32], mark: usize) {
        for &leaf in leaves {
            self.gone[leaf as usize] -= 1;
        }
        for (gate, open, through) in self.changes.drain(mark..).rev() {
            let at = gate as usize;
            if self.open[at] != open {
                for &total in &self.circuit.member_of[at] {
                    self.totals[total as usize] = None;
                }
            }
            self.open[at] = open;
            self.through[at] = through;
        }
    }

    fn put_off(&mut self, group: u32) {
        let matters = self.matters[group as usize] == self.root + 1;
        if matters && !std::mem::replace(&mut self.waits[group as usize], true) {
            self.to_do.push(Reverse(group));
        }
    }

    /// Works out which gates of a group are open.
    fn look_at(&mut self, group: u32) {
        let circuit = self.circuit;
        let gates = &circuit.groups[group as usize].gates;
        let from = self.changes.len();
        for &gate in gates {
            let at = gate as usize;
            let through = std::mem::take(&mut self.through[at]);
            self.changes
                .push((gate, std::mem::take(&mut self.open[at]), through));
            for &leaf in &circuit.gates[at].leaves {
                if self.gone[leaf as usize] == 0 {
                    let days = circuit.leaves[leaf as usize].days;
                    self.open_on(gate, days, By::Leaf(leaf));
                }
            }
        }
        let mut grows = true;
        let mut work = 0;
        while std::mem::take(&mut grows) {
            for &gate in gates {
                work += circuit.gates[gate as usize].ways.len() as u64;
                for (at, way) in (0..).zip(&circuit.gates[gate as usize].ways) {
                    // What is open on all days is so in one way.
                    if self.open[gate as usize] == circuit.days {
                        break;
                    }
                    let days = self.days_of(way);
                    grows |= self.open_on(gate, days, By::Way(at));
                }
            }
            grows &= gates.len() > 1;
        }
        self.meter.spend_all(work / GATES_A_ROW + 1);
        let mut is_other = false;
        for at in from..self.changes.len() {
            let (gate, before, _) = &self.changes[at];
            if self.open[*gate as usize] != *before {
                is_other = true;
                for &total in &circuit.member_of[*gate as usize] {
                    self.totals[total as usize] = None;
                }
            }
        }
        if is_other {
            for &other in &circuit.groups[group as usize].taken_by {
                self.put_off(other);
            }
        }
    }

    /// Whether it was not, on all of these days.
    fn open_on(&mut self, gate: u32, days: u64, by: By) -> bool {
        let open = &mut self.open[gate as usize];
        let new = days & !*open;
        *open |= new;
        if new != 0 {
            self.through[gate as usize].push((new, by));
        }
        new != 0
    }

    fn days_of(&mut self, way: &Way) -> u64 {
        let mut days = self.circuit.days;
        for &gate in &way.open {
            days &= self.open[gate as usize];
        }
        if days == 0 || way.shut.iter().any(|&gate| self.open[gate as usize] != 0) {
            return 0;
        }
        for (total, tuple) in &way.totals {
            days &= self.days_of_total(*total, tuple);
        }
        days
    }

    /// The days on which a total comes to this.
    fn days_of_total(&mut self, total: u32, tuple: &[Code]) -> u64 {
        let of = &self.circuit.totals[total as usize];
        if self.totals[total as usize].is_none() {
            self.totals[total as usize] = Some(self.answers(of));
        }
        let case = self.circuit.bounds.history.case;
        let same = |(answer, _): &&(Vec<Code>, u64)| {
            answer[1..] == tuple[1..]
                && same_total(of.aggregate, answer[0], tuple[0], case.dictionary)
        };
        let answers = self.totals[total as usize].iter().flatten();
        answers.filter(same).fold(0, |days, (_, on)| days | on)
    }

    fn answers(&self, total: &Total) -> Answers {
        let case = self.circuit.bounds.history.case;
        let mut fold = Fold::new(case.context(self.meter), total.aggregate);
        let open = |gate: u32| self.open[gate as usize];
        let there = || total.members.iter().filter(|member| open(member.gate) != 0);
        for member in there() {
            fold.add(member.value, &member.values);
        }
        let days = |tuple: &[Code]| match total.aggregate.op {
            AggregateOp::Min | AggregateOp::Max => there()
                .filter(|one| decides(total.aggregate, one.value, &one.values, tuple))
                .fold(0, |days, one| days | open(one.gate)),
            AggregateOp::Count | AggregateOp::Sum | AggregateOp::Mean | AggregateOp::User => {
                there().fold(self.circuit.days, |days, one| days & open(one.gate))
            }
        };
        let answers = fold.answers().into_iter();
        let dated = answers.map(|tuple| {
            let days = days(&tuple);
            (tuple, days)
        });
        dated.collect()
    }

    /// Leaves of which one has to go for the root to be shut, ascending, where it stands: as long as all of them are there, it
    /// stands whatever else is withdrawn.
    pub(super) fn leans_on(&mut self) -> Vec<u32> {
        let (gates, totals) = std::mem::take(&mut self.all_asked);
        gates
            .into_iter()
            .for_each(|gate| self.asked[gate as usize] = (0, 0));
        totals
            .into_iter()
            .for_each(|total| self.asked_totals[total as usize] = false);
        let root = self.root;
        let mut why = Why {
            world: self,
            leaves: Vec::new(),
            to_do: Vec::new(),
        };
        why.open(root, why.world.open[root as usize]);
        while let Some(ask) = why.to_do.pop() {
            match ask {
                Ask::Open(gate, days) => why.because(gate, days),
                Ask::Shut(gate, days) => why.in_spite(gate, days),
            }
        }
        let mut leaves = why.leaves;
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }
}

/// Why a gate is open, or shut, on some days.
enum Ask {
    Open(u32, u64),
    Shut(u32, u64),
}

struct Why<'w, 'c> {
    world: &'w mut World<'c>,
    leaves: Vec<u32>,
    to_do: Vec<Ask>,
}

impl Why<'_, '_> {
    /// On any one of these days.
    fn open(&mut self, gate: u32, days: u64) {
        let asked = &mut self.world.asked[gate as usize].0;
        if *asked & days == 0 {
            let day = days & days.wrapping_neg();
            *asked |= day;
            self.world.all_asked.0.push(gate);
            self.to_do.push(Ask::Open(gate, day));
        }
    }

    /// On all of these days.
    fn shut(&mut self, gate: u32, days: u64) {
        let asked = &mut self.world.asked[gate as usize].1;
        let days = days & !*asked;
        if days != 0 {
            *asked |= days;
            self.world.all_asked.0.push(gate);
            self.to_do.push(Ask::Shut(gate, days));
        }
    }

    fn because(&mut self, gate: u32, day: u64) {
        let mut through = self.world.through[gate as usize].iter();
        match through.find(|(days, _)| days & day != 0).map(|one| one.1) {
            Some(By::Leaf(leaf)) => self.leaves.push(leaf),
            Some(By::Way(at)) => {
                let way = &self.world.circuit.gates[gate as usize].ways[at as usize];
                way.open.iter().for_each(|&gate| self.open(gate, day));
                for &gate in &way.shut {
                    self.shut(gate, self.world.circuit.days);
                }
                way.totals.iter().for_each(|(total, _)| self.total(*total));
            }
            None => {}
        }
    }

    /// On each of the days something is missing in each way; leaves that are gone stay so.
    fn in_spite(&mut self, gate: u32, days: u64) {
        let circuit = self.world.circuit;
        for way in &circuit.gates[gate as usize].ways {
            let mut left = days;
            let shut = |world: &World, gate: u32| !world.open[gate as usize];
            // What was asked before costs nothing more.
            for &gate in &way.open {
                left &= !(shut(self.world, gate) & self.world.asked[gate as usize].1);
            }
            for &gate in &way.open {
                let missing = left & shut(self.world, gate);
                self.shut(gate, missing);
                left &= !missing;
            }
            if left == 0 {
                continue;
            }
            let mut present = way.shut.iter();
            let present = present.find(|&&gate| self.world.open[gate as usize] != 0);
            if let Some(&gate) = present {
                self.open(gate, self.world.open[gate as usize]);
                continue;
            }
            for (total, tuple) in &way.totals {
                let other = left & !self.world.days_of_total(*total, tuple);
                if other != 0 {
                    self.total(*total);
                    left &= !other;
                }
            }
        }
    }

    /// That it stays as it is.
    fn total(&mut self, total: u32) {
        if std::mem::replace(&mut self.world.asked_totals[total as usize], true) {
            return;
        }
        self.world.all_asked.1.push(total);
        for member in &self.world.circuit.totals[total as usize].members {
            let mut open = self.world.open[member.gate as usize];
            self.shut(member.gate, self.world.circuit.days & !open);
            while open != 0 {
                let day = open & open.wrapping_neg();
                self.open(member.gate, day);
                open &= !day;
            }
        }
    }
}
