//! How rows of three columns and more are best divided in two: so that rules go on from one half of a row without asking
//! after the other, and can be [composed](super::composition).

use super::fixpoint::recursive_atoms;
use crate::analysis::checked::{
    Atom, CheckedProgram, LiteralKind, RelationId, Rule, Stratum, Term, VarId,
};

/// Relations of more columns are not divided by what rules do: there are too many ways.
const MOST: usize = 6;

/// The relations of a stratum that rules care about in this, each with the columns that may be the first half of its rows:
/// all ways that serve as many rules as any does.
pub fn ways_to_divide(
    program: &CheckedProgram,
    stratum: &Stratum,
) -> Vec<(RelationId, Vec<Box<[usize]>>)> {
    let mut versions = Vec::new();
    for &rule in &stratum.rules {
        for (delta, _) in recursive_atoms(program, rule, stratum) {
            versions.extend(Version::of(&program[rule], delta));
        }
    }
    let mut divided = Vec::new();
    for &relation in &stratum.relations {
        let arity = program[relation].arity();
        let concerns = |version: &&Version| version.concerns(relation);
        let versions: Vec<&Version> = versions.iter().filter(concerns).collect();
        if (3..=MOST).contains(&arity) && !versions.is_empty() {
            divided.push((relation, best_ways(relation, arity, &versions)));
        }
    }
    divided
}

fn best_ways(relation: RelationId, arity: usize, versions: &[&Version]) -> Vec<Box<[usize]>> {
    let score = |way: u32| {
        let halves = |of: RelationId, columns: usize| match columns {
            2 => Some(1),
            _ => (of == relation).then_some(way),
        };
        let served = versions.iter();
        served.filter(|of| of.falls_apart(&halves)).count()
    };
    let scores = (1..(1u32 << arity) - 1).map(|way| (way, score(way)));
    let scores: Vec<(u32, usize)> = scores.filter(|&(_, score)| score > 0).collect();
    let most = scores.iter().map(|&(_, score)| score).max();
    let best = scores.into_iter().filter(|&(_, score)| Some(score) == most);
    best.map(|(way, _)| (0..arity).filter(|at| way >> at & 1 == 1).collect())
        .collect()
}

/// A rule that begins with what is new in one of its atoms. Columns stand for the part of the rule that their variables are
/// in, where parts ask nothing of each other.
struct Version {
    delta: (RelationId, Vec<u32>),
    /// `None`: a constant.
    head: (RelationId, Vec<Option<u32>>),
}

impl Version {
    /// `None`: it cannot be composed, however rows are divided.
    fn of(rule: &Rule, delta: usize) -> Option<Version> {
        let head = rule.head.as_ref()?;
        let LiteralKind::Atom(scanned) = &rule.body.get(delta)?.kind else {
            return None;
        };
        let mut parts: Vec<u32> = (0..rule.variables.len() as u32).collect();
        for (at, literal) in rule.body.iter().enumerate() {
            let args = match &literal.kind {
                _ if at == delta => continue,
                LiteralKind::Atom(Atom { args, .. }) | LiteralKind::Negated(Atom { args, .. }) => {
                    args.iter().collect()
                }
                LiteralKind::Compare { left, right, .. } => vec![left, right],
                _ => return None,
            };
            let vars = args.into_iter().filter_map(|term| match term {
                Term::Var(var) => Some(Some(*var)),
                Term::Const(_) | Term::Wildcard => None,
                Term::Record(_) | Term::Call { .. } => Some(None),
            });
            let vars: Vec<VarId> = vars.collect::<Option<_>>()?;
            for pair in vars.windows(2) {
                let (one, other) = (parts[pair[0].index()], parts[pair[1].index()]);
                parts
                    .iter_mut()
                    .filter(|part| **part == other)
                    .for_each(|part| *part = one);
            }
        }
        let part = |term: &Term| match term {
            Term::Var(var) => Some(Some(parts[var.index()])),
            Term::Const(_) => Some(None),
            _ => None,
        };
        let columns = scanned.args.iter().map(|term| part(term).flatten());
        Some(Version {
            delta: (scanned.relation, columns.collect::<Option<_>>()?),
            head: (
                head.relation,
                head.args.iter().map(part).collect::<Option<_>>()?,
            ),
        })
    }

    fn concerns(&self, relation: RelationId) -> bool {
        self.delta.0 == relation || self.head.0 == relation
    }

    /// Whether each half of the head comes of a half of the delta alone, of another one each. `halves`: the first half of
    /// a relation of so many columns, as bits; `None` where it may be any.
    fn falls_apart(&self, halves: &dyn Fn(RelationId, usize) -> Option<u32>) -> bool {
        let is_first = |half: u32, at: usize| half >> at & 1 == 1;
        let (of, delta) = &self.delta;
        let within = |part: u32, first: bool| match halves(*of, delta.len()) {
            Some(half) => {
                (0..delta.len()).all(|at| delta[at] != part || is_first(half, at) == first)
                    && delta.contains(&part)
            }
            None => delta.contains(&part),
        };
        let (of, head) = &self.head;
        let Some(half) = halves(*of, head.len()) else {
            // The relation asked about is the one with the delta: it must be possible to divide what comes of it.
            let sides =
                [true, false].map(|first| head.iter().flatten().any(|&part| within(part, first)));
            let all = head
                .iter()
                .flatten()
                .all(|&part| within(part, true) || within(part, false));
            return sides == [true; 2] && all;
        };
        let end = |first: bool| {
            let columns = (0..head.len()).filter(move |&at| is_first(half, at) == first);
            columns.filter_map(|at| head[at])
        };
        let apart = end(true).all(|part| end(false).all(|other| other != part));
        let comes_of = |lead: bool| {
            end(true).all(|part| within(part, lead)) && end(false).all(|part| within(part, !lead))
        };
        apart
            && end(true).next().is_some()
            && end(false).next().is_some()
            && (comes_of(true) || comes_of(false))
    }
}
