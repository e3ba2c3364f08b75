//! What is asked on the way, each once: the answers found so far, and who waits for more.

use super::super::reach::Reach;
use super::sketch::{self, Assumed, Cell, Sketch, canonical};
use super::work::{Short, Work};
use super::{Search, Terrain};
use crate::analysis::checked::{RelationId, RelationKind};
use crate::explain::{Bindings, Fact, is_pattern};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use smallvec::smallvec;
use std::rc::Rc;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Rows that agree and are not there.
    Rows(RelationId, Vec<Option<Code>>),
    /// The fact, which holds, does not.
    Break(Fact),
    /// The aggregate, named by its address in the program, has another value for the group with these outer values.
    Shift(usize, Vec<Option<Code>>),
    Mend,
}

/// Blanks are those of the sketch that goes with it.
pub(super) type Row = Rc<[Cell]>;

/// A goal, and what may be assumed on the way to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub goal: Goal,
    /// Facts that these stand for; `None`: any.
    pub scope: Option<Sketch>,
}

pub(super) struct Table<'a> {
    pub call: Call,
    pub answers: Vec<(Row, Sketch)>,
    by_row: FxHashMap<Row, Vec<Sketch>>,
    consumers: Vec<Consumer<'a>>,
}

pub(super) enum Consumer<'a> {
    /// Goes on with this literal of the body answered.
    Resume(Box<Work<'a>>, usize),
    /// Hands the sketch on as an answer without columns.
    Forward(usize),
}

impl Terrain<'_> {
    pub(super) fn reaches(&self, scope: Option<&[Assumed]>, what: impl Fn(&Reach) -> bool) -> bool {
        match scope {
            None => what(self.reach),
            Some(scope) => {
                let mut reaches = scope.iter().map(|one| &self.reaches[&one.relation]);
                reaches.any(what)
            }
        }
    }
}

impl<'a> Search<'a, '_> {
    pub(super) fn table(&mut self, goal: Goal, scope: Option<Sketch>) -> usize {
        let call = Call { goal, scope };
        if let Some(&known) = self.by_goal.get(&call) {
            return known;
        }
        let at = self.tables.len();
        self.by_goal.insert(call.clone(), at);
        self.tables.push(Table {
            call: call.clone(),
            answers: Vec::new(),
            by_row: FxHashMap::default(),
            consumers: Vec::new(),
        });
        match call.goal {
            Goal::Rows(relation, pattern) => self.open_rows(at, relation, &pattern),
            Goal::Break(fact) => self.open_break(at, &fact),
            Goal::Shift(..) | Goal::Mend => {}
        }
        at
    }

    fn open_rows(&mut self, table: usize, relation: RelationId, pattern: &[Option<Code>]) {
        let terrain = self.terrain;
        let rules = self
            .case
            .rules_of(relation)
            .iter()
            .map(|&id| &terrain.program[id]);
        let equivalences = terrain.equivalences.iter().filter(|rule| {
            rule.head
                .as_ref()
                .is_some_and(|head| head.relation == relation)
        });
        for rule in rules.chain(equivalences) {
            let Some(head) = rule.head.as_ref().filter(|_| !rule.body.is_empty()) else {
                continue;
            };
            let mut work = Work {
                table,
                head: Some(head),
                body: &rule.body,
                variables: &rule.variables,
                values: smallvec![None; rule.variables.len()],
                vague: smallvec![false; rule.variables.len()],
                blanks: smallvec![None; rule.variables.len()],
                left: (0..rule.body.len()).collect(),
                put_off: Short::new(),
                sketch: Rc::from([]),
                row: Vec::new(),
            };
            let fits = head.args.iter().zip(pattern).all(|(arg, code)| match code {
                Some(code) if is_pattern(arg, &Bindings::of(&work.values)) => {
                    work.unify(arg, *code, terrain)
                }
                _ => true,
            });
            if fits {
                self.agenda[0].push_back(work);
            }
        }
        let scope = self.tables[table].call.scope.clone();
        for assumed in self.assumptions(relation, pattern, scope.as_deref()) {
            self.answer(table, assumed.cells.clone(), &[assumed]);
        }
    }

    /// What may be assumed of the facts that agree: one with blanks, or what a scope leaves of it.
    pub(super) fn assumptions(
        &self,
        relation: RelationId,
        pattern: &[Option<Code>],
        scope: Option<&[Assumed]>,
    ) -> Vec<Assumed> {
        let found: Vec<Assumed> = match scope {
            _ if self.most == 0 || !self.terrain.assumable[relation.index()] => Vec::new(),
            None => vec![Assumed::matching(relation, pattern)],
            Some(scope) => {
                let of = scope.iter().filter(|one| one.relation == relation);
                let domains = self.terrain.domains;
                of.filter_map(|one| one.narrowed(pattern, domains))
                    .collect()
            }
        };
        let open = |one: &Assumed| one.fact().is_none_or(|fact| !self.case.holds(&fact));
        found.into_iter().filter(open).collect()
    }

    /// Goes on with a literal, taken off the work already, assumed.
    pub(super) fn assume(
        &mut self,
        work: &Work<'a>,
        literal: usize,
        relation: RelationId,
        pattern: &[Option<Code>],
        scope: Option<&[Assumed]>,
    ) {
        for assumed in self.assumptions(relation, pattern, scope) {
            let row = assumed.cells.clone();
            self.resume(work, literal, &row, &[assumed]);
        }
    }

    /// What may be assumed in addition to a sketch, within the scope of the table it is for.
    pub(super) fn scope_of(&self, work: &Work) -> Option<Sketch> {
        match work.sketch.len() < self.most {
            true => self.tables[work.table].call.scope.clone(),
            // Nothing but what the sketch stands for.
            false => Some(canonical(Rc::from([]), &work.sketch).1),
        }
    }

    /// Whether what a table may assume reaches something.
    pub(super) fn reaches(&self, table: usize, what: impl Fn(&Reach) -> bool) -> bool {
        self.terrain
            .reaches(self.tables[table].call.scope.as_deref(), what)
    }

    /// Whether what may be assumed in addition to a sketch reaches something.
    pub(super) fn may_reach(&self, work: &Work, what: impl Fn(&Reach) -> bool) -> bool {
        match work.sketch.len() < self.most {
            true => self.reaches(work.table, what),
            false => self.terrain.reaches(Some(&work.sketch), what),
        }
    }

    /// Whether rows of a relation may follow from others.
    pub(super) fn is_derived(&self, relation: RelationId) -> bool {
        let terrain = self.terrain;
        let rules = self.case.rules_of(relation).iter();
        let mut rules = rules.map(|&id| &terrain.program[id]);
        rules.any(|rule| !rule.body.is_empty())
            || terrain.program[relation].kind == RelationKind::Eqrel
    }

    pub(super) fn forward(&mut self, from: usize, to: usize) {
        let answers = &self.tables[from].answers;
        let sketches: Vec<Sketch> = answers.iter().map(|(_, sketch)| sketch.clone()).collect();
        self.tables[from].consumers.push(Consumer::Forward(to));
        for sketch in sketches {
            self.answer(to, Rc::from([]), &sketch);
        }
    }

    pub(super) fn answer(&mut self, table: usize, row: Row, sketch: &[Assumed]) {
        let (row, sketch) = canonical(row, sketch);
        let mut open = vec![(table, row, sketch)];
        while let Some((table, row, sketch)) = open.pop() {
            let known = self.tables[table].by_row.entry(row.clone()).or_default();
            if known.iter().any(|known| sketch::is_within(known, &sketch)) || !self.meter.spend() {
                continue;
            }
            known.push(sketch.clone());
            self.tables[table]
                .answers
                .push((row.clone(), sketch.clone()));
            let consumers = std::mem::take(&mut self.tables[table].consumers);
            for consumer in &consumers {
                match consumer {
                    Consumer::Forward(to) => {
                        let (row, sketch) = canonical(Rc::from([]), &sketch);
                        open.push((*to, row, sketch));
                    }
                    Consumer::Resume(work, literal) => self.resume(work, *literal, &row, &sketch),
                }
            }
            // Nobody subscribes meanwhile: resuming only fills the agenda.
            self.tables[table].consumers = consumers;
        }
    }

    /// `literal` is taken off the work already.
    pub(super) fn subscribe(&mut self, table: usize, work: Work<'a>, literal: usize) {
        // Resuming only fills the agenda: there are no more of them meanwhile.
        for at in 0..self.tables[table].answers.len() {
            let (row, sketch) = self.tables[table].answers[at].clone();
            self.resume(&work, literal, &row, &sketch);
        }
        self.tables[table]
            .consumers
            .push(Consumer::Resume(Box::new(work), literal));
    }
}
