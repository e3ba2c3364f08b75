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

mod literals;
mod sketch;
mod work;

use self::literals::{Negated, is_test, untold};
use self::sketch::{Assumed, Cell, Sketch, blanks_end, canonical, choices, filled, renamed};
use self::work::{Known, Short, Work};
use super::super::trial::Trial;
use super::domain::Domains;
use super::labels::{Considered, Label, each_part};
use super::reach::{Reach, behind, read_by};
use crate::analysis::checked::{
    Aggregate, Atom, CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, Rule, RuleId, Term, VarId,
    Variable,
};
use crate::engine::{Budget, StopReason};
use crate::explain::{
    Basis, Bindings, Case, Context, Fact, Meter, Premise, ProofOptions, Solver, each_member,
    is_pattern, value,
};
use crate::storage::{Code, Dictionary, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::smallvec;
use std::rc::Rc;
use std::sync::Arc;

/// What is the same for all searches of one question.
pub(super) struct Terrain<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub reach: &'a Reach,
    pub domains: &'a Domains,
    /// By relation.
    pub assumable: &'a [bool],
    /// The rules that make a relation an equivalence; see [`equivalence_rules`].
    pub equivalences: &'a [Rule],
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

/// Minimal proposals of up to `most` facts, smallest first. The search leaves off after `enough` of them: the answer says
/// whether it ended by itself.
pub(super) fn propose(
    terrain: &Terrain,
    ground: Ground,
    aim: &Aim,
    most: usize,
    enough: usize,
    considered: &mut Considered,
    meter: &Meter,
) -> (Vec<Label>, bool) {
    let Ground { case, trial } = ground;
    let mut search = Search {
        terrain,
        case,
        most,
        considered,
        meter,
        tables: Vec::new(),
        by_goal: FxHashMap::default(),
        agenda: vec![Vec::new(); most + 1],
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
    };
    search.root = match aim {
        Aim::Row(goal) => search.table(Goal::Rows(goal.relation, goal.pattern.clone()), None),
        Aim::Mend(constraint, values) => {
            let root = search.table(Goal::Mend, None);
            let rule = &terrain.program[*constraint];
            search.break_body(root, &rule.body, &rule.variables, values);
            root
        }
    };
    let ended = search.run(enough);
    (search.labels(), ended)
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Goal {
    /// Rows that agree and are not there.
    Rows(RelationId, Vec<Option<Code>>),
    /// The fact, which holds, does not.
    Break(Fact),
    /// The aggregate, named by its address in the program, has another value for the group with these outer values.
    Shift(usize, Vec<Option<Code>>),
    Mend,
}

/// Blanks are those of the sketch that goes with it.
type Row = Rc<[Cell]>;

/// A goal, and what may be assumed on the way to it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Call {
    goal: Goal,
    /// Facts that these stand for; `None`: any.
    scope: Option<Sketch>,
}

struct Table<'a> {
    call: Call,
    answers: Vec<(Row, Sketch)>,
    by_row: FxHashMap<Row, Vec<Sketch>>,
    consumers: Vec<Consumer<'a>>,
}

enum Consumer<'a> {
    /// Goes on with this literal of the body answered.
    Resume(Box<Work<'a>>, usize),
    /// Hands the sketch on as an answer without columns.
    Forward(usize),
}

struct Search<'a, 's> {
    terrain: &'s Terrain<'a>,
    case: &'s Case<'s>,
    most: usize,
    considered: &'s mut Considered,
    meter: &'s Meter,
    tables: Vec<Table<'a>>,
    by_goal: FxHashMap<Call, usize>,
    /// By the size of the sketch: small ones first, so that few answers are superseded.
    agenda: Vec<Vec<Work<'a>>>,
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
}

impl<'a> Search<'a, '_> {
    /// False: there was enough before the end.
    fn run(&mut self, enough: usize) -> bool {
        while let Some(work) = self.agenda.iter_mut().find_map(Vec::pop) {
            if !self.harvest(enough) {
                return false;
            }
            if !self.meter.spend() {
                return true;
            }
            if work.sketch.len() < self.most || self.pursue(&work.sketch) {
                self.step(work);
            }
        }
        self.harvest(enough)
    }

    /// Whether to go on with a body under a set to which nothing can be added. After some steps it is cheaper to try it.
    fn pursue(&mut self, sketch: &Sketch) -> bool {
        const STEPS: u32 = 8;
        let steps = match self.pursued.get_mut(sketch) {
            Some(steps) => {
                *steps += 1;
                *steps
            }
            None => {
                self.pursued.insert(sketch.clone(), 1);
                1
            }
        };
        if steps < STEPS {
            return true;
        }
        let Some(facts) = sketch::facts(sketch) else {
            return true;
        };
        if steps == STEPS {
            self.propose(facts);
        }
        false
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
        if !self.decided.insert(label.clone()) {
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

    fn table(&mut self, goal: Goal, scope: Option<Sketch>) -> usize {
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
                self.agenda[0].push(work);
            }
        }
        let scope = self.tables[table].call.scope.clone();
        for assumed in self.assumptions(relation, pattern, scope.as_deref()) {
            self.answer(table, assumed.cells.clone(), &[assumed]);
        }
    }

    /// What may be assumed of the facts that agree: one with blanks, or what a scope leaves of it.
    fn assumptions(
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
                of.filter_map(|one| one.narrowed(pattern, domains)).collect()
            }
        };
        let open = |one: &Assumed| one.fact().is_none_or(|fact| !self.case.holds(&fact));
        found.into_iter().filter(open).collect()
    }

    /// What may be assumed in addition to a sketch, within the scope of the table it is for.
    fn scope_of(&self, work: &Work) -> Option<Sketch> {
        match work.sketch.len() < self.most {
            true => self.tables[work.table].call.scope.clone(),
            // Nothing but what the sketch stands for.
            false => Some(canonical(Rc::from([]), &work.sketch).1),
        }
    }

    /// One proof of the fact has to break in one of its conditions: what is stated stays.
    fn open_break(&mut self, table: usize, fact: &Fact) {
        let terrain = self.terrain;
        let left = Budget {
            rows: Some(MOST_FOR_A_PROOF),
            ..Budget::default()
        };
        let options = ProofOptions {
            members: usize::MAX,
            ..ProofOptions::default()
        };
        let Some(proof) = self.case.prove(fact, &options, &left) else {
            return;
        };
        if !proof.is_complete() {
            self.meter.stop(StopReason::Rows);
            return;
        }
        for (_, node) in proof.nodes() {
            let Basis::Derived(derivation) = &node.basis else {
                continue;
            };
            let rule = &terrain.program[derivation.rule];
            for (literal, premise) in rule.body.iter().zip(&derivation.premises) {
                match (&literal.kind, premise) {
                    (
                        _,
                        Premise::Absent {
                            relation, pattern, ..
                        },
                    ) => {
                        self.forward_rows(table, *relation, pattern.clone());
                    }
                    (LiteralKind::Aggregate(aggregate), Premise::Aggregate(_)) => {
                        self.forward_shift(table, aggregate, &rule.variables, &derivation.values);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Some literal of a body that holds for these values has to fail.
    fn break_body(
        &mut self,
        table: usize,
        body: &'a [Literal],
        variables: &'a [Variable],
        values: &[Option<Code>],
    ) {
        for literal in body {
            match &literal.kind {
                LiteralKind::Atom(atom) if self.terrain.reach.loses(atom.relation) => {
                    let pattern = self.pattern(atom, values);
                    // Each of them has to go: any one will do to begin with.
                    if let Some(row) = self.first(atom.relation, &pattern) {
                        let goal = Goal::Break(Fact::new(atom.relation, &row));
                        let broken = self.table(goal, self.tables[table].call.scope.clone());
                        self.forward(broken, table);
                    }
                }
                LiteralKind::Negated(atom) => {
                    let pattern = self.pattern(atom, values);
                    self.forward_rows(table, atom.relation, pattern);
                }
                LiteralKind::Aggregate(aggregate) => {
                    self.forward_shift(table, aggregate, variables, values);
                }
                _ => {}
            }
        }
    }

    fn pattern(&self, atom: &Atom, values: &[Option<Code>]) -> Vec<Option<Code>> {
        let value = |arg| value(arg, values, self.terrain.dictionary).ok();
        atom.args.iter().map(value).collect()
    }

    fn forward_rows(&mut self, to: usize, relation: RelationId, pattern: Vec<Option<Code>>) {
        if self.terrain.reach.gains(relation) {
            let goal = Goal::Rows(relation, pattern);
            let from = self.table(goal, self.tables[to].call.scope.clone());
            self.forward(from, to);
        }
    }

    fn forward_shift(
        &mut self,
        to: usize,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        values: &[Option<Code>],
    ) {
        let scope = self.tables[to].call.scope.clone();
        if let Some(from) = self.shift(aggregate, variables, values, scope) {
            self.forward(from, to);
        }
    }

    /// The table of what changes the members of a group; `None`: nothing can.
    fn shift(
        &mut self,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        values: &[Option<Code>],
        scope: Option<Sketch>,
    ) -> Option<usize> {
        if !self.terrain.reach.touches(&aggregate.body) {
            return None;
        }
        let outer: Vec<Option<Code>> = aggregate
            .injected
            .iter()
            .map(|var| values[var.index()])
            .collect();
        let goal = Goal::Shift(std::ptr::from_ref(aggregate) as usize, outer);
        let next = self.tables.len();
        let table = self.table(goal, scope);
        if table < next {
            return Some(table);
        }
        let mut injected: Short<Option<Code>> = smallvec![None; variables.len()];
        let mut vague: Short<bool> = smallvec![false; variables.len()];
        for var in &aggregate.injected {
            injected[var.index()] = values[var.index()];
            vague[var.index()] = values[var.index()].is_none();
        }
        self.agenda[0].push(Work {
            table,
            head: None,
            body: &aggregate.body,
            variables,
            values: injected.clone(),
            blanks: smallvec![None; vague.len()],
            vague,
            left: (0..aggregate.body.len()).collect(),
            put_off: Short::new(),
            sketch: Rc::from([]),
            row: Vec::new(),
        });
        // A member that goes also changes the group.
        let mut members: Vec<Box<[Option<Code>]>> = Vec::new();
        each_member(
            self.case.context(self.meter),
            aggregate,
            variables,
            &injected,
            |member| members.push(member.solution.values),
        );
        for member in members {
            self.break_body(table, &aggregate.body, variables, &member);
        }
        Some(table)
    }

    fn forward(&mut self, from: usize, to: usize) {
        let answers = &self.tables[from].answers;
        let sketches: Vec<Sketch> = answers.iter().map(|(_, sketch)| sketch.clone()).collect();
        self.tables[from].consumers.push(Consumer::Forward(to));
        for sketch in sketches {
            self.answer(to, Rc::from([]), &sketch);
        }
    }

    fn answer(&mut self, table: usize, row: Row, sketch: &[Assumed]) {
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

    /// Goes on with work when one of its literals is answered by a row.
    fn resume(&mut self, work: &Work<'a>, literal: usize, row: &[Cell], sketch: &[Assumed]) {
        let mut next = work.clone();
        let ours = work.sketch.len();
        // The blanks of an answer are its own.
        let first = blanks_end(&work.sketch);
        let mut apart = |cell| match cell {
            Cell::Blank(number) => Cell::Blank(number + first),
            other => other,
        };
        let row: Vec<Cell> = row.iter().map(|&cell| apart(cell)).collect();
        let theirs = renamed(sketch, &mut apart);
        next.sketch = work.sketch.iter().cloned().chain(theirs).collect();
        let fits = match &work.body[literal].kind {
            LiteralKind::Atom(atom) => next.take_row(atom, row, self.terrain),
            LiteralKind::Aggregate(aggregate) => {
                next.blur(&Term::Var(aggregate.result));
                aggregate
                    .witnesses
                    .iter()
                    .for_each(|var| next.blur(&Term::Var(*var)));
                true
            }
            _ => true,
        };
        if fits {
            self.merge(next, ours, ours);
        }
    }

    /// Puts work on the agenda in whose sketch those from `at` on were assumed by an answer: each of them is one of
    /// `ours`, or another one.
    fn merge(&mut self, mut work: Work<'a>, ours: usize, at: usize) {
        if at > self.most {
            return;
        }
        let Some(theirs) = work.sketch.get(at).cloned() else {
            return self.queue(work);
        };
        for known in 0..ours {
            let one = work.sketch[known].clone();
            if one == theirs {
                work.sketch = without(&work.sketch, at);
                return self.merge(work, ours, at);
            }
            if one.relation != theirs.relation {
                continue;
            }
            let mut next = work.clone();
            let agree = (0..one.cells.len()).all(|column| {
                let (one, other) = (
                    next.sketch[known].cells[column],
                    next.sketch[at].cells[column],
                );
                next.agree(one, other, self.terrain)
            });
            if agree {
                next.sketch = without(&next.sketch, at);
                self.merge(next, ours, at);
            }
        }
        self.merge(work, ours, at + 1);
    }

    fn queue(&mut self, mut work: Work<'a>) {
        // What holds need not be assumed: a smaller sketch says the same.
        let holds = |one: &Assumed| one.fact().is_some_and(|fact| self.case.holds(&fact));
        if work.sketch.iter().any(holds) {
            return;
        }
        if !work.sketch.is_sorted_by(|one, other| one < other) {
            let mut facts = work.sketch.to_vec();
            facts.sort_unstable();
            facts.dedup();
            work.sketch = facts.into();
        }
        if work.sketch.len() <= self.most {
            self.agenda[work.sketch.len()].push(work);
        }
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

    fn step(&mut self, mut work: Work<'a>) {
        // What only tests or computes comes first.
        while let Some(at) = (0..work.left.len()).find(|&at| is_test(&work, at)) {
            let literal = &work.body[work.left[at]];
            match &literal.kind {
                LiteralKind::Negated(atom) => match self.negated(&work, atom) {
                    Negated::Holds => {
                        work.left.remove(at);
                    }
                    Negated::Fails => return,
                    Negated::Breaks(table) => {
                        let literal = work.left.remove(at);
                        return self.subscribe(table, work, literal);
                    }
                },
                kind if let Some(blank) = untold(&work, kind) => {
                    return self.instantiate(&work, blank);
                }
                _ => {
                    if !self.test(&mut work, literal) {
                        return;
                    }
                    work.left.remove(at);
                }
            }
        }
        let mut cheapest: Option<(u64, usize)> = None;
        for at in 0..work.left.len() {
            if let Some(cost) = self.cost(&work, &work.body[work.left[at]])
                && cheapest.is_none_or(|(least, _)| cost < least)
            {
                cheapest = Some((cost, at));
            }
        }
        let Some((_, at)) = cheapest else {
            return self.call(work);
        };
        match &work.body[work.left[at]].kind {
            LiteralKind::Atom(atom) => self.atom(work, at, atom),
            LiteralKind::Range { .. } => self.range(work, at),
            LiteralKind::Aggregate(aggregate) => self.aggregate(work, at, aggregate),
            _ => {}
        }
    }

    /// Calls the atom that was put off of which most is bound, or concludes when nothing is left.
    fn call(&mut self, mut work: Work<'a>) {
        let free = |literal: usize| match &work.body[literal].kind {
            LiteralKind::Atom(atom) => {
                let free = |arg: &&Term| work.known(arg) == Known::Free;
                atom.args.iter().filter(free).count()
            }
            _ => 0,
        };
        let Some(at) = (0..work.put_off.len()).min_by_key(|&at| free(work.put_off[at])) else {
            if work.left.is_empty() {
                self.conclude(&work);
            }
            return;
        };
        let literal = work.put_off.remove(at);
        let LiteralKind::Atom(atom) = &work.body[literal].kind else {
            return;
        };
        // A set to which nothing can be added is tried for less than it takes to look at what else might follow from it.
        if work.sketch.len() == self.most
            && let Some(facts) = sketch::facts(&work.sketch)
        {
            return self.propose(facts);
        }
        let pattern = self.pattern(atom, &work.values);
        let row: Option<Box<[Code]>> = pattern.iter().copied().collect();
        let relation = atom.relation;
        // What is there was taken as it is.
        if row.is_some_and(|row| self.case.holds(&Fact { relation, row })) {
            return;
        }
        let scope = self.scope_of(&work);
        if !self.is_derived(relation) {
            for assumed in self.assumptions(relation, &pattern, scope.as_deref()) {
                let row = assumed.cells.clone();
                self.resume(&work, literal, &row, &[assumed]);
            }
            return;
        }
        let table = self.table(Goal::Rows(relation, pattern), scope);
        self.subscribe(table, work, literal);
    }

    /// Whether rows of a relation may follow from others.
    fn is_derived(&self, relation: RelationId) -> bool {
        let terrain = self.terrain;
        let rules = self.case.rules_of(relation).iter();
        let mut rules = rules.map(|&id| &terrain.program[id]);
        rules.any(|rule| !rule.body.is_empty())
            || terrain.program[relation].kind == RelationKind::Eqrel
    }

    fn conclude(&mut self, work: &Work<'a>) {
        if work.sketch.is_empty() {
            return;
        }
        let row: Row = match work.head {
            None => Rc::from([]),
            Some(head) => {
                let cell = |arg| match (value(arg, &work.values, self.terrain.dictionary), arg) {
                    (Ok(code), _) => Cell::Known(code),
                    (Err(_), Term::Var(var)) => {
                        work.blanks[var.index()].map_or(Cell::Vague, Cell::Blank)
                    }
                    (Err(_), _) => Cell::Vague,
                };
                let row: Row = head.args.iter().map(cell).collect();
                if let Goal::Rows(relation, pattern) = &self.tables[work.table].call.goal {
                    let fits = |(asked, made): (&Option<Code>, &Cell)| match (asked, made) {
                        (Some(asked), Cell::Known(made)) => asked == made,
                        _ => true,
                    };
                    if !pattern.iter().zip(row.iter()).all(fits) {
                        return;
                    }
                    let made = Assumed {
                        relation: *relation,
                        cells: row.clone(),
                    };
                    if made.fact().is_some_and(|fact| self.case.holds(&fact)) {
                        return;
                    }
                }
                row
            }
        };
        self.answer(work.table, row, &work.sketch);
    }

    /// `literal` is taken off the work already.
    fn subscribe(&mut self, table: usize, work: Work<'a>, literal: usize) {
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

/// Rows that the proof of a fact which has to break may cost.
const MOST_FOR_A_PROOF: u64 = 200_000;

fn without(sketch: &[Assumed], at: usize) -> Sketch {
    let kept = |(other, _): &(usize, &Assumed)| *other != at;
    let facts = sketch.iter().enumerate().filter(kept);
    facts.map(|(_, one)| one.clone()).collect()
}
