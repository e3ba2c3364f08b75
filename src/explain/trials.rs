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
use super::needs::Needs;
use crate::analysis::checked::RelationKind;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::hash::Hash;

/// Questions about one conclusion. What was looked at for one of them is there for the next.
///
/// `name` says whom a statement falls with; `None`: it always stands. Names go by number.
pub(super) struct Trials<'a, T, N> {
    case: &'a Case<'a>,
    meter: &'a Meter,
    explorer: Explorer<'a>,
    name: N,
    names: Vec<T>,
    ids: FxHashMap<T, u32>,
    /// By name: vertices that it states.
    stated_by: Vec<Vec<u32>>,
    /// By name: whether it is withdrawn.
    gone: Vec<bool>,
    /// Facts, edges and vertices of the explorer that are taken in below.
    facts: usize,
    edges: usize,
    vertices: Vec<Vertex>,
    needs: Needs<'a>,
    /// What must follow for a vertex that was not wholly looked at to follow by one rule.
    outlines: Vec<(u32, Box<[u32]>)>,
    /// By vertex: why it follows from what was looked at. No vertex comes to lean on itself.
    by: Vec<By>,
    /// What a withdrawal changed there, each vertex with what was before.
    changes: Vec<(u32, By)>,
    /// By vertex that does not follow: why it may, of those that the root may lean on.
    hope: Vec<By>,
    hoped: Vec<u32>,
    seen: Seen,
    /// Edges looked at and not yet counted.
    work: u64,
}

#[derive(Default)]
struct Vertex {
    /// Where among the facts of the explorer; `None`: it is none.
    fact: Option<usize>,
    looked: Looked,
    stated: Stated,
    /// Edges that derive it, and edges that need it.
    from: Vec<u32>,
    used_by: Vec<u32>,
    /// Its outlines, once asked for, and outlines that need it.
    outlines: Option<Box<[u32]>>,
    in_outlines: Vec<u32>,
}

/// How far the derivations of a fact were looked at.
#[derive(Clone, Copy, Default, PartialEq)]
enum Looked {
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
    /// While one of these is there; ascending.
    By(Box<[u32]>),
}

/// What is left without some names.
pub(super) enum Trial {
    /// A derivation from facts that are stated by these, each by any of them.
    Stands(Vec<Box<[u32]>>),
    Falls,
}

/// Rounds after which ever more is looked at at once.
const PATIENCE: u32 = 8;
/// Edges that are looked at in the time that a row takes.
const EDGES_A_ROW: u64 = 64;

const ROOT: u32 = 0;

/// Why a vertex can be derived.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Nothing,
    Statement,
    Edge(u32),
    /// Not all of its derivations were looked at.
    Hope,
}

/// Vertices seen on one walk; the next begins anew at no cost.
#[derive(Default)]
struct Seen {
    walk: u32,
    last: Vec<u32>,
}

impl Seen {
    fn begin(&mut self, vertices: usize) {
        self.walk += 1;
        self.last.resize(vertices, 0);
    }

    /// Whether it is seen for the first time.
    fn first(&mut self, vertex: u32) -> bool {
        std::mem::replace(&mut self.last[vertex as usize], self.walk) != self.walk
    }
}

impl<'a, T: Clone + Eq + Hash, N: Fn(&Statement) -> Option<T>> Trials<'a, T, N> {
    pub(super) fn of(case: &'a Case<'a>, fact: &Fact, meter: &'a Meter, name: N) -> Self {
        let mut explorer = Explorer::new(case, meter);
        explorer.fact(fact.clone());
        let mut trials = Trials {
            case,
            meter,
            explorer,
            name,
            names: Vec::new(),
            ids: FxHashMap::default(),
            stated_by: Vec::new(),
            gone: Vec::new(),
            facts: 0,
            edges: 0,
            vertices: Vec::new(),
            needs: Needs::new(case),
            outlines: Vec::new(),
            by: Vec::new(),
            changes: Vec::new(),
            hope: Vec::new(),
            hoped: Vec::new(),
            seen: Seen::default(),
            work: 0,
        };
        trials.take_in();
        trials
    }

    pub(super) fn name(&self, id: u32) -> T {
        self.names[id as usize].clone()
    }

    /// `None`: the meter stopped before it was clear.
    pub(super) fn without(&mut self, gone: &[u32]) -> Option<Trial> {
        let mut round = 0;
        loop {
            self.withdraw(gone);
            let stands = self.by[ROOT as usize] != By::Nothing;
            let mut without_outline = Vec::new();
            let trial = match stands {
                true => Some(Trial::Stands(self.leaves())),
                false => {
                    without_outline = self.hope(round >= PATIENCE);
                    let hopeless = self.hope[ROOT as usize] == By::Nothing;
                    hopeless.then_some(Trial::Falls)
                }
            };
            let open = match trial {
                _ if !without_outline.is_empty() => Vec::new(),
                Some(_) => Vec::new(),
                None if round < PATIENCE => self.assumed(),
                None => self.nearest(1 << (round - PATIENCE).min(24)),
            };
            self.restore(gone);
            let work = std::mem::take(&mut self.work);
            let goes_on = self.meter.spend_all(1 + work / EDGES_A_ROW) && self.meter.spend();
            if stands || goes_on && without_outline.is_empty() && trial.is_some() {
                return trial;
            }
            if !goes_on {
                return None;
            }
            if !without_outline.is_empty() {
                self.outline(&without_outline);
                continue;
            }
            for vertex in open {
                self.look_at(vertex);
            }
            round += 1;
        }
    }

    /// Brings the vertices up to date with the explorer. Nothing may be withdrawn.
    fn take_in(&mut self) {
        let count = self.explorer.count();
        self.vertices.resize_with(count, Vertex::default);
        self.by.resize(count, By::Nothing);
        self.hope.resize(count, By::Nothing);
        let mut open = Vec::new();
        while let Some((vertex, fact)) = self.explorer.met(self.facts) {
            let fact = fact.clone();
            let stated = self.stated(vertex, &fact);
            if !matches!(stated, Stated::Not) {
                self.by[vertex as usize] = By::Statement;
                open.push(vertex);
            }
            let of = &mut self.vertices[vertex as usize];
            of.fact = Some(self.facts);
            of.looked = Looked::Nothing;
            of.stated = stated;
            self.facts += 1;
        }
        let edges = self.explorer.edges();
        for (at, edge) in edges.iter().enumerate().skip(self.edges) {
            self.vertices[edge.head as usize].from.push(at as u32);
            for &premise in &edge.premises {
                self.vertices[premise as usize].used_by.push(at as u32);
            }
        }
        for (at, edge) in edges.iter().enumerate().skip(self.edges) {
            let head = edge.head as usize;
            if self.by[head] == By::Nothing && follows(&self.by, &edge.premises) {
                self.by[head] = By::Edge(at as u32);
                open.push(edge.head);
            }
        }
        self.edges = edges.len();
        self.spread(open);
    }

    fn stated(&mut self, vertex: u32, fact: &Fact) -> Stated {
        let claims = self.case.claims;
        if self.case.is_given(fact) {
            return Stated::Given;
        }
        let statements = match self.case.ground(fact) {
            None => return Stated::Not,
            Some(Ground::Text(rule)) => vec![Statement::Text(rule)],
            Some(Ground::Data | Ground::Assumed) => vec![Statement::Data(fact.clone())],
            Some(Ground::Claims(of)) => {
                let rows = of.into_iter().map(|claim| {
                    let first = claims.with_id(claims.get(claim).id).next();
                    Statement::Claim(first.unwrap_or(claim))
                });
                let text = self.case.text_of(fact).map(Statement::Text);
                rows.chain(text).collect()
            }
        };
        let names: Option<Vec<T>> = statements.iter().map(&self.name).collect();
        let Some(names) = names else {
            return Stated::Given;
        };
        let mut by: Vec<u32> = names.into_iter().map(|name| self.id(name)).collect();
        by.sort_unstable();
        by.dedup();
        for &id in &by {
            self.stated_by[id as usize].push(vertex);
        }
        Stated::By(by.into())
    }

    fn id(&mut self, name: T) -> u32 {
        if let Some(&known) = self.ids.get(&name) {
            return known;
        }
        let id = self.names.len() as u32;
        self.names.push(name.clone());
        self.ids.insert(name, id);
        self.stated_by.push(Vec::new());
        self.gone.push(false);
        id
    }

    fn stands(&self, vertex: u32) -> bool {
        match &self.vertices[vertex as usize].stated {
            Stated::Not => false,
            Stated::Given => true,
            Stated::By(names) => names.iter().any(|&name| !self.gone[name as usize]),
        }
    }

    /// Derives what follows from vertices that now do.
    fn spread(&mut self, mut open: Vec<u32>) {
        let edges = self.explorer.edges();
        while let Some(vertex) = open.pop() {
            for &at in &self.vertices[vertex as usize].used_by {
                self.work += 1;
                let edge = &edges[at as usize];
                let head = edge.head as usize;
                if self.by[head] == By::Nothing && follows(&self.by, &edge.premises) {
                    self.by[head] = By::Edge(at);
                    open.push(edge.head);
                }
            }
        }
    }

    /// Takes names out: what leaned on them is derived anew from what did not. Touches only what changes.
    fn withdraw(&mut self, gone: &[u32]) {
        for &name in gone {
            self.gone[name as usize] = true;
        }
        let mut open = Vec::new();
        for &name in gone {
            for &vertex in &self.stated_by[name as usize] {
                if self.by[vertex as usize] == By::Statement && !self.stands(vertex) {
                    self.changes.push((vertex, By::Statement));
                    self.by[vertex as usize] = By::Nothing;
                    open.push(vertex);
                }
            }
        }
        let edges = self.explorer.edges();
        while let Some(vertex) = open.pop() {
            for &at in &self.vertices[vertex as usize].used_by {
                self.work += 1;
                let head = edges[at as usize].head;
                if self.by[head as usize] == By::Edge(at) {
                    self.changes.push((head, By::Edge(at)));
                    self.by[head as usize] = By::Nothing;
                    open.push(head);
                }
            }
        }
        for at in 0..self.changes.len() {
            let vertex = self.changes[at].0;
            let by = match self.stands(vertex) {
                true => By::Statement,
                false => {
                    let mut from = self.vertices[vertex as usize].from.iter();
                    self.work += from.len() as u64;
                    let found = from.find(|&&at| follows(&self.by, &edges[at as usize].premises));
                    found.map_or(By::Nothing, |&at| By::Edge(at))
                }
            };
            if by != By::Nothing {
                self.by[vertex as usize] = by;
                open.push(vertex);
            }
        }
        self.spread(open);
    }

    /// Puts everything back.
    fn restore(&mut self, gone: &[u32]) {
        for &name in gone {
            self.gone[name as usize] = false;
        }
        for (vertex, by) in self.changes.drain(..) {
            self.by[vertex as usize] = by;
        }
        for vertex in self.hoped.drain(..) {
            self.hope[vertex as usize] = By::Nothing;
        }
    }

    /// Tells what follows, of what the root may lean on, if everything that was not wholly looked at can be derived where
    /// its outlines allow for it. Returns vertices whose outlines were not asked for, if there are any.
    ///
    /// What was not looked at at all is cheap to look at and comes first; of the rest, what is nearest to the root, as much
    /// as it takes or `all`.
    fn hope(&mut self, all: bool) -> Vec<u32> {
        let mut without_outline = Vec::new();
        let edges = self.explorer.edges();
        self.seen.begin(self.vertices.len());
        self.seen.first(ROOT);
        let mut reached = vec![ROOT];
        let (mut open, mut later) = (VecDeque::new(), VecDeque::new());
        let mut next = 0;
        while let Some(&vertex) = reached.get(next) {
            next += 1;
            let of = &self.vertices[vertex as usize];
            match &of.outlines {
                _ if of.looked == Looked::All => {}
                None => without_outline.push(vertex),
                Some(outlines) => {
                    let mut certain = outlines.is_empty();
                    for &at in outlines {
                        let premises = &self.outlines[at as usize].1;
                        certain |= follows(&self.by, premises);
                        for &premise in premises {
                            if self.by[premise as usize] == By::Nothing && self.seen.first(premise)
                            {
                                reached.push(premise);
                            }
                        }
                    }
                    if certain && of.looked == Looked::OneStep {
                        later.push_back(vertex);
                    } else if certain {
                        self.hope[vertex as usize] = By::Hope;
                        self.hoped.push(vertex);
                        open.push_back(vertex);
                    }
                }
            }
            for &at in &of.from {
                self.work += 1;
                for &premise in &edges[at as usize].premises {
                    if self.by[premise as usize] == By::Nothing && self.seen.first(premise) {
                        reached.push(premise);
                    }
                }
            }
        }
        if !without_outline.is_empty() {
            return without_outline;
        }
        loop {
            let Some(vertex) = open.pop_front() else {
                if self.hope[ROOT as usize] != By::Nothing && !all {
                    break;
                }
                let Some(vertex) = later.pop_front() else {
                    break;
                };
                if self.hope[vertex as usize] == By::Nothing {
                    self.hope[vertex as usize] = By::Hope;
                    self.hoped.push(vertex);
                    open.push_back(vertex);
                }
                continue;
            };
            let of = &self.vertices[vertex as usize];
            let by_outline = of.in_outlines.iter().map(|&at| {
                let (head, premises) = &self.outlines[at as usize];
                (*head, premises, By::Hope)
            });
            let by_edge = of.used_by.iter().map(|&at| {
                let edge = &edges[at as usize];
                (edge.head, &edge.premises, By::Edge(at))
            });
            for (head, premises, by) in by_outline.chain(by_edge) {
                self.work += 1;
                let possible = |&premise: &u32| {
                    self.by[premise as usize] != By::Nothing
                        || self.hope[premise as usize] != By::Nothing
                };
                if self.by[head as usize] != By::Nothing
                    || self.hope[head as usize] != By::Nothing
                    || self.seen.last[head as usize] != self.seen.walk
                    || !premises.iter().all(possible)
                {
                    continue;
                }
                match (by, self.vertices[head as usize].looked) {
                    (By::Hope, Looked::All) => continue,
                    (By::Hope, Looked::OneStep) => later.push_back(head),
                    _ => {
                        self.hope[head as usize] = by;
                        self.hoped.push(head);
                        open.push_back(head);
                    }
                }
            }
        }
        without_outline
    }

    /// Asks rules what some vertices need.
    fn outline(&mut self, vertices: &[u32]) {
        let first = self.outlines.len();
        for &vertex in vertices {
            let of = &self.vertices[vertex as usize];
            let met = of.fact.and_then(|at| self.explorer.met(at));
            // Nothing is known of what laws conclude.
            let by_rules = met
                .filter(|(_, fact)| self.case.program[fact.relation].kind == RelationKind::Plain);
            let ways = by_rules.map(|(_, fact)| self.needs.of(&fact.clone()));
            if ways.as_ref().is_some_and(Vec::is_empty) {
                self.vertices[vertex as usize].looked = Looked::All;
            }
            let mut outlines = Vec::new();
            for needed in ways.into_iter().flatten() {
                let premises = needed.into_iter().map(|fact| self.explorer.fact(fact));
                outlines.push(self.outlines.len() as u32);
                self.outlines.push((vertex, premises.collect()));
            }
            self.vertices[vertex as usize].outlines = Some(outlines.into());
        }
        self.take_in();
        for at in first..self.outlines.len() {
            for &premise in &self.outlines[at].1 {
                self.vertices[premise as usize].in_outlines.push(at as u32);
            }
        }
    }

    /// What has to be withdrawn for each leaf of the derivation of the root to fall, but for leaves that cannot.
    fn leaves(&mut self) -> Vec<Box<[u32]>> {
        let edges = self.explorer.edges();
        self.seen.begin(self.vertices.len());
        self.seen.first(ROOT);
        let mut leaves = Vec::new();
        let mut open = vec![ROOT];
        while let Some(vertex) = open.pop() {
            match (
                self.by[vertex as usize],
                &self.vertices[vertex as usize].stated,
            ) {
                (By::Edge(at), _) => {
                    self.work += 1;
                    for &premise in &edges[at as usize].premises {
                        if self.seen.first(premise) {
                            open.push(premise);
                        }
                    }
                }
                (By::Statement, Stated::By(names)) => leaves.push(names.clone()),
                _ => {}
            }
        }
        leaves
    }

    /// What the derivation of the root that is hoped for assumes.
    fn assumed(&mut self) -> Vec<u32> {
        let edges = self.explorer.edges();
        self.seen.begin(self.vertices.len());
        self.seen.first(ROOT);
        let mut assumed = Vec::new();
        let mut open = VecDeque::from([ROOT]);
        while let Some(vertex) = open.pop_front() {
            match self.hope[vertex as usize] {
                By::Hope => assumed.push(vertex),
                By::Edge(at) => {
                    for &premise in &edges[at as usize].premises {
                        if self.seen.first(premise) {
                            open.push_back(premise);
                        }
                    }
                }
                By::Nothing | By::Statement => {}
            }
        }
        assumed
    }

    /// Vertices not looked at that the root may lean on and that do not follow otherwise, the nearest ones. Edges that
    /// cannot be used any more lead nowhere.
    fn nearest(&mut self, most: usize) -> Vec<u32> {
        let edges = self.explorer.edges();
        self.seen.begin(self.vertices.len());
        self.seen.first(ROOT);
        let mut found = Vec::new();
        let mut open = VecDeque::from([ROOT]);
        while let Some(vertex) = open.pop_front() {
            let of = &self.vertices[vertex as usize];
            if of.looked != Looked::All {
                found.push(vertex);
                if found.len() == most {
                    break;
                }
            }
            for &at in &of.from {
                self.work += 1;
                let premises = &edges[at as usize].premises;
                let possible = |&premise: &u32| {
                    self.by[premise as usize] != By::Nothing
                        || self.hope[premise as usize] != By::Nothing
                };
                if !premises.iter().all(possible) {
                    continue;
                }
                for &premise in premises {
                    if self.by[premise as usize] == By::Nothing && self.seen.first(premise) {
                        open.push_back(premise);
                    }
                }
            }
        }
        found
    }

    fn look_at(&mut self, vertex: u32) {
        let of = &self.vertices[vertex as usize];
        match (of.looked, of.fact.and_then(|at| self.explorer.met(at))) {
            (Looked::Nothing, Some(_)) => self.follow(vertex),
            (Looked::OneStep, Some((_, fact))) => {
                let fact = fact.clone();
                self.vertices[vertex as usize].looked = Looked::All;
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
            if of.looked != Looked::Nothing {
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
                    self.vertices[vertex as usize].looked = Looked::All;
                    self.explorer.expand(&fact);
                }
                Some(birth) => {
                    self.vertices[vertex as usize].looked = Looked::OneStep;
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

fn follows(by: &[By], premises: &[u32]) -> bool {
    let holds = |&premise: &u32| by[premise as usize] != By::Nothing;
    premises.iter().all(holds)
}
