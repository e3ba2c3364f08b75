//! One stratum, row by row.

use super::Row;
use super::prove::{Search, Verdict};
use super::routes::Start;
use super::transaction::Transaction;
use super::walk::{Doomed, Halt, View};
use crate::analysis::checked::{LiteralKind, RelationId, RuleId, Stratum};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A row of the stratum that may fall, by birth.
type Candidate = Reverse<(u32, u32, RelationId, Row)>;

/// Rows that may fall, the oldest first: whether a row stays is settled before any row that it could support is asked
/// after.
#[derive(Default)]
struct Candidates {
    heap: BinaryHeap<Candidate>,
    known: FxHashMap<RelationId, FxHashSet<Row>>,
}

impl Candidates {
    fn push(&mut self, birth: u32, relation: RelationId, row: Row) {
        if self.known.entry(relation).or_default().insert(row.clone()) {
            let number = self.heap.len() as u32;
            self.heap.push(Reverse((birth, number, relation, row)));
        }
    }
}

impl Transaction<'_> {
    /// Brings a stratum up to what changed below it, and to the rows of its own that were stated and withdrawn.
    pub fn follow(&mut self, stratum: &Stratum) -> Result<(), Halt> {
        let (doomed, open) = self.doom(stratum)?;
        let births = self.take_out(&doomed);
        let raised = self.raise(stratum, open, &births)?;
        for &id in &stratum.relations {
            let none = FxHashSet::default();
            let fallen = doomed.get(&id).unwrap_or(&none);
            let risen = raised.get(&id).unwrap_or(&none);
            let overlay = &mut self.overlays[id.index()];
            overlay.minus = fallen.difference(risen).cloned().collect();
            overlay.plus = risen.difference(fallen).cloned().collect();
            for row in risen.intersection(fallen) {
                let before = births.get(&(id, row.clone())).copied().unwrap_or(0);
                let birth = self.relations[id.index()].birth(row).unwrap_or(0);
                if birth > before {
                    overlay.reborn.push((row.clone(), birth));
                }
            }
        }
        Ok(())
    }

    /// The rows that lost a derivation and are not sure to have another, and those among them that may have one.
    fn doom(&mut self, stratum: &Stratum) -> Result<(Doomed, Vec<(RelationId, Row)>), Halt> {
        let mut candidates = Candidates::default();
        for &id in &stratum.relations {
            for row in std::mem::take(&mut self.withdrawn[id.index()]) {
                let birth = self.relations[id.index()].birth(&row).unwrap_or(0);
                candidates.push(birth, id, row);
            }
        }
        for at in 0..self.dropped.len() {
            let rule = self.dropped[at];
            if let Some(relation) = self.before[rule].head.as_ref().map(|head| head.relation)
                && stratum.relations.contains(&relation)
            {
                for row in self.derived_before(rule)? {
                    self.suspect(&mut candidates, relation, row, None);
                }
            }
        }
        for &rule in &stratum.rules {
            if self.added.contains(&rule) || !self.is_disturbed(&self.program[rule].body) {
                continue;
            }
            let Some(head) = self.program[rule].head.as_ref().map(|head| head.relation) else {
                continue;
            };
            for (start, seeds) in self.lost(rule)? {
                for row in self.heads(rule, start, &seeds, View::Before)? {
                    self.suspect(&mut candidates, head, row, None);
                }
            }
            // What is born earlier than any derived row of the head still comes before all of them.
            let since = self.relations[head.index()].earliest_derived();
            for (start, seeds) in self.reborn(rule, since) {
                for (seed, birth) in seeds {
                    for row in self.heads(rule, start.clone(), &[seed], View::Before)? {
                        self.suspect(&mut candidates, head, row, Some(birth));
                    }
                }
            }
        }
        let readers = self.readers(stratum, true);
        let mut doomed = Doomed::default();
        let mut open = Vec::new();
        let mut search = Search::default();
        let since = self.work();
        let mut judged = 0;
        while let Some(Reverse((birth, _, relation, row))) = candidates.heap.pop() {
            if !self.relations[relation.index()].set.contains(&row) {
                continue;
            }
            judged += 1;
            self.expect(since, judged, candidates.heap.len())?;
            let verdict = match stratum.recursive && !self.births {
                true => self.judge(stratum, relation, &row, &mut search)?,
                false => match self.is_sure(relation, &row, birth, &doomed)? {
                    true => Verdict::Stays,
                    // What it may follow from is as old as itself, or there is nothing.
                    false if self.births => Verdict::Unknown,
                    false => Verdict::Falls,
                },
            };
            match verdict {
                Verdict::Stays => continue,
                Verdict::Falls => {}
                Verdict::Unknown => open.push((relation, row.clone())),
            }
            for (rule, at, head) in readers.get(&relation).into_iter().flatten() {
                let seeds = std::slice::from_ref(&row);
                for lost in self.heads(*rule, Start::Atom(*at), seeds, View::Before)? {
                    // What is not younger has a derivation without this row.
                    let later = self.births.then_some(birth + 1);
                    self.suspect_since(&mut candidates, *head, lost, later);
                }
            }
            doomed.entry(relation).or_default().insert(row);
        }
        Ok((doomed, open))
    }

    /// A row that was derived by way of one that is gone, or that has a later birth now.
    fn suspect(
        &self,
        candidates: &mut Candidates,
        relation: RelationId,
        row: Row,
        reborn: Option<u32>,
    ) {
        let birth = self.relations[relation.index()].birth(&row).unwrap_or(0);
        if reborn.is_none_or(|later| birth <= later) {
            candidates.push(birth, relation, row);
        }
    }

    fn suspect_since(
        &self,
        candidates: &mut Candidates,
        relation: RelationId,
        row: Row,
        since: Option<u32>,
    ) {
        let birth = self.relations[relation.index()].birth(&row).unwrap_or(0);
        if since.is_none_or(|since| birth >= since) {
            candidates.push(birth, relation, row);
        }
    }

    /// The rules of a stratum by the relations of its own that they read: with the place of the atom, and the head.
    fn readers(
        &self,
        stratum: &Stratum,
        kept: bool,
    ) -> FxHashMap<RelationId, Vec<(RuleId, usize, RelationId)>> {
        let mut readers: FxHashMap<RelationId, Vec<_>> = FxHashMap::default();
        if !stratum.recursive {
            return readers;
        }
        for &rule in &stratum.rules {
            let Some(head) = &self.program[rule].head else {
                continue;
            };
            if kept && self.added.contains(&rule) {
                continue;
            }
            for (at, literal) in self.program[rule].body.iter().enumerate() {
                if let LiteralKind::Atom(atom) = &literal.kind
                    && stratum.relations.contains(&atom.relation)
                {
                    let reader = (rule, at, head.relation);
                    readers.entry(atom.relation).or_default().push(reader);
                }
            }
        }
        readers
    }

    /// Whether a row is stated, or follows from rows that are sure to stay: earlier ones, or those of strata below.
    fn is_sure(
        &mut self,
        relation: RelationId,
        row: &Row,
        birth: u32,
        doomed: &Doomed,
    ) -> Result<bool, Halt> {
        if self.is_given(relation, row) {
            return Ok(true);
        }
        let view = View::Sure {
            doomed,
            before: self.births.then_some(birth),
        };
        for &rule in self.rules_of(relation).iter() {
            if self.finds(rule, row, view)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes rows out; their births, where they are recorded.
    fn take_out(&mut self, doomed: &Doomed) -> FxHashMap<(RelationId, Row), u32> {
        let mut births = FxHashMap::default();
        for (&id, rows) in doomed {
            for row in rows {
                if let Some(birth) = self.relations[id.index()].birth(row) {
                    births.insert((id, row.clone()), birth);
                }
                self.journal.take(self.relations, id, row);
                self.journal.bear(self.relations, id, row, None);
            }
        }
        births
    }

    /// Adds what follows: from what appeared below, from what was stated, and what was doomed and follows after all.
    fn raise(
        &mut self,
        stratum: &Stratum,
        open: Vec<(RelationId, Row)>,
        births: &FxHashMap<(RelationId, Row), u32>,
    ) -> Result<FxHashMap<RelationId, FxHashSet<Row>>, Halt> {
        let mut raised = Raised::default();
        for &id in &stratum.relations {
            for row in std::mem::take(&mut self.stated[id.index()]) {
                if self.births && self.relations[id.index()].set.contains(&row) {
                    self.journal.bear(self.relations, id, &row, Some(0));
                }
                self.offer(&mut raised, id, row, 0);
            }
        }
        for &rule in &stratum.rules {
            let Some(head) = self.program[rule].head.as_ref().map(|head| head.relation) else {
                continue;
            };
            let gained = match self.added.contains(&rule) {
                true => vec![(Start::Nothing, vec![Row::from([])])],
                false if self.is_disturbed(&self.program[rule].body) => self.gained(rule)?,
                false => continue,
            };
            for (start, seeds) in gained {
                self.offer_heads(&mut raised, rule, head, start, &seeds)?;
            }
        }
        let birth = |(id, row)| births.get(&(id, row)).copied().unwrap_or(0);
        let mut again: Vec<(u32, RelationId, Row)> = open
            .into_iter()
            .map(|(id, row)| (birth((id, row.clone())), id, row))
            .collect();
        again.sort();
        for (_, id, row) in again {
            if self.relations[id.index()].set.contains(&row) {
                continue;
            }
            for &rule in self.rules_of(id).iter() {
                if let Some(latest) = self.finds(rule, &row, View::Now)? {
                    self.offer(&mut raised, id, row, latest + 1);
                    break;
                }
            }
        }
        let readers = self.readers(stratum, false);
        while let Some((relation, row)) = raised.queue.pop_front() {
            for &(rule, at, head) in readers.get(&relation).into_iter().flatten() {
                let seeds = std::slice::from_ref(&row);
                self.offer_heads(&mut raised, rule, head, Start::Atom(at), seeds)?;
            }
        }
        Ok(raised.rows)
    }

    /// Adds what a rule derives from some beginnings. Births are asked after for what is new alone: most is not.
    fn offer_heads(
        &mut self,
        raised: &mut Raised,
        rule: RuleId,
        head: RelationId,
        start: Start,
        seeds: &[Row],
    ) -> Result<(), Halt> {
        for row in self.new_heads(rule, head, start, seeds)? {
            if self.relations[head.index()].set.contains(&row) {
                continue;
            }
            let latest = match self.births {
                true => self.finds(rule, &row, View::Now)?.unwrap_or(0),
                false => 0,
            };
            self.offer(raised, head, row, latest + 1);
        }
        Ok(())
    }

    /// Adds a row, derived or, with birth 0, stated. One that is derived is not born before the rounds that brought such
    /// rows: so it stays clear of changes of birth in strata below.
    fn offer(&mut self, raised: &mut Raised, relation: RelationId, row: Row, birth: u32) {
        let birth = match birth {
            0 => 0,
            birth => birth.max(self.relations[relation.index()].first_round()),
        };
        if self.journal.add(self.relations, relation, &row) {
            self.journal
                .bear(self.relations, relation, &row, Some(birth));
            raised.rows.entry(relation).or_default().insert(row.clone());
            raised.queue.push_back((relation, row));
        }
    }
}

/// Rows that were added, and those whose consequences are still to be drawn.
#[derive(Default)]
struct Raised {
    rows: FxHashMap<RelationId, FxHashSet<Row>>,
    queue: VecDeque<(RelationId, Row)>,
}
