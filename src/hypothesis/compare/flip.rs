//! The smallest changes that put another contender first.
//!
//! Sets are tried by size, none that contains one found before: exact over what is tried, within the size and the number
//! of trials that the answer names.

use super::contender::{Stand, Tried};
use super::evidence::{Altered, Cell, Evidence, Gathered, Inquiry, Subject, Table, merged};
use super::foresight::Foreseen;
use super::score::{Ahead, Numbers, Score, class, inconsistency, scores};
use super::standing::{Depth, Outlook};
use crate::evidence::ClaimId;
use crate::explain::Fact;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::rc::Rc;

/// One part of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Withdraw the evidence in this column.
    Withdraw(usize),
    /// Find this fact.
    Find(Fact),
}

#[derive(Clone, Copy, Debug)]
pub struct FlipBound {
    /// Changes at once.
    pub size: usize,
    /// Worlds that single changes may take: one for each piece of evidence that is withdrawn besides.
    pub single: usize,
    /// The same of more changes at once; a size that may take more is not begun.
    pub more: usize,
}

#[derive(Clone, Debug)]
pub struct Flips {
    /// Minimal sets, smallest first, each with who is ahead then.
    pub sets: Vec<(Vec<Change>, Ahead)>,
    /// All sets of up to so many changes were tried.
    pub complete_to: usize,
    /// Facts among the changes.
    pub findings: usize,
}

/// Sets that are tried ahead.
const AT_ONCE: usize = 512;

/// What changes are tried on.
pub struct Stage<'s, 'a, E> {
    inquiry: &'s Inquiry<'s, 'a, E>,
    table: &'s Table,
    /// By first claim: what was made of it for some table.
    columns: RefCell<FxHashMap<ClaimId, Rc<Numbered>>>,
    numbers: RefCell<Numbers<'s>>,
    /// Columns of the table in which somebody judged.
    judged: Vec<Numbered>,
}

struct Numbered {
    /// See [`Numbers`].
    number: usize,
    evidence: Evidence,
}

impl<'s, 'a, E> Stage<'s, 'a, E> {
    pub fn new(inquiry: &'s Inquiry<'s, 'a, E>, table: &'s Table) -> Stage<'s, 'a, E> {
        let mut numbers = Numbers::new(inquiry.claims, inquiry.sources);
        let is_judged = |one: &&Evidence| {
            let mut cells = one.cells.iter();
            cells.any(|cell| matches!(cell, Cell::Judged(_)))
        };
        let judged = table.evidence.iter().filter(is_judged);
        // A source that has no column in this table may have one in another.
        let subject = |evidence: &Evidence| match &evidence.subject {
            Subject::Label(label) => inquiry.sources.find(label).map(Subject::Root),
            Subject::Claim(_) | Subject::Root(_) => None,
        };
        let judged = judged.map(|evidence| Numbered {
            number: numbers.of(evidence),
            evidence: Evidence {
                subject: subject(evidence).unwrap_or_else(|| evidence.subject.clone()),
                ..evidence.clone()
            },
        });
        Stage {
            inquiry,
            table,
            columns: RefCell::default(),
            judged: judged.collect(),
            numbers: RefCell::new(numbers),
        }
    }

    /// How each scores in the table.
    pub fn scores(&self) -> Vec<Score> {
        let Inquiry {
            contenders,
            claims,
            sources,
            budget,
            ..
        } = self.inquiry;
        let stands = contenders.iter();
        let stands: Vec<(Stand, usize)> = stands
            .map(|one| (one.stand(budget), one.assumed_without(&[], &[])))
            .collect();
        scores(self.table, &stands, claims, sources)
    }

    /// Who is of the best class when something is altered; nobody where none holds.
    fn first(&self, altered: &Altered) -> Result<Vec<usize>, E> {
        let Inquiry { meter, budget, .. } = self.inquiry;
        let mut classes = Vec::new();
        for contender in self.inquiry.contenders {
            let change = contender.told(&altered.withdrawn, &altered.found);
            let known = contender.outcome(&change, Depth::Outcome, meter, budget)?;
            classes.push(class(known.holds, known.violated));
        }
        let best = classes.iter().min().copied().filter(|(fails, _)| !fails);
        let first = (0..classes.len()).filter(|&at| Some(classes[at]) == best);
        Ok(first.collect())
    }

    /// Who is ahead in the table that is made anew when something is altered. `outlook`: how a contender stands without the
    /// evidence of a column besides, if that is at hand.
    fn ahead_in(
        &self,
        altered: &Altered,
        outlook: &dyn Fn(usize, &Evidence) -> Option<Outlook>,
    ) -> Result<Ahead, E> {
        let first = self.first(altered)?;
        match first[..] {
            [] => return Ok(Ahead::Nobody),
            [alone] => return Ok(Ahead::One(alone)),
            _ => {}
        }
        let gathered = self.inquiry.gather(altered, &self.table.turning)?;
        let columns = self.columns_of(&gathered, altered);
        let mut scores = Vec::new();
        for &at in &first {
            let mut against = Vec::new();
            for column in &columns {
                let judged = self.judged.iter();
                let judged = judged.filter(|one| one.evidence.subject == column.evidence.subject);
                let mut cells = judged.map(|one| one.evidence.cells[at]);
                if cells.any(|cell| matches!(cell, Cell::Judged(_))) {
                    continue;
                }
                let withdrawn = &column.evidence.claims;
                let outlook = outlook(at, &column.evidence);
                let inquiry = self.inquiry;
                if inquiry.speaks_against(at, withdrawn, altered, &gathered, outlook)? {
                    against.push((column.number, column.evidence.weight));
                }
            }
            for Numbered { number, evidence } in &self.judged {
                let is_gone = |claim: &ClaimId| altered.withdrawn.binary_search(claim).is_ok();
                let is_left = evidence.claims.is_empty() || !evidence.claims.iter().all(is_gone);
                if is_left && let Cell::Judged(judgement) = evidence.cells[at] {
                    let mut columns = columns.iter().map(|column| &column.evidence);
                    let column = columns.find(|column| column.subject == evidence.subject);
                    let weight = column.map_or(evidence.weight_alone, |column| column.weight);
                    against.push((*number, judgement.against() * weight));
                }
            }
            let contender = &self.inquiry.contenders[at];
            scores.push(Score {
                stand: gathered.states[at].stand,
                inconsistency: inconsistency(against.into_iter()),
                assumed: contender.assumed_without(&altered.withdrawn, &altered.found),
            });
        }
        Ok(match Ahead::of(&scores) {
            Ahead::One(at) => Ahead::One(first[at]),
            level => level,
        })
    }

    fn columns_of(&self, gathered: &Gathered, altered: &Altered) -> Vec<Rc<Numbered>> {
        let mut numbers = self.numbers.borrow_mut();
        let mut numbered = |evidence: Evidence| {
            let number = numbers.of(&evidence);
            Rc::new(Numbered { number, evidence })
        };
        // What roots weigh depends on what is used.
        if self.inquiry.view.fold {
            let columns = self.inquiry.columns(gathered, altered).into_iter();
            return columns.map(numbered).collect();
        }
        let mut known = self.columns.borrow_mut();
        let mut columns = Vec::new();
        for &id in &gathered.ids {
            let column = known.entry(id).or_insert_with(|| {
                let mut evidence = self.inquiry.columns_of(&[id], &|_| true, &|_| true);
                numbered(evidence.remove(0))
            });
            columns.push(column.clone());
        }
        columns
    }

    /// Who leads after each of some sets of changes; of fewer when the meter stops.
    fn each_ahead(&self, sets: &[Vec<usize>], changes: &[Change]) -> Result<Vec<Ahead>, E> {
        let (meter, budget) = (self.inquiry.meter, self.inquiry.budget);
        let altered = sets.iter().map(|set| self.altered(set, changes));
        let altered: Vec<Altered> = altered.collect();
        self.inquiry.ahead(|contender| {
            let told = altered
                .iter()
                .map(|one| contender.told(&one.withdrawn, &one.found));
            told.map(|change| Foreseen {
                change,
                depth: Depth::Outcome,
            })
            .collect()
        });
        let mut open = Vec::new();
        for (at, one) in altered.iter().enumerate() {
            if meter.stopped().is_some() {
                return Ok(Vec::new());
            }
            if self.first(one)?.len() > 1 {
                open.push(at);
            }
        }
        // Cells of the tables that are made anew.
        let is_withdrawal = |change: &&Change| matches!(change, Change::Withdraw(_));
        let columns = changes.iter().filter(is_withdrawal).count();
        let mut places: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
        let mut further: Vec<Altered> = Vec::new();
        for set in open.iter().map(|&at| &sets[at]) {
            for column in 0..columns {
                if let Some(larger) = with(set, column)
                    && let Entry::Vacant(vacant) = places.entry(larger)
                {
                    further.push(self.altered(vacant.key(), changes));
                    vacant.insert(further.len() - 1);
                }
            }
        }
        let outlooks: Vec<Vec<Option<Outlook>>> = self.inquiry.each(|contender, meter| {
            let told = |one: &Altered| contender.told(&one.withdrawn, &one.found);
            let further: Vec<Tried> = further.iter().map(told).collect();
            let larger = further
                .iter()
                .map(|change| (change.clone(), Depth::Support));
            let mut asked: Vec<(Tried, Depth)> = larger.collect();
            for altered in open.iter().map(|&at| &altered[at]) {
                asked.push((told(altered), Depth::Table));
                let returns = contender.returns(&altered.withdrawn, &altered.found);
                asked.extend(returns.into_iter().map(|change| (change, Depth::Outcome)));
            }
            let asked = asked.into_iter();
            let asked = asked.map(|(change, depth)| Foreseen { change, depth });
            contender.foresee(&asked.collect::<Vec<_>>(), meter, budget);
            for altered in open.iter().map(|&at| &altered[at]) {
                if meter.stopped().is_none() {
                    // What goes wrong is found by who asks again.
                    let _ = contender.blocking(&told(altered), meter, budget);
                }
            }
            let known = |change: &Tried| Some(contender.known(change, Depth::Support)?.outlook());
            further.iter().map(known).collect()
        });
        let mut column_of: FxHashMap<&[ClaimId], usize> = FxHashMap::default();
        for (at, change) in changes.iter().enumerate().take(columns) {
            if let Change::Withdraw(column) = change {
                column_of.insert(&self.table.evidence[*column].claims, at);
            }
        }
        let mut ahead = Vec::new();
        for (altered, set) in altered.iter().zip(sets) {
            if meter.stopped().is_some() {
                break;
            }
            let outlook = |at: usize, evidence: &Evidence| {
                let larger = with(set, *column_of.get(&*evidence.claims)?)?;
                outlooks.get(at)?[*places.get(&larger)?]
            };
            ahead.push(self.ahead_in(altered, &outlook)?);
        }
        Ok(ahead)
    }

    fn altered(&self, set: &[usize], changes: &[Change]) -> Altered {
        let mut altered = Altered::default();
        for &at in set {
            match &changes[at] {
                Change::Withdraw(column) => {
                    let claims = &self.table.evidence[*column].claims;
                    altered.withdrawn = merged(&altered.withdrawn, claims);
                }
                Change::Find(fact) => altered.found.push(fact.clone()),
            }
        }
        altered
    }
}

/// Smallest sets of withdrawals from a table and of findings, mixed, that put another one first. `findings` are tried as
/// wholes too where they are larger.
pub fn flips<E>(stage: &Stage<E>, findings: &[Vec<Fact>], bound: FlipBound) -> Result<Flips, E> {
    let mut changes: Vec<Change> = (0..stage.table.evidence.len())
        .filter(|&at| !stage.table.evidence[at].claims.is_empty())
        .map(Change::Withdraw)
        .collect();
    let withdrawals = changes.len();
    for fact in findings.iter().flatten() {
        let find = Change::Find(fact.clone());
        if !changes[withdrawals..].contains(&find) {
            changes.push(find);
        }
    }
    let mut search = Search {
        stage,
        now: Ahead::of(&stage.scores()),
        found: Vec::new(),
        sets: Vec::new(),
    };
    let mut complete_to = 0;
    let mut worlds = 0_usize;
    'sizes: for size in 1..=bound.size {
        let most = match size {
            1 => bound.single,
            _ if worlds.saturating_add(sets_of(changes.len(), size + 1)) > bound.more => break,
            _ => usize::MAX,
        };
        let mut digits: Vec<usize> = (0..size).collect();
        loop {
            let mut sets = Vec::new();
            while digits.last().is_some_and(|&last| last < changes.len()) && sets.len() < AT_ONCE {
                if worlds >= most {
                    break 'sizes;
                }
                if !search.is_known(&digits) {
                    worlds = worlds.saturating_add(changes.len() - digits[size - 1]);
                    sets.push(digits.clone());
                }
                advance(&mut digits, changes.len());
            }
            if sets.is_empty() {
                break;
            }
            let ahead = stage.each_ahead(&sets, &changes)?;
            for (set, then) in sets.iter().zip(&ahead) {
                search.note(set, *then, &changes);
            }
            if ahead.len() < sets.len() {
                break 'sizes;
            }
        }
        complete_to = size;
    }
    for facts in findings.iter().filter(|facts| facts.len() > complete_to) {
        let is_among = |(_, change): &(usize, &Change)| matches!(change, Change::Find(fact) if facts.contains(fact));
        let set: Vec<usize> = (changes.iter().enumerate())
            .filter(is_among)
            .map(|(at, _)| at)
            .collect();
        if !search.is_known(&set) {
            search.try_set(&set, &changes)?;
        }
    }
    Ok(Flips {
        sets: search.sets,
        complete_to,
        findings: changes.len() - withdrawals,
    })
}

struct Search<'t, 's, 'a, E> {
    stage: &'t Stage<'s, 'a, E>,
    /// As it is.
    now: Ahead,
    /// Sets that put another one first, by the places of their changes, ascending.
    found: Vec<Vec<usize>>,
    sets: Vec<(Vec<Change>, Ahead)>,
}

impl<E> Search<'_, '_, '_, E> {
    /// Whether a part of a set is enough.
    fn is_known(&self, set: &[usize]) -> bool {
        let mut found = self.found.iter();
        found.any(|part| part.iter().all(|at| set.contains(at)))
    }

    fn try_set(&mut self, set: &[usize], changes: &[Change]) -> Result<(), E> {
        let altered = self.stage.altered(set, changes);
        let then = self.stage.ahead_in(&altered, &|_, _| None)?;
        self.note(set, then, changes);
        Ok(())
    }

    fn note(&mut self, set: &[usize], then: Ahead, changes: &[Change]) {
        if then.leader() != self.now.leader() {
            let changes = set.iter().map(|&at| changes[at].clone()).collect();
            self.sets.push((changes, then));
            self.found.push(set.to_vec());
        }
    }
}

/// How many sets of so many there are.
fn sets_of(of: usize, size: usize) -> usize {
    (0..size).fold(1, |sets: usize, at| {
        sets.saturating_mul(of.saturating_sub(at)) / (at + 1)
    })
}

/// The next combination in lexicographic order; past the last one, its last digit is out of range.
fn advance(digits: &mut [usize], count: usize) {
    let size = digits.len();
    for at in (0..size).rev() {
        if digits[at] + (size - at) < count || at == 0 {
            digits[at] += 1;
            for later in at + 1..size {
                digits[later] = digits[later - 1] + 1;
            }
            return;
        }
    }
}

/// A set, which is ascending, with one more; `None`: it is there.
fn with(set: &[usize], one: usize) -> Option<Vec<usize>> {
    let place = set.binary_search(&one).err()?;
    Some([&set[..place], &[one], &set[place..]].concat())
}
