//! One stratum, row by row.

use super::Row;
use super::product::Product;
use super::prove::{Search, Verdict};
use super::routes::Start;
use super::transaction::Transaction;
use super::walk::{Doomed, Halt, View};
use crate::analysis::checked::{LiteralKind, RelationId, RuleId, Stratum};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Candidates judged by births before it is seen whether that is a good way.
const TRIAL: usize = if cfg!(test) { 3 } else { 64 };

/// Where births are recorded, rows that may be looked at to prove candidates together, ...
const SETTLING: u64 = if cfg!(test) { 20 } else { 10_000 };
/// ... and for each of them.
const SETTLING_EACH: u64 = if cfg!(test) { 4 } else { 32 };

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

/// Where rows of a stratum lose derivations.
#[derive(Default)]
pub struct Losses {
    /// No longer stated, or derived by a rule that is no longer there.
    pub rows: Vec<(RelationId, Row)>,
    pub ways: Vec<Loss>,
}

/// Beginnings of ways through a rule that are closed, or open since a later birth only.
pub struct Loss {
    pub rule: RuleId,
    pub head: RelationId,
    pub start: Start,
    pub seeds: Vec<Row>,
    pub reborn: Option<u32>,
}

/// The rows that may fall, and those among them that may have another derivation.
#[derive(Default)]
struct Fallen {
    doomed: Doomed,
    open: Vec<(RelationId, Row)>,
}

impl Transaction<'_> {
    /// Brings a stratum up to what changed below it, and to the rows of its own that were stated and withdrawn.
    pub fn follow(&mut self, stratum: &Stratum) -> Result<(), Halt> {
        let (doomed, open) = self.doom(stratum)?;
        let births = self.take_out(&doomed, &open);
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
        let losses = self.losses(stratum)?;
        if !stratum.recursive {
            return self.doom_flat(stratum, losses);
        }
        let mut candidates = Candidates::default();
        for (relation, row) in losses.rows {
            self.suspect(&mut candidates, relation, row, None);
        }
        for loss in losses.ways {
            for row in self.heads(loss.rule, loss.start, &loss.seeds, View::Before)? {
                self.suspect(&mut candidates, loss.head, row, loss.reborn);
            }
        }
        let mut fallen = Fallen::default();
        // Births tell quickly that rows stay, and slowly that they do not.
        if !self.births || !self.judge_each(stratum, &mut candidates, &mut fallen, true)? {
            let mut products = self.products(stratum);
            // Where both columns change the way is long for what is left, and births are sooner asked.
            let helps = match self.births {
                true => products.len() == 1,
                false => !products.is_empty(),
            };
            if helps {
                self.blind = true;
                self.judge_together(stratum, &mut products, &mut candidates, &mut fallen)?;
                self.blind = false;
            }
            self.judge_each(stratum, &mut candidates, &mut fallen, false)?;
        }
        Ok((fallen.doomed, fallen.open))
    }

    /// Where derivations of rows of a stratum are lost or later than they were.
    fn losses(&mut self, stratum: &Stratum) -> Result<Losses, Halt> {
        let mut losses = Losses::default();
        for &id in &stratum.relations {
            let withdrawn = std::mem::take(&mut self.withdrawn[id.index()]);
            losses
                .rows
                .extend(withdrawn.into_iter().map(|row| (id, row)));
        }
        for at in 0..self.dropped.len() {
            let rule = self.dropped[at];
            if let Some(relation) = self.before[rule].head.as_ref().map(|head| head.relation)
                && stratum.relations.contains(&relation)
            {
                let rows = self.derived_before(rule)?;
                losses
                    .rows
                    .extend(rows.into_iter().map(|row| (relation, row)));
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
                losses.ways.push(Loss {
                    rule,
                    head,
                    start,
                    seeds,
                    reborn: None,
                });
            }
            // What is born earlier than any derived row of the head still comes before all of them.
            let since = self.relations[head.index()].earliest_derived();
            for (start, seeds) in self.reborn(rule, since) {
                for (seed, birth) in seeds {
                    losses.ways.push(Loss {
                        rule,
                        head,
                        start: start.clone(),
                        seeds: vec![seed],
                        reborn: Some(birth),
                    });
                }
            }
        }
        Ok(losses)
    }

    /// Finds out which candidates have no proof, and which follow from those. Where births are recorded the others are
    /// candidates still: a proof may be later.
    fn judge_together(
        &mut self,
        stratum: &Stratum,
        products: &mut [Product],
        candidates: &mut Candidates,
        fallen: &mut Fallen,
    ) -> Result<(), Halt> {
        let readers = self.readers(stratum, true);
        let mut others = Vec::new();
        while !candidates.heap.is_empty() {
            let mut rows = Vec::new();
            for Reverse((_, _, relation, row)) in candidates.heap.drain() {
                if self.relations[relation.index()].set.contains(&row) {
                    rows.push((relation, row));
                }
            }
            let chosen = suited(products, &rows);
            let mut pairs = vec![Vec::new(); products.len()];
            let mut numbered = Vec::with_capacity(rows.len());
            for ((_, row), &chosen) in rows.iter().zip(&chosen) {
                let pair = products[chosen].pair(row);
                pairs[chosen].push(pair);
                numbered.push(pair);
            }
            // Births settle what this would take long over.
            let most = SETTLING + SETTLING_EACH * rows.len() as u64;
            let allowed = self.births.then(|| self.confine(most));
            let mut both = products.iter_mut().zip(pairs);
            let outcome = both
                .try_for_each(|(product, pairs)| self.settle(stratum, product, pairs.into_iter()));
            if let Some(allowed) = allowed {
                self.release(allowed);
            }
            match outcome {
                Ok(()) => {}
                Err(Halt::TooMuch) if allowed.is_some_and(|allowed| self.work() <= allowed) => {
                    others.extend(rows);
                    break;
                }
                Err(halt) => return Err(halt),
            }
            let numbered = numbered.into_iter().zip(chosen);
            for ((relation, row), (pair, chosen)) in rows.into_iter().zip(numbered) {
                if products[chosen].is_proven(pair) {
                    others.push((relation, row));
                    continue;
                }
                for (rule, at, head) in readers.get(&relation).into_iter().flatten() {
                    let seeds = std::slice::from_ref(&row);
                    for lost in self.heads(*rule, Start::Atom(*at), seeds, View::Before)? {
                        self.suspect(candidates, *head, lost, None);
                    }
                }
                fallen.doomed.entry(relation).or_default().insert(row);
            }
        }
        if self.births {
            for (number, (relation, row)) in others.into_iter().enumerate() {
                let birth = self.relations[relation.index()].birth(&row).unwrap_or(0);
                let number = number as u32;
                candidates
                    .heap
                    .push(Reverse((birth, number, relation, row)));
            }
        }
        Ok(())
    }

    /// Judges candidates from the oldest to the youngest, and what loses a derivation with them. Returns whether it has
    /// judged all: a trial ends when most of the first ones are not sure to stay.
    fn judge_each(
        &mut self,
        stratum: &Stratum,
        candidates: &mut Candidates,
        fallen: &mut Fallen,
        trial: bool,
    ) -> Result<bool, Halt> {
        let readers = self.readers(stratum, true);
        let mut search = Search::default();
        let since = self.work();
        let (mut judged, mut unsure) = (0, 0);
        while let Some(Reverse((birth, _, relation, row))) = candidates.heap.pop() {
            if !self.relations[relation.index()].set.contains(&row) {
                continue;
            }
            if trial && judged >= TRIAL && unsure * 2 > judged {
                candidates.heap.push(Reverse((birth, 0, relation, row)));
                return Ok(false);
            }
            judged += 1;
            self.expect(since, judged, candidates.heap.len())?;
            let verdict = match self.births {
                false => self.judge(stratum, relation, &row, &mut search)?,
                true => match self.is_sure(relation, &row, birth, &fallen.doomed)? {
                    true => Verdict::Stays,
                    // What it may follow from is as old as itself, or there is nothing.
                    false => Verdict::Unknown,
                },
            };
            match verdict {
                Verdict::Stays => continue,
                Verdict::Falls => {}
                Verdict::Unknown => fallen.open.push((relation, row.clone())),
            }
            for (rule, at, head) in readers.get(&relation).into_iter().flatten() {
                let seeds = std::slice::from_ref(&row);
                for lost in self.heads(*rule, Start::Atom(*at), seeds, View::Before)? {
                    // What is not younger has a derivation without this row.
                    let later = self.births.then_some(birth + 1);
                    self.suspect_since(candidates, *head, lost, later);
                }
            }
            fallen.doomed.entry(relation).or_default().insert(row);
            unsure += 1;
        }
        Ok(true)
    }

    /// A row that was derived by way of one that is gone, or that has a later birth now.
    fn suspect(
        &self,
        candidates: &mut Candidates,
        relation: RelationId,
        row: Row,
        reborn: Option<u32>,
    ) {
        let birth = match self.blind && reborn.is_none() {
            true => 0,
            false => self.relations[relation.index()].birth(&row).unwrap_or(0),
        };
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

    /// Takes rows out; the births of those that may come back, where they are recorded.
    fn take_out(
        &mut self,
        doomed: &Doomed,
        open: &[(RelationId, Row)],
    ) -> FxHashMap<(RelationId, Row), u32> {
        let mut births = FxHashMap::default();
        for (id, row) in open {
            if let Some(birth) = self.relations[id.index()].birth(row) {
                births.insert((*id, row.clone()), birth);
            }
        }
        for (&id, rows) in doomed {
            for row in rows {
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

/// By row, which product to look for its proof with: of two, that in which more of the rows share its place.
fn suited(products: &[Product], rows: &[(RelationId, Row)]) -> Vec<usize> {
    if products.len() < 2 {
        return vec![0; rows.len()];
    }
    let mut counts: [FxHashMap<Code, usize>; 2] = Default::default();
    for (_, row) in rows {
        for (column, counts) in counts.iter_mut().enumerate() {
            *counts.entry(row[column]).or_default() += 1;
        }
    }
    let rows = rows.iter().map(|(_, row)| {
        let sharing = |column: usize| counts[column].get(&row[column]);
        usize::from(sharing(0) < sharing(1))
    });
    rows.collect()
}

/// Rows that were added, and those whose consequences are still to be drawn.
#[derive(Default)]
struct Raised {
    rows: FxHashMap<RelationId, FxHashSet<Row>>,
    queue: VecDeque<(RelationId, Row)>,
}
