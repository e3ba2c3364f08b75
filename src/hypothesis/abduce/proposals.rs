//! Sets of facts whose assumption could bring a goal about, found backwards from the goal.
//!
//! Tabled resolution with suspended calls (OLDT: Tamaki and Sato, 1986), where a call that fails may also be answered by
//! an assumption, as in abductive logic programming (Kakas, Kowalski and Toni, 1992). Every answer carries the facts it
//! assumes, an answer that assumes more than another of the same row is dropped (the labels of an assumption-based truth
//! maintenance system: de Kleer, 1986).
//!
//! What is assumed stays open in the columns that nothing has asked for yet ([`sketch`]), as in constructive abduction:
//! literals that are left fill them in, and only then are constants tried.
//!
//! Hopeful where the rules are not monotone: what holds now is taken to go on holding, a total that may change is taken
//! to have any value. Of what must stop holding, one proof is looked at, one of whose conditions has to break. So no set
//! that brings the goal about is missed: it contains a proposal, from which one can go on.

mod breaking;
mod candidates;
mod footprint;
mod literals;
mod sketch;
mod steps;
mod tables;
mod work;

use self::candidates::{AHEAD, Beside, Candidates, Jury, Tally, Tried, Verdict, verdict};
use self::footprint::Footprint;
pub(super) use self::footprint::Readers;
use self::sketch::{Assumed, Cell, Sketch, blanks_end, choices, filled};
use self::tables::{Call, Goal, Table};
use self::work::Work;
use super::super::trial::Trial;
use super::attempts::{Attempt, Seen};
use super::domain::Domains;
use super::labels::{Considered, Label, each_part};
use super::reach::{ByRelation, Reach, behind, read_by};
use crate::analysis::checked::{Atom, CheckedProgram, RelationId, Rule, RuleId, VarId};
use crate::engine::{Budget, Database, StopReason};
use crate::explain::{Case, Context, Fact, Meter, Solver, value};
use crate::storage::{Code, Dictionary, Rows};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

/// What is the same for all searches of one question.
pub(super) struct Terrain<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub reach: &'a Reach,
    /// The same by what is assumed.
    pub reaches: &'a ByRelation,
    pub domains: &'a Domains,
    /// By relation.
    pub assumable: &'a [bool],
    /// The rules that make a relation an equivalence; see [`equivalence_rules`].
    pub equivalences: &'a [Rule],
    pub readers: &'a Readers<'a>,
}

/// A case to search in, and the same to try sets on if it can be changed.
pub(super) struct Ground<'a> {
    pub case: &'a Case<'a>,
    pub trial: Option<Trial>,
    /// The same for another thread, and how many sets that achieve the aim are to be tried whole there.
    pub aside: Option<(&'a Mutex<Trial>, usize)>,
}

/// What is to come about.
pub(super) enum Aim<'a> {
    Row(&'a super::Goal),
    /// This instance of a constraint does not hold any more.
    Mend(RuleId, Box<[Option<Code>]>),
}

/// How far a search goes.
pub(super) struct Bounds<'a> {
    /// Facts in one set.
    pub most: usize,
    /// Proposals after which to leave off.
    pub enough: usize,
    /// Sets that bring the aim about: what has one of them as a part is no proposal.
    pub known: &'a FxHashSet<Label>,
}

/// What was proposed.
pub(super) struct Proposed {
    /// Minimal, smallest first.
    pub labels: Vec<Label>,
    /// Whether the search ended by itself.
    pub ended: bool,
    /// Sets that were tried whole meanwhile.
    pub seen: Vec<(Vec<Fact>, Attempt<Seen>)>,
}

/// Looks for proposals.
pub(super) fn propose(
    terrain: &Terrain,
    ground: Ground,
    aim: &Aim,
    bounds: Bounds,
    considered: &mut Considered,
    meter: &Meter,
) -> Proposed {
    let behind: Arc<[bool]> = match aim {
        Aim::Row(goal) => behind(terrain.program, [goal.relation]),
        Aim::Mend(constraint, _) => {
            let read = read_by(&terrain.program[*constraint].body);
            behind(terrain.program, read)
        }
    }
    .into();
    let tally = Tally::default();
    let (sender, sets) = mpsc::sync_channel(AHEAD);
    thread::scope(|scope| {
        let beside = match (aim, ground.aside) {
            (Aim::Row(goal), Some((fork, whole))) => {
                let beside = Beside {
                    goal,
                    behind: &behind,
                    whole,
                    enough: bounds.enough,
                    budget: Budget {
                        rows: Some(meter.left()),
                        ..meter.rest()
                    },
                    tally: &tally,
                };
                // Where the system refuses a thread, they are tried here.
                thread::Builder::new()
                    .spawn_scoped(scope, move || beside.run(fork, &sets))
                    .ok()
            }
            _ => None,
        };
        let jury = match &beside {
            Some(_) => Jury::Beside(sender),
            None => Jury::Here(ground.trial.map(Box::new)),
        };
        let part = meter.part(u64::MAX);
        let alone = bounds.known.iter().filter(|label| label.len() == 1);
        let search = Search {
            terrain,
            case: ground.case,
            most: bounds.most,
            known: bounds.known,
            enough_alone: alone.flat_map(|label| considered.facts(label)).collect(),
            considered,
            meter: &part,
            tables: Vec::new(),
            by_goal: FxHashMap::default(),
            agenda: vec![VecDeque::new(); bounds.most + 1],
            rows: FxHashMap::default(),
            aim,
            root: 0,
            harvested: 0,
            candidates: Candidates::default(),
            jury,
            tally: &tally,
            behind: &behind,
            decided: FxHashSet::default(),
            pursued: FxHashMap::default(),
            footprints: FxHashMap::default(),
            asked: FxHashMap::default(),
        };
        let (candidates, ended) = search.search(bounds.enough);
        // A panic there is one here.
        let tried = beside.map(|thread| match thread.join() {
            Ok(tried) => tried,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let Tried {
            verdicts,
            seen,
            stopped,
        } = tried.unwrap_or_default();
        let late = meter.part(u64::MAX);
        let judge = |label: &Label| match (aim, ground.aside) {
            (Aim::Row(goal), Some((fork, _))) if stopped.is_none() => {
                let set = considered.facts(label);
                let holds = |database: &Database| database.has(goal.relation, &goal.pattern);
                let verdict = verdict(&mut fork.lock(), &set, &behind, &late, holds);
                late.stopped().is_none().then_some(verdict)
            }
            _ => None,
        };
        let settled = candidates.settle(&verdicts, judge, bounds.enough, part.rows());
        let stopped = stopped.or(late.stopped());
        if let Some(considered_then) = settled.considered {
            considered.forget_since(considered_then);
        }
        let was_stopped = part.stopped().or(stopped);
        let ran_out = |reason: &StopReason| *reason == StopReason::Rows;
        // Rows that were looked at when there was enough already do not count.
        if let Some(reason) =
            was_stopped.filter(|one| settled.considered.is_none() || !ran_out(one))
        {
            meter.stop(reason);
        }
        meter.spend_all(settled.rows);
        Proposed {
            labels: minimal(settled.labels),
            ended: ended && settled.considered.is_none(),
            seen,
        }
    })
}

struct Search<'a, 's> {
    terrain: &'s Terrain<'a>,
    case: &'s Case<'s>,
    most: usize,
    known: &'s FxHashSet<Label>,
    /// What is such a set by itself.
    enough_alone: FxHashSet<Fact>,
    considered: &'s mut Considered,
    meter: &'s Meter,
    tables: Vec<Table<'a>>,
    by_goal: FxHashMap<Call, usize>,
    /// By the size of the sketch: small ones first, so that few answers are superseded.
    agenda: Vec<VecDeque<Work<'a>>>,
    /// Rows that were looked up.
    rows: FxHashMap<(RelationId, Vec<Option<Code>>), Rc<Rows>>,
    aim: &'s Aim<'s>,
    root: usize,
    /// By relation: the aim depends on it.
    behind: &'s Arc<[bool]>,
    /// How many answers of the root were made into proposals.
    harvested: usize,
    candidates: Candidates,
    jury: Jury,
    tally: &'s Tally,
    /// Sets to which nothing can be added that were looked at.
    decided: FxHashSet<Label>,
    /// Steps with a set to which nothing can be added.
    pursued: FxHashMap<Sketch, u32>,
    /// Of sets to which nothing can be added.
    footprints: FxHashMap<Sketch, Rc<Footprint>>,
    /// Questions about those that were not followed.
    asked: FxHashMap<Sketch, u32>,
}

impl<'a> Search<'a, '_> {
    /// What it came to, and whether it ended by itself.
    fn search(mut self, enough: usize) -> (Candidates, bool) {
        self.root = match self.aim {
            Aim::Row(goal) => self.table(Goal::Rows(goal.relation, goal.pattern.clone()), None),
            Aim::Mend(constraint, values) => {
                let root = self.table(Goal::Mend, None);
                let rule = &self.terrain.program[*constraint];
                self.break_body(root, &rule.body, &rule.variables, values, None);
                root
            }
        };
        let ended = self.run(enough);
        (self.candidates, ended)
    }

    /// False: there was enough before the end.
    fn run(&mut self, enough: usize) -> bool {
        while let Some(work) = self.next() {
            if !self.harvest(enough) || self.candidates.had_enough(self.tally, enough) {
                return false;
            }
            if !self.meter.spend() || self.is_overdrawn() {
                return true;
            }
            if self.pursue(&work) {
                self.step(work);
            }
        }
        self.harvest(enough)
    }

    /// What is whole is looked at first, and what is not in the order in which it was come to: short ways are found before
    /// long ones, of which there may be too many.
    fn next(&mut self) -> Option<Work<'a>> {
        let (whole, parts) = self.agenda.split_last_mut()?;
        let mut parts = parts.iter_mut();
        whole
            .pop_back()
            .or_else(|| parts.find_map(VecDeque::pop_front))
    }

    /// Whether to go on with a body. What a set to which nothing can be added leads to is looked for in so many steps;
    /// then it is cheaper to try the set.
    fn pursue(&mut self, work: &Work) -> bool {
        const STEPS: u32 = 32;
        let set = match work.sketch.len() < self.most {
            true => self.tables[work.table].call.scope.as_ref(),
            false => Some(&work.sketch),
        };
        let Some(set) = set.filter(|set| sketch::is_told(set)).cloned() else {
            return true;
        };
        let steps = self.pursued.entry(set.clone()).or_default();
        *steps += 1;
        if *steps == STEPS
            && let Some(facts) = sketch::facts(&set)
        {
            self.propose(facts);
            return false;
        }
        *steps < STEPS
    }

    /// Makes proposals of what the root was answered. False: there is enough, and more may come.
    fn harvest(&mut self, enough: usize) -> bool {
        while let Some((_, sketch)) = self.tables[self.root].answers.get(self.harvested) {
            let sketch = sketch.clone();
            self.harvested += 1;
            if !self.fill_in(&sketch, enough) {
                return false;
            }
        }
        true
    }

    /// Every set that a sketch stands for.
    fn fill_in(&mut self, sketch: &[Assumed], enough: usize) -> bool {
        if let Some(facts) = sketch::facts(sketch) {
            let (rows, considered) = (self.meter.rows(), self.considered.len());
            self.candidates.mark(rows, considered);
            if self.candidates.had_enough(self.tally, enough) {
                return false;
            }
            self.propose(facts);
            return true;
        }
        let blank = blanks_end(sketch) - 1;
        choices(sketch, blank, self.terrain.domains)
            .into_iter()
            .all(|code| {
                let filled = filled(sketch, blank, Cell::Known(code));
                self.meter.spend() && self.fill_in(&filled, enough)
            })
    }

    /// A set to which nothing can be added any more does it or does not.
    fn propose(&mut self, facts: Vec<Fact>) {
        if facts.iter().any(|fact| self.case.holds(fact)) {
            return;
        }
        let numbers = facts.into_iter().map(|fact| self.considered.number(fact));
        let mut label: Vec<u32> = numbers.collect();
        label.sort_unstable();
        label.dedup();
        let label: Label = label.into();
        let known = self.known;
        if !self.decided.insert(label.clone())
            || each_part(&label, &mut |part| known.contains(part))
        {
            return;
        }
        let verdict = match label.len() < self.most {
            true => Verdict::UNTRIED,
            false => {
                let facts = self.considered.facts(&label);
                if let Jury::Beside(sets) = &self.jury {
                    // Who tries them may have heard enough.
                    let _ = sets.send(facts);
                    return self.candidates.sent(label);
                }
                self.verdict(&facts)
            }
        };
        self.tally.spend(verdict.work);
        self.candidates.judged(label, verdict);
    }

    /// Whether the tries have used up what the search has left.
    fn is_overdrawn(&self) -> bool {
        if self.tally.work() <= self.meter.left() {
            return false;
        }
        self.meter.stop(StopReason::Rows);
        true
    }

    /// The rows of the case that agree.
    fn matching(&mut self, relation: RelationId, pattern: &[Option<Code>]) -> Rc<Rows> {
        let facts = self.case.context(self.meter).facts;
        let key = (relation, pattern.to_vec());
        let rows = self
            .rows
            .entry(key)
            .or_insert_with(|| Rc::new(facts.matching(relation, pattern)));
        rows.clone()
    }

    /// The first of the rows of the case that agree.
    fn first(&self, relation: RelationId, pattern: &[Option<Code>]) -> Option<Vec<Code>> {
        let facts = self.case.context(self.meter).facts;
        let row: Option<Vec<Code>> = pattern.iter().copied().collect();
        match row {
            Some(row) => facts.contains(relation, &row).then_some(row),
            None => facts.matching(relation, pattern).iter().next(),
        }
    }

    fn pattern(&self, atom: &Atom, values: &[Option<Code>]) -> Vec<Option<Code>> {
        let value = |arg| value(arg, values, self.terrain.dictionary).ok();
        atom.args.iter().map(value).collect()
    }

    /// What a try here says.
    fn verdict(&mut self, set: &[Fact]) -> Verdict {
        let Jury::Here(Some(trial)) = &mut self.jury else {
            return Verdict::UNTRIED;
        };
        let meter = Meter::new(&Budget {
            rows: Some(self.meter.left().saturating_sub(self.tally.work())),
            ..self.meter.rest()
        });
        let verdict = match self.aim {
            Aim::Row(goal) => {
                let holds = |database: &Database| database.has(goal.relation, &goal.pattern);
                verdict(trial, set, self.behind, &meter, holds)
            }
            Aim::Mend(constraint, values) => {
                let rule = &self.terrain.program[*constraint];
                let mends = |database: &Database| {
                    let context = Context {
                        facts: database,
                        dictionary: self.terrain.dictionary,
                        ..self.case.context(&meter)
                    };
                    let named = values
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| !rule.variables[*at].synthetic);
                    let mut solver = Solver::new(context, &rule.body, &rule.variables);
                    for (at, code) in named {
                        if let Some(code) = code {
                            solver = solver.with(VarId(at as u32), *code);
                        }
                    }
                    solver.next().is_none()
                };
                verdict(trial, set, self.behind, &meter, mends)
            }
        };
        if let Some(reason) = meter.stopped() {
            self.meter.stop(reason);
        }
        verdict
    }
}

/// None within another, smallest first.
fn minimal(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    labels.dedup();
    let mut kept: Vec<Label> = Vec::new();
    let mut known: FxHashSet<Label> = FxHashSet::default();
    for label in labels {
        if !each_part(&label, &mut |part| known.contains(part)) {
            known.insert(label.clone());
            kept.push(label);
        }
    }
    kept
}
