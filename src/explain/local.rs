//! All derivations that some statements give, where those of a conclusion are too many to be looked at.
//!
//! What follows from the statements is derived forwards, with every way to derive it. Whether a set of statements is a
//! minimal support depends on its own subsets only, so those found among a few statements are as exact as those found
//! among all.

use super::case::Case;
use super::explore::Explorer;
use super::facts::{Fact, Facts};
use super::lineage::Lineage;
use super::meter::Meter;
use super::solve::{Solution, Solver};
use super::table::Table;
use crate::analysis::checked::{Atom, Literal, LiteralKind, RelationId, RelationKind, RuleId};
use crate::engine::StopReason;
use crate::evidence::Stance;
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Statements gathered, more or less, beyond those of the first proof.
const GATHERED: usize = 256;

/// Derivations once explored, for the next question about the same fact.
pub(super) struct Known {
    fact: Fact,
    lineage: Rc<Lineage>,
}

impl Case<'_> {
    /// The derivations of a fact: all of them or, where they are too many for half of what the meter has left, all that
    /// some statements give. Minimal sets of these are minimal supports too.
    pub(super) fn derivations(&self, fact: &Fact, meter: &Meter) -> Rc<Lineage> {
        if let Some(known) = &*self.known.borrow()
            && known.fact == *fact
        {
            return known.lineage.clone();
        }
        let part = meter.part(meter.left() / 2);
        let mut lineage = self.lineage(fact, &part);
        meter.charge(&part);
        if let Some(reason) = lineage.stopped {
            lineage = Lineage {
                stopped: Some(reason),
                ..self.some_derivations(fact, meter)
            };
        }
        let lineage = Rc::new(lineage);
        if lineage.stopped != Some(StopReason::Cancelled) {
            *self.known.borrow_mut() = Some(Known {
                fact: fact.clone(),
                lineage: lineage.clone(),
            });
        }
        lineage
    }

    /// All derivations that as many statements give as the meter allows for. Those of a first proof are among them,
    /// however many rows it takes to find it: one support there always is, in time.
    fn some_derivations(&self, fact: &Fact, meter: &Meter) -> Lineage {
        let in_time = Meter::new(&meter.rest());
        let gathered = self.gather(fact, GATHERED, &in_time, meter);
        let of_first = self.lineage_from(fact, gathered.up_to(0), &in_time);
        let mut found = match of_first {
            Some(lineage) => lineage,
            None => return Lineage::assemble(1, Vec::new(), Vec::new(), Vec::new()),
        };
        let mut count = gathered.up_to(0).len();
        for further in [GATHERED / 16, GATHERED / 4, GATHERED] {
            let stated = gathered.up_to(further);
            if count == stated.len() {
                break;
            }
            count = stated.len();
            let part = meter.part(meter.left() / 2);
            let lineage = self.lineage_from(fact, stated, &part);
            meter.charge(&part);
            match lineage {
                Some(lineage) => found = lineage,
                None => break,
            }
        }
        found
    }

    /// All derivations of a fact from some stated facts, from what is stated with them, and from what is given. `None`
    /// when the meter does not let one see them all.
    pub(super) fn lineage_from(
        &self,
        fact: &Fact,
        stated: &[Fact],
        meter: &Meter,
    ) -> Option<Lineage> {
        let mut closure = Closure::new(self, fact, meter);
        let root = closure.explorer.fact(fact.clone());
        closure.fill(stated)?;
        closure.close();
        let whole = meter.stopped().is_none();
        whole.then(|| closure.explorer.finish(&[root]).0)
    }

    /// The facts that follow from some stated facts, from what is stated with them, and from what is given.
    pub(super) fn world_from<'a>(
        &'a self,
        fact: &Fact,
        stated: &[Fact],
        meter: &'a Meter,
    ) -> Option<World<'a>> {
        let mut closure = Closure::new(self, fact, meter);
        closure.fill(stated)?;
        Some(closure.world)
    }

    /// Whether a fact was found to have more derivations than can be looked at.
    pub(super) fn has_too_many_derivations(&self, fact: &Fact) -> bool {
        let known = self.known.borrow();
        known
            .as_ref()
            .is_some_and(|known| known.fact == *fact && known.lineage.stopped.is_some())
    }
}

struct Closure<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    explorer: Explorer<'a>,
    world: World<'a>,
    /// Atoms that read a relation, outside aggregates.
    uses: FxHashMap<RelationId, Vec<(RuleId, &'a Atom)>>,
    /// Rules that conclude something the fact may be made from.
    rules: Vec<RuleId>,
    /// What was derived, in order.
    met: Vec<Fact>,
    /// By value: those it is paired with otherwise than by the laws of an equivalence.
    next_to: FxHashMap<(RelationId, Code), Vec<Code>>,
    /// Values the first of which is next to the second, which is paired with the third: not looked at yet.
    paths: Vec<(RelationId, [Code; 3])>,
    /// Facts of the explorer that were looked at.
    looked_at: usize,
}

/// The rows derived so far, of relations that not every withdrawal leaves as they are. All others are read from the case.
pub(super) struct World<'a> {
    case: &'a Case<'a>,
    tables: FxHashMap<RelationId, Table>,
}

impl<'a> Closure<'a> {
    fn new(case: &'a Case<'a>, fact: &Fact, meter: &'a Meter) -> Closure<'a> {
        let cone = positive_cone(case, fact.relation);
        let tables = case
            .changeable(&cone)
            .into_iter()
            .map(|relation| (relation, Table::default()))
            .collect();
        let mut uses: FxHashMap<RelationId, Vec<(RuleId, &Atom)>> = FxHashMap::default();
        let mut rules = Vec::new();
        let mut cone: Vec<RelationId> = cone.into_iter().collect();
        cone.sort_unstable();
        for relation in cone {
            for &id in case.rules_of(relation) {
                rules.push(id);
                for literal in &case.program[id].body {
                    if let LiteralKind::Atom(atom) = &literal.kind {
                        uses.entry(atom.relation).or_default().push((id, atom));
                    }
                }
            }
        }
        Closure {
            case,
            meter,
            explorer: Explorer::new(case, meter),
            world: World { case, tables },
            uses,
            rules,
            met: Vec::new(),
            next_to: FxHashMap::default(),
            paths: Vec::new(),
            looked_at: 0,
        }
    }

    /// Derives all there is. `None`: the budget ran out.
    fn fill(&mut self, stated: &[Fact]) -> Option<()> {
        for fact in stated {
            self.add(fact.clone());
        }
        self.add_given();
        self.begin();
        let mut next = 0;
        while let Some(fact) = self.met.get(next).cloned() {
            self.consequences(&fact);
            next += 1;
            if self.meter.stopped().is_some() {
                return None;
            }
        }
        Some(())
    }

    fn add(&mut self, fact: Fact) {
        let new = |closure: &mut Self, fact: &Fact| {
            let table = closure.world.tables.get_mut(&fact.relation);
            table.is_some_and(|table| table.insert(&fact.row)) && closure.meter.spend()
        };
        let claims = self.case.claims;
        let mut open = vec![fact];
        while let Some(fact) = open.pop() {
            if !new(self, &fact) {
                continue;
            }
            // What is stated stands with everything else that those who state it state.
            for claim in claims.supporting(fact.relation, &fact.row) {
                for other in claims.with_id(claims.get(claim).id) {
                    let other = claims.get(other);
                    if other.stance == Stance::Supports {
                        open.push(Fact::new(other.relation, other.row));
                    }
                }
            }
            self.explorer.fact(fact.clone());
            let stated = self.case.ground(&fact).is_some();
            self.met.push(fact.clone());
            if stated {
                self.lies_next(&fact);
            }
        }
    }

    /// Notes a pair of an equivalence that is there not only by its laws.
    fn lies_next(&mut self, fact: &Fact) {
        if self.case.program[fact.relation].kind != RelationKind::Eqrel {
            return;
        }
        let &[a, b] = &*fact.row else { return };
        for (a, b) in [(a, b), (b, a)] {
            let next = self.next_to.entry((fact.relation, a)).or_default();
            if next.contains(&b) {
                continue;
            }
            next.push(b);
            let table = &self.world.tables[&fact.relation];
            let beyond = table.matching(&[Some(b), None]);
            self.paths
                .extend(beyond.column(1).iter().map(|&c| (fact.relation, [a, b, c])));
        }
    }

    /// What is stated and stands whatever is withdrawn, of relations in which other things do not.
    fn add_given(&mut self) {
        if !self.case.only_claims {
            return;
        }
        let mut relations: Vec<RelationId> = self.world.tables.keys().copied().collect();
        relations.sort_unstable();
        for relation in relations {
            for fact in self.case.texts_of(relation) {
                self.add(fact);
            }
            let facts = self.case.facts;
            let arity = self.case.program[relation].arity();
            let told = facts
                .told(relation)
                .unwrap_or_else(|| facts.matching(relation, &vec![None; arity]));
            if told.len() <= self.case.claimed(relation) {
                continue;
            }
            for row in told.iter() {
                let fact = Fact::new(relation, &row);
                if self.meter.spend() && self.case.is_given(&fact) {
                    self.add(fact);
                }
            }
        }
    }

    /// Rules that need none of the facts to be derived.
    fn begin(&mut self) {
        for id in self.rules.clone() {
            let rule = &self.case.program[id];
            let waits = rule.body.iter().any(|literal| match &literal.kind {
                LiteralKind::Atom(atom) => self.world.tables.contains_key(&atom.relation),
                _ => false,
            });
            let head = rule.head.as_ref().map(|head| head.relation);
            if !waits && head.is_some_and(|head| self.world.tables.contains_key(&head)) {
                let solver =
                    Solver::new(self.case.context(self.meter), &rule.body, &rule.variables);
                let found: Vec<Solution> = solver.over(&self.world).collect();
                self.conclude(id, found);
            }
        }
    }

    fn consequences(&mut self, fact: &Fact) {
        let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        for (id, atom) in self.uses.get(&fact.relation).cloned().into_iter().flatten() {
            let rule = &self.case.program[id];
            let context = self.case.context(self.meter);
            let solver = Solver::new(context, &rule.body, &rule.variables)
                .with_head(&atom.args, &row)
                .over(&self.world);
            let found: Vec<Solution> = solver.collect();
            self.conclude(id, found);
        }
        self.equivalences(fact);
        self.walk_paths();
    }

    fn conclude(&mut self, id: RuleId, solutions: Vec<Solution>) {
        let case = self.case;
        let rule = &case.program[id];
        let Some(head) = &rule.head else { return };
        for solution in solutions {
            let Some(fact) = case.conclusion(head, &solution.values) else {
                continue;
            };
            // A choice or a subsumption may have kept it out.
            if !case.holds(&fact) {
                continue;
            }
            let conditions = case.rival_conditions(&fact);
            let vertex = self.explorer.fact(fact.clone());
            let (body, variables) = (&rule.body, &rule.variables);
            self.explorer
                .instance(vertex, body, variables, &solution, conditions);
            self.add(fact.clone());
            self.lies_next(&fact);
            self.add_members();
        }
    }

    /// What is stated of the rows that totals are made of.
    fn add_members(&mut self) {
        while let Some((_, fact)) = self.explorer.met(self.looked_at) {
            let fact = fact.clone();
            self.looked_at += 1;
            if self.case.ground(&fact).is_some() {
                self.add(fact);
            }
        }
    }

    /// As [`each_equivalence`](super::expand::each_equivalence) has them, forwards.
    fn equivalences(&mut self, fact: &Fact) {
        if self.case.program[fact.relation].kind != RelationKind::Eqrel {
            return;
        }
        let &[b, c] = &*fact.row else { return };
        let relation = fact.relation;
        let pair = |left, right| Fact::new(relation, &[left, right]);
        self.law(pair(c, b), vec![fact.clone()]);
        self.law(pair(b, b), vec![fact.clone()]);
        let before = self.next_to.get(&(relation, b)).cloned();
        for a in before.into_iter().flatten() {
            self.paths.push((relation, [a, b, c]));
        }
    }

    fn walk_paths(&mut self) {
        while let Some((relation, [a, b, c])) = self.paths.pop() {
            let pair = |left, right| Fact::new(relation, &[left, right]);
            self.add(pair(a, b));
            self.law(pair(a, c), vec![pair(a, b), pair(b, c)]);
        }
    }

    fn law(&mut self, head: Fact, premises: Vec<Fact>) {
        if premises.contains(&head) || !self.meter.spend() {
            return;
        }
        let vertex = self.explorer.fact(head.clone());
        let premises = premises
            .into_iter()
            .map(|premise| self.explorer.fact(premise))
            .collect();
        self.explorer.edge(vertex, premises, Vec::new());
        self.add(head);
    }

    /// What is the same whatever is withdrawn needs no derivation.
    fn close(&mut self) {
        let mut at = 0;
        while let Some((_, fact)) = self.explorer.met(at) {
            let fact = fact.clone();
            at += 1;
            if !self.world.tables.contains_key(&fact.relation) {
                let vertex = self.explorer.fact(fact);
                self.explorer.edge(vertex, Vec::new(), Vec::new());
            }
        }
    }
}

impl Case<'_> {
    /// Those of some relations of which withdrawals may take something, or whose derivations have conditions.
    fn changeable(&self, cone: &FxHashSet<RelationId>) -> FxHashSet<RelationId> {
        if !self.only_claims {
            return cone.clone();
        }
        let claimed = self.claims.relations().into_iter();
        let assumed = self.assumed().map(|fact| fact.relation);
        let mut changeable: FxHashSet<RelationId> = claimed
            .chain(assumed)
            .filter(|id| cone.contains(id))
            .collect();
        let conditional = |literal: &Literal| {
            matches!(
                literal.kind,
                LiteralKind::Negated(_) | LiteralKind::Aggregate(_)
            )
        };
        loop {
            let before = changeable.len();
            for &relation in cone {
                let mut changes = self.may_have_rivals(relation);
                for &rule in self.rules_of(relation) {
                    let body = &self.program[rule].body;
                    changes |= body.iter().any(conditional);
                    each_positive(body, &mut |read| changes |= changeable.contains(&read));
                }
                if changes {
                    changeable.insert(relation);
                }
            }
            if changeable.len() == before {
                return changeable;
            }
        }
    }

    /// How many rows of a relation claims state.
    fn claimed(&self, relation: RelationId) -> usize {
        let claims = self.claims.of(relation);
        let stated = claims.filter(|(_, claim)| claim.stance == Stance::Supports);
        let rows: FxHashSet<&[Code]> = stated.map(|(_, claim)| claim.row).collect();
        rows.len()
    }
}

impl Facts for World<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        match self.tables.get(&relation) {
            Some(table) => table.matching(pattern),
            None => self.case.facts.matching(relation, pattern),
        }
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        match self.tables.get(&relation) {
            Some(table) => table.gather(pattern, codes),
            None => self.case.facts.gather(relation, pattern, codes),
        }
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        match self.tables.get(&relation) {
            Some(table) => table.find(row).is_some(),
            None => self.case.facts.contains(relation, row),
        }
    }

    fn len(&self, relation: RelationId) -> usize {
        match self.tables.get(&relation) {
            Some(table) => table.len(),
            None => self.case.facts.len(relation),
        }
    }

    fn reach(&self, relation: RelationId, bound: &[usize]) -> Option<u64> {
        match self.tables.get(&relation) {
            Some(_) => None,
            None => self.case.facts.reach(relation, bound),
        }
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.case.facts.is_stated(relation, row)
    }
}

/// A relation and all it is made from by what is there, not by what is absent.
pub(super) fn positive_cone(case: &Case, relation: RelationId) -> FxHashSet<RelationId> {
    let mut cone = FxHashSet::from_iter([relation]);
    let mut open = vec![relation];
    while let Some(relation) = open.pop() {
        for &rule in case.rules_of(relation) {
            each_positive(&case.program[rule].body, &mut |read| {
                if cone.insert(read) {
                    open.push(read);
                }
            });
        }
    }
    cone
}

fn each_positive(body: &[Literal], f: &mut dyn FnMut(RelationId)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) => f(atom.relation),
            LiteralKind::Aggregate(aggregate) => each_positive(&aggregate.body, f),
            _ => {}
        }
    }
}
