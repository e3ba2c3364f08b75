//! What holds in which of several cases that were worked out together.

use super::case::Case;
use super::dayset::DaySet;
use super::facts::{Fact, Facts};
use super::history::{Dated, History, Reading};
use super::joins::{Joins, Planner};
use super::meter::Meter;
use super::settled::each_read;
use super::table::Table;
use super::terms::value;
use crate::analysis::checked::{LiteralKind, RelationId, RelationKind, RuleId};
use crate::storage::{Code, Rows, SortedRows};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// The facts of a history, each with the cases in which it is there: a case for a day.
pub struct Presence<'a> {
    history: History<'a>,
}

impl<'a> History<'a> {
    /// Of so many cases, a multiple of 64; of those that the history has not nothing is to be asked. Linear in the history.
    pub fn presence(self, cases: usize) -> Presence<'a> {
        let Reading::Cases(case) = self.reading else {
            return Presence { history: self };
        };
        let of_cases = |dated: &Dated| {
            let days = dated.days.iter();
            Dated {
                table: Table::of(dated.table.stored().clone()),
                days: days
                    .map(|of_row| of_row.cases(case.count(), cases))
                    .collect::<Vec<_>>()
                    .into(),
            }
        };
        let tables: FxHashMap<RelationId, Dated> = self
            .tables
            .iter()
            .map(|(&id, dated)| (id, of_cases(dated)))
            .collect();
        Presence {
            history: History {
                case: self.case,
                reading: Reading::Apart,
                days: cases,
                as_now: self.as_now,
                tables,
                moved: self.moved,
                same: self.same,
                unlisted: self.unlisted,
            },
        }
    }
}

impl Presence<'_> {
    /// Cases in which some row agrees with a pattern.
    pub fn met(&self, relation: RelationId, pattern: &[Option<Code>]) -> DaySet {
        let history = &self.history;
        let Some(dated) = history.tables.get(&relation) else {
            return match history.case.facts.has(relation, pattern) {
                true => DaySet::every(history.days),
                false => DaySet::never(),
            };
        };
        let mut met = DaySet::never();
        dated.table.each_match(pattern, |id| {
            met.add(&dated.days[id as usize]);
        });
        met
    }

    /// Cases in which a fact holds.
    pub fn with(&self, fact: &Fact) -> DaySet {
        let history = &self.history;
        match history.tables.get(&fact.relation) {
            None if history.case.holds(fact) => DaySet::every(history.days),
            None => DaySet::never(),
            Some(dated) => {
                let days = dated.days_of(&fact.row).cloned();
                days.unwrap_or_else(DaySet::never)
            }
        }
    }

    /// The facts that are not the same in all cases, in no order; maybe others too.
    pub fn moved(&self) -> impl Iterator<Item = &Fact> {
        self.history.moved.values().flatten()
    }

    /// Whether a rule reads anything that is not the same in all cases.
    pub fn reaches(&self, rule: RuleId) -> bool {
        let mut reaches = false;
        let body = &self.history.case.program[rule].body;
        each_read(body, &mut |read| {
            reaches |= self.history.moved.contains_key(&read);
        });
        reaches
    }

    /// Tells solutions of the body of a rule, by variable, and in which cases each is one; some may come more than once.
    /// With `all` every solution, else at least those that are none in the case at hand.
    pub fn solutions(
        &self,
        rule: RuleId,
        all: bool,
        meter: &Meter,
        found: &mut dyn FnMut(&[Option<Code>], &DaySet),
    ) {
        let case = self.history.case;
        let rule = &case.program[rule];
        let sizes = |relation| self.history.len(relation);
        let planner = Planner {
            dictionary: case.dictionary,
            sizes: &sizes,
        };
        let variables = rule.variables.len();
        let totals = RefCell::default();
        let joins = Joins {
            history: &self.history,
            variables: &rule.variables,
            totals: &totals,
            meter,
        };
        if all {
            let plan = planner.plan(&rule.body, &[], variables);
            return joins.each(&plan, &vec![None; variables], found);
        }
        self.history.each_touched(&rule.body, &mut |given, each| {
            let plan = planner.plan(&rule.body, given, variables);
            for values in each {
                let mut known = vec![None; variables];
                for (var, code) in values {
                    known[var.index()] = Some(*code);
                }
                joins.each(&plan, &known, found);
            }
        });
    }

    /// What the rules of some relations conclude from anything that is not the same in all cases.
    pub fn concluded(&self, of: &dyn Fn(RelationId) -> bool, meter: &Meter) -> Vec<Concluded> {
        let case = self.history.case;
        let mut concluded = Vec::new();
        for (id, rule) in case.program.rules() {
            let Some(head) = rule.head.as_ref().filter(|head| of(head.relation)) else {
                continue;
            };
            if !self.reaches(id) {
                continue;
            }
            self.solutions(id, false, meter, &mut |values, cases| {
                let args = head.args.iter();
                let row = args.map(|arg| value(arg, values, case.dictionary));
                if let Ok(row) = row.collect::<Result<Box<[Code]>, _>>() {
                    let relation = head.relation;
                    concluded.push(Concluded {
                        rule: id,
                        fact: Fact { relation, row },
                        cases: cases.clone(),
                    });
                }
            });
        }
        concluded
    }

    /// Cases in which some of these facts may follow in a way in which they do not in one of the cases, or in which an
    /// equivalence of some relations has more pairs than there.
    pub fn otherwise_than(
        &self,
        than: usize,
        concluded: &[Concluded],
        follows: &dyn Fn(&Fact) -> bool,
        of: &dyn Fn(RelationId) -> bool,
    ) -> DaySet {
        let history = &self.history;
        let program = history.case.program;
        let mut changed: FxHashMap<RelationId, (DaySet, DaySet)> = FxHashMap::default();
        let mut otherwise = DaySet::never();
        for &relation in history.moved.keys() {
            let change = self.otherwise_in(relation, than);
            if of(relation) && program[relation].kind == RelationKind::Eqrel {
                otherwise.add(&change.0);
            }
            changed.insert(relation, change);
        }
        // One way is told by the values of its variables: other rows may fill its wildcards, and its totals.
        let mut doubts: FxHashMap<RuleId, DaySet> = FxHashMap::default();
        for one in concluded.iter().filter(|one| follows(&one.fact)) {
            if !one.cases.contains(than) {
                otherwise.add(&one.cases);
                continue;
            }
            let doubt = doubts.entry(one.rule).or_insert_with(|| {
                let mut doubt = DaySet::never();
                for literal in &program[one.rule].body {
                    match &literal.kind {
                        LiteralKind::Atom(atom) => {
                            if let Some((more, _)) = changed.get(&atom.relation) {
                                doubt.add(more);
                            }
                        }
                        LiteralKind::Aggregate(aggregate) => {
                            each_read(&aggregate.body, &mut |read| {
                                if let Some((more, fewer)) = changed.get(&read) {
                                    doubt.add(more);
                                    doubt.add(fewer);
                                }
                            });
                        }
                        _ => {}
                    }
                }
                doubt
            });
            let mut cases = one.cases.clone();
            cases.keep(doubt);
            otherwise.add(&cases);
        }
        otherwise
    }

    /// Cases in which a relation has more than in one of them, and in which it has fewer.
    pub fn otherwise_in(&self, relation: RelationId, than: usize) -> (DaySet, DaySet) {
        let (mut more, mut fewer) = (DaySet::never(), DaySet::never());
        let history = &self.history;
        for fact in history.moved.get(&relation).into_iter().flatten() {
            let cases = self.with(fact);
            if !cases.contains(than) {
                more.add(&cases);
            } else {
                let mut absent = DaySet::every(history.days);
                absent.remove(&cases);
                fewer.add(&absent);
            }
        }
        (more, fewer)
    }

    /// The facts of one case, in which these are no longer stated.
    pub fn in_case<'p>(&'p self, case: usize, gone: &'p [Fact]) -> OneCase<'p> {
        OneCase {
            history: &self.history,
            case,
            gone,
        }
    }
}

/// What a rule concludes in one way, and in which cases.
pub struct Concluded {
    rule: RuleId,
    fact: Fact,
    cases: DaySet,
}

/// One of several cases.
pub struct OneCase<'p> {
    history: &'p History<'p>,
    case: usize,
    gone: &'p [Fact],
}

impl OneCase<'_> {
    fn here(&self) -> &Case<'_> {
        self.history.case
    }
}

impl Facts for OneCase<'_> {
    fn matching(&self, relation: RelationId, pattern: &[Option<Code>]) -> Rows {
        let Some(dated) = self.history.tables.get(&relation) else {
            return self.here().facts.matching(relation, pattern);
        };
        let mut rows = Rows::new(pattern.len());
        dated.table.each_match(pattern, |id| {
            if dated.days[id as usize].contains(self.case) {
                rows.push(dated.table.row(id));
            }
        });
        SortedRows::from_unsorted(rows).into_rows()
    }

    fn gather(&self, relation: RelationId, pattern: &[Option<Code>], codes: &mut Vec<Code>) {
        match self.history.tables.contains_key(&relation) {
            true => self.matching(relation, pattern).gather(codes),
            false => self.here().facts.gather(relation, pattern, codes),
        }
    }

    fn has(&self, relation: RelationId, pattern: &[Option<Code>]) -> bool {
        let Some(dated) = self.history.tables.get(&relation) else {
            return self.here().facts.has(relation, pattern);
        };
        let mut has = false;
        dated.table.each_match(pattern, |id| {
            has |= dated.days[id as usize].contains(self.case);
        });
        has
    }

    fn contains(&self, relation: RelationId, row: &[Code]) -> bool {
        match self.history.tables.get(&relation) {
            None => self.here().facts.contains(relation, row),
            Some(dated) => {
                let days = dated.days_of(row);
                days.is_some_and(|days| days.contains(self.case))
            }
        }
    }

    fn len(&self, relation: RelationId) -> usize {
        self.history.len(relation)
    }

    fn birth(&self, _: RelationId, _: &[Code]) -> Option<u32> {
        None
    }

    fn is_stated(&self, relation: RelationId, row: &[Code]) -> Option<bool> {
        let mut gone = self.gone.iter();
        let is_gone = gone.any(|fact| fact.relation == relation && *fact.row == *row);
        let stated = self.here().facts.is_stated(relation, row);
        stated.map(|stated| stated && !is_gone)
    }
}
