//! Why a fact does not hold: for each rule that could conclude it, how far its body gets over the rows there are.
//!
//! A near miss leaves out as few literals as possible so that the rest of the body has a solution with the head as asked.
//! What is left out is what fails; it is filled in with the values of that solution, so that it names real constants.
//! What fails and can itself be derived is asked about in turn, some levels deep.

use super::case::Case;
use super::facts::Fact;
use super::group::answers;
use super::meter::Meter;
use super::rivals::Rival;
use super::solve::{Solution, Solver, holds, is_absent};
use super::terms::{Bindings, in_term, mentioned, pattern, unify, value};
use crate::analysis::checked::{
    Literal, LiteralKind, RelationId, Rule, RuleId, Term, ValueType, VarId,
};
use crate::engine::{Budget, StopReason};
use crate::evidence::{GradeTables, Interval};
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;

/// How far to look.
#[derive(Clone, Debug)]
pub struct WhyNotOptions {
    /// Levels of rules below the fact.
    pub depth: usize,
    /// Near misses of the fact, over all its rules.
    pub misses: usize,
    /// Near misses of each fact that is missing below.
    pub misses_below: usize,
    /// Existing facts named beside one that is missing.
    pub nearest: usize,
}

impl Default for WhyNotOptions {
    fn default() -> Self {
        WhyNotOptions {
            depth: 4,
            misses: 3,
            misses_below: 1,
            nearest: 3,
        }
    }
}

/// What is nearest to a fact that does not hold.
#[derive(Clone, Debug)]
pub struct WhyNot {
    /// Best first.
    pub misses: Vec<Miss>,
    /// Facts that hold and differ from it in one argument only, those most like it first.
    pub nearest: Vec<Fact>,
    /// Every way to it leads through itself.
    pub circular: bool,
    /// Rules that could conclude it.
    pub rules: usize,
    /// What stopped the search. Also without it only the best near misses are kept.
    pub stopped: Option<StopReason>,
}

/// A rule whose body nearly holds.
#[derive(Clone, Debug)]
pub struct Miss {
    pub rule: RuleId,
    /// By variable; `None` where nothing says what it would be.
    pub values: Box<[Option<Code>]>,
    /// Literals that hold, as positions in the body.
    pub holding: Vec<usize>,
    pub failing: Vec<Failing>,
    /// Where nothing fails: the rows that keep the conclusion out.
    pub beaten_by: Vec<Rival>,
    /// Where nothing fails nor keeps it out, and all has to hold on one day: it never did, and these are the times of the
    /// conditions that do not always hold, as positions in the body. `None` otherwise.
    pub never_at_once: Option<Vec<(usize, Vec<Interval>)>>,
    /// Literals that could not be asked: they need values from what fails.
    pub open: Vec<usize>,
    /// How many other solutions of the rest fail in the same literals; the search may have left off counting.
    pub others: usize,
}

/// A literal that keeps a rule from its conclusion.
#[derive(Clone, Debug)]
pub struct Failing {
    /// Position in the body.
    pub literal: usize,
    pub reason: Reason,
}

#[derive(Clone, Debug)]
pub enum Reason {
    /// No row agrees with the pattern.
    Absent {
        relation: RelationId,
        pattern: Vec<Option<Code>>,
        /// Facts that hold and differ in one argument only.
        nearest: Vec<Fact>,
        /// Why it does not hold in its turn.
        below: Vec<Miss>,
        /// There is nothing below because every way to it leads through what is asked about above.
        circular: bool,
    },
    /// The rule needs its absence, and it is there.
    Present(Fact),
    /// An aggregate of another value: this one, where it has any.
    Total(Option<Code>),
    /// A comparison, match or range that is false.
    False,
}

/// Rows one combination of literals may cost.
const COMBINATION: u64 = 20_000;
/// Solutions looked at for each combination.
const SOLUTIONS: usize = 64;
/// Combinations tried for each rule.
const COMBINATIONS: usize = 512;
/// Supports of a condition that tell when it holds.
const TIMES: usize = 16;

impl Case<'_> {
    /// What is nearest to a fact that does not hold. `row`: `None` where any value would do.
    pub fn why_not(
        &self,
        relation: RelationId,
        row: &[Option<Code>],
        options: &WhyNotOptions,
        budget: &Budget,
    ) -> WhyNot {
        let meter = Meter::new(budget);
        let mut seeker = Seeker {
            case: self,
            options,
            meter: &meter,
            asked: FxHashSet::default(),
            way: Vec::new(),
        };
        let (misses, circular) = seeker.misses(relation, row, options.depth);
        WhyNot {
            misses,
            circular,
            nearest: self.nearest(relation, row, options.nearest),
            rules: self.rules_of(relation).len(),
            stopped: meter.stopped(),
        }
    }

    /// Facts that hold and differ from a pattern in one argument only, the most similar first. Where nothing else of
    /// the pattern is known, only those much like it.
    pub fn nearest(&self, relation: RelationId, row: &[Option<Code>], most: usize) -> Vec<Fact> {
        const LOOKED_AT: usize = 10_000;
        if most == 0 {
            return Vec::new();
        }
        let attributes = &self.program[relation].attributes;
        let mut found: Vec<(usize, Fact)> = Vec::new();
        for at in (0..row.len()).filter(|&at| row[at].is_some()) {
            let mut asked = row.to_vec();
            asked[at] = None;
            let alone = asked.iter().all(Option::is_none);
            if alone && self.facts.len(relation) > LOOKED_AT {
                continue;
            }
            let wanted = row[at].map_or_else(String::new, |code| {
                self.text_of_value(attributes[at].ty, code)
            });
            let rows = self.facts.matching(relation, &asked);
            for other in rows.iter().take(LOOKED_AT) {
                let text = self.text_of_value(attributes[at].ty, other[at]);
                let distance = unlike(&wanted, &text);
                if !alone || distance <= wanted.chars().count() / 3 {
                    found.push((distance, Fact::new(relation, &other)));
                }
            }
        }
        found.sort();
        found.dedup();
        found.truncate(most);
        found.into_iter().map(|(_, fact)| fact).collect()
    }

    /// Whether there are facts that differ from a pattern, of which more than one argument is known, in one of these only.
    fn is_near(&self, relation: RelationId, row: &[Option<Code>]) -> bool {
        (0..row.len()).filter(|&at| row[at].is_some()).any(|at| {
            let mut asked = row.to_vec();
            asked[at] = None;
            self.facts.has(relation, &asked)
        })
    }

    fn text_of_value(&self, ty: ValueType, code: Code) -> String {
        crate::io::format_value(self.dictionary, self.program, ty, code).to_lowercase()
    }

    /// Constants of the case that may have been meant by one that stands nowhere in a column of this type: names much
    /// like it, and what a row names beside it. Best first; `None` when it does stand in one.
    pub fn meant(
        &self,
        relation: RelationId,
        at: usize,
        code: Code,
        most: usize,
    ) -> Option<Vec<Code>> {
        const LOOKED_AT: usize = 2_000_000;
        let asked = &self.program[relation].attributes[at];
        if asked.ty != ValueType::Symbol {
            return None;
        }
        let alike = |name: &str| {
            let plain = |c: &char| c.is_alphanumeric();
            name.chars()
                .filter(plain)
                .flat_map(char::to_lowercase)
                .collect::<String>()
        };
        let text = self.dictionary.text(code);
        let wanted = alike(text);
        let mut known: FxHashSet<Code> = FxHashSet::default();
        let mut beside: FxHashSet<Code> = FxHashSet::default();
        let mut looked = 0;
        for (id, declared) in self.program.relations() {
            let typed: Vec<usize> = (0..declared.arity())
                .filter(|&at| declared.attributes[at].type_name == asked.type_name)
                .collect();
            looked += self.facts.len(id);
            if typed.is_empty() || looked > LOOKED_AT {
                continue;
            }
            let rows = self.facts.matching(id, &vec![None; declared.arity()]);
            for &column in &typed {
                known.extend(rows.column(column));
            }
            if !self.rules_of(id).is_empty() {
                continue;
            }
            for other in (0..declared.arity()).filter(|other| !typed.contains(other)) {
                if declared.attributes[other].ty != ValueType::Symbol {
                    continue;
                }
                for (row, &name) in rows.column(other).iter().enumerate() {
                    if name == code || alike(self.dictionary.text(name)) == wanted {
                        beside.extend(typed.iter().map(|&column| rows.column(column)[row]));
                    }
                }
            }
        }
        // What only claims name that do not count here is no slip of the pen.
        let claims = self.claims;
        let set_aside = || {
            let withdrawn = claims.withdrawn().into_iter();
            withdrawn
                .take(LOOKED_AT)
                .any(|claim| claims.get(claim).row.contains(&code))
        };
        if known.contains(&code) || set_aside() {
            return None;
        }
        let allowed = (wanted.chars().count() / 3).max(1);
        let mut found: Vec<(usize, &str, Code)> = known
            .iter()
            .filter_map(|&code| {
                let text = self.dictionary.text(code);
                let distance = match beside.contains(&code) {
                    true => 0,
                    false => unlike(&wanted, &alike(text)),
                };
                (distance <= allowed).then_some((distance, text, code))
            })
            .collect();
        found.sort();
        found.truncate(most);
        Some(found.into_iter().map(|(.., code)| code).collect())
    }
}

fn unlike(left: &str, right: &str) -> usize {
    strsim::damerau_levenshtein(left, right)
}

struct Seeker<'a> {
    case: &'a Case<'a>,
    options: &'a WhyNotOptions,
    meter: &'a Meter,
    /// Patterns asked about; none is twice.
    asked: FxHashSet<(RelationId, Vec<Option<Code>>)>,
    /// Those from the fact to the pattern at hand. What needs one of them is no way to it: that one would have to hold first.
    way: Vec<(RelationId, Vec<Option<Code>>)>,
}

impl<'a> Seeker<'a> {
    /// Near misses, best first, and whether there are none because all lead in a circle.
    fn misses(
        &mut self,
        relation: RelationId,
        row: &[Option<Code>],
        depth: usize,
    ) -> (Vec<Miss>, bool) {
        if depth == 0 || !self.asked.insert((relation, row.to_vec())) {
            return (Vec::new(), false);
        }
        self.way.push((relation, row.to_vec()));
        let case = self.case;
        let mut found: Vec<Miss> = Vec::new();
        let mut circular = false;
        for &rule in case.rules_of(relation) {
            if self.meter.stopped().is_some() {
                break;
            }
            found.extend(self.of_rule(rule, row, &mut circular));
        }
        circular &= found.is_empty();
        found.sort_by_cached_key(|miss| self.rank(miss));
        found.truncate(match depth == self.options.depth {
            true => self.options.misses,
            false => self.options.misses_below,
        });
        for miss in &mut found {
            miss.never_at_once = self.never_at_once(miss);
            for failing in &mut miss.failing {
                if let Reason::Absent {
                    relation,
                    pattern,
                    nearest,
                    below,
                    circular,
                } = &mut failing.reason
                {
                    *nearest = case.nearest(*relation, pattern, self.options.nearest);
                    (*below, *circular) = self.misses(*relation, pattern, depth - 1);
                }
            }
        }
        self.way.pop();
        (found, circular)
    }

    fn is_on_the_way(&self, failing: &Failing) -> bool {
        let Reason::Absent {
            relation, pattern, ..
        } = &failing.reason
        else {
            return false;
        };
        let mut way = self.way.iter();
        way.any(|(asked, row)| asked == relation && row == pattern)
    }

    /// Fewest literals fail, most hold, most is known of what fails, and a claim away is nearer than a rule away.
    fn rank(&self, miss: &Miss) -> (usize, usize, usize, usize, Reverse<usize>, RuleId) {
        let unknown = |failing: &Failing| match &failing.reason {
            Reason::Absent { pattern, .. } => pattern.iter().filter(|code| code.is_none()).count(),
            Reason::Present(_) | Reason::Total(_) | Reason::False => 0,
        };
        let derived = |failing: &&Failing| match &failing.reason {
            Reason::Absent { relation, .. } => !self.case.rules_of(*relation).is_empty(),
            Reason::Present(_) | Reason::Total(_) | Reason::False => true,
        };
        (
            miss.failing.len(),
            miss.open.len(),
            miss.failing.iter().map(unknown).sum(),
            miss.failing.iter().filter(derived).count(),
            Reverse(miss.holding.len()),
            miss.rule,
        )
    }

    /// The best near miss for each smallest set of literals that fail.
    fn of_rule(&self, id: RuleId, row: &[Option<Code>], circular: &mut bool) -> Vec<Miss> {
        let rule = &self.case.program[id];
        if !self.could_conclude(rule, row) {
            return Vec::new();
        }
        let count = rule.body.len();
        let mut found = Vec::new();
        let mut tried = 0;
        for size in 0..=count {
            for without in Subsets::new(count, size) {
                tried += 1;
                if tried > COMBINATIONS && size < count || self.meter.stopped().is_some() {
                    break;
                }
                found.extend(self.without(id, rule, row, &without, circular));
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Whether the head can be the row at all.
    fn could_conclude(&self, rule: &Rule, row: &[Option<Code>]) -> bool {
        let Some(head) = &rule.head else { return false };
        let mut bindings = Bindings::new(rule.variables.len());
        head.args
            .iter()
            .zip(row)
            .all(|(arg, code)| match (arg, code) {
                (Term::Call { .. }, _) | (_, None) => true,
                (arg, Some(code)) => unify(arg, *code, &mut bindings, self.case.dictionary),
            })
    }

    /// The best solution of a body without some of its literals.
    fn without(
        &self,
        id: RuleId,
        rule: &Rule,
        row: &[Option<Code>],
        without: &[usize],
        circular: &mut bool,
    ) -> Option<Miss> {
        let head = rule.head.as_ref()?;
        let rest: Vec<usize> = (0..rule.body.len())
            .filter(|at| !without.contains(at))
            .collect();
        let Ready { ready, open, bound } = ready(rule, row, &rest);
        // What cannot be asked anyway need not be left out.
        if without
            .iter()
            .any(|&at| !can_be_asked(&rule.body[at], &bound))
        {
            return None;
        }
        // A head argument that is computed from what is left out says nothing.
        let row: Vec<Option<Code>> = head
            .args
            .iter()
            .zip(row)
            .map(|(arg, &code)| code.filter(|_| is_known(arg, &bound)))
            .collect();
        let body: Vec<Literal> = ready.iter().map(|&at| rule.body[at].clone()).collect();
        let part = self.meter.part(COMBINATION);
        let solutions = Solver::new(self.case.context(&part), &body, &rule.variables)
            .with_head(&head.args, &row)
            .take(SOLUTIONS);
        let mut best: Option<(usize, Miss)> = None;
        let mut count = 0;
        for solution in solutions {
            let Some(failing) = self.failing(rule, without, &solution) else {
                continue;
            };
            if failing.iter().any(|failing| self.is_on_the_way(failing)) {
                *circular = true;
                continue;
            }
            count += 1;
            let miss = Miss {
                rule: id,
                values: solution.values,
                holding: ready.clone(),
                failing,
                beaten_by: Vec::new(),
                never_at_once: None,
                open: open.clone(),
                others: 0,
            };
            let far = self.distance(&miss);
            if best.as_ref().is_none_or(|(known, _)| far < *known) {
                best = Some((far, miss));
            }
        }
        self.meter.charge(&part);
        best.map(|(_, miss)| Miss {
            others: count - 1,
            beaten_by: match miss.failing.is_empty() && miss.open.is_empty() {
                true => self.beaten_by(rule, &miss),
                false => Vec::new(),
            },
            ..miss
        })
    }

    fn never_at_once(&self, miss: &Miss) -> Option<Vec<(usize, Vec<Interval>)>> {
        let (case, rule) = (self.case, &self.case.program[miss.rule]);
        let holds = miss.failing.is_empty() && miss.open.is_empty() && miss.beaten_by.is_empty();
        if !case.at_once || !holds {
            return None;
        }
        let times = miss.holding.iter().filter_map(|&at| {
            let LiteralKind::Atom(atom) = &rule.body[at].kind else {
                return None;
            };
            let row = pattern(atom, &miss.values, case.dictionary);
            let row: Vec<Code> = row.into_iter().collect::<Option<_>>()?;
            let fact = Fact::new(atom.relation, &row);
            let tables = GradeTables::default();
            let supports = case.supports(&fact, &tables, TIMES, &self.meter.rest());
            let held = supports.supports.into_iter();
            let mut times: Vec<Interval> = held.filter_map(|held| held.interval.ok()).collect();
            times.sort_unstable_by_key(|held| (held.first_day(), held.last_day()));
            times.dedup();
            let dated = !times.is_empty() && !times.contains(&Interval::ALWAYS);
            dated.then_some((at, times))
        });
        Some(times.collect())
    }

    fn beaten_by(&self, rule: &Rule, miss: &Miss) -> Vec<Rival> {
        let Some(head) = &rule.head else {
            return Vec::new();
        };
        let row: Result<Box<[Code]>, _> = head
            .args
            .iter()
            .map(|arg| value(arg, &miss.values, self.case.dictionary))
            .collect();
        let Ok(row) = row else { return Vec::new() };
        let relation = head.relation;
        self.case.beaten_by(&Fact { relation, row }, self.meter)
    }

    /// How unlike anything there is the missing facts are.
    fn distance(&self, miss: &Miss) -> usize {
        let of = |failing: &Failing| match &failing.reason {
            Reason::Absent {
                relation, pattern, ..
            } => {
                let known = pattern.iter().flatten().count();
                match known > 1 && self.case.is_near(*relation, pattern) {
                    true => 0,
                    false => 1,
                }
            }
            Reason::Present(_) | Reason::Total(_) | Reason::False => 0,
        };
        miss.failing.iter().map(of).sum()
    }

    /// The literals that were left out, under a solution of the rest; `None` when one of them holds after all.
    fn failing(&self, rule: &Rule, without: &[usize], solution: &Solution) -> Option<Vec<Failing>> {
        let case = self.case;
        without
            .iter()
            .map(|&at| {
                let reason = match &rule.body[at].kind {
                    LiteralKind::Atom(atom) => {
                        let pattern = pattern(atom, &solution.values, case.dictionary);
                        if !is_absent(case.facts, atom.relation, &pattern) {
                            return None;
                        }
                        Reason::Absent {
                            relation: atom.relation,
                            pattern,
                            nearest: Vec::new(),
                            below: Vec::new(),
                            circular: false,
                        }
                    }
                    LiteralKind::Negated(atom) => {
                        let pattern = pattern(atom, &solution.values, case.dictionary);
                        let rows = case.facts.matching(atom.relation, &pattern);
                        if rows.is_empty() {
                            return None;
                        }
                        Reason::Present(Fact::new(atom.relation, &rows.row(0)))
                    }
                    LiteralKind::Aggregate(aggregate) => {
                        let part = self.meter.part(COMBINATION);
                        let context = case.context(&part);
                        let answers =
                            answers(context, aggregate, &rule.variables, &solution.values);
                        self.meter.charge(&part);
                        Reason::Total(answers.first().map(|answer| answer[0]))
                    }
                    _ => {
                        let literal = &rule.body[at];
                        let mut bindings = Bindings::of(&solution.values);
                        if holds(literal, case.context(self.meter), &mut bindings) {
                            return None;
                        }
                        Reason::False
                    }
                };
                Some(Failing {
                    literal: at,
                    reason,
                })
            })
            .collect()
    }
}

/// Of some literals of a rule those that can be asked when only they and the head are there.
struct Ready {
    /// In order.
    ready: Vec<usize>,
    open: Vec<usize>,
    /// What they and the head bind.
    bound: FxHashSet<VarId>,
}

fn ready(rule: &Rule, row: &[Option<Code>], literals: &[usize]) -> Ready {
    let mut bound: FxHashSet<VarId> = FxHashSet::default();
    if let Some(head) = &rule.head {
        for (arg, code) in head.args.iter().zip(row) {
            if code.is_some() && !matches!(arg, Term::Call { .. }) {
                in_term(arg, &mut |var| {
                    bound.insert(var);
                });
            }
        }
    }
    let mut left = literals.to_vec();
    let mut ready = Vec::new();
    loop {
        let before = left.len();
        left.retain(|&at| {
            let literal = &rule.body[at];
            let can = can_be_asked(literal, &bound);
            if can {
                mentioned(std::slice::from_ref(literal), &mut |var| {
                    bound.insert(var);
                });
                ready.push(at);
            }
            !can
        });
        if left.len() == before {
            ready.sort_unstable();
            return Ready {
                ready,
                open: left,
                bound,
            };
        }
    }
}

fn is_known(term: &Term, bound: &FxHashSet<VarId>) -> bool {
    let mut known = true;
    in_term(term, &mut |var| known &= bound.contains(&var));
    known
}

pub(super) fn can_be_asked(literal: &Literal, bound: &FxHashSet<VarId>) -> bool {
    let all = |term: &Term| is_known(term, bound);
    match &literal.kind {
        LiteralKind::Atom(_) => true,
        LiteralKind::Negated(atom) => atom.args.iter().all(all),
        LiteralKind::Compare {
            op, left, right, ..
        } => match op {
            CompareOp::Eq => all(left) || all(right),
            _ => all(left) && all(right),
        },
        LiteralKind::Match { pattern, text, .. } => all(pattern) && all(text),
        LiteralKind::Contains { part, text, .. } => all(part) && all(text),
        LiteralKind::Range { from, to, step, .. } => {
            all(from) && all(to) && step.as_ref().is_none_or(all)
        }
        LiteralKind::Aggregate(aggregate) => {
            aggregate.injected.iter().all(|var| bound.contains(var))
        }
    }
}

/// The subsets of `0..count` of one size, in lexicographic order.
struct Subsets {
    count: usize,
    next: Option<Vec<usize>>,
}

impl Subsets {
    fn new(count: usize, size: usize) -> Subsets {
        Subsets {
            count,
            next: (size <= count).then(|| (0..size).collect()),
        }
    }
}

impl Iterator for Subsets {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let this = self.next.take()?;
        let size = this.len();
        let mut following = this.clone();
        let movable = (0..size)
            .rev()
            .find(|&at| this[at] < self.count - size + at);
        if let Some(at) = movable {
            following[at] += 1;
            for later in at + 1..size {
                following[later] = following[later - 1] + 1;
            }
            self.next = Some(following);
        }
        Some(this)
    }
}

#[cfg(test)]
mod tests {
    use super::Subsets;

    #[test]
    fn subsets_come_in_order_and_none_twice() {
        let all = |count, size| Subsets::new(count, size).collect::<Vec<_>>();
        assert_eq!(all(3, 0), [Vec::<usize>::new()]);
        assert_eq!(all(3, 2), [[0, 1], [0, 2], [1, 2]]);
        assert_eq!(all(3, 3), [[0, 1, 2]]);
        assert!(all(2, 3).is_empty());
        assert_eq!(all(6, 3).len(), 20);
    }
}
