//! Sets of facts whose assumption could bring a goal about, found backwards from the goal.
//!
//! Tabled resolution with suspended calls (OLDT: Tamaki and Sato, 1986), where a call that fails may also be answered by
//! an assumption, as in abductive logic programming (Kakas, Kowalski and Toni, 1992). Every answer carries the facts it
//! assumes, an answer that assumes more than another of the same row is dropped (the labels of an assumption-based truth
//! maintenance system: de Kleer, 1986).
//!
//! Hopeful where the rules are not monotone: what holds now is taken to go on holding, a total that may change is taken
//! to have any value. Of what must stop holding, one proof is looked at, one of whose conditions has to break. So no set
//! that brings the goal about is missed: it contains a proposal, from which one can go on.

mod literals;

use self::literals::{Negated, is_test};
use super::super::trial::Trial;
use super::domain::Domains;
use super::labels::{Considered, Label, each_part, is_within, union};
use super::reach::{Reach, behind, read_by};
use crate::analysis::checked::{
    Aggregate, Atom, CheckedProgram, Head, Literal, LiteralKind, RelationId, Rule, RuleId, Term,
    VarId, Variable,
};
use crate::engine::{Budget, StopReason};
use crate::explain::{
    Basis, Bindings, Case, Context, Fact, Meter, Premise, ProofOptions, Solver, each_member,
    in_term, is_pattern, unify, value,
};
use crate::storage::{Code, Dictionary, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
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
pub(super) enum Aim {
    /// Some row that agrees.
    Row(RelationId, Vec<Option<Code>>),
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
        trial,
        behind: match aim {
            Aim::Row(relation, _) => behind(terrain.program, [*relation]),
            Aim::Mend(constraint, _) => {
                let read = read_by(&terrain.program[*constraint].body);
                behind(terrain.program, read)
            }
        }
        .into(),
        decided: FxHashSet::default(),
    };
    let root = match aim {
        Aim::Row(relation, pattern) => search.table(Goal::Rows(*relation, pattern.clone())),
        Aim::Mend(constraint, values) => {
            let root = search.table(Goal::Mend);
            let rule = &terrain.program[*constraint];
            search.break_body(root, &rule.body, &rule.variables, values);
            root
        }
    };
    let ended = search.run(enough);
    (search.labels(root), ended)
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

/// `None`: some value, nobody knows which.
type Row = Box<[Option<Code>]>;

struct Table<'a> {
    goal: Goal,
    answers: Vec<(Row, Label)>,
    by_row: FxHashMap<Row, Vec<Label>>,
    consumers: Vec<Consumer<'a>>,
}

enum Consumer<'a> {
    /// Goes on with this literal of the body answered.
    Resume(Work<'a>, usize),
    /// Hands the label on as an answer without columns.
    Forward(usize),
}

/// A body on its way.
#[derive(Clone)]
struct Work<'a> {
    /// Where its results go.
    table: usize,
    head: Option<&'a Head>,
    body: &'a [Literal],
    variables: &'a [Variable],
    values: Vec<Option<Code>>,
    /// Variables that have some value, nobody knows which.
    vague: Vec<bool>,
    /// Literals that are left.
    left: Vec<usize>,
    /// Atoms that rows which are there do not answer: they wait until the others have bound what they can.
    put_off: Vec<usize>,
    label: Label,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Bound,
    Vague,
    Free,
}

impl Work<'_> {
    fn known(&self, term: &Term) -> Known {
        match term {
            Term::Const(_) => Known::Bound,
            Term::Wildcard => Known::Free,
            Term::Var(var) => self.known_var(*var),
            Term::Record(terms) | Term::Call { args: terms, .. } => terms
                .iter()
                .map(|term| self.known(term))
                .max()
                .unwrap_or(Known::Bound),
        }
    }

    fn known_var(&self, var: VarId) -> Known {
        match (self.values[var.index()], self.vague[var.index()]) {
            (Some(_), _) => Known::Bound,
            (None, true) => Known::Vague,
            (None, false) => Known::Free,
        }
    }

    /// Whatever is free in the term has some value from now on.
    fn blur(&mut self, term: &Term) {
        in_term(term, &mut |var| {
            if self.values[var.index()].is_none() {
                self.vague[var.index()] = true;
            }
        });
    }

    /// Makes the term equal to a value. What is vague becomes known.
    fn unify(&mut self, term: &Term, code: Code, dictionary: &Dictionary) -> bool {
        let mut vague = false;
        in_term(term, &mut |var| {
            vague |= self.known_var(var) == Known::Vague
        });
        if let (Term::Call { .. }, true) = (term, vague) {
            return true;
        }
        let mut bindings = Bindings::of(&self.values);
        if !unify(term, code, &mut bindings, dictionary) {
            return false;
        }
        self.values = bindings.values().to_vec();
        true
    }
}

struct Search<'a, 's> {
    terrain: &'s Terrain<'a>,
    case: &'s Case<'s>,
    most: usize,
    considered: &'s mut Considered,
    meter: &'s Meter,
    tables: Vec<Table<'a>>,
    by_goal: FxHashMap<Goal, usize>,
    /// By the size of the label: small ones first, so that few answers are superseded.
    agenda: Vec<Vec<Work<'a>>>,
    /// Rows that were looked up.
    rows: FxHashMap<(RelationId, Vec<Option<Code>>), Rc<Rows>>,
    aim: &'s Aim,
    root: usize,
    trial: Option<Trial>,
    /// By relation: the aim depends on it.
    behind: Arc<[bool]>,
    /// Sets to which nothing can be added that were looked at.
    decided: FxHashSet<Label>,
}

impl<'a> Search<'a, '_> {
    /// False: there was enough before the end.
    fn run(&mut self, enough: usize) -> bool {
        while let Some(work) = self.agenda.iter_mut().find_map(Vec::pop) {
            if self.tables[self.root].answers.len() >= enough {
                return false;
            }
            if !self.meter.spend() {
                return true;
            }
            self.step(work);
        }
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

    /// The labels of a table, none within another, smallest first.
    fn labels(&self, table: usize) -> Vec<Label> {
        let mut labels: Vec<Label> = self.tables[table]
            .answers
            .iter()
            .map(|(_, label)| label.clone())
            .collect();
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

    fn table(&mut self, goal: Goal) -> usize {
        if let Some(&known) = self.by_goal.get(&goal) {
            return known;
        }
        let at = self.tables.len();
        self.by_goal.insert(goal.clone(), at);
        self.tables.push(Table {
            goal: goal.clone(),
            answers: Vec::new(),
            by_row: FxHashMap::default(),
            consumers: Vec::new(),
        });
        match goal {
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
            let Some(head) = &rule.head else { continue };
            let mut work = Work {
                table,
                head: Some(head),
                body: &rule.body,
                variables: &rule.variables,
                values: vec![None; rule.variables.len()],
                vague: vec![false; rule.variables.len()],
                left: (0..rule.body.len()).collect(),
                put_off: Vec::new(),
                label: Rc::from([]),
            };
            let fits = head.args.iter().zip(pattern).all(|(arg, code)| match code {
                Some(code) if is_pattern(arg, &Bindings::of(&work.values)) => {
                    work.unify(arg, *code, terrain.dictionary)
                }
                _ => true,
            });
            if fits {
                self.agenda[0].push(work);
            }
        }
        if terrain.assumable[relation.index()] && self.most > 0 {
            self.assume(table, relation, pattern);
        }
    }

    /// Every fact that agrees, over the constants of its columns.
    fn assume(&mut self, table: usize, relation: RelationId, pattern: &[Option<Code>]) {
        let choices: Vec<Vec<Code>> = pattern
            .iter()
            .enumerate()
            .map(|(at, code)| match code {
                Some(code) => vec![*code],
                None => self.terrain.domains.constants(relation, at).to_vec(),
            })
            .collect();
        if choices.iter().any(Vec::is_empty) {
            return;
        }
        let mut digits = vec![0; choices.len()];
        loop {
            let row: Box<[Code]> = choices
                .iter()
                .zip(&digits)
                .map(|(of, &at)| of[at])
                .collect();
            let fact = Fact { relation, row };
            if !self.meter.spend() {
                return;
            }
            if !self.case.holds(&fact) {
                let row = fact.row.iter().map(|&code| Some(code)).collect();
                let number = self.considered.number(fact);
                self.answer(table, row, Rc::from([number]));
            }
            let mut at = 0;
            while at < digits.len() {
                digits[at] += 1;
                if digits[at] < choices[at].len() {
                    break;
                }
                digits[at] = 0;
                at += 1;
            }
            if at == digits.len() {
                return;
            }
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
                    let rows = self
                        .case
                        .context(self.meter)
                        .facts
                        .matching(atom.relation, &pattern);
                    // Each of them has to go: any one will do to begin with.
                    if let Some(row) = rows.iter().next() {
                        let broken = self.table(Goal::Break(Fact::new(atom.relation, &row)));
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
            let from = self.table(Goal::Rows(relation, pattern));
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
        if let Some(from) = self.shift(aggregate, variables, values) {
            self.forward(from, to);
        }
    }

    /// The table of what changes the members of a group; `None`: nothing can.
    fn shift(
        &mut self,
        aggregate: &'a Aggregate,
        variables: &'a [Variable],
        values: &[Option<Code>],
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
        let known = self.by_goal.contains_key(&goal);
        let table = self.table(goal);
        if known {
            return Some(table);
        }
        let mut injected: Vec<Option<Code>> = vec![None; variables.len()];
        let mut vague = vec![false; variables.len()];
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
            vague,
            left: (0..aggregate.body.len()).collect(),
            put_off: Vec::new(),
            label: Rc::from([]),
        });
        // A member that goes also changes the group.
        let mut members: Vec<Row> = Vec::new();
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
        let labels: Vec<Label> = self.tables[from]
            .answers
            .iter()
            .map(|(_, label)| label.clone())
            .collect();
        self.tables[from].consumers.push(Consumer::Forward(to));
        for label in labels {
            self.answer(to, Box::from([]), label);
        }
    }

    fn answer(&mut self, table: usize, row: Row, label: Label) {
        let mut open = vec![(table, row, label)];
        while let Some((table, row, label)) = open.pop() {
            let known = self.tables[table].by_row.entry(row.clone()).or_default();
            if known.iter().any(|known| is_within(known, &label)) || !self.meter.spend() {
                continue;
            }
            known.push(label.clone());
            self.tables[table]
                .answers
                .push((row.clone(), label.clone()));
            let consumers = std::mem::take(&mut self.tables[table].consumers);
            for consumer in &consumers {
                match consumer {
                    Consumer::Forward(to) => open.push((*to, Box::from([]), label.clone())),
                    Consumer::Resume(work, literal) => self.resume(work, *literal, &row, &label),
                }
            }
            // Nobody subscribes meanwhile: resuming only fills the agenda.
            self.tables[table].consumers = consumers;
        }
    }

    /// Goes on with work when one of its literals is answered by a row.
    fn resume(&mut self, work: &Work<'a>, literal: usize, row: &[Option<Code>], label: &Label) {
        let Some(label) = union(&work.label, label, self.most) else {
            return;
        };
        if label.len() == self.most {
            return self.decide(label);
        }
        let mut next = work.clone();
        next.label = label;
        let fits = match &work.body[literal].kind {
            LiteralKind::Atom(atom) => self.take_row(&mut next, atom, row),
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
            self.agenda[next.label.len()].push(next);
        }
    }

    /// A set to which nothing can be added any more does it or does not: what is left of a body need not be gone through.
    fn decide(&mut self, label: Label) {
        if !self.decided.insert(label.clone()) {
            return;
        }
        let assumed = self.considered.facts(&label);
        if self.achieves(&assumed) {
            self.answer(self.root, Box::from([]), label);
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
            Aim::Row(relation, pattern) => {
                !trial.database().matching(*relation, pattern).is_empty()
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

    fn take_row(&self, work: &mut Work, atom: &Atom, row: &[Option<Code>]) -> bool {
        atom.args.iter().zip(row).all(|(arg, code)| match code {
            Some(code) => work.unify(arg, *code, self.terrain.dictionary),
            None => {
                work.blur(arg);
                true
            }
        })
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
        let pattern = self.pattern(atom, &work.values);
        let row: Option<Box<[Code]>> = pattern.iter().copied().collect();
        let relation = atom.relation;
        // What is there was taken as it is.
        if row.is_some_and(|row| self.case.holds(&Fact { relation, row })) {
            return;
        }
        let table = self.table(Goal::Rows(relation, pattern));
        self.subscribe(table, work, literal);
    }

    fn conclude(&mut self, work: &Work<'a>) {
        if work.label.is_empty() {
            return;
        }
        let row: Row = match work.head {
            None => Box::from([]),
            Some(head) => {
                let code = |arg| value(arg, &work.values, self.terrain.dictionary).ok();
                let row: Row = head.args.iter().map(code).collect();
                if let Goal::Rows(relation, pattern) = &self.tables[work.table].goal {
                    let fits = |(asked, made): (&Option<Code>, &Option<Code>)| {
                        asked.is_none() || made.is_none() || asked == made
                    };
                    if !pattern.iter().zip(&row).all(fits) {
                        return;
                    }
                    let known: Option<Box<[Code]>> = row.iter().copied().collect();
                    let holds = |row| {
                        self.case.holds(&Fact {
                            relation: *relation,
                            row,
                        })
                    };
                    if known.is_some_and(holds) {
                        return;
                    }
                }
                row
            }
        };
        self.answer(work.table, row, work.label.clone());
    }

    /// `literal` is taken off the work already.
    fn subscribe(&mut self, table: usize, work: Work<'a>, literal: usize) {
        let known = self.tables[table].answers.clone();
        for (row, label) in &known {
            self.resume(&work, literal, row, label);
        }
        self.tables[table]
            .consumers
            .push(Consumer::Resume(work, literal));
    }
}

/// Rows that the proof of a fact which has to break may cost.
const MOST_FOR_A_PROOF: u64 = 200_000;
