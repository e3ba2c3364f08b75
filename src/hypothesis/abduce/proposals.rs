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
mod footprint;
mod literals;
mod sketch;
mod steps;
mod tables;
mod work;

use self::footprint::Footprint;
pub(super) use self::footprint::Readers;
use self::sketch::{Assumed, Cell, Sketch, blanks_end, choices, filled};
use self::tables::{Call, Goal, Table};
use self::work::Work;
use super::super::trial::Trial;
use super::domain::Domains;
use super::labels::{Considered, Label, each_part};
use super::reach::{ByRelation, Reach, behind, read_by};
use crate::analysis::checked::{Atom, CheckedProgram, RelationId, Rule, RuleId, VarId};
use crate::explain::{Case, Context, Fact, Meter, Solver, value};
use crate::storage::{Code, Dictionary, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

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

/// Minimal proposals, smallest first, and whether the search ended by itself.
pub(super) fn propose(
    terrain: &Terrain,
    ground: Ground,
    aim: &Aim,
    bounds: Bounds,
    considered: &mut Considered,
    meter: &Meter,
) -> (Vec<Label>, bool) {
    let Ground { case, trial } = ground;
    let Bounds {
        most,
        enough,
        known,
    } = bounds;
    let alone = known.iter().filter(|label| label.len() == 1);
    let mut search = Search {
        terrain,
        case,
        most,
        known,
        enough_alone: alone.flat_map(|label| considered.facts(label)).collect(),
        considered,
        meter,
        tables: Vec::new(),
        by_goal: FxHashMap::default(),
        agenda: vec![VecDeque::new(); most + 1],
        rows: FxHashMap::default(),
        aim,
        root: 0,
        harvested: 0,
        proposals: Vec::new(),
        trial,
        behind: match aim {
            Aim::Row(goal) => behind(terrain.program, [goal.relation]),
            Aim::Mend(constraint, _) => {
                let read = read_by(&terrain.program[*constraint].body);
                behind(terrain.program, read)
            }
        }
        .into(),
        decided: FxHashSet::default(),
        pursued: FxHashMap::default(),
        footprints: FxHashMap::default(),
        asked: FxHashMap::default(),
    };
    search.root = match aim {
        Aim::Row(goal) => search.table(Goal::Rows(goal.relation, goal.pattern.clone()), None),
        Aim::Mend(constraint, values) => {
            let root = search.table(Goal::Mend, None);
            let rule = &terrain.program[*constraint];
            search.break_body(root, &rule.body, &rule.variables, values, None);
            root
        }
    };
    let ended = search.run(enough);
    (search.labels(), ended)
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
    trial: Option<Trial>,
    /// By relation: the aim depends on it.
    behind: Arc<[bool]>,
    /// How many answers of the root were made into proposals.
    harvested: usize,
    proposals: Vec<Label>,
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
    /// False: there was enough before the end.
    fn run(&mut self, enough: usize) -> bool {
        while let Some(work) = self.next() {
            if !self.harvest(enough) {
                return false;
            }
            if !self.meter.spend() {
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
            if self.proposals.len() >= enough {
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
        if label.len() < self.most || self.achieves(&self.considered.facts(&label)) {
            self.proposals.push(label);
        }
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

    /// The proposals, none within another, smallest first.
    fn labels(&self) -> Vec<Label> {
        let mut labels = self.proposals.clone();
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

    fn pattern(&self, atom: &Atom, values: &[Option<Code>]) -> Vec<Option<Code>> {
        let value = |arg| value(arg, values, self.terrain.dictionary).ok();
        atom.args.iter().map(value).collect()
    }

    /// Whether assuming some facts is enough. Where only a run has to tell: let it be tried.
    fn achieves(&mut self, assumed: &[Fact]) -> bool {
        let Terrain {
            program,
            dictionary,
            ..
        } = self.terrain;
        let Some(trial) = &mut self.trial else {
            return true;
        };
        if trial
            .make(assumed, &[], Some(&self.behind), self.meter)
            .is_err()
        {
            return true;
        }
        let achieved = match self.aim {
            Aim::Row(goal) => {
                let matching = trial.database().matching(goal.relation, &goal.pattern);
                !matching.is_empty()
            }
            Aim::Mend(constraint, values) => {
                let rule = &program[*constraint];
                let context = Context {
                    facts: trial.database(),
                    dictionary,
                    ..self.case.context(self.meter)
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
            }
        };
        trial.take_back();
        achieved
    }
}
