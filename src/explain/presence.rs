//! What holds in which of several cases that were worked out together.

use super::case::Case;
use super::dayset::DaySet;
use super::facts::{Fact, Facts};
use super::history::{Dated, History, Reading};
use super::joins::{Joins, Planner};
use super::meter::Meter;
use super::settled::each_read;
use super::table::Table;
use crate::analysis::checked::{RelationId, RuleId};
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

    /// Cases in which one of some relations has a row that the case at hand has not, and those in which one lacks a row
    /// that it has.
    pub fn otherwise(&self, of: &dyn Fn(RelationId) -> bool) -> (DaySet, DaySet) {
        let (mut more, mut fewer) = (DaySet::never(), DaySet::never());
        let history = &self.history;
        let moved = history.moved.iter().filter(|(id, _)| of(**id));
        for fact in moved.flat_map(|(_, facts)| facts) {
            let days = history.tables[&fact.relation].days_of(&fact.row);
            match (history.case.holds(fact), days) {
                (false, days) => {
                    days.into_iter().for_each(|days| {
                        more.add(days);
                    });
                }
                (true, days) => {
                    let mut absent = DaySet::every(history.days);
                    days.into_iter().for_each(|days| absent.remove(days));
                    fewer.add(&absent);
                }
            }
        }
        (more, fewer)
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

    /// The facts of one case, in which these are no longer stated.
    pub fn in_case<'p>(&'p self, case: usize, gone: &'p [Fact]) -> OneCase<'p> {
        OneCase {
            history: &self.history,
            case,
            gone,
        }
    }
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
