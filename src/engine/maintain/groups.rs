//! Where a change reaches a rule from below: rows to begin with, and where.

use super::routes::{Start, group_variables};
use super::transaction::Transaction;
use super::walk::{Halt, View};
use super::{Overlay, Row};
use crate::analysis::checked::{
    Aggregate, Atom, Literal, LiteralKind, RelationId, RuleId, Term, VarId,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Beginnings of routes, and the rows to begin with.
pub type Seeds = Vec<(Start, Vec<Row>)>;

/// The view in which an atom would have to hold for a row not to matter: what a negated one loses it gains.
fn opposite(view: View<'static>, negated: bool) -> View<'static> {
    match (view, negated) {
        (View::Now, true) => View::Before,
        (_, true) => View::Now,
        (view, false) => view,
    }
}

impl Transaction<'_> {
    /// Where ways through a rule begin that were open before the change and are no more.
    pub fn lost(&mut self, rule: RuleId) -> Result<Seeds, Halt> {
        self.reached(rule, View::Now, |overlay, negated| match negated {
            false => &overlay.minus,
            true => &overlay.plus,
        })
    }

    /// Where ways through a rule begin that the change has opened.
    pub fn gained(&mut self, rule: RuleId) -> Result<Seeds, Halt> {
        self.reached(rule, View::Before, |overlay, negated| match negated {
            false => &overlay.plus,
            true => &overlay.minus,
        })
    }

    fn reached(
        &mut self,
        rule: RuleId,
        other: View<'static>,
        rows: impl Fn(&Overlay, bool) -> &FxHashSet<Row>,
    ) -> Result<Seeds, Halt> {
        let program = self.program;
        let mut seeds = Seeds::new();
        for (at, literal) in program[rule].body.iter().enumerate() {
            let (atom, negated) = match &literal.kind {
                LiteralKind::Atom(atom) => (atom, false),
                LiteralKind::Negated(atom) => (atom, true),
                LiteralKind::Aggregate(aggregate) => {
                    if self.is_touched(&aggregate.body) {
                        seeds.push(self.groups(rule, at, aggregate)?);
                    }
                    continue;
                }
                _ => continue,
            };
            let rows = rows(&self.overlays[atom.relation.index()], negated);
            let rows: Vec<Row> = rows.iter().cloned().collect();
            let rows = self.telling(atom, rows, opposite(other, negated))?;
            if !rows.is_empty() {
                seeds.push((Start::Atom(at), rows));
            }
        }
        Ok(seeds)
    }

    /// Of rows that are not in one of the two views, those that make a difference to an atom: where it does not look at
    /// every column, a row in that view may stand for another.
    fn telling(&mut self, atom: &Atom, rows: Vec<Row>, view: View) -> Result<Vec<Row>, Halt> {
        let bound: Vec<usize> = (0..atom.args.len())
            .filter(|&column| atom.args[column] != Term::Wildcard)
            .collect();
        if bound.len() == atom.args.len() || rows.is_empty() {
            return Ok(rows);
        }
        let mut telling = Vec::new();
        let mut judged: FxHashMap<Row, bool> = FxHashMap::default();
        for row in rows {
            let key: Row = bound.iter().map(|&column| row[column]).collect();
            let tells = match judged.get(&key) {
                Some(&tells) => tells,
                None => {
                    let stand_in = self.is_there(atom.relation, &bound, &key, view)?;
                    judged.insert(key, !stand_in);
                    !stand_in
                }
            };
            if tells {
                telling.push(row);
            }
        }
        Ok(telling)
    }

    /// Where ways through a rule begin that are as open as before, but only since a later birth; those that are not before
    /// a tick.
    pub fn reborn(&self, rule: RuleId, since: u32) -> Vec<(Start, Vec<(Row, u32)>)> {
        let body = self.program[rule].body.iter().enumerate();
        body.filter_map(|(at, literal)| match &literal.kind {
            LiteralKind::Atom(atom) => {
                let reborn = self.overlays[atom.relation.index()].reborn.iter();
                let late: Vec<(Row, u32)> = reborn
                    .filter(|(_, birth)| *birth >= since)
                    .cloned()
                    .collect();
                (!late.is_empty()).then_some((Start::Atom(at), late))
            }
            _ => None,
        })
        .collect()
    }

    /// Whether a body reads what has other rows now.
    pub fn is_touched(&self, body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                !self.overlays[atom.relation.index()].is_empty()
            }
            LiteralKind::Aggregate(aggregate) => self.is_touched(&aggregate.body),
            _ => false,
        })
    }

    /// Groups of an aggregate that have other members now; perhaps more. Each as the values of those variables of the
    /// group that all ways to tell have in common.
    fn groups(
        &mut self,
        rule: RuleId,
        at: usize,
        aggregate: &Aggregate,
    ) -> Result<(Start, Vec<Row>), Halt> {
        let all = || (Start::Group(at, Vec::new()), vec![Row::from(Vec::new())]);
        let mut reached: Vec<(usize, RelationId, bool)> = Vec::new();
        for (inner, literal) in aggregate.body.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Atom(atom) => reached.push((inner, atom.relation, false)),
                LiteralKind::Negated(atom) => reached.push((inner, atom.relation, true)),
                LiteralKind::Aggregate(nested) if self.is_touched(&nested.body) => {
                    return Ok(all());
                }
                _ => {}
            }
        }
        reached.retain(|&(_, relation, _)| !self.overlays[relation.index()].is_empty());
        let variables = |inner: usize| group_variables(aggregate, inner);
        let mut common: Vec<VarId> = match reached.first() {
            Some(&(first, ..)) => variables(first),
            None => return Ok((Start::Group(at, Vec::new()), Vec::new())),
        };
        for &(inner, ..) in &reached {
            let others = variables(inner);
            common.retain(|var| others.contains(var));
        }
        if common.is_empty() {
            return Ok(all());
        }
        let mut groups: FxHashSet<Row> = FxHashSet::default();
        for (inner, relation, negated) in reached {
            let vars = variables(inner);
            let places: Vec<usize> = (0..vars.len())
                .filter(|&place| common.contains(&vars[place]))
                .collect();
            let overlay = &self.overlays[relation.index()];
            let (gone, new): (Vec<Row>, Vec<Row>) = (
                overlay.minus.iter().cloned().collect(),
                overlay.plus.iter().cloned().collect(),
            );
            let (before, now) = match negated {
                false => (gone, new),
                true => (new, gone),
            };
            for (rows, view) in [(before, View::Before), (now, View::Now)] {
                for group in self.heads(rule, Start::Inner(at, inner), &rows, view)? {
                    groups.insert(places.iter().map(|&place| group[place]).collect());
                }
            }
        }
        Ok((Start::Group(at, common), groups.into_iter().collect()))
    }
}
