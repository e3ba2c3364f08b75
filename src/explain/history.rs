//! Which facts hold on which of many days, worked out once instead of a run for each day.
//!
//! Every fact carries the set of days on which it holds: a rule instance holds on the days that all of its premises
//! share, a fact on those of any of its instances (annotated relations: Green, Karvounarakis and Tannen, "Provenance
//! semirings", 2007, over the Boolean algebra of day sets, which has a complement for negation). Strata are evaluated in
//! their order and recursion by a worklist: a fact whose days grow is joined again. A second opinion on the engine, which
//! it agrees with on each day.

use super::bounds;
use super::case::{Case, Ground};
use super::dayset::DaySet;
use super::facts::{Fact, Facts};
use super::forward::bound;
use super::joins::{Joins, Plan, Planner, Totals};
use super::meter::Meter;
use super::settled::{each_read, is_beyond};
use super::solve::MANY;
use super::table::{Stored, Table};
use super::terms::value;
use crate::analysis::checked::{
    Atom, LiteralKind, RelationId, RelationKind, RuleId, Stratum, Term, VarId,
};
use crate::engine::{Budget, StopReason};
use crate::evidence::{ClaimId, Stance};
use crate::storage::{Code, Rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// How days stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Each day is a case of its own: what does not hold on a day is absent that day.
    Apart,
    /// So many days in a row belong to one case each: what holds on some day of it is present, and a fact whose premises
    /// never meet on one day is not there at all. A total needs all of its rows on that day, a minimum one of its winners.
    Cases(CaseDays),
    /// Not days, but [bounds](super::bounds): what holds whatever is withdrawn, and what may hold.
    Bounds,
}

impl Reading {
    /// When one of two holds, in the place of the first. Whether that is not what the first was.
    pub(super) fn either(self, known: &mut DaySet, other: &DaySet) -> bool {
        match self {
            Reading::Bounds => bounds::either(known, other),
            Reading::Apart | Reading::Cases(_) => known.add(other),
        }
    }

    /// Whether the second would add nothing to the first.
    fn tells(self, known: &DaySet, other: &DaySet) -> bool {
        match self {
            Reading::Bounds => !bounds::either(&mut known.clone(), other),
            Reading::Apart | Reading::Cases(_) => known.has_all(other),
        }
    }
}

/// How many days a case has: a multiple of 64, so that each has words of its own in a [`DaySet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseDays(usize);

impl CaseDays {
    /// At least so many.
    pub fn of(days: usize) -> CaseDays {
        CaseDays(days.next_multiple_of(64).max(64))
    }

    pub fn count(self) -> usize {
        self.0
    }
}

/// The facts of some relations, each with the days on which it holds: at least one.
pub struct History<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) reading: Reading,
    pub(super) days: usize,
    /// What is negated is absent, and totals are, as in the case at hand: a total needs what it was made of.
    pub(super) as_now: bool,
    /// Relations that are not the same every day. All others are read from the case.
    pub(super) tables: FxHashMap<RelationId, Dated>,
    /// Of an amended one: by relation, the facts that do not hold as before.
    pub(super) moved: FxHashMap<RelationId, Vec<Fact>>,
    /// The rows of others that were asked for, where those are not very many.
    pub(super) same: RefCell<FxHashMap<RelationId, Rc<Table>>>,
    /// Of bounds: aggregates (by address within the program) that may come to more than was listed.
    pub(super) unlisted: RefCell<FxHashSet<usize>>,
}

/// A relation, and by row the days on which it holds.
#[derive(Default)]
pub(super) struct Dated {
    pub(super) table: Table,
    pub(super) days: Arc<Vec<DaySet>>,
}

impl Dated {
    pub(super) fn days_of(&self, row: &[Code]) -> Option<&DaySet> {
        Some(&self.days[self.table.find(row)? as usize])
    }

    pub(super) fn kept(&self) -> Kept {
        (self.table.stored().clone(), self.days.clone())
    }

    /// Whether it is what it was in the past.
    fn repeats(&self, (rows, days): &Kept) -> bool {
        self.table.len() == rows.len()
            && self.table.rows().zip(&**self.days).all(|(row, now)| {
                let then = rows.find(row).map(|id| &days[id as usize]);
                then.is_some_and(|then| then.is_same(now))
            })
    }
}

/// What a history came to, for another one of the same program in which little is otherwise.
pub struct Past(pub(super) FxHashMap<RelationId, Kept>);

pub(super) type Kept = (Arc<Stored>, Arc<Vec<DaySet>>);

/// What one history takes over from another.
#[derive(Clone, Copy)]
pub struct Since<'p> {
    pub past: &'p Past,
    /// Relations of which other facts are stated, or which have other rows in the case.
    pub touched: &'p FxHashSet<RelationId>,
}

/// A stratum, and what of it is not the same every day.
pub(super) struct Part<'a> {
    stratum: &'a Stratum,
    pub(super) relations: Vec<RelationId>,
    pub(super) rules: Vec<RuleId>,
    /// What the rules read, these relations too.
    pub(super) reads: FxHashSet<RelationId>,
}

/// What is stated, by relation.
pub(super) struct Told<'a> {
    claims: FxHashMap<RelationId, Vec<ClaimId>>,
    facts: FxHashMap<RelationId, Vec<&'a Fact>>,
}

impl Case<'_> {
    /// The facts of a relation and of all it is made from. `days_of`: on which days a claim counts.
    ///
    /// `Ok(None)`: several cases cannot be worked out together, because a choice, a subsumption, a bound on sizes or a
    /// counter has a say. Days of one case can: there those are taken as the run had them.
    pub fn history(
        &self,
        wanted: &[RelationId],
        reading: Reading,
        days: usize,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        budget: &Budget,
    ) -> Result<Option<History<'_>>, StopReason> {
        self.history_since(None, wanted, reading, days, days_of, budget)
    }

    /// The same where a history of the same program and the same days is known: strata whose rules read nothing that is
    /// otherwise are taken over from there.
    pub fn history_since(
        &self,
        since: Option<Since>,
        wanted: &[RelationId],
        reading: Reading,
        days: usize,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        budget: &Budget,
    ) -> Result<Option<History<'_>>, StopReason> {
        let history = History::of(self, reading, days);
        let meter = Meter::new(budget);
        history.filled(since, wanted, &FxHashSet::default(), days_of, &meter)
    }

    pub(super) fn all_told(&self, changing: &FxHashSet<RelationId>) -> Told<'_> {
        let mut told = Told {
            claims: FxHashMap::default(),
            facts: FxHashMap::default(),
        };
        for (id, claim) in self.claims.iter() {
            if claim.stance == Stance::Supports && changing.contains(&claim.relation) {
                told.claims.entry(claim.relation).or_default().push(id);
            }
        }
        // What somebody claims too holds as long as the claim does, but for rule text.
        let assumed = self.assumed().filter(|fact| !self.is_claimed(fact));
        for fact in self.texts().chain(assumed) {
            if changing.contains(&fact.relation) {
                told.facts.entry(fact.relation).or_default().push(fact);
            }
        }
        told
    }

    fn is_claimed(&self, fact: &Fact) -> bool {
        !self.claims.supporting(fact.relation, &fact.row).is_empty()
    }
}

impl<'a> History<'a> {
    /// In which nothing is worked out yet: all is as in the case.
    pub(super) fn of(case: &'a Case<'a>, reading: Reading, days: usize) -> History<'a> {
        History {
            case,
            reading,
            days,
            as_now: false,
            tables: FxHashMap::default(),
            moved: FxHashMap::default(),
            same: RefCell::default(),
            unlisted: RefCell::default(),
        }
    }

    /// With some relations and all they are made from worked out. `given`: facts that are stated every day, besides.
    pub(super) fn filled(
        mut self,
        since: Option<Since>,
        wanted: &[RelationId],
        given: &FxHashSet<Fact>,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        meter: &Meter,
    ) -> Result<Option<History<'a>>, StopReason> {
        let Some((changing, told)) = self.begin(since, wanted, days_of) else {
            return Ok(None);
        };
        // Relations that are not what they were.
        let mut moved: FxHashSet<RelationId> = FxHashSet::default();
        if let Some(since) = since {
            moved.extend(since.touched.difference(&changing));
        }
        for stratum in self.strata(&changing) {
            let kept = since.and_then(|since| {
                let stays = stratum.reads.is_disjoint(&moved);
                let kept = stratum.relations.iter().map(|id| {
                    let stays = stays && !since.touched.contains(id);
                    since.past.0.get(id).filter(|_| stays)
                });
                kept.collect::<Option<Vec<&Kept>>>()
            });
            if let Some(kept) = kept {
                for (&relation, kept) in stratum.relations.iter().zip(kept) {
                    self.take_over(relation, kept);
                }
                continue;
            }
            self.work_out(&stratum, &told, given, days_of, meter);
            meter.finish(())?;
            if let Some(since) = since {
                let repeats = |id: &&RelationId| {
                    let kept = since.past.0.get(id);
                    !kept.is_some_and(|kept| self.tables[id].repeats(kept))
                };
                moved.extend(stratum.relations.iter().filter(repeats));
            }
        }
        Ok(Some(self))
    }

    /// What is not the same every day, and what is stated of that. `None`: a run alone can tell.
    pub(super) fn begin(
        &mut self,
        since: Option<Since>,
        wanted: &[RelationId],
        days_of: &dyn Fn(ClaimId) -> DaySet,
    ) -> Option<(FxHashSet<RelationId>, Told<'a>)> {
        let (case, days) = (self.case, self.days);
        let cone = case.cone(wanted);
        let mut changing = case.changing(&cone, days, days_of);
        let of_one_case = self.reading == Reading::Cases(CaseDays(days));
        if !of_one_case && changing.iter().any(|&id| case.is_settled_by_the_run(id)) {
            return None;
        }
        if let Some(since) = since {
            changing.extend(since.past.0.keys().filter(|id| cone.contains(id)));
        }
        let told = case.all_told(&changing);
        for &relation in &changing {
            self.tables.insert(relation, Dated::default());
        }
        Some((changing, told))
    }

    /// The strata that have relations which are not the same every day, in their order.
    pub(super) fn strata(&self, changing: &FxHashSet<RelationId>) -> Vec<Part<'a>> {
        let case = self.case;
        let part = |stratum: &'a Stratum| {
            let relations = stratum.relations.iter().copied();
            let relations: Vec<RelationId> = relations.filter(|id| changing.contains(id)).collect();
            let concludes = |&rule: &RuleId| {
                let rule = &case.program[rule];
                let head = rule.head.as_ref().map(|head| head.relation);
                !rule.body.is_empty() && head.is_some_and(|head| changing.contains(&head))
            };
            let rules: Vec<RuleId> = stratum.rules.iter().copied().filter(concludes).collect();
            let mut reads: FxHashSet<RelationId> = FxHashSet::default();
            for &rule in &rules {
                each_read(&case.program[rule].body, &mut |read| {
                    reads.insert(read);
                });
            }
            Part {
                stratum,
                relations,
                rules,
                reads,
            }
        };
        let parts = case.program.strata().iter().map(part);
        parts.filter(|part| !part.relations.is_empty()).collect()
    }

    pub(super) fn work_out(
        &mut self,
        part: &Part,
        told: &Told,
        given: &FxHashSet<Fact>,
        days_of: &dyn Fn(ClaimId) -> DaySet,
        meter: &Meter,
    ) {
        for &relation in &part.relations {
            self.state(relation, told, days_of);
            for fact in given.iter().filter(|fact| fact.relation == relation) {
                self.insert(fact, DaySet::every(self.days));
            }
        }
        self.stratum(&part.stratum.relations, &part.rules, meter);
    }

    /// A relation as another history has it.
    pub(super) fn take_over(&mut self, relation: RelationId, (rows, days): &Kept) {
        let dated = Dated {
            table: Table::of(rows.clone()),
            days: days.clone(),
        };
        self.tables.insert(relation, dated);
    }

    /// On which days a fact holds; `None` when on no day.
    pub fn days_of(&self, fact: &Fact) -> Option<DaySet> {
        let days = match self.tables.get(&fact.relation) {
            None => self.case.holds(fact).then(|| DaySet::all(self.days)),
            Some(dated) => dated.days_of(&fact.row).cloned(),
        };
        days.map(|days| days.spread(self.days))
    }

    /// Whether a relation is not the same every day.
    pub fn changes(&self, relation: RelationId) -> bool {
        self.tables.contains_key(&relation)
    }

    /// What a history came to.
    pub fn past(&self) -> Past {
        let kept = self.tables.iter().map(|(&id, dated)| (id, dated.kept()));
        Past(kept.collect())
    }

    /// What is stated of a relation: claims on their days, all else every day.
    pub(super) fn state(
        &mut self,
        relation: RelationId,
        told: &Told,
        days_of: &dyn Fn(ClaimId) -> DaySet,
    ) {
        let case = self.case;
        let every = DaySet::every(self.days);
        for fact in told.facts.get(&relation).into_iter().flatten() {
            if case.holds(fact) {
                self.insert(fact, every.clone());
            }
        }
        for &id in told.claims.get(&relation).into_iter().flatten() {
            let fact = Fact::new(relation, case.claims.get(id).row);
            if case.holds(&fact) {
                self.insert(&fact, days_of(id));
            }
        }
        let data = case.facts.told(relation);
        let is_told = data.is_some();
        let all = || {
            let open = vec![None; case.program[relation].arity()];
            case.facts.matching(relation, &open)
        };
        for row in data.unwrap_or_else(all).iter() {
            // Claimed as well, or stated every day: then it is there.
            if self.tables[&relation].table.find(&row).is_some() {
                continue;
            }
            let fact = Fact::new(relation, &row);
            let is_data = match is_told {
                true => !case.is_claimed(&fact) && case.holds(&fact),
                false => case.ground(&fact) == Some(Ground::Data),
            };
            if is_data {
                self.insert(&fact, every.clone());
            }
        }
    }

    /// Whether the fact is new or holds on more days now.
    pub(super) fn insert(&mut self, fact: &Fact, days: DaySet) -> bool {
        if days.is_empty() {
            return false;
        }
        let Some(dated) = self.tables.get_mut(&fact.relation) else {
            return false;
        };
        match dated.table.find(&fact.row) {
            Some(id) => {
                let known = &mut Arc::make_mut(&mut dated.days)[id as usize];
                self.reading.either(known, &days)
            }
            None => {
                dated.table.insert(&fact.row);
                Arc::make_mut(&mut dated.days).push(days);
                true
            }
        }
    }

    pub(super) fn stratum(&mut self, relations: &[RelationId], rules: &[RuleId], meter: &Meter) {
        let case = self.case;
        let mut grown: VecDeque<Fact> = VecDeque::new();
        for &relation in relations {
            let declared = &case.program[relation];
            if matches!(declared.kind, RelationKind::Delta(_))
                || rules.iter().any(|&id| {
                    let rule = &case.program[id];
                    is_beyond(rule)
                        && rule
                            .head
                            .as_ref()
                            .is_some_and(|head| head.relation == relation)
                })
            {
                // Taken as the run had it.
                let every = DaySet::every(self.days);
                for row in case
                    .facts
                    .matching(relation, &vec![None; declared.arity()])
                    .iter()
                {
                    self.insert(&Fact::new(relation, &row), every.clone());
                }
            }
            if declared.kind == RelationKind::Eqrel
                && let Some(dated) = self.tables.get(&relation)
            {
                grown.extend(dated.table.rows().map(|row| Fact::new(relation, row)));
            }
        }
        let settled: FxHashSet<RelationId> = relations
            .iter()
            .copied()
            .filter(|&relation| case.is_settled_by_the_run(relation))
            .collect();
        let sizes = |relation| self.len(relation);
        let planner = Planner {
            dictionary: case.dictionary,
            sizes: &sizes,
        };
        let plan = |rule: RuleId, given: &[VarId]| {
            let rule = &case.program[rule];
            planner.plan(&rule.body, given, rule.variables.len())
        };
        let rules = rules.iter().copied();
        let plans: Vec<(RuleId, Plan)> = rules
            .filter(|&rule| !is_beyond(&case.program[rule]))
            .map(|rule| (rule, plan(rule, &[])))
            .collect();
        // By relation of the stratum: the atoms that read it, and how to go on from them.
        let mut readers: FxHashMap<RelationId, Vec<(RuleId, Plan, &Atom)>> = FxHashMap::default();
        for &(rule, _) in &plans {
            for literal in &case.program[rule].body {
                if let LiteralKind::Atom(atom) = &literal.kind
                    && relations.contains(&atom.relation)
                {
                    let vars = atom.args.iter().filter_map(|arg| match arg {
                        Term::Var(var) => Some(*var),
                        _ => None,
                    });
                    let from = (rule, plan(rule, &vars.collect::<Vec<_>>()), atom);
                    readers.entry(atom.relation).or_default().push(from);
                }
            }
        }
        let totals = RefCell::default();
        let mut found = Vec::new();
        let mut first = 0;
        loop {
            match plans.get(first) {
                Some((rule, plan)) => {
                    self.news(*rule, plan, &[], &totals, meter, &mut found);
                    first += 1;
                }
                None => {
                    let Some(fact) = grown.pop_front() else {
                        return;
                    };
                    self.equivalences(&fact, &mut found, meter);
                    for (rule, plan, atom) in readers.get(&fact.relation).into_iter().flatten() {
                        if let Some(values) = bound(atom, &fact, case) {
                            self.news(*rule, plan, &values, &totals, meter, &mut found);
                        }
                    }
                }
            }
            if meter.stopped().is_some() {
                return;
            }
            for (fact, days) in found.drain(..) {
                let chosen = !settled.contains(&fact.relation) || case.holds(&fact);
                if chosen && self.insert(&fact, days) {
                    let is_read = readers.contains_key(&fact.relation)
                        || case.program[fact.relation].kind == RelationKind::Eqrel;
                    if is_read {
                        grown.push_back(fact);
                    }
                }
            }
        }
    }

    /// What a rule concludes when some variables have these values.
    pub(super) fn instances(
        &self,
        rule: RuleId,
        plan: &Plan,
        values: &[(VarId, Code)],
        totals: &RefCell<Totals>,
        meter: &Meter,
        found: &mut Vec<(Fact, DaySet)>,
    ) {
        let mut take = |relation, row: &[Code], days: &DaySet| {
            found.push((Fact::new(relation, row), days.clone()));
        };
        self.conclusions(rule, plan, values, totals, meter, &mut take);
    }

    /// The same but for what is known on all of its days.
    fn news(
        &self,
        rule: RuleId,
        plan: &Plan,
        values: &[(VarId, Code)],
        totals: &RefCell<Totals>,
        meter: &Meter,
        found: &mut Vec<(Fact, DaySet)>,
    ) {
        let mut take = |relation, row: &[Code], days: &DaySet| {
            let dated = self.tables.get(&relation);
            let known = dated.and_then(|dated| dated.days_of(row));
            if !known.is_some_and(|known| self.reading.tells(known, days)) {
                found.push((Fact::new(relation, row), days.clone()));
            }
        };
        self.conclusions(rule, plan, values, totals, meter, &mut take);
    }

    fn conclusions(
        &self,
        rule: RuleId,
        plan: &Plan,
        values: &[(VarId, Code)],
        totals: &RefCell<Totals>,
        meter: &Meter,
        take: &mut dyn FnMut(RelationId, &[Code], &DaySet),
    ) {
        let rule = &self.case.program[rule];
        let Some(head) = &rule.head else { return };
        let mut known = vec![None; rule.variables.len()];
        for (var, code) in values {
            known[var.index()] = Some(*code);
        }
        let joins = Joins {
            history: self,
            variables: &rule.variables,
            totals,
            meter,
        };
        let mut row: Vec<Code> = Vec::with_capacity(head.args.len());
        joins.each(plan, &known, &mut |values, days| {
            row.clear();
            for arg in &head.args {
                match value(arg, values, self.case.dictionary) {
                    Ok(code) => row.push(code),
                    Err(_) => return,
                }
            }
            take(head.relation, &row, days);
        });
    }

    /// The pairs that the laws of equivalence make with a pair.
    pub(super) fn equivalences(&self, fact: &Fact, found: &mut Vec<(Fact, DaySet)>, meter: &Meter) {
        if self.case.program[fact.relation].kind != RelationKind::Eqrel {
            return;
        }
        let (&[a, b], Some(days)) = (&*fact.row, self.days_of(fact)) else {
            return;
        };
        let pair = |left, right| Fact::new(fact.relation, &[left, right]);
        for pair in [pair(b, a), pair(a, a), pair(b, b)] {
            found.push((pair, days.clone()));
        }
        for row in self.matching(fact.relation, &[Some(b), None]).iter() {
            if !meter.spend() {
                return;
            }
            let mut shared = days.clone();
            if let Some(other) = self.days_of(&pair(b, row[1])) {
                shared.keep(&other);
                found.push((pair(a, row[1]), shared));
            }
        }
    }

    /// Appends the numbers of the rows that have these values in these columns, of a relation that is the same every day;
    /// in the table that has them.
    pub(super) fn find_unchanged(
        &self,
        relation: RelationId,
        columns: &[usize],
        key: &[Code],
        ids: &mut Vec<u32>,
    ) -> Rc<Table> {
        let facts = self.case.facts;
        let arity = self.case.program[relation].arity();
        let filled = |pattern: &[Option<Code>]| {
            let mut table = Table::default();
            for row in facts.matching(relation, pattern).iter() {
                table.insert(&row);
            }
            Rc::new(table)
        };
        if facts.len(relation) < MANY {
            let mut same = self.same.borrow_mut();
            let table = same.entry(relation);
            let table = table.or_insert_with(|| filled(&vec![None; arity])).clone();
            table.find_all(columns, key, ids);
            return table;
        }
        let mut pattern = vec![None; arity];
        for (&column, &code) in columns.iter().zip(key) {
            pattern[column] = Some(code);
        }
        let table = filled(&pattern);
        ids.extend(0..table.len() as u32);
        table
    }
}

impl Facts for History<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        match self.tables.get(&relation) {
            None => self.case.facts.matching(relation, pattern),
            Some(dated) => dated.table.matching(pattern),
        }
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        match self.tables.get(&relation) {
            None => self.case.facts.gather(relation, pattern, codes),
            Some(dated) => dated.table.gather(pattern, codes),
        }
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        match self.tables.get(&relation) {
            None => self.case.facts.contains(relation, row),
            Some(dated) => dated.table.find(row).is_some(),
        }
    }

    fn len(&self, relation: RelationId) -> usize {
        match self.tables.get(&relation) {
            None => self.case.facts.len(relation),
            Some(dated) => dated.table.len(),
        }
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        self.case.facts.is_stated(relation, row)
    }
}
