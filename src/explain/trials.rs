//! Whether a conclusion stands without some statements, where its derivations are too many to look at all of them.
//!
//! Derivations are looked at where the answer hangs on them. What follows from those seen so far stands for certain;
//! what does not follow even if everything not looked at yet could be derived falls for certain. In between, a
//! derivation that would do is taken, and what it assumes is looked at: first the step that the run took, then all.

use super::case::{Case, Ground};
use super::expand::each_earlier_step;
use super::explore::Explorer;
use super::facts::Fact;
use super::lineage::Statement;
use super::meter::Meter;
use crate::analysis::checked::RelationKind;
use std::collections::VecDeque;

/// Questions about one conclusion. What was looked at for one of them is there for the next.
pub(super) struct Trials<'a> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    explorer: Explorer<'a>,
    /// Facts, edges and vertices of the explorer that are taken in below.
    facts: usize,
    edges: usize,
    vertices: Vec<Vertex>,
}

#[derive(Default)]
struct Vertex {
    /// Where among the facts of the explorer; `None`: it is none.
    fact: Option<usize>,
    seen: Seen,
    stated: Stated,
    /// Edges that derive it, and edges that need it.
    from: Vec<u32>,
    used_by: Vec<u32>,
}

/// How far the derivations of a fact were looked at.
#[derive(Clone, Copy, Default, PartialEq)]
enum Seen {
    Nothing,
    OneStep,
    #[default]
    All,
}

#[derive(Default)]
enum Stated {
    #[default]
    Not,
    /// Whatever is withdrawn.
    Given,
    /// While one of these is there.
    By(Box<[Statement]>),
}

/// What is left without some statements.
pub(super) enum Trial {
    /// A derivation from facts that are stated by these, each by any of them.
    Stands(Vec<Box<[Statement]>>),
    Falls,
}

/// Rounds after which ever more is looked at at once.
const PATIENCE: u32 = 8;

const ROOT: u32 = 0;

/// Why a vertex can be derived.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Nothing,
    Statement,
    Edge(u32),
    /// It may be: not all of its derivations were looked at.
    Hope,
}

impl<'a> Trials<'a> {
    pub(super) fn of(case: &'a Case<'a>, fact: &Fact, meter: &'a Meter) -> Trials<'a> {
        let mut explorer = Explorer::new(case, meter);
        explorer.fact(fact.clone());
        let mut trials = Trials {
            case,
            meter,
            explorer,
            facts: 0,
            edges: 0,
            vertices: Vec::new(),
        };
        trials.take_in();
        trials
    }

    /// `None`: the meter stopped before it was clear.
    pub(super) fn without(&mut self, gone: &dyn Fn(&Statement) -> bool) -> Option<Trial> {
        let mut round = 0;
        loop {
            let (mut by, mut missing) = self.certain(gone);
            if by[ROOT as usize] != By::Nothing {
                return Some(Trial::Stands(self.leaves(&by)));
            }
            let uncertain = self.hope(&mut by, &mut missing);
            if self.meter.stopped().is_some() {
                return None;
            }
            if by[ROOT as usize] == By::Nothing {
                return Some(Trial::Falls);
            }
            let open = match round < PATIENCE {
                true => self.assumed(&by),
                false => self.nearest(&by, &uncertain, 1 << (round - PATIENCE).min(24)),
            };
            for vertex in open {
                self.look_at(vertex);
            }
            round += 1;
        }
    }

    /// Brings the vertices up to date with the explorer.
    fn take_in(&mut self) {
        self.vertices
            .resize_with(self.explorer.count(), Vertex::default);
        while let Some((vertex, fact)) = self.explorer.met(self.facts) {
            let stated = self.stated(fact);
            let of = &mut self.vertices[vertex as usize];
            of.fact = Some(self.facts);
            of.seen = Seen::Nothing;
            of.stated = stated;
            self.facts += 1;
        }
        for (at, edge) in self.explorer.edges().iter().enumerate().skip(self.edges) {
            self.vertices[edge.head as usize].from.push(at as u32);
            for &premise in &edge.premises {
                self.vertices[premise as usize].used_by.push(at as u32);
            }
        }
        self.edges = self.explorer.edges().len();
    }

    fn stated(&self, fact: &Fact) -> Stated {
        let claims = self.case.claims;
        if self.case.is_given(fact) {
            return Stated::Given;
        }
        match self.case.ground(fact) {
            None => Stated::Not,
            Some(Ground::Text(rule)) => Stated::By([Statement::Text(rule)].into()),
            Some(Ground::Data | Ground::Assumed) => {
                Stated::By([Statement::Data(fact.clone())].into())
            }
            Some(Ground::Claims(of)) => {
                let rows = of.into_iter().map(|claim| {
                    let first = claims.with_id(claims.get(claim).id).next();
                    Statement::Claim(first.unwrap_or(claim))
                });
                let text = self.case.text_of(fact).map(Statement::Text);
                Stated::By(rows.chain(text).collect())
            }
        }
    }

    /// What follows from what was looked at, and by edge how many premises do not.
    fn certain(&self, gone: &dyn Fn(&Statement) -> bool) -> (Vec<By>, Vec<u32>) {
        let edges = self.explorer.edges();
        self.meter.spend_all(1 + edges.len() as u64 / 64);
        let mut by = vec![By::Nothing; self.vertices.len()];
        let mut missing: Vec<u32> = edges
            .iter()
            .map(|edge| edge.premises.len() as u32)
            .collect();
        let mut open = VecDeque::new();
        for (at, vertex) in self.vertices.iter().enumerate() {
            let stands = match &vertex.stated {
                Stated::Not => false,
                Stated::Given => true,
                Stated::By(statements) => statements.iter().any(|one| !gone(one)),
            };
            if stands {
                by[at] = By::Statement;
                open.push_back(at as u32);
            }
        }
        for (at, edge) in edges.iter().enumerate() {
            let head = &mut by[edge.head as usize];
            if edge.premises.is_empty() && *head == By::Nothing {
                *head = By::Edge(at as u32);
                open.push_back(edge.head);
            }
        }
        self.spread(open, &mut by, &mut missing);
        (by, missing)
    }

    fn spread(&self, mut open: VecDeque<u32>, by: &mut [By], missing: &mut [u32]) {
        let edges = self.explorer.edges();
        while let Some(vertex) = open.pop_front() {
            for &at in &self.vertices[vertex as usize].used_by {
                missing[at as usize] -= 1;
                let head = edges[at as usize].head;
                if missing[at as usize] == 0 && by[head as usize] == By::Nothing {
                    by[head as usize] = By::Edge(at);
                    open.push_back(head);
                }
            }
        }
    }

    /// Adds what follows if everything that was not wholly looked at can be derived. Returns all that does not follow
    /// otherwise.
    fn hope(&self, by: &mut [By], missing: &mut [u32]) -> Vec<bool> {
        let uncertain: Vec<bool> = by.iter().map(|by| *by == By::Nothing).collect();
        let mut open = VecDeque::new();
        for (at, vertex) in self.vertices.iter().enumerate() {
            if uncertain[at] && vertex.seen != Seen::All {
                by[at] = By::Hope;
                open.push_back(at as u32);
            }
        }
        self.spread(open, by, missing);
        uncertain
    }

    /// The vertices of the derivation of the root that was found.
    fn derivation(&self, by: &[By]) -> Vec<u32> {
        let mut order = vec![ROOT];
        let mut seen = vec![false; by.len()];
        seen[ROOT as usize] = true;
        let mut next = 0;
        while let Some(&vertex) = order.get(next) {
            next += 1;
            if let By::Edge(at) = by[vertex as usize] {
                for &premise in &self.explorer.edges()[at as usize].premises {
                    if !std::mem::replace(&mut seen[premise as usize], true) {
                        order.push(premise);
                    }
                }
            }
        }
        order
    }

    fn leaves(&self, by: &[By]) -> Vec<Box<[Statement]>> {
        let vertices = self.derivation(by).into_iter();
        vertices
            .filter(|&vertex| by[vertex as usize] == By::Statement)
            .filter_map(|vertex| match &self.vertices[vertex as usize].stated {
                Stated::By(statements) => Some(statements.clone()),
                Stated::Not | Stated::Given => None,
            })
            .collect()
    }

    fn assumed(&self, by: &[By]) -> Vec<u32> {
        let mut vertices = self.derivation(by);
        vertices.retain(|&vertex| by[vertex as usize] == By::Hope);
        vertices
    }

    /// Vertices not looked at that the root may lean on and that do not follow otherwise, the nearest ones. Edges that
    /// cannot be used any more lead nowhere.
    fn nearest(&self, by: &[By], uncertain: &[bool], most: usize) -> Vec<u32> {
        let edges = self.explorer.edges();
        let possible = |premise: &u32| by[*premise as usize] != By::Nothing;
        let mut found = Vec::new();
        let mut seen = vec![false; uncertain.len()];
        let mut open = VecDeque::from([ROOT]);
        while let Some(vertex) = open.pop_front() {
            let of = &self.vertices[vertex as usize];
            if of.seen != Seen::All {
                found.push(vertex);
                if found.len() == most {
                    break;
                }
            }
            for &at in &of.from {
                let premises = &edges[at as usize].premises;
                if !premises.iter().all(possible) {
                    continue;
                }
                for &premise in premises {
                    let at = premise as usize;
                    if uncertain[at] && !std::mem::replace(&mut seen[at], true) {
                        open.push_back(premise);
                    }
                }
            }
        }
        found
    }

    fn look_at(&mut self, vertex: u32) {
        let of = &self.vertices[vertex as usize];
        match (of.seen, of.fact.and_then(|at| self.explorer.met(at))) {
            (Seen::Nothing, Some(_)) => self.follow(vertex),
            (Seen::OneStep, Some((_, fact))) => {
                let fact = fact.clone();
                self.vertices[vertex as usize].seen = Seen::All;
                self.explorer.expand(&fact);
                self.take_in();
            }
            _ => {}
        }
    }

    /// Follows the steps that the run took down to what is stated.
    fn follow(&mut self, vertex: u32) {
        let mut open = vec![vertex];
        while let Some(vertex) = open.pop() {
            let of = &self.vertices[vertex as usize];
            let Some((_, fact)) = of.fact.and_then(|at| self.explorer.met(at)) else {
                continue;
            };
            if of.seen != Seen::Nothing {
                continue;
            }
            let (fact, case) = (fact.clone(), self.case);
            let birth = match case.program[fact.relation].kind {
                RelationKind::Plain => case.facts.birth(fact.relation, &fact.row),
                _ => None,
            };
            let before = self.facts;
            match birth {
                None => {
                    self.vertices[vertex as usize].seen = Seen::All;
                    self.explorer.expand(&fact);
                }
                Some(birth) => {
                    self.vertices[vertex as usize].seen = Seen::OneStep;
                    let mut first = None;
                    each_earlier_step(case, &fact, birth, self.meter, |step| {
                        first = Some(step);
                        false
                    });
                    if let Some(step) = first {
                        self.explorer.step(vertex, &step);
                    }
                }
            }
            self.take_in();
            if birth.is_some() {
                let met = (before..self.facts).filter_map(|at| Some(self.explorer.met(at)?.0));
                let derived =
                    |&vertex: &u32| matches!(self.vertices[vertex as usize].stated, Stated::Not);
                open.extend(met.filter(derived));
            }
        }
    }
}
