//! What falls in a stratum without recursion.
//!
//! Each row is judged as soon as it is come upon: what it may follow from is complete. Most rows that lose a derivation
//! have another one, and one that held for a row like it often holds for it too.

use super::Row;
use super::route::Route;
use super::routes::{Start, free_variables};
use super::stratum::Losses;
use super::transaction::Transaction;
use super::walk::{Doomed, Halt, View, Walker, value};
use crate::analysis::checked::{RelationId, RuleId, Stratum, Term, VarId};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

/// What has helped in no more than this part of all tries is not tried again, ...
const SELDOM: u32 = 4;
/// ... after so many.
const TRIES: u32 = if cfg!(test) { 4 } else { 64 };

/// So many losses are few: to find out what derivations have in common would take longer than to look for each.
const FEW: usize = if cfg!(test) { 0 } else { 16 };

type Known = FxHashMap<(RuleId, usize, Code), Arc<[Code]>>;

/// Derivations of rows of one relation, to be tried with others.
struct Precedents {
    rules: Vec<Precedent>,
    /// By rule, column and its value: the values of all variables in the latest derivation.
    known: RefCell<Known>,
}

struct Precedent {
    rule: RuleId,
    route: Arc<Route>,
    /// Where the rule computes nothing.
    like: Option<Like>,
}

struct Like {
    route: Arc<Route>,
    vars: Vec<VarId>,
    /// Of each column of the head, among them.
    head: Vec<usize>,
    /// By column: how often a derivation of another row with the same value was tried, and how often it held.
    tries: Vec<Cell<(u32, u32)>>,
}

impl Like {
    fn helps(&self, column: usize) -> bool {
        let (tries, held) = self.tries[column].get();
        tries < TRIES || held * SELDOM > tries
    }
}

impl Transaction<'_> {
    /// The rows that lost a derivation and are not sure to have another, and those among them that may have one.
    pub fn doom_flat(
        &mut self,
        stratum: &Stratum,
        losses: Losses,
    ) -> Result<(Doomed, Vec<(RelationId, Row)>), Halt> {
        let mut doomed = Doomed::default();
        let nothing = Doomed::default();
        for &relation in &stratum.relations {
            let fallen = RefCell::new(FxHashSet::default());
            let rows = losses.rows.iter().filter(|(of, _)| *of == relation);
            let ways = losses.ways.iter().filter(|loss| loss.head == relation);
            let seeds: usize = ways.map(|loss| loss.seeds.len()).sum();
            let precedents = self.precedents(relation, rows.count() + seeds > FEW);
            for (_, row) in losses.rows.iter().filter(|(of, _)| *of == relation) {
                let state = &self.relations[relation.index()];
                let before = self.births.then(|| state.birth(row).unwrap_or(0));
                let view = View::Sure {
                    doomed: &nothing,
                    before,
                };
                if state.set.contains(row)
                    && !self.has_precedent(relation, &precedents, row, view)?
                {
                    fallen.borrow_mut().insert(row.clone());
                }
            }
            for loss in losses.ways.iter().filter(|loss| loss.head == relation) {
                let state = &self.relations[relation.index()];
                // Whatever is derived is no older than that.
                let before = self.births.then(|| state.first_round());
                let route = self.route(loss.rule, loss.start.clone());
                let (since, mut done) = (self.work(), 0);
                for seed in &loss.seeds {
                    let flow =
                        self.seeing(false)
                            .walk(&route, seed, View::Before, &mut |batch, _| {
                                let row: Vec<Code> =
                                    route.answer.iter().map(|arg| value(arg, batch)).collect();
                                let state = &self.relations[relation.index()];
                                if fallen.borrow().contains(&row[..]) || !state.set.contains(&row) {
                                    return Continue(());
                                }
                                let mut before = before;
                                if let Some(reborn) = loss.reborn {
                                    let birth = state.birth(&row).unwrap_or(0);
                                    if birth > reborn {
                                        return Continue(());
                                    }
                                    before = Some(birth);
                                }
                                let view = View::Sure {
                                    doomed: &nothing,
                                    before,
                                };
                                match self.has_precedent(relation, &precedents, &row, view) {
                                    Ok(true) => {}
                                    Ok(false) => drop(fallen.borrow_mut().insert(Row::from(row))),
                                    Err(halt) => return Break(halt),
                                }
                                Continue(())
                            });
                    if let Break(halt) = flow {
                        return Err(halt);
                    }
                    done += 1;
                    self.expect(since, done, loss.seeds.len() - done)?;
                }
            }
            let fallen = fallen.into_inner();
            if !fallen.is_empty() {
                doomed.insert(relation, fallen);
            }
        }
        // Where births are recorded, a later derivation may be left.
        let open = match self.births {
            true => {
                let all = doomed.iter();
                all.flat_map(|(&id, rows)| rows.iter().map(move |row| (id, row.clone())))
                    .collect()
            }
            false => Vec::new(),
        };
        Ok((doomed, open))
    }

    fn precedents(&mut self, relation: RelationId, many: bool) -> Precedents {
        let program = self.program;
        let mut rules = Vec::new();
        for &rule in self.rules_of(relation).iter() {
            let route = self.route(rule, Start::Head);
            let head = program[rule].head.iter().flat_map(|head| &head.args);
            let vars = many.then(|| free_variables(&program[rule])).flatten();
            let like = vars.and_then(|vars| {
                let place = |arg: &Term| match arg {
                    Term::Var(var) => vars.binary_search(var).ok(),
                    _ => None,
                };
                let head: Vec<usize> = head.map(place).collect::<Option<_>>()?;
                Some(Like {
                    route: self.route(rule, Start::Whole),
                    tries: vec![Cell::default(); head.len()],
                    head,
                    vars,
                })
            });
            rules.push(Precedent { rule, route, like });
        }
        Precedents {
            rules,
            known: RefCell::default(),
        }
    }

    /// Whether a row is stated, or follows from rows of a view.
    fn has_precedent(
        &self,
        relation: RelationId,
        precedents: &Precedents,
        row: &[Code],
        view: View,
    ) -> Result<bool, Halt> {
        if self.is_given(relation, row) {
            return Ok(true);
        }
        // Births count for a limit only.
        let walker = self.seeing(matches!(
            view,
            View::Sure {
                before: Some(_),
                ..
            }
        ));
        for Precedent { rule, like, .. } in &precedents.rules {
            if let Some(like) = like
                && self.is_like(&walker, precedents, *rule, like, row, view)?
            {
                return Ok(true);
            }
        }
        for Precedent { rule, route, like } in &precedents.rules {
            let mut found = None;
            let flow = walker.walk(route, row, view, &mut |batch, _| {
                let vars = like.iter().flat_map(|like| &like.vars);
                found = Some(
                    vars.map(|&var| batch.column(var)[0])
                        .collect::<Arc<[Code]>>(),
                );
                Break(Halt::Enough)
            });
            if let Break(halt @ (Halt::TooMuch | Halt::Stopped)) = flow {
                return Err(halt);
            }
            if let Some(found) = found {
                if let Some(like) = like {
                    let mut known = precedents.known.borrow_mut();
                    for (column, &code) in row.iter().enumerate().filter(|&(at, _)| like.helps(at))
                    {
                        known.insert((*rule, column, code), found.clone());
                    }
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the derivation of a row that shares a value with this one is one of it too.
    fn is_like(
        &self,
        walker: &Walker,
        precedents: &Precedents,
        rule: RuleId,
        like: &Like,
        row: &[Code],
        view: View,
    ) -> Result<bool, Halt> {
        for (column, &code) in row.iter().enumerate() {
            if !like.helps(column) {
                continue;
            }
            let known = precedents
                .known
                .borrow()
                .get(&(rule, column, code))
                .cloned();
            let Some(known) = known else { continue };
            let mut values = known.to_vec();
            for (&place, &code) in like.head.iter().zip(row) {
                values[place] = code;
            }
            // A variable may stand in the head twice.
            if like
                .head
                .iter()
                .zip(row)
                .any(|(&place, code)| values[place] != *code)
            {
                continue;
            }
            let holds = match walker.finds(&like.route, &values, view) {
                Continue(found) => found.is_some(),
                Break(halt) => return Err(halt),
            };
            let (tries, held) = like.tries[column].get();
            like.tries[column].set((tries + 1, held + u32::from(holds)));
            if holds {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
